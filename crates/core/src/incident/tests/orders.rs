//! Orders and windows.

use expect_test::expect;

use super::stage::{SHOP, Stage, down, maintenance, ordered, real, turned, up};
use crate::event::{Notice, Output, Why};
use crate::health::{Reason, State};
use crate::incident::{History, What};
use crate::moment::Wall;
use crate::order::{self, Milestone, OnOverrun, Order};
use crate::site::Route;

fn milestone(milestone: Milestone) -> Notice {
    Notice::Milestone(SHOP, milestone)
}

fn into_sorry() -> Output {
    turned(SHOP, Route::Sorry, Why::Ordered)
}

const ENDED: Output = Output::Notice(Notice::OrderEnded(SHOP));

#[test]
fn an_ordered_maintenance_that_goes_well_is_silent() {
    let mut stage = Stage::new();
    let order = maintenance("uid 0", 3600, OnOverrun::Hold);
    stage.hear(&[ordered(Some(order)), into_sorry()]);
    stage
        .later(60)
        .hear(&[real(0, State::Down, Reason::Refused)]);
    stage.later(60).hear(&[real(0, State::Up, Reason::Ok)]);
    stage.later(60).hear(&[ordered(None), up(SHOP)]);
    assert_eq!(
        stage
            .lines()
            .lines()
            .filter(|line| !line.contains("Nobody"))
            .count(),
        0
    );
}

#[test]
fn milestones_are_told_and_being_late_fires_until_it_is_over() {
    let mut stage = Stage::new();
    let order = maintenance("uid 0", 1000, OnOverrun::Hold);
    stage.hear(&[ordered(Some(order.clone())), into_sorry()]);
    stage.later(800).notice(milestone(Milestone::AlmostOver));
    stage.later(200).notice(milestone(Milestone::Due(0)));
    stage.later(900).notice(milestone(Milestone::Due(1)));
    // More time: it is not late any more, until it is again.
    let extended = order.extended(std::time::Duration::from_secs(600), stage.now);
    stage.hear(&[ordered(Some(extended))]);
    stage.later(600).notice(milestone(Milestone::Due(0)));
    stage.later(30).hear(&[ordered(None), up(SHOP)]);
    expect![[r#"
        800 note maintenance/shop/1 Everybody AlmostOver(Some(Wall(1000000))) by=uid 0 planned
        1000 firing maintenance/shop/1 Everybody Overrun(0ns) by=uid 0 planned
        1900 update maintenance/shop/1 Everybody Overrun(900s) by=uid 0 planned
        1900 resolved maintenance/shop/1 Everybody Changed { until: Some(Wall(2500000)), returns: false } by=uid 0 planned
        2500 firing maintenance/shop/1 Everybody Overrun(0ns) by=uid 0 planned
        2530 resolved maintenance/shop/1 Everybody Lifted(Summary { overrun: 30s, reals_down: 0 }) by=uid 0 planned
    "#]].assert_eq(&stage.heard());
}

#[test]
fn an_order_that_ends_by_its_time_says_so() {
    let mut stage = Stage::new();
    let order = maintenance("uid 0", 1000, OnOverrun::Return);
    stage.hear(&[ordered(Some(order)), into_sorry()]);
    stage.later(1000).hear(&[ordered(None), ENDED, up(SHOP)]);
    expect![[r#"
        1000 note maintenance/shop/1 Everybody TimeOver(Summary { overrun: 0ns, reals_down: 0 }) by=uid 0 planned
    "#]].assert_eq(&stage.heard());
}

#[test]
fn a_window_is_announced_silent_and_summed_up() {
    let mut stage = Stage::new();
    stage.notice(Notice::Announced(SHOP, 0, Wall(900_000)));
    let order = maintenance("window sunday", 1000, OnOverrun::Return);
    stage.later(900).hear(&[ordered(Some(order)), into_sorry()]);
    stage.later(80).notice(milestone(Milestone::AlmostOver));
    for number in [0, 1, 0] {
        stage.hear(&[real(number, State::Down, Reason::Refused)]);
        stage.later(1).hear(&[real(number, State::Up, Reason::Ok)]);
    }
    stage.later(17).hear(&[ordered(None), ENDED, up(SHOP)]);
    expect![[r#"
        0 note maintenance/shop/1 Everybody Announced(Wall(900000)) about=sunday planned
        1000 note maintenance/shop/2 Everybody TimeOver(Summary { overrun: 0ns, reals_down: 2 }) by=window sunday planned
    "#]].assert_eq(&stage.heard());
}

#[test]
fn an_outage_that_is_left_when_the_order_is_over_is_told() {
    let mut stage = Stage::new();
    let order = maintenance("uid 0", 1000, OnOverrun::Hold);
    stage.hear(&[ordered(Some(order)), into_sorry()]);
    stage.later(9).hear(&[real(0, State::Down, Reason::Status)]);
    let stays = Output::Notice(Notice::StaysDown(SHOP));
    stage.later(1).hear(&[ordered(None), stays]);
    stage.later(10).hear(&[up(SHOP)]);
    expect![[r#"
        10 firing outage/shop/3 Everybody StaysDown([("shop-1", Status)])
        20 resolved outage/shop/3 Everybody Up
    "#]]
    .assert_eq(&stage.heard());
}

#[test]
fn an_outage_from_before_the_order_goes_on_through_it() {
    let mut stage = Stage::new();
    stage.hear(&[down(SHOP)]);
    let order = maintenance("uid 0", 1000, OnOverrun::Hold);
    stage.later(10).hear(&[ordered(Some(order))]);
    let stays = Output::Notice(Notice::StaysDown(SHOP));
    stage.later(10).hear(&[ordered(None), stays]);
    stage.later(10).hear(&[up(SHOP)]);
    expect![[r#"
        0 firing outage/shop/1 Everybody Down(Weights { up: 0, unknown: 0, down: 2 }, [])
        20 update outage/shop/1 Everybody StaysDown([])
        30 resolved outage/shop/1 Everybody Up
    "#]]
    .assert_eq(&stage.heard());
}

#[test]
fn one_order_takes_the_place_of_another() {
    let mut stage = Stage::new();
    let order = maintenance("uid 0", 1000, OnOverrun::Hold);
    stage.hear(&[ordered(Some(order.clone())), into_sorry()]);
    let again = Order {
        by: "token ci".into(),
        reason: Some("CHG-7".into()),
        until: None,
        ..order.clone()
    };
    stage.later(1).hear(&[ordered(Some(again))]);
    let live = Order {
        what: order::What::Live,
        ..order
    };
    stage
        .later(1)
        .hear(&[ordered(Some(live)), turned(SHOP, Route::Live, Why::Ordered)]);
    stage.later(1).hear(&[ordered(None)]);
    expect![[r#"
        0 note maintenance/shop/1 Nobody Ordered { until: Some(Wall(1000000)), returns: false } by=uid 0 planned
        1 note maintenance/shop/1 Nobody Changed { until: None, returns: false } by=token ci reason=CHG-7 planned
        2 note maintenance/shop/1 Nobody Lifted(Summary { overrun: 0ns, reals_down: 0 }) by=token ci reason=CHG-7 planned
        2 note forced-live/shop/2 Nobody Ordered { until: Some(Wall(1000000)), returns: false } by=uid 0 planned
        3 note forced-live/shop/2 Nobody Lifted(Summary { overrun: 0ns, reals_down: 0 }) by=uid 0 planned
    "#]].assert_eq(&stage.lines());
}

#[test]
fn what_is_announced_is_in_the_history() {
    let mut stage = Stage::new();
    stage.notice(Notice::Announced(SHOP, 0, Wall(7_200_000)));
    let mut history = History::default();
    stage.told.iter().for_each(|telling| history.take(telling));
    let incident = history.incidents().next().unwrap();
    assert_eq!(incident.cause, What::Announced(Wall(7_200_000)));
    assert_eq!(incident.ended, Some(incident.began));
    // It is there once, and what was compacted says the same.
    let mut again = History::default();
    history.tellings().for_each(|telling| again.take(&telling));
    assert_eq!((again.len(), &again), (1, &history));
}
