//! `nfkc_fold/1` and `email/1`: one spelling for texts that a reader takes for the same.

use std::borrow::Cow;

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::{CodePointMapData, props::GeneralCategory};
use zeroize::Zeroize as _;

use crate::error::Error;

/// `nfkc_fold/1`: compatibility caseless form (Unicode definition D146), white space brought to single spaces.
///
/// `NFKC(fold(NFKC(fold(NFD(text)))))` with full case folding; then white space is dropped at both ends, and each run of
/// it inside becomes one space. A text with a code point that this version's Unicode has not assigned is refused: a later
/// one could spell it otherwise.
///
/// # Errors
///
/// [`Error::Value`] for nothing but white space, and for code points without a meaning.
pub(crate) fn nfkc_fold(text: &str) -> Result<String, Error> {
    let mut folded = caseless(text)?;
    let mut out = String::with_capacity(folded.len());
    for word in folded.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    folded.zeroize();
    if out.is_empty() { Err(Error::Value) } else { Ok(out) }
}

/// `email/1`: the same of an address. Case does not count, in the part before the `@` either: no provider of consequence
/// has two people there who differ in it.
///
/// # Errors
///
/// [`Error::Value`] unless it has one `@`, 1 to 64 bytes before it, labels of 1 to 63 bytes with points between after
/// it, 254 bytes in all, and neither white space nor control characters.
pub(crate) fn email(text: &str) -> Result<String, Error> {
    let address = nfkc_fold(text)?;
    let (local, domain) = address.split_once('@').ok_or(Error::Value)?;
    let sound = address.len() <= 254
        && (1..=64).contains(&local.len())
        && domain.split('.').all(|label| (1..=63).contains(&label.len()))
        && !domain.contains('@')
        && !address.chars().any(|character| character.is_whitespace() || character.is_control());
    if sound { Ok(address) } else { Err(Error::Value) }
}

fn caseless(text: &str) -> Result<String, Error> {
    let categories = CodePointMapData::<GeneralCategory>::new();
    let meaningless = |character| {
        matches!(
            categories.get(character),
            GeneralCategory::Unassigned | GeneralCategory::PrivateUse | GeneralCategory::Surrogate
        )
    };
    if text.chars().any(meaningless) {
        return Err(Error::Value);
    }
    let (nfd, nfkc, case) = (
        DecomposingNormalizerBorrowed::new_nfd(),
        ComposingNormalizerBorrowed::new_nfkc(),
        CaseMapper::new(),
    );
    // Each step's text is wiped by the next.
    let steps: [&dyn Fn(&str) -> String; 5] = [
        &|text| nfd.normalize(text).into_owned(),
        &|text| case.fold_string(text).into_owned(),
        &|text| nfkc.normalize(text).into_owned(),
        &|text| case.fold_string(text).into_owned(),
        &|text| nfkc.normalize(text).into_owned(),
    ];
    let mut text = Cow::Borrowed(text);
    for step in steps {
        let next = step(&text);
        if let Cow::Owned(last) = &mut text {
            last.zeroize();
        }
        text = Cow::Owned(next);
    }
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_read_the_same_are_one() {
        for (spellings, one) in [
            (&["张三", " 张三\n", "\u{3000}张三\u{a0}"][..], "张三"),
            (&["Alice  Smith", "ALICE SMITH", "ａｌｉｃｅ　Ｓｍｉｔｈ", "alice\tsmith"], "alice smith"),
            (&["Straße", "STRASSE", "strasse"], "strasse"),
            (&["é", "e\u{301}", "É", "E\u{301}"], "é"),
            (&["ﬁ", "FI", "fi"], "fi"),
            (&["①", "1", "１"], "1"),
            (&["ΌΣΟΣ", "όσος", "όσοσ"], "όσοσ"),
            (&["가", "\u{1100}\u{1161}"], "가"),
            (&["⽕", "火"], "火"),
            (&["𠮷", "𠮷"], "𠮷"),
            (&["👩‍👩‍👧", "👩‍👩‍👧"], "👩‍👩‍👧"),
        ] {
            for spelling in spellings {
                assert_eq!(nfkc_fold(spelling).as_deref(), Ok(one), "{spelling}");
                // Whatever it is brought to stays as it is.
                assert_eq!(nfkc_fold(one).as_deref(), Ok(one));
            }
        }
        for bad in ["", " ", "\u{3000}\n", "\u{e000}", "a\u{10ffff}", "\u{378}"] {
            assert_eq!(nfkc_fold(bad), Err(Error::Value), "{bad:?}");
        }
        // Dotted and dotless, 大 and 太, are different; so are the simplified and the traditional.
        for (left, right) in [("ı", "i"), ("大", "太"), ("张", "張"), ("a b", "ab")] {
            assert_ne!(nfkc_fold(left), nfkc_fold(right));
        }
    }

    #[test]
    fn addresses_are_one_however_they_are_written() {
        for text in
            ["Zhang.San@Example.com", " zhang.san@example.COM ", "ｚｈａｎｇ．ｓａｎ＠ｅｘａｍｐｌｅ．ｃｏｍ"]
        {
            assert_eq!(email(text).as_deref(), Ok("zhang.san@example.com"), "{text}");
        }
        assert_eq!(email("用户@例子.中国").as_deref(), Ok("用户@例子.中国"));
        assert_eq!(email("a@localhost").as_deref(), Ok("a@localhost"));
        assert_eq!(email("a+tag@b.example").as_deref(), Ok("a+tag@b.example"), "a tag is kept");
        let (long, label) = ("a".repeat(64), "b".repeat(63));
        assert!(email(&format!("{long}@{label}.example")).is_ok());
        for bad in [
            "",
            "@",
            "a@",
            "@b",
            "a@b@c",
            "a b@c.example",
            "a@b..c",
            "a@.b",
            "a@b.",
            "a@b\u{0}",
            "no address",
            &format!("a{long}@b.example"),
            &format!("a@b{label}.example"),
            &format!("{long}@{label}.{label}.{label}"),
        ] {
            assert_eq!(email(bad), Err(Error::Value), "{bad:?}");
        }
    }
}
