//! Rows that were read.

use core::convert::Infallible;

use tenantseal_store::{Masked, Plain, Record};
use zeroize::Zeroizing;

use crate::{
    content::{self, Content as _},
    handle::{Opaque, free, get},
    input::{bytes, text},
    output::{Buffer, Scalar, call},
    status::{Failure, Result, tenantseal_status},
};

/// Rows that were read, none, one or several. Share it freely between threads. Values are wiped
/// when the handle is released.
#[derive(Debug)]
pub struct tenantseal_rows(Infallible);

impl Opaque for tenantseal_rows {
    const KIND: u8 = 13;
    type Object = Rows;
}

/// Rows, opened or as a listing shows them.
#[derive(Debug)]
pub(crate) enum Rows {
    Masked(Vec<Masked>),
    Opened(Vec<Record>),
}

/// One of them.
enum Row<'a> {
    Masked(&'a Masked),
    Opened(&'a Record),
}

impl Rows {
    fn row(&self, number: usize) -> Result<Row<'_>> {
        match self {
            Self::Masked(rows) => rows.get(number).map(Row::Masked),
            Self::Opened(rows) => rows.get(number).map(Row::Opened),
        }
        .ok_or(Failure::Absent)
    }

    /// A plain column's value; what a listing shows has none.
    fn plain(&self, number: usize, column: &str) -> Result<&Plain> {
        match self.row(number)? {
            Row::Masked(row) if row.shown(column).is_some() => Err(tenantseal::Error::WrongType.into()),
            Row::Opened(row) if row.opened(column).is_some() => Err(tenantseal::Error::WrongType.into()),
            Row::Masked(_) => Err(Failure::Absent),
            Row::Opened(row) => row.plain(column).ok_or(Failure::Absent),
        }
    }
}

/// Tells how many rows there are.
///
/// @param rows  the rows
/// @param out_count  where to write it; 0 after a failure
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_rows_count(
    rows: *const tenantseal_rows,
    out_count: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_count), || {
            let rows = get(rows)?;
            Ok(match &*rows {
                Rows::Masked(rows) => rows.len(),
                Rows::Opened(rows) => rows.len(),
            })
        })
    }
}

/// Gives a row's id.
///
/// @param rows  the rows
/// @param number  which row, counted from 0
/// @param out_id  where to write it; 0 after a failure
/// @return ABSENT if there are not so many
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_rows_id(
    rows: *const tenantseal_rows,
    number: usize,
    out_id: *mut i64,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_id), || {
            let rows = get(rows)?;
            Ok(match rows.row(number)? {
                Row::Masked(row) => row.id(),
                Row::Opened(row) => row.id(),
            })
        })
    }
}

/// Writes a row's compartment; empty for the default one.
///
/// @param rows  the rows
/// @param number  which row, counted from 0
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return ABSENT if there are not so many
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_rows_compartment(
    rows: *const tenantseal_rows,
    number: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let rows = get(rows)?;
            Ok(match rows.row(number)? {
                Row::Masked(row) => row.compartment().to_owned(),
                Row::Opened(row) => row.compartment().to_owned(),
            })
        })
    }
}

/// Writes the text or bytes of a column: of a row that was opened its value, of a listing what may
/// be shown.
///
/// @param rows  the rows
/// @param number  which row, counted from 0
/// @param column, column_len  the permanent label, without the table's
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return ABSENT if there is no such row or the column is NULL or none of it; WRONG_TYPE for a
///     number; VALUE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_rows_value(
    rows: *const tenantseal_rows,
    number: usize,
    column: *const u8,
    column_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let column = bytes(column, column_len)?;
            let rows = get(rows)?;
            let column = text(column)?;
            let mut value = Zeroizing::new(Vec::new());
            let found = match rows.row(number)? {
                Row::Masked(row) => row.shown(column).map(str::as_bytes),
                Row::Opened(row) => match (row.opened(column), row.plain(column)) {
                    (Some(opened), _) => {
                        value.reserve_exact(content::len(opened));
                        opened.each(&mut |part| value.extend_from_slice(part));
                        return Ok(value);
                    }
                    (None, Some(Plain::Bytes(bytes))) => Some(&bytes[..]),
                    (None, Some(Plain::Text(text))) => Some(text.as_bytes()),
                    (None, Some(_)) => return Err(tenantseal::Error::WrongType.into()),
                    (None, None) => None,
                },
            };
            value.extend_from_slice(found.ok_or(Failure::Absent)?);
            Ok(value)
        })
    }
}

/// Gives the number in a plain column of type i64.
///
/// @param rows  the rows
/// @param number  which row, counted from 0
/// @param column, column_len  the permanent label, without the table's
/// @param out_value  where to write it; 0 after a failure
/// @return ABSENT; WRONG_TYPE; VALUE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_rows_i64(
    rows: *const tenantseal_rows,
    number: usize,
    column: *const u8,
    column_len: usize,
    out_value: *mut i64,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_value), || {
            let column = bytes(column, column_len)?;
            let rows = get(rows)?;
            let column = text(column)?;
            match rows.plain(number, column)? {
                Plain::I64(value) => Ok(*value),
                _ => Err(tenantseal::Error::WrongType.into()),
            }
        })
    }
}

/// Gives the number in a plain column of type f64.
///
/// @param rows  the rows
/// @param number  which row, counted from 0
/// @param column, column_len  the permanent label, without the table's
/// @param out_value  where to write it; 0 after a failure
/// @return ABSENT; WRONG_TYPE; VALUE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_rows_f64(
    rows: *const tenantseal_rows,
    number: usize,
    column: *const u8,
    column_len: usize,
    out_value: *mut f64,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_value), || {
            let column = bytes(column, column_len)?;
            let rows = get(rows)?;
            let column = text(column)?;
            match rows.plain(number, column)? {
                Plain::F64(value) => Ok(*value),
                _ => Err(tenantseal::Error::WrongType.into()),
            }
        })
    }
}

/// Gives the truth value in a plain column of type bool.
///
/// @param rows  the rows
/// @param number  which row, counted from 0
/// @param column, column_len  the permanent label, without the table's
/// @param out_value  1 or 0; 0 after a failure
/// @return ABSENT; WRONG_TYPE; VALUE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_rows_bool(
    rows: *const tenantseal_rows,
    number: usize,
    column: *const u8,
    column_len: usize,
    out_value: *mut i32,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_value), || {
            let column = bytes(column, column_len)?;
            let rows = get(rows)?;
            let column = text(column)?;
            match rows.plain(number, column)? {
                Plain::Bool(value) => Ok(i32::from(*value)),
                _ => Err(tenantseal::Error::WrongType.into()),
            }
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param rows  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_rows_free(rows: *mut tenantseal_rows) -> tenantseal_status {
    free(rows)
}
