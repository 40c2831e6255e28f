//! Reads the answer to an HTTP/1 request (RFC 9112): bytes in, a verdict out, however they are cut. No more of the body is kept than
//! is asked for. Called by `http`; a fuzz target calls it with anything.

use std::mem::MaybeUninit;

use crate::http1::{Chunk, Discard, Framing};

/// The longest head, and the longest that is not the answer yet (1xx).
const HEAD_MAX_BYTES: usize = 32 << 10;

/// The most fields of a head.
const FIELDS_MAX: usize = 100;

/// How far an answer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More is needed.
    More,
    /// That is all, or all that was asked for.
    Done,
}

/// Why it is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// What came is not HTTP.
    NotHttp,
    /// The head is longer than 32 KiB, or has more than 100 fields.
    HeadTooLong,
    /// The length of the body is given twice, or is no number.
    Length,
    /// The chunks are not as they must be.
    Chunk,
    /// The connection was closed before the end.
    Closed,
}

/// What is wanted of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Whether a body follows: not for HEAD.
    pub body: Body,
    /// The most of it that is read.
    pub body_max_bytes: usize,
}

/// What becomes of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// There is none.
    None,
    /// It must come; nobody looks at it.
    Skipped,
    /// It is kept.
    Kept,
}

/// Reads one answer.
#[derive(Debug)]
pub struct Reader {
    wanted: Wanted,
    /// The part of a head that has come, where it did not come whole.
    head: Vec<u8>,
    state: State,
    status: u16,
    read_bytes: usize,
    body: Vec<u8>,
    cut: bool,
}

#[derive(Debug)]
enum State {
    Head,
    Framed(Discard),
    UntilClosed,
    Done,
}

impl Reader {
    /// Waits for the first byte.
    pub fn new(wanted: Wanted) -> Reader {
        Reader {
            wanted,
            head: Vec::new(),
            state: State::Head,
            status: 0,
            read_bytes: 0,
            body: Vec::new(),
            cut: false,
        }
    }

    /// The status; 0 until there is one.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// What was kept of the body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Whether the body is longer than what was read of it.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// Takes bytes; none means that the server has closed the connection.
    ///
    /// # Errors
    /// They are no answer, or not a whole one.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Progress, Fault> {
        if bytes.is_empty() {
            return self.closed();
        }
        match self.state {
            State::Head => self.feed_head(bytes),
            _ => self.feed_body(bytes),
        }
    }

    fn closed(&mut self) -> Result<Progress, Fault> {
        match self.state {
            State::UntilClosed | State::Done => {
                self.state = State::Done;
                Ok(Progress::Done)
            }
            State::Head | State::Framed(_) => Err(Fault::Closed),
        }
    }

    /// A head that comes in one piece is read where it is; only pieces are put together.
    fn feed_head(&mut self, mut bytes: &[u8]) -> Result<Progress, Fault> {
        while !bytes.is_empty() {
            let known = self.head.len();
            let head = if known == 0 {
                parse(bytes)?
            } else {
                self.keep_head(bytes)?;
                parse(&self.head)?
            };
            let Some(head) = head else {
                return match known {
                    0 => self.keep_head(bytes),
                    _ => Ok(Progress::More),
                };
            };
            self.head.clear();
            bytes = &bytes[head.length.saturating_sub(known)..];
            if !head.is_before_the_answer() {
                return self.begin_body(&head, bytes);
            }
            self.read_bytes += head.length;
            if self.read_bytes > HEAD_MAX_BYTES {
                return Err(Fault::HeadTooLong);
            }
        }
        Ok(Progress::More)
    }

    fn keep_head(&mut self, bytes: &[u8]) -> Result<Progress, Fault> {
        self.head.extend_from_slice(bytes);
        if self.head.len() > HEAD_MAX_BYTES {
            return Err(Fault::HeadTooLong);
        }
        Ok(Progress::More)
    }

    fn begin_body(&mut self, head: &Head, rest: &[u8]) -> Result<Progress, Fault> {
        self.status = head.status;
        self.read_bytes = 0;
        let bare = matches!(head.status, 101 | 204 | 304) || self.wanted.body == Body::None;
        self.state = match head.framing {
            _ if bare => State::Done,
            None => State::UntilClosed,
            Some(framing) => Discard::new(framing).map_or(State::Done, State::Framed),
        };
        self.feed_body(rest)
    }

    fn feed_body(&mut self, mut bytes: &[u8]) -> Result<Progress, Fault> {
        while !bytes.is_empty() && !matches!(self.state, State::Done) {
            let room = self.wanted.body_max_bytes - self.read_bytes;
            let (taken, is_data) = match &mut self.state {
                State::Head | State::Done => break,
                State::UntilClosed => (bytes.len(), true),
                State::Framed(discard) => {
                    let is_data = matches!(
                        discard,
                        Discard::Length(_) | Discard::Chunked(Chunk::Data(_))
                    );
                    // Beside data, chunks are framing: byte by byte, so that the two are told apart.
                    let part = match discard {
                        Discard::Chunked(Chunk::Data(left)) => least(*left, bytes.len()),
                        Discard::Chunked(_) => 1,
                        Discard::Length(_) => bytes.len(),
                    };
                    let fed = discard.feed(&bytes[..part]).map_err(|_| Fault::Chunk)?;
                    if fed.1 == crate::http1::BodyProgress::Ended {
                        self.state = State::Done;
                    }
                    (fed.0, is_data)
                }
            };
            if is_data {
                self.keep_body(&bytes[..taken], room);
            }
            bytes = &bytes[taken..];
        }
        match self.state {
            State::Done => Ok(Progress::Done),
            _ => Ok(Progress::More),
        }
    }

    fn keep_body(&mut self, data: &[u8], room: usize) {
        let kept = data.len().min(room);
        if self.wanted.body == Body::Kept {
            self.body.extend_from_slice(&data[..kept]);
        }
        self.read_bytes += kept;
        if data.len() > room {
            self.cut = true;
            self.state = State::Done;
        }
    }
}

fn least(left: u64, length: usize) -> usize {
    usize::try_from(left).unwrap_or(usize::MAX).min(length)
}

struct Head {
    status: u16,
    length: usize,
    /// None: the body ends with the connection.
    framing: Option<Framing>,
}

impl Head {
    /// Whether it is said before the answer, which follows (RFC 9110, section 15.2); after 101 none does.
    fn is_before_the_answer(&self) -> bool {
        (100..200).contains(&self.status) && self.status != 101
    }
}

/// A head, if it is whole.
fn parse(bytes: &[u8]) -> Result<Option<Head>, Fault> {
    let mut fields = [const { MaybeUninit::uninit() }; FIELDS_MAX];
    let mut response = httparse::Response::new(&mut []);
    let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut response,
        bytes,
        &mut fields,
    );
    let length = match parsed {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Fault::HeadTooLong),
        Err(_) => return Err(Fault::NotHttp),
    };
    // Three digits are a status from 100 on (RFC 9110, section 15).
    let status = response.code.filter(|code| *code >= 100);
    Ok(Some(Head {
        status: status.ok_or(Fault::NotHttp)?,
        length,
        framing: framing(response.headers)?,
    }))
}

/// RFC 9112, section 6.3.
fn framing(fields: &[httparse::Header<'_>]) -> Result<Option<Framing>, Fault> {
    let named = |name: &'static str| {
        let fields = fields.iter();
        fields.filter(move |field| field.name.eq_ignore_ascii_case(name))
    };
    let mut codings = named("transfer-encoding").peekable();
    if codings.peek().is_some() {
        let last = codings.last().map_or(&b""[..], |field| field.value);
        let last = last.rsplit(|byte| *byte == b',').next().unwrap_or_default();
        let chunked = last.trim_ascii().eq_ignore_ascii_case(b"chunked");
        return Ok(chunked.then_some(Framing::Chunked));
    }
    let mut length = None;
    for field in named("content-length") {
        // The same number said twice, in one field or two, is one number.
        for value in field.value.split(|byte| *byte == b',') {
            let value = number(value.trim_ascii()).ok_or(Fault::Length)?;
            if length.is_some_and(|known| known != value) {
                return Err(Fault::Length);
            }
            length = Some(value);
        }
    }
    Ok(length.map(Framing::Length))
}

fn number(digits: &[u8]) -> Option<u64> {
    let all = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    all.then(|| std::str::from_utf8(digits).ok()?.parse().ok())
        .flatten()
}

#[cfg(test)]
#[path = "http1_tests.rs"]
mod tests;
