//! What the journal remembers, put back before anything is seen. Names that are configured no more are passed over.

use super::Engine;
use crate::damping::Flaps;
use crate::event::{Record, Why};
use crate::health::State;
use crate::quorum::{Held, judge};
use crate::site::Route;

impl Engine {
    pub(super) fn remember(&mut self, record: Record) {
        let Some(index) = self.site_named(record.site()) else {
            return;
        };
        match record {
            Record::Order { order, ended, .. } => {
                let site = &mut self.sites[index];
                site.order = order;
                site.ended = ended;
            }
            Record::Course {
                told, announced, ..
            } => {
                let site = &mut self.sites[index];
                (site.told, site.announced) = (told, announced);
            }
            Record::Weight {
                real,
                weight,
                configured,
                ..
            } => {
                if let Some(at) = self.real_named(index, &real)
                    && self.reals[at].setup.weight == configured
                {
                    let real = &mut self.reals[at];
                    (real.weight, real.believed_weight) = (weight, weight);
                }
            }
            Record::Said { said, .. } => self.sites[index].said = said,
            Record::Real {
                real, state, since, ..
            } => {
                if let Some(at) = self.real_named(index, &real) {
                    self.reals[at].remember(state, since);
                }
            }
            Record::Drained { real, drained, .. } => {
                if let Some(at) = self.real_named(index, &real) {
                    self.reals[at].drained = drained;
                }
            }
            Record::Route { .. } => self.remember_route(index, &record),
            Record::Outage { lasted, .. } => {
                self.sites[index].outages.ended(lasted);
                self.sites[index].returned = true;
            }
        }
        self.remembered = true;
        self.sites[index].weigh(&self.reals);
        // Its switches are told as soon as everything is remembered: the world may have changed meanwhile.
        self.sites[index].to_publish = self.sites[index].why != Why::Beginning;
    }

    fn remember_route(&mut self, index: usize, record: &Record) {
        let Record::Route {
            route,
            why,
            generation,
            since,
            held,
            flaps,
            ..
        } = *record
        else {
            return;
        };
        self.generation = self.generation.max(generation);
        let site = &mut self.sites[index];
        site.route = route;
        site.why = why;
        site.generation = generation;
        site.since_wall = since;
        site.held = held;
        site.flaps = Flaps::remembered(flaps);
        site.returned |= flaps > 0;
        site.struck = match held {
            Held::TooFew => site.struck.or(Some(since)),
            Held::Enough if route == Route::Live => None,
            Held::Enough => site.struck,
        };
    }

    /// Everything is remembered. Where real servers are down, or weigh too little, and their site is not, the process before did not
    /// believe what it saw, and nobody knows yet whether there is still reason for doubt: it has to be seen again.
    pub(super) fn doubt_remembered(&mut self) {
        let mut weighed = Vec::new();
        for site in &mut self.sites {
            let lost = judge(Held::Enough, &site.weights, site.needs) == Held::TooFew;
            if site.held == Held::TooFew || !lost {
                continue;
            }
            for at in site.reals.clone() {
                let real = &mut self.reals[at];
                if real.state == State::Down {
                    real.remember(State::Unknown, None);
                }
                if real.weight != real.setup.weight {
                    real.weight = real.setup.weight;
                    real.believed_weight = real.weight;
                    weighed.push(at);
                }
            }
            site.weigh(&self.reals);
        }
        for at in weighed {
            self.record_weight(at);
        }
    }

    fn site_named(&self, name: &str) -> Option<usize> {
        self.names.get(name).copied()
    }

    fn real_named(&self, site: usize, name: &str) -> Option<usize> {
        let mut reals = self.sites[site].reals.clone();
        reals.find(|at| *self.reals[*at].setup.name == *name)
    }
}
