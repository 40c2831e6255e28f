//! The configuration: what was typed (`spec/`) becomes what it means ([`Config`]), in which only valid things exist.
//!
//! One file, or the flags of `sorry serve`. All mistakes are reported in one run, each with its place and a hint. A key is
//! declared once, with its text, type, default and example; the reader, `docs/manual/configuration.md`, `etc/sorry.toml` and
//! `sorry config explain` come from that declaration.
//!
//! Nothing but the file itself is opened here. Files that it names are listed in [`Config::files`]; whoever opens one and
//! finds it missing or broken reports that with [`Config::bad_file`] at the line that names it.

pub mod alert;
mod alert_text;
pub mod check;
mod detection;
mod diagnostics;
mod difference;
mod dns_text;
pub mod duration;
mod egress;
mod factor;
mod fault;
mod host;
mod http_text;
mod idle;
pub mod kernel;
mod limits;
mod listen_address;
mod listener;
mod load;
mod log;
mod meaning;
mod network;
mod payload;
pub mod plain_file;
mod quantity;
mod reader;
pub mod real_server;
mod reference;
mod sandbox;
mod serve;
mod several;
mod site;
pub mod size;
mod spec;
mod state_folder;
mod syntax;
mod table;
mod target;
#[cfg(test)]
mod tests;
pub mod until;
mod url;
mod value;
pub mod watching;
pub mod window;

pub use detection::Detection;
pub use diagnostics::{Code, Color, Mistake, Place, Report, Source, Span};
pub use fault::Fault;
pub use host::{HostMap, HostPattern};
pub use kernel::{Kernel, KernelHook, KernelWhen, OnCrash};
pub use limits::Limits;
pub use listen_address::ListenAddress;
pub use listener::{ListenOptions, Listener};
pub use load::{load, parse};
pub use log::{AccessFormat, AccessTarget, Log, LogLevel};
pub use network::Network;
pub use reference::{NoSuchKey, example, explain, explain_as_json, keys, keys_as_json, manual};
pub use sandbox::Sandbox;
pub use serve::ServeArgs;
pub use site::{
    AltSvc, ContentSecurityPolicy, EventStream, Mode, RetryAfter, RetryAfterForm, Site, Sorry,
};
pub use url::{Origin, UrlPath};
pub use value::tag_of_language;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A whole configuration. Plain data: nothing in it is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How many threads answer.
    pub workers: Workers,
    /// Whether each stays on one core.
    pub pin_workers: bool,
    /// Whether the process gives up what it does not need.
    pub sandbox: Sandbox,
    /// Certificates for TLS listeners; the first is for clients that ask for no name or an unknown one.
    pub certificates: Vec<Certificate>,
    /// The sites, in the order of the file; at least one.
    pub sites: Vec<Arc<Site>>,
    /// What to listen on, each address once; at least one.
    pub listeners: Vec<Listener>,
    /// What nobody may exceed.
    pub limits: Limits,
    /// Where metrics are served.
    pub metrics: Option<SocketAddr>,
    /// Where that was typed.
    pub metrics_place: Place,
    /// The admin socket.
    pub admin: Option<PathBuf>,
    /// Where a remote operator is listened to, besides the socket.
    pub remote: Option<Remote>,
    /// The folder of journal, history, alerts and audit log; nothing is kept where there is none.
    pub state: Option<PathBuf>,
    /// What is watched to doubt oneself.
    pub watch: watching::Watching,
    /// What is answered in the kernel, and how.
    pub kernel: Kernel,
    /// Who is told.
    pub receivers: Vec<alert::Receiver>,
    /// How long `sorry down` lasts where nobody says.
    pub down_for: Duration,
    /// What is written down.
    pub log: Log,
    /// Every file that must exist, and where it was named.
    pub files: Vec<FileUse>,
    /// Every file that the process makes itself, so that its folder must exist; the sockets of sites are in `listeners`.
    pub written: Vec<FileUse>,
    source: Arc<Source>,
    /// What works and is worth a second look, each with its line.
    pub warnings: Vec<String>,
}

/// The admin API over TCP: only with TLS, and only for who has a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The names by which it may be asked for (`Host`); its own address always may.
    pub hosts: Vec<Box<str>>,
    /// Its certificate.
    pub certificate: Certificate,
    /// A file with a line for each token: role, name, SHA-256 in hexadecimal.
    pub tokens: PathBuf,
    /// Where it was typed.
    pub place: Place,
}

/// What requests are counted under whose host is no site's; no site may have this name.
pub const STRANGERS: &str = "other";

/// How many threads answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    /// One for each core that the process may use.
    OnePerCore,
    /// This many, at least one.
    Count(usize),
}

/// A certificate and its key, as files in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The chain, the site's own certificate first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// A file that the configuration names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileUse {
    /// Its full path.
    pub path: PathBuf,
    /// Where it was typed.
    pub place: Place,
    /// What it is for.
    pub purpose: Purpose,
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A page, or a folder with pages.
    Page,
    /// The answer to `/robots.txt`.
    Robots,
    /// A certificate chain.
    Certificate,
    /// A private key.
    PrivateKey,
    /// The access log.
    AccessLog,
    /// The admin socket.
    AdminSocket,
    /// Authorities that a peer's certificate is checked against.
    Authority,
    /// A password, token, key or secret URL: nobody else may read it.
    Secret,
    /// The tokens of the admin API.
    Tokens,
    /// What the kernel's keys are made of.
    KernelKey,
    /// A program that is run.
    Program,
    /// The folder of journal and history.
    State,
}

impl Config {
    /// Whether there is anything to decide about: real servers, windows, or operators who may order something.
    pub fn needs_decisions(&self) -> bool {
        let watched = |site: &Arc<Site>| !site.reals.is_empty() || !site.windows.is_empty();
        self.admin.is_some() || self.remote.is_some() || self.sites.iter().any(watched)
    }

    /// A mistake at the place that names `file`: what is wrong with it, and how to mend it.
    pub fn bad_file(&self, file: &FileUse, what: impl Into<String>) -> Mistake {
        Mistake::new(Code::BadFile, file.place, what)
    }

    /// The file that it was read from, as it was named; none for `sorry serve`.
    pub fn file(&self) -> Option<&std::path::Path> {
        let name = self.source.name.as_str();
        (!name.is_empty()).then(|| name.as_ref())
    }

    /// What a site is called in messages; that of `sorry serve` was given no name.
    pub fn called(&self, site: &Site) -> String {
        match self.source.name.as_str() {
            "" => "the site".to_owned(),
            _ => format!("site {}", site.name),
        }
    }

    /// A warning with the place that it is about, where it is about one.
    pub fn told(&self, place: Place, warning: &str) -> String {
        match self.source.position(place) {
            Some(position) => format!("{position}: {warning}"),
            None => warning.to_owned(),
        }
    }

    /// A report on mistakes that were found after reading, such as missing files. `None` when there are none.
    pub fn report(&self, mistakes: Vec<Mistake>) -> Option<Report> {
        (!mistakes.is_empty()).then(|| Report::new(Arc::clone(&self.source), mistakes))
    }
}
