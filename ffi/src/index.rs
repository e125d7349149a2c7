//! Blind indexes.

use core::convert::Infallible;

use tenantseal::{
    Error,
    field::{BlindIndex, Field},
    tenant::policy::FieldRule,
};

use crate::{
    handle::{Opaque, free, get},
    input::{bytes, value as value_of},
    output::{Array, Scalar, call},
    status::tenantseal_status,
};

/// A blind index of one field in one compartment. Share it freely between threads.
#[derive(Debug)]
pub struct tenantseal_index(Infallible);

impl Opaque for tenantseal_index {
    const KIND: u8 = 4;
    type Object = Index;
}

/// An index, and what its field's values are.
#[derive(Debug)]
pub(crate) struct Index {
    index: BlindIndex,
    rule: FieldRule,
}

impl Index {
    pub(crate) fn new(field: &Field, label: &str) -> Result<Self, Error> {
        Ok(Self { index: field.index(label)?, rule: field.rule().clone() })
    }
}

/// Gives the token to store beside a sealed value.
///
/// @param index  the index
/// @param value, value_len  UTF-8 text or bytes, as the field's type is
/// @param out_token  the token, never negative
/// @return VALUE if the normaliser has no spelling for it
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_index_token(
    index: *const tenantseal_index,
    value: *const u8,
    value_len: usize,
    out_token: *mut i64,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_token), || {
            let value = bytes(value, value_len)?;
            let index = get(index)?;
            Ok(index.index.token(value_of(&index.rule, value)?)?)
        })
    }
}

/// Gives every token that rows with this value may have, for `WHERE column IN (...)`. A row that is
/// found is a candidate: open it and compare, with tenantseal_index_matches().
///
/// @param index  the index
/// @param value, value_len  UTF-8 text or bytes, as the field's type is
/// @param out, out_cap, out_len  where to write, and capacity and length, counted in items
/// @return VALUE if the normaliser has no spelling for it
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_index_lookup(
    index: *const tenantseal_index,
    value: *const u8,
    value_len: usize,
    out: *mut i64,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Array::new(out, out_cap, out_len), || {
            let value = bytes(value, value_len)?;
            let index = get(index)?;
            Ok(index.index.lookup(value_of(&index.rule, value)?)?)
        })
    }
}

/// Tells whether two values are the same to this index. A value without a spelling is the same as
/// none.
///
/// @param index  the index
/// @param left, left_len  UTF-8 text or bytes, as the field's type is
/// @param right, right_len  as `left`
/// @param out_matches  1 if they are, 0 if not and after a failure
/// @return VALUE for text that is not UTF-8
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_index_matches(
    index: *const tenantseal_index,
    left: *const u8,
    left_len: usize,
    right: *const u8,
    right_len: usize,
    out_matches: *mut i32,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_matches), || {
            let left = bytes(left, left_len)?;
            let right = bytes(right, right_len)?;
            let index = get(index)?;
            let (left, right) = (value_of(&index.rule, left)?, value_of(&index.rule, right)?);
            Ok(i32::from(index.index.matches(left, right)?))
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param index  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_index_free(index: *mut tenantseal_index) -> tenantseal_status {
    free(index)
}
