//! Decides for every site where its visitors go. One door in ([`Engine::handle`]), one out ([`Engine::poll_output`]), and the
//! time as an argument: no I/O, no clock, no threads; two equal histories give equal outputs.
//!
//! Its caller hands in what happens, takes out what is wanted until there is nothing left, and calls again with
//! [`Input::Looked`] when [`Engine::poll_timeout`] says. A new process hands in its configuration, then what the journal
//! remembers, then `Looked`; nothing is wanted of a switch before that.

mod believing;
mod configured;
mod explain;
mod ordered;
mod real;
mod remembered;
mod site;
mod switch;
mod turning;
mod view;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub use explain::{Fact, Link};
use real::Real;
use site::Site;
pub use view::{Open, RealView, SiteView, SwitchView, View};

use crate::doubt::Doubts;
use crate::event::{Epoch, Input, Notice, Output, Record, Setup, SiteId};
use crate::moment::{Moment, Tick};

/// See the file's header.
#[derive(Debug)]
pub struct Engine {
    epoch: Epoch,
    sites: Vec<Site>,
    /// Where each site is, by its name.
    names: BTreeMap<Box<str>, usize>,
    reals: Vec<Real>,
    doubts: Doubts,
    votes: u32,
    /// The journal has been read, and nothing was looked at since.
    remembered: bool,
    /// The greatest that was given out.
    generation: u64,
    /// When each site is looked at again, whatever happens.
    due: BTreeSet<(Tick, u32)>,
    outputs: VecDeque<Output>,
}

impl Engine {
    /// With its first configuration. Journal records come next, then `Looked`.
    pub fn new(setup: Setup, now: Moment) -> Engine {
        let mut engine = Engine {
            epoch: Epoch(0),
            sites: Vec::new(),
            names: BTreeMap::new(),
            reals: Vec::new(),
            doubts: Doubts::new(setup.watch.clone()),
            votes: setup.votes,
            remembered: false,
            generation: 0,
            due: BTreeSet::new(),
            outputs: VecDeque::new(),
        };
        engine.configure(setup, now);
        for site in 0..engine.sites.len() {
            engine.look_again(site, Some(now.tick));
        }
        engine
    }

    /// The configuration that inputs are to be made for.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Something has happened.
    pub fn handle(&mut self, now: Moment, input: Input) {
        let epoch = self.epoch;
        match input {
            Input::Probed {
                epoch: of,
                real,
                check,
                reason,
            } if of == epoch => self.probed(real, check, reason, now),
            Input::Weighed {
                epoch: of,
                real,
                weight,
            } if of == epoch => self.weighed(real, weight, now),
            Input::Passive {
                epoch: of,
                real,
                good,
                bad,
            } if of == epoch => {
                self.passive(real, good, bad, now);
            }
            Input::Reference { index, answered } => self.reference(index, answered, now),
            Input::Applied {
                epoch: of,
                switch,
                generation,
                outcome,
            } if of == epoch => {
                self.applied(switch, generation, outcome, now);
            }
            Input::Ordered {
                epoch: of,
                site,
                command,
            } if of == epoch => self.obey(site, command, now),
            Input::PeerSaw {
                epoch: of,
                peer,
                site,
                held,
            } if of == epoch => {
                self.peer_saw(peer, site, held, now);
            }
            Input::Looked => self.look(now),
            Input::Stopping => self.stop(),
            Input::Reconfigured(setup) => self.reconfigure(setup, now),
            Input::Remembered(record) => self.remember(record),
            // Meant for a configuration that is no more.
            Input::Probed { .. }
            | Input::Weighed { .. }
            | Input::Passive { .. }
            | Input::Applied { .. }
            | Input::Ordered { .. }
            | Input::PeerSaw { .. } => {}
        }
    }

    /// The next thing that is wanted.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call with [`Input::Looked`] at the latest.
    pub fn poll_timeout(&self) -> Option<Tick> {
        let site = self.due.first().map(|(tick, _)| *tick);
        site.into_iter().chain(self.doubts.deadline()).min()
    }

    /// Time has passed.
    fn look(&mut self, now: Moment) {
        if std::mem::take(&mut self.remembered) {
            self.doubt_remembered();
        }
        let turn = self.doubts.look(now.tick);
        self.doubt_turned(turn, now);
        let mut due = Vec::new();
        while let Some((tick, site)) = self.due.first().copied() {
            if tick > now.tick {
                break;
            }
            self.due.pop_first();
            self.sites[site as usize].due = None;
            due.push(site as usize);
        }
        for site in due {
            self.settle(site, now);
        }
    }

    /// Where nobody is left who sees, somebody may want to know. What visitors are sent to stays as it is.
    fn stop(&mut self) {
        let told = |site: &&Site| site.setup.omega && !site.reals.is_empty();
        let sites = self.sites.iter().zip(0..).filter(|(site, _)| told(site));
        let notices = sites.map(|(_, index)| Output::Notice(Notice::Unwatched(SiteId(index))));
        self.outputs.extend(notices);
    }

    /// Puts a site's next look where it belongs.
    fn look_again(&mut self, site: usize, due: Option<Tick>) {
        let known = &mut self.sites[site].due;
        if *known == due {
            return;
        }
        let number = u32::try_from(site).unwrap_or(u32::MAX);
        if let Some(old) = known.take() {
            self.due.remove(&(old, number));
        }
        *known = due;
        if let Some(due) = due {
            self.due.insert((due, number));
        }
    }

    fn record(&mut self, record: Record) {
        self.outputs.push_back(Output::Record(record));
    }
}

fn site_id(index: usize) -> SiteId {
    SiteId(u32::try_from(index).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests;
