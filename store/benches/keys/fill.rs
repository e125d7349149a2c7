//! Tenants are made in memory, some at a time, and put into each database in large commits: one commit each, as
//! `create_tenant` does it, would wait for the disk a million times.

use core::ops::Range;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tenantseal::tenant::{Change, Kek, MemoryStore, Policy, RecordStore as _};

use crate::{Place, id, keyring, report::Report};

const CHUNK: usize = 10_000;

pub fn measure(places: &[Place], kek: &Kek, numbers: Range<u32>, report: &mut Report) {
    let mut spent = vec![Duration::ZERO; places.len()];
    for start in numbers.clone().step_by(CHUNK) {
        let end = numbers.end.min(start + CHUNK as u32);
        let changes = made(kek, start..end);
        for (place, spent) in places.iter().zip(&mut spent) {
            let begun = Instant::now();
            place.store.begin().unwrap().commit(&changes, b"filled").unwrap();
            *spent += begun.elapsed();
        }
    }
    let records = 2.0 * numbers.len() as f64;
    for (place, spent) in places.iter().zip(spent) {
        report.add("fill_records_per_s", place.name, numbers.end, records / spent.as_secs_f64());
    }
}

/// What a keyring of these tenants has stored. Its policy and the name of its KEK are with the first.
fn made(kek: &Kek, numbers: Range<u32>) -> Vec<Change> {
    let store = Arc::new(MemoryStore::new());
    let keys = keyring(kek, store.clone());
    if numbers.start == 0 {
        keys.install_policy(policy()).unwrap();
    }
    for number in numbers {
        keys.create_tenant(id(number).as_str()).unwrap();
    }
    store.scan(b"", b"", usize::MAX).unwrap().into_iter().map(Change::Put).collect()
}

pub fn policy() -> Policy {
    let json =
        br#"{"tenantseal_policy":1,"version":1,"fields":[{"table":"member","column":"mobile","type":"text",
        "storage":"cell","class":["personal"],"bind":"row"}]}"#;
    Policy::from_json(json).unwrap()
}
