//! Alerts, the remote admin API and what is kept: what they mean, and what is wrong with them.

use super::{SITE, check_after_site, valid};
use crate::config::alert::{Channel, Receiver};
use expect_test::expect;

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

            error[conflict]: the admin API: 127.0.0.1:8503 is taken by metrics
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
            error[conflict]: the admin API: 127.0.0.1:9503 is taken by metrics
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
