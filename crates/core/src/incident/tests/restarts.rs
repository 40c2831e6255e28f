//! A new process knows what is open, and makes it one with what is so.

use expect_test::expect;

use super::stage::{SHOP, Stage, down, maintenance, ordered, real, turned, up};
use crate::engine::Engine;
use crate::event::{Input, Notice, Output, Record, Why};
use crate::health::{Reason, State};
use crate::incident::What;
use crate::moment::{Moment, Tick, Wall};
use crate::order::{self, OnOverrun, Order};
use crate::quorum::Held;
use crate::site::Route;

#[test]
fn what_was_open_ends_with_its_true_beginning_and_numbers_grow() {
    let mut stage = Stage::new();
    stage.later(10).hear(&[down(SHOP)]);
    stage.incidents = stage.remembered();
    stage.later(50).hear(&[up(SHOP)]).hear(&[down(SHOP)]);
    let told: Vec<_> = stage
        .told
        .iter()
        .map(|telling| (telling.incident, telling.lasted().as_secs()))
        .collect();
    assert_eq!(told, [(1, 0), (1, 50), (2, 0)]);
}

/// An engine that remembers these, and the tellings of a stage that is made one with it.
fn reconciled(stage: &mut Stage, records: Vec<Record>) -> String {
    stage.told.clear();
    let now = Moment {
        tick: Tick(stage.now.0),
        wall: stage.now,
    };
    let mut engine = Engine::new(stage.setup.clone(), now);
    for record in records {
        engine.handle(now, Input::Remembered(record));
    }
    stage
        .incidents
        .reconcile(&engine.view(now), &stage.setup, stage.now);
    while let Some(telling) = stage.incidents.pop() {
        stage.told.push(telling);
    }
    let lines = stage.lines();
    stage
        .incidents
        .reconcile(&engine.view(now), &stage.setup, stage.now);
    assert_eq!(
        stage.incidents.pop(),
        None,
        "the second time nothing differs"
    );
    lines
}

fn route(route: Route, why: Why) -> Record {
    Record::Route {
        site: "shop".into(),
        route,
        why,
        generation: 9,
        since: Wall(7000),
        held: match route {
            Route::Live => Held::Enough,
            Route::Sorry => Held::TooFew,
        },
        flaps: 0,
    }
}

#[test]
fn news_that_a_crash_has_swallowed_are_told_by_the_next_process() {
    let sorry = || route(Route::Sorry, Why::NoQuorum);
    let live = || route(Route::Live, Why::Quorum);
    let mut stage = Stage::new();
    stage.later(10);
    expect![[r#"
        10 firing outage/shop/1 Everybody Down(Weights { up: 0, unknown: 2, down: 0 }, [])
    "#]]
    .assert_eq(&reconciled(&mut stage, vec![sorry()]));
    expect![[""]].assert_eq(&reconciled(&mut stage, vec![sorry()]));
    expect![[r#"
        10 resolved outage/shop/1 Everybody Up
    "#]]
    .assert_eq(&reconciled(&mut stage, vec![live()]));
}

#[test]
fn a_site_that_flaps_is_quiet_through_a_restart_and_told_when_it_is_steady() {
    let mut stage = Stage::new();
    let flaps = Output::Notice(Notice::Flaps(SHOP, 2));
    stage.hear(&[down(SHOP), flaps]).later(10);
    let live = route(Route::Live, Why::Quorum);
    let sorry = route(Route::Sorry, Why::NoQuorum);
    expect![[r#"
        10 note outage/shop/1 Nobody Returned
    "#]]
    .assert_eq(&reconciled(&mut stage, vec![live.clone()]));
    expect![[r#"
        10 note outage/shop/1 Nobody FellAgain
    "#]]
    .assert_eq(&reconciled(&mut stage, vec![sorry]));
    expect![[r#"
        10 note outage/shop/1 Nobody Returned
    "#]]
    .assert_eq(&reconciled(&mut stage, vec![live]));
    stage.incidents.look(&stage.setup, Wall(310_000));
    let steady = stage.incidents.pop().map(|telling| telling.what);
    assert_eq!(steady, Some(What::Steady(3)));
}

#[test]
fn orders_and_real_servers_and_doubt_are_made_one_too() {
    let mut stage = Stage::new();
    let order = maintenance("uid 0", 3600, OnOverrun::Hold);
    stage.hear(&[real(0, State::Down, Reason::Refused)]);
    stage.notice(Notice::Doubt(crate::doubt::Cause::References));
    stage.later(10);
    let given = Record::Order {
        site: "shop".into(),
        order: Some(order.clone()),
        ended: Box::default(),
    };
    let up = Record::Real {
        site: "shop".into(),
        real: "shop-1".into(),
        state: State::Up,
        since: Some(Wall(5)),
    };
    let records = vec![given, up, route(Route::Sorry, Why::Ordered)];
    expect![[r#"
        10 resolved doubt/all/2 Everybody Believed
        10 note maintenance/shop/3 Nobody Ordered { until: Some(Wall(3600000)), returns: false } by=uid 0 planned
        10 resolved real-server/shop/1 OfReals RealUp about=shop-1
    "#]].assert_eq(&reconciled(&mut stage, records));
    expect![[r#"
        10 note maintenance/shop/3 Nobody Lifted(Summary { overrun: 0ns, reals_down: 0 }) by=uid 0 planned
    "#]].assert_eq(&reconciled(&mut stage, vec![]));
}

/// Seed 639 of the world, once: the two orders were alike but for what they ordered.
#[test]
fn after_a_crash_a_maintenance_does_not_pass_for_a_forced_live() {
    let mut stage = Stage::new();
    let order = maintenance("uid 0", 3600, OnOverrun::Hold);
    stage.hear(&[ordered(Some(order.clone()))]);
    let live = Record::Order {
        site: "shop".into(),
        order: Some(Order {
            what: order::What::Live,
            ..order
        }),
        ended: Box::default(),
    };
    expect![[r#"
        0 note maintenance/shop/1 Nobody Lifted(Summary { overrun: 0ns, reals_down: 0 }) by=uid 0 planned
        0 note forced-live/shop/2 Nobody Ordered { until: Some(Wall(3600000)), returns: false } by=uid 0 planned
    "#]].assert_eq(&reconciled(&mut stage, vec![live]));
}

#[test]
fn what_is_no_longer_configured_is_over() {
    let mut stage = Stage::new();
    stage.hear(&[real(1, State::Down, Reason::Refused), down(SHOP)]);
    stage.hear(&[
        Output::Notice(Notice::Failed(super::stage::switch(SHOP, 0), 1)),
        turned(SHOP, Route::Live, Why::Ordered),
    ]);
    stage.notice(Notice::Failed(super::stage::switch(SHOP, 0), 2));
    stage.hear(&[ordered(None), up(SHOP), down(SHOP)]);
    stage.setup.sites[0].reals.pop();
    stage.setup.sites[0].switches.clear();
    expect![[r#"
        0 resolved switch/shop/3 Everybody Gone about=ipvs
        0 resolved real-server/shop/1 OfReals Gone about=shop-2
    "#]]
    .assert_eq(&reconciled(
        &mut stage,
        vec![route(Route::Sorry, Why::NoQuorum)],
    ));
    stage.setup.sites.remove(0);
    expect![[r#"
        0 resolved outage/shop/4 Everybody Gone
    "#]]
    .assert_eq(&reconciled(&mut stage, vec![]));
}

/// What is quiet until it is steady is no louder for a new process.
#[test]
fn a_real_server_that_flaps_goes_on_flapping() {
    let up = || Record::Real {
        site: "shop".into(),
        real: "shop-1".into(),
        state: State::Up,
        since: None,
    };
    let told = |turns: u64| {
        let mut stage = Stage::new();
        for turn in 0..turns {
            let output = match turn % 2 {
                0 => real(0, State::Down, Reason::Refused),
                _ => real(0, State::Up, Reason::Ok),
            };
            stage.later(10).hear(&[output]);
        }
        stage.incidents = stage.remembered();
        reconciled(&mut stage, vec![up()])
    };
    expect![[r#""#]].assert_eq(&told(6));
    expect![[r#"
        70 note real-server/shop/3 Nobody Returned about=shop-1
    "#]]
    .assert_eq(&told(7));
}

#[test]
fn whoever_watches_again_says_so() {
    let mut stage = Stage::new();
    stage.notice(Notice::Unwatched(SHOP)).step();
    stage.later(10);
    stage.incidents = stage.remembered();
    expect![[r#"
        10 resolved doubt/shop/1 Everybody Watched
    "#]]
    .assert_eq(&reconciled(&mut stage, Vec::new()));
}
