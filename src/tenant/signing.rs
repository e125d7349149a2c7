//! The operator's signing keys: one for each purpose, rotated, and a list of their public halves. FORMAT.md section 15.

use core::fmt;

use crate::{
    encoding::{Reader, info},
    error::Error,
    primitive::{
        hash::sha256,
        rng::{Os, RandomSource as _},
        sign::{self, SigningKey},
    },
    secret::Secret,
    tenant::{
        draft::Draft,
        event::KeyEvent,
        keyring::{Keyring, now},
        name,
        store::Entry,
    },
};

const LIST_MAGIC: &[u8; 4] = b"TSPK";
const SIGNED_MAGIC: &[u8; 4] = b"TSSG";
const VERSION: u8 = 1;
const ED25519: u8 = 1;

/// What a signing key of the operator is for. No key serves two purposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SigningPurpose {
    /// `2`: checkpoints of the audit log.
    Checkpoint,
    /// `4`: grants.
    Grant,
    /// `1`: receipts of shredding.
    Receipt,
    /// `3`: tickets of the key server.
    Ticket,
}

impl SigningPurpose {
    const ALL: [Self; 4] = [Self::Receipt, Self::Checkpoint, Self::Ticket, Self::Grant];

    pub(crate) const fn id(self) -> u8 {
        match self {
            Self::Receipt => 1,
            Self::Checkpoint => 2,
            Self::Ticket => 3,
            Self::Grant => 4,
        }
    }

    pub(crate) fn from_id(id: u8) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|purpose| purpose.id() == id).ok_or(Error::Unsupported)
    }
}

/// The public half of a signing key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    purpose: SigningPurpose,
    number: u32,
    created: u64,
    public_key: [u8; 32],
    /// By the key before it, the first by itself: whoever trusts one key can follow to the next.
    endorsement: [u8; 64],
}

impl PublicKey {
    /// The size of a list's item, in bytes.
    const LEN: usize = 1 + 4 + 8 + 32 + 64;

    /// What it is for.
    #[must_use]
    pub fn purpose(&self) -> SigningPurpose {
        self.purpose
    }

    /// Which one of its purpose, counted from 1.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// When it was made, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn created(&self) -> u64 {
        self.created
    }

    /// The Ed25519 public key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.public_key
    }

    /// The 16 bytes that signatures name it by.
    ///
    /// # Errors
    ///
    /// None: the encoding is fallible for longer parts.
    pub fn id(&self) -> Result<[u8; 16], Error> {
        key_id(self.purpose, &self.public_key)
    }

    /// What an endorsement signs.
    fn statement(&self) -> Result<Vec<u8>, Error> {
        info(&[
            b"signing-key",
            &[self.purpose.id(), ED25519],
            &self.number.to_be_bytes(),
            &self.created.to_be_bytes(),
            &self.public_key,
        ])
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.purpose.id());
        out.extend_from_slice(&self.number.to_be_bytes());
        out.extend_from_slice(&self.created.to_be_bytes());
        out.extend_from_slice(&self.public_key);
        out.extend_from_slice(&self.endorsement);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Self {
            purpose: SigningPurpose::from_id(reader.u8()?)?,
            number: reader.u32()?,
            created: reader.u64()?,
            public_key: *reader.array()?,
            endorsement: *reader.array()?,
        })
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey")
            .field("purpose", &self.purpose)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

/// Every public key that an operator ever signed with, to be published: with it, others verify receipts.
///
/// Each key is endorsed by the one before it, so a list can be followed from one that is trusted already
/// ([`KeyList::follow`]). Trust in the first comes from elsewhere: a contract, a web page, a telephone call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyList(Vec<PublicKey>);

impl KeyList {
    /// Reads a list, and checks that each key is endorsed by the one before it.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`], [`Error::Unsupported`]; [`Error::Open`] if an endorsement does not verify.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes);
        if reader.array::<4>()? != LIST_MAGIC {
            return Err(Error::Malformed);
        }
        if reader.u8()? != VERSION {
            return Err(Error::Unsupported);
        }
        let mut keys = Vec::new();
        for _ in 0..reader.u32()? {
            keys.push(PublicKey::read(&mut reader)?);
        }
        reader.finish()?;
        let list = Self(keys);
        list.check()?;
        Ok(list)
    }

    /// The bytes to publish.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(9 + self.0.len() * PublicKey::LEN);
        out.extend_from_slice(LIST_MAGIC);
        out.push(VERSION);
        // Invariant: a parsed list came with a u32 count, and a store holds fewer keys.
        out.extend_from_slice(&u32::try_from(self.0.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.0.iter().for_each(|key| key.write(&mut out));
        out
    }

    /// Every key, by purpose and number.
    #[must_use]
    pub fn keys(&self) -> &[PublicKey] {
        &self.0
    }

    /// What of a later list can be trusted because this one is: every key that is endorsed from here. Keys of a purpose that
    /// this list has none of are left out, since nothing here vouches for them: of an empty list nothing follows.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] if `next` lacks a key of this list: it is not of the same operator, it is older, or the operator's keys
    /// were put back from a backup and that key was lost.
    pub fn follow(&self, next: &Self) -> Result<Self, Error> {
        if !self.0.iter().all(|key| next.0.contains(key)) {
            return Err(Error::Open);
        }
        next.check()?;
        let known = |key: &&PublicKey| self.0.iter().any(|ours| ours.purpose == key.purpose);
        Ok(Self(next.0.iter().filter(known).cloned().collect()))
    }

    /// Verifies what [`Draft::sign`] made for a purpose, and gives its body.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`] if the key is not in this list for that purpose, as in one that is older; [`Error::Open`] if
    /// the signature does not verify; [`Error::Malformed`], [`Error::Unsupported`].
    pub(crate) fn verify<'b>(
        &self,
        purpose: SigningPurpose,
        kind: &str,
        bytes: &'b [u8],
    ) -> Result<&'b [u8], Error> {
        let mut reader = Reader::new(bytes);
        if reader.array::<4>()? != SIGNED_MAGIC {
            return Err(Error::Malformed);
        }
        if reader.u8()? != VERSION || reader.u8()? != ED25519 {
            return Err(Error::Unsupported);
        }
        let id = reader.array::<16>()?;
        if reader.prefixed16()? != kind.as_bytes() {
            return Err(Error::Malformed);
        }
        let body = reader.prefixed32()?;
        let signature = reader.array::<64>()?;
        reader.finish()?;
        let named = |key: &&PublicKey| key.purpose == purpose && key.id().is_ok_and(|of| of == *id);
        let key = self.0.iter().find(named).ok_or(Error::UnknownKey)?;
        sign::verify(&key.public_key, &message(kind, id, body), signature)?;
        Ok(body)
    }

    fn check(&self) -> Result<(), Error> {
        let mut before: Option<&PublicKey> = None;
        for key in &self.0 {
            let endorser = match before.filter(|before| before.purpose == key.purpose) {
                Some(before) if before.number.checked_add(1) == Some(key.number) => before,
                None if key.number == 1
                    && before.is_none_or(|before| before.purpose.id() < key.purpose.id()) =>
                {
                    key
                }
                _ => return Err(Error::Malformed),
            };
            sign::verify(&endorser.public_key, &key.statement()?, &key.endorsement)?;
            before = Some(key);
        }
        Ok(())
    }
}

/// What a signature covers: PAE(type, alg, key id, body), each part with its length as u64.
fn message(kind: &str, id: &[u8; 16], body: &[u8]) -> Vec<u8> {
    let mut out = b"tenantseal/signed/1".to_vec();
    for part in [kind.as_bytes(), &[ED25519], id, body] {
        out.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

fn key_id(purpose: SigningPurpose, public_key: &[u8; 32]) -> Result<[u8; 16], Error> {
    let hash = sha256(&[&info(&[b"signing-key-id", &[purpose.id(), ED25519], public_key])?]);
    hash.first_chunk().copied().ok_or(Error::Malformed)
}

impl Keyring {
    /// Makes a new signing key for a purpose; the one before it endorses it and is destroyed. What that one signed still
    /// verifies with the new list.
    ///
    /// # Errors
    ///
    /// [`Error::Random`], [`Error::Io`], [`Error::Store`].
    pub fn rotate_signing_key(&self, purpose: SigningPurpose) -> Result<PublicKey, Error> {
        self.update(|draft| {
            let public = draft.new_signing_key(purpose)?;
            Ok((KeyEvent::SigningKeyCreated(purpose, public.id()?), public))
        })
    }

    /// Makes the first signing key of a purpose, if there is none.
    pub(crate) fn need_signing_key(&self, purpose: SigningPurpose) -> Result<(), Error> {
        self.reload()?;
        if self.store().scan(&name::public_keys(purpose.id()), &[], 1)?.is_empty() {
            self.rotate_signing_key(purpose)?;
        }
        Ok(())
    }

    /// Every public key of the operator, to be published.
    ///
    /// The first key of receipts is made by the first tenant that is shredded. Make it when you set the service up, with
    /// [`Keyring::rotate_signing_key`], and publish the list then: a list that is empty vouches for nothing that comes later.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] if an entry was altered; [`Error::Io`], [`Error::Store`].
    pub fn key_list(&self) -> Result<KeyList, Error> {
        let mut keys = Vec::new();
        self.scan(name::PUBLIC_KEYS, |entry| {
            let body = self.open_entry(&entry.name, &entry.bytes)?;
            let mut reader = Reader::new(&body);
            keys.push(PublicKey::read(&mut reader)?);
            reader.finish()
        })?;
        keys.sort_by_key(|key| (key.purpose.id(), key.number));
        Ok(KeyList(keys))
    }
}

impl Draft<'_> {
    /// Signs a body with the current key of a purpose.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`] if there is none.
    pub(crate) fn sign(&self, purpose: SigningPurpose, kind: &str, body: &[u8]) -> Result<Vec<u8>, Error> {
        let (key, _) = self.signing_key(purpose)?.ok_or(Error::UnknownKey)?;
        let id = key_id(purpose, &key.public_key())?;
        let mut out = SIGNED_MAGIC.to_vec();
        out.extend_from_slice(&[VERSION, ED25519]);
        out.extend_from_slice(&id);
        out.extend_from_slice(&u16::try_from(kind.len()).map_err(|_| Error::TooLong)?.to_be_bytes());
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(&u32::try_from(body.len()).map_err(|_| Error::TooLong)?.to_be_bytes());
        out.extend_from_slice(body);
        out.extend_from_slice(&key.sign(&message(kind, &id, body)));
        Ok(out)
    }

    /// The current key of a purpose, and its number.
    fn signing_key(&self, purpose: SigningPurpose) -> Result<Option<(SigningKey, u32)>, Error> {
        let number = |entry: Entry| entry.name.last_chunk::<4>().copied().map(u32::from_be_bytes);
        let newest = |prefix: &[u8]| Ok::<_, Error>(self.entries(prefix)?.pop().and_then(number));
        let number = newest(&name::signing_keys(purpose.id()))?;
        // The public half is kept for ever: without the private one beside it, that was taken away.
        if newest(&name::public_keys(purpose.id()))? != number {
            return Err(Error::Open);
        }
        let Some(number) = number else { return Ok(None) };
        let name = name::signing_key(purpose.id(), number);
        let seed = self.get_secret(&name)?.ok_or(Error::Malformed)?;
        let seed = Secret::try_from(seed.expose_secret()).map_err(|_| Error::Malformed)?;
        Ok(Some((SigningKey::new(&seed), number)))
    }

    fn new_signing_key(&mut self, purpose: SigningPurpose) -> Result<PublicKey, Error> {
        let before = self.signing_key(purpose)?;
        let seed: Secret<32> = Os.secret()?;
        let key = SigningKey::new(&seed);
        let number =
            before.as_ref().map_or(Some(1), |(_, number)| number.checked_add(1)).ok_or(Error::Value)?;
        let mut public =
            PublicKey { purpose, number, created: now(), public_key: key.public_key(), endorsement: [0; 64] };
        let endorser = before.as_ref().map_or(&key, |(before, _)| before);
        public.endorsement = endorser.sign(&public.statement()?);
        if let Some((_, number)) = before {
            self.delete(&name::signing_key(purpose.id(), number));
        }
        self.put_secret(&name::signing_key(purpose.id(), number), seed.expose_secret(), &mut Os)?;
        let mut body = Vec::with_capacity(PublicKey::LEN);
        public.write(&mut body);
        self.put(&name::public_key(purpose.id(), number), &body)?;
        Ok(public)
    }
}
