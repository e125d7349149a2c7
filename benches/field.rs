//! Cells, bulk cells and blind indexes, each beside its floor.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc
)]

#[path = "floor.rs"]
mod floor;

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hmac::{Hmac, KeyInit as _, Mac as _};
use tenantseal::{
    field::Field,
    tenant::{Kek, Keyring, Policy},
};

const VALUE: &str = "13800138000";
/// `header || context hash || I("row", i64)`, the AAD of a cell.
const AAD: [u8; 24 + 32 + 13 + 5 + 11] = [3; 85];
const BULK: usize = 1_000;

fn field() -> Field {
    let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
    let policy =
        br#"{"tenantseal_policy":1,"version":1,"fields":[{"table":"member","column":"mobile","type":"text",
        "content":"mobile_cn","storage":"cell","class":["personal"],"bind":"row",
        "indexes":[{"label":"exact","kind":"exact","normaliser":"mobile_cn/1","bits":15},
                   {"label":"plain","kind":"exact","normaliser":"none/1","bits":15}]}]}"#;
    keys.install_policy(Policy::from_json(policy).unwrap()).unwrap();
    keys.create_tenant("t-1001").unwrap().field("member.mobile").unwrap()
}

fn cells(criterion: &mut Criterion) {
    let field = field();
    let aes = floor::aes();
    let mut group = criterion.benchmark_group("cell_seal");
    group.bench_function("floor", |b| {
        let mut buffer = [0; VALUE.len()];
        b.iter(|| {
            let mut nonce = [0; 24];
            getrandom::fill(&mut nonce).unwrap();
            buffer.copy_from_slice(VALUE.as_bytes());
            floor::xaes(&aes, nonce[..12].try_into().unwrap()).seal(
                nonce[12..].try_into().unwrap(),
                &AAD,
                &mut buffer,
            )
        });
    });
    group.bench_function("ours", |b| b.iter(|| field.seal(black_box(42), black_box(VALUE)).unwrap()));
    group.finish();

    let sealed = field.seal(42, VALUE).unwrap();
    let mut group = criterion.benchmark_group("cell_open");
    group.bench_function("floor", |b| {
        let nonce = [9; 24];
        let mut ciphertext = *b"13800138000";
        let tail = nonce[12..].try_into().unwrap();
        let tag = floor::xaes(&aes, nonce[..12].try_into().unwrap()).seal(tail, &AAD, &mut ciphertext);
        b.iter(|| {
            let mut buffer = black_box(ciphertext);
            assert!(floor::xaes(&aes, nonce[..12].try_into().unwrap()).open(tail, &AAD, &mut buffer, &tag));
            buffer
        });
    });
    group.bench_function("ours", |b| b.iter(|| field.open(black_box(42), black_box(&sealed)).unwrap()));
    group.finish();
}

fn bulk(criterion: &mut Criterion) {
    let field = field();
    let gcm = floor::Gcm::new(&[7; 32]);
    let values = vec![VALUE; BULK];
    let rows = || (0i64..).zip(values.iter().copied());
    let mut group = criterion.benchmark_group("bulk_seal");
    group.throughput(Throughput::Elements(BULK.try_into().unwrap()));
    group.bench_function("floor", |b| {
        b.iter(|| {
            for (row, value) in rows() {
                let mut nonce = [0; 12];
                nonce[4..].copy_from_slice(&row.to_be_bytes());
                let mut buffer: [u8; 11] = value.as_bytes().try_into().unwrap();
                black_box(gcm.seal(&nonce, &AAD, &mut buffer));
            }
        });
    });
    group.bench_function("ours", |b| b.iter(|| field.seal_many(rows()).unwrap()));
    group.finish();

    let cells = field.seal_many(rows()).unwrap();
    let mut group = criterion.benchmark_group("bulk_open");
    group.throughput(Throughput::Elements(BULK.try_into().unwrap()));
    group.bench_function("floor", |b| {
        let mut ciphertext = *b"13800138000";
        let tag = gcm.seal(&[0; 12], &AAD, &mut ciphertext);
        b.iter(|| {
            for _ in 0..BULK {
                let mut buffer = black_box(ciphertext);
                assert!(gcm.open(&[0; 12], &AAD, &mut buffer, &tag));
                black_box(buffer);
            }
        });
    });
    group.bench_function("ours", |b| b.iter(|| field.open_many((0i64..).zip(&cells)).unwrap()));
    group.finish();
}

fn index(criterion: &mut Criterion) {
    let field = field();
    let (mobile, plain) = (field.index("exact").unwrap(), field.index("plain").unwrap());
    let key = Hmac::<sha2::Sha256>::new_from_slice(&[7; 32]).unwrap();
    let mut group = criterion.benchmark_group("index_token");
    group.bench_function("floor", |b| {
        b.iter(|| {
            let mut mac = key.clone();
            mac.update(&[0; 7]);
            mac.update(black_box(VALUE.as_bytes()));
            mac.finalize().into_bytes()
        });
    });
    group.bench_function("ours", |b| b.iter(|| plain.token(black_box(VALUE)).unwrap()));
    group.bench_function("ours_mobile_cn", |b| b.iter(|| mobile.token(black_box(VALUE)).unwrap()));
    group.finish();
}

fn config() -> Criterion {
    Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2))
}

criterion_group!(name = benches; config = config(); targets = cells, bulk, index);
criterion_main!(benches);
