//! People in front of a balancer: single requests of every kind, and a steady stream on kept connections.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use super::balancer::Balancer;
use super::origin::{BODY, Origin};
use crate::harness::{Answer, PATIENCE, connect, run, text, until};

/// A request; the host is added.
#[derive(Clone, Copy)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) fields: &'static str,
    pub(super) body: usize,
}

const fn request(
    method: &'static str,
    path: &'static str,
    fields: &'static str,
    body: usize,
) -> Request {
    Request {
        method,
        path,
        fields,
        body,
    }
}

const UPLOAD: usize = 20 << 20;
const PREFLIGHT: &str = "Origin: https://app.example.com\r\nAccess-Control-Request-Method: PUT\r\n\
                         Access-Control-Request-Headers: content-type\r\n";
const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A request, the status that Sorry has for it, and the beginning of the media type; none where there is no body.
pub(super) type Expected = (Request, u16, Option<&'static str>);

/// Every method, several paths, every dialect that HTTP/1 carries.
pub(super) const REQUESTS: &[Expected] = &[
    (
        request("GET", "/", "Accept: text/html\r\n", 0),
        503,
        Some("text/html"),
    ),
    (
        request("HEAD", "/", "Accept: text/html\r\n", 0),
        503,
        Some("text/html"),
    ),
    (
        request("GET", "/a%2Fb/deep?q=1&r=%20", "", 0),
        503,
        Some("text/plain"),
    ),
    (
        request("GET", "/api", "Accept: application/json\r\n", 0),
        503,
        Some("application/json"),
    ),
    (
        request("GET", "/api", "Accept: application/problem+json\r\n", 0),
        503,
        Some("application/problem+json"),
    ),
    (
        request("GET", "/feed", "Accept: application/xml\r\n", 0),
        503,
        Some("application/"),
    ),
    (
        request("GET", "/logo", "Sec-Fetch-Dest: image\r\n", 0),
        503,
        None,
    ),
    (
        request("GET", "/app.js", "Sec-Fetch-Dest: script\r\n", 0),
        503,
        None,
    ),
    (
        request(
            "GET",
            "/file",
            "Range: bytes=0-3\r\nIf-None-Match: *\r\n",
            0,
        ),
        503,
        Some("text/plain"),
    ),
    (
        request("GET", "/robots.txt", "", 0),
        503,
        Some("text/plain"),
    ),
    (
        request("POST", "/order", "Content-Type: application/json\r\n", 11),
        503,
        Some("application/problem+json"),
    ),
    (
        request("POST", "/upload", "Accept: text/html\r\n", UPLOAD),
        503,
        Some("text/html"),
    ),
    (request("PUT", "/order/1", "", 11), 503, Some("text/plain")),
    (
        request("PATCH", "/order/1", "", 11),
        503,
        Some("text/plain"),
    ),
    (
        request("DELETE", "/order/1", "", 0),
        503,
        Some("text/plain"),
    ),
    (
        request("PROPFIND", "/dav/", "Depth: 1\r\n", 0),
        503,
        Some("text/plain"),
    ),
    (request("OPTIONS", "/api", "", 0), 503, Some("text/plain")),
    (request("OPTIONS", "/api", PREFLIGHT, 0), 204, None),
    (
        request("GET", "/events", "Accept: text/event-stream\r\n", 0),
        200,
        Some("text/event-stream"),
    ),
    (request("GET", "/socket", UPGRADE, 0), 503, None),
    (
        request(
            "POST",
            "/pkg.Svc/M",
            "Content-Type: application/grpc-web\r\n",
            11,
        ),
        200,
        Some("application/grpc-web"),
    ),
];

impl Request {
    fn bytes(&self) -> Vec<u8> {
        let length = match self.method {
            "POST" | "PUT" | "PATCH" => format!("Content-Length: {}\r\n", self.body),
            _ => String::new(),
        };
        let head = format!(
            "{} {} HTTP/1.1\r\nHost: shop.example.com\r\n{}{length}\r\n",
            self.method, self.path, self.fields
        );
        let mut bytes = head.into_bytes();
        bytes.resize(bytes.len() + self.body, b'x');
        bytes
    }

    /// Asks on a connection of its own.
    pub(super) fn ask(&self, address: SocketAddr) -> Answer {
        let mut visitor = Visitor::new(address);
        visitor.ask(self).unwrap_or_else(|| {
            panic!(
                "{} {}: the connection ended without an answer",
                self.method, self.path
            )
        })
    }
}

/// One connection that is kept.
struct Visitor {
    stream: TcpStream,
    left: Vec<u8>,
}

impl Visitor {
    fn new(address: SocketAddr) -> Visitor {
        Visitor {
            stream: connect(address),
            left: Vec::new(),
        }
    }

    /// The answer, or nothing if the connection ended before it was whole.
    fn ask(&mut self, request: &Request) -> Option<Answer> {
        self.stream.write_all(&request.bytes()).ok()?;
        let mut part = [0; 16384];
        loop {
            if let Some((answer, rest)) = Answer::parse(&self.left, request.method) {
                self.left = rest;
                return Some(answer);
            }
            match self.stream.read(&mut part) {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.left.extend_from_slice(&part[..count]),
            }
        }
    }
}

/// Who gave an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Giver {
    Origin,
    Sorry,
    /// The balancer itself: nobody wants to see this.
    Balancer,
}

pub(super) fn giver(answer: &Answer) -> Giver {
    let server = answer.field("server");
    match (answer.status(), answer.field("retry-after")) {
        (200, _) if answer.body == BODY.as_bytes() => Giver::Origin,
        (503, Some(_)) if server == Some("sorry") => Giver::Sorry,
        _ => Giver::Balancer,
    }
}

/// What a visitor gets through the balancer is what Sorry says itself, and is what it should be.
pub(super) fn assert_sorrys_own(expected: &Expected, balancer: SocketAddr, sorry: SocketAddr) {
    let (request, status, media_type) = expected;
    let name = format!("{} {} {}", request.method, request.path, request.fields);
    let through = request.ask(balancer);
    assert_eq!(through.status(), *status, "{name}");
    let said = through.field("content-type");
    match media_type {
        Some(kind) => assert!(
            said.is_some_and(|said| said.starts_with(kind)),
            "{name}: {said:?}"
        ),
        None => assert_eq!(through.body, b"", "{name}"),
    }
    assert_eq!(essence(&through), essence(&request.ask(sorry)), "{name}");
    assert_eq!(through.field("server"), Some("sorry"), "{name}");
    let has_time = through.field("retry-after").is_some();
    assert!(has_time || *status != 503, "{name}: {through:?}");
}

/// What must be the same whoever carries an answer: all but the hop's own fields, the time, and the request's id.
fn essence(answer: &Answer) -> (u16, Vec<(String, String)>, Vec<u8>) {
    const OWN: [&str; 6] = [
        "connection",
        "keep-alive",
        "date",
        "x-request-id",
        "server-timing",
        "server",
    ];
    let mut fields: Vec<_> = answer
        .fields
        .iter()
        .filter(|(name, _)| !OWN.contains(&name.as_str()))
        .cloned()
        .collect();
    fields.sort();
    let mut body = answer.text();
    if let Some(id) = answer.field("x-request-id") {
        body = body.replace(id, "ID");
    }
    (answer.status(), fields, body.into_bytes())
}

/// How many answers of each kind a stream has seen.
#[derive(Default)]
struct Counts {
    origin: AtomicUsize,
    sorry: AtomicUsize,
    balancer: AtomicUsize,
    lost: AtomicUsize,
    opened: AtomicUsize,
}

/// How many people ask without pause.
pub(super) const PEOPLE: usize = 4;

/// People who ask, one request after another, each on one connection that is kept as long as the balancer keeps it.
struct Stream {
    counts: Arc<Counts>,
    end: Arc<AtomicBool>,
    people: Vec<JoinHandle<()>>,
}

/// The bill.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) origin: usize,
    pub(super) sorry: usize,
    /// Answered by the balancer itself.
    pub(super) balancer: usize,
    /// Not answered: the connection ended. A browser would ask again by itself.
    pub(super) lost: usize,
    /// Connections opened.
    pub(super) opened: usize,
}

impl Stream {
    fn start(address: SocketAddr) -> Stream {
        let counts = Arc::new(Counts::default());
        let end = Arc::new(AtomicBool::new(false));
        let person = |_| {
            let (counts, end) = (Arc::clone(&counts), Arc::clone(&end));
            std::thread::spawn(move || person(address, &counts, &end))
        };
        let people = (0..PEOPLE).map(person).collect();
        Stream {
            counts,
            end,
            people,
        }
    }

    /// Waits until `more` further answers of this kind have been seen.
    fn wait_for(&self, giver: Giver, more: usize) {
        let count = match giver {
            Giver::Origin => &self.counts.origin,
            Giver::Sorry => &self.counts.sorry,
            Giver::Balancer => &self.counts.balancer,
        };
        let goal = count.load(Ordering::SeqCst) + more;
        let reached = || (count.load(Ordering::SeqCst) >= goal).then_some(());
        until(
            Instant::now() + PATIENCE,
            reached,
            "the stream gets its answers",
        );
    }

    fn stop(mut self) -> Tally {
        self.end.store(true, Ordering::SeqCst);
        for person in self.people.drain(..) {
            person.join().expect("a person's thread");
        }
        let read = |count: &AtomicUsize| count.load(Ordering::SeqCst);
        Tally {
            origin: read(&self.counts.origin),
            sorry: read(&self.counts.sorry),
            balancer: read(&self.counts.balancer),
            lost: read(&self.counts.lost),
            opened: read(&self.counts.opened),
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.end.store(true, Ordering::SeqCst);
    }
}

/// Lets the site die and come back under a steady stream, and returns the bill of each. Somebody who came while Sorry ruled is
/// back at the site on the same connection.
pub(super) fn there_and_back(balancer: &Balancer, origin: &mut Origin) -> (Tally, Tally) {
    let before = Stream::start(balancer.address);
    before.wait_for(Giver::Origin, 100);
    origin.die();
    before.wait_for(Giver::Sorry, 100);
    let death = before.stop();
    assert!(death.origin >= 100 && death.sorry >= 100, "{death:?}");

    let (front_page, ..) = REQUESTS[0];
    let mut kept = Visitor::new(balancer.address);
    let mut ask = || kept.ask(&front_page).map(|answer| giver(&answer));
    assert_eq!(ask(), Some(Giver::Sorry));
    let after = Stream::start(balancer.address);
    after.wait_for(Giver::Sorry, 100);
    origin.revive();
    after.wait_for(Giver::Origin, 100);
    assert_eq!(ask(), Some(Giver::Origin));
    (death, after.stop())
}

fn person(address: SocketAddr, counts: &Counts, end: &AtomicBool) {
    let front_page = request("GET", "/", "Accept: text/html\r\n", 0);
    while !end.load(Ordering::SeqCst) {
        let mut visitor = Visitor::new(address);
        counts.opened.fetch_add(1, Ordering::SeqCst);
        while !end.load(Ordering::SeqCst) {
            let Some(answer) = visitor.ask(&front_page) else {
                counts.lost.fetch_add(1, Ordering::SeqCst);
                break;
            };
            let count = match giver(&answer) {
                Giver::Origin => &counts.origin,
                Giver::Sorry => &counts.sorry,
                Giver::Balancer => &counts.balancer,
            };
            count.fetch_add(1, Ordering::SeqCst);
            if answer.field("connection") == Some("close") {
                break;
            }
        }
    }
}

/// A visitor's `Retry-After` when it comes from this address.
pub(super) fn retry_after_from(source: IpAddr, balancer: SocketAddr) -> String {
    let output = run(
        "curl",
        &[
            "-s",
            "-o",
            "/dev/null",
            "-w",
            "%header{retry-after}",
            "--interface",
            &source.to_string(),
            &format!("http://{balancer}/"),
        ],
    );
    text(&output.stdout).trim().to_owned()
}

/// Calls a method and prints what gRPC makes of the answer.
const GRPC_CALL: &str = r#"
import sys, grpc
with grpc.insecure_channel(sys.argv[1]) as channel:
    call = channel.unary_unary("/pkg.Service/Method")
    try:
        call(b"message", timeout=15)
        print("answered")
    except grpc.RpcError as error:
        print(error.code().name, dict(error.trailing_metadata() or ()).get("retry-after"), error.details())
"#;

/// A real gRPC client learns that the service is unavailable, in Sorry's words and with Sorry's time.
pub(super) fn assert_grpc_unavailable(balancer: SocketAddr) {
    let output = run(
        "/usr/bin/python3",
        &["-c", GRPC_CALL, &balancer.to_string()],
    );
    let said = text(&output.stdout);
    let mut words = said.trim().splitn(3, ' ');
    assert_eq!(
        words.next(),
        Some("UNAVAILABLE"),
        "{said}{}",
        text(&output.stderr)
    );
    let seconds = words.next().and_then(|seconds| seconds.parse().ok());
    assert!(
        seconds.is_some_and(|seconds: u32| (120..=144).contains(&seconds)),
        "{said}"
    );
    assert_eq!(words.next(), Some("the site is down and will be back"));
}
