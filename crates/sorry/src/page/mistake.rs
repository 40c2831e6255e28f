//! What is wrong with a page, in words that an operator can act on.

use std::fmt;
use std::path::PathBuf;

use super::source::Exceeded;

/// One mistake in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The file or folder it is in.
    pub file: PathBuf,
    /// Its line, from 1, where it has one.
    pub line: Option<usize>,
    /// What is wrong and how to mend it: a lower-case fragment.
    pub message: String,
    /// The bound that it goes beyond, where that is what is wrong.
    pub exceeds: Option<Exceeded>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}", self.message)
    }
}

/// Everything that is wrong with a page; never empty. A page with mistakes is not shown, the old one stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageError {
    /// The mistakes, in the order of files and lines.
    pub mistakes: Vec<Mistake>,
    /// What would be worth a second look without them.
    pub warnings: Vec<Mistake>,
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.mistakes.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            write!(f, "{newline}{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PageError {}
