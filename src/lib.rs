//! Per-tenant keys, WeCom callbacks, and sealed fields that stay searchable.
//!
//! For companies that run one service for many client companies on WeCom (企业微信). Each client is a tenant:
//!
//! - [`tenant`]: a [`tenant::Keyring`] holds random roots for every tenant, wrapped by a key-encryption key, and a
//!   policy that names every field once. From a root, keys are derived for class, compartment, table and column. Tenants
//!   are suspended, restored, and shredded with a receipt; roots and key-encryption key are rotated.
//! - [`field`]: a [`field::Field`] seals values into cells that open in their own place alone, with blind indexes to
//!   find them and sealed masks to list them.
//! - [`session`]: an [`session::Endpoint`] has end-to-end sessions with other clients of its tenant: datagrams and streams.
//! - [`wecom`]: a [`wecom::Callback`] verifies, decrypts and recognises a callback in one call.
//!
//! The crate `tenantseal-store` keeps sealed records in a database. FORMAT.md has every byte that is written, and
//! whatever a version wrote, every later one opens. SECURITY.md says against whom this protects, and what it does not
//! claim: no paid audit, no formal proof, no certification.
//!
//! # Features
//!
//! None is on by default, and none changes a byte that is written or what a call does.
//!
//! - `arrow`: columns and record batches of Apache Arrow, `Field::seal_array` and its like. arrow 59's types are in its API.
//! - `aws-lc`: AES-GCM, AES-CBC, SHA-1 and X25519 by aws-lc-rs in place of RustCrypto. Faster; needs a C compiler.
//! - `derive`: `field::Record` and its derive macro, from a Rust struct to a policy and to sealed columns and back.
//! - `hazmat`: what is easy to misuse: randomness from the caller's generator (`rand_core`), a test suite, and
//!   passphrase costs that protect nothing. For tests and HSM-seeded setups.
//! - `parallel`: bulk calls on all threads of rayon's pool, `Field::par_seal_many` and its like.
//! - `tokio`: `session::AsyncStream`, streams over tokio.
//! - `tracing`: [`tenant::Observer`] for the tracing crate.
#![forbid(unsafe_code)]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[doc = include_str!("../README.zh-CN.md")]
#[doc = include_str!("../docs/sessions.md")]
mod readme {}

mod encoding;
mod error;
pub mod field;
mod noise;
mod primitive;
mod secret;
pub mod session;
pub mod tenant;
pub mod wecom;

pub use error::{Error, PolicyRule, StoreError};
pub use secret::{Secret, SecretBytes};
