//! What it takes to open a keyring, and to come to a tenant's keys: from the database, and from the cache.

use std::time::Instant;

use tenantseal::tenant::{Kek, RecordStore};

use crate::{Place, id, keyring, open, report::Report, shuffled, use_keys};

const OPENINGS: u32 = 21;
const LOOKUPS: usize = 2_000;

pub fn measure(places: &[Place], kek: &Kek, size: u32, report: &mut Report) {
    let mut times: Vec<Times> = places.iter().map(|_| Times::default()).collect();
    for _ in 0..OPENINGS {
        for (place, times) in places.iter().zip(&mut times) {
            let store = timed(&mut times.connect, || open(place.name, &place.spec));
            timed(&mut times.open, || keyring(kek, store.clone()));
        }
    }
    let ids: Vec<String> = shuffled(size).into_iter().take(2 * LOOKUPS).map(id).collect();
    let (ours, others) = ids.split_at(ids.len() / 2);
    let keyrings: Vec<_> = places.iter().map(|place| keyring(kek, place.store.clone())).collect();
    for (keys, place) in keyrings.iter().zip(places) {
        // The policy, and the connection.
        use_keys(keys, &others[0]);
        scan(&*place.store, &prefix(&others[0]));
    }
    for (id, other) in ours.iter().zip(others) {
        let prefix = prefix(other);
        for ((keys, place), times) in keyrings.iter().zip(places).zip(&mut times) {
            timed(&mut times.cold, || use_keys(keys, id));
            timed(&mut times.scan, || scan(&*place.store, &prefix));
        }
    }
    for id in ours {
        for (keys, times) in keyrings.iter().zip(&mut times) {
            timed(&mut times.cached, || use_keys(keys, id));
        }
    }
    for (place, times) in places.iter().zip(&mut times) {
        let mut add = |measure, times: &mut [f64], part| {
            report.add(measure, place.name, size, quantile(times, part));
        };
        add("connect_us", &mut times.connect, 0.5);
        add("open_us", &mut times.open, 0.5);
        add("scan_us", &mut times.scan, 0.5);
        add("cold_us", &mut times.cold, 0.5);
        add("cold_p99_us", &mut times.cold, 0.99);
        add("cached_us", &mut times.cached, 0.5);
        add("cached_p99_us", &mut times.cached, 0.99);
    }
}

/// Microseconds.
#[derive(Default)]
struct Times {
    connect: Vec<f64>,
    open: Vec<f64>,
    scan: Vec<f64>,
    cold: Vec<f64>,
    cached: Vec<f64>,
}

/// The floor of a lookup: its question to the database.
fn scan(store: &dyn RecordStore, prefix: &[u8]) {
    assert_eq!(store.scan(prefix, b"", 1_024).unwrap().len(), 2);
}

/// What the names of a tenant's records start with, FORMAT.md section 14.
fn prefix(id: &str) -> Vec<u8> {
    [&[1, id.len() as u8], id.as_bytes()].concat()
}

fn timed<T>(times: &mut Vec<f64>, act: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let value = act();
    times.push(begun.elapsed().as_secs_f64() * 1e6);
    value
}

fn quantile(times: &mut [f64], part: f64) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    // Invariant: `part` is below 1.
    #[allow(clippy::cast_sign_loss)]
    let index = (times.len() as f64 * part) as usize;
    times[index]
}
