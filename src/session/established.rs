//! What a handshake ends with.

use core::fmt;
use std::sync::Arc;

use super::{
    endpoint::Endpoint, index::Index, key::PublicKey, peer::Ticket, receiver::Receiver, sender::Sender,
    standing::Standing,
};
use crate::{
    error::Error,
    noise,
    primitive::kdf,
    secret::Secret,
    tenant::{PrincipalId, purpose_info},
};

/// A session between two endpoints: each has proved to the other who it is, and nobody else can read it.
///
/// It is in one place: there is no clone, and its keys are not exported. Two copies would use the same nonces.
pub struct Session {
    peer: PrincipalId,
    peer_key: PublicKey,
    exporter: Secret<32>,
    handshake_hash: [u8; 32],
    sender: Sender,
    receiver: Receiver,
}

/// Who the other side is, and that the two may speak.
pub(super) struct Identity {
    pub(super) id: PrincipalId,
    pub(super) key: PublicKey,
    pub(super) standing: Arc<Standing>,
}

impl Identity {
    /// # Errors
    ///
    /// As [`Standing::new`].
    pub(super) fn new(endpoint: &Endpoint, id: &PrincipalId, key: PublicKey) -> Result<Self, Error> {
        let standing =
            Arc::new(Standing::new(&endpoint.tenant, [endpoint.id.clone(), id.clone()], &endpoint.clock)?);
        Ok(Self { id: id.clone(), key, standing })
    }
}

impl Session {
    /// The longest output of [`Session::export`], in bytes.
    pub const MAX_EXPORT: usize = 8160;

    pub(super) fn new(
        endpoint: &Endpoint,
        peer: Identity,
        keys: noise::Established,
        index: Index,
        peer_index: u32,
    ) -> Result<Self, Error> {
        let standing = peer.standing;
        let (limits, clock) = (endpoint.limits, &endpoint.clock);
        Ok(Self {
            peer: peer.id,
            peer_key: peer.key,
            exporter: keys.exporter,
            handshake_hash: keys.handshake_hash,
            sender: Sender::new(keys.sending, peer_index, standing.clone(), limits, clock.clone())?,
            receiver: Receiver::new(keys.receiving, index, standing, limits, clock.clone())?,
        })
    }

    /// Who is on the other side.
    #[must_use]
    pub fn peer(&self) -> &PrincipalId {
        &self.peer
    }

    /// The static key of the other side.
    #[must_use]
    pub fn peer_key(&self) -> PublicKey {
        self.peer_key
    }

    /// The number in the packets for this session: [`receiver_index`](super::receiver_index).
    #[must_use]
    pub fn index(&self) -> u32 {
        self.receiver.index()
    }

    /// 32 bytes, the same on both sides and of this session alone: what a layer above binds itself to. No secret. Noise
    /// section 11.2.
    #[must_use]
    pub fn channel_binding(&self) -> &[u8; 32] {
        &self.handshake_hash
    }

    /// A secret for something else, the same on both sides: `HKDF-Expand(exporter, I("session/export", 00, length, label,
    /// context, channel binding))`. `label` says what for.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] for an empty label or no bytes, [`Error::TooLong`] over 8,160 bytes or for a label or context
    /// over 65,535 bytes; [`Error::Suspended`], [`Error::Removed`], [`Error::Shredded`] if the session was ended;
    /// [`Error::Forked`]; [`Error::Io`], [`Error::Store`].
    pub fn export(&self, label: &str, context: &[u8], out: &mut [u8]) -> Result<(), Error> {
        if label.is_empty() || out.is_empty() {
            return Err(Error::Value);
        }
        self.derive("session/export", &[label.as_bytes(), context], out)
    }

    /// A ticket for the next session of the same two: whoever has not had part in this one cannot have part in that, even
    /// with both static keys. Both sides make the same one; it is to be used once.
    ///
    /// # Errors
    ///
    /// As [`Session::export`].
    pub fn resumption(&self) -> Result<Ticket, Error> {
        let mut id = [0; 16];
        self.derive("session/resumption-id", &[], &mut id)?;
        Ticket::new(&id, Secret::try_filled(|key| self.derive("session/resumption-key", &[], key))?)
    }

    /// The halves for datagrams.
    #[must_use]
    pub fn split(self) -> (Sender, Receiver) {
        (self.sender, self.receiver)
    }

    pub(super) fn halves_mut(&mut self) -> (&mut Sender, &mut Receiver) {
        (&mut self.sender, &mut self.receiver)
    }

    fn derive(&self, purpose: &str, context: &[&[u8]], out: &mut [u8]) -> Result<(), Error> {
        self.sender.check()?;
        let mut context = context.to_vec();
        context.push(&self.handshake_hash);
        kdf::expand(&self.exporter, &purpose_info(purpose, 0, out.len(), &context)?, out)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("peer", &self.peer)
            .field("index", &self.index())
            .finish_non_exhaustive()
    }
}
