//! What was seen, as it is shown: results by their reasons, certificates, references, incidents that go on.

use std::time::{Duration, SystemTime};

use super::super::words;
use super::*;
use crate::admin::standing::CheckStanding;

const NOW: Now = Now {
    tick: Tick(1),
    wall: Wall(1_795_000_000_000),
};

fn watching() -> Mind {
    with(
        "references = [\"192.0.2.7\", \"192.0.2.8:53\", \"192.0.2.9:53\"]\n",
        "",
    )
}

/// With these keys of `[watch]`, and these of the site.
fn with(watch: &str, site: &str) -> Mind {
    let past = Past::default();
    Mind::new(
        configured(watch, site),
        Box::new(|_, _| Vec::new()),
        Hands::Free,
        past,
        NOW,
    )
}

fn configured(watch: &str, site: &str) -> Arc<Config> {
    let text = format!(
        "[watch]\n{watch}[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:0\"]\n\
         check.tcp = {{ fall = 1, rise = 1 }}\n{site}\
         [[site.real-server]]\naddress = \"127.0.0.1:80\"\n"
    );
    let zone = jiff::tz::TimeZone::UTC;
    Arc::new(config::parse(&text, "test", std::path::Path::new("/"), &zone).unwrap())
}

fn check(mind: &Mind) -> CheckStanding {
    mind.standing(NOW).sites[0].real_servers[0].checks[0].clone()
}

#[test]
fn results_are_counted_by_their_reasons() {
    let mut mind = watching();
    assert!(check(&mind).failures.is_empty());
    for reason in [
        Reason::Ok,
        Reason::Refused,
        Reason::Local,
        Reason::Ok,
        Reason::Refused,
        Reason::AnswerTimeout,
    ] {
        mind.probed(&key(1), seen(reason), NOW);
    }
    let check = check(&mind);
    let failures = [("answer-timeout", 1), ("local", 1), ("refused", 2)];
    let failures = failures.map(|(reason, times)| (reason.to_owned(), times));
    assert_eq!(check.failures, failures.into());
    let total = check.total;
    assert_eq!((total.good, total.bad, total.void), (2, 3, 1));
}

#[test]
fn a_certificate_is_known_until_another_is_seen() {
    let mut mind = watching();
    let shown = |day: u64| Seen {
        expires: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(day * 86_400)),
        ..seen(Reason::Ok)
    };
    let until = |mind: &Mind| check(mind).certificate_until.map(|until| until.0 / 86_400);
    assert_eq!(until(&mind), None);
    for (probed, expected) in [
        (shown(30_000), 30_000),
        (seen(Reason::Refused), 30_000),
        (shown(30_090), 30_090),
    ] {
        mind.probed(&key(1), probed, NOW);
        assert_eq!(until(&mind), Some(expected));
    }
}

#[test]
fn references_are_shown_as_they_answered_last() {
    let mut mind = watching();
    mind.reference(0, &seen(Reason::ConnectTimeout), NOW);
    mind.reference(1, &seen(Reason::ConnectTimeout), NOW);
    mind.reference(1, &seen(Reason::Refused), NOW);
    // Our own rights say nothing of the network.
    mind.reference(2, &seen(Reason::NotPermitted), NOW);
    let references = mind.standing(NOW).references;
    let shown = references
        .iter()
        .map(|one| (one.name.as_str(), one.answered));
    let expected = [
        ("192.0.2.7", Some(false)),
        ("192.0.2.8:53", Some(true)),
        ("192.0.2.9:53", None),
    ];
    assert_eq!(shown.collect::<Vec<_>>(), expected);
}

#[test]
fn incidents_that_go_on_are_counted_by_their_kind() {
    let mut mind = watching();
    let open = |mind: &Mind| {
        let open = incidents::open(mind.incidents());
        assert_eq!(open.len(), sorry_core::incident::Kind::ALL.len());
        open["outage"]
    };
    assert_eq!(open(&mind), 0);
    mind.probed(&key(1), seen(Reason::Ok), NOW);
    let later = Now {
        tick: Tick(1_000_000),
        wall: Wall(NOW.wall.0 + 1_000_000),
    };
    mind.look(later);
    mind.probed(&key(1), seen(Reason::Refused), later);
    let after = Now {
        tick: Tick(2_000_000),
        wall: Wall(NOW.wall.0 + 2_000_000),
    };
    mind.look(after);
    assert_eq!(open(&mind), 1, "{:?}", mind.standing(after).sites[0]);
}

/// By the words that operators read, with the time at which it may turn.
#[test]
fn what_holds_a_site_where_it_is_is_explained() {
    let at = |second: u64| Now {
        tick: Tick(NOW.tick.0 + second * 1000),
        wall: Wall(NOW.wall.0 + second * 1000),
    };
    let clock = |second: u64| words::at(at(second).wall);
    for (damping, script, until, words) in [
        (
            "dwell-live = \"30s\"",
            &[(0, Reason::Ok), (5, Reason::Refused)][..],
            30,
            "it does not go down before UNTIL: so long it stays once it is live",
        ),
        (
            "dwell-sorry = \"30s\"",
            &[(0, Reason::Ok), (5, Reason::Refused), (6, Reason::Ok)],
            35,
            "it does not come back before UNTIL: so long it stays once it is down",
        ),
        (
            "dwell-sorry = \"0s\", hold-down = \"20s\"",
            &[
                (0, Reason::Ok),
                (5000, Reason::Refused),
                (5001, Reason::Ok),
                (5002, Reason::Refused),
                (5003, Reason::Ok),
            ],
            5023,
            "it does not come back before UNTIL: 1 returns in a row did not last, so this one has to prove itself",
        ),
    ] {
        let mut mind = with("", &format!("damping = {{ {damping} }}\n"));
        for (second, reason) in script {
            mind.look(at(*second));
            mind.probed(&key(1), seen(*reason), at(*second));
        }
        let last = at(script.last().unwrap().0);
        let steps = mind.explain("shop", last).unwrap().steps;
        let words = words.replace("UNTIL", &clock(until));
        assert!(
            steps.iter().any(|step| step.what == words),
            "{words}: {steps:?}"
        );
        let steady = mind.standing(last).sites[0].steady_until;
        assert_eq!(steady.map(|steady| steady.0), Some(at(until).wall.0 / 1000));
    }
}

/// A reload may put another check before one that stays.
#[test]
fn what_was_seen_by_a_check_stays_with_it() {
    let mut mind = with("", "");
    mind.probed(&key(1), seen(Reason::Refused), NOW);
    mind.reconfigure(configured("", "check.http = {}\n"), NOW);
    let standing = mind.standing(NOW);
    let checks = &standing.sites[0].real_servers[0].checks;
    let bad: Vec<(&str, u64)> = checks
        .iter()
        .map(|check| (check.kind.as_str(), check.total.bad))
        .collect();
    assert_eq!(bad, [("http", 0), ("tcp", 1)]);
}
