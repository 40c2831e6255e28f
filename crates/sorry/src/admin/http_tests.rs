//! Tests of one connection in HTTP, byte by byte over the admin socket: what is well formed, what is too long, and who is too slow.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use super::super::door::Bound;
use super::super::history::{Event, History, Incident};
use super::super::message::Command;
use super::super::moment::Moment;
use super::super::socket::Settings;
use super::super::socket::tests::{FOREVER, LATER, SOON, World, everybody, is_over, patient};

/// One answer: its head and its body.
fn answer(stream: &mut UnixStream) -> (String, String) {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        assert_eq!(
            stream.read(&mut byte).unwrap(),
            1,
            "ended in a head: {bytes:?}"
        );
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).unwrap().to_lowercase();
    let (_, length) = head.split_once("content-length: ").expect("a length");
    let length: usize = length.split('\r').next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}

fn status(head: &str) -> u16 {
    head.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Sends a request and says with which status and which kind of fault it was answered.
fn ask(stream: &mut UnixStream, request: &str) -> (u16, String) {
    // The server may have answered before it has read everything.
    let _ = stream.write_all(request.as_bytes());
    let (head, body) = answer(stream);
    assert!(head.contains("content-type: application/json"), "{head}");
    assert!(head.contains("cache-control: no-store"), "{head}");
    let value: serde_json::Value = serde_json::from_str(&body).unwrap();
    let kind = value["kind"].as_str().unwrap_or("ok").to_owned();
    (status(&head), kind)
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")
}

fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}")
}

#[test]
fn requests_of_one_connection_are_answered_one_after_the_other() {
    let world = World::new(patient());
    let mut stream = world.raw();
    for (request, expected) in [
        (get("/v1/status"), (200, "ok")),
        (get("/v1/openapi.json"), (200, "ok")),
        (get("/v1/audit?limit=0"), (400, "malformed")),
        (get("/v1/nothing"), (404, "unknown")),
        (get("/v1/reload"), (405, "method")),
        (post("/v1/reload", ""), (200, "ok")),
        (post("/v1/sites/a/orders", "{"), (400, "malformed")),
        ("POST /v1/reload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n".to_owned(), (200, "ok")),
        (get("/v1/status"), (200, "ok")),
    ] {
        let (status, kind) = ask(&mut stream, &request);
        assert_eq!((status, kind.as_str()), expected, "{request}");
    }
    stream
        .write_all([get("/v1/status"), get("/v1/nothing")].concat().as_bytes())
        .unwrap();
    assert_eq!(status(&answer(&mut stream).0), 200);
    assert_eq!(status(&answer(&mut stream).0), 404);
}

#[test]
fn another_method_is_named() {
    let world = World::new(patient());
    let mut stream = world.raw();
    for (request, allowed) in [
        (get("/v1/reload"), "allow: post"),
        (post("/v1/status", ""), "allow: get"),
    ] {
        stream.write_all(request.as_bytes()).unwrap();
        let (head, _) = answer(&mut stream);
        assert!(head.contains(allowed), "{head}");
    }
}

#[test]
fn a_body_has_a_bound() {
    let world = World::new(patient());
    let fits = format!("{}{{}}", " ".repeat(1024 * 1024 - 2));
    // Orders are shorter still; see the desk.
    let (status, kind) = ask(&mut world.raw(), &post("/v1/nothing", &fits));
    assert_eq!((status, kind.as_str()), (404, "unknown"));
    let declared = post("/v1/nothing", &format!(" {fits}"));
    let body = "x".repeat(0x10000);
    let piece = format!("10000\r\n{body}\r\n");
    let chunked = format!(
        "POST /v1/nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{}1\r\nx\r\n0\r\n\r\n",
        piece.repeat(16)
    );
    for request in [declared, chunked] {
        let mut stream = world.raw();
        let (status, kind) = ask(&mut stream, &request);
        assert_eq!((status, kind.as_str()), (413, "too-long"));
        assert!(is_over(&mut stream));
    }
    assert_eq!(world.count(Bound::RequestBytes), 2);
}

#[test]
fn a_head_has_a_bound_and_a_form() {
    let world = World::new(patient());
    let long = format!(
        "GET /v1/status HTTP/1.1\r\nX: {}\r\n\r\n",
        "x".repeat(20_000)
    );
    for (request, expected) in [
        (long.as_str(), 431),
        ("GARBAGE\r\n\r\n", 400),
        (
            "GET /v1/status HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            400,
        ),
        ("GET /v1/status\x01 HTTP/1.1\r\n\r\n", 400),
    ] {
        let mut stream = world.raw();
        let _ = stream.write_all(request.as_bytes());
        let mut text = String::new();
        let _ = stream.read_to_string(&mut text);
        assert!(
            text.starts_with(&format!("HTTP/1.1 {expected} ")),
            "{request:.60}: {text}"
        );
    }
    assert_eq!(world.count(Bound::RequestBytes), 1);
}

#[test]
fn slow_and_silent_callers_are_given_up() {
    let world = World::new(Settings {
        request_time: LATER,
        ..patient()
    });
    let [mut head, mut body, mut idle] = [world.raw(), world.raw(), world.raw()];
    head.write_all(b"GET /v1/sta").unwrap();
    let slow = post("/v1/reload", "{}");
    body.write_all(&slow.as_bytes()[..slow.len() - 1]).unwrap();
    assert_eq!(ask(&mut idle, &get("/v1/status")).0, 200);
    let (head_of_408, told) = answer(&mut body);
    assert_eq!(status(&head_of_408), 408, "{told}");
    for stream in [&mut head, &mut body, &mut idle] {
        assert!(is_over(stream));
    }
    assert_eq!(world.count(Bound::RequestTime), 2);
    assert_eq!(world.count(Bound::IdleTime), 1);
}

/// More than fits into any socket's buffer.
fn long_history() -> History {
    let event = Event {
        at: Moment(1),
        what: "x".repeat(10_000),
        would: false,
    };
    let incident = Incident {
        id: 1,
        site: None,
        kind: "doubt".to_owned(),
        cause: "y".to_owned(),
        planned: false,
        began: Moment(1),
        ended: None,
        seconds: 1,
        by: None,
        reason: None,
        observed: false,
        events: vec![event; 1000],
    };
    History {
        incidents: vec![incident],
    }
}

#[test]
fn who_does_not_read_is_given_up() {
    let daemon = |command| {
        if let Command::History(reply) = command {
            reply.send(long_history()).unwrap();
        }
    };
    let world = World::with(patient(), FOREVER, everybody(), Box::new(daemon));
    let mut reading = world.raw();
    reading.write_all(get("/v1/history").as_bytes()).unwrap();
    let (head, body) = answer(&mut reading);
    assert_eq!((status(&head), body.len() > 10_000_000), (200, true));
    let settings = Settings {
        write_time: SOON,
        ..patient()
    };
    let world = World::with(settings, FOREVER, everybody(), Box::new(daemon));
    let mut deaf = world.raw();
    deaf.write_all(get("/v1/history").as_bytes()).unwrap();
    while world.count(Bound::WriteTime) == 0 {
        std::thread::yield_now();
    }
    let mut rest = Vec::new();
    let _ = deaf.read_to_end(&mut rest);
    assert!(rest.len() < 10_000_000, "{}", rest.len());
}

#[test]
fn idle_callers_make_room() {
    let world = World::new(Settings {
        connections: std::num::NonZeroUsize::MIN,
        ..patient()
    });
    let mut first = world.raw();
    assert_eq!(ask(&mut first, &get("/v1/status")).0, 200);
    world.api().status().unwrap();
    assert!(is_over(&mut first));
    assert_eq!(world.count(Bound::Connections), 1);
}

#[test]
fn stopping_ends_idle_callers() {
    let mut world = World::new(patient());
    let mut stream = world.raw();
    assert_eq!(ask(&mut stream, &get("/v1/status")).0, 200);
    world.stop();
    assert!(is_over(&mut stream));
}
