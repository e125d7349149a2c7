//! Blind indexes: what is found, and what is not.

use tenantseal::{Error, tenant::Policy};

use crate::fixture::{keyring, policy_json};

#[test]
fn every_spelling_finds_the_row_and_no_other_tenant_does() {
    let keys = keyring();
    let index = |id| keys.tenant(id).unwrap().field("member.mobile").unwrap().index("exact").unwrap();
    keys.create_tenant("t-1001").unwrap();
    keys.create_tenant("t-2002").unwrap();
    let token = index("t-1001").token("13800138000").unwrap();
    for spelling in ["+86 138 0013 8000", "008613800138000", "１３８００１３８０００"] {
        assert!(index("t-1001").lookup(spelling).unwrap().contains(&token), "{spelling}");
    }
    assert!(!index("t-1001").lookup("13800138001").unwrap().contains(&token));
    assert!(!index("t-2002").lookup("13800138000").unwrap().contains(&token));
    assert_eq!(index("t-1001").token("not a number").err(), Some(Error::Value));
    assert_eq!(index("t-1001").token(b"13800138000").err(), Some(Error::WrongType));
    assert!(index("t-1001").matches("13800138000", "+86-138-0013-8000").unwrap());
    assert!(!index("t-1001").matches("13800138000", "junk").unwrap());
    assert!(!index("t-1001").matches("junk", "junk").unwrap(), "what has no spelling equals nothing");
    assert_eq!(index("t-1001").matches(b"13800138000", "13800138000").err(), Some(Error::WrongType));
    assert_eq!(index("t-1001").matches("junk", b"13800138000").err(), Some(Error::WrongType));
}

#[test]
fn tokens_differ_by_field_compartment_index_and_have_their_bits() {
    let keys = keyring();
    let tenant = keys.create_tenant("t-1001").unwrap();
    let mut seen = std::collections::HashSet::new();
    for label in ["member.mobile", "member.mobile_work", "customer.mobile"] {
        let field = tenant.field(label).unwrap();
        for place in [field.clone(), field.compartment("hr").unwrap(), field.compartment("board").unwrap()] {
            assert!(seen.insert(place.index("exact").unwrap().token("13800138000").unwrap()));
            assert!((0..256).contains(&place.index("short").unwrap().token("13800138000").unwrap()));
        }
    }
    let exact = tenant.field("member.mobile").unwrap().index("exact").unwrap();
    for number in 0..1_000 {
        let token = exact.token(&format!("138{number:08}")).unwrap();
        assert!((0..1 << 32).contains(&token));
    }
    let wide = tenant.field("member.name").unwrap().index("exact").unwrap();
    assert!((0..100).map(|n| wide.token(&format!("{n}")).unwrap()).any(|token| token > 1 << 61));
    assert_eq!(tenant.field("member.mobile").unwrap().index("absent").err(), Some(Error::UnknownIndex));
}

#[test]
fn lookups_ask_for_every_epoch_and_class() {
    let keys = keyring();
    let tenant = keys.create_tenant("t-1001").unwrap();
    let index = || keys.tenant("t-1001").unwrap().field("member.mobile").unwrap().index("exact").unwrap();
    let kept = tenant.field("member.mobile").unwrap().index("exact").unwrap();
    let first = kept.token("13800138000").unwrap();
    keys.rotate_tenant("t-1001").unwrap();
    assert_eq!(index().token("13800138000").unwrap(), first, "rotating data does not touch the index");
    keys.rotate_index("t-1001").unwrap();
    let second = kept.token("13800138000").unwrap();
    assert_ne!(first, second, "a handle that was kept must notice");
    let raised = policy_json(2, r#"["internal","personal","sensitive"]"#);
    keys.install_policy(Policy::from_json(raised.as_bytes()).unwrap()).unwrap();
    let third = index().token("13800138000").unwrap();
    assert_eq!(kept.token("13800138000").unwrap(), third, "and of a raised class too");
    let lookup = index().lookup("13800138000").unwrap();
    assert!([first, second, third].iter().all(|token| lookup.contains(token)));
    assert_eq!(lookup.first(), Some(&third));
    assert_eq!(lookup.len(), 6, "two epochs, three classes");
}
