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
}

impl<K: Clone + Eq + Hash, V> Cache<K, V> {
    pub(crate) fn new(capacity: usize, ttl: Duration) -> Self {
        let maps = Maps { young: HashMap::new(), old: HashMap::new() };
        Self { half: (capacity / 2).max(1), ttl, maps: Mutex::new(maps) }
    }

    /// The value of `key`, made by `derive` if it is not there or too old.
    ///
    /// `derive` runs outside the lock; of two that run at once, one result is kept.
    pub(crate) fn get_or<E>(&self, key: &K, derive: impl FnOnce() -> Result<V, E>) -> Result<Arc<V>, E> {
        if let Some(value) = self.get(key) {
            return Ok(value);
        }
        let value = Arc::new(derive()?);
        self.lock().insert(self.half, key.clone(), (Instant::now(), value.clone()));
        Ok(value)
    }

    /// Drops everything.
    pub(crate) fn clear(&self) {
        let mut maps = self.lock();
        maps.young.clear();
        maps.old.clear();
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        let maps = self.lock();
        maps.young.is_empty() && maps.old.is_empty()
    }

    fn get(&self, key: &K) -> Option<Arc<V>> {
        let mut maps = self.lock();
        if let Some((made, value)) = maps.young.get(key) {
            let fresh = made.elapsed() < self.ttl;
            return fresh.then(|| value.clone());
        }
        let (made, value) = maps.old.remove(key)?;
        if made.elapsed() >= self.ttl {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_no_more_than_its_capacity_and_keeps_what_is_used() {
        let cache = Cache::new(8, Duration::from_secs(60));
        for key in 0..1_000u32 {
            cache.get_or(&key, || Ok::<_, ()>(key)).unwrap();
            cache.get_or(&0, || Ok::<_, ()>(if key == 0 { 0 } else { u32::MAX })).unwrap();
            let maps = cache.lock();
            assert!(maps.young.len() + maps.old.len() <= 8);
        }
        assert_eq!(*cache.get_or(&0, || Err(())).unwrap(), 0);
        cache.clear();
        assert_eq!(cache.get_or(&0, || Err::<u32, _>("gone")), Err("gone"));
    }

    /// Makes every entry older.
    fn age(cache: &Cache<u32, u32>, by: Duration) {
        let mut maps = cache.lock();
        let Maps { young, old } = &mut *maps;
        for (made, _) in young.values_mut().chain(old.values_mut()) {
            *made = made.checked_sub(by).unwrap();
        }
    }

    fn is_young(cache: &Cache<u32, u32>, key: u32) -> bool {
        cache.lock().young.contains_key(&key)
    }

    #[test]
    fn use_keeps_an_entry_but_does_not_renew_its_time() {
        let cache = Cache::new(4, Duration::from_secs(60));
        let make = |key, value| *cache.get_or(&key, || Ok::<_, ()>(value)).unwrap();
        for key in [0, 1, 2] {
            make(key, 1);
        }
        assert!(!is_young(&cache, 0));
        age(&cache, Duration::from_secs(40));
        assert_eq!(make(0, 2), 1);
        assert!(is_young(&cache, 0));
        age(&cache, Duration::from_secs(40));
        assert_eq!(make(0, 2), 2);
        assert!(!is_young(&cache, 1));
        assert_eq!(make(1, 2), 2, "one that nobody asked for meanwhile is as old");
    }

    #[test]
    fn clearing_leaves_neither_map() {
        let cache = Cache::new(4, Duration::from_secs(60));
        for key in [0, 1, 2] {
            cache.get_or(&key, || Ok::<_, ()>(key)).unwrap();
        }
        assert!(is_young(&cache, 2) && !is_young(&cache, 0));
        cache.clear();
        for key in [0, 1, 2] {
            assert_eq!(cache.get_or(&key, || Err("gone")), Err("gone"));
        }
        assert!(cache.is_empty());
    }

    #[test]
    fn forgets_after_its_time() {
        let cache = Cache::new(8, Duration::ZERO);
        assert_eq!(*cache.get_or(&1, || Ok::<_, ()>(1)).unwrap(), 1);
        assert_eq!(*cache.get_or(&1, || Ok::<_, ()>(2)).unwrap(), 2);
    }
}
