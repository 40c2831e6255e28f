//! The verbs that order something: what the daemon hears of them, what is told, and with which exit code.

use serde_json::{Value, json};

use super::daemon::Daemon;
use crate::harness::{SORRY, run, text};

/// The exit code, standard output and standard error of a verb, asked at this daemon's socket.
pub(super) fn sorry(daemon: &Daemon, line: &[&str]) -> (i32, String, String) {
    let path = daemon.path();
    let arguments = [line, &["--admin", path.to_str().expect("UTF-8")]].concat();
    let output = run(SORRY, &arguments);
    let code = output.status.code().unwrap_or(-1);
    (code, text(&output.stdout), text(&output.stderr))
}

/// The words of a line, where `_` stands for a blank.
fn words(line: &str) -> Vec<String> {
    line.split(' ').map(|word| word.replace('_', " ")).collect()
}

#[test]
fn what_is_typed_is_what_is_ordered() {
    let daemon = Daemon::new();
    let down = |more: Value| {
        let mut order = json!({
            "do": "down", "lasting": { "endless": false }, "keep": "stale", "on_overrun": "hold",
        });
        for (name, value) in more.as_object().unwrap() {
            order[name] = value.clone();
        }
        order
    };
    let again = |more: Value| {
        let mut order = json!({ "do": "schedule", "name": "nightly", "keep": "stale" });
        for (name, value) in more.as_object().unwrap() {
            order[name] = value.clone();
        }
        order
    };
    for (line, order) in [
        ("down shop", down(json!({}))),
        (
            "down shop --for 30m",
            down(json!({ "lasting": { "for_seconds": 1800, "endless": false } })),
        ),
        (
            "down shop --endless",
            down(json!({ "lasting": { "endless": true } })),
        ),
        (
            "down shop --until 2099-01-01_02:00_UTC --say a_b --keep nothing --on-overrun return",
            down(json!({
                "lasting": { "until": "2099-01-01T02:00:00Z", "endless": false }, "say": "a b", "keep": "nothing",
                "on_overrun": "return",
            })),
        ),
        ("up shop", json!({ "do": "up" })),
        (
            "up shop --anyway",
            json!({ "do": "live", "endless": false }),
        ),
        (
            "up shop --anyway --for 10m",
            json!({ "do": "live", "for_seconds": 600, "endless": false }),
        ),
        (
            "extend shop 20m",
            json!({ "do": "extend", "by_seconds": 1200 }),
        ),
        (
            "say shop hello_there",
            json!({ "do": "say", "text": "hello there" }),
        ),
        ("say shop --clear", json!({ "do": "say", "text": null })),
        (
            "drain shop 10.0.0.1:80",
            json!({ "do": "drain", "real_server": "10.0.0.1:80", "drained": true }),
        ),
        (
            "drain shop 10.0.0.1:80 --undo",
            json!({ "do": "drain", "real_server": "10.0.0.1:80", "drained": false }),
        ),
        (
            "schedule shop nightly --at 2099-07-01_02:00 --zone Europe/Berlin --for 1h",
            again(
                json!({ "at": "2099-07-01T00:00:00Z", "zone": "Europe/Berlin", "for_seconds": 3600 }),
            ),
        ),
        (
            "schedule shop nightly --at 2099-12-01_02:00 --zone Europe/Berlin --until 2099-12-01_03:00",
            again(json!({
                "at": "2099-12-01T01:00:00Z", "zone": "Europe/Berlin", "until": "2099-12-01T02:00:00Z",
            })),
        ),
        (
            "schedule shop nightly --at 2099-12-01_02:00_Asia/Tokyo --for 1h",
            again(
                json!({ "at": "2099-11-30T17:00:00Z", "zone": "Asia/Tokyo", "for_seconds": 3600 }),
            ),
        ),
        (
            "schedule shop nightly --at 02:00 --zone Europe/Berlin --every mon,thu --for 1h --announce 1h --on-overrun hold",
            again(json!({
                "at": "02:00", "days": ["mon", "thu"], "zone": "Europe/Berlin", "for_seconds": 3600,
                "announce_seconds": 3600, "on_overrun": "hold",
            })),
        ),
        (
            "schedule remove shop nightly",
            json!({ "do": "unschedule", "name": "nightly" }),
        ),
    ] {
        let line = format!("{line} --reason CHG-1");
        let typed = words(&line);
        let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
        let (code, out, err) = sorry(&daemon, &typed);
        assert_eq!(code, 0, "{line}: {err}");
        assert!(
            out.starts_with("shop: ") && out.ends_with(" is done\n"),
            "{line}: {out}"
        );
        let uid =
            std::fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own));
        let by = format!("uid {}", uid.unwrap());
        let expected = json!({ "site": "shop", "order": order, "by": by, "why": "CHG-1" });
        assert_eq!(daemon.heard(), [expected], "{line}");
    }
}

#[test]
fn a_window_every_day_is_one_on_seven_days() {
    let daemon = Daemon::new();
    let line = [
        "schedule", "shop", "n", "--at", "02:00", "--daily", "--zone", "UTC", "--until", "03:00",
    ];
    assert_eq!(sorry(&daemon, &line).0, 0);
    let heard = daemon.heard();
    assert_eq!(heard[0]["order"]["days"].as_array().map(Vec::len), Some(7));
    assert_eq!(heard[0]["order"]["until"], "03:00");
}

#[test]
fn several_sites_are_ordered_one_after_the_other_and_the_worst_is_told() {
    let daemon = Daemon::new();
    let sites = |daemon: &Daemon| -> Vec<String> {
        let heard = daemon.heard();
        heard
            .iter()
            .map(|order| order["site"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(sorry(&daemon, &["up", "--all"]).0, 0);
    assert_eq!(sites(&daemon), ["shop", "blog"]);
    let (code, out, err) = sorry(&daemon, &["down", "shop", "bolg", "blog", "--for", "1h"]);
    assert_eq!(code, 2);
    assert_eq!(out, "shop: down is done\nblog: down is done\n");
    assert_eq!(err, "sorry: bolg: no site `bolg`: there are blog, shop\n");
    assert_eq!(sites(&daemon), ["shop", "blog"]);
    // Twice the same is meant once.
    let (code, out, _) = sorry(&daemon, &["down", "shop", "blog", "shop"]);
    assert_eq!(
        (code, sites(&daemon)),
        (0, vec!["shop".to_owned(), "blog".to_owned()])
    );
    assert_eq!(out, "shop: down is done\nblog: down is done\n");
    let (code, out, err) = sorry(&daemon, &["up", "shop", "bolg", "--json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, err.as_str()), (2, ""));
    assert_eq!(told["orders"][0]["done"]["site"]["name"], "shop");
    assert_eq!(told["orders"][1]["error"]["kind"], "unknown");
}

#[test]
fn what_is_in_force_and_not_on_the_disk_is_no_success() {
    let daemon = Daemon::new();
    let (code, out, _) = sorry(&daemon, &["say", "shop", "on a full disk", "--json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &told["orders"][0]["done"]["unkept"]),
        (1, &json!("no space"))
    );
    let (code, ..) = sorry(&daemon, &["say", "shop", "on a good disk"]);
    assert_eq!(code, 0);
}

#[test]
fn what_is_typed_wrong_is_told_and_nothing_is_ordered() {
    let daemon = Daemon::new();
    for (line, code, expected) in [
        ("down", 2, "<SITE>"),
        ("down shop --all", 2, "--all"),
        ("down shop --for 30", 2, "has no unit"),
        ("down shop --for 1h --endless", 2, "--endless"),
        ("down shop --until 2020-01-01_02:00", 2, "is over"),
        ("down shop --keep fresh", 2, "stale"),
        ("up shop --for 1h", 2, "--anyway"),
        ("extend shop", 2, "DURATION"),
        ("extend nobody 5m", 2, "no site `nobody`: there are "),
        ("say shop", 2, "TEXT"),
        ("say shop a --clear", 2, "--clear"),
        ("approve shop", 1, "nothing waits for leave"),
        ("schedule shop n --at 02:00 --daily", 2, "--for"),
        (
            "schedule shop n --at 2020-01-01_02:00 --for 1h",
            2,
            "lies ahead",
        ),
        (
            "schedule shop n --at 02:00 --every someday --for 1h",
            2,
            "someday",
        ),
        (
            "schedule shop n --at 2099-03-29_02:30 --zone Europe/Berlin --for 1h",
            2,
            "skip",
        ),
        (
            "schedule shop n --at 02:00 --daily --for 1h --zone Europe/Berlim",
            2,
            "Europe/Berlim",
        ),
        ("schedule list nobody", 2, "no site `nobody`"),
    ] {
        let typed = words(line);
        let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
        let (exit, _, err) = sorry(&daemon, &typed);
        assert_eq!(exit, code, "{line}: {err}");
        assert!(err.contains(expected), "{line}: {err}");
        assert_eq!(daemon.heard(), [] as [Value; 0], "{line}");
    }
}
