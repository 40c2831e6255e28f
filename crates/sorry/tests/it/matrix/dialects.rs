//! What each dialect says: the operator's words, the return, the status, in the form that its readers can read.

use super::transport::{Request, Transport, ask, ask_all};
use super::transports::promises;
use super::world::World;

const SAID: &str = "Moving <house> & \"cats\", 100 % done: \u{e4}\u{f6}\u{fc}.";

#[test]
fn the_operators_words_are_in_every_dialect() {
    let said = SAID.replace('"', "\\\"");
    let world = World::new(&format!("say = \"{said}\""));
    for transport in Transport::ALL {
        let body = |accept: &str| {
            let request = Request::get("/x").with("accept", accept);
            ask(&world, transport, &request).text()
        };
        let html = body("text/html");
        assert!(html.contains("Moving &lt;house&gt; &amp; "), "{html}");
        assert!(
            html.contains("\u{e4}\u{f6}\u{fc}") && !html.contains("<house>"),
            "{html}"
        );
        for accept in ["application/json", "application/problem+json"] {
            let problem: serde_json::Value = serde_json::from_str(&body(accept)).expect("JSON");
            assert_eq!(problem["detail"], SAID, "{transport:?}");
            assert_eq!(problem["status"], 503);
            assert_eq!(problem["title"], "Service Unavailable");
        }
        assert!(body("text/plain").contains(SAID), "{transport:?}");
        let xml = body("application/xml");
        assert!(xml.contains("<detail>Moving &lt;house&gt; &amp; "), "{xml}");
        let events = body("text/event-stream");
        let mut lines = events.lines();
        let retry = lines
            .next()
            .and_then(|line| line.strip_prefix("retry: "))
            .expect("a time");
        assert!(retry.bytes().all(|b| b.is_ascii_digit()), "{events}");
        assert!(
            (120_000..=144_000).contains(&retry.parse().unwrap_or(0)),
            "{events}"
        );
        assert_eq!(lines.next(), Some("event: sorry"));
        let data = lines
            .next()
            .and_then(|line| line.strip_prefix("data: "))
            .expect("data");
        let problem: serde_json::Value = serde_json::from_str(data).expect("JSON");
        assert_eq!(problem["detail"], SAID);
        assert!(events.ends_with("\n\n"), "{events:?}");
    }
}

#[test]
fn grpc_says_unavailable_in_its_trailers() {
    let world = World::new(&format!("say = \"{}\"", SAID.replace('"', "\\\"")));
    for transport in [Transport::H2c, Transport::H2Tls, Transport::Http11] {
        let request = Request::new("POST", "/shop.Cart/Get")
            .with("content-type", "application/grpc")
            .with("te", "trailers")
            .sending(&[0, 0, 0, 0, 2, 8, 1]);
        let request = if transport.is_h2() {
            request
        } else {
            Request {
                fields: request.fields[..1].to_vec(),
                ..request
            }
        };
        let answer = ask(&world, transport, &request);
        promises(&format!("{transport:?}"), &answer);
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.field("grpc-status"), Some("14"));
        let message = answer.field("grpc-message").expect("a message");
        assert!(
            message.starts_with("Moving <house> & \"cats\", 100 %25 done: %C3%A4"),
            "{message}"
        );
        let pushback: u64 = answer
            .field("grpc-retry-pushback-ms")
            .and_then(|ms| ms.parse().ok())
            .expect("a time");
        let seconds: u64 = answer
            .field("retry-after")
            .and_then(|s| s.parse().ok())
            .expect("a time");
        assert_eq!(pushback, seconds * 1000);
        assert_eq!(answer.body, b"");
    }
}

#[test]
fn a_websocket_is_refused_before_it_is_one() {
    let world = World::new("");
    for transport in [Transport::Http11, Transport::Http11Tls] {
        let request = Request::get("/socket")
            .with("Connection", "keep-alive, Upgrade")
            .with("Upgrade", "websocket")
            .with("Sec-WebSocket-Version", "13")
            .with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
            .with("Origin", "https://app.example");
        let answers = ask_all(&world, transport, &[request, Request::get("/")]);
        assert_eq!(answers[0].status(), 503);
        assert_eq!(answers[0].body, b"");
        assert_eq!(answers[0].field("upgrade"), None);
        promises("websocket", &answers[0]);
        assert_eq!(
            answers[1].status(),
            503,
            "the connection is still an HTTP one"
        );
    }
}

#[test]
fn status_502_is_said_in_every_dialect() {
    let world = World::new("status = 502");
    let table = [
        ("text/html", "<!doctype html>"),
        ("application/json", "502"),
        ("text/plain", "502 Bad Gateway"),
        ("application/xml", "<status>502</status>"),
    ];
    for transport in Transport::ALL {
        for (accept, said) in table {
            let request = Request::get("/x").with("accept", accept);
            let answer = ask(&world, transport, &request);
            assert_eq!(answer.status(), 502, "{transport:?} {accept}");
            promises(accept, &answer);
            if !transport.is_h2() {
                assert_eq!(answer.status_line, "HTTP/1.1 502 Bad Gateway");
            }
            assert!(
                answer.text().contains(said),
                "{transport:?} {accept}: {}",
                answer.text()
            );
        }
        let of = |request: Request| ask(&world, transport, &request).status();
        assert_eq!(of(Request::get("/logo.png")), 502);
        assert_eq!(
            of(Request::get("/x").with("accept", "text/event-stream")),
            200
        );
        assert_eq!(
            of(Request::new("POST", "/x").with("content-type", "application/grpc")),
            200
        );
    }
}

#[test]
fn event_streams_may_be_refused_like_anything_else() {
    let world = World::new("event-stream = \"status\"");
    for transport in Transport::ALL {
        let request = Request::get("/x").with("accept", "text/event-stream");
        assert_eq!(
            ask(&world, transport, &request).status(),
            503,
            "{transport:?}"
        );
    }
}

#[test]
fn the_language_follows_the_visitor() {
    let world = World::new("");
    let table = [
        ("de-AT, en;q=0.5", "de"),
        ("fr;q=0.9, de;q=0.1", "fr"),
        ("tlh", "en"),
        ("", "en"),
        (";;;q=1,,<script>", "en"),
    ];
    for transport in Transport::ALL {
        for (accepted, language) in table {
            let request = Request::get("/")
                .with("accept", "text/html")
                .with("accept-language", accepted);
            let answer = ask(&world, transport, &request);
            assert_eq!(
                answer.field("content-language"),
                Some(language),
                "{transport:?} {accepted}"
            );
            let marked = format!("<html lang=\"{language}\"");
            assert!(answer.text().contains(&marked), "{}", answer.text());
            assert!(!answer.text().contains(",,<script>"));
        }
    }
}

#[test]
fn nothing_of_a_request_is_echoed() {
    let world = World::new("");
    let mark = "e4c0ffee51de";
    for transport in Transport::ALL {
        for accept in [
            "text/html",
            "application/json",
            "text/plain",
            "application/xml",
            "text/event-stream",
            mark,
        ] {
            let request = Request::new("POST", &format!("/{mark}?{mark}={mark}"))
                .with("accept", accept)
                .with("accept-language", mark)
                .with("user-agent", mark)
                .with("referer", mark)
                .with("cookie", mark)
                .with("x-request-id", mark)
                .with("origin", &format!("https://{mark}.example"))
                .to(&format!("{mark}.example"))
                .sending(mark.as_bytes());
            let answer = ask(&world, transport, &request);
            assert!(
                !format!("{:?}{}", answer.fields, answer.text()).contains(mark),
                "{transport:?} {accept}: {answer:?}"
            );
        }
    }
}
