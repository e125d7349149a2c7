//! A callback that was verified and decrypted, and who acts on it.

use core::{fmt, time::Duration};
use std::sync::Arc;

use super::{
    block::Block,
    envelope::Format,
    guard::{Arrival, Claim, EventKey, millis, retention},
    inner::Inner,
    query::is_word,
    reply::Reply,
    settings::Settings,
    signature::Signature,
};
use crate::error::Error;

/// A message from WeCom: authentic, fresh, for this receiver, and claimed by this worker if it is new.
///
/// The message is wiped when the event is dropped.
pub struct Event {
    claim: Claim,
    fencing: u64,
    opened: Opened,
    settings: Arc<Settings>,
}

/// What passed every check but the guard's.
pub(super) struct Opened {
    pub(super) block: Block,
    pub(super) event: Option<EventKey>,
    pub(super) format: Format,
    /// The clock when the timestamp was compared with it.
    pub(super) now: Duration,
    /// The latest other time that the signed text reads as, where nothing but the guard tells it from the timestamp.
    pub(super) other_reading: Option<u64>,
    /// Which of the callback's pairs opened it.
    pub(super) pair: usize,
    /// The request's nonce, if a reply has to repeat it.
    pub(super) reply_nonce: Option<Box<str>>,
    pub(super) signature: Signature,
    pub(super) timestamp: u64,
}

impl Event {
    /// Asks the guard.
    pub(super) fn enter(settings: Arc<Settings>, mut opened: Opened) -> Result<Self, Error> {
        let (mut claim, mut fencing) = (Claim::Fresh, 0);
        if let Some((registered, event)) = settings.guard.as_ref().zip(opened.event) {
            let (signature_until, event_until) =
                retention(opened.timestamp, opened.other_reading, settings.window);
            // No claim outlives what it is on.
            let event_until = event_until.max(opened.now.saturating_add(settings.lease));
            let ticket = registered.guard.claim(&Arrival {
                callback_id: &registered.callback_id,
                signature: opened.signature,
                signature_until,
                event,
                event_until,
                now: opened.now,
                lease: settings.lease,
            })?;
            opened.event = Some(ticket.event);
            (claim, fencing) = (ticket.claim, ticket.fencing);
        }
        Ok(Self { claim, fencing, opened, settings })
    }

    /// The decrypted message, as it was sent: XML, JSON, or whatever it is. It is not always well-formed.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        self.opened.block.message()
    }

    /// Whom the message is for: what the receiveid policy matched.
    #[must_use]
    pub fn receive_id(&self) -> &[u8] {
        self.opened.block.receive_id()
    }

    /// The timestamp of the request, in seconds since 1970.
    #[must_use]
    pub fn timestamp(&self) -> u64 {
        self.opened.timestamp
    }

    /// Who holds the event, as of when it was opened. Without a guard it is always [`Claim::Fresh`].
    #[must_use]
    pub fn claim(&self) -> Claim {
        self.claim
    }

    /// Whether this worker is to act on the event.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.claim == Claim::Fresh
    }

    /// The body of an answer of 200 that says nothing: `success` where the product wants to read that, else empty.
    #[must_use]
    pub fn acknowledgement(&self) -> &'static str {
        self.settings.acknowledgement
    }

    /// Settles the event: it will not be fresh again. Call it after its effects are safe, best in the same
    /// transaction.
    ///
    /// # Errors
    ///
    /// [`Error::ClaimExpired`] if the lease ran out or the event was never this worker's: take the effects back.
    /// Without a guard there is no error.
    pub fn done(&self) -> Result<(), Error> {
        match self.settings.guard.as_ref().zip(self.opened.event) {
            None => Ok(()),
            Some(_) if !self.is_fresh() => Err(Error::ClaimExpired),
            Some((registered, event)) => registered.guard.done(&event, self.fencing, self.settings.now()),
        }
    }

    /// What settles the event inside a transaction of the caller's, together with its effects: `None` without a guard.
    ///
    /// A guard in the same database says with which statement, `tenantseal_store::SETTLE`; if that changes no row, take
    /// the effects back.
    ///
    /// # Errors
    ///
    /// [`Error::ClaimExpired`] if the event was never this worker's.
    pub fn settlement(&self) -> Result<Option<Settlement>, Error> {
        match self.opened.event.filter(|_| self.settings.guard.is_some()) {
            None => Ok(None),
            Some(_) if !self.is_fresh() => Err(Error::ClaimExpired),
            Some(event) => {
                Ok(Some(Settlement { event, fencing: self.fencing, now: millis(self.settings.now()) }))
            }
        }
    }

    /// The message as names and texts.
    ///
    /// # Errors
    ///
    /// [`Error::CallbackFormat`] if it is neither XML nor JSON that [`Inner::parse`] reads.
    pub fn inner(&self) -> Result<Inner<'_>, Error> {
        Inner::parse(self.message())
    }

    /// Encrypts a passive reply with the key that opened the event, to the receiver that it was for.
    ///
    /// The reply is remembered, so that it is refused if somebody sends it back as a request.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] over 1 MiB, [`Error::Random`], and [`Error::GuardFull`] or what a guard of the caller's
    /// returns: the reply must not be sent then.
    pub fn reply(&self, plaintext: &[u8]) -> Result<Reply, Error> {
        Reply::seal(&self.settings, &self.opened, plaintext)
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("claim", &self.claim)
            .field("timestamp", &self.opened.timestamp)
            .finish_non_exhaustive()
    }
}

/// Who settles which event, when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The event.
    pub event: EventKey,
    /// The number of the claim.
    pub fencing: u64,
    /// The callback's clock, in milliseconds since 1970.
    pub now: u64,
}

/// What the console's URL check wants to see.
pub struct Echo(Form);

enum Form {
    /// An Official Account's echo comes as it goes back.
    Clear(Box<[u8]>),
    Sealed(Block),
}

impl Echo {
    pub(super) fn clear(echo: &[u8]) -> Option<Self> {
        is_word(echo, MAX_ECHO).then(|| Self(Form::Clear(echo.into())))
    }

    pub(super) fn sealed(block: Block) -> Option<Self> {
        is_word(block.message(), MAX_ECHO).then_some(Self(Form::Sealed(block)))
    }

    /// The body of the answer, as it is: no quotes, no line end, no byte order mark.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Form::Clear(echo) => echo,
            Form::Sealed(block) => block.message(),
        }
    }

    /// The receiveid that the policy matched; empty for an Official Account, whose check names nobody.
    #[must_use]
    pub fn receive_id(&self) -> &[u8] {
        match &self.0 {
            Form::Clear(_) => b"",
            Form::Sealed(block) => block.receive_id(),
        }
    }
}

impl fmt::Debug for Echo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Echo").finish_non_exhaustive()
    }
}

/// The longest echo, in characters. Tencent sends 19 digits.
const MAX_ECHO: usize = 64;
