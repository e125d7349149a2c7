//! The bytes of a cell. FORMAT.md section 6.

use std::collections::HashMap;

use crate::{
    encoding::{Reader, base64url, base64url_decode},
    error::Error,
    field::Row,
    primitive::{
        aead::{Aes256Gcm, GCM_NONCE_LEN, TAG_LEN},
        rng::RandomSource,
        siv::{AesSiv, SIV_LEN},
    },
    secret::SecretBytes,
    tenant::{CellKey, CellKeys, Cipher, Generation, Suite, SuiteKey, policy::Padding},
};

/// The first byte of every cell. It occurs in no UTF-8 text.
const MAGIC: u8 = 0xf8;
/// The flag of a cell whose value was padded.
const PADDED: u8 = 2;
/// What stands after a value that is padded, ISO/IEC 7816-4; zeros follow.
const PADDING: u8 = 0x80;
/// The size of the header, in bytes.
pub(crate) const HEADER_LEN: usize = 24;
/// What the text form of a cell starts with.
pub(crate) const TEXT_PREFIX: &[u8] = b"ts1.";

/// What the header of a cell says, readable without any key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CellHeader {
    /// Whether equal values of its domain look equal.
    pub kind: CellKind,
    /// The suite.
    pub suite: Suite,
    /// Whether its length is that of a padded value.
    pub is_padded: bool,
    /// The generation of the tenant's root that sealed it; the index epoch of a deterministic cell.
    pub generation: Generation,
    /// The 16-byte commitment of the key: the same for every cell of one place, generation and class.
    pub key_commitment: [u8; 16],
}

impl CellHeader {
    /// The size of a header, in bytes.
    pub const LEN: usize = HEADER_LEN;

    /// Reads the header of a cell in its binary form.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] if it is no cell; [`Error::Unsupported`] for a suite, flag or kind that this build does
    /// not have.
    pub fn parse(cell: &[u8]) -> Result<Self, Error> {
        Parts::parse(cell).map(|parts| parts.header)
    }

    /// Of a cell under that key.
    pub(crate) fn of_key(key: &CellKey, padding: Option<Padding>) -> Self {
        Self {
            kind: key.kind(),
            suite: key.suite,
            is_padded: padding.is_some(),
            generation: key.generation,
            key_commitment: key.kc,
        }
    }

    /// Reads the header that stands in front.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        if reader.u8()? != MAGIC {
            return Err(Error::Malformed);
        }
        let [suite, flags, kind] = *reader.array()?;
        let kind = CellKind::from_id(kind)?;
        let suite = kind.suite(suite)?;
        let is_padded = match flags {
            0 => false,
            PADDED => true,
            _ => return Err(Error::Unsupported),
        };
        let (generation, key_commitment) = (reader.u32()?.try_into()?, *reader.array()?);
        Ok(Self { kind, suite, is_padded, generation, key_commitment })
    }

    /// `F8 || suite || flags || kind || generation u32 BE || kc`.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let (head, kc) = bytes.split_at_mut(8);
        let (fixed, generation) = head.split_at_mut(4);
        fixed.copy_from_slice(&self.fixed());
        generation.copy_from_slice(&self.generation.to_u32().to_be_bytes());
        kc.copy_from_slice(&self.key_commitment);
        bytes
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.fixed());
        out.extend_from_slice(&self.generation.to_u32().to_be_bytes());
        out.extend_from_slice(&self.key_commitment);
    }

    fn fixed(&self) -> [u8; 4] {
        [MAGIC, self.suite.id(), u8::from(self.is_padded) * PADDED, self.kind.id()]
    }
}

/// What kind of cell a header is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CellKind {
    /// `02`: equal values of a domain give equal cells.
    Deterministic,
    /// `01`: two cells of equal values differ.
    Field,
}

impl CellKind {
    const fn id(self) -> u8 {
        match self {
            Self::Deterministic => 2,
            Self::Field => 1,
        }
    }

    fn from_id(id: u8) -> Result<Self, Error> {
        [Self::Deterministic, Self::Field].into_iter().find(|kind| kind.id() == id).ok_or(Error::Unsupported)
    }

    /// The suite of that number that cells of this kind may have.
    fn suite(self, id: u8) -> Result<Suite, Error> {
        let mut suites = Suite::ALL.iter().map(|suite| match self {
            Self::Deterministic => suite.deterministic(),
            Self::Field => *suite,
        });
        suites.find(|suite| suite.id() == id).ok_or(Error::Unsupported)
    }
}

impl CellKey {
    pub(crate) const fn kind(&self) -> CellKind {
        match self.cipher {
            Cipher::Deterministic(_) => CellKind::Deterministic,
            Cipher::Randomised(_) => CellKind::Field,
        }
    }

    /// # Errors
    ///
    /// [`Error::Unsupported`] of a deterministic field, whose cells have no nonce.
    pub(crate) fn randomised(&self) -> Result<&SuiteKey, Error> {
        match &self.cipher {
            Cipher::Deterministic(_) => Err(Error::Unsupported),
            Cipher::Randomised(key) => Ok(key),
        }
    }
}

/// A cell, taken apart.
struct Parts<'a> {
    header: CellHeader,
    /// The nonce; of a deterministic cell the synthetic IV.
    nonce: &'a [u8],
    ciphertext: &'a [u8],
    /// Of a deterministic cell empty.
    tag: &'a [u8],
}

impl<'a> Parts<'a> {
    fn parse(cell: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(cell);
        let header = CellHeader::read(&mut reader)?;
        let (nonce_len, tag_len) = sizes(header.kind, header.suite);
        let nonce = reader.take(nonce_len)?;
        let sealed = reader.take(reader.remaining())?;
        let at = sealed.len().checked_sub(tag_len).ok_or(Error::Malformed)?;
        let (ciphertext, tag) = sealed.split_at_checked(at).ok_or(Error::Malformed)?;
        Ok(Self { header, nonce, ciphertext, tag })
    }
}

/// What a cell has before its ciphertext and after it, in bytes.
const fn sizes(kind: CellKind, suite: Suite) -> (usize, usize) {
    match kind {
        CellKind::Deterministic => (SIV_LEN, 0),
        CellKind::Field => (suite.nonce_len(), TAG_LEN),
    }
}

/// Whether bytes claim to be a cell, in either form. What does is never taken for plaintext.
pub(crate) fn is_cell(bytes: &[u8]) -> bool {
    bytes.first() == Some(&MAGIC) || bytes.starts_with(TEXT_PREFIX)
}

/// The text form: `ts1.` and canonical base64url.
pub(crate) fn to_text(cell: &[u8]) -> String {
    format!("ts1.{}", base64url(cell))
}

/// The first 24 bytes of a cell in either form.
pub(crate) fn header_of(sealed: &[u8]) -> Option<[u8; HEADER_LEN]> {
    match sealed.strip_prefix(TEXT_PREFIX) {
        Some(text) => base64url_decode(text.get(..HEADER_LEN / 3 * 4)?).ok()?.try_into().ok(),
        None => sealed.first_chunk().copied(),
    }
}

/// The size of a cell in either form as it is in binary form, in bytes.
pub(crate) fn binary_len(sealed: &[u8]) -> Option<usize> {
    match sealed.strip_prefix(TEXT_PREFIX) {
        Some(text) => text.len().checked_mul(3).map(|len| len / 4),
        None => Some(sealed.len()),
    }
}

/// A cell in the form of another, which is binary, or text, or no cell at all: then a text column holds it.
pub(crate) fn in_form_of(other: &[u8], cell: Vec<u8>) -> Vec<u8> {
    if other.first() == Some(&MAGIC) { cell } else { to_text(&cell).into_bytes() }
}

/// The size of the cell of a value, in bytes.
pub(crate) fn sealed_len(
    kind: CellKind,
    suite: Suite,
    padding: Option<Padding>,
    len: usize,
) -> Option<usize> {
    let (before, after) = sizes(kind, suite);
    (HEADER_LEN + before + after).checked_add(padded_len(padding, len)?)
}

/// How many bytes are sealed of a value of `len`.
#[inline]
pub(crate) fn padded_len(padding: Option<Padding>, len: usize) -> Option<usize> {
    let Some(padding) = padding else { return Some(len) };
    let least = len.checked_add(1)?;
    match padding {
        Padding::Block(size) => least.checked_next_multiple_of(usize::from(size).max(1)),
        Padding::Padme => {
            // Of E = floor(log2(least)), the floor(log2(E)) + 1 bits after the first stay.
            let exponent = least.ilog2();
            let kept = exponent.checked_ilog2().map_or(0, |bits| bits + 1);
            least.checked_next_multiple_of(1 << exponent.saturating_sub(kept))
        }
    }
}

/// Writes a value over all of `out`, with its padding if that is longer.
///
/// # Errors
///
/// [`Error::TooLong`] if `out` is not as long as [`padded_len`] says.
#[inline]
pub(crate) fn write_padded(padding: Option<Padding>, plaintext: &[u8], out: &mut [u8]) -> Result<(), Error> {
    if padded_len(padding, plaintext.len()) != Some(out.len()) {
        return Err(Error::TooLong);
    }
    let (value, rest) = out.split_at_mut_checked(plaintext.len()).ok_or(Error::TooLong)?;
    value.copy_from_slice(plaintext);
    if let Some((first, zeros)) = rest.split_first_mut() {
        *first = PADDING;
        zeros.fill(0);
    }
    Ok(())
}

/// Takes the padding off.
///
/// # Errors
///
/// [`Error::Malformed`] if there is none.
pub(crate) fn unpad(padded: &mut SecretBytes) -> Result<(), Error> {
    let bytes = padded.expose_secret();
    let last = bytes.iter().rposition(|byte| *byte != 0).ok_or(Error::Malformed)?;
    if bytes.get(last) != Some(&PADDING) {
        return Err(Error::Malformed);
    }
    padded.truncate(last);
    Ok(())
}

/// The size of what a cell in either form holds, its padding included, in bytes; `None` if it is none that this build can
/// open.
#[cfg(feature = "arrow")]
pub(crate) fn opened_len(sealed: &[u8]) -> Option<usize> {
    let header = CellHeader::read(&mut Reader::new(&header_of(sealed)?)).ok()?;
    binary_len(sealed)?.checked_sub(sealed_len(header.kind, header.suite, None, 0)?)
}

/// Whether a cell in either form says that its value is padded.
#[cfg(feature = "arrow")]
pub(crate) fn is_padded(sealed: &[u8]) -> bool {
    header_of(sealed).is_some_and(|[_, _, flags, ..]| flags == PADDED)
}

/// The size of a cell's text form, in characters.
pub(crate) fn text_len(cell_len: usize) -> Option<usize> {
    cell_len.checked_mul(4)?.div_ceil(3).checked_add(TEXT_PREFIX.len())
}

/// Seals cells of one column, each under a nonce of its own. Many in one call are [`CellSealer`](super::bulk::CellSealer)'s.
pub(crate) struct Sealer<'k> {
    key: &'k CellKey,
    header: CellHeader,
    padding: Option<Padding>,
    /// Of a deterministic field.
    siv: Option<Box<AesSiv>>,
    /// `header || context hash`, then the row of the cell at hand.
    aad: Vec<u8>,
    prefix_len: usize,
}

impl<'k> Sealer<'k> {
    pub(crate) fn new(keys: &'k CellKeys, padding: Option<Padding>) -> Result<Self, Error> {
        Ok(Self::of_key(keys.sealing()?, padding))
    }

    pub(crate) fn of_key(key: &'k CellKey, padding: Option<Padding>) -> Self {
        let header = CellHeader::of_key(key, padding);
        let mut aad = Vec::with_capacity(HEADER_LEN + key.context.len() + 48);
        header.write(&mut aad);
        aad.extend_from_slice(&key.context);
        let siv = match &key.cipher {
            Cipher::Deterministic(key) => Some(Box::new(AesSiv::new(key))),
            Cipher::Randomised(_) => None,
        };
        Self { key, header, padding, siv, prefix_len: aad.len(), aad }
    }

    /// One cell: under a random nonce, or deterministic.
    pub(crate) fn seal(
        &mut self,
        row: Row<'_>,
        plaintext: &[u8],
        rng: &mut impl RandomSource,
    ) -> Result<Vec<u8>, Error> {
        if self.siv.is_some() {
            return self.seal_deterministic(plaintext);
        }
        let mut nonce = [0; 32];
        let (nonce, _) = nonce.split_at_mut_checked(self.key.suite.nonce_len()).ok_or(Error::Malformed)?;
        rng.fill(nonce)?;
        let (gcm, _) = self.key.randomised()?.derive(nonce)?;
        self.seal_with(&gcm, nonce, row, plaintext)
    }

    /// A deterministic cell: it knows no row.
    pub(crate) fn seal_deterministic(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, Error> {
        let CellHeader { kind, suite, .. } = self.header;
        let len = sealed_len(kind, suite, self.padding, plaintext.len()).ok_or(Error::TooLong)?;
        let mut out = vec![0; len];
        self.deterministic_into(plaintext, &mut out)?;
        Ok(out)
    }

    /// Writes a deterministic cell over all of `out`.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] if `out` is of another size; [`Error::Unsupported`] of a field that is not deterministic.
    pub(crate) fn deterministic_into(&mut self, plaintext: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let key = self.siv.as_mut().ok_or(Error::Unsupported)?;
        let (header, sealed) = out.split_first_chunk_mut().ok_or(Error::TooLong)?;
        let (siv, buffer) = sealed.split_first_chunk_mut().ok_or(Error::TooLong)?;
        write_padded(self.padding, plaintext, buffer)?;
        self.aad.truncate(self.prefix_len);
        *siv = key.seal_in_place(&self.aad, buffer)?;
        *header = self.header.to_bytes();
        Ok(())
    }

    fn seal_with(
        &mut self,
        gcm: &Aes256Gcm,
        nonce: &[u8],
        row: Row<'_>,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Error> {
        self.aad.truncate(self.prefix_len);
        row.encode(&mut self.aad)?;
        let (mut out, start) = self.begin(nonce, plaintext)?;
        let tail = nonce.last_chunk().ok_or(Error::Malformed)?;
        let buffer = out.get_mut(start..).ok_or(Error::Malformed)?;
        let mut tag = [0; TAG_LEN];
        gcm.seal_in_place(tail, &self.aad, buffer, &mut tag)?;
        out.extend_from_slice(&tag);
        Ok(out)
    }

    /// A cell up to its tag, not yet encrypted, and where the padded value begins.
    fn begin(&self, nonce: &[u8], plaintext: &[u8]) -> Result<(Vec<u8>, usize), Error> {
        let padded = padded_len(self.padding, plaintext.len()).ok_or(Error::TooLong)?;
        let start = HEADER_LEN + nonce.len();
        let mut out = Vec::with_capacity(start.checked_add(padded + TAG_LEN).ok_or(Error::TooLong)?);
        self.header.write(&mut out);
        out.extend_from_slice(nonce);
        if self.padding.is_none() {
            out.extend_from_slice(plaintext);
        } else {
            out.resize(start + padded, 0);
            write_padded(self.padding, plaintext, out.get_mut(start..).ok_or(Error::Malformed)?)?;
        }
        Ok((out, start))
    }
}

/// Opens cells of one column. The keys that bulk salts select are kept for the call.
pub(crate) struct Opener<'k> {
    keys: &'k CellKeys,
    aad: Vec<u8>,
    derived: Option<Derived>,
    /// The last key of deterministic cells, by its position.
    siv: Option<(usize, Box<AesSiv>)>,
}

impl<'k> Opener<'k> {
    /// For one cell.
    pub(crate) fn new(keys: &'k CellKeys) -> Self {
        Self { keys, aad: Vec::with_capacity(160), derived: None, siv: None }
    }

    /// For many.
    pub(crate) fn bulk(keys: &'k CellKeys) -> Self {
        Self { derived: Some(Derived::default()), ..Self::new(keys) }
    }

    pub(crate) fn open(&mut self, row: Row<'_>, cell: &[u8]) -> Result<SecretBytes, Error> {
        match cell.strip_prefix(TEXT_PREFIX) {
            Some(text) => self.open_binary(row, &base64url_decode(text)?),
            None => self.open_binary(row, cell),
        }
    }

    /// As [`Opener::open`], over all of `out`.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] too if `out` is of another size than the value.
    #[cfg(feature = "arrow")]
    pub(crate) fn open_into(&mut self, row: Row<'_>, cell: &[u8], out: &mut [u8]) -> Result<(), Error> {
        let decoded;
        let cell = match cell.strip_prefix(TEXT_PREFIX) {
            Some(text) => {
                decoded = base64url_decode(text)?;
                decoded.as_slice()
            }
            None => cell,
        };
        let parts = Parts::parse(cell)?;
        if parts.ciphertext.len() != out.len() {
            return Err(Error::Malformed);
        }
        out.copy_from_slice(parts.ciphertext);
        self.open_in_place(row, &parts, out)
    }

    fn open_binary(&mut self, row: Row<'_>, cell: &[u8]) -> Result<SecretBytes, Error> {
        let parts = Parts::parse(cell)?;
        let mut plaintext = SecretBytes::from_vec(parts.ciphertext.to_vec());
        self.open_in_place(row, &parts, plaintext.expose_secret_mut())?;
        if parts.header.is_padded {
            unpad(&mut plaintext)?;
        }
        Ok(plaintext)
    }

    /// `buffer` holds the ciphertext, and the value afterwards; it is zeroed if the tag is wrong.
    fn open_in_place(&mut self, row: Row<'_>, parts: &Parts<'_>, buffer: &mut [u8]) -> Result<(), Error> {
        let header = parts.header;
        let found = self.keys.find(header.suite, header.generation, &header.key_commitment);
        let (position, key) = found.filter(|(_, key)| key.kind() == header.kind).ok_or(Error::UnknownKey)?;
        self.aad.clear();
        header.write(&mut self.aad);
        self.aad.extend_from_slice(&key.context);
        match &key.cipher {
            Cipher::Deterministic(key) => {
                let siv = parts.nonce.try_into().map_err(|_| Error::Malformed)?;
                let kept = self.siv.take().filter(|(known, _)| *known == position);
                let (_, key) =
                    self.siv.insert(kept.unwrap_or_else(|| (position, Box::new(AesSiv::new(key)))));
                key.open_in_place(&self.aad, buffer, siv)
            }
            Cipher::Randomised(key) => {
                row.encode(&mut self.aad)?;
                self.open_randomised(position, key, parts, buffer)
            }
        }
    }

    fn open_randomised(
        &mut self,
        position: usize,
        key: &SuiteKey,
        parts: &Parts<'_>,
        buffer: &mut [u8],
    ) -> Result<(), Error> {
        let tag = parts.tag.try_into().map_err(|_| Error::Malformed)?;
        if let Some(derived) = &mut self.derived {
            let tail = parts.nonce.last_chunk().ok_or(Error::Malformed)?;
            return derived.get(position, key, parts.nonce)?.open_in_place(tail, &self.aad, buffer, tag);
        }
        let (gcm, tail) = key.derive(parts.nonce)?;
        gcm.open_in_place(tail, &self.aad, buffer, tag)
    }
}

/// The keys that the salts of a bulk call's cells select. Neighbours mostly share one, so the last is asked first.
#[derive(Default)]
struct Derived {
    positions: HashMap<Slot, usize>,
    entries: Vec<(Slot, Aes256Gcm)>,
    last: usize,
}

/// The position of a cell key, and all but the last 12 bytes of a nonce, filled up with zeros.
type Slot = (usize, [u8; 20]);

impl Derived {
    /// How many derived keys are kept.
    const MAX: usize = 1024;

    fn get(&mut self, position: usize, key: &SuiteKey, nonce: &[u8]) -> Result<&Aes256Gcm, Error> {
        let head = nonce
            .len()
            .checked_sub(GCM_NONCE_LEN)
            .and_then(|len| nonce.get(..len))
            .ok_or(Error::Malformed)?;
        let mut slot: Slot = (position, [0; 20]);
        slot.1.get_mut(..head.len()).ok_or(Error::Malformed)?.copy_from_slice(head);
        if self.entries.get(self.last).is_none_or(|(last, _)| *last != slot) {
            if let Some(found) = self.positions.get(&slot) {
                self.last = *found;
            } else {
                if self.entries.len() >= Self::MAX {
                    self.positions.clear();
                    self.entries.clear();
                }
                self.last = self.entries.len();
                self.entries.push((slot, key.derive(nonce)?.0));
                self.positions.insert(slot, self.last);
            }
        }
        self.entries.get(self.last).map(|(_, gcm)| gcm).ok_or(Error::UnknownKey)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{
        primitive::rng::Os,
        tenant::{Kek, Keyring, Policy},
    };

    pub(crate) fn with_keys(act: impl FnOnce(&CellKeys)) {
        let keys = Keyring::in_memory(&Kek::generate().unwrap()).unwrap();
        let policy = br#"{"tenantseal_policy":1,"version":1,"fields":[
            {"table":"t","column":"c","type":"text","storage":"cell","class":["personal"],"bind":"row"}]}"#;
        keys.install_policy(Policy::from_json(policy).unwrap()).unwrap();
        act(keys.create_tenant("t").unwrap().held().cell_keys(0).unwrap());
    }

    #[test]
    fn what_does_not_end_like_padding_is_refused() {
        let unpadded = |bytes: &[u8]| {
            let mut bytes = SecretBytes::from_vec(bytes.to_vec());
            unpad(&mut bytes).map(|()| bytes.expose_secret().to_vec())
        };
        for wrong in [&b""[..], b"\0\0", b"a", b"a\x81\0", b"\x80a\0"] {
            assert_eq!(unpadded(wrong), Err(Error::Malformed), "{wrong:?}");
        }
        assert_eq!(unpadded(b"\x80").as_deref(), Ok(&b""[..]));
        assert_eq!(unpadded(b"a\x80\x80\0").as_deref(), Ok(&b"a\x80"[..]));
    }

    #[test]
    fn an_opener_keeps_a_bounded_number_of_derived_keys() {
        with_keys(|keys| {
            let mut opener = Opener::bulk(keys);
            for row in 0..3_000 {
                let cell = Sealer::new(keys, None).unwrap().seal(row.into(), b"", &mut Os).unwrap();
                opener.open(row.into(), &cell).unwrap();
                let derived = opener.derived.as_ref().unwrap();
                assert!(derived.entries.len() <= Derived::MAX && derived.positions.len() <= Derived::MAX);
            }
        });
    }
}
