//! A passive reply: the answer that goes back in the response's body.

use super::{
    block::{RANDOM_LEN, encrypt},
    credentials::Pair,
    envelope::Format,
    event::Opened,
    guard::{Departure, retention},
    query::other_reading,
    settings::{Product, Settings},
    signature::{Signature, sign},
};
use crate::{
    encoding::hex_encode,
    error::Error,
    primitive::rng::{Os, RandomSource as _},
};

/// An encrypted and signed reply. Nothing in it is secret.
///
/// A reply has a nonce of its own; one to an AI bot's JSON has the request's, as the bot requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub(super) encrypt: String,
    format: Format,
    pub(super) nonce: String,
    product: Product,
    pub(super) signature: String,
    pub(super) timestamp: String,
}

impl Reply {
    pub(super) fn seal(settings: &Settings, opened: &Opened, plaintext: &[u8]) -> Result<Self, Error> {
        let mut random = [0; RANDOM_LEN + NONCE_LEN];
        Os.fill(&mut random)?;
        let (block_random, nonce) = random.split_first_chunk().expect("the block's share is the first");
        let nonce = match &opened.reply_nonce {
            Some(nonce) => nonce.to_string(),
            None => ["n", &hex_encode(nonce), "n"].concat(),
        };
        let now = settings.now();
        let timestamp = now.as_secs().to_string();
        let receive_id = opened.block.receive_id();
        let pair = settings.pairs.get(opened.pair).ok_or(Error::CallbackCredentials)?;
        let (reply, signature) = Self::encrypted(
            pair,
            block_random,
            plaintext,
            receive_id,
            Heading { format: opened.format, nonce, product: settings.product, timestamp },
        )?;
        if let Some(registered) = &settings.guard {
            let other = other_reading(reply.timestamp.as_bytes(), reply.nonce.as_bytes());
            // A window more than a request's: the clock that reads it may be behind this one.
            let (until, _) = retention(now.as_secs(), other, settings.window.saturating_mul(2));
            let callback_id = &*registered.callback_id;
            registered.guard.replied(&Departure { callback_id, signature, until, now })?;
        }
        Ok(reply)
    }

    /// Encrypts and signs; no guard is told.
    pub(super) fn encrypted(
        pair: &Pair,
        random: &[u8; RANDOM_LEN],
        plaintext: &[u8],
        receive_id: &[u8],
        heading: Heading,
    ) -> Result<(Self, Signature), Error> {
        let Heading { format, nonce, product, timestamp } = heading;
        let encrypt = encrypt(pair, random, plaintext, receive_id)?;
        let signature = sign(pair, timestamp.as_bytes(), nonce.as_bytes(), encrypt.as_bytes());
        Ok((
            Self { encrypt, format, nonce, product, signature: hex_encode(&signature), timestamp },
            signature,
        ))
    }

    /// The body in the format that the request came in.
    #[must_use]
    pub fn to_body(&self) -> String {
        match self.format {
            Format::Json => self.to_json(),
            Format::Xml => self.to_xml(),
        }
    }

    /// The media type of [`Reply::to_body`].
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        match self.format {
            Format::Json => "application/json",
            Format::Xml => "application/xml",
        }
    }

    /// The XML body, laid out as Tencent's samples are.
    #[must_use]
    pub fn to_xml(&self) -> String {
        // No value can break out of its place: base64, hexadecimal, digits, and [A-Za-z0-9_-].
        let Self { encrypt, nonce, signature, timestamp, .. } = self;
        [
            "<xml>\n<Encrypt><![CDATA[",
            encrypt,
            "]]></Encrypt>\n<MsgSignature><![CDATA[",
            signature,
            "]]></MsgSignature>\n<TimeStamp>",
            timestamp,
            "</TimeStamp>\n<Nonce><![CDATA[",
            nonce,
            "]]></Nonce>\n</xml>",
        ]
        .concat()
    }

    /// The JSON body of an AI bot, document/path/101033, or of an Official Account.
    #[must_use]
    pub fn to_json(&self) -> String {
        let Self { encrypt, nonce, product, signature, timestamp, .. } = self;
        match product {
            Product::OfficialAccount => format!(
                "{{\"Encrypt\":\"{encrypt}\",\"MsgSignature\":\"{signature}\",\
                 \"TimeStamp\":{timestamp},\"Nonce\":\"{nonce}\"}}"
            ),
            Product::WeCom => format!(
                "{{\"encrypt\":\"{encrypt}\",\"msgsignature\":\"{signature}\",\
                 \"timestamp\":{timestamp},\"nonce\":\"{nonce}\"}}"
            ),
        }
    }
}

/// What of a reply is not encrypted.
pub(super) struct Heading {
    pub(super) format: Format,
    pub(super) nonce: String,
    pub(super) product: Product,
    pub(super) timestamp: String,
}

/// The random bytes of a nonce of our own. It starts and ends with a letter, so that no digits of it can be read as
/// the timestamp's.
const NONCE_LEN: usize = 8;
