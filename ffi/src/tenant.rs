//! One tenant's keys.

use core::convert::Infallible;

use tenantseal::tenant::{CallbackCredentials, Tenant};
use zeroize::Zeroizing;

use crate::{
    field::tenantseal_field,
    handle::{Opaque, free, get},
    input::{bytes, text},
    output::{Buffer, Handle, Scalar, call},
    status::{Failure, tenantseal_status},
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

/// Writes the newest credentials of one application's callback below a generation. They are derived from
/// the tenant's root, rotate with it, and are stored nowhere. Begin with UINT32_MAX, and go on with the
/// generation that was stored: what the console still has after a rotation is among the older ones, for
/// tenantseal_callback_add_previous().
///
/// @param tenant  the tenant
/// @param application, application_len  your own permanent name for it, 1 to 128 bytes of UTF-8
/// @param below  the generation that theirs must be below
/// @param out_generation  the generation of the tenant's root; 0 after a failure
/// @param out_token, out_token_cap, out_token_len  the token, TENANTSEAL_CALLBACK_TOKEN_LEN bytes
/// @param out_key, out_key_cap, out_key_len  the EncodingAESKey,
///     TENANTSEAL_CALLBACK_KEY_LEN bytes
/// @return ABSENT if there is no such generation; VALUE; UNKNOWN_TENANT, SUSPENDED or SHREDDED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_tenant_callback_credentials(
    tenant: *const tenantseal_tenant,
    application: *const u8,
    application_len: usize,
    below: u32,
    out_generation: *mut u32,
    out_token: *mut u8,
    out_token_cap: usize,
    out_token_len: *mut usize,
    out_key: *mut u8,
    out_key_cap: usize,
    out_key_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(
            (
                Scalar(out_generation),
                (
                    Buffer::new(out_token, out_token_cap, out_token_len),
                    Buffer::new(out_key, out_key_cap, out_key_len),
                ),
            ),
            || {
                let application = bytes(application, application_len)?;
                let tenant = get(tenant)?;
                let application = text(application)?;
                let all = tenant.callback_credentials(application)?;
                let older = |pair: &&CallbackCredentials| pair.generation().to_u32() < below;
                let pair = all.iter().find(older).ok_or(Failure::Absent)?;
                let secret = |text: &str| Zeroizing::new(text.as_bytes().to_vec());
                Ok((pair.generation().to_u32(), (secret(pair.token()), secret(pair.encoding_aes_key()))))
            },
        )
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

/// The length of a token that is derived, in bytes.
pub const TENANTSEAL_CALLBACK_TOKEN_LEN: usize = 32;
/// The length of an EncodingAESKey, in bytes.
pub const TENANTSEAL_CALLBACK_KEY_LEN: usize = 43;

/// TENANTSEAL_CALLBACK_TOKEN_LEN, for callers that cannot read macros.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_callback_token_len() -> usize {
    TENANTSEAL_CALLBACK_TOKEN_LEN
}

/// TENANTSEAL_CALLBACK_KEY_LEN, for callers that cannot read macros.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_callback_key_len() -> usize {
    TENANTSEAL_CALLBACK_KEY_LEN
}
