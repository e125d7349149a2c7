//! What one thread at a time holds, and others wait for no longer than they say.

use core::ops::Deref;
use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tenantseal::{Error, StoreError};

/// A value that is here or held by somebody.
pub(crate) struct Slot<T> {
    value: Mutex<Option<T>>,
    returned: Condvar,
}

impl<T> Slot<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { value: Mutex::new(Some(value)), returned: Condvar::new() }
    }

    /// The value for good, with no lock: after a fork, a thread that is not here may have held it.
    pub(crate) fn remove(&mut self) -> Option<T> {
        self.value.get_mut().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits for the value, for `patience` at most.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] with `Busy`.
    pub(crate) fn take(&self, patience: Duration) -> Result<Held<'_, T>, Error> {
        let (mut value, _) = self
            .returned
            .wait_timeout_while(self.lock(), patience, |value| value.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        let value = value.take().ok_or(Error::Store(StoreError::Busy))?;
        Ok(Held { slot: self, value: Some(value) })
    }

    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        // Invariant: the lock is held to move the value and for nothing that can panic.
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The value, until this is dropped.
pub(crate) struct Held<'s, T> {
    slot: &'s Slot<T>,
    /// There until it is dropped.
    value: Option<T>,
}

impl<T> Drop for Held<'_, T> {
    fn drop(&mut self) {
        *self.slot.lock() = self.value.take();
        self.slot.returned.notify_one();
    }
}

impl<T> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("it is taken out by drop alone")
    }
}
