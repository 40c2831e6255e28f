//! What operators order.

use super::Engine;
use crate::event::{Command, Drained, Notice, RealId, Record, SiteId};
use crate::health::State;
use crate::moment::Moment;
use crate::order::{Milestone, Order};
use crate::quorum::Held;
use crate::said::Said;
use crate::site::Route;

impl Engine {
    pub(super) fn obey(&mut self, id: SiteId, command: Command, now: Moment) {
        let index = id.0 as usize;
        if index >= self.sites.len() {
            return;
        }
        match command {
            Command::Give(order) => self.put_in_force(index, Some(order)),
            Command::Lift => {
                // Whoever says that the site is up again means the window that is open, too.
                self.sites[index].end_windows(now.wall);
                self.put_in_force(index, None);
            }
            Command::Extend(by) => {
                let order = self.sites[index].order.as_ref();
                let longer = order.map(|order| order.extended(by, now.wall));
                if longer.is_some() {
                    self.put_in_force(index, longer);
                }
            }
            Command::Say(said) => self.say(index, said),
            Command::Drain(real, drained) => self.drain(index, real, drained, now),
            Command::Approve(switch, generation) => self.approve(index, switch, generation, now),
        }
        self.settle(index, now);
    }

    /// The words belong to the order in force, and end with it; else to the outage, whoever has it.
    fn say(&mut self, index: usize, said: Option<Said>) {
        match &mut self.sites[index].order {
            Some(order) => {
                order.said = said;
                self.record_order(index);
            }
            None => self.say_of_outage(index, said),
        }
    }

    pub(super) fn say_of_outage(&mut self, index: usize, said: Option<Said>) {
        let site = &mut self.sites[index];
        if site.said == said {
            return;
        }
        site.said.clone_from(&said);
        let record = Record::Said {
            site: site.setup.name.clone(),
            said,
        };
        self.record(record);
    }

    pub(super) fn put_in_force(&mut self, index: usize, order: Option<Order>) {
        // Before the order: a crash between the two tells something twice, and not never.
        if self.sites[index].told != Milestone::Begun {
            self.sites[index].told = Milestone::Begun;
            self.record_course(index);
        }
        self.sites[index].order = order;
        self.record_order(index);
    }

    pub(super) fn record_course(&mut self, index: usize) {
        let site = &self.sites[index];
        let record = Record::Course {
            site: site.setup.name.clone(),
            told: site.told,
            announced: site.announced.clone(),
        };
        self.record(record);
    }

    pub(super) fn record_order(&mut self, index: usize) {
        let site = &self.sites[index];
        let record = Record::Order {
            site: site.setup.name.clone(),
            order: site.order.clone(),
            ended: site.ended.clone(),
        };
        self.record(record);
    }

    fn drain(&mut self, index: usize, id: RealId, drained: Drained, now: Moment) {
        let at = id.0 as usize;
        if !self.sites[index].reals.contains(&at) || self.reals[at].drained == drained {
            return;
        }
        let real = &mut self.reals[at];
        real.drained = drained;
        let record = Record::Drained {
            site: self.sites[index].setup.name.clone(),
            real: real.setup.name.clone(),
            drained,
        };
        self.record(record);
        let real = &self.reals[at];
        if drained == Drained::No && real.state == State::Down {
            // While it was drained nobody was told.
            let notice = Notice::Real {
                real: id,
                state: real.state,
                reason: real.last(),
                drained,
            };
            self.notice(notice);
        }
        self.reals_changed(index);
        // Whoever doubts what is seen does not doubt what is ordered.
        let site = &mut self.sites[index];
        let held = site.held;
        site.conclude(now);
        site.by_drain |= held == Held::Enough && site.held == Held::TooFew;
        // What nobody lacks was taken by nobody; but whoever is on the way back goes on.
        site.by_drain &= site.held == Held::TooFew || site.route == Route::Sorry;
    }
}
