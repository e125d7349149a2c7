//! Which tokens and EncodingAESKeys can be used, and what they are as bytes.

use core::fmt;

use base64_simd::AsOut as _;
use zeroize::Zeroizing;

use crate::{
    encoding::ct_eq,
    error::Error,
    primitive::legacy::Aes256Cbc,
    secret::{Secret, SecretBytes},
};

/// A token with the AES key that belongs to it.
pub(super) struct Pair {
    token: SecretBytes,
    key: AesKey,
}

impl Pair {
    pub(super) fn new(token: &str, encoding_aes_key: &str) -> Result<Self, Error> {
        let usable =
            (1..=MAX_TOKEN).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !usable {
            return Err(Error::CallbackCredentials);
        }
        let key = AesKey::new(encoding_aes_key)?;
        Ok(Self { token: SecretBytes::from_vec(token.into()), key })
    }

    pub(super) fn token(&self) -> &[u8] {
        self.token.expose_secret()
    }

    pub(super) fn encrypt_in_place(&self, buffer: &mut [u8]) -> Result<(), Error> {
        self.key.encrypt_in_place(buffer)
    }

    pub(super) fn decrypt_in_place(&self, buffer: &mut [u8]) -> Result<(), Error> {
        self.key.decrypt_in_place(self.key.iv(), buffer)
    }

    /// Whether both are the same token and the same key, however the key is spelled.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        ct_eq(self.token(), other.token())
            & ct_eq(self.key.bytes.expose_secret(), other.key.bytes.expose_secret())
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair").finish_non_exhaustive()
    }
}

/// An AES key as Tencent writes it. The key schedule is made once.
pub(super) struct AesKey {
    bytes: Secret<32>,
    cipher: Aes256Cbc,
    iv: Secret<16>,
}

impl AesKey {
    pub(super) fn new(encoding_aes_key: &str) -> Result<Self, Error> {
        let bytes = decode_key(encoding_aes_key)?;
        let iv = Secret::filled(|iv| {
            *iv = *bytes.expose_secret().first_chunk().expect("32 bytes start with 16");
        });
        let cipher = Aes256Cbc::new(bytes.expose_secret());
        Ok(Self { bytes, cipher, iv })
    }

    /// The IV that the format fixes: the first half of the key.
    pub(super) fn iv(&self) -> &[u8; 16] {
        self.iv.expose_secret()
    }

    pub(super) fn encrypt_in_place(&self, buffer: &mut [u8]) -> Result<(), Error> {
        self.cipher.encrypt_in_place(self.iv(), buffer)
    }

    /// Decrypts under an IV, which past the first block is the ciphertext block before.
    pub(super) fn decrypt_in_place(&self, iv: &[u8; 16], buffer: &mut [u8]) -> Result<(), Error> {
        self.cipher.decrypt_in_place(iv, buffer)
    }
}

/// Decodes 43 base64 digits to 32 bytes.
///
/// The last digit carries two bits that are not part of the key, and the console sets them at random: they are
/// cleared here, everything else is strict.
fn decode_key(text: &str) -> Result<Secret<32>, Error> {
    let (last, head) = text.as_bytes().split_last().ok_or(Error::CallbackCredentials)?;
    let head: &[u8; 42] = head.try_into().map_err(|_| Error::CallbackCredentials)?;
    let mut canonical = Zeroizing::new([b'='; 44]);
    let (front, back) = canonical.split_first_chunk_mut::<42>().expect("44 bytes start with 42");
    *front = *head;
    if let Some(digit) = back.first_mut() {
        *digit = canonical_last(*last).ok_or(Error::CallbackCredentials)?;
    }
    Secret::try_filled(|out| match base64_simd::STANDARD.decode(&*canonical, out.as_mut_slice().as_out()) {
        Ok(written) if written.len() == 32 => Ok(()),
        _ => Err(Error::CallbackCredentials),
    })
}

/// The digit with the same four upper bits and the two lower ones clear.
fn canonical_last(digit: u8) -> Option<u8> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    b"AEIMQUYcgkosw048".get(usize::from(value >> 2)).copied()
}

/// Tencent's limit, developer.work.weixin.qq.com/document/path/96238.
const MAX_TOKEN: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "nfrioO2Mvz8dAOsjOsgquBXbenoyMAERIm7uf3B7Zo";

    #[test]
    fn the_four_spellings_of_a_key_are_one_key() {
        let first = Pair::new("t", &format!("{KEY}I")).unwrap();
        for last in "IJKL".chars() {
            assert!(Pair::new("t", &format!("{KEY}{last}")).unwrap().is_same(&first), "{last}");
        }
        assert!(!Pair::new("t", &format!("{KEY}M")).unwrap().is_same(&first));
        assert!(!Pair::new("u", &format!("{KEY}I")).unwrap().is_same(&first));
    }

    #[test]
    fn every_last_digit_keeps_its_upper_bits() {
        for (value, digit) in
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".iter().enumerate()
        {
            let key = decode_key(&format!("{}{}", "A".repeat(42), char::from(*digit))).unwrap();
            assert_eq!(usize::from(key.expose_secret()[31]), value >> 2);
        }
    }

    #[test]
    fn credentials_of_another_form_are_refused() {
        let good = format!("{KEY}I");
        assert!(Pair::new(&"a".repeat(32), &good).is_ok());
        for token in ["", "a b", "a-b", "t\n", "口", &"a".repeat(33)] {
            assert_eq!(Pair::new(token, &good).err(), Some(Error::CallbackCredentials), "{token:?}");
        }
        let long = format!("{KEY}I=");
        let spaced = format!(" {KEY}I");
        let url_safe = good.replace("Mvz8", "Mv-_");
        let inside = good.replace("Mvz8", "Mv=8");
        for key in ["", KEY, &long, &spaced, &url_safe, &inside, &format!("{KEY}="), &format!("{KEY}\0")] {
            assert_eq!(Pair::new("t", key).err(), Some(Error::CallbackCredentials), "{key:?}");
        }
    }
}
