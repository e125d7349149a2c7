//! One side of sessions: a principal of a tenant, its static key, and what for.

use core::{fmt, time::Duration};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::SystemTime,
};

use super::{
    clock::{Clock, SECOND},
    initiator::Initiator,
    key::{PrivateKey, PublicKey},
    limits::Limits,
    parties::{Parties, Party, Pattern},
    peer::{Claim, Directory, Peer},
    psk::Psk,
};
use crate::{
    error::Error,
    primitive::dh,
    tenant::{PrincipalId, Tenant, TenantId, View},
};

/// One principal of one tenant that has sessions for one purpose. Cheap to clone; share it freely between threads.
///
/// Two endpoints meet only if tenant, purpose and context are the same on both sides.
#[derive(Clone)]
pub struct Endpoint {
    pub(super) tenant: Tenant,
    pub(super) id: PrincipalId,
    pub(super) key: Arc<dh::PrivateKey>,
    purpose: Arc<str>,
    context: Arc<[u8]>,
    pub(super) certificate: Arc<[u8]>,
    pub(super) directory: Option<Arc<dyn Directory>>,
    pub(super) limits: Limits,
    pub(super) clock: Clock,
    shared: Arc<Shared>,
}

/// What the clones of an endpoint have in common.
#[derive(Default)]
struct Shared {
    /// The timestamp of the last first message.
    latest: AtomicU64,
    /// The keys that the tenant's clients share, as of a view of its keys.
    psks: Mutex<Option<(Arc<View>, Psks)>>,
}

/// Tenant, purpose, context.
pub(super) type Place = (TenantId, Arc<str>, Arc<[u8]>);

/// Tenant, principal, key, purpose, context.
pub(super) type EndpointName = (TenantId, PrincipalId, PublicKey, Arc<str>, Arc<[u8]>);

/// The newest first.
pub(super) type Psks = Arc<[Arc<Psk>]>;

impl Endpoint {
    /// The longest purpose, in bytes.
    pub const MAX_PURPOSE: usize = 64;
    /// The longest context, in bytes.
    pub const MAX_CONTEXT: usize = 1024;
    /// The longest certificate, in bytes.
    pub const MAX_CERTIFICATE: usize = 16_384;

    /// `purpose` is the caller's own permanent name for what the sessions are for, 1 to 64 bytes: two purposes share no key.
    /// The principal is one that the tenant knows ([`Tenant::add_principal`]); so is everybody that it speaks with. When one
    /// of two is suspended, their sessions end.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] or [`Error::TooLong`] for the purpose; [`Error::UnknownPrincipal`], [`Error::Suspended`],
    /// [`Error::Removed`], as [`Tenant::check_principal`]; [`Error::State`] for a handle of
    /// [`Keyring::tenant_from_records`](crate::tenant::Keyring::tenant_from_records), which would not notice that its
    /// tenant is suspended.
    pub fn new(tenant: &Tenant, id: &PrincipalId, key: &PrivateKey, purpose: &str) -> Result<Self, Error> {
        match purpose.len() {
            0 => return Err(Error::Value),
            1..=Self::MAX_PURPOSE => {}
            _ => return Err(Error::TooLong),
        }
        if tenant.is_pinned() {
            return Err(Error::State);
        }
        tenant.check_principal(id)?;
        Ok(Self {
            tenant: tenant.clone(),
            id: id.clone(),
            key: key.shared(),
            purpose: purpose.into(),
            context: Arc::default(),
            certificate: Arc::default(),
            directory: None,
            limits: Limits::new(),
            clock: Clock::default(),
            shared: Arc::default(),
        })
    }

    /// What else both sides must have in common for a session to come about, such as the fingerprint of the connection
    /// below. It is hashed into the handshake and not sent.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] over 1,024 bytes.
    pub fn context(mut self, context: &[u8]) -> Result<Self, Error> {
        if context.len() > Self::MAX_CONTEXT {
            return Err(Error::TooLong);
        }
        self.context = context.into();
        Ok(self)
    }

    /// What this endpoint shows to prove that its key is its principal's, to a [`Directory`] that asks for it. It is sent
    /// encrypted, wherever the other side does not know the key beforehand.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] if it is empty, [`Error::TooLong`] over 16 KiB. One of more than some 1,000 bytes makes packets that
    /// do not fit every network.
    pub fn certificate(mut self, certificate: &[u8]) -> Result<Self, Error> {
        match certificate.len() {
            0 => return Err(Error::Value),
            1..=Self::MAX_CERTIFICATE => self.certificate = certificate.into(),
            _ => return Err(Error::TooLong),
        }
        Ok(self)
    }

    /// Whom this endpoint believes where it does not know the other's key beforehand. Without one it has no session with
    /// such an endpoint.
    #[must_use]
    pub fn directory(mut self, directory: impl Directory + 'static) -> Self {
        self.directory = Some(Arc::new(directory));
        self
    }

    /// How long, and for how much, keys are used.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Another clock for the age of sessions, for tests. It gives the time since any moment and never goes back. The
    /// default is the machine's, which counts the time in which the machine sleeps.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.clock = Clock::of(clock);
        self
    }

    /// Calls a peer that expects it: each side knows the other's static key ([`Listener::expect`](super::Listener::expect)).
    /// `KKpsk0+psk2`. Nobody on the way learns who speaks with whom.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownPrincipal`], [`Error::Suspended`], [`Error::Removed`] for either side; [`Error::Open`] for a key that
    /// contributes nothing; [`Error::Random`], [`Error::Io`], [`Error::Store`].
    pub fn initiate(&self, peer: &Peer) -> Result<Initiator, Error> {
        Initiator::start(self, Pattern::Kk, Some(peer))
    }

    /// Calls a peer that does not know this endpoint's static key, and asks its [`Directory`]. `IKpsk0+psk2`.
    ///
    /// # Errors
    ///
    /// As [`Endpoint::initiate`].
    pub fn initiate_ik(&self, peer: &Peer) -> Result<Initiator, Error> {
        Initiator::start(self, Pattern::Ik, Some(peer))
    }

    /// Calls somebody whose static key is not known: each side sends its own, and asks its [`Directory`] about the other's.
    /// `XXpsk0+psk3`, three messages. With `None` it is whoever of the directory answers; nobody else learns who calls.
    ///
    /// # Errors
    ///
    /// [`Error::State`] without a [`Directory`]; as [`Endpoint::initiate`].
    pub fn initiate_xx(&self, peer: Option<&PrincipalId>) -> Result<Initiator, Error> {
        self.need_directory()?;
        peer.map_or(Ok(()), |peer| self.tenant.check_principal(peer))?;
        let initiator = Initiator::start(self, Pattern::Xx, None)?;
        Ok(match peer {
            Some(peer) => initiator.expecting(peer),
            None => initiator,
        })
    }

    /// Who this is.
    #[must_use]
    pub fn id(&self) -> &PrincipalId {
        &self.id
    }

    /// What the others know it by.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey::from_bytes(self.key.public())
    }

    /// Where those call that do not know whom.
    pub(super) fn place(&self) -> Place {
        (self.tenant.id().clone(), self.purpose.clone(), self.context.clone())
    }

    /// Whether this principal may act itself.
    pub(super) fn check_own(&self) -> Result<(), Error> {
        let serial = self.tenant.keyring().serial()?;
        self.tenant.standing_of(&[self.id.clone(), self.id.clone()], serial).map(|_| ())
    }

    /// What it answers to.
    pub(super) fn name(&self) -> EndpointName {
        let (tenant, id) = (self.tenant.id().clone(), self.id.clone());
        (tenant, id, self.public_key(), self.purpose.clone(), self.context.clone())
    }

    pub(super) fn need_directory(&self) -> Result<&Arc<dyn Directory>, Error> {
        self.directory.as_ref().ok_or(Error::State)
    }

    pub(super) fn party(&self) -> Party<'_> {
        Party { id: &self.id, key: self.public_key() }
    }

    /// What is known beforehand of a handshake between this endpoint and, perhaps, a peer.
    pub(super) fn parties<'a>(
        &'a self,
        pattern: Pattern,
        peer: Option<&'a Peer>,
        initiates: bool,
    ) -> Parties<'a> {
        let other = peer.map(|peer| Party { id: &peer.id, key: peer.key });
        let (initiator, responder) =
            if initiates { (Some(self.party()), other) } else { (other, Some(self.party())) };
        Parties {
            pattern,
            tenant: self.tenant.id(),
            purpose: &self.purpose,
            initiator: initiator.filter(|_| pattern.noise().initiator_is_known),
            responder: responder.filter(|_| pattern.noise().responder_is_known),
            // Where the initiator is not known beforehand, nor is its ticket.
            ticket_id: match peer.and_then(|peer| peer.ticket.as_ref()) {
                Some(ticket) if pattern.noise().initiator_is_known => &ticket.id,
                _ => &[],
            },
            context: &self.context,
        }
    }

    /// Asks the directory about the other side.
    pub(super) fn check_claim(
        &self,
        id: &PrincipalId,
        key: PublicKey,
        certificate: Option<&[u8]>,
    ) -> Result<(), Error> {
        // Somebody who sends this endpoint's own packets back to it has no key of another's.
        if key == self.public_key() {
            return Err(Error::Open);
        }
        let claim = Claim { tenant: self.tenant.id(), id, key, certificate };
        self.need_directory()?.check(&claim).map_err(|_| Error::Open)
    }

    /// The keys that the tenant's clients share, of the newest generation first.
    pub(super) fn psks(&self) -> Result<Psks, Error> {
        let mut known = self.shared.psks.lock().unwrap_or_else(PoisonError::into_inner);
        let view = match self.tenant.view() {
            Err(error @ (Error::Shredded | Error::Suspended)) => {
                *known = None;
                return Err(error);
            }
            view => view?,
        };
        if let Some((of, psks)) = known.as_ref()
            && Arc::ptr_eq(of, &view)
        {
            return Ok(psks.clone());
        }
        let psks: Psks = Psk::derive(&view, &self.purpose)?.into();
        *known = Some((view.into_owned(), psks.clone()));
        Ok(psks)
    }

    #[cfg(test)]
    pub(super) fn set_latest(&self, latest: u64) {
        self.shared.latest.store(latest, Ordering::Release);
    }

    /// Nanoseconds since 1970, larger at each call.
    pub(super) fn timestamp(&self) -> u64 {
        let now = nanoseconds_since_1970();
        // A clock that was far ahead once is not followed for ever.
        let later = |latest: u64| {
            if latest > now.saturating_add(MOST_AHEAD) { now } else { now.max(latest.saturating_add(1)) }
        };
        let latest = self
            .shared
            .latest
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |latest| Some(later(latest)));
        later(latest.unwrap_or_else(|latest| latest))
    }
}

/// How far ahead of a listener's clock a caller's may be, in nanoseconds: a day.
pub(super) const MOST_AHEAD: u64 = 86_400 * SECOND;

pub(super) fn nanoseconds_since_1970() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("tenant", self.tenant.id())
            .field("id", &self.id)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}
