//! Many values of one column in one closed container.

mod chunk;

use core::fmt;

#[cfg(feature = "arrow")]
pub(crate) use chunk::fixed_part;

use chunk::{Draft, Parts};

use crate::{
    encoding::{Reader, base64url_decode},
    error::Error,
    field::{
        BulkError, Column, Current, Field, Opened, Row, Value,
        bulk::{BulkSealer, Salted},
        cell::{CellHeader, CellKind, TEXT_PREFIX, padded_len, unpad},
    },
    primitive::{aead::TAG_LEN, rng::Os},
    tenant::Observation,
};

/// Many values of one column, sealed in one call and closed: one header and one salt for all, 20 bytes and the ciphertext
/// for each, and a tag over the whole.
///
/// For files and for what goes from process to process; a database has cells. [`Field::seal_column`] makes one,
/// [`Field::open_column`] opens it, and [`Field::column_to_cells`] and [`Field::column_from_cells`] turn one into cells and
/// back without opening a value.
///
/// # Security
///
/// A value that was changed, nulled, moved, doubled, taken from another chunk, or cut off at either end is noticed. Whoever
/// has no key sees how many values there are, which are null and how long each is. A whole earlier chunk of the same rows
/// that is put back is not noticed, nor is any chunk of an `unbound` field that is put in another's place; a null is not
/// tied to its row, only to its place in the chunk.
///
/// # Example
///
/// ```
/// # use tenantseal::{field::SealedColumn, tenant::{Kek, Keyring, Policy}};
/// # let keys = Keyring::in_memory(&Kek::generate()?)?;
/// # keys.install_policy(Policy::from_json(br#"{"tenantseal_policy": 1, "version": 1, "fields": [
/// #     {"table": "member", "column": "note", "type": "text", "storage": "cell", "class": ["personal"], "bind": "row"}]}"#)?)?;
/// let note = keys.create_tenant("t-1001")?.field("member.note")?;
/// let column = note.seal_column([(1, Some("one")), (2, None), (3, Some("three"))])?;
/// let stored = column.into_bytes();
///
/// let column = SealedColumn::from_bytes(stored)?;
/// let opened = note.open_column(&column, [1, 2, 3])?;
/// assert_eq!(opened[2].as_ref().unwrap().text()?, "three");
/// assert!(note.open_column(&column, [1, 2, 4]).is_err());
/// # Ok::<(), tenantseal::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SealedColumn {
    bytes: Vec<u8>,
    header: CellHeader,
    len: usize,
}

impl SealedColumn {
    /// Reads a chunk. No key is needed, and what it holds is not authenticated yet: [`Field::open_column`] does that.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] if it is none, or is cut or has bytes after it; [`Error::Unsupported`] for a version, suite,
    /// flag or kind that this build does not have.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self, Error> {
        let bytes = bytes.into();
        let (header, len) = {
            let parts = Parts::parse(&bytes)?;
            (parts.header, parts.len)
        };
        Ok(Self { bytes, header, len })
    }

    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes to store.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// What the header of its cells says.
    #[must_use]
    pub fn header(&self) -> CellHeader {
        self.header
    }

    /// How many values it has, nulls included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no values, not even nulls.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether bytes claim to be one.
    pub(crate) fn is_one(bytes: &[u8]) -> bool {
        bytes.starts_with(chunk::MAGIC)
    }

    /// A chunk that was just written.
    pub(crate) fn written(bytes: Vec<u8>, header: CellHeader, len: usize) -> Self {
        Self { bytes, header, len }
    }

    /// Invariant: `bytes` were parsed or written, whole.
    pub(crate) fn parts(&self) -> Result<Parts<'_>, Error> {
        Parts::split(&self.bytes)
    }
}

impl fmt::Debug for SealedColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("SealedColumn");
        shown.field("header", &self.header).field("len", &self.len).finish_non_exhaustive()
    }
}

impl Field {
    /// Seals a column: each value for its row, in order, and nulls as they are.
    ///
    /// # Errors
    ///
    /// [`BulkError`] with the position of the first value that cannot be sealed, for the reasons of [`Field::seal`];
    /// [`Error::TooLong`] too for a value over 4 GiB.
    pub fn seal_column<'r, 'v, R, V>(
        &self,
        cells: impl IntoIterator<Item = (R, Option<V>)>,
    ) -> Result<SealedColumn, BulkError>
    where
        R: Into<Row<'r>>,
        V: Into<Value<'v>>,
    {
        let column = self.column.current()?;
        let rule = column.rule()?;
        let sealer = BulkSealer::new(column.keys()?, rule.padding, &mut Os)?;
        let mut numbered = sealer.numbered();
        let cells = cells.into_iter();
        let mut draft = Draft::with_capacity(cells.size_hint().0);
        for (number, (row, value)) in (0..).zip(cells) {
            let row = row.into();
            let add = || {
                row.check(&rule.bind)?;
                let Some(value) = value else { return draft.push_null() };
                let plaintext = value.into().bytes_of(rule.value_type)?;
                let len = padded_len(rule.padding, plaintext.len()).ok_or(Error::TooLong)?;
                draft.push(len, |out| numbered.seal_into(number, row, &plaintext, out))
            };
            add().map_err(at(number))?;
        }
        let sealed = draft.finish(sealer.salted())?;
        // It may have taken long: what is sealed under a key that is gone meanwhile is not handed out.
        self.column.current()?;
        Ok(sealed)
    }

    /// Opens a column that was sealed for these rows, in this order, of any live generation and earlier class.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`] if it was sealed for another tenant, field or compartment, or under a key that is gone;
    /// [`Error::Open`] if it was altered or is of other rows; [`Error::Value`] if there are more or fewer rows than values;
    /// [`Error::WrongBinding`]. [`BulkError`] has the position of the first value concerned; nothing is returned then.
    pub fn open_column<'r, R>(
        &self,
        sealed: &SealedColumn,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<Vec<Option<Opened>>, BulkError>
    where
        R: Into<Row<'r>>,
    {
        self.column.opening(sealed, |column, salted| {
            let rule = column.rule()?;
            let mask = rule.mask.as_ref().map(|mask| mask.kind);
            let mut opener = salted.opener();
            let mut rows = rows.into_iter();
            let mut opened = Vec::with_capacity(sealed.len);
            for (number, value) in (0..).zip(sealed.parts()?.values()) {
                let mut open = || {
                    let row = rows.next().ok_or(Error::Value)?.into();
                    row.check(&rule.bind)?;
                    let Some(value) = value? else { return Ok(None) };
                    let mut plaintext = opener.open(number, row, value)?;
                    if sealed.header.is_padded {
                        unpad(&mut plaintext)?;
                    }
                    Opened::new(plaintext, rule.value_type, mask, false).map(Some)
                };
                opened.push(open().map_err(at(number))?);
            }
            match rows.next() {
                None => Ok(opened),
                Some(_) => Err(BulkError { position: Some(sealed.len), error: Error::Value }),
            }
        })
    }

    /// The cells of a column, each complete by itself: as [`Field::seal_many`] makes them. No value is opened.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownKey`]; [`Error::Open`] if the chunk's tag is wrong.
    pub fn column_to_cells(&self, sealed: &SealedColumn) -> Result<Vec<Option<Vec<u8>>>, Error> {
        let cells = self.column.opening(sealed, |_, salted| {
            let header = salted.header().to_bytes();
            let mut cells = Vec::with_capacity(sealed.len);
            for (number, value) in (0u64..).zip(sealed.parts()?.values()) {
                let cell =
                    value?.map(|value| [&header[..], salted.salt(), &number.to_be_bytes(), value].concat());
                cells.push(cell);
            }
            Ok(cells)
        })?;
        Ok(cells)
    }

    /// The column of cells that one call has made, binary or text: all of them, from its first value on, in order. What is
    /// null takes the place of a value that was null then, or was lost. No value is opened.
    ///
    /// # Security
    ///
    /// The chunk's tag is made here. It says what these cells were at this moment, and not that none was lost before.
    ///
    /// # Errors
    ///
    /// [`BulkError`] with the position of the first cell that has another header or salt than those before it, or a number
    /// that is not its position ([`Error::Value`]), or that is no cell ([`Error::Malformed`]); [`Error::UnknownKey`].
    pub fn column_from_cells<S: AsRef<[u8]>>(
        &self,
        cells: impl IntoIterator<Item = Option<S>>,
    ) -> Result<SealedColumn, BulkError> {
        let mut draft = Draft::default();
        let mut origin: Option<Origin> = None;
        for (number, cell) in (0..).zip(cells) {
            let mut add = || {
                let Some(cell) = &cell else { return draft.push_null() };
                let decoded;
                let cell = match cell.as_ref().strip_prefix(TEXT_PREFIX) {
                    Some(text) => {
                        decoded = base64url_decode(text)?;
                        decoded.as_slice()
                    }
                    None => cell.as_ref(),
                };
                let (found, sealed) = Origin::of(cell, number)?;
                if *origin.get_or_insert_with(|| found.clone()) != found {
                    return Err(Error::Value);
                }
                let len = sealed.len().checked_sub(TAG_LEN).ok_or(Error::Malformed)?;
                draft.push(len, |out| {
                    out.copy_from_slice(sealed);
                    Ok(())
                })
            };
            add().map_err(at(number))?;
        }
        let Some(Origin { header, salt }) = origin else {
            // Nulls alone say nothing of a call: they are a chunk of their own.
            let column = self.column.current()?;
            let padding = column.rule()?.padding;
            return Ok(draft.finish(BulkSealer::new(column.keys()?, padding, &mut Os)?.salted())?);
        };
        let column = self.column.with_key(&header)?;
        Ok(draft.finish(&Salted::find(column.keys()?, &header, &salt)?)?)
    }
}

impl Column {
    /// This column as it is now, with the key that a header names: it may be of a generation that another process has just
    /// made.
    fn with_key(&self, header: &CellHeader) -> Result<Current<'_>, Error> {
        self.tenant.keyring().fresh_if(Error::UnknownKey, || {
            let column = self.current()?;
            column
                .keys()?
                .find(header.suite, header.generation, &header.key_commitment)
                .ok_or(Error::UnknownKey)?;
            Ok(column)
        })
    }

    /// Does `act` with a chunk that is authentic as a whole.
    pub(crate) fn opening<T>(
        &self,
        sealed: &SealedColumn,
        act: impl FnOnce(&Current<'_>, &Salted<'_>) -> Result<T, BulkError>,
    ) -> Result<T, BulkError> {
        let open = || {
            let column = self.with_key(&sealed.header)?;
            let parts = sealed.parts()?;
            let salted = Salted::find(column.keys()?, &sealed.header, parts.salt)?;
            salted.check_chunk(parts.head, parts.tag)?;
            let done = act(&column, &salted)?;
            self.current()?;
            Ok(done)
        };
        open().inspect_err(|_| self.tenant.keyring().observe(Observation::OpenRefused))
    }
}

/// What all cells of one call share.
#[derive(Clone, PartialEq)]
struct Origin {
    header: CellHeader,
    salt: Vec<u8>,
}

impl Origin {
    /// Takes the cell of that number apart: where it comes from, and `ciphertext || tag`.
    fn of(cell: &[u8], number: u64) -> Result<(Self, &[u8]), Error> {
        let mut reader = Reader::new(cell);
        let header = CellHeader::read(&mut reader)?;
        if header.kind == CellKind::Deterministic {
            return Err(Error::Unsupported);
        }
        let salt = reader.take(header.suite.nonce_len().saturating_sub(8))?.to_vec();
        if reader.u64()? != number {
            return Err(Error::Value);
        }
        Ok((Self { header, salt }, reader.take(reader.remaining())?))
    }
}

fn at(number: u64) -> impl Fn(Error) -> BulkError {
    move |error| BulkError { position: usize::try_from(number).ok(), error }
}
