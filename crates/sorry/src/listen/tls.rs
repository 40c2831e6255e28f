//! TLS 1.2 and 1.3 over an accepted socket, by rustls with *ring*.
//!
//! One `Tls` serves all workers: its certificates, its session cache and its ticket keys are shared, so a client that
//! returns to another worker still resumes, and a reload of certificates leaves resumption alone. Early data is never
//! accepted, since it can be replayed. A client that speaks plain HTTP is recognised by its first byte and handed
//! back with what it said, so that the caller can tell it to use https.
//!
//! A handshake takes a limited time from the client's connection on, and a place among a limited number from its first
//! byte on. Clients who begin and go no further, however many, stop no one else: one more takes the place of the oldest.
//! Who has no place among the connections because of them asks for it by [`Tls::end_oldest`].

mod places;
pub mod reload;
mod stream;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::{Acceptor, ServerSessionMemoryCache};
use tokio::io::AsyncWriteExt;
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};

use super::certificate::{Certificates, Resolver};
use super::socket::Socket;
use super::tls_alert::{self, Opening};
use places::Places;
use stream::Prefixed;
pub use stream::{Protocol, TlsSocket};

/// How TLS is spoken.
#[derive(Debug, Clone)]
pub struct Settings {
    pub versions: Versions,
    /// Which protocols are offered (ALPN, RFC 7301), the preferred one first.
    pub protocols: Vec<Protocol>,
    /// Sessions kept for clients that resume without tickets.
    pub sessions_max: usize,
    /// Tickets given to a TLS 1.3 client after its handshake.
    pub tickets: usize,
    /// For a whole handshake, waiting for the first byte included.
    pub handshake_time: Duration,
    /// Handshakes that are under way at once, in the whole process; one more ends the oldest.
    pub handshakes_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            versions: Versions::Tls12AndLater,
            protocols: vec![Protocol::Http2, Protocol::Http1],
            sessions_max: 4096,
            tickets: 2,
            handshake_time: Duration::from_secs(10),
            handshakes_max: 2048,
        }
    }
}

/// Which versions are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    Tls12AndLater,
    Tls13Only,
}

/// Accepts TLS connections; cheap to clone, one for the process.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    resolver: Arc<Resolver>,
    places: Arc<Places>,
    handshake_time: Duration,
}

/// Why there is no TLS connection.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The client speaks plain HTTP; it has said `bytes` so far and can still be answered.
    #[error("plain HTTP on a TLS port")]
    PlainHttp { socket: Socket, bytes: Vec<u8> },
    /// The client took too long.
    #[error("the handshake took longer than {} ms", .0.as_millis())]
    Late(Duration),
    /// So many others began after it that it was the oldest of too many.
    #[error("too many handshakes at once, and this was the oldest")]
    Crowded,
    /// The client went away before it said anything; port scanners and health checks do.
    #[error("the connection ended before a handshake began")]
    Ended,
    /// The handshake failed; the client has been told by an alert.
    #[error("the handshake failed: {0}")]
    Failed(#[source] io::Error),
}

impl Tls {
    pub fn new(certificates: Certificates, settings: &Settings) -> Result<Self, rustls::Error> {
        let resolver = Arc::new(Resolver::new(certificates));
        Ok(Self {
            config: Arc::new(server_config(Arc::clone(&resolver), settings)?),
            resolver,
            places: Places::new(settings.handshakes_max),
            handshake_time: settings.handshake_time,
        })
    }

    /// The certificates in force, and where they can be replaced.
    pub fn certificates(&self) -> &Arc<Resolver> {
        &self.resolver
    }

    /// Ends the oldest handshake that is under way, as one more than the most would; says whether there was one.
    pub fn end_oldest(&self) -> bool {
        self.places.end_oldest()
    }

    /// Shakes hands with a client. `already` is what has been read of the connection, behind a PROXY header too.
    pub async fn accept(
        &self,
        socket: Socket,
        already: Vec<u8>,
    ) -> Result<TlsSocket, HandshakeError> {
        let shake = self.shake(socket, already);
        match tokio::time::timeout(self.handshake_time, shake).await {
            Ok(result) => result,
            Err(_) => Err(HandshakeError::Late(self.handshake_time)),
        }
    }

    async fn shake(&self, socket: Socket, already: Vec<u8>) -> Result<TlsSocket, HandshakeError> {
        let bytes = first_bytes(&socket, already).await?;
        if tls_alert::opening(&bytes) == Opening::Http {
            return Err(HandshakeError::PlainHttp { socket, bytes });
        }
        let mut place = self.places.take();
        tokio::select! {
            biased;
            shaken = self.finish(Prefixed::new(socket, bytes)) => shaken,
            () = place.lost() => Err(HandshakeError::Crowded),
        }
    }

    /// From the ClientHello to the client's last word.
    async fn finish(&self, socket: Prefixed) -> Result<TlsSocket, HandshakeError> {
        let hello = client_hello(socket).await?;
        let stream = hello
            .into_stream_with(Arc::clone(&self.config), |connection| {
                connection.set_buffer_limit(Some(UNSENT_BYTES));
            })
            .await;
        stream.map(TlsSocket::new).map_err(HandshakeError::Failed)
    }
}

/// Encrypted bytes that wait for a client who does not read: one record. What is written to us beyond it waits with the
/// writer, who knows its own bounds.
const UNSENT_BYTES: usize = 16 * 1024;

/// Reads the whole ClientHello; what is none is answered by an alert.
async fn client_hello(socket: Prefixed) -> Result<StartHandshake<Prefixed>, HandshakeError> {
    let mut acceptor = LazyConfigAcceptor::new(Acceptor::default(), socket);
    let error = match (&mut acceptor).await {
        Ok(hello) => return Ok(hello),
        Err(error) => error,
    };
    // Some errors in a record's framing come without an alert of rustls's own.
    if error.kind() == io::ErrorKind::InvalidData
        && let Some(mut socket) = acceptor.take_io()
        && socket.is_unanswered()
    {
        let _gone = socket.write_all(&tls_alert::DECODE_ERROR_ALERT).await;
    }
    Err(HandshakeError::Failed(error))
}

fn server_config(
    resolver: Arc<Resolver>,
    settings: &Settings,
) -> Result<ServerConfig, rustls::Error> {
    let versions: &[_] = match settings.versions {
        Versions::Tls12AndLater => &[&rustls::version::TLS13, &rustls::version::TLS12],
        Versions::Tls13Only => &[&rustls::version::TLS13],
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    let ids = settings.protocols.iter().flat_map(|spoken| spoken.ids());
    config.alpn_protocols = ids.map(|id| id.to_vec()).collect();
    config.session_storage = ServerSessionMemoryCache::new(settings.sessions_max);
    config.ticketer = rustls::crypto::ring::Ticketer::new()?;
    config.send_tls13_tickets = settings.tickets;
    config.max_early_data_size = 0;
    Ok(config)
}

/// Longest first read; a ClientHello is about 500 to 1800 bytes, and what is longer is read by rustls itself.
const FIRST_READ_BYTES: usize = 4096;

/// Waits until the client has said something. Nothing is allocated before.
async fn first_bytes(socket: &Socket, already: Vec<u8>) -> Result<Vec<u8>, HandshakeError> {
    if !already.is_empty() {
        return Ok(already);
    }
    loop {
        socket.readable().await.map_err(HandshakeError::Failed)?;
        let mut bytes = vec![0; FIRST_READ_BYTES];
        match socket.try_read(&mut bytes) {
            Ok(0) => return Err(HandshakeError::Ended),
            Ok(count) => {
                bytes.truncate(count);
                return Ok(bytes);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                return Err(HandshakeError::Ended);
            }
            Err(error) => return Err(HandshakeError::Failed(error)),
        }
    }
}

#[cfg(test)]
mod tests;
