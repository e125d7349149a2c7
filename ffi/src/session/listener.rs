//! The side that answers.

use core::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
};

use tenantseal::{
    Error,
    session::{Incoming, Listener, Load},
    tenant::Keyring,
};
use zeroize::Zeroizing;

use super::{
    endpoint::{copy, tenantseal_endpoint},
    established::{Held, tenantseal_session},
    initiator::{TENANTSEAL_HANDSHAKE_ESTABLISHED, TENANTSEAL_HANDSHAKE_MAX_LEN, TENANTSEAL_HANDSHAKE_SEND},
    peer::{snapshot, tenantseal_peer},
};
use crate::{
    exclusive::Exclusive,
    handle::{Opaque, free, get},
    input::bytes,
    keyring::tenantseal_keyring,
    output::{Buffer, Handle, OptionalHandle, Scalar, call},
    status::{Failure, Result, tenantseal_status},
};

/// Answers the handshakes of others, for any number of endpoints. One thread at a time; the sessions that
/// it gives out share nothing with it.
#[derive(Debug)]
pub struct tenantseal_listener(Infallible);

impl Opaque for tenantseal_listener {
    const KIND: u8 = 23;
    type Object = Exclusive<Answering>;
}

/// Makes a listener for tenants of a keyring.
///
/// @param keyring  the keyring
/// @param out_listener  the new handle, for tenantseal_listener_free(); NULL after a failure
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_listener_new(
    keyring: *const tenantseal_keyring,
    out_listener: *mut *mut tenantseal_listener,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_listener), || {
            let keyring = get(keyring)?;
            let (keyring, listener) = (Keyring::clone(&keyring), Listener::new(&keyring));
            Ok(Exclusive::new(Answering { keyring, listener }))
        })
    }
}

/// Sets from when on cookies are asked for, and when packets are dropped: for one endpoint, in each
/// second. What is there stays.
///
/// @param listener  the listener
/// @param cookies_after  after how many first packets the next ones have to bring a cookie; 64 unless
///     set, 0 for always
/// @param most  how many first packets are looked at, past those that brought no cookie; 4,096 unless set
/// @param per_peer  how many handshakes of one peer are answered; 32 unless set
/// @return FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_listener_set_load(
    listener: *mut tenantseal_listener,
    cookies_after: u32,
    most: u32,
    per_peer: u32,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let listener = get(listener)?;
            let mut answering = listener.lock()?;
            let load = Load::new().cookies_after(cookies_after).most(most).per_peer(per_peer);
            let fresh = Listener::new(&answering.keyring);
            answering.listener = core::mem::replace(&mut answering.listener, fresh).load(load);
            Ok(())
        })
    }
}

/// Answers for an endpoint: those that it expects, and, after tenantseal_endpoint_know(), those that it
/// knows.
///
/// @param listener  the listener
/// @param endpoint  the endpoint, as it is now
/// @return ALREADY_EXISTS if it is there, or another of the same tenant, purpose and context knows peers:
///     who calls without knowing anybody would not say which; VALUE for a tenant of another keyring;
///     SUSPENDED; SHREDDED; IO; FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_listener_add(
    listener: *mut tenantseal_listener,
    endpoint: *const tenantseal_endpoint,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let listener = get(listener)?;
            let endpoint = get(endpoint)?;
            Ok(listener.lock()?.listener.add(&copy(&endpoint))?)
        })
    }
}

/// No longer answers for an endpoint, and forgets whom it expected. Its handshakes that are not confirmed
/// end; sessions that are there go on.
///
/// @param listener  the listener
/// @param endpoint  the endpoint
/// @return UNKNOWN_PRINCIPAL if it was not added
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_listener_remove(
    listener: *mut tenantseal_listener,
    endpoint: *const tenantseal_endpoint,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let listener = get(listener)?;
            let endpoint = get(endpoint)?;
            Ok(listener.lock()?.listener.remove(&copy(&endpoint))?)
        })
    }
}

/// Has an endpoint expect a peer, with the ticket that both have, if there is one. The same peer may be
/// expected under several.
///
/// @param listener  the listener
/// @param endpoint  the endpoint
/// @param peer  whom
/// @return UNKNOWN_PRINCIPAL if the endpoint was not added; as tenantseal_listener_add()
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_listener_expect(
    listener: *mut tenantseal_listener,
    endpoint: *const tenantseal_endpoint,
    peer: *const tenantseal_peer,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let listener = get(listener)?;
            let endpoint = get(endpoint)?;
            let peer = get(peer)?;
            Ok(listener.lock()?.listener.expect(&copy(&endpoint), &snapshot(&peer))?)
        })
    }
}

/// Has an endpoint no longer expect a peer under that key and ticket. Handshakes of that key that are not
/// confirmed end; sessions that are there go on.
///
/// @param listener  the listener
/// @param endpoint  the endpoint
/// @param peer  whom
/// @return UNKNOWN_PRINCIPAL if the endpoint was not added or the peer was not expected; as
///     tenantseal_listener_add()
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_listener_forget(
    listener: *mut tenantseal_listener,
    endpoint: *const tenantseal_endpoint,
    peer: *const tenantseal_peer,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let listener = get(listener)?;
            let endpoint = get(endpoint)?;
            let peer = get(peer)?;
            Ok(listener.lock()?.listener.forget(&copy(&endpoint), &snapshot(&peer))?)
        })
    }
}

/// Says how many handshakes are answered and not confirmed.
///
/// @param listener  the listener
/// @param out_count  how many
/// @return FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_listener_pending(
    listener: *const tenantseal_listener,
    out_count: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_count), || {
            let listener = get(listener)?;
            let pending = listener.lock()?.listener.pending();
            Ok(pending)
        })
    }
}

/// How much room tenantseal_listener_receive() wants: TENANTSEAL_HANDSHAKE_MAX_LEN, or as much as the
/// packet if that is more.
///
/// @param packet_len  the length of the packet
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_listener_receive_len(packet_len: usize) -> usize {
    packet_len.max(TENANTSEAL_HANDSHAKE_MAX_LEN)
}

/// Takes a packet that is of no session that you know: tenantseal_receiver_index() finds those that you
/// do.
///
/// @param listener  the listener
/// @param address, address_len  where it came from, as in `struct in_addr` or `in6_addr`: 4 or 16 bytes.
///     Behind a proxy the client's, not the proxy's
/// @param port  the port there
/// @param packet, packet_len  the packet
/// @param out_progress  TENANTSEAL_HANDSHAKE_SEND: send what was written to where the packet came from.
///     TENANTSEAL_HANDSHAKE_ESTABLISHED: the session is there, and what was written is the packet's
///     content: nothing, unless the packet that confirms was lost
/// @param out_session  the session if it is there, for tenantseal_session_free(); else NULL. It takes the
///     place of an older one with the same peer
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became. It wants the
///     room of tenantseal_listener_receive_len(), before anything is done
/// @return OPEN for whatever is not to be answered: drop it silently; RANDOM or IO, which are silence to
///     the sender too; VALUE for another address; FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_listener_receive(
    listener: *mut tenantseal_listener,
    address: *const u8,
    address_len: usize,
    port: u32,
    packet: *const u8,
    packet_len: usize,
    out_progress: *mut i32,
    out_session: *mut *mut tenantseal_session,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    let room = tenantseal_listener_receive_len(packet_len);
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(
            (
                (Scalar(out_progress), OptionalHandle(out_session)),
                Buffer::with_room(out, out_cap, out_len, room),
            ),
            || {
                let address = bytes(address, address_len)?;
                let packet = bytes(packet, packet_len)?;
                let listener = get(listener)?;
                let source =
                    SocketAddr::new(ip(address)?, u16::try_from(port).map_err(|_| Failure::Argument)?);
                // Before anything is answered: the same packet can be passed again.
                if out_cap < room {
                    return Err(Failure::BufferTooSmall);
                }
                match listener.lock()?.listener.receive(source, packet)? {
                    Incoming::Send(reply) => Ok(((TENANTSEAL_HANDSHAKE_SEND, None), Zeroizing::new(reply))),
                    Incoming::Established(session, first) => Ok((
                        (TENANTSEAL_HANDSHAKE_ESTABLISHED, Some(Held::new(*session))),
                        Zeroizing::new(first),
                    )),
                }
            },
        )
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param listener  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_listener_free(listener: *mut tenantseal_listener) -> tenantseal_status {
    free(listener)
}

/// A listener, and the keyring of another one in its place.
#[derive(Debug)]
pub(crate) struct Answering {
    keyring: Keyring,
    listener: Listener,
}

/// # Errors
///
/// [`Error::Value`] for another length.
fn ip(address: &[u8]) -> Result<IpAddr> {
    let v4 = <[u8; 4]>::try_from(address).map(IpAddr::from);
    let v6 = || <[u8; 16]>::try_from(address).map(IpAddr::from);
    v4.or_else(|_| v6()).map_err(|_| Error::Value.into())
}
