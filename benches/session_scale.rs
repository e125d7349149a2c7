//! What many sessions cost: memory for each, and how fast datagrams go through them in turn. Prints a table; there is
//! nothing to compare it with in the same run but itself.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_precision_loss
)]

#[path = "session/world.rs"]
mod world;

use std::{fs, time::Instant};

use tenantseal::session::{Receiver, Sender};
use world::World;

const LEN: usize = 1400;
/// Datagrams of each measurement.
const DATAGRAMS: usize = 200_000;

fn main() {
    println!(
        "| sessions | handshakes/s, both sides | bytes of memory for both ends of one | datagrams of {LEN} bytes/s, sealed and opened |"
    );
    println!("|---:|---:|---:|---:|");
    // `cargo bench` passes arguments that are criterion's.
    for count in [1, 1_000, 100_000] {
        measure(count);
    }
}

fn measure(count: usize) {
    let mut world = World::new();
    let before = resident();
    let start = Instant::now();
    let mut sessions: Vec<(Sender, Receiver, Sender, Receiver)> = Vec::with_capacity(count);
    for _ in 0..count {
        let (mine, theirs) = world.handshake(false);
        let ((my_sender, my_receiver), (their_sender, their_receiver)) = (mine.split(), theirs.split());
        sessions.push((my_sender, my_receiver, their_sender, their_receiver));
    }
    let handshakes = count as f64 / start.elapsed().as_secs_f64();
    let memory = resident().saturating_sub(before) / count;

    let (plaintext, mut packet) = ([0; LEN], Vec::new());
    let start = Instant::now();
    for number in 0..DATAGRAMS {
        // Far from each other, so that what one session has is not at hand for the next.
        let (sender, .., receiver) = &mut sessions[number.wrapping_mul(7919) % count];
        sender.seal(&plaintext, &mut packet).unwrap();
        receiver.open(&mut packet).unwrap();
    }
    let datagrams = DATAGRAMS as f64 / start.elapsed().as_secs_f64();
    println!("| {count} | {handshakes:.0} | {memory} | {datagrams:.0} |");
}

/// What the process has in memory, in bytes.
fn resident() -> usize {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}
