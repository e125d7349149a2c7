//! What a page in WeCom's browser needs to call the JS-SDK: `wx.config` under a `jsapi_ticket`, `wx.agentConfig` under
//! an application's own ticket. Both sign alike, developer.work.weixin.qq.com/document/path/90506.
//!
//! # Example
//!
//! ```
//! use tenantseal::wecom::js_sdk::JsTicket;
//!
//! let ticket = JsTicket::new("sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg")?;
//! let config = ticket.sign("https://app.example.com/contacts?page=2#top")?;
//! println!("{} {} {}", config.timestamp(), config.nonce_str(), config.signature());
//! # Ok::<(), tenantseal::Error>(())
//! ```

use core::fmt;

use super::{query::is_word, settings::system_clock};
use crate::{
    encoding::hex_encode,
    error::Error,
    primitive::{
        legacy::sha1,
        rng::{Os, RandomSource as _},
    },
    secret::SecretBytes,
};

/// A ticket as WeCom's API gives it out, for two hours. It is secret: the page gets signatures, never the ticket.
pub struct JsTicket(SecretBytes);

impl JsTicket {
    /// Takes a `jsapi_ticket`, or the ticket of type `agent_config`.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] unless it is 1 to 512 of `[A-Za-z0-9_-]`.
    pub fn new(ticket: &str) -> Result<Self, Error> {
        if !is_word(ticket.as_bytes(), MAX_TICKET) {
            return Err(Error::Value);
        }
        Ok(Self(SecretBytes::from_vec(ticket.into())))
    }

    /// Signs the address of the page, for now and with a nonce of its own.
    ///
    /// The address is what the browser shows, as the page's `location.href` gives it: query included, still escaped.
    /// What follows the `#` is left out here, as it must be.
    ///
    /// # Security
    ///
    /// Sign only addresses of your own pages: whoever has a signature for an address uses the application's rights there.
    /// Do not sign what a request's parameter or `Referer` states without comparing it with a list.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] unless it starts with `https://` or `http://` and is printable ASCII without spaces,
    /// [`Error::Random`].
    pub fn sign(&self, url: &str) -> Result<JsConfig, Error> {
        let mut nonce = [0; NONCE_LEN];
        Os.fill(&mut nonce)?;
        self.sign_at(url, hex_encode(&nonce), system_clock().as_secs())
    }

    /// `SHA-1("jsapi_ticket=" || ticket || "&noncestr=" || nonce || "&timestamp=" || timestamp || "&url=" || url)`.
    fn sign_at(&self, url: &str, nonce_str: String, timestamp: u64) -> Result<JsConfig, Error> {
        let page = url.split_once('#').map_or(url, |(page, _)| page);
        let is_address = page
            .strip_prefix("https://")
            .or_else(|| page.strip_prefix("http://"))
            .is_some_and(|rest| !rest.is_empty() && page.bytes().all(|byte| byte.is_ascii_graphic()));
        if !is_address {
            return Err(Error::Value);
        }
        let signature = hex_encode(&sha1(&[
            b"jsapi_ticket=",
            self.0.expose_secret(),
            b"&noncestr=",
            nonce_str.as_bytes(),
            b"&timestamp=",
            timestamp.to_string().as_bytes(),
            b"&url=",
            page.as_bytes(),
        ]));
        Ok(JsConfig { nonce_str, signature, timestamp })
    }
}

impl fmt::Debug for JsTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsTicket").finish_non_exhaustive()
    }
}

/// What the page passes to `wx.config` or `wx.agentConfig`. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsConfig {
    nonce_str: String,
    signature: String,
    timestamp: u64,
}

impl JsConfig {
    /// `nonceStr`.
    #[must_use]
    pub fn nonce_str(&self) -> &str {
        &self.nonce_str
    }

    /// `signature`: 40 hexadecimal digits.
    #[must_use]
    pub fn signature(&self) -> &str {
        &self.signature
    }

    /// `timestamp`, in seconds since 1970.
    #[must_use]
    pub const fn timestamp(&self) -> u64 {
        self.timestamp
    }
}

const MAX_TICKET: usize = 512;

const NONCE_LEN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const TICKET: &str =
        "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg";

    #[test]
    fn published_samples_are_reproduced() {
        let sign = |url: &str| {
            JsTicket::new(TICKET)
                .unwrap()
                .sign_at(url, "Wm3WZYTPz0wzccnW".into(), 1_414_587_457)
                .map(|config| config.signature)
        };
        // The worked example of document/path/90506.
        let published = "0f9de62fce790f9a083d5c99e95740ceb90c27ed";
        assert_eq!(sign("http://mp.weixin.qq.com?params=value").as_deref(), Ok(published));
        assert_eq!(sign("http://mp.weixin.qq.com?params=value#top#x").as_deref(), Ok(published));
        // An older edition of it, without a query.
        assert_eq!(
            sign("http://mp.weixin.qq.com").as_deref(),
            Ok("f4d90daf4b3bca3078ab155816175ba34c443a7b")
        );
        assert_ne!(sign("http://mp.weixin.qq.com?params=valu").as_deref(), Ok(published));
    }

    #[test]
    fn what_is_no_page_is_not_signed() {
        let ticket = JsTicket::new(TICKET).unwrap();
        for bad in [
            "",
            "https://",
            "ftp://a",
            "//a",
            "a",
            "javascript:1",
            "https://a b",
            "https://a\n",
            "https://人",
        ] {
            assert_eq!(ticket.sign(bad).err(), Some(Error::Value), "{bad}");
        }
        for bad in ["", "a b", "a&b", "a=b", &"a".repeat(513)] {
            assert_eq!(JsTicket::new(bad).err(), Some(Error::Value), "{bad}");
        }
        assert!(JsTicket::new(&"a".repeat(512)).is_ok());
        assert!(!format!("{ticket:?}").contains("sM4"));
    }

    #[test]
    fn every_signature_has_a_nonce_of_its_own() {
        let ticket = JsTicket::new(TICKET).unwrap();
        let [one, two] = [1, 2].map(|_| ticket.sign("https://a.example/").unwrap());
        assert_ne!(one.nonce_str(), two.nonce_str());
        let again = ticket.sign_at("https://a.example/", one.nonce_str.clone(), one.timestamp()).unwrap();
        assert_eq!(again, one);
    }
}
