//! The entrance of one connection: a PROXY header where its peer must send one, TLS where the listener speaks it.
//!
//! Plain connections from nobody in particular do not come through here; they are greeted at once in `front`.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use sorry_core::answer::Method;

use super::beginning::Beginning;
use super::complaint;
use super::connection::Connection;
use super::talk::Talk;
use super::worker::{Place, Worker};
use crate::answer::{Guest, Security};
use crate::config::{Listener, Network};
use crate::count::Limit;
use crate::http1::{self, Fault, Next, Respond as _};
use crate::listen::proxy_protocol::{self, HeaderError, Parsed, Signature};
use crate::listen::socket::{Raw, Socket};
use crate::listen::tls::{HandshakeError, Protocol, Tls};

/// What a listener asks of those who come.
#[derive(Debug, Clone)]
pub(super) struct Entrance {
    /// The listener's address as it stands in the configuration, for the log.
    pub(super) name: Arc<str>,
    pub(super) security: Security,
    /// Who must send a PROXY header.
    proxies: Vec<Network>,
    plain_on_tls: PlainOnTls,
}

/// What becomes of plain HTTP on a TLS listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlainOnTls {
    /// 400 that names https.
    Refused,
    /// 308 to https, for names that are a site's.
    Redirected,
}

/// A header of version 2 with its TLVs, and room for the request behind it.
const HEADER_BYTES: usize = 8192;

impl Entrance {
    pub(super) fn new(listener: &Listener) -> Entrance {
        let options = &listener.options;
        Entrance {
            name: listener.address.to_string().into(),
            security: if options.tls {
                Security::Tls
            } else {
                Security::Plain
            },
            proxies: options.proxy_from.clone(),
            plain_on_tls: if options.https_redirect {
                PlainOnTls::Redirected
            } else {
                PlainOnTls::Refused
            },
        }
    }

    /// Whether a connection from `peer` may be greeted without further ado.
    pub(super) fn is_open(&self, peer: Option<IpAddr>) -> bool {
        self.security == Security::Plain && !self.is_proxy(peer)
    }

    fn is_proxy(&self, peer: Option<IpAddr>) -> bool {
        peer.is_some_and(|peer| self.proxies.iter().any(|network| network.contains(peer)))
    }
}

/// Lets one connection in and serves it to its end.
pub(super) async fn enter(raw: Raw, place: Place, mut guest: Guest, entrance: Entrance) {
    let since = Instant::now();
    let worker = Rc::clone(place.worker_rc());
    let peer = guest.client;
    let Ok(socket) = raw.register() else {
        worker.counts.limit(Limit::Descriptors).bump();
        return;
    };
    let mut already = Vec::new();
    if entrance.is_proxy(peer) {
        match header(&worker, &socket).await {
            Ok((client, rest)) => {
                guest.client = client.or(peer);
                already = rest;
            }
            Err(error) => return refuse_header(&worker, &guest, &error),
        }
    }
    let tls = match entrance.security {
        Security::Plain => None,
        Security::Tls => worker.with_front(|front| front.tls.clone()),
    };
    match tls {
        None => {
            let beginning = Beginning {
                unread: already,
                ..Beginning::default()
            };
            Connection::new(socket, place, Talk::new(guest), beginning, since).await;
        }
        Some(tls) => {
            shake_hands(
                &worker,
                &tls,
                Arrival {
                    socket,
                    already,
                    guest,
                    place,
                    since,
                },
                &entrance,
            )
            .await;
        }
    }
}

/// A connection before TLS.
struct Arrival {
    socket: Socket,
    already: Vec<u8>,
    guest: Guest,
    place: Place,
    since: Instant,
}

async fn shake_hands(worker: &Worker, tls: &Tls, arrival: Arrival, entrance: &Entrance) {
    let Arrival {
        socket,
        already,
        guest,
        place,
        since,
    } = arrival;
    let guest = Guest {
        security: Security::Tls,
        ..guest
    };
    match tls.accept(socket, already).await {
        Ok(stream) => {
            worker.counts.handshakes.bump();
            let talk = match stream.protocol() {
                Protocol::Http1 => Talk::http1(guest),
                Protocol::Http2 => worker.with_front(|front| Talk::http2(guest, front)),
            };
            Connection::new(stream, place, talk, Beginning::default(), since).await;
        }
        Err(HandshakeError::PlainHttp { socket, mut bytes }) => {
            let mut port = None;
            let is_http = proxy_protocol::signature(&bytes) != Signature::Whole;
            if entrance.redirects() && is_http {
                let (most, time) =
                    worker.with_front(|front| (front.http1.head_bytes, front.times.head));
                // Whoever is too slow, too long or gone is answered by what there is: no whole head, so 400.
                let _late = tokio::time::timeout(time, read_head(&socket, &mut bytes, most)).await;
                let local = socket.local().ok().and_then(|local| local.address());
                port = local.map(|address| address.port());
            }
            let (bytes, next) = plain_on_tls(worker, guest, &bytes, port);
            let beginning = Beginning {
                unsent: bytes,
                next,
                ..Beginning::default()
            };
            Connection::new(socket, place, Talk::new(guest), beginning, since).await;
        }
        Err(error) => refuse_handshake(worker, &error),
    }
}

impl Entrance {
    fn redirects(&self) -> bool {
        self.plain_on_tls == PlainOnTls::Redirected
    }
}

/// Reads on until the head of a plain request is whole or wrong, `most` bytes are there, or the client has ended.
async fn read_head(socket: &Socket, bytes: &mut Vec<u8>, most: usize) {
    let mut searched = 0;
    loop {
        // A head that comes in small pieces is read again when a line has ended.
        let may_be_whole = bytes[searched..].contains(&b'\n');
        if may_be_whole && !matches!(http1::parse(bytes), http1::Parsed::Partial) {
            return;
        }
        searched = bytes.len();
        if searched >= most || read_more(socket, bytes, most).await == 0 {
            return;
        }
    }
}

/// Reads what there is, once there is something; 0 at the end or after an error.
async fn read_more(socket: &Socket, bytes: &mut Vec<u8>, most: usize) -> usize {
    let filled = bytes.len();
    while socket.readable().await.is_ok() {
        bytes.resize(most, 0);
        let read = socket.try_read(&mut bytes[filled..]);
        bytes.truncate(filled + *read.as_ref().unwrap_or(&0));
        match read {
            Ok(count) => return count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return 0,
        }
    }
    0
}

/// What a client hears that speaks plain HTTP where TLS is spoken; with a `port`, where to go instead.
fn plain_on_tls(worker: &Worker, guest: Guest, bytes: &[u8], port: Option<u16>) -> (Bytes, Next) {
    let mut out = http1::Out::default();
    worker.with_front(|front| {
        let mut desk = worker.desk.borrow_mut();
        let mut visit = desk.visit(&front.sites, guest);
        if proxy_protocol::signature(bytes) == Signature::Whole {
            visit.fault(Fault::ProxyHeader, Method::Other, &mut out);
            complaint::unexpected(worker, front, guest.listener, guest.client);
        } else {
            visit.plain_on_tls(bytes, port, &mut out);
        }
    });
    (Bytes::from(out.bytes), Next::Linger)
}

async fn header(
    worker: &Worker,
    socket: &Socket,
) -> Result<(Option<IpAddr>, Vec<u8>), HeaderError> {
    let within = worker.with_front(|front| front.proxy_header_time);
    let mut buffer = vec![0; HEADER_BYTES];
    let filled = proxy_protocol::receive(socket, &mut buffer, 0, within).await?;
    match proxy_protocol::parse(&buffer[..filled]) {
        Parsed::Done(header) => {
            let client = header.source().map(|source| source.ip());
            Ok((client, buffer[header.consumed..filled].to_vec()))
        }
        // `receive` returns only whole headers.
        _ => Err(HeaderError::Absent),
    }
}

fn refuse_header(worker: &Worker, guest: &Guest, error: &HeaderError) {
    worker.counts.proxy_header_faults.bump();
    if matches!(error, HeaderError::Late) {
        worker.counts.limit(Limit::ProxyHeaderTime).bump();
    }
    worker.with_front(|front| {
        complaint::missing(worker, front, guest.listener, guest.client, error);
    });
}

fn refuse_handshake(worker: &Worker, error: &HandshakeError) {
    match error {
        HandshakeError::Late(_) => worker.counts.limit(Limit::TlsHandshakeTime).bump(),
        HandshakeError::Crowded => worker.counts.limit(Limit::TlsHandshakes).bump(),
        HandshakeError::Ended => return,
        HandshakeError::Failed(_) | HandshakeError::PlainHttp { .. } => {}
    }
    worker.counts.handshake_failures.bump();
    log::debug!("no TLS connection: {error}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use tokio::io::AsyncWriteExt;

    use crate::listen::socket::Peer;

    fn pair() -> (Socket, tokio::net::TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, peer) = listener.accept().unwrap();
        server.set_nonblocking(true).unwrap();
        client.set_nonblocking(true).unwrap();
        let raw = Raw::new(server.into(), Peer::Tcp(peer));
        (
            raw.register().unwrap(),
            tokio::net::TcpStream::from_std(client).unwrap(),
        )
    }

    /// What is read of a client that has said `already`, then says `rest` and ends.
    fn read(already: &str, rest: &str, most: usize) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let mut bytes = already.as_bytes().to_vec();
        runtime.block_on(async {
            let (socket, mut client) = pair();
            let say = async {
                // Pieces, so that the head's end is not in the first read.
                for piece in rest.as_bytes().chunks(1000) {
                    client.write_all(piece).await.unwrap();
                    client.flush().await.unwrap();
                    tokio::task::yield_now().await;
                }
                client.shutdown().await.unwrap();
            };
            tokio::join!(read_head(&socket, &mut bytes, most), say);
        });
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_plain_head_is_read_to_its_end_within_its_bounds() {
        let field = format!("X: {}\r\n\r\n", "a".repeat(5000));
        let begun = "GET / HTTP/1.1\r\nHost: a\r\n";
        assert_eq!(read(begun, &field, 8192), format!("{begun}{field}"));
        assert_eq!(read("G", &begun[1..], 8192), begun, "the client ended");
        assert_eq!(read(begun, &field, 100).len(), 100);
        assert_eq!(read("GET\r\n", "more", 100), "GET\r\n", "wrong already");
        let whole = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(read(whole, "more", 100), whole);
        assert_eq!(read(whole, "", 5), whole, "longer than the bound already");
    }
}
