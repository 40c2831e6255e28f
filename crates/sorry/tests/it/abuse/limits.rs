//! Each limit of time and number, set small, reached, answered and counted.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::meter::{
    assert_serves, await_limit, await_metric, configuration, limit, metric, server,
};
use crate::harness::{Answer, PATIENCE, Server, connect, until};
use crate::matrix::transport::{Request, Transport, ask, ask_all, block_on, h2_ask, read_answer};
use crate::matrix::world::{HOST, World};

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n";

/// Reads to the end of the connection.
fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an orderly end");
    bytes
}

#[test]
fn a_slow_head_gets_408() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(folder.path(), "head-time = \"300ms\"\nidle-time = \"60s\"");
    for beginning in [
        "GET / HTTP/1.1\r\nHost: shop",
        "G",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\n",
    ] {
        let mut stream = connect(server.address());
        stream.write_all(beginning.as_bytes()).expect("write");
        let start = Instant::now();
        let bytes = rest(&mut stream);
        // Well before an idle connection would end.
        let took = start.elapsed();
        assert!(took < Duration::from_secs(4), "{beginning:?}: {took:?}");
        let mut answers = Vec::new();
        let mut left = bytes.as_slice().to_vec();
        while let Some((answer, more)) = Answer::parse(&left, "GET") {
            answers.push(answer.status());
            left = more;
        }
        let whole = beginning.matches("\r\n\r\n").count();
        assert_eq!(answers.len(), whole + 1, "{beginning:?}: {answers:?}");
        assert_eq!(answers.last(), Some(&408), "{beginning:?}");
    }
    await_limit(&server, "head-time");
    assert_serves(&server);
}

#[test]
fn a_head_that_drips_gets_408_all_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(folder.path(), "head-time = \"500ms\"\nidle-time = \"60s\"");
    let mut stream = connect(server.address());
    let pause = Duration::from_millis(50);
    stream
        .set_read_timeout(Some(pause))
        .expect("a limit of time");
    let start = Instant::now();
    stream.write_all(b"GET / HTTP/1.1\r\n").expect("write");
    let mut buffer = [0; 4096];
    // A field each time the server has kept silent for a while.
    let count = loop {
        match stream.read(&mut buffer) {
            Ok(count) => break count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                stream.write_all(b"X: y\r\n").expect("write");
            }
            Err(error) => panic!("{error}"),
        }
        assert!(start.elapsed() < PATIENCE, "it is never enough");
    };
    assert!(buffer[..count].starts_with(b"HTTP/1.1 408 Request Timeout\r\n"));
    assert!(
        start.elapsed() >= Duration::from_millis(450),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn silence_ends_a_connection_without_a_word() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(folder.path(), "idle-time = \"300ms\"");
    let mut silent = connect(server.address());
    assert_eq!(rest(&mut silent), b"");
    let mut kept = connect(server.address());
    kept.write_all(GET).expect("write");
    assert_eq!(read_answer(&mut kept, "GET").status(), 503);
    assert_eq!(rest(&mut kept), b"");
    await_limit(&server, "idle-time");
    assert_serves(&server);
}

#[test]
fn an_old_connection_ends_with_an_answer_that_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(
        folder.path(),
        "connection-age = \"500ms\"\nidle-time = \"60s\"\nrequests-per-connection = 1000000",
    );
    let mut stream = connect(server.address());
    let start = Instant::now();
    let last = loop {
        stream.write_all(GET).expect("write");
        let answer = read_answer(&mut stream, "GET");
        assert_eq!(answer.status(), 503);
        if answer.field("connection") == Some("close") {
            break Instant::now();
        }
        assert!(start.elapsed() < PATIENCE, "it never grows old");
    };
    assert!(
        last - start >= Duration::from_millis(450),
        "{:?}",
        last - start
    );
    assert_eq!(rest(&mut stream), b"");
    // One that is silent when it grows old is closed where it stands.
    let mut silent = connect(server.address());
    silent.write_all(GET).expect("write");
    assert_eq!(read_answer(&mut silent, "GET").status(), 503);
    assert_eq!(rest(&mut silent), b"");
    await_limit(&server, "connection-age");
}

#[test]
fn an_old_http2_connection_is_told_goodbye() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(
        folder.path(),
        "connection-age = \"500ms\"\nidle-time = \"60s\"\nrequests-per-connection = 1000000",
    );
    block_on(async {
        let stream = tokio::net::TcpStream::connect(server.address())
            .await
            .expect("connect");
        let (mut sender, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
        let driver = async { connection.await.expect("GOAWAY with NO_ERROR") };
        let asking = async {
            let answer = h2_ask(&mut sender, "http", &Request::get("/")).await;
            assert_eq!(answer.status(), 503);
            sender
        };
        // The connection ends by itself although the client keeps its end of it.
        let ((), _sender) = tokio::join!(driver, asking);
    });
    await_limit(&server, "connection-age");
    assert_serves(&server);
}

#[test]
fn nothing_outlives_a_connection_s_life() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = "connection-life = \"1s\"\nconnection-age = \"10m\"\nbody-time = \"10m\"\nidle-time = \"10m\"";
    let server = server(folder.path(), limits);
    let upload = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf";
    // In the middle of a body, and between two requests.
    for (number, said) in [&upload[..], GET].into_iter().enumerate() {
        let mut stream = connect(server.address());
        let start = Instant::now();
        stream.write_all(said).expect("write");
        let mut answer = Vec::new();
        // An end with an unread body may be a reset.
        let _reset_is_fine = stream.read_to_end(&mut answer);
        assert!(answer.starts_with(b"HTTP/1.1 503 "));
        let lived = start.elapsed();
        assert!(lived >= Duration::from_millis(950), "{lived:?}");
        let counted = || (limit(&server, "connection-life") == (number + 1) as f64).then_some(());
        until(Instant::now() + PATIENCE, counted, "it is counted");
    }
    assert_serves(&server);
}

#[test]
fn so_many_requests_and_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(folder.path(), "requests-per-connection = 3");
    let mut bytes = server.exchange(&GET.repeat(10));
    let mut said = Vec::new();
    while let Some((answer, rest)) = Answer::parse(&bytes, "GET") {
        said.push(answer.field("connection").map(str::to_owned));
        bytes = rest;
    }
    assert_eq!(said, [None, None, Some("close".to_owned())]);
    await_limit(&server, "requests-per-connection");
    let counted = metric(
        &server,
        "sorry_limit_reached_total{limit=\"requests-per-connection\"}",
    );
    block_on(async {
        let stream = tokio::net::TcpStream::connect(server.address())
            .await
            .expect("connect");
        let (mut sender, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
        let driver = async { connection.await.expect("GOAWAY with NO_ERROR") };
        let asking = async {
            for _ in 0..3 {
                let answer = h2_ask(&mut sender, "http", &Request::get("/")).await;
                assert_eq!(answer.status(), 503);
            }
            sender
        };
        let ((), _sender) = tokio::join!(driver, asking);
    });
    let more = || {
        (metric(
            &server,
            "sorry_limit_reached_total{limit=\"requests-per-connection\"}",
        ) > counted)
            .then_some(())
    };
    until(Instant::now() + PATIENCE, more, "HTTP/2 is counted too");
}

#[test]
fn beyond_the_most_connections_everybody_is_answered_and_nobody_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(
        folder.path(),
        "connections = 10\nidle-time = \"60s\"\nconnection-age = \"60s\"",
    );
    let mut holders: Vec<TcpStream> = (0..10)
        .map(|_| {
            let mut stream = connect(server.address());
            stream.write_all(GET).expect("write");
            let answer = read_answer(&mut stream, "GET");
            assert_eq!(answer.field("connection"), None);
            stream
        })
        .collect();
    for _ in 0..30 {
        let bytes = server.exchange(GET);
        let (answer, _) = Answer::parse(&bytes, "GET").expect("an answer");
        assert_eq!(
            (answer.status(), answer.field("connection")),
            (503, Some("close"))
        );
    }
    await_limit(&server, "connections");
    // Those who were there first are still served, and there is room again when they have gone.
    for stream in &mut holders {
        stream.write_all(GET).expect("write");
        assert_eq!(read_answer(stream, "GET").status(), 503);
    }
    drop(holders);
    let kept = || {
        let mut stream = connect(server.address());
        stream.write_all(GET).expect("write");
        let answer = read_answer(&mut stream, "GET");
        answer.field("connection").is_none().then_some(())
    };
    until(Instant::now() + PATIENCE, kept, "there is room again");
}

#[test]
fn a_client_that_does_not_read_is_not_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(
        folder.path(),
        "write-time = \"500ms\"\nconnection-age = \"60s\"\nrequests-per-connection = 1000000",
    );
    let mut stream = connect(server.address());
    stream
        .set_write_timeout(Some(Duration::from_millis(200)))
        .expect("a limit of time");
    let pipeline = b"GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n".repeat(500);
    let start = Instant::now();
    // Requests without end, and not one answer is taken.
    let error = loop {
        match stream.write(&pipeline) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => break error,
            _ => assert!(start.elapsed() < PATIENCE, "it is never enough"),
        }
    };
    assert!(
        matches!(
            error.kind(),
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
        ),
        "{error}"
    );
    await_limit(&server, "write-time");
    assert_serves(&server);
}

/// A TLS listener with these limits, and clients that begin a handshake and go no further.
fn stalled_handshakes(limits: &str, clients: usize) -> (World, Vec<TcpStream>) {
    let folder = tempfile::tempdir().expect("a folder");
    let metrics = "[metrics]\nlisten = \"127.0.0.1:0\"";
    let world = World::in_folder(folder, &format!("{limits}\n{metrics}"), "");
    let name = HOST.try_into().expect("a server name");
    let client = rustls::ClientConnection::new(std::sync::Arc::clone(&world.trust), name);
    let mut hello = Vec::new();
    let written = client.expect("a TLS client").write_tls(&mut hello);
    written.expect("a ClientHello");
    let stalled = (0..clients)
        .map(|number| {
            let mut stream = connect(world.tls);
            // Half of them go as far as to be sent the server's whole flight.
            let said = if number % 2 == 0 { &hello[..6] } else { &hello };
            stream.write_all(said).expect("write");
            stream
        })
        .collect();
    (world, stalled)
}

#[test]
fn stalled_tls_handshakes_are_so_many_and_hold_nobody_up() {
    let limits = "tls-handshake-time = \"10m\"\ntls-handshakes = 4";
    let (world, mut stalled) = stalled_handshakes(limits, 40);
    let bounded = || {
        let ended = limit(&world.server, "tls-handshakes") == 36.0;
        (ended && metric(&world.server, "sorry_connections_open") == 4.0).then_some(())
    };
    until(Instant::now() + PATIENCE, bounded, "four are kept");
    // The first one comes in the place of one that is stuck, the second one in that of the first.
    for transport in [Transport::H2Tls, Transport::Http11Tls] {
        assert_eq!(ask(&world, transport, &Request::get("/")).status(), 503);
    }
    let left = || (stalled.iter_mut().filter_map(waits).count() == 3).then_some(());
    until(Instant::now() + PATIENCE, left, "three still wait");
    assert_eq!(limit(&world.server, "tls-handshakes"), 37.0);
    await_metric(&world.server, "sorry_tls_handshakes_total");
}

/// Whether a server keeps its end of a connection, whatever it has said on it.
fn waits(stream: &mut TcpStream) -> Option<()> {
    stream.set_nonblocking(true).expect("look only");
    loop {
        match stream.read(&mut [0; 4096]) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => return (error.kind() == ErrorKind::WouldBlock).then_some(()),
        }
    }
}

/// A handshake has its place among the connections before it begins: stalled ones filled them all, and kept everybody out.
#[test]
fn stalled_tls_handshakes_keep_nobody_out_at_the_most_connections() {
    let limits = "tls-handshake-time = \"10m\"\nconnections = 4";
    let (world, _stalled) = stalled_handshakes(limits, 4);
    let full = || (metric(&world.server, "sorry_connections_open") == 4.0).then_some(());
    until(Instant::now() + PATIENCE, full, "all places are taken");
    for transport in [Transport::H2Tls, Transport::Http11Tls] {
        assert_eq!(ask(&world, transport, &Request::get("/")).status(), 503);
    }
    await_limit(&world.server, "tls-handshakes");
    await_limit(&world.server, "connections");
}

#[test]
fn tls_handshakes_have_a_time() {
    let (world, mut stalled) = stalled_handshakes("tls-handshake-time = \"1s\"", 4);
    for stream in &mut stalled {
        let mut bytes = Vec::new();
        let _reset_is_fine = stream.read_to_end(&mut bytes);
    }
    await_limit(&world.server, "tls-handshake-time");
    assert_eq!(
        ask(&world, Transport::H2Tls, &Request::get("/")).status(),
        503
    );
}

#[test]
fn a_client_that_never_closes_is_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(folder.path(), "linger-time = \"300ms\"");
    let mut stream = connect(server.address());
    stream.write_all(b"no request\r\n\r\n").expect("write");
    assert!(rest(&mut stream).starts_with(b"HTTP/1.1 400 "));
    // Our end of it stays open, and theirs does not.
    await_limit(&server, "linger-time");
    let open = || (metric(&server, "sorry_connections_open") == 0.0).then_some(());
    until(
        Instant::now() + PATIENCE,
        open,
        "the connection is forgotten",
    );
}

#[test]
fn http2_requests_have_a_size_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let limits = "http2-header-bytes = \"16 KiB\"";
    let metrics = "[metrics]\nlisten = \"127.0.0.1:0\"";
    let world = World::in_folder(folder, &format!("{limits}\n{metrics}"), "");
    let large = Request::get("/").with("x-large", &"a".repeat(20_000));
    let small = Request::get("/").with("x-small", &"a".repeat(10_000));
    for transport in [Transport::H2c, Transport::H2Tls] {
        let answers = ask_all(&world, transport, &[large.clone(), small.clone()]);
        assert_eq!(answers[0].status(), 431, "{transport:?}");
        assert!(answers[0].field("date").is_some() && answers[0].body.is_empty());
        let readable_by = answers[0].field("access-control-allow-origin");
        assert_eq!(readable_by, Some("*"), "{transport:?}");
        // The connection goes on, and its compression has not lost its place.
        assert_eq!(answers[1].status(), 503, "{transport:?}");
    }
    await_limit(&world.server, "http2-header-bytes");
}

#[test]
fn a_page_beyond_its_limits_is_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("page");
    std::fs::create_dir(&page).expect("a folder");
    std::fs::write(page.join("page.txt"), "closed").expect("write the page");
    let limits = "page-bytes = \"1 KiB\"\nassets = 1";
    let configuration = configuration(limits, "[\"127.0.0.1:0\"]");
    let server = Server::run(folder.path(), &format!("{configuration}page = \"page\"\n"));
    std::fs::write(page.join("page.txt"), "x".repeat(2000)).expect("write the page");
    server.signal("HUP");
    await_limit(&server, "page-bytes");
    std::fs::write(page.join("page.txt"), "closed").expect("write the page");
    for asset in ["a.png", "b.png"] {
        std::fs::write(page.join(asset), "").expect("write an asset");
    }
    server.signal("HUP");
    await_limit(&server, "assets");
    assert_serves(&server);
}
