//! Where a keyring's entries are kept: one trait for a file, a database, or what the caller brings.

use core::fmt;

use crate::error::Error;

/// One entry of a keyring, as a store keeps it. FORMAT.md section 14.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Under what it stands: 1 to 300 bytes, unique, compared byte by byte.
    pub name: Vec<u8>,
    /// What it is. Each entry is authenticated by itself; a store neither reads nor changes it.
    pub bytes: Vec<u8>,
}

/// Keeps the entries of one keyring, and a serial number that every commit raises by 1.
///
/// Entries are small and many, each tenant has a handful. A store orders them by name, as bytes are compared. All
/// calls block; a keyring calls from whichever thread needs a key. What one process commits, every other reads from
/// then on. A store that cannot be used in a forked child says [`Error::Forked`] there.
///
/// # Security
///
/// A store holds nothing that opens without the KEK. Whoever writes to it can put an earlier entry back, or remove
/// one: SECURITY.md.
pub trait RecordStore: fmt::Debug + Send + Sync {
    /// The serial number of the last commit, 0 if there was none. It must be cheap: it is asked every few seconds.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], [`Error::Store`], [`Error::RolledBack`].
    fn serial(&self) -> Result<u64, Error>;

    /// The entry of that name, as of the last [`RecordStore::serial`] or later.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], [`Error::Store`].
    fn get(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Error>;

    /// Up to `limit` entries whose names start with `prefix` and are greater than `after`, in the order of their names,
    /// all of one moment. Fewer come only if there are no more.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], [`Error::Store`].
    fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Vec<Entry>, Error>;

    /// Starts a change: from now to its end nobody else commits, in this process or another.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] with `Busy` if somebody else does not end theirs; [`Error::Io`], [`Error::RolledBack`].
    fn begin(&self) -> Result<Box<dyn StoreTransaction + '_>, Error>;

    /// Removes what storage still holds of deleted entries, as far as it can: free pages, logs. Says what it did, and
    /// does nothing that it cannot do whole.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] with `Busy` if a reader is in the way; [`Error::Io`]. Call it again then.
    fn scrub(&self) -> Result<Vec<StorageAction>, Error>;

    /// Whether this process may call [`RecordStore::scrub`] at all: asked before a tenant's roots are destroyed, so that what
    /// could not be brought to its end does not begin. It changes nothing. A store that forbids it to nobody needs none.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] with `PermissionDenied`; [`Error::Store`].
    fn check_scrub(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// A change that has begun. Dropped, it leaves nothing.
pub trait StoreTransaction {
    /// The serial number of the last commit.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    fn serial(&self) -> Result<u64, Error>;

    /// The entry of that name.
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    fn get(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Error>;

    /// As [`RecordStore::scan`].
    ///
    /// # Errors
    ///
    /// [`Error::Store`].
    fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Vec<Entry>, Error>;

    /// Makes all changes durable together with the event that tells of them, and raises the serial number by 1: all of
    /// it or nothing. Of several changes of one name the last counts. A database keeps the event's bytes in the same
    /// transaction; a file has no place for them.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], [`Error::Store`]. Whether it was done is then unknown: the serial number of the next transaction
    /// tells.
    fn commit(self: Box<Self>, changes: &[Change], event: &[u8]) -> Result<(), Error>;
}

/// What a commit does to one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Takes the entry of that name away; it may be gone already.
    Delete(Vec<u8>),
    /// Puts an entry, in the place of one of the same name.
    Put(Entry),
}

/// What was done so that storage holds nothing of deleted entries. It stands in receipts of shredding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorageAction {
    /// `4`: the table was written anew, without its dead rows.
    DatabaseRewritten,
    /// `1`: the key file was replaced by one without the entries.
    FileReplaced,
    /// `2`: the write-ahead log was emptied.
    LogTruncated,
    /// `3`: deleted content was overwritten with zeros.
    PagesOverwritten,
}

impl StorageAction {
    /// The number that stands for it in receipts.
    #[must_use]
    pub const fn id(self) -> u8 {
        match self {
            Self::FileReplaced => 1,
            Self::LogTruncated => 2,
            Self::PagesOverwritten => 3,
            Self::DatabaseRewritten => 4,
        }
    }

    pub(crate) fn from_id(id: u8) -> Result<Self, Error> {
        [Self::FileReplaced, Self::LogTruncated, Self::PagesOverwritten, Self::DatabaseRewritten]
            .into_iter()
            .find(|action| action.id() == id)
            .ok_or(Error::Unsupported)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({}, {} bytes)", self.name.escape_ascii(), self.bytes.len())
    }
}
