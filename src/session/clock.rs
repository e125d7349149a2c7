//! The clock by which sessions age.

use core::{fmt, time::Duration};
use std::sync::Arc;

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
            None => {
                let time = clock_gettime(ClockId::Boottime);
                // Invariant: the clock starts at 0 with the machine.
                let part = |number: i64| u64::try_from(number).unwrap_or(0);
                part(time.tv_sec).saturating_mul(SECOND).saturating_add(part(time.tv_nsec))
            }
            Some(clock) => u64::try_from(clock().as_nanos()).unwrap_or(u64::MAX),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").finish_non_exhaustive()
    }
}

/// In nanoseconds.
pub(super) const SECOND: u64 = 1_000_000_000;
