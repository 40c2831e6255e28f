//! What the daemon hears of its operators: [`Command`]s, each with a place for its reply, and [`Fault`]s in their place.
//!
//! Over HTTP a fault is `{"kind":..,"message":..}`. The lines of JSON that a take-over speaks are here too: a request such as
//! `{"do":"ping"}` is answered with `{"ok":{..}}` or `{"error":{"kind":..,"message":..}}`.

use std::io;
use std::io::Write as _;
use std::os::unix::net::UnixStream;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::audit::{Noting, Outcome};
use super::history::History;
use super::moment::Moment;
use super::order::{Done, Order};
use super::role::Caller;
use super::standing::{Explanation, Standing};
use super::status::Status;

/// What a client may ask for in lines; everything else is asked over HTTP. Words and fields that nobody knows are refused, not skipped: a request with a mistake in
/// it must not do something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Is somebody there? Answered with a [`Pong`].
    Ping {},
    /// Hand the listening sockets over to the caller and leave. Answered with a [`Pong`]; what follows on the
    /// connection is the hand-over's own protocol.
    Takeover {
        /// The version of the program that takes over.
        from_version: String,
    },
}

/// Who is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pong {
    /// The daemon's version.
    pub version: String,
    /// Its process number.
    pub pid: u32,
}

impl Pong {
    /// This process.
    pub fn ours() -> Pong {
        Pong {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
        }
    }
}

/// What a client is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// It was done; this is the result.
    Ok(serde_json::Value),
    /// It was not.
    Error(Fault),
}

/// Why a request was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// For programs.
    pub kind: FaultKind,
    /// For people: what was tried, and how to mend it.
    pub message: String,
}

/// The kinds of [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// It is no request, or asks for what can never be.
    Malformed,
    /// It is longer than the limit; the connection ends.
    TooLong,
    /// Nobody knows the caller: no token, or one that is not in the file.
    Unidentified,
    /// The caller has no role here, or one that does not go so far.
    Refused,
    /// What is asked for is there, and is asked for with another method.
    Method,
    /// Too many wrong tokens from the caller's address; to be tried again in a minute.
    TooMany,
    /// Too many connections; this one ends.
    Busy,
    /// Something took longer than its limit.
    Timeout,
    /// The daemon is stopping.
    Stopping,
    /// There is no such site, real server, window or switch.
    Unknown,
    /// What is asked for cannot be, as things are.
    Impossible,
    /// The daemon tried and could not.
    Failed,
}

impl Fault {
    /// A fault with its words.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Fault {
        Fault {
            kind,
            message: message.into(),
        }
    }
}

impl Reply {
    /// A result. What cannot be said in JSON becomes a fault of ours.
    pub fn ok(result: &impl Serialize) -> Reply {
        match serde_json::to_value(result) {
            Ok(value) => Reply::Ok(value),
            Err(error) => Reply::error(
                FaultKind::Failed,
                format!("cannot write the result as JSON: {error}"),
            ),
        }
    }

    /// A refusal.
    pub fn error(kind: FaultKind, message: impl Into<String>) -> Reply {
        Reply::Error(Fault::new(kind, message))
    }

    /// The line that goes over the wire, with its end.
    pub fn to_line(&self) -> Vec<u8> {
        line_of(self)
    }
}

impl Request {
    /// The line that goes over the wire, with its end.
    pub fn to_line(&self) -> Vec<u8> {
        line_of(self)
    }
}

/// JSON never has a line break of its own: serde_json escapes them in texts.
fn line_of(message: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    line.push(b'\n');
    line
}

/// How a reload ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReloadOutcome {
    /// The new configuration is in force.
    Applied,
    /// Everything is as it was: nothing had changed.
    Unchanged,
    /// The new one has mistakes, and the old one stays in force.
    Refused,
}

/// What came of a reload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReloadReport {
    /// How it ended.
    pub outcome: ReloadOutcome,
    /// When.
    pub at: Moment,
    /// The generation of the configuration that is in force now.
    pub generation: u64,
    /// What is different now, a line each.
    pub changes: Vec<String>,
    /// What is configured in another way than the process was started with, and waits for a restart, a line each.
    #[serde(default)]
    pub pending: Vec<String>,
    /// Why it was refused: each as `sorry check-config --json` has it.
    pub mistakes: Vec<serde_json::Value>,
    /// The same as it is shown to people: lines with places and underlines.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub shown: String,
    /// What works and is worth a second look.
    pub warnings: Vec<String>,
}

/// What the daemon is asked to do. Whoever drops a place for a reply says that it is stopping.
#[derive(Debug)]
pub enum Command {
    /// Say how things are.
    Status(oneshot::Sender<Status>),
    /// Read everything again.
    Reload {
        /// Who asked: `uid 0`, or the name of a token.
        by: String,
        /// Where the report goes.
        reply: oneshot::Sender<ReloadReport>,
    },
    /// Hand over.
    Takeover(Takeover),
    /// Say how all sites and real servers stand.
    Standing(oneshot::Sender<Standing>),
    /// Say why a site is where it is; a fault where there is no such site.
    Explain {
        /// Its name.
        site: String,
        /// Where it goes.
        reply: oneshot::Sender<Result<Explanation, Fault>>,
    },
    /// Say what has happened.
    History(oneshot::Sender<History>),
    /// Something is ordered of a site.
    Order(Ordered),
    /// Send a test alert to a receiver.
    TestAlert {
        /// Its name.
        receiver: String,
        /// What came of it, in words.
        reply: oneshot::Sender<Result<String, Fault>>,
    },
}

/// An order with whoever gave it.
#[derive(Debug)]
pub struct Ordered {
    /// The site's name.
    pub site: String,
    /// What is ordered.
    pub order: Order,
    /// Who gave it: `uid 0`, or the name of a token.
    pub by: String,
    /// Why, in the words of whoever gave it.
    pub reason: Option<String>,
    /// What came of it.
    pub reply: oneshot::Sender<Result<Done, Fault>>,
}

/// A checked request for the listening sockets, with the connection that they are to be sent over.
#[derive(Debug)]
pub struct Takeover {
    /// Who asked.
    pub caller: Caller,
    /// The version of the program that takes over.
    pub from_version: String,
    stream: UnixStream,
    noting: Noting,
}

impl Takeover {
    /// `stream` is non-blocking; the request has been read from it and nothing else.
    pub(super) fn new(
        caller: Caller,
        from_version: String,
        stream: UnixStream,
        noting: Noting,
    ) -> Takeover {
        Takeover {
            caller,
            from_version,
            stream,
            noting,
        }
    }

    /// Says yes, and gives the connection away. It is non-blocking, nothing unread is on it, and the client waits for
    /// what follows the line.
    pub fn accept(mut self) -> io::Result<UnixStream> {
        let line = Reply::ok(&Pong::ours()).to_line();
        // A fresh connection has room for a line; if it has not, the other end is not worth waiting for.
        self.stream.write_all(&line)?;
        self.noting
            .note(Outcome::Done, "the sockets are handed over");
        Ok(self.stream)
    }

    /// Says no and why.
    pub fn refuse(mut self, message: impl Into<String>) {
        let message = message.into();
        self.noting.note(Outcome::Failed, &message);
        let line = Reply::error(FaultKind::Failed, message).to_line();
        let _gone_is_fine = self.stream.write_all(&line);
    }
}
