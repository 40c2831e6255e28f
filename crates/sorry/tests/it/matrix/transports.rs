//! The same requests over HTTP/1.0, HTTP/1.1, HTTP/1.1 over TLS, h2c and h2 over TLS: the same answers once the holes
//! are masked; and what every answer promises.

use std::time::Instant;

use super::requests::{self, Expected, WITHOUT_EFFECT};
use super::transport::{Request, Transport, ask, ask_all};
use super::world::World;
use crate::harness::{Answer, PATIENCE, until};

/// An answer that can be compared between transports.
#[derive(Debug, PartialEq, Eq)]
struct Masked {
    status: u16,
    fields: Vec<(String, String)>,
    body: String,
}

/// Replaces what may differ from answer to answer: date and id. Retry-After may not: it is one client.
fn masked(answer: &Answer, transport: Transport) -> Masked {
    let id = answer.field("x-request-id").expect("an id").to_owned();
    let mut fields = Vec::new();
    for (name, value) in &answer.fields {
        let value = match name.as_str() {
            "connection" if !transport.is_h2() => continue,
            "alt-svc" => {
                assert!(transport.is_tls() && value == "clear", "{answer:?}");
                continue;
            }
            "date" => "DATE".to_owned(),
            // HTTP/1 fills its hole with zeros, HTTP/2 leaves them out.
            "server-timing" => value.replace(&id, "ID").replace("dur=0000", "dur="),
            _ => value.replace(&id, "ID"),
        };
        fields.push((name.clone(), value));
    }
    fields.sort();
    let has_alt_svc = answer.field("alt-svc").is_some();
    assert_eq!(has_alt_svc, transport.is_tls(), "{answer:?}");
    Masked {
        status: answer.status(),
        fields,
        body: answer.text().replace(&id, "ID"),
    }
}

#[test]
fn every_transport_gives_the_same_answers() {
    let world = World::new("retry-after = \"2m\"\nsay = \"Moving house: <b>&\\\"\"");
    let table = requests::all();
    let requests: Vec<Request> = table
        .iter()
        .map(|(_, request, _)| request.clone())
        .collect();
    let mut first: Vec<Masked> = Vec::new();
    for transport in Transport::ALL {
        let answers = ask_all(&world, transport, &requests);
        for ((name, request, expected), answer) in table.iter().zip(&answers) {
            judge(&format!("{transport:?} {name}"), request, expected, answer);
        }
        let masked: Vec<_> = answers
            .iter()
            .map(|answer| masked(answer, transport))
            .collect();
        if first.is_empty() {
            first = masked;
            continue;
        }
        for ((name, ..), (one, other)) in table.iter().zip(first.iter().zip(&masked)) {
            assert_eq!(one, other, "{name}: HTTP/1.0 and {transport:?}");
        }
    }
}

/// What every answer of ours promises, besides what the table expects.
fn judge(name: &str, request: &Request, expected: &Expected, answer: &Answer) {
    let field = |field: &str| answer.field(field);
    assert_eq!(answer.status(), expected.status, "{name}: {answer:?}");
    let phrase = match (answer.status_line.starts_with("HTTP/2"), expected.status) {
        (true, status) => format!("HTTP/2 {status}"),
        (false, 503) => "HTTP/1.1 503 Service Unavailable".to_owned(),
        (false, _) => "HTTP/1.1 200 OK".to_owned(),
    };
    assert_eq!(answer.status_line, phrase, "{name}");
    let kind = field("content-type").and_then(|kind| kind.split(';').next());
    assert_eq!(kind, expected.kind, "{name}");
    promises(name, answer);
    let seconds: u32 = field("retry-after")
        .and_then(|s| s.parse().ok())
        .expect(name);
    assert!((120..=144).contains(&seconds), "{name}: {seconds}");
    assert_eq!(field("access-control-allow-origin"), Some("*"), "{name}");
    let exposed = field("access-control-expose-headers").expect(name);
    assert!(exposed.contains("Retry-After"), "{name}: {exposed}");
    if expected.kind == requests::HTML {
        assert!(
            field("content-security-policy")
                .is_some_and(|csp| csp.starts_with("default-src 'none'"))
        );
    }
    if expected.kind.is_some() {
        let sniffs = field("content-type").is_some_and(|kind| {
            kind.starts_with("application/grpc") || kind.starts_with("text/event-stream")
        });
        assert!(
            sniffs || field("x-content-type-options") == Some("nosniff"),
            "{name}"
        );
    }
    let promised: usize = field("content-length")
        .and_then(|n| n.parse().ok())
        .expect(name);
    let is_grpc = kind.is_some_and(|kind| kind.starts_with("application/grpc"));
    if request.method == "HEAD" || expected.kind.is_none() || is_grpc {
        assert_eq!(answer.body, b"", "{name}");
        assert_eq!(promised > 0, expected.kind.is_some() && !is_grpc, "{name}");
    } else {
        assert!(!answer.body.is_empty(), "{name}");
        assert_eq!(promised, answer.body.len(), "{name}");
    }
    if expected.kind == requests::TEXT {
        assert!(promised <= 200, "{name}: a text of {promised} bytes");
    }
}

/// What every refusal promises, whatever its dialect.
pub(super) fn promises(name: &str, answer: &Answer) {
    let once = |wanted: &str| {
        let values: Vec<_> = answer
            .fields
            .iter()
            .filter(|(own, _)| own == wanted)
            .collect();
        assert_eq!(values.len(), 1, "{name}: {wanted} in {answer:?}");
        values[0].1.as_str()
    };
    assert!(
        once("date").ends_with(" GMT") && once("date").len() == 29,
        "{name}"
    );
    assert_eq!(once("cache-control"), "no-store", "{name}");
    let id = once("x-request-id");
    assert!(
        id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit()),
        "{name}: {id}"
    );
    assert!(once("server-timing").contains(id), "{name}");
    assert!(!once("retry-after").is_empty(), "{name}");
    for forbidden in [
        "set-cookie",
        "etag",
        "last-modified",
        "expires",
        "content-range",
        "accept-ranges",
    ] {
        assert_eq!(answer.field(forbidden), None, "{name}");
    }
}

#[test]
fn ids_differ_and_tell_each_other_in_head_and_body() {
    let world = World::new("");
    let requests = vec![Request::get("/x.json"); 50];
    let mut ids = std::collections::BTreeSet::new();
    for transport in Transport::ALL {
        for answer in ask_all(&world, transport, &requests) {
            let id = answer.field("x-request-id").expect("an id").to_owned();
            let problem: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
            assert_eq!(problem["request_id"], id.as_str());
            let seconds = answer.field("retry-after").expect("seconds");
            assert_eq!(problem["retry_after"].to_string(), seconds);
            assert!(ids.insert(id), "an id was given twice");
        }
    }
}

#[test]
fn head_is_get_without_the_body() {
    let world = World::new("say = \"Back soon\"");
    let kinds = [
        "text/html",
        "application/json",
        "text/plain",
        "application/xml",
        "text/event-stream",
    ];
    for transport in Transport::ALL {
        for accept in kinds {
            for target in ["/", "/a/b?c=d", "/logo.png", "/.sorry/alive"] {
                let of = |method| {
                    let request = Request::new(method, target).with("accept", accept);
                    ask(&world, transport, &request)
                };
                let (mut head, mut get) = (of("HEAD"), of("GET"));
                assert_eq!(head.body, b"", "{transport:?} {accept} {target}");
                for answer in [&mut head, &mut get] {
                    answer.body.clear();
                    let differing = ["date", "x-request-id", "server-timing"];
                    answer
                        .fields
                        .retain(|(name, _)| !differing.contains(&name.as_str()));
                }
                assert_eq!(head, get, "{transport:?} {accept} {target}");
            }
        }
    }
}

#[test]
fn no_field_cuts_the_body_or_changes_the_status() {
    let world = World::new("");
    for transport in [Transport::Http11, Transport::H2c] {
        let plain = ask(
            &world,
            transport,
            &Request::get("/").with("accept", "text/html"),
        );
        for (name, value) in WITHOUT_EFFECT {
            let request = Request::get("/")
                .with("accept", "text/html")
                .with(name, value);
            let answer = ask(&world, transport, &request);
            assert_eq!(answer.status(), 503, "{name}: {value}");
            assert_eq!(answer.body, plain.body, "{name}: {value}");
        }
    }
}

#[test]
fn codings_are_chosen_and_never_lose_anything() {
    let world = World::new("");
    let identity = ask(
        &world,
        Transport::Http11,
        &Request::get("/").with("accept", "text/html"),
    );
    assert_eq!(identity.field("content-encoding"), None);
    // Pages that name their site are compressed after the start, by a thread of their own.
    let coded = || {
        let request = Request::get("/")
            .with("accept", "text/html")
            .with("accept-encoding", "gzip");
        let answer = ask(&world, Transport::Http11, &request);
        answer.field("content-encoding").map(|_| ())
    };
    until(Instant::now() + PATIENCE, coded, "pages are compressed");
    let table = [
        ("", None),
        ("identity", None),
        ("gzip", Some("gzip")),
        ("br", Some("br")),
        ("zstd", Some("zstd")),
        ("gzip;q=0, br;q=0", None),
        ("gzip;q=0.2, br;q=1.0", Some("br")),
        ("deflate", None),
        ("x y z ;;; q=", None),
        // Nothing is acceptable: an answer in any coding is better than none (RFC 9110, section 12.5.3).
        ("*;q=0", None),
        ("identity;q=0, *;q=0", None),
    ];
    for transport in Transport::ALL {
        for (accepted, coding) in table {
            let request = Request::get("/")
                .with("accept", "text/html")
                .with("accept-encoding", accepted);
            let answer = ask(&world, transport, &request);
            assert_eq!(answer.status(), 503, "{transport:?} {accepted}");
            assert_eq!(
                answer.field("content-encoding"),
                coding,
                "{transport:?} {accepted}"
            );
            assert_eq!(decoded(&answer), identity.body, "{transport:?} {accepted}");
        }
        // Only identity is forbidden: any other coding will do.
        let request = Request::get("/")
            .with("accept", "text/html")
            .with("accept-encoding", "identity;q=0");
        let answer = ask(&world, transport, &request);
        assert_eq!(
            (answer.status(), decoded(&answer)),
            (503, identity.body.clone()),
            "{transport:?}"
        );
    }
}

/// The body without its coding.
fn decoded(answer: &Answer) -> Vec<u8> {
    let mut out = Vec::new();
    let body = answer.body.as_slice();
    let read: &mut dyn std::io::Read = match answer.field("content-encoding") {
        None => return body.to_vec(),
        Some("gzip") => &mut flate2::read::GzDecoder::new(body),
        Some("br") => &mut brotli::Decompressor::new(body, 4096),
        Some("zstd") => &mut zstd::stream::read::Decoder::new(body).expect("zstd"),
        Some(other) => panic!("a coding that nobody asked for: {other}"),
    };
    read.read_to_end(&mut out).expect("a whole body");
    out
}
