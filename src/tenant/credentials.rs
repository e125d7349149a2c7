//! A callback's token and EncodingAESKey, derived from a tenant's root. FORMAT.md section 11.3.

use core::fmt;

use zeroize::Zeroizing;

use crate::{
    error::Error,
    tenant::{chain::Node, id::Generation, view::Tenant},
};

/// What the console asks for when a callback's URL is saved: nobody has to invent, type or store it, and it goes when the
/// tenant goes.
pub struct CallbackCredentials {
    encoding_aes_key: Zeroizing<String>,
    generation: Generation,
    token: Zeroizing<String>,
}

impl CallbackCredentials {
    pub(crate) fn derive(root: &Node, generation: Generation, application: &str) -> Result<Self, Error> {
        let application = application.as_bytes();
        let token = root.expand_to::<96>("wecom/token", &[application])?;
        let key = root.expand_to::<128>("wecom/aes-key", &[application])?;
        Ok(Self {
            encoding_aes_key: characters(key.expose_secret(), KEY_LEN)?,
            generation,
            token: characters(token.expose_secret(), TOKEN_LEN)?,
        })
    }

    /// 32 letters and digits.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// 43 letters and digits.
    #[must_use]
    pub fn encoding_aes_key(&self) -> &str {
        &self.encoding_aes_key
    }

    /// The generation of the tenant's root that they are derived from.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        self.generation
    }
}

impl fmt::Debug for CallbackCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackCredentials").field("generation", &self.generation).finish_non_exhaustive()
    }
}

impl Tenant {
    /// The credentials of one application's callback, derived from the tenant's root: the newest generation's first,
    /// then those of every older one that is still live. Nothing is stored.
    ///
    /// `application` is the caller's own permanent name for it, 1 to 128 bytes. After a rotation what the console still
    /// has is among the older ones: give them to [`Callback::previous`](crate::wecom::Callback::previous), and put the
    /// new pair into the console when it suits.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] for another length, and as [`Keyring::tenant`](crate::tenant::Keyring::tenant).
    ///
    /// # Example
    ///
    /// ```
    /// use tenantseal::{tenant::{Kek, Keyring}, wecom::Callback};
    ///
    /// let keys = Keyring::in_memory(&Kek::generate()?)?;
    /// let acme = keys.create_tenant("t-1001")?;
    /// let [newest, older @ ..] = &acme.callback_credentials("contacts")?[..] else { unreachable!() };
    /// let mut app = Callback::company_app(newest.token(), newest.encoding_aes_key(), "ww5823bf96d3bd56c7")?;
    /// for pair in older.iter().take(Callback::MAX_PAIRS - 1) {
    ///     app = app.previous(pair.token(), pair.encoding_aes_key())?;
    /// }
    /// # Ok::<(), tenantseal::Error>(())
    /// ```
    pub fn callback_credentials(&self, application: &str) -> Result<Vec<CallbackCredentials>, Error> {
        if !(1..=MAX_APPLICATION).contains(&application.len()) {
            return Err(Error::Value);
        }
        let view = self.view()?;
        view.tenant_roots()
            .map(|(generation, root)| CallbackCredentials::derive(root, generation, application))
            .collect()
    }
}

/// As many characters as are wanted, each uniform over the 62 of the console's alphabet: a byte of 248 or more is
/// passed over.
fn characters(bytes: &[u8], wanted: usize) -> Result<Zeroizing<String>, Error> {
    let mut text = Zeroizing::new(String::with_capacity(wanted));
    let usable = bytes.iter().filter(|byte| usize::from(**byte) < 4 * ALPHABET.len());
    for byte in usable.take(wanted) {
        text.push(ALPHABET.get(usize::from(*byte) % ALPHABET.len()).copied().map_or('A', char::from));
    }
    // Of 96 bytes 65 would have to be passed over: it does not happen.
    if text.len() == wanted { Ok(text) } else { Err(Error::Random) }
}

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

const KEY_LEN: usize = 43;

const MAX_APPLICATION: usize = 128;

/// The longest that the console takes.
const TOKEN_LEN: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{secret::Secret, tenant::id::TenantId};

    fn derive(tenant: &str, root: u8, application: &str) -> (String, String) {
        let tenant = TenantId::try_from(tenant).unwrap();
        let node = Node::of_root(&tenant, &Secret::from_bytes(&[root; 32])).unwrap();
        let pair = CallbackCredentials::derive(&node, Generation::FIRST, application).unwrap();
        (pair.token().to_owned(), pair.encoding_aes_key().to_owned())
    }

    #[test]
    fn credentials_are_as_specified() {
        let (token, key) = derive("t-1001", 7, "contacts");
        assert_eq!(token, "wIl1kHe7Aka0aDMxsKxhgYWmHcqJ1LsC");
        assert_eq!(key, "NyUKU1SQSfkbNoF6rt8W24fUeB21Dv8Vomz6UWkc5lN");
    }

    #[test]
    fn every_tenant_root_and_application_has_its_own() {
        let first = derive("t-1001", 7, "contacts");
        for other in
            [derive("t-1002", 7, "contacts"), derive("t-1001", 8, "contacts"), derive("t-1001", 7, "crm")]
        {
            assert!(other.0 != first.0 && other.1 != first.1);
        }
        assert!(first.0.len() == 32 && first.1.len() == 43 && !first.1.contains(&first.0[..8]));
    }

    #[test]
    fn characters_are_uniform() {
        // 62 * 4 is 248: each character comes from four bytes, and eight bytes from none.
        let all: Vec<u8> = (0..=255).collect();
        let text = characters(&all, 248).unwrap();
        for character in ALPHABET {
            assert_eq!(text.bytes().filter(|byte| byte == character).count(), 4);
        }
        assert_eq!(characters(&all, 249).err(), Some(Error::Random));
        assert_eq!(characters(&[255; 96], 1).err(), Some(Error::Random));
        // Over many applications, chi-square of 62 characters in 75,000.
        let mut counts = [0u32; 62];
        for number in 0..1_000 {
            let (token, key) = derive("t", 9, &number.to_string());
            for byte in token.bytes().chain(key.bytes()) {
                counts[ALPHABET.iter().position(|known| *known == byte).unwrap()] += 1;
            }
        }
        let expected = 75_000.0 / 62.0;
        let chi: f64 = counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
        // 61 degrees of freedom: p is about 1e-6 at 127.
        assert!(chi < 127.0, "{chi}");
    }
}
