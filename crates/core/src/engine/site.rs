//! One site as the engine keeps it: what is believed of it, what is in force, where its visitors go. The wish follows from
//! these and from the time; nothing here makes an output.

use std::ops::Range;
use std::sync::Arc;

use super::real::Real;
use super::switch::Switch;
use crate::damping::Flaps;
use crate::event::{Beginning, Drained, RealId, RealWanted, SiteSetup, Wanted, Why, WindowSetup};
use crate::health::State;
use crate::moment::{Moment, Tick, Wall};
use crate::order::{Milestone, Order, Phase, What};
use crate::outages::Outages;
use crate::quorum::{Held, Quorum, Weights, judge};
use crate::said::Said;
use crate::site::Route;
use crate::window::Span;

/// The clock on the wall may be set; so an appointment is looked at again at least so often, in milliseconds.
const LOOK_AGAIN: u64 = 10_000;

/// See the file's header.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) setup: SiteSetup,
    /// Its real servers among all.
    pub(super) reals: Range<usize>,
    pub(super) weights: Weights,
    /// What it needs, as far as those can reach it that are not drained.
    pub(super) needs: Quorum,
    pub(super) held: Held,
    /// Since when it is `Held::Enough`.
    pub(super) regained: Tick,
    pub(super) order: Option<Order>,
    pub(super) told: Milestone,
    /// What visitors are told while nobody has ordered anything.
    pub(super) said: Option<Said>,
    /// Windows that an operator has ended before their time.
    pub(super) ended: Box<[Beginning]>,
    /// Beginnings of windows that were announced and are to come.
    pub(super) announced: Box<[Beginning]>,
    pub(super) route: Route,
    pub(super) why: Why,
    /// It was somebody's word that turned it last.
    pub(super) by_order: bool,
    pub(super) since: Tick,
    pub(super) since_wall: Wall,
    pub(super) generation: u64,
    pub(super) flaps: Flaps,
    /// That it fell was never true, so it goes back without waiting.
    pub(super) taken_back: bool,
    /// An operator has drained what it lacks: that is somebody's word, and nothing to damp, neither there nor back.
    pub(super) by_drain: bool,
    /// It has come back by its health before, so that going down again soon is flapping.
    pub(super) returned: bool,
    /// Since when too few of its real servers have worked.
    pub(super) struck: Option<Wall>,
    pub(super) outages: Outages,
    /// Doubt ended by time alone, and what was seen in it is believed because it has to be.
    pub(super) unsure: bool,
    /// What peers said last.
    pub(super) peers: Vec<(u32, Held)>,
    pub(super) switches: Vec<Switch>,
    /// Its switches are to be told, whether it turns or not.
    pub(super) to_publish: bool,
    /// When it is looked at again.
    pub(super) due: Option<Tick>,
}

/// Where visitors should go, why, and until when nothing but an input can change that.
pub(super) struct Wish {
    pub(super) route: Route,
    pub(super) why: Why,
    pub(super) until: Option<Tick>,
}

impl Site {
    pub(super) fn new(setup: SiteSetup, reals: Range<usize>, now: Moment) -> Site {
        let switches = setup.switches.iter().cloned().map(Switch::new).collect();
        Site {
            reals,
            weights: Weights::default(),
            needs: setup.quorum,
            held: Held::Enough,
            regained: now.tick,
            order: None,
            told: Milestone::Begun,
            said: None,
            ended: Box::default(),
            announced: Box::default(),
            route: Route::Live,
            why: Why::Beginning,
            by_order: false,
            since: now.tick,
            since_wall: now.wall,
            generation: 0,
            flaps: Flaps::default(),
            taken_back: false,
            by_drain: false,
            returned: false,
            struck: None,
            outages: Outages::default(),
            unsure: false,
            peers: Vec::new(),
            switches,
            to_publish: false,
            due: None,
            setup,
        }
    }

    /// Adds up what is believed of its real servers; those that are drained do not count.
    pub(super) fn weigh(&mut self, reals: &[Real]) {
        self.weights = Weights::default();
        let mut reach = 0_u32;
        for real in &reals[self.reals.clone()] {
            if real.drained == Drained::No {
                self.weights.add(real.believed, real.believed_weight);
                reach = reach.saturating_add(real.setup.weight);
            }
        }
        self.needs = self.setup.quorum.possible(reach);
    }

    /// Draws the conclusion from the weights.
    pub(super) fn conclude(&mut self, now: Moment) {
        let held = match self.reals.is_empty() {
            true => Held::Enough,
            false => judge(self.held, &self.weights, self.needs),
        };
        if held == self.held {
            return;
        }
        self.held = held;
        match held {
            Held::Enough => {
                self.regained = now.tick;
                self.unsure = false;
            }
            Held::TooFew => self.struck = self.struck.or(Some(now.wall)),
        }
    }

    /// What an order in force, or else health, says.
    pub(super) fn wish(&self, now: Moment) -> Wish {
        let Some(order) = &self.order else {
            return self.wish_of_health(now);
        };
        let route = match order.what {
            What::Maintenance(_) => Route::Sorry,
            What::Live => Route::Live,
        };
        let why = match order.phase(now.wall) {
            Phase::Overrun(_) => Why::Overrun,
            Phase::Running(_) | Phase::Ended => Why::Ordered,
        };
        Wish {
            route,
            why,
            until: None,
        }
    }

    pub(super) fn wish_of_health(&self, now: Moment) -> Wish {
        let wish = |route, why, until| Wish { route, why, until };
        if self.reals.is_empty() {
            return wish(Route::Live, Why::Unwatched, None);
        }
        let damping = &self.setup.damping;
        let earliest = match self.why {
            // An order has ended, or nothing was seen before: there is nothing to damp.
            Why::Ordered | Why::Overrun | Why::Beginning | Why::Unwatched => now.tick,
            _ if self.taken_back || self.by_drain => now.tick,
            _ => damping.earliest(self.route, self.since, self.regained, self.flaps),
        };
        let early = (now.tick < earliest).then_some(earliest);
        match (self.held, self.route, early) {
            (Held::Enough, Route::Live, _)
                if self.why == Why::Beginning && self.weights.up == 0 =>
            {
                wish(Route::Live, Why::Beginning, None)
            }
            (Held::Enough, Route::Sorry, Some(_)) => wish(Route::Sorry, Why::HeldDown, early),
            (Held::Enough, ..) => wish(Route::Live, Why::Quorum, None),
            (Held::TooFew, Route::Live, Some(_)) => wish(Route::Live, Why::Dwelling, early),
            (Held::TooFew, ..) => wish(Route::Sorry, Why::NoQuorum, None),
        }
    }

    /// Whether somebody is sure that it should be where it is: nobody has to be to send visitors back.
    pub(super) fn is_sure(&self) -> bool {
        !self.unsure || self.by_order || self.route == Route::Live
    }

    /// A window that is open and not done with, as the order that is in force then.
    pub(super) fn open_window(&self, now: Wall) -> Option<Order> {
        self.setup.windows.iter().find_map(|window| {
            let open = window.window.open(now)?;
            (!self.has_ended(window, &open)).then(|| order_of(window, &open))
        })
    }

    /// Whether an operator has ended this of a window.
    pub(super) fn has_ended(&self, window: &WindowSetup, open: &Span) -> bool {
        let mut ended = self.ended.iter();
        ended.any(|(name, start)| *name == window.name && open.start <= *start)
    }

    /// All that is open now is ended. What was ended before and is not open any more needs no memory.
    pub(super) fn end_windows(&mut self, now: Wall) {
        let open = self.setup.windows.iter().filter_map(|window| {
            let open = window.window.open(now)?;
            Some((window.name.clone(), open.start))
        });
        self.ended = open.collect();
    }

    /// Windows that are to be announced now: their places and when they open.
    pub(super) fn windows_to_announce(&self, now: Wall) -> Vec<(u32, Wall)> {
        let due = |(index, window): (u32, &WindowSetup)| {
            let start = window.window.next(now)?.start;
            let soon = start.since(now) <= window.announce?;
            let mut announced = self.announced.iter();
            let told = announced.any(|(name, told)| *name == window.name && *told == start);
            (soon && !told).then_some((index, start))
        };
        (0..).zip(&self.setup.windows).filter_map(due).collect()
    }

    /// These were announced. What has begun since needs no memory.
    pub(super) fn announce(&mut self, windows: &[(u32, Wall)], now: Wall) {
        let name = |window: u32| Some(self.setup.windows.get(window as usize)?.name.clone());
        let new = windows
            .iter()
            .filter_map(|(window, start)| Some((name(*window)?, *start)));
        let to_come = self.announced.iter().filter(|(_, start)| *start > now);
        self.announced = to_come.cloned().chain(new).collect();
    }

    /// Whether the order that is in force has ended by itself.
    pub(super) fn has_order_ended(&self, now: Wall) -> bool {
        let ended = |order: &Order| order.phase(now) == Phase::Ended;
        self.order.as_ref().is_some_and(ended)
    }

    /// The next appointment by the clock on the wall.
    fn appointment(&self, now: Wall) -> Option<Wall> {
        let order = self.order.as_ref().and_then(|order| order.next_look(now));
        let windows = self.setup.windows.iter().flat_map(|window| {
            let change = window.window.next_change(now);
            let announced = window
                .window
                .next(now)
                .zip(window.announce)
                .map(|(span, before)| {
                    let before = u64::try_from(before.as_millis()).unwrap_or(u64::MAX);
                    Wall(span.start.0.saturating_sub(before))
                });
            [change, announced.filter(|at| *at > now)]
        });
        order.into_iter().chain(windows.flatten()).min()
    }

    /// When it is to be looked at again, whatever happens.
    pub(super) fn next_look(&self, wish: &Wish, now: Moment) -> Option<Tick> {
        let again = Tick(now.tick.0.saturating_add(LOOK_AGAIN));
        let appointment = self
            .appointment(now.wall)
            .map(|at| now.tick_at(at).min(again));
        let retries = self.switches.iter().filter_map(Switch::retry);
        retries.chain(appointment).chain(wish.until).min()
    }

    /// The whole state that is wanted.
    pub(super) fn wanted(&self, reals: &[Real]) -> Wanted {
        let wanted = reals[self.reals.clone()].iter().zip(self.reals.clone());
        let wanted = wanted.map(|(real, index)| RealWanted {
            real: RealId(u32::try_from(index).unwrap_or(u32::MAX)),
            weight: match (real.believed, real.drained) {
                (State::Down, _) | (_, Drained::Yes) => 0,
                (State::Up | State::Unknown, Drained::No) => real.believed_weight,
            },
        });
        Wanted {
            route: self.route,
            reals: wanted.collect::<Arc<[_]>>(),
        }
    }

    /// How many peers believe that too few work.
    pub(super) fn agreeing(&self) -> usize {
        self.peers
            .iter()
            .filter(|(_, held)| *held == Held::TooFew)
            .count()
    }
}

/// What an order of a window becomes of its times.
fn order_of(window: &WindowSetup, open: &Span) -> Order {
    Order {
        given: open.start,
        counted: open.start,
        until: Some(open.end),
        ..window.order.clone()
    }
}
