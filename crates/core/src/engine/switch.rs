//! What the engine knows of a switch: what it was told, and what it has confirmed. What the component behind it really does
//! is the switch's own business; a failed one never changes a belief.

use std::time::Duration;

use crate::event::{Outcome, SwitchSetup, Wanted};
use crate::moment::Tick;
use crate::site::Route;

/// See the file's header.
#[derive(Debug)]
pub(super) struct Switch {
    pub(super) setup: SwitchSetup,
    /// The newest generation that it was told.
    pub(super) told: u64,
    /// What that was; told again word for word until it is confirmed.
    pub(super) wanted: Option<Wanted>,
    /// Where it would send visitors by now, if it only observes.
    pub(super) observed: Option<Route>,
    /// The newest that it has confirmed.
    pub(super) applied: u64,
    /// Failures in a row.
    pub(super) failures: u32,
    /// What waits for an operator, or for somebody to be sure: where to, and the generation with which it was asked.
    pub(super) waiting: Option<(Route, u64)>,
    pub(super) retry: Option<Tick>,
}

/// What follows from what a switch has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    /// Nothing new.
    Nothing,
    /// It has failed so many times in a row.
    Failed(u32),
    /// It works again.
    Recovered,
}

/// How long an answer is waited for, and the least time between tries.
const PATIENCE: Duration = Duration::from_secs(1);

/// The longest time between tries.
const PATIENCE_MOST: Duration = Duration::from_secs(60);

impl Switch {
    pub(super) fn new(setup: SwitchSetup) -> Switch {
        Switch {
            setup,
            told: 0,
            wanted: None,
            observed: None,
            applied: 0,
            failures: 0,
            waiting: None,
            retry: None,
        }
    }

    /// When it is told again unless it answers.
    pub(super) fn retry(&self) -> Option<Tick> {
        self.retry
    }

    pub(super) fn is_due(&self, now: Tick) -> bool {
        self.retry.is_some_and(|retry| retry <= now)
    }

    /// Where it was told to send visitors.
    pub(super) fn route(&self) -> Option<Route> {
        self.wanted.as_ref().map(|wanted| wanted.route)
    }

    /// It is told.
    pub(super) fn tell(&mut self, generation: u64, wanted: Wanted, now: Tick) {
        self.told = generation;
        self.wanted = Some(wanted);
        self.waiting = None;
        self.retry = Some(now.after(self.patience()));
    }

    /// It is told again: the number and what stands behind it.
    pub(super) fn tell_again(&mut self, now: Tick) -> Option<(u64, Wanted)> {
        self.retry = Some(now.after(self.patience()));
        self.wanted.clone().map(|wanted| (self.told, wanted))
    }

    /// It has answered.
    pub(super) fn answered(&mut self, generation: u64, outcome: Outcome, now: Tick) -> Answered {
        if generation != self.told {
            // A late answer. If something was done, it may have undone what came after it, which is told again.
            if outcome == Outcome::Done && generation < self.told {
                self.applied = self.applied.min(generation);
                self.retry = Some(now);
            }
            return Answered::Nothing;
        }
        match outcome {
            Outcome::Done => {
                let recovered = self.failures > 0;
                self.failures = 0;
                self.applied = generation;
                self.retry = None;
                if recovered {
                    Answered::Recovered
                } else {
                    Answered::Nothing
                }
            }
            Outcome::Failed => {
                self.failures = self.failures.saturating_add(1);
                self.applied = 0;
                self.retry = Some(now.after(self.patience()));
                Answered::Failed(self.failures)
            }
        }
    }

    fn patience(&self) -> Duration {
        let doubled = 1u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        PATIENCE.saturating_mul(doubled).min(PATIENCE_MOST)
    }
}
