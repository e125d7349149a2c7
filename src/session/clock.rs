//! The clock by which sessions age.

use core::{fmt, time::Duration};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use rustix::time::{ClockId, clock_gettime};

/// Time that only goes forward, the time in which the machine sleeps included, or the caller's.
#[derive(Clone, Default)]
pub(super) struct Clock(Option<Arc<dyn Fn() -> Duration + Send + Sync>>);

impl Clock {
    pub(super) fn of(clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(clock)))
    }

    /// Nanoseconds since some moment.
    pub(super) fn now(&self) -> u64 {
        match &self.0 {
            None => machine(),
            Some(clock) => u64::try_from(clock().as_nanos()).unwrap_or(u64::MAX),
        }
    }
}

/// Exact to some milliseconds, since it is read for every packet: the coarse clock, which costs a fifth of an exact one, and
/// how long the machine has slept, looked up ten times a second.
fn machine() -> u64 {
    static SLEPT: AtomicU64 = AtomicU64::new(0);
    static LOOKED_UP: AtomicU64 = AtomicU64::new(0);
    let awake = read(ClockId::MonotonicCoarse);
    if awake.saturating_sub(LOOKED_UP.load(Ordering::Relaxed)) >= SECOND / 10 {
        SLEPT.store(read(ClockId::Boottime).saturating_sub(read(ClockId::Monotonic)), Ordering::Relaxed);
        LOOKED_UP.store(awake, Ordering::Relaxed);
    }
    awake.saturating_add(SLEPT.load(Ordering::Relaxed))
}

fn read(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    // Invariant: these clocks start at 0 with the machine.
    let part = |number: i64| u64::try_from(number).unwrap_or(0);
    part(time.tv_sec).saturating_mul(SECOND).saturating_add(part(time.tv_nsec))
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").finish_non_exhaustive()
    }
}

/// In nanoseconds.
pub(super) const SECOND: u64 = 1_000_000_000;
