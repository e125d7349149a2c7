//! Holds other implementations of WeCom's callback format against this one. README.md says what is done.

#[cfg(feature = "allocations")]
mod allocations;
mod bench;
mod case;
mod check;
mod here;
mod linked;
mod ours;
mod peer;
mod wire;

use std::{env, process::ExitCode, sync::atomic::AtomicBool, thread, time::Instant};

use case::Case;
use peer::Peer;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["check", count, launchers @ ..] => check_all(count, launchers),
        ["bench", rounds, programs @ ..] => bench::run(rounds, programs),
        ["serve"] => ours::serve(),
        #[cfg(feature = "allocations")]
        ["allocations", label] => allocations::print(label),
        _ => {
            Err("usage: interop check N LAUNCHER... | bench ROUNDS LABEL=PROGRAM... LAUNCHER... | serve"
                .into())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("interop: {error}");
            ExitCode::FAILURE
        }
    }
}

fn check_all(count: &str, launchers: &[&str]) -> Result<(), String> {
    let count: u64 = count.parse().map_err(|_| format!("{count:?} is no number of messages"))?;
    let seed = tenantseal_harness::seed();
    println!("interop: TENANTSEAL_SEED={seed}, {count} messages");
    println!("{}", survey(seed, count)?);
    let mut peers = vec![Peer::linked()?];
    for launcher in launchers {
        peers.push(Peer::start(launcher)?);
    }
    let stop = AtomicBool::new(false);
    let outcomes: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = peers
            .iter_mut()
            .map(|peer| {
                scope.spawn(|| {
                    let start = Instant::now();
                    let outcome = check::run(peer, seed, count, &stop);
                    (
                        format!("{} {}, {}", peer.name, peer.version, peer.profile.language),
                        start.elapsed(),
                        outcome,
                    )
                })
            })
            .collect();
        running.into_iter().map(|peer| peer.join()).collect()
    });
    let mut failures = Vec::new();
    for outcome in outcomes {
        let (title, spent, outcome) = outcome.map_err(|_| "a peer's thread panicked")?;
        match outcome {
            Ok(counts) => print!("\n{title}: {} s\n{counts}", spent.as_secs()),
            Err(failure) => failures.push(failure),
        }
    }
    if failures.is_empty() {
        println!("\ninterop: {} peers and {count} messages agree", peers.len());
        return Ok(());
    }
    failures.push(format!("again: TENANTSEAL_SEED={seed} scripts/interop.sh {count}"));
    Err(failures.join("\ninterop: "))
}

/// What the messages are like. From 500 on all that is promised must be among them.
fn survey(seed: u64, count: u64) -> Result<String, String> {
    let (mut paddings, mut empty, mut most, mut no_id, mut altered, mut bytes) = ([0u64; 32], 0, 0, 0, 0, 0);
    for case in (0..count).map(|index| Case::new(seed, index)) {
        paddings[case.padding() - 1] += 1;
        empty += u64::from(case.text.is_empty());
        most += u64::from(case.text.len() == Case::MAX_TEXT);
        no_id += u64::from(case.receive_id.is_empty());
        altered += u64::from(case.altered.is_some());
        bytes += case.text.len();
    }
    let kinds = paddings.iter().filter(|count| **count > 0).count();
    if count >= 500 && (kinds < 32 || empty == 0 || most == 0 || no_id == 0 || altered == 0) {
        return Err("the messages do not have every padding and length".into());
    }
    Ok(format!(
        "messages: {bytes} bytes of text, {kinds} paddings, {empty} empty, {most} of 64 KiB, {no_id} without a \
         receiveid, {altered} altered"
    ))
}
