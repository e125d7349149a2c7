//! What a callback checks, in which order, and with what.

use core::time::Duration;
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use super::{
    block::Block,
    credentials::Pair,
    guard::{EventKey, Guard, MemoryGuard, event_key},
    query::Request,
    receive_id::ReceiveId,
    refusal::Refusal,
    signature::sign,
};
use crate::{encoding::ct_eq, error::Error};

/// Whether a message must state its own time, near that of the query.
///
/// The query's timestamp is signed so loosely that it can change places with the nonce; the time inside the
/// encryption cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// A message that states a time must be near it; others pass.
    IfPresent,
    /// The message's time is not looked at.
    Off,
    /// A message that states no time is refused.
    Required,
}

#[derive(Clone)]
pub(super) struct Settings {
    pub(super) binding: Binding,
    pub(super) clock: Arc<dyn Fn() -> Duration + Send + Sync>,
    pub(super) guard: Option<Registered>,
    pub(super) lease: Duration,
    pub(super) messages: ReceiveId,
    /// The current pair, then previous ones.
    pub(super) pairs: Vec<Arc<Pair>>,
    pub(super) url_check: ReceiveId,
    pub(super) window: Duration,
}

/// A guard, and the name under which a callback uses it.
#[derive(Clone)]
pub(super) struct Registered {
    pub(super) guard: Arc<dyn Guard>,
    pub(super) callback_id: Arc<str>,
}

impl Settings {
    pub(super) fn new(pair: Pair, url_check: ReceiveId, messages: ReceiveId) -> Self {
        let guard = Arc::new(MemoryGuard::default());
        Self {
            binding: Binding::IfPresent,
            clock: Arc::new(system_clock),
            guard: Some(Registered { guard, callback_id: "".into() }),
            lease: DEFAULT_LEASE,
            messages,
            pairs: vec![Arc::new(pair)],
            url_check,
            window: DEFAULT_WINDOW,
        }
    }

    pub(super) fn now(&self) -> Duration {
        (self.clock)()
    }

    /// Verifies, and only then decrypts: with every pair whose token verifies, of which exactly one may open.
    pub(super) fn unlock(
        &self,
        request: &mut Request<'_>,
        receive_id: &ReceiveId,
    ) -> Result<(Arc<Pair>, Block), Refusal> {
        let mut verified = [false; MAX_PAIRS];
        for (verified, pair) in verified.iter_mut().zip(&self.pairs) {
            let expected = sign(pair, request.timestamp, request.nonce, request.encrypt);
            *verified = ct_eq(&expected, &request.signature);
        }
        let mut left = verified.iter().filter(|verified| **verified).count();
        let mut outcome = Err(Refusal::Signature);
        for (_, pair) in verified.iter().zip(&self.pairs).filter(|(verified, _)| **verified) {
            left = left.saturating_sub(1);
            // The last pair decrypts in the request's own buffer.
            let ciphertext =
                if left == 0 { core::mem::take(&mut request.ciphertext) } else { request.ciphertext.clone() };
            let block = Block::decrypt(pair, ciphertext).map_err(Refusal::Block).and_then(|block| {
                let found = block.receive_id();
                if receive_id.accepts(found) {
                    Ok(block)
                } else {
                    Err(Refusal::ReceiveId { found: found.iter().take(SHOWN).copied().collect() })
                }
            });
            outcome = match (outcome, block) {
                (Ok(_) | Err(Refusal::Ambiguous), Ok(_)) => Err(Refusal::Ambiguous),
                (Err(_), Ok(block)) => Ok((Arc::clone(pair), block)),
                (Err(Refusal::Signature), Err(refusal)) => Err(refusal),
                (before, Err(_)) => before,
            };
        }
        outcome
    }

    /// The timestamp must be within the window around the time.
    pub(super) fn check_time(&self, now: Duration, timestamp: u64) -> Result<(), Refusal> {
        if self.is_near(now, timestamp) { Ok(()) } else { Err(Refusal::Stale) }
    }

    /// Whether the message's own time is bound to the timestamp, which then cannot be the nonce in its place.
    pub(super) fn check_binding(&self, timestamp: u64, inner: Option<u64>) -> Result<bool, Refusal> {
        match (self.binding, inner) {
            (Binding::Off, _) | (Binding::IfPresent, None) => Ok(false),
            (Binding::Required, None) => Err(Refusal::InnerTimeMissing),
            (_, Some(inner)) if self.is_near(Duration::from_secs(inner), timestamp) => Ok(true),
            (_, Some(_)) => Err(Refusal::InnerTime),
        }
    }

    /// What the guard knows the event by, if there is a guard.
    pub(super) fn event_key(&self, block: &Block, id: Option<&str>) -> Result<Option<EventKey>, Error> {
        self.guard
            .as_ref()
            .map(|registered| event_key(&registered.callback_id, block.receive_id(), id, block.message()))
            .transpose()
    }

    fn is_near(&self, time: Duration, timestamp: u64) -> bool {
        time.abs_diff(Duration::from_secs(timestamp)) <= self.window
    }
}

fn system_clock() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO)
}

/// The most pairs that one callback tries.
pub(super) const MAX_PAIRS: usize = 8;

const DEFAULT_LEASE: Duration = Duration::from_secs(4);

const DEFAULT_WINDOW: Duration = Duration::from_secs(300);

/// How much of a receiveid a diagnosis shows, in bytes.
const SHOWN: usize = 64;
