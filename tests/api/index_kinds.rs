//! Bucketed, compound, partitioned and unique indexes.

use std::collections::BTreeMap;

use tenantseal::{
    Error, PolicyRule,
    field::{BlindIndex, Date, Row, Timestamp, Value},
    tenant::{Keyring, Policy},
};

use crate::fixture::kek;

/// A policy with every kind of index.
pub(crate) const POLICY: &str = r#"{"tenantseal_policy":1,"version":1,"compartments":["hr"],"fields":[
    {"table":"t","column":"born","type":"date","storage":"cell","class":["personal"],"bind":"row","indexes":[
        {"label":"week","kind":{"bucket":{"days":7}},"normaliser":"none/1","bits":63},
        {"label":"quarter","kind":{"bucket":{"months":3}},"normaliser":"none/1","bits":63}]},
    {"table":"t","column":"seen","type":"timestamp","storage":"cell","class":["personal"],"bind":"row","indexes":[
        {"label":"day","kind":{"bucket":{"days":1}},"normaliser":"none/1","bits":63}]},
    {"table":"t","column":"pay","type":"decimal","storage":"cell","class":["sensitive"],"bind":"row","indexes":[
        {"label":"band","kind":{"bucket":{"units":1000}},"normaliser":"none/1","bits":63}]},
    {"table":"t","column":"age","type":"i64","storage":"cell","class":["personal"],"bind":"row","indexes":[
        {"label":"decade","kind":{"bucket":{"units":10}},"normaliser":"none/1","bits":63},
        {"label":"fives","kind":{"bucket":{"units":5}},"normaliser":"none/1","bits":63}]},
    {"table":"t","column":"city","type":"text","storage":"cell","class":["personal"],"bind":"row","indexes":[
        {"label":"spread","kind":"exact","normaliser":"nfkc_fold/1","bits":63,"partitions":8},
        {"label":"plain","kind":"exact","normaliser":"nfkc_fold/1","bits":63},
        {"label":"start","kind":{"prefix":1},"normaliser":"nfkc_fold/1","bits":63,"partitions":4},
        {"label":"with_age","kind":{"compound":[{"column":"age","normaliser":"none/1"}]},"normaliser":"nfkc_fold/1","bits":63},
        {"label":"with_both","kind":{"compound":[{"column":"name","normaliser":"nfkc_fold/1"},{"column":"age","normaliser":"none/1"}]},
         "normaliser":"nfkc_fold/1","bits":63,"partitions":2}]},
    {"table":"t","column":"name","type":"text","storage":"cell","class":["personal"],"bind":"row"},
    {"table":"t","column":"phone","type":"text","content":"mobile_cn","storage":"cell","class":["internal","personal"],"bind":"row",
        "compartments":["hr"],
        "indexes":[{"label":"once","kind":"unique","normaliser":"mobile_cn/1","bits":128}]}]}"#;

fn keyring() -> Keyring {
    let keys = Keyring::in_memory(&kek()).unwrap();
    keys.install_policy(Policy::from_json(POLICY.as_bytes()).unwrap()).unwrap();
    keys.create_tenant("t-1").unwrap();
    keys.create_tenant("t-2").unwrap();
    keys
}

fn index(keys: &Keyring, field: &str, label: &str) -> BlindIndex {
    keys.tenant("t-1").unwrap().field(field).unwrap().index(label).unwrap()
}

#[test]
fn a_range_finds_every_bucket_that_it_touches_and_no_other() {
    let keys = keyring();
    let decade = index(&keys, "t.age", "decade");
    let tokens = |from: i64, to: i64| decade.lookup_between(from, to).unwrap();
    for (from, to) in
        [(0, 0), (3, 28), (-15, 7), (20, 29), (i64::MAX - 3, i64::MAX), (i64::MIN, i64::MIN + 30)]
    {
        let found = tokens(from, to);
        for value in [from, to, from / 2 + to / 2] {
            assert!(found.contains(&decade.token(value).unwrap()), "{value} in {from}..={to}");
            assert!(decade.matches_between(value, from, to).unwrap());
        }
        let buckets = usize::try_from(to.div_euclid(10) - from.div_euclid(10) + 1).unwrap();
        assert_eq!(found.len(), buckets);
    }
    assert_eq!(decade.token(20).unwrap(), decade.token(29).unwrap());
    assert_ne!(decade.token(29).unwrap(), decade.token(30).unwrap());
    assert_ne!(decade.token(20).unwrap(), index(&keys, "t.age", "fives").token(20).unwrap());
    assert!(!decade.matches_between(30, 0, 29).unwrap() && !decade.matches_between(-1, 0, 29).unwrap());
    assert!(!tokens(0, 29).contains(&decade.token(30).unwrap()));
    assert!(tokens(5, 4).is_empty());
    assert_eq!(tokens(0, 10_239).len(), 1_024, "the most buckets");
    assert_eq!(decade.lookup_between(0, 10_240).err(), Some(Error::TooLong));
    assert_eq!(decade.lookup_between(i64::MIN, i64::MAX).err(), Some(Error::TooLong));
    assert!(decade.matches(42, 42).unwrap() && !decade.matches(42, 43).unwrap());
    assert_eq!(decade.lookup(Value::Written("42")).unwrap(), decade.lookup(42).unwrap());
    keys.rotate_index("t-1").unwrap();
    assert_eq!(decade.lookup_between(0, 29).unwrap().len(), 6, "three buckets, two epochs");
    assert_eq!(decade.lookup_between("0", "29").err(), Some(Error::WrongType));
    assert_eq!(index(&keys, "t.city", "plain").lookup_between("a", "b").err(), Some(Error::WrongIndex));
    assert_eq!(index(&keys, "t.city", "plain").matches_between("a", "a", "b").err(), Some(Error::WrongIndex));
}

#[test]
fn dates_moments_and_decimals_have_buckets_of_their_own_kind() {
    let keys = keyring();
    let date = |text: &str| text.parse::<Date>().unwrap();
    let quarter = index(&keys, "t.born", "quarter");
    assert_eq!(quarter.token(date("1990-01-01")).unwrap(), quarter.token(date("1990-03-31")).unwrap());
    assert_ne!(quarter.token(date("1990-03-31")).unwrap(), quarter.token(date("1990-04-01")).unwrap());
    assert_eq!(quarter.lookup_between(date("1989-12-31"), date("1990-12-31")).unwrap().len(), 5);
    let week = index(&keys, "t.born", "week");
    assert_eq!(week.lookup_between(date("1970-01-01"), date("1970-01-14")).unwrap().len(), 2);
    let moment = |text: &str| text.parse::<Timestamp>().unwrap();
    let day = index(&keys, "t.seen", "day");
    assert_eq!(
        day.token(moment("2025-06-15T23:59:59Z")).unwrap(),
        day.token(moment("2025-06-16T07:00:00+08:00")).unwrap()
    );
    let band = index(&keys, "t.pay", "band");
    assert_eq!(band.token(Value::Decimal("12999.99")).unwrap(), band.token(Value::Decimal("12000")).unwrap());
    assert!(band.matches(Value::Decimal("1.50"), Value::Decimal("1.5")).unwrap(), "the same number");
    assert!(
        band.matches_between(Value::Decimal("12500.5"), Value::Decimal("9"), Value::Decimal("12500.50"))
            .unwrap()
    );
    let beyond =
        ["9223372036854775807", "99999999999999999999", "123456789012345678901234567890"].map(Value::Decimal);
    for value in beyond {
        assert_eq!(band.lookup_between(beyond[0], beyond[2]).unwrap(), [band.token(value).unwrap()]);
    }
    assert!(!band.matches_between(beyond[2], beyond[0], beyond[1]).unwrap(), "compared as numbers");
    assert_eq!(band.token(Value::Decimal("x")).err(), Some(Error::Value));
    // A value of another type is none, also where that type has such buckets.
    assert_eq!(band.lookup_between(1, Value::Decimal("2")).err(), Some(Error::WrongType));
    let seen = moment("1990-01-01T00:00:00Z");
    assert_eq!(quarter.lookup_between(seen, seen).err(), Some(Error::WrongType));
    assert_eq!(quarter.matches_between(seen, seen, seen).err(), Some(Error::WrongType));
}

#[test]
fn a_compound_index_takes_all_its_columns_together() {
    let keys = keyring();
    let both = index(&keys, "t.city", "with_age");
    let of = |city: &'static str, age: i64| [Value::Text(city), Value::I64(age)];
    let token = both.token_of(1, &of("上海", 41)).unwrap();
    assert_eq!(both.lookup_of(&of(" 上海 ", 41)).unwrap(), [token]);
    assert_eq!(both.token_of(2, &of("上海", 41)).unwrap(), token, "no row in it without partitions");
    for other in [of("上海", 42), of("北京", 41)] {
        assert_ne!(both.token_of(1, &other).unwrap(), token);
        assert!(!both.matches_of(&of("上海", 41), &other).unwrap());
    }
    assert!(both.matches_of(&of("上海", 41), &of("上海　", 41)).unwrap());
    assert!(!both.matches_of(&of(" ", 41), &of(" ", 41)).unwrap(), "what has no spelling equals nothing");
    assert_eq!(
        both.matches_of(&of("a", 1), &[Value::Text("a"), Value::Text("1")]).err(),
        Some(Error::WrongType)
    );
    for wrong in [&[][..], &of("a", 1)[..1], &[Value::Text("a"), Value::I64(1), Value::I64(2)]] {
        assert_eq!(both.token_of(1, wrong).err(), Some(Error::WrongIndex));
        assert_eq!(both.lookup_of(wrong).err(), Some(Error::WrongIndex));
    }
    assert_eq!(both.token("a").err(), Some(Error::WrongIndex));
    assert_eq!(both.lookup("a").err(), Some(Error::WrongIndex));
    assert_eq!(both.matches("a", "a").err(), Some(Error::WrongIndex));
    assert_eq!(both.token_of("1", &of("a", 1)).err(), None, "a row by text");
    assert_eq!(both.token_of(Row::UNBOUND, &of("a", 1)).err(), Some(Error::WrongBinding));
    // The same characters, the boundary elsewhere.
    let three = index(&keys, "t.city", "with_both");
    let tokens =
        |city, name| three.lookup_of(&[Value::Text(city), Value::Text(name), Value::I64(1)]).unwrap();
    assert!(tokens("ab", "c").iter().all(|token| !tokens("a", "bc").contains(token)));
    assert_eq!(tokens("ab", "c").len(), 2, "two partitions");
}

#[test]
fn the_rows_of_a_frequent_value_are_spread_over_all_partitions() {
    let keys = keyring();
    let spread = index(&keys, "t.city", "spread");
    let lookup = spread.lookup("上海").unwrap();
    assert_eq!(lookup.len(), 8);
    let mut rows: BTreeMap<i64, u32> = BTreeMap::new();
    for row in 0..8_000 {
        let token = spread.token_of(row, &[Value::Text("上海")]).unwrap();
        assert!(lookup.contains(&token));
        assert_eq!(spread.token_of(row, &[Value::Text("上海")]).unwrap(), token, "the same again");
        *rows.entry(token).or_default() += 1;
    }
    assert_eq!(rows.len(), 8);
    // Of 8,000 rows 1,000 with a standard deviation of 30.
    assert!(rows.values().all(|count| (820..1_180).contains(count)), "{rows:?}");
    assert_eq!(spread.token("上海").err(), Some(Error::WrongIndex));
    let plain = index(&keys, "t.city", "plain");
    assert!(!lookup.contains(&plain.token("上海").unwrap()));
    assert_eq!(plain.token_of(1, &[Value::Text("上海")]).unwrap(), plain.token("上海").unwrap());
    let start = index(&keys, "t.city", "start");
    let token = start.token_of(5, &[Value::Text("上海")]).unwrap();
    assert!(start.lookup("上").unwrap().contains(&token) && start.lookup("上海").unwrap().len() == 4);
    keys.rotate_index("t-1").unwrap();
    assert_eq!(spread.lookup("上海").unwrap().len(), 16);
}

#[test]
fn unique_bytes_are_those_of_every_epoch_and_class() {
    let keys = keyring();
    let once = index(&keys, "t.phone", "once");
    let first = once.unique("13800138000").unwrap();
    assert_eq!(once.unique("+86 138-0013-8000").unwrap(), first);
    assert_eq!(first.len(), 2, "a key for each class");
    assert_ne!(once.unique("13800138001").unwrap()[0], first[0]);
    let other = keys.tenant("t-2").unwrap().field("t.phone").unwrap();
    assert_ne!(other.index("once").unwrap().unique("13800138000").unwrap()[0], first[0]);
    let hr = keys.tenant("t-1").unwrap().field("t.phone").unwrap().compartment("hr").unwrap();
    assert_ne!(hr.index("once").unwrap().unique("13800138000").unwrap()[0], first[0]);
    keys.rotate_index("t-1").unwrap();
    let both = once.unique("13800138000").unwrap();
    assert_eq!((both.len(), &both[2..]), (4, first.as_slice()));
    assert_eq!(once.token("13800138000").err(), Some(Error::WrongIndex));
    assert_eq!(once.token_of(1, &[Value::Text("13800138000")]).err(), Some(Error::WrongIndex));
    assert_eq!(once.lookup("13800138000").err(), Some(Error::WrongIndex));
    assert!(once.matches("13800138000", "+8613800138000").unwrap());
    assert_eq!(once.unique("no number").err(), Some(Error::Value));
    assert_eq!(index(&keys, "t.city", "plain").unique("a").err(), Some(Error::WrongIndex));
}

#[test]
fn a_policy_has_only_indexes_that_suit_their_fields() {
    let index = |column: &str, index: &str| {
        let field = |name: &str, kind: &str, class: &str, compartments: &str, indexes: &str| {
            format!(
                r#"{{"table":"t","column":"{name}","type":"{kind}","storage":"cell","class":["{class}"],"bind":"{}",
                    "compartments":[{compartments}],"indexes":[{indexes}]}}"#,
                if name == "loose" { "unbound" } else { "row" }
            )
        };
        let fields: Vec<String> = [
            ("txt", "text", "personal", ""),
            ("num", "i64", "personal", ""),
            ("day", "date", "personal", ""),
            ("real", "f64", "personal", ""),
            ("secret", "text", "sensitive", ""),
            ("boxed", "text", "internal", r#""hr""#),
            ("loose", "text", "personal", ""),
        ]
        .into_iter()
        .map(|(name, kind, class, compartments)| {
            field(name, kind, class, compartments, if name == column { index } else { "" })
        })
        .chain([r#"{"table":"t","column":"open","type":"text","storage":"plain","class":["public"],"bind":"row"}"#.into()])
        .collect();
        let json = format!(
            r#"{{"tenantseal_policy":1,"version":1,"compartments":["hr"],"fields":[{}]}}"#,
            fields.join(",")
        );
        Policy::from_json(json.as_bytes()).map(|policy| {
            assert_eq!(
                Policy::from_json(policy.to_json().as_bytes()).unwrap(),
                policy,
                "canonical form is read"
            );
        })
    };
    let rule =
        |kind: &str, more: &str| format!(r#"{{"label":"i","kind":{kind},"normaliser":"none/1",{more}}}"#);
    for (column, kind, more) in [
        ("num", r#"{"bucket":{"units":1}}"#, r#""bits":8"#),
        ("num", r#"{"bucket":{"units":2147483648}}"#, r#""bits":63"#),
        ("day", r#"{"bucket":{"months":12}}"#, r#""bits":8"#),
        (
            "txt",
            r#"{"compound":[{"column":"num","normaliser":"none/1"},{"column":"loose","normaliser":"nfkc_fold/1"}]}"#,
            r#""bits":8"#,
        ),
        ("txt", r#""exact""#, r#""bits":8,"partitions":256"#),
        ("txt", r#""unique""#, r#""bits":128"#),
        ("loose", r#""unique""#, r#""bits":128"#),
    ] {
        assert_eq!(index(column, &rule(kind, more)), Ok(()), "{column} {kind} {more}");
    }
    let part = |column: &str, normaliser: &str| {
        format!(r#"{{"compound":[{{"column":"{column}","normaliser":"{normaliser}"}}]}}"#)
    };
    let twice =
        r#"{"compound":[{"column":"num","normaliser":"none/1"},{"column":"num","normaliser":"none/1"}]}"#;
    for (column, kind, more) in [
        ("num", r#"{"bucket":{"units":0}}"#, r#""bits":8"#),
        ("num", r#"{"bucket":{"units":2147483649}}"#, r#""bits":8"#),
        ("num", r#"{"bucket":{"days":1}}"#, r#""bits":8"#),
        ("day", r#"{"bucket":{"units":1}}"#, r#""bits":8"#),
        ("real", r#"{"bucket":{"units":1}}"#, r#""bits":8"#),
        ("num", r#"{"last":4}"#, r#""bits":8"#),
        ("num", r#"{"prefix":4}"#, r#""bits":8"#),
        ("txt", r#"{"compound":[]}"#, r#""bits":8"#),
        ("txt", &part("txt", "none/1"), r#""bits":8"#),
        ("txt", &part("absent", "none/1"), r#""bits":8"#),
        ("txt", &part("open", "none/1"), r#""bits":8"#),
        ("txt", &part("secret", "none/1"), r#""bits":8"#),
        ("txt", &part("boxed", "none/1"), r#""bits":8"#),
        ("txt", &part("num", "nfkc_fold/1"), r#""bits":8"#),
        ("txt", twice, r#""bits":8"#),
        ("txt", r#""exact""#, r#""bits":8,"partitions":0"#),
        ("txt", r#""exact""#, r#""bits":8,"partitions":257"#),
        ("loose", r#""exact""#, r#""bits":8,"partitions":2"#),
        ("txt", r#""unique""#, r#""bits":63"#),
        ("txt", r#""unique""#, r#""bits":128,"partitions":2"#),
        ("txt", r#""exact""#, r#""bits":128"#),
        ("txt", r#""exact""#, r#""bits":64"#),
        ("txt", r#""exact""#, r#""bits":7"#),
    ] {
        let broken = index(column, &rule(kind, more)).err();
        assert!(
            matches!(broken, Some(Error::Policy { field: Some(_), rule: PolicyRule::Index })),
            "{column} {kind} {more}: {broken:?}"
        );
    }
    let folded = rule(r#"{"bucket":{"units":1}}"#, r#""bits":8"#).replace("none/1", "nfkc_fold/1");
    let broken = index("num", &folded).err();
    assert!(matches!(broken, Some(Error::Policy { field: Some(_), rule: PolicyRule::Index })), "{broken:?}");
    let written = index("txt", &rule(r#""exact""#, r#""bits":8,"partitions":1"#)).err();
    assert_eq!(written, Some(Error::Policy { field: None, rule: PolicyRule::Syntax }), "one spelling");
}
