//! Why a piece of text is not what it should be, told by the parser of that text.
//!
//! A fault knows nothing of files, lines or flags: it holds a fragment, a hint and the bytes of the text it is about. The
//! reader (`reader.rs`) and the flags of `sorry serve` (`serve.rs`) turn it into a [`Mistake`](super::Mistake) that has a place.

use std::fmt;
use std::ops::Range;

/// What is wrong with a text and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub(super) message: String,
    pub(super) hint: Option<String>,
    pub(super) range: Option<Range<usize>>,
    pub(super) kind: Kind,
}

/// Whether the text means nothing, or something that is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Invalid,
    OutOfRange,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Fault {
        Fault {
            message: message.into(),
            hint: None,
            range: None,
            kind: Kind::Invalid,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Fault {
        self.hint = Some(hint.into());
        self
    }

    /// Blames only these bytes of the text.
    pub(super) fn at(mut self, range: Range<usize>) -> Fault {
        self.range = Some(range);
        self
    }

    pub(super) fn out_of_range(mut self) -> Fault {
        self.kind = Kind::OutOfRange;
        self
    }

    /// What is wrong, as a lower-case fragment.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// How to mend it, if the parser knows.
    pub fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Fault {}

/// A text of the operator's as a message may show it: in backquotes, control characters escaped, cut when long, so that
/// a message stays one line and never moves the cursor of a terminal.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String = text
        .chars()
        .take(LONGEST)
        .flat_map(|c| {
            let escape = c.is_control() || is_invisible(c);
            let escaped = escape.then(|| c.escape_unicode());
            let plain = (!escape).then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push_str("...");
    }
    format!("`{shown}`")
}

/// Characters that show nothing but reorder or hide what stands beside them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// "a, b or c" of things that a message lists.
pub(super) fn one_of<T: AsRef<str>>(words: &[T]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        None => String::new(),
        Some((only, [])) => (*only).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// The candidate that was most likely meant: close in spelling, whatever the case and whether `_` or `-` was typed. Short
/// words with two letters exchanged share too little to be alike; of those few slips are counted.
pub(super) fn nearest<'c>(
    typed: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let typed = typed.to_lowercase().replace('_', "-");
    candidates
        .into_iter()
        .filter_map(|candidate| Some((likeness(&typed, &candidate.to_lowercase())?, candidate)))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// How much a word is like one that is known, where it is alike at all; both in lower case.
pub(super) fn likeness(typed: &str, known: &str) -> Option<f64> {
    let alike = strsim::jaro_winkler(typed, known);
    let slips = strsim::osa_distance(typed, known);
    let few = match typed.chars().count() {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    };
    (alike >= 0.84 || slips <= few).then_some(alike)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_text_is_one_short_line_without_controls() {
        assert_eq!(quoted("shop"), "`shop`");
        assert_eq!(
            quoted("a\nb\u{1b}[1m\u{202e}x"),
            "`a\\u{a}b\\u{1b}[1m\\u{202e}x`"
        );
        assert_eq!(quoted(&"x".repeat(61)), format!("`{}...`", "x".repeat(60)));
    }

    #[test]
    fn the_nearest_word_is_found_whatever_its_case_or_dash() {
        let known = ["retry-after", "retry-after-form", "redirect", "robots"];
        assert_eq!(nearest("retry_after", known), Some("retry-after"));
        assert_eq!(nearest("Retry-Aftr", known), Some("retry-after"));
        assert_eq!(nearest("robot", known), Some("robots"));
        assert_eq!(nearest("sya", ["page", "say", "csp"]), Some("say"));
        assert_eq!(nearest("tsl", ["sorry", "tls", "log"]), Some("tls"));
        assert_eq!(nearest("weight", known), None);
        assert_eq!(nearest("", known), None);
    }

    #[test]
    fn lists_read_like_speech() {
        assert_eq!(one_of::<&str>(&[]), "");
        assert_eq!(one_of(&["a"]), "a");
        assert_eq!(one_of(&["a", "b", "c"]), "a, b or c");
    }
}
