//! Taking in a configuration: what has not changed keeps its state, by name.

use std::collections::BTreeMap;

use super::Engine;
use super::real::Real;
use super::site::Site;
use super::switch::Switch;
use crate::event::{Epoch, Output, Pace, RealId, Setup, SiteSetup};
use crate::moment::Moment;

impl Engine {
    /// Another configuration is in force. A site that is down stays down, an order stays in force, and a real server stays
    /// what it is believed to be, as long as its name stays.
    pub(super) fn reconfigure(&mut self, setup: Setup, now: Moment) {
        self.epoch = Epoch(self.epoch.0.wrapping_add(1));
        self.doubts.reconfigure(setup.watch.clone(), now.tick);
        self.votes = setup.votes;
        self.configure(setup, now);
        for (number, real) in (0..).zip(&self.reals) {
            // Whoever probes has begun anew where a check has changed, and knows of no haste.
            if real.pace == Pace::Suspect {
                self.outputs
                    .push_back(Output::Pace(RealId(number), Pace::Suspect));
            }
        }
        for site in 0..self.sites.len() {
            self.settle(site, now);
        }
    }

    /// Puts the sites and real servers of `setup` in the place of those that were.
    pub(super) fn configure(&mut self, setup: Setup, now: Moment) {
        self.due.clear();
        self.names.clear();
        let mut old_reals: Vec<Option<Real>> = self.reals.drain(..).map(Some).collect();
        let old = self.sites.drain(..);
        let mut old: BTreeMap<Box<str>, Site> =
            old.map(|site| (site.setup.name.clone(), site)).collect();
        for (number, setup) in setup.sites.into_iter().enumerate() {
            let before = old.remove(&setup.name);
            self.take_reals(&setup, number, before.as_ref(), &mut old_reals);
            let reals = self.reals.len() - setup.reals.len()..self.reals.len();
            let fresh = Site::new(setup, reals, now);
            let mut site = match before {
                Some(before) => carried_over(before, fresh),
                None => fresh,
            };
            site.weigh(&self.reals);
            self.names.insert(site.setup.name.clone(), number);
            self.sites.push(site);
        }
    }

    fn take_reals(
        &mut self,
        setup: &SiteSetup,
        number: usize,
        before: Option<&Site>,
        old: &mut [Option<Real>],
    ) {
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        for setup in &setup.reals {
            let mut known = before.map(|site| site.reals.clone()).unwrap_or_default();
            let known = known.find(|at| {
                let old = old[*at].as_ref();
                old.is_some_and(|old| old.setup.name == setup.name)
            });
            let known = known.and_then(|at| old[at].take());
            self.reals.push(match known {
                Some(known) => known.reconfigured(setup.clone(), number),
                None => Real::new(setup.clone(), number),
            });
        }
    }
}

/// The site of the new configuration with the state of the old one. Whether anything of it has changed or not, its switches
/// are told: the same thing twice does no harm.
fn carried_over(before: Site, fresh: Site) -> Site {
    let mut old = before.switches;
    let switches = fresh.switches.into_iter().map(|switch| {
        let same = old
            .iter()
            .position(|old| old.setup.name == switch.setup.name);
        match same.map(|at| old.swap_remove(at)) {
            Some(known) => Switch {
                setup: switch.setup,
                ..known
            },
            None => switch,
        }
    });
    Site {
        switches: switches.collect(),
        to_publish: true,
        due: None,
        setup: fresh.setup,
        reals: fresh.reals,
        ..before
    }
}
