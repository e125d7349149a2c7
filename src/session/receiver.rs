//! The half of a session that opens.

use core::fmt;
use std::sync::Arc;

use super::{
    clock::{Clock, SECOND},
    index::Index,
    limits::Limits,
    packet::{DATA_HEADER, DataHeader, Mode},
    process::Process,
    standing::Standing,
    window::Window,
};
use crate::{error::Error, noise::TransportKey, primitive::aead::TAG_LEN};

/// Opens datagrams, each once. One thread at a time; those of different sessions share nothing.
///
/// What does not open changes nothing but a count.
pub struct Receiver {
    limits: Limits,
    clock: Clock,
    process: Process,
    standing: Arc<Standing>,
    mode: Mode,
    index: Index,
    since: u64,
    phase: u16,
    key: TransportKey,
    /// The key of the phase before, while its last packets may still be on the way.
    previous: Option<Previous>,
    window: Window,
    counts: Counts,
}

struct Previous {
    key: TransportKey,
    until: u64,
}

/// What became of the packets that a receiver was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// They were genuine, and opened.
    pub opened: u64,
    /// They were no packets of this session, or altered.
    pub refused: u64,
    /// They had been opened before, or were older than the window.
    pub repeated: u64,
}

/// How long the key of a phase is kept after the next has begun.
const OVERLAP: u64 = 10 * SECOND;
/// How many phases ahead a packet may be: as many as may pass with every packet lost.
const AHEAD: u16 = 8;

/// A phase that a packet was the first of.
struct Later {
    phase: u16,
    key: TransportKey,
    /// The key of the phase before it, unless that is the current one.
    before: Option<TransportKey>,
}

impl Receiver {
    pub(super) fn new(
        key: TransportKey,
        index: Index,
        standing: Arc<Standing>,
        limits: Limits,
        clock: Clock,
    ) -> Result<Self, Error> {
        Ok(Self {
            limits,
            since: clock.now(),
            clock,
            process: Process::current()?,
            standing,
            mode: Mode::Datagram,
            index,
            phase: 0,
            key,
            previous: None,
            window: Window::new(limits.window),
            counts: Counts::default(),
        })
    }

    /// Opens a datagram in place and returns what is in it, which may be empty: a packet that only says that the other
    /// side is there.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] if it is not genuine, was opened before, or is too old; drop it silently. `packet` is zeroed, as
    /// far as it was decrypted. [`Error::SessionExpired`] when the session has reached a limit; [`Error::Suspended`],
    /// [`Error::Removed`], [`Error::Shredded`] when it was ended; [`Error::Forked`]; [`Error::Io`], [`Error::Store`],
    /// [`Error::Malformed`] when the store of keys does not answer for too long, or its entries cannot be read;
    /// [`Error::RolledBack`] when it is older than it was.
    pub fn open<'p>(&mut self, packet: &'p mut [u8]) -> Result<&'p mut [u8], Error> {
        self.open_numbered(packet).map(|(_, plaintext)| plaintext)
    }

    /// As [`Receiver::open`], with the packet's counter.
    pub(super) fn open_numbered<'p>(&mut self, packet: &'p mut [u8]) -> Result<(u64, &'p mut [u8]), Error> {
        self.process.check()?;
        self.standing.check()?;
        let now = self.clock.now();
        if now.saturating_sub(self.since) >= self.limits.lifetime
            || self.counts.refused >= self.limits.failures
        {
            return Err(Error::SessionExpired);
        }
        let Some((header, header_bytes, body, tag)) = self.parse(packet) else {
            self.counts.refused += 1;
            return Err(Error::Open);
        };
        // Looked at before anything is computed; noted after everything has verified.
        if !self.window.is_fresh(header.counter) {
            self.counts.repeated += 1;
            return Err(Error::Open);
        }
        match self.decrypt(&header, &header_bytes, body, &tag, now) {
            Ok(later) => {
                self.commit(&header, later, now);
                Ok((header.counter, body))
            }
            Err(_) => {
                self.counts.refused += 1;
                Err(Error::Open)
            }
        }
    }

    /// The number in the packets for this session: [`receiver_index`](super::receiver_index).
    #[must_use]
    pub fn index(&self) -> u32 {
        self.index.number()
    }

    /// Whether it is time for a new handshake, as far as this side can see:
    /// [`Sender::rekey_due`](super::Sender::rekey_due) of either side may be first.
    #[must_use]
    pub fn rekey_due(&self) -> bool {
        let age = self.clock.now().saturating_sub(self.since);
        age >= self.limits.due
            || self.window.next() >= self.limits.packets / 2
            || self.phase >= Limits::PHASES_DUE
    }

    /// What became of the packets so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    pub(super) fn into_stream(mut self) -> Self {
        (self.mode, self.limits) = (Mode::Stream, self.limits.of_stream());
        self
    }

    /// `None` for what is no packet of this session: visible without a key.
    #[allow(clippy::type_complexity, reason = "the parts of a packet")]
    fn parse<'p>(
        &self,
        packet: &'p mut [u8],
    ) -> Option<(DataHeader, [u8; DATA_HEADER], &'p mut [u8], [u8; TAG_LEN])> {
        let (bytes, rest) = packet.split_first_chunk_mut::<DATA_HEADER>()?;
        let (body, tag) = rest.split_last_chunk_mut::<TAG_LEN>()?;
        let header = DataHeader::parse(bytes, self.mode)?;
        // No sender counts so far.
        let possible = header.receiver == self.index.number() && header.counter < Limits::new().packets;
        possible.then_some((header, *bytes, body, *tag))
    }

    /// Opens the body. What it says of a later phase is not yet noted.
    fn decrypt(
        &self,
        header: &DataHeader,
        aad: &[u8; DATA_HEADER],
        body: &mut [u8],
        tag: &[u8; TAG_LEN],
        now: u64,
    ) -> Result<Option<Box<Later>>, Error> {
        let open = |key: &TransportKey, body: &mut [u8]| key.open(header.counter, aad, body, tag);
        if header.key_phase == self.phase {
            return open(&self.key, body).map(|()| None);
        }
        let Some(ahead) = header.key_phase.checked_sub(self.phase) else {
            // Of the phase before, or it does not open: the number is authenticated.
            let previous =
                self.previous.as_ref().filter(|previous| now < previous.until).ok_or(Error::Open)?;
            return open(&previous.key, body).map(|()| None);
        };
        if ahead > AHEAD {
            return Err(Error::Open);
        }
        let (mut before, mut key) = (None, self.key.rekeyed()?);
        for _ in 1..ahead {
            let next = key.rekeyed()?;
            before = Some(core::mem::replace(&mut key, next));
        }
        open(&key, body)?;
        Ok(Some(Box::new(Later { phase: header.key_phase, key, before })))
    }

    fn commit(&mut self, header: &DataHeader, later: Option<Box<Later>>, now: u64) {
        self.window.commit(header.counter);
        self.counts.opened += 1;
        if let Some(later) = later {
            let current = core::mem::replace(&mut self.key, later.key);
            let key = later.before.unwrap_or(current);
            self.previous = Some(Previous { key, until: now.saturating_add(OVERLAP) });
            self.phase = later.phase;
        }
    }

    /// Everything that a packet could have changed.
    #[cfg(test)]
    pub(super) fn state(&self) -> (u16, Window, Counts, bool) {
        (self.phase, self.window.clone(), self.counts, self.previous.is_some())
    }

    #[cfg(test)]
    pub(super) fn set_phase(&mut self, number: u16) {
        self.phase = number;
    }

    #[cfg(test)]
    pub(super) fn counts_mut(&mut self) -> &mut Counts {
        &mut self.counts
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("index", &self.index()).finish_non_exhaustive()
    }
}
