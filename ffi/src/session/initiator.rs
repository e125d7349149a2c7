//! The side that calls.

use core::convert::Infallible;

use tenantseal::session::{Initiator, Progress};

use super::established::{Held, tenantseal_session};
use crate::{
    exclusive::Exclusive,
    handle::{Opaque, free, get},
    input::bytes,
    output::{Buffer, OptionalHandle, Scalar, call},
    status::{Failure, tenantseal_status},
};

/// A handshake that waits for the answer. If none comes within some seconds, make a new one. One thread
/// at a time.
#[derive(Debug)]
pub struct tenantseal_initiator(Infallible);

impl Opaque for tenantseal_initiator {
    const KIND: u8 = 22;
    type Object = Exclusive<Calling>;
}

/// Writes the packet to send now: the first one; after TENANTSEAL_HANDSHAKE_SEND the same with a cookie;
/// after TENANTSEAL_HANDSHAKE_ESTABLISHED the one that the other side waits for.
///
/// @param initiator  the initiator
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became.
///     TENANTSEAL_HANDSHAKE_MAX_LEN bytes are enough
/// @return FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_initiator_packet(
    initiator: *const tenantseal_initiator,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let initiator = get(initiator)?;
            let calling = initiator.lock()?;
            Ok(calling.packet().to_vec())
        })
    }
}

/// Writes the number in the packets that answer this one: tenantseal_receiver_index().
///
/// @param initiator  the initiator
/// @param out_index  the number
/// @return ABSENT once the session is there; FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_initiator_index(
    initiator: *const tenantseal_initiator,
    out_index: *mut u32,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_index), || {
            let initiator = get(initiator)?;
            let index = initiator.lock()?.initiator.index();
            index.ok_or(Failure::Absent)
        })
    }
}

/// Reads a packet that came back. One that is refused changes nothing.
///
/// @param initiator  the initiator
/// @param packet, packet_len  the packet
/// @param out_progress  TENANTSEAL_HANDSHAKE_SEND or TENANTSEAL_HANDSHAKE_ESTABLISHED: in both cases send
///     tenantseal_initiator_packet() at once
/// @param out_session  the session if it is there, for tenantseal_session_free(); else NULL
/// @return OPEN if it is not the genuine answer: drop it silently, and go on waiting; SESSION_EXPIRED
///     after 15 seconds; SUSPENDED, REMOVED or UNKNOWN_PRINCIPAL for either side; FORKED; RANDOM; IO
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_initiator_receive(
    initiator: *mut tenantseal_initiator,
    packet: *const u8,
    packet_len: usize,
    out_progress: *mut i32,
    out_session: *mut *mut tenantseal_session,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((Scalar(out_progress), OptionalHandle(out_session)), || {
            let packet = bytes(packet, packet_len)?;
            let initiator = get(initiator)?;
            let mut calling = initiator.lock()?;
            match calling.initiator.receive(packet)? {
                Progress::Resend => Ok((TENANTSEAL_HANDSHAKE_SEND, None)),
                Progress::Established(session, confirmation) => {
                    calling.confirmation = Some(confirmation);
                    Ok((TENANTSEAL_HANDSHAKE_ESTABLISHED, Some(Held::new(*session))))
                }
            }
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param initiator  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_initiator_free(initiator: *mut tenantseal_initiator) -> tenantseal_status {
    free(initiator)
}

/// An initiator, and what it sends when the session is there.
#[derive(Debug)]
pub(crate) struct Calling {
    initiator: Initiator,
    confirmation: Option<Vec<u8>>,
}

impl Calling {
    fn packet(&self) -> &[u8] {
        self.confirmation.as_deref().unwrap_or_else(|| self.initiator.packet())
    }
}

impl From<Initiator> for Calling {
    fn from(initiator: Initiator) -> Self {
        Self { initiator, confirmation: None }
    }
}

/// A packet is to be sent, and the handshake goes on.
pub const TENANTSEAL_HANDSHAKE_SEND: i32 = 1;
/// The session is there.
pub const TENANTSEAL_HANDSHAKE_ESTABLISHED: i32 = 2;

/// The longest packet of a handshake, in bytes. One of an endpoint without a certificate has some 300.
pub const TENANTSEAL_HANDSHAKE_MAX_LEN: usize = 17408;

/// TENANTSEAL_HANDSHAKE_MAX_LEN, for callers that cannot read macros.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_handshake_max_len() -> usize {
    TENANTSEAL_HANDSHAKE_MAX_LEN
}
