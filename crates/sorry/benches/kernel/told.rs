//! One line of results: a word for what it is, then `name=value`, by spaces.

use std::fmt::{Display, Write as _};

pub(crate) struct Line(String);

impl Line {
    pub(crate) fn new(word: &str) -> Line {
        Line(word.to_owned())
    }

    pub(crate) fn with(mut self, name: &str, value: impl Display) -> Line {
        // Writing into a string cannot fail.
        let _infallible = write!(self.0, " {name}={value}");
        self
    }

    pub(crate) fn print(&self) {
        println!("{}", self.0);
    }
}
