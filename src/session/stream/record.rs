//! Records: data packets with their length before them, in order.

use zeroize::{Zeroize as _, Zeroizing};

use crate::error::Error;
use crate::session::{Receiver, Sender};

/// The most bytes of a stream in one record.
const RECORD: usize = 16_384;
const LENGTH: usize = 2;
/// The longest record, its length included: that, the first byte of the plaintext, and a packet around it.
const LONGEST: usize = LENGTH + Sender::OVERHEAD + 1 + RECORD;

/// The first byte of a record's plaintext.
const DATA: u8 = 0;
const END: u8 = 1;

/// What this side writes.
pub(in crate::session) struct Writing {
    sender: Sender,
    /// A first byte and what is not yet sealed.
    plaintext: Zeroizing<Vec<u8>>,
    /// What is not yet sent, from `sent` on.
    wire: Vec<u8>,
    sent: usize,
    is_finished: bool,
}

impl Writing {
    pub(in crate::session) fn new(sender: Sender) -> Self {
        let mut plaintext = Zeroizing::new(Vec::with_capacity(1 + RECORD));
        plaintext.push(DATA);
        Self { sender, plaintext, wire: Vec::new(), sent: 0, is_finished: false }
    }

    /// Takes as much as there is room for.
    pub(in crate::session) fn push(&mut self, data: &[u8]) -> Result<usize, Error> {
        if self.is_finished {
            return Err(Error::State);
        }
        let room = (1 + RECORD).saturating_sub(self.plaintext.len());
        let (taken, _) = data.split_at(room.min(data.len()));
        self.plaintext.extend_from_slice(taken);
        Ok(taken.len())
    }

    pub(in crate::session) fn is_full(&self) -> bool {
        self.plaintext.len() > RECORD
    }

    /// Makes a record of what was pushed, if there is anything.
    pub(in crate::session) fn seal(&mut self) -> Result<(), Error> {
        if self.plaintext.len() > 1 { self.record(DATA) } else { Ok(()) }
    }

    /// Makes the last record. Calling it again does nothing.
    pub(in crate::session) fn finish(&mut self) -> Result<(), Error> {
        if self.is_finished {
            return Ok(());
        }
        self.record(END)?;
        self.is_finished = true;
        Ok(())
    }

    /// What is to be sent.
    pub(in crate::session) fn pending(&self) -> &[u8] {
        self.wire.get(self.sent..).unwrap_or_default()
    }

    /// So much of it was sent.
    pub(in crate::session) fn advance(&mut self, count: usize) {
        self.sent += count;
        if self.sent >= self.wire.len() {
            self.wire.clear();
            self.sent = 0;
        }
    }

    #[cfg(test)]
    pub(in crate::session) fn sender(&mut self) -> &mut Sender {
        &mut self.sender
    }

    fn record(&mut self, kind: u8) -> Result<(), Error> {
        let start = self.wire.len();
        // Once: what grows leaves a copy behind.
        self.wire.reserve(LONGEST);
        let len = self.plaintext.len() + Sender::OVERHEAD;
        self.wire.extend_from_slice(&u16::try_from(len).map_err(|_| Error::TooLong)?.to_be_bytes());
        self.wire.extend_from_slice(&[0; Sender::HEADER]);
        let plaintext = self.wire.len();
        self.wire.extend_from_slice(&self.plaintext);
        if let Some(first) = self.wire.get_mut(plaintext) {
            *first = kind;
        }
        self.wire.resize(start + LENGTH + len, 0);
        let packet = self.wire.get_mut(start + LENGTH..).unwrap_or_default();
        if let Err(error) = self.sender.seal_in_place(packet) {
            packet.zeroize();
            self.wire.truncate(start);
            return Err(error);
        }
        self.plaintext.as_mut_slice().zeroize();
        self.plaintext.truncate(1);
        Ok(())
    }
}

/// What this side reads.
pub(in crate::session) struct Reading {
    receiver: Receiver,
    /// The record that is coming in, or was opened.
    record: Zeroizing<Vec<u8>>,
    /// How much of it is there.
    have: usize,
    /// What of it was opened and not yet taken.
    start: usize,
    end: usize,
    next: u64,
    state: State,
}

enum State {
    Ended,
    /// For good: what comes after it cannot be put in order.
    Failed(Error),
    Open,
}

impl Reading {
    /// The counter of the first record is that of the packets that were opened before, all in order.
    pub(in crate::session) fn new(receiver: Receiver) -> Self {
        let next = receiver.counts().opened;
        let record = Zeroizing::new(vec![0; LONGEST]);
        Self { receiver, record, have: 0, start: 0, end: 0, next, state: State::Open }
    }

    /// Whether bytes of the connection are needed before there is anything to take.
    ///
    /// # Errors
    ///
    /// As [`Reading::filled`], of a record that is there and could not be opened before.
    pub(in crate::session) fn needs_more(&mut self) -> Result<bool, Error> {
        self.open_if_whole()?;
        Ok(self.start == self.end && matches!(self.state, State::Open))
    }

    /// Where the next bytes of the connection go.
    pub(in crate::session) fn space(&mut self) -> &mut [u8] {
        let until = if self.have < LENGTH { LENGTH } else { LENGTH + self.len() };
        self.record.get_mut(self.have..until).unwrap_or_default()
    }

    /// So many bytes came; 0 for the end of the connection.
    ///
    /// # Errors
    ///
    /// What ends the stream. While the store of keys cannot be read, what it says: the record stays, and is opened later.
    pub(in crate::session) fn filled(&mut self, count: usize) -> Result<(), Error> {
        self.have += count;
        let is_wrong =
            self.have >= LENGTH && !(Sender::OVERHEAD + 1..=LONGEST - LENGTH).contains(&self.len());
        match (count, is_wrong) {
            (0, _) => self.fail(Error::Truncated),
            (_, true) => self.fail(Error::Open),
            _ => self.open_if_whole(),
        }
    }

    fn fail(&mut self, error: Error) -> Result<(), Error> {
        self.state = State::Failed(error);
        Err(error)
    }

    fn open_if_whole(&mut self) -> Result<(), Error> {
        if self.have < LENGTH || self.have < LENGTH + self.len() || !matches!(self.state, State::Open) {
            return Ok(());
        }
        match self.open() {
            Err(Error::Open) => self.fail(Error::Open),
            // The record was not looked at. What ends a session is said each time.
            result => result,
        }
    }

    /// Copies what was opened.
    pub(in crate::session) fn take(&mut self, out: &mut [u8]) -> Result<usize, Error> {
        if self.start == self.end
            && let State::Failed(error) = self.state
        {
            return Err(error);
        }
        let opened = self.record.get(self.start..self.end).unwrap_or_default();
        let count = opened.len().min(out.len());
        out.iter_mut().zip(opened).for_each(|(to, from)| *to = *from);
        self.start += count;
        Ok(count)
    }

    fn len(&self) -> usize {
        self.record.first_chunk::<LENGTH>().map_or(0, |len| usize::from(u16::from_be_bytes(*len)))
    }

    fn open(&mut self) -> Result<(), Error> {
        let packet = self.record.get_mut(LENGTH..self.have).ok_or(Error::Open)?;
        let (counter, plaintext) = self.receiver.open_numbered(packet)?;
        let len = plaintext.len();
        let is_end = match plaintext.first() {
            Some(&DATA) => false,
            Some(&END) => true,
            _ => return Err(Error::Open),
        };
        if counter != self.next {
            return Err(Error::Open);
        }
        self.next += 1;
        self.have = 0;
        self.start = LENGTH + Sender::HEADER + 1;
        self.end = self.start + len - 1;
        if is_end {
            self.state = State::Ended;
        }
        Ok(())
    }
}
