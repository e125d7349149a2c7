//! What a process holds that has used many tenants: a process of its own for each figure, so that nothing else is in it.

use std::{env, fs, process::Command, time::Duration};

use tenantseal::tenant::{Keyring, KeyringOptions};

use crate::{Place, id, kek, open, report::Report, shuffled, use_keys};

/// The first argument of such a process.
pub const COMMAND: &str = "touch-tenants";

/// How many tenants are used, if there are as many: more than any cache here holds.
const TOUCHED: usize = 200_000;

pub fn measure(places: &[Place], round: u8, size: u32, report: &mut Report) {
    for place in places {
        for (capacity, measure) in [(8_192, "rss_8192_kib"), (65_536, "rss_65536_kib")] {
            let output = Command::new(env::current_exe().unwrap())
                .args([COMMAND, place.name, &size.to_string(), &capacity.to_string(), &round.to_string()])
                .env(SPEC, &place.spec)
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
            let figures = String::from_utf8(output.stdout).unwrap();
            let (before, after) = figures.trim().split_once(' ').unwrap();
            report.add(measure, place.name, size, after.parse().unwrap());
            if capacity == 8_192 {
                report.add("rss_before_kib", place.name, size, before.parse().unwrap());
            }
        }
    }
}

pub fn child(arguments: &[String]) {
    let [name, size, capacity, round] = arguments.as_array().unwrap();
    let store = open(name, &env::var(SPEC).unwrap());
    let options = KeyringOptions::new().cache(capacity.parse().unwrap(), Duration::from_secs(3_600));
    let keys = Keyring::over(&kek(round.parse().unwrap()), store, &options).unwrap();
    let mut numbers = shuffled(size.parse().unwrap());
    numbers.truncate(TOUCHED);
    numbers.shrink_to_fit();
    use_keys(&keys, &id(numbers[0]));
    let before = resident();
    numbers.iter().for_each(|number| use_keys(&keys, &id(*number)));
    println!("{before} {}", resident());
}

/// KiB of this process in memory.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Where such a process finds the database: a connection string has a password.
const SPEC: &str = "TENANTSEAL_BENCH_STORE";
