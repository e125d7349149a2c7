//! What goes into a field and what comes out.

use core::{fmt, ops::Deref};

use zeroize::Zeroizing;

use crate::{
    error::Error,
    field::{
        mask::mask,
        time::{Date, Timestamp},
    },
    secret::SecretBytes,
    tenant::policy::{MaskKind, ValueType},
};

/// A value to seal, of the type that the policy gives the field. FORMAT.md section 6.2 has their bytes.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Value<'a> {
    /// For a field of type `bool`.
    Bool(bool),
    /// For a field of type `bytes`.
    Bytes(&'a [u8]),
    /// For a field of type `date`.
    Date(Date),
    /// For a field of type `decimal`: digits with a point, such as `-12.50`. What it says is kept, trailing zeros too.
    Decimal(&'a str),
    /// For a field of type `f64`. A number that is none (NaN) is refused: it is equal to nothing, itself included.
    F64(f64),
    /// For a field of type `i64`.
    I64(i64),
    /// For a field of type `json`: one JSON text. What it says is kept byte for byte.
    Json(&'a str),
    /// For a field of type `text`.
    Text(&'a str),
    /// For a field of type `timestamp`.
    Timestamp(Timestamp),
    /// For a field of every type but `bytes`, in the text form that [`Opened::to_text`] gives.
    Written(&'a str),
}

impl<'a> Value<'a> {
    /// What was written, read as the field's type says.
    fn read(text: &'a str, value_type: ValueType) -> Result<Self, Error> {
        Ok(match value_type {
            ValueType::Bool => Self::Bool(text.parse().map_err(|_| Error::Value)?),
            ValueType::Bytes => return Err(Error::WrongType),
            ValueType::Date => Self::Date(text.parse()?),
            ValueType::Decimal => Self::Decimal(text),
            ValueType::F64 => {
                let number: f64 = text.parse().map_err(|_| Error::Value)?;
                // Digits that are too many for the type are no infinity.
                if number.is_infinite() && text.contains(|c: char| c.is_ascii_digit()) {
                    return Err(Error::Value);
                }
                Self::F64(number)
            }
            ValueType::I64 => Self::I64(text.parse().map_err(|_| Error::Value)?),
            ValueType::Json => Self::Json(text),
            ValueType::Text => Self::Text(text),
            ValueType::Timestamp => Self::Timestamp(text.parse()?),
        })
    }

    /// The same, never as it was written.
    #[inline]
    pub(crate) fn resolved(self, value_type: ValueType) -> Result<Self, Error> {
        match self {
            Self::Written(text) => Self::read(text, value_type),
            value => Ok(value),
        }
    }

    /// The value that bytes are, after opening. That a JSON text is one is checked before sealing only.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if they are none of the type.
    pub(crate) fn of_bytes(bytes: &'a [u8], value_type: ValueType) -> Result<Self, Error> {
        let text = || core::str::from_utf8(bytes).map_err(|_| Error::WrongType);
        match value_type {
            ValueType::Bool => match bytes {
                [0] => Ok(Self::Bool(false)),
                [1] => Ok(Self::Bool(true)),
                _ => Err(Error::WrongType),
            },
            ValueType::Bytes => Ok(Self::Bytes(bytes)),
            ValueType::Date => Date::from_days(i32::from_be_bytes(number(bytes)?)).map(Self::Date),
            ValueType::Decimal => text().map(Self::Decimal),
            ValueType::F64 => Ok(Self::F64(f64::from_be_bytes(number(bytes)?))),
            ValueType::I64 => Ok(Self::I64(i64::from_be_bytes(number(bytes)?))),
            ValueType::Json => text().map(Self::Json),
            ValueType::Text => text().map(Self::Text),
            ValueType::Timestamp => {
                Timestamp::from_micros(i64::from_be_bytes(number(bytes)?)).map(Self::Timestamp)
            }
        }
        .ok()
        .filter(|value| match value {
            Self::Decimal(text) => is_decimal(text),
            Self::F64(number) => !number.is_nan(),
            _ => true,
        })
        .ok_or(Error::WrongType)
    }

    /// The bytes to seal.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the field is of another type; [`Error::Value`] for a decimal or a JSON text that is none, and
    /// for NaN.
    #[inline]
    pub(crate) fn bytes_of(self, value_type: ValueType) -> Result<Encoded<'a>, Error> {
        match (self, value_type) {
            // Nearly every value, and in line: passing it on costs more than its bytes, which stand there.
            (Self::Bytes(bytes), ValueType::Bytes) => Ok(Encoded::Borrowed(bytes)),
            (Self::Text(text), ValueType::Text) => Ok(Encoded::Borrowed(text.as_bytes())),
            _ => self.encode(value_type),
        }
    }

    fn encode(self, value_type: ValueType) -> Result<Encoded<'a>, Error> {
        let encoded = match (self.resolved(value_type)?, value_type) {
            (Self::Bool(truth), ValueType::Bool) => Encoded::of(&[u8::from(truth)]),
            (Self::Bytes(bytes), ValueType::Bytes) => Encoded::Borrowed(bytes),
            (Self::Date(date), ValueType::Date) => Encoded::of(&date.days().to_be_bytes()),
            (Self::Decimal(text), ValueType::Decimal) if is_decimal(text) => {
                Encoded::Borrowed(text.as_bytes())
            }
            (Self::F64(number), ValueType::F64) if !number.is_nan() => Encoded::of(&number.to_be_bytes()),
            (Self::I64(number), ValueType::I64) => Encoded::of(&number.to_be_bytes()),
            (Self::Json(text), ValueType::Json) if is_json(text) => Encoded::Borrowed(text.as_bytes()),
            (Self::Text(text), ValueType::Text) => Encoded::Borrowed(text.as_bytes()),
            (Self::Timestamp(time), ValueType::Timestamp) => Encoded::of(&time.micros().to_be_bytes()),
            (Self::Decimal(_), ValueType::Decimal)
            | (Self::F64(_), ValueType::F64)
            | (Self::Json(_), ValueType::Json) => return Err(Error::Value),
            _ => return Err(Error::WrongType),
        };
        Ok(encoded)
    }
}

/// A value's bytes.
pub(crate) enum Encoded<'a> {
    Borrowed(&'a [u8]),
    Owned(SecretBytes),
    /// A number, in the first bytes; wiped when dropped.
    Short(Zeroizing<[u8; 8]>, usize),
}

impl Encoded<'_> {
    /// Of at most 8 bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut short = Zeroizing::new([0; 8]);
        short.iter_mut().zip(bytes).for_each(|(place, byte)| *place = *byte);
        Self::Short(short, bytes.len())
    }
}

impl From<String> for Encoded<'_> {
    fn from(text: String) -> Self {
        Self::Owned(SecretBytes::from_vec(text.into_bytes()))
    }
}

impl Deref for Encoded<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(bytes) => bytes.expose_secret(),
            Self::Short(bytes, len) => bytes.get(..*len).unwrap_or_default(),
        }
    }
}

/// Whether a text is a decimal: an optional `-`, digits without a needless zero in front, and at most one point with
/// digits after it; at most 100 characters, and no `-0`.
fn is_decimal(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let is_zero = unsigned.bytes().all(|byte| matches!(byte, b'0' | b'.'));
    text.len() <= MAX_DECIMAL
        && digits(whole)
        && digits(fraction)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && !(is_zero && unsigned.len() < text.len())
}

fn number<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Error> {
    bytes.try_into().map_err(|_| Error::WrongType)
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
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

impl From<bool> for Value<'_> {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Self::F64(number)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::I64(number)
    }
}

impl From<Date> for Value<'_> {
    fn from(date: Date) -> Self {
        Self::Date(date)
    }
}

impl From<Timestamp> for Value<'_> {
    fn from(time: Timestamp) -> Self {
        Self::Timestamp(time)
    }
}

/// Shows the type alone: a value is somebody's data.
impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool(_) => "Bool(..)",
            Self::Bytes(_) => "Bytes(..)",
            Self::Date(_) => "Date(..)",
            Self::Decimal(_) => "Decimal(..)",
            Self::F64(_) => "F64(..)",
            Self::I64(_) => "I64(..)",
            Self::Json(_) => "Json(..)",
            Self::Text(_) => "Text(..)",
            Self::Timestamp(_) => "Timestamp(..)",
            Self::Written(_) => "Written(..)",
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
        Value::of_bytes(bytes.expose_secret(), value_type)?;
        Ok(Self { bytes, value_type, mask, was_plain })
    }

    /// The value of a field of type `bool`.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] if the field is of another type; the same for every other accessor.
    pub fn bool(&self) -> Result<bool, Error> {
        match self.value()? {
            Value::Bool(truth) => Ok(truth),
            _ => Err(Error::WrongType),
        }
    }

    /// The value of a field of type `date`.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`].
    pub fn date(&self) -> Result<Date, Error> {
        match self.value()? {
            Value::Date(date) => Ok(date),
            _ => Err(Error::WrongType),
        }
    }

    /// The value of a field of type `decimal`, as it was written.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`].
    pub fn decimal(&self) -> Result<&str, Error> {
        match self.value()? {
            Value::Decimal(text) => Ok(text),
            _ => Err(Error::WrongType),
        }
    }

    /// The value of a field of type `f64`.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`].
    pub fn f64(&self) -> Result<f64, Error> {
        match self.value()? {
            Value::F64(number) => Ok(number),
            _ => Err(Error::WrongType),
        }
    }

    /// The value of a field of type `i64`.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`].
    pub fn i64(&self) -> Result<i64, Error> {
        match self.value()? {
            Value::I64(number) => Ok(number),
            _ => Err(Error::WrongType),
        }
    }

    /// The value of a field of type `json`, as it was written.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`].
    pub fn json(&self) -> Result<&str, Error> {
        match self.value()? {
            Value::Json(text) => Ok(text),
            _ => Err(Error::WrongType),
        }
    }

    /// The value of a field of type `text`.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`].
    pub fn text(&self) -> Result<&str, Error> {
        match self.value()? {
            Value::Text(text) => Ok(text),
            _ => Err(Error::WrongType),
        }
    }

    /// The value of a field of type `timestamp`.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`].
    pub fn timestamp(&self) -> Result<Timestamp, Error> {
        match self.value()? {
            Value::Timestamp(time) => Ok(time),
            _ => Err(Error::WrongType),
        }
    }

    /// The value, in the variant of its type.
    ///
    /// # Errors
    ///
    /// None of a value that was opened; what an accessor says otherwise.
    pub fn value(&self) -> Result<Value<'_>, Error> {
        Value::of_bytes(self.bytes.expose_secret(), self.value_type)
    }

    /// The text form of a value of every type but `bytes`: what [`Value::Written`] takes back.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] of bytes.
    pub fn to_text(&self) -> Result<Zeroizing<String>, Error> {
        Ok(Zeroizing::new(match self.value()? {
            Value::Bool(truth) => truth.to_string(),
            Value::Bytes(_) => return Err(Error::WrongType),
            Value::Date(date) => date.to_string(),
            // With an exponent where a plain form would be long.
            Value::F64(number) => format!("{number:?}"),
            Value::I64(number) => number.to_string(),
            Value::Decimal(text) | Value::Json(text) | Value::Text(text) | Value::Written(text) => {
                text.to_owned()
            }
            Value::Timestamp(time) => time.to_string(),
        }))
    }

    /// The type of the field.
    #[must_use]
    pub fn value_type(&self) -> ValueType {
        self.value_type
    }

    /// The bytes, without a copy.
    #[cfg(feature = "arrow")]
    pub(crate) fn into_secret(self) -> SecretBytes {
        self.bytes
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

const MAX_DECIMAL: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_value_of_the_type_are_refused_after_opening() {
        let cases: [(ValueType, &[&[u8]]); 9] = [
            (ValueType::Bool, &[b"", &[2], &[0, 0]]),
            (ValueType::Bytes, &[]),
            (ValueType::Date, &[b"", &[0; 3], &[0; 8], &i32::MAX.to_be_bytes()]),
            (ValueType::Decimal, &[b"", b"-0", b"\xff"]),
            (ValueType::F64, &[b"", &[0; 4], &f64::NAN.to_be_bytes(), &(-f64::NAN).to_be_bytes()]),
            (ValueType::I64, &[b"", &[0; 4], &[0; 9]]),
            (ValueType::Json, &[b"\xff"]),
            (ValueType::Text, &[b"\xff"]),
            (ValueType::Timestamp, &[b"", &[0; 4], &i64::MAX.to_be_bytes()]),
        ];
        for (value_type, bad) in cases {
            for bytes in bad {
                let value = Value::of_bytes(bytes, value_type).err();
                assert_eq!(value, Some(Error::WrongType), "{value_type:?} {bytes:?}");
            }
        }
        assert!(Value::of_bytes(&f64::INFINITY.to_be_bytes(), ValueType::F64).is_ok());
    }

    #[test]
    fn decimals_have_one_spelling_for_their_digits() {
        let good = [
            "0",
            "0.0",
            "0.50",
            "1",
            "-1",
            "-0.1",
            "10.00",
            "123456789012345678901234567890.5",
            &"9".repeat(100),
        ];
        assert!(good.iter().all(|text| is_decimal(text)), "{good:?}");
        let bad = [
            "",
            "-",
            ".",
            ".5",
            "5.",
            "+1",
            "01",
            "00",
            "-0",
            "-0.00",
            "1e3",
            "1,5",
            " 1",
            "1.2.3",
            "--1",
            "１",
            &"9".repeat(101),
        ];
        for text in bad {
            assert!(!is_decimal(text), "{text}");
        }
    }
}
