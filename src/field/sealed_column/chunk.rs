//! The bytes of a chunk. FORMAT.md section 16.

use crate::{
    encoding::Reader,
    error::Error,
    field::{CellKind, SealedColumn, bulk::Salted, cell::CellHeader},
    primitive::aead::TAG_LEN,
};

/// A chunk, taken apart.
pub(crate) struct Parts<'c> {
    pub(super) header: CellHeader,
    pub(super) len: usize,
    pub(crate) salt: &'c [u8],
    /// Everything before the values: what the tag is over, besides the context.
    pub(super) head: &'c [u8],
    pub(crate) validity: &'c [u8],
    pub(crate) lengths: &'c [[u8; 4]],
    values: &'c [u8],
    pub(super) tag: &'c [u8; TAG_LEN],
}

impl<'c> Parts<'c> {
    /// # Errors
    ///
    /// [`Error::Malformed`] too if its lengths do not add up to its values, or a bit is set past its validity.
    pub(super) fn parse(bytes: &'c [u8]) -> Result<Self, Error> {
        let parts = Self::split(bytes)?;
        let unused = |last: &u8| last.checked_shr(used_bits(parts.len)).unwrap_or(0);
        let is_clean = parts.validity.last().map_or(0, unused) == 0;
        let mut all = parts.values();
        let whole = all.try_for_each(|value| value.map(drop));
        if is_clean && all.rest.is_empty() { whole.map(|()| parts) } else { Err(Error::Malformed) }
    }

    /// The parts of a chunk that was parsed or written before: its lengths are not added up again.
    pub(super) fn split(bytes: &'c [u8]) -> Result<Self, Error> {
        let (bytes, tag) = bytes.split_last_chunk().ok_or(Error::Malformed)?;
        let mut reader = Reader::new(bytes);
        if reader.array()? != MAGIC {
            return Err(Error::Malformed);
        }
        if reader.array()? != VERSION {
            return Err(Error::Unsupported);
        }
        let header = CellHeader::read(&mut reader)?;
        if header.kind == CellKind::Deterministic {
            return Err(Error::Unsupported);
        }
        let salt = reader.take(header.suite.nonce_len().saturating_sub(8))?;
        let len = usize::try_from(reader.u64()?).map_err(|_| Error::Malformed)?;
        let validity = reader.take(len.div_ceil(8))?;
        let lengths = reader.take(len.checked_mul(4).ok_or(Error::Malformed)?)?;
        let (lengths, _) = lengths.as_chunks();
        let values = reader.take(reader.remaining())?;
        let head = bytes.len().checked_sub(values.len()).and_then(|len| bytes.get(..len));
        Ok(Self { header, len, salt, head: head.ok_or(Error::Malformed)?, validity, lengths, values, tag })
    }

    /// `ciphertext || tag` of every value, `None` for nulls.
    pub(crate) fn values(&self) -> Values<'c> {
        Values { position: 0, validity: self.validity, lengths: self.lengths, rest: self.values }
    }
}

/// The values of a chunk, in order. It ends after the first error.
pub(crate) struct Values<'c> {
    position: usize,
    validity: &'c [u8],
    lengths: &'c [[u8; 4]],
    rest: &'c [u8],
}

impl<'c> Values<'c> {
    fn value(&mut self, len: u32) -> Result<Option<&'c [u8]>, Error> {
        let byte = self.validity.get(self.position / 8).ok_or(Error::Malformed)?;
        if byte >> (self.position % 8) & 1 == 0 {
            return if len == 0 { Ok(None) } else { Err(Error::Malformed) };
        }
        let len = usize::try_from(len).ok().and_then(|len| len.checked_add(TAG_LEN));
        let (value, rest) = len.and_then(|len| self.rest.split_at_checked(len)).ok_or(Error::Malformed)?;
        self.rest = rest;
        Ok(Some(value))
    }
}

impl<'c> Iterator for Values<'c> {
    type Item = Result<Option<&'c [u8]>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let len = u32::from_be_bytes(*self.lengths.get(self.position)?);
        let value = self.value(len);
        self.position = if value.is_ok() { self.position + 1 } else { self.lengths.len() };
        Some(value)
    }
}

/// A chunk in the making.
#[derive(Default)]
pub(super) struct Draft {
    len: usize,
    validity: Vec<u8>,
    lengths: Vec<u8>,
    values: Vec<u8>,
}

impl Draft {
    /// For that many values or more, of any length.
    pub(super) fn with_capacity(count: usize) -> Self {
        // The number is a hint of the caller's iterator, and no promise.
        let count = count.min(MOST_READY);
        Self {
            len: 0,
            validity: Vec::with_capacity(count.div_ceil(8)),
            lengths: Vec::with_capacity(count * 4),
            values: Vec::with_capacity(count * (SHORT_VALUE + TAG_LEN)),
        }
    }

    pub(super) fn push_null(&mut self) -> Result<(), Error> {
        self.push_len(0, false)
    }

    /// Adds a value of that many bytes; `fill` writes its `ciphertext || tag`.
    pub(super) fn push(
        &mut self,
        len: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.push_len(len, true)?;
        let start = self.values.len();
        let end = start.checked_add(len).and_then(|end| end.checked_add(TAG_LEN)).ok_or(Error::TooLong)?;
        self.values.resize(end, 0);
        fill(self.values.get_mut(start..).ok_or(Error::Malformed)?)
    }

    fn push_len(&mut self, len: usize, is_there: bool) -> Result<(), Error> {
        let len = u32::try_from(len).map_err(|_| Error::TooLong)?;
        self.lengths.extend_from_slice(&len.to_be_bytes());
        if self.len.is_multiple_of(8) {
            self.validity.push(0);
        }
        if let Some(last) = self.validity.last_mut() {
            *last |= u8::from(is_there) << (self.len % 8);
        }
        self.len += 1;
        Ok(())
    }

    pub(super) fn finish(self, salted: &Salted<'_>) -> Result<SealedColumn, Error> {
        let Self { len, validity, lengths, mut values } = self;
        let fixed = fixed_part(salted, len)?;
        let mut bytes =
            Vec::with_capacity(fixed.len() + validity.len() + lengths.len() + values.len() + TAG_LEN);
        for part in [&fixed, &validity, &lengths] {
            bytes.extend_from_slice(part);
        }
        let tag = salted.chunk_tag(&bytes)?;
        bytes.append(&mut values);
        bytes.extend_from_slice(&tag);
        Ok(SealedColumn::written(bytes, salted.header(), len))
    }
}

/// What a chunk of that many values starts with, up to its validity.
pub(crate) fn fixed_part(salted: &Salted<'_>, len: usize) -> Result<Vec<u8>, Error> {
    let len = u64::try_from(len).map_err(|_| Error::TooLong)?;
    Ok([&MAGIC[..], VERSION, &salted.header().to_bytes(), salted.salt(), &len.to_be_bytes()].concat())
}

/// How many bits of the last byte of a validity are values.
fn used_bits(len: usize) -> u32 {
    if len.is_multiple_of(8) { 8 } else { u32::try_from(len % 8).unwrap_or(0) }
}

/// What a chunk starts with.
pub(super) const MAGIC: &[u8; 4] = b"TSSC";
/// What a value is taken to have at least, in bytes.
const SHORT_VALUE: usize = 8;
/// For how many values room is made before they come.
const MOST_READY: usize = 1 << 16;
/// Version 1, and what is reserved.
const VERSION: &[u8; 4] = &[1, 0, 0, 0];
