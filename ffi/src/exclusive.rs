//! Objects of which one thread at a time may use one.

use core::ops::DerefMut;
use std::{
    process,
    sync::{Mutex, PoisonError, TryLockError},
};

use tenantseal::Error;

use crate::status::Result;

/// An object behind a lock, for calls that are quick: the process is asked for only where somebody else has the lock.
#[derive(Debug)]
pub(crate) struct Exclusive<T> {
    process: u32,
    object: Mutex<T>,
}

impl<T> Exclusive<T> {
    pub(crate) fn new(object: T) -> Self {
        Self { process: process::id(), object: Mutex::new(object) }
    }

    /// # Errors
    ///
    /// [`Error::Forked`] in a child, if another thread of the parent had the lock when it forked.
    pub(crate) fn lock(&self) -> Result<impl DerefMut<Target = T>> {
        match self.object.try_lock() {
            Ok(held) => Ok(held),
            // What a panic left is whole: the library's own objects change in one step.
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) if process::id() != self.process => Err(Error::Forked.into()),
            Err(TryLockError::WouldBlock) => Ok(self.object.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}
