//! From what is seen to what is believed: probes, passive evidence, references, peers.

use super::{Engine, site_id};
use crate::doubt::Turn;
use crate::event::{Notice, Output, Pace, RealId, Record, SiteId, Why};
use crate::health::{Reason, State};
use crate::moment::Moment;
use crate::quorum::{Held, judge};
use crate::site::Route;

impl Engine {
    /// A probe has ended. Most change nothing, and cost no more than counting.
    pub(super) fn probed(&mut self, id: RealId, check: u8, reason: Reason, now: Moment) {
        let Some(real) = self.reals.get_mut(id.0 as usize) else {
            return;
        };
        let changed = real.take(check, reason);
        let pace = if real.is_suspect() {
            Pace::Suspect
        } else {
            Pace::Normal
        };
        if pace != real.pace {
            real.pace = pace;
            self.outputs.push_back(Output::Pace(id, pace));
        }
        if let Some(state) = changed {
            self.real_changed(id, state, now);
        }
    }

    /// Requests of clients. A failure counts as a probe that failed; whoever serves somebody ends a doubt.
    pub(super) fn passive(&mut self, id: RealId, good: u32, bad: u32, now: Moment) {
        if good > 0 {
            let turn = self.doubts.served();
            self.doubt_turned(turn, now);
        }
        let probed = |real: &super::real::Real| !real.setup.checks.is_empty();
        // Nothing would ever bring up again what is not probed.
        if bad > 0 && good == 0 && self.reals.get(id.0 as usize).is_some_and(probed) {
            self.probed(id, 0, Reason::Passive, now);
        }
    }

    /// A check has said what a real server weighs.
    pub(super) fn weighed(&mut self, id: RealId, weight: u32, now: Moment) {
        let Some(real) = self.reals.get_mut(id.0 as usize) else {
            return;
        };
        if real.weight != weight {
            real.weight = weight;
            let site = real.site as usize;
            self.record_weight(id.0 as usize);
            self.settle(site, now);
        }
    }

    pub(super) fn record_weight(&mut self, real: usize) {
        let real = &self.reals[real];
        let record = Record::Weight {
            site: self.sites[real.site as usize].setup.name.clone(),
            real: real.setup.name.clone(),
            weight: real.weight,
            configured: real.setup.weight,
        };
        self.record(record);
    }

    pub(super) fn reference(&mut self, index: u32, answered: bool, now: Moment) {
        let turn = self.doubts.reference(index as usize, answered, now.tick);
        self.doubt_turned(turn, now);
    }

    pub(super) fn peer_saw(&mut self, peer: u32, id: SiteId, held: Held, now: Moment) {
        let Some(site) = self.sites.get_mut(id.0 as usize) else {
            return;
        };
        match site.peers.iter_mut().find(|(known, _)| *known == peer) {
            Some((_, known)) => *known = held,
            None => site.peers.push((peer, held)),
        }
        let votes = self.votes as usize;
        site.unsure &= votes == 0 || site.agreeing() < votes;
        self.settle(id.0 as usize, now);
    }

    fn real_changed(&mut self, id: RealId, state: State, now: Moment) {
        let real = &mut self.reals[id.0 as usize];
        real.since = Some(now.wall);
        let (site, reason) = (real.site as usize, real.last());
        let drained = real.drained;
        self.sites[site].by_drain = false;
        let record = Record::Real {
            site: self.sites[site].setup.name.clone(),
            real: real.setup.name.clone(),
            state,
            since: real.since,
        };
        self.record(record);
        self.notice(Notice::Real {
            real: id,
            state,
            reason,
            drained,
        });
        let of = u32::try_from(self.reals.len()).unwrap_or(u32::MAX);
        let was_doubted = self.doubts.doubt().is_some();
        let turn = match state {
            State::Down => self.doubts.fell(id.0, site_id(site).0, of, now.tick),
            State::Up | State::Unknown => self.doubts.rose(id.0),
        };
        self.doubt_turned(turn, now);
        if state == State::Down && self.votes > 0 && was_doubted {
            // Peers were asked of the sites that were struck when the doubt began; this one is struck in its course.
            self.outputs.push_back(Output::AskPeers(site_id(site)));
        }
        self.settle(site, now);
    }

    /// Believes what the probes of a site say, unless there is doubt. Says whether that is news.
    pub(super) fn believe(&mut self, index: usize, now: Moment) {
        if !self.is_believed(index) {
            return;
        }
        let site = &mut self.sites[index];
        let mut news = false;
        for real in &mut self.reals[site.reals.clone()] {
            news |= real.is_doubted();
            (real.believed, real.believed_weight) = (real.state, real.weight);
        }
        if news {
            self.reals_changed(index);
        }
        self.sites[index].conclude(now);
    }

    /// Real servers of a site have come or gone: whoever sends visitors to them must know.
    pub(super) fn reals_changed(&mut self, index: usize) {
        let site = &mut self.sites[index];
        site.weigh(&self.reals);
        site.to_publish |= site.route == Route::Live && !site.switches.is_empty();
    }

    /// Doubt has begun or ended.
    pub(super) fn doubt_turned(&mut self, turn: Option<Turn>, now: Moment) {
        match turn {
            None => {}
            Some(Turn::Began(doubt)) => {
                self.notice(Notice::Doubt(doubt.cause));
                for site in &mut self.sites {
                    // What peers said in an earlier doubt is no answer to this one.
                    site.peers.clear();
                }
                for site in self.doubts.struck() {
                    self.take_back(site as usize, now);
                }
            }
            Some(Turn::Ended(how)) => {
                self.notice(Notice::DoubtOver);
                for site in 0..self.sites.len() {
                    self.sites[site].unsure = how == crate::doubt::Ended::ByTime;
                    self.settle(site, now);
                    self.sites[site].peers.clear();
                }
            }
        }
    }

    /// What was decided from what is doubted now is taken back: the first of many that seem to go down are believed until the
    /// last of them makes it too much.
    fn take_back(&mut self, index: usize, now: Moment) {
        let Some(site) = self.sites.get(index) else {
            return;
        };
        let fallen = self.doubts.fallen();
        for at in site.reals.clone() {
            if fallen.contains(&u32::try_from(at).unwrap_or(u32::MAX)) {
                self.reals[at].believed = State::Up;
            }
        }
        self.reals_changed(index);
        let site = &mut self.sites[index];
        let believed = judge(Held::Enough, &site.weights, site.needs);
        if site.held == Held::TooFew && believed == Held::Enough {
            site.held = believed;
            site.struck = None;
            if site.why == Why::NoQuorum {
                // It goes back at once: that it fell was never true.
                site.why = Why::Doubted;
                site.taken_back = true;
            }
        }
        if self.votes > 0 {
            self.outputs.push_back(Output::AskPeers(site_id(index)));
        }
        self.settle(index, now);
    }

    /// Whether what the probes of a site say is believed now.
    pub(super) fn is_believed(&self, site: usize) -> bool {
        let site = &self.sites[site];
        let agreed = self.votes > 0 && site.agreeing() >= self.votes as usize;
        self.doubts.doubt().is_none() || agreed
    }

    pub(super) fn notice(&mut self, notice: Notice) {
        self.outputs.push_back(Output::Notice(notice));
    }
}
