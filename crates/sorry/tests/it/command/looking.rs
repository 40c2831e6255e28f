//! The verbs that only look: status, explain, history, audit, schedule list.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use expect_test::expect;
use serde_json::Value;

use super::daemon::Daemon;
use super::orders::sorry;
use super::verbs::completed;
use crate::harness::{SORRY, run, text};

/// The same by the clock of UTC.
fn by_utc(daemon: &Daemon, line: &[&str]) -> String {
    let path = daemon.path();
    let fixed = ["TZ=UTC", SORRY];
    let arguments = [&fixed, line, &["--admin", path.to_str().expect("UTF-8")]].concat();
    let output = run("env", &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// Ages change with the clock.
fn ageless(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let cut = line
            .find(" (")
            .filter(|_| line.contains("ago)") || line.contains("(in "));
        out.push_str(line[..cut.unwrap_or(line.len())].trim_end());
        out.push('\n');
    }
    out
}

#[test]
fn status_is_a_table_of_sites_and_their_real_servers() {
    let daemon = Daemon::new();
    let status = by_utc(&daemon, &["status"]);
    for part in [
        "SITE ",
        "shop ",
        "live ",
        "10.0.0.1:80  up ",
        "http ok 2.0 ms",
        "-+++",
        "blog ",
        "no quorum",
    ] {
        assert!(status.contains(part), "no {part:?} in\n{status}");
    }
    assert!(!status.contains('\x1b'), "colours for nobody");
    let site = by_utc(&daemon, &["status", "blog"]);
    assert!(!site.contains("shop"), "{site}");
    let (_, json, _) = sorry(&daemon, &["status", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["standing"]["sites"][1]["route"], "sorry");
    let (code, _, err) = sorry(&daemon, &["status", "bolg"]);
    assert_eq!(
        (code, err.as_str()),
        (2, "sorry: no site `bolg`: there are blog, shop\n")
    );
}

#[test]
fn a_site_is_explained() {
    let daemon = Daemon::new();
    assert_eq!(
        by_utc(&daemon, &["explain", "shop"]),
        "shop is live\n  it has its quorum\n"
    );
    let (code, out, _) = sorry(&daemon, &["explain", "nobody", "--json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, 2);
    assert!(told["error"].as_str().unwrap().contains("nobody"), "{told}");
}

#[test]
fn history_is_told_and_compared() {
    let daemon = Daemon::new();
    expect![[r#"
        BEGAN             ENDED  LASTED  SITE  WHAT              CAUSE
        2026-01-01 00:00  00:10  10m     shop  outage            no quorum
        2026-01-01 00:00  00:10  10m     blog  outage, observed  no quorum
          2026-01-01 00:00:01 the switch nginx would have sent visitors to the sorry server
          2026-01-01 00:00:06 the switch nginx has failed
    "#]]
    .assert_eq(&by_utc(&daemon, &["history", "--events"]));
    expect![[r#"
        outage, observed of blog, 2026-01-01 00:00
        TIME                 WOULD HAVE BEEN DONE                     HAPPENED
        2026-01-01 00:00:01  nginx sent visitors to the sorry server
        2026-01-01 00:00:06                                           the switch nginx has failed
          it would have been done 5s earlier
    "#]]
    .assert_eq(&ageless(&by_utc(&daemon, &["history", "--compare"])));
    // One of those that were observed, not one of all.
    let one = by_utc(&daemon, &["history", "--compare", "--limit", "1"]);
    assert!(one.contains("observed of blog"), "{one}");
    let (_, json, _) = sorry(&daemon, &["history", "shop", "--json", "--limit", "5"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["incidents"].as_array().map(Vec::len), Some(1));
    let (code, json, _) = sorry(&daemon, &["history", "nobody", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(code, 2);
    assert!(
        json["error"]
            .as_str()
            .unwrap()
            .starts_with("no site `nobody`: there are "),
        "{json}"
    );
    assert_eq!(
        by_utc(&daemon, &["history", "--since", "1d"]),
        "nothing has happened\n"
    );
}

#[test]
fn names_of_sites_are_completed() {
    let daemon = Daemon::new();
    let path = daemon.path().display().to_string();
    for (line, expected) in [
        (&["sorry", "down", "--admin", &path, ""][..], "shop\nblog"),
        (&["sorry", "status", "--admin", &path, "s"], "shop"),
        (&["sorry", "history", "--admin", &path, "x"], ""),
        (&["sorry", "down", "--admin", "/nowhere", "s"], ""),
    ] {
        let told = completed("bash", line);
        let names = told.lines().filter(|word| !word.starts_with('-'));
        let names: Vec<&str> = names.collect();
        assert_eq!(names.join("\n"), expected, "{line:?}");
    }
}

#[test]
fn windows_are_listed() {
    let daemon = Daemon::new();
    let listed = by_utc(&daemon, &["schedule", "list", "shop"]);
    for part in [
        "shop\n",
        "nightly",
        "daily 02:00 for 1h UTC",
        "2099-01-01 02:00",
        "configured",
    ] {
        assert!(listed.contains(part), "no {part:?} in\n{listed}");
    }
}

#[test]
fn whatever_is_changed_is_in_the_audit_log() {
    let daemon = Daemon::new();
    assert_eq!(by_utc(&daemon, &["audit"]), "nobody has changed anything\n");
    sorry(
        &daemon,
        &["down", "shop", "--for", "1h", "--reason", "CHG-7"],
    );
    sorry(&daemon, &["approve", "shop"]);
    let (code, _, err) = sorry(&daemon, &["reload"]);
    assert_eq!(code, 1);
    assert!(err.contains("the daemon is stopping"), "{err}");
    let audit = by_utc(&daemon, &["audit"]);
    for part in [
        "why: CHG-7",
        "down is done",
        "nothing waits for leave",
        "reload",
        "failed",
    ] {
        assert!(audit.contains(part), "no {part:?} in\n{audit}");
    }
    let (_, json, _) = sorry(&daemon, &["audit", "--json", "--limit", "1"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["entries"][0]["what"], "reload");
}

/// Whoever watches sees it again and again, and leaves with Ctrl-C.
#[test]
fn a_status_that_is_watched_is_shown_again_until_ctrl_c() {
    let daemon = Daemon::new();
    let path = daemon.path().display().to_string();
    for (flags, begins, shown) in [
        (&["--json"][..], "{", "\"no-quorum\""),
        (&[], "\x1b[H", "10.0.0.1:80"),
        (&["shop"], "\x1b[H", "10.0.0.1:80"),
    ] {
        // Whoever starts tests may ignore the signal, as a shell does for what it starts in the background, and so would this.
        let mut watching = Command::new("env")
            .args(["--default-signal=INT", SORRY])
            .args(["status", "--watch", "--admin", &path])
            .args(flags)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program");
        let mut lines = BufReader::new(watching.stdout.take().expect("it is piped")).lines();
        // The beginnings of three frames, the second of which may follow on the line of the first: so two of them are whole.
        let (mut frames, mut seen) = (0, String::new());
        while frames < 3 {
            let line = lines.next().expect("it goes on").expect("UTF-8");
            frames += usize::from(line.contains(begins));
            seen += &line;
        }
        assert!(seen.matches(shown).count() >= 2, "{flags:?}: {seen}");
        let pid = watching.id().to_string();
        assert!(run("kill", &["-INT", &pid]).status.success());
        let ended = watching.wait().expect("it ends");
        assert_eq!(ended.signal(), Some(2), "{flags:?}: {ended:?}");
    }
}
