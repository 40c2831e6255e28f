//! Which of the prepared answers a request gets: the whole logic of refusing politely, without a byte of I/O.
//!
//! A transport fills an [`Ask`] from a request's head, calls [`decide`], and writes what was prepared for the
//! [`Choice`]. The order in which witnesses are heard is fixed in [`dialect_of`] and nowhere else.

mod accept;
pub mod ask;
pub mod cors;
pub mod crawler;
pub mod dialect;
pub mod encoding;
pub mod language;
pub mod path;
mod quality;
pub mod template;

pub use ask::{Ask, Lines, Method};
pub use dialect::Dialect;

use cors::Preflight;

/// How people are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// At the URL they asked for.
    InPlace,
    /// By a redirect to the page, for GET and HEAD of clients that say that they show HTML.
    Redirect,
}

/// What becomes of a request for an event stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventStream {
    /// 200, a reconnection time, one event, the end.
    Answer,
    /// Refused with the site's status like anything else.
    Status,
}

/// What an operator settled for one site, as far as it decides which answer is given.
#[derive(Debug, Clone)]
pub struct Policy {
    /// In place or by redirect.
    pub mode: Mode,
    /// Where the redirect leads.
    pub redirect_path: Box<str>,
    /// The path that answers 200 so that a balancer keeps sending people here.
    pub alive: Box<str>,
    /// A robots.txt is configured.
    pub robots: Robots,
    /// What becomes of event streams.
    pub event_stream: EventStream,
    /// Origins that may read answers with credentials.
    pub origins: Box<[Box<str>]>,
}

/// Whether there is a robots.txt to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Robots {
    /// None: the path is refused like any other, and never with 404, which would open the site to crawlers.
    Refused,
    /// A file is configured.
    Given,
}

/// The prefix under which the page's own files live.
pub const OWN_PREFIX: &[u8] = b"/.sorry/";

/// What a request gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice<'a> {
    /// 200: the balancer's question.
    Alive,
    /// 200: one of the page's own files, by the whole path. Refused as [`Choice::Refuse`] where there is none.
    Own(Dialect),
    /// 200: the configured robots.txt.
    Robots,
    /// 204: a CORS preflight.
    Preflight(Preflight<'a>),
    /// 302 or 307 to the page.
    Redirect,
    /// The refusal itself.
    Refuse(Dialect),
}

/// Chooses the answer to `ask`.
pub fn decide<'a>(ask: &Ask<'a>, policy: &Policy) -> Choice<'a> {
    let reads = matches!(ask.method, Method::Get | Method::Head);
    if reads && ask.path == policy.alive.as_bytes() {
        return Choice::Alive;
    }
    if reads && policy.robots == Robots::Given && ask.path == b"/robots.txt" {
        return Choice::Robots;
    }
    if let Some(preflight) = cors::preflight(ask, &policy.origins) {
        return Choice::Preflight(preflight);
    }
    let dialect = dialect_of(ask, policy.event_stream);
    if !reads {
        return Choice::Refuse(dialect);
    }
    let is_page = ask.path == policy.redirect_path.as_bytes();
    if ask.path.starts_with(OWN_PREFIX) && !is_page {
        return Choice::Own(dialect);
    }
    let redirects = policy.mode == Mode::Redirect && !is_page;
    if redirects && dialect == Dialect::Html && shows_html(ask) {
        return Choice::Redirect;
    }
    Choice::Refuse(dialect)
}

/// The dialect of a refusal: the witnesses are heard in the order of how surely they know the client.
pub fn dialect_of(ask: &Ask<'_>, event_stream: EventStream) -> Dialect {
    if let Some(grpc) = ask.content_type.and_then(grpc) {
        return grpc;
    }
    let reads = matches!(ask.method, Method::Get | Method::Head);
    let may_stream =
        reads && event_stream == EventStream::Answer && accept::may_name_stream(&ask.accept);
    // A browser says what it wants the answer for; most requests are decided by that, without a look at Accept.
    if !may_stream
        && !ask.websocket
        && let Some(dialect) = ask.fetch_dest.and_then(by_sure_destination)
    {
        return dialect;
    }
    let wish = accept::read(&ask.accept);
    if may_stream && wish.event_stream {
        return Dialect::EventStream;
    }
    if ask.websocket {
        return Dialect::WebSocket;
    }
    let json = if wish.problem {
        Dialect::ProblemJson
    } else {
        Dialect::Json
    };
    let dialect = ask
        .fetch_dest
        .and_then(|dest| by_destination(dest, wish.json.then_some(json)))
        .or(wish.dialect)
        .or_else(|| path::dialect(ask.path))
        .or_else(|| ask.content_type.and_then(by_own_body))
        .unwrap_or(Dialect::Text);
    // A path or a body of JSON does not say which of the two types is welcome; Accept does.
    if dialect == Dialect::Json {
        json
    } else {
        dialect
    }
}

/// Whether the client says of itself that it shows HTML. A path that ends in `.html` tells what is asked for, not by
/// whom: the page's own script asks for such a path too, and would take a redirect for the site's and load it for ever.
fn shows_html(ask: &Ask<'_>) -> bool {
    ask.fetch_dest.and_then(by_sure_destination) == Some(Dialect::Html)
        || accept::read(&ask.accept).dialect == Some(Dialect::Html)
}

/// gRPC announces itself by its content type (gRPC over HTTP/2; gRPC-Web).
fn grpc(content_type: &[u8]) -> Option<Dialect> {
    let kinds: [(&[u8], Dialect); 3] = [
        (b"application/grpc-web-text", Dialect::GrpcWebText),
        (b"application/grpc-web", Dialect::GrpcWeb),
        (b"application/grpc", Dialect::Grpc),
    ];
    let essence = essence(content_type);
    let is = |kind: &[u8]| {
        essence.len() >= kind.len()
            && essence[..kind.len()].eq_ignore_ascii_case(kind)
            && matches!(essence.get(kind.len()), None | Some(b'+'))
    };
    kinds
        .into_iter()
        .find(|(kind, _)| is(kind))
        .map(|(_, dialect)| dialect)
}

/// What the browser wants it for (Fetch Metadata Request Headers, section 2.1). Unknown words say nothing.
fn by_destination(dest: &[u8], json: Option<Dialect>) -> Option<Dialect> {
    match dest {
        b"empty" | b"report" => Some(json.unwrap_or(Dialect::Text)),
        other => by_sure_destination(other),
    }
}

/// The destinations that settle the dialect alone.
fn by_sure_destination(dest: &[u8]) -> Option<Dialect> {
    match dest {
        b"document" | b"iframe" | b"frame" | b"fencedframe" => Some(Dialect::Html),
        b"image" | b"font" | b"audio" | b"video" | b"track" | b"object" | b"embed" => {
            Some(Dialect::Empty)
        }
        b"script" | b"style" | b"worker" | b"sharedworker" | b"serviceworker" | b"audioworklet"
        | b"paintworklet" | b"manifest" | b"xslt" | b"json" => Some(Dialect::EmptyNosniff),
        _ => None,
    }
}

/// Whoever sends JSON or XML can read it.
fn by_own_body(content_type: &[u8]) -> Option<Dialect> {
    let essence = essence(content_type);
    let (kind, subtype) = quality::media_type(essence)?;
    let is = |name: &str| subtype.eq_ignore_ascii_case(name.as_bytes());
    let ends = |suffix: &[u8]| {
        subtype.len() > suffix.len()
            && subtype[subtype.len() - suffix.len()..].eq_ignore_ascii_case(suffix)
    };
    let structured =
        kind.eq_ignore_ascii_case(b"application") || kind.eq_ignore_ascii_case(b"text");
    match () {
        () if is("json") || ends(b"+json") => Some(Dialect::Json),
        () if structured && (is("xml") || ends(b"+xml")) => Some(Dialect::Xml),
        () => None,
    }
}

/// A media type without its parameters.
fn essence(content_type: &[u8]) -> &[u8] {
    let end = content_type
        .iter()
        .position(|b| *b == b';')
        .unwrap_or(content_type.len());
    content_type[..end].trim_ascii()
}

#[cfg(test)]
mod tests;
