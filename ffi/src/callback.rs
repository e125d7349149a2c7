//! WeCom callbacks.

use core::{convert::Infallible, time::Duration};
use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

use tenantseal::{
    Error,
    wecom::{Binding, Callback, ReceiveId},
};

use crate::{
    event::tenantseal_event,
    handle::{Opaque, free, get},
    input::{bytes, text},
    output::{Buffer, Handle, Scalar, call},
    replay_guard::tenantseal_guard,
    status::{Failure, Result, tenantseal_status},
};

/// One callback URL: its credentials, whom it is for, and what it remembers. Set it up first, then
/// share it freely between threads: a call that sets something acts on the calls after it.
#[derive(Debug)]
pub struct tenantseal_callback(Infallible);

impl Opaque for tenantseal_callback {
    const KIND: u8 = 7;
    type Object = Settable;
}

/// A callback that can be set up after it was made.
#[derive(Debug)]
pub(crate) struct Settable {
    callback: RwLock<Callback>,
    /// The fixed time of tests, in milliseconds since 1970.
    time: Arc<AtomicU64>,
}

impl Settable {
    pub(crate) fn new(callback: Callback) -> Self {
        Self { callback: RwLock::new(callback), time: Arc::new(AtomicU64::new(REAL_TIME)) }
    }

    pub(crate) fn now(&self) -> Callback {
        self.callback.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, change: impl FnOnce(Callback) -> Result<Callback>) -> Result<()> {
        let mut callback = self.callback.write().unwrap_or_else(PoisonError::into_inner);
        *callback = change(callback.clone())?;
        Ok(())
    }
}

/// Makes the callback of a company's own app: XML, its CorpID as the receiveid, a message must
/// state its own time, a window of 300 seconds, the system's clock, and a guard of its own in this
/// process.
///
/// @param token, token_len  the token, UTF-8
/// @param encoding_aes_key, encoding_aes_key_len  the EncodingAESKey: 43 letters and digits
/// @param corp_id, corp_id_len  the CorpID
/// @param out_callback  the new handle, for tenantseal_callback_free(); NULL after a failure
/// @return CALLBACK_CREDENTIALS unless the token is 1 to 32 letters and digits and the key 43
///     base64 digits; VALUE for an empty CorpID and for what is not UTF-8
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_callback_company_app(
    token: *const u8,
    token_len: usize,
    encoding_aes_key: *const u8,
    encoding_aes_key_len: usize,
    corp_id: *const u8,
    corp_id_len: usize,
    out_callback: *mut *mut tenantseal_callback,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_callback), || {
            let token = bytes(token, token_len)?;
            let encoding_aes_key = bytes(encoding_aes_key, encoding_aes_key_len)?;
            let corp_id = bytes(corp_id, corp_id_len)?;
            let token = text(token)?;
            let encoding_aes_key = text(encoding_aes_key)?;
            let corp_id = text(corp_id)?;
            Ok(Settable::new(Callback::company_app(token, encoding_aes_key, corp_id)?))
        })
    }
}

/// Makes the callback of any other kind of app. A message that states its own time must be near it;
/// the rest is as in tenantseal_callback_company_app().
///
/// @param token, token_len  the token, UTF-8
/// @param encoding_aes_key, encoding_aes_key_len  the EncodingAESKey: 43 letters and digits
/// @param url_check  which receiveids the URL check accepts: a TENANTSEAL_RECEIVE_ID_*
/// @param url_check_ids, url_check_ids_len  the receiveid for EXACT, one on each line for ONE_OF,
///     else nothing
/// @param messages  which receiveids messages may have: a TENANTSEAL_RECEIVE_ID_*
/// @param message_ids, message_ids_len  as `url_check_ids`
/// @param out_callback  the new handle, for tenantseal_callback_free(); NULL after a failure
/// @return ARGUMENT for a number that is no policy, or ids with one that takes none;
///     CALLBACK_CREDENTIALS; VALUE, also for EXACT and ONE_OF without an id
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_callback_custom(
    token: *const u8,
    token_len: usize,
    encoding_aes_key: *const u8,
    encoding_aes_key_len: usize,
    url_check: i32,
    url_check_ids: *const u8,
    url_check_ids_len: usize,
    messages: i32,
    message_ids: *const u8,
    message_ids_len: usize,
    out_callback: *mut *mut tenantseal_callback,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_callback), || {
            let token = bytes(token, token_len)?;
            let encoding_aes_key = bytes(encoding_aes_key, encoding_aes_key_len)?;
            let url_check_ids = bytes(url_check_ids, url_check_ids_len)?;
            let message_ids = bytes(message_ids, message_ids_len)?;
            let token = text(token)?;
            let encoding_aes_key = text(encoding_aes_key)?;
            let url_check_ids = text(url_check_ids)?;
            let message_ids = text(message_ids)?;
            let (url_check, messages) =
                (receive_id(url_check, url_check_ids)?, receive_id(messages, message_ids)?);
            Ok(Settable::new(Callback::custom(token, encoding_aes_key, url_check, messages)?))
        })
    }
}

/// Adds a pair that was in use before, so that what is still on its way opens.
///
/// @param callback  the callback
/// @param token, token_len  the token, UTF-8
/// @param encoding_aes_key, encoding_aes_key_len  the EncodingAESKey: 43 letters and digits
/// @return CALLBACK_CREDENTIALS; VALUE for more than eight pairs in all
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_callback_add_previous(
    callback: *mut tenantseal_callback,
    token: *const u8,
    token_len: usize,
    encoding_aes_key: *const u8,
    encoding_aes_key_len: usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let token = bytes(token, token_len)?;
            let encoding_aes_key = bytes(encoding_aes_key, encoding_aes_key_len)?;
            let callback = get(callback)?;
            let token = text(token)?;
            let encoding_aes_key = text(encoding_aes_key)?;
            callback.set(|callback| Ok(callback.previous(token, encoding_aes_key)?))
        })
    }
}

/// Sets whether a message must state its own time, near that of the query.
///
/// @param callback  the callback
/// @param binding  a TENANTSEAL_BINDING_*
/// @return ARGUMENT for a number that is none
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_callback_set_binding(
    callback: *mut tenantseal_callback,
    binding: i32,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let callback = get(callback)?;
            let binding = match binding {
                TENANTSEAL_BINDING_IF_PRESENT => Binding::IfPresent,
                TENANTSEAL_BINDING_OFF => Binding::Off,
                TENANTSEAL_BINDING_REQUIRED => Binding::Required,
                _ => return Err(Failure::Argument),
            };
            callback.set(|callback| Ok(callback.binding(binding)))
        })
    }
}

/// Sets how far a timestamp may be from the clock, and a message's own time from the timestamp. 300
/// seconds unless set.
///
/// @param callback  the callback
/// @param seconds  how far
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_callback_set_window(
    callback: *mut tenantseal_callback,
    seconds: u32,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let callback = get(callback)?;
            callback.set(|callback| Ok(callback.window(Duration::from_secs(seconds.into()))))
        })
    }
}

/// Sets how long a claim on an event is held. 4000 milliseconds unless set: the sender waits for 5
/// seconds.
///
/// @param callback  the callback
/// @param milliseconds  how long
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_callback_set_lease(
    callback: *mut tenantseal_callback,
    milliseconds: u32,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let callback = get(callback)?;
            callback.set(|callback| Ok(callback.lease(Duration::from_millis(milliseconds.into()))))
        })
    }
}

/// Stops the callback's clock at a time. For tests and replayed samples, never for a service:
/// everything of that time is accepted again. Events that were opened since the first such call go
/// by the new time too.
///
/// @param callback  the callback
/// @param milliseconds  since 1970-01-01T00:00:00Z
/// @return ARGUMENT for UINT64_MAX
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_callback_set_fixed_time(
    callback: *mut tenantseal_callback,
    milliseconds: u64,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let callback = get(callback)?;
            if milliseconds == REAL_TIME {
                return Err(Failure::Argument);
            }
            if callback.time.swap(milliseconds, Ordering::SeqCst) == REAL_TIME {
                let time = Arc::clone(&callback.time);
                let clock = move || Duration::from_millis(time.load(Ordering::SeqCst));
                callback.set(|callback| Ok(callback.clock(clock)))?;
            }
            Ok(())
        })
    }
}

/// Shares a guard with other callbacks.
///
/// @param callback  the callback
/// @param guard  the guard
/// @param callback_id, callback_id_len  your own name for this callback, 1 to 255 bytes of UTF-8,
///     which never changes: current and previous keys use the same
/// @return VALUE for another length
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_callback_set_guard(
    callback: *mut tenantseal_callback,
    guard: *const tenantseal_guard,
    callback_id: *const u8,
    callback_id_len: usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let callback_id = bytes(callback_id, callback_id_len)?;
            let callback = get(callback)?;
            let guard = get(guard)?;
            let callback_id = text(callback_id)?;
            callback.set(|callback| Ok(callback.guard(Arc::clone(&guard), callback_id)?))
        })
    }
}

/// Remembers nothing: every event is fresh. Retries, replays and reflected replies are then yours
/// to recognise.
///
/// @param callback  the callback
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_callback_remove_guard(
    callback: *mut tenantseal_callback,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let callback = get(callback)?;
            callback.set(|callback| Ok(callback.without_guard()))
        })
    }
}

/// Verifies, decrypts and recognises a message. Answer 200 when the event is settled, 503 when it
/// is in progress.
///
/// @param callback  the callback
/// @param query, query_len  the query string as it came, without the `?`, not decoded
/// @param body, body_len  the request's body as it came
/// @param out_event  the new handle, for tenantseal_event_free(); NULL after a failure
/// @return CALLBACK, CALLBACK_FORMAT, TOO_LONG or VALUE: answer these with 403, all alike;
///     GUARD_FULL: answer with 503
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_callback_open(
    callback: *const tenantseal_callback,
    query: *const u8,
    query_len: usize,
    body: *const u8,
    body_len: usize,
    out_event: *mut *mut tenantseal_event,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_event), || {
            let query = bytes(query, query_len)?;
            let body = bytes(body, body_len)?;
            let callback = get(callback)?;
            let query = text(query)?;
            Ok(callback.now().open(query, body)?)
        })
    }
}

/// Verifies and decrypts the echo of the console's URL check. Answer 200 with it as the body.
///
/// @param callback  the callback
/// @param query, query_len  the query string as it came, without the `?`, not decoded
/// @param out, out_cap, out_len  the echo, TENANTSEAL_ECHO_MAX_LEN bytes at most
/// @return CALLBACK, CALLBACK_FORMAT, TOO_LONG or VALUE: answer these with 403, all alike
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_callback_verify_url(
    callback: *const tenantseal_callback,
    query: *const u8,
    query_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let query = bytes(query, query_len)?;
            let callback = get(callback)?;
            let query = text(query)?;
            Ok(callback.now().verify_url(query)?)
        })
    }
}

/// Says for your log why a request is refused. Never send it to the peer. The guard is neither
/// asked nor changed.
///
/// @param callback  the callback
/// @param query, query_len  the query string as it came
/// @param body, body_len  the body as it came; nothing for a URL check
/// @param out_code  0, or Tencent's code, -40001 to -40011
/// @param out_cause, out_cause_cap, out_cause_len  the likely cause, one sentence in English that
///     holds nothing of the request
/// @return VALUE for a query that is not UTF-8
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_callback_diagnose(
    callback: *const tenantseal_callback,
    query: *const u8,
    query_len: usize,
    body: *const u8,
    body_len: usize,
    out_code: *mut i32,
    out_cause: *mut u8,
    out_cause_cap: usize,
    out_cause_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((Scalar(out_code), Buffer::new(out_cause, out_cause_cap, out_cause_len)), || {
            let query = bytes(query, query_len)?;
            let body = bytes(body, body_len)?;
            let callback = get(callback)?;
            let query = text(query)?;
            let diagnosis = callback.now().diagnose(query, body);
            Ok((diagnosis.code(), diagnosis.cause().to_owned()))
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param callback  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_callback_free(callback: *mut tenantseal_callback) -> tenantseal_status {
    free(callback)
}

/// Any receiveid. Look at tenantseal_event_receive_id() before acting: another company's message
/// opens too.
pub const TENANTSEAL_RECEIVE_ID_ANY: i32 = 1;
/// The receiveid must be there and empty, as an AI bot's is.
pub const TENANTSEAL_RECEIVE_ID_EMPTY: i32 = 2;
/// The receiveid must be this one.
pub const TENANTSEAL_RECEIVE_ID_EXACT: i32 = 3;
/// The receiveid must be one of these.
pub const TENANTSEAL_RECEIVE_ID_ONE_OF: i32 = 4;

/// A message that states a time must be near it; others pass.
pub const TENANTSEAL_BINDING_IF_PRESENT: i32 = 1;
/// The message's time is not looked at.
pub const TENANTSEAL_BINDING_OFF: i32 = 2;
/// A message that states no time is refused.
pub const TENANTSEAL_BINDING_REQUIRED: i32 = 3;

/// The longest echo, in bytes.
pub const TENANTSEAL_ECHO_MAX_LEN: usize = 64;

/// TENANTSEAL_ECHO_MAX_LEN, for callers that cannot read macros.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_echo_max_len() -> usize {
    TENANTSEAL_ECHO_MAX_LEN
}

/// What the fixed time is as long as it is not set.
const REAL_TIME: u64 = u64::MAX;

pub(crate) fn receive_id(policy: i32, ids: &str) -> Result<ReceiveId> {
    match (policy, ids) {
        (TENANTSEAL_RECEIVE_ID_ANY, "") => Ok(ReceiveId::Any),
        (TENANTSEAL_RECEIVE_ID_EMPTY, "") => Ok(ReceiveId::Empty),
        (TENANTSEAL_RECEIVE_ID_EXACT, id) if !id.is_empty() => Ok(ReceiveId::Exact(id.to_owned())),
        (TENANTSEAL_RECEIVE_ID_ONE_OF, ids) if !ids.is_empty() => {
            let ids: Vec<String> = ids.lines().map(str::to_owned).collect();
            // An empty line would accept the empty receiveid, which nobody means by it.
            if ids.iter().any(String::is_empty) {
                Err(Error::Value.into())
            } else {
                Ok(ReceiveId::OneOf(ids))
            }
        }
        (TENANTSEAL_RECEIVE_ID_EXACT | TENANTSEAL_RECEIVE_ID_ONE_OF, _) => Err(Error::Value.into()),
        _ => Err(Failure::Argument),
    }
}
