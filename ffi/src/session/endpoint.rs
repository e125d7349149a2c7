//! One side of sessions.

use core::{convert::Infallible, time::Duration};
use std::sync::{Arc, PoisonError, RwLock};

use tenantseal::{
    Error,
    session::{Claim, Directory, Endpoint, KnownPeers, Limits},
};

use super::{
    initiator::tenantseal_initiator,
    key::private,
    peer::{snapshot, tenantseal_peer},
};
use crate::{
    exclusive::Exclusive,
    handle::{Opaque, free, get},
    input::{bytes, text},
    output::{Handle, call},
    principal::principal,
    status::{Result, tenantseal_status},
    tenant::tenantseal_tenant,
};

/// One principal of one tenant that has sessions for one purpose. Set it up first, then share it freely
/// between threads: what is set acts on the calls after it.
#[derive(Debug)]
pub struct tenantseal_endpoint(Infallible);

impl Opaque for tenantseal_endpoint {
    const KIND: u8 = 20;
    type Object = RwLock<Side>;
}

/// An endpoint, its limits, and whom it believes.
#[derive(Debug)]
pub(crate) struct Side {
    endpoint: Endpoint,
    limits: Limits,
    known: Option<Known>,
}

/// Keys that are known, for an endpoint and its copies in listeners.
#[derive(Clone, Debug, Default)]
struct Known(Arc<RwLock<KnownPeers>>);

impl Directory for Known {
    fn check(&self, claim: &Claim<'_>) -> core::result::Result<(), Error> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).check(claim)
    }
}

/// Makes an endpoint. Two endpoints meet only if tenant, purpose and context are the same on both sides.
///
/// @param tenant  the tenant
/// @param kind  what the principal is: one of TENANTSEAL_PRINCIPAL_*
/// @param id, id_len  the principal, which the tenant knows: tenantseal_tenant_add_principal()
/// @param private_key, private_key_len  its static key, TENANTSEAL_PRIVATE_KEY_LEN bytes
/// @param purpose, purpose_len  your own permanent name for what the sessions are for, 1 to 64 bytes of
///     UTF-8: two purposes share no key
/// @param out_endpoint  the new handle, for tenantseal_endpoint_free(); NULL after a failure
/// @return VALUE; TOO_LONG; UNKNOWN_PRINCIPAL; SUSPENDED; REMOVED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_endpoint_new(
    tenant: *const tenantseal_tenant,
    kind: i32,
    id: *const u8,
    id_len: usize,
    private_key: *const u8,
    private_key_len: usize,
    purpose: *const u8,
    purpose_len: usize,
    out_endpoint: *mut *mut tenantseal_endpoint,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_endpoint), || {
            let id = bytes(id, id_len)?;
            let private_key = bytes(private_key, private_key_len)?;
            let purpose = bytes(purpose, purpose_len)?;
            let tenant = get(tenant)?;
            let purpose = text(purpose)?;
            let endpoint = Endpoint::new(&tenant, &principal(kind, id)?, &private(private_key)?, purpose)?;
            Ok(RwLock::new(Side { endpoint, limits: Limits::new(), known: None }))
        })
    }
}

/// Sets what else both sides must have in common for a session to come about, such as the fingerprint
/// of the connection below. It is not sent. Set it before the endpoint is added to a listener: there it
/// goes by tenant, id, key, purpose and context.
///
/// @param endpoint  the endpoint
/// @param context, context_len  1,024 bytes at most
/// @return TOO_LONG
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_endpoint_set_context(
    endpoint: *mut tenantseal_endpoint,
    context: *const u8,
    context_len: usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let context = bytes(context, context_len)?;
            let endpoint = get(endpoint)?;
            set(&endpoint, |side| side.endpoint.clone().context(context))
        })
    }
}

/// Sets what the endpoint shows to prove that its key is its principal's, to one that does not know it
/// beforehand. It is sent encrypted. One of more than some 1,000 bytes makes packets that do not fit
/// every network.
///
/// @param endpoint  the endpoint
/// @param certificate, certificate_len  1 to 16,384 bytes
/// @return VALUE if it is empty; TOO_LONG
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_endpoint_set_certificate(
    endpoint: *mut tenantseal_endpoint,
    certificate: *const u8,
    certificate_len: usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let certificate = bytes(certificate, certificate_len)?;
            let endpoint = get(endpoint)?;
            set(&endpoint, |side| side.endpoint.clone().certificate(certificate))
        })
    }
}

/// Sets when a key phase ends. A limit can be lowered, and neither raised nor switched off; one that is
/// out of range is taken as the nearest that is in it.
///
/// @param endpoint  the endpoint
/// @param packets  after so many packets; 2^28 unless set, 65,536 at least
/// @param bytes  after so many bytes; 64 GiB unless set, 64 MiB at least
/// @param seconds  after so long; 60 unless set, 10 at least
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_endpoint_set_phase(
    endpoint: *mut tenantseal_endpoint,
    packets: u64,
    bytes: u64,
    seconds: u64,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let endpoint = get(endpoint)?;
            set(&endpoint, |side| {
                side.limits = side.limits.phase(packets, bytes, Duration::from_secs(seconds));
                Ok(side.endpoint.clone().limits(side.limits))
            })
        })
    }
}

/// Sets when a session ends, as tenantseal_endpoint_set_phase(). A new handshake is due after half of the
/// packets or two thirds of the time.
///
/// @param endpoint  the endpoint
/// @param packets  after so many packets in one direction; 2^29 unless set
/// @param seconds  after so long; 180 unless set
/// @param failures  after so many packets that did not open; 2^36 unless set
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_endpoint_set_session(
    endpoint: *mut tenantseal_endpoint,
    packets: u64,
    seconds: u64,
    failures: u64,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let endpoint = get(endpoint)?;
            set(&endpoint, |side| {
                side.limits = side.limits.session(packets, Duration::from_secs(seconds)).failures(failures);
                Ok(side.endpoint.clone().limits(side.limits))
            })
        })
    }
}

/// Sets how many packets before the latest may still arrive: 1,024 to 8,192, in steps of 64.
///
/// @param endpoint  the endpoint
/// @param packets  how many; 2,048 unless set
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_endpoint_set_window(
    endpoint: *mut tenantseal_endpoint,
    packets: usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let endpoint = get(endpoint)?;
            set(&endpoint, |side| {
                side.limits = side.limits.window(packets);
                Ok(side.endpoint.clone().limits(side.limits))
            })
        })
    }
}

/// Adds a key of a principal to those that the endpoint believes, where it does not know the other side
/// beforehand: tenantseal_endpoint_initiate_xx(), and what others do to it with that or with
/// tenantseal_endpoint_initiate_ik(). Until the first one it has no session of these kinds. Add that
/// one before the endpoint is added to a listener; later ones act at once.
///
/// @param endpoint  the endpoint
/// @param peer  the principal and its key; a ticket is not looked at
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_endpoint_know(
    endpoint: *mut tenantseal_endpoint,
    peer: *const tenantseal_peer,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let endpoint = get(endpoint)?;
            let peer = get(peer)?;
            let peer = snapshot(&peer);
            set(&endpoint, |side| {
                let known = side.known.get_or_insert_default();
                let mut peers = known.0.write().unwrap_or_else(PoisonError::into_inner);
                *peers = core::mem::take(&mut *peers).add(peer.id(), peer.key());
                Ok(side.endpoint.clone().directory(known.clone()))
            })
        })
    }
}

/// Calls a peer that expects it: each side knows the other's static key. Nobody on the way learns who
/// speaks with whom. Send tenantseal_initiator_packet().
///
/// @param endpoint  the endpoint
/// @param peer  whom
/// @param out_initiator  the new handle, for tenantseal_initiator_free(); NULL after a failure
/// @return UNKNOWN_PRINCIPAL, SUSPENDED or REMOVED for either side; OPEN for a key that contributes
///     nothing; RANDOM; IO
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_endpoint_initiate(
    endpoint: *const tenantseal_endpoint,
    peer: *const tenantseal_peer,
    out_initiator: *mut *mut tenantseal_initiator,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_initiator), || {
            let endpoint = get(endpoint)?;
            let peer = get(peer)?;
            Ok(Exclusive::new(copy(&endpoint).initiate(&snapshot(&peer))?.into()))
        })
    }
}

/// Calls a peer that does not know this endpoint's static key, and is told it encrypted.
///
/// @param endpoint  the endpoint
/// @param peer  whom
/// @param out_initiator  the new handle, for tenantseal_initiator_free(); NULL after a failure
/// @return as tenantseal_endpoint_initiate()
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_endpoint_initiate_ik(
    endpoint: *const tenantseal_endpoint,
    peer: *const tenantseal_peer,
    out_initiator: *mut *mut tenantseal_initiator,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_initiator), || {
            let endpoint = get(endpoint)?;
            let peer = get(peer)?;
            Ok(Exclusive::new(copy(&endpoint).initiate_ik(&snapshot(&peer))?.into()))
        })
    }
}

/// Calls somebody whose static key is not known: each side sends its own, encrypted, and looks for the
/// other's among those that it knows. Nobody else learns who calls.
///
/// @param endpoint  the endpoint
/// @param kind  a TENANTSEAL_PRINCIPAL_ constant
/// @param id, id_len  whom; NULL and 0 for whoever of those answers, when `kind` is not looked at
/// @param out_initiator  the new handle, for tenantseal_initiator_free(); NULL after a failure
/// @return STATE without a tenantseal_endpoint_know(); as tenantseal_endpoint_initiate()
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_endpoint_initiate_xx(
    endpoint: *const tenantseal_endpoint,
    kind: i32,
    id: *const u8,
    id_len: usize,
    out_initiator: *mut *mut tenantseal_initiator,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_initiator), || {
            let id = bytes(id, id_len)?;
            let endpoint = get(endpoint)?;
            let peer = if id.is_empty() { None } else { Some(principal(kind, id)?) };
            Ok(Exclusive::new(copy(&endpoint).initiate_xx(peer.as_ref())?.into()))
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param endpoint  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_endpoint_free(endpoint: *mut tenantseal_endpoint) -> tenantseal_status {
    free(endpoint)
}

fn set(
    side: &RwLock<Side>,
    change: impl FnOnce(&mut Side) -> core::result::Result<Endpoint, Error>,
) -> Result<()> {
    let mut side = side.write().unwrap_or_else(PoisonError::into_inner);
    side.endpoint = change(&mut side)?;
    Ok(())
}

/// The endpoint as it is now.
pub(super) fn copy(side: &RwLock<Side>) -> Endpoint {
    side.read().unwrap_or_else(PoisonError::into_inner).endpoint.clone()
}
