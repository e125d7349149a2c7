//! AES-SIV, RFC 5297: deterministic authenticated encryption.

use aes_siv::{
    KeyInit as _,
    siv::{Aes256Siv, IV_SIZE},
};
use zeroize::{Zeroize as _, ZeroizeOnDrop};

use crate::{error::Error, secret::Secret};

/// The size of the synthetic IV, which is the tag too, in bytes.
pub(crate) const SIV_LEN: usize = IV_SIZE;

/// A prepared key of AEAD_AES_SIV_CMAC_512, RFC 5297 section 6.3, with one associated-data component and no nonce.
///
/// Equal plaintexts under equal `aad` give equal ciphertexts: that is all it gives away.
pub(crate) struct AesSiv(Aes256Siv);

impl AesSiv {
    pub(crate) fn new(key: &Secret<64>) -> Self {
        Self(Aes256Siv::new(key.expose_secret().into()))
    }

    /// Encrypts `buffer` in place and returns the synthetic IV.
    ///
    /// # Errors
    ///
    /// None with one component; [`Error::TooLong`] if the crate should refuse.
    pub(crate) fn seal_in_place(&mut self, aad: &[u8], buffer: &mut [u8]) -> Result<[u8; SIV_LEN], Error> {
        self.seal_components(&[aad], buffer)
    }

    /// Decrypts `buffer` in place.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] if the synthetic IV does not verify; `buffer` is zeroed then.
    pub(crate) fn open_in_place(
        &mut self,
        aad: &[u8],
        buffer: &mut [u8],
        siv: &[u8; SIV_LEN],
    ) -> Result<(), Error> {
        self.open_components(&[aad], buffer, siv)
    }

    /// The published vectors have several components, a nonce as the last; nothing else has.
    pub(super) fn seal_components(
        &mut self,
        components: &[&[u8]],
        buffer: &mut [u8],
    ) -> Result<[u8; SIV_LEN], Error> {
        let siv = self.0.encrypt_inout_detached(components, buffer.into());
        siv.map(Into::into).map_err(|_| Error::TooLong)
    }

    pub(super) fn open_components(
        &mut self,
        components: &[&[u8]],
        buffer: &mut [u8],
        siv: &[u8; SIV_LEN],
    ) -> Result<(), Error> {
        let opened = self.0.decrypt_inout_detached(components, (&mut *buffer).into(), siv.into());
        opened.map_err(|_| {
            buffer.zeroize();
            Error::Open
        })
    }
}

const fn assert_wiped<T: ZeroizeOnDrop>() {}
const _: () = assert_wiped::<Aes256Siv>();
