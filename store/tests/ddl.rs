//! The SQL of `field::Ddl`, run by the databases that it is for.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout, missing_docs)]

use std::{
    env,
    io::Write as _,
    process::{Command, Stdio},
};

use rusqlite::{Connection, types::ValueRef};
use tempfile::TempDir;
use tenantseal::{
    field::{Ddl, Dialect, Field, Row, Value},
    tenant::{Kek, Keyring, Policy},
};

const POLICY: &str = r#"{"tenantseal_policy":1,"version":1,"compartments":["hr"],"fields":[
    {"table":"order","column":"select","type":"text","storage":"plain","class":["internal"],"bind":"row"},
    {"table":"order","column":"paid","type":"bool","storage":"plain","class":["internal"],"bind":"row"},
    {"table":"order","column":"sum","type":"decimal","storage":"plain","class":["internal"],"bind":"row"},
    {"table":"order","column":"day","type":"date","storage":"plain","class":["internal"],"bind":"row"},
    {"table":"order","column":"at","type":"timestamp","storage":"plain","class":["internal"],"bind":"row"},
    {"table":"order","column":"ratio","type":"f64","storage":"plain","class":["internal"],"bind":"row"},
    {"table":"order","column":"more","type":"json","storage":"plain","class":["internal"],"bind":"row"},
    {"table":"order","column":"raw","type":"bytes","storage":"plain","class":["internal"],"bind":"row"},
    {"table":"order","column":"mobile","type":"text","content":"mobile_cn","storage":"cell","class":["personal"],"bind":"row",
     "compartments":["hr"],"mask":{"kind":"mobile_cn","class":"internal"},
     "indexes":[{"label":"exact","kind":"exact","normaliser":"mobile_cn/1","bits":63},
                {"label":"once","kind":"unique","normaliser":"mobile_cn/1","bits":128}]},
    {"table":"order","column":"name","type":"text","content":"name","storage":"cell","class":["personal"],"bind":"row",
     "padding":{"block":32},"mask":{"kind":"name","class":"internal"}},
    {"table":"order","column":"note","type":"text","storage":"cell","class":["personal"],"bind":"row"},
    {"table":"order","column":"born","type":"date","storage":"cell","class":["personal"],"bind":"row",
     "indexes":[{"label":"a_label_that_makes_the_name_of_its_sql_index_too_long","kind":{"bucket":{"months":1}},
                 "normaliser":"none/1","bits":16}]},
    {"table":"order","column":"phone","type":"text","storage":"deterministic","class":["personal"],"bind":"unbound",
     "domain":"phones"},
    {"table":"caller","column":"phone","type":"text","storage":"deterministic","class":["personal"],"bind":"unbound",
     "domain":"phones"}]}"#;

/// A database that takes SQL as text, and gives the first column of what a query finds as text.
trait Sql {
    fn run(&self, sql: &str) -> Result<Vec<String>, String>;
    fn bytes(&self, bytes: &[u8]) -> String;
    fn hex_of(&self, column: &str) -> String;
    fn dialect(&self) -> Dialect;
}

struct Sqlite(Connection, #[allow(dead_code, reason = "it is removed when it is dropped")] TempDir);

impl Sql for Sqlite {
    fn run(&self, sql: &str) -> Result<Vec<String>, String> {
        let mut statement = self.0.prepare(sql).map_err(|error| error.to_string())?;
        let mut rows = statement.query([]).map_err(|error| error.to_string())?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(|error| error.to_string())? {
            found.push(match row.get_ref(0).unwrap() {
                ValueRef::Integer(number) => number.to_string(),
                ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
                other => panic!("{other:?}"),
            });
        }
        Ok(found)
    }

    fn bytes(&self, bytes: &[u8]) -> String {
        format!("X'{}'", hex(bytes))
    }

    fn hex_of(&self, column: &str) -> String {
        format!("lower(hex({column}))")
    }

    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }
}

/// A database that is asked by its own command line.
struct Client {
    command: Vec<String>,
    dialect: Dialect,
}

impl Sql for Client {
    fn run(&self, sql: &str) -> Result<Vec<String>, String> {
        let mut child = Command::new(&self.command[0])
            .args(&self.command[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(sql.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect())
    }

    fn bytes(&self, bytes: &[u8]) -> String {
        match self.dialect {
            Dialect::PostgreSql => format!("'\\x{}'", hex(bytes)),
            _ => format!("X'{}'", hex(bytes)),
        }
    }

    fn hex_of(&self, column: &str) -> String {
        match self.dialect {
            Dialect::PostgreSql => format!("encode({column}, 'hex')"),
            _ => format!("lower(hex({column}))"),
        }
    }

    fn dialect(&self) -> Dialect {
        self.dialect
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// A client, if its server is there. With `CI=true` a miss fails, in the run with the feature `postgres`, which has servers.
fn client(variable: &str, dialect: Dialect, command: impl FnOnce(String) -> Vec<String>) -> Option<Client> {
    match env::var(variable) {
        Ok(server) => Some(Client { command: command(server), dialect }),
        Err(_) if cfg!(feature = "postgres") && env::var("CI").as_deref() == Ok("true") => {
            panic!("{variable} is not set")
        }
        Err(_) => {
            println!("SKIPPED SQL for {dialect:?}: {variable} is not set");
            None
        }
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn sqlite_keeps_what_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    for (name, is_text) in [("binary", false), ("text", true)] {
        let connection = Connection::open(folder.path().join(name)).unwrap();
        check(&Sqlite(connection, tempfile::tempdir().unwrap()), is_text);
    }
}

#[test]
fn postgresql_keeps_what_it_is_given() {
    for (name, is_text) in [("ddl_binary", false), ("ddl_text", true)] {
        let command = |server: String| words(&["psql", "-qtA", "-v", "ON_ERROR_STOP=1", &server]);
        let Some(server) = client("TENANTSEAL_POSTGRES", Dialect::PostgreSql, command) else { return };
        server.run(&format!("DROP DATABASE IF EXISTS {name}")).unwrap();
        server.run(&format!("CREATE DATABASE {name}")).unwrap();
        let own = format!("{} dbname={name}", server.command.last().unwrap());
        check(
            &Client { command: words(&["psql", "-qtA", "-v", "ON_ERROR_STOP=1", &own]), ..server },
            is_text,
        );
    }
}

#[test]
fn mariadb_keeps_what_it_is_given() {
    for (name, is_text) in [("ddl_binary", false), ("ddl_text", true)] {
        let command = |socket: String| {
            words(&[
                "mariadb",
                "--no-defaults",
                "-N",
                "-B",
                "-u",
                "root",
                "--default-character-set=utf8mb4",
                "--socket",
                &socket,
            ])
        };
        let Some(mut server) = client("TENANTSEAL_MARIADB", Dialect::MySql, command) else { return };
        server.run(&format!("DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name}")).unwrap();
        server.command.push(name.to_owned());
        check(&server, is_text);
    }
}

/// Makes the tables, writes a row with the longest values, and reads, finds and opens it.
fn check(sql: &dyn Sql, is_text: bool) {
    let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
    let policy = Policy::from_json(POLICY.as_bytes()).unwrap();
    keys.install_policy(policy.clone()).unwrap();
    let acme = keys.create_tenant("t-1001").unwrap();
    let mut ddl =
        Ddl::new(&policy, sql.dialect()).value_len("order.note", 100_000).value_len("order.name", 40);
    if is_text {
        ddl = ddl.text_form();
    }
    for statement in ddl.create_tables().unwrap() {
        sql.run(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    let quote = |name: &str| {
        if sql.dialect() == Dialect::MySql { format!("`{name}`") } else { format!("\"{name}\"") }
    };
    let (note, name) = ("注".repeat(100_000 / 3), "n".repeat(40));
    let field = |column: &str| acme.field(&format!("order.{column}")).unwrap();
    let stored = |cell: Vec<u8>, text: String| if is_text { format!("'{text}'") } else { sql.bytes(&cell) };
    let seal = |field: &Field, row: Row<'_>, value: Value<'_>| {
        stored(field.seal(row, value).unwrap(), field.seal_text(row, value).unwrap())
    };
    let mask = |column: &str, value: &str| {
        let mask = field(column).mask().unwrap();
        stored(mask.seal(1, value).unwrap(), mask.seal_text(1, value).unwrap())
    };
    let born: Value<'_> = Value::Written("1990-02-28");
    let number = "13800138000";
    let token = field("mobile").index("exact").unwrap().token(number).unwrap();
    let month = field("born").index("a_label_that_makes_the_name_of_its_sql_index_too_long").unwrap();
    let once = field("mobile").index("once").unwrap().unique(number).unwrap()[0];
    let values = [
        ("tenant", sql.bytes(b"t-1001")),
        ("select", "'Ä'".to_owned()),
        ("paid", "TRUE".to_owned()),
        ("sum", "'12.50'".to_owned()),
        ("day", "'2025-06-15'".to_owned()),
        ("at", "'2025-06-15 15:06:40.123456'".to_owned()),
        ("ratio", "0.1".to_owned()),
        ("more", "'{\"a\":1}'".to_owned()),
        ("raw", sql.bytes(&[0, 255])),
        ("mobile", seal(&field("mobile"), 1.into(), number.into())),
        ("mobile__mask", mask("mobile", number)),
        ("mobile__ix_exact", token.to_string()),
        ("mobile__ix_once", sql.bytes(&once)),
        ("name", seal(&field("name"), 1.into(), name.as_str().into())),
        ("name__mask", mask("name", &name)),
        ("note", seal(&field("note"), 1.into(), note.as_str().into())),
        ("born", seal(&field("born"), 1.into(), born)),
        (
            "born__ix_a_label_that_makes_the_name_of_its_sql_index_too_long",
            month.token(born).unwrap().to_string(),
        ),
        ("phone", seal(&field("phone"), Row::UNBOUND, number.into())),
    ];
    let (columns, literals): (Vec<_>, Vec<_>) =
        values.iter().map(|(column, value)| (quote(column), value.as_str())).unzip();
    let order = quote("order");
    sql.run(&format!("INSERT INTO {order} ({}) VALUES ({})", columns.join(", "), literals.join(", ")))
        .unwrap();
    assert_eq!(sql.run(&format!("SELECT id FROM {order}")).unwrap(), ["1"]);

    let read = |column: &str, condition: &str| -> Vec<Vec<u8>> {
        let shown = if is_text { quote(column) } else { sql.hex_of(&quote(column)) };
        let found = sql.run(&format!("SELECT {shown} FROM {order} WHERE {condition}")).unwrap();
        found.iter().map(|cell| if is_text { cell.as_bytes().to_vec() } else { unhex(cell) }).collect()
    };
    for (column, row, value) in [
        ("mobile", Row::from(1), number),
        ("name", 1.into(), &name),
        ("note", 1.into(), &note),
        ("born", 1.into(), "1990-02-28"),
        ("phone", Row::UNBOUND, number),
    ] {
        let cells = read(column, "id = 1");
        assert_eq!(
            field(column).open(row, &cells[0]).unwrap().to_text().unwrap().as_str(),
            value,
            "{column}"
        );
    }
    let shown = read("mobile__mask", "id = 1");
    assert_eq!(field("mobile").mask().unwrap().open(1, &shown[0]).unwrap(), "138****8000");

    let tokens = field("mobile").index("exact").unwrap().lookup("+86 138 0013 8000").unwrap();
    assert_eq!(read("mobile", &format!("{} IN ({})", quote("mobile__ix_exact"), tokens[0])).len(), 1);
    // A deterministic cell is equal to itself, in the other table too, and to nothing that differs in case.
    let phone = seal(&field("phone"), Row::UNBOUND, number.into());
    assert_eq!(read("phone", &format!("{} = {phone}", quote("phone"))).len(), 1);
    sql.run(&format!("INSERT INTO caller (tenant, phone) VALUES ({}, {phone})", sql.bytes(b"t-1001")))
        .unwrap();
    let joined = format!("SELECT count(*) FROM {order} AS o JOIN caller AS c ON o.phone = c.phone");
    assert_eq!(sql.run(&joined).unwrap(), ["1"]);
    if is_text {
        let other: String =
            phone.chars().map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c }).collect();
        assert!(read("phone", &format!("{} = {other}", quote("phone"))).is_empty(), "compared byte by byte");
    }
    let claim = format!(
        "INSERT INTO tenantseal_unique ({}, {}, {}) VALUES ({}, 'order.mobile#ix.once', 1)",
        quote("token"),
        quote("label"),
        quote("row"),
        sql.bytes(&once)
    );
    sql.run(&claim).unwrap();
    assert!(sql.run(&claim).is_err(), "taken");
    // A table that is there.
    sql.run("DROP TABLE caller").unwrap();
    sql.run(&format!("CREATE TABLE caller (id INTEGER PRIMARY KEY, tenant {})", sql_bytes(sql.dialect())))
        .unwrap();
    for statement in ddl.add_field("caller.phone").unwrap() {
        sql.run(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    println!(
        "{:?}, {} form: made, written, found, joined, opened",
        sql.dialect(),
        if is_text { "text" } else { "binary" }
    );
}

fn sql_bytes(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::MySql => "VARBINARY(128)",
        Dialect::PostgreSql => "BYTEA",
        _ => "BLOB",
    }
}
