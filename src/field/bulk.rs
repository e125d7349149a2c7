//! Cells that share a salt, `nonce = salt || number u64 BE`, and the tag of a whole chunk of them. FORMAT.md sections 6.4
//! and 16.

use crate::{
    encoding::ct_eq,
    error::Error,
    field::{
        Row,
        cell::{CellHeader, CellKind, HEADER_LEN, Sealer, sealed_len, write_padded},
    },
    primitive::{
        aead::{Aes256Gcm, GCM_NONCE_LEN, TAG_LEN},
        rng::RandomSource,
    },
    secret::{Secret, SecretBytes},
    tenant::{CellKey, CellKeys, policy::Padding},
};

/// A number that no value has: the key of a chunk's tag comes from its nonce.
const CHUNK: u64 = u64::MAX;

/// The derived key that a salt selects, for everything that is numbered under it.
pub(crate) struct Salted<'k> {
    key: &'k CellKey,
    header: CellHeader,
    gcm: Aes256Gcm,
    salt: Vec<u8>,
    /// `header || context hash`.
    aad: Vec<u8>,
}

impl<'k> Salted<'k> {
    fn new(key: &'k CellKey, header: CellHeader, salt: &[u8]) -> Result<Self, Error> {
        let (gcm, _) = key.randomised()?.derive(&[salt, &[0; 8]].concat())?;
        let aad = [&header.to_bytes()[..], &key.context].concat();
        Ok(Self { key, header, gcm, salt: salt.to_vec(), aad })
    }

    /// # Errors
    ///
    /// [`Error::UnknownKey`] if the header names none of these keys; [`Error::Unsupported`] of deterministic cells, which have
    /// no salt.
    pub(crate) fn find(keys: &'k CellKeys, header: &CellHeader, salt: &[u8]) -> Result<Self, Error> {
        let found = keys.find(header.suite, header.generation, &header.key_commitment);
        Self::new(found.ok_or(Error::UnknownKey)?.1, *header, salt)
    }

    pub(crate) fn header(&self) -> CellHeader {
        self.header
    }

    pub(crate) fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// Opens values by their numbers. Every thread has its own.
    pub(crate) fn opener(&self) -> NumberedOpener<'_> {
        NumberedOpener { salted: self, aad: self.aad.clone() }
    }

    /// The tag of a chunk whose bytes before its values are `head`.
    ///
    /// The nonce that no cell has gives a key for a MAC, and not this tag itself: two chunks may have one salt, the second
    /// made of cells out of which some were lost. Two GCM tags under one nonce would give away the key that
    /// authenticates every cell of the salt; two MACs give away nothing.
    pub(crate) fn chunk_tag(&self, head: &[u8]) -> Result<[u8; TAG_LEN], Error> {
        let key = Secret::<32>::try_filled(|zeros| {
            self.gcm.seal_in_place(&self.nonce(CHUNK)?, b"", zeros, &mut [0; TAG_LEN])
        })?;
        let mac = self.key.suite.mac(&key, &[&self.key.context, head]);
        mac.first_chunk().copied().ok_or(Error::Malformed)
    }

    /// # Errors
    ///
    /// [`Error::Open`].
    pub(crate) fn check_chunk(&self, head: &[u8], tag: &[u8; TAG_LEN]) -> Result<(), Error> {
        if ct_eq(&self.chunk_tag(head)?, tag) { Ok(()) } else { Err(Error::Open) }
    }

    /// The last 12 bytes of `salt || number`.
    fn nonce(&self, number: u64) -> Result<[u8; GCM_NONCE_LEN], Error> {
        let mut nonce = [0; GCM_NONCE_LEN];
        let (head, tail) = nonce.split_at_mut(GCM_NONCE_LEN - 8);
        head.copy_from_slice(self.salt.last_chunk::<4>().ok_or(Error::Malformed)?);
        tail.copy_from_slice(&number.to_be_bytes());
        Ok(nonce)
    }
}

/// Seals many cells of one column in one call: under a salt that is drawn for it, or deterministic.
pub(crate) enum CellSealer<'k> {
    Deterministic(&'k CellKey, Option<Padding>),
    Salted(Box<BulkSealer<'k>>),
}

impl<'k> CellSealer<'k> {
    pub(crate) fn new(
        keys: &'k CellKeys,
        padding: Option<Padding>,
        rng: &mut impl RandomSource,
    ) -> Result<Self, Error> {
        let key = keys.sealing()?;
        Ok(match key.kind() {
            CellKind::Deterministic => Self::Deterministic(key, padding),
            CellKind::Field => Self::Salted(Box::new(BulkSealer::new(keys, padding, rng)?)),
        })
    }

    /// Seals cells. Every thread has its own, for numbers that no other has.
    pub(crate) fn cells(&self) -> Cells<'_> {
        match self {
            Self::Deterministic(key, padding) => Cells::Deterministic(Sealer::of_key(key, *padding)),
            Self::Salted(sealer) => Cells::Numbered(sealer.numbered()),
        }
    }

    /// The size of the cell of a value, in bytes.
    #[cfg(feature = "arrow")]
    pub(crate) fn cell_len(&self, len: usize) -> Result<usize, Error> {
        match self {
            Self::Deterministic(key, padding) => {
                sealed_len(key.kind(), key.suite, *padding, len).ok_or(Error::TooLong)
            }
            Self::Salted(sealer) => sealer.cell_len(len),
        }
    }
}

/// One thread's part of a [`CellSealer`].
pub(crate) enum Cells<'s> {
    Deterministic(Sealer<'s>),
    Numbered(NumberedSealer<'s>),
}

impl Cells<'_> {
    /// The cell of that number; a deterministic one knows neither number nor row.
    pub(crate) fn cell(&mut self, number: u64, row: Row<'_>, plaintext: &[u8]) -> Result<Vec<u8>, Error> {
        match self {
            Self::Deterministic(sealer) => sealer.seal_deterministic(plaintext),
            Self::Numbered(sealer) => sealer.cell(number, row, plaintext),
        }
    }

    /// Writes the cell over all of `out`.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] if `out` is of another size; as [`NumberedSealer::seal_into`].
    #[cfg(feature = "arrow")]
    pub(crate) fn cell_into(
        &mut self,
        number: u64,
        row: Row<'_>,
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<(), Error> {
        match self {
            Self::Deterministic(sealer) => sealer.deterministic_into(plaintext, out),
            Self::Numbered(sealer) => sealer.cell_into(number, row, plaintext, out),
        }
    }
}

/// Seals many values of one column in one call, under a salt that is drawn for it.
pub(crate) struct BulkSealer<'k> {
    salted: Salted<'k>,
    padding: Option<Padding>,
}

impl<'k> BulkSealer<'k> {
    /// # Errors
    ///
    /// [`Error::Unsupported`] of a deterministic field.
    pub(crate) fn new(
        keys: &'k CellKeys,
        padding: Option<Padding>,
        rng: &mut impl RandomSource,
    ) -> Result<Self, Error> {
        let key = keys.sealing()?;
        key.randomised()?;
        let mut salt = vec![0; key.suite.nonce_len().saturating_sub(8)];
        rng.fill(&mut salt)?;
        Ok(Self { salted: Salted::new(key, CellHeader::of_key(key, padding), &salt)?, padding })
    }

    /// Seals values by their numbers. Every thread has its own, for numbers that no other has.
    pub(crate) fn numbered(&self) -> NumberedSealer<'_> {
        NumberedSealer { sealer: self, aad: self.salted.aad.clone() }
    }

    /// The size of the cell of a value, in bytes.
    pub(crate) fn cell_len(&self, len: usize) -> Result<usize, Error> {
        let CellHeader { kind, suite, .. } = self.salted.header;
        sealed_len(kind, suite, self.padding, len).ok_or(Error::TooLong)
    }

    pub(crate) fn salted(&self) -> &Salted<'k> {
        &self.salted
    }
}

/// Seals by number. The caller gives each number to one value, once.
pub(crate) struct NumberedSealer<'s> {
    sealer: &'s BulkSealer<'s>,
    /// `header || context hash`, then the row of the cell at hand.
    aad: Vec<u8>,
}

impl NumberedSealer<'_> {
    /// Writes `ciphertext || tag` over all of `out`.
    ///
    /// # Errors
    ///
    /// [`Error::TooLong`] if `out` is of another size, for a number that no value may have, and over 64 GiB.
    pub(crate) fn seal_into(
        &mut self,
        number: u64,
        row: Row<'_>,
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<(), Error> {
        if number == CHUNK {
            return Err(Error::TooLong);
        }
        self.aad.truncate(self.sealer.salted.aad.len());
        row.encode(&mut self.aad)?;
        let (buffer, tag) = out.split_last_chunk_mut::<TAG_LEN>().ok_or(Error::TooLong)?;
        write_padded(self.sealer.padding, plaintext, buffer)?;
        self.sealer.salted.gcm.seal_in_place(&self.sealer.salted.nonce(number)?, &self.aad, buffer, tag)
    }

    /// Writes a whole cell over all of `out`.
    ///
    /// # Errors
    ///
    /// As [`NumberedSealer::seal_into`].
    pub(crate) fn cell_into(
        &mut self,
        number: u64,
        row: Row<'_>,
        plaintext: &[u8],
        out: &mut [u8],
    ) -> Result<(), Error> {
        let (head, sealed) =
            out.split_at_mut_checked(HEADER_LEN + self.sealer.salted.salt.len() + 8).ok_or(Error::TooLong)?;
        let (header, nonce) = head.split_at_mut_checked(HEADER_LEN).ok_or(Error::TooLong)?;
        header.copy_from_slice(self.sealer.salted.aad.get(..HEADER_LEN).ok_or(Error::Malformed)?);
        let (salt, counter) = nonce.split_last_chunk_mut::<8>().ok_or(Error::TooLong)?;
        salt.copy_from_slice(&self.sealer.salted.salt);
        *counter = number.to_be_bytes();
        self.seal_into(number, row, plaintext, sealed)
    }

    pub(crate) fn cell(&mut self, number: u64, row: Row<'_>, plaintext: &[u8]) -> Result<Vec<u8>, Error> {
        let mut out = vec![0; self.sealer.cell_len(plaintext.len())?];
        self.cell_into(number, row, plaintext, &mut out)?;
        Ok(out)
    }
}

/// Opens by number.
pub(crate) struct NumberedOpener<'s> {
    salted: &'s Salted<'s>,
    /// `header || context hash`, then the row of the cell at hand.
    aad: Vec<u8>,
}

impl NumberedOpener<'_> {
    /// Writes the value of `ciphertext || tag` over all of `out`, which is zeroed if it does not open.
    ///
    /// # Errors
    ///
    /// [`Error::Open`]; [`Error::Malformed`] if `out` is of another size.
    #[cfg(any(feature = "arrow", test))]
    pub(crate) fn open_into(
        &mut self,
        number: u64,
        row: Row<'_>,
        sealed: &[u8],
        out: &mut [u8],
    ) -> Result<(), Error> {
        let (ciphertext, tag) = sealed.split_last_chunk().ok_or(Error::Malformed)?;
        if ciphertext.len() != out.len() {
            return Err(Error::Malformed);
        }
        out.copy_from_slice(ciphertext);
        self.open_in_place(number, row, out, tag)
    }

    /// The value of `ciphertext || tag`, its padding included.
    ///
    /// # Errors
    ///
    /// [`Error::Open`]; [`Error::Malformed`] if it is shorter than a tag.
    #[inline]
    pub(crate) fn open(&mut self, number: u64, row: Row<'_>, sealed: &[u8]) -> Result<SecretBytes, Error> {
        let (ciphertext, tag) = sealed.split_last_chunk().ok_or(Error::Malformed)?;
        let mut plaintext = SecretBytes::from_vec(ciphertext.to_vec());
        self.open_in_place(number, row, plaintext.expose_secret_mut(), tag)?;
        Ok(plaintext)
    }

    #[inline]
    fn open_in_place(
        &mut self,
        number: u64,
        row: Row<'_>,
        buffer: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), Error> {
        self.aad.truncate(self.salted.aad.len());
        row.encode(&mut self.aad)?;
        self.salted.gcm.open_in_place(&self.salted.nonce(number)?, &self.aad, buffer, tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{field::cell::tests::with_keys, primitive::rng::Os};

    #[test]
    fn the_number_of_the_chunk_is_no_values() {
        with_keys(|keys| {
            let sealer = BulkSealer::new(keys, None, &mut Os).unwrap();
            let mut numbered = sealer.numbered();
            assert!(numbered.cell(u64::MAX - 1, 1.into(), b"").is_ok());
            assert_eq!(numbered.cell(u64::MAX, 1.into(), b""), Err(Error::TooLong));
            assert_eq!(numbered.seal_into(u64::MAX, 1.into(), b"", &mut [0; TAG_LEN]), Err(Error::TooLong));
        });
    }

    /// What FORMAT.md says, put together from the primitives.
    #[test]
    fn a_chunk_is_authenticated_by_a_mac_under_the_stream_of_that_number() {
        with_keys(|keys| {
            let sealer = BulkSealer::new(keys, None, &mut Os).unwrap();
            let key = keys.sealing().unwrap();
            let nonce = [sealer.salted().salt(), &[0xff; 8]].concat();
            let (gcm, tail) = key.randomised().unwrap().derive(&nonce).unwrap();
            let mut stream = [0; 32];
            gcm.seal_in_place(tail, b"", &mut stream, &mut [0; TAG_LEN]).unwrap();
            let mac = key.suite.mac(&Secret::from_bytes(&stream), &[&key.context, b"head"]);
            assert_eq!(sealer.salted().chunk_tag(b"head").unwrap(), mac[..16]);
            assert_eq!(sealer.salted().check_chunk(b"heae", mac[..16].try_into().unwrap()), Err(Error::Open));
        });
    }

    #[test]
    fn a_slot_of_another_size_is_refused() {
        with_keys(|keys| {
            let sealer = BulkSealer::new(keys, None, &mut Os).unwrap();
            let len = sealer.numbered().cell(0, 1.into(), b"abc").unwrap().len();
            for wrong in [0, 15, 16, 18, 20] {
                let mut out = vec![0; wrong];
                assert_eq!(sealer.numbered().seal_into(0, 1.into(), b"abc", &mut out), Err(Error::TooLong));
                let sealed = [7; TAG_LEN + 3];
                let opened = sealer.salted().opener().open_into(0, 1.into(), &sealed, &mut out);
                assert_eq!(opened, Err(Error::Malformed));
            }
            for wrong in [0, HEADER_LEN, len - 1, len + 1] {
                let mut out = vec![0; wrong];
                assert_eq!(sealer.numbered().cell_into(0, 1.into(), b"abc", &mut out), Err(Error::TooLong));
            }
        });
    }
}
