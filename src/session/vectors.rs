//! Whole sessions, byte by byte: `tests/vectors/session_v1.json`. `TENANTSEAL_BLESS=1` writes them anew, which is right only
//! for what no release has written. `tests/format/check.py` reads them by FORMAT.md alone.

use core::time::Duration;
use std::{env, fs};

use serde::{Deserialize, Serialize};

use super::{
    Endpoint, Incoming, Initiator, KnownPeers, Limits, Listener, Load, Peer, PrivateKey, Progress, Receiver,
    Sender, Session, Ticket,
    parties::Pattern,
    peer::Claim,
    stream::record::{Reading, Writing},
};
use crate::{
    encoding::hex_encode,
    error::Error,
    primitive::{hash::sha256, rng::RandomSource},
    secret::Secret,
    session::Directory,
    tenant::{Kek, Keyring, KeyringOptions, PrincipalId},
};

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Vectors {
    about: String,
    /// Of the tenant `t-1001`, under the KEK of all vectors.
    records: Vec<String>,
    sessions: Vec<Vector>,
}

/// Everything that one session has, each value as it stands in a packet or goes into one.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Vector {
    pattern: u8,
    purpose: String,
    context: String,
    source: String,
    initiator: Side,
    responder: Side,
    ticket: Option<(String, String)>,
    timestamp: u64,
    /// With a cookie, the packet that asks for it and the packet that was sent before.
    cookie: Option<Cookie>,
    packets: [String; 3],
    handshake_hash: String,
    export: (String, String, String),
    resumption: (String, String),
    /// From the initiator if true, the plaintext, and the packet.
    datagrams: Vec<(bool, String, String)>,
    /// Of the initiator: the first byte and the rest of the plaintext, and the record with its length.
    records: Vec<(String, String)>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Side {
    id: String,
    private: String,
    ephemeral: String,
    certificate: String,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Cookie {
    secret: String,
    first: String,
    reply: String,
}

/// Bytes that follow from a name, and what was drawn.
struct Named(&'static str, u8, Vec<Vec<u8>>);

impl RandomSource for Named {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
        self.1 += 1;
        let block = sha256(&[self.0.as_bytes(), &[self.1]]);
        out.copy_from_slice(&block[..out.len()]);
        self.2.push(out.to_vec());
        Ok(())
    }
}

impl Named {
    fn new(name: &'static str) -> Self {
        Self(name, 0, Vec::new())
    }
}

/// Whoever has a certificate of the right text.
struct Certified;

impl Directory for Certified {
    fn check(&self, claim: &Claim<'_>) -> Result<(), Error> {
        let expected = [b"certificate of ", claim.id().as_bytes()].concat();
        if claim.certificate() == Some(&expected) { Ok(()) } else { Err(Error::Open) }
    }

    fn ticket(&self, id: &[u8]) -> Result<Ticket, Error> {
        if id == b"ticket-1" { ticket() } else { Err(Error::UnknownKey) }
    }
}

fn ticket() -> Result<Ticket, Error> {
    Ticket::new(b"ticket-1", Secret::from_bytes(&sha256(&[b"the key of ticket-1"])))
}

fn keyring(records: &[String]) -> Keyring {
    let mut kek = [0x5a; 32];
    kek[31] = 1;
    let records: Vec<Vec<u8>> = records
        .iter()
        .map(|hex| {
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
        })
        .collect();
    Keyring::from_records(&Kek::from_bytes(&kek).unwrap(), &records, &KeyringOptions::new()).unwrap()
}

fn private(name: &str) -> PrivateKey {
    PrivateKey::from_bytes(&sha256(&[b"the private key of ", name.as_bytes()])).unwrap()
}

struct Case {
    pattern: Pattern,
    purpose: &'static str,
    context: &'static [u8],
    source: &'static str,
    has_ticket: bool,
    has_certificates: bool,
    asks_for_cookie: bool,
    is_stream: bool,
    seed: &'static str,
}

fn case(pattern: Pattern, seed: &'static str) -> Case {
    Case {
        pattern,
        purpose: "chat",
        context: b"",
        source: "192.0.2.1:5000",
        has_ticket: false,
        has_certificates: false,
        asks_for_cookie: false,
        is_stream: false,
        seed,
    }
}

fn cases() -> Vec<Case> {
    vec![
        case(Pattern::Kk, "kk"),
        case(Pattern::Ik, "ik"),
        case(Pattern::Xx, "xx"),
        Case { has_ticket: true, context: b"context", purpose: "文件", ..case(Pattern::Kk, "kk, ticket") },
        Case { has_ticket: true, has_certificates: true, ..case(Pattern::Ik, "ik, ticket, certificate") },
        Case { has_certificates: true, ..case(Pattern::Xx, "xx, certificates") },
        Case { asks_for_cookie: true, source: "[2001:db8::1]:443", ..case(Pattern::Kk, "kk, cookie") },
        Case { is_stream: true, ..case(Pattern::Kk, "kk, stream") },
    ]
}

fn make(keys: &Keyring, case: &Case) -> Vector {
    let tenant = keys.tenant("t-1001").unwrap();
    // So that a phase ends after two packets, and the vectors show it.
    let limits = Limits::new().phase_of(2);
    let endpoint = |name: &str| {
        let id = PrincipalId::client(name).unwrap();
        let endpoint = Endpoint::new(&tenant, &id, &private(name), case.purpose).unwrap().limits(limits);
        let endpoint = endpoint.context(case.context).unwrap().clock(|| Duration::from_secs(1));
        if !case.has_certificates {
            return endpoint;
        }
        endpoint.certificate(format!("certificate of {name}").as_bytes()).unwrap()
    };
    let (phone, laptop) = (endpoint("phone"), endpoint("laptop"));
    let known = |other: &Endpoint| KnownPeers::new().add(other.id(), other.public_key());
    let (phone, laptop) = if case.has_certificates || case.has_ticket {
        (phone.directory(Certified), laptop.directory(Certified))
    } else {
        (phone.clone().directory(known(&laptop)), laptop.clone().directory(known(&phone)))
    };
    let add_ticket = |peer: Peer| if case.has_ticket { peer.ticket(ticket().unwrap()) } else { peer };
    let load = if case.asks_for_cookie { Load::new().cookies_after(0) } else { Load::new() };
    let mut listener = Listener::new(keys).load(load).clock(|| Duration::from_secs(1));
    listener.add(&laptop).unwrap();
    listener.expect(&laptop, &add_ticket(Peer::new(phone.id(), phone.public_key()))).unwrap();

    let source = case.source.parse().unwrap();
    let (mut ours, mut theirs) =
        (Named::new(case.seed), Named::new(Box::leak(format!("{}, answer", case.seed).into())));
    let peer = add_ticket(Peer::new(laptop.id(), laptop.public_key()));
    let peer = (case.pattern != Pattern::Xx).then_some(&peer);
    let timestamp = 1_790_000_000_000_000_000;
    let mut initiator = Initiator::start_with(&phone, case.pattern, peer, timestamp, &mut ours).unwrap();
    let mut cookie = None;
    let mut answer = sent(listener.receive_with(source, initiator.packet(), &mut theirs));
    if case.asks_for_cookie {
        let (secret, first) = (hex_encode(&theirs.2[0]), hex_encode(initiator.packet()));
        assert!(matches!(initiator.receive(&answer), Ok(Progress::Resend)));
        cookie = Some(Cookie { secret, first, reply: hex_encode(&answer) });
        answer = sent(listener.receive_with(source, initiator.packet(), &mut theirs));
    }
    let first = initiator.packet().to_vec();
    let Ok(Progress::Established(mine, last)) = initiator.receive(&answer) else { panic!() };
    let Ok(Incoming::Established(yours, _)) = listener.receive_with(source, &last, &mut theirs) else {
        panic!()
    };
    assert_eq!(mine.channel_binding(), yours.channel_binding());
    let mut out = [0; 24];
    mine.export("label", b"context", &mut out).unwrap();
    let resumption = mine.resumption().unwrap();
    let handshake_hash = hex_encode(mine.channel_binding());
    let side = |name: &str, endpoint: &Endpoint, drawn: &Named| Side {
        id: name.to_owned(),
        private: hex_encode(endpoint.key.expose_secret()),
        ephemeral: hex_encode(drawn.2.iter().rev().find(|bytes| bytes.len() == 32).unwrap()),
        certificate: hex_encode(&endpoint.certificate),
    };
    let (datagrams, records) = if case.is_stream {
        (Vec::new(), records(*mine, *yours))
    } else {
        (datagrams(*mine, *yours), Vec::new())
    };
    Vector {
        pattern: case.pattern.id(),
        purpose: case.purpose.to_owned(),
        context: hex_encode(case.context),
        source: case.source.to_owned(),
        initiator: side("phone", &phone, &ours),
        responder: side("laptop", &laptop, &theirs),
        ticket: case
            .has_ticket
            .then(|| (hex_encode(b"ticket-1"), hex_encode(&sha256(&[b"the key of ticket-1"])))),
        timestamp,
        cookie,
        packets: [first, answer, last].map(|packet| hex_encode(&packet)),
        handshake_hash,
        export: ("label".to_owned(), hex_encode(b"context"), hex_encode(&out)),
        resumption: (hex_encode(resumption.id()), hex_encode(resumption.key.expose_secret())),
        datagrams,
        records,
    }
}

fn sent(incoming: Result<Incoming, Error>) -> Vec<u8> {
    let Ok(Incoming::Send(packet)) = incoming else { panic!("{incoming:?}") };
    packet
}

fn datagrams(mine: Session, yours: Session) -> Vec<(bool, String, String)> {
    let ((my_sender, mut my_receiver), (your_sender, mut your_receiver)) = (mine.split(), yours.split());
    let mut datagrams = Vec::new();
    let mut pass = |from_initiator, sender: &Sender, receiver: &mut Receiver, plaintext: &[u8]| {
        let mut packet = Vec::new();
        sender.seal(plaintext, &mut packet).unwrap();
        datagrams.push((from_initiator, hex_encode(plaintext), hex_encode(&packet)));
        assert_eq!(receiver.open(&mut packet).unwrap(), plaintext);
    };
    for plaintext in [&b""[..], b"one", "二".as_bytes(), &[7; 40]] {
        pass(true, &my_sender, &mut your_receiver, plaintext);
        pass(false, &your_sender, &mut my_receiver, plaintext);
    }
    datagrams
}

fn records(mine: Session, yours: Session) -> Vec<(String, String)> {
    let mut writing = Writing::new(mine.split().0.into_stream());
    let mut reading = Reading::new(yours.split().1.into_stream());
    let mut records = Vec::new();
    for (plaintext, is_last) in [(&b"one"[..], false), ("二".as_bytes(), false), (b"", true)] {
        writing.push(plaintext).unwrap();
        if is_last { writing.finish() } else { writing.seal() }.unwrap();
        let record = writing.pending().to_vec();
        writing.advance(record.len());
        let mut rest = &record[..];
        while !rest.is_empty() {
            let space = reading.space();
            let (now, later) = rest.split_at(space.len());
            space.copy_from_slice(now);
            reading.filled(now.len()).unwrap();
            rest = later;
        }
        let mut got = [0; 8];
        let len = reading.take(&mut got).unwrap();
        assert_eq!(&got[..len], plaintext);
        records.push((hex_encode(&[&[u8::from(is_last)][..], plaintext].concat()), hex_encode(&record)));
    }
    records
}

#[test]
fn sessions_are_what_they_were() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/session_v1.json");
    let other = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/search_v1.json")).unwrap();
    let records = serde_json::from_slice::<serde_json::Value>(&other).unwrap()["records"].clone();
    let records: Vec<String> = serde_json::from_value(records).unwrap();
    let keys = keyring(&records);
    let tenant = keys.tenant("t-1001").unwrap();
    for name in ["phone", "laptop"] {
        tenant.add_principal(&PrincipalId::client(name).unwrap()).unwrap();
    }
    let made = Vectors {
        about: "Made by this project, once; every later version does the same. Bytes in hexadecimal"
            .to_owned(),
        records,
        sessions: cases().iter().map(|case| make(&keys, case)).collect(),
    };
    if env::var("TENANTSEAL_BLESS").is_ok() {
        fs::write(path, serde_json::to_vec_pretty(&made).unwrap()).unwrap();
    }
    let frozen: Vectors = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert_eq!(made, frozen);
}
