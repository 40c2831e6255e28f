//! The chain of reasons: the conclusion first, and below it what it follows from.

use std::time::Duration;

use expect_test::{Expect, expect};

use super::setup::{setup, site};
use super::tables::moment;
use crate::engine::{Engine, Fact};
use crate::event::{Command, Input, RealId, SiteId};
use crate::health::Reason;
use crate::moment::{Moment, Tick, Wall};
use crate::order::{Keep, OnOverrun, Order, What};

fn order() -> Order {
    Order {
        what: What::Maintenance(Keep::Stale),
        given: Wall(1_000),
        counted: Wall(1_000),
        until: Some(Wall(1_000_000)),
        on_overrun: OnOverrun::Hold,
        by: "root".into(),
        reason: None,
        said: None,
    }
}

/// One line a link, with what matters of it.
fn told(engine: &Engine, now: Moment) -> String {
    let view = engine.view(now);
    let site = view.sites().next().unwrap();
    let mut lines = String::new();
    for link in site.chain() {
        let line = match link.fact {
            Fact::Routed {
                route,
                why,
                is_done,
                ..
            } => {
                let failed = if is_done { "" } else { ", failed" };
                format!("{} {}{failed}", route.label(), why.label())
            }
            Fact::WindowEnded(name, until) => format!("{name} ended before {until:?}"),
            Fact::Order(order, phase) => format!("ordered by {}: {phase:?}", order.by),
            Fact::Otherwise(route, why) => format!("else {} {}", route.label(), why.label()),
            Fact::Steady { to, until, flaps } => format!("{to:?} not before {until:?}, {flaps}"),
            Fact::Doubt(doubt) => format!("{:?}", doubt.cause),
            Fact::Unsure => "unsure".to_owned(),
            Fact::Quorum { held, weights, .. } => format!("{held:?} {} up", weights.up),
            Fact::Unwatched => "unwatched".to_owned(),
            Fact::Real { name, state, .. } => format!("{name} {state:?}"),
            Fact::Check {
                name, last, bad, ..
            } => format!("{name} {} {bad:?}", last.label()),
            Fact::Switch { name, told, .. } => format!("switch {name} {told:?}"),
        };
        lines += &format!("{}{line}\n", "  ".repeat(usize::from(link.depth)));
    }
    lines
}

#[test]
fn every_conclusion_has_its_reasons() {
    let now = Moment {
        tick: Tick(0),
        wall: Wall(1_000),
    };
    let mut engine = Engine::new(setup(vec![site("shop", 2)]), now);
    engine.handle(now, Input::Looked);
    let probed = |real, reason| Input::Probed {
        epoch: crate::event::Epoch(0),
        real: RealId(real),
        check: 0,
        reason,
    };
    let steps: [(Vec<Input>, Expect); 4] = [
        (
            vec![probed(0, Reason::Ok), probed(1, Reason::Ok)],
            expect![[r#"
                live quorum
                  Enough 2 up
                    shop-0 Up
                    shop-1 Up
                  switch act Some(Live)
            "#]],
        ),
        (
            vec![
                probed(0, Reason::Refused),
                probed(0, Reason::Refused),
                probed(1, Reason::Status),
            ],
            expect![[r#"
                live quorum
                  Enough 1 up
                    shop-0 Down
                      http refused (2, 2)
                    shop-1 Up
                      http status (1, 2)
                  switch act Some(Live)
            "#]],
        ),
        (
            vec![Input::Ordered {
                epoch: crate::event::Epoch(0),
                site: SiteId(0),
                command: Command::Give(order()),
            }],
            expect![[r#"
                sorry ordered
                  ordered by root: Running(Some(999s))
                  else live quorum
                    Enough 1 up
                      shop-0 Down
                        http refused (2, 2)
                      shop-1 Up
                        http status (1, 2)
                  switch act Some(Sorry)
            "#]],
        ),
        (
            vec![
                probed(1, Reason::Status),
                Input::Ordered {
                    epoch: crate::event::Epoch(0),
                    site: SiteId(0),
                    command: Command::Lift,
                },
            ],
            expect![[r#"
                sorry no-quorum
                  TooFew 0 up
                    shop-0 Down
                      http refused (2, 2)
                    shop-1 Down
                      http status (2, 2)
                  switch act Some(Sorry)
            "#]],
        ),
    ];
    for (inputs, expected) in steps {
        for input in inputs {
            engine.handle(now, input);
        }
        while engine.poll_output().is_some() {}
        expected.assert_eq(&told(&engine, now));
    }
}

/// Seconds, each with its probes: `+` is good, `-` is bad, both twice, as many as change a state.
type Script = &'static [(u64, &'static str)];

/// What a site with one real server says of itself after them.
fn damped(dwell_live: u64, dwell_sorry: u64, script: Script) -> String {
    let mut shop = site("shop", 1);
    shop.switches.clear();
    shop.damping.dwell_live = Duration::from_secs(dwell_live);
    shop.damping.dwell_sorry = Duration::from_secs(dwell_sorry);
    let mut engine = Engine::new(setup(vec![shop]), moment(0));
    engine.handle(moment(0), Input::Looked);
    let mut last = moment(0);
    for (second, probes) in script {
        last = moment(*second);
        engine.handle(last, Input::Looked);
        for probe in probes.chars().flat_map(|probe| [probe; 2]) {
            let reason = match probe {
                '+' => Reason::Ok,
                _ => Reason::Refused,
            };
            let input = Input::Probed {
                epoch: crate::event::Epoch(0),
                real: RealId(0),
                check: 0,
                reason,
            };
            engine.handle(last, input);
        }
        while engine.poll_output().is_some() {}
    }
    told(&engine, last)
}

#[test]
fn whatever_holds_a_site_where_it_is_is_among_the_reasons() {
    let table: [(u64, u64, Script, Expect); 5] = [
        (
            30,
            0,
            &[(0, "+"), (5, "-")],
            expect![[r#"
                live dwelling
                  Sorry not before Tick(30000), 0
                  TooFew 0 up
                    shop-0 Down
                      http refused (2, 2)
            "#]],
        ),
        (
            30,
            0,
            &[(0, "+"), (5, "-"), (30, "")],
            expect![[r#"
                sorry no-quorum
                  TooFew 0 up
                    shop-0 Down
                      http refused (2, 2)
            "#]],
        ),
        (
            0,
            30,
            &[(0, "+"), (5, "-"), (6, "+")],
            expect![[r#"
                sorry held-down
                  Live not before Tick(35000), 0
                  Enough 1 up
                    shop-0 Up
            "#]],
        ),
        (
            0,
            0,
            &[(0, "+"), (200, "-"), (201, "+"), (202, "-"), (203, "+")],
            expect![[r#"
                sorry held-down
                  Live not before Tick(213000), 1
                  Enough 1 up
                    shop-0 Up
            "#]],
        ),
        (
            0,
            0,
            &[
                (0, "+"),
                (200, "-"),
                (201, "+"),
                (202, "-"),
                (203, "+"),
                (213, ""),
            ],
            expect![[r#"
                live quorum
                  Enough 1 up
                    shop-0 Up
            "#]],
        ),
    ];
    for (dwell_live, dwell_sorry, script, expected) in table {
        expected.assert_eq(&damped(dwell_live, dwell_sorry, script));
    }
}
