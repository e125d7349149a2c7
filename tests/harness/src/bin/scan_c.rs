//! Looks for the secrets of ffi/tests/scan.c, which is its argument, in the memory of that program. scripts/ctgrind.sh
//! runs it.
#![forbid(unsafe_code)]
#![allow(clippy::panic, clippy::print_stdout, reason = "a panic is the report of a failure")]

use std::{env, process::Command};

use tenantseal_harness::memory::{Found, Subject};

const LEN: u32 = 32;

fn main() {
    let program = env::args_os().nth(1).unwrap_or_else(|| panic!("which program?"));
    let secrets =
        [("KEK", secret(1)), ("value", secret(2)), ("private key", secret(3)), ("ticket", secret(4))];
    let bytes: Vec<&[u8]> = secrets.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    let mut subject = Subject::start(Command::new(program));
    let mut phases = 0;
    while let Some(phase) = subject.next_phase() {
        for ((name, _), found) in secrets.iter().zip(subject.scan(&bytes)) {
            println!("{phase}: {name}: {found}");
            check(&phase, name, found);
        }
        phases += 1;
        subject.resume();
    }
    assert_eq!(phases, 11);
}

fn check(phase: &str, name: &str, found: Found) {
    // What the program itself holds, and what endpoints and peers hold as long as they live.
    if matches!(
        (phase, name),
        ("control", "KEK")
            | ("opened" | "datagram opened", "value")
            | ("datagram sealed" | "datagram opened", "private key" | "ticket")
    ) {
        assert!(found.total() > 0, "{phase}: {name} is not found, so it could not be found anywhere");
        return;
    }
    assert_eq!((found.heap, found.anonymous, found.other), (0, 0, 0), "{phase}: {name}: {found}");
    // The library wipes what it has on the heap, and writes over the stack that its calls used.
    assert_eq!(found.stack, 0, "{phase}: {name}: {found}");
}

fn secret(number: u32) -> Vec<u8> {
    let byte = |at: u32| {
        let mut mixed =
            number.wrapping_mul(0x9e37).wrapping_add(at.wrapping_mul(0x85eb)).wrapping_add(0x27d4);
        for _ in 0..3 {
            mixed = (mixed ^ (mixed >> 7)).wrapping_mul(0x2c1b_3c6d);
        }
        u8::try_from(mixed >> 24).unwrap_or(0)
    };
    (0..LEN).map(byte).collect()
}
