//! A vault of sealed, searchable records on SQLite, driven by a tenantseal policy.
//!
//! The vault makes the tables that a policy needs, seals and indexes what is written, opens what is read, and finds
//! rows by blind index. Table and column names are apart from the policy's permanent labels: rename them in SQL,
//! tell the vault ([`VaultOptions`]), and nothing is lost.
//!
//! Every call is async and needs no particular runtime; [`blocking`] is the same without async.
//!
//! A keyring keeps its entries in a database too: [`SqliteRecords`], in the vault's file if that is wished, or, with the
//! feature `postgres`, `PostgresRecords`.
//!
//! ```
//! use tenantseal::tenant::{Kek, Keyring, Policy};
//! use tenantseal_store::{Fields, blocking::Vault};
//!
//! # fn main() -> Result<(), tenantseal::Error> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("vault.db");
//! let keys = Keyring::in_memory(&Kek::generate()?)?;
//! keys.install_policy(Policy::from_json(
//!     br#"{"tenantseal_policy": 1, "version": 1, "fields": [
//!         {"table": "member", "column": "mobile", "type": "text", "content": "mobile_cn", "storage": "cell",
//!          "class": ["personal"], "bind": "row", "mask": {"kind": "mobile_cn", "class": "internal"},
//!          "indexes": [{"label": "exact", "kind": "exact", "normaliser": "mobile_cn/1", "bits": 15}]}]}"#,
//! )?)?;
//! keys.create_tenant("t-1001")?;
//! let acme = Vault::open(&path, &keys)?.tenant("t-1001")?;
//! let id = acme.insert("member", Fields::new().set("mobile", "13800138000"))?;
//! let found = acme.find("member.mobile", "exact", "+86 138 0013 8000")?;
//! assert_eq!(found[0].id(), id);
//! assert_eq!(acme.list_masked("member", 0, 10)?[0].shown("mobile"), Some("138****8000"));
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

// Here, where its web framework is at hand.
#[cfg(doctest)]
#[doc = include_str!("../../docs/wecom.md")]
mod guide {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/wecom.zh-CN.md")]
mod chinese_guide {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/keys.md")]
mod keys_guide {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/fields.md")]
mod fields_guide {}

pub mod blocking;
mod guard;
mod record;
mod records;
mod schema;
mod sqlite;
mod table;
mod vault;

#[cfg(feature = "postgres")]
pub use guard::PostgresGuard;
pub use guard::{SETTLE, SqliteGuard};
pub use record::{Fields, Masked, Plain, Record};
#[cfg(feature = "postgres")]
pub use records::{PostgresOptions, PostgresRecords};
pub use records::{SqliteRecords, StoredEvent};
pub use vault::{TenantVault, Transaction, Vault, VaultOptions};
