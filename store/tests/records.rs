//! One suite for every database that keeps a keyring's entries, and what only one of them can show.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout, missing_docs)]

use std::{
    collections::BTreeMap,
    env, fs,
    io::{BufRead as _, BufReader, ErrorKind, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime},
};

use rusqlite::Connection;
use tempfile::TempDir;
use tenantseal::{
    Error, StoreError,
    tenant::{Change, Entry, RecordStore, StorageAction},
};
use tenantseal_store::{SqliteRecords, StoredEvent};

#[cfg(feature = "postgres")]
#[path = "records/postgres.rs"]
mod postgres;

/// A database of its own for one test.
trait Place {
    /// What [`open`] opens, in any process.
    fn spec(&self) -> String;
    /// Runs SQL beside the store.
    fn sql(&self, sql: &str);

    fn open(&self) -> Box<dyn Records> {
        open(&self.spec(), Duration::from_secs(30)).unwrap()
    }
}

trait Records: RecordStore {
    fn events(&self, after_serial: u64, limit: usize) -> Result<Vec<StoredEvent>, Error>;
}

impl Records for SqliteRecords {
    fn events(&self, after_serial: u64, limit: usize) -> Result<Vec<StoredEvent>, Error> {
        Self::events(self, after_serial, limit)
    }
}

fn open(spec: &str, patience: Duration) -> Result<Box<dyn Records>, Error> {
    #[cfg(feature = "postgres")]
    if let Some(config) = spec.strip_prefix("postgres:") {
        return postgres::open(config, patience);
    }
    Ok(Box::new(SqliteRecords::open_with(spec.strip_prefix("sqlite:").unwrap(), patience)?))
}

struct Sqlite(TempDir);

impl Sqlite {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("keys.db")
    }
}

impl Place for Sqlite {
    fn spec(&self) -> String {
        format!("sqlite:{}", self.path().display())
    }

    fn sql(&self, sql: &str) {
        Connection::open(self.path()).unwrap().execute_batch(sql).unwrap();
    }
}

fn put(name: &[u8], bytes: &[u8]) -> Change {
    Change::Put(Entry { name: name.to_vec(), bytes: bytes.to_vec() })
}

fn delete(name: &[u8]) -> Change {
    Change::Delete(name.to_vec())
}

fn commit(store: &dyn Records, changes: &[Change]) {
    store.begin().unwrap().commit(changes, b"event").unwrap();
}

fn names(entries: Vec<Entry>) -> Vec<Vec<u8>> {
    entries.into_iter().map(|entry| entry.name).collect()
}

fn busy<T>(result: Result<T, Error>) {
    assert_eq!(result.err(), Some(Error::Store(StoreError::Busy)));
}

fn unfit<T>(result: Result<T, Error>) {
    assert_eq!(result.err(), Some(Error::Store(StoreError::Schema)));
}

/// Seeded, and the seed is printed.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let seed = std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos().into();
        println!("seed {seed}");
        Self(seed)
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

macro_rules! for_every_store {
    ($($name:ident)*) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name(&super::Sqlite::new());
            })*
        }
        #[cfg(feature = "postgres")]
        mod on_postgres {
            $(#[test]
            fn $name() {
                if let Some(place) = super::postgres::Postgres::new() {
                    super::$name(&place);
                }
            })*
        }
    };
}

for_every_store! {
    a_new_store_is_empty
    entries_come_in_the_order_of_their_bytes
    scans_agree_with_a_map
    a_commit_puts_replaces_and_deletes_together
    the_last_change_of_a_name_counts
    large_entries_are_kept_whole
    names_that_no_entry_has_are_refused
    the_serial_number_rises_by_one
    a_dropped_transaction_leaves_nothing
    a_transaction_sees_what_is_committed
    readers_wait_for_no_transaction
    another_handle_sees_every_commit
    a_transaction_that_is_held_too_long_is_busy
    threads_lose_no_increment
    processes_lose_no_increment
    processes_may_open_a_new_store_at_once
    events_are_kept_with_their_commit
    a_commit_that_fails_leaves_nothing
    killed_processes_lose_no_acknowledged_commit
    calls_within_a_runtime_do_not_panic
    tables_that_do_not_fit_are_refused
    a_serial_number_that_is_none_is_refused
    scrubbing_an_empty_store_works
}

fn a_new_store_is_empty(place: &dyn Place) {
    for store in [place.open(), place.open()] {
        assert_eq!(store.serial(), Ok(0));
        assert_eq!(store.get(b"a"), Ok(None));
        assert_eq!(store.scan(b"", b"", 10), Ok(vec![]));
        assert_eq!(store.events(0, 10), Ok(vec![]));
        let transaction = store.begin().unwrap();
        assert_eq!(transaction.serial(), Ok(0));
        assert_eq!(transaction.get(b"a"), Ok(None));
        assert_eq!(transaction.scan(b"", b"", 10), Ok(vec![]));
    }
}

fn entries_come_in_the_order_of_their_bytes(place: &dyn Place) {
    let store = place.open();
    let mut all: Vec<Vec<u8>> = [
        &b"a"[..],
        b"a\0",
        b"a\0\0",
        b"ab",
        b"a\xff",
        b"a\xff\xff",
        b"b",
        b"A",
        b"\0",
        b"\0\xff",
        b"\xff",
        b"\xff\xff",
        b"\xff\0",
        b"\x7f",
        b"\x80",
        "\u{e4}".as_bytes(),
        b"%",
        b"_",
        b"a%",
        b"\\",
    ]
    .map(<[u8]>::to_vec)
    .to_vec();
    all.extend([vec![b'n'; 300], vec![0xff; 300], vec![0; 300]]);
    commit(&*store, &all.iter().map(|name| put(name, name)).collect::<Vec<_>>());
    all.sort();
    for entry in store.scan(b"", b"", usize::MAX).unwrap() {
        assert_eq!(entry.name, entry.bytes);
    }
    assert_eq!(names(store.scan(b"", b"", usize::MAX).unwrap()), all);
    assert_eq!(names(store.scan(b"a", b"", 100).unwrap()).len(), 7);
    assert_eq!(names(store.scan(b"a", b"a\0", 2).unwrap()), [&b"a\0\0"[..], b"a%"]);
    assert_eq!(names(store.scan(b"\xff", b"", 100).unwrap()).len(), 4);
    assert_eq!(store.scan(b"", b"", 0), Ok(vec![]));
    assert_eq!(store.scan(b"c", b"", 9), Ok(vec![]));
    assert_eq!(store.get(&[b'n'; 300]), Ok(Some(vec![b'n'; 300])));
    assert_eq!(store.get(&[b'n'; 299]), Ok(None));
    assert_eq!(store.get(b""), Ok(None));
}

fn scans_agree_with_a_map(place: &dyn Place) {
    let store = place.open();
    let mut random = Random::new();
    let mut name = |longest: u64| -> Vec<u8> {
        let len = random.next() % (longest + 1);
        (0..len).map(|_| [0, 1, b'a', 0xfe, 0xff][usize::try_from(random.next() % 5).unwrap()]).collect()
    };
    let all: BTreeMap<Vec<u8>, Vec<u8>> =
        (0..300).map(|_| name(5)).filter(|name| !name.is_empty()).map(|name| (name, vec![7])).collect();
    commit(&*store, &all.keys().map(|name| put(name, &[7])).collect::<Vec<_>>());
    let transaction = store.begin().unwrap();
    for round in 0..300 {
        let (prefix, after, limit) = (name(3), name(4), round % 20);
        let expected: Vec<Vec<u8>> = all
            .keys()
            .filter(|name| name.starts_with(&prefix) && **name > after)
            .take(limit)
            .cloned()
            .collect();
        assert_eq!(names(store.scan(&prefix, &after, limit).unwrap()), expected, "{prefix:?} {after:?}");
        assert_eq!(names(transaction.scan(&prefix, &after, limit).unwrap()), expected);
    }
    // Page by page, as a keyring reads all.
    let (mut paged, mut after) = (Vec::new(), Vec::new());
    loop {
        let page = names(store.scan(b"", &after, 7).unwrap());
        let Some(last) = page.last() else { break };
        after = last.clone();
        paged.extend(page);
    }
    assert_eq!(paged, all.into_keys().collect::<Vec<_>>());
}

fn a_commit_puts_replaces_and_deletes_together(place: &dyn Place) {
    let store = place.open();
    commit(&*store, &[put(b"a", b"1"), put(b"b", b"1"), put(b"empty", b"")]);
    commit(&*store, &[delete(b"a"), put(b"b", b"2"), put(b"c", b"1"), delete(b"not there")]);
    let expected = [(&b"b"[..], &b"2"[..]), (b"c", b"1"), (b"empty", b"")]
        .map(|(name, bytes)| Entry { name: name.to_vec(), bytes: bytes.to_vec() });
    assert_eq!(store.scan(b"", b"", 10).unwrap(), expected);
    assert_eq!(store.get(b"a"), Ok(None));
    assert_eq!(store.get(b"empty"), Ok(Some(vec![])));
    commit(&*store, &[]);
    assert_eq!(store.scan(b"", b"", 10).unwrap(), expected);
    assert_eq!(store.serial(), Ok(3));
}

fn the_last_change_of_a_name_counts(place: &dyn Place) {
    let store = place.open();
    commit(&*store, &[put(b"a", b"1"), delete(b"a"), put(b"a", b"2"), put(b"b", b"1"), delete(b"b")]);
    assert_eq!(store.get(b"a"), Ok(Some(b"2".to_vec())));
    assert_eq!(store.get(b"b"), Ok(None));
}

fn large_entries_are_kept_whole(place: &dyn Place) {
    let store = place.open();
    let large = Random::new().bytes(1 << 20);
    commit(&*store, &[put(b"a", &large), put(b"b", &vec![0; 1 << 20])]);
    assert_eq!(store.get(b"a"), Ok(Some(large.clone())));
    assert_eq!(store.begin().unwrap().get(b"a"), Ok(Some(large.clone())));
    commit(&*store, &[put(b"b", &large), delete(b"a")]);
    assert_eq!(store.scan(b"", b"", 2).unwrap(), [Entry { name: b"b".to_vec(), bytes: large }]);
}

fn names_that_no_entry_has_are_refused(place: &dyn Place) {
    let store = place.open();
    for name in [&b""[..], &[b'n'; 301]] {
        for change in [put(name, b"1"), delete(name)] {
            let result = store.begin().unwrap().commit(&[put(b"a", b"1"), change], b"event");
            assert_eq!(result, Err(Error::Value));
        }
    }
    assert_eq!((store.serial(), store.get(b"a")), (Ok(0), Ok(None)));
}

fn the_serial_number_rises_by_one(place: &dyn Place) {
    let (store, other) = (place.open(), place.open());
    for serial in 0..20 {
        let by = if serial % 3 == 0 { &other } else { &store };
        let transaction = by.begin().unwrap();
        assert_eq!(transaction.serial(), Ok(serial));
        transaction.commit(&[put(b"a", b"1"), put(b"b", b"1")], b"event").unwrap();
        assert_eq!((store.serial(), other.serial()), (Ok(serial + 1), Ok(serial + 1)));
    }
    drop((store, other));
    assert_eq!(place.open().serial(), Ok(20));
}

fn a_dropped_transaction_leaves_nothing(place: &dyn Place) {
    let store = place.open();
    commit(&*store, &[put(b"a", b"1")]);
    for _ in 0..5 {
        drop(store.begin().unwrap());
    }
    assert_eq!(store.serial(), Ok(1));
    // Somebody else's turn at once: nothing is left open.
    let other = open(&place.spec(), Duration::from_millis(500)).unwrap();
    other.begin().unwrap().commit(&[put(b"a", b"2")], b"event").unwrap();
    assert_eq!(store.begin().unwrap().get(b"a"), Ok(Some(b"2".to_vec())));
}

fn a_transaction_sees_what_is_committed(place: &dyn Place) {
    let store = place.open();
    let other = place.open();
    commit(&*store, &[put(b"a", b"1"), put(b"b", b"1")]);
    commit(&*other, &[put(b"a", b"2"), delete(b"b")]);
    let transaction = store.begin().unwrap();
    assert_eq!(transaction.serial(), Ok(2));
    assert_eq!(transaction.get(b"a"), Ok(Some(b"2".to_vec())));
    assert_eq!(transaction.get(b"b"), Ok(None));
    assert_eq!(names(transaction.scan(b"", b"", 9).unwrap()), [b"a"]);
}

fn readers_wait_for_no_transaction(place: &dyn Place) {
    let store = place.open();
    let other = place.open();
    commit(&*store, &[put(b"a", b"1")]);
    let transaction = store.begin().unwrap();
    let start = Instant::now();
    for reader in [&store, &other] {
        assert_eq!(reader.serial(), Ok(1));
        assert_eq!(reader.get(b"a"), Ok(Some(b"1".to_vec())));
        assert_eq!(reader.scan(b"", b"", 9).unwrap().len(), 1);
        assert_eq!(reader.events(0, 9).unwrap().len(), 1);
    }
    assert!(start.elapsed() < Duration::from_secs(5), "they waited");
    drop(transaction);
}

fn another_handle_sees_every_commit(place: &dyn Place) {
    let (store, other) = (place.open(), place.open());
    for round in 1..=50_u64 {
        commit(&*store, &[put(b"a", &round.to_be_bytes())]);
        assert_eq!(other.serial(), Ok(round));
        assert_eq!(other.get(b"a"), Ok(Some(round.to_be_bytes().to_vec())));
        assert_eq!(store.get(b"a"), Ok(Some(round.to_be_bytes().to_vec())));
    }
}

fn a_transaction_that_is_held_too_long_is_busy(place: &dyn Place) {
    let store = open(&place.spec(), Duration::from_millis(300)).unwrap();
    let other = open(&place.spec(), Duration::from_millis(300)).unwrap();
    let transaction = store.begin().unwrap();
    let start = Instant::now();
    // By another handle, and by the same: a thread that begins twice does not wait for itself for ever.
    busy(other.begin());
    busy(store.begin());
    assert!(start.elapsed() >= Duration::from_millis(600), "they did not wait");
    assert!(start.elapsed() < Duration::from_secs(10), "they waited too long");
    transaction.commit(&[put(b"a", b"1")], b"event").unwrap();
    assert_eq!(other.begin().unwrap().serial(), Ok(1));
}

const COUNTER: &[u8] = b"counter";

fn increment(store: &dyn Records, times: u64) {
    for _ in 0..times {
        let transaction = store.begin().unwrap();
        let counter = transaction.get(COUNTER).unwrap();
        let counter = counter.map_or(0, |bytes| u64::from_be_bytes(bytes.try_into().unwrap()));
        assert_eq!(transaction.serial(), Ok(counter));
        transaction.commit(&[put(COUNTER, &(counter + 1).to_be_bytes())], &counter.to_be_bytes()).unwrap();
    }
}

fn counted(place: &dyn Place, times: u64) {
    let store = place.open();
    assert_eq!(store.get(COUNTER), Ok(Some(times.to_be_bytes().to_vec())));
    assert_eq!(store.serial(), Ok(times));
    let events = store.events(0, usize::MAX).unwrap();
    let expected: Vec<_> = (0..times).map(|n| (n + 1, n.to_be_bytes().to_vec())).collect();
    assert_eq!(events.into_iter().map(|event| (event.serial, event.bytes)).collect::<Vec<_>>(), expected);
}

fn threads_lose_no_increment(place: &dyn Place) {
    let (store, other) = (place.open(), place.open());
    thread::scope(|scope| {
        for store in [&store, &store, &other, &other] {
            scope.spawn(|| increment(&**store, 50));
        }
    });
    counted(place, 200);
}

fn processes_lose_no_increment(place: &dyn Place) {
    let mut children: Vec<Child> = (0..4).map(|_| child("increment", &place.spec())).collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    counted(place, 1000);
}

fn processes_may_open_a_new_store_at_once(place: &dyn Place) {
    let mut children: Vec<Child> = (0..6).map(|_| child("open", &place.spec())).collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(place.open().serial(), Ok(6));
}

fn events_are_kept_with_their_commit(place: &dyn Place) {
    let store = place.open();
    let now = || SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let start = now();
    for event in [&b"one"[..], b"", b"\0\xff"] {
        let _ = store.begin().unwrap().serial();
        store.begin().unwrap().commit(&[], event).unwrap();
    }
    let all = store.events(0, 10).unwrap();
    let told: Vec<_> = all.iter().map(|event| (event.serial, event.bytes.as_slice())).collect();
    assert_eq!(told, [(1, &b"one"[..]), (2, b""), (3, b"\0\xff")]);
    // PostgreSQL rounds to the second.
    assert!(all.iter().all(|event| (start..=now() + 1).contains(&event.time)), "{all:?}");
    assert_eq!(store.events(1, 1).unwrap(), all[1..2]);
    assert_eq!(store.events(3, 10), Ok(vec![]));
    assert_eq!(store.events(u64::MAX, 10), Ok(vec![]));
    assert_eq!(store.events(0, 0), Ok(vec![]));
}

fn a_commit_that_fails_leaves_nothing(place: &dyn Place) {
    let store = place.open();
    commit(&*store, &[put(b"a", b"1")]);
    // The place of the next event is taken: the last statement before the end fails.
    place.sql("INSERT INTO tenantseal_key_events (serial, time, event) VALUES (2, 0, 'x')");
    let result = store.begin().unwrap().commit(&[put(b"a", b"2"), put(b"b", b"2")], b"event");
    assert_eq!(result, Err(Error::Store(StoreError::Constraint)));
    assert_eq!(
        (store.serial(), store.get(b"a"), store.get(b"b")),
        (Ok(1), Ok(Some(b"1".to_vec())), Ok(None))
    );
    place.sql("DELETE FROM tenantseal_key_events WHERE serial = 2");
    commit(&*store, &[put(b"a", b"2")]);
    assert_eq!((store.serial(), store.get(b"a")), (Ok(2), Ok(Some(b"2".to_vec()))));
}

fn killed_processes_lose_no_acknowledged_commit(place: &dyn Place) {
    let mut random = Random::new();
    let mut acknowledged = 0;
    for round in 0..50 {
        let mut writer = child("write", &place.spec());
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let enough = random.next() % 8;
        let mut read = 0;
        for line in lines.by_ref() {
            // The harness prints lines of its own.
            if let Some(serial) = line.unwrap().strip_prefix("done ") {
                acknowledged = serial.parse().unwrap();
                read += 1;
            }
            if read > enough {
                break;
            }
        }
        thread::sleep(Duration::from_micros(random.next() % 3000));
        writer.kill().unwrap();
        // What it had said before it died.
        for line in lines {
            if let Some(serial) = line.unwrap().strip_prefix("done ") {
                acknowledged = serial.parse().unwrap();
            }
        }
        writer.wait().unwrap();
        let store = place.open();
        let transaction = store.begin().unwrap();
        let serial = transaction.serial().unwrap();
        assert!(
            (acknowledged..=acknowledged + 1).contains(&serial),
            "round {round}: {acknowledged}, {serial}"
        );
        let entries = transaction.scan(b"", b"", usize::MAX).unwrap();
        let expected: Vec<Vec<u8>> = (1..=serial).map(|n| n.to_be_bytes().to_vec()).collect();
        assert_eq!(names(entries), expected);
        drop(transaction);
        assert_eq!(store.events(0, usize::MAX).unwrap().last().unwrap().serial, serial);
    }
}

fn calls_within_a_runtime_do_not_panic(place: &dyn Place) {
    for mut runtime in
        [tokio::runtime::Builder::new_current_thread(), tokio::runtime::Builder::new_multi_thread()]
    {
        runtime.enable_all().build().unwrap().block_on(async {
            let store = place.open();
            let serial = store.serial().unwrap();
            commit(&*store, &[put(b"a", b"1")]);
            drop(store.begin().unwrap());
            assert_eq!(store.get(b"a"), Ok(Some(b"1".to_vec())));
            assert_eq!(store.serial(), Ok(serial + 1));
        });
    }
}

fn tables_that_do_not_fit_are_refused(place: &dyn Place) {
    let patience = Duration::from_secs(5);
    // In part.
    place.sql("CREATE TABLE tenantseal_keys (name INTEGER, bytes INTEGER)");
    unfit(open(&place.spec(), patience));
    // Without the keys that an upsert needs, and with another column.
    place.sql("CREATE TABLE tenantseal_key_state (name TEXT PRIMARY KEY, number INTEGER NOT NULL)");
    place.sql("CREATE TABLE tenantseal_key_events (serial INTEGER PRIMARY KEY, other INTEGER)");
    place.sql("INSERT INTO tenantseal_key_state (name, number) VALUES ('serial', 0)");
    unfit(open(&place.spec(), patience));
    for table in ["tenantseal_keys", "tenantseal_key_state", "tenantseal_key_events"] {
        place.sql(&format!("DROP TABLE {table}"));
    }
    let store = place.open();
    commit(&*store, &[put(b"a", b"1")]);
    place.sql("DROP TABLE tenantseal_keys");
    unfit(store.get(b"a"));
    unfit(store.scan(b"", b"", 1));
    unfit(store.begin().unwrap().commit(&[put(b"a", b"1")], b"event"));
    assert_eq!(store.serial(), Ok(1));
    unfit(open(&place.spec(), patience));
    place.sql("DROP TABLE tenantseal_key_events; DROP TABLE tenantseal_key_state");
    unfit(store.serial());
    unfit(store.begin());
    unfit(store.events(0, 1));
}

fn a_serial_number_that_is_none_is_refused(place: &dyn Place) {
    let store = place.open();
    for wrong in [
        "UPDATE tenantseal_key_state SET number = -1",
        "DELETE FROM tenantseal_key_state",
        "INSERT INTO tenantseal_key_state (name, number) VALUES ('other', 7)",
    ] {
        place.sql(wrong);
        unfit(store.serial());
        unfit(store.begin());
        unfit(open(&place.spec(), Duration::from_secs(5)));
    }
    place.sql("INSERT INTO tenantseal_key_state (name, number) VALUES ('serial', 7)");
    assert_eq!(store.serial(), Ok(7));
    commit(&*store, &[]);
    assert_eq!(store.serial(), Ok(8));
}

fn scrubbing_an_empty_store_works(place: &dyn Place) {
    let store = place.open();
    assert!(store.scrub().unwrap().contains(&StorageAction::DatabaseRewritten));
    commit(&*store, &[put(b"a", b"1")]);
    store.scrub().unwrap();
    assert_eq!(store.get(b"a"), Ok(Some(b"1".to_vec())));
    assert_eq!(store.serial(), Ok(1));
}

/// What [`child`] starts; does nothing where nobody asks.
#[test]
fn child_process() {
    let (Ok(task), Ok(spec)) = (env::var(TASK), env::var(SPEC)) else { return };
    let store = open(&spec, Duration::from_secs(60)).unwrap();
    match task.as_str() {
        "increment" => increment(&*store, 250),
        "open" => commit(&*store, &[]),
        "write" => {
            let mut out = std::io::stdout();
            loop {
                let transaction = store.begin().unwrap();
                let serial = transaction.serial().unwrap() + 1;
                transaction.commit(&[put(&serial.to_be_bytes(), &[7; 200])], b"event").unwrap();
                // Not by `println`, which the harness keeps to itself.
                writeln!(out, "done {serial}").unwrap();
            }
        }
        _ => panic!("no such task"),
    }
}

const TASK: &str = "TENANTSEAL_RECORDS_TASK";
const SPEC: &str = "TENANTSEAL_RECORDS_SPEC";

/// This program again, in a process of its own.
fn child(task: &str, spec: &str) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "child_process"])
        .env(TASK, task)
        .env(SPEC, spec)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// Which of the files in a folder hold the needle. Read by another process: closing a file here would take SQLite's locks.
fn files_with(folder: &Path, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        let read = Command::new("cat").arg(file.path()).output().unwrap();
        assert!(read.status.success());
        if contains(&read.stdout, needle) {
            found.push(file.file_name().into_string().unwrap());
        }
    }
    found.sort();
    found
}

#[test]
fn scrub_leaves_nothing_of_deleted_entries_in_sqlite_files() {
    let place = Sqlite::new();
    let store = SqliteRecords::open(place.path()).unwrap();
    let mut random = Random::new();
    let needle = random.bytes(32);
    for n in 0..200_u64 {
        commit(&store, &[put(&n.to_be_bytes(), &random.bytes(150))]);
    }
    commit(&store, &[put(b"secret", &needle)]);
    commit(&store, &[delete(b"secret")]);
    // The control: what was put is still in the log.
    assert_eq!(files_with(place.0.path(), &needle), ["keys.db-wal"]);
    assert_eq!(store.scrub().unwrap(), [StorageAction::DatabaseRewritten, StorageAction::LogTruncated]);
    assert_eq!(files_with(place.0.path(), &needle), Vec::<String>::new());
    assert_eq!(store.scan(b"", b"", usize::MAX).unwrap().len(), 200);
}

#[test]
fn deleted_entries_are_overwritten_in_sqlite_files() {
    let place = Sqlite::new();
    let needle = Random::new().bytes(32);
    let store = SqliteRecords::open(place.path()).unwrap();
    commit(&store, &[put(b"a", &[1; 100]), put(b"secret", &needle), put(b"z", &[1; 100])]);
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    place.sql(checkpoint);
    assert_eq!(files_with(place.0.path(), &needle), ["keys.db"]);
    commit(&store, &[delete(b"secret")]);
    place.sql(checkpoint);
    assert_eq!(files_with(place.0.path(), &needle), Vec::<String>::new());
}

#[test]
fn replaced_entries_are_overwritten_in_sqlite_files() {
    for len in [8, 32, 100] {
        let place = Sqlite::new();
        let needle = Random::new().bytes(32);
        let store = SqliteRecords::open(place.path()).unwrap();
        commit(&store, &[put(b"a", &[1; 100]), put(b"secret", &needle), put(b"z", &[1; 100])]);
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        place.sql(checkpoint);
        assert_eq!(files_with(place.0.path(), &needle), ["keys.db"]);
        commit(&store, &[put(b"secret", &vec![2; len])]);
        place.sql(checkpoint);
        // Its end alone, too: a shorter entry may have been written over its front.
        assert_eq!(files_with(place.0.path(), &needle[16..]), Vec::<String>::new(), "{len}");
        assert_eq!(store.get(b"secret"), Ok(Some(vec![2; len])));
    }
}

#[test]
fn scrub_removes_what_another_program_deleted_from_sqlite_files() {
    let place = Sqlite::new();
    let needle = Random::new().bytes(32);
    let store = SqliteRecords::open(place.path()).unwrap();
    commit(&store, &[put(b"a", &[1; 100]), put(b"secret", &needle), put(b"z", &[1; 100])]);
    place.sql(
        "PRAGMA secure_delete = OFF; DELETE FROM tenantseal_keys WHERE bytes <> zeroblob(0) AND name = x'736563726574';
         PRAGMA wal_checkpoint(TRUNCATE)",
    );
    // The control: SQLite by itself leaves it in the page.
    assert_eq!(files_with(place.0.path(), &needle), ["keys.db"]);
    store.scrub().unwrap();
    assert_eq!(files_with(place.0.path(), &needle), Vec::<String>::new());
    assert_eq!(store.scan(b"", b"", 9).unwrap().len(), 2);
}

#[test]
fn scrub_is_busy_while_somebody_reads_or_writes_sqlite_files() {
    let place = Sqlite::new();
    let store = SqliteRecords::open_with(place.path(), Duration::from_millis(200)).unwrap();
    commit(&store, &[put(b"a", b"1")]);
    let other = Connection::open(place.path()).unwrap();
    other.execute_batch("BEGIN; SELECT * FROM tenantseal_keys").unwrap();
    commit(&store, &[put(b"a", b"2")]);
    busy(store.scrub());
    other.execute_batch("COMMIT").unwrap();
    store.scrub().unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    busy(store.scrub());
    other.execute_batch("COMMIT").unwrap();
    let transaction = store.begin().unwrap();
    busy(store.scrub());
    drop(transaction);
    store.scrub().unwrap();
    assert_eq!(store.get(b"a"), Ok(Some(b"2".to_vec())));
}

#[test]
fn a_vault_and_a_keyring_may_live_in_one_file() {
    use tenantseal::tenant::{Kek, Keyring, Policy};
    let place = Sqlite::new();
    let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
    keys.create_tenant("t-1001").unwrap();
    let policy = br#"{"tenantseal_policy":1,"version":1,"fields":[
        {"table":"t","column":"c","type":"text","storage":"cell","class":["personal"],"bind":"row"}]}"#;
    keys.install_policy(Policy::from_json(policy).unwrap()).unwrap();
    let vault = tenantseal_store::blocking::Vault::open(place.path(), &keys).unwrap();
    let store = SqliteRecords::open(place.path()).unwrap();
    let acme = vault.tenant("t-1001").unwrap();
    for round in 0..5_u64 {
        let id = acme.insert("t", tenantseal_store::Fields::new().set("c", "value")).unwrap();
        commit(&store, &[put(b"a", &round.to_be_bytes())]);
        assert_eq!(acme.get("t", id).unwrap().unwrap().text("c").unwrap(), Some("value"));
    }
    store.scrub().unwrap();
    assert_eq!(acme.list_masked("t", 0, 10).unwrap().len(), 5);
    assert_eq!(store.serial(), Ok(5));
    // The vault makes no table of that name its own.
    for reserved in ["tenantseal_keys", "tenantseal_key_state", "Tenantseal_Key_Events"] {
        let options = tenantseal_store::VaultOptions::new().sql_name("t", reserved);
        unfit(tenantseal_store::blocking::Vault::open_with(place.path(), &keys, options));
    }
}

#[test]
fn many_processes_may_open_a_new_sqlite_file_at_once() {
    for _ in 0..10 {
        processes_may_open_a_new_store_at_once(&Sqlite::new());
    }
}

#[test]
fn a_value_of_another_type_in_sqlite_is_refused() {
    let place = Sqlite::new();
    let store = place.open();
    commit(&*store, &[put(b"a", b"1")]);
    place.sql("UPDATE tenantseal_keys SET bytes = 7; UPDATE tenantseal_key_events SET event = 7");
    unfit(store.get(b"a"));
    unfit(store.scan(b"", b"", 1));
    unfit(store.events(0, 1));
    place.sql("UPDATE tenantseal_key_state SET number = 'text'");
    unfit(store.serial());
    unfit(store.begin());
}

#[test]
fn a_new_sqlite_file_is_its_owners_alone() {
    let place = Sqlite::new();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let store = place.open();
    commit(&*store, &[put(b"a", b"1")]);
    let log = place.path().with_file_name(format!("{}-wal", place.path().file_name().unwrap().display()));
    assert_eq!((mode(&place.path()), mode(&log)), (0o600, 0o600));
    drop(store);
    // One that is there keeps the mode that somebody gave it.
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(place.open().get(b"a"), Ok(Some(b"1".to_vec())));
    assert_eq!(mode(&place.path()), 0o640);
}

#[test]
fn an_sqlite_file_that_cannot_be_opened_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let missing = SqliteRecords::open(folder.path().join("missing/keys.db"));
    assert_eq!(missing.err(), Some(Error::Io(ErrorKind::NotFound)));
    assert_eq!(SqliteRecords::open(folder.path()).err(), Some(Error::Io(ErrorKind::IsADirectory)));
    let other = folder.path().join("other");
    fs::write(&other, "a text that is no database, and long enough to hold the header of one ".repeat(20))
        .unwrap();
    assert_eq!(SqliteRecords::open(&other).err(), Some(Error::Malformed));
}

#[test]
fn a_database_in_memory_is_refused() {
    for path in ["", ":memory:"] {
        assert_eq!(SqliteRecords::open(path).err(), Some(Error::Value));
    }
}

/// What each call costs, printed; nothing is asserted of it. `cargo test --release -- --ignored --nocapture figures`.
#[test]
#[ignore = "it measures"]
fn figures() {
    let sqlite = Sqlite::new();
    measure("sqlite", &sqlite);
    let reader = Connection::open(sqlite.path()).unwrap();
    time("sqlite PRAGMA data_version", 10_000, || {
        reader.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0)).unwrap()
    });
    #[cfg(feature = "postgres")]
    if let Some(place) = postgres::Postgres::new() {
        measure("postgres", &place);
    }
}

fn measure(name: &str, place: &dyn Place) {
    let store = place.open();
    for n in 0..100_u64 {
        let entries = (0..10_u64).map(|m| put(&[n.to_be_bytes(), m.to_be_bytes()].concat(), &[7; 150]));
        commit(&*store, &entries.collect::<Vec<_>>());
    }
    let one = [0_u64.to_be_bytes(), 0_u64.to_be_bytes()].concat();
    time(&format!("{name} serial"), 5000, || store.serial().unwrap());
    time(&format!("{name} get"), 5000, || store.get(&one).unwrap());
    time(&format!("{name} scan of 10"), 2000, || store.scan(&7_u64.to_be_bytes(), b"", 10).unwrap());
    time(&format!("{name} scan of 1000"), 50, || store.scan(b"", b"", 1000).unwrap());
    time(&format!("{name} begin and drop"), 500, || drop(store.begin().unwrap()));
    time(&format!("{name} commit of 3"), 300, || {
        commit(&*store, &[put(b"a", &[7; 150]), put(b"b", &[7; 150]), delete(b"c")]);
    });
    time(&format!("{name} scrub"), 3, || store.scrub().unwrap());
}

fn time<T>(what: &str, times: u32, mut act: impl FnMut() -> T) {
    act();
    let start = Instant::now();
    for _ in 0..times {
        std::hint::black_box(act());
    }
    println!("{what}: {:?}", start.elapsed() / times);
}
