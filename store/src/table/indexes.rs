//! What a row has in the columns of its indexes.

use rusqlite::{ErrorCode, params, types::Value as SqlValue};
use tenantseal::{
    Error,
    field::{Field, Opened, Value},
    tenant::policy::{FieldRule, IndexKind, IndexRule},
};

use super::{
    Keys, Table, bound, natural_of, sealable,
    search::{Sought, columns},
};
use crate::{
    record::{Fields, Plain, Record},
    schema::index_label,
    sqlite::engine,
};

impl Table<'_> {
    /// Label and token of each index of one column, compound ones aside.
    pub(super) fn tokens(
        &self,
        rule: &FieldRule,
        field: &Field,
        id: i64,
        natural: &Keys,
        value: Value<'_>,
    ) -> Result<Vec<(String, SqlValue)>, Error> {
        let mut tokens = Vec::new();
        for index in rule.indexes.iter().filter(|index| !is_compound(index)) {
            let handle = field.index(&index.label)?;
            let token = if matches!(index.kind, IndexKind::Unique) {
                let tokens = handle.unique(value)?;
                self.claim(rule, index, id, value, &tokens)?;
                SqlValue::Blob(tokens.first().ok_or(Error::UnknownKey)?.to_vec())
            } else {
                SqlValue::Integer(bound(rule, id, natural, |row| handle.token_of(row, &[value]))?)
            };
            tokens.push((index_label(rule, &index.label), token));
        }
        Ok(tokens)
    }

    /// The label of each index of one column that is NULL now; what the row had taken is free.
    pub(super) fn no_tokens(&self, rule: &FieldRule, id: i64) -> Result<Vec<String>, Error> {
        self.release_all(rule, id)?;
        let indexes = rule.indexes.iter().filter(|index| !is_compound(index));
        Ok(indexes.map(|index| index_label(rule, &index.label)).collect())
    }

    /// Label and token of each compound index that one of these fields is a part of. A row that lacks a part has none.
    pub(super) fn compound_tokens(
        &self,
        id: i64,
        compartment: &str,
        fields: &Fields,
        keys: &dyn Fn(&str) -> Option<Plain>,
    ) -> Result<Vec<(String, SqlValue)>, Error> {
        let mut tokens = Vec::new();
        let mut stored = None;
        for rule in self.rules() {
            for index in rule.indexes.iter().filter(|index| is_compound(index)) {
                let columns = columns(rule, index);
                if !columns.iter().any(|column| fields.values.contains_key(*column)) {
                    continue;
                }
                if stored.is_none() && !columns.iter().all(|column| fields.values.contains_key(*column)) {
                    stored = self.get(id)?;
                }
                let values = columns.iter().map(|column| value_of(column, fields, stored.as_ref()));
                let token = match values.collect::<Result<Option<Vec<_>>, Error>>()? {
                    None => SqlValue::Null,
                    Some(values) => {
                        let field = self.tenant.field(&rule.label())?.of_rows_in(compartment)?;
                        let natural = natural_of(rule, keys)?;
                        let handle = field.index(&index.label)?;
                        SqlValue::Integer(bound(rule, id, &natural, |row| handle.token_of(row, &values))?)
                    }
                };
                tokens.push((index_label(rule, &index.label), token));
            }
        }
        Ok(tokens)
    }

    /// Takes a value for a row, in every index epoch and class, if no other row has it.
    fn claim(
        &self,
        rule: &FieldRule,
        index: &IndexRule,
        id: i64,
        value: Value<'_>,
        tokens: &[[u8; 16]],
    ) -> Result<(), Error> {
        let others = self.find(&rule.column, &index.label, &Sought::Values(vec![value]))?;
        if others.iter().any(|record| record.id() != id) {
            return Err(Error::AlreadyExists);
        }
        self.release(rule, index, id)?;
        let sql = "INSERT INTO tenantseal_unique (token, label, row) VALUES (?1, ?2, ?3)";
        let label = index_label(rule, &index.label);
        for token in tokens {
            // Of a process that knows another newest epoch.
            self.connection.execute(sql, params![token, label, id]).map_err(|error| match error {
                rusqlite::Error::SqliteFailure(failure, _)
                    if failure.code == ErrorCode::ConstraintViolation =>
                {
                    Error::AlreadyExists
                }
                error => engine(error),
            })?;
        }
        Ok(())
    }

    /// Gives up what a row had taken.
    fn release(&self, rule: &FieldRule, index: &IndexRule, id: i64) -> Result<(), Error> {
        let sql = "DELETE FROM tenantseal_unique WHERE label = ?1 AND row = ?2";
        let label = index_label(rule, &index.label);
        self.connection.execute(sql, params![label, id]).map(drop).map_err(engine)
    }

    /// Gives up everything that a row had taken by this column.
    pub(super) fn release_all(&self, rule: &FieldRule, id: i64) -> Result<(), Error> {
        let unique = rule.indexes.iter().filter(|index| matches!(index.kind, IndexKind::Unique));
        unique.into_iter().try_for_each(|index| self.release(rule, index, id))
    }
}

fn is_compound(index: &IndexRule) -> bool {
    matches!(index.kind, IndexKind::Compound(_))
}

/// The value that a column will have; `None` if it will be NULL.
fn value_of<'v>(
    column: &str,
    fields: &'v Fields,
    stored: Option<&'v Record>,
) -> Result<Option<Value<'v>>, Error> {
    match fields.values.get(column) {
        Some(Some(input)) => sealable(input).map(Some),
        Some(None) => Ok(None),
        None => stored.and_then(|record| record.opened(column)).map(Opened::value).transpose(),
    }
}
