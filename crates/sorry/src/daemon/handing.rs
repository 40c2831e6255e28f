//! The old process's side of a take-over as a state: whether somebody may ask for the sockets now, and what becomes of them
//! and their files when it is settled who goes on.
//!
//! Decides only. `takeover` moves the sockets, `control` does what is decided here.

/// Where the take-over stands, and whether this process is ending anyway.
#[derive(Debug, Default)]
pub(super) struct Handing {
    phase: Phase,
    stage: Stage,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
enum Phase {
    #[default]
    Idle,
    /// Somebody has copies of the sockets and has not confirmed: who, in words.
    UnderWay(String),
    Taken,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Stage {
    #[default]
    Serving,
    Ending,
}

/// How a take-over has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Confirmed,
    Failed,
}

/// What this process does about that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It serves as if nothing had been.
    GoOn,
    /// It leaves; sockets and files are the successor's.
    Leave,
    /// It is leaving already; sockets and files are the successor's.
    LeaveFiles,
    /// It is leaving already, and nobody follows: its files are its own to remove.
    RemoveFiles,
}

/// Whose the sockets' files are when this process is told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Files {
    Ours,
    /// A successor may still confirm.
    Undecided,
}

impl Handing {
    /// Somebody asks for the sockets; an error says, in words for them, why they get none. Two processes with the same
    /// sockets would both answer for ever.
    pub(super) fn begin(&mut self, who: &str) -> Result<(), String> {
        match (&self.phase, self.stage) {
            (Phase::Idle, Stage::Serving) => {
                self.phase = Phase::UnderWay(who.to_owned());
                Ok(())
            }
            (Phase::UnderWay(other), _) => Err(format!(
                "another take-over is under way, by {other}; wait until it has ended"
            )),
            (Phase::Taken, _) => {
                Err("another process has taken over already; ask that one".to_owned())
            }
            (Phase::Idle, Stage::Ending) => Err(
                "this process is ending; start the new one without --takeover when it has"
                    .to_owned(),
            ),
        }
    }

    /// Whether somebody has copies of the sockets and has not confirmed.
    pub(super) fn is_under_way(&self) -> bool {
        matches!(self.phase, Phase::UnderWay(_))
    }

    /// Whether anybody has copies of the sockets, confirmed or not.
    pub(super) fn is_begun(&self) -> bool {
        self.phase != Phase::Idle
    }

    /// It is settled.
    pub(super) fn settle(&mut self, outcome: Outcome) -> Next {
        self.phase = match outcome {
            Outcome::Confirmed => Phase::Taken,
            Outcome::Failed => Phase::Idle,
        };
        match (outcome, self.stage) {
            (Outcome::Confirmed, Stage::Serving) => Next::Leave,
            (Outcome::Confirmed, Stage::Ending) => Next::LeaveFiles,
            (Outcome::Failed, Stage::Serving) => Next::GoOn,
            (Outcome::Failed, Stage::Ending) => Next::RemoveFiles,
        }
    }

    /// This process is told to end.
    pub(super) fn end(&mut self) -> Files {
        self.stage = Stage::Ending;
        match self.phase {
            Phase::Idle => Files::Ours,
            Phase::UnderWay(_) | Phase::Taken => Files::Undecided,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy)]
    enum Event {
        /// And whether it is let in.
        Begin(bool),
        Settle(Outcome, Next),
        End(Files),
    }

    #[test]
    fn every_order_of_events_has_one_heir() {
        use Event::{Begin, End, Settle};
        use Outcome::{Confirmed, Failed};
        for events in [
            &[Begin(true), Settle(Confirmed, Next::Leave), Begin(false)][..],
            // Two at once: the second one is refused, and may ask again when the first has failed.
            &[
                Begin(true),
                Begin(false),
                Settle(Failed, Next::GoOn),
                Begin(true),
            ],
            &[Begin(true), Begin(false), Settle(Confirmed, Next::Leave)],
            // Told to end meanwhile: it does not go on, whatever the successor does.
            &[
                Begin(true),
                End(Files::Undecided),
                Settle(Confirmed, Next::LeaveFiles),
            ],
            &[
                Begin(true),
                End(Files::Undecided),
                Settle(Failed, Next::RemoveFiles),
                Begin(false),
            ],
            &[Begin(true), End(Files::Undecided), Begin(false)],
            &[End(Files::Ours), Begin(false)],
            &[Begin(true), Settle(Failed, Next::GoOn), End(Files::Ours)],
        ] {
            let mut handing = Handing::default();
            for event in events {
                match *event {
                    Begin(expected) => {
                        assert_eq!(handing.begin("x").is_ok(), expected, "{events:?}");
                    }
                    Settle(outcome, expected) => {
                        assert!(handing.is_under_way(), "{events:?}");
                        assert_eq!(handing.settle(outcome), expected, "{events:?}");
                    }
                    End(expected) => assert_eq!(handing.end(), expected, "{events:?}"),
                }
            }
        }
    }
}
