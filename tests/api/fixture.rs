//! A policy of twelve fields, and keyrings over it.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

use tenantseal::{
    Error,
    tenant::{
        Change, Entry, Kek, Keyring, KeyringOptions, MemoryStore, Passphrase, PassphraseCost, Policy,
        RecordStore, StorageAction, StoreTransaction, Suite,
    },
};

/// Twelve sealed fields over two tables, six with a mask, two compartments, one class history.
pub(crate) fn policy() -> Policy {
    Policy::from_json(policy_json(1, r#"["internal","personal"]"#).as_bytes()).unwrap()
}

pub(crate) fn policy_json(version: u32, class: &str) -> String {
    let mut fields = Vec::new();
    for table in ["member", "customer"] {
        for column in ["mobile", "mobile_work", "mobile_home"] {
            fields.push(format!(
                r#"{{"table":"{table}","column":"{column}","type":"text","content":"mobile_cn","storage":"cell",
                "class":{class},"bind":"row","compartments":["board","hr"],
                "indexes":[{{"label":"exact","kind":"exact","normaliser":"mobile_cn/1","bits":32}},
                           {{"label":"short","kind":"exact","normaliser":"mobile_cn/1","bits":8}}],
                "mask":{{"kind":"mobile_cn","class":"internal"}}}}"#
            ));
        }
        for column in ["name", "email", "note"] {
            fields.push(format!(
                r#"{{"table":"{table}","column":"{column}","type":"text","storage":"cell","class":["personal"],
                "bind":"row","compartments":["board"],
                "indexes":[{{"label":"exact","kind":"exact","normaliser":"none/1","bits":63}}]}}"#
            ));
        }
    }
    fields.push(
        r#"{"table":"asset","column":"userid","type":"text","storage":"plain","class":["internal"],"bind":"row"}"#
            .to_owned(),
    );
    fields.push(
        r#"{"table":"asset","column":"blob","type":"bytes","storage":"cell","class":["sensitive"],
        "bind":{"natural":["userid","userid"]}}"#
            .to_owned(),
    );
    fields.push(
        r#"{"table":"asset","column":"free","type":"bytes","storage":"cell","class":["public"],"bind":"unbound"}"#
            .to_owned(),
    );
    fields.push(
        r#"{"table":"asset","column":"old","type":"text","storage":"cell","class":["personal"],"bind":"row",
        "migrating_until":"2999-12-31"}"#
            .to_owned(),
    );
    format!(
        r#"{{"tenantseal_policy":1,"version":{version},"compartments":["board","hr"],"fields":[{}]}}"#,
        fields.join(",")
    )
}

/// The twelve fields of the exchange test.
pub(crate) const TWELVE: [&str; 12] = [
    "member.mobile",
    "member.mobile_work",
    "member.mobile_home",
    "member.name",
    "member.email",
    "member.note",
    "customer.mobile",
    "customer.mobile_work",
    "customer.mobile_home",
    "customer.name",
    "customer.email",
    "customer.note",
];

pub(crate) fn keyring() -> Keyring {
    keyring_of(Suite::default())
}

pub(crate) fn keyring_of(suite: Suite) -> Keyring {
    let keys = Keyring::from_records(&kek(), core::iter::empty::<&[u8]>(), &options(suite)).unwrap();
    keys.install_policy(policy()).unwrap();
    keys
}

pub(crate) fn kek() -> Kek {
    let mut bytes = [0x5a; 32];
    bytes[31] = 1;
    Kek::from_bytes(&bytes).unwrap()
}

#[cfg(feature = "hazmat")]
pub(crate) fn options(suite: Suite) -> KeyringOptions {
    KeyringOptions::new().suite(suite).passphrase_cost(PassphraseCost::INSECURE)
}

#[cfg(not(feature = "hazmat"))]
pub(crate) fn options(_: Suite) -> KeyringOptions {
    KeyringOptions::new().passphrase_cost(PassphraseCost::MINIMUM)
}

pub(crate) fn passphrase() -> Passphrase {
    Passphrase::try_from("correct horse battery staple").unwrap()
}

/// Two keyrings over one store of each kind, as two processes would have them, with a tenant `t-1001` in it. Neither
/// asks the store by itself within an hour.
pub(crate) fn pairs(test: impl Fn(&Keyring, &Keyring)) {
    let within = core::time::Duration::from_secs(3600);
    let options = options(Suite::default()).staleness(within, within);
    let store: Arc<dyn RecordStore> = Arc::new(MemoryStore::new());
    let over = || Keyring::over(&kek(), store.clone(), &options).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.ts");
    let file = Keyring::create_with(&path, &passphrase(), &options).unwrap();
    let again = Keyring::open_with(&path, &passphrase(), &options).unwrap();
    for (one, two) in [(over(), over()), (file, again)] {
        one.install_policy(policy()).unwrap();
        one.create_tenant("t-1001").unwrap();
        two.reload().unwrap();
        test(&one, &two);
    }
}

/// A store that can be made to fail or to answer in small pages, and whose entries can be changed behind a keyring's back.
#[derive(Debug, Default)]
pub(crate) struct TestStore {
    store: MemoryStore,
    failing: AtomicBool,
    /// Whether entries cannot be read, though the serial number can.
    pub(crate) unreadable: AtomicBool,
    /// What it says in place of its serial number.
    pub(crate) says: Mutex<Option<Error>>,
    /// At which question for the serial number, counted down, it says that of an older state; 0 for none.
    pub(crate) lags_at: AtomicUsize,
    /// How often the serial number was asked for while it failed.
    pub(crate) failures: AtomicUsize,
    /// How often entries were asked for, and how long that takes, in milliseconds.
    pub(crate) questions: AtomicUsize,
    pub(crate) delay: AtomicU64,
    /// How many entries a scan gives at most; 0 for as many as are asked for.
    pub(crate) page: AtomicUsize,
    /// Whether a scan starts anew each time.
    pub(crate) endless: AtomicBool,
}

impl TestStore {
    pub(crate) fn fail(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }

    fn check(&self) -> Result<(), Error> {
        let failing = self.failing.load(Ordering::SeqCst);
        if failing { Err(Error::Io(std::io::ErrorKind::TimedOut)) } else { Ok(()) }
    }

    fn check_entries(&self) -> Result<(), Error> {
        self.questions.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(core::time::Duration::from_millis(self.delay.load(Ordering::SeqCst)));
        let unreadable = self.unreadable.load(Ordering::SeqCst);
        if unreadable { Err(Error::Io(std::io::ErrorKind::TimedOut)) } else { self.check() }
    }

    pub(crate) fn change(&self, change: Change) {
        self.store.begin().unwrap().commit(&[change], b"").unwrap();
    }

    pub(crate) fn put(&self, name: &[u8], bytes: Vec<u8>) {
        self.change(Change::Put(Entry { name: name.to_vec(), bytes }));
    }

    /// Every entry whose name starts so.
    pub(crate) fn entries(&self, prefix: &[u8]) -> Vec<Entry> {
        self.store.scan(prefix, &[], 1_000_000).unwrap()
    }
}

impl RecordStore for TestStore {
    fn serial(&self) -> Result<u64, Error> {
        if self.check().is_err() {
            self.failures.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(core::time::Duration::from_millis(20));
        }
        if let Some(error) = *self.says.lock().unwrap() {
            return Err(error);
        }
        let lags_at = self.lags_at.load(Ordering::SeqCst);
        self.lags_at.store(lags_at.saturating_sub(1), Ordering::SeqCst);
        self.check().and_then(|()| self.store.serial()).map(|serial| serial - u64::from(lags_at == 1))
    }

    fn get(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.check_entries().and_then(|()| self.store.get(name))
    }

    fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Vec<Entry>, Error> {
        self.check_entries()?;
        let page = self.page.load(Ordering::SeqCst);
        let after = if self.endless.load(Ordering::SeqCst) { &[] } else { after };
        self.store.scan(prefix, after, if page == 0 { limit } else { page.min(limit) })
    }

    fn begin(&self) -> Result<Box<dyn StoreTransaction + '_>, Error> {
        self.check()?;
        let transaction = self.store.begin()?;
        Ok(Box::new(TestTransaction { transaction, page: self.page.load(Ordering::SeqCst) }))
    }

    fn scrub(&self) -> Result<Vec<StorageAction>, Error> {
        self.check().and_then(|()| self.store.scrub())
    }
}

struct TestTransaction<'s> {
    transaction: Box<dyn StoreTransaction + 's>,
    page: usize,
}

impl StoreTransaction for TestTransaction<'_> {
    fn serial(&self) -> Result<u64, Error> {
        self.transaction.serial()
    }

    fn get(&self, name: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.transaction.get(name)
    }

    fn scan(&self, prefix: &[u8], after: &[u8], limit: usize) -> Result<Vec<Entry>, Error> {
        let limit = if self.page == 0 { limit } else { self.page.min(limit) };
        self.transaction.scan(prefix, after, limit)
    }

    fn commit(self: Box<Self>, changes: &[Change], event: &[u8]) -> Result<(), Error> {
        self.transaction.commit(changes, event)
    }
}

/// Every single-bit flip, every truncation, and 1 to 64 added bytes of `bytes`.
pub(crate) fn alterations(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    let flips = (0..bytes.len() * 8).map(|bit| {
        let mut altered = bytes.to_vec();
        altered[bit / 8] ^= 1 << (bit % 8);
        altered
    });
    let truncations = (0..bytes.len()).map(|len| bytes[..len].to_vec());
    let extensions =
        (1..=64usize).flat_map(move |len| [0, 0xff, 0x20].map(|byte| [bytes, &vec![byte; len]].concat()));
    flips.chain(truncations).chain(extensions)
}
