//! The `state` of WeCom's OAuth login: made for one browser, good once, and for ten minutes.
//!
//! Without it a login can be started in one browser and finished in another: somebody is logged into an account that is
//! not theirs, or hands their own login to a stranger's session.
//!
//! # Example
//!
//! ```
//! use tenantseal::wecom::login::{Browser, LoginStates};
//!
//! let states = LoginStates::generate()?;
//!
//! // The login starts: set the cookie (Secure, HttpOnly, SameSite=Lax), and send the browser to WeCom with the state.
//! let browser = Browser::generate()?;
//! let (cookie, state) = (browser.to_cookie(), states.issue(&browser, b"/contacts")?);
//!
//! // It comes back with a code, the state, and the cookie.
//! let browser = Browser::from_cookie(&cookie)?;
//! states.accept(&state, &browser, b"/contacts")?;
//! assert!(states.accept(&state, &browser, b"/contacts").is_err());
//! # Ok::<(), tenantseal::Error>(())
//! ```

use core::{fmt, time::Duration};
use std::sync::Arc;

use super::{
    guard::{Arrival, Claim, Guard, MemoryGuard},
    settings::{check_name, system_clock},
};
use crate::{
    encoding::{ct_eq, hex_decode, hex_encode, info},
    error::Error,
    primitive::{
        hash::sha256,
        kdf,
        mac::HmacSha256,
        rng::{Os, RandomSource as _},
    },
    secret::Secret,
};

/// Issues states, and accepts each once.
///
/// Cheap to clone and shared by threads; clones share what was accepted.
#[derive(Clone)]
pub struct LoginStates(Arc<Settings>);

#[derive(Clone)]
struct Settings {
    clock: Arc<dyn Fn() -> Duration + Send + Sync>,
    guard: Arc<dyn Guard>,
    lifetime: Duration,
    mac: HmacSha256,
    name: Arc<str>,
}

impl LoginStates {
    /// The size of a state, in characters: lowercase hexadecimal digits, of which WeCom takes 128.
    pub const STATE_LEN: usize = 2 * STATE_BYTES;

    /// States of this process alone, under a random key.
    ///
    /// # Errors
    ///
    /// [`Error::Random`].
    pub fn generate() -> Result<Self, Error> {
        Self::from_secret(&Secret::try_filled(|secret| Os.fill(secret))?)
    }

    /// States of every process that has the same secret: 32 random bytes that serve nothing else. Give all of them
    /// one [`LoginStates::guard`] too, or a state is good once in each.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] for 32 equal bytes: a secret that nobody filled.
    pub fn from_secret(secret: &Secret<32>) -> Result<Self, Error> {
        if is_unfilled(secret.expose_secret()) {
            return Err(Error::Value);
        }
        let prk = kdf::extract(&sha256(&[&info(&[b"login"])?]), secret.expose_secret());
        let mac = Secret::try_filled(|key| {
            kdf::expand(&prk, &info(&[b"login/mac", &[0], &32u16.to_be_bytes()])?, key)
        })?;
        Ok(Self(Arc::new(Settings {
            clock: Arc::new(system_clock),
            guard: Arc::new(MemoryGuard::default()),
            lifetime: DEFAULT_LIFETIME,
            mac: HmacSha256::new(&mac),
            name: "login".into(),
        })))
    }

    /// Sets for how long a state is good, in whole seconds. 10 minutes unless set.
    #[must_use]
    pub fn lifetime(self, lifetime: Duration) -> Self {
        self.with(|settings| settings.lifetime = lifetime)
    }

    /// Sets the clock: the time since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn clock(self, clock: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.clock = Arc::new(clock))
    }

    /// Shares a guard with other processes. `name` is the caller's own, never changes, and is no callback's; states that were
    /// issued under another name are refused.
    ///
    /// # Security
    ///
    /// A state that comes back takes two entries, and nobody has logged in yet: whoever asks for many fills a guard in
    /// memory, and callbacks that share it are refused then. Limit the rate of the route, and share no [`MemoryGuard`]
    /// with callbacks. A clock that jumps ahead and back makes a guard in memory forget: what expired in between is
    /// taken again.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] unless `name` has 1 to 255 bytes, and no NUL.
    pub fn guard(self, guard: Arc<dyn Guard>, name: &str) -> Result<Self, Error> {
        check_name(name)?;
        Ok(self.with(|settings| (settings.guard, settings.name) = (guard, name.into())))
    }

    /// Makes a state for a browser. `context` is what else must be the same when it comes back: the tenant, the
    /// application, the page to return to. It is not in the state; keep it in the session, or in the path of the
    /// address that WeCom returns to.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] for a context over 65,535 bytes, [`Error::Random`].
    pub fn issue(&self, browser: &Browser, context: &[u8]) -> Result<String, Error> {
        let expires = (self.0.clock)().saturating_add(self.0.lifetime).as_secs();
        let mut random = [0; 16];
        Os.fill(&mut random)?;
        let head = [&expires.to_be_bytes()[..], &random].concat();
        let tag = self.tag(&head, browser, context)?;
        Ok(hex_encode(&[&head[..], &tag].concat()))
    }

    /// Accepts a state that came back, for the browser and the context that it was issued for, once.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] for every state that is not accepted: begin the login anew. [`Error::GuardFull`] and what a
    /// guard of the caller's returns: answer with 503.
    pub fn accept(&self, state: &str, browser: &Browser, context: &[u8]) -> Result<(), Error> {
        let settings = &*self.0;
        let state: [u8; STATE_BYTES] = hex_decode(state.as_bytes()).ok_or(Error::Open)?;
        let (head, tag) = state.split_first_chunk::<HEAD_LEN>().ok_or(Error::Open)?;
        let expected = self.tag(head, browser, context).map_err(|_| Error::Open)?;
        if !ct_eq(&expected, tag) {
            return Err(Error::Open);
        }
        let (expiry, _) = head.split_first_chunk().ok_or(Error::Open)?;
        let (expires, now) = (Duration::from_secs(u64::from_be_bytes(*expiry)), (settings.clock)());
        if now > expires {
            return Err(Error::Open);
        }
        let event = sha256(&[&info(&[b"login", settings.name.as_bytes(), head])?]);
        // The lease lasts as long as the state: whoever claims it first has it.
        let lease = expires.saturating_sub(now).saturating_add(Duration::from_secs(1));
        let ticket = settings.guard.claim(&Arrival {
            callback_id: &settings.name,
            signature: event.first_chunk().copied().unwrap_or_default(),
            signature_until: expires,
            event,
            event_until: expires,
            now,
            lease,
        })?;
        if ticket.claim == Claim::Fresh { Ok(()) } else { Err(Error::Open) }
    }

    fn tag(&self, head: &[u8], browser: &Browser, context: &[u8]) -> Result<[u8; 32], Error> {
        let Settings { mac, name, .. } = &*self.0;
        Ok(mac.tag(&[&info(&[b"login/state", name.as_bytes(), head, browser.0.expose_secret(), context])?]))
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl fmt::Debug for LoginStates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginStates").field("lifetime", &self.0.lifetime).finish_non_exhaustive()
    }
}

/// One browser, known again by a cookie: 16 random bytes. It is secret; a new login may keep it.
pub struct Browser(Secret<16>);

impl Browser {
    /// A browser that was not seen before.
    ///
    /// # Errors
    ///
    /// [`Error::Random`].
    pub fn generate() -> Result<Self, Error> {
        Secret::try_filled(|bytes| Os.fill(bytes)).map(Self)
    }

    /// The cookie's value: 32 hexadecimal digits. Set it `Secure`, `HttpOnly` and `SameSite=Lax`, under a name that
    /// starts with `__Host-`.
    #[must_use]
    pub fn to_cookie(&self) -> String {
        hex_encode(self.0.expose_secret())
    }

    /// Reads the cookie's value.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] unless it is 32 lowercase hexadecimal digits.
    pub fn from_cookie(value: &str) -> Result<Self, Error> {
        hex_decode(value.as_bytes()).map(|bytes| Self(Secret::from_bytes(&bytes))).ok_or(Error::Open)
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser").finish_non_exhaustive()
    }
}

fn is_unfilled(secret: &[u8; 32]) -> bool {
    let [first, rest @ ..] = secret;
    rest.iter().fold(0, |differs, byte| differs | (byte ^ first)) == 0
}

const DEFAULT_LIFETIME: Duration = Duration::from_secs(600);

/// The time it expires, and 16 random bytes.
const HEAD_LEN: usize = 24;

const STATE_BYTES: usize = HEAD_LEN + 32;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    use super::*;

    fn browser(byte: u8) -> Browser {
        Browser(Secret::from_bytes(&[byte; 16]))
    }

    fn states(now: &Arc<AtomicU64>) -> LoginStates {
        let now = Arc::clone(now);
        LoginStates::from_secret(&Secret::filled(|bytes| bytes[0] = 7))
            .unwrap()
            .clock(move || Duration::from_millis(now.load(Relaxed)))
    }

    #[test]
    fn a_state_is_good_once_in_its_browser_and_context() {
        let now = Arc::new(AtomicU64::new(1_000_000));
        let states = states(&now);
        let state = states.issue(&browser(1), b"t-1001").unwrap();
        assert_eq!(state.len(), LoginStates::STATE_LEN);
        assert!(state.len() <= 128 && state.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(states.accept(&state, &browser(2), b"t-1001"), Err(Error::Open));
        assert_eq!(states.accept(&state, &browser(1), b"t-1002"), Err(Error::Open));
        assert_eq!(states.accept(&state, &browser(1), b""), Err(Error::Open));
        // What was refused has not used it up.
        assert_eq!(states.accept(&state, &browser(1), b"t-1001"), Ok(()));
        assert_eq!(states.clone().accept(&state, &browser(1), b"t-1001"), Err(Error::Open));
        now.store(1_599_000, Relaxed);
        assert_eq!(states.accept(&state, &browser(1), b"t-1001"), Err(Error::Open));
    }

    #[test]
    fn a_state_expires() {
        for (late, outcome) in [(600_000, Ok(())), (600_001, Err(Error::Open)), (6_000_000, Err(Error::Open))]
        {
            let now = Arc::new(AtomicU64::new(1_000_000));
            let states = states(&now);
            let state = states.issue(&browser(1), b"").unwrap();
            now.fetch_add(late, Relaxed);
            assert_eq!(states.accept(&state, &browser(1), b""), outcome, "{late}");
        }
    }

    #[test]
    fn every_altered_digit_is_refused() {
        let now = Arc::new(AtomicU64::new(1_000_000));
        let states = states(&now);
        let state = states.issue(&browser(1), b"").unwrap();
        for at in 0..state.len() {
            for digit in ["0", "f", "g"] {
                let mut altered = state.clone();
                altered.replace_range(at..=at, digit);
                if altered != state {
                    assert_eq!(states.accept(&altered, &browser(1), b""), Err(Error::Open), "{at}");
                }
            }
            assert_eq!(states.accept(&state[..at], &browser(1), b""), Err(Error::Open));
        }
        assert_eq!(states.accept(&state.to_uppercase(), &browser(1), b""), Err(Error::Open));
        assert_eq!(states.accept(&state, &browser(1), b""), Ok(()));
    }

    #[test]
    fn processes_with_one_secret_and_guard_accept_it_once() {
        let now = Arc::new(AtomicU64::new(1_000_000));
        let guard: Arc<dyn Guard> = Arc::new(MemoryGuard::default());
        let [one, two] = [1, 2].map(|_| states(&now).guard(Arc::clone(&guard), "crm").unwrap());
        let state = one.issue(&browser(1), b"").unwrap();
        assert_eq!(two.accept(&state, &browser(1), b""), Ok(()));
        assert_eq!(one.accept(&state, &browser(1), b""), Err(Error::Open));
        // Another name, another secret.
        let state = one.issue(&browser(1), b"").unwrap();
        let other = states(&now).guard(guard, "erp").unwrap();
        assert_eq!(other.accept(&state, &browser(1), b""), Err(Error::Open));
        assert_eq!(LoginStates::generate().unwrap().accept(&state, &browser(1), b""), Err(Error::Open));
        assert_eq!(one.accept(&state, &browser(1), b""), Ok(()));
        assert_eq!(one.guard(Arc::new(MemoryGuard::default()), "").err(), Some(Error::Value));
        for byte in [0, 7, 0xff] {
            assert_eq!(LoginStates::from_secret(&Secret::from_bytes(&[byte; 32])).err(), Some(Error::Value));
        }
    }

    #[test]
    fn cookies_come_back_as_they_went() {
        let browser = Browser::generate().unwrap();
        let cookie = browser.to_cookie();
        assert_eq!(Browser::from_cookie(&cookie).unwrap().to_cookie(), cookie);
        for bad in ["", &cookie[1..], &format!("{cookie}0"), &format!("g{}", &cookie[1..])] {
            assert_eq!(Browser::from_cookie(bad).err(), Some(Error::Open), "{bad}");
        }
        assert!(!format!("{browser:?}").contains(&cookie[..4]));
    }
}
