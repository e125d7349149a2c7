//! Who a key belongs to, and which of its generations it is.

use core::fmt;

use crate::error::Error;

/// The vendor's own, immutable id of a tenant: 1 to 128 bytes, compared byte for byte.
///
/// It is never a CorpID: one company has several of those, and they change. CorpIDs are aliases
/// ([`Keyring::add_alias`](crate::tenant::Keyring::add_alias)). Bytes are taken as they are: `a` and `A`, or the
/// composed and decomposed spellings of one character, are different tenants.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(Box<[u8]>);

impl TenantId {
    /// The longest id, in bytes.
    pub const MAX_LEN: usize = 128;

    /// The bytes of the id.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The id as text; `None` if its bytes are not UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        core::str::from_utf8(&self.0).ok()
    }
}

/// So that whatever takes an id by its text takes one that is there already.
impl From<&TenantId> for TenantId {
    fn from(id: &TenantId) -> Self {
        id.clone()
    }
}

impl TryFrom<&[u8]> for TenantId {
    type Error = Error;

    fn try_from(bytes: &[u8]) -> Result<Self, Error> {
        match bytes.len() {
            0 => Err(Error::Value),
            1..=Self::MAX_LEN => Ok(Self(bytes.into())),
            _ => Err(Error::TooLong),
        }
    }
}

impl TryFrom<&str> for TenantId {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        text.as_bytes().try_into()
    }
}

impl TryFrom<&String> for TenantId {
    type Error = Error;

    fn try_from(text: &String) -> Result<Self, Error> {
        text.as_str().try_into()
    }
}

/// The id for logs: on one line, whatever its bytes.
impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_str() {
            Some(text) => text.escape_debug().fmt(f),
            None => self.0.escape_ascii().fmt(f),
        }
    }
}

/// Shows the id: it is the vendor's own name for the tenant, not a secret.
impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantId({})", self.0.escape_ascii())
    }
}

/// Which of a tenant's roots sealed something: 1 for the first, higher for later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u32);

impl Generation {
    /// The generation that a new tenant starts with.
    pub const FIRST: Self = Self(1);

    /// The number, as it stands in records and cells.
    #[must_use]
    pub const fn to_u32(self) -> u32 {
        self.0
    }

    /// The one after this.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] after 2^32 - 1 generations.
    pub(crate) fn next(self) -> Result<Self, Error> {
        self.0.checked_add(1).map(Self).ok_or(Error::Value)
    }
}

impl TryFrom<u32> for Generation {
    type Error = Error;

    fn try_from(number: u32) -> Result<Self, Error> {
        if number == 0 { Err(Error::Malformed) } else { Ok(Self(number)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_id_has_1_to_128_bytes() {
        for (len, error) in [(0, Some(Error::Value)), (1, None), (128, None), (129, Some(Error::TooLong))] {
            assert_eq!(TenantId::try_from(&vec![b'x'; len][..]).err(), error, "{len}");
        }
    }

    #[test]
    fn an_id_is_shown_on_one_line() {
        for (bytes, text, shown) in [
            (&b"t-1001"[..], Some("t-1001"), "t-1001"),
            ("租户".as_bytes(), Some("租户"), "租户"),
            (b"a\nb", Some("a\nb"), "a\\nb"),
            (b"a\xff", None, "a\\xff"),
        ] {
            let id = TenantId::try_from(bytes).unwrap();
            assert_eq!((id.as_str(), id.to_string().as_str()), (text, shown));
        }
    }

    #[test]
    fn a_generation_is_neither_0_nor_past_the_last() {
        assert_eq!(Generation::try_from(0), Err(Error::Malformed));
        assert_eq!(Generation::try_from(1), Ok(Generation::FIRST));
        let last = Generation::try_from(u32::MAX).unwrap();
        assert_eq!(Generation::try_from(u32::MAX - 1).unwrap().next(), Ok(last));
        assert_eq!(last.next(), Err(Error::Value));
    }
}
