//! What was done and is so no more, or is not as whoever ordered it believes: it is told, and visitors are kept from the real servers where that can be.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::Value;

use super::clients::{Asks, curl};
use super::crowd::crowd;
use super::nginx::Nginx;
use super::responder::{Hook, LONG, Responder, answers_for, page};
use super::restarts::BpfFileSystem;
use super::world::{Family, World};
use crate::harness::{PATIENCE, until};

/// With what is said to visitors in it, and a long one without.
pub(super) fn telling_page(bytes: usize) -> String {
    format!(
        "{}{{% if said %}}<p>{{{{ said }}}}</p>{{% endif %}}",
        page(bytes)
    )
}

fn switch(responder: &Responder) -> Value {
    responder.status()["standing"]["sites"][0]["switches"][0].clone()
}

#[test]
fn a_page_that_has_become_too_long_leaves_the_one_before_it_in_the_kernel() {
    let world = World::direct();
    let _nginx = Nginx::live(&world, "the site");
    let responder = Responder::start(&world, Hook::Auto, &page(400), &answers_for(&world), "");
    responder.order(&["down", "shop"]);
    responder.wait_for_mode("on");
    let read = || curl(&world, Family::V4, Asks::Get);
    let before = read();
    assert_eq!(before.status, Some(503));
    std::fs::write(responder.folder().join("page.html"), page(13_000)).expect("write the page");
    let reloaded = responder.tells(&["reload"]);
    let goes_on = "after a reload the kernel goes on with the page that it had";
    assert!(reloaded.contains(goes_on), "{reloaded}");
    let after = read();
    assert_eq!((after.status, after.digest), (Some(503), before.digest));
    let older = "visitors read what was said before, for the kernel cannot say what is said now: the page has";
    for asked in [
        &["explain", "shop"][..],
        &["kernel", "status"],
        &["say", "shop", "we know"],
    ] {
        let told = responder.tells(asked);
        let told: String = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(older), "{told}");
    }
    assert_eq!(switch(&responder)["confirmed"], true);
    // Up and down again: it is still the only one that there is.
    responder.order(&["up", "shop"]);
    responder.wait_for_mode("off");
    responder.order(&["down", "shop"]);
    responder.wait_for_mode("on");
    assert_eq!(read().status, Some(503));
    std::fs::write(responder.folder().join("page.html"), page(500)).expect("write the page");
    responder.order(&["reload"]);
    assert!(!responder.tells(&["explain", "shop"]).contains(older));
}

/// Nothing asks whether it is still so but the responder itself.
#[test]
fn a_device_that_goes_away_in_maintenance_is_told_of_as_a_switch_that_fails() {
    let world = World::direct();
    let responder = Responder::start(&world, Hook::Tc, &page(400), &answers_for(&world), "");
    responder.order(&["down", "shop"]);
    responder.wait_for_mode("on");
    let is_confirmed = |wanted: bool| {
        let is_so = || (switch(&responder)["confirmed"] == wanted).then_some(());
        until(
            Instant::now() + PATIENCE,
            is_so,
            &format!("confirmed: {wanted}"),
        );
    };
    is_confirmed(true);
    let told = responder.tells(&["explain", "shop"]);
    assert!(told.starts_with("visitors are told sorry since "), "{told}");
    world.server().ip(&format!("link del {}", world.device()));
    is_confirmed(false);
    let told = responder.tells(&["explain", "shop"]);
    assert!(
        told.starts_with("visitors are to be told sorry since "),
        "{told}"
    );
    assert!(told.contains("the switch kernel has failed "), "{told}");
    assert!(
        told.contains("; visitors reach whatever listens there"),
        "{told}"
    );
    let history = responder.tells(&["history", "--events"]);
    assert!(history.contains("the switch kernel"), "{history}");
}

/// The successor says what was ordered from its first packet on, so that nobody is cut off or reads anything else, and the next words need not wait.
#[test]
fn a_take_over_says_the_words_that_were_ordered_from_the_first_packet_on() {
    for hook in [Hook::Auto, Hook::Tc] {
        let world = World::direct();
        let text = telling_page(7600);
        let mut responder = Responder::start(&world, hook, &text, &answers_for(&world), "");
        responder.order(&["down", "shop", "--say", "the first"]);
        responder.wait_for_mode("on");
        let read = || curl(&world, Family::V4, Asks::Get).digest;
        let first = read();
        let came = std::thread::scope(|scope| {
            let visits = scope.spawn(|| crowd(&world, Family::V4, 6000, 50, LONG));
            while !visits.is_finished() {
                responder.take_over(&world);
            }
            visits.join().expect("it is counted")
        });
        assert!(came.errors.is_empty(), "{hook:?} {came:?}");
        let all = BTreeMap::from([(first.clone(), 6000)]);
        assert_eq!(came.digests, all, "{hook:?} {came:?}");
        let history = responder.tells(&["history", "--events"]);
        assert!(!history.contains("the switch kernel"), "{hook:?} {history}");
        let status = responder.status();
        let waits = &status["kernel"]["sites"][0]["waits_seconds"];
        assert!(waits.is_null(), "{status}");
    }
}

/// At a start nothing is said before what was ordered is known.
#[test]
fn a_start_in_maintenance_says_the_words_that_were_ordered_at_once() {
    let world = World::direct();
    let mut responder = Responder::start(
        &world,
        Hook::Tc,
        &telling_page(400),
        &answers_for(&world),
        "",
    );
    responder.order(&["down", "shop", "--say", "the first"]);
    responder.wait_for_mode("on");
    let read = || curl(&world, Family::V4, Asks::Get).digest;
    let first = read();
    responder.server.signal("TERM");
    responder.server.wait();
    responder.again(&world);
    responder.wait_for_mode("on");
    assert_eq!(read(), first);
    // Nobody has begun with other words, so those who come next hear these at once.
    let said = responder.tells(&["say", "shop", "the second"]);
    assert!(!said.contains("what was said before"), "{said}");
    assert_ne!(read(), first);
}

/// A successor with another page tells whoever was greeted by its predecessor the rest of that one's.
#[test]
fn a_take_over_to_another_page_cuts_nobody() {
    for hook in Hook::ALL {
        let world = World::direct();
        let mut responder = Responder::start(&world, hook, &page(7600), &answers_for(&world), "");
        responder.order(&["down", "shop"]);
        responder.wait_for_mode("on");
        let read = || curl(&world, Family::V4, Asks::Get).digest;
        let mut pages = vec![read()];
        let came = std::thread::scope(|scope| {
            let visits = scope.spawn(|| crowd(&world, Family::V4, 6000, 50, LONG));
            for bytes in [7100, 6600] {
                let file = responder.folder().join("page.html");
                std::fs::write(file, page(bytes)).expect("write the page");
                responder.take_over(&world);
                pages.push(read());
            }
            visits.join().expect("it is counted")
        });
        assert!(came.errors.is_empty(), "{hook:?} {came:?}");
        let others = came.digests.keys().filter(|page| !pages.contains(page));
        assert_eq!(others.count(), 0, "{hook:?} {pages:?} {came:?}");
        assert_eq!(came.finished, 6000, "{hook:?} {came:?}");
    }
}

#[test]
fn a_process_that_did_nothing_for_longer_than_its_lease_says_so() {
    let world = World::direct();
    let _nginx = Nginx::live(&world, "the site");
    let _file_system = BpfFileSystem::there();
    let mut responder = Responder::kept(&world, Hook::Tc, &page(400), &answers_for(&world));
    responder.order(&["down", "shop"]);
    responder.wait_for_mode("on");
    responder.server.signal("STOP");
    let passes = || (curl(&world, Family::V4, Asks::Get).status == Some(200)).then_some(());
    until(Instant::now() + PATIENCE, passes, "its lease is over");
    responder.server.signal("CONT");
    let told = "this process did nothing for longer than the lease of 2s";
    responder.server.wait_for(told);
    let answers = || (curl(&world, Family::V4, Asks::Get).status == Some(503)).then_some(());
    until(Instant::now() + PATIENCE, answers, "it answers again");
}
