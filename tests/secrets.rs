//! What a secret type must not be able to do, checked when this file is compiled, and what its text must not hold.
#![allow(clippy::unwrap_used, missing_docs)]

use tenantseal::{
    Secret, SecretBytes,
    field::{Opened, Value},
    session::{Endpoint, Initiator, Listener, Peer, PrivateKey, Receiver, Sender, Session, Stream, Ticket},
    tenant::{Kek, Keyring, Passphrase, Policy, PrincipalId, Tenant},
    wecom::Callback,
};
use zeroize::ZeroizeOnDrop;

/// Fails to compile if `$type` implements `$trait`: then both impls apply and the method is ambiguous.
macro_rules! assert_not_impl {
    ($type:ty: $($trait:path),+) => {$(
        const _: fn() = || {
            trait Ambiguous<A> {
                fn some() {}
            }
            impl<T: ?Sized> Ambiguous<()> for T {}
            #[allow(dead_code)]
            struct Implements;
            impl<T: ?Sized + $trait> Ambiguous<Implements> for T {}
            let _ = <$type as Ambiguous<_>>::some;
        };
    )+};
}

assert_not_impl!(Secret<32>: Clone, Copy, Default, PartialEq, core::hash::Hash, core::fmt::Display, serde::Serialize);
assert_not_impl!(SecretBytes: Clone, Default, PartialEq, core::hash::Hash, core::fmt::Display, serde::Serialize);
assert_not_impl!(Kek: Clone, Default, PartialEq, core::hash::Hash, core::fmt::Display, serde::Serialize);
assert_not_impl!(Passphrase: Clone, Default, PartialEq, core::hash::Hash, core::fmt::Display, serde::Serialize);
assert_not_impl!(PrivateKey: Clone, Default, PartialEq, core::hash::Hash, core::fmt::Display, serde::Serialize);
// Two copies would use the same nonces, or finish one handshake twice.
assert_not_impl!(Initiator: Clone);
assert_not_impl!(Listener: Clone);
assert_not_impl!(Receiver: Clone, serde::Serialize);
assert_not_impl!(Sender: Clone, serde::Serialize);
assert_not_impl!(Session: Clone, serde::Serialize);
assert_not_impl!(Stream<std::net::TcpStream>: Clone);
assert_not_impl!(Ticket: Default, PartialEq, core::hash::Hash, core::fmt::Display, serde::Serialize);
assert_not_impl!(Opened: Clone, Default, PartialEq, core::hash::Hash, core::fmt::Display, serde::Serialize);

const fn wiped<T: ZeroizeOnDrop>() {}
const _: () = wiped::<Secret<32>>();
const _: () = wiped::<SecretBytes>();
const _: () = wiped::<PrivateKey>();

const fn shared<T: Send + Sync>() {}
const _: () = shared::<Keyring>();
const _: () = shared::<Tenant>();
const _: () = shared::<tenantseal::field::Field>();
const _: () = shared::<Callback>();
const _: () = shared::<Endpoint>();
const _: () = shared::<Sender>();
const fn sent<T: Send>() {}
const _: () = sent::<Initiator>();
const _: () = sent::<Listener>();
const _: () = sent::<Receiver>();
const _: () = sent::<Session>();

#[test]
fn no_text_shows_a_secret() {
    let key: [u8; 32] = core::array::from_fn(|at| u8::try_from((at * 7 + 65) % 256).unwrap());
    let keys = Keyring::in_memory(&Kek::from_bytes(&key).unwrap()).unwrap();
    keys.install_policy(
        Policy::from_json(
            br#"{"tenantseal_policy":1,"version":1,"fields":[{"table":"m","column":"c","type":"text",
            "storage":"cell","class":["personal"],"bind":"row"}]}"#,
        )
        .unwrap(),
    )
    .unwrap();
    let tenant = keys.create_tenant("t").unwrap();
    let field = tenant.field("m.c").unwrap();
    let opened = field.open(1, field.seal(1, "AHOVclassified").unwrap()).unwrap();
    let aes_key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
    let callback = Callback::company_app("classifiedtoken", aes_key, "ww1").unwrap();
    let private = PrivateKey::from_bytes(&key).unwrap();
    let ticket = Ticket::new(b"t", Secret::from_bytes(&key)).unwrap();
    let phone = PrincipalId::client("phone").unwrap();
    tenant.add_principal(&phone).unwrap();
    let endpoint = Endpoint::new(&tenant, &phone, &private, "chat").unwrap();
    let initiator =
        endpoint.initiate(&Peer::new(&phone, private.public_key()).ticket(ticket.clone())).unwrap();
    let texts = [
        format!("{private:?} {ticket:?} {endpoint:?} {initiator:?}"),
        format!("{:?}", Kek::from_bytes(&key).unwrap()),
        format!("{:?}", Secret::<32>::from_bytes(&key)),
        format!("{:?}", SecretBytes::from_vec(key.to_vec())),
        format!("{:?}", Passphrase::try_from("AHOV classified").unwrap()),
        format!("{:?}", Value::from("AHOV classified")),
        format!("{opened:?} {field:?} {tenant:?} {keys:?} {callback:?} {:?}", keys.records()),
        format!("{:?}", field.open(2, field.seal(1, "AHOV classified").unwrap()).unwrap_err()),
    ];
    let decimal = "65, 72, 79, 86";
    for text in texts {
        for window in ["AHOV", "41484f56", "41484F56", "QUhPV", decimal, "classified", aes_key] {
            assert!(!text.contains(window), "{text}");
        }
    }
}
