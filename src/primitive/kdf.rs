//! HKDF, RFC 5869, with SHA-256; with SHA-512 for the test suite.

use hkdf::Hkdf;
use sha2::{Sha256, Sha512};
use zeroize::Zeroize as _;

use crate::{error::Error, secret::Secret};

/// `PRK = HKDF-Extract(salt, ikm)` with SHA-256, RFC 5869 section 2.2.
pub(crate) fn extract(salt: &[u8], ikm: &[u8]) -> Secret<32> {
    let (mut prk, _) = Hkdf::<Sha256>::extract(Some(salt), ikm);
    let secret = Secret::filled(|out| out.copy_from_slice(&prk));
    prk.as_mut_slice().zeroize();
    secret
}

/// `OKM = HKDF(salt, ikm, info)` with SHA-256: [`extract`] and [`expand`] with the key of the second prepared once.
///
/// # Errors
///
/// As [`expand`].
pub(crate) fn hkdf(salt: &[u8], ikm: &[u8], info: &[u8], out: &mut [u8]) -> Result<(), Error> {
    let (mut prk, hkdf) = Hkdf::<Sha256>::extract(Some(salt), ikm);
    prk.as_mut_slice().zeroize();
    hkdf.expand(info, out).map_err(|_| Error::TooLong)
}

/// `OKM = HKDF-Expand(prk, info, out.len())` with SHA-256, RFC 5869 section 2.3.
///
/// # Errors
///
/// [`Error::TooLong`] for more than 8,160 bytes; `out` is untouched then.
pub(crate) fn expand(prk: &Secret<32>, info: &[u8], out: &mut [u8]) -> Result<(), Error> {
    let hkdf = Hkdf::<Sha256>::from_prk(prk.expose_secret()).map_err(|_| Error::Value)?;
    hkdf.expand(info, out).map_err(|_| Error::TooLong)
}

/// `OKM = HKDF(salt, ikm, info)` with SHA-512: the key derivation of the test suite 7F.
///
/// # Errors
///
/// [`Error::TooLong`] for more than 16,320 bytes; `out` is untouched then.
#[cfg_attr(not(feature = "hazmat"), allow(dead_code, reason = "the suite is compiled out of shipped builds"))]
pub(crate) fn hkdf_sha512(salt: &[u8], ikm: &[u8], info: &[u8], out: &mut [u8]) -> Result<(), Error> {
    Hkdf::<Sha512>::new(Some(salt), ikm).expand(info, out).map_err(|_| Error::TooLong)
}
