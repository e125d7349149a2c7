//! How a cell is tied to its row.

use crate::{encoding::info_into, error::Error, tenant::policy::Bind};

/// The row that a cell belongs to: part of what it is authenticated with.
///
/// An `i64`, a text or bytes convert into a row id; natural keys are [`Row::natural`]. Which of them a field takes
/// is said by its policy (`bind`), and another one is [`Error::WrongBinding`]. The same number as an integer and as
/// text are two different rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a>(Kind<'a>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind<'a> {
    Id(Key<'a>),
    Natural(&'a [Key<'a>]),
    Unbound,
}

/// A typed part of a row's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Key<'a> {
    /// Bytes.
    Bytes(&'a [u8]),
    /// A 64-bit integer.
    Int(i64),
    /// UTF-8 text.
    Text(&'a str),
}

impl<'a> Row<'a> {
    /// No row at all, for fields whose policy says `unbound`: such a cell may be moved within its column.
    pub const UNBOUND: Self = Self(Kind::Unbound);

    /// The row that has these values in its natural key columns, in the policy's order.
    #[must_use]
    pub const fn natural(keys: &'a [Key<'a>]) -> Self {
        Self(Kind::Natural(keys))
    }

    /// # Errors
    ///
    /// [`Error::WrongBinding`] if the policy wants another kind of row.
    pub(crate) fn check(&self, bind: &Bind) -> Result<(), Error> {
        let fits = match (self.0, bind) {
            (Kind::Id(_), Bind::Row) | (Kind::Unbound, Bind::Unbound) => true,
            (Kind::Natural(keys), Bind::Natural(columns)) => keys.len() == columns.len(),
            _ => false,
        };
        if fits { Ok(()) } else { Err(Error::WrongBinding) }
    }

    /// Appends `I("row", key)`, `I("natural", keys...)` or `I("unbound")`.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] for a key over 65,534 bytes.
    #[inline]
    pub(crate) fn encode(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        match self.0 {
            Kind::Id(Key::Int(id)) => {
                // Integers are nearly every row, and all but the number is the same.
                out.extend_from_slice(INT_PREFIX);
                out.extend_from_slice(&id.to_be_bytes());
                Ok(())
            }
            Kind::Id(key) => info_into(out, &[b"row", &key.encode()]),
            Kind::Natural(keys) => {
                let keys: Vec<Vec<u8>> = keys.iter().map(Key::encode).collect();
                let mut parts: Vec<&[u8]> = vec![b"natural"];
                parts.extend(keys.iter().map(Vec::as_slice));
                info_into(out, &parts)
            }
            Kind::Unbound => info_into(out, &[b"unbound"]),
        }
    }
}

impl Key<'_> {
    /// The type number, then the value: 1 for i64 BE, 2 for UTF-8, 3 for bytes.
    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Int(number) => [&[1][..], &number.to_be_bytes()].concat(),
            Self::Text(text) => [&[2], text.as_bytes()].concat(),
            Self::Bytes(bytes) => [&[3], *bytes].concat(),
        }
    }
}

impl<'a> From<Key<'a>> for Row<'a> {
    fn from(id: Key<'a>) -> Self {
        Self(Kind::Id(id))
    }
}

impl From<i64> for Row<'_> {
    fn from(id: i64) -> Self {
        Self(Kind::Id(Key::Int(id)))
    }
}

impl<'a> From<&'a str> for Row<'a> {
    fn from(id: &'a str) -> Self {
        Self(Kind::Id(Key::Text(id)))
    }
}

impl<'a> From<&'a [u8]> for Row<'a> {
    fn from(id: &'a [u8]) -> Self {
        Self(Kind::Id(Key::Bytes(id)))
    }
}

/// `I("row", 1 || i64 BE)` up to the number.
const INT_PREFIX: &[u8] = b"tenantseal/1\x02\x00\x03row\x00\x09\x01";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::info;

    fn encoded(row: Row<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        row.encode(&mut out).unwrap();
        out
    }

    #[test]
    fn rows_are_encoded_as_specified() {
        for id in [0, 1, -1, i64::MIN, i64::MAX] {
            let part = [&[1][..], &id.to_be_bytes()].concat();
            assert_eq!(encoded(id.into()), info(&[b"row", &part]).unwrap());
        }
        assert_eq!(encoded("a".into()), info(&[b"row", b"\x02a"]).unwrap());
        assert_eq!(encoded(b"a".as_slice().into()), info(&[b"row", b"\x03a"]).unwrap());
        let keys = [Key::Text("a"), Key::Int(2)];
        let expected = info(&[b"natural", b"\x02a", &[1, 0, 0, 0, 0, 0, 0, 0, 2]]).unwrap();
        assert_eq!(encoded(Row::natural(&keys)), expected);
        assert_eq!(encoded(Row::UNBOUND), info(&[b"unbound"]).unwrap());
    }

    #[test]
    fn a_key_that_does_not_fit_is_refused() {
        let long = "x".repeat(65_535);
        assert_eq!(Row::from(long.as_str()).encode(&mut Vec::new()), Err(Error::TooLong));
        assert_eq!(Row::from(&long[1..]).encode(&mut Vec::new()), Ok(()));
    }
}
