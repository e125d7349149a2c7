//! The injective context encoding, hexadecimal, base64 and the bounded reader that every decoder uses.

use subtle::ConstantTimeEq as _;

use crate::error::Error;

/// `I(parts...) = "tenantseal/1" || count u8 || (length u16 BE || bytes)*`, FORMAT.md section 1.
///
/// Injective: two different lists of parts never encode to the same bytes.
///
/// # Errors
///
/// [`Error::TooLong`] for more than 255 parts or a part over 65,535 bytes. Nothing is ever truncated.
pub(crate) fn info(parts: &[&[u8]]) -> Result<Vec<u8>, Error> {
    info_of(parts, &[])
}

/// As [`info`], of the parts of two lists one after the other.
pub(crate) fn info_of(first: &[&[u8]], then: &[&[u8]]) -> Result<Vec<u8>, Error> {
    let parts = || first.iter().chain(then);
    let total: usize = parts().map(|part| part.len().saturating_add(2)).sum();
    let mut out = Vec::with_capacity(INFO_PREFIX.len() + 1 + total);
    write_info(&mut out, parts())?;
    Ok(out)
}

/// As [`info`], appended to `out`, which holds part of it after an error.
pub(crate) fn info_into(out: &mut Vec<u8>, parts: &[&[u8]]) -> Result<(), Error> {
    write_info(out, parts.iter())
}

fn write_info<'p>(out: &mut Vec<u8>, parts: impl Iterator<Item = &'p &'p [u8]> + Clone) -> Result<(), Error> {
    out.extend_from_slice(INFO_PREFIX);
    out.push(u8::try_from(parts.clone().count()).map_err(|_| Error::TooLong)?);
    for part in parts {
        let len = u16::try_from(part.len()).map_err(|_| Error::TooLong)?;
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(part);
    }
    Ok(())
}

/// The parts that [`info`] made these bytes of.
///
/// # Errors
///
/// [`Error::Malformed`].
pub(crate) fn parse_info(bytes: &[u8]) -> Result<Vec<&[u8]>, Error> {
    let mut reader = Reader::new(bytes.strip_prefix(INFO_PREFIX).ok_or(Error::Malformed)?);
    let parts = (0..reader.u8()?).map(|_| reader.prefixed16()).collect::<Result<_, _>>()?;
    reader.finish()?;
    Ok(parts)
}

/// What every context string starts with.
pub(crate) const INFO_PREFIX: &[u8] = b"tenantseal/1";

/// Canonical base64url without padding, RFC 4648 section 5.
pub(crate) fn base64url(bytes: &[u8]) -> String {
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes)
}

/// Decodes what [`base64url`] writes and nothing else: no padding, no other alphabet, zero trailing bits.
pub(crate) fn base64url_decode(text: &[u8]) -> Result<Vec<u8>, Error> {
    base64_simd::URL_SAFE_NO_PAD.decode_to_vec(text).map_err(|_| Error::Malformed)
}

/// Decodes exactly 2N lowercase hexadecimal digits.
pub(crate) fn hex_decode<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let mut out = [0; N];
    let (pairs, rest) = text.as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut wrong = 0;
    for (byte, [high, low]) in out.iter_mut().zip(pairs) {
        let (high, low) = (hex_digit(*high), hex_digit(*low));
        *byte = high << 4 | low & 15;
        wrong |= high | low;
    }
    (wrong < 16).then_some(out)
}

/// Lowercase hexadecimal.
pub(crate) fn hex_encode(bytes: &[u8]) -> String {
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
    let digits = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    let mut out = vec![0; 2 * bytes.len()];
    out.iter_mut().zip(digits).for_each(|(place, digit)| *place = digit);
    String::from_utf8(out).expect("hexadecimal digits are ASCII")
}

/// Compares in time that depends on the lengths alone.
pub(crate) fn ct_eq(left: &[u8], right: &[u8]) -> bool {
    let (left_words, left_rest) = left.as_chunks::<8>();
    let (right_words, right_rest) = right.as_chunks::<8>();
    if left.len() != right.len() {
        return false;
    }
    // Eight bytes at a time: a barrier for each byte costs more than the comparison.
    let words = left_words.iter().zip(right_words);
    let equal = words.fold(left_rest.ct_eq(right_rest), |equal, (left, right)| {
        equal & u64::from_ne_bytes(*left).ct_eq(&u64::from_ne_bytes(*right))
    });
    equal.into()
}

/// The value of a digit, or 255. Without a branch, so that many are done at once.
fn hex_digit(digit: u8) -> u8 {
    let (number, letter) = (digit.wrapping_sub(b'0'), digit.wrapping_sub(b'a'));
    let letter = if letter < 6 { letter + 10 } else { 0xff };
    if number < 10 { number } else { letter }
}

/// Reads a byte string from the front. Every read is checked; running out is [`Error::Malformed`].
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(Error::Malformed)?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Error> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(Error::Malformed)?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Error> {
        self.array().copied().map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Error> {
        self.array().copied().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Error> {
        self.array().copied().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Error> {
        self.array().copied().map(u64::from_be_bytes)
    }

    /// A length u16 BE, then that many bytes.
    pub(crate) fn prefixed16(&mut self) -> Result<&'a [u8], Error> {
        let len = self.u16()?;
        self.take(usize::from(len))
    }

    /// A length u32 BE, then that many bytes.
    pub(crate) fn prefixed32(&mut self) -> Result<&'a [u8], Error> {
        let len = self.u32()?;
        self.take(usize::try_from(len).map_err(|_| Error::Malformed)?)
    }

    /// Refuses whatever is left over.
    pub(crate) fn finish(self) -> Result<(), Error> {
        if self.rest.is_empty() { Ok(()) } else { Err(Error::Malformed) }
    }

    /// How many bytes are left.
    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, test_runner::TestRunner};

    use super::*;

    #[test]
    fn info_is_as_specified() {
        assert_eq!(info(&[]).unwrap(), b"tenantseal/1\x00");
        assert_eq!(info(&[b"", b"ab"]).unwrap(), b"tenantseal/1\x02\x00\x00\x00\x02ab");
    }

    #[test]
    fn info_refuses_what_it_cannot_encode() {
        assert!(info(&[&[0; 65_535]]).is_ok());
        assert_eq!(info(&[&[0; 65_536]]), Err(Error::TooLong));
        assert!(info(&[&b""[..]; 255]).is_ok());
        assert_eq!(info(&[&b""[..]; 256]), Err(Error::TooLong));
    }

    /// Parts never run together: wherever one ends and the next begins, and however often, the bytes differ.
    #[test]
    fn info_is_injective_under_a_million_boundary_shifts() {
        let shifts = core::cell::Cell::new(0u32);
        let mut runner = TestRunner::new(ProptestConfig::with_cases(20_000));
        // Bytes that look like counts, lengths and labels.
        let bytes = prop::collection::vec(prop_oneof![0u8..4, Just(b't'), any::<u8>()], 1..24);
        let cuts = prop::collection::vec(0usize..24, 1..6);
        runner
            .run(&(bytes, cuts), |(bytes, cuts)| {
                let encoded = |cuts: &[usize]| {
                    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
                    cuts.sort_unstable();
                    let ends = cuts.iter().copied().chain([bytes.len()]);
                    let starts = core::iter::once(0).chain(cuts.iter().copied());
                    let parts: Vec<&[u8]> = starts.zip(ends).map(|(start, end)| &bytes[start..end]).collect();
                    (info(&parts).unwrap(), parts.iter().map(|part| part.to_vec()).collect::<Vec<_>>())
                };
                let (whole, parts) = encoded(&cuts);
                prop_assert_eq!(
                    parse_info(&whole).unwrap(),
                    parts.iter().map(Vec::as_slice).collect::<Vec<_>>()
                );
                for shifted in 0..cuts.len() {
                    for to in 0..=bytes.len() {
                        let mut other = cuts.clone();
                        other[shifted] = to;
                        // With that boundary elsewhere, and with one more.
                        for other in [other.clone(), [other.as_slice(), &[cuts[shifted]]].concat()] {
                            let (bytes, others) = encoded(&other);
                            prop_assert_eq!(bytes == whole, others == parts);
                            shifts.set(shifts.get() + 1);
                        }
                    }
                }
                Ok(())
            })
            .unwrap();
        println!("{} boundary shifts, no two lists of parts with the same bytes", shifts.get());
        assert!(shifts.get() >= 1_000_000, "{}", shifts.get());
    }

    #[test]
    fn hex_is_strict() {
        assert_eq!(hex_decode::<2>(b"00ff"), Some([0, 255]));
        for bad in ["00fF", "00f", "00ff0", "00ff00", "0 ff", ""] {
            assert_eq!(hex_decode::<2>(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(hex_encode(&[0, 0xaf, 0xff]), "00afff");
    }

    #[test]
    fn a_prefix_is_not_equal() {
        assert!(ct_eq(b"", b"") && ct_eq(b"ab", b"ab"));
        for (left, right) in [("ab", "a"), ("a", "ab"), ("", "a"), ("ab", "ac")] {
            assert!(!ct_eq(left.as_bytes(), right.as_bytes()), "{left} {right}");
        }
    }

    #[test]
    fn base64url_is_canonical() {
        for bytes in [&b""[..], b"a", b"ab", b"abc", &[0xff; 33]] {
            assert_eq!(base64url_decode(base64url(bytes).as_bytes()).unwrap(), bytes);
        }
        // The two digits of the other alphabet stand where they would be canonical.
        for bad in ["YQ==", "YR", "Y", "++++", "////", "YQ\n", " YQ"] {
            assert_eq!(base64url_decode(bad.as_bytes()), Err(Error::Malformed), "{bad}");
        }
    }
}
