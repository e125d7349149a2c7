//! The half of a session that seals.

use core::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::{
    clock::Clock,
    limits::Limits,
    packet::{DATA_HEADER, DataHeader, Mode},
    process::Process,
    standing::Standing,
};
use crate::{error::Error, noise::TransportKey, primitive::aead::TAG_LEN};

/// Seals datagrams. Share it between threads; it has no clone, and no way to set what it counts.
///
/// Packets may be lost, reordered or repeated on the way; each is opened at most once. A packet is 32 bytes longer than
/// what is in it.
pub struct Sender {
    limits: Limits,
    clock: Clock,
    process: Process,
    standing: Arc<Standing>,
    mode: Mode,
    /// The number that the other side gave to the session.
    receiver: u32,
    since: u64,
    state: Mutex<State>,
}

/// What a packet takes its number and key from, in one step.
pub(super) struct State {
    pub(super) counter: u64,
    pub(super) phase: Phase,
}

/// A key, and what it was used for.
pub(super) struct Phase {
    number: u16,
    key: Arc<TransportKey>,
    since: u64,
    packets: u64,
    bytes: u64,
}

impl Sender {
    /// How far into a packet the plaintext begins, in bytes.
    pub const HEADER: usize = DATA_HEADER;

    /// How much longer a packet is than what is in it, in bytes: the header before it, and a tag of 16 bytes behind it.
    pub const OVERHEAD: usize = DATA_HEADER + TAG_LEN;

    /// The longest packet, in bytes: what a UDP datagram can be at most. A network carries less in one piece.
    pub const MAX_PACKET: usize = 65_507;

    pub(super) fn new(
        key: TransportKey,
        receiver: u32,
        standing: Arc<Standing>,
        limits: Limits,
        clock: Clock,
    ) -> Result<Self, Error> {
        let since = clock.now();
        let phase = Phase { number: 0, key: Arc::new(key), since, packets: 0, bytes: 0 };
        Ok(Self {
            limits,
            clock,
            process: Process::current()?,
            standing,
            mode: Mode::Datagram,
            receiver,
            since,
            state: Mutex::new(State { counter: 0, phase }),
        })
    }

    /// Makes `packet` the datagram, whatever it held. A vector that is used again is not allocated again.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] over [`Sender::MAX_PACKET`]; [`Error::SessionExpired`] when the session has reached a limit: make
    /// a new one; [`Error::Suspended`], [`Error::Removed`], [`Error::Shredded`] when it was ended; [`Error::Forked`];
    /// [`Error::Io`], [`Error::Store`], [`Error::Malformed`] when the store of keys does not answer for too long, or its
    /// entries cannot be read; [`Error::RolledBack`] when it is older than it was. `packet` is empty then.
    pub fn seal(&self, plaintext: &[u8], packet: &mut Vec<u8>) -> Result<(), Error> {
        packet.clear();
        if plaintext.len() > Self::MAX_PACKET - Self::OVERHEAD {
            return Err(Error::TooLong);
        }
        packet.reserve(plaintext.len() + Self::OVERHEAD);
        packet.extend_from_slice(&[0; DATA_HEADER]);
        packet.extend_from_slice(plaintext);
        packet.extend_from_slice(&[0; TAG_LEN]);
        self.seal_in_place(packet).inspect_err(|_| packet.clear())
    }

    /// As [`Sender::seal`], without a copy: `packet` has [`Sender::HEADER`] bytes of any value, the plaintext, and 16
    /// bytes of any value, and becomes the datagram.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] under 32 bytes; as [`Sender::seal`]. `packet` holds the plaintext still then, in its place.
    pub fn seal_in_place(&self, packet: &mut [u8]) -> Result<(), Error> {
        if packet.len() > Self::MAX_PACKET {
            return Err(Error::TooLong);
        }
        let (head, rest) = packet.split_first_chunk_mut::<DATA_HEADER>().ok_or(Error::Value)?;
        let (body, tag) = rest.split_last_chunk_mut::<TAG_LEN>().ok_or(Error::Value)?;
        let (counter, key_phase, key) = self.reserve(body.len())?;
        let header = DataHeader { key_phase, receiver: self.receiver, counter }.to_bytes(self.mode);
        key.seal(counter, &header, body, tag)?;
        *head = header;
        Ok(())
    }

    /// Whether it is time for a new handshake: two thirds of the session's time, half of its packets or half of its key
    /// phases are used. This session goes on until the new one has opened a packet, or it has expired. Only the side that
    /// called can call again, and [`Receiver::rekey_due`](super::Receiver::rekey_due) tells it of what the other side has
    /// sent.
    #[must_use]
    pub fn rekey_due(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.age() >= self.limits.due
            || state.counter >= self.limits.packets / 2
            || state.phase.number >= Limits::PHASES_DUE
    }

    /// Whether the session is of this process, and the two may still speak.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.process.check()?;
        self.standing.check()
    }

    /// How many packets were sealed.
    #[must_use]
    pub fn sealed(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).counter
    }

    pub(super) fn into_stream(mut self) -> Self {
        (self.mode, self.limits) = (Mode::Stream, self.limits.of_stream());
        self
    }

    fn age(&self) -> u64 {
        self.clock.now().saturating_sub(self.since)
    }

    /// A counter that nobody else has, and the key that it is under.
    fn reserve(&self, len: usize) -> Result<(u64, u16, Arc<TransportKey>), Error> {
        self.check()?;
        let len = u64::try_from(len).map_err(|_| Error::TooLong)?;
        let now = self.clock.now();
        if now.saturating_sub(self.since) >= self.limits.lifetime {
            return Err(Error::SessionExpired);
        }
        // Poisoned: every change below is whole, and a counter that was given out stays so.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.counter >= self.limits.packets {
            return Err(Error::SessionExpired);
        }
        state.phase.advance(&self.limits, now, len)?;
        let counter = state.counter;
        state.counter += 1;
        Ok((counter, state.phase.number, state.phase.key.clone()))
    }

    #[cfg(test)]
    pub(super) fn state(&mut self) -> &mut State {
        self.state.get_mut().unwrap()
    }
}

impl Phase {
    /// Counts a packet, in the next phase if this one has reached a limit.
    fn advance(&mut self, limits: &Limits, now: u64, len: u64) -> Result<(), Error> {
        let is_over = self.packets >= limits.phase_packets
            || self.bytes > 0 && self.bytes.saturating_add(len) > limits.phase_bytes
            || now.saturating_sub(self.since) >= limits.phase_time;
        if is_over {
            let number = self.number.checked_add(1).ok_or(Error::SessionExpired)?;
            *self = Self { number, key: Arc::new(self.key.rekeyed()?), since: now, packets: 0, bytes: 0 };
        }
        self.packets += 1;
        self.bytes = self.bytes.saturating_add(len);
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn key(&self) -> &TransportKey {
        &self.key
    }

    #[cfg(test)]
    pub(super) fn set_number(&mut self, number: u16) {
        self.number = number;
    }

    #[cfg(test)]
    pub(super) fn set_used(&mut self, packets: u64, bytes: u64) {
        (self.packets, self.bytes) = (packets, bytes);
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("receiver", &self.receiver).finish_non_exhaustive()
    }
}
