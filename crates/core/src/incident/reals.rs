//! Single real servers: for the history, and for those who want to hear of each.

use std::time::Duration;

use super::open::Key;
use super::{Audience, Incidents, Kind, News, Phase, Step, Telling, What, only_observes};
use crate::event::{Drained, RealId, Setup, SiteSetup};
use crate::health::{Reason, State};
use crate::moment::Wall;

/// Returns in short order that did not last, after which a real server flaps.
const FLAPS: u32 = 2;

/// The end of the last incident of a real server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lately {
    ended: Wall,
    /// How many there were, each shortly after the other.
    times: u32,
}

impl Incidents {
    pub(super) fn real(
        &mut self,
        real: RealId,
        (state, reason): (State, Reason),
        drained: Drained,
        setup: &Setup,
        now: Wall,
    ) {
        let Some((site, real)) = real_of(setup, real) else {
            return;
        };
        match state {
            State::Unknown => {}
            State::Down => self.real_down(site, real, (reason, drained), now),
            State::Up => self.real_up(site, real, now),
        }
    }

    pub(super) fn real_down(
        &mut self,
        site: &SiteSetup,
        real: &str,
        (reason, drained): (Reason, Drained),
        now: Wall,
    ) {
        self.add_to_site(site, real, &What::RealDown(reason), now);
        let key = Key::about(Kind::Real, &site.name, real);
        // Whoever has drained it is at work on it.
        let planned = self.is_planned(&site.name) || drained == Drained::Yes;
        // In doubt they all seem to be down, and one alert says so.
        let quiet = planned || self.open.contains_key(&Key::doubt());
        if let Some(open) = self.open.get(&key) {
            // It went down while that was nobody's business, and now it is.
            let is_news = open.planned && !open.fired && !quiet;
            if open.flapping.is_some() {
                self.tell(&key, News::silent(Step::Goes, What::FellAgain), now);
            } else if is_news {
                let what = What::RealDown(reason);
                let news = News::new(Step::Goes, Phase::Firing, Audience::OfReals, what);
                self.tell(&key, news, now);
            }
            return;
        }
        let times = self.times_before(&key, site.damping.steady_after, now);
        if times == 0 {
            self.lately.remove(&key);
        }
        let what = What::RealDown(reason);
        let news = match quiet {
            true => News::silent(Step::Begins, what),
            false => News::new(Step::Begins, Phase::Firing, Audience::OfReals, what),
        };
        let telling = Telling {
            planned,
            ..self.telling(key.clone(), news, only_observes(site), now)
        };
        self.emit(telling);
        if times >= FLAPS && !quiet {
            self.flaps_now(&key, times, now);
        }
    }

    fn real_up(&mut self, site: &SiteSetup, real: &str, now: Wall) {
        let key = Key::about(Kind::Real, &site.name, real);
        let Some(open) = self.open.get(&key) else {
            return;
        };
        match open.flapping {
            Some(_) => self.tell(&key, News::silent(Step::Goes, What::Returned), now),
            None => self.end(&key, What::RealUp, now),
        }
        self.add_to_site(site, real, &What::RealUp, now);
    }

    /// What is open of its site is told in the history with what its real servers did meanwhile.
    fn add_to_site(&mut self, site: &SiteSetup, real: &str, what: &What, now: Wall) {
        for kind in [Kind::Outage, Kind::Maintenance, Kind::ForcedLive] {
            let key = Key::of_site(kind, &site.name);
            let news = News::silent(Step::Goes, what.clone()).of(real);
            self.tell(&key, news, now);
        }
    }

    fn is_planned(&self, site: &str) -> bool {
        self.open
            .contains_key(&Key::of_site(Kind::Maintenance, site))
    }

    fn times_before(&self, key: &Key, steady_after: Duration, now: Wall) -> u32 {
        let lately = self.lately.get(key);
        let recent = lately.filter(|lately| now.since(lately.ended) < steady_after);
        recent.map_or(0, |lately| lately.times)
    }

    /// A return may be one that does not last. A new process begins to count anew.
    pub(super) fn ended_lately(&mut self, telling: &Telling) {
        if telling.kind != Kind::Real || telling.step != Step::Ends {
            return;
        }
        let ended = telling.at;
        let known = self.lately.entry(telling.belongs_to());
        let known = known.or_insert(Lately { ended, times: 0 });
        known.ended = ended;
        known.times = known.times.saturating_add(1);
    }

    /// What has been steady is no longer remembered.
    pub(super) fn forget_lately(&mut self, setup: &Setup, now: Wall) {
        self.lately.retain(|key, lately| {
            let site = setup.sites.iter();
            let mut site = site.filter(|site| Some(&site.name) == key.site.as_ref());
            site.any(|site| now.since(lately.ended) < site.damping.steady_after)
        });
    }
}

/// A real server's site and its name.
pub(super) fn real_of(setup: &Setup, real: RealId) -> Option<(&SiteSetup, &str)> {
    let mut place = real.0 as usize;
    for site in &setup.sites {
        match site.reals.get(place) {
            Some(real) => return Some((site, &real.name)),
            None => place -= site.reals.len(),
        }
    }
    None
}
