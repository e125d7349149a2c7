//! WeCom callbacks.

use core::time::Duration;
use std::sync::Arc;

use pyo3::{
    prelude::*,
    types::{PyBytes, PyString},
};
use tenantseal::wecom::{self, Binding, Claim, ReceiveId};

use crate::{
    convert::{Bytes, Input, RELEASE_FROM, all, each},
    error::{OrRaise as _, no_pickle, type_error, value_error},
};

/// One callback URL: its credentials, whom it is for, and what it remembers.
#[pyclass(frozen, module = "tenantseal.wecom")]
pub(crate) struct Callback(wecom::Callback);

#[pymethods]
impl Callback {
    #[staticmethod]
    #[pyo3(signature = (token, encoding_aes_key, corp_id, *, previous = None, window = None, lease = None,
                        guard = None, clock = None))]
    #[expect(clippy::too_many_arguments, reason = "keyword-only options")]
    fn company_app(
        py: Python<'_>,
        token: &str,
        encoding_aes_key: &str,
        corp_id: &str,
        previous: Option<&Bound<'_, PyAny>>,
        window: Option<f64>,
        lease: Option<f64>,
        guard: Option<&Bound<'_, PyAny>>,
        clock: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let callback = wecom::Callback::company_app(token, encoding_aes_key, corp_id).or_raise(py)?;
        configure(py, callback, previous, window, lease, guard, clock).map(Self)
    }

    #[staticmethod]
    #[pyo3(signature = (token, encoding_aes_key, provider_corp_id, suite_id, *, previous = None, window = None, lease = None, guard = None, clock = None))]
    #[expect(clippy::too_many_arguments, reason = "keyword-only options")]
    fn suite_commands(
        py: Python<'_>,
        token: &str,
        encoding_aes_key: &str,
        provider_corp_id: &str,
        suite_id: &str,
        previous: Option<&Bound<'_, PyAny>>,
        window: Option<f64>,
        lease: Option<f64>,
        guard: Option<&Bound<'_, PyAny>>,
        clock: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let callback = wecom::Callback::suite_commands(token, encoding_aes_key, provider_corp_id, suite_id)
            .or_raise(py)?;
        configure(py, callback, previous, window, lease, guard, clock).map(Self)
    }

    #[staticmethod]
    #[pyo3(signature = (token, encoding_aes_key, provider_corp_id, clients, *, previous = None, window = None, lease = None, guard = None, clock = None))]
    #[expect(clippy::too_many_arguments, reason = "keyword-only options")]
    fn suite_data(
        py: Python<'_>,
        token: &str,
        encoding_aes_key: &str,
        provider_corp_id: &str,
        clients: &Bound<'_, PyAny>,
        previous: Option<&Bound<'_, PyAny>>,
        window: Option<f64>,
        lease: Option<f64>,
        guard: Option<&Bound<'_, PyAny>>,
        clock: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let clients = receive_id(clients)?;
        let callback =
            wecom::Callback::suite_data(token, encoding_aes_key, provider_corp_id, clients).or_raise(py)?;
        configure(py, callback, previous, window, lease, guard, clock).map(Self)
    }

    #[staticmethod]
    #[pyo3(signature = (token, encoding_aes_key, *, previous = None, window = None, lease = None, guard = None, clock = None))]
    #[expect(clippy::too_many_arguments, reason = "keyword-only options")]
    fn ai_bot(
        py: Python<'_>,
        token: &str,
        encoding_aes_key: &str,
        previous: Option<&Bound<'_, PyAny>>,
        window: Option<f64>,
        lease: Option<f64>,
        guard: Option<&Bound<'_, PyAny>>,
        clock: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let callback = wecom::Callback::ai_bot(token, encoding_aes_key).or_raise(py)?;
        configure(py, callback, previous, window, lease, guard, clock).map(Self)
    }

    #[staticmethod]
    #[pyo3(signature = (token, encoding_aes_key, app_id, *, previous = None, window = None, lease = None, guard = None, clock = None))]
    #[expect(clippy::too_many_arguments, reason = "keyword-only options")]
    fn official_account(
        py: Python<'_>,
        token: &str,
        encoding_aes_key: &str,
        app_id: &str,
        previous: Option<&Bound<'_, PyAny>>,
        window: Option<f64>,
        lease: Option<f64>,
        guard: Option<&Bound<'_, PyAny>>,
        clock: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let callback = wecom::Callback::official_account(token, encoding_aes_key, app_id).or_raise(py)?;
        configure(py, callback, previous, window, lease, guard, clock).map(Self)
    }

    #[staticmethod]
    #[pyo3(signature = (token, encoding_aes_key, component_app_id, *, previous = None, window = None, lease = None, guard = None, clock = None))]
    #[expect(clippy::too_many_arguments, reason = "keyword-only options")]
    fn open_platform(
        py: Python<'_>,
        token: &str,
        encoding_aes_key: &str,
        component_app_id: &str,
        previous: Option<&Bound<'_, PyAny>>,
        window: Option<f64>,
        lease: Option<f64>,
        guard: Option<&Bound<'_, PyAny>>,
        clock: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let callback =
            wecom::Callback::open_platform(token, encoding_aes_key, component_app_id).or_raise(py)?;
        configure(py, callback, previous, window, lease, guard, clock).map(Self)
    }

    #[staticmethod]
    #[pyo3(signature = (token, encoding_aes_key, *, url_check, messages, binding = "if_present", previous = None,
                        window = None, lease = None, guard = None, clock = None))]
    #[expect(clippy::too_many_arguments, reason = "keyword-only options")]
    fn custom(
        py: Python<'_>,
        token: &str,
        encoding_aes_key: &str,
        url_check: &Bound<'_, PyAny>,
        messages: &Bound<'_, PyAny>,
        binding: &str,
        previous: Option<&Bound<'_, PyAny>>,
        window: Option<f64>,
        lease: Option<f64>,
        guard: Option<&Bound<'_, PyAny>>,
        clock: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let (url_check, messages) = (receive_id(url_check)?, receive_id(messages)?);
        let binding = match binding {
            "if_present" => Binding::IfPresent,
            "off" => Binding::Off,
            "required" => Binding::Required,
            _ => return Err(value_error("binding is if_present, required or off")),
        };
        let callback = wecom::Callback::custom(token, encoding_aes_key, url_check, messages).or_raise(py)?;
        configure(py, callback.binding(binding), previous, window, lease, guard, clock).map(Self)
    }

    #[pyo3(signature = (raw_query, body, /))]
    #[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
    fn open(&self, py: Python<'_>, raw_query: &str, body: Bytes) -> PyResult<Event> {
        let open = || self.0.open(raw_query, &body);
        if body.len() >= RELEASE_FROM { py.detach(open) } else { open() }.or_raise(py).map(Event)
    }

    #[pyo3(signature = (raw_query, /))]
    fn verify_url<'py>(&self, py: Python<'py>, raw_query: &str) -> PyResult<Bound<'py, PyBytes>> {
        self.0.verify_url(raw_query).or_raise(py).map(|echo| PyBytes::new(py, echo.as_bytes()))
    }

    #[staticmethod]
    #[pyo3(signature = (candidates, raw_query, body, /))]
    #[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
    fn open_one_of(
        py: Python<'_>,
        candidates: &Bound<'_, PyAny>,
        raw_query: &str,
        body: Bytes,
    ) -> PyResult<(usize, Event)> {
        let candidates = all_callbacks(candidates)?;
        let open = || wecom::Callback::open_one_of(&candidates.iter().collect::<Vec<_>>(), raw_query, &body);
        let (place, event) =
            if body.len() >= RELEASE_FROM { py.detach(open) } else { open() }.or_raise(py)?;
        Ok((place, Event(event)))
    }

    #[staticmethod]
    #[pyo3(signature = (candidates, raw_query, /))]
    fn verify_url_one_of<'py>(
        py: Python<'py>,
        candidates: &Bound<'py, PyAny>,
        raw_query: &str,
    ) -> PyResult<(usize, Bound<'py, PyBytes>)> {
        let candidates = all_callbacks(candidates)?;
        let found = wecom::Callback::verify_url_one_of(&candidates.iter().collect::<Vec<_>>(), raw_query);
        found.or_raise(py).map(|(place, echo)| (place, PyBytes::new(py, echo.as_bytes())))
    }

    #[pyo3(signature = (raw_query, body = None, /))]
    #[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
    fn diagnose(&self, raw_query: &str, body: Option<Bytes>) -> Diagnosis {
        Diagnosis(self.0.diagnose(raw_query, body.as_deref().unwrap_or_default()))
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }

    #[expect(clippy::unused_self, reason = "Python's protocol")]
    const fn __repr__(&self) -> &'static str {
        "<tenantseal.wecom.Callback>"
    }
}

/// A message that was verified and decrypted.
#[pyclass(frozen, module = "tenantseal.wecom")]
pub(crate) struct Event(wecom::Event);

#[pymethods]
impl Event {
    #[getter]
    fn message<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.message())
    }

    #[getter]
    fn receive_id<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.receive_id())
    }

    #[getter]
    fn timestamp(&self) -> u64 {
        self.0.timestamp()
    }

    #[getter]
    fn claim(&self) -> &'static str {
        match self.0.claim() {
            Claim::Done => "done",
            Claim::Fresh => "fresh",
            Claim::InProgress => "in_progress",
        }
    }

    #[getter]
    fn is_fresh(&self) -> bool {
        self.0.is_fresh()
    }

    #[getter]
    fn acknowledgement(&self) -> &'static str {
        self.0.acknowledgement()
    }

    fn done(&self, py: Python<'_>) -> PyResult<()> {
        self.0.done().or_raise(py)
    }

    fn get(&self, py: Python<'_>, name: &str) -> PyResult<Option<String>> {
        self.0.inner().or_raise(py).map(|inner| inner.get(name).map(str::to_owned))
    }

    fn children(&self, py: Python<'_>) -> PyResult<Vec<(String, String)>> {
        self.0.inner().or_raise(py).map(|inner| pairs(&inner))
    }

    fn nested(&self, py: Python<'_>, name: &str) -> PyResult<Vec<(String, String)>> {
        let inner = self.0.inner().or_raise(py)?;
        inner.nested(name).or_raise(py).map(|inner| pairs(&inner))
    }

    #[pyo3(signature = (plaintext, /))]
    #[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
    fn reply(&self, py: Python<'_>, plaintext: Input) -> PyResult<String> {
        self.0.reply(plaintext.as_bytes()).or_raise(py).map(|reply| reply.to_body())
    }

    #[pyo3(signature = (plaintext, /))]
    #[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
    fn reply_with_type(&self, py: Python<'_>, plaintext: Input) -> PyResult<(String, &'static str)> {
        let reply = self.0.reply(plaintext.as_bytes()).or_raise(py)?;
        Ok((reply.to_body(), reply.content_type()))
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }

    fn __repr__(&self) -> String {
        format!("<tenantseal.wecom.Event {} {}>", self.claim(), self.0.timestamp())
    }
}

fn pairs(inner: &wecom::Inner<'_>) -> Vec<(String, String)> {
    inner.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What was wrong with a callback, for the operator's log.
#[pyclass(frozen, module = "tenantseal.wecom")]
pub(crate) struct Diagnosis(wecom::Diagnosis);

#[pymethods]
impl Diagnosis {
    #[getter]
    const fn code(&self) -> i32 {
        self.0.code()
    }

    #[getter]
    const fn cause(&self) -> &'static str {
        self.0.cause()
    }

    #[getter]
    fn receive_id<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.0.receive_id().map(|id| PyBytes::new(py, id))
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<tenantseal.wecom.Diagnosis {}>", self.0)
    }
}

/// A memory of callbacks that several callbacks of one process share.
#[pyclass(frozen, module = "tenantseal.wecom")]
pub(crate) struct MemoryGuard(pub(crate) Arc<wecom::MemoryGuard>);

#[pymethods]
impl MemoryGuard {
    #[new]
    #[pyo3(signature = (capacity = None))]
    fn new(capacity: Option<usize>) -> Self {
        Self(Arc::new(capacity.map_or_else(wecom::MemoryGuard::default, wecom::MemoryGuard::new)))
    }

    fn __len__(&self) -> usize {
        self.0.entries()
    }

    fn __bool__(&self) -> bool {
        true
    }
}

/// What WeCom's servers send, for tests and simulators.
#[pyclass(frozen, module = "tenantseal.wecom")]
pub(crate) struct Sender(wecom::sender::Sender);

#[pymethods]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
impl Sender {
    #[new]
    fn new(py: Python<'_>, token: &str, encoding_aes_key: &str, receive_id: &str) -> PyResult<Self> {
        wecom::sender::Sender::new(token, encoding_aes_key, receive_id).or_raise(py).map(Self)
    }

    #[pyo3(signature = (plaintext, timestamp, nonce, *, json = false))]
    fn post<'py>(
        &self,
        py: Python<'py>,
        plaintext: Input,
        timestamp: u64,
        nonce: &str,
        json: bool,
    ) -> PyResult<(String, Bound<'py, PyBytes>)> {
        let plaintext = plaintext.as_bytes();
        let made = match json {
            true => self.0.post_json(plaintext, timestamp, nonce),
            false => self.0.post(plaintext, timestamp, nonce),
        };
        made.or_raise(py).map(|(query, body)| (query, PyBytes::new(py, &body)))
    }

    fn get(&self, py: Python<'_>, echo: &str, timestamp: u64, nonce: &str) -> PyResult<String> {
        self.0.get(echo, timestamp, nonce).or_raise(py)
    }

    fn open_reply<'py>(&self, py: Python<'py>, body: &str) -> PyResult<Bound<'py, PyBytes>> {
        self.0.open_reply(body).or_raise(py).map(|reply| PyBytes::new(py, reply.expose_secret()))
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }
}

fn all_callbacks(objects: &Bound<'_, PyAny>) -> PyResult<Vec<wecom::Callback>> {
    each(objects, |object| {
        let callback = object.cast::<Callback>().map_err(|_| type_error("expected callbacks"))?;
        Ok(callback.get().0.clone())
    })
}

fn configure(
    py: Python<'_>,
    mut callback: wecom::Callback,
    previous: Option<&Bound<'_, PyAny>>,
    window: Option<f64>,
    lease: Option<f64>,
    guard: Option<&Bound<'_, PyAny>>,
    clock: Option<Py<PyAny>>,
) -> PyResult<wecom::Callback> {
    for (token, key) in all::<(String, String)>(previous)? {
        callback = callback.previous(&token, &key).or_raise(py)?;
    }
    if let Some(window) = window {
        callback = callback.window(seconds(window)?);
    }
    if let Some(lease) = lease {
        callback = callback.lease(seconds(lease)?);
    }
    if let Some(clock) = clock {
        // A clock that fails reads 1970: everything is out of the window then, and refused.
        callback = callback.clock(move || {
            Python::attach(|py| {
                let read = clock.bind(py).call0().and_then(|time| time.extract::<f64>()).and_then(seconds);
                read.unwrap_or_else(|error| {
                    error.write_unraisable(py, Some(clock.bind(py)));
                    Duration::ZERO
                })
            })
        });
    }
    match guard {
        None => Ok(callback),
        Some(guard) if guard.is_instance_of::<pyo3::types::PyBool>() => match guard.extract::<bool>()? {
            true => Ok(callback),
            false => Ok(callback.without_guard()),
        },
        Some(guard) => {
            let (guard, name) = guard
                .extract::<(Bound<'_, MemoryGuard>, String)>()
                .map_err(|_| type_error("guard is False, or a MemoryGuard and the callback's name"))?;
            callback.guard(guard.get().0.clone(), &name).or_raise(py)
        }
    }
}

pub(crate) fn seconds(number: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(number)
        .map_err(|_| value_error("a time is a number of seconds, not negative"))
}

/// A str that must be matched, a list of them, `""` for none, or `ANY`.
fn receive_id(object: &Bound<'_, PyAny>) -> PyResult<ReceiveId> {
    if object.is_instance_of::<AnyReceiveId>() {
        return Ok(ReceiveId::Any);
    }
    if let Ok(id) = object.cast::<PyString>() {
        let id = id.to_str()?.to_owned();
        return Ok(if id.is_empty() { ReceiveId::Empty } else { ReceiveId::Exact(id) });
    }
    all(Some(object))
        .map(ReceiveId::OneOf)
        .map_err(|_| type_error("a receiveid policy is a str, a list of str, or ANY_RECEIVE_ID"))
}

/// Accepts every receiveid. The caller must look at it before acting.
#[pyclass(frozen, module = "tenantseal.wecom")]
pub(crate) struct AnyReceiveId;

#[pymethods]
impl AnyReceiveId {
    #[new]
    const fn new() -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "Python's protocol")]
    const fn __repr__(&self) -> &'static str {
        "tenantseal.wecom.ANY_RECEIVE_ID"
    }
}
