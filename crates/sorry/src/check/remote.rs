//! What a probe tells in words. Parts of it may come from a stranger (a status line, a banner, the name in a certificate), so
//! all of it has one length and one alphabet, whoever prints it. Made by every checker; shown by status, explain and alerts.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// At most [`Remote::LENGTH_MAX_BYTES`] of printable ASCII. What a stranger has said stands in double quotes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Remote(Cow<'static, str>);

impl Remote {
    /// What is longer is cut.
    pub const LENGTH_MAX_BYTES: usize = 200;

    /// Our own words.
    pub const fn ours(words: &'static str) -> Remote {
        Remote(Cow::Borrowed(words))
    }

    /// Anything that can be printed; what is no printable ASCII becomes `?`.
    pub fn told(words: impl fmt::Display) -> Remote {
        let mut line = Line(String::new());
        // It says no only when the line is full.
        let _full = write!(line, "{words}");
        Remote(Cow::Owned(line.0))
    }

    /// Our own words, then a stranger's in quotes.
    pub fn quoting(ours: &str, theirs: &[u8]) -> Remote {
        Remote::told(format_args!("{ours} {}", Quoted(theirs)))
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A stranger's bytes in quotes; a quote among them becomes a single one, so that the end is where it seems to be.
pub(super) struct Quoted<'a>(pub(super) &'a [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Room for our own words in front of them.
        const THEIRS_MAX: usize = 120;
        f.write_char('"')?;
        for byte in self.0.iter().take(THEIRS_MAX) {
            f.write_char(match byte {
                b'"' => '\'',
                byte => char::from(*byte),
            })?;
        }
        f.write_str(if self.0.len() > THEIRS_MAX {
            "...\""
        } else {
            "\""
        })
    }
}

/// A line that takes what there is room for.
struct Line(String);

impl fmt::Write for Line {
    fn write_str(&mut self, words: &str) -> fmt::Result {
        for letter in words.chars() {
            if self.0.len() == Remote::LENGTH_MAX_BYTES {
                return Err(fmt::Error);
            }
            let printable = letter == ' ' || letter.is_ascii_graphic();
            self.0.push(if printable { letter } else { '?' });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Remote;

    #[test]
    fn strangers_words_are_short_and_plain() {
        let long = "x".repeat(500);
        let cut = format!("banner \"{}...\"", "x".repeat(120));
        for (theirs, expected) in [
            (&b"220 mx"[..], "banner \"220 mx\""),
            (b"a\r\nb\x1b[31m\xff", "banner \"a??b?[31m?\""),
            (b"say \"hi\"", "banner \"say 'hi'\""),
            (b"", "banner \"\""),
            (long.as_bytes(), &cut),
        ] {
            assert_eq!(Remote::quoting("banner", theirs).as_str(), expected);
        }
        assert_eq!(Remote::told(long).as_str().len(), Remote::LENGTH_MAX_BYTES);
    }
}
