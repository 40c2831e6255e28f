//! What the kernel does not do is told to whoever counts on it: before it is in force, with the order that wants it, and whenever somebody asks.

use std::process::Output;
use std::time::Instant;

use super::clients::{Asks, curl};
use super::nginx::Nginx;
use super::responder::{Hook, Responder, answers_for, listens_on, page};
use super::world::{Family, World};
use crate::harness::{PATIENCE, fixtures, run, text, until};

fn said(output: &Output) -> String {
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

impl Responder {
    pub(super) fn tells(&self, words: &[&str]) -> String {
        said(&self.verb(words).output().expect("run sorry"))
    }
}

#[test]
fn a_page_that_is_too_long_is_told_of_wherever_it_matters() {
    const WHY: &str = "and 12200 is the most that the kernel sends";
    let world = World::direct();
    let _nginx = Nginx::live(&world, "the site");
    let responder = Responder::start(&world, Hook::Tc, &page(13_000), &answers_for(&world), "");
    let file = responder.folder().join("sorry.toml");
    let checked = std::process::Command::new(crate::harness::SORRY)
        .arg("check-config")
        .arg(&file)
        .output()
        .expect("run sorry");
    let checked = said(&checked);
    assert!(
        checked.contains("sorry.toml:14:10: kernel: site shop: the page has"),
        "{checked}"
    );
    assert!(checked.contains(WHY), "{checked}");
    let ordered = responder.tells(&["down", "shop"]);
    assert!(
        ordered.contains("shop: nothing is answered in the kernel, visitors reach whatever listens there: the page has"),
        "{ordered}"
    );
    let asked = responder.tells(&["explain", "shop"]);
    assert!(
        asked.contains("in the kernel: nothing is answered in the kernel, visitors reach"),
        "{asked}"
    );
    let vip = &responder.status()["kernel"]["sites"][0]["vips"][0];
    assert_eq!(
        (vip["mode"].as_str(), vip["wanted"].as_str()),
        (Some("absent"), Some("on"))
    );
    assert_eq!(curl(&world, Family::V4, Asks::Get).status, Some(200));
    // A shorter one is said as soon as it is there.
    std::fs::write(responder.folder().join("page.html"), page(9_000)).expect("write the page");
    let reloaded = responder.tells(&["reload"]);
    assert!(!reloaded.contains("kernel"), "{reloaded}");
    responder.wait_for_mode("on");
    let asked = responder.tells(&["explain", "shop"]);
    assert!(asked.contains("is not proven"), "{asked}");
    assert_eq!(curl(&world, Family::V4, Asks::Get).status, Some(503));
    let shown = responder.tells(&["kernel", "status"]);
    assert!(!shown.contains("is not proven"), "{shown}");
    let asked = responder.tells(&["explain", "shop"]);
    let is_on = format!(
        "in the kernel: {}:80 is on at {} (tc)",
        world.address(Family::V4),
        world.device()
    );
    assert!(asked.contains(&is_on), "{asked}");
}

#[test]
fn words_that_wait_for_those_who_are_being_told_others_say_so() {
    let world = World::direct();
    let responder = Responder::start(
        &world,
        Hook::Tc,
        "<!doctype html><title>Soon</title><p>{{ said }}",
        &answers_for(&world),
        "",
    );
    responder.order(&["down", "shop"]);
    responder.wait_for_mode("on");
    let read = || curl(&world, Family::V4, Asks::Get).digest;
    let before = read();
    let first = responder.tells(&["say", "shop", "one"]);
    let one = read();
    let second = responder.tells(&["say", "shop", "two"]);
    let waits = "where the kernel answers, visitors read what was said before for up to ";
    assert!(!first.contains(waits), "nobody was told any other: {first}");
    assert!(second.contains(waits), "{second}");
    assert!(before != one && one == read(), "{before:?} {one:?}");
    let shown = responder.tells(&["kernel", "status"]);
    assert!(
        shown.contains("what was said before is said for up to "),
        "{shown}"
    );
}

#[test]
fn a_site_without_real_servers_is_explained_too() {
    let world = World::direct();
    let responder = Responder::start(&world, Hook::Tc, &page(400), &listens_on(&world, 80), "");
    responder.wait_for_mode("on");
    let asked = responder.tells(&["explain", "shop"]);
    assert!(asked.contains("in the kernel: "), "{asked}");
}

/// What outlives a process is its own: another one that keeps something at the same device, too, takes nothing from it.
#[test]
fn what_a_process_keeps_is_not_taken_from_it() {
    let world = World::direct();
    let folder = super::restarts::BpfFileSystem::there();
    let answers = answers_for(&world);
    let first = Responder::kept(&world, Hook::Tc, &page(400), &answers);
    first.order(&["down", "shop"]);
    first.wait_for_mode("on");
    let elsewhere = answers.replace("8503", "8504");
    let second = Responder::kept(&world, Hook::Tc, &page(400), &elsewhere);
    let why = "another sorry keeps its program at this device";
    assert!(second.server.said(why).is_some());
    assert_eq!(curl(&world, Family::V4, Asks::Get).status, Some(503));
    first.wait_for_count("page", 1);
    drop(second);
    assert_eq!(curl(&world, Family::V4, Asks::Get).status, Some(503));
    first.wait_for_count("page", 2);
    drop((first, folder));
}

/// Long pages are said behind the driver, in fewer steps; where somebody takes that program away the driver sends copies again.
#[test]
fn a_program_behind_the_driver_that_is_taken_away_is_missed() {
    let world = World::direct();
    let responder = Responder::always_at(&world, "auto", &page(7600));
    responder.wait_for_mode("on");
    let interface = || responder.status()["kernel"]["interfaces"][0].clone();
    let first = interface();
    assert_eq!(
        (first["hook"].as_str(), first["behind"].as_bool()),
        (Some("xdp"), Some(true))
    );
    assert_eq!(curl(&world, Family::V4, Asks::Get).status, Some(503));
    assert_eq!(
        (responder.count("page"), responder.count("cloned")),
        (1, 0),
        "asked once, and no copies"
    );
    let script = fixtures().join("kernel/detach.py");
    let pid = responder.server.pid().to_string();
    let script = script.to_str().expect("a path");
    let detached = run("/usr/bin/python3", &["-I", script, &pid]);
    assert_eq!(text(&detached.stdout), "1\n", "{}", text(&detached.stderr));
    let is_missed = || (interface()["behind"] == false).then_some(());
    until(Instant::now() + PATIENCE, is_missed, "it is missed");
    assert_eq!(curl(&world, Family::V6, Asks::Get).status, Some(503));
    assert_ne!(responder.count("cloned"), 0, "the driver sends copies");
    assert_eq!(responder.in_user_space(), 0);
}

#[test]
fn without_ebpf_user_space_answers_and_says_why() {
    let world = World::direct();
    let responder = Responder::without_bpf(&world, &page(400));
    let interface = responder.status()["kernel"]["interfaces"][0].clone();
    assert_eq!(interface["hook"], "none", "{interface}");
    let why = interface["why"].as_str().expect("a reason");
    assert!(why.contains("this kernel has no eBPF"), "{why}");
    assert_eq!(why.matches("eBPF").count(), 1, "{why}");
    assert!(
        responder
            .server
            .said("nothing is answered in the kernel at ")
            .is_some()
    );
    assert_eq!(curl(&world, Family::V4, Asks::Get).status, Some(503));
    assert_eq!(responder.in_user_space(), 1);
}
