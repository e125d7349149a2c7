//! Random bytes from the operating system, asked for in the call that uses them.
//!
//! There is no generator in this process: one that is copied by a fork repeats itself.

use crate::{error::Error, secret::Secret};

/// Where a construction takes its random bytes from.
///
/// Shipped code paths pass [`Os`]; the `hazmat` calls pass the caller's generator.
pub(crate) trait RandomSource {
    /// Fills `out`, or fails without promising anything about what is in it.
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error>;

    /// A fresh secret of N bytes.
    fn secret<const N: usize>(&mut self) -> Result<Secret<N>, Error> {
        Secret::try_filled(|out| self.fill(out))
    }
}

/// The operating system's generator: `getrandom`.
#[derive(Debug)]
pub(crate) struct Os;

impl RandomSource for Os {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
        getrandom::fill(out).map_err(|_| Error::Random)
    }
}

/// What the `hazmat` calls take: a cryptographic generator of the caller's.
#[cfg(feature = "hazmat")]
pub(crate) use rand_core::TryCryptoRng;

/// A generator of the caller's, for tests and HSM-seeded setups.
#[cfg(feature = "hazmat")]
pub(crate) struct Explicit<'a, R>(pub(crate) &'a mut R);

#[cfg(feature = "hazmat")]
impl<R: TryCryptoRng> RandomSource for Explicit<'_, R> {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
        self.0.try_fill_bytes(out).map_err(|_| Error::Random)
    }
}
