//! The places of a policy: every column of cells and every index, numbered, so that a key is found without a search.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::{Class, Document, FieldRule, Storage, ValueType};
use crate::{
    error::Error,
    tenant::{
        chain::{CellKeys, Node, Place},
        id::{Generation, TenantId},
        suite::Suite,
    },
};

/// What of a field a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Mask,
    Value,
}

/// One column of cells: the values or masks of one field in one compartment.
#[derive(Debug)]
pub(crate) struct Column {
    /// The position of the field in the document.
    pub(crate) field: usize,
    pub(crate) part: Part,
    pub(crate) compartment: String,
    pub(crate) table: String,
    /// With `#mask` after it for masks.
    pub(crate) column: String,
    pub(crate) value_type: ValueType,
    /// Of deterministic cells.
    pub(crate) domain: Option<String>,
    /// The class history, the current class first.
    pub(crate) classes: Vec<Class>,
    /// The number of its field's first index in this compartment.
    pub(crate) first_index: usize,
}

impl Column {
    /// The keys of its cells, under the roots that its storage takes.
    pub(crate) fn keys(
        &self,
        tenant: &TenantId,
        tenant_roots: &[(Generation, Node)],
        index_roots: &[(Generation, Node)],
        sealing: Suite,
    ) -> Result<CellKeys, Error> {
        match &self.domain {
            Some(domain) => CellKeys::derive_domain(tenant, index_roots, domain, self.value_type, sealing),
            None => CellKeys::derive(tenant, tenant_roots, &self.classes, &self.place(), sealing),
        }
    }

    /// By permanent labels.
    pub(crate) fn place(&self) -> Place<'_> {
        Place {
            compartment: &self.compartment,
            table: &self.table,
            column: &self.column,
            value_type: self.value_type,
        }
    }
}

/// Every column and index of a policy.
#[derive(Debug)]
pub(crate) struct Layout {
    columns: Vec<Column>,
    indexes: usize,
    /// Of each field that is stored as cells, by label: its position, and its first column.
    fields: HashMap<Box<str>, Option<usize>, FixedState>,
}

impl Layout {
    pub(super) fn new(document: &Document) -> Self {
        let mut layout = Self {
            columns: Vec::new(),
            indexes: 0,
            // Labels are the policy author's, and what is asked for is compared: no flood of collisions to fear.
            fields: HashMap::with_hasher(FixedState::default()),
        };
        for (field, rule) in document.fields.iter().enumerate() {
            let first = (rule.storage != Storage::Plain).then_some(layout.columns.len());
            layout.fields.insert(rule.label().into(), first);
            if first.is_none() {
                continue;
            }
            for compartment in core::iter::once("").chain(rule.compartments.iter().map(String::as_str)) {
                layout.add(field, rule, compartment);
            }
        }
        layout
    }

    fn add(&mut self, field: usize, rule: &FieldRule, compartment: &str) {
        let column = |part, column: String, value_type, classes| Column {
            field,
            part,
            compartment: compartment.to_owned(),
            table: rule.table.clone(),
            column,
            value_type,
            domain: rule.domain.clone(),
            classes,
            first_index: self.indexes,
        };
        let classes = rule.class.iter().rev().copied().collect();
        let value = column(Part::Value, rule.column.clone(), rule.value_type, classes);
        let mask = rule.mask.as_ref().map(|mask| {
            column(Part::Mask, format!("{}#mask", rule.column), rule.value_type, vec![mask.class])
        });
        self.columns.push(value);
        self.columns.extend(mask);
        self.indexes += rule.indexes.len();
    }

    pub(crate) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How many indexes there are.
    pub(crate) fn index_count(&self) -> usize {
        self.indexes
    }

    /// The column of a field's values in the default compartment.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownField`]; [`Error::Unsupported`] if it is stored as it is.
    pub(crate) fn values(&self, label: &str) -> Result<usize, Error> {
        self.fields.get(label).ok_or(Error::UnknownField)?.ok_or(Error::Unsupported)
    }

    /// The column of the same field with this compartment and part.
    pub(crate) fn sibling(&self, slot: usize, compartment: &str, part: Part) -> Option<usize> {
        let field = self.columns.get(slot)?.field;
        let first = self.columns.partition_point(|column| column.field < field);
        let same = |column: &&Column| column.field == field;
        self.columns
            .iter()
            .skip(first)
            .take_while(same)
            .position(|column| column.compartment == compartment && column.part == part)
            .map(|position| first + position)
    }
}
