//! A keyring over a database, from end to end: events in the change's own transaction, and nothing left of a shredded tenant.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use tenantseal::{
    Error,
    tenant::{
        Change, EventRecorder, Kek, KeyEvent, Keyring, KeyringOptions, NoGrants, Policy, PrincipalId,
        Receipt, RecordStore as _, StorageAction,
    },
};
use tenantseal_store::SqliteRecords;

const POLICY: &[u8] = br#"{"tenantseal_policy":1,"version":1,"fields":[
    {"table":"member","column":"name","type":"text","storage":"cell","class":["personal"],"bind":"row"}]}"#;

#[test]
fn each_event_is_kept_with_its_change() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteRecords::open(folder.path().join("keys.db")).unwrap());
    let recorder = Arc::new(EventRecorder::default());
    let options = KeyringOptions::new().event_sink(recorder.clone());
    let keys = Keyring::over(&Kek::generate().unwrap(), store.clone(), &options).unwrap();
    keys.install_policy(Policy::from_json(POLICY).unwrap()).unwrap();
    let tenant = keys.create_tenant("t").unwrap();
    tenant.add_principal(&PrincipalId::member("m").unwrap()).unwrap();
    assert!(keys.create_tenant("t").is_err(), "which leaves no event");
    keys.suspend_tenant("t", Some(UNIX_EPOCH + Duration::from_secs(1))).unwrap();
    keys.shred_tenant("t", &NoGrants).unwrap();
    let told: Vec<Vec<u8>> = recorder.events().iter().map(KeyEvent::to_bytes).collect();
    let kept = store.events(0, 100).unwrap();
    let read: Vec<KeyEvent> = kept.iter().map(|event| KeyEvent::parse(&event.bytes).unwrap()).collect();
    assert_eq!(read, recorder.events());
    assert_eq!(kept.iter().map(|event| event.bytes.clone()).collect::<Vec<_>>(), told);
    assert_eq!(kept.iter().map(|event| event.serial).collect::<Vec<_>>(), (1..=7).collect::<Vec<u64>>());
}

#[test]
fn a_kek_whose_bytes_were_kept_opens_the_store_in_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, path) = (folder.path().join("kek"), folder.path().join("keys.db"));
    fs::write(&secret, Kek::generate_bytes().unwrap().expose_secret()).unwrap();
    let run = || {
        let kek = Kek::try_from(fs::read(&secret).unwrap().as_slice()).unwrap();
        let store = Arc::new(SqliteRecords::open(&path).unwrap());
        Keyring::over(&kek, store, &KeyringOptions::new()).unwrap()
    };
    let first = run();
    first.install_policy(Policy::from_json(POLICY).unwrap()).unwrap();
    let name = first.create_tenant("t").unwrap().field("member.name").unwrap();
    let sealed = name.seal(1, "张三").unwrap();
    drop((first, name));
    let name = run().tenant("t").unwrap().field("member.name").unwrap();
    assert_eq!(name.open(1, &sealed).unwrap().text(), Ok("张三"));
    let (one, other) = (Kek::generate_bytes().unwrap(), Kek::generate_bytes().unwrap());
    assert_ne!(one.expose_secret(), other.expose_secret());
}

#[test]
fn a_keyring_is_copied_from_one_database_to_another_as_the_guide_says() {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| Arc::new(SqliteRecords::open(folder.path().join(name)).unwrap());
    let (from, to, kek) = (open("one.db"), open("two.db"), Kek::generate().unwrap());
    let keys = Keyring::over(&kek, from.clone(), &KeyringOptions::new()).unwrap();
    keys.install_policy(Policy::from_json(POLICY).unwrap()).unwrap();
    for number in 0..2_000 {
        keys.create_tenant(&format!("t-{number}")).unwrap();
    }
    let sealed = keys.tenant("t-7").unwrap().field("member.name").unwrap().seal(1, "张三").unwrap();
    keys.hold_tenant("t-8").unwrap();
    let mut after = Vec::new();
    loop {
        let page = from.scan(b"", &after, 1_000).unwrap();
        let Some(last) = page.last() else { break };
        after.clone_from(&last.name);
        let puts: Vec<Change> = page.into_iter().map(Change::Put).collect();
        to.begin().unwrap().commit(&puts, b"").unwrap();
    }
    let copied = Keyring::over(&kek, to, &KeyringOptions::new()).unwrap();
    assert_eq!(copied.tenant_ids(), keys.tenant_ids());
    assert_eq!(copied.is_held("t-8"), Ok(true));
    let name = copied.tenant("t-7").unwrap().field("member.name").unwrap();
    assert_eq!(name.open(1, &sealed).unwrap().text(), Ok("张三"));
}

#[test]
fn after_a_shred_nothing_is_left_in_the_files_or_in_a_backup_made_then() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    let kek = Kek::generate().unwrap();
    let open = |path: &Path| {
        Keyring::over(&kek, Arc::new(SqliteRecords::open(path).unwrap()), &KeyringOptions::new()).unwrap()
    };
    let keys = open(&path);
    keys.install_policy(Policy::from_json(POLICY).unwrap()).unwrap();
    // Enough for pages to be freed.
    for number in 0..200 {
        keys.create_tenant(format!("t-{number}").as_str()).unwrap();
    }
    let name = keys.tenant("t-7").unwrap().field("member.name").unwrap();
    let sealed = name.seal(1, "张三").unwrap();
    keys.rotate_tenant("t-7").unwrap();
    let records = keys.records().unwrap();
    let of_t7 = records.iter().filter(|record| record.tenant().as_bytes() == b"t-7");
    let wrapped: Vec<Vec<u8>> = of_t7.map(|record| record.to_bytes()[80..].to_vec()).collect();
    assert_eq!(wrapped.len(), 3);
    let left = || {
        let files = fs::read_dir(folder.path()).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
        let files: Vec<Vec<u8>> = files.collect();
        let holds = |root: &&Vec<u8>| {
            files.iter().any(|file| file.windows(root.len()).any(|at| at == root.as_slice()))
        };
        wrapped.iter().filter(holds).count()
    };
    assert_eq!(left(), 3, "the control");
    keys.suspend_tenant("t-7", Some(UNIX_EPOCH + Duration::from_secs(1))).unwrap();
    let receipt = keys.shred_tenant("t-7", &NoGrants).unwrap();
    assert_eq!(left(), 0);
    let receipt = Receipt::verify(&receipt, &keys.key_list().unwrap()).unwrap();
    assert!(receipt.storage_actions().contains(&StorageAction::LogTruncated));
    assert!(receipt.storage_actions().contains(&StorageAction::DatabaseRewritten));
    assert_eq!(keys.verify_shredded(&receipt, [&sealed]).unwrap().dead, 1);
    assert_eq!(name.open(1, &sealed).err(), Some(Error::Shredded));

    drop((keys, name));
    let backup = folder.path().join("backup.db");
    fs::copy(&path, &backup).unwrap();
    let restored = open(&backup);
    assert_eq!(restored.tenant("t-7").err(), Some(Error::Shredded));
    assert!(restored.tenant("t-8").is_ok());
    assert!(restored.records().unwrap().iter().all(|record| record.tenant().as_bytes() != b"t-7"));
}
