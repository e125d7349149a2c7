//! Files that an AI bot receives, decrypted piece by piece.

use core::convert::Infallible;
use std::{
    collections::VecDeque,
    io::{self, Read},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tenantseal::{Error, wecom::media::MediaReader};
use zeroize::Zeroizing;

use crate::{
    handle::{Opaque, free, get},
    input::{bytes, text},
    output::{Buffer, Handle, call},
    status::{Failure, Result, tenantseal_status},
};

/// A file that is being decrypted. One thread at a time. What it holds is wiped when it fails and when
/// the handle is released.
#[derive(Debug)]
pub struct tenantseal_media(Infallible);

impl Opaque for tenantseal_media {
    const KIND: u8 = 16;
    type Object = Mutex<Decryption>;
}

/// The core's reader, and what it reads from.
#[derive(Debug)]
pub(crate) struct Decryption {
    feed: Feed,
    reader: MediaReader<Feed>,
}

impl Decryption {
    fn new(key: &str) -> Result<Self> {
        let feed = Feed::default();
        Ok(Self { reader: MediaReader::new(feed.clone(), key)?, feed })
    }

    /// Decrypts what can be decrypted of a piece.
    fn update(&mut self, input: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        if self.feed.lock().has_ended {
            return Err(Failure::Argument);
        }
        let mut out = Zeroizing::new(vec![0; tenantseal_media_update_len(input.len())]);
        let mut len = 0usize;
        for piece in input.chunks(PIECE) {
            self.feed.lock().bytes.extend(piece);
            len = self.drain(&mut out, len)?;
        }
        out.truncate(len);
        Ok(out)
    }

    fn finish(&mut self) -> Result<Zeroizing<Vec<u8>>> {
        self.feed.lock().has_ended = true;
        let mut out = Zeroizing::new(vec![0; tenantseal_media_update_len(0)]);
        let len = self.drain(&mut out, 0)?;
        out.truncate(len);
        Ok(out)
    }

    /// Writes behind the first `len` bytes, and returns how many there are then.
    fn drain(&mut self, out: &mut [u8], mut len: usize) -> Result<usize> {
        // Invariant: there is always room, for at least one byte of the input is kept back or is padding.
        loop {
            match self.reader.read(out.get_mut(len..).unwrap_or_default()) {
                Ok(0) => return Ok(len),
                Ok(read) => len = len.saturating_add(read),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(len),
                Err(error) => return Err(failure(error)),
            }
        }
    }
}

/// Ciphertext that waits. Where there is none and more may come, reading would block.
#[derive(Clone, Debug, Default)]
struct Feed(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    bytes: VecDeque<u8>,
    has_ended: bool,
}

impl Feed {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Read for Feed {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut queue = self.lock();
        if queue.bytes.is_empty() && !queue.has_ended {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        queue.bytes.read(out)
    }
}

/// Starts to decrypt a file. The format has no signature: fetch the file over TLS, from the address in
/// a message that was verified.
///
/// @param key, key_len  the callback's EncodingAESKey, or the `aeskey` beside the address: 43 base64
///     digits, or 44 with the `=`
/// @param out_media  the new handle, for tenantseal_media_free(); NULL after a failure
/// @return CALLBACK_CREDENTIALS for another form of key; VALUE for what is not UTF-8
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_media_new(
    key: *const u8,
    key_len: usize,
    out_media: *mut *mut tenantseal_media,
) -> tenantseal_status {
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Handle(out_media), || {
            let key = bytes(key, key_len)?;
            let key = text(key)?;
            Ok(Mutex::new(Decryption::new(key)?))
        })
    }
}

/// Decrypts the next piece of the file. The last 32 bytes are kept back until
/// tenantseal_media_finish(), without which what was written is worth nothing: the file may have been
/// cut.
///
/// @param media  the file
/// @param input, input_len  the piece, of any length
/// @param out, out_cap, out_len  what could be decrypted; the capacity must be
///     tenantseal_media_update_len() at least, or the piece is not taken
/// @return ARGUMENT after the end; TOO_LONG over 100 MiB; after a failure always the same one
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_media_update(
    media: *mut tenantseal_media,
    input: *const u8,
    input_len: usize,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    let room = tenantseal_media_update_len(input_len);
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::with_room(out, out_cap, out_len, room), || {
            let input = bytes(input, input_len)?;
            let media = get(media)?;
            // Before anything is taken: the same piece can be passed again.
            if out_cap < room {
                return Err(Failure::BufferTooSmall);
            }
            media.lock().unwrap_or_else(PoisonError::into_inner).update(input)
        })
    }
}

/// Ends the file: looks at every byte of the padding, and writes what was kept back.
///
/// @param media  the file
/// @param out, out_cap, out_len  the end of the file; the capacity must be
///     tenantseal_media_update_len() of 0 at least
/// @return CALLBACK for what is not such a file, one that was cut or another key included; TOO_LONG;
///     a second time nothing is written, or the same failure returned
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tenantseal_media_finish(
    media: *mut tenantseal_media,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> tenantseal_status {
    let room = tenantseal_media_update_len(0);
    // SAFETY: the contract of every export, in the crate's documentation.
    unsafe {
        call(Buffer::with_room(out, out_cap, out_len, room), || {
            let media = get(media)?;
            if out_cap < room {
                return Err(Failure::BufferTooSmall);
            }
            media.lock().unwrap_or_else(PoisonError::into_inner).finish()
        })
    }
}

/// Releases a handle. NULL is accepted; calls that use the object now go on to their end.
///
/// @param media  the handle, which is of no use afterwards
/// @return HANDLE if it is no live handle of this type, as after a first release
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_media_free(media: *mut tenantseal_media) -> tenantseal_status {
    free(media)
}

/// The room that decrypting a piece needs, in bytes: its length and 32; 0 if it would not fit in
/// size_t. Ending the file needs that of 0.
///
/// @param input_len  the length of the piece
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn tenantseal_media_update_len(input_len: usize) -> usize {
    input_len.checked_add(BLOCK_LEN).unwrap_or(0)
}

/// An error of the core's, which the reader wraps.
fn failure(error: io::Error) -> Failure {
    let inner = error.into_inner().and_then(|inner| inner.downcast::<Error>().ok());
    inner.map_or(Failure::Internal, |error| Failure::Core(*error))
}

/// What is kept back, in bytes.
const BLOCK_LEN: usize = 32;

/// How much waits at a time, in bytes.
const PIECE: usize = 64 * 1024;
