//! Why a site is where it is: the chain of reasons, as values. Whoever shows it finds the words and the times of day.

use super::view::{SiteView, SwitchView};
use crate::doubt::Doubt;
use crate::event::{Act, Drained, Why};
use crate::health::{Reason, State};
use crate::moment::{Tick, Wall};
use crate::order::{Order, Phase};
use crate::quorum::{Held, Quorum, Weights};
use crate::site::Route;

/// One link of the chain, and how deep it stands below the conclusion: each is so because of those that follow it deeper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link<'a> {
    /// 0 is the conclusion.
    pub depth: u8,
    /// What is so.
    pub fact: Fact<'a>,
}

/// What is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<'a> {
    /// Visitors are sent there, since then, for that reason.
    Routed {
        /// Where to.
        route: Route,
        /// Why.
        why: Why,
        /// Since when.
        since: Wall,
        /// Whether no switch has failed to send them there.
        is_done: bool,
    },
    /// A window is open until then, and an operator has ended it.
    WindowEnded(&'a str, Wall),
    /// Somebody has ordered it.
    Order(&'a Order, Phase),
    /// Without the order it would be sent there, for that reason.
    Otherwise(Route, Why),
    /// Health says otherwise, and may not turn it before.
    Steady {
        /// Where health would send it.
        to: Route,
        /// Before when it may not.
        until: Tick,
        /// Returns in a row that did not last.
        flaps: u8,
    },
    /// What is seen is not believed.
    Doubt(Doubt),
    /// Doubt has ended by time alone: what is seen is believed because it has to be.
    Unsure,
    /// Whether enough work, by the sums of weights.
    Quorum {
        /// Whether.
        held: Held,
        /// What was asked for, made possible.
        quorum: Quorum,
        /// The sums.
        weights: Weights,
    },
    /// Nothing is watched, so nothing but an order turns it.
    Unwatched,
    /// A real server.
    Real {
        /// Its name.
        name: &'a str,
        /// Its weight.
        weight: u32,
        /// What its checks come to.
        state: State,
        /// What is decided from.
        believed: State,
        /// Whether it is drained.
        drained: Drained,
    },
    /// One of its checks, where that says something else than that all is well.
    Check {
        /// Its name.
        name: &'a str,
        /// What it says.
        state: State,
        /// Its last result.
        last: Reason,
        /// Good results in a row, and how many bring it up.
        good: (u16, u16),
        /// Bad ones that are not forgiven, and how many take it down.
        bad: (u16, u16),
    },
    /// A switch that is not where the site is, or has not said so.
    Switch {
        /// Its name.
        name: &'a str,
        /// What it may do by itself.
        act: Act,
        /// Where it was told to send visitors.
        told: Option<Route>,
        /// What it waits to be allowed.
        waiting: Option<Route>,
        /// Failures in a row.
        failures: u32,
    },
}

impl<'a> SiteView<'a> {
    /// The whole chain, the conclusion first.
    pub fn chain(&self) -> Vec<Link<'a>> {
        let mut chain = Chain(Vec::new());
        chain.add(
            0,
            Fact::Routed {
                route: self.route(),
                why: self.why(),
                since: self.since(),
                is_done: self.switches().all(|switch| switch.failures() == 0),
            },
        );
        let depth = self.explain_order(&mut chain);
        self.explain_damping(&mut chain, depth);
        self.explain_health(&mut chain, depth);
        for switch in self.switches() {
            self.explain_switch(&mut chain, &switch);
        }
        chain.0
    }

    /// An order comes before all else; what health says stands below it then. Gives the depth that goes on.
    fn explain_order(&self, chain: &mut Chain<'a>) -> u8 {
        for (window, open) in self.open_windows().filter(|(_, open)| open.ended) {
            chain.add(1, Fact::WindowEnded(window, open.span.end));
        }
        let Some(order) = self.order() else {
            return 1;
        };
        chain.add(1, Fact::Order(order, order.phase(self.now().wall)));
        let (route, why) = self.by_health();
        chain.add(1, Fact::Otherwise(route, why));
        2
    }

    fn explain_damping(&self, chain: &mut Chain<'a>, depth: u8) {
        let to = match self.why() {
            Why::HeldDown => Route::Live,
            Why::Dwelling => Route::Sorry,
            _ => return,
        };
        if let Some(until) = self.steady_until() {
            chain.add(
                depth,
                Fact::Steady {
                    to,
                    until,
                    flaps: self.flaps(),
                },
            );
        }
    }

    fn explain_health(&self, chain: &mut Chain<'a>, depth: u8) {
        if let Some(doubt) = self.doubt() {
            chain.add(depth, Fact::Doubt(*doubt));
        }
        if self.is_unsure() {
            chain.add(depth, Fact::Unsure);
        }
        if self.reals().next().is_none() {
            return chain.add(depth, Fact::Unwatched);
        }
        chain.add(
            depth,
            Fact::Quorum {
                held: self.held(),
                quorum: self.quorum(),
                weights: self.weights(),
            },
        );
        for real in self.reals() {
            chain.add(
                depth + 1,
                Fact::Real {
                    name: real.name(),
                    weight: real.weight(),
                    state: real.state(),
                    believed: real.believed(),
                    drained: real.drained(),
                },
            );
            for (check, health) in real.checks() {
                let (good, bad) = health.counts();
                if health.state() == State::Up && bad == 0 {
                    continue;
                }
                chain.add(
                    depth + 2,
                    Fact::Check {
                        name: &check.name,
                        state: health.state(),
                        last: health.last(),
                        good: (good, check.thresholds.rise.get()),
                        bad: (bad, check.thresholds.fall.get()),
                    },
                );
            }
        }
    }

    fn explain_switch(&self, chain: &mut Chain<'a>, switch: &SwitchView<'a>) {
        if switch.told() == Some(self.route()) && switch.has_confirmed() {
            return;
        }
        chain.add(
            1,
            Fact::Switch {
                name: switch.name(),
                act: switch.act(),
                told: switch.told(),
                waiting: switch.waiting().map(|(route, _)| route),
                failures: switch.failures(),
            },
        );
    }
}

struct Chain<'a>(Vec<Link<'a>>);

impl<'a> Chain<'a> {
    fn add(&mut self, depth: u8, fact: Fact<'a>) {
        self.0.push(Link { depth, fact });
    }
}
