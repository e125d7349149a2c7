//! What a ciphertext holds: 16 random bytes, a length, the message, the receiveid, and a padding to 32.

use core::{fmt, ops::Range};

use super::credentials::Pair;
use crate::{error::Error, secret::SecretBytes};

/// A decrypted block, in the buffer that it was decrypted in; wiped when dropped.
pub(super) struct Block {
    buffer: SecretBytes,
    message: Range<usize>,
    receive_id: Range<usize>,
}

/// Why a block cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockFault {
    /// The stated length does not fit what is there.
    Length,
    /// The padding is not the one that belongs there: most often a wrong key.
    Padding,
}

impl Block {
    /// Decrypts `ciphertext` in place and takes it over.
    pub(super) fn decrypt(pair: &Pair, ciphertext: Vec<u8>) -> Result<Self, BlockFault> {
        #[cfg(test)]
        DECRYPTIONS.with(|count| count.set(count.get() + 1));
        let mut buffer = SecretBytes::from_vec(ciphertext);
        pair.decrypt_in_place(buffer.expose_secret_mut()).map_err(|_| BlockFault::Padding)?;
        let pad = padding(buffer.expose_secret()).ok_or(BlockFault::Padding)?;
        let end = buffer.expose_secret().len().checked_sub(pad).ok_or(BlockFault::Length)?;
        buffer.truncate(end);
        let (_, rest) = buffer.expose_secret().split_first_chunk::<RANDOM_LEN>().ok_or(BlockFault::Length)?;
        let (len, _) = rest.split_first_chunk::<4>().ok_or(BlockFault::Length)?;
        let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| BlockFault::Length)?;
        let split = len.checked_add(HEAD_LEN).filter(|split| *split <= end).ok_or(BlockFault::Length)?;
        Ok(Self { buffer, message: HEAD_LEN..split, receive_id: split..end })
    }

    pub(super) fn message(&self) -> &[u8] {
        self.buffer.expose_secret().get(self.message.clone()).unwrap_or_default()
    }

    /// The message alone, in the buffer that it is in.
    pub(super) fn into_message(mut self) -> SecretBytes {
        let len = self.message().len();
        self.buffer.expose_secret_mut().copy_within(self.message, 0);
        self.buffer.truncate(len);
        self.buffer
    }

    pub(super) fn receive_id(&self) -> &[u8] {
        self.buffer.expose_secret().get(self.receive_id.clone()).unwrap_or_default()
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block").finish_non_exhaustive()
    }
}

/// Encrypts a message for a receiveid, to base64. `random` is what makes two equal messages differ: it comes
/// from the operating system.
///
/// # Errors
///
/// [`Error::TooLong`] if the message or the receiveid is longer than 1 MiB.
pub(super) fn encrypt(
    pair: &Pair,
    random: &[u8; RANDOM_LEN],
    message: &[u8],
    receive_id: &[u8],
) -> Result<String, Error> {
    if message.len() > MAX_MESSAGE || receive_id.len() > MAX_MESSAGE {
        return Err(Error::TooLong);
    }
    let len = u32::try_from(message.len()).map_err(|_| Error::TooLong)?;
    let mut buffer = padded(&[random, &len.to_be_bytes(), message, receive_id]);
    pair.encrypt_in_place(buffer.expose_secret_mut())?;
    Ok(base64_simd::STANDARD.encode_to_string(buffer.expose_secret()))
}

/// The parts joined, and a padding.
pub(super) fn padded(parts: &[&[u8]]) -> SecretBytes {
    let used: usize = parts.iter().map(|part| part.len()).sum();
    let pad = BLOCK_LEN - used % BLOCK_LEN;
    // Invariant: the vector never grows, so no copy of the message is left behind.
    let mut plain = Vec::with_capacity(used + pad);
    parts.iter().for_each(|part| plain.extend_from_slice(part));
    plain.resize(used + pad, u8::try_from(pad).expect("a padding has at most 32 bytes"));
    SecretBytes::from_vec(plain)
}

/// How many bytes of padding end the buffer, after every one of them was looked at without a branch.
pub(super) fn padding(buffer: &[u8]) -> Option<usize> {
    let tail = buffer.last_chunk::<BLOCK_LEN>()?;
    let pad = u32::from(*tail.last()?);
    let mut wrong = 32u32.wrapping_sub(pad) >> 31 | pad.wrapping_sub(1) >> 31;
    for (index, byte) in (0u32..).zip(tail.iter().rev()) {
        // All ones for the last `pad` bytes, zero for the others.
        let inside = (index.wrapping_sub(pad) >> 31).wrapping_neg();
        wrong |= inside & (u32::from(*byte) ^ pad);
    }
    if wrong == 0 { usize::try_from(pad).ok() } else { None }
}

/// What ciphertexts are a multiple of. It is not AES's own 16: Tencent pads to 32, document/path/90968.
pub(super) const BLOCK_LEN: usize = 32;

/// The random bytes that start a block.
pub(super) const RANDOM_LEN: usize = 16;

const HEAD_LEN: usize = RANDOM_LEN + 4;

const MAX_MESSAGE: usize = 1 << 20;

#[cfg(test)]
thread_local! {
    /// How often this thread called AES for decryption.
    pub(super) static DECRYPTIONS: core::cell::Cell<u64> = const { core::cell::Cell::new(0) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_padding_of_1_to_32_is_one() {
        for pad in 0..=255u8 {
            let mut buffer = [0xee; 64];
            let count = usize::from(pad).min(64);
            buffer[64 - count..].fill(pad);
            if pad == 0 {
                buffer[63] = 0;
            }
            let expected = (1..=32).contains(&pad).then_some(usize::from(pad));
            assert_eq!(padding(&buffer), expected, "{pad}");
        }
    }

    #[test]
    fn every_byte_of_a_padding_counts() {
        for pad in 1..=32u8 {
            for at in 0..usize::from(pad) {
                for bit in 0..8 {
                    let mut buffer = [0xee; 32];
                    buffer[32 - usize::from(pad)..].fill(pad);
                    buffer[31 - at] ^= 1 << bit;
                    let shorter = buffer[31];
                    // A changed last byte may state another padding that is whole by itself.
                    let whole = (1..=32).contains(&shorter)
                        && buffer[32 - usize::from(shorter)..].iter().all(|byte| *byte == shorter);
                    assert_eq!(padding(&buffer).is_some(), whole, "{pad} {at} {bit}");
                }
            }
        }
    }

    #[test]
    fn blocks_round_trip_at_every_padding() {
        let pair = Pair::new("t", &"A".repeat(43)).unwrap();
        for len in 0..70 {
            let message = vec![b'm'; len];
            let text = encrypt(&pair, &[7; 16], &message, b"ww1").unwrap();
            let ciphertext = base64_simd::STANDARD.decode_to_vec(text).unwrap();
            assert_eq!(ciphertext.len() % 32, 0);
            let block = Block::decrypt(&pair, ciphertext).unwrap();
            assert_eq!((block.message(), block.receive_id()), (&message[..], &b"ww1"[..]));
            assert_eq!(block.into_message().expose_secret(), message);
        }
    }

    #[test]
    fn a_message_over_its_limit_is_not_encrypted() {
        let pair = Pair::new("t", &"A".repeat(43)).unwrap();
        assert!(encrypt(&pair, &[0; 16], &vec![0; MAX_MESSAGE], b"").is_ok());
        assert_eq!(encrypt(&pair, &[0; 16], &vec![0; MAX_MESSAGE + 1], b""), Err(Error::TooLong));
    }
}
