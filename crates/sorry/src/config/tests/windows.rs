//! Maintenance windows, and what is watched to doubt oneself: what they mean, and what is wrong with them.

use super::{SITE, check, check_after_site, valid};
use expect_test::expect;
use std::fmt::Write as _;

/// A site with these lines.
fn site(lines: &str) -> String {
    format!("[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:8503\"]\n{lines}")
}

#[test]
fn windows_are_read_with_their_defaults() {
    let config = valid(&site(
        r#"
[[site.window]]
name = "backup"
days = "daily"
at = 02:00:00
for = "1h"
[[site.window]]
name = "patches"
days = ["mon", "thu"]
at = "22:00"
until = "24:00"
zone = "Europe/Berlin"
say = "We are patching."
keep = "nothing"
on-overrun = "hold"
announce = "24h"
[[site.window]]
name = "move"
start = "2026-12-01 02:00 Europe/Berlin"
end = 2026-12-01T05:00:00+01:00
[[site.window]]
name = "move-back"
start = "2026-12-08 02:00"
for = "3h"
zone = "Asia/Tokyo"
"#,
    ));
    let mut told = String::new();
    for window in &config.sites[0].windows {
        let said = window.say.as_ref().map(sorry_core::said::Said::as_str);
        let _ = writeln!(
            told,
            "{}: {}; {said:?} {:?} {:?} {:?}",
            window.name, window.shown, window.keep, window.on_overrun, window.announce
        );
    }
    expect![[r#"
        backup: daily 02:00:00 for 1h local time; None Stale Return None
        patches: mon, thu 22:00-24:00 Europe/Berlin; Some("We are patching.") Nothing Hold Some(86400s)
        move: 2026-12-01 02:00 to 2026-12-01 05:00 Europe/Berlin; None Stale Hold None
        move-back: 2026-12-08 02:00 for 3h Asia/Tokyo; None Stale Hold None
    "#]].assert_eq(&told);
}

#[test]
fn windows_that_never_open_or_never_close() {
    let window = |lines: &str| format!("[[site.window]]\n{lines}\n");
    let windows: String = [
        "name = \"a\"",
        "name = \"a\"\ndays = \"daily\"\nfor = \"1h\"",
        "name = \"c\"\nat = \"02:00\"\nfor = \"1h\"",
        "name = \"d\"\ndays = \"daily\"\nat = \"02:00\"",
        "name = \"e\"\ndays = \"daily\"\nat = \"02:00\"\nend = \"04:00\"",
        "name = \"f\"\nstart = \"2026-12-01 02:00 UTC\"\nuntil = \"04:00\"",
        "name = \"g\"\nstart = \"2026-12-01 02:00 UTC\"\nat = \"04:00\"\nfor = \"1h\"",
        "name = \"h\"\nstart = \"2026-12-01 02:00 UTC\"\nend = \"2026-12-01 01:00 UTC\"",
        "name = \"i\"\ndays = [\"daily\", \"someday\"]\nat = \"2am\"\nfor = \"8d\"",
        "name = \"j\"\ndays = \"sun\"\nat = \"02:00\"\nfor = \"8d\"",
        "name = \"k\"\ndays = \"sun\"\nat = \"02:00\"\nfor = \"1h\"\nuntil = \"03:00\"\nzone = \"Europe/Berlim\"",
        "name = \"l\"\ndays = \"sun\"\nat = \"02:00\"\nfor = \"1h\"\nuntil = \"03:00\"",
        "name = \"m\"\nstart = 5\nfor = \"1h\"",
    ]
    .map(window)
    .concat();
    check(
        &site(&windows),
        expect![[r#"
        error[missing]: nothing says when the window opens
         --> sorry.toml:4:1
          |
        4 | [[site.window]]
          | ^^^^^^^^^^^^^^^
          |
          = help: once: start = "2026-12-01 02:00 Europe/Berlin"; again and again: days = "daily" and at = "02:00"

        error[duplicate]: a second window is named `a`
         --> sorry.toml:7:8
          |
        5 | name = "a"
          |        --- first given here
        6 | [[site.window]]
        7 | name = "a"
          |        ^^^

        error[missing]: days: the window never opens without `at`
         --> sorry.toml:8:8
          |
        8 | days = "daily"
          |        ^^^^^^^
          |
          = help: for example: at = "02:00"

        error[missing]: at: the window never opens without `days`
          --> sorry.toml:12:6
           |
        12 | at = "02:00"
           |      ^^^^^^^
           |
           = help: for example: days = "daily"

        error[invalid]: for: nothing says when it is over
          --> sorry.toml:14:1
           |
        14 | [[site.window]]
           | ^^^^^^^^^^^^^^^
           |
           = help: say for how long, or until when

        error[conflict]: end: not in one that opens again and again
          --> sorry.toml:22:7
           |
        22 | end = "04:00"
           |       ^^^^^^^
           |
           = help: that closes with `until`, or is open `for` a while

        error[conflict]: until: not in one that opens once
          --> sorry.toml:26:9
           |
        26 | until = "04:00"
           |         ^^^^^^^
           |
           = help: that closes with `end`, or is open `for` a while

        error[conflict]: at: `start` opens the window once, and `at` again and again
          --> sorry.toml:30:6
           |
        29 | start = "2026-12-01 02:00 UTC"
           |         ---------------------- the start is here
        30 | at = "04:00"
           |      ^^^^^^^
           |
           = help: leave one of them out

        error[invalid]: end: it closes before it opens
          --> sorry.toml:35:7
           |
        35 | end = "2026-12-01 01:00 UTC"
           |       ^^^^^^^^^^^^^^^^^^^^^^

        error[invalid]: days: `someday` is not one of the words allowed
          --> sorry.toml:38:18
           |
        38 | days = ["daily", "someday"]
           |                  ^^^^^^^^^
           |
           = help: it may be "daily", "mon", "tue", "wed", "thu", "fri", "sat" or "sun"

        error[invalid]: at: `2am` is not a time of day
          --> sorry.toml:39:6
           |
        39 | at = "2am"
           |      ^^^^^
           |
           = help: for example "02:00"

        error[out-of-range]: for: one that comes again is open for at most a week
          --> sorry.toml:45:7
           |
        45 | for = "8d"
           |       ^^^^

        error[invalid]: until: how long it is open and when it closes are the same said twice
          --> sorry.toml:51:9
           |
        51 | until = "03:00"
           |         ^^^^^^^
           |
           = help: say one of them

        error[invalid]: zone: `Europe/Berlim` is not a known time zone
          --> sorry.toml:52:8
           |
        52 | zone = "Europe/Berlim"
           |        ^^^^^^^^^^^^^^^
           |
           = help: did you mean "Europe/Berlin"?

        error[invalid]: until: how long it is open and when it closes are the same said twice
          --> sorry.toml:58:9
           |
        58 | until = "03:00"
           |         ^^^^^^^
           |
           = help: say one of them

        error[wrong-type]: start: must be a time such as "02:00", or with its date "2026-12-01 02:00 Europe/Berlin", not a whole number
          --> sorry.toml:61:9
           |
        61 | start = 5
           |         ^
           |
           = help: for example: start = "2026-12-01 02:00 Europe/Berlin"
    "#]],
    );
}

#[test]
fn what_is_watched_to_doubt_oneself() {
    let config = valid(&format!(
        "{SITE}{}",
        r#"
[watch]
references = ["192.0.2.1", "gw.example.com:53", "2001:db8::1"]
every = "5s"
timeout = "1s"
mass = { share = 0.75, within = "5s" }
hold = "2m"
votes = 1
[[watch.peer]]
name = "b"
address = "b.example.com:9504"
ca = "b.pem"
token-file = "b.token"
"#
    ));
    expect![[r#"
        Watching { references: [Target { host: Ip(192.0.2.1), port: 0 }, Target { host: Name("gw.example.com"), port: 53 }, Target { host: Ip(2001:db8::1), port: 0 }], every: 5s, timeout: 1s, mass: Mass { share_permille: 750, within: 5s }, hold: 120s, votes: 1, peers: [Peer { name: "b", address: Target { host: Name("b.example.com"), port: 9504 }, authority: Some("/etc/sorry/b.pem"), token: "/etc/sorry/b.token" }] }
    "#]].assert_eq(&format!("{:?}\n", config.watch));
}

#[test]
fn doubts_that_cannot_be() {
    check_after_site(
        r#"[watch]
references = ["192.0.2.1", "192.0.2.1", "*"]
mass = { share = 50 }
votes = 3
[[watch.peer]]
name = "b"
address = "b.example.com:9504"
token-file = "b.token"
[[watch.peer]]
name = "b"
address = "c.example.com"
token-file = "c.token""#,
        expect![[r#"
            error[duplicate]: the same reference is given twice
             --> sorry.toml:3:28
              |
            3 | references = ["192.0.2.1", "192.0.2.1", "*"]
              |               -----------  ^^^^^^^^^^^
              |               |
              |               first given here

            error[invalid]: references: a pattern is not one host
             --> sorry.toml:3:42
              |
            3 | references = ["192.0.2.1", "192.0.2.1", "*"]
              |                                          ^
              |
              = help: for example: references = ["192.0.2.1", "192.0.2.53:53"]

            error[out-of-range]: share: `50` is out of range
             --> sorry.toml:4:18
              |
            4 | mass = { share = 50 }
              |                  ^^
              |
              = help: it may be 0.001 to 1

            error[duplicate]: a second peer is named `b`
              --> sorry.toml:11:8
               |
             7 | name = "b"
               |        --- first given here
            ...
            11 | name = "b"
               |        ^^^

            error[invalid]: address: `c.example.com` has no port
              --> sorry.toml:12:11
               |
            12 | address = "c.example.com"
               |           ^^^^^^^^^^^^^^^
               |
               = help: add the port: "c.example.com:80"
        "#]],
    );
}

#[test]
fn a_window_that_has_passed_is_told_of() {
    for (lines, expected) in [
        (
            "start = \"2020-02-01 02:00 UTC\"\nfor = \"1h\"",
            &["sorry.toml:6: start: the window has passed, and does nothing any more"][..],
        ),
        (
            "start = \"2020-02-01 02:00 UTC\"\nend = \"2020-02-01 04:00 UTC\"",
            &["sorry.toml:6: start: the window has passed, and does nothing any more"],
        ),
        // It is open: what counts is its end.
        (
            "start = \"2020-02-01 02:00 UTC\"\nend = \"2199-02-01 04:00 UTC\"",
            &[],
        ),
        ("start = \"2199-02-01 02:00 UTC\"\nfor = \"1h\"", &[]),
        ("days = \"daily\"\nat = \"02:00\"\nfor = \"1h\"", &[]),
    ] {
        let text = site(&format!("[[site.window]]\nname = \"move\"\n{lines}\n"));
        assert_eq!(valid(&text).warnings, expected, "{lines}");
    }
}
