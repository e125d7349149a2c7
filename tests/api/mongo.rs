//! A row as a MongoDB document: cells are Binary (subtype 0), tokens Int64, and everything comes back from BSON as it was.

use bson::{Bson, Document, doc, spec::BinarySubtype};
use tenantseal::{
    field::{Row, Value},
    tenant::{Keyring, Policy},
};

use crate::fixture::kek;

const POLICY: &str = r#"{"tenantseal_policy":1,"version":1,"fields":[
    {"table":"member","column":"mobile","type":"text","content":"mobile_cn","storage":"cell","class":["personal"],"bind":"row",
     "mask":{"kind":"mobile_cn","class":"internal"},
     "indexes":[{"label":"exact","kind":"exact","normaliser":"mobile_cn/1","bits":63},
                {"label":"once","kind":"unique","normaliser":"mobile_cn/1","bits":128}]},
    {"table":"member","column":"born","type":"date","storage":"cell","class":["personal"],"bind":"row",
     "indexes":[{"label":"year","kind":{"bucket":{"months":12}},"normaliser":"none/1","bits":16}]},
    {"table":"member","column":"phone","type":"text","storage":"deterministic","class":["personal"],"bind":"unbound",
     "domain":"phones"}]}"#;

fn binary(bytes: Vec<u8>) -> Bson {
    Bson::Binary(bson::Binary { subtype: BinarySubtype::Generic, bytes })
}

fn cell<'d>(document: &'d Document, name: &str) -> &'d [u8] {
    match document.get(name) {
        Some(Bson::Binary(bson::Binary { subtype: BinarySubtype::Generic, bytes })) => bytes,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn a_document_keeps_cells_masks_and_tokens() {
    let keys = Keyring::in_memory(&kek()).unwrap();
    keys.install_policy(Policy::from_json(POLICY.as_bytes()).unwrap()).unwrap();
    let tenant = keys.create_tenant("t-1001").unwrap();
    let field = |column: &str| tenant.field(&format!("member.{column}")).unwrap();
    // An ObjectId is a row by its 12 bytes.
    let id = bson::oid::ObjectId::new();
    let bytes = id.bytes();
    let row = Row::from(bytes.as_slice());
    let (mobile, born) = (field("mobile"), Value::Written("1990-02-28"));
    let once = mobile.index("once").unwrap().unique("13800138000").unwrap();
    let document = doc! {
        "_id": id,
        "tenant": "t-1001",
        "compartment": "",
        "mobile": binary(mobile.seal(row, "13800138000").unwrap()),
        "mobile__mask": binary(mobile.mask().unwrap().seal(row, "13800138000").unwrap()),
        "mobile__ix_exact": Bson::Int64(mobile.index("exact").unwrap().token("13800138000").unwrap()),
        // All live epochs in one array: a unique multikey index over it keeps them apart.
        "mobile__ix_once": once.iter().map(|token| binary(token.to_vec())).collect::<Vec<_>>(),
        "born": field("born").seal_text(row, born).unwrap(),
        "born__ix_year": Bson::Int64(field("born").index("year").unwrap().token(born).unwrap()),
        "phone": binary(field("phone").seal(Row::UNBOUND, "110").unwrap()),
    };
    let stored = document.to_vec().unwrap();
    let read = Document::from_reader(stored.as_slice()).unwrap();
    assert_eq!(read, document);
    let id = read.get_object_id("_id").unwrap().bytes();
    let row = Row::from(id.as_slice());
    assert_eq!(mobile.open(row, cell(&read, "mobile")).unwrap().text(), Ok("13800138000"));
    assert_eq!(mobile.mask().unwrap().open(row, cell(&read, "mobile__mask")).unwrap(), "138****8000");
    let tokens = mobile.index("exact").unwrap().lookup("+86 138 0013 8000").unwrap();
    assert!(tokens.contains(&read.get_i64("mobile__ix_exact").unwrap()));
    assert_eq!(read.get_array("mobile__ix_once").unwrap().len(), once.len());
    let text = read.get_str("born").unwrap();
    assert_eq!(field("born").open(row, text).unwrap().to_text().unwrap().as_str(), "1990-02-28");
    let cells = field("phone").lookup("110").unwrap();
    assert!(cells.iter().any(|sought| sought == cell(&read, "phone")));
    assert!(mobile.open(Row::from(&[0; 12][..]), cell(&read, "mobile")).is_err(), "another document");
}
