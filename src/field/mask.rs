//! Masks: what a listing shows of a value.

use crate::{
    error::Error,
    field::{Column, Row, Value, normalise::mobile_cn},
    tenant::policy::MaskKind,
};

/// The mask of a field: a column of its own, with its own class and key, so that a listing can be shown by whoever
/// has no right to the value.
#[derive(Clone, Debug)]
pub struct Mask {
    pub(crate) kind: MaskKind,
    pub(crate) column: Column,
}

impl Mask {
    /// Masks `value` and seals the result for `row`.
    ///
    /// # Errors
    ///
    /// As [`Field::seal`](crate::field::Field::seal).
    pub fn seal<'r>(&self, row: impl Into<Row<'r>>, value: &str) -> Result<Vec<u8>, Error> {
        self.column.seal(row.into(), Value::Text(&mask(self.kind, value)))
    }

    /// Opens a sealed mask, for display.
    ///
    /// # Errors
    ///
    /// As [`Field::open`](crate::field::Field::open).
    pub fn open<'r>(&self, row: impl Into<Row<'r>>, sealed: impl AsRef<[u8]>) -> Result<String, Error> {
        Ok(self.column.open(row.into(), sealed.as_ref())?.text()?.to_owned())
    }
}

/// The mask of `value`.
///
/// `mobile_cn`: the first three and last four digits of a Chinese mobile (`138****8000`), the last four of any
/// other number, nothing of what is no phone number.
pub(crate) fn mask(kind: MaskKind, value: &str) -> String {
    match kind {
        MaskKind::MobileCn => {
            let Ok(number) = mobile_cn(value) else { return String::from("****") };
            let tail = number.get(number.len().saturating_sub(4)..).unwrap_or_default();
            match number.strip_prefix("+86").filter(|national| national.len() == 11) {
                Some(national) => format!("{}****{tail}", national.get(..3).unwrap_or_default()),
                None => format!("****{tail}"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_three_and_four_digits_of_a_chinese_mobile() {
        for value in ["13800138000", "+86 138 0013 8000", "８６-１３８００１３８０００"] {
            assert_eq!(mask(MaskKind::MobileCn, value), "138****8000", "{value}");
        }
        assert_eq!(mask(MaskKind::MobileCn, "+852 6123 4567"), "****4567");
        assert_eq!(mask(MaskKind::MobileCn, "+86 10 1234 5678"), "****5678", "10 digits, and no mobile");
        for value in ["", "张三", "1380013800", "🎉🎉🎉🎉🎉"] {
            assert_eq!(mask(MaskKind::MobileCn, value), "****", "{value}");
        }
    }
}
