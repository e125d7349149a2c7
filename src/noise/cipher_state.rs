//! `CipherState`, section 5.1: a key and a nonce that counts.

use core::fmt;

use zeroize::Zeroizing;

use crate::{
    error::Error,
    primitive::aead::{Aes256Gcm, GCM_NONCE_LEN, TAG_LEN},
    secret::Secret,
};

/// A key and the nonce of the next message under it, during a handshake. Without a key, everything passes as it is.
#[derive(Default)]
pub(super) struct CipherState {
    k: Option<Secret<32>>,
    n: u64,
}

impl CipherState {
    /// `InitializeKey(k)`.
    pub(super) fn initialize_key(k: Secret<32>) -> Self {
        Self { k: Some(k), n: 0 }
    }

    /// `HasKey()`.
    pub(super) fn has_key(&self) -> bool {
        self.k.is_some()
    }

    /// `EncryptWithAd(ad, plaintext)`, appended to `out`.
    pub(super) fn encrypt_with_ad(
        &mut self,
        ad: &[u8],
        plaintext: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let start = out.len();
        out.extend_from_slice(plaintext);
        let Some(k) = &self.k else { return Ok(()) };
        let mut tag = [0; TAG_LEN];
        TransportKey::new(k).seal(self.n, ad, out.get_mut(start..).unwrap_or_default(), &mut tag)?;
        out.extend_from_slice(&tag);
        self.n = self.n.checked_add(1).ok_or(Error::TooLong)?;
        Ok(())
    }

    /// `DecryptWithAd(ad, ciphertext)`. After an error the state is as before.
    pub(super) fn decrypt_with_ad(
        &mut self,
        ad: &[u8],
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let Some(k) = &self.k else { return Ok(Zeroizing::new(ciphertext.to_vec())) };
        let (ciphertext, tag) = ciphertext.split_last_chunk::<TAG_LEN>().ok_or(Error::Open)?;
        let mut plaintext = Zeroizing::new(ciphertext.to_vec());
        TransportKey::new(k).open(self.n, ad, &mut plaintext, tag)?;
        self.n = self.n.checked_add(1).ok_or(Error::TooLong)?;
        Ok(plaintext)
    }
}

impl Clone for CipherState {
    /// For the next state of a handshake, which leaves the present one as it is until a message proves genuine.
    fn clone(&self) -> Self {
        Self { k: self.k.as_ref().map(|k| Secret::from_bytes(k.expose_secret())), n: self.n }
    }
}

/// A key of one direction, prepared once. Whoever uses it keeps the nonces: none is used twice to seal.
pub(crate) struct TransportKey(Aes256Gcm);

impl TransportKey {
    pub(super) fn new(k: &Secret<32>) -> Self {
        Self(Aes256Gcm::new(k.expose_secret()))
    }

    /// `ENCRYPT(k, n, ad, plaintext)` in place; writes the tag.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] for the nonce 2^64 - 1, which is [`TransportKey::rekeyed`]'s; over 2^36 - 32 bytes.
    pub(crate) fn seal(
        &self,
        n: u64,
        ad: &[u8],
        buffer: &mut [u8],
        tag: &mut [u8; TAG_LEN],
    ) -> Result<(), Error> {
        if n == RESERVED {
            return Err(Error::TooLong);
        }
        self.0.seal_in_place(&nonce(n), ad, buffer, tag)
    }

    /// `DECRYPT(k, n, ad, ciphertext || tag)` in place.
    ///
    /// # Errors
    ///
    /// [`Error::Open`]; `buffer` is zeroed then.
    pub(crate) fn open(
        &self,
        n: u64,
        ad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), Error> {
        if n == RESERVED {
            return Err(Error::Open);
        }
        self.0.open_in_place(&nonce(n), ad, buffer, tag)
    }

    /// `REKEY(k)`, section 4.2: the first 32 bytes of `ENCRYPT(k, 2^64 - 1, "", 32 zero bytes)`.
    pub(crate) fn rekeyed(&self) -> Result<Self, Error> {
        let next =
            Secret::try_filled(|out| self.0.seal_in_place(&nonce(RESERVED), b"", out, &mut [0; TAG_LEN]))?;
        Ok(Self::new(&next))
    }
}

impl fmt::Debug for TransportKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportKey").finish_non_exhaustive()
    }
}

/// Section 12.4: four zero bytes, then `n` u64 BE.
fn nonce(n: u64) -> [u8; GCM_NONCE_LEN] {
    let mut nonce = [0; GCM_NONCE_LEN];
    nonce[4..].copy_from_slice(&n.to_be_bytes());
    nonce
}

/// The nonce that no message has, section 5.1.
const RESERVED: u64 = u64::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_nonce_is_that_of_rekeying_alone() {
        let key = TransportKey::new(&Secret::from_bytes(&[7; 32]));
        let mut buffer = *b"text";
        let mut tag = [0; TAG_LEN];
        key.seal(u64::MAX - 1, b"ad", &mut buffer, &mut tag).unwrap();
        key.open(u64::MAX - 1, b"ad", &mut buffer, &tag).unwrap();
        assert_eq!(&buffer, b"text");
        assert_eq!(key.seal(u64::MAX, b"ad", &mut buffer, &mut tag), Err(Error::TooLong));
        assert_eq!(&buffer, b"text");
        // What a key that counted that far would have sealed.
        key.0.seal_in_place(&nonce(u64::MAX), b"ad", &mut buffer, &mut tag).unwrap();
        assert_eq!(key.open(u64::MAX, b"ad", &mut buffer, &tag), Err(Error::Open));
    }

    #[test]
    fn a_handshake_key_stops_before_its_nonce_repeats() {
        let mut state = CipherState { k: Some(Secret::from_bytes(&[7; 32])), n: u64::MAX - 1 };
        let mut out = Vec::new();
        state.encrypt_with_ad(b"", b"last", &mut out).unwrap();
        for _ in 0..2 {
            assert_eq!(state.encrypt_with_ad(b"", b"one more", &mut Vec::new()), Err(Error::TooLong));
        }
    }
}
