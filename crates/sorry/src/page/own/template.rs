//! Operators' templates: rendered once when the page is loaded, with what differs from request to request left open.
//!
//! Whatever an operator can get wrong here comes back with the template's name and line.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, escape_formatter};
use sorry_core::answer::template::{Filling, Hole, ID_WIDTH, Template};

use super::super::builtin::html;
use super::super::source::Exceeded;
use super::super::words::Words;
use super::xml;

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
}

impl<T> Made<T> {
    fn then<U>(mut self, make: impl FnOnce(T) -> Result<U, Fault>) -> Made<U> {
        let made = match self.made.map(make) {
            Some(Ok(made)) => Some(made),
            Some(Err(fault)) => {
                self.faults.push(fault);
                None
            }
            None => None,
        };
        let faults = self.faults;
        Made { faults, made }
    }
}

/// So many faults of one template are told.
const MOST_FAULTS: usize = 32;

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
        self.render().then(|rendered| {
            let template = with_holes(&rendered, self.kind).ok_or_else(|| {
                let message = "request_id and retry_after can be printed and nothing else: no filter may change them";
                self.fault(None, message.to_owned())
            })?;
            match self.kind {
                Kind::Json => self.check_json(&template)?,
                Kind::Xml => self.check_xml(&template)?,
                Kind::Html | Kind::Text => {}
            }
            Ok(template)
        })
    }

    /// Renders, and goes on without what is not defined, so that one mistake does not hide the next. What else fails then may
    /// follow from that, and is not told.
    fn render(&self) -> Made<String> {
        let mut source = self.source.to_owned();
        let mut includes = Arc::clone(self.includes);
        let mut faults = Vec::new();
        loop {
            let error = match self.attempt(&source, &includes) {
                Ok(text) => {
                    let made = Some(text);
                    return Made { faults, made };
                }
                Err(error) => error,
            };
            let error = innermost(&error);
            let stands_alone = stands_alone(error);
            if stands_alone || faults.is_empty() {
                faults.push(self.fault_of(error));
            }
            let name = error.name().unwrap_or(self.name);
            let text = match name == self.name {
                true => Some(&mut source),
                false => Arc::make_mut(&mut includes).get_mut(name),
            };
            let goes_on = stands_alone && faults.len() < MOST_FAULTS;
            let place = text.zip(error.range()).filter(|_| goes_on);
            if !place.is_some_and(|(text, range)| blank(text, range)) {
                return Made { faults, made: None };
            }
        }
    }

    fn attempt(&self, source: &str, includes: &Includes) -> Result<String, Error> {
        let environment = self.environment(includes);
        let mut out = Bounded {
            bytes: Vec::new(),
            longest: self.longest,
        };
        environment
            .template_from_named_str(self.name, source)?
            .render_captured_to(self.context(), &mut out)?;
        Ok(String::from_utf8_lossy(&out.bytes).into_owned())
    }

    fn environment(&self, includes: &Includes) -> Environment<'static> {
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
        let includes = Arc::clone(includes);
        environment.set_loader(move |name| Ok(includes.get(name).cloned()));
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

/// Whether all else can be looked at without the expression that failed.
fn stands_alone(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::UndefinedError => true,
        ErrorKind::InvalidOperation => error
            .detail()
            .is_some_and(|detail| detail.starts_with(SAME_FOR_ALL)),
        _ => false,
    }
}

/// Writes an empty text over an expression, as long as that was, so that all lines stay where they are.
fn blank(text: &mut String, range: Range<usize>) -> bool {
    let Some(old) = text.get(range.clone()) else {
        return false;
    };
    let is_expression = !["{{", "}}", "{%", "%}"].iter().any(|end| old.contains(end));
    let literal = if old.len() < 2 { "0" } else { "\"\"" };
    if !is_expression || old.is_empty() || old.starts_with(literal) {
        return false;
    }
    let rest = old.bytes().skip(literal.len());
    let rest = rest.map(|byte| if byte == b'\n' { '\n' } else { ' ' });
    let new: String = literal.chars().chain(rest).collect();
    text.replace_range(range, &new);
    true
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

const SAME_FOR_ALL: &str = "an HTML page is the same for every request and cannot hold";

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
mod tests {
    use super::super::super::words::tests::{bare, filled, full};
    use super::*;
    use expect_test::{Expect, expect};

    fn includes() -> Includes {
        Arc::new(BTreeMap::from([
            ("head.html".to_owned(), "<h1>{{ site }}</h1>".to_owned()),
            ("bad.html".to_owned(), "\n\n{{ nobody }}".to_owned()),
        ]))
    }

    fn job<'a>(
        name: &'a str,
        source: &'a str,
        words: &'a Words,
        includes: &'a Includes,
    ) -> Job<'a> {
        Job {
            kind: match name {
                "page.html" => Kind::Html,
                "page.json" => Kind::Json,
                "page.xml" => Kind::Xml,
                _ => Kind::Text,
            },
            name,
            source,
            language: "de",
            words,
            includes,
            longest: 3000,
        }
    }

    fn message(fault: &Fault) -> String {
        let line = fault.line.map_or("-".to_owned(), |line| line.to_string());
        format!("{}:{line}: {}", fault.name, fault.message)
    }

    fn messages(faults: &[Fault]) -> String {
        faults.iter().map(message).collect::<Vec<_>>().join("\n")
    }

    fn html_of(source: &str, words: &Words) -> String {
        let Made { faults, made } = job("page.html", source, words, &includes()).html();
        match faults.is_empty() {
            true => made.unwrap(),
            false => messages(&faults),
        }
    }

    fn page(source: &str, expected: &Expect) {
        expected.assert_eq(&html_of(source, &full()));
    }

    fn other(name: &str, source: &str, words: &Words) -> String {
        let Made { faults, made } = job(name, source, words, &includes()).template();
        match faults.is_empty() {
            true => filled(&made.unwrap()),
            false => messages(&faults),
        }
    }

    #[test]
    fn html_is_escaped_and_has_no_holes() {
        page(
            "{{ site }}|{{ said }}|{{ until }}|{{ status }} {{ phrase }}|{{ language }}\n",
            &expect![[r#"
                Fish &amp; &quot;Chips&quot; &lt;shop&gt;|A &lt;new&gt; &quot;engine&quot; &amp; more
                in the cellar|2026-05-01T14:00:00Z|503 Service Unavailable|de
            "#]],
        );
        page(
            "{% include 'head.html' %}",
            &expect!["<h1>Fish &amp; &quot;Chips&quot; &lt;shop&gt;</h1>"],
        );
        assert_eq!(
            html_of("{{ auto_return }}", &bare()),
            html::auto_return(None)
        );
        let nothing = html_of("[{{ said }}{{ until }}{% if said %}x{% endif %}]", &bare());
        assert_eq!(nothing, "[]");
        // Whatever its name says: in a page everything is escaped as a page.
        assert_eq!(
            html_of("{{ said }}", &full()),
            "A &lt;new&gt; &quot;engine&quot; &amp; more\nin the cellar"
        );
    }

    #[test]
    fn mistakes_have_names_lines_and_advice() {
        page(
            "<p>\n{{ sight }}",
            &expect![
                "page.html:2: `sight` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return"
            ],
        );
        page(
            "\n{% if x %}{% endif %}",
            &expect![
                "page.html:2: `x` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return"
            ],
        );
        page(
            "<p>\n\n{% if %}",
            &expect!["page.html:3: syntax error: unexpected end of block"],
        );
        page(
            "{{ site|shout }}",
            &expect!["page.html:1: unknown filter: filter shout is unknown"],
        );
        page(
            "{% include 'bad.html' %}",
            &expect![
                "bad.html:3: `nobody` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return"
            ],
        );
        page(
            "\n{% include '../../etc/passwd' %}",
            &expect![
                "page.html:2: cannot include a file: tried to include non-existing template '../../etc/passwd'; includes are text files of the page's folder, named from there"
            ],
        );
        page(
            "\n{{ request_id }}",
            &expect![
                "page.html:2: an HTML page is the same for every request and cannot hold request_id: put {{ auto_return }} before </body>; its script looks again when it is time and fills elements with the attributes data-sorry-id and data-sorry-until"
            ],
        );
        page(
            "{{ retry_after|upper }}",
            &expect![
                "page.html:-: an HTML page is the same for every request and cannot hold request_id or retry_after: put {{ auto_return }} before </body>; its script looks again when it is time and fills elements with the attributes data-sorry-id and data-sorry-until"
            ],
        );
        page(
            "{% for i in range(1000) %}xxxx{% endfor %}",
            &expect!["page.html:-: the page is longer than the 3000 bytes that a file may have"],
        );
    }

    #[test]
    fn one_mistake_does_not_hide_the_next() {
        page(
            "{{ sight }}\n{% if x %}{{ hidden }}{% endif %}\n{{ request_id }}\n{% include 'bad.html' %}\n{% for i in untl %}{% endfor %}{{ said.foo }}",
            &expect![[r#"
                page.html:1: `sight` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return
                page.html:2: `x` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return
                page.html:3: an HTML page is the same for every request and cannot hold request_id: put {{ auto_return }} before </body>; its script looks again when it is time and fills elements with the attributes data-sorry-id and data-sorry-until
                bad.html:3: `nobody` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return
                page.html:5: `untl` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return
                page.html:5: `said.foo` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return"#]],
        );
        // What follows from a mistake is not told.
        page(
            "{{ sight }}\n{{ sight / 2 }}\n{{ sit }}",
            &expect![
                "page.html:1: `sight` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return"
            ],
        );
        let many = "{{ sight }}\n".repeat(100);
        assert_eq!(html_of(&many, &bare()).lines().count(), MOST_FAULTS);
        expect![[r#"
            page.json:2: `sight` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return
            page.json:3: what it makes is not JSON: expected value at line 3 column 6; values bring their own quotation marks, as in {"detail": {{ said }}}"#]].assert_eq(&other(
            "page.json",
            "{\n\"a\": {{ sight }},\n\"b\": }",
            &bare(),
        ));
    }

    #[test]
    fn json_values_bring_their_quotation_marks() {
        let source = r#"{"d": {{ said }}, "u": {{ until }}, "r": {{ retry_after }}, "i": {{ request_id }}, "s": {{ status }}}"#;
        assert_eq!(
            other("page.json", source, &full()),
            r#"{"d": "A <new> \"engine\" & more\nin the cellar", "u": "2026-05-01T14:00:00Z", "r":     120, "i": "0123456789abcdef", "s": 503}"#
        );
        assert_eq!(
            other("page.json", source, &bare()),
            r#"{"d": null, "u": null, "r":     120, "i": "0123456789abcdef", "s": 503}"#
        );
        expect![[r#"page.json:2: what it makes is not JSON: expected `,` or `}` at line 2 column 8; values bring their own quotation marks, as in {"detail": {{ said }}}"#]]
            .assert_eq(&other("page.json", "{\n\"d\": \"{{ said }}\"}", &full()));
        expect!["page.json:-: request_id and retry_after can be printed and nothing else: no filter may change them"]
            .assert_eq(&other("page.json", "{\"d\": {{ request_id|upper }}}", &full()));
        expect![
            "page.json:1: tried to use / operator on unsupported types plain object and number"
        ]
        .assert_eq(&other("page.json", "{{ retry_after / 60 }}", &full()));
        expect!["page.json:1: `auto_return` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return"]
            .assert_eq(&other("page.json", "{{ auto_return }}", &full()));
    }

    #[test]
    fn text_pads_where_nobody_sees_it() {
        assert_eq!(
            other(
                "page.txt",
                "{{ site }}\nin {{ retry_after }} s\nRetry: {{ retry_after }}\n{{ request_id }}{{ retry_after }}",
                &full()
            ),
            "Fish & \"Chips\" <shop>\nin     120 s\nRetry: 120    \n0123456789abcdef120    "
        );
        assert_eq!(
            other(
                "page.xml",
                "<x><r>{{ retry_after }}</r><s>{{ site }}</s></x>",
                &full()
            ),
            "<x><r>    120</r><s>Fish &amp; &quot;Chips&quot; &lt;shop&gt;</s></x>"
        );
        assert_eq!(
            other("page.txt", "\u{10fffd}", &full()),
            "page.txt:-: request_id and retry_after can be printed and nothing else: no filter may change them"
        );
    }
}
