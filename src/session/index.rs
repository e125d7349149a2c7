//! Numbers by which the packets of a session are found.

use std::{
    collections::HashSet,
    sync::{LazyLock, Mutex, PoisonError},
};

use super::process::Process;
use crate::{error::Error, primitive::rng::RandomSource};

/// A random number that no other session of this process has; free again when it is dropped.
pub(super) struct Index {
    number: u32,
    process: Process,
}

impl Index {
    /// # Errors
    ///
    /// [`Error::Random`].
    pub(super) fn allocate(rng: &mut impl RandomSource) -> Result<Self, Error> {
        let process = Process::current()?;
        loop {
            let mut bytes = [0; 4];
            rng.fill(&mut bytes)?;
            let number = u32::from_be_bytes(bytes);
            if IN_USE.lock().unwrap_or_else(PoisonError::into_inner).insert(number) {
                return Ok(Self { number, process });
            }
        }
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        // In a forked child the lock may be held by a thread that is not there.
        if self.process.check().is_ok() {
            IN_USE.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
        }
    }
}

/// Of every endpoint of the process: several may share a socket. Handshakes use it, packets do not.
static IN_USE: LazyLock<Mutex<HashSet<u32>>> = LazyLock::new(Mutex::default);

#[cfg(test)]
mod tests {
    use super::*;

    struct Repeating(u8);

    impl RandomSource for Repeating {
        fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
            // Each number twice.
            out.fill(0xa0 + self.0 / 2);
            self.0 += 1;
            Ok(())
        }
    }

    #[test]
    fn a_number_in_use_is_passed_over_and_free_when_dropped() {
        let mut rng = Repeating(0);
        let first = Index::allocate(&mut rng).unwrap();
        let second = Index::allocate(&mut rng).unwrap();
        assert_eq!((first.number(), second.number()), (0xa0a0_a0a0, 0xa1a1_a1a1));
        drop(first);
        assert_eq!(Index::allocate(&mut Repeating(0)).unwrap().number(), 0xa0a0_a0a0);
    }
}
