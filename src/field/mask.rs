//! Masks: what a listing shows of a value.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::{
    error::Error,
    field::{
        Column, Row, Value, cell,
        normalise::{self, mobile_cn, nfkc_fold},
    },
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

    /// As [`Mask::seal`], in the text form.
    ///
    /// # Errors
    ///
    /// As [`Mask::seal`].
    pub fn seal_text<'r>(&self, row: impl Into<Row<'r>>, value: &str) -> Result<String, Error> {
        self.seal(row, value).map(|cell| cell::to_text(&cell))
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

/// The mask of `value`: FORMAT.md section 10. Of what is not of its kind it shows nothing.
pub(crate) fn mask(kind: MaskKind, value: &str) -> String {
    let shown = match kind {
        MaskKind::BankCard => bank_card(value),
        MaskKind::Custom { first, last } => ends(value, first, last),
        MaskKind::Email => email(value),
        MaskKind::IdCard => id_card(value),
        MaskKind::MobileCn => mobile(value),
        MaskKind::Name => name(value),
    };
    shown.unwrap_or_else(|| String::from("****"))
}

/// The first four and the last four of 12 to 19 digits.
fn bank_card(value: &str) -> Option<String> {
    let spelled = nfkc_fold(value).ok()?;
    let digits: String = spelled.chars().filter(|character| !matches!(character, ' ' | '-')).collect();
    let sound = (12..=19).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let tail = digits.get(digits.len().checked_sub(4)?..)?;
    sound.then_some(format!("{}****{tail}", digits.get(..4)?))
}

/// The first character of the part before the `@`, and all after it.
fn email(value: &str) -> Option<String> {
    let address = normalise::email(value).ok()?;
    let (local, domain) = address.split_once('@')?;
    Some(format!("{}***@{domain}", local.graphemes(true).next()?))
}

/// That many characters that a reader sees, at the beginning and at the end, of which at least as many are hidden.
fn ends(value: &str, first: u8, last: u8) -> Option<String> {
    let characters: Vec<&str> = value.trim().graphemes(true).collect();
    let (first, last) = (usize::from(first), usize::from(last));
    if characters.len() < 2 * (first + last) {
        return None;
    }
    let (head, tail) = (characters.get(..first)?, characters.get(characters.len() - last..)?);
    Some(format!("{}****{}", head.concat(), tail.concat()))
}

/// The first three and the last four characters.
fn id_card(value: &str) -> Option<String> {
    let number = normalise::id_card(value).ok()?;
    Some(format!("{}***********{}", number.get(..3)?, number.get(14..)?))
}

/// The first three and last four digits of a Chinese mobile, the last four of any other number.
fn mobile(value: &str) -> Option<String> {
    let number = mobile_cn(value).ok()?;
    let tail = number.get(number.len().saturating_sub(4)..)?;
    match number.strip_prefix("+86").filter(|national| national.len() == 11) {
        Some(national) => Some(format!("{}****{tail}", national.get(..3)?)),
        None => Some(format!("****{tail}")),
    }
}

/// The first character that a reader sees, of two or more, and one star for all others, so that their number does not
/// show.
fn name(value: &str) -> Option<String> {
    let mut characters = value.trim().graphemes(true);
    let (first, _) = (characters.next()?, characters.next()?);
    Some(format!("{first}*"))
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

    #[test]
    fn a_name_shows_what_a_reader_takes_for_its_first_character() {
        for (value, shown) in [
            ("张三", "张*"),
            ("欧阳娜娜", "欧*"),
            ("买买提·艾力", "买*"),
            ("  李四 ", "李*"),
            ("Alice Smith", "A*"),
            ("e\u{301}tienne", "e\u{301}*"),
            ("𠮷野", "𠮷*"),
            ("👩‍👩‍👧家", "👩‍👩‍👧*"),
            ("🇨🇳队", "🇨🇳*"),
            ("张", "****"),
            ("", "****"),
            (" ", "****"),
        ] {
            assert_eq!(mask(MaskKind::Name, value), shown, "{value}");
        }
    }

    #[test]
    fn numbers_and_addresses_show_their_ends() {
        for (kind, value, shown) in [
            (MaskKind::IdCard, "11010519491231002X", "110***********002X"),
            (MaskKind::IdCard, "110105491231002", "110***********002X"),
            (MaskKind::IdCard, "110105194912310021", "****"),
            (MaskKind::IdCard, "", "****"),
            (MaskKind::BankCard, "6222 0212 3456 7890 123", "6222****0123"),
            (MaskKind::BankCard, "６２２２-0212-3456", "6222****3456"),
            (MaskKind::BankCard, "62220212345", "****"),
            (MaskKind::BankCard, "62220212345678901234", "****"),
            (MaskKind::BankCard, "6222x0212345", "****"),
            (MaskKind::Email, "Zhang.San@Example.com", "z***@example.com"),
            (MaskKind::Email, "张@例子.中国", "张***@例子.中国"),
            (MaskKind::Email, "no address", "****"),
            (MaskKind::Custom { first: 2, last: 1 }, "AB1239", "AB****9"),
            (MaskKind::Custom { first: 2, last: 1 }, "AB129", "****"),
            (MaskKind::Custom { first: 0, last: 2 }, " 粤B12345 ", "****45"),
            (MaskKind::Custom { first: 1, last: 0 }, "🇨🇳队", "🇨🇳****"),
            (MaskKind::Custom { first: 1, last: 0 }, "队", "****"),
            (MaskKind::Custom { first: 8, last: 8 }, "", "****"),
        ] {
            assert_eq!(mask(kind, value), shown, "{value}");
        }
    }
}
