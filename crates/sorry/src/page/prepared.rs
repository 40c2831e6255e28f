//! Prepared answers: everything a site can say, as bytes that only lack a date, an id and a number of seconds.
//!
//! [`Answers::new`] puts them together from a [`Page`] and a few settings when the configuration is read or a page
//! changes; who gets which is `sorry_core::answer`'s decision, and the transports write what they find here.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use sorry_core::answer::dialect::DIALECTS;
use sorry_core::answer::encoding::{ENCODINGS, Encoding};
use sorry_core::answer::template::Template;
use sorry_core::answer::{Ask, Dialect, encoding, language};
use sorry_core::said::Said;

use super::head::{Head, Value};
use super::{Asset, Document, Page};

/// A body behind a prepared head.
#[derive(Debug, Clone)]
pub enum Body {
    /// None, and the head says so.
    Empty,
    /// The same for everybody.
    Solid(Bytes),
    /// With an id and a number in it; its length is fixed.
    Holes(Template),
}

impl Body {
    /// Its length in bytes.
    pub fn len(&self) -> usize {
        match self {
            Body::Empty => 0,
            Body::Solid(bytes) => bytes.len(),
            Body::Holes(template) => template.len(),
        }
    }

    /// Whether nothing follows the head.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One answer, ready but for its holes.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The status in both heads.
    pub status: u16,
    /// The HTTP/1 head without the empty line.
    pub head: Template,
    /// The HTTP/2 header block.
    pub block: Template,
    /// What follows.
    pub body: Body,
}

impl Prepared {
    fn new(head: Head, body: Body) -> Prepared {
        let head = head.with("Content-Length", Value::Text(body.len().to_string()));
        Prepared {
            status: head.status(),
            head: head.http1(),
            block: head.http2(),
            body,
        }
    }

    /// Whether it says when to come back.
    pub fn has_retry_after(&self) -> bool {
        self.head.says_when()
    }

    /// 204 has no length (RFC 9110, section 8.6).
    fn without_content(head: &Head) -> Prepared {
        Prepared {
            status: head.status(),
            head: head.http1(),
            block: head.http2(),
            body: Body::Empty,
        }
    }
}

/// How Retry-After is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryForm {
    /// Seconds: nobody's clock matters.
    Seconds,
    /// A date, for clients that want one.
    Date,
}

/// What an answer's head depends on besides the page.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The status of refusals.
    pub status: u16,
    /// Its phrase.
    pub phrase: &'static str,
    /// How Retry-After is written.
    pub retry_form: RetryForm,
    /// What the operator said, for `grpc-message`.
    pub said: Option<Said>,
    /// The status of the redirect: 302 or 307.
    pub redirect_status: u16,
    /// The robots.txt, where one is configured.
    pub robots: Option<Bytes>,
    /// Origins that may read with credentials.
    pub origins: Box<[Box<str>]>,
}

/// A refusal as it is where nobody has said anything.
impl Default for Settings {
    fn default() -> Self {
        Settings {
            status: 503,
            phrase: "Service Unavailable",
            retry_form: RetryForm::Seconds,
            said: None,
            redirect_status: 302,
            robots: None,
            origins: Box::default(),
        }
    }
}

/// The fields that let scripts of one origin, or of any, read an answer.
#[derive(Debug, Clone)]
pub struct Cors {
    /// For HTTP/1.
    pub head: Box<[u8]>,
    /// For HTTP/2.
    pub block: Box<[u8]>,
}

/// Answers in several content codings; identity is always there.
type Codings = [Option<Prepared>; ENCODINGS];

/// Everything that one site says.
#[derive(Debug)]
pub struct Answers {
    refusals: [Option<Prepared>; DIALECTS],
    html_languages: Vec<Box<str>>,
    html: Vec<Codings>,
    text_languages: Vec<Box<str>>,
    text: Vec<Prepared>,
    own: HashMap<Box<[u8]>, Codings>,
    /// The balancer's question.
    pub alive: Prepared,
    /// robots.txt, where one is configured.
    pub robots: Option<Prepared>,
    /// A preflight, without what it allows.
    pub preflight: Prepared,
    /// The way to the page, without Location.
    pub redirect: Prepared,
    /// For any origin.
    pub cors_any: Cors,
    /// For each listed origin.
    pub cors_listed: Vec<Cors>,
}

/// For how long whoever has a page's own file may use it without asking again.
pub const ASSETS_FRESH: Duration = Duration::from_secs(300);

/// What scripts may read besides the body (Fetch, section 3.2.6).
pub const EXPOSED: &str =
    "Retry-After, X-Request-Id, grpc-status, grpc-message, grpc-retry-pushback-ms";

impl Answers {
    /// Puts the answers together.
    pub fn new(page: &Page, settings: &Settings) -> Answers {
        let maker = Maker { settings };
        let mut refusals = [const { None }; DIALECTS];
        for dialect in Dialect::ALL {
            refusals[dialect as usize] = maker.plain_refusal(dialect, page);
        }
        Answers {
            refusals,
            html_languages: page
                .html
                .iter()
                .map(|document| document.language.clone())
                .collect(),
            html: page
                .html
                .iter()
                .map(|document| maker.html(document))
                .collect(),
            text_languages: page
                .text
                .iter()
                .map(|(language, _)| language.clone())
                .collect(),
            text: page
                .text
                .iter()
                .map(|(language, text)| maker.text(language, text))
                .collect(),
            own: page
                .assets
                .iter()
                .map(|asset| (asset.path.as_bytes().into(), maker.own(asset)))
                .collect(),
            alive: maker.alive(),
            robots: settings.robots.as_ref().map(|file| maker.robots(file)),
            preflight: maker.preflight(),
            redirect: maker.redirect(),
            cors_any: cors(None),
            cors_listed: settings
                .origins
                .iter()
                .map(|origin| cors(Some(origin)))
                .collect(),
        }
    }

    /// Adds files of earlier pages, the newest first; what the page itself has stays.
    pub fn with_earlier<'a>(
        mut self,
        assets: impl Iterator<Item = &'a Asset>,
        settings: &Settings,
    ) -> Answers {
        let maker = Maker { settings };
        for asset in assets {
            let path: Box<[u8]> = asset.path.as_bytes().into();
            self.own.entry(path).or_insert_with(|| maker.own(asset));
        }
        self
    }

    /// The refusal in a dialect, in the language and coding that the request likes best.
    pub fn refusal(&self, dialect: Dialect, ask: &Ask<'_>) -> &Prepared {
        let found = match dialect {
            Dialect::Html => {
                let language = pick(ask, &self.html_languages);
                self.html.get(language).map(|codings| best(codings, ask))
            }
            Dialect::Text => self.text.get(pick(ask, &self.text_languages)),
            other => self.refusals[other as usize].as_ref(),
        };
        // Every dialect is prepared; should one ever not be, an empty refusal is still a true one.
        found
            .or(self.refusals[Dialect::Empty as usize].as_ref())
            .unwrap_or(&self.alive)
    }

    /// One of the page's own files.
    pub fn own(&self, path: &[u8], ask: &Ask<'_>) -> Option<&Prepared> {
        self.own.get(path).map(|codings| best(codings, ask))
    }

    /// All refusals with a name for each, for tests and for whoever compares transports.
    pub fn all_refusals(&self) -> impl Iterator<Item = &Prepared> {
        let html = self.html.iter().flatten().flatten();
        self.refusals.iter().flatten().chain(html).chain(&self.text)
    }
}

fn pick(ask: &Ask<'_>, languages: &[Box<str>]) -> usize {
    if languages.len() < 2 {
        0
    } else {
        language::choose(&ask.accept_language, languages)
    }
}

fn best<'a>(codings: &'a Codings, ask: &Ask<'_>) -> &'a Prepared {
    let preference = encoding::choose(&ask.accept_encoding);
    let found = preference
        .iter()
        .find_map(|encoding| codings[encoding as usize].as_ref());
    // Identity is always prepared and always in the list.
    found.or(codings[0].as_ref()).unwrap_or(&EMPTY)
}

static EMPTY: std::sync::LazyLock<Prepared> =
    std::sync::LazyLock::new(|| Prepared::new(Head::new(503, "Service Unavailable"), Body::Empty));

struct Maker<'a> {
    settings: &'a Settings,
}

impl Maker<'_> {
    /// What every answer with a 200 says that is no dialect's.
    fn given(&self) -> Head {
        self.head(200, "OK")
            .with("Access-Control-Expose-Headers", EXPOSED)
    }

    /// What every answer of ours says.
    fn head(&self, status: u16, phrase: &str) -> Head {
        Head::new(status, phrase)
            .with("Date", Value::Date)
            .with("Server", "sorry")
            .with("X-Request-Id", Value::Id)
    }

    /// What every refusal says.
    fn refusal(&self, status: u16, phrase: &str) -> Head {
        let retry = match self.settings.retry_form {
            RetryForm::Seconds => Value::RetryAfter,
            RetryForm::Date => Value::RetryDate,
        };
        self.head(status, phrase)
            .with("Retry-After", retry)
            .with("Cache-Control", "no-store")
            .with("Server-Timing", Value::ServerTiming)
            .with("Access-Control-Expose-Headers", EXPOSED)
    }

    fn down(&self) -> Head {
        self.refusal(self.settings.status, self.settings.phrase)
    }

    /// The dialects that have one form only.
    fn plain_refusal(&self, dialect: Dialect, page: &Page) -> Option<Prepared> {
        let typed = |kind: &str| {
            self.down()
                .with("Content-Type", kind)
                .with("X-Content-Type-Options", "nosniff")
        };
        let holes = |template: &Template| Body::Holes(template.clone());
        Some(match dialect {
            Dialect::Html | Dialect::Text => return None,
            Dialect::ProblemJson => {
                Prepared::new(typed("application/problem+json"), holes(&page.problem_json))
            }
            Dialect::Json => Prepared::new(typed("application/json"), holes(&page.problem_json)),
            Dialect::Xml => Prepared::new(typed("application/xml"), holes(&page.xml)),
            Dialect::Grpc => self.grpc("application/grpc"),
            Dialect::GrpcWeb => self.grpc("application/grpc-web+proto"),
            Dialect::GrpcWebText => self.grpc("application/grpc-web-text+proto"),
            Dialect::EventStream => {
                let head = self
                    .refusal(200, "OK")
                    .with("Content-Type", "text/event-stream");
                Prepared::new(head, holes(&page.event_stream))
            }
            Dialect::WebSocket | Dialect::Empty => Prepared::new(self.down(), Body::Empty),
            Dialect::EmptyNosniff => Prepared::new(
                self.down().with("X-Content-Type-Options", "nosniff"),
                Body::Empty,
            ),
        })
    }

    /// Trailers-Only: the trailers are the head (gRPC over HTTP/2, "Responses"; gRFC A6 for the pushback).
    fn grpc(&self, content_type: &str) -> Prepared {
        let message = match &self.settings.said {
            Some(said) => said.grpc(),
            None => "the site is down and will be back".to_owned(),
        };
        let head = self
            .refusal(200, "OK")
            .with("Content-Type", content_type)
            .with("grpc-status", "14")
            .with("grpc-message", Value::Text(message))
            .with("grpc-retry-pushback-ms", Value::RetryMillis);
        Prepared::new(head, Body::Empty)
    }

    fn html(&self, document: &Document) -> Codings {
        Encoding::ALL.map(|encoding| {
            let body = match encoding {
                Encoding::Identity => &document.body,
                other => document.encoded.variant(other)?,
            };
            let mut head = self
                .down()
                .with("Content-Type", "text/html; charset=utf-8")
                .with(
                    "Content-Language",
                    Value::Text(document.language.to_string()),
                )
                .with("X-Content-Type-Options", "nosniff");
            if !document.csp.is_empty() {
                head = head.with(
                    "Content-Security-Policy",
                    Value::Text(document.csp.to_string()),
                );
            }
            Some(Prepared::new(
                coded(head, encoding),
                Body::Solid(body.clone()),
            ))
        })
    }

    fn text(&self, language: &str, text: &Template) -> Prepared {
        let head = self
            .down()
            .with("Content-Type", "text/plain; charset=utf-8")
            .with("Content-Language", Value::Text(language.to_owned()))
            .with("X-Content-Type-Options", "nosniff");
        Prepared::new(head, Body::Holes(text.clone()))
    }

    fn own(&self, asset: &Asset) -> Codings {
        let max_age = format!("max-age={}", ASSETS_FRESH.as_secs());
        Encoding::ALL.map(|encoding| {
            let body = match encoding {
                Encoding::Identity => &asset.body,
                other => asset.encoded.variant(other)?,
            };
            let head = self
                .given()
                .with("Content-Type", asset.content_type)
                .with("X-Content-Type-Options", "nosniff")
                // An SVG that is opened by itself is a document, and must not be one that runs scripts.
                .with(
                    "Content-Security-Policy",
                    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox",
                )
                .with("Cache-Control", Value::Text(max_age.clone()))
                .with("Vary", "Accept-Encoding");
            Some(Prepared::new(
                coded(head, encoding),
                Body::Solid(body.clone()),
            ))
        })
    }

    fn alive(&self) -> Prepared {
        let head = self
            .given()
            .with("Content-Type", "text/plain; charset=utf-8")
            .with("Cache-Control", "no-store");
        Prepared::new(head, Body::Solid(Bytes::from_static(b"alive\n")))
    }

    fn robots(&self, file: &Bytes) -> Prepared {
        let head = self
            .given()
            .with("Content-Type", "text/plain; charset=utf-8")
            .with("Cache-Control", "no-store");
        Prepared::new(head, Body::Solid(file.clone()))
    }

    /// The rest of it is said per request: origin, method, fields.
    fn preflight(&self) -> Prepared {
        let head = self
            .head(204, "No Content")
            .with("Cache-Control", "no-store")
            .with("Access-Control-Max-Age", "0");
        Prepared::without_content(&head)
    }

    fn redirect(&self) -> Prepared {
        let phrase = if self.settings.redirect_status == 307 {
            "Temporary Redirect"
        } else {
            "Found"
        };
        Prepared::new(
            self.refusal(self.settings.redirect_status, phrase),
            Body::Empty,
        )
    }
}

fn coded(head: Head, encoding: Encoding) -> Head {
    match encoding.token() {
        Some(token) => head.with("Content-Encoding", token),
        None => head,
    }
}

fn cors(listed: Option<&str>) -> Cors {
    let head = Head::new(200, "OK");
    let head = match listed {
        None => head.with("Access-Control-Allow-Origin", "*"),
        Some(origin) => head
            .with("Access-Control-Allow-Origin", origin)
            .with("Access-Control-Allow-Credentials", "true")
            .with("Vary", "Origin"),
    };
    let status_line = b"HTTP/1.1 200 OK\r\n".len();
    let block = head.http2();
    Cors {
        head: head.http1().masked()[status_line..].into(),
        // `:status 200` is one byte of the static table.
        block: block.masked()[1..].into(),
    }
}

#[cfg(test)]
#[path = "prepared_tests.rs"]
mod tests;
