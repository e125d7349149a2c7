//! From the columns of a row to the values of a struct.

use crate::{
    error::Error,
    field::{
        Row, Value,
        record::{
            Columns, Record, RecordError, Stored,
            parts::{FieldValue, RowId as _, Shape},
            place::{check_compartment, field_of, with_row},
        },
    },
    tenant::{Tenant, policy::ValueType},
};

/// A row that is being opened.
#[derive(Debug)]
pub struct OpenRow<'a> {
    tenant: &'a Tenant,
    compartment: &'a str,
    id: Option<Row<'a>>,
    columns: &'a Columns,
    shapes: &'static [Shape],
}

impl<'a> OpenRow<'a> {
    /// # Errors
    ///
    /// [`RecordError::Row`].
    pub(crate) fn new<R: Record>(
        tenant: &'a Tenant,
        compartment: &'a str,
        id: &'a R::Id,
        columns: &'a Columns,
    ) -> Result<Self, RecordError> {
        check_compartment(tenant, compartment)?;
        Ok(Self { tenant, compartment, id: id.row(), columns, shapes: R::SHAPES })
    }

    /// The value of a column.
    ///
    /// # Errors
    ///
    /// As [`Record::open`].
    pub fn read<T: FieldValue>(&self, shape: &'static Shape) -> Result<T, RecordError> {
        let column = shape.column;
        let stored = self.columns.get(column).ok_or(RecordError::Missing { column })?;
        let value = self.value::<T>(shape, stored).map_err(|error| RecordError::Column { column, error })?;
        value.ok_or(RecordError::Null { column })
    }

    fn value<T: FieldValue>(&self, shape: &Shape, stored: &Stored) -> Result<Option<T>, Error> {
        let Some(field) = field_of(self.tenant, self.compartment, shape)? else {
            return T::of_value(read_plain(shape, stored)?);
        };
        let sealed = match stored {
            Stored::Bytes(bytes) | Stored::Cell(bytes) => bytes.as_slice(),
            Stored::Null => return T::of_value(None),
            Stored::Text(text) => text.as_bytes(),
            _ => return Err(Error::WrongType),
        };
        let opened =
            with_row(&field.rule().bind, self.id, |key| self.key(key), |row| field.open(row, sealed))?;
        T::of_value(Some(opened.value()?))
    }

    /// The value of a plain column of this row.
    fn key(&self, column: &str) -> Result<Option<Value<'a>>, Error> {
        let shape = self.shapes.iter().find(|shape| shape.column == column);
        match (shape, self.columns.get(column)) {
            (Some(shape), Some(stored)) => read_plain(shape, stored),
            _ => Err(Error::WrongBinding),
        }
    }
}

/// The value that a plain column holds; `None` for NULL.
///
/// # Errors
///
/// [`Error::WrongType`], [`Error::Value`].
fn read_plain<'s>(shape: &Shape, stored: &'s Stored) -> Result<Option<Value<'s>>, Error> {
    let value = match (stored, shape.value_type) {
        (Stored::Null, _) => return Ok(None),
        (Stored::Bool(truth), ValueType::Bool) => Value::Bool(*truth),
        // As SQLite has it.
        (Stored::I64(number @ (0 | 1)), ValueType::Bool) => Value::Bool(*number == 1),
        (Stored::Bytes(bytes), ValueType::Bytes) => Value::Bytes(bytes),
        (Stored::F64(number), ValueType::F64) => Value::F64(*number),
        (Stored::I64(number), ValueType::I64) => Value::I64(*number),
        (
            Stored::Text(text),
            ValueType::Date | ValueType::Decimal | ValueType::Json | ValueType::Text | ValueType::Timestamp,
        ) => Value::Written(text).resolved(shape.value_type)?,
        _ => return Err(Error::WrongType),
    };
    value.bytes_of(shape.value_type)?;
    Ok(Some(value))
}
