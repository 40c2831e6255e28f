//! PROXY headers of both versions: whole, in pieces, and bad.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::listen::socket::{Peer, Raw, Socket};

fn show(parsed: Parsed<'_>) -> String {
    match parsed {
        Parsed::Partial => "partial".to_owned(),
        Parsed::NotProxy => "not a header".to_owned(),
        Parsed::Invalid(invalid) => format!("invalid: {invalid}"),
        Parsed::Done(header) => {
            let ends = match header.endpoints {
                Endpoints::Local => "local".to_owned(),
                Endpoints::Unknown => "unknown".to_owned(),
                Endpoints::Proxied {
                    source,
                    destination,
                } => format!("{source} -> {destination}"),
            };
            format!("{ends}, {} bytes", header.consumed)
        }
    }
}

fn check(bytes: &[u8], expected: &Expect) {
    expected.assert_eq(&show(parse(bytes)));
}

#[test]
fn version_1_lines() {
    let longest = format!(
        "PROXY TCP6 {0} {0} 65535 65535\r\n",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
    );
    for (line, expected) in [
        (
            "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\nGET /",
            expect!["192.0.2.1:56324 -> 198.51.100.7:443, 45 bytes"],
        ),
        (
            "PROXY TCP6 2001:db8::1 ::1 1 80\r\n",
            expect!["[2001:db8::1]:1 -> [::1]:80, 33 bytes"],
        ),
        (
            "PROXY TCP6 ::ffff:192.0.2.1 ::1 1 80\r\n",
            expect!["192.0.2.1:1 -> [::1]:80, 38 bytes"],
        ),
        (
            &longest,
            expect![
                "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 -> [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535, 104 bytes"
            ],
        ),
        ("PROXY UNKNOWN\r\n", expect!["unknown, 15 bytes"]),
        (
            "PROXY UNKNOWN ffff:f::1 whatever 65535\r\n",
            expect!["unknown, 40 bytes"],
        ),
    ] {
        check(line.as_bytes(), &expected);
    }
}

#[test]
fn version_1_mistakes() {
    let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(92));
    for (line, expected) in [
        ("PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n", Invalid::Protocol),
        ("PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n", Invalid::Protocol),
        ("PROXY \r\n", Invalid::Protocol),
        ("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", Invalid::Fields),
        ("PROXY TCP4\r\n", Invalid::Address),
        ("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n", Invalid::Fields),
        ("PROXY TCP4 1.2.3.4  1.2.3.4 1 2\r\n", Invalid::Address),
        ("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n", Invalid::Fields),
        ("PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n", Invalid::Address),
        ("PROXY TCP4 ::1 ::1 1 2\r\n", Invalid::Address),
        ("PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n", Invalid::Address),
        ("PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n", Invalid::Port),
        ("PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n", Invalid::Port),
        ("PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n", Invalid::Port),
        ("PROXY TCP4 1.2.3.4 1.2.3.4  2\r\n", Invalid::Port),
        ("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n", Invalid::LineEnd),
        ("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\rx", Invalid::LineEnd),
        (&long, Invalid::LongLine),
    ] {
        assert_eq!(
            parse(line.as_bytes()),
            Parsed::Invalid(expected),
            "{line:?}"
        );
    }
}

#[test]
fn other_protocols_are_told_at_the_first_byte_that_differs() {
    for bytes in [
        "GET / HTTP/1.1\r\n",
        "PRI * HTTP/2.0\r\n",
        "PROXYTCP4",
        "PROPFIND /",
        "\r\nGET /",
        "\x16\x03\x01",
        "\r\n\r\n\0\r\nQUIX",
    ] {
        check(bytes.as_bytes(), &expect!["not a header"]);
    }
    for bytes in ["", "P", "PROXY ", "\r\n", "\r\n\r\n\0\r\nQUIT\n"] {
        check(bytes.as_bytes(), &expect!["partial"]);
    }
}

/// A version 2 header; the length is computed.
fn v2(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
    let mut bytes = v2::SIGNATURE.to_vec();
    bytes.extend([command, family]);
    bytes.extend(u16::try_from(block.len()).unwrap().to_be_bytes());
    bytes.extend(block);
    bytes
}

fn ipv4(tlvs: &[u8]) -> Vec<u8> {
    let mut block = vec![192, 0, 2, 1, 198, 51, 100, 7, 0xdc, 4, 1, 0xbb];
    block.extend(tlvs);
    block
}

fn ipv6() -> Vec<u8> {
    let mut block = [[0; 15].as_slice(), &[1], &[0; 15], &[2]].concat();
    block.extend([0, 80, 1, 0xbb]);
    block
}

#[test]
fn version_2_headers() {
    for (bytes, expected) in [
        (
            v2(0x21, 0x11, &ipv4(&[])),
            expect!["192.0.2.1:56324 -> 198.51.100.7:443, 28 bytes"],
        ),
        (
            v2(0x21, 0x12, &ipv4(&[])),
            expect!["192.0.2.1:56324 -> 198.51.100.7:443, 28 bytes"],
        ),
        (
            v2(0x21, 0x21, &ipv6()),
            expect!["[::1]:80 -> [::2]:443, 52 bytes"],
        ),
        (v2(0x21, 0x31, &[0; 216]), expect!["unknown, 232 bytes"]),
        (v2(0x21, 0x00, &[]), expect!["unknown, 16 bytes"]),
        (v2(0x21, 0x00, b"junk"), expect!["unknown, 20 bytes"]),
        (v2(0x20, 0x00, &[]), expect!["local, 16 bytes"]),
        (v2(0x20, 0x11, &ipv4(b"junk")), expect!["local, 32 bytes"]),
        (
            v2(0x21, 0x11, &ipv4(b"\x04\0\x02xx\x01\0\x02h2")),
            expect!["192.0.2.1:56324 -> 198.51.100.7:443, 38 bytes"],
        ),
        (
            v2(0x11, 0x11, &ipv4(&[])),
            expect!["invalid: unknown version"],
        ),
        (
            v2(0x22, 0x11, &ipv4(&[])),
            expect!["invalid: unknown command"],
        ),
        (
            v2(0x21, 0x13, &ipv4(&[])),
            expect!["invalid: unknown address family or transport"],
        ),
        (
            v2(0x21, 0x41, &ipv4(&[])),
            expect!["invalid: unknown address family or transport"],
        ),
        (
            v2(0x21, 0x21, &ipv4(&[])),
            expect!["invalid: length shorter than its addresses"],
        ),
        (
            v2(0x21, 0x11, &ipv4(&[0; 4085])),
            expect!["invalid: length over 4096 bytes"],
        ),
        (
            v2(0x21, 0x11, &ipv4(b"\x01\0\x03h2")),
            expect!["invalid: a TLV that does not fit"],
        ),
        (
            v2(0x21, 0x11, &ipv4(b"\x01\0")),
            expect!["invalid: a TLV that does not fit"],
        ),
        (
            v2(0x21, 0x11, &ipv4(b"\x20\0\x01\x01")),
            expect!["invalid: a TLV that does not fit"],
        ),
    ] {
        check(&bytes, &expected);
    }
}

/// A header with a checksum between two other TLVs. The expected value was computed apart from
/// this code, bit by bit over the same bytes.
#[test]
fn checksums_are_checked_where_present() {
    let tlvs = |crc: u32| {
        let mut tlvs = b"\x01\0\x02h2\x03\0\x04".to_vec();
        tlvs.extend(crc.to_be_bytes());
        tlvs.extend(b"\x02\0\x04shop");
        v2(0x21, 0x11, &ipv4(&tlvs))
    };
    let right = 0xc067_da60;
    assert!(matches!(parse(&tlvs(right)), Parsed::Done(_)));
    assert_eq!(parse(&tlvs(right ^ 1)), Parsed::Invalid(Invalid::Checksum));
    let mut moved = tlvs(right);
    moved[16] ^= 1;
    assert_eq!(parse(&moved), Parsed::Invalid(Invalid::Checksum));
    let short = v2(0x21, 0x11, &ipv4(b"\x03\0\x01x"));
    assert_eq!(parse(&short), Parsed::Invalid(Invalid::Tlv));
}

#[test]
fn tlvs_can_be_read() {
    let bytes = v2(
        0x21,
        0x11,
        &ipv4(b"\x02\0\x04shop\x20\0\x0c\x01\0\0\0\0\x21\0\x04TLSx"),
    );
    let Parsed::Done(header) = parse(&bytes) else {
        panic!("{:?}", parse(&bytes));
    };
    assert!(header.tlvs.client_spoke_tls());
    let authority = header.tlvs.iter().find(|tlv| tlv.kind == 0x02).unwrap();
    assert_eq!(authority.value, b"shop");
    assert_eq!(header.tlvs.iter().count(), 2);
    let plain = v2(0x21, 0x11, &ipv4(b"\x20\0\x05\0\0\0\0\0"));
    let Parsed::Done(header) = parse(&plain) else {
        panic!("{:?}", parse(&plain));
    };
    assert!(!header.tlvs.client_spoke_tls());
}

fn headers() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n".to_vec()),
        Just(v2(0x21, 0x11, &ipv4(b"\x01\0\x02h2\x20\0\x05\x01\0\0\0\0"))),
        Just(v2(0x21, 0x21, &ipv6())),
        Just(v2(0x20, 0x00, &[])),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_get_a_verdict(mut bytes in headers(), changes in prop::collection::vec((any::<usize>(), any::<u8>()), 0..4), noise in prop::collection::vec(any::<u8>(), 0..40)) {
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        bytes.extend(noise);
        if let Parsed::Done(header) = parse(&bytes) {
            prop_assert!(header.consumed <= bytes.len());
            let _ = header.tlvs.iter().count();
        }
    }

    #[test]
    fn a_header_is_partial_until_it_is_whole(bytes in headers(), rest in prop::collection::vec(any::<u8>(), 0..20)) {
        for end in 0..bytes.len() {
            prop_assert_eq!(parse(&bytes[..end]), Parsed::Partial);
        }
        let whole = [bytes.as_slice(), &rest].concat();
        match parse(&whole) {
            Parsed::Done(header) => prop_assert_eq!(header.consumed, bytes.len()),
            other => prop_assert!(false, "{:?}", other),
        }
    }
}

/// Runs with a connected socket and the client's end.
fn with_socket<F: Future<Output = ()>>(run: impl FnOnce(Socket, TcpStream) -> F) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (server, peer) = listener.accept().unwrap();
    server.set_nonblocking(true).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let raw = Raw::new(server.into(), Peer::Tcp(peer));
        run(raw.register().unwrap(), client).await;
    });
}

const LONG: Duration = Duration::from_secs(20);

#[test]
fn a_header_in_pieces_is_received_with_what_follows() {
    with_socket(async |socket, mut client| {
        let sender = std::thread::spawn(move || {
            for piece in ["PROXY TCP4 192.0.2.1 ", "198.51.100.7 1 80\r", "\nGET /"] {
                client.write_all(piece.as_bytes()).unwrap();
                std::thread::yield_now();
            }
            client
        });
        let mut buffer = [0; 128];
        let mut filled = receive(&socket, &mut buffer, 0, LONG).await.unwrap();
        let Parsed::Done(header) = parse(&buffer[..filled]) else {
            panic!("not whole");
        };
        let consumed = header.consumed;
        let _client = sender.join().unwrap();
        while filled < consumed + 5 {
            socket.readable().await.unwrap();
            filled += socket.try_read(&mut buffer[filled..]).unwrap_or(0);
        }
        assert_eq!(&buffer[consumed..filled], b"GET /");
    });
}

#[test]
fn a_required_header_that_does_not_come_ends_the_connection() {
    with_socket(async |socket, mut client| {
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let error = receive(&socket, &mut [0; 128], 0, LONG).await.unwrap_err();
        assert!(matches!(error, HeaderError::Absent), "{error}");
    });
    with_socket(async |socket, mut client| {
        client.write_all(b"PROXY UDP4\r\n").unwrap();
        let error = receive(&socket, &mut [0; 128], 0, LONG).await.unwrap_err();
        assert!(
            matches!(error, HeaderError::Invalid(Invalid::Protocol)),
            "{error}"
        );
    });
    with_socket(async |socket, client| {
        drop(client);
        let error = receive(&socket, &mut [0; 128], 0, LONG).await.unwrap_err();
        assert!(matches!(error, HeaderError::Ended), "{error}");
    });
    with_socket(async |socket, mut client| {
        client.write_all(b"PROXY ").unwrap();
        let short = Duration::from_millis(5);
        let error = receive(&socket, &mut [0; 128], 0, short).await.unwrap_err();
        assert!(matches!(error, HeaderError::Late), "{error}");
    });
    with_socket(async |socket, mut client| {
        client.write_all(b"PROXY UNKNOWN").unwrap();
        let error = receive(&socket, &mut [0; 8], 0, LONG).await.unwrap_err();
        assert!(matches!(error, HeaderError::LongerThanBuffer), "{error}");
    });
}

#[test]
fn a_header_that_nobody_expects_is_known_by_its_first_bytes() {
    for (bytes, expected) in [
        (&b""[..], Signature::Partial),
        (b"P", Signature::Partial),
        (b"PROXY", Signature::Partial),
        (b"PROXY ", Signature::Whole),
        (
            b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 80\r\n",
            Signature::Whole,
        ),
        (b"PROXY NONSENSE", Signature::Whole),
        (b"POST / HTTP/1.1", Signature::Absent),
        (b"PROXYING / HTTP/1.1", Signature::Absent),
        (b"GET / HTTP/1.1", Signature::Absent),
        (b"\r\n", Signature::Partial),
        (b"\r\n\r\n\0\r\nQUIT", Signature::Partial),
        (b"\r\n\r\n\0\r\nQUIT\n", Signature::Whole),
        (b"\r\nGET / HTTP/1.1", Signature::Absent),
    ] {
        assert_eq!(signature(bytes), expected, "{}", bytes.escape_ascii());
    }
}
