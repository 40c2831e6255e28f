//! The right words on the wrong port: TLS to a plain one, plain HTTP to one that speaks TLS.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Instant;

use super::meter::{assert_serves, await_metric, configuration, limit, server};
use crate::harness::{Answer, PATIENCE, Server, connect, exchange, until};
use crate::matrix::world::{HOST, World, certificate};

#[test]
fn tls_on_a_plain_port_gets_an_alert_that_tls_understands() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "");
    let trust = certificate(folder.path());
    for versions in [&[&rustls::version::TLS13][..], &[&rustls::version::TLS12]] {
        let provider = Arc::clone(trust.crypto_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let client =
            rustls::ClientConnection::new(Arc::new(config), HOST.try_into().unwrap()).unwrap();
        let mut stream = rustls::StreamOwned::new(client, connect(server.address()));
        let error = stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap_err();
        let expected = rustls::Error::AlertReceived(rustls::AlertDescription::ProtocolVersion);
        assert_eq!(
            error.to_string(),
            std::io::Error::other(expected).to_string()
        );
    }
    // Byte by byte: a fatal alert (2), protocol_version (70), in a record (21) of TLS 1.2 (RFC 8446, sections 5.1 and 6).
    let hello = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00";
    assert_eq!(server.exchange(hello), b"\x15\x03\x03\x00\x02\x02\x46");
    await_metric(&server, "sorry_tls_on_plain_port_total");
    assert_serves(&server);
}

#[test]
fn the_first_byte_of_a_client_hello_may_come_alone() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "head-time = \"10s\"");
    let mut stream = connect(server.address());
    stream.set_nodelay(true).unwrap();
    stream.write_all(b"\x16").unwrap();
    // The byte is read on its own: a connection is counted when it is accepted, and accepted when it has spoken.
    await_metric(&server, "sorry_connections_open");
    for _ in 0..20 {
        assert_serves(&server);
    }
    stream.write_all(b"\x03\x01\x00\x05\x01").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, b"\x15\x03\x03\x00\x02\x02\x46");
    await_metric(&server, "sorry_tls_on_plain_port_total");
}

#[test]
fn half_a_word_is_waited_for_within_the_time_for_heads() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "head-time = \"300ms\"\nidle-time = \"10m\"");
    // What may still become TLS, what may still become HTTP/2, and what may still become PUT.
    for (number, (said, answer)) in [
        (&b"\x16"[..], &b""[..]),
        (b"PRI * HT", b"HTTP/1.1 408 "),
        (b"P", b"HTTP/1.1 408 "),
    ]
    .into_iter()
    .enumerate()
    {
        let bytes = server.exchange(said);
        assert!(bytes.starts_with(answer), "{}", bytes.escape_ascii());
        assert_eq!(bytes.is_empty(), answer.is_empty());
        let counted = || (limit(&server, "head-time") == (number + 1) as f64).then_some(());
        until(Instant::now() + PATIENCE, counted, "it is counted");
    }
    assert_serves(&server);
}

#[test]
fn plain_http_on_a_tls_port_is_told_of_https() {
    let world = World::new("");
    for request in [
        "GET /a HTTP/1.1\r\nHost: shop.example\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    ] {
        let bytes = exchange(world.tls, request.as_bytes());
        let (answer, rest) = Answer::parse(&bytes, "GET").expect("an answer in plain text");
        assert_eq!((answer.status(), rest), (400, Vec::new()), "{request:?}");
        assert!(
            answer
                .field("content-type")
                .is_some_and(|kind| kind.starts_with("text/plain"))
        );
        assert!(answer.text().contains("https"), "{}", answer.text());
        assert_eq!(answer.field("connection"), Some("close"));
        assert!(answer.field("date").is_some());
    }
}

#[test]
fn plain_http_is_redirected_to_https_where_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let listen = "[{ address = \"127.0.0.1:0\", tls = true, https-redirect = true }]";
    let configuration = configuration("", listen).replace(
        "[[site]]",
        "[[tls]]\ncertificate = \"shop.crt\"\nkey = \"shop.key\"\n[[site]]",
    );
    let server = Server::run(folder.path(), &configuration);
    let port = server.address().port();
    for (host, target, status, location) in [
        (
            "shop.example",
            "/cart?id=1",
            308,
            Some(format!("https://shop.example:{port}/cart?id=1")),
        ),
        (
            "SHOP.example:80",
            "/",
            308,
            Some(format!("https://shop.example:{port}/")),
        ),
        (
            "shop.example",
            "//evil.example/",
            308,
            Some(format!("https://shop.example:{port}/")),
        ),
        // Host never goes into Location unless it is a name that the operator gave.
        ("evil.example", "/", 400, None),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let bytes = server.exchange(request.as_bytes());
        let (answer, _) = Answer::parse(&bytes, "GET").expect("an answer");
        assert_eq!(answer.status(), status, "{host}");
        assert_eq!(answer.field("location"), location.as_deref(), "{host}");
        assert!(
            answer.field("date").is_some() && answer.field("cache-control") == Some("no-store")
        );
        assert_eq!(answer.field("access-control-allow-origin"), Some("*"));
    }
}

#[test]
fn garbage_on_a_tls_port_harms_nobody() {
    let world = World::new("");
    let mut broken = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec();
    broken.extend_from_slice(&[0xff; 600]);
    for bytes in [
        &[0u8; 100][..],
        &[0xff; 70_000],
        b"\x16\x03\x01\xff\xff",
        &broken,
        b"\x15\x03\x03\x00\x02\x02\x28",
    ] {
        let mut stream = connect(world.tls);
        // The server may have gone before everything was written.
        let _cut = stream.write_all(bytes);
        let _half_closed = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _reset_is_fine = stream.read_to_end(&mut answer);
        // Nothing, an alert, or plain words for those who did not speak TLS at all.
        assert!(
            matches!(answer.first(), None | Some(0x15 | b'H')),
            "{}",
            answer.escape_ascii()
        );
    }
    let request = crate::matrix::transport::Request::get("/");
    for transport in crate::matrix::transport::Transport::ALL {
        assert_eq!(
            crate::matrix::transport::ask(&world, transport, &request).status(),
            503
        );
    }
}
