//! Runs a program that keeps something in files, and hurts it: kills at random points, system calls that fail, power
//! cuts. And looks for secrets in the memory of a program.
//!
//! It knows nothing of what is tested. A [`Scenario`] says what to start from, what to do and what must hold after; the
//! test program is supervisor and child in one ([`main`]). A failure names its seed: `TENANTSEAL_SEED` repeats it.
#![forbid(unsafe_code)]
#![allow(clippy::panic, clippy::print_stdout, reason = "a panic is the report of a failure")]

mod child;
mod disk;
mod faults;
mod follow;
mod kills;
pub mod memory;
mod power;
mod random;
mod recording;
mod scenario;
mod strace;

pub use child::main;
pub use disk::temporary_folder;
pub use faults::{Fault, Faulted, Faults};
pub use kills::{Killed, Kills};
pub use power::{Cut, PowerCuts};
pub use random::{Random, seed, size};
pub use scenario::{Report, Scenario, Steps};
pub use strace::is_available as strace_is_available;
