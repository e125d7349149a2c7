//! Values of every type: what goes in comes out, and nothing else.

use tenantseal::{
    Error,
    field::{Date, Field, Opened, Timestamp, Value},
    tenant::{Keyring, KeyringOptions, Policy, Record, Tenant, policy::ValueType},
};

use crate::fixture::kek;

const TYPES: [&str; 9] = ["bytes", "text", "i64", "f64", "bool", "decimal", "date", "timestamp", "json"];

/// A column of each type; `shift` gives every column another's type.
fn policy(shift: usize) -> Policy {
    let fields: Vec<String> = (0..TYPES.len())
        .map(|at| {
            format!(
                r#"{{"table":"t","column":"c{at}","type":"{}","storage":"cell","class":["personal"],"bind":"row",
                    "indexes":[{{"label":"i","kind":"exact","normaliser":"none/1","bits":63}}]}}"#,
                TYPES[(at + shift) % TYPES.len()]
            )
        })
        .collect();
    let json = format!(r#"{{"tenantseal_policy":1,"version":1,"fields":[{}]}}"#, fields.join(","));
    Policy::from_json(json.as_bytes()).unwrap()
}

fn tenant() -> Tenant {
    let keys = Keyring::in_memory(&kek()).unwrap();
    keys.install_policy(policy(0)).unwrap();
    keys.create_tenant("t").unwrap()
}

fn field(tenant: &Tenant, kind: &str) -> Field {
    let at = TYPES.iter().position(|known| *known == kind).unwrap();
    tenant.field(&format!("t.c{at}")).unwrap()
}

/// Values of each type, with those at its edges.
fn values() -> Vec<(&'static str, Value<'static>)> {
    let date = |text: &str| text.parse::<Date>().unwrap();
    let time = |text: &str| text.parse::<Timestamp>().unwrap();
    vec![
        ("bytes", Value::Bytes(b"")),
        ("bytes", Value::Bytes(b"\xff\0")),
        ("text", Value::Text("")),
        ("text", Value::Text("张三")),
        ("i64", Value::I64(0)),
        ("i64", Value::I64(i64::MIN)),
        ("i64", Value::I64(i64::MAX)),
        ("f64", Value::F64(-0.0)),
        ("f64", Value::F64(f64::MIN_POSITIVE / 2.0)),
        ("f64", Value::F64(f64::INFINITY)),
        ("f64", Value::F64(-f64::MAX)),
        ("f64", Value::F64(5e-324)),
        ("bool", Value::Bool(false)),
        ("bool", Value::Bool(true)),
        ("decimal", Value::Decimal("-12345678901234567890.50")),
        ("date", Value::Date(date("0001-01-01"))),
        ("date", Value::Date(date("9999-12-31"))),
        ("timestamp", Value::Timestamp(time("1969-12-31T23:59:59.999999Z"))),
        ("json", Value::Json("{\"a\": [1, null]}")),
        ("json", Value::Json("null")),
    ]
}

fn same(opened: &Opened, value: Value<'_>) -> bool {
    match value {
        Value::Bool(truth) => opened.bool() == Ok(truth),
        Value::Bytes(bytes) => opened.expose_secret() == bytes && opened.value_type() == ValueType::Bytes,
        Value::Date(date) => opened.date() == Ok(date),
        Value::Decimal(text) => opened.decimal() == Ok(text),
        Value::F64(number) => opened.f64().map(f64::to_bits) == Ok(number.to_bits()),
        Value::I64(number) => opened.i64() == Ok(number),
        Value::Json(text) => opened.json() == Ok(text),
        Value::Text(text) => opened.text() == Ok(text),
        Value::Timestamp(time) => opened.timestamp() == Ok(time),
        _ => panic!("a type without a test"),
    }
}

/// Which accessors give something.
fn accessors(opened: &Opened) -> Vec<&'static str> {
    let all = [
        ("text", opened.text().is_ok()),
        ("i64", opened.i64().is_ok()),
        ("f64", opened.f64().is_ok()),
        ("bool", opened.bool().is_ok()),
        ("decimal", opened.decimal().is_ok()),
        ("date", opened.date().is_ok()),
        ("timestamp", opened.timestamp().is_ok()),
        ("json", opened.json().is_ok()),
    ];
    all.iter().filter(|(_, has)| *has).map(|(name, _)| *name).collect()
}

#[test]
fn a_value_of_each_type_comes_back_and_fits_no_other_field() {
    let tenant = tenant();
    for (kind, value) in values() {
        for (row, other) in (0..).zip(TYPES) {
            let sealed = field(&tenant, other).seal(row, value);
            if other != kind {
                assert_eq!(sealed.err(), Some(Error::WrongType), "{value:?} in {other}");
                continue;
            }
            let sealed = sealed.unwrap();
            let opened = field(&tenant, kind).open(row, &sealed).unwrap();
            assert!(same(&opened, value), "{kind}");
            let expected = if kind == "bytes" { vec![] } else { vec![kind] };
            assert_eq!(accessors(&opened), expected, "{kind}");
            // The text form is taken back, and is no longer than the cell.
            if kind == "bytes" {
                assert_eq!(opened.to_text().err(), Some(Error::WrongType));
                assert_eq!(field(&tenant, kind).seal(row, Value::Written("a")).err(), Some(Error::WrongType));
            } else {
                let written = opened.to_text().unwrap();
                assert!(written.len() <= sealed.len());
                let again = field(&tenant, kind).seal(row, Value::Written(&written)).unwrap();
                assert!(same(&field(&tenant, kind).open(row, again).unwrap(), value), "{kind} {}", *written);
            }
            let text = field(&tenant, kind).seal_text(row, value).unwrap();
            assert!(same(&field(&tenant, kind).open(row, text).unwrap(), value), "{kind}");
            let many = field(&tenant, kind).seal_many([(row, value), (row + 1, value)]).unwrap();
            assert!(same(&field(&tenant, kind).open(row + 1, &many[1]).unwrap(), value), "{kind}");
        }
    }
}

#[test]
fn what_is_no_value_of_its_type_is_refused_before_it_is_sealed() {
    let tenant = tenant();
    for (kind, value) in [
        ("f64", Value::F64(f64::NAN)),
        ("f64", Value::F64(-f64::NAN)),
        ("decimal", Value::Decimal("1e3")),
        ("decimal", Value::Decimal("")),
        ("decimal", Value::Decimal("-0")),
        ("json", Value::Json("")),
        ("json", Value::Json("{")),
        ("json", Value::Json("1 2")),
        ("i64", Value::Written("4.2")),
        ("i64", Value::Written("")),
        ("f64", Value::Written("NaN")),
        ("f64", Value::Written("1e400")),
        ("f64", Value::Written("-1e400")),
        ("bool", Value::Written("yes")),
        ("date", Value::Written("1990-02-30")),
        ("timestamp", Value::Written("1990-02-28")),
    ] {
        assert_eq!(field(&tenant, kind).seal(1, value).err(), Some(Error::Value), "{kind}");
        let failed = field(&tenant, kind).seal_many([(1, value)]).unwrap_err();
        assert_eq!((failed.position, failed.error), (Some(0), Error::Value), "{kind}");
        assert_eq!(field(&tenant, kind).index("i").unwrap().token(value).err(), Some(Error::Value), "{kind}");
    }
}

/// The same labels, the same roots, and another type: the type is in what a cell is bound to.
#[test]
fn a_cell_does_not_open_under_another_type() {
    let keys = Keyring::in_memory(&kek()).unwrap();
    keys.install_policy(policy(0)).unwrap();
    let tenant = keys.create_tenant("t").unwrap();
    let records: Vec<Vec<u8>> = keys.records().unwrap().iter().map(Record::to_bytes).collect();
    let mut refused = 0;
    for shift in 1..TYPES.len() {
        let other = Keyring::from_records(&kek(), &records, &KeyringOptions::new()).unwrap();
        other.install_policy(policy(shift)).unwrap();
        let shifted = other.tenant("t").unwrap();
        for (kind, value) in values() {
            let sealed = field(&tenant, kind).seal(1, value).unwrap();
            let at = TYPES.iter().position(|known| *known == kind).unwrap();
            let opened = shifted.field(&format!("t.c{at}")).unwrap().open(1, &sealed);
            assert_eq!(opened.err(), Some(Error::Open), "{kind} as {}", TYPES[(at + shift) % TYPES.len()]);
            refused += 1;
        }
    }
    println!("cells of one type under another: {refused} refused, 0 opened");
}

#[test]
fn tokens_of_typed_values_find_their_equals() {
    let tenant = tenant();
    for (kind, value) in values() {
        let index = field(&tenant, kind).index("i").unwrap();
        assert_eq!(index.lookup(value).unwrap(), [index.token(value).unwrap()]);
        for (other, different) in values() {
            if other == kind {
                let equal = index.matches(value, different).unwrap();
                assert_eq!(index.token(value) == index.token(different), equal, "{value:?} {different:?}");
            }
        }
    }
}
