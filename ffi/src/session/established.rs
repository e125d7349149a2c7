//! What a handshake ends with.

use core::convert::Infallible;

use tenantseal::{
    Error,
    session::{Session, receiver_index},
};
use zeroize::Zeroizing;

use super::{receiver::tenantseal_session_receiver, sender::tenantseal_session_sender};
use crate::{
    exclusive::Exclusive,
    handle::{Opaque, free, get},
    input::{bytes, text},
    output::{Buffer, Handle, Scalar, call},
    principal::number,
    status::{Failure, Result, tenantseal_status},
};

/// A session between two endpoints: each has proved to the other who it is, and nobody else can read it.
/// One thread at a time. tenantseal_session_split() gives its halves; after that every other call is
/// STATE.
#[derive(Debug)]
pub struct tenantseal_session(Infallible);

impl Opaque for tenantseal_session {
    const KIND: u8 = 24;
    type Object = Held;
}

/// Writes who is on the other side.
///
/// @param session  the session
/// @param out_kind  what it is: one of TENANTSEAL_PRINCIPAL_*
/// @param out, out_cap, out_len  its id, 128 bytes at most
/// @return STATE after tenantseal_session_split(); FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_session_peer(
    session: *const tenantseal_session,
    out_kind: *mut i32,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((Scalar(out_kind), Buffer::new(out, out_cap, out_len)), || {
            let session = get(session)?;
            session.with(|session| Ok((number(session.peer().kind())?, session.peer().as_bytes().to_vec())))
        })
    }
}

/// Writes the static key of the other side.
///
/// @param session  the session
/// @param out, out_cap, out_len  the public key, TENANTSEAL_PUBLIC_KEY_LEN bytes
/// @return STATE after tenantseal_session_split(); FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_session_peer_key(
    session: *const tenantseal_session,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let session = get(session)?;
            session.with(|session| Ok(session.peer_key().as_bytes().to_vec()))
        })
    }
}

/// Writes the number in the packets for this session: tenantseal_receiver_index().
///
/// @param session  the session
/// @param out_index  the number
/// @return STATE after tenantseal_session_split(); FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_session_index(
    session: *const tenantseal_session,
    out_index: *mut u32,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_index), || {
            let session = get(session)?;
            session.with(|session| Ok(session.index()))
        })
    }
}

/// Writes what a layer above binds itself to: the same on both sides and of this session alone. No
/// secret.
///
/// @param session  the session
/// @param out, out_cap, out_len  TENANTSEAL_CHANNEL_BINDING_LEN bytes
/// @return STATE after tenantseal_session_split(); FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_session_channel_binding(
    session: *const tenantseal_session,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let session = get(session)?;
            session.with(|session| Ok(session.channel_binding().to_vec()))
        })
    }
}

/// Derives a secret for something else, the same on both sides.
///
/// @param session  the session
/// @param label, label_len  what for, UTF-8, not empty
/// @param context, context_len  what else it depends on
/// @param length  how long it shall be: 1 to 8,160 bytes
/// @param out, out_cap, out_len  the secret, `length` bytes
/// @return VALUE; TOO_LONG; STATE after tenantseal_session_split(); SUSPENDED, REMOVED or SHREDDED if it was
///     ended; FORKED; IO; STORE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_session_export(
    session: *const tenantseal_session,
    label: *const u8,
    label_len: usize,
    context: *const u8,
    context_len: usize,
    length: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let label = bytes(label, label_len)?;
            let context = bytes(context, context_len)?;
            let session = get(session)?;
            let label = text(label)?;
            session.with(|session| {
                // Memory is taken for no more than there can be.
                if length > Session::MAX_EXPORT {
                    return Err(Error::TooLong.into());
                }
                let mut secret = Zeroizing::new(vec![0; length]);
                session.export(label, context, &mut secret)?;
                Ok(secret)
            })
        })
    }
}

/// Gives the halves of a session for datagrams, once.
///
/// @param session  the session, which is still to be released
/// @param out_sender  the new handle, for tenantseal_session_sender_free(); NULL after a failure
/// @param out_receiver  the new handle, for tenantseal_session_receiver_free(); NULL after a failure
/// @return STATE the second time; FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_session_split(
    session: *mut tenantseal_session,
    out_sender: *mut *mut tenantseal_session_sender,
    out_receiver: *mut *mut tenantseal_session_receiver,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((Handle(out_sender), Handle(out_receiver)), || {
            let session = get(session)?;
            let session = session.0.lock()?.take().ok_or(Error::State)?;
            let (sender, receiver) = session.split();
            Ok((sender, Exclusive::new(receiver)))
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param session  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_session_free(session: *mut tenantseal_session) -> tenantseal_status {
    free(session)
}

/// Reads the number that a packet's receiver gave to its session, by which a program with many sessions
/// finds the right one. Nothing is authenticated yet.
///
/// @param packet, packet_len  the packet
/// @param out_index  the number
/// @return ABSENT for the first packet of a handshake, which a listener takes, and for what is no packet
///     of a session
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_receiver_index(
    packet: *const u8,
    packet_len: usize,
    out_index: *mut u32,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_index), || {
            let packet = bytes(packet, packet_len)?;
            receiver_index(packet).ok_or(Failure::Absent)
        })
    }
}

/// A session until it is split.
#[derive(Debug)]
pub(crate) struct Held(Exclusive<Option<Session>>);

impl Held {
    pub(super) fn new(session: Session) -> Self {
        Self(Exclusive::new(Some(session)))
    }

    /// # Errors
    ///
    /// [`Error::State`] after the session was split; [`Error::Forked`].
    pub(super) fn with<T>(&self, act: impl FnOnce(&Session) -> Result<T>) -> Result<T> {
        act(self.0.lock()?.as_ref().ok_or(Error::State)?)
    }
}

/// The size of a channel binding, in bytes.
pub const TENANTSEAL_CHANNEL_BINDING_LEN: usize = 32;

/// TENANTSEAL_CHANNEL_BINDING_LEN, for callers that cannot read macros.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_channel_binding_len() -> usize {
    TENANTSEAL_CHANNEL_BINDING_LEN
}
