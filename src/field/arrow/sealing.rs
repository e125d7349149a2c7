//! An array that becomes cells.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, GenericBinaryArray, OffsetSizeTrait};

use crate::{
    error::Error,
    field::{
        BulkError, Current, Row,
        arrow::{
            buffer, end_of, number, same_len,
            slots::{Threads, offsets, slots, zeros},
            source::{Rows, Values},
            start_of,
        },
        bulk::CellSealer,
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
        sealer: &CellSealer<'_>,
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
            || sealer.cells(),
            |cells, position, slot| {
                self.seal(position, |number, row, plaintext| cells.cell_into(number, row, plaintext, slot))
            },
        )?;
        let array = GenericBinaryArray::try_new(buffer(offsets), cells.into(), self.values.nulls.clone());
        Ok(Some(Arc::new(array.map_err(|_| Error::Malformed)?)))
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
