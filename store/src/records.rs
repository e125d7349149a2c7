//! Databases in which a keyring keeps its entries. FORMAT.md has their tables.

#[cfg(feature = "postgres")]
pub(crate) mod postgres;
pub(crate) mod slot;
mod sqlite;

use core::fmt;

use tenantseal::{Error, StoreError, tenant::Change};

#[cfg(feature = "postgres")]
pub use postgres::{PostgresOptions, PostgresRecords};
pub use sqlite::SqliteRecords;

/// An event as it was stored, in the same transaction as the change that it tells of.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// The serial number that the change was given.
    pub serial: u64,
    /// When it was committed, by the clock of the database, in seconds since 1970-01-01 UTC.
    pub time: u64,
    /// The event's bytes, as they were committed: [`KeyEvent::parse`](tenantseal::tenant::KeyEvent::parse).
    pub bytes: Vec<u8>,
}

impl fmt::Debug for StoredEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredEvent({}, {}, {} bytes)", self.serial, self.time, self.bytes.len())
    }
}

/// The names that a scan asks for: from `from` on, and before `to` if there is an end.
struct Range {
    from: Vec<u8>,
    to: Option<Vec<u8>>,
}

impl Range {
    fn new(prefix: &[u8], after: &[u8]) -> Self {
        // Nothing lies between a name and the same name with a zero byte behind it.
        let from = if after >= prefix { [after, &[0]].concat() } else { prefix.to_vec() };
        let mut to = prefix.to_vec();
        while to.pop_if(|last| *last == u8::MAX).is_some() {}
        let to = match to.pop() {
            Some(last) => {
                to.push(last.saturating_add(1));
                Some(to)
            }
            None => None,
        };
        Self { from, to }
    }
}

/// What [`tenantseal::tenant::Entry`] promises of names: a database could hold others, and a key file could not.
fn check_names(changes: &[Change]) -> Result<(), Error> {
    let fits = |change: &Change| {
        let (Change::Delete(name) | Change::Put(tenantseal::tenant::Entry { name, .. })) = change;
        (1..=NAME_MAX).contains(&name.len())
    };
    if changes.iter().all(fits) { Ok(()) } else { Err(Error::Value) }
}

/// A serial number or a time as databases have it, with a sign.
fn serial(number: i64) -> Result<u64, Error> {
    u64::try_from(number).map_err(|_| unfit())
}

/// How many rows at most, as databases count.
fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn unfit() -> Error {
    Error::Store(StoreError::Schema)
}

const NAME_MAX: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_ends_where_its_prefix_does() {
        let to = |prefix: &[u8]| Range::new(prefix, b"").to;
        assert_eq!(to(b""), None);
        assert_eq!(to(b"a"), Some(b"b".to_vec()));
        assert_eq!(to(b"a\xff\xff"), Some(b"b".to_vec()));
        assert_eq!(to(b"\xff\xff"), None);
        assert_eq!(to(b"a\0"), Some(b"a\x01".to_vec()));
        assert_eq!(Range::new(b"a", b"").from, b"a");
        assert_eq!(Range::new(b"a", b"a").from, b"a\0");
        assert_eq!(Range::new(b"", b"").from, b"\0");
        assert_eq!(Range::new(b"b", b"a").from, b"b");
    }
}
