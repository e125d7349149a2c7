//! Fields: values sealed for one tenant, place and row.

use core::convert::Infallible;

use tenantseal::field::Field;

use crate::{
    handle::{Opaque, free, get},
    index::{Index, tenantseal_index},
    input::{bytes, text, value as value_of},
    mask::tenantseal_mask,
    output::{Buffer, Handle, call},
    row::Bound,
    status::tenantseal_status,
};

/// A field of one tenant, in one compartment. Share it freely between threads. It notices when keys
/// or policy change.
#[derive(Debug)]
pub struct tenantseal_field(Infallible);

impl Opaque for tenantseal_field {
    const KIND: u8 = 3;
    type Object = Field;
}

/// Gives the same field in a compartment of the policy: other keys, and what one seals the other
/// cannot open.
///
/// @param field  the field
/// @param label, label_len  the compartment's label
/// @param out_field  the new handle, for tenantseal_field_free(); NULL after a failure
/// @return UNKNOWN_COMPARTMENT; VALUE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_field_compartment(
    field: *const tenantseal_field,
    label: *const u8,
    label_len: usize,
    out_field: *mut *mut tenantseal_field,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_field), || {
            let label = bytes(label, label_len)?;
            let field = get(field)?;
            let label = text(label)?;
            Ok(field.compartment(label)?)
        })
    }
}

/// Gives a blind index of the field.
///
/// @param field  the field
/// @param label, label_len  the index's label
/// @param out_index  the new handle, for tenantseal_index_free(); NULL after a failure
/// @return UNKNOWN_INDEX; VALUE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_field_index(
    field: *const tenantseal_field,
    label: *const u8,
    label_len: usize,
    out_index: *mut *mut tenantseal_index,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_index), || {
            let label = bytes(label, label_len)?;
            let field = get(field)?;
            let label = text(label)?;
            Ok(Index::new(&field, label)?)
        })
    }
}

/// Gives the mask of the field: a sealed column of its own.
///
/// @param field  the field
/// @param out_mask  the new handle, for tenantseal_mask_free(); NULL after a failure
/// @return UNKNOWN_FIELD if the policy gives it none
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_field_mask(
    field: *const tenantseal_field,
    out_mask: *mut *mut tenantseal_mask,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_mask), || {
            let field = get(field)?;
            Ok(field.mask()?)
        })
    }
}

/// Seals a value for a row with an integer id.
///
/// @param field  the field
/// @param row  the row's id
/// @param value, value_len  UTF-8 text or bytes, as the field's type is
/// @param out, out_cap, out_len  the cell: tenantseal_sealed_len() says how long
/// @return WRONG_BINDING if the policy wants another kind of row; VALUE for text that is not UTF-8;
///     TOO_LONG; RANDOM
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_field_seal_i64(
    field: *const tenantseal_field,
    row: i64,
    value: *const u8,
    value_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let value = bytes(value, value_len)?;
            let field = get(field)?;
            Ok(field.seal(row, value_of(field.rule(), value)?)?)
        })
    }
}

/// Seals a value for any kind of row.
///
/// @param field  the field
/// @param row, row_len  the row, as the tenantseal_row_* functions write it
/// @param value, value_len  UTF-8 text or bytes, as the field's type is
/// @param out, out_cap, out_len  the cell: tenantseal_sealed_len() says how long
/// @return WRONG_BINDING if the policy wants another kind of row; MALFORMED for a row that was not
///     written so; VALUE for text that is not UTF-8; TOO_LONG; RANDOM
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_field_seal(
    field: *const tenantseal_field,
    row: *const u8,
    row_len: usize,
    value: *const u8,
    value_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let row = bytes(row, row_len)?;
            let value = bytes(value, value_len)?;
            let field = get(field)?;
            Ok(field.seal(Bound::parse(row)?.row(), value_of(field.rule(), value)?)?)
        })
    }
}

/// As tenantseal_field_seal_i64(), in the text form `ts1.`, for columns that hold only text.
///
/// @param field  the field
/// @param row  the row's id
/// @param value, value_len  UTF-8 text or bytes, as the field's type is
/// @param out, out_cap, out_len  the cell as ASCII: tenantseal_sealed_text_len() says how long
/// @return as tenantseal_field_seal_i64()
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_field_seal_text_i64(
    field: *const tenantseal_field,
    row: i64,
    value: *const u8,
    value_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let value = bytes(value, value_len)?;
            let field = get(field)?;
            Ok(field.seal_text(row, value_of(field.rule(), value)?)?)
        })
    }
}

/// As tenantseal_field_seal(), in the text form `ts1.`, for columns that hold only text.
///
/// @param field  the field
/// @param row, row_len  the row, as the tenantseal_row_* functions write it
/// @param value, value_len  UTF-8 text or bytes, as the field's type is
/// @param out, out_cap, out_len  the cell as ASCII: tenantseal_sealed_text_len() says how long
/// @return as tenantseal_field_seal()
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_field_seal_text(
    field: *const tenantseal_field,
    row: *const u8,
    row_len: usize,
    value: *const u8,
    value_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let row = bytes(row, row_len)?;
            let value = bytes(value, value_len)?;
            let field = get(field)?;
            Ok(field.seal_text(Bound::parse(row)?.row(), value_of(field.rule(), value)?)?)
        })
    }
}

/// Opens a cell, in either form, that was sealed for a row with an integer id.
///
/// @param field  the field
/// @param row  the row's id
/// @param sealed, sealed_len  the cell
/// @param out, out_cap, out_len  the value: tenantseal_opened_len() says how long at most
/// @return UNKNOWN_KEY if it is another tenant's, field's or compartment's; OPEN if it was altered
///     or is of another row; MALFORMED; UNSUPPORTED; WRONG_BINDING
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_field_open_i64(
    field: *const tenantseal_field,
    row: i64,
    sealed: *const u8,
    sealed_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let sealed = bytes(sealed, sealed_len)?;
            let field = get(field)?;
            Ok(field.open(row, sealed)?)
        })
    }
}

/// Opens a cell, in either form, that was sealed for any kind of row.
///
/// @param field  the field
/// @param row, row_len  the row, as the tenantseal_row_* functions write it
/// @param sealed, sealed_len  the cell
/// @param out, out_cap, out_len  the value: tenantseal_opened_len() says how long at most
/// @return as tenantseal_field_open_i64()
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_field_open(
    field: *const tenantseal_field,
    row: *const u8,
    row_len: usize,
    sealed: *const u8,
    sealed_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let row = bytes(row, row_len)?;
            let sealed = bytes(sealed, sealed_len)?;
            let field = get(field)?;
            Ok(field.open(Bound::parse(row)?.row(), sealed)?)
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param field  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_field_free(field: *mut tenantseal_field) -> tenantseal_status {
    free(field)
}

/// How much longer a sealed value is than the value, in bytes.
pub const TENANTSEAL_SEALED_OVERHEAD: usize = 64;

/// TENANTSEAL_SEALED_OVERHEAD, for callers that cannot read macros.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_sealed_overhead() -> usize {
    TENANTSEAL_SEALED_OVERHEAD
}

/// The length of a sealed value; 0 if it would not fit in size_t.
///
/// @param value_len  the length of the value
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_sealed_len(value_len: usize) -> usize {
    value_len.checked_add(TENANTSEAL_SEALED_OVERHEAD).unwrap_or(0)
}

/// The length of a sealed value in its text form; 0 if it would not fit in size_t.
///
/// @param value_len  the length of the value
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_sealed_text_len(value_len: usize) -> usize {
    let sealed = value_len.checked_add(TENANTSEAL_SEALED_OVERHEAD);
    // `ts1.`, then four digits for three bytes without padding: whole groups, and 0, 2 or 3 digits for the rest.
    let text = sealed.and_then(|len| {
        let rest = match len % 3 {
            0 => 0,
            rest => rest + 1,
        };
        (len / 3).checked_mul(4)?.checked_add(rest + 4)
    });
    text.unwrap_or(0)
}

/// The most that an opened value can have, in bytes. The exact length is known when it is open.
///
/// @param sealed_len  the length of the cell, in either form
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_opened_len(sealed_len: usize) -> usize {
    // A column that is migrating holds plaintext, which comes out as long as it went in.
    sealed_len
}
