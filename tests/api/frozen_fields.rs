//! Values of every type and tokens of every normaliser, as they were written once. `TENANTSEAL_BLESS=1` writes the vectors
//! anew, which is right only for what no release has written.

use std::{env, fs};

use serde_json::{Value as Json, json};
use tenantseal::{
    field::{Field, Opened, Value},
    tenant::{Keyring, KeyringOptions, Policy, Record, Suite},
};

use crate::fixture::{kek, options};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/fields_v1.json");

/// Type, value in text form.
const VALUES: [(&str, &str); 12] = [
    ("bytes", "f800"),
    ("text", "张三"),
    ("i64", "-42"),
    ("f64", "0.1"),
    ("bool", "true"),
    ("decimal", "-12345678901234567890.50"),
    ("date", "0001-01-01"),
    ("date", "2025-06-15"),
    ("timestamp", "1969-12-31T23:59:59.999999Z"),
    ("timestamp", "2025-06-15T15:06:40Z"),
    ("json", "{\"a\": [1, null]}"),
    ("json", "null"),
];

/// Normaliser, content, mask kind, values.
const TEXTS: [(&str, &str, &str, &[&str]); 5] = [
    ("none/1", "none", "", &["", "a", "张三"]),
    ("mobile_cn/1", "mobile_cn", "mobile_cn", &["138 0013 8000", "+852 6123 4567"]),
    ("email/1", "email", "email", &["Zhang.San@Example.com", "用户@例子.中国"]),
    ("id_card/1", "id_card", "id_card", &["11010519491231002x", "110105491231002"]),
    ("nfkc_fold/1", "name", "name", &["Straße", "ａｌｉｃｅ　Ｓｍｉｔｈ", "张三"]),
];

fn policy() -> Policy {
    let mut fields: Vec<String> = ["bytes", "text", "i64", "f64", "bool", "decimal", "date", "timestamp", "json"]
        .iter()
        .map(|kind| {
            format!(
                r#"{{"table":"t","column":"c_{kind}","type":"{kind}","storage":"cell","class":["personal"],"bind":"row",
                    "indexes":[{{"label":"i","kind":"exact","normaliser":"none/1","bits":63}}]}}"#
            )
        })
        .collect();
    for (at, (normaliser, content, mask, _)) in TEXTS.iter().enumerate() {
        let mask = if mask.is_empty() {
            String::new()
        } else {
            format!(r#","mask":{{"kind":"{mask}","class":"internal"}}"#)
        };
        fields.push(format!(
            r#"{{"table":"t","column":"n{at}","type":"text","content":"{content}","storage":"cell","class":["sensitive"],
                "bind":"row","indexes":[{{"label":"i","kind":"exact","normaliser":"{normaliser}","bits":63}}]{mask}}}"#
        ));
    }
    let json = format!(r#"{{"tenantseal_policy":1,"version":1,"fields":[{}]}}"#, fields.join(","));
    Policy::from_json(json.as_bytes()).unwrap()
}

fn value<'t>(kind: &str, text: &'t str, bytes: &'t [u8]) -> Value<'t> {
    match kind {
        "bytes" => Value::Bytes(bytes),
        "i64" => Value::I64(text.parse().unwrap()),
        "f64" => Value::F64(text.parse().unwrap()),
        "bool" => Value::Bool(text.parse().unwrap()),
        "decimal" => Value::Decimal(text),
        "date" => Value::Date(text.parse().unwrap()),
        "timestamp" => Value::Timestamp(text.parse().unwrap()),
        "json" => Value::Json(text),
        _ => Value::Text(text),
    }
}

fn text_of(opened: &Opened) -> String {
    match opened.value().unwrap() {
        Value::Bool(truth) => truth.to_string(),
        Value::Bytes(bytes) => hex(bytes),
        Value::Date(date) => date.to_string(),
        Value::F64(number) => number.to_string(),
        Value::I64(number) => number.to_string(),
        Value::Decimal(text) | Value::Json(text) | Value::Text(text) => text.to_owned(),
        Value::Timestamp(time) => time.to_string(),
        _ => panic!("a type without a text"),
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn bless() -> Json {
    let keys = Keyring::in_memory(&kek()).unwrap();
    keys.create_tenant("t-1001").unwrap();
    let records: Vec<Vec<u8>> = keys.records().unwrap().iter().map(Record::to_bytes).collect();
    let (mut cells, mut tokens) = (Vec::new(), Vec::new());
    for suite in Suite::ALL {
        let keys = keyring(&records, &options(*suite));
        let tenant = keys.tenant("t-1001").unwrap();
        for (row, (kind, text)) in (1..).zip(VALUES) {
            let bytes = if kind == "bytes" { unhex(text) } else { Vec::new() };
            let field: Field = tenant.field(&format!("t.c_{kind}")).unwrap();
            let cell = field.seal(row, value(kind, text, &bytes)).unwrap();
            cells.push(json!({"type": kind, "row": row, "value": text, "bytes": hex(&cell)}));
            if *suite == Suite::default() {
                let token = field.index("i").unwrap().token(value(kind, text, &bytes)).unwrap();
                tokens.push(
                    json!({"field": format!("t.c_{kind}"), "type": kind, "value": text, "token": token}),
                );
            }
        }
        if *suite == Suite::default() {
            for (at, (_, _, _, values)) in TEXTS.iter().enumerate() {
                let field = tenant.field(&format!("t.n{at}")).unwrap();
                for text in *values {
                    let token = field.index("i").unwrap().token(*text).unwrap();
                    let masked = field.open(1, field.seal(1, *text).unwrap()).unwrap().masked();
                    tokens.push(
                        json!({"field": format!("t.n{at}"), "type": "text", "value": text, "token": token,
                        "masked": masked}),
                    );
                }
            }
        }
    }
    let records: Vec<String> = records.iter().map(|record| hex(record)).collect();
    json!({"about": "Made by this project, once; every later version opens them. Bytes in hexadecimal.",
        "records": records, "cells": cells, "tokens": tokens})
}

fn keyring(records: &[Vec<u8>], options: &KeyringOptions) -> Keyring {
    let keys = Keyring::from_records(&kek(), records, options).unwrap();
    keys.install_policy(policy()).unwrap();
    keys
}

#[test]
fn values_of_every_type_open_and_tokens_are_the_same() {
    if env::var("TENANTSEAL_BLESS").is_ok() {
        fs::write(PATH, format!("{:#}\n", bless())).unwrap();
    }
    let vectors: Json = serde_json::from_slice(&fs::read(PATH).unwrap()).unwrap();
    let records: Vec<Vec<u8>> =
        vectors["records"].as_array().unwrap().iter().map(|record| unhex(record.as_str().unwrap())).collect();
    let keys = keyring(&records, &KeyringOptions::new());
    let tenant = keys.tenant("t-1001").unwrap();
    let mut opened = 0;
    for cell in vectors["cells"].as_array().unwrap() {
        let text = |name: &str| cell[name].as_str().unwrap();
        let bytes = unhex(text("bytes"));
        if !Suite::ALL.iter().any(|suite| suite.id() == bytes[1]) {
            continue;
        }
        let (field, row) =
            (tenant.field(&format!("t.c_{}", text("type"))).unwrap(), cell["row"].as_i64().unwrap());
        assert_eq!(text_of(&field.open(row, &bytes).unwrap()), text("value"));
        assert!(field.open(row + 1, &bytes).is_err());
        opened += 1;
    }
    assert_eq!(opened, VALUES.len() * Suite::ALL.len());
    let tokens = vectors["tokens"].as_array().unwrap();
    assert_eq!(
        tokens.len(),
        VALUES.len() + TEXTS.iter().map(|(_, _, _, values)| values.len()).sum::<usize>()
    );
    for token in tokens {
        let text = |name: &str| token[name].as_str().unwrap();
        let field = tenant.field(text("field")).unwrap();
        let bytes = if text("type") == "bytes" { unhex(text("value")) } else { Vec::new() };
        let value = value(text("type"), text("value"), &bytes);
        assert_eq!(Some(field.index("i").unwrap().token(value).unwrap()), token["token"].as_i64(), "{token}");
        if let Some(masked) = token["masked"].as_str() {
            assert_eq!(field.open(1, field.seal(1, value).unwrap()).unwrap().masked(), masked);
        }
    }
}
