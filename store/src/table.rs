//! What is done to the rows of one table for one tenant, on a connection that the caller holds.

mod indexes;
mod search;

use std::collections::BTreeMap;

use rusqlite::{
    Connection, OptionalExtension as _, Row as SqlRow, params_from_iter, types::Value as SqlValue,
};
use tenantseal::{
    Error, StoreError,
    field::{Key, Row, Value},
    tenant::{
        Policy, Tenant,
        policy::{Bind, FieldRule, Storage, ValueType},
    },
};

pub(crate) use search::Sought;

use crate::{
    record::{Fields, Input, Masked, Output, Plain, Record},
    schema::{Schema, mask_label},
    sqlite::engine,
};

/// Plain columns of a row: what its cells may be bound to.
type Keys = BTreeMap<String, Plain>;

/// One table of one tenant.
pub(crate) struct Table<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) schema: &'a Schema,
    pub(crate) policy: &'a Policy,
    pub(crate) tenant: &'a Tenant,
    pub(crate) label: &'a str,
}

impl Table<'_> {
    /// Inserts a row: first its id, then everything that is bound to the id.
    pub(crate) fn insert(&self, fields: &Fields) -> Result<i64, Error> {
        let table = self.schema.sql(self.label)?;
        let compartment = fields.compartment.as_deref().unwrap_or_default();
        if !compartment.is_empty() && !self.policy.compartments().iter().any(|c| c == compartment) {
            return Err(Error::UnknownCompartment);
        }
        let sql = format!("INSERT INTO {table} (tenant, compartment) VALUES (?1, ?2)");
        let tenant = self.tenant.id().as_bytes();
        self.connection.execute(&sql, rusqlite::params![tenant, compartment]).map_err(engine)?;
        let id = self.connection.last_insert_rowid();
        let plain = |column: &str| fields.values.get(column).and_then(Option::as_ref).and_then(plain_key);
        self.write(id, compartment, fields, &plain)?;
        Ok(id)
    }

    /// Changes columns of a row; those that are not named stay. Returns whether the row is there.
    pub(crate) fn update(&self, id: i64, fields: &Fields) -> Result<bool, Error> {
        if fields.compartment.is_some() {
            return Err(Error::Value);
        }
        let Some((compartment, stored)) = self.identity(id)? else { return Ok(false) };
        // What a cell of this row is bound to must stay, or the cell would be lost.
        if self.natural_keys().any(|key| fields.values.contains_key(key)) {
            return Err(Error::WrongBinding);
        }
        self.write(id, &compartment, fields, &|column| stored.get(column).cloned())?;
        Ok(true)
    }

    /// Deletes a row. Returns whether it was there.
    pub(crate) fn delete(&self, id: i64) -> Result<bool, Error> {
        let table = self.schema.sql(self.label)?;
        let sql = format!("DELETE FROM {table} WHERE id = ?1 AND tenant = ?2");
        let deleted = self.connection.execute(&sql, rusqlite::params![id, self.tenant.id().as_bytes()]);
        let deleted = deleted.map(|rows| rows > 0).map_err(engine)?;
        if deleted {
            self.rules().try_for_each(|rule| self.release_all(rule, id))?;
        }
        Ok(deleted)
    }

    /// A row, opened.
    pub(crate) fn get(&self, id: i64) -> Result<Option<Record>, Error> {
        let sql = self.select("id = ?1 AND tenant = ?2")?;
        let params = [SqlValue::Integer(id), self.tenant_value()];
        Ok(self.query(&sql, params)?.pop())
    }

    /// Rows after an id, as a listing may show them.
    pub(crate) fn list_masked(&self, after: i64, limit: u32) -> Result<Vec<Masked>, Error> {
        let table = self.schema.sql(self.label)?;
        let mut columns = vec!["id".to_owned(), "compartment".to_owned()];
        for rule in self.rules() {
            columns.push(match (rule.storage, &rule.mask) {
                (Storage::Plain, _) => self.schema.sql(&rule.label())?.to_owned(),
                (_, Some(_)) => self.schema.sql(&mask_label(rule))?.to_owned(),
                (_, None) => "NULL".to_owned(),
            });
        }
        // Whether there is a value: sealed ones are not even read.
        for rule in self.rules() {
            columns.push(format!("{} IS NOT NULL", self.schema.sql(&rule.label())?));
        }
        let sql = format!(
            "SELECT {} FROM {table} WHERE tenant = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
            columns.join(", ")
        );
        let params = [self.tenant_value(), SqlValue::Integer(after), SqlValue::Integer(i64::from(limit))];
        let mut statement = self.connection.prepare_cached(&sql).map_err(engine)?;
        let mut rows = statement.query(params_from_iter(params)).map_err(engine)?;
        let mut listed = Vec::new();
        while let Some(row) = rows.next().map_err(engine)? {
            listed.push(self.masked(row)?);
        }
        Ok(listed)
    }

    fn masked(&self, row: &SqlRow<'_>) -> Result<Masked, Error> {
        let id = row.get(0).map_err(engine)?;
        let compartment: String = row.get(1).map_err(engine)?;
        let keys = self.keys_of(row)?;
        let mut shown = BTreeMap::new();
        let count = self.rules().count();
        for (position, rule) in (2..).zip(self.rules()) {
            let text = if rule.storage == Storage::Plain {
                plain_of(row, position, rule)?.map(|plain| plain_text(&plain))
            } else if let Some(sealed) = bytes_of(row, position)? {
                let field = self.tenant.field(&rule.label())?.of_rows_in(&compartment)?;
                Some(bound(rule, id, &keys, |bound| field.mask()?.open(bound, sealed))?)
            } else {
                // No mask, or a row that was written before the policy had one.
                row.get::<_, bool>(position + count).map_err(engine)?.then(|| "****".to_owned())
            };
            if let Some(text) = text {
                shown.insert(rule.column.clone(), text);
            }
        }
        Ok(Masked { id, compartment, shown })
    }

    /// Seals and writes columns of a row that is there.
    fn write(
        &self,
        id: i64,
        compartment: &str,
        fields: &Fields,
        keys: &dyn Fn(&str) -> Option<Plain>,
    ) -> Result<(), Error> {
        let table = self.schema.sql(self.label)?;
        let mut sets = Vec::new();
        let mut params = vec![SqlValue::Integer(id)];
        let mut set = |label: &str, value: SqlValue| -> Result<(), Error> {
            params.push(value);
            sets.push(format!("{} = ?{}", self.schema.sql(label)?, params.len()));
            Ok(())
        };
        for (column, input) in &fields.values {
            let rule = self.rule(column)?;
            if rule.storage == Storage::Plain {
                set(
                    &rule.label(),
                    input.as_ref().map_or(Ok(SqlValue::Null), |input| plain_value(rule, input))?,
                )?;
                continue;
            }
            let field = self.tenant.field(&rule.label())?.of_rows_in(compartment)?;
            let Some(input) = input else {
                set(&rule.label(), SqlValue::Null)?;
                if rule.mask.is_some() {
                    set(&mask_label(rule), SqlValue::Null)?;
                }
                for label in self.no_tokens(rule, id)? {
                    set(&label, SqlValue::Null)?;
                }
                continue;
            };
            let value = sealable(input)?;
            let natural = natural_of(rule, keys)?;
            let sealed = bound(rule, id, &natural, |row| field.seal(row, value))?;
            set(&rule.label(), SqlValue::Blob(sealed))?;
            if rule.mask.is_some() {
                let text = input.text().ok_or(Error::WrongType)?;
                let mask = bound(rule, id, &natural, |row| field.mask()?.seal(row, text))?;
                set(&mask_label(rule), SqlValue::Blob(mask))?;
            }
            for (label, token) in self.tokens(rule, &field, id, &natural, value)? {
                set(&label, token)?;
            }
        }
        for (label, token) in self.compound_tokens(id, compartment, fields, keys)? {
            set(&label, token)?;
        }
        if !sets.is_empty() {
            params.push(self.tenant_value());
            let sets = sets.join(", ");
            let sql = format!("UPDATE {table} SET {sets} WHERE id = ?1 AND tenant = ?{}", params.len());
            // The row is there and is this tenant's, or this is not the table that the vault made.
            if self.connection.execute(&sql, params_from_iter(params)).map_err(engine)? != 1 {
                return Err(Error::Store(StoreError::Schema));
            }
        }
        Ok(())
    }

    fn query(&self, sql: &str, params: impl IntoIterator<Item = SqlValue>) -> Result<Vec<Record>, Error> {
        let mut statement = self.connection.prepare_cached(sql).map_err(engine)?;
        let mut rows = statement.query(params_from_iter(params)).map_err(engine)?;
        let mut records = Vec::new();
        while let Some(row) = rows.next().map_err(engine)? {
            records.push(self.open(row)?);
        }
        Ok(records)
    }

    fn open(&self, row: &SqlRow<'_>) -> Result<Record, Error> {
        let id = row.get(0).map_err(engine)?;
        let compartment: String = row.get(1).map_err(engine)?;
        let keys = self.keys_of(row)?;
        let mut values = BTreeMap::new();
        for (position, rule) in (2..).zip(self.rules()) {
            let value = if rule.storage == Storage::Plain {
                plain_of(row, position, rule)?.map(Output::Plain)
            } else {
                match bytes_of(row, position)? {
                    None => None,
                    Some(sealed) => {
                        let field = self.tenant.field(&rule.label())?.of_rows_in(&compartment)?;
                        let opened = bound(rule, id, &keys, |bound| field.open(bound, sealed))?;
                        Some(Output::Opened(opened))
                    }
                }
            };
            if let Some(value) = value {
                values.insert(rule.column.clone(), value);
            }
        }
        Ok(Record { id, compartment, values })
    }

    /// The plain columns of a row that was selected with every rule's column, in the order of the rules.
    fn keys_of(&self, row: &SqlRow<'_>) -> Result<Keys, Error> {
        let mut keys = Keys::new();
        for (position, rule) in (2..).zip(self.rules()).filter(|(_, rule)| rule.storage == Storage::Plain) {
            if let Some(plain) = plain_of(row, position, rule)? {
                keys.insert(rule.column.clone(), plain);
            }
        }
        Ok(keys)
    }

    /// The compartment and the plain columns of a row.
    fn identity(&self, id: i64) -> Result<Option<(String, Keys)>, Error> {
        let sql = self.select("id = ?1 AND tenant = ?2")?;
        let mut statement = self.connection.prepare_cached(&sql).map_err(engine)?;
        let found = statement.query_row(rusqlite::params![id, self.tenant.id().as_bytes()], |row| {
            Ok(row.get(1).map(|compartment: String| (compartment, self.keys_of(row))))
        });
        match found.optional().map_err(engine)? {
            None => Ok(None),
            Some(found) => {
                let (compartment, keys) = found.map_err(engine)?;
                Ok(Some((compartment, keys?)))
            }
        }
    }

    fn select(&self, condition: &str) -> Result<String, Error> {
        let table = self.schema.sql(self.label)?;
        let mut columns = vec!["id", "compartment"];
        for rule in self.rules() {
            columns.push(self.schema.sql(&rule.label())?);
        }
        Ok(format!("SELECT {} FROM {table} WHERE {condition}", columns.join(", ")))
    }

    fn rules(&self) -> impl Iterator<Item = &FieldRule> {
        self.policy.fields().iter().filter(|field| field.table == self.label)
    }

    fn rule(&self, column: &str) -> Result<&FieldRule, Error> {
        self.rules().find(|rule| rule.column == column).ok_or(Error::UnknownField)
    }

    fn natural_keys(&self) -> impl Iterator<Item = &String> {
        self.rules().flat_map(|rule| match &rule.bind {
            Bind::Natural(keys) => keys.as_slice(),
            _ => &[],
        })
    }

    fn tenant_value(&self) -> SqlValue {
        SqlValue::Blob(self.tenant.id().as_bytes().to_vec())
    }
}

/// Calls `act` with the row that the field is bound to.
fn bound<T>(
    rule: &FieldRule,
    id: i64,
    keys: &Keys,
    act: impl FnOnce(Row<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    match &rule.bind {
        Bind::Row => act(id.into()),
        Bind::Natural(names) => {
            let parts: Vec<Key<'_>> = names
                .iter()
                .map(|name| match keys.get(name) {
                    Some(Plain::Text(text)) => Ok(Key::Text(text)),
                    Some(Plain::Bytes(bytes)) => Ok(Key::Bytes(bytes)),
                    Some(Plain::I64(number)) => Ok(Key::Int(*number)),
                    _ => Err(Error::WrongBinding),
                })
                .collect::<Result<_, _>>()?;
            act(Row::natural(&parts))
        }
        Bind::Unbound => act(Row::UNBOUND),
        _ => Err(Error::Unsupported),
    }
}

/// The natural keys that a field's cells are bound to.
fn natural_of(rule: &FieldRule, keys: &dyn Fn(&str) -> Option<Plain>) -> Result<Keys, Error> {
    let Bind::Natural(names) = &rule.bind else { return Ok(Keys::new()) };
    names.iter().map(|name| Ok((name.clone(), keys(name).ok_or(Error::WrongBinding)?))).collect()
}

/// What a field seals of an input; a value of every type but bytes may be given as text.
pub(crate) fn sealable(input: &Input) -> Result<Value<'_>, Error> {
    match input {
        Input::Text(_) => input.text().map(Value::Written).ok_or(Error::WrongType),
        Input::Bytes(bytes) => Ok(Value::Bytes(bytes.expose_secret())),
        Input::Number(Plain::Bool(truth)) => Ok(Value::Bool(*truth)),
        Input::Number(Plain::F64(number)) => Ok(Value::F64(*number)),
        Input::Number(Plain::I64(number)) => Ok(Value::I64(*number)),
        Input::Number(_) => Err(Error::WrongType),
    }
}

/// A value that may serve as a natural key.
fn plain_key(input: &Input) -> Option<Plain> {
    match input {
        Input::Text(_) => input.text().map(|text| Plain::Text(text.to_owned())),
        Input::Bytes(bytes) => Some(Plain::Bytes(bytes.expose_secret().to_vec())),
        Input::Number(number) => Some(number.clone()),
    }
}

fn plain_value(rule: &FieldRule, input: &Input) -> Result<SqlValue, Error> {
    match (input, rule.value_type) {
        (Input::Bytes(bytes), ValueType::Bytes) => Ok(SqlValue::Blob(bytes.expose_secret().to_vec())),
        (Input::Number(Plain::I64(number)), ValueType::I64) => Ok(SqlValue::Integer(*number)),
        (Input::Number(Plain::Bool(truth)), ValueType::Bool) => Ok(SqlValue::Integer(i64::from(*truth))),
        // SQLite keeps no NaN: it would be written as NULL.
        (Input::Number(Plain::F64(number)), ValueType::F64) if number.is_nan() => Err(Error::Value),
        (Input::Number(Plain::F64(number)), ValueType::F64) => Ok(SqlValue::Real(*number)),
        (
            Input::Text(_),
            ValueType::Text | ValueType::Decimal | ValueType::Date | ValueType::Timestamp | ValueType::Json,
        ) => Ok(SqlValue::Text(input.text().ok_or(Error::WrongType)?.to_owned())),
        _ => Err(Error::WrongType),
    }
}

fn plain_of(row: &SqlRow<'_>, position: usize, rule: &FieldRule) -> Result<Option<Plain>, Error> {
    let value: SqlValue = row.get(position).map_err(engine)?;
    Ok(Some(match (value, rule.value_type) {
        (SqlValue::Null, _) => return Ok(None),
        (SqlValue::Blob(bytes), ValueType::Bytes) => Plain::Bytes(bytes),
        (SqlValue::Integer(number), ValueType::I64) => Plain::I64(number),
        (SqlValue::Integer(number), ValueType::Bool) => Plain::Bool(number != 0),
        (SqlValue::Real(number), ValueType::F64) => Plain::F64(number),
        (
            SqlValue::Text(text),
            ValueType::Text | ValueType::Decimal | ValueType::Date | ValueType::Timestamp | ValueType::Json,
        ) => Plain::Text(text),
        _ => return Err(Error::WrongType),
    }))
}

fn plain_text(plain: &Plain) -> String {
    match plain {
        Plain::Text(text) => text.clone(),
        Plain::I64(number) => number.to_string(),
        Plain::F64(number) => number.to_string(),
        Plain::Bool(truth) => truth.to_string(),
        Plain::Bytes(bytes) => format!("{} bytes", bytes.len()),
    }
}

/// A sealed column: a blob, or text in the text form.
fn bytes_of(row: &SqlRow<'_>, position: usize) -> Result<Option<Vec<u8>>, Error> {
    match row.get(position).map_err(engine)? {
        SqlValue::Null => Ok(None),
        SqlValue::Blob(bytes) => Ok(Some(bytes)),
        SqlValue::Text(text) => Ok(Some(text.into_bytes())),
        _ => Err(Error::WrongType),
    }
}
