//! Static keys of X25519.

use tenantseal::{
    Error,
    session::{PrivateKey, PublicKey},
};
use zeroize::Zeroizing;

use crate::{
    input::bytes,
    output::{Buffer, call},
    status::{Result, tenantseal_status},
};

/// Makes a private key: the static key of one endpoint. Store it sealed; whoever has it can pass for
/// its owner.
///
/// @param out, out_cap, out_len  the key, TENANTSEAL_PRIVATE_KEY_LEN bytes
/// @return RANDOM
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_private_key_generate(
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let key = PrivateKey::generate()?;
            Ok(Zeroizing::new(key.expose_secret().to_vec()))
        })
    }
}

/// Computes the public key of a private key: what the others know the endpoint by.
///
/// @param private_key, private_key_len  TENANTSEAL_PRIVATE_KEY_LEN bytes
/// @param out, out_cap, out_len  the public key, TENANTSEAL_PUBLIC_KEY_LEN bytes
/// @return VALUE for another length, and for equal bytes: a key that nobody set
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_private_key_public(
    private_key: *const u8,
    private_key_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let key = private(bytes(private_key, private_key_len)?)?;
            Ok(key.public_key().as_bytes().to_vec())
        })
    }
}

pub(super) fn private(bytes: &[u8]) -> Result<PrivateKey> {
    let bytes = bytes.try_into().map_err(|_| Error::Value)?;
    Ok(PrivateKey::from_bytes(bytes)?)
}

/// The size of a private key, in bytes.
pub const TENANTSEAL_PRIVATE_KEY_LEN: usize = 32;
/// The size of a public key, in bytes.
pub const TENANTSEAL_PUBLIC_KEY_LEN: usize = 32;

/// TENANTSEAL_PRIVATE_KEY_LEN, for callers that cannot read macros.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_private_key_len() -> usize {
    TENANTSEAL_PRIVATE_KEY_LEN
}

/// TENANTSEAL_PUBLIC_KEY_LEN, for callers that cannot read macros.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_public_key_len() -> usize {
    TENANTSEAL_PUBLIC_KEY_LEN
}

const _: () =
    assert!(TENANTSEAL_PRIVATE_KEY_LEN == PrivateKey::LEN && TENANTSEAL_PUBLIC_KEY_LEN == PublicKey::LEN);
