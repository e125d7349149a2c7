//! Records, aliases and life of tenants in memory.

use std::sync::Arc;

use tenantseal::{
    Error,
    tenant::{EventRecorder, Kek, KeyEvent, Keyring, KeyringOptions, Record, RootKind, Suite},
};

use crate::fixture::{alterations, kek, keyring, keyring_of, options, policy};

fn reopen(records: &[Vec<u8>]) -> Result<Keyring, Error> {
    let keys = Keyring::from_records(&kek(), records, &options(Suite::default()))?;
    keys.install_policy(policy())?;
    Ok(keys)
}

#[test]
fn every_alteration_of_a_record_is_refused() {
    for suite in Suite::ALL {
        let keys = keyring_of(*suite);
        keys.create_tenant("t-1001").unwrap();
        let sealed = keys.tenant("t-1001").unwrap().field("member.name").unwrap().seal(1, "x").unwrap();
        let records: Vec<Vec<u8>> = keys.records().unwrap().iter().map(Record::to_bytes).collect();
        let opens =
            |records: &[Vec<u8>]| reopen(records)?.tenant("t-1001")?.field("member.name")?.open(1, &sealed);
        assert!(opens(&records).is_ok());
        let mut count = 0;
        for (position, record) in records.iter().enumerate() {
            assert_eq!(Record::parse(record).unwrap().to_bytes(), *record);
            for altered in alterations(record) {
                let mut set = records.clone();
                set[position] = altered;
                assert!(opens(&set).is_err());
                count += 1;
            }
        }
        println!("{suite:?}: {count} alterations of a record, 0 accepted");
        assert!(count > 2_500);
    }
}

#[test]
fn a_record_of_one_tenant_is_none_of_another() {
    let keys = keyring();
    keys.create_tenant("aaaa").unwrap();
    keys.create_tenant("bbbb").unwrap();
    for record in keys.records().unwrap() {
        let bytes = record.to_bytes();
        let at = bytes.windows(4).position(|window| window == record.tenant().as_bytes()).unwrap();
        let mut renamed = bytes.clone();
        renamed[at..at + 4].copy_from_slice(b"cccc");
        assert_eq!(reopen(&[renamed]).unwrap().tenant("cccc").err(), Some(Error::Open));
    }
}

#[test]
fn another_kek_opens_nothing() {
    let keys = keyring();
    keys.create_tenant("t").unwrap();
    let records: Vec<Vec<u8>> = keys.records().unwrap().iter().map(Record::to_bytes).collect();
    let other = Kek::generate().unwrap();
    let refused = Keyring::from_records(&other, &records, &KeyringOptions::new());
    assert_eq!(refused.err(), Some(Error::UnknownKek));
    assert_eq!(Kek::from_bytes(&[0; 32]).err(), Some(Error::Value));
    assert_eq!(Kek::from_bytes(&[0xff; 32]).err(), Some(Error::Value));
    let key: [u8; 33] = core::array::from_fn(|at| u8::try_from(at).unwrap());
    for len in [0, 31, 33] {
        assert_eq!(Kek::try_from(&key[..len]).err(), Some(Error::Value), "{len}");
    }
    assert!(Kek::try_from(&key[..32]).is_ok());
}

#[test]
fn records_say_what_they_are() {
    let keys = keyring();
    keys.create_tenant("t").unwrap();
    keys.rotate_tenant("t").unwrap();
    let listed: Vec<_> =
        keys.records().unwrap().iter().map(|r| (r.kind(), r.generation().to_u32())).collect();
    assert_eq!(listed.len(), 3);
    for expected in [(RootKind::TenantRoot, 1), (RootKind::TenantRoot, 2), (RootKind::IndexRoot, 1)] {
        assert!(listed.contains(&expected));
    }
    assert!(keys.records().unwrap().iter().all(|record| record.created() > 1_700_000_000));
    let bytes = keys.records().unwrap()[0].to_bytes();
    assert_eq!(reopen(&[bytes.clone(), bytes]).err(), Some(Error::AlreadyExists));
}

#[test]
fn a_tenant_that_lacks_one_of_its_roots_does_not_open() {
    let keys = keyring();
    keys.create_tenant("t").unwrap();
    for record in keys.records().unwrap() {
        let alone = reopen(&[record.to_bytes()]).unwrap();
        assert_eq!(alone.tenant("t").err(), Some(Error::UnknownKey), "{:?} alone", record.kind());
    }
}

#[test]
fn the_two_roots_count_their_generations_apart() {
    let keys = keyring();
    keys.create_tenant("t").unwrap();
    assert_eq!(keys.rotate_tenant("t").unwrap().to_u32(), 2);
    assert_eq!(keys.rotate_tenant("t").unwrap().to_u32(), 3);
    assert_eq!(keys.rotate_index("t").unwrap().to_u32(), 2);
    assert_eq!(keys.rotate_tenant("t").unwrap().to_u32(), 4);
}

#[test]
fn each_field_of_a_record_that_is_not_of_this_format_is_told() {
    let keys = keyring();
    keys.create_tenant("t").unwrap();
    let good = keys.records().unwrap()[0].to_bytes();
    for (at, bytes, error) in [
        (0, &b"TSKS"[..], Error::Malformed),
        (4, &[2], Error::Unsupported),
        (5, &[3], Error::Unsupported),
        (6, &[2], Error::Unsupported),
        (7, &[2], Error::Unsupported),
        (8, &[1, 1], Error::Unsupported),
        (10, &[0; 4], Error::Malformed),
        (40, &[0; 2], Error::Malformed),
    ] {
        let mut bad = good.clone();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        assert_eq!(Record::parse(&bad).err(), Some(error), "byte {at}");
    }
    assert_eq!(Record::parse(&[&good[..], &[0]].concat()).err(), Some(Error::Malformed));
}

#[test]
fn no_two_roots_are_wrapped_under_one_nonce() {
    let keys = keyring();
    let mut nonces = std::collections::HashSet::new();
    for id in ["t-1", "t-2", "t-3"] {
        keys.create_tenant(id).unwrap();
    }
    for record in keys.records().unwrap() {
        let bytes = record.to_bytes();
        let at = 76 + record.tenant().as_bytes().len();
        assert!(nonces.insert(bytes[at..at + 24].to_vec()));
    }
}

#[test]
fn aliases_come_and_go_without_touching_keys() {
    let keys = keyring();
    let tenant = keys.create_tenant("t-1001").unwrap();
    let sealed = tenant.field("member.name").unwrap().seal(1, "张三").unwrap();
    keys.add_alias("ww1234567890abcdef", "t-1001").unwrap();
    keys.add_alias("wpXXXXXXXX", "t-1001").unwrap();
    assert_eq!(keys.add_alias("wpXXXXXXXX", "t-1001").err(), Some(Error::AlreadyExists));
    assert_eq!(keys.add_alias("wpYYYY", "nobody").err(), Some(Error::UnknownTenant));
    for alias in ["ww1234567890abcdef", "wpXXXXXXXX"] {
        let name = keys.tenant_by_alias(alias).unwrap().field("member.name").unwrap();
        assert_eq!(name.open(1, &sealed).unwrap().text().unwrap(), "张三");
    }
    assert_eq!(keys.tenant_by_alias("WW1234567890ABCDEF").err(), Some(Error::UnknownTenant));
    assert_eq!(keys.tenant("wpXXXXXXXX").err(), Some(Error::UnknownTenant), "an alias is no id");
    for (alias, error) in [(String::new(), Error::Value), ("w".repeat(129), Error::TooLong)] {
        assert_eq!(keys.add_alias(&alias, "t-1001").err(), Some(error));
    }
    keys.add_alias(&"w".repeat(128), "t-1001").unwrap();
    keys.remove_alias("wpXXXXXXXX").unwrap();
    assert_eq!(keys.tenant_by_alias("wpXXXXXXXX").err(), Some(Error::UnknownTenant));
    assert_eq!(keys.create_tenant("t-1001").err(), Some(Error::AlreadyExists));
}

#[test]
fn every_change_is_told_before_it_happens() {
    let recorder = Arc::new(EventRecorder::default());
    let options = KeyringOptions::new().event_sink(recorder.clone());
    let keys = Keyring::from_records(&kek(), core::iter::empty::<&[u8]>(), &options).unwrap();
    keys.create_tenant("t").unwrap();
    keys.rotate_tenant("t").unwrap();
    keys.rotate_index("t").unwrap();
    keys.add_alias("ww1", "t").unwrap();
    keys.remove_alias("ww1").unwrap();
    keys.install_policy(policy()).unwrap();
    assert_eq!(keys.create_tenant("t").err(), Some(Error::AlreadyExists));
    let events = recorder.events();
    assert_eq!(events.len(), 6, "and nothing for what did not happen");
    assert!(matches!(&events[0], KeyEvent::TenantCreated(id) if id.as_bytes() == b"t"));
    assert!(matches!(&events[1], KeyEvent::TenantRotated(_, generation) if generation.to_u32() == 2));
    assert!(matches!(&events[5], KeyEvent::PolicyInstalled(1)));
}
