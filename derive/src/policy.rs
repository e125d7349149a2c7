//! A column as an entry of a policy document.
//!
//! The text needs no escapes: labels, words and dates were read by grammars that have neither `"` nor `\`.

use crate::{
    attribute::{Bind, Index, IndexKind, MaskKind, Padding, Storage},
    record::{Column, ValueType},
};

/// The entry, with what is not said left out.
pub(crate) fn entry(table: &str, column: &Column) -> String {
    let bind = match &column.bind {
        Bind::Natural(keys) => format!("{{\"natural\":{}}}", list(keys.iter().map(|key| key.value.as_str()))),
        Bind::Row => quoted("row"),
        Bind::Unbound => quoted("unbound"),
    };
    let storage = match column.storage {
        Storage::Cell => "cell",
        Storage::Deterministic => "deterministic",
        Storage::Plain => "plain",
    };
    let mut members = vec![
        ("bind", bind),
        ("class", list(column.class.iter().copied())),
        ("column", quoted(&column.label)),
    ];
    if !column.compartments.is_empty() {
        members.push(("compartments", list(column.compartments.iter().map(String::as_str))));
    }
    members.extend(column.content.map(|content| ("content", quoted(content))));
    members.extend(column.domain.as_deref().map(|domain| ("domain", quoted(domain))));
    if !column.indexes.is_empty() {
        members.push(("indexes", array(column.indexes.iter().map(index))));
    }
    members.extend(column.mask.as_ref().map(|mask| {
        let kind = match mask.kind {
            MaskKind::Custom { first, last } => {
                format!("{{\"custom\":{{\"first\":{first},\"last\":{last}}}}}")
            }
            MaskKind::Named(kind) => quoted(kind),
        };
        ("mask", object(&[("class", quoted(mask.class)), ("kind", kind)]))
    }));
    members.extend(column.migrating_until.as_deref().map(|date| ("migrating_until", quoted(date))));
    members.extend(column.padding.as_ref().map(|padding| {
        let padding = match padding {
            Padding::Block(size) => format!("{{\"block\":{size}}}"),
            Padding::Padme => quoted("padme"),
        };
        ("padding", padding)
    }));
    members.extend([
        ("storage", quoted(storage)),
        ("table", quoted(table)),
        ("type", quoted(column.value_type.word())),
    ]);
    object(&members)
}

impl ValueType {
    /// The word for it in a policy document.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Bytes => "bytes",
            Self::Date => "date",
            Self::Decimal => "decimal",
            Self::F64 => "f64",
            Self::I64 => "i64",
            Self::Json => "json",
            Self::Text => "text",
            Self::Timestamp => "timestamp",
        }
    }
}

fn index(index: &Index) -> String {
    let kind = match &index.kind {
        IndexKind::Bucket { unit, width } => format!("{{\"bucket\":{{{}:{width}}}}}", quoted(unit)),
        IndexKind::Compound(parts) => {
            let parts = array(parts.iter().map(|part| {
                object(&[("column", quoted(&part.column.value)), ("normaliser", quoted(part.normaliser))])
            }));
            format!("{{\"compound\":{parts}}}")
        }
        IndexKind::Exact => quoted("exact"),
        IndexKind::Last(len) => format!("{{\"last\":{len}}}"),
        IndexKind::Prefix(len) => format!("{{\"prefix\":{len}}}"),
        IndexKind::Unique => quoted("unique"),
    };
    let mut members = vec![
        ("bits", index.bits.to_string()),
        ("kind", kind),
        ("label", quoted(&index.label.value)),
        ("normaliser", quoted(index.normaliser)),
    ];
    members.extend(index.partitions.map(|partitions| ("partitions", partitions.to_string())));
    object(&members)
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn list<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    array(texts.map(quoted))
}

fn array(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn object(members: &[(&str, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}
