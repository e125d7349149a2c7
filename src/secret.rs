//! Byte strings that are wiped when they are dropped and never shown.

use core::{fmt, hint::black_box};

use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::error::Error;

/// A secret of N bytes on the heap.
///
/// It is boxed so that moving it copies a pointer and leaves no bytes behind. There is no `Clone`, `Display` or
/// `PartialEq`; equality is [`ConstantTimeEq`] and the only way to the bytes is [`Secret::expose_secret`].
pub struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// The size in bytes.
    pub const LEN: usize = N;

    /// Takes the bytes over. The caller's own copy stays the caller's to wipe.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; N]) -> Self {
        Self::filled(|out| *out = *bytes)
    }

    /// The bytes. Every use of a secret is a call of this.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8; N] {
        &self.0
    }

    fn zero() -> Self {
        // The compiler would ask the allocator for zeroed memory, which glibc's does not take from its cache of small blocks.
        Self(Box::new(black_box([0; N])))
    }

    /// Makes a secret that is written in place, so that no copy of it is left on the stack.
    pub(crate) fn filled(fill: impl FnOnce(&mut [u8; N])) -> Self {
        let mut secret = Self::zero();
        fill(&mut secret.0);
        secret
    }

    /// As [`Secret::filled`], for a fill that can fail; what it had written is wiped then.
    pub(crate) fn try_filled(fill: impl FnOnce(&mut [u8; N]) -> Result<(), Error>) -> Result<Self, Error> {
        let mut secret = Self::zero();
        fill(&mut secret.0)?;
        Ok(secret)
    }
}

impl<const N: usize> TryFrom<&[u8]> for Secret<N> {
    type Error = Error;

    fn try_from(bytes: &[u8]) -> Result<Self, Error> {
        bytes.try_into().map(Self::from_bytes).map_err(|_| Error::Value)
    }
}

impl<const N: usize> ConstantTimeEq for Secret<N> {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&*other.0)
    }
}

impl<const N: usize> Zeroize for Secret<N> {
    fn zeroize(&mut self) {
        self.0.zeroize();
        #[cfg(test)]
        WIPED.set(WIPED.get() + 1);
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl<const N: usize> ZeroizeOnDrop for Secret<N> {}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").finish_non_exhaustive()
    }
}

/// A secret whose length is known only at run time, wiped when dropped. It never grows.
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// Takes a vector over. Only its present allocation is wiped: a vector that grew has left copies behind.
    #[must_use]
    pub fn from_vec(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes. Every use of a secret is a call of this.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn expose_secret_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// Keeps the first `len` bytes and wipes the rest.
    pub(crate) fn truncate(&mut self, len: usize) {
        if let Some(tail) = self.0.get_mut(len..) {
            tail.zeroize();
        }
        self.0.truncate(len);
    }
}

impl Zeroize for SecretBytes {
    fn zeroize(&mut self) {
        // The whole allocation, as one slice: a vector is wiped byte by byte, many times slower.
        self.0.resize(self.0.capacity(), 0);
        self.0.as_mut_slice().zeroize();
        self.0.clear();
        #[cfg(test)]
        WIPED.set(WIPED.get() + 1);
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl ZeroizeOnDrop for SecretBytes {}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretBytes").finish_non_exhaustive()
    }
}

#[cfg(test)]
thread_local! {
    /// How many secrets this thread has wiped: what was dropped cannot be looked at.
    static WIPED: core::cell::Cell<u64> = const { core::cell::Cell::new(0) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropping_wipes() {
        let before = WIPED.get();
        drop(Secret::from_bytes(&[7; 32]));
        assert_eq!(WIPED.get() - before, 1);
        drop(SecretBytes::from_vec(vec![7; 100]));
        assert_eq!(WIPED.get() - before, 2);
        // What a fill had written before it failed.
        assert!(Secret::<32>::try_filled(|_| Err(Error::Random)).is_err());
        assert_eq!(WIPED.get() - before, 3);
    }

    #[test]
    fn zeroizing_leaves_no_byte() {
        let mut secret = Secret::from_bytes(&[7; 32]);
        secret.zeroize();
        assert_eq!(secret.expose_secret(), &[0; 32]);
        let mut bytes = SecretBytes::from_vec(vec![7; 100]);
        bytes.zeroize();
        assert!(bytes.expose_secret().is_empty());
        assert!(bytes.0.spare_capacity_mut().len() >= 100, "its allocation stays its own");
    }

    #[test]
    fn truncating_keeps_the_front() {
        let mut bytes = SecretBytes::from_vec(b"front and back".to_vec());
        bytes.truncate(5);
        assert_eq!(bytes.expose_secret(), b"front");
        bytes.truncate(9);
        assert_eq!(bytes.expose_secret(), b"front");
    }

    #[test]
    fn equality_is_of_every_byte() {
        let secret = Secret::from_bytes(&[7; 32]);
        assert!(bool::from(secret.ct_eq(&Secret::from_bytes(&[7; 32]))));
        for at in 0..32 {
            let mut other = [7; 32];
            other[at] ^= 1;
            assert!(!bool::from(secret.ct_eq(&Secret::from_bytes(&other))), "{at}");
        }
    }

    #[test]
    fn a_fill_that_fails_gives_no_secret() {
        assert_eq!(Secret::<32>::try_filled(|_| Err(Error::Random)).err(), Some(Error::Random));
        assert_eq!(Secret::<32>::try_from(&[7; 31][..]).err(), Some(Error::Value));
    }
}
