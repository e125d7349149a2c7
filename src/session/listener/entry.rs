//! What a listener knows of an endpoint, and which hints stand for it.

use std::{collections::HashMap, sync::Arc};

use super::{
    callers::Callers,
    load::{Bucket, Seen},
};
use crate::{
    error::Error,
    session::{
        clock::SECOND,
        endpoint::{Endpoint, Psks},
        packet::HINT_LEN,
        parties::Pattern,
        peer::{Peer, PeerName},
        psk::Psk,
    },
    tenant::Keyring,
};

pub(super) struct Entry {
    pub(super) endpoint: Endpoint,
    /// Of which its routes were made.
    psks: Psks,
    /// Whom it expects: those that know its key as it knows theirs.
    pub(super) peers: HashMap<PeerName, Peer>,
    pub(super) callers: Callers,
    /// First messages that came, and those that were looked at.
    pub(super) came: Bucket,
    pub(super) looked_at: Bucket,
    pub(super) seen: Seen,
    /// How many of its handshakes are answered and not confirmed: of callers that are known, and of those that are not yet.
    pub(super) pending: [usize; 2],
    /// Why its keys could not be read, and when they are asked for again.
    failing: Option<(u64, Error)>,
}

/// What a hint stands for.
#[derive(Clone)]
pub(super) struct Route {
    pub(super) entry: u64,
    pub(super) pattern: Pattern,
    pub(super) psk: Arc<Psk>,
    pub(super) peer: Option<Peer>,
}

pub(super) type Routes = Vec<([u8; HINT_LEN], Route)>;

impl Entry {
    pub(super) fn new(endpoint: &Endpoint) -> Result<Self, Error> {
        Ok(Self {
            endpoint: endpoint.clone(),
            psks: endpoint.psks()?,
            peers: HashMap::new(),
            callers: Callers::default(),
            came: Bucket::default(),
            looked_at: Bucket::default(),
            seen: Seen::default(),
            pending: [0; 2],
            failing: None,
        })
    }

    /// Whether the psk epoch of a route of its is live. What cannot be read is asked for once a second, whoever calls.
    pub(super) fn is_live(&mut self, route: &Route, now: u64) -> Result<bool, Error> {
        if let Some((_, error)) = self.failing.filter(|(again, _)| now < *again) {
            return Err(error);
        }
        let psks = self.live_psks();
        self.failing = psks.as_ref().err().map(|error| (now.saturating_add(SECOND), *error));
        Ok(psks?.iter().any(|psk| psk.epoch == route.psk.epoch))
    }

    /// All its routes, if they are others now.
    pub(super) fn renew(&mut self, number: u64) -> Result<Option<Routes>, Error> {
        let psks = self.live_psks()?;
        if Arc::ptr_eq(&psks, &self.psks) {
            return Ok(None);
        }
        self.psks = psks;
        self.routes(number).map(Some)
    }

    /// What its tenant's clients share: nothing, while the tenant is suspended and once it is shredded.
    fn live_psks(&self) -> Result<Psks, Error> {
        match self.endpoint.psks() {
            Err(error) if error.forbids() => Ok(Psks::default()),
            psks => psks,
        }
    }

    pub(super) fn routes(&self, number: u64) -> Result<Routes, Error> {
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

pub(super) fn routes_of_peer(
    endpoint: &Endpoint,
    psks: &Psks,
    number: u64,
    peer: &Peer,
) -> Result<Routes, Error> {
    let route = |psk: &Arc<Psk>| {
        let hint = endpoint.parties(Pattern::Kk, Some(peer), false).hint(psk)?;
        let (psk, peer) = (psk.clone(), Some(peer.clone()));
        Ok((hint, Route { entry: number, pattern: Pattern::Kk, psk, peer }))
    };
    psks.iter().map(route).collect()
}

/// Which entries are looked at: all of them, one after another, whenever the serial number of the keyring has changed.
#[derive(Default)]
pub(super) struct Round {
    /// The serial number at which a whole round began.
    whole: Option<u64>,
    /// That at which this one began, and the number of the entry that is next.
    current: Option<(u64, u64)>,
    /// Whether something of this one could not be read.
    failed: bool,
    /// Before that nothing is looked at, whoever asks.
    again: u64,
}

impl Round {
    /// From which entry on to look now, if there is anything to look at.
    pub(super) fn from(&mut self, keyring: &Keyring, now: u64) -> Result<Option<u64>, Error> {
        if now < self.again {
            return Ok(None);
        }
        if let Some((_, from)) = self.current {
            return Ok(Some(from));
        }
        let serial = keyring.serial().inspect_err(|_| self.rest(now))?;
        if self.whole == Some(serial) {
            return Ok(None);
        }
        (self.current, self.failed) = (Some((serial, 0)), false);
        Ok(Some(0))
    }

    pub(super) fn looked_at(&mut self, number: u64, was_read: bool) {
        self.failed |= !was_read;
        if let Some((_, from)) = &mut self.current {
            *from = number.saturating_add(1);
        }
    }

    /// After the last entry. A round in which something could not be read is none.
    pub(super) fn end(&mut self, now: u64) {
        if let Some((serial, _)) = self.current.take().filter(|_| !self.failed) {
            self.whole = Some(serial);
        }
        self.rest(now);
    }

    /// For a second.
    pub(super) fn rest(&mut self, now: u64) {
        self.again = now.saturating_add(SECOND);
    }
}
