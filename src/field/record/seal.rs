//! From the values of a struct to the columns of a row.

use crate::{
    error::Error,
    field::{
        Field, Row, Value,
        record::{
            Columns, Record, RecordError, Stored,
            parts::{RowId as _, Shape},
            place::{check_compartment, field_of, with_row},
        },
    },
    tenant::{
        Tenant,
        policy::{IndexKind, IndexRule},
    },
};

/// A row that is being sealed.
pub(crate) struct SealRow<'a> {
    tenant: &'a Tenant,
    compartment: &'a str,
    id: Option<Row<'a>>,
    values: Vec<(&'static Shape, Option<Value<'a>>)>,
}

impl<'a> SealRow<'a> {
    /// # Errors
    ///
    /// [`RecordError::Row`].
    pub(crate) fn new<R: Record>(
        tenant: &'a Tenant,
        compartment: &'a str,
        record: &'a R,
    ) -> Result<Self, RecordError> {
        check_compartment(tenant, compartment)?;
        let values = R::SHAPES.iter().zip(record.values()).collect();
        Ok(Self { tenant, compartment, id: record.row_id().row(), values })
    }

    /// # Errors
    ///
    /// [`RecordError::Column`].
    pub(crate) fn columns(&self) -> Result<Columns, RecordError> {
        let mut columns = Columns::new();
        for (shape, value) in &self.values {
            let column = shape.column;
            self.add(shape, *value, &mut columns).map_err(|error| RecordError::Column { column, error })?;
        }
        Ok(columns)
    }

    fn add(&self, shape: &Shape, value: Option<Value<'_>>, columns: &mut Columns) -> Result<(), Error> {
        let Some(field) = field_of(self.tenant, self.compartment, shape)? else {
            return columns.add(shape.column, value.map(|value| plain(shape, value)).transpose()?);
        };
        let bind = &field.rule().bind;
        with_row(
            bind,
            self.id,
            |key| self.value(key),
            |row| self.add_sealed(shape, &field, row, value, columns),
        )
    }

    /// Adds a cell with its mask and tokens, as the policy says.
    fn add_sealed(
        &self,
        shape: &Shape,
        field: &Field,
        row: Row<'_>,
        value: Option<Value<'_>>,
        columns: &mut Columns,
    ) -> Result<(), Error> {
        let cell = value.map(|value| field.seal(row, value).map(Stored::Cell)).transpose()?;
        columns.add(shape.column, cell)?;
        if field.rule().mask.is_some() {
            let mask = match value {
                None => Stored::Null,
                Some(Value::Text(text)) => Stored::Cell(field.mask()?.seal(row, text)?),
                Some(_) => return Err(Error::WrongType),
            };
            columns.add(field.rule().mask_column(), mask)?;
        }
        for index in &field.rule().indexes {
            let token = self.token(field, index, row, value)?;
            columns.add(field.rule().index_column(index), token)?;
        }
        Ok(())
    }

    /// What an index column holds of a value: NULL if it is NULL, or a further one of a compound index.
    fn token(
        &self,
        field: &Field,
        index: &IndexRule,
        row: Row<'_>,
        value: Option<Value<'_>>,
    ) -> Result<Stored, Error> {
        let mut values = vec![value];
        for part in index.kind.further() {
            values.push(self.value(&part.column)?);
        }
        let Some(values) = values.into_iter().collect::<Option<Vec<_>>>() else { return Ok(Stored::Null) };
        let handle = field.index(&index.label)?;
        match (&index.kind, values.as_slice()) {
            (IndexKind::Unique, [value]) => handle.unique(*value).map(Stored::Unique),
            (_, values) => handle.token_of(row, values).map(Stored::Token),
        }
    }

    /// The value of a column of this row.
    fn value(&self, column: &str) -> Result<Option<Value<'a>>, Error> {
        let named = self.values.iter().find(|(shape, _)| shape.column == column);
        named.map(|(_, value)| *value).ok_or(Error::UnknownField)
    }
}

/// What a plain column holds of a value.
///
/// # Errors
///
/// [`Error::Value`] for a decimal or a JSON text that is none, and for NaN; [`Error::WrongType`].
fn plain(shape: &Shape, value: Value<'_>) -> Result<Stored, Error> {
    value.bytes_of(shape.value_type)?;
    Ok(match value {
        Value::Bool(truth) => truth.into(),
        Value::Bytes(bytes) => bytes.to_vec().into(),
        Value::Date(date) => date.into(),
        Value::Decimal(text) | Value::Json(text) | Value::Text(text) | Value::Written(text) => {
            text.to_owned().into()
        }
        Value::F64(number) => number.into(),
        Value::I64(number) => number.into(),
        Value::Timestamp(time) => time.into(),
    })
}
