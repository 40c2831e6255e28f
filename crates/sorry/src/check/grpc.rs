//! The checker of grpc: `grpc.health.v1.Health/Check`, by hand, over HTTP/2. The two messages are a few bytes of protocol buffers, so
//! nothing is generated.

use bytes::Bytes;
use http::{HeaderMap, Request};
use sorry_core::health::Reason;

use crate::config::check::Grpc as Asked;
use crate::config::real_server::TargetHost;

use super::authority::Authorities;
use super::connect::{Closing, Way};
use super::failure::{Failure, Good, Progress, Verdict};
use super::http2::{self, Answer, Ask};
use super::prepared::PrepareError;
use super::remote::{Quoted, Remote};
use super::tls::Tls;

/// An answer has four bytes, and five before them.
const BODY_MAX_BYTES: usize = 4096;

/// A check that is ready.
#[derive(Debug)]
pub(super) struct Grpc {
    way: Way,
    tls: Option<Tls>,
    request: Request<()>,
    message: Bytes,
}

impl Grpc {
    pub(super) fn prepare(
        asked: &Asked,
        way: Way,
        authorities: &Authorities,
    ) -> Result<Grpc, PrepareError> {
        let tls = asked.tls.as_ref();
        let tls = tls.map(|tls| Tls::prepare(tls, way.host(), &[b"h2"], authorities));
        let tls = tls.transpose()?;
        Ok(Grpc {
            request: request(asked, &way)?,
            message: message(&asked.service),
            tls,
            way,
        })
    }

    pub(super) async fn probe(&self, progress: &Progress) -> Verdict {
        let stream = self.way.tcp(Closing::Reset, progress).await?;
        let ask = Ask {
            request: self.request.clone(),
            body: Some(self.message.clone()),
            body_max_bytes: BODY_MAX_BYTES,
        };
        let answer = match &self.tls {
            None => http2::exchange(stream, ask, progress).await?,
            Some(tls) => {
                let stream = tls.handshake(stream, progress).await?;
                http2::require(&stream)?;
                http2::exchange(stream, ask, progress).await?
            }
        };
        judge(&answer)
    }
}

fn request(asked: &Asked, way: &Way) -> Result<Request<()>, PrepareError> {
    let authority = match (&asked.authority, way.host()) {
        (Some(authority), _) => authority.to_string(),
        (None, TargetHost::Ip(std::net::IpAddr::V6(ip))) => format!("[{ip}]:{}", way.port()),
        (None, TargetHost::Ip(ip)) => format!("{ip}:{}", way.port()),
        (None, TargetHost::Name(name)) => format!("{name}:{}", way.port()),
    };
    let scheme = if asked.tls.is_some() { "https" } else { "http" };
    Request::builder()
        .version(http::Version::HTTP_2)
        .method("POST")
        .uri(format!(
            "{scheme}://{authority}/grpc.health.v1.Health/Check"
        ))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .map_err(|error| PrepareError::general(format!("`{authority}` is no authority: {error}")))
}

/// `HealthCheckRequest { string service = 1; }` behind the five bytes of gRPC: not compressed, its length.
fn message(service: &str) -> Bytes {
    let mut inner = Vec::new();
    if !service.is_empty() {
        inner.push(0x0a);
        push_number(&mut inner, service.len() as u64);
        inner.extend_from_slice(service.as_bytes());
    }
    let length = u32::try_from(inner.len()).unwrap_or(u32::MAX);
    let mut message = vec![0];
    message.extend_from_slice(&length.to_be_bytes());
    message.append(&mut inner);
    message.into()
}

/// Seven bits at a time, the lowest first.
fn push_number(into: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        match number {
            0 => return into.push(low & 0x7f),
            _ => into.push(low | 0x80),
        }
    }
}

fn judge(answer: &Answer) -> Verdict {
    if answer.status != 200 {
        let words = format_args!("status {}, which no gRPC server sends", answer.status);
        return Err(Failure::told(Reason::Status, Remote::told(words)));
    }
    let trailers = answer.trailers.as_ref().unwrap_or(&answer.head);
    match trailers.get("grpc-status").map(http::HeaderValue::as_bytes) {
        Some(b"0") => match status_of(&answer.body) {
            Some(1) => Ok(Good::with(Remote::ours("serving"))),
            Some(2) => Err(Failure::new(Reason::NotServing, "not serving")),
            Some(3) => Err(Failure::new(Reason::UnknownService, "unknown service")),
            Some(_) => Err(Failure::new(
                Reason::NotServing,
                "unknown whether it serves",
            )),
            None => Err(Failure::new(
                Reason::Protocol,
                "what came is no health check's answer",
            )),
        },
        Some(b"5") => Err(refused(Reason::UnknownService, "unknown service", trailers)),
        Some(b"12") => Err(refused(
            Reason::UnknownService,
            "the server has no health service",
            trailers,
        )),
        Some(code) => {
            let words = format!("grpc-status {}", Quoted(code));
            Err(refused(Reason::Status, &words, trailers))
        }
        None => Err(Failure::new(
            Reason::Protocol,
            "no grpc-status in the answer",
        )),
    }
}

fn refused(reason: Reason, ours: &str, trailers: &HeaderMap) -> Failure {
    let detail = match trailers.get("grpc-message") {
        Some(theirs) => Remote::quoting(&format!("{ours},"), theirs.as_bytes()),
        None => Remote::told(ours),
    };
    Failure::told(reason, detail)
}

/// `HealthCheckResponse { ServingStatus status = 1; }`; a field that is not there is 0.
fn status_of(body: &[u8]) -> Option<u64> {
    let (head, message) = body.split_at_checked(5)?;
    let length = u32::from_be_bytes(head[1..].try_into().ok()?);
    if head[0] != 0 || usize::try_from(length).ok()? != message.len() {
        return None;
    }
    let mut status = 0;
    let mut rest = message;
    while !rest.is_empty() {
        let tag = pull_number(&mut rest)?;
        match tag & 7 {
            0 if tag >> 3 == 1 => status = pull_number(&mut rest)?,
            0 => drop(pull_number(&mut rest)?),
            1 => rest = rest.get(8..)?,
            2 => {
                let length = usize::try_from(pull_number(&mut rest)?).ok()?;
                rest = rest.get(length..)?;
            }
            5 => rest = rest.get(4..)?,
            _ => return None,
        }
    }
    Some(status)
}

fn pull_number(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for place in 0..10 {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        number |= u64::from(byte & 0x7f) << (7 * place).min(63);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::body::Whole;
    use super::*;

    #[test]
    fn messages_are_those_of_the_protocol() {
        assert_eq!(&*message(""), b"\0\0\0\0\0");
        assert_eq!(&*message("shop"), b"\0\0\0\0\x06\x0a\x04shop");
        let long = message(&"x".repeat(300));
        assert_eq!(&long[..8], b"\0\0\0\x01\x2f\x0a\xac\x02");
    }

    #[test]
    fn answers_are_judged() {
        let answer = |status, body: &[u8], code: &'static str| Answer {
            status,
            body: body.to_vec(),
            whole: Whole::Yes,
            head: HeaderMap::new(),
            trailers: Some(
                [("grpc-status".parse().unwrap(), code.parse().unwrap())]
                    .into_iter()
                    .collect(),
            ),
        };
        for (status, body, code, reason) in [
            (200, &b"\0\0\0\0\x02\x08\x01"[..], "0", None),
            // A field that is not known yet, before the one that is.
            (200, b"\0\0\0\0\x05\x12\x01x\x08\x01", "0", None),
            (200, b"\0\0\0\0\x02\x08\x02", "0", Some(Reason::NotServing)),
            (
                200,
                b"\0\0\0\0\x02\x08\x03",
                "0",
                Some(Reason::UnknownService),
            ),
            (200, b"\0\0\0\0\0", "0", Some(Reason::NotServing)),
            (200, b"\0\0\0\0\x03\x08\x01", "0", Some(Reason::Protocol)),
            (200, b"\x01\0\0\0\x02\x08\x01", "0", Some(Reason::Protocol)),
            (200, b"", "0", Some(Reason::Protocol)),
            (200, b"", "5", Some(Reason::UnknownService)),
            (200, b"", "12", Some(Reason::UnknownService)),
            (200, b"", "14", Some(Reason::Status)),
            (503, b"", "0", Some(Reason::Status)),
        ] {
            let judged = judge(&answer(status, body, code));
            assert_eq!(
                judged.err().map(|f| f.reason),
                reason,
                "{status} {body:?} {code}"
            );
        }
        let none = Answer {
            trailers: None,
            ..answer(200, b"", "0")
        };
        assert_eq!(judge(&none).unwrap_err().reason, Reason::Protocol);
    }
}
