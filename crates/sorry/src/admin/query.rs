//! What stands in a request's target besides its path: percent-decoded text and the parameters behind `?`.
//!
//! Text in, values out. A `+` is a plus and not a blank (RFC 3986, section 2.2), so that times with an offset can be typed.
//! Called by `route` and `desk`.

use super::message::{Fault, FaultKind};
use super::moment::Moment;

/// Decodes `%41` (RFC 3986, section 2.1).
///
/// # Errors
/// A `%` without two hexadecimal digits, or bytes that are no UTF-8.
pub(super) fn decode(text: &str) -> Result<String, Fault> {
    let broken = || malformed(format!("`{}` is not percent-encoded UTF-8", shown(text)));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next(), rest.next()].map(|digit| digit.and_then(hex));
        match digits {
            [Some(high), Some(low)] => bytes.push(high << 4 | low),
            _ => return Err(broken()),
        }
    }
    String::from_utf8(bytes).map_err(|_| broken())
}

/// Encodes whatever is not unreserved (RFC 3986, section 2.3), so that any text is one segment of a path.
pub(super) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

fn malformed(message: String) -> Fault {
    Fault::new(FaultKind::Malformed, message)
}

fn shown(text: &str) -> String {
    let text: String = text.chars().take(60).collect();
    super::table::printable(&text)
}

/// The parameters of a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads `a=b&c=d`. Only names in `known` are taken, each once: a parameter with a mistake in it must not be skipped.
    pub(super) fn parse(text: &str, known: &[&str]) -> Result<Query, Fault> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for part in text.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            if !known.contains(&name.as_str()) {
                let hint = match known {
                    [] => "there are none here".to_owned(),
                    _ => format!("there are {}", known.join(", ")),
                };
                return Err(malformed(format!(
                    "unknown parameter `{}`: {hint}",
                    shown(&name)
                )));
            }
            if pairs.iter().any(|(other, _)| *other == name) {
                return Err(malformed(format!("the parameter `{name}` is given twice")));
            }
            pairs.push((name, value));
        }
        Ok(Query(pairs))
    }

    /// The value of a parameter; an empty one counts for none.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let pair = self.0.iter().find(|(own, _)| own == name);
        pair.map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// A moment in RFC 3339.
    pub(super) fn moment(&self, name: &str) -> Result<Option<Moment>, Fault> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let time: Option<jiff::Timestamp> = text.parse().ok();
        let second = time.and_then(|time| u64::try_from(time.as_second()).ok());
        second.map(|second| Some(Moment(second))).ok_or_else(|| {
            malformed(format!(
                "`{name}` is no time since 1970: write it like 2026-11-21T14:00:00Z"
            ))
        })
    }

    /// How many are wanted: from 1 to `most`.
    pub(super) fn limit(&self, usual: usize, most: usize) -> Result<usize, Fault> {
        let Some(text) = self.text("limit") else {
            return Ok(usual);
        };
        match text.parse() {
            Ok(number) if (1..=most).contains(&number) => Ok(number),
            _ => Err(malformed(format!("`limit` is a number from 1 to {most}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters_are_read_or_refused() {
        for (text, expected) in [
            ("", Ok(vec![])),
            ("&&", Ok(vec![])),
            (
                "site=shop&limit=3",
                Ok(vec![("site", "shop"), ("limit", "3")]),
            ),
            ("site=a%2Fb", Ok(vec![("site", "a/b")])),
            ("site=a+b", Ok(vec![("site", "a+b")])),
            ("site=%C3%BC", Ok(vec![("site", "ü")])),
            ("site", Ok(vec![("site", "")])),
            (
                "stie=shop",
                Err("unknown parameter `stie`: there are site, limit"),
            ),
            ("site=a&site=b", Err("given twice")),
            ("site=%", Err("percent-encoded")),
            ("site=%zz", Err("percent-encoded")),
            ("site=%ff", Err("percent-encoded")),
        ] {
            match (Query::parse(text, &["site", "limit"]), expected) {
                (Ok(query), Ok(pairs)) => {
                    let pairs = pairs.into_iter();
                    let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
                    assert_eq!(query.0, pairs.collect::<Vec<_>>(), "{text}");
                }
                (Err(fault), Err(said)) => assert!(fault.message.contains(said), "{text}: {fault}"),
                (query, _) => panic!("{text}: {query:?}"),
            }
        }
    }

    #[test]
    fn numbers_and_times_have_bounds() {
        let read = |text| Query::parse(text, &["limit", "since"]).unwrap();
        assert_eq!(read("").limit(100, 1000), Ok(100));
        assert_eq!(read("limit=1000").limit(100, 1000), Ok(1000));
        for text in ["limit=0", "limit=1001", "limit=-1", "limit=x"] {
            assert!(read(text).limit(100, 1000).is_err(), "{text}");
        }
        assert_eq!(
            read("since=1970-01-01T01:00:07+01:00").moment("since"),
            Ok(Some(Moment(7)))
        );
        assert_eq!(read("since=").moment("since"), Ok(None));
        for text in ["since=yesterday", "since=1969-12-31T23:00:00Z"] {
            assert!(read(text).moment("since").is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_encoded_is_one_segment_and_comes_back(text in any::<String>()) {
            let encoded = encode(&text);
            prop_assert!(!encoded.contains(['/', '?', '#', '&', '=']));
            prop_assert_eq!(decode(&encoded), Ok(text));
        }
    }
}
