//! Switches that fail, ask, or only observe.

use expect_test::expect;

use super::stage::{BLOG, NEWS, SHOP, Stage, down, switch, told, up};
use crate::event::{Notice, Output};
use crate::site::Route;

fn failed(times: u32) -> Notice {
    Notice::Failed(switch(SHOP, 0), times)
}

#[test]
fn a_failed_switch_is_an_update_of_what_was_told() {
    let mut stage = Stage::new();
    stage.hear(&[down(SHOP)]);
    for times in 1..=5 {
        stage.later(1).notice(failed(times));
    }
    let recovered = Notice::Recovered(switch(SHOP, 0));
    stage.later(1).notice(recovered.clone()).notice(recovered);
    stage.later(1).notice(failed(1));
    stage.later(10).hear(&[up(SHOP)]);
    // What it belonged to is over, and it still fails.
    stage.later(1).notice(failed(2));
    stage.later(1).notice(failed(3));
    stage.later(1);
    stage
        .incidents
        .works(switch(SHOP, 0), &stage.setup, stage.now);
    stage
        .incidents
        .works(switch(SHOP, 0), &stage.setup, stage.now);
    expect![[r#"
        0 firing outage/shop/1 Everybody Down(Weights { up: 0, unknown: 0, down: 2 }, [])
        1 update outage/shop/1 Everybody SwitchFailed(1) which=ipvs
        2 note outage/shop/1 Nobody SwitchFailed(2) which=ipvs
        4 note outage/shop/1 Nobody SwitchFailed(4) which=ipvs
        6 update outage/shop/1 Everybody SwitchWorks which=ipvs
        7 update outage/shop/1 Everybody SwitchFailed(1) which=ipvs
        17 resolved outage/shop/1 Everybody Up
        18 firing switch/shop/2 Everybody SwitchFailed(2) about=ipvs
        20 resolved switch/shop/2 Everybody SwitchWorks about=ipvs
    "#]]
    .assert_eq(&stage.step().lines());
}

#[test]
fn who_must_agree_is_told_with_the_outage() {
    let mut stage = Stage::new();
    let asks = |to, generation| Output::Notice(Notice::Asks(switch(NEWS, 0), to, generation));
    stage.hear(&[told(switch(NEWS, 0), Route::Live)]);
    stage.hear(&[down(NEWS), asks(Route::Sorry, 7)]);
    stage.later(5).hear(&[told(switch(NEWS, 0), Route::Sorry)]);
    stage.later(5).hear(&[up(NEWS), asks(Route::Live, 8)]);
    stage.later(5).hear(&[told(switch(NEWS, 0), Route::Live)]);
    expect![[r#"
        0 firing outage/news/1 Everybody Down(Weights { up: 0, unknown: 0, down: 2 }, []) awaits=("dns", Awaited { to: Sorry, generation: Some(7) })
        10 resolved outage/news/1 Everybody Up
        10 firing switch/news/2 Everybody Awaits(Awaited { to: Live, generation: Some(8) }) about=dns
        15 resolved switch/news/2 Everybody Moves about=dns
    "#]].assert_eq(&stage.heard());
}

#[test]
fn a_switch_that_stays_because_nobody_is_sure_says_so() {
    let mut stage = Stage::new();
    stage
        .hear(&[down(SHOP)])
        .later(1)
        .notice(Notice::Stays(switch(SHOP, 0), Route::Sorry));
    expect![[r#"
        0 firing outage/shop/1 Everybody Down(Weights { up: 0, unknown: 0, down: 2 }, [])
        1 update outage/shop/1 Everybody Awaits(Awaited { to: Sorry, generation: None }) which=ipvs
    "#]]
    .assert_eq(&stage.heard());
}

#[test]
fn what_would_have_been_is_marked() {
    let mut stage = Stage::new();
    let would = |site, index, to| Output::Notice(Notice::WouldTurn(switch(site, index), to));
    // The first state at a start is no news.
    stage.hear(&[would(BLOG, 0, Route::Live), would(NEWS, 1, Route::Live)]);
    assert_eq!(stage.lines(), "");
    for site in [BLOG, NEWS] {
        let index = u32::from(site == NEWS);
        stage.hear(&[down(site), would(site, index, Route::Sorry)]);
        stage
            .later(5)
            .hear(&[up(site), would(site, index, Route::Live)]);
    }
    expect![[r#"
        0 firing outage/blog/1 Everybody Down(Weights { up: 0, unknown: 0, down: 2 }, []) observed
        0 note outage/blog/1 Nobody WouldTurn(Sorry) which=nginx observed
        5 resolved outage/blog/1 Everybody Up observed
        5 note outage/blog/1 Nobody WouldTurn(Live) which=nginx observed
        5 firing outage/news/2 Everybody Down(Weights { up: 0, unknown: 0, down: 2 }, [])
        5 update outage/news/2 Everybody WouldTurn(Sorry) which=haproxy observed
        10 resolved outage/news/2 Everybody Up
        10 note outage/news/2 Everybody WouldTurn(Live) which=haproxy observed
    "#]]
    .assert_eq(&stage.lines());
}
