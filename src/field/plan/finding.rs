//! What is to be said of a plan, and how many bits to take instead.

use core::fmt;

use super::{
    Language, Plan,
    index::{IndexPlan, Shape},
    wording,
};

/// Something that the author of a policy should know before an index is built.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// A search opens more rows than it has to.
    BitsFew {
        /// The fewest bits that are enough.
        at_least: u8,
        /// How many it has.
        bits: u8,
        /// The label of the index.
        index: String,
        /// How many rows a search opens.
        opened: f64,
    },
    /// Nearly every value has a token of its own.
    BitsMany {
        /// The most bits that are safe; `None` if none are.
        at_most: Option<u8>,
        /// How many it has.
        bits: u8,
        /// The label of the index.
        index: String,
    },
    /// A mask is stored in clear.
    ClearMask {
        /// How much it tells about a row, on average.
        bits: f64,
    },
    /// Equal values look equal to everybody who reads the database: a unique index, or deterministic cells.
    Equality {
        /// The label of the index, or of the domain.
        index: String,
    },
    /// There are so few different values that the frequencies of the tokens name them.
    FewDistinct {
        /// How many there are.
        distinct: f64,
        /// The label of the index.
        index: String,
    },
    /// A value is so frequent that its token stands out.
    HeavyValue {
        /// The label of the index.
        index: String,
        /// How many partitions would hide it; `None` if it takes too many.
        partitions: Option<u16>,
        /// The share of the rows that has it, from 0 to 1.
        share: f64,
    },
    /// A search asks for many tokens.
    ManyTokens {
        /// The label of the index.
        index: String,
        /// How many.
        tokens: u64,
    },
    /// There are no rows to judge by.
    NoRows,
    /// An index has no token for some values.
    Refused {
        /// The label of the index.
        index: String,
        /// How many values of the sample.
        values: u64,
    },
    /// Many rows share their tokens with no other.
    RowsAlone {
        /// Their share, from 0 to 1.
        share: f64,
    },
    /// Everything in clear together tells more than hides one row among others.
    RowsIdentified {
        /// How many bits are safe.
        allowed: f64,
        /// How many bits it tells, at most.
        leaked: f64,
        /// How many rows there are.
        rows: f64,
    },
    /// The sample is too small to tell much.
    SampleSmall {
        /// How many rows it has.
        seen: u64,
    },
    /// The numbers are estimates from a sample.
    Sampled {
        /// How many rows there are.
        rows: f64,
        /// How many of them were seen.
        seen: u64,
    },
    /// A search opens many rows, most of them because they have the value.
    SearchLarge {
        /// The label of the index.
        index: String,
        /// How many rows a search opens.
        opened: f64,
    },
    /// The tenant is so small that a shorter token hides nothing.
    TenantSmall {
        /// How many rows it has.
        rows: f64,
    },
}

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Good to know.
    Note,
    /// Do not build the index like this.
    Refuse,
    /// Decide whether this is meant.
    Warn,
}

impl Finding {
    /// How much this finding weighs.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self {
            Self::FewDistinct { .. } | Self::NoRows => Severity::Refuse,
            // What no number of bits would avoid is not held against the policy.
            Self::BitsMany { at_most, .. } if at_most.is_some() => Severity::Refuse,
            Self::RowsIdentified { rows, .. } if *rows >= FEWEST_TOKENS * LEAST_SHARING => Severity::Refuse,
            Self::BitsFew { .. }
            | Self::BitsMany { .. }
            | Self::ClearMask { .. }
            | Self::Equality { .. }
            | Self::HeavyValue { .. }
            | Self::ManyTokens { .. }
            | Self::Refused { .. }
            | Self::RowsAlone { .. }
            | Self::RowsIdentified { .. }
            | Self::SampleSmall { .. }
            | Self::TenantSmall { .. } => Severity::Warn,
            Self::Sampled { .. } | Self::SearchLarge { .. } => Severity::Note,
        }
    }

    /// What it says, and what to do, in plain words.
    #[must_use]
    pub fn to_text(&self, language: Language) -> String {
        match language {
            Language::Chinese => wording::chinese(self),
            Language::English => wording::english(self),
        }
    }
}

/// In English.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text(Language::English))
    }
}

/// All findings of a plan, the weightiest first.
pub(super) fn findings(plan: &Plan) -> Vec<Finding> {
    let mut found = Vec::new();
    for index in plan.indexes.iter().filter(|index| index.refused > 0) {
        found.push(Finding::Refused { index: index.label.clone(), values: index.refused });
    }
    if plan.seen == 0 {
        found.insert(0, Finding::NoRows);
        return found;
    }
    if super::float(plan.seen) < plan.rows {
        found.push(Finding::Sampled { rows: plan.rows, seen: plan.seen });
        if plan.seen < SMALL_SAMPLE {
            found.push(Finding::SampleSmall { seen: plan.seen });
        }
    }
    for index in &plan.indexes {
        of_index(plan, index, &mut found);
    }
    if let Some(bits) = plan.clear_mask_bits {
        found.push(Finding::ClearMask { bits });
    }
    if plan.rows < SMALL_TENANT {
        found.push(Finding::TenantSmall { rows: plan.rows });
    } else {
        together(plan, &mut found);
    }
    found.sort_by_key(|finding| match finding.severity() {
        Severity::Refuse => 0,
        Severity::Warn => 1,
        Severity::Note => 2,
    });
    found
}

fn of_index(plan: &Plan, index: &IndexPlan, found: &mut Vec<Finding>) {
    let label = || index.label.clone();
    if index.tokens > MANY_TOKENS {
        found.push(Finding::ManyTokens { index: label(), tokens: index.tokens });
    }
    if is_few(plan, index) {
        found.push(Finding::FewDistinct { distinct: index.distinct, index: label() });
        return;
    }
    if plan.rows < SMALL_TENANT {
        return;
    }
    let (bits, opened) = (index.bits, index.candidates.per_value);
    if index.shows_equality() {
        found.push(Finding::Equality { index: label() });
    } else if !hides(plan.rows, index, bits) {
        found.push(Finding::BitsMany { at_most: most_bits(plan.rows, index), bits, index: label() });
    } else if bits < least_bits(index) {
        found.push(Finding::BitsFew { at_least: least_bits(index), bits, index: label(), opened });
    } else if opened > plan.rows.sqrt() {
        found.push(Finding::SearchLarge { index: label(), opened });
    }
    if stands_out(index, index.partitions) {
        // A power of two, so that what was partitioned can be partitioned further.
        let possible = if index.shows_equality() { &[][..] } else { &[2, 4, 8, 16, 32, 64] };
        let partitions = possible.iter().copied().find(|more| !stands_out(index, *more));
        found.push(Finding::HeavyValue { index: label(), partitions, share: index.top_share });
    }
}

fn together(plan: &Plan, found: &mut Vec<Finding>) {
    let allowed = plan.identifying_bits - LEAST_SHARING.log2();
    // Of one index alone, its bits say the same.
    let summed = plan.indexes.iter().filter(|index| !index.shows_equality()).count();
    let is_sum = summed > 1 || plan.clear_bits > 0.0;
    if is_sum && plan.leaked_bits > allowed {
        found.push(Finding::RowsIdentified { allowed, leaked: plan.leaked_bits, rows: plan.rows });
    }
    if let Some(anonymity) = plan.anonymity.filter(|anonymity| anonymity.alone >= MANY_ALONE) {
        found.push(Finding::RowsAlone { share: anonymity.alone });
    }
}

/// Proposes bits for every index.
///
/// Each is given the most bits with which four rows share a token. While all together tell too much, the one that tells most
/// gives up a bit; when none can, the last index of the policy gets none and the others begin anew.
pub(super) fn propose(plan: &mut Plan) {
    let allowed = plan.identifying_bits - LEAST_SHARING.log2() - plan.clear_bits;
    let alone = |index: &IndexPlan| {
        let is_possible = plan.rows >= SMALL_TENANT && !is_few(plan, index) && !index.shows_equality();
        is_possible.then(|| roomy_bits(plan.rows, index).or(most_bits(plan.rows, index))).flatten()
    };
    let wanted: Vec<Option<u8>> = plan.indexes.iter().map(alone).collect();
    let proposed = (0..=wanted.len())
        .rev()
        .find_map(|kept| shared_out(&plan.indexes, wanted.get(..kept).unwrap_or_default(), allowed));
    let proposed = proposed.unwrap_or_default().into_iter().chain(core::iter::repeat(None));
    for (index, bits) in plan.indexes.iter_mut().zip(proposed) {
        index.proposed_bits = bits;
    }
}

/// Takes bits off until the sum of what is told is allowed; `None` if that cannot be.
fn shared_out(indexes: &[IndexPlan], wanted: &[Option<u8>], allowed: f64) -> Option<Vec<Option<u8>>> {
    let told = |index: &IndexPlan, bits: Option<u8>| {
        bits.map_or(0.0, |bits| index.shannon_entropy.min(f64::from(bits)))
    };
    let mut proposed = wanted.to_vec();
    while indexes.iter().zip(&proposed).map(|(index, bits)| told(index, *bits)).sum::<f64>() > allowed {
        let (_, widest) = indexes
            .iter()
            .zip(&mut proposed)
            .filter(|(index, bits)| bits.is_some_and(|bits| bits > least_bits(index)))
            .max_by(|(a, x), (b, y)| told(a, **x).total_cmp(&told(b, **y)))?;
        *widest = widest.map(|bits| bits - 1);
    }
    Some(proposed)
}

/// Whether tokens of that many bits hide which value a row has: `2^b < D / 2`, and two rows share a token or more,
/// `R / 2^min(b, H) >= 2`. A value in P partitions counts as P values.
fn hides(rows: f64, index: &IndexPlan, bits: u8) -> bool {
    let (partitions, bits) = (f64::from(index.partitions), f64::from(bits));
    let told = (index.shannon_entropy + partitions.log2()).min(bits);
    bits.exp2() < index.distinct * partitions / 2.0 && rows / told.exp2() >= LEAST_SHARING
}

fn most_bits(rows: f64, index: &IndexPlan) -> Option<u8> {
    BITS.rev().find(|bits| hides(rows, index, *bits))
}

/// One bit less than the most, mostly: a tenant that loses half of its rows must not need another index.
fn roomy_bits(rows: f64, index: &IndexPlan) -> Option<u8> {
    BITS.rev().find(|bits| hides(rows / 2.0, index, *bits))
}

/// The fewest bits with `sqrt(D) < 2^b`.
fn least_bits(index: &IndexPlan) -> u8 {
    BITS.clone().find(|bits| f64::from(*bits).exp2() > index.distinct.sqrt()).unwrap_or(*BITS.end())
}

/// Whether the most frequent value's token is so much more frequent than others that a glance finds it.
fn stands_out(index: &IndexPlan, partitions: u16) -> bool {
    let partitions = f64::from(partitions);
    let average = (index.distinct * partitions).min(f64::from(index.bits).exp2()).recip();
    index.top_share / partitions >= STANDING_OUT * average
}

fn is_few(plan: &Plan, index: &IndexPlan) -> bool {
    plan.is_bool || (plan.rows >= SMALL_TENANT && index.distinct < FEW_VALUES)
}

impl Shape {
    /// How many tokens a search asks for: one for each index epoch, class of the history, partition and compartment.
    pub(super) fn tokens(epochs: u32, classes: usize, partitions: u16, compartments: usize) -> u64 {
        let wide = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        u64::from(epochs)
            .saturating_mul(wide(classes))
            .saturating_mul(u64::from(partitions))
            .saturating_mul(wide(compartments).saturating_add(1))
    }
}

/// What a policy takes.
const BITS: core::ops::RangeInclusive<u8> = 8..=63;

/// Of the smallest number of bits.
const FEWEST_TOKENS: f64 = 256.0;

/// CipherSweet, "Blind index planning": at least two rows share what is told.
const LEAST_SHARING: f64 = 2.0;

/// Below this many rows a token of 8 bits is a name in any case.
const SMALL_TENANT: f64 = 16.0;

/// Below this many values, whoever knows how frequent they are names them by their tokens.
const FEW_VALUES: f64 = 16.0;

/// Eight times the average is beyond what chance makes of equally frequent values in groups of a few rows.
const STANDING_OUT: f64 = 8.0;

/// One row in twenty.
const MANY_ALONE: f64 = 0.05;

/// More `?` in an `IN` list than a statement should have.
const MANY_TOKENS: u64 = 64;

/// The relative error of a share of one half is one tenth then.
const SMALL_SAMPLE: u64 = 100;
