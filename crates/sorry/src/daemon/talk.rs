//! What is being said on one connection, whatever carries it: first bytes, HTTP/1, HTTP/2.
//!
//! No sockets and no waiting: bytes from the worker's scratch buffer in, answers into its output, and what comes next.
//! `connection` moves the bytes; `answer` knows them.

use crate::answer::{Guest, Visit};
use crate::http1::{Fault, Next, Respond, Session};
use crate::listen::tls_alert::{Opening, PROTOCOL_VERSION_ALERT, opening};

use super::worker::{Front, Scratch, Worker};

/// The first bytes of HTTP/2 with prior knowledge (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The protocol, as far as it is known.
#[derive(Debug)]
enum Speech {
    /// Nothing was said yet on a plain connection.
    Unknown,
    Http1(Session),
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
}

impl Talk {
    /// A connection whose first bytes say what it speaks.
    pub(super) fn new(guest: Guest) -> Talk {
        Talk {
            speech: Speech::Unknown,
            guest,
        }
    }

    /// A connection that agreed on HTTP/1 (ALPN).
    pub(super) fn http1(guest: Guest) -> Talk {
        Talk {
            speech: Speech::Http1(Session::new()),
            guest,
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
            match self.open(&scratch.input[..filled]) {
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
        let input = &scratch.input[..filled];
        let outcome = match &mut self.speech {
            Speech::Unknown => (0, Next::Read),
            Speech::Http1(session) => {
                session.receive(input, &front.http1, &mut visit, &mut scratch.out)
            }
        };
        scratch.answered = visit.answered();
        outcome
    }

    fn open(&mut self, input: &[u8]) -> First {
        if opening(input) == Opening::ClientHello {
            return First::Tls;
        }
        let known = input.len().min(PREFACE.len());
        if input[..known] == PREFACE[..known] && known < PREFACE.len() {
            return First::Partial;
        }
        self.speech = Speech::Http1(Session::new());
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
        }
    }

    /// The worker leaves while the client is silent: whether the connection may simply end.
    pub(super) fn leave(&mut self) -> bool {
        self.end_with_next_answer();
        match &self.speech {
            Speech::Unknown => false,
            Speech::Http1(session) => session.requests() > 0 && session.is_between_requests(),
        }
    }

    /// The next answer is the last.
    pub(super) fn end_with_next_answer(&mut self) {
        match &mut self.speech {
            Speech::Unknown => {}
            Speech::Http1(session) => session.end_with_next_answer(),
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
            Speech::Unknown => Next::Close,
            Speech::Http1(session) => session.give_up(unread, &mut visit, &mut scratch.out),
        }
    }

    /// Plain HTTP was spoken to a TLS port: one answer that says so.
    pub(super) fn plain_on_tls(visit: &mut Visit<'_>, scratch: &mut Scratch) -> Next {
        visit.fault(Fault::PlainOnTls, &mut scratch.out);
        Next::Linger
    }
}
