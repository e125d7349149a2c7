//! Sealed cells: what opens, and everything that must not.

use tenantseal::{
    Error,
    field::{CellHeader, Field, Key, Row},
    tenant::{Keyring, Policy, Suite, Tenant},
};

use crate::fixture::{TWELVE, alterations, keyring, keyring_of, policy_json};

fn tenant() -> Tenant {
    keyring().create_tenant("t-1001").unwrap()
}

#[test]
fn a_cell_opens_in_its_own_place() {
    for suite in Suite::ALL {
        let mobile = keyring_of(*suite).create_tenant("t-1001").unwrap().field("member.mobile").unwrap();
        for value in ["", "13800138000", "张三 🎉", &"x".repeat(70_000)] {
            let sealed = mobile.seal(42, value).unwrap();
            assert_eq!(CellHeader::parse(&sealed).unwrap().suite, *suite);
            assert_eq!(mobile.open(42, &sealed).unwrap().text().unwrap(), value);
            let text = mobile.seal_text(42, value).unwrap();
            assert!(text.starts_with("ts1.") && text.is_ascii());
            assert_eq!(mobile.open(42, &text).unwrap().text().unwrap(), value);
        }
    }
}

#[test]
fn a_cell_of_suite_01_is_64_bytes_longer_than_its_value() {
    let mobile = tenant().field("member.mobile").unwrap();
    assert_eq!(mobile.seal(1, "13800138000").unwrap().len(), 11 + 64);
}

#[test]
fn every_alteration_of_a_cell_is_refused() {
    for suite in Suite::ALL {
        let mobile = keyring_of(*suite).create_tenant("t-1001").unwrap().field("member.mobile").unwrap();
        let mut count = 0;
        for value in ["", "1", "13800138000", &"x".repeat(64)] {
            for altered in alterations(&mobile.seal(42, value).unwrap()) {
                assert!(mobile.open(42, &altered).is_err());
                count += 1;
            }
            for altered in alterations(mobile.seal_text(42, value).unwrap().as_bytes()) {
                assert!(mobile.open(42, &altered).is_err(), "{}", altered.escape_ascii());
                count += 1;
            }
        }
        println!("{suite:?}: {count} alterations of a cell, 0 accepted");
        assert!(count > 8_000);
    }
}

#[test]
fn every_other_value_of_every_header_byte_is_refused() {
    let mobile = tenant().field("member.mobile").unwrap();
    let sealed = mobile.seal(42, "13800138000").unwrap();
    for position in 0..24 {
        for byte in (0..=255).filter(|byte| *byte != sealed[position]) {
            let mut altered = sealed.clone();
            altered[position] = byte;
            assert!(mobile.open(42, &altered).is_err(), "byte {position} as {byte:02x}");
        }
    }
}

type Open = Box<dyn Fn(i64, &[u8]) -> Result<(), Error>>;

/// A column that cells can be put into: a field or its mask, of one tenant, in one compartment.
struct Place {
    name: String,
    seal: Box<dyn Fn(i64) -> Vec<u8>>,
    open: Open,
}

fn places(keys: &Keyring, tenants: &[&str]) -> Vec<Place> {
    let mut places = Vec::new();
    for tenant in tenants {
        let tenant = keys.tenant(*tenant).unwrap();
        for label in TWELVE {
            let base = tenant.field(label).unwrap();
            let compartments = base.rule().compartments.clone();
            for compartment in core::iter::once(String::new()).chain(compartments) {
                let field: Field = match compartment.as_str() {
                    "" => base.clone(),
                    other => base.compartment(other).unwrap(),
                };
                let name = format!("{:?} {label} {compartment:?}", tenant.id());
                let (sealer, opener) = (field.clone(), field.clone());
                places.push(Place {
                    name: name.clone(),
                    seal: Box::new(move |row| sealer.seal(row, "13800138000").unwrap()),
                    open: Box::new(move |row, cell| opener.open(row, cell).map(drop)),
                });
                if let Ok(mask) = field.mask() {
                    let other = mask.clone();
                    places.push(Place {
                        name: format!("{name} mask"),
                        seal: Box::new(move |row| mask.seal(row, "13800138000").unwrap()),
                        open: Box::new(move |row, cell| other.open(row, cell).map(drop)),
                    });
                }
            }
        }
    }
    places
}

#[test]
fn no_cell_opens_in_another_place() {
    for suite in Suite::ALL {
        let keys = keyring_of(*suite);
        let tenants = ["t-1001", "t-2002", "a", "a\0", "a/b", "A"];
        for tenant in tenants {
            keys.create_tenant(tenant).unwrap();
        }
        let places = places(&keys, &tenants);
        let (mut tried, mut accepted) = (0, 0);
        let cells: Vec<_> = places.iter().map(|place| (place.seal)(7)).collect();
        for (from, cell) in cells.iter().enumerate() {
            for (to, place) in places.iter().enumerate() {
                for row in [7, 8] {
                    let own = from == to && row == 7;
                    match (place.open)(row, cell) {
                        Ok(()) if own => {}
                        Err(_) if !own => tried += 1,
                        Ok(()) => {
                            accepted += 1;
                            println!("{} opened in {} row {row}", places[from].name, place.name);
                        }
                        Err(error) => panic!("{} does not open at home: {error}", place.name),
                    }
                }
            }
        }
        println!("{suite:?}: {} places, {tried} exchanges, {accepted} accepted", places.len());
        assert_eq!(accepted, 0);
        assert!(tried > 80_000);
    }
}

#[test]
fn ids_that_look_alike_are_isolated() {
    let keys = keyring();
    let long = "x".repeat(128);
    // The same character, composed and decomposed.
    let ids = ["a", "a\0", "a/b", "A", "caf\u{e9}", "cafe\u{301}", &long];
    for id in ids {
        keys.create_tenant(id).unwrap();
    }
    for from in ids {
        let field = |id| keys.tenant(id).unwrap().field("member.mobile").unwrap();
        let sealed = field(from).seal(1, "13800138000").unwrap();
        let token = field(from).index("exact").unwrap().token("13800138000").unwrap();
        for to in ids {
            let opened = field(to).open(1, &sealed);
            let same_token = field(to).index("exact").unwrap().token("13800138000").unwrap() == token;
            if from == to {
                assert!(opened.is_ok() && same_token);
            } else {
                assert_eq!(opened.err(), Some(Error::UnknownKey), "{from:?} -> {to:?}");
                assert!(!same_token, "{from:?} -> {to:?}");
            }
        }
    }
    for (id, error) in
        [(String::new(), Error::Value), ("x".repeat(129), Error::TooLong), ("x".repeat(256), Error::TooLong)]
    {
        assert_eq!(keys.create_tenant(id.as_str()).err(), Some(error));
    }
}

#[test]
fn cells_of_older_generations_and_classes_open_in_their_own_place() {
    let keys = keyring();
    let tenant = keys.create_tenant("t-1001").unwrap();
    let kept = tenant.field("member.mobile").unwrap();
    let first = kept.seal(1, "13800138000").unwrap();
    assert_eq!(keys.rotate_tenant("t-1001").unwrap().to_u32(), 2);
    let second = kept.seal(1, "13800138000").unwrap();
    assert_eq!(
        CellHeader::parse(&second).unwrap().generation.to_u32(),
        2,
        "a handle that was kept must notice"
    );
    let raised = policy_json(2, r#"["internal","personal","sensitive"]"#);
    keys.install_policy(Policy::from_json(raised.as_bytes()).unwrap()).unwrap();
    let mobile = keys.tenant("t-1001").unwrap().field("member.mobile").unwrap();
    let third = kept.seal(1, "13800138000").unwrap();
    for cell in [&first, &second, &third] {
        assert_eq!(mobile.open(1, cell).unwrap().text().unwrap(), "13800138000");
    }
    let commitments = [&first, &second, &third].map(|cell| CellHeader::parse(cell).unwrap().key_commitment);
    assert!(commitments[0] != commitments[1] && commitments[1] != commitments[2]);
    // The generation belongs to the key: an old cell cannot be passed off as a new one.
    let mut forged = first.clone();
    forged[7] = 2;
    assert_eq!(mobile.open(1, &forged).err(), Some(Error::UnknownKey));
    assert!(keys.tenant("t-1001").unwrap().field("member.mobile_work").unwrap().open(1, &first).is_err());
}

#[cfg(feature = "hazmat")]
#[test]
fn cells_of_one_suite_open_under_a_keyring_that_seals_with_another() {
    let old = keyring_of(Suite::default());
    let sealed = old.create_tenant("t").unwrap().field("member.name").unwrap().seal(1, "张三").unwrap();
    let records: Vec<_> = old.records().unwrap().iter().map(tenantseal::tenant::Record::to_bytes).collect();
    let new = Keyring::from_records(&crate::fixture::kek(), &records, &crate::fixture::options(Suite::Test))
        .unwrap();
    new.install_policy(crate::fixture::policy()).unwrap();
    let name = new.tenant("t").unwrap().field("member.name").unwrap();
    assert_eq!(name.open(1, &sealed).unwrap().text().unwrap(), "张三");
    assert_eq!(CellHeader::parse(&name.seal(1, "张三").unwrap()).unwrap().suite, Suite::Test);
}

#[test]
fn bulk_cells_are_complete_by_themselves() {
    for suite in Suite::ALL {
        let keys = keyring_of(*suite);
        let name = keys.create_tenant("t").unwrap().field("member.name").unwrap();
        let values: Vec<String> = (0..1_000).map(|number| format!("value {number}")).collect();
        let rows = || (0..).zip(values.iter());
        let mut cells = name.seal_many(rows().map(|(row, value): (i64, _)| (row, value))).unwrap();
        assert_eq!(cells[999].len(), name.seal(999, &values[999]).unwrap().len());
        let distinct: std::collections::HashSet<_> = cells.iter().collect();
        assert_eq!(distinct.len(), 1_000);
        for (row, value) in rows() {
            let row: i64 = row;
            let cell = &cells[usize::try_from(row).unwrap()];
            assert_eq!(name.open(row, cell).unwrap().text().unwrap(), value);
        }
        // Shuffled, filtered, and mixed with cells of other calls.
        cells.extend(name.seal_many((1_000..1_100i64).map(|row| (row, "late"))).unwrap());
        let single = name.seal(5_000, "single").unwrap();
        let mut mixed: Vec<(i64, &[u8])> = (0..).zip(cells.iter().map(Vec::as_slice)).collect();
        mixed.push((5_000, &single));
        mixed.sort_by_key(|(row, _)| (row * 7_919) % 1_009);
        let opened = name.open_many(mixed.iter().copied()).unwrap();
        for ((row, _), opened) in mixed.iter().zip(&opened) {
            let expected = match *row {
                5_000 => "single".to_owned(),
                1_000.. => "late".to_owned(),
                row => format!("value {row}"),
            };
            assert_eq!(opened.text().unwrap(), expected);
        }
        let stray = mixed.iter().map(|(row, cell)| (if *row == 17 { 18 } else { *row }, *cell));
        let failure = name.open_many(stray).unwrap_err();
        assert_eq!(failure.error, Error::Open);
        assert_eq!(failure.position, mixed.iter().position(|(row, _)| *row == 17));
    }
}

#[test]
fn bulk_nonces_count_from_0_after_one_salt() {
    let name = tenant().field("member.name").unwrap();
    let cells = name.seal_many((0..1_000i64).map(|row| (row, ""))).unwrap();
    for (number, cell) in (0u64..).zip(&cells) {
        assert_eq!(cell[24..40], cells[0][24..40]);
        assert_eq!(cell[40..48], number.to_be_bytes());
    }
    assert_ne!(name.seal_many([(0, "")]).unwrap()[0][24..40], cells[0][24..40], "another call, another salt");
}

#[test]
fn more_salts_than_an_opener_keeps_open_in_any_order() {
    let name = tenant().field("member.name").unwrap();
    let cells: Vec<_> = (0..1_100i64).map(|row| (row, name.seal(row, "x").unwrap())).collect();
    let order = cells.iter().chain(cells.iter().rev()).map(|(row, cell)| (*row, cell));
    assert_eq!(name.open_many(order).unwrap().len(), 2_200);
}

#[test]
fn bulk_calls_hold_type_and_binding_and_say_which_value_breaks_them() {
    let tenant = tenant();
    let (name, free) = (tenant.field("member.name").unwrap(), tenant.field("asset.free").unwrap());
    let broken = |position, error| Some(tenantseal::field::BulkError { position: Some(position), error });
    let rows = [Row::from(1), Row::UNBOUND];
    assert_eq!(name.seal_many(rows.map(|row| (row, "x"))).err(), broken(1, Error::WrongBinding));
    assert_eq!(name.seal_many([(1, b"bytes")]).err(), broken(0, Error::WrongType));
    assert_eq!(free.seal_many([(Row::UNBOUND, "text")]).err(), broken(0, Error::WrongType));
    let cell = name.seal(1, "x").unwrap();
    assert_eq!(name.open_many(rows.map(|row| (row, &cell))).err(), broken(1, Error::WrongBinding));
}

#[test]
fn every_kind_of_handle_that_was_kept_notices_a_rotation() {
    let keys = keyring();
    let field = keys.create_tenant("t-1001").unwrap().field("member.mobile").unwrap();
    let (hr, mask) = (field.compartment("hr").unwrap(), field.compartment("hr").unwrap().mask().unwrap());
    let short = hr.index("short").unwrap();
    keys.rotate_tenant("t-1001").unwrap();
    keys.rotate_index("t-1001").unwrap();
    let fresh = keys.tenant("t-1001").unwrap().field("member.mobile").unwrap();
    let fresh_hr = fresh.compartment("hr").unwrap();
    let generation = |cell: &[u8]| CellHeader::parse(cell).unwrap().generation.to_u32();
    let mobile = "13800138000";
    let cell = hr.seal(1, mobile).unwrap();
    assert_eq!(generation(&cell), 2);
    assert!(fresh_hr.open(1, &cell).is_ok() && fresh.open(1, &cell).is_err());
    let cells = hr.seal_many([(1, mobile)]).unwrap();
    assert_eq!(generation(&cells[0]), 2);
    let later = fresh_hr.seal(1, mobile).unwrap();
    assert!(hr.open(1, &later).is_ok() && hr.open_many([(1, &later)]).is_ok());
    let shown = mask.seal(1, mobile).unwrap();
    assert_eq!(generation(&shown), 2);
    assert_eq!(fresh_hr.mask().unwrap().open(1, &shown).unwrap(), "138****8000");
    assert_eq!(short.lookup(mobile).unwrap(), fresh_hr.index("short").unwrap().lookup(mobile).unwrap());
    assert_eq!(hr.index("exact").unwrap().lookup(mobile).unwrap().len(), 4, "two epochs, two classes");
}

#[cfg(feature = "hazmat")]
#[test]
fn one_nonce_under_two_keys_opens_in_one_bulk_call() {
    struct Same;
    impl rand_core::TryRng for Same {
        type Error = core::convert::Infallible;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(7)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(7)
        }
        fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
            out.fill(7);
            Ok(())
        }
    }
    impl rand_core::TryCryptoRng for Same {}
    let keys = keyring();
    let name = keys.create_tenant("t").unwrap().field("member.name").unwrap();
    let first = name.seal_with_rng(1, "first", &mut Same).unwrap();
    keys.rotate_tenant("t").unwrap();
    let second = name.seal_with_rng(2, "second", &mut Same).unwrap();
    assert_eq!(first[24..48], second[24..48]);
    let opened = name.open_many([(1, &first), (2, &second), (1, &first)]).unwrap();
    assert_eq!(opened[1].text().unwrap(), "second");
}

#[test]
fn a_mask_keeps_its_own_class_when_its_field_is_raised() {
    let keys = keyring();
    let mobile = keys.create_tenant("t").unwrap().field("member.mobile").unwrap();
    let commitments = || {
        let cells = [mobile.mask().unwrap().seal(1, "x").unwrap(), mobile.seal(1, "x").unwrap()];
        cells.map(|cell| CellHeader::parse(&cell).unwrap().key_commitment)
    };
    let before = commitments();
    let raised = policy_json(2, r#"["internal","personal","sensitive"]"#);
    keys.install_policy(Policy::from_json(raised.as_bytes()).unwrap()).unwrap();
    let after = commitments();
    assert!(before[0] == after[0] && before[1] != after[1]);
}

#[cfg(feature = "hazmat")]
#[test]
fn a_generator_that_fails_fails_the_call() {
    struct Fails;
    impl rand_core::TryRng for Fails {
        type Error = std::fmt::Error;
        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Err(std::fmt::Error)
        }
        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Err(std::fmt::Error)
        }
        fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
            Err(std::fmt::Error)
        }
    }
    impl rand_core::TryCryptoRng for Fails {}
    let keys = keyring();
    assert_eq!(keys.create_tenant_with_rng("t", &mut Fails).err(), Some(Error::Random));
    assert_eq!(keys.tenant("t").err(), Some(Error::UnknownTenant));
    let name = keys.create_tenant("t").unwrap().field("member.name").unwrap();
    assert_eq!(name.seal_with_rng(1, "x", &mut Fails).err(), Some(Error::Random));
    assert_eq!(tenantseal::tenant::Kek::generate_with_rng(&mut Fails).err(), Some(Error::Random));
}

#[test]
fn bindings_are_what_the_policy_says() {
    let tenant = tenant();
    let name = tenant.field("member.name").unwrap();
    assert_eq!(name.seal(Row::UNBOUND, "x").err(), Some(Error::WrongBinding));
    assert_eq!(name.seal(Row::natural(&[Key::Int(1)]), "x").err(), Some(Error::WrongBinding));
    // The same number as integer, text and bytes: three rows.
    let bytes = 1i64.to_be_bytes();
    let rows: [Row<'_>; 4] = [1.into(), "1".into(), bytes.as_slice().into(), b"1".as_slice().into()];
    for (from, row) in rows.iter().enumerate() {
        let sealed = name.seal(*row, "x").unwrap();
        for (to, other) in rows.iter().enumerate() {
            assert_eq!(name.open(*other, &sealed).is_ok(), from == to);
        }
    }
    let blob = tenant.field("asset.blob").unwrap();
    assert_eq!(blob.seal(1, b"x").err(), Some(Error::WrongBinding));
    assert_eq!(blob.seal(Row::natural(&[Key::Text("a")]), b"x").err(), Some(Error::WrongBinding));
    let sealed = blob.seal(Row::natural(&[Key::Text("ab"), Key::Text("c")]), b"x").unwrap();
    assert!(blob.open(Row::natural(&[Key::Text("ab"), Key::Text("c")]), &sealed).is_ok());
    assert_eq!(blob.open(Row::natural(&[Key::Text("a"), Key::Text("bc")]), &sealed).err(), Some(Error::Open));
    let three = [Key::Text("ab"), Key::Text("c"), Key::Text("")];
    assert_eq!(blob.seal(Row::natural(&three), b"x").err(), Some(Error::WrongBinding));
    let free = tenant.field("asset.free").unwrap();
    assert_eq!(
        free.open(Row::UNBOUND, free.seal(Row::UNBOUND, b"x").unwrap()).unwrap().text().err(),
        Some(Error::WrongType)
    );
    let sealed = free.seal(Row::UNBOUND, b"x").unwrap();
    assert_eq!(free.open(Row::UNBOUND, &sealed).unwrap().expose_secret(), b"x");
    assert_eq!(free.open(1, &sealed).err(), Some(Error::WrongBinding));
}

#[test]
fn types_are_what_the_policy_says() {
    let tenant = tenant();
    assert_eq!(tenant.field("member.name").unwrap().seal(1, b"bytes").err(), Some(Error::WrongType));
    assert_eq!(tenant.field("asset.free").unwrap().seal(Row::UNBOUND, "text").err(), Some(Error::WrongType));
    assert_eq!(tenant.field("asset.userid").err(), Some(Error::Unsupported));
    assert_eq!(tenant.field("member.absent").err(), Some(Error::UnknownField));
    assert_eq!(tenant.field("member").err(), Some(Error::UnknownField));
    assert_eq!(tenant.field("member.name").unwrap().compartment("hr").err(), Some(Error::UnknownCompartment));
}

#[test]
fn plaintext_is_read_only_where_the_policy_says_migrating() {
    let tenant = tenant();
    let old = tenant.field("asset.old").unwrap();
    let opened = old.open(1, "13800138000").unwrap();
    assert!(opened.was_plain() && opened.text().unwrap() == "13800138000");
    // What claims to be a cell is never plaintext, however short.
    for claim in [&[0xf8][..], b"ts1.", &old.seal(1, "x").unwrap()[..23]] {
        assert_eq!(old.open(1, claim).err(), Some(Error::Malformed));
    }
    assert!(old.open(1, "TS1.x").unwrap().was_plain(), "upper and lower case differ");
    let upper = tenant.field("member.name").unwrap().seal_text(1, "x").unwrap().replacen("ts1.", "TS1.", 1);
    assert_eq!(tenant.field("member.name").unwrap().open(1, &upper).err(), Some(Error::Malformed));
    assert_eq!(old.open(1, "ts1.not base64").err(), Some(Error::Malformed));
    let foreign = tenant.field("member.name").unwrap().seal(1, "x").unwrap();
    assert_eq!(old.open(1, &foreign).err(), Some(Error::UnknownKey));
    assert_eq!(old.open(1, [0xff, 0xfe]).err(), Some(Error::WrongType));
    assert!(!old.open(1, old.seal(1, "x").unwrap()).unwrap().was_plain());
    assert_eq!(tenant.field("member.name").unwrap().open(1, "plain").err(), Some(Error::Malformed));
}

#[test]
fn masks_show_what_they_may_and_live_apart() {
    let tenant = tenant();
    let mobile = tenant.field("member.mobile").unwrap();
    let sealed = mobile.seal(1, "+86 138 0013 8000").unwrap();
    assert_eq!(mobile.open(1, &sealed).unwrap().masked(), "138****8000");
    let mask = mobile.mask().unwrap();
    let shown = mask.seal(1, "+86 138 0013 8000").unwrap();
    assert_eq!(mask.open(1, &shown).unwrap(), "138****8000");
    assert!(mobile.open(1, &shown).is_err() && mask.open(1, &sealed).is_err());
    assert!(tenant.field("member.name").unwrap().mask().is_err());
    assert_eq!(
        tenant
            .field("member.name")
            .unwrap()
            .open(1, tenant.field("member.name").unwrap().seal(1, "张三").unwrap())
            .unwrap()
            .masked(),
        "****"
    );
}

#[test]
fn nonces_do_not_repeat() {
    let name = tenant().field("member.name").unwrap();
    let mut nonces = std::collections::HashSet::new();
    for row in 0..2_000 {
        assert!(nonces.insert(name.seal(row, "").unwrap()[24..48].to_vec()));
    }
    for _ in 0..50 {
        for cell in name.seal_many((0..20i64).map(|row| (row, ""))).unwrap() {
            assert!(nonces.insert(cell[24..48].to_vec()));
        }
    }
}
