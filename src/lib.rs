//! Per-tenant keys, WeCom callbacks, and sealed fields that stay searchable.
#![forbid(unsafe_code)]

mod encoding;
mod error;
pub mod field;
mod primitive;
mod secret;
pub mod tenant;
pub mod wecom;

pub use error::{Error, PolicyRule, StoreError};
pub use secret::{Secret, SecretBytes};
