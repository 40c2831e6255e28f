//! HTTP/2 requests that are none, where HTTP/1's would be refused: refused as well, counted and logged.

use std::io::{Read, Write};
use std::path::Path;
use std::time::Instant;

use super::frames::{
    DATA, END_HEADERS, END_STREAM, GET, HEADERS, PREFACE, RST_STREAM, SETTINGS, frame, frames,
};
use super::meter::{assert_serves, configuration, metric};
use crate::harness::{Answer, PATIENCE, Server, connect, text, until};

/// With an access log in JSON.
fn server(folder: &Path) -> Server {
    let file = folder.join("access.log");
    let log = format!(
        "[log]\naccess = \"json\"\naccess-file = \"{}\"\n[[site]]",
        file.display()
    );
    let configuration = configuration("", "[\"127.0.0.1:0\"]").replace("[[site]]", &log);
    Server::run(folder, &configuration)
}

/// The log, as soon as it has so many lines.
fn logged(folder: &Path, lines: usize) -> Vec<serde_json::Value> {
    let look = || {
        let log = text(&std::fs::read(folder.join("access.log")).unwrap_or_default());
        let whole: Result<Vec<_>, _> = log.lines().map(serde_json::from_str).collect();
        whole.ok().filter(|found| found.len() >= lines)
    };
    until(Instant::now() + PATIENCE, look, "so many lines are written")
}

/// Says the frames on a new connection until the server has reset stream 1; what it said.
fn reset(server: &Server, frames_said: &[u8]) -> Vec<u8> {
    let protocol_error = 1u32.to_be_bytes();
    until_said(server, frames_said, |frames| {
        frames.contains(&(RST_STREAM, &protocol_error))
    })
}

/// Says the frames on a new connection and reads until the server's satisfy; what it said.
fn until_said(
    server: &Server,
    frames_said: &[u8],
    enough: impl Fn(&[(u8, &[u8])]) -> bool,
) -> Vec<u8> {
    let mut stream = connect(server.address());
    let opening = [PREFACE, &frame(SETTINGS, 0, 0, &[]), frames_said].concat();
    stream.write_all(&opening).expect("write");
    let (mut bytes, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    while !enough(&frames(&bytes)) {
        let count = stream.read(&mut buffer).expect("read");
        assert_ne!(count, 0, "it ended early");
        bytes.extend_from_slice(&buffer[..count]);
    }
    bytes
}

/// A literal field (RFC 7541, section 6.2.2).
fn field(name: &str, value: &str) -> Vec<u8> {
    let mut block = vec![0];
    for part in [name, value] {
        block.push(u8::try_from(part.len()).expect("a short text"));
        block.extend_from_slice(part.as_bytes());
    }
    block
}

#[test]
fn malformed_http2_requests_are_counted_and_logged() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    let sample = "sorry_bad_requests_total{reason=\"http2-request\"}";
    let whole = |block: &[u8]| frame(HEADERS, END_HEADERS | END_STREAM, 1, block);
    let upload = |block: &[u8]| frame(HEADERS, END_HEADERS, 1, block);
    let post = [&[0x83, 0x86, 0x84][..], &field("content-length", "3")].concat();
    let trailers = frame(HEADERS, END_HEADERS | END_STREAM, 1, &field(":path", "/"));
    let long = frame(DATA, END_STREAM, 1, b"four");
    let mut lines = 0;
    for (number, (name, frames_said, status)) in [
        ("no path", whole(&[0x82, 0x86]), 400),
        (
            "a large letter",
            whole(&[GET, &field("X-Large", "a")].concat()),
            400,
        ),
        (
            "a field of HTTP/1",
            whole(&[GET, &field("connection", "close")].concat()),
            400,
        ),
        // These have had their answer, and have the one line of it.
        ("a body too long", [upload(&post), long].concat(), 503),
        (
            "trailers that name a path",
            [upload(&[0x83, 0x86, 0x84]), trailers].concat(),
            503,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let said = reset(&server, &frames_said);
        let answered = frames(&said).iter().any(|(kind, _)| *kind == HEADERS);
        assert_eq!(answered, status == 503, "{name}");
        let counted = || (metric(&server, sample) == (number + 1) as f64).then_some(());
        until(Instant::now() + PATIENCE, counted, name);
        lines += 1;
        let last = &logged(folder.path(), lines)[lines - 1];
        assert_eq!(last["status"], status, "{name}: {last}");
        assert_eq!(last["protocol"], "http/2", "{name}");
        assert_eq!(last["answer"] == "http2-request", status == 400, "{name}");
    }
    assert_serves(&server);
}

#[test]
fn a_malformed_authority_gets_400_whatever_the_protocol() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    let sample = "sorry_bad_requests_total{reason=\"host\"}";
    // (What no field may hold, such as blanks and `@`, is malformed in the eyes of HTTP/2 itself.)
    for (number, name) in ["shop.example:http", "shop/x", "[::1", "shop\\x"]
        .into_iter()
        .enumerate()
    {
        let http1 = format!("GET / HTTP/1.1\r\nHost: {name}\r\n\r\n");
        let (answer, _) = Answer::parse(&server.exchange(http1.as_bytes()), "GET").unwrap();
        assert_eq!(answer.status(), 400, "{name}");
        for given in [":authority", "host"] {
            let status = http2_status(&server, &[GET, &field(given, name)].concat());
            assert_eq!(status, b"400", "{given}: {name}");
        }
        let counted = || (metric(&server, sample) == 3.0 * (number + 1) as f64).then_some(());
        until(Instant::now() + PATIENCE, counted, name);
    }
    for line in logged(folder.path(), 12) {
        assert_eq!(
            (&line["answer"], &line["status"]),
            (&"host".into(), &400.into()),
            "{line}"
        );
    }
    let status = http2_status(
        &server,
        &[GET, &field(":authority", "shop.example:8080")].concat(),
    );
    assert_eq!(status, b"503");
}

/// The status that a request over HTTP/2 gets.
fn http2_status(server: &Server, block: &[u8]) -> Vec<u8> {
    let said = until_said(
        server,
        &frame(HEADERS, END_HEADERS | END_STREAM, 1, block),
        |frames| frames.iter().any(|(kind, _)| *kind == HEADERS),
    );
    let frames = frames(&said);
    let (_, block) = frames
        .iter()
        .find(|(kind, _)| *kind == HEADERS)
        .expect("an answer");
    // 400 and 503 are said in different ways: `:status 400` is in the static table, 503 is a literal behind its name.
    let status = block
        .iter()
        .position(|byte| *byte != NO_TABLE)
        .expect("a status");
    match block[status..] {
        [0x8c, ..] => b"400".to_vec(),
        [_, 3, ..] => block[status + 2..status + 5].to_vec(),
        _ => panic!("{}", block.escape_ascii()),
    }
}

/// A size update of HPACK's (RFC 7541, section 6.3).
const NO_TABLE: u8 = 0x20;
