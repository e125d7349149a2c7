//! Planning blind indexes: what those of a policy do with the data of a tenant, told before they are built.
//!
//! FORMAT.md says what a token is; the rules that a plan is held against are
//! `sqrt(D) < 2^b < D / 2` (AWS Database Encryption SDK, "Choosing a beacon length") and `2 <= R / 2^(sum of L)`
//! (CipherSweet, "Blind index planning"), for D different values in R rows, tokens of b bits, and L bits that each index and
//! each column in clear tells of a row.

mod finding;
mod histogram;
mod index;
mod sample;
mod wording;

use core::fmt;

pub use finding::{Finding, Severity};
pub use index::{Candidates, IndexPlan, Leak};
pub use sample::{Rows, Sample};

use histogram::{Histogram, float};
use index::Shape;

use crate::{
    error::Error,
    tenant::policy::{FieldRule, IndexKind, IndexRule, MaskKind, Normaliser, Policy, Storage, ValueType},
};

/// Says what the blind indexes of a field do with real data: how many rows a search opens, what somebody who reads the
/// database without a key learns, and which numbers of bits to take.
///
/// Plan for one tenant at a time, the largest and the smallest at least: bits that hide a value among 200,000 rows hide
/// nothing among 500. Which compartment a row is in stands in clear beside it; tell that by [`Planner::clear_column`].
///
/// # Security
///
/// It reads plaintext and keeps none: of each value a number under a random key stays until the [`Sample`] is dropped. A plan
/// holds counts, labels of the policy and nothing of a value; but counts of a tenant's data are the tenant's.
///
/// # Example
///
/// ```
/// use tenantseal::{
///     Error,
///     field::{Language, Planner, Rows},
///     tenant::Policy,
/// };
///
/// let policy = Policy::from_json(
///     br#"{"tenantseal_policy": 1, "version": 1, "fields": [
///         {"table": "member", "column": "mobile", "type": "text", "content": "mobile_cn", "storage": "cell",
///          "class": ["personal"], "bind": "row",
///          "indexes": [{"label": "exact", "kind": "exact", "normaliser": "mobile_cn/1", "bits": 32}]}]}"#,
/// )?;
/// let planner = Planner::new(&policy, "member.mobile")?;
/// let mut sample = planner.sample();
/// for number in 0..2_000 {
///     sample.add(&format!("138{number:08}"))?;
/// }
/// let plan = sample.plan(Rows::Sampled(200_000))?;
/// assert!(!plan.is_acceptable(), "32 bits give every number a token of its own");
/// assert_eq!(plan.proposed_bits("exact")?, Some(15));
/// println!("{}", plan.to_text(Language::Chinese));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Planner {
    rule: FieldRule,
    /// What an observer sees of a value, in the policy's order; of a deterministic field its cells, under the label of the
    /// domain.
    indexes: Vec<IndexRule>,
    /// Label and type of each further column of a compound index.
    further: Vec<(String, ValueType)>,
    epochs: u32,
    clear_mask: Option<MaskKind>,
    /// What columns in clear tell, in bits.
    clear_columns: f64,
}

impl Planner {
    /// The label under which [`Planner::plan_counts`] takes the counts of a mask in clear. No index can have it.
    pub const MASK: &'static str = "#mask";

    /// For the field `table.column` of a policy. Of a deterministic field the cells are planned as an index is, under the
    /// label of their domain.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownField`].
    pub fn new(policy: &Policy, label: &str) -> Result<Self, Error> {
        let rule = policy.field(label)?;
        let mut further = Vec::new();
        for index in &rule.indexes {
            for part in index.kind.further() {
                let other = policy.field(&format!("{}.{}", rule.table, part.column))?;
                further.push((part.column.clone(), other.value_type));
            }
        }
        let mut indexes = rule.indexes.clone();
        if let (Storage::Deterministic, Some(domain)) = (rule.storage, &rule.domain) {
            let (kind, normaliser) = (IndexKind::Exact, Normaliser::None1);
            indexes.push(IndexRule {
                bits: EQUALITY,
                kind,
                label: domain.clone(),
                normaliser,
                partitions: 1,
            });
        }
        Ok(Self { rule: rule.clone(), indexes, further, epochs: 1, clear_mask: None, clear_columns: 0.0 })
    }

    /// With that many live index epochs: a search asks for the tokens of each. One unless told.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] for none.
    pub fn epochs(mut self, epochs: u32) -> Result<Self, Error> {
        if epochs == 0 {
            return Err(Error::Value);
        }
        self.epochs = epochs;
        Ok(self)
    }

    /// With the tokens of an index spread over that many partitions, each of which gives a value another token. As many as the
    /// policy says unless told.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] for none; [`Error::UnknownIndex`].
    pub fn partitions(mut self, index: &str, partitions: u16) -> Result<Self, Error> {
        if partitions == 0 {
            return Err(Error::Value);
        }
        let position = self.position(index).ok_or(Error::UnknownIndex)?;
        self.indexes.get_mut(position).ok_or(Error::UnknownIndex)?.partitions = partitions;
        Ok(self)
    }

    /// With the field's mask stored in clear. This library seals masks always; whoever writes them in clear beside it tells
    /// this.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownField`] if the policy gives the field no mask.
    pub fn clear_mask(mut self) -> Result<Self, Error> {
        self.clear_mask = Some(self.rule.mask.as_ref().ok_or(Error::UnknownField)?.kind);
        Ok(self)
    }

    /// With another column in clear that goes with the value, and has that many different values: a department beside a
    /// number. It counts towards the sum; it cannot count towards [`Anonymity`].
    #[must_use]
    pub fn clear_column(mut self, distinct: u64) -> Self {
        self.clear_columns += float(distinct.max(1)).log2();
        self
    }

    /// Starts a sample of the field's values.
    #[must_use]
    pub fn sample(&self) -> Sample<'_> {
        Sample::new(self)
    }

    /// A plan from counts alone: for each index, how many rows each different value of it has. The counts of one index may
    /// be of other rows than those of the next, so such a plan has no [`Anonymity`].
    ///
    /// # Errors
    ///
    /// [`Error::UnknownIndex`]; [`Error::Value`] if an index, or a mask in clear, has no counts or has them twice, if they add
    /// up to more rows than there are, or to no number.
    pub fn plan_counts<'l, C: IntoIterator<Item = u64>>(
        &self,
        rows: Rows,
        counts: impl IntoIterator<Item = (&'l str, C)>,
    ) -> Result<Plan, Error> {
        let mut columns: Vec<Option<(u64, Histogram)>> = vec![None; self.columns()];
        for (label, counts) in counts {
            let position = match self.clear_mask {
                Some(_) if label == Self::MASK => self.indexes.len(),
                _ => self.position(label).ok_or(Error::UnknownIndex)?,
            };
            let column = columns.get_mut(position).filter(|column| column.is_none()).ok_or(Error::Value)?;
            let counts: Vec<u64> = counts.into_iter().collect();
            let seen = counts.iter().try_fold(0_u64, |sum, count| sum.checked_add(*count));
            *column = Some((seen.ok_or(Error::Value)?, Histogram::of_counts(counts)));
        }
        let columns: Vec<_> = columns.into_iter().collect::<Option<_>>().ok_or(Error::Value)?;
        let seen = columns.iter().map(|(seen, _)| *seen).max().unwrap_or(0);
        let refused = vec![0; columns.len()];
        let total = rows.of(seen, 0)?;
        let histograms = columns.into_iter().map(|(_, histogram)| rows.scale(histogram, total)).collect();
        Ok(self.plan(seen, total, histograms, refused, None))
    }

    /// How many columns an observer sees: a token for each index, and a mask in clear.
    fn columns(&self) -> usize {
        self.indexes.len() + usize::from(self.clear_mask.is_some())
    }

    fn position(&self, label: &str) -> Option<usize> {
        self.indexes.iter().position(|index| index.label == label)
    }

    fn plan(
        &self,
        seen: u64,
        rows: f64,
        histograms: Vec<Histogram>,
        refused: Vec<u64>,
        together: Option<Histogram>,
    ) -> Plan {
        let rule = &self.rule;
        let mut histograms = histograms.into_iter();
        // A domain knows neither class nor compartment.
        let classes = if rule.storage == Storage::Deterministic { 1 } else { rule.class.len() };
        let mut indexes = Vec::with_capacity(self.indexes.len());
        for ((index, histogram), refused) in self.indexes.iter().zip(histograms.by_ref()).zip(refused) {
            let tokens = Shape::tokens(self.epochs, classes, index.partitions, rule.compartments.len());
            let shape = Shape { bits: index.bits, partitions: index.partitions, tokens };
            indexes.push(IndexPlan::new(&index.label, shape, &histogram, refused));
        }
        let clear_mask_bits = histograms.next().map(|histogram| index::shannon_entropy(&histogram));
        let clear_bits = clear_mask_bits.unwrap_or_default() + self.clear_columns;
        let summed = indexes.iter().filter(|index| !index.shows_equality());
        let leaked_bits = summed.fold(clear_bits, |sum, index| sum + index.leak.at_most);
        let mut plan = Plan {
            label: rule.label(),
            rows,
            seen,
            is_bool: rule.value_type == ValueType::Bool
                && rule.indexes.iter().all(|index| index.kind.further().is_empty()),
            indexes,
            clear_mask_bits,
            clear_bits,
            leaked_bits,
            identifying_bits: rows.max(1.0).log2(),
            anonymity: together.map(|together| Anonymity::of(&together)),
            findings: Vec::new(),
        };
        finding::propose(&mut plan);
        plan.findings = finding::findings(&plan);
        plan
    }
}

impl IndexPlan {
    fn new(label: &str, shape: Shape, histogram: &Histogram, refused: u64) -> Self {
        let rows = histogram.rows();
        Self {
            bits: shape.bits,
            candidates: Candidates::of(histogram, shape),
            distinct: histogram.distinct(),
            label: label.to_owned(),
            leak: Leak::of(histogram, shape),
            min_entropy: index::min_entropy(histogram),
            partitions: shape.partitions,
            proposed_bits: None,
            refused,
            shannon_entropy: index::shannon_entropy(histogram),
            tokens: shape.tokens,
            top_share: if rows == 0.0 { 0.0 } else { histogram.most_rows() / rows },
        }
    }
}

/// What the blind indexes of a field do with a tenant's data. [`Plan::to_text`] says it in words.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// How many rows share everything that an observer sees; `None` of a plan from counts, and where nothing is seen.
    pub anonymity: Option<Anonymity>,
    /// What masks and columns in clear tell of a row, in bits.
    pub clear_bits: f64,
    /// What a mask in clear tells of a row, in bits; `None` if there is none.
    pub clear_mask_bits: Option<f64>,
    /// What is to be said of it, the weightiest first.
    pub findings: Vec<Finding>,
    /// How many bits single out one row: the logarithm of the number of rows.
    pub identifying_bits: f64,
    /// Every index, in the policy's order.
    pub indexes: Vec<IndexPlan>,
    /// The label of the field.
    pub label: String,
    /// What all indexes, masks and columns in clear together tell of a row, in bits, at most. Indexes and cells that show equal
    /// values as such are not in it: [`Finding::Equality`] is said of each.
    pub leaked_bits: f64,
    /// How many rows of the tenant have a token: all but those whose value is refused.
    pub rows: f64,
    /// How many of them were looked at.
    pub seen: u64,
    is_bool: bool,
}

impl Plan {
    /// Whether nothing speaks against building these indexes. What there is to note or to decide is in the findings.
    #[must_use]
    pub fn is_acceptable(&self) -> bool {
        !self.findings.iter().any(|finding| finding.severity() == Severity::Refuse)
    }

    /// How many bits an index should have; `None` if no number is safe beside the indexes before it, and of what shows equal
    /// values as such, whose bits are fixed.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownIndex`].
    pub fn proposed_bits(&self, index: &str) -> Result<Option<u8>, Error> {
        let named = self.indexes.iter().find(|plan| plan.label == index);
        named.map(|plan| plan.proposed_bits).ok_or(Error::UnknownIndex)
    }

    /// The whole plan in plain words, over several lines.
    #[must_use]
    pub fn to_text(&self, language: Language) -> String {
        wording::report(self, language)
    }
}

/// In English.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text(Language::English))
    }
}

/// How many rows look the same to somebody who sees all tokens, and masks in clear, of each: k-anonymity of what is seen. A
/// row counts itself.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Anonymity {
    /// The share of the rows that look like no other, from 0 to 1.
    pub alone: f64,
    /// For one row in twenty, no more than this.
    pub fifth_percentile: f64,
    /// For the row that is hidden least.
    pub least: f64,
    /// For half of the rows, no more than this.
    pub median: f64,
}

impl Anonymity {
    fn of(together: &Histogram) -> Self {
        Self {
            alone: together.share_alone(),
            fifth_percentile: together.rows_at_share_of_rows(0.05),
            least: together.rows_at_share_of_rows(0.0),
            median: together.rows_at_share_of_rows(0.5),
        }
    }
}

/// The bits of what shows equal values as such: unique indexes and deterministic cells.
const EQUALITY: u8 = 128;

/// A language of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Language {
    /// 简体中文.
    Chinese,
    /// English.
    English,
}
