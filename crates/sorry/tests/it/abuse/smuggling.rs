//! Requests whose end two readers could see in different places (RFC 9112, sections 2.2, 5, 6 and 11.2): refused, and
//! nothing that follows them is ever answered.

use std::time::Instant;

use super::meter::{assert_serves, metric, server};
use crate::harness::{Answer, PATIENCE, Server, text, until};

/// What a smuggler hopes to have answered.
const SECOND: &str = "GET /smuggled HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n";

/// Sends it with a second request behind; the one answer, after which the connection has ended.
fn refused(server: &Server, attack: &[u8]) -> Answer {
    let bytes = server.exchange(&[attack, SECOND.as_bytes()].concat());
    let shown = attack.escape_ascii();
    let (answer, rest) = Answer::parse(&bytes, "GET")
        .unwrap_or_else(|| panic!("{shown}: no answer but {}", text(&bytes)));
    assert_eq!(text(&rest), "", "{shown}: something else was answered");
    assert_eq!(answer.field("connection"), Some("close"), "{shown}");
    answer
}

#[test]
fn heads_that_two_readers_could_read_differently_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "");
    let host = "Host: shop.example\r\n";
    let post = |fields: &str| format!("POST / HTTP/1.1\r\n{host}{fields}\r\n");
    let get = |line: &str| format!("{line}\r\n{host}\r\n");
    let table = [
        // two framings
        (
            post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
            400,
            "two-framings",
        ),
        (
            post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
            400,
            "two-framings",
        ),
        (
            post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"),
            400,
            "two-framings",
        ),
        // lengths
        (
            post("Content-Length: 5\r\nContent-Length: 6\r\n"),
            400,
            "content-length",
        ),
        (
            post("Content-Length: 5\r\nContent-Length: 5\r\n"),
            400,
            "content-length",
        ),
        (post("Content-Length: 5, 5\r\n"), 400, "content-length"),
        (post("Content-Length: +5\r\n"), 400, "content-length"),
        (post("Content-Length: -1\r\n"), 400, "content-length"),
        (post("Content-Length: 0x5\r\n"), 400, "content-length"),
        (post("Content-Length: 5 5\r\n"), 400, "content-length"),
        (post("Content-Length: 5.0\r\n"), 400, "content-length"),
        (post("Content-Length:\r\n"), 400, "content-length"),
        (
            post("Content-Length: 18446744073709551616\r\n"),
            400,
            "content-length",
        ),
        // transfer codings
        (
            post("Transfer-Encoding: chunked, chunked\r\n"),
            400,
            "transfer-encoding",
        ),
        (
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
            400,
            "transfer-encoding",
        ),
        (
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
            400,
            "transfer-encoding",
        ),
        (
            post("Transfer-Encoding: chunked, identity\r\n"),
            400,
            "transfer-encoding",
        ),
        (
            post("Transfer-Encoding: identity\r\n"),
            400,
            "transfer-encoding",
        ),
        (
            post("Transfer-Encoding: xchunked\r\n"),
            400,
            "transfer-encoding",
        ),
        (
            post("Transfer-Encoding: chunked;q=1\r\n"),
            400,
            "transfer-encoding",
        ),
        (
            post("Transfer-Encoding: \"chunked\"\r\n"),
            400,
            "transfer-encoding",
        ),
        (post("Transfer-Encoding:\r\n"), 400, "transfer-encoding"),
        (
            post("Transfer-Encoding: gzip, chunked\r\n"),
            501,
            "unknown-coding",
        ),
        (
            post("Transfer-Encoding: \x0bchunked\r\n"),
            400,
            "field-value",
        ),
        (
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
            400,
            "transfer-encoding",
        ),
        // names of fields
        (post("Transfer-Encoding : chunked\r\n"), 400, "field-name"),
        (post("Content-Length\t: 5\r\n"), 400, "field-name"),
        (post("X\0: chunked\r\n"), 400, "field-name"),
        (post(": x\r\n"), 400, "field-name"),
        (post("Transfer-Encoding\r\n"), 400, "field-name"),
        (post("Transfer Encoding: chunked\r\n"), 400, "field-name"),
        // folding
        (
            post("X: a\r\n Transfer-Encoding: chunked\r\n"),
            400,
            "folded",
        ),
        (post("X: a\r\n\tb\r\n"), 400, "folded"),
        (format!("POST / HTTP/1.1\r\n {host}\r\n"), 400, "folded"),
        // ends of lines
        (
            "GET / HTTP/1.1\nHost: shop.example\n\n".to_owned(),
            400,
            "line-end",
        ),
        (
            format!("GET / HTTP/1.1\r\n{host}X: a\nTransfer-Encoding: chunked\r\n\r\n"),
            400,
            "line-end",
        ),
        (
            format!("GET / HTTP/1.1\r\n{host}X: a\r\n\n"),
            400,
            "line-end",
        ),
        (
            post("X: a\rTransfer-Encoding: chunked\r\n"),
            400,
            "field-value",
        ),
        (post("X: a\0b\r\n"), 400, "field-value"),
        (post("X: a\x7fb\r\n"), 400, "field-value"),
        // whom it is for
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), 400, "host"),
        (format!("GET / HTTP/1.1\r\n{host}{host}\r\n"), 400, "host"),
        (
            "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n".to_owned(),
            400,
            "host",
        ),
        (
            "GET / HTTP/1.1\r\nHost: user@shop.example\r\n\r\n".to_owned(),
            400,
            "host",
        ),
        // the request line
        (get("GET  / HTTP/1.1"), 400, "request-line"),
        (get("GET /  HTTP/1.1"), 400, "request-line"),
        (get("GET / HTTP/1.1 "), 400, "request-line"),
        (get("GET /a b HTTP/1.1"), 400, "request-line"),
        (get("GET\t/\tHTTP/1.1"), 400, "request-line"),
        (get(" GET / HTTP/1.1"), 400, "request-line"),
        (get("GET /\x01 HTTP/1.1"), 400, "request-line"),
        (get("GET / http/1.1"), 400, "request-line"),
        (get("GET / HTTP/1.10"), 400, "request-line"),
        (get("GET / HTTP/11"), 400, "request-line"),
        (get("GET /"), 400, "request-line"),
        (get("/"), 400, "request-line"),
        (get("G@T / HTTP/1.1"), 400, "request-line"),
        (
            get(&format!("{} / HTTP/1.1", "M".repeat(65))),
            400,
            "request-line",
        ),
        (get("GET / HTTP/2.0"), 505, "version"),
        (get("GET / HTTP/0.9"), 505, "version"),
        (get("GET / HTTP/3.1"), 505, "version"),
    ];
    for (attack, status, reason) in &table {
        let sample = format!("sorry_bad_requests_total{{reason=\"{reason}\"}}");
        let before = metric(&server, &sample);
        let answer = refused(&server, attack.as_bytes());
        assert_eq!(answer.status(), *status, "{attack:?}: {answer:?}");
        assert!(
            metric(&server, &sample) > before,
            "{attack:?} is counted as {reason}"
        );
        assert_eq!(
            answer.field("cache-control"),
            Some("no-store"),
            "{attack:?}"
        );
        assert!(answer.field("date").is_some() && answer.field("x-request-id").is_some());
        assert_eq!(
            answer.field("access-control-allow-origin"),
            Some("*"),
            "{attack:?}"
        );
        assert!(!answer.body.is_empty() && answer.body.len() < 200);
    }
    assert_serves(&server);
}

#[test]
fn a_fault_behind_good_requests_ends_the_pipeline_there() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "");
    let good = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let bad =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut bytes = server.exchange(format!("{good}{good}{bad}{SECOND}").as_bytes());
    let mut statuses = Vec::new();
    while let Some((answer, rest)) = Answer::parse(&bytes, "GET") {
        statuses.push(answer.status());
        bytes = rest;
    }
    assert_eq!((statuses, bytes), (vec![503, 503, 400], Vec::new()));
}

#[test]
fn a_malformed_chunk_ends_the_connection_after_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "");
    let chunks = "sorry_bad_requests_total{reason=\"chunk\"}";
    let mut number = 0.0;
    for body in [
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello!\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "5\r\nhello!\n0\r\n\r\n",
        "5\r\nhello\r!0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "-1\r\n\r\n",
        "\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5;a\nb\r\nhello\r\n0\r\n\r\n",
        "ffffffffffffffff1\r\n",
        "0\r\n\rX",
        "0\r\nTrailer: a\nb\r\n\r\n",
    ] {
        let attack =
            format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        let bytes = server.exchange(&[attack.as_bytes(), SECOND.as_bytes()].concat());
        let (answer, rest) = Answer::parse(&bytes, "POST").expect("an answer");
        assert_eq!(answer.status(), 503, "{body:?}");
        assert_eq!(text(&rest), "", "{body:?}: what follows was answered");
        number += 1.0;
        let counted = || (metric(&server, chunks) == number).then_some(());
        until(Instant::now() + PATIENCE, counted, "it is counted, once");
    }
    assert_serves(&server);
}

#[test]
fn garbage_is_told_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "");
    let noise: Vec<u8> = (0..65_536u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0] | 0x80)
        .collect();
    let long_target = [
        b"GET /",
        [b'a'; 100_000].as_slice(),
        b" HTTP/1.1\r\nHost: a\r\n\r\n",
    ]
    .concat();
    let long_field = [
        b"GET / HTTP/1.1\r\nHost: a\r\nX: ",
        [b'a'; 100_000].as_slice(),
        b"\r\n\r\n",
    ]
    .concat();
    let many_fields = [
        b"GET / HTTP/1.1\r\nHost: a\r\n".as_slice(),
        &b"A: b\r\n".repeat(10_000),
        b"\r\n",
    ]
    .concat();
    let table: [(&[u8], u16); 11] = [
        (&noise, 400),
        (&[0; 65_536], 400),
        (&[b'A'; 65_536], 400),
        (b"SSH-2.0-OpenSSH_9.2\r\n", 400),
        (b"EHLO mail.example\r\n", 400),
        (
            b"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00",
            400,
        ),
        (b"{\"json\":true}\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", 505),
        (&long_target, 414),
        (&long_field, 431),
        (&many_fields, 431),
    ];
    for (attack, status) in table {
        let shown: String = attack.escape_ascii().to_string().chars().take(40).collect();
        assert_eq!(refused(&server, attack).status(), status, "{shown}");
        assert_serves(&server);
    }
    super::meter::await_limit(&server, "head-bytes");
}
