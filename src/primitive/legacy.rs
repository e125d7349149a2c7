//! What Tencent's callback format fixed, for `wecom` alone: AES-256-CBC, NIST SP 800-38A, without a padding of its
//! own, and SHA-1, FIPS 180-4.
//!
//! Neither is a building block for anything new: CBC authenticates nothing, and SHA-1 is not collision resistant.

#[cfg(feature = "aws-lc")]
use aws_lc as backend;
#[cfg(not(feature = "aws-lc"))]
use rust_crypto as backend;

use crate::error::Error;

/// The size of a SHA-1 digest, in bytes.
pub(crate) const SHA1_LEN: usize = 20;

/// `SHA-1(parts joined)`.
pub(crate) fn sha1(parts: &[&[u8]]) -> [u8; SHA1_LEN] {
    backend::sha1(parts)
}

/// A prepared AES-256-CBC key.
pub(crate) struct Aes256Cbc(backend::CbcKey);

impl Aes256Cbc {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(backend::CbcKey::new(key))
    }

    /// Encrypts `buffer` in place.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] if `buffer` is not a multiple of 16 bytes; it is untouched then.
    pub(crate) fn encrypt_in_place(&self, iv: &[u8; 16], buffer: &mut [u8]) -> Result<(), Error> {
        self.0.encrypt(iv, buffer).ok_or(Error::Value)
    }

    /// Decrypts `buffer` in place. Nothing is authenticated.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] if `buffer` is not a multiple of 16 bytes; it is untouched then.
    pub(crate) fn decrypt_in_place(&self, iv: &[u8; 16], buffer: &mut [u8]) -> Result<(), Error> {
        self.0.decrypt(iv, buffer).ok_or(Error::Value)
    }
}

#[cfg(any(not(feature = "aws-lc"), test))]
mod rust_crypto {
    use aes::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, InnerIvInit as _, KeyInit as _};
    use sha1::{Digest as _, Sha1};

    use super::SHA1_LEN;

    pub(super) fn sha1(parts: &[&[u8]]) -> [u8; SHA1_LEN] {
        let mut hash = Sha1::new();
        for part in parts {
            hash.update(part);
        }
        hash.finalize().into()
    }

    pub(super) struct CbcKey(aes::Aes256);

    impl CbcKey {
        pub(super) fn new(key: &[u8; 32]) -> Self {
            Self(aes::Aes256::new(key.into()))
        }

        pub(super) fn encrypt(&self, iv: &[u8; 16], buffer: &mut [u8]) -> Option<()> {
            let (blocks, rest) = aes::Block::slice_as_chunks_mut(buffer);
            rest.is_empty().then(|| {
                cbc::Encryptor::inner_iv_init(self.0.clone(), iv.into()).encrypt_blocks(blocks);
            })
        }

        pub(super) fn decrypt(&self, iv: &[u8; 16], buffer: &mut [u8]) -> Option<()> {
            let (blocks, rest) = aes::Block::slice_as_chunks_mut(buffer);
            rest.is_empty().then(|| {
                cbc::Decryptor::inner_iv_init(self.0.clone(), iv.into()).decrypt_blocks(blocks);
            })
        }
    }
}

#[cfg(feature = "aws-lc")]
mod aws_lc {
    use aws_lc_rs::{
        cipher::{
            AES_256, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey,
        },
        digest,
        iv::FixedLength,
    };

    use super::SHA1_LEN;

    pub(super) fn sha1(parts: &[&[u8]]) -> [u8; SHA1_LEN] {
        let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
        for part in parts {
            context.update(part);
        }
        let mut out = [0; SHA1_LEN];
        out.copy_from_slice(context.finish().as_ref());
        out
    }

    pub(super) struct CbcKey {
        decrypting: DecryptingKey,
        encrypting: EncryptingKey,
    }

    impl CbcKey {
        pub(super) fn new(key: &[u8; 32]) -> Self {
            let unbound = || UnboundCipherKey::new(&AES_256, key).expect("a key of 32 bytes fits AES-256");
            Self {
                decrypting: DecryptingKey::cbc(unbound()).expect("AES-256 has a CBC mode"),
                encrypting: EncryptingKey::cbc(unbound()).expect("AES-256 has a CBC mode"),
            }
        }

        pub(super) fn encrypt(&self, iv: &[u8; 16], buffer: &mut [u8]) -> Option<()> {
            let context = EncryptionContext::Iv128(FixedLength::from(iv));
            self.encrypting.less_safe_encrypt(buffer, context).ok().map(drop)
        }

        pub(super) fn decrypt(&self, iv: &[u8; 16], buffer: &mut [u8]) -> Option<()> {
            let context = DecryptionContext::Iv128(FixedLength::from(iv));
            self.decrypting.decrypt(buffer, context).ok().map(drop)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cbc_refuses_part_of_a_block_and_leaves_it_alone() {
        let key = Aes256Cbc::new(&[1; 32]);
        for len in [1, 15, 17, 31] {
            let mut buffer = vec![9; len];
            assert_eq!(key.encrypt_in_place(&[0; 16], &mut buffer), Err(Error::Value));
            assert_eq!(key.decrypt_in_place(&[0; 16], &mut buffer), Err(Error::Value));
            assert_eq!(buffer, vec![9; len]);
        }
    }

    #[cfg(feature = "aws-lc")]
    #[test]
    fn both_backends_give_the_same_bytes() {
        for blocks in 0..40usize {
            let byte = u8::try_from(blocks).unwrap();
            let (key, iv) = ([byte; 32], [byte ^ 0x77; 16]);
            let (ours, other) = (aws_lc::CbcKey::new(&key), rust_crypto::CbcKey::new(&key));
            let (mut a, mut b) = (vec![byte; blocks * 16], vec![byte; blocks * 16]);
            ours.encrypt(&iv, &mut a).unwrap();
            other.encrypt(&iv, &mut b).unwrap();
            assert_eq!(a, b);
            ours.decrypt(&iv, &mut a).unwrap();
            other.decrypt(&iv, &mut b).unwrap();
            assert_eq!((&a, &b), (&vec![byte; blocks * 16], &vec![byte; blocks * 16]));
            assert_eq!(aws_lc::sha1(&[&a, &key]), rust_crypto::sha1(&[&a, &key]));
        }
    }
}
