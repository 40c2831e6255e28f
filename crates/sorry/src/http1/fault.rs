//! What can be wrong with a request's head or framing, and what the client is told before the connection ends.
//!
//! Every fault but HTTP/2's ends its connection: after one, nobody knows where the next request begins (RFC 9112, section 11.2).

/// Why a request is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The first line is not `method SP target SP HTTP/n.n`.
    RequestLine,
    /// A major version other than 1.
    Version,
    /// A line ends in LF without CR, or has a CR elsewhere.
    LineEnd,
    /// A field's name is empty, not a token, or followed by white space (RFC 9112, section 5.1).
    FieldName,
    /// A control character in a field's value (RFC 9110, section 5.5).
    FieldValue,
    /// A field continues on the next line (obs-fold; RFC 9112, section 5.2).
    Folded,
    /// No Host, more than one, or a malformed one (RFC 9112, section 3.2).
    Host,
    /// Content-Length and Transfer-Encoding together (RFC 9112, section 6.3, smuggling).
    TwoFramings,
    /// Content-Length more than once, or not a number.
    ContentLength,
    /// Transfer-Encoding that does not end in one `chunked`, or in HTTP/1.0.
    TransferEncoding,
    /// A transfer coding besides `chunked` (RFC 9112, section 6.1).
    UnknownCoding,
    /// A chunk's framing is malformed (RFC 9112, section 7.1).
    Chunk,
    /// The head is longer than the limit.
    HeadTooLong,
    /// The request line alone is longer than the limit.
    TargetTooLong,
    /// The head did not arrive in time.
    HeadTooSlow,
    /// HTTPS was expected on this port; the client speaks plain HTTP.
    PlainOnTls,
    /// An HTTP/2 request whose fields, body or trailers break the rules (RFC 9113, section 8.1.1). Its stream is reset.
    Http2Request,
    /// A PROXY header, from where none is expected (proxy-protocol.txt, section 2).
    ProxyHeader,
}

/// What a client is told of a fault: a status line's code and phrase and one sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The status code.
    pub status: u16,
    /// Its phrase.
    pub phrase: &'static str,
    /// The body: what is wrong, in one sentence.
    pub sentence: &'static str,
}

/// One row for each fault, in the order of their numbers: label, status, phrase, sentence.
const ROWS: [(&str, u16, &str, &str); 18] = [
    (
        "request-line",
        400,
        "Bad Request",
        "The request line is not 'METHOD TARGET HTTP/1.1'.",
    ),
    (
        "version",
        505,
        "HTTP Version Not Supported",
        "This port speaks HTTP/1.0, HTTP/1.1 and HTTP/2.",
    ),
    (
        "line-end",
        400,
        "Bad Request",
        "Lines end in CR LF, and CR stands nowhere else.",
    ),
    (
        "field-name",
        400,
        "Bad Request",
        "A field has no name, or white space around it.",
    ),
    (
        "field-value",
        400,
        "Bad Request",
        "A field's value has a control character.",
    ),
    (
        "folded",
        400,
        "Bad Request",
        "A field is folded over several lines.",
    ),
    (
        "host",
        400,
        "Bad Request",
        "The Host field must be there once and name a host.",
    ),
    (
        "two-framings",
        400,
        "Bad Request",
        "Content-Length and Transfer-Encoding exclude each other.",
    ),
    (
        "content-length",
        400,
        "Bad Request",
        "Content-Length must be there once and be a number.",
    ),
    (
        "transfer-encoding",
        400,
        "Bad Request",
        "Transfer-Encoding must end in 'chunked', once.",
    ),
    (
        "unknown-coding",
        501,
        "Not Implemented",
        "The only transfer coding here is 'chunked'.",
    ),
    (
        "chunk",
        400,
        "Bad Request",
        "The chunked body is malformed.",
    ),
    (
        "head-too-long",
        431,
        "Request Header Fields Too Large",
        "The request's head is too long.",
    ),
    (
        "target-too-long",
        414,
        "URI Too Long",
        "The request line is too long.",
    ),
    (
        "head-too-slow",
        408,
        "Request Timeout",
        "The request's head did not arrive in time.",
    ),
    (
        "plain-on-tls",
        400,
        "Bad Request",
        "This port speaks HTTPS; use an https:// address.",
    ),
    (
        "http2-request",
        400,
        "Bad Request",
        "The request breaks the rules of HTTP/2.",
    ),
    (
        "proxy-header",
        400,
        "Bad Request",
        "A PROXY header came to a listener that expects none from there; see proxy-protocol-from.",
    ),
];

impl Fault {
    /// What the client is told.
    pub fn refusal(self) -> Refusal {
        let (_, status, phrase, sentence) = ROWS[self as usize];
        Refusal {
            status,
            phrase,
            sentence,
        }
    }

    /// The label in metrics.
    pub fn label(self) -> &'static str {
        ROWS[self as usize].0
    }

    /// All, in the order of their numbers.
    pub const ALL: [Fault; 18] = [
        Fault::RequestLine,
        Fault::Version,
        Fault::LineEnd,
        Fault::FieldName,
        Fault::FieldValue,
        Fault::Folded,
        Fault::Host,
        Fault::TwoFramings,
        Fault::ContentLength,
        Fault::TransferEncoding,
        Fault::UnknownCoding,
        Fault::Chunk,
        Fault::HeadTooLong,
        Fault::TargetTooLong,
        Fault::HeadTooSlow,
        Fault::PlainOnTls,
        Fault::Http2Request,
        Fault::ProxyHeader,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_numbered_and_named_once() {
        let mut labels: Vec<_> = Fault::ALL.iter().map(|fault| fault.label()).collect();
        for (number, fault) in Fault::ALL.iter().enumerate() {
            assert_eq!(*fault as usize, number);
            assert!((400..=505).contains(&fault.refusal().status));
        }
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), Fault::ALL.len());
    }
}
