//! How much is answered.

use std::collections::HashSet;

use super::{MAC_LEN, SECOND};

/// From how many handshakes on a listener asks for cookies, and how many it answers at most.
///
/// All are counted for one endpoint, in each second: a flood for one tenant does not slow another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    pub(super) cookies_after: u32,
    pub(super) most: u32,
    pub(super) per_peer: u32,
}

impl Load {
    /// Cookies after 64 handshakes a second, 4,096 at most, and 32 of one peer.
    #[must_use]
    pub const fn new() -> Self {
        Self { cookies_after: 64, most: 4096, per_peer: 32 }
    }

    /// After how many first messages in a second the next ones have to bring a cookie; 0 for always.
    #[must_use]
    pub const fn cookies_after(mut self, handshakes: u32) -> Self {
        self.cookies_after = handshakes;
        self
    }

    /// How many first messages are looked at in a second: past those that had to bring a cookie and did not. The others are
    /// dropped.
    #[must_use]
    pub const fn most(mut self, handshakes: u32) -> Self {
        self.most = handshakes;
        self
    }

    /// How many handshakes of one peer are answered in a second.
    #[must_use]
    pub const fn per_peer(mut self, handshakes: u32) -> Self {
        self.per_peer = handshakes;
        self
    }
}

impl Default for Load {
    fn default() -> Self {
        Self::new()
    }
}

/// The first messages that were looked at lately, by their MACs under the tenant's key, which nobody else can make.
#[derive(Default)]
pub(super) struct Seen {
    young: HashSet<[u8; MAC_LEN]>,
    old: HashSet<[u8; MAC_LEN]>,
}

impl Seen {
    const HALF: usize = 1 << 13;

    pub(super) fn contains(&self, mac1: &[u8; MAC_LEN]) -> bool {
        self.old.contains(mac1) || self.young.contains(mac1)
    }

    pub(super) fn note(&mut self, mac1: &[u8; MAC_LEN]) {
        if self.young.len() >= Self::HALF {
            self.old = core::mem::take(&mut self.young);
        }
        self.young.insert(*mac1);
    }
}

/// Counts what happens in a second.
#[derive(Default)]
pub(super) struct Bucket {
    since: u64,
    count: u32,
}

impl Bucket {
    /// Counts one more, and says the how many-th it is.
    pub(super) fn count(&mut self, now: u64) -> u32 {
        if now.saturating_sub(self.since) >= SECOND {
            *self = Self { since: now, count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_remembered_for_so_many_and_no_more() {
        let number = |number: usize| u128::try_from(number).unwrap().to_be_bytes();
        let mut seen = Seen::default();
        for each in 0..3 * Seen::HALF {
            assert!(!seen.contains(&number(each)));
            seen.note(&number(each));
            for before in [each, each.saturating_sub(Seen::HALF - 1)] {
                assert!(seen.contains(&number(before)), "{before} of {each}");
            }
            assert!(seen.young.len() + seen.old.len() <= 2 * Seen::HALF);
        }
        assert!(!seen.contains(&number(0)), "it was long ago");
    }
}
