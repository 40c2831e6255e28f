//! From what is believed to what is wanted: one site looked at as a whole, turned if it must be, its switches told.

use super::site::Wish;
use super::switch::Answered;
use super::{Engine, site_id};
use crate::event::{Act, Notice, Outcome, Output, Record, SwitchId, Unsure, Why};
use crate::moment::Moment;
use crate::quorum::Held;
use crate::site::Route;

/// A site that has gone back and forth so often is told of.
const FLAPS_TOLD: u8 = 2;

impl Engine {
    /// Looks at a site as a whole. Whatever has changed, this is where its consequences are drawn.
    pub(super) fn settle(&mut self, index: usize, now: Moment) {
        self.advance_order(index, now);
        self.open_windows(index, now);
        self.believe(index, now);
        let wish = self.wish(index, now);
        let site = &mut self.sites[index];
        if wish.route == site.route {
            let was = site.why;
            site.why = wish.why;
            site.to_publish |= was == Why::Beginning && wish.why != Why::Beginning;
            if was.is_order() != wish.why.is_order() {
                // A new process would take it for ordered, and tell of its end again.
                self.record_route(index);
            }
            if wish.why == Why::NoQuorum && was.is_order() {
                self.notice(Notice::StaysDown(site_id(index)));
            }
            let site = &mut self.sites[index];
            if site.to_publish && site.why != Why::Beginning {
                self.publish(index, now);
            }
        } else {
            self.turn(index, &wish, now);
        }
        self.tell_waiting(index, now);
        self.tell_due(index, now);
        let due = self.sites[index].next_look(&wish, now);
        self.look_again(index, due);
    }

    /// What is wished of a site, and whether that is so in spite of its probes.
    fn wish(&self, index: usize, now: Moment) -> Wish {
        let site = &self.sites[index];
        let mut wish = site.wish(now);
        let of_health = matches!(wish.why, Why::Quorum | Why::NoQuorum | Why::HeldDown);
        let mut reals = self.reals[site.reals.clone()].iter();
        if of_health && reals.any(super::real::Real::is_doubted) {
            wish.why = Why::Doubted;
        }
        wish
    }

    /// The site's visitors are sent elsewhere from now on.
    fn turn(&mut self, index: usize, wish: &Wish, now: Moment) {
        let site = &mut self.sites[index];
        let after = now.tick.since(site.since);
        if wish.why == Why::NoQuorum {
            // What was taken back in doubt and is believed now never came back.
            let flaps = site.returned && site.why != Why::Doubted && !site.by_drain;
            match flaps {
                true => site.flaps.fell(after, &site.setup.damping),
                false => site.flaps.lived(after, &site.setup.damping),
            }
        }
        let mut outage = None;
        if wish.route == Route::Live && site.held == Held::Enough {
            outage = site.struck.take().map(|struck| now.wall.since(struck));
            site.returned |= outage.is_some();
        }
        // The end of an order is as much somebody's word as its beginning.
        site.by_order = wish.why.is_order() || site.why.is_order();
        site.taken_back = false;
        site.by_drain &= wish.route == Route::Sorry;
        site.route = wish.route;
        site.why = wish.why;
        site.since = now.tick;
        site.since_wall = now.wall;
        let (weights, flaps) = (site.weights, site.flaps.count());
        if let Some(lasted) = outage {
            site.outages.ended(lasted);
            let record = Record::Outage {
                site: site.setup.name.clone(),
                lasted,
            };
            self.record(record);
        }
        if wish.route == Route::Live {
            // What was said of the outage is over with it.
            self.say_of_outage(index, None);
        }
        self.number(index);
        self.notice(Notice::Turned {
            site: site_id(index),
            to: wish.route,
            why: wish.why,
            weights,
            after,
        });
        if wish.why == Why::NoQuorum && flaps >= FLAPS_TOLD {
            self.notice(Notice::Flaps(site_id(index), flaps));
        }
        self.tell_all(index, now);
    }

    /// The whole state under a new number, for all switches.
    fn publish(&mut self, index: usize, now: Moment) {
        self.number(index);
        self.tell_all(index, now);
    }

    /// What is wanted of a site has changed: it gets a number of its own, and a line in the journal.
    fn number(&mut self, index: usize) {
        self.generation += 1;
        self.sites[index].generation = self.generation;
        self.sites[index].to_publish = false;
        self.record_route(index);
    }

    fn record_route(&mut self, index: usize) {
        let site = &self.sites[index];
        let record = Record::Route {
            site: site.setup.name.clone(),
            route: site.route,
            why: site.why,
            generation: site.generation,
            since: site.since_wall,
            held: site.held,
            flaps: site.flaps.count(),
        };
        self.record(record);
    }

    fn tell_all(&mut self, index: usize, now: Moment) {
        for at in 0..self.sites[index].switches.len() {
            self.offer(index, at, now);
        }
    }

    /// Tells a switch, or whoever must agree first.
    fn offer(&mut self, index: usize, at: usize, now: Moment) {
        let site = &mut self.sites[index];
        let (route, generation, sure) = (site.route, site.generation, site.is_sure());
        let by_order = site.by_order;
        let switch = &mut site.switches[at];
        if switch.setup.act == Act::Observe {
            if switch.observed.replace(route) != Some(route) {
                self.notice(Notice::WouldTurn(switch_id(index, at), route));
            }
            return;
        }
        let turns = switch.route() != Some(route);
        let asks = switch.setup.act == Act::Ask && !by_order;
        let stays = switch.setup.unsure == Unsure::Stay && !sure;
        if !turns || !(asks || stays) {
            return self.tell(index, at, now);
        }
        if switch.waiting.is_some_and(|(to, _)| to == route) {
            return;
        }
        switch.waiting = Some((route, generation));
        let id = switch_id(index, at);
        self.notice(match stays {
            true => Notice::Stays(id, route),
            false => Notice::Asks(id, route, generation),
        });
    }

    fn tell(&mut self, index: usize, at: usize, now: Moment) {
        let site = &mut self.sites[index];
        let wanted = site.wanted(&self.reals);
        let generation = site.generation;
        site.switches[at].tell(generation, wanted.clone(), now.tick);
        self.outputs.push_back(Output::Route {
            switch: switch_id(index, at),
            generation,
            wanted,
        });
    }

    /// Switches that stayed because nobody was sure follow when somebody is, or ask.
    fn tell_waiting(&mut self, index: usize, now: Moment) {
        for at in 0..self.sites[index].switches.len() {
            let site = &mut self.sites[index];
            let sure = site.is_sure();
            let switch = &mut site.switches[at];
            let stayed = switch.waiting.is_some() && switch.setup.unsure == Unsure::Stay;
            if stayed && sure && switch.setup.act == Act::Act {
                self.tell(index, at, now);
            }
        }
    }

    /// Switches that have failed, or have not answered, are told again.
    fn tell_due(&mut self, index: usize, now: Moment) {
        for at in 0..self.sites[index].switches.len() {
            let switch = &mut self.sites[index].switches[at];
            if !switch.is_due(now.tick) {
                continue;
            }
            if let Some((generation, wanted)) = switch.tell_again(now.tick) {
                self.outputs.push_back(Output::Route {
                    switch: switch_id(index, at),
                    generation,
                    wanted,
                });
            }
        }
    }

    /// An operator has approved what a switch asked for, by the number it asked with.
    pub(super) fn approve(&mut self, index: usize, at: u32, generation: u64, now: Moment) {
        let route = self.sites[index].route;
        let Some(switch) = self.sites[index].switches.get(at as usize) else {
            return;
        };
        // Only what is wanted still: an approval may come late.
        if switch.waiting == Some((route, generation)) {
            self.tell(index, at as usize, now);
        }
    }

    /// A switch has answered.
    pub(super) fn applied(&mut self, id: SwitchId, generation: u64, outcome: Outcome, now: Moment) {
        let index = id.site.0 as usize;
        let Some(site) = self.sites.get_mut(index) else {
            return;
        };
        let Some(switch) = site.switches.get_mut(id.index as usize) else {
            return;
        };
        match switch.answered(generation, outcome, now.tick) {
            Answered::Nothing => {}
            Answered::Failed(times) => self.notice(Notice::Failed(id, times)),
            Answered::Recovered => self.notice(Notice::Recovered(id)),
        }
        self.settle(index, now);
    }

    /// What an order's course brings with it.
    fn advance_order(&mut self, index: usize, now: Moment) {
        let site = &mut self.sites[index];
        let Some(order) = &site.order else {
            return;
        };
        let milestone = order.milestone(now.wall);
        if site.has_order_ended(now.wall) {
            self.put_in_force(index, None);
            self.notice(Notice::OrderEnded(site_id(index)));
        } else if milestone > site.told {
            site.told = milestone;
            self.record_course(index);
            self.notice(Notice::Milestone(site_id(index), milestone));
        }
    }

    fn open_windows(&mut self, index: usize, now: Moment) {
        if self.sites[index].setup.windows.is_empty() {
            return;
        }
        let due = self.sites[index].windows_to_announce(now.wall);
        if !due.is_empty() {
            self.sites[index].announce(&due, now.wall);
            self.record_course(index);
        }
        for (window, start) in due {
            self.notice(Notice::Announced(site_id(index), window, start));
        }
        let site = &mut self.sites[index];
        if site.order.is_none()
            && let Some(order) = site.open_window(now.wall)
        {
            self.put_in_force(index, Some(order));
        }
    }
}

fn switch_id(site: usize, at: usize) -> SwitchId {
    SwitchId {
        site: site_id(site),
        index: u32::try_from(at).unwrap_or(u32::MAX),
    }
}
