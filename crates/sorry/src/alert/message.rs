//! A telling as it is sent: the JSON of webhooks and programs, of the queue on disk, and what all other channels are made from.
//!
//! Its fields are a promise to those who read them: one is added under the same version, none is changed.

use serde::{Deserialize, Serialize};
use sorry_core::incident::{Audience, Phase, Severity, Telling};

use super::words;

/// The version of the format.
pub const VERSION: u32 = 1;

/// One alert for one or several receivers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The version of this format.
    pub version: u32,
    /// Of this message alone; the same when it is sent again.
    pub id: String,
    /// Of its incident: the same for all messages of it, and no others.
    pub key: String,
    /// The number of its incident.
    pub incident: u64,
    /// The site; none where it is about all of them.
    pub site: Option<String>,
    /// The real server, switch or window that it is about.
    pub about: Option<String>,
    /// `outage`, `maintenance`, `forced-live`, `doubt`, `switch`, `real-server`, `certificate`.
    pub kind: String,
    /// What it is for its reader.
    pub phase: PhaseWord,
    /// `critical`, `warning`, `info`.
    pub severity: SeverityWord,
    /// What happened, in one line.
    pub subject: String,
    /// What is known, in some lines.
    pub text: String,
    /// When it began: RFC 3339, UTC.
    pub began: String,
    /// When this happened.
    pub at: String,
    /// The same in seconds since 1970.
    pub at_seconds: u64,
    /// How long it has lasted, or lasted.
    pub seconds: u64,
    /// It was agreed on: an order, a window.
    pub planned: bool,
    /// Nothing was switched: it is only observed.
    pub observed: bool,
    /// Only those who want to hear of single real servers get it.
    pub of_reals: bool,
    /// Which machine says so.
    pub host: String,
}

/// See [`Phase`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseWord {
    /// Something is wrong from now on.
    Firing,
    /// More of it.
    Update,
    /// It is over.
    Resolved,
    /// To be known.
    Note,
}

/// See [`Severity`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeverityWord {
    /// To be known.
    Info,
    /// To be looked at.
    Warning,
    /// Visitors suffer.
    Critical,
}

impl SeverityWord {
    /// As in JSON.
    pub fn label(self) -> &'static str {
        match self {
            SeverityWord::Info => "info",
            SeverityWord::Warning => "warning",
            SeverityWord::Critical => "critical",
        }
    }
}

impl PhaseWord {
    /// As in JSON.
    pub fn label(self) -> &'static str {
        match self {
            PhaseWord::Firing => "firing",
            PhaseWord::Update => "update",
            PhaseWord::Resolved => "resolved",
            PhaseWord::Note => "note",
        }
    }
}

impl Message {
    /// What a telling becomes on this machine; nothing where nobody is to be told.
    pub fn of(telling: &Telling, host: &str) -> Option<Message> {
        if telling.audience == Audience::Nobody {
            return None;
        }
        let owned = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
        Some(Message {
            version: VERSION,
            id: fresh_id(),
            key: telling.key(),
            incident: telling.incident,
            site: owned(&telling.site),
            about: owned(&telling.about),
            kind: telling.kind.label().to_owned(),
            phase: match telling.phase {
                Phase::Firing => PhaseWord::Firing,
                Phase::Update => PhaseWord::Update,
                Phase::Resolved => PhaseWord::Resolved,
                Phase::Note => PhaseWord::Note,
            },
            severity: match telling.severity() {
                Severity::Info => SeverityWord::Info,
                Severity::Warning => SeverityWord::Warning,
                Severity::Critical => SeverityWord::Critical,
            },
            subject: words::subject(telling),
            text: words::text(telling),
            began: words::moment(telling.began),
            at: words::moment(telling.at),
            at_seconds: telling.at.0 / 1000,
            seconds: telling.lasted().as_secs(),
            planned: telling.planned,
            observed: telling.observed,
            of_reals: telling.audience == Audience::OfReals,
            host: host.to_owned(),
        })
    }

    /// A message for trying a receiver out.
    pub(super) fn test(receiver: &str, host: &str, at_seconds: u64) -> Message {
        let at = words::moment(sorry_core::moment::Wall(at_seconds.saturating_mul(1000)));
        let id = fresh_id();
        Message {
            version: VERSION,
            key: format!("test/{receiver}/{id}"),
            id,
            incident: 0,
            site: None,
            about: None,
            kind: "test".to_owned(),
            phase: PhaseWord::Note,
            severity: SeverityWord::Info,
            subject: format!("test: the receiver {receiver} hears of {host}"),
            text: format!("Somebody on {host} has asked for this test. Nothing is wrong.\n"),
            began: at.clone(),
            at,
            at_seconds,
            seconds: 0,
            planned: false,
            observed: false,
            of_reals: false,
            host: host.to_owned(),
        }
    }

    /// Both in one: what was wrong, and that it is over. For a receiver who heard nothing of it while it was.
    pub(super) fn with_end(&self, end: &Message) -> Message {
        Message {
            subject: format!("{} (and could not be told before)", end.subject),
            text: format!("{}\nThis was not told before:\n{}", end.text, self.text),
            ..end.clone()
        }
    }

    /// The JSON that is sent.
    pub fn to_json(&self) -> Vec<u8> {
        // Strings, numbers and flags always have a form in JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// 128 bits that nobody else has: what comes twice is known by it, across restarts and machines.
fn fresh_id() -> String {
    format!("{:032x}", fastrand::u128(..))
}

/// Printable ASCII for header fields and subjects, the rest as `?`; at most so many characters.
pub(super) fn header_safe(text: &str, most: usize) -> String {
    let visible = |c: char| match c {
        ' '..='~' => c,
        '\n' => ' ',
        _ => '?',
    };
    text.chars().take(most).map(visible).collect()
}
