//! Every telling has its words.

use expect_test::expect;
use sorry_core::health::Reason;
use sorry_core::incident::{Audience, Step};
use sorry_core::quorum::Weights;

use super::*;

fn telling(kind: Kind, what: What) -> Telling {
    Telling {
        number: 0,
        incident: 17,
        kind,
        site: (kind != Kind::Doubt).then(|| "shop".into()),
        about: None,
        by: None,
        reason: None,
        planned: kind.is_order(),
        observed: false,
        began: Wall(1_700_000_000_000),
        at: Wall(1_700_000_130_000),
        step: Step::Goes,
        phase: Phase::Update,
        audience: Audience::Everybody,
        what,
        which: Some("10.0.0.1:80".into()),
        awaits: None,
    }
}

#[test]
fn each_has_its_sentence() {
    let weights = Weights {
        up: 1,
        unknown: 0,
        down: 2,
    };
    let until = Some(Wall(1_700_003_600_000));
    let summary = Summary {
        overrun: Duration::from_secs(61),
        reals_down: 2,
    };
    let none = Summary {
        overrun: Duration::ZERO,
        reals_down: 1,
    };
    let awaited = |generation| Awaited {
        to: Route::Sorry,
        generation,
    };
    let table = [
        (Kind::Outage, What::Down(weights, Box::new([]))),
        (Kind::Outage, What::StaysDown(Box::new([]))),
        (Kind::Outage, What::Up),
        (Kind::Outage, What::UpByOrder),
        (Kind::Outage, What::Flaps(2, None)),
        (Kind::Outage, What::Returned),
        (Kind::Outage, What::FellAgain),
        (Kind::Outage, What::Steady(7)),
        (
            Kind::Maintenance,
            What::Ordered {
                until,
                returns: true,
            },
        ),
        (
            Kind::ForcedLive,
            What::Ordered {
                until: None,
                returns: true,
            },
        ),
        (
            Kind::Maintenance,
            What::Changed {
                until,
                returns: true,
            },
        ),
        (Kind::Maintenance, What::AlmostOver(until)),
        (Kind::Maintenance, What::Overrun(Duration::ZERO)),
        (Kind::ForcedLive, What::Overrun(Duration::from_secs(900))),
        (Kind::Maintenance, What::Lifted(none)),
        (Kind::Maintenance, What::TimeOver(summary)),
        (Kind::Maintenance, What::Announced(Wall(1_700_003_600_000))),
        (Kind::Doubt, What::Doubted(Cause::References)),
        (Kind::Doubt, What::Doubted(Cause::Mass { down: 5, of: 6 })),
        (Kind::Doubt, What::Believed),
        (Kind::Real, What::RealDown(Reason::Refused)),
        (Kind::Real, What::RealUp),
        (Kind::Switch, What::SwitchFailed(1)),
        (Kind::Switch, What::SwitchFailed(4)),
        (Kind::Switch, What::SwitchWorks),
        (Kind::Switch, What::Awaits(awaited(Some(9)))),
        (Kind::Switch, What::Awaits(awaited(None))),
        (Kind::Switch, What::Moves),
        (Kind::Outage, What::WouldTurn(Route::Live)),
        (Kind::Certificate, What::Expires(14)),
        (Kind::Certificate, What::Expires(1)),
        (Kind::Certificate, What::Expires(0)),
        (Kind::Certificate, What::Renewed),
        (Kind::Real, What::Gone),
    ];
    let lines: Vec<String> = table
        .map(|(kind, what)| subject(&telling(kind, what)))
        .into();
    expect![[r#"
        shop: down, too few real servers work
        shop: still down after the maintenance, too few real servers work
        shop: up again after 2 min 10 s
        shop: live by order, whatever its health says
        shop: flaps, 2 returns did not last; quiet until it is steady
        shop: up again, while it flaps
        shop: down again, while it flaps
        shop: steady again, after 7 returns that did not last
        shop: maintenance until 2023-11-14T23:13:20Z
        shop: live by order without an end
        shop: maintenance, now until 2023-11-14T23:13:20Z
        shop: maintenance is almost over: until 2023-11-14T23:13:20Z
        shop: maintenance should be over and is not
        shop: live by order should have been over 15 min ago
        shop: maintenance ended after 2 min 10 s, 1 real server was down meanwhile
        shop: maintenance ended by its time after 2 min 10 s, 1 min 1 s late, 2 real servers were down meanwhile
        shop: maintenance from 2023-11-14T23:13:20Z
        this monitor: no reference answers, so nothing that is seen is believed and nothing is switched
        this monitor: 5 of 6 real servers went down together, which is not believed; nothing is switched
        this monitor: what is seen is believed again
        shop: 10.0.0.1:80 is down (refused)
        shop: 10.0.0.1:80 works again
        shop: the switch 10.0.0.1:80 has failed
        shop: the switch 10.0.0.1:80 has failed 4 times
        shop: the switch 10.0.0.1:80 works again
        shop: the switch 10.0.0.1:80 waits for an operator to send visitors to the sorry server (sorry approve shop, generation 9)
        shop: the switch 10.0.0.1:80 sends nobody to the sorry server, because nobody is sure
        shop: the switch 10.0.0.1:80 waits no longer
        shop: the switch 10.0.0.1:80 would have sent visitors to the real servers
        shop: the certificate of 10.0.0.1:80 ends in 14 days
        shop: the certificate of 10.0.0.1:80 ends in 1 day
        shop: the certificate of 10.0.0.1:80 ends today
        shop: the certificate of 10.0.0.1:80 was renewed
        shop: no longer configured
    "#]].assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn the_text_has_all_that_is_known() {
    let weights = Weights {
        up: 0,
        unknown: 0,
        down: 2,
    };
    let reals = [
        ("10.0.0.1:80".into(), Reason::Refused),
        ("10.0.0.2:80".into(), Reason::Status),
    ];
    let mut down = telling(Kind::Outage, What::Down(weights, Box::new(reals)));
    let awaited = Awaited {
        to: Route::Sorry,
        generation: Some(12),
    };
    (down.observed, down.phase, down.awaits) = (true, Phase::Firing, Some(("dns".into(), awaited)));
    let mut over = telling(Kind::Maintenance, What::Lifted(Summary::default()));
    (over.phase, over.by) = (Phase::Resolved, Some("uid 0".into()));
    over.reason = Some("CHG-1234".into());
    let changed = What::Changed {
        until: Some(Wall(1_700_007_200_000)),
        returns: false,
    };
    let mut longer = telling(Kind::Maintenance, changed);
    (longer.phase, longer.step) = (Phase::Resolved, Step::Goes);
    let texts = format!(
        "{}\n{}\n{}\n{}",
        subject(&down),
        text(&down),
        text(&over),
        text(&longer)
    );
    expect![[r#"
        (observed) shop: down, too few real servers work
        shop: down, too few real servers work.
        Of its real servers, weight 0 of 2 works.
        10.0.0.1:80 is down (refused).
        10.0.0.2:80 is down (status).
        The switch dns waits for an operator to send visitors to the sorry server (sorry approve shop, generation 12).
        Nothing was switched: this is only observed.
        Began 2023-11-14T22:13:20Z.

        shop: maintenance ended after 2 min 10 s.
        Began 2023-11-14T22:13:20Z.
        Over 2023-11-14T22:15:30Z, after 2 min 10 s.
        Ordered by uid 0: CHG-1234.

        shop: maintenance, now until 2023-11-15T00:13:20Z.
        Began 2023-11-14T22:13:20Z.
        It was late and has more time now; it goes on.
    "#]].assert_eq(&texts);
}

#[test]
fn durations_have_two_units() {
    for (seconds, words) in [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3661, "1 h 1 min"),
        (86_400, "1 d"),
        (90_000, "1 d 1 h"),
    ] {
        assert_eq!(duration(Duration::from_secs(seconds)), words);
    }
    assert_eq!(moment(Wall(u64::MAX)), jiff::Timestamp::MAX.to_string());
}
