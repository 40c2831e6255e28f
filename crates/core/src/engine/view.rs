//! All that status, explain, a dashboard and metrics need, borrowed from the engine.

use std::time::Duration;

use super::real::Real;
use super::site::Site;
use super::switch::Switch;
use super::{Engine, site_id};
use crate::doubt::Doubt;
use crate::event::{Act, CheckSetup, Drained, Epoch, RealId, SiteId, Why};
use crate::health::{Health, State};
use crate::moment::{Moment, Tick, Wall};
use crate::order::Order;
use crate::quorum::{Held, Quorum, Weights};
use crate::said::Said;
use crate::site::Route;
use crate::window::Span;

/// See the file's header.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    engine: &'a Engine,
    now: Moment,
}

/// One site.
#[derive(Debug, Clone, Copy)]
pub struct SiteView<'a> {
    site: &'a Site,
    engine: &'a Engine,
    now: Moment,
    /// Which.
    pub id: SiteId,
}

/// One real server.
#[derive(Debug, Clone, Copy)]
pub struct RealView<'a> {
    real: &'a Real,
    /// Which.
    pub id: RealId,
}

/// A window that is open by its own times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// From when until when.
    pub span: Span,
    /// An operator has ended it before its time.
    pub ended: bool,
}

/// One switch.
#[derive(Debug, Clone, Copy)]
pub struct SwitchView<'a> {
    switch: &'a Switch,
}

impl Engine {
    /// How everything stands.
    pub fn view(&self, now: Moment) -> View<'_> {
        View { engine: self, now }
    }
}

impl<'a> View<'a> {
    /// The configuration that is in force.
    pub fn epoch(&self) -> Epoch {
        self.engine.epoch
    }

    /// The doubt that there is.
    pub fn doubt(&self) -> Option<&'a Doubt> {
        self.engine.doubts.doubt()
    }

    /// All sites, in their order.
    pub fn sites(&self) -> impl Iterator<Item = SiteView<'a>> + use<'a> {
        let (engine, now) = (self.engine, self.now);
        engine
            .sites
            .iter()
            .enumerate()
            .map(move |(index, site)| SiteView {
                site,
                engine,
                now,
                id: site_id(index),
            })
    }

    /// One site.
    pub fn site(&self, id: SiteId) -> Option<SiteView<'a>> {
        self.sites().nth(id.0 as usize)
    }
}

impl<'a> SiteView<'a> {
    /// Its name.
    pub fn name(&self) -> &'a str {
        &self.site.setup.name
    }

    /// Where its visitors are sent.
    pub fn route(&self) -> Route {
        self.site.route
    }

    /// Why.
    pub fn why(&self) -> Why {
        self.site.why
    }

    /// Since when.
    pub fn since(&self) -> Wall {
        self.site.since_wall
    }

    /// The number of what is wanted.
    pub fn generation(&self) -> u64 {
        self.site.generation
    }

    /// What is believed of it.
    pub fn held(&self) -> Held {
        self.site.held
    }

    /// What its real servers come to.
    pub fn weights(&self) -> Weights {
        self.site.weights
    }

    /// Doubt ended by time alone, and what is seen is believed because it has to be.
    pub fn is_unsure(&self) -> bool {
        self.site.unsure
    }

    /// What is in force.
    pub fn order(&self) -> Option<&'a Order> {
        self.site.order.as_ref()
    }

    /// What it needs: as configured, as far as its real servers can reach it.
    pub fn quorum(&self) -> Quorum {
        self.site.needs
    }

    /// The doubt that there is.
    pub fn doubt(&self) -> Option<&'a Doubt> {
        self.engine.doubts.doubt()
    }

    /// The moment of the view.
    pub(super) fn now(&self) -> Moment {
        self.now
    }

    /// Where it would be sent if nobody had ordered anything, and why.
    pub fn by_health(&self) -> (Route, Why) {
        let wish = self.site.wish_of_health(self.now);
        (wish.route, wish.why)
    }

    /// What visitors are told now: by the order in force, where that says something, else of the outage.
    pub fn said(&self) -> Option<&'a Said> {
        let order = self.site.order.as_ref();
        order
            .and_then(|order| order.said.as_ref())
            .or(self.site.said.as_ref())
    }

    /// What of a window is open now, whether it is in force or not.
    pub fn open(&self, window: &str) -> Option<Open> {
        let mut windows = self.site.setup.windows.iter();
        let window = windows.find(|known| *known.name == *window)?;
        let span = window.window.open(self.now.wall)?;
        Some(Open {
            span,
            ended: self.site.has_ended(window, &span),
        })
    }

    /// The windows that are open, whether they are in force or not.
    pub fn open_windows(&self) -> impl Iterator<Item = (&'a str, Open)> + use<'a> {
        let view = *self;
        let windows = self.site.setup.windows.iter();
        windows.filter_map(move |window| Some((&*window.name, view.open(&window.name)?)))
    }

    /// Returns in a row that did not last.
    pub fn flaps(&self) -> u8 {
        self.site.flaps.count()
    }

    /// Before when health may not turn it.
    pub fn steady_until(&self) -> Option<Tick> {
        self.site.wish(self.now).until
    }

    /// What is left of its outage as far as anybody knows: until the order's time, else as past ones went. Nothing where it is live.
    pub fn remaining(&self) -> Option<Duration> {
        if self.site.route == Route::Live {
            return None;
        }
        let until = self.site.order.as_ref().and_then(|order| order.until);
        if let Some(until) = until.filter(|until| *until > self.now.wall) {
            return Some(until.since(self.now.wall));
        }
        let so_far = self.now.wall.since(self.site.struck?);
        self.site.outages.remaining(so_far)
    }

    /// Its real servers, in their order.
    pub fn reals(&self) -> impl Iterator<Item = RealView<'a>> + use<'a> {
        let range = self.site.reals.clone();
        let reals = &self.engine.reals[range.clone()];
        reals.iter().zip(range).map(|(real, index)| RealView {
            real,
            id: RealId(u32::try_from(index).unwrap_or(u32::MAX)),
        })
    }

    /// Its switches, in their order.
    pub fn switches(&self) -> impl Iterator<Item = SwitchView<'a>> + use<'a> {
        self.site
            .switches
            .iter()
            .map(|switch| SwitchView { switch })
    }
}

impl<'a> RealView<'a> {
    /// Its name.
    pub fn name(&self) -> &'a str {
        &self.real.setup.name
    }

    /// Its weight: as configured, or as a check says.
    pub fn weight(&self) -> u32 {
        self.real.weight
    }

    /// What its checks come to.
    pub fn state(&self) -> State {
        self.real.state
    }

    /// Since when; nobody knows before it has changed.
    pub fn since(&self) -> Option<Wall> {
        self.real.since
    }

    /// What decisions are made from: the same, but for what is doubted.
    pub fn believed(&self) -> State {
        self.real.believed
    }

    /// Its checks, in their order: name, thresholds, what is known by it.
    pub fn checks(&self) -> impl Iterator<Item = (&'a CheckSetup, &'a Health)> + use<'a> {
        self.real.setup.checks.iter().zip(self.real.healths())
    }

    /// Whether it is drained.
    pub fn drained(&self) -> Drained {
        self.real.drained
    }
}

impl<'a> SwitchView<'a> {
    /// Its name.
    pub fn name(&self) -> &'a str {
        &self.switch.setup.name
    }

    /// What it may do by itself.
    pub fn act(&self) -> Act {
        self.switch.setup.act
    }

    /// Where it was told to send visitors.
    pub fn told(&self) -> Option<Route> {
        self.switch.route()
    }

    /// Whether it has confirmed what it was told last.
    pub fn has_confirmed(&self) -> bool {
        self.switch.told > 0 && self.switch.applied == self.switch.told
    }

    /// Failures in a row.
    pub fn failures(&self) -> u32 {
        self.switch.failures
    }

    /// What waits for an operator, or for somebody to be sure: where to, and the number to approve it by.
    pub fn waiting(&self) -> Option<(Route, u64)> {
        self.switch.waiting
    }
}
