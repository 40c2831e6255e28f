//! What the kernel says for a site: the prepared answers of the user-space server, without what only that server can know of a request.
//!
//! A page that fits one segment has other answers beside it, all of one length: whatever a client has of one of them, the others begin and
//! end at the same bytes, so that a request that came in two packets and was taken for two things does no harm. A longer page has
//! HEAD, the preflight and HTTP/2 beside it, which always come in one packet. Called by `responder`, and by the self-test.

use std::ops::Range;
use std::slice;

use sorry_bpf::layout::{Kind, SEGMENT, SEGMENTS};
use sorry_core::answer::template::{Filling, Hole, ID_WIDTH, Template};
use sorry_core::answer::{Ask, Dialect};
use sorry_core::date;
use sorry_core::retry_after::Promise;

use crate::http1::Turn;
use crate::http2;
use crate::page::prepared::{Answers, Body, Prepared};

/// The most bytes of a page with its head.
pub const LONGEST: usize = SEGMENT * SEGMENTS;

/// What a preflight may be followed by: the kernel reads no names, so it names them all. `*` stands for every field but
/// `Authorization` (Fetch, section 3.2.5).
const ALLOWED: &str = "Access-Control-Allow-Methods: GET, HEAD, POST, PUT, PATCH, DELETE\r\n\
                       Access-Control-Allow-Headers: *, Authorization\r\n";

/// The field that makes short answers as long as the longest.
const PAD: &str = "X-Pad: ";

/// Why the kernel cannot say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsayable {
    /// The page.
    #[error(
        "the page has {bytes} bytes with its head, and {LONGEST} is the most that the kernel sends"
    )]
    Page {
        /// With its head.
        bytes: usize,
    },
    /// The head alone.
    #[error(
        "the page's head has {bytes} bytes, and {SEGMENT} is the most that the kernel sends as an answer to HEAD"
    )]
    Head {
        /// With the empty line.
        bytes: usize,
    },
}

/// Everything that the kernel says for one site, but for what time fills in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speech {
    answers: [Option<Template>; Kind::ALL.len()],
}

/// What is said beside the prepared answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AltSvc {
    /// Nothing.
    Silent,
    /// `Alt-Svc: clear`.
    Clear,
}

impl Speech {
    /// From the answers of the user-space server; `alt_svc` is what it says on a listener without TLS.
    pub fn new(answers: &Answers, alt_svc: AltSvc) -> Result<Speech, Unsayable> {
        let ask = Ask::new(b"GET", b"/");
        let html = answers.refusal(Dialect::Html, &ask);
        let head = closed(html, answers, alt_svc, "");
        let page = with_body(&head, &html.body);
        if page.len() > LONGEST {
            return Err(Unsayable::Page { bytes: page.len() });
        }
        if head.len() > SEGMENT {
            return Err(Unsayable::Head { bytes: head.len() });
        }
        let preflight = closed(&answers.preflight, answers, alt_svc, ALLOWED);
        let preface = preface("");
        let mut all = [Some(page), Some(head), Some(preflight), None, Some(preface)];
        let fits =
            |template: &Option<Template>| template.as_ref().is_some_and(|all| all.len() <= SEGMENT);
        if fits(&all[Kind::Page as usize]) {
            let json = answers.refusal(Dialect::Json, &ask);
            let json = with_body(&closed(json, answers, alt_svc, ""), &json.body);
            all[Kind::Json as usize] = (json.len() <= SEGMENT).then_some(json);
            pad(&mut all);
        } else {
            keep_apart(&mut all);
        }
        // What is too long for one packet is left out: who asks for it gets the page.
        for kind in [Kind::Preflight, Kind::Json] {
            if !fits(&all[kind as usize]) {
                all[kind as usize] = None;
            }
        }
        Ok(Speech { answers: all })
    }

    /// How many segments the page has.
    pub fn segments(&self) -> usize {
        self.end(Kind::Page).div_ceil(SEGMENT)
    }

    /// Bytes of an answer; 0 where there is none of that kind.
    pub fn end(&self, kind: Kind) -> usize {
        self.answers[kind as usize]
            .as_ref()
            .map_or(0, Template::len)
    }

    /// The status of an answer; 0 for what is no HTTP/1.
    pub fn status(&self, kind: Kind) -> u16 {
        let status = |template: &Template| {
            let digits = template.masked().get(b"HTTP/1.1 ".len()..)?.get(..3)?;
            std::str::from_utf8(digits).ok()?.parse().ok()
        };
        self.answers[kind as usize]
            .as_ref()
            .and_then(status)
            .unwrap_or(0)
    }

    /// Bytes of an answer's body.
    pub fn body(&self, kind: Kind) -> usize {
        let end = Turn::Close.ending();
        let body = |template: &Template| {
            let head = template
                .masked()
                .windows(end.len())
                .position(|part| part == end)?;
            Some(template.len() - head - end.len())
        };
        self.answers[kind as usize]
            .as_ref()
            .and_then(body)
            .unwrap_or(0)
    }

    /// Whether an answer says when to come back.
    pub fn tells_when(&self, kind: Kind) -> bool {
        let template = self.answers[kind as usize].as_ref();
        template.is_some_and(Template::says_when)
    }

    /// Whether there is an answer of that kind.
    pub fn has(&self, kind: Kind) -> bool {
        self.answers[kind as usize].is_some()
    }

    /// An answer as one group of clients hears it at `now`, in seconds since 1970.
    pub fn said(&self, kind: Kind, promise: &Promise, now: u64, group: Group) -> Option<Vec<u8>> {
        let template = self.answers[kind as usize].as_ref()?;
        let filling = Filling {
            date: date::imf_fixdate(now),
            now,
            id: [b'0'; ID_WIDTH],
            retry_after: promise.seconds_for(now, group.number, group.of),
        };
        let mut bytes = Vec::with_capacity(template.len());
        template.fill(&filling, &mut bytes);
        Some(bytes)
    }

    /// The bytes without what time fills in, one answer after the other: equal where all that is said is equal.
    pub fn masked(&self) -> impl Iterator<Item = &[u8]> {
        self.answers
            .iter()
            .map(|template| template.as_ref().map_or(&[][..], Template::masked))
    }
}

/// Some of all clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// Which.
    pub number: u32,
    /// Of how many.
    pub of: u32,
}

/// A prepared head as the kernel says it, whole.
fn closed(prepared: &Prepared, answers: &Answers, alt_svc: AltSvc, more: &str) -> Template {
    let mut head = without_request(prepared);
    head.push(&answers.cors_any.head);
    head.push(more.as_bytes());
    if alt_svc == AltSvc::Clear {
        head.push(b"Alt-Svc: clear\r\n");
    }
    head.push(Turn::Close.ending());
    head
}

/// The kernel counts no requests and, in refusals, knows no date (which a 5xx may lack: RFC 9110, section 6.6.1).
fn without_request(prepared: &Prepared) -> Template {
    let head = &prepared.head;
    let bytes = head.masked();
    let holes = head.holes().iter();
    let cut: Vec<Range<usize>> = holes
        .filter_map(|(at, hole)| {
            let line = line_around(bytes, *at);
            match hole {
                Hole::Date => (prepared.status >= 500).then_some(line),
                Hole::Id if bytes[line.clone()].starts_with(b"Server-Timing") => {
                    // `;desc="ID"`
                    Some(at - b";desc=\"".len()..at + hole.width() + 1)
                }
                Hole::Id => Some(line),
                _ => None,
            }
        })
        .collect();
    head.without(&cut)
}

/// The line with its end that this byte is in.
fn line_around(bytes: &[u8], at: usize) -> Range<usize> {
    let is_end = |byte: &u8| *byte == b'\n';
    let start = bytes[..at]
        .iter()
        .rposition(is_end)
        .map_or(0, |end| end + 1);
    let length = bytes[at..].iter().position(is_end);
    start..length.map_or(bytes.len(), |length| at + length + 1)
}

fn with_body(head: &Template, body: &Body) -> Template {
    let mut whole = head.clone();
    match body {
        Body::Empty => {}
        Body::Solid(bytes) => whole.push(bytes),
        Body::Holes(template) => whole.append(template),
    }
    whole
}

/// What HTTP/2 with prior knowledge hears.
fn preface(words: &str) -> Template {
    Template::new().text(http2::sent_away(words))
}

/// Beside a page of several segments: an answer that is a byte shorter than one of them gets that byte, or the client that has all of it, and its FIN,
/// would be taken for one that has the page's first segment. A blank behind a field's value says nothing (RFC 9110, section 5.5).
pub(super) fn keep_apart(all: &mut [Option<Template>; Kind::ALL.len()]) {
    const END: &[u8] = b"\r\n\r\n";
    for kind in [Kind::Head, Kind::Preflight] {
        let Some(whole) = all[kind as usize].as_mut() else {
            continue;
        };
        let text = whole.masked();
        if text.len() == SEGMENT - 1 && text.ends_with(END) {
            let at = text.len() - END.len();
            *whole = whole.without(slice::from_ref(&(at..at + END.len())));
            whole.push(b" ");
            whole.push(END);
        }
    }
}

/// The least that can be padded with.
const LEAST: usize = PAD.len() + b"\r\n".len();

/// Makes all of them as long as the longest, or a little longer, since the field that pads has a least length. What is in the way of that is left out;
/// never the page.
pub(super) fn pad(all: &mut [Option<Template>; Kind::ALL.len()]) {
    let target = loop {
        let target = target(all);
        let Some(kind) = in_the_way(all, target) else {
            break target;
        };
        all[kind as usize] = None;
    };
    for (kind, template) in Kind::ALL.iter().zip(all.iter_mut()) {
        let Some(whole) = template else { continue };
        let lacking = target - whole.len();
        match kind {
            _ if lacking == 0 => {}
            // Words behind an error code are for people (RFC 9113, section 6.8).
            Kind::Preface => *whole = preface(&" ".repeat(lacking)),
            _ => *whole = padded(whole, lacking),
        }
    }
}

/// How long all are to be.
fn target(all: &[Option<Template>; Kind::ALL.len()]) -> usize {
    let lengths = || all.iter().flatten().map(Template::len);
    let longest = lengths().max().unwrap_or(0);
    let is_fitting = |length: usize| length == longest || length + LEAST <= longest;
    match lengths().all(is_fitting) || longest + LEAST > SEGMENT {
        true => longest,
        false => longest + LEAST,
    }
}

/// Which answer is to be left out, so that the others can be of that length.
fn in_the_way(all: &[Option<Template>; Kind::ALL.len()], target: usize) -> Option<Kind> {
    let length = |kind: Kind| all[kind as usize].as_ref().map(Template::len);
    let is_unfit =
        |kind: &Kind| length(*kind).is_some_and(|length| (1..LEAST).contains(&(target - length)));
    let others = [Kind::Json, Kind::Preflight];
    if let Some(unfit) = others.into_iter().find(is_unfit) {
        return Some(unfit);
    }
    let needed = [Kind::Page, Kind::Head];
    needed.iter().any(is_unfit).then(|| {
        let mut others = others.into_iter();
        others
            .find(|kind| length(*kind) == Some(target))
            .unwrap_or(Kind::Head)
    })
}

/// With a field of so many bytes before the end of the head.
fn padded(whole: &Template, bytes: usize) -> Template {
    let end = Turn::Close.ending();
    let text = whole.masked();
    let at = text
        .windows(end.len())
        .position(|part| part == end)
        .unwrap_or(0);
    let mut result = whole.without(slice::from_ref(&(at..text.len())));
    let filler = bytes.saturating_sub(LEAST);
    result.push(PAD.as_bytes());
    result.push(&vec![b'-'; filler]);
    result.push(b"\r\n");
    result.append(&whole.without(slice::from_ref(&(0..at))));
    result
}
