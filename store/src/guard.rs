//! Databases in which several processes remember the same callbacks. FORMAT.md has their tables.

#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;

use core::time::Duration;

use tenantseal::{
    Error, StoreError,
    wecom::{Arrival, EventEntry, EventKey, SignatureEntry},
};

#[cfg(feature = "postgres")]
pub use postgres::PostgresGuard;
pub use sqlite::SqliteGuard;
pub(crate) use sqlite::settle;

/// Settles an event in a transaction of the caller's, on a connection of the caller's to the guard's database, so that
/// the event is done exactly if its effects are there.
///
/// `$1` is [`Settlement::event`](tenantseal::wecom::Settlement::event), bytes; `$2` its `fencing` and `$3` its `now`,
/// integers of 64 bits. SQLite and PostgreSQL both take it. If it does not change exactly one row, the claim has expired:
/// roll back.
pub const SETTLE: &str = "UPDATE tenantseal_guard_events SET done = 1 \
    WHERE event = $1 AND fencing = $2 AND kept_until >= $3 AND (done = 1 OR lease_end > $3)";

/// A row of the signatures, as far as it counts.
fn signature_entry(event: Option<Vec<u8>>) -> Result<SignatureEntry, Error> {
    match event {
        None => Ok(SignatureEntry::Replied),
        Some(event) => Ok(SignatureEntry::Received(EventKey::try_from(event).map_err(|_| unfit())?)),
    }
}

/// A row of the events.
fn event_entry(done: i64, fencing: i64, lease_end: i64) -> Result<EventEntry, Error> {
    let fencing = u64::try_from(fencing).map_err(|_| unfit())?;
    match done {
        0 => Ok(EventEntry::Claimed { fencing, lease_end: u64::try_from(lease_end).map_err(|_| unfit())? }),
        1 => Ok(EventEntry::Done { fencing }),
        _ => Err(unfit()),
    }
}

/// An arrival's times, as databases have them: milliseconds, with a sign.
struct Times {
    now: i64,
    lease_end: i64,
    event_until: i64,
    signature_until: i64,
}

impl Times {
    fn of(arrival: &Arrival<'_>) -> Self {
        Self {
            now: millis(arrival.now),
            lease_end: number(arrival.lease_end()),
            event_until: millis(arrival.event_until),
            signature_until: millis(arrival.signature_until),
        }
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unfit() -> Error {
    Error::Store(StoreError::Schema)
}

/// For how long an entry that ran out stays, in milliseconds: another process's clock may be behind.
const SLACK: i64 = 3_600_000;

/// How many entries that ran out one arrival removes of each kind, more than it makes.
const SWEEP: i64 = 4;
