//! Keyrings of many tenants in a database: opening, lookups, memory, another KEK. `make bench-keys` runs it whole.
//!
//! `TENANTSEAL_TENANTS` is how many tenants there are in the end, 1,000 without it; what is measured is measured at each
//! power of ten on the way. `TENANTSEAL_CSV` is a file that gets each figure as soon as it is there. A PostgreSQL server is
//! what `scripts/postgres.sh run` starts; its database is filled and left so.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod fill;
#[path = "../../../benches/floor.rs"]
mod floor;
mod lookup;
mod memory;
mod report;
mod rotation;

use std::{env, path::Path, sync::Arc};

use tenantseal::tenant::{Kek, Keyring, KeyringOptions, RecordStore};
use tenantseal_store::SqliteRecords;

use report::Report;

const FIELD: &str = "member.mobile";

/// A database, and how another process opens it.
struct Place {
    name: &'static str,
    spec: String,
    store: Arc<dyn RecordStore>,
}

impl Place {
    fn open(name: &'static str, spec: String) -> Self {
        let store = open(name, &spec);
        assert_eq!(store.serial(), Ok(0), "{name} is not empty");
        Self { name, spec, store }
    }
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    if arguments.get(1).is_some_and(|argument| argument == memory::COMMAND) {
        return memory::child(&arguments[2..]);
    }
    let tenants = env::var("TENANTSEAL_TENANTS").map_or(1_000, |tenants| tenants.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut report = Report::new(env::var_os("TENANTSEAL_CSV").as_deref().map(Path::new));
    let mut places = vec![Place::open("SQLite", folder.path().join("keys.db").display().to_string())];
    match env::var("TENANTSEAL_POSTGRES") {
        Ok(config) if cfg!(feature = "postgres") => places.push(Place::open("PostgreSQL", config)),
        _ => println!(
            "SKIPPED PostgreSQL: it needs the feature postgres and what scripts/postgres.sh run starts"
        ),
    }

    let mut filled = 0;
    for (round, size) in (0..).zip(sizes(tenants)) {
        let kek = kek(round);
        if filled > 0 {
            // What the last rotation left behind is not for the next round to carry.
            places.iter().for_each(|place| drop(place.store.scrub().unwrap()));
        }
        fill::measure(&places, &kek, filled..size, &mut report);
        filled = size;
        lookup::measure(&places, &kek, size, &mut report);
        memory::measure(&places, round, size, &mut report);
        rotation::measure(&places, [&kek, &self::kek(round + 1)], size, &mut report);
        report.print();
    }
}

fn sizes(tenants: u32) -> Vec<u32> {
    let mut sizes: Vec<u32> = (3..9).map(|power| 10_u32.pow(power)).filter(|size| *size < tenants).collect();
    sizes.push(tenants);
    sizes
}

fn open(name: &str, spec: &str) -> Arc<dyn RecordStore> {
    #[cfg(feature = "postgres")]
    if name == "PostgreSQL" {
        // Whoever fills a table waits longer than a service.
        let options = tenantseal_store::PostgresOptions::new().deadline(core::time::Duration::from_secs(600));
        return Arc::new(tenantseal_store::PostgresRecords::connect_with(spec, options).unwrap());
    }
    assert_eq!(name, "SQLite");
    Arc::new(SqliteRecords::open(spec).unwrap())
}

/// The KEK of that round, in this process and in others.
fn kek(round: u8) -> Kek {
    Kek::from_bytes(&core::array::from_fn(|index| index as u8 ^ round)).unwrap()
}

fn id(number: u32) -> String {
    format!("t-{number:08}")
}

/// What a request of a tenant that may not be cached does first.
fn use_keys(keys: &Keyring, id: &str) {
    std::hint::black_box(keys.tenant(id).unwrap().field(FIELD).unwrap());
}

fn keyring(kek: &Kek, store: Arc<dyn RecordStore>) -> Keyring {
    Keyring::over(kek, store, &KeyringOptions::new()).unwrap()
}

/// All numbers below `count`, in an order that is the same each time.
fn shuffled(count: u32) -> Vec<u32> {
    let mut numbers: Vec<u32> = (0..count).collect();
    let mut state = 0_u64;
    for last in (1..numbers.len()).rev() {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        numbers.swap(last, (z ^ (z >> 31)) as usize % (last + 1));
    }
    numbers
}
