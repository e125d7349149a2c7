//! The life of tenants and principals: who may use which keys, and when others notice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tenantseal::{
    Error,
    tenant::{
        Change, Counters, Entry, EventRecorder, EventSink, KeyEvent, Keyring, MemoryStore, Observation,
        PrincipalId, PrincipalState, RecordStore, SigningPurpose, TenantState,
    },
};

use crate::fixture::{TestStore, kek, keyring, options, pairs};

fn past() -> Option<SystemTime> {
    Some(UNIX_EPOCH + Duration::from_secs(1_000_000))
}

#[test]
fn a_suspended_tenant_neither_seals_nor_opens_and_comes_back_whole() {
    pairs(|one, two| {
        let here = one.tenant("t-1001").unwrap().field("member.name").unwrap();
        let there = two.tenant("t-1001").unwrap().field("member.name").unwrap();
        let index = here.index("exact").unwrap();
        let (sealed, token) = (here.seal(1, "张三").unwrap(), index.token("张三").unwrap());
        one.suspend_tenant("t-1001", None).unwrap();
        assert_eq!(here.seal(1, "x").err(), Some(Error::Suspended));
        assert_eq!(here.open(1, &sealed).err(), Some(Error::Suspended));
        assert_eq!(index.lookup("张三").err(), Some(Error::Suspended));
        assert_eq!(here.seal_many([(1, "x")]).err().map(Error::from), Some(Error::Suspended));
        assert_eq!(one.tenant("t-1001").err(), Some(Error::Suspended));
        assert_eq!(one.rotate_tenant("t-1001").err(), Some(Error::Suspended));
        assert_eq!(one.create_tenant("t-1001").err(), Some(Error::AlreadyExists));
        assert_eq!(one.tenant_state("t-1001"), Ok(TenantState::Suspended { until: None }));
        two.reload().unwrap();
        assert_eq!(there.seal(1, "x").err(), Some(Error::Suspended));
        assert_eq!(there.open(1, &sealed).err(), Some(Error::Suspended));
        two.restore_tenant("t-1001").unwrap();
        assert_eq!(there.open(1, &sealed).unwrap().text(), Ok("张三"));
        one.reload().unwrap();
        assert_eq!(here.open(1, &sealed).unwrap().text(), Ok("张三"));
        assert_eq!(index.token("张三"), Ok(token));
        assert_eq!(one.restore_tenant("t-1001").err(), Some(Error::State));
        assert_eq!(one.suspend_tenant("t-2002", None).err(), Some(Error::UnknownTenant));
    });
}

#[test]
fn what_is_known_of_a_store_is_used_for_its_time_and_no_longer() {
    let store: Arc<dyn RecordStore> = Arc::new(MemoryStore::new());
    let over = |within| {
        let options = options(Default::default()).staleness(within, Duration::from_secs(3600));
        Keyring::over(&kek(), store.clone(), &options).unwrap()
    };
    let (one, two) = (over(Duration::from_secs(3600)), over(Duration::from_millis(50)));
    one.install_policy(crate::fixture::policy()).unwrap();
    one.create_tenant("t").unwrap();
    let (slow, quick) = (one.tenant("t").unwrap(), two.tenant("t").unwrap());
    let (slow, quick) = (slow.field("member.name").unwrap(), quick.field("member.name").unwrap());
    let other = over(Duration::ZERO);
    other.suspend_tenant("t", None).unwrap();
    assert!(slow.seal(1, "x").is_ok(), "within its time");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(quick.seal(1, "x").err(), Some(Error::Suspended));
    one.refresh().unwrap();
    assert_eq!(slow.seal(1, "x").err(), Some(Error::Suspended));
}

#[test]
fn a_cell_of_a_generation_that_another_process_just_made_opens() {
    pairs(|one, two| {
        let here = one.tenant("t-1001").unwrap().field("member.name").unwrap();
        let there = two.tenant("t-1001").unwrap().field("member.name").unwrap();
        one.rotate_tenant("t-1001").unwrap();
        let cells: Vec<_> = (1..=3).map(|row| (row, here.seal(row, "x").unwrap())).collect();
        assert_eq!(there.open_many(cells.iter().map(|(row, cell)| (*row, cell))).unwrap().len(), 3);
        one.rotate_tenant("t-1001").unwrap();
        let cell = here.seal(1, "y").unwrap();
        assert_eq!(there.open(1, cell).unwrap().text(), Ok("y"));
    });
}

#[test]
fn a_hold_and_a_date_stand_before_destruction() {
    pairs(|one, _| {
        let due = || one.tenants_due(SystemTime::now()).unwrap();
        let shred = || one.shred_tenant("t-1001", &tenantseal::tenant::NoGrants).err();
        assert_eq!((due().len(), shred()), (0, Some(Error::State)), "active");
        one.suspend_tenant("t-1001", None).unwrap();
        assert_eq!((due().len(), shred()), (0, Some(Error::State)), "without a date");
        let later = SystemTime::now() + Duration::from_secs(3600);
        one.suspend_tenant("t-1001", Some(later)).unwrap();
        assert_eq!((due().len(), shred()), (0, Some(Error::State)), "before its date");
        assert_eq!(one.tenants_due(later + Duration::from_secs(1)).unwrap().len(), 1);
        one.suspend_tenant("t-1001", past()).unwrap();
        assert_eq!(due().len(), 1);
        one.hold_tenant("t-1001").unwrap();
        assert_eq!(one.is_held("t-1001"), Ok(true));
        assert_eq!(one.hold_tenant("t-1001").err(), Some(Error::State));
        assert_eq!((due().len(), shred()), (0, Some(Error::Held)));
        one.restore_tenant("t-1001").unwrap();
        assert_eq!(one.is_held("t-1001"), Ok(true), "a hold outlives the suspension");
        one.suspend_tenant("t-1001", past()).unwrap();
        assert_eq!(shred(), Some(Error::Held));
        one.lift_hold("t-1001").unwrap();
        assert_eq!(one.lift_hold("t-1001").err(), Some(Error::State));
        assert_eq!(due().len(), 1);
        assert_eq!(shred(), None);
    });
}

#[test]
fn an_id_that_is_there_already_needs_no_copy() {
    pairs(|one, _| {
        let text = format!("t-{}", 2002);
        one.create_tenant(&text).unwrap();
        let id = one.tenant(&text).unwrap().id().clone();
        assert_eq!(one.is_held(&id), Ok(false));
        one.suspend_tenant(&id, None).unwrap();
        assert_eq!(one.tenant_state(&text), one.tenant_state(id));
    });
}

#[test]
fn a_date_is_kept_to_the_second_and_never_comes_early() {
    pairs(|one, two| {
        let until = UNIX_EPOCH + Duration::from_millis(1_900_000_000_001);
        one.suspend_tenant("t-1001", Some(until)).unwrap();
        let expected = UNIX_EPOCH + Duration::from_secs(1_900_000_001);
        assert_eq!(two.tenant_state("t-1001"), Ok(TenantState::Suspended { until: Some(expected) }));
        assert!(one.tenants_due(until).unwrap().is_empty());
        assert_eq!(one.tenants_due(expected).unwrap().len(), 1);
    });
}

#[test]
fn a_suspended_principal_may_not_act_until_it_is_restored() {
    pairs(|one, two| {
        let (here, there) = (one.tenant("t-1001").unwrap(), two.tenant("t-1001").unwrap());
        let id = PrincipalId::member("zhangsan").unwrap();
        assert_eq!(here.check_principal(&id).err(), Some(Error::UnknownPrincipal));
        assert_eq!(here.suspend_principal(&id, None).err(), Some(Error::UnknownPrincipal));
        here.add_principal(&id).unwrap();
        assert_eq!(here.add_principal(&id).err(), Some(Error::AlreadyExists));
        two.reload().unwrap();
        assert_eq!(there.check_principal(&id), Ok(()));
        assert_eq!(here.remove_principal(&id).err(), Some(Error::State), "suspended first");
        here.suspend_principal(&id, past()).unwrap();
        assert_eq!(here.check_principal(&id).err(), Some(Error::Suspended));
        two.reload().unwrap();
        assert_eq!(there.check_principal(&id).err(), Some(Error::Suspended));
        assert_eq!(there.principals_due(SystemTime::now()).unwrap(), core::slice::from_ref(&id));
        there.restore_principal(&id).unwrap();
        assert_eq!(there.restore_principal(&id).err(), Some(Error::State));
        one.reload().unwrap();
        assert_eq!(here.check_principal(&id), Ok(()));
        assert!(here.principals_due(SystemTime::now()).unwrap().is_empty());
        here.suspend_principal(&id, None).unwrap();
        here.remove_principal(&id).unwrap();
        assert_eq!(here.principal_state(&id), Ok(PrincipalState::Removed));
        assert_eq!(here.check_principal(&id).err(), Some(Error::Removed));
        for refused in
            [here.restore_principal(&id), here.suspend_principal(&id, None), here.remove_principal(&id)]
        {
            assert_eq!(refused.err(), Some(Error::Removed));
        }
        assert_eq!(here.add_principal(&id).err(), Some(Error::AlreadyExists), "its id is nobody else's");
    });
}

#[test]
fn principals_of_another_kind_or_tenant_are_others() {
    let keys = keyring();
    let (a, ab) = (keys.create_tenant("a").unwrap(), keys.create_tenant("ab").unwrap());
    let member = PrincipalId::member("bc").unwrap();
    a.add_principal(&member).unwrap();
    for other in [PrincipalId::client("bc"), PrincipalId::service("bc"), PrincipalId::member("b")] {
        assert_eq!(a.check_principal(&other.unwrap()).err(), Some(Error::UnknownPrincipal));
    }
    assert_eq!(ab.check_principal(&PrincipalId::member("c").unwrap()).err(), Some(Error::UnknownPrincipal));
    assert_eq!(ab.check_principal(&member).err(), Some(Error::UnknownPrincipal));
    keys.suspend_tenant("a", None).unwrap();
    assert_eq!(a.check_principal(&member).err(), Some(Error::Suspended), "with its tenant");
    assert_eq!(PrincipalId::member("").err(), Some(Error::Value));
    assert_eq!(PrincipalId::member([b'x'; 129]).err(), Some(Error::TooLong));
    assert!(PrincipalId::member([b'x'; 128]).is_ok());
}

#[test]
fn an_outage_of_the_store_is_borne_with_for_its_time() {
    let timed_out = Some(Error::Io(std::io::ErrorKind::TimedOut));
    for (outage, borne) in [(Duration::from_secs(3600), true), (Duration::ZERO, false)] {
        let store = Arc::new(TestStore::default());
        let counters = Arc::new(Counters::default());
        let options =
            options(Default::default()).staleness(Duration::ZERO, outage).observer(counters.clone());
        let keys = Keyring::over(&kek(), store.clone(), &options).unwrap();
        keys.install_policy(crate::fixture::policy()).unwrap();
        let name = keys.create_tenant("t").unwrap().field("member.name").unwrap();
        let sealed = name.seal(1, "x").unwrap();
        store.fail(true);
        assert_eq!(name.open(1, &sealed).is_ok(), borne);
        assert_eq!(name.seal(1, "x").is_ok(), borne);
        assert_eq!(keys.create_tenant("u").err(), timed_out);
        assert_eq!(keys.reload().err(), timed_out);
        assert!(counters.of(Observation::StoreFailed) >= 2);
        store.fail(false);
        assert!(name.open(1, &sealed).is_ok());
        assert!(keys.create_tenant("u").is_ok());
    }
}

#[derive(Default)]
struct Refusing(AtomicBool);

impl Refusing {
    fn refuse(&self, refuse: bool) {
        self.0.store(refuse, Ordering::SeqCst);
    }
}

impl EventSink for Refusing {
    fn record(&self, _: &KeyEvent) -> Result<(), Error> {
        if self.0.load(Ordering::SeqCst) { Err(Error::Random) } else { Ok(()) }
    }
}

#[test]
fn every_alteration_of_an_entry_is_refused_and_none_moves_to_another_name() {
    let store = Arc::new(TestStore::default());
    let sink = Arc::new(Refusing::default());
    let options =
        options(Default::default()).staleness(Duration::ZERO, Duration::ZERO).event_sink(sink.clone());
    let keys = Keyring::over(&kek(), store.clone(), &options).unwrap();
    for id in ["t", "u"] {
        let tenant = keys.create_tenant(id).unwrap();
        tenant.add_principal(&PrincipalId::member("m").unwrap()).unwrap();
    }
    let t = keys.tenant("t").unwrap();
    keys.suspend_tenant("u", None).unwrap();
    keys.suspend_tenant("t", None).unwrap();
    keys.restore_tenant("t").unwrap();
    keys.add_alias("ww1", "t").unwrap();
    keys.rotate_signing_key(SigningPurpose::Receipt).unwrap();
    let uses = || -> Result<(), Error> {
        keys.tenant("t")?;
        keys.tenant_by_alias("ww1")?;
        t.check_principal(&PrincipalId::member("m").unwrap())?;
        keys.key_list()?;
        // Reads the current key, and is then stopped before it changes anything.
        sink.refuse(true);
        let refused = keys.rotate_signing_key(SigningPurpose::Receipt);
        sink.refuse(false);
        if refused.err() == Some(Error::Random) { Ok(()) } else { Err(Error::Open) }
    };
    uses().unwrap();
    let entries: Vec<Entry> = store.scan(&[], &[], 1_000).unwrap();
    // What is another tenant's is not used here.
    let of_u = |entry: &&Entry| entry.name.starts_with(b"\x01\x01u") || entry.name.starts_with(b"\x04\x01u");
    let (mut count, mut moved) = (0, 0);
    for entry in entries.iter().filter(|entry| !of_u(entry)) {
        for altered in crate::fixture::alterations(&entry.bytes) {
            store.change(Change::Put(Entry { name: entry.name.clone(), bytes: altered }));
            assert!(uses().is_err(), "{entry:?}");
            count += 1;
        }
        for other in entries.iter().filter(|other| other.name != entry.name) {
            store.change(Change::Put(Entry { name: entry.name.clone(), bytes: other.bytes.clone() }));
            assert!(uses().is_err(), "{other:?} as {entry:?}");
            moved += 1;
        }
        store.change(Change::Put(entry.clone()));
        uses().unwrap();
    }
    println!("{count} alterations of entries and {moved} in another's place, 0 accepted");
    assert!(count > 9_000 && moved > 80);
}

#[test]
fn every_change_is_told_before_it_is_made() {
    let recorder = Arc::new(EventRecorder::default());
    let options = options(Default::default()).event_sink(recorder.clone());
    let keys = Keyring::over(&kek(), Arc::new(MemoryStore::new()), &options).unwrap();
    let t = keys.create_tenant("t").unwrap();
    let id = t.id().clone();
    let member = PrincipalId::member("m").unwrap();
    t.add_principal(&member).unwrap();
    keys.suspend_tenant("t", past()).unwrap();
    keys.hold_tenant("t").unwrap();
    keys.lift_hold("t").unwrap();
    keys.shred_tenant("t", &tenantseal::tenant::NoGrants).unwrap();
    keys.rotate_seed().unwrap();
    assert_eq!(
        recorder.events(),
        [
            KeyEvent::TenantCreated(id.clone()),
            KeyEvent::PrincipalChanged(id.clone(), member, PrincipalState::Active),
            KeyEvent::TenantSuspended(id.clone(), Some(1_000_000)),
            KeyEvent::HoldPlaced(id.clone()),
            KeyEvent::HoldLifted(id.clone()),
            KeyEvent::TenantShredding(id.clone()),
            KeyEvent::SigningKeyCreated(
                SigningPurpose::Receipt,
                keys.key_list().unwrap().keys()[0].id().unwrap()
            ),
            KeyEvent::TenantShredded(id),
            KeyEvent::SeedCreated(1),
        ]
    );
}
