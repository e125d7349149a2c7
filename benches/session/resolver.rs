//! This build's primitives: by themselves, and for snow.

use std::sync::OnceLock;

use hmac::digest::Digest as _;
use snow::{
    Error,
    params::{CipherChoice, DHChoice, HashChoice},
    resolvers::CryptoResolver,
    types::{Cipher, Dh, Hash, Random},
};

use super::floor::Gcm;

#[cfg(feature = "aws-lc")]
pub use aws_lc::Key;
#[cfg(not(feature = "aws-lc"))]
pub use rust_crypto::Key;

#[cfg(not(feature = "aws-lc"))]
mod rust_crypto {
    use x25519_dalek::{PublicKey, StaticSecret};

    pub struct Key(StaticSecret, [u8; 32]);

    impl Key {
        pub fn new(bytes: &[u8; 32]) -> Self {
            let secret = StaticSecret::from(*bytes);
            let public = PublicKey::from(&secret).to_bytes();
            Self(secret, public)
        }

        pub fn public(&self) -> &[u8; 32] {
            &self.1
        }

        pub fn agree(&self, theirs: &[u8; 32]) -> [u8; 32] {
            self.0.diffie_hellman(&PublicKey::from(*theirs)).to_bytes()
        }
    }
}

#[cfg(feature = "aws-lc")]
mod aws_lc {
    use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};

    pub struct Key(PrivateKey, [u8; 32]);

    impl Key {
        pub fn new(bytes: &[u8; 32]) -> Self {
            let key = PrivateKey::from_private_key(&X25519, bytes).unwrap();
            let public = key.compute_public_key().unwrap().as_ref().try_into().unwrap();
            Self(key, public)
        }

        pub fn public(&self) -> &[u8; 32] {
            &self.1
        }

        pub fn agree(&self, theirs: &[u8; 32]) -> [u8; 32] {
            agree(&self.0, UnparsedPublicKey::new(&X25519, theirs), (), |shared| {
                Ok(shared.try_into().unwrap())
            })
            .unwrap()
        }
    }
}

pub struct Resolver;

impl CryptoResolver for Resolver {
    fn resolve_rng(&self) -> Option<Box<dyn Random>> {
        Some(Box::new(Os))
    }

    fn resolve_dh(&self, _: &DHChoice) -> Option<Box<dyn Dh>> {
        Some(Box::new(X25519::default()))
    }

    fn resolve_hash(&self, _: &HashChoice) -> Option<Box<dyn Hash>> {
        Some(Box::new(Sha256::default()))
    }

    fn resolve_cipher(&self, _: &CipherChoice) -> Option<Box<dyn Cipher>> {
        Some(Box::new(AesGcm::default()))
    }
}

struct Os;

impl Random for Os {
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        getrandom::fill(dest).map_err(|_| Error::Rng)
    }
}

#[derive(Default)]
struct X25519 {
    bytes: [u8; 32],
    key: OnceLock<Key>,
}

impl Dh for X25519 {
    fn name(&self) -> &'static str {
        "25519"
    }

    fn pub_len(&self) -> usize {
        32
    }

    fn priv_len(&self) -> usize {
        32
    }

    fn set(&mut self, privkey: &[u8]) {
        self.bytes.copy_from_slice(privkey);
        self.key = OnceLock::from(Key::new(&self.bytes));
    }

    fn generate(&mut self, rng: &mut dyn Random) -> Result<(), Error> {
        rng.try_fill_bytes(&mut self.bytes)?;
        self.key = OnceLock::from(Key::new(&self.bytes));
        Ok(())
    }

    fn pubkey(&self) -> &[u8] {
        self.key.get().map_or(&[0; 32], |key| key.public())
    }

    fn privkey(&self) -> &[u8] {
        &self.bytes
    }

    fn dh(&self, pubkey: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let theirs = pubkey.first_chunk().ok_or(Error::Dh)?;
        out[..32].copy_from_slice(&self.key.get().ok_or(Error::Dh)?.agree(theirs));
        Ok(())
    }
}

#[derive(Default)]
struct Sha256(sha2::Sha256);

impl Hash for Sha256 {
    fn name(&self) -> &'static str {
        "SHA256"
    }

    fn block_len(&self) -> usize {
        64
    }

    fn hash_len(&self) -> usize {
        32
    }

    fn reset(&mut self) {
        self.0 = sha2::Sha256::new();
    }

    fn input(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn result(&mut self, out: &mut [u8]) {
        out[..32].copy_from_slice(&self.0.finalize_reset());
    }
}

#[derive(Default)]
struct AesGcm(OnceLock<Gcm>);

impl Cipher for AesGcm {
    fn name(&self) -> &'static str {
        "AESGCM"
    }

    fn set(&mut self, key: &[u8; 32]) {
        self.0 = OnceLock::from(Gcm::new(key));
    }

    fn encrypt(&self, nonce: u64, authtext: &[u8], plaintext: &[u8], out: &mut [u8]) -> usize {
        out[..plaintext.len()].copy_from_slice(plaintext);
        let (body, rest) = out.split_at_mut(plaintext.len());
        rest[..16].copy_from_slice(&self.0.get().unwrap().seal(&bytes(nonce), authtext, body));
        plaintext.len() + 16
    }

    fn decrypt(
        &self,
        nonce: u64,
        authtext: &[u8],
        ciphertext: &[u8],
        out: &mut [u8],
    ) -> Result<usize, Error> {
        let (body, tag) = ciphertext.split_last_chunk().ok_or(Error::Decrypt)?;
        let out = &mut out[..body.len()];
        out.copy_from_slice(body);
        let opened = self.0.get().unwrap().open(&bytes(nonce), authtext, out, tag);
        if opened { Ok(body.len()) } else { Err(Error::Decrypt) }
    }
}

fn bytes(nonce: u64) -> [u8; 12] {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&nonce.to_be_bytes());
    bytes
}
