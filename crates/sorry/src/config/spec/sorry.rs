//! The keys of `[site.sorry]`: how a site says sorry, and where it listens for that.

use super::RetryTime;
use crate::config::Place;
use crate::config::kernel::KernelWhen;
use crate::config::listen_address::ListenAddress;
use crate::config::network::Network;
use crate::config::reader::{At, FromText, FromValue, Reader, Value};
use crate::config::site::{
    AltSvc, ContentSecurityPolicy, EventStream, ModeWord, RedirectStatus, RetryAfterForm, Status,
};
use crate::config::table::{Shape, table};
use crate::config::url::{Origin, UrlPath};
use crate::config::value::{Auto, FileMode, FilePath, LanguageTag, Until};
use sorry_core::said::Said;
use std::net::SocketAddr;
use toml::de::DeValue;

table! {
    /// How the site says sorry. A site needs `listen` here or in the `[sorry]` of the whole file.
    pub(in crate::config) struct Sorry as Header {
        /// Sorry listeners: they refuse every request politely, whatever goes on. This is where keepalived, IPVS,
        /// nftables, HAProxy's `backup` or DNS point to. An entry is an address and port, `unix:/PATH`, or
        /// `systemd:NAME` for a socket that systemd passes under this `FileDescriptorName=`; or a table such as
        /// `{ address = "203.0.113.10:443", tls = true }`. Sites may share an address; they must then give it the same
        /// options.
        #[key = "listen"]
        #[suggested]
        #[example = "[\"127.0.0.1:8503\"]"]
        listen: Vec<At<Listen>>,

        /// A page of your own: an HTML file, or a folder with `page.html`, `page.de.html`, `page.json`, `page.txt` and
        /// what they refer to. Without it Sorry's own page is shown. A relative path is taken from this file's folder.
        #[key = "page"]
        #[optional]
        #[example = "\"pages/shop\""]
        page: FilePath,

        /// The status of every refusal: 503 Service Unavailable tells clients and crawlers to come back. Some
        /// installations depend on 502. Statuses below 500 are refused: they would tell caches and crawlers that the page
        /// is the site.
        #[key = "status"]
        #[default = "503"]
        #[example = "502"]
        status: Status,

        /// When clients may ask again, sent as Retry-After with a little random time added so that they do not all return
        /// in one second. `"auto"` is the time until the end of what is ordered, or `until`; without those, of a site that is
        /// watched, what its past outages say is left of this one; else two minutes. A time given here is said whatever is known.
        #[key = "retry-after"]
        #[default = "\"auto\""]
        #[example = "\"10m\""]
        retry_after: Auto<RetryTime>,

        /// How Retry-After is written.
        #[key = "retry-after-form"]
        #[default = "\"seconds\""]
        #[example = "\"date\""]
        retry_after_form: RetryAfterForm,

        /// When the site is expected back: RFC 3339, or date and time followed by an IANA time zone (the machine's own if
        /// none is named). The page shows it, and Retry-After counts down to it when that is `"auto"`. After it has
        /// passed it is as if it were not there.
        #[key = "until"]
        #[optional]
        #[example = "\"2026-11-21 14:00 Europe/Berlin\""]
        until: Until,

        /// What visitors read beside the standard words: at most 500 characters on one or more lines. It is one text for all
        /// languages; words in several belong into an own page's `page.html`, `page.de.html`, `page.txt` and `page.de.txt`.
        #[key = "say"]
        #[optional]
        #[example = "\"We are moving to a larger database.\""]
        say: Said,

        /// Where visitors see the page.
        #[key = "mode"]
        #[default = "\"in-place\""]
        #[example = "\"redirect\""]
        mode: ModeWord,

        /// The status of the redirect when `mode = "redirect"`.
        #[key = "redirect"]
        #[default = "302"]
        #[example = "307"]
        redirect: RedirectStatus,

        /// The path that is redirected to when `mode = "redirect"`. It answers with `status` and the page.
        #[key = "redirect-page"]
        #[default = "\"/.sorry/page\""]
        #[example = "\"/maintenance\""]
        redirect_page: UrlPath,

        /// The language of whoever asks for none that the page has, and of an own page's `page.html`: a tag such as `de` or
        /// `pt-BR`.
        #[key = "language"]
        #[default = "\"en\""]
        #[example = "\"de\""]
        language: LanguageTag,

        /// The path that answers 200 to GET and HEAD, so that a balancer's check keeps sending people here.
        #[key = "alive"]
        #[default = "\"/.sorry/alive\""]
        #[example = "\"/healthz\""]
        alive: UrlPath,

        /// A file to answer `/robots.txt` with. Without it `/robots.txt` is refused like everything else, which makes
        /// crawlers pause; a 404 there would let them crawl everything.
        #[key = "robots"]
        #[optional]
        #[example = "\"robots.txt\""]
        robots: FilePath,

        /// How event streams (EventSource) are refused.
        #[key = "event-stream"]
        #[default = "\"answer\""]
        #[example = "\"status\""]
        event_stream: EventStream,

        /// What is said about other ways to reach the site that browsers remember (Alt-Svc).
        #[key = "alt-svc"]
        #[default = "\"auto\""]
        #[example = "\"clear\""]
        alt_svc: AltSvc,

        /// The Content-Security-Policy of a page of your own. `"auto"` allows what the page itself holds and the other hosts
        /// that it refers to, and nothing else; `"off"` sends none; any other text is sent as it is.
        #[key = "csp"]
        #[default = "\"auto\""]
        #[example = "\"default-src 'self'\""]
        csp: ContentSecurityPolicy,

        /// When the kernel answers for the site, at the devices of `[kernel] interfaces`, with the page alone: one page in one language
        /// for every plain HTTP connection to `kernel-vips`, whatever host was asked for. What the kernel does not answer goes on to
        /// user space.
        #[key = "kernel"]
        #[default = "\"never\""]
        #[example = "\"when down\""]
        kernel: KernelWhen,

        /// The addresses and ports that the kernel answers for: those that visitors use. Without it they are the plain addresses of the
        /// site's sorry listeners.
        #[key = "kernel-vips"]
        #[optional]
        #[example = "[\"203.0.113.10:80\"]"]
        kernel_vips: Vec<At<SocketAddr>>,

        /// Cross-origin requests.
        #[key = "cors"]
        #[optional]
        #[example = "{ origins = [\"https://app.example.com\"] }"]
        cors: Cors,
    }
}

table! {
    /// Cross-origin requests.
    pub(in crate::config) struct Cors as Dotted {
        /// Origins whose scripts may read refusals of requests with credentials. All others may read those without.
        #[key = "origins"]
        #[default = "[]"]
        #[example = "[\"https://app.example.com\"]"]
        origins: Vec<At<Origin>>,
    }
}

table! {
    /// A sorry listener with options.
    pub(in crate::config) struct ListenTable as Header {
        /// Where to listen.
        #[key = "address"]
        #[required]
        #[example = "\"203.0.113.10:443\""]
        address: ListenAddress,

        /// Whether the listener speaks TLS, with the certificates of `[[tls]]`.
        #[key = "tls"]
        #[default = "false"]
        #[example = "true"]
        tls: bool,

        /// From whom a PROXY protocol header (version 1 or 2) is required and believed. From all others it is refused.
        #[key = "proxy-protocol-from"]
        #[default = "[]"]
        #[example = "[\"10.0.0.0/8\"]"]
        proxy_protocol_from: Vec<At<Network>>,

        /// The permissions of a unix socket; 0660 if none are given.
        #[key = "mode"]
        #[optional]
        #[example = "\"0666\""]
        mode: FileMode,

        /// Whether an IPv6 socket leaves IPv4 to others.
        #[key = "v6-only"]
        #[default = "false"]
        #[example = "true"]
        v6_only: bool,

        /// Whether plain HTTP on this TLS port is redirected (308) to https rather than refused with 400.
        #[key = "https-redirect"]
        #[default = "false"]
        #[example = "true"]
        https_redirect: bool,
    }
}

/// An entry of `listen`: text that is an address, or a table.
#[derive(Debug)]
pub(in crate::config) struct Listen(pub(in crate::config) ListenTable);

impl FromValue for Listen {
    const SHAPE: Shape = Shape::Entries(&ListenTable::TABLE);

    fn form() -> String {
        format!("{}; or a table", <ListenAddress as FromText>::form())
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref() {
            DeValue::Table(_) => ListenTable::read(value, reader).map(Listen),
            _ => {
                let place = Place::Span(value.span().into());
                let address = ListenAddress::read(value, reader)?;
                Some(Listen(ListenTable::plain(At::new(place, address), reader)))
            }
        }
    }
}

impl ListenTable {
    /// An address with nothing but defaults.
    pub(in crate::config) fn plain(
        address: At<ListenAddress>,
        reader: &mut Reader<'_>,
    ) -> ListenTable {
        let mut table: ListenTable = reader.defaults(address.place, &ListenTable::TABLE);
        table.address = Some(address);
        table
    }
}
