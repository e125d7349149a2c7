//! AES-256-GCM, NIST SP 800-38D, and XAES-256-GCM, C2SP `XAES-256-GCM.md`.

use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

#[cfg(feature = "aws-lc")]
use aws_lc::GcmKey;
#[cfg(not(feature = "aws-lc"))]
use rust_crypto::GcmKey;

use crate::error::Error;

/// The size of a GCM nonce, in bytes.
pub(crate) const GCM_NONCE_LEN: usize = 12;
/// The size of a tag, in bytes.
pub(crate) const TAG_LEN: usize = 16;
/// The longest plaintext of one GCM call, in bytes: 2^36 - 32, SP 800-38D section 5.2.1.1.
const GCM_PLAINTEXT_MAX: u64 = (1 << 36) - 32;

/// A prepared AES-256-GCM key.
///
/// The nonce is the caller's to keep unique for this key.
pub(crate) struct Aes256Gcm(GcmKey);

impl Aes256Gcm {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(GcmKey::new(key))
    }

    /// Encrypts `buffer` in place and writes the tag.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] over 2^36 - 32 bytes; nothing is written then.
    #[inline]
    pub(crate) fn seal_in_place(
        &self,
        nonce: &[u8; GCM_NONCE_LEN],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &mut [u8; TAG_LEN],
    ) -> Result<(), Error> {
        if u64::try_from(buffer.len()).map_or(true, |len| len > GCM_PLAINTEXT_MAX) {
            return Err(Error::TooLong);
        }
        self.0.seal(nonce, aad, buffer, tag).ok_or(Error::TooLong)
    }

    /// Decrypts `buffer` in place.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] if the tag does not verify; `buffer` is zeroed then.
    #[inline]
    pub(crate) fn open_in_place(
        &self,
        nonce: &[u8; GCM_NONCE_LEN],
        aad: &[u8],
        buffer: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), Error> {
        if self.0.open(nonce, aad, buffer, tag) {
            return Ok(());
        }
        buffer.zeroize();
        Err(Error::Open)
    }
}

/// A prepared XAES-256-GCM key, for up to 2^80 messages with random 24-byte nonces.
///
/// The first 12 bytes of a nonce select a derived AES-256-GCM key, the last 12 are its nonce.
pub(crate) struct Xaes256Gcm {
    aes: aes::Aes256Enc,
    k1: Zeroizing<[u8; 16]>,
}

impl Xaes256Gcm {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let aes = aes::Aes256Enc::new(key.into());
        // L = AES-256_K(0^128); K1 = L doubled in GF(2^128).
        let mut l = aes::Block::default();
        aes.encrypt_block(&mut l);
        let l = Zeroizing::new(u128::from_be_bytes(l.into()));
        let carry = (*l >> 127) * 0b1000_0111;
        Self { aes, k1: Zeroizing::new(((*l << 1) ^ carry).to_be_bytes()) }
    }

    /// `Kx = AES-256_K(M1 xor K1) || AES-256_K(M2 xor K1)`, `Mi = 00 || i || "X" || 00 || head`.
    pub(crate) fn derive(&self, head: &[u8; 12]) -> Aes256Gcm {
        let mut kx = Zeroizing::new([0; 32]);
        let (halves, _) = kx.as_chunks_mut::<16>();
        for (half, index) in halves.iter_mut().zip([1, 2]) {
            let mut m = [0; 16];
            let (prefix, rest) = m.split_at_mut(4);
            prefix.copy_from_slice(&[0, index, b'X', 0]);
            rest.copy_from_slice(head);
            for ((out, m), k1) in half.iter_mut().zip(m).zip(self.k1.iter()) {
                *out = m ^ k1;
            }
            self.aes.encrypt_block(half.into());
        }
        Aes256Gcm::new(&kx)
    }
}

const fn assert_wiped<T: ZeroizeOnDrop>() {}
const _: () = assert_wiped::<aes::Aes256Enc>();

/// Always compiled: the default, and the other side of the comparison with `aws-lc`.
#[cfg(any(not(feature = "aws-lc"), test))]
mod rust_crypto {
    use aes_gcm::{AeadInOut as _, KeyInit as _};

    use super::{GCM_NONCE_LEN, TAG_LEN};

    pub(super) struct GcmKey(aes_gcm::Aes256Gcm);

    impl GcmKey {
        pub(super) fn new(key: &[u8; 32]) -> Self {
            Self(aes_gcm::Aes256Gcm::new(key.into()))
        }

        pub(super) fn seal(
            &self,
            nonce: &[u8; GCM_NONCE_LEN],
            aad: &[u8],
            buffer: &mut [u8],
            tag: &mut [u8; TAG_LEN],
        ) -> Option<()> {
            *tag = self.0.encrypt_inout_detached(nonce.into(), aad, buffer.into()).ok()?.into();
            Some(())
        }

        pub(super) fn open(
            &self,
            nonce: &[u8; GCM_NONCE_LEN],
            aad: &[u8],
            buffer: &mut [u8],
            tag: &[u8; TAG_LEN],
        ) -> bool {
            self.0.decrypt_inout_detached(nonce.into(), aad, buffer.into(), tag.into()).is_ok()
        }
    }
}

#[cfg(feature = "aws-lc")]
mod aws_lc {
    use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

    use super::{GCM_NONCE_LEN, TAG_LEN};

    pub(super) struct GcmKey(LessSafeKey);

    impl GcmKey {
        pub(super) fn new(key: &[u8; 32]) -> Self {
            let key = UnboundKey::new(&AES_256_GCM, key).expect("a key of 32 bytes fits AES-256");
            Self(LessSafeKey::new(key))
        }

        #[inline]
        pub(super) fn seal(
            &self,
            nonce: &[u8; GCM_NONCE_LEN],
            aad: &[u8],
            buffer: &mut [u8],
            tag: &mut [u8; TAG_LEN],
        ) -> Option<()> {
            let nonce = Nonce::assume_unique_for_key(*nonce);
            self.0.seal_in_place_scatter(nonce, Aad::from(aad), buffer, &[], tag).ok()
        }

        #[inline]
        pub(super) fn open(
            &self,
            nonce: &[u8; GCM_NONCE_LEN],
            aad: &[u8],
            buffer: &mut [u8],
            tag: &[u8; TAG_LEN],
        ) -> bool {
            let nonce = Nonce::assume_unique_for_key(*nonce);
            self.0.open_in_place_separate_tag(nonce, Aad::from(aad), tag, buffer).is_ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use hex_literal::hex;

    use super::*;

    fn xaes_seal(key: &[u8; 32], nonce: &[u8; 24], aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let (head, tail) = nonce.split_at(12);
        let mut out = plaintext.to_vec();
        let gcm = Xaes256Gcm::new(key).derive(head.try_into().unwrap());
        let mut tag = [0; TAG_LEN];
        gcm.seal_in_place(tail.try_into().unwrap(), aad, &mut out, &mut tag).unwrap();
        out.extend_from_slice(&tag);
        out
    }

    /// C2SP `XAES-256-GCM.md`, the two test vectors: MSB(L) = 0 and MSB(L) = 1.
    #[test]
    fn xaes_matches_the_c2sp_vectors() {
        let nonce = b"ABCDEFGHIJKLMNOPQRSTUVWX";
        assert_eq!(
            xaes_seal(&[1; 32], nonce, b"", b"XAES-256-GCM"),
            hex!("ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271")
        );
        assert_eq!(
            xaes_seal(&[3; 32], nonce, b"c2sp.org/XAES-256-GCM", b"XAES-256-GCM"),
            hex!("986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d")
        );
    }

    #[test]
    fn xaes_matches_an_independent_implementation() {
        use xaes_256_gcm::aead::{Aead as _, Payload};

        for len in 0..200usize {
            let byte = u8::try_from(len).unwrap();
            let (key, nonce) = ([byte; 32], [byte ^ 0x5a; 24]);
            let (aad, msg) = (vec![byte; len % 37], vec![byte; len]);
            let oracle = <xaes_256_gcm::Xaes256Gcm as xaes_256_gcm::aead::KeyInit>::new((&key).into());
            let expected = oracle.encrypt((&nonce).into(), Payload { msg: &msg, aad: &aad }).unwrap();
            assert_eq!(xaes_seal(&key, &nonce, &aad, &msg), expected);
        }
    }

    #[test]
    fn open_zeroes_the_buffer_when_the_tag_is_wrong() {
        let key = Aes256Gcm::new(&[7; 32]);
        let mut buffer = *b"plaintext";
        let mut tag = [0; TAG_LEN];
        key.seal_in_place(&[0; 12], b"aad", &mut buffer, &mut tag).unwrap();
        tag[0] ^= 1;
        assert_eq!(key.open_in_place(&[0; 12], b"aad", &mut buffer, &tag), Err(Error::Open));
        assert_eq!(buffer, [0; 9]);
    }

    #[cfg(feature = "aws-lc")]
    #[test]
    fn both_backends_give_the_same_bytes() {
        for len in 0..300usize {
            let byte = u8::try_from(len % 251).unwrap();
            let (key, nonce, aad) = ([byte; 32], [byte ^ 0x33; 12], vec![byte; len % 41]);
            let (ours, other) = (GcmKey::new(&key), rust_crypto::GcmKey::new(&key));
            let (mut a, mut b) = (vec![byte; len], vec![byte; len]);
            let (mut tag, mut same) = ([0; TAG_LEN], [0; TAG_LEN]);
            ours.seal(&nonce, &aad, &mut a, &mut tag).unwrap();
            other.seal(&nonce, &aad, &mut b, &mut same).unwrap();
            assert_eq!((&a, tag), (&b, same));
            assert!(ours.open(&nonce, &aad, &mut b, &tag) && other.open(&nonce, &aad, &mut a, &tag));
            assert_eq!((&a, &b), (&vec![byte; len], &vec![byte; len]));
        }
    }
}
