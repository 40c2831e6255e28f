//! An incident that goes on: what must be known of it to tell the rest right. It is made and changed by tellings alone, so whoever
//! reads them again after a restart knows the same.

use super::telling::{Audience, Kind, Phase, Step, Telling, What};
use crate::health::Reason;
use crate::moment::Wall;
use crate::order::BY_WINDOW;

/// Names of real servers that a maintenance remembers; more are only counted.
const REALS_MOST: usize = 256;

/// Which incident: of these there is one at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) site: Option<Box<str>>,
    pub(super) kind: Kind,
    /// The real server or switch.
    pub(super) about: Option<Box<str>>,
}

impl Key {
    pub(super) fn of_site(kind: Kind, site: &str) -> Key {
        Key {
            site: Some(site.into()),
            kind,
            about: None,
        }
    }

    pub(super) fn about(kind: Kind, site: &str, about: &str) -> Key {
        Key {
            about: Some(about.into()),
            ..Key::of_site(kind, site)
        }
    }

    pub(super) fn doubt() -> Key {
        Key {
            site: None,
            kind: Kind::Doubt,
            about: None,
        }
    }
}

/// Back and forth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flapping {
    /// Returns that did not last.
    pub(super) times: u32,
    /// Since when it has been up.
    pub(super) up_since: Option<Wall>,
}

/// See the file's header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) id: u64,
    pub(super) began: Wall,
    pub(super) by: Option<Box<str>>,
    pub(super) ordered_for: Option<Box<str>>,
    pub(super) planned: bool,
    pub(super) observed: bool,
    /// Those who are told know of it.
    pub(super) fired: bool,
    pub(super) flapping: Option<Flapping>,
    /// Of an order.
    pub(super) until: Option<Wall>,
    pub(super) returns: bool,
    /// Real servers that were down in the course of an order: some by name, the rest by number.
    pub(super) reals_down: Vec<Box<str>>,
    pub(super) more_reals: u32,
    /// When it was last told.
    pub(super) told: Wall,
    /// Of a switch: it fails, and has so often; and what it waits for.
    pub(super) failures: u32,
    pub(super) awaits: bool,
    /// Of a real server: why it is down.
    pub(super) reason: Option<Reason>,
}

impl Open {
    pub(super) fn of(telling: &Telling) -> Open {
        let mut open = Open {
            id: telling.incident,
            began: telling.began,
            by: telling.by.clone(),
            ordered_for: telling.reason.clone(),
            planned: telling.planned,
            observed: telling.observed,
            fired: false,
            flapping: None,
            until: None,
            returns: false,
            reals_down: Vec::new(),
            more_reals: 0,
            told: telling.at,
            failures: 0,
            awaits: false,
            reason: None,
        };
        open.take(telling);
        open
    }

    /// A window gave the order, nobody by hand.
    pub(super) fn of_window(&self) -> bool {
        let by = self.by.as_deref();
        by.is_some_and(|by| by.starts_with(BY_WINDOW))
    }

    /// Draws the consequences of what was told.
    pub(super) fn take(&mut self, telling: &Telling) {
        if telling.audience != Audience::Nobody {
            self.told = telling.at;
            match telling.phase {
                Phase::Firing => self.fired = true,
                Phase::Resolved => self.fired = false,
                Phase::Update | Phase::Note => {}
            }
        }
        match &telling.what {
            What::Flaps(times, reason) => {
                self.reason = reason.or(self.reason);
                self.flapping = Some(Flapping {
                    times: *times,
                    up_since: None,
                });
            }
            What::Returned => self.flaps(|flapping| flapping.up_since = Some(telling.at)),
            What::FellAgain => self.flaps(|flapping| {
                flapping.up_since = None;
                flapping.times = flapping.times.saturating_add(1);
            }),
            What::Ordered { until, returns } | What::Changed { until, returns } => {
                (self.until, self.returns) = (*until, *returns);
                self.by = telling.by.clone();
                self.ordered_for = telling.reason.clone();
            }
            What::RealDown(reason) if telling.kind == Kind::Real => self.reason = Some(*reason),
            What::RealDown(_) if telling.kind.is_order() => self.was_down(telling.which.as_deref()),
            What::SwitchFailed(times) if telling.kind == Kind::Switch => self.failures = *times,
            What::SwitchWorks => self.failures = 0,
            What::Awaits(_) => self.awaits = true,
            What::Moves => self.awaits = false,
            _ => {}
        }
    }

    fn flaps(&mut self, change: impl FnOnce(&mut Flapping)) {
        if let Some(flapping) = &mut self.flapping {
            change(flapping);
        }
    }

    fn was_down(&mut self, real: Option<&str>) {
        let Some(real) = real else { return };
        if self.reals_down.iter().any(|known| **known == *real) {
            return;
        }
        if self.reals_down.len() < REALS_MOST {
            self.reals_down.push(real.into());
        } else {
            self.more_reals = self.more_reals.saturating_add(1);
        }
    }

    /// How many real servers were down in the course of an order.
    pub(super) fn count_reals_down(&self) -> u32 {
        let named = u32::try_from(self.reals_down.len()).unwrap_or(u32::MAX);
        named.saturating_add(self.more_reals)
    }
}

impl Telling {
    /// Which of the open incidents it belongs to.
    pub(super) fn belongs_to(&self) -> Key {
        Key {
            site: self.site.clone(),
            kind: self.kind,
            about: match self.kind {
                Kind::Switch | Kind::Real | Kind::Certificate => self.about.clone(),
                _ => None,
            },
        }
    }

    /// Whether it is part of an incident at all.
    pub(super) fn is_aside(&self) -> bool {
        self.step == Step::Aside
    }
}
