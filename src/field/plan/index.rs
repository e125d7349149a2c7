//! What one index does with the values of a column: candidates of a search, and what its tokens tell.

use super::histogram::{Histogram, float};

/// What one index does. Numbers of rows are expected values: fractions are meant.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct IndexPlan {
    /// How many bits its tokens have.
    pub bits: u8,
    /// How many rows a search opens.
    pub candidates: Candidates,
    /// How many different values it tells apart: of an index of first or last characters, different parts.
    pub distinct: f64,
    /// The label of the index.
    pub label: String,
    /// How much a row's token tells about its value.
    pub leak: Leak,
    /// The min-entropy of a row's value, in bits: how surely the most frequent value is guessed.
    pub min_entropy: f64,
    /// Over how many partitions its tokens are spread.
    pub partitions: u16,
    /// How many bits it should have, in the order of the policy beside the indexes before it; `None` if no number is safe.
    pub proposed_bits: Option<u8>,
    /// How many values of the sample its normaliser refuses.
    pub refused: u64,
    /// The Shannon entropy of a row's value, in bits.
    pub shannon_entropy: f64,
    /// How many tokens a search asks for, in all compartments together.
    pub tokens: u64,
    /// The share of the rows that has the most frequent value, from 0 to 1.
    pub top_share: f64,
}

/// How many rows a search opens: those with the value, and others that share a token.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Candidates {
    /// Of a search for a value, each equally likely: how many of them have another value.
    pub false_per_value: f64,
    /// Of the worst value.
    pub most: f64,
    /// Of 99 in 100 values, at most.
    pub p99: f64,
    /// Of a search for the value of a row, each row equally likely.
    pub per_row: f64,
    /// Of a search for a value, each equally likely.
    pub per_value: f64,
}

/// How many bits somebody who sees all tokens learns about the value of a random row, on average. What is known of the
/// distribution bounds it from both sides; sums are made of `at_most`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Leak {
    /// By Jensen's inequality, from the expected frequency of a token.
    pub at_least: f64,
    /// The smaller of the token's bits and the value's entropy.
    pub at_most: f64,
}

impl IndexPlan {
    /// Whether equal values look equal, whatever the number of bits: a unique index, or deterministic cells.
    #[must_use]
    pub fn shows_equality(&self) -> bool {
        self.bits == super::EQUALITY
    }
}

/// What of an index the numbers depend on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// 8 to 63, or 128. The arithmetic holds for any number.
    pub(super) bits: u8,
    pub(super) partitions: u16,
    pub(super) tokens: u64,
}

impl Candidates {
    /// A row of another value shares one of the T tokens of a search with probability `1 - (1 - 2^-b)^T`: HMAC is taken
    /// for a random function.
    pub(super) fn of(histogram: &Histogram, shape: Shape) -> Self {
        let rows = histogram.rows();
        if rows == 0.0 {
            return Self { false_per_value: 0.0, most: 0.0, p99: 0.0, per_row: 0.0, per_value: 0.0 };
        }
        let shared = -(float(shape.tokens) * (-(-f64::from(shape.bits)).exp2()).ln_1p()).exp_m1();
        let opened = |own: f64| own + (rows - own) * shared;
        let mean = rows / histogram.distinct();
        Self {
            false_per_value: (rows - mean) * shared,
            most: opened(histogram.most_rows()),
            p99: opened(histogram.rows_at_share_of_values(0.99)),
            per_row: histogram.mean_over_rows(|share| opened(share * rows)),
            per_value: opened(mean),
        }
    }
}

impl Leak {
    /// With a row's share w of one token, `E[-log2(w + others)] >= -log2(w + (1 - w) / 2^b)`. A row's partition is in its
    /// token and tells nothing about its value, so its entropy is taken off.
    pub(super) fn of(histogram: &Histogram, shape: Shape) -> Self {
        let partitions = f64::from(shape.partitions);
        let expected = |share: f64| {
            let own = share / partitions;
            -(own + (1.0 - own) * (-f64::from(shape.bits)).exp2()).log2()
        };
        let at_most = shannon_entropy(histogram).min(f64::from(shape.bits));
        let at_least = histogram.mean_over_rows(expected) - partitions.log2();
        Self { at_least: at_least.clamp(0.0, at_most), at_most }
    }
}

/// `sum of -p log2 p`: of the distribution that was seen, or estimated.
pub(super) fn shannon_entropy(histogram: &Histogram) -> f64 {
    histogram.mean_over_rows(|share| -share.log2())
}

/// `-log2` of the largest p.
pub(super) fn min_entropy(histogram: &Histogram) -> f64 {
    if histogram.rows() == 0.0 { 0.0 } else { (histogram.rows() / histogram.most_rows()).log2().max(0.0) }
}
