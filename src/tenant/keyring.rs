//! A keyring: every tenant's roots under one KEK, the aliases, and the policy.

use core::fmt;
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::{
    error::Error,
    primitive::rng::{Os, RandomSource},
    tenant::{
        cache::Cache,
        chain::{CellKeys, IndexKeys, Node, Place},
        event::{EventSink, KeyEvent, NoEvents},
        id::{Generation, TenantId},
        kek::{Kek, KeyHandle, Passphrase},
        keyfile::{KeyFile, PassphraseCost, Stamp},
        policy::{Class, IndexRule, Policy},
        record::{Record, RootKind},
        suite::Suite,
    },
};

/// The keys of every tenant under one KEK. Cheap to clone; share it freely between threads.
///
/// # Example
///
/// ```
/// use tenantseal::tenant::{Kek, Keyring, Policy};
///
/// # fn main() -> Result<(), tenantseal::Error> {
/// let keys = Keyring::in_memory(&Kek::generate()?)?;
/// keys.install_policy(Policy::from_json(
///     br#"{"tenantseal_policy": 1, "version": 1, "fields": [
///         {"table": "member", "column": "mobile", "type": "text", "content": "mobile_cn",
///          "storage": "cell", "class": ["personal"], "bind": "row"}]}"#,
/// )?)?;
/// let acme = keys.create_tenant("t-1001")?;
/// let mobile = acme.field("member.mobile")?;
/// let sealed = mobile.seal(42, "13800138000")?;
/// assert_eq!(mobile.open(42, &sealed)?.text()?, "13800138000");
/// assert!(mobile.open(43, &sealed).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Keyring {
    inner: Arc<Inner>,
}

struct Inner {
    kek: KeyHandle,
    suite: Suite,
    file: Option<KeyFile>,
    sink: Arc<dyn EventSink>,
    state: RwLock<State>,
    /// Raised by every change, so that handles made before notice.
    revision: AtomicU64,
    roots: Cache<(u64, TenantId), Roots>,
    cells: Cache<Box<[u8]>, CellKeys>,
    indexes: Cache<Box<[u8]>, IndexKeys>,
}

/// The unwrapped roots of a tenant, newest first.
struct Roots {
    tenant: Vec<(Generation, Node)>,
    index: Vec<(Generation, Node)>,
}

/// What is stored: everything but the KEK.
#[derive(Clone, Default)]
pub(crate) struct State {
    pub(crate) serial: u64,
    /// Which file this was read from or written to.
    pub(crate) stamp: Stamp,
    pub(crate) tenants: BTreeMap<TenantId, BTreeMap<(RootKind, Generation), Record>>,
    pub(crate) aliases: HashMap<Vec<u8>, TenantId>,
    pub(crate) policy: Option<Arc<Policy>>,
}

impl State {
    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.tenants.values().flat_map(BTreeMap::values)
    }

    /// # Errors
    ///
    /// [`Error::AlreadyExists`] if there is a record of that tenant, kind and generation.
    pub(crate) fn add_record(&mut self, record: Record) -> Result<(), Error> {
        let roots = self.tenants.entry(record.tenant().clone()).or_default();
        match roots.insert((record.kind(), record.generation()), record) {
            None => Ok(()),
            Some(_) => Err(Error::AlreadyExists),
        }
    }
}

/// How a keyring is made. The defaults are what nearly everybody wants.
#[derive(Clone)]
pub struct KeyringOptions {
    cache_capacity: usize,
    cache_ttl: Duration,
    cost: PassphraseCost,
    sink: Arc<dyn EventSink>,
    suite: Suite,
}

impl KeyringOptions {
    /// The defaults: 65,536 cached keys for 5 minutes each, the recommended passphrase cost, no event sink.
    #[must_use]
    pub fn new() -> Self {
        Self {
            cache_capacity: 65_536,
            cache_ttl: Duration::from_secs(300),
            cost: PassphraseCost::RECOMMENDED,
            sink: Arc::new(NoEvents),
            suite: Suite::default(),
        }
    }

    /// How many tenants' roots, places and indexes are cached, each, and for how long.
    #[must_use]
    pub fn cache(mut self, capacity: usize, ttl: Duration) -> Self {
        (self.cache_capacity, self.cache_ttl) = (capacity, ttl);
        self
    }

    /// What sealing a new key file's KEK costs.
    #[must_use]
    pub fn passphrase_cost(mut self, cost: PassphraseCost) -> Self {
        self.cost = cost;
        self
    }

    /// Where key events go.
    #[must_use]
    pub fn event_sink(mut self, sink: Arc<dyn EventSink>) -> Self {
        self.sink = sink;
        self
    }

    /// The suite that new records, files, policies and cells are sealed with. Those of every suite open.
    #[cfg(feature = "hazmat")]
    #[must_use]
    pub fn suite(mut self, suite: Suite) -> Self {
        self.suite = suite;
        self
    }
}

impl Default for KeyringOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for KeyringOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringOptions").field("cost", &self.cost).finish_non_exhaustive()
    }
}

impl Keyring {
    /// Makes a new key file, readable by its owner alone.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`] if anything stands at `path`; [`Error::Value`] for a passphrase under 12 bytes;
    /// [`Error::Io`].
    pub fn create(path: impl AsRef<Path>, passphrase: &Passphrase) -> Result<Self, Error> {
        Self::create_with(path, passphrase, &KeyringOptions::new())
    }

    /// As [`Keyring::create`], with options.
    ///
    /// # Errors
    ///
    /// As [`Keyring::create`].
    pub fn create_with(
        path: impl AsRef<Path>,
        passphrase: &Passphrase,
        options: &KeyringOptions,
    ) -> Result<Self, Error> {
        let (file, kek) = KeyFile::create(path.as_ref(), passphrase, options.cost, options.suite)?;
        let mut state = State { serial: 1, ..State::default() };
        let lock = file.lock()?;
        if file.exists() {
            return Err(Error::AlreadyExists);
        }
        file.write(&kek, &state)?;
        file.flush_folder()?;
        state.stamp = file.stamp()?;
        drop(lock);
        Ok(Self::assemble(kek, Some(file), state, options))
    }

    /// Opens a key file.
    ///
    /// # Errors
    ///
    /// [`Error::Passphrase`] if the passphrase is wrong or the file was altered; [`Error::Malformed`] if it is no
    /// key file; [`Error::Unsupported`] if a newer version made it; [`Error::Io`].
    pub fn open(path: impl AsRef<Path>, passphrase: &Passphrase) -> Result<Self, Error> {
        Self::open_with(path, passphrase, &KeyringOptions::new())
    }

    /// As [`Keyring::open`], with options.
    ///
    /// # Errors
    ///
    /// As [`Keyring::open`].
    pub fn open_with(
        path: impl AsRef<Path>,
        passphrase: &Passphrase,
        options: &KeyringOptions,
    ) -> Result<Self, Error> {
        let (file, kek, state) = KeyFile::open(path.as_ref(), passphrase)?;
        Ok(Self::assemble(kek, Some(file), state, options))
    }

    /// A keyring that is stored nowhere: its records are the caller's to keep ([`Keyring::records`]).
    ///
    /// # Errors
    ///
    /// None at present; deriving the wrapping keys is fallible.
    pub fn in_memory(kek: &Kek) -> Result<Self, Error> {
        Self::from_records(kek, core::iter::empty::<&[u8]>(), &KeyringOptions::new())
    }

    /// A keyring from records that the caller keeps.
    ///
    /// The roots are unwrapped when their tenant is first used.
    ///
    /// # Errors
    ///
    /// What [`Record::parse`] says of a record; [`Error::AlreadyExists`] for two of the same tenant, kind and
    /// generation; [`Error::UnknownKey`] for one that is wrapped under another KEK.
    pub fn from_records<B: AsRef<[u8]>>(
        kek: &Kek,
        records: impl IntoIterator<Item = B>,
        options: &KeyringOptions,
    ) -> Result<Self, Error> {
        let handle = KeyHandle::local(kek)?;
        let mut state = State::default();
        for bytes in records {
            let record = Record::parse(bytes.as_ref())?;
            record.check_provider(&handle)?;
            state.add_record(record)?;
        }
        Ok(Self::assemble(handle, None, state, options))
    }

    /// Creates a tenant with a fresh root and index root.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`]; [`Error::Value`] or [`Error::TooLong`] if the id is not 1 to 128 bytes;
    /// [`Error::Random`], [`Error::Io`].
    pub fn create_tenant<I: TryInto<TenantId, Error: Into<Error>>>(&self, id: I) -> Result<Tenant, Error> {
        self.create_tenant_from(id.try_into().map_err(Into::into)?, &mut Os)
    }

    /// As [`Keyring::create_tenant`], with the caller's generator.
    ///
    /// # Errors
    ///
    /// As [`Keyring::create_tenant`].
    #[cfg(feature = "hazmat")]
    pub fn create_tenant_with_rng<I, R>(&self, id: I, rng: &mut R) -> Result<Tenant, Error>
    where
        I: TryInto<TenantId, Error: Into<Error>>,
        R: crate::primitive::rng::TryCryptoRng,
    {
        self.create_tenant_from(id.try_into().map_err(Into::into)?, &mut crate::primitive::rng::Explicit(rng))
    }

    /// The keys of a tenant, by its id. A key file that another process replaced is read again first; while it cannot
    /// be read, tenants that are known go on ([`Keyring::reload`] says what is wrong with it).
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTenant`]; [`Error::Open`] if its records were altered; what [`Keyring::reload`] says, for a
    /// tenant that is not known.
    pub fn tenant<I: TryInto<TenantId, Error: Into<Error>>>(&self, id: I) -> Result<Tenant, Error> {
        let id = id.try_into().map_err(Into::into)?;
        let reloaded = self.reload_if_replaced();
        if self.read(|state| state.tenants.contains_key(&id)) {
            return self.handle(id);
        }
        reloaded.and(Err(Error::UnknownTenant))
    }

    /// The keys of a tenant, by one of its aliases.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTenant`] if no tenant has that alias.
    pub fn tenant_by_alias(&self, alias: &str) -> Result<Tenant, Error> {
        let reloaded = self.reload_if_replaced();
        match self.read(|state| state.aliases.get(alias.as_bytes()).cloned()) {
            Some(id) => self.handle(id),
            None => reloaded.and(Err(Error::UnknownTenant)),
        }
    }

    /// Gives a tenant another name: a CorpID, a suite id, an open id. No key changes.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`] if a tenant has that alias; [`Error::UnknownTenant`]; [`Error::Value`] or
    /// [`Error::TooLong`] if the alias is not 1 to 128 bytes.
    pub fn add_alias<I: TryInto<TenantId, Error: Into<Error>>>(
        &self,
        alias: &str,
        id: I,
    ) -> Result<(), Error> {
        let (alias, id) = (TenantId::try_from(alias)?, id.try_into().map_err(Into::into)?);
        self.update(|state| {
            if !state.tenants.contains_key(&id) {
                return Err(Error::UnknownTenant);
            }
            match state.aliases.insert(alias.as_bytes().to_vec(), id.clone()) {
                None => Ok(KeyEvent::AliasAdded(id)),
                Some(_) => Err(Error::AlreadyExists),
            }
        })
    }

    /// Takes a name away. No key changes.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTenant`] if no tenant has that alias.
    pub fn remove_alias(&self, alias: &str) -> Result<(), Error> {
        self.update(|state| {
            state.aliases.remove(alias.as_bytes()).map(KeyEvent::AliasRemoved).ok_or(Error::UnknownTenant)
        })
    }

    /// Gives a tenant a new root. What older generations sealed still opens; new cells are of the new one.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTenant`], [`Error::Random`], [`Error::Io`].
    pub fn rotate_tenant<I: TryInto<TenantId, Error: Into<Error>>>(
        &self,
        id: I,
    ) -> Result<Generation, Error> {
        self.add_generation(id.try_into().map_err(Into::into)?, RootKind::TenantRoot)
    }

    /// Gives a tenant a new index root. Lookups ask for the tokens of every epoch.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTenant`], [`Error::Random`], [`Error::Io`].
    pub fn rotate_index<I: TryInto<TenantId, Error: Into<Error>>>(&self, id: I) -> Result<Generation, Error> {
        self.add_generation(id.try_into().map_err(Into::into)?, RootKind::IndexRoot)
    }

    /// Puts a policy in force for every tenant of this keyring.
    ///
    /// A key file keeps it: it is in force again after [`Keyring::open`]. A service that starts with a document of its
    /// own compares it with [`Keyring::policy`] and installs it if its version is higher.
    ///
    /// # Errors
    ///
    /// [`Error::Policy`] with `Continuity` if it drops or changes something permanent, or its version is not higher;
    /// the one that is in force is refused too.
    pub fn install_policy(&self, policy: Policy) -> Result<(), Error> {
        self.update(|state| {
            if let Some(current) = &state.policy {
                current.check_successor(&policy)?;
            }
            let version = policy.version();
            state.policy = Some(Arc::new(policy));
            Ok(KeyEvent::PolicyInstalled(version))
        })
    }

    /// The policy in force.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownField`] if none was installed.
    pub fn policy(&self) -> Result<Arc<Policy>, Error> {
        self.read(|state| state.policy.clone()).ok_or(Error::UnknownField)
    }

    /// The stored form of a policy: canonical JSON with a MAC under this keyring's KEK.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] over 4 GiB.
    pub fn policy_to_bytes(&self, policy: &Policy) -> Result<Vec<u8>, Error> {
        policy.to_stored(&self.inner.kek, self.inner.suite)
    }

    /// Reads what [`Keyring::policy_to_bytes`] made.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] if it was altered; [`Error::UnknownKey`] if another KEK made it; [`Error::Malformed`],
    /// [`Error::Unsupported`].
    pub fn policy_from_bytes(&self, bytes: &[u8]) -> Result<Policy, Error> {
        Policy::from_stored(bytes, &self.inner.kek)
    }

    /// Every record, to be kept by the caller.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        self.read(|state| state.records().cloned().collect())
    }

    /// Every tenant's id.
    #[must_use]
    pub fn tenant_ids(&self) -> Vec<TenantId> {
        self.read(|state| state.tenants.keys().cloned().collect())
    }

    /// Reads the key file again, so that what other processes changed is seen.
    ///
    /// # Errors
    ///
    /// [`Error::Passphrase`] if it was altered; [`Error::RolledBack`] if it is older than what was read before;
    /// [`Error::Io`].
    pub fn reload(&self) -> Result<(), Error> {
        let Some(file) = &self.inner.file else { return Ok(()) };
        let mut state = self.inner.state.write().unwrap_or_else(PoisonError::into_inner);
        let stored = file.reload(&self.inner.kek)?;
        if stored.serial < state.serial {
            return Err(Error::RolledBack);
        }
        if stored.serial > state.serial {
            self.replace(&mut state, stored);
        } else {
            state.stamp = stored.stamp;
        }
        Ok(())
    }

    /// Reads the key file again if another stands in its place: the price of asking is one look at its metadata.
    fn reload_if_replaced(&self) -> Result<(), Error> {
        match &self.inner.file {
            Some(file) if file.stamp()? != self.read(|state| state.stamp) => self.reload(),
            _ => Ok(()),
        }
    }

    fn assemble(kek: KeyHandle, file: Option<KeyFile>, state: State, options: &KeyringOptions) -> Self {
        let (capacity, ttl) = (options.cache_capacity, options.cache_ttl);
        Self {
            inner: Arc::new(Inner {
                kek,
                suite: options.suite,
                file,
                sink: options.sink.clone(),
                state: RwLock::new(state),
                revision: AtomicU64::new(0),
                roots: Cache::new(capacity, ttl),
                cells: Cache::new(capacity, ttl),
                indexes: Cache::new(capacity, ttl),
            }),
        }
    }

    fn create_tenant_from(&self, id: TenantId, rng: &mut impl RandomSource) -> Result<Tenant, Error> {
        self.update(|state| {
            if state.tenants.contains_key(&id) {
                return Err(Error::AlreadyExists);
            }
            for kind in [RootKind::TenantRoot, RootKind::IndexRoot] {
                state.add_record(self.fresh_record(kind, &id, Generation::FIRST, rng)?)?;
            }
            Ok(KeyEvent::TenantCreated(id.clone()))
        })?;
        self.handle(id)
    }

    fn add_generation(&self, id: TenantId, kind: RootKind) -> Result<Generation, Error> {
        let mut next = Generation::FIRST;
        self.update(|state| {
            let roots = state.tenants.get(&id).ok_or(Error::UnknownTenant)?;
            let newest =
                roots.keys().filter(|(other, _)| *other == kind).map(|(_, generation)| *generation).max();
            next = newest.ok_or(Error::UnknownTenant)?.next()?;
            state.add_record(self.fresh_record(kind, &id, next, &mut Os)?)?;
            Ok(match kind {
                RootKind::TenantRoot => KeyEvent::TenantRotated(id, next),
                RootKind::IndexRoot => KeyEvent::IndexRotated(id, next),
            })
        })?;
        Ok(next)
    }

    fn fresh_record(
        &self,
        kind: RootKind,
        id: &TenantId,
        generation: Generation,
        rng: &mut impl RandomSource,
    ) -> Result<Record, Error> {
        let created = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Record::generate(&self.inner.kek, self.inner.suite, kind, id, generation, created, rng)
    }

    /// Changes the state: from what is stored, under the lock, event first, file next, memory last. What is in memory
    /// is always what stands at the path, even if it cannot be made durable.
    fn update(&self, change: impl FnOnce(&mut State) -> Result<KeyEvent, Error>) -> Result<(), Error> {
        let mut state = self.inner.state.write().unwrap_or_else(PoisonError::into_inner);
        let lock = self.inner.file.as_ref().map(KeyFile::lock).transpose()?;
        let mut next = match &self.inner.file {
            Some(file) => file.reload(&self.inner.kek)?,
            None => state.clone(),
        };
        if next.serial < state.serial {
            return Err(Error::RolledBack);
        }
        let event = change(&mut next)?;
        next.serial = next.serial.checked_add(1).ok_or(Error::Value)?;
        self.inner.sink.record(&event)?;
        if let Some(file) = &self.inner.file {
            file.write(&self.inner.kek, &next)?;
            // Without its stamp the file is taken for another one, and read again before the next use.
            next.stamp = file.stamp().unwrap_or_default();
        }
        self.replace(&mut state, next);
        let flushed = self.inner.file.as_ref().map_or(Ok(()), KeyFile::flush_folder);
        drop(lock);
        flushed
    }

    fn replace(&self, state: &mut State, next: State) {
        *state = next;
        self.inner.roots.clear();
        self.inner.cells.clear();
        self.inner.indexes.clear();
        self.inner.revision.fetch_add(1, Ordering::Release);
    }

    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.inner.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn handle(&self, id: TenantId) -> Result<Tenant, Error> {
        let tenant = Tenant { keyring: self.clone(), id };
        tenant.roots()?;
        Ok(tenant)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").finish_non_exhaustive()
    }
}

/// One tenant's keys. Everything that is sealed or opened starts from here: there is no ambient tenant.
#[derive(Clone)]
pub struct Tenant {
    keyring: Keyring,
    id: TenantId,
}

impl Tenant {
    /// Whose keys these are.
    #[must_use]
    pub fn id(&self) -> &TenantId {
        &self.id
    }

    /// The keyring that these are of.
    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// A number that changes whenever keys or policy do. Whoever keeps what it made of them asks for it first: what
    /// changes meanwhile is noticed then.
    pub(crate) fn revision(&self) -> u64 {
        self.keyring.inner.revision.load(Ordering::Acquire)
    }

    /// The keys of the cells of one place, from the cache or derived.
    pub(crate) fn cell_keys(&self, classes: &[Class], place: &Place<'_>) -> Result<Arc<CellKeys>, Error> {
        let inner = &self.keyring.inner;
        inner.cells.get_or(&self.cache_key(classes, place, None), || {
            CellKeys::derive(&self.id, &self.roots()?.tenant, classes, place, inner.suite)
        })
    }

    /// The keys of a blind index of one place, from the cache or derived.
    pub(crate) fn index_keys(
        &self,
        classes: &[Class],
        place: &Place<'_>,
        index: &IndexRule,
    ) -> Result<Arc<IndexKeys>, Error> {
        let key = self.cache_key(classes, place, Some(index));
        let derive = || IndexKeys::derive(&self.roots()?.index, classes, place, index);
        self.keyring.inner.indexes.get_or(&key, derive)
    }

    /// The whole context, each part with its length: two contexts never share an entry.
    fn cache_key(&self, classes: &[Class], place: &Place<'_>, index: Option<&IndexRule>) -> Box<[u8]> {
        // The revision too: keys that were derived while a change came in are never used after it.
        let mut key = self.revision().to_be_bytes().to_vec();
        let mut part = |bytes: &[u8]| {
            // Invariant: ids and labels are shorter than 256 bytes; the class history has four classes at most.
            key.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
            key.extend_from_slice(bytes);
        };
        part(self.id.as_bytes());
        for class in classes {
            part(&[class.id()]);
        }
        part(&[place.value_type.id(), 0]);
        for label in [place.compartment, place.table, place.column] {
            part(label.as_bytes());
        }
        if let Some(index) = index {
            part(index.label.as_bytes());
            part(&[index.bits, index.kind.id()]);
            part(index.normaliser.label().as_bytes());
        }
        key.into()
    }

    fn roots(&self) -> Result<Arc<Roots>, Error> {
        let inner = &self.keyring.inner;
        inner.roots.get_or(&(self.revision(), self.id.clone()), || {
            let records = self.keyring.read(|state| state.tenants.get(&self.id).cloned());
            let mut roots = Roots { tenant: Vec::new(), index: Vec::new() };
            for record in records.ok_or(Error::UnknownTenant)?.values().rev() {
                let node = Node::of_root(&self.id, &record.unwrap_root(&inner.kek)?)?;
                match record.kind() {
                    RootKind::TenantRoot => roots.tenant.push((record.generation(), node)),
                    RootKind::IndexRoot => roots.index.push((record.generation(), node)),
                }
            }
            // A tenant has both, always: one that lacks a root has lost a record, or had it renamed.
            if roots.tenant.is_empty() || roots.index.is_empty() { Err(Error::UnknownKey) } else { Ok(roots) }
        })
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::policy::{IndexKind, Normaliser, ValueType};

    #[test]
    fn a_change_empties_every_cache() {
        let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
        let tenant = keys.create_tenant("t").unwrap();
        let place = Place { compartment: "", table: "t", column: "c", value_type: ValueType::Text };
        let index = IndexRule {
            bits: 8,
            kind: IndexKind::Exact,
            label: "i".to_owned(),
            normaliser: Normaliser::None1,
        };
        let filled = || {
            let inner = &keys.inner;
            [inner.roots.is_empty(), inner.cells.is_empty(), inner.indexes.is_empty()].map(|empty| !empty)
        };
        tenant.cell_keys(&[Class::Personal], &place).unwrap();
        tenant.index_keys(&[Class::Personal], &place, &index).unwrap();
        assert_eq!(filled(), [true; 3]);
        let before = tenant.revision();
        keys.add_alias("a", "t").unwrap();
        assert_eq!(filled(), [false; 3]);
        assert!(tenant.revision() > before);
    }

    #[test]
    fn a_cache_key_has_every_part_of_the_context() {
        type Context = (&'static str, &'static [Class], [&'static str; 3], ValueType, IndexRule);
        let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
        let (one, two): (&[Class], &[Class]) = (&[Class::Personal], &[Class::Personal, Class::Internal]);
        let index = |label: &str, bits, normaliser| IndexRule {
            bits,
            kind: IndexKind::Exact,
            label: label.to_owned(),
            normaliser,
        };
        let rule = || index("i", 8, Normaliser::None1);
        let text = ValueType::Text;
        let contexts: Vec<Context> = vec![
            ("t", one, ["p", "ab", "c"], text, rule()),
            ("u", one, ["p", "ab", "c"], text, rule()),
            ("t", &[Class::Internal], ["p", "ab", "c"], text, rule()),
            ("t", two, ["p", "ab", "c"], text, rule()),
            ("t", one, ["q", "ab", "c"], text, rule()),
            ("t", one, ["p", "ad", "c"], text, rule()),
            ("t", one, ["p", "ab", "d"], text, rule()),
            ("t", one, ["p", "a", "bc"], text, rule()),
            ("t", one, ["pa", "b", "c"], text, rule()),
            ("t", one, ["p", "ab", "c"], ValueType::Bytes, rule()),
            ("t", one, ["p", "ab", "c"], text, index("j", 8, Normaliser::None1)),
            ("t", one, ["p", "ab", "c"], text, index("i", 9, Normaliser::None1)),
            ("t", one, ["p", "ab", "c"], text, index("i", 8, Normaliser::MobileCn1)),
            ("t", one, ["p", "ab", "ci"], text, index("", 8, Normaliser::None1)),
        ];
        let cache_keys = || {
            contexts.iter().map(|(id, classes, [compartment, table, column], value_type, index)| {
                let tenant = Tenant { keyring: keys.clone(), id: TenantId::try_from(*id).unwrap() };
                let place = Place { compartment, table, column, value_type: *value_type };
                tenant.cache_key(classes, &place, Some(index))
            })
        };
        let mut seen: std::collections::HashSet<_> = cache_keys().collect();
        assert_eq!(seen.len(), contexts.len());
        keys.create_tenant("t").unwrap();
        assert!(cache_keys().all(|key| seen.insert(key)), "another revision");
    }
}
