//! Argon2id, RFC 9106.

use argon2::{Algorithm, Argon2, Params, Version};

use crate::{error::Error, secret::Secret};

/// `Argon2id(passphrase, salt, t, p, m KiB)`, version 0x13, 32 bytes out, RFC 9106.
///
/// # Errors
///
/// [`Error::Value`] if the costs are outside RFC 9106 section 3.1.
pub(crate) fn argon2id(
    passphrase: &[u8],
    salt: &[u8; 16],
    memory_kib: u32,
    passes: u32,
    lanes: u32,
) -> Result<Secret<32>, Error> {
    let params = Params::new(memory_kib, passes, lanes, Some(32)).map_err(|_| Error::Value)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    Secret::try_filled(|out| argon2.hash_password_into(passphrase, salt, out).map_err(|_| Error::Value))
}
