//! What an http check names of HTTP, as operators type it: methods, paths, fields, statuses, regular expressions.

use super::check::HttpVersion;
use super::fault::{Fault, quoted};
use super::reader::{FromText, FromValue, Reader, Value};
use std::ops::RangeInclusive;

/// `tchar` (RFC 9110, 5.6.2).
fn is_token(text: &str) -> bool {
    let tchar = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(tchar)
}

/// A method (RFC 9110, 9.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Method(pub(super) Box<str>);

impl FromText for Method {
    fn form() -> String {
        "a method such as \"GET\" or \"HEAD\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        if !is_token(text) || text.len() > 32 {
            return Err(Fault::new(format!("{} is not a method", quoted(text))));
        }
        if text == "CONNECT" {
            return Err(Fault::new("CONNECT asks for a tunnel, not for an answer"));
        }
        match text.bytes().any(|b| b.is_ascii_lowercase()) {
            true => Err(Fault::new("methods are told apart by their case")
                .hint(format!("write \"{}\"", text.to_ascii_uppercase()))),
            false => Ok(Method(text.into())),
        }
    }
}

/// A path with its query (RFC 9112, 3.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PathQuery(pub(super) Box<str>);

impl FromText for PathQuery {
    fn form() -> String {
        "a path, with its query if need be, such as \"/healthz?deep=1\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        const LONGEST: usize = 4096;
        if !text.starts_with('/') {
            let fault = Fault::new(format!("{} does not begin with `/`", quoted(text)));
            return Err(fault.hint("give the path alone, such as \"/healthz\""));
        }
        if text.len() > LONGEST {
            return Err(Fault::new(format!("a path has at most {LONGEST} bytes")).out_of_range());
        }
        let odd = |c: &(usize, char)| !matches!(c.1, '!'..='~') || "\"<>\\^`{|}#".contains(c.1);
        match text.char_indices().find(odd) {
            None => Ok(PathQuery(text.into())),
            Some((at, '#')) => Err(Fault::new("a fragment is never sent")
                .at(at..text.len())
                .hint(format!("write \"{}\"", &text[..at]))),
            Some((at, c)) => {
                let fault =
                    Fault::new(format!("{} cannot stand in a path", quoted(&c.to_string())));
                Err(fault
                    .at(at..at + c.len_utf8())
                    .hint("write it percent-encoded"))
            }
        }
    }
}

/// A header field with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: Box<str>,
    pub(super) value: Box<str>,
}

/// Fields that the checker writes itself.
const OWN_FIELDS: [&str; 6] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "upgrade",
    "te",
];

impl FromText for Field {
    fn form() -> String {
        "a header field such as \"X-Probe: sorry\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        let no_field = || Fault::new(format!("{} is not a header field", quoted(text)));
        let (name, value) = text.split_once(':').ok_or_else(no_field)?;
        if !is_token(name) {
            return Err(no_field());
        }
        let value = value.trim_matches([' ', '\t']);
        let odd = |c: char| c != '\t' && !matches!(c, ' '..='~');
        if let Some(c) = value.chars().find(|c| odd(*c)) {
            let shown = quoted(&c.to_string());
            return Err(Fault::new(format!(
                "{shown} cannot stand in a header field"
            )));
        }
        if name.eq_ignore_ascii_case("host") {
            return Err(Fault::new("Host has a key of its own").hint("use the key `host`"));
        }
        if OWN_FIELDS.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            return Err(Fault::new(format!(
                "{name} is for the checker itself to say"
            )));
        }
        Ok(Field {
            name: name.into(),
            value: value.into(),
        })
    }
}

/// The value of the Host field, or of `:authority`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authority(pub(super) Box<str>);

impl FromText for Authority {
    fn form() -> String {
        "a host, with a port if need be, such as \"shop.example.com\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        let parsed = text.parse::<http::uri::Authority>();
        match parsed {
            Ok(authority) if !text.contains('@') && !authority.host().is_empty() => {
                Ok(Authority(text.into()))
            }
            _ => Err(Fault::new(format!("{} is not a host", quoted(text)))),
        }
    }
}

/// Statuses that are good: a number, or a range such as `"200-299"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statuses(pub(super) RangeInclusive<u16>);

impl FromValue for Statuses {
    fn form() -> String {
        "a status such as 204, or a range such as \"200-299\"".to_owned()
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.word_or_number(value)?;
        match statuses(&text) {
            Ok(range) => Some(Statuses(range)),
            Err(fault) => {
                reader.fault(value, fault);
                None
            }
        }
    }
}

fn statuses(text: &str) -> Result<RangeInclusive<u16>, Fault> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let status = |text: &str| {
        let number = text.trim().parse().ok();
        number.filter(|number| (100..=999).contains(number))
    };
    match (status(first), status(last)) {
        (Some(first), Some(last)) if first <= last => Ok(first..=last),
        (Some(first), Some(last)) => {
            let fault = Fault::new(format!("{} is no status", quoted(text)));
            Err(fault.hint(format!("the smaller one first: \"{last}-{first}\"")))
        }
        _ => {
            let fault = Fault::new(format!("{} is no status", quoted(text)));
            Err(fault.hint("a status is 100 to 999; a range is written \"200-299\""))
        }
    }
}

/// A regular expression that has been compiled once, to know that it can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(pub(super) Box<str>);

impl FromText for Pattern {
    fn form() -> String {
        "a regular expression such as \"ready|ok\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        if text.is_empty() {
            return Err(Fault::new("an empty expression matches everything"));
        }
        match regex::bytes::Regex::new(text) {
            Ok(_) => Ok(Pattern(text.into())),
            Err(regex::Error::CompiledTooBig(_)) => {
                Err(Fault::new("the expression is too large").out_of_range())
            }
            Err(error) => Err(mistyped(text, &error.to_string())),
        }
    }
}

/// What the compiler says in several lines: the expression, carets below what is wrong, and why.
fn mistyped(text: &str, said: &str) -> Fault {
    let why = said.lines().find_map(|line| line.strip_prefix("error: "));
    let why = why.unwrap_or("it is not understood");
    let fault = Fault::new(format!(
        "{} is not a regular expression: {why}",
        quoted(text)
    ))
    .hint(
        "the syntax is that of the crate regex (docs.rs/regex): no look-around, no back-references",
    );
    let carets = said
        .lines()
        .find(|line| line.trim_matches(' ').starts_with('^'));
    let column = carets.and_then(|line| line.find('^')?.checked_sub(4));
    match column.and_then(|column| text.char_indices().nth(column)) {
        Some((at, c)) => fault.at(at..at + c.len_utf8()),
        None => fault,
    }
}

impl FromText for HttpVersion {
    fn form() -> String {
        "\"1.0\", \"1.1\" or \"2\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        match text {
            "1.0" => Ok(HttpVersion::Http10),
            "1.1" => Ok(HttpVersion::Http11),
            "2" => Ok(HttpVersion::Http2),
            _ => Err(Fault::new(format!(
                "{} is not a version of HTTP that is spoken",
                quoted(text)
            ))
            .hint("it may be \"1.0\", \"1.1\" or \"2\"")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told<T: FromText + std::fmt::Debug>(text: &str) -> String {
        match T::from_text(text) {
            Ok(read) => format!("{read:?}"),
            Err(fault) => format!("! {fault} {:?}", fault.range),
        }
    }

    #[test]
    fn texts_of_http() {
        for (found, expected) in [
            (told::<Method>("GET"), "Method(\"GET\")"),
            (
                told::<Method>("get"),
                "! methods are told apart by their case (write \"GET\") None",
            ),
            (told::<Method>("GE T"), "! `GE T` is not a method None"),
            (
                told::<PathQuery>("/a?b=c&d=%20"),
                "PathQuery(\"/a?b=c&d=%20\")",
            ),
            (
                told::<PathQuery>("a"),
                "! `a` does not begin with `/` (give the path alone, such as \"/healthz\") None",
            ),
            (
                told::<PathQuery>("/a b"),
                "! ` ` cannot stand in a path (write it percent-encoded) Some(2..3)",
            ),
            (
                told::<PathQuery>("/a#b"),
                "! a fragment is never sent (write \"/a\") Some(2..4)",
            ),
            (
                told::<Field>("X-Probe:  a b "),
                "Field { name: \"X-Probe\", value: \"a b\" }",
            ),
            (
                told::<Field>("X-Probe"),
                "! `X-Probe` is not a header field None",
            ),
            (
                told::<Field>("X: a\r\nB: c"),
                "! `\\u{d}` cannot stand in a header field None",
            ),
            (
                told::<Field>("Host: x"),
                "! Host has a key of its own (use the key `host`) None",
            ),
            (
                told::<Field>("Content-Length: 1"),
                "! Content-Length is for the checker itself to say None",
            ),
            (
                told::<Authority>("shop.example.com:80"),
                "Authority(\"shop.example.com:80\")",
            ),
            (told::<Authority>("a b"), "! `a b` is not a host None"),
            (told::<Authority>("a@b"), "! `a@b` is not a host None"),
            (
                told::<HttpVersion>("3"),
                "! `3` is not a version of HTTP that is spoken (it may be \"1.0\", \"1.1\" or \"2\") None",
            ),
        ] {
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn statuses_are_numbers_and_ranges() {
        for (text, expected) in [
            ("204", Some(204..=204)),
            ("200-299", Some(200..=299)),
            ("299-200", None),
            ("99", None),
            ("1000", None),
            ("2xx", None),
            ("-1", None),
        ] {
            assert_eq!(statuses(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn expressions_are_compiled_and_blamed_where_they_are_wrong() {
        assert_eq!(told::<Pattern>("ready|ok"), "Pattern(\"ready|ok\")");
        let told = told::<Pattern>("ok(ready");
        assert!(
            told.starts_with("! `ok(ready` is not a regular expression: unclosed group"),
            "{told}"
        );
        assert!(told.ends_with("Some(2..3)"), "{told}");
        assert!(Pattern::from_text("(?=a)").is_err());
    }
}
