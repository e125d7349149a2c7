//! Keys that belong to one tenant: the KEK, the records of roots, the chain below them, and the policy.
//!
//! A [`Kek`] wraps, for each tenant, a root for data and a root for blind indexes: random, independent
//! of every other tenant's, and all that has to be destroyed when the tenant leaves. Below a root everything is
//! derived: class, compartment, table, column, purpose.

mod cache;
mod chain;
mod credentials;
mod derived;
mod draft;
mod entry;
mod event;
mod freshness;
mod id;
mod kek;
mod keyfile;
mod keyring;
mod lifecycle;
mod memory;
mod name;
mod observer;
pub mod policy;
mod principal;
mod record;
mod rotation;
mod shred;
mod signing;
mod state;
mod store;
mod suite;
mod view;

pub use credentials::CallbackCredentials;
pub use event::{EventRecorder, EventSink, KeyEvent, NoEvents};
pub use id::{Generation, TenantId};
pub use kek::{Kek, Passphrase};
pub use keyfile::PassphraseCost;
pub use keyring::{Keyring, KeyringOptions};
pub use memory::MemoryStore;
#[cfg(feature = "tracing")]
pub use observer::TracingObserver;
pub use observer::{Counters, NoObserver, Observation, Observer};
pub use policy::Policy;
pub use principal::{GrantLedger, NoGrants, PrincipalId, PrincipalKind, PrincipalState};
pub use record::{Record, RootKind};
pub use rotation::Progress;
pub use shred::Receipt;
pub use signing::{KeyList, PublicKey, SigningPurpose};
pub use state::{GrantName, LeafName, RootName, TenantState};
pub use store::{Change, Entry, RecordStore, StorageAction, StoreTransaction};
pub use suite::Suite;
pub(crate) use suite::{SuiteKey, purpose_info};
pub use view::Tenant;

pub(crate) use chain::{CellKey, CellKeys, Cipher, IndexKeys};
pub(crate) use view::View;
