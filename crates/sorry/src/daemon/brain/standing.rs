//! From the engine's view, and what was seen last, to what the admin API says.

use std::collections::BTreeMap;
use std::time::SystemTime;

use sorry_core::engine::{RealView, SiteView, SwitchView, View};
use sorry_core::event::{Act, Drained};
use sorry_core::health::{Health, State};
use sorry_core::moment::{Moment as Now, Tick, Wall};
use sorry_core::order::{Keep, OnOverrun, Order, Phase, What};
use sorry_core::quorum::Held;

use super::explain::Course;
use super::latest::{Latest, Total};
use super::setup::Agreed;
use super::words;
use crate::admin::Moment;
use crate::admin::standing::{
    AskedStanding, CheckStanding, DoubtStanding, LateStanding, OrderStanding, QuorumStanding,
    RealStanding, SiteStanding, Standing, SwitchStanding, TotalStanding, TurnedStanding,
    WaitingStanding, WindowStanding,
};
use crate::config::real_server::{Target, TargetHost};
use crate::config::{Config, Site};

/// All that is known beside the engine.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) config: &'a Config,
    pub(super) agreed: &'a [Agreed],
    pub(super) latest: &'a Latest,
    pub(super) courses: &'a [Course],
    pub(super) unkept: Option<&'a str>,
}

/// How everything stands.
pub(super) fn standing(view: &View<'_>, now: Now, known: Known<'_>) -> Standing {
    let sites = view.sites().zip(&known.config.sites);
    Standing {
        sites: sites
            .map(|(view, site)| self::site(&view, site, now, known))
            .collect(),
        doubt: view.doubt().map(|doubt| DoubtStanding {
            cause: words::cause_label(doubt.cause).to_owned(),
            shown: words::cause(doubt.cause),
            since: moment_of(doubt.since, now),
            until: doubt.until.map(|until| moment_of(until, now)),
        }),
        references: references(known),
        // The thread knows whom it asks.
        peers: Vec::new(),
        open_incidents: BTreeMap::new(),
        // Whoever has the desk of alerts knows them.
        receivers: Vec::new(),
        // And its thread how late probes are.
        late: LateStanding::default(),
        unkept: known.unkept.map(str::to_owned),
    }
}

/// The addresses that must answer. One that is named twice is asked twice, and is up while both are.
fn references(known: Known<'_>) -> Vec<AskedStanding> {
    let references = &known.config.watch.references;
    let each = references.iter().enumerate();
    each.map(|(index, target)| AskedStanding {
        name: shown(target),
        answered: known.latest.has_answered(index),
    })
    .collect()
}

/// As it was typed: one that an echo is asked of has no port.
fn shown(target: &Target) -> String {
    match (target.port, &target.host) {
        (0, TargetHost::Ip(ip)) => ip.to_string(),
        (0, TargetHost::Name(name)) => name.to_string(),
        _ => target.to_string(),
    }
}

/// How one site stands.
pub(super) fn site(view: &SiteView<'_>, site: &Site, now: Now, known: Known<'_>) -> SiteStanding {
    let weights = view.weights();
    let quorum = view.quorum();
    SiteStanding {
        name: view.name().to_owned(),
        route: view.route().label().to_owned(),
        why: view.why().label().to_owned(),
        since: moment(view.since()),
        generation: view.generation(),
        quorum: QuorumStanding {
            at_least: quorum.at_least,
            hysteresis: quorum.hysteresis,
            held: view.held() == Held::Enough,
            up: weights.up,
            unknown: weights.unknown,
            down: weights.down,
        },
        order: view.order().map(|order| self::order(order, now.wall)),
        flaps: view.flaps(),
        turned: known
            .courses
            .get(view.id.0 as usize)
            .map_or_else(TurnedStanding::default, Course::turned),
        steady_until: view.steady_until().map(|until| moment_of(until, now)),
        remaining_seconds: view.remaining().map(|left| left.as_secs()),
        real_servers: view.reals().map(|real| self::real(&real, known)).collect(),
        switches: view
            .switches()
            .map(|switch| self::switch(&switch))
            .collect(),
        windows: windows(view, site, now.wall, known.agreed),
    }
}

fn order(order: &Order, now: Wall) -> OrderStanding {
    let (what, keep) = match order.what {
        What::Maintenance(keep) => ("maintenance", keep),
        What::Live => ("live", Keep::Stale),
    };
    OrderStanding {
        what: what.to_owned(),
        given: moment(order.given),
        until: order.until.map(moment),
        overrun: matches!(order.phase(now), Phase::Overrun(_)),
        on_overrun: match order.on_overrun {
            OnOverrun::Hold => "hold",
            OnOverrun::Return => "return",
        }
        .to_owned(),
        keep: match keep {
            Keep::Stale => "stale",
            Keep::Nothing => "nothing",
        }
        .to_owned(),
        by: order.by.to_string(),
        reason: order.reason.as_deref().map(str::to_owned),
        said: order.said.as_ref().map(|said| said.as_str().to_owned()),
    }
}

fn real(view: &RealView<'_>, known: Known<'_>) -> RealStanding {
    let seen = known.latest.real(view.id);
    let none = Total::default();
    let checks = view.checks().enumerate().map(|(at, (setup, health))| {
        let thresholds = setup.thresholds;
        let check = check(&setup.name, health);
        let total = seen.and_then(|seen| seen.totals.get(at)).unwrap_or(&none);
        let check = CheckStanding {
            rise: thresholds.rise.get(),
            fall: thresholds.fall.get(),
            total: total.counts,
            failures: failures(total),
            certificate_until: total.expires.map(moment_of_clock),
            ..check
        };
        match seen.and_then(|seen| seen.checks.get(at)?.as_ref()) {
            None => check,
            Some(seen) => CheckStanding {
                detail: seen.detail.as_str().to_owned(),
                rtt_us: Some(u64::try_from(seen.took.as_micros()).unwrap_or(u64::MAX)),
                at: Some(moment(seen.at)),
                ..check
            },
        }
    });
    RealStanding {
        name: view.name().to_owned(),
        weight: view.weight(),
        state: state(view.state()).to_owned(),
        believed: state(view.believed()).to_owned(),
        drained: view.drained() == Drained::Yes,
        since: view.since().map(moment),
        checks: checks.collect(),
    }
}

fn failures(total: &Total) -> BTreeMap<String, u64> {
    let each = total.failures.iter();
    each.map(|(reason, times)| (reason.label().to_owned(), *times))
        .collect()
}

fn check(kind: &str, health: &Health) -> CheckStanding {
    let (good, bad) = health.counts();
    let history = health.history();
    CheckStanding {
        kind: kind.to_owned(),
        state: state(health.state()).to_owned(),
        history: history
            .iter()
            .map(|good| if good { '1' } else { '0' })
            .collect(),
        reason: health.last().label().to_owned(),
        detail: String::new(),
        rtt_us: None,
        at: None,
        good,
        bad,
        rise: 1,
        fall: 1,
        total: TotalStanding::default(),
        failures: BTreeMap::new(),
        certificate_until: None,
    }
}

fn switch(view: &SwitchView<'_>) -> SwitchStanding {
    SwitchStanding {
        name: view.name().to_owned(),
        act: match view.act() {
            Act::Observe => "observe",
            Act::Ask => "ask",
            Act::Act => "act",
        }
        .to_owned(),
        told: view.told().map(|route| route.label().to_owned()),
        confirmed: view.has_confirmed(),
        failures: view.failures(),
        waiting: view.waiting().map(|(to, generation)| WaitingStanding {
            to: to.label().to_owned(),
            generation,
        }),
    }
}

/// Configured and agreed ones, the next to open first, and those that never open again last. Of one that an operator has ended the
/// next opening counts.
fn windows(view: &SiteView<'_>, site: &Site, now: Wall, agreed: &[Agreed]) -> Vec<WindowStanding> {
    let agreed = agreed.iter().filter(|agreed| agreed.site == site.name);
    let agreed = agreed.map(|agreed| (&agreed.window, "scheduled"));
    let all = site.windows.iter().map(|window| (window, "configured"));
    let mut all: Vec<_> = all
        .chain(agreed)
        .map(|(window, origin)| {
            let open = view.open(&window.name);
            let ended = open.is_some_and(|open| open.ended);
            let open = open.filter(|open| !open.ended).map(|open| open.span);
            let shown = open.or_else(|| window.when.next(now));
            WindowStanding {
                name: window.name.to_string(),
                when: window.shown.to_string(),
                origin: origin.to_owned(),
                opens: shown.map(|span| moment(span.start)),
                closes: shown.map(|span| moment(span.end)),
                open: open.is_some(),
                ended_early: ended,
                said: window.say.as_ref().map(|said| said.as_str().to_owned()),
            }
        })
        .collect();
    all.sort_by_key(|window| window.opens.map_or(u64::MAX, |opens| opens.0));
    all
}

fn state(state: State) -> &'static str {
    words::state(state)
}

/// A moment of the wall's clock as it travels.
pub(super) fn moment(wall: Wall) -> Moment {
    Moment(wall.0 / 1000)
}

/// The same of a time that somebody else has named.
fn moment_of_clock(time: SystemTime) -> Moment {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    Moment(since.unwrap_or_default().as_secs())
}

/// What the wall's clock shows at a moment of the steady one, if nobody sets it.
pub(super) fn moment_of(tick: Tick, now: Now) -> Moment {
    let wall = match tick >= now.tick {
        true => now.wall.0.saturating_add(tick.0 - now.tick.0),
        false => now.wall.0.saturating_sub(now.tick.0 - tick.0),
    };
    moment(Wall(wall))
}
