//! `SymmetricState`, section 5.2: the chaining key, the hash of everything so far, and a cipher state.

use zeroize::Zeroizing;

use super::cipher_state::{CipherState, TransportKey};
use crate::{
    error::Error,
    primitive::{hash::sha256, kdf},
    secret::Secret,
};

#[derive(Clone)]
pub(super) struct SymmetricState {
    ck: ChainingKey,
    h: [u8; 32],
    cipher: CipherState,
}

/// What a handshake ends with.
pub(super) struct Split {
    pub(super) initiator: TransportKey,
    pub(super) responder: TransportKey,
    /// The third output beside the two keys: for what else the two sides derive.
    pub(super) exporter: Secret<32>,
    /// `GetHandshakeHash()`.
    pub(super) handshake_hash: [u8; 32],
}

impl SymmetricState {
    /// `InitializeSymmetric(protocol_name)`.
    pub(super) fn initialize_symmetric(protocol_name: &str) -> Self {
        let h = match protocol_name.len() {
            len @ 0..=32 => {
                let mut h = [0; 32];
                h.iter_mut().zip(protocol_name.as_bytes()).take(len).for_each(|(h, byte)| *h = *byte);
                h
            }
            _ => sha256(&[protocol_name.as_bytes()]),
        };
        Self { ck: ChainingKey(Secret::from_bytes(&h)), h, cipher: CipherState::default() }
    }

    /// `MixKey(input_key_material)`.
    pub(super) fn mix_key(&mut self, ikm: &[u8]) -> Result<(), Error> {
        let [ck, k] = self.hkdf(ikm)?;
        (self.ck, self.cipher) = (ChainingKey(ck), CipherState::initialize_key(k));
        Ok(())
    }

    /// `MixHash(data)`.
    pub(super) fn mix_hash(&mut self, data: &[u8]) {
        self.h = sha256(&[&self.h, data]);
    }

    /// `MixKeyAndHash(input_key_material)`.
    pub(super) fn mix_key_and_hash(&mut self, ikm: &[u8]) -> Result<(), Error> {
        let [ck, temp_h, k] = self.hkdf(ikm)?;
        self.mix_hash(temp_h.expose_secret());
        (self.ck, self.cipher) = (ChainingKey(ck), CipherState::initialize_key(k));
        Ok(())
    }

    pub(super) fn has_key(&self) -> bool {
        self.cipher.has_key()
    }

    /// `EncryptAndHash(plaintext)`, appended to `out`.
    pub(super) fn encrypt_and_hash(&mut self, plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let start = out.len();
        self.cipher.encrypt_with_ad(&self.h, plaintext, out)?;
        self.mix_hash(out.get(start..).unwrap_or_default());
        Ok(())
    }

    /// `DecryptAndHash(ciphertext)`.
    pub(super) fn decrypt_and_hash(&mut self, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let plaintext = self.cipher.decrypt_with_ad(&self.h, ciphertext)?;
        self.mix_hash(ciphertext);
        Ok(plaintext)
    }

    /// `Split()`.
    pub(super) fn split(self) -> Result<Split, Error> {
        let [initiator, responder, exporter] = self.hkdf(b"")?;
        Ok(Split {
            initiator: TransportKey::new(&initiator),
            responder: TransportKey::new(&responder),
            exporter,
            handshake_hash: self.h,
        })
    }

    /// `HKDF(ck, ikm, N)`, section 4.3: RFC 5869 with an empty info.
    fn hkdf<const N: usize>(&self, ikm: &[u8]) -> Result<[Secret<32>; N], Error> {
        let mut okm = Zeroizing::new([[0; 32]; N]);
        kdf::hkdf(self.ck.0.expose_secret(), ikm, b"", okm.as_flattened_mut())?;
        Ok(core::array::from_fn(|index| {
            Secret::filled(|out| {
                if let Some(part) = okm.get(index) {
                    *out = *part;
                }
            })
        }))
    }
}

struct ChainingKey(Secret<32>);

impl Clone for ChainingKey {
    /// As of [`CipherState`].
    fn clone(&self) -> Self {
        Self(Secret::from_bytes(self.0.expose_secret()))
    }
}
