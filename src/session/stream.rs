//! Streams: records in order, with an authenticated end. FORMAT.md section 17.6.

pub(super) mod record;
#[cfg(feature = "tokio")]
mod tokio;

use core::fmt;
use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};

use record::{Reading, Writing};

#[cfg(feature = "tokio")]
pub use self::tokio::AsyncStream;
use super::{Incoming, Initiator, Listener, Progress, Session};
use crate::error::Error;

/// A session over a connection that keeps order, such as TCP. It reads and writes bytes.
///
/// What is written goes out when there are 16 KiB of it, and with a flush. [`Stream::finish`] says that this side has
/// written everything; without it the other side's last read is an error. What a reader got is genuine, from the start
/// and without a gap, whether or not an end came. A stream lasts for 24 hours at most; its keys change on the way.
///
/// # Example
///
/// ```no_run
/// use std::{io::{Read, Write}, net::{TcpListener, TcpStream}, sync::Mutex};
/// use tenantseal::session::{Endpoint, Listener, Peer, Stream};
///
/// fn call(laptop: &Endpoint, phone: &Peer) -> Result<(), Box<dyn std::error::Error>> {
///     let mut stream = Stream::connect(TcpStream::connect("192.0.2.2:5000")?, laptop.initiate(phone)?)?;
///     stream.write_all(b"a photo")?;
///     stream.finish()?;
///     Ok(())
/// }
///
/// fn answer(listener: &Mutex<Listener>) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
///     let (connection, source) = TcpListener::bind("192.0.2.2:5000")?.accept()?;
///     let mut photo = Vec::new();
///     Stream::accept(connection, listener, source)?.read_to_end(&mut photo)?;
///     Ok(photo)
/// }
/// ```
pub struct Stream<S> {
    io: S,
    session: Ends,
}

/// Both directions, over whatever kind of connection.
struct Ends {
    reading: Reading,
    writing: Writing,
    peer: crate::tenant::PrincipalId,
}

impl Ends {
    fn new(session: Session) -> Self {
        let peer = session.peer().clone();
        let (sender, receiver) = session.split();
        Self {
            reading: Reading::new(receiver.into_stream()),
            writing: Writing::new(sender.into_stream()),
            peer,
        }
    }
}

/// The most packets that a handshake sends in one direction: a first message, the same with a cookie, and a last one.
const HANDSHAKE_PACKETS: usize = 3;

impl<S: Read + Write> Stream<S> {
    /// Calls over a connection, with the handshake that [`Endpoint::initiate`](super::Endpoint::initiate) and its like
    /// began. The caller sets time limits on the connection.
    ///
    /// # Errors
    ///
    /// [`Error::Open`] if the other side is not the peer; as [`Initiator::receive`]; [`Error::Io`]. [`Error::Truncated`] if the
    /// other side hung up: it does so without a word if it does not know this side.
    pub fn connect(mut io: S, mut initiator: Initiator) -> Result<Self, Error> {
        send(&mut io, initiator.packet())?;
        for _ in 0..HANDSHAKE_PACKETS {
            match initiator.receive(&receive(&mut io)?)? {
                Progress::Established(session, packet) => {
                    send(&mut io, &packet)?;
                    return Ok(Self { io, session: Ends::new(*session) });
                }
                Progress::Resend => send(&mut io, initiator.packet())?,
            }
        }
        Err(Error::Open)
    }

    /// Answers over a connection that came from `source`. The caller sets time limits on it, and hangs up after an
    /// error. The listener is locked for each packet, and not while one is waited for. Look at [`Stream::peer`] before
    /// you say anything.
    ///
    /// # Errors
    ///
    /// As [`Listener::receive`]; [`Error::Io`]; [`Error::Truncated`] if the other side hung up.
    pub fn accept(mut io: S, listener: &Mutex<Listener>, source: SocketAddr) -> Result<Self, Error> {
        for _ in 0..HANDSHAKE_PACKETS {
            let packet = receive(&mut io)?;
            let incoming =
                listener.lock().unwrap_or_else(PoisonError::into_inner).receive(source, &packet)?;
            match incoming {
                Incoming::Established(session, _) => return Ok(Self { io, session: Ends::new(*session) }),
                Incoming::Send(packet) => send(&mut io, &packet)?,
            }
        }
        Err(Error::Open)
    }

    /// Sends what was written, and that it was all. Nothing can be written after it; reading goes on.
    ///
    /// # Errors
    ///
    /// Those of the connection; [`Error::SessionExpired`] and its like inside an [`io::Error`].
    pub fn finish(&mut self) -> io::Result<()> {
        self.session.writing.finish().map_err(to_io)?;
        self.drain()
    }

    fn drain(&mut self) -> io::Result<()> {
        while !self.session.writing.pending().is_empty() {
            let count = self.io.write(self.session.writing.pending())?;
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.session.writing.advance(count);
        }
        self.io.flush()
    }
}

impl<S> Stream<S> {
    /// Who is on the other side.
    #[must_use]
    pub fn peer(&self) -> &crate::tenant::PrincipalId {
        &self.session.peer
    }

    /// The connection below, to set time limits on it. What is read from it or written to it is missing from the stream.
    #[must_use]
    pub fn get_ref(&self) -> &S {
        &self.io
    }
}

impl<S: Read + Write> Read for Stream<S> {
    /// 0 bytes are the end that the other side sent. A connection that closes before it is
    /// [`io::ErrorKind::UnexpectedEof`] with [`Error::Truncated`] inside.
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let reading = &mut self.session.reading;
        while !out.is_empty() && reading.needs_more().map_err(to_io)? {
            let count = match self.io.read(reading.space()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            reading.filled(count).map_err(to_io)?;
        }
        reading.take(out).map_err(to_io)
    }
}

impl<S: Read + Write> Write for Stream<S> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.session.writing.is_full() {
            self.session.writing.seal().map_err(to_io)?;
        }
        // Before more is taken, so that a connection that does not take it slows the writer down.
        if !self.session.writing.pending().is_empty() {
            self.drain()?;
        }
        self.session.writing.push(data).map_err(to_io)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.session.writing.seal().map_err(to_io)?;
        self.drain()
    }
}

impl<S> fmt::Debug for Stream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("peer", &self.session.peer).finish_non_exhaustive()
    }
}

/// A packet with its length before it, u16 BE.
fn framed(packet: &[u8]) -> Result<Vec<u8>, Error> {
    let len = u16::try_from(packet.len()).map_err(|_| Error::TooLong)?;
    Ok([&len.to_be_bytes()[..], packet].concat())
}

fn send(io: &mut impl Write, packet: &[u8]) -> Result<(), Error> {
    io.write_all(&framed(packet)?)?;
    Ok(io.flush()?)
}

fn receive(io: &mut impl Read) -> Result<Vec<u8>, Error> {
    let mut len = [0; 2];
    io.read_exact(&mut len).map_err(cut)?;
    let mut packet = vec![0; usize::from(u16::from_be_bytes(len))];
    io.read_exact(&mut packet).map_err(cut)?;
    Ok(packet)
}

fn cut(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::Truncated,
        kind => Error::Io(kind),
    }
}

fn to_io(error: Error) -> io::Error {
    match error {
        Error::Truncated => io::Error::new(io::ErrorKind::UnexpectedEof, error),
        Error::Io(kind) => kind.into(),
        other => io::Error::other(other),
    }
}
