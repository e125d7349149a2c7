//! A struct as a table of the policy: what it says, what is sealed of it, and what opens.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "derive/hygiene.rs"]
mod hygiene;

use tenantseal::{
    Error, PolicyRule,
    field::{Columns, Date, Key, Record, RecordError, Row, Stored, Timestamp, Value},
    tenant::{Kek, Keyring, Policy, Tenant},
};

/// Every attribute that does not need a table of its own.
#[derive(Clone, Debug, PartialEq, Record)]
#[record(table = "member")]
struct Member {
    #[record(id)]
    id: i64,
    #[record(plain, class = "internal")]
    userid: String,
    #[record(
        cell,
        class = "personal",
        content = "mobile_cn",
        compartments("hr"),
        mask(kind = "mobile_cn", class = "internal"),
        index(label = "exact", exact, normaliser = "mobile_cn/1", bits = 15),
        index(label = "last4", last = 4, normaliser = "mobile_cn/1", bits = 10),
        index(label = "once", unique, normaliser = "mobile_cn/1")
    )]
    mobile: Option<String>,
    #[record(cell, class = "personal")]
    #[record(index(label = "month", bucket(months = 1), bits = 12))]
    #[record(index(label = "week", bucket(days = 7), bits = 12))]
    born: Date,
    #[record(
        cell,
        class("personal", "sensitive"),
        decimal,
        padding(block = 16),
        index(label = "band", bucket(units = 1000), bits = 8)
    )]
    salary: String,
    #[record(deterministic, domain = "phones", class = "personal")]
    phone: String,
    #[record(
        cell,
        class = "personal",
        compartments("hr", "board"),
        mask(custom(first = 1, last = 2), class = "public"),
        padding(padme),
        migrating_until = "2999-12-31",
        index(label = "start", prefix = 2, normaliser = "nfkc_fold/1", bits = 63, partitions = 4),
        index(label = "with", compound(mobile = "mobile_cn/1", born = "none/1"), bits = 63)
    )]
    city: Option<String>,
    #[record(cell, json, unbound, class = "public", column = "old_notes")]
    notes: Option<String>,
    #[record(cell, natural("userid", "number"), class = "sensitive")]
    scan: Option<Vec<u8>>,
    #[record(plain, class = "public")]
    number: Option<i64>,
    #[record(skip)]
    cached: Vec<u16>,
}

const MEMBER: &str = r#"
    {"table":"member","column":"userid","type":"text","storage":"plain","class":["internal"],"bind":"row"},
    {"table":"member","column":"mobile","type":"text","content":"mobile_cn","storage":"cell","class":["personal"],
     "bind":"row","compartments":["hr"],"mask":{"kind":"mobile_cn","class":"internal"},"indexes":[
        {"label":"exact","kind":"exact","normaliser":"mobile_cn/1","bits":15},
        {"label":"last4","kind":{"last":4},"normaliser":"mobile_cn/1","bits":10},
        {"label":"once","kind":"unique","normaliser":"mobile_cn/1","bits":128}]},
    {"table":"member","column":"born","type":"date","storage":"cell","class":["personal"],"bind":"row","indexes":[
        {"label":"month","kind":{"bucket":{"months":1}},"normaliser":"none/1","bits":12},
        {"label":"week","kind":{"bucket":{"days":7}},"normaliser":"none/1","bits":12}]},
    {"table":"member","column":"salary","type":"decimal","storage":"cell","class":["personal","sensitive"],"bind":"row",
     "padding":{"block":16},"indexes":[
        {"label":"band","kind":{"bucket":{"units":1000}},"normaliser":"none/1","bits":8}]},
    {"table":"member","column":"phone","type":"text","storage":"deterministic","domain":"phones","class":["personal"],
     "bind":"unbound"},
    {"table":"member","column":"city","type":"text","storage":"cell","class":["personal"],"bind":"row",
     "compartments":["hr","board"],"mask":{"kind":{"custom":{"first":1,"last":2}},"class":"public"},"padding":"padme",
     "migrating_until":"2999-12-31","indexes":[
        {"label":"start","kind":{"prefix":2},"normaliser":"nfkc_fold/1","bits":63,"partitions":4},
        {"label":"with","kind":{"compound":[{"column":"mobile","normaliser":"mobile_cn/1"},
            {"column":"born","normaliser":"none/1"}]},"normaliser":"none/1","bits":63}]},
    {"table":"member","column":"old_notes","type":"json","storage":"cell","class":["public"],"bind":"unbound"},
    {"table":"member","column":"scan","type":"bytes","storage":"cell","class":["sensitive"],
     "bind":{"natural":["userid","number"]}},
    {"table":"member","column":"number","type":"i64","storage":"plain","class":["public"],"bind":"row"}"#;

/// Every type, sealed and plain, bound to a text.
#[derive(Clone, Debug, PartialEq, Record)]
#[record(table = "typed")]
struct Typed {
    #[record(id)]
    name: String,
    #[record(cell, class = "public")]
    text: String,
    #[record(cell, class = "public")]
    bytes: Vec<u8>,
    #[record(cell, class = "public")]
    int: i64,
    #[record(cell, class = "public")]
    float: f64,
    #[record(cell, class = "public")]
    truth: bool,
    #[record(cell, class = "public")]
    date: Date,
    #[record(cell, class = "public")]
    time: Timestamp,
    #[record(cell, decimal, class = "public")]
    decimal: String,
    #[record(cell, json, class = "public")]
    json: String,
    #[record(plain, class = "public")]
    plain_text: String,
    #[record(plain, class = "public")]
    plain_bytes: Vec<u8>,
    #[record(plain, class = "public")]
    plain_int: i64,
    #[record(plain, class = "public")]
    plain_float: f64,
    #[record(plain, class = "public")]
    plain_truth: bool,
    #[record(plain, class = "public")]
    plain_date: Date,
    #[record(plain, class = "public")]
    plain_time: Timestamp,
    #[record(plain, decimal, class = "public")]
    plain_decimal: String,
    #[record(plain, json, class = "public")]
    plain_json: String,
}

/// Another table of the same domain, bound to bytes.
#[derive(Clone, Debug, PartialEq, Record)]
#[record(table = "caller")]
struct Caller {
    #[record(id)]
    id: Vec<u8>,
    #[record(deterministic, unbound, domain = "phones", class = "personal")]
    phone: Option<String>,
    #[record(cell, row, class = "personal", content = "name")]
    name: String,
    #[record(cell, class = "personal", content = "none")]
    note: String,
}

fn kek() -> Kek {
    Kek::from_bytes(&[[0x5a; 31].as_slice(), &[1]].concat().try_into().unwrap()).unwrap()
}

fn policy() -> Policy {
    Policy::of_records(1, &["hr", "board"], [Member::fields(), Typed::fields(), Caller::fields()]).unwrap()
}

fn keyring() -> Keyring {
    let keys = Keyring::in_memory(&kek()).unwrap();
    keys.install_policy(policy()).unwrap();
    keys.create_tenant("t-1").unwrap();
    keys.create_tenant("t-2").unwrap();
    keys
}

fn tenant() -> Tenant {
    keyring().tenant("t-1").unwrap()
}

fn member() -> Member {
    Member {
        id: 42,
        userid: "zhangsan".to_owned(),
        mobile: Some("138 0013 8000".to_owned()),
        born: "1990-02-28".parse().unwrap(),
        salary: "12500.50".to_owned(),
        phone: "+8613800138000".to_owned(),
        city: Some("Shenzhen".to_owned()),
        notes: Some(r#"{"a": 1}"#.to_owned()),
        scan: Some(vec![0xff, 0]),
        number: Some(-7),
        cached: Vec::new(),
    }
}

fn caller(id: &[u8]) -> Caller {
    Caller {
        id: id.to_vec(),
        phone: Some("+8613800138000".to_owned()),
        name: "张三".to_owned(),
        note: "called".to_owned(),
    }
}

/// The columns with two of them in each other's place.
fn swapped(columns: &Columns, one: &str, other: &str) -> Columns {
    let mut swapped = columns.clone();
    swapped.set(one.to_owned(), columns.get(other).unwrap().clone());
    swapped.set(other.to_owned(), columns.get(one).unwrap().clone());
    swapped
}

fn refused<T>(column: &'static str, error: Error) -> Result<T, RecordError> {
    Err(RecordError::Column { column, error })
}

#[test]
fn a_struct_says_what_a_document_says() {
    let json =
        format!(r#"{{"tenantseal_policy":1,"version":3,"compartments":["hr","board"],"fields":[{MEMBER}]}}"#);
    let written = Policy::from_json(json.as_bytes()).unwrap();
    let derived = Policy::of_records(3, &["hr", "board"], [Member::fields()]).unwrap();
    assert_eq!(derived, written);
    assert_eq!(derived.to_json(), written.to_json());
    let types: Vec<String> =
        policy().fields().iter().skip(9).map(|rule| format!("{:?}", rule.value_type)).collect();
    let nine = ["Text", "Bytes", "I64", "F64", "Bool", "Date", "Timestamp", "Decimal", "Json"];
    assert_eq!(types, [&nine[..], &nine, &["Text"; 3]].concat());
}

#[test]
fn a_policy_of_records_is_held_to_every_rule() {
    let broken = |field, rule| Some(Error::Policy { field, rule });
    let none = Policy::of_records(1, &["hr"], [Member::fields()]);
    assert_eq!(none.err(), broken(Some(5), PolicyRule::Compartment), "of the city");
    let twice = Policy::of_records(1, &[], [Caller::fields(), Caller::fields()]);
    assert_eq!(twice.err(), broken(Some(3), PolicyRule::Duplicate), "counted over all records");
    let label = Policy::of_records(1, &["a\"b"], [Caller::fields()]);
    assert_eq!(label.err(), broken(None, PolicyRule::Label));
    assert_eq!(Policy::of_records(0, &[], [Caller::fields()]).err(), broken(None, PolicyRule::Syntax));
}

#[test]
fn a_row_of_every_type_comes_back() {
    let tenant = tenant();
    for (text, int, float, truth, date, time, decimal) in [
        ("", i64::MIN, -0.0, false, "0001-01-01", "0001-01-01T00:00:00Z", "0"),
        ("张三", i64::MAX, f64::INFINITY, true, "9999-12-31", "9999-12-31T23:59:59.999999Z", "-12.50"),
    ] {
        let typed = Typed {
            name: format!("row {text}"),
            text: text.to_owned(),
            bytes: text.as_bytes().to_vec(),
            int,
            float,
            truth,
            date: date.parse().unwrap(),
            time: time.parse().unwrap(),
            decimal: decimal.to_owned(),
            json: "[1, 2]".to_owned(),
            plain_text: text.to_owned(),
            plain_bytes: text.as_bytes().to_vec(),
            plain_int: int,
            plain_float: float,
            plain_truth: truth,
            plain_date: date.parse().unwrap(),
            plain_time: time.parse().unwrap(),
            plain_decimal: decimal.to_owned(),
            plain_json: "{}".to_owned(),
        };
        let mut columns = typed.seal(&tenant).unwrap();
        assert_eq!(Typed::open(&tenant, typed.name.as_str(), &columns).as_ref(), Ok(&typed));
        let in_text = columns.clone().text_form();
        assert!(in_text.iter().all(|(_, value)| !matches!(value, Stored::Cell(_))));
        assert_eq!(Typed::open(&tenant, typed.name.as_str(), &in_text).as_ref(), Ok(&typed));
        // What SQLite gives back.
        columns.set("plain_truth", i64::from(truth));
        let Some(Stored::Cell(cell)) = columns.get("text").cloned() else { panic!("no cell") };
        columns.set("text", cell);
        assert_eq!(Typed::open(&tenant, typed.name.as_str(), &columns).as_ref(), Ok(&typed));
    }
}

#[test]
fn columns_are_those_of_a_program_by_hand() {
    let tenant = tenant();
    let columns = member().seal(&tenant).unwrap();
    let names: Vec<&str> = columns.iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "userid",
            "mobile",
            "mobile__mask",
            "mobile__ix_exact",
            "mobile__ix_last4",
            "mobile__ix_once",
            "born",
            "born__ix_month",
            "born__ix_week",
            "salary",
            "salary__ix_band",
            "phone",
            "city",
            "city__mask",
            "city__ix_start",
            "city__ix_with",
            "old_notes",
            "scan",
            "number",
        ]
    );
    let cell = |name: &str| match columns.get(name) {
        Some(Stored::Cell(cell)) => cell.clone(),
        other => panic!("{name}: {other:?}"),
    };
    let field = |label: &str| tenant.field(label).unwrap();
    let (mobile, city) = (field("member.mobile"), field("member.city"));
    assert_eq!(mobile.open(42, cell("mobile")).unwrap().text(), Ok("138 0013 8000"));
    assert_eq!(mobile.mask().unwrap().open(42, cell("mobile__mask")).unwrap(), "138****8000");
    assert_eq!(city.mask().unwrap().open(42, cell("city__mask")).unwrap(), "S****en");
    assert_eq!(field("member.salary").open(42, cell("salary")).unwrap().decimal(), Ok("12500.50"));
    let natural = [Key::Text("zhangsan"), Key::Int(-7)];
    let scan = field("member.scan").open(Row::natural(&natural), cell("scan")).unwrap();
    assert_eq!(scan.expose_secret(), [0xff, 0]);
    let notes = field("member.old_notes").open(Row::UNBOUND, cell("old_notes")).unwrap();
    assert_eq!(notes.json(), Ok(r#"{"a": 1}"#));
    assert_eq!(cell("phone"), field("member.phone").seal(Row::UNBOUND, "+8613800138000").unwrap());

    let born: Date = "1990-02-28".parse().unwrap();
    let number = "+86 13800138000";
    let index = |label: &str, index: &str| field(label).index(index).unwrap();
    for (name, token) in [
        ("mobile__ix_exact", index("member.mobile", "exact").token(number)),
        ("mobile__ix_last4", index("member.mobile", "last4").token(number)),
        ("born__ix_month", index("member.born", "month").token(born)),
        ("born__ix_week", index("member.born", "week").token(born)),
        ("salary__ix_band", index("member.salary", "band").token(Value::Decimal("12000"))),
        ("city__ix_start", index("member.city", "start").token_of(42, &["SHENZHEN".into()])),
        (
            "city__ix_with",
            index("member.city", "with").token_of(42, &["Shenzhen".into(), number.into(), born.into()]),
        ),
    ] {
        assert_eq!(columns.get(name), Some(&Stored::Token(token.unwrap())), "{name}");
    }
    let once = index("member.mobile", "once").unique(number).unwrap();
    assert_eq!(columns.get("mobile__ix_once"), Some(&Stored::Unique(once)));
    assert_eq!(columns.get("userid"), Some(&Stored::Text("zhangsan".to_owned())));
    assert_eq!(columns.get("number"), Some(&Stored::I64(-7)));
    assert_eq!(columns.get("id"), None, "the id is the caller's");
    assert_eq!(Member::open(&tenant, 42, &columns), Ok(member()));
}

#[test]
fn none_is_null_in_every_column_that_is_made_of_it() {
    let tenant = tenant();
    let bare = Member { mobile: None, notes: None, scan: None, ..member() };
    let columns = bare.seal(&tenant).unwrap();
    for name in [
        "mobile",
        "mobile__mask",
        "mobile__ix_exact",
        "mobile__ix_last4",
        "mobile__ix_once",
        "city__ix_with",
        "old_notes",
        "scan",
    ] {
        assert_eq!(columns.get(name), Some(&Stored::Null), "{name}");
    }
    assert!(matches!(columns.get("city__ix_start"), Some(Stored::Token(_))));
    assert_eq!(columns.iter().count(), member().seal(&tenant).unwrap().iter().count());
    assert_eq!(Member::open(&tenant, 42, &columns), Ok(bare));
    // The first value of the compound index.
    let bare = Member { city: None, ..member() };
    let columns = bare.seal(&tenant).unwrap();
    for name in ["city", "city__mask", "city__ix_start", "city__ix_with"] {
        assert_eq!(columns.get(name), Some(&Stored::Null), "{name}");
    }
    assert_eq!(Member::open(&tenant, 42, &columns), Ok(bare));
}

#[test]
fn a_column_that_is_null_or_missing_is_named() {
    let tenant = tenant();
    let columns = member().seal(&tenant).unwrap();
    for column in ["userid", "born", "salary", "phone"] {
        let mut null = columns.clone();
        null.set(column, Stored::Null);
        let expected = RecordError::Null { column };
        assert_eq!(Member::open(&tenant, 42, &null), Err(expected));
        assert_eq!(Error::from(expected), Error::Value);
    }
    for column in ["userid", "mobile", "city", "old_notes", "number"] {
        let fewer: Columns = columns.clone().into_iter().filter(|(name, _)| name != column).collect();
        let error = Member::open(&tenant, 42, &fewer).err();
        if column == "number" {
            assert_eq!(error, refused::<()>("scan", Error::WrongBinding).err(), "which is bound to it");
        } else {
            assert_eq!(error, Some(RecordError::Missing { column }), "also of an Option");
        }
    }
    let without: Columns = columns.clone().into_iter().filter(|(name, _)| !name.contains("__")).collect();
    assert_eq!(Member::open(&tenant, 42, &without), Ok(member()), "masks and tokens are not read");
}

#[test]
fn a_cell_in_another_place_is_refused() {
    let keys = keyring();
    let (tenant, other) = (keys.tenant("t-1").unwrap(), keys.tenant("t-2").unwrap());
    let columns = caller(b"a").seal(&tenant).unwrap();
    assert_eq!(Caller::open(&tenant, b"a".to_vec(), &columns), Ok(caller(b"a")));
    let unknown = Error::UnknownKey;
    assert_eq!(Caller::open(&tenant, *b"a", &swapped(&columns, "name", "note")), refused("name", unknown));
    assert_eq!(Caller::open(&other, *b"a", &columns), refused("phone", unknown));
    assert_eq!(Caller::open(&tenant, *b"b", &columns), refused("name", Error::Open));
    let columns = member().seal(&tenant).unwrap();
    assert_eq!(Member::open(&tenant, 43, &columns), refused("mobile", Error::Open));
    let masked = swapped(&columns, "mobile", "mobile__mask");
    assert_eq!(Member::open(&tenant, 42, &masked), refused("mobile", unknown));
    let mut altered = columns.clone();
    let Some(Stored::Cell(mut cell)) = columns.get("salary").cloned() else { panic!("no cell") };
    cell[30] ^= 1;
    altered.set("salary", cell);
    assert_eq!(Member::open(&tenant, 42, &altered), refused("salary", Error::Open));
}

#[test]
fn a_compartment_is_that_of_the_row() {
    let tenant = tenant();
    let columns = member().seal_in(&tenant, "hr").unwrap();
    assert_eq!(Member::open_in(&tenant, "hr", 42, &columns), Ok(member()));
    assert_eq!(Member::open(&tenant, 42, &columns), refused("mobile", Error::UnknownKey));
    // The mobile number lists only one of the two, and the birthday none.
    assert_eq!(Member::open_in(&tenant, "board", 42, &columns), refused("mobile", Error::UnknownKey));
    let hr = tenant.field("member.mobile").unwrap().compartment("hr").unwrap();
    let token = hr.index("exact").unwrap().token("13800138000").unwrap();
    assert_eq!(columns.get("mobile__ix_exact"), Some(&Stored::Token(token)));
    let board = member().seal_in(&tenant, "board").unwrap();
    let Some(Stored::Cell(cell)) = board.get("mobile") else { panic!("no cell") };
    assert!(tenant.field("member.mobile").unwrap().open(42, cell).is_ok(), "in the default one");
    let Some(Stored::Cell(cell)) = board.get("city") else { panic!("no cell") };
    assert!(tenant.field("member.city").unwrap().open(42, cell).is_err());
    for unknown in ["finance", "HR"] {
        let error = RecordError::Row(Error::UnknownCompartment);
        assert_eq!(member().seal_in(&tenant, unknown).err(), Some(error));
        assert_eq!(Member::open_in(&tenant, unknown, 42, &columns).err(), Some(error));
    }
}

#[test]
fn a_natural_key_is_the_plain_columns_of_the_row() {
    let tenant = tenant();
    let columns = member().seal(&tenant).unwrap();
    for (name, value) in [("userid", Stored::Text("lisi".to_owned())), ("number", Stored::I64(7))] {
        let mut moved = columns.clone();
        moved.set(name, value);
        assert_eq!(Member::open(&tenant, 42, &moved), refused("scan", Error::Open), "{name}");
    }
    let keyless = Member { number: None, ..member() };
    assert_eq!(keyless.seal(&tenant), refused("scan", Error::WrongBinding));
    let mut keyless = columns;
    keyless.set("number", Stored::Null);
    assert_eq!(Member::open(&tenant, 42, &keyless), refused("scan", Error::WrongBinding));
}

#[test]
fn equal_values_of_a_domain_are_equal_in_every_table() {
    let keys = keyring();
    let tenant = keys.tenant("t-1").unwrap();
    let (one, other) = (member().seal(&tenant).unwrap(), caller(b"a").seal(&tenant).unwrap());
    assert_eq!(one.get("phone"), other.get("phone"));
    let found = tenant.field("caller.phone").unwrap().lookup("+8613800138000").unwrap();
    assert_eq!(other.get("phone"), Some(&Stored::Cell(found[0].clone())));
    keys.rotate_tenant("t-1").unwrap();
    keys.rotate_index("t-1").unwrap();
    assert_eq!(Member::open(&tenant, 42, &one), Ok(member()), "also after a rotation");
    let Some(Stored::Unique(tokens)) = member().seal(&tenant).unwrap().get("mobile__ix_once").cloned() else {
        panic!("no unique bytes")
    };
    assert_eq!(tokens.len(), 2, "of both epochs");
}

#[test]
fn what_is_no_value_is_refused() {
    let tenant = tenant();
    let salary = Member { salary: "much".to_owned(), ..member() };
    assert_eq!(salary.seal(&tenant), refused("salary", Error::Value));
    let mobile = Member { mobile: Some("none".to_owned()), ..member() };
    assert_eq!(mobile.seal(&tenant), refused("mobile", Error::Value), "an index has no spelling for it");
    let columns = typed_columns(&tenant);
    for (column, value, error) in [
        ("plain_truth", Stored::I64(2), Error::WrongType),
        ("plain_int", Stored::Text("1".to_owned()), Error::WrongType),
        ("plain_float", Stored::F64(f64::NAN), Error::Value),
        ("plain_date", Stored::Text("1990-2-28".to_owned()), Error::Value),
        ("plain_decimal", Stored::Text("1e3".to_owned()), Error::Value),
        ("plain_json", Stored::Text("{".to_owned()), Error::Value),
        ("plain_bytes", Stored::Text("a".to_owned()), Error::WrongType),
        ("plain_text", Stored::Bytes(b"a".to_vec()), Error::WrongType),
        ("plain_text", Stored::Cell(b"a".to_vec()), Error::WrongType),
        ("plain_int", Stored::Token(1), Error::WrongType),
        ("text", Stored::Text("a".to_owned()), Error::Malformed),
        ("text", Stored::I64(1), Error::WrongType),
        ("int", Stored::Token(1), Error::WrongType),
    ] {
        let mut wrong = columns.clone();
        wrong.set(column, value);
        assert_eq!(Typed::open(&tenant, "row", &wrong), refused(column, error));
    }
}

fn typed_columns(tenant: &Tenant) -> Columns {
    let typed = Typed {
        name: "row".to_owned(),
        text: String::new(),
        bytes: Vec::new(),
        int: 0,
        float: 0.0,
        truth: true,
        date: Date::from_days(0).unwrap(),
        time: Timestamp::from_micros(0).unwrap(),
        decimal: "0".to_owned(),
        json: "0".to_owned(),
        plain_text: String::new(),
        plain_bytes: Vec::new(),
        plain_int: 0,
        plain_float: 0.0,
        plain_truth: true,
        plain_date: Date::from_days(0).unwrap(),
        plain_time: Timestamp::from_micros(0).unwrap(),
        plain_decimal: "0".to_owned(),
        plain_json: "0".to_owned(),
    };
    let nan = Typed { plain_float: f64::NAN, ..typed.clone() };
    assert_eq!(nan.seal(tenant), refused("plain_float", Error::Value));
    let words = Typed { plain_json: "{".to_owned(), ..typed.clone() };
    assert_eq!(words.seal(tenant), refused("plain_json", Error::Value));
    typed.seal(tenant).unwrap()
}

#[test]
fn plaintext_of_a_migrating_column_is_read() {
    let tenant = tenant();
    let mut columns = member().seal(&tenant).unwrap();
    columns.set("city", "Guangzhou".to_owned());
    assert_eq!(Member::open(&tenant, 42, &columns).unwrap().city.as_deref(), Some("Guangzhou"));
}

/// The caller's table as other documents have it.
fn callers(version: u32, more: &str, note: &str) -> Policy {
    let json = format!(
        r#"{{"tenantseal_policy":1,"version":{version},"fields":[
        {{"table":"other","column":"note","type":"i64","storage":"plain","class":["public"],"bind":"row"}},
        {{"table":"caller","column":"phone","type":"text","storage":"deterministic","domain":"phones","class":["personal"],
         "bind":"unbound"}},
        {{"table":"caller","column":"name","type":"text","content":"name","storage":"cell","class":["personal"],
         "bind":"row"{more}}},
        {{"table":"caller","column":"{note}","type":"text","storage":"cell","class":["personal"],"bind":"row"}}]}}"#
    );
    Policy::from_json(json.as_bytes()).unwrap()
}

#[test]
fn a_struct_and_a_policy_that_do_not_agree_are_told() {
    for check in [Member::check, Typed::check, Caller::check] {
        assert_eq!(check(&policy()), Ok(()));
    }
    assert_eq!(Caller::check(&callers(1, "", "note")), Ok(()), "whatever the order and the other tables");
    let mask = r#","mask":{"kind":"name","class":"internal"}"#;
    let differs = RecordError::Differs { column: "name", position: 2 };
    let index = r#","indexes":[{"label":"exact","kind":"exact","normaliser":"none/1","bits":15}]"#;
    for more in [mask, index, r#","padding":"padme""#, r#","migrating_until":"2999-12-31""#] {
        assert_eq!(Caller::check(&callers(1, more, "note")), Err(differs), "{more}");
    }
    assert_eq!(Caller::check(&callers(1, "", "remark")), Err(RecordError::NotInStruct { position: 3 }));
    let lacks = RecordError::NotInPolicy { column: "phone", position: 0 };
    assert_eq!(
        Caller::check(&Policy::of_records(1, &[], [Typed::fields()]).unwrap()),
        Err(lacks),
        "no such table"
    );
    let continuity = |field| Error::Policy { field: Some(field), rule: PolicyRule::Continuity };
    assert_eq!(Error::from(differs), continuity(2));
    assert_eq!(Error::from(RecordError::NotInStruct { position: 3 }), continuity(3));
    assert_eq!(Error::from(lacks), Error::UnknownField);
    assert!(lacks.to_string().contains("field 0 of the struct, phone"), "{lacks}");
    assert!(differs.to_string().contains("policy field 2"), "{differs}");
}

#[test]
fn a_row_is_sealed_as_the_policy_in_force_says() {
    let keys = Keyring::in_memory(&kek()).unwrap();
    let tenant = keys.create_tenant("t-1").unwrap();
    assert_eq!(caller(b"a").seal(&tenant).err(), Some(RecordError::Row(Error::UnknownField)), "no policy");
    keys.install_policy(callers(1, "", "note")).unwrap();
    assert_eq!(caller(b"a").seal(&tenant).unwrap().iter().count(), 3);
    let later = r#","mask":{"kind":"name","class":"internal"},
        "indexes":[{"label":"exact","kind":"exact","normaliser":"none/1","bits":15}]"#;
    keys.install_policy(callers(2, later, "note")).unwrap();
    let columns = caller(b"a").seal(&tenant).unwrap();
    let names: Vec<&str> = columns.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["phone", "name", "name__mask", "name__ix_exact", "note"]);
    assert_eq!(Caller::open(&tenant, *b"a", &columns), Ok(caller(b"a")));
    let keys = Keyring::in_memory(&kek()).unwrap();
    keys.install_policy(callers(1, "", "remark")).unwrap();
    let tenant = keys.create_tenant("t-1").unwrap();
    assert_eq!(caller(b"a").seal(&tenant), refused("note", Error::UnknownField));
}

/// With a column that has the name of the mask that a later policy adds.
#[derive(Record)]
#[record(table = "clash")]
struct Clash {
    #[record(id)]
    id: i64,
    #[record(cell, class = "personal", content = "name")]
    name: String,
    #[record(plain, class = "internal", column = "name__mask")]
    shown: String,
}

#[test]
fn no_column_takes_the_place_of_another() {
    let keys = Keyring::in_memory(&kek()).unwrap();
    let tenant = keys.create_tenant("t-1").unwrap();
    let clash = Clash { id: 1, name: "张三".to_owned(), shown: "mine".to_owned() };
    keys.install_policy(Policy::of_records(1, &[], [Clash::fields()]).unwrap()).unwrap();
    assert_eq!(clash.seal(&tenant).unwrap().iter().count(), 2);
    let json = Policy::of_records(2, &[], [Clash::fields()]).unwrap().to_json();
    let mask = r#""mask":{"class":"internal","kind":"name"}"#;
    let masked = Policy::from_json(json.replacen(r#""mask":null"#, mask, 1).as_bytes()).unwrap();
    keys.install_policy(masked).unwrap();
    let duplicate = Error::Policy { field: None, rule: PolicyRule::Duplicate };
    assert_eq!(clash.seal(&tenant), refused("name__mask", duplicate));
}

/// The same table before its number was sealed.
#[derive(Debug, PartialEq, Record)]
#[record(table = "asset")]
struct Before {
    #[record(id)]
    id: i64,
    #[record(plain, class = "internal")]
    number: String,
}

/// And after.
#[derive(Debug, PartialEq, Record)]
#[record(table = "asset")]
struct After {
    #[record(id)]
    id: i64,
    #[record(cell, class = "internal", migrating_until = "2999-12-31")]
    number: String,
}

#[test]
fn nothing_is_written_in_the_clear_that_struct_or_policy_wants_sealed() {
    let keys = Keyring::in_memory(&kek()).unwrap();
    let tenant = keys.create_tenant("t-1").unwrap();
    let (before, after) =
        (Before { id: 1, number: "N-1".to_owned() }, After { id: 1, number: "N-1".to_owned() });
    let storage = Error::Policy { field: None, rule: PolicyRule::Storage };
    keys.install_policy(Policy::of_records(1, &[], [Before::fields()]).unwrap()).unwrap();
    let plain = before.seal(&tenant).unwrap();
    assert_eq!(after.seal(&tenant), refused("number", storage));
    assert_eq!(After::open(&tenant, 1, &plain), refused("number", storage));
    keys.install_policy(Policy::of_records(2, &[], [After::fields()]).unwrap()).unwrap();
    assert_eq!(before.seal(&tenant), refused("number", storage));
    assert_eq!(Before::open(&tenant, 1, &plain), refused("number", storage));
    assert_eq!(After::open(&tenant, 1, &after.seal(&tenant).unwrap()), Ok(after));
    assert_eq!(
        Before::check(&Policy::of_records(1, &[], [After::fields()]).unwrap()),
        Err(RecordError::Differs { column: "number", position: 0 })
    );
}

/// No id: bound to what the row has, and to nothing.
#[derive(Debug, PartialEq, Record)]
#[record(table = "setting")]
struct Setting {
    #[record(plain, class = "public")]
    key: String,
    #[record(cell, natural("key"), class = "internal")]
    value: String,
    #[record(cell, unbound, class = "internal")]
    remark: Option<String>,
}

#[test]
fn a_table_may_do_without_an_id() {
    let keys = Keyring::in_memory(&kek()).unwrap();
    keys.install_policy(Policy::of_records(1, &[], [Setting::fields()]).unwrap()).unwrap();
    let tenant = keys.create_tenant("t-1").unwrap();
    let setting =
        |key: &str| Setting { key: key.to_owned(), value: "v".to_owned(), remark: Some("r".to_owned()) };
    let columns = setting("a").seal(&tenant).unwrap();
    assert_eq!(Setting::open(&tenant, (), &columns), Ok(setting("a")));
    let mut moved = columns;
    moved.set("key", "b".to_owned());
    assert_eq!(Setting::open(&tenant, (), &moved), refused("value", Error::Open));
    // A policy that binds it to an id after all.
    let json = Policy::of_records(1, &[], [Setting::fields()]).unwrap().to_json();
    let keys = Keyring::in_memory(&kek()).unwrap();
    keys.install_policy(
        Policy::from_json(json.replace(r#"{"natural":["key"]}"#, r#""row""#).as_bytes()).unwrap(),
    )
    .unwrap();
    let tenant = keys.create_tenant("t-1").unwrap();
    assert_eq!(setting("a").seal(&tenant), refused("value", Error::WrongBinding));
}

#[test]
fn columns_show_no_value() {
    let tenant = tenant();
    let shown = format!("{:?}", member().seal(&tenant).unwrap());
    assert!(shown.contains("mobile__mask") && shown.contains("Cell(..)"), "{shown}");
    assert!(!shown.contains("zhangsan") && !shown.contains("-7"), "{shown}");
    let absent: Columns = [("a", None), ("b", Some(1))].into_iter().collect();
    assert_eq!((absent.get("a"), absent.get("b")), (Some(&Stored::Null), Some(&Stored::I64(1))));
    assert_eq!(absent.get("c"), None);
}
