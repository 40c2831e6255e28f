//! Tests of how sites stand, as tables of several widths.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use jiff::tz::TimeZone;

use super::super::look::{Color, Signs};
use super::super::moment::Moment;
use super::super::standing::{
    LateBucket, LateStanding, QuorumStanding, TotalStanding, TurnedStanding, WaitingStanding,
};
use super::*;

/// 2026-01-01T12:00:00Z.
pub(in super::super) const NOW: u64 = 1_767_268_800;

fn check(state: &str, history: &str, reason: &str) -> CheckStanding {
    CheckStanding {
        total: TotalStanding::default(),
        kind: "http".to_owned(),
        state: state.to_owned(),
        history: history.to_owned(),
        reason: reason.to_owned(),
        detail: String::new(),
        rtt_us: Some(3_456),
        at: Some(Moment(NOW - 1)),
        good: 1,
        bad: 0,
        rise: 2,
        fall: 3,
        failures: BTreeMap::new(),
        certificate_until: None,
    }
}

fn real(name: &str, state: &str, checks: Vec<CheckStanding>) -> RealStanding {
    RealStanding {
        name: name.to_owned(),
        weight: 1,
        state: state.to_owned(),
        believed: state.to_owned(),
        drained: false,
        since: Some(Moment(NOW - 7_380)),
        checks,
    }
}

fn site(name: &str, route: &str, why: &str) -> SiteStanding {
    SiteStanding {
        turned: TurnedStanding::default(),
        name: name.to_owned(),
        route: route.to_owned(),
        why: why.to_owned(),
        since: Moment(NOW - 90_000),
        generation: 4,
        quorum: QuorumStanding {
            at_least: 1,
            hysteresis: 0,
            held: true,
            up: 2,
            unknown: 0,
            down: 1,
        },
        order: None,
        flaps: 0,
        steady_until: None,
        remaining_seconds: None,
        real_servers: Vec::new(),
        switches: Vec::new(),
        windows: Vec::new(),
    }
}

fn shop() -> SiteStanding {
    let mut refused = check("down", "1111100000", "refused");
    refused.detail = "connection refused by 10.0.0.2:80".to_owned();
    let mut drained = real("10.0.0.3:80", "up", vec![check("up", "111", "ok")]);
    drained.drained = true;
    drained.weight = 5;
    let mut doubted = real("10.0.0.4:80", "down", vec![check("down", "0", "timeout")]);
    doubted.believed = "up".to_owned();
    SiteStanding {
        flaps: 2,
        steady_until: Some(Moment(NOW + 60)),
        real_servers: vec![
            real(
                "10.0.0.1:80",
                "up",
                vec![check("up", &"1".repeat(64), "ok")],
            ),
            real("10.0.0.2:80", "down", vec![check("up", "1", "ok"), refused]),
            drained,
            doubted,
            real("10.0.0.5:80", "unknown", Vec::new()),
        ],
        switches: vec![SwitchStanding {
            name: "ipvs".to_owned(),
            act: "ask".to_owned(),
            told: Some("live".to_owned()),
            confirmed: true,
            failures: 1,
            waiting: Some(WaitingStanding {
                to: "sorry".to_owned(),
                generation: 4,
            }),
        }],
        windows: vec![WindowStanding {
            ended_early: false,
            name: "nightly".to_owned(),
            when: "sun 02:00 for 1h Europe/Berlin".to_owned(),
            origin: "configured".to_owned(),
            opens: Some(Moment(NOW + 86_400 * 3)),
            closes: Some(Moment(NOW + 86_400 * 3 + 3600)),
            open: false,
            said: Some("cleaning\nup".to_owned()),
        }],
        ..site("shop", "live", "quorum")
    }
}

pub(in super::super) fn sample() -> Standing {
    let mut blog = site("blog\x1b[2J", "sorry", "overrun");
    blog.order = Some(OrderStanding {
        what: "maintenance".to_owned(),
        given: Moment(NOW - 3600),
        until: Some(Moment(NOW - 600)),
        overrun: true,
        on_overrun: "hold".to_owned(),
        keep: "stale".to_owned(),
        by: "uid 0".to_owned(),
        reason: Some("CHG-1234".to_owned()),
        said: Some("moving".to_owned()),
    });
    let mut down = site("down", "sorry", "no-quorum");
    down.quorum.up = 0;
    down.remaining_seconds = Some(240);
    Standing {
        late: LateStanding {
            buckets: vec![
                LateBucket {
                    up_to_ms: Some(1),
                    probes: 40,
                },
                LateBucket {
                    up_to_ms: None,
                    probes: 2,
                },
            ],
            sum_us: 2_500_000,
        },
        references: Vec::new(),
        peers: Vec::new(),
        open_incidents: BTreeMap::new(),
        receivers: Vec::new(),
        sites: vec![shop(), blog, down, site("plain", "sorry", "unwatched")],
        doubt: Some(DoubtStanding {
            cause: "references".to_owned(),
            shown: "no reference answers".to_owned(),
            since: Moment(NOW - 20),
            until: None,
        }),
        unkept: Some("no space left on device".to_owned()),
    }
}

fn shown(width: usize, expected: &Expect) {
    let text = sample().render(&Look::plain(width, Moment(NOW))).unwrap();
    let longest = text.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(width), "{longest:?}");
    expected.assert_eq(&text);
}

#[test]
fn sites_fit_a_common_terminal() {
    shown(
        80,
        &expect![[r#"
            doubtful since 11:59 (20s ago): no reference answers. Nothing is switched by
            itself until a reference answers; orders are obeyed.
            the journal cannot be written, and a restart would forget what is ordered now:
            no space left on device
            SITE              STATE    WHY                    SINCE      RESULTS
            shop              live     quorum (2 of 1)        1d 1h ago
              health may not turn it before 12:01 (in 1m) (it came back 2 time(s) and did
              not last)
              switch ipvs waits for leave to go to sorry: `sorry approve shop ipvs`
              switch ipvs failed 1 time(s) in a row
              next window nightly: sun 02:00 for 1h Europe/Berlin (in 3d)
              10.0.0.1:80     up       http ok 3.4 ms         2h 3m ago  ++++++++++
              10.0.0.2:80     down     http refused           2h 3m ago  +++++-----
              10.0.0.3:80 x5  drained  http ok 3.4 ms         2h 3m ago  +++
              10.0.0.4:80     down     http timeout           2h 3m ago  -
                10.0.0.4:80 is down, and believed to be up while there is doubt
              10.0.0.5:80     unknown  no checks              2h 3m ago
            blog\u{1b}[2J     sorry    ordered, time is over  1d 1h ago
              maintenance until 11:50 (10m ago), by uid 0 1h ago
              why: CHG-1234
              its time is over: `sorry up blog\u{1b}[2J`, or `sorry extend blog\u{1b}[2J 1h`
              says: moving
            down              sorry    no quorum (0 of 1)     1d 1h ago
              probably back in 4m
            plain             sorry    not watched            1d 1h ago
        "#]],
    );
}

#[test]
fn a_wide_terminal_shows_more() {
    shown(
        160,
        &expect![[r#"
            doubtful since 11:59 (20s ago): no reference answers. Nothing is switched by itself until a reference answers; orders are obeyed.
            the journal cannot be written, and a restart would forget what is ordered now: no space left on device
            SITE              STATE    WHY                    SINCE                         LAST RESULTS
            shop              live     quorum (2 of 1)        2025-12-31 11:00 (1d 1h ago)
              health may not turn it before 12:01 (in 1m) (it came back 2 time(s) and did not last)
              switch ipvs waits for leave to go to sorry: `sorry approve shop ipvs`
              switch ipvs failed 1 time(s) in a row
              next window nightly: sun 02:00 for 1h Europe/Berlin (in 3d)
              10.0.0.1:80     up       http ok 3.4 ms         09:57 (2h 3m ago)             ++++++++++++++++++++++++
              10.0.0.2:80     down     http refused           09:57 (2h 3m ago)             +++++-----
              10.0.0.3:80 x5  drained  http ok 3.4 ms         09:57 (2h 3m ago)             +++
              10.0.0.4:80     down     http timeout           09:57 (2h 3m ago)             -
                10.0.0.4:80 is down, and believed to be up while there is doubt
              10.0.0.5:80     unknown  no checks              09:57 (2h 3m ago)
            blog\u{1b}[2J     sorry    ordered, time is over  2025-12-31 11:00 (1d 1h ago)
              maintenance until 11:50 (10m ago), by uid 0 1h ago
              why: CHG-1234
              its time is over: `sorry up blog\u{1b}[2J`, or `sorry extend blog\u{1b}[2J 1h`
              says: moving
            down              sorry    no quorum (0 of 1)     2025-12-31 11:00 (1d 1h ago)
              probably back in 4m
            plain             sorry    not watched            2025-12-31 11:00 (1d 1h ago)
        "#]],
    );
}

#[test]
fn a_narrow_terminal_shows_what_matters_most() {
    shown(
        40,
        &expect![[r#"
            doubtful since 11:59 (20s ago): no
            reference answers. Nothing is switched
            by itself until a reference answers;
            orders are obeyed.
            the journal cannot be written, and a
            restart would forget what is ordered
            now: no space left on device
            SITE             STATE    WHY
            shop             live     quorum (2 of
                                      1)
              health may not turn it before 12:01
              (in 1m) (it came back 2 time(s) and
              did not last)
              switch ipvs waits for leave to go to
              sorry: `sorry approve shop ipvs`
              switch ipvs failed 1 time(s) in a row
              next window nightly: sun 02:00 for 1h
              Europe/Berlin (in 3d)
              10.0.0.1:80    up       http ok 3.4 ms
              10.0.0.2:80    down     http refused
              10.0.0.3:80    drained  http ok 3.4 ms
              x5
              10.0.0.4:80    down     http timeout
                10.0.0.4:80 is down, and believed to
                be up while there is doubt
              10.0.0.5:80    unknown  no checks
            blog\u{1b}[2J    sorry    ordered, time
                                      is over
              maintenance until 11:50 (10m ago), by
              uid 0 1h ago
              why: CHG-1234
              its time is over: `sorry up
              blog\u{1b}[2J`, or `sorry extend
              blog\u{1b}[2J 1h`
              says: moving
            down             sorry    no quorum (0
                                      of 1)
              probably back in 4m
            plain            sorry    not watched
        "#]],
    );
}

#[test]
fn one_site_is_shown_whole() {
    let look = Look {
        zone: TimeZone::get("Europe/Berlin").unwrap(),
        ..Look::plain(120, Moment(NOW))
    };
    expect![[r#"
        SITE              STATE    WHY              SINCE                         LAST RESULTS
        shop              live     quorum (2 of 1)  2025-12-31 12:00 (1d 1h ago)
          health may not turn it before 13:01 (in 1m) (it came back 2 time(s) and did not last)
          switch ipvs waits for leave to go to sorry: `sorry approve shop ipvs`
          switch ipvs failed 1 time(s) in a row
          10.0.0.1:80     up       http ok 3.4 ms   10:57 (2h 3m ago)             ++++++++++++++++++++++++
            http ok 3.4 ms, 1s ago; 0 of 3 bad take it down
          10.0.0.2:80     down     http refused     10:57 (2h 3m ago)             +++++-----
            http ok 3.4 ms, 1s ago; 0 of 3 bad take it down
            http refused: connection refused by 10.0.0.2:80, 1s ago; 1 of 2 good bring it up
          10.0.0.3:80 x5  drained  http ok 3.4 ms   10:57 (2h 3m ago)             +++
            http ok 3.4 ms, 1s ago; 0 of 3 bad take it down
          10.0.0.4:80     down     http timeout     10:57 (2h 3m ago)             -
            10.0.0.4:80 is down, and believed to be up while there is doubt
            http timeout, 1s ago; 1 of 2 good bring it up
          10.0.0.5:80     unknown  no checks        10:57 (2h 3m ago)

        SWITCH  MAY  TOLD  CONFIRMED  FAILURES
        ipvs    ask  live  yes        1

        WINDOW   WHEN                            OPENS                     CLOSES                       ORIGIN
        nightly  sun 02:00 for 1h Europe/Berlin  2026-01-04 13:00 (in 3d)  2026-01-04 14:00 (in 3d 1h)  configured
          says: cleaning / up
    "#]].assert_eq(&shop().render(&look));
}

/// What an operator must see of a window is there at any width.
#[test]
fn windows_fit_a_common_terminal() {
    let windows = [
        WindowStanding {
            name: "database-migration".to_owned(),
            when: "2026-01-04 14:00 to 2026-01-04 15:30 America/New_York".to_owned(),
            origin: "scheduled".to_owned(),
            ..shop().windows.remove(0)
        },
        shop().windows.remove(0),
    ];
    let at = |width| window_table(&windows, &Look::plain(width, Moment(NOW))).unwrap();
    expect![[r#"
        WINDOW              WHEN                               OPENS                     CLOSES                       ORIGIN
        database-migration  2026-01-04 14:00 to 2026-01-04     2026-01-04 12:00 (in 3d)  2026-01-04 13:00 (in 3d 1h)  scheduled
                            15:30 America/New_York
          says: cleaning / up
        nightly             sun 02:00 for 1h Europe/Berlin     2026-01-04 12:00 (in 3d)  2026-01-04 13:00 (in 3d 1h)  configured
          says: cleaning / up
    "#]].assert_eq(&at(120));
    expect![[r#"
        WINDOW              WHEN                 OPENS                CLOSES
        database-migration  2026-01-04 14:00 to  2026-01-04 12:00     2026-01-04 13:00
                            2026-01-04 15:30     (in 3d)              (in 3d 1h)
                            America/New_York
          says: cleaning / up
        nightly             sun 02:00 for 1h     2026-01-04 12:00     2026-01-04 13:00
                            Europe/Berlin        (in 3d)              (in 3d 1h)
          says: cleaning / up
    "#]]
    .assert_eq(&at(80));
    expect![[r#"
        WINDOW          WHEN            OPENS          CLOSES
        database-migra  2026-01-04      2026-01-04     2026-01-04
        tion            14:00 to        12:00 (in 3d)  13:00 (in 3d
                        2026-01-04                     1h)
                        15:30
                        America/New_Yo
                        rk
          says: cleaning / up
        nightly         sun 02:00 for   2026-01-04     2026-01-04
                        1h              12:00 (in 3d)  13:00 (in 3d
                        Europe/Berlin                  1h)
          says: cleaning / up
    "#]]
    .assert_eq(&at(60));
}

#[test]
fn colours_and_blocks_are_for_terminals_that_have_them() {
    let look = Look {
        color: Color::Coloured,
        signs: Signs::Blocks,
        ..Look::plain(80, Moment(NOW))
    };
    let text = sample().render(&look).unwrap();
    for part in [
        "\x1b[32mlive\x1b[0m",
        "\x1b[31mdown\x1b[0m",
        "▮▮▮▮▮▯▯▯▯▯",
        "blog\\u{1b}[2J",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

#[test]
fn nothing_to_say_is_nothing() {
    assert_eq!(
        Standing::default().render(&Look::plain(80, Moment(NOW))),
        None
    );
}
