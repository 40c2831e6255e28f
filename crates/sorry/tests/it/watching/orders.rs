//! What operators order, as visitors see it.

use std::time::Instant;

use super::world::{Plan, World};
use crate::harness::{PATIENCE, run, text, until};

const ONE: Plan = Plan {
    reals: 1,
    quorum: 1,
    more: "",
};

fn page(world: &World) -> String {
    let url = world.daemon().url("/");
    text(&run("curl", &["-sSi", "-H", "Accept: application/json", &url]).stdout)
}

fn retry_after(world: &World) -> u64 {
    let page = page(world);
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix("Retry-After:"));
    line.and_then(|seconds| seconds.trim().parse().ok())
        .unwrap_or_else(|| panic!("no Retry-After: {page}"))
}

#[test]
fn down_with_words_and_a_time_and_up_again() {
    let world = World::start(&ONE);
    let (code, printed) = world.verb(&[
        "down",
        "shop",
        "--for",
        "30m",
        "--say",
        "database upgrade",
        "--reason",
        "ticket 7",
    ]);
    assert_eq!(code, 0, "{printed}");
    // The page says so before the command has returned.
    let told = page(&world);
    assert!(told.contains("database upgrade"), "{told}");
    let remaining = retry_after(&world);
    assert!((1750..=1800 + 120).contains(&remaining), "{remaining}");
    let site = world.site();
    assert_eq!(
        (&site["route"], &site["why"]),
        (&"sorry".into(), &"ordered".into())
    );
    assert_eq!(site["order"]["said"], "database upgrade");

    assert_eq!(world.verb(&["extend", "shop", "20m"]).0, 0);
    assert!(retry_after(&world) > 2900);
    assert_eq!(world.verb(&["say", "shop", "Almost done."]).0, 0);
    assert!(page(&world).contains("Almost done."));

    let (code, printed) = world.verb(&["up", "shop"]);
    assert_eq!(code, 0, "{printed}");
    let site = world.site();
    assert_eq!(
        (&site["route"], &site["why"]),
        (&"live".into(), &"quorum".into())
    );
    assert!(!page(&world).contains("Almost done."));
    world.no_stray_alert("what was ordered is silent");
    let (_, audit) = world.verb(&["audit"]);
    assert!(audit.contains("ticket 7"), "{audit}");
}

#[test]
fn an_order_wins_over_health_and_a_site_that_stays_down_is_told_of() {
    let mut world = World::start(&ONE);
    assert_eq!(world.verb(&["down", "shop", "--for", "1h"]).0, 0);
    world.kill(0);
    world.wait_real(0, "down");
    assert_eq!(world.site()["why"], "ordered");
    world.no_stray_alert("nobody is told in a maintenance");
    let (code, printed) = world.verb(&["up", "shop"]);
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("too few real servers work"), "{printed}");
    let alert = world.alert();
    assert_eq!(
        (&alert["phase"], &alert["kind"]),
        (&"firing".into(), &"outage".into()),
        "{alert}"
    );
    // Live in spite of it, because somebody says so.
    assert_eq!(world.verb(&["up", "shop", "--anyway"]).0, 0);
    assert_eq!(world.site()["route"], "live");
}

#[test]
fn a_drained_server_does_not_count_and_mistakes_are_told_with_what_there_is() {
    let world = World::start(&Plan { reals: 2, ..ONE });
    let real = world.address(0).to_string();
    assert_eq!(world.verb(&["drain", "shop", &real]).0, 0);
    let site = world.site();
    assert_eq!(site["real_servers"][0]["drained"], true);
    assert_eq!(site["quorum"]["up"], 1);
    assert_eq!(world.verb(&["drain", "shop", &real, "--undo"]).0, 0);
    assert_eq!(world.site()["quorum"]["up"], 2);
    for (arguments, words) in [
        (&["down", "shpo"][..], "shop"),
        (&["drain", "shop", "10.0.0.1:1"], &real),
        (&["extend", "shop", "1h"], "nothing is ordered"),
        (
            &["down", "shop", "--until", "2020-01-01 00:00 UTC"],
            "is over",
        ),
        (&["approve", "shop"], "no switch of shop asks"),
        (&["schedule", "remove", "shop", "x"], "no scheduled window"),
    ] {
        let (code, printed) = world.verb(arguments);
        assert_ne!(code, 0, "{arguments:?}: {printed}");
        assert!(printed.contains(words), "{arguments:?}: {printed}");
    }
}

#[test]
fn a_scheduled_window_opens_and_closes_and_outlives_a_crash() {
    let mut world = World::start(&ONE);
    let at = jiff::Zoned::now() + jiff::SignedDuration::from_secs(3600);
    let at = at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    let at = at.as_str();
    let (code, printed) = world.verb(&[
        "schedule", "shop", "backup", "--at", at, "--for", "1h", "--say", "Backup.",
    ]);
    assert_eq!(code, 0, "{printed}");
    let (code, printed) = world.verb(&[
        "schedule",
        "shop",
        "weekly",
        "--at",
        "02:30",
        "--every",
        "sun",
        "--for",
        "1h",
        "--zone",
        "Europe/Berlin",
    ]);
    assert_eq!(code, 0, "{printed}");
    world.crash();
    world.begin();
    let names = |world: &World| -> Vec<String> {
        let windows = world.site()["windows"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let name = |window: &serde_json::Value| window["name"].as_str().unwrap_or("").to_owned();
        windows.iter().map(name).collect()
    };
    assert_eq!(names(&world), ["backup", "weekly"]);
    assert_eq!(world.verb(&["schedule", "remove", "shop", "backup"]).0, 0);
    assert_eq!(names(&world), ["weekly"]);
    // One that is in the configuration and open now is in force at once.
    let open = jiff::Zoned::now() - jiff::SignedDuration::from_secs(3600);
    let close = &open + jiff::SignedDuration::from_secs(7200);
    let shown = |at: &jiff::Zoned| at.timestamp().strftime("%Y-%m-%d %H:%M UTC").to_string();
    let mut file = std::fs::read_to_string(world.file()).expect("read the configuration");
    file += &format!(
        "[[site.window]]\nname = \"now\"\nstart = \"{}\"\nend = \"{}\"\nsay = \"Open now.\"\n",
        shown(&open),
        shown(&close)
    );
    std::fs::write(world.file(), file).expect("write the configuration");
    let (code, printed) = world.verb(&["reload"]);
    assert_eq!(code, 0, "{printed}");
    world.wait_site("sorry", "ordered");
    let told = || page(&world).contains("Open now.").then_some(());
    until(Instant::now() + PATIENCE, told, "the page says so");
    // Whoever says that the site is up means the window as well.
    assert_eq!(world.verb(&["up", "shop"]).0, 0);
    assert_eq!(world.site()["route"], "live");
}
