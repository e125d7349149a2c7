//! From the core's one error to Python's exceptions.

use pyo3::{prelude::*, sync::PyOnceLock, types::PyType};
use tenantseal::{Error, field::BulkError};

/// What a call of the core returned, as a Python exception.
///
/// The classes and their numbers are in `tenantseal._errors`; the text is the core's.
pub(crate) fn raise(py: Python<'_>, error: Error) -> PyErr {
    raise_at(py, error, None)
}

/// As [`raise`], with the position of the value of a bulk call that failed.
pub(crate) fn raise_bulk(py: Python<'_>, failed: BulkError) -> PyErr {
    raise_at(py, failed.error, failed.position)
}

/// For results that are made with the interpreter at hand.
pub(crate) trait OrRaise<T> {
    /// The value, or the exception.
    fn or_raise(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> OrRaise<T> for Result<T, Error> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|error| raise(py, error))
    }
}

impl<T> OrRaise<T> for Result<T, BulkError> {
    fn or_raise(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|failed| raise_bulk(py, failed))
    }
}

fn raise_at(py: Python<'_>, error: Error, position: Option<usize>) -> PyErr {
    static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let field = match error {
        Error::Policy { field, .. } => field,
        _ => None,
    };
    let made = MAKE
        .get_or_try_init(py, || py.import("tenantseal._errors")?.getattr("_make").map(Bound::unbind))
        .and_then(|make| make.bind(py).call1((error.code(), error.to_string(), position, field)));
    match made {
        Ok(exception) => PyErr::from_value(exception),
        Err(failed) => failed,
    }
}

/// A `TypeError` of our own for what has the wrong shape before the core sees it.
pub(crate) fn type_error(message: &'static str) -> PyErr {
    pyo3::exceptions::PyTypeError::new_err(message)
}

/// A `ValueError` for what has the right type and cannot be.
pub(crate) fn value_error(message: &'static str) -> PyErr {
    pyo3::exceptions::PyValueError::new_err(message)
}

/// Keys and what holds them do not pickle.
pub(crate) fn no_pickle(kind: &Bound<'_, PyType>) -> PyErr {
    let name = kind.name().map_or_else(|_| String::from("this"), |name| name.to_string());
    pyo3::exceptions::PyTypeError::new_err(format!(
        "cannot pickle a tenantseal {name}: open it in each process"
    ))
}
