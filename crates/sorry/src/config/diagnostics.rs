//! Mistakes with their places, and how people and programs read them: rendered with the line and an underline, or as JSON.
//!
//! Made by the reader and by whoever later finds that a file named in the configuration is missing or broken; printed by
//! `sorry check-config`, `serve`, `run` and `reload`.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde_json::json;
use std::fmt;
use std::sync::Arc;

/// Bytes `start..end` of the configuration's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl From<std::ops::Range<usize>> for Span {
    fn from(range: std::ops::Range<usize>) -> Span {
        Span {
            start: range.start,
            end: range.end,
        }
    }
}

/// Where something was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// The file as a whole.
    File,
    /// These bytes of the file.
    Span(Span),
    /// This flag of the command line.
    Flag(&'static str),
}

/// What kind of mistake it is: the part of a diagnostic that programs may rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The file cannot be read.
    Unreadable,
    /// The file is not UTF-8.
    Encoding,
    /// The text is not TOML.
    Syntax,
    /// No such key in this table.
    UnknownKey,
    /// A required key is not there.
    Missing,
    /// The value is of another type than the key's.
    WrongType,
    /// The value has the right type but means nothing.
    Invalid,
    /// The value is outside its limits.
    OutOfRange,
    /// The same thing is given twice.
    Duplicate,
    /// Two things that are right alone cannot be together.
    Conflict,
    /// A file that the configuration names is missing or broken.
    BadFile,
}

impl Code {
    /// The code as it is printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::Unreadable => "unreadable",
            Code::Encoding => "encoding",
            Code::Syntax => "syntax",
            Code::UnknownKey => "unknown-key",
            Code::Missing => "missing",
            Code::WrongType => "wrong-type",
            Code::Invalid => "invalid",
            Code::OutOfRange => "out-of-range",
            Code::Duplicate => "duplicate",
            Code::Conflict => "conflict",
            Code::BadFile => "bad-file",
        }
    }
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// What kind it is.
    pub code: Code,
    /// A lower-case fragment: what is wrong with what.
    pub message: String,
    /// Where it is.
    pub place: Place,
    /// Other places that have to do with it, and why.
    pub also: Vec<(Place, String)>,
    /// How to mend it.
    pub hint: Option<String>,
}

impl Mistake {
    /// A mistake without hint or other places.
    pub fn new(code: Code, place: Place, message: impl Into<String>) -> Mistake {
        Mistake {
            code,
            message: message.into(),
            place,
            also: Vec::new(),
            hint: None,
        }
    }

    /// Adds how to mend it.
    pub fn hint(mut self, hint: impl Into<String>) -> Mistake {
        self.hint = Some(hint.into());
        self
    }

    /// Adds another place and what it has to do with the mistake.
    pub fn also(mut self, place: Place, why: impl Into<String>) -> Mistake {
        self.also.push((place, why.into()));
        self
    }
}

/// A configuration's text and what its file is called; empty for `sorry serve`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    pub(super) name: String,
    pub(super) text: String,
}

/// Everything that is wrong with one configuration, in the order of the file; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    source: Arc<Source>,
    mistakes: Vec<Mistake>,
}

/// Whether a report is for a terminal that shows colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// Characters only.
    Plain,
    /// With ANSI escape sequences.
    Coloured,
}

impl Report {
    pub(super) fn new(source: Arc<Source>, mut mistakes: Vec<Mistake>) -> Report {
        mistakes.sort_by_key(|mistake| mistake.place);
        mistakes.dedup();
        Report { source, mistakes }
    }

    /// The mistakes, in the order of the file.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// All mistakes with file, line, column, underline and hint, a blank line between them.
    pub fn render(&self, color: Color) -> String {
        let renderer = match color {
            Color::Plain => Renderer::plain(),
            Color::Coloured => Renderer::styled(),
        };
        let rendered: Vec<String> = self
            .mistakes
            .iter()
            .map(|mistake| renderer.render(&[self.group(mistake)]))
            .collect();
        rendered.join("\n\n") + "\n"
    }

    fn group<'r>(&'r self, mistake: &'r Mistake) -> Group<'r> {
        let flag = match mistake.place {
            Place::Flag(flag) => format!("{flag}: "),
            Place::File | Place::Span(_) => String::new(),
        };
        let title = format!("{flag}{}", mistake.message);
        let title = Level::ERROR.primary_title(title).id(mistake.code.as_str());
        let mut group = Group::with_title(title);
        match mistake.place {
            Place::Span(span) => group = group.element(self.snippet(mistake, span)),
            Place::File => group = group.element(Origin::path(&self.source.name)),
            Place::Flag(_) => {}
        }
        let elsewhere = mistake.also.iter().filter_map(|(place, why)| match place {
            Place::Flag(flag) => Some(Level::NOTE.message(format!("{flag}: {why}"))),
            Place::File | Place::Span(_) => None,
        });
        group = group.elements(elsewhere);
        match &mistake.hint {
            Some(hint) => group.element(Level::HELP.message(hint)),
            None => group,
        }
    }

    fn snippet<'r>(
        &'r self,
        mistake: &'r Mistake,
        span: Span,
    ) -> Snippet<'r, annotate_snippets::Annotation<'r>> {
        let others = mistake.also.iter().filter_map(|(place, why)| match place {
            Place::Span(other) => {
                let range = self.on_boundaries(*other);
                Some(AnnotationKind::Context.span(range).label(why))
            }
            Place::File | Place::Flag(_) => None,
        });
        Snippet::source(&self.source.text)
            .path(&self.source.name)
            .annotation(AnnotationKind::Primary.span(self.on_boundaries(span)))
            .annotations(others)
    }

    /// The span as text that can be sliced: inside the text and on character boundaries, whatever a parser reported.
    fn on_boundaries(&self, span: Span) -> std::ops::Range<usize> {
        let text = &self.source.text;
        let start = text.floor_char_boundary(span.start);
        let end = text.ceil_char_boundary(span.end.max(start));
        start..end
    }

    /// The report for programs: `{"file", "mistakes": [{"file", "line", "column", "end", "code", "message", "hint", ...}]}`.
    /// Lines and columns begin at 1, columns count characters, `end` is one past the last.
    pub fn to_json(&self) -> serde_json::Value {
        let mistakes: Vec<_> = self.mistakes.iter().map(|m| self.one_json(m)).collect();
        json!({ "file": self.source.name, "mistakes": mistakes })
    }

    fn one_json(&self, mistake: &Mistake) -> serde_json::Value {
        let mut object = self.place_json(mistake.place);
        object["code"] = json!(mistake.code.as_str());
        object["message"] = json!(mistake.message);
        object["hint"] = json!(mistake.hint);
        let also = mistake.also.iter().map(|(place, why)| {
            let mut other = self.place_json(*place);
            other["message"] = json!(why);
            other
        });
        object["also"] = also.collect();
        object
    }

    fn place_json(&self, place: Place) -> serde_json::Value {
        match place {
            Place::File => json!({ "file": self.source.name }),
            Place::Flag(flag) => json!({ "flag": flag }),
            Place::Span(span) => {
                let range = self.on_boundaries(span);
                let (line, column) = self.line_and_column(range.start);
                let (end_line, end_column) = self.line_and_column(range.end);
                json!({
                    "file": self.source.name,
                    "line": line,
                    "column": column,
                    "end": { "line": end_line, "column": end_column },
                })
            }
        }
    }

    fn line_and_column(&self, at: usize) -> (usize, usize) {
        let before = self.source.text.get(..at).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(Color::Plain).trim_end())
    }
}

impl std::error::Error for Report {}
