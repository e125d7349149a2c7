//! A keyring's entries in an SQLite file.

use core::{fmt, mem::ManuallyDrop};
use std::{
    path::{Path, PathBuf},
    process,
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension as _, params};
use rustix::{
    fs::{Access, CWD, FileType, Mode, access, mknodat},
    io::Errno,
};
use tenantseal::{
    Error, StoreError,
    tenant::{Change, Entry, RecordStore, StorageAction, StoreTransaction},
};

use crate::{
    records::{
        Range, StoredEvent, check_names, limit, serial,
        slot::{Held, Slot},
        unfit,
    },
    sqlite::{connect, engine, snapshot, transact},
};

/// A keyring's entries in an SQLite file, which may be a vault's.
///
/// One connection writes and one only reads, so that readers wait for no transaction, here or in another process. A
/// handle is of the process that made it: after a fork, the child's calls return [`Error::Forked`]. In a vault's file a
/// change of keys waits for the vault's transactions as for another process: whoever makes one while holding such a
/// transaction waits for himself, until it is `Busy`.
///
/// # Security
///
/// Every commit is flushed to the disk, and what it deletes is overwritten with zeros. Copies in the write-ahead log
/// and what other programs deleted stay until [`RecordStore::scrub`]. Backups, snapshots and what the disk keeps of
/// blocks that a file gave up are the operator's.
///
/// # Example
///
/// ```
/// use tenantseal::tenant::{Change, Entry, RecordStore as _};
/// use tenantseal_store::SqliteRecords;
///
/// # fn main() -> Result<(), tenantseal::Error> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("keys.db");
/// let records = SqliteRecords::open(&path)?;
/// let entry = Entry { name: b"name".to_vec(), bytes: b"bytes".to_vec() };
/// records.begin()?.commit(&[Change::Put(entry)], b"event")?;
/// assert_eq!(records.serial()?, 1);
/// assert_eq!(records.get(b"name")?.as_deref(), Some(&b"bytes"[..]));
/// assert_eq!(records.events(0, 10)?[0].bytes, b"event");
/// # Ok(())
/// # }
/// ```
pub struct SqliteRecords {
    writer: Slot<Connection>,
    reader: Slot<Connection>,
    busy_timeout: Duration,
    process: u32,
}

impl SqliteRecords {
    /// Opens the SQLite file at `path`, makes it and its tables if they are not there, and waits up to 5 seconds for
    /// others that write. A file that it makes is readable by its owner alone, as its log is; one that is there keeps its mode.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] for a database in memory; [`Error::Io`] if the file cannot be opened or made, with `NotFound`
    /// if there is no such folder; [`Error::Malformed`] for a file that is none of SQLite's; [`Error::Store`] with
    /// `Schema` if the tables are there in part, or are not of this shape; [`Error::Store`] otherwise.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_with(path, Duration::from_secs(5))
    }

    /// As [`SqliteRecords::open`], with another patience.
    ///
    /// # Errors
    ///
    /// As [`SqliteRecords::open`].
    pub fn open_with(path: impl AsRef<Path>, busy_timeout: Duration) -> Result<Self, Error> {
        // As for the vault: both connections need the same file.
        if path.as_ref().as_os_str().is_empty() || path.as_ref().as_os_str() == ":memory:" {
            return Err(Error::Value);
        }
        let path: PathBuf = std::path::absolute(path)?;
        make_file(&path)?;
        let writer = connect(&path, false, busy_timeout).map_err(|error| why(&path, error))?;
        prepare(&writer)?;
        let reader = connect(&path, true, busy_timeout)?;
        Ok(Self {
            writer: Slot::new(writer),
            reader: Slot::new(reader),
            busy_timeout,
            process: process::id(),
        })
    }

    /// Up to `limit` events of commits after `after_serial`, the oldest first.
    ///
    /// # Errors
    ///
    /// [`Error::Store`]; [`Error::Forked`].
    pub fn events(&self, after_serial: u64, limit: usize) -> Result<Vec<StoredEvent>, Error> {
        let reader = self.reader()?;
        // Invariant: no commit has a serial number that SQLite cannot hold.
        let Ok(after) = i64::try_from(after_serial) else { return Ok(Vec::new()) };
        let mut statement = reader.prepare_cached(EVENTS).map_err(engine)?;
        let rows = statement.query_map(params![after, self::limit(limit)], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get(2)?))
        });
        rows.map_err(engine)?
            .map(|row| {
                let (number, time, bytes) = row.map_err(unreadable)?;
                Ok(StoredEvent { serial: serial(number)?, time: serial(time)?, bytes })
            })
            .collect()
    }

    fn reader(&self) -> Result<Held<'_, Connection>, Error> {
        self.check_process()?;
        self.reader.take(self.busy_timeout)
    }

    fn check_process(&self) -> Result<(), Error> {
        if process::id() == self.process { Ok(()) } else { Err(Error::Forked) }
    }
}

impl RecordStore for SqliteRecords {
    fn serial(&self) -> Result<u64, Error> {
        stored_serial(&*self.reader()?)
    }

    fn get(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        get(&*self.reader()?, name)
    }

    fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Vec<Entry>, Error> {
        scan(&*self.reader()?, prefix, after, limit)
    }

    fn begin(&self) -> Result<Box<dyn StoreTransaction + '_>, Error> {
        self.check_process()?;
        let connection = self.writer.take(self.busy_timeout)?;
        connection.execute_batch("BEGIN IMMEDIATE").map_err(engine)?;
        let mut transaction =
            SqliteTransaction { connection: Some(connection), serial: 0, process: self.process };
        transaction.serial = stored_serial(transaction.connection()?)?;
        Ok(Box::new(transaction))
    }

    /// The whole file is written anew, the vault's tables too, if it has some: that takes as much room again.
    ///
    /// `PagesOverwritten` is not among what was done: the file becomes shorter, and what was cut off is not overwritten.
    fn scrub(&self) -> Result<Vec<StorageAction>, Error> {
        self.check_process()?;
        let writer = self.writer.take(self.busy_timeout)?;
        // First, so that a reader who is in the way is noticed before the work.
        truncate_log(&writer)?;
        writer.execute_batch("VACUUM").map_err(engine)?;
        truncate_log(&writer)?;
        Ok(vec![StorageAction::DatabaseRewritten, StorageAction::LogTruncated])
    }
}

impl Drop for SqliteRecords {
    fn drop(&mut self) {
        // SQLite forbids a child to close what its parent opened.
        if self.check_process().is_err() {
            let _leaked = ManuallyDrop::new((self.writer.remove(), self.reader.remove()));
        }
    }
}

impl fmt::Debug for SqliteRecords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteRecords").finish_non_exhaustive()
    }
}

struct SqliteTransaction<'s> {
    /// There until it is dropped.
    connection: Option<Held<'s, Connection>>,
    serial: u64,
    process: u32,
}

impl SqliteTransaction<'_> {
    fn connection(&self) -> Result<&Connection, Error> {
        if process::id() != self.process {
            return Err(Error::Forked);
        }
        let connection = self.connection.as_deref().ok_or(Error::Store(StoreError::Closed))?;
        // SQLite rolls a transaction back by itself when the disk is full; nothing may be written outside it then.
        if connection.is_autocommit() { Err(Error::Store(StoreError::Engine)) } else { Ok(connection) }
    }
}

impl StoreTransaction for SqliteTransaction<'_> {
    fn serial(&self) -> Result<u64, Error> {
        self.connection()?;
        Ok(self.serial)
    }

    fn get(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        get(self.connection()?, name)
    }

    fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Vec<Entry>, Error> {
        scan(self.connection()?, prefix, after, limit)
    }

    fn commit(self: Box<Self>, changes: &[Change], event: &[u8]) -> Result<(), Error> {
        let connection = self.connection()?;
        check_names(changes)?;
        let number = i64::try_from(self.serial).ok().and_then(|n| n.checked_add(1)).ok_or(Error::Value)?;
        apply(connection, changes)?;
        if execute(connection, RAISE, params![number])? != 1 {
            return Err(unfit());
        }
        execute(connection, TELL, params![number, event])?;
        connection.execute_batch("COMMIT").map_err(engine)
    }
}

impl Drop for SqliteTransaction<'_> {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if process::id() != self.process {
            // The transaction is the parent's to end.
            let _leaked = ManuallyDrop::new(connection);
        } else if !connection.is_autocommit() {
            // If it fails, the next BEGIN does, and closing the connection ends the transaction.
            let _ = connection.execute_batch("ROLLBACK");
        }
    }
}

/// Makes an empty file for the owner alone, if there is none; SQLite gives its log the same mode.
fn make_file(path: &Path) -> Result<(), Error> {
    // Never opened here: closing it would take away the locks that this process has on it elsewhere.
    match mknodat(CWD, path, FileType::RegularFile, Mode::RUSR | Mode::WUSR, 0) {
        Err(error) if error != Errno::EXIST => Err(std::io::Error::from(error).into()),
        _ => Ok(()),
    }
}

/// What the operating system has against a file that SQLite could not open.
fn why(path: &Path, error: Error) -> Error {
    let folder = path.parent().unwrap_or(path);
    let refused = if path.is_dir() {
        Err(Errno::ISDIR)
    } else {
        access(path, Access::READ_OK | Access::WRITE_OK).and_then(|()| access(folder, Access::WRITE_OK))
    };
    match refused {
        Err(refused) if error == Error::Store(StoreError::Engine) => std::io::Error::from(refused).into(),
        _ => error,
    }
}

/// Makes the tables if none is there, and checks that they are of the shape that the statements need.
fn prepare(connection: &Connection) -> Result<(), Error> {
    // Without the write lock, so that opening waits for no transaction.
    if snapshot(connection, tables)? == 0 {
        transact(connection, |c| match tables(c)? {
            0 => c.execute_batch(TABLES).map_err(engine),
            _ => Ok(()),
        })?;
    }
    // Some of them would be a serial number that starts at 0 again beside entries that are there.
    if tables(connection)? != 3 {
        return Err(unfit());
    }
    for sql in [SERIAL, GET, SCAN, SCAN_TO, PUT, DELETE, RAISE, TELL, EVENTS] {
        connection.prepare_cached(sql).map_err(engine)?;
    }
    stored_serial(connection).map(|_| ())
}

fn tables(connection: &Connection) -> Result<i64, Error> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table'
               AND name IN ('tenantseal_keys', 'tenantseal_key_state', 'tenantseal_key_events')";
    connection.query_row(sql, [], |row| row.get(0)).map_err(engine)
}

fn stored_serial(connection: &Connection) -> Result<u64, Error> {
    let mut statement = connection.prepare_cached(SERIAL).map_err(engine)?;
    let number = statement.query_row([], |row| row.get(0)).optional().map_err(unreadable)?;
    serial(number.ok_or(unfit())?)
}

fn get(connection: &Connection, name: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let mut statement = connection.prepare_cached(GET).map_err(engine)?;
    statement.query_row(params![name], |row| row.get(0)).optional().map_err(unreadable)
}

fn scan(connection: &Connection, prefix: &[u8], after: &[u8], limit: usize) -> Result<Vec<Entry>, Error> {
    let (Range { from, to }, limit) = (Range::new(prefix, after), self::limit(limit));
    let entry = |row: &rusqlite::Row<'_>| Ok(Entry { name: row.get(0)?, bytes: row.get(1)? });
    let mut statement =
        connection.prepare_cached(if to.is_some() { SCAN_TO } else { SCAN }).map_err(engine)?;
    let rows = match to {
        Some(to) => statement.query_map(params![from, limit, to], entry),
        None => statement.query_map(params![from, limit], entry),
    };
    rows.map_err(engine)?.collect::<Result<_, _>>().map_err(unreadable)
}

fn apply(connection: &Connection, changes: &[Change]) -> Result<(), Error> {
    let mut delete = connection.prepare_cached(DELETE).map_err(engine)?;
    let mut put = connection.prepare_cached(PUT).map_err(engine)?;
    for change in changes {
        match change {
            Change::Delete(name) => delete.execute(params![name]),
            Change::Put(entry) => put.execute(params![entry.name, entry.bytes]),
        }
        .map_err(engine)?;
    }
    Ok(())
}

fn execute(connection: &Connection, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<usize, Error> {
    connection.prepare_cached(sql).map_err(engine)?.execute(values).map_err(engine)
}

/// Brings the log into the file and cuts it to nothing.
///
/// # Errors
///
/// [`Error::Store`] with `Busy`: SQLite reports that in a row, and not as a failure.
fn truncate_log(connection: &Connection) -> Result<(), Error> {
    let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
    let busy: i64 = connection.query_row(sql, [], |row| row.get(0)).map_err(engine)?;
    if busy == 0 { Ok(()) } else { Err(Error::Store(StoreError::Busy)) }
}

/// A value of another type than this table's is a table of another shape.
fn unreadable(error: rusqlite::Error) -> Error {
    match error {
        rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..) => unfit(),
        error => engine(error),
    }
}

const TABLES: &str = "
    CREATE TABLE tenantseal_keys (name BLOB PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE tenantseal_key_state (name TEXT PRIMARY KEY, number INTEGER NOT NULL);
    CREATE TABLE tenantseal_key_events (serial INTEGER PRIMARY KEY, time INTEGER NOT NULL, event BLOB NOT NULL);
    INSERT INTO tenantseal_key_state (name, number) VALUES ('serial', 0)";
const SERIAL: &str = "SELECT number FROM tenantseal_key_state WHERE name = 'serial'";
const GET: &str = "SELECT bytes FROM tenantseal_keys WHERE name = ?1";
const SCAN: &str = "SELECT name, bytes FROM tenantseal_keys WHERE name >= ?1 ORDER BY name LIMIT ?2";
const SCAN_TO: &str =
    "SELECT name, bytes FROM tenantseal_keys WHERE name >= ?1 AND name < ?3 ORDER BY name LIMIT ?2";
/// SQLite writes it over an entry of the same name in one step, where `ON CONFLICT` looks for the name three times.
const PUT: &str = "REPLACE INTO tenantseal_keys (name, bytes) VALUES (?1, ?2)";
const DELETE: &str = "DELETE FROM tenantseal_keys WHERE name = ?1";
const RAISE: &str = "UPDATE tenantseal_key_state SET number = ?1 WHERE name = 'serial'";
const TELL: &str = "INSERT INTO tenantseal_key_events (serial, time, event) VALUES (?1, unixepoch(), ?2)";
const EVENTS: &str =
    "SELECT serial, time, event FROM tenantseal_key_events WHERE serial > ?1 ORDER BY serial LIMIT ?2";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    fn entry(name: &[u8]) -> Change {
        Change::Put(Entry { name: name.to_vec(), bytes: b"bytes".to_vec() })
    }

    #[test]
    fn every_call_of_a_forked_process_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.db");
        let mut records = SqliteRecords::open_with(&path, Duration::ZERO).unwrap();
        let own = records.process;
        records.process = own.wrapping_add(1);
        assert_eq!(records.serial().err(), Some(Error::Forked));
        assert_eq!(records.get(b"a").err(), Some(Error::Forked));
        assert_eq!(records.scan(b"", b"", 1).err(), Some(Error::Forked));
        assert_eq!(records.events(0, 1).err(), Some(Error::Forked));
        assert_eq!(records.scrub().err(), Some(Error::Forked));
        assert_eq!(records.begin().err().unwrap(), Error::Forked);
        records.process = own;

        // A transaction that was begun before the fork is the parent's to end.
        let begun = || {
            let connection = records.writer.take(Duration::ZERO).unwrap();
            Box::new(SqliteTransaction {
                connection: Some(connection),
                serial: 0,
                process: own.wrapping_add(1),
            })
        };
        let transaction = begun();
        transaction.connection.as_ref().unwrap().execute_batch("BEGIN IMMEDIATE").unwrap();
        assert_eq!(transaction.serial().err(), Some(Error::Forked));
        assert_eq!(transaction.get(b"a").err(), Some(Error::Forked));
        assert_eq!(transaction.scan(b"", b"", 1).err(), Some(Error::Forked));
        assert_eq!(transaction.commit(&[entry(b"a")], b"").err(), Some(Error::Forked));
        // It was neither ended nor given back: somebody else who writes waits for it still.
        let other = SqliteRecords::open_with(&path, Duration::ZERO).unwrap();
        assert_eq!(other.begin().err(), Some(Error::Store(StoreError::Busy)));
        assert_eq!(records.writer.take(Duration::ZERO).err(), Some(Error::Store(StoreError::Busy)));
    }

    #[test]
    fn a_transaction_that_sqlite_ended_writes_nothing_more() {
        let folder = tempfile::tempdir().unwrap();
        let records = SqliteRecords::open(folder.path().join("keys.db")).unwrap();
        let connection = records.writer.take(Duration::ZERO).unwrap();
        // As SQLite does by itself when the disk is full: no transaction is open.
        let transaction =
            Box::new(SqliteTransaction { connection: Some(connection), serial: 0, process: process::id() });
        assert_eq!(transaction.commit(&[entry(b"a")], b"").err(), Some(Error::Store(StoreError::Engine)));
        assert_eq!(records.get(b"a").unwrap(), None);
        assert_eq!(records.serial().unwrap(), 0);
    }

    #[test]
    fn the_last_serial_number_is_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let records = SqliteRecords::open(folder.path().join("keys.db")).unwrap();
        let set =
            |number: i64| execute(&records.writer.take(Duration::ZERO).unwrap(), RAISE, params![number]);
        set(i64::MAX - 1).unwrap();
        records.begin().unwrap().commit(&[entry(b"a")], b"").unwrap();
        assert_eq!(records.serial(), Ok(i64::MAX.unsigned_abs()));
        assert_eq!(records.begin().unwrap().commit(&[entry(b"b")], b""), Err(Error::Value));
        assert_eq!(records.get(b"b"), Ok(None));
    }

    #[test]
    fn the_connections_are_set_up_as_the_vault_is() {
        let folder = tempfile::tempdir().unwrap();
        let records = SqliteRecords::open(folder.path().join("keys.db")).unwrap();
        for (slot, query_only) in [(&records.writer, 0), (&records.reader, 1)] {
            let connection = slot.take(Duration::ZERO).unwrap();
            for (pragma, value) in
                [("synchronous", 2), ("secure_delete", 1), ("busy_timeout", 5000), ("query_only", query_only)]
            {
                let read = connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
                assert_eq!(read.unwrap(), value, "{pragma}");
            }
        }
    }
}
