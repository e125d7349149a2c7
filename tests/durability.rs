//! That a key file survives: kills at random points, every system call failing once, and power cuts. After each it opens,
//! holds all that was acknowledged and nothing that was never asked for, and takes changes again.
#![allow(clippy::panic, clippy::print_stdout, missing_docs, reason = "a panic is the report of a failure")]

use core::ops::ControlFlow;
use std::{
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use tenantseal::{
    Error,
    tenant::{
        Generation, Kek, Keyring, KeyringOptions, NoGrants, Passphrase, PassphraseCost, Policy, PrincipalId,
        Receipt, Record, TenantState,
    },
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
                PowerCuts { states: size(5000), seed, flushes_fail: true }
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
            let _ = steps.run(name, || keys.install_policy(policy(*version)?));
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

const LEAVES: &str = "t-0";
const STAYS: &str = "t-1";
const HELD: &str = "t-2";
const NEW_KEK: &str = "another KEK";
const NEW_PASSPHRASE: &str = "another passphrase";
const SUSPEND: &str = "suspend";
const HOLD: &str = "hold";
const SHRED: &str = "shred";
const PRINCIPAL: &str = "add a principal";

/// Tenants with a cell each, one of which may be shredded.
fn before_life(folder: &Path) -> Result<(), Error> {
    let keys = make(folder)?;
    keys.install_policy(policy(1)?)?;
    for id in [LEAVES, STAYS, HELD] {
        let cell = keys.create_tenant(id)?.field("member.mobile")?.seal(1, "13800138000")?;
        std::fs::write(folder.join(id), cell)?;
    }
    keys.suspend_tenant(LEAVES, Some(UNIX_EPOCH + Duration::from_secs(1)))
}

fn live(folder: &Path, steps: &mut Steps) {
    let Ok(keys) = open(folder) else { return };
    let member = PrincipalId::member("m");
    let _ = steps.run(PRINCIPAL, || keys.tenant(HELD)?.add_principal(&member?));
    let _ = steps.run(NEW_KEK, || keys.rotate_kek(&Kek::generate()?, |_| ControlFlow::Continue(())));
    let _ = steps.run(SHRED, || keys.shred_tenant(LEAVES, &NoGrants));
    let _ = steps.run(HOLD, || keys.hold_tenant(HELD));
    let _ = steps.run(NEW_PASSPHRASE, || keys.change_passphrase(&Passphrase::try_from(LATER)?));
    let _ = steps.run(SUSPEND, || keys.suspend_tenant(STAYS, None));
}

fn check_life(folder: &Path, report: &Report) -> Result<(), String> {
    let told = |error: Error| format!("{error}");
    let keys = match (open(folder), report.is_started(NEW_PASSPHRASE)) {
        (Err(Error::Passphrase), true) => {
            Keyring::open(folder.join("keys.ts"), &Passphrase::try_from(LATER).map_err(told)?)
                .map_err(|error| format!("it opens under neither passphrase: {error}"))?
        }
        (keys, _) => {
            report.allows(NEW_PASSPHRASE, false)?;
            keys.map_err(|error| format!("the file does not open: {error}"))?
        }
    };
    let opens = |id: &str| {
        let cell = std::fs::read(folder.join(id))?;
        keys.tenant(id)?.field("member.mobile")?.open(1, cell).map(drop)
    };
    opens(HELD).map_err(|error| format!("lost: {HELD}: {error}"))?;
    report.allows(HOLD, keys.is_held(HELD).map_err(told)?)?;
    let member = PrincipalId::member("m").map_err(told)?;
    report.allows(PRINCIPAL, keys.tenant(HELD).and_then(|t| t.check_principal(&member)).is_ok())?;
    match opens(STAYS) {
        Ok(()) => report.allows(SUSPEND, false)?,
        Err(Error::Suspended) => report.allows(SUSPEND, true)?,
        Err(error) => return Err(format!("lost: {STAYS}: {error}")),
    }
    check_shred(folder, &keys, report)
}

/// The keys are there whole, or gone; and a receipt exists only if they are gone and storage was cleaned after them.
fn check_shred(folder: &Path, keys: &Keyring, report: &Report) -> Result<(), String> {
    let told = |error: Error| format!("the leaving tenant: {error}");
    let cell = std::fs::read(folder.join(LEAVES)).map_err(|error| error.to_string())?;
    let roots = || keys.records().map(|all| all.iter().any(|r| r.tenant().as_bytes() == LEAVES.as_bytes()));
    let state = keys.tenant_state(LEAVES).map_err(told)?;
    report.allows(SHRED, state == TenantState::Shredded)?;
    match state {
        TenantState::Suspended { .. } => {
            keys.restore_tenant(LEAVES).map_err(told)?;
            let field = keys.tenant(LEAVES).and_then(|tenant| tenant.field("member.mobile")).map_err(told)?;
            field.open(1, &cell).map_err(|error| format!("half destroyed: {error}"))?;
            keys.suspend_tenant(LEAVES, Some(UNIX_EPOCH + Duration::from_secs(1))).map_err(told)?;
        }
        TenantState::Shredding if keys.receipt(LEAVES).is_ok() => return Err("claimed too early".to_owned()),
        TenantState::Shredding | TenantState::Shredded if roots().map_err(told)? => {
            return Err("destroyed, and the roots are there".to_owned());
        }
        TenantState::Shredded if keys.receipt(LEAVES).is_err() => return Err("no receipt".to_owned()),
        _ => {}
    }
    // Whatever it was, it goes on from there.
    let receipt = keys.shred_tenant(LEAVES, &NoGrants).map_err(told)?;
    let receipt = keys.key_list().and_then(|list| Receipt::verify(&receipt, &list)).map_err(told)?;
    match keys.verify_shredded(&receipt, [&cell]).map_err(told)?.dead {
        1 => Ok(()),
        _ => Err("the receipt does not name the key of the cell".to_owned()),
    }
}

fn make(folder: &Path) -> Result<Keyring, Error> {
    let options = KeyringOptions::new().passphrase_cost(PassphraseCost::INSECURE);
    Keyring::create_with(folder.join("keys.ts"), &passphrase()?, &options)
}

fn open(folder: &Path) -> Result<Keyring, Error> {
    Keyring::open(folder.join("keys.ts"), &passphrase()?)
}

const LATER: &str = "staple battery horse correct";

fn passphrase() -> Result<Passphrase, Error> {
    Passphrase::try_from("correct horse battery staple")
}

fn policy(version: u32) -> Result<Policy, Error> {
    let json = format!(
        r#"{{"tenantseal_policy": 1, "version": {version}, "fields": [
            {{"table": "member", "column": "mobile", "type": "text", "storage": "cell", "class": ["personal"],
              "bind": "row"}}]}}"#
    );
    Policy::from_json(json.as_bytes())
}
