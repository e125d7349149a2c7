//! That keys and plaintext leave the memory of a process when they are dropped. The process that has them is looked into
//! by another one. SECURITY.md says what is not promised: here is what is.
#![allow(clippy::panic, clippy::print_stdout, missing_docs, reason = "a panic is the report of a failure")]

use std::{convert::Infallible, env, hint::black_box, net::SocketAddr, process::Command};

use hkdf::Hkdf;
use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest as _, Sha256};
use tenantseal::{
    session::{Endpoint, Incoming, Listener, Peer, PrivateKey, Progress, Sender},
    tenant::{Kek, Keyring, KeyringOptions, Passphrase, PassphraseCost, Policy, PrincipalId, Tenant},
};
use tenantseal_harness::{
    memory::{Found, Subject, pause},
    temporary_folder,
};
use zeroize::Zeroize as _;

const CHILD: &str = "--child";
const TENANT: &str = "t-1001";
const POLICY: &[u8] = br#"{"tenantseal_policy": 1, "version": 1, "fields": [
    {"table": "member", "column": "photo", "type": "bytes", "storage": "cell", "class": ["personal"], "bind": "row"}]}"#;
/// The numbers of what the child's generator is asked for.
const KEK: u8 = 0;
const ROOT: u8 = 1;
const INDEX_ROOT: u8 = 3;
const PLAINTEXT: u8 = 200;
const PASSPHRASE: u8 = 201;
const LEFT: u8 = 202;
const PRIVATE: u8 = 203;
const DATAGRAM: u8 = 204;
const PURPOSE: &str = "memory";
/// A passphrase has 12 bytes at least, and a value may have any.
const TEXT_LEN: usize = 40;

fn main() {
    if env::args().nth(1).is_some_and(|argument| argument == CHILD) {
        child();
    } else {
        supervise();
    }
}

/// Byte `at` of the secret of that number. Each byte is computed by itself, and not by the compiler, so that it stands
/// nowhere in the program.
fn byte(number: u8, at: usize) -> u8 {
    let at = u8::try_from(at % 256).unwrap_or(0);
    let mut mixed = u32::from(number) * 0x9e37 + u32::from(at) * 0x85eb + 0x27d4;
    for _ in 0..3 {
        mixed = (mixed ^ (mixed >> 7)).wrapping_mul(0x2c1b_3c6d);
    }
    u8::try_from(mixed >> 24).unwrap_or(0)
}

fn fill(number: u8, out: &mut [u8]) {
    for (at, out) in out.iter_mut().enumerate() {
        *out = black_box(byte(black_box(number), black_box(at)));
    }
}

fn secret(number: u8, len: usize) -> Vec<u8> {
    let mut secret = vec![0; len];
    fill(number, &mut secret);
    secret
}

/// Gives a secret of the next number for each question.
struct Known(u8);

impl TryRng for Known {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("keys are filled in place")
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("keys are filled in place")
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        fill(self.0, out);
        self.0 += 1;
        Ok(())
    }
}

impl TryCryptoRng for Known {}

fn child() {
    let lived = live();
    lived.unwrap_or_else(|error| panic!("the child: {error}"));
    pause("dropped");
    scrub();
    pause("scrubbed");
    // The control: what is freed and not wiped is found.
    let mut left = vec![0; TEXT_LEN * 4];
    fill(LEFT, &mut left);
    black_box(&left);
    drop(left);
    pause("control");
}

#[inline(never)]
fn live() -> Result<(), tenantseal::Error> {
    pause("before");
    let mut random = Known(KEK);
    let kek = Kek::generate_with_rng(&mut random)?;
    pause("kek");
    let keys = Keyring::in_memory(&kek)?;
    drop(kek);
    scrub();
    pause("keyring");
    keys.install_policy(Policy::from_json(POLICY)?)?;
    let tenant = keys.create_tenant_with_rng(TENANT, &mut random)?;
    let field = tenant.field("member.photo")?;
    let mut value = vec![0; TEXT_LEN];
    fill(PLAINTEXT, &mut value);
    let sealed = field.seal(1, value.as_slice())?;
    value.zeroize();
    let opened = field.open(1, &sealed)?;
    pause("opened");
    drop(opened);
    scrub();
    pause("closed");

    let mut text = vec![0; TEXT_LEN];
    fill(PASSPHRASE, &mut text);
    let passphrase = Passphrase::from_vec(text)?;
    let folder = temporary_folder();
    let path = folder.path().join("keys.ts");
    let options = KeyringOptions::new().passphrase_cost(PassphraseCost::INSECURE);
    drop(Keyring::create_with(&path, &passphrase, &options)?);
    let from_file = Keyring::open(&path, &passphrase)?;
    pause("passphrase");
    drop((passphrase, from_file));
    scrub();
    session(&tenant)
}

/// A session of the tenant with itself: the other side is in the same process.
#[inline(never)]
fn session(tenant: &Tenant) -> Result<(), tenantseal::Error> {
    let mut bytes = [0; PrivateKey::LEN];
    fill(PRIVATE, &mut bytes);
    let private = PrivateKey::from_bytes(&bytes)?;
    bytes.zeroize();
    let phone = PrincipalId::client("phone")?;
    tenant.add_principal(&phone)?;
    let endpoint = Endpoint::new(tenant, &phone, &private, PURPOSE)?;
    let peer = Peer::new(&phone, private.public_key());
    let mut listener = Listener::new(tenant.keyring());
    listener.add(&endpoint)?;
    listener.expect(&endpoint, &peer)?;
    let source = SocketAddr::from(([192, 0, 2, 1], 5000));
    let mut initiator = endpoint.initiate(&peer)?;
    let Incoming::Send(answer) = listener.receive(source, initiator.packet())? else { panic!("no answer") };
    let Progress::Established(mine, packet) = initiator.receive(&answer)? else { panic!("no session") };
    let Incoming::Established(theirs, _) = listener.receive(source, &packet)? else { panic!("no session") };
    let ((sender, _), (_, mut receiver)) = (mine.split(), theirs.split());
    let mut plaintext = [0; TEXT_LEN];
    fill(DATAGRAM, &mut plaintext);
    let mut packet = Vec::with_capacity(TEXT_LEN + Sender::OVERHEAD);
    sender.seal(&plaintext, &mut packet)?;
    plaintext.zeroize();
    scrub();
    pause("sealed");
    receiver.open(&mut packet)?;
    pause("received");
    packet.zeroize();
    drop((endpoint, listener, initiator, private));
    scrub();
    pause("split");
    drop((sender, receiver));
    Ok(())
}

/// Writes over the stack that calls before have used.
#[inline(never)]
fn scrub() {
    black_box(&mut [0u8; 128 * 1024]);
}

fn supervise() {
    let (kek, root, index_root) = (secret(KEK, 32), secret(ROOT, 32), secret(INDEX_ROOT, 32));
    let kek_prk = extract(&info(&[b"kek"]), &kek);
    let root_prk = extract(&info(&[b"tenant", TENANT.as_bytes()]), &root);
    let mut column = root_prk.clone();
    for (purpose, label) in
        [("class", &b"\x03"[..]), ("compartment", b""), ("table", b"member"), ("column", b"photo")]
    {
        column = expand(&column, format!("node/{purpose}").as_bytes(), 0, &[label]);
    }
    let named = [
        ("KEK", kek),
        ("PRK of the KEK", kek_prk.clone()),
        ("wrapping key", expand(&kek_prk, b"kek/wrap", 1, &[])),
        ("root", root),
        ("index root", index_root),
        ("PRK of the root", root_prk.clone()),
        ("column node", column.clone()),
        ("cell key", expand(&column, b"field/aead", 1, &[])),
        ("plaintext", secret(PLAINTEXT, TEXT_LEN)),
        ("passphrase", secret(PASSPHRASE, TEXT_LEN)),
        ("private key", secret(PRIVATE, 32)),
        ("tenant's psk", expand(&root_prk, b"session/psk", 0, &[PURPOSE.as_bytes()])),
        ("cookie key", expand(&root_prk, b"session/cookie", 0, &[PURPOSE.as_bytes()])),
        ("datagram", secret(DATAGRAM, TEXT_LEN)),
        ("control", secret(LEFT, TEXT_LEN * 4)),
    ];
    let secrets: Vec<&[u8]> = named.iter().map(|(_, secret)| secret.as_slice()).collect();
    let program = env::current_exe().unwrap_or_else(|error| panic!("no program to start again: {error}"));
    let mut command = Command::new(program);
    command.arg(CHILD);
    let mut subject = Subject::start(command);
    let mut phases = 0;
    while let Some(phase) = subject.next_phase() {
        for ((name, _), found) in named.iter().zip(subject.scan(&secrets)) {
            if found.total() > 0 {
                println!("{phase}: {name}: {found}");
            }
            check(&phase, name, found);
        }
        phases += 1;
        subject.resume();
    }
    assert_eq!(phases, 12);
}

fn check(phase: &str, name: &str, found: Found) {
    let live: &[&str] = match phase {
        "kek" => &["KEK"],
        "keyring" => &["PRK of the KEK", "wrapping key"],
        "opened" => &["PRK of the KEK", "wrapping key", "PRK of the root", "cell key", "plaintext"],
        "closed" => &["PRK of the KEK", "wrapping key", "PRK of the root", "cell key"],
        "passphrase" => &["PRK of the KEK", "wrapping key", "PRK of the root", "cell key", "passphrase"],
        "sealed" => &[
            "PRK of the KEK",
            "wrapping key",
            "PRK of the root",
            "cell key",
            "private key",
            "tenant's psk",
            "cookie key",
        ],
        "received" => &[
            "PRK of the KEK",
            "wrapping key",
            "PRK of the root",
            "cell key",
            "private key",
            "tenant's psk",
            "cookie key",
            "datagram",
        ],
        "split" => &["PRK of the KEK", "wrapping key", "PRK of the root", "cell key"],
        "control" => &["control"],
        _ => &[],
    };
    if live.contains(&name) {
        assert!(found.total() > 0, "{phase}: {name} is not found, so it could not be found anywhere");
    } else {
        assert_eq!((found.heap, found.anonymous, found.other), (0, 0, 0), "{phase}: {name}: {found}");
        // What a dead call left on the stack stays there until another writes over it.
        let is_scrubbed = matches!(phase, "before" | "closed" | "keyring" | "scrubbed" | "sealed" | "split");
        assert!(!is_scrubbed || found.stack == 0, "{phase}: {name}: {found}");
    }
}

/// `I(parts...)`, FORMAT.md section 1.
fn info(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = b"tenantseal/1".to_vec();
    out.push(u8::try_from(parts.len()).unwrap_or(0));
    for part in parts {
        out.extend_from_slice(&u16::try_from(part.len()).unwrap_or(0).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

fn extract(salt: &[u8], secret: &[u8]) -> Vec<u8> {
    Hkdf::<Sha256>::extract(Some(&Sha256::digest(salt)), secret).0.to_vec()
}

/// FORMAT.md section 5, 32 bytes long.
fn expand(prk: &[u8], purpose: &[u8], suite: u8, context: &[&[u8]]) -> Vec<u8> {
    let head: [&[u8]; 3] = [purpose, &[suite], &[0, 32]];
    let parts = [&head, context].concat();
    let mut out = vec![0; 32];
    let expanded = Hkdf::<Sha256>::from_prk(prk).map(|hkdf| hkdf.expand(&info(&parts), &mut out));
    assert!(matches!(expanded, Ok(Ok(()))));
    out
}
