//! `keys.ts`: the KEK sealed with a passphrase, and every record of a small deployment. FORMAT.md section 7.

use std::{
    fs::{self, File, OpenOptions},
    io::{Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use crate::{
    encoding::{Reader, ct_eq},
    error::Error,
    primitive::{
        password::argon2id,
        rng::{Os, RandomSource},
    },
    tenant::{
        kek::{Kek, KeyHandle, Passphrase},
        keyring::State,
        policy::Policy,
        record::Record,
        suite::{Suite, SuiteKey},
    },
};

const MAGIC: &[u8; 4] = b"TSKF";
const VERSION: u8 = 1;
const SOURCE_PASSPHRASE: u8 = 1;
const ENTRY_RECORD: u8 = 1;
const ENTRY_ALIAS: u8 = 2;
const ENTRY_POLICY: u8 = 3;
const MAC_PURPOSE: &str = "keyfile/mac";
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

/// A key file that was made or opened: where it is, and its head with the sealed KEK, which never changes.
pub(crate) struct KeyFile {
    path: PathBuf,
    head: Vec<u8>,
    suite: Suite,
}

impl KeyFile {
    /// Seals a fresh KEK for a new file, which is not written yet.
    pub(crate) fn create(
        path: &Path,
        passphrase: &Passphrase,
        cost: PassphraseCost,
        suite: Suite,
    ) -> Result<(Self, KeyHandle), Error> {
        if passphrase.expose_secret().len() < Passphrase::MIN_LEN {
            return Err(Error::Value);
        }
        let kek = Kek::generate()?;
        let mut head = Vec::with_capacity(128);
        head.extend_from_slice(MAGIC);
        head.extend_from_slice(&[VERSION, suite.id(), SOURCE_PASSPHRASE]);
        for number in [cost.memory_kib, cost.passes, cost.lanes] {
            head.extend_from_slice(&number.to_be_bytes());
        }
        let mut salt = [0; 16];
        Os.fill(&mut salt)?;
        head.extend_from_slice(&salt);
        let sealing = sealing_key(passphrase, &salt, cost, suite)?;
        let sealed = sealing.wrap(suite, &head, kek.expose_secret(), &mut Os)?;
        head.extend_from_slice(&sealed);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name().ok_or(Error::Value)?;
        let path = fs::canonicalize(folder)?.join(name);
        Ok((Self { path, head, suite }, KeyHandle::local(&kek)?))
    }

    /// Opens a file: unseals the KEK, then authenticates and reads everything after it.
    pub(crate) fn open(path: &Path, passphrase: &Passphrase) -> Result<(Self, KeyHandle, State), Error> {
        // The file itself: a link to it would be replaced by the first write, and its lock be another.
        let path = &fs::canonicalize(path)?;
        let (bytes, stamp) = read(path)?;
        let mut reader = Reader::new(&bytes);
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
        let sealed = reader.take(suite.nonce_len() + Kek::LEN + 16)?;
        let head_len = bytes.len().saturating_sub(reader.remaining());
        let (aad, _) = bytes.split_at_checked(aad_len).ok_or(Error::Malformed)?;
        let sealing = sealing_key(passphrase, salt, cost, suite)?;
        let kek = sealing.unwrap(suite, aad, sealed).map_err(|_| Error::Passphrase)?;
        let kek = Kek::try_from(kek.expose_secret()).map_err(|_| Error::Passphrase)?;
        let (head, _) = bytes.split_at_checked(head_len).ok_or(Error::Malformed)?;
        let file = Self { path: path.to_path_buf(), head: head.to_vec(), suite };
        let handle = KeyHandle::local(&kek)?;
        let state = State { stamp, ..file.decode(&handle, &bytes)? };
        Ok((file, handle, state))
    }

    /// Reads the file again, under the KEK that it had when it was opened.
    pub(crate) fn reload(&self, kek: &KeyHandle) -> Result<State, Error> {
        let (bytes, stamp) = read(&self.path)?;
        Ok(State { stamp, ..self.decode(kek, &bytes)? })
    }

    /// Puts a new file in the place of the old one: written beside it, flushed, renamed. [`KeyFile::flush_folder`]
    /// comes after it.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; the old file stands unchanged then.
    pub(crate) fn write(&self, kek: &KeyHandle, state: &State) -> Result<(), Error> {
        let temporary = self.beside(".new");
        // Left over from a writer that died; the lock says that no other is at work.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(&self.encode(kek, state)?)?;
        file.sync_all()?;
        fs::rename(&temporary, &self.path)?;
        Ok(())
    }

    /// Makes the last [`KeyFile::write`] last through a power cut.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; the new file stands all the same, and a power cut may bring the old one back.
    pub(crate) fn flush_folder(&self) -> Result<(), Error> {
        File::open(self.path.parent().unwrap_or(Path::new("/")))?.sync_all()?;
        Ok(())
    }

    /// Keeps other writers out until it is dropped.
    pub(crate) fn lock(&self) -> Result<File, Error> {
        let options = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).to_owned();
        let lock = options.open(self.beside(".lock"))?;
        lock.lock()?;
        Ok(lock)
    }

    /// Which file stands at the path now. Every write puts another in its place.
    pub(crate) fn stamp(&self) -> Result<Stamp, Error> {
        Ok(stamp(&fs::metadata(&self.path)?))
    }

    /// Whether anything stands at the path.
    pub(crate) fn exists(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok()
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(suffix);
        name.into()
    }

    fn encode(&self, kek: &KeyHandle, state: &State) -> Result<Vec<u8>, Error> {
        let mut out = self.head.clone();
        out.extend_from_slice(&state.serial.to_be_bytes());
        let count = state.records().count() + state.aliases.len() + usize::from(state.policy.is_some());
        out.extend_from_slice(&u32::try_from(count).map_err(|_| Error::TooLong)?.to_be_bytes());
        for record in state.records() {
            entry(&mut out, ENTRY_RECORD, &record.to_bytes())?;
        }
        for (alias, tenant) in &state.aliases {
            let mut pair = Vec::with_capacity(alias.len() + 132);
            for part in [alias, tenant.as_bytes()] {
                pair.extend_from_slice(&u16::try_from(part.len()).map_err(|_| Error::TooLong)?.to_be_bytes());
                pair.extend_from_slice(part);
            }
            entry(&mut out, ENTRY_ALIAS, &pair)?;
        }
        if let Some(policy) = &state.policy {
            entry(&mut out, ENTRY_POLICY, &policy.to_stored(kek, self.suite)?)?;
        }
        // Nobody would read it again.
        if u64::try_from(out.len().saturating_add(self.suite.mac_len())).map_or(true, |len| len > MAX_LEN) {
            return Err(Error::TooLong);
        }
        out.extend_from_slice(&kek.mac(self.suite, MAC_PURPOSE, &out)?);
        Ok(out)
    }

    fn decode(&self, kek: &KeyHandle, bytes: &[u8]) -> Result<State, Error> {
        let (signed, tag) = bytes
            .len()
            .checked_sub(self.suite.mac_len())
            .and_then(|at| bytes.split_at_checked(at))
            .ok_or(Error::Malformed)?;
        let body = signed.strip_prefix(self.head.as_slice()).ok_or(Error::Passphrase)?;
        if !ct_eq(&kek.mac(self.suite, MAC_PURPOSE, signed)?, tag) {
            return Err(Error::Passphrase);
        }
        let mut reader = Reader::new(body);
        let mut state = State { serial: reader.u64()?, ..State::default() };
        for _ in 0..reader.u32()? {
            let kind = reader.u8()?;
            let entry = reader.prefixed32()?;
            match kind {
                ENTRY_RECORD => state.add_record(Record::parse(entry)?)?,
                ENTRY_ALIAS => {
                    let mut pair = Reader::new(entry);
                    let (alias, tenant) = (pair.prefixed16()?, pair.prefixed16()?);
                    pair.finish()?;
                    state.aliases.insert(alias.to_vec(), tenant.try_into()?);
                }
                ENTRY_POLICY => state.policy = Some(Policy::from_stored(entry, kek)?.into()),
                _ => return Err(Error::Unsupported),
            }
        }
        reader.finish()?;
        Ok(state)
    }
}

fn sealing_key(
    passphrase: &Passphrase,
    salt: &[u8; 16],
    cost: PassphraseCost,
    suite: Suite,
) -> Result<SuiteKey, Error> {
    let prk = argon2id(passphrase.expose_secret(), salt, cost.memory_kib, cost.passes, cost.lanes)?;
    Ok(SuiteKey::new(suite, suite.expand(&prk, "keyfile/kek", &[])?))
}

/// What tells one file from another without reading it: inode, size, and time of change in seconds and nanoseconds.
pub(crate) type Stamp = (u64, u64, i64, i64);

fn stamp(metadata: &fs::Metadata) -> Stamp {
    (metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

fn entry(out: &mut Vec<u8>, kind: u8, bytes: &[u8]) -> Result<(), Error> {
    out.push(kind);
    out.extend_from_slice(&u32::try_from(bytes.len()).map_err(|_| Error::TooLong)?.to_be_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}

fn read(path: &Path) -> Result<(Vec<u8>, Stamp), Error> {
    let file = File::open(path)?;
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
    use crate::tenant::id::TenantId;

    /// A file whose head stands for none that was sealed: what comes after it is read under the MAC alone.
    fn file() -> (KeyFile, KeyHandle) {
        let kek = KeyHandle::local(&Kek::generate().unwrap()).unwrap();
        (KeyFile { path: PathBuf::new(), head: b"head".to_vec(), suite: Suite::default() }, kek)
    }

    fn signed(file: &KeyFile, kek: &KeyHandle, entries: &[(u8, &[u8])], rest: &[u8]) -> Vec<u8> {
        let mut out = file.head.clone();
        out.extend_from_slice(&7u64.to_be_bytes());
        out.extend_from_slice(&u32::try_from(entries.len()).unwrap().to_be_bytes());
        for (kind, bytes) in entries {
            entry(&mut out, *kind, bytes).unwrap();
        }
        out.extend_from_slice(rest);
        out.extend_from_slice(&kek.mac(file.suite, MAC_PURPOSE, &out).unwrap());
        out
    }

    #[test]
    fn what_is_authentic_must_be_well_formed_too() {
        let (file, kek) = file();
        let decode = |entries: &[(u8, &[u8])], rest: &[u8]| {
            file.decode(&kek, &signed(&file, &kek, entries, rest)).map(|state| state.serial)
        };
        let alias = (ENTRY_ALIAS, &b"\x00\x01a\x00\x01t"[..]);
        assert_eq!(decode(&[alias], b""), Ok(7));
        assert_eq!(decode(&[alias], b"\0"), Err(Error::Malformed));
        assert_eq!(decode(&[(ENTRY_ALIAS, b"\x00\x01a\x00\x01t\0")], b""), Err(Error::Malformed));
        assert_eq!(decode(&[(ENTRY_ALIAS, b"\x00\x01a\x00\x02t")], b""), Err(Error::Malformed));
        assert_eq!(decode(&[alias, (4, b"")], b""), Err(Error::Unsupported));
        assert_eq!(decode(&[(ENTRY_RECORD, b"TSKR")], b""), Err(Error::Malformed));
        let (tenant, created) = (TenantId::try_from("t").unwrap(), 0);
        let (suite, kind, first) =
            (file.suite, crate::tenant::RootKind::TenantRoot, TryFrom::try_from(1).unwrap());
        let record =
            Record::generate(&kek, suite, kind, &tenant, first, created, &mut Os).unwrap().to_bytes();
        let twice = [(ENTRY_RECORD, record.as_slice()), (ENTRY_RECORD, &record)];
        assert_eq!(decode(&twice[..1], b""), Ok(7));
        assert_eq!(decode(&twice, b""), Err(Error::AlreadyExists));
    }

    #[test]
    #[ignore = "takes some GiB of memory: make soak"]
    fn a_file_that_could_not_be_read_again_is_not_written() {
        let (file, kek) = file();
        let tenant = TenantId::try_from("t").unwrap();
        let mut state = State::default();
        // Each entry is 5 bytes, two lengths, the alias and the tenant.
        for number in 0..16_383u32 {
            let mut alias = vec![b'x'; 65_536 - 5 - 4 - 1];
            alias[..4].copy_from_slice(&number.to_be_bytes());
            state.aliases.insert(alias, tenant.clone());
        }
        let left = 65_536 - file.head.len() - 8 - 4 - file.suite.mac_len();
        state.aliases.insert(vec![b'y'; left - 5 - 4 - 1], tenant.clone());
        let at_the_bound = file.encode(&kek, &state).map(|bytes| bytes.len());
        assert_eq!(at_the_bound, Ok(1 << 30));
        state.aliases.insert(b"z".to_vec(), tenant);
        assert_eq!(file.encode(&kek, &state).err(), Some(Error::TooLong));
    }

    #[test]
    fn memory_passes_and_lanes_reach_argon2id_in_their_own_places() {
        let (passphrase, salt) = (Passphrase::try_from("a passphrase").unwrap(), [9; 16]);
        let cost = PassphraseCost { memory_kib: 64, passes: 3, lanes: 2 };
        let suite = Suite::default();
        let sealed = sealing_key(&passphrase, &salt, cost, suite).unwrap().wrap(suite, b"", b"kek", &mut Os);
        let prk = argon2id(b"a passphrase", &salt, 64, 3, 2).unwrap();
        let expected = SuiteKey::new(suite, suite.expand(&prk, "keyfile/kek", &[]).unwrap());
        assert_eq!(expected.unwrap(suite, b"", &sealed.unwrap()).unwrap().expose_secret(), b"kek");
    }
}
