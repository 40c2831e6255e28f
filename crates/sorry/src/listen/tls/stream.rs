//! An established TLS connection, and the socket under it with the bytes that were read too early.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use rustls::{HandshakeKind, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::server::TlsStream;

use super::super::socket::{Peer, Socket};

/// What is spoken inside TLS (ALPN, RFC 7301).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Http1,
    Http2,
}

impl Protocol {
    /// The registered identifiers, the preferred one first. A client that is told to speak HTTP/1.0 may offer nothing else, and would be
    /// turned away by an alert (RFC 7301, section 3.2).
    pub fn ids(self) -> &'static [&'static [u8]] {
        match self {
            Self::Http1 => &[b"http/1.1", b"http/1.0"],
            Self::Http2 => &[b"h2"],
        }
    }
}

/// A connection after its handshake.
#[derive(Debug)]
pub struct TlsSocket(Box<TlsStream<Prefixed>>);

impl TlsSocket {
    pub(super) fn new(stream: TlsStream<Prefixed>) -> Self {
        Self(Box::new(stream))
    }

    /// Who is at the other end of the socket.
    pub fn peer(&self) -> Peer {
        self.0.get_ref().0.socket.peer()
    }

    /// What both ends agreed to speak; a client that does not know ALPN speaks HTTP/1.
    pub fn protocol(&self) -> Protocol {
        let agreed = self.0.get_ref().1.alpn_protocol();
        match agreed {
            Some(id) if Protocol::Http2.ids().contains(&id) => Protocol::Http2,
            _ => Protocol::Http1,
        }
    }

    /// The name the client asked for (SNI).
    pub fn server_name(&self) -> Option<&str> {
        self.0.get_ref().1.server_name()
    }

    /// For metrics.
    pub fn version(&self) -> Option<ProtocolVersion> {
        self.0.get_ref().1.protocol_version()
    }

    /// For metrics: whether the client resumed an earlier session.
    pub fn is_resumed(&self) -> bool {
        self.0.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed)
    }
}

impl AsyncRead for TlsSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for TlsSocket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// A socket whose first bytes have been read already: they come first, and their memory goes with the last of them.
#[derive(Debug)]
pub(super) struct Prefixed {
    socket: Socket,
    bytes: Vec<u8>,
    taken: usize,
    answer: Answer,
}

/// Whether anything has been written yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    NotYet,
    Begun,
}

impl Prefixed {
    pub(super) fn new(socket: Socket, bytes: Vec<u8>) -> Self {
        Self {
            socket,
            bytes,
            taken: 0,
            answer: Answer::NotYet,
        }
    }

    /// Whether nothing has been written yet.
    pub(super) fn is_unanswered(&self) -> bool {
        self.answer == Answer::NotYet
    }
}

impl AsyncRead for Prefixed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.bytes.is_empty() {
            return Pin::new(&mut self.socket).poll_read(context, buffer);
        }
        let rest = &self.bytes[self.taken..];
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..count]);
        self.taken += count;
        if self.taken == self.bytes.len() {
            self.bytes = Vec::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Prefixed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.answer = Answer::Begun;
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.answer = Answer::Begun;
        Pin::new(&mut self.socket).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use tokio::io::AsyncReadExt;

    #[test]
    fn early_bytes_come_first_and_whole_however_little_is_asked_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, peer) = listener.accept().unwrap();
        server.set_nonblocking(true).unwrap();
        client.write_all(b"late").unwrap();
        drop(client);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let raw = super::super::super::socket::Raw::new(server.into(), Peer::Tcp(peer));
            let mut socket = Prefixed::new(raw.register().unwrap(), b"early ".to_vec());
            let mut first = [0; 4];
            socket.read_exact(&mut first).await.unwrap();
            let mut rest = String::new();
            socket.read_to_string(&mut rest).await.unwrap();
            assert_eq!((&first, rest.as_str()), (b"earl", "y late"));
            assert_eq!(socket.bytes.capacity(), 0);
        });
    }
}
