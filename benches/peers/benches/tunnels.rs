//! Handshakes and datagrams of this library and of boringtun, in one run.
#[path = "../../session/world.rs"]
mod world;

use std::{
    hint::black_box,
    net::IpAddr,
    time::{Duration, Instant},
};

use boringtun::{
    noise::{Tunn, TunnResult},
    x25519::{PublicKey, StaticSecret},
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use world::World;

/// An IPv4 packet of that length, which is what the other one carries.
const LEN: usize = 1400;

fn packet() -> [u8; LEN] {
    let mut packet = [0; LEN];
    packet[0] = 0x45;
    packet[2..4].copy_from_slice(&(LEN as u16).to_be_bytes());
    packet
}

fn tunnels() -> (Tunn, Tunn) {
    let (left, right) = (StaticSecret::from([5; 32]), StaticSecret::from([6; 32]));
    let (left_public, right_public) = (PublicKey::from(&left), PublicKey::from(&right));
    (
        Tunn::new(left, right_public, Some([7; 32]), None, 1, None),
        Tunn::new(right, left_public, Some([7; 32]), None, 2, None),
    )
}

const SOURCE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));

fn tunnel_handshake(left: &mut Tunn, right: &mut Tunn) {
    let (mut a, mut b, mut c, mut d) = ([0; 300], [0; 300], [0; 300], [0; 300]);
    let TunnResult::WriteToNetwork(first) = left.format_handshake_initiation(&mut a, true) else { panic!() };
    let TunnResult::WriteToNetwork(answer) = right.decapsulate(SOURCE, first, &mut b) else { panic!() };
    let TunnResult::WriteToNetwork(confirmation) = left.decapsulate(SOURCE, answer, &mut c) else { panic!() };
    assert!(matches!(right.decapsulate(SOURCE, confirmation, &mut d), TunnResult::Done));
}

fn handshakes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("handshake");
    let mut ours = World::new();
    group.bench_function("ours", |b| b.iter(|| ours.handshake(false)));
    // It answers one peer 50 times in a second at most, so each has new ends, which are not measured.
    group.bench_function("boringtun", |b| {
        b.iter_custom(|count| {
            let mut time = Duration::ZERO;
            for _ in 0..count {
                let (mut left, mut right) = tunnels();
                let start = Instant::now();
                tunnel_handshake(&mut left, &mut right);
                time += start.elapsed();
            }
            time
        });
    });
    group.finish();
}

fn seal(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("seal_1400");
    group.throughput(Throughput::Bytes(LEN as u64));
    let packet = packet();
    let (sender, _) = World::new().handshake(false).0.split();
    group.bench_function("ours", |b| {
        let mut out = Vec::new();
        b.iter(|| sender.seal(black_box(&packet), &mut out).unwrap());
    });
    let (mut left, mut right) = tunnels();
    tunnel_handshake(&mut left, &mut right);
    group.bench_function("boringtun", |b| {
        let mut out = [0; LEN + 100];
        b.iter(|| {
            assert!(matches!(left.encapsulate(black_box(&packet), &mut out), TunnResult::WriteToNetwork(_)))
        });
    });
    group.finish();
}

fn open(criterion: &mut Criterion) {
    const BATCH: u64 = 512;
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
    let mut group = criterion.benchmark_group("open_1400");
    group.throughput(Throughput::Bytes(LEN as u64));
    let packet = packet();
    let (mine, theirs) = World::new().handshake(false);
    let ((sender, _), (_, mut receiver)) = (mine.split(), theirs.split());
    group.bench_function("ours", |b| {
        b.iter_custom(|count| {
            let seal = || {
                let mut out = Vec::new();
                sender.seal(&packet, &mut out).unwrap();
                out
            };
            opened(count, seal, |packet| {
                receiver.open(packet).unwrap();
            })
        });
    });
    let (mut left, mut right) = tunnels();
    tunnel_handshake(&mut left, &mut right);
    group.bench_function("boringtun", |b| {
        b.iter_custom(|count| {
            let seal = || {
                let mut out = [0; LEN + 100];
                let TunnResult::WriteToNetwork(packet) = left.encapsulate(&packet, &mut out) else {
                    panic!()
                };
                packet.to_vec()
            };
            let mut plaintext = [0; LEN + 100];
            opened(count, seal, |packet| {
                assert!(matches!(
                    right.decapsulate(SOURCE, packet, &mut plaintext),
                    TunnResult::WriteToTunnelV4(..)
                ));
            })
        });
    });
    group.finish();
}

criterion_group!(benches, handshakes, seal, open);
criterion_main!(benches);
