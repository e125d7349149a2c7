//! Handshakes and datagrams, each beside its floor and beside snow: as it ships, and with this build's primitives in it.
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

use std::{
    hint::black_box,
    net::SocketAddr,
    time::{Duration, Instant},
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tenantseal::{
    session::{Endpoint, Incoming, KnownPeers, Listener, Load, Peer, PrivateKey, Progress, Session},
    tenant::{Kek, Keyring, PrincipalId},
};

/// What a datagram of an Ethernet's 1,500 bytes holds at most, less what is below and around it.
const LEN: usize = 1400;
const NAME: &str = "Noise_IKpsk0+psk2_25519_AESGCM_SHA256";

struct World {
    phone: Endpoint,
    peer: Peer,
    listener: Listener,
    source: SocketAddr,
}

impl World {
    fn new() -> Self {
        let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
        let tenant = keys.create_tenant("t-1001").unwrap();
        let endpoint = |name| {
            let id = PrincipalId::client(name).unwrap();
            tenant.add_principal(&id).unwrap();
            Endpoint::new(&tenant, &id, &PrivateKey::generate().unwrap(), "bench").unwrap()
        };
        let (phone, laptop) = (endpoint("phone"), endpoint("laptop"));
        let laptop = laptop.directory(KnownPeers::new().add(phone.id(), phone.public_key()));
        let load = Load::new().cookies_after(u32::MAX).most(u32::MAX).per_peer(u32::MAX);
        let mut listener = Listener::new(&keys).load(load);
        listener.add(&laptop).unwrap();
        listener.expect(&laptop, &Peer::new(phone.id(), phone.public_key())).unwrap();
        let peer = Peer::new(laptop.id(), laptop.public_key());
        Self { phone, peer, listener, source: "192.0.2.1:5000".parse().unwrap() }
    }

    /// Both sides, until both may send.
    fn handshake(&mut self, ik: bool) -> (Box<Session>, Box<Session>) {
        let mut initiator =
            if ik { self.phone.initiate_ik(&self.peer) } else { self.phone.initiate(&self.peer) }.unwrap();
        let Incoming::Send(answer) = self.listener.receive(self.source, initiator.packet()).unwrap() else {
            panic!()
        };
        let Progress::Established(mine, packet) = initiator.receive(&answer).unwrap() else { panic!() };
        let Incoming::Established(theirs, _) = self.listener.receive(self.source, &packet).unwrap() else {
            panic!()
        };
        (mine, theirs)
    }
}

/// Both sides of snow's, with a packet that confirms.
fn snow_pair(builder: fn() -> snow::Builder<'static>) -> (snow::TransportState, snow::TransportState) {
    let (phone, laptop) = (KEYS.0, KEYS.1);
    let ready = |builder: snow::Builder<'static>| {
        builder.psk(0, &[1; 32]).unwrap().psk(2, &[2; 32]).unwrap().prologue(&[3; 64]).unwrap()
    };
    let mut initiator = ready(builder())
        .local_private_key(phone)
        .unwrap()
        .remote_public_key(laptop_public())
        .unwrap()
        .build_initiator()
        .unwrap();
    let mut responder = ready(builder()).local_private_key(laptop).unwrap().build_responder().unwrap();
    let (mut message, mut payload) = ([0; 300], [0; 300]);
    let len = initiator.write_message(&[4; 60], &mut message).unwrap();
    responder.read_message(&message[..len], &mut payload).unwrap();
    let len = responder.write_message(&[4; 40], &mut message).unwrap();
    initiator.read_message(&message[..len], &mut payload).unwrap();
    let (mut initiator, mut responder) =
        (initiator.into_transport_mode().unwrap(), responder.into_transport_mode().unwrap());
    let len = initiator.write_message(b"", &mut message).unwrap();
    responder.read_message(&message[..len], &mut payload).unwrap();
    (initiator, responder)
}

static KEYS: (&[u8; 32], &[u8; 32]) = (&[5; 32], &[6; 32]);

fn laptop_public() -> &'static [u8; 32] {
    static PUBLIC: std::sync::OnceLock<[u8; 32]> = std::sync::OnceLock::new();
    PUBLIC.get_or_init(|| *resolver::Key::new(KEYS.1).public())
}

fn shipped() -> snow::Builder<'static> {
    snow::Builder::new(NAME.parse().unwrap())
}

fn over_ours() -> snow::Builder<'static> {
    snow::Builder::with_resolver(NAME.parse().unwrap(), Box::new(resolver::Resolver))
}

fn handshakes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("session_handshake");
    group.bench_function("floor", |b| {
        let public = *resolver::Key::new(&[9; 32]).public();
        b.iter(|| {
            let mut secret = [0; 32];
            getrandom::fill(&mut secret).unwrap();
            let mine = resolver::Key::new(&secret);
            getrandom::fill(&mut secret).unwrap();
            let theirs = resolver::Key::new(&secret);
            for _ in 0..4 {
                black_box(mine.agree(&public));
                black_box(theirs.agree(&public));
            }
        });
    });
    let mut world = World::new();
    group.bench_function("ours_ik", |b| b.iter(|| world.handshake(true)));
    group.bench_function("ours_kk", |b| b.iter(|| world.handshake(false)));
    group.bench_function("snow_ik", |b| b.iter(|| snow_pair(shipped)));
    group.bench_function("snow_ik_over_ours", |b| b.iter(|| snow_pair(over_ours)));
    group.finish();
}

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

criterion_group!(name = benches; config = config(); targets = handshakes, seal, open);
criterion_main!(benches);
