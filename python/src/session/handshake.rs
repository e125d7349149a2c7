//! The side that calls, and the side that answers.

use core::net::{IpAddr, SocketAddr};

use pyo3::{
    prelude::*,
    types::{PyBytes, PyTuple},
};
use tenantseal::session::{self, Incoming, Load, Progress};

use super::{
    Exclusive,
    endpoint::{Endpoint, Peer},
    established::Session,
};
use crate::{
    convert::Bytes,
    error::{OrRaise as _, no_pickle, type_error, value_error},
    keyring::Keyring,
};

/// A handshake that waits for the answer, and what it sends once the session is there.
#[pyclass(frozen, module = "tenantseal.session")]
pub(crate) struct Initiator(pub(super) Exclusive<(session::Initiator, Option<Vec<u8>>)>);

#[pymethods]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
impl Initiator {
    #[getter]
    fn packet<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let packet = self.0.with(|(initiator, confirmation)| {
            Ok(confirmation.clone().unwrap_or_else(|| initiator.packet().to_vec()))
        });
        Ok(PyBytes::new(py, &packet.or_raise(py)?))
    }

    #[getter]
    fn index(&self, py: Python<'_>) -> PyResult<Option<u32>> {
        self.0.with(|(initiator, _)| Ok(initiator.index())).or_raise(py)
    }

    #[pyo3(signature = (packet, /))]
    fn receive(&self, py: Python<'_>, packet: Bytes) -> PyResult<Option<Session>> {
        let receive = || {
            self.0.with(|(initiator, confirmation)| match initiator.receive(&packet)? {
                Progress::Resend => Ok(None),
                Progress::Established(session, packet) => {
                    *confirmation = Some(packet);
                    Ok(Some(Session::new(*session)))
                }
            })
        };
        py.detach(receive).or_raise(py)
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }

    #[expect(clippy::unused_self, reason = "Python's protocol")]
    const fn __repr__(&self) -> &'static str {
        "<tenantseal.session.Initiator>"
    }
}

/// Answers the handshakes of others.
#[pyclass(frozen, module = "tenantseal.session")]
pub(crate) struct Listener(Exclusive<session::Listener>);

#[pymethods]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
impl Listener {
    #[new]
    #[pyo3(signature = (keys, *, cookies_after = None, most = None, per_peer = None))]
    fn new(
        keys: &Bound<'_, Keyring>,
        cookies_after: Option<u32>,
        most: Option<u32>,
        per_peer: Option<u32>,
    ) -> Self {
        let set = |load, number: Option<u32>, set: fn(Load, u32) -> Load| match number {
            Some(number) => set(load, number),
            None => load,
        };
        let load = set(Load::new(), cookies_after, Load::cookies_after);
        let load = set(set(load, most, Load::most), per_peer, Load::per_peer);
        Self(Exclusive::new(session::Listener::new(&keys.get().0).load(load)))
    }

    #[pyo3(signature = (endpoint, /))]
    fn add(&self, py: Python<'_>, endpoint: &Bound<'_, Endpoint>) -> PyResult<()> {
        let endpoint = &endpoint.get().0;
        py.detach(|| self.0.with(|listener| listener.add(endpoint))).or_raise(py)
    }

    #[pyo3(signature = (endpoint, /))]
    fn remove(&self, py: Python<'_>, endpoint: &Bound<'_, Endpoint>) -> PyResult<()> {
        let endpoint = &endpoint.get().0;
        py.detach(|| self.0.with(|listener| listener.remove(endpoint))).or_raise(py)
    }

    fn expect(&self, py: Python<'_>, endpoint: &Bound<'_, Endpoint>, peer: &Bound<'_, Peer>) -> PyResult<()> {
        let (endpoint, peer) = (&endpoint.get().0, &peer.get().0);
        py.detach(|| self.0.with(|listener| listener.expect(endpoint, peer))).or_raise(py)
    }

    fn forget(&self, py: Python<'_>, endpoint: &Bound<'_, Endpoint>, peer: &Bound<'_, Peer>) -> PyResult<()> {
        let (endpoint, peer) = (&endpoint.get().0, &peer.get().0);
        py.detach(|| self.0.with(|listener| listener.forget(endpoint, peer))).or_raise(py)
    }

    fn receive<'py>(
        &self,
        py: Python<'py>,
        source: &Bound<'py, PyTuple>,
        packet: Bytes,
    ) -> PyResult<(Option<Session>, Bound<'py, PyBytes>)> {
        let source = address(source)?;
        let receive = || self.0.with(|listener| listener.receive(source, &packet));
        match py.detach(receive).or_raise(py)? {
            Incoming::Send(answer) => Ok((None, PyBytes::new(py, &answer))),
            Incoming::Established(session, first) => {
                Ok((Some(Session::new(*session)), PyBytes::new(py, &first)))
            }
        }
    }

    #[getter]
    fn pending(&self, py: Python<'_>) -> PyResult<usize> {
        self.0.with(|listener| Ok(listener.pending())).or_raise(py)
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }

    #[expect(clippy::unused_self, reason = "Python's protocol")]
    const fn __repr__(&self) -> &'static str {
        "<tenantseal.session.Listener>"
    }
}

/// What `socket.recvfrom` gives: a numeric address and a port, and two more numbers for IPv6.
fn address(source: &Bound<'_, PyTuple>) -> PyResult<SocketAddr> {
    let wanted = || type_error("a source is a tuple of an address and a port");
    let host: String = source.get_item(0).and_then(|host| host.extract()).map_err(|_| wanted())?;
    let port = source.get_item(1).map_err(|_| wanted())?;
    let port: u16 = port.extract().map_err(|error: PyErr| {
        match error.is_instance_of::<pyo3::exceptions::PyOverflowError>(source.py()) {
            true => value_error("a port has 16 bits"),
            false => wanted(),
        }
    })?;
    let number = host.split('%').next().unwrap_or_default();
    let ip: IpAddr = number.parse().map_err(|_| value_error("a source's address is numeric"))?;
    Ok(SocketAddr::new(ip, port))
}
