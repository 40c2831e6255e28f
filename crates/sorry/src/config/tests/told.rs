//! Windows, doubt, alerts, the admin API and what is kept: what they mean, and what is wrong with them.

use super::{SITE, check, check_after_site, valid};
use crate::config::alert::{Channel, Receiver};
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
        let said = window.say.as_ref().map(|said| said.as_str());
        let _ = writeln!(
            told,
            "{}: {}; {said:?} {:?} {:?} {:?}",
            window.name, window.shown, window.keep, window.on_overrun, window.announce
        );
    }
    expect![[r#"
        backup: daily 02:00:00 for 1h local time; None Stale Return None
        patches: mon, thu 22:00-24:00 Europe/Berlin; Some("We are patching.") Nothing Hold Some(86400s)
        move: 2026-12-01 02:00 to 2026-12-01 05:00 local time; None Stale Hold None
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

            error[invalid]: references: `*` alone is not a host name
             --> sorry.toml:3:42
              |
            3 | references = ["192.0.2.1", "192.0.2.1", "*"]
              |                                          ^
              |
              = help: `default = true` makes a site answer for all unknown hosts

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

fn in_words(receiver: &Receiver) -> String {
    let Receiver {
        name,
        sites,
        channel,
        timeout,
        give_up,
        ..
    } = receiver;
    format!(
        "{name} {sites:?} {timeout:?} {give_up:?} {}: {channel:?}",
        channel.label()
    )
}

#[test]
fn every_channel_means_what_it_says() {
    let config = valid(&format!(
        "{SITE}{}",
        r#"
[[alert]]
name = "hook"
webhook = { url = "https://hooks.example.com/sorry", secret-file = "hook.secret" }
[[alert]]
name = "secret-hook"
webhook.url-file = "hook.url"
[[alert]]
name = "mail"
sites = ["shop"]
timeout = "5s"
give-up = "1h"
email = { host = "mail.example.com", user = "sorry", password-file = "mail.password", ca = "ca.pem", from = "Sorry <sorry@example.com>", to = ["ops@example.com"] }
[[alert]]
name = "local-mail"
email = { host = "127.0.0.1", encryption = "none", from = "sorry@localhost", to = ["root@localhost"] }
[[alert]]
name = "tls-mail"
email = { host = "::1", encryption = "tls", from = "sorry@localhost", to = ["root@localhost"] }
[[alert]]
name = "am"
alertmanager.url = "http://127.0.0.1:9093"
[[alert]]
name = "run"
exec = ["/usr/local/bin/page", "me"]
[[alert]]
name = "slack"
slack.url-file = "slack.url"
[[alert]]
name = "teams"
teams.url = "https://teams.example.com/x"
[[alert]]
name = "pd"
pagerduty.key-file = "pd.key"
[[alert]]
name = "ntfy"
ntfy = { url = "https://ntfy.sh/ours", token-file = "ntfy.token" }
"#
    ));
    let told: String = config
        .receivers
        .iter()
        .map(|receiver| format!("{}\n", in_words(receiver)))
        .collect();
    expect![[r#"
        hook [] 10s 86400s webhook: Webhook { url: Given("https://hooks.example.com/sorry"), secret: Some("/etc/sorry/hook.secret") }
        secret-hook [] 10s 86400s webhook: Webhook { url: File("/etc/sorry/hook.url"), secret: None }
        mail ["shop"] 5s 3600s email: Email(Email { host: "mail.example.com", port: 587, encryption: StartTls, authority: Some("/etc/sorry/ca.pem"), credentials: Some(("sorry", "/etc/sorry/mail.password")), from: "Sorry <sorry@example.com>", to: ["ops@example.com"] })
        local-mail [] 10s 86400s email: Email(Email { host: "127.0.0.1", port: 25, encryption: None, authority: None, credentials: None, from: "sorry@localhost", to: ["root@localhost"] })
        tls-mail [] 10s 86400s email: Email(Email { host: "::1", port: 465, encryption: Tls, authority: None, credentials: None, from: "sorry@localhost", to: ["root@localhost"] })
        am [] 10s 86400s alertmanager: Alertmanager { url: Given("http://127.0.0.1:9093") }
        run [] 10s 86400s exec: Exec { argv: ["/usr/local/bin/page", "me"] }
        slack [] 10s 86400s slack: Slack(File("/etc/sorry/slack.url"))
        teams [] 10s 86400s teams: Teams(Given("https://teams.example.com/x"))
        pd [] 10s 86400s pagerduty: PagerDuty { url: Given("https://events.pagerduty.com/v2/enqueue"), key: "/etc/sorry/pd.key" }
        ntfy [] 10s 86400s ntfy: Ntfy { url: Given("https://ntfy.sh/ours"), token: Some("/etc/sorry/ntfy.token") }
    "#]].assert_eq(&told);
    let labels = config
        .receivers
        .iter()
        .map(|receiver| receiver.channel.label());
    let mut labels: Vec<&str> = labels.collect();
    labels.dedup();
    // Every channel that there is, so that a new one is not forgotten here.
    assert_eq!(labels.len(), 8);
    let mut files: Vec<String> = config
        .files
        .iter()
        .map(|file| format!("{:?} {}", file.purpose, file.path.display()))
        .collect();
    files.sort();
    expect![[r#"
        Authority /etc/sorry/ca.pem
        Program /usr/local/bin/page
        Secret /etc/sorry/hook.secret
        Secret /etc/sorry/hook.url
        Secret /etc/sorry/mail.password
        Secret /etc/sorry/ntfy.token
        Secret /etc/sorry/pd.key
        Secret /etc/sorry/slack.url"#]]
    .assert_eq(&files.join("\n"));
    assert!(matches!(config.receivers[6].channel, Channel::Exec { .. }));
}

#[test]
fn alerts_that_tell_nobody() {
    check_after_site(
        r#"[[alert]]
name = "a"
[[alert]]
name = "a"
sites = ["shp", "nowhere"]
webhook = {}
[[alert]]
name = "c"
webhook.url = "hooks.example.com"
[[alert]]
name = "d"
slack.url-file = "slack.url"
ntfy.url = "https://u:p@ntfy.sh/ours"
exec = ["page"]
[[alert]]
name = "e"
email = { host = "mail.example.com:25", encryption = "none", user = "sorry", password-file = "p", from = "sorry", to = [] }
[[alert]]
name = "f"
email = { host = "mail.example.com", user = "sorry", from = "sorry@example.com", to = ["a@b", "c"] }
[[alert]]
name = "g"
exec = []
[[alert]]
name = "h"
slack = { url = "https://a.example.com/", url-file = "slack.url" }"#,
        expect![[r#"
            error[missing]: nothing says how somebody is told
             --> sorry.toml:2:1
              |
            2 | [[alert]]
              | ^^^^^^^^^
              |
              = help: add one of `webhook`, `email`, `alertmanager`, `exec`, `slack`, `teams`, `pagerduty` or `ntfy`

            error[duplicate]: a second alert is named `a`
             --> sorry.toml:5:8
              |
            3 | name = "a"
              |        --- first given here
            4 | [[alert]]
            5 | name = "a"
              |        ^^^

            error[invalid]: sites: there is no site `shp`
             --> sorry.toml:6:10
              |
            6 | sites = ["shp", "nowhere"]
              |          ^^^^^
              |
              = help: did you mean "shop"?

            error[invalid]: sites: there is no site `nowhere`
             --> sorry.toml:6:17
              |
            6 | sites = ["shp", "nowhere"]
              |                 ^^^^^^^^^
              |
              = help: without `sites` it hears of all

            error[missing]: nothing says where to
             --> sorry.toml:7:11
              |
            7 | webhook = {}
              |           ^^
              |
              = help: add `url`, or `url-file` where the URL is a secret

            error[invalid]: url: `hooks.example.com` is not a whole URL
              --> sorry.toml:10:15
               |
            10 | webhook.url = "hooks.example.com"
               |               ^^^^^^^^^^^^^^^^^^^
               |
               = help: it begins with "https://" or "http://" and a host

            error[conflict]: slack: it stands instead of `exec`, which is there, too
              --> sorry.toml:13:1
               |
            13 | slack.url-file = "slack.url"
               | ^^^^^
            14 | ntfy.url = "https://u:p@ntfy.sh/ours"
            15 | exec = ["page"]
               |        -------- the other one is here

            error[conflict]: ntfy: it stands instead of `exec`, which is there, too
              --> sorry.toml:14:1
               |
            14 | ntfy.url = "https://u:p@ntfy.sh/ours"
               | ^^^^
            15 | exec = ["page"]
               |        -------- the other one is here

            error[invalid]: url: user names and passwords in a URL end up in logs
              --> sorry.toml:14:12
               |
            14 | ntfy.url = "https://u:p@ntfy.sh/ours"
               |            ^^^^^^^^^^^^^^^^^^^^^^^^^^
               |
               = help: most receivers take a token from a file

            error[invalid]: exec: `page` is not an absolute path
              --> sorry.toml:15:9
               |
            15 | exec = ["page"]
               |         ^^^^^^
               |
               = help: programs are not looked for: give the full path

            error[invalid]: host: `mail.example.com:25` has a port
              --> sorry.toml:18:18
               |
            18 | email = { host = "mail.example.com:25", encryption = "none", user = "sorry", password-file = "p", from = "sorry", to = [] }
               |                  ^^^^^^^^^^^^^^^^^^^^^
               |
               = help: the port has a key of its own

            error[conflict]: user: it cannot be with `encryption = "none"`
              --> sorry.toml:18:69
               |
            18 | email = { host = "mail.example.com:25", encryption = "none", user = "sorry", password-file = "p", from = "sorry", to = [] }
               |                                                      ------         ^^^^^^^
               |                                                      |
               |                                                      that is here
               |
               = help: a password that is not encrypted is anybody's: use "starttls" or "tls"

            error[conflict]: password-file: it cannot be with `encryption = "none"`
              --> sorry.toml:18:94
               |
            18 | email = { host = "mail.example.com:25", encryption = "none", user = "sorry", password-file = "p", from = "sorry", to = [] }
               |                                                      ------ that is here                     ^^^
               |
               = help: a password that is not encrypted is anybody's: use "starttls" or "tls"

            error[invalid]: from: `sorry` is not a mail address
              --> sorry.toml:18:106
               |
            18 | email = { host = "mail.example.com:25", encryption = "none", user = "sorry", password-file = "p", from = "sorry", to = [] }
               |                                                                                                          ^^^^^^^
               |
               = help: for example: from = "Sorry <sorry@example.com>"

            error[invalid]: to: an empty array tells nobody
              --> sorry.toml:18:120
               |
            18 | email = { host = "mail.example.com:25", encryption = "none", user = "sorry", password-file = "p", from = "sorry", to = [] }
               |                                                                                                                        ^^
               |
               = help: for example: to = ["ops@example.com"]

            error[missing]: user: it does nothing without `password-file`
              --> sorry.toml:21:45
               |
            21 | email = { host = "mail.example.com", user = "sorry", from = "sorry@example.com", to = ["a@b", "c"] }
               |                                             ^^^^^^^
               |
               = help: add `password-file`, or leave `user` out

            error[invalid]: to: `c` is not a mail address
              --> sorry.toml:21:95
               |
            21 | email = { host = "mail.example.com", user = "sorry", from = "sorry@example.com", to = ["a@b", "c"] }
               |                                                                                               ^^^
               |
               = help: for example: to = ["ops@example.com"]

            error[invalid]: exec: an empty array runs nothing
              --> sorry.toml:24:8
               |
            24 | exec = []
               |        ^^
               |
               = help: for example: exec = ["/usr/local/lib/sorry/mine"]

            error[conflict]: url-file: it stands instead of `url`, which is there, too
              --> sorry.toml:27:54
               |
            27 | slack = { url = "https://a.example.com/", url-file = "slack.url" }
               |                 ------------------------             ^^^^^^^^^^^
               |                 |
               |                 the other one is here
        "#]],
    );
}

#[test]
fn the_remote_admin_api_is_all_or_nothing() {
    let config = valid(&format!(
        "{SITE}{}",
        r#"
[admin]
listen = "10.0.0.2:9504"
certificate = "admin.crt"
key = "admin.key"
tokens = "tokens"
hosts = ["Sorry.example.com"]
"#
    ));
    let mut remote = config.remote.unwrap();
    remote.place = crate::config::Place::File;
    expect![[r#"
        Remote { listen: 10.0.0.2:9504, hosts: ["sorry.example.com"], certificate: Certificate { certificate: "/etc/sorry/admin.crt", key: "/etc/sorry/admin.key" }, tokens: "/etc/sorry/tokens", place: File }
    "#]].assert_eq(&format!("{remote:?}\n"));
    assert_eq!(valid(SITE).remote, None);
    check_after_site(
        "[admin]\nhosts = [\"sorry.example.com\"]",
        expect![[r#"
        error[missing]: hosts: it does nothing without `listen`, `certificate`, `key`, `tokens`
         --> sorry.toml:3:9
          |
        3 | hosts = ["sorry.example.com"]
          |         ^^^^^^^^^^^^^^^^^^^^^
          |
          = help: the admin API is served over TCP only with TLS, and only to who has a token: give all of `listen`, `certificate`, `key` and `tokens`, or none
    "#]],
    );
    check_after_site(
        "[admin]\nlisten = \"127.0.0.1:9504\"\nkey = \"a.key\"",
        expect![[r#"
            error[missing]: listen: it does nothing without `certificate`, `tokens`
             --> sorry.toml:3:10
              |
            3 | listen = "127.0.0.1:9504"
              |          ^^^^^^^^^^^^^^^^
              |
              = help: the admin API is served over TCP only with TLS, and only to who has a token: give all of `listen`, `certificate`, `key` and `tokens`, or none
        "#]],
    );
}

#[test]
fn own_addresses_are_apart() {
    check_after_site(
        "[metrics]\nlisten = \"127.0.0.1:8503\"\n[admin]\nlisten = \"127.0.0.1:8503\"\ncertificate = \"a\"\nkey = \"b\"\ntokens = \"c\"",
        expect![[r#"
            error[conflict]: metrics: 127.0.0.1:8503 is a sorry listener
             --> sorry.toml:3:10
              |
            1 | site = [{ name = "shop", sorry.listen = ["127.0.0.1:8503"] }]
              |                                          ---------------- the listener is here
            2 | [metrics]
            3 | listen = "127.0.0.1:8503"
              |          ^^^^^^^^^^^^^^^^
              |
              = help: an address cannot be shared with a site

            error[conflict]: the admin API: 127.0.0.1:8503 is a sorry listener
             --> sorry.toml:5:10
              |
            1 | site = [{ name = "shop", sorry.listen = ["127.0.0.1:8503"] }]
              |                                          ---------------- the listener is here
            ...
            5 | listen = "127.0.0.1:8503"
              |          ^^^^^^^^^^^^^^^^
              |
              = help: an address cannot be shared with a site

            error[conflict]: the admin API: 127.0.0.1:8503 is where metrics is
             --> sorry.toml:5:10
              |
            3 | listen = "127.0.0.1:8503"
              |          ---------------- that is here
            4 | [admin]
            5 | listen = "127.0.0.1:8503"
              |          ^^^^^^^^^^^^^^^^
              |
              = help: take another port
        "#]],
    );
    check_after_site(
        "[metrics]\nlisten = \"0.0.0.0:9503\"\n[admin]\nlisten = \"127.0.0.1:9503\"\ncertificate = \"a\"\nkey = \"b\"\ntokens = \"c\"",
        expect![[r#"
            error[conflict]: the admin API: 127.0.0.1:9503 is where metrics is
             --> sorry.toml:5:10
              |
            3 | listen = "0.0.0.0:9503"
              |          -------------- that is here
            4 | [admin]
            5 | listen = "127.0.0.1:9503"
              |          ^^^^^^^^^^^^^^^^
              |
              = help: take another port
        "#]],
    );
}

#[test]
fn what_is_kept_and_for_how_long_a_site_goes_down() {
    for (lines, state, seconds) in [
        ("state = \"none\"\n", None, 3600),
        (
            "state = \"kept\"\ndown-for = \"30m\"\n",
            Some("/etc/sorry/kept"),
            1800,
        ),
    ] {
        let config = valid(&format!("{lines}{SITE}"));
        let folder = config
            .state
            .as_deref()
            .map(|path| path.display().to_string());
        assert_eq!(folder.as_deref(), state);
        assert_eq!(config.down_for.as_secs(), seconds);
    }
}
