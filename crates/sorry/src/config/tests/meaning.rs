//! What valid files mean.

use super::{SITE, check, valid};
use crate::config::{
    AccessFormat, AccessTarget, Code, Color, ContentSecurityPolicy, ListenAddress, ListenOptions,
    LogLevel, Mistake, Mode, Place, Purpose, RetryAfter, Span, Workers,
};
use expect_test::expect;
use std::path::Path;
use std::time::Duration;

#[test]
fn the_smallest_file_has_all_defaults() {
    let mut config = valid(SITE);
    assert_eq!(config.listeners[0].default_site(), 0);
    config.listeners.clear();
    let shown = format!("{config:#?}");
    // The text of the file is not what this is about.
    let shown = shown.split("    source:").next().unwrap();
    expect![[r#"
        Config {
            workers: OnePerCore,
            pin_workers: false,
            sandbox: Auto,
            certificates: [],
            sites: [
                Site {
                    name: "shop",
                    hosts: [],
                    sorry: Sorry {
                        page: None,
                        status: 503,
                        retry_after: Auto,
                        retry_after_form: Seconds,
                        until: None,
                        say: None,
                        mode: InPlace,
                        language: "en",
                        alive: UrlPath(
                            "/.sorry/alive",
                        ),
                        robots: None,
                        event_stream: Answer,
                        alt_svc: Auto,
                        cors_origins: [],
                        kernel: Never,
                        kernel_place: Span(
                            Span {
                                start: 25,
                                end: 30,
                            },
                        ),
                        kernel_vips: [],
                        kernel_vips_places: None,
                        csp: Auto,
                    },
                    reals: [],
                    quorum: Quorum {
                        at_least: 1,
                        hysteresis: 0,
                    },
                    omega: false,
                    damping: Damping {
                        dwell_live: 0ns,
                        dwell_sorry: 5s,
                        hold_down: 30s,
                        hold_down_most: 1800s,
                        steady_after: 600s,
                    },
                    windows: [],
                },
            ],
            listeners: [],
            limits: Limits {
                head_bytes: 32768,
                head_time: 10s,
                connections: None,
                requests_per_connection: 1000,
                connection_age: 10s,
                connection_life: 300s,
                idle_time: 5s,
                body_bytes: 67108864,
                body_time: 30s,
                write_time: 30s,
                linger_time: 2s,
                tls_handshake_time: 10s,
                tls_handshakes: 2048,
                proxy_header_time: 500ms,
                http2_streams: 100,
                http2_header_bytes: 32768,
                http2_resets_per_second: 100,
                http2_control_frames_per_second: 200,
                http2_continuation_frames: 8,
                http2_unread_body_bytes: 67108864,
                drain_time: 30s,
                page_bytes: 4194304,
                assets: 256,
            },
            metrics: None,
            metrics_place: File,
            admin: Some(
                "/run/sorry/admin.sock",
            ),
            remote: None,
            state: Some(
                "/var/lib/sorry",
            ),
            watch: Watching {
                references: [],
                every: 1s,
                timeout: 500ms,
                mass: Mass {
                    share_permille: 500,
                    within: 10s,
                },
                hold: 30s,
                votes: 0,
                peers: [],
            },
            kernel: Kernel {
                interfaces: [],
                hook: Auto,
                key_file: None,
                rotate: 600s,
                drain: 30s,
                on_crash: Pass,
                lease: 10s,
                deny: [],
                allow: [],
                rate: Some(
                    20000,
                ),
                sample: 0,
                place: File,
            },
            receivers: [],
            down_for: 3600s,
            log: Log {
                level: Info,
                access: None,
                access_target: Stdout,
            },
            files: [],
            written: [
                FileUse {
                    path: "/run/sorry/admin.sock",
                    place: File,
                    purpose: AdminSocket,
                },
                FileUse {
                    path: "/var/lib/sorry",
                    place: File,
                    purpose: State,
                },
            ],
    "#]]
    .assert_eq(shown);
}

#[test]
fn everything_said() {
    let config = valid(
        r#"workers = 2
pin-workers = true
[[site]]
name = "shop"
hosts = ["shop.example.com"]
[site.sorry]
listen = [{ address = "[::]:443", tls = true, proxy-protocol-from = ["10.0.0.0/8"], v6-only = true, https-redirect = true }, { address = "unix:/run/s.sock", mode = "0666" }]
page = "pages/shop"
status = 502
retry-after = "1h30m"
until = 2026-11-21T14:00:00+01:00
say = """
We are moving.
Back soon."""
mode = "redirect"
redirect = 307
redirect-page = "/maintenance"
alive = "/healthz"
robots = "/srv/robots.txt"
cors.origins = ["https://app.example.com"]
csp = "default-src 'self'"
[[tls]]
certificate = "tls/a.crt"
key = "tls/a.key"
[limits]
connections = 20000
head-bytes = "64 KiB"
[metrics]
listen = "127.0.0.1:0"
[admin]
socket = "none"
[log]
level = "off"
access = "combined"
access-file = "access.log"
"#,
    );
    assert_eq!(config.workers, Workers::Count(2));
    assert!(config.pin_workers);
    assert_eq!(config.limits.connections, Some(20_000));
    assert_eq!(config.limits.head_bytes, 65_536);
    assert_eq!(config.metrics, Some("127.0.0.1:0".parse().unwrap()));
    assert_eq!(config.admin, None);
    assert_eq!(config.log.level, LogLevel::Off);
    assert_eq!(config.log.access, AccessFormat::Combined);
    let log = AccessTarget::File("/etc/sorry/access.log".into());
    assert_eq!(config.log.access_target, log);
    assert_eq!(
        config.certificates[0].key,
        Path::new("/etc/sorry/tls/a.key")
    );

    let sorry = &config.sites[0].sorry;
    assert_eq!(
        sorry.page.as_deref(),
        Some(Path::new("/etc/sorry/pages/shop"))
    );
    assert_eq!(sorry.robots.as_deref(), Some(Path::new("/srv/robots.txt")));
    assert_eq!(sorry.status, 502);
    assert_eq!(
        sorry.retry_after,
        RetryAfter::After(Duration::from_secs(5400))
    );
    assert_eq!(sorry.until, Some("2026-11-21T13:00:00Z".parse().unwrap()));
    assert_eq!(
        sorry.say.as_ref().unwrap().as_str(),
        "We are moving.\nBack soon."
    );
    let Mode::Redirect { status: 307, page } = &sorry.mode else {
        panic!("{:?}", sorry.mode)
    };
    assert_eq!(page.as_str(), "/maintenance");
    assert_eq!(sorry.alive.as_str(), "/healthz");
    assert_eq!(sorry.cors_origins[0].as_str(), "https://app.example.com");
    assert_eq!(
        sorry.csp,
        ContentSecurityPolicy::Text("default-src 'self'".into())
    );

    assert_eq!(
        config.listeners[0].options,
        ListenOptions {
            tls: true,
            proxy_from: vec!["10.0.0.0/8".parse().unwrap()],
            unix_mode: 0o660,
            v6_only: true,
            https_redirect: true,
        }
    );
    assert_eq!(config.listeners[1].options.unix_mode, 0o666);
}

#[test]
fn the_ends_of_a_range_belong_to_it() {
    for (workers, time, size) in [(1, "1s", "1 KiB"), (1024, "30d", "1 MiB")] {
        valid(&format!(
            "workers = {workers}\n[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:1\"]\nsorry.retry-after = \"{time}\"\n[limits]\nhead-bytes = \"{size}\"\n"
        ));
    }
}

#[test]
fn any_place_can_be_reported() {
    let config = valid(&format!("# Zürich\n{SITE}"));
    for (start, end) in [
        (3, 4),
        (4, 4),
        (4, 5),
        (5, 4),
        (0, 1 << 30),
        (1 << 30, 1 << 31),
    ] {
        let place = Place::Span(Span { start, end });
        let also = Mistake::new(Code::Invalid, place, "x").also(place, "y");
        let report = config.report(vec![also]).unwrap();
        assert!(report.render(Color::Plain).contains("sorry.toml:"));
        assert!(report.to_json()["mistakes"][0]["line"].is_u64());
    }
}

#[test]
fn sites_share_listeners_and_hosts_choose() {
    let config = valid(
        r#"sorry.listen = ["127.0.0.1:1", "systemd:web"]
[[site]]
name = "shop"
hosts = ["shop.example.com", "*.shop.example.com"]
[[site]]
name = "blog"
hosts = ["blog.example.com"]
default = true
[[site]]
name = "wiki"
hosts = ["shop.example.com"]
sorry.listen = ["127.0.0.1:2"]
"#,
    );
    let addresses: Vec<String> = config
        .listeners
        .iter()
        .map(|l| l.address.to_string())
        .collect();
    assert_eq!(addresses, ["127.0.0.1:1", "systemd:web", "127.0.0.1:2"]);
    assert_eq!(
        config.listeners[1].address,
        ListenAddress::Systemd("web".into())
    );
    let shared = &config.listeners[0];
    assert_eq!(shared.sites, [1, 0]);
    for (host, site) in [
        ("shop.example.com", 0),
        ("www.shop.example.com", 0),
        ("blog.example.com", 1),
        ("unknown.example", 1),
        ("", 1),
    ] {
        assert_eq!(shared.site_for(host), site, "{host}");
    }
    assert_eq!(config.listeners[2].site_for("unknown.example"), 2);
}

#[test]
fn a_time_without_zone_is_in_the_given_one() {
    for until in [
        "\"2026-07-21 14:00\"",
        "2026-07-21T14:00:00",
        "2026-07-21 14:00:00",
    ] {
        let text = format!(
            "[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:1\"]\nsorry.until = {until}\n"
        );
        let until = valid(&text).sites[0].sorry.until;
        assert_eq!(until, Some("2026-07-21T12:00:00Z".parse().unwrap()));
    }
}

#[test]
fn files_that_turn_out_bad_are_reported_at_their_line() {
    let config = valid(
        "[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:1\"]\nsorry.page = \"pages/shop\"\n",
    );
    let file = &config.files[0];
    assert_eq!(file.purpose, Purpose::Page);
    let mistake = config
        .bad_file(file, "cannot open /etc/sorry/pages/shop: no such file")
        .hint("leave the key out for the built-in page");
    let report = config.report(vec![mistake]).unwrap();
    expect![[r#"
        error[bad-file]: cannot open /etc/sorry/pages/shop: no such file
         --> sorry.toml:4:14
          |
        4 | sorry.page = "pages/shop"
          |              ^^^^^^^^^^^^
          |
          = help: leave the key out for the built-in page
    "#]]
    .assert_eq(&report.render(Color::Plain));
    assert_eq!(config.report(Vec::new()), None);
}

#[test]
fn reports_for_programs() {
    let report = super::read(
        "# é\n[[site]]\nname = \"é\"\nsorry.listen = [\"127.0.0.1:1\", \"127.0.0.1:1\"]\n",
    );
    let json = serde_json::to_string_pretty(&report.unwrap_err().to_json()).unwrap();
    expect![[r#"
        {
          "file": "sorry.toml",
          "mistakes": [
            {
              "file": "sorry.toml",
              "line": 3,
              "column": 9,
              "end": {
                "line": 3,
                "column": 10
              },
              "code": "invalid",
              "message": "name: `é` cannot stand in a name",
              "hint": "use letters, digits, `-`, `_` and `.`",
              "in": null,
              "also": []
            },
            {
              "file": "sorry.toml",
              "line": 4,
              "column": 32,
              "end": {
                "line": 4,
                "column": 45
              },
              "code": "duplicate",
              "message": "127.0.0.1:1 is given twice",
              "hint": null,
              "in": null,
              "also": [
                {
                  "file": "sorry.toml",
                  "line": 4,
                  "column": 17,
                  "end": {
                    "line": 4,
                    "column": 30
                  },
                  "message": "first given here"
                }
              ]
            }
          ],
          "warnings": []
        }"#]]
    .assert_eq(&json);
}

#[test]
fn colours_change_nothing_but_colours() {
    let report = super::read("workers = 0\n").unwrap_err();
    let coloured = report.render(Color::Coloured);
    assert!(coloured.contains("\u{1b}["));
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    plain.push_str(rest);
    assert_eq!(plain, report.render(Color::Plain));
}

#[test]
fn mistakes_come_in_the_order_of_the_file() {
    let report = super::read("sorry.listen = [\"x\"]\n[limits]\nassets = -1\n[[site]]\nname = 1\n");
    let report = report.unwrap_err();
    let places: Vec<Place> = report.mistakes().iter().map(|m| m.place).collect();
    assert!(places.is_sorted() && places.len() == 3, "{places:?}");
}

#[test]
fn an_unknown_key_alone_is_a_mistake() {
    check(
        &format!("colour = 1\n{SITE}"),
        expect![[r#"
            error[unknown-key]: unknown key `colour`
             --> sorry.toml:1:1
              |
            1 | colour = 1
              | ^^^^^^
              |
              = help: the keys here are workers, pin-workers, sandbox, site, state, down-for, sorry, check, watch, kernel, alert, tls, limits, metrics, admin, log
        "#]],
    );
}
