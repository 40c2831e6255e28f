//! Sites and real servers that go down and come back, doubt, certificates.

use expect_test::expect;

use super::stage::{BLOG, SHOP, Stage, down, real, turned, up};
use crate::doubt::Cause;
use crate::event::{Drained, Notice, Output, Why};
use crate::health::{Reason, State};
use crate::incident::{Audience, Entry, History, Kind};
use crate::moment::Wall;
use crate::site::Route;

fn refused(number: u32) -> Output {
    real(number, State::Down, Reason::Refused)
}

fn works(number: u32) -> Output {
    real(number, State::Up, Reason::Ok)
}

#[test]
fn each_transition_is_told_once_with_its_reason_and_duration() {
    let mut stage = Stage::new();
    stage.later(10).hear(&[refused(0)]);
    stage.later(1).hear(&[refused(1), down(SHOP)]);
    // Whoever says it twice tells it once.
    stage.later(1).hear(&[down(SHOP)]);
    stage.later(60).hear(&[works(0), up(SHOP)]);
    let lasted = stage.told.iter().map(|telling| telling.lasted().as_secs());
    assert_eq!(lasted.max(), Some(62));
    stage.later(1).hear(&[up(SHOP), works(1)]);
    expect![[r#"
        10 firing real-server/shop/1 OfReals RealDown(Refused) about=shop-1
        11 firing real-server/shop/2 OfReals RealDown(Refused) about=shop-2
        11 firing outage/shop/3 Everybody Down(Weights { up: 0, unknown: 0, down: 2 }, [("shop-1", Refused), ("shop-2", Refused)])
        12 note outage/shop/3 Nobody Down(Weights { up: 0, unknown: 0, down: 2 }, [("shop-1", Refused), ("shop-2", Refused)])
        72 resolved real-server/shop/1 OfReals RealUp about=shop-1
        72 note outage/shop/3 Nobody RealUp which=shop-1
        72 resolved outage/shop/3 Everybody Up
        73 resolved real-server/shop/2 OfReals RealUp about=shop-2
    "#]].assert_eq(&stage.lines());
}

#[test]
fn a_site_that_flaps_is_told_of_once_and_again_when_it_is_steady() {
    let mut stage = Stage::new();
    stage.later(10).hear(&[down(SHOP)]);
    stage.later(10).hear(&[up(SHOP)]);
    stage.later(10).hear(&[down(SHOP)]);
    stage.later(10).hear(&[up(SHOP)]);
    let flaps = Output::Notice(Notice::Flaps(SHOP, 2));
    stage.later(10).hear(&[down(SHOP), flaps]);
    for times in 3..6 {
        stage.later(10).hear(&[up(SHOP)]);
        let flaps = Output::Notice(Notice::Flaps(SHOP, times));
        stage.later(10).hear(&[down(SHOP), flaps]);
    }
    assert_eq!(stage.incidents.next_look(&stage.setup), None, "it is down");
    stage.later(10).hear(&[up(SHOP)]);
    let steady = stage.now.after(std::time::Duration::from_secs(300));
    assert_eq!(stage.incidents.next_look(&stage.setup), Some(steady));
    stage.later(299).later(1).later(1000);
    stage.hear(&[down(SHOP)]);
    expect![[r#"
        10 firing outage/shop/1 Everybody Down(Weights { up: 0, unknown: 0, down: 2 }, [])
        20 resolved outage/shop/1 Everybody Up
        30 firing outage/shop/2 Everybody Down(Weights { up: 0, unknown: 0, down: 2 }, [])
        40 resolved outage/shop/2 Everybody Up
        50 firing outage/shop/3 Everybody Flaps(2, None)
        420 resolved outage/shop/3 Everybody Steady(5)
        1420 firing outage/shop/4 Everybody Down(Weights { up: 0, unknown: 0, down: 2 }, [])
    "#]]
    .assert_eq(&stage.heard());
}

#[test]
fn a_real_server_that_flaps_is_told_of_once_too() {
    let mut stage = Stage::new();
    for _ in 0..6 {
        stage.later(10).hear(&[refused(0)]);
        stage.later(10).hear(&[works(0)]);
    }
    stage.later(299).later(1);
    stage.later(10).hear(&[refused(0)]);
    expect![[r#"
        10 firing real-server/shop/1 OfReals RealDown(Refused) about=shop-1
        20 resolved real-server/shop/1 OfReals RealUp about=shop-1
        30 firing real-server/shop/2 OfReals RealDown(Refused) about=shop-1
        40 resolved real-server/shop/2 OfReals RealUp about=shop-1
        50 firing real-server/shop/3 OfReals Flaps(2, Some(Refused)) about=shop-1
        420 resolved real-server/shop/3 OfReals Steady(5) about=shop-1
        430 firing real-server/shop/4 OfReals RealDown(Refused) about=shop-1
    "#]]
    .assert_eq(&stage.heard());
}

#[test]
fn doubt_is_told_once_and_real_servers_are_silent_in_it() {
    let mut stage = Stage::new();
    let doubt = Notice::Doubt(Cause::Mass { down: 4, of: 6 });
    stage.notice(doubt.clone());
    stage
        .later(1)
        .notice(doubt)
        .hear(&[refused(0), works(0), refused(1)]);
    stage.later(29).notice(Notice::DoubtOver);
    stage.later(1).notice(Notice::DoubtOver).hear(&[works(1)]);
    expect![[r#"
        0 firing doubt/all/1 Everybody Doubted(Mass { down: 4, of: 6 })
        30 resolved doubt/all/1 Everybody Believed
    "#]]
    .assert_eq(&stage.heard());
}

#[test]
fn what_nobody_acts_on_is_marked() {
    let mut stage = Stage::new();
    stage.hear(&[down(BLOG)]).later(5).hear(&[up(BLOG)]);
    expect![[r#"
        0 firing outage/blog/1 Everybody Down(Weights { up: 0, unknown: 0, down: 2 }, []) observed
        5 resolved outage/blog/1 Everybody Up observed
    "#]]
    .assert_eq(&stage.heard());
}

#[test]
fn an_outage_that_an_order_ends_is_told_as_that() {
    let mut stage = Stage::new();
    stage.hear(&[down(SHOP)]);
    stage
        .later(5)
        .hear(&[turned(SHOP, Route::Live, Why::Ordered)]);
    expect![[r#"
        0 firing outage/shop/1 Everybody Down(Weights { up: 0, unknown: 0, down: 2 }, [])
        5 resolved outage/shop/1 Everybody UpByOrder
    "#]]
    .assert_eq(&stage.heard());
}

#[test]
fn certificates_are_told_of_once_a_day() {
    let mut stage = Stage::new();
    let hour = 3600;
    for (after, days) in [(0, 14), (hour, 14), (23 * hour, 13), (hour, 13)] {
        let now = stage.later(after).now;
        stage
            .incidents
            .certificate("shop", "shop-1", Some(days), now);
        stage.incidents.certificate("shop", "shop-2", None, now);
        stage.step();
    }
    let now = stage.later(hour).now;
    stage.incidents.certificate("shop", "shop-1", None, now);
    stage.incidents.certificate("shop", "shop-1", None, now);
    expect![[r#"
        0 firing certificate/shop/1 Everybody Expires(14) about=shop-1
        86400 update certificate/shop/1 Everybody Expires(13) about=shop-1
        93600 resolved certificate/shop/1 Everybody Renewed about=shop-1
    "#]]
    .assert_eq(&stage.step().lines());
}

#[test]
fn the_history_is_what_was_told_and_is_bounded() {
    let mut stage = Stage::new();
    stage.hear(&[refused(0), refused(1), down(SHOP)]);
    for _ in 0..100 {
        stage.later(1).hear(&[works(0), refused(0)]);
    }
    stage.later(1).hear(&[works(0), up(SHOP)]);
    let mut history = History::default();
    for telling in &stage.told {
        history.take(telling);
    }
    let outage = history
        .incidents()
        .find(|incident| incident.kind == Kind::Outage);
    let outage = outage.expect("an outage").clone();
    assert_eq!((outage.began, outage.ended), (Wall(0), Some(Wall(101_000))));
    assert_eq!(outage.entries.len(), 64);
    assert_eq!(outage.left_out, 1 + 201 + 1 - 64);
    assert_eq!(outage.entries[0].what, outage.cause);
    let told = |entry: &&Entry| entry.audience != Audience::Nobody;
    assert_eq!(outage.entries.iter().filter(told).count(), 2);

    let template = stage.told.iter().find(|telling| telling.kind == Kind::Real);
    let mut template = template.expect("a real server").clone();
    for incident in 10_000..12_000 {
        template.incident = incident;
        history.take(&template);
    }
    assert_eq!(history.len(), 1000);
    assert_eq!(
        history.incidents().next().map(|newest| newest.id),
        Some(11_999)
    );
}

/// Whoever has drained it is at work on it.
#[test]
fn a_drained_real_server_goes_down_without_a_word() {
    let mut stage = Stage::new();
    let mut down = real(0, State::Down, Reason::Refused);
    if let Output::Notice(Notice::Real { drained, .. }) = &mut down {
        *drained = Drained::Yes;
    }
    stage.hear(&[down.clone()]);
    stage.later(10).hear(&[real(0, State::Up, Reason::Ok)]);
    // Drained no more, it is still down.
    stage.later(10).hear(&[down]);
    stage
        .later(10)
        .hear(&[real(0, State::Down, Reason::Refused)]);
    stage.later(10).hear(&[real(0, State::Up, Reason::Ok)]);
    expect![[r#"
        0 note real-server/shop/1 Nobody RealDown(Refused) about=shop-1 planned
        10 note real-server/shop/1 Nobody RealUp about=shop-1 planned
        20 note real-server/shop/2 Nobody RealDown(Refused) about=shop-1 planned
        30 firing real-server/shop/2 OfReals RealDown(Refused) about=shop-1 planned
        40 resolved real-server/shop/2 OfReals RealUp about=shop-1 planned
    "#]]
    .assert_eq(&stage.lines());
}
