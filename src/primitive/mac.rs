//! HMAC, RFC 2104, with SHA-256; with SHA-512 for the test suite.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Sha256, Sha512};

use crate::secret::Secret;

/// A prepared HMAC-SHA-256 key. Preparing costs two compressions, so a key that is used often is kept.
#[derive(Clone)]
pub(crate) struct HmacSha256(Hmac<Sha256>);

impl HmacSha256 {
    pub(crate) fn new(key: &Secret<32>) -> Self {
        Self::keyed(key.expose_secret())
    }

    /// The published vectors have keys of other sizes than ours; nothing else does.
    pub(super) fn keyed(key: &[u8]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC takes a key of any length"))
    }

    /// `HMAC-SHA-256(key, parts joined)`, 32 bytes.
    pub(crate) fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The first N bytes of [`HmacSha256::tag`], N of at most 32.
    pub(crate) fn truncated_tag<const N: usize>(&self, parts: &[&[u8]]) -> [u8; N] {
        const { assert!(N <= 32) };
        let tag = self.tag(parts);
        core::array::from_fn(|at| tag.get(at).copied().unwrap_or_default())
    }
}

/// `HMAC-SHA-512(key, parts joined)`, 64 bytes.
#[cfg_attr(not(feature = "hazmat"), allow(dead_code, reason = "the suite is compiled out of shipped builds"))]
pub(crate) fn hmac_sha512(key: &Secret<32>, parts: &[&[u8]]) -> [u8; 64] {
    hmac_sha512_keyed(key.expose_secret(), parts)
}

/// [`hmac_sha512`] with a key of any size, for the published vectors.
#[cfg_attr(not(feature = "hazmat"), allow(dead_code, reason = "the suite is compiled out of shipped builds"))]
pub(super) fn hmac_sha512_keyed(key: &[u8], parts: &[&[u8]]) -> [u8; 64] {
    let mut mac = Hmac::<Sha512>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}
