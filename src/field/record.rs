//! A Rust struct as a table of the policy: sealed into columns, and opened from them.

mod columns;
mod open;
pub mod parts;
mod place;
mod seal;

use core::fmt;

pub use columns::{Columns, Stored};

use open::OpenRow;
use parts::{RowId, Shape};
use seal::SealRow;

use crate::{
    error::{Error, PolicyRule},
    field::Value,
    tenant::{
        Tenant,
        policy::{FieldRule, Policy},
    },
};

/// A struct that names a table of the policy, and whose fields name its columns. Made by `#[derive(Record)]`.
///
/// [`Record::fields`] are the struct's entries of a policy, [`Policy::of_records`] makes the document of them, and
/// [`Record::check`] says at the start of a service whether the policy in force agrees with the struct.
/// [`Record::seal`] gives the columns of a row, to be written by the caller's own SQL, and [`Record::open`] takes them
/// back. Cells, masks and tokens are those that a program makes by [`Field`](crate::field::Field) by hand, under the
/// names of FORMAT.md section 12: `mobile`, `mobile__mask`, `mobile__ix_exact`.
///
/// How a row is sealed is said by the policy in force, not by the struct: an index or a mask that a later policy adds is
/// written at once. Only whether a column is sealed must be said by both alike: nothing is written in the clear that one
/// of them wants sealed.
///
/// # Attributes
///
/// `#[record(table = "member")]` stands above the struct. Each field is one of these:
///
/// | `#[record(...)]` | what the field is |
/// | --- | --- |
/// | `id` | the row's id, of type `i64`, `String` or `Vec<u8>`; no column, and part of no policy |
/// | `skip` | no column; `Default::default()` when a row is opened |
/// | `cell`, `deterministic` or `plain` | a column, stored that way |
///
/// A column has a `class`, and more if it is said:
///
/// | word | what it says |
/// | --- | --- |
/// | `class = "personal"`, `class("internal", "personal")` | the class; the class history, the current one last |
/// | `column = "phone"` | the permanent label, if it is not the field's name. Renaming the field then changes nothing |
/// | `content = "mobile_cn"` | what the values are |
/// | `decimal`, `json` | what a `String` is, if it is not text |
/// | `natural("a", "b")`, `unbound` | what its cells are bound to, if not to the `row` |
/// | `domain = "phones"` | the domain of a deterministic field |
/// | `compartments("hr")` | the compartments that rows of it may be in |
/// | `mask(kind = "name", class = "internal")`, `mask(custom(first = 2, last = 1), class = "internal")` | its mask |
/// | `index(label = "exact", exact, normaliser = "mobile_cn/1", bits = 15)` | an index; any number of them |
/// | `padding(block = 16)`, `padding(padme)` | how far its values are padded |
/// | `migrating_until = "2026-12-31"` | until when plaintext is read |
///
/// An index is `exact`, `prefix = 2`, `last = 4`, `bucket(units = 1000)`, `bucket(days = 7)`, `bucket(months = 1)`,
/// `compound(city = "nfkc_fold/1")` with a normaliser for each further column, or `unique`. Without `normaliser` it has
/// `none/1`; all but `unique` need `bits`, and may have `partitions = 8`.
///
/// The type of a column is its field's: `String` is text, `Vec<u8>` bytes, then `i64`, `f64`, `bool`,
/// [`Date`](crate::field::Date) and [`Timestamp`](crate::field::Timestamp). An `Option` of one of them may be NULL.
///
/// # Ids
///
/// A cell is bound to its row's id, so the id must be known before [`Record::seal`]. Of a database that counts by
/// itself, insert the row first with its plain columns alone, put the id it was given into the struct, seal, and
/// update the row, in one transaction. Or give ids of your own, or bind by `natural(...)` to what the row has anyway.
///
/// # Security
///
/// The fields of the struct are values in the clear, and the caller's to keep and to wipe. Plain columns are not
/// authenticated. What FORMAT.md section 13 says of cells that are put back or set to NULL holds here too: a NULL that
/// somebody wrote opens as `None`.
///
/// # Example
///
/// ```
/// use tenantseal::{
///     field::{Date, Record, Stored},
///     tenant::{Kek, Keyring, Policy},
/// };
///
/// #[derive(Record)]
/// #[record(table = "member")]
/// struct Member {
///     #[record(id)]
///     id: i64,
///     #[record(plain, class = "internal")]
///     userid: String,
///     #[record(cell, class = "personal", content = "mobile_cn", mask(kind = "mobile_cn", class = "internal"),
///              index(label = "exact", exact, normaliser = "mobile_cn/1", bits = 15))]
///     mobile: Option<String>,
///     #[record(cell, class = "personal", index(label = "month", bucket(months = 1), bits = 12))]
///     born: Date,
/// }
///
/// let keys = Keyring::in_memory(&Kek::generate()?)?;
/// keys.install_policy(Policy::of_records(1, &[], [Member::fields()])?)?;
/// Member::check(&*keys.policy()?)?;
/// let acme = keys.create_tenant("t-1001")?;
///
/// let member = Member {
///     id: 42,
///     userid: "zhangsan".to_owned(),
///     mobile: Some("138 0013 8000".to_owned()),
///     born: "1990-02-28".parse()?,
/// };
/// let columns = member.seal(&acme)?;
/// let names: Vec<&str> = columns.iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["userid", "mobile", "mobile__mask", "mobile__ix_exact", "born", "born__ix_month"]);
///
/// let opened = Member::open(&acme, 42, &columns)?;
/// assert_eq!(opened.mobile, member.mobile);
/// assert!(Member::open(&acme, 43, &columns).is_err(), "another row's");
///
/// let found = acme.field("member.mobile")?.index("exact")?.lookup("+86 13800138000")?;
/// assert!(matches!(columns.get("mobile__ix_exact"), Some(Stored::Token(token)) if found.contains(token)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What is wrong with a struct is an error of the compiler, where it is written:
///
/// ```compile_fail
/// #[derive(tenantseal::field::Record)]
/// #[record(table = "member")]
/// struct Member {
///     #[record(cell, unbound, class = "secret")] // unknown class "secret": write one of "public", ...
///     name: String,
/// }
/// ```
pub trait Record: Sized {
    /// The type of the row's id; `()` of a struct that has none.
    type Id: RowId;

    #[doc(hidden)]
    const TABLE: &'static str;
    #[doc(hidden)]
    const SHAPES: &'static [Shape];

    #[doc(hidden)]
    fn row_id(&self) -> &Self::Id;

    /// In the order of `SHAPES`.
    #[doc(hidden)]
    fn values(&self) -> Vec<Option<Value<'_>>>;

    #[doc(hidden)]
    fn of_row(id: Self::Id, row: &OpenRow<'_>) -> Result<Self, RecordError>;

    /// The struct's entries of a policy, in its order.
    #[must_use]
    fn fields() -> RecordFields {
        RecordFields(Self::SHAPES)
    }

    /// Checks that a policy says of this table what the struct says: the same columns, each with the same rules,
    /// indexes and compartments in the same order. Call it when a service starts: a struct that is behind its policy
    /// writes rows without a column, and one that is ahead fails at its first row.
    ///
    /// # Errors
    ///
    /// [`RecordError::Differs`], [`RecordError::NotInPolicy`] or [`RecordError::NotInStruct`], with the position of the field.
    fn check(policy: &Policy) -> Result<(), RecordError> {
        for (position, rule) in policy.fields().iter().enumerate() {
            if rule.table != Self::TABLE {
                continue;
            }
            let shape = Self::SHAPES.iter().find(|shape| shape.column == rule.column);
            let shape = shape.ok_or(RecordError::NotInStruct { position })?;
            if shape.rule()? != *rule {
                return Err(RecordError::Differs { column: shape.column, position });
            }
        }
        for (position, shape) in Self::SHAPES.iter().enumerate() {
            if policy.field(shape.label).is_err() {
                return Err(RecordError::NotInPolicy { column: shape.column, position });
            }
        }
        Ok(())
    }

    /// Seals a row: its columns with the masks, tokens and unique bytes that belong to them, in the order of the struct. A
    /// `None` is NULL, and so are its mask and tokens; a compound token is NULL if one of its values is.
    ///
    /// # Errors
    ///
    /// [`RecordError::Column`] with what [`Field::seal`](crate::field::Field::seal) and
    /// [`BlindIndex::token_of`](crate::field::BlindIndex::token_of) say, and in it
    /// - [`Error::WrongBinding`] if a natural key is `None`;
    /// - [`Error::Policy`] with [`PolicyRule::Storage`] if only one of struct and policy wants the column sealed;
    /// - [`Error::Policy`] with [`PolicyRule::Duplicate`] if a mask or token would have the name of another column.
    ///
    /// [`RecordError::Row`] if the tenant's keys or its policy cannot be had.
    fn seal(&self, tenant: &Tenant) -> Result<Columns, RecordError> {
        SealRow::new(tenant, "", self)?.columns()
    }

    /// As [`Record::seal`], for a row of a compartment: of each column that lists it the cells are sealed in it, of every
    /// other in the default one. The empty label is the default compartment.
    ///
    /// # Errors
    ///
    /// As [`Record::seal`]; [`Error::UnknownCompartment`] if the policy has none of that label.
    fn seal_in(&self, tenant: &Tenant, compartment: &str) -> Result<Columns, RecordError> {
        SealRow::new(tenant, compartment, self)?.columns()
    }

    /// Opens a row of that id. Masks, tokens and columns of other names are not looked at.
    ///
    /// # Errors
    ///
    /// [`RecordError::Column`] with what [`Field::open`](crate::field::Field::open) says, [`Error::WrongType`] in it for a
    /// value of another SQL type, [`Error::Policy`] with [`PolicyRule::Storage`] as in [`Record::seal`];
    /// [`RecordError::Missing`] for a column that is not there, also of an `Option`: if it was forgotten in a `SELECT`, writing
    /// the row back would erase it; [`RecordError::Null`]; [`RecordError::Row`].
    fn open(tenant: &Tenant, id: impl Into<Self::Id>, columns: &Columns) -> Result<Self, RecordError> {
        Self::open_in(tenant, "", id, columns)
    }

    /// As [`Record::open`], for a row of a compartment.
    ///
    /// # Errors
    ///
    /// As [`Record::open`]; [`Error::UnknownCompartment`] if the policy has none of that label.
    fn open_in(
        tenant: &Tenant,
        compartment: &str,
        id: impl Into<Self::Id>,
        columns: &Columns,
    ) -> Result<Self, RecordError> {
        let id = id.into();
        let row = OpenRow::new::<Self>(tenant, compartment, &id, columns)?;
        Self::of_row(id.clone(), &row)
    }
}

/// The entries of a policy that a struct makes.
#[derive(Clone, Copy, Debug)]
pub struct RecordFields(&'static [Shape]);

impl Policy {
    /// The policy of these records, whose fields stand in their order, with the compartments that they may use. The
    /// document for other languages is [`Policy::to_json`] of it.
    ///
    /// # Errors
    ///
    /// As [`Policy::from_json`]: [`Error::Policy`] with the position of the field, counted over all records.
    pub fn of_records(
        version: u32,
        compartments: &[&str],
        records: impl IntoIterator<Item = RecordFields>,
    ) -> Result<Self, Error> {
        let rules: Vec<&str> =
            records.into_iter().flat_map(|record| record.0).map(|shape| shape.rule).collect();
        let compartments = serde_json::to_string(compartments)
            .map_err(|_| Error::Policy { field: None, rule: PolicyRule::Syntax })?;
        let json = format!(
            r#"{{"compartments":{compartments},"fields":[{}],"tenantseal_policy":1,"version":{version}}}"#,
            rules.join(",")
        );
        Self::from_json(json.as_bytes())
    }
}

impl Shape {
    fn rule(&self) -> Result<FieldRule, RecordError> {
        let syntax = Error::Policy { field: None, rule: PolicyRule::Syntax };
        serde_json::from_str(self.rule).map_err(|_| RecordError::Row(syntax))
    }
}

/// Why a record was not sealed or opened, or does not agree with a policy. Columns are named by their labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordError {
    /// A column was not sealed or opened.
    Column {
        /// Which.
        column: &'static str,
        /// Why.
        error: Error,
    },
    /// The policy says otherwise of a field than the struct.
    Differs {
        /// Which.
        column: &'static str,
        /// Its position in the policy's `fields`, counted from 0.
        position: usize,
    },
    /// A column is not there.
    Missing {
        /// Which.
        column: &'static str,
    },
    /// The policy lacks a field of the struct.
    NotInPolicy {
        /// Which.
        column: &'static str,
        /// Its position in [`Record::fields`], counted from 0.
        position: usize,
    },
    /// The struct lacks a field of the policy.
    NotInStruct {
        /// Its position in the policy's `fields`, counted from 0.
        position: usize,
    },
    /// A column is NULL, and its field is no `Option`.
    Null {
        /// Which.
        column: &'static str,
    },
    /// The whole row failed, before its first column.
    Row(Error),
}

impl From<Error> for RecordError {
    fn from(error: Error) -> Self {
        Self::Row(error)
    }
}

impl From<RecordError> for Error {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Column { error, .. } | RecordError::Row(error) => error,
            RecordError::Missing { .. } | RecordError::Null { .. } => Self::Value,
            RecordError::NotInPolicy { .. } => Self::UnknownField,
            // A policy made of the struct could not take the place of that one.
            RecordError::Differs { position, .. } | RecordError::NotInStruct { position } => {
                Self::Policy { field: u16::try_from(position).ok(), rule: PolicyRule::Continuity }
            }
        }
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column { column, error } => write!(f, "column {column}: {error}"),
            Self::Differs { column, position } => write!(
                f,
                "policy field {position} is not what the struct says of {column}; install a policy made of the struct, or bring \
                 the struct up to date"
            ),
            Self::Missing { column } => {
                write!(f, "column {column} is missing; select every column of the struct")
            }
            Self::NotInPolicy { column, position } => write!(
                f,
                "the policy lacks field {position} of the struct, {column}; install a policy made of the struct"
            ),
            Self::NotInStruct { position } => {
                write!(f, "the struct lacks policy field {position}; bring the struct up to date")
            }
            Self::Null { column } => {
                write!(f, "column {column} is NULL; make its field an Option if it may be")
            }
            Self::Row(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for RecordError {}
