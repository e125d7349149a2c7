//! Whether the two sides of a session may still speak.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

use crate::{
    error::Error,
    tenant::{PrincipalId, Tenant},
};

/// A tenant and its two principals. Whoever is suspended or removed, their sessions end, and do not come back with them.
pub(super) struct Standing {
    tenant: Tenant,
    principals: [PrincipalId; 2],
    /// The serial number of the store of keys at which this was looked up.
    checked: AtomicU64,
    ended: OnceLock<Error>,
}

impl Standing {
    /// # Errors
    ///
    /// [`Error::Suspended`], [`Error::Removed`], [`Error::UnknownPrincipal`] for one of them, as
    /// [`Tenant::check_principal`].
    pub(super) fn new(tenant: &Tenant, principals: [PrincipalId; 2]) -> Result<Self, Error> {
        let serial = tenant.keyring().serial()?;
        check(tenant, &principals)?;
        let (tenant, checked) = (tenant.clone(), AtomicU64::new(serial));
        Ok(Self { tenant, principals, checked, ended: OnceLock::new() })
    }

    /// Looks again if anything has changed in the store of keys.
    ///
    /// # Errors
    ///
    /// What ended the session, for ever; those of the store, when it has not answered for too long.
    pub(super) fn check(&self) -> Result<(), Error> {
        if let Some(error) = self.ended.get() {
            return Err(*error);
        }
        let serial = self.tenant.keyring().serial()?;
        if serial == self.checked.load(Ordering::Acquire) {
            return Ok(());
        }
        match check(&self.tenant, &self.principals) {
            Ok(()) => {
                self.checked.fetch_max(serial, Ordering::AcqRel);
                Ok(())
            }
            Err(
                error @ (Error::Removed
                | Error::Shredded
                | Error::Suspended
                | Error::UnknownPrincipal
                | Error::UnknownTenant),
            ) => Err(*self.ended.get_or_init(|| error)),
            Err(error) => Err(error),
        }
    }
}

fn check(tenant: &Tenant, principals: &[PrincipalId]) -> Result<(), Error> {
    principals.iter().try_for_each(|id| tenant.check_principal(id))
}
