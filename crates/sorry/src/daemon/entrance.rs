//! The entrance of one connection: a PROXY header where its peer must send one, TLS where the listener speaks it.
//!
//! Plain connections from nobody in particular do not come through here; they are greeted at once in `front`.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::Instant;

use bytes::Bytes;

use super::beginning::Beginning;
use super::connection::Connection;
use super::talk::Talk;
use super::worker::{Place, Worker};
use crate::answer::{Guest, Security};
use crate::config::{ListenOptions, Network};
use crate::count::Limit;
use crate::http1::Next;
use crate::listen::proxy_protocol::{self, HeaderError, Parsed};
use crate::listen::socket::{Raw, Socket};
use crate::listen::tls::{HandshakeError, Protocol, Tls};

/// What a listener asks of those who come.
#[derive(Debug, Clone)]
pub(super) struct Entrance {
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
    pub(super) fn new(options: &ListenOptions) -> Entrance {
        Entrance {
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
pub(super) async fn enter(worker: Rc<Worker>, raw: Raw, mut guest: Guest, entrance: Entrance) {
    let since = Instant::now();
    let place = Place::take(&worker);
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
            Err(error) => return refuse_header(&worker, &error),
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
        Err(HandshakeError::PlainHttp { socket, bytes }) => {
            let port = socket
                .local()
                .ok()
                .and_then(|local| local.address())
                .map(|address| address.port());
            let (bytes, next) =
                plain_on_tls(worker, guest, &bytes, port.filter(|_| entrance.redirects()));
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

/// What a client hears that speaks plain HTTP where TLS is spoken; with a `port`, where to go instead.
fn plain_on_tls(worker: &Worker, guest: Guest, bytes: &[u8], port: Option<u16>) -> (Bytes, Next) {
    let mut out = crate::http1::Out::default();
    worker.with_front(|front| {
        let mut desk = worker.desk.borrow_mut();
        desk.visit(&front.sites, guest)
            .plain_on_tls(bytes, port, &mut out);
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

fn refuse_header(worker: &Worker, error: &HeaderError) {
    worker.counts.proxy_header_faults.bump();
    if matches!(error, HeaderError::Late) {
        worker.counts.limit(Limit::ProxyHeaderTime).bump();
    }
    log::debug!("a connection from a listed proxy was closed: {error}");
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
