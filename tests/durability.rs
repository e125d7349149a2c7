//! That a key file survives: kills at random points, every system call failing once, and power cuts. After each it opens,
//! holds all that was acknowledged and nothing that was never asked for, and takes changes again.
#![allow(clippy::panic, clippy::print_stdout, missing_docs, reason = "a panic is the report of a failure")]

#[path = "durability/life.rs"]
mod life;

use std::path::Path;

use tenantseal::{
    Error,
    tenant::{Generation, Kek, Keyring, KeyringOptions, Passphrase, PassphraseCost, Record},
};
use tenantseal_harness::{
    Fault, Faults, Kills, PowerCuts, Report, Scenario, Steps, seed, size, strace_is_available,
};

fn main() {
    let seed = seed();
    println!("durability: TENANTSEAL_SEED={seed}");
    tenantseal_harness::main(&SCENARIOS, |scenario| {
        let name = scenario.name;
        let tell = |found: Result<String, String>| {
            println!("{name}: {}", found.unwrap_or_else(|why| panic!("{name}: {why}")));
        };
        tell(Kills { rounds: size(100), seed }.run(scenario).map(|killed| killed.to_string()));
        if strace_is_available(&format!("{name}: faults and power cuts")) {
            let faulted = Faults { faults: Fault::ALL.to_vec(), spared: &[] }.run(scenario);
            // One thread does the same calls each time.
            assert_eq!(faulted.as_ref().map_or(0, |faulted| faulted.misses), 0, "{name}");
            tell(faulted.map(|faulted| faulted.to_string()));
            tell(
                PowerCuts { states: size(3500), seed, flushes_fail: true }
                    .run(scenario)
                    .map(|cut| cut.to_string()),
            );
        }
    });
}

/// A scenario more is a line more.
const SCENARIOS: [Scenario; 3] = [
    Scenario {
        name: "key-file-create",
        setup: |_| {},
        action: create,
        check: |folder, report| check(folder, report, 0),
        rebuilt: &[],
    },
    Scenario {
        name: "key-file-change",
        setup: before,
        action: change,
        check: |folder, report| check(folder, report, TENANTS_BEFORE),
        rebuilt: &[],
    },
    Scenario {
        name: "key-file-life",
        setup: |folder| before_life(folder).unwrap_or_else(|error| panic!("setup: {error}")),
        action: live,
        check: check_life,
        rebuilt: &[],
    },
];

/// Enough for a file of many sectors.
const TENANTS_BEFORE: usize = 20;
const CREATE: &str = "create the file";
const POLICIES: [(u32, &str); 2] = [(1, "install policy 1"), (2, "install policy 2")];
const TENANTS: [&str; 3] = ["t-new-1", "t-new-2", "t-new-3"];
/// Each step that gives this tenant another root, in order.
const ROTATIONS: [&str; 3] = ["rotate to 2", "rotate to 3", "rotate to 4"];
const ROTATED: &str = "t-0";
const ALIAS: &str = "give an alias";

fn before(folder: &Path) {
    let made = make(folder).and_then(|keys| {
        for number in 0..TENANTS_BEFORE {
            keys.create_tenant(format!("t-{number}").as_str())?;
        }
        Ok(())
    });
    made.unwrap_or_else(|error| panic!("setup: {error}"));
}

fn create(folder: &Path, steps: &mut Steps) {
    let Ok(keys) = steps.run(CREATE, || make(folder)) else { return };
    changes(&keys, steps);
}

fn change(folder: &Path, steps: &mut Steps) {
    // What fails may be the opening.
    let Ok(keys) = open(folder) else { return };
    changes(&keys, steps);
}

/// A change that fails keeps none of the following from being tried.
fn changes(keys: &Keyring, steps: &mut Steps) {
    let has_before = keys.tenant(ROTATED).is_ok();
    let mut policies = POLICIES.iter();
    for (tenant, rotation) in TENANTS.into_iter().zip(ROTATIONS) {
        let _ = steps.run(tenant, || keys.create_tenant(tenant));
        if let Some((version, name)) = policies.next() {
            let _ = steps.run(name, || keys.install_policy(life::policy(*version)?));
        }
        if has_before {
            let _ = steps.run(rotation, || keys.rotate_tenant(ROTATED));
        }
    }
    let [first, ..] = TENANTS;
    let _ = steps.run(ALIAS, || keys.add_alias("alias", first));
}

fn check(folder: &Path, report: &Report, before: usize) -> Result<(), String> {
    let told = |error: Error| format!("{error}");
    let keys = match open(folder) {
        Ok(keys) => keys,
        Err(Error::Io(std::io::ErrorKind::NotFound)) if before == 0 => {
            report.allows(CREATE, false)?;
            // And nothing that is left stands in its way.
            make(folder).map_err(told)?
        }
        Err(error) => return Err(format!("the file does not open: {error}")),
    };
    for number in 0..before {
        keys.tenant(format!("t-{number}").as_str()).map_err(|error| format!("lost: t-{number}: {error}"))?;
    }
    let mut count = before;
    for name in TENANTS {
        let tenant = keys.tenant(name);
        report.allows(name, tenant.is_ok())?;
        count += usize::from(tenant.is_ok());
    }
    let found = keys.tenant_ids().map_err(told)?.len();
    if found != count {
        return Err(format!("{found} tenants, and {count} are known"));
    }
    let version = keys.policy().map_or(0, |policy| policy.version());
    for (number, name) in POLICIES {
        report.allows(name, number <= version).or_else(|why| {
            // A later one stands for an earlier one that was told as failed.
            if number < version { Ok(()) } else { Err(why) }
        })?;
    }
    if before > 0 {
        check_rotations(&keys, report)?;
    }
    report.allows(ALIAS, keys.tenant_by_alias("alias").is_ok())?;
    // It is a file that one can go on with.
    keys.create_tenant("t-after").map_err(|error| format!("no change is possible after: {error}"))?;
    open(folder).and_then(|keys| keys.tenant("t-after")).map_err(told)?;
    Ok(())
}

/// A rotation that was told as failed may have happened, so each adds one, and those acknowledged add at least theirs.
fn check_rotations(keys: &Keyring, report: &Report) -> Result<(), String> {
    let records = keys.records().map_err(|error| format!("the records: {error}"))?;
    let newest = records
        .iter()
        .filter(|record| record.tenant().as_bytes() == ROTATED.as_bytes())
        .map(Record::generation)
        .max()
        .map_or(0, Generation::to_u32);
    let count = |told: &dyn Fn(&str) -> bool| ROTATIONS.iter().filter(|name| told(name)).count();
    let (done, begun) = (count(&|name| report.is_done(name)), count(&|name| report.is_started(name)));
    let rotations = usize::try_from(newest).unwrap_or(0).saturating_sub(1);
    if (done..=begun).contains(&rotations) {
        return Ok(());
    }
    Err(format!("{rotations} rotations are there, {done} were acknowledged, {begun} begun"))
}

const NEW_PASSPHRASE: &str = "another passphrase";

fn before_life(folder: &Path) -> Result<(), Error> {
    life::before(&make(folder)?, folder)
}

fn live(folder: &Path, steps: &mut Steps) {
    let (Ok(keys), Ok(kek)) = (open(folder), Kek::generate()) else { return };
    life::act(&keys, &kek, steps);
    let _ = steps.run(NEW_PASSPHRASE, || keys.change_passphrase(&Passphrase::try_from(LATER)?));
    let _ = steps.run("afterwards", || keys.create_tenant("afterwards"));
}

fn check_life(folder: &Path, report: &Report) -> Result<(), String> {
    let later = || Keyring::open_with(folder.join("keys.ts"), &Passphrase::try_from(LATER)?, &options());
    let (keys, is_later) = match open(folder) {
        Err(Error::Passphrase) => (later(), true),
        keys => (keys, false),
    };
    let keys = keys.map_err(|error| format!("the file does not open: {error}"))?;
    report.allows(NEW_PASSPHRASE, is_later)?;
    report.allows("afterwards", keys.tenant("afterwards").is_ok())?;
    life::check(&keys, folder, report)
}

fn make(folder: &Path) -> Result<Keyring, Error> {
    Keyring::create_with(folder.join("keys.ts"), &passphrase()?, &options())
}

fn open(folder: &Path) -> Result<Keyring, Error> {
    Keyring::open_with(folder.join("keys.ts"), &passphrase()?, &options())
}

fn options() -> KeyringOptions {
    KeyringOptions::new().passphrase_cost(PassphraseCost::INSECURE)
}

const LATER: &str = "staple battery horse correct";

fn passphrase() -> Result<Passphrase, Error> {
    Passphrase::try_from("correct horse battery staple")
}
