//! Every telling has its words.

use expect_test::expect;
use sorry_core::health::Reason;
use sorry_core::incident::{Audience, Step};
use sorry_core::quorum::Weights;

use super::*;

fn telling(kind: Kind, what: What) -> Telling {
    Telling {
        incident: 17,
        kind,
        site: (kind != Kind::Doubt).then(|| "shop".into()),
        about: None,
        by: None,
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
        (Kind::Certificate, What::Renewed),
        (Kind::Real, What::Gone),
    ];
    let lines: Vec<String> = table
        .map(|(kind, what)| subject(&telling(kind, what)))
        .into();
    expect![[""]].assert_eq(&(lines.join("\n") + "\n"));
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
    let texts = format!("{}\n{}\n{}", subject(&down), text(&down), text(&over));
    expect![[""]].assert_eq(&texts);
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
    for (number, word) in [
        (1, "1st"),
        (2, "2nd"),
        (3, "3rd"),
        (4, "4th"),
        (11, "11th"),
        (21, "21st"),
        (112, "112th"),
    ] {
        assert_eq!(nth(number), word);
    }
    assert_eq!(moment(Wall(u64::MAX)), jiff::Timestamp::MAX.to_string());
}
