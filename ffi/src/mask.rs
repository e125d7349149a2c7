//! Masks: what a listing shows.

use core::convert::Infallible;

use tenantseal::field::Mask;

use crate::{
    handle::{Opaque, free, get},
    input::{bytes, text},
    output::{Buffer, call},
    row::Bound,
    status::tenantseal_status,
};

/// The mask of a field: a column of its own, with its own key. Share it freely between threads.
#[derive(Debug)]
pub struct tenantseal_mask(Infallible);

impl Opaque for tenantseal_mask {
    const KIND: u8 = 5;
    type Object = Mask;
}

/// Masks a value and seals the result, for a row with an integer id.
///
/// @param mask  the mask
/// @param row  the row's id
/// @param value, value_len  the value in full
/// @param out, out_cap, out_len  the cell; tenantseal_sealed_len() of the value's length, or of 16
///     if that is more, is always enough
/// @return WRONG_BINDING; VALUE for what is not UTF-8; RANDOM
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_mask_seal_i64(
    mask: *const tenantseal_mask,
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
            let mask = get(mask)?;
            let value = text(value)?;
            Ok(mask.seal(row, value)?)
        })
    }
}

/// Masks a value and seals the result, for any kind of row.
///
/// @param mask  the mask
/// @param row, row_len  the row, as the tenantseal_row_* functions write it
/// @param value, value_len  the value in full
/// @param out, out_cap, out_len  the cell; tenantseal_sealed_len() of the value's length, or of 16
///     if that is more, is always enough
/// @return WRONG_BINDING; MALFORMED for a row that was not written so; VALUE for what is not UTF-8;
///     RANDOM
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_mask_seal(
    mask: *const tenantseal_mask,
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
            let mask = get(mask)?;
            let value = text(value)?;
            Ok(mask.seal(Bound::parse(row)?.row(), value)?)
        })
    }
}

/// Opens a sealed mask, for display, of a row with an integer id.
///
/// @param mask  the mask
/// @param row  the row's id
/// @param sealed, sealed_len  the cell
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return as tenantseal_field_open_i64()
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_mask_open_i64(
    mask: *const tenantseal_mask,
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
            let mask = get(mask)?;
            Ok(mask.open(row, sealed)?)
        })
    }
}

/// Opens a sealed mask, for display, of any kind of row.
///
/// @param mask  the mask
/// @param row, row_len  the row, as the tenantseal_row_* functions write it
/// @param sealed, sealed_len  the cell
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return as tenantseal_field_open_i64()
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_mask_open(
    mask: *const tenantseal_mask,
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
            let mask = get(mask)?;
            Ok(mask.open(Bound::parse(row)?.row(), sealed)?)
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param mask  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_mask_free(mask: *mut tenantseal_mask) -> tenantseal_status {
    free(mask)
}
