//! Deterministic cells, and cells whose values are padded.

use std::time::{Duration, SystemTime};

use tenantseal::{
    Error, PolicyRule,
    field::{CellHeader, CellKind, Field, Row, Value},
    tenant::{Keyring, NoGrants, Policy, Receipt, Suite},
};

use crate::fixture::{alterations, kek, options};

/// Two fields of one domain, one of another, one of the same domain and another type, and a field of cells.
fn keyring(suite: Suite, padding: &str) -> Keyring {
    let keys = Keyring::from_records(&kek(), core::iter::empty::<&[u8]>(), &options(suite)).unwrap();
    let field = |table: &str, domain: &str, kind: &str| {
        format!(
            r#"{{"table":"{table}","column":"no","type":"{kind}","storage":"deterministic","class":["personal"],
                "bind":"unbound","domain":"{domain}"{padding}}}"#
        )
    };
    let fields = [
        field("orders", "phone", "text"),
        field("callers", "phone", "text"),
        field("members", "other", "text"),
        field("numbers", "third", "i64"),
        format!(
            r#"{{"table":"orders","column":"note","type":"text","storage":"cell","class":["personal"],"bind":"row",
                "mask":{{"kind":{{"custom":{{"first":1,"last":0}}}},"class":"internal"}}{padding}}}"#
        ),
    ];
    let json = format!(r#"{{"tenantseal_policy":1,"version":1,"fields":[{}]}}"#, fields.join(","));
    keys.install_policy(Policy::from_json(json.as_bytes()).unwrap()).unwrap();
    for tenant in ["t-1", "t-2"] {
        keys.create_tenant(tenant).unwrap();
    }
    keys
}

fn field(keys: &Keyring, tenant: &str, label: &str) -> Field {
    keys.tenant(tenant).unwrap().field(label).unwrap()
}

#[test]
fn equal_values_of_a_domain_are_equal_cells_and_of_nothing_else() {
    for suite in Suite::ALL {
        let keys = keyring(*suite, "");
        let (orders, callers) = (field(&keys, "t-1", "orders.no"), field(&keys, "t-1", "callers.no"));
        let cell = orders.seal(Row::UNBOUND, "13800138000").unwrap();
        assert_eq!(cell, callers.seal(Row::UNBOUND, "13800138000").unwrap(), "a join");
        assert_eq!(callers.open(Row::UNBOUND, &cell).unwrap().text(), Ok("13800138000"));
        assert_eq!(cell.len(), 11 + 40);
        assert_eq!(orders.sealed_len(11), Ok(cell.len()));
        assert_ne!(cell, orders.seal(Row::UNBOUND, "13800138001").unwrap());
        for (tenant, label) in [("t-1", "members.no"), ("t-2", "orders.no"), ("t-1", "orders.note")] {
            let other = field(&keys, tenant, label);
            let row = if label == "orders.note" { Row::from(1) } else { Row::UNBOUND };
            assert_ne!(cell, other.seal(row, "13800138000").unwrap());
            assert_eq!(other.open(row, &cell).err(), Some(Error::UnknownKey), "{tenant} {label}");
        }
        let numbers = field(&keys, "t-1", "numbers.no");
        assert_eq!(
            numbers.seal(Row::UNBOUND, 7).unwrap(),
            numbers.seal(Row::UNBOUND, Value::Written("7")).unwrap()
        );
        assert_eq!(orders.seal(7, "x").err(), Some(Error::WrongBinding));
        let header = CellHeader::parse(&cell).unwrap();
        assert_eq!((header.kind, header.is_padded), (CellKind::Deterministic, false));
        assert_eq!(orders.current_prefix().unwrap(), header.to_bytes());
        let many = orders.seal_many([(Row::UNBOUND, "13800138000"), (Row::UNBOUND, "")]).unwrap();
        assert_eq!(many[0], cell);
        let opened = orders.open_many(many.iter().map(|cell| (Row::UNBOUND, cell))).unwrap();
        assert_eq!(opened[1].text(), Ok(""));
    }
}

#[test]
fn a_lookup_names_the_cell_of_every_epoch() {
    let keys = keyring(Suite::default(), "");
    let orders = field(&keys, "t-1", "orders.no");
    let old = orders.seal(Row::UNBOUND, "a").unwrap();
    assert_eq!(orders.lookup("a").unwrap(), std::slice::from_ref(&old));
    keys.rotate_tenant("t-1").unwrap();
    assert_eq!(orders.seal(Row::UNBOUND, "a").unwrap(), old, "rotating data does not touch a domain");
    keys.rotate_index("t-1").unwrap();
    let new = orders.seal(Row::UNBOUND, "a").unwrap();
    assert_ne!(new, old);
    assert_eq!(orders.lookup("a").unwrap(), [new.clone(), old.clone()]);
    let mixed = orders.open_many([&old, &new, &new, &old].map(|cell| (Row::UNBOUND, cell))).unwrap();
    assert!(mixed.iter().all(|opened| opened.text() == Ok("a")));
    let text = orders.seal_text(Row::UNBOUND, "a").unwrap();
    assert_eq!(orders.lookup_text("a").unwrap().first(), Some(&text));
    assert_eq!(orders.reseal(Row::UNBOUND, &old).unwrap(), Some(new.clone()));
    assert_eq!(orders.reseal(Row::UNBOUND, &new).unwrap(), None);
    assert_eq!(orders.lookup(b"a").err(), Some(Error::WrongType));
    assert_eq!(field(&keys, "t-1", "orders.note").lookup("a").err(), Some(Error::Unsupported));
}

#[test]
fn an_altered_deterministic_cell_is_refused() {
    for suite in Suite::ALL {
        for padding in ["", r#","padding":{"block":16}"#] {
            let keys = keyring(*suite, padding);
            let orders = field(&keys, "t-1", "orders.no");
            let cell = orders.seal(Row::UNBOUND, "13800138000").unwrap();
            let mut tried = 0;
            for altered in alterations(&cell) {
                assert!(orders.open(Row::UNBOUND, &altered).is_err());
                tried += 1;
            }
            println!("deterministic, suite {:02x}: {tried} altered cells, 0 opened", suite.id());
            assert!(tried > 600);
        }
    }
}

#[cfg(feature = "hazmat")]
#[test]
fn the_suite_of_deterministic_cells_seals_nothing_else() {
    let options = tenantseal::tenant::KeyringOptions::new().suite(Suite::AesSiv);
    let keys = Keyring::from_records(&kek(), core::iter::empty::<&[u8]>(), &options).unwrap();
    assert_eq!(keys.create_tenant("t-1").err(), Some(Error::Unsupported));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.ts");
    let file = Keyring::create_with(&path, &crate::fixture::passphrase(), &options);
    assert_eq!((file.err(), path.exists()), (Some(Error::Unsupported), false));
}

#[test]
fn a_cell_that_claims_the_other_kind_has_no_key() {
    for suite in Suite::ALL {
        let keys = keyring(*suite, "");
        let (orders, note) = (field(&keys, "t-1", "orders.no"), field(&keys, "t-1", "orders.note"));
        // The default suite has another number for each kind.
        let expected = if *suite == Suite::default() { Error::Unsupported } else { Error::UnknownKey };
        let mut cell = orders.seal(Row::UNBOUND, "a value that is long enough for either kind").unwrap();
        cell[3] = 1;
        assert_eq!(orders.open(Row::UNBOUND, &cell).err(), Some(expected));
        let mut cell = note.seal(1, "a value that is long enough for either kind").unwrap();
        cell[3] = 2;
        assert_eq!(note.open(1, &cell).err(), Some(expected));
    }
}

#[test]
fn a_shredded_tenant_leaves_no_deterministic_cell_behind() {
    let keys = keyring(Suite::default(), "");
    let cell = field(&keys, "t-1", "orders.no").seal(Row::UNBOUND, "a").unwrap();
    let other = field(&keys, "t-2", "orders.no").seal(Row::UNBOUND, "a").unwrap();
    let column =
        |tenant| field(&keys, tenant, "orders.note").seal_column([(1, Some("a"))]).unwrap().into_bytes();
    let (dead, alive) = (column("t-1"), column("t-2"));
    keys.suspend_tenant("t-1", Some(SystemTime::now() - Duration::from_secs(2))).unwrap();
    let receipt = keys.shred_tenant("t-1", &NoGrants).unwrap();
    let receipt = Receipt::verify(&receipt, &keys.key_list().unwrap()).unwrap();
    let check = keys.verify_shredded(&receipt, [&cell, &other, &dead, &alive]).unwrap();
    assert_eq!((check.dead, check.other, check.plain), (2, 2, 0), "sealed columns too");
}

#[test]
fn the_length_of_a_padded_cell_tells_its_bucket_alone() {
    for suite in Suite::ALL {
        for (padding, lengths) in [
            (r#","padding":{"block":16}"#, [(0, 16), (1, 16), (15, 16), (16, 32), (31, 32), (32, 48)]),
            (r#","padding":{"block":2}"#, [(0, 2), (1, 2), (2, 4), (3, 4), (4, 6), (5, 6)]),
            // L, E = floor(log2(L)), S = floor(log2(E)) + 1, the last E - S bits are zero; L is one more than the value.
            (r#","padding":"padme""#, [(0, 1), (7, 8), (8, 10), (99, 104), (999, 1024), (1_024, 1_088)]),
        ] {
            let keys = keyring(*suite, padding);
            for label in ["orders.no", "orders.note"] {
                let field = field(&keys, "t-1", label);
                let row = if label == "orders.note" { Row::from(1) } else { Row::UNBOUND };
                let header = CellHeader::parse(&field.seal(row, "").unwrap()).unwrap();
                let more = match header.kind {
                    CellKind::Deterministic => 40,
                    _ => field.seal(row, "").unwrap().len() - lengths[0].1,
                };
                assert!(header.is_padded);
                for (len, padded) in lengths {
                    // Values that themselves end like padding.
                    for value in
                        ["x".repeat(len), "\0".repeat(len), "\u{80}".repeat(len / 2) + &"\0".repeat(len % 2)]
                    {
                        let cell = field.seal(row, &value).unwrap();
                        assert_eq!(cell.len(), padded + more, "{padding} {label} {len}");
                        assert_eq!(field.sealed_len(len), Ok(cell.len()));
                        assert_eq!(field.open(row, &cell).unwrap().text(), Ok(value.as_str()));
                        let bulk = field.seal_many([(row, &value)]).unwrap();
                        assert_eq!(bulk[0].len(), cell.len());
                        assert_eq!(field.open_many([(row, &bulk[0])]).unwrap()[0].text(), Ok(value.as_str()));
                    }
                }
            }
            let mask = field(&keys, "t-1", "orders.note").mask().unwrap();
            let shown = [mask.seal(1, "张三").unwrap(), mask.seal(1, "").unwrap()];
            assert!(shown.iter().all(|cell| CellHeader::parse(cell).unwrap().is_padded));
            assert_eq!(mask.open(1, &shown[0]).unwrap(), "张****");
        }
    }
}

#[test]
fn padding_may_come_later_and_reseals_what_is_there() {
    let keys = keyring(Suite::default(), "");
    let note = field(&keys, "t-1", "orders.note");
    let bare = note.seal(1, "long").unwrap();
    let with = |version: u32, padding: &str| {
        let json = format!(
            r#"{{"tenantseal_policy":1,"version":{version},"fields":[{{"table":"orders","column":"note","type":"text",
                "storage":"cell","class":["personal"],"bind":"row"{padding}}}]}}"#
        );
        Policy::from_json(json.as_bytes()).unwrap()
    };
    let keys = Keyring::from_records(
        &kek(),
        keys.records().unwrap().iter().map(tenantseal::tenant::Record::to_bytes),
        &options(Suite::default()),
    )
    .unwrap();
    keys.install_policy(with(1, "")).unwrap();
    keys.install_policy(with(2, r#","padding":{"block":64}"#)).unwrap();
    let note = field(&keys, "t-1", "orders.note");
    let (opened, resealed) = note.open_and_reseal(1, &bare).unwrap();
    assert_eq!(opened.text(), Ok("long"));
    let padded = resealed.unwrap();
    assert_eq!(padded.len(), 64 + 64);
    assert_eq!(note.reseal(1, &padded).unwrap(), None);
    keys.install_policy(with(3, r#","padding":{"block":16}"#)).unwrap();
    let shorter = note.reseal(1, &padded).unwrap().unwrap();
    assert_eq!(shorter.len(), 64 + 16, "padded otherwise");
    let text = note.seal_text(1, "long").unwrap();
    assert_eq!(note.reseal(1, &text).unwrap(), None);
    keys.install_policy(with(4, "")).unwrap();
    assert_eq!(note.open(1, &padded).unwrap().text(), Ok("long"), "and may go again");
    let mut flagged = note.seal(1, "long").unwrap();
    flagged[2] = 2;
    assert_eq!(note.open(1, &flagged).err(), Some(Error::Open), "the flag is authenticated");
    for unknown in [1, 3, 4, 0x80] {
        flagged[2] = unknown;
        assert_eq!(note.open(1, &flagged).err(), Some(Error::Unsupported));
    }
}

#[test]
fn a_policy_keeps_a_domain_whole() {
    let policy = |fields: &[&str]| {
        let json = format!(
            r#"{{"tenantseal_policy":1,"version":1,"compartments":["hr"],"fields":[{}]}}"#,
            fields.join(",")
        );
        Policy::from_json(json.as_bytes())
    };
    let one = |column: &str, more: &str| {
        format!(
            r#"{{"table":"t","column":"{column}","storage":"deterministic","class":["personal"],"domain":"d",{more}}}"#
        )
    };
    let good = one("a", r#""type":"text","bind":"unbound""#);
    let other = good.replace(r#""domain":"d""#, r#""domain":"e""#);
    assert!(policy(&[&good, &one("b", r#""type":"text","bind":"unbound""#)]).is_ok());
    for (more, rule) in [
        (r#""type":"bytes","bind":"unbound""#, PolicyRule::Domain),
        (r#""type":"text","bind":"unbound","padding":"padme""#, PolicyRule::Domain),
        (r#""type":"text","bind":"row""#, PolicyRule::Binding),
        (r#""type":"text","bind":"unbound","compartments":["hr"]"#, PolicyRule::Compartment),
        (r#""type":"i64","bind":"unbound","content":"name""#, PolicyRule::Type),
        (r#""type":"text","bind":"unbound","padding":{"block":1}"#, PolicyRule::Padding),
        (r#""type":"text","bind":"unbound","padding":{"block":4097}"#, PolicyRule::Padding),
    ] {
        let first = if rule == PolicyRule::Padding { &other } else { &good };
        let broken = policy(&[first, &one("b", more)]).err();
        assert_eq!(broken, Some(Error::Policy { field: Some(1), rule }), "{more}");
    }
    for padding in [r#""padme""#, r#"{"block":16}"#] {
        let plain = format!(
            r#"{{"table":"t","column":"a","type":"text","storage":"plain","class":["public"],"bind":"row","padding":{padding}}}"#
        );
        let broken = policy(&[&plain]).err();
        assert_eq!(broken, Some(Error::Policy { field: Some(0), rule: PolicyRule::Padding }), "{padding}");
    }
    let null = one("a", r#""type":"text","bind":"unbound","padding":null"#);
    assert_eq!(policy(&[&null]).err(), Some(Error::Policy { field: None, rule: PolicyRule::Syntax }));
    let padded = policy(&[&one("a", r#""type":"text","bind":"unbound","padding":"padme""#)]).unwrap();
    let next =
        padded.to_json().replace(r#","padding":"padme""#, "").replace(r#""version":1"#, r#""version":2"#);
    let next = Policy::from_json(next.as_bytes()).unwrap();
    let broken = Error::Policy { field: Some(0), rule: PolicyRule::Continuity };
    assert_eq!(padded.check_successor(&next), Err(broken), "equal values would differ");
}
