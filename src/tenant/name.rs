//! The names under which a keyring's entries stand in a store. FORMAT.md section 14.

use crate::{
    error::Error,
    tenant::{
        id::{Generation, TenantId},
        principal::PrincipalId,
        record::{Record, RootKind},
    },
};

const TENANT: u8 = 1;
const ALIAS: u8 = 2;
const PRINCIPAL: u8 = 4;
const SIGNING_KEY: u8 = 5;
const SEED: u8 = 6;
const RECEIPT: u8 = 7;

/// The policy in force.
pub(crate) const POLICY: &[u8] = &[3];
/// Which KEK wraps what is new.
pub(crate) const KEK: &[u8] = &[8];
/// Which restoring of a key file it comes after.
pub(crate) const RESTORED: &[u8] = &[10];
/// The public halves of signing keys.
pub(crate) const PUBLIC_KEYS: &[u8] = &[9];
/// What all entries of tenants start with.
pub(crate) const TENANTS: &[u8] = &[TENANT];
pub(crate) const ALIASES: &[u8] = &[ALIAS];
pub(crate) const SEEDS: &[u8] = &[SEED];

/// What the state and the records of a tenant start with, and nothing else does.
pub(crate) fn tenant(id: &TenantId) -> Vec<u8> {
    with_tenant(TENANT, id, &[])
}

/// The life-cycle state of a tenant.
pub(crate) fn tenant_state(id: &TenantId) -> Vec<u8> {
    with_tenant(TENANT, id, &[0])
}

pub(crate) fn record(record: &Record) -> Vec<u8> {
    let mut name = with_tenant(TENANT, record.tenant(), &[record.kind().id()]);
    name.extend_from_slice(&record.generation().to_u32().to_be_bytes());
    name
}

pub(crate) fn alias(alias: &[u8]) -> Vec<u8> {
    [&[ALIAS], alias].concat()
}

/// What the principals of a tenant start with.
pub(crate) fn principals(tenant: &TenantId) -> Vec<u8> {
    with_tenant(PRINCIPAL, tenant, &[])
}

pub(crate) fn principal(tenant: &TenantId, id: &PrincipalId) -> Vec<u8> {
    let mut name = with_tenant(PRINCIPAL, tenant, &[id.kind().id()]);
    name.extend_from_slice(id.as_bytes());
    name
}

/// What the signing keys of a purpose start with.
pub(crate) fn signing_keys(purpose: u8) -> Vec<u8> {
    vec![SIGNING_KEY, purpose]
}

pub(crate) fn signing_key(purpose: u8, number: u32) -> Vec<u8> {
    [&[SIGNING_KEY, purpose][..], &number.to_be_bytes()].concat()
}

/// What the public halves of a purpose start with.
pub(crate) fn public_keys(purpose: u8) -> Vec<u8> {
    [PUBLIC_KEYS, &[purpose]].concat()
}

pub(crate) fn public_key(purpose: u8, number: u32) -> Vec<u8> {
    [PUBLIC_KEYS, &[purpose], &number.to_be_bytes()].concat()
}

pub(crate) fn seed(version: u32) -> Vec<u8> {
    [&[SEED][..], &version.to_be_bytes()].concat()
}

pub(crate) fn receipt(tenant: &TenantId) -> Vec<u8> {
    [&[RECEIPT], tenant.as_bytes()].concat()
}

/// The tenant of a name that [`tenant`] starts, and what follows.
pub(crate) fn split_tenant(name: &[u8]) -> Result<(TenantId, &[u8]), Error> {
    let (id, rest) = split(name).ok_or(Error::Malformed)?;
    Ok((id.try_into().map_err(|_| Error::Malformed)?, rest))
}

fn split(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let [TENANT | PRINCIPAL, len, rest @ ..] = name else { return None };
    rest.split_at_checked(usize::from(*len))
}

/// Whether this is the name of a record of that tenant, kind and generation.
pub(crate) fn is_of(name: &[u8], tenant: &[u8], kind: RootKind, generation: Generation) -> bool {
    let Some((id, [found, number @ ..])) = split(name) else { return false };
    name.first() == Some(&TENANT)
        && id == tenant
        && *found == kind.id()
        && number == generation.to_u32().to_be_bytes()
}

/// What stands under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Clear,
    Policy,
    Receipt,
    Record,
    Secret,
}

impl Kind {
    /// # Errors
    ///
    /// [`Error::Unsupported`] for a name that this version does not know.
    pub(crate) fn of(name: &[u8]) -> Result<Self, Error> {
        match name {
            [TENANT, ..] if is_record(name) => Ok(Self::Record),
            [TENANT | ALIAS | PRINCIPAL, ..] => Ok(Self::Clear),
            [SIGNING_KEY | SEED, ..] => Ok(Self::Secret),
            [RECEIPT, ..] => Ok(Self::Receipt),
            _ if name == POLICY => Ok(Self::Policy),
            _ if name == KEK || name == RESTORED || name.starts_with(PUBLIC_KEYS) => Ok(Self::Clear),
            _ => Err(Error::Unsupported),
        }
    }
}

/// Whether a name is that of a record.
pub(crate) fn is_record(name: &[u8]) -> bool {
    name.first() == Some(&TENANT)
        && split(name).is_some_and(|(_, rest)| rest.first().is_some_and(|kind| *kind != 0))
}

fn with_tenant(first: u8, tenant: &TenantId, rest: &[u8]) -> Vec<u8> {
    // Invariant: a TenantId has at most 128 bytes.
    let len = u8::try_from(tenant.as_bytes().len()).unwrap_or(u8::MAX);
    [&[first, len], tenant.as_bytes(), rest].concat()
}
