//! The side that answers, for any number of endpoints of any number of tenants.

mod callers;
mod entry;
mod load;
mod respond;

use core::{fmt, time::Duration};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::SocketAddr,
    sync::Arc,
    time::Instant,
};

use entry::{Entry, Round, Route, routes_of_peer};
pub use load::Load;
use respond::{claimed, read_initiation, respond};
use zeroize::Zeroizing;

use super::{
    clock::{Clock, SECOND},
    cookie::{CookieSecrets, mac1_of},
    endpoint::{Endpoint, EndpointName, MOST_AHEAD, Place, nanoseconds_since_1970},
    established::Session,
    index::Index,
    initiator::HANDSHAKE,
    key::PublicKey,
    packet::{HINT_LEN, Handshake, Initiation, MAC_LEN, Packet, receiver_index},
    parties::Pattern,
    payload::Payload,
    peer::Peer,
    process::Process,
    psk::Psk,
};
use crate::{
    encoding::ct_eq,
    error::Error,
    noise::{Next, ReadState},
    primitive::rng::{Os, RandomSource},
    tenant::Keyring,
};

/// Answers the handshakes of others. One thread at a time; the sessions that it gives out share nothing with it.
///
/// It is given every packet that is of no session that the program knows. A packet costs as little as can be until it has
/// shown that it is worth more: a look into a table, a MAC under the tenant's key, and, when there are many, a cookie that
/// shows that its sender receives what is sent to it. Only then is a key agreement computed.
pub struct Listener {
    keyring: Keyring,
    entries: BTreeMap<u64, Entry>,
    /// The number of each endpoint's entry.
    numbers: HashMap<EndpointName, u64>,
    /// The number of the next one.
    next: u64,
    /// Where an endpoint has a directory: whoever calls there knows nobody, so there is one at most.
    open: HashSet<Place>,
    routes: HashMap<[u8; HINT_LEN], Route>,
    round: Round,
    pending: HashMap<u32, Pending>,
    /// When what nobody confirmed was last cleared away.
    cleared: u64,
    cookies: Option<CookieSecrets>,
    load: Load,
    clock: Clock,
    process: Option<Process>,
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
    fn leave(&self, entries: &mut BTreeMap<u64, Entry>) {
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
/// How long a packet may have tenants looked at; one at least is.
const MOST_AT_ONCE: Duration = Duration::from_millis(20);

impl Listener {
    /// For tenants of that keyring.
    #[must_use]
    pub fn new(keyring: &Keyring) -> Self {
        Self {
            keyring: keyring.clone(),
            entries: BTreeMap::new(),
            numbers: HashMap::new(),
            next: 0,
            open: HashSet::new(),
            routes: HashMap::new(),
            round: Round::default(),
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
        let entry = Entry::new(endpoint)?;
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
            entry.callers.forget(&peer.key);
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
    /// [`Error::Random`]; what the store of keys says when it cannot be read, such as [`Error::Io`], [`Error::Store`],
    /// [`Error::RolledBack`]. To the sender they are silence too.
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

    #[cfg(test)]
    pub(super) fn routes(&self) -> usize {
        self.routes.len()
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
        let entry = self.entries.get_mut(&route.entry).ok_or(Error::Open)?;
        if !entry.is_live(&route, now)? {
            // Until something changes there is nothing to be asked.
            self.routes.remove(packet.hint);
            return Err(Error::Open);
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
            let caller = entry.callers.of(peer.key);
            if *timestamp > nanoseconds_since_1970().saturating_add(MOST_AHEAD)
                || *timestamp <= caller.timestamp
                || caller.bucket.count(now) > self.load.per_peer
            {
                return Err(Error::Open);
            }
            caller.timestamp = *timestamp;
        }
        let initiator = initiator.map(|(peer, _)| peer);
        let peer = initiator.as_ref().map(|peer| peer.key);
        let (index, stage, reply) = respond(&entry.endpoint, packet, &route, state, ticket, initiator, rng)?;
        let pending = Pending { since: now, entry: route.entry, peer, stage };
        *pending.of(entry) += 1;
        let oldest = peer.and_then(|key| entry.callers.of(key).answered(index));
        self.pending.insert(index, pending);
        // Its number may be another handshake's by now.
        if let Some(oldest) = oldest.filter(|oldest| self.is_pending_of(*oldest, route.entry, peer)) {
            self.take_pending(oldest)?;
        }
        Ok(Incoming::Send(reply))
    }

    fn is_pending_of(&self, index: u32, entry: u64, peer: Option<PublicKey>) -> bool {
        self.pending.get(&index).is_some_and(|pending| pending.entry == entry && pending.peer == peer)
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

    /// Looks which tenants have another psk epoch, and makes their routes again. It is done for packets that anybody may send:
    /// of many tenants, or of a slow store, a part for each.
    fn route_anew(&mut self, now: u64) -> Result<(), Error> {
        let Some(from) = self.round.from(&self.keyring, now)? else { return Ok(()) };
        let start = Instant::now();
        let (mut gone, mut routes) = (HashSet::new(), Vec::new());
        let mut outcome = Ok(());
        let mut entries = self.entries.range_mut(from..);
        loop {
            let Some((number, entry)) = entries.next() else {
                self.round.end(self.clock.now());
                break;
            };
            let renewed = entry.renew(*number);
            self.round.looked_at(*number, renewed.is_ok());
            match renewed {
                Ok(None) => {}
                Ok(Some(more)) => {
                    gone.insert(*number);
                    routes.extend(more);
                }
                // The routes that are there stay.
                Err(error) => {
                    outcome = Err(error);
                    // Others would not be read either, and each may take as long.
                    if matches!(error, Error::Io(_) | Error::Store(_)) {
                        self.round.rest(self.clock.now());
                        break;
                    }
                }
            }
            if start.elapsed() >= MOST_AT_ONCE {
                break;
            }
        }
        self.routes.retain(|_, route| !gone.contains(&route.entry));
        self.routes.extend(routes);
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
        let Final { endpoint, psk, state, .. } = &**waiting;
        if now.saturating_sub(pending.since) >= HANDSHAKE
            || message.pattern != Pattern::Xx
            || !ct_eq(&mac1_of(psk, message.before_mac1), message.mac1)
        {
            return Err(Error::Open);
        }
        let (payload, next) = state.read_message(message.noise)?;
        let payload = Payload::parse(&payload, message.header)?;
        let key = if let Next::Established(keys) = &next { keys.remote_static.as_ref() } else { None };
        let peer = claimed(endpoint, &payload, key);
        // While nobody knows who may act, the handshake waits: the same message may come again.
        if let Err(error) = &peer
            && *error != Error::Open
        {
            return Err(*error);
        }

        // From here on the message is of whoever began the handshake, and is not read again, whatever comes of it.
        let Pending { stage, entry, .. } = self.take_pending(message.receiver)?;
        let (Stage::Final(waiting), Next::Established(keys)) = (stage, next) else { return Err(Error::Open) };
        let Final { endpoint, index, peer_index, .. } = *waiting;
        let peer = peer?;
        let entry = self.entries.get_mut(&entry).ok_or(Error::Open)?;
        if entry.callers.of(peer.key).bucket.count(now) > self.load.per_peer {
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

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("endpoints", &self.entries.len())
            .field("pending", &self.pending.len())
            .finish_non_exhaustive()
    }
}
