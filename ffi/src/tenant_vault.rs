//! One tenant's rows of a vault.

use core::convert::Infallible;

use tenantseal_store::blocking::TenantVault;

use crate::{
    fields::tenantseal_fields,
    handle::{Opaque, free, get},
    input::{bytes, text},
    output::{Handle, Scalar, call},
    rows::{Rows, tenantseal_rows},
    status::tenantseal_status,
    transaction::{Open, tenantseal_transaction},
};

/// One tenant's rows of a vault: every call sees and changes rows of this tenant alone. Share it
/// freely between threads.
#[derive(Debug)]
pub struct tenantseal_tenant_vault(Infallible);

impl Opaque for tenantseal_tenant_vault {
    const KIND: u8 = 14;
    type Object = TenantVault;
}

/// Inserts a row.
///
/// @param tenant_vault  the tenant vault
/// @param table, table_len  the table's permanent label
/// @param fields  the fields
/// @param out_id  the row's id, which is never used again; 0 after a failure
/// @return UNKNOWN_FIELD; UNKNOWN_COMPARTMENT; WRONG_TYPE; VALUE if an index has no spelling for a
///     value; STORE; FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_tenant_vault_insert(
    tenant_vault: *const tenantseal_tenant_vault,
    table: *const u8,
    table_len: usize,
    fields: *const tenantseal_fields,
    out_id: *mut i64,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_id), || {
            let table = bytes(table, table_len)?;
            let tenant_vault = get(tenant_vault)?;
            let fields = get(fields)?;
            let table = text(table)?;
            Ok(tenant_vault.insert(table, fields.to_fields())?)
        })
    }
}

/// Reads and opens the row of an id: none or one.
///
/// @param tenant_vault  the tenant vault
/// @param table, table_len  the table's permanent label
/// @param id  the row's id
/// @param out_rows  the new handle, for tenantseal_rows_free(); NULL after a failure
/// @return OPEN or UNKNOWN_KEY if a cell of it was altered or moved; UNKNOWN_FIELD; STORE; FORKED;
///     VALUE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_tenant_vault_get(
    tenant_vault: *const tenantseal_tenant_vault,
    table: *const u8,
    table_len: usize,
    id: i64,
    out_rows: *mut *mut tenantseal_rows,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_rows), || {
            let table = bytes(table, table_len)?;
            let tenant_vault = get(tenant_vault)?;
            let table = text(table)?;
            Ok(Rows::Opened(tenant_vault.get(table, id)?.into_iter().collect()))
        })
    }
}

/// Reads and opens the rows of which a field has a value.
///
/// @param tenant_vault  the tenant vault
/// @param field, field_len  the field's permanent label, `table.column`
/// @param index, index_len  the label of one of its indexes
/// @param value, value_len  the value, UTF-8
/// @param out_rows  the new handle, for tenantseal_rows_free(); NULL after a failure
/// @return UNKNOWN_FIELD; UNKNOWN_INDEX; VALUE if the index has no spelling for it; OPEN;
///     UNKNOWN_KEY; STORE; FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_tenant_vault_find(
    tenant_vault: *const tenantseal_tenant_vault,
    field: *const u8,
    field_len: usize,
    index: *const u8,
    index_len: usize,
    value: *const u8,
    value_len: usize,
    out_rows: *mut *mut tenantseal_rows,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_rows), || {
            let field = bytes(field, field_len)?;
            let index = bytes(index, index_len)?;
            let value = bytes(value, value_len)?;
            let tenant_vault = get(tenant_vault)?;
            let field = text(field)?;
            let index = text(index)?;
            let value = text(value)?;
            Ok(Rows::Opened(tenant_vault.find(field, index, value)?))
        })
    }
}

/// Reads rows as a listing may show them, in the order of their ids: masks are opened, values are
/// not.
///
/// @param tenant_vault  the tenant vault
/// @param table, table_len  the table's permanent label
/// @param after  the id of the last row of the page before; 0 to begin with
/// @param limit  how many at most
/// @param out_rows  the new handle, for tenantseal_rows_free(); NULL after a failure
/// @return OPEN; UNKNOWN_KEY; UNKNOWN_FIELD; STORE; FORKED; VALUE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_tenant_vault_list_masked(
    tenant_vault: *const tenantseal_tenant_vault,
    table: *const u8,
    table_len: usize,
    after: i64,
    limit: u32,
    out_rows: *mut *mut tenantseal_rows,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_rows), || {
            let table = bytes(table, table_len)?;
            let tenant_vault = get(tenant_vault)?;
            let table = text(table)?;
            Ok(Rows::Masked(tenant_vault.list_masked(table, after, limit)?))
        })
    }
}

/// Changes columns of a row; those that are not named stay.
///
/// @param tenant_vault  the tenant vault
/// @param table, table_len  the table's permanent label
/// @param id  the row's id
/// @param fields  the fields
/// @param out_there  1 if the row is there, 0 if not and after a failure
/// @return as tenantseal_tenant_vault_insert(); WRONG_BINDING for a column that cells of the row
///     are bound to
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_tenant_vault_update(
    tenant_vault: *const tenantseal_tenant_vault,
    table: *const u8,
    table_len: usize,
    id: i64,
    fields: *const tenantseal_fields,
    out_there: *mut i32,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_there), || {
            let table = bytes(table, table_len)?;
            let tenant_vault = get(tenant_vault)?;
            let fields = get(fields)?;
            let table = text(table)?;
            Ok(i32::from(tenant_vault.update(table, id, fields.to_fields())?))
        })
    }
}

/// Deletes a row.
///
/// @param tenant_vault  the tenant vault
/// @param table, table_len  the table's permanent label
/// @param id  the row's id
/// @param out_there  1 if the row was there, 0 if not and after a failure
/// @return UNKNOWN_FIELD; STORE; FORKED; VALUE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_tenant_vault_delete(
    tenant_vault: *const tenantseal_tenant_vault,
    table: *const u8,
    table_len: usize,
    id: i64,
    out_there: *mut i32,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_there), || {
            let table = bytes(table, table_len)?;
            let tenant_vault = get(tenant_vault)?;
            let table = text(table)?;
            Ok(i32::from(tenant_vault.delete(table, id)?))
        })
    }
}

/// Starts a transaction. While it is open every other write to this vault waits, those of the
/// thread that holds it for ever: write through the transaction.
///
/// @param tenant_vault  the tenant vault
/// @param out_transaction  the new handle, for tenantseal_transaction_free(); NULL after a failure
/// @return STORE if another process writes for too long; FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_tenant_vault_begin(
    tenant_vault: *const tenantseal_tenant_vault,
    out_transaction: *mut *mut tenantseal_transaction,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_transaction), || {
            let tenant_vault = get(tenant_vault)?;
            Ok(Open::new(tenant_vault.begin()?))
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param tenant_vault  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_tenant_vault_free(
    tenant_vault: *mut tenantseal_tenant_vault,
) -> tenantseal_status {
    free(tenant_vault)
}
