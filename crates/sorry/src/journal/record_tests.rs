//! Whether the engine's records come back from a journal as they went in, and what they look like there.

use super::*;
use expect_test::expect;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use sorry_core::event::Why;
use sorry_core::health::State;
use sorry_core::moment::Wall;
use sorry_core::order::{Milestone, OnOverrun};
use sorry_core::quorum::Held;
use sorry_core::site::Route;

fn record() -> impl Strategy<Value = Record> {
    let name = || "\\PC{1,20}".prop_map(Box::<str>::from);
    prop_oneof![
        (
            name(),
            option::of(order()),
            vec((name(), any::<u64>().prop_map(Wall)), 0..3)
        )
            .prop_map(|(site, order, ended)| {
                Record::Order {
                    site,
                    order,
                    ended: ended.into(),
                }
            }),
        (
            name(),
            name(),
            one_of(&[State::Unknown, State::Up, State::Down]),
            option::of(any::<u64>().prop_map(Wall)),
        )
            .prop_map(|(site, real, state, since)| Record::Real {
                site,
                real,
                state,
                since
            }),
        (name(), name(), one_of(&[Drained::Yes, Drained::No])).prop_map(|(site, real, drained)| {
            Record::Drained {
                site,
                real,
                drained,
            }
        }),
        (name(), name(), any::<u32>(), any::<u32>()).prop_map(
            |(site, real, weight, configured)| Record::Weight {
                site,
                real,
                weight,
                configured
            }
        ),
        (
            name(),
            option::of(any::<u32>()),
            vec((name(), any::<u64>().prop_map(Wall)), 0..3)
        )
            .prop_map(|(site, due, announced)| Record::Course {
                site,
                told: due.map_or(Milestone::AlmostOver, Milestone::Due),
                announced: announced.into(),
            }),
        route(),
        (name(), any::<bool>()).prop_map(|(site, words)| Record::Said {
            site,
            said: words.then(|| Said::parse("we know").unwrap()),
        }),
        (name(), any::<u64>()).prop_map(|(site, millis)| Record::Outage {
            site,
            lasted: Duration::from_millis(millis)
        }),
    ]
}

fn one_of<T: Copy + std::fmt::Debug + 'static>(values: &'static [T]) -> impl Strategy<Value = T> {
    (0..values.len()).prop_map(|index| values[index])
}

fn route() -> impl Strategy<Value = Record> {
    const WHYS: &[Why] = &[
        Why::Beginning,
        Why::Unwatched,
        Why::Quorum,
        Why::NoQuorum,
        Why::Ordered,
        Why::Overrun,
        Why::HeldDown,
        Why::Dwelling,
        Why::Doubted,
    ];
    let where_to = one_of(&[Route::Live, Route::Sorry]);
    let held = one_of(&[Held::Enough, Held::TooFew]);
    let numbers = (any::<u64>(), any::<u64>(), any::<u8>());
    ("[a-z]{1,9}", where_to, one_of(WHYS), held, numbers).prop_map(
        |(site, route, why, held, (generation, since, flaps))| Record::Route {
            site: site.into(),
            route,
            why,
            generation,
            since: Wall(since),
            held,
            flaps,
        },
    )
}

fn order() -> impl Strategy<Value = Order> {
    const WHATS: &[What] = &[
        What::Maintenance(Keep::Stale),
        What::Maintenance(Keep::Nothing),
        What::Live,
    ];
    let times = (any::<u64>(), any::<u64>(), option::of(any::<u64>()));
    let overrun = one_of(&[OnOverrun::Hold, OnOverrun::Return]);
    let said = option::of("[a-z][a-z \n\"<>é]{0,50}[a-z]");
    let who = ("\\PC{0,20}", option::of("\\PC{0,20}"));
    (one_of(WHATS), times, overrun, who, said).prop_map(
        |(what, (given, counted, until), on_overrun, (by, reason), said)| Order {
            what,
            given: Wall(given),
            counted: Wall(counted),
            until: until.map(Wall),
            on_overrun,
            by: by.into(),
            reason: reason.map(Into::into),
            said: said.map(|said| Said::parse(&said).unwrap()),
        },
    )
}

proptest! {
    #[test]
    fn every_record_comes_back(records in vec(record(), 0..20)) {
        let mut bytes = Vec::new();
        for record in &records {
            super::super::line::write(&mut bytes, &Entry::from(record)).unwrap();
        }
        let contents = super::super::line::read::<Entry>(&bytes);
        prop_assert!(!contents.damage.is_serious(), "{}", contents.damage);
        let back: Result<Vec<Record>, Unusable> =
            contents.records.into_iter().map(Record::try_from).collect();
        prop_assert_eq!(back, Ok(records));
    }
}

/// What stands in files that are on disks already: a change here is a new version of the form.
#[test]
fn words_in_the_file_stay_as_they_are() {
    let order = Order {
        what: What::Maintenance(Keep::Nothing),
        given: Wall(1_795_656_461_000),
        counted: Wall(1_795_656_461_000),
        until: Some(Wall(1_795_660_061_000)),
        on_overrun: OnOverrun::Hold,
        by: "alice (uid 1000)".into(),
        reason: Some("CHG-1234".into()),
        said: Some(Said::parse("Back at \"two\"\nPromised.").unwrap()),
    };
    let site = || Box::<str>::from("shop");
    let records = [
        Record::Order {
            site: site(),
            order: Some(order),
            ended: [("nightly".into(), Wall(1_795_656_461_000))].into(),
        },
        Record::Real {
            site: site(),
            real: "10.0.0.1:80".into(),
            state: State::Down,
            since: Some(Wall(1_795_656_461_000)),
        },
        Record::Weight {
            site: site(),
            real: "10.0.0.1:80".into(),
            weight: 10,
            configured: 1,
        },
        Record::Course {
            site: site(),
            told: Milestone::Due(2),
            announced: [("nightly".into(), Wall(1_795_656_461_000))].into(),
        },
        Record::Drained {
            site: site(),
            real: "10.0.0.1:80".into(),
            drained: Drained::Yes,
        },
        Record::Route {
            site: site(),
            route: Route::Sorry,
            why: Why::NoQuorum,
            generation: 7,
            since: Wall(1_795_656_461_007),
            held: Held::TooFew,
            flaps: 2,
        },
        Record::Outage {
            site: site(),
            lasted: Duration::from_secs(90),
        },
    ];
    let mut entries: Vec<Entry> = records.iter().map(Entry::from).collect();
    entries.push(Entry::Schedule(schedule()));
    entries.push(Entry::Unschedule(Unschedule {
        site: site(),
        name: "patch-day".into(),
    }));
    let lines: Vec<String> = entries
        .iter()
        .map(|entry| serde_json::to_string(entry).unwrap())
        .collect();
    expect![[r#"
        {"record":"order","site":"shop","order":{"what":"maintenance","keep":"nothing","given":"2026-11-26T01:27:41Z","until":"2026-11-26T02:27:41Z","on_overrun":"hold","by":"alice (uid 1000)","reason":"CHG-1234","said":"Back at \"two\"\nPromised."},"ended":[["nightly","2026-11-26T01:27:41Z"]]}
        {"record":"real","site":"shop","real":"10.0.0.1:80","state":"down","since":"2026-11-26T01:27:41Z"}
        {"record":"weight","site":"shop","real":"10.0.0.1:80","weight":10,"configured":1}
        {"record":"course","site":"shop","told":{"due":2},"announced":[["nightly","2026-11-26T01:27:41Z"]]}
        {"record":"drained","site":"shop","real":"10.0.0.1:80","drained":true}
        {"record":"route","site":"shop","route":"sorry","why":"no-quorum","generation":7,"since":"2026-11-26T01:27:41.007Z","held":"too-few","flaps":2}
        {"record":"outage","site":"shop","lasted_ms":90000}
        {"record":"schedule","site":"shop","name":"patch-day","at":"02:00","days":["sun"],"zone":"Europe/Berlin","for_seconds":1800,"keep":"stale","on_overrun":"return"}
        {"record":"unschedule","site":"shop","name":"patch-day"}"#]]
    .assert_eq(&lines.join("\n"));
    for (entry, line) in entries.iter().zip(&lines) {
        assert_eq!(&serde_json::from_str::<Entry>(line).unwrap(), entry);
    }
}

fn schedule() -> Schedule {
    Schedule {
        site: "shop".into(),
        name: "patch-day".into(),
        at: "02:00".into(),
        days: vec!["sun".into()],
        zone: Some("Europe/Berlin".into()),
        for_seconds: Some(1800),
        until: None,
        say: None,
        keep: KeepWord::Stale,
        on_overrun: Some(OverrunWord::Return),
        announce_seconds: None,
    }
}

#[test]
fn what_is_not_the_engines_is_not_given_to_it() {
    assert_eq!(
        Record::try_from(Entry::Schedule(schedule())),
        Err(Unusable::Window)
    );
    let edited = r#"{"record":"order","site":"shop","windows_done":0,
        "order":{"what":"live","given":0,"on_overrun":"hold","by":"root","said":"\u0007"}}"#;
    let entry: Entry = serde_json::from_str(edited).unwrap();
    assert!(matches!(Record::try_from(entry), Err(Unusable::Said(_))));
}
