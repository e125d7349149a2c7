//! The record of one root: what is stored for a tenant, the same bytes in every store.

use core::fmt;

use crate::{
    encoding::{Reader, ct_eq},
    error::Error,
    primitive::rng::RandomSource,
    secret::Secret,
    tenant::{
        chain,
        id::{Generation, TenantId},
        kek::KeyHandle,
        suite::Suite,
    },
};

/// Which of a tenant's two roots a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RootKind {
    /// `02`: the root of blind indexes. Its generation is called an index epoch.
    IndexRoot,
    /// `01`: the root of sealed data.
    TenantRoot,
}

impl RootKind {
    pub(crate) const fn id(self) -> u8 {
        match self {
            Self::TenantRoot => 1,
            Self::IndexRoot => 2,
        }
    }

    fn from_id(id: u8) -> Result<Self, Error> {
        match id {
            1 => Ok(Self::TenantRoot),
            2 => Ok(Self::IndexRoot),
            _ => Err(Error::Unsupported),
        }
    }
}

/// A root of a tenant, wrapped by the KEK. FORMAT.md section 4.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    kind: RootKind,
    suite: Suite,
    generation: Generation,
    created: u64,
    provider: (u16, [u8; 16]),
    tenant: TenantId,
    commitment: [u8; 32],
    wrapped: Vec<u8>,
}

impl Record {
    const MAGIC: &'static [u8; 4] = b"TSKR";
    const VERSION: u8 = 1;
    const STATE_LIVE: u8 = 1;
    /// Family 1: SHA-256. Family 2 is reserved for SM3.
    const FAMILY_SHA256: u8 = 1;

    /// Parses a record. The wrapped root stays wrapped, so nothing is authenticated yet.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] for bytes that are no record, and [`Error::Unsupported`] for a version, kind, state,
    /// family or algorithm that this build does not have.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes);
        if reader.array::<4>()? != Self::MAGIC {
            return Err(Error::Malformed);
        }
        if reader.u8()? != Self::VERSION {
            return Err(Error::Unsupported);
        }
        let kind = RootKind::from_id(reader.u8()?)?;
        if reader.u8()? != Self::STATE_LIVE || reader.u8()? != Self::FAMILY_SHA256 {
            return Err(Error::Unsupported);
        }
        let suite = u8::try_from(reader.u16()?).map_err(|_| Error::Unsupported).and_then(Suite::from_id)?;
        let generation = reader.u32()?.try_into()?;
        let created = reader.u64()?;
        let provider = (reader.u16()?, *reader.array()?);
        let tenant = reader.prefixed16()?.try_into().map_err(|_| Error::Malformed)?;
        let commitment = *reader.array()?;
        let wrapped = reader.prefixed16()?.to_vec();
        reader.finish()?;
        Ok(Self { kind, suite, generation, created, provider, tenant, commitment, wrapped })
    }

    /// The bytes to store.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.wrap_aad();
        // Invariant: a wrapped root is a nonce, 32 bytes and a tag; parsed ones came with a u16 length.
        let len = u16::try_from(self.wrapped.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(&self.wrapped);
        out
    }

    /// Which root this is.
    #[must_use]
    pub fn kind(&self) -> RootKind {
        self.kind
    }

    /// Which generation of it.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// Whose it is.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// When it was made, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn created(&self) -> u64 {
        self.created
    }

    /// Makes a fresh root and wraps it.
    pub(crate) fn generate(
        kek: &KeyHandle,
        suite: Suite,
        kind: RootKind,
        tenant: &TenantId,
        generation: Generation,
        created: u64,
        rng: &mut impl RandomSource,
    ) -> Result<Self, Error> {
        let root = rng.secret()?;
        let mut record = Self {
            kind,
            suite,
            generation,
            created,
            provider: kek.provider(),
            tenant: tenant.clone(),
            commitment: chain::root_commitment(kind, tenant, generation, &root)?,
            wrapped: Vec::new(),
        };
        record.wrapped = kek.wrap_key(suite, &record.wrap_aad(), &root, rng)?;
        Ok(record)
    }

    /// Unwraps the root and checks it against the commitment.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`] if it is wrapped under another KEK, [`Error::Open`] if it does not open.
    pub(crate) fn unwrap_root(&self, kek: &KeyHandle) -> Result<Secret<32>, Error> {
        self.check_provider(kek)?;
        let root = kek.unwrap_key(self.suite, &self.wrap_aad(), &self.wrapped)?;
        // The AEAD does not commit to its key: without this, whoever chose the KEK could show two roots.
        if ct_eq(&chain::root_commitment(self.kind, &self.tenant, self.generation, &root)?, &self.commitment)
        {
            Ok(root)
        } else {
            Err(Error::Open)
        }
    }

    /// # Errors
    ///
    /// [`Error::UnknownKey`] if the record is wrapped under another KEK.
    pub(crate) fn check_provider(&self, kek: &KeyHandle) -> Result<(), Error> {
        if self.provider == kek.provider() { Ok(()) } else { Err(Error::UnknownKey) }
    }

    /// Every byte before the length of the wrapped root.
    fn wrap_aad(&self) -> Vec<u8> {
        let tenant = self.tenant.as_bytes();
        let mut out = Vec::with_capacity(160 + tenant.len());
        out.extend_from_slice(Self::MAGIC);
        out.extend_from_slice(&[Self::VERSION, self.kind.id(), Self::STATE_LIVE, Self::FAMILY_SHA256]);
        out.extend_from_slice(&u16::from(self.suite.id()).to_be_bytes());
        out.extend_from_slice(&self.generation.to_u32().to_be_bytes());
        out.extend_from_slice(&self.created.to_be_bytes());
        out.extend_from_slice(&self.provider.0.to_be_bytes());
        out.extend_from_slice(&self.provider.1);
        // Invariant: a TenantId has at most 128 bytes.
        out.extend_from_slice(&u16::try_from(tenant.len()).unwrap_or(u16::MAX).to_be_bytes());
        out.extend_from_slice(tenant);
        out.extend_from_slice(&self.commitment);
        out
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("kind", &self.kind)
            .field("tenant", &self.tenant)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{primitive::rng::Os, tenant::kek::Kek};

    fn handle(byte: u8) -> KeyHandle {
        let mut key = [byte; 32];
        key[0] ^= 1;
        KeyHandle::local(&Kek::from_bytes(&key).unwrap()).unwrap()
    }

    fn record(kek: &KeyHandle) -> Record {
        let tenant = TenantId::try_from("t-1001").unwrap();
        let (suite, kind) = (Suite::default(), RootKind::TenantRoot);
        Record::generate(kek, suite, kind, &tenant, Generation::FIRST, 0, &mut Os).unwrap()
    }

    #[test]
    fn a_root_that_its_record_does_not_commit_to_is_refused() {
        let kek = handle(7);
        let mut record = record(&kek);
        let root = record.unwrap_root(&kek).unwrap();
        for bit in [0, 255] {
            let mut other = Record { commitment: record.commitment, ..record.clone() };
            other.commitment[bit / 8] ^= 1 << (bit % 8);
            other.wrapped = kek.wrap_key(other.suite, &other.wrap_aad(), &root, &mut Os).unwrap();
            assert_eq!(other.unwrap_root(&kek).err(), Some(Error::Open));
        }
        record.wrapped = kek.wrap_key(record.suite, &record.wrap_aad(), &root, &mut Os).unwrap();
        assert!(record.unwrap_root(&kek).is_ok(), "the control: wrapped anew, with its own commitment");
    }

    #[test]
    fn a_record_under_another_kek_is_of_an_unknown_key() {
        assert_eq!(record(&handle(7)).unwrap_root(&handle(8)).err(), Some(Error::UnknownKey));
    }
}
