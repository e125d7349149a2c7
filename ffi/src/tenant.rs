//! One tenant's keys.

use core::convert::Infallible;

use tenantseal::tenant::Tenant;

use crate::{
    field::tenantseal_field,
    handle::{Opaque, free, get},
    input::{bytes, text},
    output::{Buffer, Handle, call},
    status::tenantseal_status,
};

/// One tenant's keys: everything that is sealed or opened starts here. Share it freely between
/// threads.
#[derive(Debug)]
pub struct tenantseal_tenant(Infallible);

impl Opaque for tenantseal_tenant {
    const KIND: u8 = 2;
    type Object = Tenant;
}

/// Writes the tenant's id.
///
/// @param tenant  the tenant
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_tenant_id(
    tenant: *const tenantseal_tenant,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let tenant = get(tenant)?;
            Ok(tenant.id().as_bytes().to_vec())
        })
    }
}

/// Gives a field, in the default compartment.
///
/// @param tenant  the tenant
/// @param label, label_len  its permanent label in the policy, `table.column`
/// @param out_field  the new handle, for tenantseal_field_free(); NULL after a failure
/// @return UNKNOWN_FIELD if the policy has none; UNSUPPORTED if it is not stored as cells; VALUE
///     for what is not UTF-8
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_tenant_field(
    tenant: *const tenantseal_tenant,
    label: *const u8,
    label_len: usize,
    out_field: *mut *mut tenantseal_field,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_field), || {
            let label = bytes(label, label_len)?;
            let tenant = get(tenant)?;
            let label = text(label)?;
            Ok(tenant.field(label)?)
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param tenant  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_tenant_free(tenant: *mut tenantseal_tenant) -> tenantseal_status {
    free(tenant)
}
