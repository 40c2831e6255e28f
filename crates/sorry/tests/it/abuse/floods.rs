//! Floods of HTTP/2 frames: told to go away, counted, and of no consequence for anybody else.

use std::io::{Read, Write};
use std::net::Shutdown;

use super::frames::{
    CALM, CONTINUATION, DATA, END_HEADERS, END_STREAM, GET, HEADERS, PING, PREFACE, PRIORITY,
    RST_STREAM, SETTINGS, WINDOW_UPDATE, frame, frames, goaway,
};
use super::meter::{assert_serves, await_limit, server};
use crate::harness::{Server, connect};

/// Floods one connection to its end; the GOAWAY's error code.
fn flood(server: &Server, frames: &[u8]) -> Option<u32> {
    let mut writing = connect(server.address());
    let mut reading = writing.try_clone().expect("a second handle");
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // The end of a flood may be a reset; what came before it has been read.
        let _reset_is_fine = reading.read_to_end(&mut bytes);
        bytes
    });
    let beginning = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    writing.write_all(&beginning).expect("write the preface");
    for piece in frames.chunks(8192) {
        if writing.write_all(piece).is_err() {
            break;
        }
    }
    let _already_closed = writing.shutdown(Shutdown::Write);
    goaway(&reader.join().expect("the reader"))
}

#[test]
fn every_flood_is_told_to_calm_down() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(
        folder.path(),
        "connection-age = \"60s\"\nrequests-per-connection = 1000000",
    );
    let each =
        |count: u32, make: &dyn Fn(u32) -> Vec<u8>| (0..count).flat_map(make).collect::<Vec<u8>>();
    let stream = |number: u32| 2 * number + 1;
    let rapid_reset = each(20_000, &|n| {
        let open = frame(HEADERS, END_HEADERS, stream(n), GET);
        [open, frame(RST_STREAM, 0, stream(n), &8u32.to_be_bytes())].concat()
    });
    let continuation = [
        frame(HEADERS, END_STREAM, 1, GET),
        each(1000, &|_| frame(CONTINUATION, 0, 1, &[])),
    ]
    .concat();
    let large_continuation = [
        frame(HEADERS, END_STREAM, 1, GET),
        each(1000, &|_| frame(CONTINUATION, 0, 1, &[0; 8000])),
    ]
    .concat();
    let ping = each(20_000, &|n| frame(PING, 0, 0, &u64::from(n).to_be_bytes()));
    let settings = each(20_000, &|_| frame(SETTINGS, 0, 0, &[]));
    let priority = each(20_000, &|_| frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 1]));
    let unknown = each(20_000, &|_| frame(0xbe, 0, 0, &[]));
    let empty_data = [
        frame(HEADERS, END_HEADERS, 1, GET),
        each(20_000, &|_| frame(DATA, 0, 1, &[])),
    ]
    .concat();
    let window = each(20_000, &|_| frame(WINDOW_UPDATE, 0, 0, &1u32.to_be_bytes()));
    for (name, frames, limit) in [
        ("rapid reset", &rapid_reset, "http2-resets-per-second"),
        ("CONTINUATION", &continuation, "http2-continuation-frames"),
        (
            "large CONTINUATION",
            &large_continuation,
            "http2-header-bytes",
        ),
        ("PING", &ping, "http2-control-frames-per-second"),
        ("SETTINGS", &settings, "http2-control-frames-per-second"),
        ("PRIORITY", &priority, "http2-control-frames-per-second"),
        ("unknown", &unknown, "http2-control-frames-per-second"),
        ("empty DATA", &empty_data, "http2-control-frames-per-second"),
        ("WINDOW_UPDATE", &window, "http2-control-frames-per-second"),
    ] {
        let before = super::meter::limit(&server, limit);
        assert_eq!(flood(&server, frames), Some(CALM), "{name}");
        await_limit(&server, limit);
        assert!(
            super::meter::limit(&server, limit) > before,
            "{name} is counted as {limit}"
        );
        assert_serves(&server);
    }
    super::meter::await_metric(&server, "sorry_http2_errors_total");
}

#[test]
fn frames_that_are_none_end_their_connection() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "");
    for (name, frames, code) in [
        ("DATA on stream 0", frame(DATA, 0, 0, b"x"), 1),
        (
            "HEADERS on an even stream",
            frame(HEADERS, END_HEADERS, 2, GET),
            1,
        ),
        ("a short PING", frame(PING, 0, 0, b"x"), 6),
        (
            "CONTINUATION out of nowhere",
            frame(CONTINUATION, END_HEADERS, 1, GET),
            1,
        ),
        (
            "broken HPACK",
            frame(HEADERS, END_HEADERS | END_STREAM, 1, &[0xff; 20]),
            9,
        ),
        (
            "a window of nothing",
            frame(WINDOW_UPDATE, 0, 0, &[0; 4]),
            1,
        ),
        ("a frame too large", frame(DATA, 0, 1, &[0; 20_000]), 6),
    ] {
        assert_eq!(flood(&server, &frames), Some(code), "{name}");
    }
    assert_serves(&server);
}

#[test]
fn so_many_requests_at_once_and_the_rest_may_try_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "http2-streams = 20");
    // `POST http /`, and no body comes.
    let uploads: Vec<u8> = (0..30u32)
        .flat_map(|n| frame(HEADERS, END_HEADERS, 2 * n + 1, &[0x83, 0x86, 0x84]))
        .collect();
    let mut stream = connect(server.address());
    let opening = [PREFACE, &frame(SETTINGS, 0, 0, &[]), &uploads].concat();
    stream.write_all(&opening).expect("write");
    let (mut bytes, mut seen) = (Vec::new(), (0, 0));
    while seen.0 + seen.1 < 30 {
        let mut buffer = [0; 65_536];
        let count = stream.read(&mut buffer).expect("read");
        assert_ne!(count, 0, "it ended after {seen:?}");
        bytes.extend_from_slice(&buffer[..count]);
        let refused = 7u32.to_be_bytes();
        let frames = frames(&bytes);
        seen.0 = frames.iter().filter(|(kind, _)| *kind == HEADERS).count();
        let is_refusal =
            |(kind, payload): &&(u8, &[u8])| *kind == RST_STREAM && *payload == refused;
        seen.1 = frames.iter().filter(is_refusal).count();
    }
    assert_eq!(seen, (20, 10), "answered, and refused with REFUSED_STREAM");
    await_limit(&server, "http2-streams");
    assert_serves(&server);
}
