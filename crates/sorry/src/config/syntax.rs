//! Text that is not TOML: the parser's errors in the operator's words, and which of the mistakes found in what could be
//! read nevertheless are real.

use super::diagnostics::{Code, Mistake, Place, Span};
use super::fault::quoted;

/// The mistakes of the parser, at most one a line: what follows on the same line is usually its echo.
pub(super) fn mistakes(text: &str, errors: &[toml::de::Error]) -> Vec<Mistake> {
    let mut found: Vec<(Span, &str)> = errors
        .iter()
        .map(|error| (span(text, error), error.message()))
        .collect();
    found.sort();
    found.dedup_by_key(|(span, _)| line_of(text, span.start));
    if let Some(first) = found
        .iter()
        .position(|(_, message)| is_array_error(message))
    {
        // From the first error inside an array that is never closed, all the rest of the file is taken for its entries.
        if found.iter().any(|(_, message)| is_unclosed_array(message)) || found.len() > first + 1 {
            let unclosed = errors
                .iter()
                .any(|error| is_unclosed_array(error.message()));
            found.truncate(if unclosed { first + 1 } else { found.len() });
        }
    }
    found
        .into_iter()
        .map(|(span, message)| mistake(text, span, message))
        .collect()
}

/// Drops what was only found because of the errors: what is missing may stand in a broken line, and behind a broken header
/// keys belong to another table than they seem to.
pub(super) fn keep_real(text: &str, errors: &[toml::de::Error], found: &mut Vec<Mistake>) {
    let lines: Vec<usize> = errors
        .iter()
        .map(|error| line_of(text, span(text, error).start))
        .collect();
    let structure = errors
        .iter()
        .filter(|error| breaks_structure(text, error))
        .map(|error| span(text, error).start)
        .min()
        .unwrap_or(usize::MAX);
    found.retain(|mistake| {
        let Place::Span(place) = mistake.place else {
            return false;
        };
        let own_value = matches!(
            mistake.code,
            Code::UnknownKey | Code::WrongType | Code::Invalid | Code::OutOfRange
        );
        own_value && place.end < structure && !lines.contains(&line_of(text, place.start))
    });
}

fn is_array_error(message: &str) -> bool {
    message.contains("in array") || message.contains("array elements") || is_unclosed_array(message)
}

fn is_unclosed_array(message: &str) -> bool {
    message.starts_with("unclosed array,") || message.starts_with("unclosed inline table")
}

fn breaks_structure(text: &str, error: &toml::de::Error) -> bool {
    let message = error.message();
    let on_header = line(text, span(text, error).start)
        .trim_start()
        .starts_with('[');
    on_header || is_array_error(message) || message.contains("unclosed")
}

fn span(text: &str, error: &toml::de::Error) -> Span {
    let end = text.len();
    match error.span() {
        Some(range) => Span {
            start: range.start.min(end),
            end: range.end.min(end),
        },
        None => Span { start: end, end },
    }
}

fn line_of(text: &str, at: usize) -> usize {
    let before = &text.as_bytes()[..at.min(text.len())];
    before.iter().filter(|byte| **byte == b'\n').count()
}

/// The line that holds the byte.
fn line(text: &str, at: usize) -> &str {
    let at = text.floor_char_boundary(at);
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let rest = &text[start..];
    rest.lines().next().unwrap_or_default()
}

fn mistake(text: &str, span: Span, message: &str) -> Mistake {
    let place = Place::Span(span);
    let typed = text.get(span.start..span.end).unwrap_or_default();
    let syntax = |message: String| Mistake::new(Code::Syntax, place, message);
    if message == "duplicate key" {
        return duplicate(text, span, typed);
    }
    let is_bare = typed.starts_with(|c: char| c.is_alphabetic() || c == '/' || c == '_');
    let unquoted = message.starts_with("string values must be quoted");
    if unquoted && typed.is_empty() {
        return syntax("there is no value".to_owned()).hint("write: key = value");
    }
    if unquoted || (is_bare && message.starts_with("invalid ") && !message.contains("key")) {
        let shown = typed.trim();
        let hint = format!("write \"{shown}\"");
        return syntax(format!("{} is not in quotes", quoted(shown))).hint(hint);
    }
    // The parser's words: "unclosed table, expected `]`".
    let (what, expected) = match message.split_once(", expected ") {
        Some((what, expected)) => (what, Some(expected)),
        None => (message, None),
    };
    match expected {
        Some("nothing") | None => syntax(what.to_owned()),
        Some(expected) => syntax(what.to_owned()).hint(format!("expected {expected}")),
    }
}

fn duplicate(text: &str, span: Span, key: &str) -> Mistake {
    let is_header = line(text, span.start).trim_start().starts_with('[');
    let (message, hint) = match is_header {
        true => (
            format!("the table {} is given twice", quoted(key)),
            "keys such as `sorry.listen = ..` already make the table [site.sorry]: keep to the header or to the dots",
        ),
        false => (
            format!("the key {} is given twice", quoted(key)),
            "keep one of the two",
        ),
    };
    Mistake::new(Code::Duplicate, Place::Span(span), message).hint(hint)
}
