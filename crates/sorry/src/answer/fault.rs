//! Answers to what is not a request. They are no site's: nobody knows for whom a malformed head was meant. Scripts of any
//! origin may read them, as they may read refusals: a page that asked too much should be able to tell.

use sorry_core::answer::Method;
use sorry_core::answer::template::Filling;
use sorry_core::host::Host;

use crate::http1::Fault;
use crate::http2::hpack;
use crate::page::prepared::EXPOSED;

/// Appends the whole answer, without its body to HEAD; the connection ends after it. Says how long the body is that was
/// appended.
pub(super) fn push_http1(
    fault: Fault,
    method: Method,
    filling: &Filling,
    out: &mut Vec<u8>,
) -> usize {
    let refusal = fault.refusal();
    let length = refusal.sentence.len() + 1;
    let status_line = format!("HTTP/1.1 {} {}\r\nDate: ", refusal.status, refusal.phrase);
    out.extend_from_slice(status_line.as_bytes());
    out.extend_from_slice(&filling.date);
    out.extend_from_slice(b"\r\nServer: sorry\r\nX-Request-Id: ");
    out.extend_from_slice(&filling.id);
    let rest = format!(
        "\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n\
         Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: {EXPOSED}\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    out.extend_from_slice(rest.as_bytes());
    if method == Method::Head {
        return 0;
    }
    out.extend_from_slice(refusal.sentence.as_bytes());
    out.push(b'\n');
    length
}

/// Appends a 308 to https; `name` is one that the operator gave to a site.
pub(super) fn push_https(
    name: Host,
    port: u16,
    target: &[u8],
    filling: &Filling,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(b"HTTP/1.1 308 Permanent Redirect\r\nDate: ");
    out.extend_from_slice(&filling.date);
    out.extend_from_slice(b"\r\nServer: sorry\r\nX-Request-Id: ");
    out.extend_from_slice(&filling.id);
    out.extend_from_slice(
        b"\r\nCache-Control: no-store\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: ",
    );
    out.extend_from_slice(EXPOSED.as_bytes());
    out.extend_from_slice(b"\r\nLocation: https://");
    out.extend_from_slice(name.as_str().as_bytes());
    if port != 443 {
        out.extend_from_slice(format!(":{port}").as_bytes());
    }
    out.extend_from_slice(target);
    out.extend_from_slice(b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

/// Appends the field block of an answer without a body.
pub(super) fn push_http2(fault: Fault, filling: &Filling, block: &mut Vec<u8>) {
    hpack::encode_status(fault.refusal().status, block);
    for (name, value) in [
        (&b"date"[..], &filling.date[..]),
        (b"x-request-id", &filling.id),
    ] {
        hpack::encode_field_start(name, block);
        hpack::encode_raw_value(value, block);
    }
    hpack::encode_field(b"cache-control", b"no-store", block);
    hpack::encode_field(b"access-control-allow-origin", b"*", block);
    hpack::encode_field(b"access-control-expose-headers", EXPOSED.as_bytes(), block);
}

#[cfg(test)]
mod tests {
    use super::*;
    use sorry_core::date;

    #[test]
    fn a_fault_is_told_and_ends_the_connection() {
        let filling = Filling {
            date: date::imf_fixdate(0),
            now: 0,
            id: *b"0123456789abcdef",
            retry_after: 1,
        };
        for fault in Fault::ALL {
            let mut out = Vec::new();
            let length = push_http1(fault, Method::Other, &filling, &mut out);
            let text = String::from_utf8(out).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with(&format!("HTTP/1.1 {} ", fault.refusal().status)));
            assert!(head.contains("Connection: close") && head.contains("Date: Thu"));
            assert!(head.contains(&format!("Content-Length: {}", body.len())));
            assert_eq!(length, body.len());
            let mut to_head = Vec::new();
            assert_eq!(push_http1(fault, Method::Head, &filling, &mut to_head), 0);
            assert_eq!(to_head, format!("{head}\r\n\r\n").as_bytes());
        }
    }
}
