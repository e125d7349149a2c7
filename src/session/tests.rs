//! What no call from outside can bring about: states at their limits, and messages that are right in all but one thing.

use core::time::Duration;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::{
    Counts, Endpoint, Incoming, Initiator, KnownPeers, Limits, Listener, Load, Peer, PrivateKey, Progress,
    Receiver, Sender, Session, Ticket,
    clock::SECOND,
    cookie::{CookieSecrets, mac1_of, mac2_of},
    listener::MOST_PENDING,
    packet::{self, DataHeader, Mode, Packet},
    parties::{Party, Pattern},
    payload::Payload,
    psk::Psk,
    stream::record::{Reading, Writing},
};
use crate::{
    error::Error,
    noise::{Keys, Next, ReadState, WriteState},
    primitive::{
        dh::AGREED,
        rng::{Os, RandomSource},
    },
    secret::Secret,
    tenant::{Kek, Keyring, PrincipalId},
};

/// Two endpoints of one tenant, and one that answers for the second.
struct World {
    keys: Keyring,
    phone: Endpoint,
    laptop: Endpoint,
    listener: Listener,
    now: Arc<AtomicU64>,
}

const SOURCE: &str = "192.0.2.1:5000";

impl World {
    fn new() -> Self {
        Self::with(Limits::new())
    }

    fn with(limits: Limits) -> Self {
        let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
        let tenant = keys.create_tenant("t-1001").unwrap();
        let now = Arc::new(AtomicU64::new(1000));
        let endpoint = |name: &str| {
            let id = PrincipalId::client(name).unwrap();
            tenant.add_principal(&id).unwrap();
            let clock = now.clone();
            Endpoint::new(&tenant, &id, &PrivateKey::generate().unwrap(), "chat")
                .unwrap()
                .limits(limits)
                .clock(move || Duration::from_nanos(clock.load(Ordering::Relaxed)))
        };
        let (phone, laptop) = (endpoint("phone"), endpoint("laptop"));
        let known = |other: &Endpoint| KnownPeers::new().add(other.id(), other.public_key());
        let (phone, laptop) = (phone.clone().directory(known(&laptop)), laptop.directory(known(&phone)));
        let clock = now.clone();
        let mut listener =
            Listener::new(&keys).clock(move || Duration::from_nanos(clock.load(Ordering::Relaxed)));
        listener.add(&laptop).unwrap();
        listener.expect(&laptop, &Peer::new(phone.id(), phone.public_key())).unwrap();
        Self { keys, phone, laptop, listener, now }
    }

    fn peer(&self) -> Peer {
        Peer::new(self.laptop.id(), self.laptop.public_key())
    }

    fn initiate(&self, pattern: Pattern) -> Initiator {
        match pattern {
            Pattern::Kk => self.phone.initiate(&self.peer()),
            Pattern::Ik => self.phone.initiate_ik(&self.peer()),
            Pattern::Xx => self.phone.initiate_xx(None),
        }
        .unwrap()
    }

    fn answer(&mut self, packet: &[u8]) -> Result<Incoming, Error> {
        self.listener.receive(SOURCE.parse().unwrap(), packet)
    }

    fn pass(&self, time: u64) {
        self.now.fetch_add(time, Ordering::Relaxed);
    }

    fn session(&mut self) -> (Session, Session) {
        let mut initiator = self.initiate(Pattern::Kk);
        let answer = sent(self.answer(initiator.packet()));
        let Progress::Established(mine, packet) = initiator.receive(&answer).unwrap() else { panic!() };
        let Incoming::Established(theirs, _) = self.answer(&packet).unwrap() else { panic!() };
        (*mine, *theirs)
    }

    fn datagrams(&mut self) -> (Sender, Receiver) {
        let (mine, theirs) = self.session();
        (mine.split().0, theirs.split().1)
    }
}

fn sent(incoming: Result<Incoming, Error>) -> Vec<u8> {
    let Ok(Incoming::Send(packet)) = incoming else { panic!("{incoming:?}") };
    packet
}

fn seal(sender: &Sender, plaintext: &[u8]) -> Result<Vec<u8>, Error> {
    let mut packet = Vec::new();
    sender.seal(plaintext, &mut packet).map(|()| packet)
}

fn open(receiver: &mut Receiver, packet: &[u8]) -> Result<Vec<u8>, Error> {
    receiver.open(&mut packet.to_vec()).map(|plaintext| plaintext.to_vec())
}

#[test]
fn a_message_without_the_tenants_key_costs_no_key_agreement() {
    let (mut world, stranger) = (World::new(), World::new());
    for pattern in [Pattern::Kk, Pattern::Ik, Pattern::Xx] {
        let theirs = stranger.initiate(pattern).packet().to_vec();
        let genuine = world.initiate(pattern);
        let before = AGREED.get();
        assert_eq!(world.answer(&theirs).err(), Some(Error::Open));
        // With the hint that is in the clear for all to see.
        let mut with_hint = theirs.clone();
        with_hint[8..16].copy_from_slice(&genuine.packet()[8..16]);
        assert_eq!(world.answer(&with_hint).err(), Some(Error::Open));
        let mut altered = genuine.packet().to_vec();
        altered[40] ^= 1;
        assert_eq!(world.answer(&altered).err(), Some(Error::Open));
        assert_eq!(AGREED.get(), before, "{pattern:?}");
        // The probe counts.
        sent(world.answer(genuine.packet()));
        assert!(AGREED.get() > before, "{pattern:?}");
    }
}

#[test]
fn xx_of_the_right_tenant_fails_at_its_first_message_without_a_key_agreement() {
    // Everything of the tenant but its psk: as if the MAC were not there.
    let mut world = World::new();
    let other = World::new();
    let psk = world.laptop.psks().unwrap()[0].clone();
    let mut packet = other.initiate(Pattern::Xx).packet().to_vec();
    let hint = world.initiate(Pattern::Xx).packet()[8..16].to_vec();
    packet[8..16].copy_from_slice(&hint);
    remac(&psk, &mut packet, 16);
    let before = AGREED.get();
    assert_eq!(world.answer(&packet).err(), Some(Error::Open));
    assert_eq!(AGREED.get(), before);
}

/// Makes the first MAC right, so that what is behind it is looked at.
fn remac(psk: &Psk, packet: &mut [u8], after: usize) {
    let at = packet.len() - after - 16;
    let mac = mac1_of(psk, &packet[..at]);
    packet[at..at + 16].copy_from_slice(&mac);
}

/// Each field of the prologue, with hint and MACs that are right all the same.
#[test]
fn a_handshake_about_something_else_is_refused() {
    let mut world = World::new();
    let laptop = world.laptop.clone();
    let psk = laptop.psks().unwrap()[0].clone();
    let stranger = PrivateKey::generate().unwrap();
    let other_id = PrincipalId::member("phone").unwrap();
    let other_tenant = world.keys.create_tenant("t-1002").unwrap();
    let mut refused = 0;
    for pattern in [Pattern::Kk, Pattern::Ik, Pattern::Xx] {
        let phone = world.phone.clone();
        let peer = world.peer();
        let right = phone.parties(pattern, Some(&peer), true);
        let mut wrong = vec![("tenant", right), ("purpose", right), ("ticket", right), ("context", right)];
        wrong[0].1.tenant = other_tenant.id();
        wrong[1].1.purpose = "chat2";
        wrong[2].1.ticket_id = b"t";
        wrong[3].1.context = b"c";
        let other = Party { id: &other_id, key: stranger.public_key() };
        if right.initiator.is_some() {
            wrong.push(("initiator", right));
            wrong.last_mut().unwrap().1.initiator = Some(other);
        }
        if right.responder.is_some() {
            wrong.push(("responder", right));
            wrong.last_mut().unwrap().1.responder = Some(other);
        }
        let hint = right.hint(&psk).unwrap();
        let message =
            |parties: &super::parties::Parties<'_>, noise: Pattern, psk0: &Psk, last: &Arc<Secret<32>>| {
                let keys = Keys {
                    s: Some(phone.key.clone()),
                    rs: Some(*laptop.key.public()),
                    psks: vec![psk0.tenant.clone(), last.clone()],
                };
                let prologue = parties.prologue(psk0).unwrap();
                let state = WriteState::initiator(noise.noise(), &prologue, keys).unwrap();
                let mut packet = packet::initiation_header(pattern, 7, hint);
                let id = (pattern == Pattern::Ik).then(|| phone.id.clone());
                let payload =
                    Payload { header: &packet, timestamp: phone.timestamp(), id, ..Payload::default() };
                let payload = payload.to_bytes().unwrap();
                let next = state.write_message(&payload, &mut Os, &mut packet).unwrap();
                packet.extend_from_slice(&mac1_of(&psk, &packet));
                packet.extend_from_slice(&[0; 16]);
                (packet, next)
            };
        for (what, parties) in &wrong {
            let (packet, _) = message(parties, pattern, &psk, &psk.no_ticket);
            assert_eq!(world.answer(&packet).err(), Some(Error::Open), "{pattern:?}, {what}");
            refused += 1;
        }
        // Another epoch's key, another pattern's tokens.
        let other_psk = World::new().laptop.psks().unwrap()[0].clone();
        let (packet, _) = message(&right, pattern, &other_psk, &psk.no_ticket);
        assert_eq!(world.answer(&packet).err(), Some(Error::Open), "{pattern:?}, psk");
        for noise in [Pattern::Kk, Pattern::Ik, Pattern::Xx].into_iter().filter(|other| *other != pattern) {
            let (packet, _) = message(&right, noise, &psk, &psk.no_ticket);
            assert_eq!(world.answer(&packet).err(), Some(Error::Open), "{pattern:?} as {noise:?}");
        }
        refused += 3;
        // A ticket's key is in the second or third message.
        let wrong_ticket = Arc::new(Secret::from_bytes(&[9; 32]));
        let (packet, next) = message(&right, pattern, &psk, &wrong_ticket);
        let Next::Read(state) = next else { panic!() };
        let answer = sent(world.answer(&packet));
        let Ok(Packet::Response(answer)) = Packet::parse(&answer) else { panic!() };
        match (pattern, state.read_message(answer.noise)) {
            (Pattern::Xx, Ok((_, Next::Write(state)))) => {
                let mut packet = packet::final_header(pattern, answer.sender);
                let id = Some(phone.id.clone());
                let payload = Payload { header: &packet, id, ..Payload::default() }.to_bytes().unwrap();
                state.write_message(&payload, &mut Os, &mut packet).unwrap();
                packet.extend_from_slice(&mac1_of(&psk, &packet));
                assert_eq!(world.answer(&packet).err(), Some(Error::Open));
            }
            (_, answer) => assert_eq!(answer.err(), Some(Error::Open), "{pattern:?}, ticket"),
        }
        // And the right one is answered.
        let (packet, _) = message(&right, pattern, &psk, &psk.no_ticket);
        sent(world.answer(&packet));
        refused += 1;
    }
    println!("{refused} handshakes about something else refused");
}

/// The headers of handshake packets, altered by somebody who can make the MAC right.
#[test]
fn a_header_is_authenticated_by_what_is_inside() {
    let mut world = World::new();
    let psk = world.laptop.psks().unwrap()[0].clone();
    for pattern in [Pattern::Kk, Pattern::Ik, Pattern::Xx] {
        let mut initiator = world.initiate(pattern);
        // The number that the answer is to go to. The hint and the pattern lead elsewhere.
        for at in 4..8 {
            let mut packet = initiator.packet().to_vec();
            packet[at] ^= 0x10;
            remac(&psk, &mut packet, 16);
            assert_eq!(world.answer(&packet).err(), Some(Error::Open), "{pattern:?} {at}");
        }
        let answer = sent(world.answer(initiator.packet()));
        for at in 4..12 {
            let mut packet = answer.clone();
            packet[at] ^= 0x10;
            remac(&psk, &mut packet, 0);
            assert_eq!(initiator.receive(&packet).err(), Some(Error::Open), "{pattern:?} {at}");
        }
        let Progress::Established(_, last) = initiator.receive(&answer).unwrap() else { panic!() };
        assert_eq!(initiator.receive(&answer).err(), Some(Error::Open), "an answer is good once");
        let Incoming::Established(..) = world.answer(&last).unwrap() else { panic!() };
        assert_eq!(world.answer(&last).err(), Some(Error::Open), "a last message is good once");
    }
}

/// Handshake packets in which everything is genuine and authenticated, and something says what it should not.
#[test]
fn a_header_that_says_something_else_is_refused() {
    let mut world = World::new();
    let (phone, laptop) = (world.phone.clone(), world.laptop.clone());
    let psk = laptop.psks().unwrap()[0].clone();
    let peer = world.peer();
    let keys = |own: &Endpoint, other: &Endpoint| Keys {
        s: Some(own.key.clone()),
        rs: Some(*other.key.public()),
        psks: vec![psk.tenant.clone(), psk.no_ticket.clone()],
    };
    let parties = phone.parties(Pattern::Kk, Some(&peer), true);
    let (prologue, hint) = (parties.prologue(&psk).unwrap(), parties.hint(&psk).unwrap());
    let mut first = |change: fn(&mut [u8])| {
        let state = WriteState::initiator(Pattern::Kk.noise(), &prologue, keys(&phone, &laptop)).unwrap();
        let mut packet = packet::initiation_header(Pattern::Kk, 7, hint);
        change(&mut packet);
        let payload = Payload { header: &packet, timestamp: phone.timestamp(), ..Payload::default() };
        let payload = payload.to_bytes().unwrap();
        state.write_message(&payload, &mut Os, &mut packet).unwrap();
        packet.extend_from_slice(&mac1_of(&psk, &packet));
        packet.extend_from_slice(&[0; 16]);
        world.answer(&packet)
    };
    let wrong: [fn(&mut [u8]); 4] = [|h| h[1] = 2, |h| h[2] = 2, |h| h[2] = 4, |h| h[3] = 1];
    for change in wrong {
        assert_eq!(first(change).err(), Some(Error::Open));
    }
    sent(first(|_| ()));

    // The answer.
    let mut initiator = world.initiate(Pattern::Kk);
    let (number, noise) = (initiator.index().unwrap(), initiator.packet().to_vec());
    let mut answer = |change: fn(&mut [u8])| {
        let state = ReadState::responder(Pattern::Kk.noise(), &prologue, keys(&laptop, &phone)).unwrap();
        let (_, next) = state.read_message(&noise[16..noise.len() - 32]).unwrap();
        let Next::Write(state) = next else { panic!() };
        let mut packet = packet::response_header(Pattern::Kk, number, 9);
        change(&mut packet);
        let payload = Payload { header: &packet, ..Payload::default() }.to_bytes().unwrap();
        state.write_message(&payload, &mut Os, &mut packet).unwrap();
        packet.extend_from_slice(&mac1_of(&psk, &packet));
        initiator.receive(&packet)
    };
    let wrong: [fn(&mut [u8]); 5] = [|h| h[1] = 2, |h| h[2] = 2, |h| h[2] = 4, |h| h[3] = 1, |h| h[7] ^= 1];
    for change in wrong {
        assert_eq!(answer(change).err(), Some(Error::Open));
    }
    assert!(matches!(answer(|_| ()), Ok(Progress::Established(..))));

    // The last message of XX.
    let parties = phone.parties(Pattern::Xx, None, true);
    let keys =
        Keys { s: Some(phone.key.clone()), rs: None, psks: vec![psk.tenant.clone(), psk.no_ticket.clone()] };
    let state = WriteState::initiator(Pattern::Xx.noise(), &parties.prologue(&psk).unwrap(), keys).unwrap();
    let mut packet = packet::initiation_header(Pattern::Xx, 7, parties.hint(&psk).unwrap());
    let payload = Payload { header: &packet, ..Payload::default() }.to_bytes().unwrap();
    let Next::Read(state) = state.write_message(&payload, &mut Os, &mut packet).unwrap() else { panic!() };
    packet.extend_from_slice(&mac1_of(&psk, &packet));
    packet.extend_from_slice(&[0; 16]);
    let response = sent(world.answer(&packet));
    let Ok(Packet::Response(response)) = Packet::parse(&response) else { panic!() };
    let wrong: [fn(&mut [u8]); 4] = [|h| h[1] = 2, |h| h[2] = 1, |h| h[2] = 4, |h| h[3] = 1];
    for (change, refused) in
        wrong.into_iter().map(|change| (change, true)).chain([((|_| ()) as fn(&mut [u8]), false)])
    {
        let (_, Next::Write(state)) = state.read_message(response.noise).unwrap() else { panic!() };
        let mut packet = packet::final_header(Pattern::Xx, response.sender);
        change(&mut packet);
        let id = Some(phone.id.clone());
        let payload = Payload { header: &packet, id, ..Payload::default() }.to_bytes().unwrap();
        state.write_message(&payload, &mut Os, &mut packet).unwrap();
        packet.extend_from_slice(&mac1_of(&psk, &packet));
        assert_eq!(world.answer(&packet).err(), refused.then_some(Error::Open));
    }
}

#[test]
fn a_clock_that_is_a_day_ahead_does_not_lock_anybody_out() {
    let mut world = World::new();
    let peer = world.peer();
    let now = world.phone.timestamp();
    let mut call = |timestamp| {
        let initiator =
            Initiator::start_with(&world.phone, Pattern::Kk, Some(&peer), timestamp, &mut Os).unwrap();
        world.answer(initiator.packet()).err()
    };
    assert_eq!(call(u64::MAX), Some(Error::Open));
    assert_eq!(call(now + 86_500 * SECOND), Some(Error::Open));
    assert_eq!(call(now), None);
    assert_eq!(call(now + 86_000 * SECOND), None);
}

#[test]
fn a_long_answer_goes_only_to_who_has_a_cookie() {
    for (len, asks) in [(256, false), (257, true)] {
        let mut world = World::new();
        let mut listener = Listener::new(&world.keys);
        listener.add(&world.laptop.clone().certificate(&vec![7; len]).unwrap()).unwrap();
        core::mem::swap(&mut world.listener, &mut listener);
        let mut initiator = world.initiate(Pattern::Xx);
        let answer = sent(world.answer(initiator.packet()));
        assert_eq!(answer.len() == packet::COOKIE_REPLY, asks);
        if asks {
            assert!(matches!(initiator.receive(&answer), Ok(Progress::Resend)));
            assert!(sent(world.answer(initiator.packet())).len() > len);
        }
    }
}

/// Without a key: a first message with its cookie, recorded, and repeated from the address that it came from.
#[test]
fn what_was_recorded_with_its_cookie_costs_nothing_and_takes_no_place() {
    for pattern in [Pattern::Xx, Pattern::Ik, Pattern::Kk] {
        let mut world = World::new();
        world.listener = core::mem::replace(&mut world.listener, Listener::new(&world.keys))
            .load(Load::new().cookies_after(0).most(2));
        let with_cookie = |world: &mut World| {
            let mut called = world.initiate(pattern);
            let cookie = sent(world.answer(called.packet()));
            assert!(matches!(called.receive(&cookie), Ok(Progress::Resend)));
            called.packet().to_vec()
        };
        let recorded = with_cookie(&mut world);
        sent(world.answer(&recorded));
        let agreed = AGREED.get();
        for _ in 0..1_000 {
            assert_eq!(world.answer(&recorded).err(), Some(Error::Open));
        }
        assert_eq!((AGREED.get(), world.listener.pending()), (agreed, 1));
        // Nor does it use up what others have in that second.
        let other = with_cookie(&mut world);
        sent(world.answer(&other));
    }
}

/// What one tenant's listener gives an address is good for nothing of another's.
#[test]
fn a_cookie_is_of_what_it_was_asked_for() {
    let mut world = World::new();
    world.listener = core::mem::replace(&mut world.listener, Listener::new(&world.keys))
        .load(Load::new().cookies_after(0));
    let (given, mut other) = (world.initiate(Pattern::Ik), world.initiate(Pattern::Kk).packet().to_vec());
    let reply = sent(world.answer(given.packet()));
    let Ok(Packet::Cookie(reply)) = Packet::parse(&reply) else { panic!() };
    let psk = world.phone.psks().unwrap()[0].clone();
    let (covered, _) = given.packet().split_last_chunk::<16>().unwrap();
    let cookie = super::cookie::open(&psk, &reply, covered.last_chunk().unwrap()).unwrap();
    let (covered, mac2) = other.split_last_chunk_mut::<16>().unwrap();
    *mac2 = mac2_of(&cookie, covered);
    assert_eq!(world.answer(&other).err(), Some(Error::Open));
}

#[test]
fn a_clock_that_was_far_ahead_is_not_followed_for_ever() {
    let world = World::new();
    let first = world.phone.timestamp();
    assert!(world.phone.timestamp() > first);
    let day = 86_400 * SECOND;
    for (ahead, followed) in [(day / 2, true), (2 * day, false)] {
        world.phone.set_latest(first + ahead);
        let next = world.phone.timestamp();
        assert_eq!(next == first + ahead + 1, followed);
        assert!(world.phone.timestamp() > next);
    }
}

#[test]
fn of_a_record_that_is_refused_nothing_is_read() {
    let mut world = World::new();
    let (sender, receiver) = world.datagrams();
    let (sender, mut reading) = (sender.into_stream(), Reading::new(receiver.into_stream()));
    let record = seal(&sender, b"\x02of another kind").unwrap();
    for piece in [&u16::try_from(record.len()).unwrap().to_be_bytes()[..], &record] {
        reading.space().copy_from_slice(piece);
        let refused = reading.filled(piece.len());
        assert_eq!(refused.is_err(), piece.len() > 2);
    }
    assert_eq!(reading.take(&mut [0; 40]), Err(Error::Open));
}

#[test]
fn a_record_of_a_length_that_none_has_is_refused_at_once() {
    let mut world = World::new();
    for (len, is_wrong) in
        [(0, true), (32, true), (33, false), (16_417, false), (16_418, true), (u16::MAX, true)]
    {
        let (_, receiver) = world.datagrams();
        let mut reading = Reading::new(receiver.into_stream());
        reading.space().copy_from_slice(&len.to_be_bytes());
        assert_eq!(reading.filled(2).err(), is_wrong.then_some(Error::Open), "{len}");
    }
}

/// What could not be sealed for the end is no end.
#[test]
fn an_end_that_failed_is_not_sent_later() {
    let mut world = World::new();
    let (mine, theirs) = world.session();
    let (mut sender, receiver) = (mine.split().0.into_stream(), theirs.split().1.into_stream());
    let counter = sender.state().counter;
    sender.state().counter = u64::MAX;
    let (mut writing, mut reading) = (Writing::new(sender), Reading::new(receiver));
    writing.push(b"part one").unwrap();
    assert_eq!(writing.finish(), Err(Error::SessionExpired));
    assert!(writing.pending().is_empty());
    writing.sender().state().counter = counter;
    writing.seal().unwrap();
    let record = writing.pending().to_vec();
    for piece in [&record[..2], &record[2..]] {
        reading.space().copy_from_slice(piece);
        reading.filled(piece.len()).unwrap();
    }
    assert_eq!(reading.take(&mut [0; 20]), Ok(8));
    assert_eq!(reading.needs_more(), Ok(true), "it has not ended");
}

#[test]
fn a_record_of_a_stream_is_no_datagram() {
    let mut world = World::new();
    let (sender, mut receiver) = world.datagrams();
    let record = seal(&sender.into_stream(), b"record").unwrap();
    assert_eq!(open(&mut receiver, &record), Err(Error::Open));
    let (sender, receiver) = world.datagrams();
    let datagram = seal(&sender, b"datagram").unwrap();
    assert_eq!(open(&mut receiver.into_stream(), &datagram), Err(Error::Open));
}

#[test]
fn handshakes_that_nobody_completes_are_so_many_and_no_more() {
    let mut world = World::new();
    world.listener = core::mem::replace(&mut world.listener, Listener::new(&world.keys))
        .load(Load::new().cookies_after(u32::MAX).most(u32::MAX));
    for _ in 0..MOST_PENDING {
        let called = world.initiate(Pattern::Xx);
        sent(world.answer(called.packet()));
    }
    let one_more = world.initiate(Pattern::Xx);
    assert_eq!(world.answer(one_more.packet()).err(), Some(Error::Open));
    assert_eq!(world.listener.pending(), MOST_PENDING);
    // They take nobody's place who is known.
    world.session();
    world.pass(15 * SECOND);
    let later = world.initiate(Pattern::Xx);
    sent(world.answer(later.packet()));
    assert_eq!(world.listener.pending(), 1);
}

/// The same bytes from the start, each time.
struct Again(u8);

impl RandomSource for Again {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
        Ok(())
    }
}

/// Whoever calls too often has its own handshake dropped, also if that one's number is another's by now.
#[test]
fn a_number_that_is_used_again_is_nobody_elses() {
    let mut world = World::new();
    let tenant = world.keys.tenant("t-1001").unwrap();
    let id = PrincipalId::client("watch").unwrap();
    tenant.add_principal(&id).unwrap();
    let watch = Endpoint::new(&tenant, &id, &PrivateKey::generate().unwrap(), "chat").unwrap();
    world.listener.expect(&world.laptop.clone(), &Peer::new(&id, watch.public_key())).unwrap();
    let source = SOURCE.parse().unwrap();
    // The secret of cookies is drawn once.
    world.session();
    let (mut first, mut other) = (world.initiate(Pattern::Kk), watch.initiate(&world.peer()).unwrap());
    let answer = sent(world.listener.receive_with(source, first.packet(), &mut Again(7)));
    let Progress::Established(mine, last) = first.receive(&answer).unwrap() else { panic!() };
    let Incoming::Established(theirs, _) = world.answer(&last).unwrap() else { panic!() };
    let number = theirs.index();
    drop((mine, theirs));
    let answer = sent(world.listener.receive_with(source, other.packet(), &mut Again(7)));
    let Progress::Established(_, last) = other.receive(&answer).unwrap() else { panic!() };
    for _ in 0..5 {
        let called = world.initiate(Pattern::Kk);
        sent(world.answer(called.packet()));
    }
    let Incoming::Established(theirs, _) = world.answer(&last).unwrap() else { panic!() };
    assert_eq!(theirs.index(), number);
}

#[test]
fn a_tenant_that_is_suspended_has_no_routes_until_it_is_restored() {
    let mut world = World::new();
    let stray = [&[1, 1, 1, 0, 0, 0, 0, 0, 7, 7, 7, 7, 7, 7, 7, 7][..], &[0; 32]].concat();
    let routes = world.listener.routes();
    assert_eq!(routes, 3);
    for is_active in [false, true] {
        if is_active {
            world.keys.restore_tenant("t-1001")
        } else {
            world.keys.suspend_tenant("t-1001", None)
        }
        .unwrap();
        world.pass(SECOND);
        assert_eq!(world.answer(&stray).err(), Some(Error::Open));
        assert_eq!(world.listener.routes(), if is_active { routes } else { 0 });
    }
}

#[test]
fn what_is_refused_changes_nothing_but_a_count() {
    let mut world = World::new();
    let (sender, mut receiver) = world.datagrams();
    let first = seal(&sender, b"first").unwrap();
    open(&mut receiver, &first).unwrap();
    let packet = seal(&sender, b"a datagram").unwrap();
    let mut expected = receiver.state();
    let mut refused = 0;
    let mut refuse = |receiver: &mut Receiver, packet: &[u8], repeated: bool| {
        let mut buffer = packet.to_vec();
        assert_eq!(receiver.open(&mut buffer).err(), Some(Error::Open));
        let body = buffer.get(16..buffer.len().saturating_sub(16)).unwrap_or_default();
        let sealed = packet.get(16..packet.len().saturating_sub(16)).unwrap_or_default();
        assert!(body == sealed || body.iter().all(|byte| *byte == 0), "plaintext is left");
        let count = if repeated { &mut expected.2.repeated } else { &mut expected.2.refused };
        *count += 1;
        assert_eq!(receiver.state(), expected);
        refused += 1;
    };
    for bit in 0..packet.len() * 8 {
        let mut altered = packet.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        // The bits of the counter may lead to one that was opened: the first packets had 0 and 1, this one has 2.
        let counter = u64::from_be_bytes(altered[8..16].try_into().unwrap());
        refuse(&mut receiver, &altered, counter < 2 && altered[..8] == packet[..8]);
    }
    for len in 0..packet.len() {
        refuse(&mut receiver, &packet[..len], false);
    }
    refuse(&mut receiver, &[&packet[..], &[0]].concat(), false);
    refuse(&mut receiver, &first, true);
    assert_eq!(open(&mut receiver, &packet).unwrap(), b"a datagram");
    println!("{refused} packets refused");
}

#[test]
fn a_session_ends_at_its_last_packet() {
    let mut world = World::new();
    let (mut sender, mut receiver) = world.datagrams();
    let most = Limits::new().packets;
    assert_eq!(most, 1 << 29);
    sender.state().counter = most / 2 - 1;
    assert!(!sender.rekey_due());
    let before = seal(&sender, b"before").unwrap();
    assert!(sender.rekey_due());
    assert!(!receiver.rekey_due());
    open(&mut receiver, &before).unwrap();
    assert!(receiver.rekey_due());
    sender.state().counter = most - 1;
    let last = seal(&sender, b"last").unwrap();
    assert_eq!(seal(&sender, b"one more"), Err(Error::SessionExpired));
    assert_eq!(seal(&sender, b"one more"), Err(Error::SessionExpired));
    assert_eq!(sender.sealed(), most);
    assert_eq!(open(&mut receiver, &last).unwrap(), b"last");
    // What a sender that counted on would have sealed.
    let key = |sender: &mut Sender| {
        let header =
            DataHeader { key_phase: 0, receiver: receiver.index(), counter: most }.to_bytes(Mode::Datagram);
        let mut body = *b"one more";
        let mut tag = [0; 16];
        sender.state().phase.key().seal(most, &header, &mut body, &mut tag).unwrap();
        [&header[..], &body, &tag].concat()
    };
    let beyond = key(&mut sender);
    assert_eq!(open(&mut receiver, &beyond), Err(Error::Open));
}

#[test]
fn a_session_ends_with_its_time() {
    let mut world = World::new();
    let (sender, mut receiver) = world.datagrams();
    let packet = seal(&sender, b"in time").unwrap();
    world.pass(120 * SECOND - 1);
    assert!(!sender.rekey_due());
    assert!(!receiver.rekey_due());
    world.pass(1);
    assert!(sender.rekey_due() && receiver.rekey_due());
    world.pass(60 * SECOND - 1);
    assert_eq!(open(&mut receiver, &packet).unwrap(), b"in time");
    let packet = seal(&sender, b"in time").unwrap();
    world.pass(1);
    assert_eq!(seal(&sender, b"too late"), Err(Error::SessionExpired));
    assert_eq!(open(&mut receiver, &packet), Err(Error::SessionExpired));
}

#[test]
fn a_session_ends_with_its_last_failure() {
    let mut world = World::new();
    let (sender, mut receiver) = world.datagrams();
    let packet = seal(&sender, b"genuine").unwrap();
    receiver.counts_mut().refused = (1 << 36) - 1;
    let again = seal(&sender, b"genuine").unwrap();
    assert_eq!(open(&mut receiver, &packet).unwrap(), b"genuine");
    let mut altered = again.clone();
    altered[20] ^= 1;
    assert_eq!(open(&mut receiver, &altered), Err(Error::Open));
    assert_eq!(open(&mut receiver, &again), Err(Error::SessionExpired));
    // A packet that was opened before is no failure: no key was tried.
    let (sender, mut receiver) = World::with(Limits::new().failures(1)).datagrams();
    let packet = seal(&sender, b"genuine").unwrap();
    open(&mut receiver, &packet).unwrap();
    for _ in 0..3 {
        assert_eq!(open(&mut receiver, &packet), Err(Error::Open));
    }
    assert_eq!(
        receiver.counts(),
        Counts { opened: 2, refused: 0, repeated: 3 },
        "the confirmation was the first"
    );
}

#[test]
fn a_key_phase_ends_at_each_of_its_limits() {
    let phase = |packet: &[u8]| u16::from_be_bytes([packet[2], packet[3]]);
    // Packets: the confirmation was the first.
    let (mut sender, mut receiver) = World::new().datagrams();
    sender.state().phase.set_used((1 << 28) - 1, 0);
    assert_eq!(phase(&seal(&sender, b"").unwrap()), 0);
    let packet = seal(&sender, b"next").unwrap();
    assert_eq!(phase(&packet), 1);
    assert_eq!(open(&mut receiver, &packet).unwrap(), b"next");
    // Bytes.
    let (mut sender, mut receiver) = World::new().datagrams();
    sender.state().phase.set_used(1, (64 << 30) - 4);
    assert_eq!(phase(&seal(&sender, b"four").unwrap()), 0);
    let packet = seal(&sender, b"5").unwrap();
    assert_eq!(phase(&packet), 1);
    assert_eq!(open(&mut receiver, &packet).unwrap(), b"5");
    // Time.
    let mut world = World::new();
    let (sender, mut receiver) = world.datagrams();
    world.pass(60 * SECOND - 1);
    let late = seal(&sender, b"late").unwrap();
    assert_eq!(phase(&late), 0);
    world.pass(1);
    let next = seal(&sender, b"next").unwrap();
    assert_eq!(phase(&next), 1);
    assert_eq!(open(&mut receiver, &next).unwrap(), b"next");
    // The phases overlap for ten seconds.
    assert_eq!(open(&mut receiver, &late).unwrap(), b"late");
    let (sender, mut receiver) = world.datagrams();
    let late = seal(&sender, b"late").unwrap();
    world.pass(60 * SECOND);
    let next = seal(&sender, b"next").unwrap();
    open(&mut receiver, &next).unwrap();
    world.pass(10 * SECOND);
    assert_eq!(open(&mut receiver, &late), Err(Error::Open));
}

#[test]
fn lost_phases_are_caught_up_with_and_forged_ones_are_not() {
    let mut world = World::with(Limits::new().phase_of(1));
    let (sender, mut receiver) = world.datagrams();
    // The confirmation was of phase 0. Lost: 1 to 7.
    let lost: Vec<_> = (1..8).map(|_| seal(&sender, b"lost").unwrap()).collect();
    let eighth = seal(&sender, b"eighth").unwrap();
    let mut forged = eighth.clone();
    forged[18] ^= 1;
    assert_eq!(open(&mut receiver, &forged), Err(Error::Open));
    assert_eq!(receiver.state().0, 0);
    assert_eq!(open(&mut receiver, &eighth).unwrap(), b"eighth");
    assert_eq!(receiver.state().0, 8);
    // The one before is still open, older ones are not.
    assert_eq!(open(&mut receiver, &lost[6]).unwrap(), b"lost");
    assert_eq!(open(&mut receiver, &lost[5]), Err(Error::Open));
    // Nine ahead is one too many.
    let ahead: Vec<_> = (0..9).map(|_| seal(&sender, b"ahead").unwrap()).collect();
    assert_eq!(open(&mut receiver, &ahead[8]), Err(Error::Open));
    assert_eq!(open(&mut receiver, &ahead[7]).unwrap(), b"ahead");
}

#[test]
fn the_last_key_phase_is_the_end() {
    let mut world = World::with(Limits::new().phase_of(1));
    let (mut sender, _) = world.datagrams();
    sender.state().phase.set_number(u16::MAX - 1);
    seal(&sender, b"last").unwrap();
    assert_eq!(seal(&sender, b"one more"), Err(Error::SessionExpired));
    // It is told in time, to both sides.
    let (mut sender, mut receiver) = world.datagrams();
    sender.state().phase.set_number((1 << 15) - 2);
    receiver.set_phase((1 << 15) - 2);
    for is_due in [false, true] {
        let packet = seal(&sender, b"the next phase").unwrap();
        open(&mut receiver, &packet).unwrap();
        assert_eq!((sender.rekey_due(), receiver.rekey_due()), (is_due, is_due));
    }
}

#[test]
fn a_handshake_ends_with_its_time() {
    for pattern in [Pattern::Kk, Pattern::Ik, Pattern::Xx] {
        for (late, refused) in [(0, false), (1, true)] {
            let mut world = World::new();
            let mut initiator = world.initiate(pattern);
            let answer = sent(world.answer(initiator.packet()));
            world.pass(15 * SECOND - 1 + late);
            if refused {
                assert_eq!(initiator.receive(&answer).err(), Some(Error::SessionExpired));
                continue;
            }
            let Ok(Progress::Established(_, last)) = initiator.receive(&answer) else { panic!() };
            // What is old was cleared away just now, and this is not.
            assert_eq!(world.answer(&[4; 40]).err(), Some(Error::Open));
            assert_eq!(world.listener.pending(), 1);
            world.pass(1);
            assert_eq!(
                world.answer(&last).err(),
                Some(Error::Open),
                "{pattern:?}: the listener has given up"
            );
            world.pass(SECOND);
            sent(world.answer(world.initiate(pattern).packet().to_vec().as_slice()));
            assert_eq!(world.listener.pending(), 1, "what nobody completed is cleared away");
        }
    }
}

#[test]
fn cookies_are_of_an_address_and_of_their_time() {
    let psk = World::new().laptop.psks().unwrap()[0].clone();
    let mut secrets = CookieSecrets::new(0, &mut Os).unwrap();
    let at = |address: &str, hint| (address.parse().unwrap(), hint);
    let (here, there) = (at("192.0.2.1:5000", &[1; 8]), at("192.0.2.1:5001", &[1; 8]));
    let (mapped, of_another) = (at("[::ffff:192.0.2.1]:5000", &[1; 8]), at("192.0.2.1:5000", &[2; 8]));
    let mac1 = [7; 16];
    let packet = secrets.reply(&psk, here, 9, &mac1, &mut Os).unwrap();
    assert_eq!(packet.len(), packet::COOKIE_REPLY);
    let Ok(Packet::Cookie(reply)) = Packet::parse(&packet) else { panic!() };
    let cookie = super::cookie::open(&psk, &reply, &mac1).unwrap();
    assert_eq!(super::cookie::open(&psk, &reply, &[8; 16]).err(), Some(Error::Open), "of another packet");
    let mac2 = mac2_of(&cookie, b"covered");
    let check = |secrets: &CookieSecrets| {
        assert!(secrets.verify(here, b"covered", &mac2).unwrap());
        assert!(secrets.verify(mapped, b"covered", &mac2).unwrap());
        assert!(!secrets.verify(there, b"covered", &mac2).unwrap());
        assert!(!secrets.verify(of_another, b"covered", &mac2).unwrap());
        assert!(!secrets.verify(here, b"other", &mac2).unwrap());
    };
    check(&secrets);
    secrets.rotate(120 * SECOND - 1, &mut Os).unwrap();
    check(&secrets);
    secrets.rotate(120 * SECOND, &mut Os).unwrap();
    check(&secrets);
    secrets.rotate(240 * SECOND, &mut Os).unwrap();
    assert!(!secrets.verify(here, b"covered", &mac2).unwrap(), "it is old");
    // However late somebody looks, none is good for more than twice its time.
    let given = |secrets: &CookieSecrets| {
        let packet = secrets.reply(&psk, here, 9, &mac1, &mut Os).unwrap();
        let Ok(Packet::Cookie(reply)) = Packet::parse(&packet) else { panic!() };
        mac2_of(&super::cookie::open(&psk, &reply, &mac1).unwrap(), b"covered")
    };
    let mut late = CookieSecrets::new(0, &mut Os).unwrap();
    let mac2 = given(&late);
    late.rotate(239 * SECOND, &mut Os).unwrap();
    assert!(late.verify(here, b"covered", &mac2).unwrap());
    late.rotate(240 * SECOND, &mut Os).unwrap();
    assert!(!late.verify(here, b"covered", &mac2).unwrap());
    let mut idle = CookieSecrets::new(0, &mut Os).unwrap();
    let mac2 = given(&idle);
    idle.rotate(240 * SECOND, &mut Os).unwrap();
    assert!(!idle.verify(here, b"covered", &mac2).unwrap(), "nobody looked in between");
}

#[test]
fn resumption_and_exports_are_of_both_sides_and_of_this_session() {
    let mut world = World::new();
    let (mine, theirs) = world.session();
    let (other, _) = world.session();
    let export = |session: &Session, label: &str, context: &[u8]| {
        let mut out = [0; 40];
        session.export(label, context, &mut out).map(|()| out)
    };
    assert_eq!(export(&mine, "a", b"b").unwrap(), export(&theirs, "a", b"b").unwrap());
    for (session, label, context) in [(&other, "a", &b"b"[..]), (&mine, "ab", b""), (&mine, "a", b"")] {
        assert_ne!(export(session, label, context).unwrap(), export(&mine, "a", b"b").unwrap());
    }
    assert_eq!(mine.export("", b"", &mut [0]), Err(Error::Value));
    assert_eq!(mine.export("a", b"", &mut []), Err(Error::Value));
    assert_eq!(mine.export("a", b"", &mut vec![0; Session::MAX_EXPORT]), Ok(()));
    assert_eq!(mine.export("a", b"", &mut vec![0; Session::MAX_EXPORT + 1]), Err(Error::TooLong));
    let (a, b): (Ticket, Ticket) = (mine.resumption().unwrap(), theirs.resumption().unwrap());
    assert_eq!((a.id(), a.key.expose_secret()), (b.id(), b.key.expose_secret()));
    assert_ne!(other.resumption().unwrap().id(), a.id());
    assert_eq!(mine.channel_binding(), theirs.channel_binding());
    assert_ne!(mine.channel_binding(), other.channel_binding());
}
