//! Sealed cells and the blind indexes that find them.
//!
//! A [`Field`] comes from a tenant's keys and a label of the policy. It seals one value, or many at once, each bound
//! to tenant, compartment, table, column, type and row: moved anywhere else, a cell does not open.

#[cfg(feature = "arrow")]
mod arrow;
mod bucket;
mod bulk;
mod cell;
mod ddl;
mod index;
mod mask;
mod normalise;
#[cfg(feature = "parallel")]
mod parallel;
mod plan;
#[cfg(feature = "derive")]
mod record;
mod row;
mod sealed_column;
mod shredded;
mod time;
mod value;

use core::{fmt, ops::ControlFlow};
use std::{
    borrow::Cow,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

#[cfg(feature = "arrow")]
pub use arrow::{BatchError, BatchFields, CellType};
pub use cell::{CellHeader, CellKind};
pub use ddl::{Ddl, Dialect};
pub use index::BlindIndex;
pub use mask::Mask;
pub use plan::{
    Anonymity, Candidates, Finding, IndexPlan, Language, Leak, Plan, Planner, Rows, Sample, Severity,
};
#[cfg(feature = "derive")]
#[doc(hidden)]
pub use record::parts as record_parts;
#[cfg(feature = "derive")]
pub use record::{Columns, Record, RecordError, RecordFields, Stored};
pub use row::{Key, Row};
pub use sealed_column::SealedColumn;
pub use shredded::ShredCheck;
#[cfg(feature = "derive")]
pub use tenantseal_derive::Record;
pub use time::{Date, Timestamp};
pub use value::{Opened, Value};

use bulk::CellSealer;
use cell::{Opener, Sealer};

use crate::{
    error::Error,
    primitive::rng::{Os, RandomSource},
    secret::SecretBytes,
    tenant::{
        CellKeys, Observation, Tenant, View,
        policy::{self, FieldRule, Part, Policy},
    },
};

impl Tenant {
    /// The field of that permanent label, `table.column`, in the default compartment.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownField`] if the policy in force has none, or there is no policy; [`Error::Unsupported`] if the
    /// policy stores it as it is.
    pub fn field(&self, label: &str) -> Result<Field, Error> {
        let view = self.view()?;
        let slot = view.policy()?.layout().values(label)?;
        // Derived here, so that what is wrong with a key is told where the field is asked for.
        view.cell_keys(slot)?;
        let tenant = match view {
            Cow::Borrowed(_) => self.clone(),
            Cow::Owned(view) => Self::new(self.keyring().clone(), view),
        };
        Ok(Field { column: Column { tenant, slot } })
    }
}

/// A field of one tenant, in one compartment. Cheap to clone; share it freely between threads.
///
/// A handle that is kept notices when its tenant's keys or the policy change: what this process changes at once, what
/// another does within the staleness of [`KeyringOptions::staleness`](crate::tenant::KeyringOptions::staleness). It keeps
/// derived keys in memory until it is dropped.
#[derive(Clone)]
pub struct Field {
    column: Column,
}

impl Field {
    /// The same field in a compartment of the policy: other keys, and what one seals the other cannot open.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownCompartment`] if the policy does not list it for this field.
    pub fn compartment(&self, label: &str) -> Result<Self, Error> {
        let Column { tenant, slot } = &self.column;
        if label.is_empty() {
            return Err(Error::UnknownCompartment);
        }
        let sibling = tenant.held().policy()?.layout().sibling(*slot, label, Part::Value);
        let column = Column { tenant: tenant.clone(), slot: sibling.ok_or(Error::UnknownCompartment)? };
        column.current()?.keys()?;
        Ok(Self { column })
    }

    /// The field as rows of that compartment have it: in the default one if the label is empty, or if the policy keeps this
    /// field out of that compartment.
    ///
    /// # Errors
    ///
    /// As [`Tenant::field`]. A compartment that nobody declared is the default one here: look it up in the policy first.
    pub fn of_rows_in(&self, compartment: &str) -> Result<Self, Error> {
        let is_listed = self.rule().compartments.iter().any(|known| known == compartment);
        if is_listed { self.compartment(compartment) } else { Ok(self.clone()) }
    }

    /// What the policy says of this field, as of when this handle was made.
    ///
    /// # Panics
    ///
    /// Never: a field is made from a policy that has it.
    #[must_use]
    pub fn rule(&self) -> &FieldRule {
        let Column { tenant, slot } = &self.column;
        let view = tenant.held();
        let rule = view.policy().and_then(|policy| rule_of(policy, view.column(*slot)?));
        rule.expect("a field is made from a policy that has it")
    }

    /// Seals a value for a row. The result is 64 bytes longer than the value; of a deterministic field, which takes
    /// [`Row::UNBOUND`], 40 bytes; [`Field::sealed_len`] tells, and what padding adds.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`] and [`Error::WrongBinding`] if the policy wants another type or kind of row;
    /// [`Error::TooLong`] over 64 GiB; [`Error::Random`].
    pub fn seal<'r, 'v>(
        &self,
        row: impl Into<Row<'r>>,
        value: impl Into<Value<'v>>,
    ) -> Result<Vec<u8>, Error> {
        self.column.seal(row.into(), value.into())
    }

    /// As [`Field::seal`], in the text form: `ts1.` and base64url, for columns that hold only text.
    ///
    /// # Errors
    ///
    /// As [`Field::seal`].
    pub fn seal_text<'r, 'v>(
        &self,
        row: impl Into<Row<'r>>,
        value: impl Into<Value<'v>>,
    ) -> Result<String, Error> {
        self.seal(row, value).map(|cell| cell::to_text(&cell))
    }

    /// As [`Field::seal`], with the caller's generator for the nonce: 24 bytes are drawn.
    ///
    /// # Security
    ///
    /// A nonce that repeats under one key gives away both values and the key that authenticates them.
    ///
    /// # Errors
    ///
    /// As [`Field::seal`].
    #[cfg(feature = "hazmat")]
    pub fn seal_with_rng<'r, 'v, R: crate::primitive::rng::TryCryptoRng>(
        &self,
        row: impl Into<Row<'r>>,
        value: impl Into<Value<'v>>,
        rng: &mut R,
    ) -> Result<Vec<u8>, Error> {
        self.column.seal_from(row.into(), value.into(), &mut crate::primitive::rng::Explicit(rng))
    }

    /// Seals many values: one read of randomness and one derived key for all. Each cell is complete by itself and
    /// opens alone, in any order.
    ///
    /// # Errors
    ///
    /// [`BulkError`] with the position of the first value that cannot be sealed; nothing is returned then.
    pub fn seal_many<'r, 'v, R, V>(
        &self,
        cells: impl IntoIterator<Item = (R, V)>,
    ) -> Result<Vec<Vec<u8>>, BulkError>
    where
        R: Into<Row<'r>>,
        V: Into<Value<'v>>,
    {
        let column = self.column.current()?;
        let rule = column.rule()?;
        let sealer = CellSealer::new(column.keys()?, rule.padding, &mut Os)?;
        let mut sealer = sealer.cells();
        let sealed = each((0..).zip(cells), |(number, (row, value))| {
            let row = row.into();
            row.check(&rule.bind)?;
            sealer.cell(number, row, &value.into().bytes_of(rule.value_type)?)
        })?;
        // It may have taken long: what is sealed under a key that is gone meanwhile is not handed out.
        self.column.current()?;
        Ok(sealed)
    }

    /// Opens what [`Field::seal`] made for this row, in either form, of any live generation and earlier class.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`] if it was sealed for another tenant, field or compartment, or under a key that is gone;
    /// [`Error::Open`] if it was altered or is of another row; [`Error::Malformed`] if it is no cell, unless the
    /// policy says that this column is migrating; [`Error::Unsupported`]; [`Error::WrongBinding`].
    pub fn open<'r>(&self, row: impl Into<Row<'r>>, sealed: impl AsRef<[u8]>) -> Result<Opened, Error> {
        self.column.open(row.into(), sealed.as_ref())
    }

    /// Opens many cells. Keys that a bulk call's cells share are derived once.
    ///
    /// # Errors
    ///
    /// [`BulkError`] with the position of the first cell that does not open; nothing is returned then.
    pub fn open_many<'r, R, S>(
        &self,
        cells: impl IntoIterator<Item = (R, S)>,
    ) -> Result<Vec<Opened>, BulkError>
    where
        R: Into<Row<'r>>,
        S: AsRef<[u8]>,
    {
        let column = self.column.current()?;
        let mut opener = Opener::bulk(column.keys()?);
        let opened = each(cells, |(row, sealed)| {
            let (row, sealed) = (row.into(), sealed.as_ref());
            match column.open(&mut opener, row, sealed) {
                // Of a generation that another process made meanwhile, perhaps.
                Err(Error::UnknownKey) => self.column.open(row, sealed),
                other => other,
            }
        })?;
        self.column.current()?;
        Ok(opened)
    }

    /// Every cell that this value is stored as by a deterministic field: one of each live index epoch, the newest first. For
    /// `WHERE column IN (...)`; there is nothing to recheck.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] of a field that is not deterministic; [`Error::WrongType`], [`Error::Value`],
    /// [`Error::TooLong`].
    pub fn lookup<'v>(&self, value: impl Into<Value<'v>>) -> Result<Vec<Vec<u8>>, Error> {
        let column = self.column.current()?;
        let rule = column.rule()?;
        let value = value.into().bytes_of(rule.value_type)?;
        let keys = column.keys()?.of_sealing_suite();
        keys.map(|key| Sealer::of_key(key, rule.padding).seal_deterministic(&value)).collect()
    }

    /// As [`Field::lookup`], in the text form.
    ///
    /// # Errors
    ///
    /// As [`Field::lookup`].
    pub fn lookup_text<'v>(&self, value: impl Into<Value<'v>>) -> Result<Vec<String>, Error> {
        Ok(self.lookup(value)?.iter().map(|cell| cell::to_text(cell)).collect())
    }

    /// What a cell starts with that is sealed as new ones are: the newest generation, the current class, the suite in force.
    /// 24 bytes.
    ///
    /// A database finds what a rotation has left behind by it, without any key:
    /// `WHERE substr(mobile, 1, 24) <> ?`, or for cells in text form the first 36 characters, against
    /// [`Field::current_text_prefix`].
    ///
    /// # Errors
    ///
    /// As [`Tenant::field`].
    pub fn current_prefix(&self) -> Result<[u8; CellHeader::LEN], Error> {
        self.column.current()?.header().map(|header| header.to_bytes())
    }

    /// [`Field::current_prefix`] of a cell in text form. 36 characters.
    ///
    /// # Errors
    ///
    /// As [`Tenant::field`].
    pub fn current_text_prefix(&self) -> Result<String, Error> {
        // 24 bytes are a whole number of base64 groups.
        self.current_prefix().map(|prefix| cell::to_text(&prefix))
    }

    /// Opens a cell, and seals its value anew if it is not sealed as new ones are: of an older generation, class or suite,
    /// or plaintext of a column that is migrating. The new cell is in the form of the old one, and the text form for
    /// plaintext.
    ///
    /// Write it over the old one only if that is still there (`UPDATE ... WHERE id = ? AND mobile = ?`): somebody may have
    /// written another value since.
    ///
    /// # Errors
    ///
    /// As [`Field::open`] and [`Field::seal`].
    pub fn open_and_reseal<'r>(
        &self,
        row: impl Into<Row<'r>>,
        sealed: impl AsRef<[u8]>,
    ) -> Result<(Opened, Option<Vec<u8>>), Error> {
        let (row, sealed) = (row.into(), sealed.as_ref());
        let opened = self.column.open(row, sealed)?;
        let len = self.sealed_len(opened.expose_secret().len())?;
        // A cell that is padded otherwise differs in its length alone.
        if self.is_current(sealed)? && cell::binary_len(sealed) == Some(len) {
            return Ok((opened, None));
        }
        let resealed = self.column.seal(row, opened.value()?)?;
        Ok((opened, Some(cell::in_form_of(sealed, resealed))))
    }

    /// The cell to write in the place of this one, if it is not sealed as new ones are: [`Field::open_and_reseal`] without
    /// the value.
    ///
    /// # Errors
    ///
    /// As [`Field::open_and_reseal`].
    pub fn reseal<'r>(
        &self,
        row: impl Into<Row<'r>>,
        sealed: impl AsRef<[u8]>,
    ) -> Result<Option<Vec<u8>>, Error> {
        let (row, sealed) = (row.into(), sealed.as_ref());
        // How a value is padded is seen once it is open.
        if self.is_current(sealed)? && self.column.current()?.rule()?.padding.is_none() {
            return Ok(None);
        }
        self.open_and_reseal(row, sealed).map(|(_, resealed)| resealed)
    }

    /// Whether a cell starts as new ones do.
    fn is_current(&self, sealed: &[u8]) -> Result<bool, Error> {
        Ok(cell::header_of(sealed) == Some(self.current_prefix()?))
    }

    /// [`Field::reseal`] of many cells, in order. `progress` is told after each how many were looked at, and stops the call
    /// by [`ControlFlow::Break`]: what is returned then is as long as what was looked at.
    ///
    /// # Errors
    ///
    /// [`BulkError`] with the position of the first cell that does not open; nothing is returned then.
    pub fn reseal_many<'r, R, S>(
        &self,
        cells: impl IntoIterator<Item = (R, S)>,
        mut progress: impl FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Vec<Option<Vec<u8>>>, BulkError>
    where
        R: Into<Row<'r>>,
        S: AsRef<[u8]>,
    {
        let mut resealed = Vec::new();
        for (position, (row, sealed)) in cells.into_iter().enumerate() {
            let one = self.reseal(row, sealed);
            resealed.push(one.map_err(|error| BulkError { position: Some(position), error })?);
            if progress(resealed.len()).is_break() {
                break;
            }
        }
        Ok(resealed)
    }

    /// How long the cell of a value of `len` bytes is, in bytes: 64 more, or 40 of a deterministic field, and what padding
    /// adds.
    ///
    /// # Errors
    ///
    /// As [`Tenant::field`]; [`Error::TooLong`] if that is no length.
    pub fn sealed_len(&self, len: usize) -> Result<usize, Error> {
        let column = self.column.current()?;
        let CellHeader { kind, suite, .. } = column.header()?;
        cell::sealed_len(kind, suite, column.rule()?.padding, len).ok_or(Error::TooLong)
    }

    /// How long the text form of the cell of a value of `len` bytes is, in characters: what a `VARCHAR` must hold.
    ///
    /// # Errors
    ///
    /// As [`Field::sealed_len`].
    pub fn text_len(&self, len: usize) -> Result<usize, Error> {
        self.sealed_len(len).and_then(|len| cell::text_len(len).ok_or(Error::TooLong))
    }

    /// The blind index of that label.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownIndex`].
    pub fn index(&self, label: &str) -> Result<BlindIndex, Error> {
        BlindIndex::new(self.clone(), label)
    }

    /// The mask of this field: a sealed column of its own.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownField`] if the policy gives it none.
    pub fn mask(&self) -> Result<Mask, Error> {
        let kind = self.rule().mask.as_ref().ok_or(Error::UnknownField)?.kind;
        let Column { tenant, slot } = &self.column;
        let view = tenant.held();
        let compartment = &view.column(*slot)?.compartment;
        let sibling = view.policy()?.layout().sibling(*slot, compartment, Part::Mask);
        let column = Column { tenant: tenant.clone(), slot: sibling.ok_or(Error::UnknownField)? };
        column.current()?.keys()?;
        Ok(Mask { kind, column })
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field").field("label", &self.rule().label()).finish_non_exhaustive()
    }
}

/// A column of cells: a field's values, or its masks.
#[derive(Clone)]
pub(crate) struct Column {
    tenant: Tenant,
    /// Its number in the layout of the policy that `tenant` holds.
    slot: usize,
}

/// A column under the keys and the policy in force.
pub(crate) struct Current<'c> {
    pub(crate) view: Cow<'c, Arc<View>>,
    pub(crate) slot: usize,
}

impl Column {
    /// This column as it is now: what the handle was made with, unless something has changed since.
    pub(crate) fn current(&self) -> Result<Current<'_>, Error> {
        let view = self.tenant.view()?;
        let slot = match &view {
            Cow::Borrowed(_) => self.slot,
            Cow::Owned(view) => relocated(self.tenant.held(), self.slot, view)?,
        };
        Ok(Current { view, slot })
    }

    pub(crate) fn seal(&self, row: Row<'_>, value: Value<'_>) -> Result<Vec<u8>, Error> {
        self.seal_from(row, value, &mut Os)
    }

    fn seal_from(
        &self,
        row: Row<'_>,
        value: Value<'_>,
        rng: &mut impl RandomSource,
    ) -> Result<Vec<u8>, Error> {
        let column = self.current()?;
        let rule = column.rule()?;
        row.check(&rule.bind)?;
        Sealer::new(column.keys()?, rule.padding)?.seal(row, &value.bytes_of(rule.value_type)?, rng)
    }

    pub(crate) fn open(&self, row: Row<'_>, sealed: &[u8]) -> Result<Opened, Error> {
        match self.open_known(row, sealed) {
            Err(error) => self.open_again(error, row, sealed),
            opened => opened,
        }
    }

    fn open_known(&self, row: Row<'_>, sealed: &[u8]) -> Result<Opened, Error> {
        let column = self.current()?;
        column.open(&mut Opener::new(column.keys()?), row, sealed)
    }

    /// A key that is not known may be of a generation that another process has just made.
    #[cold]
    fn open_again(&self, error: Error, row: Row<'_>, sealed: &[u8]) -> Result<Opened, Error> {
        let keyring = self.tenant.keyring();
        let opened = match error {
            Error::UnknownKey => keyring.fresh_if(Error::UnknownKey, || self.open_known(row, sealed)),
            error => Err(error),
        };
        opened.inspect_err(|_| keyring.observe(Observation::OpenRefused))
    }
}

impl Current<'_> {
    fn column(&self) -> Result<&policy::Column, Error> {
        self.view.column(self.slot)
    }

    pub(crate) fn rule(&self) -> Result<&FieldRule, Error> {
        rule_of(self.view.policy()?, self.column()?)
    }

    /// The header of a cell that is sealed now.
    fn header(&self) -> Result<CellHeader, Error> {
        Ok(CellHeader::of_key(self.keys()?.sealing()?, self.rule()?.padding))
    }

    fn keys(&self) -> Result<&CellKeys, Error> {
        self.view.cell_keys(self.slot)
    }

    fn open(&self, opener: &mut Opener<'_>, row: Row<'_>, sealed: &[u8]) -> Result<Opened, Error> {
        let rule = self.rule()?;
        row.check(&rule.bind)?;
        let mask = match self.column()?.part {
            Part::Value => rule.mask.as_ref().map(|mask| mask.kind),
            Part::Mask => None,
        };
        if self.takes_as_plain(sealed)? {
            return Opened::new(SecretBytes::from_vec(sealed.to_vec()), rule.value_type, mask, true);
        }
        Opened::new(opener.open(row, sealed)?, rule.value_type, mask, false)
    }

    /// Whether this is plaintext that the policy takes while the column is migrating.
    fn takes_as_plain(&self, sealed: &[u8]) -> Result<bool, Error> {
        if cell::is_cell(sealed) || self.column()?.part == Part::Mask {
            return Ok(false);
        }
        let until = self.rule()?.migrating_until.as_ref();
        Ok(until.is_some_and(|last| today().is_some_and(|today| today <= *last)))
    }
}

/// What a policy says of the field of a column.
fn rule_of<'p>(policy: &'p Policy, column: &policy::Column) -> Result<&'p FieldRule, Error> {
    policy.fields().get(column.field).ok_or(Error::UnknownField)
}

/// The number of a column in a later view, whose policy may be another: by its labels, which are permanent.
fn relocated(old: &View, slot: usize, new: &View) -> Result<usize, Error> {
    let (from, to) = (old.policy()?, new.policy()?);
    if Arc::ptr_eq(from, to) {
        return Ok(slot);
    }
    let column = old.column(slot)?;
    let values = to.layout().values(&rule_of(from, column)?.label())?;
    to.layout().sibling(values, &column.compartment, column.part).ok_or(Error::UnknownField)
}

impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Column").field("slot", &self.slot).finish_non_exhaustive()
    }
}

/// Which of many values failed, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkError {
    /// Counted from 0; `None` if the call failed before its first value.
    pub position: Option<usize>,
    /// Why.
    pub error: Error,
}

impl From<Error> for BulkError {
    fn from(error: Error) -> Self {
        Self { position: None, error }
    }
}

impl From<BulkError> for Error {
    fn from(bulk: BulkError) -> Self {
        bulk.error
    }
}

impl fmt::Display for BulkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(position) => write!(f, "value {position}: {}", self.error),
            None => self.error.fmt(f),
        }
    }
}

impl core::error::Error for BulkError {}

fn each<I, T>(
    items: impl IntoIterator<Item = I>,
    mut act: impl FnMut(I) -> Result<T, Error>,
) -> Result<Vec<T>, BulkError> {
    let items = items.into_iter();
    let mut out = Vec::with_capacity(items.size_hint().0);
    for (position, item) in items.enumerate() {
        out.push(act(item).map_err(|error| BulkError { position: Some(position), error })?);
    }
    Ok(out)
}

/// Today's date, UTC, as YYYY-MM-DD; `None` before 1970 and after 9999.
fn today() -> Option<String> {
    let days = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs() / 86_400;
    Some(Date::from_days(i32::try_from(days).ok()?).ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(days: u64) -> String {
        Date::from_days(days.try_into().unwrap()).unwrap().to_string()
    }

    fn migrating(until: &str) -> Field {
        let keys = crate::tenant::Keyring::in_memory(&crate::tenant::Kek::generate().unwrap()).unwrap();
        let policy = format!(
            r#"{{"tenantseal_policy":1,"version":1,"fields":[{{"table":"t","column":"c","type":"text",
               "content":"mobile_cn","storage":"cell","class":["personal"],"bind":"row",
               "mask":{{"kind":"mobile_cn","class":"internal"}},"migrating_until":"{until}"}}]}}"#
        );
        keys.install_policy(Policy::from_json(policy.as_bytes()).unwrap()).unwrap();
        keys.create_tenant("t").unwrap().field("t.c").unwrap()
    }

    #[test]
    fn plaintext_is_read_up_to_the_end_of_the_last_day_and_in_the_values_alone() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 86_400;
        assert_eq!(migrating(&date(now - 1)).open(1, "plain").err(), Some(Error::Malformed));
        // The day may end while this runs.
        let last = migrating(&today().unwrap()).open(1, "plain");
        assert!(last.is_ok() || today() != Some(date(now)));
        let mask = migrating(&date(now + 1)).mask().unwrap();
        assert_eq!(mask.open(1, "138****8000").err(), Some(Error::Malformed));
    }

    #[test]
    fn dates_are_right_at_the_edges_of_months_and_leap_years() {
        for (days, expected) in [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (19_782, "2024-02-29"),
            (20_781, "2026-11-24"),
            (47_540, "2100-02-28"),
            (47_541, "2100-03-01"),
        ] {
            assert_eq!(date(days), expected);
        }
    }
}
