//! The bytes of a cell. FORMAT.md section 6.

use std::collections::HashMap;

use crate::{
    encoding::{Reader, base64url, base64url_decode},
    error::Error,
    field::Row,
    primitive::{
        aead::{Aes256Gcm, GCM_NONCE_LEN, TAG_LEN},
        rng::RandomSource,
    },
    secret::SecretBytes,
    tenant::{CellKey, CellKeys, Generation, Suite},
};

/// The first byte of every cell. It occurs in no UTF-8 text.
const MAGIC: u8 = 0xf8;
/// The kind of a field's cell.
const KIND_FIELD: u8 = 1;
/// The size of the header, in bytes.
pub(crate) const HEADER_LEN: usize = 24;
/// What the text form of a cell starts with.
pub(crate) const TEXT_PREFIX: &[u8] = b"ts1.";

/// What the header of a cell says, readable without any key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CellHeader {
    /// The suite.
    pub suite: Suite,
    /// The generation of the tenant's root that sealed it.
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

    /// Reads the header that stands in front.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        if reader.u8()? != MAGIC {
            return Err(Error::Malformed);
        }
        let suite = Suite::from_id(reader.u8()?)?;
        if reader.array::<2>()? != &[0, KIND_FIELD] {
            return Err(Error::Unsupported);
        }
        Ok(Self { suite, generation: reader.u32()?.try_into()?, key_commitment: *reader.array()? })
    }

    pub(crate) fn of_key(key: &CellKey) -> Self {
        Self { suite: key.suite, generation: key.generation, key_commitment: key.kc }
    }

    /// `F8 || suite || flags 00 || kind 01 || generation u32 BE || kc`.
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
        [MAGIC, self.suite.id(), 0, KIND_FIELD]
    }
}

/// A cell, taken apart.
struct Parts<'a> {
    header: CellHeader,
    nonce: &'a [u8],
    ciphertext: &'a [u8],
    tag: &'a [u8; TAG_LEN],
}

impl<'a> Parts<'a> {
    fn parse(cell: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(cell);
        let header = CellHeader::read(&mut reader)?;
        let nonce = reader.take(header.suite.nonce_len())?;
        let sealed = reader.take(reader.remaining())?;
        let (ciphertext, tag) = sealed.split_last_chunk().ok_or(Error::Malformed)?;
        Ok(Self { header, nonce, ciphertext, tag })
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

/// A cell in the form of another, which is binary, or text, or no cell at all: then a text column holds it.
pub(crate) fn in_form_of(other: &[u8], cell: Vec<u8>) -> Vec<u8> {
    if other.first() == Some(&MAGIC) { cell } else { to_text(&cell).into_bytes() }
}

/// The size of the cell of a value, in bytes.
pub(crate) fn sealed_len(suite: Suite, len: usize) -> Option<usize> {
    (HEADER_LEN + suite.nonce_len() + TAG_LEN).checked_add(len)
}

/// The size of the value of a cell in either form, in bytes; `None` if it is none that this build can open.
#[cfg(feature = "arrow")]
pub(crate) fn opened_len(sealed: &[u8]) -> Option<usize> {
    let [_, suite, ..] = header_of(sealed)?;
    let len = match sealed.strip_prefix(TEXT_PREFIX) {
        Some(text) => text.len().checked_mul(3)? / 4,
        None => sealed.len(),
    };
    len.checked_sub(sealed_len(Suite::from_id(suite).ok()?, 0)?)
}

/// The size of a cell's text form, in characters.
pub(crate) fn text_len(cell_len: usize) -> Option<usize> {
    cell_len.checked_mul(4)?.div_ceil(3).checked_add(TEXT_PREFIX.len())
}

/// Seals cells of one column, each under a nonce of its own. Many in one call are [`BulkSealer`](super::bulk::BulkSealer)'s.
pub(crate) struct Sealer<'k> {
    key: &'k CellKey,
    /// `header || context hash`, then the row of the cell at hand.
    aad: Vec<u8>,
    prefix_len: usize,
}

impl<'k> Sealer<'k> {
    pub(crate) fn new(keys: &'k CellKeys) -> Result<Self, Error> {
        let key = keys.sealing()?;
        let mut aad = Vec::with_capacity(HEADER_LEN + key.context.len() + 48);
        CellHeader::of_key(key).write(&mut aad);
        aad.extend_from_slice(&key.context);
        Ok(Self { key, prefix_len: aad.len(), aad })
    }

    /// One cell under a random nonce.
    pub(crate) fn seal(
        &mut self,
        row: Row<'_>,
        plaintext: &[u8],
        rng: &mut impl RandomSource,
    ) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; 32];
        let (nonce, _) = nonce.split_at_mut_checked(self.key.suite.nonce_len()).ok_or(Error::Malformed)?;
        rng.fill(nonce)?;
        let (gcm, _) = self.key.key.derive(nonce)?;
        self.seal_with(&gcm, nonce, row, plaintext)
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
        let mut out = Vec::with_capacity(HEADER_LEN + nonce.len() + plaintext.len() + TAG_LEN);
        CellHeader::of_key(self.key).write(&mut out);
        out.extend_from_slice(nonce);
        let start = out.len();
        out.extend_from_slice(plaintext);
        let tail = nonce.last_chunk().ok_or(Error::Malformed)?;
        let buffer = out.get_mut(start..).ok_or(Error::Malformed)?;
        let tag = gcm.seal_in_place(tail, &self.aad, buffer)?;
        out.extend_from_slice(&tag);
        Ok(out)
    }
}

/// Opens cells of one column. The keys that bulk salts select are kept for the call.
pub(crate) struct Opener<'k> {
    keys: &'k CellKeys,
    aad: Vec<u8>,
    derived: Option<Derived>,
}

impl<'k> Opener<'k> {
    /// For one cell.
    pub(crate) fn new(keys: &'k CellKeys) -> Self {
        Self { keys, aad: Vec::with_capacity(160), derived: None }
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
        Ok(plaintext)
    }

    /// `buffer` holds the ciphertext, and the value afterwards; it is zeroed if the tag is wrong.
    fn open_in_place(&mut self, row: Row<'_>, parts: &Parts<'_>, buffer: &mut [u8]) -> Result<(), Error> {
        let header = parts.header;
        let found = self.keys.find(header.suite, header.generation, &header.key_commitment);
        let (position, key) = found.ok_or(Error::UnknownKey)?;
        self.aad.clear();
        header.write(&mut self.aad);
        self.aad.extend_from_slice(&key.context);
        row.encode(&mut self.aad)?;
        match &mut self.derived {
            None => {
                let (gcm, tail) = key.key.derive(parts.nonce)?;
                gcm.open_in_place(tail, &self.aad, buffer, parts.tag)
            }
            Some(derived) => {
                let tail = parts.nonce.last_chunk().ok_or(Error::Malformed)?;
                derived.get(position, key, parts.nonce)?.open_in_place(tail, &self.aad, buffer, parts.tag)
            }
        }
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

    fn get(&mut self, position: usize, key: &CellKey, nonce: &[u8]) -> Result<&Aes256Gcm, Error> {
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
                self.entries.push((slot, key.key.derive(nonce)?.0));
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
    fn an_opener_keeps_a_bounded_number_of_derived_keys() {
        with_keys(|keys| {
            let mut opener = Opener::bulk(keys);
            for row in 0..3_000 {
                let cell = Sealer::new(keys).unwrap().seal(row.into(), b"", &mut Os).unwrap();
                opener.open(row.into(), &cell).unwrap();
                let derived = opener.derived.as_ref().unwrap();
                assert!(derived.entries.len() <= Derived::MAX && derived.positions.len() <= Derived::MAX);
            }
        });
    }
}
