//! Randomness that can be had again: everything random in a run follows from one number that is printed.

use std::{
    env,
    time::{SystemTime, UNIX_EPOCH},
};

/// SplitMix64. Not for keys.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// What follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn next_number(&mut self) -> u64 {
        // Constants: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", 2014.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number under `bound`; 0 for the bound 0.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next_number() >> 1)
            .ok()
            .and_then(|number| number.checked_rem(bound))
            .unwrap_or(0)
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// The seed of this run: `TENANTSEAL_SEED`, or another one each time. Print it.
///
/// # Panics
///
/// If the variable is no number.
#[must_use]
pub fn seed() -> u64 {
    match env::var("TENANTSEAL_SEED") {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("TENANTSEAL_SEED is no number")),
        Err(_) => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .ok()
            .and_then(|since| u64::try_from(since.as_nanos() % 1_000_000_000_000).ok())
            .unwrap_or(1),
    }
}

/// How many rounds: `smoke`, or twenty times that where `TENANTSEAL_SOAK` is set.
#[must_use]
pub fn size(smoke: usize) -> usize {
    if env::var_os("TENANTSEAL_SOAK").is_some() { smoke.saturating_mul(20) } else { smoke }
}
