//! Blind indexes: a number that equal values share, and that tells nothing else to whoever lacks the key.

use core::fmt;
use std::borrow::Cow;

use crate::{
    error::Error,
    field::{Field, Value, normalise::normalise},
    tenant::{IndexKeys, policy::IndexRule},
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
    field: Field,
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
        self.tokens(value.into())?.first().copied().ok_or(Error::UnknownKey)
    }

    /// Every token that rows with this value may have, for `WHERE column IN (...)`: one for each index epoch and
    /// earlier class.
    ///
    /// A row that is found is a candidate. Open it and compare, as [`BlindIndex::matches`] does: other values share
    /// the token.
    ///
    /// # Errors
    ///
    /// As [`BlindIndex::token`].
    pub fn lookup<'v>(&self, value: impl Into<Value<'v>>) -> Result<Vec<i64>, Error> {
        self.tokens(value.into())
    }

    /// Whether two values are the same to this index. A value without a spelling is the same as none.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`].
    pub fn matches<'v, 'w>(
        &self,
        left: impl Into<Value<'v>>,
        right: impl Into<Value<'w>>,
    ) -> Result<bool, Error> {
        let (rule, value_type) = (&self.rule, self.field.rule().value_type);
        let left = normalise(rule.normaliser, value_type, left.into());
        let right = normalise(rule.normaliser, value_type, right.into());
        match (left, right) {
            (Err(Error::WrongType), _) | (_, Err(Error::WrongType)) => Err(Error::WrongType),
            (Ok(left), Ok(right)) => Ok(*left == *right),
            _ => Ok(false),
        }
    }

    /// What the policy says of this index.
    #[must_use]
    pub fn rule(&self) -> &IndexRule {
        &self.rule
    }

    fn tokens(&self, value: Value<'_>) -> Result<Vec<i64>, Error> {
        let rule = &self.rule;
        let value = normalise(rule.normaliser, self.field.rule().value_type, value)?;
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
        self.with_keys(|keys| keys.0.iter().map(|key| token(key.tag(&[&head, &value]))).collect())
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
