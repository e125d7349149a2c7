//! The corpora of `fuzz/`, replayed by the stable compiler: every file, and every file cut short at each byte.
#![allow(clippy::unwrap_used, reason = "a panic is the report of a failure")]

use std::{fs, path::Path};

#[allow(unreachable_pub, reason = "the fuzz targets, another crate, call them")]
#[path = "../fuzz/src/bodies.rs"]
mod bodies;

#[test]
fn xml() {
    replay("xml", bodies::xml);
}

#[test]
fn json() {
    replay("json", bodies::json);
}

#[test]
fn query() {
    replay("query", bodies::query);
}

#[test]
fn cell() {
    replay("cell", bodies::cell);
}

#[test]
fn sealed_column() {
    replay("sealed_column", bodies::sealed_column);
}

#[test]
fn record() {
    replay("record", bodies::record);
}

#[test]
fn event() {
    replay("event", bodies::event);
}

#[test]
fn session() {
    replay("session", bodies::session);
}

#[test]
fn policy() {
    replay("policy", bodies::policy);
}

fn replay(target: &str, body: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files = 0;
    for entry in fs::read_dir(corpus).unwrap() {
        let data = fs::read(entry.unwrap().path()).unwrap();
        for end in 0..=data.len() {
            body(data.get(..end).unwrap());
        }
        files += 1;
    }
    assert!(files >= 5, "the corpus of {target} has only {files} files");
}
