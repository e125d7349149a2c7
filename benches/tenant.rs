//! Purpose keys: cached and derived, each beside its floor.
#![allow(missing_docs, clippy::unwrap_used)]

use std::{collections::HashMap, hint::black_box, sync::Arc, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use hkdf::Hkdf;
use sha2::Sha256;
use tenantseal::tenant::{Kek, Keyring, KeyringOptions, Policy};

fn keyring(options: &KeyringOptions) -> Keyring {
    let keys =
        Keyring::from_records(&Kek::generate().unwrap(), core::iter::empty::<&[u8]>(), options).unwrap();
    let policy =
        br#"{"tenantseal_policy":1,"version":1,"fields":[{"table":"member","column":"mobile","type":"text",
        "storage":"cell","class":["personal"],"bind":"row"}]}"#;
    keys.install_policy(Policy::from_json(policy).unwrap()).unwrap();
    keys.create_tenant("t-1001").unwrap();
    keys
}

fn purpose_key(criterion: &mut Criterion) {
    let cached = keyring(&KeyringOptions::new());
    let tenant = cached.tenant("t-1001").unwrap();
    let mut group = criterion.benchmark_group("purpose_key_cached");
    group.bench_function("floor", |b| {
        // A hit of a key of the same size.
        let map: HashMap<Box<[u8]>, Arc<u8>> = HashMap::from([(vec![1; 40].into(), Arc::new(1))]);
        let key: Box<[u8]> = vec![1; 40].into();
        b.iter(|| map.get(black_box(&key)).unwrap().clone());
    });
    group.bench_function("ours", |b| b.iter(|| tenant.field(black_box("member.mobile")).unwrap()));
    group.finish();

    // Nothing is kept: every handle unwraps the roots and walks down the chain.
    let cold = keyring(&KeyringOptions::new().cache(0, Duration::ZERO));
    let tenant = cold.tenant("t-1001").unwrap();
    let mut group = criterion.benchmark_group("purpose_key_cold");
    group.bench_function("floor", |b| {
        // What the chain costs: two extracts and commitments (one for each root), four steps, two leaves.
        let info = [5; 40];
        b.iter(|| {
            let mut okm = [0; 32];
            for _ in 0..2 {
                let (_, prk) = Hkdf::<Sha256>::extract(Some(black_box(&[1; 32])), &[2; 32]);
                prk.expand(&info, &mut okm).unwrap();
                let (_, prk) = Hkdf::<Sha256>::extract(Some(black_box(&[1; 32])), &[2; 32]);
                drop(prk);
            }
            for _ in 0..6 {
                Hkdf::<Sha256>::from_prk(&okm.clone()).unwrap().expand(&info, &mut okm).unwrap();
            }
            okm
        });
    });
    group.bench_function("ours", |b| b.iter(|| tenant.field(black_box("member.mobile")).unwrap()));
    group.finish();
}

fn config() -> Criterion {
    Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2))
}

criterion_group!(name = benches; config = config(); targets = purpose_key);
criterion_main!(benches);
