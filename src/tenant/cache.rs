//! A bounded, time-limited cache of derived keys. What leaves it is wiped when its last user drops it.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// At most `capacity` entries, each for at most `ttl`.
///
/// Two maps of half the capacity: new and used entries are in the young one; when that is full it becomes the old
/// one, and the old one's unused entries are dropped. So an insertion costs O(1) on average, and what is in use
/// stays.
pub(crate) struct Cache<K, V> {
    half: usize,
    ttl: Duration,
    maps: Mutex<Maps<K, V>>,
}

struct Maps<K, V> {
    young: HashMap<K, (Instant, Arc<V>)>,
    old: HashMap<K, (Instant, Arc<V>)>,
    /// When what was too old was last dropped.
    swept: Instant,
}

impl<K: Clone + Eq + Hash, V> Cache<K, V> {
    pub(crate) fn new(capacity: usize, ttl: Duration) -> Self {
        let maps = Maps { young: HashMap::new(), old: HashMap::new(), swept: Instant::now() };
        Self { half: (capacity / 2).max(1), ttl, maps: Mutex::new(maps) }
    }

    /// Keeps a value, in the place of an older one.
    pub(crate) fn insert(&self, key: K, value: Arc<V>) {
        self.lock().insert(self.half, key, (Instant::now(), value));
    }

    /// Drops the value of `key`.
    pub(crate) fn remove(&self, key: &K) {
        let mut maps = self.lock();
        maps.young.remove(key);
        maps.old.remove(key);
    }

    /// Drops what is too old, if that was not done for half of its time: what nobody asks for does not stay longer than half
    /// as long again.
    pub(crate) fn sweep(&self) {
        self.lock().sweep_if_due(Instant::now(), self.ttl);
    }

    /// The value of `key`, if it is there and not too old.
    pub(crate) fn get(&self, key: &K) -> Option<Arc<V>> {
        let (now, mut maps) = (Instant::now(), self.lock());
        maps.sweep_if_due(now, self.ttl);
        if let Some((made, value)) = maps.young.get(key) {
            return is_fresh(*made, now, self.ttl).then(|| value.clone());
        }
        let (made, value) = maps.old.remove(key)?;
        if !is_fresh(made, now, self.ttl) {
            return None;
        }
        maps.insert(self.half, key.clone(), (made, value.clone()));
        Some(value)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Maps<K, V>> {
        // Invariant: no operation on the maps leaves them half done, so a panic elsewhere spoils nothing.
        self.maps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash, V> Maps<K, V> {
    fn insert(&mut self, half: usize, key: K, entry: (Instant, Arc<V>)) {
        if self.young.len() >= half && !self.young.contains_key(&key) {
            self.old = core::mem::take(&mut self.young);
        }
        self.young.insert(key, entry);
    }

    fn sweep_if_due(&mut self, now: Instant, ttl: Duration) {
        if now.duration_since(self.swept) * 2 < ttl {
            return;
        }
        for map in [&mut self.young, &mut self.old] {
            map.retain(|_, (made, _)| is_fresh(*made, now, ttl));
        }
        self.swept = now;
    }
}

fn is_fresh(made: Instant, now: Instant, ttl: Duration) -> bool {
    now.duration_since(made) < ttl
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// The value of `key`; the new one, if it is not there.
    fn get_or(cache: &Cache<u32, u32>, key: u32, value: u32) -> u32 {
        cache.get(&key).map_or_else(
            || {
                cache.insert(key, Arc::new(value));
                value
            },
            |value| *value,
        )
    }

    #[test]
    fn holds_no_more_than_its_capacity_and_keeps_what_is_used() {
        let cache = Cache::new(8, MINUTE);
        for key in 0..1_000u32 {
            get_or(&cache, key, key);
            get_or(&cache, 0, u32::MAX);
            let maps = cache.lock();
            assert!(maps.young.len() + maps.old.len() <= 8);
        }
        assert_eq!(cache.get(&0).as_deref(), Some(&0));
        cache.remove(&0);
        assert_eq!(cache.get(&0), None);
    }

    /// Makes every entry older.
    fn age(cache: &Cache<u32, u32>, by: Duration) {
        let mut maps = cache.lock();
        let Maps { young, old, swept } = &mut *maps;
        for (made, _) in young.values_mut().chain(old.values_mut()) {
            *made = made.checked_sub(by).unwrap();
        }
        *swept = swept.checked_sub(by).unwrap();
    }

    fn is_young(cache: &Cache<u32, u32>, key: u32) -> bool {
        cache.lock().young.contains_key(&key)
    }

    #[test]
    fn use_keeps_an_entry_but_does_not_renew_its_time() {
        let cache = Cache::new(4, MINUTE);
        for key in [0, 1, 2] {
            get_or(&cache, key, 1);
        }
        assert!(!is_young(&cache, 0));
        age(&cache, MINUTE * 2 / 3);
        assert_eq!(get_or(&cache, 0, 2), 1);
        assert!(is_young(&cache, 0));
        age(&cache, MINUTE * 2 / 3);
        assert_eq!(get_or(&cache, 0, 2), 2);
        assert_eq!(get_or(&cache, 1, 2), 2, "one that nobody asked for meanwhile is as old");
    }

    #[test]
    fn what_nobody_asks_for_goes_too() {
        let cache = Cache::new(8, MINUTE);
        for key in 0..6 {
            get_or(&cache, key, key);
        }
        age(&cache, MINUTE);
        get_or(&cache, 7, 7);
        let maps = cache.lock();
        assert_eq!(maps.young.keys().chain(maps.old.keys()).collect::<Vec<_>>(), [&7]);
    }

    #[test]
    fn removing_leaves_neither_map() {
        let cache = Cache::new(4, MINUTE);
        for key in [0, 1, 2] {
            get_or(&cache, key, key);
        }
        assert!(is_young(&cache, 2) && !is_young(&cache, 0));
        for key in [0, 1, 2] {
            cache.remove(&key);
            assert_eq!(cache.get(&key), None);
        }
    }

    #[test]
    fn forgets_after_its_time() {
        let cache = Cache::new(8, Duration::ZERO);
        assert_eq!(get_or(&cache, 1, 1), 1);
        assert_eq!(get_or(&cache, 1, 2), 2);
    }
}
