//! Operators' templates: rendered once when the page is loaded, with what differs from request to request left open.
//!
//! Whatever an operator can get wrong here comes back with the template's name and line.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, escape_formatter};
use sorry_core::answer::template::{Filling, Hole, ID_WIDTH, Template};

use super::super::builtin::html;
use super::super::source::Exceeded;
use super::super::words::Words;
use super::{rest, xml};

/// What a template makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Html,
    Json,
    Text,
    Xml,
}

/// A mistake in a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The file it is in, which may be an included one.
    pub(super) name: String,
    pub(super) line: Option<usize>,
    pub(super) message: String,
    pub(super) exceeds: Option<Exceeded>,
}

/// The files that a template may include, by name.
pub(super) type Includes = Arc<BTreeMap<String, String>>;

/// One template and what it is rendered with.
pub(super) struct Job<'a> {
    pub(super) kind: Kind,
    /// The file's name.
    pub(super) name: &'a str,
    pub(super) source: &'a str,
    /// The language it is in.
    pub(super) language: &'a str,
    pub(super) words: &'a Words,
    pub(super) includes: &'a Includes,
    /// The longest result, in bytes.
    pub(super) longest: usize,
}

/// What stands in a rendered text where a hole will be: it is between two of these.
const MARK: char = '\u{10fffd}';

const VARIABLES: &str =
    "site, said, until, status, phrase, language, request_id, retry_after, auto_return";

/// What came of a template. Where there are faults, what was made only serves to find further ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Made<T> {
    pub(super) faults: Vec<Fault>,
    pub(super) made: Option<T>,
    /// The names of the files that it includes, and theirs, whether they are there or not.
    pub(super) included: BTreeSet<String>,
    /// Whether an included file could not be used, so that what was made says nothing about its form.
    is_partial: bool,
}

impl<T> Made<T> {
    fn nothing() -> Made<T> {
        Made {
            faults: Vec::new(),
            made: None,
            included: BTreeSet::new(),
            is_partial: false,
        }
    }

    fn then<U>(mut self, make: impl FnOnce(T) -> Result<U, Fault>) -> Made<U> {
        let made = match self.made.map(make) {
            Some(Ok(made)) => Some(made),
            Some(Err(fault)) => {
                self.faults.push(fault);
                None
            }
            None => None,
        };
        Made {
            faults: self.faults,
            made,
            included: self.included,
            is_partial: self.is_partial,
        }
    }
}

/// So many faults of one template are told.
const MOST_FAULTS: usize = 32;

/// So often a template is rendered to find them. What follows from a fault is left out, too, and not told.
const MOST_ATTEMPTS: usize = 4 * MOST_FAULTS;

impl Job<'_> {
    /// Renders a page for people.
    pub(super) fn html(&self) -> Made<String> {
        let mut page = self.render();
        if page.made.as_ref().is_some_and(|html| html.contains(MARK)) {
            let message = no_holes("request_id or retry_after");
            page.faults.push(self.fault(None, message));
        }
        page
    }

    /// Renders anything else.
    pub(super) fn template(&self) -> Made<Template> {
        let page = self.render();
        let is_partial = page.is_partial;
        page.then(|rendered| {
            let template = with_holes(&rendered, self.kind).ok_or_else(|| {
                let message = "request_id and retry_after can be printed and nothing else: no filter may change them";
                self.fault(None, message.to_owned())
            })?;
            match self.kind {
                _ if is_partial => {}
                Kind::Json => self.check_json(&template)?,
                Kind::Xml => self.check_xml(&template)?,
                Kind::Html | Kind::Text => {}
            }
            Ok(template)
        })
    }

    /// Renders, and goes on without what is mistaken, so that one mistake does not hide the next. What else fails then may
    /// follow from that, and is not told.
    fn render(&self) -> Made<String> {
        let mut source = self.source.to_owned();
        let mut includes = Arc::clone(self.includes);
        let mut made = Made::nothing();
        for _ in 0..MOST_ATTEMPTS {
            let asked = Asked::default();
            let error = match self.attempt(&source, &includes, &asked) {
                Ok(text) => {
                    made.included.extend(taken(&asked));
                    made.made = Some(text);
                    return made;
                }
                Err(error) => error,
            };
            let error = innermost(&error);
            if rest::stands_alone(error) || made.faults.is_empty() {
                made.faults.push(self.fault_of(error));
            }
            let asked = taken(&asked);
            let name = error.name().unwrap_or(self.name);
            let goes_on = match error.kind() {
                _ if made.faults.len() >= MOST_FAULTS => false,
                ErrorKind::WriteFailure => false,
                ErrorKind::TemplateNotFound => leave_out(&asked, &mut includes, &mut made),
                ErrorKind::SyntaxError if name != self.name => {
                    Arc::make_mut(&mut includes).remove(name);
                    leave_out(&asked, &mut includes, &mut made)
                }
                kind => {
                    let text = match name == self.name {
                        true => Some(&mut source),
                        false => Arc::make_mut(&mut includes).get_mut(name),
                    };
                    let place = text.zip(error.range());
                    place.is_some_and(|(text, range)| rest::replace(text, range, kind))
                }
            };
            made.included.extend(asked);
            if !goes_on {
                break;
            }
        }
        made
    }

    fn attempt(&self, source: &str, includes: &Includes, asked: &Asked) -> Result<String, Error> {
        let environment = self.environment(includes, asked);
        let mut out = Bounded {
            bytes: Vec::new(),
            longest: self.longest,
        };
        environment
            .template_from_named_str(self.name, source)?
            .render_captured_to(self.context(), &mut out)?;
        Ok(String::from_utf8_lossy(&out.bytes).into_owned())
    }

    fn environment(&self, includes: &Includes, asked: &Asked) -> Environment<'static> {
        let mut environment = Environment::new();
        environment.set_debug(true);
        environment.set_syntax(syntax());
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let kind = self.kind;
        // By what is made and not by the name of what is included: a text in a page is part of the page.
        environment.set_auto_escape_callback(move |_| match kind {
            Kind::Html | Kind::Xml => AutoEscape::Html,
            Kind::Json => AutoEscape::Json,
            Kind::Text => AutoEscape::None,
        });
        environment.set_formatter(move |out, state, value| {
            if let Some(open) = value.downcast_object_ref::<Open>() {
                return match (kind, state.auto_escape()) {
                    (Kind::Html, _) => Err(Error::new(
                        ErrorKind::InvalidOperation,
                        no_holes(open.name()),
                    )),
                    (_, AutoEscape::Json) if *open == Open::Id => Ok(write!(out, "\"{open}\"")?),
                    _ => Ok(write!(out, "{open}")?),
                };
            }
            // What was not said is nothing, and in JSON it is null.
            match state.auto_escape() {
                AutoEscape::Json => escape_formatter(out, state, value),
                _ if value.is_none() => Ok(()),
                _ => escape_formatter(out, state, value),
            }
        });
        let (includes, asked) = (Arc::clone(includes), Arc::clone(asked));
        environment.set_loader(move |name| {
            let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.insert(name.to_owned());
            Ok(includes.get(name).cloned())
        });
        environment
    }

    fn context(&self) -> Value {
        let words = self.words;
        let said = words.said.as_ref().map(|said| said.as_str().to_owned());
        let mut context: BTreeMap<&str, Value> = BTreeMap::from([
            ("site", Value::from(words.site.as_str())),
            ("said", Value::from(said)),
            ("until", Value::from(words.until_for_machines())),
            ("status", Value::from(words.status)),
            ("phrase", Value::from(words.status_phrase)),
            ("language", Value::from(self.language)),
            ("request_id", Value::from_object(Open::Id)),
            ("retry_after", Value::from_object(Open::RetryAfter)),
        ]);
        if self.kind == Kind::Html {
            let script = html::auto_return(words.page_path.as_deref());
            context.insert("auto_return", Value::from_safe_string(script));
        }
        Value::from(context)
    }

    fn fault(&self, line: Option<usize>, message: String) -> Fault {
        Fault {
            name: self.name.to_owned(),
            line,
            message,
            exceeds: None,
        }
    }

    fn fault_of(&self, error: &Error) -> Fault {
        Fault {
            name: error.name().unwrap_or(self.name).to_owned(),
            line: error.line(),
            message: self.message_of(error),
            exceeds: (error.kind() == ErrorKind::WriteFailure).then_some(Exceeded::Bytes),
        }
    }

    fn message_of(&self, error: &Error) -> String {
        let detail = error.detail().unwrap_or_default();
        match error.kind() {
            ErrorKind::UndefinedError => {
                let what = error
                    .template_source()
                    .zip(error.range())
                    .and_then(|(source, range)| source.get(range))
                    .map(|snippet| format!("`{}`", snippet.trim()))
                    .unwrap_or_else(|| "this".to_owned());
                format!("{what} is not defined; there are {VARIABLES}")
            }
            ErrorKind::WriteFailure => format!(
                "the page is longer than the {} bytes that a file may have",
                self.longest
            ),
            ErrorKind::TemplateNotFound | ErrorKind::BadInclude => {
                format!(
                    "cannot include a file: {detail}; includes are text files of the page's folder, named from there"
                )
            }
            ErrorKind::InvalidOperation => detail.to_owned(),
            kind if detail.is_empty() => kind.to_string(),
            kind => format!("{kind}: {detail}"),
        }
    }

    /// Holes are numbers and strings; whatever they are filled with, the document must be JSON.
    fn check_json(&self, template: &Template) -> Result<(), Fault> {
        let sample = sample(template);
        serde_json::from_str::<serde_json::Value>(&sample)
            .map(drop)
            .map_err(|error| {
                let message = format!(
                    "what it makes is not JSON: {error}; values bring their own quotation marks, as in {{\"detail\": {{{{ said }}}}}}"
                );
                self.fault(Some(self.line(&sample, error.line())), message)
            })
    }

    /// Nor may a program that reads XML find something else.
    fn check_xml(&self, template: &Template) -> Result<(), Fault> {
        let sample = sample(template);
        xml::check(&sample).map_err(|fault| {
            let line = sample[..fault.at].matches('\n').count() + 1;
            let message = format!("what it makes is not well-formed XML: {}", fault.message);
            self.fault(Some(self.line(&sample, line)), message)
        })
    }

    /// Where a line of what was made was written. Templates may repeat or leave out lines, so its text is looked for: the
    /// nth one made is the nth one written.
    fn line(&self, made: &str, line: usize) -> usize {
        let above = line.saturating_sub(1);
        let wanted = made.lines().nth(above).unwrap_or_default();
        let before = made.lines().take(above).filter(|made| *made == wanted);
        let before = before.count();
        let written = self.source.lines().enumerate();
        let mut same = written.filter(|(_, text)| *text == wanted);
        let last = self.source.lines().count().max(1);
        same.nth(before)
            .map_or(line.min(last), |(index, _)| index + 1)
    }
}

/// The innermost error says what is wrong; those around it only say where it was included.
fn innermost(error: &Error) -> &Error {
    let mut innermost = error;
    while let Some(inner) = innermost
        .source()
        .and_then(<dyn std::error::Error>::downcast_ref)
    {
        innermost = inner;
    }
    innermost
}

/// The names of files that were asked for while a template was rendered.
type Asked = Arc<Mutex<BTreeSet<String>>>;

fn taken(asked: &Asked) -> BTreeSet<String> {
    std::mem::take(&mut asked.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Makes the files that were asked for and are not there empty ones; false where there are none.
fn leave_out<T>(asked: &BTreeSet<String>, includes: &mut Includes, made: &mut Made<T>) -> bool {
    let missing = asked.iter().filter(|name| !includes.contains_key(*name));
    let missing: Vec<String> = missing.cloned().collect();
    let any = !missing.is_empty();
    let empty = missing.into_iter().map(|name| (name, String::new()));
    Arc::make_mut(includes).extend(empty);
    made.is_partial |= any;
    any
}

/// What somebody could get.
fn sample(template: &Template) -> String {
    let filling = Filling {
        date: sorry_core::date::imf_fixdate(0),
        now: 0,
        id: [b'0'; ID_WIDTH],
        retry_after: 1,
    };
    let mut sample = Vec::new();
    template.fill(&filling, &mut sample);
    // Both the text and what fills its holes are UTF-8.
    String::from_utf8_lossy(&sample).into_owned()
}

/// The usual one, in which the line end at the end of a file stays.
fn syntax() -> SyntaxConfig {
    let mut builder = SyntaxConfig::builder();
    builder.keep_trailing_newline(true);
    // Only delimiters can make this fail, and they are the usual ones.
    builder.build().unwrap_or_default()
}

pub(super) const SAME_FOR_ALL: &str = "an HTML page is the same for every request and cannot hold";

fn no_holes(name: &str) -> String {
    format!(
        "{SAME_FOR_ALL} {name}: put {{{{ auto_return }}}} before </body>; its \
         script looks again when it is time and fills elements with the attributes data-sorry-id and data-sorry-until"
    )
}

/// A value that is only known when an answer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Id,
    RetryAfter,
}

impl Open {
    fn name(self) -> &'static str {
        match self {
            Open::Id => "request_id",
            Open::RetryAfter => "retry_after",
        }
    }
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MARK}{}{MARK}", self.name())
    }
}

impl Object for Open {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

/// Turns marks into holes; nothing where a mark is not one of ours any more.
fn with_holes(rendered: &str, kind: Kind) -> Option<Template> {
    let mut template = Template::new();
    let mut parts = rendered.split(MARK).peekable();
    template.push(parts.next()?.as_bytes());
    while let Some(name) = parts.next() {
        let after = parts.next()?;
        let ends_line =
            after.starts_with(['\n', '\r']) || (after.is_empty() && parts.peek().is_none());
        template.push_hole(match name {
            "request_id" => Hole::Id,
            // Where nothing follows on the line, blanks behind the number are not seen.
            "retry_after" if kind == Kind::Text && ends_line => Hole::RetryAfterLeft,
            "retry_after" => Hole::RetryAfter,
            _ => return None,
        });
        template.push(after.as_bytes());
    }
    Some(template)
}

/// Takes so many bytes and no more.
struct Bounded {
    bytes: Vec<u8>,
    longest: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.longest {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
