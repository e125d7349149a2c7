//! The Python face of tenantseal: it renames and converts, and decides nothing.
//!
//! The classes are documented where Python users look: in the stubs and in `pysrc/tenantseal`.
// Not `forbid`: the macros of PyO3 bring unsafe code of their own.
#![deny(unsafe_code)]

mod bizmsg;
mod convert;
mod error;
mod field;
mod js_sdk;
mod keyring;
mod login;
mod media;
mod principal;
mod session;
mod vault;
mod wecom;

/// The extension module. Everything in it is frozen and may be used by many threads at once.
#[pyo3::pymodule(gil_used = false)]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::{
        bizmsg::BizMsgCrypt,
        convert::Unbound,
        field::{BlindIndex, Field, Mask, cell_header},
        js_sdk::{JsConfig, JsTicket},
        keyring::{Keyring, Tenant, check_policy},
        login::{Browser, LoginStates},
        media::Media,
        principal::PrincipalId,
        session::{
            Endpoint, Initiator, Listener, Peer, PrivateKey, Session, SessionReceiver, SessionSender, Ticket,
            receiver_index,
        },
        vault::{Masked, Record, TenantVault, Transaction, Vault},
        wecom::{AnyReceiveId, Callback, Diagnosis, Event, MemoryGuard, Sender},
    };

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
