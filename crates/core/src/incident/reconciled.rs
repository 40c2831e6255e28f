//! What is open and what is so are made one again: after a start, when the last news of the process before may not have been kept,
//! and after a reload, when what an incident is about may be gone.

use super::open::Key;
use super::orders::kind_of;
use super::{Incidents, Kind, News, Step, Telling, What, only_observes};
use crate::engine::{RealView, SiteView, View};
use crate::event::{Setup, SiteSetup};
use crate::health::State;
use crate::moment::Wall;
use crate::site::Route;

impl Incidents {
    /// Ends what is open and no longer so, and begins what is so and not open. To be called when the engine has its configuration
    /// and everything that it remembers, and after each change of its configuration.
    pub fn reconcile(&mut self, view: &View<'_>, setup: &Setup, now: Wall) {
        let gone: Vec<Key> = self
            .open
            .keys()
            .filter(|key| is_gone(key, setup))
            .cloned()
            .collect();
        for key in gone {
            self.end(&key, What::Gone, now);
        }
        if view.doubt().is_none() {
            self.end(&Key::doubt(), What::Believed, now);
        }
        for (site, known) in view.sites().zip(&setup.sites) {
            self.reconcile_site(&site, known, now);
        }
    }

    fn reconcile_site(&mut self, site: &SiteView<'_>, known: &SiteSetup, now: Wall) {
        self.reconcile_order(site, known, now);
        // Whoever looks at it now watches it.
        if !self.stopping {
            let key = Key::of_site(Kind::Doubt, site.name());
            self.end(&key, What::Watched, now);
        }
        for real in site.reals() {
            let key = Key::about(Kind::Real, site.name(), real.name());
            match real.state() {
                State::Up => self.reconcile_real(&key, now),
                State::Down => self.reconcile_down(&key, &real, known, now),
                State::Unknown => {}
            }
        }
        let key = Key::of_site(Kind::Outage, site.name());
        let down = site.route() == Route::Sorry && !site.why().is_order();
        let live = site.route() == Route::Live;
        let open = self.open.get(&key).map(|open| open.flapping);
        match (down, open) {
            (false, Some(None)) if live => self.end(&key, What::Up, now),
            (false, Some(Some(flapping))) if live && flapping.up_since.is_none() => {
                self.tell(&key, News::silent(Step::Goes, What::Returned), now);
            }
            (true, Some(Some(flapping))) if flapping.up_since.is_some() => {
                self.tell(&key, News::silent(Step::Goes, What::FellAgain), now);
            }
            (true, None) => {
                let what = What::Down(site.weights(), self.down_reals(site.name()));
                let news = News::told(Step::Begins, what);
                let telling = self.telling(key, news, only_observes(known), now);
                let began = site.since();
                self.emit(Telling { began, ..telling });
            }
            _ => {}
        }
    }

    /// One that works. It may flap all the same, and then it is quiet until it is steady.
    fn reconcile_real(&mut self, key: &Key, now: Wall) {
        match self.open.get(key).map(|open| open.flapping) {
            Some(None) => self.end(key, What::RealUp, now),
            Some(Some(flapping)) if flapping.up_since.is_none() => {
                self.tell(key, News::silent(Step::Goes, What::Returned), now);
            }
            _ => {}
        }
    }

    /// One that does not work, of which that is not known.
    fn reconcile_down(&mut self, key: &Key, real: &RealView<'_>, site: &SiteSetup, now: Wall) {
        let open = self.open.get(key).map(|open| open.flapping);
        let is_known = match open {
            None => false,
            Some(flapping) => flapping.is_none_or(|flapping| flapping.up_since.is_none()),
        };
        let mut down = real
            .checks()
            .filter(|(_, health)| health.state() == State::Down);
        if let (false, Some((_, health))) = (is_known, down.next()) {
            self.real_down(site, real.name(), (health.last(), real.drained()), now);
        }
    }

    /// Only what differs: the same order is no news.
    fn reconcile_order(&mut self, site: &SiteView<'_>, known: &SiteSetup, now: Wall) {
        let kinds = [Kind::Maintenance, Kind::ForcedLive];
        let open = kinds.into_iter().find_map(|kind| {
            let open = self.open.get(&Key::of_site(kind, site.name()))?;
            Some((kind, open.until, open.by.as_deref()))
        });
        let order = site.order();
        let wanted = order.map(|order| (kind_of(order), order.until, Some(&*order.by)));
        let same = open == wanted;
        if !same {
            self.ordered(site.name(), order, only_observes(known), now);
        }
    }
}

/// Whether what an incident is about is not configured any more.
fn is_gone(key: &Key, setup: &Setup) -> bool {
    let Some(name) = &key.site else {
        return false;
    };
    let Some(site) = setup.sites.iter().find(|site| site.name == *name) else {
        return true;
    };
    let Some(about) = &key.about else {
        return false;
    };
    match key.kind {
        Kind::Switch => site.switches.iter().all(|switch| switch.name != *about),
        Kind::Real | Kind::Certificate => site.reals.iter().all(|real| real.name != *about),
        _ => false,
    }
}
