//! Heads: what is one, what is not, and the same verdict as an independent reader.

use super::*;
use proptest::prelude::*;

fn verdict(text: &str) -> Result<Option<usize>, Fault> {
    match parse(text.as_bytes()) {
        Parsed::Partial => Ok(None),
        Parsed::Whole(_, length) => Ok(Some(length)),
        Parsed::Fault(fault) => Err(fault),
    }
}

fn whole(text: &str) -> Head<'_> {
    match parse(text.as_bytes()) {
        Parsed::Whole(head, _) => head,
        other => panic!("{text:?}: {other:?}"),
    }
}

#[test]
fn what_is_a_head_and_what_is_not() {
    let long_method = format!("{} / HTTP/1.1\r\n", "M".repeat(65));
    let long_path = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(8192));
    for (text, expected) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", Ok(Some(27))),
        (
            "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nrest",
            Ok(Some(31)),
        ),
        ("GET / HTTP/1.0\r\n\r\n", Ok(Some(18))),
        ("GET / HTTP/1.7\r\nHost: a\r\n\r\n", Ok(Some(27))),
        ("PROPFIND /a HTTP/1.1\r\nHost: a\r\n\r\n", Ok(Some(33))),
        ("get / HTTP/1.1\r\nHost: a\r\n\r\n", Ok(Some(27))),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", Ok(Some(31))),
        ("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", Ok(Some(35))),
        ("GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n", Ok(Some(36))),
        ("GET /\u{e4} HTTP/1.1\r\nHost: a\r\n\r\n", Ok(Some(29))),
        ("GET / HTTP/1.1\r\nHost:a\r\nX:\r\n\r\n", Ok(Some(30))),
        (&long_path, Ok(Some(8219))),
        ("", Ok(None)),
        ("\r", Ok(None)),
        ("GE", Ok(None)),
        ("GET / HTTP/1.1\r\nHost: a\r\n", Ok(None)),
        ("GET / HTTP/1.1\r\nHost: a\r\n\r", Ok(None)),
        // Request lines
        ("GET /\r\n", Err(Fault::RequestLine)),
        ("GET  / HTTP/1.1\r\n", Err(Fault::RequestLine)),
        ("GET /a b HTTP/1.1\r\n", Err(Fault::RequestLine)),
        ("GET / HTTP/1.1 \r\n", Err(Fault::RequestLine)),
        ("GET / http/1.1\r\n", Err(Fault::RequestLine)),
        ("GET / HTTP/1.10\r\n", Err(Fault::RequestLine)),
        ("G@T / HTTP/1.1\r\n", Err(Fault::RequestLine)),
        ("GET /\u{1} HTTP/1.1\r\n", Err(Fault::RequestLine)),
        ("\u{16}\u{3}\u{1}", Err(Fault::RequestLine)),
        ("garbage\u{0}", Err(Fault::RequestLine)),
        (&long_method, Err(Fault::RequestLine)),
        (&long_method[..65], Err(Fault::RequestLine)),
        (&long_method[..66], Err(Fault::RequestLine)),
        ("GET / HTTP/2.0\r\n", Err(Fault::Version)),
        ("GET / HTTP/3.0\r\nHost: a\r\n\r\n", Err(Fault::Version)),
        // Line ends
        ("GET / HTTP/1.1\nHost: a\n\n", Err(Fault::LineEnd)),
        ("GET / HTTP/1.1\r\nHost: a\n\r\n", Err(Fault::LineEnd)),
        ("\nGET / HTTP/1.1\r\n", Err(Fault::LineEnd)),
        (
            "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
            Err(Fault::FieldValue),
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\n\rX\r\n",
            Err(Fault::FieldName),
        ),
        // Fields
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", Err(Fault::FieldName)),
        ("GET / HTTP/1.1\r\n: a\r\n\r\n", Err(Fault::FieldName)),
        ("GET / HTTP/1.1\r\nHost\r\n\r\n", Err(Fault::FieldName)),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nX: a\u{0}b\r\n\r\n",
            Err(Fault::FieldValue),
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nX: 0123456789\u{7f}\r\n\r\n",
            Err(Fault::FieldValue),
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
            Err(Fault::Folded),
        ),
        ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", Err(Fault::Folded)),
        // Host
        ("GET / HTTP/1.1\r\n\r\n", Err(Fault::Host)),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            Err(Fault::Host),
        ),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", Err(Fault::Host)),
        ("GET / HTTP/1.0\r\nHost: a/b\r\n\r\n", Err(Fault::Host)),
        // Framing
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            Err(Fault::TwoFramings),
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
            Err(Fault::TwoFramings),
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
            Err(Fault::ContentLength),
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n",
            Err(Fault::ContentLength),
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n",
            Err(Fault::ContentLength),
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n",
            Err(Fault::ContentLength),
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",
            Err(Fault::ContentLength),
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
            Err(Fault::ContentLength),
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
            Err(Fault::TransferEncoding),
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
            Err(Fault::TransferEncoding),
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
            Err(Fault::TransferEncoding),
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            Err(Fault::TransferEncoding),
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
            Err(Fault::TransferEncoding),
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
            Err(Fault::TransferEncoding),
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n",
            Err(Fault::TransferEncoding),
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            Err(Fault::UnknownCoding),
        ),
        (
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            Err(Fault::TransferEncoding),
        ),
    ] {
        assert_eq!(verdict(text), expected, "{text:?}");
    }
}

#[test]
fn connections_are_kept_as_rfc_9112_says() {
    for (head, expected) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", Persistence::Keep),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            Persistence::Close,
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Close\r\n\r\n",
            Persistence::Close,
        ),
        ("GET / HTTP/1.0\r\n\r\n", Persistence::Close),
        (
            "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
            Persistence::Keep,
        ),
    ] {
        assert_eq!(whole(head).persistence, expected, "{head:?}");
    }
}

#[test]
fn what_decides_the_answer_is_found() {
    let text = "POST /a/b?c HTTP/1.1\r\nhost: Shop.Example:80\r\nACCEPT: text/html\r\naccept: */*;q=0.1\r\nAccept-Language: de\r\n\
        Accept-Encoding: br\r\nContent-Type: application/json\r\nSec-Fetch-Dest: empty\r\nOrigin: https://o\r\n\
        Access-Control-Request-Method: PUT\r\nAccess-Control-Request-Headers: x-a\r\nUser-Agent: u\r\n\
        Content-Length: 7\r\nExpect: 100-continue\r\n\r\n";
    let head = whole(text);
    assert!(matches!(head.authority, Authority::Named(host) if host.as_str() == "shop.example"));
    assert_eq!(
        (head.ask.method, head.ask.path),
        (Method::Post, &b"/a/b"[..])
    );
    assert_eq!(head.ask.accept.elements().map(Iterator::count), Some(2));
    assert_eq!(
        head.ask.accept_language.elements().map(Iterator::count),
        Some(1)
    );
    assert_eq!(
        head.ask.accept_encoding.elements().map(Iterator::count),
        Some(1)
    );
    assert_eq!(head.ask.content_type, Some(&b"application/json"[..]));
    assert_eq!(head.ask.fetch_dest, Some(&b"empty"[..]));
    assert_eq!(head.ask.origin, Some(&b"https://o"[..]));
    assert_eq!(head.ask.preflight_method, Some(&b"PUT"[..]));
    assert_eq!(head.ask.preflight_headers, Some(&b"x-a"[..]));
    assert_eq!(head.ask.user_agent, Some(&b"u"[..]));
    assert_eq!(
        (head.framing, head.expects_continue),
        (Framing::Length(7), true)
    );
    let absolute = whole("GET http://Other.example/x HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(
        matches!(absolute.authority, Authority::Named(host) if host.as_str() == "other.example")
    );
    let websocket = whole(
        "GET /w HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n",
    );
    assert!(websocket.ask.websocket);
    let h2c = whole("GET /w HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
    assert!(!h2c.ask.websocket);
}

/// What httparse, an independent reader, says of the same bytes: whole with a length, partial, or malformed.
fn oracle(bytes: &[u8]) -> Result<Option<usize>, ()> {
    let mut fields = [httparse::EMPTY_HEADER; 128];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => Ok(Some(length)),
        Ok(httparse::Status::Partial) => Ok(None),
        Err(_) => Err(()),
    }
}

/// We are stricter than the oracle, never laxer: what is a head here is one there, of the same length.
pub(crate) fn never_laxer(bytes: &[u8]) {
    if let Parsed::Whole(_, length) = parse(bytes) {
        // The oracle refuses two things that we read: later minor versions, and methods or targets it deems odd.
        match oracle(bytes) {
            Ok(Some(other)) => assert_eq!(length, other, "{:?}", String::from_utf8_lossy(bytes)),
            Ok(None) => panic!("the oracle waits: {:?}", String::from_utf8_lossy(bytes)),
            Err(()) => assert!(
                is_odd(bytes),
                "the oracle refuses: {:?}",
                String::from_utf8_lossy(bytes)
            ),
        }
    }
}

fn is_odd(bytes: &[u8]) -> bool {
    let first = bytes
        .split(|b| *b == b'\r')
        .find(|line| !line.is_empty() && *line != b"\n")
        .unwrap_or_default();
    !first.ends_with(b"HTTP/1.1") && !first.ends_with(b"HTTP/1.0")
        || first.iter().any(|b| !b.is_ascii())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn never_laxer_than_an_independent_reader(
        method in "[A-Z]{1,8}", target in "[ -~]{0,20}", version in "HTTP/1\\.[0-3]", name in "[A-Za-z:-]{0,12}",
        value in "[\t -~]{0,20}", end in "(\r\n|\n|\r|\r\n )", noise in proptest::collection::vec(any::<u8>(), 0..3), at in 0usize..80,
    ) {
        let text = format!("{method} {target} {version}\r\nHost: a\r\n{name}: {value}{end}X: y\r\n\r\n");
        let mut bytes = text.into_bytes();
        let at = at.min(bytes.len());
        bytes.splice(at..at, noise);
        never_laxer(&bytes);
    }

    #[test]
    fn a_prefix_of_a_head_is_partial(cut in 0usize..60) {
        let text = b"GET /some/path HTTP/1.1\r\nHost: shop.example\r\nAccept: */*\r\n\r\n";
        prop_assert!(matches!(parse(&text[..cut.min(text.len() - 1)]), Parsed::Partial));
    }
}
