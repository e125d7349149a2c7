//! A keyring: every tenant's roots under one KEK, the aliases, and the policy, over a store of entries.

use core::fmt;
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::{
    error::{Error, StoreError},
    primitive::rng::{Os, RandomSource},
    tenant::{
        cache::Cache,
        draft::Draft,
        entry,
        event::{EventSink, KeyEvent, NoEvents},
        freshness::{Ask, Freshness},
        id::{Generation, TenantId},
        kek::{Kek, Keks, KeyHandle, Passphrase},
        keyfile::{KeyFile, PassphraseCost},
        memory::{Entries, MemoryStore},
        name,
        observer::{NoObserver, Observation, Observer},
        policy::Policy,
        record::{Record, RootKind},
        state::{Life, TenantState},
        store::{Entry, RecordStore},
        suite::Suite,
        view::{Tenant, View},
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
    keks: Arc<Keks>,
    suite: Suite,
    store: Arc<dyn RecordStore>,
    /// The store, if it is a key file.
    file: Option<Arc<KeyFile>>,
    cost: PassphraseCost,
    sink: Arc<dyn EventSink>,
    observer: Arc<dyn Observer>,
    freshness: Freshness,
    views: Cache<TenantId, View>,
    aliases: Cache<(u64, Vec<u8>), TenantId>,
    marks: Cache<(u64, Vec<u8>), Result<u64, Error>>,
    policy: Mutex<KnownPolicy>,
}

/// The policy in force, as of a serial number of the store.
#[derive(Default)]
struct KnownPolicy {
    serial: Option<u64>,
    bytes: Option<Vec<u8>>,
    policy: Option<Arc<Policy>>,
}

/// How a keyring is made. The defaults are what nearly everybody wants.
#[derive(Clone)]
pub struct KeyringOptions {
    cache_capacity: usize,
    cache_ttl: Duration,
    cost: PassphraseCost,
    observer: Arc<dyn Observer>,
    older_keks: Vec<Arc<KeyHandle>>,
    outage: Duration,
    sink: Arc<dyn EventSink>,
    suite: Suite,
    within: Duration,
}

impl KeyringOptions {
    /// The defaults: 8,192 tenants cached for 5 minutes each, changes of other processes seen within 5 seconds, an
    /// outage of the store borne for 60, the recommended passphrase cost, no event sink, no observer.
    #[must_use]
    pub fn new() -> Self {
        Self {
            cache_capacity: 8_192,
            cache_ttl: Duration::from_secs(300),
            cost: PassphraseCost::RECOMMENDED,
            observer: Arc::new(NoObserver),
            older_keks: Vec::new(),
            outage: Duration::from_secs(60),
            sink: Arc::new(NoEvents),
            suite: Suite::default(),
            within: Duration::from_secs(5),
        }
    }

    /// How many tenants are cached, each with the keys that it uses, and for how long.
    #[must_use]
    pub fn cache(mut self, tenants: usize, ttl: Duration) -> Self {
        (self.cache_capacity, self.cache_ttl) = (tenants, ttl);
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

    /// Who counts what the keyring does.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = observer;
        self
    }

    /// An older KEK that entries of a store may still be under, while they are moved to the new one.
    ///
    /// # Errors
    ///
    /// None at present; deriving the wrapping keys is fallible.
    pub fn older_kek(mut self, kek: &Kek) -> Result<Self, Error> {
        self.older_keks.push(Arc::new(KeyHandle::local(kek)?));
        Ok(self)
    }

    /// How old what is known of the store may be: a key that another process rotated, suspended or shredded is used for
    /// `within` at most, and the time that the store takes to answer. A bulk call looks when it begins and when it ends. While the store does not answer, what was known goes on for `outage` after its last answer;
    /// then every call fails.
    #[must_use]
    pub fn staleness(mut self, within: Duration, outage: Duration) -> Self {
        (self.within, self.outage) = (within, outage);
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
    /// [`Error::InsecureFolder`]; [`Error::Io`].
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
        let file = KeyFile::create(path.as_ref(), passphrase, options.cost, options.suite)?;
        Self::over_file(file, options)
    }

    /// Opens a key file.
    ///
    /// # Errors
    ///
    /// [`Error::Passphrase`] if the passphrase is wrong or the file was altered; [`Error::Malformed`] if it is no
    /// key file; [`Error::Unsupported`] if a newer version made it; [`Error::RolledBack`] if a later file has stood
    /// in its place; [`Error::InsecureFolder`]; [`Error::Io`].
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
        Self::over_file(KeyFile::open(path.as_ref(), passphrase, false)?, options)
    }

    /// Opens a key file that was put back from a backup on purpose. What was done after that backup is gone from it:
    /// generations, tenants, suspensions, shreddings. The file is marked as the latest. No event tells of it.
    ///
    /// Stop other processes first. One that goes on answers [`Error::RolledBack`] to everything once it has seen the file,
    /// within the staleness of [`KeyringOptions::staleness`], until it opens the file anew; what it seals up to then with a
    /// key that is not in the backup opens no more.
    ///
    /// # Errors
    ///
    /// As [`Keyring::open`], but for [`Error::RolledBack`].
    pub fn restore(
        path: impl AsRef<Path>,
        passphrase: &Passphrase,
        options: &KeyringOptions,
    ) -> Result<Self, Error> {
        Self::over_file(KeyFile::open(path.as_ref(), passphrase, true)?, options)
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
    /// The roots are unwrapped when their tenant is first used. Records are all that comes along: every tenant is active here,
    /// also one that was suspended or is under a legal hold where the records are from, and there is no alias, principal,
    /// policy, seed or receipt.
    ///
    /// # Errors
    ///
    /// What [`Record::parse`] says of a record; [`Error::AlreadyExists`] for two of the same tenant, kind and
    /// generation; [`Error::UnknownKek`] for one that is wrapped under another KEK.
    pub fn from_records<B: AsRef<[u8]>>(
        kek: &Kek,
        records: impl IntoIterator<Item = B>,
        options: &KeyringOptions,
    ) -> Result<Self, Error> {
        let keks = Keks::new(KeyHandle::local(kek)?, &options.older_keks);
        let current = keks.current()?;
        let mut entries = Entries::default();
        let entry = entry::clear(&current, options.suite, name::KEK, &current.provider().1)?;
        entries.by_name.insert(entry.name, entry.bytes);
        for bytes in records {
            let record = Record::parse(bytes.as_ref())?;
            record.check_provider(&keks)?;
            if entries.by_name.insert(name::record(&record), bytes.as_ref().to_vec()).is_some() {
                return Err(Error::AlreadyExists);
            }
        }
        Self::assemble(Arc::new(keks), Arc::new(MemoryStore::with(entries)), None, options)
    }

    /// A keyring over a store, such as a database. Many processes may work on one store.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKek`] if the store is under another KEK; [`Error::Io`], [`Error::Store`].
    pub fn over(kek: &Kek, store: Arc<dyn RecordStore>, options: &KeyringOptions) -> Result<Self, Error> {
        let keks = Arc::new(Keks::new(KeyHandle::local(kek)?, &options.older_keks));
        let keyring = Self::assemble(keks, store, None, options)?;
        let current = keyring.store().get(name::KEK)?;
        if current.is_none() {
            check_empty(&keyring.store().scan(&[], &[], 1)?)?;
        }
        keyring.inner.follow_kek(current.as_deref())?;
        Ok(keyring)
    }

    /// Creates a tenant with a fresh root and index root.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`]; [`Error::Shredded`] if a tenant of that id was destroyed; [`Error::Value`] or
    /// [`Error::TooLong`] if the id is not 1 to 128 bytes; [`Error::Random`], [`Error::Io`], [`Error::Store`].
    pub fn create_tenant<I: TryInto<TenantId, Error: Into<Error>>>(&self, id: I) -> Result<Tenant, Error> {
        self.create_tenant_from(id.try_into().map_err(Into::into)?, false, &mut Os)
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
        let rng = &mut crate::primitive::rng::Explicit(rng);
        self.create_tenant_from(id.try_into().map_err(Into::into)?, false, rng)
    }

    /// The keys of a tenant, by its id. One that is not known here is looked for in the store at once; what another
    /// process changed of one that is known is seen within the staleness of [`KeyringOptions::staleness`].
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTenant`]; [`Error::Suspended`], [`Error::Shredded`]; [`Error::Open`] if its records were
    /// altered; [`Error::Io`], [`Error::Store`].
    pub fn tenant<I: TryInto<TenantId, Error: Into<Error>>>(&self, id: I) -> Result<Tenant, Error> {
        let id = id.try_into().map_err(Into::into)?;
        let view = self.fresh_if(Error::UnknownTenant, || self.view(&id))?;
        Ok(Tenant::new(self.clone(), view))
    }

    /// The keys of a tenant, by one of its aliases.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTenant`] if no tenant has that alias; as [`Keyring::tenant`].
    pub fn tenant_by_alias(&self, alias: &str) -> Result<Tenant, Error> {
        let id = self.fresh_if(Error::UnknownTenant, || {
            let key = (self.serial()?, alias.as_bytes().to_vec());
            if let Some(id) = self.inner.aliases.get(&key) {
                return Ok(id);
            }
            let name = name::alias(alias.as_bytes());
            let bytes = self.store().get(&name)?.ok_or(Error::UnknownTenant)?;
            let id = Arc::new(TenantId::try_from(self.open_entry(&name, &bytes)?.as_slice())?);
            self.inner.aliases.insert(key, id.clone());
            Ok(id)
        })?;
        Ok(Tenant::new(self.clone(), self.view(&id)?))
    }

    /// Gives a tenant another name: a CorpID, a suite id, an open id. No key changes.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`] if a tenant has that alias; [`Error::UnknownTenant`], [`Error::Shredded`];
    /// [`Error::Value`] or [`Error::TooLong`] if the alias is not 1 to 128 bytes; [`Error::Io`], [`Error::Store`].
    pub fn add_alias<I: TryInto<TenantId, Error: Into<Error>>>(
        &self,
        alias: &str,
        id: I,
    ) -> Result<(), Error> {
        let (alias, id) = (TenantId::try_from(alias)?, id.try_into().map_err(Into::into)?);
        let name = name::alias(alias.as_bytes());
        self.update(|draft| {
            draft.check_alive(&id)?;
            if draft.get(&name)?.is_some() {
                return Err(Error::AlreadyExists);
            }
            draft.put(&name, id.as_bytes())?;
            Ok((KeyEvent::AliasAdded(id), ()))
        })
    }

    /// Takes a name away. No key changes.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTenant`] if no tenant has that alias; [`Error::Io`], [`Error::Store`].
    pub fn remove_alias(&self, alias: &str) -> Result<(), Error> {
        let name = name::alias(alias.as_bytes());
        self.update(|draft| {
            let id = draft.get(&name)?.ok_or(Error::UnknownTenant)?;
            draft.delete(&name);
            Ok((KeyEvent::AliasRemoved(id.as_slice().try_into()?), ()))
        })
    }

    /// Puts a policy in force for every tenant of this keyring.
    ///
    /// The store keeps it: it is in force again after [`Keyring::open`]. The one that is in force may be installed again, which
    /// changes nothing and leaves no event: a service may do so at every start. An older one is refused.
    ///
    /// # Errors
    ///
    /// [`Error::Policy`] with `Continuity` if it drops or changes something permanent, or differs from the one in force and its
    /// version is not higher. [`Error::Io`], [`Error::Store`].
    pub fn install_policy(&self, policy: Policy) -> Result<(), Error> {
        let mut in_force = false;
        let installed = self.update(|draft| {
            if let Some(current) = draft.policy()? {
                in_force = current == policy;
                if in_force {
                    return Err(Error::AlreadyExists);
                }
                current.check_successor(&policy)?;
            }
            draft.put_policy(&policy)?;
            Ok((KeyEvent::PolicyInstalled(policy.version()), ()))
        });
        if in_force { Ok(()) } else { installed }
    }

    /// The policy in force.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownField`] if none was installed; [`Error::Open`] if it was altered; [`Error::Io`],
    /// [`Error::Store`].
    pub fn policy(&self) -> Result<Arc<Policy>, Error> {
        self.policy_at(self.serial()?)?.ok_or(Error::UnknownField)
    }

    /// The stored form of a policy: canonical JSON with a MAC under this keyring's KEK.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] over 4 GiB.
    pub fn policy_to_bytes(&self, policy: &Policy) -> Result<Vec<u8>, Error> {
        policy.to_stored(&*self.inner.keks.current()?, self.inner.suite)
    }

    /// Reads what [`Keyring::policy_to_bytes`] made.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] if it was altered; [`Error::UnknownKek`] if another KEK made it; [`Error::Malformed`],
    /// [`Error::Unsupported`].
    pub fn policy_from_bytes(&self, bytes: &[u8]) -> Result<Policy, Error> {
        Policy::from_stored(bytes, &self.inner.keks)
    }

    /// Every record, to be kept by the caller. All of them are in memory at once.
    ///
    /// It is no backup: states, legal holds, aliases, principals, the policy, seeds, signing keys and receipts are not among
    /// them. Copy the key file or the database for that.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`], [`Error::Unsupported`]; [`Error::Io`], [`Error::Store`].
    pub fn records(&self) -> Result<Vec<Record>, Error> {
        let mut records = Vec::new();
        self.scan(name::TENANTS, |entry| {
            if name::is_record(&entry.name) {
                records.push(Record::parse(&entry.bytes)?);
            }
            Ok(())
        })?;
        let order = |record: &Record| (record.tenant().clone(), record.kind(), record.generation());
        records.sort_by_cached_key(order);
        Ok(records)
    }

    /// Whether a record of the store is such a one.
    pub(crate) fn has_record(&self, test: impl Fn(&Record) -> bool) -> Result<bool, Error> {
        let mut found = false;
        self.scan(name::TENANTS, |entry| {
            found |= name::is_record(&entry.name) && test(&Record::parse(&entry.bytes)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// The id of every tenant whose roots are there, suspended ones too, in the order of their bytes. One whose shredding
    /// began is in [`Keyring::tenants_due`].
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`]; [`Error::Io`], [`Error::Store`].
    pub fn tenant_ids(&self) -> Result<Vec<TenantId>, Error> {
        let mut ids: Vec<TenantId> = Vec::new();
        self.scan(name::TENANTS, |entry| {
            let (id, _) = name::split_tenant(&entry.name)?;
            if name::is_record(&entry.name) && ids.last() != Some(&id) {
                ids.push(id);
            }
            Ok(())
        })?;
        ids.sort_unstable();
        Ok(ids)
    }

    /// Where in its life a tenant is.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTenant`]; [`Error::Open`] if its entry was altered; [`Error::Io`], [`Error::Store`].
    pub fn tenant_state<I: TryInto<TenantId, Error: Into<Error>>>(
        &self,
        id: I,
    ) -> Result<TenantState, Error> {
        self.life(&id.try_into().map_err(Into::into)?).map(|life| life.state)
    }

    /// Asks the store now, so that what other processes changed is seen at once. A service that asks itself whether it is
    /// well calls this.
    ///
    /// # Errors
    ///
    /// [`Error::Passphrase`] if a key file was altered; [`Error::RolledBack`] if it is older than what was read
    /// before, or was restored since; [`Error::UnknownKek`] if the store was moved to a KEK that this keyring was not given;
    /// [`Error::Io`], [`Error::Store`].
    pub fn reload(&self) -> Result<(), Error> {
        self.ask(Ask::NowOrTell)?;
        // A key file tells its KEK by itself.
        if self.inner.file.is_some() {
            return Ok(());
        }
        self.inner.follow_kek(self.store().get(name::KEK)?.as_deref())
    }

    /// As [`Keyring::reload`], but a store that does not answer is borne with, as
    /// [`KeyringOptions::staleness`] says, and nobody asks for its KEK.
    ///
    /// # Errors
    ///
    /// As [`Keyring::reload`], after the outage that is allowed; [`Error::RolledBack`] at once.
    pub fn refresh(&self) -> Result<(), Error> {
        self.ask(Ask::Now).map(drop)
    }

    fn over_file(file: KeyFile, options: &KeyringOptions) -> Result<Self, Error> {
        let file = Arc::new(file);
        // What is written into a file is of the file's suite.
        let options = KeyringOptions { suite: file.suite(), ..options.clone() };
        Self::assemble(file.keks().clone(), file.clone(), Some(file), &options)
    }

    fn assemble(
        keks: Arc<Keks>,
        store: Arc<dyn RecordStore>,
        file: Option<Arc<KeyFile>>,
        options: &KeyringOptions,
    ) -> Result<Self, Error> {
        let (capacity, ttl) = (options.cache_capacity, options.cache_ttl);
        Ok(Self {
            inner: Arc::new(Inner {
                keks,
                suite: options.suite,
                file,
                cost: options.cost,
                sink: options.sink.clone(),
                observer: options.observer.clone(),
                freshness: Freshness::new(store.serial()?, options.within, options.outage),
                store,
                views: Cache::new(capacity, ttl),
                aliases: Cache::new(capacity, ttl),
                marks: Cache::new(capacity, ttl),
                policy: Mutex::default(),
            }),
        })
    }

    pub(crate) fn create_tenant_from(
        &self,
        id: TenantId,
        derived: bool,
        rng: &mut impl RandomSource,
    ) -> Result<Tenant, Error> {
        self.update(|draft| {
            draft.check_new(&id)?;
            let seed = draft.seed_if(derived)?;
            for kind in [RootKind::TenantRoot, RootKind::IndexRoot] {
                draft.add_root(kind, &id, Generation::FIRST, seed.as_ref(), rng)?;
            }
            Ok((KeyEvent::TenantCreated(id.clone()), ()))
        })?;
        self.tenant(id)
    }

    /// The keys of a tenant as they are now.
    pub(crate) fn view(&self, id: &TenantId) -> Result<Arc<View>, Error> {
        let inner = &*self.inner;
        let serial = self.serial()?;
        let cached = inner.views.get(id);
        if let Some(view) = cached.as_ref().filter(|view| view.is_of(serial)) {
            inner.observer.count(Observation::CacheHit);
            return Ok(view.clone());
        }
        // Something has changed in the store; perhaps not for this tenant.
        let policy = self.policy_at(serial)?;
        let entries = self.entries(&name::tenant(id))?;
        if let Some(view) = cached.filter(|view| view.confirm(&entries, policy.as_ref(), serial)) {
            inner.observer.count(Observation::CacheConfirmed);
            return Ok(view);
        }
        inner.observer.count(Observation::CacheMiss);
        inner.views.remove(id);
        self.life_of(id, &entries)?.check_active()?;
        let view = self.make_view(id, &entries, policy, serial)?;
        inner.views.insert(id.clone(), view.clone());
        Ok(view)
    }

    /// Unwraps a tenant's roots, and keeps nothing.
    pub(crate) fn make_view(
        &self,
        id: &TenantId,
        entries: &[Entry],
        policy: Option<Arc<Policy>>,
        serial: u64,
    ) -> Result<Arc<View>, Error> {
        let inner = &*self.inner;
        self.load_seeds(entries)?;
        View::new(id.clone(), entries, policy, &inner.keks, inner.suite, serial).map(Arc::new)
    }

    /// The serial number of the store, as old as is allowed.
    pub(crate) fn serial(&self) -> Result<u64, Error> {
        match self.inner.freshness.known() {
            Some(serial) => Ok(serial),
            None => self.ask(Ask::IfStale),
        }
    }

    /// When tenants and principals were last restored, or why they may not act: by the serial number of the store and
    /// the name of the entry.
    pub(crate) fn marks(&self) -> &Cache<(u64, Vec<u8>), Result<u64, Error>> {
        &self.inner.marks
    }

    /// For how long what was known goes on while the store does not answer, in nanoseconds.
    pub(crate) fn outage(&self) -> u64 {
        self.inner.freshness.outage()
    }

    /// Whether both are handles of one keyring.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    fn ask(&self, how: Ask) -> Result<u64, Error> {
        let inner = &*self.inner;
        let mut failed = false;
        let serial = inner.freshness.ask(how, || inner.store.serial().inspect_err(|_| failed = true));
        // Told when no lock is held any more: an observer may use the keyring.
        if failed {
            inner.observer.count(Observation::StoreFailed);
        }
        inner.views.sweep();
        serial
    }

    /// Does `look`, and if it ends with that error, once more after asking the store, if that has something new.
    pub(crate) fn fresh_if<T>(&self, error: Error, look: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
        let seen = self.inner.freshness.last();
        match look() {
            Err(found) if found == error && self.ask(Ask::NowOrTell)? != seen => look(),
            other => other,
        }
    }

    pub(crate) fn policy_at(&self, serial: u64) -> Result<Option<Arc<Policy>>, Error> {
        let inner = &*self.inner;
        // Invariant: what is known is replaced whole, so a panic elsewhere leaves nothing half done.
        let mut known = inner.policy.lock().unwrap_or_else(PoisonError::into_inner);
        if known.serial.is_none_or(|of| of < serial) {
            let bytes = inner.store.get(name::POLICY)?;
            if bytes != known.bytes || known.serial.is_none() {
                let policy = bytes.as_ref().map(|bytes| Policy::from_stored(bytes, &inner.keks));
                let policy = policy.transpose()?.map(Arc::new);
                *known = KnownPolicy { serial: Some(serial), bytes, policy };
            }
            known.serial = Some(serial);
        }
        Ok(known.policy.clone())
    }

    /// The life-cycle state of a tenant, from its entries.
    pub(crate) fn life_of(&self, id: &TenantId, entries: &[Entry]) -> Result<Life, Error> {
        let name = name::tenant_state(id);
        match entries.iter().find(|entry| entry.name == name) {
            Some(entry) => Life::parse(&self.open_entry(&name, &entry.bytes)?),
            None if entries.is_empty() => Err(Error::UnknownTenant),
            None => Ok(Life::ACTIVE),
        }
    }

    pub(crate) fn life(&self, id: &TenantId) -> Result<Life, Error> {
        self.ask(Ask::NowOrTell)?;
        self.life_of(id, &self.entries(&name::tenant(id))?)
    }

    pub(crate) fn store(&self) -> &dyn RecordStore {
        &*self.inner.store
    }

    pub(crate) fn keks(&self) -> &Keks {
        &self.inner.keks
    }

    pub(crate) fn suite(&self) -> Suite {
        self.inner.suite
    }

    pub(crate) fn file(&self) -> Option<&KeyFile> {
        self.inner.file.as_deref()
    }

    pub(crate) fn passphrase_cost(&self) -> PassphraseCost {
        self.inner.cost
    }

    pub(crate) fn observe(&self, what: Observation) {
        self.inner.observer.count(what);
    }

    pub(crate) fn sink(&self) -> &dyn EventSink {
        &*self.inner.sink
    }

    /// The body of an entry that stands in the store in clear.
    pub(crate) fn open_entry(&self, name: &[u8], bytes: &[u8]) -> Result<Vec<u8>, Error> {
        entry::open_clear(&self.inner.keks, name, bytes)
    }

    /// Every entry whose name starts with `prefix`. They are few: one question is enough if fewer come than were asked for,
    /// which the store promises.
    pub(crate) fn entries(&self, prefix: &[u8]) -> Result<Vec<Entry>, Error> {
        let first = self.inner.store.scan(prefix, &[], SCAN)?;
        if first.len() < SCAN {
            check_page(prefix, &[], &first)?;
            return Ok(first);
        }
        let mut entries = Vec::new();
        self.scan(prefix, |entry| {
            entries.push(entry);
            Ok(())
        })?;
        Ok(entries)
    }

    /// Shows every entry whose name starts with `prefix` to `each`, some at a time. What is left out here could be lost, so
    /// it asks until there is nothing more.
    pub(crate) fn scan(
        &self,
        prefix: &[u8],
        mut each: impl FnMut(Entry) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut after = Vec::new();
        loop {
            let entries = self.inner.store.scan(prefix, &after, SCAN)?;
            check_page(prefix, &after, &entries)?;
            let Some(last) = entries.last() else { return Ok(()) };
            after.clone_from(&last.name);
            entries.into_iter().try_for_each(&mut each)?;
        }
    }

    /// Changes what is stored: from what is there, while nobody else changes it; the event first, then the store.
    pub(crate) fn update<T>(
        &self,
        change: impl FnOnce(&mut Draft<'_>) -> Result<(KeyEvent, T), Error>,
    ) -> Result<T, Error> {
        let inner = &*self.inner;
        let transaction = inner.store.begin()?;
        if transaction.serial()? < inner.freshness.last() {
            return Err(Error::RolledBack);
        }
        let known = if inner.file.is_some() { None } else { Some(transaction.get(name::KEK)?) };
        if let Some(entry) = &known {
            inner.follow_kek(entry.as_deref())?;
        }
        let kek = inner.keks.current()?;
        let id = kek.provider().1;
        let mut draft = Draft::new(&*transaction, &inner.keks, kek, inner.suite);
        if known == Some(None) {
            // The first change: from now on a keyring with another KEK notices. Later it is always there.
            check_empty(&transaction.scan(&[], &[], 1)?)?;
            draft.put(name::KEK, &id)?;
        }
        let (event, value) = change(&mut draft)?;
        let changes = draft.into_changes();
        inner.sink.record(&event)?;
        let committed = transaction.commit(&changes, &event.to_bytes());
        inner.observer.count(Observation::Changed);
        // Whether it was done or not, what stands in the store is what counts.
        let asked = self.ask(Ask::NowOrTell).inspect_err(|_| inner.freshness.expire());
        committed.and(asked).map(|_| value)
    }
}

impl Inner {
    /// Takes up the KEK that the store says new entries are wrapped under.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKek`] if this process was not given it: what it wrapped would be lost with the older one.
    fn follow_kek(&self, entry: Option<&[u8]>) -> Result<(), Error> {
        let Some(bytes) = entry else { return Ok(()) };
        let provider = entry::provider(bytes)?;
        entry::open_clear(&self.keks, name::KEK, bytes)?;
        if self.keks.current()?.provider() != provider {
            self.keks.set_current(self.keks.of(provider)?);
        }
        Ok(())
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").finish_non_exhaustive()
    }
}

/// # Errors
///
/// [`Error::Open`] if there are entries: the one that says which KEK counts was taken away.
fn check_empty(entries: &[Entry]) -> Result<(), Error> {
    if entries.is_empty() { Ok(()) } else { Err(Error::Open) }
}

/// Whether a store gave entries that were asked for, in their order: otherwise some would be left out, or none be the last.
///
/// # Errors
///
/// [`Error::Store`] with `Engine`.
pub(crate) fn check_page(prefix: &[u8], after: &[u8], entries: &[Entry]) -> Result<(), Error> {
    let mut before = after;
    for entry in entries {
        if !entry.name.starts_with(prefix) || entry.name.as_slice() <= before {
            return Err(Error::Store(StoreError::Engine));
        }
        before = &entry.name;
    }
    Ok(())
}

/// How many entries are read at once.
pub(crate) const SCAN: usize = 1_024;

/// Now, in seconds since 1970-01-01 UTC; 0 before.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
