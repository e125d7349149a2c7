//! Vaults: sealed, searchable rows in an SQLite file.

use core::convert::Infallible;

use tenantseal_store::blocking::Vault;

use crate::{
    handle::{Opaque, free, get},
    input::bytes,
    keyring::{file, tenantseal_keyring},
    output::{Handle, call},
    status::tenantseal_status,
    tenant_vault::tenantseal_tenant_vault,
};

/// A vault of sealed rows on an SQLite file. Share it freely between threads. After a fork the
/// child opens one of its own.
#[derive(Debug)]
pub struct tenantseal_vault(Infallible);

impl Opaque for tenantseal_vault {
    const KIND: u8 = 11;
    type Object = Vault;
}

/// Opens the SQLite file, makes it if it is not there, and adds what the keyring's policy needs.
///
/// @param path, path_len  where: a file system path, not text
/// @param keyring  the keyring
/// @param out_vault  the new handle, for tenantseal_vault_free(); NULL after a failure
/// @return UNKNOWN_FIELD if the keyring has no policy; STORE; VALUE for `:memory:`
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_vault_open(
    path: *const u8,
    path_len: usize,
    keyring: *const tenantseal_keyring,
    out_vault: *mut *mut tenantseal_vault,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_vault), || {
            let path = bytes(path, path_len)?;
            let keyring = get(keyring)?;
            Ok(Vault::open(file(path), &keyring)?)
        })
    }
}

/// Gives one tenant's rows.
///
/// @param vault  the vault
/// @param id, id_len  the tenant's id
/// @param out_tenant_vault  the new handle, for tenantseal_tenant_vault_free(); NULL after a
///     failure
/// @return UNKNOWN_TENANT; FORKED; VALUE; TOO_LONG
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_vault_tenant(
    vault: *const tenantseal_vault,
    id: *const u8,
    id_len: usize,
    out_tenant_vault: *mut *mut tenantseal_tenant_vault,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_tenant_vault), || {
            let id = bytes(id, id_len)?;
            let vault = get(vault)?;
            Ok(vault.tenant(id)?)
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param vault  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_vault_free(vault: *mut tenantseal_vault) -> tenantseal_status {
    free(vault)
}
