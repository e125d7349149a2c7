//! What is remembered of callbacks, so that one is acted on once.

mod memory;

use core::{fmt::Debug, time::Duration};

pub use memory::MemoryGuard;

use crate::{encoding::info, error::Error, primitive::hash::sha256};

/// A memory of callbacks that several workers share: [`MemoryGuard`] in one process, `tenantseal_store`'s `SqliteGuard` and
/// `PostgresGuard` for several.
///
/// Times are the callback's own clock, since 1970. An implementation over a database makes each call one
/// transaction: what two workers see of the same event must be in some order. It never drops an entry before its
/// time, not even when it has no room: it fails then.
pub trait Guard: Debug + Send + Sync {
    /// Enters an event that passed every check, or finds it.
    ///
    /// In one step: if the signature is known as a reply's, it is refused. If it is known as a request's, the event
    /// that came with it is looked up, else `arrival.event`; and the event is claimed if nobody holds it. Both
    /// entries are made if they are not there, and kept to the later of their present time and the arrival's. An
    /// entry is live as long as `now` is not after its time. A known signature whose event is not live any more is
    /// [`Claim::Done`], and nothing is entered.
    ///
    /// # Errors
    ///
    /// [`Error::Callback`] for the signature of a reply, [`Error::GuardFull`] if there is no room; nothing was
    /// entered then.
    fn claim(&self, arrival: &Arrival<'_>) -> Result<Ticket, Error>;

    /// Settles an event for good.
    ///
    /// # Errors
    ///
    /// [`Error::ClaimExpired`] unless `fencing` is the event's latest and its lease runs: at the end of the lease it
    /// does not. Settling again with the same number is no error.
    fn done(&self, event: &EventKey, fencing: u64, now: Duration) -> Result<(), Error>;

    /// Enters the signature of a reply, so that it is refused when somebody sends it back.
    ///
    /// # Errors
    ///
    /// [`Error::GuardFull`] if there is no room. The reply must not be sent then.
    fn replied(&self, reply: &Departure<'_>) -> Result<(), Error>;
}

/// What a guard has of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureEntry {
    /// It came with a request, for this event.
    Received(EventKey),
    /// It went out with a reply.
    Replied,
}

/// What a guard has of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventEntry {
    /// A worker holds it.
    Claimed {
        /// The number of the claim.
        fencing: u64,
        /// When the claim ends, in milliseconds since 1970: at that time it has ended.
        lease_end: u64,
    },
    /// It was settled.
    Done {
        /// The number of the claim that settled it.
        fencing: u64,
    },
}

impl EventEntry {
    /// The number of its claim.
    #[must_use]
    pub const fn fencing(&self) -> u64 {
        match self {
            Self::Claimed { fencing, .. } | Self::Done { fencing } => *fencing,
        }
    }

    /// Whether the claim of that number may settle it at `now`, in milliseconds since 1970, or has settled it.
    ///
    /// # Errors
    ///
    /// [`Error::ClaimExpired`].
    pub const fn settle(&self, fencing: u64, now: u64) -> Result<(), Error> {
        match self {
            Self::Claimed { fencing: number, lease_end } if *number == fencing && now < *lease_end => Ok(()),
            Self::Done { fencing: number } if *number == fencing => Ok(()),
            _ => Err(Error::ClaimExpired),
        }
    }
}

/// What an event is known by: a SHA-256 digest, see FORMAT.md.
pub type EventKey = [u8; 32];

/// An event that passed every check.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// The stable name of the callback.
    pub callback_id: &'a str,
    /// The request's signature.
    pub signature: [u8; 20],
    /// Until when the signature must be remembered.
    pub signature_until: Duration,
    /// The event.
    pub event: EventKey,
    /// Until when the event must be remembered. A signature may outlive it.
    pub event_until: Duration,
    /// The time.
    pub now: Duration,
    /// How long a claim is held.
    pub lease: Duration,
}

impl Arrival<'_> {
    /// Which event this is, by what a guard has of the signature; an entry that ran out is none.
    ///
    /// # Errors
    ///
    /// [`Error::Callback`] for the signature of a reply.
    pub const fn event_of(&self, signature: Option<SignatureEntry>) -> Result<EventKey, Error> {
        match signature {
            Some(SignatureEntry::Replied) => Err(Error::Callback),
            Some(SignatureEntry::Received(event)) => Ok(event),
            None => Ok(self.event),
        }
    }

    /// Who holds the event, by what a guard has of the signature and of the event that [`Arrival::event_of`] names. If it
    /// is [`Claim::Fresh`], the event is to be claimed anew.
    #[must_use]
    pub fn claim_of(&self, signature: Option<SignatureEntry>, event: Option<EventEntry>) -> Claim {
        match event {
            // Its sender has given up long ago: only a replay comes this late.
            None if signature.is_some() => Claim::Done,
            Some(EventEntry::Done { .. }) => Claim::Done,
            Some(EventEntry::Claimed { lease_end, .. }) if millis(self.now) < lease_end => Claim::InProgress,
            Some(EventEntry::Claimed { .. }) | None => Claim::Fresh,
        }
    }

    /// When a claim that begins now ends, in milliseconds since 1970.
    #[must_use]
    pub fn lease_end(&self) -> u64 {
        millis(self.now).saturating_add(millis(self.lease))
    }
}

/// A reply that is about to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Departure<'a> {
    /// The stable name of the callback.
    pub callback_id: &'a str,
    /// The reply's signature.
    pub signature: [u8; 20],
    /// Until when the signature must be remembered.
    pub until: Duration,
    /// The time.
    pub now: Duration,
}

/// What a guard answers to an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Who holds the event.
    pub claim: Claim,
    /// The event that was claimed or found: the arrival's, or the one that its signature came with before.
    pub event: EventKey,
    /// The number of the claim, larger than that of every earlier claim of the same event. 0 unless it is fresh.
    pub fencing: u64,
}

/// Who holds an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It was settled before. Answer 200.
    Done,
    /// The caller holds it for the length of the lease: act on it, then call `done()`.
    Fresh,
    /// Another worker holds it. Answer 503; the sender comes back.
    InProgress,
}

/// The event's key: its message id where it has one, else its bytes. Sender, time and kind are not in it:
/// different events share them.
pub(super) fn event_key(
    callback_id: &str,
    receive_id: &[u8],
    message_id: Option<&str>,
    message: &[u8],
) -> Result<EventKey, Error> {
    let (label, callback_id) = (b"event", callback_id.as_bytes());
    match message_id {
        Some(id) => Ok(sha256(&[&info(&[label, callback_id, receive_id, b"msgid", id.as_bytes()])?])),
        None => Ok(sha256(&[&info(&[label, callback_id, receive_id, b"inner"])?, message])),
    }
}

/// Whole milliseconds.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// How long a request with this timestamp can come again, and its event with another timestamp.
///
/// The signature: to the end of the window around `timestamp`, or around the other time that the signed text can be
/// read as, where nothing else tells the two apart. The event: its own time is within one window before or after
/// each timestamp it comes with, so the latest is two windows after this one, and is accepted for a third. One that
/// states no time comes again only by its sender's retries, well within that, or under the same signature.
pub(super) fn retention(
    timestamp: u64,
    other_reading: Option<u64>,
    window: Duration,
) -> (Duration, Duration) {
    let signature = Duration::from_secs(timestamp.max(other_reading.unwrap_or(0))).saturating_add(window);
    let event = Duration::from_secs(timestamp).saturating_add(window.saturating_mul(3));
    (signature, event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_is_derived_from_the_window() {
        let seconds = Duration::from_secs;
        assert_eq!(retention(1000, None, seconds(300)), (seconds(1300), seconds(1900)));
        assert_eq!(retention(1000, Some(900), seconds(300)), (seconds(1300), seconds(1900)));
        assert_eq!(retention(1000, Some(9000), seconds(300)), (seconds(9300), seconds(1900)));
        assert_eq!(retention(u64::MAX, None, Duration::MAX), (Duration::MAX, Duration::MAX));
    }

    #[test]
    fn event_keys_are_as_specified() {
        let message_id = sha256(&[b"tenantseal/1\x05\0\x05event\0\x01c\0\x03ww1\0\x05msgid\0\x0245"]);
        assert_eq!(event_key("c", b"ww1", Some("45"), b"<x/>"), Ok(message_id));
        let inner = sha256(&[b"tenantseal/1\x04\0\x05event\0\x01c\0\x03ww1\0\x05inner<x/>"]);
        assert_eq!(event_key("c", b"ww1", None, b"<x/>"), Ok(inner));
    }
}
