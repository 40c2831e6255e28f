//! Cross-origin requests while the site is down (Fetch standard, section 3.2).
//!
//! A script of another origin must be able to read the refusal, or all it sees is "network error". A preflight is
//! therefore let through, because its answer decides nothing but whether the real request may be sent and refused.
//! Credentials are promised only to origins that the operator lists.

use super::ask::{Ask, Method, is_token};

/// The most bytes of `Access-Control-Request-Headers` that are repeated.
pub const MOST_HEADER_BYTES: usize = 1024;

/// The only things of a request that are ever repeated in an answer, each checked against its grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preflight<'a> {
    /// For `Access-Control-Allow-Methods`: a token.
    pub method: &'a [u8],
    /// For `Access-Control-Allow-Headers`: a list of tokens, where the request asked for any.
    pub headers: Option<&'a [u8]>,
    /// For `Access-Control-Allow-Origin` with credentials: the listed origin, as the operator wrote it.
    pub origin: Option<usize>,
}

/// Whether this is a preflight, and what may be repeated. A preflight whose tokens are malformed is none.
pub fn preflight<'a>(ask: &Ask<'a>, origins: &[Box<str>]) -> Option<Preflight<'a>> {
    if ask.method != Method::Options {
        return None;
    }
    let origin = ask.origin?;
    let method = ask.preflight_method.filter(|method| is_token(method))?;
    let headers = match ask.preflight_headers {
        None => None,
        Some(text) if without_blanks(text).is_empty() => None,
        Some(text) if are_tokens(text) => Some(text),
        Some(_) => return None,
    };
    Some(Preflight {
        method,
        headers,
        origin: listed(origin, origins),
    })
}

/// The index of `origin` among the operator's.
pub fn listed(origin: &[u8], origins: &[Box<str>]) -> Option<usize> {
    origins.iter().position(|known| known.as_bytes() == origin)
}

fn are_tokens(text: &[u8]) -> bool {
    text.len() <= MOST_HEADER_BYTES
        && text
            .split(|b| *b == b',')
            .all(|name| is_token(without_blanks(name)))
}

/// Optional white space is blanks and tabs (RFC 9110, section 5.6.3). Line ends and form feeds, which `trim_ascii` takes
/// along, would be repeated with the rest; HTTP/2 lets some of them through.
fn without_blanks(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask<'a>(method: &'a str, requested: Option<&'a str>, headers: Option<&'a str>) -> Ask<'a> {
        let mut ask = Ask::new(method.as_bytes(), b"/");
        ask.origin = Some(b"https://app.example");
        ask.preflight_method = requested.map(str::as_bytes);
        ask.preflight_headers = headers.map(str::as_bytes);
        ask
    }

    #[test]
    fn only_a_well_formed_preflight_is_one() {
        let long = "a,".repeat(600) + "a";
        for (method, requested, headers, is_one) in [
            ("OPTIONS", Some("PUT"), None, true),
            ("OPTIONS", Some("PUT"), Some(""), true),
            ("OPTIONS", Some("PUT"), Some("content-type, x-a"), true),
            ("OPTIONS", Some("PUT\r\nSet-Cookie: a=b"), None, false),
            ("OPTIONS", Some("PUT"), Some("a\r\nb: c"), false),
            ("OPTIONS", Some("PUT"), Some("a b"), false),
            ("OPTIONS", Some("PUT"), Some("a,,b"), false),
            // Blanks and tabs may stand around a name, other white space would be repeated.
            ("OPTIONS", Some("PUT"), Some("a ,\tb"), true),
            ("OPTIONS", Some("PUT"), Some("a,\u{c}b"), false),
            ("OPTIONS", Some("PUT"), Some("a,\r\nb"), false),
            ("OPTIONS", Some("PUT"), Some("\u{c}"), false),
            ("OPTIONS", Some("PUT"), Some(long.as_str()), false),
            ("OPTIONS", Some(""), None, false),
            ("OPTIONS", None, None, false),
            ("GET", Some("PUT"), None, false),
        ] {
            let got = preflight(&ask(method, requested, headers), &[]);
            assert_eq!(got.is_some(), is_one, "{method} {requested:?} {headers:?}");
        }
        let mut without_origin = ask("OPTIONS", Some("PUT"), None);
        without_origin.origin = None;
        assert_eq!(preflight(&without_origin, &[]), None);
    }

    #[test]
    fn credentials_are_for_listed_origins_only() {
        let origins = ["https://app.example".into(), "https://b.example".into()];
        let listed = preflight(&ask("OPTIONS", Some("PUT"), None), &origins);
        assert_eq!(listed.and_then(|p| p.origin), Some(0));
        let other = preflight(&ask("OPTIONS", Some("PUT"), None), &origins[1..]);
        assert_eq!(other.and_then(|p| p.origin), None);
    }
}
