//! Whether the two sides of a session may still speak.

use std::sync::{
    Mutex, OnceLock, PoisonError,
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
    failing: Mutex<Option<Failing>>,
    ended: OnceLock<Error>,
}

/// The store says that something has changed, and not what.
#[derive(Clone, Copy)]
struct Failing {
    /// The serial number that was to be looked up.
    serial: u64,
    since: u64,
    /// When to look again.
    again: u64,
    error: Error,
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
            failing: Mutex::default(),
            ended: OnceLock::new(),
        })
    }

    /// Looks again if anything has changed in the store of keys. While it does not answer, what was known goes on for as long
    /// as the keyring bears it: its serial number, or what the principals' entries say.
    ///
    /// # Errors
    ///
    /// What ended the session, for ever; those of the store, when it has not answered for too long, or its entries could not
    /// be read; [`Error::RolledBack`] at once.
    pub(super) fn check(&self) -> Result<(), Error> {
        if let Some(error) = self.ended.get() {
            return Err(*error);
        }
        let serial = self.tenant.keyring().serial()?;
        if serial == self.checked.load(Ordering::Acquire) {
            return Ok(());
        }
        let now = self.clock.now();
        let failing = *self.failing();
        if let Some(failing) = failing.filter(|failing| failing.serial == serial && now < failing.again) {
            return self.bear(&failing, now);
        }
        match self.tenant.standing_of(&self.principals, serial) {
            Ok(marks) if marks == self.marks => {
                self.checked.fetch_max(serial, Ordering::AcqRel);
                *self.failing() = None;
                Ok(())
            }
            Ok(_) => Err(*self.ended.get_or_init(|| Error::Suspended)),
            Err(error) if error.forbids() => Err(*self.ended.get_or_init(|| error)),
            // A state from before a suspension is gone on with for no time; the next answer may be of now.
            Err(Error::RolledBack) => Err(Error::RolledBack),
            Err(error) => {
                // That is said of packets.
                let error = if error == Error::Open { Error::Malformed } else { error };
                let since = failing.map_or(now, |failing| failing.since);
                let failing = Failing { serial, since, again: now.saturating_add(SECOND), error };
                *self.failing() = Some(failing);
                self.bear(&failing, now)
            }
        }
    }

    fn bear(&self, failing: &Failing, now: u64) -> Result<(), Error> {
        let borne = now.saturating_sub(failing.since) < self.tenant.keyring().outage();
        if borne { Ok(()) } else { Err(failing.error) }
    }

    fn failing(&self) -> std::sync::MutexGuard<'_, Option<Failing>> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
