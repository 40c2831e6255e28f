//! Clients for whom there is no place: they are answered, and see an end and no reset.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use super::frames::{
    END_HEADERS, END_STREAM, GET, HEADERS, PREFACE, SETTINGS, frame, frames, goaway,
};
use super::meter::{limit, server};
use crate::harness::{PATIENCE, Server, connect, until};
use crate::matrix::transport::read_answer;

/// Flag of a SETTINGS frame.
const ACK: u8 = 1;

const LIMITS: &str = "connections = 1\nidle-time = \"60s\"\nconnection-age = \"60s\"";

/// Takes the only place.
fn hold(server: &Server) -> std::net::TcpStream {
    let mut holder = connect(server.address());
    let request = b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n";
    holder.write_all(request).expect("write");
    assert_eq!(read_answer(&mut holder, "GET").field("connection"), None);
    holder
}

/// Each got a broken pipe: it was closed with its acknowledgement or its request on the way.
#[test]
fn an_http2_client_beyond_the_most_connections_asks_is_answered_and_told_goodbye() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(folder.path(), LIMITS);
    let _holder = hold(&server);
    let request = frame(HEADERS, END_HEADERS | END_STREAM, 1, GET);
    for number in 1..=5 {
        let mut stream = connect(server.address());
        let greeting = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
        stream.write_all(&greeting).expect("write");
        // Its request comes behind the server's first words, as it does where lines are long.
        let mut said = vec![0; 4096];
        let count = stream.read(&mut said).expect("the server's settings");
        said.truncate(count);
        assert!(count > 0, "it is not just closed");
        let more = [frame(SETTINGS, ACK, 0, &[]), request.clone()].concat();
        stream.write_all(&more).expect("write");
        stream.read_to_end(&mut said).expect("an end and no reset");
        let kinds: Vec<u8> = frames(&said).iter().map(|(kind, _)| *kind).collect();
        assert!(kinds.contains(&HEADERS), "{number}: {kinds:?}");
        assert_eq!(goaway(&said), Some(0), "{number}: NO_ERROR");
    }
    assert_eq!(limit(&server, "connections"), 5.0);
}

/// The answer was lost in the reset of a close with a body unread.
#[test]
fn an_upload_beyond_the_most_connections_sees_its_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(folder.path(), LIMITS);
    let _holder = hold(&server);
    let mut stream = connect(server.address());
    let head = b"POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 200000\r\n\r\n";
    stream.write_all(head).expect("write");
    let due = Instant::now() + Duration::from_millis(100);
    let later = || (Instant::now() >= due).then_some(());
    until(due + PATIENCE, later, "its body is due");
    for _ in 0..2 {
        stream.write_all(&[b'x'; 100_000]).expect("write");
    }
    let answer = read_answer(&mut stream, "POST");
    assert_eq!(
        (answer.status(), answer.field("connection")),
        (503, Some("close"))
    );
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).expect("an end and no reset");
    assert_eq!(rest, b"");
}
