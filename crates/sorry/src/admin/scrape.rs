//! What the metrics endpoint answers to a request: the page at `/metrics`, a pointer to it at `/`, and a refusal for
//! everything else. Bytes only; the connection is `endpoint`'s.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use sorry_core::answer::Method;
use sorry_core::date;

use super::door::{Bound, Door, Doors};
use super::facts::Source;
use super::metrics::{self, Format};
use super::process::Process;
use crate::http1::{Fault, Head, Out, Respond, Turn};

/// Answers one connection's requests.
pub(super) struct Clerk {
    source: Arc<dyn Source>,
    doors: Arc<Doors>,
}

impl Clerk {
    pub(super) fn new(source: Arc<dyn Source>, doors: Arc<Doors>) -> Clerk {
        Clerk { source, doors }
    }

    /// Counts a limit that was reached.
    pub(super) fn count(&self, bound: Bound) {
        self.doors.reached(Door::Metrics, bound);
    }

    fn answer(&self, head: &Head<'_>) -> Answer<'static> {
        let reads = matches!(head.ask.method, Method::Get | Method::Head);
        match head.ask.path {
            // Scrapers send no Origin; a page in somebody's browser that tries to read our numbers does.
            _ if head.ask.origin.is_some() => {
                Answer::text("403 Forbidden", "Metrics are not for web pages.\n")
            }
            b"/" | b"/metrics" if !reads => Answer {
                more: "Allow: GET, HEAD\r\n",
                ..Answer::text("405 Method Not Allowed", "Use GET or HEAD.\n")
            },
            b"/metrics" => self.page(Format::choose(&head.ask.accept)),
            b"/" => Answer::text(
                "200 OK",
                "The metrics of this sorry server are at /metrics\n",
            ),
            _ => Answer::text("404 Not Found", "There is only /metrics\n"),
        }
    }

    fn page(&self, format: Format) -> Answer<'static> {
        let page = metrics::render(&self.source.snapshot(), &Process::read(), format);
        Answer {
            status: "200 OK",
            content_type: format.content_type(),
            more: "Vary: Accept\r\n",
            body: page.into(),
        }
    }
}

impl Respond for Clerk {
    fn respond(&mut self, head: &Head<'_>, turn: Turn, out: &mut Out) -> Turn {
        let answer = self.answer(head);
        answer.push_head(turn, out);
        if head.ask.method != Method::Head {
            out.push_body(&answer.body);
        }
        turn
    }

    fn fault(&mut self, fault: Fault, method: Method, out: &mut Out) {
        match fault {
            Fault::HeadTooLong | Fault::TargetTooLong => self.count(Bound::RequestBytes),
            Fault::HeadTooSlow => self.count(Bound::RequestTime),
            _ => {}
        }
        let refusal = fault.refusal();
        let status = format!("{} {}", refusal.status, refusal.phrase);
        let answer = Answer::text(&status, format!("{}\n", refusal.sentence));
        answer.push_head(Turn::Close, out);
        if method != Method::Head {
            out.push_body(&answer.body);
        }
    }
}

struct Answer<'a> {
    /// Code and phrase.
    status: &'a str,
    content_type: &'static str,
    /// Whole field lines.
    more: &'static str,
    body: Bytes,
}

impl<'a> Answer<'a> {
    fn text(status: &'a str, sentence: impl Into<Bytes>) -> Answer<'a> {
        Answer {
            status,
            content_type: "text/plain; charset=utf-8",
            more: "",
            body: sentence.into(),
        }
    }

    fn push_head(&self, turn: Turn, out: &mut Out) {
        let seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        out.bytes
            .extend_from_slice(format!("HTTP/1.1 {}\r\nDate: ", self.status).as_bytes());
        out.bytes.extend_from_slice(&date::imf_fixdate(seconds));
        let rest = format!(
            "\r\nServer: sorry\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
             X-Content-Type-Options: nosniff\r\n{}",
            self.content_type,
            self.body.len(),
            self.more
        );
        out.bytes.extend_from_slice(rest.as_bytes());
        out.bytes.extend_from_slice(turn.ending());
    }
}
