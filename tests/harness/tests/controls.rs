//! That the harness finds what it is for: programs that keep two numbers in a file, one with care and the others each
//! with a fault that is known to lose data. A fault that is not found fails this test.
#![allow(clippy::panic, clippy::print_stdout, missing_docs, reason = "a panic is the report of a failure")]

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::FileExt as _,
    path::Path,
};

use tenantseal_harness::{
    Fault, Faults, Kills, PowerCuts, Report, Scenario, Steps, seed, strace_is_available,
};

const STEPS: u64 = 6;
const SIZE: usize = 1500;

fn main() {
    let seed = seed();
    println!("controls: TENANTSEAL_SEED={seed}");
    tenantseal_harness::main(&SCENARIOS.map(|(scenario, _)| scenario), |scenario| {
        let expected =
            SCENARIOS.iter().find(|(other, _)| other.name == scenario.name).map(|(_, found)| *found);
        let expected = expected.unwrap_or_default();
        let kills = Kills { rounds: 60, seed }.run(scenario);
        tell(scenario, By::Kills, expected, kills.map(|done| done.to_string()));
        if strace_is_available(&format!("control {}: faults and power cuts", scenario.name)) {
            let faults = Faults { faults: Fault::ALL.to_vec(), spared: &[] }.run(scenario);
            // One thread does the same calls each time.
            assert_eq!(faults.as_ref().map_or(0, |done| done.misses), 0, "{}", scenario.name);
            tell(scenario, By::Faults, expected, faults.map(|done| done.to_string()));
            let cuts = PowerCuts { states: 1000, seed, flushes_fail: true }.run(scenario);
            tell(scenario, By::PowerCuts, expected, cuts.map(|done| done.to_string()));
        }
    });
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Faults,
    Kills,
    PowerCuts,
}

/// Each scenario, and by what it must be found out.
const SCENARIOS: [(Scenario, &[By]); 8] = [
    (scenario("careful", |folder, steps| replace(folder, steps, Care::ALL)), &[]),
    (
        scenario("no-file-sync", |folder, steps| replace(folder, steps, Care { file: false, ..Care::ALL })),
        &[By::PowerCuts],
    ),
    (
        scenario("no-folder-sync", |folder, steps| {
            replace(folder, steps, Care { folder: false, ..Care::ALL });
        }),
        &[By::PowerCuts],
    ),
    (
        scenario("sync-ignored", |folder, steps| replace(folder, steps, Care { errors: false, ..Care::ALL })),
        &[By::Faults, By::PowerCuts],
    ),
    (
        scenario("told-too-early", |folder, steps| {
            replace(folder, steps, Care { order: false, ..Care::ALL });
        }),
        &[By::Faults, By::Kills, By::PowerCuts],
    ),
    (scenario("in-place", in_place), &[By::Faults, By::PowerCuts]),
    (scenario("appended-unflushed", |folder, steps| append(folder, steps, false)), &[By::PowerCuts]),
    (scenario("appended", |folder, steps| append(folder, steps, true)), &[]),
];

const fn scenario(name: &'static str, action: fn(&Path, &mut Steps)) -> Scenario {
    Scenario { name, setup, action, check, rebuilt: &[] }
}

fn tell(scenario: &Scenario, by: By, expected: &[By], found: Result<String, String>) {
    match (expected.contains(&by), found) {
        (false, Ok(done)) => println!("{}, {by:?}: {done}", scenario.name),
        (false, Err(why)) if expected.is_empty() => panic!("{}, {by:?}: {why}", scenario.name),
        // Another way may find it too.
        (_, Err(why)) => println!("{}, {by:?}: found: {}", scenario.name, why.trim_end()),
        (true, Ok(done)) => panic!("{}, {by:?} did not find it: {done}", scenario.name),
    }
}

/// The number, and the number again at the end: a file of both halves is a whole one.
fn content(number: u64) -> Vec<u8> {
    let mut bytes = vec![b'.'; SIZE];
    let number = number.to_be_bytes();
    bytes.splice(..8, number);
    bytes.splice(SIZE - 8.., number);
    bytes
}

fn setup(folder: &Path) {
    fs::write(folder.join("number"), content(0)).unwrap_or_else(|error| panic!("setup: {error}"));
}

/// What was careless is not done, or not looked at.
#[derive(Clone, Copy)]
struct Care {
    file: bool,
    folder: bool,
    errors: bool,
    order: bool,
}

impl Care {
    const ALL: Self = Self { file: true, folder: true, errors: true, order: true };
}

fn replace(folder: &Path, steps: &mut Steps, care: Care) {
    for number in 1..=STEPS {
        let write = || -> io::Result<()> {
            let new = folder.join("number.new");
            let written = (|| {
                let mut file = File::create(&new)?;
                file.write_all(&content(number))?;
                if care.file { file.sync_all() } else { Ok(()) }
            })();
            if care.errors {
                written?;
            }
            fs::rename(&new, folder.join("number"))?;
            if care.folder { File::open(folder)?.sync_all() } else { Ok(()) }
        };
        let step = number.to_string();
        let done = if care.order {
            steps.run(&step, write)
        } else {
            let done = steps.run(&step, || Ok(()));
            std::thread::sleep(std::time::Duration::from_millis(2));
            done.and_then(|()| write())
        };
        if done.is_err() {
            return;
        }
    }
}

fn in_place(folder: &Path, steps: &mut Steps) {
    for number in 1..=STEPS {
        let write = || -> io::Result<()> {
            let file = OpenOptions::new().write(true).open(folder.join("number"))?;
            let bytes = content(number);
            let (front, back) = bytes.split_at(SIZE / 2);
            file.write_all_at(front, 0)?;
            file.write_all_at(back, front.len() as u64)?;
            file.sync_all()
        };
        if steps.run(&number.to_string(), write).is_err() {
            return;
        }
    }
}

/// A log of whole records, of which the last may be cut off: the check reads the last whole one.
fn append(folder: &Path, steps: &mut Steps, flushes: bool) {
    for number in 1..=STEPS {
        let write = || -> io::Result<()> {
            let mut file = OpenOptions::new().append(true).open(folder.join("number"))?;
            // Where an earlier write failed half-way.
            file.set_len(number * SIZE as u64)?;
            file.write_all(&content(number))?;
            if flushes { file.sync_data() } else { Ok(()) }
        };
        if steps.run(&number.to_string(), write).is_err() {
            return;
        }
    }
}

fn check(folder: &Path, report: &Report) -> Result<(), String> {
    let bytes = fs::read(folder.join("number")).map_err(|error| format!("no file: {error}"))?;
    let wholes: Vec<u64> = (0..=STEPS).filter(|number| holds(&bytes, *number)).collect();
    let number = wholes.last().ok_or_else(|| format!("a torn file of {} bytes", bytes.len()))?;
    for step in 1..=STEPS {
        let name = step.to_string();
        // A later number stands for the earlier ones.
        report.allows(&name, step <= *number)?;
    }
    Ok(())
}

fn holds(bytes: &[u8], number: u64) -> bool {
    bytes.chunks_exact(SIZE).any(|record| record == content(number))
}
