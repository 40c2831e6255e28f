//! What the operator says to visitors. The only way to make a [`Said`] is its parser, so that every encoder behind it may
//! rely on the limits. Standard library only: it is to move to the core.

use std::fmt;

/// At most 500 characters, no control character but newline, and not blank.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Said(Box<str>);

/// Why a text cannot be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaidError {
    /// Nothing but blanks.
    Blank,
    /// This many characters.
    TooLong(usize),
    /// This control character, at this byte.
    Control(char, usize),
}

impl Said {
    /// The most characters that can be said.
    pub const LONGEST: usize = 500;

    /// Takes a text, without the blanks around it.
    ///
    /// # Errors
    /// [`SaidError`] when the text is blank, too long, or holds a control character other than newline.
    pub fn parse(text: &str) -> Result<Said, SaidError> {
        let control = |(_, c): &(usize, char)| c.is_control() && *c != '\n';
        if let Some((at, c)) = text.char_indices().find(control) {
            return Err(SaidError::Control(c, at));
        }
        let text = text.trim();
        match text.chars().count() {
            0 => Err(SaidError::Blank),
            length if length > Said::LONGEST => Err(SaidError::TooLong(length)),
            _ => Ok(Said(text.into())),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SaidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SaidError::Blank => f.write_str("there is nothing in it to say"),
            SaidError::TooLong(length) => {
                write!(
                    f,
                    "{length} characters are too many: at most {}",
                    Said::LONGEST
                )
            }
            SaidError::Control(c, _) => {
                let code = u32::from(*c);
                write!(f, "the control character U+{code:04X} cannot be said")
            }
        }
    }
}

impl std::error::Error for SaidError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        assert_eq!(
            Said::parse(" back\nsoon \n").unwrap().as_str(),
            "back\nsoon"
        );
        assert!(Said::parse(&"é".repeat(500)).is_ok());
        assert_eq!(Said::parse(&"é".repeat(501)), Err(SaidError::TooLong(501)));
        assert_eq!(Said::parse(" \n"), Err(SaidError::Blank));
        assert_eq!(
            Said::parse("é\u{1b}[1m"),
            Err(SaidError::Control('\u{1b}', 2))
        );
        assert_eq!(Said::parse("a\tb"), Err(SaidError::Control('\t', 1)));
        assert_eq!(Said::parse("a\r\nb"), Err(SaidError::Control('\r', 1)));
    }
}
