//! Handshakes of both sides, in turn with what they are compared with, so that both meet the machine as it is at the moment.
//! Prints a table of ratios, each the median of its rounds.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::print_stdout
)]

#[path = "floor.rs"]
mod floor;
#[path = "session/resolver.rs"]
mod resolver;
#[path = "session/snow.rs"]
mod snows;
#[path = "session/world.rs"]
mod world;

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use snows::{over_ours, shipped, snow_pair};
use world::World;

const ROUNDS: usize = 400;
/// Handshakes of each in a round: some milliseconds.
const EACH: u32 = 10;

fn main() {
    let public = *resolver::Key::new(&[9; 32]).public();
    let mut floor = || keys_and_agreements(&public);
    let mut world = World::new();
    println!("| handshake of both sides, in turn | us | ratio |");
    println!("|---|---:|---:|");
    for (name, ik) in [("ours, IK, to the floor", true), ("ours, KK, to the floor", false)] {
        row(name, &mut || drop(world.handshake(ik)), &mut floor);
    }
    for (name, builder) in [
        ("snow as it ships, to ours, IK", shipped as fn() -> _),
        ("snow over our primitives, to ours, IK", over_ours),
    ] {
        row(name, &mut || drop(snow_pair(builder)), &mut || drop(world.handshake(true)));
    }
}

/// What a handshake of both sides cannot do without: two keys, and eight agreements.
fn keys_and_agreements(public: &[u8; 32]) {
    let [mine, theirs] = [(); 2].map(|()| {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret).unwrap();
        resolver::Key::new(&secret)
    });
    for _ in 0..4 {
        black_box(mine.agree(public));
        black_box(theirs.agree(public));
    }
}

fn row(name: &str, left: &mut dyn FnMut(), right: &mut dyn FnMut()) {
    let (mut times, mut ratios) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (left, right) = (time(left), time(right));
        times.push(left.as_secs_f64() * 1e6 / f64::from(EACH));
        ratios.push(left.as_secs_f64() / right.as_secs_f64());
    }
    println!("| {name} | {:.1} | {:.3} |", median(times), median(ratios));
}

fn time(run: &mut dyn FnMut()) -> Duration {
    let start = Instant::now();
    (0..EACH).for_each(|_| run());
    start.elapsed()
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of.get(of.len() / 2).copied().unwrap_or_default()
}
