//! What goes into a field and what comes out.

use core::fmt;

use crate::{
    error::Error,
    field::mask::mask,
    secret::SecretBytes,
    tenant::policy::{MaskKind, ValueType},
};

/// A value to seal: text or bytes, as the field's type says.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Value<'a> {
    /// For a field of type `bytes`.
    Bytes(&'a [u8]),
    /// For a field of type `text`.
    Text(&'a str),
}

impl<'a> Value<'a> {
    /// The bytes to seal.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the field is of another type.
    pub(crate) fn bytes_of(self, value_type: ValueType) -> Result<&'a [u8], Error> {
        match (self, value_type) {
            (Self::Bytes(bytes), ValueType::Bytes) => Ok(bytes),
            (Self::Text(text), ValueType::Text) => Ok(text.as_bytes()),
            _ => Err(Error::WrongType),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Bytes(bytes)
    }
}

/// Shows the type alone: a value is somebody's data.
impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes(_) => "Bytes(..)",
            Self::Text(_) => "Text(..)",
        })
    }
}

/// A value that was opened, wiped when dropped.
pub struct Opened {
    bytes: SecretBytes,
    value_type: ValueType,
    mask: Option<MaskKind>,
    was_plain: bool,
}

impl Opened {
    pub(crate) fn new(
        bytes: SecretBytes,
        value_type: ValueType,
        mask: Option<MaskKind>,
        was_plain: bool,
    ) -> Result<Self, Error> {
        let sound = value_type != ValueType::Text || core::str::from_utf8(bytes.expose_secret()).is_ok();
        if sound { Ok(Self { bytes, value_type, mask, was_plain }) } else { Err(Error::WrongType) }
    }

    /// The value of a text field.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the field is of another type.
    pub fn text(&self) -> Result<&str, Error> {
        match self.value_type {
            ValueType::Text => core::str::from_utf8(self.bytes.expose_secret()).map_err(|_| Error::WrongType),
            _ => Err(Error::WrongType),
        }
    }

    /// The value of a field of any type, as bytes.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8] {
        self.bytes.expose_secret()
    }

    /// What may be shown: the value under the field's mask, or `****` if the policy gives it none.
    #[must_use]
    pub fn masked(&self) -> String {
        match (self.mask, self.text()) {
            (Some(kind), Ok(text)) => mask(kind, text),
            _ => String::from("****"),
        }
    }

    /// Whether this was stored as plaintext and accepted because the policy says that the column is migrating.
    #[must_use]
    pub fn was_plain(&self) -> bool {
        self.was_plain
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("value_type", &self.value_type).finish_non_exhaustive()
    }
}
