//! The columns of one row, on their way between a struct and a database.

use core::fmt;
use std::borrow::Cow;

use crate::{
    error::{Error, PolicyRule},
    field::{
        cell,
        time::{Date, Timestamp},
    },
};

/// The columns of one row by their names: `mobile`, `mobile__mask`, `mobile__ix_exact`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns(Vec<(Cow<'static, str>, Stored)>);

impl Columns {
    /// No columns yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Sets a column, in the place of what it was.
    pub fn set(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Stored>) {
        let (name, value) = (name.into(), value.into());
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name, value)),
        }
    }

    /// Adds a column that is not there yet.
    ///
    /// # Errors
    ///
    /// [`Error::Policy`] with [`PolicyRule::Duplicate`]: one of the two would be lost.
    pub(super) fn add(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Stored>,
    ) -> Result<(), Error> {
        let name = name.into();
        if self.get(&name).is_some() {
            return Err(Error::Policy { field: None, rule: PolicyRule::Duplicate });
        }
        self.0.push((name, value.into()));
        Ok(())
    }

    /// The same, with cells in their text form: for columns that hold only text.
    #[must_use]
    pub fn text_form(mut self) -> Self {
        for (_, value) in &mut self.0 {
            if let Stored::Cell(cell) = value {
                *value = Stored::Text(cell::to_text(cell));
            }
        }
        self
    }

    /// A column; `None` if it is not there.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Stored> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Every column, in the order of the struct.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Stored)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }
}

impl<N: Into<Cow<'static, str>>, V: Into<Stored>> FromIterator<(N, V)> for Columns {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(columns: I) -> Self {
        let mut all = Self::new();
        for (name, value) in columns {
            all.set(name, value);
        }
        all
    }
}

impl IntoIterator for Columns {
    type Item = (Cow<'static, str>, Stored);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// What one column of a row holds.
///
/// A database knows fewer types: a cell that was read may be given as [`Stored::Bytes`] or, in its text form, as
/// [`Stored::Text`], and a plain bool as the integers 0 and 1. Decimal, date, timestamp and JSON are text when they are plain.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Stored {
    /// A plain truth value.
    Bool(bool),
    /// Plain bytes.
    Bytes(Vec<u8>),
    /// The cell of a value or of a mask.
    Cell(Vec<u8>),
    /// A plain 64-bit float.
    F64(f64),
    /// A plain 64-bit integer.
    I64(i64),
    /// NULL.
    Null,
    /// Plain text, or a cell in its text form.
    Text(String),
    /// The token of an index.
    Token(i64),
    /// The bytes of a unique index, one for each live index epoch and earlier class: the first is the column's, and all of them
    /// must be free in `tenantseal_unique` (FORMAT.md section 12).
    Unique(Vec<[u8; 16]>),
}

impl From<bool> for Stored {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<Vec<u8>> for Stored {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<f64> for Stored {
    fn from(number: f64) -> Self {
        Self::F64(number)
    }
}

impl From<i64> for Stored {
    fn from(number: i64) -> Self {
        Self::I64(number)
    }
}

impl From<String> for Stored {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Date> for Stored {
    fn from(date: Date) -> Self {
        Self::Text(date.to_string())
    }
}

impl From<Timestamp> for Stored {
    fn from(time: Timestamp) -> Self {
        Self::Text(time.to_string())
    }
}

impl<V: Into<Self>> From<Option<V>> for Stored {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Shows the type alone: a value is somebody's data.
impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool(_) => "Bool(..)",
            Self::Bytes(_) => "Bytes(..)",
            Self::Cell(_) => "Cell(..)",
            Self::F64(_) => "F64(..)",
            Self::I64(_) => "I64(..)",
            Self::Null => "Null",
            Self::Text(_) => "Text(..)",
            Self::Token(_) => "Token(..)",
            Self::Unique(_) => "Unique(..)",
        })
    }
}
