//! What `index(...)` says.

use syn::{Error, LitInt, Result, meta::ParseNestedMeta, spanned::Spanned as _};

use super::syntax::{
    At, LABEL, NORMALISERS, TWICE, is_label, known, label, name, nested, number, once, ranged,
};

pub(crate) struct CompoundPart {
    pub(crate) column: At<String>,
    pub(crate) normaliser: &'static str,
}

pub(crate) enum IndexKind {
    Bucket { unit: &'static str, width: u32 },
    Compound(Vec<CompoundPart>),
    Exact,
    Last(u32),
    Prefix(u32),
    Unique,
}

pub(crate) struct Index {
    pub(crate) label: At<String>,
    pub(crate) kind: IndexKind,
    pub(crate) normaliser: &'static str,
    pub(crate) bits: u32,
    pub(crate) partitions: Option<u32>,
}

/// Reads `index(...)`.
pub(super) fn read(meta: &ParseNestedMeta<'_>) -> Result<Index> {
    let (mut label_of, mut kind, mut normaliser, mut bits, mut partitions) = (None, None, None, None, None);
    let span = meta.path.span();
    nested(meta, INDEX, |meta| {
        let span = meta.path.span();
        match name(&meta).as_str() {
            "bits" => once(&mut bits, span, meta.value()?.parse::<LitInt>()?, TWICE),
            "bucket" => once(&mut kind, span, bucket(&meta)?, ONE_KIND),
            "compound" => once(&mut kind, span, IndexKind::Compound(compound(&meta)?), ONE_KIND),
            "exact" => once(&mut kind, span, IndexKind::Exact, ONE_KIND),
            "label" => once(&mut label_of, span, label(meta.value()?.parse()?)?, TWICE),
            "last" => once(&mut kind, span, IndexKind::Last(number(&meta, 1..=32)?), ONE_KIND),
            "normaliser" => {
                once(&mut normaliser, span, known("normaliser", &meta.value()?.parse()?, NORMALISERS)?, TWICE)
            }
            "partitions" => once(&mut partitions, span, number(&meta, 2..=256)?, TWICE),
            "prefix" => once(&mut kind, span, IndexKind::Prefix(number(&meta, 1..=32)?), ONE_KIND),
            "unique" => once(&mut kind, span, IndexKind::Unique, ONE_KIND),
            _ => Err(meta.error(INDEX)),
        }
    })?;
    let label = label_of
        .ok_or_else(|| Error::new(span, "an index needs a permanent label: write `label = \"exact\"`"))?;
    let kind = kind.ok_or_else(|| Error::new(span, ONE_KIND))?.value;
    let is_unique = matches!(kind, IndexKind::Unique);
    let bits = match bits {
        Some(bits) if is_unique => ranged("bits", &bits.value, 128..=128)?,
        Some(bits) => ranged("bits", &bits.value, 8..=63)?,
        None if is_unique => 128,
        None => {
            let wanted = "an index needs a number of bits: write `bits = 15`, or another number of 8 to 63";
            return Err(Error::new(span, wanted));
        }
    };
    if let Some(partitions) = partitions.as_ref().filter(|_| is_unique) {
        return Err(Error::new(partitions.span, "a unique index has no partitions: leave them out"));
    }
    Ok(Index {
        label: label.value,
        kind,
        normaliser: normaliser.map_or("none/1", |normaliser| normaliser.value),
        bits,
        partitions: partitions.map(|partitions| partitions.value),
    })
}

fn bucket(meta: &ParseNestedMeta<'_>) -> Result<IndexKind> {
    let mut bucket = None;
    nested(meta, BUCKET, |meta| {
        let unit = match name(&meta).as_str() {
            "days" => "days",
            "months" => "months",
            "units" => "units",
            _ => return Err(meta.error(BUCKET)),
        };
        let width = number(&meta, 1..=1 << 31)?;
        once(&mut bucket, meta.path.span(), IndexKind::Bucket { unit, width }, BUCKET)
    })?;
    bucket.map(|bucket| bucket.value).ok_or_else(|| meta.error(BUCKET))
}

/// `compound(age = "none/1", city = "nfkc_fold/1")`.
fn compound(meta: &ParseNestedMeta<'_>) -> Result<Vec<CompoundPart>> {
    let mut parts = Vec::new();
    nested(meta, COMPOUND, |meta| {
        let column = At { value: name(&meta), span: meta.path.span() };
        if !is_label(&column.value) {
            return Err(meta.error(LABEL));
        }
        let normaliser = known("normaliser", &meta.value()?.parse()?, NORMALISERS)?;
        parts.push(CompoundPart { column, normaliser });
        Ok(())
    })?;
    if (1..=4).contains(&parts.len()) { Ok(parts) } else { Err(meta.error(COMPOUND)) }
}

const ONE_KIND: &str = "an index is of one kind: write one of `exact`, `prefix = 2`, `last = 4`, `bucket(months = 1)`, \
                        `compound(city = \"nfkc_fold/1\")` and `unique`";
const BUCKET: &str =
    "buckets have one width: write `bucket(units = 1000)`, `bucket(days = 7)` or `bucket(months = 1)`";
const COMPOUND: &str =
    "a compound index has 1 to 4 further columns: write `compound(city = \"nfkc_fold/1\")`";
const INDEX: &str = "an index takes `label`, one of `exact`, `prefix`, `last`, `bucket(...)`, `compound(...)` and `unique`, and \
                     `normaliser`, `bits` and `partitions`";
