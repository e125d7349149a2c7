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

/// Whose product sends, where the products differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Product {
    /// WeChat's Official Accounts and mini-programs: the URL check is in clear, JSON replies have capital names.
    OfficialAccount,
    WeCom,
}

#[derive(Clone)]
pub(super) struct Settings {
    /// The body of an answer that says nothing.
    pub(super) acknowledgement: &'static str,
    pub(super) binding: Binding,
    pub(super) clock: Arc<dyn Fn() -> Duration + Send + Sync>,
    pub(super) guard: Option<Registered>,
    pub(super) lease: Duration,
    pub(super) messages: ReceiveId,
    /// The current pair, then previous ones.
    pub(super) pairs: Vec<Arc<Pair>>,
    pub(super) product: Product,
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
            acknowledgement: "",
            binding: Binding::IfPresent,
            clock: Arc::new(system_clock),
            guard: Some(Registered { guard, callback_id: "".into() }),
            lease: DEFAULT_LEASE,
            messages,
            pairs: vec![Arc::new(pair)],
            product: Product::WeCom,
            url_check,
            window: DEFAULT_WINDOW,
        }
    }

    pub(super) fn now(&self) -> Duration {
        (self.clock)()
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

/// What one of the candidates opened.
pub(super) struct Unlocked {
    pub(super) block: Block,
    /// Which candidate's it is.
    pub(super) candidate: usize,
    /// With which of its pairs.
    pub(super) pair: usize,
}

/// Verifies, and only then decrypts: with every pair of every candidate whose token verifies, of which exactly one
/// may open. There are at most [`MAX_TRIED`].
pub(super) fn unlock(
    candidates: &[&Settings],
    policy: fn(&Settings) -> &ReceiveId,
    request: &mut Request<'_>,
) -> Result<Unlocked, Refusal> {
    let (mut verified, mut left) = ([false; MAX_TRIED], 0usize);
    let mut places = verified.iter_mut();
    for pair in candidates.iter().flat_map(|settings| &settings.pairs) {
        let expected = sign(pair, request.timestamp, request.nonce, request.encrypt);
        let place = places.next().ok_or(Refusal::Signature)?;
        *place = ct_eq(&expected, &request.signature);
        left += usize::from(*place);
    }
    let (mut outcome, mut verified) = (Err(Refusal::Signature), verified.into_iter());
    for (candidate, settings) in candidates.iter().enumerate() {
        for (number, pair) in settings.pairs.iter().enumerate() {
            if verified.next() != Some(true) {
                continue;
            }
            left = left.saturating_sub(1);
            // The last pair decrypts in the request's own buffer.
            let ciphertext =
                if left == 0 { core::mem::take(&mut request.ciphertext) } else { request.ciphertext.clone() };
            let opened = Block::decrypt(pair, ciphertext).map_err(Refusal::Block).and_then(|block| {
                let found = block.receive_id();
                if policy(settings).accepts(found) {
                    Ok(Unlocked { block, candidate, pair: number })
                } else {
                    Err(Refusal::ReceiveId { found: found.iter().take(SHOWN).copied().collect() })
                }
            });
            outcome = match (outcome, opened) {
                (Ok(_) | Err(Refusal::Ambiguous), Ok(_)) => Err(Refusal::Ambiguous),
                (Err(_), Ok(unlocked)) => Ok(unlocked),
                (Err(Refusal::Signature), Err(refusal)) => Err(refusal),
                (before, Err(_)) => before,
            };
        }
    }
    outcome
}

pub(super) fn system_clock() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO)
}

/// A name under which a guard is shared: 1 to 255 bytes, none of them NUL.
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    if (1..=255).contains(&name.len()) && !name.contains('\0') { Ok(()) } else { Err(Error::Value) }
}

/// The most pairs that one callback tries.
pub(super) const MAX_PAIRS: usize = 8;

/// The most callbacks that one request is tried with. Each costs a hash of the whole body.
pub(super) const MAX_CANDIDATES: usize = 8;

/// The most pairs of all candidates together.
pub(super) const MAX_TRIED: usize = 16;

const DEFAULT_LEASE: Duration = Duration::from_secs(4);

const DEFAULT_WINDOW: Duration = Duration::from_secs(300);

/// How much of a receiveid a diagnosis shows, in bytes.
const SHOWN: usize = 64;
