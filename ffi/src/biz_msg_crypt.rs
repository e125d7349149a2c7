//! The three calls of Tencent's `WXBizMsgCrypt`, for drop-in classes of other languages.

use core::convert::Infallible;

use tenantseal::wecom::BizMsgCrypt;

use crate::{
    event::{body_of, check_format},
    handle::{Opaque, free, get},
    input::{bytes, text},
    output::{Buffer, Handle, call},
    status::tenantseal_status,
};

/// Verifies, decrypts and encrypts as Tencent's samples do. Times meet no clock and nothing is
/// remembered: a recorded request is accepted again. New code uses tenantseal_callback. Share it
/// freely between threads.
#[derive(Debug)]
pub struct tenantseal_biz_msg_crypt(Infallible);

impl Opaque for tenantseal_biz_msg_crypt {
    const KIND: u8 = 10;
    type Object = BizMsgCrypt;
}

/// Takes a callback's credentials.
///
/// @param token, token_len  the token, UTF-8
/// @param encoding_aes_key, encoding_aes_key_len  the EncodingAESKey: 43 letters and digits
/// @param receive_id, receive_id_len  which receiveid every message must have; nothing for an AI
///     bot
/// @param out_crypt  the new handle, for tenantseal_biz_msg_crypt_free(); NULL after a failure
/// @return CALLBACK_CREDENTIALS; VALUE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_biz_msg_crypt_new(
    token: *const u8,
    token_len: usize,
    encoding_aes_key: *const u8,
    encoding_aes_key_len: usize,
    receive_id: *const u8,
    receive_id_len: usize,
    out_crypt: *mut *mut tenantseal_biz_msg_crypt,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_crypt), || {
            let token = bytes(token, token_len)?;
            let encoding_aes_key = bytes(encoding_aes_key, encoding_aes_key_len)?;
            let receive_id = bytes(receive_id, receive_id_len)?;
            let token = text(token)?;
            let encoding_aes_key = text(encoding_aes_key)?;
            let receive_id = text(receive_id)?;
            Ok(BizMsgCrypt::new(token, encoding_aes_key, receive_id)?)
        })
    }
}

/// `VerifyURL`: writes the echo to answer the console with. Parameters are split and decoded.
///
/// @param crypt  the biz msg crypt
/// @param msg_signature, msg_signature_len  the parameter of that name
/// @param timestamp, timestamp_len  the parameter of that name
/// @param nonce, nonce_len  the parameter of that name
/// @param echostr, echostr_len  the parameter of that name
/// @param out, out_cap, out_len  the echo, TENANTSEAL_ECHO_MAX_LEN bytes at most
/// @return 0; Tencent's code, -40001 to -40010, for your log and never for the peer; or a
///     TENANTSEAL_ERROR_*
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_biz_msg_crypt_verify_url(
    crypt: *const tenantseal_biz_msg_crypt,
    msg_signature: *const u8,
    msg_signature_len: usize,
    timestamp: *const u8,
    timestamp_len: usize,
    nonce: *const u8,
    nonce_len: usize,
    echostr: *const u8,
    echostr_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let msg_signature = bytes(msg_signature, msg_signature_len)?;
            let timestamp = bytes(timestamp, timestamp_len)?;
            let nonce = bytes(nonce, nonce_len)?;
            let echostr = bytes(echostr, echostr_len)?;
            let crypt = get(crypt)?;
            Ok(crypt.verify_url(msg_signature, timestamp, nonce, echostr)?)
        })
    }
}

/// `DecryptMsg`: writes the message. Parameters are split and decoded.
///
/// @param crypt  the biz msg crypt
/// @param body, body_len  the request's body, XML or JSON
/// @param msg_signature, msg_signature_len  the parameter of that name
/// @param timestamp, timestamp_len  the parameter of that name
/// @param nonce, nonce_len  the parameter of that name
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return 0; Tencent's code, -40001 to -40010, for your log and never for the peer; or a
///     TENANTSEAL_ERROR_*
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_biz_msg_crypt_decrypt_msg(
    crypt: *const tenantseal_biz_msg_crypt,
    body: *const u8,
    body_len: usize,
    msg_signature: *const u8,
    msg_signature_len: usize,
    timestamp: *const u8,
    timestamp_len: usize,
    nonce: *const u8,
    nonce_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let body = bytes(body, body_len)?;
            let msg_signature = bytes(msg_signature, msg_signature_len)?;
            let timestamp = bytes(timestamp, timestamp_len)?;
            let nonce = bytes(nonce, nonce_len)?;
            let crypt = get(crypt)?;
            Ok(crypt.decrypt_msg(body, msg_signature, timestamp, nonce)?)
        })
    }
}

/// `EncryptMsg`: writes a reply.
///
/// @param crypt  the biz msg crypt
/// @param reply, reply_len  the reply, 1 MiB at most
/// @param nonce, nonce_len  1 to 32 letters, digits, - or _
/// @param timestamp, timestamp_len  10 digits; NULL and 0 for now
/// @param format  TENANTSEAL_REPLY_XML or TENANTSEAL_REPLY_JSON
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return 0; -40006 for a reply that is too long; -40011 for another nonce or timestamp; or a
///     TENANTSEAL_ERROR_*
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_biz_msg_crypt_encrypt_msg(
    crypt: *const tenantseal_biz_msg_crypt,
    reply: *const u8,
    reply_len: usize,
    nonce: *const u8,
    nonce_len: usize,
    timestamp: *const u8,
    timestamp_len: usize,
    format: i32,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let reply = bytes(reply, reply_len)?;
            let nonce = bytes(nonce, nonce_len)?;
            let timestamp = bytes(timestamp, timestamp_len)?;
            let crypt = get(crypt)?;
            let nonce = text(nonce)?;
            let timestamp = text(timestamp)?;
            check_format(format)?;
            let timestamp = Some(timestamp).filter(|timestamp| !timestamp.is_empty());
            body_of(&crypt.encrypt_msg(reply, nonce, timestamp)?, format)
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param biz_msg_crypt  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_biz_msg_crypt_free(
    biz_msg_crypt: *mut tenantseal_biz_msg_crypt,
) -> tenantseal_status {
    free(biz_msg_crypt)
}
