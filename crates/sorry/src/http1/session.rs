//! One HTTP/1 connection as a machine: bytes in, answers out, and what to do next. No sockets, no clock.
//!
//! Its caller reads into a buffer, calls [`Session::receive`], writes what stands in [`Out`], and follows [`Next`].
//! Bytes that were not consumed are handed in again, with what was read since behind them.

use bytes::Bytes;
use memchr::memchr;
use sorry_core::answer::Method;

use super::body::{Discard, Progress};
use super::fault::Fault;
use super::head::{Framing, Head, Parsed, Persistence, Version, method_of, parse};

/// Bodies up to this size are copied behind their heads, so that small answers leave in one write.
const INLINE_BYTES: usize = 16 * 1024;

/// No further request of a pipeline is answered once so much waits to be written: enough to make little of a system
/// call, and little enough for every client to leave it unread.
pub const FULL_BYTES: usize = 16 * 1024;

/// Bytes within which every first line shows whether it can be a request.
const FIRST_WORD: usize = 80;

/// What waits to be written: bytes, then a shared body.
#[derive(Debug, Default)]
pub struct Out {
    /// Heads and small bodies.
    pub bytes: Vec<u8>,
    /// A large body that follows them, shared rather than copied.
    pub tail: Bytes,
}

impl Out {
    /// Adds a body behind what is there.
    pub fn push_body(&mut self, body: &Bytes) {
        debug_assert!(self.tail.is_empty(), "nothing may follow a tail");
        if body.len() <= INLINE_BYTES {
            self.bytes.extend_from_slice(body);
        } else {
            self.tail = body.clone();
        }
    }

    /// Whether it must be written before more is added.
    pub fn is_full(&self) -> bool {
        self.bytes.len() >= FULL_BYTES || !self.tail.is_empty()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.tail.is_empty()
    }
}

/// What a session may cost.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The longest head, in bytes.
    pub head_bytes: usize,
    /// The most requests on one connection.
    pub requests: u64,
    /// The most bytes of one body that are read and forgotten.
    pub body_bytes: u64,
}

/// A bound that was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// [`Bounds::requests`]
    Requests,
    /// [`Bounds::body_bytes`]
    BodyBytes,
}

/// The last line of an answer's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing need be said: HTTP/1.1 keeps connections.
    Keep,
    /// `Connection: keep-alive`, for an HTTP/1.0 client that asked.
    KeepAlive,
    /// `Connection: close`
    Close,
}

impl Turn {
    /// The bytes that end a head.
    pub fn ending(self) -> &'static [u8] {
        match self {
            Turn::Keep => b"\r\n",
            Turn::KeepAlive => b"Connection: keep-alive\r\n\r\n",
            Turn::Close => b"Connection: close\r\n\r\n",
        }
    }
}

/// Whoever knows the answers.
pub trait Respond {
    /// Writes the answer to a well-formed head, ended by [`Turn::ending`]. The answerer may end a connection that the
    /// session would have kept, by returning `Close` and writing so; never the other way.
    fn respond(&mut self, head: &Head<'_>, turn: Turn, out: &mut Out) -> Turn;
    /// Writes the answer to a malformed one, without a body where the `method` could be read and is HEAD (RFC 9110,
    /// section 9.3.2); the connection ends after it.
    fn fault(&mut self, fault: Fault, method: Method, out: &mut Out);
    /// The body of a request that has its answer already is malformed; only to be counted.
    fn broken(&mut self, _fault: Fault) {}
    /// A bound of the connection was reached; only to be counted.
    fn reached(&mut self, _bound: Bound) {}
}

/// What the caller does after it has written what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Read more.
    Read,
    /// Come back with the same bytes: more answers fit once these are written.
    Again,
    /// Close: nothing unread is left that could turn the close into a reset.
    Close,
    /// End the writing half, read and forget for a bounded time, close: the client may still be sending.
    Linger,
}

/// One connection.
#[derive(Debug)]
pub struct Session {
    state: State,
    /// Requests so far.
    requests: u64,
    /// How much of an unfinished head was searched for its end.
    searched: usize,
    ending: Ending,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    Body {
        discard: Discard,
        left: u64,
        then: Turn,
    },
    Over,
}

/// Whether the next answer is the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    NotYet,
    NextAnswer,
}

impl Default for Session {
    fn default() -> Session {
        Session::new()
    }
}

impl Session {
    /// A connection on which nothing has happened.
    pub fn new() -> Session {
        Session {
            state: State::Head,
            requests: 0,
            searched: 0,
            ending: Ending::NotYet,
        }
    }

    /// The next answer says `Connection: close`: the connection is old, or the server is leaving.
    pub fn end_with_next_answer(&mut self) {
        self.ending = Ending::NextAnswer;
    }

    /// How many requests were answered.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Whether it is not inside a body.
    pub fn is_between_requests(&self) -> bool {
        !matches!(self.state, State::Body { .. })
    }

    /// A head did not come in time: tells a client that had begun one.
    pub fn give_up(
        &mut self,
        unconsumed: &[u8],
        respond: &mut impl Respond,
        out: &mut Out,
    ) -> Next {
        if self.state == State::Head && !unconsumed.is_empty() {
            respond.fault(Fault::HeadTooSlow, method_of(unconsumed), out);
            self.state = State::Over;
            return Next::Linger;
        }
        if matches!(self.state, State::Body { .. }) {
            return self.linger();
        }
        self.state = State::Over;
        Next::Close
    }

    /// Takes `input`; says how much of it is done with, and what to do once `out` is written.
    pub fn receive(
        &mut self,
        input: &[u8],
        bounds: &Bounds,
        respond: &mut impl Respond,
        out: &mut Out,
    ) -> (usize, Next) {
        let mut at = 0;
        loop {
            let rest = &input[at..];
            let next = match self.state {
                State::Over => Some(Next::Close),
                _ if rest.is_empty() => Some(Next::Read),
                State::Head if out.is_full() => Some(Next::Again),
                State::Head => self.head(rest, &mut at, bounds, respond, out),
                State::Body { .. } => self.body(rest, &mut at, respond),
            };
            if let Some(next) = next {
                let unread = at < input.len();
                return (
                    at,
                    if next == Next::Close && unread {
                        Next::Linger
                    } else {
                        next
                    },
                );
            }
        }
    }

    /// Takes bytes of a body whose answer is still being written, so that a client that sends everything before it
    /// reads anything gets there. What follows the body is left alone. Says what comes next if that has changed.
    pub fn skim(&mut self, input: &[u8], respond: &mut impl Respond) -> (usize, Option<Next>) {
        let mut at = 0;
        let next = self.body(input, &mut at, respond);
        let unread = at < input.len();
        let next = match next {
            // The next request of a pipeline lies there already.
            None if unread => Some(Next::Again),
            Some(Next::Close) if unread => Some(Next::Linger),
            other => other,
        };
        (at, next)
    }

    fn head(
        &mut self,
        rest: &[u8],
        at: &mut usize,
        bounds: &Bounds,
        respond: &mut impl Respond,
        out: &mut Out,
    ) -> Option<Next> {
        if !self.may_be_whole(rest) && rest.len() < bounds.head_bytes {
            self.searched = rest.len();
            return Some(Next::Read);
        }
        match parse(rest) {
            Parsed::Partial if rest.len() < bounds.head_bytes => {
                self.searched = rest.len();
                Some(Next::Read)
            }
            Parsed::Partial => Some(self.refuse(too_long(rest, bounds), rest, respond, out)),
            Parsed::Whole(_, length) if length > bounds.head_bytes => {
                Some(self.refuse(too_long(rest, bounds), rest, respond, out))
            }
            Parsed::Fault(fault) => Some(self.refuse(fault, rest, respond, out)),
            Parsed::Whole(head, length) => {
                self.searched = 0;
                self.requests += 1;
                *at += length;
                self.answer(&head, bounds, respond, out)
            }
        }
    }

    /// A head that comes in many small pieces is read again when a line has ended, not once a piece. (The first bytes
    /// always are: garbage shows itself in its first word.) The worst case, a head of the shortest lines that comes
    /// byte by byte, costs less than the packets that bring it.
    fn may_be_whole(&self, rest: &[u8]) -> bool {
        self.searched <= FIRST_WORD || memchr(b'\n', &rest[self.searched..]).is_some()
    }

    fn refuse(
        &mut self,
        fault: Fault,
        rest: &[u8],
        respond: &mut impl Respond,
        out: &mut Out,
    ) -> Next {
        respond.fault(fault, method_of(rest), out);
        self.state = State::Over;
        Next::Linger
    }

    fn answer(
        &mut self,
        head: &Head<'_>,
        bounds: &Bounds,
        respond: &mut impl Respond,
        out: &mut Out,
    ) -> Option<Next> {
        if self.requests >= bounds.requests {
            respond.reached(Bound::Requests);
        }
        let offered = self.turn(head, bounds);
        let turn = respond.respond(head, offered, out);
        debug_assert!(offered != Turn::Close || turn == Turn::Close);
        match Discard::new(head.framing) {
            Some(discard) => {
                self.state = State::Body {
                    discard,
                    left: bounds.body_bytes,
                    then: turn,
                };
                // Nobody knows whether a client that waited for 100 will still send its body.
                head.expects_continue.then(|| self.linger())
            }
            None if turn == Turn::Close => {
                self.state = State::Over;
                Some(Next::Close)
            }
            None => None,
        }
    }

    fn linger(&mut self) -> Next {
        self.state = State::Over;
        Next::Linger
    }

    fn turn(&self, head: &Head<'_>, bounds: &Bounds) -> Turn {
        let too_long =
            matches!(head.framing, Framing::Length(length) if length > bounds.body_bytes);
        let last = self.requests >= bounds.requests || self.ending == Ending::NextAnswer;
        if last || too_long || head.expects_continue || head.persistence == Persistence::Close {
            return Turn::Close;
        }
        match head.version {
            Version::Http10 => Turn::KeepAlive,
            Version::Http11 => Turn::Keep,
        }
    }

    fn body(&mut self, rest: &[u8], at: &mut usize, respond: &mut impl Respond) -> Option<Next> {
        let State::Body {
            discard,
            left,
            then,
        } = &mut self.state
        else {
            return None;
        };
        let allowed = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
        // The answer is already out; framing that breaks now only means that the connection cannot go on.
        let (taken, progress) = match discard.feed(&rest[..allowed]) {
            Ok(fed) => fed,
            Err(fault) => {
                respond.broken(fault);
                return Some(self.linger());
            }
        };
        *at += taken;
        *left -= taken as u64;
        match (progress, *then) {
            (Progress::Ended, Turn::Close) => {
                self.state = State::Over;
                Some(Next::Close)
            }
            (Progress::Ended, _) => {
                self.state = State::Head;
                None
            }
            (Progress::More, _) if *left == 0 => {
                respond.reached(Bound::BodyBytes);
                // The client is still sending: a close now would be a reset, and its answer lost.
                Some(self.linger())
            }
            (Progress::More, _) => None,
        }
    }
}

/// Which part of a head is too long.
fn too_long(rest: &[u8], bounds: &Bounds) -> Fault {
    match memchr(b'\n', &rest[..rest.len().min(bounds.head_bytes)]) {
        Some(_) => Fault::HeadTooLong,
        None => Fault::TargetTooLong,
    }
}

/// See [`super::replay`].
pub(super) fn replay(data: &[u8]) -> (usize, usize) {
    let whole = run(data, data.len().max(1));
    let pieces = run(data, 1);
    assert_eq!(whole, pieces, "pieces end like the whole");
    whole
}

/// Feeds `data` in pieces; counts answers and faults.
fn run(data: &[u8], piece: usize) -> (usize, usize) {
    struct Count(usize, usize);
    impl Respond for Count {
        fn respond(&mut self, _: &Head<'_>, turn: Turn, out: &mut Out) -> Turn {
            self.0 += 1;
            out.bytes.extend_from_slice(turn.ending());
            turn
        }
        fn fault(&mut self, _: Fault, _: Method, _: &mut Out) {
            self.1 += 1;
        }
    }
    let bounds = Bounds {
        head_bytes: 2048,
        requests: 50,
        body_bytes: 4096,
    };
    let (mut session, mut count, mut buffer) = (Session::new(), Count(0, 0), Vec::new());
    'feeding: for piece in data.chunks(piece) {
        buffer.extend_from_slice(piece);
        loop {
            let mut out = Out::default();
            let (consumed, next) = session.receive(&buffer, &bounds, &mut count, &mut out);
            buffer.drain(..consumed);
            match next {
                Next::Read => break,
                Next::Again => {}
                Next::Close | Next::Linger => break 'feeding,
            }
        }
    }
    (count.0, count.1)
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
