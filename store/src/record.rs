//! What is written to a vault and what is read from it.

use core::fmt;
use std::collections::BTreeMap;

use tenantseal::{Error, SecretBytes, field::Opened};

/// A value of a column that the policy stores as it is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Plain {
    /// A truth value.
    Bool(bool),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A 64-bit float.
    F64(f64),
    /// A 64-bit integer.
    I64(i64),
    /// Text; also for decimal, date, timestamp and JSON, in their text forms.
    Text(String),
}

/// The columns to write, by their permanent labels. Values are wiped when this is dropped.
#[derive(Default)]
pub struct Fields {
    pub(crate) compartment: Option<String>,
    pub(crate) values: BTreeMap<String, Option<Input>>,
}

/// A value on its way in.
pub(crate) enum Input {
    Bytes(SecretBytes),
    Number(Plain),
    Text(SecretBytes),
}

impl Input {
    /// The text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => core::str::from_utf8(text.expose_secret()).ok(),
            _ => None,
        }
    }
}

impl Fields {
    /// No columns yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a text column.
    #[must_use]
    pub fn set(self, column: &str, text: &str) -> Self {
        self.input(column, Some(Input::Text(SecretBytes::from_vec(text.as_bytes().to_vec()))))
    }

    /// Sets a column of type bytes.
    #[must_use]
    pub fn set_bytes(self, column: &str, bytes: &[u8]) -> Self {
        self.input(column, Some(Input::Bytes(SecretBytes::from_vec(bytes.to_vec()))))
    }

    /// Sets a plain column of any type.
    #[must_use]
    pub fn set_plain(self, column: &str, value: Plain) -> Self {
        let input = match value {
            Plain::Text(text) => Input::Text(SecretBytes::from_vec(text.into_bytes())),
            Plain::Bytes(bytes) => Input::Bytes(SecretBytes::from_vec(bytes)),
            number => Input::Number(number),
        };
        self.input(column, Some(input))
    }

    /// Leaves a column empty: NULL, with no mask and no token.
    #[must_use]
    pub fn set_null(self, column: &str) -> Self {
        self.input(column, None)
    }

    /// Puts a new row into a compartment of the policy. A row keeps the compartment that it was inserted with.
    #[must_use]
    pub fn compartment(mut self, label: &str) -> Self {
        self.compartment = Some(label.to_owned());
        self
    }

    fn input(mut self, column: &str, input: Option<Input>) -> Self {
        self.values.insert(column.to_owned(), input);
        self
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fields").field("columns", &self.values.keys()).finish_non_exhaustive()
    }
}

/// A row, opened.
pub struct Record {
    pub(crate) id: i64,
    pub(crate) compartment: String,
    pub(crate) values: BTreeMap<String, Output>,
}

/// A value on its way out.
pub(crate) enum Output {
    Opened(Opened),
    Plain(Plain),
}

impl Record {
    /// The row's id.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The row's compartment; empty for the default one.
    #[must_use]
    pub fn compartment(&self) -> &str {
        &self.compartment
    }

    /// The columns that are not NULL, by their permanent labels.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The text of a column; `None` if it is NULL or not of this row.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the column is of another type.
    pub fn text(&self, column: &str) -> Result<Option<&str>, Error> {
        match self.values.get(column) {
            None => Ok(None),
            Some(Output::Opened(opened)) => opened.text().map(Some),
            Some(Output::Plain(Plain::Text(text))) => Ok(Some(text)),
            Some(Output::Plain(_)) => Err(Error::WrongType),
        }
    }

    /// A sealed column's value, opened; `None` if it is NULL, plain, or not of this row.
    #[must_use]
    pub fn opened(&self, column: &str) -> Option<&Opened> {
        match self.values.get(column) {
            Some(Output::Opened(opened)) => Some(opened),
            _ => None,
        }
    }

    /// A plain column's value; `None` if it is NULL, sealed, or not of this row.
    #[must_use]
    pub fn plain(&self, column: &str) -> Option<&Plain> {
        match self.values.get(column) {
            Some(Output::Plain(plain)) => Some(plain),
            _ => None,
        }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A row as a listing may show it: masks were opened, values were not.
#[derive(Clone, PartialEq, Eq)]
pub struct Masked {
    pub(crate) id: i64,
    pub(crate) compartment: String,
    pub(crate) shown: BTreeMap<String, String>,
}

impl Masked {
    /// The row's id.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The row's compartment; empty for the default one.
    #[must_use]
    pub fn compartment(&self) -> &str {
        &self.compartment
    }

    /// The columns that are not NULL, by their permanent labels.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.shown.keys().map(String::as_str)
    }

    /// What may be shown of a column: a plain text as it is, a mask, or `****` for a sealed value without one.
    /// `None` if the column is NULL or not of this row.
    #[must_use]
    pub fn shown(&self, column: &str) -> Option<&str> {
        self.shown.get(column).map(String::as_str)
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Masked").field("id", &self.id).finish_non_exhaustive()
    }
}
