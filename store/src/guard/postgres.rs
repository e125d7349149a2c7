//! A guard in a PostgreSQL database.

use core::fmt;
use std::{process, sync::Arc, time::Duration};

use tenantseal::{
    Error,
    wecom::{Arrival, Claim, Departure, EventKey, Guard, Ticket},
};
use tokio_postgres::{
    Client, Row,
    types::{FromSql, ToSql, Type},
};

use crate::{
    PostgresOptions,
    guard::{SETTLE, SLACK, SWEEP, Times, event_entry, millis, number, signature_entry, unfit},
    records::postgres::{Line, Server, Worker, engine},
};

/// A [`Guard`] in a PostgreSQL database, version 13 or later, for the processes of many machines.
///
/// It connects as [`PostgresRecords`](crate::PostgresRecords) does, under the same rules for TLS. Every claim is committed
/// before an event is called fresh. There is no capacity: an entry takes about 200 bytes until it has run out, plus an
/// hour, because clocks differ. Claims of one process go one after the other over one connection.
///
/// An event and its effects are done together if the effects are in the same database: [`SETTLE`] in their transaction.
/// A handle is of the process that made it: after a fork, the child's calls return [`Error::Forked`].
///
/// The first who connects makes the tables, in the schema that comes first in its `search_path`. A role that uses them
/// needs:
///
/// ```sql
/// GRANT SELECT, INSERT, UPDATE, DELETE ON tenantseal_guard_events, tenantseal_guard_signatures TO callbacks;
/// GRANT USAGE ON SEQUENCE tenantseal_guard_fencing TO callbacks;
/// ```
///
/// # Example
///
/// ```no_run
/// use std::sync::Arc;
///
/// use tenantseal::wecom::Callback;
/// use tenantseal_store::PostgresGuard;
///
/// # fn main() -> Result<(), tenantseal::Error> {
/// # let (token, key) = ("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C");
/// let guard = Arc::new(PostgresGuard::connect("host=db.example.com user=callbacks password=... dbname=crm")?);
/// let app = Callback::company_app(token, key, "ww5823bf96d3bd56c7")?.guard(guard, "contacts")?;
/// # Ok(())
/// # }
/// ```
pub struct PostgresGuard {
    worker: Worker,
    deadline: Duration,
    process: u32,
}

impl PostgresGuard {
    /// Connects, and makes the tables if they are not there. `config` is a connection string as libpq has them. A call
    /// takes 3 seconds at most, waiting for others included: WeCom waits for 5.
    ///
    /// # Errors
    ///
    /// As [`PostgresRecords::connect`](crate::PostgresRecords::connect).
    pub fn connect(config: &str) -> Result<Self, Error> {
        let options = PostgresOptions::new().busy_timeout(Duration::from_secs(2));
        Self::connect_with(config, options.deadline(Duration::from_secs(3)))
    }

    /// As [`PostgresGuard::connect`], with options.
    ///
    /// # Errors
    ///
    /// As [`PostgresGuard::connect`]; [`Error::Io`] if there are no root certificates.
    pub fn connect_with(config: &str, options: PostgresOptions) -> Result<Self, Error> {
        let deadline = options.deadline;
        let line = Line::new(Arc::new(Server::of(config, &options)?), false);
        let guard = Self { worker: Worker::start(line)?, deadline, process: process::id() };
        guard.run(async |client| prepare(client).await)?;
        Ok(guard)
    }

    /// How many entries are held, those that ran out and were not removed yet included.
    ///
    /// # Errors
    ///
    /// [`Error::Store`]; [`Error::Io`]; [`Error::Forked`].
    pub fn entries(&self) -> Result<u64, Error> {
        self.run(async |client| {
            let row = client.query_typed_one(COUNT, &[]).await.map_err(engine)?;
            u64::try_from(column::<i64>(&row, 0)?).map_err(|_| unfit())
        })
    }

    /// Runs what may be run twice: a claim whose answer was lost is in progress for whoever asks again, until its lease
    /// ends.
    fn run<T: Send + 'static>(
        &self,
        act: impl AsyncFn(&Client) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        if process::id() != self.process {
            return Err(Error::Forked);
        }
        self.worker.run(self.deadline, async move |line| line.repeatable(act).await)
    }
}

impl Guard for PostgresGuard {
    fn claim(&self, arrival: &Arrival<'_>) -> Result<Ticket, Error> {
        let owned = arrival.callback_id.to_owned();
        let (signature, signature_until) = (arrival.signature, arrival.signature_until);
        let (event, event_until) = (arrival.event, arrival.event_until);
        let (now, lease) = (arrival.now, arrival.lease);
        self.run(async move |client| {
            let arrival =
                Arrival { callback_id: &owned, signature, signature_until, event, event_until, now, lease };
            transact(client, async || claim(client, &arrival).await).await
        })
    }

    fn done(&self, event: &EventKey, fencing: u64, now: Duration) -> Result<(), Error> {
        let (event, fencing, now) = (*event, number(fencing), millis(now));
        self.run(async move |client| {
            let event: &[u8] = &event;
            let values: [Value<'_>; _] = [(&event, Type::BYTEA), (&fencing, Type::INT8), (&now, Type::INT8)];
            match client.execute_typed(SETTLE, &values).await.map_err(engine)? {
                1 => Ok(()),
                _ => Err(Error::ClaimExpired),
            }
        })
    }

    fn replied(&self, reply: &Departure<'_>) -> Result<(), Error> {
        let (callback_id, signature) = (reply.callback_id.to_owned(), reply.signature);
        let (until, now) = (millis(reply.until), millis(reply.now));
        self.run(async move |client| {
            transact(client, async || {
                lock(client, &signature).await?;
                put_signature(client, &callback_id, &signature, None, until).await?;
                sweep(client, now).await
            })
            .await
        })
    }
}

impl fmt::Debug for PostgresGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresGuard").finish_non_exhaustive()
    }
}

/// What stands for a `$1`, and its type.
type Value<'v> = (&'v (dyn ToSql + Sync), Type);

/// Runs `act` in a transaction: each statement sees what was committed before it, and what is looked at is locked first.
async fn transact<T>(client: &Client, act: impl AsyncFnOnce() -> Result<T, Error>) -> Result<T, Error> {
    client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED").await.map_err(engine)?;
    let result = match act().await {
        Ok(value) => client.batch_execute("COMMIT").await.map_err(engine).map(|()| value),
        Err(error) => Err(error),
    };
    if result.is_err() {
        // If it fails, the connection has broken, and with it the transaction.
        let _ = client.batch_execute("ROLLBACK").await;
    }
    result
}

async fn claim(client: &Client, arrival: &Arrival<'_>) -> Result<Ticket, Error> {
    let times = Times::of(arrival);
    // First the signature, then the event: nobody waits for somebody who waits for him.
    lock(client, &arrival.signature).await?;
    let signature: &[u8] = &arrival.signature;
    let values: [Value<'_>; _] =
        [(&arrival.callback_id, Type::TEXT), (&signature, Type::BYTEA), (&times.now, Type::INT8)];
    let row = client.query_typed_opt(SIGNATURE, &values).await.map_err(engine)?;
    let known = row.map(|row| signature_entry(column(&row, 0)?)).transpose()?;
    let event = arrival.event_of(known)?;
    lock(client, &event).await?;
    let key: &[u8] = &event;
    let values: [Value<'_>; _] = [(&key, Type::BYTEA), (&times.now, Type::INT8)];
    let row = client.query_typed_opt(EVENT, &values).await.map_err(engine)?;
    let entry = |row: Row| event_entry(column(&row, 0)?, column(&row, 1)?, column(&row, 2)?);
    let held = row.map(entry).transpose()?;
    let claim = arrival.claim_of(known, held);
    if known.is_some() && held.is_none() {
        return Ok(Ticket { claim, event, fencing: 0 });
    }
    let mut fencing: i64 = 0;
    if claim == Claim::Fresh {
        fencing = column(&client.query_typed_one(NEXT, &[]).await.map_err(engine)?, 0)?;
        let values: [Value<'_>; _] = [
            (&key, Type::BYTEA),
            (&fencing, Type::INT8),
            (&times.lease_end, Type::INT8),
            (&times.event_until, Type::INT8),
        ];
        client.execute_typed(CLAIM, &values).await.map_err(engine)?;
    } else {
        let values: [Value<'_>; _] = [(&key, Type::BYTEA), (&times.event_until, Type::INT8)];
        client.execute_typed(KEEP, &values).await.map_err(engine)?;
    }
    put_signature(client, arrival.callback_id, &arrival.signature, Some(key), times.signature_until).await?;
    sweep(client, times.now).await?;
    Ok(Ticket { claim, event, fencing: u64::try_from(fencing).map_err(|_| unfit())? })
}

/// Until the transaction ends, nobody else acts on what starts with these bytes.
async fn lock(client: &Client, key: &[u8]) -> Result<(), Error> {
    let number = i64::from_be_bytes(*key.first_chunk().ok_or(Error::Value)?);
    client.execute_typed(LOCK, &[(&number, Type::INT8)]).await.map_err(engine).map(drop)
}

async fn put_signature(
    client: &Client,
    callback_id: &str,
    signature: &[u8; 20],
    event: Option<&[u8]>,
    until: i64,
) -> Result<(), Error> {
    let signature: &[u8] = signature;
    let values: [Value<'_>; _] =
        [(&callback_id, Type::TEXT), (&signature, Type::BYTEA), (&event, Type::BYTEA), (&until, Type::INT8)];
    client.execute_typed(SIGN, &values).await.map_err(engine).map(drop)
}

async fn sweep(client: &Client, now: i64) -> Result<(), Error> {
    let before = now.saturating_sub(SLACK);
    for sql in [SWEEP_EVENTS, SWEEP_SIGNATURES] {
        let values: [Value<'_>; _] = [(&before, Type::INT8), (&SWEEP, Type::INT8)];
        client.execute_typed(sql, &values).await.map_err(engine)?;
    }
    Ok(())
}

/// Makes the tables unless somebody has made them, and checks that they are of the shape that the statements need.
async fn prepare(client: &Client) -> Result<(), Error> {
    if tables(client).await? == 0 {
        transact(client, async || {
            client.batch_execute(LOCK_TABLES).await.map_err(engine)?;
            match tables(client).await? {
                0 => client.batch_execute(TABLES).await.map_err(engine),
                _ => Ok(()),
            }
        })
        .await?;
    }
    if tables(client).await? != 3 {
        return Err(unfit());
    }
    let statements: [(&str, &[Type]); 8] = [
        (SIGNATURE, &[Type::TEXT, Type::BYTEA, Type::INT8]),
        (EVENT, &[Type::BYTEA, Type::INT8]),
        (CLAIM, &[Type::BYTEA, Type::INT8, Type::INT8, Type::INT8]),
        (KEEP, &[Type::BYTEA, Type::INT8]),
        (SIGN, &[Type::TEXT, Type::BYTEA, Type::BYTEA, Type::INT8]),
        (SETTLE, &[Type::BYTEA, Type::INT8, Type::INT8]),
        (SWEEP_EVENTS, &[Type::INT8, Type::INT8]),
        (SWEEP_SIGNATURES, &[Type::INT8, Type::INT8]),
    ];
    for (sql, types) in statements {
        client.prepare_typed(sql, types).await.map_err(engine)?;
    }
    Ok(())
}

async fn tables(client: &Client) -> Result<i64, Error> {
    column(&client.query_typed_one(COUNT_TABLES, &[]).await.map_err(engine)?, 0)
}

/// A value of a row. One of another type is of a table of another shape.
fn column<'r, T: FromSql<'r>>(row: &'r Row, index: usize) -> Result<T, Error> {
    row.try_get(index).map_err(|_| unfit())
}

const TABLES: &str = "
    CREATE TABLE tenantseal_guard_events (
        event BYTEA PRIMARY KEY, done BIGINT NOT NULL, fencing BIGINT NOT NULL, lease_end BIGINT NOT NULL,
        kept_until BIGINT NOT NULL);
    CREATE INDEX tenantseal_guard_events_until ON tenantseal_guard_events (kept_until);
    CREATE TABLE tenantseal_guard_signatures (
        callback TEXT NOT NULL, signature BYTEA NOT NULL, event BYTEA, kept_until BIGINT NOT NULL,
        PRIMARY KEY (callback, signature));
    CREATE INDEX tenantseal_guard_signatures_until ON tenantseal_guard_signatures (kept_until);
    CREATE SEQUENCE tenantseal_guard_fencing";
/// The number is `tenantsg` as ASCII.
const LOCK_TABLES: &str = "SELECT pg_advisory_xact_lock(x'74656e616e747367'::bigint)";
const COUNT_TABLES: &str = "
    SELECT count(to_regclass(name)) FROM
    unnest(ARRAY['tenantseal_guard_events', 'tenantseal_guard_signatures', 'tenantseal_guard_fencing']) AS wanted (name)";
const LOCK: &str = "SELECT pg_advisory_xact_lock($1)";
const SIGNATURE: &str = "SELECT event FROM tenantseal_guard_signatures
    WHERE callback = $1 AND signature = $2 AND kept_until >= $3";
/// Whoever settles the event in a transaction of his own is waited for, and what he wrote is read.
const EVENT: &str = "SELECT done, fencing, lease_end FROM tenantseal_guard_events
    WHERE event = $1 AND kept_until >= $2 FOR UPDATE";
const NEXT: &str = "SELECT nextval('tenantseal_guard_fencing')";
const CLAIM: &str =
    "INSERT INTO tenantseal_guard_events AS held (event, done, fencing, lease_end, kept_until)
    VALUES ($1, 0, $2, $3, $4)
    ON CONFLICT (event) DO UPDATE
    SET done = 0, fencing = $2, lease_end = $3, kept_until = greatest(held.kept_until, $4)";
const KEEP: &str =
    "UPDATE tenantseal_guard_events SET kept_until = greatest(kept_until, $2) WHERE event = $1";
const SIGN: &str = "INSERT INTO tenantseal_guard_signatures AS held (callback, signature, event, kept_until)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (callback, signature) DO UPDATE
    SET event = $3, kept_until = greatest(held.kept_until, $4)";
/// A row that somebody else holds is left to him: no arrival waits for a sweep.
const SWEEP_EVENTS: &str = "DELETE FROM tenantseal_guard_events WHERE event IN
    (SELECT event FROM tenantseal_guard_events WHERE kept_until < $1 ORDER BY kept_until LIMIT $2
     FOR UPDATE SKIP LOCKED)";
const SWEEP_SIGNATURES: &str = "DELETE FROM tenantseal_guard_signatures WHERE (callback, signature) IN
    (SELECT callback, signature FROM tenantseal_guard_signatures WHERE kept_until < $1 ORDER BY kept_until LIMIT $2
     FOR UPDATE SKIP LOCKED)";
const COUNT: &str = "SELECT (SELECT count(*) FROM tenantseal_guard_events)
    + (SELECT count(*) FROM tenantseal_guard_signatures)";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_call_of_a_forked_process_is_refused() {
        let server = Server::new("host=/nonexistent", None, Duration::ZERO, Duration::ZERO).unwrap();
        let worker = Worker::start(Line::new(Arc::new(server), false)).unwrap();
        let guard =
            PostgresGuard { worker, deadline: Duration::ZERO, process: process::id().wrapping_add(1) };
        let now = Duration::from_secs(1);
        let departure = Departure { callback_id: "a", signature: [1; 20], until: now, now };
        assert_eq!(guard.replied(&departure), Err(Error::Forked));
        assert_eq!(guard.done(&[1; 32], 1, now), Err(Error::Forked));
        assert_eq!(guard.entries(), Err(Error::Forked));
    }
}
