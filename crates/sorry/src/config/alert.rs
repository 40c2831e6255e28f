//! Who is told what happens, and how.

use super::diagnostics::Place;
use std::path::PathBuf;
use std::time::Duration;

/// `[[alert]]`: one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// What it is called; unique.
    pub name: Box<str>,
    /// The sites it hears of; all where there are none.
    pub sites: Vec<Box<str>>,
    /// It hears of single real servers, too.
    pub reals: bool,
    /// How it is told.
    pub channel: Channel,
    /// The longest that one attempt may take.
    pub timeout: Duration,
    /// How long an alert is tried again before it is given up.
    pub give_up: Duration,
    /// Where it was typed.
    pub place: Place,
}

/// How somebody is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Our own JSON, signed.
    Webhook {
        /// Where to.
        url: Url,
        /// A file with the key of the signature.
        secret: Option<PathBuf>,
    },
    /// A mail.
    Email(Box<Email>),
    /// Prometheus Alertmanager, API v2.
    Alertmanager {
        /// Its base address.
        url: Url,
    },
    /// A program with our JSON on its standard input.
    Exec {
        /// The program by its full path, then its arguments.
        argv: Vec<Box<str>>,
    },
    /// Slack's incoming webhook. The URL is a secret.
    Slack(Url),
    /// A Teams workflow. The URL is a secret.
    Teams(Url),
    /// PagerDuty's Events API v2.
    PagerDuty {
        /// Where to: PagerDuty's own, or another that speaks the same.
        url: Url,
        /// A file with the routing key.
        key: PathBuf,
    },
    /// ntfy: the topic's URL.
    Ntfy {
        /// The topic.
        url: Url,
        /// A file with an access token.
        token: Option<PathBuf>,
    },
}

impl Channel {
    /// The word of the configuration, of metrics and of JSON.
    pub fn label(&self) -> &'static str {
        match self {
            Channel::Webhook { .. } => "webhook",
            Channel::Email(_) => "email",
            Channel::Alertmanager { .. } => "alertmanager",
            Channel::Exec { .. } => "exec",
            Channel::Slack(_) => "slack",
            Channel::Teams(_) => "teams",
            Channel::PagerDuty { .. } => "pagerduty",
            Channel::Ntfy { .. } => "ntfy",
        }
    }
}

/// Where a URL comes from: some are secrets and stand in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Url {
    /// As typed; `http` or `https`.
    Given(Box<str>),
    /// In this file.
    File(PathBuf),
}

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// The server's host name or address.
    pub host: Box<str>,
    /// Its port.
    pub port: u16,
    /// Whether what is said is encrypted.
    pub encryption: Encryption,
    /// Authorities in PEM; the system's where there are none.
    pub authority: Option<PathBuf>,
    /// User name and a file with the password.
    pub credentials: Option<(Box<str>, PathBuf)>,
    /// The sender.
    pub from: Box<str>,
    /// Who gets it.
    pub to: Vec<Box<str>>,
}

/// Whether and how SMTP is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// STARTTLS, and nothing without it.
    StartTls,
    /// From the first byte.
    Tls,
    /// Not at all; never with credentials.
    None,
}
