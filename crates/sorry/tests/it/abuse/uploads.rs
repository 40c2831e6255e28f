//! Uploads: the client that sends everything before it reads sees the whole refusal and not a reset; one that never
//! stops costs a bounded number of bytes.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::meter::{assert_serves, await_limit, limit, server};
use crate::harness::{Answer, PATIENCE, connect, until};
use crate::matrix::transport::{block_on, read_answer, tls};
use crate::matrix::world::World;

const MIB: usize = 1024 * 1024;

/// Whether the upload says how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length,
    Chunked,
}

fn head(framing: Framing, expect: &str, bytes: usize) -> String {
    let framing = match framing {
        Framing::Length => format!("Content-Length: {bytes}\r\n"),
        Framing::Chunked => "Transfer-Encoding: chunked\r\n".to_owned(),
    };
    format!(
        "POST /upload HTTP/1.1\r\nHost: shop.example\r\nAccept: text/html\r\n{expect}{framing}\r\n"
    )
}

/// A MiB of body as it goes over the wire.
fn piece(framing: Framing) -> Vec<u8> {
    match framing {
        Framing::Length => vec![b'x'; MIB],
        Framing::Chunked => [b"100000\r\n".as_slice(), &vec![b'x'; MIB], b"\r\n"].concat(),
    }
}

/// Writes 20 MiB without reading, then reads.
fn upload(stream: &mut (impl Read + Write), framing: Framing, expect: &str) -> Answer {
    stream
        .write_all(head(framing, expect, 20 * MIB).as_bytes())
        .expect("write the head");
    let piece = piece(framing);
    for number in 0..20 {
        stream
            .write_all(&piece)
            .unwrap_or_else(|error| panic!("after {number} MiB: {error}"));
    }
    if framing == Framing::Chunked {
        stream.write_all(b"0\r\n\r\n").expect("write the end");
    }
    read_answer(stream, "POST")
}

#[test]
fn twenty_mib_are_sent_and_the_refusal_is_seen() {
    let world = World::new("");
    for framing in [Framing::Length, Framing::Chunked] {
        for expect in ["", "Expect: 100-continue\r\n"] {
            let name = format!("{framing:?} {expect:?}");
            let mut plain = connect(world.plain);
            let answer = upload(&mut plain, framing, expect);
            assert_eq!(answer.status(), 503, "{name}");
            assert!(answer.body.len() > 1000, "{name}: the whole page");
            let mut encrypted = tls(&world);
            assert_eq!(
                upload(&mut encrypted, framing, expect).status(),
                503,
                "TLS, {name}"
            );
            if expect.is_empty() {
                // The connection goes on behind the body.
                plain
                    .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    .expect("write");
                assert_eq!(read_answer(&mut plain, "GET").status(), 503, "{name}");
            } else {
                let mut rest = Vec::new();
                plain
                    .read_to_end(&mut rest)
                    .expect("a close and not a reset");
                assert_eq!(rest, b"", "{name}");
            }
        }
    }
}

#[test]
fn a_client_that_waits_to_be_told_is_told_at_once() {
    let world = World::new("");
    let mut stream = connect(world.plain);
    let head = head(Framing::Length, "Expect: 100-continue\r\n", 20 * MIB);
    stream.write_all(head.as_bytes()).expect("write");
    let answer = read_answer(&mut stream, "POST");
    assert_eq!(
        answer.status(),
        503,
        "the final answer and no 100 before it"
    );
    assert_eq!(answer.field("connection"), Some("close"));
}

/// Its answer is there before the first byte of the body, and nothing is left unread: only a close that lingers is no reset.
#[test]
fn a_client_that_sends_its_body_after_its_answer_sees_no_reset() {
    let world = World::new("");
    for framing in [Framing::Length, Framing::Chunked] {
        let mut stream = connect(world.plain);
        let head = head(framing, "Expect: 100-continue\r\n", 20 * MIB);
        stream.write_all(head.as_bytes()).expect("write");
        assert_eq!(read_answer(&mut stream, "POST").status(), 503);
        for piece in piece(framing).chunks(64 * 1024) {
            stream
                .write_all(piece)
                .unwrap_or_else(|error| panic!("{framing:?}: {error}"));
        }
        let mut rest = Vec::new();
        stream
            .read_to_end(&mut rest)
            .expect("a close and not a reset");
        assert_eq!(rest, b"", "{framing:?}");
    }
}

/// `linger-time` was the time for all of what came behind the answer, and cut off whoever needed longer to send it.
#[test]
fn an_upload_that_takes_longer_than_linger_time_is_taken_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "linger-time = \"1s\"");
    let mut stream = connect(server.address());
    let pieces = 25;
    let piece = [b'x'; 64 * 1024];
    let head = head(
        Framing::Length,
        "Expect: 100-continue\r\n",
        pieces * piece.len(),
    );
    stream.write_all(head.as_bytes()).expect("write");
    assert_eq!(read_answer(&mut stream, "POST").status(), 503);
    let start = Instant::now();
    for number in 1..=pieces {
        // The pace of a client whose line is slow.
        let due = start + Duration::from_millis(100) * u32::try_from(number).expect("a number");
        let turn = || (Instant::now() >= due).then_some(());
        until(due + PATIENCE, turn, "the next piece is due");
        stream
            .write_all(&piece)
            .unwrap_or_else(|error| panic!("after {:?}: {error}", start.elapsed()));
    }
    assert_eq!(limit(&server, "linger-time"), 0.0);
    let mut rest = Vec::new();
    stream
        .read_to_end(&mut rest)
        .expect("a close and not a reset");
    assert_eq!(rest, b"");
    assert_serves(&server);
}

/// Sends a body over h2c as fast as windows allow, until all is sent or nobody wants more; then reads the answer.
async fn upload_over_http2(
    address: SocketAddr,
    bytes: usize,
) -> (usize, http::StatusCode, Vec<u8>) {
    let stream = tokio::net::TcpStream::connect(address)
        .await
        .expect("connect");
    let (sender, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    let exchange = async move {
        let mut sender = sender.ready().await.expect("room for a stream");
        let request =
            http::Request::post("http://shop.example/upload").header("accept", "text/html");
        let request = request.body(()).expect("a request");
        let (answer, mut body) = sender.send_request(request, false).expect("send the head");
        let mut sent = 0;
        while sent < bytes {
            body.reserve_capacity((bytes - sent).min(16 * 1024));
            let room = std::future::poll_fn(|context| body.poll_capacity(context)).await;
            let Some(Ok(room)) = room else { break };
            let piece = room.min(bytes - sent);
            if body
                .send_data(vec![b'x'; piece].into(), sent + piece == bytes)
                .is_err()
            {
                break;
            }
            sent += piece;
        }
        let (head, mut body) = answer.await.expect("an answer").into_parts();
        let mut page = Vec::new();
        while let Some(piece) = body.data().await {
            page.extend_from_slice(&piece.expect("the whole page"));
        }
        let promised = head
            .headers
            .get("content-length")
            .and_then(|length| length.to_str().ok());
        assert_eq!(promised, Some(page.len().to_string().as_str()));
        (sent, head.status, page)
    };
    // Beyond the limit it is told to go away, in good order.
    let driver = async { connection.await.expect("GOAWAY with NO_ERROR") };
    tokio::join!(exchange, driver).0
}

#[test]
fn uploads_over_http2_see_the_refusal_and_cost_a_bounded_number_of_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "http2-unread-body-bytes = \"1 MiB\"");
    for bytes in [MIB / 2, 20 * MIB] {
        let (sent, status, page) = block_on(upload_over_http2(server.address(), bytes));
        assert_eq!(status, 503, "{bytes} bytes");
        assert!(page.len() > 1000, "{bytes} bytes: the whole page");
        if bytes < MIB {
            assert_eq!(sent, bytes, "what is within the limit is taken");
        } else {
            assert!(sent < 2 * MIB, "{sent} bytes were taken");
        }
    }
    await_limit(&server, "http2-unread-body-bytes");
    assert_serves(&server);
}

#[test]
fn a_gib_costs_a_bounded_number_of_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "body-bytes = \"4 MiB\"\nbody-time = \"20s\"");
    for framing in [Framing::Length, Framing::Chunked] {
        let mut stream = connect(server.address());
        stream
            .write_all(head(framing, "", 1024 * MIB).as_bytes())
            .expect("write");
        let answer = read_answer(&mut stream, "POST");
        assert_eq!(answer.status(), 503, "{framing:?}");
        let piece = piece(framing);
        let mut sent = 0;
        let error = loop {
            match stream.write(&piece[sent % piece.len()..]) {
                Ok(count) => sent += count,
                Err(error) => break error,
            }
            assert!(sent < 64 * MIB, "{framing:?}: {sent} bytes and no end");
        };
        assert!(
            matches!(
                error.kind(),
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
            ),
            "{error}"
        );
        // What was read, and what the sockets of both sides hold.
        assert!((4 * MIB..24 * MIB).contains(&sent), "{framing:?}: {sent}");
        assert_serves(&server);
    }
    await_limit(&server, "body-bytes");
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "body-time = \"300ms\"");
    let mut stream = connect(server.address());
    stream
        .write_all(head(Framing::Length, "", MIB).as_bytes())
        .expect("write");
    assert_eq!(read_answer(&mut stream, "POST").status(), 503);
    let mut rest = Vec::new();
    // The end may be a reset: a body was announced that nobody waits for any longer.
    let _reset_is_fine = stream.read_to_end(&mut rest);
    assert_eq!(rest, b"");
    await_limit(&server, "body-time");
}
