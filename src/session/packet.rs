//! The packets on the wire. FORMAT.md section 17.2.

use super::parties::Pattern;
use crate::{encoding::Reader, error::Error, primitive::aead::TAG_LEN};

/// Of the handshake packets.
pub(super) const VERSION: u8 = 1;

/// The sizes of headers, in bytes.
pub(super) const INITIATION_HEADER: usize = 16;
pub(super) const RESPONSE_HEADER: usize = 12;
pub(super) const FINAL_HEADER: usize = 8;
pub(super) const DATA_HEADER: usize = 16;

pub(super) const MAC_LEN: usize = 16;
pub(super) const COOKIE_LEN: usize = 32;
pub(super) const HINT_LEN: usize = 8;

/// The whole length of a cookie reply: header, nonce, sealed cookie.
pub(super) const COOKIE_REPLY: usize = 8 + 24 + COOKIE_LEN + TAG_LEN;

/// The first byte.
const INITIATION: u8 = 1;
const RESPONSE: u8 = 2;
const FINAL: u8 = 3;
const DATA: u8 = 4;
const COOKIE: u8 = 5;

/// The number that a packet's receiver gave to its session, by which a program with many sessions finds the right one.
/// Nothing is authenticated yet. `None` for the first packet of a handshake, which a [`Listener`](super::Listener)
/// takes, and for what is no packet of a session.
#[must_use]
pub fn receiver_index(packet: &[u8]) -> Option<u32> {
    let (head, _) = packet.split_first_chunk::<8>()?;
    let [RESPONSE | FINAL | DATA | COOKIE, _, _, _, index @ ..] = head else { return None };
    Some(u32::from_be_bytes(*index))
}

/// What a packet is.
pub(super) enum Packet<'a> {
    Cookie(CookieReply<'a>),
    Data,
    Final(Handshake<'a>),
    Initiation(Initiation<'a>),
    Response(Handshake<'a>),
}

/// The second or third packet of a handshake.
pub(super) struct Handshake<'a> {
    pub(super) header: &'a [u8],
    pub(super) pattern: Pattern,
    pub(super) receiver: u32,
    /// Of the second packet alone; else 0.
    pub(super) sender: u32,
    pub(super) noise: &'a [u8],
    /// What `mac1` is over.
    pub(super) before_mac1: &'a [u8],
    pub(super) mac1: &'a [u8; MAC_LEN],
}

/// The first packet of a handshake.
pub(super) struct Initiation<'a> {
    pub(super) header: &'a [u8],
    pub(super) pattern: Pattern,
    pub(super) sender: u32,
    pub(super) hint: &'a [u8; HINT_LEN],
    pub(super) noise: &'a [u8],
    pub(super) before_mac1: &'a [u8],
    pub(super) mac1: &'a [u8; MAC_LEN],
    pub(super) before_mac2: &'a [u8],
    pub(super) mac2: &'a [u8; MAC_LEN],
}

pub(super) struct CookieReply<'a> {
    pub(super) receiver: u32,
    pub(super) nonce: &'a [u8; 24],
    pub(super) sealed: &'a [u8; COOKIE_LEN],
    pub(super) tag: &'a [u8; TAG_LEN],
}

impl<'a> Packet<'a> {
    /// # Errors
    ///
    /// [`Error::Open`] for whatever is none.
    pub(super) fn parse(packet: &'a [u8]) -> Result<Self, Error> {
        Self::read(packet).map_err(|_| Error::Open)
    }

    fn read(packet: &'a [u8]) -> Result<Self, Error> {
        let kind = *packet.first().ok_or(Error::Open)?;
        match kind {
            DATA => Ok(Self::Data),
            INITIATION => Initiation::read(packet).map(Self::Initiation),
            RESPONSE => Handshake::read(packet, RESPONSE_HEADER).map(Self::Response),
            FINAL => Handshake::read(packet, FINAL_HEADER).map(Self::Final),
            COOKIE => CookieReply::read(packet).map(Self::Cookie),
            _ => Err(Error::Open),
        }
    }
}

impl<'a> Handshake<'a> {
    fn read(packet: &'a [u8], header: usize) -> Result<Self, Error> {
        let (before_mac1, mac1) = packet.split_last_chunk().ok_or(Error::Open)?;
        let (header, noise) = before_mac1.split_at_checked(header).ok_or(Error::Open)?;
        let mut reader = Reader::new(header);
        let (pattern, receiver) = (prefix(&mut reader)?, reader.u32()?);
        let sender = if reader.remaining() == 0 { 0 } else { reader.u32()? };
        Ok(Self { header, pattern, receiver, sender, noise, before_mac1, mac1 })
    }
}

impl<'a> Initiation<'a> {
    fn read(packet: &'a [u8]) -> Result<Self, Error> {
        let (before_mac2, mac2) = packet.split_last_chunk().ok_or(Error::Open)?;
        let (before_mac1, mac1) = before_mac2.split_last_chunk().ok_or(Error::Open)?;
        let (header, noise) = before_mac1.split_at_checked(INITIATION_HEADER).ok_or(Error::Open)?;
        let mut reader = Reader::new(header);
        let (pattern, sender, hint) = (prefix(&mut reader)?, reader.u32()?, reader.array()?);
        Ok(Self { header, pattern, sender, hint, noise, before_mac1, mac1, before_mac2, mac2 })
    }
}

impl<'a> CookieReply<'a> {
    fn read(packet: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(packet);
        let [_, VERSION, 0, 0] = reader.array()? else { return Err(Error::Open) };
        let receiver = reader.u32()?;
        let (nonce, sealed, tag) = (reader.array()?, reader.array()?, reader.array()?);
        reader.finish()?;
        Ok(Self { receiver, nonce, sealed, tag })
    }
}

fn prefix(reader: &mut Reader<'_>) -> Result<Pattern, Error> {
    let [_, VERSION, pattern, 0] = reader.array()? else { return Err(Error::Open) };
    Pattern::from_id(*pattern).ok_or(Error::Open)
}

pub(super) fn initiation_header(pattern: Pattern, sender: u32, hint: [u8; HINT_LEN]) -> Vec<u8> {
    [&[INITIATION, VERSION, pattern.id(), 0][..], &sender.to_be_bytes(), &hint].concat()
}

pub(super) fn response_header(pattern: Pattern, receiver: u32, sender: u32) -> Vec<u8> {
    [&[RESPONSE, VERSION, pattern.id(), 0][..], &receiver.to_be_bytes(), &sender.to_be_bytes()].concat()
}

pub(super) fn final_header(pattern: Pattern, receiver: u32) -> Vec<u8> {
    [&[FINAL, VERSION, pattern.id(), 0][..], &receiver.to_be_bytes()].concat()
}

pub(super) fn cookie_header(receiver: u32) -> Vec<u8> {
    [&[COOKIE, VERSION, 0, 0][..], &receiver.to_be_bytes()].concat()
}

/// What a data packet is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Datagram,
    Stream,
}

impl Mode {
    const fn id(self) -> u8 {
        match self {
            Self::Datagram => 0,
            Self::Stream => 1,
        }
    }
}

/// The header of a data packet, all of it associated data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DataHeader {
    pub(super) key_phase: u16,
    pub(super) receiver: u32,
    pub(super) counter: u64,
}

impl DataHeader {
    pub(super) fn to_bytes(self, mode: Mode) -> [u8; DATA_HEADER] {
        let [p0, p1] = self.key_phase.to_be_bytes();
        let [r0, r1, r2, r3] = self.receiver.to_be_bytes();
        let [c0, c1, c2, c3, c4, c5, c6, c7] = self.counter.to_be_bytes();
        [DATA, mode.id(), p0, p1, r0, r1, r2, r3, c0, c1, c2, c3, c4, c5, c6, c7]
    }

    pub(super) fn parse(bytes: &[u8; DATA_HEADER], mode: Mode) -> Option<Self> {
        let [DATA, its_mode, p0, p1, r0, r1, r2, r3, counter @ ..] = *bytes else { return None };
        (its_mode == mode.id()).then_some(Self {
            key_phase: u16::from_be_bytes([p0, p1]),
            receiver: u32::from_be_bytes([r0, r1, r2, r3]),
            counter: u64::from_be_bytes(counter),
        })
    }
}
