//! What comes in: pointers with lengths.

use core::slice;

use tenantseal::{
    Error,
    field::Value,
    tenant::policy::{FieldRule, ValueType},
};

use crate::status::{Failure, Result};

/// The bytes at `pointer`. (NULL, 0) is the empty input. Nothing is read here.
///
/// # Errors
///
/// [`Failure::Argument`] for NULL with a length, and for a length that no object can have.
///
/// # Safety
///
/// `pointer` is NULL or good for `len` bytes, which nobody writes to while the result is in use.
pub(crate) unsafe fn bytes<'a>(pointer: *const u8, len: usize) -> Result<&'a [u8]> {
    if isize::try_from(len).is_err() || pointer.addr().checked_add(len).is_none() {
        return Err(Failure::Argument);
    }
    match (pointer.is_null(), len) {
        (true, 0) => Ok(&[]),
        (true, _) => Err(Failure::Argument),
        // SAFETY: not NULL, not longer than an object can be, and the caller's promise for the rest.
        (false, _) => Ok(unsafe { slice::from_raw_parts(pointer, len) }),
    }
}

/// The items of `size` bytes at `pointer`, as bytes: they need not be aligned.
///
/// # Errors
///
/// As [`bytes`]; also where the size overflows.
///
/// # Safety
///
/// As [`bytes`], for `count` items.
pub(crate) unsafe fn array<'a, T>(pointer: *const T, count: usize) -> Result<&'a [u8]> {
    let len = count.checked_mul(size_of::<T>()).ok_or(Failure::Argument)?;
    // SAFETY: the caller's promise.
    unsafe { bytes(pointer.cast(), len) }
}

/// # Errors
///
/// [`Error::Value`] for what is not UTF-8.
pub(crate) fn text(bytes: &[u8]) -> Result<&str> {
    core::str::from_utf8(bytes).map_err(|_| Failure::Core(Error::Value))
}

/// The bytes as a value of the field's type: bytes as they are, everything else in its text form.
///
/// # Errors
///
/// [`Error::Value`] for a text that is not UTF-8.
pub(crate) fn value<'a>(rule: &FieldRule, bytes: &'a [u8]) -> Result<Value<'a>> {
    match rule.value_type {
        ValueType::Bytes => Ok(Value::Bytes(bytes)),
        _ => text(bytes).map(Value::Written),
    }
}
