//! Who acts for a tenant: members, clients, services. Suspended at once, restored, or removed for good.

use core::fmt;
use std::{sync::Arc, time::SystemTime};

use crate::{
    encoding::Reader,
    error::Error,
    tenant::{
        event::KeyEvent,
        id::TenantId,
        name,
        state::{GrantName, Life, check_date, mark_of_restoring, seconds, time},
        view::Tenant,
    },
};

/// What kind of principal an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PrincipalKind {
    /// `2`: a device or program of a member, with keys of its own.
    Client,
    /// `1`: a person.
    Member,
    /// `3`: a program of the operator or of the tenant.
    Service,
}

impl PrincipalKind {
    pub(crate) const fn id(self) -> u8 {
        match self {
            Self::Member => 1,
            Self::Client => 2,
            Self::Service => 3,
        }
    }

    fn from_id(id: u8) -> Result<Self, Error> {
        [Self::Member, Self::Client, Self::Service]
            .into_iter()
            .find(|kind| kind.id() == id)
            .ok_or(Error::Unsupported)
    }
}

/// The vendor's own id of a principal of one tenant: a kind and 1 to 128 bytes, compared byte for byte.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalId {
    kind: PrincipalKind,
    id: Box<[u8]>,
}

impl PrincipalId {
    /// The longest id, in bytes.
    pub const MAX_LEN: usize = 128;

    /// A person.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] if the id is empty, [`Error::TooLong`] over [`PrincipalId::MAX_LEN`] bytes.
    pub fn member(id: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::new(PrincipalKind::Member, id.as_ref())
    }

    /// A device or program of a member.
    ///
    /// # Errors
    ///
    /// As [`PrincipalId::member`].
    pub fn client(id: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::new(PrincipalKind::Client, id.as_ref())
    }

    /// A program of the operator or of the tenant.
    ///
    /// # Errors
    ///
    /// As [`PrincipalId::member`].
    pub fn service(id: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::new(PrincipalKind::Service, id.as_ref())
    }

    fn new(kind: PrincipalKind, id: &[u8]) -> Result<Self, Error> {
        match id.len() {
            0 => Err(Error::Value),
            1..=Self::MAX_LEN => Ok(Self { kind, id: id.into() }),
            _ => Err(Error::TooLong),
        }
    }

    /// What kind it is.
    #[must_use]
    pub fn kind(&self) -> PrincipalKind {
        self.kind
    }

    /// The bytes of the id.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.id
    }

    /// The kind, then the id: what follows the tenant in the name of a principal's entry, and what sessions name it by.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        [&[self.kind.id()], &*self.id].concat()
    }

    /// What [`PrincipalId::to_bytes`] made.
    pub(crate) fn from_name(rest: &[u8]) -> Result<Self, Error> {
        let (kind, id) = rest.split_first().ok_or(Error::Malformed)?;
        Self::new(PrincipalKind::from_id(*kind)?, id).map_err(|_| Error::Malformed)
    }
}

/// Shows the id: it is the vendor's own name, not a secret.
impl fmt::Debug for PrincipalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({})", self.kind, self.id.escape_ascii())
    }
}

/// Where in its life a principal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PrincipalState {
    /// It may act: its grants, sessions and logins count.
    Active,
    /// It may never act again. Its id is not given to another.
    Removed,
    /// It may not act; nothing of it is lost, and restoring brings everything back.
    Suspended {
        /// The end of the time in which it is expected back; `None` if it was left open. Nothing happens by itself then:
        /// [`Tenant::principals_due`] lists who is past it.
        until: Option<SystemTime>,
    },
}

impl PrincipalState {
    /// As it stands in events.
    pub(crate) fn to_bytes(self) -> Vec<u8> {
        self.to_entry(0)
    }

    /// As it is stored: an active one has the mark of its restoring where a suspended one has its date.
    fn to_entry(self, restored: u64) -> Vec<u8> {
        let (state, until) = match self {
            Self::Active => (1, restored),
            Self::Suspended { until } => (2, until.map_or(0, seconds)),
            Self::Removed => (3, 0),
        };
        [&[state][..], &u64::to_be_bytes(until)].concat()
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes);
        let (state, until) = (reader.u8()?, reader.u64()?);
        reader.finish()?;
        match state {
            1 => Ok(Self::Active),
            2 => Ok(Self::Suspended { until: if until == 0 { None } else { Some(time(until)?) } }),
            3 => Ok(Self::Removed),
            _ => Err(Error::Unsupported),
        }
    }
}

/// Who keeps the grants that a tenant gave. A keyring asks it before it destroys the tenant's keys, so that the receipt
/// says who may still hold some of them.
pub trait GrantLedger {
    /// The grants of a tenant that have not expired at that time, in seconds since 1970-01-01 UTC.
    ///
    /// # Errors
    ///
    /// Any error stops the shredding before anything is destroyed.
    fn unexpired(&self, tenant: &TenantId, now: u64) -> Result<Vec<GrantName>, Error>;
}

/// No grants were ever given.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoGrants;

impl GrantLedger for NoGrants {
    fn unexpired(&self, _: &TenantId, _: u64) -> Result<Vec<GrantName>, Error> {
        Ok(Vec::new())
    }
}

impl Tenant {
    /// Makes a principal known, and active.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`] if it is known, removed ones too; those of every change to a keyring: [`Error::Io`],
    /// [`Error::Store`], and [`Error::Suspended`] or [`Error::Shredded`] for the tenant.
    pub fn add_principal(&self, id: &PrincipalId) -> Result<(), Error> {
        self.change_principal(id, |state| match state {
            None => Ok(PrincipalState::Active),
            Some(_) => Err(Error::AlreadyExists),
        })
    }

    /// Takes everything away from a principal at once: grants, sessions, logins. Data stays, and
    /// [`Tenant::restore_principal`] brings everything back. Suspending again sets another date.
    ///
    /// In this process it counts from this call on, in others within the staleness of
    /// [`KeyringOptions::staleness`](crate::tenant::KeyringOptions::staleness).
    ///
    /// # Errors
    ///
    /// [`Error::UnknownPrincipal`]; [`Error::Removed`]; as [`Tenant::add_principal`].
    pub fn suspend_principal(&self, id: &PrincipalId, until: Option<SystemTime>) -> Result<(), Error> {
        check_date(until)?;
        self.change_principal(id, |state| match state.ok_or(Error::UnknownPrincipal)? {
            PrincipalState::Removed => Err(Error::Removed),
            _ => Ok(PrincipalState::Suspended { until }),
        })
    }

    /// Gives a suspended principal everything back.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownPrincipal`]; [`Error::Removed`]; [`Error::State`] if it is active; as [`Tenant::add_principal`].
    pub fn restore_principal(&self, id: &PrincipalId) -> Result<(), Error> {
        self.change_principal(id, |state| match state.ok_or(Error::UnknownPrincipal)? {
            PrincipalState::Suspended { .. } => Ok(PrincipalState::Active),
            PrincipalState::Active => Err(Error::State),
            PrincipalState::Removed => Err(Error::Removed),
        })
    }

    /// Removes a suspended principal for good. Its id stays known, so that nobody else gets it.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownPrincipal`]; [`Error::Removed`] if it was removed before; [`Error::State`] if it is active: suspend it
    /// first; as [`Tenant::add_principal`].
    pub fn remove_principal(&self, id: &PrincipalId) -> Result<(), Error> {
        self.change_principal(id, |state| match state.ok_or(Error::UnknownPrincipal)? {
            PrincipalState::Suspended { .. } => Ok(PrincipalState::Removed),
            PrincipalState::Active => Err(Error::State),
            PrincipalState::Removed => Err(Error::Removed),
        })
    }

    /// The state of a principal. What acts for it asks for it each time: [`Tenant::check_principal`].
    ///
    /// # Errors
    ///
    /// [`Error::UnknownPrincipal`]; [`Error::Open`] if its entry was altered; [`Error::Io`], [`Error::Store`].
    pub fn principal_state(&self, id: &PrincipalId) -> Result<PrincipalState, Error> {
        self.principal(id).map(|(state, _)| state)
    }

    /// Whether a principal may act now.
    ///
    /// # Errors
    ///
    /// [`Error::Suspended`] if it or its tenant is suspended; [`Error::Removed`]; as [`Tenant::principal_state`].
    pub fn check_principal(&self, id: &PrincipalId) -> Result<(), Error> {
        self.mark_of_tenant()?;
        self.mark_of(id).map(|_| ())
    }

    /// As [`Tenant::check_principal`] for two, as of that serial number of the store or later; and what tells this
    /// state from one before a suspension: the marks of their restoring and of the tenant's.
    pub(crate) fn standing_of(&self, ids: &[PrincipalId; 2], serial: u64) -> Result<[u64; 3], Error> {
        let tenant = self.mark_at(serial, name::tenant_state(self.id()), || self.mark_of_tenant())?;
        let of = |id| self.mark_at(serial, name::principal(self.id(), id), || self.mark_of(id));
        let [left, right] = ids;
        Ok([tenant, of(left)?, of(right)?])
    }

    /// What was read at a serial number is not read again at the same: who may act, and who may not.
    fn mark_at(
        &self,
        serial: u64,
        name: Vec<u8>,
        read: impl FnOnce() -> Result<u64, Error>,
    ) -> Result<u64, Error> {
        let (marks, key) = (self.keyring().marks(), (serial, name));
        if let Some(mark) = marks.get(&key) {
            return *mark;
        }
        let mark = read();
        if mark.as_ref().err().is_none_or(Error::forbids) {
            marks.insert(key, Arc::new(mark));
        }
        mark
    }

    /// The mark of the last restoring of a tenant that is active, whatever this handle knows of it.
    fn mark_of_tenant(&self) -> Result<u64, Error> {
        let Some(body) = self.entry(name::tenant_state(self.id()))? else { return Ok(0) };
        let life = Life::parse(&body)?;
        life.check_active()?;
        Ok(life.restored)
    }

    fn entry(&self, name: Vec<u8>) -> Result<Option<Vec<u8>>, Error> {
        let bytes = self.keyring().store().get(&name)?;
        bytes.map(|bytes| self.keyring().open_entry(&name, &bytes)).transpose()
    }

    /// The mark of a principal that may act.
    fn mark_of(&self, id: &PrincipalId) -> Result<u64, Error> {
        match self.principal(id)? {
            (PrincipalState::Active, mark) => Ok(mark),
            (PrincipalState::Suspended { .. }, _) => Err(Error::Suspended),
            (PrincipalState::Removed, _) => Err(Error::Removed),
        }
    }

    /// Its state, and of an active one the mark of its restoring.
    fn principal(&self, id: &PrincipalId) -> Result<(PrincipalState, u64), Error> {
        // A tenant that is suspended has no principal that may act.
        self.view()?;
        let body = self.entry(name::principal(self.id(), id))?.ok_or(Error::UnknownPrincipal)?;
        Ok((PrincipalState::parse(&body)?, body.last_chunk().copied().map_or(0, u64::from_be_bytes)))
    }

    /// The principals whose suspension has passed its date, for the operator to restore or remove.
    ///
    /// # Errors
    ///
    /// As [`Tenant::principal_state`].
    pub fn principals_due(&self, now: SystemTime) -> Result<Vec<PrincipalId>, Error> {
        let keyring = self.keyring();
        let prefix = name::principals(self.id());
        let mut due = Vec::new();
        keyring.scan(&prefix, |entry| {
            let state = PrincipalState::parse(&keyring.open_entry(&entry.name, &entry.bytes)?)?;
            if matches!(state, PrincipalState::Suspended { until: Some(until) } if until <= now) {
                let (_, rest) = name::split_tenant(&entry.name)?;
                due.push(PrincipalId::from_name(rest)?);
            }
            Ok(())
        })?;
        Ok(due)
    }

    fn change_principal(
        &self,
        id: &PrincipalId,
        next: impl FnOnce(Option<PrincipalState>) -> Result<PrincipalState, Error>,
    ) -> Result<(), Error> {
        let name = name::principal(self.id(), id);
        self.keyring().update(|draft| {
            draft.check_active(self.id())?;
            let state = draft.get(&name)?.map(|body| PrincipalState::parse(&body)).transpose()?;
            let next = next(state)?;
            let restored = if state.is_some() { mark_of_restoring() } else { 0 };
            draft.put(&name, &next.to_entry(restored))?;
            Ok((KeyEvent::PrincipalChanged(self.id().clone(), id.clone(), next), ()))
        })
    }
}
