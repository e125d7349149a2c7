//! The rules of a policy document, and what a later version may change.

use super::{
    Bind, Bucket, Class, CompoundPart, Content, Document, FieldRule, IndexKind, MaskKind, Normaliser,
    Padding, Storage, ValueType,
};
use crate::error::{Error, PolicyRule};

/// Checks a whole document.
pub(super) fn document(document: &Document) -> Result<(), Error> {
    if document.tenantseal_policy != 1 || document.version == 0 {
        return Err(broken(None, PolicyRule::Syntax));
    }
    for (position, compartment) in document.compartments.iter().enumerate() {
        label(compartment).map_err(|rule| broken(None, rule))?;
        if document.compartments.iter().take(position).any(|earlier| earlier == compartment) {
            return Err(broken(None, PolicyRule::Compartment));
        }
    }
    for (position, field) in document.fields.iter().enumerate() {
        self::field(document, position, field).map_err(|rule| at(position, rule))?;
    }
    Ok(())
}

/// Checks that `next` keeps everything permanent of `current`.
pub(super) fn successor(current: &Document, next: &Document) -> Result<(), Error> {
    if next.version <= current.version || !current.compartments.iter().all(|c| next.compartments.contains(c))
    {
        return Err(broken(None, PolicyRule::Continuity));
    }
    for old in &current.fields {
        let same = |field: &&FieldRule| field.table == old.table && field.column == old.column;
        let Some(new) = next.fields.iter().find(same) else {
            return Err(broken(None, PolicyRule::Continuity));
        };
        let kept = old.value_type == new.value_type
            && old.content == new.content
            && old.bind == new.bind
            && old.domain == new.domain
            // Equal values would no longer look equal.
            && (old.storage != Storage::Deterministic || old.padding == new.padding)
            // What is there in clear is read for as long as the column is migrating, and nothing else is.
            && (old.storage == new.storage
                || (old.storage == Storage::Plain && new.storage == Storage::Cell && new.migrating_until.is_some()))
            && new.class.starts_with(&old.class)
            && old.compartments.iter().all(|c| new.compartments.contains(c))
            // Rows of a compartment that was there already hold this field sealed outside it.
            && new.compartments.iter().all(|c| old.compartments.contains(c) || !current.compartments.contains(c))
            && old.indexes.iter().all(|index| new.indexes.contains(index))
            && old.mask.as_ref().is_none_or(|mask| new.mask.as_ref() == Some(mask));
        if !kept {
            let position = next.fields.iter().position(|field| core::ptr::eq(field, new)).unwrap_or_default();
            return Err(at(position, PolicyRule::Continuity));
        }
    }
    Ok(())
}

fn field(document: &Document, position: usize, field: &FieldRule) -> Result<(), PolicyRule> {
    label(&field.table)?;
    label(&field.column)?;
    let earlier = || document.fields.iter().take(position);
    require(!earlier().any(|f| f.table == field.table && f.column == field.column), PolicyRule::Duplicate)?;
    class_history(field)?;
    storage(field)?;
    domain(earlier(), field)?;
    padding(field)?;
    binding(document, field)?;
    for (position, compartment) in field.compartments.iter().enumerate() {
        let twice = field.compartments.iter().take(position).any(|earlier| earlier == compartment);
        require(!twice && document.compartments.contains(compartment), PolicyRule::Compartment)?;
    }
    indexes(document, field)?;
    if let Some(mask) = &field.mask {
        let fits = match mask.kind {
            MaskKind::BankCard => field.content == Content::BankCard,
            MaskKind::Custom { first, last } => first.max(last) <= 8 && first.max(last) > 0,
            MaskKind::Email => field.content == Content::Email,
            MaskKind::IdCard => field.content == Content::IdCard,
            MaskKind::MobileCn => field.content == Content::MobileCn,
            MaskKind::Name => field.content == Content::Name,
        };
        let sealed_text = field.storage == Storage::Cell && field.value_type == ValueType::Text;
        require(fits && sealed_text && mask.class <= field.current_class(), PolicyRule::Mask)?;
    }
    if let Some(date) = &field.migrating_until {
        let text_cell = field.storage == Storage::Cell && field.value_type == ValueType::Text;
        require(text_cell && is_date(date), PolicyRule::Migration)?;
    }
    Ok(())
}

fn class_history(field: &FieldRule) -> Result<(), PolicyRule> {
    let repeats = |(position, class): (usize, &Class)| field.class.iter().take(position).any(|c| c == class);
    let sound = !field.class.is_empty() && !field.class.iter().enumerate().any(repeats);
    require(sound && field.current_class() >= field.content.lowest_class(), PolicyRule::Class)
}

fn storage(field: &FieldRule) -> Result<(), PolicyRule> {
    let class = field.current_class();
    match field.storage {
        Storage::Plain => {
            require(class <= Class::Internal && field.content == Content::None, PolicyRule::Storage)
        }
        Storage::Cell => content(field),
        Storage::Deterministic => {
            require(class < Class::Sensitive, PolicyRule::Storage)?;
            content(field)
        }
    }
}

fn content(field: &FieldRule) -> Result<(), PolicyRule> {
    let written = matches!(field.value_type, ValueType::Bytes | ValueType::Text);
    require(written || field.content == Content::None, PolicyRule::Type)
}

/// Only a deterministic field has a domain. All fields of one have the same type and padding, so that equal values look
/// equal, and such a cell knows neither row nor compartment.
fn domain<'f>(mut earlier: impl Iterator<Item = &'f FieldRule>, field: &FieldRule) -> Result<(), PolicyRule> {
    let Some(domain) = &field.domain else {
        return require(field.storage != Storage::Deterministic, PolicyRule::Domain);
    };
    require(field.storage == Storage::Deterministic, PolicyRule::Domain)?;
    label(domain)?;
    require(field.bind == Bind::Unbound, PolicyRule::Binding)?;
    require(field.compartments.is_empty(), PolicyRule::Compartment)?;
    let fits = |other: &FieldRule| {
        other.domain.as_ref() != Some(domain)
            || (other.value_type == field.value_type && other.padding == field.padding)
    };
    require(earlier.all(fits), PolicyRule::Domain)
}

fn padding(field: &FieldRule) -> Result<(), PolicyRule> {
    let sound = match field.padding {
        None => true,
        Some(Padding::Block(size)) => field.storage != Storage::Plain && (2..=4096).contains(&size),
        Some(Padding::Padme) => field.storage != Storage::Plain,
    };
    require(sound, PolicyRule::Padding)
}

fn binding(document: &Document, field: &FieldRule) -> Result<(), PolicyRule> {
    let Bind::Natural(keys) = &field.bind else { return Ok(()) };
    let is_plain = |key: &String| {
        let named = |f: &&FieldRule| f.table == field.table && f.column == *key;
        document.fields.iter().find(named).is_some_and(|f| {
            let keyed = matches!(f.value_type, ValueType::Bytes | ValueType::I64 | ValueType::Text);
            f.storage == Storage::Plain && keyed
        })
    };
    require((1..=8).contains(&keys.len()) && keys.iter().all(is_plain), PolicyRule::Binding)
}

fn indexes(document: &Document, field: &FieldRule) -> Result<(), PolicyRule> {
    for (position, index) in field.indexes.iter().enumerate() {
        label(&index.label)?;
        let twice = field.indexes.iter().take(position).any(|earlier| earlier.label == index.label);
        require(!twice, PolicyRule::Duplicate)?;
        let whole = matches!(field.value_type, ValueType::Bytes | ValueType::Text);
        let fits = match &index.kind {
            IndexKind::Bucket(bucket) => bucket_fits(*bucket, field),
            IndexKind::Compound(parts) => parts_fit(document, field, parts),
            IndexKind::Exact | IndexKind::Unique => true,
            IndexKind::Last(len) => whole && (1..=32).contains(len),
            // Of a phone number in international form nobody knows the beginning.
            IndexKind::Prefix(len) => {
                whole && (1..=32).contains(len) && index.normaliser != Normaliser::MobileCn1
            }
        };
        let sized = match index.kind {
            IndexKind::Unique => index.bits == 128 && index.partitions == 1,
            _ => (8..=63).contains(&index.bits) && (1..=256).contains(&index.partitions),
        };
        // Rows that are bound to nothing would all be in one partition.
        let spread = index.partitions == 1 || field.bind != Bind::Unbound;
        let spelled = normaliser_fits(index.normaliser, field);
        require(field.storage == Storage::Cell && fits && sized && spread && spelled, PolicyRule::Index)?;
    }
    Ok(())
}

fn normaliser_fits(normaliser: Normaliser, field: &FieldRule) -> bool {
    match normaliser {
        Normaliser::Email1 | Normaliser::IdCard1 | Normaliser::MobileCn1 | Normaliser::NfkcFold1 => {
            field.value_type == ValueType::Text
        }
        Normaliser::None1 => true,
    }
}

fn bucket_fits(bucket: Bucket, field: &FieldRule) -> bool {
    let (width, types) = match bucket {
        Bucket::Days(width) | Bucket::Months(width) => (width, [ValueType::Date, ValueType::Timestamp]),
        Bucket::Units(width) => (width, [ValueType::I64, ValueType::Decimal]),
    };
    (1..=1 << 31).contains(&width) && types.contains(&field.value_type)
}

/// The token is under the key of the field, which must protect every column that it is made of.
fn parts_fit(document: &Document, field: &FieldRule, parts: &[CompoundPart]) -> bool {
    let sound = |(position, part): (usize, &CompoundPart)| {
        let named = |other: &&FieldRule| other.table == field.table && other.column == part.column;
        let twice = parts.iter().take(position).any(|earlier| earlier.column == part.column);
        document.fields.iter().find(named).is_some_and(|other| {
            !twice
                && other.column != field.column
                && other.storage == Storage::Cell
                && other.current_class() <= field.current_class()
                && other.compartments.iter().all(|compartment| field.compartments.contains(compartment))
                && normaliser_fits(part.normaliser, other)
        })
    };
    (1..=4).contains(&parts.len()) && parts.iter().enumerate().all(sound)
}

/// A label is `[a-z][a-z0-9_]*`, 1 to 63 bytes. It can hold neither `.` nor `#`.
fn label(label: &str) -> Result<(), PolicyRule> {
    let starts = label.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
    let sound = label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    require(starts && sound && label.len() <= 63, PolicyRule::Label)
}

/// `YYYY-MM-DD`, so that dates compare as text.
fn is_date(text: &str) -> bool {
    let mut parts = text.split('-').map(|part| (part.len(), part.parse::<u16>().ok()));
    let sound = matches!(
        (parts.next(), parts.next(), parts.next(), parts.next()),
        (Some((4, Some(_))), Some((2, Some(1..=12))), Some((2, Some(1..=31))), None)
    );
    sound && text.bytes().all(|b| b.is_ascii_digit() || b == b'-')
}

fn require(holds: bool, rule: PolicyRule) -> Result<(), PolicyRule> {
    if holds { Ok(()) } else { Err(rule) }
}

fn at(position: usize, rule: PolicyRule) -> Error {
    broken(u16::try_from(position).ok(), rule)
}

fn broken(field: Option<u16>, rule: PolicyRule) -> Error {
    Error::Policy { field, rule }
}
