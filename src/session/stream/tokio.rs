//! The same over tokio.

use core::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};
use std::{
    io,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};

use super::{Ends, HANDSHAKE_PACKETS, cut, framed, to_io};
use crate::{
    error::Error,
    session::{Incoming, Initiator, Listener, Progress},
    tenant::PrincipalId,
};

/// [`Stream`](super::Stream) over tokio. Shutting it down sends the end.
pub struct AsyncStream<S> {
    io: S,
    session: Ends,
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncStream<S> {
    /// As [`Stream::connect`](super::Stream::connect). Dropping the future leaves the connection in the middle of a
    /// handshake: hang up.
    ///
    /// # Errors
    ///
    /// As [`Stream::connect`](super::Stream::connect).
    pub async fn connect(mut io: S, mut initiator: Initiator) -> Result<Self, Error> {
        send(&mut io, initiator.packet()).await?;
        for _ in 0..HANDSHAKE_PACKETS {
            match initiator.receive(&receive(&mut io).await?)? {
                Progress::Established(session, packet) => {
                    send(&mut io, &packet).await?;
                    return Ok(Self { io, session: Ends::new(*session) });
                }
                Progress::Resend => send(&mut io, initiator.packet()).await?,
            }
        }
        Err(Error::Open)
    }

    /// As [`Stream::accept`](super::Stream::accept).
    ///
    /// # Errors
    ///
    /// As [`Stream::accept`](super::Stream::accept).
    pub async fn accept(mut io: S, listener: &Mutex<Listener>, source: SocketAddr) -> Result<Self, Error> {
        for _ in 0..HANDSHAKE_PACKETS {
            let packet = receive(&mut io).await?;
            let incoming =
                listener.lock().unwrap_or_else(PoisonError::into_inner).receive(source, &packet)?;
            match incoming {
                Incoming::Established(session, _) => return Ok(Self { io, session: Ends::new(*session) }),
                Incoming::Send(packet) => send(&mut io, &packet).await?,
            }
        }
        Err(Error::Open)
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.session.writing.pending().is_empty() {
            let count = ready!(Pin::new(&mut self.io).poll_write(cx, self.session.writing.pending()))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.session.writing.advance(count);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S> AsyncStream<S> {
    /// Who is on the other side.
    #[must_use]
    pub fn peer(&self) -> &PrincipalId {
        &self.session.peer
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for AsyncStream<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { io, session: Ends { reading, .. } } = self.get_mut();
        while out.remaining() > 0 && reading.needs_more().map_err(to_io)? {
            let mut space = ReadBuf::new(reading.space());
            ready!(Pin::new(&mut *io).poll_read(cx, &mut space))?;
            let count = space.filled().len();
            reading.filled(count).map_err(to_io)?;
        }
        let count = reading.take(out.initialize_unfilled()).map_err(to_io)?;
        out.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for AsyncStream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.session.writing.is_full() {
            this.session.writing.seal().map_err(to_io)?;
        }
        // Before more is taken, so that a connection that does not take it slows the writer down.
        ready!(this.poll_drain(cx))?;
        Poll::Ready(this.session.writing.push(data).map_err(to_io))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.session.writing.seal().map_err(to_io)?;
        ready!(this.poll_drain(cx))?;
        Pin::new(&mut this.io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.session.writing.finish().map_err(to_io)?;
        ready!(this.poll_drain(cx))?;
        Pin::new(&mut this.io).poll_shutdown(cx)
    }
}

impl<S> fmt::Debug for AsyncStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncStream").field("peer", &self.session.peer).finish_non_exhaustive()
    }
}

async fn send(io: &mut (impl AsyncWrite + Unpin), packet: &[u8]) -> Result<(), Error> {
    io.write_all(&framed(packet)?).await?;
    Ok(io.flush().await?)
}

async fn receive(io: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, Error> {
    let mut len = [0; 2];
    io.read_exact(&mut len).await.map_err(cut)?;
    let mut packet = vec![0; usize::from(u16::from_be_bytes(len))];
    io.read_exact(&mut packet).await.map_err(cut)?;
    Ok(packet)
}
