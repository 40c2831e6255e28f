//! Too many at once: ten thousand slow connections, and a process that is out of descriptors.

use std::io::Write;
use std::net::TcpStream;
use std::process::Command;
use std::time::Instant;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::meter::{assert_serves, await_limit, configuration, metric, resident_kib, server};
use crate::harness::{Answer, PATIENCE, SORRY, Server, connect, exchange, run, text, until};

const CROWD: usize = 10_000;

/// This process opens the crowd's ends; the server inherits the limit.
fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX);
    assert!(
        most > 11_000,
        "this test needs 11 000 descriptors; the hard limit (ulimit -Hn) is {most}"
    );
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).expect("raise the soft limit to the hard one");
}

#[test]
fn ten_thousand_slow_connections_cost_little_and_others_are_served() {
    raise_descriptors();
    let folder = tempfile::tempdir().unwrap();
    let limits =
        "head-time = \"60s\"\nidle-time = \"60s\"\nconnection-age = \"60s\"\nconnections = 12000";
    let server = server(folder.path(), limits);
    assert_serves(&server);
    let before = resident_kib(&server);
    let address = server.address();
    // Half of them have said nothing since their last answer, half are in the middle of a head.
    let mut crowd: Vec<TcpStream> = Vec::with_capacity(CROWD);
    for number in 0..CROWD {
        let mut stream = connect(address);
        let said: &[u8] = if number % 2 == 0 {
            b"GET / HTTP/1.1\r\nHost: shop.ex"
        } else {
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        };
        stream.write_all(said).expect("write");
        crowd.push(stream);
        if number % 500 == 0 {
            assert_serves(&server);
        }
    }
    let open = || (metric(&server, "sorry_connections_open") >= 10_000.0).then_some(());
    until(Instant::now() + PATIENCE, open, "all of them are in");
    for _ in 0..200 {
        assert_serves(&server);
    }
    let grown = resident_kib(&server).saturating_sub(before);
    assert!(grown < 40 * 1024, "{grown} KiB for {CROWD} connections");
    // Every one of them still gets its answer.
    for stream in crowd.iter_mut().step_by(1000) {
        stream
            .write_all(b"ample\r\nConnection: close\r\n\r\n")
            .expect("write");
        assert_eq!(
            crate::matrix::transport::read_answer(stream, "GET").status(),
            503
        );
    }
    drop(crowd);
    let gone = || (metric(&server, "sorry_connections_open") < 10.0).then_some(());
    until(Instant::now() + PATIENCE, gone, "all of them have gone");
    assert_serves(&server);
}

/// A server that may open 96 descriptors: known when it starts, or taken from it while it runs.
fn cramped(folder: &std::path::Path, limits: &str, when: Taken) -> Server {
    let file = folder.join("sorry.toml");
    std::fs::write(&file, configuration(limits, "[\"127.0.0.1:0\"]"))
        .expect("write the configuration");
    let mut command = match when {
        Taken::BeforeStart => {
            let mut command = Command::new("prlimit");
            command.args(["--nofile=96", SORRY]);
            command
        }
        Taken::WhileRunning => Command::new(SORRY),
    };
    command.args(["run", "--config"]).arg(file);
    let server = Server::spawn(command);
    if when == Taken::WhileRunning {
        let output = run(
            "prlimit",
            &["--pid", &server.pid().to_string(), "--nofile=96"],
        );
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    server
}

/// When descriptors become few.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    BeforeStart,
    WhileRunning,
}

#[test]
fn a_process_without_descriptors_answers_and_recovers() {
    // The first believes that it has room for thousands, the others know how many they have room for.
    for (limits, limit, when) in [
        ("head-time = \"60s\"", "descriptors", Taken::WhileRunning),
        (
            "connections = 1000\nhead-time = \"60s\"",
            "connections",
            Taken::BeforeStart,
        ),
        ("head-time = \"60s\"", "connections", Taken::BeforeStart),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let server = cramped(folder.path(), limits, when);
        let address = server.address();
        let crowd: Vec<TcpStream> = (0..200)
            .map(|_| {
                let mut stream = connect(address);
                // The server may close it at once: it cannot keep all of them.
                let _cut = stream.write_all(b"GET / HTTP/1.1\r\nHost: shop.ex");
                stream
            })
            .collect();
        for number in 0..50 {
            let bytes = exchange(address, b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n");
            let (answer, _) = Answer::parse(&bytes, "GET")
                .unwrap_or_else(|| panic!("{limit}: no answer to request {number}"));
            assert_eq!(
                (answer.status(), answer.field("connection")),
                (503, Some("close")),
                "{limit}"
            );
        }
        drop(crowd);
        // There is room again: the connection is kept.
        let kept = || {
            let bytes = exchange(
                address,
                b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.0\r\n\r\n",
            );
            let (_, rest) = Answer::parse(&bytes, "GET")?;
            Answer::parse(&rest, "GET").map(|_| ())
        };
        until(
            Instant::now() + PATIENCE,
            kept,
            "connections are kept again",
        );
        await_limit(&server, limit);
    }
}
