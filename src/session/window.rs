//! Which packets have been opened: a window over their counters, RFC 6479.

/// A bit for each counter of the last [`Window::len`] and of the block that the latest is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Window {
    blocks: Box<[u64]>,
    /// One more than the largest counter, 0 at first.
    next: u64,
}

/// How many counters a block is for.
const BLOCK: u64 = 64;

impl Window {
    /// `len` is a multiple of 64.
    pub(super) fn new(len: usize) -> Self {
        Self { blocks: vec![0; len / 64 + 1].into(), next: 0 }
    }

    /// One more than the largest counter that was noted.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Whether a packet of that counter may be opened: it is not older than the window, and none of it was.
    pub(super) fn is_fresh(&self, counter: u64) -> bool {
        if counter >= self.next {
            return true;
        }
        let len = u64::try_from(self.blocks.len() - 1).unwrap_or(0) * BLOCK;
        counter + len >= self.next && self.block(counter) & bit(counter) == 0
    }

    /// Notes that a packet of that counter was opened. The counter is fresh, and not the last of all.
    pub(super) fn commit(&mut self, counter: u64) {
        if counter >= self.next {
            let (last, new) = (self.next.div_ceil(BLOCK), counter / BLOCK);
            // Blocks that are now of other counters, each at most once.
            let count = u64::try_from(self.blocks.len()).unwrap_or(0);
            for block in last.max((new + 1).saturating_sub(count))..=new {
                self.set(block * BLOCK, |bits| *bits = 0);
            }
            self.next = counter + 1;
        }
        self.set(counter, |bits| *bits |= bit(counter));
    }

    fn block(&self, counter: u64) -> u64 {
        self.blocks.get(self.position(counter)).copied().unwrap_or(u64::MAX)
    }

    fn set(&mut self, counter: u64, change: impl FnOnce(&mut u64)) {
        let position = self.position(counter);
        if let Some(bits) = self.blocks.get_mut(position) {
            change(bits);
        }
    }

    fn position(&self, counter: u64) -> usize {
        let count = u64::try_from(self.blocks.len()).unwrap_or(1);
        usize::try_from(counter / BLOCK % count).unwrap_or(usize::MAX)
    }
}

const fn bit(counter: u64) -> u64 {
    1 << (counter % BLOCK)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// What a window is, said in the plainest way.
    #[derive(Default)]
    struct Model {
        opened: BTreeSet<u64>,
    }

    impl Model {
        fn is_fresh(&self, counter: u64, len: u64) -> bool {
            let oldest = self.opened.last().map_or(0, |latest| (latest + 1).saturating_sub(len));
            counter >= oldest && !self.opened.contains(&counter)
        }
    }

    proptest! {
        #[test]
        fn a_window_is_what_the_model_says(
            len in prop_oneof![Just(1024u64), Just(1088), Just(2048), Just(8192)],
            start in prop_oneof![Just(0u64), 0..1u64 << 40],
            steps in prop::collection::vec(
                prop_oneof![4 => -40i64..40, 2 => -9000i64..9000, 1 => Just(64), 1 => Just(-1024), 1 => Just(-1023)],
                1..400,
            ),
        ) {
            let mut window = Window::new(usize::try_from(len).unwrap());
            let mut model = Model::default();
            let mut latest = start;
            for step in steps {
                let counter = latest.saturating_add_signed(step);
                prop_assert_eq!(window.is_fresh(counter), model.is_fresh(counter, len), "{} {}", latest, counter);
                if window.is_fresh(counter) {
                    window.commit(counter);
                    model.opened.insert(counter);
                    latest = latest.max(counter);
                    prop_assert!(!window.is_fresh(counter));
                }
            }
        }
    }

    #[test]
    fn the_oldest_of_a_window_is_fresh_and_one_older_is_not() {
        for len in [1024u64, 2048, 8192] {
            for latest in [len - 1, len, len + 1, len + 63, len + 64, 10 * len, (1 << 40) + 17] {
                let mut window = Window::new(usize::try_from(len).unwrap());
                window.commit(latest);
                let oldest = latest + 1 - len;
                assert!(window.is_fresh(oldest), "{len} {latest}");
                assert!(oldest == 0 || !window.is_fresh(oldest - 1), "{len} {latest}");
                assert!(!window.is_fresh(latest) && window.is_fresh(latest + 1));
            }
        }
    }

    #[test]
    fn a_leap_forgets_everything_before_it() {
        let mut window = Window::new(1024);
        (0..1024).for_each(|counter| window.commit(counter));
        window.commit(1 << 50);
        assert!((0..1024).all(|counter| !window.is_fresh(counter)));
        assert!(((1 << 50) - 1023..1 << 50).all(|counter| window.is_fresh(counter)));
    }
}
