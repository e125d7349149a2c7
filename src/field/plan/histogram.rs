//! How often values occur, and what follows from that. There are counts here, and no values.

use std::collections::BTreeMap;

/// How many rows each of many different values has.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    /// In ascending order of `rows`.
    groups: Vec<Group>,
    rows: f64,
}

/// Values that occur equally often.
#[derive(Clone, Copy, Debug)]
struct Group {
    /// How many rows each of them has.
    rows: f64,
    values: f64,
}

impl Histogram {
    /// Of the number of rows of each value. A value without rows is none.
    pub(super) fn of_counts(counts: impl IntoIterator<Item = u64>) -> Self {
        let mut groups = BTreeMap::new();
        for count in counts.into_iter().filter(|count| *count > 0) {
            *groups.entry(count).or_insert(0_u64) += 1;
        }
        Self::of_groups(
            groups
                .into_iter()
                .map(|(rows, values)| Group { rows: float(rows), values: float(values) })
                .collect(),
        )
    }

    /// Of one number for each row, equal for equal values. They are sorted on the way.
    pub(super) fn of_rows(values: &mut [u64]) -> Self {
        values.sort_unstable();
        Self::of_counts(
            values.chunk_by(|a, b| a == b).map(|run| u64::try_from(run.len()).unwrap_or(u64::MAX)),
        )
    }

    fn of_groups(mut groups: Vec<Group>) -> Self {
        groups.sort_by(|a, b| a.rows.total_cmp(&b.rows));
        let rows = total(groups.iter().map(|group| group.rows * group.values));
        Self { groups, rows }
    }

    /// What all `rows` rows look like, if these are a random sample of them without replacement. No rows stay none.
    ///
    /// With f1 and f2 values that were seen once and twice in a share q of the rows, at least
    /// `f1^2 / (2 f2 + f1 q / (1 - q))` values were not seen (Chao and Lin 2012, Biometrics 68:912; by Cauchy-Schwarz,
    /// a lower bound in expectation), and of the rows that were not seen a share f1 / n has them (Good 1953). The rest are
    /// shared out among the values that were seen.
    pub(super) fn scaled_to(self, rows: f64) -> Self {
        if self.rows == 0.0 || rows <= self.rows {
            return self;
        }
        let seen = |times: f64| {
            total(self.groups.iter().filter(|group| group.rows == times).map(|group| group.values))
        };
        let (once, twice) = (seen(1.0), seen(2.0));
        let other_rows = rows - self.rows;
        let unseen_rows = other_rows * once / self.rows;
        // As `(rows - unseen_rows) / self.rows`, which loses all digits when nearly all rows are unseen.
        let growth = 1.0 + other_rows * (1.0 - once / self.rows) / self.rows;
        let mut groups: Vec<Group> = self
            .groups
            .iter()
            .map(|group| Group { rows: group.rows * growth, values: group.values })
            .collect();
        if once > 0.0 {
            let unseen = once * once / (2.0 * twice + once * self.rows / other_rows);
            groups.push(Group { rows: unseen_rows / unseen, values: unseen });
        }
        Self::of_groups(groups)
    }

    pub(super) fn rows(&self) -> f64 {
        self.rows
    }

    /// How many different values there are.
    pub(super) fn distinct(&self) -> f64 {
        total(self.groups.iter().map(|group| group.values))
    }

    /// How many rows the most frequent value has.
    pub(super) fn most_rows(&self) -> f64 {
        self.groups.last().map_or(0.0, |group| group.rows)
    }

    /// The sum over all values of the share of its rows times `of` that share.
    pub(super) fn mean_over_rows(&self, of: impl Fn(f64) -> f64) -> f64 {
        let share = |group: &Group| group.rows / self.rows;
        total(self.groups.iter().map(|group| group.values * share(group) * of(share(group))))
    }

    /// How many rows the value has which this share of the values do not exceed.
    pub(super) fn rows_at_share_of_values(&self, share: f64) -> f64 {
        self.quantile(share * self.distinct(), |group| group.values)
    }

    /// How many rows have the same value as the row which this share of the rows do not exceed, itself among them.
    pub(super) fn rows_at_share_of_rows(&self, share: f64) -> f64 {
        self.quantile(share * self.rows, |group| group.values * group.rows)
    }

    fn quantile(&self, until: f64, weight: impl Fn(&Group) -> f64) -> f64 {
        let mut passed = 0.0;
        let reached = self.groups.iter().find(|group| {
            passed += weight(group);
            passed >= until
        });
        // Sums of fractions may end a little below their whole.
        reached.map_or(self.most_rows(), |group| group.rows)
    }

    /// The share of the rows whose value no other row has. Estimated groups have fractions of rows.
    pub(super) fn share_alone(&self) -> f64 {
        self.mean_over_rows(|share| if share * self.rows < 1.5 { 1.0 } else { 0.0 })
    }
}

/// `Iterator::sum` of nothing is -0.0, which shows.
fn total(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.fold(0.0, |sum, number| sum + number)
}

/// A count, to calculate with.
#[allow(
    clippy::cast_precision_loss,
    reason = "above 2^53 a count is rounded; no statement made of it is that exact"
)]
pub(super) fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_that_is_everything_is_not_changed() {
        let whole = Histogram::of_counts([1, 1, 2, 0, 5]);
        assert_eq!((whole.rows(), whole.distinct(), whole.most_rows()), (9.0, 4.0, 5.0));
        let scaled = whole.scaled_to(9.0);
        assert_eq!((scaled.rows(), scaled.distinct(), scaled.most_rows()), (9.0, 4.0, 5.0));
        let more = scaled.scaled_to(18.0);
        assert!((more.rows() - 18.0).abs() < 1e-9 && more.distinct() > 4.0);
    }

    #[test]
    fn values_that_were_all_seen_once_are_all_different() {
        let scaled = Histogram::of_counts(vec![1; 2_000]).scaled_to(200_000.0);
        assert!((scaled.distinct() - 200_000.0).abs() < 1e-3, "{}", scaled.distinct());
        assert!((scaled.most_rows() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn values_that_were_all_seen_often_are_all_there_are() {
        let scaled = Histogram::of_counts([10, 20, 30]).scaled_to(600.0);
        assert_eq!((scaled.distinct(), scaled.most_rows(), scaled.rows()), (3.0, 300.0, 600.0));
    }

    /// 5,000 values of 20 rows each; 10,000 of the 100,000 rows are drawn.
    #[test]
    fn the_estimate_is_near_what_a_drawn_sample_comes_from() {
        let mut state = 7_u64;
        let mut rows: Vec<u64> = (0..100_000).map(|row| row / 20).collect();
        for at in 0..10_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let other = at + usize::try_from((state >> 33) % (100_000 - u64::try_from(at).unwrap())).unwrap();
            rows.swap(at, other);
        }
        let sample = Histogram::of_rows(&mut rows[..10_000]);
        let seen = sample.distinct();
        let scaled = sample.scaled_to(100_000.0);
        assert!(seen < 4_500.0, "{seen}");
        assert!((4_800.0..5_200.0).contains(&scaled.distinct()), "{}", scaled.distinct());
        assert!((scaled.rows() - 100_000.0).abs() < 1e-3);
    }

    #[test]
    fn quantiles_are_of_values_or_of_rows() {
        let histogram = Histogram::of_counts([1, 1, 1, 1, 96]);
        assert_eq!(histogram.rows_at_share_of_values(0.8), 1.0);
        assert_eq!(histogram.rows_at_share_of_values(0.81), 96.0);
        assert_eq!(histogram.rows_at_share_of_rows(0.04), 1.0);
        assert_eq!(histogram.rows_at_share_of_rows(0.05), 96.0);
        assert_eq!(histogram.share_alone(), 0.04);
        let none = Histogram::of_counts([]);
        assert_eq!((none.most_rows(), none.rows_at_share_of_rows(0.5), none.share_alone()), (0.0, 0.0, 0.0));
    }
}
