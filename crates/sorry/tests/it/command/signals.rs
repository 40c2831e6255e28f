//! SIGTERM lets everybody finish; a second one does not wait.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use crate::harness::{PATIENCE, Server, connect, until};
use crate::matrix::transport::{Request, block_on, h2_ask, read_answer};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// A connection that has had an answer and is kept.
fn kept(server: &Server) -> TcpStream {
    let mut stream = connect(server.address());
    stream.write_all(GET).expect("write");
    let answer = read_answer(&mut stream, "GET");
    assert_eq!((answer.status(), answer.field("connection")), (503, None));
    stream
}

/// A connection in the middle of a request, which the server has seen: it has answered one on it before.
fn begun(server: &Server) -> TcpStream {
    let mut stream = kept(server);
    stream
        .write_all(b"GET /late HTTP/1.1\r\nHo")
        .expect("write");
    stream
}

#[test]
fn a_request_in_flight_is_answered_and_idle_connections_end() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::serve(&[]);
        let address = server.address();
        let mut idle: Vec<_> = (0..20).map(|_| kept(&server)).collect();
        let mut late = begun(&server);
        server.signal(signal);
        server.wait_for("draining");
        for stream in &mut idle {
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).expect("an orderly end");
            assert_eq!(rest, b"");
        }
        let refused = || match TcpStream::connect(address) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => Some(()),
            _ => None,
        };
        until(Instant::now() + PATIENCE, refused, "nobody else is let in");
        late.write_all(b"st: a\r\n\r\n").expect("write");
        let answer = read_answer(&mut late, "GET");
        assert_eq!(
            (answer.status(), answer.field("connection")),
            (503, Some("close"))
        );
        server.wait_for("ended: everybody has finished");
        assert_eq!(server.wait().code(), Some(0), "SIG{signal}");
    }
}

/// Between an answer and the next request a connection looks idle. It ends with an answer that says so all the same.
#[test]
fn busy_clients_lose_no_request() {
    let mut server = Server::serve(&[]);
    let mut clients: Vec<_> = (0..8).map(|_| kept(&server)).collect();
    server.signal("TERM");
    let started = Instant::now();
    while !clients.is_empty() {
        assert!(started.elapsed() < PATIENCE, "nobody is told");
        clients.retain_mut(|stream| {
            stream.write_all(GET).expect("write");
            let answer = read_answer(stream, "GET");
            assert_eq!(answer.status(), 503);
            answer.field("connection") != Some("close")
        });
    }
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn http2_clients_are_told_to_go_and_answered_before_they_do() {
    let mut server = Server::serve(&[]);
    let address = server.address();
    block_on(async {
        let stream = tokio::net::TcpStream::connect(address)
            .await
            .expect("connect");
        let (mut sender, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
        let driver = async { connection.await.expect("GOAWAY with NO_ERROR") };
        let asking = async {
            let answer = h2_ask(&mut sender, "http", &Request::get("/")).await;
            assert_eq!(answer.status(), 503);
            server.signal("TERM");
            sender
        };
        let ((), _sender) = tokio::join!(driver, asking);
    });
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut server = Server::serve(&[]);
    let mut late = begun(&server);
    server.signal("TERM");
    server.wait_for("draining");
    server.signal("TERM");
    server.wait_for("ended at once by a second signal: 1 connection was cut");
    assert_eq!(server.wait().code(), Some(3));
    let mut rest = Vec::new();
    let _reset_is_fine = late.read_to_end(&mut rest);
    assert_eq!(rest, b"");
}

#[test]
fn draining_has_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let configuration = "[admin]\nsocket = \"none\"\n[limits]\ndrain-time = \"500ms\"\nhead-time = \"60s\"\n[[site]]\nname = \"a\"\n\
        [site.sorry]\nlisten = [\"127.0.0.1:0\"]\n";
    let mut server = Server::run(folder.path(), configuration);
    let _late = begun(&server);
    server.signal("TERM");
    // Its client would have a minute; the whole process has half a second. Nobody can ask for metrics then.
    server.wait_for("ended: 1 connection was cut after the drain time of 500ms");
    assert_eq!(server.wait().code(), Some(0), "as long as it was told to");
}
