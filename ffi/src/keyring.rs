//! Keyrings: every tenant's keys under one key-encryption key.

use core::convert::Infallible;
use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _, path::Path};

use tenantseal::{
    Error,
    tenant::{Kek, Keyring, KeyringOptions, Passphrase, Policy, Record},
};

use crate::{
    handle::{Opaque, free, get},
    input::{bytes, text},
    output::{Buffer, Handle, Scalar, call},
    status::{Result, tenantseal_status},
    tenant::tenantseal_tenant,
};

/// The keys of every tenant under one key-encryption key. Share it freely between threads.
#[derive(Debug)]
pub struct tenantseal_keyring(Infallible);

impl Opaque for tenantseal_keyring {
    const KIND: u8 = 1;
    type Object = Keyring;
}

/// Makes a new key file, readable by its owner alone. It takes a tenth of a second or more, and
/// some memory, on purpose.
///
/// @param path, path_len  where: a file system path, not text
/// @param passphrase, passphrase_len  12 bytes or more
/// @param out_keyring  the new handle, for tenantseal_keyring_free(); NULL after a failure
/// @return ALREADY_EXISTS if anything stands at the path; VALUE for a short passphrase; IO; RANDOM
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_keyring_create(
    path: *const u8,
    path_len: usize,
    passphrase: *const u8,
    passphrase_len: usize,
    out_keyring: *mut *mut tenantseal_keyring,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_keyring), || {
            let path = bytes(path, path_len)?;
            let passphrase = bytes(passphrase, passphrase_len)?;
            Ok(Keyring::create(file(path), &Passphrase::from_vec(passphrase.to_vec())?)?)
        })
    }
}

/// Opens a key file.
///
/// @param path, path_len  where: a file system path, not text
/// @param passphrase, passphrase_len  the passphrase
/// @param out_keyring  the new handle, for tenantseal_keyring_free(); NULL after a failure
/// @return PASSPHRASE if it is wrong or the file was altered; MALFORMED; UNSUPPORTED; IO
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_keyring_open(
    path: *const u8,
    path_len: usize,
    passphrase: *const u8,
    passphrase_len: usize,
    out_keyring: *mut *mut tenantseal_keyring,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_keyring), || {
            let path = bytes(path, path_len)?;
            let passphrase = bytes(passphrase, passphrase_len)?;
            Ok(Keyring::open(file(path), &Passphrase::from_vec(passphrase.to_vec())?)?)
        })
    }
}

/// Makes a keyring that is stored nowhere. Its records are yours to keep:
/// tenantseal_keyring_records().
///
/// @param kek, kek_len  TENANTSEAL_KEK_LEN bytes from a generator, never from a word that a person
///     chose
/// @param out_keyring  the new handle, for tenantseal_keyring_free(); NULL after a failure
/// @return VALUE unless it has that length and is not one byte repeated
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_keyring_from_kek(
    kek: *const u8,
    kek_len: usize,
    out_keyring: *mut *mut tenantseal_keyring,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_keyring), || {
            let kek = bytes(kek, kek_len)?;
            Ok(Keyring::in_memory(&Kek::try_from(kek)?)?)
        })
    }
}

/// Makes a keyring from records that you kept.
///
/// @param kek, kek_len  TENANTSEAL_KEK_LEN bytes, those that the records were made under
/// @param records, records_len  what tenantseal_keyring_records() wrote
/// @param out_keyring  the new handle, for tenantseal_keyring_free(); NULL after a failure
/// @return MALFORMED; UNSUPPORTED; UNKNOWN_KEK if they are another key's; ALREADY_EXISTS for one
///     that is there twice; VALUE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_keyring_from_records(
    kek: *const u8,
    kek_len: usize,
    records: *const u8,
    records_len: usize,
    out_keyring: *mut *mut tenantseal_keyring,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_keyring), || {
            let kek = bytes(kek, kek_len)?;
            let records = bytes(records, records_len)?;
            Ok(Keyring::from_records(&Kek::try_from(kek)?, split(records)?, &KeyringOptions::new())?)
        })
    }
}

/// Writes every record of the keyring: for each, its length as 4 bytes, most significant first,
/// then its bytes. The roots in them are wrapped.
///
/// @param keyring  the keyring
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_keyring_records(
    keyring: *const tenantseal_keyring,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let keyring = get(keyring)?;
            joined(keyring.records()?.iter().map(Record::to_bytes))
        })
    }
}

/// Creates a tenant with fresh keys.
///
/// @param keyring  the keyring
/// @param id, id_len  your own permanent id of it, 1 to 128 bytes, never a CorpID
/// @param out_tenant  the new handle, for tenantseal_tenant_free(); NULL after a failure
/// @return ALREADY_EXISTS; VALUE for an empty id; TOO_LONG; RANDOM; IO
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_keyring_create_tenant(
    keyring: *mut tenantseal_keyring,
    id: *const u8,
    id_len: usize,
    out_tenant: *mut *mut tenantseal_tenant,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_tenant), || {
            let id = bytes(id, id_len)?;
            let keyring = get(keyring)?;
            Ok(keyring.create_tenant(id)?)
        })
    }
}

/// Gives the keys of a tenant.
///
/// @param keyring  the keyring
/// @param id, id_len  the id it was created with
/// @param out_tenant  the new handle, for tenantseal_tenant_free(); NULL after a failure
/// @return UNKNOWN_TENANT; OPEN if its records were altered; VALUE; TOO_LONG; PASSPHRASE,
///     ROLLED_BACK or IO from reading a replaced key file
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_keyring_tenant(
    keyring: *const tenantseal_keyring,
    id: *const u8,
    id_len: usize,
    out_tenant: *mut *mut tenantseal_tenant,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_tenant), || {
            let id = bytes(id, id_len)?;
            let keyring = get(keyring)?;
            Ok(keyring.tenant(id)?)
        })
    }
}

/// Gives the keys of the tenant that has an alias.
///
/// @param keyring  the keyring
/// @param alias, alias_len  the alias, UTF-8
/// @param out_tenant  the new handle, for tenantseal_tenant_free(); NULL after a failure
/// @return UNKNOWN_TENANT; VALUE for what is not UTF-8; PASSPHRASE, ROLLED_BACK or IO from reading
///     a replaced key file
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_keyring_tenant_by_alias(
    keyring: *const tenantseal_keyring,
    alias: *const u8,
    alias_len: usize,
    out_tenant: *mut *mut tenantseal_tenant,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_tenant), || {
            let alias = bytes(alias, alias_len)?;
            let keyring = get(keyring)?;
            let alias = text(alias)?;
            Ok(keyring.tenant_by_alias(alias)?)
        })
    }
}

/// Gives a tenant another name: a CorpID, a suite id, an open id. No key changes.
///
/// @param keyring  the keyring
/// @param alias, alias_len  the alias, UTF-8
/// @param id, id_len  the tenant's id
/// @return ALREADY_EXISTS; UNKNOWN_TENANT; VALUE; TOO_LONG; IO
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_keyring_add_alias(
    keyring: *mut tenantseal_keyring,
    alias: *const u8,
    alias_len: usize,
    id: *const u8,
    id_len: usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let alias = bytes(alias, alias_len)?;
            let id = bytes(id, id_len)?;
            let keyring = get(keyring)?;
            let alias = text(alias)?;
            Ok(keyring.add_alias(alias, id)?)
        })
    }
}

/// Takes a name away. No key changes.
///
/// @param keyring  the keyring
/// @param alias, alias_len  the alias, UTF-8
/// @return UNKNOWN_TENANT if no tenant has it; VALUE; IO
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_keyring_remove_alias(
    keyring: *mut tenantseal_keyring,
    alias: *const u8,
    alias_len: usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let alias = bytes(alias, alias_len)?;
            let keyring = get(keyring)?;
            let alias = text(alias)?;
            Ok(keyring.remove_alias(alias)?)
        })
    }
}

/// Gives a tenant a new root. What older generations sealed still opens.
///
/// @param keyring  the keyring
/// @param id, id_len  the tenant's id
/// @param out_generation  the generation of new cells; 0 after a failure
/// @return UNKNOWN_TENANT; RANDOM; IO; VALUE; TOO_LONG
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_keyring_rotate_tenant(
    keyring: *mut tenantseal_keyring,
    id: *const u8,
    id_len: usize,
    out_generation: *mut u32,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_generation), || {
            let id = bytes(id, id_len)?;
            let keyring = get(keyring)?;
            Ok(keyring.rotate_tenant(id)?.to_u32())
        })
    }
}

/// Gives a tenant a new index root. Lookups ask for the tokens of every epoch.
///
/// @param keyring  the keyring
/// @param id, id_len  the tenant's id
/// @param out_epoch  the epoch of new tokens; 0 after a failure
/// @return UNKNOWN_TENANT; RANDOM; IO; VALUE; TOO_LONG
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_keyring_rotate_index(
    keyring: *mut tenantseal_keyring,
    id: *const u8,
    id_len: usize,
    out_epoch: *mut u32,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_epoch), || {
            let id = bytes(id, id_len)?;
            let keyring = get(keyring)?;
            Ok(keyring.rotate_index(id)?.to_u32())
        })
    }
}

/// Puts a policy in force for every tenant. The one that is in force may be put again, which changes
/// nothing.
///
/// @param keyring  the keyring
/// @param json, json_len  the document
/// @return POLICY if it breaks a rule or cannot follow the one in force:
///     tenantseal_policy_explain(); TOO_LONG; IO
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_keyring_install_policy(
    keyring: *mut tenantseal_keyring,
    json: *const u8,
    json_len: usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let json = bytes(json, json_len)?;
            let keyring = get(keyring)?;
            Ok(keyring.install_policy(Policy::from_json(json)?)?)
        })
    }
}

/// Writes the policy in force, in its canonical form.
///
/// @param keyring  the keyring
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return UNKNOWN_FIELD if there is none
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_keyring_policy(
    keyring: *const tenantseal_keyring,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let keyring = get(keyring)?;
            Ok(keyring.policy()?.to_json())
        })
    }
}

/// Writes the policy in force in its stored form: canonical JSON, authenticated under this
/// keyring's key.
///
/// @param keyring  the keyring
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return UNKNOWN_FIELD if there is none
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_keyring_stored_policy(
    keyring: *const tenantseal_keyring,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let keyring = get(keyring)?;
            let policy = keyring.policy()?;
            Ok(keyring.policy_to_bytes(&policy)?)
        })
    }
}

/// Puts a policy in force that tenantseal_keyring_stored_policy() wrote.
///
/// @param keyring  the keyring
/// @param stored, stored_len  what it wrote
/// @return OPEN if it was altered; UNKNOWN_KEK if another key made it; MALFORMED; UNSUPPORTED;
///     POLICY if it cannot follow the one in force; IO
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_keyring_install_stored_policy(
    keyring: *mut tenantseal_keyring,
    stored: *const u8,
    stored_len: usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let stored = bytes(stored, stored_len)?;
            let keyring = get(keyring)?;
            Ok(keyring.install_policy(keyring.policy_from_bytes(stored)?)?)
        })
    }
}

/// Writes every tenant's id: for each, its length as 4 bytes, most significant first, then its
/// bytes.
///
/// @param keyring  the keyring
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_keyring_tenant_ids(
    keyring: *const tenantseal_keyring,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let keyring = get(keyring)?;
            joined(keyring.tenant_ids()?.iter().map(|id| id.as_bytes().to_vec()))
        })
    }
}

/// Reads the key file again, so that what other processes changed is seen. Nothing to do for a
/// keyring without one.
///
/// @param keyring  the keyring
/// @return PASSPHRASE if it was altered; ROLLED_BACK if it is older than what was read before; IO
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_keyring_reload(keyring: *mut tenantseal_keyring) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let keyring = get(keyring)?;
            Ok(keyring.reload()?)
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param keyring  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_keyring_free(keyring: *mut tenantseal_keyring) -> tenantseal_status {
    free(keyring)
}

/// The size of a key-encryption key, in bytes.
pub const TENANTSEAL_KEK_LEN: usize = 32;

const _: () = assert!(TENANTSEAL_KEK_LEN == Kek::LEN);

/// TENANTSEAL_KEK_LEN, for callers that cannot read macros.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_kek_len() -> usize {
    TENANTSEAL_KEK_LEN
}

pub(crate) fn file(path: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(path))
}

/// Each part with its length before it.
fn joined(parts: impl Iterator<Item = Vec<u8>>) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    for part in parts {
        out.extend_from_slice(&u32::try_from(part.len()).map_err(|_| Error::TooLong)?.to_be_bytes());
        out.extend_from_slice(&part);
    }
    Ok(out)
}

/// Takes apart what [`joined`] made.
fn split(mut records: &[u8]) -> Result<Vec<&[u8]>> {
    let mut found = Vec::new();
    while !records.is_empty() {
        let (len, rest) = records.split_first_chunk::<4>().ok_or(Error::Malformed)?;
        let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| Error::Malformed)?;
        let (record, rest) = rest.split_at_checked(len).ok_or(Error::Malformed)?;
        found.push(record);
        records = rest;
    }
    Ok(found)
}
