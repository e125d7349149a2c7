//! Normalisers: one spelling for each value, before it is indexed. FORMAT.md section 10 fixes every rule.

mod id_card;
mod text;

pub(crate) use id_card::{id_card, id_card_characters};
pub(crate) use text::{email, nfkc_fold};

use crate::{
    error::Error,
    field::{Value, value::Encoded},
    tenant::policy::{Normaliser, ValueType},
};

/// Brings a value to the spelling that its index is made of.
///
/// # Errors
///
/// [`Error::Value`] for a value that the normaliser has no spelling for; [`Error::WrongType`].
#[inline]
pub(crate) fn normalise<'v>(
    normaliser: Normaliser,
    value_type: ValueType,
    value: Value<'v>,
) -> Result<Encoded<'v>, Error> {
    let encoded = value.bytes_of(value_type)?;
    let rule = match normaliser {
        Normaliser::Email1 => email,
        Normaliser::IdCard1 => id_card,
        Normaliser::MobileCn1 => mobile_cn,
        Normaliser::NfkcFold1 => nfkc_fold,
        Normaliser::None1 => return Ok(encoded),
    };
    match value {
        Value::Text(text) | Value::Written(text) => rule(text).map(Encoded::from),
        _ => Err(Error::WrongType),
    }
}

/// Brings a part of a value, as somebody looks for it, to the spelling that the same part has in a whole one.
///
/// # Errors
///
/// As [`normalise`], but for what only a whole value can lack.
pub(crate) fn normalise_part<'v>(
    normaliser: Normaliser,
    value_type: ValueType,
    part: Value<'v>,
) -> Result<Encoded<'v>, Error> {
    let encoded = part.bytes_of(value_type)?;
    let rule = match normaliser {
        Normaliser::Email1 | Normaliser::NfkcFold1 => nfkc_fold,
        Normaliser::IdCard1 => id_card_characters,
        Normaliser::MobileCn1 => digits,
        Normaliser::None1 => return Ok(encoded),
    };
    match part {
        Value::Text(text) | Value::Written(text) => rule(text).map(Encoded::from),
        _ => Err(Error::WrongType),
    }
}

/// The digits of a part of a phone number.
fn digits(text: &str) -> Result<String, Error> {
    let number = phone_characters(text)?;
    if number.starts_with('+') { Err(Error::Value) } else { Ok(number) }
}

/// `mobile_cn/1`: E.164.
///
/// White space, `-`, `.`, `(`, `)` and their full-width forms are dropped, full-width digits and plus are brought to
/// ASCII. Then `+` or `00` starts an international number of 7 to 15 digits; `86` and eleven digits, or eleven
/// digits alone, starting with 13 to 19, are a Chinese mobile. Anything else is no number.
pub(crate) fn mobile_cn(text: &str) -> Result<String, Error> {
    let number = phone_characters(text)?;
    let international = number.strip_prefix('+').or_else(|| number.strip_prefix("00"));
    if let Some(digits) = international {
        let leading = digits.bytes().next().is_some_and(|first| first != b'0');
        return if leading && (7..=15).contains(&digits.len()) && !digits.contains('+') {
            check_chinese(digits)
        } else {
            Err(Error::Value)
        };
    }
    match number.len() {
        11 if is_mobile(&number) => Ok(format!("+86{number}")),
        13 if number.strip_prefix("86").is_some_and(is_mobile) => Ok(format!("+{number}")),
        _ => Err(Error::Value),
    }
}

/// ASCII digits and a plus in front; what separates them is dropped.
fn phone_characters(text: &str) -> Result<String, Error> {
    let mut number = String::with_capacity(text.len() + 3);
    for character in text.trim().chars() {
        match character {
            '0'..='9' => number.push(character),
            '０'..='９' => {
                let digit = u32::from(character) - u32::from('０');
                number.push(char::from_digit(digit, 10).ok_or(Error::Value)?);
            }
            '+' | '＋' if number.is_empty() => number.push('+'),
            '-' | '.' | '(' | ')' | '－' | '．' | '（' | '）' => {}
            space if space.is_whitespace() => {}
            _ => return Err(Error::Value),
        }
    }
    Ok(number)
}

/// A number of China that starts with 1 is a mobile, or a landline of Beijing (10 and eight digits), or a mistake.
fn check_chinese(digits: &str) -> Result<String, Error> {
    match digits.strip_prefix("86") {
        Some(national) if national.starts_with("10") && national.len() == 10 => Ok(format!("+{digits}")),
        Some(national) if national.starts_with('1') && !is_mobile(national) => Err(Error::Value),
        _ => Ok(format!("+{digits}")),
    }
}

fn is_mobile(national: &str) -> bool {
    national.len() == 11 && matches!(national.as_bytes(), [b'1', b'3'..=b'9', ..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_spelling_of_a_chinese_mobile_is_one() {
        for text in [
            "13800138000",
            "+8613800138000",
            "+86 138 0013 8000",
            "86-138-0013-8000",
            "008613800138000",
            "(+86) 138 0013 8000".trim_start_matches('('),
            "１３８００１３８０００",
            "＋８６　138.0013.8000",
            "\u{a0}138\u{2003}00138000\n",
            "（＋８６）１３８－００１３．８０００",
        ] {
            assert_eq!(mobile_cn(text).as_deref(), Ok("+8613800138000"), "{text}");
        }
    }

    #[test]
    fn other_countries_keep_their_code() {
        assert_eq!(mobile_cn("+852 6123 4567").as_deref(), Ok("+85261234567"));
        assert_eq!(mobile_cn("001 (415) 555-2671").as_deref(), Ok("+14155552671"));
        assert_eq!(mobile_cn("+86 10 8888 6666").as_deref(), Ok("+861088886666"));
        assert_eq!(mobile_cn("+86 755 8888 6666").as_deref(), Ok("+8675588886666"));
        assert_eq!(mobile_cn("０１２３４５６７８９").err(), Some(Error::Value));
        assert_eq!(mobile_cn("００１２３４５６７８９").as_deref(), Ok("+123456789"));
        assert_eq!(mobile_cn("+1234567").as_deref(), Ok("+1234567"), "the shortest");
        assert_eq!(mobile_cn("+123456789012345").as_deref(), Ok("+123456789012345"), "the longest");
    }

    #[test]
    fn the_second_digit_of_a_chinese_mobile_is_3_to_9() {
        for second in '0'..='9' {
            let number = format!("1{second}800138000");
            let expected = if second < '3' { Err(Error::Value) } else { Ok(format!("+86{number}")) };
            for spelling in
                [number.clone(), format!("86{number}"), format!("+86{number}"), format!("0086{number}")]
            {
                assert_eq!(mobile_cn(&spelling), expected, "{spelling}");
            }
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "+",
            "1380013800",
            "138001380001",
            "23800138000",
            "12800138000",
            "+8612800138000",
            "8612800138000",
            "8713800138000",
            "+861380013800",
            "+86138001380001",
            "+8610888866",
            "+861088886666 6",
            "+0123456789",
            "138+00138000",
            "0755-12345678",
            "1380013800a",
            "+123456",
            "+1234567890123456",
            "++8613800138000",
            "00+8613800138000",
        ] {
            assert_eq!(mobile_cn(text), Err(Error::Value), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]

        /// What a value is brought to is brought to itself.
        #[test]
        fn a_spelling_stays_what_it_is(text in ".{0,24}", digits in "[0-9xXｘ０-９ -]{15,22}") {
            for text in [&text, &digits] {
                for rule in [email, id_card, mobile_cn, nfkc_fold] {
                    if let Ok(spelled) = rule(text) {
                        prop_assert_eq!(rule(&spelled), Ok(spelled));
                    }
                }
            }
        }
    }
}
