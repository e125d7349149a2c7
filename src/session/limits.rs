//! How long, and for how much, keys are used.

use core::time::Duration;

use super::clock::SECOND;

/// How long, and for how much, the keys of a session are used. What is here is the most: a limit can be lowered, and
/// neither raised nor switched off.
///
/// The numbers keep the advantage of whoever attacks AES-256-GCM below 2^-57, by the bounds of
/// draft-irtf-cfrg-aead-limits: 64 GiB are 2^32 blocks under one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of one key phase.
    pub(super) phase_packets: u64,
    pub(super) phase_bytes: u64,
    pub(super) phase_time: u64,
    /// From when on a new handshake is due.
    pub(super) due: u64,
    /// Of the session.
    pub(super) packets: u64,
    pub(super) lifetime: u64,
    pub(super) failures: u64,
    /// How far behind the latest a packet may arrive.
    pub(super) window: usize,
}

impl Limits {
    /// The key phase from which on a new handshake is due: half of as many as there are.
    pub(super) const PHASES_DUE: u16 = 1 << 15;

    /// A key phase: 2^28 packets, 64 GiB or 60 seconds. A session of datagrams: a new handshake is due after 120
    /// seconds or half of the packets, and it ends after 180 seconds, 2^29 packets or 2^36 packets that did not open. A
    /// window of 2,048 packets.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            phase_packets: 1 << 28,
            phase_bytes: 64 << 30,
            phase_time: 60 * SECOND,
            due: 120 * SECOND,
            packets: 1 << 29,
            lifetime: 180 * SECOND,
            failures: 1 << 36,
            window: 2048,
        }
    }

    /// As [`Limits::new`] for a stream, which has no second session to go on with: 24 hours.
    pub(super) const fn of_stream(self) -> Self {
        Self { due: 24 * 3600 * SECOND, lifetime: 24 * 3600 * SECOND, ..self }
    }

    /// When a key phase ends: after so many packets, bytes of plaintext, or so long. The smallest are 65,536 packets, 64
    /// MiB and 10 seconds, so that a receiver which hears nothing for a while can follow. A session has at most 65,536
    /// phases, and a new handshake is due after half of them: with the smallest phases that is 2 TiB.
    #[must_use]
    pub fn phase(mut self, packets: u64, bytes: u64, time: Duration) -> Self {
        self.phase_packets = packets.clamp(1 << 16, self.phase_packets);
        self.phase_bytes = bytes.clamp(64 << 20, self.phase_bytes);
        self.phase_time = nanoseconds(time).clamp(10 * SECOND, self.phase_time);
        self
    }

    /// As [`Limits::phase`], however small: for tests of what happens at a bound.
    #[cfg(test)]
    pub(super) fn phase_of(mut self, packets: u64) -> Self {
        self.phase_packets = packets;
        self
    }

    /// When a session ends: after so many packets in one direction, or so long. The smallest are 1 packet and 1 second.
    /// A new handshake is due after two thirds of the time or half of the packets.
    #[must_use]
    pub fn session(mut self, packets: u64, time: Duration) -> Self {
        self.packets = packets.clamp(1, self.packets);
        self.lifetime = nanoseconds(time).clamp(SECOND, self.lifetime);
        self.due = self.lifetime / 3 * 2;
        self
    }

    /// After how many packets that did not open a session ends; at least 1.
    #[must_use]
    pub fn failures(mut self, failures: u64) -> Self {
        self.failures = failures.clamp(1, self.failures);
        self
    }

    /// How many packets before the latest may still arrive: 1,024 to 8,192, in steps of 64, rounded up.
    #[must_use]
    pub fn window(mut self, packets: usize) -> Self {
        self.window = packets.clamp(1024, 8192).next_multiple_of(64);
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_limit_is_raised_or_switched_off() {
        let most = Limits::new();
        let forever = Duration::MAX;
        let raised = most.phase(u64::MAX, u64::MAX, forever).session(u64::MAX, forever).failures(u64::MAX);
        assert_eq!(raised, most);
        let least = most.phase(0, 0, Duration::ZERO).session(0, Duration::ZERO).failures(0);
        assert_eq!(
            (least.phase_packets, least.phase_bytes, least.phase_time),
            (1 << 16, 64 << 20, 10 * SECOND)
        );
        assert_eq!((least.packets, least.lifetime, least.failures), (1, SECOND, 1));
        assert_eq!(least.session(u64::MAX, forever).packets, 1, "lowered for good");
        assert_eq!((most.packets, most.failures, most.lifetime), (1 << 29, 1 << 36, 180 * SECOND));
    }

    #[test]
    fn a_window_is_of_1024_to_8192_packets() {
        let window = |packets| Limits::new().window(packets).window;
        assert_eq!([0, 1024, 1025, 8191, 8192, usize::MAX].map(window), [1024, 1024, 1088, 8192, 8192, 8192]);
    }
}
