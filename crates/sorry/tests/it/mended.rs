//! Mistakes that were made once: each of these has been seen to fail.

mod assets;
mod certificates;
mod plain_files;
mod socket_files;
mod strangers;

use std::io::{Read, Write};
use std::path::Path;
use std::time::Instant;

use crate::harness::{Answer, PATIENCE, Server, connect, text, until};
use crate::matrix::world::certificate;

fn configuration(listen: &str, more: &str) -> String {
    format!(
        "workers = 2\n[admin]\nsocket = \"none\"\n{more}\n[[site]]\nname = \"shop\"\nhosts = [\"shop.example\"]\n\
         [site.sorry]\nlisten = {listen}\n"
    )
}

#[test]
fn what_is_no_request_is_logged_and_a_malformed_head_gets_no_body() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("access.log");
    let log = format!(
        "[log]\naccess = \"combined\"\naccess-file = \"{}\"",
        file.display()
    );
    let server = Server::run(folder.path(), &configuration("[\"127.0.0.1:0\"]", &log));
    let answer = text(&server.exchange(b"HEAD / HTTP/1.1\r\n\r\n"));
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(!head.contains("Content-Length: 0"), "as GET would have it");
    assert_eq!(body, "");
    let target = format!("GET /{} HTTP/1.1\r\n", "a".repeat(70_000));
    for request in ["GET / HTTP/3.0\r\n", &target] {
        let answer = server.exchange(request.as_bytes());
        assert!(!Answer::parse(&answer, "GET").unwrap().0.body.is_empty());
    }
    let lines = || {
        let lines = text(&std::fs::read(&file).unwrap_or_default());
        (lines.lines().count() == 3).then_some(lines)
    };
    let lines = until(Instant::now() + PATIENCE, lines, "three lines are written");
    for status in ["400 0", "505 ", "414 "] {
        let logged = format!("\"- - HTTP/1.1\" {status}");
        assert!(lines.contains(&logged), "{logged} in\n{lines}");
    }
}

#[test]
fn the_access_log_says_retry_after_where_the_answer_did_and_which_name_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("access.log");
    let log = format!(
        "[log]\naccess = \"json\"\naccess-file = \"{}\"",
        file.display()
    );
    std::fs::write(folder.path().join("robots.txt"), "User-agent: *\n").unwrap();
    let configuration = configuration("[\"127.0.0.1:0\"]\nrobots = \"robots.txt\"", &log);
    let server = Server::run(folder.path(), &configuration);
    for (target, host, name) in [
        ("/", "SHOP.Example.:80", Some("shop.example")),
        ("/.sorry/alive", "shop.example", Some("shop.example")),
        ("/robots.txt", "evil.example", Some("evil.example")),
        ("/a", "", None),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let (answer, _) = Answer::parse(&server.exchange(request.as_bytes()), "GET").unwrap();
        let id = answer.field("x-request-id").expect("an id");
        let look = || {
            let log = text(&std::fs::read(&file).unwrap_or_default());
            let line = log.lines().find(|line| line.contains(id))?.to_owned();
            serde_json::from_str::<serde_json::Value>(&line).ok()
        };
        let line = until(Instant::now() + PATIENCE, look, "its line is written");
        let seconds = answer
            .field("retry-after")
            .map(|text| text.parse::<u32>().unwrap());
        assert_eq!(line["retry_after"], serde_json::json!(seconds), "{target}");
        assert_eq!(line["host"], serde_json::json!(name), "{target}");
        assert_eq!(seconds.is_some(), answer.status() == 503, "{target}");
    }
}

#[test]
fn a_plain_request_in_several_pieces_is_redirected_to_https() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let listen = "[{ address = \"127.0.0.1:0\", tls = true, https-redirect = true }]";
    let tls = "[[tls]]\ncertificate = \"shop.crt\"\nkey = \"shop.key\"";
    let server = Server::run(folder.path(), &configuration(listen, tls));
    let mut stream = connect(server.address());
    let cookie = "c".repeat(6000);
    let request = format!("GET /cart HTTP/1.1\r\nCookie: {cookie}\r\nHost: shop.example\r\n\r\n");
    for piece in request.as_bytes().chunks(2500) {
        stream.write_all(piece).unwrap();
    }
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let (answer, _) = Answer::parse(&answer, "GET").expect("an answer");
    let location = format!("https://shop.example:{}/cart", server.address().port());
    assert_eq!(answer.status(), 308);
    assert_eq!(answer.field("location"), Some(location.as_str()));
}

#[test]
fn a_reload_takes_the_file_of_a_unix_listener_away() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("sorry.sock");
    let both = format!("[\"127.0.0.1:0\", \"unix:{}\"]", socket.display());
    let server = Server::run(folder.path(), &configuration(&both, ""));
    assert!(socket.exists());
    reload(
        &server,
        folder.path(),
        &configuration("[\"127.0.0.1:0\"]", ""),
    );
    let gone = || (!socket.exists()).then_some(());
    until(Instant::now() + PATIENCE, gone, "the file is gone");
}

#[test]
fn a_narrower_address_is_told_to_need_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::run(folder.path(), &configuration("[\"0.0.0.0:0\"]", ""));
    let port = server.address().port();
    let narrower = format!("[\"127.0.0.1:{port}\"]");
    reload(&server, folder.path(), &configuration(&narrower, ""));
    server.wait_for("the running configuration listens on port");
}

fn reload(server: &Server, folder: &Path, configuration: &str) {
    std::fs::write(folder.join("sorry.toml"), configuration).expect("write the configuration");
    server.signal("HUP");
}
