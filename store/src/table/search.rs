//! Rows by what their sealed columns hold: candidates by token, opened, and compared.

use rusqlite::types::Value as SqlValue;
use tenantseal::{
    Error,
    field::{BlindIndex, Field, Value},
    tenant::policy::{FieldRule, IndexKind, IndexRule, Storage},
};

use super::Table;
use crate::{record::Record, schema::index_label};

/// What rows are looked for.
pub(crate) enum Sought<'v> {
    /// A value from the first to the second, both included.
    Between(Value<'v>, Value<'v>),
    /// These values of the columns of the index.
    Values(Vec<Value<'v>>),
}

impl Sought<'_> {
    /// What such rows have in the column of the index.
    fn tokens(&self, index: &BlindIndex) -> Result<Vec<SqlValue>, Error> {
        let tokens = match (self, &index.rule().kind) {
            (Self::Values(values), IndexKind::Unique) => {
                let [value] = values.as_slice() else { return Err(Error::WrongIndex) };
                let tokens = index.unique(*value)?;
                return Ok(tokens.iter().map(|token| SqlValue::Blob(token.to_vec())).collect());
            }
            (Self::Values(values), _) => index.lookup_of(values)?,
            (Self::Between(low, high), _) => index.lookup_between(*low, *high)?,
        };
        Ok(tokens.into_iter().map(SqlValue::Integer).collect())
    }

    fn matches(&self, index: &BlindIndex, values: &[Value<'_>]) -> Result<bool, Error> {
        match (self, values) {
            (Self::Values(sought), _) => index.matches_of(values, sought),
            (Self::Between(low, high), [value]) => index.matches_between(*value, *low, *high),
            _ => Err(Error::WrongIndex),
        }
    }
}

impl Table<'_> {
    /// The rows of which a field has this value, or a value in this range, or of which the columns of a compound index have
    /// these.
    pub(crate) fn find(&self, column: &str, index: &str, sought: &Sought<'_>) -> Result<Vec<Record>, Error> {
        let rule = self.rule(column)?;
        let base = self.tenant.field(&rule.label())?;
        if rule.storage == Storage::Deterministic {
            return self.find_cells(rule, &base, index, sought);
        }
        let known = base.index(index)?;
        let mut tokens = Vec::new();
        for compartment in core::iter::once("").chain(rule.compartments.iter().map(String::as_str)) {
            tokens.extend(sought.tokens(&base.of_rows_in(compartment)?.index(index)?)?);
        }
        let column = self.schema.sql(&index_label(rule, index))?;
        // A row that was written before the policy had this index has no token, and is a candidate too.
        let mut untold = format!("{column} IS NULL");
        for label in indexed(rule, known.rule()) {
            untold.push_str(&format!(" AND {} IS NOT NULL", self.schema.sql(&label)?));
        }
        let columns = columns(rule, known.rule());
        let sql = self.select(&format!("tenant = ?1 AND {untold}"))?;
        let mut candidates = self.query(&sql, [self.tenant_value()])?;
        candidates.extend(self.query_in(column, &tokens)?);
        let mut found = Vec::new();
        for record in candidates {
            let opened: Vec<_> = columns.iter().filter_map(|column| record.opened(column)).collect();
            let values: Vec<Value<'_>> =
                opened.iter().map(|opened| opened.value()).collect::<Result<_, _>>()?;
            if values.len() == columns.len() && sought.matches(&known, &values)? {
                found.push(record);
            }
        }
        found.sort_by_key(Record::id);
        Ok(found)
    }

    /// The rows that have one of these in a column, which differ: in as many queries as it takes.
    fn query_in(&self, column: &str, values: &[SqlValue]) -> Result<Vec<Record>, Error> {
        let mut found = Vec::new();
        for some in values.chunks(MAX_PARAMS - 1) {
            let params = core::iter::once(self.tenant_value()).chain(some.iter().cloned());
            let sql = self.select(&format!("tenant = ?1 AND {column} IN ({})", places(some.len() + 1)))?;
            found.extend(self.query(&sql, params)?);
        }
        Ok(found)
    }

    /// The rows with a deterministic cell of the value; the index is called as the domain is.
    fn find_cells(
        &self,
        rule: &FieldRule,
        field: &Field,
        index: &str,
        sought: &Sought<'_>,
    ) -> Result<Vec<Record>, Error> {
        if rule.domain.as_deref() != Some(index) {
            return Err(Error::UnknownIndex);
        }
        let Sought::Values(values) = sought else { return Err(Error::WrongIndex) };
        let [value] = values.as_slice() else { return Err(Error::WrongIndex) };
        // Written in binary form; the text form is read too.
        let texts = field.lookup_text(*value)?.into_iter().map(SqlValue::Text);
        let cells: Vec<_> = field.lookup(*value)?.into_iter().map(SqlValue::Blob).chain(texts).collect();
        let mut found = self.query_in(self.schema.sql(&rule.label())?, &cells)?;
        found.sort_by_key(Record::id);
        Ok(found)
    }
}

/// The columns whose values an index is made of, the field's own first.
pub(super) fn columns<'r>(rule: &'r FieldRule, index: &'r IndexRule) -> Vec<&'r str> {
    let further = index.kind.further().iter().map(|part| part.column.as_str());
    core::iter::once(rule.column.as_str()).chain(further).collect()
}

/// Their permanent labels.
fn indexed(rule: &FieldRule, index: &IndexRule) -> Vec<String> {
    columns(rule, index).iter().map(|column| format!("{}.{column}", rule.table)).collect()
}

/// The parameters after the first, for `IN (...)`.
fn places(count: usize) -> String {
    (2..=count).map(|position| format!("?{position}")).collect::<Vec<_>>().join(",")
}

/// How many parameters SQLite takes, SQLITE_MAX_VARIABLE_NUMBER.
const MAX_PARAMS: usize = 32_766;
