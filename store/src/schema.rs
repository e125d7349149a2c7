//! The tables that a policy needs, under the names that the database gives them.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension as _, params};
use tenantseal::{
    Error, StoreError,
    tenant::policy::{FieldRule, IndexKind, Policy, Storage, ValueType},
};

use crate::sqlite::engine;

/// Which SQL name stands for which permanent label.
///
/// Labels: `table`, `table.column`, `table.column#mask`, `table.column#ix.index`. What the caller does not name is
/// as the database remembers it, and else the default.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schema {
    names: BTreeMap<String, String>,
    state: State,
}

/// What the database says of itself: a vault that was opened under another state does not fit it any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
    /// The version of the policy that it was last prepared for.
    policy: i64,
    /// How often names were remembered anew.
    names: i64,
}

impl Schema {
    /// The quoted SQL name of a label.
    pub(crate) fn sql(&self, label: &str) -> Result<&str, Error> {
        self.names.get(label).map(String::as_str).ok_or(unfit())
    }

    /// Checks, within the transaction that relies on it, that no newer policy and no other name came in since this
    /// vault was opened: it would write rows without tokens and masks, or read other columns.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] with `Schema`.
    pub(crate) fn check(&self, connection: &Connection) -> Result<(), Error> {
        if State::stored(connection)? == self.state { Ok(()) } else { Err(unfit()) }
    }

    /// Brings the database to the policy: makes what is new, finds what was renamed, refuses what is gone.
    pub(crate) fn prepare(
        connection: &Connection,
        policy: &Policy,
        given: &BTreeMap<String, String>,
    ) -> Result<Self, Error> {
        connection
            .execute_batch(
                "CREATE TABLE IF NOT EXISTS tenantseal_names (label TEXT PRIMARY KEY, sql_name TEXT NOT NULL);
                 CREATE TABLE IF NOT EXISTS tenantseal_state (name TEXT PRIMARY KEY, number INTEGER NOT NULL)",
            )
            .map_err(engine)?;
        let before = State::stored(connection)?;
        let version = i64::from(policy.version());
        if version < before.policy {
            return Err(unfit());
        }
        let mut names =
            Names { connection, given, known: BTreeSet::new(), changed: 0, schema: Self::default() };
        for field in policy.fields() {
            if !names.schema.names.contains_key(&field.table) {
                names.table(&field.table)?;
            }
            for (label, default, sql_type) in columns(field) {
                names.column(&field.table, &label, &default, sql_type)?;
            }
            for index in &field.indexes {
                names.index(field, &index.label, &index_label(field, &index.label))?;
            }
            if let Some(domain) = &field.domain {
                names.index(field, domain, &field.label())?;
            }
        }
        let unique =
            |field: &FieldRule| field.indexes.iter().any(|index| matches!(index.kind, IndexKind::Unique));
        if policy.fields().iter().any(unique) {
            names.execute(
                "CREATE TABLE IF NOT EXISTS tenantseal_unique (token BLOB PRIMARY KEY, label TEXT NOT NULL, row INTEGER NOT NULL)
                 WITHOUT ROWID;
                 CREATE INDEX IF NOT EXISTS tenantseal_unique_row ON tenantseal_unique (label, row)",
            )?;
        }
        // A name for something that the policy does not have is a mistake in the caller's options.
        if !given.keys().all(|label| names.known.contains(label)) {
            return Err(unfit());
        }
        let changes = i64::from(names.changed > 0);
        let state = State { policy: version, names: before.names.saturating_add(changes) };
        state.store(connection)?;
        Ok(Self { state, ..names.schema })
    }
}

impl State {
    const POLICY: &str = "policy";
    const NAMES: &str = "names";

    fn stored(connection: &Connection) -> Result<Self, Error> {
        let sql = "SELECT number FROM tenantseal_state WHERE name = ?1";
        let mut statement = connection.prepare_cached(sql).map_err(engine)?;
        let mut number = |name: &str| -> Result<i64, Error> {
            let number = statement.query_row(params![name], |row| row.get(0)).optional();
            Ok(number.map_err(engine)?.unwrap_or_default())
        };
        Ok(Self { policy: number(Self::POLICY)?, names: number(Self::NAMES)? })
    }

    fn store(self, connection: &Connection) -> Result<(), Error> {
        let sql = "INSERT INTO tenantseal_state (name, number) VALUES (?1, ?2)
                   ON CONFLICT (name) DO UPDATE SET number = excluded.number WHERE number <> excluded.number";
        for (name, number) in [(Self::POLICY, self.policy), (Self::NAMES, self.names)] {
            connection.execute(sql, params![name, number]).map_err(engine)?;
        }
        Ok(())
    }
}

/// The label of a field's mask column.
pub(crate) fn mask_label(field: &FieldRule) -> String {
    format!("{}#mask", field.label())
}

/// The label of a field's index column.
pub(crate) fn index_label(field: &FieldRule, index: &str) -> String {
    format!("{}#ix.{index}", field.label())
}

/// Label, default name and SQL type of each column of a field.
fn columns(field: &FieldRule) -> Vec<(String, String, &'static str)> {
    let column = &field.column;
    let mut columns = vec![(field.label(), column.clone(), sql_type(field))];
    if field.mask.is_some() {
        columns.push((mask_label(field), field.mask_column(), "BLOB"));
    }
    for index in &field.indexes {
        let sql_type = if matches!(index.kind, IndexKind::Unique) { "BLOB" } else { "INTEGER" };
        columns.push((index_label(field, &index.label), field.index_column(index), sql_type));
    }
    columns
}

fn sql_type(field: &FieldRule) -> &'static str {
    if field.storage != Storage::Plain {
        return "BLOB";
    }
    match field.value_type {
        ValueType::Bytes => "BLOB",
        ValueType::I64 | ValueType::Bool => "INTEGER",
        ValueType::F64 => "REAL",
        _ => "TEXT",
    }
}

struct Names<'a> {
    connection: &'a Connection,
    given: &'a BTreeMap<String, String>,
    known: BTreeSet<String>,
    /// How many names the database did not have, or had otherwise.
    changed: usize,
    schema: Schema,
}

impl Names<'_> {
    fn table(&mut self, label: &str) -> Result<(), Error> {
        let (name, remembered) = self.name(label, label)?;
        let quoted = quote(&name)?;
        let taken =
            |(other, sql): (&String, &String)| !other.contains('.') && sql.eq_ignore_ascii_case(&quoted);
        let lower = name.to_ascii_lowercase();
        if lower.starts_with("tenantseal_")
            || lower.starts_with("sqlite_")
            || self.schema.names.iter().any(taken)
        {
            return Err(unfit());
        }
        let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE";
        let there: i64 = self.connection.query_row(sql, params![name], |row| row.get(0)).map_err(engine)?;
        match (there, remembered) {
            (0, true) => return Err(unfit()),
            // AUTOINCREMENT: an id is never used again, so a cell of a deleted row fits no later one.
            (0, false) => self.execute(&format!(
                "CREATE TABLE {quoted} (id INTEGER PRIMARY KEY AUTOINCREMENT, tenant BLOB NOT NULL,
                 compartment TEXT NOT NULL DEFAULT '')"
            ))?,
            _ => self.check_table(&quoted)?,
        }
        self.remember(label, &name, quoted)
    }

    /// A table that was there must have what every row needs: an id that SQLite gives, a tenant, a compartment.
    fn check_table(&self, quoted: &str) -> Result<(), Error> {
        let sql = format!(
            "SELECT count(*) FROM pragma_table_info({table}) WHERE
             (name = 'id' COLLATE NOCASE AND type = 'INTEGER' COLLATE NOCASE AND pk = 1)
             OR name = 'tenant' COLLATE NOCASE OR name = 'compartment' COLLATE NOCASE
             UNION ALL SELECT count(*) FROM pragma_table_info({table}) WHERE pk > 1",
            table = literal(quoted)
        );
        let mut statement = self.connection.prepare(&sql).map_err(engine)?;
        let counts = statement.query_map([], |row| row.get(0)).map_err(engine)?;
        let counts: Vec<i64> = counts.collect::<Result<_, _>>().map_err(engine)?;
        if counts == [3, 0] { Ok(()) } else { Err(unfit()) }
    }

    fn column(&mut self, table: &str, label: &str, default: &str, sql_type: &str) -> Result<(), Error> {
        let (name, remembered) = self.name(label, default)?;
        let table = self.schema.sql(table)?.to_owned();
        let quoted = quote(&name)?;
        let taken = |other: &String| other.eq_ignore_ascii_case(&quoted);
        let own = label.split_once('.').map_or("", |(table, _)| table);
        let twice =
            self.schema.names.iter().any(|(other, sql)| {
                taken(sql) && other.split_once('.').is_some_and(|(table, _)| table == own)
            });
        if twice || ["id", "tenant", "compartment"].contains(&name.to_ascii_lowercase().as_str()) {
            return Err(unfit());
        }
        let sql = format!(
            "SELECT count(*) FROM pragma_table_info({}) WHERE name = ?1 COLLATE NOCASE",
            literal(&table)
        );
        let there: i64 = self.connection.query_row(&sql, params![name], |row| row.get(0)).map_err(engine)?;
        match (there, remembered) {
            (0, true) => return Err(unfit()),
            (0, false) => self.execute(&format!("ALTER TABLE {table} ADD COLUMN {quoted} {sql_type}"))?,
            _ => {}
        }
        self.remember(label, &name, quoted)
    }

    /// An SQL index over the column of that label.
    fn index(&self, field: &FieldRule, index: &str, column: &str) -> Result<(), Error> {
        let name = quote(&format!("tenantseal_{}.{}.{index}", field.table, field.column))?;
        let (table, column) = (self.schema.sql(&field.table)?, self.schema.sql(column)?);
        self.execute(&format!("CREATE INDEX IF NOT EXISTS {name} ON {table} (tenant, {column})"))
    }

    /// The name to use for a label, and whether the database has seen the label before.
    fn name(&self, label: &str, default: &str) -> Result<(String, bool), Error> {
        let sql = "SELECT sql_name FROM tenantseal_names WHERE label = ?1";
        let remembered: Option<String> =
            self.connection.query_row(sql, params![label], |row| row.get(0)).optional().map_err(engine)?;
        let seen = remembered.is_some();
        let given = self.given.get(label).cloned();
        Ok((given.or(remembered).unwrap_or_else(|| default.to_owned()), seen))
    }

    fn remember(&mut self, label: &str, name: &str, quoted: String) -> Result<(), Error> {
        let sql = "INSERT INTO tenantseal_names (label, sql_name) VALUES (?1, ?2)
                   ON CONFLICT (label) DO UPDATE SET sql_name = excluded.sql_name
                   WHERE sql_name <> excluded.sql_name";
        self.changed += self.connection.execute(sql, params![label, name]).map_err(engine)?;
        self.known.insert(label.to_owned());
        self.schema.names.insert(label.to_owned(), quoted);
        Ok(())
    }

    fn execute(&self, sql: &str) -> Result<(), Error> {
        self.connection.execute_batch(sql).map_err(engine)
    }
}

/// An SQL identifier.
fn quote(name: &str) -> Result<String, Error> {
    if name.is_empty() || name.len() > 128 || name.contains('\0') {
        return Err(unfit());
    }
    Ok(format!("\"{}\"", name.replace('"', "\"\"")))
}

/// A quoted identifier as the string that `pragma_table_info` takes.
fn literal(quoted: &str) -> String {
    let name = quoted.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(quoted);
    format!("'{}'", name.replace("\"\"", "\"").replace('\'', "''"))
}

fn unfit() -> Error {
    Error::Store(StoreError::Schema)
}
