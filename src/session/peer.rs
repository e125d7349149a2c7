//! Who is on the other side, and who says so.

use core::fmt;
use std::{collections::HashMap, sync::Arc};

use super::key::PublicKey;
use crate::{
    error::Error,
    secret::Secret,
    tenant::{PrincipalId, TenantId},
};

/// A secret that two endpoints share for their handshakes: handed out by a key server, or left by an earlier session
/// ([`Session::resumption`](super::Session::resumption)). Both name it by the same id.
#[derive(Clone)]
pub struct Ticket {
    pub(super) id: Arc<[u8]>,
    pub(super) key: Arc<Secret<32>>,
}

impl Ticket {
    /// The longest id, in bytes.
    pub const MAX_ID: usize = 64;

    /// `key` is 32 random bytes, known to the two endpoints and to whoever made it.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] for an empty id, [`Error::TooLong`] over 64 bytes.
    pub fn new(id: &[u8], key: Secret<32>) -> Result<Self, Error> {
        match id.len() {
            0 => Err(Error::Value),
            1..=Self::MAX_ID => Ok(Self { id: id.into(), key: Arc::new(key) }),
            _ => Err(Error::TooLong),
        }
    }

    /// The id, which is no secret.
    #[must_use]
    pub fn id(&self) -> &[u8] {
        &self.id
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket({})", self.id.escape_ascii())
    }
}

/// An endpoint whose static key is known beforehand.
#[derive(Clone, Debug)]
pub struct Peer {
    pub(super) id: PrincipalId,
    pub(super) key: PublicKey,
    pub(super) ticket: Option<Ticket>,
}

impl Peer {
    /// Who it is, and its key, from where nobody could put in another one.
    #[must_use]
    pub fn new(id: &PrincipalId, key: PublicKey) -> Self {
        Self { id: id.clone(), key, ticket: None }
    }

    /// The ticket that both sides have.
    #[must_use]
    pub fn ticket(self, ticket: Ticket) -> Self {
        Self { ticket: Some(ticket), ..self }
    }

    /// Who it is.
    #[must_use]
    pub fn id(&self) -> &PrincipalId {
        &self.id
    }

    /// Its static key.
    #[must_use]
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// The same for the same key of the same principal under a ticket of the same name.
    pub(super) fn name(&self) -> PeerName {
        (self.id.clone(), self.key, self.ticket.as_ref().map(|ticket| ticket.id.clone()))
    }
}

/// Principal, key, id of the ticket.
pub(super) type PeerName = (PrincipalId, PublicKey, Option<Arc<[u8]>>);

/// What an endpoint says of itself in a handshake: it has proved that it has the private key, and nothing else.
#[derive(Debug)]
pub struct Claim<'a> {
    pub(super) tenant: &'a TenantId,
    pub(super) id: &'a PrincipalId,
    pub(super) key: PublicKey,
    pub(super) certificate: Option<&'a [u8]>,
}

impl Claim<'_> {
    /// The tenant of both endpoints.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        self.tenant
    }

    /// Who it says that it is.
    #[must_use]
    pub fn id(&self) -> &PrincipalId {
        self.id
    }

    /// Its static key.
    #[must_use]
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// What it brought to prove that the key is of that id, if anything.
    #[must_use]
    pub fn certificate(&self) -> Option<&[u8]> {
        self.certificate
    }
}

/// Whom an endpoint believes to be who they say, where their keys are not known beforehand.
pub trait Directory: Send + Sync {
    /// Accepts a claim, or refuses it: a key that is not that principal's, a certificate that does not verify or has
    /// expired. It is called while a listener works, and for packets that are replayed: it must not wait.
    ///
    /// # Errors
    ///
    /// Any error refuses. The other side learns nothing of it.
    fn check(&self, claim: &Claim<'_>) -> Result<(), Error>;

    /// The key of a ticket that the other side names. Without tickets, none is known.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`]; any error refuses.
    fn ticket(&self, id: &[u8]) -> Result<Ticket, Error> {
        let _ = id;
        Err(Error::UnknownKey)
    }
}

/// A [`Directory`] of keys that are known: each principal's own.
#[derive(Clone, Debug, Default)]
pub struct KnownPeers {
    keys: HashMap<PrincipalId, Vec<PublicKey>>,
}

impl KnownPeers {
    /// Nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key of a principal, beside those that it has.
    #[must_use]
    pub fn add(mut self, id: &PrincipalId, key: PublicKey) -> Self {
        self.keys.entry(id.clone()).or_default().push(key);
        self
    }
}

impl Directory for KnownPeers {
    fn check(&self, claim: &Claim<'_>) -> Result<(), Error> {
        let known = self.keys.get(claim.id).is_some_and(|keys| keys.contains(&claim.key));
        if known { Ok(()) } else { Err(Error::UnknownPrincipal) }
    }
}
