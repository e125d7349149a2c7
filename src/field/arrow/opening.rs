//! Cells that become an array.

use core::mem;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, GenericBinaryArray, GenericStringArray, Int64Array,
    OffsetSizeTrait, TimestampMicrosecondArray,
};
use arrow_buffer::{Buffer, NullBuffer};
use zeroize::{Zeroize, Zeroizing};

use crate::{
    error::Error,
    field::{
        BulkError, Row, Value,
        arrow::{
            at, buffer, copy, end_of, same_len,
            slots::{Threads, offsets, slots, zeros},
            source::Rows,
            start_of,
        },
    },
    secret::SecretBytes,
    tenant::policy::ValueType,
};

/// What is opened.
pub(super) struct Opening<'a> {
    pub(super) rows: Rows<'a>,
    pub(super) nulls: Option<NullBuffer>,
    pub(super) value_type: ValueType,
    pub(super) threads: Threads,
}

impl Opening<'_> {
    /// An array of the type that the field's opens as. `open` writes a value that is not null over all of what it is given;
    /// `len_at` says how long that is, where the type does not.
    pub(super) fn array<S>(
        self,
        count: usize,
        len_at: impl Fn(usize) -> Result<usize, Error>,
        state: impl Fn() -> S + Send + Sync,
        open: impl Fn(&mut S, usize, Row<'_>, &mut [u8]) -> Result<(), Error> + Send + Sync,
    ) -> Result<ArrayRef, BulkError> {
        same_len(count, self.rows.len)?;
        let checked = |state: &mut S, position, row: Row<'_>, out: &mut [u8]| {
            open(state, position, row, out)?;
            Value::of_bytes(out, self.value_type).map(drop)
        };
        Ok(match self.value_type {
            ValueType::Bool => {
                let truths = self.numbers::<bool, 1, _>(count, state, checked, |[byte]| byte == 1)?;
                Arc::new(BooleanArray::new(truths.into(), self.nulls))
            }
            ValueType::Date => {
                let days = self.numbers(count, state, checked, i32::from_be_bytes)?;
                Arc::new(Date32Array::new(days.into(), self.nulls))
            }
            ValueType::F64 => {
                let numbers = self.numbers(count, state, checked, f64::from_be_bytes)?;
                Arc::new(Float64Array::new(numbers.into(), self.nulls))
            }
            ValueType::I64 => {
                let numbers = self.numbers(count, state, checked, i64::from_be_bytes)?;
                Arc::new(Int64Array::new(numbers.into(), self.nulls))
            }
            ValueType::Timestamp => {
                let micros = self.numbers(count, state, checked, i64::from_be_bytes)?;
                Arc::new(TimestampMicrosecondArray::new(micros.into(), self.nulls).with_timezone("UTC"))
            }
            ValueType::Bytes | ValueType::Decimal | ValueType::Json | ValueType::Text => {
                if let Some(offsets) = offsets::<i32>(count, &len_at)? {
                    self.bytes(offsets, state, checked)?
                } else {
                    let offsets = offsets::<i64>(count, &len_at)?.ok_or(Error::TooLong)?;
                    self.bytes(offsets, state, checked)?
                }
            }
        })
    }

    /// The same of values whose lengths are known only when they are open: in order, on one thread, and with an allocation for
    /// each.
    pub(super) fn unpadded(
        self,
        count: usize,
        mut open: impl FnMut(usize, Row<'_>) -> Result<SecretBytes, Error>,
    ) -> Result<ArrayRef, BulkError> {
        same_len(count, self.rows.len)?;
        let mut opened = Vec::with_capacity(count);
        for position in 0..count {
            let is_null = self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(position));
            let value = self
                .rows
                .with(position, |row| if is_null { Ok(None) } else { open(position, row).map(Some) });
            opened.push(value.map_err(at(position))?);
        }
        let bytes = |position: usize| {
            opened.get(position).and_then(Option::as_ref).map_or(&[][..], SecretBytes::expose_secret)
        };
        self.array(
            count,
            |position| Ok(bytes(position).len()),
            || (),
            |(), position, _, out| copy(bytes(position), out),
        )
    }

    fn bytes<O: OffsetSizeTrait, S>(
        &self,
        offsets: Vec<O>,
        state: impl Fn() -> S + Send + Sync,
        open: impl Fn(&mut S, usize, Row<'_>, &mut [u8]) -> Result<(), Error> + Send + Sync,
    ) -> Result<ArrayRef, BulkError> {
        let mut opened = Zeroizing::new(zeros(end_of(&offsets))?);
        self.each(self.rows.len, start_of(&offsets), &mut opened, state, open)?;
        let (offsets, nulls) = (buffer(offsets), self.nulls.clone());
        let opened = Buffer::from_vec(mem::take(&mut *opened));
        let array: Result<ArrayRef, _> = match self.value_type {
            ValueType::Bytes => {
                GenericBinaryArray::try_new(offsets, opened, nulls).map(|array| Arc::new(array) as _)
            }
            _ => GenericStringArray::try_new(offsets, opened, nulls).map(|array| Arc::new(array) as _),
        };
        Ok(array.map_err(|_| Error::WrongType)?)
    }

    fn numbers<T: Clone + Default + Send + Zeroize, const N: usize, S>(
        &self,
        count: usize,
        state: impl Fn() -> S + Send + Sync,
        open: impl Fn(&mut S, usize, Row<'_>, &mut [u8]) -> Result<(), Error> + Send + Sync,
        of_bytes: impl Fn([u8; N]) -> T + Send + Sync,
    ) -> Result<Vec<T>, BulkError> {
        let mut opened = Zeroizing::new(zeros(count)?);
        self.each(
            count,
            |position| position,
            &mut opened,
            state,
            |state, position, row, out| {
                let mut bytes = Zeroizing::new([0; N]);
                open(state, position, row, &mut *bytes)?;
                out.fill(of_bytes(*bytes));
                Ok(())
            },
        )?;
        Ok(mem::take(&mut *opened))
    }

    /// Does `open` with every position that is not null; every row is looked at.
    fn each<T: Send, S>(
        &self,
        count: usize,
        start_of: impl Fn(usize) -> usize + Send + Sync,
        out: &mut [T],
        state: impl Fn() -> S + Send + Sync,
        open: impl Fn(&mut S, usize, Row<'_>, &mut [T]) -> Result<(), Error> + Send + Sync,
    ) -> Result<(), BulkError> {
        slots(count, start_of, out, self.threads, state, |state, position, slot| {
            self.rows.with(position, |row| {
                let is_null = self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(position));
                if is_null { Ok(()) } else { open(state, position, row, slot) }
            })
        })
    }
}
