//! The vault without async: the same calls, which block the thread.

use std::path::Path;

use pollster::block_on;
use tenantseal::{
    Error,
    tenant::{Keyring, TenantId},
    wecom::Event,
};

use crate::{Fields, Masked, Record, VaultOptions};

/// [`crate::Vault`], blocking.
#[derive(Clone, Debug)]
pub struct Vault(crate::Vault);

impl Vault {
    /// As [`crate::Vault::open`].
    ///
    /// # Errors
    ///
    /// As [`crate::Vault::open`].
    pub fn open(path: impl AsRef<Path>, keyring: &Keyring) -> Result<Self, Error> {
        block_on(crate::Vault::open(path, keyring)).map(Self)
    }

    /// As [`crate::Vault::open_with`].
    ///
    /// # Errors
    ///
    /// As [`crate::Vault::open_with`].
    pub fn open_with(
        path: impl AsRef<Path>,
        keyring: &Keyring,
        options: VaultOptions,
    ) -> Result<Self, Error> {
        block_on(crate::Vault::open_with(path, keyring, options)).map(Self)
    }

    /// As [`crate::Vault::tenant`].
    ///
    /// # Errors
    ///
    /// As [`crate::Vault::tenant`].
    pub fn tenant<I: TryInto<TenantId, Error: Into<Error>>>(&self, id: I) -> Result<TenantVault, Error> {
        self.0.tenant(id).map(TenantVault)
    }
}

/// [`crate::TenantVault`], blocking.
#[derive(Clone, Debug)]
pub struct TenantVault(crate::TenantVault);

impl TenantVault {
    /// As [`crate::TenantVault::insert`].
    ///
    /// # Errors
    ///
    /// As [`crate::TenantVault::insert`].
    pub fn insert(&self, table: &str, fields: Fields) -> Result<i64, Error> {
        block_on(self.0.insert(table, fields))
    }

    /// As [`crate::TenantVault::get`].
    ///
    /// # Errors
    ///
    /// As [`crate::TenantVault::get`].
    pub fn get(&self, table: &str, id: i64) -> Result<Option<Record>, Error> {
        block_on(self.0.get(table, id))
    }

    /// As [`crate::TenantVault::find`].
    ///
    /// # Errors
    ///
    /// As [`crate::TenantVault::find`].
    pub fn find(&self, field: &str, index: &str, value: &str) -> Result<Vec<Record>, Error> {
        block_on(self.0.find(field, index, value))
    }

    /// As [`crate::TenantVault::find_all`].
    ///
    /// # Errors
    ///
    /// As [`crate::TenantVault::find_all`].
    pub fn find_all(&self, field: &str, index: &str, values: &[&str]) -> Result<Vec<Record>, Error> {
        block_on(self.0.find_all(field, index, values))
    }

    /// As [`crate::TenantVault::find_between`].
    ///
    /// # Errors
    ///
    /// As [`crate::TenantVault::find_between`].
    pub fn find_between(
        &self,
        field: &str,
        index: &str,
        low: &str,
        high: &str,
    ) -> Result<Vec<Record>, Error> {
        block_on(self.0.find_between(field, index, low, high))
    }

    /// As [`crate::TenantVault::list_masked`].
    ///
    /// # Errors
    ///
    /// As [`crate::TenantVault::list_masked`].
    pub fn list_masked(&self, table: &str, after: i64, limit: u32) -> Result<Vec<Masked>, Error> {
        block_on(self.0.list_masked(table, after, limit))
    }

    /// As [`crate::TenantVault::update`].
    ///
    /// # Errors
    ///
    /// As [`crate::TenantVault::update`].
    pub fn update(&self, table: &str, id: i64, fields: Fields) -> Result<bool, Error> {
        block_on(self.0.update(table, id, fields))
    }

    /// As [`crate::TenantVault::delete`].
    ///
    /// # Errors
    ///
    /// As [`crate::TenantVault::delete`].
    pub fn delete(&self, table: &str, id: i64) -> Result<bool, Error> {
        block_on(self.0.delete(table, id))
    }

    /// As [`crate::TenantVault::begin`].
    ///
    /// # Errors
    ///
    /// As [`crate::TenantVault::begin`].
    pub fn begin(&self) -> Result<Transaction, Error> {
        block_on(self.0.begin()).map(Transaction)
    }
}

/// [`crate::Transaction`], blocking.
#[derive(Debug)]
pub struct Transaction(crate::Transaction);

impl Transaction {
    /// As [`crate::Transaction::settle`].
    ///
    /// # Errors
    ///
    /// As [`crate::Transaction::settle`].
    pub fn settle(&mut self, event: &Event) -> Result<(), Error> {
        block_on(self.0.settle(event))
    }

    /// As [`crate::Transaction::insert`].
    ///
    /// # Errors
    ///
    /// As [`crate::Transaction::insert`].
    pub fn insert(&mut self, table: &str, fields: Fields) -> Result<i64, Error> {
        block_on(self.0.insert(table, fields))
    }

    /// As [`crate::Transaction::get`].
    ///
    /// # Errors
    ///
    /// As [`crate::Transaction::get`].
    pub fn get(&mut self, table: &str, id: i64) -> Result<Option<Record>, Error> {
        block_on(self.0.get(table, id))
    }

    /// As [`crate::Transaction::find`].
    ///
    /// # Errors
    ///
    /// As [`crate::Transaction::find`].
    pub fn find(&mut self, field: &str, index: &str, value: &str) -> Result<Vec<Record>, Error> {
        block_on(self.0.find(field, index, value))
    }

    /// As [`crate::Transaction::find_all`].
    ///
    /// # Errors
    ///
    /// As [`crate::Transaction::find_all`].
    pub fn find_all(&mut self, field: &str, index: &str, values: &[&str]) -> Result<Vec<Record>, Error> {
        block_on(self.0.find_all(field, index, values))
    }

    /// As [`crate::Transaction::find_between`].
    ///
    /// # Errors
    ///
    /// As [`crate::Transaction::find_between`].
    pub fn find_between(
        &mut self,
        field: &str,
        index: &str,
        low: &str,
        high: &str,
    ) -> Result<Vec<Record>, Error> {
        block_on(self.0.find_between(field, index, low, high))
    }

    /// As [`crate::Transaction::update`].
    ///
    /// # Errors
    ///
    /// As [`crate::Transaction::update`].
    pub fn update(&mut self, table: &str, id: i64, fields: Fields) -> Result<bool, Error> {
        block_on(self.0.update(table, id, fields))
    }

    /// As [`crate::Transaction::delete`].
    ///
    /// # Errors
    ///
    /// As [`crate::Transaction::delete`].
    pub fn delete(&mut self, table: &str, id: i64) -> Result<bool, Error> {
        block_on(self.0.delete(table, id))
    }

    /// As [`crate::Transaction::commit`].
    ///
    /// # Errors
    ///
    /// As [`crate::Transaction::commit`].
    pub fn commit(self) -> Result<(), Error> {
        block_on(self.0.commit())
    }
}
