//! What happens to keys, told to whoever keeps the log.

use std::sync::{Mutex, PoisonError};

use crate::{
    error::Error,
    tenant::id::{Generation, TenantId},
};

/// Something that is about to happen to keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyEvent {
    /// An alias is given to a tenant.
    AliasAdded(TenantId),
    /// An alias is taken from a tenant.
    AliasRemoved(TenantId),
    /// A tenant gets a new index root, of that epoch.
    IndexRotated(TenantId, Generation),
    /// A policy of that version takes effect.
    PolicyInstalled(u32),
    /// A tenant is created.
    TenantCreated(TenantId),
    /// A tenant gets a new root, of that generation.
    TenantRotated(TenantId, Generation),
}

/// Where key events go: called before the change is stored, so that no change is without its event.
///
/// It is called while the keyring is locked, and must not call the keyring. A sink that fails stops the change. An event may therefore stand for a change that did not happen after all.
pub trait EventSink: Send + Sync {
    /// Keeps the event.
    ///
    /// # Errors
    ///
    /// Any error stops the change and is handed to its caller.
    fn record(&self, event: &KeyEvent) -> Result<(), Error>;
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEvents;

impl EventSink for NoEvents {
    fn record(&self, _: &KeyEvent) -> Result<(), Error> {
        Ok(())
    }
}

/// Keeps every event in memory.
#[derive(Debug, Default)]
pub struct EventRecorder(Mutex<Vec<KeyEvent>>);

impl EventRecorder {
    /// The events so far, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<KeyEvent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl EventSink for EventRecorder {
    fn record(&self, event: &KeyEvent) -> Result<(), Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
        Ok(())
    }
}
