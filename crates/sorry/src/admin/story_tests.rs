//! Tests of what has happened, as people read it.

use expect_test::expect;

use super::super::moment::Moment;
use super::super::order::{Down, Order};
use super::super::standing::{Seen, Step};
use super::super::standing_table::tests::{NOW, sample};
use super::*;

fn look() -> Look {
    Look::plain(80, Moment(NOW))
}

fn event(at: u64, what: &str) -> Event {
    Event {
        at: Moment(at),
        what: what.to_owned(),
        would: false,
    }
}

/// Of a switch that only observes, in the words of `alert::words`.
fn would(at: u64, to: &str) -> Event {
    let what = format!("the switch nginx would have sent visitors to the {to}");
    Event {
        would: true,
        ..event(at, &what)
    }
}

fn history() -> History {
    let outage = Incident {
        id: 7,
        site: Some("shop".to_owned()),
        kind: "outage".to_owned(),
        cause: "no quorum: 0 of 1".to_owned(),
        planned: false,
        began: Moment(NOW - 300),
        ended: None,
        seconds: 300,
        by: None,
        reason: None,
        observed: false,
        events: vec![event(NOW - 300, "10.0.0.1:80 is down: refused")],
    };
    let observed = Incident {
        id: 6,
        ended: Some(Moment(NOW - 86_000)),
        began: Moment(NOW - 86_400),
        seconds: 400,
        observed: true,
        events: vec![
            would(NOW - 86_400, "sorry server"),
            event(NOW - 86_397, "keepalived sent shop to its sorry server"),
            event(NOW - 86_010, "keepalived sent shop back"),
            would(NOW - 86_000, "real servers"),
        ],
        ..outage.clone()
    };
    let maintenance = Incident {
        id: 5,
        site: Some("blog".to_owned()),
        kind: "maintenance".to_owned(),
        cause: "ordered".to_owned(),
        planned: true,
        by: Some("deploy\x07".to_owned()),
        reason: Some("CHG-1234".to_owned()),
        observed: false,
        events: Vec::new(),
        ..observed.clone()
    };
    let doubt = Incident {
        id: 4,
        site: None,
        kind: "doubt".to_owned(),
        planned: true,
        cause: "no reference answers".to_owned(),
        ..maintenance.clone()
    };
    History {
        incidents: vec![outage, observed, maintenance, doubt],
    }
}

#[test]
fn incidents_stand_in_a_table() {
    expect![[r#"
        BEGAN             ENDED  LASTED     SITE  WHAT
        11:55             -      5m so far  shop  outage
          no quorum: 0 of 1
          11:55:00 10.0.0.1:80 is down: refused
        2025-12-31 12:00  12:06  6m 40s     shop  outage, observed
          no quorum: 0 of 1
          2025-12-31 12:00:00 the switch nginx would have sent visitors to the sorry
          server
          2025-12-31 12:00:03 keepalived sent shop to its sorry server
          2025-12-31 12:06:30 keepalived sent shop back
          2025-12-31 12:06:40 the switch nginx would have sent visitors to the real
          servers
        2025-12-31 12:00  12:06  6m 40s     blog  maintenance
          ordered, by deploy\u{7}: CHG-1234
        2025-12-31 12:00  12:06  6m 40s     all   doubt, planned
          no reference answers, by deploy\u{7}: CHG-1234
    "#]]
    .assert_eq(&history().render(&look(), Chapter::Events));
    let short = history().render(&look(), Chapter::Incidents);
    assert!(!short.contains("10.0.0.1:80 is down"), "{short}");
    let nothing = History::default().render(&look(), Chapter::Events);
    assert_eq!(nothing, "nothing has happened\n");
}

#[test]
fn what_would_have_been_done_stands_beside_what_happened() {
    expect![[r#"
        outage, observed of shop, 2025-12-31 12:00 (1d ago), 6m 40s: no quorum: 0 of 1
        TIME                 WOULD HAVE BEEN DONE           HAPPENED
        2025-12-31 12:00:00  nginx sent visitors to the
                             sorry server
        2025-12-31 12:00:03                                 keepalived sent shop to its
                                                            sorry server
        2025-12-31 12:06:30                                 keepalived sent shop back
        2025-12-31 12:06:40  nginx sent visitors to the
                             real servers
          it would have been done 3s earlier
    "#]]
    .assert_eq(&history().compare(&look()));
    assert!(History::default().compare(&look()).contains("no switch"));
}

#[test]
fn differences_are_told_in_words() {
    let compared = |events: &[(u64, &str)]| {
        let events = events.iter().map(|(at, what)| Event {
            would: *what == "would",
            ..event(*at, what)
        });
        let incident = Incident {
            events: events.collect(),
            ..history().incidents[1].clone()
        };
        incident.difference()
    };
    for (events, expected) in [
        (&[][..], None),
        (&[(5, "something")], None),
        (&[(5, "would")], Some("nothing happened")),
        (&[(5, "would"), (5, "did")], Some("same second")),
        (&[(5, "would"), (8, "did")], Some("3s earlier")),
        (&[(5, "did"), (9, "would")], Some("4s later")),
    ] {
        let told = compared(events);
        assert_eq!(told.is_some(), expected.is_some(), "{events:?}");
        let told = told.unwrap_or_default();
        assert!(
            told.contains(expected.unwrap_or_default()),
            "{events:?}: {told}"
        );
    }
}

#[test]
fn reasons_stand_below_what_they_are_a_reason_for() {
    let step = |depth, what: &str| Step {
        depth,
        what: what.to_owned(),
    };
    let explanation = Explanation {
        site: sample().sites[2].clone(),
        steps: vec![
            step(0, "down is at the sorry server"),
            step(
                1,
                "it has no quorum: weights that work are 0, and 1 is enough, and this goes on for longer than a line",
            ),
            step(2, "10.0.0.1:80 is down"),
        ],
        kernel: vec![
            "203.0.113.10:80 is on at eth0 (tc)".to_owned(),
            "203.0.113.11:80 is on at eth0 (tc)".to_owned(),
        ],
        inputs: vec![Seen {
            at: Moment(NOW - 3),
            what: "http of 10.0.0.1:80: refused".to_owned(),
        }],
    };
    expect![[r#"
        down is at the sorry server
          it has no quorum: weights that work are 0, and 1 is enough, and this goes on
          for longer than a line
            10.0.0.1:80 is down
        in the kernel: 203.0.113.10:80 is on at eth0 (tc)
        in the kernel: 203.0.113.11:80 is on at eth0 (tc)

        SEEN      WHAT
        11:59:57  http of 10.0.0.1:80: refused
    "#]]
    .assert_eq(&explanation.render(&look()));
}

#[test]
fn changes_are_shown_with_who_and_why() {
    let entry = Entry {
        at: Moment(NOW - 60),
        by: "uid 0, gid 0, pid 7".to_owned(),
        what: "down".to_owned(),
        site: Some("shop".to_owned()),
        order: Some(Order::Down(Down::default())),
        reason: Some("CHG-1\x1b".to_owned()),
        outcome: Outcome::Done,
        told: "maintenance until 13:00".to_owned(),
    };
    let refused = Entry {
        by: "token look from 10.0.0.9:1234".to_owned(),
        what: "POST /v1/reload".to_owned(),
        site: None,
        order: None,
        reason: None,
        outcome: Outcome::Refused,
        told: "the token `look` may ask and not order".to_owned(),
        ..entry.clone()
    };
    let audit = Audit {
        entries: vec![entry, refused],
    };
    expect![[r#"
        WHEN   WHO                            WHAT             SITE  OUTCOME
        11:59  uid 0, gid 0, pid 7            down             shop  done
          why: CHG-1\u{1b}
          maintenance until 13:00
        11:59  token look from 10.0.0.9:1234  POST /v1/reload  -     refused
          the token `look` may ask and not order
    "#]]
    .assert_eq(&audit.render(&look()));
    assert!(Audit::default().render(&look()).contains("nobody"));
}

#[test]
fn who_and_what_are_whole_in_a_common_terminal() {
    let entry = Entry {
        at: Moment(NOW - 90_000),
        by: "token deploy-pipeline from [2001:db8::17]:41234".to_owned(),
        what: "schedule".to_owned(),
        site: Some("shop-checkout-europe".to_owned()),
        order: None,
        reason: Some("CHG-2".to_owned()),
        outcome: Outcome::Done,
        told: "the window database opens at 2026-01-04 14:00 and closes at 2026-01-04 15:30"
            .to_owned(),
    };
    let entries = vec![entry];
    let shown = |width| {
        Audit {
            entries: entries.clone(),
        }
        .render(&Look::plain(width, Moment(NOW)))
    };
    expect![[r#"
        WHEN              WHO                                              WHAT      SITE                  OUTCOME
        2025-12-31 11:00  token deploy-pipeline from [2001:db8::17]:41234  schedule  shop-checkout-europe  done
          why: CHG-2
          the window database opens at 2026-01-04 14:00 and closes at 2026-01-04 15:30
    "#]].assert_eq(&shown(120));
    expect![[r#"
        WHEN              WHO                    WHAT      SITE                  OUTCOME
        2025-12-31 11:00  token deploy-pipeline  schedule  shop-checkout-europe  done
                          from
                          [2001:db8::17]:41234
          why: CHG-2
          the window database opens at 2026-01-04 14:00 and closes at 2026-01-04 15:30
    "#]]
    .assert_eq(&shown(80));
}

#[test]
fn causes_are_whole_in_a_common_terminal() {
    let mut history = history();
    history.incidents.truncate(2);
    history.incidents[0].site = Some("shop-checkout-europe".to_owned());
    history.incidents[0].cause = "visitors were sent to the sorry server: 0 of 2 needed work, \
                                  10.0.0.1:80 and 10.0.0.2:80 refuse connections"
        .to_owned();
    let shown = |width| history.render(&Look::plain(width, Moment(NOW)), Chapter::Incidents);
    expect![[r#"
        BEGAN             ENDED  LASTED     SITE                  WHAT              CAUSE
        11:55             -      5m so far  shop-checkout-europe  outage            visitors were sent to the sorry server: 0 of
                                                                                    2 needed work, 10.0.0.1:80 and 10.0.0.2:80
                                                                                    refuse connections
        2025-12-31 12:00  12:06  6m 40s     shop                  outage, observed  no quorum: 0 of 1
    "#]].assert_eq(&shown(120));
    expect![[r#"
        BEGAN             ENDED  LASTED     SITE                  WHAT
        11:55             -      5m so far  shop-checkout-europe  outage
          visitors were sent to the sorry server: 0 of 2 needed work, 10.0.0.1:80 and
          10.0.0.2:80 refuse connections
        2025-12-31 12:00  12:06  6m 40s     shop                  outage, observed
          no quorum: 0 of 1
    "#]]
    .assert_eq(&shown(80));
}
