//! Text that is not TOML: the parser's errors in the operator's words.
//!
//! A parser that goes on after an error sees errors that are none. So the text is read again and again: the first error is
//! told, its line is blanked, and what is left is read once more. Bytes keep their places. What stands in a broken line is
//! not known afterwards, nor to which table the keys behind a broken header belong; [`Mended::keep_real`] minds that.

use super::diagnostics::{Code, Mistake, Place, Span};
use super::fault::quoted;
use toml::de::DeTable;

/// How many broken lines are looked for one by one.
const ROUNDS: usize = 64;

/// A text of which all lines can be read.
pub(super) struct Mended {
    pub(super) text: String,
    /// What was wrong with the others.
    pub(super) mistakes: Vec<Mistake>,
    /// Behind this byte keys may belong to another table than they seem to.
    lost_from: usize,
    /// Whether lines were blanked.
    is_partial: bool,
    /// The end of the line that was blanked last.
    blanked_to: usize,
}

/// Reads the text as often as needed. `None` when it is right as it is, which is found out by reading it once.
pub(super) fn mend(text: &str) -> Option<Mended> {
    let (_, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return None;
    }
    let mut mended = Mended {
        text: text.to_owned(),
        mistakes: Vec::new(),
        lost_from: usize::MAX,
        is_partial: false,
        blanked_to: 0,
    };
    let mut errors = errors;
    for _ in 0..ROUNDS {
        let Some((span, message)) = first_error(&mended.text, &errors) else {
            break;
        };
        mended.take(span, &message);
        errors = DeTable::parse_recoverable(&mended.text).1;
    }
    mended.duplicates(&errors);
    Some(mended)
}

/// The first error but duplicate keys, which leave nothing unread.
fn first_error(text: &str, errors: &[toml::de::Error]) -> Option<(Span, String)> {
    let broken = errors.iter().filter(|error| error.message() != DUPLICATE);
    broken
        .map(|error| (span(text, error), error.message().to_owned()))
        .min()
}

const DUPLICATE: &str = "duplicate key";

impl Mended {
    /// Tells an error and blanks what it spoils.
    fn take(&mut self, span: Span, message: &str) {
        self.is_partial = true;
        if let Some(open) = never_closed(&self.text, span, message) {
            // Everything behind it is taken for a part of it, so nothing can be said about that.
            self.lost_from = self.lost_from.min(open.start);
            let end = self.text.len();
            self.mistakes.push(unclosed(&self.text, open, span));
            self.blank(line_range(&self.text, open.start).start, end);
            return;
        }
        let line = line_range(&self.text, span.start);
        let content = &self.text[line.start..line.end];
        if self.is_rest_of_blanked(line) && !begins_anew(content) {
            self.blank(line.start, line.end);
            return;
        }
        if content.trim_start().starts_with('[') {
            self.lost_from = self.lost_from.min(line.start);
        }
        self.mistakes.push(mistake(&self.text, span, message));
        self.blank(line.start, line.end);
    }

    /// Whether only blanks stand between the line and the one blanked last, whose array or text it may go on with.
    fn is_rest_of_blanked(&self, line: Span) -> bool {
        let between = self.text.get(self.blanked_to..line.start);
        self.blanked_to > 0 && between.is_some_and(|between| between.trim().is_empty())
    }

    fn blank(&mut self, start: usize, end: usize) {
        let blanks: String = self.text[start..end]
            .bytes()
            .map(|byte| if byte == b'\n' { '\n' } else { ' ' })
            .collect();
        self.text.replace_range(start..end, &blanks);
        self.blanked_to = end;
    }

    /// Keys and tables given twice: real unless the header above them was lost. After the last round, also what is left.
    fn duplicates(&mut self, errors: &[toml::de::Error]) {
        for error in errors {
            let span = span(&self.text, error);
            let is_duplicate = error.message() == DUPLICATE;
            if span.start < self.lost_from || !is_duplicate {
                self.mistakes.push(match is_duplicate {
                    true => duplicate(&self.text, span),
                    false => mistake(&self.text, span, error.message()),
                });
            }
        }
    }

    /// Drops what was only found because of the errors.
    pub(super) fn keep_real(&self, found: &mut Vec<Mistake>) {
        let told: Vec<usize> = self
            .mistakes
            .iter()
            .filter_map(|mistake| match mistake.place {
                Place::Span(span) => Some(line_range(&self.text, span.start).start),
                Place::File | Place::Flag(_) => None,
            })
            .collect();
        found.retain(|mistake| match mistake.place {
            // What seems missing may stand in a broken line, and so may what would settle a conflict.
            _ if self.is_partial && matches!(mistake.code, Code::Missing | Code::Conflict) => false,
            Place::Span(place) => {
                let line = line_range(&self.text, place.start).start;
                // An array may only seem empty, since what stood in it is not known.
                let is_hollow = told.iter().any(|at| (place.start..place.end).contains(at));
                place.end <= self.lost_from && !told.contains(&line) && !is_hollow
            }
            Place::File | Place::Flag(_) => !self.is_partial,
        });
    }
}

fn span(text: &str, error: &toml::de::Error) -> Span {
    let end = text.len();
    match error.span() {
        Some(range) => Span {
            start: text.floor_char_boundary(range.start),
            end: text.ceil_char_boundary(range.end.min(end)),
        },
        None => Span { start: end, end },
    }
}

/// The line that holds the byte, without its end.
fn line_range(text: &str, at: usize) -> Span {
    let at = text.floor_char_boundary(at);
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..]
        .find('\n')
        .map_or(text.len(), |newline| at + newline);
    Span { start, end }
}

/// Where the array, inline table or text begins that an error shows to be never closed.
fn never_closed(text: &str, span: Span, message: &str) -> Option<Span> {
    let before = &text[..span.start];
    if message.starts_with("invalid multi-line") {
        let open = before.rfind("\"\"\"").max(before.rfind("'''"))?;
        return Some(Span {
            start: open,
            end: open + 3,
        });
    }
    let line = line_range(text, span.start);
    let says_so =
        message.starts_with("unclosed array,") || message.starts_with("unclosed inline table");
    if !says_so && !begins_anew(&text[line.start..line.end]) {
        return None;
    }
    // The nearest line above, or this one at the end of the file, that opens more than it closes.
    let above = if says_so { before } else { &text[..line.start] };
    let mut start = above.len();
    for line in above.split_inclusive('\n').rev() {
        start -= line.len();
        if let Some(at) = opens(line) {
            return Some(Span {
                start: start + at,
                end: start + at + 1,
            });
        }
        if begins_anew(line) {
            return None;
        }
    }
    None
}

/// Whether a line looks like a key or a header rather than the inside of a value.
fn begins_anew(line: &str) -> bool {
    let line = line.trim_start();
    let key = line.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.\" ".contains(c));
    let is_key = key.is_some_and(|at| at > 0 && line[at..].starts_with('='));
    is_key || line.starts_with("[[") || (line.starts_with('[') && line.trim_end().ends_with(']'))
}

/// Where a value begins that the line opens and does not close.
fn opens(line: &str) -> Option<usize> {
    let (key, value) = line.split_once('=')?;
    let value_at = key.len() + 1 + (value.len() - value.trim_start().len());
    let value = value.trim_start();
    let count = |c: char| value.matches(c).count();
    let open =
        value.starts_with(['[', '{']) && (count('[') > count(']') || count('{') > count('}'));
    open.then_some(value_at)
}

fn unclosed(text: &str, open: Span, noticed: Span) -> Mistake {
    let (what, close) = match &text[open.start..open.end] {
        "[" => ("array", "]"),
        "{" => ("table", "}"),
        quotes => ("text", quotes),
    };
    let message = format!("the {what} that begins here is not closed");
    let mistake = Mistake::new(Code::Syntax, Place::Span(open), message);
    let mistake = mistake.hint(format!("is a `{close}` missing?"));
    let line = line_range(text, noticed.start);
    match begins_anew(&text[line.start..line.end]) && line.start > open.start {
        true => mistake.also(Place::Span(line), "this is taken for a part of it"),
        false => mistake,
    }
}

fn mistake(text: &str, span: Span, message: &str) -> Mistake {
    let typed = text.get(span.start..span.end).unwrap_or_default();
    let syntax = |message: String| Mistake::new(Code::Syntax, Place::Span(span), message);
    // The parser's words: "unclosed table, expected `]`".
    let (what, expected) = match message.split_once(", expected ") {
        Some((what, expected)) => (what, expected),
        None => (message, "nothing"),
    };
    let is_bare = typed.starts_with(|c: char| c.is_alphabetic() || c == '/' || c == '_');
    let shown = typed.trim();
    match what {
        "string values must be quoted" if shown.is_empty() => {
            syntax("there is no value".to_owned()).hint("write: key = value")
        }
        "string values must be quoted" => not_in_quotes(syntax, shown),
        _ if is_bare && what.starts_with("invalid ") && !what.contains("key") => {
            not_in_quotes(syntax, shown)
        }
        "unexpected leading zero" => {
            let digits = text[span.start..].find(|c: char| !c.is_ascii_digit());
            let end = digits.map_or(text.len(), |length| span.start + length);
            let number = &text[span.start..end];
            syntax("a number does not begin with 0".to_owned()).hint(format!(
                "write \"{number}\" where it stands for permissions"
            ))
        }
        "key with no value" => syntax("the key has no value".to_owned()).hint("write: key = value"),
        "invalid basic string" if expected == "`\"`" => {
            syntax("the text does not end on its line".to_owned()).hint("is a `\"` missing?")
        }
        "missing escaped value" => syntax("there is no such escape".to_owned())
            .hint("write \\\\ for a backslash, or use '...', where it has no meaning"),
        _ if expected.ends_with("visible characters") => {
            let odd = text[span.start..].chars().next().unwrap_or_default();
            let message = format!(
                "the character U+{:04X} cannot stand in text",
                u32::from(odd)
            );
            syntax(message).hint("write it as an escape in double quotes, such as \\u0007")
        }
        _ if expected == "nothing" => syntax(what.to_owned()),
        _ => syntax(what.to_owned()).hint(format!("expected {expected}")),
    }
}

fn not_in_quotes(syntax: impl Fn(String) -> Mistake, shown: &str) -> Mistake {
    let hint = match shown.to_ascii_lowercase().as_str() {
        "yes" | "on" => format!("write true, or \"{shown}\" if it is text"),
        "no" | "off" => format!("write false, or \"{shown}\" if it is text"),
        _ => format!("write \"{shown}\""),
    };
    syntax(format!("{} is not in quotes", quoted(shown))).hint(hint)
}

fn duplicate(text: &str, span: Span) -> Mistake {
    let key = quoted(text.get(span.start..span.end).unwrap_or_default());
    let line = line_range(text, span.start);
    let (message, hint) = match text[line.start..line.end].trim_start().starts_with('[') {
        true => (
            format!("the table {key} is given twice"),
            "a table has one header, and none if its keys are dotted as in `sorry.listen = ..`",
        ),
        false => (
            format!("the key {key} is given twice"),
            "keep one of the two",
        ),
    };
    Mistake::new(Code::Duplicate, Place::Span(span), message).hint(hint)
}
