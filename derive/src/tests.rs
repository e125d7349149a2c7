//! What is wrong with a struct is told where it is written, with what to write instead.

use serde_json::Value;
use syn::{DeriveInput, Error, parse_str};

use crate::{
    attribute::{CLASSES, CONTENTS, MASKS, syntax::NORMALISERS},
    policy, record,
};

/// What is refused of a struct: for each error the source that it points at, and its message.
fn refused(source: &str) -> Vec<(String, String)> {
    let input: DeriveInput = parse_str(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    let Err(errors) = record::read(&input) else { return Vec::new() };
    let told = |error: Error| (error.span().source_text().unwrap(), error.to_string());
    errors.into_iter().map(told).collect()
}

/// The entries of a struct that is sound.
fn entries(source: &str) -> Vec<String> {
    let record = record::read(&parse_str(source).unwrap()).unwrap();
    record.columns.iter().map(|column| policy::entry(&record.table, column)).collect()
}

/// A struct with an id and one more field.
fn with(field: &str) -> String {
    format!("#[record(table = \"t\")] struct T {{ #[record(id)] id: i64, {field} }}")
}

/// A field, and how its only error begins and where it points: the part between `«` and `»`.
const FIELDS: &[(&str, &str)] = &[
    // Words.
    ("#[record(«seal», class = \"public\")] c: String", "a field takes `id`, `skip`, or one of `cell`"),
    ("#[record(«tenantseal::cell»)] c: String", "a field takes `id`, `skip`, or one of `cell`"),
    ("#[record(«table» = \"t\")] c: String", "a field takes `id`, `skip`, or one of `cell`"),
    (
        "#[record(cell, class = «\"secret\"»)] c: String",
        "unknown class \"secret\": write one of \"public\", \"internal\", \"personal\", \"sensitive\"",
    ),
    ("#[record(cell, class(\"public\", «\"Public\"»))] c: String", "unknown class \"Public\""),
    (
        "#[record(cell, class = \"personal\", content = «\"phone\"»)] c: String",
        "unknown content \"phone\": write one of \"none\", \"name\"",
    ),
    (
        "#[record(cell, class = \"personal\", mask(kind = «\"stars\"», class = \"internal\"))] c: String",
        "unknown kind of mask \"stars\": write one of \"mobile_cn\"",
    ),
    (
        "#[record(cell, class = \"personal\", mask(kind = \"name\", class = «\"low\"»))] c: String",
        "unknown class \"low\"",
    ),
    (
        "#[record(cell, class = \"personal\", index(label = \"i\", exact, normaliser = «\"mobile_cn\"», bits = 15))] c: String",
        "unknown normaliser \"mobile_cn\": write one of \"none/1\", \"mobile_cn/1\"",
    ),
    (
        "#[record(cell, class = \"personal\", index(label = \"i\", «range», bits = 15))] c: String",
        "an index takes `label`, one of `exact`",
    ),
    (
        "#[record(cell, class = \"personal\", index(label = \"i\", bucket(«weeks» = 1), bits = 15))] c: i64",
        "buckets have one width: write `bucket(units = 1000)`",
    ),
    ("#[record(cell, class = \"personal\", mask(«shape» = 1))] c: String", "a mask needs a kind and a class"),
    (
        "#[record(cell, class = \"personal\", mask(custom(«middle» = 1), class = \"public\"))] c: String",
        "a custom mask shows 0 to 8",
    ),
    (
        "#[record(cell, class = \"personal\", padding(«zeros»))] c: String",
        "padding is one of `padding(block = 16)`",
    ),
    // Numbers.
    (
        "#[record(cell, class = \"personal\", index(label = \"i\", exact, bits = «7»))] c: String",
        "`bits` must be 8 to 63",
    ),
    (
        "#[record(cell, class = \"personal\", index(label = \"i\", exact, bits = «64»))] c: String",
        "`bits` must be 8 to 63",
    ),
    (
        "#[record(cell, class = \"personal\", index(label = \"i\", exact, bits = «99999999999»))] c: String",
        "`bits` must be 8 to 63",
    ),
    (
        "#[record(cell, class = \"personal\", index(bits = «63», label = \"i\", unique))] c: String",
        "`bits` must be 128",
    ),
    (
        "#[record(cell, class = \"personal\", index(bits = «128», label = \"i\", exact))] c: String",
        "`bits` must be 8 to 63",
    ),
    (
        "#[record(cell, class = \"personal\", index(label = \"i\", exact, bits = 15, partitions = «1»))] c: String",
        "`partitions` must be 2 to 256",
    ),
    (
        "#[record(cell, class = \"personal\", index(label = \"i\", unique, «partitions» = 8))] c: String",
        "a unique index has no partitions",
    ),
    (
        "#[record(cell, class = \"personal\", index(label = \"i\", last = «33», bits = 15))] c: String",
        "`last` must be 1 to 32",
    ),
    (
        "#[record(cell, class = \"personal\", index(label = \"i\", prefix = «0», bits = 15))] c: String",
        "`prefix` must be 1 to 32",
    ),
    (
        "#[record(cell, class = \"personal\", index(label = \"i\", bucket(days = «2147483649»), bits = 15))] c: Date",
        "`days` must be 1 to 2147483648",
    ),
    (
        "#[record(cell, class = \"personal\", mask(custom(first = «9»), class = \"public\"))] c: String",
        "`first` must be 0 to 8",
    ),
    ("#[record(cell, class = \"personal\", padding(block = «4097»))] c: String", "`block` must be 2 to 4096"),
    // What is missing.
    ("«c»: String", "say how this field is stored: write `cell`, `deterministic` or `plain`"),
    (
        "#[record(cell)] «c»: String",
        "say how much harm a leak of this field does: write `class = \"internal\"`",
    ),
    (
        "#[record(cell, class = \"personal\", «index»(label = \"i\", bits = 15))] c: String",
        "an index is of one kind: write one of `exact`",
    ),
    (
        "#[record(cell, class = \"personal\", «index»(exact, bits = 15))] c: String",
        "an index needs a permanent label: write `label",
    ),
    (
        "#[record(cell, class = \"personal\", «index»(label = \"i\", exact))] c: String",
        "an index needs a number of bits: write `bits = 15`",
    ),
    (
        "#[record(«deterministic», class = \"personal\")] c: String",
        "a deterministic field names its domain: write `domain",
    ),
    ("#[record(cell, «class»())] c: String", "write `class = \"...\"` or `class(\"...\", \"...\")`"),
    ("#[record(cell, «class»)] c: String", "write `class = \"...\"` or"),
    ("#[record(cell, class = \"public\", «padding»())] c: String", "padding is one of `padding(block = 16)`"),
    (
        "#[record(cell, class = \"public\", «mask(kind = \"name\")»)] c: String",
        "a mask needs a kind and a class",
    ),
    (
        "#[record(cell, class = \"public\", «mask(class = \"public\")»)] c: String",
        "a mask needs a kind and a class",
    ),
    (
        "#[record(cell, class = \"public\", mask(«custom(first = 0)», class = \"public\"))] c: String",
        "a custom mask shows 0 to 8",
    ),
    (
        "#[record(cell, class = \"public\", index(label = \"i\", «bucket»(), bits = 15))] c: i64",
        "buckets have one width",
    ),
    (
        "#[record(cell, class = \"public\", index(label = \"i\", «compound»(), bits = 15))] c: i64",
        "a compound index has 1 to 4 further columns",
    ),
    ("#[record(cell, class = \"public\", «mask» = \"name\")] c: String", "a mask needs a kind and a class"),
    ("#[record(cell, class = \"public\", «index»)] c: String", "an index takes `label`, one of `exact`"),
    (
        "#[record(cell, class = \"public\", mask(«custom», class = \"public\"))] c: String",
        "a custom mask shows 0 to 8",
    ),
    // What does not go together.
    (
        "#[record(cell, class = \"public\", index(label = \"i\", bucket(days = 1, «months» = 1), bits = 15))] c: Date",
        "buckets have one width",
    ),
    ("#[record(cell, class = \"public\", padding(padme, «block» = 2))] c: String", "padding is one of"),
    (
        "#[record(cell, class = \"public\", mask(kind = \"name\", «custom»(last = 1), class = \"public\"))] c: String",
        "a mask needs a kind and a class",
    ),
    ("#[record(cell, «plain», class = \"public\")] c: String", "a field is stored in one way"),
    (
        "#[record(cell, class = \"public\", «class» = \"internal\")] c: String",
        "the class history stands in one list: write `class(",
    ),
    ("#[record(cell, class = \"public\", column = \"a\", «column» = \"b\")] c: String", "this is said twice"),
    (
        "#[record(cell, class = \"public\", row, «unbound»)] c: String",
        "a field is bound in one way: write one of `row`",
    ),
    (
        "#[record(cell, class = \"public\", decimal, «json»)] c: String",
        "a String is one of `decimal` and `json`",
    ),
    (
        "#[record(cell, class = \"public\", index(label = \"i\", exact, «unique», bits = 15))] c: String",
        "an index is of one kind",
    ),
    (
        "#[record(cell, class = \"public\", «domain» = \"d\")] c: String",
        "a domain is for a `deterministic` field",
    ),
    (
        "#[record(deterministic, class = \"public\", domain = \"d\", «row»)] c: String",
        "a deterministic field is `unbound`",
    ),
    (
        "#[record(plain, class = \"public\", «index»(label = \"i\", exact, bits = 15))] c: String",
        "an index is for a `cell` field",
    ),
    (
        "#[record(deterministic, domain = \"d\", class = \"public\", «index»(label = \"i\", unique))] c: String",
        "an index is for a `cell` field",
    ),
    (
        "#[record(cell, class = \"public\", index(label = \"i\", unique), index(label = «\"i\"», unique))] c: String",
        "another index of this field has this label",
    ),
    ("#[record(plain, class = \"public\", «padding»(padme))] c: String", "padding is for a sealed field"),
    (
        "#[record(plain, class = \"public\", «mask»(kind = \"name\", class = \"public\"))] c: String",
        "a mask is for a `cell` field of type String",
    ),
    (
        "#[record(cell, class = \"public\", «mask»(kind = \"name\", class = \"public\"))] c: i64",
        "a mask is for a `cell` field of type String",
    ),
    (
        "#[record(cell, class = \"public\", decimal, «mask»(kind = \"name\", class = \"public\"))] c: String",
        "a mask is for a `cell` field of type String",
    ),
    ("#[record(cell, class = \"public\", «decimal»)] c: i64", "`decimal` and `json` say what a String is"),
    (
        "#[record(cell, class = \"public\", «json»)] c: Option<Vec<u8>>",
        "`decimal` and `json` say what a String is",
    ),
    (
        "#[record(skip, «class» = \"public\")] c: String",
        "a skipped field is no column: it takes nothing else",
    ),
    ("#[record(id, «skip»)] c: i64", "an id cannot be skipped"),
    // Ids.
    ("#[record(«id»)] c: i64", "a row has one id"),
    ("#[record(id, «plain»)] c: i64", "the id is the row's name, and part of no policy"),
    // Types.
    ("#[record(cell, class = \"public\")] c: «i32»", "a column is of type String, Vec<u8>, i64"),
    ("#[record(cell, class = \"public\")] c: «Vec<String>»", "a column is of type String, Vec<u8>, i64"),
    (
        "#[record(cell, class = \"public\")] c: «Option<Option<String>>»",
        "a column is of type String, Vec<u8>, i64",
    ),
    ("#[record(cell, class = \"public\")] c: «&'static str»", "a column is of type String, Vec<u8>, i64"),
    // Labels.
    (
        "#[record(cell, class = \"public\", column = «\"Mobile\"»)] c: String",
        "a label has 1 to 63 characters out of a-z",
    ),
    (
        "#[record(cell, class = \"public\", column = «\"\"»)] c: String",
        "a label has 1 to 63 characters out of a-z",
    ),
    (
        "#[record(cell, class = \"public\", column = «\"a\\\"b\"»)] c: String",
        "a label has 1 to 63 characters out of a-z",
    ),
    (
        "#[record(cell, class = \"public\")] «_c»: String",
        "a label has 1 to 63 characters out of a-z, 0-9 and _, and starts with a letter: write `#[record(column",
    ),
    ("#[record(cell, class = \"public\")] «手机»: String", "a label has 1 to 63 characters out of a-z"),
    (
        "#[record(cell, class = \"public\", index(label = «\"a.b\"», unique))] c: String",
        "a label has 1 to 63 characters out of a-z",
    ),
    (
        "#[record(cell, class = \"public\", compartments(\"a\", «\"B\"»))] c: String",
        "a label has 1 to 63 characters out of a-z",
    ),
    (
        "#[record(deterministic, class = \"public\", domain = «\"1\"»)] c: String",
        "a label has 1 to 63 characters out of a-z",
    ),
    (
        "#[record(cell, class = \"public\", migrating_until = «\"2026-1-1\"»)] c: String",
        "a date is written YYYY-MM-DD",
    ),
    (
        "#[record(cell, class = \"public\", migrating_until = «\"2026-01-0\\\"\"»)] c: String",
        "a date is written YYYY-MM-DD",
    ),
    (
        "#[record(cell, class = \"public\", index(label = \"i\", compound(«Age» = \"none/1\"), bits = 15))] c: i64",
        "a label has 1 to 63 characters out of a-z",
    ),
    (
        "#[record(cell, class = \"public\", migrating_until = «\"2026-01\"»)] c: String",
        "a date is written YYYY-MM-DD",
    ),
    // Other columns.
    (
        "#[record(cell, class = \"public\", mask(kind = \"name\", class = \"public\"))] c: String, \
         #[record(plain, class = \"public\")] «c__mask»: String",
        "c__mask is made of another field",
    ),
    (
        "#[record(cell, class = \"public\", index(label = \"i\", unique))] c: String, \
         #[record(plain, class = \"public\")] «c__ix_i»: String",
        "c__ix_i is made of another field",
    ),
    (
        "#[record(cell, class = \"public\", natural(«\"n\"»))] c: String",
        "a natural key is a `plain` column of this struct",
    ),
    (
        "#[record(cell, class = \"public\", natural(«\"d\"»))] c: String, #[record(cell, class = \"public\")] d: String",
        "a natural key is a `plain` column of this struct",
    ),
    (
        "#[record(cell, class = \"public\", natural(«\"d\"»))] c: String, #[record(plain, class = \"public\")] d: f64",
        "a natural key is a `plain` column of this struct",
    ),
    (
        "#[record(cell, class = \"public\", index(label = \"i\", compound(«n» = \"none/1\"), bits = 15))] c: String",
        "a compound index takes further `cell` columns",
    ),
    (
        "#[record(cell, class = \"public\", index(label = \"i\", compound(«d» = \"none/1\"), bits = 15))] c: String, \
         #[record(plain, class = \"public\")] d: String",
        "a compound index takes further `cell` columns",
    ),
    (
        "#[record(cell, class = \"public\", index(label = \"i\", compound(«c» = \"none/1\"), bits = 15))] c: String",
        "a compound index takes further `cell` columns",
    ),
    (
        "#[record(cell, class = \"public\")] c: String, #[record(cell, class = \"public\", column = \"c\")] «d»: String",
        "another field has this column",
    ),
];

#[test]
fn a_field_is_refused_where_it_is_wrong() {
    for (field, message) in FIELDS {
        let (at, rest) = field.split_once('«').unwrap();
        let (wrong, after) = rest.split_once('»').unwrap();
        let told = refused(&with(&format!("{at}{wrong}{after}")));
        assert_eq!(told.len(), 1, "{field}: {told:?}");
        assert_eq!(told[0].0, wrong, "{field}: {told:?}");
        assert!(told[0].1.starts_with(message), "{field}: {told:?}");
    }
}

#[test]
fn a_struct_is_refused_where_it_is_wrong() {
    let cell = "#[record(cell, class = \"public\")] c: String";
    for (source, wrong, message) in [
        ("#[record(table = \"t\")] enum T { A }".to_owned(), "T", "a record is a struct"),
        ("#[record(table = \"t\")] union T { a: i64 }".to_owned(), "T", "a record is a struct"),
        ("#[record(table = \"t\")] struct T(i64);".to_owned(), "T", "a record has named fields"),
        ("#[record(table = \"t\")] struct T;".to_owned(), "T", "a record has named fields"),
        (
            "#[record(table = \"t\")] struct T<A> { a: A }".to_owned(),
            "<A>",
            "a record has no generic parameters",
        ),
        (
            "#[record(table = \"t\")] struct T<'a> { a: &'a str }".to_owned(),
            "<'a>",
            "a record has no generic parameters",
        ),
        (
            format!("struct T {{ {cell} }}"),
            "T",
            "a record names its table: write `#[record(table = \"...\")]`",
        ),
        (
            format!("#[record(table = \"a b\")] struct T {{ {cell} }}"),
            "\"a b\"",
            "a label has 1 to 63 characters",
        ),
        (
            format!("#[record(name = \"t\")] struct T {{ {cell} }}"),
            "name",
            "a struct takes `table = \"...\"`",
        ),
        (
            format!("#[record(table = \"t\", table = \"u\")] struct T {{ {cell} }}"),
            "table",
            "this is said twice",
        ),
        (
            format!("#[record(table = \"t\")] struct T {{ {cell} }}"),
            "c",
            "this field is bound to the row, and no field is its id: mark one",
        ),
        (
            "#[record(table = \"t\")] struct T { #[record(id)] id: Option<i64> }".to_owned(),
            "Option<i64>",
            "an id is of type i64, String or Vec<u8>",
        ),
        (
            "#[record(table = \"t\")] struct T { #[record(id)] id: f64 }".to_owned(),
            "f64",
            "an id is of type i64, String or Vec<u8>",
        ),
    ] {
        let told = refused(&source);
        assert_eq!(told.len(), 1, "{source}: {told:?}");
        assert_eq!(told[0].0, wrong, "{source}");
        assert!(told[0].1.starts_with(message), "{source}: {told:?}");
    }
}

#[test]
fn every_field_is_told_of_at_once() {
    let told = refused(
        "#[record(table = \"t\")] struct T { a: String, #[record(cell)] b: String, #[record(skip)] c: u8, \
         #[record(id)] d: u8 }",
    );
    let wrong: Vec<&str> = told.iter().map(|(wrong, _)| wrong.as_str()).collect();
    assert_eq!(wrong, ["a", "b", "u8"]);
}

#[test]
fn what_need_not_be_said_is_not() {
    let told =
        refused("#[record(table = \"t\")] struct T { #[record(plain, class = \"public\")] c: String }");
    assert_eq!(told, [], "nothing sealed needs an id");
    assert_eq!(
        entries(&with("#[record(cell, class = \"public\")] r#type: std::string::String")),
        [r#"{"bind":"row","class":["public"],"column":"type","storage":"cell","table":"t","type":"text"}"#]
    );
    let longest = "x".repeat(63);
    assert_eq!(entries(&with(&format!("#[record(cell, class = \"public\")] {longest}: bool"))).len(), 1);
    let told = refused(&with(&format!("#[record(cell, class = \"public\")] {longest}x: bool")));
    assert_eq!(told.len(), 1);
}

/// A word that the schema gains is one that a struct can say.
#[test]
fn the_words_are_those_of_the_schema() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/policy-v1.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let field = "/$defs/field/properties";
    for (at, words) in [
        ("/$defs/class/enum".to_owned(), CLASSES),
        (format!("{field}/content/enum"), CONTENTS),
        ("/$defs/normaliser/enum".to_owned(), NORMALISERS),
        (format!("{field}/mask/oneOf/1/properties/kind/oneOf/0/enum"), MASKS),
        (format!("{field}/storage/enum"), &["plain", "cell", "deterministic"]),
        (format!("{field}/bind/oneOf/0/enum"), &["row", "unbound"]),
        (format!("{field}/padding/oneOf/0/enum"), &["padme"]),
        (format!("{field}/indexes/items/properties/kind/oneOf/0/enum"), &["exact", "unique"]),
    ] {
        assert_eq!(schema.pointer(&at), Some(&Value::from(words)), "{at}");
    }
    let types = [
        ("Vec<u8>", ""),
        ("String", ""),
        ("i64", ""),
        ("f64", ""),
        ("bool", ""),
        ("String", ", decimal"),
        ("Date", ""),
        ("Timestamp", ""),
        ("String", ", json"),
    ];
    let types = types.map(|(ty, word)| {
        let entry = entries(&with(&format!("#[record(cell, class = \"public\"{word})] c: {ty}"))).remove(0);
        serde_json::from_str::<Value>(&entry).unwrap()["type"].clone()
    });
    assert_eq!(schema.pointer(&format!("{field}/type/enum")), Some(&Value::from(types.as_slice())));
    let (index, one) = ("index(label = \"i\", bits = 15, ", "cell, class = \"public\"");
    let said = [
        format!("{one}, content = \"name\", compartments(\"a\"), mask(kind = \"name\", class = \"public\")"),
        format!("{one}, padding(padme), migrating_until = \"2026-12-31\", {index}exact, partitions = 2)"),
        format!("{one}, {index}prefix = 1), index(label = \"j\", unique)"),
        format!("{one}, {index}last = 1)"),
        format!("{one}, {index}compound(d = \"none/1\"))"),
        format!("{one}, {index}bucket(units = 1))"),
        "deterministic, domain = \"d\", class = \"public\"".to_owned(),
    ];
    let mut all = Vec::new();
    for said in said {
        let other = "#[record(cell, class = \"public\")] d: String";
        let entry = entries(&with(&format!("#[record({said})] c: String, {other}"))).remove(0);
        all.push(serde_json::from_str::<Value>(&entry).unwrap());
    }
    for member in schema.pointer(field).unwrap().as_object().unwrap().keys() {
        assert!(all.iter().any(|entry| entry.get(member).is_some()), "{member}");
    }
    let indexes: Vec<&Value> = all.iter().flat_map(|entry| entry["indexes"].as_array()).flatten().collect();
    let properties = format!("{field}/indexes/items/properties");
    for member in schema.pointer(&properties).unwrap().as_object().unwrap().keys() {
        assert!(indexes.iter().any(|index| index.get(member).is_some()), "{member}");
    }
    for kind in
        schema.pointer(&format!("{properties}/kind/oneOf")).unwrap().as_array().unwrap().iter().skip(1)
    {
        let kind = kind["required"][0].as_str().unwrap();
        assert!(indexes.iter().any(|index| index["kind"].get(kind).is_some()), "{kind}");
    }
}
