//! End-to-end sessions between two clients of one tenant.

mod datagram;
mod endpoint;
mod established;
mod handshake;

use std::{
    process,
    sync::{Mutex, PoisonError, TryLockError},
};

pub(crate) use datagram::{SessionReceiver, SessionSender};
pub(crate) use endpoint::{Endpoint, Peer, PrivateKey, Ticket};
pub(crate) use established::{Session, receiver_index};
pub(crate) use handshake::{Initiator, Listener};
use tenantseal::Error;

/// An object of which one thread at a time may use one. Nobody waits for the interpreter while they have it.
struct Exclusive<T> {
    process: u32,
    object: Mutex<T>,
}

impl<T> Exclusive<T> {
    fn new(object: T) -> Self {
        Self { process: process::id(), object: Mutex::new(object) }
    }

    /// # Errors
    ///
    /// [`Error::Forked`] in a child, if another thread of the parent had the lock when it forked; what `act` returns.
    fn with<R>(&self, act: impl FnOnce(&mut T) -> Result<R, Error>) -> Result<R, Error> {
        let mut held = match self.object.try_lock() {
            Ok(held) => held,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) if process::id() != self.process => return Err(Error::Forked),
            Err(TryLockError::WouldBlock) => self.object.lock().unwrap_or_else(PoisonError::into_inner),
        };
        act(&mut held)
    }
}
