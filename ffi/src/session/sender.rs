//! The half of a session that seals.

use core::convert::Infallible;

use tenantseal::session::Sender;

use crate::{
    handle::{Opaque, free, get},
    input::bytes,
    output::{Buffer, Scalar, call},
    status::{Failure, tenantseal_status},
};

/// Seals datagrams of a session. Packets may be lost, reordered or repeated on the way; each is opened at
/// most once. Share it freely between threads.
#[derive(Debug)]
pub struct tenantseal_session_sender(Infallible);

impl Opaque for tenantseal_session_sender {
    const KIND: u8 = 25;
    type Object = Sender;
}

/// The length of a packet: TENANTSEAL_SESSION_OVERHEAD more than what is in it. 0 if that is more than a
/// packet can have.
///
/// @param plaintext_len  the length of what is in it
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_session_sender_seal_len(plaintext_len: usize) -> usize {
    let len = plaintext_len.saturating_add(TENANTSEAL_SESSION_OVERHEAD);
    if len > TENANTSEAL_SESSION_PACKET_MAX_LEN { 0 } else { len }
}

/// Seals a datagram. It wants the room of tenantseal_session_sender_seal_len() before it takes a number.
///
/// @param sender  the sender
/// @param plaintext, plaintext_len  what is in it, which may be nothing
/// @param out, out_cap, out_len  the packet, tenantseal_session_sender_seal_len() bytes
/// @return TOO_LONG over TENANTSEAL_SESSION_PACKET_MAX_LEN; SESSION_EXPIRED when the session has reached a
///     limit: make a new one; SUSPENDED, REMOVED or SHREDDED when it was ended; FORKED; IO
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_session_sender_seal(
    sender: *const tenantseal_session_sender,
    plaintext: *const u8,
    plaintext_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    let room = tenantseal_session_sender_seal_len(plaintext_len);
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::with_room(out, out_cap, out_len, room), || {
            let plaintext = bytes(plaintext, plaintext_len)?;
            let sender = get(sender)?;
            // Before a number is taken: it would be lost.
            if out_cap < room {
                return Err(Failure::BufferTooSmall);
            }
            let mut packet = Vec::new();
            sender.seal(plaintext, &mut packet)?;
            Ok(packet)
        })
    }
}

/// Says whether it is time for a new handshake. This session goes on until the new one is there, or it
/// has expired.
///
/// @param sender  the sender
/// @param out_due  1 if it is, else 0
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_session_sender_rekey_due(
    sender: *const tenantseal_session_sender,
    out_due: *mut i32,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_due), || {
            let sender = get(sender)?;
            Ok(i32::from(sender.rekey_due()))
        })
    }
}

/// Says how many packets were sealed.
///
/// @param sender  the sender
/// @param out_count  how many
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_session_sender_sealed(
    sender: *const tenantseal_session_sender,
    out_count: *mut u64,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_count), || {
            let sender = get(sender)?;
            Ok(sender.sealed())
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param sender  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_session_sender_free(
    sender: *mut tenantseal_session_sender,
) -> tenantseal_status {
    free(sender)
}

/// How much longer a packet is than what is in it, in bytes.
pub const TENANTSEAL_SESSION_OVERHEAD: usize = 32;
/// The longest packet, in bytes: what a UDP datagram can be at most.
pub const TENANTSEAL_SESSION_PACKET_MAX_LEN: usize = 65507;

/// TENANTSEAL_SESSION_OVERHEAD, for callers that cannot read macros.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_session_overhead() -> usize {
    TENANTSEAL_SESSION_OVERHEAD
}

/// TENANTSEAL_SESSION_PACKET_MAX_LEN, for callers that cannot read macros.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_session_packet_max_len() -> usize {
    TENANTSEAL_SESSION_PACKET_MAX_LEN
}

const _: () = assert!(
    TENANTSEAL_SESSION_OVERHEAD == Sender::OVERHEAD
        && TENANTSEAL_SESSION_PACKET_MAX_LEN == Sender::MAX_PACKET
);
