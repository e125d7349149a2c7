//! Entries in memory: a keyring that is stored nowhere, and what a key file holds between two writes.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    error::Error,
    tenant::store::{Change, Entry, RecordStore, StorageAction, StoreTransaction},
};

/// Entries by name, and the serial number of their last change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entries {
    pub(crate) serial: u64,
    pub(crate) by_name: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Entries {
    pub(crate) fn get(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.by_name.get(name).cloned()
    }

    pub(crate) fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Vec<Entry> {
        let start =
            if after >= prefix { Bound::Excluded(after.to_vec()) } else { Bound::Included(prefix.to_vec()) };
        self.by_name
            .range((start, Bound::Unbounded))
            .take_while(|(name, _)| name.starts_with(prefix))
            .take(limit)
            .map(|(name, bytes)| Entry { name: name.clone(), bytes: bytes.clone() })
            .collect()
    }

    /// # Errors
    ///
    /// [`Error::Value`] after 2^64 - 1 commits.
    pub(crate) fn next_serial(&self) -> Result<u64, Error> {
        self.serial.checked_add(1).ok_or(Error::Value)
    }

    /// # Errors
    ///
    /// As [`Entries::next_serial`].
    pub(crate) fn apply(&mut self, changes: &[Change]) -> Result<(), Error> {
        self.serial = self.next_serial()?;
        for change in changes {
            match change {
                Change::Delete(name) => self.by_name.remove(name),
                Change::Put(entry) => self.by_name.insert(entry.name.clone(), entry.bytes.clone()),
            };
        }
        Ok(())
    }
}

/// Keeps entries in memory alone: for tests, and for workers that are handed the entries they need.
///
/// A change that has begun holds everybody else up in this process, reads too.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Entries>);

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with(entries: Entries) -> Self {
        Self(Mutex::new(entries))
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        // Invariant: a change is made on a copy, so a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RecordStore for MemoryStore {
    fn serial(&self) -> Result<u64, Error> {
        Ok(self.lock().serial)
    }

    fn get(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.lock().get(name))
    }

    fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Vec<Entry>, Error> {
        Ok(self.lock().scan(prefix, after, limit))
    }

    fn begin(&self) -> Result<Box<dyn StoreTransaction + '_>, Error> {
        Ok(Box::new(MemoryTransaction(self.lock())))
    }

    fn scrub(&self) -> Result<Vec<StorageAction>, Error> {
        Ok(Vec::new())
    }
}

struct MemoryTransaction<'s>(MutexGuard<'s, Entries>);

impl StoreTransaction for MemoryTransaction<'_> {
    fn serial(&self) -> Result<u64, Error> {
        Ok(self.0.serial)
    }

    fn get(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.0.get(name))
    }

    fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Vec<Entry>, Error> {
        Ok(self.0.scan(prefix, after, limit))
    }

    fn commit(mut self: Box<Self>, changes: &[Change], _event: &[u8]) -> Result<(), Error> {
        self.0.apply(changes)
    }
}
