//! Section 13 of FORMAT.md, row by row: what a vault notices of a change by somebody without a key, and what not.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout, missing_docs)]

use rusqlite::Connection;
use tempfile::TempDir;
use tenantseal::{
    Error,
    tenant::{Kek, Keyring, Policy},
};
use tenantseal_store::{
    Fields, Record,
    blocking::{TenantVault, Vault},
};

const POLICY: &str = r#"{"tenantseal_policy":1,"version":1,"compartments":["hr"],"fields":[
    {"table":"member","column":"mobile","type":"text","content":"mobile_cn","storage":"cell","class":["personal"],
     "bind":"row","compartments":["hr"],"mask":{"kind":"mobile_cn","class":"internal"},
     "indexes":[{"label":"exact","kind":"exact","normaliser":"mobile_cn/1","bits":40},
                {"label":"once","kind":"unique","normaliser":"mobile_cn/1","bits":128}]},
    {"table":"member","column":"other","type":"text","content":"mobile_cn","storage":"cell","class":["personal"],"bind":"row",
     "mask":{"kind":"mobile_cn","class":"internal"}},
    {"table":"member","column":"loose","type":"text","storage":"cell","class":["personal"],"bind":"unbound"},
    {"table":"member","column":"phone","type":"text","storage":"deterministic","class":["personal"],"bind":"unbound",
     "domain":"phones"},
    {"table":"asset","column":"phone","type":"text","storage":"deterministic","class":["personal"],"bind":"unbound",
     "domain":"phones"}]}"#;

/// What a search, a reading and a listing of rows 1 and 2 say.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    /// Of the value of row 1, then of row 2.
    found: [Result<Vec<i64>, Error>; 2],
    read: [Result<Vec<(String, String)>, Error>; 2],
    listed: Result<Vec<Vec<(String, String)>>, Error>,
}

struct Database {
    folder: TempDir,
    vault: TenantVault,
}

impl Database {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
        keys.install_policy(Policy::from_json(POLICY.as_bytes()).unwrap()).unwrap();
        for tenant in ["t-1", "t-2"] {
            keys.create_tenant(tenant).unwrap();
        }
        let vault = Vault::open(folder.path().join("v.db"), &keys).unwrap().tenant("t-1").unwrap();
        for (mobile, name) in [("13800138001", "one"), ("13800138002", "two")] {
            let fields = Fields::new().set("mobile", mobile).set("other", mobile).set("loose", name);
            vault.insert("member", fields.set("phone", name)).unwrap();
        }
        Self { folder, vault }
    }

    fn sql(&self, sql: &str) {
        Connection::open(self.folder.path().join("v.db")).unwrap().execute_batch(sql).unwrap();
    }

    fn seen(&self) -> Seen {
        let found = ["13800138001", "13800138002"].map(|mobile| {
            let rows = self.vault.find("member.mobile", "exact", mobile)?;
            Ok(rows.iter().map(Record::id).collect())
        });
        let read = [1, 2].map(|id| {
            let record = self.vault.get("member", id)?;
            let columns = |record: &Record| {
                let text =
                    |column: &str| (column.to_owned(), record.text(column).unwrap().unwrap().to_owned());
                record.columns().map(text).collect()
            };
            Ok(record.as_ref().map_or_else(Vec::new, columns))
        });
        let listed = self.vault.list_masked("member", 0, 10).map(|rows| {
            let shown = |column: &str, row: &tenantseal_store::Masked| {
                (column.to_owned(), row.shown(column).unwrap().to_owned())
            };
            rows.iter().map(|row| row.columns().map(|column| shown(column, row)).collect()).collect()
        });
        Seen { found, read, listed }
    }
}

/// What of a change is noticed.
enum Noticed {
    /// A listing fails.
    ByListing(Error),
    /// A reading of row 2, or of the row where it is, fails, and a search that opens it.
    ByReading(Error),
    /// Nothing fails, and something else is seen than before.
    No,
    /// Nothing fails, and the same is seen as before.
    NoAndNothingChanges,
}

#[test]
fn what_is_noticed_is_what_the_format_says() {
    use Noticed::{ByListing, ByReading, No, NoAndNothingChanges};

    let of = |column: &str, row: i64| format!("(SELECT {column} FROM member WHERE id = {row})");
    let set = |column: &str, to: &str| format!("UPDATE member SET {column} = {to} WHERE id = 2");
    let flip = "substr(mobile, 1, 40) || x'00' || substr(mobile, 42)";
    let cases = [
        ("a bit of a cell", set("mobile", &format!("CAST({flip} AS BLOB)")), ByReading(Error::Open)),
        ("a cell cut short", set("mobile", "substr(mobile, 1, length(mobile) - 1)"), ByReading(Error::Open)),
        ("a cell of another row", set("mobile", &of("mobile", 1)), ByReading(Error::Open)),
        ("a cell of another column", set("mobile", "other"), ByReading(Error::UnknownKey)),
        ("a mask in the place of a value", set("mobile", "mobile__mask"), ByReading(Error::UnknownKey)),
        ("a value in the place of a mask", set("mobile__mask", "mobile"), ByListing(Error::UnknownKey)),
        ("a mask of another row", set("mobile__mask", &of("mobile__mask", 1)), ByListing(Error::Open)),
        ("a mask of another column", set("mobile__mask", "other__mask"), ByListing(Error::UnknownKey)),
        ("a mask removed", set("mobile__mask", "NULL"), No),
        ("another compartment", set("compartment", "'hr'"), ByReading(Error::UnknownKey)),
        ("an unbound cell moved", set("loose", &of("loose", 1)), No),
        ("a deterministic cell moved", set("phone", &of("phone", 1)), No),
        ("a deterministic cell in a cell's place", set("loose", "phone"), ByReading(Error::UnknownKey)),
        ("a cell in a deterministic cell's place", set("phone", "loose"), ByReading(Error::UnknownKey)),
        ("a cell removed", set("mobile", "NULL"), No),
        ("a token altered", set("mobile__ix_exact", "mobile__ix_exact + 1"), No),
        ("a token copied", set("mobile__ix_exact", &of("mobile__ix_exact", 1)), No),
        ("a token removed", set("mobile__ix_exact", "NULL"), NoAndNothingChanges),
        ("unique bytes removed", set("mobile__ix_once", "NULL"), NoAndNothingChanges),
        ("claims removed", "DELETE FROM tenantseal_unique".to_owned(), NoAndNothingChanges),
        ("a row removed", "DELETE FROM member WHERE id = 2".to_owned(), No),
        ("a row of another tenant", set("tenant", "CAST('t-2' AS BLOB)"), No),
    ];
    let mut tried = 0;
    for (name, sql, noticed) in cases {
        let database = Database::new();
        let before = database.seen();
        database.sql(&sql);
        let after = database.seen();
        match noticed {
            ByListing(error) => {
                assert_eq!(after.listed.as_ref().err(), Some(&error), "{name}");
                assert_eq!((&after.read, &after.found), (&before.read, &before.found), "{name}");
            }
            ByReading(error) => {
                assert_eq!(after.read[1].as_ref().err(), Some(&error), "{name}");
                assert_eq!(after.found[1].as_ref().err(), Some(&error), "{name}");
                assert_eq!((&after.read[0], &after.found[0]), (&before.read[0], &before.found[0]), "{name}");
            }
            No => {
                assert!(after.listed.is_ok() && after.read.iter().all(Result::is_ok), "{name}: {after:?}");
                assert!(after.found.iter().all(Result::is_ok), "{name}: {after:?}");
                assert_ne!(after, before, "{name}");
                // A search may miss a row; it gives none that does not match.
                assert_eq!(after.found[0], before.found[0], "{name}");
                assert!(after.found[1].as_ref().unwrap().iter().all(|row| *row == 2), "{name}");
            }
            NoAndNothingChanges => assert_eq!(after, before, "{name}"),
        }
        tried += 1;
    }
    println!("{tried} changes behind a vault's back, each noticed or not as FORMAT.md says");
    assert_eq!(tried, 22);
}

#[test]
fn an_earlier_cell_and_an_earlier_mask_of_the_same_place_are_not_noticed() {
    let database = Database::new();
    database.sql("CREATE TABLE old AS SELECT mobile, mobile__mask FROM member WHERE id = 2");
    database.vault.update("member", 2, Fields::new().set("mobile", "13900139000")).unwrap();
    database.sql("UPDATE member SET mobile = (SELECT mobile FROM old) WHERE id = 2");
    let read = database.vault.get("member", 2).unwrap().unwrap();
    assert_eq!(read.text("mobile"), Ok(Some("13800138002")));
    let shown = |database: &Database| {
        database.vault.list_masked("member", 1, 1).unwrap()[0].shown("mobile").unwrap().to_owned()
    };
    assert_eq!(shown(&database), "139****9000");
    database.sql("UPDATE member SET mobile__mask = (SELECT mobile__mask FROM old) WHERE id = 2");
    assert_eq!(shown(&database), "138****8002");
}

#[test]
fn a_value_whose_claims_and_bytes_were_removed_is_still_found_taken() {
    let database = Database::new();
    database.sql("DELETE FROM tenantseal_unique; UPDATE member SET mobile__ix_once = NULL");
    let again = database.vault.insert("member", Fields::new().set("mobile", "13800138001"));
    assert_eq!(again.err(), Some(Error::AlreadyExists));
    database.sql("UPDATE member SET mobile__ix_once = x'00'");
    let again = database.vault.insert("member", Fields::new().set("mobile", "13800138001"));
    assert!(again.is_ok(), "altered together, they are not noticed");
}
