//! Blind indexes: a number that equal values share, and that tells nothing else to whoever lacks the key.

use core::{cmp::Ordering, fmt};
use std::borrow::Cow;

use crate::{
    error::Error,
    field::{
        Field, Row, Value, bucket,
        normalise::{normalise, normalise_part},
        value::Encoded,
    },
    primitive::mac::HmacSha256,
    secret::SecretBytes,
    tenant::{
        IndexKeys,
        policy::{IndexKind, IndexRule, Normaliser, ValueType},
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
    /// What the values of its columns are, the field's own first, and how they are spelled.
    columns: Vec<(ValueType, Normaliser)>,
}

impl BlindIndex {
    /// The most buckets that one lookup of a range may take.
    pub const MAX_BUCKETS: i64 = 1_024;

    pub(crate) fn new(field: Field, label: &str) -> Result<Self, Error> {
        let owner = field.rule();
        let position = position(&owner.indexes, label)?;
        let rule = owner.indexes.get(position).ok_or(Error::UnknownIndex)?.clone();
        let mut columns = vec![(owner.value_type, rule.normaliser)];
        for part in rule.kind.further() {
            let policy = field.column.tenant.held().policy()?;
            let other = policy.field(&format!("{}.{}", owner.table, part.column))?;
            columns.push((other.value_type, part.normaliser));
        }
        let index = Self { field, rule, position, columns };
        // Derived here, so that what is wrong with a key is told where the index is asked for.
        index.with_keys(|_| Ok(()))?;
        Ok(index)
    }

    /// The token to store beside a sealed value.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] if the normaliser has no spelling for the value; [`Error::WrongType`]; [`Error::WrongIndex`] of an
    /// index that needs more than the value: of several columns, or with partitions ([`BlindIndex::token_of`]), or unique.
    pub fn token<'v>(&self, value: impl Into<Value<'v>>) -> Result<i64, Error> {
        if self.rule.partitions > 1 {
            return Err(Error::WrongIndex);
        }
        let message = self.message(value.into())?;
        self.with_keys(|keys| self.token_under(keys.newest()?, 0, &message))
    }

    /// The token to store in a row, of an index of any kind but `unique`: of its field's value, and of a compound index of
    /// the values of its further columns too, in the policy's order. The row is the one that the field's cell is sealed for; it
    /// selects the partition.
    ///
    /// # Errors
    ///
    /// As [`BlindIndex::token`]; [`Error::WrongIndex`] for more or fewer values than the index has columns, and of a unique
    /// one; [`Error::WrongBinding`].
    pub fn token_of<'r>(&self, row: impl Into<Row<'r>>, values: &[Value<'_>]) -> Result<i64, Error> {
        let row = row.into();
        row.check(&self.field.rule().bind)?;
        let message = self.message_of(values)?;
        self.with_keys(|keys| {
            let key = keys.newest()?;
            self.token_under(key, self.partition(key, row)?, &message)
        })
    }

    /// Every token that rows with this value may have, for `WHERE column IN (...)`: one for each index epoch,
    /// earlier class and partition.
    ///
    /// A row that is found is a candidate. Open it and compare, as [`BlindIndex::matches`] does: other values share
    /// the token.
    ///
    /// Of an index of first or last characters, `value` is what a value begins or ends with: as many characters as the
    /// policy says, or more.
    ///
    /// # Errors
    ///
    /// As [`BlindIndex::token`], but not for partitions; [`Error::Value`] too for fewer characters than the index is made of.
    pub fn lookup<'v>(&self, value: impl Into<Value<'v>>) -> Result<Vec<i64>, Error> {
        let Some(len) = self.rule.kind.len() else { return self.tokens(&[self.message(value.into())?]) };
        let (value_type, _) = self.column()?;
        let is_long = |sought: &Encoded<'_>| match value_type {
            ValueType::Text => {
                core::str::from_utf8(sought).map_or(0, |text| text.chars().count()) >= usize::from(len)
            }
            _ => sought.len() >= usize::from(len),
        };
        let mut pieces: Vec<Encoded<'_>> = Vec::new();
        for sought in self.sought(value.into())?.into_iter().flatten().filter(is_long) {
            let piece = piece(&self.rule.kind, value_type, sought)?;
            if !pieces.iter().any(|other| **other == *piece) {
                pieces.push(piece);
            }
        }
        if pieces.is_empty() { Err(Error::Value) } else { self.tokens(&pieces) }
    }

    /// [`BlindIndex::lookup`] of an index of any kind but `unique`, for rows that have all these values.
    ///
    /// # Errors
    ///
    /// As [`BlindIndex::lookup`]; [`Error::WrongIndex`] for more or fewer values than the index has columns.
    pub fn lookup_of(&self, values: &[Value<'_>]) -> Result<Vec<i64>, Error> {
        match (&self.rule.kind, values) {
            (IndexKind::Compound(_), _) => self.tokens(&[self.message_of(values)?]),
            (_, [value]) => self.lookup(*value),
            _ => Err(Error::WrongIndex),
        }
    }

    /// Every token that rows with a value from `low` to `high` may have, both included: those of every bucket between them. No
    /// token if `low` is above `high`. Recheck by [`BlindIndex::matches_between`].
    ///
    /// # Errors
    ///
    /// As [`BlindIndex::lookup`]; [`Error::WrongIndex`] of an index without buckets; [`Error::TooLong`] over
    /// [`BlindIndex::MAX_BUCKETS`] buckets.
    pub fn lookup_between<'v>(
        &self,
        low: impl Into<Value<'v>>,
        high: impl Into<Value<'v>>,
    ) -> Result<Vec<i64>, Error> {
        let IndexKind::Bucket(kind) = self.rule.kind else { return Err(Error::WrongIndex) };
        let (low, high) = (self.checked(low.into())?, self.checked(high.into())?);
        let (first, last) = (bucket::number(kind, low)?, bucket::number(kind, high)?);
        if bucket::compare(low, high)? == Ordering::Greater {
            return Ok(Vec::new());
        }
        if last.checked_sub(first).is_none_or(|more| more >= Self::MAX_BUCKETS) {
            return Err(Error::TooLong);
        }
        let messages: Vec<_> = (first..=last).map(|number| Encoded::of(&number.to_be_bytes())).collect();
        self.tokens(&messages)
    }

    /// Whether a value is one that is looked for by `sought`: the same to this index, or, of an index of first or last
    /// characters, one that begins or ends with it. A value without a spelling is none.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`]; [`Error::WrongIndex`] of a compound index ([`BlindIndex::matches_of`]).
    pub fn matches<'v, 'w>(
        &self,
        value: impl Into<Value<'v>>,
        sought: impl Into<Value<'w>>,
    ) -> Result<bool, Error> {
        let (value_type, normaliser) = self.column()?;
        let (value, sought) = (value.into(), sought.into());
        if matches!(self.rule.kind, IndexKind::Bucket(_)) {
            return Ok(bucket::compare(self.checked(value)?, self.checked(sought)?)? == Ordering::Equal);
        }
        let is_found = |value: &[u8], sought: &Encoded<'_>| match self.rule.kind {
            IndexKind::Last(_) => value.ends_with(sought),
            IndexKind::Prefix(_) => value.starts_with(sought),
            _ => *value == **sought,
        };
        match (normalise(normaliser, value_type, value), self.sought(sought)) {
            (Err(Error::WrongType), _) | (_, Err(Error::WrongType)) => Err(Error::WrongType),
            (Ok(value), Ok(sought)) => Ok(sought.iter().flatten().any(|sought| is_found(&value, sought))),
            _ => Ok(false),
        }
    }

    /// [`BlindIndex::matches`] of all columns of a compound index.
    ///
    /// # Errors
    ///
    /// As [`BlindIndex::matches`]; [`Error::WrongIndex`] for more or fewer values than the index has columns.
    pub fn matches_of(&self, values: &[Value<'_>], sought: &[Value<'_>]) -> Result<bool, Error> {
        match (&self.rule.kind, values, sought) {
            (IndexKind::Compound(_), _, _) => match (self.message_of(values), self.message_of(sought)) {
                (Ok(values), Ok(sought)) => Ok(*values == *sought),
                (Err(Error::Value), Ok(_) | Err(Error::Value)) | (Ok(_), Err(Error::Value)) => Ok(false),
                (Err(error), _) | (_, Err(error)) => Err(error),
            },
            (_, [value], [sought]) => self.matches(*value, *sought),
            _ => Err(Error::WrongIndex),
        }
    }

    /// Whether a value is one from `low` to `high`, both included.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`], [`Error::Value`]; [`Error::WrongIndex`] of an index without buckets.
    pub fn matches_between<'v>(
        &self,
        value: impl Into<Value<'v>>,
        low: impl Into<Value<'v>>,
        high: impl Into<Value<'v>>,
    ) -> Result<bool, Error> {
        if !matches!(self.rule.kind, IndexKind::Bucket(_)) {
            return Err(Error::WrongIndex);
        }
        let value = self.checked(value.into())?;
        let (low, high) = (self.checked(low.into())?, self.checked(high.into())?);
        Ok(bucket::compare(low, value)?.is_le() && bucket::compare(value, high)?.is_le())
    }

    /// The 16 bytes of a unique index: one for each index epoch and earlier class, the one of the newest first. While there
    /// are several, a row is written with all of them, and each must be free: check and write them in one transaction.
    ///
    /// # Security
    ///
    /// They show every pair of equal values, and whoever may ask for them finds out whether a value is there.
    ///
    /// # Errors
    ///
    /// As [`BlindIndex::token`]; [`Error::WrongIndex`] of an index of another kind.
    pub fn unique<'v>(&self, value: impl Into<Value<'v>>) -> Result<Vec<[u8; 16]>, Error> {
        let IndexKind::Unique = self.rule.kind else { return Err(Error::WrongIndex) };
        let (value_type, normaliser) = self.column()?;
        let message = normalise(normaliser, value_type, value.into())?;
        let first = |tag: [u8; 32]| tag.first_chunk().copied().ok_or(Error::Malformed);
        self.with_keys(|keys| keys.0.iter().map(|key| first(self.tag(key, 0, &message)?)).collect())
    }

    /// What the policy says of this index.
    #[must_use]
    pub fn rule(&self) -> &IndexRule {
        &self.rule
    }

    /// Type and normaliser of the only column.
    ///
    /// # Errors
    ///
    /// [`Error::WrongIndex`] of a compound index.
    fn column(&self) -> Result<(ValueType, Normaliser), Error> {
        match self.columns.as_slice() {
            [column] => Ok(*column),
            _ => Err(Error::WrongIndex),
        }
    }

    /// A value of the field, never as it was written.
    fn checked<'v>(&self, value: Value<'v>) -> Result<Value<'v>, Error> {
        let (value_type, _) = self.column()?;
        value.bytes_of(value_type)?;
        value.resolved(value_type)
    }

    /// What is hashed of a single value.
    #[inline]
    fn message<'v>(&self, value: Value<'v>) -> Result<Encoded<'v>, Error> {
        let (value_type, _) = self.column()?;
        hashed(&self.rule, value_type, value)
    }

    /// What is hashed of a value for each column: of several, each with its length before it.
    fn message_of<'v>(&self, values: &[Value<'v>]) -> Result<Encoded<'v>, Error> {
        if values.len() != self.columns.len() {
            return Err(Error::WrongIndex);
        }
        if let [value] = values {
            return self.message(*value);
        }
        let spelled = values
            .iter()
            .zip(&self.columns)
            .map(|(value, (kind, normaliser))| normalise(*normaliser, *kind, *value));
        let spelled: Vec<Encoded<'_>> = spelled.collect::<Result<_, _>>()?;
        // Secret bytes never grow: the whole length first.
        let len = spelled.iter().try_fold(0usize, |len, part| len.checked_add(4)?.checked_add(part.len()));
        let mut message = Vec::with_capacity(len.ok_or(Error::TooLong)?);
        for part in &spelled {
            message.extend_from_slice(&u32::try_from(part.len()).map_err(|_| Error::TooLong)?.to_be_bytes());
            message.extend_from_slice(part);
        }
        Ok(Encoded::Owned(SecretBytes::from_vec(message)))
    }

    /// What is looked for, in the index's spelling: as a whole value, and, of an index of first or last characters, as a part
    /// of one. Which of the two was meant nobody can tell, so both are looked for.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] if it has neither spelling; [`Error::WrongType`].
    fn sought<'v>(&self, sought: Value<'v>) -> Result<[Option<Encoded<'v>>; 2], Error> {
        let (value_type, normaliser) = self.column()?;
        let whole = normalise(normaliser, value_type, sought);
        if self.rule.kind.len().is_none() {
            return whole.map(|whole| [Some(whole), None]);
        }
        match (whole, normalise_part(normaliser, value_type, sought)) {
            (Ok(whole), part) => Ok([Some(whole), part.ok()]),
            (Err(Error::Value), part) => part.map(|part| [None, Some(part)]),
            (Err(error), _) => Err(error),
        }
    }

    /// Every token of these messages: under each key, in each partition.
    fn tokens(&self, messages: &[Encoded<'_>]) -> Result<Vec<i64>, Error> {
        self.with_keys(|keys| {
            let partitions = 0..self.rule.partitions;
            let each =
                keys.0.iter().flat_map(|key| partitions.clone().map(move |partition| (key, partition)));
            each.flat_map(|(key, partition)| messages.iter().map(move |message| (key, partition, message)))
                .map(|(key, partition, message)| self.token_under(key, partition, message))
                .collect()
        })
    }

    fn token_under(&self, key: &HmacSha256, partition: u16, message: &[u8]) -> Result<i64, Error> {
        let tag = self.tag(key, partition, message)?;
        let first = tag.first_chunk::<8>().copied().map_or(0, u64::from_be_bytes);
        // A policy's bits are 8 to 63, so the number fits; of a unique index, which has no such token, they are 128.
        let shift = 64u32.checked_sub(self.rule.bits.into()).ok_or(Error::WrongIndex)?;
        i64::try_from(first >> shift).map_err(|_| Error::WrongIndex)
    }

    /// `HMAC(key, kind || partition u16 || length u32 || message)`.
    #[inline]
    fn tag(&self, key: &HmacSha256, partition: u16, message: &[u8]) -> Result<[u8; 32], Error> {
        let len = u32::try_from(message.len()).map_err(|_| Error::TooLong)?;
        let mut head = [0; 7];
        let (kind, rest) = head.split_at_mut(1);
        let (place, length) = rest.split_at_mut(2);
        kind.copy_from_slice(&[self.rule.kind.id()]);
        place.copy_from_slice(&partition.to_be_bytes());
        length.copy_from_slice(&len.to_be_bytes());
        Ok(key.tag(&[&head, message]))
    }

    /// The partition of a row: `HMAC(key, 00 || row)` modulo their number. No token starts with kind 00.
    fn partition(&self, key: &HmacSha256, row: Row<'_>) -> Result<u16, Error> {
        if self.rule.partitions <= 1 {
            return Ok(0);
        }
        let mut message = vec![0];
        row.encode(&mut message)?;
        let first = key.tag(&[&message]).first_chunk::<8>().copied().map_or(0, u64::from_be_bytes);
        u16::try_from(first % u64::from(self.rule.partitions)).map_err(|_| Error::WrongIndex)
    }

    fn with_keys<T>(&self, act: impl FnOnce(&IndexKeys) -> Result<T, Error>) -> Result<T, Error> {
        let column = self.field.column.current()?;
        let position = match column.view {
            Cow::Borrowed(_) => self.position,
            Cow::Owned(_) => position(&column.rule()?.indexes, &self.rule.label)?,
        };
        act(column.view.index_keys(column.slot, position, &self.rule)?)
    }
}

/// What of a single value an index hashes: its spelling, a piece of that, or its bucket. FORMAT.md section 9.
#[inline]
pub(crate) fn hashed<'v>(
    rule: &IndexRule,
    value_type: ValueType,
    value: Value<'v>,
) -> Result<Encoded<'v>, Error> {
    let spelled = normalise(rule.normaliser, value_type, value)?;
    match &rule.kind {
        IndexKind::Bucket(kind) => {
            let number = bucket::number(*kind, value.resolved(value_type)?)?;
            Ok(Encoded::of(&number.to_be_bytes()))
        }
        IndexKind::Last(_) | IndexKind::Prefix(_) => piece(&rule.kind, value_type, spelled),
        IndexKind::Compound(_) | IndexKind::Exact | IndexKind::Unique => Ok(spelled),
    }
}

/// The first or last characters of a spelling, as the kind says; all of it if it is shorter.
fn piece<'v>(kind: &IndexKind, value_type: ValueType, spelled: Encoded<'v>) -> Result<Encoded<'v>, Error> {
    let Some(len) = kind.len().map(usize::from) else { return Ok(spelled) };
    let is_text = value_type == ValueType::Text;
    let text = if is_text { core::str::from_utf8(&spelled).map_err(|_| Error::WrongType)? } else { "" };
    let is_last = matches!(kind, IndexKind::Last(_));
    let at = match (is_last, is_text) {
        (true, true) => text.char_indices().nth_back(len - 1).map_or(0, |(at, _)| at),
        (true, false) => spelled.len().saturating_sub(len),
        (false, true) => text.char_indices().nth(len).map_or(spelled.len(), |(at, _)| at),
        (false, false) => len.min(spelled.len()),
    };
    let (first, last) = spelled.split_at_checked(at).ok_or(Error::Value)?;
    Ok(Encoded::Owned(SecretBytes::from_vec(if is_last { last } else { first }.to_vec())))
}

fn position(indexes: &[IndexRule], label: &str) -> Result<usize, Error> {
    indexes.iter().position(|index| index.label == label).ok_or(Error::UnknownIndex)
}

impl fmt::Debug for BlindIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlindIndex").field("field", &self.field).finish_non_exhaustive()
    }
}
