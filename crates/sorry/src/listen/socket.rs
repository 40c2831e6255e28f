//! One accepted connection, TCP or unix: first as a `Raw` descriptor that can be read and answered at once, then, if
//! it has to wait, as a `Socket` known to the runtime.
//!
//! The two stages are the point. A connection that brings one request and goes costs accept, read, write, close and
//! not one `epoll_ctl`; only a connection that waits is registered. A registered one costs one `epoll_wait`, one read
//! and one write per request: a read that does not fill its buffer has emptied the socket, so readiness is cleared
//! without asking the kernel a second time (epoll(7), question 9: with edge-triggered events and a stream, a short
//! read or write shows that the buffer is used up).
//!
//! There is no protocol here and no time limit: callers put both around it.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, Shutdown, SocketAddrAny};
use sorry_sys::registered::Registered;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

/// Who is at the other end, as the kernel says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Peer {
    /// An IPv4 address from a dual-stack socket is shown as IPv4, not as `::ffff:...`.
    Tcp(SocketAddr),
    /// Unix clients have no address; ask `SO_PEERCRED` where it matters who they are.
    Unix,
}

impl Peer {
    pub(super) fn of(address: Option<SocketAddrAny>) -> Self {
        match address.map(SocketAddr::try_from) {
            Some(Ok(address)) => {
                Self::Tcp(SocketAddr::new(address.ip().to_canonical(), address.port()))
            }
            _ => Self::Unix,
        }
    }

    /// The address, where there is one.
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix => None,
        }
    }
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix => f.write_str("unix"),
        }
    }
}

/// Whether the process has descriptors left for this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Keep the connection as long as you like.
    Open,
    /// Accepted on the last, reserved descriptor: answer it now if it has spoken, and drop it. Keeping it only means
    /// that the next one cannot be answered.
    LastDescriptor,
}

/// An accepted connection that the runtime does not know yet. Non-blocking and close-on-exec. It may move to another
/// thread and be registered there.
#[derive(Debug)]
pub struct Raw {
    descriptor: OwnedFd,
    peer: Peer,
    room: Room,
}

impl Raw {
    /// `descriptor` must be a connected, non-blocking stream socket.
    pub fn new(descriptor: OwnedFd, peer: Peer) -> Self {
        Self {
            descriptor,
            peer,
            room: Room::Open,
        }
    }

    pub(super) fn on_last_descriptor(self) -> Self {
        Self {
            room: Room::LastDescriptor,
            ..self
        }
    }

    /// Who is at the other end.
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// Whether this connection may be kept.
    pub fn room(&self) -> Room {
        self.room
    }

    /// Reads what is there; `WouldBlock` when nothing is, `Ok(0)` when the peer has closed.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        receive(&self.descriptor, buffer, RecvFlags::empty())
    }

    /// Writes what fits.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        send(&self.descriptor, bytes)
    }

    /// Writes what fits of several pieces, in one call.
    pub fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        send_vectored(&self.descriptor, pieces)
    }

    /// Says that nothing more will be written (FIN).
    pub fn shutdown_write(&self) -> io::Result<()> {
        shutdown_write(&self.descriptor)
    }

    /// Makes the connection known to the runtime of this thread. It must be called inside a runtime with I/O.
    pub fn register(self) -> io::Result<Socket> {
        let io = Registered::new(self.descriptor, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Socket {
            io,
            peer: self.peer,
        })
    }
}

impl AsFd for Raw {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// An accepted connection that can wait.
#[derive(Debug)]
pub struct Socket {
    io: Registered,
    peer: Peer,
}

impl Socket {
    /// Who is at the other end.
    pub fn peer(&self) -> Peer {
        self.peer
    }

    /// The address of this end; for TCP the one the client connected to.
    pub fn local(&self) -> io::Result<Peer> {
        Ok(Peer::of(Some(rustix::net::getsockname(self.io.get_ref())?)))
    }

    /// Resolves when a read may bring something, an end or an error; it may be wrong now and then, so read in a loop.
    pub async fn readable(&self) -> io::Result<()> {
        self.io.readable().await.map(drop)
    }

    /// Resolves when a write may take something; it may be wrong now and then.
    pub async fn writable(&self) -> io::Result<()> {
        self.io.writable().await.map(drop)
    }

    /// The same as `readable`, for hand-written futures.
    pub fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_read_ready(context).map_ok(drop)
    }

    /// The same as `writable`, for hand-written futures.
    pub fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_write_ready(context).map_ok(drop)
    }

    /// Reads what is there. `WouldBlock` without a system call while the runtime has heard of nothing new, so call it
    /// after `readable`. `Ok(0)` is the end.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let full = buffer.len();
        self.read_ready(full, |descriptor| {
            receive(descriptor, buffer, RecvFlags::empty())
        })
    }

    /// Throws away up to `buffer.len()` bytes of what is there and says how many. On TCP the kernel does not copy
    /// them (`MSG_TRUNC`, tcp(7)); `buffer` may hold anything afterwards.
    pub fn try_discard(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let full = buffer.len();
        let flags = match self.peer {
            Peer::Tcp(_) => RecvFlags::TRUNC,
            Peer::Unix => RecvFlags::empty(),
        };
        self.read_ready(full, |descriptor| receive(descriptor, buffer, flags))
    }

    /// Writes what fits. The kernel is always asked, since a socket that nobody waited on is nearly always writable.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.write_ready(bytes.len(), |descriptor| send(descriptor, bytes))
    }

    /// Writes what fits of several pieces, in one call.
    pub fn try_write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let full = pieces.iter().map(|piece| piece.len()).sum();
        self.write_ready(full, |descriptor| send_vectored(descriptor, pieces))
    }

    /// Says that nothing more will be written (FIN); reading goes on.
    pub fn shutdown_write(&self) -> io::Result<()> {
        shutdown_write(self.io.get_ref())
    }

    /// Closes with a reset: the kernel forgets the connection at once, keeping neither unsent bytes nor TIME-WAIT.
    /// For peers that abuse us.
    pub fn reset(self) -> io::Result<()> {
        Ok(rustix::net::sockopt::set_socket_linger(
            self.io.get_ref(),
            Some(Duration::ZERO),
        )?)
    }

    fn read_ready(
        &self,
        full: usize,
        read: impl FnOnce(&OwnedFd) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut outcome = Err(would_block());
        // The error that clears readiness is only for the runtime's ears: a short read is a success for the caller.
        let _ = self.io.try_io(Interest::READABLE, |descriptor| {
            outcome = read(descriptor);
            match &outcome {
                Ok(count) if *count > 0 && *count < full => Err(would_block()),
                Err(error) if is_would_block(error) => Err(would_block()),
                _ => Ok(()),
            }
        });
        outcome
    }

    fn write_ready(
        &self,
        full: usize,
        mut write: impl FnMut(&OwnedFd) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut outcome = None;
        let _ = self.io.try_io(Interest::WRITABLE, |descriptor| {
            let result = write(descriptor);
            let used_up = match &result {
                Ok(count) => *count < full,
                Err(error) => is_would_block(error),
            };
            outcome = Some(result);
            if used_up { Err(would_block()) } else { Ok(()) }
        });
        // Not known to be writable: nothing to clear, so ask the kernel without the runtime.
        outcome.unwrap_or_else(|| write(self.io.get_ref()))
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.io.as_fd()
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            match self.try_read(buffer.initialize_unfilled()) {
                Err(error) if is_would_block(&error) => ready!(self.poll_readable(context))?,
                Err(error) => return Poll::Ready(Err(error)),
                Ok(count) => {
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.try_write(bytes) {
                Err(error) if is_would_block(&error) => ready!(self.poll_writable(context))?,
                other => return Poll::Ready(other),
            }
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            match self.try_write_vectored(pieces) {
                Err(error) if is_would_block(&error) => ready!(self.poll_writable(context))?,
                other => return Poll::Ready(other),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.shutdown_write())
    }
}

/// `recv(2)`, again when a signal came between.
fn receive(descriptor: impl AsFd + Copy, buffer: &mut [u8], flags: RecvFlags) -> io::Result<usize> {
    let (_, count) =
        rustix::io::retry_on_intr(|| rustix::net::recv(descriptor, &mut *buffer, flags))?;
    Ok(count)
}

/// `send(2)` without SIGPIPE.
fn send(descriptor: impl AsFd + Copy, bytes: &[u8]) -> io::Result<usize> {
    let flags = SendFlags::NOSIGNAL;
    Ok(rustix::io::retry_on_intr(|| {
        rustix::net::send(descriptor, bytes, flags)
    })?)
}

fn send_vectored(descriptor: impl AsFd + Copy, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
    let flags = SendFlags::NOSIGNAL;
    Ok(rustix::io::retry_on_intr(|| {
        let mut control = SendAncillaryBuffer::default();
        rustix::net::sendmsg(descriptor, pieces, &mut control, flags)
    })?)
}

/// A peer that is gone already has nothing to be told.
fn shutdown_write(descriptor: impl AsFd) -> io::Result<()> {
    match rustix::net::shutdown(descriptor, Shutdown::Write) {
        Ok(()) | Err(Errno::NOTCONN) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn would_block() -> io::Error {
    io::ErrorKind::WouldBlock.into()
}

fn is_would_block(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

#[cfg(test)]
mod tests;
