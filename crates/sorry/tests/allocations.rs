//! Nothing is allocated while a request is answered: the machines run here without sockets, over answers as the daemon
//! prepares them, under an allocator that counts.
//!
//! A binary of its own, since an allocator is a whole process's. Connections are another matter: each costs a few
//! allocations when it begins.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use sorry_core::answer::{EventStream, Mode, Policy, Robots};
use sorry_core::retry_after::{Promise, salt};
use sorry_server::answer::{AltSvc, Desk, Guest, Hosts, ListenerId, Security, Site, Sites};
use sorry_server::config::{HostMap, HostPattern};
use sorry_server::count::{self, WorkerCounts};
use sorry_server::http1::{Bounds, Next, Out, Session};
use sorry_server::http2;
use sorry_server::page::prepared::{Answers, Settings};
use sorry_server::page::{self, Source, Words};
use sorry_sys::allocations::{Counting, on_this_thread};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const REQUESTS: u64 = 1000;

const ORIGIN: &str = "https://app.example";

fn site(mode: Mode, counts: &count::Sites) -> Site {
    let said = sorry_core::said::Said::parse("Back soon.").ok();
    let words = Words {
        site: "shop.example".into(),
        said: said.clone(),
        ..Words::default()
    };
    let page = page::load(&Source::BuiltIn, &words, &page::Bounds::default()).expect("a page");
    let origins: Box<[Box<str>]> = [ORIGIN.into()].into();
    let settings = Settings {
        said,
        robots: Some("User-agent: *\n".into()),
        origins: origins.clone(),
        ..Settings::default()
    };
    Site {
        name: "shop".into(),
        policy: Policy {
            mode,
            redirect_path: "/.sorry/page".into(),
            alive: "/.sorry/alive".into(),
            robots: Robots::Given,
            event_stream: EventStream::Answer,
            origins,
        },
        promise: Promise {
            default: 120,
            until: None,
            salt: salt("shop", 1),
        },
        answers: Answers::new(&page.compress(), &settings),
        alt_svc: AltSvc::Auto,
        counts: counts.named("shop"),
        strangers: counts.named("other"),
    }
}

/// Two sites behind one listener: in place, and by redirect.
fn sites() -> Sites {
    let counts = count::Sites::new(1);
    let sites = vec![site(Mode::InPlace, &counts), site(Mode::Redirect, &counts)];
    let mut names = HostMap::new();
    for (pattern, index) in [
        (HostPattern::Exactly("shop.example".into()), 0),
        (HostPattern::Below("shop.example".into()), 0),
        (HostPattern::Exactly("moved.example".into()), 1),
    ] {
        names.insert(&pattern, index).expect("a new name");
    }
    let hosts = HashMap::from([(ListenerId(0), Hosts { names, default: 0 })]);
    Sites::new(sites, hosts, HashMap::new()).expect("two sites")
}

fn desk() -> Desk {
    Desk::new(0, 7, Arc::new(WorkerCounts::default()), None)
}

fn guest() -> Guest {
    Guest {
        listener: ListenerId(0),
        client: Some(IpAddr::from([192, 0, 2, 7])),
        security: Security::Tls,
    }
}

/// What browsers send with every request.
const BROWSER: &str = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
    Accept-Language: de-AT, de;q=0.8, en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nCookie: a=b; c=d\r\n\
    Referer: https://shop.example/\r\nSec-Fetch-Dest: document\r\n";

/// Name, request line, fields; the status that is expected.
fn requests() -> Vec<(&'static str, String, u16)> {
    let of =
        |line: &str, fields: &str| format!("{line} HTTP/1.1\r\nHost: shop.example\r\n{fields}\r\n");
    let html = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n";
    vec![
        ("HTML", of("GET /cart?id=1", html), 503),
        (
            "HTML, a browser",
            of("GET /cart?id=1", &format!("{html}{BROWSER}")),
            503,
        ),
        ("JSON", of("GET /api", "Accept: application/json\r\n"), 503),
        (
            "problem+json",
            of("GET /api", "Accept: application/problem+json\r\n"),
            503,
        ),
        ("text", of("GET /", ""), 503),
        (
            "text in German",
            of("GET /", "Accept-Language: de\r\n"),
            503,
        ),
        ("XML", of("GET /feed.xml", ""), 503),
        (
            "event stream",
            of("GET /events", "Accept: text/event-stream\r\n"),
            200,
        ),
        (
            "gRPC",
            of("POST /a.B/C", "Content-Type: application/grpc\r\n"),
            200,
        ),
        (
            "WebSocket",
            of(
                "GET /socket",
                "Connection: Upgrade\r\nUpgrade: websocket\r\n",
            ),
            503,
        ),
        (
            "picture",
            of("GET /logo.png", "Accept: image/avif,*/*\r\n"),
            503,
        ),
        (
            "script",
            of("GET /app.js", "Sec-Fetch-Dest: script\r\n"),
            503,
        ),
        ("HEAD", of("HEAD /", html), 503),
        (
            "POST with a body",
            of("POST /", "Content-Length: 5\r\n") + "hello",
            503,
        ),
        (
            "POST in chunks",
            of("POST /", "Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n",
            503,
        ),
        (
            "another origin",
            of("GET /api", &format!("Origin: {ORIGIN}\r\n")),
            503,
        ),
        (
            "a crawler",
            of(
                "GET /",
                "User-Agent: Mozilla/5.0 (compatible; Googlebot/2.1)\r\n",
            ),
            503,
        ),
        ("alive", of("GET /.sorry/alive", ""), 200),
        ("robots.txt", of("GET /robots.txt", ""), 200),
        (
            "a long path",
            of(&format!("GET /{}", "a".repeat(8000)), ""),
            503,
        ),
        ("a name below", of("GET http://api.shop.example/", ""), 503),
        ("a stranger", of("GET http://unknown.example/", ""), 503),
        (
            "redirect",
            of("GET http://moved.example/cart?id=1", html),
            302,
        ),
        (
            "HTTP/1.0",
            "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".to_owned(),
            503,
        ),
        ("PROPFIND", of("PROPFIND /", ""), 503),
        (
            "preflight",
            of(
                "OPTIONS /api",
                "Origin: https://a.example\r\nAccess-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: x-a\r\n",
            ),
            204,
        ),
    ]
}

const BOUNDS: Bounds = Bounds {
    head_bytes: 32 * 1024,
    requests: u64::MAX,
    body_bytes: 1 << 20,
};

#[test]
fn http1_answers_without_allocating() {
    let (sites, mut desk, mut out) = (sites(), desk(), Out::default());
    for (name, request, status) in requests() {
        let mut session = Session::new();
        let mut answer = |desk: &mut Desk, out: &mut Out| {
            out.bytes.clear();
            drop(std::mem::take(&mut out.tail));
            let mut visit = desk.visit(&sites, guest());
            let (taken, next) = session.receive(request.as_bytes(), &BOUNDS, &mut visit, out);
            assert_eq!((taken, visit.answered()), (request.len(), 1), "{name}");
            if next == Next::Close {
                session = Session::new();
            }
        };
        // The buffer of a worker has grown to its size after a few answers.
        answer(&mut desk, &mut out);
        let start = format!("HTTP/1.1 {status} ");
        assert!(
            out.bytes.starts_with(start.as_bytes()),
            "{name}: {}",
            out.bytes.escape_ascii()
        );
        let before = on_this_thread();
        for _ in 0..REQUESTS {
            answer(&mut desk, &mut out);
        }
        let allocations = on_this_thread() - before;
        assert_eq!(allocations, 0, "{name}: allocations in {REQUESTS} requests");
    }
}

#[test]
fn a_pipeline_is_answered_without_allocating() {
    let (sites, mut desk, mut out) = (sites(), desk(), Out::default());
    let pipeline = "GET /a HTTP/1.1\r\nHost: shop.example\r\n\r\n".repeat(16);
    let mut session = Session::new();
    let mut before = 0;
    for turn in 0..=REQUESTS {
        out.bytes.clear();
        let mut visit = desk.visit(&sites, guest());
        let (taken, next) = session.receive(pipeline.as_bytes(), &BOUNDS, &mut visit, &mut out);
        assert_eq!((taken, next), (pipeline.len(), Next::Read));
        if turn == 0 {
            before = on_this_thread();
        }
    }
    assert_eq!(on_this_thread() - before, 0);
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len())
        .expect("a short frame")
        .to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A field that is not put into the table (RFC 7541, section 6.2.2).
fn literal(name: &str, value: &str) -> Vec<u8> {
    let mut field = vec![0];
    for text in [name, value] {
        field.push(
            u8::try_from(text.len())
                .ok()
                .filter(|length| *length < 127)
                .expect("a short text"),
        );
        field.extend_from_slice(text.as_bytes());
    }
    field
}

#[test]
fn http2_answers_without_allocating() {
    let (sites, mut desk, mut out) = (sites(), desk(), Vec::new());
    let limits = http2::Limits {
        requests: u64::MAX,
        ..http2::Limits::default()
    };
    let mut scratch = http2::Scratch::default();
    for (name, method, fields) in [
        (
            "HTML",
            0x82,
            vec![("accept", "text/html"), ("accept-encoding", "br")],
        ),
        ("JSON", 0x82, vec![("accept", "application/json")]),
        ("text", 0x82, vec![]),
        (
            "gRPC",
            0x83,
            vec![("content-type", "application/grpc"), ("te", "trailers")],
        ),
        ("event stream", 0x82, vec![("accept", "text/event-stream")]),
    ] {
        let mut connection = http2::Connection::new(&limits, Instant::now());
        // `:scheme http`, `:path /` from the static table; then who is asked and what for.
        let mut block = vec![method, 0x86, 0x84];
        block.extend(literal(":authority", "shop.example"));
        for (name, value) in fields {
            block.extend(literal(name, value));
        }
        let opening = [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(),
            &frame(4, 0, 0, &[]),
            &frame(8, 0, 0, &0x7000_0000u32.to_be_bytes()),
        ]
        .concat();
        let mut visit = desk.visit(&sites, guest());
        connection.receive(&opening, Instant::now(), &mut scratch, &mut visit, &mut out);
        let mut input = frame(1, 5, 1, &block);
        let mut before = 0;
        let warm = 200;
        for number in 0..warm + u32::try_from(REQUESTS).expect("a small number") {
            if number == warm {
                before = on_this_thread();
            }
            out.clear();
            input[5..9].copy_from_slice(&(2 * number + 1).to_be_bytes());
            let mut visit = desk.visit(&sites, guest());
            let state =
                connection.receive(&input, Instant::now(), &mut scratch, &mut visit, &mut out);
            assert_eq!((state, visit.answered()), (http2::State::Open, 1), "{name}");
            assert!(!out.is_empty(), "{name}");
        }
        let allocations = on_this_thread() - before;
        assert_eq!(allocations, 0, "{name}: allocations in {REQUESTS} requests");
    }
}

#[test]
fn what_is_allocated_is_counted() {
    let before = on_this_thread();
    let mut bytes = vec![1u8; 100];
    bytes.reserve_exact(10_000);
    drop(bytes);
    assert_eq!(on_this_thread() - before, 2);
}
