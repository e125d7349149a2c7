//! A module that calls its own things what the macro's are called.
#![allow(dead_code, non_camel_case_types, reason = "these names are the point")]

use tenantseal::tenant::{Keyring, Policy};

use super::kek;

struct Result;
struct Option;
struct Ok;
struct Some;
struct None;
struct Vec;
struct Box;
struct Default;
struct Record;
struct Value;
struct str;
mod core {}
mod std {}
mod tenantseal_derive {}
const SHAPE_0: u8 = 0;
fn row() {}
fn id() {}

#[derive(::tenantseal::field::Record)]
#[record(table = "row")]
struct Row {
    #[record(id)]
    row: i64,
    #[record(cell, class = "personal", index(label = "id", exact, bits = 63))]
    id: ::std::option::Option<::std::string::String>,
    #[record(cell, class = "personal")]
    r#type: ::std::vec::Vec<u8>,
    #[record(skip)]
    columns: u8,
}

/// What a macro by example writes stands in groups that nobody sees.
macro_rules! record {
    ($name:ident, $($field:ident: $ty:ty),*) => {
        #[derive(::tenantseal::field::Record)]
        #[record(table = "made")]
        struct $name {
            $(#[record(cell, unbound, class = "personal")] $field: $ty,)*
        }
    };
}

record!(Made, a: ::std::option::Option<::std::vec::Vec<u8>>, b: ::std::string::String);

#[test]
fn a_module_may_have_names_of_its_own() {
    use ::tenantseal::field::Record as _;

    let keys = Keyring::in_memory(&kek()).unwrap();
    let policy = Policy::of_records(1, &[], [Row::fields(), Made::fields()]).unwrap();
    keys.install_policy(policy).unwrap();
    let tenant = keys.create_tenant("t").unwrap();
    let value = Row { row: 7, id: "a".to_owned().into(), r#type: b"b".to_vec(), columns: 9 };
    let opened = Row::open(&tenant, 7, &value.seal(&tenant).unwrap()).unwrap();
    assert_eq!(
        (opened.row, opened.id.as_deref(), opened.r#type.as_slice()),
        (7, "a".into(), b"b".as_slice())
    );
    assert_eq!(opened.columns, 0, "a skipped field is its default");
    let made = Made { a: b"a".to_vec().into(), b: "b".to_owned() };
    let opened = Made::open(&tenant, (), &made.seal(&tenant).unwrap()).unwrap();
    assert_eq!((opened.a, opened.b), (made.a, made.b));
}
