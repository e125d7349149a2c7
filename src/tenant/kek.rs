//! The key-encryption key: it wraps the roots of every tenant and authenticates what stands beside them.

use core::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::{
    encoding::info,
    error::Error,
    primitive::{
        hash::sha256,
        kdf,
        mac::HmacSha256,
        rng::{Os, RandomSource},
    },
    secret::{Secret, SecretBytes},
    tenant::{
        derived::Seed,
        entry,
        suite::{Suite, SuiteKey},
    },
};

/// A key-encryption key of 32 bytes.
///
/// It is never used as it is: each use is expanded from `PRK = Extract(SHA-256(I("kek")), key)`, FORMAT.md
/// section 3.
///
/// # Security
///
/// Whoever has it has every tenant of its keyring. It must come from a generator, never from a word that a person
/// chose: those belong in a key file ([`Keyring::create`](crate::tenant::Keyring::create)).
pub struct Kek(Secret<32>);

impl Kek {
    /// The size in bytes.
    pub const LEN: usize = 32;

    /// A fresh key from the operating system's generator, which ends with this process: its bytes cannot be had.
    ///
    /// It is for [`Keyring::in_memory`](crate::tenant::Keyring::in_memory), for tests, and for
    /// [`Keyring::rotate_kek`](crate::tenant::Keyring::rotate_kek) of a key file, which seals it with the passphrase. What a
    /// database holds under it is lost: there, keep the bytes of [`Kek::generate_bytes`] first.
    ///
    /// # Errors
    ///
    /// [`Error::Random`] if that gives nothing.
    pub fn generate() -> Result<Self, Error> {
        Self::generate_from(&mut Os)
    }

    /// A fresh key from the caller's generator.
    ///
    /// # Errors
    ///
    /// [`Error::Random`] if that fails.
    #[cfg(feature = "hazmat")]
    pub fn generate_with_rng<R: crate::primitive::rng::TryCryptoRng>(rng: &mut R) -> Result<Self, Error> {
        Self::generate_from(&mut crate::primitive::rng::Explicit(rng))
    }

    /// The bytes of a fresh key, for your secret store: keep them there, and read them back, before anything is under the
    /// key that [`Kek::from_bytes`] makes of them. Without them, everything that it wraps is lost.
    ///
    /// # Errors
    ///
    /// [`Error::Random`] if the operating system's generator gives nothing.
    ///
    /// # Example
    ///
    /// ```
    /// use tenantseal::tenant::Kek;
    ///
    /// # fn main() -> Result<(), tenantseal::Error> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("kek");
    /// std::fs::write(&path, Kek::generate_bytes()?.expose_secret())?; // once
    /// let kek = Kek::try_from(std::fs::read(&path)?.as_slice())?; // at every start
    /// # Ok(())
    /// # }
    /// ```
    pub fn generate_bytes() -> Result<Secret<{ Self::LEN }>, Error> {
        Os.secret()
    }

    /// Takes a key that is kept elsewhere.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] if all 32 bytes are the same: that is a field nobody filled, not a key.
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Result<Self, Error> {
        let [first, rest @ ..] = bytes;
        // The branch tells only whether the key is no key at all.
        if rest.iter().fold(0, |difference, byte| difference | (byte ^ first)) == 0 {
            return Err(Error::Value);
        }
        Ok(Self(Secret::from_bytes(bytes)))
    }

    pub(crate) fn generate_from(rng: &mut impl RandomSource) -> Result<Self, Error> {
        rng.secret().map(Self)
    }

    pub(crate) fn expose_secret(&self) -> &[u8; Self::LEN] {
        self.0.expose_secret()
    }
}

impl TryFrom<&[u8]> for Kek {
    type Error = Error;

    fn try_from(bytes: &[u8]) -> Result<Self, Error> {
        bytes.try_into().map_err(|_| Error::Value).and_then(Self::from_bytes)
    }
}

impl fmt::Debug for Kek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kek").finish_non_exhaustive()
    }
}

/// A passphrase that opens a key file, wiped when dropped.
pub struct Passphrase(SecretBytes);

impl Passphrase {
    /// The shortest passphrase for a new key file, in bytes.
    pub const MIN_LEN: usize = 12;

    /// Reads the passphrase from an environment variable.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] if the variable is not set or empty. Only a new key file asks for [`Passphrase::MIN_LEN`] bytes.
    pub fn from_env(variable: &str) -> Result<Self, Error> {
        std::env::var_os(variable)
            .map(std::os::unix::ffi::OsStringExt::into_vec)
            .ok_or(Error::Value)
            .and_then(Self::from_vec)
    }

    /// Takes the passphrase over, and wipes it when dropped.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] if it is empty.
    pub fn from_vec(bytes: Vec<u8>) -> Result<Self, Error> {
        let secret = SecretBytes::from_vec(bytes);
        if secret.expose_secret().is_empty() { Err(Error::Value) } else { Ok(Self(secret)) }
    }

    pub(crate) fn expose_secret(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl TryFrom<&str> for Passphrase {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        Self::from_vec(text.as_bytes().to_vec())
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passphrase").finish_non_exhaustive()
    }
}

/// What records say they are wrapped under: the kind of provider, u16 BE, and 16 bytes that name the key.
pub(crate) type Provider = (u16, [u8; 16]);

/// Where the KEK is, behind what is done with it.
pub(crate) enum KeyHandle {
    /// In this process.
    Local(LocalKek),
}

impl KeyHandle {
    pub(crate) fn local(kek: &Kek) -> Result<Self, Error> {
        LocalKek::new(kek).map(Self::Local)
    }

    pub(crate) fn provider(&self) -> Provider {
        match self {
            Self::Local(kek) => (LocalKek::PROVIDER, kek.id),
        }
    }

    /// Wraps a secret: `nonce || ciphertext || tag`.
    pub(crate) fn wrap(
        &self,
        suite: Suite,
        aad: &[u8],
        secret: &[u8],
        rng: &mut impl RandomSource,
    ) -> Result<Vec<u8>, Error> {
        match self {
            Self::Local(kek) => kek.with_wrapping(suite, |w| w.wrap(suite, aad, secret, rng)),
        }
    }

    /// Unwraps what [`KeyHandle::wrap`] made.
    pub(crate) fn unwrap(&self, suite: Suite, aad: &[u8], wrapped: &[u8]) -> Result<SecretBytes, Error> {
        match self {
            Self::Local(kek) => kek.with_wrapping(suite, |w| w.unwrap(suite, aad, wrapped)),
        }
    }

    /// The MAC of a document that stands beside the records, under a key of that purpose alone.
    pub(crate) fn mac(&self, suite: Suite, purpose: &str, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        match self {
            Self::Local(kek) => kek.mac(suite, purpose, bytes),
        }
    }
}

/// The KEKs of a keyring: the one that wraps what is new, others that older entries are still under, and the seeds of
/// derived roots.
pub(crate) struct Keks(RwLock<Held>);

struct Held {
    /// The current one first.
    keks: Vec<Arc<KeyHandle>>,
    seeds: Vec<Arc<Seed>>,
}

impl Keks {
    pub(crate) fn new(current: KeyHandle, others: &[Arc<KeyHandle>]) -> Self {
        let keks = core::iter::once(Arc::new(current)).chain(others.iter().cloned()).collect();
        Self(RwLock::new(Held { keks, seeds: Vec::new() }))
    }

    /// What new entries are wrapped under.
    ///
    /// # Errors
    ///
    /// None at present: there is always one.
    pub(crate) fn current(&self) -> Result<Arc<KeyHandle>, Error> {
        self.read(|held| held.keks.first().cloned()).ok_or(Error::UnknownKek)
    }

    /// The KEK that an entry names.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKek`] if it is none of these.
    // Not inlined, so that ffi/tests/ct.supp can say that the names of keys are public.
    #[inline(never)]
    pub(crate) fn of(&self, provider: Provider) -> Result<Arc<KeyHandle>, Error> {
        self.read(|held| held.keks.iter().find(|kek| kek.provider() == provider).cloned())
            .ok_or(Error::UnknownKek)
    }

    /// Has a KEK at hand that is not the current one.
    pub(crate) fn add(&self, kek: Arc<KeyHandle>) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if held.keks.iter().all(|other| other.provider() != kek.provider()) {
            held.keks.push(kek);
        }
    }

    /// Makes a KEK the current one; those before it stay, for what is still under them.
    pub(crate) fn set_current(&self, kek: Arc<KeyHandle>) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        held.keks.retain(|other| other.provider() != kek.provider());
        held.keks.insert(0, kek);
    }

    /// The seed that a derived record names.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`] if it is none of those that were added.
    pub(crate) fn seed(&self, id: &[u8; 16]) -> Result<Arc<Seed>, Error> {
        self.read(|held| held.seeds.iter().find(|seed| seed.id() == id).cloned()).ok_or(Error::UnknownKey)
    }

    pub(crate) fn set_seeds(&self, seeds: Vec<Arc<Seed>>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).seeds = seeds;
    }

    fn read<T>(&self, read: impl FnOnce(&Held) -> T) -> T {
        read(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A KEK whose bytes this process holds: raw, or from a key file.
pub(crate) struct LocalKek {
    id: [u8; 16],
    prk: Secret<32>,
    /// The wrapping key of the default suite; those of others are derived when a record asks for them.
    wrapping: SuiteKey,
    /// The key of [`entry::MAC_PURPOSE`] for the default suite: entries are read at every handshake.
    entries: HmacSha256,
}

impl LocalKek {
    const PROVIDER: u16 = 1;

    fn new(kek: &Kek) -> Result<Self, Error> {
        let prk = kdf::extract(&sha256(&[&info(&[b"kek"])?]), kek.expose_secret());
        let id = Suite::default().expand::<16>(&prk, "kek/id", &[])?;
        let wrapping = Self::wrapping_key(&prk, Suite::default())?;
        let entries = HmacSha256::new(&Suite::default().expand(&prk, entry::MAC_PURPOSE, &[])?);
        Ok(Self { id: *id.expose_secret(), prk, wrapping, entries })
    }

    fn mac(&self, suite: Suite, purpose: &str, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        if (suite, purpose) == (Suite::default(), entry::MAC_PURPOSE) {
            Ok(self.entries.tag(&[bytes]).to_vec())
        } else {
            Ok(suite.mac(&suite.expand(&self.prk, purpose, &[])?, &[bytes]))
        }
    }

    fn wrapping_key(prk: &Secret<32>, suite: Suite) -> Result<SuiteKey, Error> {
        SuiteKey::new(suite, suite.expand(prk, "kek/wrap", &[])?)
    }

    fn with_wrapping<T>(
        &self,
        suite: Suite,
        act: impl FnOnce(&SuiteKey) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if suite == Suite::default() {
            act(&self.wrapping)
        } else {
            act(&Self::wrapping_key(&self.prk, suite)?)
        }
    }
}
