//! The vault: a database, a keyring, and the tenants' views of it.

use core::fmt;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process,
    sync::Arc,
    time::Duration,
};

use rusqlite::Connection;
use tenantseal::{
    Error, SecretBytes, StoreError,
    tenant::{Keyring, Policy, Tenant, TenantId},
    wecom::{Event, Settlement},
};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::{
    guard::settle,
    record::{Fields, Input, Masked, Record},
    schema::Schema,
    sqlite::{Worker, engine, snapshot, transact},
    table::{Sought, Table, sealable},
};

/// A vault of sealed records on an SQLite file. Cheap to clone; share it freely between threads and tasks.
///
/// One writer and one reader connection, each on its own thread. A handle is of the process that made it: after a
/// fork, the child's calls return [`Error::Forked`]. Whoever drops the last handle waits until the files are closed.
#[derive(Clone)]
pub struct Vault {
    inner: Arc<Inner>,
}

struct Inner {
    keyring: Keyring,
    policy: Arc<Policy>,
    schema: Schema,
    writer: Worker,
    reader: Worker,
    /// Held by whoever writes, for the length of a transaction.
    writing: Arc<Mutex<()>>,
    process: u32,
}

/// How a vault is opened.
#[derive(Clone, Debug)]
pub struct VaultOptions {
    busy_timeout: Duration,
    names: BTreeMap<String, String>,
}

impl VaultOptions {
    /// The defaults: 5 seconds of patience with other processes' writes, and SQL names as the labels are.
    #[must_use]
    pub fn new() -> Self {
        Self { busy_timeout: Duration::from_secs(5), names: BTreeMap::new() }
    }

    /// How long to wait for another process that writes.
    #[must_use]
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Which SQL name stands for a label: `table`, `table.column`, `table.column#mask` or `table.column#ix.index`.
    /// The database remembers it; say it once after renaming.
    #[must_use]
    pub fn sql_name(mut self, label: &str, name: &str) -> Self {
        self.names.insert(label.to_owned(), name.to_owned());
        self
    }
}

impl Default for VaultOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl Vault {
    /// Opens the SQLite file at `path`, makes it if it is not there, and adds what the policy in force needs. After
    /// another policy is installed, here or by another process with the same key file or database, or after tables or
    /// columns were renamed, every call is [`Error::Store`] with `Schema` until the vault is opened anew.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownField`] if the keyring has no policy; [`Error::Store`] with `Schema` if the file was opened
    /// under a newer policy before, or a table or column that was there is gone or renamed; [`Error::Store`]
    /// otherwise.
    pub async fn open(path: impl AsRef<Path>, keyring: &Keyring) -> Result<Self, Error> {
        Self::open_with(path, keyring, VaultOptions::new()).await
    }

    /// As [`Vault::open`], with options.
    ///
    /// # Errors
    ///
    /// As [`Vault::open`]; [`Error::Store`] with `Schema` also for a name of something the policy does not have.
    pub async fn open_with(
        path: impl AsRef<Path>,
        keyring: &Keyring,
        options: VaultOptions,
    ) -> Result<Self, Error> {
        // An in-memory database would be a different one for each of the two connections.
        if path.as_ref().as_os_str().is_empty() || path.as_ref().as_os_str() == ":memory:" {
            return Err(Error::Value);
        }
        // Absolute, so that SQLite takes no name for a URI, and both connections open the same file.
        let path: PathBuf = std::path::absolute(path)?;
        let policy = keyring.policy()?;
        let writer = Worker::open(&path, false, options.busy_timeout)?;
        let (rules, names) = (policy.clone(), options.names);
        let schema = writer
            .run(move |connection| transact(connection, |c| Schema::prepare(c, &rules, &names)))
            .await?;
        let reader = Worker::open(&path, true, options.busy_timeout)?;
        Ok(Self {
            inner: Arc::new(Inner {
                keyring: keyring.clone(),
                policy,
                schema,
                writer,
                reader,
                writing: Arc::new(Mutex::new(())),
                process: process::id(),
            }),
        })
    }

    /// One tenant's rows.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTenant`]; [`Error::Forked`].
    pub fn tenant<I: TryInto<TenantId, Error: Into<Error>>>(&self, id: I) -> Result<TenantVault, Error> {
        self.inner.check_process()?;
        Ok(TenantVault { inner: self.inner.clone(), tenant: self.inner.keyring.tenant(id)? })
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

impl Inner {
    fn check_process(&self) -> Result<(), Error> {
        if process::id() == self.process { Ok(()) } else { Err(Error::Forked) }
    }

    /// Keys that another process made are read: a search without the newest tokens would miss its rows. A vault of an
    /// older policy would leave out tokens and masks that the policy in force has.
    fn check_keys(&self, tenant: &Tenant) -> Result<(), Error> {
        self.keyring.refresh()?;
        self.keyring.tenant(tenant.id().clone())?;
        let current = self.keyring.policy()?.version() == self.policy.version();
        if current { Ok(()) } else { Err(Error::Store(StoreError::Schema)) }
    }

    /// A table, within a transaction: what was checked of the database stays so until it ends. The keys are looked at
    /// after the rows are fixed: whoever wrote one of them had stored its key by then.
    fn table<'a>(
        &'a self,
        connection: &'a Connection,
        tenant: &'a Tenant,
        label: &'a str,
    ) -> Result<Table<'a>, Error> {
        self.schema.check(connection)?;
        self.check_keys(tenant)?;
        // The schema has names for columns too, and one of them may be another table's.
        if !self.policy.fields().iter().any(|field| field.table == label) {
            return Err(Error::UnknownField);
        }
        Ok(Table { connection, schema: &self.schema, policy: &self.policy, tenant, label })
    }
}

/// One tenant's rows of a vault. Every call sees and changes rows of this tenant alone.
///
/// A handle may be kept: each call first reads what another process has changed in the key file. A call whose future
/// is dropped before it is ready may be done all the same, or not.
#[derive(Clone)]
pub struct TenantVault {
    inner: Arc<Inner>,
    tenant: Tenant,
}

impl TenantVault {
    /// Inserts a row and returns its id, which is never used again.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownField`], [`Error::UnknownCompartment`]; [`Error::WrongType`]; [`Error::Value`] if an index's
    /// normaliser has no spelling for the value, and for a number that is none (NaN); [`Error::Store`]. The row is not
    /// inserted then.
    pub async fn insert(&self, table: &str, fields: Fields) -> Result<i64, Error> {
        self.write(table, move |table| table.insert(&fields)).await
    }

    /// The row of that id, opened; `None` if this tenant has none.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] or [`Error::UnknownKey`] if a cell of it was altered or moved; [`Error::Store`].
    pub async fn get(&self, table: &str, id: i64) -> Result<Option<Record>, Error> {
        self.read(table, move |table| table.get(id)).await
    }

    /// The rows of which the field `table.column` has this value, by the index of that label; a deterministic field is found
    /// by the label of its domain. Rows of every compartment and of the tokens' older epochs are found; each was opened and
    /// compared. Rows that were written before the index was added to the policy have no token: they are all opened and
    /// compared.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownField`], [`Error::UnknownIndex`]; [`Error::WrongIndex`] of a compound index; [`Error::Value`]; those of
    /// [`TenantVault::get`].
    pub async fn find(&self, field: &str, index: &str, value: &str) -> Result<Vec<Record>, Error> {
        self.find_all(field, index, &[value]).await
    }

    /// [`TenantVault::find`] by a compound index: rows that have all these values, the field's own first, then those of the
    /// further columns in the policy's order.
    ///
    /// # Errors
    ///
    /// As [`TenantVault::find`]; [`Error::WrongIndex`] for more or fewer values than the index has columns.
    pub async fn find_all(&self, field: &str, index: &str, values: &[&str]) -> Result<Vec<Record>, Error> {
        let (table, search) = Search::new(field, index, values)?;
        self.read(table, move |table| search.all(&table)).await
    }

    /// [`TenantVault::find`] by a bucketed index: rows with a value from `low` to `high`, both included.
    ///
    /// # Errors
    ///
    /// As [`TenantVault::find`]; [`Error::WrongIndex`] of an index without buckets; [`Error::TooLong`] over
    /// [`BlindIndex::MAX_BUCKETS`](tenantseal::field::BlindIndex::MAX_BUCKETS) buckets.
    pub async fn find_between(
        &self,
        field: &str,
        index: &str,
        low: &str,
        high: &str,
    ) -> Result<Vec<Record>, Error> {
        let (table, search) = Search::new(field, index, &[low, high])?;
        self.read(table, move |table| search.between(&table)).await
    }

    /// Up to `limit` rows with ids above `after`, as a listing may show them: no sealed value is opened, only masks.
    ///
    /// # Errors
    ///
    /// As [`TenantVault::get`].
    pub async fn list_masked(&self, table: &str, after: i64, limit: u32) -> Result<Vec<Masked>, Error> {
        self.read(table, move |table| table.list_masked(after, limit)).await
    }

    /// Changes columns of a row; those that are not named stay. Returns whether the row is there.
    ///
    /// # Errors
    ///
    /// As [`TenantVault::insert`]; [`Error::WrongBinding`] for a column that cells of the row are bound to, and
    /// [`Error::Value`] for another compartment: insert a new row instead.
    pub async fn update(&self, table: &str, id: i64, fields: Fields) -> Result<bool, Error> {
        self.write(table, move |table| table.update(id, &fields)).await
    }

    /// Deletes a row. Returns whether it was there.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownField`] if the policy has no such table; [`Error::Store`].
    pub async fn delete(&self, table: &str, id: i64) -> Result<bool, Error> {
        self.write(table, move |table| table.delete(id)).await
    }

    /// Starts a transaction. Other writers wait until it is committed or dropped.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] with `Busy` if another process writes for too long.
    pub async fn begin(&self) -> Result<Transaction, Error> {
        self.inner.check_process()?;
        let guard = self.inner.writing.clone().lock_owned().await;
        // Made before the wait: whoever stops waiting drops it, and with it whatever has begun by then.
        let transaction = Transaction { vault: self.clone(), open: Some(guard) };
        let begin = |connection: &Connection| connection.execute_batch("BEGIN IMMEDIATE").map_err(engine);
        self.inner.writer.run(begin).await?;
        Ok(transaction)
    }

    async fn write<T: Send + 'static>(
        &self,
        table: &str,
        act: impl FnOnce(Table<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.inner.check_process()?;
        let guard = self.inner.writing.clone().lock_owned().await;
        let (vault, table) = (self.clone(), table.to_owned());
        let job = move |connection: &Connection| {
            // Held until the job is done, even if the caller stops waiting.
            let _guard = guard;
            transact(connection, |c| act(vault.inner.table(c, &vault.tenant, &table)?))
        };
        self.inner.writer.run(job).await
    }

    async fn read<T: Send + 'static>(
        &self,
        table: &str,
        act: impl FnOnce(Table<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.inner.check_process()?;
        let (vault, table) = (self.clone(), table.to_owned());
        let job = move |connection: &Connection| {
            snapshot(connection, |c| act(vault.inner.table(c, &vault.tenant, &table)?))
        };
        self.inner.reader.run(job).await
    }
}

impl fmt::Debug for TenantVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantVault").field("tenant", self.tenant.id()).finish_non_exhaustive()
    }
}

/// What is looked for, on its way to the thread that looks.
struct Search {
    column: String,
    index: String,
    values: Vec<Input>,
}

impl Search {
    /// The table, and what is looked for in it.
    fn new<'f>(field: &'f str, index: &str, values: &[&str]) -> Result<(&'f str, Self), Error> {
        let (table, column) = field.split_once('.').ok_or(Error::UnknownField)?;
        let input = |value: &&str| Input::Text(SecretBytes::from_vec(value.as_bytes().to_vec()));
        let values = values.iter().map(input).collect();
        Ok((table, Self { column: column.to_owned(), index: index.to_owned(), values }))
    }

    fn all(&self, table: &Table<'_>) -> Result<Vec<Record>, Error> {
        let values = self.values.iter().map(sealable).collect::<Result<_, _>>()?;
        table.find(&self.column, &self.index, &Sought::Values(values))
    }

    fn between(&self, table: &Table<'_>) -> Result<Vec<Record>, Error> {
        let [low, high] = self.values.as_slice() else { return Err(Error::Value) };
        table.find(&self.column, &self.index, &Sought::Between(sealable(low)?, sealable(high)?))
    }
}

/// A transaction: what it wrote is seen by it alone until [`Transaction::commit`]. Dropped, it leaves nothing.
///
/// While one is open, other writes of this vault wait, those of the task that holds it for ever: write through it.
pub struct Transaction {
    vault: TenantVault,
    open: Option<OwnedMutexGuard<()>>,
}

impl Transaction {
    /// Settles an event whose guard is a [`SqliteGuard`](crate::SqliteGuard) in this vault's file: it is done exactly if
    /// what this transaction wrote is there. Without a guard there is nothing to settle.
    ///
    /// # Errors
    ///
    /// [`Error::ClaimExpired`] if the lease ran out or the event was never this worker's: drop the transaction.
    /// [`Error::Store`] with `Schema` if the guard's tables are not in this file; otherwise as [`TenantVault::insert`].
    pub async fn settle(&mut self, event: &Event) -> Result<(), Error> {
        let Some(Settlement { event, fencing, now }) = event.settlement()? else { return Ok(()) };
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        self.step(move |connection| settle(connection, &event, fencing, now)).await
    }

    /// As [`TenantVault::insert`]. After an error, drop the transaction.
    ///
    /// # Errors
    ///
    /// As [`TenantVault::insert`].
    pub async fn insert(&mut self, table: &str, fields: Fields) -> Result<i64, Error> {
        self.run(table, move |table| table.insert(&fields)).await
    }

    /// As [`TenantVault::get`]; sees what this transaction wrote.
    ///
    /// # Errors
    ///
    /// As [`TenantVault::get`].
    pub async fn get(&mut self, table: &str, id: i64) -> Result<Option<Record>, Error> {
        self.run(table, move |table| table.get(id)).await
    }

    /// As [`TenantVault::find`]; sees what this transaction wrote.
    ///
    /// # Errors
    ///
    /// As [`TenantVault::find`].
    pub async fn find(&mut self, field: &str, index: &str, value: &str) -> Result<Vec<Record>, Error> {
        self.find_all(field, index, &[value]).await
    }

    /// As [`TenantVault::find_all`]; sees what this transaction wrote.
    ///
    /// # Errors
    ///
    /// As [`TenantVault::find_all`].
    pub async fn find_all(
        &mut self,
        field: &str,
        index: &str,
        values: &[&str],
    ) -> Result<Vec<Record>, Error> {
        let (table, search) = Search::new(field, index, values)?;
        self.run(table, move |table| search.all(&table)).await
    }

    /// As [`TenantVault::find_between`]; sees what this transaction wrote.
    ///
    /// # Errors
    ///
    /// As [`TenantVault::find_between`].
    pub async fn find_between(
        &mut self,
        field: &str,
        index: &str,
        low: &str,
        high: &str,
    ) -> Result<Vec<Record>, Error> {
        let (table, search) = Search::new(field, index, &[low, high])?;
        self.run(table, move |table| search.between(&table)).await
    }

    /// As [`TenantVault::update`]. After an error, drop the transaction.
    ///
    /// # Errors
    ///
    /// As [`TenantVault::update`].
    pub async fn update(&mut self, table: &str, id: i64, fields: Fields) -> Result<bool, Error> {
        self.run(table, move |table| table.update(id, &fields)).await
    }

    /// As [`TenantVault::delete`].
    ///
    /// # Errors
    ///
    /// As [`TenantVault::delete`].
    pub async fn delete(&mut self, table: &str, id: i64) -> Result<bool, Error> {
        self.run(table, move |table| table.delete(id)).await
    }

    /// Makes everything that was written durable, all at once. If its future is dropped before it is ready, all of it
    /// was written, or nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Store`]; nothing was written then.
    pub async fn commit(mut self) -> Result<(), Error> {
        self.vault.inner.check_process()?;
        let commit = |connection: &Connection| connection.execute_batch("COMMIT").map_err(engine);
        let committed = self.vault.inner.writer.run(commit).await;
        if committed.is_ok() {
            self.open = None;
        }
        committed
    }

    async fn run<T: Send + 'static>(
        &mut self,
        table: &str,
        act: impl FnOnce(Table<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (vault, table) = (self.vault.clone(), table.to_owned());
        self.step(move |connection| act(vault.inner.table(connection, &vault.tenant, &table)?)).await
    }

    /// A call that fails leaves nothing of itself; what came before it stays.
    async fn step<T: Send + 'static>(
        &mut self,
        act: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.vault.inner.check_process()?;
        let job = move |connection: &Connection| {
            // SQLite rolls a transaction back by itself when the disk is full; nothing may be written outside it then.
            if connection.is_autocommit() {
                return Err(Error::Store(StoreError::Engine));
            }
            connection.execute_batch("SAVEPOINT one").map_err(engine)?;
            let result = act(connection);
            let end = if result.is_ok() { "RELEASE one" } else { "ROLLBACK TO one; RELEASE one" };
            connection.execute_batch(end).map_err(engine)?;
            result
        };
        self.vault.inner.writer.run(job).await
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(guard) = self.open.take() else { return };
        if self.vault.inner.check_process().is_err() {
            return;
        }
        // If the worker is gone, so is its connection, and with it the transaction.
        let _ = self.vault.inner.writer.send(move |connection| {
            if !connection.is_autocommit() {
                let _ = connection.execute_batch("ROLLBACK");
            }
            drop(guard);
        });
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use pollster::block_on;
    use tenantseal::tenant::Kek;

    use super::*;

    fn vault(folder: &tempfile::TempDir) -> Vault {
        let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
        let policy = br#"{"tenantseal_policy":1,"version":1,"fields":[
            {"table":"t","column":"c","type":"text","storage":"cell","class":["personal"],"bind":"row",
             "indexes":[{"label":"i","kind":"exact","normaliser":"none/1","bits":8}]}]}"#;
        keys.install_policy(Policy::from_json(policy).unwrap()).unwrap();
        keys.create_tenant("t").unwrap();
        block_on(Vault::open(folder.path().join("vault.db"), &keys)).unwrap()
    }

    fn fields() -> Fields {
        Fields::new().set("c", "value")
    }

    fn in_transaction(vault: &Vault) -> bool {
        block_on(vault.inner.writer.run(|c| Ok(!c.is_autocommit()))).unwrap()
    }

    #[test]
    fn every_call_of_a_forked_process_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let Ok(inner) = Arc::try_unwrap(vault(&folder).inner) else { panic!("one handle") };
        let inner = Arc::new(Inner { process: inner.process.wrapping_add(1), ..inner });
        let vault = Vault { inner: inner.clone() };
        let tenant = TenantVault { tenant: inner.keyring.tenant("t").unwrap(), inner };
        assert_eq!(vault.tenant("t").err(), Some(Error::Forked));
        assert_eq!(block_on(tenant.insert("t", fields())).err(), Some(Error::Forked));
        assert_eq!(block_on(tenant.update("t", 1, fields())).err(), Some(Error::Forked));
        assert_eq!(block_on(tenant.delete("t", 1)).err(), Some(Error::Forked));
        assert_eq!(block_on(tenant.get("t", 1)).err(), Some(Error::Forked));
        assert_eq!(block_on(tenant.find("t.c", "i", "value")).err(), Some(Error::Forked));
        assert_eq!(block_on(tenant.list_masked("t", 0, 1)).err(), Some(Error::Forked));
        assert_eq!(block_on(tenant.begin()).err(), Some(Error::Forked));

        // A transaction that was begun before the fork is the parent's to end.
        let begin = |c: &Connection| c.execute_batch("BEGIN IMMEDIATE").map_err(engine);
        block_on(vault.inner.writer.run(begin)).unwrap();
        let begun = || Transaction {
            vault: tenant.clone(),
            open: Some(block_on(vault.inner.writing.clone().lock_owned())),
        };
        let mut transaction = begun();
        assert_eq!(block_on(transaction.insert("t", fields())).err(), Some(Error::Forked));
        assert_eq!(block_on(transaction.get("t", 1)).err(), Some(Error::Forked));
        assert_eq!(block_on(transaction.commit()).err(), Some(Error::Forked));
        assert!(in_transaction(&vault));
        drop(begun());
        assert!(in_transaction(&vault));
    }

    #[test]
    fn a_transaction_that_sqlite_ended_writes_nothing_more() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(&folder);
        let tenant = vault.tenant("t").unwrap();
        let mut transaction = block_on(tenant.begin()).unwrap();
        block_on(transaction.insert("t", fields())).unwrap();
        // As SQLite does by itself when the disk is full.
        let rollback = |c: &Connection| c.execute_batch("ROLLBACK").map_err(engine);
        block_on(vault.inner.writer.run(rollback)).unwrap();
        let refused = Some(Error::Store(StoreError::Engine));
        assert_eq!(block_on(transaction.insert("t", fields())).err(), refused);
        assert!(block_on(transaction.commit()).is_err());
        assert!(block_on(tenant.list_masked("t", 0, 10)).unwrap().is_empty());
        block_on(tenant.insert("t", fields())).unwrap();
    }
}
