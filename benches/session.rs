//! Datagrams, beside their floor and beside snow: as it ships, and with this build's primitives in it.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic
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

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use snows::{over_ours, shipped, snow_pair};
use world::World;

/// What a datagram of an Ethernet's 1,500 bytes holds at most, less what is below and around it.
const LEN: usize = 1400;

fn seal(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("session_seal_1400");
    group.throughput(Throughput::Bytes(LEN as u64));
    group.bench_function("floor", |b| {
        let gcm = floor::Gcm::new(&[7; 32]);
        let (mut buffer, mut n) = ([0; LEN], 0u64);
        b.iter(|| {
            n += 1;
            let mut nonce = [0; 12];
            nonce[4..].copy_from_slice(&n.to_be_bytes());
            gcm.seal(&nonce, &[], black_box(&mut buffer))
        });
    });
    let (sender, _) = World::new().handshake(false).0.split();
    group.bench_function("ours_in_place", |b| {
        let mut packet = [0; LEN + 32];
        b.iter(|| sender.seal_in_place(black_box(&mut packet)).unwrap());
    });
    group.bench_function("ours", |b| {
        let (plaintext, mut packet) = ([0; LEN], Vec::new());
        b.iter(|| sender.seal(black_box(&plaintext), &mut packet).unwrap());
    });
    for (name, builder) in [("snow", shipped as fn() -> _), ("snow_over_ours", over_ours)] {
        let (mut sender, _) = snow_pair(builder);
        group.bench_function(name, |b| {
            let (plaintext, mut message) = ([0; LEN], [0; LEN + 16]);
            b.iter(|| sender.write_message(black_box(&plaintext), &mut message).unwrap());
        });
    }
    group.finish();
}

/// How many packets are made at once, for as many to be opened on the clock.
const BATCH: u64 = 512;

/// The time that `open` takes for `count` packets that `seal` makes.
fn opened(count: u64, mut seal: impl FnMut() -> Vec<u8>, mut open: impl FnMut(&mut [u8])) -> Duration {
    let (mut time, mut left) = (Duration::ZERO, count);
    while left > 0 {
        let mut packets: Vec<_> = (0..left.min(BATCH)).map(|_| seal()).collect();
        let start = Instant::now();
        packets.iter_mut().for_each(|packet| open(packet));
        time += start.elapsed();
        left -= left.min(BATCH);
    }
    time
}

fn open(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("session_open_1400");
    group.throughput(Throughput::Bytes(LEN as u64));
    group.bench_function("floor", |b| {
        let gcm = floor::Gcm::new(&[7; 32]);
        b.iter_custom(|count| {
            let seal = || {
                let mut packet = vec![0; LEN + 16];
                let tag = gcm.seal(&[0; 12], &[], &mut packet[..LEN]);
                packet[LEN..].copy_from_slice(&tag);
                packet
            };
            opened(count, seal, |packet| {
                let (body, tag) = packet.split_last_chunk_mut().unwrap();
                assert!(gcm.open(&[0; 12], &[], body, tag));
            })
        });
    });
    let (mine, theirs) = World::new().handshake(false);
    let ((sender, _), (_, mut receiver)) = (mine.split(), theirs.split());
    group.bench_function("ours", |b| {
        b.iter_custom(|count| {
            let seal = || {
                let mut packet = Vec::new();
                sender.seal(&[0; LEN], &mut packet).unwrap();
                packet
            };
            opened(count, seal, |packet| {
                receiver.open(packet).unwrap();
            })
        });
    });
    // What it costs to find that a packet was there before: everything but the cipher.
    group.bench_function("ours_repeated", |b| {
        let mut packet = Vec::new();
        sender.seal(&[0; LEN], &mut packet).unwrap();
        receiver.open(&mut packet.clone()).unwrap();
        b.iter(|| receiver.open(black_box(&mut packet)).is_err());
    });
    for (name, builder) in [("snow", shipped as fn() -> _), ("snow_over_ours", over_ours)] {
        let (mut sender, mut receiver) = snow_pair(builder);
        group.bench_function(name, |b| {
            b.iter_custom(|count| {
                let seal = || {
                    let mut message = vec![0; LEN + 16];
                    sender.write_message(&[0; LEN], &mut message).unwrap();
                    message
                };
                let mut plaintext = [0; LEN + 16];
                opened(count, seal, |message| {
                    receiver.read_message(message, &mut plaintext).unwrap();
                })
            });
        });
    }
    group.finish();
}

fn config() -> Criterion {
    Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2))
}

criterion_group!(name = benches; config = config(); targets = seal, open);
criterion_main!(benches);
