//! The PROXY protocol: required and believed from listed addresses, refused from all others.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::meter::{await_limit, await_metric, configuration};
use crate::harness::{Answer, PATIENCE, Server, until};
use crate::matrix::transport::connect_from;
use crate::matrix::world::certificate;

const GET: &str = "GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n";

/// Believes 127.0.0.8/29 and nobody else; writes an access log.
fn server(folder: &Path) -> Server {
    world(folder).0
}

/// The same, and a client that trusts its certificate.
fn world(folder: &Path) -> (Server, Arc<rustls::ClientConfig>) {
    let trust = certificate(folder);
    let from = "proxy-protocol-from = [\"127.0.0.8/29\"]";
    let listen = format!(
        "[{{ address = \"127.0.0.1:0\", {from} }}, {{ address = \"127.0.0.2:0\", tls = true, {from} }}]"
    );
    let file = configuration("proxy-header-time = \"300ms\"", &listen)
        .replace("[[site]]", "[log]\naccess = \"json\"\naccess-file = \"access.log\"\n[[tls]]\ncertificate = \"shop.crt\"\nkey = \"shop.key\"\n[[site]]");
    let server = Server::run(folder, &format!("{file}retry-after = \"300s\"\n"));
    (server, trust)
}

/// Writes all from a listed proxy, or from a stranger, and reads to the end.
fn say(server: &Server, from: [u8; 4], bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect_from(from.into(), server.address());
    stream.write_all(bytes).expect("write");
    let mut answer = Vec::new();
    // A connection that is cut with bytes unread ends in a reset.
    let _reset_is_fine = stream.read_to_end(&mut answer);
    answer
}

const PROXY: [u8; 4] = [127, 0, 0, 9];
const STRANGER: [u8; 4] = [127, 0, 0, 1];

fn v1(client: &str) -> Vec<u8> {
    let family = if client.contains(':') { "TCP6" } else { "TCP4" };
    let to = if client.contains(':') {
        "2001:db8::1"
    } else {
        "192.0.2.1"
    };
    format!("PROXY {family} {client} {to} 4711 80\r\n").into_bytes()
}

fn v2(command: u8, client: IpAddr) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    let addresses = match client {
        IpAddr::V4(v4) => [&v4.octets()[..], &[192, 0, 2, 1, 0x12, 0x67, 0, 80]].concat(),
        IpAddr::V6(v6) => [&v6.octets()[..], &[0; 16], &[0x12, 0x67, 0, 80]].concat(),
    };
    header.extend_from_slice(&[0x20 | command, if client.is_ipv4() { 0x11 } else { 0x21 }]);
    let length = u16::try_from(addresses.len()).expect("a short header");
    header.extend_from_slice(&length.to_be_bytes());
    header.extend_from_slice(&addresses);
    header
}

fn answered(bytes: &[u8]) -> Answer {
    Answer::parse(bytes, "GET")
        .map(|(answer, _)| answer)
        .expect("an answer")
}

/// The client that the access log shows for an answer.
fn logged(folder: &Path, answer: &Answer) -> String {
    let id = answer.field("x-request-id").expect("an id");
    let look = || {
        let log = std::fs::read_to_string(folder.join("access.log")).ok()?;
        let line = log.lines().find(|line| line.contains(id))?;
        let entry: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(entry["client"].as_str().unwrap_or("none").to_owned())
    };
    until(
        Instant::now() + PATIENCE,
        look,
        "the access log shows the request",
    )
}

#[test]
fn the_client_is_whom_a_listed_proxy_names() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    for client in ["203.0.113.7", "198.51.100.200", "2001:db8::17"] {
        let mut heard = BTreeSet::new();
        for header in [v1(client), v2(1, client.parse().unwrap())] {
            let answer = answered(&say(&server, PROXY, &[&header, GET.as_bytes()].concat()));
            assert_eq!(answer.status(), 503);
            assert_eq!(logged(folder.path(), &answer), client);
            heard.insert(answer.field("retry-after").map(str::to_owned));
        }
        assert_eq!(
            heard.len(),
            1,
            "{client} hears one number whichever way it comes"
        );
    }
    let spread: BTreeSet<_> = (1..=40u8)
        .map(|last| {
            let header = v2(1, IpAddr::from([203, 0, 113, last]));
            let answer = answered(&say(&server, PROXY, &[&header, GET.as_bytes()].concat()));
            answer
                .field("retry-after")
                .and_then(|n| n.parse::<u32>().ok())
                .expect("seconds")
        })
        .collect();
    assert!(
        spread.len() > 10 && spread.iter().all(|n| (300..=360).contains(n)),
        "{spread:?}"
    );
    // LOCAL and UNKNOWN: the proxy speaks for itself.
    for header in [
        v2(0, IpAddr::from([203, 0, 113, 1])),
        b"PROXY UNKNOWN\r\n".to_vec(),
    ] {
        let answer = answered(&say(&server, PROXY, &[&header, GET.as_bytes()].concat()));
        assert_eq!(logged(folder.path(), &answer), "127.0.0.9");
    }
}

#[test]
fn a_header_may_come_in_pieces_and_before_tls() {
    let folder = tempfile::tempdir().unwrap();
    let (server, trust) = world(folder.path());
    let mut stream = connect_from(PROXY.into(), server.address());
    stream.set_nodelay(true).expect("no delay");
    for byte in [
        v2(1, IpAddr::from([203, 0, 113, 5])),
        GET.as_bytes().to_vec(),
    ]
    .concat()
    {
        stream.write_all(&[byte]).expect("write");
    }
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer");
    assert_eq!(logged(folder.path(), &answered(&bytes)), "203.0.113.5");

    let client = rustls::ClientConnection::new(trust, "shop.example".try_into().unwrap()).unwrap();
    let mut socket = connect_from(PROXY.into(), server.addresses[1].parse().unwrap());
    socket.write_all(&v1("203.0.113.6")).expect("write");
    let mut stream = rustls::StreamOwned::new(client, socket);
    stream.write_all(GET.as_bytes()).expect("write");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("an answer");
    assert_eq!(logged(folder.path(), &answered(&bytes)), "203.0.113.6");
}

#[test]
fn a_listed_proxy_without_a_right_header_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = server(folder.path());
    let mut broken_tlv = v2(1, IpAddr::from([203, 0, 113, 1]));
    broken_tlv[15] += 3;
    broken_tlv.extend_from_slice(&[4, 0, 99]);
    let mut unknown_version = v2(1, IpAddr::from([203, 0, 113, 1]));
    unknown_version[12] = 0x31;
    let bad: [&[u8]; 8] = [
        b"",
        b"PROXY TCP4 203.0.113.1 192.0.2.1 99999 80\r\n",
        b"PROXY TCP4 shop.example 192.0.2.1 1 80\r\n",
        b"PROXY TCP6 203.0.113.1 192.0.2.1 1 80\r\n",
        b"PROXY TCP4 203.0.113.1 192.0.2.1 1 80\n",
        b"PROXY NONSENSE\r\n",
        &broken_tlv,
        &unknown_version,
    ];
    for header in bad {
        let answer = say(&server, PROXY, &[header, GET.as_bytes()].concat());
        assert_eq!(
            answer,
            b"",
            "{}: closed without a word",
            header.escape_ascii()
        );
    }
    await_metric(&server, "sorry_proxy_header_faults_total");
    let line = server.wait_for("a connection from 127.0.0.9 was closed");
    assert!(
        line.contains("127.0.0.1:0: ") && line.contains("proxy-protocol-from"),
        "{line}"
    );
    // Late: nothing, or half a header, for longer than the limit.
    for beginning in [&b"PROXY TCP4 203."[..], b"\r\n\r\n\0\r\nQUIT"] {
        assert_eq!(say(&server, PROXY, beginning), b"");
    }
    await_limit(&server, "proxy-header-time");
    let log = std::fs::read_to_string(folder.path().join("access.log")).unwrap_or_default();
    assert_eq!(log, "", "nothing was answered");
}

#[test]
fn a_header_of_a_stranger_is_a_bad_request() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = server(folder.path());
    for header in [v1("203.0.113.7"), v2(1, IpAddr::from([203, 0, 113, 7]))] {
        let answer = answered(&say(&server, STRANGER, &[&header, GET.as_bytes()].concat()));
        assert_eq!(answer.status(), 400);
        let said = answer.text();
        assert!(
            said.contains("PROXY header") && said.contains("proxy-protocol-from"),
            "{said}"
        );
    }
    let line = server.wait_for("127.0.0.1 sent a PROXY header");
    assert!(
        line.contains("127.0.0.1:0: ") && line.contains("proxy-protocol-from"),
        "{line}"
    );
    await_metric(&server, "sorry_bad_requests_total{reason=\"proxy-header\"}");
    let answer = answered(&say(&server, STRANGER, GET.as_bytes()));
    assert_eq!(answer.status(), 503);
    assert_eq!(logged(folder.path(), &answer), "127.0.0.1");
}

#[test]
fn a_header_that_nobody_expects_is_known_in_pieces_and_before_tls() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    let v2 = v2(1, IpAddr::from([203, 0, 113, 7]));
    for header in [v1("203.0.113.7"), v2.clone()] {
        let mut stream = connect_from(STRANGER.into(), server.address());
        stream.set_nodelay(true).expect("no delay");
        for byte in &header[..12] {
            stream.write_all(&[*byte]).expect("write");
        }
        let mut answer = Vec::new();
        let _reset_is_fine = stream.read_to_end(&mut answer);
        assert!(answered(&answer).text().contains("PROXY header"));
    }
    for header in [v1("203.0.113.7"), v2] {
        let mut stream = connect_from(STRANGER.into(), server.addresses[1].parse().unwrap());
        stream.write_all(&header).expect("write");
        let mut answer = Vec::new();
        let _reset_is_fine = stream.read_to_end(&mut answer);
        assert!(answered(&answer).text().contains("PROXY header"));
    }
}
