//! SHA-256 and SHA-512, FIPS 180-4.

use sha2::{Digest as _, Sha256, Sha512};

/// `SHA-256(parts joined)`, 32 bytes.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// `SHA-512(parts joined)`, 64 bytes: the hash of the test suite 7F.
#[cfg_attr(not(feature = "hazmat"), allow(dead_code, reason = "the suite is compiled out of shipped builds"))]
pub(crate) fn sha512(parts: &[&[u8]]) -> [u8; 64] {
    let mut hash = Sha512::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}
