//! HTTP/2 clients that ask and never give the window to answer in: left within the time for it, at no cost.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use super::frames::{
    END_HEADERS, END_STREAM, GET, HEADERS, PING, PREFACE, RST_STREAM, SETTINGS, frame, frames,
    goaway,
};
use super::meter::{assert_serves, limit, metric, processor_time, server};
use crate::harness::{PATIENCE, connect, until};

/// `SETTINGS_INITIAL_WINDOW_SIZE` of 0 (RFC 9113, section 6.5.2).
const NO_WINDOW: &[u8] = &[0, 4, 0, 0, 0, 0];

#[test]
fn a_client_without_a_window_is_left_and_burns_no_processor() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(
        folder.path(),
        "write-time = \"500ms\"\nlinger-time = \"300ms\"\nconnection-age = \"60s\"\nidle-time = \"60s\"",
    );
    assert_serves(&server);
    let accept = [&b"\x0f\x04\x09"[..], b"text/html"].concat();
    let request = [GET, &accept].concat();
    let mut stream = connect(server.address());
    let opening = [
        PREFACE,
        &frame(SETTINGS, 0, 0, NO_WINDOW),
        &frame(HEADERS, END_HEADERS | END_STREAM, 1, &request),
    ]
    .concat();
    stream.write_all(&opening).expect("write");
    let before = processor_time(&server);
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("the server's end");
    // The client keeps its own half: the server goes all the same.
    let gone = || (metric(&server, "sorry_connections_open") == 0.0).then_some(());
    until(Instant::now() + PATIENCE, gone, "the connection is gone");
    let spent = processor_time(&server) - before;
    assert!(spent < Duration::from_millis(200), "{spent:?} for nothing");
    let kinds: Vec<u8> = frames(&bytes).iter().map(|(kind, _)| *kind).collect();
    assert!(kinds.contains(&HEADERS) && kinds.contains(&RST_STREAM));
    assert_eq!(goaway(&bytes), Some(0), "NO_ERROR");
    assert_eq!(limit(&server, "write-time"), 1.0);
    assert_serves(&server);
}

/// What else a client says gives it no more time for the window that it owes.
#[test]
fn a_client_that_keeps_talking_without_a_window_is_left_as_soon() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(
        folder.path(),
        "write-time = \"500ms\"\nlinger-time = \"300ms\"\nconnection-age = \"60s\"\nidle-time = \"60s\"",
    );
    let accept = [&b"\x0f\x04\x09"[..], b"text/html"].concat();
    let mut stream = connect(server.address());
    let opening = [
        PREFACE,
        &frame(SETTINGS, 0, 0, NO_WINDOW),
        &frame(
            HEADERS,
            END_HEADERS | END_STREAM,
            1,
            &[GET, &accept].concat(),
        ),
    ]
    .concat();
    stream.write_all(&opening).expect("write");
    let pause = Some(Duration::from_millis(50));
    stream.set_read_timeout(pause).expect("set a timeout");
    let started = Instant::now();
    let mut bytes = [0; 4096];
    'talking: loop {
        assert!(started.elapsed() < PATIENCE, "it is kept while it talks");
        if stream.write_all(&frame(PING, 0, 0, &[7; 8])).is_err() {
            break;
        }
        // Until nothing comes for the length of the pause: far fewer of them than a second may have.
        loop {
            match stream.read(&mut bytes) {
                Ok(0) => break 'talking,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => break 'talking,
            }
        }
    }
    let gone = || (metric(&server, "sorry_connections_open") == 0.0).then_some(());
    until(Instant::now() + PATIENCE, gone, "the connection is gone");
    assert_eq!(limit(&server, "write-time"), 1.0);
    assert_serves(&server);
}
