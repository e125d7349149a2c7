//! The side that answers, for any number of endpoints of any number of tenants.

mod load;

use core::{fmt, time::Duration};
use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    sync::Arc,
};

pub use load::Load;
use load::{Bucket, Seen};
use zeroize::Zeroizing;

use super::{
    clock::{Clock, SECOND},
    cookie::{CookieSecrets, mac1_of},
    endpoint::{Endpoint, EndpointName, MOST_AHEAD, Place, Psks, nanoseconds_since_1970},
    established::{Identity, Session},
    index::Index,
    initiator::HANDSHAKE,
    key::PublicKey,
    packet::{self, HINT_LEN, Handshake, Initiation, MAC_LEN, Packet, receiver_index},
    parties::Pattern,
    payload::Payload,
    peer::{Peer, PeerName},
    process::Process,
    psk::Psk,
};
use crate::{
    encoding::ct_eq,
    error::Error,
    noise::{Keys, Next, ReadState, WriteState},
    primitive::rng::{Os, RandomSource},
    secret::Secret,
    tenant::{Keyring, PrincipalId},
};

/// Answers the handshakes of others. One thread at a time; the sessions that it gives out share nothing with it.
///
/// It is given every packet that is of no session that the program knows. A packet costs as little as can be until it has
/// shown that it is worth more: a look into a table, a MAC under the tenant's key, and, when there are many, a cookie that
/// shows that its sender receives what is sent to it. Only then is a key agreement computed.
pub struct Listener {
    keyring: Keyring,
    entries: HashMap<u64, Entry>,
    /// The number of each endpoint's entry.
    numbers: HashMap<EndpointName, u64>,
    /// The number of the next one.
    next: u64,
    /// Where an endpoint has a directory: whoever calls there knows nobody, so there is one at most.
    open: HashSet<Place>,
    routes: HashMap<[u8; HINT_LEN], Route>,
    /// The serial number of the keyring at which the routes were last made again, and when.
    routed: Option<(u64, u64)>,
    pending: HashMap<u32, Pending>,
    /// When what nobody confirmed was last cleared away.
    cleared: u64,
    cookies: Option<CookieSecrets>,
    load: Load,
    clock: Clock,
    process: Option<Process>,
}

struct Entry {
    endpoint: Endpoint,
    /// Of which its routes were made.
    psks: Psks,
    /// Whom it expects: those that know its key as it knows theirs.
    peers: HashMap<PeerName, Peer>,
    /// The last first message of each static key.
    latest: HashMap<PublicKey, Latest>,
    /// First messages that came, and those that were looked at.
    came: Bucket,
    looked_at: Bucket,
    seen: Seen,
    /// How many of its handshakes are answered and not confirmed: of callers that are known, and of those that are not yet.
    pending: [usize; 2],
}

#[derive(Default)]
struct Latest {
    timestamp: u64,
    bucket: Bucket,
}

/// What a hint stands for.
#[derive(Clone)]
struct Route {
    entry: u64,
    pattern: Pattern,
    psk: Arc<Psk>,
    peer: Option<Peer>,
}

/// A handshake that was answered and is not yet confirmed.
struct Pending {
    since: u64,
    entry: u64,
    /// Who called, if that is known by now.
    peer: Option<PublicKey>,
    stage: Stage,
}

enum Stage {
    /// Its first packet shows that the other side has the keys.
    Confirmation(Box<Session>),
    /// Its third message is to come.
    Final(Box<Final>),
}

impl Pending {
    /// Which count of its entry it is in.
    fn of<'e>(&self, entry: &'e mut Entry) -> &'e mut usize {
        let [known, unknown] = &mut entry.pending;
        match self.stage {
            Stage::Confirmation(_) => known,
            Stage::Final(_) => unknown,
        }
    }

    /// It is no longer there to be counted.
    fn leave(&self, entries: &mut HashMap<u64, Entry>) {
        if let Some(entry) = entries.get_mut(&self.entry) {
            let count = self.of(entry);
            *count = count.saturating_sub(1);
        }
    }
}

/// What reads a third message.
struct Final {
    endpoint: Endpoint,
    psk: Arc<Psk>,
    state: ReadState,
    index: Index,
    peer_index: u32,
}

/// What a packet led to.
#[derive(Debug)]
pub enum Incoming {
    /// A session is there, with what its first packet held: nothing, unless the packet that confirms was lost. It takes
    /// the place of an older one with the same peer.
    Established(Box<Session>, Vec<u8>),
    /// Send this to where the packet came from.
    Send(Vec<u8>),
}

/// The most handshakes of one endpoint that are answered and not confirmed, of callers that are known by then; and as many of
/// others, so that these take nobody's place.
pub(super) const MOST_PENDING: usize = 1 << 12;
/// A certificate of more bytes than that is sent to those alone that have a cookie: an answer that is many times the question
/// is sent to nobody who may not have asked.
const MOST_UNASKED: usize = 256;

impl Listener {
    /// For tenants of that keyring.
    #[must_use]
    pub fn new(keyring: &Keyring) -> Self {
        Self {
            keyring: keyring.clone(),
            entries: HashMap::new(),
            numbers: HashMap::new(),
            next: 0,
            open: HashSet::new(),
            routes: HashMap::new(),
            routed: None,
            pending: HashMap::new(),
            cleared: 0,
            cookies: None,
            load: Load::new(),
            clock: Clock::default(),
            process: None,
        }
    }

    /// From when on cookies are asked for, and when packets are dropped.
    #[must_use]
    pub fn load(mut self, load: Load) -> Self {
        self.load = load;
        self
    }

    /// As [`Endpoint::clock`], for cookies, rates and handshakes that nobody completes.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.clock = Clock::of(clock);
        self
    }

    /// Answers for an endpoint: those that it expects, and, if it has a [`Directory`](super::Directory), those that it
    /// does not know beforehand.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`] if it is there, or another of the same tenant, purpose and context has a directory: who calls
    /// without knowing anybody would not say which. [`Error::Value`] for a tenant of another keyring;
    /// [`Error::Suspended`], [`Error::Shredded`], [`Error::Io`], [`Error::Store`].
    pub fn add(&mut self, endpoint: &Endpoint) -> Result<(), Error> {
        if !endpoint.tenant.keyring().is_same(&self.keyring) {
            return Err(Error::Value);
        }
        let is_open = endpoint.directory.is_some();
        if self.number(endpoint).is_some() || is_open && self.open.contains(&endpoint.place()) {
            return Err(Error::AlreadyExists);
        }
        let psks = endpoint.psks()?;
        let entry = Entry {
            endpoint: endpoint.clone(),
            psks,
            peers: HashMap::new(),
            latest: HashMap::new(),
            came: Bucket::default(),
            looked_at: Bucket::default(),
            seen: Seen::default(),
            pending: [0; 2],
        };
        self.routes.extend(entry.routes(self.next)?);
        if is_open {
            self.open.insert(endpoint.place());
        }
        self.numbers.insert(endpoint.name(), self.next);
        self.entries.insert(self.next, entry);
        self.next += 1;
        Ok(())
    }

    /// No longer answers for an endpoint, and forgets whom it expected. Its handshakes that are not confirmed end;
    /// sessions that are there go on.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownPrincipal`] if it was not added.
    pub fn remove(&mut self, endpoint: &Endpoint) -> Result<(), Error> {
        let number = self.number(endpoint).ok_or(Error::UnknownPrincipal)?;
        self.drop_pending(|pending| pending.entry == number);
        self.routes.retain(|_, route| route.entry != number);
        let entry = self.entries.remove(&number);
        self.numbers.remove(&endpoint.name());
        if entry.is_some_and(|entry| entry.endpoint.directory.is_some()) {
            self.open.remove(&endpoint.place());
        }
        Ok(())
    }

    /// Has an endpoint expect a peer, with the ticket that both have, if there is one. The same peer may be expected under
    /// several.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownPrincipal`] if the endpoint was not added; as [`Listener::add`].
    pub fn expect(&mut self, endpoint: &Endpoint, peer: &Peer) -> Result<(), Error> {
        let number = self.number(endpoint).ok_or(Error::UnknownPrincipal)?;
        let entry = self.entries.get_mut(&number).ok_or(Error::UnknownPrincipal)?;
        let routes = routes_of_peer(&entry.endpoint, &entry.endpoint.psks()?, number, peer)?;
        entry.peers.insert(peer.name(), peer.clone());
        self.routes.extend(routes);
        Ok(())
    }

    /// Has an endpoint no longer expect a peer under that key and ticket. Handshakes of that key that are not confirmed end;
    /// sessions that are there go on.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownPrincipal`] if the endpoint was not added or the peer was not expected.
    pub fn forget(&mut self, endpoint: &Endpoint, peer: &Peer) -> Result<(), Error> {
        let number = self.number(endpoint).ok_or(Error::UnknownPrincipal)?;
        let entry = self.entries.get_mut(&number).ok_or(Error::UnknownPrincipal)?;
        let name = peer.name();
        entry.peers.remove(&name).ok_or(Error::UnknownPrincipal)?;
        if entry.endpoint.directory.is_none() && entry.peers.values().all(|other| other.key != peer.key) {
            entry.latest.remove(&peer.key);
        }
        self.drop_pending(|pending| pending.entry == number && pending.peer == Some(peer.key));
        self.routes.retain(|_, route| {
            route.entry != number || route.peer.as_ref().is_none_or(|other| other.name() != name)
        });
        Ok(())
    }

    /// Takes a packet that came from `source` and is of no session that the program knows
    /// ([`receiver_index`](super::receiver_index) finds those that it does).
    ///
    /// # Errors
    ///
    /// [`Error::Open`] for whatever is not to be answered: drop it silently. [`Error::Forked`];
    /// [`Error::Random`], [`Error::Io`], [`Error::Store`]; to the sender they are silence too.
    pub fn receive(&mut self, source: SocketAddr, packet: &[u8]) -> Result<Incoming, Error> {
        self.receive_with(source, packet, &mut Os)
    }

    pub(super) fn receive_with(
        &mut self,
        source: SocketAddr,
        packet: &[u8],
        rng: &mut impl RandomSource,
    ) -> Result<Incoming, Error> {
        if self.process.is_none() {
            self.process = Some(Process::current()?);
        }
        self.process.as_ref().map_or(Ok(()), Process::check)?;
        let now = self.clock.now();
        if now.saturating_sub(self.cleared) >= SECOND {
            self.cleared = now;
            self.drop_pending(|pending| now.saturating_sub(pending.since) >= HANDSHAKE);
        }
        match Packet::parse(packet)? {
            Packet::Initiation(initiation) => self.answer(source, &initiation, now, rng),
            Packet::Final(message) => self.finish(&message, now),
            Packet::Data => self.confirm(packet, now),
            Packet::Cookie(_) | Packet::Response(_) => Err(Error::Open),
        }
    }

    /// How many handshakes are answered and not confirmed.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    fn number(&self, endpoint: &Endpoint) -> Option<u64> {
        let is_ours = endpoint.tenant.keyring().is_same(&self.keyring);
        self.numbers.get(&endpoint.name()).copied().filter(|_| is_ours)
    }

    fn answer(
        &mut self,
        source: SocketAddr,
        packet: &Initiation<'_>,
        now: u64,
        rng: &mut impl RandomSource,
    ) -> Result<Incoming, Error> {
        let route = self.route(packet.hint, now)?;
        if route.pattern != packet.pattern || !ct_eq(&mac1_of(&route.psk, packet.before_mac1), packet.mac1) {
            return Err(Error::Open);
        }
        // Asked of the store only now, if it has to be.
        match self.check_live(&route) {
            // Until something changes there is nothing to be asked.
            Err(Error::Open) => {
                self.routes.remove(packet.hint);
                return Err(Error::Open);
            }
            checked => checked?,
        }
        if let Some(cookie) = self.weigh(source, packet, &route, now, rng)? {
            return Ok(Incoming::Send(cookie));
        }
        let entry = self.entries.get_mut(&route.entry).ok_or(Error::Open)?;
        let [known, unknown] = entry.pending;
        let pending = if route.pattern == Pattern::Xx { unknown } else { known };
        if pending >= MOST_PENDING {
            return Err(Error::Open);
        }
        let (state, ticket, initiator) = read_initiation(&entry.endpoint, packet, &route)?;
        if let Some((peer, timestamp)) = &initiator {
            // Only after everything else: whoever is refused has not moved anybody's time.
            let latest = entry.latest.entry(peer.key).or_default();
            if *timestamp > nanoseconds_since_1970().saturating_add(MOST_AHEAD)
                || *timestamp <= latest.timestamp
                || latest.bucket.count(now) > self.load.per_peer
            {
                return Err(Error::Open);
            }
            latest.timestamp = *timestamp;
        }
        let initiator = initiator.map(|(peer, _)| peer);
        let peer = initiator.as_ref().map(|peer| peer.key);
        let (index, stage, reply) = respond(&entry.endpoint, packet, &route, state, ticket, initiator, rng)?;
        let pending = Pending { since: now, entry: route.entry, peer, stage };
        *pending.of(entry) += 1;
        self.pending.insert(index, pending);
        Ok(Incoming::Send(reply))
    }

    /// Ends handshakes that are not confirmed.
    fn drop_pending(&mut self, is_over: impl Fn(&Pending) -> bool) {
        let entries = &mut self.entries;
        self.pending.retain(|_, pending| {
            let stays = !is_over(pending);
            if !stays {
                pending.leave(entries);
            }
            stays
        });
    }

    fn take_pending(&mut self, index: u32) -> Result<Pending, Error> {
        let pending = self.pending.remove(&index).ok_or(Error::Open)?;
        pending.leave(&mut self.entries);
        Ok(pending)
    }

    /// What a hint stands for.
    fn route(&mut self, hint: &[u8; HINT_LEN], now: u64) -> Result<Route, Error> {
        if !self.routes.contains_key(hint) {
            self.route_anew(now)?;
        }
        self.routes.get(hint).cloned().ok_or(Error::Open)
    }

    /// Whether the psk epoch of a route is live.
    fn check_live(&self, route: &Route) -> Result<(), Error> {
        let entry = self.entries.get(&route.entry).ok_or(Error::Open)?;
        let psks = entry.endpoint.psks().map_err(silence)?;
        if psks.iter().any(|psk| psk.epoch == route.psk.epoch) { Ok(()) } else { Err(Error::Open) }
    }

    /// Makes the routes again, if a tenant may have a new psk epoch; at most once a second, whoever asks.
    fn route_anew(&mut self, now: u64) -> Result<(), Error> {
        let serial = self.keyring.serial()?;
        if self.routed.is_some_and(|(routed, when)| serial == routed || now.saturating_sub(when) < SECOND) {
            return Ok(());
        }
        let mut outcome = Ok(());
        let (mut gone, mut routes) = (HashSet::new(), Vec::new());
        for (number, entry) in &mut self.entries {
            match entry.endpoint.psks() {
                Ok(psks) if Arc::ptr_eq(&psks, &entry.psks) => {}
                Ok(psks) => {
                    entry.psks = psks;
                    gone.insert(*number);
                    match entry.routes(*number) {
                        Ok(more) => routes.extend(more),
                        Err(error) => outcome = Err(error),
                    }
                }
                // Those that are there stay, and the store is asked again in a second.
                Err(error @ (Error::Io(_) | Error::Store(_))) => outcome = Err(error),
                // One whose tenant is suspended has no routes until it is restored.
                Err(_) => {
                    entry.psks = Arc::default();
                    gone.insert(*number);
                }
            }
        }
        self.routes.retain(|_, route| !gone.contains(&route.entry));
        self.routes.extend(routes);
        let routed = if outcome.is_ok() { serial } else { self.routed.map_or(0, |(routed, _)| routed) };
        self.routed = Some((routed, now));
        outcome
    }

    /// The cookie to send in place of an answer, if there is too much to do.
    fn weigh(
        &mut self,
        source: SocketAddr,
        packet: &Initiation<'_>,
        route: &Route,
        now: u64,
        rng: &mut impl RandomSource,
    ) -> Result<Option<Vec<u8>>, Error> {
        let cookies = match &mut self.cookies {
            Some(cookies) => {
                cookies.rotate(now, rng)?;
                cookies
            }
            none => none.insert(CookieSecrets::new(now, rng)?),
        };
        let has_cookie = *packet.mac2 != [0; MAC_LEN];
        if has_cookie && !cookies.verify((source, packet.hint), packet.before_mac2, packet.mac2)? {
            return Err(Error::Open);
        }
        let entry = self.entries.get_mut(&route.entry).ok_or(Error::Open)?;
        let is_long = route.pattern == Pattern::Xx && entry.endpoint.certificate.len() > MOST_UNASKED;
        let is_busy = entry.came.count(now) > self.load.cookies_after
            || u32::try_from(entry.pending.iter().sum::<usize>())
                .is_ok_and(|pending| pending >= self.load.cookies_after);
        if (is_long || is_busy) && !has_cookie {
            return cookies
                .reply(&route.psk, (source, packet.hint), packet.sender, packet.mac1, rng)
                .map(Some);
        }
        // Looked at once: whoever repeats what was recorded has nothing computed, takes no place and is not counted.
        if entry.seen.contains(packet.mac1) {
            return Err(Error::Open);
        }
        // Only of those that have a cookie, where cookies are asked for.
        if entry.looked_at.count(now) > self.load.most {
            return Err(Error::Open);
        }
        entry.seen.note(packet.mac1);
        Ok(None)
    }

    fn finish(&mut self, message: &Handshake<'_>, now: u64) -> Result<Incoming, Error> {
        let pending = self.pending.get(&message.receiver).ok_or(Error::Open)?;
        let Stage::Final(waiting) = &pending.stage else { return Err(Error::Open) };
        let Final { psk, state, .. } = &**waiting;
        if now.saturating_sub(pending.since) >= HANDSHAKE
            || message.pattern != Pattern::Xx
            || !ct_eq(&mac1_of(psk, message.before_mac1), message.mac1)
        {
            return Err(Error::Open);
        }
        let (payload, next) = state.read_message(message.noise)?;
        let payload = Payload::parse(&payload, message.header)?;

        // From here on the message is of whoever began the handshake, and is not read again, whatever comes of it.
        let Pending { stage, entry, .. } = self.take_pending(message.receiver)?;
        let (Stage::Final(waiting), Next::Established(keys), Some(id)) = (stage, next, &payload.id) else {
            return Err(Error::Open);
        };
        let Final { endpoint, index, peer_index, .. } = *waiting;
        let key = PublicKey::from_bytes(&keys.remote_static.ok_or(Error::Open)?);
        endpoint.check_claim(id, key, payload.certificate())?;
        let peer = identity(&endpoint, id, key)?;
        let entry = self.entries.get_mut(&entry).ok_or(Error::Open)?;
        if entry.latest.entry(key).or_default().bucket.count(now) > self.load.per_peer {
            return Err(Error::Open);
        }
        let session = Session::new(&endpoint, peer, *keys, index, peer_index)?;
        Ok(Incoming::Established(Box::new(session), Vec::new()))
    }

    fn confirm(&mut self, packet: &[u8], now: u64) -> Result<Incoming, Error> {
        let index = receiver_index(packet).ok_or(Error::Open)?;
        let pending = self.pending.get_mut(&index).ok_or(Error::Open)?;
        let Stage::Confirmation(session) = &mut pending.stage else { return Err(Error::Open) };
        if now.saturating_sub(pending.since) >= HANDSHAKE {
            return Err(Error::Open);
        }
        let mut packet = Zeroizing::new(packet.to_vec());
        let first = match session.halves_mut().1.open(&mut packet) {
            Ok(first) => first.to_vec(),
            Err(error @ (Error::Forked | Error::Io(_) | Error::Open | Error::Store(_))) => return Err(error),
            // It has ended before it began; the other side is not told.
            Err(_) => {
                self.take_pending(index)?;
                return Err(Error::Open);
            }
        };
        match self.take_pending(index)?.stage {
            Stage::Confirmation(session) => Ok(Incoming::Established(session, first)),
            Stage::Final(_) => Err(Error::Open),
        }
    }
}

impl Entry {
    fn routes(&self, number: u64) -> Result<Vec<([u8; HINT_LEN], Route)>, Error> {
        let (endpoint, psks) = (&self.endpoint, &self.psks);
        let mut routes = Vec::new();
        for peer in self.peers.values() {
            routes.extend(routes_of_peer(endpoint, psks, number, peer)?);
        }
        for psk in psks.iter().filter(|_| endpoint.directory.is_some()) {
            for pattern in [Pattern::Ik, Pattern::Xx] {
                let hint = endpoint.parties(pattern, None, false).hint(psk)?;
                routes.push((hint, Route { entry: number, pattern, psk: psk.clone(), peer: None }));
            }
        }
        Ok(routes)
    }
}

fn routes_of_peer(
    endpoint: &Endpoint,
    psks: &Psks,
    number: u64,
    peer: &Peer,
) -> Result<Vec<([u8; HINT_LEN], Route)>, Error> {
    let route = |psk: &Arc<Psk>| {
        let hint = endpoint.parties(Pattern::Kk, Some(peer), false).hint(psk)?;
        let (psk, peer) = (psk.clone(), Some(peer.clone()));
        Ok((hint, Route { entry: number, pattern: Pattern::Kk, psk, peer }))
    };
    psks.iter().map(route).collect()
}

/// Who the other side is. That it may not speak is not told to it.
fn identity(endpoint: &Endpoint, id: &PrincipalId, key: PublicKey) -> Result<Identity, Error> {
    Identity::new(endpoint, id, key).map_err(silence)
}

/// What a caller is refused for is not told; that the store does not answer is told to the program.
fn silence(error: Error) -> Error {
    match error {
        Error::Io(_) | Error::Store(_) => error,
        _ => Error::Open,
    }
}

/// Reads a first message: the state that answers, the ticket's key, and who it is from and its timestamp, unless that
/// comes later.
#[allow(clippy::type_complexity, reason = "three things that are used at once")]
fn read_initiation(
    endpoint: &Endpoint,
    packet: &Initiation<'_>,
    route: &Route,
) -> Result<(WriteState, Arc<Secret<32>>, Option<(Identity, u64)>), Error> {
    let parties = endpoint.parties(route.pattern, route.peer.as_ref(), false);
    let keys = Keys {
        s: Some(endpoint.key.clone()),
        rs: route.peer.as_ref().map(|peer| *peer.key.as_bytes()),
        psks: vec![route.psk.tenant.clone()],
    };
    let state = ReadState::responder(route.pattern.noise(), &parties.prologue(&route.psk)?, keys)?;
    let (payload, next) = state.read_message(packet.noise)?;
    let payload = Payload::parse(&payload, packet.header)?;
    let Next::Write(state) = next else { return Err(Error::Open) };
    let initiator = match (route.pattern, &route.peer, &payload.id) {
        (Pattern::Kk, Some(peer), None) => Some(identity(endpoint, &peer.id, peer.key)?),
        (Pattern::Ik, None, Some(id)) => {
            let key = PublicKey::from_bytes(state.remote_static().ok_or(Error::Open)?);
            endpoint.check_claim(id, key, payload.certificate())?;
            Some(identity(endpoint, id, key)?)
        }
        // The answer says who this is: not if that may not be said any more.
        (Pattern::Xx, None, None) => endpoint.check_own().map_err(silence).map(|()| None)?,
        _ => return Err(Error::Open),
    };
    let known = route.peer.as_ref().and_then(|peer| peer.ticket.as_ref());
    let ticket = match (known, payload.ticket_id) {
        (Some(ticket), []) => ticket.key.clone(),
        (None, []) => route.psk.no_ticket.clone(),
        (None, id) if route.pattern == Pattern::Ik => {
            let ticket = endpoint.need_directory()?.ticket(id).map_err(|_| Error::Open)?;
            if *ticket.id != *id {
                return Err(Error::Open);
            }
            ticket.key
        }
        _ => return Err(Error::Open),
    };
    Ok((state, ticket, initiator.map(|initiator| (initiator, payload.timestamp))))
}

/// Writes the second message: the number of the session, what it waits for, and the packet.
fn respond(
    endpoint: &Endpoint,
    packet: &Initiation<'_>,
    route: &Route,
    mut state: WriteState,
    ticket: Arc<Secret<32>>,
    initiator: Option<Identity>,
    rng: &mut impl RandomSource,
) -> Result<(u32, Stage, Vec<u8>), Error> {
    let index = Index::allocate(rng)?;
    let number = index.number();
    let mut reply = packet::response_header(route.pattern, packet.sender, number);
    let unknown = route.pattern == Pattern::Xx;
    let payload = Payload {
        header: &reply,
        id: unknown.then(|| endpoint.id.clone()),
        certificate: if unknown { &endpoint.certificate } else { &[] },
        ..Payload::default()
    };
    let payload = payload.to_bytes()?;
    state.add_psk(ticket);
    let next = state.write_message(&payload, rng, &mut reply)?;
    reply.extend_from_slice(&mac1_of(&route.psk, &reply));
    let stage = match (next, initiator) {
        (Next::Established(keys), Some(peer)) => {
            Stage::Confirmation(Box::new(Session::new(endpoint, peer, *keys, index, packet.sender)?))
        }
        (Next::Read(state), None) => {
            let (endpoint, psk) = (endpoint.clone(), route.psk.clone());
            Stage::Final(Box::new(Final { endpoint, psk, state, index, peer_index: packet.sender }))
        }
        _ => return Err(Error::Open),
    };
    Ok((number, stage, reply))
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("endpoints", &self.entries.len())
            .field("pending", &self.pending.len())
            .finish_non_exhaustive()
    }
}
