//! What is being said on one connection, whatever carries it: first bytes, HTTP/1, HTTP/2.
//!
//! No sockets and no waiting: bytes from the worker's scratch buffer in, answers into its output, and what comes next.
//! `connection` moves the bytes; `answer` knows them.

use std::time::Instant;

use crate::answer::{Guest, Visit};
use crate::http1::{Next, Out, Session};
use crate::http2;
use crate::listen::tls_alert::{Opening, PROTOCOL_VERSION_ALERT, opening};

use super::worker::{Front, Scratch, Worker};
use crate::count::{Limit, WorkerCounts};

/// The first bytes of HTTP/2 with prior knowledge (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The protocol, as far as it is known.
#[derive(Debug)]
enum Speech {
    /// Nothing was said yet on a plain connection.
    Unknown,
    Http1(Session),
    Http2(Box<http2::Connection>),
}

/// What a connection waits for; each has its own limit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// The next request, or the first.
    Request,
    /// The rest of a head.
    Head,
    /// The rest of a body that nobody reads.
    Body,
    /// An HTTP/2 client's permission to send the rest of an answer.
    Window,
}

/// What the first bytes were.
enum First {
    Partial,
    Tls,
    Spoken,
}

/// One conversation.
#[derive(Debug)]
pub(super) struct Talk {
    speech: Speech,
    guest: Guest,
    ending: Ending,
}

/// Whether the next answer on an HTTP/1 connection is the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    NotYet,
    NextAnswer,
}

impl Talk {
    /// A connection whose first bytes say what it speaks.
    pub(super) fn new(guest: Guest) -> Talk {
        Talk {
            speech: Speech::Unknown,
            guest,
            ending: Ending::NotYet,
        }
    }

    /// A connection that agreed on HTTP/1 (ALPN).
    pub(super) fn http1(guest: Guest) -> Talk {
        Talk {
            speech: Speech::Http1(Session::new()),
            guest,
            ending: Ending::NotYet,
        }
    }

    /// A connection that agreed on HTTP/2 (ALPN).
    pub(super) fn http2(guest: Guest, front: &Front) -> Talk {
        Talk {
            speech: Speech::Http2(Box::new(http2::Connection::new(
                &front.http2,
                Instant::now(),
            ))),
            guest,
            ending: Ending::NotYet,
        }
    }

    /// Takes the first `filled` bytes of the scratch buffer; says how many are done with and what comes next.
    pub(super) fn take(
        &mut self,
        worker: &Worker,
        front: &Front,
        scratch: &mut Scratch,
        filled: usize,
    ) -> (usize, Next) {
        scratch.answered = 0;
        if matches!(self.speech, Speech::Unknown) {
            match self.open(&scratch.input[..filled], front) {
                First::Partial => return (0, Next::Read),
                First::Tls => {
                    worker.counts.tls_on_plain.bump();
                    scratch.out.bytes.extend_from_slice(&PROTOCOL_VERSION_ALERT);
                    return (filled, Next::Linger);
                }
                First::Spoken => {}
            }
        }
        let mut desk = worker.desk.borrow_mut();
        let mut visit = desk.visit(&front.sites, self.guest);
        let Scratch {
            input, out, fields, ..
        } = scratch;
        let input = &input[..filled];
        let outcome = match &mut self.speech {
            Speech::Unknown => (0, Next::Read),
            Speech::Http1(session) => session.receive(input, &front.http1, &mut visit, out),
            Speech::Http2(machine) => {
                let outcome = receive_http2(machine, input, fields, &mut visit, out);
                count(machine, &worker.counts);
                outcome
            }
        };
        scratch.answered = visit.answered();
        outcome
    }

    /// An HTTP/2 body waits for room or for its client.
    pub(super) fn has_waiting(&self) -> bool {
        matches!(&self.speech, Speech::Http2(machine) if machine.has_waiting())
    }

    /// An HTTP/2 connection that was not told goodbye yet.
    pub(super) fn owes_goodbye(&self) -> bool {
        matches!(&self.speech, Speech::Http2(machine) if machine.state() == http2::State::Open)
    }

    /// Takes bytes of a body while an answer to HTTP/1 is still being written; see [`Session::skim`].
    pub(super) fn skim(
        &mut self,
        worker: &Worker,
        front: &Front,
        input: &[u8],
    ) -> (usize, Option<Next>) {
        let mut desk = worker.desk.borrow_mut();
        let mut visit = desk.visit(&front.sites, self.guest);
        match &mut self.speech {
            Speech::Http1(session) => session.skim(input, &mut visit),
            Speech::Unknown | Speech::Http2(_) => (0, None),
        }
    }

    /// An HTTP/1 request's body is still coming.
    pub(super) fn is_in_body(&self) -> bool {
        matches!(&self.speech, Speech::Http1(session) if !session.is_between_requests())
    }

    /// Whether it ends by a goodbye that the client confirms (RFC 9113, section 6.8), rather than with an answer.
    pub(super) fn says_goodbye(&self) -> bool {
        matches!(&self.speech, Speech::Http2(_))
    }

    /// What was written has gone: HTTP/2 goes on with bodies that waited for room.
    pub(super) fn resume(&mut self, scratch: &mut Scratch) -> Option<Next> {
        match &mut self.speech {
            Speech::Http2(machine) => Some(next(machine.resume(&mut scratch.out.bytes))),
            _ => None,
        }
    }

    fn open(&mut self, input: &[u8], front: &Front) -> First {
        match opening(input) {
            Opening::ClientHello => return First::Tls,
            // The first byte of one, perhaps.
            Opening::Partial => return First::Partial,
            Opening::Http | Opening::Other => {}
        }
        let known = input.len().min(PREFACE.len());
        let agrees = input[..known] == PREFACE[..known];
        if agrees && known < PREFACE.len() {
            return First::Partial;
        }
        let ending = self.ending;
        *self = if agrees {
            Talk::http2(self.guest, front)
        } else {
            Talk::http1(self.guest)
        };
        if ending == Ending::NextAnswer {
            self.end_with_next_answer();
        }
        First::Spoken
    }

    /// What is waited for while `unread` bytes lie there.
    pub(super) fn wait(&self, unread: &[u8]) -> Wait {
        match &self.speech {
            Speech::Unknown if unread.is_empty() => Wait::Request,
            Speech::Unknown => Wait::Head,
            Speech::Http1(session) if !session.is_between_requests() => Wait::Body,
            Speech::Http1(_) if unread.is_empty() => Wait::Request,
            Speech::Http1(_) => Wait::Head,
            // Before the window, which those who drip a head in would never run out of.
            Speech::Http2(machine) if machine.is_in_head() => Wait::Head,
            Speech::Http2(machine) if machine.has_waiting() => Wait::Window,
            // A request whose body goes on.
            Speech::Http2(machine) if !machine.is_idle() => Wait::Body,
            Speech::Http2(_) => Wait::Request,
        }
    }

    /// Nothing was said yet.
    pub(super) fn is_fresh(&self) -> bool {
        matches!(self.speech, Speech::Unknown)
    }

    /// At least one request was answered.
    pub(super) fn has_answered(&self) -> bool {
        match &self.speech {
            Speech::Unknown => false,
            Speech::Http1(session) => session.requests() > 0,
            Speech::Http2(machine) => machine.requests() > 0,
        }
    }

    /// The worker leaves while the client is silent: whether the connection may simply end.
    pub(super) fn leave(&mut self) -> bool {
        self.end_with_next_answer();
        match &self.speech {
            Speech::Http1(session) => session.requests() > 0 && session.is_between_requests(),
            Speech::Unknown | Speech::Http2(_) => false,
        }
    }

    /// Whether the next answer is the last.
    pub(super) fn is_ending(&self) -> bool {
        self.ending == Ending::NextAnswer
    }

    /// The next answer is the last; says whether that is news. HTTP/2 says goodbye on its own; see [`Talk::go_away`].
    pub(super) fn end_with_next_answer(&mut self) -> bool {
        let news = self.ending == Ending::NotYet;
        self.ending = Ending::NextAnswer;
        match &mut self.speech {
            Speech::Http1(session) => {
                session.end_with_next_answer();
                news
            }
            Speech::Unknown | Speech::Http2(_) => false,
        }
    }

    /// The connection is old or the server leaves: HTTP/2 is told that no further requests should come. Says what comes
    /// next, or nothing where there is nothing to say.
    pub(super) fn go_away(&mut self, scratch: &mut Scratch) -> Option<Next> {
        match &mut self.speech {
            Speech::Http2(machine) if machine.state() == http2::State::Open => {
                Some(next(machine.go_away(&mut scratch.out.bytes)))
            }
            _ => None,
        }
    }

    /// Patience with a request has ended.
    pub(super) fn give_up(
        &mut self,
        worker: &Worker,
        front: &Front,
        unread: &[u8],
        scratch: &mut Scratch,
    ) -> Next {
        let mut desk = worker.desk.borrow_mut();
        let mut visit = desk.visit(&front.sites, self.guest);
        match &mut self.speech {
            // No word of HTTP begins so, and there is nothing to say to half a TLS record.
            Speech::Unknown if opening(unread) == Opening::Partial => {
                if !unread.is_empty() {
                    worker.counts.limit(Limit::HeadTime).bump();
                }
                Next::Close
            }
            Speech::Unknown => Session::new().give_up(unread, &mut visit, &mut scratch.out),
            Speech::Http1(session) => session.give_up(unread, &mut visit, &mut scratch.out),
            // Its client may still be sending, and must not take the end for a broken connection.
            Speech::Http2(machine) if machine.is_in_head() || !machine.is_idle() => {
                if machine.is_in_head() {
                    worker.counts.limit(Limit::HeadTime).bump();
                }
                next(machine.abandon(&mut scratch.out.bytes))
            }
            Speech::Http2(machine) => {
                // The first call announces, the second one does not wait for the client.
                machine.go_away(&mut scratch.out.bytes);
                machine.go_away(&mut scratch.out.bytes);
                Next::Close
            }
        }
    }
}

/// An HTTP/2 connection that has ended may still be sent to: its client's last frames are read and forgotten.
fn next(state: http2::State) -> Next {
    match state {
        http2::State::Open | http2::State::Draining => Next::Read,
        http2::State::Closed(_) => Next::Linger,
    }
}

/// Lets the machine take the input until so much waits to be written that the rest has to wait. A dozen bytes can ask
/// for the fields of an answer, hence the small pieces; frames may be cut anywhere.
fn receive_http2(
    machine: &mut http2::Connection,
    input: &[u8],
    fields: &mut http2::Scratch,
    visit: &mut Visit<'_>,
    out: &mut Out,
) -> (usize, Next) {
    let now = Instant::now();
    let mut taken = 0;
    for piece in input.chunks(HTTP2_PIECE) {
        if out.is_full() {
            return (taken, Next::Again);
        }
        taken += piece.len();
        let state = machine.receive(piece, now, fields, visit, &mut out.bytes);
        if matches!(state, http2::State::Closed(_)) {
            return (input.len(), next(state));
        }
    }
    (taken, next(machine.state()))
}

/// Bytes of HTTP/2 that are answered before room is looked for.
const HTTP2_PIECE: usize = 512;

fn count(machine: &mut http2::Connection, counts: &WorkerCounts) {
    let state = machine.state();
    if let http2::State::Closed(http2::Reason::Error(..) | http2::Reason::Excess(_)) = state {
        counts.http2_errors.bump();
    }
    for (limit, times) in machine.take_reached().iter() {
        counts.limit(setting(limit)).add(u64::from(times));
    }
}

fn setting(limit: http2::Limit) -> Limit {
    match limit {
        http2::Limit::Streams => Limit::Http2Streams,
        http2::Limit::HeaderBytes => Limit::Http2HeaderBytes,
        http2::Limit::ContinuationFrames => Limit::Http2Continuation,
        http2::Limit::Resets => Limit::Http2Resets,
        http2::Limit::ControlFrames => Limit::Http2ControlFrames,
        http2::Limit::UnreadBody => Limit::Http2UnreadBody,
        http2::Limit::Requests => Limit::Requests,
    }
}
