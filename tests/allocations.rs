//! What memory the calls on Arrow's arrays take: the input, the output and a constant, and no allocation for each value.
//! With `--include-ignored` of ten million values.
#![allow(clippy::panic, clippy::print_stdout, missing_docs, reason = "a panic is the report of a failure")]
#![allow(clippy::unwrap_used, reason = "a panic is the report of a failure")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    env,
    sync::atomic::{AtomicUsize, Ordering},
};

use arrow_array::{Array, ArrayRef, Int64Array, StringArray};
use tenantseal::{
    field::Field,
    tenant::{Kek, Keyring, Policy},
};

/// Counts what is allocated.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static CALLS: AtomicUsize = AtomicUsize::new(0);

fn more(len: usize) {
    let now = NOW.fetch_add(len, Ordering::Relaxed) + len;
    PEAK.fetch_max(now, Ordering::Relaxed);
    CALLS.fetch_add(1, Ordering::Relaxed);
}

fn less(len: usize) {
    NOW.fetch_sub(len, Ordering::Relaxed);
}

// SAFETY: every call is passed on to the system's allocator as it came, and nothing is done with the memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        more(layout.size());
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, address: *mut u8, layout: Layout) {
        less(layout.size());
        // SAFETY: the caller keeps to the contract of `dealloc`, and `address` came from this allocator's `alloc`.
        unsafe { System.dealloc(address, layout) }
    }

    unsafe fn realloc(&self, address: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // What is moved stands in both places for a moment.
        more(size);
        less(layout.size());
        // SAFETY: the caller keeps to the contract of `realloc`, and `address` came from this allocator's `alloc`.
        unsafe { System.realloc(address, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// More than the output that a call may take at one time, and how often it may ask for memory.
const SPARE: usize = 64 * 1024;
const ALLOCATIONS: usize = 400;

fn main() {
    let is_long = env::args().any(|argument| matches!(argument.as_str(), "--ignored" | "--include-ignored"));
    for count in [100_000, 1_000_000, 10_000_000].into_iter().take(if is_long { 3 } else { 1 }) {
        check(count);
    }
    control();
}

fn check(count: i64) {
    let field = field();
    let rows: Int64Array = (0..count).collect();
    let values: ArrayRef = std::sync::Arc::new(StringArray::from_iter(
        (0..count).map(|row| (row % 10 != 3).then_some("13800138000")),
    ));
    // The pool's own memory is not the call's.
    rayon::join(|| (), || ());
    let cells = measured("seal_array", || field.seal_array(&rows, &values).unwrap(), size);
    let par = measured("par_seal_array", || field.par_seal_array(&rows, &values).unwrap(), size);
    let opened = measured("open_array", || field.open_array(&rows, &cells).unwrap(), size);
    assert_eq!(opened.as_ref(), values.as_ref());
    let opened = measured("par_open_array", || field.par_open_array(&rows, &par).unwrap(), size);
    assert_eq!(opened.as_ref(), values.as_ref());
    drop((cells, par, opened));
    let column = measured(
        "seal_array_to_column",
        || field.seal_array_to_column(&rows, &values).unwrap(),
        |column| column.as_bytes().len(),
    );
    let opened =
        measured("open_column_to_array", || field.open_column_to_array(&column, &rows).unwrap(), size);
    assert_eq!(opened.as_ref(), values.as_ref());
}

fn size(array: &ArrayRef) -> usize {
    array.get_buffer_memory_size()
}

fn measured<T>(name: &str, call: impl FnOnce() -> T, size: impl Fn(&T) -> usize) -> T {
    let (before, calls) = (NOW.load(Ordering::Relaxed), CALLS.load(Ordering::Relaxed));
    PEAK.store(before, Ordering::Relaxed);
    let output = call();
    let peak = PEAK.load(Ordering::Relaxed) - before;
    let calls = CALLS.load(Ordering::Relaxed) - calls;
    let size = size(&output);
    println!("{name}: output of {size} bytes, peak {peak}, {calls} allocations");
    assert!(peak <= size + SPARE, "{name}: {peak} bytes for an output of {size}");
    assert!(calls <= ALLOCATIONS, "{name}: {calls} allocations");
    output
}

/// A call that allocates for each value is seen.
fn control() {
    let field = field();
    let rows: Vec<(i64, &str)> = (0..10_000).map(|row| (row, "13800138000")).collect();
    let calls = CALLS.load(Ordering::Relaxed);
    drop(field.seal_many(rows.iter().copied()).unwrap());
    assert!(CALLS.load(Ordering::Relaxed) - calls > ALLOCATIONS);
}

fn field() -> Field {
    let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
    let policy =
        br#"{"tenantseal_policy": 1, "version": 1, "fields": [{"table": "member", "column": "mobile",
        "type": "text", "content": "mobile_cn", "storage": "cell", "class": ["personal"], "bind": "row"}]}"#;
    keys.install_policy(Policy::from_json(policy).unwrap()).unwrap();
    keys.create_tenant("t-1001").unwrap().field("member.mobile").unwrap()
}
