//! The `state` of WeCom's OAuth login.

use core::{convert::Infallible, time::Duration};
use std::sync::{Arc, PoisonError, RwLock};

use tenantseal::{
    Secret,
    wecom::login::{Browser, LoginStates},
};

use crate::{
    handle::{Opaque, free, get},
    input::{bytes, text},
    output::{Buffer, Handle, call},
    replay_guard::tenantseal_guard,
    status::{Result, tenantseal_status},
};

/// Issues the states of logins, and accepts each once: in the browser and the context that it was
/// issued for, and for ten minutes. Set it up first, then share it freely between threads.
#[derive(Debug)]
pub struct tenantseal_login_states(Infallible);

impl Opaque for tenantseal_login_states {
    const KIND: u8 = 18;
    type Object = RwLock<LoginStates>;
}

/// One browser, known again by a cookie. It is secret; a new login may keep it. Immutable, share it
/// freely between threads.
#[derive(Debug)]
pub struct tenantseal_browser(Infallible);

impl Opaque for tenantseal_browser {
    const KIND: u8 = 19;
    type Object = Browser;
}

/// Makes states of this process alone, under a random key.
///
/// @param out_login_states  the new handle, for tenantseal_login_states_free(); NULL after a failure
/// @return RANDOM
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_login_states_generate(
    out_login_states: *mut *mut tenantseal_login_states,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe { call(Handle(out_login_states), || Ok(RwLock::new(LoginStates::generate()?))) }
}

/// Makes states of every process that has the same secret. Without a guard that all of them share, a
/// state is good once in each.
///
/// @param secret, secret_len  TENANTSEAL_LOGIN_SECRET_LEN random bytes that serve nothing else
/// @param out_login_states  the new handle, for tenantseal_login_states_free(); NULL after a failure
/// @return VALUE for another length, and for equal bytes: a secret that nobody filled
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_login_states_from_secret(
    secret: *const u8,
    secret_len: usize,
    out_login_states: *mut *mut tenantseal_login_states,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_login_states), || {
            let secret = Secret::try_from(bytes(secret, secret_len)?)?;
            Ok(RwLock::new(LoginStates::from_secret(&secret)?))
        })
    }
}

/// Sets for how long a state is good. 600 seconds unless set.
///
/// @param login_states  the login states
/// @param seconds  how long
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_login_states_set_lifetime(
    login_states: *mut tenantseal_login_states,
    seconds: u32,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let login_states = get(login_states)?;
            set(&login_states, |states| Ok(states.lifetime(Duration::from_secs(seconds.into()))))
        })
    }
}

/// Shares a guard with other processes or objects.
///
/// @param login_states  the login states
/// @param guard  the guard
/// @param name, name_len  your own name for these states, 1 to 255 bytes of UTF-8, which never changes
///     and is no callback's
/// @return VALUE for another length
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_login_states_set_guard(
    login_states: *mut tenantseal_login_states,
    guard: *const tenantseal_guard,
    name: *const u8,
    name_len: usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let name = bytes(name, name_len)?;
            let login_states = get(login_states)?;
            let guard = get(guard)?;
            let name = text(name)?;
            set(&login_states, |states| Ok(states.guard(Arc::clone(&guard), name)?))
        })
    }
}

/// Makes a state for a browser, for the `state` of the address that the browser is sent to.
///
/// @param login_states  the login states
/// @param browser  the browser
/// @param context, context_len  what else must be the same when the browser comes back, such as the
///     tenant and the page to return to: 65,535 bytes at most. It is not in the state
/// @param out, out_cap, out_len  the state, TENANTSEAL_LOGIN_STATE_LEN hexadecimal digits
/// @return TOO_LONG; RANDOM
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_login_states_issue(
    login_states: *const tenantseal_login_states,
    browser: *const tenantseal_browser,
    context: *const u8,
    context_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let context = bytes(context, context_len)?;
            let login_states = get(login_states)?;
            let browser = get(browser)?;
            Ok(now(&login_states).issue(&browser, context)?)
        })
    }
}

/// Accepts a state that came back, for the browser and the context that it was issued for, once.
///
/// @param login_states  the login states
/// @param state, state_len  the parameter `state`, UTF-8
/// @param browser  the browser
/// @param context, context_len  the same as when it was issued
/// @return OPEN for every state that is not accepted: begin the login anew; GUARD_FULL: answer with
///     503; VALUE for what is not UTF-8
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_login_states_accept(
    login_states: *const tenantseal_login_states,
    state: *const u8,
    state_len: usize,
    browser: *const tenantseal_browser,
    context: *const u8,
    context_len: usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let state = bytes(state, state_len)?;
            let context = bytes(context, context_len)?;
            let login_states = get(login_states)?;
            let browser = get(browser)?;
            let state = text(state)?;
            Ok(now(&login_states).accept(state, &browser, context)?)
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param login_states  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_login_states_free(
    login_states: *mut tenantseal_login_states,
) -> tenantseal_status {
    free(login_states)
}

/// Makes a browser that was not seen before.
///
/// @param out_browser  the new handle, for tenantseal_browser_free(); NULL after a failure
/// @return RANDOM
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_browser_generate(
    out_browser: *mut *mut tenantseal_browser,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe { call(Handle(out_browser), || Ok(Browser::generate()?)) }
}

/// Reads the value of a browser's cookie.
///
/// @param value, value_len  the value, UTF-8
/// @param out_browser  the new handle, for tenantseal_browser_free(); NULL after a failure
/// @return OPEN unless it is TENANTSEAL_BROWSER_COOKIE_LEN lowercase hexadecimal digits; VALUE for what
///     is not UTF-8
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_browser_from_cookie(
    value: *const u8,
    value_len: usize,
    out_browser: *mut *mut tenantseal_browser,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_browser), || {
            let value = bytes(value, value_len)?;
            let value = text(value)?;
            Ok(Browser::from_cookie(value)?)
        })
    }
}

/// Writes the value of the browser's cookie. Set it Secure, HttpOnly and SameSite=Lax, under a name that
/// starts with `__Host-`.
///
/// @param browser  the browser
/// @param out, out_cap, out_len  TENANTSEAL_BROWSER_COOKIE_LEN hexadecimal digits
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_browser_to_cookie(
    browser: *const tenantseal_browser,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let browser = get(browser)?;
            Ok(zeroize::Zeroizing::new(browser.to_cookie().into_bytes()))
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param browser  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_browser_free(browser: *mut tenantseal_browser) -> tenantseal_status {
    free(browser)
}

/// The length of the secret that processes share, in bytes.
pub const TENANTSEAL_LOGIN_SECRET_LEN: usize = 32;
/// The length of a state, in bytes.
pub const TENANTSEAL_LOGIN_STATE_LEN: usize = 112;
/// The length of a cookie's value, in bytes.
pub const TENANTSEAL_BROWSER_COOKIE_LEN: usize = 32;

const _: () = assert!(TENANTSEAL_LOGIN_STATE_LEN == LoginStates::STATE_LEN, "the number of the core");

/// TENANTSEAL_LOGIN_SECRET_LEN, for callers that cannot read macros.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_login_secret_len() -> usize {
    TENANTSEAL_LOGIN_SECRET_LEN
}

/// TENANTSEAL_LOGIN_STATE_LEN, for callers that cannot read macros.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_login_state_len() -> usize {
    TENANTSEAL_LOGIN_STATE_LEN
}

/// TENANTSEAL_BROWSER_COOKIE_LEN, for callers that cannot read macros.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_browser_cookie_len() -> usize {
    TENANTSEAL_BROWSER_COOKIE_LEN
}

fn now(states: &RwLock<LoginStates>) -> LoginStates {
    states.read().unwrap_or_else(PoisonError::into_inner).clone()
}

fn set(states: &RwLock<LoginStates>, change: impl FnOnce(LoginStates) -> Result<LoginStates>) -> Result<()> {
    let mut states = states.write().unwrap_or_else(PoisonError::into_inner);
    *states = change(states.clone())?;
    Ok(())
}
