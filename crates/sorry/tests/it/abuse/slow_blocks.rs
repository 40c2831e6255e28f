//! HTTP/2 clients that begin a request's fields and do not end them: as much time as a head has over HTTP/1, and no more.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use super::frames::{CONTINUATION, END_STREAM, GET, HEADERS, PREFACE, SETTINGS, frame, goaway};
use super::meter::{assert_serves, limit, metric, server};
use crate::harness::{PATIENCE, connect, until};

/// What the server says to a client that begins so, and goes on by one byte each time the server has kept silent for a while.
fn dripping(address: std::net::SocketAddr, opening: &[u8], mut rest: &[u8]) -> Vec<u8> {
    let mut stream = connect(address);
    stream
        .set_read_timeout(Some(Duration::from_millis(50)))
        .expect("a limit of time");
    stream.write_all(opening).expect("write");
    let start = Instant::now();
    let mut said = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return said,
            Ok(count) => said.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let (byte, more) = rest.split_at(1);
                stream.write_all(byte).expect("write");
                rest = more;
            }
            Err(error) => panic!("{error}"),
        }
        assert!(start.elapsed() < PATIENCE, "it is never enough");
    }
}

/// `head-time` was not known to HTTP/2: each byte that came renewed `body-time`.
#[test]
fn http2_fields_that_drip_have_the_time_of_a_head() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = "head-time = \"500ms\"\nlinger-time = \"300ms\"\nidle-time = \"60s\"\nconnection-age = \"60s\"";
    let server = server(folder.path(), limits);
    let greeting = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    // One long frame, and one that is whole but whose fields go on in another one.
    let long = frame(HEADERS, END_STREAM, 1, &[0; 16_000]);
    let open = frame(HEADERS, END_STREAM, 1, GET);
    let continued = frame(CONTINUATION, 0, 1, &[0; 16_000]);
    for (number, (fields, rest)) in [(&long[..10], &long[10..]), (&open[..], &continued[..])]
        .into_iter()
        .enumerate()
    {
        let opening = [&greeting[..], fields].concat();
        let said = dripping(server.address(), &opening, rest);
        assert_eq!(goaway(&said), Some(0), "NO_ERROR");
        assert_eq!(limit(&server, "head-time"), (number + 1) as f64);
        assert_eq!(limit(&server, "body-time"), 0.0);
    }
    let gone = || (metric(&server, "sorry_connections_open") == 0.0).then_some(());
    until(Instant::now() + PATIENCE, gone, "both are gone");
    assert_serves(&server);
}
