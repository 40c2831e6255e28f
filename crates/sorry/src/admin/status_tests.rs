//! Tests of the status: as JSON, and as tables of several widths.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};

use super::super::moment::Moment;
use super::super::status::{ListenerStatus, WorkerStatus};
use super::*;

const NOW: u64 = 1_767_225_600;

fn small() -> Status {
    Status {
        version: "1.2.3".to_owned(),
        pid: 4242,
        now: Moment(NOW),
        started: Moment(NOW - 40),
        uptime_seconds: 40,
        configuration: None,
        generation: 1,
        sites: vec![site("default")],
        other_answers: 0,
        standing: Default::default(),
        listeners: Vec::new(),
        workers: Vec::new(),
        limits_reached: BTreeMap::new(),
        certificates: Vec::new(),
        kernel: None,
        programs: None,
        last_reload: None,
    }
}

fn site(name: &str) -> SiteStatus {
    SiteStatus {
        name: name.to_owned(),
        hosts: Vec::new(),
        mode: Mode::InPlace,
        status: 503,
        until: None,
        said: None,
        retry_after_seconds: 120,
        page: "built-in".to_owned(),
        warnings: Vec::new(),
        answers: 0,
    }
}

fn large() -> Status {
    let mut status = Status {
        uptime_seconds: 2 * 86_400 + 3 * 3600 + 59,
        configuration: Some("/etc/sorry/sorry.toml".to_owned()),
        generation: 7,
        sites: vec![
            SiteStatus {
                hosts: vec![
                    "shop.example.com".to_owned(),
                    "*.shop.example.com".to_owned(),
                ],
                until: Some(Moment(NOW + 754)),
                said: Some("database upgrade\nsee you at noon".to_owned()),
                retry_after_seconds: 754,
                page: "/etc/sorry/pages/shop".to_owned(),
                warnings: vec![
                    "/etc/sorry/pages/shop/page.de.html:3: `logo.png` is not there".to_owned(),
                ],
                answers: 1_234_567,
                ..site("shop")
            },
            SiteStatus {
                mode: Mode::Redirect,
                status: 502,
                until: Some(Moment(NOW - 61)),
                ..site("blog\x1b[2J")
            },
        ],
        ..small()
    };
    status.other_answers = 17;
    let listener = |address: &str, protocol: &str| ListenerStatus {
        address: address.to_owned(),
        protocol: protocol.to_owned(),
    };
    status.listeners = vec![
        listener("0.0.0.0:80", "http"),
        listener("unix:/run/sorry/http.sock", "http"),
    ];
    let worker = |number, cpu| WorkerStatus {
        number,
        cpu,
        connections: 6,
        accepted: 600,
    };
    status.workers = vec![worker(0, Some(3)), worker(1, None)];
    status.limits_reached = [("head-time".to_owned(), 3), ("connections".to_owned(), 11)].into();
    let certificate = |names: &[&str], mistake: Option<&str>| CertificateStatus {
        names: names.iter().map(|&name| name.to_owned()).collect(),
        file: "/etc/ssl/shop.pem".to_owned(),
        not_after: Moment(NOW + 30 * 86_400),
        mistake: mistake.map(str::to_owned),
    };
    status.certificates = vec![
        certificate(
            &["shop.example.com", "www.example.com", "example.com"],
            None,
        ),
        certificate(
            &["blog.example.com"],
            Some("the key is for another certificate"),
        ),
    ];
    status.last_reload = Some(ReloadReport {
        outcome: ReloadOutcome::Refused,
        at: Moment(NOW - 5),
        generation: 7,
        changes: vec!["site `shop`: page".to_owned()],
        pending: vec!["`workers`: in force after the next restart".to_owned()],
        mistakes: vec![serde_json::json!({ "code": "unknown-key", "line": 3 })],
        shown: "error: unknown key `pgae`\n  --> sorry.toml:3:1\n   | ^^^^ did you mean `page`?\n"
            .to_owned(),
        warnings: vec!["the listener [::]:80 has no site".to_owned()],
    });
    status
}

fn check(status: &Status, width: usize, expected: &Expect) {
    expected.assert_eq(&status.render(&Look::plain(width, status.now)));
}

#[test]
fn a_small_status_is_short() {
    check(
        &small(),
        80,
        &expect![[r#"
            sorry 1.2.3, pid 4242, up 40s, no configuration file, generation 1

            ANSWERS FOR  STATUS  MODE      RETRY-AFTER  ANSWERS  UNTIL  PAGE
            default      503     in-place  2m           0        -      built-in
        "#]],
    );
    assert_eq!(
        small().to_string(),
        small().render(&Look::plain(1000, small().now))
    );
}

#[test]
fn a_large_status_shows_everything() {
    check(
        &large(),
        120,
        &expect![[r#"
            sorry 1.2.3, pid 4242, up 2d 3h, configuration /etc/sorry/sorry.toml, generation 7

            ANSWERS FOR    STATUS  MODE      RETRY-AFTER  ANSWERS  UNTIL                         PAGE
            shop           503     in-place  12m 34s      1234567  00:12 (in 12m 34s)            /etc/sorry/pages/shop
              hosts: shop.example.com *.shop.example.com
              says: database upgrade / see you at noon
              warning: /etc/sorry/pages/shop/page.de.html:3: `logo.png` is not there
            blog\u{1b}[2J  502     redirect  2m           0        2025-12-31 23:58 (1m 1s ago)  built-in
            other          -       -         -            17       -                             -
              hosts: those that are no site's; the default site answers

            LISTENER                   PROTOCOL
            0.0.0.0:80                 http
            unix:/run/sorry/http.sock  http

            WORKER  CPU  OPEN  ACCEPTED
            0       3    6     600
            1       -    6     600

            LIMIT REACHED  TIMES
            connections    11
            head-time      3

            CERTIFICATE                  ENDS                       FILE
            shop.example.com and 2 more  2026-01-31 00:00 (in 30d)  /etc/ssl/shop.pem
            blog.example.com             2026-01-31 00:00 (in 30d)  /etc/ssl/shop.pem
              not read again: the key is for another certificate

            reload at 2025-12-31 23:59 (5s ago): refused, the old configuration stays in force (generation 7)
              change: site `shop`: page
              pending: `workers`: in force after the next restart
              error: unknown key `pgae`
                --> sorry.toml:3:1
                 | ^^^^ did you mean `page`?
              warning: the listener [::]:80 has no site
        "#]],
    );
}

#[test]
fn a_narrow_terminal_is_respected() {
    check(
        &large(),
        50,
        &expect![[r#"
            sorry 1.2.3, pid 4242, up 2d 3h, configuration /e…

            ANSWERS    STATUS  RETRY-AFTER  ANSWERS  UNTIL
            FOR
            shop       503     12m 34s      1234567  00:12 (in
                                                     12m 34s)
              hosts: shop.example.com *.shop.example.com
              says: database upgrade / see you at noon
              warning: /etc/sorry/pages/shop/page.de.html:3:
              `logo.png` is not there
            blog\u{1b  502     2m           0        2025-12-3
            }[2J                                     1 23:58
                                                     (1m 1s
                                                     ago)
            other      -       -            17       -
              hosts: those that are no site's; the default
              site answers

            LISTENER                   PROTOCOL
            0.0.0.0:80                 http
            unix:/run/sorry/http.sock  http

            WORKER  CPU  OPEN  ACCEPTED
            0       3    6     600
            1       -    6     600

            LIMIT REACHED  TIMES
            connections    11
            head-time      3

            CERTIFICATE       ENDS             FILE
            shop.example.com  2026-01-31       /etc/ssl/shop.p
            and 2 more        00:00 (in 30d)   em
            blog.example.com  2026-01-31       /etc/ssl/shop.p
                              00:00 (in 30d)   em
              not read again: the key is for another
              certificate

            reload at 2025-12-31 23:59 (5s ago): refused, the…
              change: site `shop`: page
              pending: `workers`: in force after the next
              restart
              error: unknown key `pgae`
                --> sorry.toml:3:1
                 | ^^^^ did you mean `page`?
              warning: the listener [::]:80 has no site
        "#]],
    );
}

#[test]
fn json_says_the_same_and_comes_back() {
    expect![[r#"
        {
          "version": "1.2.3",
          "pid": 4242,
          "now": "2026-01-01T00:00:00Z",
          "started": "2025-12-31T23:59:20Z",
          "uptime_seconds": 40,
          "generation": 1,
          "sites": [
            {
              "name": "default",
              "hosts": [],
              "mode": "in-place",
              "status": 503,
              "retry_after_seconds": 120,
              "page": "built-in",
              "warnings": [],
              "answers": 0
            }
          ],
          "other_answers": 0,
          "standing": {
            "sites": [],
            "references": [],
            "peers": [],
            "open_incidents": {},
            "receivers": [],
            "late": {
              "buckets": [],
              "sum_us": 0
            }
          },
          "listeners": [],
          "workers": [],
          "limits_reached": {},
          "certificates": []
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&small()).unwrap());
    for status in [small(), large()] {
        let text = serde_json::to_string(&status).unwrap();
        assert_eq!(serde_json::from_str::<Status>(&text).unwrap(), status);
    }
}

#[test]
fn times_are_rfc_3339_in_json() {
    for (moment, text) in [
        (0, "\"1970-01-01T00:00:00Z\""),
        (NOW, "\"2026-01-01T00:00:00Z\""),
    ] {
        assert_eq!(serde_json::to_string(&Moment(moment)).unwrap(), text);
        assert_eq!(
            serde_json::from_str::<Moment>(text).unwrap(),
            Moment(moment)
        );
    }
    let other_zone: Moment = serde_json::from_str("\"2026-01-01T01:00:00+01:00\"").unwrap();
    assert_eq!(other_zone, Moment(NOW));
    for wrong in ["\"1969-01-01T00:00:00Z\"", "\"tomorrow\"", "7"] {
        assert!(serde_json::from_str::<Moment>(wrong).is_err(), "{wrong}");
    }
    for never in [253_402_300_799, u64::MAX] {
        let text = serde_json::to_string(&Moment(never)).unwrap();
        assert_eq!(text, "\"9999-12-30T22:00:00Z\"");
    }
}

#[test]
fn spans_have_two_units() {
    for (seconds, text) in [
        (0, "0s"),
        (59, "59s"),
        (60, "1m"),
        (754, "12m 34s"),
        (3600, "1h"),
        (3601, "1h"),
        (90_000, "1d 1h"),
        (86_400 * 400, "400d"),
    ] {
        assert_eq!(span(seconds), text, "{seconds}");
    }
}
