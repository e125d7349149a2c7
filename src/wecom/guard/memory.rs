//! The guard of one process.

use core::{fmt, time::Duration};
use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

use foldhash::quality::RandomState;

use super::{Arrival, Claim, Departure, EventEntry, EventKey, Guard, SignatureEntry, Ticket, millis};
use crate::error::Error;

/// A [`Guard`] in the memory of one process. It forgets everything when the process ends.
///
/// An event takes two entries, a retry and a reply one more each; an entry takes about 200 bytes. It is
/// refused, and nothing is dropped, when as many are live as there may be.
pub struct MemoryGuard {
    capacity: usize,
    state: Mutex<State>,
}

impl MemoryGuard {
    /// How many entries the default guard holds.
    pub const DEFAULT_CAPACITY: usize = 1_000_000;

    /// Makes a guard of at most `capacity` live entries. Memory is taken as it fills.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { capacity, state: Mutex::new(State::default()) }
    }

    /// How many entries are held, those that ran out and were not swept yet included.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Invariant: no step under the lock panics between two changes that belong together.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryGuard {
    fn default() -> Self {
        Self::new(Self::DEFAULT_CAPACITY)
    }
}

impl Guard for MemoryGuard {
    fn claim(&self, arrival: &Arrival<'_>) -> Result<Ticket, Error> {
        let now = millis(arrival.now);
        let mut state = self.lock();
        let room = state.room(2, self.capacity, now);
        let signature = state.signature_key(arrival.callback_id, arrival.signature);
        let State { events, signatures, fencing: last, queue, .. } = &mut *state;
        let signed = signatures.entry(signature);
        let known = live(&signed, now);
        let event = arrival.event_of(known)?;
        let held = events.entry(event);
        let claim = arrival.claim_of(known, live(&held, now));
        let fencing = if claim == Claim::Fresh { (*last).max(FIRST_FENCING).saturating_add(1) } else { 0 };
        if known.is_some() && live(&held, now).is_none() {
            return Ok(Ticket { claim, event, fencing });
        }
        if usize::from(is_vacant(&signed)) + usize::from(is_vacant(&held)) > room {
            return Err(Error::GuardFull);
        }
        let value = match live(&held, now).filter(|_| claim != Claim::Fresh) {
            Some(value) => value,
            None => {
                *last = fencing;
                EventEntry::Claimed { fencing, lease_end: arrival.lease_end() }
            }
        };
        put(held, value, millis(arrival.event_until), now, queue, Key::Event);
        let signature_until = millis(arrival.signature_until);
        put(signed, SignatureEntry::Received(event), signature_until, now, queue, Key::Signature);
        Ok(Ticket { claim, event, fencing })
    }

    fn done(&self, event: &EventKey, fencing: u64, now: Duration) -> Result<(), Error> {
        let now = millis(now);
        let mut state = self.lock();
        let held = state.events.get_mut(event).filter(|held| now <= held.until).ok_or(Error::ClaimExpired)?;
        held.value.settle(fencing, now)?;
        held.value = EventEntry::Done { fencing };
        Ok(())
    }

    fn replied(&self, reply: &Departure<'_>) -> Result<(), Error> {
        let now = millis(reply.now);
        let mut state = self.lock();
        let room = state.room(1, self.capacity, now);
        let key = state.signature_key(reply.callback_id, reply.signature);
        let State { signatures, queue, .. } = &mut *state;
        let place = signatures.entry(key);
        if is_vacant(&place) && room == 0 {
            return Err(Error::GuardFull);
        }
        put(place, SignatureEntry::Replied, millis(reply.until), now, queue, Key::Signature);
        Ok(())
    }
}

impl fmt::Debug for MemoryGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryGuard").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    /// Numbers for the callback ids, which are few and the operator's.
    callbacks: HashMap<Box<str>, u32>,
    events: Map<EventKey, EventEntry>,
    fencing: u64,
    /// The keys of both maps, each once, in the order in which the sweep looks at them, with a time before which
    /// there is no need to.
    queue: VecDeque<(u64, Key)>,
    signatures: Map<SignatureKey, SignatureEntry>,
    /// When everything was swept last.
    swept: Option<u64>,
}

/// Its keys are digests already, so a fast hash does; and its seed is random, because who knows a token chooses messages.
type Map<K, T> = HashMap<K, Kept<T>, RandomState>;

/// The callback's number, and the signature.
type SignatureKey = (u32, [u8; 20]);

#[derive(Clone, Copy)]
enum Key {
    Event(EventKey),
    Signature(SignatureKey),
}

/// A value that is live as long as the time is not after `until`, in milliseconds.
struct Kept<T> {
    until: u64,
    value: T,
}

impl State {
    fn len(&self) -> usize {
        self.events.len() + self.signatures.len()
    }

    fn signature_key(&mut self, callback_id: &str, signature: [u8; 20]) -> SignatureKey {
        // A private guard's only callback has no name.
        if callback_id.is_empty() {
            return (0, signature);
        }
        if let Some(number) = self.callbacks.get(callback_id) {
            return (*number, signature);
        }
        let number = u32::try_from(self.callbacks.len()).unwrap_or(u32::MAX).saturating_add(1);
        self.callbacks.insert(callback_id.into(), number);
        (number, signature)
    }

    /// How many more entries fit, after a sweep: of a few entries each time, and of all of them if less than
    /// `wanted` fit, at most once a second.
    fn room(&mut self, wanted: usize, capacity: usize, now: u64) -> usize {
        self.sweep_some(now);
        let is_due = self.swept.is_none_or(|swept| now < swept || now - swept >= 1000);
        if capacity.saturating_sub(self.len()) < wanted && is_due {
            self.swept = Some(now);
            self.events.retain(|_, held| now <= held.until);
            self.signatures.retain(|_, signed| now <= signed.until);
            let (events, signatures) = (&self.events, &self.signatures);
            self.queue.retain(|(_, key)| match key {
                Key::Event(key) => events.contains_key(key),
                Key::Signature(key) => signatures.contains_key(key),
            });
        }
        capacity.saturating_sub(self.len())
    }

    /// Looks at the next few entries and drops those that ran out: more than an arrival makes, so that all of them
    /// come by in time.
    fn sweep_some(&mut self, now: u64) {
        for _ in 0..SWEEP {
            let Some((due, key)) = self.queue.pop_front() else { return };
            let until = match key {
                _ if now <= due => Some(due),
                Key::Event(key) => sweep(&mut self.events, key, now),
                Key::Signature(key) => sweep(&mut self.signatures, key, now),
            };
            if let Some(until) = until {
                self.queue.push_back((until, key));
            }
        }
    }
}

/// Drops what ran out; returns until when the rest is live.
fn sweep<K: Eq + Hash, T>(map: &mut Map<K, T>, key: K, now: u64) -> Option<u64> {
    match map.entry(key) {
        Entry::Occupied(place) if now <= place.get().until => Some(place.get().until),
        Entry::Occupied(place) => {
            place.remove();
            None
        }
        Entry::Vacant(_) => None,
    }
}

/// What is in a place, unless it ran out.
fn live<K, T: Copy>(place: &Entry<'_, K, Kept<T>>, now: u64) -> Option<T> {
    match place {
        Entry::Occupied(place) if now <= place.get().until => Some(place.get().value),
        _ => None,
    }
}

fn is_vacant<K, T>(place: &Entry<'_, K, T>) -> bool {
    matches!(place, Entry::Vacant(_))
}

/// Writes a value; a live one keeps the later of the two times.
fn put<K: Copy, T>(
    place: Entry<'_, K, Kept<T>>,
    value: T,
    until: u64,
    now: u64,
    queue: &mut VecDeque<(u64, Key)>,
    key: fn(K) -> Key,
) {
    match place {
        Entry::Occupied(mut place) => {
            let held = Some(place.get().until).filter(|held| now <= *held).unwrap_or(0);
            place.insert(Kept { until: until.max(held), value });
        }
        Entry::Vacant(place) => {
            queue.push_back((until, key(*place.key())));
            place.insert(Kept { until, value });
        }
    }
}

/// Above every number of a guard in a database, so that no event of this guard is settled there by mistake.
const FIRST_FENCING: u64 = 1 << 63;

/// How many entries one call looks at.
const SWEEP: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(4);

    fn arrival(signature: u8, event: u8, now: u64) -> Arrival<'static> {
        Arrival {
            callback_id: "c",
            signature: [signature; 20],
            signature_until: Duration::from_secs(100),
            event: [event; 32],
            event_until: Duration::from_secs(200),
            now: Duration::from_millis(now),
            lease: LEASE,
        }
    }

    fn claim(guard: &MemoryGuard, signature: u8, event: u8, now: u64) -> (Claim, u64) {
        let ticket = guard.claim(&arrival(signature, event, now)).unwrap();
        assert_eq!(ticket.event, [event; 32]);
        (ticket.claim, ticket.fencing.saturating_sub(FIRST_FENCING))
    }

    fn done(guard: &MemoryGuard, event: u8, number: u64, now: Duration) -> Result<(), Error> {
        guard.done(&[event; 32], FIRST_FENCING + number, now)
    }

    #[test]
    fn a_claim_ends_with_its_lease_and_not_before() {
        let guard = MemoryGuard::default();
        let at = Duration::from_millis;
        assert_eq!(claim(&guard, 1, 1, 10_000), (Claim::Fresh, 1));
        assert_eq!(claim(&guard, 1, 1, 13_999), (Claim::InProgress, 0));
        assert_eq!(done(&guard, 1, 1, at(14_000)), Err(Error::ClaimExpired));
        assert_eq!(claim(&guard, 2, 1, 14_000), (Claim::Fresh, 2));
        assert_eq!(done(&guard, 1, 1, at(14_001)), Err(Error::ClaimExpired));
        assert_eq!(done(&guard, 1, 2, at(17_999)), Ok(()));
        assert_eq!(done(&guard, 1, 2, at(60_000)), Ok(()));
        assert_eq!(done(&guard, 1, 1, at(17_999)), Err(Error::ClaimExpired));
        assert_eq!(done(&guard, 9, 2, at(17_999)), Err(Error::ClaimExpired));
        assert_eq!(claim(&guard, 1, 1, 90_000), (Claim::Done, 0));
    }

    #[test]
    fn entries_live_to_their_last_millisecond() {
        let guard = MemoryGuard::default();
        claim(&guard, 1, 1, 0);
        done(&guard, 1, 1, Duration::ZERO).unwrap();
        assert_eq!(claim(&guard, 2, 1, 200_000), (Claim::Done, 0));
        assert_eq!(claim(&guard, 3, 1, 200_001).0, Claim::Fresh);
    }

    #[test]
    fn a_known_signature_stands_for_its_event() {
        let guard = MemoryGuard::default();
        claim(&guard, 1, 1, 0);
        let other = guard.claim(&arrival(1, 2, 1)).unwrap();
        assert_eq!((other.claim, other.event), (Claim::InProgress, [1; 32]));
        let elsewhere = guard.claim(&Arrival { callback_id: "d", ..arrival(1, 2, 1) }).unwrap();
        assert_eq!((elsewhere.claim, elsewhere.event), (Claim::Fresh, [2; 32]));
    }

    #[test]
    fn a_reply_is_refused_and_nothing_is_entered() {
        let guard = MemoryGuard::default();
        let reply = Departure {
            callback_id: "c",
            signature: [7; 20],
            until: Duration::from_secs(100),
            now: Duration::ZERO,
        };
        guard.replied(&reply).unwrap();
        assert_eq!(guard.claim(&arrival(7, 7, 100_000)), Err(Error::Callback));
        assert_eq!(guard.entries(), 1);
        assert_eq!(claim(&guard, 7, 7, 100_001).0, Claim::Fresh);
    }

    #[test]
    fn a_full_guard_refuses_and_evicts_nothing() {
        let guard = MemoryGuard::new(4);
        claim(&guard, 1, 1, 0);
        done(&guard, 1, 1, Duration::ZERO).unwrap();
        claim(&guard, 2, 2, 0);
        for now in [0, 50_000] {
            assert_eq!(guard.claim(&arrival(3, 3, now)), Err(Error::GuardFull));
            assert_eq!(guard.claim(&arrival(3, 1, now)), Err(Error::GuardFull));
        }
        let reply =
            Departure { callback_id: "c", signature: [7; 20], until: LEASE, now: Duration::from_secs(50) };
        assert_eq!(guard.replied(&reply), Err(Error::GuardFull));
        assert_eq!(claim(&guard, 1, 1, 50_000), (Claim::Done, 0));
        assert_eq!(guard.entries(), 4);
        // At 100.001 s the signatures ran out: there is room for a new one of an event that is known.
        assert_eq!(claim(&guard, 3, 1, 100_001), (Claim::Done, 0));
    }

    #[test]
    fn what_ran_out_is_swept_in_passing_and_a_full_sweep_is_rare() {
        let guard = MemoryGuard::new(2000);
        for n in 0..1000u32 {
            let mut one = arrival(0, 0, 0);
            one.signature[..4].copy_from_slice(&n.to_be_bytes());
            one.event[..4].copy_from_slice(&n.to_be_bytes());
            guard.claim(&one).unwrap();
        }
        assert_eq!(guard.entries(), 2000);
        assert_eq!(guard.claim(&arrival(9, 9, 0)), Err(Error::GuardFull));
        // Everything ran out: the next arrivals find room without a full sweep.
        guard.lock().swept = Some(300_000);
        for n in 0..1000u32 {
            let mut one = arrival(1, 1, 300_000);
            one.signature_until = Duration::from_secs(900);
            one.event_until = Duration::from_secs(900);
            one.signature[..4].copy_from_slice(&n.to_be_bytes());
            one.event[..4].copy_from_slice(&n.to_be_bytes());
            guard.claim(&one).unwrap();
        }
        assert_eq!(guard.entries(), 2000);
        assert_eq!(guard.lock().queue.len(), 2000);
        // Full again: one full sweep a second, and no more.
        guard.lock().swept = Some(899_900);
        guard.lock().queue.rotate_left(1);
        assert_eq!(guard.claim(&arrival(9, 9, 900_000)), Err(Error::GuardFull));
        assert_eq!(guard.lock().swept, Some(899_900));
        assert_eq!(guard.claim(&arrival(9, 9, 900_000 - 101)), Err(Error::GuardFull));
        assert_eq!(guard.lock().swept, Some(899_899));
    }
}
