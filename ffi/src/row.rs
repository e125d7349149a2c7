//! How a row is passed as bytes.
//!
//! `U` alone is no row. `I` and one key is a row id; `N` and its keys, one after the other, are natural keys. A key is `i`
//! and 8 bytes, or `t` or `b`, a length of 4 bytes, and UTF-8 or bytes of that length. Numbers have their most significant
//! byte first. It is the form of this interface only: nothing of it is stored.

use tenantseal::{
    Error,
    field::{Key, Row},
};

use crate::{
    input::{bytes, text},
    output::{Buffer, call},
    status::{Result, tenantseal_status},
};

/// Writes the row with an integer id. The functions that end in _i64 do without.
///
/// @param id  the id
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_row_i64(
    id: i64,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe { call(Buffer::new(out, out_cap, out_len), || Ok([b"Ii", &id.to_be_bytes()[..]].concat())) }
}

/// Writes the row with a text as its id. The same digits as an integer are another row.
///
/// @param id, id_len  the id
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return VALUE for what is not UTF-8; TOO_LONG over 65,534 bytes
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_row_text(
    id: *const u8,
    id_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let id = bytes(id, id_len)?;
            let id = text(id)?;
            Ok([b"I", &key(b't', id.as_bytes())?[..]].concat())
        })
    }
}

/// Writes the row with bytes as its id.
///
/// @param id, id_len  the id
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return TOO_LONG over 65,534 bytes
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_row_bytes(
    id: *const u8,
    id_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let id = bytes(id, id_len)?;
            Ok([b"I", &key(b'b', id)?[..]].concat())
        })
    }
}

/// Writes no row at all, for fields whose policy says `unbound`.
///
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return OK
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_row_unbound(
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe { call(Buffer::new(out, out_cap, out_len), || Ok(b"U".to_vec())) }
}

/// Adds an integer to a row's natural keys, in the policy's order.
///
/// @param keys, keys_len  what an earlier call of a tenantseal_row_natural_* function wrote; NULL
///     and 0 to begin with
/// @param key  the value of the next key
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return MALFORMED if `keys` was not written so
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_row_natural_i64(
    keys: *const u8,
    keys_len: usize,
    key: i64,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let keys = bytes(keys, keys_len)?;
            natural(keys, &[b"i", &key.to_be_bytes()[..]].concat())
        })
    }
}

/// Adds a text to a row's natural keys, in the policy's order.
///
/// @param keys, keys_len  what an earlier call of a tenantseal_row_natural_* function wrote; NULL
///     and 0 to begin with
/// @param next, next_len  the value of the next key
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return MALFORMED if `keys` was not written so; VALUE for what is not UTF-8; TOO_LONG
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_row_natural_text(
    keys: *const u8,
    keys_len: usize,
    next: *const u8,
    next_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let keys = bytes(keys, keys_len)?;
            let next = bytes(next, next_len)?;
            let next = text(next)?;
            natural(keys, &key(b't', next.as_bytes())?)
        })
    }
}

/// Adds bytes to a row's natural keys, in the policy's order.
///
/// @param keys, keys_len  what an earlier call of a tenantseal_row_natural_* function wrote; NULL
///     and 0 to begin with
/// @param next, next_len  the value of the next key
/// @param out, out_cap, out_len  where to write, its capacity, and what its length became
/// @return MALFORMED if `keys` was not written so; TOO_LONG
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_row_natural_bytes(
    keys: *const u8,
    keys_len: usize,
    next: *const u8,
    next_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::new(out, out_cap, out_len), || {
            let keys = bytes(keys, keys_len)?;
            let next = bytes(next, next_len)?;
            natural(keys, &key(b'b', next)?)
        })
    }
}

fn key(kind: u8, bytes: &[u8]) -> Result<Vec<u8>> {
    // The core's own limit, which it has for a key with its type.
    let len = u16::try_from(bytes.len()).ok().filter(|len| *len < u16::MAX).ok_or(Error::TooLong)?;
    Ok([&[kind], &u32::from(len).to_be_bytes()[..], bytes].concat())
}

fn natural(keys: &[u8], next: &[u8]) -> Result<Vec<u8>> {
    let keys = if keys.is_empty() { b"N" } else { keys };
    match keys.split_first() {
        Some((b'N', rest)) => parse_keys(rest)?,
        _ => return Err(Error::Malformed.into()),
    };
    Ok([keys, next].concat())
}

/// A row that was passed as bytes.
pub(crate) enum Bound<'a> {
    Id(Key<'a>),
    Natural(Vec<Key<'a>>),
    Unbound,
}

impl<'a> Bound<'a> {
    /// # Errors
    ///
    /// [`Error::Malformed`].
    pub(crate) fn parse(row: &'a [u8]) -> Result<Self> {
        let (kind, rest) = row.split_first().ok_or(Error::Malformed)?;
        let keys = parse_keys(rest)?;
        match (kind, &keys[..]) {
            (b'U', []) => Ok(Self::Unbound),
            (b'I', [key]) => Ok(Self::Id(*key)),
            (b'N', [_, ..]) => Ok(Self::Natural(keys)),
            _ => Err(Error::Malformed.into()),
        }
    }

    pub(crate) fn row(&self) -> Row<'_> {
        match self {
            Self::Id(Key::Bytes(id)) => (*id).into(),
            Self::Id(Key::Int(id)) => (*id).into(),
            Self::Id(Key::Text(id)) => (*id).into(),
            Self::Natural(keys) => Row::natural(keys),
            // The enum of keys is non-exhaustive; the parser makes no other.
            Self::Id(_) | Self::Unbound => Row::UNBOUND,
        }
    }
}

fn parse_keys(mut rest: &[u8]) -> Result<Vec<Key<'_>>> {
    let mut keys = Vec::new();
    while let Some((kind, after)) = rest.split_first() {
        let key;
        (key, rest) = if *kind == b'i' {
            let (number, after) = after.split_first_chunk().ok_or(Error::Malformed)?;
            (Key::Int(i64::from_be_bytes(*number)), after)
        } else {
            let (len, after) = after.split_first_chunk().ok_or(Error::Malformed)?;
            let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| Error::Malformed)?;
            let (value, after) = after.split_at_checked(len).ok_or(Error::Malformed)?;
            let key = match kind {
                b'b' => Key::Bytes(value),
                b't' => Key::Text(core::str::from_utf8(value).map_err(|_| Error::Malformed)?),
                _ => return Err(Error::Malformed.into()),
            };
            (key, after)
        };
        keys.push(key);
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::status::Failure;

    const MALFORMED: Failure = Failure::Core(Error::Malformed);

    #[test]
    fn rows_are_read_as_written() {
        let id = [b"Ii", &7i64.to_be_bytes()[..]].concat();
        assert_eq!(Bound::parse(&id).unwrap().row(), 7.into());
        assert_eq!(Bound::parse(b"It\0\0\0\x01a").unwrap().row(), "a".into());
        assert_eq!(Bound::parse(b"Ib\0\0\0\x01a").unwrap().row(), b"a".as_slice().into());
        assert_eq!(Bound::parse(b"U").unwrap().row(), Row::UNBOUND);
        let keys =
            natural(&natural(b"", &key(b't', b"a").unwrap()).unwrap(), &key(b'b', b"").unwrap()).unwrap();
        assert_eq!(Bound::parse(&keys).unwrap().row(), Row::natural(&[Key::Text("a"), Key::Bytes(b"")]));
    }

    #[test]
    fn what_is_no_row_is_malformed() {
        for bad in [
            &b""[..],
            b"u",
            b"I",
            b"N",
            b"Ui",
            b"Ii",
            b"Ii\0\0\0\0\0\0\0",
            b"Ii\0\0\0\0\0\0\0\0\0",
            b"It\0\0\0\x02a",
            b"It\0\0\0\x01ab",
            b"It\0\0\0\x01\xff",
            b"Ix\0\0\0\0",
            b"It\xff\xff\xff\xff",
            b"Uit\0\0\0\0",
        ] {
            assert_eq!(Bound::parse(bad).err(), Some(MALFORMED), "{bad:?}");
        }
        assert_eq!(natural(b"I", b""), Err(MALFORMED));
        assert_eq!(natural(b"Nx", b""), Err(MALFORMED));
        assert!(key(b't', &[b'a'; 65_534]).is_ok() && key(b't', &[b'a'; 65_535]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            if let Ok(bound) = Bound::parse(&bytes) {
                let _ = bound.row();
            }
        }
    }
}
