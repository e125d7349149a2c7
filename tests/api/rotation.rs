//! Moving everything to another KEK, seeds and derived roots, signing keys.

use core::ops::ControlFlow;
use std::{fs, sync::Arc};

use tenantseal::{
    Error,
    tenant::{
        Kek, KeyList, Keyring, KeyringOptions, MemoryStore, NoGrants, Passphrase, PrincipalId, Receipt,
        Record, RecordStore, SigningPurpose, Suite, TenantId,
    },
};

use crate::fixture::{kek, options, passphrase, policy};

fn go_on(_: tenantseal::tenant::Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn fill(keys: &Keyring, tenants: u32) -> Vec<(String, Vec<u8>)> {
    keys.install_policy(policy()).unwrap();
    keys.rotate_seed().unwrap();
    keys.create_derived_tenant("derived").unwrap();
    keys.rotate_signing_key(SigningPurpose::Receipt).unwrap();
    keys.add_alias("ww1", "derived").unwrap();
    let mut sealed = Vec::new();
    for number in 0..tenants {
        let id = format!("t-{number}");
        let tenant = keys.create_tenant(id.as_str()).unwrap();
        tenant.add_principal(&PrincipalId::member("m").unwrap()).unwrap();
        sealed.push((id, tenant.field("member.name").unwrap().seal(1, "x").unwrap()));
    }
    let derived = keys.tenant("derived").unwrap().field("member.name").unwrap();
    sealed.push(("derived".to_owned(), derived.seal(1, "x").unwrap()));
    sealed
}

fn opens(keys: &Keyring, sealed: &[(String, Vec<u8>)]) -> Result<(), Error> {
    for (id, cell) in sealed {
        keys.tenant(id.as_str())?.field("member.name")?.open(1, cell)?;
    }
    keys.tenant_by_alias("ww1")?;
    keys.policy()?;
    keys.key_list()?;
    keys.rotate_seed().map(drop)
}

#[test]
fn everything_moves_to_another_kek_and_the_old_one_opens_nothing() {
    let store: Arc<dyn RecordStore> = Arc::new(MemoryStore::new());
    let (old, new) = (kek(), Kek::generate().unwrap());
    let keys = Keyring::over(&old, store.clone(), &options(Suite::default())).unwrap();
    let sealed = fill(&keys, 40);
    let before = keys.records().unwrap();
    let mut seen = Vec::new();
    keys.rotate_kek(&new, |progress| {
        seen.push((progress.seen, progress.rewrapped));
        ControlFlow::Continue(())
    })
    .unwrap();
    let (entries, rewrapped) = *seen.last().unwrap();
    assert_eq!(entries, u64::try_from(store.scan(&[], &[], 10_000).unwrap().len()).unwrap());
    // Derived records are under their seed, and the entry that names the KEK was there first.
    assert_eq!(rewrapped, entries - 3);
    opens(&keys, &sealed).unwrap();
    let after = keys.records().unwrap();
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.commitment(), after.commitment());
        assert_eq!(before.to_bytes() == after.to_bytes(), !before.is_shreddable(), "another wrapping");
    }
    let again = Keyring::over(&new, store.clone(), &options(Suite::default())).unwrap();
    opens(&again, &sealed).unwrap();
    assert_eq!(Keyring::over(&old, store, &options(Suite::default())).err(), Some(Error::UnknownKek));
}

#[test]
fn a_rotation_that_stopped_anywhere_goes_on() {
    // Some more than two batches, so that it stops between them.
    let store: Arc<dyn RecordStore> = Arc::new(MemoryStore::new());
    let (old, new) = (kek(), Kek::generate().unwrap());
    let keys = Keyring::over(&old, store.clone(), &options(Suite::default())).unwrap();
    let sealed = fill(&keys, 3_000);
    let mut calls = 0;
    let stopped = keys.rotate_kek(&new, |_| {
        calls += 1;
        if calls == 1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(stopped, Err(Error::Interrupted));
    let both = |current: &Kek, older: &Kek| {
        let options = options(Suite::default()).older_kek(older).unwrap();
        Keyring::over(current, store.clone(), &options).unwrap()
    };
    // Whichever of the two a process takes for the current one, it wraps under the new one.
    for keys in [both(&new, &old), both(&old, &new)] {
        opens(&keys, &sealed).unwrap();
    }
    let late = both(&old, &new).create_tenant("late").unwrap().field("member.name").unwrap();
    let late = ("late".to_owned(), late.seal(1, "x").unwrap());
    assert_eq!(Keyring::over(&old, store.clone(), &options(Suite::default())).err(), Some(Error::UnknownKek));
    let keys = both(&new, &old);
    let mut last = 0;
    keys.rewrap(|progress| {
        last = progress.rewrapped;
        ControlFlow::Continue(())
    })
    .unwrap();
    assert!(last > 1_000 && last < 9_000, "{last}");
    keys.rewrap(|progress| {
        last = progress.rewrapped;
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(last, 0);
    let alone = Keyring::over(&new, store, &options(Suite::default())).unwrap();
    opens(&alone, &sealed).unwrap();
    opens(&alone, &[late]).unwrap();
}

#[test]
fn a_process_without_the_new_kek_makes_nothing_that_would_be_lost() {
    let store: Arc<dyn RecordStore> = Arc::new(MemoryStore::new());
    let keys = |options: &KeyringOptions| Keyring::over(&kek(), store.clone(), options).unwrap();
    let (one, two) = (keys(&options(Suite::default())), keys(&options(Suite::default())));
    one.create_tenant("t").unwrap();
    two.tenant("t").unwrap();
    one.rotate_kek(&Kek::generate().unwrap(), go_on).unwrap();
    assert_eq!(two.create_tenant("u").err(), Some(Error::UnknownKek));
    assert_eq!(two.rotate_tenant("t").err(), Some(Error::UnknownKek));
    // Nor does it say that it is well, while what it knows by heart goes on.
    assert_eq!(two.reload().err(), Some(Error::UnknownKek));
    assert_eq!(two.tenant("t").err(), Some(Error::UnknownKek));
    assert_eq!(one.reload(), Ok(()));
    assert!(one.tenant("t").is_ok() && one.create_tenant("u").is_ok());
}

#[test]
fn an_entry_that_does_not_open_stays_as_it_is_and_is_told() {
    let store: Arc<dyn RecordStore> = Arc::new(MemoryStore::new());
    let keys = Keyring::over(&kek(), store.clone(), &options(Suite::default())).unwrap();
    keys.create_tenant("good").unwrap();
    keys.create_tenant("spoilt").unwrap();
    let mut entry = store.scan(&[1, 6], &[], 1).unwrap().remove(0);
    let good = entry.clone();
    *entry.bytes.last_mut().unwrap() ^= 1;
    store.begin().unwrap().commit(&[tenantseal::tenant::Change::Put(entry.clone())], b"").unwrap();
    let new = Kek::generate().unwrap();
    assert_eq!(keys.rotate_kek(&new, go_on), Err(Error::Open));
    assert_eq!(store.get(&entry.name).unwrap().unwrap(), entry.bytes);
    assert!(keys.tenant("good").is_ok());
    store.begin().unwrap().commit(&[tenantseal::tenant::Change::Put(good)], b"").unwrap();
    keys.rewrap(go_on).unwrap();
    assert!(Keyring::over(&new, store, &options(Suite::default())).unwrap().tenant("spoilt").is_ok());
}

#[test]
fn a_key_file_gets_another_kek_and_open_keyrings_follow() {
    for suite in Suite::ALL {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.ts");
        let keys = Keyring::create_with(&path, &passphrase(), &options(*suite)).unwrap();
        let sealed = fill(&keys, 5);
        let other = Keyring::open_with(&path, &passphrase(), &options(*suite)).unwrap();
        let old = fs::read(&path).unwrap();
        let mut last = 0;
        keys.rotate_kek(&Kek::generate().unwrap(), |progress| {
            last = progress.seen;
            ControlFlow::Continue(())
        })
        .unwrap();
        assert!(last > 15);
        opens(&keys, &sealed).unwrap();
        other.reload().unwrap();
        opens(&other, &sealed).unwrap();
        other.create_tenant("late").unwrap();
        keys.reload().unwrap();
        assert!(keys.tenant("late").is_ok());
        let again = Keyring::open_with(&path, &passphrase(), &options(*suite)).unwrap();
        opens(&again, &sealed).unwrap();
        let new = fs::read(&path).unwrap();
        assert_eq!(old[..35], new[..35], "the same passphrase and salt");
        assert_ne!(old[35..75], new[35..75], "another KEK");
    }
}

#[test]
fn a_rotation_of_a_file_that_is_stopped_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.ts");
    let keys = Keyring::create_with(&path, &passphrase(), &options(Suite::default())).unwrap();
    let sealed = fill(&keys, 5);
    let before = fs::read(&path).unwrap();
    let stopped = keys.rotate_kek(&Kek::generate().unwrap(), |progress| {
        if progress.seen == 7 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert_eq!(stopped, Err(Error::Interrupted));
    // There is nothing to go on with, and nobody is told that it went on.
    assert_eq!(keys.rewrap(go_on), Err(Error::WrongStore));
    assert_eq!(fs::read(&path).unwrap(), before);
    opens(&keys, &sealed).unwrap();
    keys.rotate_kek(&Kek::generate().unwrap(), go_on).unwrap();
    assert_eq!(keys.rewrap(go_on), Err(Error::WrongStore), "none is left behind");
    assert_ne!(fs::read(&path).unwrap()[35..75], before[35..75]);
    opens(&keys, &sealed).unwrap();
}

#[test]
fn another_passphrase_is_another_kek() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.ts");
    let keys = Keyring::create_with(&path, &passphrase(), &options(Suite::default())).unwrap();
    let sealed = fill(&keys, 5);
    let other = Keyring::open_with(&path, &passphrase(), &options(Suite::default())).unwrap();
    let new = Passphrase::try_from("staple battery horse correct").unwrap();
    assert_eq!(keys.change_passphrase(&Passphrase::try_from("short").unwrap()).err(), Some(Error::Value));
    keys.change_passphrase(&new).unwrap();
    opens(&keys, &sealed).unwrap();
    assert_eq!(other.reload().err(), Some(Error::Passphrase));
    let reopen = |passphrase: &Passphrase| Keyring::open_with(&path, passphrase, &options(Suite::default()));
    assert_eq!(reopen(&passphrase()).err(), Some(Error::Passphrase));
    opens(&reopen(&new).unwrap(), &sealed).unwrap();
    let in_memory = Keyring::in_memory(&kek()).unwrap();
    assert_eq!(in_memory.change_passphrase(&new).err(), Some(Error::WrongStore));
}

#[test]
fn a_derived_tenant_opens_from_its_records_alone_and_is_not_shreddable() {
    let store: Arc<dyn RecordStore> = Arc::new(MemoryStore::new());
    let keys = Keyring::over(&kek(), store.clone(), &options(Suite::default())).unwrap();
    keys.install_policy(policy()).unwrap();
    assert_eq!(keys.create_derived_tenant("d").err(), Some(Error::UnknownKey), "no seed yet");
    assert_eq!(keys.rotate_seed(), Ok(1));
    let derived = keys.create_derived_tenant("d").unwrap();
    assert_eq!(derived.is_shreddable(), Ok(false));
    assert_eq!(keys.create_tenant("r").unwrap().is_shreddable(), Ok(true));
    assert_eq!(keys.create_derived_tenant("r").err(), Some(Error::AlreadyExists));
    let sealed = derived.field("member.name").unwrap().seal(1, "x").unwrap();
    assert_eq!(keys.rotate_seed(), Ok(2));
    keys.rotate_tenant("d").unwrap();
    let later = derived.field("member.name").unwrap().seal(2, "y").unwrap();
    let all = keys.records().unwrap();
    let records: Vec<Vec<u8>> =
        all.iter().filter(|r| r.tenant().as_bytes() == b"d").map(Record::to_bytes).collect();
    assert_eq!(records.len(), 3);
    let worker = Keyring::over(&kek(), store, &options(Suite::default())).unwrap();
    let tenant = worker.tenant_from_records(&records).unwrap();
    let name = tenant.field("member.name").unwrap();
    assert_eq!(name.open(1, &sealed).unwrap().text(), Ok("x"));
    assert_eq!(name.open(2, &later).unwrap().text(), Ok("y"));
    for (position, record) in records.iter().enumerate() {
        for altered in crate::fixture::alterations(record) {
            let mut set = records.clone();
            set[position] = altered;
            assert!(worker.tenant_from_records(&set).is_err());
        }
    }
    assert_eq!(worker.tenant_from_records(&[] as &[&[u8]]).err(), Some(Error::UnknownTenant));
    let mixed: Vec<Vec<u8>> = all.iter().map(Record::to_bytes).collect();
    assert_eq!(worker.tenant_from_records(&mixed).err(), Some(Error::Malformed));
    keys.suspend_tenant("d", Some(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1))).unwrap();
    assert_eq!(keys.shred_tenant("d", &NoGrants).err(), Some(Error::NotShreddable));
    // It stands in nobody's way.
    for id in ["c", "e"] {
        keys.create_tenant(id).unwrap();
        keys.suspend_tenant(id, Some(std::time::UNIX_EPOCH)).unwrap();
    }
    let due = keys.tenants_due(std::time::SystemTime::now()).unwrap();
    assert_eq!(due.iter().map(TenantId::as_bytes).collect::<Vec<_>>(), [b"c", b"e"]);
    keys.restore_tenant("d").unwrap();
    assert!(name.open(1, &sealed).is_ok(), "nothing was destroyed");
}

#[test]
fn receipts_verify_after_every_rotation() {
    let store: Arc<dyn RecordStore> = Arc::new(MemoryStore::new());
    let keys = Keyring::over(&kek(), store, &options(Suite::default())).unwrap();
    keys.create_tenant("t").unwrap();
    keys.suspend_tenant("t", Some(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1))).unwrap();
    let receipt = keys.shred_tenant("t", &NoGrants).unwrap();
    let first = keys.key_list().unwrap();
    assert_eq!(first.keys().len(), 1);
    assert!(Receipt::verify(&receipt, &first).is_ok());
    keys.rotate_signing_key(SigningPurpose::Receipt).unwrap();
    keys.rotate_kek(&Kek::generate().unwrap(), go_on).unwrap();
    let key = keys.rotate_signing_key(SigningPurpose::Receipt).unwrap();
    keys.rotate_signing_key(SigningPurpose::Grant).unwrap();
    let list = keys.key_list().unwrap();
    assert_eq!((key.number(), list.keys().len()), (3, 4));
    assert!(list.keys().contains(&key));
    assert_eq!(KeyList::parse(&list.to_bytes()), Ok(list.clone()));
    assert!(Receipt::verify(&receipt, &list).is_ok());
    let followed = first.follow(&list).unwrap();
    assert_eq!(followed.keys().len(), 3, "nothing vouches for the key of another purpose");
    assert!(Receipt::verify(&receipt, &followed).is_ok());
    assert_eq!(list.follow(&first), Err(Error::Open), "an older list");
    let stranger = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
    stranger.rotate_signing_key(SigningPurpose::Receipt).unwrap();
    let others = stranger.key_list().unwrap();
    assert_eq!(Receipt::verify(&receipt, &others).err(), Some(Error::UnknownKey));
    assert_eq!(first.follow(&others), Err(Error::Open));
    let bytes = list.to_bytes();
    let mut count = 0;
    for altered in crate::fixture::alterations(&bytes) {
        assert!(KeyList::parse(&altered).is_err());
        count += 1;
    }
    println!("{count} alterations of a key list, 0 accepted");
    let mut count = 0;
    for altered in crate::fixture::alterations(&receipt) {
        assert!(Receipt::verify(&altered, &list).is_err());
        count += 1;
    }
    println!("{count} alterations of a receipt of {} bytes, 0 accepted", receipt.len());
}
