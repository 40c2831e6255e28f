//! What goes wrong, for each kind of check over TCP and UDP: each has its own reason.

use std::net::UdpSocket;

use sorry_core::health::Reason;
use sorry_server::config::check::{Dns, HttpVersion, Kind, Nibbles, Smtp, Udp, UdpReply, Verify};
use sorry_server::config::real_server::{Target, TargetHost};

use super::asked::{LONG, SHORT, assert_ends, at, expecting, get, grpc, http, tls};
use super::peer::{Peer, Way, full, nobody};

/// The kinds that speak over TCP, and the beginning of an answer that each would believe.
fn kinds() -> Vec<(&'static str, Kind, &'static [u8])> {
    let mut secure = get("/");
    secure.tls = Some(tls("a.example", Verify::Off));
    let mut two = get("/");
    two.version = HttpVersion::Http2;
    let mut old = get("/");
    old.version = HttpVersion::Http10;
    let begun = b"HTTP/1.1 200 OK\r\nX: ";
    // Heads of a TLS record, of a SETTINGS frame, of a long DNS message.
    let record = &[22, 3, 3, 0x40, 0][..];
    let settings = &[0, 0x0c, 0, 4, 0, 0, 0, 0, 0][..];
    vec![
        ("http", http(get("/")), begun),
        ("http 1.0", http(old), begun),
        ("http 2", http(two), settings),
        ("https", http(secure), record),
        ("tcp", Kind::Tcp(expecting("PING\r\n", "+PONG")), b"-"),
        (
            "tls",
            Kind::Tls(Box::new(tls("a.example", Verify::Off)), expecting("x", "y")),
            record,
        ),
        ("grpc", grpc(""), settings),
        ("dns", dns(true), &[0x40, 0]),
        ("smtp", smtp(), b"220-"),
    ]
}

fn dns(tcp: bool) -> Kind {
    Kind::Dns(Dns {
        name: "example.com".into(),
        record: "A".into(),
        tcp,
        codes: vec![0],
        answer: None,
    })
}

fn smtp() -> Kind {
    Kind::Smtp(Smtp {
        helo: "watch.example".into(),
        tls: None,
    })
}

#[test]
fn refusals_are_refusals() {
    for (name, kind, _) in kinds() {
        assert_ends(
            name,
            &kind,
            at(nobody()),
            LONG,
            (Reason::Refused, "refused"),
        );
    }
}

#[test]
fn silence_is_a_timeout() {
    let peer = Peer::start(Way::Mute);
    for (name, kind, _) in kinds() {
        let outcome = assert_ends(
            name,
            &kind,
            at(peer.address),
            SHORT,
            (Reason::AnswerTimeout, "within 300 ms"),
        );
        assert!(outcome.took >= SHORT, "{name}: {:?}", outcome.took);
    }
}

#[test]
fn a_slow_drip_is_a_timeout_too_and_says_so() {
    for (name, kind, begun) in kinds() {
        let peer = Peer::start(Way::Drips(begun));
        let words = match name {
            "https" | "tls" => "no TLS handshake within 300 ms",
            "http 2" | "grpc" => "no answer within 300 ms",
            _ => "bytes came",
        };
        let expected = (Reason::AnswerTimeout, words);
        assert_ends(name, &kind, at(peer.address), SHORT, expected);
    }
}

#[test]
fn a_connection_that_ends_early_is_closed() {
    for (name, kind, begun) in kinds() {
        for words in [&b""[..], begun] {
            let peer = Peer::start(Way::Closes(words));
            let expected = match (name, words.len()) {
                // For tcp any other answer is a whole one.
                ("tcp", 1) => (Reason::Body, "closed after another answer: \"-\""),
                _ => (Reason::Closed, "closed"),
            };
            assert_ends(name, &kind, at(peer.address), LONG, expected);
        }
    }
}

#[test]
fn resets_are_resets() {
    let peer = Peer::start(Way::Resets);
    for (name, kind, _) in kinds() {
        let expected = (Reason::Reset, "reset");
        assert_ends(name, &kind, at(peer.address), LONG, expected);
    }
}

#[test]
fn another_protocol_is_told_from_a_wrong_answer() {
    let peer = Peer::start(Way::Says(b"SSH-2.0-OpenSSH_9.2p1\r\n????????\r\n"));
    for (name, kind, _) in kinds() {
        let (timeout, expected) = match name {
            "http" | "http 1.0" => (
                LONG,
                (
                    Reason::Protocol,
                    "what came is not HTTP: \"SSH-2.0-OpenSSH_9.2p1\"",
                ),
            ),
            "http 2" | "grpc" => (LONG, (Reason::Protocol, "what came is not HTTP/2")),
            "https" | "tls" => (LONG, (Reason::TlsHandshake, "what came is not TLS")),
            "smtp" => (LONG, (Reason::Protocol, "what came is not SMTP: \"SSH-2.0")),
            // Any text may have what is expected behind it, and any two bytes are a length.
            _ => (SHORT, (Reason::AnswerTimeout, "33 bytes came")),
        };
        assert_ends(name, &kind, at(peer.address), timeout, expected);
    }
}

#[test]
fn names_without_an_address_are_unresolved() {
    for (name, kind, _) in kinds() {
        let target = Target {
            host: TargetHost::Name("nowhere.invalid".into()),
            port: 80,
        };
        let expected = (Reason::Unresolved, "");
        assert_ends(name, &kind, target, LONG, expected);
    }
}

#[test]
fn no_answer_to_a_connection_is_another_timeout() {
    let (address, _held) = full();
    let expected = (Reason::ConnectTimeout, "no connection within 300 ms");
    assert_ends("full", &http(get("/")), at(address), SHORT, expected);
}

#[test]
fn no_way_is_unreachable() {
    // TCP to many at once has no way anywhere (RFC 9293, section 3.9.2.3).
    let target = at("224.0.0.1:80".parse().expect("an address"));
    let expected = (Reason::Unreachable, "the network cannot be reached");
    assert_ends("multicast", &http(get("/")), target, LONG, expected);
}

#[test]
fn answers_that_are_too_long_are_not_read() {
    static LONG_HEAD: [u8; 40_000] = {
        let mut bytes = [b'a'; 40_000];
        let begun = b"HTTP/1.1 200 OK\r\nX: ";
        let mut at = 0;
        while at < begun.len() {
            bytes[at] = begun[at];
            at += 1;
        }
        bytes
    };
    let peer = Peer::start(Way::Says(&LONG_HEAD));
    let expected = (Reason::TooLong, "the head of the answer is too long");
    assert_ends("head", &http(get("/")), at(peer.address), LONG, expected);
}

#[test]
fn datagrams_may_be_refused_lost_or_wrong() {
    let udp = |expect: Option<&[u8]>| {
        Kind::Udp(Udp {
            send: b"ping".as_slice().into(),
            reply: expect.map(|bytes| {
                let nibbles = bytes.iter().map(|&value| Nibbles { value, mask: 0xff });
                UdpReply {
                    begins: nibbles.collect(),
                    length: 0..=65_535,
                }
            }),
        })
    };
    let refused = (Reason::Refused, "refused");
    for (name, kind) in [
        ("dns", dns(false)),
        ("udp", udp(None)),
        ("udp, expecting", udp(Some(b"pong"))),
    ] {
        assert_ends(name, &kind, at(nobody()), LONG, refused);
    }
    let mute = UdpSocket::bind("127.0.0.1:0").expect("bind");
    let address = at(mute.local_addr().expect("its address"));
    let lost = (Reason::AnswerTimeout, "no answer within 300 ms");
    assert_ends("dns", &dns(false), address.clone(), SHORT, lost);
    assert_ends("udp", &udp(Some(b"pong")), address.clone(), SHORT, lost);
    let silent = (Reason::Ok, "no error came");
    assert_ends("udp", &udp(None), address.clone(), SHORT, silent);
    assert_ends("udp", &udp(Some(b"")), address, SHORT, lost);
    let echo = super::sidecar::echo();
    let another = (Reason::Body, "another reply came: \"ping\"");
    assert_ends("udp", &udp(Some(b"pong")), at(echo.address), LONG, another);
    let good = (Reason::Ok, "the expected reply came");
    assert_ends("udp", &udp(Some(b"pi")), at(echo.address), LONG, good);
    let any = |length| {
        Kind::Udp(Udp {
            send: b"ping".as_slice().into(),
            reply: Some(UdpReply {
                begins: Vec::new(),
                length,
            }),
        })
    };
    for (length, expected) in [
        (0..=65_535, (Reason::Ok, "a reply came")),
        (4..=4, (Reason::Ok, "a reply came")),
        (5..=65_535, (Reason::Body, "too short: \"ping\"")),
        (0..=3, (Reason::Body, "too long: \"ping\"")),
    ] {
        assert_ends("udp", &any(length), at(echo.address), LONG, expected);
    }
    // A datagram that answers nothing is not taken for an answer.
    assert_ends(
        "dns",
        &dns(false),
        at(echo.address),
        SHORT,
        (Reason::AnswerTimeout, "within"),
    );
}
