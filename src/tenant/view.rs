//! One tenant's keys as they are at some moment, and the handle that notices when they change.

use core::fmt;
use std::{
    borrow::Cow,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    error::Error,
    primitive::hash::sha256,
    tenant::{
        chain::{CellKeys, IndexKeys, Node},
        id::{Generation, TenantId},
        kek::Keks,
        keyring::Keyring,
        name,
        policy::{Column, IndexRule, Policy},
        record::{Record, RootKind},
        store::Entry,
        suite::Suite,
    },
};

/// The unwrapped roots of a tenant under one policy, and the keys that were derived from them so far.
pub(crate) struct View {
    id: TenantId,
    policy: Option<Arc<Policy>>,
    /// What new cells are sealed with.
    suite: Suite,
    /// Newest first, each kind.
    tenant_roots: Vec<(Generation, Node)>,
    index_roots: Vec<(Generation, Node)>,
    /// By the numbers of the policy's layout.
    cells: Box<[OnceLock<CellKeys>]>,
    indexes: Box<[OnceLock<IndexKeys>]>,
    /// Of the entries that this was made of.
    digest: [u8; 32],
    /// The last serial number of the store at which this was right.
    checked: AtomicU64,
}

impl View {
    /// The `checked` of a view that is right for ever: its records came with it, and no store has them.
    pub(crate) const PINNED: u64 = u64::MAX;

    /// Unwraps the roots. The caller has seen to it that the tenant is active.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTenant`] if there is no record; [`Error::UnknownKey`] if one of the two kinds is missing, and
    /// [`Error::UnknownKek`] if another KEK wraps it; [`Error::Open`] if one was altered or stands under a name that is
    /// not its own.
    pub(crate) fn new(
        id: TenantId,
        entries: &[Entry],
        policy: Option<Arc<Policy>>,
        keks: &Keks,
        suite: Suite,
        serial: u64,
    ) -> Result<Self, Error> {
        let (mut tenant_roots, mut index_roots) = (Vec::new(), Vec::new());
        // In the order of their names, so that the newest of a kind is the last.
        for entry in entries.iter().rev() {
            if !name::is_record(&entry.name) {
                continue;
            }
            let record = Record::parse(&entry.bytes)?;
            if *record.tenant() != id || name::record(&record) != entry.name {
                return Err(Error::Open);
            }
            let node = record.unwrap_root(keks)?;
            match record.kind() {
                RootKind::TenantRoot => tenant_roots.push((record.generation(), node)),
                RootKind::IndexRoot => index_roots.push((record.generation(), node)),
            }
        }
        match (tenant_roots.is_empty(), index_roots.is_empty()) {
            (true, true) => return Err(Error::UnknownTenant),
            (false, false) => {}
            // A tenant has both, always: one that lacks a root has lost a record, or had it renamed.
            _ => return Err(Error::UnknownKey),
        }
        let (columns, indexes) = policy
            .as_ref()
            .map_or((0, 0), |policy| (policy.layout().columns().len(), policy.layout().index_count()));
        Ok(Self {
            id,
            policy,
            suite,
            tenant_roots,
            index_roots,
            cells: core::iter::repeat_with(OnceLock::new).take(columns).collect(),
            indexes: core::iter::repeat_with(OnceLock::new).take(indexes).collect(),
            digest: digest(entries),
            checked: AtomicU64::new(serial),
        })
    }

    /// # Errors
    ///
    /// [`Error::UnknownField`] if none was installed.
    pub(crate) fn policy(&self) -> Result<&Arc<Policy>, Error> {
        self.policy.as_ref().ok_or(Error::UnknownField)
    }

    /// The roots for data, newest first.
    pub(crate) fn tenant_roots(&self) -> impl Iterator<Item = (Generation, &Node)> {
        self.tenant_roots.iter().map(|(generation, root)| (*generation, root))
    }

    /// The keys of the cells of one column, derived at their first use.
    pub(crate) fn cell_keys(&self, slot: usize) -> Result<&CellKeys, Error> {
        let cell = self.cells.get(slot).ok_or(Error::UnknownField)?;
        if let Some(keys) = cell.get() {
            return Ok(keys);
        }
        let column = self.column(slot)?;
        let keys = column.keys(&self.id, &self.tenant_roots, &self.index_roots, self.suite)?;
        // Of two that derive at once, one result is kept.
        Ok(cell.get_or_init(|| keys))
    }

    /// The keys of the index at that position among its field's, in the compartment of the column.
    pub(crate) fn index_keys(
        &self,
        slot: usize,
        position: usize,
        index: &IndexRule,
    ) -> Result<&IndexKeys, Error> {
        let column = self.column(slot)?;
        let cell = self.indexes.get(column.first_index + position).ok_or(Error::UnknownIndex)?;
        if let Some(keys) = cell.get() {
            return Ok(keys);
        }
        let keys = IndexKeys::derive(&self.index_roots, &column.classes, &column.place(), index)?;
        Ok(cell.get_or_init(|| keys))
    }

    pub(crate) fn column(&self, slot: usize) -> Result<&Column, Error> {
        self.policy()?.layout().columns().get(slot).ok_or(Error::UnknownField)
    }

    /// Whether this is what a store says at that serial number.
    pub(crate) fn is_of(&self, serial: u64) -> bool {
        let checked = self.checked.load(Ordering::Acquire);
        checked == serial || checked == Self::PINNED
    }

    /// Whether its records came with it: it notices nothing.
    pub(crate) fn is_pinned(&self) -> bool {
        self.checked.load(Ordering::Acquire) == Self::PINNED
    }

    /// Notes that this is still right at a later serial number, if it is.
    pub(crate) fn confirm(&self, entries: &[Entry], policy: Option<&Arc<Policy>>, serial: u64) -> bool {
        let same_policy = match (&self.policy, policy) {
            (Some(ours), Some(theirs)) => Arc::ptr_eq(ours, theirs),
            (None, None) => true,
            _ => false,
        };
        let same = same_policy && digest(entries) == self.digest;
        if same {
            self.checked.fetch_max(serial, Ordering::AcqRel);
        }
        same
    }
}

/// Two lists of entries that differ have different digests: names and bytes stand with their lengths.
fn digest(entries: &[Entry]) -> [u8; 32] {
    let lengths: Vec<[u8; 8]> = entries
        .iter()
        .flat_map(|entry| [entry.name.len(), entry.bytes.len()])
        .map(|len| u64::try_from(len).unwrap_or(u64::MAX).to_be_bytes())
        .collect();
    let mut parts: Vec<&[u8]> = lengths.iter().map(<[u8; 8]>::as_slice).collect();
    parts.extend(entries.iter().flat_map(|entry| [entry.name.as_slice(), &entry.bytes]));
    sha256(&parts)
}

/// One tenant's keys. Everything that is sealed or opened starts from here: there is no ambient tenant.
///
/// A handle may be kept. It notices what changes: what this process changes at once, what another does within the
/// staleness of [`KeyringOptions::staleness`](crate::tenant::KeyringOptions::staleness).
#[derive(Clone)]
pub struct Tenant(Arc<Held>);

/// Behind one count, because handles are cloned for every field.
struct Held {
    keyring: Keyring,
    view: Arc<View>,
}

impl Tenant {
    pub(crate) fn new(keyring: Keyring, view: Arc<View>) -> Self {
        Self(Arc::new(Held { keyring, view }))
    }

    /// Whether this handle came with its own records.
    pub(crate) fn is_pinned(&self) -> bool {
        self.0.view.is_pinned()
    }

    /// Whose keys these are.
    #[must_use]
    pub fn id(&self) -> &TenantId {
        &self.0.view.id
    }

    /// The keyring that these are of.
    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.0.keyring
    }

    /// Whether destroying the records of this tenant destroys its keys: `false` if a live root of it is derived from a
    /// seed that others share.
    ///
    /// # Errors
    ///
    /// As [`Keyring::tenant`].
    pub fn is_shreddable(&self) -> Result<bool, Error> {
        self.view()?;
        let mut shreddable = true;
        self.0.keyring.scan(&name::tenant(self.id()), |entry| {
            if name::is_record(&entry.name) {
                shreddable &= Record::parse(&entry.bytes)?.is_shreddable();
            }
            Ok(())
        })?;
        Ok(shreddable)
    }

    /// The keys as they are when this handle was made.
    pub(crate) fn held(&self) -> &Arc<View> {
        &self.0.view
    }

    /// The keys as they are now: those of this handle, unless something has changed.
    ///
    /// # Errors
    ///
    /// As [`Keyring::tenant`].
    pub(crate) fn view(&self) -> Result<Cow<'_, Arc<View>>, Error> {
        let Held { keyring, view } = &*self.0;
        if view.is_of(keyring.serial()?) {
            Ok(Cow::Borrowed(view))
        } else {
            keyring.view(self.id()).map(Cow::Owned)
        }
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant").field("id", self.id()).finish_non_exhaustive()
    }
}
