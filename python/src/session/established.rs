//! What a handshake ends with.

use pyo3::{prelude::*, types::PyBytes};
use tenantseal::{Error, session};
use zeroize::Zeroizing;

use super::{
    Exclusive,
    datagram::{SessionReceiver, SessionSender},
    endpoint::Ticket,
};
use crate::{
    convert::{Bytes, Input},
    error::{OrRaise as _, no_pickle},
    principal::PrincipalId,
};

/// A session between two endpoints, until it is split.
#[pyclass(frozen, module = "tenantseal.session")]
pub(crate) struct Session(Exclusive<Option<session::Session>>);

impl Session {
    pub(super) fn new(session: session::Session) -> Self {
        Self(Exclusive::new(Some(session)))
    }

    fn with<T>(
        &self,
        py: Python<'_>,
        act: impl FnOnce(&session::Session) -> Result<T, Error>,
    ) -> PyResult<T> {
        self.0.with(|session| act(session.as_ref().ok_or(Error::State)?)).or_raise(py)
    }
}

#[pymethods]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
impl Session {
    #[getter]
    fn peer(&self, py: Python<'_>) -> PyResult<PrincipalId> {
        self.with(py, |session| Ok(PrincipalId(session.peer().clone())))
    }

    #[getter]
    fn peer_key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let key = self.with(py, |session| Ok(session.peer_key()))?;
        Ok(PyBytes::new(py, key.as_bytes()))
    }

    #[getter]
    fn index(&self, py: Python<'_>) -> PyResult<u32> {
        self.with(py, |session| Ok(session.index()))
    }

    #[getter]
    fn channel_binding<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let binding = self.with(py, |session| Ok(*session.channel_binding()))?;
        Ok(PyBytes::new(py, &binding))
    }

    #[pyo3(signature = (label, context, *, length))]
    fn export<'py>(
        &self,
        py: Python<'py>,
        label: &str,
        context: Input,
        length: usize,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let secret = self.with(py, |session| {
            // Memory is taken for no more than there can be.
            if length > session::Session::MAX_EXPORT {
                return Err(Error::TooLong);
            }
            let mut secret = Zeroizing::new(vec![0; length]);
            session.export(label, context.as_bytes(), &mut secret)?;
            Ok(secret)
        })?;
        Ok(PyBytes::new(py, &secret))
    }

    fn resumption(&self, py: Python<'_>) -> PyResult<Ticket> {
        self.with(py, session::Session::resumption).map(Ticket)
    }

    fn split(&self, py: Python<'_>) -> PyResult<(SessionSender, SessionReceiver)> {
        let session = self.0.with(|session| session.take().ok_or(Error::State)).or_raise(py)?;
        let (sender, receiver) = session.split();
        Ok((SessionSender(sender), SessionReceiver(Exclusive::new(receiver))))
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }

    #[expect(clippy::unused_self, reason = "Python's protocol")]
    const fn __repr__(&self) -> &'static str {
        "<tenantseal.session.Session>"
    }
}

/// The number that a packet's receiver gave to its session.
#[pyfunction]
#[pyo3(signature = (packet, /))]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
pub(crate) fn receiver_index(packet: Bytes) -> Option<u32> {
    session::receiver_index(&packet)
}
