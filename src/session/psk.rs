//! What a tenant's clients share: derived from its root, for one purpose. FORMAT.md section 17.1.

use std::sync::Arc;

use crate::{
    error::Error,
    primitive::mac::HmacSha256,
    secret::Secret,
    tenant::{Generation, View},
};

/// The keys of one psk epoch, which is a generation of the tenant's root: rotating it makes the next, and when it is gone,
/// so are they.
pub(super) struct Psk {
    pub(super) epoch: Generation,
    /// psk0 of every handshake.
    pub(super) tenant: Arc<Secret<32>>,
    /// The last psk where there is no ticket.
    pub(super) no_ticket: Arc<Secret<32>>,
    /// Names a context in the clear.
    pub(super) hint: HmacSha256,
    /// Authenticates handshake packets, before anything is computed for them.
    pub(super) mac: HmacSha256,
    /// Seals cookies.
    pub(super) cookie: Secret<32>,
}

impl Psk {
    /// Those of every live generation, newest first.
    pub(super) fn derive(view: &View, purpose: &str) -> Result<Vec<Arc<Self>>, Error> {
        view.tenant_roots()
            .map(|(epoch, root)| {
                let key = |name| root.expand_to::<32>(name, &[purpose.as_bytes()]);
                Ok(Arc::new(Self {
                    epoch,
                    tenant: Arc::new(key("session/psk")?),
                    no_ticket: Arc::new(key("session/no-ticket")?),
                    hint: HmacSha256::new(&key("session/hint")?),
                    mac: HmacSha256::new(&key("session/mac")?),
                    cookie: key("session/cookie")?,
                }))
            })
            .collect()
    }
}
