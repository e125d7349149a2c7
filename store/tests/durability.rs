//! That keys in a database survive: kills at random points in SQLite and PostgreSQL, and in SQLite every system call failing
//! once, and power cuts. After each, everything acknowledged is there, and no shredding is claimed that was not done.
#![allow(clippy::panic, clippy::print_stdout, missing_docs, reason = "a panic is the report of a failure")]

#[path = "../../tests/durability/life.rs"]
mod life;

use core::ops::ControlFlow;
use std::{path::Path, sync::Arc, time::Duration};

use tenantseal::{
    Error,
    tenant::{Kek, Keyring, KeyringOptions, RecordStore},
};
use tenantseal_harness::{
    Fault, Faults, Kills, PowerCuts, Report, Scenario, Steps, seed, size, strace_is_available,
};
use tenantseal_store::SqliteRecords;

fn main() {
    let seed = seed();
    println!("durability: TENANTSEAL_SEED={seed}");
    tenantseal_harness::main(&scenarios(), |scenario| {
        let name = scenario.name;
        let tell = |found: Result<String, String>| {
            println!("{name}: {}", found.unwrap_or_else(|why| panic!("{name}: {why}")));
        };
        tell(Kills { rounds: size(100), seed }.run(scenario).map(|killed| killed.to_string()));
        if name == SQLITE && strace_is_available(&format!("{name}: faults and power cuts")) {
            // An unlock that fails makes SQLite wait for long.
            let faults = Faults { faults: Fault::ALL.to_vec(), spared: &["fcntl"] };
            tell(faults.run(scenario).map(|faulted| faulted.to_string()));
            // That a folder could not be flushed SQLite does not tell.
            let cuts = PowerCuts { states: size(2000), seed, flushes_fail: false };
            tell(cuts.run(scenario).map(|cut| cut.to_string()));
        }
    });
}

const SQLITE: &str = "sqlite-life";

fn scenarios() -> Vec<Scenario> {
    #[cfg_attr(not(feature = "postgres"), expect(unused_mut, reason = "there is one store then"))]
    let mut all = vec![Scenario {
        name: SQLITE,
        setup: |folder| before(folder).unwrap_or_else(|error| panic!("setup: {error}")),
        action: |folder, steps| {
            if let Ok(keys) = open(folder, &old()) {
                act(&keys, steps);
            }
        },
        check: |folder, report| check(open, folder, report),
        rebuilt: &["-shm"],
    }];
    #[cfg(feature = "postgres")]
    all.extend(postgres::scenario());
    all
}

fn before(folder: &Path) -> Result<(), Error> {
    life::before(&open(folder, &old())?, folder)
}

fn act(keys: &Keyring, steps: &mut Steps) {
    life::act(keys, &new(), steps);
    let _ = steps.run("afterwards", || keys.create_tenant("afterwards"));
}

fn check(
    open: fn(&Path, &Kek) -> Result<Keyring, Error>,
    folder: &Path,
    report: &Report,
) -> Result<(), String> {
    let told = |error: Error| format!("{error}");
    // With both KEKs everything opens, wherever the move from one to the other was cut off.
    let keys = open(folder, &old()).map_err(told)?;
    report.allows("afterwards", keys.tenant("afterwards").is_ok())?;
    life::check(&keys, folder, report)?;
    // A move that was begun is brought to its end, and one that was not is done now.
    keys.rotate_kek(&new(), |_| ControlFlow::Continue(())).map_err(told)?;
    life_goes_on(&keys).map_err(told)
}

fn life_goes_on(keys: &Keyring) -> Result<(), Error> {
    keys.create_tenant("after")?;
    keys.key_list().map(drop)
}

/// With one KEK as the current one and the other at hand.
fn over(store: Arc<dyn RecordStore>, kek: &Kek) -> Result<Keyring, Error> {
    let options = KeyringOptions::new().older_kek(&old())?.older_kek(&new())?;
    Keyring::over(kek, store, &options)
}

fn open(folder: &Path, kek: &Kek) -> Result<Keyring, Error> {
    over(Arc::new(SqliteRecords::open_with(folder.join("keys.db"), Duration::from_millis(20))?), kek)
}

fn old() -> Kek {
    kek(1)
}

fn new() -> Kek {
    kek(2)
}

fn kek(number: u8) -> Kek {
    let mut bytes = [number; Kek::LEN];
    bytes.iter_mut().zip(0..).for_each(|(byte, at)| *byte ^= at);
    Kek::from_bytes(&bytes).unwrap_or_else(|error| panic!("{error}"))
}

#[cfg(feature = "postgres")]
mod postgres {
    use std::{fs, process};

    use tenantseal_store::PostgresRecords;

    use super::*;

    /// A server's files are not in the folder: each run makes a schema of its own, and leaves its name there.
    pub(super) fn scenario() -> Option<Scenario> {
        if std::env::var_os("TENANTSEAL_POSTGRES").is_none() {
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "no PostgreSQL: run by scripts/postgres.sh"
            );
            println!("SKIPPED postgres-life: no PostgreSQL; run by scripts/postgres.sh");
            return None;
        }
        Some(Scenario {
            name: "postgres-life",
            setup: |_| {},
            action: |folder, steps| {
                let Ok(_made) = steps.run("begin", || begin(folder)) else { return };
                if let Ok(keys) = open(folder, &old()) {
                    act(&keys, steps);
                }
            },
            check: |folder, report| {
                if report.is_done("begin") { check(open, folder, report) } else { Ok(()) }
            },
            rebuilt: &[],
        })
    }

    fn begin(folder: &Path) -> Result<(), Error> {
        let schema = format!("life_{}", process::id());
        let server = server();
        let made = process::Command::new("psql")
            .args(["-q", "-d", &server, "-c"])
            .arg(format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}"))
            .stderr(process::Stdio::null())
            .status()?;
        assert!(made.success(), "psql");
        fs::write(folder.join("schema"), schema)?;
        life::before(&open(folder, &old())?, folder)
    }

    fn open(folder: &Path, kek: &Kek) -> Result<Keyring, Error> {
        let schema = fs::read_to_string(folder.join("schema"))?;
        let config = format!("{} options='-c search_path={schema}'", server());
        over(Arc::new(PostgresRecords::connect(&config)?), kek)
    }

    fn server() -> String {
        std::env::var("TENANTSEAL_POSTGRES").unwrap_or_else(|error| panic!("{error}"))
    }
}
