//! An array that becomes cells.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BinaryArray, GenericBinaryArray, LargeBinaryArray, OffsetSizeTrait};

use crate::{
    error::Error,
    field::{
        BulkError, Current, Row,
        arrow::{
            at, buffer, end_of, number, same_len,
            slots::{Threads, offsets, slots, zeros},
            source::{Rows, Values},
            start_of,
        },
        bulk::BulkSealer,
        cell::Sealer,
    },
};

/// What is sealed: an array of rows, and one of values that is as long.
pub(super) struct Sealing<'a> {
    pub(super) rows: Rows<'a>,
    pub(super) values: Values<'a>,
}

impl<'a> Sealing<'a> {
    pub(super) fn new(
        column: &'a Current<'_>,
        rows: &'a dyn Array,
        values: &'a dyn Array,
    ) -> Result<Self, BulkError> {
        let rule = column.rule()?;
        let rows = Rows::new(rows, &rule.bind)?;
        let values = Values::new(values, rule.value_type)?;
        same_len(rows.len, values.len)?;
        Ok(Self { rows, values })
    }

    /// An array of cells; `None` if it is longer than `O` counts.
    pub(super) fn cells<O: OffsetSizeTrait>(
        &self,
        sealer: &BulkSealer<'_>,
        threads: Threads,
    ) -> Result<Option<ArrayRef>, BulkError> {
        let offsets = offsets::<O>(self.rows.len, |position| {
            if self.values.is_null(position) {
                return Ok(0);
            }
            sealer.cell_len(self.values.bytes_at(position)?)
        })?;
        let Some(offsets) = offsets else { return Ok(None) };
        let mut cells = zeros(end_of(&offsets))?;
        slots(
            self.rows.len,
            start_of(&offsets),
            &mut cells,
            threads,
            || sealer.numbered(),
            |numbered, position, slot| {
                self.seal(position, |number, row, plaintext| numbered.cell_into(number, row, plaintext, slot))
            },
        )?;
        let array = GenericBinaryArray::try_new(buffer(offsets), cells.into(), self.values.nulls.clone());
        Ok(Some(Arc::new(array.map_err(|_| Error::Malformed)?)))
    }

    /// An array of deterministic cells, with an allocation for each.
    pub(super) fn deterministic(&self, mut sealer: Sealer<'_>) -> Result<ArrayRef, BulkError> {
        let mut cells = Vec::with_capacity(self.rows.len);
        for position in 0..self.rows.len {
            let mut cell = None;
            let sealed = self.seal(position, |_, _, plaintext| {
                cell = Some(sealer.seal_deterministic(plaintext)?);
                Ok(())
            });
            sealed.map_err(at(position))?;
            cells.push(cell);
        }
        let total = cells.iter().flatten().map(Vec::len).try_fold(0usize, usize::checked_add);
        Ok(match total.map(i32::try_from) {
            Some(Ok(_)) => Arc::new(BinaryArray::from_iter(cells)),
            _ => Arc::new(LargeBinaryArray::from_iter(cells)),
        })
    }

    /// Does `seal` with a value that is not null: its number is its position.
    pub(super) fn seal(
        &self,
        position: usize,
        seal: impl FnOnce(u64, Row<'_>, &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.rows.with(position, |row| {
            if self.values.is_null(position) {
                return Ok(());
            }
            self.values.with(position, |value| {
                seal(number(position)?, row, &value.bytes_of(self.values.value_type)?)
            })
        })
    }
}
