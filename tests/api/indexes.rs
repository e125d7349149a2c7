//! Blind indexes: what is found, and what is not.

use std::sync::LazyLock;

use tenantseal::{
    Error,
    field::BlindIndex,
    tenant::{Keyring, KeyringOptions, Policy, Record},
};

use crate::fixture::{kek, keyring, policy_json};

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

/// The roots that are under every policy of [`partial`].
static RECORDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let keys = Keyring::in_memory(&kek()).unwrap();
    keys.create_tenant("t").unwrap();
    keys.records().unwrap().iter().map(Record::to_bytes).collect()
});

/// A field of this type with one index.
fn partial(kind: &str, normaliser: &str, value_type: &str) -> BlindIndex {
    let policy = format!(
        r#"{{"tenantseal_policy":1,"version":1,"fields":[{{"table":"t","column":"c","type":"{value_type}","storage":"cell",
            "class":["personal"],"bind":"row",
            "indexes":[{{"label":"i","kind":{kind},"normaliser":"{normaliser}","bits":63}}]}}]}}"#
    );
    let keys = Keyring::from_records(&kek(), &*RECORDS, &KeyringOptions::new()).unwrap();
    keys.install_policy(Policy::from_json(policy.as_bytes()).unwrap()).unwrap();
    keys.tenant("t").unwrap().field("t.c").unwrap().index("i").unwrap()
}

#[test]
fn values_are_found_by_what_they_begin_or_end_with() {
    for (kind, normaliser, value, found, missed) in [
        (
            r#"{"last":4}"#,
            "mobile_cn/1",
            "+86 138 0013 8000",
            &["8000", "１３ 8000", "13800138000"][..],
            &["8001", "18000"][..],
        ),
        (r#"{"last":4}"#, "id_card/1", "11010519491231002x", &["002X", "0-02x", "1002X"], &["003X", "2002X"]),
        (
            r#"{"prefix":6}"#,
            "id_card/1",
            "11010519491231002x",
            &["110105", "110 105 1949"],
            &["110106", "1101051950"],
        ),
        (
            r#"{"prefix":3}"#,
            "email/1",
            "Zhang@Example.com",
            &["zha", "ZHANG@", "ｚｈａ"],
            &["zhb", "zhang@a"],
        ),
        (
            r#"{"last":5}"#,
            "email/1",
            "Zhang@Example.com",
            &["e.com", "@EXAMPLE.COM"],
            &["d.com", "b@example.com"],
        ),
        (r#"{"prefix":2}"#, "nfkc_fold/1", "张三丰", &["张三", " 张三丰"], &["张四", "张三李"]),
        (r#"{"last":1}"#, "nfkc_fold/1", "ＡＢＣ", &["c", "BC"], &["b", "xc"]),
        (r#"{"prefix":2}"#, "none/1", "𠮷野家", &["𠮷野", "𠮷野家"], &["𠮷家", "𠮷野x"]),
        (r#"{"prefix":32}"#, "none/1", &"a".repeat(40), &[&"a".repeat(32)], &[&"b".repeat(32)]),
    ] {
        let index = partial(kind, normaliser, "text");
        let token = index.token(value).unwrap();
        for sought in found {
            assert_eq!(index.lookup(*sought).unwrap(), [token], "{kind} {normaliser} {sought}");
            assert_eq!(index.matches(value, *sought), Ok(true), "{kind} {normaliser} {sought}");
        }
        for sought in missed {
            // A candidate at most, and no match.
            assert!(index.lookup(*sought).is_ok(), "{sought}");
            assert_eq!(index.matches(value, *sought), Ok(false), "{kind} {normaliser} {sought}");
        }
        assert_eq!(index.lookup("").err(), Some(Error::Value), "{kind} {normaliser}");
        assert_ne!(partial(r#""exact""#, normaliser, "text").token(value), Ok(token));
    }
    let bytes = partial(r#"{"last":2}"#, "none/1", "bytes");
    assert_eq!(bytes.lookup(b"\xff\0").unwrap(), [bytes.token(b"\x01\xff\0").unwrap()]);
    assert_eq!(bytes.lookup(b"\0").err(), Some(Error::Value));
    assert_eq!(bytes.matches(b"\x01\xff\0", b"\xff\0"), Ok(true));
}

#[test]
fn a_part_that_is_too_short_is_no_question_and_a_short_value_has_a_token() {
    let index = partial(r#"{"prefix":3}"#, "none/1", "text");
    for sought in ["", "a", "ab", "人们"] {
        assert_eq!(index.lookup(sought).err(), Some(Error::Value), "{sought}");
    }
    assert_ne!(index.token("ab").unwrap(), index.token("abc").unwrap());
    assert_eq!(index.token("abc").unwrap(), index.token("abcd").unwrap());
    // Lengths and kinds have keys of their own.
    let tokens = [
        index.token("abc").unwrap(),
        partial(r#"{"prefix":4}"#, "none/1", "text").token("abc").unwrap(),
        partial(r#"{"last":3}"#, "none/1", "text").token("abc").unwrap(),
        partial(r#""exact""#, "none/1", "text").token("abc").unwrap(),
    ];
    assert!(tokens.iter().enumerate().all(|(at, token)| !tokens[..at].contains(token)));
    let mobile = partial(r#"{"last":4}"#, "mobile_cn/1", "text");
    assert_eq!(mobile.lookup("+8000").err(), Some(Error::Value));
    assert_eq!(mobile.lookup("80a0").err(), Some(Error::Value));
}

#[test]
fn a_whole_value_in_any_spelling_is_found_by_its_end_or_beginning() {
    let last = partial(r#"{"last":4}"#, "mobile_cn/1", "text");
    let token = last.token("008613800138000").unwrap();
    for sought in [
        "008613800138000",
        "0086-138-0013-8000",
        "+86 138 0013 8000",
        "8613800138000",
        "13800138000",
        "8000",
        "38000",
    ] {
        assert!(last.lookup(sought).unwrap().contains(&token), "{sought}");
        assert!(last.matches("008613800138000", sought).unwrap(), "{sought}");
    }
    assert!(!last.matches("13800138000", "13900138000").unwrap());
    assert!(!last.matches("13800138000", "9000").unwrap());
    let last = partial(r#"{"last":4}"#, "id_card/1", "text");
    let token = last.token("110105491231002").unwrap();
    for sought in ["110105491231002", "11010519491231002x", "002X"] {
        assert!(last.lookup(sought).unwrap().contains(&token), "{sought}");
        assert!(last.matches("110105491231002", sought).unwrap(), "{sought}");
    }
    let first = partial(r#"{"prefix":6}"#, "id_card/1", "text");
    let token = first.token("110105491231002").unwrap();
    for sought in ["110105491231002", "11010519491231002X", "11010519"] {
        assert!(first.lookup(sought).unwrap().contains(&token), "{sought}");
        assert!(first.matches("110105491231002", sought).unwrap(), "{sought}");
    }
}
