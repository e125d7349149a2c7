//! Columns of Apache Arrow, sealed and opened without an allocation for each value.

mod batch;
mod opening;
mod sealing;
mod slots;
mod source;

use arrow_array::{Array, ArrayRef, Int64Array, OffsetSizeTrait};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};

pub use batch::{BatchError, BatchFields, CellType};

use opening::Opening;
use sealing::Sealing;
use slots::{Threads, take, zeros};
use source::{Cells, Rows, Values};

use crate::{
    error::Error,
    field::{
        BlindIndex, BulkError, Current, Field, Opened, Row, SealedColumn,
        bulk::{BulkSealer, CellSealer},
        cell::{Opener, is_padded, opened_len, padded_len, unpad},
        sealed_column::fixed_part,
    },
    primitive::{aead::TAG_LEN, rng::Os},
};

/// # Arrow
///
/// With the feature `arrow`. `rows` is an array of integers, text or bytes, as the rows of [`Field::seal`] are; a struct of
/// such arrays, in the policy's order, for a field that is bound to natural keys; and a
/// [`NullArray`](arrow_array::NullArray) for one that is `unbound`. A row that is null is refused.
///
/// | type of the field | is sealed from | opens as |
/// | --- | --- | --- |
/// | `text` | `Utf8`, `LargeUtf8`, `Utf8View` | `Utf8` |
/// | `bytes` | `Binary`, `LargeBinary`, `BinaryView`, `FixedSizeBinary` | `Binary` |
/// | `i64` | `Int8` to `Int64`, `UInt8` to `UInt64`; what does not fit is refused | `Int64` |
/// | `f64` | `Float64`, `Float32` | `Float64` |
/// | `bool` | `Boolean` | `Boolean` |
/// | `decimal` | `Decimal128`, `Decimal256`, and what `text` is | `Utf8` |
/// | `date` | `Date32` | `Date32` |
/// | `timestamp` | `Timestamp` of any unit; nanoseconds that are no whole microseconds are refused. A value is a moment: a time zone says only how it is shown, and what has none is UTC | `Timestamp(Microsecond, "UTC")` |
/// | `json` | what `text` is | `Utf8` |
///
/// A dictionary of any of them is taken as its values. What takes over 2 GiB is `LargeBinary` and `LargeUtf8`. Values of a
/// padded field take an allocation each when they are opened; a deterministic field has no sealed columns.
impl Field {
    /// Seals an array: each value under its position as its number, as [`Field::seal_many`] does, and nulls as they are.
    /// The result is `Binary`, and is allocated once.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] and [`Error::WrongBinding`] if the arrays do not hold what the policy says; [`Error::Value`] if
    /// one is longer, or a row is null; what [`Field::seal`] says of a value. [`BulkError`] has the first position
    /// concerned; nothing is returned then.
    ///
    /// # Example
    ///
    /// ```
    /// # use arrow_array::{Array as _, Int64Array, StringArray, cast::AsArray as _};
    /// # use tenantseal::tenant::{Kek, Keyring, Policy};
    /// # let keys = Keyring::in_memory(&Kek::generate()?)?;
    /// # keys.install_policy(Policy::from_json(br#"{"tenantseal_policy": 1, "version": 1, "fields": [
    /// #     {"table": "member", "column": "note", "type": "text", "storage": "cell", "class": ["personal"], "bind": "row"}]}"#)?)?;
    /// let note = keys.create_tenant("t-1001")?.field("member.note")?;
    /// let ids = Int64Array::from(vec![1, 2, 3]);
    /// let notes = StringArray::from(vec![Some("one"), None, Some("three")]);
    ///
    /// let cells = note.seal_array(&ids, &notes)?;
    /// assert_eq!(note.open(1, cells.as_binary::<i32>().value(0))?.text()?, "one");
    /// assert_eq!(note.open_array(&ids, &cells)?.as_string::<i32>(), &notes);
    /// # Ok::<(), tenantseal::Error>(())
    /// ```
    pub fn seal_array(&self, rows: &dyn Array, values: &dyn Array) -> Result<ArrayRef, BulkError> {
        self.seal_array_on(rows, values, Threads::One)
    }

    /// [`Field::seal_array`] on the threads of rayon's pool that this is called in.
    ///
    /// # Errors
    ///
    /// As [`Field::seal_array`]: the position is the first, whichever thread met it.
    #[cfg(feature = "parallel")]
    pub fn par_seal_array(&self, rows: &dyn Array, values: &dyn Array) -> Result<ArrayRef, BulkError> {
        self.seal_array_on(rows, values, Threads::All)
    }

    /// Opens an array of cells, in either form: `Binary`, `LargeBinary`, `BinaryView`, `Utf8`, `LargeUtf8`, `Utf8View`.
    /// Nulls stay as they are. The result is of the Arrow type that the field's type opens as.
    ///
    /// # Security
    ///
    /// Arrow's buffers are not wiped when they are dropped. What was opened before a failure is.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] and [`Error::WrongBinding`] if the arrays are of other types; [`Error::Value`] if one is longer,
    /// or a row is null; what [`Field::open`] says of a cell. [`BulkError`] has the first position concerned; nothing is
    /// returned then.
    pub fn open_array(&self, rows: &dyn Array, cells: &dyn Array) -> Result<ArrayRef, BulkError> {
        self.open_array_on(rows, cells, Threads::One)
    }

    /// [`Field::open_array`] on the threads of rayon's pool that this is called in.
    ///
    /// # Errors
    ///
    /// As [`Field::open_array`]: the position is the first, whichever thread met it.
    #[cfg(feature = "parallel")]
    pub fn par_open_array(&self, rows: &dyn Array, cells: &dyn Array) -> Result<ArrayRef, BulkError> {
        self.open_array_on(rows, cells, Threads::All)
    }

    /// [`Field::seal_column`] of an array. The chunk is allocated once.
    ///
    /// # Errors
    ///
    /// As [`Field::seal_array`]; [`Error::TooLong`] for a value over 4 GiB.
    pub fn seal_array_to_column(
        &self,
        rows: &dyn Array,
        values: &dyn Array,
    ) -> Result<SealedColumn, BulkError> {
        let column = self.column.current()?;
        let sealing = Sealing::new(&column, rows, values)?;
        let padding = column.rule()?.padding;
        let sealer = BulkSealer::new(column.keys()?, padding, &mut Os)?;
        let (count, values) = (sealing.rows.len, &sealing.values);
        let is_there = |position: &usize| !values.is_null(*position);
        let padded = |len| padded_len(padding, len).ok_or(Error::TooLong);
        let fixed = fixed_part(sealer.salted(), count)?;
        let lengths_at = fixed.len() + count.div_ceil(8);
        let head_len = count.checked_mul(4).and_then(|len| len.checked_add(lengths_at));
        let head_len = head_len.ok_or(Error::TooLong)?;
        let mut total = head_len.checked_add(TAG_LEN).ok_or(Error::TooLong)?;
        if let Some(sum) = values.total().filter(|_| padding.is_none()) {
            let tags = count.checked_mul(TAG_LEN).and_then(|tags| tags.checked_add(sum));
            total = tags.and_then(|tags| total.checked_add(tags)).ok_or(Error::TooLong)?;
        } else {
            for position in (0..count).filter(is_there) {
                let len = values.bytes_at(position).and_then(padded).map_err(at(position))?;
                let sum = total.checked_add(len).and_then(|total| total.checked_add(TAG_LEN));
                total = sum.ok_or(Error::TooLong)?;
            }
        }
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(total).map_err(|_| Error::TooLong)?;
        bytes.extend_from_slice(&fixed);
        bytes.extend((0..count).step_by(8).map(|first| {
            let there = (first..count.min(first + 8)).filter(is_there);
            there.fold(0u8, |byte, position| byte | 1 << (position - first))
        }));
        bytes.resize(total, 0);
        let (head, mut rest) = bytes.split_at_mut_checked(head_len).ok_or(Error::Malformed)?;
        let (lengths, _) = head.get_mut(lengths_at..).ok_or(Error::Malformed)?.as_chunks_mut();
        let mut numbered = sealer.numbered();
        for (position, length) in lengths.iter_mut().enumerate() {
            let sealed = sealing.seal(position, |number, row, plaintext| {
                let len = padded(plaintext.len())?;
                *length = u32::try_from(len).map_err(|_| Error::TooLong)?.to_be_bytes();
                numbered.seal_into(number, row, plaintext, take(&mut rest, len + TAG_LEN)?)
            });
            sealed.map_err(at(position))?;
        }
        *<&mut [u8; TAG_LEN]>::try_from(rest).map_err(|_| Error::Malformed)? =
            sealer.salted().chunk_tag(head)?;
        self.column.current()?;
        Ok(SealedColumn::written(bytes, sealer.salted().header(), count))
    }

    /// [`Field::open_column`] to an array, of the Arrow type that the field's type opens as.
    ///
    /// # Security
    ///
    /// As [`Field::open_array`].
    ///
    /// # Errors
    ///
    /// As [`Field::open_column`]; [`Error::Value`] too if a row is null.
    pub fn open_column_to_array(
        &self,
        sealed: &SealedColumn,
        rows: &dyn Array,
    ) -> Result<ArrayRef, BulkError> {
        self.column.opening(sealed, |column, salted| {
            let rule = column.rule()?;
            let parts = sealed.parts()?;
            let validity = BooleanBuffer::new(Buffer::from(parts.validity), 0, sealed.len());
            let opening = Opening {
                rows: Rows::new(rows, &rule.bind)?,
                nulls: Some(NullBuffer::new(validity)),
                value_type: rule.value_type,
                threads: Threads::One,
            };
            let len_at = |position| {
                let len = parts.lengths.get(position).copied().map_or(0, u32::from_be_bytes);
                usize::try_from(len).map_err(|_| Error::Malformed)
            };
            if sealed.header().is_padded {
                let (mut opener, mut values) =
                    (salted.opener(), parts.values().filter_map(Result::transpose));
                return opening.unpadded(sealed.len(), |position, row| {
                    let value = values.next().ok_or(Error::Malformed)??;
                    let mut plaintext = opener.open(number(position)?, row, value)?;
                    unpad(&mut plaintext)?;
                    Ok(plaintext)
                });
            }
            // The values that are there, in order: on one thread, and so asked for in order.
            let state = || (salted.opener(), parts.values().filter_map(Result::transpose));
            opening.array(sealed.len(), len_at, state, |(opener, values), position, row, out| {
                opener.open_into(number(position)?, row, values.next().ok_or(Error::Malformed)??, out)
            })
        })
    }

    fn seal_array_on(
        &self,
        rows: &dyn Array,
        values: &dyn Array,
        threads: Threads,
    ) -> Result<ArrayRef, BulkError> {
        let column = self.column.current()?;
        let sealing = Sealing::new(&column, rows, values)?;
        let sealer = CellSealer::new(column.keys()?, column.rule()?.padding, &mut Os)?;
        let sealed = match sealing.cells::<i32>(&sealer, threads)? {
            Some(array) => Some(array),
            None => sealing.cells::<i64>(&sealer, threads)?,
        };
        // It may have taken long: what is sealed under a key that is gone meanwhile is not handed out.
        self.column.current()?;
        Ok(sealed.ok_or(Error::TooLong)?)
    }

    fn open_array_on(
        &self,
        rows: &dyn Array,
        cells: &dyn Array,
        threads: Threads,
    ) -> Result<ArrayRef, BulkError> {
        let column = self.column.current()?;
        let (rule, keys, cells) = (column.rule()?, column.keys()?, Cells::new(cells)?);
        let opening = Opening {
            rows: Rows::new(rows, &rule.bind)?,
            nulls: cells.nulls.clone(),
            value_type: rule.value_type,
            threads,
        };
        let mut there = (0..cells.len).filter(|position| !cells.is_null(*position));
        if there.any(|position| cells.at(position).is_ok_and(is_padded)) {
            let mut opener = Opener::bulk(keys);
            let opened = opening.unpadded(cells.len, |position, row| {
                let sealed = cells.at(position)?;
                match column.open(&mut opener, row, sealed) {
                    Err(Error::UnknownKey) => self.column.open(row, sealed),
                    other => other,
                }
                .map(Opened::into_secret)
            })?;
            self.column.current()?;
            return Ok(opened);
        }
        let len_at = |position| {
            let sealed = if cells.is_null(position) { return Ok(0) } else { cells.at(position)? };
            // What has no length does not open either, and why is told then.
            let opened_len = || opened_len(sealed).unwrap_or(0);
            Ok(if column.takes_as_plain(sealed)? { sealed.len() } else { opened_len() })
        };
        let opened = opening.array(
            cells.len,
            len_at,
            || Opener::bulk(keys),
            |opener, position, row, out| {
                let sealed = cells.at(position)?;
                match column.open_into(opener, row, sealed, out) {
                    // Of a generation that another process made meanwhile, perhaps.
                    Err(Error::UnknownKey) => copy(self.column.open(row, sealed)?.expose_secret(), out),
                    other => other,
                }
            },
        )?;
        self.column.current()?;
        Ok(opened)
    }
}

impl BlindIndex {
    /// [`BlindIndex::token`] of every value of an array, of the types that [`Field::seal_array`] takes. Nulls stay as they
    /// are.
    ///
    /// # Errors
    ///
    /// As [`BlindIndex::token`]. [`BulkError`] has the first position concerned.
    pub fn token_array(&self, values: &dyn Array) -> Result<Int64Array, BulkError> {
        let values = Values::new(values, self.field.rule().value_type)?;
        let mut tokens = zeros::<i64>(values.len)?;
        for (position, token) in tokens.iter_mut().enumerate() {
            if !values.is_null(position) {
                *token = values.with(position, |value| self.token(value)).map_err(at(position))?;
            }
        }
        Ok(Int64Array::new(tokens.into(), values.nulls))
    }
}

impl Current<'_> {
    /// As [`Current::open`], over all of `out`, for a row that is bound as the policy says.
    fn open_into(
        &self,
        opener: &mut Opener<'_>,
        row: Row<'_>,
        sealed: &[u8],
        out: &mut [u8],
    ) -> Result<(), Error> {
        if self.takes_as_plain(sealed)? { copy(sealed, out) } else { opener.open_into(row, sealed, out) }
    }
}

fn same_len(one: usize, other: usize) -> Result<(), BulkError> {
    if one == other { Ok(()) } else { Err(BulkError { position: Some(one.min(other)), error: Error::Value }) }
}

fn number(position: usize) -> Result<u64, Error> {
    u64::try_from(position).map_err(|_| Error::TooLong)
}

fn at(position: usize) -> impl Fn(Error) -> BulkError {
    move |error| BulkError { position: Some(position), error }
}

fn start_of<O: OffsetSizeTrait>(offsets: &[O]) -> impl Fn(usize) -> usize + Send + Sync {
    |position| offsets.get(position).map_or(0, |offset| offset.as_usize())
}

fn end_of<O: OffsetSizeTrait>(offsets: &[O]) -> usize {
    offsets.last().map_or(0, |offset| offset.as_usize())
}

/// Invariant: they were counted up from 0, as the buffer asks for.
fn buffer<O: OffsetSizeTrait>(offsets: Vec<O>) -> OffsetBuffer<O> {
    OffsetBuffer::new(ScalarBuffer::from(offsets))
}

fn copy(bytes: &[u8], out: &mut [u8]) -> Result<(), Error> {
    if bytes.len() != out.len() {
        return Err(Error::Malformed);
    }
    out.copy_from_slice(bytes);
    Ok(())
}
