//! The halves of a session.

use pyo3::{
    buffer::PyBuffer,
    prelude::*,
    types::{PyBytes, PyMemoryView, PySlice},
};
use tenantseal::{Error, session};
use zeroize::Zeroizing;

use super::Exclusive;
use crate::{
    convert::{Bytes, RELEASE_FROM},
    error::{OrRaise as _, no_pickle, type_error, value_error},
};

/// The half that seals.
#[pyclass(frozen, module = "tenantseal.session")]
pub(crate) struct SessionSender(pub(super) session::Sender);

#[pymethods]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
impl SessionSender {
    #[classattr]
    const OVERHEAD: usize = session::Sender::OVERHEAD;

    #[classattr]
    const MAX_PACKET: usize = session::Sender::MAX_PACKET;

    #[pyo3(signature = (data, /))]
    fn seal<'py>(&self, py: Python<'py>, data: Bytes) -> PyResult<Bound<'py, PyBytes>> {
        let packet = self.sealed_packet(py, &data)?;
        Ok(PyBytes::new(py, &packet))
    }

    #[pyo3(signature = (data, out, /))]
    fn seal_into(&self, py: Python<'_>, data: Bytes, out: &Bound<'_, PyAny>) -> PyResult<usize> {
        let out = Room::new(out, data.len().saturating_add(session::Sender::OVERHEAD))?;
        out.put(py, &self.sealed_packet(py, &data)?)
    }

    #[getter]
    fn rekey_due(&self) -> bool {
        self.0.rekey_due()
    }

    #[getter]
    fn sealed(&self) -> u64 {
        self.0.sealed()
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }

    #[expect(clippy::unused_self, reason = "Python's protocol")]
    const fn __repr__(&self) -> &'static str {
        "<tenantseal.session.Sender>"
    }
}

impl SessionSender {
    fn sealed_packet(&self, py: Python<'_>, data: &[u8]) -> PyResult<Vec<u8>> {
        let mut packet = Vec::new();
        released(py, data.len(), || self.0.seal(data, &mut packet)).or_raise(py)?;
        Ok(packet)
    }
}

/// The half that opens.
#[pyclass(frozen, module = "tenantseal.session")]
pub(crate) struct SessionReceiver(pub(super) Exclusive<session::Receiver>);

#[pymethods]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
impl SessionReceiver {
    #[pyo3(signature = (packet, /))]
    fn open<'py>(&self, py: Python<'py>, packet: Bytes) -> PyResult<Bound<'py, PyBytes>> {
        self.with_opened(py, &packet, |opened| Ok(PyBytes::new(py, opened)))
    }

    #[pyo3(signature = (packet, out, /))]
    fn open_into(&self, py: Python<'_>, packet: Bytes, out: &Bound<'_, PyAny>) -> PyResult<usize> {
        let out = Room::new(out, packet.len().saturating_sub(session::Sender::OVERHEAD))?;
        self.with_opened(py, &packet, |opened| out.put(py, opened))
    }

    #[getter]
    fn index(&self, py: Python<'_>) -> PyResult<u32> {
        self.0.with(|receiver| Ok(receiver.index())).or_raise(py)
    }

    #[getter]
    fn counts(&self, py: Python<'_>) -> PyResult<(u64, u64, u64)> {
        let counts = self.0.with(|receiver| Ok(receiver.counts())).or_raise(py)?;
        Ok((counts.opened, counts.refused, counts.repeated))
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }

    #[expect(clippy::unused_self, reason = "Python's protocol")]
    const fn __repr__(&self) -> &'static str {
        "<tenantseal.session.Receiver>"
    }
}

impl SessionReceiver {
    /// Opens a copy of a packet. The interpreter is asked for when the lock is free again.
    fn with_opened<T>(
        &self,
        py: Python<'_>,
        packet: &[u8],
        take: impl FnOnce(&[u8]) -> PyResult<T>,
    ) -> PyResult<T> {
        let mut packet = Zeroizing::new(packet.to_vec());
        let whole = packet.len();
        let open = || self.0.with(|receiver| receiver.open(&mut packet).map(|opened| opened.len()));
        let len = released(py, whole, open).or_raise(py)?;
        take(packet.get(session::Sender::HEADER..session::Sender::HEADER + len).unwrap_or_default())
    }
}

/// Runs `act`, without the interpreter if it takes long.
fn released<T: Send>(
    py: Python<'_>,
    len: usize,
    act: impl FnOnce() -> Result<T, Error> + Send,
) -> Result<T, Error> {
    if len < RELEASE_FROM { act() } else { py.detach(act) }
}

/// Room in a buffer of the caller's for what is to be written, whose length is known before anything is done.
struct Room(PyBuffer<u8>);

impl Room {
    fn new(out: &Bound<'_, PyAny>, len: usize) -> PyResult<Self> {
        let wanted = || type_error("expected a writable buffer of bytes");
        let view = PyMemoryView::from(out).map_err(|_| wanted())?;
        let place =
            view.get_item(PySlice::new(out.py(), 0, isize::try_from(len)?, 1)).map_err(|_| wanted())?;
        let place = PyBuffer::<u8>::get(&place).map_err(|_| wanted())?;
        if place.readonly() {
            return Err(wanted());
        }
        if place.item_count() < len {
            return Err(value_error("the buffer is too small"));
        }
        Ok(Self(place))
    }

    fn put(&self, py: Python<'_>, bytes: &[u8]) -> PyResult<usize> {
        self.0.copy_from_slice(py, bytes)?;
        Ok(bytes.len())
    }
}
