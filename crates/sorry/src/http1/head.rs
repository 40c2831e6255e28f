//! Reads a request's head (RFC 9112, sections 2 to 6) straight into what decides its answer.
//!
//! One pass, no copy, no allocation: everything in a [`Head`] borrows from the caller's buffer. Leniency is spent only
//! where RFC 9112 allows it and no two readers could disagree about where a request ends.

use memchr::memchr;
use sorry_core::answer::ask::{Ask, is_token, is_token_byte};
use sorry_core::answer::{Method, path};
use sorry_core::host::{self, Authority};
use sorry_core::scan;

use super::fault::Fault;

/// The longest method that is read as one; the longest registered one has 17 letters.
const LONGEST_METHOD: usize = 64;

/// The minor versions that exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1, and any later 1.x which promises to be compatible (RFC 9110, section 2.5)
    Http11,
}

/// How a request's body is delimited (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// That many bytes; zero where nothing is said.
    Length(u64),
    /// Chunks.
    Chunked,
}

/// Whether the client would keep the connection (RFC 9112, section 9.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persistence {
    /// It would.
    Keep,
    /// It ends after the answer.
    Close,
}

/// A whole and well-formed head.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// What decides the answer.
    pub ask: Ask<'a>,
    /// The version.
    pub version: Version,
    /// The name it is for: the target's authority, else Host.
    pub authority: Authority,
    /// Whether the client keeps the connection.
    pub persistence: Persistence,
    /// Its body's delimiter.
    pub framing: Framing,
    /// It waits for 100 (Continue) before it sends its body (RFC 9110, section 10.1.1).
    pub expects_continue: bool,
}

/// What the bytes at hand turned out to be.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::large_enum_variant,
    reason = "lives on the stack while one head is looked at"
)]
pub enum Parsed<'a> {
    /// Nothing wrong so far, but not whole.
    Partial,
    /// A head, and how many bytes it took.
    Whole(Head<'a>, usize),
    /// Not a request.
    Fault(Fault),
}

/// Reads the head at the beginning of `bytes`. Empty lines before it are skipped (RFC 9112, section 2.2).
pub fn parse(bytes: &[u8]) -> Parsed<'_> {
    match read(bytes) {
        Ok(Some((head, length))) => Parsed::Whole(head, length),
        Ok(None) => Parsed::Partial,
        Err(fault) => Parsed::Fault(fault),
    }
}

/// The method of a head that may be malformed or not whole yet; `Other` where it cannot be read.
pub fn method_of(bytes: &[u8]) -> Method {
    let mut rest = bytes;
    while let Some(behind) = rest.strip_prefix(b"\r\n") {
        rest = behind;
    }
    let end = rest.iter().take(LONGEST_METHOD).position(|b| *b == b' ');
    end.map_or(Method::Other, |end| Method::parse(&rest[..end]))
}

fn read(bytes: &[u8]) -> Result<Option<(Head<'_>, usize)>, Fault> {
    let mut at = 0;
    while bytes[at..].starts_with(b"\r\n") {
        at += 2;
    }
    let Some(line) = line(&bytes[at..])? else {
        return early(&bytes[at..]).map(|()| None);
    };
    at += line.len() + 2;
    let request = RequestLine::read(line)?;
    let mut fields = Fields::new(&request);
    loop {
        if let Some((name, value, length)) = plain_field(&bytes[at..]) {
            at += length;
            fields.dispatch(name, value)?;
            continue;
        }
        let Some(line) = self::line(&bytes[at..])? else {
            return Ok(None);
        };
        at += line.len() + 2;
        if line.is_empty() {
            return fields.finish(&request).map(|head| Some((head, at)));
        }
        fields.take(line)?;
    }
}

/// The first line as a field's name, its value without blanks around it, and the length of the line, where nothing is
/// odd about it. One pass over the bytes, because this is most of what a request costs outside the kernel. Whatever it
/// does not take, be it malformed, not whole or the empty line, is left to the reader that tells those apart.
fn plain_field(bytes: &[u8]) -> Option<(&[u8], &[u8], usize)> {
    let colon = bytes.iter().position(|b| !is_token_byte(*b))?;
    if colon == 0 || bytes[colon] != b':' {
        return None;
    }
    let rest = &bytes[colon + 1..];
    let end = first_control(rest)?;
    if rest.get(end..end + 2) != Some(b"\r\n") {
        return None;
    }
    Some((&bytes[..colon], rest[..end].trim_ascii(), colon + end + 3))
}

/// The first line without its CR LF. `None` where its end is not there yet.
fn line(bytes: &[u8]) -> Result<Option<&[u8]>, Fault> {
    let Some(end) = memchr(b'\n', bytes) else {
        return Ok(None);
    };
    match bytes[..end].split_last() {
        Some((b'\r', line)) => Ok(Some(line)),
        _ => Err(Fault::LineEnd),
    }
}

/// What can be said of a request line that has no end yet: garbage need not be waited for.
fn early(bytes: &[u8]) -> Result<(), Fault> {
    let method = bytes
        .iter()
        .take(LONGEST_METHOD + 1)
        .take_while(|b| is_token_byte(**b))
        .count();
    match bytes.get(method) {
        None if method <= LONGEST_METHOD => Ok(()),
        Some(b' ') if (1..=LONGEST_METHOD).contains(&method) => Ok(()),
        Some(b'\r') if method == 0 && bytes.len() == 1 => Ok(()),
        _ => Err(Fault::RequestLine),
    }
}

struct RequestLine<'a> {
    method: &'a [u8],
    target: &'a [u8],
    version: Version,
}

impl<'a> RequestLine<'a> {
    fn read(line: &'a [u8]) -> Result<RequestLine<'a>, Fault> {
        let space = memchr(b' ', line).ok_or(Fault::RequestLine)?;
        let (method, rest) = (&line[..space], &line[space + 1..]);
        if method.len() > LONGEST_METHOD || !is_token(method) {
            return Err(Fault::RequestLine);
        }
        let space = memchr(b' ', rest).ok_or(Fault::RequestLine)?;
        let (target, version) = (&rest[..space], &rest[space + 1..]);
        // Bytes above 127 are not allowed in a target, but they harm nobody here: nothing opens a file by it.
        if target.is_empty() || target.iter().any(|b| *b <= b' ' || *b == 0x7f) {
            return Err(Fault::RequestLine);
        }
        Ok(RequestLine {
            method,
            target,
            version: version_of(version)?,
        })
    }
}

fn version_of(text: &[u8]) -> Result<Version, Fault> {
    match text {
        b"HTTP/1.1" => Ok(Version::Http11),
        b"HTTP/1.0" => Ok(Version::Http10),
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor] if minor.is_ascii_digit() => {
            Ok(Version::Http11)
        }
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            Err(Fault::Version)
        }
        _ => Err(Fault::RequestLine),
    }
}

/// What the fields have said so far.
struct Fields<'a> {
    ask: Ask<'a>,
    host: Option<&'a [u8]>,
    length: Option<u64>,
    chunked: Option<()>,
    close: Option<()>,
    keep_alive: Option<()>,
    upgrade: Option<()>,
    websocket: Option<()>,
    expects_continue: Option<()>,
}

impl<'a> Fields<'a> {
    fn new(request: &RequestLine<'a>) -> Fields<'a> {
        let path = match request.method {
            b"CONNECT" => &b""[..],
            _ => path::of_target(request.target),
        };
        Fields {
            ask: Ask {
                target: request.target,
                ..Ask::new(request.method, path)
            },
            host: None,
            length: None,
            chunked: None,
            close: None,
            keep_alive: None,
            upgrade: None,
            websocket: None,
            expects_continue: None,
        }
    }

    /// Takes one field line.
    fn take(&mut self, line: &'a [u8]) -> Result<(), Fault> {
        if matches!(line[0], b' ' | b'\t') {
            return Err(Fault::Folded);
        }
        let colon = memchr(b':', line).ok_or(Fault::FieldName)?;
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        if !is_token(name) {
            return Err(Fault::FieldName);
        }
        if first_control(value).is_some() {
            return Err(Fault::FieldValue);
        }
        self.dispatch(name, value.trim_ascii())
    }

    /// Names are told apart by their length first, so that most fields cost one comparison.
    fn dispatch(&mut self, name: &[u8], value: &'a [u8]) -> Result<(), Fault> {
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        match name.len() {
            4 if is(b"host") && self.host.replace(value).is_some() => {
                return Err(Fault::Host);
            }
            6 if is(b"accept") => self.ask.accept.push(value),
            6 if is(b"origin") => self.ask.origin = Some(value),
            6 if is(b"expect") => {
                self.expects_continue = value.eq_ignore_ascii_case(b"100-continue").then_some(());
            }
            7 if is(b"referer") => self.ask.referer = Some(value),
            7 if is(b"upgrade") => {
                let asks = tokens(value).any(|token| token.eq_ignore_ascii_case(b"websocket"));
                self.websocket = self.websocket.or(asks.then_some(()));
            }
            10 if is(b"connection") => self.connection(value),
            10 if is(b"user-agent") => self.ask.user_agent = Some(value),
            12 if is(b"content-type") => self.ask.content_type = Some(value),
            14 if is(b"content-length")
                && self.length.replace(content_length(value)?).is_some() =>
            {
                return Err(Fault::ContentLength);
            }
            14 if is(b"sec-fetch-dest") => self.ask.fetch_dest = Some(value),
            15 if is(b"accept-encoding") => self.ask.accept_encoding.push(value),
            15 if is(b"accept-language") => self.ask.accept_language.push(value),
            17 if is(b"transfer-encoding") => self.transfer_encoding(value)?,
            29 if is(b"access-control-request-method") => self.ask.preflight_method = Some(value),
            30 if is(b"access-control-request-headers") => self.ask.preflight_headers = Some(value),
            _ => {}
        }
        Ok(())
    }

    fn connection(&mut self, value: &[u8]) {
        for token in tokens(value) {
            if token.eq_ignore_ascii_case(b"close") {
                self.close = Some(());
            } else if token.eq_ignore_ascii_case(b"keep-alive") {
                self.keep_alive = Some(());
            } else if token.eq_ignore_ascii_case(b"upgrade") {
                self.upgrade = Some(());
            }
        }
    }

    /// Exactly one `chunked`, and nothing else: bodies are never decoded here, but their end must be sure.
    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Fault> {
        if self.chunked.is_some() {
            return Err(Fault::TransferEncoding);
        }
        for coding in tokens(value) {
            if self.chunked.is_some() {
                return Err(Fault::TransferEncoding);
            }
            if !coding.eq_ignore_ascii_case(b"chunked") {
                let last = tokens(value)
                    .last()
                    .is_some_and(|last| last.eq_ignore_ascii_case(b"chunked"));
                return Err(if last {
                    Fault::UnknownCoding
                } else {
                    Fault::TransferEncoding
                });
            }
            self.chunked = Some(());
        }
        self.chunked.ok_or(Fault::TransferEncoding)
    }

    fn finish(mut self, request: &RequestLine<'a>) -> Result<Head<'a>, Fault> {
        let framing = self.framing(request.version)?;
        let authority = self.authority(request)?;
        let asks_websocket = self.websocket.is_some() && self.upgrade.is_some();
        self.ask.websocket = asks_websocket && self.ask.method == Method::Get;
        let persistence = match (request.version, self.close, self.keep_alive) {
            (Version::Http11, None, _) | (Version::Http10, None, Some(())) => Persistence::Keep,
            _ => Persistence::Close,
        };
        let has_body = framing != Framing::Length(0);
        Ok(Head {
            ask: self.ask,
            version: request.version,
            authority,
            persistence,
            framing,
            expects_continue: has_body
                && request.version == Version::Http11
                && self.expects_continue.is_some(),
        })
    }

    fn framing(&self, version: Version) -> Result<Framing, Fault> {
        match (self.chunked, self.length) {
            (Some(()), Some(_)) => Err(Fault::TwoFramings),
            (Some(()), None) if version == Version::Http10 => Err(Fault::TransferEncoding),
            (Some(()), None) => Ok(Framing::Chunked),
            (None, length) => Ok(Framing::Length(length.unwrap_or(0))),
        }
    }

    /// RFC 9112, section 3.2: an HTTP/1.1 request has exactly one Host; an authority in the target overrules it.
    fn authority(&self, request: &RequestLine<'_>) -> Result<Authority, Fault> {
        let host = match (self.host, request.version) {
            (Some(value), _) => host::parse(value),
            (None, Version::Http10) => Authority::Anonymous,
            (None, Version::Http11) => return Err(Fault::Host),
        };
        if matches!(host, Authority::Malformed) {
            return Err(Fault::Host);
        }
        let in_target = match request.method {
            b"CONNECT" => Some(request.target),
            _ => path::authority_of_target(request.target),
        };
        Ok(match in_target.map(host::parse) {
            Some(Authority::Malformed) | None => host,
            Some(named) => named,
        })
    }
}

/// The elements of a list of tokens; parameters and quotation do not occur in the fields it is used for.
fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|b| *b == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|token| !token.is_empty())
}

fn content_length(value: &[u8]) -> Result<u64, Fault> {
    if value.is_empty() || value.len() > 19 || !value.iter().all(u8::is_ascii_digit) {
        return Err(Fault::ContentLength);
    }
    Ok(value
        .iter()
        .fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

/// Where the first byte below 0x20 other than the tab, or DEL, stands.
fn first_control(value: &[u8]) -> Option<usize> {
    scan::position(value, is_control)
}

fn is_control(byte: u8) -> bool {
    ((byte < 0x20) & (byte != b'\t')) | (byte == 0x7f)
}

#[cfg(test)]
#[path = "head_tests.rs"]
mod tests;
