//! Every telling comes back as it was.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

fn one_of<T: Copy + std::fmt::Debug + 'static>(values: &'static [T]) -> impl Strategy<Value = T> {
    (0..values.len()).prop_map(|index| values[index])
}

fn name() -> impl Strategy<Value = Box<str>> {
    "\\PC{1,20}".prop_map(Box::<str>::from)
}

fn reals() -> impl Strategy<Value = Box<[DownReal]>> {
    vec((name(), one_of(&Reason::ALL)), 0..4).prop_map(Into::into)
}

fn what() -> impl Strategy<Value = What> {
    let wall = || any::<u64>().prop_map(Wall);
    let until = || (option::of(wall()), any::<bool>());
    let route = || one_of(&[Route::Live, Route::Sorry]);
    let summary = || {
        (any::<u64>(), any::<u32>()).prop_map(|(ms, reals_down)| Summary {
            overrun: Duration::from_millis(ms),
            reals_down,
        })
    };
    let awaited =
        (route(), option::of(any::<u64>())).prop_map(|(to, generation)| Awaited { to, generation });
    const PLAIN: &[fn() -> What] = &[
        || What::Up,
        || What::UpByOrder,
        || What::Returned,
        || What::FellAgain,
        || What::Believed,
        || What::RealUp,
        || What::SwitchWorks,
        || What::Moves,
        || What::Renewed,
        || What::Gone,
        || What::Doubted(Cause::References),
    ];
    let one = prop_oneof![
        one_of(PLAIN).prop_map(|make| make()),
        (any::<[u32; 3]>(), reals()).prop_map(|([up, unknown, down], reals)| {
            What::Down(Weights { up, unknown, down }, reals)
        }),
        reals().prop_map(What::StaysDown),
        (any::<u32>(), option::of(one_of(&Reason::ALL)))
            .prop_map(|(times, reason)| What::Flaps(times, reason)),
        any::<u32>().prop_map(What::Steady),
        until().prop_map(|(until, returns)| What::Ordered { until, returns }),
        until().prop_map(|(until, returns)| What::Changed { until, returns }),
        option::of(wall()).prop_map(What::AlmostOver),
    ];
    let other = prop_oneof![
        any::<u64>().prop_map(|ms| What::Overrun(Duration::from_millis(ms))),
        summary().prop_map(What::Lifted),
        summary().prop_map(What::TimeOver),
        wall().prop_map(What::Announced),
        any::<[u32; 2]>().prop_map(|[down, of]| What::Doubted(Cause::Mass { down, of })),
        one_of(&Reason::ALL).prop_map(What::RealDown),
        any::<u32>().prop_map(What::SwitchFailed),
        awaited.prop_map(What::Awaits),
        route().prop_map(What::WouldTurn),
        any::<u32>().prop_map(What::Expires),
    ];
    prop_oneof![one, other]
}

fn telling() -> impl Strategy<Value = Telling> {
    let names = (
        option::of(name()),
        option::of(name()),
        option::of(name()),
        option::of(name()),
    );
    let numbers = any::<(u64, u64, u64, bool, bool)>();
    let words = (
        one_of(&Kind::ALL),
        one_of(&[Step::Begins, Step::Goes, Step::Ends, Step::Aside]),
        one_of(&[Phase::Firing, Phase::Update, Phase::Resolved, Phase::Note]),
        one_of(&[Audience::Nobody, Audience::OfReals, Audience::Everybody]),
    );
    let awaits = option::of((name(), option::of(any::<u64>())));
    (names, numbers, words, what(), awaits).prop_map(
        |(
            (site, about, by, which),
            (incident, began, at, planned, observed),
            words,
            what,
            awaits,
        )| Telling {
            number: at,
            incident,
            kind: words.0,
            site,
            about,
            by: by.clone(),
            reason: by,
            planned,
            observed,
            began: Wall(began),
            at: Wall(at),
            step: words.1,
            phase: words.2,
            audience: words.3,
            what,
            which,
            awaits: awaits.map(|(switch, generation)| {
                let to = Route::Sorry;
                (switch, Awaited { to, generation })
            }),
        },
    )
}

proptest! {
    #[test]
    fn what_was_kept_is_what_was_told(telling in telling()) {
        let json = serde_json::to_string(&KeptTelling::from(&telling)).unwrap();
        let kept: KeptTelling = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(kept.telling(), Some(telling));
    }
}

#[test]
fn what_a_later_version_has_kept_is_passed_over() {
    let json = r#"{"incident":1,"kind":"eclipse","began_ms":0,"at_ms":0,"step":"goes","phase":"note","to":"nobody","what":"up"}"#;
    let kept: KeptTelling = serde_json::from_str(json).unwrap();
    assert_eq!(kept.telling(), None);
    let known: KeptTelling = serde_json::from_str(&json.replace("eclipse", "outage")).unwrap();
    assert!(known.telling().is_some());
}
