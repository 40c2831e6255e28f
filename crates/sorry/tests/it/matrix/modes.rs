//! Redirect mode, and the path that answers a balancer.

use super::transport::{Request, Transport, ask};
use super::transports::promises;
use super::world::World;

#[test]
fn only_readers_of_html_are_redirected() {
    for (lines, status, phrase, page) in [
        ("mode = \"redirect\"", 302, "Found", "/.sorry/page"),
        (
            "mode = \"redirect\"\nredirect = 307\nredirect-page = \"/down\"",
            307,
            "Temporary Redirect",
            "/down",
        ),
    ] {
        let world = World::new(lines);
        let browser = super::requests::BROWSER;
        let table = [
            (
                Request::get("/cart?id=1").with("accept", browser),
                status,
                format!("{page}?from=/cart%3Fid%3D1"),
            ),
            (
                Request::new("HEAD", "/cart").with("accept", browser),
                status,
                format!("{page}?from=/cart"),
            ),
            (
                Request::get("/").with("accept", browser),
                status,
                page.to_owned(),
            ),
            (
                Request::get("/x").with("sec-fetch-dest", "document"),
                status,
                format!("{page}?from=/x"),
            ),
            (
                Request::get("//evil.example/x").with("accept", browser),
                status,
                page.to_owned(),
            ),
            (
                Request::get(page).with("accept", browser),
                503,
                String::new(),
            ),
            (
                Request::get(&format!("{page}?from=/x")).with("accept", browser),
                503,
                String::new(),
            ),
            (
                Request::new("POST", "/cart").with("accept", browser),
                503,
                String::new(),
            ),
            (
                Request::get("/api").with("accept", "application/json"),
                503,
                String::new(),
            ),
            (
                Request::get("/api").with("accept", "*/*"),
                503,
                String::new(),
            ),
            (
                Request::get("/logo.png").with("accept", "image/*"),
                503,
                String::new(),
            ),
            (Request::get("/robots.txt"), 503, String::new()),
        ];
        for transport in Transport::ALL {
            for (request, expected, location) in &table {
                let answer = ask(&world, transport, request);
                let name = format!("{transport:?} {request:?}");
                assert_eq!(answer.status(), *expected, "{name}");
                promises(&name, &answer);
                let location = (!location.is_empty()).then_some(location.as_str());
                assert_eq!(answer.field("location"), location, "{name}");
                if location.is_some() {
                    assert_eq!(answer.body, b"");
                    if !transport.is_h2() {
                        assert_eq!(answer.status_line, format!("HTTP/1.1 {status} {phrase}"));
                    }
                }
            }
        }
    }
}

#[test]
fn balancers_are_told_that_we_are_alive() {
    for (line, path, others) in [
        (
            "",
            "/.sorry/alive",
            ["/healthz", "/.sorry/alive/", "/.sorry/ALIVE"],
        ),
        (
            "alive = \"/healthz\"",
            "/healthz",
            ["/.sorry/alive", "/healthz/", "/"],
        ),
    ] {
        let world = World::new(line);
        for transport in Transport::ALL {
            for method in ["GET", "HEAD"] {
                for target in [path.to_owned(), format!("{path}?from=haproxy")] {
                    let answer = ask(&world, transport, &Request::new(method, &target));
                    assert_eq!(answer.status(), 200, "{transport:?} {method} {target}");
                    assert_eq!(answer.field("cache-control"), Some("no-store"));
                    assert_eq!(answer.field("retry-after"), None);
                    assert!(
                        answer.field("date").is_some() && answer.field("x-request-id").is_some()
                    );
                    assert_eq!(answer.body.is_empty(), method == "HEAD");
                }
            }
            for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
                let answer = ask(&world, transport, &Request::new(method, path));
                assert_eq!(answer.status(), 503, "{transport:?} {method}");
            }
            for other in others {
                let answer = ask(&world, transport, &Request::get(other));
                assert_eq!(answer.status(), 503, "{transport:?} {other}");
            }
        }
    }
}
