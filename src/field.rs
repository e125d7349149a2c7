//! Sealed cells and the blind indexes that find them.
//!
//! A [`Field`] comes from a tenant's keys and a label of the policy. It seals one value, or many at once, each bound
//! to tenant, compartment, table, column, type and row: moved anywhere else, a cell does not open.

mod cell;
mod index;
mod mask;
mod normalise;
mod row;
mod value;

use core::fmt;
use std::{
    borrow::Cow,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

pub use cell::CellHeader;
pub use index::BlindIndex;
pub use mask::Mask;
pub use row::{Key, Row};
pub use value::{Opened, Value};

use cell::{Opener, Sealer};

use crate::{
    error::Error,
    primitive::rng::{Os, RandomSource},
    secret::SecretBytes,
    tenant::{
        CellKeys, IndexKeys, Place, Tenant,
        policy::{Bind, Class, FieldRule, IndexRule, MaskKind, Storage, ValueType},
    },
};

impl Tenant {
    /// The field of that permanent label, `table.column`, in the default compartment.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownField`] if the policy in force has none, or there is no policy; [`Error::Unsupported`] if the
    /// policy does not store it as cells.
    pub fn field(&self, label: &str) -> Result<Field, Error> {
        let revision = self.revision();
        let policy = self.keyring().policy()?;
        let rule = policy.field(label)?;
        if rule.storage != Storage::Cell {
            return Err(Error::Unsupported);
        }
        Field::new(self.clone(), Arc::new(rule.clone()), "", revision)
    }
}

/// A field of one tenant, in one compartment. Cheap to clone; share it freely between threads.
///
/// A handle that is kept notices when its tenant's keys or the policy change: what another process changes, as soon as
/// this one's keyring has read the key file again, by [`Keyring::tenant`](crate::tenant::Keyring::tenant) or
/// [`Keyring::reload`](crate::tenant::Keyring::reload). It keeps derived keys in memory until it is dropped.
#[derive(Clone)]
pub struct Field {
    rule: Arc<FieldRule>,
    column: Column,
}

impl Field {
    /// The same field in a compartment of the policy: other keys, and what one seals the other cannot open.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownCompartment`] if the policy does not list it for this field.
    pub fn compartment(&self, label: &str) -> Result<Self, Error> {
        if self.rule().compartments.iter().any(|compartment| compartment == label) {
            Self::new(self.column.tenant.clone(), self.rule.clone(), label, self.column.revision)
        } else {
            Err(Error::UnknownCompartment)
        }
    }

    /// What the policy says of this field.
    #[must_use]
    pub fn rule(&self) -> &FieldRule {
        &self.rule
    }

    /// Seals a value for a row. The result is 64 bytes longer than the value.
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
        let mut sealer = Sealer::new(&column.keys)?.bulk(&mut Os)?;
        each(cells, |(row, value)| {
            let row = row.into();
            row.check(&column.rules.bind)?;
            sealer.seal(row, value.into().bytes_of(column.rules.value_type)?)
        })
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
        let mut opener = Opener::bulk(&column.keys);
        each(cells, |(row, sealed)| column.open_from(&mut opener, row.into(), sealed.as_ref()))
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
        let Column { tenant, rules, revision, .. } = &self.column;
        let column = Column::new(tenant.clone(), &self.rule, &rules.compartment, Part::Mask, *revision)?;
        Ok(Mask { kind, column })
    }

    fn new(tenant: Tenant, rule: Arc<FieldRule>, compartment: &str, revision: u64) -> Result<Self, Error> {
        Ok(Self { column: Column::new(tenant, &rule, compartment, Part::Value, revision)?, rule })
    }

    /// Whether nothing has changed since this handle was made.
    fn is_current(&self) -> bool {
        self.column.is_current()
    }

    fn index_keys(&self, index: &IndexRule) -> Result<Arc<IndexKeys>, Error> {
        let column = self.column.current()?;
        column.tenant.index_keys(&column.rules.classes, &column.rules.place(), index)
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field").field("label", &self.rule().label()).finish_non_exhaustive()
    }
}

/// A column of cells with its keys: a field's values, or its masks.
#[derive(Clone)]
pub(crate) struct Column {
    tenant: Tenant,
    rules: Arc<Rules>,
    keys: Arc<CellKeys>,
    /// The tenant's revision that `keys` are of.
    revision: u64,
}

/// What of a field a column holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Mask,
    Value,
}

struct Rules {
    /// The label of the field, `table.column`, by which a later policy knows it.
    field: String,
    part: Part,
    compartment: String,
    table: String,
    column: String,
    value_type: ValueType,
    classes: Vec<Class>,
    bind: Bind,
    mask: Option<MaskKind>,
    migrating_until: Option<String>,
}

impl Rules {
    fn new(rule: &FieldRule, compartment: &str, part: Part) -> Result<Self, Error> {
        let mask = rule.mask.as_ref();
        let mut rules = Self {
            field: rule.label(),
            part,
            compartment: compartment.to_owned(),
            table: rule.table.clone(),
            column: rule.column.clone(),
            value_type: rule.value_type,
            classes: rule.classes_newest_first(),
            bind: rule.bind.clone(),
            mask: mask.map(|mask| mask.kind),
            migrating_until: rule.migrating_until.clone(),
        };
        if part == Part::Mask {
            rules.column.push_str("#mask");
            rules.classes = vec![mask.ok_or(Error::UnknownField)?.class];
            (rules.mask, rules.migrating_until) = (None, None);
        }
        Ok(rules)
    }

    fn place(&self) -> Place<'_> {
        Place {
            compartment: &self.compartment,
            table: &self.table,
            column: &self.column,
            value_type: self.value_type,
        }
    }
}

impl Column {
    /// `revision` is of before `rule` was read.
    fn new(
        tenant: Tenant,
        rule: &FieldRule,
        compartment: &str,
        part: Part,
        revision: u64,
    ) -> Result<Self, Error> {
        let rules = Rules::new(rule, compartment, part)?;
        let keys = tenant.cell_keys(&rules.classes, &rules.place())?;
        Ok(Self { tenant, rules: Arc::new(rules), keys, revision })
    }

    fn is_current(&self) -> bool {
        self.tenant.revision() == self.revision
    }

    /// This column under the keys and the policy in force: itself, unless something has changed since it was made.
    fn current(&self) -> Result<Cow<'_, Self>, Error> {
        if self.is_current() {
            return Ok(Cow::Borrowed(self));
        }
        let revision = self.tenant.revision();
        let policy = self.tenant.keyring().policy()?;
        let rule = policy.field(&self.rules.field)?;
        let (compartment, part) = (&self.rules.compartment, self.rules.part);
        Self::new(self.tenant.clone(), rule, compartment, part, revision).map(Cow::Owned)
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
        row.check(&column.rules.bind)?;
        Sealer::new(&column.keys)?.seal(row, value.bytes_of(column.rules.value_type)?, rng)
    }

    pub(crate) fn open(&self, row: Row<'_>, sealed: &[u8]) -> Result<Opened, Error> {
        let column = self.current()?;
        column.open_from(&mut Opener::new(&column.keys), row, sealed)
    }

    fn open_from(&self, opener: &mut Opener<'_>, row: Row<'_>, sealed: &[u8]) -> Result<Opened, Error> {
        row.check(&self.rules.bind)?;
        let (value_type, mask) = (self.rules.value_type, self.rules.mask);
        if !cell::is_cell(sealed) && self.is_migrating() {
            return Opened::new(SecretBytes::from_vec(sealed.to_vec()), value_type, mask, true);
        }
        Opened::new(opener.open(row, sealed)?, value_type, mask, false)
    }

    fn is_migrating(&self) -> bool {
        self.rules.migrating_until.as_ref().is_some_and(|last| today().is_some_and(|today| today <= *last))
    }
}

impl fmt::Debug for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Column").field("label", &self.rules.column).finish_non_exhaustive()
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

/// Today's date, UTC, as YYYY-MM-DD; `None` before 1970.
fn today() -> Option<String> {
    let days = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs() / 86_400;
    Some(date(days))
}

/// The date that many days after 1970-01-01, in the proleptic Gregorian calendar: years of 365.2425 days that start
/// in March, so that the leap day is the last.
fn date(days: u64) -> String {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (0, month + 3) } else { (1, month - 9) };
    format!("{:04}-{month:02}-{day:02}", year + year_of_era + era * 400)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migrating(until: &str) -> Field {
        let keys = crate::tenant::Keyring::in_memory(&crate::tenant::Kek::generate().unwrap()).unwrap();
        let policy = format!(
            r#"{{"tenantseal_policy":1,"version":1,"fields":[{{"table":"t","column":"c","type":"text",
               "content":"mobile_cn","storage":"cell","class":["personal"],"bind":"row",
               "mask":{{"kind":"mobile_cn","class":"internal"}},"migrating_until":"{until}"}}]}}"#
        );
        keys.install_policy(crate::tenant::Policy::from_json(policy.as_bytes()).unwrap()).unwrap();
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
