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

/// The operating system's generator, read 4 KiB at a time, for one call that draws many nonces. It must not outlive that
/// call: a fork would copy what is left in it.
pub(crate) struct Pooled {
    bytes: [u8; Self::LEN],
    used: usize,
}

impl Pooled {
    const LEN: usize = 4096;
}

impl Default for Pooled {
    fn default() -> Self {
        Self { bytes: [0; Self::LEN], used: Self::LEN }
    }
}

impl RandomSource for Pooled {
    fn fill(&mut self, out: &mut [u8]) -> Result<(), Error> {
        let mut left = self.bytes.get(self.used..).unwrap_or_default();
        if left.len() < out.len() {
            // So that a failure leaves nothing that was used before.
            self.used = Self::LEN;
            Os.fill(&mut self.bytes)?;
            self.used = 0;
            left = &self.bytes;
        }
        let (drawn, _) = left.split_at_checked(out.len()).ok_or(Error::TooLong)?;
        out.copy_from_slice(drawn);
        self.used += out.len();
        Ok(())
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
