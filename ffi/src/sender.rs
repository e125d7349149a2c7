//! The other side of the wire, for tests and simulators.

use core::convert::Infallible;

use tenantseal::wecom::sender::Sender;

use crate::{
    handle::{Opaque, free, get},
    input::{bytes, text},
    output::{Buffer, Handle, call},
    status::tenantseal_status,
};

/// Sends as WeCom does, to one callback. A service needs none of it. Share it freely between
/// threads.
#[derive(Debug)]
pub struct tenantseal_sender(Infallible);

impl Opaque for tenantseal_sender {
    const KIND: u8 = 9;
    type Object = Sender;
}

/// Makes a sender.
///
/// @param token, token_len  the token, UTF-8
/// @param encoding_aes_key, encoding_aes_key_len  the EncodingAESKey: 43 letters and digits
/// @param receive_id, receive_id_len  to whom: a CorpID, a suite id, or nothing
/// @param out_sender  the new handle, for tenantseal_sender_free(); NULL after a failure
/// @return CALLBACK_CREDENTIALS; VALUE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_sender_new(
    token: *const u8,
    token_len: usize,
    encoding_aes_key: *const u8,
    encoding_aes_key_len: usize,
    receive_id: *const u8,
    receive_id_len: usize,
    out_sender: *mut *mut tenantseal_sender,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_sender), || {
            let token = bytes(token, token_len)?;
            let encoding_aes_key = bytes(encoding_aes_key, encoding_aes_key_len)?;
            let receive_id = bytes(receive_id, receive_id_len)?;
            let token = text(token)?;
            let encoding_aes_key = text(encoding_aes_key)?;
            let receive_id = text(receive_id)?;
            Ok(Sender::new(token, encoding_aes_key, receive_id)?)
        })
    }
}

/// Writes a message as query string and XML body. The nonce is not checked.
///
/// @param sender  the sender
/// @param plaintext, plaintext_len  the message, 1 MiB at most
/// @param timestamp  seconds since 1970
/// @param nonce, nonce_len  the nonce, UTF-8
/// @param out_query, out_query_cap, out_query_len  the query string, 256 bytes and three for each
///     of the nonce at most
/// @param out_body, out_body_cap, out_body_len  the body: twice the message and 1024 bytes are
///     enough
/// @return TOO_LONG; RANDOM; VALUE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_sender_post(
    sender: *const tenantseal_sender,
    plaintext: *const u8,
    plaintext_len: usize,
    timestamp: u64,
    nonce: *const u8,
    nonce_len: usize,
    out_query: *mut u8,
    out_query_cap: usize,
    out_query_len: *mut usize,
    out_body: *mut u8,
    out_body_cap: usize,
    out_body_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(
            (
                Buffer::new(out_query, out_query_cap, out_query_len),
                Buffer::new(out_body, out_body_cap, out_body_len),
            ),
            || {
                let plaintext = bytes(plaintext, plaintext_len)?;
                let nonce = bytes(nonce, nonce_len)?;
                let sender = get(sender)?;
                let nonce = text(nonce)?;
                Ok(sender.post(plaintext, timestamp, nonce)?)
            },
        )
    }
}

/// Writes a message as query string and the JSON body of an AI bot. The nonce is not checked.
///
/// @param sender  the sender
/// @param plaintext, plaintext_len  the message, 1 MiB at most
/// @param timestamp  seconds since 1970
/// @param nonce, nonce_len  the nonce, UTF-8
/// @param out_query, out_query_cap, out_query_len  the query string, 256 bytes and three for each
///     of the nonce at most
/// @param out_body, out_body_cap, out_body_len  the body: twice the message and 1024 bytes are
///     enough
/// @return TOO_LONG; RANDOM; VALUE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_sender_post_json(
    sender: *const tenantseal_sender,
    plaintext: *const u8,
    plaintext_len: usize,
    timestamp: u64,
    nonce: *const u8,
    nonce_len: usize,
    out_query: *mut u8,
    out_query_cap: usize,
    out_query_len: *mut usize,
    out_body: *mut u8,
    out_body_cap: usize,
    out_body_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(
            (
                Buffer::new(out_query, out_query_cap, out_query_len),
                Buffer::new(out_body, out_body_cap, out_body_len),
            ),
            || {
                let plaintext = bytes(plaintext, plaintext_len)?;
                let nonce = bytes(nonce, nonce_len)?;
                let sender = get(sender)?;
                let nonce = text(nonce)?;
                Ok(sender.post_json(plaintext, timestamp, nonce)?)
            },
        )
    }
}

/// Writes the query string of a URL check. The nonce is not checked.
///
/// @param sender  the sender
/// @param echo, echo_len  the echo, UTF-8
/// @param timestamp  seconds since 1970
/// @param nonce, nonce_len  the nonce, UTF-8
/// @param out_query, out_query_cap, out_query_len  the query string, of another length each time:
///     1024 bytes, and four for each of echo, receiveid and nonce, are enough
/// @return TOO_LONG; RANDOM; VALUE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_sender_get(
    sender: *const tenantseal_sender,
    echo: *const u8,
    echo_len: usize,
    timestamp: u64,
    nonce: *const u8,
    nonce_len: usize,
    out_query: *mut u8,
    out_query_cap: usize,
    out_query_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out_query, out_query_cap, out_query_len), || {
            let echo = bytes(echo, echo_len)?;
            let nonce = bytes(nonce, nonce_len)?;
            let sender = get(sender)?;
            let echo = text(echo)?;
            let nonce = text(nonce)?;
            Ok(sender.get(echo, timestamp, nonce)?)
        })
    }
}

/// Verifies and decrypts a reply's body, XML or JSON.
///
/// @param sender  the sender
/// @param body, body_len  the body, UTF-8
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return CALLBACK_FORMAT; CALLBACK; VALUE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_sender_open_reply(
    sender: *const tenantseal_sender,
    body: *const u8,
    body_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let body = bytes(body, body_len)?;
            let sender = get(sender)?;
            let body = text(body)?;
            Ok(sender.open_reply(body)?)
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param sender  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_sender_free(sender: *mut tenantseal_sender) -> tenantseal_status {
    free(sender)
}
