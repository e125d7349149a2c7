//! Destroying a tenant's keys, and what a receipt of it is good for.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tenantseal::{
    Error, StoreError,
    tenant::{
        Entry, GrantLedger, GrantName, Keyring, MemoryStore, NoGrants, PrincipalId, Receipt, RecordStore,
        RootKind, StorageAction, StoreTransaction, Suite, TenantId, TenantState,
    },
};

use crate::fixture::{kek, keyring_of, options, pairs, passphrase, policy};

fn now() -> Option<SystemTime> {
    Some(SystemTime::now() - Duration::from_secs(2))
}

#[test]
fn after_a_shred_nothing_opens_here_or_elsewhere() {
    pairs(|one, two| {
        one.create_tenant("t-2002").unwrap();
        one.add_alias("ww1", "t-1001").unwrap();
        one.tenant("t-1001").unwrap().add_principal(&PrincipalId::member("m").unwrap()).unwrap();
        two.reload().unwrap();
        let here = one.tenant("t-1001").unwrap().field("member.name").unwrap();
        let there = two.tenant("t-1001").unwrap().field("member.name").unwrap();
        let other = one.tenant("t-2002").unwrap().field("member.name").unwrap();
        let sealed = here.seal(1, "张三").unwrap();
        one.rotate_tenant("t-1001").unwrap();
        let text = here.seal_text(1, "李四").unwrap();
        let boards = here.compartment("board").unwrap().seal(1, "王五").unwrap();
        let mobile = one.tenant("t-1001").unwrap().field("member.mobile").unwrap();
        let mask = mobile.mask().unwrap().seal(1, "13800138000").unwrap();
        let alive = other.seal(1, "赵六").unwrap();
        one.suspend_tenant("t-1001", now()).unwrap();
        let bytes = one.shred_tenant("t-1001", &NoGrants).unwrap();
        let gone = Some(Error::Shredded);
        assert_eq!(here.open(1, &sealed).err(), gone);
        assert_eq!(here.seal(1, "x").err(), gone);
        assert_eq!(one.tenant("t-1001").err(), gone);
        assert_eq!(one.tenant_by_alias("ww1").err(), Some(Error::UnknownTenant));
        for refused in [
            one.create_tenant("t-1001").err(),
            one.restore_tenant("t-1001").err(),
            one.suspend_tenant("t-1001", None).err(),
            one.rotate_tenant("t-1001").err(),
            one.rotate_index("t-1001").err(),
            one.add_alias("ww2", "t-1001").err(),
            one.hold_tenant("t-1001").err(),
        ] {
            assert_eq!(refused, gone);
        }
        assert_eq!(one.tenant_state("t-1001"), Ok(TenantState::Shredded));
        two.reload().unwrap();
        assert_eq!(there.open(1, &sealed).err(), gone);
        assert_eq!(there.seal(1, "x").err(), gone);
        assert!(other.open(1, &alive).is_ok(), "the others live");
        assert_eq!(one.tenant_ids().unwrap().len(), 1);
        assert!(one.records().unwrap().iter().all(|record| record.tenant().as_bytes() == b"t-2002"));

        let receipt = Receipt::verify(&bytes, &one.key_list().unwrap()).unwrap();
        assert_eq!(receipt.tenant().as_bytes(), b"t-1001");
        assert_eq!(receipt.roots().len(), 3);
        assert!(receipt.effective() <= receipt.issued() && receipt.effective() > 1_700_000_000);
        assert!(receipt.unexpired_grants().is_empty());
        let values: [&[u8]; 6] = [&sealed, text.as_bytes(), &boards, &mask, &alive, "赵六".as_bytes()];
        let check = two.verify_shredded(&receipt, values).unwrap();
        assert_eq!((check.dead, check.other, check.plain), (4, 1, 1));
        assert_eq!(one.receipt("t-1001"), Ok(bytes.clone()));
        assert_eq!(two.shred_tenant("t-1001", &NoGrants), Ok(bytes), "the same receipt again");
    });
}

#[test]
fn a_receipt_names_every_key_of_every_place_generation_and_suite() {
    for suite in Suite::ALL {
        let keys = keyring_of(*suite);
        let tenant = keys.create_tenant("t").unwrap();
        keys.rotate_tenant("t").unwrap();
        let mut cells = Vec::new();
        for label in crate::fixture::TWELVE {
            let field = tenant.field(label).unwrap();
            cells.push(field.seal(1, "13800138000").unwrap());
            for compartment in &field.rule().compartments {
                cells.push(field.compartment(compartment).unwrap().seal(1, "13800138000").unwrap());
            }
            if let Ok(mask) = field.mask() {
                cells.push(mask.seal(1, "13800138000").unwrap());
            }
        }
        keys.suspend_tenant("t", now()).unwrap();
        let bytes = keys.shred_tenant("t", &NoGrants).unwrap();
        let receipt = Receipt::verify(&bytes, &keys.key_list().unwrap()).unwrap();
        let check = keys.verify_shredded(&receipt, &cells).unwrap();
        assert_eq!(check.dead, u64::try_from(cells.len()).unwrap());
        let unique: std::collections::HashSet<_> =
            receipt.leaves().iter().map(|leaf| leaf.key_commitment).collect();
        assert_eq!(unique.len(), receipt.leaves().len());
    }
}

#[test]
fn a_record_in_a_backup_is_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.ts");
    let keys = Keyring::create_with(&path, &passphrase(), &options(Suite::default())).unwrap();
    keys.create_tenant("t").unwrap();
    keys.create_tenant("u").unwrap();
    let before = keys.records().unwrap();
    keys.suspend_tenant("t", now()).unwrap();
    let backup = fs::read(&path).unwrap();
    let bytes = keys.shred_tenant("t", &NoGrants).unwrap();
    let receipt = Receipt::verify(&bytes, &keys.key_list().unwrap()).unwrap();
    assert!(receipt.storage_actions().contains(&StorageAction::FileReplaced));
    for record in &before {
        assert_eq!(receipt.names_record(record), record.tenant().as_bytes() == b"t");
    }
    assert!(keys.verify_shredded(&receipt, [b""]).is_ok());
    // The backup is put back on purpose: the keys are there again, and it is told.
    fs::write(&path, backup).unwrap();
    let open = || Keyring::open_with(&path, &passphrase(), &options(Suite::default()));
    assert_eq!(open().err(), Some(Error::RolledBack));
    let restored = Keyring::restore(&path, &passphrase(), &options(Suite::default())).unwrap();
    assert_eq!(restored.verify_shredded(&receipt, [b""]).err(), Some(Error::KeysRemain));
    restored.restore_tenant("t").unwrap();
    assert_eq!(restored.verify_shredded(&receipt, [b""]).err(), Some(Error::KeysRemain), "alive again");
    // A tenant of that name elsewhere is another one.
    let elsewhere = Keyring::in_memory(&kek()).unwrap();
    assert_eq!(elsewhere.verify_shredded(&receipt, [b""]).err(), Some(Error::UnknownTenant));
    elsewhere.create_tenant("t").unwrap();
    assert_eq!(elsewhere.verify_shredded(&receipt, [b""]).err(), Some(Error::State));
    assert!(restored.records().unwrap().iter().any(|record| receipt.names_record(record)));
    assert!(open().is_ok(), "it is the latest file now");
    assert_eq!(keys.reload().err(), Some(Error::RolledBack), "and no successor of what others know");
}

struct Ledger(Result<Vec<GrantName>, Error>);

impl GrantLedger for Ledger {
    fn unexpired(&self, tenant: &TenantId, now: u64) -> Result<Vec<GrantName>, Error> {
        assert_eq!(tenant.as_bytes(), b"t-1001");
        assert!(now > 1_700_000_000);
        self.0.clone()
    }
}

#[test]
fn unexpired_grants_stand_in_the_receipt_and_a_ledger_that_fails_stops_it() {
    pairs(|one, _| {
        one.suspend_tenant("t-1001", now()).unwrap();
        let failing = Ledger(Err(Error::Io(std::io::ErrorKind::TimedOut)));
        assert!(matches!(one.shred_tenant("t-1001", &failing), Err(Error::Io(_))));
        assert!(matches!(one.tenant_state("t-1001"), Ok(TenantState::Suspended { .. })));
        let grant = GrantName { id: [7; 16], expires: 2_000_000_000 };
        let bytes = one.shred_tenant("t-1001", &Ledger(Ok(vec![grant.clone()]))).unwrap();
        let receipt = Receipt::verify(&bytes, &one.key_list().unwrap()).unwrap();
        assert_eq!(receipt.unexpired_grants(), [grant]);
    });
}

/// A store that cannot be cleaned at first.
#[derive(Debug, Default)]
struct Stubborn {
    store: MemoryStore,
    clean: AtomicBool,
}

impl RecordStore for Stubborn {
    fn serial(&self) -> Result<u64, Error> {
        self.store.serial()
    }

    fn get(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.store.get(name)
    }

    fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Vec<Entry>, Error> {
        self.store.scan(prefix, after, limit)
    }

    fn begin(&self) -> Result<Box<dyn StoreTransaction + '_>, Error> {
        self.store.begin()
    }

    fn scrub(&self) -> Result<Vec<StorageAction>, Error> {
        let clean = self.clean.load(Ordering::SeqCst);
        if clean { Ok(vec![StorageAction::LogTruncated]) } else { Err(Error::Store(StoreError::Busy)) }
    }
}

#[test]
fn no_receipt_exists_before_storage_is_clean() {
    let store = Arc::new(Stubborn::default());
    let keys = Keyring::over(&kek(), store.clone(), &options(Suite::default())).unwrap();
    keys.install_policy(policy()).unwrap();
    let name = keys.create_tenant("t").unwrap().field("member.name").unwrap();
    let sealed = name.seal(1, "x").unwrap();
    keys.suspend_tenant("t", now()).unwrap();
    assert_eq!(keys.shred_tenant("t", &NoGrants).err(), Some(Error::Store(StoreError::Busy)));
    assert_eq!(keys.tenant_state("t"), Ok(TenantState::Shredding));
    assert_eq!(keys.receipt("t").err(), Some(Error::State));
    assert_eq!(name.open(1, &sealed).err(), Some(Error::Shredded));
    assert_eq!(keys.restore_tenant("t").err(), Some(Error::Shredded), "there is no way back");
    assert!(keys.records().unwrap().is_empty());
    // A nightly look finds it, though its date is of no more account.
    assert_eq!(keys.tenants_due(UNIX_EPOCH).unwrap().len(), 1);
    store.clean.store(true, Ordering::SeqCst);
    // Another process goes on, from what is stored.
    let again = Keyring::over(&kek(), store, &options(Suite::default())).unwrap();
    let due = again.tenants_due(SystemTime::now()).unwrap();
    assert_eq!(due, [TenantId::try_from("t").unwrap()]);
    let bytes = again.shred_tenant(due[0].clone(), &NoGrants).unwrap();
    assert!(again.tenants_due(SystemTime::now()).unwrap().is_empty());
    let receipt = Receipt::verify(&bytes, &again.key_list().unwrap()).unwrap();
    assert_eq!(receipt.storage_actions(), [StorageAction::LogTruncated]);
    assert_eq!(receipt.roots().iter().filter(|root| root.kind == RootKind::IndexRoot).count(), 1);
    assert_eq!(again.verify_shredded(&receipt, [&sealed]).unwrap().dead, 1);
}

#[test]
fn a_file_holds_nothing_of_a_shredded_root() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.ts");
    let keys = Keyring::create_with(&path, &passphrase(), &options(Suite::default())).unwrap();
    keys.create_tenant("t").unwrap();
    let wrapped: Vec<Vec<u8>> =
        keys.records().unwrap().iter().map(|record| record.to_bytes()[80..].to_vec()).collect();
    let holds = || {
        let bytes = fs::read(&path).unwrap();
        wrapped.iter().filter(|wrapped| bytes.windows(wrapped.len()).any(|at| at == **wrapped)).count()
    };
    assert_eq!(holds(), 2);
    keys.suspend_tenant("t", Some(UNIX_EPOCH + Duration::from_secs(1))).unwrap();
    keys.shred_tenant("t", &NoGrants).unwrap();
    assert_eq!(holds(), 0);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "the file and its lock");
}
