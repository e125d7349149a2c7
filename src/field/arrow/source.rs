//! Arrays that are read: values, cells and rows.

use arrow_array::{
    Array, OffsetSizeTrait,
    cast::AsArray as _,
    types::{
        ArrowPrimitiveType, Date32Type, Decimal128Type, Decimal256Type, DecimalType, Float32Type,
        Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
        TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
        UInt32Type, UInt64Type,
    },
};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, TimeUnit};
use zeroize::Zeroizing;

use crate::{
    error::Error,
    field::{Date, Key, Row, Timestamp, Value},
    tenant::policy::{Bind, ValueType},
};

/// What stands at a position that is not null.
type Read<'a, T> = Box<dyn Fn(usize) -> Result<T, Error> + Send + Sync + 'a>;

/// The values of an array, as values of one type of the policy.
pub(super) struct Values<'a> {
    read: Read<'a, Plain<'a>>,
    pub(super) value_type: ValueType,
    pub(super) nulls: Option<NullBuffer>,
    pub(super) len: usize,
    /// Of all slots; that of a null may have bytes.
    total: Option<usize>,
}

enum Plain<'a> {
    /// A decimal that Arrow holds as a number.
    Decimal(Zeroizing<String>),
    Value(Value<'a>),
}

impl<'a> Values<'a> {
    /// # Errors
    ///
    /// [`Error::WrongType`] if an array of this type holds no values of that one.
    pub(super) fn new(array: &'a dyn Array, value_type: ValueType) -> Result<Self, Error> {
        let read = unpacked(array, |array| plain(array, value_type)).ok_or(Error::WrongType)?;
        Ok(Self { read, value_type, nulls: array.logical_nulls(), len: array.len(), total: total(array) })
    }

    pub(super) fn is_null(&self, position: usize) -> bool {
        is_null(self.nulls.as_ref(), position)
    }

    /// How many bytes the value has that is sealed, 0 for a null.
    pub(super) fn bytes_at(&self, position: usize) -> Result<usize, Error> {
        Ok(match self.value_type {
            _ if self.is_null(position) => 0,
            ValueType::Bool => 1,
            ValueType::Date => 4,
            ValueType::F64 | ValueType::I64 | ValueType::Timestamp => 8,
            ValueType::Bytes | ValueType::Decimal | ValueType::Json | ValueType::Text => {
                match (self.read)(position)? {
                    Plain::Decimal(text) => text.len(),
                    Plain::Value(Value::Bytes(bytes)) => bytes.len(),
                    Plain::Value(Value::Decimal(text) | Value::Json(text) | Value::Text(text)) => text.len(),
                    Plain::Value(_) => return Err(Error::WrongType),
                }
            }
        })
    }

    /// How many bytes all values have together, where the array tells it without being read.
    pub(super) fn total(&self) -> Option<usize> {
        self.total.filter(|_| self.nulls.is_none())
    }

    /// Does `act` with the value at a position that is not null.
    pub(super) fn with<T>(
        &self,
        position: usize,
        act: impl FnOnce(Value<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match (self.read)(position)? {
            Plain::Decimal(text) => act(Value::Decimal(&text)),
            Plain::Value(value) => act(value),
        }
    }
}

/// The rows that values belong to, of the kind that the policy says.
pub(super) struct Rows<'a> {
    keys: Keys<'a>,
    pub(super) len: usize,
}

enum Keys<'a> {
    Id(Read<'a, Key<'a>>),
    Natural(Vec<Read<'a, Key<'a>>>),
    Unbound,
}

impl<'a> Rows<'a> {
    /// # Errors
    ///
    /// [`Error::WrongBinding`] if an array of this type holds no rows that are bound as the policy says.
    pub(super) fn new(array: &'a dyn Array, bind: &Bind) -> Result<Self, Error> {
        let keys = match bind {
            Bind::Row => key(array).map(Keys::Id),
            Bind::Natural(columns) => array.as_struct_opt().and_then(|array| {
                if array.num_columns() != columns.len() {
                    return None;
                }
                let keys: Option<Vec<_>> = array.columns().iter().map(|column| key(column)).collect();
                keys.map(|keys| {
                    Keys::Natural(keys.into_iter().map(|read| unless_null(array, read)).collect())
                })
            }),
            Bind::Unbound => (array.data_type() == &DataType::Null).then_some(Keys::Unbound),
        };
        Ok(Self { keys: keys.ok_or(Error::WrongBinding)?, len: array.len() })
    }

    /// Does `act` with the row at a position.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] if it is null.
    pub(super) fn with<T>(
        &self,
        position: usize,
        act: impl FnOnce(Row<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match &self.keys {
            Keys::Id(read) => act(read(position)?.into()),
            Keys::Natural(reads) => {
                let keys = reads.iter().map(|read| read(position)).collect::<Result<Vec<_>, _>>()?;
                act(Row::natural(&keys))
            }
            Keys::Unbound => act(Row::UNBOUND),
        }
    }
}

/// The cells of an array, in either form.
pub(super) struct Cells<'a> {
    read: Read<'a, &'a [u8]>,
    pub(super) nulls: Option<NullBuffer>,
    pub(super) len: usize,
}

impl<'a> Cells<'a> {
    /// # Errors
    ///
    /// [`Error::WrongType`] if it is no array of bytes or text.
    pub(super) fn new(array: &'a dyn Array) -> Result<Self, Error> {
        let read = bytes(array, Ok).or_else(|| text(array, |text| Ok(text.as_bytes())));
        Ok(Self { read: read.ok_or(Error::WrongType)?, nulls: array.logical_nulls(), len: array.len() })
    }

    pub(super) fn is_null(&self, position: usize) -> bool {
        is_null(self.nulls.as_ref(), position)
    }

    pub(super) fn at(&self, position: usize) -> Result<&'a [u8], Error> {
        (self.read)(position)
    }
}

/// The bytes of all values of an array of text or bytes whose values stand one after the other.
fn total(array: &dyn Array) -> Option<usize> {
    fn between<O: OffsetSizeTrait>(offsets: &[O]) -> Option<usize> {
        offsets.last()?.as_usize().checked_sub(offsets.first()?.as_usize())
    }
    match array.data_type() {
        DataType::Binary => between(array.as_binary_opt::<i32>()?.value_offsets()),
        DataType::LargeBinary => between(array.as_binary_opt::<i64>()?.value_offsets()),
        DataType::LargeUtf8 => between(array.as_string_opt::<i64>()?.value_offsets()),
        DataType::Utf8 => between(array.as_string_opt::<i32>()?.value_offsets()),
        _ => None,
    }
}

fn is_null(nulls: Option<&NullBuffer>, position: usize) -> bool {
    nulls.is_some_and(|nulls| nulls.is_null(position))
}

/// What a value of an array is made into where it is read, so that reading it is a call of one box and not of several.
trait Make<'a, T, U>: Fn(T) -> Result<U, Error> + Send + Sync + 'a {}

impl<'a, T, U, F: Fn(T) -> Result<U, Error> + Send + Sync + 'a> Make<'a, T, U> for F {}

fn unless_null<'a, T: 'a>(array: &'a dyn Array, read: Read<'a, T>) -> Read<'a, T> {
    let Some(nulls) = array.logical_nulls() else { return read };
    Box::new(move |position| if nulls.is_null(position) { Err(Error::Value) } else { read(position) })
}

/// Which types of arrays hold values of which types of the policy.
fn plain<'a>(array: &'a dyn Array, value_type: ValueType) -> Option<Read<'a, Plain<'a>>> {
    if array.data_type() == &DataType::Null {
        return Some(Box::new(|_| Err(Error::WrongType)));
    }
    let value = |value| Ok(Plain::Value(value));
    match value_type {
        ValueType::Bool => {
            let array = array.as_boolean_opt()?;
            Some(Box::new(move |position| value(Value::Bool(array.value(position)))))
        }
        ValueType::Bytes => bytes(array, move |bytes| value(Value::Bytes(bytes))),
        ValueType::Date => native::<Date32Type, _>(array, move |days| value(Date::from_days(days)?.into())),
        ValueType::Decimal => text(array, move |text| value(Value::Decimal(text)))
            .or_else(|| decimal::<Decimal128Type>(array))
            .or_else(|| decimal::<Decimal256Type>(array)),
        ValueType::F64 => native::<Float64Type, _>(array, move |number| value(number.into()))
            .or_else(|| native::<Float32Type, _>(array, move |number| value(f64::from(number).into()))),
        ValueType::I64 => integer(array, move |number| value(number.into())),
        ValueType::Json => text(array, move |text| value(Value::Json(text))),
        ValueType::Text => text(array, move |text| value(Value::Text(text))),
        ValueType::Timestamp => micros(array, move |micros| value(Timestamp::from_micros(micros)?.into())),
    }
}

fn key<'a>(array: &'a dyn Array) -> Option<Read<'a, Key<'a>>> {
    let read = unpacked(array, |array| {
        integer(array, |number| Ok(Key::Int(number)))
            .or_else(|| text(array, |text| Ok(Key::Text(text))))
            .or_else(|| bytes(array, |bytes| Ok(Key::Bytes(bytes))))
    })?;
    Some(unless_null(array, read))
}

/// A dictionary as what its keys stand for; any other array as it is.
fn unpacked<'a, T: 'a>(
    array: &'a dyn Array,
    of: impl Fn(&'a dyn Array) -> Option<Read<'a, T>>,
) -> Option<Read<'a, T>> {
    let Some(dictionary) = array.as_any_dictionary_opt() else { return of(array) };
    let (read, len) = (of(dictionary.values())?, dictionary.values().len());
    integer(dictionary.keys(), move |key| {
        let at = usize::try_from(key).ok().filter(|at| *at < len);
        read(at.ok_or(Error::Value)?)
    })
}

fn native<'a, N: ArrowPrimitiveType, T>(
    array: &'a dyn Array,
    make: impl Make<'a, N::Native, T>,
) -> Option<Read<'a, T>> {
    let values = array.as_primitive_opt::<N>()?.values();
    Some(Box::new(move |position| make(*values.get(position).ok_or(Error::Value)?)))
}

fn integer<'a, T>(array: &'a dyn Array, make: impl Make<'a, i64, T>) -> Option<Read<'a, T>> {
    fn widened<'a, N: ArrowPrimitiveType<Native: TryInto<i64>>, T>(
        array: &'a dyn Array,
        make: impl Make<'a, i64, T>,
    ) -> Option<Read<'a, T>> {
        native::<N, _>(array, move |number| make(number.try_into().map_err(|_| Error::Value)?))
    }
    match array.data_type() {
        DataType::Int8 => widened::<Int8Type, _>(array, make),
        DataType::Int16 => widened::<Int16Type, _>(array, make),
        DataType::Int32 => widened::<Int32Type, _>(array, make),
        DataType::Int64 => native::<Int64Type, _>(array, make),
        DataType::UInt8 => widened::<UInt8Type, _>(array, make),
        DataType::UInt16 => widened::<UInt16Type, _>(array, make),
        DataType::UInt32 => widened::<UInt32Type, _>(array, make),
        DataType::UInt64 => widened::<UInt64Type, _>(array, make),
        _ => None,
    }
}

/// Microseconds: of what is finer, only what is a whole number of them.
fn micros<'a, T>(array: &'a dyn Array, make: impl Make<'a, i64, T>) -> Option<Read<'a, T>> {
    let times = |count: i64, factor| count.checked_mul(factor).ok_or(Error::Value);
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => {
            native::<TimestampSecondType, _>(array, move |count| make(times(count, 1_000_000)?))
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            native::<TimestampMillisecondType, _>(array, move |count| make(times(count, 1_000)?))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => native::<TimestampMicrosecondType, _>(array, make),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            native::<TimestampNanosecondType, _>(array, move |nanos| {
                if nanos % 1_000 == 0 { make(nanos / 1_000) } else { Err(Error::Value) }
            })
        }
        _ => None,
    }
}

fn decimal<'a, N: DecimalType>(array: &'a dyn Array) -> Option<Read<'a, Plain<'a>>> {
    let array = array.as_primitive_opt::<N>()?;
    Some(Box::new(|position| Ok(Plain::Decimal(Zeroizing::new(array.value_as_string(position))))))
}

fn text<'a, T>(array: &'a dyn Array, make: impl Make<'a, &'a str, T>) -> Option<Read<'a, T>> {
    Some(match array.data_type() {
        DataType::LargeUtf8 => {
            let array = array.as_string_opt::<i64>()?;
            Box::new(move |position| make(array.value(position)))
        }
        DataType::Utf8 => {
            let array = array.as_string_opt::<i32>()?;
            Box::new(move |position| make(array.value(position)))
        }
        DataType::Utf8View => {
            let array = array.as_string_view_opt()?;
            Box::new(move |position| make(array.value(position)))
        }
        _ => return None,
    })
}

fn bytes<'a, T>(array: &'a dyn Array, make: impl Make<'a, &'a [u8], T>) -> Option<Read<'a, T>> {
    Some(match array.data_type() {
        DataType::Binary => {
            let array = array.as_binary_opt::<i32>()?;
            Box::new(move |position| make(array.value(position)))
        }
        DataType::BinaryView => {
            let array = array.as_binary_view_opt()?;
            Box::new(move |position| make(array.value(position)))
        }
        DataType::FixedSizeBinary(_) => {
            let array = array.as_fixed_size_binary_opt()?;
            Box::new(move |position| make(array.value(position)))
        }
        DataType::LargeBinary => {
            let array = array.as_binary_opt::<i64>()?;
            Box::new(move |position| make(array.value(position)))
        }
        _ => return None,
    })
}
