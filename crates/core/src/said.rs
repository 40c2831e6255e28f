//! What an operator said about an outage: the one type in which such words travel, and one encoder per dialect.
//!
//! Only [`Said::parse`] makes one, so whoever holds a `Said` knows that it is short and free of control characters.
//! Encoders live here, beside the promise they rely on; who puts the words where is the page's business.

use std::fmt::Write as _;

/// The longest text, in characters.
pub const LONGEST: usize = 500;

/// An operator's words: 1 to 500 characters, no control character but the newline, no blank ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Said(Box<str>);

/// Why a text cannot be what an operator said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsayable {
    /// Nothing but white space.
    Blank,
    /// More than [`LONGEST`] characters; the number is how many there were.
    TooLong(usize),
    /// A control character, at this byte of the typed text.
    Control(char, usize),
}

impl std::fmt::Display for Unsayable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unsayable::Blank => f.write_str("there is nothing in it to say"),
            Unsayable::TooLong(n) => write!(f, "{n} characters are too many: at most {LONGEST}"),
            Unsayable::Control(c, _) => write!(
                f,
                "the control character U+{:04X} cannot be said",
                u32::from(*c)
            ),
        }
    }
}

impl std::error::Error for Unsayable {}

impl Said {
    /// Takes a typed text: blank ends go, CR LF becomes a newline.
    pub fn parse(typed: &str) -> Result<Said, Unsayable> {
        let bytes = typed.as_bytes();
        let ends_line =
            |at: usize, c: char| c == '\n' || (c == '\r' && bytes.get(at + 1) == Some(&b'\n'));
        let unsayable = |(at, c): &(usize, char)| {
            (c.is_control() && !ends_line(*at, *c)) || is_bidi_control(*c)
        };
        if let Some((at, c)) = typed.char_indices().find(unsayable) {
            return Err(Unsayable::Control(c, at));
        }
        let text = typed.replace("\r\n", "\n");
        let text = text.trim();
        match text.chars().count() {
            0 => Err(Unsayable::Blank),
            length if length > LONGEST => Err(Unsayable::TooLong(length)),
            _ => Ok(Said(text.into())),
        }
    }

    /// The words themselves, newlines kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For HTML text and quoted attribute values; a newline stays a newline.
    pub fn html(&self) -> String {
        escape_markup(&self.0)
    }

    /// For XML text and quoted attribute values.
    pub fn xml(&self) -> String {
        escape_markup(&self.0)
    }

    /// The inside of a JSON string (RFC 8259, section 7), without its quotation marks.
    pub fn json(&self) -> String {
        let mut out = String::with_capacity(self.0.len() + 8);
        for c in self.0.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                // A body that is pasted into a script must not end it, and U+2028/9 end lines in old scripts.
                '<' | '\u{2028}' | '\u{2029}' => {
                    let _infallible = write!(out, "\\u{:04x}", u32::from(c));
                }
                c => out.push(c),
            }
        }
        out
    }

    /// For `grpc-message`: percent-encoding of everything outside printable ASCII and of `%` (gRPC over HTTP/2).
    pub fn grpc(&self) -> String {
        let mut out = String::with_capacity(self.0.len());
        for byte in self.0.bytes() {
            if (0x20..=0x7e).contains(&byte) && byte != b'%' {
                out.push(char::from(byte));
            } else {
                let _infallible = write!(out, "%{byte:02X}");
            }
        }
        out
    }

    /// For an event stream: each line with its `data: ` before it (HTML, section 9.2.6), each ended by a newline.
    pub fn event_lines(&self) -> String {
        self.0
            .lines()
            .map(|line| format!("data: {line}\n"))
            .collect()
    }

    /// For a header field or a log line: one line of printable ASCII, the rest as `?`.
    pub fn header(&self) -> String {
        let visible = |c: char| match c {
            ' '..='~' => c,
            '\n' => ' ',
            _ => '?',
        };
        self.0.chars().map(visible).collect()
    }
}

/// Marks that reorder what a reader sees without being seen themselves (Unicode, UAX #9).
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escape_markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_short_plain_words_are_taken() {
        assert_eq!(Said::parse("  \n "), Err(Unsayable::Blank));
        assert_eq!(Said::parse("a\tb"), Err(Unsayable::Control('\t', 1)));
        assert_eq!(
            Said::parse("a\u{202e}b"),
            Err(Unsayable::Control('\u{202e}', 1))
        );
        assert_eq!(Said::parse(&"ä".repeat(501)), Err(Unsayable::TooLong(501)));
        assert!(Said::parse(&"ä".repeat(500)).is_ok());
        assert_eq!(
            Said::parse(" one\r\ntwo ").map(|s| s.as_str().to_owned()),
            Ok("one\ntwo".into())
        );
    }

    #[test]
    fn every_dialect_has_its_encoder() {
        let said = Said::parse("<b>\"50 %\" & 'ü'\nback\\soon").unwrap();
        assert_eq!(
            said.html(),
            "&lt;b&gt;&quot;50 %&quot; &amp; &#39;ü&#39;\nback\\soon"
        );
        assert_eq!(said.xml(), said.html());
        assert_eq!(said.json(), "\\u003cb>\\\"50 %\\\" & 'ü'\\nback\\\\soon");
        assert_eq!(said.grpc(), "<b>\"50 %25\" & '%C3%BC'%0Aback\\soon");
        assert_eq!(
            said.event_lines(),
            "data: <b>\"50 %\" & 'ü'\ndata: back\\soon\n"
        );
        assert_eq!(said.header(), "<b>\"50 %\" & '?' back\\soon");
    }
}
