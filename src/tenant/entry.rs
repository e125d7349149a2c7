//! What stands beside the records in a store: authenticated by the KEK together with its name. FORMAT.md section 14.

use crate::{
    encoding::{Reader, ct_eq},
    error::Error,
    primitive::rng::RandomSource,
    secret::SecretBytes,
    tenant::{
        kek::{Keks, KeyHandle, Provider},
        name::Kind,
        policy::Policy,
        record::Record,
        store::Entry,
        suite::Suite,
    },
};

const MAGIC: &[u8; 4] = b"TSEN";
const VERSION: u8 = 1;
/// The body stands in clear, with a MAC.
const FORM_CLEAR: u8 = 1;
/// The body is wrapped.
const FORM_SECRET: u8 = 2;
/// The purpose of the key of an entry's MAC.
pub(super) const MAC_PURPOSE: &str = "entry/mac";

/// An entry with a body that anyone may read and nobody may change or move to another name.
pub(crate) fn clear(kek: &KeyHandle, suite: Suite, name: &[u8], body: &[u8]) -> Result<Entry, Error> {
    let mut bytes = head(kek, suite, FORM_CLEAR);
    bytes.extend_from_slice(&u32::try_from(body.len()).map_err(|_| Error::TooLong)?.to_be_bytes());
    bytes.extend_from_slice(body);
    let tag = kek.mac(suite, MAC_PURPOSE, &authenticated(name, &bytes)?)?;
    bytes.extend_from_slice(&tag);
    Ok(Entry { name: name.to_vec(), bytes })
}

/// The body of what [`clear`] made.
///
/// # Errors
///
/// [`Error::Open`] if it was altered or is of another name; [`Error::UnknownKek`] if it is of another KEK;
/// [`Error::Malformed`], [`Error::Unsupported`].
pub(crate) fn open_clear(keks: &Keks, name: &[u8], bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let (head, mut reader) = Head::parse(bytes, FORM_CLEAR)?;
    let body = reader.prefixed32()?;
    let tag = reader.take(head.suite.mac_len())?;
    reader.finish()?;
    let (signed, _) =
        bytes.split_at_checked(bytes.len().saturating_sub(tag.len())).ok_or(Error::Malformed)?;
    let kek = keks.of(head.provider)?;
    if ct_eq(&kek.mac(head.suite, MAC_PURPOSE, &authenticated(name, signed)?)?, tag) {
        Ok(body.to_vec())
    } else {
        Err(Error::Open)
    }
}

/// An entry with a body that only the KEK opens.
pub(crate) fn secret(
    kek: &KeyHandle,
    suite: Suite,
    name: &[u8],
    body: &[u8],
    rng: &mut impl RandomSource,
) -> Result<Entry, Error> {
    let mut bytes = head(kek, suite, FORM_SECRET);
    let wrapped = kek.wrap(suite, &authenticated(name, &bytes)?, body, rng)?;
    bytes.extend_from_slice(&u32::try_from(wrapped.len()).map_err(|_| Error::TooLong)?.to_be_bytes());
    bytes.extend_from_slice(&wrapped);
    Ok(Entry { name: name.to_vec(), bytes })
}

/// The body of what [`secret`] made.
///
/// # Errors
///
/// As [`open_clear`].
pub(crate) fn open_secret(keks: &Keks, name: &[u8], bytes: &[u8]) -> Result<SecretBytes, Error> {
    let (head, mut reader) = Head::parse(bytes, FORM_SECRET)?;
    let wrapped = reader.prefixed32()?;
    reader.finish()?;
    let (aad, _) = bytes.split_at_checked(HEAD_LEN).ok_or(Error::Malformed)?;
    keks.of(head.provider)?.unwrap(head.suite, &authenticated(name, aad)?, wrapped)
}

/// The bytes of the same entry under another KEK; `None` if it is under that one already, or under none. What it must
/// be follows from its name. Whatever the answer, the entry was opened: one that says `None` is not lost with an older
/// KEK.
///
/// # Errors
///
/// As [`open_clear`]; [`Error::Unsupported`] for a name that this version does not know.
pub(crate) fn rewrap(
    keks: &Keks,
    to: &KeyHandle,
    name: &[u8],
    bytes: &[u8],
    rng: &mut impl RandomSource,
) -> Result<Option<Vec<u8>>, Error> {
    let under = |bytes: &[u8]| Ok::<_, Error>(provider(bytes)? == to.provider());
    match Kind::of(name)? {
        Kind::Record => Record::rewrap(name, bytes, keks, to, rng),
        Kind::Policy => Policy::rewrap(bytes, keks, to),
        // Signed, and under no KEK.
        Kind::Receipt => Ok(None),
        Kind::Clear => {
            let (body, suite) = (open_clear(keks, name, bytes)?, Head::parse_any(bytes)?.0.suite);
            if under(bytes)? {
                Ok(None)
            } else {
                clear(to, suite, name, &body).map(|entry| Some(entry.bytes))
            }
        }
        Kind::Secret => {
            let (body, suite) = (open_secret(keks, name, bytes)?, Head::parse_any(bytes)?.0.suite);
            if under(bytes)? {
                Ok(None)
            } else {
                secret(to, suite, name, body.expose_secret(), rng).map(|entry| Some(entry.bytes))
            }
        }
    }
}

/// Which KEK an entry says it is under.
pub(crate) fn provider(bytes: &[u8]) -> Result<Provider, Error> {
    Head::parse_any(bytes).map(|(head, _)| head.provider)
}

struct Head {
    suite: Suite,
    provider: Provider,
}

/// `TSEN || version || form || suite || 00 || provider u16 || key id`.
const HEAD_LEN: usize = 26;

impl Head {
    fn parse(bytes: &[u8], form: u8) -> Result<(Self, Reader<'_>), Error> {
        let (head, found) = Self::parse_any(bytes)?;
        let (_, rest) = bytes.split_at_checked(HEAD_LEN).ok_or(Error::Malformed)?;
        if found == form { Ok((head, Reader::new(rest))) } else { Err(Error::Malformed) }
    }

    fn parse_any(bytes: &[u8]) -> Result<(Self, u8), Error> {
        let mut reader = Reader::new(bytes);
        if reader.array::<4>()? != MAGIC {
            return Err(Error::Malformed);
        }
        if reader.u8()? != VERSION {
            return Err(Error::Unsupported);
        }
        let form = reader.u8()?;
        if !matches!(form, FORM_CLEAR | FORM_SECRET) {
            return Err(Error::Unsupported);
        }
        let suite = Suite::from_id(reader.u8()?)?;
        if reader.u8()? != 0 {
            return Err(Error::Unsupported);
        }
        Ok((Self { suite, provider: (reader.u16()?, *reader.array()?) }, form))
    }
}

fn head(kek: &KeyHandle, suite: Suite, form: u8) -> Vec<u8> {
    let (provider, key_id) = kek.provider();
    let mut bytes = Vec::with_capacity(128);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&[VERSION, form, suite.id(), 0]);
    bytes.extend_from_slice(&provider.to_be_bytes());
    bytes.extend_from_slice(&key_id);
    bytes
}

/// `length u16 || name || bytes`: what is authenticated.
fn authenticated(name: &[u8], bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let len = u16::try_from(name.len()).map_err(|_| Error::TooLong)?;
    Ok([&len.to_be_bytes()[..], name, bytes].concat())
}
