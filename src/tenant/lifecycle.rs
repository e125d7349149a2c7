//! Suspending and restoring tenants, and legal holds.

use std::time::SystemTime;

use crate::{
    error::Error,
    tenant::{
        event::KeyEvent,
        id::TenantId,
        keyring::Keyring,
        name,
        record::Record,
        state::{Life, TenantState, check_date, mark_of_restoring, seconds},
    },
};

impl Keyring {
    /// Takes a tenant's keys out of use: nothing seals and nothing opens. Everything is kept, and
    /// [`Keyring::restore_tenant`] brings it back. Suspending again sets another date.
    ///
    /// `until` is the end of the time in which nothing is destroyed: from then on [`Keyring::shred_tenant`] is allowed.
    /// Nothing happens by itself then. Without a date it never is. A date that has passed means now: the next call may destroy
    /// the tenant. Dates are kept in whole seconds, rounded up.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTenant`], [`Error::Shredded`]; [`Error::Value`] for a date that is some billions of years away;
    /// [`Error::Io`], [`Error::Store`].
    pub fn suspend_tenant<I: TryInto<TenantId, Error: Into<Error>>>(
        &self,
        id: I,
        until: Option<SystemTime>,
    ) -> Result<(), Error> {
        let id = id.try_into().map_err(Into::into)?;
        check_date(until)?;
        self.change_life(&id, |life| {
            (life.state, life.restored) = (TenantState::Suspended { until }, 0);
            Ok(KeyEvent::TenantSuspended(id.clone(), until.map(seconds)))
        })
    }

    /// Brings a suspended tenant back.
    ///
    /// # Errors
    ///
    /// [`Error::State`] unless it is suspended; as [`Keyring::suspend_tenant`].
    pub fn restore_tenant<I: TryInto<TenantId, Error: Into<Error>>>(&self, id: I) -> Result<(), Error> {
        let id = id.try_into().map_err(Into::into)?;
        self.change_life(&id, |life| match life.state {
            TenantState::Suspended { .. } => {
                (life.state, life.restored) = (TenantState::Active, mark_of_restoring());
                Ok(KeyEvent::TenantRestored(id.clone()))
            }
            _ => Err(Error::State),
        })
    }

    /// Forbids that anything of a tenant is destroyed, whatever its state and whoever asks, until
    /// [`Keyring::lift_hold`].
    ///
    /// # Errors
    ///
    /// [`Error::State`] if it is held already; as [`Keyring::suspend_tenant`].
    pub fn hold_tenant<I: TryInto<TenantId, Error: Into<Error>>>(&self, id: I) -> Result<(), Error> {
        self.set_hold(&id.try_into().map_err(Into::into)?, true, KeyEvent::HoldPlaced)
    }

    /// Ends what [`Keyring::hold_tenant`] began.
    ///
    /// # Errors
    ///
    /// [`Error::State`] if it is not held; as [`Keyring::suspend_tenant`].
    pub fn lift_hold<I: TryInto<TenantId, Error: Into<Error>>>(&self, id: I) -> Result<(), Error> {
        self.set_hold(&id.try_into().map_err(Into::into)?, false, KeyEvent::HoldLifted)
    }

    /// Whether a tenant is under a legal hold.
    ///
    /// # Errors
    ///
    /// As [`Keyring::tenant_state`].
    pub fn is_held<I: TryInto<TenantId, Error: Into<Error>>>(&self, id: I) -> Result<bool, Error> {
        self.life(&id.try_into().map_err(Into::into)?).map(|life| life.hold)
    }

    /// The tenants for which [`Keyring::shred_tenant`] has something to do at that time: those that are suspended, past their
    /// date, and not held, and those whose shredding began and did not come to its end. Tenants whose roots are derived are
    /// left out, since they cannot be shredded.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] if an entry was altered; [`Error::Io`], [`Error::Store`].
    pub fn tenants_due(&self, now: SystemTime) -> Result<Vec<TenantId>, Error> {
        let mut due = Vec::new();
        self.scan(name::TENANTS, |entry| {
            let (id, _) = name::split_tenant(&entry.name)?;
            if !name::is_record(&entry.name) {
                let life = Life::parse(&self.open_entry(&entry.name, &entry.bytes)?)?;
                if life.is_due(now) {
                    due.push(id);
                }
            } else if due.last() == Some(&id)
                // One that cannot be read is for shredding to tell of.
                && Record::parse(&entry.bytes).is_ok_and(|record| !record.is_shreddable())
            {
                // The state of a tenant comes before its records.
                due.pop();
            }
            Ok(())
        })?;
        Ok(due)
    }

    fn set_hold(&self, id: &TenantId, hold: bool, event: fn(TenantId) -> KeyEvent) -> Result<(), Error> {
        self.change_life(id, |life| {
            if life.hold == hold {
                return Err(Error::State);
            }
            life.hold = hold;
            Ok(event(id.clone()))
        })
    }

    fn change_life(
        &self,
        id: &TenantId,
        change: impl FnOnce(&mut Life) -> Result<KeyEvent, Error>,
    ) -> Result<(), Error> {
        self.update(|draft| {
            let mut life = draft.check_alive(id)?;
            let event = change(&mut life)?;
            draft.put_life(id, &life)?;
            Ok((event, ()))
        })
    }
}

impl Life {
    fn is_due(&self, now: SystemTime) -> bool {
        self.state == TenantState::Shredding || self.check_may_end(now).is_ok()
    }

    /// Whether the tenant's roots may be destroyed.
    ///
    /// # Errors
    ///
    /// [`Error::Held`]; [`Error::State`] unless it is suspended and past its date.
    pub(crate) fn check_may_end(&self, now: SystemTime) -> Result<(), Error> {
        match self.state {
            _ if self.hold => Err(Error::Held),
            TenantState::Suspended { until: Some(until) } if until <= now => Ok(()),
            _ => Err(Error::State),
        }
    }
}
