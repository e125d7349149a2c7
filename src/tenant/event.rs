//! What happens to keys, told to whoever keeps the log.

use std::sync::{Mutex, PoisonError};

use crate::{
    encoding::{info, parse_info},
    error::Error,
    tenant::{
        id::{Generation, TenantId},
        principal::{PrincipalId, PrincipalState},
        signing::SigningPurpose,
    },
};

/// Something that is about to happen to keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyEvent {
    /// `1`: an alias is given to a tenant.
    AliasAdded(TenantId),
    /// `2`: an alias is taken from a tenant.
    AliasRemoved(TenantId),
    /// `3`: that many entries are wrapped under the current KEK anew.
    EntriesRewrapped(u64),
    /// `4`: a legal hold is lifted.
    HoldLifted(TenantId),
    /// `5`: a tenant is put under a legal hold.
    HoldPlaced(TenantId),
    /// `6`: a tenant gets a new index root, of that epoch.
    IndexRotated(TenantId, Generation),
    /// `7`: what is new is wrapped under another KEK, of that id.
    KekChanged([u8; 16]),
    /// `8`: a policy of that version takes effect.
    PolicyInstalled(u32),
    /// `9`: a principal becomes known, or its state changes.
    PrincipalChanged(TenantId, PrincipalId, PrincipalState),
    /// `10`: a seed of derived roots is made, of that version.
    SeedCreated(u32),
    /// `11`: the operator gets a new signing key for a purpose, of that id.
    SigningKeyCreated(SigningPurpose, [u8; 16]),
    /// `12`: a tenant is created.
    TenantCreated(TenantId),
    /// `13`: a suspended tenant is restored.
    TenantRestored(TenantId),
    /// `14`: a tenant gets a new root, of that generation.
    TenantRotated(TenantId, Generation),
    /// `15`: storage was cleaned after a tenant's roots, and the receipt is issued.
    TenantShredded(TenantId),
    /// `16`: a tenant's roots are destroyed.
    TenantShredding(TenantId),
    /// `17`: a tenant is suspended, up to that time in seconds since 1970-01-01 UTC, or without an end.
    TenantSuspended(TenantId, Option<u64>),
}

impl KeyEvent {
    /// The bytes that a database keeps: `I("key-event", number u8, details...)`, FORMAT.md section 14.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let event = |number: u8, details: &[&[u8]]| {
            let number = [number];
            let parts = [&[&b"key-event"[..], &number], details].concat();
            // Invariant: no detail is longer than 128 bytes, and there are four at most.
            info(&parts).unwrap_or_default()
        };
        let generation = |generation: &Generation| generation.to_u32().to_be_bytes();
        match self {
            // `parse` has the same numbers and details.
            Self::AliasAdded(id) => event(1, &[id.as_bytes()]),
            Self::AliasRemoved(id) => event(2, &[id.as_bytes()]),
            Self::EntriesRewrapped(count) => event(3, &[&count.to_be_bytes()]),
            Self::HoldLifted(id) => event(4, &[id.as_bytes()]),
            Self::HoldPlaced(id) => event(5, &[id.as_bytes()]),
            Self::IndexRotated(id, epoch) => event(6, &[id.as_bytes(), &generation(epoch)]),
            Self::KekChanged(id) => event(7, &[id]),
            Self::PolicyInstalled(version) => event(8, &[&version.to_be_bytes()]),
            Self::PrincipalChanged(tenant, id, state) => {
                event(9, &[tenant.as_bytes(), &[id.kind().id()], id.as_bytes(), &state.to_bytes()])
            }
            Self::SeedCreated(version) => event(10, &[&version.to_be_bytes()]),
            Self::SigningKeyCreated(purpose, id) => event(11, &[&[purpose.id()], id]),
            Self::TenantCreated(id) => event(12, &[id.as_bytes()]),
            Self::TenantRestored(id) => event(13, &[id.as_bytes()]),
            Self::TenantRotated(id, new) => event(14, &[id.as_bytes(), &generation(new)]),
            Self::TenantShredded(id) => event(15, &[id.as_bytes()]),
            Self::TenantShredding(id) => event(16, &[id.as_bytes()]),
            Self::TenantSuspended(id, until) => {
                event(17, &[id.as_bytes(), &until.unwrap_or(0).to_be_bytes()])
            }
        }
    }

    /// Reads what [`KeyEvent::to_bytes`] made. Nothing authenticates an event: it is as true as the database that it was read
    /// from.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] for an event that this version does not know; [`Error::Malformed`] for bytes that no event has.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let parts = parse_info(bytes)?;
        let [name, number, details @ ..] = parts.as_slice() else { return Err(Error::Malformed) };
        let [number] = array(number)?;
        if *name != b"key-event" {
            return Err(Error::Malformed);
        }
        let event = match (number, details) {
            (1, [id]) => Self::AliasAdded(tenant(id)?),
            (2, [id]) => Self::AliasRemoved(tenant(id)?),
            (3, [count]) => Self::EntriesRewrapped(u64::from_be_bytes(array(count)?)),
            (4, [id]) => Self::HoldLifted(tenant(id)?),
            (5, [id]) => Self::HoldPlaced(tenant(id)?),
            (6, [id, epoch]) => {
                Self::IndexRotated(tenant(id)?, u32::from_be_bytes(array(epoch)?).try_into()?)
            }
            (7, [id]) => Self::KekChanged(array(id)?),
            (8, [version]) => Self::PolicyInstalled(u32::from_be_bytes(array(version)?)),
            (9, [id, kind, principal, state]) => {
                let principal = PrincipalId::from_name(&[*kind, *principal].concat())?;
                Self::PrincipalChanged(tenant(id)?, principal, PrincipalState::parse(state)?)
            }
            (10, [version]) => Self::SeedCreated(u32::from_be_bytes(array(version)?)),
            (11, [purpose, id]) => {
                let [purpose] = array(purpose)?;
                Self::SigningKeyCreated(SigningPurpose::from_id(purpose)?, array(id)?)
            }
            (12, [id]) => Self::TenantCreated(tenant(id)?),
            (13, [id]) => Self::TenantRestored(tenant(id)?),
            (14, [id, new]) => Self::TenantRotated(tenant(id)?, u32::from_be_bytes(array(new)?).try_into()?),
            (15, [id]) => Self::TenantShredded(tenant(id)?),
            (16, [id]) => Self::TenantShredding(tenant(id)?),
            (17, [id, until]) => {
                let until = u64::from_be_bytes(array(until)?);
                Self::TenantSuspended(tenant(id)?, (until != 0).then_some(until))
            }
            (1..=17, _) => return Err(Error::Malformed),
            _ => return Err(Error::Unsupported),
        };
        // One event has one form: a kind of two bytes, or a date beside a state that has none, is none.
        if event.to_bytes() == bytes { Ok(event) } else { Err(Error::Malformed) }
    }
}

fn tenant(id: &[u8]) -> Result<TenantId, Error> {
    id.try_into().map_err(|_| Error::Malformed)
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Error> {
    bytes.try_into().map_err(|_| Error::Malformed)
}

/// Where key events go: called before the change is stored, so that no change is without its event. A database keeps the
/// event in the same transaction as well.
///
/// It is called while the store is locked, and must not call the keyring. A sink that fails stops the change. An event
/// may therefore stand for a change that did not happen after all.
pub trait EventSink: Send + Sync {
    /// Keeps the event.
    ///
    /// # Errors
    ///
    /// Any error stops the change and is handed to its caller.
    fn record(&self, event: &KeyEvent) -> Result<(), Error>;
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEvents;

impl EventSink for NoEvents {
    fn record(&self, _: &KeyEvent) -> Result<(), Error> {
        Ok(())
    }
}

/// Keeps every event in memory.
#[derive(Debug, Default)]
pub struct EventRecorder(Mutex<Vec<KeyEvent>>);

impl EventRecorder {
    /// The events so far, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<KeyEvent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl EventSink for EventRecorder {
    fn record(&self, event: &KeyEvent) -> Result<(), Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
        Ok(())
    }
}
