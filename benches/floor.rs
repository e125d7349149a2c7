//! The least that an operation can cost: the same primitives of the same backend on the same bytes, and nothing else.
#![allow(dead_code, unused_imports, reason = "each benchmark uses a part of it")]

use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};

/// The derived key of XAES-256-GCM: two AES blocks and a GCM key schedule.
pub fn xaes(aes: &aes::Aes256Enc, head: &[u8; 12]) -> Gcm {
    let mut key = [0; 32];
    let (halves, _) = key.as_chunks_mut::<16>();
    for (half, index) in halves.iter_mut().zip([1, 2]) {
        half[1] = index;
        half[4..].copy_from_slice(head);
        aes.encrypt_block(half.into());
    }
    Gcm::new(&key)
}

pub fn aes() -> aes::Aes256Enc {
    aes::Aes256Enc::new(&[7; 32].into())
}

/// Unwraps and wraps 32 bytes that often, as a record is moved to another KEK, each nonce asked for by itself.
pub fn rewrap(times: u32) {
    let (from, to) = (aes(), aes());
    let aad = [3; 80];
    let mut wrapped = [7; 32];
    for _ in 0..times {
        let mut nonce = [0; 24];
        let (head, tail) = (nonce[..12].try_into().unwrap(), nonce[12..].try_into().unwrap());
        // It does not open, and costs as much.
        std::hint::black_box(xaes(&from, &head).open(&tail, &aad, &mut wrapped, &[0; 16]));
        getrandom::fill(&mut nonce).unwrap();
        let (head, tail) = (nonce[..12].try_into().unwrap(), nonce[12..].try_into().unwrap());
        std::hint::black_box(xaes(&to, &head).seal(&tail, &aad, &mut wrapped));
    }
}

#[cfg(feature = "aws-lc")]
pub use aws_lc::{Cbc, Gcm, sha1};
#[cfg(not(feature = "aws-lc"))]
pub use rust_crypto::{Cbc, Gcm, sha1};

#[cfg(not(feature = "aws-lc"))]
mod rust_crypto {
    use aes::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, InnerIvInit as _};
    use aes_gcm::{AeadInOut as _, KeyInit as _};
    use sha1::Digest as _;

    pub struct Gcm(aes_gcm::Aes256Gcm);

    impl Gcm {
        pub fn new(key: &[u8; 32]) -> Self {
            Self(aes_gcm::Aes256Gcm::new(key.into()))
        }

        pub fn seal(&self, nonce: &[u8; 12], aad: &[u8], buffer: &mut [u8]) -> [u8; 16] {
            self.0.encrypt_inout_detached(nonce.into(), aad, buffer.into()).unwrap().into()
        }

        pub fn open(&self, nonce: &[u8; 12], aad: &[u8], buffer: &mut [u8], tag: &[u8; 16]) -> bool {
            self.0.decrypt_inout_detached(nonce.into(), aad, buffer.into(), tag.into()).is_ok()
        }
    }

    pub struct Cbc(aes::Aes256);

    impl Cbc {
        pub fn new(key: &[u8; 32]) -> Self {
            Self(aes::Aes256::new(key.into()))
        }

        pub fn encrypt(&self, iv: &[u8; 16], buffer: &mut [u8]) {
            let (blocks, _) = aes::Block::slice_as_chunks_mut(buffer);
            cbc::Encryptor::inner_iv_init(self.0.clone(), iv.into()).encrypt_blocks(blocks);
        }

        pub fn decrypt(&self, iv: &[u8; 16], buffer: &mut [u8]) {
            let (blocks, _) = aes::Block::slice_as_chunks_mut(buffer);
            cbc::Decryptor::inner_iv_init(self.0.clone(), iv.into()).decrypt_blocks(blocks);
        }
    }

    pub fn sha1(parts: &[&[u8]]) -> [u8; 20] {
        let mut hash = sha1::Sha1::new();
        parts.iter().for_each(|part| hash.update(part));
        hash.finalize().into()
    }
}

#[cfg(feature = "aws-lc")]
mod aws_lc {
    use aws_lc_rs::{
        aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
        cipher::{
            AES_256, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey,
        },
        digest,
        iv::FixedLength,
    };

    pub struct Gcm(LessSafeKey);

    impl Gcm {
        pub fn new(key: &[u8; 32]) -> Self {
            Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).unwrap()))
        }

        pub fn seal(&self, nonce: &[u8; 12], aad: &[u8], buffer: &mut [u8]) -> [u8; 16] {
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(aad), buffer).unwrap();
            tag.as_ref().try_into().unwrap()
        }

        pub fn open(&self, nonce: &[u8; 12], aad: &[u8], buffer: &mut [u8], tag: &[u8; 16]) -> bool {
            let nonce = Nonce::assume_unique_for_key(*nonce);
            self.0.open_in_place_separate_tag(nonce, Aad::from(aad), tag, buffer).is_ok()
        }
    }

    pub struct Cbc(EncryptingKey, DecryptingKey);

    impl Cbc {
        pub fn new(key: &[u8; 32]) -> Self {
            let key = || UnboundCipherKey::new(&AES_256, key).unwrap();
            Self(EncryptingKey::cbc(key()).unwrap(), DecryptingKey::cbc(key()).unwrap())
        }

        pub fn encrypt(&self, iv: &[u8; 16], buffer: &mut [u8]) {
            self.0.less_safe_encrypt(buffer, EncryptionContext::Iv128(FixedLength::from(iv))).unwrap();
        }

        pub fn decrypt(&self, iv: &[u8; 16], buffer: &mut [u8]) {
            self.1.decrypt(buffer, DecryptionContext::Iv128(FixedLength::from(iv))).unwrap();
        }
    }

    pub fn sha1(parts: &[&[u8]]) -> [u8; 20] {
        let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
        parts.iter().for_each(|part| context.update(part));
        context.finish().as_ref().try_into().unwrap()
    }
}
