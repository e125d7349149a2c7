//! Keyrings, tenants and the policy.

use std::{path::PathBuf, time::SystemTime};

use pyo3::{
    prelude::*,
    types::{PyBytes, PyList},
};
use tenantseal::tenant::{CallbackCredentials, Generation, Kek, KeyringOptions, Passphrase, Policy};

use crate::{
    convert::{Bytes, Input, all, id},
    error::{OrRaise as _, no_pickle},
    field::Field,
    principal::{self, PrincipalId},
};

#[pyclass(frozen, module = "tenantseal")]
#[derive(Clone)]
pub(crate) struct Keyring(pub(crate) tenantseal::tenant::Keyring);

#[pymethods]
impl Keyring {
    #[staticmethod]
    fn create(py: Python<'_>, path: PathBuf, passphrase: &Bound<'_, PyAny>) -> PyResult<Self> {
        let passphrase = self::passphrase(passphrase)?;
        py.detach(|| tenantseal::tenant::Keyring::create(path, &passphrase)).or_raise(py).map(Self)
    }

    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf, passphrase: &Bound<'_, PyAny>) -> PyResult<Self> {
        let passphrase = self::passphrase(passphrase)?;
        py.detach(|| tenantseal::tenant::Keyring::open(path, &passphrase)).or_raise(py).map(Self)
    }

    #[staticmethod]
    #[pyo3(signature = (kek, records = None))]
    #[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
    fn from_kek(py: Python<'_>, kek: Bytes, records: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let records: Vec<Bytes> = all(records)?;
        let open = || {
            let kek = Kek::try_from(&*kek)?;
            tenantseal::tenant::Keyring::from_records(
                &kek,
                records.iter().map(|r| &**r),
                &KeyringOptions::new(),
            )
        };
        open().or_raise(py).map(Self)
    }

    #[pyo3(signature = (tenant_id, /))]
    #[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
    fn create_tenant(&self, py: Python<'_>, tenant_id: Input) -> PyResult<Tenant> {
        py.detach(|| self.0.create_tenant(id(&tenant_id)?)).or_raise(py).map(Tenant)
    }

    #[pyo3(signature = (tenant_id, /))]
    #[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
    fn tenant(&self, py: Python<'_>, tenant_id: Input) -> PyResult<Tenant> {
        py.detach(|| self.0.tenant(id(&tenant_id)?)).or_raise(py).map(Tenant)
    }

    #[pyo3(signature = (alias, /))]
    fn tenant_by_alias(&self, py: Python<'_>, alias: &str) -> PyResult<Tenant> {
        py.detach(|| self.0.tenant_by_alias(alias)).or_raise(py).map(Tenant)
    }

    #[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
    fn add_alias(&self, py: Python<'_>, alias: &str, tenant_id: Input) -> PyResult<()> {
        py.detach(|| self.0.add_alias(alias, id(&tenant_id)?)).or_raise(py)
    }

    fn remove_alias(&self, py: Python<'_>, alias: &str) -> PyResult<()> {
        py.detach(|| self.0.remove_alias(alias)).or_raise(py)
    }

    #[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
    fn rotate_tenant(&self, py: Python<'_>, tenant_id: Input) -> PyResult<u32> {
        py.detach(|| self.0.rotate_tenant(id(&tenant_id)?)).or_raise(py).map(Generation::to_u32)
    }

    #[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
    fn rotate_index(&self, py: Python<'_>, tenant_id: Input) -> PyResult<u32> {
        py.detach(|| self.0.rotate_index(id(&tenant_id)?)).or_raise(py).map(Generation::to_u32)
    }

    #[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
    fn install_policy(&self, py: Python<'_>, document: Input) -> PyResult<()> {
        let install = || self.0.install_policy(Policy::from_json(document.as_bytes())?);
        py.detach(install).or_raise(py)
    }

    fn policy(&self, py: Python<'_>) -> PyResult<String> {
        self.0.policy().or_raise(py).map(|policy| policy.to_json())
    }

    fn reload(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.0.reload()).or_raise(py)
    }

    fn records<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let records = py.detach(|| self.0.records()).or_raise(py)?;
        PyList::new(py, records.iter().map(|record| PyBytes::new(py, &record.to_bytes())))
    }

    fn tenant_ids<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let ids = py.detach(|| self.0.tenant_ids()).or_raise(py)?;
        PyList::new(py, ids.iter().map(|id| PyBytes::new(py, id.as_bytes())))
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }

    #[expect(clippy::unused_self, reason = "Python's protocol")]
    const fn __repr__(&self) -> &'static str {
        "<tenantseal.Keyring>"
    }
}

/// One tenant's keys.
#[pyclass(frozen, module = "tenantseal")]
pub(crate) struct Tenant(pub(crate) tenantseal::tenant::Tenant);

#[pymethods]
impl Tenant {
    #[getter]
    fn id<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.id().as_bytes())
    }

    #[pyo3(signature = (label, /))]
    fn field(&self, py: Python<'_>, label: &str) -> PyResult<Field> {
        self.0.field(label).or_raise(py).map(Field)
    }

    #[pyo3(signature = (application, /))]
    fn callback_credentials(
        &self,
        py: Python<'_>,
        application: &str,
    ) -> PyResult<Vec<(u32, String, String)>> {
        let all = self.0.callback_credentials(application).or_raise(py)?;
        let one = |pair: &CallbackCredentials| {
            (pair.generation().to_u32(), pair.token().to_owned(), pair.encoding_aes_key().to_owned())
        };
        Ok(all.iter().map(one).collect())
    }

    #[pyo3(signature = (principal, /))]
    fn add_principal(&self, py: Python<'_>, principal: &Bound<'_, PrincipalId>) -> PyResult<()> {
        let principal = &principal.get().0;
        py.detach(|| self.0.add_principal(principal)).or_raise(py)
    }

    #[pyo3(signature = (principal, /, *, until = None))]
    fn suspend_principal(
        &self,
        py: Python<'_>,
        principal: &Bound<'_, PrincipalId>,
        until: Option<SystemTime>,
    ) -> PyResult<()> {
        let principal = &principal.get().0;
        py.detach(|| self.0.suspend_principal(principal, until)).or_raise(py)
    }

    #[pyo3(signature = (principal, /))]
    fn restore_principal(&self, py: Python<'_>, principal: &Bound<'_, PrincipalId>) -> PyResult<()> {
        let principal = &principal.get().0;
        py.detach(|| self.0.restore_principal(principal)).or_raise(py)
    }

    #[pyo3(signature = (principal, /))]
    fn remove_principal(&self, py: Python<'_>, principal: &Bound<'_, PrincipalId>) -> PyResult<()> {
        let principal = &principal.get().0;
        py.detach(|| self.0.remove_principal(principal)).or_raise(py)
    }

    #[pyo3(signature = (principal, /))]
    fn principal_state(&self, py: Python<'_>, principal: &Bound<'_, PrincipalId>) -> PyResult<&'static str> {
        principal::state(py, self.0.principal_state(&principal.get().0).or_raise(py)?)
    }

    fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<()> {
        Err(no_pickle(&slf.get_type()))
    }

    fn __repr__(&self) -> String {
        format!("<tenantseal.Tenant {:?}>", String::from_utf8_lossy(self.0.id().as_bytes()))
    }
}

/// Checks a policy document and returns its canonical form.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 converts into owned values")]
pub(crate) fn check_policy(py: Python<'_>, document: Input) -> PyResult<String> {
    Policy::from_json(document.as_bytes()).or_raise(py).map(|policy| policy.to_json())
}

fn passphrase(object: &Bound<'_, PyAny>) -> PyResult<Passphrase> {
    let input: Input = object.extract()?;
    Passphrase::from_vec(input.as_bytes().to_vec()).or_raise(object.py())
}
