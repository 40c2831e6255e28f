//! One real server as the engine keeps it: its checks, what they come to, and what is decided from.

use crate::event::{CheckSetup, Drained, Pace, RealSetup};
use crate::health::{Health, Reason, State, Thresholds};
use crate::moment::Wall;

/// See the file's header.
#[derive(Debug)]
pub(super) struct Real {
    pub(super) setup: RealSetup,
    /// The place of its site.
    pub(super) site: u32,
    /// Most real servers have one check, which is at hand; the others are a step away.
    first: Checked,
    more: Box<[Checked]>,
    /// What its checks come to.
    pub(super) state: State,
    /// Since when; nobody knows before its state has changed.
    pub(super) since: Option<Wall>,
    /// What decisions are made from: the state, but for what is doubted.
    pub(super) believed: State,
    /// Its weight, as configured or as a check says.
    pub(super) weight: u32,
    /// What decisions are made from: the weight, but for what is doubted.
    pub(super) believed_weight: u32,
    pub(super) drained: Drained,
    pub(super) pace: Pace,
}

/// One check, with what its results change.
#[derive(Debug, Clone, Copy)]
struct Checked {
    health: Health,
    thresholds: Thresholds,
}

impl Real {
    pub(super) fn new(setup: RealSetup, site: u32) -> Real {
        let first = match setup.checks.is_empty() {
            true => State::Up,
            false => setup.first,
        };
        let mut real = Real {
            site,
            first: Checked {
                health: Health::starting(first),
                thresholds: Thresholds::ONE,
            },
            more: Box::default(),
            state: first,
            since: None,
            believed: first,
            weight: setup.weight,
            believed_weight: setup.weight,
            drained: Drained::No,
            pace: Pace::Normal,
            setup,
        };
        real.put_checks(|_| Health::starting(first));
        real
    }

    /// The same real server under another setup. What is known of a check that stays is kept; a new one has to be good
    /// before anything depends on it, so it begins with what is believed of the whole.
    pub(super) fn reconfigured(self, setup: RealSetup, site: u32) -> Real {
        let known: Vec<(Box<str>, Health)> = self
            .setup
            .checks
            .iter()
            .map(|check| check.name.clone())
            .zip(self.healths().copied())
            .collect();
        let state = self.state;
        let health = |check: &CheckSetup| {
            let same = known.iter().find(|(name, _)| *name == check.name);
            same.map_or(Health::starting(state), |(_, health)| *health)
        };
        let (weight, believed_weight) = match self.setup.weight == setup.weight {
            true => (self.weight, self.believed_weight),
            false => (setup.weight, setup.weight),
        };
        let mut real = Real {
            setup,
            site,
            weight,
            believed_weight,
            ..self
        };
        real.put_checks(health);
        if real.setup.checks.is_empty() {
            real.first.health = Health::starting(State::Up);
        }
        let state = real.judged();
        if state != real.state {
            (real.state, real.since) = (state, None);
        }
        real
    }

    fn put_checks(&mut self, health: impl Fn(&CheckSetup) -> Health) {
        let checked = |check: &CheckSetup| Checked {
            health: health(check),
            thresholds: check.thresholds,
        };
        let mut checks = self.setup.checks.iter().map(checked);
        if let Some(first) = checks.next() {
            self.first = first;
        }
        self.more = checks.collect();
    }

    /// What the journal remembers of it.
    pub(super) fn remember(&mut self, state: State, since: Option<Wall>) {
        if self.setup.checks.is_empty() {
            return;
        }
        self.first.health = Health::starting(state);
        for check in &mut self.more {
            check.health = Health::starting(state);
        }
        self.state = state;
        self.since = since;
        self.believed = state;
    }

    /// Whether something else is decided from than what is seen.
    pub(super) fn is_doubted(&self) -> bool {
        self.believed != self.state || self.believed_weight != self.weight
    }

    /// Takes a result of one of its checks. Says whether its state changed.
    pub(super) fn take(&mut self, check: u8, reason: Reason) -> Option<State> {
        let checked = match usize::from(check).checked_sub(1) {
            None => Some(&mut self.first),
            Some(further) => self.more.get_mut(further),
        };
        let Checked { health, thresholds } = checked?;
        health.take(reason, thresholds)?;
        let state = self.judged();
        (state != self.state).then(|| {
            self.state = state;
            state
        })
    }

    /// All checks must be good; one that is not takes it down.
    fn judged(&self) -> State {
        let mut state = State::Up;
        for health in self.healths() {
            state = match (state, health.state()) {
                (State::Down, _) | (_, State::Down) => State::Down,
                (State::Unknown, _) | (_, State::Unknown) => State::Unknown,
                (State::Up, State::Up) => State::Up,
            };
        }
        state
    }

    /// Whether the next results decide something.
    pub(super) fn is_suspect(&self) -> bool {
        self.first.health.is_suspect() || self.more.iter().any(|check| check.health.is_suspect())
    }

    /// What is known by each check, in their order; one entry where there is none.
    pub(super) fn healths(&self) -> impl Iterator<Item = &Health> {
        std::iter::once(&self.first.health).chain(self.more.iter().map(|check| &check.health))
    }

    /// Why it is what it is: the last result of a check that is down, else of the first.
    pub(super) fn last(&self) -> Reason {
        let down = self.healths().find(|health| health.state() == State::Down);
        down.unwrap_or(&self.first.health).last()
    }
}
