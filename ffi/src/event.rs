//! Messages of WeCom that were opened.

use core::convert::Infallible;

use tenantseal::wecom::{Claim, Event, Reply};
use zeroize::Zeroizing;

use crate::{
    handle::{Opaque, free, get},
    input::{bytes, text},
    output::{Buffer, Scalar, call},
    status::{Failure, Result, tenantseal_status},
};

/// A message from WeCom: authentic, of its time, for this receiver, and claimed by this worker if
/// it is new. Share it freely between threads. The message is wiped when the handle is released.
#[derive(Debug)]
pub struct tenantseal_event(Infallible);

impl Opaque for tenantseal_event {
    const KIND: u8 = 8;
    type Object = Event;
}

/// Writes the decrypted message as it was sent: XML, JSON, or whatever it is.
///
/// @param event  the event
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_event_message(
    event: *const tenantseal_event,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let event = get(event)?;
            Ok(Zeroizing::new(event.message().to_vec()))
        })
    }
}

/// Writes the text of a child of the message: an XML element below the root, or a JSON key, the
/// first of that name.
///
/// @param event  the event
/// @param name, name_len  the exact name
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return ABSENT if there is none; CALLBACK_FORMAT if the message is neither XML nor JSON; VALUE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_event_child(
    event: *const tenantseal_event,
    name: *const u8,
    name_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let name = bytes(name, name_len)?;
            let event = get(event)?;
            let name = text(name)?;
            let inner = event.inner()?;
            let child = inner.get(name).ok_or(Failure::Absent)?;
            Ok(Zeroizing::new(child.as_bytes().to_vec()))
        })
    }
}

/// Writes the text of a child of a nested element: of an XML element below the root, or of a JSON
/// object, the first of either name that has children.
///
/// @param event  the event
/// @param element, element_len  the exact name of the element
/// @param name, name_len  the exact name of its child
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return ABSENT if the element has no such child; CALLBACK_FORMAT if there is no such element, if it
///     is text or an array, or if the message is neither XML nor JSON; VALUE
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_event_nested_child(
    event: *const tenantseal_event,
    element: *const u8,
    element_len: usize,
    name: *const u8,
    name_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let element = bytes(element, element_len)?;
            let name = bytes(name, name_len)?;
            let event = get(event)?;
            let element = text(element)?;
            let name = text(name)?;
            let inner = event.inner()?;
            let nested = inner.nested(element)?;
            let child = nested.get(name).ok_or(Failure::Absent)?;
            Ok(Zeroizing::new(child.as_bytes().to_vec()))
        })
    }
}

/// Writes whom the message is for: the receiveid that was accepted.
///
/// @param event  the event
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_event_receive_id(
    event: *const tenantseal_event,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let event = get(event)?;
            Ok(event.receive_id().to_vec())
        })
    }
}

/// Gives the timestamp of the request.
///
/// @param event  the event
/// @param out_seconds  since 1970-01-01T00:00:00Z; 0 after a failure
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_event_timestamp(
    event: *const tenantseal_event,
    out_seconds: *mut u64,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_seconds), || {
            let event = get(event)?;
            Ok(event.timestamp())
        })
    }
}

/// Tells who holds the event, as of when it was opened.
///
/// @param event  the event
/// @param out_claim  a TENANTSEAL_CLAIM_*: act on FRESH alone; 0 after a failure
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_event_claim(
    event: *const tenantseal_event,
    out_claim: *mut i32,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Scalar(out_claim), || {
            let event = get(event)?;
            Ok(match event.claim() {
                Claim::Done => TENANTSEAL_CLAIM_DONE,
                Claim::Fresh => TENANTSEAL_CLAIM_FRESH,
                Claim::InProgress => TENANTSEAL_CLAIM_IN_PROGRESS,
            })
        })
    }
}

/// Writes the body of an answer of 200 that says nothing: `success` where the product wants to read
/// that, else nothing.
///
/// @param event  the event
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_event_acknowledgement(
    event: *const tenantseal_event,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let event = get(event)?;
            Ok(event.acknowledgement().to_owned())
        })
    }
}

/// Settles the event: it will not be fresh again. Call it after its effects are safe, best in the
/// same transaction.
///
/// @param event  the event
/// @return CLAIM_EXPIRED if the lease ran out or it was never this worker's: take the effects back
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_event_done(event: *const tenantseal_event) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call((), || {
            let event = get(event)?;
            Ok(event.done()?)
        })
    }
}

/// Encrypts a passive reply, to be sent as the response's body. It is remembered, so that it is
/// refused if somebody sends it back as a request.
///
/// @param event  the event
/// @param plaintext, plaintext_len  the reply, 1 MiB at most
/// @param format  a TENANTSEAL_REPLY_*: SAME as the request, or one of the two
/// @param out, out_cap, out_len  the body; the capacity must be tenantseal_event_reply_len() at
///     least, or nothing is encrypted or remembered
/// @return ARGUMENT for a number that is no format; TOO_LONG; RANDOM; GUARD_FULL: do not send it
///     then
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_event_reply(
    event: *const tenantseal_event,
    plaintext: *const u8,
    plaintext_len: usize,
    format: i32,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    let room = tenantseal_event_reply_len(plaintext_len);
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::with_room(out, out_cap, out_len, room), || {
            let plaintext = bytes(plaintext, plaintext_len)?;
            let event = get(event)?;
            check_format(format)?;
            // Before anything is remembered: a second call would not be the first one again.
            if out_cap < room {
                return Err(Failure::BufferTooSmall);
            }
            body_of(&event.reply(plaintext)?, format)
        })
    }
}

/// Encrypts a passive reply in the format of the request, as tenantseal_event_reply(), and writes the
/// media type that the response has then.
///
/// @param event  the event
/// @param plaintext, plaintext_len  the reply, 1 MiB at most
/// @param out, out_cap, out_len  the body; the capacity must be tenantseal_event_reply_len() at
///     least, or nothing is encrypted or remembered
/// @param out_type, out_type_cap, out_type_len  the value of Content-Type; the capacity must be
///     TENANTSEAL_CONTENT_TYPE_MAX_LEN at least, or nothing is encrypted or remembered
/// @return TOO_LONG; RANDOM; GUARD_FULL: do not send it then
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_event_reply_with_type(
    event: *const tenantseal_event,
    plaintext: *const u8,
    plaintext_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
    out_type: *mut u8,
    out_type_cap: usize,
    out_type_len: *mut usize,
) -> tenantseal_status {
    let room = tenantseal_event_reply_len(plaintext_len);
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(
            (
                Buffer::with_room(out, out_cap, out_len, room),
                Buffer::with_room(out_type, out_type_cap, out_type_len, TENANTSEAL_CONTENT_TYPE_MAX_LEN),
            ),
            || {
                let plaintext = bytes(plaintext, plaintext_len)?;
                let event = get(event)?;
                // Before anything is remembered: a second call would not be the first one again.
                if out_cap < room || out_type_cap < TENANTSEAL_CONTENT_TYPE_MAX_LEN {
                    return Err(Failure::BufferTooSmall);
                }
                let reply = event.reply(plaintext)?;
                Ok((reply.to_body(), reply.content_type().to_owned()))
            },
        )
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param event  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_event_free(event: *mut tenantseal_event) -> tenantseal_status {
    free(event)
}

/// It was settled before. Answer 200.
pub const TENANTSEAL_CLAIM_DONE: i32 = 1;
/// This worker holds it for the length of the lease: act on it, then call tenantseal_event_done().
pub const TENANTSEAL_CLAIM_FRESH: i32 = 2;
/// Another worker holds it. Answer 503; the sender comes back.
pub const TENANTSEAL_CLAIM_IN_PROGRESS: i32 = 3;

/// A reply in the format that the request came in.
pub const TENANTSEAL_REPLY_SAME: i32 = 1;
/// A reply in XML.
pub const TENANTSEAL_REPLY_XML: i32 = 2;
/// A reply in JSON, as an AI bot's is.
pub const TENANTSEAL_REPLY_JSON: i32 = 3;

/// The longest media type of a reply, in bytes.
pub const TENANTSEAL_CONTENT_TYPE_MAX_LEN: usize = 32;

/// TENANTSEAL_CONTENT_TYPE_MAX_LEN, for callers that cannot read macros.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_content_type_max_len() -> usize {
    TENANTSEAL_CONTENT_TYPE_MAX_LEN
}

/// The room that a reply needs, in bytes, whatever its format; 0 if it would not fit in size_t.
///
/// @param plaintext_len  the length of the reply
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_event_reply_len(plaintext_len: usize) -> usize {
    // 16 random bytes, 4 of length, a receiveid of 256 at most and 32 of padding, as base64; and what stands around it.
    let encrypted = plaintext_len.checked_add(16 + 4 + 256 + 32).and_then(|len| (len / 3 + 1).checked_mul(4));
    encrypted.and_then(|len| len.checked_add(AROUND_REPLY)).unwrap_or(0)
}

/// More than the XML or JSON around a ciphertext: 40 digits of signature, 20 of time, a nonce of
/// 32, and the names.
const AROUND_REPLY: usize = 384;

/// Before anything is encrypted or remembered.
pub(crate) fn check_format(format: i32) -> Result<()> {
    let known = [TENANTSEAL_REPLY_SAME, TENANTSEAL_REPLY_XML, TENANTSEAL_REPLY_JSON].contains(&format);
    if known { Ok(()) } else { Err(Failure::Argument) }
}

pub(crate) fn body_of(reply: &Reply, format: i32) -> Result<String> {
    match format {
        TENANTSEAL_REPLY_SAME => Ok(reply.to_body()),
        TENANTSEAL_REPLY_XML => Ok(reply.to_xml()),
        TENANTSEAL_REPLY_JSON => Ok(reply.to_json()),
        _ => Err(Failure::Argument),
    }
}
