//! What a page needs to call the JS-SDK.

use pyo3::prelude::*;
use tenantseal::wecom::js_sdk;

use crate::error::{OrRaise as _, no_pickle};

/// A ticket, which signs addresses of pages.
#[pyclass(frozen, module = "tenantseal.wecom")]
pub(crate) struct JsTicket(js_sdk::JsTicket);

#[pymethods]
impl JsTicket {
    #[new]
    #[pyo3(signature = (ticket, /))]
    fn new(py: Python<'_>, ticket: &str) -> PyResult<Self> {
        js_sdk::JsTicket::new(ticket).or_raise(py).map(Self)
    }

    #[pyo3(signature = (url, /))]
    fn sign(&self, py: Python<'_>, url: &str) -> PyResult<JsConfig> {
        self.0.sign(url).or_raise(py).map(JsConfig)
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }

    #[expect(clippy::unused_self, reason = "Python's protocol")]
    const fn __repr__(&self) -> &'static str {
        "<tenantseal.wecom.JsTicket>"
    }
}

/// What the page passes on. Nothing in it is secret.
#[pyclass(frozen, module = "tenantseal.wecom")]
pub(crate) struct JsConfig(js_sdk::JsConfig);

#[pymethods]
impl JsConfig {
    #[getter]
    const fn timestamp(&self) -> u64 {
        self.0.timestamp()
    }

    #[getter]
    fn nonce_str(&self) -> &str {
        self.0.nonce_str()
    }

    #[getter]
    fn signature(&self) -> &str {
        self.0.signature()
    }

    fn __repr__(&self) -> String {
        format!("<tenantseal.wecom.JsConfig {} {}>", self.0.timestamp(), self.0.signature())
    }
}
