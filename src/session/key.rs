//! Static keys of X25519.

use core::fmt;
use std::sync::Arc;

use zeroize::ZeroizeOnDrop;

use crate::{
    encoding::hex_encode,
    error::Error,
    primitive::{dh, rng::Os},
    secret::Secret,
};

/// The static key of one endpoint: 32 bytes, for X25519 (RFC 7748) and for nothing else.
///
/// It is made where it is used and stays there. Whoever has it can pass for its owner.
pub struct PrivateKey(Arc<dh::PrivateKey>);

impl PrivateKey {
    /// The size in bytes.
    pub const LEN: usize = dh::LEN;

    /// A fresh key.
    ///
    /// # Errors
    ///
    /// [`Error::Random`].
    pub fn generate() -> Result<Self, Error> {
        dh::PrivateKey::generate(&mut Os).map(|key| Self(Arc::new(key)))
    }

    /// The key that was stored. Any 32 random bytes are one.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] for 32 equal bytes, which is what a key that was never set looks like.
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Result<Self, Error> {
        // Looked at whole, so that the time does not tell where the first other byte stands.
        let differing = bytes.iter().fold(0, |differing, byte| differing | (byte ^ bytes[0]));
        if differing == 0 {
            return Err(Error::Value);
        }
        Ok(Self(Arc::new(dh::PrivateKey::from_secret(Secret::from_bytes(bytes)))))
    }

    /// The bytes, to be stored sealed. Every use of a secret is a call of this.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8; Self::LEN] {
        self.0.expose_secret()
    }

    /// What the others know it by.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey(*self.0.public())
    }

    pub(super) fn shared(&self) -> Arc<dh::PrivateKey> {
        self.0.clone()
    }
}

/// The secret inside is wiped with its last owner.
impl ZeroizeOnDrop for PrivateKey {}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("public", &self.public_key()).finish_non_exhaustive()
    }
}

/// The public half of a [`PrivateKey`]: 32 bytes, no secret. Where it comes from decides who is spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; dh::LEN]);

impl PublicKey {
    /// The size in bytes.
    pub const LEN: usize = dh::LEN;

    /// Takes any 32 bytes; a key that contributes nothing is refused in the handshake.
    #[must_use]
    pub const fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        Self(*bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl TryFrom<&[u8]> for PublicKey {
    type Error = Error;

    fn try_from(bytes: &[u8]) -> Result<Self, Error> {
        bytes.try_into().map(Self).map_err(|_| Error::Value)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", hex_encode(&self.0))
    }
}
