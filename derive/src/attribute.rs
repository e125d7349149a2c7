//! What `#[record(...)]` says of one field, word by word.

mod index;
pub(crate) mod syntax;

use syn::{Attribute, Result, meta::ParseNestedMeta, spanned::Spanned as _};

pub(crate) use index::{Index, IndexKind};

use syntax::{At, TWICE, date, known, label, name, nested, number, once, words};

/// How a value is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage {
    Cell,
    Deterministic,
    Plain,
}

/// How a cell is tied to its row.
pub(crate) enum Bind {
    Natural(Vec<At<String>>),
    Row,
    Unbound,
}

/// What a `String` holds, if it is not simply text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    Decimal,
    Json,
}

pub(crate) enum Padding {
    Block(u32),
    Padme,
}

pub(crate) enum MaskKind {
    Custom { first: u32, last: u32 },
    Named(&'static str),
}

pub(crate) struct Mask {
    pub(crate) kind: MaskKind,
    pub(crate) class: &'static str,
}

/// What is said of one field. Nothing here is checked against anything else yet.
#[derive(Default)]
pub(crate) struct Attributes {
    pub(crate) bind: Option<At<Bind>>,
    pub(crate) class: Option<At<Vec<&'static str>>>,
    pub(crate) column: Option<At<String>>,
    pub(crate) compartments: Option<At<Vec<String>>>,
    pub(crate) content: Option<At<&'static str>>,
    pub(crate) domain: Option<At<String>>,
    pub(crate) id: Option<At<()>>,
    pub(crate) indexes: Vec<At<Index>>,
    pub(crate) mask: Option<At<Mask>>,
    pub(crate) migrating_until: Option<At<String>>,
    pub(crate) padding: Option<At<Padding>>,
    pub(crate) skip: Option<At<()>>,
    pub(crate) storage: Option<At<Storage>>,
    pub(crate) written: Option<At<Written>>,
}

impl Attributes {
    /// Of all `#[record(...)]` of a field.
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut read = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("record")) {
            attribute.parse_nested_meta(|meta| read.word(&meta))?;
        }
        Ok(read)
    }

    fn word(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let span = meta.path.span();
        match name(meta).as_str() {
            "cell" => once(&mut self.storage, span, Storage::Cell, ONE_STORAGE),
            "class" => {
                let words =
                    words(meta)?.iter().map(|text| known("class", text, CLASSES)).collect::<Result<_>>()?;
                once(
                    &mut self.class,
                    span,
                    words,
                    "the class history stands in one list: write `class(\"internal\", \"personal\")`",
                )
            }
            "column" => once(&mut self.column, span, label(meta.value()?.parse()?)?.value, TWICE),
            "compartments" => {
                let labels =
                    words(meta)?.into_iter().map(|text| Ok(label(text)?.value)).collect::<Result<_>>()?;
                once(
                    &mut self.compartments,
                    span,
                    labels,
                    "compartments stand in one list: write `compartments(\"hr\", \"board\")`",
                )
            }
            "content" => {
                once(&mut self.content, span, known("content", &meta.value()?.parse()?, CONTENTS)?, TWICE)
            }
            "decimal" => once(&mut self.written, span, Written::Decimal, ONE_WRITTEN),
            "deterministic" => once(&mut self.storage, span, Storage::Deterministic, ONE_STORAGE),
            "domain" => once(&mut self.domain, span, label(meta.value()?.parse()?)?.value, TWICE),
            "id" => once(&mut self.id, span, (), TWICE),
            "index" => {
                self.indexes.push(At { value: index::read(meta)?, span });
                Ok(())
            }
            "json" => once(&mut self.written, span, Written::Json, ONE_WRITTEN),
            "mask" => once(&mut self.mask, span, mask(meta)?, TWICE),
            "migrating_until" => once(&mut self.migrating_until, span, date(&meta.value()?.parse()?)?, TWICE),
            "natural" => {
                let keys = words(meta)?.into_iter().map(label).collect::<Result<_>>()?;
                once(&mut self.bind, span, Bind::Natural(keys), ONE_BIND)
            }
            "padding" => once(&mut self.padding, span, padding(meta)?, TWICE),
            "plain" => once(&mut self.storage, span, Storage::Plain, ONE_STORAGE),
            "row" => once(&mut self.bind, span, Bind::Row, ONE_BIND),
            "skip" => once(&mut self.skip, span, (), TWICE),
            "unbound" => once(&mut self.bind, span, Bind::Unbound, ONE_BIND),
            _ => Err(meta.error(UNKNOWN)),
        }
    }
}

/// The table that `#[record(table = "...")]` of a struct names.
pub(crate) fn table(attributes: &[Attribute]) -> Result<Option<String>> {
    let mut table = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("record")) {
        attribute.parse_nested_meta(|meta| match name(&meta).as_str() {
            "table" => once(&mut table, meta.path.span(), label(meta.value()?.parse()?)?.value, TWICE),
            _ => Err(meta.error("a struct takes `table = \"...\"`, and nothing else")),
        })?;
    }
    Ok(table.map(|table| table.value))
}

fn mask(meta: &ParseNestedMeta<'_>) -> Result<Mask> {
    let (mut kind, mut class) = (None, None);
    nested(meta, MASK, |meta| {
        let span = meta.path.span();
        match name(&meta).as_str() {
            "class" => once(&mut class, span, known("class", &meta.value()?.parse()?, CLASSES)?, TWICE),
            "custom" => once(&mut kind, span, custom(&meta)?, MASK),
            "kind" => {
                let named = known("kind of mask", &meta.value()?.parse()?, MASKS)?;
                once(&mut kind, span, MaskKind::Named(named), MASK)
            }
            _ => Err(meta.error(MASK)),
        }
    })?;
    match (kind, class) {
        (Some(kind), Some(class)) => Ok(Mask { kind: kind.value, class: class.value }),
        _ => Err(meta.error(MASK)),
    }
}

fn custom(meta: &ParseNestedMeta<'_>) -> Result<MaskKind> {
    let (mut first, mut last) = (None, None);
    nested(meta, CUSTOM, |meta| match name(&meta).as_str() {
        "first" => once(&mut first, meta.path.span(), number(&meta, 0..=8)?, TWICE),
        "last" => once(&mut last, meta.path.span(), number(&meta, 0..=8)?, TWICE),
        _ => Err(meta.error(CUSTOM)),
    })?;
    let count = |side: Option<At<u32>>| side.map_or(0, |side| side.value);
    match (count(first), count(last)) {
        (0, 0) => Err(meta.error(CUSTOM)),
        (first, last) => Ok(MaskKind::Custom { first, last }),
    }
}

fn padding(meta: &ParseNestedMeta<'_>) -> Result<Padding> {
    let mut padding = None;
    nested(meta, PADDING, |meta| {
        let one = match name(&meta).as_str() {
            "block" => Padding::Block(number(&meta, 2..=4096)?),
            "padme" => Padding::Padme,
            _ => return Err(meta.error(PADDING)),
        };
        once(&mut padding, meta.path.span(), one, PADDING)
    })?;
    padding.map(|padding| padding.value).ok_or_else(|| meta.error(PADDING))
}

pub(crate) const CLASSES: &[&str] = &["public", "internal", "personal", "sensitive"];
pub(crate) const CONTENTS: &[&str] = &["none", "name", "mobile_cn", "email", "id_card", "bank_card"];
pub(crate) const MASKS: &[&str] = &["mobile_cn", "name", "id_card", "bank_card", "email"];

const ONE_STORAGE: &str = "a field is stored in one way: write one of `cell`, `deterministic` and `plain`";
const ONE_BIND: &str = "a field is bound in one way: write one of `row`, `natural(\"...\")` and `unbound`";
const ONE_WRITTEN: &str = "a String is one of `decimal` and `json`, or, with neither, text";
const MASK: &str = "a mask needs a kind and a class: write `mask(kind = \"mobile_cn\", class = \"internal\")` or \
                    `mask(custom(first = 2, last = 1), class = \"internal\")`";
const CUSTOM: &str =
    "a custom mask shows 0 to 8 characters at each end, and not none: write `custom(first = 2, last = 1)`";
const PADDING: &str = "padding is one of `padding(block = 16)` and `padding(padme)`";
const UNKNOWN: &str = "a field takes `id`, `skip`, or one of `cell`, `deterministic` and `plain` with `class`, `column`, \
                       `compartments`, `content`, `decimal`, `domain`, `index`, `json`, `mask`, `migrating_until`, `natural`, \
                       `padding`, `row` and `unbound`";
