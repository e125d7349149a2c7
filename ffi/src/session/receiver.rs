//! The half of a session that opens.

use core::convert::Infallible;

use tenantseal::session::{Receiver, Sender};
use zeroize::Zeroizing;

use super::sender::TENANTSEAL_SESSION_OVERHEAD;
use crate::{
    content::Content,
    exclusive::Exclusive,
    handle::{Opaque, free, get},
    input::bytes,
    output::{Buffer, Scalar, call},
    status::{Failure, tenantseal_status},
};

/// Opens datagrams of a session, each once. What does not open changes nothing but a count. One thread at
/// a time.
#[derive(Debug)]
pub struct tenantseal_session_receiver(Infallible);

impl Opaque for tenantseal_session_receiver {
    const KIND: u8 = 26;
    type Object = Exclusive<Receiver>;
}

/// How much room tenantseal_session_receiver_open() wants: as much as can be in the packet.
///
/// @param packet_len  the length of the packet
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_session_receiver_open_len(packet_len: usize) -> usize {
    packet_len.saturating_sub(TENANTSEAL_SESSION_OVERHEAD)
}

/// Opens a datagram. It wants the room of tenantseal_session_receiver_open_len() before it does anything.
///
/// @param receiver  the receiver
/// @param packet, packet_len  the packet
/// @param out, out_cap, out_len  what is in it: nothing in a packet that only says that the other side is
///     there
/// @return OPEN if it is not genuine, was opened before, or is too old: drop it silently; SESSION_EXPIRED
///     when the session has reached a limit; SUSPENDED, REMOVED or SHREDDED when it was ended; FORKED; IO
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_session_receiver_open(
    receiver: *mut tenantseal_session_receiver,
    packet: *const u8,
    packet_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    let room = tenantseal_session_receiver_open_len(packet_len);
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::with_room(out, out_cap, out_len, room), || {
            let packet = bytes(packet, packet_len)?;
            let receiver = get(receiver)?;
            // Before the packet counts as opened: it opens once.
            if out_cap < room {
                return Err(Failure::BufferTooSmall);
            }
            let mut packet = Zeroizing::new(packet.to_vec());
            let len = receiver.lock()?.open(&mut packet)?.len();
            Ok(Datagram { packet, len })
        })
    }
}

/// Says what became of the packets so far.
///
/// @param receiver  the receiver
/// @param out_opened  they were genuine, and opened
/// @param out_refused  they were no packets of this session, or altered
/// @param out_repeated  they had been opened before, or were older than the window
/// @return FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_session_receiver_counts(
    receiver: *const tenantseal_session_receiver,
    out_opened: *mut u64,
    out_refused: *mut u64,
    out_repeated: *mut u64,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(((Scalar(out_opened), Scalar(out_refused)), Scalar(out_repeated)), || {
            let receiver = get(receiver)?;
            let counts = receiver.lock()?.counts();
            Ok(((counts.opened, counts.refused), counts.repeated))
        })
    }
}

/// Writes the number in the packets for this session: tenantseal_receiver_index().
///
/// @param receiver  the receiver
/// @param out_index  the number
/// @return FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_session_receiver_index(
    receiver: *const tenantseal_session_receiver,
    out_index: *mut u32,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_index), || {
            let receiver = get(receiver)?;
            let index = receiver.lock()?.index();
            Ok(index)
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param receiver  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_session_receiver_free(
    receiver: *mut tenantseal_session_receiver,
) -> tenantseal_status {
    free(receiver)
}

/// A packet that was opened in place: its content is after the header.
struct Datagram {
    packet: Zeroizing<Vec<u8>>,
    len: usize,
}

impl Content for Datagram {
    fn each(&self, show: &mut dyn FnMut(&[u8])) {
        show(self.packet.get(Sender::HEADER..Sender::HEADER + self.len).unwrap_or_default());
    }
}
