//! Sites that go down and come back by their health, and back and forth.

use super::open::Key;
use super::{DownReal, Incidents, Kind, News, Phase, Step, What, only_observes, site_of};
use crate::event::{Setup, SiteId, SiteSetup, Why};
use crate::moment::Wall;
use crate::quorum::Weights;
use crate::site::Route;

/// Real servers that are named in a telling.
const NAMED: usize = 8;

impl Incidents {
    pub(super) fn turned(
        &mut self,
        site: SiteId,
        to: Route,
        why: Why,
        weights: Weights,
        setup: &Setup,
        now: Wall,
    ) {
        let Some(site) = site_of(setup, site) else {
            return;
        };
        match to {
            // An order is told by its own record.
            Route::Sorry if why.is_order() => {}
            Route::Sorry => {
                let reals = self.down_reals(&site.name);
                self.fell(site, What::Down(weights, reals), now);
            }
            Route::Live => self.rose(&site.name, why, now),
        }
    }

    fn fell(&mut self, site: &SiteSetup, what: What, now: Wall) {
        let key = Key::of_site(Kind::Outage, &site.name);
        match self.open.get(&key) {
            None => self.begin_or_go(key, only_observes(site), what, now),
            Some(open) if open.flapping.is_some() => {
                self.tell(&key, News::silent(Step::Goes, What::FellAgain), now);
            }
            Some(_) => self.tell(&key, News::silent(Step::Goes, what), now),
        }
    }

    fn rose(&mut self, site: &str, why: Why, now: Wall) {
        let key = Key::of_site(Kind::Outage, site);
        let Some(open) = self.open.get(&key) else {
            return;
        };
        if why.is_order() {
            self.end(&key, What::UpByOrder, now);
        } else if open.flapping.is_some() {
            self.tell(&key, News::silent(Step::Goes, What::Returned), now);
        } else {
            self.end(&key, What::Up, now);
        }
    }

    /// An order is over, and the outage is not: whoever was told nothing of it while it was planned is told now.
    pub(super) fn stays_down(&mut self, site: SiteId, setup: &Setup, now: Wall) {
        let Some(site) = site_of(setup, site) else {
            return;
        };
        let what = What::StaysDown(self.down_reals(&site.name));
        let key = Key::of_site(Kind::Outage, &site.name);
        self.begin_or_go(key, only_observes(site), what, now);
    }

    /// The site has gone back and forth so often that it is told once, in the place of what was just told, and then quiet.
    pub(super) fn flaps(&mut self, site: SiteId, times: u32, setup: &Setup, now: Wall) {
        let Some(site) = site_of(setup, site) else {
            return;
        };
        self.flaps_now(&Key::of_site(Kind::Outage, &site.name), times, now);
    }

    pub(super) fn flaps_now(&mut self, key: &Key, times: u32, now: Wall) {
        let Some(open) = self.open.get(key).filter(|open| open.flapping.is_none()) else {
            return;
        };
        let what = What::Flaps(times, open.reason);
        let Some(telling) = self.just_told(key, Phase::Firing) else {
            return self.tell(key, News::told(Step::Goes, what), now);
        };
        telling.what = what;
        let telling = telling.clone();
        if let Some(open) = self.open.get_mut(key) {
            open.take(&telling);
        }
    }

    /// Incidents that flap and are up, and when that will have lasted.
    pub(super) fn steady(&self, setup: &Setup) -> Vec<(Key, Wall)> {
        let flapping = self.open.iter().filter_map(|(key, open)| {
            let up_since = open.flapping?.up_since?;
            let site = setup
                .sites
                .iter()
                .find(|site| Some(&site.name) == key.site.as_ref())?;
            Some((key.clone(), up_since.after(site.damping.steady_after)))
        });
        flapping.collect()
    }

    pub(super) fn end_flapping(&mut self, key: &Key, now: Wall) {
        let times = self.open.get(key).and_then(|open| open.flapping);
        let times = times.map_or(0, |flapping| flapping.times);
        self.end(key, What::Steady(times), now);
    }

    /// The first few real servers of a site that are known to be down, and why.
    pub(super) fn down_reals(&self, site: &str) -> Box<[DownReal]> {
        let of_site = self
            .open
            .iter()
            .filter(|(key, _)| key.kind == Kind::Real && key.site.as_deref() == Some(site));
        let named = of_site.filter_map(|(key, open)| Some((key.about.clone()?, open.reason?)));
        named.take(NAMED).collect()
    }
}
