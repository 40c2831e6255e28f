//! The HTTP/1 head reader against an independent one: what is a head for us is one for httparse, of the same length and
//! with the same framing, so that no proxy between a client and us sees requests where we see none.
//!
//! Also: a head is whole at its last byte and at no other, and a connection ends alike however its bytes are cut.
//! Included by the libFuzzer wrapper and by the replay of corpora on stable.

use sorry_server::http1::{self, Framing, Head, Parsed, Version};

/// Longer prefixes than this are not tried one by one: the work grows with the square.
const TRIED_PREFIXES: usize = 512;

/// What must hold of any bytes.
pub(crate) fn head(data: &[u8]) {
    if let Parsed::Whole(head, length) = http1::parse(data) {
        never_laxer(data, &head, length);
        partial_before_its_end(&data[..length]);
    }
    http1::replay(data);
}

fn never_laxer(data: &[u8], head: &Head<'_>, length: usize) {
    let text = String::from_utf8_lossy(data);
    assert!(length <= data.len());
    let lines = data.iter().filter(|byte| **byte == b'\n').count();
    let mut fields = vec![httparse::EMPTY_HEADER; lines + 1];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(data) {
        Ok(httparse::Status::Complete(other)) => {
            assert_eq!(length, other, "another length: {text:?}");
            same_framing(head, request.headers, &text);
        }
        Ok(httparse::Status::Partial) => panic!("the oracle waits for more: {text:?}"),
        Err(error) => assert!(is_odd(data), "the oracle refuses ({error}): {text:?}"),
    }
}

/// The two things that we read and httparse does not: later minor versions (RFC 9110, section 2.5) and bytes above 127 in
/// a target, which nothing here uses for more than a comparison.
fn is_odd(data: &[u8]) -> bool {
    let mut lines = data.split(|byte| *byte == b'\r');
    let is_empty = |line: &[u8]| line.is_empty() || line == b"\n";
    let first = lines.find(|line| !is_empty(line)).unwrap_or_default();
    let known = first.ends_with(b"HTTP/1.1") || first.ends_with(b"HTTP/1.0");
    !known || !first.is_ascii()
}

/// RFC 9112, section 6.3, written down a second time over the fields that httparse found.
fn same_framing(head: &Head<'_>, fields: &[httparse::Header<'_>], text: &str) {
    let all = |name: &str| -> Vec<&[u8]> {
        let named = fields.iter().filter(|f| f.name.eq_ignore_ascii_case(name));
        named.map(|f| f.value.trim_ascii()).collect()
    };
    let (lengths, codings, hosts) = (all("content-length"), all("transfer-encoding"), all("host"));
    let fewest = usize::from(head.version == Version::Http11);
    assert!(
        (fewest..=1).contains(&hosts.len()),
        "Host, {} times: {text:?}",
        hosts.len()
    );
    match head.framing {
        Framing::Chunked => {
            let coding = codings.concat();
            let words = coding.split(|byte| matches!(byte, b',' | b' ' | b'\t'));
            let words: Vec<&[u8]> = words.filter(|word| !word.is_empty()).collect();
            assert!(
                matches!(words[..], [word] if word.eq_ignore_ascii_case(b"chunked")),
                "not chunked once: {text:?}"
            );
            assert!(lengths.is_empty(), "two framings: {text:?}");
            assert_eq!(
                head.version,
                Version::Http11,
                "chunks in HTTP/1.0: {text:?}"
            );
        }
        Framing::Length(length) => {
            assert!(codings.is_empty(), "a coding is overlooked: {text:?}");
            match lengths[..] {
                [] => assert_eq!(length, 0, "{text:?}"),
                [one] => {
                    let one = std::str::from_utf8(one).ok();
                    let one = one.filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
                    assert_eq!(one.and_then(|digits| digits.parse().ok()), Some(length));
                }
                _ => panic!("two lengths: {text:?}"),
            }
        }
    }
}

fn partial_before_its_end(whole: &[u8]) {
    let from = whole.len().saturating_sub(TRIED_PREFIXES);
    for cut in from..whole.len() {
        assert!(
            matches!(http1::parse(&whole[..cut]), Parsed::Partial),
            "not partial at {cut}: {:?}",
            String::from_utf8_lossy(whole)
        );
    }
}
