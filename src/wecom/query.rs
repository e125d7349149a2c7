//! What a query string says, and whether it keeps to the grammars that make its signature unambiguous.

use std::{borrow::Cow, sync::Arc};

use memchr::memchr;

use super::{
    block::BLOCK_LEN,
    credentials::Pair,
    refusal::Refusal,
    signature::{SIGNATURE_LEN, Signature, sign_without_body},
};
use crate::encoding::{ct_eq, hex_decode};

/// The parameters of one callback, percent-decoded once.
#[derive(Debug)]
pub(super) struct Query<'a> {
    echostr: Option<Cow<'a, [u8]>>,
    msg_signature: Option<Cow<'a, [u8]>>,
    nonce: Cow<'a, [u8]>,
    /// The signature that covers no body.
    signature: Option<Cow<'a, [u8]>>,
    timestamp: Cow<'a, [u8]>,
}

impl<'a> Query<'a> {
    /// Splits a raw query string. Parameters that are not ours are skipped; ours may be there once.
    ///
    /// A `+` stays a `+`: none of our parameters can hold a space, and base64 needs it.
    pub(super) fn parse(raw: &'a str) -> Result<Self, Refusal> {
        if raw.len() > MAX_QUERY {
            return Err(Refusal::QueryLong);
        }
        let (mut echostr, mut msg_signature, mut nonce) = (None, None, None);
        let (mut signature, mut timestamp) = (None, None);
        let escaped = raw.contains('%');
        let decode = |text| if escaped { decode(text) } else { Ok(Cow::Borrowed(text)) };
        let mut rest = Some(raw.as_bytes());
        while let Some(here) = rest {
            let (parameter, after) = cut(here, b'&');
            rest = after;
            let (name, value) = cut(parameter, b'=');
            let slot = match &*decode(name)? {
                b"echostr" => &mut echostr,
                b"msg_signature" => &mut msg_signature,
                b"nonce" => &mut nonce,
                b"signature" => &mut signature,
                b"timestamp" => &mut timestamp,
                _ => continue,
            };
            let value = decode(value.unwrap_or_default())?;
            if slot.replace(value).is_some() {
                return Err(Refusal::Duplicate);
            }
        }
        Ok(Self {
            echostr,
            msg_signature,
            nonce: nonce.ok_or(Refusal::Missing)?,
            signature,
            timestamp: timestamp.ok_or(Refusal::Missing)?,
        })
    }

    /// Takes parameters that a framework has split and decoded.
    pub(super) fn decoded(
        msg_signature: &'a [u8],
        timestamp: &'a [u8],
        nonce: &'a [u8],
    ) -> Result<Self, Refusal> {
        if msg_signature.len().saturating_add(timestamp.len()).saturating_add(nonce.len()) > MAX_QUERY {
            return Err(Refusal::QueryLong);
        }
        Ok(Self {
            echostr: None,
            msg_signature: Some(Cow::Borrowed(msg_signature)),
            nonce: Cow::Borrowed(nonce),
            signature: None,
            timestamp: Cow::Borrowed(timestamp),
        })
    }

    /// Whether `msg_signature` has the value that belongs into `signature`.
    pub(super) fn is_misplaced(&self, pair: &Pair) -> bool {
        self.msg_signature.as_ref().is_some_and(|signature| self.is_without_body(pair, signature))
    }

    /// The time of a URL check in clear, whose `signature` one of the pairs made.
    pub(super) fn clear_check(&self, pairs: &[Arc<Pair>]) -> Result<u64, Refusal> {
        let seconds = self.words()?;
        let signature = self.signature.as_ref().ok_or(Refusal::SignatureMissing { other: false })?;
        let verified = pairs.iter().fold(false, |known, pair| known | self.is_without_body(pair, signature));
        if verified { Ok(seconds) } else { Err(Refusal::Signature) }
    }

    fn is_without_body(&self, pair: &Pair, signature: &[u8]) -> bool {
        let expected = sign_without_body(pair, &self.timestamp, &self.nonce);
        hex_decode::<SIGNATURE_LEN>(signature).is_some_and(|found| ct_eq(&found, &expected))
    }

    pub(super) fn echostr(&self) -> Option<&[u8]> {
        self.echostr.as_deref()
    }

    /// Checks every grammar, and decodes. Nothing has been hashed before this.
    pub(super) fn request<'b>(&'b self, encrypt: &'b [u8]) -> Result<Request<'b>, Refusal> {
        let msg_signature = self.msg_signature.as_ref();
        let msg_signature =
            msg_signature.ok_or(Refusal::SignatureMissing { other: self.signature.is_some() })?;
        let seconds = self.words()?;
        let signature = hex_decode(msg_signature).ok_or(Refusal::SignatureForm)?;
        let ciphertext = base64_simd::STANDARD
            .decode_to_vec(encrypt)
            .ok()
            .filter(|bytes| !bytes.is_empty())
            .ok_or_else(|| Refusal::Encrypt { space: encrypt.contains(&b' ') })?;
        if ciphertext.len() % BLOCK_LEN != 0 {
            return Err(Refusal::CiphertextLength);
        }
        Ok(Request {
            ciphertext,
            encrypt,
            nonce: &self.nonce,
            seconds,
            signature,
            timestamp: &self.timestamp,
        })
    }

    /// The timestamp, if it and the nonce keep to their grammars.
    fn words(&self) -> Result<u64, Refusal> {
        let seconds = seconds(&self.timestamp).ok_or_else(|| Refusal::Timestamp {
            milliseconds: self.timestamp.len() == 13 && self.timestamp.iter().all(u8::is_ascii_digit),
        })?;
        if is_word(&self.nonce, MAX_NONCE) { Ok(seconds) } else { Err(Refusal::Nonce) }
    }
}

/// A request whose parts all keep to their grammar.
///
/// The signature has no separators: only because the timestamp has one length, the nonce is shorter than any
/// ciphertext that could move into it, and the ciphertext is canonical base64 of a multiple of 32 bytes, the signed
/// text reads in few other ways. Digits move between timestamp and nonce ([`other_reading`]): the inner time and the
/// guard take care of those. And an unpadded ciphertext slides against the two, its length and theirs the same: by at
/// most 42 characters, where only 64 are whole AES blocks, so that the block's own form refuses what comes out.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) ciphertext: Vec<u8>,
    pub(super) encrypt: &'a [u8],
    pub(super) nonce: &'a [u8],
    pub(super) seconds: u64,
    pub(super) signature: Signature,
    pub(super) timestamp: &'a [u8],
}

impl Request<'_> {
    /// The latest other time that the signed text can be read as.
    pub(super) fn other_reading(&self) -> Option<u64> {
        other_reading(self.timestamp, self.nonce)
    }
}

/// The latest time, other than the timestamp, at which a signature over this timestamp and nonce can come again.
///
/// Where the two are neighbours in the sorted text nothing stands between them: `timestamp || nonce` may be read
/// with its last 10 digits as the timestamp, and `nonce || timestamp` with its first 10, whatever the nonce's length.
/// A nonce of 10 digits that changes places with the timestamp is one case of it.
pub(super) fn other_reading(timestamp: &[u8], nonce: &[u8]) -> Option<u64> {
    let last = [timestamp, nonce].concat();
    let first = [nonce, timestamp].concat();
    let last = last.last_chunk::<TIMESTAMP_LEN>().and_then(|digits| seconds(digits));
    let first = first.first_chunk::<TIMESTAMP_LEN>().and_then(|digits| seconds(digits));
    last.max(first)
}

/// Seconds since 1970: exactly 10 digits.
pub(super) fn seconds(text: &[u8]) -> Option<u64> {
    let digits: &[u8; TIMESTAMP_LEN] = text.try_into().ok()?;
    digits
        .iter()
        .try_fold(0u64, |value, digit| digit.is_ascii_digit().then(|| value * 10 + u64::from(digit - b'0')))
}

/// Whether a text is 1 to `max` of `[A-Za-z0-9_-]`.
pub(super) fn is_word(text: &[u8], max: usize) -> bool {
    (1..=max).contains(&text.len())
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// What is before the first `at`, and what is after it.
fn cut(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match memchr(at, text).and_then(|index| text.split_at_checked(index)) {
        Some((before, after)) => (before, after.split_first().map(|(_, after)| after)),
        None => (text, None),
    }
}

/// Percent-decodes, once.
fn decode(text: &[u8]) -> Result<Cow<'_, [u8]>, Refusal> {
    if !text.contains(&b'%') {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        let byte = match byte {
            b'%' => {
                let digits = rest.next().and_then(hex).zip(rest.next().and_then(hex));
                let (high, low) = digits.ok_or(Refusal::Percent)?;
                high << 4 | low
            }
            byte => *byte,
        };
        out.push(byte);
    }
    Ok(Cow::Owned(out))
}

fn hex(digit: &u8) -> Option<u8> {
    char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// The longest query string, in bytes.
pub(super) const MAX_QUERY: usize = 8 * 1024;

/// The length of a timestamp, in digits.
const TIMESTAMP_LEN: usize = 10;

/// The longest nonce, in characters. Shorter than the 40 that a ciphertext can lose at least.
pub(super) const MAX_NONCE: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: &str = "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3";

    fn request(timestamp: &str, nonce: &str, signature: &str, encrypt: &str) -> Result<(), Refusal> {
        let raw = format!("msg_signature={signature}&timestamp={timestamp}&nonce={nonce}");
        Query::parse(&raw)?.request(encrypt.as_bytes()).map(drop)
    }

    fn block() -> String {
        base64_simd::STANDARD.encode_to_string([0xfb; 32])
    }

    #[test]
    fn a_parameter_is_decoded_once_and_plus_stays() {
        let query =
            Query::parse("msg%5Fsignature=a&timestamp=b&nonce=c&echostr=%2B+%252B&x=%zz&y&=&&").unwrap();
        assert_eq!(query.echostr(), Some(&b"++%2B"[..]));
        assert_eq!(query.msg_signature.as_deref(), Some(&b"a"[..]));
    }

    #[test]
    fn every_other_reading_of_timestamp_and_nonce_is_known() {
        let reading = |timestamp: &str, nonce: &str| other_reading(timestamp.as_bytes(), nonce.as_bytes());
        // Against every way to cut the joined text, in both orders, at nonces of 1 to 32 digits.
        for len in 1..=32usize {
            for (timestamp, digit) in [("1795491621", '8'), ("1000000001", '1'), ("9999999999", '9')] {
                let nonce: String = (0..len).map(|at| if at % 3 == 0 { digit } else { '1' }).collect();
                let mut latest = None;
                for joined in [format!("{timestamp}{nonce}"), format!("{nonce}{timestamp}")] {
                    for cut in [&joined[..10], &joined[joined.len() - 10..]] {
                        latest = latest.max(seconds(cut.as_bytes()));
                    }
                }
                let known = reading(timestamp, &nonce).max(seconds(timestamp.as_bytes()));
                assert_eq!(known, latest, "{timestamp} {nonce}");
            }
        }
        assert_eq!(reading("1795491621", "899999999"), Some(8_999_999_991));
        assert_eq!(reading("1795491627", "51899999999"), Some(5_189_999_999));
        // A nonce that starts and ends with a letter has no other reading.
        assert_eq!(reading("1795491621", "a1234567890123f"), None);
    }

    #[test]
    fn a_query_that_cannot_be_split_is_refused() {
        let base = "msg_signature=a&timestamp=b&nonce=c";
        for again in
            ["msg_signature=a", "signature=a&signature=a", "timestamp=b", "nonce=c", "nonce", "n%6fnce=d"]
        {
            assert_eq!(Query::parse(&format!("{base}&{again}")).unwrap_err(), Refusal::Duplicate, "{again}");
        }
        for bad in ["echostr=%", "echostr=%2", "echostr=%g0", "echostr=%+1", "%zz=1"] {
            assert_eq!(Query::parse(&format!("{base}&{bad}")).unwrap_err(), Refusal::Percent, "{bad}");
        }
        let missing = |raw: &str| Query::parse(raw).unwrap().request(b"A").unwrap_err();
        assert_eq!(missing("timestamp=b&nonce=c"), Refusal::SignatureMissing { other: false });
        assert_eq!(missing("signature=a&timestamp=b&nonce=c"), Refusal::SignatureMissing { other: true });
        assert_eq!(Query::parse("").unwrap_err(), Refusal::Missing);
        assert_eq!(Query::parse("msg_signature=a&nonce=c").unwrap_err(), Refusal::Missing);
        assert_eq!(Query::parse("msg_signature=a&timestamp=c").unwrap_err(), Refusal::Missing);
        let fill = |len: usize| format!("{base}&x={}", "y".repeat(len - base.len() - 3));
        assert!(Query::parse(&fill(MAX_QUERY)).is_ok());
        assert_eq!(Query::parse(&fill(MAX_QUERY + 1)).unwrap_err(), Refusal::QueryLong);
    }

    #[test]
    fn grammars_hold_at_their_edges() {
        let nonce = "aZ09_-aZ09_-aZ09_-aZ09_-aZ09_-aZ";
        assert_eq!(nonce.len(), 32);
        assert_eq!(request("1409659589", nonce, SIGNATURE, &block()), Ok(()));
        for bad in ["140965958", "14096595890", "+140965958", "1409659 89", "140965958a", "", "-409659589"] {
            let refused = request(bad, "n", SIGNATURE, &block());
            assert_eq!(refused, Err(Refusal::Timestamp { milliseconds: false }), "{bad}");
        }
        let refused = request("1409659589000", "n", SIGNATURE, &block());
        assert_eq!(refused, Err(Refusal::Timestamp { milliseconds: true }));
        for bad in ["", &format!("{nonce}a"), "a=", "a%20", "a%00", "a]]>", "a/b", "a+b", "%e4%ba%ba"] {
            assert_eq!(request("1409659589", bad, SIGNATURE, &block()), Err(Refusal::Nonce), "{bad}");
        }
        for bad in ["", &SIGNATURE[1..], &format!("{SIGNATURE}0"), &SIGNATURE.to_uppercase()] {
            assert_eq!(request("1409659589", "n", bad, &block()), Err(Refusal::SignatureForm), "{bad}");
        }
    }

    #[test]
    fn only_canonical_base64_of_whole_blocks_is_a_ciphertext() {
        let good = block();
        for bad in [
            String::new(),
            good.replace('+', " "),
            good.replace('+', "-"),
            good.replace('=', ""),
            format!("{good}="),
            format!("{good}\n"),
            good.replace("s=", "t="),
            good.replace('=', "%3D"),
        ] {
            let refused = request("1409659589", "n", SIGNATURE, &bad);
            assert!(matches!(refused, Err(Refusal::Encrypt { .. })), "{bad}: {refused:?}");
        }
        for len in [1, 16, 31, 33, 48, 63] {
            let text = base64_simd::STANDARD.encode_to_string(vec![1; len]);
            let refused = request("1409659589", "n", SIGNATURE, &text);
            assert_eq!(refused, Err(Refusal::CiphertextLength), "{len}");
        }
    }
}
