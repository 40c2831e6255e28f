//! Requests of other origins: preflights, who may read refusals, and with what.

use super::transport::{Request, Transport, ask};
use super::transports::promises;
use super::world::World;
use crate::harness::Answer;

const LISTED: &str = "https://app.example";

fn values<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    let of = answer.fields.iter().filter(|(own, _)| own == name);
    of.map(|(_, value)| value.as_str()).collect()
}

fn preflight(origin: &str, method: &str) -> Request {
    Request::new("OPTIONS", "/api/items")
        .with("origin", origin)
        .with("access-control-request-method", method)
}

#[test]
fn a_preflight_is_let_through() {
    let world = World::new(&format!("cors.origins = [\"{LISTED}\"]"));
    for transport in Transport::ALL {
        for (origin, allowed, credentials) in [
            (LISTED, LISTED, Some("true")),
            ("https://else.example", "*", None),
            ("null", "*", None),
        ] {
            let request = preflight(origin, "PATCH")
                .with("access-control-request-headers", "content-type, x-token");
            let answer = ask(&world, transport, &request);
            let name = format!("{transport:?} {origin}");
            assert_eq!(answer.status(), 204, "{name}");
            assert_eq!(answer.body, b"", "{name}");
            assert_eq!(answer.field("content-length"), None, "{name}");
            assert_eq!(
                values(&answer, "access-control-allow-origin"),
                [allowed],
                "{name}"
            );
            assert_eq!(
                answer.field("access-control-allow-credentials"),
                credentials,
                "{name}"
            );
            assert_eq!(
                answer
                    .field("vary")
                    .is_some_and(|vary| vary.contains("Origin")),
                credentials.is_some(),
                "{name}"
            );
            assert_eq!(
                values(&answer, "access-control-allow-methods"),
                ["PATCH"],
                "{name}"
            );
            assert_eq!(
                values(&answer, "access-control-allow-headers"),
                ["content-type, x-token"],
                "{name}"
            );
            assert_eq!(values(&answer, "access-control-max-age"), ["0"], "{name}");
            assert_eq!(values(&answer, "cache-control"), ["no-store"], "{name}");
            assert_eq!(values(&answer, "date").len(), 1, "{name}");
            if !transport.is_h2() {
                assert_eq!(answer.field("connection"), Some("close"), "{name}");
                assert_eq!(answer.status_line, "HTTP/1.1 204 No Content");
            }
        }
    }
}

#[test]
fn what_is_no_preflight_is_refused() {
    let world = World::new("");
    let long = "a,".repeat(600) + "a";
    let table = [
        Request::new("OPTIONS", "/x"),
        Request::new("OPTIONS", "/x").with("origin", LISTED),
        Request::new("OPTIONS", "/x").with("access-control-request-method", "PUT"),
        preflight(LISTED, "PUT , GET"),
        preflight(LISTED, ""),
        preflight(LISTED, "PUT").with("access-control-request-headers", "a b"),
        preflight(LISTED, "PUT").with("access-control-request-headers", "a,,b"),
        preflight(LISTED, "PUT").with("access-control-request-headers", &long),
        Request::get("/x")
            .with("origin", LISTED)
            .with("access-control-request-method", "PUT"),
    ];
    for transport in Transport::ALL {
        for request in &table {
            let answer = ask(&world, transport, request);
            assert_eq!(answer.status(), 503, "{transport:?} {request:?}");
            promises("no preflight", &answer);
            assert_eq!(answer.field("access-control-allow-methods"), None);
        }
    }
}

#[test]
fn refusals_can_be_read_by_scripts() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("robots.txt"), "User-agent: *\n").expect("write");
    let site = format!(
        "cors.origins = [\"{LISTED}\", \"https://b.example:8443\"]\nrobots = \"robots.txt\""
    );
    let world = World::in_folder(folder, "", &site);
    let table = [
        (None, "*", None),
        (Some(LISTED), LISTED, Some("true")),
        (
            Some("https://b.example:8443"),
            "https://b.example:8443",
            Some("true"),
        ),
        (Some("https://b.example"), "*", None),
        (Some("https://app.example.evil.example"), "*", None),
        (Some("null"), "*", None),
    ];
    for transport in Transport::ALL {
        for (origin, allowed, credentials) in table {
            for request in [
                Request::get("/x.json"),
                Request::new("POST", "/x").with("content-type", "application/grpc-web"),
                Request::get("/.sorry/alive"),
                Request::get("/robots.txt"),
            ] {
                let request = match origin {
                    Some(origin) => request.with("origin", origin),
                    None => request,
                };
                let answer = ask(&world, transport, &request);
                let name = format!("{transport:?} {request:?}");
                assert_eq!(
                    values(&answer, "access-control-allow-origin"),
                    [allowed],
                    "{name}"
                );
                assert_eq!(
                    answer.field("access-control-allow-credentials"),
                    credentials,
                    "{name}"
                );
                let exposed = answer
                    .field("access-control-expose-headers")
                    .expect("exposed fields");
                for field in [
                    "Retry-After",
                    "X-Request-Id",
                    "grpc-status",
                    "grpc-message",
                    "grpc-retry-pushback-ms",
                ] {
                    assert!(exposed.split(", ").any(|own| own == field), "{exposed}");
                }
            }
        }
    }
}
