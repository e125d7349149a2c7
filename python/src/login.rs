//! The `state` of WeCom's OAuth login.

use pyo3::prelude::*;
use tenantseal::{Secret, wecom::login};

use crate::{
    convert::{Bytes, Input},
    error::{OrRaise as _, no_pickle, type_error},
    wecom::{MemoryGuard, seconds},
};

/// Issues states, and accepts each once.
#[pyclass(frozen, module = "tenantseal.wecom")]
pub(crate) struct LoginStates(login::LoginStates);

#[pymethods]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
impl LoginStates {
    #[staticmethod]
    #[pyo3(signature = (*, lifetime = None, guard = None))]
    fn generate(
        py: Python<'_>,
        lifetime: Option<f64>,
        guard: Option<(Bound<'_, PyAny>, String)>,
    ) -> PyResult<Self> {
        let states = login::LoginStates::generate().or_raise(py)?;
        configure(py, states, lifetime, guard).map(Self)
    }

    #[staticmethod]
    #[pyo3(signature = (secret, *, lifetime = None, guard = None))]
    fn from_secret(
        py: Python<'_>,
        secret: Bytes,
        lifetime: Option<f64>,
        guard: Option<(Bound<'_, PyAny>, String)>,
    ) -> PyResult<Self> {
        let secret = Secret::try_from(&*secret).or_raise(py)?;
        let states = login::LoginStates::from_secret(&secret).or_raise(py)?;
        configure(py, states, lifetime, guard).map(Self)
    }

    fn issue(&self, py: Python<'_>, browser: &Bound<'_, Browser>, context: Input) -> PyResult<String> {
        self.0.issue(&browser.get().0, context.as_bytes()).or_raise(py)
    }

    fn accept(
        &self,
        py: Python<'_>,
        state: &str,
        browser: &Bound<'_, Browser>,
        context: Input,
    ) -> PyResult<()> {
        self.0.accept(state, &browser.get().0, context.as_bytes()).or_raise(py)
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }

    #[expect(clippy::unused_self, reason = "Python's protocol")]
    const fn __repr__(&self) -> &'static str {
        "<tenantseal.wecom.LoginStates>"
    }
}

/// One browser, known again by a cookie.
#[pyclass(frozen, module = "tenantseal.wecom")]
pub(crate) struct Browser(login::Browser);

#[pymethods]
impl Browser {
    #[staticmethod]
    fn generate(py: Python<'_>) -> PyResult<Self> {
        login::Browser::generate().or_raise(py).map(Self)
    }

    #[staticmethod]
    #[pyo3(signature = (value, /))]
    fn from_cookie(py: Python<'_>, value: &str) -> PyResult<Self> {
        login::Browser::from_cookie(value).or_raise(py).map(Self)
    }

    fn to_cookie(&self) -> String {
        self.0.to_cookie()
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }

    #[expect(clippy::unused_self, reason = "Python's protocol")]
    const fn __repr__(&self) -> &'static str {
        "<tenantseal.wecom.Browser>"
    }
}

fn configure(
    py: Python<'_>,
    mut states: login::LoginStates,
    lifetime: Option<f64>,
    guard: Option<(Bound<'_, PyAny>, String)>,
) -> PyResult<login::LoginStates> {
    if let Some(lifetime) = lifetime {
        states = states.lifetime(seconds(lifetime)?);
    }
    match guard {
        None => Ok(states),
        Some((guard, name)) => {
            let guard = guard
                .cast::<MemoryGuard>()
                .map_err(|_| type_error("guard is a MemoryGuard and a name for the states"))?;
            states.guard(guard.get().0.clone(), &name).or_raise(py)
        }
    }
}
