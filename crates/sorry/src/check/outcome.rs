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

#[cfg(test)]
mod tests {
    use sorry_core::health::Verdict;

    use super::*;

    /// The manual's table of reasons names all of them, and says what they count as.
    #[test]
    fn every_reason_is_in_the_manual() {
        let manual = include_str!("../../../../docs/manual/checks.md");
        let row = |reason: Reason| {
            let counts = match reason.verdict() {
                Verdict::Good => "good",
                Verdict::Bad => "bad",
                Verdict::Nothing => "nothing",
            };
            format!("| `{}` | {counts} | ", reason.label())
        };
        for reason in Reason::ALL {
            let row = row(reason);
            let found = manual.lines().filter(|line| line.starts_with(&row));
            assert_eq!(found.count(), 1, "docs/manual/checks.md has no row {row}");
        }
        let rows = manual.lines().filter(|line| line.starts_with("| `"));
        assert_eq!(
            rows.count(),
            Reason::ALL.len(),
            "rows of reasons there are none of"
        );
    }

    #[test]
    fn who_refuses_has_answered() {
        let answered = |reason| {
            Outcome {
                reason,
                ..Outcome::abandoned()
            }
            .answered()
        };
        assert!(answered(Reason::Refused) && answered(Reason::Ok) && answered(Reason::Reset));
        assert!(!answered(Reason::ConnectTimeout) && !answered(Reason::Local));
    }
}
