//! What the flags of `sorry serve` do.

use std::io::{Read, Write};
use std::sync::Arc;

use crate::harness::{Answer, Server, exchange};
use crate::matrix::world::{HOST, certificate};

fn get(server: &Server, accept: &str) -> Answer {
    let request = format!("GET /deep/page HTTP/1.0\r\nAccept: {accept}\r\n\r\n");
    let bytes = server.exchange(request.as_bytes());
    Answer::parse(&bytes, "GET").expect("an answer").0
}

#[test]
fn flags_change_what_is_said() {
    let server = Server::serve(&[
        "--status",
        "502",
        "--retry-after",
        "10m",
        "--say",
        "Moving.\nBack soon.",
    ]);
    let answer = get(&server, "application/json");
    assert_eq!(answer.status_line, "HTTP/1.1 502 Bad Gateway");
    let seconds: u32 = answer
        .field("retry-after")
        .and_then(|s| s.parse().ok())
        .expect("seconds");
    assert!((600..=720).contains(&seconds), "{seconds}");
    let problem: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!(problem["detail"], "Moving.\nBack soon.");

    let later = jiff::Timestamp::now().as_second() + 3600;
    let later = jiff::Timestamp::from_second(later)
        .expect("a time")
        .to_string();
    let server = Server::serve(&["--until", &later, "--retry-after", "auto"]);
    let told = server.said("is expected back").expect("a line");
    assert!(
        told.contains("sorry: the site is expected back at"),
        "{told}"
    );
    let answer = get(&server, "application/json");
    let seconds: u32 = answer
        .field("retry-after")
        .and_then(|s| s.parse().ok())
        .expect("seconds");
    assert!((3500..=3720).contains(&seconds), "{seconds}");
    let problem: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!(problem["until"], later.as_str());

    let server = Server::serve(&["--mode", "redirect"]);
    assert_eq!(get(&server, "text/html").status(), 302);
    assert_eq!(get(&server, "application/json").status(), 503);
}

#[test]
fn a_page_is_a_file_or_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let html = "<!doctype html><title>Ours</title><p>{{ status }}";
    std::fs::write(folder.path().join("page.html"), html).unwrap();
    std::fs::write(
        folder.path().join("page.de.html"),
        html.replace("Ours", "Unseres"),
    )
    .unwrap();
    let file = folder.path().join("page.html");
    for page in [folder.path(), &file] {
        let server = Server::serve(&["--page", page.to_str().unwrap()]);
        let answer = get(&server, "text/html");
        assert!(
            answer.text().contains("<title>Ours</title><p>503"),
            "{}",
            answer.text()
        );
        assert_eq!(answer.status(), 503);
    }
    let server = Server::serve(&["--page", folder.path().to_str().unwrap()]);
    let answer = get(&server, "text/html\r\nAccept-Language: de");
    assert!(answer.text().contains("Unseres"), "{}", answer.text());
}

#[test]
fn every_kind_of_listener_answers() {
    let folder = tempfile::tempdir().unwrap();
    let trust = certificate(folder.path());
    let path = |name: &str| {
        folder
            .path()
            .join(name)
            .to_str()
            .expect("a path")
            .to_owned()
    };
    let socket = path("sorry.sock");
    let unix = format!("plain:unix:{socket}");
    let (certificate, key) = (path("shop.crt"), path("shop.key"));
    let server = Server::serve(&[
        "--listen",
        "127.0.0.1:0",
        "--listen",
        "plain:[::1]:0",
        "--listen",
        &unix,
        "--tls-cert",
        &certificate,
        "--tls-key",
        &key,
        "--metrics",
        "127.0.0.1:0",
    ]);
    const GET: &[u8] = b"GET / HTTP/1.0\r\n\r\n";
    let client =
        rustls::ClientConnection::new(Arc::clone(&trust), HOST.try_into().expect("a name"));
    let tls = crate::harness::connect(server.addresses[0].parse().expect("an address"));
    let mut tls = rustls::StreamOwned::new(client.expect("a client"), tls);
    tls.write_all(GET).expect("write");
    let mut encrypted = Vec::new();
    tls.read_to_end(&mut encrypted).expect("an answer");
    let mut unix = std::os::unix::net::UnixStream::connect(&socket).expect("connect");
    unix.write_all(GET).expect("write");
    let mut local = Vec::new();
    unix.read_to_end(&mut local).expect("an answer");
    let v6 = exchange(server.addresses[1].parse().expect("an address"), GET);
    for (name, bytes) in [("TLS", encrypted), ("unix", local), ("IPv6", v6)] {
        let (answer, _) = Answer::parse(&bytes, "GET").expect(name);
        assert_eq!(answer.status(), 503, "{name}");
        let cleared = answer.field("alt-svc") == Some("clear");
        assert_eq!(
            cleared,
            name == "TLS",
            "{name}: Alt-Svc only where TLS ends here"
        );
    }
    let line = server.said("metrics on http://").expect("metrics");
    let address = line
        .split_once("http://")
        .and_then(|(_, rest)| rest.split_once('/'));
    let address = address
        .and_then(|(address, _)| address.parse().ok())
        .expect("an address");
    let page = exchange(address, b"GET /metrics HTTP/1.0\r\n\r\n");
    let page = String::from_utf8(page).expect("text");
    assert!(page.contains("sorry_answers_total{"), "{page}");
}
