//! The grammar that every word of `#[record(...)]` is read by.

use core::ops::RangeInclusive;

use proc_macro2::Span;
use syn::{
    Error, LitInt, LitStr, Result, Token, meta::ParseNestedMeta, parenthesized, parse::ParseStream,
    punctuated::Punctuated,
};

/// Something, and where it is written.
#[derive(Clone)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// `[a-z][a-z0-9_]*`, 1 to 63 bytes.
pub(crate) fn is_label(text: &str) -> bool {
    let starts = text.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
    let sound = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    starts && sound && text.len() <= 63
}

/// `YYYY-MM-DD`, as far as a shape goes: the calendar is the policy's.
pub(crate) fn date(text: &LitStr) -> Result<String> {
    let value = text.value();
    let is_digit =
        |(at, byte): (usize, u8)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    if value.len() == 10 && value.bytes().enumerate().all(is_digit) {
        Ok(value)
    } else {
        Err(Error::new(text.span(), "a date is written YYYY-MM-DD: `migrating_until = \"2026-12-31\"`"))
    }
}

/// Reads `word(...)`, with at least one word in it.
pub(crate) fn nested(
    meta: &ParseNestedMeta<'_>,
    wanted: &str,
    read: impl FnMut(ParseNestedMeta<'_>) -> Result<()>,
) -> Result<()> {
    match is_empty_list(&meta.input.fork()) {
        Ok(false) => meta.parse_nested_meta(read),
        Ok(true) | Err(_) => Err(meta.error(wanted)),
    }
}

fn is_empty_list(input: ParseStream<'_>) -> Result<bool> {
    let content;
    parenthesized!(content in input);
    Ok(content.is_empty())
}

pub(crate) fn name(meta: &ParseNestedMeta<'_>) -> String {
    meta.path.get_ident().map(ToString::to_string).unwrap_or_default()
}

/// `name = "one"` or `name("one", "two")`.
pub(crate) fn words(meta: &ParseNestedMeta<'_>) -> Result<Vec<LitStr>> {
    if meta.input.peek(Token![=]) {
        return Ok(vec![meta.value()?.parse()?]);
    }
    let name = name(meta);
    if !matches!(is_empty_list(&meta.input.fork()), Ok(false)) {
        return Err(meta.error(format!("write `{name} = \"...\"` or `{name}(\"...\", \"...\")`")));
    }
    let content;
    parenthesized!(content in meta.input);
    Ok(Punctuated::<LitStr, Token![,]>::parse_terminated(&content)?.into_iter().collect())
}

pub(crate) fn label(text: LitStr) -> Result<At<String>> {
    let (value, span) = (text.value(), text.span());
    if is_label(&value) { Ok(At { value, span }) } else { Err(Error::new(span, LABEL)) }
}

pub(crate) fn known(what: &str, text: &LitStr, words: &[&'static str]) -> Result<&'static str> {
    let value = text.value();
    words.iter().find(|word| **word == value).copied().ok_or_else(|| {
        let listed: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
        Error::new(text.span(), format!("unknown {what} {value:?}: write one of {}", listed.join(", ")))
    })
}

pub(crate) fn number(meta: &ParseNestedMeta<'_>, range: RangeInclusive<u32>) -> Result<u32> {
    let name = name(meta);
    ranged(&name, &meta.value()?.parse()?, range)
}

pub(crate) fn ranged(name: &str, number: &LitInt, range: RangeInclusive<u32>) -> Result<u32> {
    let parsed = number.base10_parse().ok().filter(|number| range.contains(number));
    parsed.ok_or_else(|| {
        let (low, high) = (range.start(), range.end());
        let wanted = if low == high { low.to_string() } else { format!("{low} to {high}") };
        Error::new(number.span(), format!("`{name}` must be {wanted}"))
    })
}

pub(crate) fn once<T>(slot: &mut Option<At<T>>, span: Span, value: T, message: &str) -> Result<()> {
    if slot.is_some() {
        return Err(Error::new(span, message));
    }
    *slot = Some(At { value, span });
    Ok(())
}

pub(crate) const NORMALISERS: &[&str] = &["none/1", "mobile_cn/1", "email/1", "id_card/1", "nfkc_fold/1"];
pub(crate) const TWICE: &str = "this is said twice: leave one out";
pub(crate) const LABEL: &str =
    "a label has 1 to 63 characters out of a-z, 0-9 and _, and starts with a letter";
