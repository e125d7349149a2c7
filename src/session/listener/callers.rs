//! What is remembered of those that called.

use std::collections::{HashMap, VecDeque};

use super::load::Bucket;
use crate::session::key::PublicKey;

/// Those that called lately, by their static keys: two maps of half as many, so that whoever did not call for long is
/// forgotten first.
#[derive(Default)]
pub(super) struct Callers {
    young: HashMap<PublicKey, Caller>,
    old: HashMap<PublicKey, Caller>,
}

#[derive(Default)]
pub(super) struct Caller {
    /// Of its last first message.
    pub(super) timestamp: u64,
    pub(super) bucket: Bucket,
    /// Its handshakes that may be not yet confirmed, the oldest first.
    answered: VecDeque<u32>,
}

impl Callers {
    const HALF: usize = 1 << 15;

    pub(super) fn of(&mut self, key: PublicKey) -> &mut Caller {
        if !self.young.contains_key(&key) && self.young.len() >= Self::HALF {
            self.old = core::mem::take(&mut self.young);
        }
        let old = &mut self.old;
        self.young.entry(key).or_insert_with(|| old.remove(&key).unwrap_or_default())
    }

    pub(super) fn forget(&mut self, key: &PublicKey) {
        self.young.remove(key);
        self.old.remove(key);
    }
}

impl Caller {
    /// The most of its handshakes that wait: with more it would take the places of others.
    pub(super) const MOST: usize = 4;

    /// Notes an answer. Which is to wait no longer for it, if one is.
    pub(super) fn answered(&mut self, index: u32) -> Option<u32> {
        self.answered.push_back(index);
        if self.answered.len() > Self::MOST { self.answered.pop_front() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_remembered_and_no_more() {
        let key = |number: usize| {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&number.to_be_bytes());
            PublicKey::from_bytes(&bytes)
        };
        let mut callers = Callers::default();
        for number in 0..3 * Callers::HALF {
            callers.of(key(number)).timestamp = 7;
            assert_eq!(callers.of(key(0)).timestamp, 7, "it calls again and again");
            assert!(callers.young.len() + callers.old.len() <= 2 * Callers::HALF);
        }
        assert_eq!(callers.of(key(2 * Callers::HALF + 1)).timestamp, 7);
        assert_eq!(callers.of(key(1)).timestamp, 0, "it was long ago");
        callers.forget(&key(0));
        assert_eq!(callers.of(key(0)).timestamp, 0);
    }
}
