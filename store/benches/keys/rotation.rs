//! Moving everything to another KEK, beside its cryptography alone and beside the database alone.

use core::ops::ControlFlow;
use std::{sync::Arc, time::Instant};

use tenantseal::tenant::{Change, Kek, Keyring, KeyringOptions, MemoryStore, RecordStore};

use crate::{Place, fill::policy, floor, id, keyring, report::Report};

const RAW: u32 = 200_000;
/// How many tenants at most are in memory.
const IN_MEMORY: u32 = 100_000;
/// How many times as many records at most are changed by the database alone.
const PUT_BACK_BATCHES: usize = 25;
/// As many as a rotation takes at once.
const BATCH: usize = 4_096;

pub fn measure(places: &[Place], keks: [&Kek; 2], size: u32, report: &mut Report) {
    if size <= IN_MEMORY {
        let store: Arc<dyn RecordStore> = Arc::new(MemoryStore::new());
        let keys = keyring(keks[0], store.clone());
        keys.install_policy(policy()).unwrap();
        (0..size).for_each(|number| drop(keys.create_tenant(id(number).as_str()).unwrap()));
        rotate("memory", &store, keks, size, report);
    }
    for place in places {
        report.add("put_back_records_per_s", place.name, size, put_back(&*place.store));
        rotate(place.name, &place.store, keks, size, report);
    }
}

fn rotate(name: &'static str, store: &Arc<dyn RecordStore>, keks: [&Kek; 2], size: u32, report: &mut Report) {
    let raw = raw();
    let options = KeyringOptions::new().older_kek(keks[1]).unwrap();
    let keys = Keyring::over(keks[0], store.clone(), &options).unwrap();
    let mut rewrapped = 0;
    let begun = Instant::now();
    keys.rotate_kek(keks[1], |progress| {
        rewrapped = progress.rewrapped;
        ControlFlow::Continue(())
    })
    .unwrap();
    let ours = rewrapped as f64 / begun.elapsed().as_secs_f64();
    assert!(rewrapped >= 2 * u64::from(size));
    report.add("raw_records_per_s", name, size, raw);
    report.add("rotation_records_per_s", name, size, ours);
    report.add("rotation_ratio", name, size, ours / raw);
}

/// Unwrapping and wrapping alone: records per second.
fn raw() -> f64 {
    let begun = Instant::now();
    floor::rewrap(RAW);
    f64::from(RAW) / begun.elapsed().as_secs_f64()
}

/// Reading entries and changing them, in transactions of the same size, and back again: records per second.
fn put_back(store: &dyn RecordStore) -> f64 {
    let mut count = 0;
    let begun = Instant::now();
    for _ in 0..2 {
        let mut after = Vec::new();
        for _ in 0..PUT_BACK_BATCHES {
            let transaction = store.begin().unwrap();
            let mut entries = transaction.scan(b"", &after, BATCH).unwrap();
            let Some(last) = entries.last() else { break };
            after.clone_from(&last.name);
            count += entries.len();
            // As a nonce does, far from the end.
            entries
                .iter_mut()
                .for_each(|entry| entry.bytes.iter_mut().rev().skip(40).take(24).for_each(flip));
            let changes: Vec<Change> = entries.into_iter().map(Change::Put).collect();
            transaction.commit(&changes, b"put back").unwrap();
        }
    }
    count as f64 / begun.elapsed().as_secs_f64()
}

fn flip(byte: &mut u8) {
    *byte ^= 1;
}
