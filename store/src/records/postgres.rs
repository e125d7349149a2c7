//! A keyring's entries in a PostgreSQL database.

mod line;
mod server;
mod worker;

use core::{fmt, mem::ManuallyDrop};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process,
    sync::Arc,
    time::{Duration, Instant},
};

use tenantseal::{
    Error, StoreError,
    tenant::{Change, Entry, RecordStore, StorageAction, StoreTransaction},
};
use tokio_postgres::{
    Client, Row, SimpleQueryMessage,
    types::{FromSql, ToSql, Type},
};

use crate::records::{
    Range, StoredEvent, check_names, limit, serial,
    slot::{Held, Slot},
    unfit,
};
use line::Line;
use server::{Server, engine};
use worker::Worker;

/// A keyring's entries in a PostgreSQL database, version 13 or later.
///
/// Every call blocks, inside an async runtime too, and ends by a deadline, as [`Error::Store`] with `Busy`. One
/// connection writes and one only reads, each with a thread of its own; that of the writer is made when something is
/// first written. A connection that broke is made anew by the next call; a pooler must give each connection a session
/// of its own. Connect to the primary: a replica shows a commit late. A handle is of the process that made it: after
/// a fork, the child's calls return [`Error::Forked`].
///
/// The first who connects makes the tables, in the schema that comes first in its `search_path`. A process that only
/// reads needs no right but these, and its [`RecordStore::begin`] is [`Error::Io`] with `PermissionDenied`:
///
/// ```sql
/// GRANT USAGE ON SCHEMA public TO reader;
/// GRANT SELECT ON tenantseal_keys, tenantseal_key_state, tenantseal_key_events TO reader;
/// ```
///
/// One that writes also needs these. [`RecordStore::scrub`] is for the tables' owner.
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
/// without TLS and everything else with it.
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

/// How [`PostgresRecords`] connects.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    busy_timeout: Duration,
    deadline: Duration,
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
        let PostgresOptions { busy_timeout, deadline, roots } = options;
        let server = Arc::new(Server::new(config, roots.as_deref(), busy_timeout, deadline)?);
        let records = Self {
            reader: Worker::start(Line::new(server.clone(), true))?,
            writer: Worker::start(Line::new(server, false))?,
            writing: Slot::new(()),
            busy_timeout,
            deadline,
            process: process::id(),
        };
        if records.read(async |client| tables(client).await)? == 0 {
            let make = async |line: &mut Line| make_tables(line.client().await?).await;
            records.writer.run(records.end(), make)?;
        }
        records.read(async |client| check_tables(client).await)?;
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
        let limit = self::limit(limit);
        self.read(async move |client| {
            let rows = client.query_typed(EVENTS, &[(&after, Type::INT8), (&limit, Type::INT8)]).await;
            let event =
                |row: &Row| Ok(StoredEvent { serial: serial(column(row, 0)?)?, bytes: column(row, 1)? });
            rows.map_err(engine)?.iter().map(event).collect()
        })
    }

    /// Runs what reads, and may be run twice.
    fn read<T: Send + 'static>(
        &self,
        act: impl AsyncFn(&Client) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.check_process()?;
        self.reader.run(self.end(), async move |line| line.repeatable(act).await)
    }

    /// When a call that begins now must have ended.
    fn end(&self) -> Instant {
        let now = Instant::now();
        now.checked_add(self.deadline).unwrap_or(now + FOR_EVER)
    }

    fn check_process(&self) -> Result<(), Error> {
        if process::id() == self.process { Ok(()) } else { Err(Error::Forked) }
    }
}

impl RecordStore for PostgresRecords {
    fn serial(&self) -> Result<u64, Error> {
        self.read(async |client| stored_serial(client).await)
    }

    fn get(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let name = name.to_vec();
        self.read(async move |client| get(client, &name).await)
    }

    fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Vec<Entry>, Error> {
        let range = Range::new(prefix, after);
        self.read(async move |client| scan(client, &range, limit).await)
    }

    fn begin(&self) -> Result<Box<dyn StoreTransaction + '_>, Error> {
        self.check_process()?;
        let turn = self.writing.take(self.busy_timeout)?;
        let begin = async |line: &mut Line| {
            let serial = line.repeatable(async |client| begin(client).await).await?;
            line.in_transaction = true;
            Ok(serial)
        };
        let serial = self.writer.run(self.end(), begin)?;
        Ok(Box::new(PostgresTransaction { records: self, turn: Some(turn), serial, open: true }))
    }

    /// `VACUUM (FULL)` of the table of entries, which nobody reads or writes while it runs. It is `Busy` also if a
    /// transaction of anybody on the server that began before it, a replica's, or a replication slot may still see
    /// what was deleted: PostgreSQL keeps that.
    fn scrub(&self) -> Result<Vec<StorageAction>, Error> {
        self.check_process()?;
        let _turn = self.writing.take(self.busy_timeout)?;
        let patience = self.busy_timeout;
        self.writer.run(self.end(), async move |line| rewrite(line.client().await?, patience).await)?;
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
        self.records.writer.run(self.records.end(), async move |line| act(line.transaction()?).await)
    }
}

impl StoreTransaction for PostgresTransaction<'_> {
    fn serial(&self) -> Result<u64, Error> {
        self.records.check_process()?;
        Ok(self.serial)
    }

    fn get(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let name = name.to_vec();
        self.read(async move |client| get(client, &name).await)
    }

    fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Vec<Entry>, Error> {
        let range = Range::new(prefix, after);
        self.read(async move |client| scan(client, &range, limit).await)
    }

    fn commit(mut self: Box<Self>, changes: &[Change], event: &[u8]) -> Result<(), Error> {
        self.records.check_process()?;
        check_names(changes)?;
        let number = i64::try_from(self.serial).ok().and_then(|n| n.checked_add(1)).ok_or(Error::Value)?;
        let (changes, event) = (Changes::new(changes), event.to_vec());
        let commit = async move |line: &mut Line| {
            commit(line.transaction()?, &changes, number, &event).await?;
            line.in_transaction = false;
            Ok(())
        };
        self.records.writer.run(self.records.end(), commit)?;
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
            let _ = self.records.writer.run(self.records.end(), async |line| line.roll_back().await);
        }
    }
}

/// What stands for a `$1`, and its type.
type Value<'v> = (&'v (dyn ToSql + Sync), Type);

/// Changes of one commit, as two statements make them: of several of one name, the last.
struct Changes {
    deleted: Vec<Vec<u8>>,
    names: Vec<Vec<u8>>,
    bytes: Vec<Vec<u8>>,
}

impl Changes {
    fn new(changes: &[Change]) -> Self {
        let mut last = BTreeMap::new();
        for change in changes {
            match change {
                Change::Delete(name) => last.insert(name, None),
                Change::Put(entry) => last.insert(&entry.name, Some(&entry.bytes)),
            };
        }
        let mut changes = Self { deleted: Vec::new(), names: Vec::new(), bytes: Vec::new() };
        for (name, bytes) in last {
            if let Some(bytes) = bytes {
                changes.names.push(name.clone());
                changes.bytes.push(bytes.clone());
            } else {
                changes.deleted.push(name.clone());
            }
        }
        changes
    }
}

async fn stored_serial(client: &Client) -> Result<u64, Error> {
    let row = client.query_typed_opt(SERIAL, &[]).await.map_err(engine)?;
    serial(column(&row.ok_or(unfit())?, 0)?)
}

async fn get(client: &Client, name: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let row = client.query_typed_opt(GET, &[(&name, Type::BYTEA)]).await.map_err(engine)?;
    row.map(|row| column(&row, 0)).transpose()
}

async fn scan(client: &Client, range: &Range, limit: usize) -> Result<Vec<Entry>, Error> {
    let limit = self::limit(limit);
    let rows = match &range.to {
        Some(to) => {
            let values: [Value<'_>; _] =
                [(&range.from, Type::BYTEA), (&limit, Type::INT8), (to, Type::BYTEA)];
            client.query_typed(SCAN_TO, &values).await
        }
        None => client.query_typed(SCAN, &[(&range.from, Type::BYTEA), (&limit, Type::INT8)]).await,
    };
    let entry = |row: &Row| Ok(Entry { name: column(row, 0)?, bytes: column(row, 1)? });
    rows.map_err(engine)?.iter().map(entry).collect()
}

/// Takes the row that every writer takes first: from then on nobody else commits. `READ COMMITTED` reads it as it is
/// after the wait, where `REPEATABLE READ` would fail; and as nobody else commits, what is read later is of the same
/// moment.
async fn begin(client: &Client) -> Result<u64, Error> {
    let result = client.simple_query(BEGIN).await.map_err(engine).and_then(|messages| {
        let number = messages.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0)),
            _ => None,
        });
        let number = number.flatten().and_then(|number| number.parse().ok());
        serial(number.ok_or(unfit())?)
    });
    if result.is_err() {
        // If it fails, the connection has broken, and with it the transaction.
        let _ = client.batch_execute("ROLLBACK").await;
    }
    result
}

async fn commit(client: &Client, changes: &Changes, number: i64, event: &[u8]) -> Result<(), Error> {
    if !changes.deleted.is_empty() {
        let values: [Value<'_>; _] = [(&changes.deleted, Type::BYTEA_ARRAY)];
        client.execute_typed(DELETE, &values).await.map_err(engine)?;
    }
    if !changes.names.is_empty() {
        let values: [Value<'_>; _] =
            [(&changes.names, Type::BYTEA_ARRAY), (&changes.bytes, Type::BYTEA_ARRAY)];
        client.execute_typed(PUT, &values).await.map_err(engine)?;
    }
    if client.execute_typed(RAISE, &[(&number, Type::INT8)]).await.map_err(engine)? != 1 {
        return Err(unfit());
    }
    client.execute_typed(TELL, &[(&number, Type::INT8), (&event, Type::BYTEA)]).await.map_err(engine)?;
    client.batch_execute("COMMIT").await.map_err(engine)
}

async fn tables(client: &Client) -> Result<i64, Error> {
    let row = client.query_typed_one(COUNT_TABLES, &[]).await.map_err(engine)?;
    column(&row, 0)
}

/// Makes the tables unless somebody else has made them since.
async fn make_tables(client: &Client) -> Result<(), Error> {
    client.batch_execute(LOCK_TABLES).await.map_err(engine)?;
    let result = match tables(client).await {
        Ok(0) => client.batch_execute(TABLES).await.map_err(engine),
        Ok(_) => Ok(()),
        Err(error) => Err(error),
    };
    let end = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
    client.batch_execute(end).await.map_err(engine).and(result)
}

/// Checks that the tables are of the shape that the statements need.
async fn check_tables(client: &Client) -> Result<(), Error> {
    // Some of them would be a serial number that starts at 0 again beside entries that are there.
    if tables(client).await? != 3 {
        return Err(unfit());
    }
    let statements: [(&str, &[Type]); 8] = [
        (GET, &[Type::BYTEA]),
        (SCAN, &[Type::BYTEA, Type::INT8]),
        (SCAN_TO, &[Type::BYTEA, Type::INT8, Type::BYTEA]),
        (DELETE, &[Type::BYTEA_ARRAY]),
        (PUT, &[Type::BYTEA_ARRAY, Type::BYTEA_ARRAY]),
        (RAISE, &[Type::INT8]),
        (TELL, &[Type::INT8, Type::BYTEA]),
        (EVENTS, &[Type::INT8, Type::INT8]),
    ];
    for (sql, types) in statements {
        client.prepare_typed(sql, types).await.map_err(engine)?;
    }
    stored_serial(client).await.map(|_| ())
}

/// Writes the table of entries anew, and makes sure that nothing deleted was taken along.
async fn rewrite(client: &Client, patience: Duration) -> Result<(), Error> {
    let start = Instant::now();
    let before = client.query_typed_one(BEFORE_REWRITE, &[]).await.map_err(engine)?;
    let (transaction, file): (String, Option<u32>) = (column(&before, 0)?, column(&before, 1)?);
    // Whoever writes to anything on this server makes PostgreSQL keep what was deleted meanwhile.
    loop {
        let ended = client.query_typed_one(EARLIER_ENDED, &[(&transaction, Type::TEXT)]).await;
        if column(&ended.map_err(engine)?, 0)? {
            break;
        }
        if start.elapsed() >= patience {
            return Err(Error::Store(StoreError::Busy));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    client.batch_execute("VACUUM (FULL) tenantseal_keys").await.map_err(engine)?;
    let after = client.query_typed_one(AFTER_REWRITE, &[(&transaction, Type::TEXT)]).await.map_err(engine)?;
    let (new_file, whole): (Option<u32>, bool) = (column(&after, 0)?, column(&after, 1)?);
    // To whoever is not the owner, PostgreSQL gives a warning and does nothing.
    if new_file == file {
        return Err(Error::Io(std::io::ErrorKind::PermissionDenied));
    }
    if whole { Ok(()) } else { Err(Error::Store(StoreError::Busy)) }
}

/// A value of a row. One of another type is of a table of another shape.
fn column<'r, T: FromSql<'r>>(row: &'r Row, index: usize) -> Result<T, Error> {
    row.try_get(index).map_err(|_| unfit())
}

/// A deadline that is not met in the life of a process, for durations that clocks cannot add.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

const TABLES: &str = "
    CREATE TABLE tenantseal_keys (name BYTEA PRIMARY KEY, bytes BYTEA NOT NULL);
    CREATE TABLE tenantseal_key_state (name TEXT PRIMARY KEY, number BIGINT NOT NULL);
    CREATE TABLE tenantseal_key_events (serial BIGINT PRIMARY KEY, event BYTEA NOT NULL);
    INSERT INTO tenantseal_key_state (name, number) VALUES ('serial', 0)";
/// The number is `tenantse` as ASCII.
const LOCK_TABLES: &str = "BEGIN; SELECT pg_advisory_xact_lock(x'74656e616e747365'::bigint)";
const COUNT_TABLES: &str = "
    SELECT count(to_regclass(name)) FROM
    unnest(ARRAY['tenantseal_keys', 'tenantseal_key_state', 'tenantseal_key_events']) AS wanted (name)";
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
    SELECT number FROM tenantseal_key_state WHERE name = 'serial' FOR UPDATE";
const SERIAL: &str = "SELECT number FROM tenantseal_key_state WHERE name = 'serial'";
const GET: &str = "SELECT bytes FROM tenantseal_keys WHERE name = $1";
const SCAN: &str = "SELECT name, bytes FROM tenantseal_keys WHERE name >= $1 ORDER BY name LIMIT $2";
const SCAN_TO: &str =
    "SELECT name, bytes FROM tenantseal_keys WHERE name >= $1 AND name < $3 ORDER BY name LIMIT $2";
const PUT: &str = "INSERT INTO tenantseal_keys (name, bytes) SELECT * FROM unnest($1, $2)
                   ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes";
const DELETE: &str = "DELETE FROM tenantseal_keys WHERE name = ANY ($1)";
const RAISE: &str = "UPDATE tenantseal_key_state SET number = $1 WHERE name = 'serial'";
const TELL: &str = "INSERT INTO tenantseal_key_events (serial, event) VALUES ($1, $2)";
const EVENTS: &str =
    "SELECT serial, event FROM tenantseal_key_events WHERE serial > $1 ORDER BY serial LIMIT $2";
/// The number of a transaction that is later than every commit so far, and the file that the table is in.
const BEFORE_REWRITE: &str = "SELECT pg_current_xact_id()::text, pg_relation_filenode('tenantseal_keys')";
const EARLIER_ENDED: &str = "SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8";
/// Writing anew sets `relfrozenxid` to the first transaction whose deletions it had to keep. Ages compare such numbers
/// across their wrapping around.
const AFTER_REWRITE: &str = "SELECT pg_relation_filenode(oid), age(relfrozenxid) <= age($1::xid8::xid)
    FROM pg_class WHERE oid = 'tenantseal_keys'::regclass";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

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
