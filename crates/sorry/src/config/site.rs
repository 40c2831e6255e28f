//! A site as the parts see it, and the words and numbers of `[site.sorry]`.

use super::Place;
use super::fault::{Fault, quoted};
use super::host::HostPattern;
use super::kernel::KernelWhen;
use super::reader::{FromText, FromValue, Reader, Value};
use super::real_server::RealServer;
use super::table::words;
use super::url::{Origin, UrlPath};
use super::value::no_such_number;
use super::window::Window;
use jiff::Timestamp;
use sorry_core::damping::Damping;
use sorry_core::quorum::Quorum;
use sorry_core::said::Said;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use toml::de::DeValue;

/// A web site that is answered for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// What logs, metrics and commands call it.
    pub name: Box<str>,
    /// The hosts it answers for.
    pub hosts: Vec<HostPattern>,
    /// How it says sorry.
    pub sorry: Sorry,
    /// Its real servers; may be none, and then nothing is watched.
    pub reals: Vec<RealServer>,
    /// How many of them it needs.
    pub quorum: Quorum,
    /// Whether somebody is told when it is watched no more, because sorry was stopped.
    pub omega: bool,
    /// What keeps it from going back and forth.
    pub damping: Damping,
    /// Its maintenance windows.
    pub windows: Vec<Window>,
}

/// How a site says sorry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sorry {
    /// A page of the operator's own: a file or a folder.
    pub page: Option<PathBuf>,
    /// The status of refusals, 500 to 599.
    pub status: u16,
    /// When clients may ask again.
    pub retry_after: RetryAfter,
    /// How that is written.
    pub retry_after_form: RetryAfterForm,
    /// When the site is expected back; may have passed.
    pub until: Option<Timestamp>,
    /// What the operator says to visitors.
    pub say: Option<Said>,
    /// Where visitors see the page.
    pub mode: Mode,
    /// The language of whoever asks for none that the page has.
    pub language: Box<str>,
    /// The path that answers 200.
    pub alive: UrlPath,
    /// A file to answer `/robots.txt` with.
    pub robots: Option<PathBuf>,
    /// How event streams are refused.
    pub event_stream: EventStream,
    /// What is said in Alt-Svc.
    pub alt_svc: AltSvc,
    /// Who may read refusals of requests with credentials.
    pub cors_origins: Vec<Origin>,
    /// When the kernel answers for the site.
    pub kernel: KernelWhen,
    /// Where that was typed.
    pub kernel_place: Place,
    /// For which addresses and ports; none where it never does.
    pub kernel_vips: Vec<SocketAddr>,
    /// Where those were typed, if they were: the list, then each.
    pub kernel_vips_places: Option<(Place, Vec<Place>)>,
    /// The policy of the operator's own page.
    pub csp: ContentSecurityPolicy,
}

/// When clients may ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// When the expected return says, else after [`RetryAfter::USUAL`].
    Auto,
    /// After this time.
    After(Duration),
}

impl RetryAfter {
    /// What is said when nothing is known.
    pub const USUAL: Duration = Duration::from_secs(120);
}

/// Where visitors see the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Under the URL they asked for.
    InPlace,
    /// Under a path of its own, to which those who accept HTML are redirected.
    Redirect {
        /// 302 or 307.
        status: u16,
        /// Where to.
        page: UrlPath,
    },
}

words! {
    /// Where visitors see the page.
    pub(super) enum ModeWord {
        /// under the URL they asked for, which they keep and can reload
        InPlace = "in-place",
        /// under `redirect-page`, to which GET and HEAD requests that accept HTML are redirected; all others are refused in place
        Redirect = "redirect",
    }
}

words! {
    /// How Retry-After is written.
    pub enum RetryAfterForm {
        /// as a number of seconds, which needs no correct clock
        Seconds = "seconds",
        /// as a date, for clients that understand no other
        Date = "date",
    }
}

words! {
    /// How event streams are refused.
    pub enum EventStream {
        /// with 200, one event that says sorry and a time to retry: EventSource gives up for good on any other status
        Answer = "answer",
        /// with the site's status, like anything else
        Status = "status",
    }
}

words! {
    /// What is said in Alt-Svc.
    pub enum AltSvc {
        /// `clear` on listeners that speak TLS, so that browsers forget an HTTP/3 that is down; nothing on others
        Auto = "auto",
        /// `clear` on every listener
        Clear = "clear",
        /// nothing
        Leave = "leave",
    }
}

/// The Content-Security-Policy of the operator's own page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContentSecurityPolicy {
    /// What the page itself holds, by hash, and nothing else.
    Auto,
    /// None.
    Off,
    /// This, as it is: printable ASCII.
    Text(Box<str>),
}

impl FromText for ContentSecurityPolicy {
    fn form() -> String {
        "\"auto\", \"off\" or a policy such as \"default-src 'self'\"".to_owned()
    }

    fn from_text(text: &str) -> Result<Self, Fault> {
        const LONGEST: usize = 4096;
        match text {
            "auto" => return Ok(ContentSecurityPolicy::Auto),
            "off" => return Ok(ContentSecurityPolicy::Off),
            _ => {}
        }
        if text.trim().is_empty() {
            return Err(Fault::new("an empty policy says nothing").hint("\"off\" sends none"));
        }
        if let Some((at, c)) = text.char_indices().find(|(_, c)| !matches!(c, ' '..='~')) {
            let fault = Fault::new(format!(
                "{} cannot stand in a header",
                quoted(&c.to_string())
            ));
            return Err(fault
                .at(at..at + c.len_utf8())
                .hint("a policy is one line of printable ASCII"));
        }
        if text.len() > LONGEST {
            let fault = Fault::new(format!("a policy has at most {LONGEST} bytes"));
            return Err(fault.out_of_range());
        }
        // The directives that are complete in one word (CSP Level 3, section 6; Mixed Content; Upgrade Insecure Requests).
        let whole = [
            "sandbox",
            "upgrade-insecure-requests",
            "block-all-mixed-content",
        ];
        if !text.contains([' ', ';']) && !whole.contains(&text) {
            let fault = Fault::new(format!("{} is not a policy", quoted(text)));
            return Err(fault.hint(
                "it may be \"auto\", \"off\", or directives such as \"default-src 'self'\"",
            ));
        }
        Ok(ContentSecurityPolicy::Text(text.trim().into()))
    }
}

/// The status of refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status(pub(super) u16);

impl Status {
    pub(super) fn new(number: i64) -> Result<Status, Fault> {
        let hint = match number {
            500..=599 => {
                return match u16::try_from(number) {
                    Ok(status) => Ok(Status(status)),
                    Err(_) => Err(Fault::new("no such status")),
                };
            }
            200..=299 => {
                "a page that says 200 is taken for the site by caches and crawlers; a balancer's check may ask for the path of `alive`"
            }
            300..=399 => "mode = \"redirect\" sends people to a page that answers with this status",
            400..=499 => {
                "a 4xx blames the client, and 404 or 410 make search engines forget the site"
            }
            _ => "503 is what a site that is down says",
        };
        let fault = Fault::new(format!("{number} does not say that the server is at fault"));
        Err(fault.out_of_range().hint(hint))
    }
}

impl FromValue for Status {
    fn form() -> String {
        "a status from 500 to 599".to_owned()
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        number(value, reader).and_then(|number| match Status::new(number) {
            Ok(status) => Some(status),
            Err(fault) => {
                reader.fault(value, fault);
                None
            }
        })
    }
}

/// The status of redirects: those that keep nothing for later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RedirectStatus(pub(super) u16);

impl FromValue for RedirectStatus {
    fn form() -> String {
        "302 or 307".to_owned()
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let number = number(value, reader)?;
        let hint = match number {
            302 => return Some(RedirectStatus(302)),
            307 => return Some(RedirectStatus(307)),
            301 | 308 => {
                "browsers remember a permanent redirect after the site is back: use 302 or 307"
            }
            _ => "it may be 302 or 307",
        };
        let fault = Fault::new(format!("{number} is not a temporary redirect"));
        reader.fault(value, fault.out_of_range().hint(hint));
        None
    }
}

/// A whole number of any size that a status could be mistaken for.
fn number(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<i64> {
    let DeValue::Integer(integer) = value.get_ref() else {
        reader.wrong_type(value);
        return None;
    };
    let number = i64::from_str_radix(integer.as_str(), integer.radix());
    if number.is_err() {
        reader.fault(value, no_such_number(integer));
    }
    number.ok()
}
