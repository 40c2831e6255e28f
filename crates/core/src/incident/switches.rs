//! Switches that fail, wait for somebody, or only observe. Their trouble is told as part of what is open of the site and was told;
//! where nothing is, it is an incident of its own.

use super::open::Key;
use super::{
    Audience, Awaited, Incidents, Kind, News, Phase, Step, Telling, What, only_observes, site_of,
};
use crate::event::{Setup, SiteSetup, SwitchId};
use crate::moment::Wall;
use crate::site::Route;

const OF_SITE: [Kind; 3] = [Kind::Outage, Kind::Maintenance, Kind::ForcedLive];

impl Incidents {
    pub(super) fn failed(&mut self, id: SwitchId, times: u32, setup: &Setup, now: Wall) {
        let Some((site, switch)) = switch_of(setup, id) else {
            return;
        };
        let what = What::SwitchFailed(times);
        match self.failure_told_with(&site.name, switch) {
            // Told already: the history has each doubling.
            Some(key) if times.is_power_of_two() => {
                self.tell(&key, News::silent(Step::Goes, what).of(switch), now);
            }
            Some(_) => {}
            None => self.trouble(site, switch, what, now),
        }
    }

    /// What a switch's failure was told with, as long as that counts: part of what is open of the site, or an incident of its own.
    fn failure_told_with(&self, site: &str, switch: &str) -> Option<Key> {
        let incident = self.attached.get(&(site.into(), switch.into()));
        let part_of = incident.and_then(|incident| self.key_of(*incident));
        let own = Key::about(Kind::Switch, site, switch);
        let own_fails = self.open.get(&own).is_some_and(|open| open.failures > 0);
        part_of
            .filter(|key| self.open.get(key).is_some_and(|open| open.fired))
            .or_else(|| own_fails.then_some(own))
    }

    /// Tells of a switch's trouble: more of what is open and was told, or an incident of its own.
    fn trouble(&mut self, site: &SiteSetup, switch: &str, what: What, now: Wall) {
        match self.told_of(&site.name) {
            Some(key) => self.tell(&key, News::told(Step::Goes, what).of(switch), now),
            None => {
                let own = Key::about(Kind::Switch, &site.name, switch);
                self.begin_or_go(own, only_observes(site), what, now);
            }
        }
    }

    /// A switch has done what was wanted of it. To be called whenever it says so: after a restart nobody knows that it had failed.
    pub fn works(&mut self, id: SwitchId, setup: &Setup, now: Wall) {
        let Some((site, switch)) = switch_of(setup, id) else {
            return;
        };
        let incident = self.attached.get(&(site.name.clone(), switch.into()));
        if let Some(key) = incident.and_then(|incident| self.key_of(*incident)) {
            let told = self.open.get(&key).is_some_and(|open| open.fired);
            let news = match told {
                true => News::told(Step::Goes, What::SwitchWorks),
                false => News::silent(Step::Goes, What::SwitchWorks),
            };
            self.tell(&key, news.of(switch), now);
        }
        let own = Key::about(Kind::Switch, &site.name, switch);
        match self.open.get(&own) {
            // It works, and waits for somebody still.
            Some(open) if open.awaits && open.failures > 0 => {
                self.tell(&own, News::told(Step::Goes, What::SwitchWorks), now);
            }
            Some(open) if !open.awaits => self.end(&own, What::SwitchWorks, now),
            _ => {}
        }
    }

    pub(super) fn awaits(
        &mut self,
        id: SwitchId,
        to: Route,
        generation: Option<u64>,
        setup: &Setup,
        now: Wall,
    ) {
        let Some((site, switch)) = switch_of(setup, id) else {
            return;
        };
        let awaited = Awaited { to, generation };
        let outage = Key::of_site(Kind::Outage, &site.name);
        if to == Route::Sorry
            && let Some(telling) = self.just_told(&outage, Phase::Firing)
            && telling.awaits.is_none()
        {
            telling.awaits = Some((switch.into(), awaited));
            return;
        }
        let what = What::Awaits(awaited);
        if to == Route::Sorry {
            return self.trouble(site, switch, what, now);
        }
        // The outage is over as far as anybody knows, and its visitors are still sent to the sorry server.
        let own = Key::about(Kind::Switch, &site.name, switch);
        self.begin_or_go(own, only_observes(site), what, now);
    }

    /// A switch was told: it waits for nobody any more.
    pub(super) fn moves(&mut self, id: SwitchId, setup: &Setup, now: Wall) {
        let Some((site, switch)) = switch_of(setup, id) else {
            return;
        };
        let own = Key::about(Kind::Switch, &site.name, switch);
        let Some(open) = self.open.get(&own).filter(|open| open.awaits) else {
            return;
        };
        match open.failures {
            0 => self.end(&own, What::Moves, now),
            _ => self.tell(&own, News::silent(Step::Goes, What::Moves), now),
        }
    }

    pub(super) fn would_turn(&mut self, id: SwitchId, to: Route, setup: &Setup, now: Wall) {
        let Some((site, switch)) = switch_of(setup, id) else {
            return;
        };
        // Where all switches observe, what was told of the site is marked already.
        let all = only_observes(site);
        let what = What::WouldTurn(to);
        let mut open = OF_SITE
            .map(|kind| Key::of_site(kind, &site.name))
            .into_iter();
        if let Some(key) = open.find(|key| self.open.contains_key(key)) {
            let told = !all && self.open[&key].fired;
            let news = match told {
                true => News::told(Step::Goes, what),
                false => News::silent(Step::Goes, what),
            };
            if let Some(telling) = self.more_of(&key, news.of(switch), now) {
                self.emit(Telling {
                    observed: true,
                    ..telling
                });
            }
            return;
        }
        let of_site = |telling: &&Telling| telling.site.as_deref() == Some(&*site.name);
        let last = self.pending.iter().rev().find(of_site);
        // Not of a start, where switches hear where visitors are sent already.
        if let Some(last) = last.filter(|last| last.step == Step::Ends) {
            let audience = match all {
                true => Audience::Nobody,
                false => last.audience,
            };
            let telling = Telling {
                observed: true,
                step: Step::Goes,
                phase: Phase::Note,
                audience,
                what,
                which: Some(switch.into()),
                ..last.clone()
            };
            self.pending.push_back(telling);
        }
    }

    /// Remembers which incident a switch's trouble was told with.
    pub(super) fn attach(&mut self, telling: &Telling) {
        let (Some(site), Some(switch)) = (&telling.site, &telling.which) else {
            return;
        };
        let key = (site.clone(), switch.clone());
        match telling.what {
            What::SwitchFailed(_) if telling.kind != Kind::Switch => {
                self.attached.insert(key, telling.incident);
            }
            What::SwitchWorks => {
                self.attached.remove(&key);
            }
            _ => {}
        }
    }

    /// What is open of a site and was told.
    fn told_of(&self, site: &str) -> Option<Key> {
        let mut keys = OF_SITE.map(|kind| Key::of_site(kind, site)).into_iter();
        keys.find(|key| self.open.get(key).is_some_and(|open| open.fired))
    }

    fn key_of(&self, incident: u64) -> Option<Key> {
        let mut open = self.open.iter();
        let (key, _) = open.find(|(_, open)| open.id == incident)?;
        Some(key.clone())
    }
}

fn switch_of(setup: &Setup, id: SwitchId) -> Option<(&SiteSetup, &str)> {
    let site = site_of(setup, id.site)?;
    let switch = site.switches.get(id.index as usize)?;
    Some((site, &switch.name))
}
