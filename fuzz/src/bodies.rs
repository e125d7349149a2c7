//! One function per decoder. A decoder may refuse any input, and may not panic; what it accepts has the properties
//! that are asserted here.

use std::{cell::RefCell, net::SocketAddr, sync::OnceLock, time::Duration};

use tenantseal::{
    Error,
    field::{CellHeader, Field, SealedColumn},
    session::{Endpoint, Incoming, Initiator, Listener, Peer, PrivateKey, Progress, Receiver},
    tenant::{Kek, KeyEvent, Keyring, KeyringOptions, Policy, PrincipalId, Record},
    wecom::{Callback, Envelope, Inner},
};

/// A callback body or a decrypted message that claims to be XML. The layout in which WeCom writes it is read in a way of
/// its own, to the same result.
pub fn xml(data: &[u8]) {
    parse(data);
    if let (Ok(envelope), Ok(inner)) = (Envelope::parse(data), Inner::parse(data)) {
        let encrypt = inner.get("Encrypt").or_else(|| inner.get("encrypt"));
        assert_eq!(encrypt.map(|text| text.trim_matches([' ', '\t', '\r', '\n'])), Some(envelope.encrypt()));
    }
}

/// A callback body or a decrypted message that claims to be JSON.
pub fn json(data: &[u8]) {
    parse(data);
}

/// A raw query string, with a body after the first line feed. Nobody without the token makes one that opens.
pub fn query(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (query, body) = data.split_at(end);
    let Ok(query) = std::str::from_utf8(query) else { return };
    let body = body.get(1..).unwrap_or_default();
    assert!(callback().open(query, body).is_err());
    assert!(callback().verify_url(query).is_err());
}

/// A cell in either form. What opens was sealed by somebody who has the key, and its header says so.
pub fn cell(data: &[u8]) {
    if let Ok(opened) = field().open(42, data) {
        assert!(opened.text().is_ok() && !opened.was_plain());
        assert!(data.starts_with(b"ts1.") || CellHeader::parse(data).is_ok());
    }
}

/// A chunk of a column. It holds no more values than it has bytes for; one that opens was sealed by somebody who has the key,
/// and becomes cells and the same chunk again.
pub fn sealed_column(data: &[u8]) {
    let Ok(column) = SealedColumn::from_bytes(data) else { return };
    assert_eq!(column.as_bytes(), data);
    assert!(column.len() <= data.len());
    let opened = field().open_column(&column, (42i64..).take(column.len()));
    let Ok(cells) = field().column_to_cells(&column) else {
        assert!(opened.is_err());
        return;
    };
    if cells.iter().any(Option::is_some) {
        assert_eq!(field().column_from_cells(cells.iter().map(Option::as_ref)), Ok(column));
    }
}

/// A record of a root. It writes itself as it was read, and opens only as it was made.
pub fn record(data: &[u8]) {
    let Ok(record) = Record::parse(data) else { return };
    assert_eq!(record.to_bytes(), data);
    let Ok(keys) = Keyring::from_records(&kek(), [data], &KeyringOptions::new()) else { return };
    let _ = keys.tenant(record.tenant().as_bytes());
}

/// A key event, as a database keeps it. It writes itself as it was read.
pub fn event(data: &[u8]) {
    if let Ok(event) = KeyEvent::parse(data) {
        assert_eq!(event.to_bytes(), data);
    }
}

/// A policy document, as its author writes it and as it is stored.
pub fn policy(data: &[u8]) {
    if let Ok(policy) = Policy::from_json(data) {
        let canonical = policy.to_json();
        assert_eq!(Policy::from_json(canonical.as_bytes()), Ok(policy));
    }
    let _ = keyring().policy_from_bytes(data);
}

/// Packets of a session. The first byte chooses: bytes as they are, or what is laid over a genuine packet. Whatever differs
/// from that is refused, and the genuine one is read still.
pub fn session(data: &[u8]) {
    let Some((choice, data)) = data.split_first() else { return };
    SESSION.with_borrow_mut(|world| {
        let genuine = match choice % 4 {
            0 => Vec::new(),
            1 => world.initiator.packet().to_vec(),
            2 => world.answer.clone(),
            _ => world.datagram.clone(),
        };
        let mut packet = genuine.clone();
        packet.resize(genuine.len().max(data.len()), 0);
        packet.iter_mut().zip(data).for_each(|(byte, mask)| *byte ^= mask);
        // The fuzzer sees what is compared, and so finds the genuine ones.
        let all: [&[u8]; 3] = [world.initiator.packet(), &world.answer, &world.datagram];
        if packet == genuine || all.contains(&packet.as_slice()) {
            return;
        }
        assert!(world.listener.receive(source(), &packet).is_err());
        assert!(world.initiator.receive(&packet).is_err());
        let _ = tenantseal::session::receiver_index(&packet);
        assert!(world.receiver.open(&mut packet).is_err());
    });
}

struct Sessions {
    listener: Listener,
    initiator: Initiator,
    answer: Vec<u8>,
    receiver: Receiver,
    datagram: Vec<u8>,
}

thread_local! {
    static SESSION: RefCell<Sessions> = RefCell::new(sessions().expect("everything is genuine"));
}

fn source() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 5000))
}

fn sessions() -> Result<Sessions, Error> {
    let keys = Keyring::in_memory(&kek())?;
    let tenant = keys.create_tenant("t-1001")?;
    let endpoint = |name| {
        let id = PrincipalId::client(name)?;
        tenant.add_principal(&id)?;
        // So that nothing of an input depends on when it is run.
        Ok::<_, Error>(
            Endpoint::new(&tenant, &id, &PrivateKey::generate()?, "fuzzing")?.clock(|| Duration::ZERO),
        )
    };
    let (phone, laptop) = (endpoint("phone")?, endpoint("laptop")?);
    let mut listener = Listener::new(&keys).clock(|| Duration::ZERO);
    listener.add(&laptop)?;
    listener.expect(&laptop, &Peer::new(phone.id(), phone.public_key()))?;
    let peer = Peer::new(laptop.id(), laptop.public_key());
    let mut established = phone.initiate(&peer)?;
    let Incoming::Send(answer) = listener.receive(source(), established.packet())? else {
        return Err(Error::State);
    };
    let Progress::Established(mine, packet) = established.receive(&answer)? else { return Err(Error::State) };
    let Incoming::Established(theirs, _) = listener.receive(source(), &packet)? else {
        return Err(Error::State);
    };
    let mut datagram = Vec::new();
    mine.split().0.seal(b"a datagram of some length", &mut datagram)?;
    let initiator = phone.initiate(&peer)?;
    let Incoming::Send(answer) = listener.receive(source(), initiator.packet())? else {
        return Err(Error::State);
    };
    Ok(Sessions { listener, initiator, answer, receiver: theirs.split().1, datagram })
}

/// The format is found in the bytes, so both kinds of corpus go through both parsers.
fn parse(data: &[u8]) {
    if let Ok(envelope) = Envelope::parse(data) {
        // Any text may stand there; that it is base64 is checked with the request.
        assert!(envelope.encrypt().len() <= data.len());
    }
    if let Ok(inner) = Inner::parse(data) {
        for (name, value) in inner.iter() {
            assert!(inner.get(name).is_some());
            // Entities and escapes only ever shrink.
            assert!(value.len() <= data.len());
        }
    }
}

fn callback() -> &'static Callback {
    static CALLBACK: OnceLock<Callback> = OnceLock::new();
    CALLBACK.get_or_init(|| {
        // Of no account anywhere.
        let key = "tenantsealFuzzingKeyTenantsealFuzzingKey012";
        Callback::company_app("fuzzing", key, "ww0123456789abcdef")
            .expect("the credentials are of the right form")
            // Old corpora stay within the window, and nothing is remembered from one input to the next.
            .clock(|| Duration::from_secs(1_750_000_000))
            .without_guard()
    })
}

/// The keyring of the frozen vectors, so that genuine cells of the corpus open.
fn keyring() -> &'static Keyring {
    static KEYRING: OnceLock<Keyring> = OnceLock::new();
    KEYRING.get_or_init(|| {
        let records = [
            &include_bytes!("../corpus/record/genuine_0")[..],
            include_bytes!("../corpus/record/genuine_1"),
            include_bytes!("../corpus/record/genuine_2"),
            include_bytes!("../corpus/record/genuine_3"),
        ];
        let keys =
            Keyring::from_records(&kek(), records, &KeyringOptions::new()).expect("the records are genuine");
        let policy = keys.policy_from_bytes(include_bytes!("../corpus/policy/genuine_0"));
        keys.install_policy(policy.expect("the policy is genuine")).expect("it is the first");
        keys
    })
}

fn field() -> &'static Field {
    static FIELD: OnceLock<Field> = OnceLock::new();
    FIELD.get_or_init(|| {
        let tenant = keyring().tenant("t-1001").expect("it is in the records");
        let field = tenant.field("member.mobile").expect("it is in the policy");
        assert!(field.open(42, include_bytes!("../corpus/cell/genuine")).is_ok());
        let column = SealedColumn::from_bytes(include_bytes!("../corpus/sealed_column/genuine"));
        assert!(field.open_column(&column.expect("it is one"), [42, 43, 44]).is_ok());
        field
    })
}

/// Of no account anywhere.
fn kek() -> Kek {
    let mut bytes = [0x5a; 32];
    if let Some(last) = bytes.last_mut() {
        *last = 1;
    }
    Kek::from_bytes(&bytes).expect("its bytes differ")
}
