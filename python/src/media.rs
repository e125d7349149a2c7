//! What `tenantseal.wecom.MediaReader` is made of.

use std::{
    io::{self, Read},
    sync::{Mutex, PoisonError},
};

use pyo3::{prelude::*, types::PyBytes};
use tenantseal::{Error, wecom::media};
use zeroize::Zeroizing;

use crate::{
    convert::Bytes,
    error::{OrRaise as _, no_pickle, raise, type_error, value_error},
};

/// Decrypts what a file-like object gives.
#[pyclass(frozen, module = "tenantseal")]
pub(crate) struct Media(Mutex<Option<media::MediaReader<File>>>);

#[pymethods]
impl Media {
    #[new]
    fn new(py: Python<'_>, file: Py<PyAny>, key: &str) -> PyResult<Self> {
        let reader = media::MediaReader::new(File(file), key).or_raise(py)?;
        Ok(Self(Mutex::new(Some(reader))))
    }

    /// At most `size` bytes; none at the end.
    #[pyo3(signature = (size, /))]
    fn read<'py>(&self, py: Python<'py>, size: usize) -> PyResult<Bound<'py, PyBytes>> {
        // Taken out meanwhile: the file may call back, and threads must not wait for each other and the interpreter.
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut reader = taken.ok_or_else(|| value_error("closed, or being read elsewhere"))?;
        let mut out = Zeroizing::new(vec![0; size.min(MOST)]);
        let outcome = py.detach(|| reader.read(&mut out));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reader);
        let len = outcome.map_err(|error| exception(py, error))?;
        Ok(PyBytes::new(py, out.get(..len).unwrap_or_default()))
    }

    /// Drops what is held, wiped.
    fn close(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }
}

/// A file-like object.
struct File(Py<PyAny>);

impl Read for File {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        Python::attach(|py| {
            let given = self.0.bind(py).call_method1("read", (out.len(),)).map_err(io::Error::other)?;
            if given.is_none() {
                // What a raw file says that does not block.
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let given: Bytes = given.extract().map_err(io::Error::other)?;
            match out.get_mut(..given.len()) {
                Some(place) => {
                    place.copy_from_slice(&given);
                    Ok(given.len())
                }
                None => Err(io::Error::other(type_error("the file gave more than it was asked for"))),
            }
        })
    }
}

/// The file's own exception as it was, the core's error as one of ours.
fn exception(py: Python<'_>, error: io::Error) -> PyErr {
    if error.get_ref().is_some_and(|inner| inner.is::<Error>() || inner.is::<PyErr>())
        && let Some(inner) = error.into_inner()
    {
        return match inner.downcast::<Error>() {
            Ok(error) => raise(py, *error),
            Err(inner) => inner.downcast::<PyErr>().map_or_else(|_| value_error("the file failed"), |e| *e),
        };
    }
    pyo3::exceptions::PyBlockingIOError::new_err("the file has nothing to read yet")
}

/// The most that is read at a time, in bytes.
const MOST: usize = 64 * 1024;
