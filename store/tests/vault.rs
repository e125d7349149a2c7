//! The vault on a real SQLite file.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout, missing_docs)]

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;
use tenantseal::{
    Error, StoreError,
    field::Row,
    tenant::{Kek, Keyring, KeyringOptions, Passphrase, PassphraseCost, Policy},
};
use tenantseal_store::{Fields, Masked, Plain, Record, VaultOptions, blocking::Vault};

const POLICY: &str = r#"{"tenantseal_policy":1,"version":1,"compartments":["board"],"fields":[
    {"table":"member","column":"userid","type":"text","storage":"plain","class":["internal"],"bind":"row"},
    {"table":"member","column":"age","type":"i64","storage":"plain","class":["internal"],"bind":"row"},
    {"table":"member","column":"name","type":"text","content":"name","storage":"cell","class":["personal"],
     "bind":"row","compartments":["board"]},
    {"table":"member","column":"mobile","type":"text","content":"mobile_cn","storage":"cell","class":["personal"],
     "bind":"row","compartments":["board"],"mask":{"kind":"mobile_cn","class":"internal"},
     "indexes":[{"label":"exact","kind":"exact","normaliser":"mobile_cn/1","bits":8}]},
    {"table":"member","column":"badge","type":"bytes","storage":"cell","class":["personal"],
     "bind":{"natural":["userid"]}},
    {"table":"asset","column":"note","type":"text","storage":"cell","class":["internal"],"bind":"row"}]}"#;

struct Fixture {
    folder: TempDir,
    keys: Keyring,
}

impl Fixture {
    fn new() -> Self {
        let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
        keys.install_policy(Policy::from_json(POLICY.as_bytes()).unwrap()).unwrap();
        for id in ["t-1001", "t-2002"] {
            keys.create_tenant(id).unwrap();
        }
        Self { folder: tempfile::tempdir().unwrap(), keys }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("vault.db")
    }

    fn vault(&self) -> Vault {
        Vault::open(self.path(), &self.keys).unwrap()
    }

    fn sql(&self) -> Connection {
        Connection::open(self.path()).unwrap()
    }
}

fn zhang() -> Fields {
    Fields::new()
        .set("userid", "zhangsan")
        .set_plain("age", Plain::I64(41))
        .set("name", "张三")
        .set("mobile", "13800138000")
        .set_bytes("badge", &[1, 2, 3])
}

fn bytes_on_disk(folder: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap();
    files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

fn schema_error<T>(result: Result<T, Error>) {
    assert_eq!(result.err(), Some(Error::Store(StoreError::Schema)));
}

#[test]
fn a_row_is_sealed_found_listed_changed_and_deleted() {
    let fixture = Fixture::new();
    let acme = fixture.vault().tenant("t-1001").unwrap();
    let id = acme.insert("member", zhang()).unwrap();
    let other =
        acme.insert("member", Fields::new().set("name", "李四").set("mobile", "13900139000")).unwrap();
    assert!(other > id);

    let row = acme.get("member", id).unwrap().unwrap();
    assert_eq!(row.text("name").unwrap(), Some("张三"));
    assert_eq!(row.text("mobile").unwrap(), Some("13800138000"));
    assert_eq!(row.text("userid").unwrap(), Some("zhangsan"));
    assert_eq!(row.plain("age"), Some(&Plain::I64(41)));
    assert_eq!(row.opened("badge").unwrap().expose_secret(), [1, 2, 3]);
    assert_eq!(row.text("badge").err(), Some(Error::WrongType));
    assert_eq!(row.text("age").err(), Some(Error::WrongType));
    assert!(acme.get("member", other).unwrap().unwrap().opened("badge").is_none());

    let found = acme.find("member.mobile", "exact", "+86 138 0013 8000").unwrap();
    assert_eq!(found.iter().map(Record::id).collect::<Vec<_>>(), [id]);

    let listed = acme.list_masked("member", 0, 10).unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0].shown("mobile"), Some("138****8000"));
    assert_eq!(listed[0].shown("name"), Some("****"));
    assert_eq!(listed[0].shown("userid"), Some("zhangsan"));
    assert_eq!(listed[1].shown("userid"), None);
    assert_eq!(acme.list_masked("member", id, 10).unwrap()[0].id(), other);
    assert_eq!(acme.list_masked("member", 0, 1).unwrap().len(), 1);

    assert!(acme.update("member", id, Fields::new().set("mobile", "13700137000")).unwrap());
    assert!(acme.find("member.mobile", "exact", "13800138000").unwrap().is_empty());
    assert_eq!(
        acme.find("member.mobile", "exact", "13700137000").unwrap()[0].text("name").unwrap(),
        Some("张三")
    );
    assert_eq!(acme.list_masked("member", 0, 1).unwrap()[0].shown("mobile"), Some("137****7000"));
    assert!(acme.update("member", id, Fields::new().set_null("mobile")).unwrap());
    assert!(acme.find("member.mobile", "exact", "13700137000").unwrap().is_empty());
    assert_eq!(acme.list_masked("member", 0, 1).unwrap()[0].shown("mobile"), None);
    let left = "SELECT coalesce(mobile, mobile__mask, mobile__ix_exact) IS NULL FROM member WHERE id = ?1";
    assert!(fixture.sql().query_row(left, [id], |row| row.get::<_, bool>(0)).unwrap());

    assert!(acme.delete("member", id).unwrap());
    assert!(!acme.delete("member", id).unwrap() && acme.get("member", id).unwrap().is_none());
    assert!(!acme.update("member", id, Fields::new().set("name", "x")).unwrap());
    assert!(acme.insert("member", zhang()).unwrap() > other, "an id is never used again");
}

#[test]
fn nothing_sealed_is_on_the_disk_in_clear() {
    let fixture = Fixture::new();
    let vault = fixture.vault();
    vault.tenant("t-1001").unwrap().insert("member", zhang()).unwrap();
    let bytes = bytes_on_disk(fixture.folder.path());
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("zhangsan"), "the control: a plain column is there");
    assert!(!holds("13800138000") && !holds("张三") && !holds("138****8000"));
}

#[test]
fn tenants_do_not_see_each_other() {
    let fixture = Fixture::new();
    let vault = fixture.vault();
    let (acme, other) = (vault.tenant("t-1001").unwrap(), vault.tenant("t-2002").unwrap());
    let id = acme.insert("member", zhang()).unwrap();
    assert!(other.get("member", id).unwrap().is_none());
    assert!(other.find("member.mobile", "exact", "13800138000").unwrap().is_empty());
    assert!(other.list_masked("member", 0, 10).unwrap().is_empty());
    assert!(!other.update("member", id, Fields::new().set("name", "x")).unwrap());
    assert!(!other.delete("member", id).unwrap());
    // A row without a token is a candidate for its own tenant alone.
    fixture.sql().execute("UPDATE member SET mobile__ix_exact = NULL", []).unwrap();
    assert!(other.find("member.mobile", "exact", "13800138000").unwrap().is_empty());
    assert_eq!(acme.find("member.mobile", "exact", "13800138000").unwrap().len(), 1);
    // The row is stolen: the database says that it is the other tenant's.
    fixture.sql().execute("UPDATE member SET tenant = CAST('t-2002' AS BLOB)", []).unwrap();
    assert_eq!(other.get("member", id).err(), Some(Error::UnknownKey));
    assert_eq!(other.list_masked("member", 0, 10).err(), Some(Error::UnknownKey));
    assert_eq!(other.find("member.mobile", "exact", "13800138000").err(), Some(Error::UnknownKey));
    assert_eq!(vault.tenant("nobody").err(), Some(Error::UnknownTenant));
}

#[test]
fn cells_that_were_moved_or_altered_are_noticed() {
    let fixture = Fixture::new();
    let acme = fixture.vault().tenant("t-1001").unwrap();
    let one = acme.insert("member", zhang()).unwrap();
    let two = acme.insert("member", Fields::new().set("name", "李四").set("userid", "lisi")).unwrap();
    for (sql, error) in [
        ("UPDATE member SET name = (SELECT name FROM member WHERE id = ?1) WHERE id = ?2", Error::Open),
        (
            "UPDATE member SET mobile = (SELECT name FROM member WHERE id = ?1) WHERE id = ?2",
            Error::UnknownKey,
        ),
        (
            "UPDATE member SET mobile = (SELECT mobile__mask FROM member WHERE id = ?1) WHERE id = ?2",
            Error::UnknownKey,
        ),
        ("UPDATE member SET badge = (SELECT badge FROM member WHERE id = ?1) WHERE id = ?2", Error::Open),
        ("UPDATE member SET compartment = 'board' WHERE id IN (?1, ?2)", Error::UnknownKey),
        ("UPDATE member SET name = x'00' WHERE id IN (?1, ?2)", Error::Malformed),
        ("UPDATE member SET name = 17 WHERE id IN (?1, ?2)", Error::WrongType),
        (
            "UPDATE member SET userid = 'wangwu', badge = (SELECT badge FROM member WHERE id = ?1) WHERE id = ?2",
            Error::Open,
        ),
    ] {
        let connection = fixture.sql();
        connection.execute_batch("BEGIN").unwrap();
        connection.execute(sql, [one, two]).unwrap();
        connection.execute_batch("COMMIT").unwrap();
        assert_eq!(acme.get("member", two).err(), Some(error), "{sql}");
        connection.execute("DELETE FROM member WHERE id = ?1", [two]).unwrap();
        let fields = Fields::new().set("name", "李四").set("userid", "lisi");
        connection.execute("UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'member'", [two - 1]).unwrap();
        connection.execute("UPDATE member SET compartment = '' WHERE id = ?1", [one]).unwrap();
        assert_eq!(acme.insert("member", fields).unwrap(), two);
    }
}

#[test]
fn compartments_are_found_together_and_sealed_apart() {
    let fixture = Fixture::new();
    let acme = fixture.vault().tenant("t-1001").unwrap();
    let open = acme.insert("member", zhang()).unwrap();
    let board = acme.insert("member", zhang().compartment("board")).unwrap();
    let found = acme.find("member.mobile", "exact", "13800138000").unwrap();
    assert_eq!(found.iter().map(Record::id).collect::<Vec<_>>(), [open, board]);
    assert_eq!(found[1].compartment(), "board");
    let tokens = "SELECT count(DISTINCT mobile__ix_exact), count(DISTINCT substr(mobile, 1, 24)) FROM member";
    let counts = fixture.sql().query_row(tokens, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert!(counts == (2i64, 2i64) || counts == (1, 2), "{counts:?}: eight bits may collide, keys may not");
    assert!(acme.update("member", board, Fields::new().set("mobile", "13600136000")).unwrap());
    assert_eq!(acme.get("member", board).unwrap().unwrap().text("mobile").unwrap(), Some("13600136000"));
    assert_eq!(acme.insert("member", zhang().compartment("absent")).err(), Some(Error::UnknownCompartment));
    assert_eq!(acme.update("member", board, Fields::new().compartment("")).err(), Some(Error::Value));
}

#[test]
fn candidates_that_share_a_token_are_told_apart() {
    let fixture = Fixture::new();
    let acme = fixture.vault().tenant("t-1001").unwrap();
    let mut transaction = acme.begin().unwrap();
    for number in 0..600 {
        let mobile = format!("138{number:08}");
        transaction.insert("member", Fields::new().set("mobile", &mobile)).unwrap();
    }
    transaction.commit().unwrap();
    let shared = "SELECT max(n) FROM (SELECT count(*) AS n FROM member GROUP BY mobile__ix_exact)";
    let most: i64 = fixture.sql().query_row(shared, [], |row| row.get(0)).unwrap();
    assert!(most >= 3, "600 values in 256 tokens");
    for number in (0..600).step_by(50) {
        let mobile = format!("138{number:08}");
        let found = acme.find("member.mobile", "exact", &mobile).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].text("mobile").unwrap(), Some(mobile.as_str()));
    }
}

#[test]
fn rows_survive_rotation_of_roots_and_index() {
    let fixture = Fixture::new();
    let vault = fixture.vault();
    let acme = vault.tenant("t-1001").unwrap();
    let first = acme.insert("member", zhang()).unwrap();
    fixture.keys.rotate_tenant("t-1001").unwrap();
    fixture.keys.rotate_index("t-1001").unwrap();
    let second = acme.insert("member", zhang()).unwrap();
    let found = acme.find("member.mobile", "exact", "13800138000").unwrap();
    assert_eq!(found.iter().map(Record::id).collect::<Vec<_>>(), [first, second]);
}

#[test]
fn renaming_tables_and_columns_loses_nothing() {
    let fixture = Fixture::new();
    let id = fixture.vault().tenant("t-1001").unwrap().insert("member", zhang()).unwrap();
    fixture
        .sql()
        .execute_batch(
            "ALTER TABLE member RENAME TO \"通讯录's \"\"2026\"\"\";
             ALTER TABLE \"通讯录's \"\"2026\"\"\" RENAME COLUMN mobile TO phone;
             ALTER TABLE \"通讯录's \"\"2026\"\"\" RENAME COLUMN mobile__mask TO shown_phone;
             ALTER TABLE \"通讯录's \"\"2026\"\"\" RENAME COLUMN mobile__ix_exact TO phone_token;",
        )
        .unwrap();
    // Forgotten: an error, and no empty table in the old one's place.
    schema_error(Vault::open(fixture.path(), &fixture.keys));
    let partly = VaultOptions::new().sql_name("member", "通讯录's \"2026\"");
    schema_error(Vault::open_with(fixture.path(), &fixture.keys, partly));
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'member'";
    assert_eq!(fixture.sql().query_row(tables, [], |row| row.get::<_, i64>(0)).unwrap(), 0);

    let renamed = VaultOptions::new()
        .sql_name("member", "通讯录's \"2026\"")
        .sql_name("member.mobile", "phone")
        .sql_name("member.mobile#mask", "shown_phone")
        .sql_name("member.mobile#ix.exact", "phone_token");
    for open in [
        Vault::open_with(fixture.path(), &fixture.keys, renamed),
        // Said once, it is remembered.
        Vault::open(fixture.path(), &fixture.keys),
    ] {
        let acme = open.unwrap().tenant("t-1001").unwrap();
        let row = acme.get("member", id).unwrap().unwrap();
        assert_eq!(row.text("mobile").unwrap(), Some("13800138000"));
        assert_eq!(row.text("name").unwrap(), Some("张三"));
        assert_eq!(acme.find("member.mobile", "exact", "13800138000").unwrap()[0].id(), id);
        assert_eq!(acme.list_masked("member", 0, 1).unwrap()[0].shown("mobile"), Some("138****8000"));
    }
}

#[test]
fn a_policy_that_grows_adds_columns_to_tables_that_are_there() {
    let fixture = Fixture::new();
    let id = fixture.vault().tenant("t-1001").unwrap().insert("member", zhang()).unwrap();
    let grown = POLICY.replace("\"version\":1", "\"version\":2").replace(
        "\"fields\":[",
        r#""fields":[{"table":"member","column":"email","type":"text","content":"email","storage":"cell",
           "class":["personal"],"bind":"row"},"#,
    );
    fixture.keys.install_policy(Policy::from_json(grown.as_bytes()).unwrap()).unwrap();
    let acme = fixture.vault().tenant("t-1001").unwrap();
    assert!(acme.update("member", id, Fields::new().set("email", "zhang@example.com")).unwrap());
    let row = acme.get("member", id).unwrap().unwrap();
    assert_eq!(row.text("email").unwrap(), Some("zhang@example.com"));
    assert_eq!(row.text("name").unwrap(), Some("张三"));
}

#[test]
fn a_vault_of_an_older_policy_refuses_to_write_and_to_read() {
    let fixture = Fixture::new();
    let old = fixture.vault().tenant("t-1001").unwrap();
    let id = old.insert("member", zhang()).unwrap();
    let mut begun = old.begin().unwrap();
    let next = POLICY.replace("\"version\":1", "\"version\":2");
    fixture.keys.install_policy(Policy::from_json(next.as_bytes()).unwrap()).unwrap();
    schema_error(begun.insert("member", zhang()));
    drop(begun);
    schema_error(old.insert("member", zhang()));
    schema_error(old.get("member", id));
    assert!(fixture.vault().tenant("t-1001").unwrap().get("member", id).unwrap().is_some());
}

#[test]
fn a_process_with_an_older_policy_neither_writes_nor_reads() {
    let fixture = Fixture::new();
    let kek = Kek::generate().unwrap();
    let process = |version: u32| {
        let none = core::iter::empty::<&[u8]>();
        let keys = Keyring::from_records(&kek, none, &KeyringOptions::new()).unwrap();
        let policy = POLICY.replace("\"version\":1", &format!("\"version\":{version}"));
        keys.install_policy(Policy::from_json(policy.as_bytes()).unwrap()).unwrap();
        keys.create_tenant("t-1001").unwrap();
        keys
    };
    let (old_keys, new_keys) = (process(1), process(2));
    let old = Vault::open(fixture.path(), &old_keys).unwrap().tenant("t-1001").unwrap();
    let id = old.insert("member", zhang()).unwrap();
    Vault::open(fixture.path(), &new_keys).unwrap();
    schema_error(old.insert("member", zhang()));
    schema_error(old.update("member", id, Fields::new().set("name", "x")));
    schema_error(old.delete("member", id));
    schema_error(old.get("member", id));
    schema_error(old.find("member.mobile", "exact", "13800138000"));
    schema_error(old.list_masked("member", 0, 10));
    let mut begun = old.begin().unwrap();
    schema_error(begun.insert("member", zhang()));
    drop(begun);
    schema_error(Vault::open(fixture.path(), &old_keys));
    assert!(Vault::open(fixture.path(), &new_keys).is_ok());
    assert!(Vault::open(fixture.path(), &process(3)).is_ok(), "a newer one takes over");
    schema_error(Vault::open(fixture.path(), &new_keys));
}

#[test]
fn what_another_process_wrote_after_it_rotated_is_found_and_opened() {
    let fixture = Fixture::new();
    let (file, passphrase) =
        (fixture.folder.path().join("keys.ts"), Passphrase::try_from("correct horse battery").unwrap());
    let cost = KeyringOptions::new().passphrase_cost(PassphraseCost::MINIMUM);
    let ours = Keyring::create_with(&file, &passphrase, &cost).unwrap();
    ours.install_policy(Policy::from_json(POLICY.as_bytes()).unwrap()).unwrap();
    ours.create_tenant("t-1001").unwrap();
    let theirs = Keyring::open(&file, &passphrase).unwrap();
    let [acme, other] =
        [&ours, &theirs].map(|keys| Vault::open(fixture.path(), keys).unwrap().tenant("t-1001").unwrap());
    let found = || acme.find("member.mobile", "exact", "13800138000").unwrap().len();
    theirs.rotate_index("t-1001").unwrap();
    other.insert("member", zhang()).unwrap();
    assert_eq!(found(), 1, "by a token of the new epoch");
    theirs.rotate_tenant("t-1001").unwrap();
    let id = other.insert("member", zhang()).unwrap();
    assert!(acme.get("member", id).unwrap().is_some(), "under a key of the new generation");
    let mut begun = acme.begin().unwrap();
    theirs.rotate_index("t-1001").unwrap();
    let id = begun.insert("member", zhang()).unwrap();
    begun.commit().unwrap();
    assert_eq!((found(), acme.list_masked("member", 0, 10).unwrap()[2].id()), (3, id));
}

#[test]
fn a_column_that_another_process_renames_is_missed_and_not_read_as_its_name() {
    let fixture = Fixture::new();
    let acme = fixture.vault().tenant("t-1001").unwrap();
    let id = acme.insert("member", zhang()).unwrap();
    for (from, to) in [("userid", "account"), ("mobile__mask", "m"), ("mobile__ix_exact", "i")] {
        fixture.sql().execute_batch(&format!("ALTER TABLE member RENAME COLUMN {from} TO {to}")).unwrap();
        schema_error(acme.insert("member", zhang()));
        match from {
            "userid" => schema_error(acme.get("member", id)),
            "mobile__mask" => schema_error(acme.list_masked("member", 0, 10)),
            _ => schema_error(acme.find("member.mobile", "exact", "13800138000")),
        }
        fixture.sql().execute_batch(&format!("ALTER TABLE member RENAME COLUMN {to} TO {from}")).unwrap();
        assert!(acme.get("member", id).is_ok());
    }
    // Each name is there, for the other column.
    let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
    let plain = r#"{"tenantseal_policy":1,"version":1,"fields":[
        {"table":"t","column":"a","type":"text","storage":"plain","class":["internal"],"bind":"row"},
        {"table":"t","column":"b","type":"text","storage":"plain","class":["internal"],"bind":"row"}]}"#;
    keys.install_policy(Policy::from_json(plain.as_bytes()).unwrap()).unwrap();
    keys.create_tenant("t").unwrap();
    let path = fixture.folder.path().join("plain.db");
    let open = |options| Vault::open_with(&path, &keys, options).unwrap().tenant("t").unwrap();
    let before = open(VaultOptions::new());
    let id = before.insert("t", Fields::new().set("a", "of a").set("b", "of b")).unwrap();
    let swap = "ALTER TABLE t RENAME COLUMN a TO c; ALTER TABLE t RENAME COLUMN b TO a;
                ALTER TABLE t RENAME COLUMN c TO b;";
    Connection::open(&path).unwrap().execute_batch(swap).unwrap();
    let after = open(VaultOptions::new().sql_name("t.a", "b").sql_name("t.b", "a"));
    assert_eq!(after.get("t", id).unwrap().unwrap().text("a").unwrap(), Some("of a"));
    schema_error(before.get("t", id));
    schema_error(before.update("t", id, Fields::new().set("a", "x")));
    assert!(open(VaultOptions::new()).get("t", id).unwrap().is_some());
    assert!(after.get("t", id).is_ok(), "opening it again under the same names changes nothing");
}

#[test]
fn a_mask_that_comes_later_hides_no_value_that_is_there() {
    let fixture = Fixture::new();
    let mask = r#""mask":{"kind":"mobile_cn","class":"internal"},"#;
    let bare = POLICY.replace(mask, "");
    let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
    keys.install_policy(Policy::from_json(bare.as_bytes()).unwrap()).unwrap();
    keys.create_tenant("t").unwrap();
    let acme = Vault::open(fixture.path(), &keys).unwrap().tenant("t").unwrap();
    acme.insert("member", zhang()).unwrap();
    acme.insert("member", Fields::new().set("name", "no mobile")).unwrap();
    let grown = POLICY.replace("\"version\":1", "\"version\":2");
    keys.install_policy(Policy::from_json(grown.as_bytes()).unwrap()).unwrap();
    let acme = Vault::open(fixture.path(), &keys).unwrap().tenant("t").unwrap();
    acme.insert("member", zhang()).unwrap();
    let listed = acme.list_masked("member", 0, 10).unwrap();
    let shown: Vec<_> = listed.iter().map(|row| row.shown("mobile")).collect();
    assert_eq!(shown, [Some("****"), None, Some("138****8000")]);
}

#[test]
fn a_row_that_the_table_itself_moves_away_is_not_written() {
    let fixture = Fixture::new();
    let acme = fixture.vault().tenant("t-1001").unwrap();
    let trigger = "CREATE TRIGGER away AFTER INSERT ON member BEGIN
                   UPDATE member SET tenant = CAST('t-2002' AS BLOB) WHERE id = new.id; END";
    fixture.sql().execute_batch(trigger).unwrap();
    schema_error(acme.insert("member", zhang()));
    fixture.sql().execute_batch("DROP TRIGGER away").unwrap();
    let rows = "SELECT count(*) FROM member";
    assert_eq!(fixture.sql().query_row(rows, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}

#[test]
fn a_cell_that_is_stored_in_its_text_form_is_read() {
    let fixture = Fixture::new();
    let acme = fixture.vault().tenant("t-1001").unwrap();
    let id = acme.insert("member", zhang()).unwrap();
    let name = fixture.keys.tenant("t-1001").unwrap().field("member.name").unwrap();
    let text = name.seal_text(id, "李四").unwrap();
    fixture.sql().execute("UPDATE member SET name = ?1", [text]).unwrap();
    assert_eq!(acme.get("member", id).unwrap().unwrap().text("name").unwrap(), Some("李四"));
}

#[test]
fn a_plain_value_of_another_type_than_the_policy_says_is_refused() {
    let fixture = Fixture::new();
    let acme = fixture.vault().tenant("t-1001").unwrap();
    let id = acme.insert("member", zhang()).unwrap();
    for value in ["'x'", "1.5", "x'00'"] {
        fixture.sql().execute(&format!("UPDATE member SET age = {value}"), []).unwrap();
        assert_eq!(acme.get("member", id).err(), Some(Error::WrongType), "{value}");
        assert_eq!(acme.list_masked("member", 0, 1).err(), Some(Error::WrongType), "{value}");
    }
}

#[test]
fn a_cell_that_is_bound_to_a_natural_key_can_be_written_anew() {
    let fixture = Fixture::new();
    let acme = fixture.vault().tenant("t-1001").unwrap();
    let id = acme.insert("member", zhang()).unwrap();
    assert!(acme.update("member", id, Fields::new().set_bytes("badge", &[9])).unwrap());
    assert_eq!(acme.get("member", id).unwrap().unwrap().opened("badge").unwrap().expose_secret(), [9]);
    let bare = acme.insert("member", Fields::new().set("name", "x")).unwrap();
    let unbound = acme.update("member", bare, Fields::new().set_bytes("badge", &[9]));
    assert_eq!(unbound.err(), Some(Error::WrongBinding));
}

#[test]
fn a_writer_waits_for_another_and_sees_what_it_wrote() {
    let fixture = Fixture::new();
    let acme = fixture.vault().tenant("t-1001").unwrap();
    let other = fixture.sql();
    other.execute_batch("BEGIN IMMEDIATE; UPDATE sqlite_sequence SET seq = seq").unwrap();
    std::thread::scope(|scope| {
        let inserted = scope.spawn(|| acme.insert("member", zhang()));
        std::thread::sleep(std::time::Duration::from_millis(200));
        assert!(!inserted.is_finished());
        other.execute_batch("INSERT INTO asset (tenant) VALUES (x'00'); COMMIT").unwrap();
        assert!(inserted.join().unwrap().is_ok());
    });
}

#[test]
fn other_writes_of_a_vault_wait_for_its_transaction() {
    let fixture = Fixture::new();
    let acme = fixture.vault().tenant("t-1001").unwrap();
    let mut transaction = acme.begin().unwrap();
    let first = transaction.insert("member", zhang()).unwrap();
    std::thread::scope(|scope| {
        let inserted = scope.spawn(|| acme.insert("member", zhang()));
        let begun = scope.spawn(|| acme.begin().map(drop));
        std::thread::sleep(std::time::Duration::from_millis(200));
        assert!(!inserted.is_finished() && !begun.is_finished());
        transaction.commit().unwrap();
        assert!(inserted.join().unwrap().unwrap() > first);
        begun.join().unwrap().unwrap();
    });
}

#[test]
fn an_index_is_made_for_each_index_of_the_policy() {
    let fixture = Fixture::new();
    let _vault = fixture.vault();
    let sql = "SELECT group_concat(name) FROM pragma_index_info('tenantseal_member.mobile.exact')";
    let columns: String = fixture.sql().query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(columns, "tenant,mobile__ix_exact");
}

#[test]
fn the_label_of_a_column_is_not_a_tables() {
    let fixture = Fixture::new();
    // The column's SQL name is that of a table.
    let policy = POLICY.replace("\"table\":\"asset\"", "\"table\":\"mobile\"");
    let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
    keys.install_policy(Policy::from_json(policy.as_bytes()).unwrap()).unwrap();
    keys.create_tenant("t-1001").unwrap();
    let acme = Vault::open(fixture.path(), &keys).unwrap().tenant("t-1001").unwrap();
    let id = acme.insert("mobile", Fields::new().set("note", "x")).unwrap();
    for label in ["member.mobile", "member.mobile#mask", "member.mobile#ix.exact", "members", ""] {
        let unknown = Some(Error::UnknownField);
        assert_eq!(acme.insert(label, Fields::new()).err(), unknown, "{label}");
        assert_eq!(acme.update(label, id, Fields::new()).err(), unknown, "{label}");
        assert_eq!(acme.delete(label, id).err(), unknown, "{label}");
        assert_eq!(acme.get(label, id).err(), unknown, "{label}");
        assert_eq!(acme.list_masked(label, 0, 10).err(), unknown, "{label}");
    }
    assert_eq!(acme.list_masked("mobile", 0, 10).unwrap().len(), 1);
}

#[test]
fn a_float_that_is_no_number_is_refused() {
    let fixture = Fixture::new();
    let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
    let floats = POLICY.replace(r#""type":"i64""#, r#""type":"f64""#);
    keys.install_policy(Policy::from_json(floats.as_bytes()).unwrap()).unwrap();
    keys.create_tenant("t").unwrap();
    let acme = Vault::open(fixture.path(), &keys).unwrap().tenant("t").unwrap();
    let age = |number| Fields::new().set_plain("age", Plain::F64(number));
    assert_eq!(acme.insert("member", age(f64::NAN)).err(), Some(Error::Value));
    for number in [0.0, 41.5, f64::MIN_POSITIVE, f64::MAX, f64::INFINITY, f64::NEG_INFINITY] {
        let id = acme.insert("member", age(number)).unwrap();
        assert_eq!(acme.get("member", id).unwrap().unwrap().plain("age"), Some(&Plain::F64(number)));
        assert_eq!(acme.update("member", id, age(-f64::NAN)).err(), Some(Error::Value));
    }
}

#[test]
fn a_path_is_a_path_and_no_uri() {
    let fixture = Fixture::new();
    let path = fixture.folder.path().join("file:vault?mode=memory");
    let id = Vault::open(&path, &fixture.keys).unwrap().tenant("t-1001").unwrap().insert("member", zhang());
    assert!(path.exists());
    let again = Vault::open(&path, &fixture.keys).unwrap().tenant("t-1001").unwrap();
    assert!(again.get("member", id.unwrap()).unwrap().is_some());
    // As a URI it would be a database in memory; as a path it is in a folder that is not there.
    assert!(matches!(
        Vault::open("file:absent/vault?mode=memory", &fixture.keys).err(),
        Some(Error::Store(_))
    ));
    for none in ["", ":memory:"] {
        assert_eq!(Vault::open(none, &fixture.keys).err(), Some(Error::Value));
    }
}

#[test]
fn a_table_that_the_vault_did_not_make_must_have_what_rows_need() {
    for table in [
        "CREATE TABLE member (id BIGINT PRIMARY KEY, tenant BLOB, compartment TEXT)",
        "CREATE TABLE member (id INTEGER, tenant BLOB, compartment TEXT)",
        "CREATE TABLE member (id INTEGER PRIMARY KEY, compartment TEXT)",
        "CREATE TABLE member (id INTEGER, tenant BLOB, compartment TEXT, PRIMARY KEY (id, tenant))",
        "CREATE TABLE member (id INTEGER PRIMARY KEY, tenant BLOB)",
        "CREATE TABLE member (id TEXT PRIMARY KEY, tenant BLOB, compartment TEXT)",
        "CREATE TABLE Member (id INTEGER, tenant BLOB PRIMARY KEY, compartment TEXT)",
    ] {
        let fixture = Fixture::new();
        fixture.sql().execute_batch(table).unwrap();
        schema_error(Vault::open(fixture.path(), &fixture.keys));
    }
    let fixture = Fixture::new();
    let own = "CREATE TABLE member (id INTEGER PRIMARY KEY, tenant BLOB, compartment TEXT, note TEXT)";
    fixture.sql().execute_batch(own).unwrap();
    let acme = fixture.vault().tenant("t-1001").unwrap();
    let id = acme.insert("member", zhang()).unwrap();
    assert!(acme.get("member", id).unwrap().is_some());
    fixture.sql().execute_batch("CREATE UNIQUE INDEX own ON member (userid)").unwrap();
    assert_eq!(acme.insert("member", zhang()).err(), Some(Error::Store(StoreError::Constraint)));
}

#[test]
fn an_index_that_comes_later_finds_the_rows_that_were_there() {
    let fixture = Fixture::new();
    let old = fixture.vault().tenant("t-1001").unwrap().insert("member", zhang()).unwrap();
    let grown = POLICY.replace("\"version\":1", "\"version\":2").replace(
        r#""bits":8}"#,
        r#""bits":8},{"label":"later","kind":"exact","normaliser":"mobile_cn/1","bits":40}"#,
    );
    fixture.keys.install_policy(Policy::from_json(grown.as_bytes()).unwrap()).unwrap();
    let acme = fixture.vault().tenant("t-1001").unwrap();
    acme.insert("member", Fields::new().set("mobile", "13900139000")).unwrap();
    acme.insert("member", Fields::new().set("name", "no mobile")).unwrap();
    let found = acme.find("member.mobile", "later", "13800138000").unwrap();
    assert_eq!(found.iter().map(Record::id).collect::<Vec<_>>(), [old]);
}

#[test]
fn names_that_collide_or_name_nothing_are_refused() {
    let fixture = Fixture::new();
    for (label, name) in [
        ("member.mobile", "name"),
        ("member.mobile", "ID"),
        ("member.mobile", "tenant"),
        ("member.mobile", ""),
        ("member.mobile", "a\0b"),
        ("member.absent", "x"),
        ("absent", "x"),
        ("member.mobile", "NAME"),
        ("member", "asset"),
        ("asset", "tenantseal_names"),
        ("asset", "TenantSeal_x"),
        ("asset", "sqlite_x"),
        ("member.mobile", "Compartment"),
        ("member.mobile#mask", "mobile"),
        ("member.mobile", &"x".repeat(129)),
    ] {
        let options = VaultOptions::new().sql_name(label, name);
        schema_error(Vault::open_with(fixture.path(), &fixture.keys, options));
    }
    assert!(Vault::open(fixture.path(), &fixture.keys).is_ok(), "and nothing was left half made");
    for name in ["it's \"one\"", &"x".repeat(128)] {
        let options = VaultOptions::new().sql_name("asset.note", name);
        let path = fixture.folder.path().join(format!("{}.db", name.len()));
        let acme = Vault::open_with(&path, &fixture.keys, options).unwrap().tenant("t-1001").unwrap();
        acme.insert("asset", Fields::new().set("note", "x")).unwrap();
        assert!(Vault::open(&path, &fixture.keys).is_ok(), "{name}");
    }
    assert_eq!(Vault::open(":memory:", &fixture.keys).err(), Some(Error::Value));
    let blank = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
    assert_eq!(Vault::open(fixture.path(), &blank).err(), Some(Error::UnknownField));
    assert!(matches!(Vault::open("/nonexistent/vault.db", &fixture.keys).err(), Some(Error::Store(_))));
}

#[test]
fn bad_input_leaves_no_row() {
    let fixture = Fixture::new();
    let acme = fixture.vault().tenant("t-1001").unwrap();
    for (fields, error) in [
        (Fields::new().set("absent", "x"), Error::UnknownField),
        (Fields::new().set("mobile", "no number"), Error::Value),
        (Fields::new().set("badge", "text"), Error::WrongBinding),
        (Fields::new().set("userid", "u").set("badge", "text"), Error::WrongType),
        (Fields::new().set_bytes("name", b"bytes"), Error::WrongType),
        (Fields::new().set("age", "41"), Error::WrongType),
        (Fields::new().set_plain("age", Plain::F64(41.0)), Error::WrongType),
        (Fields::new().set_plain("name", Plain::I64(1)), Error::WrongType),
        (Fields::new().set_plain("userid", Plain::I64(1)), Error::WrongType),
        (Fields::new().set_plain("userid", Plain::Bytes(vec![1])), Error::WrongType),
        (Fields::new().set_plain("age", Plain::Bool(true)), Error::WrongType),
    ] {
        assert_eq!(acme.insert("member", fields).err(), Some(error));
    }
    assert_eq!(acme.insert("absent", Fields::new()).err(), Some(Error::UnknownField));
    assert_eq!(acme.find("member.mobile", "absent", "13800138000").err(), Some(Error::UnknownIndex));
    assert_eq!(acme.find("mobile", "exact", "13800138000").err(), Some(Error::UnknownField));
    assert_eq!(acme.find("member.mobile", "exact", "junk").err(), Some(Error::Value));
    assert!(acme.list_masked("member", 0, 10).unwrap().is_empty());
    let id = acme.insert("member", zhang()).unwrap();
    let moved = acme.update("member", id, Fields::new().set("userid", "lisi"));
    assert_eq!(moved.err(), Some(Error::WrongBinding), "the badge is bound to it");
}

#[test]
fn a_vault_that_was_dropped_has_closed_its_files() {
    for _ in 0..50 {
        let fixture = Fixture::new();
        let (vault, path) = (fixture.vault(), fixture.path());
        let rows = vault.tenant("t-1001").unwrap();
        rows.insert("member", zhang()).unwrap();
        drop(vault);
        assert!(path.with_extension("db-wal").exists());
        drop(rows);
        // SQLite takes the log away when the last connection is closed.
        assert!(!path.with_extension("db-wal").exists() && !path.with_extension("db-shm").exists());
    }
}

#[test]
fn transactions_are_all_or_nothing() {
    let fixture = Fixture::new();
    let acme = fixture.vault().tenant("t-1001").unwrap();
    let mut dropped = acme.begin().unwrap();
    let id = dropped.insert("member", zhang()).unwrap();
    assert!(dropped.get("member", id).unwrap().is_some());
    assert_eq!(dropped.find("member.mobile", "exact", "13800138000").unwrap().len(), 1);
    assert!(acme.get("member", id).unwrap().is_none(), "unseen outside until it is committed");
    drop(dropped);
    let mut kept = acme.begin().unwrap();
    let id = kept.insert("member", zhang()).unwrap();
    assert_eq!(kept.insert("member", Fields::new().set("mobile", "junk")).err(), Some(Error::Value));
    assert!(kept.update("member", id, Fields::new().set("name", "李四")).unwrap());
    let gone = kept.insert("member", zhang()).unwrap();
    assert!(kept.delete("member", gone).unwrap());
    kept.commit().unwrap();
    let rows = acme.list_masked("member", 0, 10).unwrap();
    assert_eq!(rows.iter().map(Masked::id).collect::<Vec<_>>(), [id]);
    assert_eq!(acme.get("member", id).unwrap().unwrap().text("name").unwrap(), Some("李四"));
}

#[test]
fn writers_of_threads_and_of_two_vaults_do_not_lose_rows() {
    let fixture = Fixture::new();
    let vaults = [fixture.vault(), fixture.vault()];
    std::thread::scope(|scope| {
        for number in 0..4 {
            let acme = vaults[number % 2].tenant("t-1001").unwrap();
            scope.spawn(move || {
                for _ in 0..25 {
                    acme.insert("member", zhang()).unwrap();
                }
            });
        }
    });
    let acme = fixture.vault().tenant("t-1001").unwrap();
    assert_eq!(acme.list_masked("member", 0, 1_000).unwrap().len(), 100);
    assert_eq!(acme.find("member.mobile", "exact", "13800138000").unwrap().len(), 100);
}

#[test]
fn another_writer_that_holds_on_too_long_is_an_error_to_retry() {
    let fixture = Fixture::new();
    let options = VaultOptions::new().busy_timeout(std::time::Duration::from_millis(50));
    let acme = Vault::open_with(fixture.path(), &fixture.keys, options).unwrap().tenant("t-1001").unwrap();
    let other = fixture.sql();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(acme.insert("member", zhang()).err(), Some(Error::Store(StoreError::Busy)));
    other.execute_batch("ROLLBACK").unwrap();
    acme.insert("member", zhang()).unwrap();
}

#[test]
fn the_engine_is_set_up_as_promised() {
    assert!(rusqlite::version_number() >= 3_051_003, "older versions can corrupt a write-ahead log");
    let fixture = Fixture::new();
    let _vault = fixture.vault();
    let mode: String = fixture.sql().query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[tokio::test]
async fn the_async_face_is_the_same() {
    let fixture = Fixture::new();
    let vault = tenantseal_store::Vault::open(fixture.path(), &fixture.keys).await.unwrap();
    let acme = vault.tenant("t-1001").unwrap();
    let id = acme.insert("member", zhang()).await.unwrap();
    let mut transaction = acme.begin().await.unwrap();
    assert!(transaction.update("member", id, Fields::new().set("name", "李四")).await.unwrap());
    drop(transaction);
    assert_eq!(acme.get("member", id).await.unwrap().unwrap().text("name").unwrap(), Some("张三"));
    let inserts = (0..20).map(|_| {
        let acme = acme.clone();
        tokio::spawn(async move { acme.insert("member", zhang()).await.unwrap() })
    });
    for insert in inserts.collect::<Vec<_>>() {
        insert.await.unwrap();
    }
    assert_eq!(acme.list_masked("member", 0, 100).await.unwrap().len(), 21);
    // Whoever stops waiting for a transaction to begin leaves nothing open.
    for polls in 0..40 {
        let mut begin = Box::pin(acme.begin());
        for _ in 0..polls {
            if std::future::poll_fn(|context| std::task::Poll::Ready(begin.as_mut().poll(context).is_ready()))
                .await
            {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(begin);
        acme.insert("member", zhang()).await.unwrap();
    }
}

#[test]
fn sealed_values_of_every_type_are_written_found_and_opened() {
    let field = |column: &str, kind: &str| {
        format!(
            r#"{{"table":"person","column":"{column}","type":"{kind}","storage":"cell","class":["personal"],"bind":"row",
                "indexes":[{{"label":"exact","kind":"exact","normaliser":"none/1","bits":16}}]}}"#
        )
    };
    let kinds = ["bool", "date", "decimal", "f64", "i64", "json", "timestamp"];
    let fields: Vec<String> = kinds.iter().map(|kind| field(&format!("c_{kind}"), kind)).collect();
    let policy = format!(r#"{{"tenantseal_policy":1,"version":1,"fields":[{}]}}"#, fields.join(","));
    let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
    keys.install_policy(Policy::from_json(policy.as_bytes()).unwrap()).unwrap();
    keys.create_tenant("t").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(folder.path().join("vault.db"), &keys).unwrap().tenant("t").unwrap();
    let texts = [
        ("bool", "true", "false"),
        ("date", "1990-02-28", "1990-03-01"),
        ("decimal", "12345.60", "12345.6"),
        ("f64", "0.5", "0.25"),
        ("i64", "-42", "42"),
        ("json", "{\"a\":1}", "{\"a\": 1}"),
        ("timestamp", "2025-06-15T15:06:40Z", "2025-06-15T15:06:41Z"),
    ];
    let row = texts.iter().fold(Fields::new(), |row, (kind, text, _)| row.set(&format!("c_{kind}"), text));
    let id = vault.insert("person", row).unwrap();
    let typed = Fields::new()
        .set_plain("c_bool", Plain::Bool(true))
        .set_plain("c_f64", Plain::F64(0.5))
        .set_plain("c_i64", Plain::I64(-42));
    let other = vault.insert("person", typed).unwrap();
    let record = vault.get("person", id).unwrap().unwrap();
    let opened = |column: &str| record.opened(column).unwrap();
    assert_eq!((opened("c_bool").bool(), opened("c_i64").i64()), (Ok(true), Ok(-42)));
    assert_eq!((opened("c_f64").f64(), opened("c_decimal").decimal()), (Ok(0.5), Ok("12345.60")));
    assert_eq!(opened("c_date").date().unwrap().to_string(), "1990-02-28");
    assert_eq!(opened("c_timestamp").timestamp().unwrap().to_string(), "2025-06-15T15:06:40Z");
    assert_eq!(opened("c_json").json(), Ok("{\"a\":1}"));
    assert_eq!(record.text("c_json").err(), Some(Error::WrongType));
    for (kind, text, different) in texts {
        let find = |value| -> Vec<i64> {
            let found = vault.find(&format!("person.c_{kind}"), "exact", value).unwrap();
            found.iter().map(Record::id).collect()
        };
        let both = matches!(kind, "bool" | "f64" | "i64");
        assert_eq!(find(text), if both { vec![id, other] } else { vec![id] }, "{kind}");
        assert_eq!(find(different), Vec::<i64>::new(), "{kind}");
    }
    for (kind, bad) in [
        ("bool", "yes"),
        ("date", "1990-02-30"),
        ("decimal", "1e3"),
        ("f64", "NaN"),
        ("i64", "4.2"),
        ("json", "{"),
        ("timestamp", "yesterday"),
    ] {
        let refused = vault.insert("person", Fields::new().set(&format!("c_{kind}"), bad));
        assert_eq!(refused.err(), Some(Error::Value), "{kind}");
    }
    let wrong = vault.insert("person", Fields::new().set_plain("c_date", Plain::I64(1)));
    assert_eq!(wrong.err(), Some(Error::WrongType));
}

#[test]
fn rows_are_found_by_the_end_of_a_number_and_the_beginning_of_a_name() {
    let policy = r#"{"tenantseal_policy":1,"version":1,"fields":[
        {"table":"m","column":"name","type":"text","content":"name","storage":"cell","class":["personal"],"bind":"row",
         "indexes":[{"label":"start","kind":{"prefix":1},"normaliser":"nfkc_fold/1","bits":8}]},
        {"table":"m","column":"mobile","type":"text","content":"mobile_cn","storage":"cell","class":["personal"],"bind":"row",
         "indexes":[{"label":"end","kind":{"last":4},"normaliser":"mobile_cn/1","bits":8}]}]}"#;
    let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
    keys.install_policy(Policy::from_json(policy.as_bytes()).unwrap()).unwrap();
    keys.create_tenant("t").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(folder.path().join("vault.db"), &keys).unwrap().tenant("t").unwrap();
    let people = [
        ("张三", "13800138000"),
        ("张四", "13900138000"),
        ("李四", "+852 6123 8001"),
        ("Zoë", "13800008000"),
    ];
    let ids: Vec<i64> = people
        .iter()
        .map(|(name, mobile)| {
            vault.insert("m", Fields::new().set("name", name).set("mobile", mobile)).unwrap()
        })
        .collect();
    let find = |field: &str, index: &str, sought: &str| -> Vec<i64> {
        vault.find(field, index, sought).unwrap().iter().map(Record::id).collect()
    };
    assert_eq!(find("m.mobile", "end", "8000"), [ids[0], ids[1], ids[3]]);
    assert_eq!(find("m.mobile", "end", "138000"), [ids[0], ids[1]]);
    assert_eq!(find("m.mobile", "end", "8001"), [ids[2]]);
    assert_eq!(find("m.name", "start", "张"), [ids[0], ids[1]]);
    assert_eq!(find("m.name", "start", "张四"), [ids[1]]);
    assert_eq!(find("m.name", "start", "ZO"), [ids[3]]);
    assert_eq!(find("m.name", "start", "王"), Vec::<i64>::new());
    assert_eq!(vault.find("m.mobile", "end", "000").err(), Some(Error::Value));
}

#[test]
fn a_deterministic_field_is_found_by_its_domain_in_every_epoch() {
    let fixture = Fixture::new();
    let policy = POLICY.replace(r#""version":1"#, r#""version":2"#).replace(
        r#""bind":"row"}]}"#,
        r#""bind":"row"},
        {"table":"member","column":"phone","type":"text","storage":"deterministic","class":["personal"],"bind":"unbound",
         "domain":"phones","padding":{"block":16}},
        {"table":"asset","column":"phone","type":"text","storage":"deterministic","class":["internal"],"bind":"unbound",
         "domain":"phones","padding":{"block":16}}]}"#,
    );
    fixture.keys.install_policy(Policy::from_json(policy.as_bytes()).unwrap()).unwrap();
    let acme = fixture.vault().tenant("t-1001").unwrap();
    let old = acme.insert("member", Fields::new().set("phone", "110")).unwrap();
    acme.insert("asset", Fields::new().set("phone", "110")).unwrap();
    acme.insert("member", Fields::new().set("phone", "119")).unwrap();
    let joined = "SELECT count(*) FROM member JOIN asset ON member.phone = asset.phone";
    let count: i64 = fixture.sql().query_row(joined, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1, "equal cells join");
    fixture.keys.rotate_index("t-1001").unwrap();
    let new = acme.insert("member", Fields::new().set("phone", "110")).unwrap();
    let found: Vec<i64> =
        acme.find("member.phone", "phones", "110").unwrap().iter().map(Record::id).collect();
    assert_eq!(found, [old, new]);
    // In text form, as another program may have written it.
    let field = fixture.keys.tenant("t-1001").unwrap().field("member.phone").unwrap();
    let text = field.seal_text(Row::UNBOUND, "110").unwrap();
    fixture.sql().execute("UPDATE member SET phone = ?1 WHERE id = ?2", (text, new)).unwrap();
    assert_eq!(ids(acme.find("member.phone", "phones", "110").unwrap()), [old, new]);
    assert!(
        fixture.vault().tenant("t-2002").unwrap().find("member.phone", "phones", "110").unwrap().is_empty()
    );
    assert_eq!(acme.find("member.phone", "exact", "110").err(), Some(Error::UnknownIndex));
    let masked = acme.list_masked("member", 0, 10).unwrap();
    assert_eq!(masked[0].shown("phone"), Some("****"));
}

const KINDS: &str = r#"{"tenantseal_policy":1,"version":1,"compartments":["board"],"fields":[
    {"table":"member","column":"city","type":"text","storage":"cell","class":["personal"],"bind":"row","indexes":[
        {"label":"spread","kind":"exact","normaliser":"nfkc_fold/1","bits":16,"partitions":4},
        {"label":"with_age","kind":{"compound":[{"column":"age","normaliser":"none/1"}]},"normaliser":"nfkc_fold/1","bits":32}]},
    {"table":"member","column":"age","type":"i64","storage":"cell","class":["personal"],"bind":"row","indexes":[
        {"label":"decade","kind":{"bucket":{"units":10}},"normaliser":"none/1","bits":8}]},
    {"table":"member","column":"mobile","type":"text","content":"mobile_cn","storage":"cell","class":["personal"],
     "bind":"row","compartments":["board"],
     "indexes":[{"label":"once","kind":"unique","normaliser":"mobile_cn/1","bits":128}]}]}"#;

fn ids(records: Vec<Record>) -> Vec<i64> {
    records.iter().map(Record::id).collect()
}

fn kinds() -> Fixture {
    let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
    keys.install_policy(Policy::from_json(KINDS.as_bytes()).unwrap()).unwrap();
    for id in ["t-1001", "t-2002"] {
        keys.create_tenant(id).unwrap();
    }
    Fixture { folder: tempfile::tempdir().unwrap(), keys }
}

fn person(city: &str, age: &str) -> Fields {
    Fields::new().set("city", city).set("age", age)
}

#[test]
fn ranges_and_several_columns_are_found_through_rotation_and_changes() {
    let fixture = kinds();
    let acme = fixture.vault().tenant("t-1001").unwrap();
    let rows: Vec<i64> = [("上海", "41"), ("上海", "19"), ("北京", "41"), ("北京", "-5"), ("上海", "41")]
        .iter()
        .map(|(city, age)| acme.insert("member", person(city, age)).unwrap())
        .collect();
    let half = acme.insert("member", Fields::new().set("city", "上海")).unwrap();
    fixture.keys.rotate_index("t-1001").unwrap();
    let late = acme.insert("member", person("上海", "41")).unwrap();
    let both = |city: &str, age: &str| ids(acme.find_all("member.city", "with_age", &[city, age]).unwrap());
    let between = |low: &str, high: &str| ids(acme.find_between("member.age", "decade", low, high).unwrap());
    assert_eq!(both(" 上海 ", "41"), [rows[0], rows[4], late]);
    assert_eq!(both("北京", "41"), [rows[2]]);
    assert_eq!(between("41", "41"), [rows[0], rows[2], rows[4], late]);
    assert_eq!(between("-9", "19"), [rows[1], rows[3]]);
    assert_eq!(between("20", "40"), [0; 0]);
    assert_eq!(between("50", "-50"), [0; 0]);
    assert_eq!(
        ids(acme.find("member.city", "spread", "上海").unwrap()),
        [rows[0], rows[1], rows[4], half, late]
    );
    // A change of one column counts for the index of both.
    acme.update("member", rows[0], Fields::new().set("age", "42")).unwrap();
    acme.update("member", rows[2], Fields::new().set("city", "上海")).unwrap();
    acme.update("member", half, Fields::new().set("age", "41")).unwrap();
    acme.update("member", rows[4], Fields::new().set_null("age")).unwrap();
    assert_eq!(both("上海", "41"), [rows[2], half, late]);
    assert_eq!(both("上海", "42"), [rows[0]]);
    let sql = "SELECT count(*) FROM member WHERE city__ix_with_age IS NULL AND age IS NOT NULL";
    let untold: i64 = fixture.sql().query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(untold, 0, "each has the token of both its values");
    let mut transaction = acme.begin().unwrap();
    transaction.update("member", rows[0], Fields::new().set_null("city")).unwrap();
    assert!(transaction.find_all("member.city", "with_age", &["上海", "42"]).unwrap().is_empty());
    assert_eq!(ids(transaction.find_between("member.age", "decade", "40", "49").unwrap()).len(), 4);
    drop(transaction);
    assert_eq!(acme.find("member.city", "with_age", "上海").err(), Some(Error::WrongIndex));
    assert_eq!(acme.find_between("member.city", "spread", "a", "b").err(), Some(Error::WrongIndex));
    assert_eq!(acme.find_between("member.age", "decade", "0", "99999999").err(), Some(Error::TooLong));
    assert_eq!(acme.find_between("member.age", "decade", "x", "1").err(), Some(Error::Value));
    assert!(
        fixture.vault().tenant("t-2002").unwrap().find("member.city", "spread", "上海").unwrap().is_empty()
    );
}

#[test]
fn a_row_without_a_compound_token_is_found_if_it_has_all_columns() {
    let fixture = kinds();
    let acme = fixture.vault().tenant("t-1001").unwrap();
    let row = acme.insert("member", person("上海", "41")).unwrap();
    acme.insert("member", Fields::new().set("city", "上海")).unwrap();
    fixture.sql().execute("UPDATE member SET city__ix_with_age = NULL, age__ix_decade = NULL", []).unwrap();
    assert_eq!(ids(acme.find_all("member.city", "with_age", &["上海", "41"]).unwrap()), [row]);
    assert_eq!(ids(acme.find_between("member.age", "decade", "40", "41").unwrap()), [row]);
    assert!(acme.find_all("member.city", "with_age", &["上海", "42"]).unwrap().is_empty());
}

#[test]
fn a_unique_value_is_taken_once_whatever_its_spelling_compartment_or_epoch() {
    let fixture = kinds();
    let acme = fixture.vault().tenant("t-1001").unwrap();
    let mobile = |number: &str| Fields::new().set("mobile", number);
    let taken = |result: Result<i64, Error>| assert_eq!(result.err(), Some(Error::AlreadyExists));
    let first = acme.insert("member", mobile("13800138000")).unwrap();
    taken(acme.insert("member", mobile("+86 138-0013-8000")));
    taken(acme.insert("member", mobile("13800138000").compartment("board")));
    let other = fixture.vault().tenant("t-2002").unwrap();
    other.insert("member", mobile("13800138000")).unwrap();
    assert_eq!(
        ids(acme.find("member.mobile", "once", "13800138000").unwrap()),
        [first],
        "a refused row is gone"
    );
    let claims = || -> i64 {
        fixture.sql().query_row("SELECT count(*) FROM tenantseal_unique", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(claims(), 2);
    fixture.keys.rotate_index("t-1001").unwrap();
    taken(acme.insert("member", mobile("13800138000")));
    let second = acme.insert("member", mobile("13900139000")).unwrap();
    assert_eq!(claims(), 4, "in both epochs");
    taken(acme.insert("member", mobile("13900139000")));
    assert_eq!(
        acme.update("member", second, mobile("13800138000")).err(),
        Some(Error::AlreadyExists),
        "nor by a change"
    );
    assert!(acme.update("member", second, mobile("139 0013 9000")).unwrap(), "its own again");
    assert!(acme.update("member", first, Fields::new().set_null("mobile")).unwrap());
    assert!(acme.update("member", second, mobile("13800138000")).unwrap(), "it is free now");
    acme.insert("member", mobile("13900139000")).unwrap();
    let before = claims();
    assert!(acme.delete("member", second).unwrap());
    assert_eq!(claims(), before - 2, "what a deleted row had taken is free");
    let again = acme.insert("member", mobile("13800138000")).unwrap();
    assert!(acme.delete("member", again).unwrap());
    acme.insert("member", mobile("13800138000").compartment("board")).unwrap();
    taken(acme.insert("member", mobile("13800138000")));
    // A row from before the index was there.
    fixture
        .sql()
        .execute_batch("UPDATE member SET mobile__ix_once = NULL; DELETE FROM tenantseal_unique")
        .unwrap();
    taken(acme.insert("member", mobile("13900139000")));
    // A process that has not noticed a new epoch would ask for the old bytes alone: those are there too.
    fixture.sql().execute_batch("UPDATE member SET mobile__ix_once = x'00', mobile = NULL").unwrap();
    let third = acme.insert("member", mobile("13700137000")).unwrap();
    fixture.sql().execute("UPDATE member SET mobile__ix_once = x'00' WHERE id = ?1", [third]).unwrap();
    taken(acme.insert("member", mobile("13700137000")));
}

#[test]
fn a_search_takes_as_many_tokens_as_it_needs() {
    let boxes: Vec<String> = (0..127).map(|number| format!("\"c{number}\"")).collect();
    let json = format!(
        r#"{{"tenantseal_policy":1,"version":1,"compartments":[{boxes}],"fields":[
            {{"table":"t","column":"name","type":"text","storage":"cell","class":["personal"],"bind":"row","compartments":[{boxes}],
              "indexes":[{{"label":"i","kind":"exact","normaliser":"none/1","bits":63,"partitions":256}}]}}]}}"#,
        boxes = boxes.join(",")
    );
    let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
    keys.install_policy(Policy::from_json(json.as_bytes()).unwrap()).unwrap();
    keys.create_tenant("t-1").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let vault = Vault::open(folder.path().join("v.db"), &keys).unwrap().tenant("t-1").unwrap();
    let rows: Vec<i64> = ["c126", "c0", ""]
        .iter()
        .map(|name| vault.insert("t", Fields::new().set("name", "a").compartment(name)).unwrap())
        .collect();
    keys.rotate_index("t-1").unwrap();
    assert_eq!(ids(vault.find("t.name", "i", "a").unwrap()), rows, "65,536 tokens");
}
