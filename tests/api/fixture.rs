//! A policy of twelve fields, and keyrings over it.

use std::sync::Arc;

use tenantseal::tenant::{
    Kek, Keyring, KeyringOptions, MemoryStore, Passphrase, PassphraseCost, Policy, RecordStore, Suite,
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
