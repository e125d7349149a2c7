//! A guard in an SQLite file.

use core::{fmt, mem::ManuallyDrop};
use std::{
    path::Path,
    process,
    time::{Duration, Instant},
};

use rusqlite::{Connection, OptionalExtension as _, params};
use tenantseal::{
    Error,
    wecom::{Arrival, Claim, Departure, EventKey, Guard, Ticket},
};

use crate::{
    guard::{SETTLE, SLACK, SWEEP, Times, event_entry, millis, number, signature_entry, unfit},
    records::slot::Slot,
    sqlite::{connect, engine, snapshot, transact},
};

/// A [`Guard`] in an SQLite file, for the processes of one machine.
///
/// Every claim is flushed to the disk before an event is called fresh. There is no capacity: an entry takes about 200
/// bytes of the file until it has run out, plus an hour, because clocks differ.
///
/// In a vault's own file an event and its effects are done together: settle it through the vault's transaction
/// ([`Transaction::settle`](crate::Transaction::settle)), not by `Event::done`, which would wait for that transaction.
/// A handle is of the process that made it: after a fork, the child's calls return [`Error::Forked`].
///
/// # Example
///
/// ```
/// use std::sync::Arc;
///
/// use tenantseal::wecom::Callback;
/// use tenantseal_store::SqliteGuard;
///
/// # fn main() -> Result<(), tenantseal::Error> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("guard.db");
/// # let (token, key) = ("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C");
/// let guard = Arc::new(SqliteGuard::open(&path)?);
/// let app = Callback::company_app(token, key, "ww5823bf96d3bd56c7")?.guard(guard, "contacts")?;
/// # Ok(())
/// # }
/// ```
pub struct SqliteGuard {
    connection: Slot<Connection>,
    busy_timeout: Duration,
    process: u32,
}

impl SqliteGuard {
    /// Opens the SQLite file at `path`, makes it and its tables if they are not there. A call waits up to 2 seconds for
    /// others, in this process and elsewhere: WeCom waits for 5.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] for a database in memory; [`Error::Store`] with `Schema` if the tables are there in part, or
    /// are not of this shape; [`Error::Store`] otherwise.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_with(path, Duration::from_secs(2))
    }

    /// As [`SqliteGuard::open`], with another patience.
    ///
    /// # Errors
    ///
    /// As [`SqliteGuard::open`].
    pub fn open_with(path: impl AsRef<Path>, busy_timeout: Duration) -> Result<Self, Error> {
        if path.as_ref().as_os_str().is_empty() || path.as_ref().as_os_str() == ":memory:" {
            return Err(Error::Value);
        }
        let connection = connect(&std::path::absolute(path)?, false, busy_timeout)?;
        prepare(&connection)?;
        Ok(Self { connection: Slot::new(connection), busy_timeout, process: process::id() })
    }

    /// How many entries are held, those that ran out and were not removed yet included.
    ///
    /// # Errors
    ///
    /// [`Error::Store`]; [`Error::Forked`].
    pub fn entries(&self) -> Result<u64, Error> {
        self.run(|connection| {
            let count: i64 = connection.query_row(COUNT, [], |row| row.get(0)).map_err(engine)?;
            u64::try_from(count).map_err(|_| unfit())
        })
    }

    fn run<T>(&self, act: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        if process::id() != self.process {
            return Err(Error::Forked);
        }
        let begun = Instant::now();
        let connection = self.connection.take(self.busy_timeout)?;
        // What is left of the patience is for other processes.
        connection.busy_timeout(self.busy_timeout.saturating_sub(begun.elapsed())).map_err(engine)?;
        if !connection.is_autocommit() {
            // A call that panicked has left its transaction.
            connection.execute_batch("ROLLBACK").map_err(engine)?;
        }
        act(&connection)
    }
}

impl Guard for SqliteGuard {
    fn claim(&self, arrival: &Arrival<'_>) -> Result<Ticket, Error> {
        self.run(|connection| transact(connection, |connection| claim(connection, arrival)))
    }

    fn done(&self, event: &EventKey, fencing: u64, now: Duration) -> Result<(), Error> {
        self.run(|connection| settle(connection, event, fencing, millis(now)))
    }

    fn replied(&self, reply: &Departure<'_>) -> Result<(), Error> {
        let (until, now) = (millis(reply.until), millis(reply.now));
        self.run(|connection| {
            transact(connection, |connection| {
                put_signature(connection, reply.callback_id, &reply.signature, None, until)?;
                sweep(connection, now)
            })
        })
    }
}

impl Drop for SqliteGuard {
    fn drop(&mut self) {
        // SQLite forbids a child to close what its parent opened.
        if process::id() != self.process {
            let _leaked = ManuallyDrop::new(self.connection.remove());
        }
    }
}

impl fmt::Debug for SqliteGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteGuard").finish_non_exhaustive()
    }
}

/// [`SETTLE`] on a connection, in whatever transaction it has.
pub(crate) fn settle(connection: &Connection, event: &EventKey, fencing: u64, now: i64) -> Result<(), Error> {
    let values = params![event, number(fencing), now];
    let rows = connection.prepare_cached(SETTLE).map_err(engine)?.execute(values).map_err(engine)?;
    if rows == 1 { Ok(()) } else { Err(Error::ClaimExpired) }
}

fn claim(connection: &Connection, arrival: &Arrival<'_>) -> Result<Ticket, Error> {
    let times = Times::of(arrival);
    let mut signatures = connection.prepare_cached(SIGNATURE).map_err(engine)?;
    let known = signatures
        .query_row(params![arrival.callback_id, arrival.signature, times.now], |row| row.get(0))
        .optional()
        .map_err(unreadable)?
        .map(signature_entry)
        .transpose()?;
    let event = arrival.event_of(known)?;
    let mut events = connection.prepare_cached(EVENT).map_err(engine)?;
    let held = events
        .query_row(params![event, times.now], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()
        .map_err(unreadable)?
        .map(|(done, fencing, lease_end)| event_entry(done, fencing, lease_end))
        .transpose()?;
    let claim = arrival.claim_of(known, held);
    if known.is_some() && held.is_none() {
        return Ok(Ticket { claim, event, fencing: 0 });
    }
    let mut fencing = 0;
    if claim == Claim::Fresh {
        fencing = connection
            .prepare_cached(NEXT)
            .map_err(engine)?
            .query_row([], |row| row.get::<_, i64>(0))
            .map_err(unreadable)?;
        execute(connection, CLAIM, params![event, fencing, times.lease_end, times.event_until])?;
    } else {
        execute(connection, KEEP, params![event, times.event_until])?;
    }
    put_signature(connection, arrival.callback_id, &arrival.signature, Some(&event), times.signature_until)?;
    sweep(connection, times.now)?;
    Ok(Ticket { claim, event, fencing: u64::try_from(fencing).map_err(|_| unfit())? })
}

fn put_signature(
    connection: &Connection,
    callback_id: &str,
    signature: &[u8; 20],
    event: Option<&EventKey>,
    until: i64,
) -> Result<(), Error> {
    execute(connection, SIGN, params![callback_id, signature, event, until])
}

fn sweep(connection: &Connection, now: i64) -> Result<(), Error> {
    for sql in [SWEEP_EVENTS, SWEEP_SIGNATURES] {
        execute(connection, sql, params![now.saturating_sub(SLACK), SWEEP])?;
    }
    Ok(())
}

fn execute(connection: &Connection, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<(), Error> {
    connection.prepare_cached(sql).map_err(engine)?.execute(values).map_err(engine).map(drop)
}

/// Makes the tables if none is there, and checks that they are of the shape that the statements need.
fn prepare(connection: &Connection) -> Result<(), Error> {
    if snapshot(connection, tables)? == 0 {
        transact(connection, |connection| match tables(connection)? {
            0 => connection.execute_batch(TABLES).map_err(engine),
            _ => Ok(()),
        })?;
    }
    if tables(connection)? != 3 {
        return Err(unfit());
    }
    for sql in [SIGNATURE, EVENT, NEXT, CLAIM, KEEP, SIGN, SETTLE, SWEEP_EVENTS, SWEEP_SIGNATURES, COUNT] {
        connection.prepare_cached(sql).map_err(engine)?;
    }
    Ok(())
}

fn tables(connection: &Connection) -> Result<i64, Error> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN
               ('tenantseal_guard_events', 'tenantseal_guard_signatures', 'tenantseal_guard_fencing')";
    connection.query_row(sql, [], |row| row.get(0)).map_err(engine)
}

/// A value of another type than this table's is a table of another shape.
fn unreadable(error: rusqlite::Error) -> Error {
    match error {
        rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::FromSqlConversionFailure(..) => unfit(),
        error => engine(error),
    }
}

const TABLES: &str = "
    CREATE TABLE tenantseal_guard_events (
        event BLOB PRIMARY KEY, done INTEGER NOT NULL, fencing INTEGER NOT NULL, lease_end INTEGER NOT NULL,
        kept_until INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX tenantseal_guard_events_until ON tenantseal_guard_events (kept_until);
    CREATE TABLE tenantseal_guard_signatures (
        callback TEXT NOT NULL, signature BLOB NOT NULL, event BLOB, kept_until INTEGER NOT NULL,
        PRIMARY KEY (callback, signature)) WITHOUT ROWID;
    CREATE INDEX tenantseal_guard_signatures_until ON tenantseal_guard_signatures (kept_until);
    CREATE TABLE tenantseal_guard_fencing (last INTEGER NOT NULL);
    INSERT INTO tenantseal_guard_fencing (last) VALUES (0)";
const SIGNATURE: &str = "SELECT event FROM tenantseal_guard_signatures
    WHERE callback = ?1 AND signature = ?2 AND kept_until >= ?3";
const EVENT: &str = "SELECT done, fencing, lease_end FROM tenantseal_guard_events
    WHERE event = ?1 AND kept_until >= ?2";
const NEXT: &str = "UPDATE tenantseal_guard_fencing SET last = last + 1 RETURNING last";
const CLAIM: &str = "INSERT INTO tenantseal_guard_events (event, done, fencing, lease_end, kept_until)
    VALUES (?1, 0, ?2, ?3, ?4)
    ON CONFLICT (event) DO UPDATE SET done = 0, fencing = ?2, lease_end = ?3, kept_until = max(kept_until, ?4)";
const KEEP: &str = "UPDATE tenantseal_guard_events SET kept_until = max(kept_until, ?2) WHERE event = ?1";
const SIGN: &str = "INSERT INTO tenantseal_guard_signatures (callback, signature, event, kept_until)
    VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (callback, signature) DO UPDATE SET event = ?3, kept_until = max(kept_until, ?4)";
const SWEEP_EVENTS: &str = "DELETE FROM tenantseal_guard_events WHERE event IN
    (SELECT event FROM tenantseal_guard_events WHERE kept_until < ?1 ORDER BY kept_until LIMIT ?2)";
const SWEEP_SIGNATURES: &str = "DELETE FROM tenantseal_guard_signatures WHERE (callback, signature) IN
    (SELECT callback, signature FROM tenantseal_guard_signatures WHERE kept_until < ?1
     ORDER BY kept_until LIMIT ?2)";
const COUNT: &str = "SELECT (SELECT count(*) FROM tenantseal_guard_events)
    + (SELECT count(*) FROM tenantseal_guard_signatures)";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_call_of_a_forked_process_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut guard = SqliteGuard::open(folder.path().join("guard.db")).unwrap();
        guard.process = guard.process.wrapping_add(1);
        let now = Duration::from_secs(1);
        let departure = Departure { callback_id: "a", signature: [1; 20], until: now, now };
        assert_eq!(guard.replied(&departure), Err(Error::Forked));
        assert_eq!(guard.done(&[1; 32], 1, now), Err(Error::Forked));
        assert_eq!(guard.entries(), Err(Error::Forked));
    }
}
