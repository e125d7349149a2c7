//! What version 1 of the formats of stores, receipts and key lists wrote once opens for ever.
//!
//! With `TENANTSEAL_BLESS=1` the file is written anew: only when something is added that was not there.

use std::{
    fs,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use serde_json::{Value, json};
use tenantseal::{
    Error,
    tenant::{
        Change, Entry, KeyEvent, KeyList, Keyring, KeyringOptions, MemoryStore, NoGrants, PrincipalId,
        PrincipalState, Receipt, Record, RecordStore, SigningPurpose, Suite, TenantState,
    },
};

use crate::fixture::{kek, options, passphrase, policy};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/life_v1.json");
const HELD_UNTIL: Duration = Duration::from_secs(2_000_000_000);

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/life_v1.json")).unwrap()
}

fn text<'v>(vector: &'v Value, key: &str) -> &'v str {
    vector[key].as_str().unwrap_or_else(|| panic!("no {key}"))
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every state and kind of entry there is. Returns cells of tenants that live, and one of the tenant that does not.
fn fill(keys: &Keyring) -> (Vec<Value>, Vec<u8>) {
    keys.install_policy(policy()).unwrap();
    keys.rotate_seed().unwrap();
    let mut cells = Vec::new();
    let mut seal = |id: &str| {
        let name = keys.tenant(id).unwrap().field("member.name").unwrap();
        cells.push(json!({"tenant": id, "bytes": hex(&name.seal(7, "张三").unwrap())}));
    };
    keys.create_tenant("active").unwrap();
    keys.create_derived_tenant("derived").unwrap();
    for id in ["active", "derived"] {
        seal(id);
        keys.rotate_tenant(id).unwrap();
        keys.rotate_index(id).unwrap();
        seal(id);
    }
    keys.add_alias("ww-active", "active").unwrap();
    let active = keys.tenant("active").unwrap();
    for id in ["here", "away", "gone"] {
        active.add_principal(&PrincipalId::member(id).unwrap()).unwrap();
    }
    active.suspend_principal(&PrincipalId::member("away").unwrap(), Some(UNIX_EPOCH + HELD_UNTIL)).unwrap();
    active.suspend_principal(&PrincipalId::member("gone").unwrap(), None).unwrap();
    active.remove_principal(&PrincipalId::member("gone").unwrap()).unwrap();
    keys.create_tenant("suspended").unwrap();
    keys.suspend_tenant("suspended", Some(UNIX_EPOCH + HELD_UNTIL)).unwrap();
    keys.hold_tenant("suspended").unwrap();
    let shredded = keys.create_tenant("shredded").unwrap().field("member.name").unwrap();
    let dead = shredded.seal(7, "李四").unwrap();
    keys.suspend_tenant("shredded", Some(UNIX_EPOCH + Duration::from_secs(1))).unwrap();
    keys.shred_tenant("shredded", &NoGrants).unwrap();
    keys.rotate_signing_key(SigningPurpose::Receipt).unwrap();
    keys.rotate_signing_key(SigningPurpose::Grant).unwrap();
    (cells, dead)
}

fn check(keys: &Keyring, vector: &Value) {
    assert_eq!(*keys.policy().unwrap(), policy());
    for cell in vector["cells"].as_array().unwrap() {
        let name = keys.tenant(text(cell, "tenant")).unwrap().field("member.name").unwrap();
        assert_eq!(name.open(7, bytes(text(cell, "bytes"))).unwrap().text(), Ok("张三"));
    }
    let active = keys.tenant_by_alias("ww-active").unwrap();
    assert_eq!(active.id().as_bytes(), b"active");
    assert_eq!(active.is_shreddable(), Ok(true));
    assert_eq!(keys.tenant("derived").unwrap().is_shreddable(), Ok(false));
    let until = Some(UNIX_EPOCH + HELD_UNTIL);
    for (id, state) in [
        ("here", PrincipalState::Active),
        ("away", PrincipalState::Suspended { until }),
        ("gone", PrincipalState::Removed),
    ] {
        assert_eq!(active.principal_state(&PrincipalId::member(id).unwrap()), Ok(state));
    }
    assert_eq!(keys.tenant_state("suspended"), Ok(TenantState::Suspended { until }));
    assert_eq!(keys.is_held("suspended"), Ok(true));
    assert_eq!(keys.tenant("suspended").err(), Some(Error::Suspended));
    assert_eq!(keys.tenant("shredded").err(), Some(Error::Shredded));
    let list = KeyList::parse(&bytes(text(vector, "key_list"))).unwrap();
    assert_eq!(keys.key_list(), Ok(list.clone()));
    assert_eq!(list.keys().len(), 3);
    let signed = bytes(text(vector, "receipt"));
    assert_eq!(keys.receipt("shredded"), Ok(signed.clone()));
    let receipt = Receipt::verify(&signed, &list).unwrap();
    let check = keys.verify_shredded(&receipt, [bytes(text(vector, "dead"))]).unwrap();
    assert_eq!((check.dead, receipt.roots().len()), (1, 2));
    // What is there goes on.
    assert_eq!(keys.rotate_signing_key(SigningPurpose::Receipt).unwrap().number(), 3);
    assert_eq!(keys.rotate_seed(), Ok(2));
}

fn over(vector: &Value) -> Keyring {
    let store = Arc::new(MemoryStore::new());
    let puts = vector["entries"].as_array().unwrap().iter().map(|entry| {
        Change::Put(Entry { name: bytes(text(entry, "name")), bytes: bytes(text(entry, "bytes")) })
    });
    store.begin().unwrap().commit(&puts.collect::<Vec<_>>(), b"").unwrap();
    Keyring::over(&kek(), store, &KeyringOptions::new()).unwrap()
}

#[test]
fn stores_files_receipts_and_lists_open() {
    if std::env::var_os("TENANTSEAL_BLESS").is_some() {
        fs::write(PATH, serde_json::to_string_pretty(&write()).unwrap() + "\n").unwrap();
        return;
    }
    let vectors = vectors();
    let mut checked = 0;
    for vector in vectors["suites"].as_array().unwrap() {
        if !Suite::ALL.iter().any(|suite| u64::from(suite.id()) == vector["suite"].as_u64().unwrap()) {
            println!("SKIPPED suite {}: not in this build", vector["suite"]);
            continue;
        }
        check(&over(&vector["store"]), &vector["store"]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.ts");
        fs::write(&path, bytes(text(&vector["file"], "file"))).unwrap();
        check(&Keyring::open(&path, &passphrase()).unwrap(), &vector["file"]);
        checked += 1;
    }
    assert_eq!(checked, Suite::ALL.len());
}

#[test]
fn events_have_the_bytes_that_they_had() {
    let events = vectors()["events"].clone();
    let events = events.as_array().unwrap();
    let now = every_event();
    assert_eq!(events.len(), now.len());
    for (event, now) in events.iter().zip(now) {
        assert_eq!(bytes(text(event, "bytes")), now.to_bytes(), "{now:?}");
        assert_eq!(KeyEvent::parse(&bytes(text(event, "bytes"))), Ok(now));
    }
}

#[test]
fn bytes_that_are_read_as_an_event_are_those_of_that_event() {
    let (mut refused, mut others) = (0, 0);
    for event in every_event() {
        for altered in crate::fixture::alterations(&event.to_bytes()) {
            match KeyEvent::parse(&altered) {
                Ok(other) => {
                    assert_eq!(other.to_bytes(), altered);
                    assert_ne!(other, event);
                    others += 1;
                }
                Err(Error::Malformed | Error::Unsupported) => refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
    }
    println!("{refused} alterations of an event refused, {others} are of another");
    assert!(refused > 5_000 && others > 500, "{refused} {others}");
    // Of a newer version.
    let mut newer = KeyEvent::SeedCreated(1).to_bytes();
    newer[26] = 18;
    assert_eq!(KeyEvent::parse(&newer), Err(Error::Unsupported));
    // A date beside a state that has none.
    let tenant = tenantseal::tenant::TenantId::try_from("t").unwrap();
    let id = PrincipalId::member("m").unwrap();
    let mut active =
        KeyEvent::PrincipalChanged(tenant.clone(), id.clone(), PrincipalState::Active).to_bytes();
    *active.last_mut().unwrap() = 1;
    assert_eq!(KeyEvent::parse(&active), Err(Error::Malformed));
    let none = KeyEvent::TenantSuspended(tenant, None);
    assert_eq!(KeyEvent::parse(&none.to_bytes()), Ok(none));
}

fn every_event() -> Vec<KeyEvent> {
    let tenant = || tenantseal::tenant::TenantId::try_from("t-1001").unwrap();
    let generation = 0x0102_0304u32.try_into().unwrap();
    let member = PrincipalId::service("s").unwrap();
    let until = Some(UNIX_EPOCH + Duration::from_secs(0x0001_0203_0405));
    vec![
        KeyEvent::AliasAdded(tenant()),
        KeyEvent::AliasRemoved(tenant()),
        KeyEvent::EntriesRewrapped(0x0102_0304_0506_0708),
        KeyEvent::HoldLifted(tenant()),
        KeyEvent::HoldPlaced(tenant()),
        KeyEvent::IndexRotated(tenant(), generation),
        KeyEvent::KekChanged([7; 16]),
        KeyEvent::PolicyInstalled(0x0102_0304),
        KeyEvent::PrincipalChanged(tenant(), member, PrincipalState::Suspended { until }),
        KeyEvent::SeedCreated(0x0102_0304),
        KeyEvent::SigningKeyCreated(SigningPurpose::Ticket, [8; 16]),
        KeyEvent::TenantCreated(tenant()),
        KeyEvent::TenantRestored(tenant()),
        KeyEvent::TenantRotated(tenant(), generation),
        KeyEvent::TenantShredded(tenant()),
        KeyEvent::TenantShredding(tenant()),
        KeyEvent::TenantSuspended(tenant(), Some(0x0102_0304_0506)),
    ]
}

fn write() -> Value {
    let mut suites = Vec::new();
    for suite in Suite::ALL {
        let store: Arc<dyn RecordStore> = Arc::new(MemoryStore::new());
        let keys = Keyring::over(&kek(), store.clone(), &options(*suite)).unwrap();
        let (cells, dead) = fill(&keys);
        let entries = store.scan(&[], &[], 1_000).unwrap();
        let entries: Vec<Value> = entries
            .iter()
            .map(|entry| json!({"name": hex(&entry.name), "bytes": hex(&entry.bytes)}))
            .collect();
        let both = |keys: &Keyring, cells: Vec<Value>, dead: &[u8]| {
            json!({
                "cells": cells,
                "dead": hex(dead),
                "key_list": hex(&keys.key_list().unwrap().to_bytes()),
                "receipt": hex(&keys.receipt("shredded").unwrap()),
            })
        };
        let mut of_store = both(&keys, cells, &dead);
        of_store["entries"] = entries.into();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.ts");
        let keys = Keyring::create_with(&path, &passphrase(), &options(*suite)).unwrap();
        let (cells, dead) = fill(&keys);
        let mut of_file = both(&keys, cells, &dead);
        of_file["file"] = hex(&fs::read(&path).unwrap()).into();
        assert!(keys.records().unwrap().iter().any(|record: &Record| !record.is_shreddable()));
        suites.push(json!({"suite": suite.id(), "store": of_store, "file": of_file}));
    }
    let events: Vec<Value> = every_event()
        .iter()
        .map(|event| json!({"event": format!("{event:?}"), "bytes": hex(&event.to_bytes())}))
        .collect();
    json!({
        "about": "Made by this project, once; every later version opens them. Bytes in hexadecimal.",
        "suites": suites,
        "events": events,
    })
}
