//! Blind indexes: a number that equal values share, and that tells nothing else to whoever lacks the key.

use core::fmt;
use std::borrow::Cow;

use crate::{
    error::Error,
    field::{
        Field, Value,
        normalise::{normalise, normalise_part},
        value::Encoded,
    },
    tenant::{
        IndexKeys,
        policy::{IndexKind, IndexRule, ValueType},
    },
};

/// A blind index of one field in one compartment.
///
/// `token = top b bits of HMAC-SHA-256(key, kind || partition u16 || length u32 || normalised value)`, as an `i64`
/// that is never negative. FORMAT.md section 9.
///
/// # Security
///
/// Equal values have equal tokens: whoever sees the column sees which rows share a token, and how often. A token of
/// fewer bits hides more and finds more rows that must be opened and compared.
#[derive(Clone)]
pub struct BlindIndex {
    pub(super) field: Field,
    rule: IndexRule,
    /// Its place among the indexes of its field, in the policy that `field` holds.
    position: usize,
}

impl BlindIndex {
    pub(crate) fn new(field: Field, label: &str) -> Result<Self, Error> {
        let position = position(&field.rule().indexes, label)?;
        let rule = field.rule().indexes.get(position).ok_or(Error::UnknownIndex)?.clone();
        let index = Self { field, rule, position };
        // Derived here, so that what is wrong with a key is told where the index is asked for.
        index.with_keys(|_| ())?;
        Ok(index)
    }

    /// The token to store beside a sealed value.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] if the normaliser has no spelling for the value; [`Error::WrongType`].
    pub fn token<'v>(&self, value: impl Into<Value<'v>>) -> Result<i64, Error> {
        let value = normalise(self.rule.normaliser, self.field.rule().value_type, value.into())?;
        self.tokens(self.piece(&value)?)?.first().copied().ok_or(Error::UnknownKey)
    }

    /// Every token that rows with this value may have, for `WHERE column IN (...)`: one for each index epoch and
    /// earlier class.
    ///
    /// A row that is found is a candidate. Open it and compare, as [`BlindIndex::matches`] does: other values share
    /// the token.
    ///
    /// Of an index of first or last characters, `value` is what a value begins or ends with: as many characters as the
    /// policy says, or more.
    ///
    /// # Errors
    ///
    /// As [`BlindIndex::token`]; [`Error::Value`] too for fewer characters than the index is made of.
    pub fn lookup<'v>(&self, value: impl Into<Value<'v>>) -> Result<Vec<i64>, Error> {
        let value = self.sought(value.into())?;
        let piece = self.piece(&value)?;
        let is_short = |len: u8| match self.field.rule().value_type {
            ValueType::Text => {
                core::str::from_utf8(piece).map_or(0, |text| text.chars().count()) < usize::from(len)
            }
            _ => piece.len() < usize::from(len),
        };
        if self.rule.kind.len().is_some_and(is_short) { Err(Error::Value) } else { self.tokens(piece) }
    }

    /// Whether a value is one that is looked for by `sought`: the same to this index, or, of an index of first or last
    /// characters, one that begins or ends with it. A value without a spelling is none.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`].
    pub fn matches<'v, 'w>(
        &self,
        value: impl Into<Value<'v>>,
        sought: impl Into<Value<'w>>,
    ) -> Result<bool, Error> {
        let value = normalise(self.rule.normaliser, self.field.rule().value_type, value.into());
        match (value, self.sought(sought.into())) {
            (Err(Error::WrongType), _) | (_, Err(Error::WrongType)) => Err(Error::WrongType),
            (Ok(value), Ok(sought)) => Ok(match self.rule.kind {
                IndexKind::Exact => *value == *sought,
                IndexKind::Last(_) => value.ends_with(&sought),
                IndexKind::Prefix(_) => value.starts_with(&sought),
            }),
            _ => Ok(false),
        }
    }

    /// What the policy says of this index.
    #[must_use]
    pub fn rule(&self) -> &IndexRule {
        &self.rule
    }

    /// What is looked for, in the index's spelling.
    fn sought<'v>(&self, sought: Value<'v>) -> Result<Encoded<'v>, Error> {
        let value_type = self.field.rule().value_type;
        match self.rule.kind {
            IndexKind::Exact => normalise(self.rule.normaliser, value_type, sought),
            IndexKind::Last(_) | IndexKind::Prefix(_) => {
                normalise_part(self.rule.normaliser, value_type, sought)
            }
        }
    }

    /// What of a spelling a token is made of: all of it if it is shorter.
    fn piece<'v>(&self, value: &'v [u8]) -> Result<&'v [u8], Error> {
        let kind = self.rule.kind;
        let Some(len) = kind.len().map(usize::from) else { return Ok(value) };
        let is_text = self.field.rule().value_type == ValueType::Text;
        let text = if is_text { core::str::from_utf8(value).map_err(|_| Error::WrongType)? } else { "" };
        let at = match (kind, is_text) {
            (IndexKind::Last(_), true) => text.char_indices().nth_back(len - 1).map_or(0, |(at, _)| at),
            (IndexKind::Last(_), false) => value.len().saturating_sub(len),
            (_, true) => text.char_indices().nth(len).map_or(value.len(), |(at, _)| at),
            (_, false) => len.min(value.len()),
        };
        let (first, last) = value.split_at_checked(at).ok_or(Error::Value)?;
        Ok(if matches!(kind, IndexKind::Last(_)) { last } else { first })
    }

    fn tokens(&self, value: &[u8]) -> Result<Vec<i64>, Error> {
        let rule = &self.rule;
        let len = u32::try_from(value.len()).map_err(|_| Error::TooLong)?;
        let mut head = [0; 7];
        let (kind, rest) = head.split_at_mut(1);
        let (_partition, length) = rest.split_at_mut(2);
        kind.copy_from_slice(&[rule.kind.id()]);
        length.copy_from_slice(&len.to_be_bytes());
        let token = |tag: [u8; 32]| {
            let first = tag.first_chunk::<8>().copied().map_or(0, u64::from_be_bytes);
            // Invariant: 63 bits at most are left, so the number fits.
            i64::try_from(first >> (64 - u32::from(rule.bits))).unwrap_or_default()
        };
        self.with_keys(|keys| keys.0.iter().map(|key| token(key.tag(&[&head, value]))).collect())
    }

    fn with_keys<T>(&self, act: impl FnOnce(&IndexKeys) -> T) -> Result<T, Error> {
        let column = self.field.column.current()?;
        let position = match column.view {
            Cow::Borrowed(_) => self.position,
            Cow::Owned(_) => position(&column.rule()?.indexes, &self.rule.label)?,
        };
        Ok(act(column.view.index_keys(column.slot, position, &self.rule)?))
    }
}

fn position(indexes: &[IndexRule], label: &str) -> Result<usize, Error> {
    indexes.iter().position(|index| index.label == label).ok_or(Error::UnknownIndex)
}

impl fmt::Debug for BlindIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlindIndex").field("field", &self.field).finish_non_exhaustive()
    }
}
