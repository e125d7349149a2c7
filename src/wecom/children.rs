//! The top-level children of a decrypted message, one after the other.

use core::{
    fmt, mem,
    ops::{ControlFlow, Deref},
};
use std::borrow::Cow;

use quick_xml::{Reader, events::Event};
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroize as _;

use super::envelope::{Format, Text, document, is_blank, is_plain};

/// Calls `visit` with the name and value of every top-level child that `wants` its name, until it breaks. `None` if the
/// message cannot be parsed as far as that.
///
/// A value is text; of a nested element or of a JSON array or object it is the source as it stands. At most 32
/// levels. XML entities are the five predefined ones and numbers, and a document type is refused.
pub(super) fn walk<'a, W, V>(message: &'a [u8], wants: W, visit: V) -> Option<()>
where
    W: Fn(&str) -> bool,
    V: FnMut(Cow<'a, str>, Value<'a>) -> ControlFlow<()>,
{
    let (format, document) = document(message)?;
    match format {
        Format::Json => walk_json(document, wants, visit),
        Format::Xml => walk_xml(document, 0, wants, visit),
    }
}

/// [`walk`] over what is inside a child: the elements of an XML element, or a JSON object.
///
/// What it is written in is what it was found in: a text that looks like the other is a text.
pub(super) fn walk_nested<'a, V>(source: Source<'a>, visit: V) -> Option<()>
where
    V: FnMut(Cow<'a, str>, Value<'a>) -> ControlFlow<()>,
{
    let (all, text) = (|_: &str| true, source.text.as_bytes());
    match source.format {
        // An array has no children with names.
        Format::Json => walk_json(text.starts_with(b"{").then_some(text)?, all, visit),
        Format::Xml => walk_xml(text, 1, all, visit),
    }
}

/// What has children, as it stands in a message.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    format: Format,
    text: &'a str,
}

/// `above` is how many levels enclose the document: none, or the one element whose content it is.
fn walk_xml<'a, W, V>(document: &'a [u8], above: usize, wants: W, mut visit: V) -> Option<()>
where
    W: Fn(&str) -> bool,
    V: FnMut(Cow<'a, str>, Value<'a>) -> ControlFlow<()>,
{
    let mut reader = Reader::from_reader(document);
    reader.config_mut().expand_empty_elements = true;
    let (mut depth, mut rooted, mut first) = (above, above > 0, true);
    let mut wanted: Option<Child<'a>> = None;
    loop {
        // White space between children is nobody's: no event is made of it.
        reader.config_mut().trim_text_start = depth < 2;
        let before = usize::try_from(reader.buffer_position()).ok()?;
        match reader.read_event() {
            Ok(Event::Start(tag)) if depth < MAX_DEPTH && is_plain(&tag) => {
                if depth == 0 && rooted {
                    return None;
                }
                rooted = true;
                depth += 1;
                if depth > 2 {
                    if let Some(child) = &mut wanted {
                        child.nested = true;
                    }
                } else if depth == 2 && wants(tag.name().into_inner()) {
                    let start = usize::try_from(reader.buffer_position()).ok()?;
                    // The tag's name is a part of the document: after the `<`.
                    let source = document.get(before..start)?.trim_ascii_start().strip_prefix(b"<")?;
                    let name = source.get(..tag.name().into_inner().len())?;
                    let name = core::str::from_utf8(name).ok()?;
                    wanted = Some(Child { name, start, ..Child::default() });
                }
            }
            Ok(Event::End(_)) => {
                depth = depth.checked_sub(1)?;
                if depth == 1
                    && let Some(Child { name, nested, start, text, .. }) = wanted.take()
                {
                    let value = if nested {
                        Value::source(Format::Xml, core::str::from_utf8(document.get(start..before)?).ok()?)
                    } else {
                        text
                    };
                    if visit(Cow::Borrowed(name), value).is_break() {
                        return Some(());
                    }
                }
            }
            Ok(Event::Text(text)) => match &mut wanted {
                Some(child) => child.text(text.into_inner()),
                None if depth > 0 || is_blank(&text) => {}
                None => return None,
            },
            Ok(Event::CData(text)) if depth > 0 => {
                if let Some(child) = &mut wanted {
                    child.section(text.into_inner());
                }
            }
            Ok(Event::GeneralRef(reference)) if depth > 0 => {
                let character = match &*reference {
                    "amp" => '&',
                    "apos" => '\'',
                    "gt" => '>',
                    "lt" => '<',
                    "quot" => '"',
                    _ => reference.resolve_char_ref().ok()??,
                };
                if let Some(child) = &mut wanted {
                    child.reference(character);
                }
            }
            Ok(Event::Comment(_)) => {}
            Ok(Event::Decl(_)) if first && above == 0 => {}
            Ok(Event::Eof) => return (rooted && depth == above).then_some(()),
            _ => return None,
        }
        first = false;
    }
}

/// The element that is being read.
///
/// White space that stands alone between tags and sections is layout; beside a reference it is text.
#[derive(Default)]
struct Child<'a> {
    name: &'a str,
    nested: bool,
    start: usize,
    text: Value<'a>,
    /// White space that counts if a reference follows.
    blank: Cow<'a, str>,
    after_reference: bool,
}

impl<'a> Child<'a> {
    fn text(&mut self, text: Cow<'a, str>) {
        if !self.after_reference && is_blank(&text) {
            self.blank = text;
        } else {
            self.section(text);
        }
    }

    fn reference(&mut self, character: char) {
        let blank = mem::take(&mut self.blank);
        self.push(blank);
        self.push(Cow::Owned(character.into()));
        self.after_reference = true;
    }

    fn section(&mut self, text: Cow<'a, str>) {
        self.blank = Cow::Borrowed("");
        self.after_reference = false;
        self.push(text);
    }

    fn push(&mut self, text: Cow<'a, str>) {
        if !self.nested {
            self.text.push(text);
        }
    }
}

/// A child's text: a part of the message, or a copy that is wiped when this is dropped.
#[derive(Default)]
pub(super) struct Value<'a> {
    text: Cow<'a, str>,
    /// What it is written in, if it is not a text but the source of what has children.
    source: Option<Format>,
}

impl<'a> Value<'a> {
    fn source(format: Format, text: &'a str) -> Self {
        Self { text: Cow::Borrowed(text), source: Some(format) }
    }

    fn text(text: Cow<'a, str>) -> Self {
        Self { text, source: None }
    }

    pub(super) fn borrowed(text: &'a str) -> Self {
        Self::text(Cow::Borrowed(text))
    }

    /// The source, if it is not a text but has children.
    pub(super) fn as_source(&self) -> Option<Source<'_>> {
        self.source.map(|format| Source { format, text: &self.text })
    }

    fn push(&mut self, text: Cow<'a, str>) {
        if self.text.is_empty() {
            self.text = text;
            return;
        }
        let len = self.text.len().saturating_add(text.len());
        match &mut self.text {
            Cow::Owned(held) if len <= held.capacity() => held.push_str(&text),
            held => {
                // A string that grows by itself would leave its bytes behind.
                let mut longer = String::with_capacity(len.saturating_mul(2));
                longer.push_str(held);
                longer.push_str(&text);
                drop(mem::replace(self, Self::text(Cow::Owned(longer))));
            }
        }
    }
}

impl Deref for Value<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl Drop for Value<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(text) = &mut self.text {
            text.zeroize();
        }
    }
}

fn walk_json<'a, W, V>(document: &'a [u8], wants: W, visit: V) -> Option<()>
where
    W: Fn(&str) -> bool,
    V: FnMut(Cow<'a, str>, Value<'a>) -> ControlFlow<()>,
{
    let mut reader = serde_json::Deserializer::from_slice(document);
    let mut stopped = false;
    let outcome = (&mut reader).deserialize_map(Object { stopped: &mut stopped, wants, visit });
    if stopped {
        return Some(());
    }
    outcome.ok()?;
    reader.end().ok()
}

struct Object<'s, W, V> {
    stopped: &'s mut bool,
    wants: W,
    visit: V,
}

impl<'de, W, V> Visitor<'de> for Object<'_, W, V>
where
    W: Fn(&str) -> bool,
    V: FnMut(Cow<'de, str>, Value<'de>) -> ControlFlow<()>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key_seed(Text)? {
            let raw = map.next_value::<&'de RawValue>()?.get();
            let value = json_value(raw).ok_or_else(|| A::Error::custom("too deep"))?;
            if let Some(value) = value
                && (self.wants)(&name)
                && (self.visit)(name, value).is_break()
            {
                *self.stopped = true;
                return Err(A::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

/// The text of a JSON value: a string unescaped, anything else as it stands, nothing for `null`.
#[allow(clippy::option_option, reason = "too deep, null and a value are three answers")]
fn json_value(raw: &str) -> Option<Option<Value<'_>>> {
    let text = match raw.as_bytes().first()? {
        b'"' => match raw.strip_prefix('"')?.strip_suffix('"')? {
            plain if !plain.contains('\\') => Cow::Borrowed(plain),
            _ => Cow::Owned(serde_json::from_str(raw).ok()?),
        },
        b'n' => return Some(None),
        b'[' | b'{' if levels(raw) >= MAX_DEPTH => return None,
        b'[' | b'{' => return Some(Some(Value::source(Format::Json, raw))),
        _ => Cow::Borrowed(raw),
    };
    Some(Some(Value::text(text)))
}

/// How deep a valid JSON value nests.
fn levels(raw: &str) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0usize, 0usize, false, false);
    for byte in raw.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

const MAX_DEPTH: usize = 32;
