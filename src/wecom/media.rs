//! Files that an AI bot receives: decrypted as they are read, in constant memory.
//!
//! A file's address stands in the message and works for five minutes; what it gives is AES-256-CBC with PKCS #7 to 32
//! bytes, developer.work.weixin.qq.com/document/path/100719. Two keys are in use: in callback mode the callback's own
//! EncodingAESKey, on a long connection the `aeskey` beside the address.
//!
//! # Security
//!
//! The format has no signature and no MAC. Whoever can change the bytes on their way can change the file: fetch it over
//! TLS, from the address in a message that was verified, and only from hosts that you expect.
//!
//! # Example
//!
//! ```
//! use std::io::Read as _;
//!
//! use tenantseal::wecom::media::MediaReader;
//!
//! let key = "MWYoQXebz/cFPx17PKICJ7FnxX/CjNvsM2+u7+lGdGA";
//! # let sealed = tenantseal::wecom::sender::encrypt_media(key, b"a picture")?;
//! // `sealed` is the response's body: anything that is `Read`.
//! let mut picture = Vec::new();
//! MediaReader::new(&sealed[..], key)?.read_to_end(&mut picture)?;
//! assert_eq!(picture, b"a picture");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::fmt;
use std::io::{self, Read};

use super::{
    block::{BLOCK_LEN, padding},
    credentials::AesKey,
};
use crate::{
    error::Error,
    secret::{Secret, SecretBytes},
};

/// Decrypts what a reader gives.
///
/// It asks its reader for 64 KiB at a time and holds as much. The last 32 bytes are kept back until the reader has
/// ended and every byte of the padding has been looked at; what came before them has been given out by then, and is
/// worth nothing unless the end comes without an error.
pub struct MediaReader<R> {
    key: AesKey,
    reader: R,
    /// The next block's IV: the ciphertext block before it.
    iv: Secret<AES_BLOCK>,
    /// Plaintext in `given..ready`, then ciphertext up to `filled`.
    buffer: SecretBytes,
    given: usize,
    ready: usize,
    filled: usize,
    left: u64,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The padding was right: what is ready is the end.
    Ended,
    Failed(Error),
    Reading,
}

impl<R: Read> MediaReader<R> {
    /// The largest file, in bytes of ciphertext: Tencent's limit of 100 MiB and a block of padding.
    pub const MAX_LEN: u64 = (100 << 20) + 32;

    /// Takes the reader, and the key as it is written: 43 base64 digits, or 44 with the `=`.
    ///
    /// # Errors
    ///
    /// [`Error::CallbackCredentials`] for another form of key.
    pub fn new(reader: R, key: &str) -> Result<Self, Error> {
        let digits = key.strip_suffix('=').filter(|digits| digits.len() == 43).unwrap_or(key);
        let key = AesKey::new(digits)?;
        Ok(Self {
            // The format fixes the first one: half of the key, which is secret.
            iv: Secret::from_bytes(key.iv()),
            key,
            reader,
            buffer: SecretBytes::from_vec(vec![0; BUFFER_LEN]),
            given: 0,
            ready: 0,
            filled: 0,
            left: Self::MAX_LEN,
            state: State::Reading,
        })
    }

    /// Reads until something is ready, or the end.
    fn fill(&mut self) -> io::Result<()> {
        while self.given == self.ready && self.state == State::Reading {
            // What is left over is less than two blocks.
            let buffer = self.buffer.expose_secret_mut();
            buffer.copy_within(self.ready..self.filled, 0);
            self.filled -= self.ready;
            (self.given, self.ready) = (0, 0);
            let room = buffer.get_mut(self.filled..).unwrap_or_default();
            let read = match self.reader.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            self.filled = self.filled.saturating_add(read).min(BUFFER_LEN);
            match self.left.checked_sub(u64::try_from(read).unwrap_or(u64::MAX)) {
                Some(left) => self.left = left,
                None => return self.fail(Error::TooLong),
            }
            if read == 0 { self.end()? } else { self.decrypt_all_but_last()? }
        }
        Ok(())
    }

    fn decrypt_all_but_last(&mut self) -> io::Result<()> {
        // Invariant: at least one byte, at most a whole block stays.
        let whole = self.filled.saturating_sub(1) / BLOCK_LEN * BLOCK_LEN;
        self.decrypt(whole)
    }

    fn end(&mut self) -> io::Result<()> {
        if self.filled != BLOCK_LEN {
            return self.fail(Error::Callback);
        }
        self.decrypt(BLOCK_LEN)?;
        let last = self.buffer.expose_secret().get(..BLOCK_LEN).unwrap_or_default();
        match padding(last).and_then(|pad| BLOCK_LEN.checked_sub(pad)) {
            None => self.fail(Error::Callback),
            Some(ready) => {
                self.ready = ready;
                self.state = State::Ended;
                Ok(())
            }
        }
    }

    /// Decrypts the first `len` bytes of the buffer.
    fn decrypt(&mut self, len: usize) -> io::Result<()> {
        let ciphertext = self.buffer.expose_secret_mut().get_mut(..len).unwrap_or_default();
        let Some(next) = ciphertext.last_chunk().copied() else { return Ok(()) };
        match self.key.decrypt_in_place(self.iv.expose_secret(), ciphertext) {
            Err(error) => self.fail(error),
            Ok(()) => {
                self.iv = Secret::from_bytes(&next);
                self.ready = len;
                Ok(())
            }
        }
    }

    /// Wipes what is held, and gives the same answer from now on.
    fn fail<T>(&mut self, error: Error) -> io::Result<T> {
        self.buffer = SecretBytes::from_vec(Vec::new());
        (self.given, self.ready, self.filled) = (0, 0, 0);
        self.state = State::Failed(error);
        Err(io::Error::new(io::ErrorKind::InvalidData, error))
    }
}

/// An error of the reader's is passed on, and reading may go on after it. One of ours is [`io::ErrorKind::InvalidData`], is
/// final, and holds [`Error::Callback`] for what is not such a file, a cut one included, or [`Error::TooLong`] over
/// [`MediaReader::MAX_LEN`].
impl<R: Read> Read for MediaReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        if let State::Failed(error) = self.state {
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        self.fill()?;
        let ready = self.buffer.expose_secret().get(self.given..self.ready).unwrap_or_default();
        let len = ready.len().min(out.len());
        for (to, from) in out.iter_mut().zip(ready) {
            *to = *from;
        }
        self.given += len;
        Ok(len)
    }
}

impl<R> fmt::Debug for MediaReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaReader").finish_non_exhaustive()
    }
}

const AES_BLOCK: usize = 16;

const BUFFER_LEN: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wecom::sender::encrypt_media;

    const KEY: &str = "MWYoQXebz/cFPx17PKICJ7FnxX/CjNvsM2+u7+lGdGA";

    /// Gives at most `step` bytes at a time, and notes how many were asked for in all.
    struct Dribble<'a> {
        bytes: &'a [u8],
        step: usize,
    }

    impl Read for Dribble<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let len = self.step.min(out.len()).min(self.bytes.len());
            let (now, later) = self.bytes.split_at(len);
            out[..len].copy_from_slice(now);
            self.bytes = later;
            Ok(len)
        }
    }

    fn open(bytes: &[u8], step: usize) -> (Vec<u8>, Option<Error>) {
        let mut out = Vec::new();
        let mut reader = MediaReader::new(Dribble { bytes, step }, KEY).unwrap();
        let error = reader.read_to_end(&mut out).err().map(|error| {
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            // It stays as it is.
            assert!(reader.read(&mut [0]).is_err());
            *error.into_inner().unwrap().downcast::<Error>().unwrap()
        });
        (out, error)
    }

    fn file(len: usize) -> Vec<u8> {
        (0..len).map(|at| u8::try_from(at % 251).unwrap()).collect()
    }

    #[test]
    fn files_of_every_length_come_back_however_they_arrive() {
        for len in (0..100).chain([65_503, 65_504, 65_505, 65_536, 65_567, 131_072, 200_000]) {
            let file = file(len);
            let sealed = encrypt_media(KEY, &file).unwrap();
            assert_eq!(sealed.len(), len / 32 * 32 + 32);
            for step in [1, 31, 32, 33, 4_096, usize::MAX] {
                if step >= 31 || len < 1_000 {
                    assert_eq!(open(&sealed, step), (file.clone(), None), "{len} {step}");
                }
            }
        }
    }

    #[test]
    fn nothing_of_the_last_block_comes_before_its_padding_was_looked_at() {
        let file = file(100);
        let sealed = encrypt_media(KEY, &file).unwrap();
        // What is there before the reader has ended.
        struct Endless<'a>(&'a [u8]);
        impl Read for Endless<'_> {
            fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
                if self.0.is_empty() { Err(io::ErrorKind::WouldBlock.into()) } else { self.0.read(out) }
            }
        }
        let mut out = Vec::new();
        let mut reader = MediaReader::new(Endless(&sealed), KEY).unwrap();
        let error = reader.read_to_end(&mut out).unwrap_err();
        assert_eq!((error.kind(), &out[..]), (io::ErrorKind::WouldBlock, &file[..96]));
        // Every byte of the last block, changed by way of the block before it or by itself.
        for at in 96..128 {
            for by in [1, 0x80] {
                let mut altered = sealed.clone();
                altered[at - 16] ^= by;
                let (given, error) = open(&altered, usize::MAX);
                let in_padding = at >= 100;
                assert_eq!(error.is_some(), in_padding, "{at}");
                assert_eq!(given.len(), if in_padding { 96 } else { 100 }, "{at}");
            }
        }
    }

    #[test]
    fn a_file_that_was_cut_or_is_none_is_refused() {
        let sealed = encrypt_media(KEY, &file(95)).unwrap();
        for len in 0..sealed.len() {
            let (given, error) = open(&sealed[..len], usize::MAX);
            assert_eq!(error, Some(Error::Callback), "{len}");
            assert!(given.len() <= len.saturating_sub(1) / 32 * 32);
        }
        assert_eq!(open(&[&sealed[..], b"x"].concat(), 7).1, Some(Error::Callback));
        let other = MediaReader::new(&sealed[..], "nfrioO2Mvz8dAOsjOsgquBXbenoyMAERIm7uf3B7ZoI").unwrap();
        assert!(io::copy(&mut { other }, &mut io::sink()).is_err());
    }

    #[test]
    fn a_key_is_taken_with_and_without_its_sign() {
        let sealed = encrypt_media(KEY, b"a").unwrap();
        for good in [KEY.to_owned(), format!("{KEY}="), format!("{}B", &KEY[..42])] {
            assert_eq!(io::read_to_string(MediaReader::new(&sealed[..], &good).unwrap()).unwrap(), "a");
        }
        for bad in ["", "=", &KEY[..42], &format!("{}=", &KEY[..42]), &format!("{KEY}=="), &format!("{KEY} ")]
        {
            assert_eq!(MediaReader::new(&sealed[..], bad).err(), Some(Error::CallbackCredentials), "{bad}");
        }
    }

    #[test]
    fn a_file_over_the_limit_is_refused_and_one_at_it_is_not() {
        let sealed = encrypt_media(KEY, &[]).unwrap();
        let zeros = |len: u64| io::repeat(0).take(len);
        let limit = MediaReader::<&[u8]>::MAX_LEN;
        let over = MediaReader::new(zeros(limit + 1), KEY).unwrap();
        let error = io::copy(&mut { over }, &mut io::sink()).unwrap_err().into_inner().unwrap();
        assert_eq!(*error.downcast::<Error>().unwrap(), Error::TooLong);
        // Noise has no padding: only the length was right.
        let at = MediaReader::new(zeros(limit), KEY).unwrap();
        let error = io::copy(&mut { at }, &mut io::sink()).unwrap_err().into_inner().unwrap();
        assert_eq!(*error.downcast::<Error>().unwrap(), Error::Callback);
        assert_eq!(sealed.len(), 32);
    }
}
