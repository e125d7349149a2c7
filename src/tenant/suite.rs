//! What a suite number in a header or record stands for: AEAD, key derivation, hash and sizes, all fixed together.

use crate::{
    encoding::info_of,
    error::Error,
    primitive::{
        aead::{Aes256Gcm, GCM_NONCE_LEN, TAG_LEN, Xaes256Gcm},
        hash, kdf, mac,
        rng::RandomSource,
    },
    secret::{Secret, SecretBytes},
};

/// A cipher suite. It fixes the AEAD, the key derivation, the hash and every size; nothing is negotiated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Suite {
    /// `02`: AES-SIV (AEAD_AES_SIV_CMAC_512, RFC 5297), HKDF-SHA-256, SHA-256. Of deterministic cells alone.
    AesSiv,
    /// `01`: XAES-256-GCM (C2SP), HKDF-SHA-256, SHA-256, HMAC-SHA-256.
    #[default]
    Xaes256Gcm,
    /// `7F`: a test suite with other sizes and another hash, to show that no format depends on those of `01`.
    ///
    /// AES-256-GCM under `HKDF-SHA-512(salt = first 20 bytes of a 32-byte nonce)`, SHA-512, HMAC-SHA-512.
    #[cfg(feature = "hazmat")]
    Test,
}

impl Suite {
    /// Every suite of this build that seals anything: all but that of deterministic cells.
    #[cfg(feature = "hazmat")]
    pub const ALL: &'static [Self] = &[Self::Xaes256Gcm, Self::Test];
    /// Every suite of this build that seals anything: all but that of deterministic cells.
    #[cfg(not(feature = "hazmat"))]
    pub const ALL: &'static [Self] = &[Self::Xaes256Gcm];

    /// The number that stands for this suite in every format.
    #[must_use]
    pub const fn id(self) -> u8 {
        match self {
            Self::AesSiv => 0x02,
            Self::Xaes256Gcm => 0x01,
            #[cfg(feature = "hazmat")]
            Self::Test => 0x7f,
        }
    }

    /// The size of a nonce, in bytes.
    pub(crate) const fn nonce_len(self) -> usize {
        match self {
            Self::AesSiv => 0,
            Self::Xaes256Gcm => 24,
            #[cfg(feature = "hazmat")]
            Self::Test => 32,
        }
    }

    /// The size of a MAC tag, in bytes.
    pub(crate) const fn mac_len(self) -> usize {
        match self {
            Self::AesSiv | Self::Xaes256Gcm => 32,
            #[cfg(feature = "hazmat")]
            Self::Test => 64,
        }
    }

    /// The suite of the deterministic cells of a keyring that seals with this one.
    pub(crate) const fn deterministic(self) -> Self {
        match self {
            Self::AesSiv | Self::Xaes256Gcm => Self::AesSiv,
            #[cfg(feature = "hazmat")]
            Self::Test => Self::Test,
        }
    }

    /// The suite of that number.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] for a number that this build does not have.
    pub(crate) fn from_id(id: u8) -> Result<Self, Error> {
        Self::ALL.iter().copied().find(|suite| suite.id() == id).ok_or(Error::Unsupported)
    }

    /// `Expand(prk, I(purpose, suite, N, context...), N)` with the suite's key derivation.
    pub(crate) fn expand<const N: usize>(
        self,
        prk: &Secret<32>,
        purpose: &str,
        context: &[&[u8]],
    ) -> Result<Secret<N>, Error> {
        let info = purpose_info(purpose, self.id(), N, context)?;
        Secret::try_filled(|out| match self {
            Self::AesSiv | Self::Xaes256Gcm => kdf::expand(prk, &info, out),
            #[cfg(feature = "hazmat")]
            Self::Test => kdf::hkdf_sha512(b"", prk.expose_secret(), &info, out),
        })
    }

    /// The suite's hash of a context.
    pub(crate) fn hash(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::AesSiv | Self::Xaes256Gcm => hash::sha256(&[bytes]).to_vec(),
            #[cfg(feature = "hazmat")]
            Self::Test => hash::sha512(&[bytes]).to_vec(),
        }
    }

    /// The suite's MAC of the parts joined, [`Suite::mac_len`] bytes.
    pub(crate) fn mac(self, key: &Secret<32>, parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::AesSiv | Self::Xaes256Gcm => mac::HmacSha256::new(key).tag(parts).to_vec(),
            #[cfg(feature = "hazmat")]
            Self::Test => mac::hmac_sha512(key, parts).to_vec(),
        }
    }
}

/// `I(purpose, suite u8, length u16 BE, context...)`: the form of every HKDF info.
pub(crate) fn purpose_info(
    purpose: &str,
    suite: u8,
    len: usize,
    context: &[&[u8]],
) -> Result<Vec<u8>, Error> {
    let len = u16::try_from(len).map_err(|_| Error::TooLong)?.to_be_bytes();
    info_of(&[purpose.as_bytes(), &[suite], &len], context)
}

/// A prepared key of one suite.
pub(crate) enum SuiteKey {
    Xaes256Gcm(Box<Xaes256Gcm>),
    #[cfg(feature = "hazmat")]
    Test(Secret<32>),
}

impl SuiteKey {
    /// # Errors
    ///
    /// [`Error::Unsupported`] of the suite of deterministic cells, whose keys are none of these.
    pub(crate) fn new(suite: Suite, key: Secret<32>) -> Result<Self, Error> {
        match suite {
            Suite::AesSiv => Err(Error::Unsupported),
            Suite::Xaes256Gcm => Ok(Self::Xaes256Gcm(Box::new(Xaes256Gcm::new(key.expose_secret())))),
            #[cfg(feature = "hazmat")]
            Suite::Test => Ok(Self::Test(key)),
        }
    }

    /// The GCM key that a nonce selects by all but its last 12 bytes, and those 12 bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] if the nonce is not of the suite's size.
    pub(crate) fn derive<'n>(&self, nonce: &'n [u8]) -> Result<(Aes256Gcm, &'n [u8; GCM_NONCE_LEN]), Error> {
        let (head, tail) = nonce.split_last_chunk::<GCM_NONCE_LEN>().ok_or(Error::Malformed)?;
        let gcm = match self {
            Self::Xaes256Gcm(key) => key.derive(head.try_into().map_err(|_| Error::Malformed)?),
            #[cfg(feature = "hazmat")]
            Self::Test(key) => {
                let mut derived = zeroize::Zeroizing::new([0; 32]);
                let info = purpose_info("test/message", Suite::Test.id(), 32, &[])?;
                kdf::hkdf_sha512(head, key.expose_secret(), &info, &mut *derived)?;
                Aes256Gcm::new(&derived)
            }
        };
        Ok((gcm, tail))
    }

    /// `nonce || ciphertext || tag` under a fresh random nonce.
    pub(crate) fn wrap(
        &self,
        suite: Suite,
        aad: &[u8],
        plaintext: &[u8],
        rng: &mut impl RandomSource,
    ) -> Result<Vec<u8>, Error> {
        let mut out = Vec::with_capacity(suite.nonce_len() + plaintext.len() + TAG_LEN);
        out.resize(suite.nonce_len(), 0);
        rng.fill(&mut out)?;
        out.extend_from_slice(plaintext);
        let (nonce, buffer) = out.split_at_mut_checked(suite.nonce_len()).ok_or(Error::Value)?;
        let (gcm, tail) = self.derive(nonce)?;
        let mut tag = [0; TAG_LEN];
        gcm.seal_in_place(tail, aad, buffer, &mut tag)?;
        out.extend_from_slice(&tag);
        Ok(out)
    }

    /// What [`SuiteKey::wrap`] was given.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] for anything that `wrap` did not make under this key and `aad`.
    pub(crate) fn unwrap(&self, suite: Suite, aad: &[u8], wrapped: &[u8]) -> Result<SecretBytes, Error> {
        let (nonce, sealed) = wrapped.split_at_checked(suite.nonce_len()).ok_or(Error::Open)?;
        let (ciphertext, tag) = sealed.split_last_chunk::<TAG_LEN>().ok_or(Error::Open)?;
        let (gcm, tail) = self.derive(nonce)?;
        let mut plaintext = SecretBytes::from_vec(ciphertext.to_vec());
        gcm.open_in_place(tail, aad, plaintext.expose_secret_mut(), tag)?;
        Ok(plaintext)
    }
}
