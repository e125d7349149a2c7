//! The C ABI of tenantseal. `include/tenantseal.h` is the reference, docs/c.md the guide.
//!
//! A pointer to an opaque type carries the number of a place in a table, never an address, so a wrong one is an error
//! and not a crash. Every body runs in a panic guard. Bindings rename and convert; they decide nothing.
//!
//! This is the only part of tenantseal with `unsafe` code. What it relies on is the same everywhere and is said once:
//! a pointer with a length is good for that many bytes for the length of the call, and a pointer to one output is good
//! for that output. All else is checked.
#![allow(
    clippy::missing_safety_doc,
    reason = "one contract for every export, above; a section for each would fill the C header"
)]
#![allow(non_camel_case_types, reason = "the names are those that C sees")]

// In the order of the header.

pub mod status;
pub mod version;

pub mod keyring;
pub mod policy;
pub mod tenant;

pub mod principal;

pub mod field;

pub mod bulk;
pub mod cell;
pub mod index;
pub mod mask;
pub mod row;

pub mod callback;

pub mod preset;
pub mod shared_url;

pub mod event;
pub mod replay_guard;

pub mod js_ticket;
pub mod login;
pub mod media;

pub mod biz_msg_crypt;
pub mod sender;

pub mod vault;

pub mod fields;
pub mod rows;
pub mod tenant_vault;
pub mod transaction;

pub mod session;

// What they share.

mod boundary;
mod content;
mod exclusive;
mod fork;
mod handle;
mod input;
mod output;

#[cfg(feature = "panic-inject")]
pub use boundary::tenantseal_inject_panic;
