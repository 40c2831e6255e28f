//! The admin API over TCP: only with TLS, and only for who shows a token.
//!
//! It shares its answers with the admin socket (`http`, `desk`). What is different is who is believed: a name that the operator has
//! listed must be asked for, nothing that a browser adds by itself may be there, and wrong tokens are soon listened to no more.
//! Started by the daemon, where the configuration wants it.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use http::header::{AUTHORIZATION, COOKIE, HOST, HeaderName, ORIGIN};
use http::request::Parts;
use tokio::io::AsyncWriteExt as _;

use super::accept::{Conversation, Gate, Leaving};
use super::desk::{Desk, Who};
use super::door::{Bound, Door, Doors};
use super::http::{self as talk, Admit, Counter};
use super::message::{Fault, FaultKind};
use super::socket::BODY_BYTES;
use super::token::Tokens;
use crate::listen::tls::{HandshakeError, Protocol, Tls};
use crate::listen::{Raw, certificate, tls};

/// What the listener may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Connections served at a time; one more is accepted and waits.
    pub connections: NonZeroUsize,
    /// The longest body of a request.
    pub body_bytes: usize,
    /// How long a head may take, and then a body; the next request must begin within it, too.
    pub request_time: Duration,
    /// How long the client may take to accept an answer.
    pub write_time: Duration,
    /// How long answers may take to end when the server stops.
    pub drain_time: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            connections: NonZeroUsize::new(16).unwrap_or(NonZeroUsize::MIN),
            body_bytes: BODY_BYTES,
            request_time: Duration::from_secs(5),
            write_time: Duration::from_secs(30),
            drain_time: Duration::from_secs(2),
        }
    }
}

/// How long a handshake may take.
const HANDSHAKE_TIME: Duration = Duration::from_secs(5);

/// Whom this door believes.
pub struct Remote {
    tls: Tls,
    tokens: ArcSwap<Tokens>,
    hosts: Vec<String>,
    wrong: Wrong,
}

impl Remote {
    /// `hosts` are the names by which it may be asked for, besides its own address.
    ///
    /// # Errors
    /// TLS cannot be spoken with this certificate.
    pub fn new(
        certificate: certificate::Certificate,
        tokens: Tokens,
        hosts: &[Box<str>],
    ) -> Result<Remote, rustls::Error> {
        let settings = tls::Settings {
            protocols: vec![Protocol::Http1],
            handshake_time: HANDSHAKE_TIME,
            handshakes_max: 64,
            ..tls::Settings::default()
        };
        let certificates = certificate::Certificates::new(vec![certificate]);
        Ok(Remote {
            tls: Tls::new(certificates, &settings)?,
            tokens: ArcSwap::from_pointee(tokens),
            hosts: hosts.iter().map(|host| host.to_lowercase()).collect(),
            wrong: Wrong::default(),
        })
    }

    /// From now on these are the tokens.
    pub fn renew_tokens(&self, tokens: Tokens) {
        self.tokens.store(Arc::new(tokens));
    }

    /// From now on this is the certificate.
    pub fn renew_certificate(&self, certificate: certificate::Certificate) {
        let certificates = certificate::Certificates::new(vec![certificate]);
        self.tls.certificates().replace(certificates);
    }
}

/// Serves `socket`, which must be listening, until `shutdown`. To be called inside a runtime with I/O and time.
pub async fn serve(
    socket: OwnedFd,
    desk: Arc<Desk>,
    remote: Arc<Remote>,
    doors: Arc<Doors>,
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let gate = Gate {
        door: Door::Remote,
        doors: Arc::clone(&doors),
        connections: settings.connections,
        drain_time: settings.drain_time,
    };
    let counter = Counter {
        desk,
        doors,
        door: Door::Remote,
        bounds: talk::Bounds {
            body_bytes: settings.body_bytes,
            request_time: settings.request_time,
            write_time: settings.write_time,
        },
    };
    let converse = Box::new(move |raw: Raw, leaving: Leaving| {
        let (remote, counter) = (Arc::clone(&remote), counter.clone());
        Box::pin(async move { receive(raw, leaving, remote, counter).await }) as Conversation
    });
    gate.serve(socket, converse, shutdown).await
}

async fn receive(raw: Raw, leaving: Leaving, remote: Arc<Remote>, counter: Counter) {
    let Ok(socket) = raw.register() else { return };
    let (Some(peer), Ok(Some(local))) = (
        socket.peer().address(),
        socket.local().map(|local| local.address()),
    ) else {
        return;
    };
    let doors = Arc::clone(&counter.doors);
    match remote.tls.accept(socket, Vec::new()).await {
        Ok(stream) => {
            let shown = Shown {
                remote,
                local,
                peer,
                desk: Arc::clone(&counter.desk),
                doors,
            };
            counter
                .converse(stream, Vec::new(), Arc::new(shown), leaving)
                .await;
        }
        Err(HandshakeError::PlainHttp { mut socket, .. }) => {
            let message = "here TLS is spoken: ask with https://";
            let said = talk::raw_refusal(&Fault::new(FaultKind::Malformed, message));
            let write = socket.write_all(&said);
            let _gone_is_fine = tokio::time::timeout(HANDSHAKE_TIME, write).await;
        }
        Err(HandshakeError::Late(_) | HandshakeError::Crowded) => {
            doors.reached(Door::Remote, Bound::RequestTime);
        }
        Err(HandshakeError::Ended | HandshakeError::Failed(_)) => {}
    }
}

/// A connection of somebody who has yet to show a token.
struct Shown {
    remote: Arc<Remote>,
    local: SocketAddr,
    peer: SocketAddr,
    desk: Arc<Desk>,
    doors: Arc<Doors>,
}

impl Admit for Shown {
    fn admit(&self, head: &Parts) -> Result<Who, Fault> {
        let now = Instant::now();
        if self.remote.wrong.are_too_many(self.peer.ip(), now) {
            self.doors.reached(Door::Remote, Bound::WrongTokens);
            let message = "too many wrong tokens came from your address; try again in a minute";
            return Err(Fault::new(FaultKind::TooMany, message));
        }
        self.no_browser(head)?;
        self.right_host(head)?;
        let token = bearer_token(head)?;
        let tokens = self.remote.tokens.load();
        let Some(bearer) = tokens.bearer(token) else {
            self.remote.wrong.note(self.peer.ip(), now);
            self.doors.reached(Door::Remote, Bound::WrongTokens);
            let message = "nobody knows this token: `sorry token` makes one, and its line goes into the daemon's file";
            let what = format!("{} {}", head.method, head.uri.path());
            let known = format!("unknown token from {}", self.peer);
            self.desk.note_refusal(Door::Remote, &known, &what, message);
            return Err(Fault::new(FaultKind::Unidentified, message));
        };
        Ok(Who {
            by: bearer.name.clone(),
            known: format!("token {} from {}", bearer.name, self.peer),
            role: bearer.role,
            door: Door::Remote,
        })
    }
}

impl Shown {
    /// Nothing that a browser adds by itself: no page that somebody looks at shall ask in their name.
    fn no_browser(&self, head: &Parts) -> Result<(), Fault> {
        let found = [ORIGIN, COOKIE]
            .into_iter()
            .find(|name| head.headers.contains_key(name));
        match found {
            None => Ok(()),
            Some(name) => {
                let message =
                    format!("the admin API is not for web pages: leave the field {name} out");
                Err(Fault::new(FaultKind::Refused, message))
            }
        }
    }

    /// It must be asked for by a name of its own: another name that leads here is somebody else's trick (DNS rebinding).
    fn right_host(&self, head: &Parts) -> Result<(), Fault> {
        let text = one(head, &HOST)?.unwrap_or_default();
        let mut asked = vec![host_of(text)];
        // RFC 9112, section 3.2.2: a target that names a host is what counts.
        asked.extend(head.uri.host().map(str::to_lowercase));
        let own = |host: &String| {
            let address = host.trim_start_matches('[').trim_end_matches(']');
            let address: Option<IpAddr> = address.parse().ok();
            self.remote.hosts.contains(host)
                || address.is_some_and(|ip| ip.to_canonical() == self.local.ip().to_canonical())
        };
        if asked.iter().all(own) {
            return Ok(());
        }
        let message = format!(
            "this is not `{}`: add that name to `hosts` in [admin], or ask by a name that is there",
            super::table::printable(text)
        );
        Err(Fault::new(FaultKind::Refused, message))
    }
}

/// A host without its port, in lower case.
fn host_of(text: &str) -> String {
    let end = match text.starts_with('[') {
        true => text.find(']').map(|end| end + 1),
        false => text.find(':'),
    };
    text[..end.unwrap_or(text.len())].to_lowercase()
}

/// The only field of that name. Two would let two readers see two things.
fn one<'h>(head: &'h Parts, name: &HeaderName) -> Result<Option<&'h str>, Fault> {
    let mut all = head.headers.get_all(name).iter();
    match (all.next(), all.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value
            .to_str()
            .map(Some)
            .map_err(|_| Fault::new(FaultKind::Malformed, format!("the field {name} is no text"))),
        (Some(_), Some(_)) => {
            let message = format!("the field {name} is there twice");
            Err(Fault::new(FaultKind::Malformed, message))
        }
    }
}

/// RFC 6750, section 2.1.
fn bearer_token(head: &Parts) -> Result<&str, Fault> {
    let field = one(head, &AUTHORIZATION)?;
    let words = field.and_then(|field| field.split_once(' '));
    match words {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(Fault::new(
            FaultKind::Unidentified,
            "a token is needed: Authorization: Bearer TOKEN, which `sorry token` makes",
        )),
    }
}

/// Wrong tokens from one address within [`WINDOW`]; with so many it is not listened to until that is over.
const WRONG_TOKENS: u32 = 10;
const WINDOW: Duration = Duration::from_secs(60);

/// Addresses that are remembered.
const ADDRESSES: usize = 1024;

/// Who has shown wrong tokens of late.
#[derive(Debug, Default)]
struct Wrong(Mutex<HashMap<IpAddr, (u32, Instant)>>);

impl Wrong {
    fn are_too_many(&self, address: IpAddr, now: Instant) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = seen.get(&network(address));
        times.is_some_and(|(times, since)| {
            *times >= WRONG_TOKENS && now.duration_since(*since) < WINDOW
        })
    }

    fn note(&self, address: IpAddr, now: Instant) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= ADDRESSES {
            seen.retain(|_, (_, since)| now.duration_since(*since) < WINDOW);
        }
        if seen.len() >= ADDRESSES {
            // So many at once are one attack; the longest known has waited the longest.
            let oldest = seen.iter().min_by_key(|(_, (_, since))| *since);
            let oldest = oldest.map(|(address, _)| *address);
            oldest.and_then(|address| seen.remove(&address));
        }
        let (times, since) = seen.entry(network(address)).or_insert((0, now));
        if now.duration_since(*since) >= WINDOW {
            (*times, *since) = (0, now);
        }
        *times = times.saturating_add(1);
    }
}

/// One machine has a whole /64 of IPv6 (RFC 4291, section 2.5.4).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let prefix = u128::from(address) >> 64 << 64;
            Ipv6Addr::from(prefix).into()
        }
    }
}

#[cfg(test)]
#[path = "remote_tests.rs"]
mod tests;
