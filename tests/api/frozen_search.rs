//! Deterministic and padded cells, custom masks and tokens of every kind of index, as they were written once.
//! `TENANTSEAL_BLESS=1` writes the vectors anew, which is right only for what no release has written.

use std::{env, fs};

use serde_json::{Value as Json, json};
use tenantseal::{
    field::{Row, Value},
    tenant::{Keyring, KeyringOptions, Policy, Record, Suite, Tenant},
};

use crate::{
    fixture::{kek, options},
    frozen_fields::{hex, unhex},
    index_kinds,
};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/search_v1.json");

/// Column, row, values in text form.
const TOKENS: [(&str, &str, i64, &[&str]); 12] = [
    ("born", "week", 1, &["1990-02-28"]),
    ("born", "quarter", 1, &["0001-01-01"]),
    ("seen", "day", 1, &["1969-12-31T23:59:59.999999Z"]),
    ("pay", "band", 1, &["-0.01"]),
    ("age", "decade", 1, &["41"]),
    ("age", "fives", 1, &["-41"]),
    ("city", "spread", 1, &["上海"]),
    ("city", "spread", 2, &["上海"]),
    ("city", "start", 7, &["上海"]),
    ("city", "with_age", 1, &["上海", "41"]),
    ("city", "with_both", 1, &["上海", "张三", "41"]),
    ("phone", "once", 1, &["138 0013 8000"]),
];

/// Values that are sealed in each field of [`policy`].
const SEALED: [&str; 4] = ["", "a", "张三", "1234567890123456"];

/// The policy of every kind of index, an index of each number of bits, and fields that are padded, deterministic or both.
fn policy() -> Policy {
    let mut json: Json = serde_json::from_str(index_kinds::POLICY).unwrap();
    let fields = json["fields"].as_array_mut().unwrap();
    let cell = |column: &str| json!({"table": "t", "column": column, "type": "text", "storage": "cell", "class": ["personal"], "bind": "row"});
    let mut bits = cell("bits");
    let index = |bits: u8| json!({"label": format!("b{bits}"), "kind": "exact", "normaliser": "none/1", "bits": bits});
    bits["indexes"] = (8..=63).map(index).collect();
    fields.push(bits);
    for (name, padding) in [("block", json!({"block": 16})), ("padme", json!("padme"))] {
        let mut padded = cell(&format!("p_{name}"));
        padded["padding"] = padding.clone();
        padded["mask"] = json!({"kind": {"custom": {"first": 2, "last": 1}}, "class": "internal"});
        fields.push(padded);
        let mut deterministic = cell(&format!("d_{name}"));
        deterministic["storage"] = json!("deterministic");
        deterministic["bind"] = json!("unbound");
        deterministic["domain"] = json!(format!("of_{name}"));
        deterministic["padding"] = padding;
        fields.push(deterministic);
    }
    let mut bare = cell("d_bare");
    bare["storage"] = json!("deterministic");
    bare["bind"] = json!("unbound");
    bare["domain"] = json!("bare");
    fields.push(bare);
    Policy::from_json(json.to_string().as_bytes()).unwrap()
}

fn keyring(records: &[Vec<u8>], options: &KeyringOptions) -> Keyring {
    let keys = Keyring::from_records(&kek(), records, options).unwrap();
    keys.install_policy(policy()).unwrap();
    keys
}

fn row_of(column: &str) -> Row<'static> {
    if column.starts_with("d_") { Row::UNBOUND } else { Row::from(1) }
}

fn token(tenant: &Tenant, column: &str, index: &str, row: i64, values: &[&str]) -> Json {
    let values: Vec<Value<'_>> = values.iter().map(|value| Value::Written(value)).collect();
    let index = tenant.field(&format!("t.{column}")).unwrap().index(index).unwrap();
    if index.rule().bits == 128 {
        return index.unique(values[0]).unwrap().iter().map(|token| json!(hex(token))).collect();
    }
    json!(index.token_of(row, &values).unwrap())
}

fn tokens(tenant: &Tenant) -> Vec<Json> {
    let named = TOKENS.map(|(column, index, row, values)| {
        json!({"column": column, "index": index, "row": row, "values": values,
               "token": token(tenant, column, index, row, values)})
    });
    let bits = (8..=63).map(|bits| {
        let index = format!("b{bits}");
        json!({"column": "bits", "index": index, "row": 1, "values": ["张三"], "token": token(tenant, "bits", &index, 1, &["张三"])})
    });
    named.into_iter().chain(bits).collect()
}

fn bless() -> Json {
    let keys = Keyring::in_memory(&kek()).unwrap();
    keys.create_tenant("t-1001").unwrap();
    keys.rotate_index("t-1001").unwrap();
    let records: Vec<Vec<u8>> = keys.records().unwrap().iter().map(Record::to_bytes).collect();
    let mut cells = Vec::new();
    for suite in Suite::ALL {
        let tenant = keyring(&records, &options(*suite)).tenant("t-1001").unwrap();
        for column in ["p_block", "p_padme", "d_block", "d_padme", "d_bare"] {
            for value in SEALED {
                let field = tenant.field(&format!("t.{column}")).unwrap();
                let cell = field.seal(row_of(column), value).unwrap();
                let masked = field.open(row_of(column), &cell).unwrap().masked();
                cells.push(json!({"column": column, "value": value, "bytes": hex(&cell), "masked": masked}));
            }
        }
    }
    let tenant = keyring(&records, &KeyringOptions::new()).tenant("t-1001").unwrap();
    let records: Vec<String> = records.iter().map(|record| hex(record)).collect();
    json!({"about": "Made by this project, once; every later version opens them. Bytes in hexadecimal.",
        "records": records, "cells": cells, "tokens": tokens(&tenant)})
}

#[test]
fn cells_open_and_tokens_are_the_same() {
    if env::var("TENANTSEAL_BLESS").is_ok() {
        fs::write(PATH, format!("{:#}\n", bless())).unwrap();
    }
    let vectors: Json = serde_json::from_slice(&fs::read(PATH).unwrap()).unwrap();
    let records: Vec<Vec<u8>> =
        vectors["records"].as_array().unwrap().iter().map(|record| unhex(record.as_str().unwrap())).collect();
    let mut opened = 0;
    for suite in Suite::ALL {
        let tenant = keyring(&records, &options(*suite)).tenant("t-1001").unwrap();
        for cell in vectors["cells"].as_array().unwrap() {
            let text = |name: &str| cell[name].as_str().unwrap();
            let (bytes, column) = (unhex(text("bytes")), text("column"));
            let suites = [suite.id(), if column.starts_with("d_") { 2 } else { suite.id() }];
            if !suites.contains(&bytes[1]) || (bytes[1] == 2 && *suite != Suite::default()) {
                continue;
            }
            let field = tenant.field(&format!("t.{column}")).unwrap();
            let value = field.open(row_of(column), &bytes).unwrap();
            assert_eq!((value.text(), value.masked().as_str()), (Ok(text("value")), text("masked")));
            if column.starts_with("d_") {
                assert_eq!(field.seal(Row::UNBOUND, text("value")).unwrap(), bytes, "{column}");
            }
            opened += 1;
        }
    }
    assert_eq!(opened, 5 * SEALED.len() * Suite::ALL.len());
    let tenant = keyring(&records, &KeyringOptions::new()).tenant("t-1001").unwrap();
    let expected = vectors["tokens"].as_array().unwrap();
    assert_eq!(expected.len(), TOKENS.len() + 56);
    assert_eq!(&tokens(&tenant), expected);
}
