//! The three calls of Tencent's `WXBizMsgCrypt`, for code that was written against it.

use core::fmt;

use super::{
    block::{Block, RANDOM_LEN},
    credentials::Pair,
    envelope::{Envelope, Format},
    event::Echo,
    inner::Stamp,
    query::{MAX_NONCE, Query, is_word, seconds},
    receive_id::ReceiveId,
    refusal::{Diagnosis, Refusal},
    reply::{Heading, Reply},
    settings::{Product, Settings, unlock},
};
use crate::{
    error::Error,
    primitive::rng::{Os, RandomSource as _},
    secret::SecretBytes,
};

/// Verifies, decrypts and encrypts as Tencent's samples do, with parameters that were split and decoded already.
///
/// New code uses [`Callback`](super::Callback). What this keeps of it: the grammars, one order of checks, the exact
/// lengths, the receiveid, the echo's form, and the message's own time where it states one
/// ([`Binding::IfPresent`](super::Binding::IfPresent), 300 seconds).
///
/// # Security
///
/// Times are compared with no clock, and nothing is remembered: a request that was recorded is accepted again, for ever.
/// A refusal's code is for the operator's log and never for the peer: answer every refusal alike.
///
/// # Example
///
/// ```
/// use tenantseal::wecom::{BizMsgCrypt, sender::Sender};
///
/// let (token, key, corp_id) = ("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "ww5823bf96d3bd56c7");
/// let crypt = BizMsgCrypt::new(token, key, corp_id)?;
/// let reply = crypt.encrypt_msg(b"<xml/>", "1372623149", Some("1409659813")).unwrap();
/// assert_eq!(Sender::new(token, key, corp_id)?.open_reply(&reply.to_xml())?.expose_secret(), b"<xml/>");
/// # Ok::<(), tenantseal::Error>(())
/// ```
pub struct BizMsgCrypt {
    receive_id: String,
    settings: Settings,
}

impl BizMsgCrypt {
    /// Takes a callback's credentials and the receiveid that every message must have, which may be empty.
    ///
    /// # Errors
    ///
    /// [`Error::CallbackCredentials`] for unusable credentials.
    pub fn new(token: &str, encoding_aes_key: &str, receive_id: &str) -> Result<Self, Error> {
        let policy = ReceiveId::Exact(receive_id.to_owned());
        let mut settings = Settings::new(Pair::new(token, encoding_aes_key)?, policy.clone(), policy);
        settings.guard = None;
        Ok(Self { receive_id: receive_id.to_owned(), settings })
    }

    /// `VerifyURL`: the echo to answer the console with.
    ///
    /// # Errors
    ///
    /// What is wrong, with Tencent's code.
    pub fn verify_url(
        &self,
        msg_signature: &[u8],
        timestamp: &[u8],
        nonce: &[u8],
        echostr: &[u8],
    ) -> Result<Echo, Diagnosis> {
        let check = || {
            let query = Query::decoded(msg_signature, timestamp, nonce)?;
            let (_, block) = self.unlock(&query, echostr, |settings| &settings.url_check)?;
            Echo::sealed(block).ok_or(Refusal::Echo)
        };
        check().map_err(|refusal| Diagnosis::of(Err(refusal)))
    }

    /// `DecryptMsg`: the message in a request's body, XML or JSON.
    ///
    /// # Errors
    ///
    /// What is wrong, with Tencent's code.
    pub fn decrypt_msg(
        &self,
        body: &[u8],
        msg_signature: &[u8],
        timestamp: &[u8],
        nonce: &[u8],
    ) -> Result<SecretBytes, Diagnosis> {
        let open = || {
            let envelope = Envelope::parse(body).map_err(|error| match error {
                Error::TooLong => Refusal::BodyLong,
                _ => Refusal::BodyFormat,
            })?;
            let query = Query::decoded(msg_signature, timestamp, nonce)?;
            let (seconds, block) =
                self.unlock(&query, envelope.ciphertext(), |settings| &settings.messages)?;
            self.settings.check_binding(seconds, Stamp::find(block.message()).time)?;
            Ok(block.into_message())
        };
        open().map_err(|refusal| Diagnosis::of(Err(refusal)))
    }

    /// `EncryptMsg`: a reply, to be written as XML or JSON. Without a timestamp it is of now.
    ///
    /// # Errors
    ///
    /// -40011 unless the nonce is 1 to 32 of `[A-Za-z0-9_-]` and the timestamp 10 digits; -40006 if the reply is over
    /// 1 MiB or there is no randomness.
    pub fn encrypt_msg(
        &self,
        reply: &[u8],
        nonce: &str,
        timestamp: Option<&str>,
    ) -> Result<Reply, Diagnosis> {
        let timestamp = timestamp.map_or_else(|| self.settings.now().as_secs().to_string(), str::to_owned);
        if !is_word(nonce.as_bytes(), MAX_NONCE) || seconds(timestamp.as_bytes()).is_none() {
            return Err(Diagnosis::of(Err(Refusal::ReplyForm)));
        }
        let seal = || {
            let mut random = [0; RANDOM_LEN];
            Os.fill(&mut random)?;
            let pair = self.settings.pairs.first().ok_or(Error::CallbackCredentials)?;
            let heading =
                Heading { format: Format::Xml, nonce: nonce.to_owned(), product: Product::WeCom, timestamp };
            Reply::encrypted(pair, &random, reply, self.receive_id.as_bytes(), heading)
        };
        seal().map(|(reply, _)| reply).map_err(|_| Diagnosis::of(Err(Refusal::ReplyFailed)))
    }

    fn unlock(
        &self,
        query: &Query<'_>,
        encrypt: &[u8],
        policy: fn(&Settings) -> &ReceiveId,
    ) -> Result<(u64, Block), Refusal> {
        let mut request = query.request(encrypt)?;
        let unlocked = unlock(&[&self.settings], policy, &mut request)?;
        Ok((request.seconds, unlocked.block))
    }
}

impl fmt::Debug for BizMsgCrypt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BizMsgCrypt").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wecom::sender::Sender;

    const TOKEN: &str = "QDG6eK";
    const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
    const CORP: &str = "wx5823bf96d3bd56c7";
    const TIME: &[u8] = b"1409659813";

    fn crypt() -> BizMsgCrypt {
        BizMsgCrypt::new(TOKEN, KEY, CORP).unwrap()
    }

    /// The signature and the body of a message at [`TIME`], with the nonce `n`.
    fn post(receive_id: &str, message: &str) -> (Vec<u8>, Vec<u8>) {
        let (query, body) = Sender::new(TOKEN, KEY, receive_id)
            .unwrap()
            .post(message.as_bytes(), 1_409_659_813, "n")
            .unwrap();
        (query.as_bytes()[14..54].to_vec(), body)
    }

    fn code(receive_id: &str, message: &str) -> i32 {
        let (signature, body) = post(receive_id, message);
        crypt().decrypt_msg(&body, &signature, TIME, b"n").map_or_else(|refused| refused.code(), |_| 0)
    }

    #[test]
    fn decrypt_msg_keeps_binding_and_receive_id_but_no_clock() {
        assert_eq!(code(CORP, "<xml><CreateTime>1409659813</CreateTime></xml>"), 0);
        assert_eq!(code(CORP, "<xml><CreateTime>1409660113</CreateTime></xml>"), 0);
        assert_eq!(code(CORP, "no time, no form"), 0);
        assert_eq!(code(CORP, "<xml><CreateTime>1409660114</CreateTime></xml>"), -40001);
        assert_eq!(code("ww1", "<xml/>"), -40005);
        assert_eq!(code("", "<xml/>"), -40005);
    }

    #[test]
    fn decrypt_msg_keeps_the_grammars() {
        let (signature, body) = post(CORP, "<xml/>");
        let ret = |body: &[u8], signature: &[u8], time: &[u8], nonce: &[u8]| {
            crypt().decrypt_msg(body, signature, time, nonce).map_err(|refused| refused.code()).map(drop)
        };
        assert_eq!(ret(&body, &signature, TIME, b"n"), Ok(()));
        for (signature, time, nonce) in [
            (&signature[..], &TIME[..9], &b"3n"[..]),
            (&signature[1..], TIME, b"n"),
            (&signature.to_ascii_uppercase()[..], TIME, b"n"),
            (&signature[..], TIME, b""),
            (&signature[..], TIME, b"n\0"),
        ] {
            assert_eq!(ret(&body, signature, time, nonce), Err(-40001));
        }
        assert_eq!(ret(b"<xml></xml>", &signature, TIME, b"n"), Err(-40002));
        assert_eq!(ret(&[b' '; 1 << 21], &signature, TIME, b"n"), Err(-40002));
        assert_eq!(ret(&body, &signature, TIME, &[b'n'; 9_000]), Err(-40002));
    }

    #[test]
    fn verify_url_answers_only_what_looks_like_an_echo() {
        let sender = Sender::new(TOKEN, KEY, CORP).unwrap();
        for (echo, ret) in [("1616140317555161061", 0), ("<xml/>", -40008), ("", -40008)] {
            let query = sender.get(echo, 1_409_659_813, "n").unwrap();
            let (head, encrypt) = query.split_once("&echostr=").unwrap();
            let encrypt = encrypt.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
            let answer = crypt().verify_url(&head.as_bytes()[14..54], TIME, b"n", encrypt.as_bytes());
            assert_eq!(answer.as_ref().map_or_else(Diagnosis::code, |_| 0), ret);
            assert!(answer.is_err() || answer.unwrap().as_bytes() == echo.as_bytes());
        }
    }

    #[test]
    fn encrypt_msg_writes_what_the_other_side_opens() {
        let crypt = crypt();
        let sender = Sender::new(TOKEN, KEY, CORP).unwrap();
        let reply = crypt.encrypt_msg("你好".as_bytes(), "n", None).unwrap();
        for body in [reply.to_xml(), reply.to_json()] {
            assert_eq!(sender.open_reply(&body).unwrap().expose_secret(), "你好".as_bytes());
        }
        for (nonce, time) in
            [("", None), ("a b", None), ("]]>", None), ("n", Some("1")), ("n", Some("14096598131"))]
        {
            assert_eq!(crypt.encrypt_msg(b"", nonce, time).unwrap_err().code(), -40011);
        }
        assert_eq!(crypt.encrypt_msg(&vec![0; (1 << 20) + 1], "n", None).unwrap_err().code(), -40006);
        assert_eq!(BizMsgCrypt::new("", KEY, CORP).err(), Some(Error::CallbackCredentials));
    }
}
