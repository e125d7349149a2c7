//! Whose key an endpoint knows.

use core::convert::Infallible;
use std::sync::{PoisonError, RwLock};

use tenantseal::{
    Secret,
    session::{Peer, PublicKey, Ticket},
};

use super::established::tenantseal_session;
use crate::{
    handle::{Opaque, free, get},
    input::bytes,
    output::{Handle, call},
    principal::principal,
    status::tenantseal_status,
};

/// An endpoint whose static key is known beforehand. Set it up first, then share it freely between
/// threads.
#[derive(Debug)]
pub struct tenantseal_peer(Infallible);

impl Opaque for tenantseal_peer {
    const KIND: u8 = 21;
    type Object = RwLock<Peer>;
}

/// Names an endpoint and its key, from where nobody could put in another one.
///
/// @param kind  what it is: one of TENANTSEAL_PRINCIPAL_*
/// @param id, id_len  who it is, 1 to 128 bytes
/// @param public_key, public_key_len  TENANTSEAL_PUBLIC_KEY_LEN bytes
/// @param out_peer  the new handle, for tenantseal_peer_free(); NULL after a failure
/// @return VALUE for another length of the key or an empty id; TOO_LONG
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_peer_new(
    kind: i32,
    id: *const u8,
    id_len: usize,
    public_key: *const u8,
    public_key_len: usize,
    out_peer: *mut *mut tenantseal_peer,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_peer), || {
            let id = bytes(id, id_len)?;
            let public_key = bytes(public_key, public_key_len)?;
            Ok(RwLock::new(Peer::new(&principal(kind, id)?, PublicKey::try_from(public_key)?)))
        })
    }
}

/// Sets the ticket that both sides have: a secret for their handshakes, handed out by a key server.
///
/// @param peer  the peer
/// @param id, id_len  by which both name it, 1 to 64 bytes; no secret
/// @param key, key_len  TENANTSEAL_TICKET_KEY_LEN random bytes
/// @return VALUE for another length of the key or an empty id; TOO_LONG
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_peer_set_ticket(
    peer: *mut tenantseal_peer,
    id: *const u8,
    id_len: usize,
    key: *const u8,
    key_len: usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let id = bytes(id, id_len)?;
            let key = bytes(key, key_len)?;
            let peer = get(peer)?;
            set(&peer, Ticket::new(id, Secret::try_from(key)?)?);
            Ok(())
        })
    }
}

/// Sets the ticket that a session leaves for the next one of the same two: whoever has had no part in
/// that session can have none in the next, even with both static keys. Both sides make the same one;
/// it is to be used once.
///
/// @param peer  the peer
/// @param session  the session, before it is split
/// @return STATE after tenantseal_session_split(); SUSPENDED, REMOVED or SHREDDED if the session was ended;
///     FORKED; IO; STORE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_peer_set_resumption(
    peer: *mut tenantseal_peer,
    session: *const tenantseal_session,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let peer = get(peer)?;
            let session = get(session)?;
            let ticket = session.with(|session| Ok(session.resumption()?))?;
            set(&peer, ticket);
            Ok(())
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param peer  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_peer_free(peer: *mut tenantseal_peer) -> tenantseal_status {
    free(peer)
}

fn set(peer: &RwLock<Peer>, ticket: Ticket) {
    let mut peer = peer.write().unwrap_or_else(PoisonError::into_inner);
    *peer = peer.clone().ticket(ticket);
}

/// The peer as it is now.
pub(super) fn snapshot(peer: &RwLock<Peer>) -> Peer {
    peer.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The size of a ticket's key, in bytes.
pub const TENANTSEAL_TICKET_KEY_LEN: usize = 32;

/// TENANTSEAL_TICKET_KEY_LEN, for callers that cannot read macros.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_ticket_key_len() -> usize {
    TENANTSEAL_TICKET_KEY_LEN
}
