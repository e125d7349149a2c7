//! The side that calls.

use core::fmt;
use std::sync::Arc;

use super::{
    clock::SECOND,
    cookie::{self, mac1_of, mac2_of},
    endpoint::Endpoint,
    established::{Identity, Session},
    index::Index,
    key::PublicKey,
    packet::{self, Handshake, MAC_LEN, Packet},
    parties::Pattern,
    payload::Payload,
    peer::Peer,
    process::Process,
    psk::Psk,
};
use crate::{
    encoding::ct_eq,
    error::Error,
    noise::{Established, Keys, Next, ReadState, WriteState},
    primitive::rng::{Os, RandomSource},
    tenant::PrincipalId,
};

/// How long a handshake may take.
pub(super) const HANDSHAKE: u64 = 15 * SECOND;

/// How many cookies a handshake takes: its address may change, and the listener's secret.
const MOST_COOKIES: u8 = 4;

/// A handshake that waits for the answer. Its packet is sent; if no answer comes within some seconds, a new one is made.
pub struct Initiator {
    endpoint: Endpoint,
    psk: Arc<Psk>,
    pattern: Pattern,
    process: Process,
    since: u64,
    packet: Vec<u8>,
    /// How many cookies it was given.
    cookies: u8,
    /// `None` when the answer was there.
    waiting: Option<Waiting>,
}

struct Waiting {
    state: ReadState,
    index: Index,
    /// Who will answer, with its key, if that is known.
    peer: Option<Identity>,
    /// Who must, if its key is not.
    expected: Option<PrincipalId>,
}

/// What a packet brought a handshake to.
#[derive(Debug)]
pub enum Progress {
    /// The session, and a packet to send at once: only then does the other side know that it is there. Any packet of
    /// the session tells it as well, so where that one may be lost, send another (an empty one will do) until something
    /// comes back. Of XX it is the third message, and only that one again will do. An older session with the same peer
    /// goes on until then.
    Established(Box<Session>, Vec<u8>),
    /// The other side has much to do, and wants to see that this side receives what is sent to its address:
    /// [`Initiator::packet`] says so now. Send it again.
    Resend,
}

impl Initiator {
    pub(super) fn start(endpoint: &Endpoint, pattern: Pattern, peer: Option<&Peer>) -> Result<Self, Error> {
        Self::start_with(endpoint, pattern, peer, endpoint.timestamp(), &mut Os)
    }

    /// Refuses the answer of anybody else.
    pub(super) fn expecting(mut self, id: &PrincipalId) -> Self {
        if let Some(waiting) = &mut self.waiting {
            waiting.expected = Some(id.clone());
        }
        self
    }

    pub(super) fn start_with(
        endpoint: &Endpoint,
        pattern: Pattern,
        peer: Option<&Peer>,
        timestamp: u64,
        rng: &mut impl RandomSource,
    ) -> Result<Self, Error> {
        let known = match peer {
            Some(peer) => Some(Identity::new(endpoint, &peer.id, peer.key)?),
            None => {
                endpoint.tenant.check_principal(&endpoint.id)?;
                None
            }
        };
        let psk = endpoint.psks()?.first().ok_or(Error::UnknownKey)?.clone();
        let parties = endpoint.parties(pattern, peer, true);
        let ticket = peer.and_then(|peer| peer.ticket.as_ref());
        let last = ticket.map_or(&psk.no_ticket, |ticket| &ticket.key);
        let keys = Keys {
            s: Some(endpoint.key.clone()),
            rs: peer.map(|peer| *peer.key.as_bytes()),
            psks: vec![psk.tenant.clone(), last.clone()],
        };
        let state = WriteState::initiator(pattern.noise(), &parties.prologue(&psk)?, keys)?;

        let index = Index::allocate(rng)?;
        let mut packet = packet::initiation_header(pattern, index.number(), parties.hint(&psk)?);
        let payload = Payload {
            header: &packet,
            timestamp,
            // Only encrypted to the responder's static key.
            id: (pattern == Pattern::Ik).then(|| endpoint.id.clone()),
            certificate: if pattern == Pattern::Ik { &endpoint.certificate } else { &[] },
            ticket_id: if pattern == Pattern::Ik { ticket.map_or(&[], |ticket| &ticket.id) } else { &[] },
        };
        let payload = payload.to_bytes()?;
        let Next::Read(state) = state.write_message(&payload, rng, &mut packet)? else {
            return Err(Error::Value);
        };
        packet.extend_from_slice(&mac1_of(&psk, &packet));
        packet.extend_from_slice(&[0; MAC_LEN]);
        Ok(Self {
            endpoint: endpoint.clone(),
            psk,
            pattern,
            process: Process::current()?,
            since: endpoint.clock.now(),
            packet,
            cookies: 0,
            waiting: Some(Waiting { state, index, peer: known, expected: None }),
        })
    }

    /// The packet to send. The same packet is answered once; who hears nothing makes a new handshake.
    #[must_use]
    pub fn packet(&self) -> &[u8] {
        &self.packet
    }

    /// The number in the packets that answer this one: [`receiver_index`](super::receiver_index). `None` once the session
    /// is there.
    #[must_use]
    pub fn index(&self) -> Option<u32> {
        self.waiting.as_ref().map(|waiting| waiting.index.number())
    }

    /// Reads a packet that came back. One that is refused changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] if it is not the genuine answer; drop it silently, and go on waiting. [`Error::SessionExpired`] after 15
    /// seconds; [`Error::Suspended`], [`Error::Removed`], [`Error::UnknownPrincipal`] for either side;
    /// [`Error::Forked`]; [`Error::Random`], [`Error::Io`], [`Error::Store`].
    pub fn receive(&mut self, packet: &[u8]) -> Result<Progress, Error> {
        self.process.check()?;
        if self.endpoint.clock.now().saturating_sub(self.since) >= HANDSHAKE {
            return Err(Error::SessionExpired);
        }
        match Packet::parse(packet)? {
            Packet::Response(response) => self.finish(&response),
            Packet::Cookie(reply) if Some(reply.receiver) == self.index() => {
                let (covered, mac2) = self.packet.split_last_chunk_mut::<MAC_LEN>().ok_or(Error::Open)?;
                let mac1 = covered.last_chunk::<MAC_LEN>().ok_or(Error::Open)?;
                let given = mac2_of(&cookie::open(&self.psk, &reply, mac1)?, covered);
                // One that was recorded would have a packet sent each time.
                if given == *mac2 || self.cookies == MOST_COOKIES {
                    return Err(Error::Open);
                }
                *mac2 = given;
                self.cookies += 1;
                Ok(Progress::Resend)
            }
            _ => Err(Error::Open),
        }
    }

    fn finish(&mut self, response: &Handshake<'_>) -> Result<Progress, Error> {
        let waiting = self.waiting.as_ref().ok_or(Error::Open)?;
        if response.pattern != self.pattern
            || response.receiver != waiting.index.number()
            || !ct_eq(&mac1_of(&self.psk, response.before_mac1), response.mac1)
        {
            return Err(Error::Open);
        }
        let (payload, next) = waiting.state.read_message(response.noise)?;
        let payload = Payload::parse(&payload, response.header)?;
        let claimed = match (&next, &waiting.peer, &payload.id) {
            (_, Some(_), None) => None,
            (Next::Write(state), None, Some(id)) => {
                // Before it has learned who calls.
                if waiting.expected.as_ref().is_some_and(|expected| expected != id) {
                    return Err(Error::Open);
                }
                let key = PublicKey::from_bytes(state.remote_static().ok_or(Error::Open)?);
                self.endpoint.check_claim(id, key, payload.certificate())?;
                Some(Identity::new(&self.endpoint, id, key)?)
            }
            _ => return Err(Error::Open),
        };

        // From here on the answer is genuine, and is not read again: its keys are good for one session.
        let Waiting { index, peer: known, .. } = self.waiting.take().ok_or(Error::Open)?;
        let peer = known.or(claimed).ok_or(Error::Open)?;
        match next {
            Next::Established(keys) => {
                let mut session = Session::new(&self.endpoint, peer, *keys, index, response.sender)?;
                let mut confirmation = Vec::new();
                session.halves_mut().0.seal(b"", &mut confirmation)?;
                Ok(Progress::Established(Box::new(session), confirmation))
            }
            Next::Write(state) => {
                let (keys, packet) = self.last_message(state, response.sender)?;
                let session = Session::new(&self.endpoint, peer, keys, index, response.sender)?;
                Ok(Progress::Established(Box::new(session), packet))
            }
            Next::Read(_) => Err(Error::Open),
        }
    }

    /// The third message: who this is.
    fn last_message(&self, state: WriteState, receiver: u32) -> Result<(Established, Vec<u8>), Error> {
        let mut packet = packet::final_header(self.pattern, receiver);
        let payload = Payload {
            header: &packet,
            id: Some(self.endpoint.id.clone()),
            certificate: &self.endpoint.certificate,
            ..Payload::default()
        };
        let payload = payload.to_bytes()?;
        let Next::Established(keys) = state.write_message(&payload, &mut Os, &mut packet)? else {
            return Err(Error::Value);
        };
        packet.extend_from_slice(&mac1_of(&self.psk, &packet));
        Ok((*keys, packet))
    }
}

impl fmt::Debug for Initiator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Initiator").field("index", &self.index()).finish_non_exhaustive()
    }
}
