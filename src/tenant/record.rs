//! The record of one root: what is stored for a tenant, the same bytes in every store.

use core::fmt;

use crate::{
    encoding::{Reader, ct_eq},
    error::Error,
    primitive::rng::RandomSource,
    secret::Secret,
    tenant::{
        chain::Node,
        derived::Seed,
        id::{Generation, TenantId},
        kek::{Keks, KeyHandle, Provider},
        name,
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

    pub(crate) fn from_id(id: u8) -> Result<Self, Error> {
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
    form: Form,
    suite: Suite,
    generation: Generation,
    created: u64,
    provider: Provider,
    tenant: TenantId,
    commitment: [u8; 32],
    /// The wrapped root; of a derived one its salt and a MAC.
    wrapped: Vec<u8>,
}

/// How a record gives its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// `02`: derived from a seed and a salt that stands in the record.
    Derived,
    /// `01`: random, wrapped by the KEK.
    Wrapped,
}

impl Form {
    const fn id(self) -> u8 {
        match self {
            Self::Wrapped => 1,
            Self::Derived => 2,
        }
    }

    fn from_id(id: u8) -> Result<Self, Error> {
        [Self::Wrapped, Self::Derived].into_iter().find(|form| form.id() == id).ok_or(Error::Unsupported)
    }
}

impl Record {
    pub(crate) const MAGIC: &'static [u8; 4] = b"TSKR";
    const VERSION: u8 = 1;
    /// Family 1: SHA-256. Family 2 is reserved for SM3.
    const FAMILY_SHA256: u8 = 1;

    /// Parses a record. The wrapped root stays wrapped, so nothing is authenticated yet.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] for bytes that are no record, and [`Error::Unsupported`] for a version, kind, state,
    /// family or algorithm that this build does not have.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let Parts { kind, form, suite, generation, created, provider, tenant, commitment, wrapped, .. } =
            Parts::parse(bytes)?;
        let tenant = tenant.try_into().map_err(|_| Error::Malformed)?;
        let (commitment, wrapped) = (*commitment, wrapped.to_vec());
        Ok(Self { kind, form, suite, generation, created, provider, tenant, commitment, wrapped })
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
            form: Form::Wrapped,
            suite,
            generation,
            created,
            provider: kek.provider(),
            tenant: tenant.clone(),
            commitment: Node::of_root(tenant, &root)?.commitment(kind, generation)?,
            wrapped: Vec::new(),
        };
        record.wrapped = kek.wrap(suite, &record.wrap_aad(), root.expose_secret(), rng)?;
        Ok(record)
    }

    /// Makes a root that is derived from a seed and a fresh salt.
    pub(crate) fn derive(
        seed: &Seed,
        suite: Suite,
        kind: RootKind,
        tenant: &TenantId,
        generation: Generation,
        created: u64,
        rng: &mut impl RandomSource,
    ) -> Result<Self, Error> {
        let mut salt = [0; Seed::SALT_LEN];
        rng.fill(&mut salt)?;
        let root = seed.root(&salt, kind, tenant, generation)?;
        let mut record = Self {
            kind,
            form: Form::Derived,
            suite,
            generation,
            created,
            provider: (Seed::PROVIDER, *seed.id()),
            tenant: tenant.clone(),
            commitment: Node::of_root(tenant, &root)?.commitment(kind, generation)?,
            wrapped: salt.to_vec(),
        };
        let tag = seed.mac(&[&record.wrap_aad(), &salt]);
        record.wrapped.extend_from_slice(&tag);
        Ok(record)
    }

    /// Whether the root exists nowhere but in this record, so that destroying the record destroys it.
    #[must_use]
    pub fn is_shreddable(&self) -> bool {
        self.form == Form::Wrapped
    }

    /// The 32-byte commitment of the root, by which receipts name it.
    #[must_use]
    pub fn commitment(&self) -> &[u8; 32] {
        &self.commitment
    }

    /// The same record under another KEK; `None` if it is under that one already, or derived.
    ///
    /// # Errors
    ///
    /// As [`Record::unwrap_root`], but the commitment is not looked at: it stays as it is, and is checked when the root
    /// is used. [`Error::Open`] if it stands under a name that is not its own.
    pub(crate) fn rewrap(
        name: &[u8],
        bytes: &[u8],
        keks: &Keks,
        to: &KeyHandle,
        rng: &mut impl RandomSource,
    ) -> Result<Option<Vec<u8>>, Error> {
        let parts = Parts::parse(bytes)?;
        if !name::is_of(name, parts.tenant, parts.kind, parts.generation) {
            return Err(Error::Open);
        }
        if parts.form == Form::Derived {
            return Self::parse(bytes)?.unwrap_root(keks).map(|_| None);
        }
        let root = keks.of(parts.provider)?.unwrap(parts.suite, parts.aad, parts.wrapped)?;
        let provider @ (number, id) = to.provider();
        if parts.provider == provider {
            return Ok(None);
        }
        let mut out = Vec::with_capacity(bytes.len());
        let (before, after) = parts.aad.split_at_checked(PROVIDER_AT).ok_or(Error::Malformed)?;
        out.extend_from_slice(before);
        out.extend_from_slice(&number.to_be_bytes());
        out.extend_from_slice(&id);
        out.extend_from_slice(after.get(PROVIDER_LEN..).ok_or(Error::Malformed)?);
        let wrapped = to.wrap(parts.suite, &out, root.expose_secret(), rng)?;
        out.extend_from_slice(&u16::try_from(wrapped.len()).map_err(|_| Error::TooLong)?.to_be_bytes());
        out.extend_from_slice(&wrapped);
        Ok(Some(out))
    }

    /// The top of the chain below the root, which is checked against the commitment.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKek`] if it is wrapped under another KEK, [`Error::UnknownKey`] if it is derived from another
    /// seed, [`Error::Open`] if it does not open.
    pub(crate) fn unwrap_root(&self, keks: &Keks) -> Result<Node, Error> {
        let aad = self.wrap_aad();
        let root = match self.form {
            Form::Wrapped => {
                let root = keks.of(self.provider)?.unwrap(self.suite, &aad, &self.wrapped)?;
                Secret::try_from(root.expose_secret()).map_err(|_| Error::Open)?
            }
            Form::Derived => {
                let seed = keks.seed(self.seed_id().ok_or(Error::UnknownKey)?)?;
                let (salt, tag) =
                    self.wrapped.split_first_chunk::<{ Seed::SALT_LEN }>().ok_or(Error::Open)?;
                if !ct_eq(&seed.mac(&[&aad, salt]), tag) {
                    return Err(Error::Open);
                }
                seed.root(salt, self.kind, &self.tenant, self.generation)?
            }
        };
        let node = Node::of_root(&self.tenant, &root)?;
        // The AEAD does not commit to its key: without this, whoever chose the KEK could show two roots.
        if ct_eq(&node.commitment(self.kind, self.generation)?, &self.commitment) {
            Ok(node)
        } else {
            Err(Error::Open)
        }
    }

    /// # Errors
    ///
    /// [`Error::UnknownKek`] if the record is wrapped under none of these KEKs.
    pub(crate) fn check_provider(&self, keks: &Keks) -> Result<(), Error> {
        if self.form == Form::Derived { Ok(()) } else { keks.of(self.provider).map(drop) }
    }

    /// Which seed a derived root is of.
    pub(crate) fn seed_id(&self) -> Option<&[u8; 16]> {
        (self.form == Form::Derived).then_some(&self.provider.1)
    }

    /// Every byte before the length of the wrapped root.
    fn wrap_aad(&self) -> Vec<u8> {
        let tenant = self.tenant.as_bytes();
        let mut out = Vec::with_capacity(160 + tenant.len());
        out.extend_from_slice(Self::MAGIC);
        out.extend_from_slice(&[Self::VERSION, self.kind.id(), self.form.id(), Self::FAMILY_SHA256]);
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

/// A record, taken apart.
struct Parts<'b> {
    kind: RootKind,
    form: Form,
    suite: Suite,
    generation: Generation,
    created: u64,
    provider: Provider,
    tenant: &'b [u8],
    commitment: &'b [u8; 32],
    wrapped: &'b [u8],
    /// Every byte before the length of the wrapped root.
    aad: &'b [u8],
}

/// Where a record names its KEK.
const PROVIDER_AT: usize = 22;
/// The size of that name, in bytes.
const PROVIDER_LEN: usize = 18;

impl<'b> Parts<'b> {
    fn parse(bytes: &'b [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes);
        if reader.array::<4>()? != Record::MAGIC {
            return Err(Error::Malformed);
        }
        if reader.u8()? != Record::VERSION {
            return Err(Error::Unsupported);
        }
        let kind = RootKind::from_id(reader.u8()?)?;
        let form = Form::from_id(reader.u8()?)?;
        if reader.u8()? != Record::FAMILY_SHA256 {
            return Err(Error::Unsupported);
        }
        let suite = u8::try_from(reader.u16()?).map_err(|_| Error::Unsupported).and_then(Suite::from_id)?;
        let generation = reader.u32()?.try_into()?;
        let created = reader.u64()?;
        let provider = (reader.u16()?, *reader.array()?);
        if (form == Form::Derived) != (provider.0 == Seed::PROVIDER) {
            return Err(Error::Unsupported);
        }
        let tenant = reader.prefixed16()?;
        if !(1..=TenantId::MAX_LEN).contains(&tenant.len()) {
            return Err(Error::Malformed);
        }
        let commitment = reader.array()?;
        let (aad, _) = bytes.split_at_checked(bytes.len() - reader.remaining()).ok_or(Error::Malformed)?;
        let wrapped = reader.prefixed16()?;
        reader.finish()?;
        Ok(Self { kind, form, suite, generation, created, provider, tenant, commitment, wrapped, aad })
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

    fn keks(byte: u8) -> Keks {
        let mut key = [byte; 32];
        key[0] ^= 1;
        Keks::new(KeyHandle::local(&Kek::from_bytes(&key).unwrap()).unwrap(), &[])
    }

    fn record(keks: &Keks) -> Record {
        let tenant = TenantId::try_from("t-1001").unwrap();
        let (suite, kind) = (Suite::default(), RootKind::TenantRoot);
        Record::generate(&keks.current().unwrap(), suite, kind, &tenant, Generation::FIRST, 0, &mut Os)
            .unwrap()
    }

    #[test]
    fn a_root_that_its_record_does_not_commit_to_is_refused() {
        let keks = keks(7);
        let kek = keks.current().unwrap();
        let mut record = record(&keks);
        let root = kek.unwrap(record.suite, &record.wrap_aad(), &record.wrapped).unwrap();
        let root = root.expose_secret();
        assert!(record.unwrap_root(&keks).is_ok());
        for bit in [0, 255] {
            let mut other = Record { commitment: record.commitment, ..record.clone() };
            other.commitment[bit / 8] ^= 1 << (bit % 8);
            other.wrapped = kek.wrap(other.suite, &other.wrap_aad(), root, &mut Os).unwrap();
            assert_eq!(other.unwrap_root(&keks).err(), Some(Error::Open));
        }
        record.wrapped = kek.wrap(record.suite, &record.wrap_aad(), root, &mut Os).unwrap();
        assert!(record.unwrap_root(&keks).is_ok(), "the control: wrapped anew, with its own commitment");
    }

    #[test]
    fn a_record_under_another_kek_is_of_an_unknown_key() {
        assert_eq!(record(&keks(7)).unwrap_root(&keks(8)).err(), Some(Error::UnknownKek));
    }
}
