//! Keys that belong to one tenant: the KEK, the records of roots, the chain below them, and the policy.
//!
//! A [`Kek`] wraps, for each tenant, a root for data and a root for blind indexes: random, independent
//! of every other tenant's, and all that has to be destroyed when the tenant leaves. Below a root everything is
//! derived: class, compartment, table, column, purpose.

mod cache;
mod chain;
mod event;
mod id;
mod kek;
mod keyfile;
mod keyring;
pub mod policy;
mod record;
mod suite;

pub use event::{EventRecorder, EventSink, KeyEvent, NoEvents};
pub use id::{Generation, TenantId};
pub use kek::{Kek, Passphrase};
pub use keyfile::PassphraseCost;
pub use keyring::{Keyring, KeyringOptions, Tenant};
pub use policy::Policy;
pub use record::{Record, RootKind};
pub use suite::Suite;

pub(crate) use chain::{CellKey, CellKeys, IndexKeys, Place};
