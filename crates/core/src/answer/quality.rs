//! Weighted lists: `type;param=x;q=0.5` as Accept, Accept-Language and Accept-Encoding share them (RFC 9110, 12.4.2).
//!
//! A list in which anything is malformed is treated as absent by its caller: half a wish is no wish.

use super::ask::{is_token, is_token_byte};

/// More elements than this are nobody's honest wish.
pub(super) const MOST_ELEMENTS: usize = 64;

/// A weight in thousandths: `q=0.25` is 250, and 1000 where none is given.
pub(super) type Quality = u16;

/// An element without its parameters, and its weight. `None` where it is malformed.
pub(super) fn weighted(element: &[u8]) -> Option<(&[u8], Quality)> {
    let (value, mut rest) = split(element);
    let mut quality = 1000;
    while let Some(parameters) = rest {
        let (parameter, after) = split(parameters);
        rest = after;
        if parameter.is_empty() {
            continue; // RFC 9110, section 5.6.6 allows an empty parameter
        }
        let equals = parameter.iter().position(|b| *b == b'=')?;
        let (name, given) = (
            parameter[..equals].trim_ascii(),
            parameter[equals + 1..].trim_ascii(),
        );
        if !is_token(name) {
            return None;
        }
        if name.eq_ignore_ascii_case(b"q") {
            quality = parse_quality(given)?;
        } else if !is_token(given) && !is_quoted(given) {
            return None;
        }
    }
    Some((value, quality))
}

/// `qvalue`: 0 to 1 with at most three decimals.
fn parse_quality(text: &[u8]) -> Option<Quality> {
    let (whole, decimals) = match text {
        [whole] => (*whole, &[][..]),
        [whole, b'.', decimals @ ..] if decimals.len() <= 3 => (*whole, decimals),
        _ => return None,
    };
    let mut thousandths = 0;
    for place in 0..3 {
        let digit = decimals.get(place).copied().unwrap_or(b'0');
        if !digit.is_ascii_digit() {
            return None;
        }
        thousandths = thousandths * 10 + Quality::from(digit - b'0');
    }
    match (whole, thousandths) {
        (b'0', thousandths) => Some(thousandths),
        (b'1', 0) => Some(1000),
        _ => None,
    }
}

/// Splits at the first semicolon outside quotation marks; both sides trimmed.
fn split(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut quoted = false;
    let mut escaped = false;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' if !quoted => return (text[..at].trim_ascii(), Some(text[at + 1..].trim_ascii())),
            _ => {}
        }
    }
    (text.trim_ascii(), None)
}

fn is_quoted(text: &[u8]) -> bool {
    text.len() >= 2 && text.first() == Some(&b'"') && text.last() == Some(&b'"')
}

/// `token "/" token`, as the two tokens.
pub(super) fn media_type(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let slash = value.iter().position(|b| *b == b'/')?;
    let (kind, subtype) = (&value[..slash], &value[slash + 1..]);
    (is_token(kind) && is_token(subtype)).then_some((kind, subtype))
}

/// `1*8ALPHA *("-" 1*8alphanum)` or `*` (RFC 4647, section 2.1).
pub(super) fn is_language_range(value: &[u8]) -> bool {
    value == b"*"
        || value.split(|b| *b == b'-').enumerate().all(|(n, part)| {
            let letters = n > 0 || part.iter().all(u8::is_ascii_alphabetic);
            (1..=8).contains(&part.len()) && letters && part.iter().all(u8::is_ascii_alphanumeric)
        })
}

/// A content coding's name, or `*`.
pub(super) fn is_coding(value: &[u8]) -> bool {
    !value.is_empty() && value.iter().all(|b| is_token_byte(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_follow_the_grammar() {
        for (element, expected) in [
            ("text/html", Some(("text/html", 1000))),
            ("a;q=0", Some(("a", 0))),
            ("a;q=0.5", Some(("a", 500))),
            ("a ; q=0.125", Some(("a", 125))),
            ("a;Q=1.000", Some(("a", 1000))),
            ("a;level=1;q=0.4", Some(("a", 400))),
            ("a;x=\"y;q=0\";q=0.3", Some(("a", 300))),
            ("a;q=0.;", Some(("a", 0))),
            ("a;", Some(("a", 1000))),
            ("a;q=1.001", None),
            ("a;q=2", None),
            ("a;q=0.1234", None),
            ("a;q=-1", None),
            ("a;q=", None),
            ("a;q", None),
            ("a;x=b c", None),
            ("a;=b", None),
        ] {
            let got = weighted(element.as_bytes());
            let got = got.map(|(value, q)| (std::str::from_utf8(value).unwrap(), q));
            assert_eq!(got, expected, "{element:?}");
        }
    }

    #[test]
    fn language_ranges_follow_rfc_4647() {
        for (range, fine) in [
            ("*", true),
            ("de", true),
            ("de-AT", true),
            ("zh-Hant-TW", true),
            ("i-klingon", true),
            ("", false),
            ("1de", false),
            ("de_AT", false),
            ("verylonglang", false),
            ("de-", false),
        ] {
            assert_eq!(is_language_range(range.as_bytes()), fine, "{range:?}");
        }
    }
}
