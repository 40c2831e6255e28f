//! Mistakes with their places, and how people and programs read them: rendered with the line and an underline, or as JSON.
//!
//! Made by the reader and by whoever later finds that a file named in the configuration is missing or broken; printed by
//! `sorry check-config`, `serve`, `run` and `reload`.

use super::FileUse;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde_json::json;
use std::fmt;
use std::path::{Path, PathBuf};
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
    /// An address that cannot be listened on.
    BadListener,
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
            Code::BadListener => "bad-listener",
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
    /// The file that it is in, where the place only names that file, and its line.
    pub inside: Option<(PathBuf, Option<usize>)>,
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
            inside: None,
        }
    }

    /// Says in which file it is that is named at its place, and in which line of it.
    pub fn inside(mut self, file: &Path, line: Option<usize>) -> Mistake {
        self.inside = Some((file.to_owned(), line));
        self
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

impl Source {
    /// A place as compilers write it: `sorry.toml:4:11`, or the flag. None for the file as a whole.
    pub(super) fn position(&self, place: Place) -> Option<String> {
        match place {
            Place::File => None,
            Place::Flag(flag) => Some(flag.to_owned()),
            Place::Span(span) => {
                let lines = Lines::of(&self.text);
                let at = lines.on_boundaries(span).start;
                let (line, column) = (lines.number(at), lines.column(at));
                Some(format!("{}:{line}:{column}", self.name))
            }
        }
    }

    /// A sentence about what stands at a place, with its line.
    pub(super) fn told(&self, place: Place, sentence: &str) -> String {
        match place {
            Place::Span(span) => {
                let line = Lines::of(&self.text).number(span.start);
                format!("{}:{line}: {sentence}", self.name)
            }
            Place::File => format!("{}: {sentence}", self.name),
            Place::Flag(flag) => format!("{flag}: {sentence}"),
        }
    }
}

/// Everything that is wrong with one configuration, in the order of the file; never empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    source: Arc<Source>,
    mistakes: Vec<Mistake>,
    warnings: Vec<String>,
    /// Files that are named where nothing is mistaken.
    files: Vec<FileUse>,
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
        Report {
            source,
            mistakes,
            warnings: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Adds the files that are named, so that what is wrong with them can be told as well.
    pub(super) fn naming(self, files: Vec<FileUse>) -> Report {
        Report { files, ..self }
    }

    /// The files that are named where nothing is mistaken.
    pub fn files(&self) -> &[FileUse] {
        &self.files
    }

    /// Adds what was found after reading.
    pub fn and(self, more: Vec<Mistake>) -> Report {
        let mistakes = self.mistakes.into_iter().chain(more).collect();
        Report {
            warnings: self.warnings,
            files: self.files,
            ..Report::new(self.source, mistakes)
        }
    }

    /// Adds what works and is worth a second look.
    pub fn with_warnings(mut self, warnings: Vec<String>) -> Report {
        self.warnings.extend(warnings);
        self
    }

    /// What works and is worth a second look, whatever the mistakes.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
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
        let lines = Lines::of(&self.source.text);
        let rendered: Vec<String> = self
            .mistakes
            .iter()
            .map(|mistake| renderer.render(&[self.group(mistake, &lines)]))
            .collect();
        rendered.join("\n\n") + "\n"
    }

    fn group<'r>(&'r self, mistake: &'r Mistake, lines: &Lines<'r>) -> Group<'r> {
        let flag = match mistake.place {
            Place::Flag(flag) => format!("{flag}: "),
            Place::File | Place::Span(_) => String::new(),
        };
        let title = format!("{flag}{}", mistake.message);
        let title = Level::ERROR.primary_title(title).id(mistake.code.as_str());
        let mut group = Group::with_title(title);
        match mistake.place {
            Place::Span(span) => group = group.elements(self.snippets(mistake, span, lines)),
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

    /// The line with the mistake and near ones that have to do with it; then those far away, each on its own.
    ///
    /// A snippet is given only the lines that it may show: it goes through all that it is given, for each mistake.
    fn snippets<'r>(
        &'r self,
        mistake: &'r Mistake,
        span: Span,
        lines: &Lines<'r>,
    ) -> Vec<Snippet<'r, Annotation<'r>>> {
        const NEAR: usize = 40;
        let span = lines.on_boundaries(span);
        let mut near = vec![(AnnotationKind::Primary, span, None)];
        let mut far = Vec::new();
        for (place, why) in &mistake.also {
            let Place::Span(other) = place else { continue };
            let other = lines.on_boundaries(*other);
            let distance = lines.number(other.start).abs_diff(lines.number(span.start));
            let group = if distance <= NEAR {
                &mut near
            } else {
                &mut far
            };
            group.push((AnnotationKind::Context, other, Some(why.as_str())));
        }
        let far = far.into_iter().map(|one| vec![one]);
        std::iter::once(near)
            .chain(far)
            .map(|marks| self.snippet(&marks, lines))
            .collect()
    }

    fn snippet<'r>(
        &'r self,
        marks: &[(AnnotationKind, Span, Option<&'r str>)],
        lines: &Lines<'r>,
    ) -> Snippet<'r, Annotation<'r>> {
        let first = marks.iter().map(|(_, span, _)| span.start).min();
        let last = marks.iter().map(|(_, span, _)| span.end).max();
        let window = lines.whole(first.unwrap_or(0), last.unwrap_or(0));
        let annotations = marks.iter().map(|(kind, span, why)| {
            let range = span.start - window.start..span.end - window.start;
            kind.span(range).label(*why)
        });
        Snippet::source(&lines.text[window.start..window.end])
            .line_start(lines.number(window.start))
            .path(&self.source.name)
            .annotations(annotations)
    }

    /// The report for programs: `{"file", "mistakes": [{"file", "line", "column", "end", "code", "message", "hint", "in", ...}], "warnings"}`.
    /// Lines and columns begin at 1, columns count characters, `end` is one past the last.
    pub fn to_json(&self) -> serde_json::Value {
        let lines = Lines::of(&self.source.text);
        let mistakes = self.mistakes.iter().map(|m| self.one_json(m, &lines));
        let mistakes: Vec<_> = mistakes.collect();
        json!({ "file": self.source.name, "mistakes": mistakes, "warnings": self.warnings })
    }

    fn one_json(&self, mistake: &Mistake, lines: &Lines<'_>) -> serde_json::Value {
        let mut object = self.place_json(mistake.place, lines);
        object["code"] = json!(mistake.code.as_str());
        object["message"] = json!(mistake.message);
        object["hint"] = json!(mistake.hint);
        let inside = mistake.inside.as_ref();
        object["in"] = inside.map_or(
            json!(null),
            |(file, line)| json!({ "file": file.display().to_string(), "line": line }),
        );
        let also = mistake.also.iter().map(|(place, why)| {
            let mut other = self.place_json(*place, lines);
            other["message"] = json!(why);
            other
        });
        object["also"] = also.collect();
        object
    }

    fn place_json(&self, place: Place, lines: &Lines<'_>) -> serde_json::Value {
        match place {
            Place::File => json!({ "file": self.source.name }),
            Place::Flag(flag) => json!({ "flag": flag }),
            Place::Span(span) => {
                let span = lines.on_boundaries(span);
                json!({
                    "file": self.source.name,
                    "line": lines.number(span.start),
                    "column": lines.column(span.start),
                    "end": { "line": lines.number(span.end), "column": lines.column(span.end) },
                })
            }
        }
    }
}

/// Where the lines of a text begin, so that the line of a byte is found without going through the text.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Lines<'t> {
        let after_newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        Lines {
            text,
            starts: std::iter::once(0).chain(after_newlines).collect(),
        }
    }

    /// The span as text that can be sliced: inside the text and on character boundaries, whatever a parser reported.
    fn on_boundaries(&self, span: Span) -> Span {
        let start = self.text.floor_char_boundary(span.start);
        let end = self.text.ceil_char_boundary(span.end.max(start));
        Span { start, end }
    }

    /// The number of the line that holds the byte, from 1.
    fn number(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }

    fn start(&self, at: usize) -> usize {
        self.starts.get(self.number(at) - 1).copied().unwrap_or(0)
    }

    /// The column of the byte in characters, from 1.
    fn column(&self, at: usize) -> usize {
        let before = self.text.get(self.start(at)..at).unwrap_or_default();
        before.chars().count() + 1
    }

    /// The whole lines that hold these bytes.
    fn whole(&self, first: usize, last: usize) -> Span {
        let end = self.starts.get(self.number(last)).copied();
        Span {
            start: self.start(first),
            end: end.unwrap_or(self.text.len()),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(Color::Plain).trim_end())
    }
}

impl std::error::Error for Report {}
