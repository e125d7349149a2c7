//! Fields, blind indexes and masks.

use pyo3::{
    prelude::*,
    types::{PyBytes, PyList, PyString},
};
use tenantseal::field::{BulkError, CellHeader, Row};

use crate::{
    convert::{Input, RELEASE_FROM, RowInput, each, opened},
    error::{OrRaise as _, no_pickle, value_error},
};

/// A field of one tenant, in one compartment.
#[pyclass(frozen, module = "tenantseal")]
pub(crate) struct Field(pub(crate) tenantseal::field::Field);

#[pymethods]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
impl Field {
    #[getter]
    fn label(&self) -> String {
        self.0.rule().label()
    }

    #[pyo3(signature = (label, /))]
    fn compartment(&self, py: Python<'_>, label: &str) -> PyResult<Self> {
        self.0.compartment(label).or_raise(py).map(Self)
    }

    #[pyo3(signature = (value, *, row))]
    fn seal<'py>(&self, py: Python<'py>, value: Input, row: RowInput) -> PyResult<Bound<'py, PyBytes>> {
        let seal = || row.with(|row| self.0.seal(row, value.value()));
        let sealed = released(py, value.as_bytes().len(), seal).or_raise(py)?;
        Ok(PyBytes::new(py, &sealed))
    }

    #[pyo3(signature = (value, *, row))]
    fn seal_text<'py>(&self, py: Python<'py>, value: Input, row: RowInput) -> PyResult<Bound<'py, PyString>> {
        let seal = || row.with(|row| self.0.seal_text(row, value.value()));
        let sealed = released(py, value.as_bytes().len(), seal).or_raise(py)?;
        Ok(PyString::new(py, &sealed))
    }

    #[pyo3(signature = (sealed, *, row))]
    fn open<'py>(&self, py: Python<'py>, sealed: Input, row: RowInput) -> PyResult<Bound<'py, PyAny>> {
        let open = || row.with(|row| self.0.open(row, sealed.as_bytes()));
        released(py, sealed.as_bytes().len(), open).or_raise(py).map(|value| opened(py, &value))
    }

    /// What may be shown of a sealed value.
    #[pyo3(signature = (sealed, *, row))]
    fn open_masked(&self, py: Python<'_>, sealed: Input, row: RowInput) -> PyResult<String> {
        row.with(|row| self.0.open(row, sealed.as_bytes())).or_raise(py).map(|value| value.masked())
    }

    #[pyo3(signature = (values, *, rows))]
    fn seal_many<'py>(
        &self,
        py: Python<'py>,
        values: &Bound<'py, PyAny>,
        rows: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyList>> {
        let (values, rows) = pairs(values, rows)?;
        let sealed = py
            .detach(|| {
                present(&values, &rows, |cells| {
                    self.0.seal_many(cells.into_iter().map(|(row, value)| (row, value.value())))
                })
            })
            .or_raise(py)?;
        PyList::new(py, sealed.iter().map(|cell| cell.as_deref().map(|cell| PyBytes::new(py, cell))))
    }

    #[pyo3(signature = (cells, *, rows))]
    fn open_many<'py>(
        &self,
        py: Python<'py>,
        cells: &Bound<'py, PyAny>,
        rows: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyList>> {
        let (cells, rows) = pairs(cells, rows)?;
        let open = |cells: Vec<(Row<'_>, &Input)>| {
            self.0.open_many(cells.into_iter().map(|(row, cell)| (row, cell.as_bytes())))
        };
        let values = py.detach(|| present(&cells, &rows, open)).or_raise(py)?;
        PyList::new(py, values.iter().map(|value| value.as_ref().map(|value| opened(py, value))))
    }

    #[pyo3(signature = (label, /))]
    fn index(&self, py: Python<'_>, label: &str) -> PyResult<BlindIndex> {
        self.0.index(label).or_raise(py).map(BlindIndex)
    }

    fn mask(&self, py: Python<'_>) -> PyResult<Mask> {
        self.0.mask().or_raise(py).map(Mask)
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }

    fn __repr__(&self) -> String {
        format!("<tenantseal.Field {}>", self.0.rule().label())
    }
}

/// A blind index of a field.
#[pyclass(frozen, module = "tenantseal")]
pub(crate) struct BlindIndex(tenantseal::field::BlindIndex);

#[pymethods]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
impl BlindIndex {
    #[pyo3(signature = (value, /))]
    fn token(&self, py: Python<'_>, value: Input) -> PyResult<i64> {
        self.0.token(value.value()).or_raise(py)
    }

    /// A token for each value; `None` for `None`.
    #[pyo3(signature = (values, /))]
    fn token_many(&self, py: Python<'_>, values: &Bound<'_, PyAny>) -> PyResult<Vec<Option<i64>>> {
        let values = each(values, optional)?;
        let tokens = || {
            let token = |(position, value): (usize, &Option<Input>)| match value {
                None => Ok(None),
                Some(value) => self
                    .0
                    .token(value.value())
                    .map(Some)
                    .map_err(|error| BulkError { position: Some(position), error }),
            };
            values.iter().enumerate().map(token).collect::<Result<Vec<_>, _>>()
        };
        py.detach(tokens).or_raise(py)
    }

    #[pyo3(signature = (value, /))]
    fn lookup(&self, py: Python<'_>, value: Input) -> PyResult<Vec<i64>> {
        self.0.lookup(value.value()).or_raise(py)
    }

    #[pyo3(signature = (left, right, /))]
    fn matches(&self, py: Python<'_>, left: Input, right: Input) -> PyResult<bool> {
        self.0.matches(left.value(), right.value()).or_raise(py)
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }

    fn __repr__(&self) -> String {
        format!("<tenantseal.BlindIndex {}>", self.0.rule().label)
    }
}

/// The sealed mask column of a field.
#[pyclass(frozen, module = "tenantseal")]
pub(crate) struct Mask(tenantseal::field::Mask);

#[pymethods]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
impl Mask {
    #[pyo3(signature = (value, *, row))]
    fn seal<'py>(&self, py: Python<'py>, value: &str, row: RowInput) -> PyResult<Bound<'py, PyBytes>> {
        let sealed = row.with(|row| self.0.seal(row, value)).or_raise(py)?;
        Ok(PyBytes::new(py, &sealed))
    }

    #[pyo3(signature = (sealed, *, row))]
    fn open(&self, py: Python<'_>, sealed: Input, row: RowInput) -> PyResult<String> {
        row.with(|row| self.0.open(row, sealed.as_bytes())).or_raise(py)
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }

    #[expect(clippy::unused_self, reason = "Python's protocol")]
    const fn __repr__(&self) -> &'static str {
        "<tenantseal.Mask>"
    }
}

/// The suite, generation and key commitment of a cell, read without a key.
#[pyfunction]
#[pyo3(signature = (cell, /))]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
pub(crate) fn cell_header<'py>(py: Python<'py>, cell: Input) -> PyResult<(u8, u32, Bound<'py, PyBytes>)> {
    let header = CellHeader::parse(cell.as_bytes()).or_raise(py)?;
    Ok((header.suite.id(), header.generation.to_u32(), PyBytes::new(py, &header.key_commitment)))
}

/// Runs `act`, with the interpreter released if there is enough to do.
fn released<T: Send>(py: Python<'_>, len: usize, act: impl FnOnce() -> T + Send) -> T {
    if len >= RELEASE_FROM { py.detach(act) } else { act() }
}

fn optional(object: &Bound<'_, PyAny>) -> PyResult<Option<Input>> {
    if object.is_none() { Ok(None) } else { object.extract().map(Some) }
}

/// What `act` makes of the values that are there, in the places of those; NULL stays NULL.
fn present<'a, T>(
    values: &'a [Option<Input>],
    rows: &'a [RowInput],
    act: impl FnOnce(Vec<(Row<'_>, &'a Input)>) -> Result<Vec<T>, BulkError>,
) -> Result<Vec<Option<T>>, BulkError> {
    let keys: Vec<_> = rows.iter().map(RowInput::keys).collect();
    let there = values.iter().zip(rows.iter().zip(&keys));
    let there = there.filter_map(|(value, (row, keys))| value.as_ref().map(|value| (row.row(keys), value)));
    let made = act(there.collect()).map_err(|failed| {
        let mut positions =
            (0..).zip(values).filter_map(|(position, value)| value.as_ref().map(|_| position));
        BulkError { position: failed.position.and_then(|nth| positions.nth(nth)), ..failed }
    })?;
    let mut made = made.into_iter();
    Ok(values.iter().map(|value| value.as_ref().and_then(|_| made.next())).collect())
}

/// As many rows as values.
fn pairs<'py>(
    values: &Bound<'py, PyAny>,
    rows: &Bound<'py, PyAny>,
) -> PyResult<(Vec<Option<Input>>, Vec<RowInput>)> {
    let (values, rows) = (each(values, optional)?, each(rows, |row| row.extract())?);
    if values.len() == rows.len() {
        Ok((values, rows))
    } else {
        Err(value_error("as many rows as values are needed"))
    }
}
