//! A change to what a keyring has stored, before it is committed.

use std::sync::Arc;

use crate::{
    error::Error,
    primitive::rng::RandomSource,
    secret::SecretBytes,
    tenant::{
        derived::Seed,
        entry,
        id::{Generation, TenantId},
        kek::{Keks, KeyHandle},
        keyring::{SCAN, check_page, now},
        name,
        policy::Policy,
        record::{Record, RootKind},
        state::{Life, TenantState},
        store::{Change, Entry, StoreTransaction},
        suite::Suite,
    },
};

/// What is to be changed, over what is stored. Reads show what was there before it.
pub(crate) struct Draft<'t> {
    transaction: &'t dyn StoreTransaction,
    keks: &'t Keks,
    kek: Arc<KeyHandle>,
    suite: Suite,
    changes: Vec<Change>,
}

impl<'t> Draft<'t> {
    pub(crate) fn new(
        transaction: &'t dyn StoreTransaction,
        keks: &'t Keks,
        kek: Arc<KeyHandle>,
        suite: Suite,
    ) -> Self {
        Self { transaction, keks, kek, suite, changes: Vec::new() }
    }

    pub(crate) fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    /// The body of an entry that stands in clear.
    pub(crate) fn get(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let bytes = self.transaction.get(name)?;
        bytes.map(|bytes| entry::open_clear(self.keks, name, &bytes)).transpose()
    }

    /// The body of an entry that is wrapped.
    pub(crate) fn get_secret(&self, name: &[u8]) -> Result<Option<SecretBytes>, Error> {
        let bytes = self.transaction.get(name)?;
        bytes.map(|bytes| entry::open_secret(self.keks, name, &bytes)).transpose()
    }

    /// Every entry whose name starts with `prefix`.
    pub(crate) fn entries(&self, prefix: &[u8]) -> Result<Vec<Entry>, Error> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let after = entries.last().map_or(&[][..], |entry| &entry.name);
            let page = self.page(prefix, after, SCAN)?;
            if page.is_empty() {
                return Ok(entries);
            }
            entries.extend(page);
        }
    }

    /// Some of the entries whose names start with `prefix`, as [`StoreTransaction::scan`].
    pub(crate) fn page(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Vec<Entry>, Error> {
        let page = self.transaction.scan(prefix, after, limit)?;
        check_page(prefix, after, &page)?;
        Ok(page)
    }

    /// What new entries are wrapped under.
    pub(crate) fn kek(&self) -> &KeyHandle {
        &self.kek
    }

    pub(crate) fn put(&mut self, name: &[u8], body: &[u8]) -> Result<(), Error> {
        let entry = entry::clear(&self.kek, self.suite, name, body)?;
        self.put_entry(entry);
        Ok(())
    }

    pub(crate) fn put_secret(
        &mut self,
        name: &[u8],
        body: &[u8],
        rng: &mut impl RandomSource,
    ) -> Result<(), Error> {
        let entry = entry::secret(&self.kek, self.suite, name, body, rng)?;
        self.put_entry(entry);
        Ok(())
    }

    pub(crate) fn put_entry(&mut self, entry: Entry) {
        self.changes.push(Change::Put(entry));
    }

    pub(crate) fn put_policy(&mut self, policy: &Policy) -> Result<(), Error> {
        let bytes = policy.to_stored(&self.kek, self.suite)?;
        self.put_entry(Entry { name: name::POLICY.to_vec(), bytes });
        Ok(())
    }

    pub(crate) fn delete(&mut self, name: &[u8]) {
        self.changes.push(Change::Delete(name.to_vec()));
    }

    pub(crate) fn policy(&self) -> Result<Option<Policy>, Error> {
        let bytes = self.transaction.get(name::POLICY)?;
        bytes.map(|bytes| Policy::from_stored(&bytes, self.keks)).transpose()
    }

    /// Gives a tenant a fresh root: random, or derived from a seed.
    pub(crate) fn add_root(
        &mut self,
        kind: RootKind,
        id: &TenantId,
        generation: Generation,
        seed: Option<&Seed>,
        rng: &mut impl RandomSource,
    ) -> Result<(), Error> {
        let created = now();
        let record = match seed {
            None => Record::generate(&self.kek, self.suite, kind, id, generation, created, rng)?,
            Some(seed) => Record::derive(seed, self.suite, kind, id, generation, created, rng)?,
        };
        self.put_entry(Entry { name: name::record(&record), bytes: record.to_bytes() });
        Ok(())
    }

    /// The records of a tenant.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] if one stands under a name that is not its own.
    pub(crate) fn records(&self, id: &TenantId) -> Result<Vec<Record>, Error> {
        let entries = self.entries(&name::tenant(id))?;
        let records = entries.iter().filter(|entry| name::is_record(&entry.name)).map(|entry| {
            let record = Record::parse(&entry.bytes)?;
            if name::record(&record) == entry.name { Ok(record) } else { Err(Error::Open) }
        });
        records.collect()
    }

    /// The life-cycle state of a tenant.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTenant`].
    pub(crate) fn life(&self, id: &TenantId) -> Result<Life, Error> {
        match self.get(&name::tenant_state(id))? {
            Some(body) => Life::parse(&body),
            None if self.transaction.scan(&name::tenant(id), &[], 1)?.is_empty() => Err(Error::UnknownTenant),
            None => Ok(Life::ACTIVE),
        }
    }

    pub(crate) fn put_life(&mut self, id: &TenantId, life: &Life) -> Result<(), Error> {
        self.put(&name::tenant_state(id), &life.to_bytes()?)
    }

    /// # Errors
    ///
    /// [`Error::AlreadyExists`], [`Error::Shredded`] if a tenant of that id is or was there.
    pub(crate) fn check_new(&self, id: &TenantId) -> Result<(), Error> {
        match self.check_alive(id) {
            Err(Error::UnknownTenant) => Ok(()),
            Ok(_) => Err(Error::AlreadyExists),
            Err(error) => Err(error),
        }
    }

    /// # Errors
    ///
    /// [`Error::UnknownTenant`], [`Error::Shredded`].
    pub(crate) fn check_alive(&self, id: &TenantId) -> Result<Life, Error> {
        match self.life(id)? {
            Life { state: TenantState::Shredding | TenantState::Shredded, .. } => Err(Error::Shredded),
            life => Ok(life),
        }
    }

    /// # Errors
    ///
    /// [`Error::UnknownTenant`], [`Error::Shredded`], [`Error::Suspended`].
    pub(crate) fn check_active(&self, id: &TenantId) -> Result<(), Error> {
        self.life(id)?.check_active()
    }
}
