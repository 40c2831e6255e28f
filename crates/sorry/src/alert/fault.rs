//! Why an attempt to tell somebody did not work, and what follows from it.

use std::time::Duration;

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Fault {
    /// What was tried, and what came of it: a fragment.
    pub what: String,
    /// What follows.
    pub next: Next,
}

/// What follows from a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It will never work with this message.
    Never,
    /// This message later; others meanwhile.
    MessageLater,
    /// Whatever it is, later; not before so long where the receiver has said so.
    AllLater(Option<Duration>),
}

impl Fault {
    /// It will never work.
    pub fn never(what: impl Into<String>) -> Fault {
        Fault {
            what: what.into(),
            next: Next::Never,
        }
    }

    /// The receiver cannot be reached.
    pub fn unreachable(what: impl Into<String>) -> Fault {
        Fault {
            what: what.into(),
            next: Next::AllLater(None),
        }
    }

    /// The receiver was reached, and does not take this now.
    pub fn later(what: impl Into<String>) -> Fault {
        Fault {
            what: what.into(),
            next: Next::MessageLater,
        }
    }

    /// What follows from a status of HTTP (RFC 9110, section 15) that is not 2xx. `said` is the beginning of the body.
    pub(super) fn of_status(status: u16, retry_after: Option<Duration>, said: &str) -> Fault {
        let said = match quoted(said) {
            said if said.is_empty() => String::new(),
            said => format!(": {said}"),
        };
        let what = format!("answered with {status}{said}");
        let next = match status {
            // Too many requests, or none now: whatever it is that is asked for.
            429 | 503 => Next::AllLater(retry_after),
            // A timeout (408) and what is the server's own fault may pass.
            408 | 425 | 500.. => {
                retry_after.map_or(Next::MessageLater, |after| Next::AllLater(Some(after)))
            }
            _ => Next::Never,
        };
        Fault { what, next }
    }
}

/// Another's words, harmless: one line of at most 200 printable ASCII characters, in quotation marks.
pub(super) fn quoted(said: &str) -> String {
    let said = super::message::header_safe(said.trim(), 200);
    match said.is_empty() {
        true => said,
        false => format!("{said:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_what_follows() {
        let minute = Some(Duration::from_secs(60));
        for (status, retry_after, next) in [
            (301, None, Next::Never),
            (400, None, Next::Never),
            (401, minute, Next::Never),
            (404, None, Next::Never),
            (408, None, Next::MessageLater),
            (410, None, Next::Never),
            (429, None, Next::AllLater(None)),
            (429, minute, Next::AllLater(minute)),
            (500, None, Next::MessageLater),
            (502, minute, Next::AllLater(minute)),
            (503, None, Next::AllLater(None)),
        ] {
            assert_eq!(
                Fault::of_status(status, retry_after, "").next,
                next,
                "{status}"
            );
        }
    }

    #[test]
    fn what_others_say_is_harmless() {
        let fault = Fault::of_status(400, None, " no\r\n\u{1b}[31m\"text\" \u{e9}\n");
        assert_eq!(fault.what, r#"answered with 400: "no? ?[31m\"text\" ?""#);
        assert_eq!(quoted(&"x".repeat(500)).len(), 202);
        assert_eq!(quoted(" \n"), "");
    }
}
