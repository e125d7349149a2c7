//! Several callbacks behind one URL.

use std::sync::Arc;

use tenantseal::wecom::Callback;

use crate::{
    callback::{Settable, tenantseal_callback},
    event::tenantseal_event,
    handle::get,
    input::{array, bytes, text},
    output::{Buffer, Handle, Scalar, call},
    status::{Result, tenantseal_status},
};

/// Verifies, decrypts and recognises a message for which exactly one of several callbacks may be meant:
/// as tenantseal_callback_open(). Choose the candidates by the path; each costs a hash of the body.
///
/// @param callbacks  `count` callbacks
/// @param count  how many there are: eight at most, with at most 16 pairs together
/// @param query, query_len  the query string as it came, without the `?`, not decoded
/// @param body, body_len  the request's body as it came
/// @param out_place  which of them opened it, counted from 0; 0 after a failure
/// @param out_event  the new handle, for tenantseal_event_free(); NULL after a failure
/// @return as tenantseal_callback_open(), CALLBACK also if none or more than one opens it; VALUE also
///     for too many
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_callback_open_one_of(
    callbacks: *const *const tenantseal_callback,
    count: usize,
    query: *const u8,
    query_len: usize,
    body: *const u8,
    body_len: usize,
    out_place: *mut usize,
    out_event: *mut *mut tenantseal_event,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((Scalar(out_place), Handle(out_event)), || {
            let callbacks = array(callbacks, count)?;
            let query = bytes(query, query_len)?;
            let body = bytes(body, body_len)?;
            let callbacks = all(callbacks)?;
            let query = text(query)?;
            Ok(Callback::open_one_of(&callbacks.iter().collect::<Vec<_>>(), query, body)?)
        })
    }
}

/// Verifies and decrypts the echo of a URL check for which exactly one of several callbacks may be
/// meant: as tenantseal_callback_verify_url().
///
/// @param callbacks  `count` callbacks
/// @param count  how many there are: eight at most, with at most 16 pairs together
/// @param query, query_len  the query string as it came, without the `?`, not decoded
/// @param out_place  which of them opened it, counted from 0; 0 after a failure
/// @param out, out_cap, out_len  the echo, TENANTSEAL_ECHO_MAX_LEN bytes at most
/// @return as tenantseal_callback_verify_url(), CALLBACK also if none or more than one opens it; VALUE
///     also for too many
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_callback_verify_url_one_of(
    callbacks: *const *const tenantseal_callback,
    count: usize,
    query: *const u8,
    query_len: usize,
    out_place: *mut usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((Scalar(out_place), Buffer::new(out, out_cap, out_len)), || {
            let callbacks = array(callbacks, count)?;
            let query = bytes(query, query_len)?;
            let callbacks = all(callbacks)?;
            let query = text(query)?;
            Ok(Callback::verify_url_one_of(&callbacks.iter().collect::<Vec<_>>(), query)?)
        })
    }
}

/// The callbacks of handles that need not be aligned.
fn all(handles: &[u8]) -> Result<Vec<Callback>> {
    let (handles, _) = handles.as_chunks::<{ size_of::<usize>() }>();
    let callback = |handle: &[u8; size_of::<usize>()]| {
        let handle = core::ptr::without_provenance::<tenantseal_callback>(usize::from_ne_bytes(*handle));
        get(handle).map(|callback: Arc<Settable>| callback.now())
    };
    handles.iter().map(callback).collect()
}
