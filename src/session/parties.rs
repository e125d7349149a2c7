//! What a handshake is about, as far as both sides know it beforehand: its prologue and its hint.

use super::{
    key::PublicKey,
    packet::{HINT_LEN, VERSION},
    psk::Psk,
};
use crate::{
    encoding::info,
    error::Error,
    noise,
    tenant::{PrincipalId, TenantId},
};

/// How two endpoints come to know each other's static keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Pattern {
    /// Both know the other's.
    Kk,
    /// The initiator knows the responder's.
    Ik,
    /// Neither knows the other's.
    Xx,
}

impl Pattern {
    pub(super) const fn id(self) -> u8 {
        match self {
            Self::Kk => 1,
            Self::Ik => 2,
            Self::Xx => 3,
        }
    }

    pub(super) fn from_id(id: u8) -> Option<Self> {
        [Self::Kk, Self::Ik, Self::Xx].into_iter().find(|pattern| pattern.id() == id)
    }

    pub(super) const fn noise(self) -> &'static noise::Pattern {
        match self {
            Self::Kk => &noise::Pattern::KK,
            Self::Ik => &noise::Pattern::IK,
            Self::Xx => &noise::Pattern::XX,
        }
    }
}

/// One side, as far as it is known beforehand.
#[derive(Clone, Copy)]
pub(super) struct Party<'a> {
    pub(super) id: &'a PrincipalId,
    pub(super) key: PublicKey,
}

/// What both sides know before the first message. What one of them cannot know is absent, and is in a payload instead.
#[derive(Clone, Copy)]
pub(super) struct Parties<'a> {
    pub(super) pattern: Pattern,
    pub(super) tenant: &'a TenantId,
    pub(super) purpose: &'a str,
    pub(super) initiator: Option<Party<'a>>,
    pub(super) responder: Option<Party<'a>>,
    pub(super) ticket_id: &'a [u8],
    /// The caller's own.
    pub(super) context: &'a [u8],
}

impl Parties<'_> {
    /// `I("noise", version, tenant, psk epoch, purpose, initiator id, responder id, ticket id, prekey id, prekey bundle hash,
    /// context)`. There are no prekeys here: their parts are empty.
    pub(super) fn prologue(&self, psk: &Psk) -> Result<Vec<u8>, Error> {
        info(&[
            b"noise",
            &[VERSION],
            self.tenant.as_bytes(),
            &psk.epoch.to_u32().to_be_bytes(),
            self.purpose.as_bytes(),
            &id(self.initiator),
            &id(self.responder),
            self.ticket_id,
            b"",
            b"",
            self.context,
        ])
    }

    /// By which the responder finds all this, 8 bytes: a MAC over it, so that whoever has no key of the tenant sees that two
    /// packets are for the same, and not for what.
    pub(super) fn hint(&self, psk: &Psk) -> Result<[u8; HINT_LEN], Error> {
        let key = |party: Option<Party<'_>>| party.map_or(Vec::new(), |party| party.key.as_bytes().to_vec());
        let parts = info(&[
            &[self.pattern.id()],
            &id(self.initiator),
            &key(self.initiator),
            &id(self.responder),
            &key(self.responder),
            self.ticket_id,
            self.context,
        ])?;
        Ok(psk.hint.truncated_tag(&[&parts]))
    }
}

fn id(party: Option<Party<'_>>) -> Vec<u8> {
    party.map_or(Vec::new(), |party| party.id.to_bytes())
}
