//! Destroying a tenant's keys, and the receipt that says so. FORMAT.md section 15.

use core::fmt;
use std::time::SystemTime;

use crate::{
    encoding::Reader,
    error::Error,
    tenant::{
        draft::Draft,
        event::KeyEvent,
        id::TenantId,
        keyring::{Keyring, now},
        name,
        principal::GrantLedger,
        record::{Record, RootKind},
        signing::{KeyList, SigningPurpose},
        state::{GrantName, LeafName, Life, Remains, RootName, TenantState},
        store::{Entry, StorageAction},
    },
};

/// The type of what is signed.
const KIND: &str = "tenantseal/receipt/1";

/// What an operator states when a tenant's keys are destroyed.
///
/// # Security
///
/// It is the operator's word, signed. It proves that the operator said so and names exactly what was destroyed, so that
/// anyone can look for it: a record with one of these commitments in any backup is a root that still exists. It cannot
/// prove that no copy was kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Receipt {
    tenant: TenantId,
    issued: u64,
    remains: Remains,
}

impl Receipt {
    /// Verifies a receipt with the operator's published keys, current or not.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`] if the list has no such key for receipts: it is another operator's, or older than the receipt;
    /// [`Error::Open`] if it was altered;
    /// [`Error::Malformed`], [`Error::Unsupported`].
    pub fn verify(bytes: &[u8], keys: &KeyList) -> Result<Self, Error> {
        let body = keys.verify(SigningPurpose::Receipt, KIND, bytes)?;
        let mut reader = Reader::new(body);
        let tenant = reader.prefixed16()?.try_into().map_err(|_| Error::Malformed)?;
        let issued = reader.u64()?;
        let remains = Remains::read(&mut reader)?;
        reader.finish()?;
        Ok(Self { tenant, issued, remains })
    }

    /// Whose keys were destroyed.
    #[must_use]
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// When the roots were destroyed, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn effective(&self) -> u64 {
        self.remains.effective
    }

    /// When storage had been cleaned and this was signed, in seconds since 1970-01-01 UTC.
    #[must_use]
    pub fn issued(&self) -> u64 {
        self.issued
    }

    /// The roots that were destroyed.
    #[must_use]
    pub fn roots(&self) -> &[RootName] {
        &self.remains.roots
    }

    /// The keys of cells that can never be derived again: one for each place of the policy, generation, class and suite.
    #[must_use]
    pub fn leaves(&self) -> &[LeafName] {
        &self.remains.leaves
    }

    /// What was done so that storage holds nothing of the roots.
    #[must_use]
    pub fn storage_actions(&self) -> &[StorageAction] {
        &self.remains.actions
    }

    /// Grants that had not expired: whoever has one may still hold keys that it lent.
    #[must_use]
    pub fn unexpired_grants(&self) -> &[GrantName] {
        &self.remains.grants
    }

    /// Whether a record, found in a backup say, is of a root that this receipt says is destroyed: then it is not, as long
    /// as the KEK of that record exists.
    #[must_use]
    pub fn names_record(&self, record: &Record) -> bool {
        self.remains.roots.iter().any(|root| {
            (root.kind, root.generation, &root.commitment)
                == (record.kind(), record.generation(), record.commitment())
        })
    }

    fn to_body(&self) -> Result<Vec<u8>, Error> {
        let tenant = self.tenant.as_bytes();
        let mut body = u16::try_from(tenant.len()).map_err(|_| Error::TooLong)?.to_be_bytes().to_vec();
        body.extend_from_slice(tenant);
        body.extend_from_slice(&self.issued.to_be_bytes());
        self.remains.write(&mut body)?;
        Ok(body)
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("tenant", &self.tenant)
            .field("issued", &self.issued)
            .finish_non_exhaustive()
    }
}

impl Keyring {
    /// Destroys a tenant's keys, cleans storage, and returns the signed receipt. Nothing of the tenant opens any more:
    /// not here, not in another process, not in a copy of this store that is made from now on.
    ///
    /// The tenant must be suspended and past the date that was set then. Its aliases and principals go with it; its id
    /// stays as a tombstone. If the call fails or the process dies before the end, the keys are destroyed or they are
    /// not, and no receipt exists: call it again; until it has succeeded, [`Keyring::tenants_due`] lists the tenant.
    /// Called for a tenant that is shredded, it destroys what somebody has put back since, and returns the receipt
    /// again. In PostgreSQL the owner of the tables calls it.
    ///
    /// # Security
    ///
    /// Copies that were made before, of this store or its disk, still hold the wrapped roots, and open with the KEK:
    /// [`Keyring::rotate_kek`] and destroying the old KEK ends that. Keys that are in use elsewhere are dropped within the
    /// staleness of [`KeyringOptions::staleness`](crate::tenant::KeyringOptions::staleness).
    ///
    /// # Errors
    ///
    /// [`Error::State`] if it is not suspended, or its date has not come; [`Error::Held`]; [`Error::NotShreddable`] if
    /// a root of it is derived; [`Error::Open`] if a record of it was altered, since a receipt could not name what it
    /// is of; [`Error::UnknownTenant`]; [`Error::Store`] with `Busy` if storage cannot be cleaned now;
    /// [`Error::Random`], [`Error::Io`], with `PermissionDenied` and nothing destroyed if this process may not clean
    /// the storage; what `grants` says.
    pub fn shred_tenant<I: TryInto<TenantId, Error: Into<Error>>>(
        &self,
        id: I,
        grants: &dyn GrantLedger,
    ) -> Result<Vec<u8>, Error> {
        let id = id.try_into().map_err(Into::into)?;
        let state = self.life(&id)?.state;
        if state == TenantState::Shredded {
            self.destroy_returned(&id)?;
            return self.receipt(id);
        }
        self.store().check_scrub()?;
        if state != TenantState::Shredding {
            self.destroy_roots(&id, grants)?;
        }
        let actions = self.store().scrub()?;
        self.need_signing_key(SigningPurpose::Receipt)?;
        let signed = self.update(|draft| {
            let life = draft.life(&id)?;
            let Life { state: TenantState::Shredding, remains: Some(mut remains), hold, .. } = life else {
                return Err(Error::State);
            };
            remains.actions = actions;
            let receipt = Receipt { tenant: id.clone(), issued: now(), remains: remains.clone() };
            let signed = draft.sign(SigningPurpose::Receipt, KIND, &receipt.to_body()?)?;
            draft.put_entry(Entry { name: name::receipt(&id), bytes: signed.clone() });
            draft.put_life(
                &id,
                &Life { state: TenantState::Shredded, hold, restored: 0, remains: Some(remains) },
            )?;
            Ok((KeyEvent::TenantShredded(id.clone()), signed))
        });
        // Another process may have been faster.
        if signed == Err(Error::State) { self.receipt(id) } else { signed }
    }

    /// The signed receipt of a tenant that was shredded.
    ///
    /// # Errors
    ///
    /// [`Error::State`] if there is none; [`Error::Io`], [`Error::Store`].
    pub fn receipt<I: TryInto<TenantId, Error: Into<Error>>>(&self, id: I) -> Result<Vec<u8>, Error> {
        let id = id.try_into().map_err(Into::into)?;
        self.reload()?;
        self.store().get(&name::receipt(&id))?.ok_or(Error::State)
    }

    /// Roots that were put back beside the tombstone: they open nothing, and are destroyed again.
    fn destroy_returned(&self, id: &TenantId) -> Result<(), Error> {
        if !self.entries(&name::tenant(id))?.iter().any(|entry| name::is_record(&entry.name)) {
            return Ok(());
        }
        self.store().check_scrub()?;
        self.update(|draft| {
            for record in draft.records(id)? {
                draft.delete(&name::record(&record));
            }
            Ok((KeyEvent::TenantShredded(id.clone()), ()))
        })?;
        self.store().scrub().map(drop)
    }

    fn destroy_roots(&self, id: &TenantId, grants: &dyn GrantLedger) -> Result<(), Error> {
        let (time, now) = (SystemTime::now(), now());
        let grants = grants.unexpired(id, now)?;
        self.update(|draft| {
            let life = draft.life(id)?;
            life.check_may_end(time)?;
            let records = draft.records(id)?;
            if !records.iter().all(Record::is_shreddable) {
                return Err(Error::NotShreddable);
            }
            let mut remains = Remains {
                effective: now,
                roots: records.iter().map(RootName::of).collect(),
                leaves: leaves(self, draft, id, &records)?,
                grants,
                actions: Vec::new(),
            };
            remains.roots.sort_unstable();
            for record in &records {
                draft.delete(&name::record(record));
            }
            for entry in draft.entries(name::ALIASES)? {
                // One that does not open leads nowhere.
                let tenant = self.open_entry(&entry.name, &entry.bytes);
                if tenant.is_ok_and(|tenant| tenant == id.as_bytes()) {
                    draft.delete(&entry.name);
                }
            }
            for entry in draft.entries(&name::principals(id))? {
                draft.delete(&entry.name);
            }
            let life = Life { state: TenantState::Shredding, restored: 0, remains: Some(remains), ..life };
            draft.put_life(id, &life)?;
            Ok((KeyEvent::TenantShredding(id.clone()), ()))
        })
    }
}

impl RootName {
    fn of(record: &Record) -> Self {
        Self { kind: record.kind(), generation: record.generation(), commitment: *record.commitment() }
    }
}

/// The commitment of every key that cells of this tenant may name: each place of the policy, which never loses one, under
/// each root and class.
///
/// # Errors
///
/// [`Error::Open`] or [`Error::UnknownKek`] if a root does not open.
fn leaves(
    keyring: &Keyring,
    draft: &Draft<'_>,
    id: &TenantId,
    records: &[Record],
) -> Result<Vec<LeafName>, Error> {
    let (mut tenant_roots, mut index_roots) = (Vec::new(), Vec::new());
    for record in records {
        let roots = match record.kind() {
            RootKind::IndexRoot => &mut index_roots,
            RootKind::TenantRoot => &mut tenant_roots,
        };
        roots.push((record.generation(), record.unwrap_root(keyring.keks())?));
    }
    let Some(policy) = draft.policy()? else { return Ok(Vec::new()) };
    let mut leaves = Vec::new();
    for column in policy.layout().columns() {
        leaves.extend(column.keys(id, &tenant_roots, &index_roots, keyring.suite())?.names());
    }
    leaves.sort_unstable();
    // The columns of a domain have the same keys.
    leaves.dedup();
    Ok(leaves)
}
