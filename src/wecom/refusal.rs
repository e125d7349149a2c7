//! Why a callback is refused: all of it inside, one answer outside.

use core::fmt;

use super::block::BlockFault;
use crate::error::Error;

/// The reason, in full. It stays inside: [`Refusal::error`] is what a caller sees, [`Diagnosis`] what an operator
/// asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Ambiguous,
    Block(BlockFault),
    BodyFormat,
    BodyLong,
    CiphertextLength,
    Duplicate,
    Echo,
    Encrypt { space: bool },
    Guard(Error),
    InnerTime,
    InnerTimeMissing,
    Missing,
    Nonce,
    Percent,
    QueryLong,
    ReceiveId { found: Box<[u8]> },
    ReplyFailed,
    ReplyForm,
    Signature,
    SignatureForm,
    SignatureMissing { other: bool },
    SignatureWithoutBody,
    Stale,
    Timestamp { milliseconds: bool },
}

impl Refusal {
    /// The opaque error: what can be seen without a key may differ, nothing else does.
    pub(super) fn error(&self) -> Error {
        match self {
            Self::BodyLong | Self::QueryLong => Error::TooLong,
            Self::BodyFormat
            | Self::Duplicate
            | Self::Missing
            | Self::Percent
            | Self::SignatureMissing { .. } => Error::CallbackFormat,
            Self::Guard(error) => *error,
            _ => Error::Callback,
        }
    }

    /// Tencent's code, document/path/90307. It has none for time: a signature that is too old is -40001.
    fn code(&self) -> i32 {
        match self {
            Self::InnerTime
            | Self::InnerTimeMissing
            | Self::Nonce
            | Self::Signature
            | Self::SignatureForm
            | Self::SignatureMissing { .. }
            | Self::SignatureWithoutBody
            | Self::Stale
            | Self::Timestamp { .. } => -40001,
            Self::BodyFormat
            | Self::BodyLong
            | Self::Duplicate
            | Self::Missing
            | Self::Percent
            | Self::QueryLong => -40002,
            Self::Ambiguous => -40004,
            Self::ReceiveId { .. } => -40005,
            Self::ReplyFailed => -40006,
            Self::Block(BlockFault::Padding) | Self::CiphertextLength => -40007,
            Self::Block(BlockFault::Length) | Self::Echo | Self::Guard(_) => -40008,
            Self::Encrypt { .. } => -40010,
            Self::ReplyForm => -40011,
        }
    }

    fn cause(&self) -> &'static str {
        match self {
            Self::Ambiguous => "two of the configured keys open it: is a key configured twice?",
            Self::Block(BlockFault::Length) => {
                "it decrypts, but its length field does not fit: made by a faulty sender, or spliced"
            }
            Self::Block(BlockFault::Padding) => {
                "the token is right and the padding is not: the EncodingAESKey is another app's or an old one"
            }
            Self::BodyFormat => "the body is neither the XML nor the JSON envelope",
            Self::BodyLong => "the body is over 1 MiB",
            Self::CiphertextLength => "the ciphertext is not a multiple of 32 bytes: cut short on its way?",
            Self::Duplicate => "a query parameter is there twice",
            Self::Echo => {
                "the decrypted echo is not 1 to 64 letters, digits, - or _: a message sent to the URL check?"
            }
            Self::Encrypt { space: true } => {
                "the ciphertext has a space where + was: the query was decoded twice; pass it as it came"
            }
            Self::Encrypt { space: false } => "the ciphertext is not canonical base64",
            Self::Guard(_) => "the replay guard refused it",
            Self::InnerTime => "the message's own time is not that of the query: replayed or swapped",
            Self::InnerTimeMissing => {
                "the message states no time, and the binding requires one: JSON in an XML preset?"
            }
            Self::Missing => "timestamp, nonce or echostr is missing from the query",
            Self::Nonce => "the nonce is not 1 to 32 letters, digits, - or _",
            Self::Percent => "the query has a broken percent escape",
            Self::QueryLong => "the query is over 8 KiB",
            Self::ReceiveId { .. } => {
                "it is meant for another receiveid: CorpID, suite id or empty, by kind of app"
            }
            Self::ReplyFailed => "the reply is over 1 MiB, or there is no randomness",
            Self::ReplyForm => {
                "the reply's nonce is not 1 to 32 letters, digits, - or _, or its timestamp not 10 digits"
            }
            Self::Signature => "the signature does not match: wrong token, or another app's URL",
            Self::SignatureForm => "msg_signature is not 40 lowercase hexadecimal digits",
            Self::SignatureMissing { other: false } => {
                "msg_signature is missing from the query (of an Official Account's URL check: signature)"
            }
            Self::SignatureMissing { other: true } => {
                "the query has signature but not msg_signature: the app is not in secure mode"
            }
            Self::SignatureWithoutBody => {
                "the value of signature was passed as msg_signature; it does not cover the body"
            }
            Self::Stale => "the timestamp is outside the window: replayed, or this machine's clock is wrong",
            Self::Timestamp { milliseconds: true } => "the timestamp is in milliseconds; WeCom sends seconds",
            Self::Timestamp { milliseconds: false } => "the timestamp is not 10 digits",
        }
    }
}

/// What was wrong with a callback, for the operator's log and never for the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    code: i32,
    cause: &'static str,
    receive_id: Option<Box<[u8]>>,
}

impl Diagnosis {
    pub(super) fn of(outcome: Result<(), Refusal>) -> Self {
        match outcome {
            Ok(()) => Self { code: 0, cause: "nothing is wrong with it", receive_id: None },
            Err(refusal) => Self {
                code: refusal.code(),
                cause: refusal.cause(),
                receive_id: match refusal {
                    Refusal::ReceiveId { found } => Some(found),
                    _ => None,
                },
            },
        }
    }

    /// Tencent's code: 0, or -40001 to -40011.
    #[must_use]
    pub const fn code(&self) -> i32 {
        self.code
    }

    /// The likely cause, in one sentence that holds nothing of the request.
    #[must_use]
    pub const fn cause(&self) -> &'static str {
        self.cause
    }

    /// With -40005, the first 64 bytes of the receiveid that the message is meant for.
    #[must_use]
    pub fn receive_id(&self) -> Option<&[u8]> {
        self.receive_id.as_deref()
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.cause)
    }
}
