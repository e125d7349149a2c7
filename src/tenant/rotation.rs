//! New generations of roots, new seeds, and moving everything to another KEK.

use core::ops::ControlFlow;
use std::sync::Arc;

use crate::{
    error::Error,
    primitive::rng::{Os, Pooled, RandomSource as _},
    secret::Secret,
    tenant::{
        derived::Seed,
        draft::Draft,
        entry,
        event::KeyEvent,
        id::{Generation, TenantId},
        kek::{Kek, KeyHandle, Passphrase},
        keyfile::{KeyFile, PassphraseCost},
        keyring::Keyring,
        name,
        record::{Record, RootKind},
        store::Entry,
        view::{Tenant, View},
    },
};

/// How far a call over all entries is: told after every entry of a key file, and after every batch of some thousand of a
/// store. There is no total, since entries come and go meanwhile. As a measure of the whole: each tenant has an entry for each
/// of its records, its aliases and its principals, and one if it was ever suspended or held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// How many entries were looked at so far.
    pub seen: u64,
    /// How many of them were wrapped anew.
    pub rewrapped: u64,
}

impl Keyring {
    /// Gives a tenant a new root. What older generations sealed still opens; new cells are of the new one.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownTenant`], [`Error::Suspended`], [`Error::Shredded`]; [`Error::Random`], [`Error::Io`],
    /// [`Error::Store`].
    pub fn rotate_tenant<I: TryInto<TenantId, Error: Into<Error>>>(
        &self,
        id: I,
    ) -> Result<Generation, Error> {
        self.add_generation(&id.try_into().map_err(Into::into)?, RootKind::TenantRoot)
    }

    /// Gives a tenant a new index root. Lookups ask for the tokens of every epoch.
    ///
    /// # Errors
    ///
    /// As [`Keyring::rotate_tenant`].
    pub fn rotate_index<I: TryInto<TenantId, Error: Into<Error>>>(&self, id: I) -> Result<Generation, Error> {
        self.add_generation(&id.try_into().map_err(Into::into)?, RootKind::IndexRoot)
    }

    /// Wraps everything under another KEK: roots, seeds, signing keys, and what is authenticated beside them. The cost
    /// grows with tenants, not with data; no cell changes.
    ///
    /// Cells that were sealed before stay under the same roots, and new ones too: who has an old copy of the store and
    /// the old KEK opens them. Give tenants new roots as well ([`Keyring::rotate_tenant`], [`Keyring::rotate_index`])
    /// if the old KEK may have leaked.
    ///
    /// A key file is written anew at once, while nobody else changes it: `progress` must not change this keyring. After any
    /// error, a crash or a `Break` of `progress`, the file stands as it was, under its old KEK, and nothing was rotated: call
    /// this again.
    ///
    /// A store is changed some thousand entries at a time, and other processes go on meanwhile: give the new KEK to all
    /// of them first, with the old one as [`KeyringOptions::older_kek`](crate::tenant::KeyringOptions::older_kek).
    /// After a crash, or after `progress` said
    /// `Break`, open the keyring with both and call [`Keyring::rewrap`]. Destroy the old KEK when it has returned.
    ///
    /// # Errors
    ///
    /// [`Error::Open`], [`Error::UnknownKek`] or [`Error::UnknownKey`] if an entry does not open: it stays as it is, and
    /// the old KEK is still needed; [`Error::State`] if another rotation, to a third KEK, was begun meanwhile;
    /// [`Error::Interrupted`]; [`Error::Random`], [`Error::Io`], [`Error::Store`].
    pub fn rotate_kek(
        &self,
        kek: &Kek,
        mut progress: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        if let Some(file) = self.file() {
            return self.rotate_file(file, kek, None, &mut |done| {
                progress(Progress { seen: done, rewrapped: done })
            });
        }
        let handle = Arc::new(KeyHandle::local(kek)?);
        let provider @ (_, id) = handle.provider();
        // At hand before the store says that it counts.
        self.keks().add(handle.clone());
        // Told first: from here on nobody wraps anything under the old one.
        self.update(|draft| {
            let entry = entry::clear(&handle, self.suite(), name::KEK, &id)?;
            draft.put_entry(entry);
            Ok((KeyEvent::KekChanged(id), ()))
        })?;
        self.rewrap(progress)?;
        // Somebody may have begun to move to a third one meanwhile.
        let counts = self.store().get(name::KEK)?.ok_or(Error::Open)?;
        if entry::provider(&counts)? == provider { Ok(()) } else { Err(Error::State) }
    }

    /// Goes on with a [`Keyring::rotate_kek`] of a store that did not come to its end. It wraps under the KEK that the store
    /// says is the new one.
    ///
    /// # Errors
    ///
    /// [`Error::WrongStore`] for a key file: a rotation of it that stopped changed nothing, so there is nothing to go on with,
    /// and the old KEK is in use. Call [`Keyring::rotate_kek`] again. Otherwise as [`Keyring::rotate_kek`].
    pub fn rewrap(&self, mut progress: impl FnMut(Progress) -> ControlFlow<()>) -> Result<(), Error> {
        if self.file().is_some() {
            return Err(Error::WrongStore);
        }
        let mut so_far = Progress { seen: 0, rewrapped: 0 };
        let (mut after, mut failed) = (Vec::new(), None);
        // Derived records are checked too.
        self.load_all_seeds()?;
        while !self.store().scan(&[], &after, 1)?.is_empty() {
            let batch = self.update(|draft| {
                let entries = draft.page(&[], &after, BATCH)?;
                let (seen, last) = (entries.len(), entries.last().map(|entry| entry.name.clone()));
                let rewrapped = rewrap_batch(self, draft, entries, &mut failed)?;
                Ok((KeyEvent::EntriesRewrapped(rewrapped), (seen, last, rewrapped)))
            })?;
            let (seen, Some(last), rewrapped) = batch else { break };
            after = last;
            so_far.seen += u64::try_from(seen).unwrap_or(u64::MAX);
            so_far.rewrapped += rewrapped;
            if progress(so_far).is_break() {
                return Err(Error::Interrupted);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Gives a key file another passphrase, with a new KEK. Whoever knows the old passphrase and has an old copy of the file
    /// still has the roots that are in it: give tenants new ones as well ([`Keyring::rotate_tenant`],
    /// [`Keyring::rotate_index`]) if it may have leaked, so that what is sealed from then on is out of reach. Other
    /// processes that have the file open must open it anew.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] for a passphrase under 12 bytes; [`Error::WrongStore`] if this keyring is not of a file; as
    /// [`Keyring::rotate_kek`].
    pub fn change_passphrase(&self, passphrase: &Passphrase) -> Result<(), Error> {
        let file = self.file().ok_or(Error::WrongStore)?;
        let passphrase = Some((passphrase, self.passphrase_cost()));
        self.rotate_file(file, &Kek::generate()?, passphrase, &mut |_| ControlFlow::Continue(()))
    }

    fn rotate_file(
        &self,
        file: &KeyFile,
        kek: &Kek,
        passphrase: Option<(&Passphrase, PassphraseCost)>,
        progress: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        // Derived records are checked too.
        self.load_all_seeds()?;
        self.sink().record(&KeyEvent::KekChanged(KeyHandle::local(kek)?.provider().1))?;
        let rotated = file.rotate_kek(kek, passphrase, progress);
        let asked = self.reload();
        rotated.and(asked)
    }

    /// Makes a new seed, which derived roots are made from until there is a newer one. Returns its version.
    ///
    /// # Errors
    ///
    /// [`Error::Random`], [`Error::Io`], [`Error::Store`].
    pub fn rotate_seed(&self) -> Result<u32, Error> {
        self.update(|draft| {
            let version = draft.newest_seed()?.map_or(Some(1), |(version, _)| version.checked_add(1));
            let version = version.ok_or(Error::Value)?;
            let secret: Secret<32> = Os.secret()?;
            draft.put_secret(&name::seed(version), secret.expose_secret(), &mut Os)?;
            Ok((KeyEvent::SeedCreated(version), version))
        })
    }

    /// Creates a tenant whose roots are derived from the newest seed and a salt in each record, for workers that hold
    /// the seed and no records ([`Keyring::tenant_from_records`]).
    ///
    /// # Security
    ///
    /// Destroying such a tenant's records does not destroy its keys: salts are no secrets, and who has a copy of them and
    /// the seed has the roots. [`Tenant::is_shreddable`] says so, and
    /// [`Keyring::shred_tenant`](crate::tenant::Keyring::shred_tenant) refuses.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`] if there is no seed: [`Keyring::rotate_seed`] makes one; as [`Keyring::create_tenant`].
    pub fn create_derived_tenant<I: TryInto<TenantId, Error: Into<Error>>>(
        &self,
        id: I,
    ) -> Result<Tenant, Error> {
        self.create_tenant_from(id.try_into().map_err(Into::into)?, true, &mut Os)
    }

    /// The keys of a tenant from its own records, which the caller brings along: nothing of it is read from the store or
    /// kept. Such a handle does not notice that its tenant was rotated, suspended or shredded: keep it for one request.
    ///
    /// # Errors
    ///
    /// What [`Record::parse`] says; [`Error::UnknownTenant`] without any record, [`Error::Malformed`] if they are not all of
    /// one tenant; [`Error::Open`] if one was altered; [`Error::UnknownKek`], [`Error::UnknownKey`].
    pub fn tenant_from_records<B: AsRef<[u8]>>(
        &self,
        records: impl IntoIterator<Item = B>,
    ) -> Result<Tenant, Error> {
        let mut entries = Vec::new();
        for bytes in records {
            let record = Record::parse(bytes.as_ref())?;
            entries.push((record.tenant().clone(), name::record(&record), bytes.as_ref().to_vec()));
        }
        entries.sort_unstable_by(|one, other| one.1.cmp(&other.1));
        let (id, ..) = entries.first().ok_or(Error::UnknownTenant)?;
        let id = id.clone();
        if entries.iter().any(|(other, ..)| *other != id) {
            return Err(Error::Malformed);
        }
        let entries: Vec<Entry> = entries.into_iter().map(|(_, name, bytes)| Entry { name, bytes }).collect();
        let policy = self.policy_at(self.serial()?)?;
        Ok(Tenant::new(self.clone(), self.make_view(&id, &entries, policy, View::PINNED)?))
    }

    /// Has the seeds at hand that these records are derived from.
    pub(crate) fn load_seeds(&self, entries: &[Entry]) -> Result<(), Error> {
        let missing = entries.iter().any(|entry| {
            Record::parse(&entry.bytes)
                .is_ok_and(|record| record.seed_id().is_some_and(|id| self.keks().seed(id).is_err()))
        });
        if missing { self.load_all_seeds() } else { Ok(()) }
    }

    fn load_all_seeds(&self) -> Result<(), Error> {
        let stored = self.entries(name::SEEDS)?;
        let seeds = stored.iter().map(|entry| {
            let secret = entry::open_secret(self.keks(), &entry.name, &entry.bytes)?;
            seed_from(secret.expose_secret()).map(Arc::new)
        });
        let seeds = seeds.collect::<Result<_, Error>>()?;
        self.keks().set_seeds(seeds);
        Ok(())
    }

    fn add_generation(&self, id: &TenantId, kind: RootKind) -> Result<Generation, Error> {
        self.load_seeds(&self.entries(&name::tenant(id))?)?;
        self.update(|draft| {
            draft.check_active(id)?;
            let records = draft.records(id)?;
            let of_kind = records.iter().filter(|record| record.kind() == kind);
            let newest = of_kind.max_by_key(|record| record.generation()).ok_or(Error::UnknownTenant)?;
            // What it says of itself decides what comes after it.
            newest.unwrap_root(self.keks())?;
            let next = newest.generation().next()?;
            // A derived tenant stays one.
            let seed = draft.seed_if(!newest.is_shreddable())?;
            draft.add_root(kind, id, next, seed.as_ref(), &mut Os)?;
            let event = match kind {
                RootKind::TenantRoot => KeyEvent::TenantRotated(id.clone(), next),
                RootKind::IndexRoot => KeyEvent::IndexRotated(id.clone(), next),
            };
            Ok((event, next))
        })
    }
}

impl Draft<'_> {
    /// The seed for a root, if it is to be derived.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`] if there is no seed.
    pub(crate) fn seed_if(&self, derived: bool) -> Result<Option<Seed>, Error> {
        if !derived {
            return Ok(None);
        }
        self.newest_seed()?.map(|(_, seed)| Some(seed)).ok_or(Error::UnknownKey)
    }

    /// The newest seed and its version.
    fn newest_seed(&self) -> Result<Option<(u32, Seed)>, Error> {
        let Some(entry) = self.entries(name::SEEDS)?.pop() else { return Ok(None) };
        let version =
            entry.name.last_chunk::<4>().copied().map(u32::from_be_bytes).ok_or(Error::Malformed)?;
        let secret = self.get_secret(&entry.name)?.ok_or(Error::Malformed)?;
        Ok(Some((version, seed_from(secret.expose_secret())?)))
    }
}

fn seed_from(secret: &[u8]) -> Result<Seed, Error> {
    Seed::new(Secret::try_from(secret).map_err(|_| Error::Malformed)?)
}

/// Wraps a batch under the current KEK. An entry that does not open stays as it is, and is named in the end.
fn rewrap_batch(
    keyring: &Keyring,
    draft: &mut Draft<'_>,
    entries: Vec<Entry>,
    failed: &mut Option<Error>,
) -> Result<u64, Error> {
    let mut random = Pooled::default();
    let mut count = 0;
    for Entry { name, bytes } in entries {
        match entry::rewrap(keyring.keks(), draft.kek(), &name, &bytes, &mut random) {
            Ok(Some(bytes)) => {
                draft.put_entry(Entry { name, bytes });
                count += 1;
            }
            Ok(None) => {}
            Err(Error::Random) => return Err(Error::Random),
            Err(error) => *failed = Some(error),
        }
    }
    Ok(count)
}

/// How many entries are wrapped anew in one transaction.
const BATCH: usize = 4_096;
