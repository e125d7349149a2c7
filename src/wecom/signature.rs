//! Who made a request: `SHA-1` over the sorted token, timestamp, nonce and ciphertext text.

use super::credentials::Pair;
use crate::primitive::legacy::{SHA1_LEN, sha1};

/// The size of a signature, in bytes.
pub(super) const SIGNATURE_LEN: usize = SHA1_LEN;

/// A signature as bytes.
pub(super) type Signature = [u8; SIGNATURE_LEN];

/// `SHA-1(sort([token, timestamp, nonce, encrypt]) joined)`: the four texts in byte order, nothing between them.
pub(super) fn sign(pair: &Pair, timestamp: &[u8], nonce: &[u8], encrypt: &[u8]) -> Signature {
    let mut parts = [pair.token(), timestamp, nonce, encrypt];
    parts.sort_unstable();
    sha1(&parts)
}

/// `SHA-1(sort([token, timestamp, nonce]) joined)`, which other Tencent products send as `signature`. It covers no body:
/// an Official Account's URL check has nothing else, and for a message it is never enough.
pub(super) fn sign_without_body(pair: &Pair, timestamp: &[u8], nonce: &[u8]) -> Signature {
    sign(pair, timestamp, nonce, b"")
}
