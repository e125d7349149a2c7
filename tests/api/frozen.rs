//! What version 1 of the formats wrote once opens for ever.

use std::fs;

use serde_json::Value;
use tenantseal::{
    Error,
    field::{Field, Key, Row},
    tenant::{Keyring, KeyringOptions},
};

use crate::fixture::{kek, passphrase, policy};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/frozen_v1.json")).unwrap()
}

fn text<'v>(vector: &'v Value, key: &str) -> &'v str {
    vector[key].as_str().unwrap_or_else(|| panic!("no {key}"))
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn keyring(vectors: &Value) -> Keyring {
    let records = vectors["records"].as_array().unwrap().iter().map(|record| bytes(record.as_str().unwrap()));
    let keys = Keyring::from_records(&kek(), records, &KeyringOptions::new()).unwrap();
    keys.install_policy(keys.policy_from_bytes(&bytes(text(vectors, "policy"))).unwrap()).unwrap();
    keys
}

fn field(keys: &Keyring, vector: &Value) -> Field {
    let field = keys.tenant("t-1001").unwrap().field(text(vector, "field")).unwrap();
    match vector["compartment"].as_str() {
        None | Some("") => field,
        Some(compartment) => field.compartment(compartment).unwrap(),
    }
}

#[test]
fn cells_open() {
    let vectors = vectors();
    let keys = keyring(&vectors);
    assert_eq!(*keys.policy().unwrap(), policy());
    let cells = vectors["cells"].as_array().unwrap();
    assert!(cells.len() >= 8);
    for cell in cells {
        let (field, row, sealed) =
            (field(&keys, cell), cell["row"].as_i64().unwrap(), bytes(text(cell, "bytes")));
        let opened = match text(cell, "what") {
            "mask" => field.mask().unwrap().open(row, &sealed).unwrap(),
            _ => field.open(row, &sealed).unwrap().text().unwrap().to_owned(),
        };
        assert_eq!(opened, text(cell, "value"), "{}", text(cell, "what"));
        assert!(field.open(row + 1, &sealed).is_err());
    }
    let natural = &vectors["natural"];
    let parts: Vec<Key<'_>> =
        natural["keys"].as_array().unwrap().iter().map(|k| Key::Text(k.as_str().unwrap())).collect();
    let opened = field(&keys, natural).open(Row::natural(&parts), bytes(text(natural, "bytes"))).unwrap();
    assert_eq!(opened.expose_secret(), bytes(text(natural, "value")));
    let unbound = &vectors["unbound"];
    let opened = field(&keys, unbound).open(Row::UNBOUND, bytes(text(unbound, "bytes"))).unwrap();
    assert_eq!(opened.expose_secret(), bytes(text(unbound, "value")));
}

#[test]
fn what_must_be_refused_is_refused_with_its_code() {
    let refused: Value = serde_json::from_str(include_str!("../vectors/refused_v1.json")).unwrap();
    let keys = keyring(&vectors());
    let cells = refused["cells"].as_array().unwrap();
    assert!(cells.len() >= 20);
    for cell in cells {
        let outcome = field(&keys, cell).open(cell["row"].as_i64().unwrap(), bytes(text(cell, "bytes")));
        let code = outcome.err().map(|error| i64::from(error.code()));
        assert_eq!(code, cell["code"].as_i64(), "{}", text(cell, "what"));
    }
}

#[test]
fn tokens_are_the_same() {
    let vectors = vectors();
    let mobile = keyring(&vectors).tenant("t-1001").unwrap().field("member.mobile").unwrap();
    let value = text(&vectors["tokens"], "value");
    let expected: Vec<i64> =
        vectors["tokens"]["exact"].as_array().unwrap().iter().map(|token| token.as_i64().unwrap()).collect();
    // Two epochs; the class that the field had before gives two more, which no row of these vectors has.
    let lookup = mobile.index("exact").unwrap().lookup(value).unwrap();
    assert_eq!(lookup.len(), 4);
    assert!(expected.iter().all(|token| lookup.contains(token)));
    assert_eq!(mobile.index("exact").unwrap().token(value).unwrap(), expected[0]);
    assert_eq!(
        Some(mobile.index("short").unwrap().token(value).unwrap()),
        vectors["tokens"]["short"].as_i64()
    );
}

#[test]
fn the_key_file_opens() {
    let vectors = vectors();
    let file = &vectors["key_file"];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.ts");
    fs::write(&path, bytes(text(file, "bytes"))).unwrap();
    let keys = Keyring::open(&path, &passphrase()).unwrap();
    let cell = &file["cell"];
    let mobile = keys.tenant_by_alias(text(file, "alias")).unwrap().field(text(cell, "field")).unwrap();
    let opened = mobile.open(cell["row"].as_i64().unwrap(), bytes(text(cell, "bytes"))).unwrap();
    assert_eq!(opened.text().unwrap(), text(cell, "value"));
    assert_eq!(
        Keyring::open(&path, &"another passphrase".try_into().unwrap()).err(),
        Some(Error::Passphrase)
    );
}
