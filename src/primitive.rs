//! The algorithms, each wrapped once. Nothing outside this module names a cryptography crate.
//!
//! With the feature `aws-lc` both backends are compiled and aws-lc-rs serves AES-GCM, AES-CBC, SHA-1 and X25519; the bytes
//! are the same, and a test of each module compares the two.

pub(crate) mod aead;
pub(crate) mod dh;
pub(crate) mod hash;
pub(crate) mod kdf;
pub(crate) mod legacy;
pub(crate) mod mac;
pub(crate) mod password;
pub(crate) mod rng;
pub(crate) mod sign;
pub(crate) mod siv;

#[cfg(test)]
mod vectors;
