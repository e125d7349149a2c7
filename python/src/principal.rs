//! Who acts for a tenant.

use pyo3::{prelude::*, types::PyBytes};
use tenantseal::{Error, tenant};

use crate::{
    convert::Input,
    error::{OrRaise as _, raise},
};

/// A member, client or service of a tenant.
#[pyclass(frozen, eq, hash, module = "tenantseal")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct PrincipalId(pub(crate) tenant::PrincipalId);

#[pymethods]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
impl PrincipalId {
    #[staticmethod]
    #[pyo3(signature = (id, /))]
    fn member(py: Python<'_>, id: Input) -> PyResult<Self> {
        tenant::PrincipalId::member(id.as_bytes()).or_raise(py).map(Self)
    }

    #[staticmethod]
    #[pyo3(signature = (id, /))]
    fn client(py: Python<'_>, id: Input) -> PyResult<Self> {
        tenant::PrincipalId::client(id.as_bytes()).or_raise(py).map(Self)
    }

    #[staticmethod]
    #[pyo3(signature = (id, /))]
    fn service(py: Python<'_>, id: Input) -> PyResult<Self> {
        tenant::PrincipalId::service(id.as_bytes()).or_raise(py).map(Self)
    }

    #[getter]
    fn kind(&self, py: Python<'_>) -> PyResult<&'static str> {
        match self.0.kind() {
            tenant::PrincipalKind::Member => Ok("member"),
            tenant::PrincipalKind::Client => Ok("client"),
            tenant::PrincipalKind::Service => Ok("service"),
            _ => Err(raise(py, Error::Unsupported)),
        }
    }

    #[getter]
    fn id<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.as_bytes())
    }

    fn __repr__(&self) -> String {
        format!("<tenantseal.PrincipalId {:?}>", self.0)
    }
}

/// The name of a state.
pub(crate) fn state(py: Python<'_>, state: tenant::PrincipalState) -> PyResult<&'static str> {
    match state {
        tenant::PrincipalState::Active => Ok("active"),
        tenant::PrincipalState::Suspended { .. } => Ok("suspended"),
        tenant::PrincipalState::Removed => Ok("removed"),
        _ => Err(raise(py, Error::Unsupported)),
    }
}
