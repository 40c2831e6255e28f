//! The engine's chain of reasons in words, and what led there.

use std::collections::VecDeque;

use sorry_core::engine::{Fact, SiteView};
use sorry_core::event::{Act, Drained};
use sorry_core::health::State;
use sorry_core::moment::{Moment as Now, Wall};
use sorry_core::order::{Order, Phase, What};
use sorry_core::quorum::{Held, Quorum, Weights};
use sorry_core::site::Route;

use super::standing::{moment, moment_of};
use super::words;
use crate::admin::standing::{Seen, Step, TurnedStanding};

/// Things that happened to one site and are remembered for its explanation.
const REMEMBERED: usize = 32;

/// What has happened to a site lately, the newest last.
#[derive(Debug, Clone, Default)]
pub(super) struct Course {
    events: VecDeque<(Wall, String)>,
    turned: TurnedStanding,
}

impl Course {
    pub(super) fn note(&mut self, at: Wall, what: String) {
        if self.events.len() == REMEMBERED {
            self.events.pop_front();
        }
        self.events.push_back((at, what));
    }

    /// It was sent somewhere.
    pub(super) fn count(&mut self, to: Route) {
        match to {
            Route::Live => self.turned.live += 1,
            Route::Sorry => self.turned.sorry += 1,
        }
    }

    /// How often it was sent where.
    pub(super) fn turned(&self) -> TurnedStanding {
        self.turned
    }

    /// The newest first.
    pub(super) fn told(&self) -> Vec<Seen> {
        let seen = self.events.iter().rev();
        seen.map(|(at, what)| Seen {
            at: moment(*at),
            what: what.clone(),
        })
        .collect()
    }
}

/// The chain in words, the conclusion first.
pub(super) fn steps(site: &SiteView<'_>, now: Now) -> Vec<Step> {
    let chain = site.chain().into_iter();
    chain
        .map(|link| Step {
            depth: link.depth,
            what: fact(&link.fact, &site.weights(), now),
        })
        .collect()
}

fn fact(fact: &Fact<'_>, weights: &Weights, now: Now) -> String {
    match fact {
        Fact::Routed {
            route,
            why,
            since,
            is_done,
        } => format!(
            "visitors {} since {}, because {}",
            sent(*route, *is_done),
            words::at(*since),
            words::why(*why, weights)
        ),
        Fact::WindowEnded(name, until) => format!(
            "the window {name} is open until {}, and an operator has ended it",
            words::at(*until)
        ),
        Fact::Order(order, phase) => ordered(order, *phase),
        Fact::Otherwise(route, why) => format!(
            "without the order they would be {}, because {}",
            match route {
                Route::Live => "sent to the real servers",
                Route::Sorry => "told sorry",
            },
            words::why(*why, weights)
        ),
        Fact::Steady { to, until, flaps } => steady(*to, moment_of(*until, now), *flaps),
        Fact::Doubt(doubt) => format!(
            "what is seen is not believed: {}",
            words::cause(doubt.cause)
        ),
        Fact::Unsure => {
            "doubt ended because it had lasted, so what is seen is believed because it has to be"
                .to_owned()
        }
        Fact::Quorum {
            held,
            quorum,
            weights,
        } => quorum_words(*held, *quorum, weights),
        Fact::Unwatched => "it has no real servers, so nothing but an order turns it".to_owned(),
        Fact::Real {
            name,
            weight,
            state,
            believed,
            drained,
        } => real(name, *weight, *state, *believed, *drained),
        Fact::Check {
            name,
            state,
            last,
            good,
            bad,
        } => check(name, *state, *last, *good, *bad),
        Fact::Switch {
            name,
            act,
            told,
            waiting,
            failures,
        } => switch(name, *act, *told, *waiting, *failures),
    }
}

/// Where a switch has failed nobody knows where they are.
fn sent(route: Route, is_done: bool) -> &'static str {
    match (route, is_done) {
        (Route::Live, true) => "are sent to the real servers",
        (Route::Live, false) => "are to be sent to the real servers",
        (Route::Sorry, true) => "are told sorry",
        (Route::Sorry, false) => "are to be told sorry",
    }
}

fn ordered(order: &Order, phase: Phase) -> String {
    let what = match order.what {
        What::Maintenance(_) => "maintenance",
        What::Live => "that it is live in spite of its health",
    };
    let why = order.reason.as_deref();
    let why = why.map_or_else(String::new, |why| format!(" ({why})"));
    let given = format!(
        "{} ordered {what} at {}{why}",
        order.by,
        words::at(order.given)
    );
    match phase {
        Phase::Running(Some(left)) => format!("{given}; {} are left of it", words::time(left)),
        Phase::Running(None) => format!("{given}, without an end"),
        Phase::Overrun(over) => format!(
            "{given}; its time has been over for {}, and it holds until somebody says `sorry up`",
            words::time(over)
        ),
        Phase::Ended => format!("{given}; it is over"),
    }
}

fn steady(to: Route, until: crate::admin::Moment, flaps: u8) -> String {
    let until = words::at(Wall(until.0.saturating_mul(1000)));
    match (to, flaps) {
        (Route::Live, 0) => {
            format!("it does not come back before {until}: so long it stays once it is down")
        }
        (Route::Live, flaps) => format!(
            "it does not come back before {until}: {flaps} returns in a row did not last, so this one has to prove itself"
        ),
        (Route::Sorry, _) => {
            format!("it does not go down before {until}: so long it stays once it is live")
        }
    }
}

fn quorum_words(held: Held, quorum: Quorum, weights: &Weights) -> String {
    let needs = match quorum.hysteresis {
        0 => format!("{} is needed", quorum.at_least),
        hysteresis => format!(
            "{} is needed to come back, and less than {} is too few",
            quorum.at_least + hysteresis,
            quorum.at_least - hysteresis
        ),
    };
    let has = match held {
        Held::Enough => "it has its quorum",
        Held::TooFew => "it has lost its quorum",
    };
    let unknown = match weights.unknown {
        0 => String::new(),
        unknown => format!(", {unknown} unknown"),
    };
    format!(
        "{has}: by weight {} up, {} down{unknown}; {needs}",
        weights.up, weights.down
    )
}

fn real(name: &str, weight: u32, state: State, believed: State, drained: Drained) -> String {
    let mut told = format!("{name} is {}", words::state(state));
    if believed != state {
        told += &format!(", and is taken to be {}", words::state(believed));
    }
    if weight != 1 {
        told += &format!(", weight {weight}");
    }
    if drained == Drained::Yes {
        told += ", drained";
    }
    told
}

fn check(
    name: &str,
    state: State,
    last: sorry_core::health::Reason,
    good: (u16, u16),
    bad: (u16, u16),
) -> String {
    let reason = words::reason_words(last);
    match state {
        State::Up => format!(
            "its {name} check fails: {reason} ({} of {} that take it down)",
            bad.0, bad.1
        ),
        State::Down if good.0 > 0 => format!(
            "its {name} check is good again ({} of {} that bring it up)",
            good.0, good.1
        ),
        State::Down => format!("its {name} check says down: {reason}"),
        State::Unknown if bad.0 > 0 => {
            format!("its {name} check has said nothing good yet: {reason}")
        }
        State::Unknown => format!("its {name} check has said nothing yet"),
    }
}

fn switch(
    name: &str,
    act: Act,
    told: Option<Route>,
    waiting: Option<Route>,
    failures: u32,
) -> String {
    if let Some(to) = waiting {
        return format!(
            "the switch {name} waits to be allowed to send visitors to {}",
            to.label()
        );
    }
    match (act, told) {
        (Act::Observe, _) => format!("the switch {name} only observes"),
        (_, Some(route)) if failures > 0 => format!(
            "the switch {name} has failed {failures} times to send visitors to {}",
            route.label()
        ),
        (_, Some(route)) => format!(
            "the switch {name} was told {} and has not confirmed it",
            route.label()
        ),
        (_, None) => format!("the switch {name} was told nothing yet"),
    }
}
