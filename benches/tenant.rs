//! Keys of tenants: cached and derived, and moving them to another KEK, each beside its floor.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::indexing_slicing)]

mod floor;

use core::ops::ControlFlow;
use std::{collections::HashMap, hint::black_box, sync::Arc, time::Duration};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use hkdf::Hkdf;
use sha2::Sha256;
use tenantseal::tenant::{Kek, Keyring, KeyringOptions, MemoryStore, Policy, Record};

const LABEL: &str = "member.mobile";

fn keyring(kek: &Kek, older: &[&Kek]) -> Keyring {
    let options = older.iter().fold(KeyringOptions::new(), |options, kek| options.older_kek(kek).unwrap());
    let keys = Keyring::over(kek, Arc::new(MemoryStore::new()), &options).unwrap();
    let policy =
        br#"{"tenantseal_policy":1,"version":1,"fields":[{"table":"member","column":"mobile","type":"text",
        "storage":"cell","class":["personal"],"bind":"row"}]}"#;
    keys.install_policy(Policy::from_json(policy).unwrap()).unwrap();
    keys
}

fn purpose_key(criterion: &mut Criterion) {
    let keys = keyring(&Kek::generate().unwrap(), &[]);
    let tenant = keys.create_tenant("t-1001").unwrap();

    let mut group = criterion.benchmark_group("purpose_key_cached");
    group.bench_function("floor", |b| {
        // A hit of a key of the same size, and the count of a shared value.
        let map: HashMap<Box<str>, Arc<u8>> = HashMap::from([(LABEL.into(), Arc::new(1))]);
        b.iter(|| map.get(black_box(LABEL)).unwrap().clone());
    });
    group.bench_function("ours", |b| b.iter(|| tenant.field(black_box(LABEL)).unwrap()));
    group.finish();

    let mut group = criterion.benchmark_group("tenant_cached");
    group.bench_function("floor", |b| {
        let map: HashMap<Box<[u8]>, Arc<u8>> = HashMap::from([((*b"t-1001").into(), Arc::new(1))]);
        b.iter(|| map.get(black_box(&b"t-1001"[..])).unwrap().clone());
    });
    group.bench_function("ours", |b| b.iter(|| keys.tenant(black_box("t-1001")).unwrap()));
    group.finish();

    let records: Vec<Vec<u8>> = keys.records().unwrap().iter().map(Record::to_bytes).collect();
    let mut group = criterion.benchmark_group("purpose_key_cold");
    group.bench_function("floor", |b| {
        // Four steps down the chain, the commitment, the key.
        b.iter(|| expand(&black_box([1; 32]), 6));
    });
    group.bench_function("ours", |b| {
        b.iter_batched_ref(
            || keys.tenant_from_records(&records).unwrap(),
            |tenant| tenant.field(black_box(LABEL)).unwrap(),
            BatchSize::SmallInput,
        );
    });
    group.finish();

    let mut group = criterion.benchmark_group("tenant_and_purpose_key_cold");
    group.bench_function("floor", |b| {
        // For each of two roots the extract and the commitment; then as above.
        b.iter(|| {
            for _ in 0..2 {
                let (prk, _) = Hkdf::<Sha256>::extract(Some(black_box(&[1; 32])), &[2; 32]);
                black_box(expand(&prk.into(), 1));
            }
            expand(&black_box([1; 32]), 6)
        });
    });
    group.bench_function("ours", |b| {
        b.iter(|| keys.tenant_from_records(&records).unwrap().field(black_box(LABEL)).unwrap());
    });
    group.finish();
}

/// HKDF-Expand to 32 bytes, that many times, with an info as long as those of the chain are.
fn expand(prk: &[u8; 32], times: usize) -> [u8; 32] {
    let info = [5; 48];
    let mut okm = *prk;
    for _ in 0..times {
        Hkdf::<Sha256>::from_prk(&okm.clone()).unwrap().expand(&info, &mut okm).unwrap();
    }
    okm
}

fn kek_rotation(criterion: &mut Criterion) {
    const TENANTS: u32 = 10_000;
    let (a, b) = (Kek::generate().unwrap(), Kek::generate().unwrap());
    let keys = keyring(&a, &[&b]);
    for number in 0..TENANTS {
        keys.create_tenant(format!("t-{number}").as_str()).unwrap();
    }
    let mut group = criterion.benchmark_group("kek_rotation");
    group.throughput(Throughput::Elements(u64::from(2 * TENANTS)));
    group.sample_size(10);
    group.bench_function("floor", |bencher| bencher.iter(|| floor::rewrap(2 * TENANTS)));
    group.bench_function("ours", |bencher| {
        let mut turn = 0;
        bencher.iter(|| {
            turn += 1;
            let kek = if turn % 2 == 1 { &b } else { &a };
            keys.rotate_kek(kek, |_| ControlFlow::Continue(())).unwrap();
        });
    });
    group.finish();
}

fn config() -> Criterion {
    Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2))
}

criterion_group!(name = benches; config = config(); targets = purpose_key, kek_rotation);
criterion_main!(benches);
