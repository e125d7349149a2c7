//! Many values in one call, laid out as Apache Arrow lays out a binary column.
//!
//! All values stand one after the other in one buffer, and `offsets` has one number more than there are values: value `i`
//! is from `offsets[i]` to `offsets[i + 1]`. Offsets and rows are numbers of the machine, and need not be aligned.

use core::cell::Cell;

use tenantseal::{Error, field::BulkError};

use crate::{
    content::{Content, len},
    field::tenantseal_field,
    handle::get,
    input::{array, bytes, value as value_of},
    output::{Buffer, Detail, Items, call},
    status::{Failure, Result, tenantseal_status},
};

/// Seals many values, each for a row with an integer id. Each cell is complete by itself. All or
/// nothing.
///
/// @param field  the field
/// @param rows  `count` row ids
/// @param count  how many values there are
/// @param values, values_len  the values, UTF-8 text or bytes as the field's type is
/// @param offsets  `count` + 1 offsets into `values`
/// @param out, out_cap, out_len  the cells: tenantseal_seal_many_len() says how long
/// @param out_offsets  room for `count` + 1 offsets into `out`
/// @param out_position  the value that failed, counted from 0; SIZE_MAX if none or not one in
///     particular
/// @return ARGUMENT for offsets that go back or beyond the values; as tenantseal_field_seal_i64()
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_field_seal_many_i64(
    field: *const tenantseal_field,
    rows: *const i64,
    count: usize,
    values: *const u8,
    values_len: usize,
    offsets: *const u64,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
    out_offsets: *mut u64,
    out_position: *mut usize,
) -> tenantseal_status {
    let position = Cell::new(usize::MAX);
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(
            (
                (
                    Buffer::new(out, out_cap, out_len),
                    Items { out: out_offsets, count: count.saturating_add(1) },
                ),
                Detail(out_position, &position),
            ),
            || {
                let values = bytes(values, values_len)?;
                let field = get(field)?;
                let (rows, offsets) = (array(rows, count)?, array(offsets, count.saturating_add(1))?);
                let mut items = Vec::with_capacity(count);
                for (at, (row, value)) in zip(rows, offsets, values)?.into_iter().enumerate() {
                    items.push((row, value_of(field.rule(), value).inspect_err(|_| position.set(at))?));
                }
                let cells = field.seal_many(items).map_err(|failed| failure_at(failed, &position))?;
                let offsets = offsets_of(&cells)?;
                Ok(((cells, offsets), ()))
            },
        )
    }
}

/// Opens many cells, in either form, each sealed for a row with an integer id. All or nothing.
///
/// @param field  the field
/// @param rows  `count` row ids
/// @param count  how many cells there are
/// @param sealed, sealed_len  the cells
/// @param offsets  `count` + 1 offsets into `sealed`
/// @param out, out_cap, out_len  the values: as long as `sealed` at most
/// @param out_offsets  room for `count` + 1 offsets into `out`
/// @param out_position  the cell that failed, counted from 0; SIZE_MAX if none or not one in
///     particular
/// @return ARGUMENT for offsets that go back or beyond the cells; as tenantseal_field_open_i64()
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_field_open_many_i64(
    field: *const tenantseal_field,
    rows: *const i64,
    count: usize,
    sealed: *const u8,
    sealed_len: usize,
    offsets: *const u64,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
    out_offsets: *mut u64,
    out_position: *mut usize,
) -> tenantseal_status {
    let position = Cell::new(usize::MAX);
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(
            (
                (
                    Buffer::new(out, out_cap, out_len),
                    Items { out: out_offsets, count: count.saturating_add(1) },
                ),
                Detail(out_position, &position),
            ),
            || {
                let sealed = bytes(sealed, sealed_len)?;
                let field = get(field)?;
                let (rows, offsets) = (array(rows, count)?, array(offsets, count.saturating_add(1))?);
                let values = field
                    .open_many(zip(rows, offsets, sealed)?)
                    .map_err(|failed| failure_at(failed, &position))?;
                let offsets = offsets_of(&values)?;
                Ok(((values, offsets), ()))
            },
        )
    }
}

/// The length of many sealed values together; 0 if it would not fit in size_t.
///
/// @param values_len  the length of the values together
/// @param count       how many there are
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_seal_many_len(values_len: usize, count: usize) -> usize {
    let overhead = count.checked_mul(crate::field::TENANTSEAL_SEALED_OVERHEAD);
    overhead.and_then(|overhead| overhead.checked_add(values_len)).unwrap_or(0)
}

/// Pairs each row with its value.
///
/// # Errors
///
/// [`Failure::Argument`] for offsets that go back or beyond `values`.
fn zip<'a>(rows: &[u8], offsets: &[u8], values: &'a [u8]) -> Result<Vec<(i64, &'a [u8])>> {
    let (rows, _) = rows.as_chunks::<8>();
    let (offsets, _) = offsets.as_chunks::<8>();
    let place = |bytes: &[u8; 8]| usize::try_from(u64::from_ne_bytes(*bytes)).map_err(|_| Failure::Argument);
    let pairs = rows.iter().zip(offsets.array_windows::<2>());
    pairs
        .map(|(row, [start, end])| {
            let value = values.get(place(start)?..place(end)?).ok_or(Failure::Argument)?;
            Ok((i64::from_ne_bytes(*row), value))
        })
        .collect()
}

fn failure_at(failed: BulkError, position: &Cell<usize>) -> Failure {
    position.set(failed.position.unwrap_or(usize::MAX));
    failed.into()
}

fn offsets_of(items: &[impl Content]) -> Result<Vec<u64>> {
    let mut offsets = Vec::with_capacity(items.len().saturating_add(1));
    let mut end = 0u64;
    offsets.push(end);
    for item in items {
        end = u64::try_from(len(item)).ok().and_then(|len| end.checked_add(len)).ok_or(Error::TooLong)?;
        offsets.push(end);
    }
    Ok(offsets)
}
