//! Cookies: who floods a listener has to show that it receives what is sent to the address that it sends from.

use std::net::SocketAddr;

use super::{
    clock::SECOND,
    packet::{self, COOKIE_LEN, COOKIE_REPLY, CookieReply, HINT_LEN, MAC_LEN},
    psk::Psk,
};
use crate::{
    encoding::{ct_eq, info},
    error::Error,
    primitive::{
        aead::{TAG_LEN, Xaes256Gcm},
        mac::HmacSha256,
        rng::RandomSource,
    },
    secret::Secret,
};

/// How long a secret makes cookies; it accepts them for as long again.
const PERIOD: u64 = 120 * SECOND;

/// Whose cookie it is: the address that a packet came from, and its hint. What is given in one tenant is good for no other.
pub(super) type Holder<'a> = (SocketAddr, &'a [u8; HINT_LEN]);

/// The secrets of a listener.
pub(super) struct CookieSecrets {
    current: HmacSha256,
    previous: Option<HmacSha256>,
    since: u64,
}

impl CookieSecrets {
    pub(super) fn new(now: u64, rng: &mut impl RandomSource) -> Result<Self, Error> {
        Ok(Self { current: HmacSha256::new(&rng.secret()?), previous: None, since: now })
    }

    pub(super) fn rotate(&mut self, now: u64, rng: &mut impl RandomSource) -> Result<(), Error> {
        let age = now.saturating_sub(self.since);
        if age >= PERIOD {
            let old = core::mem::replace(&mut self.current, HmacSha256::new(&rng.secret()?));
            self.previous = (age < 2 * PERIOD).then_some(old);
            // From when it was due, so that no secret is in use for longer.
            self.since = now - age % PERIOD;
        }
        Ok(())
    }

    /// Whether `mac2` is under a cookie that was given to that holder.
    pub(super) fn verify(
        &self,
        holder: Holder<'_>,
        covered: &[u8],
        mac2: &[u8; MAC_LEN],
    ) -> Result<bool, Error> {
        for secret in [Some(&self.current), self.previous.as_ref()].into_iter().flatten() {
            let cookie = cookie(secret, holder)?;
            if ct_eq(&mac2_of(&cookie, covered), mac2) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The packet that gives the address its cookie: readable with the tenant's key alone, and only as the answer to that
    /// `mac1`.
    pub(super) fn reply(
        &self,
        psk: &Psk,
        holder: Holder<'_>,
        receiver: u32,
        mac1: &[u8; MAC_LEN],
        rng: &mut impl RandomSource,
    ) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; 24];
        rng.fill(&mut nonce)?;
        let mut sealed = *cookie(&self.current, holder)?.expose_secret();
        let (head, tail) = halves(&nonce);
        let mut tag = [0; TAG_LEN];
        let key = Xaes256Gcm::new(psk.cookie.expose_secret()).derive(head);
        key.seal_in_place(tail, mac1, &mut sealed, &mut tag)?;
        let mut packet = Vec::with_capacity(COOKIE_REPLY);
        packet.extend_from_slice(&packet::cookie_header(receiver));
        packet.extend_from_slice(&nonce);
        packet.extend_from_slice(&sealed);
        packet.extend_from_slice(&tag);
        Ok(packet)
    }
}

/// Opens the answer to a packet with that `mac1`.
pub(super) fn open(
    psk: &Psk,
    reply: &CookieReply<'_>,
    mac1: &[u8; MAC_LEN],
) -> Result<Secret<COOKIE_LEN>, Error> {
    Secret::try_filled(|cookie| {
        *cookie = *reply.sealed;
        let (head, tail) = halves(reply.nonce);
        Xaes256Gcm::new(psk.cookie.expose_secret()).derive(head).open_in_place(tail, mac1, cookie, reply.tag)
    })
}

pub(super) fn mac1_of(psk: &Psk, covered: &[u8]) -> [u8; MAC_LEN] {
    psk.mac.truncated_tag(&[covered])
}

pub(super) fn mac2_of(cookie: &Secret<COOKIE_LEN>, covered: &[u8]) -> [u8; MAC_LEN] {
    HmacSha256::new(cookie).truncated_tag(&[covered])
}

/// `HMAC(secret, I(address, port, hint))`: an address of version 4 that came over version 6 is the same address.
fn cookie(secret: &HmacSha256, (source, hint): Holder<'_>) -> Result<Secret<COOKIE_LEN>, Error> {
    let port = source.port().to_be_bytes();
    let parts = match source.ip().to_canonical() {
        std::net::IpAddr::V4(address) => info(&[&address.octets(), &port, hint])?,
        std::net::IpAddr::V6(address) => info(&[&address.octets(), &port, hint])?,
    };
    Ok(Secret::from_bytes(&secret.tag(&[&parts])))
}

fn halves(nonce: &[u8; 24]) -> (&[u8; 12], &[u8; 12]) {
    let halves = nonce.first_chunk().zip(nonce.last_chunk());
    halves.expect("24 bytes are two times 12")
}
