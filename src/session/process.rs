//! Which process a handle is of.

use forkguard::atfork::Guard;

use crate::error::Error;

/// Remembers the process that made it: after a fork both would count the same nonces from the same number on.
///
/// It costs a read of memory. A handler of `pthread_atfork` counts forks, so a process that the kernel's `clone` made
/// without the C library is not noticed.
pub(super) struct Process(Guard);

impl Process {
    /// # Errors
    ///
    /// [`Error::Io`] if the handler cannot be set up: there is no memory for it.
    pub(super) fn current() -> Result<Self, Error> {
        Guard::try_new().map(Self).map_err(|_| Error::Io(std::io::ErrorKind::OutOfMemory))
    }

    /// # Errors
    ///
    /// [`Error::Forked`] in a child.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.0.clone().detected_fork() { Err(Error::Forked) } else { Ok(()) }
    }
}
