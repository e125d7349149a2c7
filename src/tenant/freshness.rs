//! How old what is known of a store may be before it is asked again.

use std::{
    sync::{
        Mutex, PoisonError, TryLockError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};

use crate::error::Error;

/// The serial number of a store, as it was at most `within` ago.
///
/// A store that does not answer is asked again every second, and what was known goes on, for `outage` after its last
/// answer at most.
pub(crate) struct Freshness {
    within: u64,
    outage: u64,
    /// Until when `serial` needs no question, in nanoseconds of [`now`].
    until: AtomicU64,
    serial: AtomicU64,
    /// When the store last answered.
    answered: AtomicU64,
    /// Whether its last answer was that of an older state: that is borne for no time.
    rolled_back: AtomicBool,
    /// Held while it is asked.
    asking: Mutex<()>,
}

impl Freshness {
    /// How long after a failure the store is asked again.
    const RETRY: u64 = 1_000_000_000;

    /// `serial` is of just now.
    pub(crate) fn new(serial: u64, within: Duration, outage: Duration) -> Self {
        let (within, outage) = (nanoseconds(within), nanoseconds(outage));
        let now = now();
        Self {
            within,
            outage,
            until: AtomicU64::new(now.saturating_add(within)),
            serial: AtomicU64::new(serial),
            answered: AtomicU64::new(now),
            rolled_back: AtomicBool::new(false),
            asking: Mutex::new(()),
        }
    }

    /// The serial number, if it needs no question.
    pub(crate) fn known(&self) -> Option<u64> {
        (now() < self.until.load(Ordering::Acquire)).then(|| self.serial.load(Ordering::Acquire))
    }

    /// Has the store asked before the next use.
    pub(crate) fn expire(&self) {
        self.until.store(0, Ordering::Release);
    }

    /// Whether the store answered not too long ago for what it said to go on.
    fn is_borne(&self) -> bool {
        !self.rolled_back.load(Ordering::Acquire)
            && now().saturating_sub(self.answered.load(Ordering::Acquire)) < self.outage
    }

    /// The last serial number that was seen.
    pub(crate) fn last(&self) -> u64 {
        self.serial.load(Ordering::Acquire)
    }

    /// Asks the store.
    ///
    /// # Errors
    ///
    /// What `ask` says, if there is no answer for too long, or at once if it is to be told; [`Error::RolledBack`] at once,
    /// also for a number that is smaller than the last: that is an answer.
    pub(crate) fn ask(&self, how: Ask, ask: impl FnOnce() -> Result<u64, Error>) -> Result<u64, Error> {
        let _asking = match (self.asking.try_lock(), how) {
            (Ok(asking), _) => asking,
            // Another thread is asking. Nobody queues up behind a store that does not answer.
            (Err(TryLockError::WouldBlock), Ask::IfStale) if self.is_borne() => return Ok(self.last()),
            _ => self.asking.lock().unwrap_or_else(PoisonError::into_inner),
        };
        if let Some(serial) = self.known().filter(|_| how == Ask::IfStale) {
            // Another thread has asked meanwhile.
            return Ok(serial);
        }
        let last = self.last();
        let asked = now();
        let answer = ask().and_then(|serial| if serial < last { Err(Error::RolledBack) } else { Ok(serial) });
        match answer {
            Ok(serial) => {
                self.answered.store(asked, Ordering::Release);
                self.serial.store(serial, Ordering::Release);
                self.rolled_back.store(false, Ordering::Release);
                self.until.store(asked.saturating_add(self.within), Ordering::Release);
                Ok(serial)
            }
            Err(error) if error != Error::RolledBack && how != Ask::NowOrTell && self.is_borne() => {
                // From now: the question itself may have taken long.
                self.until.store(now().saturating_add(self.within.min(Self::RETRY)), Ordering::Release);
                Ok(last)
            }
            Err(error) => {
                self.rolled_back.fetch_or(error == Error::RolledBack, Ordering::AcqRel);
                Err(error)
            }
        }
    }

    /// For how long what was known goes on while a store does not answer, in nanoseconds.
    pub(crate) fn outage(&self) -> u64 {
        self.outage
    }
}

/// How a store is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Unless somebody else just did; what was known goes on if it does not answer.
    IfStale,
    /// Now; what was known goes on if it does not answer.
    Now,
    /// Now; that it does not answer is told.
    NowOrTell,
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Nanoseconds of a clock that only goes forward, exact to some milliseconds: it is read at every use of a key, and the
/// coarse clock costs a fraction of the exact one.
fn now() -> u64 {
    let time = clock_gettime(ClockId::MonotonicCoarse);
    // Invariant: the clock starts at 0 with the machine.
    let part = |number: i64| u64::try_from(number).unwrap_or(0);
    part(time.tv_sec).saturating_mul(1_000_000_000).saturating_add(part(time.tv_nsec))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_number_is_known_for_its_time_and_no_longer() {
        let fresh = Freshness::new(7, HOUR, HOUR);
        assert_eq!(fresh.known(), Some(7));
        let stale = Freshness::new(7, Duration::ZERO, HOUR);
        assert_eq!(stale.known(), None);
        assert_eq!(stale.ask(Ask::IfStale, || Ok(8)), Ok(8));
        assert_eq!(stale.last(), 8);
    }

    #[test]
    fn a_store_that_does_not_answer_is_borne_with_for_a_time() {
        let failing = || Err(Error::Random);
        assert_eq!(Freshness::new(7, Duration::ZERO, HOUR).ask(Ask::IfStale, failing), Ok(7));
        assert_eq!(Freshness::new(7, Duration::ZERO, HOUR).ask(Ask::NowOrTell, failing), Err(Error::Random));
        assert_eq!(
            Freshness::new(7, Duration::ZERO, Duration::ZERO).ask(Ask::IfStale, failing),
            Err(Error::Random)
        );
    }

    #[test]
    fn a_smaller_number_is_refused() {
        // However long an outage is borne.
        let fresh = Freshness::new(7, Duration::ZERO, HOUR);
        assert_eq!(fresh.ask(Ask::IfStale, || Ok(6)), Err(Error::RolledBack));
        assert_eq!(fresh.last(), 7);
        // Nor for other threads, while one is asking.
        thread::scope(|scope| {
            let asking = fresh.asking.lock().unwrap();
            let other = scope.spawn(|| fresh.ask(Ask::IfStale, || Ok(6)));
            thread::sleep(Duration::from_millis(50));
            assert!(!other.is_finished());
            drop(asking);
            assert_eq!(other.join().unwrap(), Err(Error::RolledBack));
        });
        assert_eq!(
            fresh.ask(Ask::IfStale, || Err(Error::Random)),
            Err(Error::Random),
            "an outage changes nothing"
        );
        assert_eq!(fresh.ask(Ask::NowOrTell, || Ok(7)), Ok(7));
        assert_eq!(fresh.ask(Ask::IfStale, || Err(Error::Random)), Ok(7));
    }
}
