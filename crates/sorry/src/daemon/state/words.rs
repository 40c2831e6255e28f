//! What visitors are told beside what was typed: the words and times of orders, which the brain knows.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Instant;

use super::super::brain::Outlook;
use super::super::spoken;
use super::super::worker::Shared;
use super::State;
use crate::config::Config;

impl State {
    /// What visitors of a site are told beside what was typed.
    pub(in crate::daemon) fn outlook_of(&self, site: &str) -> Option<&Outlook> {
        self.outlooks.iter().find(|outlook| *outlook.site == *site)
    }

    /// A predecessor that has handed nothing on waits to be relieved: what was typed is said at once, or nobody would answer between the two.
    pub(in crate::daemon) fn begin_with_what_was_typed(&mut self) {
        self.is_told = true;
    }

    /// For a successor.
    pub(in crate::daemon) fn spoken(&self) -> Option<(String, OwnedFd)> {
        self.knows_words()
            .then(|| spoken::passed_on(&self.outlooks))?
    }

    /// Whether it is known what visitors are told: what was typed, or what was ordered beside it.
    pub(in crate::daemon) fn knows_words(&self) -> bool {
        self.is_told || !self.typed.needs_decisions()
    }

    /// Visitors are told something else from now on.
    pub(in crate::daemon) fn take_outlooks(&mut self, outlooks: Vec<Outlook>, shared: &Shared) {
        let is_back = |outlook: &Outlook| {
            let before = self.outlook_of(&outlook.site);
            outlook.is_back && before.is_some_and(|before| !before.is_back)
        };
        if outlooks.iter().any(is_back) {
            self.recovered = Some(Instant::now());
        }
        self.outlooks = outlooks;
        self.is_told = true;
        let config = ordered(&self.typed, &self.outlooks);
        match config == *self.config {
            true => self.publish(shared),
            false => self.render(Arc::new(config), shared),
        }
    }
}

/// What was typed, with what operators have ordered in its place.
pub(super) fn ordered(typed: &Config, outlooks: &[Outlook]) -> Config {
    let mut config = typed.clone();
    for site in &mut config.sites {
        let Some(outlook) = outlooks.iter().find(|outlook| outlook.site == site.name) else {
            continue;
        };
        let until = outlook
            .until
            .and_then(|until| jiff::Timestamp::from_second(i64::try_from(until).ok()?).ok());
        if until.is_none() && outlook.said.is_none() {
            continue;
        }
        let sorry = &mut Arc::make_mut(site).sorry;
        sorry.until = until.or(sorry.until);
        sorry.say = outlook.said.clone().or_else(|| sorry.say.take());
    }
    config
}
