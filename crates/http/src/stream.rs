//! The socket as hyper sees it: it tells the connection what happens, and speaks where hyper is mute.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::app::App;
use crate::connection::{Connection, MS_NS, Stage};
use crate::malformed;

/// How long a connection that ends badly is still read from, in nanoseconds.
const LINGER_NS: u64 = 1_000 * MS_NS;

/// Up to which size head and body of an answer are written in one piece, in bytes.
const SMALL_BYTES: usize = 2_048;

/// A client's socket.
pub(crate) struct Stream {
    socket: TcpStream,
    app: Arc<App>,
    connection: Arc<Connection>,
    /// What is still to be written in place of hyper's bare answer to a malformed request.
    instead: Bytes,
    replaced: bool,
    ended: bool,
}

impl Stream {
    pub(crate) fn new(socket: TcpStream, app: Arc<App>, connection: Arc<Connection>) -> Self {
        Self { socket, app, connection, instead: Bytes::new(), replaced: false, ended: false }
    }

    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.is_err() {
            self.connection.was_reset();
        }
        result
    }

    /// Writes what stands in hyper's place.
    fn poll_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.instead.has_remaining() {
            let wrote = ready!(Pin::new(&mut self.socket).poll_write(cx, &self.instead));
            let bytes = self.note(wrote)?;
            if bytes == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.instead.advance(bytes);
        }
        Poll::Ready(Ok(()))
    }

    /// hyper answers a head it cannot read with a bare status and never calls a service. Those bytes,
    /// and only those, are written while no request is in flight: a problem goes in their place.
    fn replace(&mut self, bare: &[u8]) {
        if !self.replaced {
            self.replaced = true;
            self.connection.will_linger();
            self.instead = malformed::answer(&self.app, &self.connection, bare);
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let result = ready!(Pin::new(&mut self.socket).poll_read(cx, buf));
        if !buf.filled().is_empty() {
            self.connection.bytes_came();
        }
        Poll::Ready(self.note(result))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.connection.is_in_flight() {
            self.replace(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        let result = ready!(Pin::new(&mut self.socket).poll_write(cx, bytes));
        Poll::Ready(self.note(result))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if !self.connection.is_in_flight() {
            let bare: Vec<u8> = slices.iter().flat_map(|s| s.iter().copied()).collect();
            self.replace(&bare);
            return Poll::Ready(Ok(bare.len()));
        }
        let total: usize = slices.iter().map(|slice| slice.len()).sum();
        let result = if total <= SMALL_BYTES {
            // For the kernel one small piece is cheaper than two, by more than copying costs.
            let mut whole = [0_u8; SMALL_BYTES];
            let mut end = 0;
            for slice in slices {
                whole[end..end + slice.len()].copy_from_slice(slice);
                end += slice.len();
            }
            ready!(Pin::new(&mut self.socket).poll_write(cx, &whole[..end]))
        } else {
            ready!(Pin::new(&mut self.socket).poll_write_vectored(cx, slices))
        };
        Poll::Ready(self.note(result))
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(cx))?;
        let result = ready!(Pin::new(&mut self.socket).poll_flush(cx));
        self.note(result)?;
        self.connection.flushed(self.app.idle_timeout_ns);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(cx))?;
        if !self.ended {
            let result = ready!(Pin::new(&mut self.socket).poll_shutdown(cx));
            self.note(result)?;
            self.ended = true;
            if self.connection.lingers() {
                let due_ns = self.app.clock.monotonic_ns().saturating_add(LINGER_NS);
                self.connection.enter(Stage::Linger, due_ns);
            }
        }
        while self.connection.stage() == Stage::Linger {
            let mut waste = [0_u8; 4096];
            let mut buf = ReadBuf::new(&mut waste);
            // A client that has gone, in whatever way, wants nothing more.
            if ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buf)).is_err()
                || buf.filled().is_empty()
            {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.connection.abandon();
    }
}
