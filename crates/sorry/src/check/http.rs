//! The checker of http and https: the request is made once, then sent on a new connection for each probe, and the answer judged by its
//! status and body. HTTP/1.0 and 1.1 are spoken here, with `http1` reading; HTTP/2 is `http2`'s.

use std::ops::RangeInclusive;

use sorry_core::health::Reason;

use crate::config::check::{Http as Asked, HttpVersion};
use crate::config::real_server::TargetHost;

use super::authority::Authorities;
use super::body::{Rules, Whole};
use super::connect::{Closing, Way};
use super::failure::{Failure, Good, Progress, Verdict};
use super::http1::{self, Body, Fault, Reader, Wanted};
use super::http2;
use super::prepared::PrepareError;
use super::remote::Remote;
use super::tls::Tls;
use super::wire::{self, Stream};

/// What we call ourselves (RFC 9110, section 10.1.5), so that people can tell checks in their logs.
const USER_AGENT: &str = concat!("sorry/", env!("CARGO_PKG_VERSION"), " (check)");

/// A check that is ready.
#[derive(Debug)]
pub(super) struct Http {
    way: Way,
    tls: Option<Tls>,
    request: Request,
    wanted: Wanted,
    status: Vec<RangeInclusive<u16>>,
    rules: Rules,
}

#[derive(Debug)]
enum Request {
    /// The bytes of HTTP/1.
    One(Box<[u8]>),
    Two(Box<::http::Request<()>>),
}

impl Http {
    pub(super) fn prepare(
        asked: &Asked,
        way: Way,
        authorities: &Authorities,
    ) -> Result<Http, PrepareError> {
        let protocols: &[&[u8]] = match asked.version {
            HttpVersion::Http10 => &[],
            HttpVersion::Http11 => &[b"http/1.1"],
            HttpVersion::Http2 => &[b"h2"],
        };
        let tls = asked.tls.as_ref();
        let tls = tls.map(|tls| Tls::prepare(tls, way.host(), protocols, authorities));
        let host = host(asked, &way);
        let request = match asked.version {
            HttpVersion::Http2 => Request::Two(Box::new(request2(asked, &host)?)),
            _ => Request::One(request1(asked, &host).into()),
        };
        let rules = Rules::prepare(&asked.body)?;
        let body = match &*asked.method {
            "HEAD" => Body::None,
            _ if rules.is_empty() => Body::Skipped,
            _ => Body::Kept,
        };
        Ok(Http {
            tls: tls.transpose()?,
            request,
            wanted: Wanted {
                body,
                body_max_bytes: usize::try_from(asked.body_bytes).unwrap_or(usize::MAX),
            },
            status: asked.status.clone(),
            rules,
            way,
        })
    }

    pub(super) async fn probe(&self, progress: &Progress) -> Verdict {
        let mut stream = self.way.tcp(Closing::Reset, progress).await?;
        match (&self.tls, &self.request) {
            (None, Request::One(request)) => self.talk(&mut stream, request, progress).await,
            // What is bigger goes to the heap, so that the plain case stays small.
            _ => Box::pin(self.probe_otherwise(stream, progress)).await,
        }
    }

    async fn probe_otherwise(
        &self,
        mut stream: tokio::net::TcpStream,
        progress: &Progress,
    ) -> Verdict {
        match (&self.tls, &self.request) {
            (None, Request::One(request)) => self.talk(&mut stream, request, progress).await,
            (None, Request::Two(request)) => self.talk2(stream, request, progress).await,
            (Some(tls), Request::One(request)) => {
                let mut stream = tls.handshake(stream, progress).await?;
                self.talk(&mut stream, request, progress).await
            }
            (Some(tls), Request::Two(request)) => {
                let stream = tls.handshake(stream, progress).await?;
                http2::require(&stream)?;
                self.talk2(stream, request, progress).await
            }
        }
    }

    async fn talk(&self, stream: &mut impl Stream, request: &[u8], progress: &Progress) -> Verdict {
        wire::send(stream, request, progress).await?;
        let mut reader = Reader::new(self.wanted);
        loop {
            let step = |bytes: &[u8]| reader.feed(bytes).map_err(|fault| told(fault, bytes));
            match wire::receive(stream, progress, step).await?? {
                http1::Progress::Done => break,
                http1::Progress::More => {}
            }
        }
        let whole = match reader.is_cut() {
            true => Whole::Cut,
            false => Whole::Yes,
        };
        self.judge(reader.status(), reader.body(), whole)
    }

    async fn talk2(
        &self,
        stream: impl Stream,
        request: &::http::Request<()>,
        progress: &Progress,
    ) -> Verdict {
        let ask = http2::Ask {
            request: request.clone(),
            body: None,
            body_max_bytes: self.wanted.body_max_bytes,
        };
        let answer = http2::exchange(stream, ask, progress).await?;
        self.judge(answer.status, &answer.body, answer.whole)
    }

    fn judge(&self, status: u16, body: &[u8], whole: Whole) -> Verdict {
        let detail = Remote::told(format_args!("status {status}"));
        if !self.status.iter().any(|good| good.contains(&status)) {
            return Err(Failure::told(Reason::Status, detail));
        }
        self.rules.judge(body, whole)?;
        Ok(Good::with(detail))
    }
}

fn told(fault: Fault, bytes: &[u8]) -> Failure {
    match fault {
        Fault::NotHttp => {
            let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or(bytes);
            let quoted = Remote::quoting("what came is not HTTP:", line.trim_ascii_end());
            Failure::told(Reason::Protocol, quoted)
        }
        Fault::HeadTooLong => Failure::new(Reason::TooLong, "the head of the answer is too long"),
        Fault::Length => Failure::new(Reason::Protocol, "the answer's Content-Length is no length"),
        Fault::Chunk => Failure::new(Reason::Protocol, "the answer's chunks are malformed"),
        Fault::Closed => Failure::new(Reason::Closed, "closed before the answer was whole"),
    }
}

/// The host as it stands in the request, with the port where it is not the usual one.
fn host(asked: &Asked, way: &Way) -> String {
    if let Some(host) = &asked.host {
        return host.to_string();
    }
    let usual = if asked.tls.is_some() { 443 } else { 80 };
    let host = match way.host() {
        TargetHost::Ip(std::net::IpAddr::V6(ip)) => format!("[{ip}]"),
        TargetHost::Ip(ip) => ip.to_string(),
        TargetHost::Name(name) => name.to_string(),
    };
    match way.port() {
        port if port == usual => host,
        port => format!("{host}:{port}"),
    }
}

/// The fields of a request but for its host: ours, unless others are given, then those.
fn fields(asked: &Asked) -> Vec<(&str, &str)> {
    let mut ours = vec![("user-agent", USER_AGENT), ("accept", "*/*")];
    if asked.version == HttpVersion::Http11 {
        ours.push(("connection", "close"));
    }
    if !matches!(&*asked.method, "GET" | "HEAD" | "OPTIONS" | "DELETE") {
        ours.push(("content-length", "0"));
    }
    let given = asked.headers.iter();
    ours.retain(|(name, _)| !given.clone().any(|(own, _)| own.eq_ignore_ascii_case(name)));
    ours.extend(given.map(|(name, value)| (&**name, &**value)));
    ours
}

fn request1(asked: &Asked, host: &str) -> Vec<u8> {
    let version = match asked.version {
        HttpVersion::Http10 => "1.0",
        _ => "1.1",
    };
    let mut text = format!("{} {} HTTP/{version}\r\n", asked.method, asked.path);
    let fields = fields(asked);
    if !fields
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("host"))
    {
        text.push_str(&format!("Host: {host}\r\n"));
    }
    for (name, value) in fields {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

fn request2(asked: &Asked, host: &str) -> Result<::http::Request<()>, PrepareError> {
    let scheme = if asked.tls.is_some() { "https" } else { "http" };
    let builder = ::http::Request::builder()
        .version(::http::Version::HTTP_2)
        .method(&*asked.method)
        .uri(format!("{scheme}://{host}{}", asked.path));
    let fields = fields(asked).into_iter();
    // HTTP/2 has no such field (RFC 9113, section 8.2.2), and a host of its own.
    let fields = fields.filter(|(name, _)| {
        !["connection", "host"]
            .iter()
            .any(|own| own.eq_ignore_ascii_case(name))
    });
    let request = fields.fold(builder, |builder, (name, value)| {
        builder.header(name, value)
    });
    request.body(()).map_err(|error| {
        PrepareError::general(format!("cannot make an HTTP/2 request of this: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::check::Egress;
    use crate::config::real_server::Target;

    fn asked(version: HttpVersion) -> Asked {
        Asked {
            tls: None,
            method: "GET".into(),
            path: "/health?x=1".into(),
            host: None,
            headers: Vec::new(),
            version,
            status: vec![200..=299],
            body: Vec::new(),
            body_bytes: 1000,
        }
    }

    fn text(asked: &Asked, address: &str) -> String {
        let address: std::net::SocketAddr = address.parse().unwrap();
        let target = Target {
            host: TargetHost::Ip(address.ip()),
            port: address.port(),
        };
        let host = host(asked, &Way::new(target, Egress::default()));
        let text = String::from_utf8(request1(asked, &host)).unwrap();
        text.replace(USER_AGENT, "US")
    }

    #[test]
    fn requests_say_what_they_must_and_what_was_given() {
        let eleven = asked(HttpVersion::Http11);
        assert_eq!(
            text(&eleven, "192.0.2.1:80"),
            "GET /health?x=1 HTTP/1.1\r\nHost: 192.0.2.1\r\nuser-agent: US\r\naccept: */*\r\nconnection: close\r\n\r\n"
        );
        let ten = Asked {
            method: "POST".into(),
            headers: vec![("Accept".into(), "text/plain".into())],
            ..asked(HttpVersion::Http10)
        };
        assert_eq!(
            text(&ten, "[2001:db8::1]:8080"),
            "POST /health?x=1 HTTP/1.0\r\nHost: [2001:db8::1]:8080\r\nuser-agent: US\r\ncontent-length: 0\r\n\
             Accept: text/plain\r\n\r\n"
        );
        let named = Asked {
            host: Some("shop.example".into()),
            headers: vec![("User-Agent".into(), "me".into())],
            ..eleven
        };
        assert_eq!(
            text(&named, "192.0.2.1:8080"),
            "GET /health?x=1 HTTP/1.1\r\nHost: shop.example\r\naccept: */*\r\nconnection: close\r\nUser-Agent: me\r\n\r\n"
        );
        let two = request2(&named, "shop.example").unwrap();
        assert_eq!(two.uri(), "http://shop.example/health?x=1");
        assert!(!two.headers().contains_key("connection"));
        assert_eq!(two.headers()["user-agent"], "me");
    }
}
