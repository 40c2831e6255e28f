//! HTTP/1 as a wire: versions, forms of the target, connections that are kept, pipelines.

use std::io::{Read, Write};

use super::transport::{Request, Transport, ask, tls};
use super::world::World;
use crate::harness::{Answer, connect, text};

/// Writes all and reads to the end of the connection.
fn exchange(world: &World, bytes: &str) -> Vec<u8> {
    world.server.exchange(bytes.as_bytes())
}

fn answers(mut bytes: Vec<u8>, method: &str) -> Vec<Answer> {
    let mut list = Vec::new();
    while !bytes.is_empty() {
        let (answer, rest) =
            Answer::parse(&bytes, method).unwrap_or_else(|| panic!("no answer: {}", text(&bytes)));
        list.push(answer);
        bytes = rest;
    }
    list
}

#[test]
fn old_clients_need_no_host() {
    let world = World::new("");
    for (request, keeps) in [
        ("GET / HTTP/1.0\r\n\r\n", false),
        ("GET / HTTP/1.0\r\nHost: shop.example\r\n\r\n", false),
        ("GET / HTTP/1.0\r\nConnection: close\r\n\r\n", false),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true),
        (
            "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\nHost: a\r\n\r\n",
            true,
        ),
        ("GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n", true),
        (
            "GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n",
            false,
        ),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n", true),
        ("GET / HTTP/1.2\r\nHost: shop.example\r\n\r\n", true),
    ] {
        let mut bytes = request.as_bytes().to_vec();
        // The second request is answered only if the connection is kept.
        bytes.extend_from_slice(b"GET /2 HTTP/1.0\r\n\r\n");
        let answers = answers(world.server.exchange(&bytes), "GET");
        assert_eq!(answers.len(), if keeps { 2 } else { 1 }, "{request:?}");
        assert!(
            answers.iter().all(|answer| answer.status() == 503),
            "{request:?}"
        );
        let said = answers[0].field("connection");
        let expected = match (keeps, request.contains("HTTP/1.0")) {
            (false, _) => Some("close"),
            (true, true) => Some("keep-alive"),
            (true, false) => None,
        };
        assert_eq!(said, expected, "{request:?}");
    }
}

#[test]
fn the_form_of_the_target_does_not_matter() {
    let world = World::new("");
    for target in [
        "/x.json",
        "http://shop.example/x.json",
        "https://shop.example/x.json?a=b",
        "HTTP://SHOP.EXAMPLE:80/x.json",
        "//x.json",
        "/x.json#y",
    ] {
        let bytes =
            format!("GET {target} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n");
        let answers = answers(exchange(&world, &bytes), "GET");
        assert_eq!(answers.len(), 1);
        assert_eq!(answers[0].status(), 503, "{target}");
        assert_eq!(
            answers[0].field("content-type"),
            Some("application/problem+json"),
            "{target}"
        );
    }
    let bytes =
        "CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\nGET / HTTP/1.0\r\n\r\n";
    let answers = answers(exchange(&world, bytes), "GET");
    assert_eq!(
        answers.iter().map(Answer::status).collect::<Vec<_>>(),
        [503, 503],
        "no tunnel"
    );
}

#[test]
fn empty_lines_before_a_request_are_skipped() {
    let world = World::new("");
    let bytes = "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n";
    assert_eq!(answers(exchange(&world, bytes), "GET").len(), 2);
}

#[test]
fn a_pipeline_of_a_hundred_in_one_write() {
    let world = World::new("");
    let mut bytes = Vec::new();
    for number in 0..100 {
        let last = if number == 99 {
            "Connection: close\r\n"
        } else {
            ""
        };
        let accept = ["text/html", "application/json", "text/plain", "image/png"][number % 4];
        let request = format!(
            "GET /{number} HTTP/1.1\r\nHost: shop.example\r\nAccept: {accept}\r\n{last}\r\n"
        );
        bytes.extend_from_slice(request.as_bytes());
    }
    let check = |bytes: Vec<u8>| {
        let answers = answers(bytes, "GET");
        assert_eq!(answers.len(), 100);
        for (number, answer) in answers.iter().enumerate() {
            assert_eq!(answer.status(), 503);
            let kind = answer
                .field("content-type")
                .and_then(|kind| kind.split(';').next());
            let expected = [
                Some("text/html"),
                Some("application/json"),
                Some("text/plain"),
                None,
            ][number % 4];
            assert_eq!(kind, expected, "answer {number}: in order");
        }
    };
    check(world.server.exchange(&bytes));
    let mut stream = tls(&world);
    stream.write_all(&bytes).unwrap();
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .expect("a close_notify at the end");
    check(answer);
}

#[test]
fn a_pipeline_with_bodies_stays_in_step() {
    let world = World::new("");
    let one = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 29\r\n\r\nGET /no HTTP/1.1\r\nHost: a\r\n\r\n\
               POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nGET /\r\n0\r\nTrailer: x\r\n\r\n";
    let bytes = format!("{}GET / HTTP/1.0\r\n\r\n", one.repeat(20));
    assert_eq!(answers(exchange(&world, &bytes), "POST").len(), 41);
}

#[test]
fn a_request_may_come_byte_by_byte() {
    let world = World::new("");
    let mut stream = connect(world.plain);
    stream.set_nodelay(true).unwrap();
    for byte in b"GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n" {
        stream.write_all(&[*byte]).unwrap();
    }
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    assert_eq!(answers(bytes, "GET").len(), 1);
}

#[test]
fn trace_does_not_repeat_what_it_was_sent() {
    let world = World::new("");
    for transport in Transport::ALL {
        let request = Request::new("TRACE", "/").with("x-secret", "e4c0ffee");
        let answer = ask(&world, transport, &request);
        assert_eq!(answer.status(), 503, "{transport:?}");
        assert!(!answer.text().contains("e4c0ffee"));
    }
}
