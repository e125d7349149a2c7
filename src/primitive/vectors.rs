//! The algorithms against vectors that others published, in both builds.
//!
//! Every suite prints what it ran and what it left out, and fails when it ran less than it used to: vectors that
//! vanish with an update are noticed.

use std::collections::BTreeMap;

mod c2sp;
mod fips;
mod rfc;
mod wycheproof;

/// What a suite ran, and what it left out for which reason.
struct Tally {
    suite: &'static str,
    run: usize,
    skipped: BTreeMap<&'static str, usize>,
}

impl Tally {
    fn new(suite: &'static str) -> Self {
        Self { suite, run: 0, skipped: BTreeMap::new() }
    }

    fn ran(&mut self) {
        self.run += 1;
    }

    fn skipped(&mut self, reason: &'static str, count: usize) {
        *self.skipped.entry(reason).or_default() += count;
    }

    fn finish(self, floor: usize) {
        let reasons: Vec<_> =
            self.skipped.iter().map(|(reason, count)| format!("{reason}: {count}")).collect();
        let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
        println!(
            "{}: run {}, skipped {}{reasons}",
            self.suite,
            self.run,
            self.skipped.values().sum::<usize>()
        );
        assert!(self.run >= floor, "{}: {} vectors ran, at least {floor} should", self.suite, self.run);
    }
}

#[test]
#[should_panic(expected = "1 vectors ran, at least 2 should")]
fn a_suite_that_lost_vectors_fails() {
    let mut tally = Tally::new("test");
    tally.ran();
    tally.finish(2);
}
