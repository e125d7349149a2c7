//! Whole record batches, some of whose columns are sealed.

use core::fmt;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, NullArray, RecordBatch, RecordBatchOptions};
use arrow_schema::{
    ArrowError, DataType, Field as ArrowField, FieldRef, Schema,
    extension::{EXTENSION_TYPE_METADATA_KEY, EXTENSION_TYPE_NAME_KEY, ExtensionType},
};
use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    field::{BulkError, Field, arrow::Threads},
    tenant::policy::Bind,
};

/// The columns of a record batch that are sealed, and the one that says which row is which.
///
/// A sealed column says so in the schema, as the extension type [`CellType`] with the label of its field.
///
/// # Example
///
/// ```
/// # use std::sync::Arc;
/// # use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
/// # use tenantseal::{field::BatchFields, tenant::{Kek, Keyring, Policy}};
/// # let keys = Keyring::in_memory(&Kek::generate()?)?;
/// # keys.install_policy(Policy::from_json(br#"{"tenantseal_policy": 1, "version": 1, "fields": [
/// #     {"table": "member", "column": "note", "type": "text", "storage": "cell", "class": ["personal"], "bind": "row"}]}"#)?)?;
/// # let acme = keys.create_tenant("t-1001")?;
/// let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
/// let notes: ArrayRef = Arc::new(StringArray::from(vec!["one", "two"]));
/// let batch = RecordBatch::try_from_iter([("id", ids), ("note", notes)]).unwrap();
///
/// let fields = BatchFields::new("id", [("note", acme.field("member.note")?)])?;
/// let sealed = fields.seal(&batch)?;
/// assert_eq!(sealed.schema().field(1).extension_type_name(), Some("tenantseal.cell"));
/// assert_eq!(fields.open(&sealed)?, batch);
/// # Ok::<(), tenantseal::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct BatchFields {
    row: String,
    fields: Vec<(String, Field)>,
}

impl BatchFields {
    /// `row` names the column of row ids, which stays in clear; the others are the columns to seal, by their names in the
    /// batch, and their fields. A field that is `unbound` needs no row; for one that is bound to natural keys the column is
    /// a struct of them.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] if a column is named twice, or `row` is to be sealed.
    pub fn new<N: Into<String>>(
        row: impl Into<String>,
        fields: impl IntoIterator<Item = (N, Field)>,
    ) -> Result<Self, Error> {
        let row = row.into();
        let fields: Vec<_> = fields.into_iter().map(|(name, field)| (name.into(), field)).collect();
        let mut names: Vec<&str> =
            fields.iter().map(|(name, _)| name.as_str()).chain([row.as_str()]).collect();
        names.sort_unstable();
        if names.array_windows().any(|[one, next]| one == next) {
            return Err(Error::Value);
        }
        Ok(Self { row, fields })
    }

    /// Seals the columns of a batch, as [`Field::seal_array`] does.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownField`] if the batch has no column of that name, or has two; [`Error::WrongType`] for one that is
    /// sealed already; what [`Field::seal_array`] says. Nothing is returned then.
    pub fn seal(&self, batch: &RecordBatch) -> Result<RecordBatch, BatchError> {
        self.each(batch, |field, old, rows, values| sealed(field, old, rows, values, Threads::One))
    }

    /// [`BatchFields::seal`] on the threads of rayon's pool that this is called in.
    ///
    /// # Errors
    ///
    /// As [`BatchFields::seal`].
    #[cfg(feature = "parallel")]
    pub fn par_seal(&self, batch: &RecordBatch) -> Result<RecordBatch, BatchError> {
        self.each(batch, |field, old, rows, values| sealed(field, old, rows, values, Threads::All))
    }

    /// Opens the columns of a batch, as [`Field::open_array`] does. One that does not say in the schema that it is sealed is
    /// opened as well: not every writer keeps that.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownField`] if the batch has no column of that name, or has two; [`Error::UnknownKey`] for one that says it
    /// is of another label, and [`Error::Malformed`] if what it says cannot be read; what [`Field::open_array`] says. Nothing
    /// is returned then.
    pub fn open(&self, batch: &RecordBatch) -> Result<RecordBatch, BatchError> {
        self.each(batch, |field, old, rows, cells| opened(field, old, rows, cells, Threads::One))
    }

    /// [`BatchFields::open`] on the threads of rayon's pool that this is called in.
    ///
    /// # Errors
    ///
    /// As [`BatchFields::open`].
    #[cfg(feature = "parallel")]
    pub fn par_open(&self, batch: &RecordBatch) -> Result<RecordBatch, BatchError> {
        self.each(batch, |field, old, rows, cells| opened(field, old, rows, cells, Threads::All))
    }

    /// The batch with its columns changed.
    fn each(
        &self,
        batch: &RecordBatch,
        change: impl Fn(&Field, &ArrowField, &dyn Array, &dyn Array) -> Result<(ArrowField, ArrayRef), BulkError>,
    ) -> Result<RecordBatch, BatchError> {
        let schema = batch.schema();
        let position_of = |name: &str| {
            let mut found = schema.fields().iter().enumerate().filter(|(_, field)| field.name() == name);
            match (found.next(), found.next()) {
                (Some((position, _)), None) => Ok(position),
                _ => Err(Error::UnknownField),
            }
        };
        let unbound = NullArray::new(batch.num_rows());
        let mut types: Vec<FieldRef> = schema.fields().to_vec();
        let mut columns = batch.columns().to_vec();
        for (at, (name, field)) in self.fields.iter().enumerate() {
            let mut change = || {
                let rows: &dyn Array = match field.rule().bind {
                    Bind::Unbound => &unbound,
                    _ => batch.columns().get(position_of(&self.row)?).ok_or(Error::UnknownField)?,
                };
                let position = position_of(name)?;
                let places = types.get_mut(position).zip(columns.get_mut(position));
                let (old, values) = places.ok_or(Error::UnknownField)?;
                let (new, column) = change(field, old, rows, values)?;
                (*old, *values) = (Arc::new(new), column);
                Ok(())
            };
            change().map_err(|error| BatchError { column: Some(at), error })?;
        }
        let schema = Schema::new_with_metadata(types, schema.metadata().clone());
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::new(schema), columns, &options)
            .map_err(|_| BatchError { column: None, error: Error::Malformed.into() })
    }
}

fn sealed(
    field: &Field,
    old: &ArrowField,
    rows: &dyn Array,
    values: &dyn Array,
    threads: Threads,
) -> Result<(ArrowField, ArrayRef), BulkError> {
    if old.extension_type_name() == Some(CellType::NAME) {
        return Err(Error::WrongType.into());
    }
    let cells = field.seal_array_on(rows, values, threads)?;
    let mut new = plain(old, cells.data_type());
    let said = new.try_with_extension_type(CellType { label: field.rule().label() });
    said.map_err(|_| Error::WrongType)?;
    Ok((new, cells))
}

fn opened(
    field: &Field,
    old: &ArrowField,
    rows: &dyn Array,
    cells: &dyn Array,
    threads: Threads,
) -> Result<(ArrowField, ArrayRef), BulkError> {
    if old.extension_type_name() == Some(CellType::NAME) {
        let said: CellType = old.try_extension_type().map_err(|_| Error::Malformed)?;
        if said.label != field.rule().label() {
            return Err(Error::UnknownKey.into());
        }
    }
    let values = field.open_array_on(rows, cells, threads)?;
    Ok((plain(old, values.data_type()), values))
}

/// The column with another type, and of no extension type.
fn plain(old: &ArrowField, data_type: &DataType) -> ArrowField {
    let mut metadata = old.metadata().clone();
    metadata.retain(|key, _| key != EXTENSION_TYPE_NAME_KEY && key != EXTENSION_TYPE_METADATA_KEY);
    old.clone().with_data_type(data_type.clone()).with_metadata(metadata)
}

/// The Arrow extension type of a column of cells: `tenantseal.cell`, with `{"label": "table.column"}`.
///
/// # Security
///
/// A schema is not authenticated: what it says helps to find a mistake early. That a cell is of its field is said by its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellType {
    label: String,
}

impl CellType {
    /// The permanent label of the field, `table.column`.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }
}

impl ExtensionType for CellType {
    const NAME: &'static str = "tenantseal.cell";

    type Metadata = Self;

    fn metadata(&self) -> &Self {
        self
    }

    fn serialize_metadata(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }

    fn deserialize_metadata(metadata: Option<&str>) -> Result<Self, ArrowError> {
        serde_json::from_str(metadata.unwrap_or_default())
            .map_err(|_| ArrowError::InvalidArgumentError("no label of a sealed field".to_owned()))
    }

    fn supports_data_type(&self, data_type: &DataType) -> Result<(), ArrowError> {
        match data_type {
            DataType::Binary
            | DataType::BinaryView
            | DataType::LargeBinary
            | DataType::LargeUtf8
            | DataType::Utf8
            | DataType::Utf8View => Ok(()),
            _ => Err(ArrowError::InvalidArgumentError("cells are bytes or text".to_owned())),
        }
    }

    fn try_new(data_type: &DataType, metadata: Self) -> Result<Self, ArrowError> {
        metadata.supports_data_type(data_type).map(|()| metadata)
    }
}

/// Which column of a batch failed, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchError {
    /// The column's place among the fields that [`BatchFields::new`] was given, counted from 0; `None` if it is none of them.
    pub column: Option<usize>,
    /// Which value, and why.
    pub error: BulkError,
}

impl From<BatchError> for Error {
    fn from(batch: BatchError) -> Self {
        batch.error.error
    }
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            Some(column) => write!(f, "column {column}: {}", self.error),
            None => self.error.fmt(f),
        }
    }
}

impl core::error::Error for BatchError {}
