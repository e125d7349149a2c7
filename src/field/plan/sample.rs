//! Values of a field, as far as a plan needs them: which rows have equal ones.

use core::{
    fmt,
    hash::{BuildHasher as _, Hash},
};
use std::hash::RandomState;

use zeroize::Zeroizing;

use super::{
    EQUALITY, Plan, Planner,
    histogram::{Histogram, float},
};
use crate::{
    error::Error,
    field::{Value, index::hashed, mask::mask, normalise::normalise},
    tenant::policy::{IndexRule, MaskKind},
};

/// How many rows a tenant has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rows {
    /// This many, of which what is given is a random sample. A sample that is not random, such as the oldest rows, gives a
    /// plan that is wrong.
    Sampled(u64),
    /// As many as are given: nothing is estimated.
    Whole,
}

impl Rows {
    /// How many rows of the tenant have a token, if `refused` of those that were looked at beside `seen` have none.
    pub(super) fn of(self, seen: u64, refused: u64) -> Result<f64, Error> {
        let looked_at = seen.checked_add(refused).ok_or(Error::Value)?;
        match self {
            Self::Sampled(rows) if rows < looked_at => Err(Error::Value),
            Self::Sampled(rows) if refused > 0 => Ok(float(rows) * float(seen) / float(looked_at)),
            Self::Sampled(rows) => Ok(float(rows)),
            Self::Whole => Ok(float(seen)),
        }
    }

    /// What was counted, as it is in `total` rows.
    pub(super) fn scale(self, histogram: Histogram, total: f64) -> Histogram {
        match self {
            Self::Sampled(_) => histogram.scaled_to(total),
            Self::Whole => histogram,
        }
    }
}

/// Values of a field, as far as a plan needs them: one number for each row and index. See [`Planner`].
pub struct Sample<'p> {
    planner: &'p Planner,
    key: RandomState,
    columns: Vec<SampledColumn>,
    rows: u64,
    /// How many rows are left out since an index refuses their value.
    refused: u64,
}

/// One number for each row; equal numbers, equal values. Copies that a growing vector leaves behind mean nothing once the key
/// is gone.
#[derive(Default)]
struct SampledColumn {
    fingerprints: Zeroizing<Vec<u64>>,
    refused: u64,
}

impl<'p> Sample<'p> {
    pub(super) fn new(planner: &'p Planner) -> Self {
        let columns = (0..planner.columns()).map(|_| SampledColumn::default()).collect();
        Self { planner, key: RandomState::new(), columns, rows: 0, refused: 0 }
    }

    /// Adds the value of a row. One that the normaliser of an index refuses is counted and left out: such a row cannot be
    /// written with all its tokens.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the field is of another type; [`Error::WrongIndex`] of a field with a compound index, which
    /// [`Sample::add_row`] takes.
    pub fn add<'v>(&mut self, value: impl Into<Value<'v>>) -> Result<(), Error> {
        self.add_row(value, &[])
    }

    /// [`Sample::add`] of a field with compound indexes: with the values that the row has in their further columns.
    ///
    /// # Errors
    ///
    /// As [`Sample::add`]; [`Error::WrongIndex`] if a column is missing.
    pub fn add_row<'v>(
        &mut self,
        value: impl Into<Value<'v>>,
        further: &[(&str, Value<'_>)],
    ) -> Result<(), Error> {
        let value = value.into();
        let indexes = &self.planner.indexes;
        let indexes = indexes.iter().map(|rule| self.planner.of_index(&self.key, rule, value, further));
        let mask = self.planner.clear_mask.map(|kind| of_mask(&self.key, kind, value));
        let mut row = Vec::with_capacity(self.columns.len());
        for (column, fingerprint) in self.columns.iter_mut().zip(indexes.chain(mask)) {
            match fingerprint {
                Ok(fingerprint) => row.push(fingerprint),
                Err(error @ (Error::WrongIndex | Error::WrongType)) => return Err(error),
                Err(_) => column.refused += 1,
            }
        }
        if row.len() < self.columns.len() {
            self.refused += 1;
            return Ok(());
        }
        for (column, fingerprint) in self.columns.iter_mut().zip(row) {
            column.fingerprints.push(fingerprint);
        }
        self.rows += 1;
        Ok(())
    }

    /// The plan.
    ///
    /// The sizes of groups in [`Anonymity`](super::Anonymity) come from tokens under a random key, so they vary a
    /// little from one call to the next, as they do from one tenant to the next. All else is the same for the same
    /// sample.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] if there are fewer rows than were added.
    pub fn plan(mut self, rows: Rows) -> Result<Plan, Error> {
        let total = rows.of(self.rows, self.refused)?;
        let together = self.tokens_together().map(|together| rows.scale(together, total));
        let refused = self.columns.iter().map(|column| column.refused).collect();
        let histograms = self
            .columns
            .iter_mut()
            .map(|column| rows.scale(Histogram::of_rows(&mut column.fingerprints), total))
            .collect();
        Ok(self.planner.plan(self.rows, total, histograms, refused, together))
    }

    /// How many rows share everything that an observer sees of them, with tokens of the policy's bits under a random key.
    fn tokens_together(&self) -> Option<Histogram> {
        let first = self.columns.first()?;
        let mut together = Zeroizing::new(vec![0_u64; first.fingerprints.len()]);
        for (position, column) in self.columns.iter().enumerate() {
            // Of a mask in clear the whole is seen.
            // What shows equal values as such says so; here it would say that every row is alone.
            let index = self.planner.indexes.get(position);
            if index.is_some_and(|rule| rule.bits == EQUALITY) {
                continue;
            }
            for (row, (seen, fingerprint)) in together.iter_mut().zip(column.fingerprints.iter()).enumerate()
            {
                let shown = match index {
                    Some(rule) => {
                        let partition = self.hash(row) % u64::from(rule.partitions);
                        self.hash((fingerprint, partition)) >> 64_u32.saturating_sub(u32::from(rule.bits))
                    }
                    None => *fingerprint,
                };
                *seen = self.hash((*seen, shown));
            }
        }
        Some(Histogram::of_rows(&mut together))
    }

    fn hash(&self, of: impl Hash) -> u64 {
        self.key.hash_one(of)
    }
}

/// Shows how many rows there are: the rest is made of somebody's data.
impl fmt::Debug for Sample<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sample").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Planner {
    /// What of a value an index shows, as a number under a key: equal for what looks equal.
    fn of_index(
        &self,
        key: &RandomState,
        rule: &IndexRule,
        value: Value<'_>,
        further: &[(&str, Value<'_>)],
    ) -> Result<u64, Error> {
        let own = hashed(rule, self.rule.value_type, value)?;
        let mut shown = key.hash_one((&rule.label, &*own));
        for part in rule.kind.further() {
            let (_, value) =
                further.iter().find(|(column, _)| *column == part.column).ok_or(Error::WrongIndex)?;
            let known = self.further.iter().find(|(column, _)| *column == part.column);
            let (_, value_type) = known.ok_or(Error::WrongIndex)?;
            shown = key.hash_one((shown, &*normalise(part.normaliser, *value_type, *value)?));
        }
        Ok(shown)
    }
}

fn of_mask(key: &RandomState, kind: MaskKind, value: Value<'_>) -> Result<u64, Error> {
    match value {
        Value::Text(text) | Value::Written(text) => Ok(key.hash_one((Planner::MASK, mask(kind, text)))),
        _ => Err(Error::WrongType),
    }
}
