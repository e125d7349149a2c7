//! A keyring's entries in a PostgreSQL database.

mod line;
mod server;
mod statement;
mod worker;

use core::{fmt, mem::ManuallyDrop};
use std::{
    path::{Path, PathBuf},
    process,
    sync::Arc,
    time::Duration,
};

use tenantseal::{
    Error,
    tenant::{Change, Entry, RecordStore, StorageAction, StoreTransaction},
};
use tokio_postgres::Client;

use crate::records::{
    Range, StoredEvent, check_names,
    slot::{Held, Slot},
};
pub(crate) use line::Line;
pub(crate) use server::{Server, engine};
use statement::Changes;
pub(crate) use worker::Worker;

/// A keyring's entries in a PostgreSQL database, version 13 or later.
///
/// Every call blocks, inside an async runtime too, and ends by a deadline, as [`Error::Store`] with `Busy`. One
/// connection writes and one only reads, each with a thread of its own; that of the writer is made when something is
/// first written. A connection that broke is made anew by the next call; a pooler must give each connection a session
/// of its own. Connect to the primary: a replica shows a commit late. A handle is of the process that made it: after
/// a fork, the child's calls return [`Error::Forked`]. A transaction that does nothing for a minute is ended by the
/// server, so that nobody waits for a process that is cut off. After a commit that failed, ask for the serial number in
/// the next transaction: that one begins when the server has ended the lost one, and not before.
///
/// The first who connects makes the tables, in the schema that comes first in its `search_path`. A process that only
/// reads needs no right but these, and its [`RecordStore::begin`] is [`Error::Io`] with `PermissionDenied`:
///
/// ```sql
/// GRANT USAGE ON SCHEMA public TO reader;
/// GRANT SELECT ON tenantseal_keys, tenantseal_key_state, tenantseal_key_events TO reader;
/// ```
///
/// One that writes also needs these. [`RecordStore::scrub`] is for the tables' owner, and so is
/// [`Keyring::shred_tenant`](tenantseal::tenant::Keyring::shred_tenant), which others are denied before anything is
/// destroyed.
///
/// ```sql
/// GRANT INSERT, UPDATE, DELETE ON tenantseal_keys TO writer;
/// GRANT UPDATE ON tenantseal_key_state TO writer;
/// GRANT INSERT ON tenantseal_key_events TO writer;
/// ```
///
/// # Security
///
/// There are two ways to connect, and none that depends on what the server offers. With TLS, the server's certificate
/// must be of a known root and of the host's name; this is `sslmode=require`, and as strict as libpq's `verify-full`.
/// Without TLS is `sslmode=disable`. If `sslmode` is not said, or is `prefer`, Unix sockets and loopback addresses go
/// without TLS and everything else with it. The password is in memory for as long as the store is.
///
/// What a commit deletes stays in the table's files until [`RecordStore::scrub`]. The server's write-ahead log, its
/// archive, replicas and backups are the operator's, and so is what the disk keeps of files that are gone.
///
/// # Example
///
/// ```no_run
/// use tenantseal::tenant::{Change, Entry, RecordStore as _};
/// use tenantseal_store::PostgresRecords;
///
/// # fn main() -> Result<(), tenantseal::Error> {
/// let records = PostgresRecords::connect("host=db.example.com user=keys password=... dbname=keys")?;
/// let entry = Entry { name: b"name".to_vec(), bytes: b"bytes".to_vec() };
/// records.begin()?.commit(&[Change::Put(entry)], b"event")?;
/// assert_eq!(records.get(b"name")?.as_deref(), Some(&b"bytes"[..]));
/// # Ok(())
/// # }
/// ```
pub struct PostgresRecords {
    reader: Worker,
    writer: Worker,
    /// Held for the length of a transaction.
    writing: Slot<()>,
    busy_timeout: Duration,
    deadline: Duration,
    process: u32,
}

/// How [`PostgresRecords`] and [`PostgresGuard`](crate::PostgresGuard) connect.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    busy_timeout: Duration,
    pub(crate) deadline: Duration,
    roots: Option<PathBuf>,
}

impl PostgresOptions {
    /// The defaults: 5 seconds of patience with others that write, 10 seconds for a call, the platform's root
    /// certificates.
    #[must_use]
    pub fn new() -> Self {
        Self { busy_timeout: Duration::from_secs(5), deadline: Duration::from_secs(10), roots: None }
    }

    /// How long to wait for somebody else who writes.
    #[must_use]
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// How long a call may take, connecting anew included. Waiting for one's turn within the process is not.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// A PEM file with the only root certificates to trust, in the place of the platform's.
    #[must_use]
    pub fn root_certificates(mut self, path: impl AsRef<Path>) -> Self {
        self.roots = Some(path.as_ref().to_owned());
        self
    }
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl PostgresRecords {
    /// Connects, and makes the tables if they are not there. `config` is a connection string as libpq has them, of
    /// both forms. Nothing is read from `PG...` variables or a password file.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] for a string that is none or names no host; [`Error::Io`] if there is no connection, with
    /// `PermissionDenied` if the server refuses the role, and with `InvalidData` if its certificate is refused;
    /// [`Error::Store`] with `Schema` if the tables are there in part, or are not of this shape; [`Error::Store`]
    /// otherwise.
    pub fn connect(config: &str) -> Result<Self, Error> {
        Self::connect_with(config, PostgresOptions::new())
    }

    /// As [`PostgresRecords::connect`], with options.
    ///
    /// # Errors
    ///
    /// As [`PostgresRecords::connect`]; [`Error::Io`] if there are no root certificates.
    pub fn connect_with(config: &str, options: PostgresOptions) -> Result<Self, Error> {
        let PostgresOptions { busy_timeout, deadline, .. } = options;
        let server = Arc::new(Server::of(config, &options)?);
        let records = Self {
            reader: Worker::start(Line::new(server.clone(), true))?,
            writer: Worker::start(Line::new(server, false))?,
            writing: Slot::new(()),
            busy_timeout,
            deadline,
            process: process::id(),
        };
        if records.read(async |client| statement::tables(client).await)? == 0 {
            let make = async |line: &mut Line| statement::make_tables(line.client().await?).await;
            records.writer.run(records.deadline, make)?;
        }
        records.read(async |client| statement::check_tables(client).await)?;
        Ok(records)
    }

    /// Up to `limit` events of commits after `after_serial`, the oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::Store`]; [`Error::Io`]; [`Error::Forked`].
    pub fn events(&self, after_serial: u64, limit: usize) -> Result<Vec<StoredEvent>, Error> {
        // Invariant: no commit has a serial number that PostgreSQL cannot hold.
        let after = i64::try_from(after_serial).unwrap_or(i64::MAX);
        self.read(async move |client| statement::events(client, after, limit).await)
    }

    /// Runs what reads, and may be run twice.
    fn read<T: Send + 'static>(
        &self,
        act: impl AsyncFn(&Client) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.check_process()?;
        self.reader.run(self.deadline, async move |line| line.repeatable(act).await)
    }

    fn check_process(&self) -> Result<(), Error> {
        if process::id() == self.process { Ok(()) } else { Err(Error::Forked) }
    }
}

impl RecordStore for PostgresRecords {
    fn serial(&self) -> Result<u64, Error> {
        self.read(async |client| statement::stored_serial(client).await)
    }

    fn get(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let name = name.to_vec();
        self.read(async move |client| statement::get(client, &name).await)
    }

    fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Vec<Entry>, Error> {
        let range = Range::new(prefix, after);
        self.read(async move |client| statement::scan(client, &range, limit).await)
    }

    fn begin(&self) -> Result<Box<dyn StoreTransaction + '_>, Error> {
        self.check_process()?;
        let turn = self.writing.take(self.busy_timeout)?;
        let begin = async |line: &mut Line| {
            let serial = line.repeatable(async |client| statement::begin(client).await).await?;
            line.in_transaction = true;
            Ok(serial)
        };
        let serial = self.writer.run(self.deadline, begin)?;
        Ok(Box::new(PostgresTransaction { records: self, turn: Some(turn), serial, open: true }))
    }

    /// Whether `VACUUM` will listen: to the owner of the table, of the database, a superuser, or a role with `MAINTAIN`.
    fn check_scrub(&self) -> Result<(), Error> {
        self.read(async |client| statement::check_rewrite(client).await)
    }

    /// `VACUUM (FULL)` of the table of entries, which nobody reads or writes while it runs. It is `Busy` also if a
    /// transaction of anybody on the server that began before it, a replica's, or a replication slot may still see
    /// what was deleted: PostgreSQL keeps that.
    fn scrub(&self) -> Result<Vec<StorageAction>, Error> {
        self.check_process()?;
        let _turn = self.writing.take(self.busy_timeout)?;
        let patience = self.busy_timeout;
        self.writer
            .run(self.deadline, async move |line| statement::rewrite(line.client().await?, patience).await)?;
        Ok(vec![StorageAction::DatabaseRewritten])
    }
}

impl fmt::Debug for PostgresRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresRecords").finish_non_exhaustive()
    }
}

struct PostgresTransaction<'s> {
    records: &'s PostgresRecords,
    /// There until it is dropped.
    turn: Option<Held<'s, ()>>,
    serial: u64,
    open: bool,
}

impl PostgresTransaction<'_> {
    fn read<T: Send + 'static>(
        &self,
        act: impl AsyncFnOnce(&Client) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.records.check_process()?;
        self.records.writer.run(self.records.deadline, async move |line| act(line.transaction()?).await)
    }
}

impl StoreTransaction for PostgresTransaction<'_> {
    fn serial(&self) -> Result<u64, Error> {
        self.records.check_process()?;
        Ok(self.serial)
    }

    fn get(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let name = name.to_vec();
        self.read(async move |client| statement::get(client, &name).await)
    }

    fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Vec<Entry>, Error> {
        let range = Range::new(prefix, after);
        self.read(async move |client| statement::scan(client, &range, limit).await)
    }

    fn commit(mut self: Box<Self>, changes: &[Change], event: &[u8]) -> Result<(), Error> {
        self.records.check_process()?;
        check_names(changes)?;
        let number = i64::try_from(self.serial).ok().and_then(|n| n.checked_add(1)).ok_or(Error::Value)?;
        let (changes, event) = (Changes::new(changes), event.to_vec());
        let commit = async move |line: &mut Line| {
            statement::commit(line.transaction()?, &changes, number, &event).await?;
            line.in_transaction = false;
            Ok(())
        };
        self.records.writer.run(self.records.deadline, commit)?;
        self.open = false;
        Ok(())
    }
}

impl Drop for PostgresTransaction<'_> {
    fn drop(&mut self) {
        if self.records.check_process().is_err() {
            // The transaction is the parent's to end.
            let _leaked = ManuallyDrop::new(self.turn.take());
        } else if self.open {
            // If the worker is gone, so is its connection, and with it the transaction.
            let _ = self.records.writer.run(self.records.deadline, async |line| line.roll_back().await);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tenantseal::StoreError;

    use super::*;

    /// One that has no server, and connects when it is first asked.
    fn records(process: u32) -> PostgresRecords {
        let server = Server::new("host=/nonexistent", None, Duration::ZERO, Duration::ZERO).unwrap();
        let server = Arc::new(server);
        PostgresRecords {
            reader: Worker::start(Line::new(server.clone(), true)).unwrap(),
            writer: Worker::start(Line::new(server, false)).unwrap(),
            writing: Slot::new(()),
            busy_timeout: Duration::ZERO,
            deadline: Duration::from_secs(5),
            process,
        }
    }

    #[test]
    fn every_call_of_a_forked_process_is_refused() {
        let records = records(process::id().wrapping_add(1));
        assert_eq!(records.serial().err(), Some(Error::Forked));
        assert_eq!(records.get(b"a").err(), Some(Error::Forked));
        assert_eq!(records.scan(b"", b"", 1).err(), Some(Error::Forked));
        assert_eq!(records.events(0, 1).err(), Some(Error::Forked));
        assert_eq!(records.scrub().err(), Some(Error::Forked));
        assert_eq!(records.begin().err().unwrap(), Error::Forked);
        // A transaction that was begun before the fork is the parent's to end.
        let turn = records.writing.take(Duration::ZERO).unwrap();
        let transaction =
            Box::new(PostgresTransaction { records: &records, turn: Some(turn), serial: 0, open: true });
        assert_eq!(transaction.serial().err(), Some(Error::Forked));
        assert_eq!(transaction.get(b"a").err(), Some(Error::Forked));
        assert_eq!(transaction.scan(b"", b"", 1).err(), Some(Error::Forked));
        assert_eq!(transaction.commit(&[], b"").err(), Some(Error::Forked));
        assert!(records.writing.take(Duration::ZERO).is_err());
    }

    #[test]
    fn a_transaction_is_of_its_own_connection_alone() {
        let records = records(process::id());
        let turn = records.writing.take(Duration::ZERO).unwrap();
        let transaction =
            Box::new(PostgresTransaction { records: &records, turn: Some(turn), serial: 0, open: true });
        let closed = Some(Error::Store(StoreError::Closed));
        assert_eq!(transaction.get(b"a").err(), closed);
        assert_eq!(transaction.commit(&[], b"").err(), closed);
        assert!(records.writing.take(Duration::ZERO).is_ok());
    }
}
