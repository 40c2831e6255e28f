//! Orders and windows: silent where all goes as it was agreed on, told where it does not.

use super::open::{Key, Open};
use super::{Audience, Incidents, Kind, News, Phase, Step, Summary, Telling, What, site_of};
use crate::event::{Setup, SiteId};
use crate::moment::Wall;
use crate::order::{self, Milestone, OnOverrun, Order};

const KINDS: [Kind; 2] = [Kind::Maintenance, Kind::ForcedLive];

impl Incidents {
    /// Another order is in force for a site, or none.
    pub(super) fn ordered(&mut self, site: &str, order: Option<&Order>, observed: bool, now: Wall) {
        let kind = order.map(kind_of);
        for other in KINDS.into_iter().filter(|other| Some(*other) != kind) {
            self.order_over(&Key::of_site(other, site), now);
        }
        if let (Some(order), Some(kind)) = (order, kind) {
            self.in_force(&Key::of_site(kind, site), order, observed, now);
        }
    }

    fn in_force(&mut self, key: &Key, order: &Order, observed: bool, now: Wall) {
        let (until, returns) = (order.until, order.on_overrun == OnOverrun::Return);
        let Some(open) = self.open.get(key) else {
            let news = News::silent(Step::Begins, What::Ordered { until, returns });
            let telling = Telling {
                by: Some(order.by.clone()),
                reason: order.reason.clone(),
                planned: true,
                ..self.telling(key.clone(), news, observed, now)
            };
            return self.emit(telling);
        };
        // Somebody was told that it is late, and has given it more time: it is not late any more.
        let in_time = open.fired && until.is_none_or(|until| until > now);
        let what = What::Changed { until, returns };
        let news = match in_time {
            true => News::new(Step::Goes, Phase::Resolved, Audience::Everybody, what),
            false => News::silent(Step::Goes, what),
        };
        if let Some(telling) = self.more_of(key, news, now) {
            let (by, reason) = (Some(order.by.clone()), order.reason.clone());
            self.emit(Telling {
                by,
                reason,
                ..telling
            });
        }
    }

    fn order_over(&mut self, key: &Key, now: Wall) {
        let Some(open) = self.open.get(key) else {
            return;
        };
        let what = What::Lifted(summary(open, now));
        let (phase, audience) = match (open.fired, open.of_window()) {
            (true, _) => (Phase::Resolved, Audience::Everybody),
            (false, true) => (Phase::Note, Audience::Everybody),
            (false, false) => (Phase::Note, Audience::Nobody),
        };
        self.tell(key, News::new(Step::Ends, phase, audience, what), now);
    }

    /// What was just told to be over has ended by itself: that is told, too.
    pub(super) fn order_ended(&mut self, site: SiteId, setup: &Setup) {
        let Some(site) = site_of(setup, site) else {
            return;
        };
        let is_it = |telling: &&mut Telling| {
            telling.step == Step::Ends
                && telling.kind.is_order()
                && telling.site.as_deref() == Some(&site.name)
        };
        let Some(telling) = self.pending.iter_mut().rev().find(is_it) else {
            return;
        };
        if let What::Lifted(summary) = telling.what {
            telling.what = What::TimeOver(summary);
            telling.audience = Audience::Everybody;
        }
    }

    pub(super) fn milestone(&mut self, site: SiteId, at: Milestone, setup: &Setup, now: Wall) {
        let Some(site) = site_of(setup, site) else {
            return;
        };
        let keys = KINDS.map(|kind| Key::of_site(kind, &site.name));
        let Some(key) = keys.iter().find(|key| self.open.contains_key(key)) else {
            return;
        };
        let open = &self.open[key];
        let late = open
            .until
            .map_or(Default::default(), |until| now.since(until));
        let news = match at {
            Milestone::Begun => return,
            // A window that closes by itself needs nobody.
            Milestone::AlmostOver if open.of_window() && open.returns => {
                News::silent(Step::Goes, What::AlmostOver(open.until))
            }
            Milestone::AlmostOver => {
                let what = What::AlmostOver(open.until);
                News::new(Step::Goes, Phase::Note, Audience::Everybody, what)
            }
            Milestone::Due(_) if open.fired => News::told(Step::Goes, What::Overrun(late)),
            Milestone::Due(_) => {
                let what = What::Overrun(late);
                News::new(Step::Goes, Phase::Firing, Audience::Everybody, what)
            }
        };
        self.tell(key, news, now);
    }

    pub(super) fn announced(
        &mut self,
        site: SiteId,
        window: u32,
        opens: Wall,
        setup: &Setup,
        now: Wall,
    ) {
        let Some(site) = site_of(setup, site) else {
            return;
        };
        let window = site.windows.get(window as usize);
        let key = Key {
            about: window.map(|window| window.name.clone()),
            ..Key::of_site(Kind::Maintenance, &site.name)
        };
        let news = News::told(Step::Aside, What::Announced(opens));
        let telling = Telling {
            planned: true,
            ..self.telling(key, news, super::only_observes(site), now)
        };
        self.emit(telling);
    }
}

pub(super) fn kind_of(order: &Order) -> Kind {
    match order.what {
        order::What::Maintenance(_) => Kind::Maintenance,
        order::What::Live => Kind::ForcedLive,
    }
}

fn summary(open: &Open, now: Wall) -> Summary {
    Summary {
        overrun: open
            .until
            .map_or(Default::default(), |until| now.since(until)),
        reals_down: open.count_reals_down(),
    }
}
