//! The policy document: every field of the product, named once, for every language.

mod check;
mod layout;
mod stored;

use core::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use layout::{Column, Layout, Part};

use crate::error::{Error, PolicyRule};

/// A checked policy document, version 1 of the schema (`schema/policy-v1.schema.json`).
///
/// It names tables and columns by permanent labels, apart from their SQL names: renaming a column in the database
/// changes nothing here. A later version may add fields and indexes and raise classes; it never drops or re-types.
#[derive(Clone)]
pub struct Policy {
    document: Document,
    layout: Arc<Layout>,
}

impl Policy {
    /// The longest document, in bytes, as it is written and in its canonical form.
    pub const MAX_LEN: usize = 1 << 20;

    /// Reads and checks a document.
    ///
    /// # Errors
    ///
    /// [`Error::Policy`] with the rule that is broken and the position of the field that breaks it;
    /// [`Error::TooLong`] over [`Policy::MAX_LEN`].
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        if json.len() > Self::MAX_LEN {
            return Err(Error::TooLong);
        }
        let syntax = Error::Policy { field: None, rule: PolicyRule::Syntax };
        let document: Document = serde_json::from_slice(json).map_err(|_| syntax)?;
        let source: Value = serde_json::from_slice(json).map_err(|_| syntax)?;
        if !is_of_schema(&source, &serde_json::to_value(&document).map_err(|_| syntax)?) {
            return Err(syntax);
        }
        check::document(&document)?;
        let policy = Self { layout: Arc::new(Layout::new(&document)), document };
        // The canonical form writes out what the source may leave out, and must be readable again.
        if policy.to_json().len() > Self::MAX_LEN { Err(Error::TooLong) } else { Ok(policy) }
    }

    /// The canonical form: keys in alphabetical order, nothing optional left out, no white space.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Invariant: the document has string keys and finite numbers only, so it always serialises.
        serde_json::to_string(&self.document).unwrap_or_default()
    }

    /// The version of this document, counted by its author.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.document.version
    }

    /// Every field, in the order of the document.
    #[must_use]
    pub fn fields(&self) -> &[FieldRule] {
        &self.document.fields
    }

    /// Every compartment that fields may use beside the default one.
    #[must_use]
    pub fn compartments(&self) -> &[String] {
        &self.document.compartments
    }

    /// The field of that label, `table.column`.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownField`].
    pub fn field(&self, label: &str) -> Result<&FieldRule, Error> {
        let (table, column) = label.split_once('.').ok_or(Error::UnknownField)?;
        let named = |field: &&FieldRule| field.table == table && field.column == column;
        self.document.fields.iter().find(named).ok_or(Error::UnknownField)
    }

    /// Every column of cells and every index.
    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Checks that `next` may take this document's place.
    ///
    /// # Errors
    ///
    /// [`Error::Policy`] with [`PolicyRule::Continuity`], and the position in `next` where there is one.
    pub fn check_successor(&self, next: &Self) -> Result<(), Error> {
        check::successor(&self.document, &next.document)
    }
}

impl PartialEq for Policy {
    fn eq(&self, other: &Self) -> bool {
        self.document == other.document
    }
}

impl Eq for Policy {}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Policy").field(&self.document).finish()
    }
}

/// Whether a source is the canonical form but for members that it leaves out. What serde takes beside the schema is
/// not: a list in the place of an object, which would mean another thing once a member is added, and `{"row": null}`
/// for `"row"`.
fn is_of_schema(source: &Value, canonical: &Value) -> bool {
    match (source, canonical) {
        (Value::Object(source), Value::Object(canonical)) => source
            .iter()
            .all(|(name, value)| canonical.get(name).is_some_and(|canonical| is_of_schema(value, canonical))),
        (Value::Array(source), Value::Array(canonical)) => {
            source.len() == canonical.len() && source.iter().zip(canonical).all(|(a, b)| is_of_schema(a, b))
        }
        (source, canonical) => source == canonical,
    }
}

/// The members stand in alphabetical order: that is the canonical form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    compartments: Vec<String>,
    fields: Vec<FieldRule>,
    tenantseal_policy: u32,
    version: u32,
}

/// What the policy says of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FieldRule {
    /// How a cell is tied to its row.
    pub bind: Bind,
    /// The classes that the field has had; the last is the current one.
    pub class: Vec<Class>,
    /// The permanent label of the column.
    pub column: String,
    /// The compartments that rows of this field may be in, beside the default one.
    #[serde(default)]
    pub compartments: Vec<String>,
    /// What the values are.
    #[serde(default)]
    pub content: Content,
    /// The domain of a deterministic field.
    #[serde(default)]
    pub domain: Option<String>,
    /// The blind indexes.
    #[serde(default)]
    pub indexes: Vec<IndexRule>,
    /// The mask that listings show.
    #[serde(default)]
    pub mask: Option<MaskRule>,
    /// Until the end of that day, UTC, values that are no cells are read as plaintext.
    #[serde(default)]
    pub migrating_until: Option<String>,
    /// How far values are padded, so that the length of a cell tells less. Left out in canonical form if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub padding: Option<Padding>,
    /// How values are stored.
    pub storage: Storage,
    /// The permanent label of the table.
    pub table: String,
    /// The type of the values.
    #[serde(rename = "type")]
    pub value_type: ValueType,
}

impl FieldRule {
    /// The permanent label of the field: `table.column`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}.{}", self.table, self.column)
    }

    /// The name that the column of its mask has unless it is given another: `column__mask`.
    #[must_use]
    pub fn mask_column(&self) -> String {
        format!("{}__mask", self.column)
    }

    /// The name that the column of an index has unless it is given another: `column__ix_index`.
    #[must_use]
    pub fn index_column(&self, index: &IndexRule) -> String {
        format!("{}__ix_{}", self.column, index.label)
    }

    /// The current class.
    #[must_use]
    pub fn current_class(&self) -> Class {
        // Invariant: a checked document has one class at least.
        self.class.last().copied().unwrap_or(Class::Sensitive)
    }
}

/// How much harm a leak does. The class selects a branch of the key chain and what may be done with the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Class {
    /// Meant for everybody.
    Public,
    /// Meant for everybody inside.
    Internal,
    /// About a person. Sealed.
    Personal,
    /// Harms a person if it leaks: identity documents, bank cards. Sealed, and never deterministic.
    Sensitive,
}

impl Class {
    /// The number that stands for this class in key derivation.
    #[must_use]
    pub const fn id(self) -> u8 {
        match self {
            Self::Public => 1,
            Self::Internal => 2,
            Self::Personal => 3,
            Self::Sensitive => 4,
        }
    }
}

/// What a field holds. It sets the lowest class that the field may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// A bank card number: sensitive.
    BankCard,
    /// An email address: personal.
    Email,
    /// A resident identity card number (身份证): sensitive.
    IdCard,
    /// A mobile number, Chinese by default: personal.
    MobileCn,
    /// A person's name: personal.
    Name,
    /// Nothing in particular: any class.
    #[default]
    None,
}

impl Content {
    /// The lowest class that such a field may have.
    #[must_use]
    pub const fn lowest_class(self) -> Class {
        match self {
            Self::BankCard | Self::IdCard => Class::Sensitive,
            Self::Email | Self::MobileCn | Self::Name => Class::Personal,
            Self::None => Class::Public,
        }
    }
}

/// How the values of a field are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Storage {
    /// Sealed, each value on its own: two equal values look different.
    Cell,
    /// Sealed so that equal values of a domain look equal, to everybody who sees them.
    Deterministic,
    /// As they are.
    Plain,
}

/// The type of a field's values: part of what a cell is bound to. All numbers are fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ValueType {
    /// `5`
    Bool,
    /// `1`
    Bytes,
    /// `7`
    Date,
    /// `6`
    Decimal,
    /// `4`
    F64,
    /// `3`
    I64,
    /// `9`
    Json,
    /// `2`: UTF-8.
    Text,
    /// `8`
    Timestamp,
}

impl ValueType {
    /// The number that stands for this type in a cell's context.
    #[must_use]
    pub const fn id(self) -> u8 {
        match self {
            Self::Bytes => 1,
            Self::Text => 2,
            Self::I64 => 3,
            Self::F64 => 4,
            Self::Bool => 5,
            Self::Decimal => 6,
            Self::Date => 7,
            Self::Timestamp => 8,
            Self::Json => 9,
        }
    }
}

/// How a cell is tied to its row, so that it cannot be moved to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Bind {
    /// To the values of these columns of the row, which never change.
    Natural(Vec<String>),
    /// To the row's id.
    Row,
    /// Not at all: a cell may be moved between rows of its column unnoticed.
    Unbound,
}

/// How far a value is padded before it is sealed. FORMAT.md section 6.8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Padding {
    /// To a multiple of that many bytes, 2 to 4096.
    Block(u16),
    /// PADMÉ: to a length of few significant bits, at most 12 % more. For values whose lengths differ a lot.
    Padme,
}

/// A blind index of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct IndexRule {
    /// How many bits a token has: fewer hide more, and give more candidates to decrypt. Of a unique index 128.
    pub bits: u8,
    /// What it finds.
    pub kind: IndexKind,
    /// The permanent label of the index.
    pub label: String,
    /// How a value is brought to one spelling first.
    pub normaliser: Normaliser,
    /// Over how many tokens the rows of one value are spread, 2 to 256, so that a frequent value does not stand out.
    /// Left out in canonical form if it is 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub partitions: u16,
}

const fn one() -> u16 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_one(partitions: &u16) -> bool {
    *partitions == 1
}

/// What a blind index finds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum IndexKind {
    /// The bucket that a number, date or timestamp is in, for ranges.
    Bucket(Bucket),
    /// The whole values of this field and of further columns of the row together: 1 to 4 of them.
    Compound(Vec<CompoundPart>),
    /// The whole value.
    Exact,
    /// Its last characters, that many: 1 to 32. Of a value of type bytes, its last bytes.
    Last(u8),
    /// Its first characters, that many: 1 to 32. Of a value of type bytes, its first bytes.
    Prefix(u8),
    /// The whole value, in 16 bytes for a `UNIQUE` constraint: who sees them sees every pair of equal values.
    Unique,
}

impl IndexKind {
    pub(crate) const fn id(&self) -> u8 {
        match self {
            Self::Exact => 1,
            Self::Prefix(_) => 2,
            Self::Last(_) => 3,
            Self::Compound(_) => 4,
            Self::Bucket(_) => 5,
            Self::Unique => 6,
        }
    }

    /// Of how many characters a token is made, if not of all.
    pub(crate) const fn len(&self) -> Option<u8> {
        match self {
            Self::Last(len) | Self::Prefix(len) => Some(*len),
            Self::Bucket(_) | Self::Compound(_) | Self::Exact | Self::Unique => None,
        }
    }

    /// The further columns of a compound index, in the policy's order; none of any other.
    #[must_use]
    pub fn further(&self) -> &[CompoundPart] {
        match self {
            Self::Compound(parts) => parts,
            _ => &[],
        }
    }

    /// What the key of an index is derived with besides what every index has. FORMAT.md section 5.
    pub(crate) fn context(&self) -> Vec<Vec<u8>> {
        match self {
            Self::Bucket(bucket) => {
                let (unit, width) = bucket.parts();
                vec![vec![unit], width.to_be_bytes().to_vec()]
            }
            Self::Compound(parts) => parts
                .iter()
                .flat_map(|part| [part.column.as_str(), part.normaliser.label()])
                .map(|label| label.as_bytes().to_vec())
                .collect(),
            Self::Last(len) | Self::Prefix(len) => vec![vec![*len]],
            Self::Exact | Self::Unique => Vec::new(),
        }
    }
}

/// How wide the buckets of an index are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Bucket {
    /// Of dates and timestamps (UTC): that many days, counted from 1970-01-01.
    Days(u32),
    /// Of dates and timestamps (UTC): that many months, counted from January 1970.
    Months(u32),
    /// Of i64 and decimal: that many whole numbers, counted from 0.
    Units(u32),
}

impl Bucket {
    /// The number of its unit, and its width.
    pub(crate) const fn parts(self) -> (u8, u32) {
        match self {
            Self::Units(width) => (1, width),
            Self::Days(width) => (2, width),
            Self::Months(width) => (3, width),
        }
    }
}

/// A further column of a compound index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CompoundPart {
    /// The permanent label of the column, in the same table.
    pub column: String,
    /// How its value is brought to one spelling first.
    pub normaliser: Normaliser,
}

/// How a value is brought to one spelling before it is indexed. The version is part of the index key: other rules
/// make another index, never a value that is silently not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Normaliser {
    /// `email/1`: an address, case and width aside.
    #[serde(rename = "email/1")]
    Email1,
    /// `id_card/1`: a resident identity card number of 18 characters, or of 15.
    #[serde(rename = "id_card/1")]
    IdCard1,
    /// `mobile_cn/1`: a phone number as E.164; eleven digits are a Chinese mobile.
    #[serde(rename = "mobile_cn/1")]
    MobileCn1,
    /// `nfkc_fold/1`: a text, case, width and white space aside.
    #[serde(rename = "nfkc_fold/1")]
    NfkcFold1,
    /// `none/1`: the bytes as they are.
    #[serde(rename = "none/1")]
    None1,
}

impl Normaliser {
    /// The name in policy documents and in key derivation.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Email1 => "email/1",
            Self::IdCard1 => "id_card/1",
            Self::MobileCn1 => "mobile_cn/1",
            Self::NfkcFold1 => "nfkc_fold/1",
            Self::None1 => "none/1",
        }
    }
}

/// A mask: what a listing shows without the right to the value. It is sealed by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MaskRule {
    /// The class of the mask: the right to it goes with this class, not with the field's.
    pub class: Class,
    /// How the mask is made.
    pub kind: MaskKind,
}

/// How a mask is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MaskKind {
    /// `6222****1234`.
    BankCard,
    /// That many characters at the beginning and at the end, 0 to 8 each and not none, of a value of which at least half
    /// stays hidden: `AB****9` of `{first: 2, last: 1}`.
    Custom {
        /// How many at the beginning.
        first: u8,
        /// How many at the end.
        last: u8,
    },
    /// `z***@example.com`.
    Email,
    /// `110***********002X`.
    IdCard,
    /// `138****8000`.
    MobileCn,
    /// `张*`.
    Name,
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}
