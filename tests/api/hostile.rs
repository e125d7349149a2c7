//! Stores that were tampered with or misbehave: nothing is lost, and nothing is claimed that is not so.

use core::ops::ControlFlow;
use std::{
    fs,
    sync::{Arc, atomic::Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tenantseal::{
    Error, StoreError,
    field::BulkError,
    tenant::{
        Change, Entry, Kek, Keyring, KeyringOptions, NoGrants, Observation, Observer, Progress, Receipt,
        Record, SigningPurpose, Suite, TenantState,
    },
};

use crate::fixture::{TestStore, kek, options, pairs, passphrase, policy};

const LONG: Duration = Duration::from_secs(3600);

fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn past() -> Option<SystemTime> {
    Some(UNIX_EPOCH + Duration::from_secs(1))
}

/// A keyring that asks its store at each use, over a store with a tenant `t` that may be shredded.
fn due() -> (Arc<TestStore>, Keyring) {
    let store = Arc::new(TestStore::default());
    let options = options(Suite::default()).staleness(Duration::ZERO, Duration::ZERO);
    let keys = Keyring::over(&kek(), store.clone(), &options).unwrap();
    keys.install_policy(policy()).unwrap();
    keys.create_tenant("t").unwrap();
    keys.suspend_tenant("t", past()).unwrap();
    (store, keys)
}

fn records(store: &TestStore) -> Vec<Entry> {
    let all = store.entries(&[1]).into_iter();
    all.filter(|entry| Record::parse(&entry.bytes).is_ok()).collect()
}

#[test]
fn a_root_that_is_there_again_is_found_though_the_tombstone_stands() {
    let (store, keys) = due();
    let roots = records(&store);
    let signed = keys.shred_tenant("t", &NoGrants).unwrap();
    let receipt = Receipt::verify(&signed, &keys.key_list().unwrap()).unwrap();
    assert!(keys.verify_shredded(&receipt, [b""]).is_ok());
    for root in roots {
        store.change(Change::Put(root));
        assert_eq!(keys.tenant_state("t"), Ok(TenantState::Shredded));
        assert_eq!(keys.verify_shredded(&receipt, [b""]).err(), Some(Error::KeysRemain));
        // Shredded once more, it is gone again, and the receipt is the first one.
        assert_eq!(keys.shred_tenant("t", &NoGrants).as_ref(), Ok(&signed));
        assert_eq!(records(&store), []);
        assert!(keys.verify_shredded(&receipt, [b""]).is_ok());
    }
}

#[test]
fn a_receipt_is_refused_for_what_cannot_be_named() {
    // A copy under another generation, another tenant's record, a commitment that is not the root's, a root that says it is
    // random and is derived: none of them may leave a root behind that no receipt names.
    let (store, keys) = due();
    keys.create_tenant("u").unwrap();
    let of_t = |entry: &&Entry| entry.name.starts_with(b"\x01\x01t");
    let all = records(&store);
    let (t, u): (Vec<&Entry>, Vec<&Entry>) = all.iter().partition(of_t);
    let later = |entry: &Entry| [&entry.name[..entry.name.len() - 1], &[9]].concat();
    let mut flipped = t[0].bytes.clone();
    flipped[42 + 1] ^= 1;
    for (name, bytes) in [
        (later(t[0]), t[0].bytes.clone()),
        (later(t[0]), u[0].bytes.clone()),
        (t[0].name.clone(), u[0].bytes.clone()),
        (t[0].name.clone(), flipped),
        (t[0].name.clone(), b"TSKR".to_vec()),
    ] {
        let before = store.entries(&name).into_iter().find(|entry| entry.name == name);
        store.put(&name, bytes);
        let refused = keys.shred_tenant("t", &NoGrants).err();
        assert!(matches!(refused, Some(Error::Open | Error::Malformed)), "{refused:?}");
        assert!(matches!(keys.tenant_state("t"), Ok(TenantState::Suspended { .. })));
        assert!(keys.tenant("u").is_ok(), "nothing of another tenant was touched");
        store.change(before.map_or(Change::Delete(name), Change::Put));
    }
    assert!(keys.shred_tenant("t", &NoGrants).is_ok());
}

#[test]
fn a_move_to_another_kek_that_left_anything_behind_says_so() {
    let new = Kek::generate().unwrap();
    let id = |kek: &Kek| {
        let keys = Keyring::in_memory(kek).unwrap();
        keys.create_tenant("t").unwrap();
        keys.records().unwrap()[0].to_bytes()[24..40].to_vec()
    };
    let (of_new, magic, commitment) = (id(&new), 0usize, 50usize);
    for (at, bytes) in
        [(24, of_new.as_slice()), (6, &[2]), (22, &[0, 2]), (magic, b"X"), (7, &[9]), (commitment, &[])]
    {
        let store = Arc::new(TestStore::default());
        let keys = Keyring::over(&kek(), store.clone(), &options(Suite::default())).unwrap();
        keys.create_tenant("t").unwrap();
        let mut record = records(&store).remove(0);
        let good = record.clone();
        record.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        if at == commitment {
            // It is random: no fixed byte is always another.
            record.bytes[at] ^= 0xff;
        }
        store.change(Change::Put(record));
        assert!(keys.rotate_kek(&new, go_on).is_err(), "byte {at}");
        // Put right again, it moves; then the new KEK alone is enough.
        store.change(Change::Put(good));
        keys.rewrap(go_on).unwrap();
        assert!(Keyring::over(&new, store, &options(Suite::default())).unwrap().tenant("t").is_ok());
    }
    // A record that stands where another belongs.
    let store = Arc::new(TestStore::default());
    let keys = Keyring::over(&kek(), store.clone(), &options(Suite::default())).unwrap();
    keys.create_tenant("t").unwrap();
    keys.create_tenant("u").unwrap();
    let all = records(&store);
    store.put(&all[0].name, all[3].bytes.clone());
    assert_eq!(keys.rotate_kek(&new, go_on).err(), Some(Error::Open));
    // The same for entries that are no records.
    let store = Arc::new(TestStore::default());
    let keys = Keyring::over(&kek(), store.clone(), &options(Suite::default())).unwrap();
    keys.create_tenant("t").unwrap();
    keys.add_alias("ww", "t").unwrap();
    keys.rotate_seed().unwrap();
    store.put(b"\x7fwhat", b"no kind of entry".to_vec());
    assert_eq!(keys.rotate_kek(&new, go_on).err(), Some(Error::Unsupported));
    store.change(Change::Delete(b"\x7fwhat".to_vec()));
    for name in [&b"\x02ww"[..], b"\x06\0\0\0\x01"] {
        let entry = store.entries(name).remove(0);
        let mut spoilt = entry.clone();
        spoilt.bytes[10..26].copy_from_slice(&of_new);
        *spoilt.bytes.last_mut().unwrap() ^= 1;
        store.change(Change::Put(spoilt));
        assert!(keys.rewrap(go_on).is_err(), "{entry:?}");
        store.change(Change::Put(entry));
    }
    keys.rewrap(go_on).unwrap();
}

#[test]
fn a_store_may_give_fewer_entries_than_it_was_asked_for() {
    let store = Arc::new(TestStore::default());
    let keys = Keyring::over(&kek(), store.clone(), &options(Suite::default())).unwrap();
    for number in 0..120 {
        keys.create_tenant(format!("t-{number}").as_str()).unwrap();
    }
    store.page.store(7, Ordering::SeqCst);
    assert_eq!(keys.tenant_ids().unwrap().len(), 120);
    let new = Kek::generate().unwrap();
    let mut seen = 0;
    keys.rotate_kek(&new, |progress| {
        seen = progress.seen;
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(seen, 241);
    let alone = Keyring::over(&new, store, &options(Suite::default())).unwrap();
    for number in 0..120 {
        assert!(alone.tenant(format!("t-{number}").as_str()).is_ok());
    }
}

#[test]
fn a_store_that_does_not_go_forward_is_refused() {
    let store = Arc::new(TestStore::default());
    let keys = Keyring::over(&kek(), store.clone(), &options(Suite::default())).unwrap();
    for number in 0..5 {
        keys.create_tenant(format!("t-{number}").as_str()).unwrap();
    }
    store.page.store(3, Ordering::SeqCst);
    store.endless.store(true, Ordering::SeqCst);
    assert_eq!(keys.tenant_ids().err(), Some(Error::Store(StoreError::Engine)));
}

#[test]
fn a_store_that_lost_the_name_of_its_kek_takes_no_other() {
    let store = Arc::new(TestStore::default());
    let (old, new) = (kek(), Kek::generate().unwrap());
    let keys = Keyring::over(&old, store.clone(), &options(Suite::default())).unwrap();
    keys.create_tenant("t").unwrap();
    keys.rotate_kek(&new, go_on).unwrap();
    store.change(Change::Delete(vec![8]));
    assert_eq!(Keyring::over(&old, store, &options(Suite::default())).err(), Some(Error::Open));
    assert_eq!(keys.create_tenant("u").err(), Some(Error::Open));
}

#[test]
fn a_signing_key_that_was_taken_away_is_not_replaced() {
    let (store, keys) = due();
    let first = keys.rotate_signing_key(SigningPurpose::Receipt).unwrap();
    let entry = store.entries(&[5]).remove(0);
    store.change(Change::Delete(entry.name.clone()));
    assert_eq!(keys.rotate_signing_key(SigningPurpose::Receipt).err(), Some(Error::Open));
    assert_eq!(keys.shred_tenant("t", &NoGrants).err(), Some(Error::Open));
    assert_eq!(keys.key_list().unwrap().keys(), [first]);
    store.change(Change::Put(entry));
    assert!(keys.shred_tenant("t", &NoGrants).is_ok());
}

#[test]
fn a_rotation_that_another_overtook_does_not_say_that_it_is_done() {
    let store = Arc::new(TestStore::default());
    let (k1, k2) = (Kek::generate().unwrap(), Kek::generate().unwrap());
    let options =
        || options(Suite::default()).older_kek(&k1).unwrap().older_kek(&k2).unwrap().staleness(LONG, LONG);
    let one = Keyring::over(&kek(), store.clone(), &options()).unwrap();
    let two = Keyring::over(&kek(), store.clone(), &options()).unwrap();
    one.create_tenant("t").unwrap();
    let mut first = true;
    let outcome = one.rotate_kek(&k1, |_| {
        if core::mem::take(&mut first) {
            two.rotate_kek(&k2, go_on).unwrap();
        }
        ControlFlow::Continue(())
    });
    assert_eq!(outcome, Err(Error::State));
    one.rewrap(go_on).unwrap();
    assert!(Keyring::over(&k2, store, &KeyringOptions::new()).unwrap().tenant("t").is_ok());
}

#[test]
fn nobody_queues_up_behind_a_store_that_does_not_answer() {
    let store = Arc::new(TestStore::default());
    // Each use asks; the answer that does not come takes 20 ms.
    let options = options(Suite::default()).staleness(Duration::from_millis(1), LONG);
    let keys = Keyring::over(&kek(), store.clone(), &options).unwrap();
    keys.install_policy(policy()).unwrap();
    let name = keys.create_tenant("t").unwrap().field("member.name").unwrap();
    store.fail(true);
    std::thread::sleep(Duration::from_millis(20));
    let uses = 400;
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for row in 0..uses / 8 {
                    name.seal(row, "x").unwrap();
                }
            });
        }
    });
    let asked = store.failures.load(Ordering::SeqCst);
    assert!(asked < 40, "{asked} of {uses} uses waited for an answer");
}

#[test]
fn what_was_sealed_while_its_key_went_is_not_handed_out() {
    pairs(|keys, _| {
        let name = keys.tenant("t-1001").unwrap().field("member.name").unwrap();
        let sealed = name.seal(0, "x").unwrap();
        let suspending = |at: i64| {
            move |row: i64| {
                if row == at {
                    keys.suspend_tenant("t-1001", None).unwrap();
                }
                row
            }
        };
        let suspended = Some(BulkError { position: None, error: Error::Suspended });
        assert_eq!(name.seal_many((0..4).map(suspending(2)).map(|row| (row, "x"))).err(), suspended);
        keys.restore_tenant("t-1001").unwrap();
        let cells = (0..4).map(suspending(2)).map(|_| (0, &sealed));
        assert_eq!(name.open_many(cells).err(), suspended);
        keys.restore_tenant("t-1001").unwrap();
        assert_eq!(name.seal_many((0..4).map(|row| (row, "x"))).unwrap().len(), 4);
    });
}

#[test]
fn a_date_that_could_not_be_read_again_is_not_written() {
    pairs(|keys, _| {
        let far = UNIX_EPOCH + Duration::new(u64::try_from(i64::MAX).unwrap(), 1);
        assert_eq!(keys.suspend_tenant("t-1001", Some(far)).err(), Some(Error::Value));
        assert_eq!(keys.tenant_state("t-1001"), Ok(TenantState::Active));
        keys.suspend_tenant("t-1001", Some(UNIX_EPOCH)).unwrap();
        assert_eq!(keys.tenants_due(SystemTime::now()).unwrap().len(), 1, "1970 has passed");
    });
}

/// Looks at the keyring whenever it is told something.
struct Curious(std::sync::OnceLock<Keyring>);

impl Observer for Curious {
    fn count(&self, _: Observation) {
        if let Some(keys) = self.0.get() {
            let _ = keys.policy();
        }
    }
}

#[test]
fn an_observer_may_use_the_keyring() {
    let store = Arc::new(TestStore::default());
    let observer = Arc::new(Curious(std::sync::OnceLock::new()));
    let options =
        options(Suite::default()).staleness(Duration::from_millis(5), LONG).observer(observer.clone());
    let keys = Keyring::over(&kek(), store.clone(), &options).unwrap();
    assert!(observer.0.set(keys.clone()).is_ok());
    keys.install_policy(policy()).unwrap();
    keys.create_tenant("t").unwrap();
    store.fail(true);
    assert!(keys.reload().is_err());
}

#[test]
fn restoring_waits_for_who_is_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.ts");
    Keyring::create_with(&path, &passphrase(), &options(Suite::default())).unwrap();
    let lock = fs::File::open(folder.path().join("keys.ts.lock")).unwrap();
    lock.lock().unwrap();
    std::thread::scope(|scope| {
        let (sender, done) = std::sync::mpsc::channel();
        let path = &path;
        scope.spawn(move || {
            // Read before the lock was taken, what is written meanwhile would be lost.
            let restored = Keyring::restore(path, &passphrase(), &options(Suite::default())).unwrap();
            sender.send(restored.tenant("late").is_ok()).unwrap();
        });
        assert!(done.recv_timeout(Duration::from_millis(300)).is_err());
        drop(lock);
        done.recv_timeout(Duration::from_secs(30)).unwrap();
        Keyring::open_with(path, &passphrase(), &options(Suite::default())).unwrap();
    });
}

#[test]
fn a_process_that_ran_on_while_the_file_was_restored_uses_none_of_its_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.ts");
    // Whatever outage is borne: this is none.
    let options = options(Suite::default()).staleness(Duration::ZERO, LONG);
    let one = Keyring::create_with(&path, &passphrase(), &options).unwrap();
    one.install_policy(policy()).unwrap();
    one.create_tenant("t").unwrap();
    let backup = fs::read(&path).unwrap();
    let open = || Keyring::open_with(&path, &passphrase(), &options).unwrap();
    let idle = open();
    one.rotate_tenant("t").unwrap();
    let name = one.tenant("t").unwrap().field("member.name").unwrap();
    let restore = || {
        fs::write(&path, &backup).unwrap();
        Keyring::restore(&path, &passphrase(), &options).unwrap()
    };
    let restored = restore();
    for attempt in 0..3 {
        assert_eq!(name.seal(1, "x").err(), Some(Error::RolledBack), "{attempt}");
        assert_eq!(one.reload().err(), Some(Error::RolledBack));
        assert_eq!(one.create_tenant("more").err(), Some(Error::RolledBack));
        assert_eq!(idle.tenant("t").err(), Some(Error::RolledBack), "though it had read nothing newer");
        // However far the file goes on from there, and under whatever KEK.
        restored.rotate_kek(&Kek::generate().unwrap(), go_on).unwrap();
        restored.create_tenant(format!("u-{attempt}").as_str()).unwrap();
    }
    let late = open();
    late.create_tenant("late").unwrap();
    restored.reload().unwrap();
    assert!(restored.tenant("late").is_ok());
    // Restored once more, to a file that never had been, and without the number in the lock file.
    fs::remove_file(folder.path().join("keys.ts.lock")).unwrap();
    let again = restore();
    for number in 0..20 {
        again.create_tenant(format!("v-{number}").as_str()).unwrap();
    }
    assert_eq!(late.reload().err(), Some(Error::RolledBack));
    assert_eq!(restored.tenant("t").err(), Some(Error::RolledBack));
    assert!(open().tenant("t").is_ok());
}

#[test]
fn two_files_of_one_stamp_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let (path, aside) = (folder.path().join("keys.ts"), folder.path().join("aside"));
    let options = options(Suite::default()).staleness(LONG, LONG);
    let one = Keyring::create_with(&path, &passphrase(), &options).unwrap();
    one.create_tenant("t").unwrap();
    one.hold_tenant("t").unwrap();
    let two = Keyring::open_with(&path, &passphrase(), &options).unwrap();
    // What comes next has the length of what was there; it is put into the old file's inode, at the old file's time.
    fs::hard_link(&path, &aside).unwrap();
    let stamp = fs::metadata(&path).unwrap().modified().unwrap();
    one.lift_hold("t").unwrap();
    fs::write(&aside, fs::read(&path).unwrap()).unwrap();
    fs::rename(&aside, &path).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(stamp).unwrap();
    two.reload().unwrap();
    assert_eq!(two.is_held("t"), Ok(false));
    two.create_tenant("u").unwrap();
    one.reload().unwrap();
    assert_eq!(one.is_held("t"), Ok(false), "what was acknowledged is in what is written next");
}

#[test]
fn a_file_of_the_same_number_with_other_entries_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, lock) = (folder.path().join("keys.ts"), folder.path().join("keys.ts.lock"));
    let options = options(Suite::default()).staleness(LONG, LONG);
    let one = Keyring::create_with(&path, &passphrase(), &options).unwrap();
    let (before, number) = (fs::read(&path).unwrap(), fs::read(&lock).unwrap());
    one.create_tenant("ours").unwrap();
    // An older file is put back with its lock file, and somebody else goes on from there.
    fs::write(&path, before).unwrap();
    fs::write(&lock, number).unwrap();
    Keyring::open_with(&path, &passphrase(), &options).unwrap().create_tenant("theirs").unwrap();
    assert_eq!(one.reload().err(), Some(Error::RolledBack));
    assert_eq!(one.create_tenant("more").err(), Some(Error::RolledBack));
}
