//! Whether the two sides of a session may still speak.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

use super::clock::{Clock, SECOND};
use crate::{
    error::Error,
    tenant::{PrincipalId, Tenant},
};

/// A tenant and its two principals. Whoever is suspended or removed, their sessions end, and do not come back with them:
/// also if nobody looked in between.
pub(super) struct Standing {
    tenant: Tenant,
    principals: [PrincipalId; 2],
    /// What they had when the session came about: [`Tenant::standing_of`].
    marks: [u64; 3],
    clock: Clock,
    /// The serial number of the store of keys at which this was looked up.
    checked: AtomicU64,
    /// When to look again, after the store did not answer.
    again: AtomicU64,
    ended: OnceLock<Error>,
}

impl Standing {
    /// # Errors
    ///
    /// [`Error::Suspended`], [`Error::Removed`], [`Error::UnknownPrincipal`] for one of them, as
    /// [`Tenant::check_principal`].
    pub(super) fn new(tenant: &Tenant, principals: [PrincipalId; 2], clock: &Clock) -> Result<Self, Error> {
        let serial = tenant.keyring().serial()?;
        let marks = tenant.standing_of(&principals, serial)?;
        Ok(Self {
            tenant: tenant.clone(),
            principals,
            marks,
            clock: clock.clone(),
            checked: AtomicU64::new(serial),
            again: AtomicU64::new(0),
            ended: OnceLock::new(),
        })
    }

    /// Looks again if anything has changed in the store of keys. While it does not answer, what was known goes on for as long
    /// as the keyring bears it.
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
        let again = self.again.load(Ordering::Relaxed);
        if again != 0 && self.clock.now() < again {
            return Ok(());
        }
        match self.tenant.standing_of(&self.principals, serial) {
            Ok(marks) if marks == self.marks => {
                self.checked.fetch_max(serial, Ordering::AcqRel);
                Ok(())
            }
            Ok(_) => Err(*self.ended.get_or_init(|| Error::Suspended)),
            Err(Error::Io(_) | Error::Store(_)) => {
                self.again.store(self.clock.now().saturating_add(SECOND), Ordering::Relaxed);
                Ok(())
            }
            Err(error) => Err(*self.ended.get_or_init(|| error)),
        }
    }
}
