//! The columns to write.

use core::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tenantseal_store::{Fields, Plain};
use zeroize::Zeroizing;

use crate::{
    handle::{Opaque, free, get},
    input::{bytes, text},
    output::{Handle, call},
    status::tenantseal_status,
};

/// The columns to write to a row, by their permanent labels. One thread at a time. Writing does not
/// use it up. Values are wiped when the handle is released.
#[derive(Debug)]
pub struct tenantseal_fields(Infallible);

impl Opaque for tenantseal_fields {
    const KIND: u8 = 12;
    type Object = Draft;
}

/// What becomes a [`Fields`] at each use: that one is used up by writing, and a handle is not.
#[derive(Default)]
pub(crate) struct Draft(Mutex<Columns>);

#[derive(Default)]
struct Columns {
    compartment: Option<String>,
    values: Vec<(String, Value)>,
}

enum Value {
    Bytes(Zeroizing<Vec<u8>>),
    Null,
    Number(Plain),
    Text(Zeroizing<String>),
}

impl Draft {
    /// The columns, as the store takes them.
    pub(crate) fn to_fields(&self) -> Fields {
        let columns = self.lock();
        let mut fields = Fields::new();
        if let Some(label) = &columns.compartment {
            fields = fields.compartment(label);
        }
        for (column, value) in &columns.values {
            fields = match value {
                Value::Bytes(bytes) => fields.set_bytes(column, bytes),
                Value::Null => fields.set_null(column),
                Value::Number(number) => fields.set_plain(column, number.clone()),
                Value::Text(text) => fields.set(column, text),
            };
        }
        fields
    }

    fn set(&self, column: &str, value: Value) {
        let mut columns = self.lock();
        columns.values.retain(|(known, _)| known != column);
        columns.values.push((column.to_owned(), value));
    }

    fn lock(&self) -> MutexGuard<'_, Columns> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes an empty set of columns.
///
/// @param out_fields  the new handle, for tenantseal_fields_free(); NULL after a failure
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_fields_new(out_fields: *mut *mut tenantseal_fields) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe { call(Handle(out_fields), || Ok(Draft::default())) }
}

/// Sets a column of type text; also a plain one of type decimal, date, timestamp or json, in its
/// text form.
///
/// @param fields  the fields
/// @param column, column_len  the permanent label, without the table's
/// @param value, value_len  the value, UTF-8
/// @return VALUE for what is not UTF-8
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_fields_set_text(
    fields: *mut tenantseal_fields,
    column: *const u8,
    column_len: usize,
    value: *const u8,
    value_len: usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let column = bytes(column, column_len)?;
            let value = bytes(value, value_len)?;
            let fields = get(fields)?;
            let column = text(column)?;
            let value = text(value)?;
            fields.set(column, Value::Text(Zeroizing::new(value.to_owned())));
            Ok(())
        })
    }
}

/// Sets a column of type bytes.
///
/// @param fields  the fields
/// @param column, column_len  the permanent label, without the table's
/// @param value, value_len  the value
/// @return VALUE for a label that is not UTF-8
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_fields_set_bytes(
    fields: *mut tenantseal_fields,
    column: *const u8,
    column_len: usize,
    value: *const u8,
    value_len: usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let column = bytes(column, column_len)?;
            let value = bytes(value, value_len)?;
            let fields = get(fields)?;
            let column = text(column)?;
            fields.set(column, Value::Bytes(Zeroizing::new(value.to_vec())));
            Ok(())
        })
    }
}

/// Sets a plain column of type i64.
///
/// @param fields  the fields
/// @param column, column_len  the permanent label, without the table's
/// @param value  the number
/// @return VALUE for a label that is not UTF-8
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_fields_set_i64(
    fields: *mut tenantseal_fields,
    column: *const u8,
    column_len: usize,
    value: i64,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe { set(fields, column, column_len, Value::Number(Plain::I64(value))) }
}

/// Sets a plain column of type f64.
///
/// @param fields  the fields
/// @param column, column_len  the permanent label, without the table's
/// @param value  the number
/// @return VALUE for a label that is not UTF-8
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_fields_set_f64(
    fields: *mut tenantseal_fields,
    column: *const u8,
    column_len: usize,
    value: f64,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe { set(fields, column, column_len, Value::Number(Plain::F64(value))) }
}

/// Sets a plain column of type bool.
///
/// @param fields  the fields
/// @param column, column_len  the permanent label, without the table's
/// @param value  0 for false, everything else is true
/// @return VALUE for a label that is not UTF-8
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_fields_set_bool(
    fields: *mut tenantseal_fields,
    column: *const u8,
    column_len: usize,
    value: i32,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe { set(fields, column, column_len, Value::Number(Plain::Bool(value != 0))) }
}

/// Leaves a column empty: NULL, with no mask and no token.
///
/// @param fields  the fields
/// @param column, column_len  the permanent label, without the table's
/// @return VALUE for a label that is not UTF-8
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_fields_set_null(
    fields: *mut tenantseal_fields,
    column: *const u8,
    column_len: usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe { set(fields, column, column_len, Value::Null) }
}

/// Puts a new row into a compartment of the policy. A row keeps the one that it was inserted with.
///
/// @param fields  the fields
/// @param label, label_len  the compartment's label
/// @return VALUE for what is not UTF-8
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_fields_set_compartment(
    fields: *mut tenantseal_fields,
    label: *const u8,
    label_len: usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let label = bytes(label, label_len)?;
            let fields = get(fields)?;
            let label = text(label)?;
            fields.lock().compartment = Some(label.to_owned());
            Ok(())
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param fields  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_fields_free(fields: *mut tenantseal_fields) -> tenantseal_status {
    free(fields)
}

/// Sets a column to what was passed by value.
///
/// # Safety
///
/// As every export.
unsafe fn set(
    fields: *mut tenantseal_fields,
    column: *const u8,
    column_len: usize,
    value: Value,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let column = bytes(column, column_len)?;
            let fields = get(fields)?;
            fields.set(text(column)?, value);
            Ok(())
        })
    }
}
