//! What `Accept` says about the dialect of an answer (RFC 9110, section 12.5.1).
//!
//! Explicit wishes decide; a wish that only `*/*` expresses is no wish, and the caller asks the next witness.

use super::ask::Lines;
use super::dialect::Dialect;
use super::quality::{MOST_ELEMENTS, Quality, media_type, weighted};
use crate::scan;

/// What the field wishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wish {
    /// The dialect that an explicit element asks for most, if any does.
    pub(super) dialect: Option<Dialect>,
    /// Whether JSON in any of its forms is acceptable.
    pub(super) json: bool,
    /// Whether `application/problem+json` is acceptable.
    pub(super) problem: bool,
    /// Whether an event stream is asked for by name.
    pub(super) event_stream: bool,
}

impl Wish {
    /// An absent field accepts everything.
    const ANYTHING: Wish = Wish {
        dialect: None,
        json: true,
        problem: true,
        event_stream: false,
    };
}

/// Reads the field; absent and malformed are the same.
pub(super) fn read(field: &Lines<'_>) -> Wish {
    tally(field).map_or(Wish::ANYTHING, |tally| tally.wish())
}

/// Whether the field can name an event stream at all: a look for its hyphens, much cheaper than reading it.
pub(super) fn may_name_stream(field: &Lines<'_>) -> bool {
    field.lines().any(may_hold_stream)
}

fn may_hold_stream(line: &[u8]) -> bool {
    let mut rest = line;
    while let Some(at) = scan::position(rest, |byte| byte == b'-') {
        rest = &rest[at + 1..];
        let word = rest.get(..b"stream".len());
        if word.is_some_and(|word| word.eq_ignore_ascii_case(b"stream")) {
            return true;
        }
    }
    false
}

/// How closely an element names a dialect; a closer one overrules a wider one (section 12.5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Closeness {
    /// `*/*`
    Anything,
    /// `text/*`
    Kind,
    /// `application/*+json` in spirit: another type of the same syntax
    Suffix,
    /// The type itself
    Exact,
}

type Weight = Option<(Closeness, Quality)>;

/// The weights of what could be sent. The order of the fields is the order of ties.
#[derive(Default)]
struct Tally {
    html: Weight,
    json: Weight,
    text: Weight,
    xml: Weight,
    problem: Weight,
    media: Weight,
    code: Weight,
    event_stream: Weight,
}

fn tally(field: &Lines<'_>) -> Option<Tally> {
    let mut tally = Tally::default();
    let mut any = false;
    for (count, element) in field.elements()?.enumerate() {
        let (value, quality) = weighted(element)?;
        let (kind, subtype) = media_type(value)?;
        if count >= MOST_ELEMENTS || (kind == b"*" && subtype != b"*") {
            return None;
        }
        any = true;
        tally.count(kind, subtype, quality);
    }
    any.then_some(tally)
}

fn raise(weight: &mut Weight, closeness: Closeness, quality: Quality) {
    let replace = match weight {
        None => true,
        Some((was, q)) => closeness > *was || (closeness == *was && quality > *q),
    };
    if replace {
        *weight = Some((closeness, quality));
    }
}

impl Tally {
    fn count(&mut self, kind: &[u8], subtype: &[u8], q: Quality) {
        use Closeness::{Anything, Exact, Kind, Suffix};
        let is = |name: &str| subtype.eq_ignore_ascii_case(name.as_bytes());
        let ends = |suffix: &str| {
            subtype.len() > suffix.len()
                && subtype[subtype.len() - suffix.len()..].eq_ignore_ascii_case(suffix.as_bytes())
        };
        match known_kind(kind) {
            b"*" => {
                for weight in [
                    &mut self.html,
                    &mut self.json,
                    &mut self.text,
                    &mut self.xml,
                    &mut self.problem,
                ] {
                    raise(weight, Anything, q);
                }
            }
            b"text" if is("*") => {
                raise(&mut self.html, Kind, q);
                raise(&mut self.text, Kind, q);
                raise(&mut self.xml, Kind, q);
            }
            b"text" if is("html") => raise(&mut self.html, Exact, q),
            b"text" if is("plain") => raise(&mut self.text, Exact, q),
            b"text" if is("xml") => raise(&mut self.xml, Exact, q),
            b"text" if is("event-stream") => raise(&mut self.event_stream, Exact, q),
            b"text" if is("css") || is("javascript") => raise(&mut self.code, Exact, q),
            b"application" if is("*") => {
                raise(&mut self.json, Kind, q);
                raise(&mut self.problem, Kind, q);
                raise(&mut self.xml, Kind, q);
            }
            b"application" if is("xhtml+xml") => raise(&mut self.html, Suffix, q),
            b"application" if is("json") => raise(&mut self.json, Exact, q),
            b"application" if is("problem+json") => {
                raise(&mut self.json, Exact, q);
                raise(&mut self.problem, Exact, q);
            }
            b"application" if is("xml") => raise(&mut self.xml, Exact, q),
            b"application" if is("javascript") || is("wasm") => raise(&mut self.code, Exact, q),
            b"image" | b"font" | b"audio" | b"video" => raise(&mut self.media, Exact, q),
            _ if ends("+json") => raise(&mut self.json, Suffix, q),
            _ if ends("+xml") => raise(&mut self.xml, Suffix, q),
            _ => {}
        }
    }

    fn wish(&self) -> Wish {
        let acceptable = |weight: Weight| weight.is_some_and(|(_, quality)| quality > 0);
        Wish {
            dialect: self.dialect(),
            json: acceptable(self.json),
            problem: acceptable(self.problem),
            event_stream: self.wants_event_stream(),
        }
    }

    /// An event stream is wanted if nothing else is wanted more.
    fn wants_event_stream(&self) -> bool {
        let others = [
            self.html, self.json, self.text, self.xml, self.media, self.code,
        ];
        let most = others
            .into_iter()
            .flatten()
            .map(|(_, quality)| quality)
            .max()
            .unwrap_or(0);
        self.event_stream
            .is_some_and(|(_, quality)| quality > 0 && quality >= most)
    }

    /// The most wanted dialect, unless only `*/*` wants it. Ties go to the closer name, then down the table.
    fn dialect(&self) -> Option<Dialect> {
        let json = if self.problem.is_some_and(|(_, q)| q > 0) {
            Dialect::ProblemJson
        } else {
            Dialect::Json
        };
        let table = [
            (self.html, Dialect::Html),
            (self.json, json),
            (self.text, Dialect::Text),
            (self.xml, Dialect::Xml),
            (self.media, Dialect::Empty),
            (self.code, Dialect::EmptyNosniff),
        ];
        let mut best: Option<(Quality, Closeness, Dialect)> = None;
        for (weight, dialect) in table {
            let Some((closeness, quality)) = weight.filter(|(_, q)| *q > 0) else {
                continue;
            };
            if best.is_none_or(|(q, c, _)| (quality, closeness.rank()) > (q, c.rank())) {
                best = Some((quality, closeness, dialect));
            }
        }
        best.filter(|(_, closeness, _)| *closeness > Closeness::Anything)
            .map(|(.., dialect)| dialect)
    }
}

impl Closeness {
    /// For ties between dialects: a type by its own name or its syntax is equally explicit.
    fn rank(self) -> u8 {
        match self {
            Closeness::Anything => 0,
            Closeness::Kind => 1,
            Closeness::Suffix | Closeness::Exact => 2,
        }
    }
}

/// The media type's first half as one of the known ones in lower case; empty where it is another.
fn known_kind(kind: &[u8]) -> &'static [u8] {
    const KINDS: [&[u8]; 7] = [
        b"*",
        b"text",
        b"application",
        b"image",
        b"font",
        b"audio",
        b"video",
    ];
    KINDS
        .into_iter()
        .find(|known| kind.eq_ignore_ascii_case(known))
        .unwrap_or(b"")
}
