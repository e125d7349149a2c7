//! The SQL of a policy's columns, for a database of the caller's own.

use std::collections::BTreeMap;

use crate::{
    encoding::hex_encode,
    error::{Error, PolicyRule},
    field::cell::{self, CellKind},
    primitive::hash::sha256,
    tenant::{
        Suite, TenantId,
        policy::{FieldRule, IndexKind, MaskKind, Policy, Storage, ValueType},
    },
};

/// Whose SQL is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// MySQL 8 and MariaDB. Text is compared byte by byte: the usual collations take `A` and `a` for one.
    MySql,
    /// PostgreSQL.
    PostgreSql,
    /// SQLite 3.
    Sqlite,
}

/// The statements that make what a policy's fields need: columns for cells, masks and tokens, wide enough, compared byte by
/// byte, and the SQL indexes over them.
///
/// Names are the policy's labels: `mobile`, `mobile__mask`, `mobile__ix_exact`. Each table has an `id`, a `tenant` and a
/// `compartment`, and `tenantseal_unique` holds the bytes of unique indexes (FORMAT.md section 12).
///
/// # Example
///
/// ```
/// use tenantseal::{Error, field::{Ddl, Dialect}, tenant::Policy};
///
/// let policy = Policy::from_json(br#"{"tenantseal_policy": 1, "version": 1, "fields": [
///     {"table": "member", "column": "mobile", "type": "text", "content": "mobile_cn", "storage": "cell",
///      "class": ["personal"], "bind": "row",
///      "indexes": [{"label": "exact", "kind": "exact", "normaliser": "mobile_cn/1", "bits": 15}]}]}"#)?;
/// let sql = Ddl::new(&policy, Dialect::MySql).value_len("member.mobile", 32).create_tables()?;
/// assert!(sql[0].contains("`mobile` VARBINARY(96)"));
/// assert!(sql[0].contains("`mobile__ix_exact` BIGINT"));
/// assert!(sql[1].starts_with("CREATE INDEX"));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Ddl<'p> {
    policy: &'p Policy,
    dialect: Dialect,
    is_text: bool,
    value_lens: BTreeMap<String, usize>,
}

impl<'p> Ddl<'p> {
    /// How long a value of type text, bytes or JSON is taken to be at most, in bytes, unless [`Ddl::value_len`] says otherwise.
    pub const VALUE_LEN: usize = 255;

    /// For every table of a policy, with cells in their binary form.
    #[must_use]
    pub fn new(policy: &'p Policy, dialect: Dialect) -> Self {
        Self { policy, dialect, is_text: false, value_lens: BTreeMap::new() }
    }

    /// With cells in their text form, for drivers and tools that cannot take bytes: a third longer.
    #[must_use]
    pub fn text_form(mut self) -> Self {
        self.is_text = true;
        self
    }

    /// How long the values of the field `table.column` are at most, in bytes. MySQL refuses or cuts off what is longer than its
    /// column: run it in strict mode.
    #[must_use]
    pub fn value_len(mut self, label: &str, bytes: usize) -> Self {
        self.value_lens.insert(label.to_owned(), bytes);
        self
    }

    /// Statements that make every table of the policy and its SQL indexes.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] if a name would have more than 63 bytes or a cell no length; [`Error::UnknownField`] if
    /// [`Ddl::value_len`] was given for a field that the policy lacks; [`Error::Policy`] with [`PolicyRule::Duplicate`] for a
    /// field whose column, mask or index would have a name that is taken: `id`, `tenant` or `compartment`, that of another
    /// column of the table, or a table of SQLite's or of this library's own.
    pub fn create_tables(&self) -> Result<Vec<String>, Error> {
        self.check()?;
        let mut tables: Vec<&str> = Vec::new();
        for rule in self.policy.fields() {
            if !tables.contains(&rule.table.as_str()) {
                tables.push(&rule.table);
            }
        }
        let mut statements = Vec::new();
        for table in tables {
            let rules = || self.policy.fields().iter().filter(|rule| rule.table == table);
            let mut columns = vec![
                format!("{} {}", self.quoted("id")?, self.id_type()),
                format!("{} {} NOT NULL", self.quoted("tenant")?, self.binary(TenantId::MAX_LEN)),
                format!("{} {} NOT NULL DEFAULT ''", self.quoted("compartment")?, self.ascii(63)),
            ];
            for rule in rules() {
                for (name, sql_type) in self.columns(rule)? {
                    columns.push(format!("{} {sql_type}", self.quoted(&name)?));
                }
            }
            statements.push(format!("CREATE TABLE {} ({})", self.quoted(table)?, columns.join(", ")));
            for rule in rules() {
                statements.extend(self.indexes(rule)?);
            }
        }
        statements.extend(self.unique_table(self.policy.fields())?);
        Ok(statements)
    }

    /// Statements that give a table that is there the columns and SQL indexes of one field, `table.column`. It must have a
    /// column `tenant`. The field's own column is among them: leave that statement out for a column that is migrating.
    ///
    /// # Errors
    ///
    /// As [`Ddl::create_tables`]; [`Error::UnknownField`].
    pub fn add_field(&self, label: &str) -> Result<Vec<String>, Error> {
        self.check()?;
        let rule = self.policy.field(label)?;
        let mut statements = Vec::new();
        for (name, sql_type) in self.columns(rule)? {
            let (table, name) = (self.quoted(&rule.table)?, self.quoted(&name)?);
            statements.push(format!("ALTER TABLE {table} ADD COLUMN {name} {sql_type}"));
        }
        statements.extend(self.indexes(rule)?);
        statements.extend(self.unique_table(core::slice::from_ref(rule))?);
        Ok(statements)
    }

    fn check(&self) -> Result<(), Error> {
        self.value_lens.keys().try_for_each(|label| self.policy.field(label).map(drop))?;
        // Labels are of lower case, so names that differ differ to every database.
        let mut names: Vec<(&str, String)> = Vec::new();
        for (position, rule) in self.policy.fields().iter().enumerate() {
            let twice = Error::Policy { field: u16::try_from(position).ok(), rule: PolicyRule::Duplicate };
            if rule.table.starts_with("sqlite_") || rule.table == UNIQUE_TABLE {
                return Err(twice);
            }
            for (name, _) in self.columns(rule)? {
                let name = (rule.table.as_str(), name);
                if names.contains(&name) || OWN.contains(&name.1.as_str()) {
                    return Err(twice);
                }
                names.push(name);
            }
        }
        Ok(())
    }

    /// Name and SQL type of each column of a field.
    fn columns(&self, rule: &FieldRule) -> Result<Vec<(String, String)>, Error> {
        let len = self.len(rule);
        let kind = match rule.storage {
            Storage::Plain => return Ok(vec![(rule.column.clone(), self.plain(rule, len))]),
            Storage::Cell => CellKind::Field,
            Storage::Deterministic => CellKind::Deterministic,
        };
        let mut columns = vec![(rule.column.clone(), self.cell(kind, rule, len)?)];
        if let Some(mask) = &rule.mask {
            let len = mask_len(mask.kind, len);
            columns.push((rule.mask_column(), self.cell(CellKind::Field, rule, len)?));
        }
        for index in &rule.indexes {
            let sql_type = match index.kind {
                IndexKind::Unique => self.binary(UNIQUE_LEN),
                _ => self.integer().to_owned(),
            };
            columns.push((rule.index_column(index), sql_type));
        }
        Ok(columns)
    }

    /// A statement for each SQL index of a field.
    fn indexes(&self, rule: &FieldRule) -> Result<Vec<String>, Error> {
        let mut statements = Vec::new();
        for index in &rule.indexes {
            let column = self.quoted(&rule.index_column(index))?;
            statements.push(self.index(rule, &index.label, &column)?);
        }
        if let Some(domain) = &rule.domain {
            let mut column = self.quoted(&rule.column)?;
            if self.dialect == Dialect::MySql {
                // Header and synthetic IV: all that tells two cells apart.
                column.push_str(if self.is_text { "(58)" } else { "(40)" });
            }
            statements.push(self.index(rule, domain, &column)?);
        }
        Ok(statements)
    }

    fn index(&self, rule: &FieldRule, label: &str, column: &str) -> Result<String, Error> {
        let mut name = format!("tenantseal_{}.{}.{label}", rule.table, rule.column);
        if name.len() > MAX_NAME {
            let digest = sha256(&[name.as_bytes()]);
            name = format!("tenantseal_{}", hex_encode(digest.get(..16).unwrap_or_default()));
        }
        let (name, table, tenant) = (self.quoted(&name)?, self.quoted(&rule.table)?, self.quoted("tenant")?);
        Ok(format!("CREATE INDEX {name} ON {table} ({tenant}, {column})"))
    }

    /// The table that holds the bytes of unique indexes, if one of these fields has any.
    fn unique_table(&self, rules: &[FieldRule]) -> Result<Option<String>, Error> {
        let unique =
            |rule: &FieldRule| rule.indexes.iter().any(|index| matches!(index.kind, IndexKind::Unique));
        if !rules.iter().any(unique) {
            return Ok(None);
        }
        Ok(Some(format!(
            "CREATE TABLE IF NOT EXISTS {} ({} {} NOT NULL PRIMARY KEY, {} {} NOT NULL, {} {} NOT NULL)",
            self.quoted(UNIQUE_TABLE)?,
            self.quoted("token")?,
            self.binary(UNIQUE_LEN),
            self.quoted("label")?,
            self.ascii(LABEL_LEN),
            self.quoted("row")?,
            self.integer(),
        )))
    }

    /// How long a value is at most, in bytes.
    fn len(&self, rule: &FieldRule) -> usize {
        match rule.value_type {
            ValueType::Bool => 1,
            ValueType::Date => 4,
            ValueType::F64 | ValueType::I64 | ValueType::Timestamp => 8,
            ValueType::Decimal => 100,
            ValueType::Bytes | ValueType::Json | ValueType::Text => {
                self.value_lens.get(&rule.label()).copied().unwrap_or(Self::VALUE_LEN)
            }
        }
    }

    fn cell(&self, kind: CellKind, rule: &FieldRule, len: usize) -> Result<String, Error> {
        let len = cell::sealed_len(kind, Suite::default(), rule.padding, len).ok_or(Error::TooLong)?;
        if self.is_text {
            Ok(self.ascii(cell::text_len(len).ok_or(Error::TooLong)?))
        } else {
            Ok(self.binary(len))
        }
    }

    fn plain(&self, rule: &FieldRule, len: usize) -> String {
        let sql_type = match (rule.value_type, self.dialect) {
            (ValueType::Bytes, _) => return self.binary(len),
            (ValueType::Decimal, _) => return self.ascii(100),
            (ValueType::I64, _) => self.integer(),
            // What the vault writes into SQLite.
            (ValueType::Bool, Dialect::Sqlite) => "INTEGER",
            (ValueType::F64, Dialect::Sqlite) => "REAL",
            (_, Dialect::Sqlite) | (ValueType::Text, Dialect::PostgreSql) => "TEXT",
            (ValueType::Bool, _) => "BOOLEAN",
            (ValueType::Date, _) => "DATE",
            (ValueType::F64, _) => "DOUBLE PRECISION",
            (ValueType::Json, _) => "JSON",
            (ValueType::Timestamp, Dialect::MySql) => "DATETIME(6)",
            (ValueType::Timestamp, Dialect::PostgreSql) => "TIMESTAMPTZ",
            (ValueType::Text, Dialect::MySql) => {
                let sized =
                    if len <= MAX_VARYING { format!("VARCHAR({len})") } else { "LONGTEXT".to_owned() };
                return format!("{sized} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
            }
        };
        sql_type.to_owned()
    }

    fn id_type(&self) -> &'static str {
        // Each kind of id that is never used again: a cell of a deleted row fits no later one.
        match self.dialect {
            Dialect::MySql => "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY",
            Dialect::PostgreSql => "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            Dialect::Sqlite => "INTEGER PRIMARY KEY AUTOINCREMENT",
        }
    }

    fn integer(&self) -> &'static str {
        if self.dialect == Dialect::Sqlite { "INTEGER" } else { "BIGINT" }
    }

    fn binary(&self, len: usize) -> String {
        match self.dialect {
            Dialect::MySql if len <= MAX_VARYING => format!("VARBINARY({len})"),
            Dialect::MySql => "LONGBLOB".to_owned(),
            Dialect::PostgreSql => "BYTEA".to_owned(),
            Dialect::Sqlite => "BLOB".to_owned(),
        }
    }

    /// ASCII text that is compared byte by byte.
    fn ascii(&self, len: usize) -> String {
        match self.dialect {
            Dialect::MySql if len <= MAX_VARYING => {
                format!("VARCHAR({len}) CHARACTER SET ascii COLLATE ascii_bin")
            }
            Dialect::MySql => "LONGTEXT CHARACTER SET ascii COLLATE ascii_bin".to_owned(),
            Dialect::PostgreSql => "TEXT COLLATE \"C\"".to_owned(),
            Dialect::Sqlite => "TEXT COLLATE BINARY".to_owned(),
        }
    }

    /// Labels have no quotation marks.
    fn quoted(&self, name: &str) -> Result<String, Error> {
        let mark = if self.dialect == Dialect::MySql { '`' } else { '"' };
        if name.len() > MAX_NAME { Err(Error::TooLong) } else { Ok(format!("{mark}{name}{mark}")) }
    }
}

/// How long a mask is at most, in bytes.
fn mask_len(kind: MaskKind, value_len: usize) -> usize {
    match kind {
        MaskKind::BankCard => 12,
        MaskKind::Custom { .. } => value_len.saturating_add(4),
        MaskKind::Email => 254 + 3,
        MaskKind::IdCard => 18,
        MaskKind::MobileCn => 11,
        MaskKind::Name => value_len.saturating_add(1).max(4),
    }
}

/// The longest name that every database takes: PostgreSQL's NAMEDATALEN - 1; MySQL's limit is 64.
const MAX_NAME: usize = 63;
/// MySQL counts these columns into the 65,535 bytes of a row; longer ones are kept apart.
const MAX_VARYING: usize = 1_024;
/// The bytes of a unique index.
const UNIQUE_LEN: usize = 16;
/// `table.column#ix.index`, each of 63 bytes.
const LABEL_LEN: usize = 3 * 63 + 5;
/// The table of the bytes of unique indexes.
const UNIQUE_TABLE: &str = "tenantseal_unique";
/// The columns that every table has.
const OWN: [&str; 3] = ["id", "tenant", "compartment"];
