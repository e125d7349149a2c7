//! Columns, arrays and threads, each beside its floor.
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

use arrow_array::{BinaryArray, Int64Array, StringArray};
use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use rayon::{
    ThreadPool, ThreadPoolBuilder,
    iter::{IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _},
};
use tenantseal::{
    field::Field,
    tenant::{Kek, Keyring, Policy},
};

const VALUE: &str = "13800138000";
/// `header || context hash || I("row", i64)`, the AAD of a cell.
const AAD: [u8; 24 + 32 + 13 + 5 + 11] = [3; 85];
const COUNT: i32 = 10_000;
const MANY: i32 = 100_000;
const LARGE: usize = 64 * 1024;

fn field(label: &str) -> Field {
    let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
    let policy =
        br#"{"tenantseal_policy":1,"version":1,"fields":[{"table":"member","column":"mobile","type":"text",
        "content":"mobile_cn","storage":"cell","class":["personal"],"bind":"row"},
        {"table":"member","column":"photo","type":"bytes","storage":"cell","class":["personal"],"bind":"row"}]}"#;
    keys.install_policy(Policy::from_json(policy).unwrap()).unwrap();
    keys.create_tenant("t-1001").unwrap().field(label).unwrap()
}

fn rows(count: i32) -> Int64Array {
    (0..i64::from(count)).collect()
}

fn values(count: i32) -> StringArray {
    StringArray::from_iter_values((0..count).map(|_| VALUE))
}

/// One call of a key that is kept, for a value of that number.
fn seal_raw(gcm: &floor::Gcm, number: i32) {
    let mut nonce = [0; 12];
    nonce[8..].copy_from_slice(&number.to_be_bytes());
    let mut buffer: [u8; VALUE.len()] = VALUE.as_bytes().try_into().unwrap();
    black_box(gcm.seal(&nonce, &AAD, &mut buffer));
    black_box(buffer);
}

fn open_raw(gcm: &floor::Gcm, ciphertext: [u8; VALUE.len()], tag: &[u8; 16]) {
    let mut buffer = black_box(ciphertext);
    assert!(gcm.open(&[0; 12], &AAD, &mut buffer, tag));
    black_box(buffer);
}

fn sealed_raw(gcm: &floor::Gcm) -> ([u8; VALUE.len()], [u8; 16]) {
    let mut ciphertext: [u8; VALUE.len()] = VALUE.as_bytes().try_into().unwrap();
    let tag = gcm.seal(&[0; 12], &AAD, &mut ciphertext);
    (ciphertext, tag)
}

fn elements<'c>(criterion: &'c mut Criterion, name: &str, count: i32) -> BenchmarkGroup<'c, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(count.unsigned_abs().into()));
    group
}

fn columns(criterion: &mut Criterion) {
    let field = field("member.mobile");
    let gcm = floor::Gcm::new(&[7; 32]);
    let (rows, values) = (rows(COUNT), values(COUNT));
    let cells = || rows.values().iter().map(|row| (*row, Some(VALUE)));
    let mut group = elements(criterion, "column_seal", COUNT);
    group.bench_function("floor", |b| b.iter(|| (0..COUNT).for_each(|number| seal_raw(&gcm, number))));
    group.bench_function("ours", |b| b.iter(|| field.seal_column(cells()).unwrap()));
    group.bench_function("ours_from_array", |b| {
        b.iter(|| field.seal_array_to_column(&rows, &values).unwrap());
    });
    group.finish();

    let column = field.seal_column(cells()).unwrap();
    let (ciphertext, tag) = sealed_raw(&gcm);
    let mut group = elements(criterion, "column_open", COUNT);
    group.bench_function("floor", |b| b.iter(|| (0..COUNT).for_each(|_| open_raw(&gcm, ciphertext, &tag))));
    group.bench_function("ours", |b| {
        b.iter(|| field.open_column(&column, rows.values().iter().copied()).unwrap());
    });
    group.bench_function("ours_to_array", |b| b.iter(|| field.open_column_to_array(&column, &rows).unwrap()));
    group.finish();
}

fn arrays(criterion: &mut Criterion) {
    let field = field("member.mobile");
    let gcm = floor::Gcm::new(&[7; 32]);
    let (rows, values) = (rows(COUNT), values(COUNT));
    let mut group = elements(criterion, "array_seal", COUNT);
    group.bench_function("floor", |b| b.iter(|| (0..COUNT).for_each(|number| seal_raw(&gcm, number))));
    group.bench_function("ours", |b| b.iter(|| field.seal_array(&rows, &values).unwrap()));
    group.finish();

    let cells = field.seal_array(&rows, &values).unwrap();
    let (ciphertext, tag) = sealed_raw(&gcm);
    let mut group = elements(criterion, "array_open", COUNT);
    group.bench_function("floor", |b| b.iter(|| (0..COUNT).for_each(|_| open_raw(&gcm, ciphertext, &tag))));
    group.bench_function("ours", |b| b.iter(|| field.open_array(&rows, &cells).unwrap()));
    group.finish();
}

/// Values of 64 KiB, each under a key that is derived for it and each in a buffer of its own.
fn large(criterion: &mut Criterion) {
    let field = field("member.photo");
    let aes = floor::aes();
    let value = vec![5; LARGE];
    let mut group = criterion.benchmark_group("large_seal");
    group.throughput(Throughput::Bytes(LARGE.try_into().unwrap()));
    group.bench_function("floor", |b| {
        b.iter(|| {
            let mut nonce = [0; 24];
            getrandom::fill(&mut nonce).unwrap();
            let mut buffer = black_box(&value).clone();
            let gcm = floor::xaes(&aes, nonce[..12].try_into().unwrap());
            (gcm.seal(nonce[12..].try_into().unwrap(), &AAD, &mut buffer), buffer)
        });
    });
    group.bench_function("ours", |b| b.iter(|| field.seal(1, black_box(value.as_slice())).unwrap()));
    group.bench_function("ours_from_array", |b| {
        let (rows, values) = (rows(1), BinaryArray::from_iter_values([&value]));
        b.iter(|| field.seal_array(&rows, &values).unwrap());
    });
    group.finish();

    let sealed = field.seal(1, value.as_slice()).unwrap();
    let mut group = criterion.benchmark_group("large_open");
    group.throughput(Throughput::Bytes(LARGE.try_into().unwrap()));
    group.bench_function("floor", |b| {
        let mut ciphertext = value.clone();
        let tag = floor::xaes(&aes, &[9; 12]).seal(&[9; 12], &AAD, &mut ciphertext);
        b.iter(|| {
            let mut buffer = black_box(&ciphertext).clone();
            assert!(floor::xaes(&aes, &[9; 12]).open(&[9; 12], &AAD, &mut buffer, &tag));
            buffer
        });
    });
    group.bench_function("ours", |b| b.iter(|| field.open(1, black_box(&sealed)).unwrap()));
    group.finish();
}

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

fn threads(criterion: &mut Criterion) {
    let field = field("member.mobile");
    let gcm = floor::Gcm::new(&[7; 32]);
    let (rows, values) = (rows(MANY), values(MANY));
    let cells = field.seal_array(&rows, &values).unwrap();
    let (ciphertext, tag) = sealed_raw(&gcm);
    let raw = || (0..MANY).into_par_iter().with_min_len(1_000);
    for count in [1, 2] {
        let pool = pool(count);
        let mut group = elements(criterion, &format!("threads_seal/{count}"), MANY);
        group.bench_function("floor", |b| {
            b.iter(|| pool.install(|| raw().for_each(|number| seal_raw(&gcm, number))));
        });
        group.bench_function("ours", |b| {
            b.iter(|| pool.install(|| field.par_seal_array(&rows, &values).unwrap()));
        });
        group.bench_function("ours_many", |b| {
            let cells = || (0..MANY).into_par_iter().map(|row| (i64::from(row), VALUE));
            b.iter(|| pool.install(|| field.par_seal_many(cells()).unwrap()));
        });
        group.finish();

        let mut group = elements(criterion, &format!("threads_open/{count}"), MANY);
        group.bench_function("floor", |b| {
            b.iter(|| pool.install(|| raw().for_each(|_| open_raw(&gcm, ciphertext, &tag))));
        });
        group.bench_function("ours", |b| {
            b.iter(|| pool.install(|| field.par_open_array(&rows, &cells).unwrap()));
        });
        group.finish();
    }
}

fn config() -> Criterion {
    Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2))
}

criterion_group!(name = benches; config = config(); targets = columns, arrays, large, threads);
criterion_main!(benches);
