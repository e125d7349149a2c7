//! X25519, RFC 7748, in which both sides must contribute.

use core::fmt;

#[cfg(feature = "aws-lc")]
use aws_lc::Prepared;
#[cfg(not(feature = "aws-lc"))]
use rust_crypto::Prepared;

use crate::{encoding::ct_eq, error::Error, primitive::rng::RandomSource, secret::Secret};

/// The size of a public key, of a private key and of what two of them agree on, in bytes.
pub(crate) const LEN: usize = 32;

/// A private key that is ready to be used often, with its public key.
pub(crate) struct PrivateKey {
    bytes: Secret<LEN>,
    prepared: Prepared,
    public: [u8; LEN],
}

impl PrivateKey {
    /// Any 32 bytes are a private key: five bits of it are set when it is used, RFC 7748 section 5.
    pub(crate) fn from_secret(bytes: Secret<LEN>) -> Self {
        let prepared = Prepared::new(bytes.expose_secret());
        let public = prepared.public();
        Self { bytes, prepared, public }
    }

    pub(crate) fn generate(rng: &mut impl RandomSource) -> Result<Self, Error> {
        rng.secret().map(Self::from_secret)
    }

    pub(crate) fn public(&self) -> &[u8; LEN] {
        &self.public
    }

    pub(crate) fn expose_secret(&self) -> &[u8; LEN] {
        self.bytes.expose_secret()
    }

    /// `X25519(private, public)`.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] if the result is zero, RFC 7748 section 6.1: the public key is of small order, and says nothing of
    /// who has the private one.
    pub(crate) fn agree(&self, theirs: &[u8; LEN]) -> Result<Secret<LEN>, Error> {
        #[cfg(test)]
        AGREED.set(AGREED.get() + 1);
        let shared = Secret::try_filled(|out| self.prepared.agree(theirs, out).ok_or(Error::Open))?;
        if ct_eq(shared.expose_secret(), &[0; LEN]) { Err(Error::Open) } else { Ok(shared) }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").finish_non_exhaustive()
    }
}

/// Always compiled: the default, and the other side of the comparison with `aws-lc`.
#[cfg(any(not(feature = "aws-lc"), test))]
mod rust_crypto {
    use x25519_dalek::{PublicKey, StaticSecret};
    use zeroize::ZeroizeOnDrop;

    use super::LEN;

    pub(super) struct Prepared(StaticSecret);

    impl Prepared {
        pub(super) fn new(bytes: &[u8; LEN]) -> Self {
            Self(StaticSecret::from(*bytes))
        }

        pub(super) fn public(&self) -> [u8; LEN] {
            PublicKey::from(&self.0).to_bytes()
        }

        pub(super) fn agree(&self, theirs: &[u8; LEN], out: &mut [u8; LEN]) -> Option<()> {
            let shared = self.0.diffie_hellman(&PublicKey::from(*theirs));
            out.copy_from_slice(shared.as_bytes());
            Some(())
        }
    }

    const fn assert_wiped<T: ZeroizeOnDrop>() {}
    const _: () = assert_wiped::<StaticSecret>();
    const _: () = assert_wiped::<x25519_dalek::SharedSecret>();
}

#[cfg(feature = "aws-lc")]
mod aws_lc {
    use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey, X25519};

    use super::LEN;

    pub(super) struct Prepared(PrivateKey);

    impl Prepared {
        pub(super) fn new(bytes: &[u8; LEN]) -> Self {
            Self(PrivateKey::from_private_key(&X25519, bytes).expect("a key of 32 bytes fits X25519"))
        }

        pub(super) fn public(&self) -> [u8; LEN] {
            let public = self.0.compute_public_key().expect("a private key of X25519 has a public one");
            public.as_ref().try_into().expect("a public key of X25519 has 32 bytes")
        }

        /// `None` if the result is zero: the library refuses it by itself.
        pub(super) fn agree(&self, theirs: &[u8; LEN], out: &mut [u8; LEN]) -> Option<()> {
            let theirs = UnparsedPublicKey::new(&X25519, theirs);
            agreement::agree(&self.0, theirs, (), |shared| {
                out.copy_from_slice(shared.get(..LEN).ok_or(())?);
                Ok(())
            })
            .ok()
        }
    }
}

#[cfg(test)]
thread_local! {
    /// How many key agreements this thread has computed.
    pub(crate) static AGREED: core::cell::Cell<u64> = const { core::cell::Cell::new(0) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "aws-lc")]
    #[test]
    fn both_backends_give_the_same_bytes() {
        for byte in 0..=255u8 {
            let (ours, theirs) = ([byte; LEN], [byte ^ 0x5a; LEN]);
            let (left, right) = (Prepared::new(&ours), rust_crypto::Prepared::new(&ours));
            assert_eq!(left.public(), right.public());
            let public = rust_crypto::Prepared::new(&theirs).public();
            let (mut a, mut b) = ([0; LEN], [1; LEN]);
            left.agree(&public, &mut a).unwrap();
            right.agree(&public, &mut b).unwrap();
            assert_eq!(a, b);
        }
    }

    #[test]
    fn what_is_agreed_is_the_same_on_both_sides() {
        let (left, right) = (key(1), key(2));
        let shared = left.agree(right.public()).unwrap();
        assert_eq!(shared.expose_secret(), right.agree(left.public()).unwrap().expose_secret());
        assert_ne!(shared.expose_secret(), left.agree(key(3).public()).unwrap().expose_secret());
    }

    fn key(byte: u8) -> PrivateKey {
        PrivateKey::from_secret(Secret::from_bytes(&[byte; LEN]))
    }
}
