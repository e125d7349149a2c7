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
        EventRecorder, Kek, KeyEvent, Keyring, KeyringOptions, NoGrants, Policy, PrincipalId, Receipt,
        StorageAction,
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
