//! The other side of the wire: what WeCom's servers send, for tests, simulators and interoperation.
//!
//! A service that receives callbacks needs none of it.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//!
//! use tenantseal::wecom::{Callback, sender::Sender};
//!
//! let (token, key, corp_id) = ("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "ww5823bf96d3bd56c7");
//! let sender = Sender::new(token, key, corp_id)?;
//! let app = Callback::company_app(token, key, corp_id)?.clock(|| Duration::from_secs(1_409_659_813));
//! let raw_query = sender.get("1616140317555161061", 1_409_659_813, "263014780")?;
//! assert_eq!(app.verify_url(&raw_query)?.as_bytes(), b"1616140317555161061");
//! # Ok::<(), tenantseal::Error>(())
//! ```

use super::{
    block::{BLOCK_LEN, Block, RANDOM_LEN, encrypt, padded},
    credentials::{AesKey, Pair},
    inner::Inner,
    signature::{sign, sign_without_body},
};
use crate::{
    encoding::{ct_eq, hex_encode},
    error::Error,
    primitive::rng::{Os, RandomSource as _},
    secret::SecretBytes,
};

/// Sends as WeCom does, to one callback.
#[derive(Debug)]
pub struct Sender {
    pair: Pair,
    receive_id: Vec<u8>,
}

impl Sender {
    /// Takes the callback's credentials, and the receiveid to send to.
    ///
    /// # Errors
    ///
    /// [`Error::CallbackCredentials`] for unusable credentials.
    pub fn new(token: &str, encoding_aes_key: &str, receive_id: &str) -> Result<Self, Error> {
        Ok(Self { pair: Pair::new(token, encoding_aes_key)?, receive_id: receive_id.into() })
    }

    /// A message as query string and XML body. The nonce is not checked.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] over 1 MiB, [`Error::Random`].
    pub fn post(&self, plaintext: &[u8], timestamp: u64, nonce: &str) -> Result<(String, Vec<u8>), Error> {
        let (query, encrypt) = self.signed(plaintext, timestamp, nonce)?;
        let body = format!(
            "<xml><ToUserName><![CDATA[{}]]></ToUserName><Encrypt><![CDATA[{encrypt}]]></Encrypt>\
             <AgentID><![CDATA[1]]></AgentID></xml>",
            String::from_utf8_lossy(&self.receive_id)
        );
        Ok((query, body.into_bytes()))
    }

    /// A message as query string and the JSON body of an AI bot. The nonce is not checked.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] over 1 MiB, [`Error::Random`].
    pub fn post_json(
        &self,
        plaintext: &[u8],
        timestamp: u64,
        nonce: &str,
    ) -> Result<(String, Vec<u8>), Error> {
        let (query, encrypt) = self.signed(plaintext, timestamp, nonce)?;
        Ok((query, format!("{{\"encrypt\":\"{encrypt}\"}}").into_bytes()))
    }

    /// The query string of a URL check. The nonce is not checked.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] over 1 MiB, [`Error::Random`].
    pub fn get(&self, echo: &str, timestamp: u64, nonce: &str) -> Result<String, Error> {
        let (query, encrypt) = self.signed(echo.as_bytes(), timestamp, nonce)?;
        Ok(format!("{query}&echostr={}", escape(&encrypt)))
    }

    /// The query string of an Official Account's URL check, whose echo is in clear. The nonce is not checked.
    #[must_use]
    pub fn get_clear(&self, echo: &str, timestamp: u64, nonce: &str) -> String {
        let timestamp = timestamp.to_string();
        let signature = sign_without_body(&self.pair, timestamp.as_bytes(), nonce.as_bytes());
        let (signature, echo, nonce) = (hex_encode(&signature), escape(echo), escape(nonce));
        format!("signature={signature}&echostr={echo}&timestamp={timestamp}&nonce={nonce}")
    }

    /// Verifies and decrypts a reply's body, XML or JSON.
    ///
    /// # Errors
    ///
    /// [`Error::CallbackFormat`] if it cannot be parsed, [`Error::Callback`] if it is not authentic or not for this
    /// receiveid.
    pub fn open_reply(&self, body: &str) -> Result<SecretBytes, Error> {
        let inner = Inner::parse(body.as_bytes())?;
        let field = |names: [&str; 2]| {
            names.into_iter().find_map(|name| inner.get(name)).ok_or(Error::CallbackFormat)
        };
        let encrypt = field(["Encrypt", "encrypt"])?;
        let timestamp = field(["TimeStamp", "timestamp"])?;
        let nonce = field(["Nonce", "nonce"])?;
        let expected = sign(&self.pair, timestamp.as_bytes(), nonce.as_bytes(), encrypt.as_bytes());
        if !ct_eq(hex_encode(&expected).as_bytes(), field(["MsgSignature", "msgsignature"])?.as_bytes()) {
            return Err(Error::Callback);
        }
        let ciphertext = base64_simd::STANDARD.decode_to_vec(encrypt).map_err(|_| Error::Callback)?;
        if ciphertext.len() % BLOCK_LEN != 0 {
            return Err(Error::Callback);
        }
        let block = Block::decrypt(&self.pair, ciphertext).map_err(|_| Error::Callback)?;
        if block.receive_id() != self.receive_id {
            return Err(Error::Callback);
        }
        Ok(block.into_message())
    }

    fn signed(&self, plaintext: &[u8], timestamp: u64, nonce: &str) -> Result<(String, String), Error> {
        let mut random = [0; RANDOM_LEN];
        Os.fill(&mut random)?;
        let encrypt = encrypt(&self.pair, &random, plaintext, &self.receive_id)?;
        let timestamp = timestamp.to_string();
        let signature = sign(&self.pair, timestamp.as_bytes(), nonce.as_bytes(), encrypt.as_bytes());
        let signature = hex_encode(&signature);
        let nonce = escape(nonce);
        Ok((format!("msg_signature={signature}&timestamp={timestamp}&nonce={nonce}"), encrypt))
    }
}

/// A file as an AI bot receives it, under a key of 43 base64 digits.
///
/// # Errors
///
/// [`Error::CallbackCredentials`] for another form of key.
pub fn encrypt_media(key: &str, file: &[u8]) -> Result<Vec<u8>, Error> {
    let mut buffer = padded(&[file]);
    AesKey::new(key)?.encrypt_in_place(buffer.expose_secret_mut())?;
    Ok(buffer.expose_secret().to_vec())
}

/// Percent-encodes all but letters, digits, `-` and `_`.
fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
