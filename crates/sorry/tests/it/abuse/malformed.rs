//! HTTP/2 requests that are none, where HTTP/1's would be refused: refused as well, counted and logged.

use std::io::{Read, Write};
use std::path::Path;
use std::time::Instant;

use super::frames::{
    DATA, END_HEADERS, END_STREAM, GET, HEADERS, PREFACE, RST_STREAM, SETTINGS, frame, frames,
};
use super::meter::{assert_serves, configuration, metric};
use crate::harness::{PATIENCE, Server, connect, text, until};

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
    let mut stream = connect(server.address());
    let opening = [PREFACE, &frame(SETTINGS, 0, 0, &[]), frames_said].concat();
    stream.write_all(&opening).expect("write");
    let (mut bytes, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    let is_reset = |bytes: &[u8]| {
        let protocol_error = 1u32.to_be_bytes();
        frames(bytes).contains(&(RST_STREAM, &protocol_error))
    };
    while !is_reset(&bytes) {
        let count = stream.read(&mut buffer).expect("read");
        assert_ne!(count, 0, "it ended without a reset");
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
