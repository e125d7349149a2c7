//! Where in its life a tenant is, and what its store says of it. FORMAT.md section 14.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{
    encoding::Reader,
    error::Error,
    tenant::{id::Generation, record::RootKind, store::StorageAction},
};

/// Where in its life a tenant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TenantState {
    /// Its keys seal and open.
    Active,
    /// Its roots are destroyed, and a receipt says so.
    Shredded,
    /// Its roots are destroyed, and storage is not cleaned yet: no receipt has been issued.
    /// [`Keyring::shred_tenant`](crate::tenant::Keyring::shred_tenant) goes on from here.
    Shredding,
    /// Its keys neither seal nor open; everything is kept. From `until` on it may be shredded; until that is done it may
    /// be restored.
    Suspended {
        /// The end of the time in which nothing is destroyed; `None` if it was left open.
        until: Option<SystemTime>,
    },
}

/// The life of a tenant as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Life {
    pub(crate) state: TenantState,
    /// Nothing may be destroyed, whatever the state.
    pub(crate) hold: bool,
    /// Of an active one: its [`mark_of_restoring`], 0 if it never was suspended.
    pub(crate) restored: u64,
    /// What was destroyed, from [`TenantState::Shredding`] on.
    pub(crate) remains: Option<Remains>,
}

/// What is left of a tenant's keys when they are destroyed: their public names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Remains {
    /// When the roots were destroyed, in seconds since 1970-01-01 UTC.
    pub(crate) effective: u64,
    pub(crate) roots: Vec<RootName>,
    pub(crate) leaves: Vec<LeafName>,
    pub(crate) grants: Vec<GrantName>,
    pub(crate) actions: Vec<StorageAction>,
}

/// A root that was destroyed, by its commitment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RootName {
    /// Which of the tenant's roots.
    pub kind: RootKind,
    /// Which generation of it.
    pub generation: Generation,
    /// The 32-byte commitment that its record carried.
    pub commitment: [u8; 32],
}

/// A key of one place that can never be derived again, by the commitment that its cells carry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeafName {
    /// The generation of the root that it was derived from.
    pub generation: Generation,
    /// The 16-byte commitment in the header of every cell under it.
    pub key_commitment: [u8; 16],
    /// The suite, by its number.
    pub suite: u8,
}

/// A grant that had not expired when its tenant's keys were destroyed: its holder may still have what it lent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GrantName {
    /// The 16-byte id of the grant.
    pub id: [u8; 16],
    /// When it expires, in seconds since 1970-01-01 UTC; it is the holder's software that heeds it.
    pub expires: u64,
}

/// What tells a state that was restored from one that was there before: the time in nanoseconds since 1970-01-01 UTC. What was
/// ended by the suspension sees by it that there was one.
pub(crate) fn mark_of_restoring() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

impl Life {
    pub(crate) const ACTIVE: Self =
        Self { state: TenantState::Active, hold: false, restored: 0, remains: None };

    /// # Errors
    ///
    /// [`Error::Suspended`], [`Error::Shredded`].
    pub(crate) fn check_active(&self) -> Result<(), Error> {
        match self.state {
            TenantState::Active => Ok(()),
            TenantState::Suspended { .. } => Err(Error::Suspended),
            TenantState::Shredding | TenantState::Shredded => Err(Error::Shredded),
        }
    }

    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let (state, until) = match self.state {
            TenantState::Active => (1, None),
            TenantState::Suspended { until } => (2, until),
            TenantState::Shredding => (3, None),
            TenantState::Shredded => (4, None),
        };
        let mut out = vec![state];
        out.extend_from_slice(&until.map_or(self.restored, seconds).to_be_bytes());
        out.push(u8::from(self.hold));
        if let Some(remains) = &self.remains {
            remains.write(&mut out)?;
        }
        Ok(out)
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes);
        let state = reader.u8()?;
        let moment = reader.u64()?;
        let until = || if moment == 0 { Ok(None) } else { time(moment).map(Some) };
        let hold = match reader.u8()? {
            0 => false,
            1 => true,
            _ => return Err(Error::Malformed),
        };
        let state = match state {
            1 => TenantState::Active,
            2 => TenantState::Suspended { until: until()? },
            3 => TenantState::Shredding,
            4 => TenantState::Shredded,
            _ => return Err(Error::Unsupported),
        };
        let gone = matches!(state, TenantState::Shredding | TenantState::Shredded);
        let remains = gone.then(|| Remains::read(&mut reader)).transpose()?;
        reader.finish()?;
        let restored = if state == TenantState::Active { moment } else { 0 };
        Ok(Self { state, hold, restored, remains })
    }
}

impl Remains {
    pub(crate) fn write(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        let count = |len: usize| u32::try_from(len).map(u32::to_be_bytes).map_err(|_| Error::TooLong);
        out.extend_from_slice(&self.effective.to_be_bytes());
        out.extend_from_slice(&count(self.roots.len())?);
        for root in &self.roots {
            out.push(root.kind.id());
            out.extend_from_slice(&root.generation.to_u32().to_be_bytes());
            out.extend_from_slice(&root.commitment);
        }
        out.extend_from_slice(&count(self.leaves.len())?);
        for leaf in &self.leaves {
            out.push(leaf.suite);
            out.extend_from_slice(&leaf.generation.to_u32().to_be_bytes());
            out.extend_from_slice(&leaf.key_commitment);
        }
        out.extend_from_slice(&count(self.grants.len())?);
        for grant in &self.grants {
            out.extend_from_slice(&grant.id);
            out.extend_from_slice(&grant.expires.to_be_bytes());
        }
        out.extend_from_slice(&count(self.actions.len())?);
        out.extend(self.actions.iter().map(|action| action.id()));
        Ok(())
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let effective = reader.u64()?;
        let roots = list(reader, |reader| {
            let kind = RootKind::from_id(reader.u8()?)?;
            Ok(RootName { kind, generation: reader.u32()?.try_into()?, commitment: *reader.array()? })
        })?;
        let leaves = list(reader, |reader| {
            let suite = reader.u8()?;
            Ok(LeafName { generation: reader.u32()?.try_into()?, key_commitment: *reader.array()?, suite })
        })?;
        let grants = list(reader, |reader| Ok(GrantName { id: *reader.array()?, expires: reader.u64()? }))?;
        let actions = list(reader, |reader| StorageAction::from_id(reader.u8()?))?;
        Ok(Self { effective, roots, leaves, grants, actions })
    }
}

/// `count u32 || items`. The count alone reserves no memory.
fn list<T>(
    reader: &mut Reader<'_>,
    mut item: impl FnMut(&mut Reader<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let count = reader.u32()?;
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(item(reader)?);
    }
    Ok(items)
}

/// A date that can be stored and read again.
///
/// # Errors
///
/// [`Error::Value`] for one that is too far away.
pub(crate) fn check_date(until: Option<SystemTime>) -> Result<(), Error> {
    until.map_or(Ok(()), |until| time(seconds(until)).map(drop).map_err(|_| Error::Value))
}

/// Whole seconds since 1970-01-01 UTC, rounded up so that a date is never earlier than it was asked for, and at least 1,
/// since 0 stands for none.
pub(crate) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs().saturating_add(u64::from(since.subsec_nanos() > 0)))
        .max(1)
}

/// # Errors
///
/// [`Error::Malformed`] for a time that the platform cannot state.
pub(crate) fn time(seconds: u64) -> Result<SystemTime, Error> {
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).ok_or(Error::Malformed)
}
