//! `keys.ts`: the KEK sealed with a passphrase, and every entry of a small deployment. FORMAT.md section 7.

use core::{fmt, ops::ControlFlow};
use std::{
    fs::{self, File, OpenOptions},
    io::{Read as _, Write as _},
    os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use rustix::fs::OFlags;

use crate::{
    encoding::{Reader, ct_eq},
    error::Error,
    primitive::{
        password::argon2id,
        rng::{Os, Pooled, RandomSource},
    },
    tenant::{
        entry,
        id::TenantId,
        kek::{Kek, Keks, KeyHandle, Passphrase},
        memory::Entries,
        name,
        policy::Policy,
        record::Record,
        store::{Change, Entry, RecordStore, StorageAction, StoreTransaction},
        suite::{Suite, SuiteKey},
    },
};

const MAGIC: &[u8; 4] = b"TSKF";
const VERSION: u8 = 1;
const SOURCE_PASSPHRASE: u8 = 1;
const ITEM_RECORD: u8 = 1;
/// Read only: aliases have been named entries since.
const ITEM_ALIAS: u8 = 2;
const ITEM_POLICY: u8 = 3;
const ITEM_NAMED: u8 = 4;
const MAC_PURPOSE: &str = "keyfile/mac";
/// A link at the last part of a path is an error: `O_NOFOLLOW`, Linux.
const NOFOLLOW: i32 = OFlags::NOFOLLOW.bits().cast_signed();
/// The largest key file that is read or written, in bytes.
const MAX_LEN: u64 = 1 << 30;

/// What sealing a KEK with a passphrase costs: Argon2id, RFC 9106.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassphraseCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl PassphraseCost {
    /// 64 MiB, 3 passes, 4 lanes: the second recommended option of RFC 9106 section 4.
    pub const RECOMMENDED: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 4 };
    /// 19 MiB, 2 passes, 1 lane: the least that is accepted for a new file.
    pub const MINIMUM: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };
    /// The most memory that a file may ask for, in KiB: 1 GiB.
    const MEMORY_MAX: u32 = 1 << 20;
    const PASSES_MAX: u32 = 64;
    const LANES_MAX: u32 = 64;

    /// A cost between [`PassphraseCost::MINIMUM`] and 1 GiB, 64 passes, 64 lanes.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] outside that range.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, Error> {
        let least = Self::MINIMUM;
        if memory_kib < least.memory_kib || passes < least.passes {
            return Err(Error::Value);
        }
        Self { memory_kib, passes, lanes }.bounded()
    }

    /// A cost that protects nothing, so that tests can open a file thousands of times.
    #[cfg(feature = "hazmat")]
    pub const INSECURE: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };

    /// A file states its own cost; one that only wastes the reader's memory and time is refused.
    fn bounded(self) -> Result<Self, Error> {
        let sound = (8..=Self::MEMORY_MAX).contains(&self.memory_kib)
            && (1..=Self::PASSES_MAX).contains(&self.passes)
            && (1..=Self::LANES_MAX).contains(&self.lanes)
            // RFC 9106 section 3.1: 8 KiB for each lane.
            && self.memory_kib / 8 >= self.lanes;
        if sound { Ok(self) } else { Err(Error::Value) }
    }
}

impl Default for PassphraseCost {
    fn default() -> Self {
        Self::RECOMMENDED
    }
}

/// A key file that was made or opened: a store of entries that is written anew with every change.
pub(crate) struct KeyFile {
    path: PathBuf,
    suite: Suite,
    keks: Arc<Keks>,
    /// After which restoring the file was that was made or opened: a file after another one is not its successor.
    restored: Option<Vec<u8>>,
    loaded: RwLock<Loaded>,
}

/// What was last read from the file or written to it.
struct Loaded {
    entries: Arc<Entries>,
    /// The head with the sealed KEK, which changes only with the KEK or the passphrase.
    head: Arc<Head>,
    /// Which file it was. Without its stamp a file is taken for another one, and read again before the next use.
    stamp: Option<Stamp>,
}

/// The first bytes of a file, up to the sealed KEK, and the key that unseals it.
///
/// The key is kept, so that a process follows when another one gives the file a new KEK under the same passphrase.
struct Head {
    bytes: Vec<u8>,
    /// How many of them come before the sealed KEK.
    aad_len: usize,
    sealing: Arc<SuiteKey>,
}

impl KeyFile {
    /// Makes a new file with a fresh KEK.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`] if anything stands at `path`; [`Error::Value`] for a passphrase that is too short;
    /// [`Error::InsecureFolder`]; [`Error::Io`].
    pub(crate) fn create(
        path: &Path,
        passphrase: &Passphrase,
        cost: PassphraseCost,
        suite: Suite,
    ) -> Result<Self, Error> {
        let kek = Kek::generate()?;
        let head = Head::create(passphrase, cost, suite, &kek)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name().ok_or(Error::Value)?;
        let path = fs::canonicalize(folder)?.join(name);
        check_folder(&path)?;
        let entries = Arc::new(Entries { serial: 1, ..Entries::default() });
        let file = Self {
            path,
            suite,
            keks: Arc::new(Keks::new(KeyHandle::local(&kek)?, &[])),
            restored: None,
            loaded: RwLock::new(Loaded { entries: entries.clone(), head: Arc::new(head), stamp: None }),
        };
        let lock = lock(&file.path)?;
        if fs::symlink_metadata(&file.path).is_ok() {
            return Err(Error::AlreadyExists);
        }
        let head = file.loaded().head.clone();
        file.write(&lock, &head, file.keks.current()?, entries)?;
        Ok(file)
    }

    /// Opens a file: unseals the KEK, then authenticates and reads everything after it.
    ///
    /// # Errors
    ///
    /// [`Error::Passphrase`], [`Error::Malformed`], [`Error::Unsupported`], [`Error::Io`]; [`Error::RolledBack`] if a
    /// later file has stood there, unless `restore` says that this is meant; [`Error::InsecureFolder`].
    pub(crate) fn open(path: &Path, passphrase: &Passphrase, restore: bool) -> Result<Self, Error> {
        // The file itself: a link to it would be replaced by the first write, and its lock be another.
        let path = fs::canonicalize(path)?;
        check_folder(&path)?;
        // Nobody writes between what is read and what is written for it.
        let lock = if restore { Some(lock(&path)?) } else { None };
        // Before the file: whoever writes meanwhile raises it afterwards.
        let highest = read_serial(&beside(&path, ".lock"))?;
        let (bytes, stamp) = read(&path)?;
        let (head, suite, kek) = Head::open(&bytes, passphrase)?;
        let keks = Arc::new(Keks::new(KeyHandle::local(&kek)?, &[]));
        let mut entries = decode(&bytes, &head, suite, &keks)?;
        if entries.serial < highest {
            if !restore {
                return Err(Error::RolledBack);
            }
            // The next change is above everything that was seen.
            entries.serial = highest;
        }
        if lock.is_some() {
            let mut mark = [0; 16];
            Os.fill(&mut mark)?;
            let body = [entries.next_serial()?.to_be_bytes().as_slice(), &mark].concat();
            let entry = entry::clear(&*keks.current()?, suite, name::RESTORED, &body)?;
            entries.apply(&[Change::Put(entry)])?;
        }
        let restored = restored(&entries, &keks)?;
        let (head, entries) = (Arc::new(head), Arc::new(entries));
        let loaded = RwLock::new(Loaded { entries: entries.clone(), head: head.clone(), stamp: Some(stamp) });
        let file = Self { path, suite, keks, restored, loaded };
        if let Some(lock) = lock {
            file.write(&lock, &head, file.keks.current()?, entries)?;
        }
        Ok(file)
    }

    /// The KEKs of this file: they change when another process gives it a new one.
    pub(crate) fn keks(&self) -> &Arc<Keks> {
        &self.keks
    }

    /// The suite that the file is written with.
    pub(crate) fn suite(&self) -> Suite {
        self.suite
    }

    /// Gives the file a new KEK, and a new passphrase if there is one: every entry is wrapped anew, and the old file
    /// stands until the new one takes its place.
    ///
    /// # Errors
    ///
    /// [`Error::Open`], [`Error::UnknownKek`] or [`Error::UnknownKey`] if an entry does not open: nothing is changed then;
    /// [`Error::Value`] for a passphrase that is too short; [`Error::Io`].
    pub(crate) fn rotate_kek(
        &self,
        kek: &Kek,
        passphrase: Option<(&Passphrase, PassphraseCost)>,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let lock = lock(&self.path)?;
        self.read_again()?;
        let (head, entries) = {
            let loaded = self.loaded();
            (loaded.head.clone(), loaded.entries.clone())
        };
        let head = match passphrase {
            Some((passphrase, cost)) => Head::create(passphrase, cost, self.suite, kek)?,
            None => head.with_kek(self.suite, kek)?,
        };
        let to = Arc::new(KeyHandle::local(kek)?);
        let mut next = Entries { serial: entries.serial, ..Entries::default() };
        let mut random = Pooled::default();
        for (done, (name, bytes)) in (1..).zip(&entries.by_name) {
            let new = entry::rewrap(&self.keks, &to, name, bytes, &mut random)?;
            next.by_name.insert(name.clone(), new.unwrap_or_else(|| bytes.clone()));
            if progress(done).is_break() {
                return Err(Error::Interrupted);
            }
        }
        next.apply(&[])?;
        self.write(&lock, &Arc::new(head), to, Arc::new(next))
    }

    /// Puts a new file in the place of the old one: written beside it, flushed, renamed, the folder flushed. What is
    /// held in memory is always what stands at the path, even if the last step fails.
    fn write(
        &self,
        lock: &Lock,
        head: &Arc<Head>,
        kek: Arc<KeyHandle>,
        entries: Arc<Entries>,
    ) -> Result<(), Error> {
        let bytes = encode(&entries, head, self.suite, &kek)?;
        let temporary = beside(&self.path, ".new");
        // Left over from a writer that died; the lock says that no other is at work.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(NOFOLLOW)
            .open(&temporary)?;
        // Whoever could read the old file can read the new one.
        if let Ok(old) = fs::metadata(&self.path) {
            let new = file.metadata()?;
            if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
                std::os::unix::fs::fchown(&file, Some(old.uid()), Some(old.gid()))?;
            }
        }
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, &self.path)?;
        // The KEK before the entries: no reader finds one that is under a KEK it does not know.
        self.keks.set_current(kek);
        let serial = entries.serial;
        let stamp = fs::metadata(&self.path).ok().map(|metadata| stamp(&metadata));
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) =
            Loaded { entries, head: head.clone(), stamp };
        File::open(self.path.parent().unwrap_or(Path::new("/")))?.sync_all()?;
        lock.write_serial(serial)
    }

    /// Reads the file again if another stands in its place: the price of asking is one look at its metadata.
    fn refresh(&self) -> Result<u64, Error> {
        let written = read_serial(&beside(&self.path, ".lock"))?;
        let found = stamp(&fs::metadata(&self.path)?);
        {
            // Two files may have one stamp where time is coarse; the lock file tells them apart.
            let loaded = self.loaded();
            if loaded.stamp == Some(found) && written <= loaded.entries.serial {
                return Ok(loaded.entries.serial);
            }
        }
        self.read_again()
    }

    /// Reads the file again.
    fn read_again(&self) -> Result<u64, Error> {
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        let (bytes, stamp) = read(&self.path)?;
        let (head, kek) = loaded.head.follow(&bytes, self.suite)?;
        let keks = match &kek {
            Some(kek) => &Keks::new(KeyHandle::local(kek)?, &[]),
            None => &*self.keks,
        };
        let entries = decode(&bytes, &head, self.suite, keks)?;
        let ours = &*loaded.entries;
        // A file of the same number with other entries was made from an older one, and so was one that was restored since:
        // what this process knows, and has sealed with, may not be in it.
        if entries.serial < ours.serial
            || (entries.serial == ours.serial && entries.by_name != ours.by_name)
            || restored(&entries, keks)? != self.restored
        {
            return Err(Error::RolledBack);
        }
        if kek.is_some() {
            self.keks.set_current(keks.current()?);
        }
        let serial = entries.serial;
        *loaded = Loaded { entries: Arc::new(entries), head: Arc::new(head), stamp: Some(stamp) };
        Ok(serial)
    }

    fn loaded(&self) -> RwLockReadGuard<'_, Loaded> {
        // Invariant: it is replaced whole, so a panic elsewhere leaves nothing half done.
        self.loaded.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RecordStore for KeyFile {
    fn serial(&self) -> Result<u64, Error> {
        self.refresh()
    }

    fn get(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.loaded().entries.get(name))
    }

    fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Vec<Entry>, Error> {
        Ok(self.loaded().entries.scan(prefix, after, limit))
    }

    fn begin(&self) -> Result<Box<dyn StoreTransaction + '_>, Error> {
        let lock = lock(&self.path)?;
        // Whatever its stamp: what another process acknowledged must be in what is written now.
        self.read_again()?;
        let entries = self.loaded().entries.clone();
        Ok(Box::new(FileTransaction { file: self, lock, entries }))
    }

    fn scrub(&self) -> Result<Vec<StorageAction>, Error> {
        Ok(vec![StorageAction::FileReplaced])
    }
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFile").field("path", &self.path).finish_non_exhaustive()
    }
}

struct FileTransaction<'f> {
    file: &'f KeyFile,
    lock: Lock,
    entries: Arc<Entries>,
}

impl StoreTransaction for FileTransaction<'_> {
    fn serial(&self) -> Result<u64, Error> {
        Ok(self.entries.serial)
    }

    fn get(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.entries.get(name))
    }

    fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Vec<Entry>, Error> {
        Ok(self.entries.scan(prefix, after, limit))
    }

    fn commit(self: Box<Self>, changes: &[Change], _event: &[u8]) -> Result<(), Error> {
        let mut next = Entries::clone(&self.entries);
        next.apply(changes)?;
        let head = self.file.loaded().head.clone();
        self.file.write(&self.lock, &head, self.file.keks.current()?, Arc::new(next))
    }
}

/// The lock file, locked. It also holds the serial number of the last file that was written, in decimal: a file that was
/// put back from a backup is older.
struct Lock {
    file: File,
    process: u32,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A child that was forked meanwhile has the file open too, and with it the lock, until that is taken away here.
        if std::process::id() == self.process {
            // Closing the file is what remains.
            let _ = self.file.unlock();
        }
    }
}

impl Lock {
    fn write_serial(&self, serial: u64) -> Result<(), Error> {
        // One write of one size, so that a number is never cut off.
        self.file.write_all_at(format!("{serial:020}\n").as_bytes(), 0)?;
        Ok(())
    }
}

/// Keeps other writers of a key file out until it is dropped.
fn lock(path: &Path) -> Result<Lock, Error> {
    check_folder(path)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(NOFOLLOW);
    let file = options.open(beside(path, ".lock"))?;
    file.lock()?;
    Ok(Lock { file, process: std::process::id() })
}

/// The serial number that a lock file holds. What is none, such as a file that a power cut left empty, stands for 0: who
/// could spoil it could remove it as well.
fn read_serial(path: &Path) -> Result<u64, Error> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        other => other?,
    };
    let digits = text.strip_suffix(b"\n").and_then(|digits| core::str::from_utf8(digits).ok());
    Ok(digits.and_then(|digits| digits.parse().ok()).unwrap_or(0))
}

/// What a file says of the last time that it was restored on purpose.
fn restored(entries: &Entries, keks: &Keks) -> Result<Option<Vec<u8>>, Error> {
    let entry = entries.by_name.get(name::RESTORED);
    entry.map(|bytes| entry::open_clear(keks, name::RESTORED, bytes)).transpose()
}

fn encode(entries: &Entries, head: &Head, suite: Suite, kek: &KeyHandle) -> Result<Vec<u8>, Error> {
    let mut out = head.bytes.clone();
    out.extend_from_slice(&entries.serial.to_be_bytes());
    out.extend_from_slice(&u32::try_from(entries.by_name.len()).map_err(|_| Error::TooLong)?.to_be_bytes());
    for (name, bytes) in &entries.by_name {
        match name.as_slice() {
            name::POLICY => item(&mut out, ITEM_POLICY, &[bytes])?,
            name if name::is_record(name) => {
                item(&mut out, ITEM_RECORD, &[bytes])?;
            }
            name => {
                let len = u16::try_from(name.len()).map_err(|_| Error::TooLong)?;
                item(&mut out, ITEM_NAMED, &[&len.to_be_bytes(), name, bytes])?;
            }
        }
    }
    // Nobody would read it again.
    if u64::try_from(out.len().saturating_add(suite.mac_len())).map_or(true, |len| len > MAX_LEN) {
        return Err(Error::TooLong);
    }
    out.extend_from_slice(&kek.mac(suite, MAC_PURPOSE, &out)?);
    Ok(out)
}

fn item(out: &mut Vec<u8>, kind: u8, parts: &[&[u8]]) -> Result<(), Error> {
    let len = parts.iter().map(|part| part.len()).sum::<usize>();
    out.push(kind);
    out.extend_from_slice(&u32::try_from(len).map_err(|_| Error::TooLong)?.to_be_bytes());
    parts.iter().for_each(|part| out.extend_from_slice(part));
    Ok(())
}

fn decode(bytes: &[u8], head: &Head, suite: Suite, keks: &Keks) -> Result<Entries, Error> {
    let (signed, tag) = bytes
        .len()
        .checked_sub(suite.mac_len())
        .and_then(|at| bytes.split_at_checked(at))
        .ok_or(Error::Malformed)?;
    let body = signed.strip_prefix(head.bytes.as_slice()).ok_or(Error::Passphrase)?;
    let kek = keks.current()?;
    if !ct_eq(&kek.mac(suite, MAC_PURPOSE, signed)?, tag) {
        return Err(Error::Passphrase);
    }
    let mut reader = Reader::new(body);
    let mut entries = Entries { serial: reader.u64()?, ..Entries::default() };
    for _ in 0..reader.u32()? {
        let kind = reader.u8()?;
        let item = reader.prefixed32()?;
        let entry = match kind {
            ITEM_RECORD => Entry { name: name::record(&Record::parse(item)?), bytes: item.to_vec() },
            ITEM_POLICY => {
                Policy::from_stored(item, keks)?;
                Entry { name: name::POLICY.to_vec(), bytes: item.to_vec() }
            }
            ITEM_ALIAS => {
                let mut pair = Reader::new(item);
                let (alias, tenant) = (pair.prefixed16()?, pair.prefixed16()?);
                pair.finish()?;
                TenantId::try_from(tenant)?;
                entry::clear(&kek, suite, &name::alias(alias), tenant)?
            }
            ITEM_NAMED => {
                let mut named = Reader::new(item);
                let name = named.prefixed16()?.to_vec();
                Entry { name, bytes: named.take(named.remaining())?.to_vec() }
            }
            _ => return Err(Error::Unsupported),
        };
        if entries.by_name.insert(entry.name, entry.bytes).is_some() && kind == ITEM_RECORD {
            return Err(Error::AlreadyExists);
        }
    }
    reader.finish()?;
    Ok(entries)
}

impl Head {
    fn create(passphrase: &Passphrase, cost: PassphraseCost, suite: Suite, kek: &Kek) -> Result<Self, Error> {
        if passphrase.expose_secret().len() < Passphrase::MIN_LEN {
            return Err(Error::Value);
        }
        let mut bytes = Vec::with_capacity(128);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&[VERSION, suite.id(), SOURCE_PASSPHRASE]);
        for number in [cost.memory_kib, cost.passes, cost.lanes] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        let mut salt = [0; 16];
        Os.fill(&mut salt)?;
        bytes.extend_from_slice(&salt);
        let sealing = Arc::new(sealing_key(passphrase, &salt, cost, suite)?);
        Self { aad_len: bytes.len(), bytes, sealing }.with_kek(suite, kek)
    }

    /// The same head, but for the KEK.
    fn with_kek(&self, suite: Suite, kek: &Kek) -> Result<Self, Error> {
        let (aad, _) = self.bytes.split_at_checked(self.aad_len).ok_or(Error::Malformed)?;
        let sealed = self.sealing.wrap(suite, aad, kek.expose_secret(), &mut Os)?;
        Ok(Self { bytes: [aad, &sealed].concat(), aad_len: self.aad_len, sealing: self.sealing.clone() })
    }

    fn open(bytes: &[u8], passphrase: &Passphrase) -> Result<(Self, Suite, Kek), Error> {
        let mut reader = Reader::new(bytes);
        if reader.array::<4>()? != MAGIC {
            return Err(Error::Malformed);
        }
        if reader.u8()? != VERSION {
            return Err(Error::Unsupported);
        }
        let suite = Suite::from_id(reader.u8()?)?;
        if reader.u8()? != SOURCE_PASSPHRASE {
            return Err(Error::Unsupported);
        }
        let cost = PassphraseCost { memory_kib: reader.u32()?, passes: reader.u32()?, lanes: reader.u32()? };
        let cost = cost.bounded().map_err(|_| Error::Passphrase)?;
        let salt = reader.array::<16>()?;
        let aad_len = bytes.len().saturating_sub(reader.remaining());
        reader.take(sealed_len(suite))?;
        let sealing = Arc::new(sealing_key(passphrase, salt, cost, suite)?);
        let (bytes, kek) = unseal(bytes, aad_len, &sealing, suite)?;
        Ok((Self { bytes, aad_len, sealing }, suite, kek))
    }

    /// The head of a file that was written since: the same, or with another KEK under the same passphrase and salt.
    ///
    /// # Errors
    ///
    /// [`Error::Passphrase`] if the passphrase was changed.
    fn follow(&self, bytes: &[u8], suite: Suite) -> Result<(Self, Option<Kek>), Error> {
        let head = Self { bytes: self.bytes.clone(), aad_len: self.aad_len, sealing: self.sealing.clone() };
        if bytes.starts_with(&self.bytes) {
            return Ok((head, None));
        }
        let (aad, _) = self.bytes.split_at_checked(self.aad_len).ok_or(Error::Malformed)?;
        if !bytes.starts_with(aad) {
            return Err(Error::Passphrase);
        }
        let (bytes, kek) = unseal(bytes, self.aad_len, &self.sealing, suite)?;
        Ok((Self { bytes, ..head }, Some(kek)))
    }
}

/// The head of a file and the KEK in it.
fn unseal(bytes: &[u8], aad_len: usize, sealing: &SuiteKey, suite: Suite) -> Result<(Vec<u8>, Kek), Error> {
    let (head, _) = bytes.split_at_checked(aad_len + sealed_len(suite)).ok_or(Error::Malformed)?;
    let (aad, sealed) = head.split_at_checked(aad_len).ok_or(Error::Malformed)?;
    let kek = sealing.unwrap(suite, aad, sealed).map_err(|_| Error::Passphrase)?;
    Ok((head.to_vec(), Kek::try_from(kek.expose_secret()).map_err(|_| Error::Passphrase)?))
}

/// The size of the sealed KEK, in bytes.
fn sealed_len(suite: Suite) -> usize {
    suite.nonce_len() + Kek::LEN + 16
}

/// # Errors
///
/// [`Error::InsecureFolder`] if others than its owner may put files in the folder of `path`.
fn check_folder(path: &Path) -> Result<(), Error> {
    let folder = fs::metadata(path.parent().unwrap_or(Path::new("/")))?;
    if folder.mode() & 0o022 == 0 { Ok(()) } else { Err(Error::InsecureFolder) }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.to_path_buf().into_os_string();
    name.push(suffix);
    name.into()
}

fn sealing_key(
    passphrase: &Passphrase,
    salt: &[u8; 16],
    cost: PassphraseCost,
    suite: Suite,
) -> Result<SuiteKey, Error> {
    let prk = argon2id(passphrase.expose_secret(), salt, cost.memory_kib, cost.passes, cost.lanes)?;
    SuiteKey::new(suite, suite.expand(&prk, "keyfile/kek", &[])?)
}

/// What tells one file from another without reading it: inode, size, and time of change in seconds and nanoseconds.
pub(crate) type Stamp = (u64, u64, i64, i64);

fn stamp(metadata: &fs::Metadata) -> Stamp {
    (metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

fn read(path: &Path) -> Result<(Vec<u8>, Stamp), Error> {
    let file = OpenOptions::new().read(true).custom_flags(NOFOLLOW).open(path)?;
    let metadata = file.metadata()?;
    if metadata.len() > MAX_LEN {
        return Err(Error::TooLong);
    }
    let mut bytes = Vec::new();
    file.take(MAX_LEN).read_to_end(&mut bytes)?;
    Ok((bytes, stamp(&metadata)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        secret::Secret,
        tenant::{id::Generation, record::RootKind},
    };

    /// A head that stands for none that was sealed: what comes after it is read under the MAC alone.
    fn head() -> (Head, Keks) {
        let kek = KeyHandle::local(&Kek::generate().unwrap()).unwrap();
        let sealing = Arc::new(SuiteKey::new(Suite::default(), Secret::from_bytes(&[7; 32])).unwrap());
        (Head { bytes: b"head".to_vec(), aad_len: 4, sealing }, Keks::new(kek, &[]))
    }

    fn signed(head: &Head, keks: &Keks, items: &[(u8, &[u8])], rest: &[u8]) -> Vec<u8> {
        let mut out = head.bytes.clone();
        out.extend_from_slice(&7u64.to_be_bytes());
        out.extend_from_slice(&u32::try_from(items.len()).unwrap().to_be_bytes());
        for (kind, bytes) in items {
            item(&mut out, *kind, &[bytes]).unwrap();
        }
        out.extend_from_slice(rest);
        out.extend_from_slice(&keks.current().unwrap().mac(Suite::default(), MAC_PURPOSE, &out).unwrap());
        out
    }

    #[test]
    fn what_is_authentic_must_be_well_formed_too() {
        let (head, keks) = head();
        let decode = |items: &[(u8, &[u8])], rest: &[u8]| {
            decode(&signed(&head, &keks, items, rest), &head, Suite::default(), &keks)
                .map(|entries| entries.serial)
        };
        let alias = (ITEM_ALIAS, &b"\x00\x01a\x00\x01t"[..]);
        assert_eq!(decode(&[alias], b""), Ok(7));
        assert_eq!(decode(&[alias], b"\0"), Err(Error::Malformed));
        assert_eq!(decode(&[(ITEM_ALIAS, b"\x00\x01a\x00\x01t\0")], b""), Err(Error::Malformed));
        assert_eq!(decode(&[(ITEM_ALIAS, b"\x00\x01a\x00\x02t")], b""), Err(Error::Malformed));
        assert_eq!(decode(&[(ITEM_NAMED, b"\x00\x01a")], b""), Ok(7));
        assert_eq!(decode(&[(ITEM_NAMED, b"\x00\x02a")], b""), Err(Error::Malformed));
        assert_eq!(decode(&[alias, (5, b"")], b""), Err(Error::Unsupported));
        assert_eq!(decode(&[(ITEM_RECORD, b"TSKR")], b""), Err(Error::Malformed));
        let (tenant, kek) = (TenantId::try_from("t").unwrap(), keks.current().unwrap());
        let (suite, kind, first) = (Suite::default(), RootKind::TenantRoot, Generation::FIRST);
        let record = Record::generate(&kek, suite, kind, &tenant, first, 0, &mut Os).unwrap().to_bytes();
        let twice = [(ITEM_RECORD, record.as_slice()), (ITEM_RECORD, &record)];
        assert_eq!(decode(&twice[..1], b""), Ok(7));
        assert_eq!(decode(&twice, b""), Err(Error::AlreadyExists));
    }

    #[test]
    #[ignore = "takes some GiB of memory: make soak"]
    fn a_file_that_could_not_be_read_again_is_not_written() {
        let (head, keks) = head();
        let (suite, kek) = (Suite::default(), keks.current().unwrap());
        let mut entries = Entries::default();
        // Each item is a kind, two lengths, a name and bytes.
        for number in 0..16_383u32 {
            let name = [&[9][..], &number.to_be_bytes()].concat();
            entries.by_name.insert(name, vec![b'x'; 65_536 - 1 - 4 - 2 - 5]);
        }
        // What the last item may have beside its length and name, for the file to be just as long as is read.
        let left = |entries: &Entries| {
            let len = encode(entries, &head, suite, &kek).unwrap().len();
            usize::try_from(MAX_LEN).unwrap() - len - 1 - 4 - 2 - 1
        };
        let room = left(&entries);
        for (more, fits) in [(0, true), (1, false)] {
            entries.by_name.insert(vec![8], vec![b'x'; room + more]);
            assert_eq!(
                encode(&entries, &head, suite, &kek).err(),
                if fits { None } else { Some(Error::TooLong) }
            );
        }
    }
}
