//! WeCom (WeChat Work) callbacks: verified, decrypted and recognised in one call that cannot be split.
//!
//! [`Callback::open`] takes the raw query string and the body as they came and returns an [`Event`], or one error
//! for every reason. [`Callback::verify_url`] answers the check that the console makes when the URL is saved.
//! An event that comes twice, by a retry or a replay, is not fresh the second time.
//!
//! The format signs with SHA-1 and encrypts with a fixed IV; docs/wecom.md says what it cannot promise.
//!
//! # Example
//!
//! ```
//! use tenantseal::wecom::{Callback, sender::Sender};
//!
//! let (token, key) = ("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C");
//! let app = Callback::company_app(token, key, "ww5823bf96d3bd56c7")?;
//! # let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
//! # let sender = Sender::new(token, key, "ww5823bf96d3bd56c7")?;
//! # let text = format!("<xml><CreateTime>{now}</CreateTime><MsgId>1</MsgId><Content>hi</Content></xml>");
//! # let (raw_query, body) = sender.post(text.as_bytes(), now, "1372623149")?;
//!
//! let event = app.open(&raw_query, &body)?;
//! if event.is_fresh() {
//!     assert_eq!(event.inner()?.get("Content"), Some("hi"));
//!     event.done()?;
//! }
//! assert!(!app.open(&raw_query, &body)?.is_fresh());
//! # Ok::<(), tenantseal::Error>(())
//! ```

mod biz_msg_crypt;
mod block;
mod children;
mod credentials;
mod envelope;
mod event;
mod guard;
mod inner;
mod query;
mod receive_id;
mod refusal;
mod reply;
pub mod sender;
mod settings;
mod signature;

use core::{fmt, time::Duration};
use std::sync::Arc;

pub use biz_msg_crypt::BizMsgCrypt;
use credentials::Pair;
pub use envelope::Envelope;
use envelope::Format;
use event::Opened;
pub use event::{Echo, Event};
pub use guard::{Arrival, Claim, Departure, EventKey, Guard, MemoryGuard, Ticket};
pub use inner::Inner;
use inner::Stamp;
use query::Query;
pub use receive_id::ReceiveId;
pub use refusal::Diagnosis;
use refusal::Refusal;
pub use reply::Reply;
pub use settings::Binding;
use settings::{Registered, Settings};

use crate::error::Error;

/// One callback URL: its credentials, whom it is for, and what it remembers.
///
/// Cheap to clone and shared by threads; clones share the guard.
#[derive(Clone)]
pub struct Callback(Arc<Settings>);

impl Callback {
    /// The most pairs of token and key that one callback tries: the current one and seven previous ones.
    pub const MAX_PAIRS: usize = settings::MAX_PAIRS;

    /// The longest query string, 8 KiB, in bytes.
    pub const MAX_QUERY: usize = query::MAX_QUERY;

    /// The longest body, 1 MiB, in bytes.
    pub const MAX_BODY: usize = envelope::MAX_BODY;

    /// A company's own app: XML, its CorpID as the receiveid, [`Binding::Required`], a window of 300 seconds, the
    /// system's clock, and a guard in this process.
    ///
    /// # Errors
    ///
    /// [`Error::CallbackCredentials`] unless the token is 1 to 32 letters and digits and the key 43 base64 digits;
    /// [`Error::Value`] for an empty CorpID, which is most often a setting that nobody filled.
    pub fn company_app(token: &str, encoding_aes_key: &str, corp_id: &str) -> Result<Self, Error> {
        if corp_id.is_empty() {
            return Err(Error::Value);
        }
        let receive_id = ReceiveId::Exact(corp_id.into());
        Self::custom(token, encoding_aes_key, receive_id.clone(), receive_id)
            .map(|callback| callback.binding(Binding::Required))
    }

    /// Any other kind of app: receiveid policies of its own for the URL check and for messages, and
    /// [`Binding::IfPresent`]; the rest as in [`Callback::company_app`].
    ///
    /// # Errors
    ///
    /// [`Error::CallbackCredentials`] as in [`Callback::company_app`].
    pub fn custom(
        token: &str,
        encoding_aes_key: &str,
        url_check: ReceiveId,
        messages: ReceiveId,
    ) -> Result<Self, Error> {
        let pair = Pair::new(token, encoding_aes_key)?;
        Ok(Self(Arc::new(Settings::new(pair, url_check, messages))))
    }

    /// Adds a pair that was in use before, so that what is still on its way opens. A pair that is there already is
    /// not added again.
    ///
    /// # Errors
    ///
    /// [`Error::CallbackCredentials`] for unusable credentials, [`Error::Value`] for more than
    /// [`Callback::MAX_PAIRS`].
    pub fn previous(self, token: &str, encoding_aes_key: &str) -> Result<Self, Error> {
        let pair = Pair::new(token, encoding_aes_key)?;
        if self.0.pairs.iter().any(|known| known.is_same(&pair)) {
            return Ok(self);
        }
        if self.0.pairs.len() >= Self::MAX_PAIRS {
            return Err(Error::Value);
        }
        Ok(self.with(|settings| settings.pairs.push(Arc::new(pair))))
    }

    /// Sets whether a message must state its own time.
    #[must_use]
    pub fn binding(self, binding: Binding) -> Self {
        self.with(|settings| settings.binding = binding)
    }

    /// Sets how far a timestamp may be from the clock, and a message's own time from the timestamp; the bound itself
    /// is inside. 300 seconds unless set.
    #[must_use]
    pub fn window(self, window: Duration) -> Self {
        self.with(|settings| settings.window = window)
    }

    /// Sets the clock: the time since 1970-01-01T00:00:00Z. The guard uses it too.
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.clock = Arc::new(clock))
    }

    /// Sets how long a claim on an event is held. 4 seconds unless set: the sender waits for 5.
    #[must_use]
    pub fn lease(self, lease: Duration) -> Self {
        self.with(|settings| settings.lease = lease)
    }

    /// Shares a guard with other callbacks and processes. `callback_id` is the caller's own name for this
    /// callback, and never changes: current and previous keys and all processes use the same.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] unless `callback_id` has 1 to 255 bytes.
    pub fn guard(self, guard: Arc<dyn Guard>, callback_id: &str) -> Result<Self, Error> {
        if !(1..=MAX_CALLBACK_ID).contains(&callback_id.len()) {
            return Err(Error::Value);
        }
        let registered = Registered { guard, callback_id: callback_id.into() };
        Ok(self.with(|settings| settings.guard = Some(registered)))
    }

    /// Remembers nothing: every event is fresh.
    ///
    /// # Security
    ///
    /// Retries, replays and reflected replies are then the caller's to recognise.
    #[must_use]
    pub fn without_guard(self) -> Self {
        self.with(|settings| settings.guard = None)
    }

    /// Verifies, decrypts and recognises a message.
    ///
    /// `raw_query` is the query string as it came, without the `?`, not decoded. Answer 200 when the event is
    /// settled, 503 when it is in progress.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] for a query over 8 KiB or a body over 1 MiB, [`Error::CallbackFormat`] for one that cannot
    /// be parsed, [`Error::Callback`] for every other refusal: answer these with 403. [`Error::GuardFull`] and
    /// what a guard of the caller's returns: answer with 503.
    pub fn open(&self, raw_query: &str, body: &[u8]) -> Result<Event, Error> {
        self.receive(raw_query, body).map_err(|refusal| refusal.error())
    }

    /// Verifies and decrypts the echo of the console's URL check. Answer 200 with [`Echo::as_bytes`] as the body.
    ///
    /// # Security
    ///
    /// Only a fresh request is answered, and only with 1 to 64 of `[A-Za-z0-9_-]`: a captured message does not get
    /// decrypted here.
    ///
    /// # Errors
    ///
    /// As [`Callback::open`], without the guard's.
    pub fn verify_url(&self, raw_query: &str) -> Result<Echo, Error> {
        self.echo(raw_query).map_err(|refusal| refusal.error())
    }

    /// Tells the operator why [`Callback::open`] refuses a request, or [`Callback::verify_url`] if it has an
    /// `echostr` and no body. The guard is neither asked nor changed.
    ///
    /// # Security
    ///
    /// For a log that the sender cannot read: the reasons apart are what an attacker needs.
    #[must_use]
    pub fn diagnose(&self, raw_query: &str, body: &[u8]) -> Diagnosis {
        let is_check =
            body.is_empty() && Query::parse(raw_query).is_ok_and(|query| query.echostr().is_some());
        let outcome = if is_check {
            self.echo(raw_query).map(drop)
        } else {
            self.unlock_message(raw_query, body).map(drop)
        };
        Diagnosis::of(outcome.map_err(|refusal| match refusal {
            Refusal::Signature if self.is_signature_without_body(raw_query) => Refusal::SignatureWithoutBody,
            other => other,
        }))
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    fn receive(&self, raw_query: &str, body: &[u8]) -> Result<Event, Refusal> {
        let opened = self.unlock_message(raw_query, body)?;
        Event::enter(Arc::clone(&self.0), opened).map_err(Refusal::Guard)
    }

    /// Everything but the guard.
    fn unlock_message(&self, raw_query: &str, body: &[u8]) -> Result<Opened, Refusal> {
        let settings = &*self.0;
        if body.len() > Self::MAX_BODY {
            return Err(Refusal::BodyLong);
        }
        let query = Query::parse(raw_query)?;
        let envelope = Envelope::parse(body).map_err(|_| Refusal::BodyFormat)?;
        let mut request = query.request(envelope.encrypt().as_bytes())?;
        let (pair, block) = settings.unlock(&mut request, &settings.messages)?;
        let now = settings.now();
        settings.check_time(now, request.seconds)?;
        let mut stamp = Stamp::default();
        if settings.binding != Binding::Off || settings.guard.is_some() {
            stamp = Stamp::find(block.message());
        }
        let is_bound = settings.check_binding(request.seconds, stamp.time)?;
        let event = settings.event_key(&block, stamp.id.as_deref()).map_err(Refusal::Guard)?;
        drop(stamp);
        Ok(Opened {
            // Nothing but the guard asks for it.
            other_reading: if is_bound || event.is_none() { None } else { request.other_reading() },
            event,
            format: envelope.format(),
            now,
            pair,
            reply_nonce: (envelope.format() == Format::Json)
                .then(|| String::from_utf8_lossy(request.nonce).into()),
            signature: request.signature,
            timestamp: request.seconds,
            block,
        })
    }

    fn echo(&self, raw_query: &str) -> Result<Echo, Refusal> {
        let settings = &*self.0;
        let query = Query::parse(raw_query)?;
        let mut request = query.request(query.echostr().ok_or(Refusal::Missing)?)?;
        let (_, block) = settings.unlock(&mut request, &settings.url_check)?;
        settings.check_time(settings.now(), request.seconds)?;
        Echo::new(block).ok_or(Refusal::Echo)
    }

    fn is_signature_without_body(&self, raw_query: &str) -> bool {
        Query::parse(raw_query)
            .is_ok_and(|query| self.0.pairs.iter().any(|pair| query.is_signed_without_body(pair)))
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback")
            .field("pairs", &self.0.pairs.len())
            .field("binding", &self.0.binding)
            .field("window", &self.0.window)
            .finish_non_exhaustive()
    }
}

/// The longest callback id, in bytes.
const MAX_CALLBACK_ID: usize = 255;

#[cfg(test)]
mod tests;
