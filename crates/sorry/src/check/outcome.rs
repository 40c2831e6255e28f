//! What a probe has found out.

use std::time::{Duration, SystemTime};

use sorry_core::health::Reason;

use super::remote::Remote;

/// The end of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Why it ended so.
    pub reason: Reason,
    /// The same in words.
    pub detail: Remote,
    /// How long it took.
    pub took: Duration,
    /// The weight that a program gave the real server.
    pub weight: Option<u16>,
    /// When the server's certificate ends, where one was seen.
    pub expires: Option<SystemTime>,
}

impl Outcome {
    /// A probe that came to no end of its own.
    pub(super) fn abandoned() -> Outcome {
        Outcome {
            reason: Reason::Local,
            detail: Remote::ours("the probe was abandoned"),
            took: Duration::ZERO,
            weight: None,
            expires: None,
        }
    }

    /// Whether anybody answered at all. For a reference that is what counts: one that refuses shows that the network works.
    pub fn answered(&self) -> bool {
        matches!(self.reason, Reason::Ok | Reason::Refused | Reason::Reset)
    }
}
