//! What a page needs to call the JS-SDK.

use core::convert::Infallible;

use tenantseal::wecom::js_sdk::JsTicket;

use crate::{
    handle::{Opaque, free, get},
    input::{bytes, text},
    output::{Buffer, Handle, Scalar, call},
    status::tenantseal_status,
};

/// A ticket of WeCom's JS-SDK, which signs addresses of pages. It is secret: the page gets signatures,
/// never the ticket. Share it freely between threads.
#[derive(Debug)]
pub struct tenantseal_js_ticket(Infallible);

impl Opaque for tenantseal_js_ticket {
    const KIND: u8 = 17;
    type Object = JsTicket;
}

/// Takes a `jsapi_ticket`, or the ticket of type `agent_config`, as WeCom's API gives it out.
///
/// @param ticket, ticket_len  the ticket: 1 to 512 letters, digits, - or _
/// @param out_js_ticket  the new handle, for tenantseal_js_ticket_free(); NULL after a failure
/// @return VALUE for another form
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_js_ticket_new(
    ticket: *const u8,
    ticket_len: usize,
    out_js_ticket: *mut *mut tenantseal_js_ticket,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_js_ticket), || {
            let ticket = bytes(ticket, ticket_len)?;
            let ticket = text(ticket)?;
            Ok(JsTicket::new(ticket)?)
        })
    }
}

/// Signs the address of a page, for now and with a nonce of its own: what the page passes to
/// `wx.config` or `wx.agentConfig`. Sign only addresses of your own pages.
///
/// @param js_ticket  the ticket
/// @param url, url_len  the address as the page's `location.href` gives it; what follows the # is left
///     out here
/// @param out_timestamp  `timestamp`, in seconds since 1970; 0 after a failure
/// @param out_nonce, out_nonce_cap, out_nonce_len  `nonceStr`, TENANTSEAL_JS_NONCE_LEN bytes
/// @param out_signature, out_signature_cap, out_signature_len  `signature`,
///     TENANTSEAL_JS_SIGNATURE_LEN bytes
/// @return VALUE unless the address starts with `https://` or `http://` and is printable ASCII without
///     spaces; RANDOM
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_js_ticket_sign(
    js_ticket: *const tenantseal_js_ticket,
    url: *const u8,
    url_len: usize,
    out_timestamp: *mut u64,
    out_nonce: *mut u8,
    out_nonce_cap: usize,
    out_nonce_len: *mut usize,
    out_signature: *mut u8,
    out_signature_cap: usize,
    out_signature_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(
            (
                Scalar(out_timestamp),
                (
                    Buffer::new(out_nonce, out_nonce_cap, out_nonce_len),
                    Buffer::new(out_signature, out_signature_cap, out_signature_len),
                ),
            ),
            || {
                let url = bytes(url, url_len)?;
                let js_ticket = get(js_ticket)?;
                let url = text(url)?;
                let config = js_ticket.sign(url)?;
                let texts = (config.nonce_str().to_owned(), config.signature().to_owned());
                Ok((config.timestamp(), texts))
            },
        )
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param js_ticket  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_js_ticket_free(js_ticket: *mut tenantseal_js_ticket) -> tenantseal_status {
    free(js_ticket)
}

/// The length of a `nonceStr`, in bytes.
pub const TENANTSEAL_JS_NONCE_LEN: usize = 32;
/// The length of a `signature`, in bytes.
pub const TENANTSEAL_JS_SIGNATURE_LEN: usize = 40;

/// TENANTSEAL_JS_NONCE_LEN, for callers that cannot read macros.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_js_nonce_len() -> usize {
    TENANTSEAL_JS_NONCE_LEN
}

/// TENANTSEAL_JS_SIGNATURE_LEN, for callers that cannot read macros.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_js_signature_len() -> usize {
    TENANTSEAL_JS_SIGNATURE_LEN
}
