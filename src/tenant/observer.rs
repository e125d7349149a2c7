//! Counters for whoever operates the service: what the keyring does, without secrets and without names.

use core::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Something that an operator counts. It names no tenant, no field and no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Observation {
    /// A tenant's cached keys were found unchanged after a change elsewhere in the store.
    CacheConfirmed,
    /// A tenant's keys were in the cache.
    CacheHit,
    /// A tenant's keys were read from the store and unwrapped.
    CacheMiss,
    /// A change of keys was committed, or refused by the store.
    Changed,
    /// A sealed value did not open: altered, in the wrong place, or under a key that this place does not have.
    OpenRefused,
    /// The store did not answer when it was asked for its serial number.
    StoreFailed,
}

impl Observation {
    /// How many there are.
    const COUNT: usize = 6;

    const fn index(self) -> usize {
        match self {
            Self::CacheConfirmed => 0,
            Self::CacheHit => 1,
            Self::CacheMiss => 2,
            Self::Changed => 3,
            Self::OpenRefused => 4,
            Self::StoreFailed => 5,
        }
    }
}

/// Is told of every [`Observation`]. It is called often and from every thread, and must be quick.
pub trait Observer: Send + Sync {
    /// Counts one.
    fn count(&self, what: Observation);
}

/// Counts nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoObserver;

impl Observer for NoObserver {
    fn count(&self, _: Observation) {}
}

/// Counts in memory.
#[derive(Debug, Default)]
pub struct Counters([AtomicU64; Observation::COUNT]);

impl Counters {
    /// How often that was observed.
    #[must_use]
    pub fn of(&self, what: Observation) -> u64 {
        self.0.get(what.index()).map_or(0, |counter| counter.load(Ordering::Relaxed))
    }
}

impl Observer for Counters {
    fn count(&self, what: Observation) {
        if let Some(counter) = self.0.get(what.index()) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Hands every observation to the `tracing` crate: refusals and failures as warnings, the rest as traces.
#[cfg(feature = "tracing")]
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingObserver;

#[cfg(feature = "tracing")]
impl Observer for TracingObserver {
    fn count(&self, what: Observation) {
        match what {
            Observation::OpenRefused | Observation::StoreFailed => {
                tracing::warn!(target: "tenantseal", observed = %what);
            }
            Observation::Changed => tracing::info!(target: "tenantseal", observed = %what),
            Observation::CacheConfirmed | Observation::CacheHit | Observation::CacheMiss => {
                tracing::trace!(target: "tenantseal", observed = %what);
            }
        }
    }
}

/// A word for a counter's name.
impl fmt::Display for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CacheConfirmed => "cache_confirmed",
            Self::CacheHit => "cache_hit",
            Self::CacheMiss => "cache_miss",
            Self::Changed => "changed",
            Self::OpenRefused => "open_refused",
            Self::StoreFailed => "store_failed",
        })
    }
}
