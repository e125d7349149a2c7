//! Transactions on a vault.

use core::convert::Infallible;
use std::{
    process,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tenantseal::{Error, StoreError};
use tenantseal_store::blocking::Transaction;

use crate::{
    fields::tenantseal_fields,
    handle::{Opaque, free, get},
    input::{bytes, text},
    output::{Handle, Scalar, call},
    rows::{Rows, tenantseal_rows},
    status::{Result, tenantseal_status},
};

/// A transaction: what it wrote is seen by it alone until it is committed. One thread at a time.
/// Released before that, it leaves nothing.
#[derive(Debug)]
pub struct tenantseal_transaction(Infallible);

impl Opaque for tenantseal_transaction {
    const KIND: u8 = 15;
    type Object = Open;
}

/// A transaction until it is committed.
#[derive(Debug)]
pub(crate) struct Open {
    process: u32,
    transaction: Mutex<Option<Transaction>>,
}

impl Open {
    pub(crate) fn new(transaction: Transaction) -> Self {
        Self { process: process::id(), transaction: Mutex::new(Some(transaction)) }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Transaction) -> core::result::Result<T, Error>) -> Result<T> {
        let mut held = self.lock()?;
        let transaction = held.as_mut().ok_or(Error::Store(StoreError::Closed))?;
        Ok(act(transaction)?)
    }

    /// Asks for the process first: another thread of the parent may have held the lock when it forked.
    fn lock(&self) -> Result<MutexGuard<'_, Option<Transaction>>> {
        if process::id() != self.process {
            return Err(Error::Forked.into());
        }
        Ok(self.transaction.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Inserts a row.
///
/// @param transaction  the transaction
/// @param table, table_len  the table's permanent label
/// @param fields  the fields
/// @param out_id  the row's id, which is never used again; 0 after a failure
/// @return UNKNOWN_FIELD; UNKNOWN_COMPARTMENT; WRONG_TYPE; VALUE if an index has no spelling for a
///     value; STORE; FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_transaction_insert(
    transaction: *mut tenantseal_transaction,
    table: *const u8,
    table_len: usize,
    fields: *const tenantseal_fields,
    out_id: *mut i64,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_id), || {
            let table = bytes(table, table_len)?;
            let transaction = get(transaction)?;
            let fields = get(fields)?;
            let table = text(table)?;
            transaction.with(|open| open.insert(table, fields.to_fields()))
        })
    }
}

/// Reads and opens the row of an id: none or one.
///
/// @param transaction  the transaction
/// @param table, table_len  the table's permanent label
/// @param id  the row's id
/// @param out_rows  the new handle, for tenantseal_rows_free(); NULL after a failure
/// @return OPEN or UNKNOWN_KEY if a cell of it was altered or moved; UNKNOWN_FIELD; STORE; FORKED;
///     VALUE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_transaction_get(
    transaction: *mut tenantseal_transaction,
    table: *const u8,
    table_len: usize,
    id: i64,
    out_rows: *mut *mut tenantseal_rows,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_rows), || {
            let table = bytes(table, table_len)?;
            let transaction = get(transaction)?;
            let table = text(table)?;
            Ok(Rows::Opened(transaction.with(|open| open.get(table, id))?.into_iter().collect()))
        })
    }
}

/// Reads and opens the rows of which a field has a value.
///
/// @param transaction  the transaction
/// @param field, field_len  the field's permanent label, `table.column`
/// @param index, index_len  the label of one of its indexes
/// @param value, value_len  the value, UTF-8
/// @param out_rows  the new handle, for tenantseal_rows_free(); NULL after a failure
/// @return UNKNOWN_FIELD; UNKNOWN_INDEX; VALUE if the index has no spelling for it; OPEN;
///     UNKNOWN_KEY; STORE; FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_transaction_find(
    transaction: *mut tenantseal_transaction,
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
            let transaction = get(transaction)?;
            let field = text(field)?;
            let index = text(index)?;
            let value = text(value)?;
            Ok(Rows::Opened(transaction.with(|open| open.find(field, index, value))?))
        })
    }
}

/// Changes columns of a row; those that are not named stay.
///
/// @param transaction  the transaction
/// @param table, table_len  the table's permanent label
/// @param id  the row's id
/// @param fields  the fields
/// @param out_there  1 if the row is there, 0 if not and after a failure
/// @return as tenantseal_transaction_insert(); WRONG_BINDING for a column that cells of the row are
///     bound to
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_transaction_update(
    transaction: *mut tenantseal_transaction,
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
            let transaction = get(transaction)?;
            let fields = get(fields)?;
            let table = text(table)?;
            Ok(i32::from(transaction.with(|open| open.update(table, id, fields.to_fields()))?))
        })
    }
}

/// Deletes a row.
///
/// @param transaction  the transaction
/// @param table, table_len  the table's permanent label
/// @param id  the row's id
/// @param out_there  1 if the row was there, 0 if not and after a failure
/// @return UNKNOWN_FIELD; STORE; FORKED; VALUE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_transaction_delete(
    transaction: *mut tenantseal_transaction,
    table: *const u8,
    table_len: usize,
    id: i64,
    out_there: *mut i32,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_there), || {
            let table = bytes(table, table_len)?;
            let transaction = get(transaction)?;
            let table = text(table)?;
            Ok(i32::from(transaction.with(|open| open.delete(table, id))?))
        })
    }
}

/// Makes everything that was written durable, all at once. The transaction is closed then, also
/// after a failure.
///
/// @param transaction  the transaction
/// @return STORE: nothing was written then; FORKED
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_transaction_commit(
    transaction: *mut tenantseal_transaction,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let transaction = get(transaction)?;
            let open = transaction.lock()?.take().ok_or(Error::Store(StoreError::Closed))?;
            Ok(open.commit()?)
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param transaction  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_transaction_free(transaction: *mut tenantseal_transaction) -> tenantseal_status {
    free(transaction)
}
