//! What the code that `#[derive(Record)]` writes is made of. Nothing here is promised to anybody else.

pub use super::open::OpenRow;

use crate::{
    error::Error,
    field::{
        Row, Value,
        time::{Date, Timestamp},
    },
    tenant::policy::ValueType,
};

/// A field of a struct that is a column.
#[derive(Debug)]
pub struct Shape {
    /// The permanent label of the column.
    pub column: &'static str,
    /// Whether the struct wants it sealed.
    pub is_sealed: bool,
    /// `table.column`.
    pub label: &'static str,
    /// Its entry of a policy, as JSON.
    pub rule: &'static str,
    /// The type of its values.
    pub value_type: ValueType,
}

/// A type that a row's id may have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no id of a row",
    note = "an id is of type i64, String or Vec<u8>"
)]
pub trait RowId: Clone {
    /// What cells are bound to; `None` of a struct without an id.
    fn row(&self) -> Option<Row<'_>>;
}

impl RowId for () {
    fn row(&self) -> Option<Row<'_>> {
        None
    }
}

impl RowId for i64 {
    fn row(&self) -> Option<Row<'_>> {
        Some((*self).into())
    }
}

impl RowId for String {
    fn row(&self) -> Option<Row<'_>> {
        Some(self.as_str().into())
    }
}

impl RowId for Vec<u8> {
    fn row(&self) -> Option<Row<'_>> {
        Some(self.as_slice().into())
    }
}

/// A type that a column's field may have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no value of a column",
    note = "a column is of type String, Vec<u8>, i64, f64, bool, tenantseal::field::Date or tenantseal::field::Timestamp, \
            or an Option of one of them"
)]
pub trait FieldValue: Sized {
    /// The value; `None` for NULL.
    fn to_value(&self, value_type: ValueType) -> Option<Value<'_>>;

    /// Of a value or of NULL; `None` if there must be a value.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`].
    fn of_value(value: Option<Value<'_>>) -> Result<Option<Self>, Error>;
}

impl<T: FieldValue> FieldValue for Option<T> {
    fn to_value(&self, value_type: ValueType) -> Option<Value<'_>> {
        self.as_ref().and_then(|value| value.to_value(value_type))
    }

    fn of_value(value: Option<Value<'_>>) -> Result<Option<Self>, Error> {
        T::of_value(value).map(Some)
    }
}

impl FieldValue for String {
    fn to_value(&self, value_type: ValueType) -> Option<Value<'_>> {
        Some(match value_type {
            ValueType::Decimal => Value::Decimal(self),
            ValueType::Json => Value::Json(self),
            _ => Value::Text(self),
        })
    }

    fn of_value(value: Option<Value<'_>>) -> Result<Option<Self>, Error> {
        match value {
            None => Ok(None),
            Some(Value::Decimal(text) | Value::Json(text) | Value::Text(text)) => Ok(Some(text.to_owned())),
            Some(_) => Err(Error::WrongType),
        }
    }
}

impl FieldValue for Vec<u8> {
    fn to_value(&self, _: ValueType) -> Option<Value<'_>> {
        Some(Value::Bytes(self))
    }

    fn of_value(value: Option<Value<'_>>) -> Result<Option<Self>, Error> {
        match value {
            None => Ok(None),
            Some(Value::Bytes(bytes)) => Ok(Some(bytes.to_vec())),
            Some(_) => Err(Error::WrongType),
        }
    }
}

/// For a type that one variant of [`Value`] holds by itself.
macro_rules! copied {
    ($($rust:ty => $variant:ident),*) => {$(
        impl FieldValue for $rust {
            fn to_value(&self, _: ValueType) -> Option<Value<'_>> {
                Some(Value::$variant(*self))
            }

            fn of_value(value: Option<Value<'_>>) -> Result<Option<Self>, Error> {
                match value {
                    None => Ok(None),
                    Some(Value::$variant(value)) => Ok(Some(value)),
                    Some(_) => Err(Error::WrongType),
                }
            }
        }
    )*};
}

copied!(bool => Bool, Date => Date, f64 => F64, i64 => I64, Timestamp => Timestamp);
