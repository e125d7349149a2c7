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
mod flat;
mod guard;
mod inner;
pub mod js_sdk;
pub mod login;
pub mod media;
pub mod message;
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
pub use event::{Echo, Event, Settlement};
pub use guard::{
    Arrival, Claim, Departure, EventEntry, EventKey, Guard, MemoryGuard, SignatureEntry, Ticket,
};
pub use inner::Inner;
use inner::Stamp;
use query::Query;
pub use receive_id::ReceiveId;
pub use refusal::Diagnosis;
use refusal::Refusal;
pub use reply::Reply;
pub use settings::Binding;
use settings::{Product, Registered, Settings, Unlocked, unlock};

use crate::error::Error;

/// One callback URL: its credentials, whom it is for, and what it remembers.
///
/// Cheap to clone and shared by threads; clones share the guard.
#[derive(Clone)]
pub struct Callback(Arc<Settings>);

impl Callback {
    /// The most callbacks that one request is tried with. They have at most 16 pairs together.
    pub const MAX_CANDIDATES: usize = settings::MAX_CANDIDATES;

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
        Self::dated(token, encoding_aes_key, receive_id.clone(), receive_id)
    }

    /// The command URL of a third-party suite: suite tickets, authorisations, changes of contacts. XML; the URL check is
    /// for the provider's CorpID, messages are for the suite id, and [`Event::acknowledgement`] is `success`. The rest
    /// as in [`Callback::company_app`].
    ///
    /// # Errors
    ///
    /// As [`Callback::company_app`], for either id.
    pub fn suite_commands(
        token: &str,
        encoding_aes_key: &str,
        provider_corp_id: &str,
        suite_id: &str,
    ) -> Result<Self, Error> {
        if provider_corp_id.is_empty() || suite_id.is_empty() {
            return Err(Error::Value);
        }
        let [provider, suite] = [provider_corp_id, suite_id].map(|id| ReceiveId::Exact(id.into()));
        Ok(Self::dated(token, encoding_aes_key, provider, suite)?.acknowledge("success"))
    }

    /// The data URL of a third-party suite: what the members of every client company send. XML; the URL check is for
    /// the provider's CorpID, messages are for `clients`: [`ReceiveId::OneOf`] them, or [`ReceiveId::Any`] if the caller
    /// looks the CorpID up among its tenants. The rest as in [`Callback::company_app`].
    ///
    /// # Errors
    ///
    /// As [`Callback::company_app`], for the provider's CorpID.
    pub fn suite_data(
        token: &str,
        encoding_aes_key: &str,
        provider_corp_id: &str,
        clients: ReceiveId,
    ) -> Result<Self, Error> {
        if provider_corp_id.is_empty() {
            return Err(Error::Value);
        }
        Self::dated(token, encoding_aes_key, ReceiveId::Exact(provider_corp_id.into()), clients)
    }

    /// An AI bot in API mode: JSON, an empty receiveid, [`Binding::IfPresent`] because not every message states its
    /// time, and replies that repeat the request's nonce. The rest as in [`Callback::company_app`].
    ///
    /// # Errors
    ///
    /// [`Error::CallbackCredentials`] as in [`Callback::company_app`].
    pub fn ai_bot(token: &str, encoding_aes_key: &str) -> Result<Self, Error> {
        Self::custom(token, encoding_aes_key, ReceiveId::Empty, ReceiveId::Empty)
    }

    /// A WeChat Official Account or mini-program, in secure or compatible mode: XML or JSON, its AppID as the receiveid,
    /// and [`Event::acknowledgement`] `success`. Its URL check has the echo in clear, and `signature` in place of
    /// `msg_signature`; a message must have `msg_signature`. The rest as in [`Callback::company_app`].
    ///
    /// # Security
    ///
    /// In compatible mode a message comes in clear beside the encrypted one. The clear one is never read.
    ///
    /// # Errors
    ///
    /// As [`Callback::company_app`].
    pub fn official_account(token: &str, encoding_aes_key: &str, app_id: &str) -> Result<Self, Error> {
        Ok(Self::company_app(token, encoding_aes_key, app_id)?
            .with(|settings| settings.product = Product::OfficialAccount)
            .acknowledge("success"))
    }

    /// A third-party platform of WeChat's: tickets and authorisations, and what the accounts that it serves receive.
    /// XML, the platform's own AppID as the receiveid, and [`Event::acknowledgement`] `success`. The rest as in
    /// [`Callback::company_app`].
    ///
    /// # Errors
    ///
    /// As [`Callback::company_app`].
    pub fn open_platform(token: &str, encoding_aes_key: &str, component_app_id: &str) -> Result<Self, Error> {
        Ok(Self::company_app(token, encoding_aes_key, component_app_id)?.acknowledge("success"))
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

    /// Sets how long a claim on an event is held. 4 seconds unless set: the sender waits for 5. A longer one keeps the event
    /// in the guard for as long.
    #[must_use]
    pub fn lease(self, lease: Duration) -> Self {
        self.with(|settings| settings.lease = lease)
    }

    /// Shares a guard with other callbacks and processes. `callback_id` is the caller's own name for this
    /// callback, and never changes: current and previous keys and all processes use the same.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] unless `callback_id` has 1 to 255 bytes, and no NUL: a database keeps none.
    pub fn guard(self, guard: Arc<dyn Guard>, callback_id: &str) -> Result<Self, Error> {
        settings::check_name(callback_id)?;
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
        Self::open_one_of(&[self], raw_query, body).map(|(_, event)| event)
    }

    /// [`Callback::open`] where several callbacks share a URL: exactly one of them may open the request. Returns its
    /// place among the candidates, and the event.
    ///
    /// Give each callback a key of its own: one EncodingAESKey under several tokens would open one request in each of them.
    /// Choose the candidates by the path, or by what [`Envelope`] states; a request that nobody signed costs a hash of
    /// its body for each pair, which is why there are at most [`Callback::MAX_CANDIDATES`].
    ///
    /// # Errors
    ///
    /// As [`Callback::open`]; [`Error::Value`] for more candidates than that, or for more than 16 pairs together.
    pub fn open_one_of(candidates: &[&Self], raw_query: &str, body: &[u8]) -> Result<(usize, Event), Error> {
        Self::check_candidates(candidates)?;
        let (candidate, opened) =
            unlock_message(candidates, raw_query, body).map_err(|refusal| refusal.error())?;
        let callback = candidates.get(candidate).ok_or(Error::Callback)?;
        Ok((candidate, Event::enter(Arc::clone(&callback.0), opened)?))
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

    /// [`Callback::verify_url`] where several callbacks share a URL, as [`Callback::open_one_of`].
    ///
    /// # Errors
    ///
    /// As [`Callback::verify_url`], and [`Error::Value`] as in [`Callback::open_one_of`].
    pub fn verify_url_one_of(candidates: &[&Self], raw_query: &str) -> Result<(usize, Echo), Error> {
        Self::check_candidates(candidates)?;
        let mut outcomes = candidates.iter().map(|callback| callback.verify_url(raw_query)).enumerate();
        let mut found = Err(Error::Callback);
        for (candidate, outcome) in &mut outcomes {
            found = match (found, outcome) {
                (Ok(_), Ok(_)) => return Err(Error::Callback),
                (Ok(found), Err(_)) => Ok(found),
                (Err(_), outcome) => outcome.map(|echo| (candidate, echo)),
            };
        }
        found
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
            unlock_message(&[self], raw_query, body).map(drop)
        };
        Diagnosis::of(outcome.map_err(|refusal| match refusal {
            Refusal::Signature if self.is_signature_misplaced(raw_query) => Refusal::SignatureWithoutBody,
            other => other,
        }))
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    fn dated(
        token: &str,
        encoding_aes_key: &str,
        url_check: ReceiveId,
        messages: ReceiveId,
    ) -> Result<Self, Error> {
        Self::custom(token, encoding_aes_key, url_check, messages)
            .map(|callback| callback.binding(Binding::Required))
    }

    fn acknowledge(self, acknowledgement: &'static str) -> Self {
        self.with(|settings| settings.acknowledgement = acknowledgement)
    }

    fn check_candidates(candidates: &[&Self]) -> Result<(), Error> {
        let pairs: usize = candidates.iter().map(|callback| callback.0.pairs.len()).sum();
        let few = candidates.len() <= Self::MAX_CANDIDATES && pairs <= settings::MAX_TRIED;
        if few { Ok(()) } else { Err(Error::Value) }
    }

    fn echo(&self, raw_query: &str) -> Result<Echo, Refusal> {
        let settings = &*self.0;
        let query = Query::parse(raw_query)?;
        let echostr = query.echostr().ok_or(Refusal::Missing)?;
        if settings.product == Product::OfficialAccount {
            let seconds = query.clear_check(&settings.pairs)?;
            settings.check_time(settings.now(), seconds)?;
            return Echo::clear(echostr).ok_or(Refusal::Echo);
        }
        let mut request = query.request(echostr)?;
        let Unlocked { block, .. } = unlock(&[settings], |settings| &settings.url_check, &mut request)?;
        settings.check_time(settings.now(), request.seconds)?;
        Echo::sealed(block).ok_or(Refusal::Echo)
    }

    fn is_signature_misplaced(&self, raw_query: &str) -> bool {
        Query::parse(raw_query).is_ok_and(|query| self.0.pairs.iter().any(|pair| query.is_misplaced(pair)))
    }
}

/// Everything but the guard. Returns which candidate opened it.
fn unlock_message(
    candidates: &[&Callback],
    raw_query: &str,
    body: &[u8],
) -> Result<(usize, Opened), Refusal> {
    if body.len() > Callback::MAX_BODY {
        return Err(Refusal::BodyLong);
    }
    let query = Query::parse(raw_query)?;
    let envelope = Envelope::parse(body).map_err(|_| Refusal::BodyFormat)?;
    let mut request = query.request(envelope.ciphertext())?;
    let mut settings = [&*candidates.first().ok_or(Refusal::Signature)?.0; settings::MAX_CANDIDATES];
    for (place, candidate) in settings.iter_mut().zip(candidates) {
        *place = &candidate.0;
    }
    let settings = settings.get(..candidates.len()).unwrap_or_default();
    let Unlocked { block, candidate, pair } = unlock(settings, |settings| &settings.messages, &mut request)?;
    let settings = settings.get(candidate).ok_or(Refusal::Signature)?;
    let now = settings.now();
    settings.check_time(now, request.seconds)?;
    let mut stamp = Stamp::default();
    if settings.binding != Binding::Off || settings.guard.is_some() {
        stamp = Stamp::find(block.message());
    }
    let is_bound = settings.check_binding(request.seconds, stamp.time)?;
    let event = settings.event_key(&block, stamp.id.as_deref()).map_err(Refusal::Guard)?;
    drop(stamp);
    let repeats_nonce = envelope.format() == Format::Json && settings.product == Product::WeCom;
    let opened = Opened {
        // Nothing but the guard asks for it.
        other_reading: if is_bound || event.is_none() { None } else { request.other_reading() },
        event,
        format: envelope.format(),
        now,
        pair,
        reply_nonce: repeats_nonce.then(|| String::from_utf8_lossy(request.nonce).into()),
        signature: request.signature,
        timestamp: request.seconds,
        block,
    };
    Ok((candidate, opened))
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

#[cfg(test)]
mod tests;
