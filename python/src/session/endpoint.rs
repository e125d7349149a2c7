//! Keys, peers and endpoints.

use core::time::Duration;

use pyo3::{prelude::*, types::PyBytes};
use tenantseal::{
    Error, Secret,
    session::{self, KnownPeers, Limits, PublicKey},
};

use super::{Exclusive, handshake::Initiator};
use crate::{
    convert::{Bytes, Input, each},
    error::{OrRaise as _, no_pickle, type_error},
    keyring::Tenant,
    principal::PrincipalId,
    wecom::seconds,
};

/// The static key of one endpoint.
#[pyclass(frozen, module = "tenantseal.session")]
pub(crate) struct PrivateKey(session::PrivateKey);

#[pymethods]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
impl PrivateKey {
    #[staticmethod]
    fn generate(py: Python<'_>) -> PyResult<Self> {
        session::PrivateKey::generate().or_raise(py).map(Self)
    }

    #[staticmethod]
    #[pyo3(signature = (key, /))]
    fn from_bytes(py: Python<'_>, key: Bytes) -> PyResult<Self> {
        let key = (&*key).try_into().map_err(|_| Error::Value);
        key.and_then(session::PrivateKey::from_bytes).or_raise(py).map(Self)
    }

    fn expose_secret<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.expose_secret())
    }

    #[getter]
    fn public_key<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.public_key().as_bytes())
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }

    fn __repr__(&self) -> String {
        format!("<tenantseal.session.PrivateKey of {:?}>", self.0.public_key())
    }
}

/// A secret that two endpoints share for their handshakes.
#[pyclass(frozen, module = "tenantseal.session")]
pub(crate) struct Ticket(pub(super) session::Ticket);

#[pymethods]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
impl Ticket {
    #[new]
    fn new(py: Python<'_>, id: Input, key: Bytes) -> PyResult<Self> {
        let key = Secret::try_from(&*key).or_raise(py)?;
        session::Ticket::new(id.as_bytes(), key).or_raise(py).map(Self)
    }

    #[getter]
    fn id<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.id())
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }

    fn __repr__(&self) -> String {
        format!("<tenantseal.session.{:?}>", self.0)
    }
}

/// An endpoint whose static key is known beforehand.
#[pyclass(frozen, module = "tenantseal.session")]
pub(crate) struct Peer(pub(super) session::Peer);

#[pymethods]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
impl Peer {
    #[new]
    #[pyo3(signature = (id, key, *, ticket = None))]
    fn new(
        py: Python<'_>,
        id: &Bound<'_, PrincipalId>,
        key: Bytes,
        ticket: Option<&Bound<'_, Ticket>>,
    ) -> PyResult<Self> {
        let peer = session::Peer::new(&id.get().0, PublicKey::try_from(&*key).or_raise(py)?);
        Ok(Self(match ticket {
            Some(ticket) => peer.ticket(ticket.get().0.clone()),
            None => peer,
        }))
    }

    #[getter]
    fn id(&self) -> PrincipalId {
        PrincipalId(self.0.id().clone())
    }

    #[getter]
    fn key<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.key().as_bytes())
    }

    fn __repr__(&self) -> String {
        format!("<tenantseal.session.Peer {:?}>", self.0.id())
    }
}

/// One principal of one tenant that has sessions for one purpose.
#[pyclass(frozen, module = "tenantseal.session")]
pub(crate) struct Endpoint(pub(super) session::Endpoint);

#[pymethods]
impl Endpoint {
    #[new]
    #[pyo3(signature = (tenant, id, key, purpose, *, context = None, certificate = None, known = None,
                        phase_packets = None, phase_bytes = None, phase_time = None, packets = None, lifetime = None,
                        failures = None, window = None))]
    #[expect(clippy::too_many_arguments, reason = "keyword-only options")]
    fn new(
        py: Python<'_>,
        tenant: &Bound<'_, Tenant>,
        id: &Bound<'_, PrincipalId>,
        key: &Bound<'_, PrivateKey>,
        purpose: &str,
        context: Option<Input>,
        certificate: Option<Bytes>,
        known: Option<&Bound<'_, PyAny>>,
        phase_packets: Option<u64>,
        phase_bytes: Option<u64>,
        phase_time: Option<f64>,
        packets: Option<u64>,
        lifetime: Option<f64>,
        failures: Option<u64>,
        window: Option<usize>,
    ) -> PyResult<Self> {
        let (tenant, id, key) = (&tenant.get().0, &id.get().0, &key.get().0);
        let mut endpoint = py.detach(|| session::Endpoint::new(tenant, id, key, purpose)).or_raise(py)?;
        if let Some(context) = context {
            endpoint = endpoint.context(context.as_bytes()).or_raise(py)?;
        }
        if let Some(certificate) = certificate {
            endpoint = endpoint.certificate(&certificate).or_raise(py)?;
        }
        if let Some(known) = known {
            endpoint = endpoint.directory(directory(known)?);
        }
        // What is not named stays: no limit is raised.
        let time = |time: Option<f64>| time.map_or(Ok(Duration::MAX), seconds);
        let number = |number: Option<u64>| number.unwrap_or(u64::MAX);
        let mut limits = Limits::new()
            .phase(number(phase_packets), number(phase_bytes), time(phase_time)?)
            .session(number(packets), time(lifetime)?)
            .failures(number(failures));
        if let Some(window) = window {
            limits = limits.window(window);
        }
        Ok(Self(endpoint.limits(limits)))
    }

    #[pyo3(signature = (peer, /))]
    fn initiate(&self, py: Python<'_>, peer: &Bound<'_, Peer>) -> PyResult<Initiator> {
        let peer = &peer.get().0;
        py.detach(|| self.0.initiate(peer)).or_raise(py).map(calling)
    }

    #[pyo3(signature = (peer, /))]
    fn initiate_ik(&self, py: Python<'_>, peer: &Bound<'_, Peer>) -> PyResult<Initiator> {
        let peer = &peer.get().0;
        py.detach(|| self.0.initiate_ik(peer)).or_raise(py).map(calling)
    }

    #[pyo3(signature = (peer, /))]
    fn initiate_xx(&self, py: Python<'_>, peer: Option<&Bound<'_, PrincipalId>>) -> PyResult<Initiator> {
        let peer = peer.map(|peer| &peer.get().0);
        py.detach(|| self.0.initiate_xx(peer)).or_raise(py).map(calling)
    }

    #[getter]
    fn id(&self) -> PrincipalId {
        PrincipalId(self.0.id().clone())
    }

    #[getter]
    fn public_key<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.public_key().as_bytes())
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }

    fn __repr__(&self) -> String {
        format!("<tenantseal.session.Endpoint {:?}>", self.0.id())
    }
}

fn calling(initiator: session::Initiator) -> Initiator {
    Initiator(Exclusive::new((initiator, None)))
}

fn directory(known: &Bound<'_, PyAny>) -> PyResult<KnownPeers> {
    let peers = each(known, |peer| {
        let peer = peer.cast::<Peer>().map_err(|_| type_error("known is an iterable of Peer"))?;
        Ok(peer.get().0.clone())
    })?;
    Ok(peers.iter().fold(KnownPeers::new(), |known, peer| known.add(peer.id(), peer.key())))
}
