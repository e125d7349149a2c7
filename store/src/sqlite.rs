//! A thread that owns an SQLite connection, and the mapping of SQLite's errors.

use core::{cell::Cell, convert::Infallible};
use std::{
    io,
    path::Path,
    process,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use pollster::block_on;
use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};
use tenantseal::{Error, StoreError};
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// Runs jobs on a connection of its own, one after the other, and closes it when it is dropped.
pub(crate) struct Worker {
    /// There until it is dropped.
    jobs: Option<mpsc::Sender<Job>>,
    /// Cut off when the connection is closed.
    closed: oneshot::Receiver<Infallible>,
    process: u32,
}

impl Worker {
    /// Opens the database as [`connect`] does.
    pub(crate) fn open(path: &Path, read_only: bool, busy_timeout: Duration) -> Result<Self, Error> {
        let connection = connect(path, read_only, busy_timeout)?;
        let (sender, jobs) = mpsc::channel::<Job>();
        let (open, closed) = oneshot::channel();
        let work = move || {
            IS_WORKER.set(true);
            for job in jobs {
                job(&connection);
            }
            drop(connection);
            drop(open);
        };
        thread::Builder::new().name("tenantseal-vault".to_owned()).spawn(work)?;
        Ok(Self { jobs: Some(sender), closed, process: process::id() })
    }

    /// Runs `job` on the connection and waits for what it returns.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (sender, receiver) = oneshot::channel();
        self.send(move |connection| {
            // The caller may have given up waiting; the job is done all the same.
            let _ = sender.send(job(connection));
        })?;
        receiver.await.map_err(|_| Error::Store(StoreError::Closed))?
    }

    /// Runs `job` on the connection some time later.
    pub(crate) fn send(&self, job: impl FnOnce(&Connection) + Send + 'static) -> Result<(), Error> {
        let closed = Error::Store(StoreError::Closed);
        self.jobs.as_ref().ok_or(closed)?.send(Box::new(job)).map_err(|_| closed)
    }
}

impl Drop for Worker {
    /// Waits until the connection is closed: whoever dropped a vault may move or remove its files.
    fn drop(&mut self) {
        self.jobs = None;
        // A job that held the last handle is on that thread itself, and a child after a fork does not have the thread.
        if !IS_WORKER.get() && process::id() == self.process {
            // Nothing is ever sent, so this is the end of the thread.
            let _end = block_on(&mut self.closed);
        }
    }
}

thread_local! {
    /// Whether this is a worker's thread. Of a C program's main thread `thread::current` would never be given back.
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Opens the database: write-ahead log, flushed at every commit, deleted content overwritten.
pub(crate) fn connect(path: &Path, read_only: bool, busy_timeout: Duration) -> Result<Connection, Error> {
    let connection = Connection::open_with_flags(path, flags()).map_err(engine)?;
    // SQLite counts milliseconds in 31 bits.
    let busy_timeout = busy_timeout.min(Duration::from_millis(i32::MAX.unsigned_abs().into()));
    connection.busy_timeout(busy_timeout).map_err(engine)?;
    turn_on_log(&connection, busy_timeout)?;
    connection
        .execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON;
             PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;",
        )
        .map_err(engine)?;
    // Or a column that was renamed elsewhere would be read as the text of its own name.
    for lenient in [DbConfig::SQLITE_DBCONFIG_DQS_DML, DbConfig::SQLITE_DBCONFIG_DQS_DDL] {
        connection.set_db_config(lenient, false).map_err(engine)?;
    }
    if read_only {
        connection.execute_batch("PRAGMA query_only = ON;").map_err(engine)?;
    }
    Ok(connection)
}

/// SQLite itself does not wait when several turn on the log of a new file: all but one are told at once that it is busy.
fn turn_on_log(connection: &Connection, patience: Duration) -> Result<(), Error> {
    let start = Instant::now();
    loop {
        match connection.execute_batch("PRAGMA journal_mode = WAL").map_err(engine) {
            Err(Error::Store(StoreError::Busy)) if start.elapsed() < patience => {
                thread::sleep(Duration::from_millis(5));
            }
            result => return result,
        }
    }
}

/// Runs `act` in a transaction of its own, so that all it reads is of one moment.
pub(crate) fn snapshot<T>(
    connection: &Connection,
    act: impl FnOnce(&Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    within(connection, "BEGIN DEFERRED", act)
}

/// Runs `act` in a writing transaction of its own: all of it or nothing.
pub(crate) fn transact<T>(
    connection: &Connection,
    act: impl FnOnce(&Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    within(connection, "BEGIN IMMEDIATE", act)
}

fn within<T>(
    connection: &Connection,
    begin: &str,
    act: impl FnOnce(&Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    connection.execute_batch(begin).map_err(engine)?;
    let result = act(connection).and_then(|value| match connection.execute_batch("COMMIT") {
        Ok(()) => Ok(value),
        Err(error) => Err(engine(error)),
    });
    if result.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK").map_err(engine)?;
    }
    result
}

/// What of an SQLite error a caller can act on.
#[expect(clippy::needless_pass_by_value, reason = "it is handed to map_err")]
pub(crate) fn engine(error: rusqlite::Error) -> Error {
    let error = match &error {
        rusqlite::Error::SqlInputError { error, .. } | rusqlite::Error::SqliteFailure(error, _) => error,
        _ => return Error::Store(StoreError::Engine),
    };
    Error::Store(match error.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy,
        ErrorCode::ConstraintViolation => StoreError::Constraint,
        ErrorCode::NotADatabase => return Error::Malformed,
        ErrorCode::ReadOnly => return Error::Io(io::ErrorKind::PermissionDenied),
        // The statements are ours: one that SQLite cannot make sense of names what is not there.
        _ if error.extended_code == SQLITE_ERROR => StoreError::Schema,
        _ => StoreError::Engine,
    })
}

/// The result code for what no other fits, such as a name that the schema does not have, sqlite3.h.
const SQLITE_ERROR: i32 = 1;

fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use super::*;

    #[test]
    fn each_connection_is_set_up_as_promised() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.db");
        for read_only in [false, true] {
            let worker = Worker::open(&path, read_only, Duration::from_millis(1234)).unwrap();
            for (pragma, value) in [
                ("synchronous", 2),
                ("secure_delete", 1),
                ("foreign_keys", 1),
                ("trusted_schema", 0),
                ("cell_size_check", 1),
                ("busy_timeout", 1234),
                ("query_only", i64::from(read_only)),
            ] {
                let read = move |c: &Connection| {
                    c.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0)).map_err(engine)
                };
                assert_eq!(block_on(worker.run(read)), Ok(value), "{pragma}");
            }
            for config in [DbConfig::SQLITE_DBCONFIG_DQS_DML, DbConfig::SQLITE_DBCONFIG_DQS_DDL] {
                assert_eq!(block_on(worker.run(move |c| c.db_config(config).map_err(engine))), Ok(false));
            }
            let write = |c: &Connection| c.execute_batch("CREATE TABLE t (a)").map_err(engine);
            assert_eq!(block_on(worker.run(write)).is_err(), read_only);
        }
    }

    #[test]
    fn a_job_that_holds_the_last_handle_does_not_wait_for_itself() {
        let folder = tempfile::tempdir().unwrap();
        let worker = Arc::new(Worker::open(&folder.path().join("vault.db"), false, Duration::ZERO).unwrap());
        let (go, gone) = mpsc::channel();
        let (done, ended) = mpsc::channel();
        let held = Arc::clone(&worker);
        let job = move |_: &Connection| {
            gone.recv().unwrap();
            drop(held);
            done.send(()).unwrap();
        };
        worker.send(job).unwrap();
        drop(worker);
        go.send(()).unwrap();
        ended.recv_timeout(Duration::from_secs(30)).unwrap();
    }

    #[test]
    fn patience_without_end_is_the_most_that_sqlite_has() {
        let folder = tempfile::tempdir().unwrap();
        let worker = Worker::open(&folder.path().join("vault.db"), false, Duration::MAX).unwrap();
        let read = |c: &Connection| {
            c.pragma_query_value(None, "busy_timeout", |row| row.get::<_, i32>(0)).map_err(engine)
        };
        assert_eq!(block_on(worker.run(read)), Ok(i32::MAX));
    }
}
