//! The vault: blocking calls that release the interpreter.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use pyo3::{
    prelude::*,
    types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyIterator, PyList},
};
use tenantseal::{Error, StoreError};
use tenantseal_store::{Fields, Plain, VaultOptions, blocking};

use crate::{
    convert::{Input, all, id, opened},
    error::{OrRaise as _, no_pickle, type_error, value_error},
    keyring::Keyring,
};

/// A vault of sealed records on an SQLite file.
#[pyclass(frozen, module = "tenantseal.store")]
#[derive(Clone)]
pub(crate) struct Vault(Arc<Mutex<Option<blocking::Vault>>>);

#[pymethods]
impl Vault {
    #[staticmethod]
    #[pyo3(signature = (path, keyring, *, names = None, busy_timeout = None))]
    fn open(
        py: Python<'_>,
        path: PathBuf,
        keyring: &Bound<'_, Keyring>,
        names: Option<&Bound<'_, PyAny>>,
        busy_timeout: Option<f64>,
    ) -> PyResult<Self> {
        let mut options = VaultOptions::new();
        for (label, name) in all::<(String, String)>(names)? {
            options = options.sql_name(&label, &name);
        }
        if let Some(seconds) = busy_timeout {
            let timeout = core::time::Duration::try_from_secs_f64(seconds);
            options = options.busy_timeout(timeout.map_err(|_| value_error("busy_timeout is in seconds"))?);
        }
        let keyring = keyring.get().0.clone();
        let vault = py.detach(|| blocking::Vault::open_with(path, &keyring, options)).or_raise(py)?;
        Ok(Self(Arc::new(Mutex::new(Some(vault)))))
    }

    #[pyo3(signature = (tenant_id, /))]
    #[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
    fn tenant(&self, py: Python<'_>, tenant_id: Input) -> PyResult<TenantVault> {
        let tenant = id(&tenant_id).or_raise(py)?;
        let made = TenantVault { vault: self.clone(), tenant };
        py.detach(|| made.rows()).or_raise(py)?;
        Ok(made)
    }

    /// Closes the vault; closing it again is no error.
    fn close(&self, py: Python<'_>) {
        py.detach(|| drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take()));
    }

    const fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyAny>) {
        self.close(py);
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }
}

impl Vault {
    fn get(&self) -> Result<blocking::Vault, Error> {
        let vault = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        vault.clone().ok_or(Error::Store(StoreError::Closed))
    }
}

/// One tenant's rows.
#[pyclass(frozen, module = "tenantseal.store")]
pub(crate) struct TenantVault {
    vault: Vault,
    tenant: tenantseal::tenant::TenantId,
}

#[pymethods]
impl TenantVault {
    #[pyo3(signature = (table, values, *, compartment = None))]
    fn insert(
        &self,
        py: Python<'_>,
        table: &str,
        values: &Bound<'_, PyDict>,
        compartment: Option<&str>,
    ) -> PyResult<i64> {
        let fields = fields(values, compartment)?;
        py.detach(|| self.rows()?.insert(table, fields)).or_raise(py)
    }

    fn get(&self, py: Python<'_>, table: &str, row: i64) -> PyResult<Option<Record>> {
        Ok(py.detach(|| self.rows()?.get(table, row)).or_raise(py)?.map(Record))
    }

    fn find(&self, py: Python<'_>, field: &str, index: &str, value: &str) -> PyResult<Vec<Record>> {
        let found = py.detach(|| self.rows()?.find(field, index, value)).or_raise(py)?;
        Ok(found.into_iter().map(Record).collect())
    }

    #[pyo3(signature = (table, *, after = 0, limit = 100))]
    fn list_masked(&self, py: Python<'_>, table: &str, after: i64, limit: u32) -> PyResult<Vec<Masked>> {
        let listed = py.detach(|| self.rows()?.list_masked(table, after, limit)).or_raise(py)?;
        Ok(listed.into_iter().map(Masked).collect())
    }

    fn update(&self, py: Python<'_>, table: &str, row: i64, values: &Bound<'_, PyDict>) -> PyResult<bool> {
        let fields = fields(values, None)?;
        py.detach(|| self.rows()?.update(table, row, fields)).or_raise(py)
    }

    fn delete(&self, py: Python<'_>, table: &str, row: i64) -> PyResult<bool> {
        py.detach(|| self.rows()?.delete(table, row)).or_raise(py)
    }

    fn begin(&self, py: Python<'_>) -> PyResult<Transaction> {
        let begun = py.detach(|| self.rows()?.begin()).or_raise(py)?;
        Ok(Transaction(Mutex::new(Some(begun))))
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }
}

impl TenantVault {
    fn rows(&self) -> Result<blocking::TenantVault, Error> {
        self.vault.get()?.tenant(self.tenant.clone())
    }
}

/// A transaction: `with` commits it, and an exception rolls it back.
#[pyclass(frozen, module = "tenantseal.store")]
pub(crate) struct Transaction(Mutex<Option<blocking::Transaction>>);

#[pymethods]
impl Transaction {
    #[pyo3(signature = (table, values, *, compartment = None))]
    fn insert(
        &self,
        py: Python<'_>,
        table: &str,
        values: &Bound<'_, PyDict>,
        compartment: Option<&str>,
    ) -> PyResult<i64> {
        let fields = fields(values, compartment)?;
        self.run(py, |open| open.insert(table, fields))
    }

    fn get(&self, py: Python<'_>, table: &str, row: i64) -> PyResult<Option<Record>> {
        self.run(py, |open| open.get(table, row)).map(|found| found.map(Record))
    }

    fn find(&self, py: Python<'_>, field: &str, index: &str, value: &str) -> PyResult<Vec<Record>> {
        let found = self.run(py, |open| open.find(field, index, value))?;
        Ok(found.into_iter().map(Record).collect())
    }

    fn update(&self, py: Python<'_>, table: &str, row: i64, values: &Bound<'_, PyDict>) -> PyResult<bool> {
        let fields = fields(values, None)?;
        self.run(py, |open| open.update(table, row, fields))
    }

    fn delete(&self, py: Python<'_>, table: &str, row: i64) -> PyResult<bool> {
        self.run(py, |open| open.delete(table, row))
    }

    fn commit(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.take().ok_or(Error::Store(StoreError::Closed))?.commit()).or_raise(py)
    }

    /// Takes everything back. What was committed or taken back already stays so.
    fn rollback(&self, py: Python<'_>) {
        py.detach(|| drop(self.take()));
    }

    const fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (kind, *_exception))]
    fn __exit__(
        &self,
        py: Python<'_>,
        kind: &Bound<'_, PyAny>,
        _exception: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        // Without the interpreter, as every wait: another thread may be in the middle of a long call.
        let open = py.detach(|| self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some());
        if kind.is_none() && open {
            return self.commit(py);
        }
        self.rollback(py);
        Ok(())
    }
}

impl Transaction {
    fn take(&self) -> Option<blocking::Transaction> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn run<T: Send>(
        &self,
        py: Python<'_>,
        act: impl FnOnce(&mut blocking::Transaction) -> Result<T, Error> + Send,
    ) -> PyResult<T> {
        let run = || {
            let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            act(open.as_mut().ok_or(Error::Store(StoreError::Closed))?)
        };
        py.detach(run).or_raise(py)
    }
}

/// A row, opened.
#[pyclass(frozen, mapping, module = "tenantseal.store")]
pub(crate) struct Record(tenantseal_store::Record);

#[pymethods]
impl Record {
    #[getter]
    fn id(&self) -> i64 {
        self.0.id()
    }

    #[getter]
    fn compartment(&self) -> &str {
        self.0.compartment()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.columns().collect()
    }

    #[pyo3(signature = (column, default = None))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        column: &str,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        if let Some(value) = self.0.opened(column) {
            return Ok(Some(opened(py, value)));
        }
        Ok(match self.0.plain(column) {
            None => default,
            Some(Plain::Bool(truth)) => Some(PyBool::new(py, *truth).to_owned().into_any()),
            Some(Plain::Bytes(bytes)) => Some(PyBytes::new(py, bytes).into_any()),
            Some(Plain::F64(number)) => Some(PyFloat::new(py, *number).into_any()),
            Some(Plain::I64(number)) => Some(number.into_pyobject(py)?.into_any()),
            Some(Plain::Text(text)) => Some(text.into_pyobject(py)?.into_any()),
            Some(_) => return Err(type_error("a plain value of a kind that this version does not have")),
        })
    }

    fn values<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        self.0.columns().map(|column| self.__getitem__(py, column)).collect()
    }

    fn items<'py>(&self, py: Python<'py>) -> PyResult<Vec<(&str, Bound<'py, PyAny>)>> {
        self.0.columns().map(|column| Ok((column, self.__getitem__(py, column)?))).collect()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        PyList::new(py, self.0.columns())?.try_iter()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, column: &str) -> PyResult<Bound<'py, PyAny>> {
        self.get(py, column, None)?.ok_or_else(|| pyo3::exceptions::PyKeyError::new_err(column.to_owned()))
    }

    fn __contains__(&self, column: &str) -> bool {
        self.0.columns().any(|known| known == column)
    }

    fn __len__(&self) -> usize {
        self.0.columns().count()
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }

    fn __repr__(&self) -> String {
        format!("<tenantseal.store.Record {}>", self.0.id())
    }
}

/// A row as a listing may show it.
#[pyclass(frozen, mapping, module = "tenantseal.store")]
pub(crate) struct Masked(tenantseal_store::Masked);

#[pymethods]
impl Masked {
    #[getter]
    fn id(&self) -> i64 {
        self.0.id()
    }

    #[getter]
    fn compartment(&self) -> &str {
        self.0.compartment()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.columns().collect()
    }

    #[pyo3(signature = (column, default = None))]
    fn get<'a>(&'a self, column: &str, default: Option<&'a str>) -> Option<&'a str> {
        self.0.shown(column).or(default)
    }

    fn values(&self) -> PyResult<Vec<&str>> {
        self.0.columns().map(|column| self.__getitem__(column)).collect()
    }

    fn items(&self) -> PyResult<Vec<(&str, &str)>> {
        self.0.columns().map(|column| Ok((column, self.__getitem__(column)?))).collect()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        PyList::new(py, self.0.columns())?.try_iter()
    }

    fn __getitem__(&self, column: &str) -> PyResult<&str> {
        self.0.shown(column).ok_or_else(|| pyo3::exceptions::PyKeyError::new_err(column.to_owned()))
    }

    fn __contains__(&self, column: &str) -> bool {
        self.0.shown(column).is_some()
    }

    fn __len__(&self) -> usize {
        self.0.columns().count()
    }

    fn __repr__(&self) -> String {
        format!("<tenantseal.store.Masked {}>", self.0.id())
    }
}

fn fields(values: &Bound<'_, PyDict>, compartment: Option<&str>) -> PyResult<Fields> {
    let mut fields = compartment.map_or_else(Fields::new, |label| Fields::new().compartment(label));
    // Of a copy: to read a value may run Python code, which may change the dict.
    for item in values.items() {
        let (column, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
        let column: String = column.extract().map_err(|_| type_error("a column is a str"))?;
        fields = if value.is_none() {
            fields.set_null(&column)
        } else if let Ok(truth) = value.cast::<PyBool>() {
            fields.set_plain(&column, Plain::Bool(truth.is_true()))
        } else if value.is_instance_of::<PyFloat>() {
            fields.set_plain(&column, Plain::F64(value.extract()?))
        } else if value.is_instance_of::<PyInt>() {
            let number = value.extract().map_err(|_| value_error("a plain int has at most 64 bits"))?;
            fields.set_plain(&column, Plain::I64(number))
        } else {
            match value.extract()? {
                Input::Text(text) => fields.set(&column, &text),
                Input::Bytes(bytes) => fields.set_bytes(&column, &bytes),
            }
        };
    }
    Ok(fields)
}
