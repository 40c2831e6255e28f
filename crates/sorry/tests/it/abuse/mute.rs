//! Crowds that ask and never read: what each of them makes the server keep is small.

use std::io::{ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use super::frames::{END_HEADERS, END_STREAM, HEADERS, PREFACE, SETTINGS, frame};
use super::meter::{answers, assert_serves, configuration, metric, resident_kib};
use crate::harness::{PATIENCE, Server, until};

const CROWD: usize = 300;

/// More than the server and the kernel between us may hold of requests.
const REQUESTS_BYTES: usize = 256 * 1024;

#[test]
fn pipelining_clients_that_never_read_cost_little() {
    let text = &b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..];
    let html = b"GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n";
    for (name, request) in [("text", text), ("html", html)] {
        let said = request.repeat(REQUESTS_BYTES / request.len());
        let each = kept_for_each(&said);
        assert!(each < 64, "{name}: {each} KiB for each client");
    }
}

#[test]
fn http2_clients_that_never_read_cost_little() {
    // SETTINGS_INITIAL_WINDOW_SIZE as large as can be, and HEAD, so that nothing waits but what was not read.
    let opening = [
        PREFACE,
        &frame(SETTINGS, 0, 0, &[0, 4, 0x7f, 0xff, 0xff, 0xff]),
    ]
    .concat();
    let head = [&[0x42, 4][..], b"HEAD", &[0x86, 0x84]].concat();
    let mut said = opening;
    for number in 0.. {
        // From the second one on, HEAD stands in the table (RFC 7541, section 6.1).
        let block = if number == 0 {
            &head[..]
        } else {
            &[0xbe, 0x86, 0x84]
        };
        said.extend(frame(
            HEADERS,
            END_HEADERS | END_STREAM,
            2 * number + 1,
            block,
        ));
        if said.len() > REQUESTS_BYTES {
            break;
        }
    }
    let each = kept_for_each(&said);
    assert!(each < 96, "{each} KiB for each client");
}

/// KiB that the server keeps for each of a crowd that says this and reads nothing. They come by a unix socket, whose
/// buffers do not grow: over TCP the kernel would first take megabytes for each.
fn kept_for_each(said: &[u8]) -> u64 {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("sorry.sock");
    let limits =
        "write-time = \"10m\"\nconnection-age = \"10m\"\nrequests-per-connection = 1000000";
    let listen = format!("[\"127.0.0.1:0\", \"unix:{}\"]", socket.display());
    let server = Server::run(folder.path(), &configuration(limits, &listen));
    for _ in 0..20 {
        assert_serves(&server);
    }
    let before = resident_kib(&server);
    let crowd: Vec<UnixStream> = (0..CROWD)
        .map(|_| {
            let mut stream = UnixStream::connect(&socket).expect("connect");
            stream.set_nonblocking(true).expect("never wait");
            ask(&mut stream, said);
            stream
        })
        .collect();
    settled(&server);
    let grown = resident_kib(&server).saturating_sub(before);
    drop(crowd);
    assert_serves(&server);
    grown / CROWD as u64
}

/// Says as much as the server takes.
fn ask(stream: &mut UnixStream, said: &[u8]) {
    let mut rest = said;
    while !rest.is_empty() {
        match stream.write(rest) {
            Ok(count) => rest = &rest[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Waits until all are in and get no further answers: between two looks there was none but our own.
fn settled(server: &Server) {
    let mut last = f64::NAN;
    let quiet = || {
        assert_serves(server);
        let now = answers(server);
        let before = std::mem::replace(&mut last, now);
        let open = metric(server, "sorry_connections_open");
        (now - before == 1.0 && open >= CROWD as f64).then_some(())
    };
    until(Instant::now() + PATIENCE, quiet, "no more is answered");
}
