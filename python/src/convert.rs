//! Values and rows on their way in, and opened values on their way out.

use core::ops::Deref;

use pyo3::{
    buffer::PyBuffer,
    prelude::*,
    pybacked::{PyBackedBytes, PyBackedStr},
    types::{PyBool, PyBytes, PyInt, PyString, PyTuple},
};
use tenantseal::{
    Error, SecretBytes,
    field::{Key, Opened, Row, Value},
};

use crate::error::{type_error, value_error};

/// From this size on the interpreter is released while the core works, in bytes.
pub(crate) const RELEASE_FROM: usize = 2_048;

/// Bytes: borrowed from an immutable object, or a copy of a mutable one, which is wiped.
pub(crate) enum Bytes {
    Borrowed(PyBackedBytes),
    Copied(SecretBytes),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Copied(bytes) => bytes.expose_secret(),
        }
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Bytes {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = object.cast::<PyBytes>() {
            return Ok(Self::Borrowed(PyBackedBytes::from(bytes.to_owned())));
        }
        let wanted = || type_error("expected a bytes-like object");
        let buffer = PyBuffer::<u8>::get(&object).map_err(|_| wanted())?;
        // Copied while the interpreter is held: another thread may write to it as soon as it is not.
        Ok(Self::Copied(SecretBytes::from_vec(buffer.to_vec(object.py())?)))
    }
}

/// Text or bytes.
pub(crate) enum Input {
    Bytes(Bytes),
    Text(PyBackedStr),
}

impl Input {
    /// As a value to seal: the type of the object says which type of field it is for.
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Bytes(bytes) => Value::Bytes(bytes),
            Self::Text(text) => Value::Written(text),
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Text(text) => text.as_bytes(),
        }
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Input {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.cast::<PyString>() {
            // Lone surrogates are no text: the codec's UnicodeEncodeError, which is a ValueError.
            Ok(text) => PyBackedStr::try_from(text.to_owned()).map(Self::Text),
            Err(_) => object
                .extract()
                .map(Self::Bytes)
                .map_err(|_| type_error("expected str or a bytes-like object")),
        }
    }
}

/// The row of a field that is bound to none.
#[pyclass(frozen, eq, hash, module = "tenantseal")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Unbound;

#[pymethods]
impl Unbound {
    #[new]
    const fn new() -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "Python's protocol")]
    const fn __repr__(&self) -> &'static str {
        "tenantseal.UNBOUND"
    }

    #[expect(clippy::unused_self, reason = "Python's protocol")]
    const fn __reduce__(&self) -> &'static str {
        "UNBOUND"
    }
}

/// A row: an int, a str, bytes, a tuple of them for natural keys, or `UNBOUND`.
pub(crate) enum RowInput {
    Id(KeyInput),
    Natural(Vec<KeyInput>),
    Unbound,
}

pub(crate) enum KeyInput {
    Bytes(Bytes),
    Int(i64),
    Text(PyBackedStr),
}

impl KeyInput {
    fn key(&self) -> Key<'_> {
        match self {
            Self::Bytes(bytes) => Key::Bytes(bytes),
            Self::Int(number) => Key::Int(*number),
            Self::Text(text) => Key::Text(text),
        }
    }
}

impl RowInput {
    /// The core's natural keys; none for every other kind of row.
    pub(crate) fn keys(&self) -> Vec<Key<'_>> {
        match self {
            Self::Natural(keys) => keys.iter().map(KeyInput::key).collect(),
            Self::Id(_) | Self::Unbound => Vec::new(),
        }
    }

    /// The core's row, over what [`RowInput::keys`] gave.
    pub(crate) fn row<'a>(&'a self, keys: &'a [Key<'a>]) -> Row<'a> {
        match self {
            Self::Id(KeyInput::Bytes(bytes)) => Row::from(&**bytes),
            Self::Id(KeyInput::Int(number)) => (*number).into(),
            Self::Id(KeyInput::Text(text)) => Row::from(&**text),
            Self::Natural(_) => Row::natural(keys),
            Self::Unbound => Row::UNBOUND,
        }
    }

    /// Calls `act` with the core's row.
    pub(crate) fn with<T>(&self, act: impl FnOnce(Row<'_>) -> T) -> T {
        act(self.row(&self.keys()))
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for KeyInput {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<PyBool>() {
            return Err(type_error("a row key cannot be a bool"));
        }
        if object.is_instance_of::<PyInt>() || object.hasattr("__index__")? {
            return object.extract().map(Self::Int).map_err(|error: PyErr| {
                // What an `__index__` of the caller's raises is the caller's.
                match error.is_instance_of::<pyo3::exceptions::PyOverflowError>(object.py()) {
                    true => value_error("a row key has at most 64 bits"),
                    false => error,
                }
            });
        }
        match object.extract() {
            Ok(Input::Text(text)) => Ok(Self::Text(text)),
            Ok(Input::Bytes(bytes)) => Ok(Self::Bytes(bytes)),
            Err(error) if error.is_instance_of::<pyo3::exceptions::PyValueError>(object.py()) => Err(error),
            Err(_) => Err(type_error("expected an int, a str or a bytes-like object as a row key")),
        }
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for RowInput {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        if object.is_instance_of::<Unbound>() {
            return Ok(Self::Unbound);
        }
        match object.cast::<PyTuple>() {
            Ok(keys) => keys.iter().map(|key| key.extract()).collect::<PyResult<_>>().map(Self::Natural),
            Err(_) => object.extract().map(Self::Id),
        }
    }
}

/// Every element of an iterable, converted. Memory is taken as they come, and not for the length that the iterable states.
pub(crate) fn each<'py, T>(
    objects: &Bound<'py, PyAny>,
    convert: impl Fn(&Bound<'py, PyAny>) -> PyResult<T>,
) -> PyResult<Vec<T>> {
    if objects.is_instance_of::<PyString>() || objects.is_instance_of::<PyBytes>() {
        return Err(type_error("expected many values, got one str or bytes"));
    }
    let at = |(position, object): (usize, PyResult<Bound<'py, PyAny>>)| {
        let object = object?;
        convert(&object).inspect_err(|error| {
            // Which of a million it was. That a note cannot be added is no reason for another error.
            let _ = error.value(object.py()).call_method1("add_note", (format!("at position {position}"),));
        })
    };
    objects.try_iter()?.enumerate().map(at).collect()
}

/// Every element of an iterable, none for `None`.
pub(crate) fn all<T>(objects: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<T>>
where
    T: for<'a, 'py> FromPyObject<'a, 'py, Error: Into<PyErr>>,
{
    objects.map_or_else(
        || Ok(Vec::new()),
        |objects| each(objects, |object| object.extract().map_err(Into::into)),
    )
}

/// Bytes for bytes, a str for text and for the text form of every other type.
pub(crate) fn opened<'py>(py: Python<'py>, opened: &Opened) -> Bound<'py, PyAny> {
    match opened.to_text() {
        Ok(text) => PyString::new(py, &text).into_any(),
        Err(_) => PyBytes::new(py, opened.expose_secret()).into_any(),
    }
}

/// A tenant's id or an alias, as text or bytes.
pub(crate) fn id(input: &Input) -> Result<tenantseal::tenant::TenantId, Error> {
    input.as_bytes().try_into()
}
