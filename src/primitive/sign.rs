//! Ed25519, RFC 8032.

use ed25519_dalek::{Signature, Signer as _, SigningKey as DalekKey, VerifyingKey};

use crate::{error::Error, secret::Secret};

/// An Ed25519 private key: the 32-byte seed of RFC 8032 section 5.1.5, expanded.
pub(crate) struct SigningKey(DalekKey);

impl SigningKey {
    pub(crate) fn new(seed: &Secret<32>) -> Self {
        Self(DalekKey::from_bytes(seed.expose_secret()))
    }

    pub(crate) fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

/// Verifies a signature. Public keys and first halves of small order are refused, so that a signature is of one key and
/// one message.
///
/// # Errors
///
/// [`Error::Open`] if the signature is not of this key and message, or the key is none.
pub(crate) fn verify(public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> Result<(), Error> {
    VerifyingKey::from_bytes(public_key)
        .and_then(|key| key.verify_strict(message, &Signature::from_bytes(signature)))
        .map_err(|_| Error::Open)
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;

    /// RFC 8032 section 7.1, tests 1 to 3.
    #[test]
    fn published_vectors() {
        for (seed, public, message, signature) in [
            (
                hex!("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"),
                hex!("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
                &hex!("")[..],
                hex!(
                    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b
                     d25bf5f0595bbe24655141438e7a100b"
                ),
            ),
            (
                hex!("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"),
                hex!("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
                &hex!("72")[..],
                hex!(
                    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c
                     387b2eaeb4302aeeb00d291612bb0c00"
                ),
            ),
            (
                hex!("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"),
                hex!("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"),
                &hex!("af82")[..],
                hex!(
                    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659
                     4a7c15e9716ed28dc027beceea1ec40a"
                ),
            ),
        ] {
            let key = SigningKey::new(&Secret::from_bytes(&seed));
            assert_eq!(key.public_key(), public);
            assert_eq!(key.sign(message), signature);
            assert_eq!(verify(&public, message, &signature), Ok(()));
            for bit in 0..512 {
                let mut other = signature;
                other[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(verify(&public, message, &other), Err(Error::Open));
            }
            assert_eq!(verify(&public, &[message, b"\0"].concat(), &signature), Err(Error::Open));
        }
    }

    #[test]
    fn a_key_of_small_order_verifies_nothing() {
        // The neutral element as key and first half, 0 as second: 0 B = R + k A for every message.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        assert_eq!(verify(&neutral, b"anything", &signature), Err(Error::Open));
    }
}
