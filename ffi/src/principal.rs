//! Who acts for a tenant.

use core::time::Duration;
use std::time::SystemTime;

use tenantseal::{
    Error,
    tenant::{PrincipalId, PrincipalKind, PrincipalState},
};

use crate::{
    handle::get,
    input::bytes,
    output::{Scalar, call},
    status::{Failure, Result, tenantseal_status},
    tenant::tenantseal_tenant,
};

/// Makes a principal of a tenant known, and active: nobody has a session whom the tenant does not know.
///
/// @param tenant  the tenant
/// @param kind  one of TENANTSEAL_PRINCIPAL_*
/// @param id, id_len  your own id of it, 1 to 128 bytes
/// @return ALREADY_EXISTS; VALUE or TOO_LONG for the id; UNKNOWN_TENANT; SUSPENDED; SHREDDED; IO
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_tenant_add_principal(
    tenant: *const tenantseal_tenant,
    kind: i32,
    id: *const u8,
    id_len: usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let id = bytes(id, id_len)?;
            let tenant = get(tenant)?;
            Ok(tenant.add_principal(&principal(kind, id)?)?)
        })
    }
}

/// Takes everything away from a principal at once; its sessions end. Suspending again sets another
/// date.
///
/// @param tenant  the tenant
/// @param kind  one of TENANTSEAL_PRINCIPAL_*
/// @param id, id_len  your own id of it, 1 to 128 bytes
/// @param until  when to look at it again, in seconds since 1970; 0 for no date
/// @return UNKNOWN_PRINCIPAL; REMOVED; VALUE; TOO_LONG; UNKNOWN_TENANT; SUSPENDED; SHREDDED; IO
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_tenant_suspend_principal(
    tenant: *const tenantseal_tenant,
    kind: i32,
    id: *const u8,
    id_len: usize,
    until: u64,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let id = bytes(id, id_len)?;
            let tenant = get(tenant)?;
            let until = match until {
                0 => None,
                until => {
                    Some(SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(until)).ok_or(Error::Value)?)
                }
            };
            Ok(tenant.suspend_principal(&principal(kind, id)?, until)?)
        })
    }
}

/// Gives a suspended principal everything back, but for its sessions.
///
/// @param tenant  the tenant
/// @param kind  one of TENANTSEAL_PRINCIPAL_*
/// @param id, id_len  your own id of it, 1 to 128 bytes
/// @return STATE if it is active; UNKNOWN_PRINCIPAL; REMOVED; VALUE; TOO_LONG; UNKNOWN_TENANT;
///     SUSPENDED; SHREDDED; IO
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_tenant_restore_principal(
    tenant: *const tenantseal_tenant,
    kind: i32,
    id: *const u8,
    id_len: usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let id = bytes(id, id_len)?;
            let tenant = get(tenant)?;
            Ok(tenant.restore_principal(&principal(kind, id)?)?)
        })
    }
}

/// Removes a suspended principal for good. Its id stays known, so that nobody else gets it.
///
/// @param tenant  the tenant
/// @param kind  one of TENANTSEAL_PRINCIPAL_*
/// @param id, id_len  your own id of it, 1 to 128 bytes
/// @return STATE if it is not suspended; UNKNOWN_PRINCIPAL; REMOVED; VALUE; TOO_LONG; UNKNOWN_TENANT;
///     SUSPENDED; SHREDDED; IO
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_tenant_remove_principal(
    tenant: *const tenantseal_tenant,
    kind: i32,
    id: *const u8,
    id_len: usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let id = bytes(id, id_len)?;
            let tenant = get(tenant)?;
            Ok(tenant.remove_principal(&principal(kind, id)?)?)
        })
    }
}

/// Says where in its life a principal is.
///
/// @param tenant  the tenant
/// @param kind  one of TENANTSEAL_PRINCIPAL_*
/// @param id, id_len  your own id of it, 1 to 128 bytes
/// @param out_state  one of TENANTSEAL_PRINCIPAL_STATE_*
/// @return UNKNOWN_PRINCIPAL; VALUE; TOO_LONG; UNKNOWN_TENANT; SUSPENDED for the tenant; SHREDDED; IO
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_tenant_principal_state(
    tenant: *const tenantseal_tenant,
    kind: i32,
    id: *const u8,
    id_len: usize,
    out_state: *mut i32,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_state), || {
            let id = bytes(id, id_len)?;
            let tenant = get(tenant)?;
            match tenant.principal_state(&principal(kind, id)?)? {
                PrincipalState::Active => Ok(TENANTSEAL_PRINCIPAL_STATE_ACTIVE),
                PrincipalState::Suspended { .. } => Ok(TENANTSEAL_PRINCIPAL_STATE_SUSPENDED),
                PrincipalState::Removed => Ok(TENANTSEAL_PRINCIPAL_STATE_REMOVED),
                _ => Err(Error::Unsupported.into()),
            }
        })
    }
}

/// # Errors
///
/// [`Failure::Argument`] for a kind that is not defined; those of the id.
pub(crate) fn principal(kind: i32, id: &[u8]) -> Result<PrincipalId> {
    let id = match kind {
        TENANTSEAL_PRINCIPAL_MEMBER => PrincipalId::member(id),
        TENANTSEAL_PRINCIPAL_CLIENT => PrincipalId::client(id),
        TENANTSEAL_PRINCIPAL_SERVICE => PrincipalId::service(id),
        _ => return Err(Failure::Argument),
    };
    Ok(id?)
}

/// # Errors
///
/// [`Error::Unsupported`] for a kind that this interface has no number for.
pub(crate) fn number(kind: PrincipalKind) -> Result<i32> {
    match kind {
        PrincipalKind::Member => Ok(TENANTSEAL_PRINCIPAL_MEMBER),
        PrincipalKind::Client => Ok(TENANTSEAL_PRINCIPAL_CLIENT),
        PrincipalKind::Service => Ok(TENANTSEAL_PRINCIPAL_SERVICE),
        _ => Err(Error::Unsupported.into()),
    }
}

/// A person.
pub const TENANTSEAL_PRINCIPAL_MEMBER: i32 = 1;
/// A device or program of a member, with keys of its own.
pub const TENANTSEAL_PRINCIPAL_CLIENT: i32 = 2;
/// A program of the operator or of the tenant.
pub const TENANTSEAL_PRINCIPAL_SERVICE: i32 = 3;

/// It may act.
pub const TENANTSEAL_PRINCIPAL_STATE_ACTIVE: i32 = 1;
/// It may not act until it is restored.
pub const TENANTSEAL_PRINCIPAL_STATE_SUSPENDED: i32 = 2;
/// It may never act again.
pub const TENANTSEAL_PRINCIPAL_STATE_REMOVED: i32 = 3;
