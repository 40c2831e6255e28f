//! Tables of results and what is believed after each; promises for all of them.

use super::*;
use proptest::prelude::*;

fn thresholds(rise: u16, fall: u16, forgive: u16) -> Thresholds {
    let count = |number| NonZeroU16::new(number).unwrap();
    Thresholds {
        rise: count(rise),
        fall: count(fall),
        forgive: count(forgive),
    }
}

/// `+` good, `-` bad, `?` a probe that could not be made.
fn reason(sign: char) -> Reason {
    match sign {
        '+' => Reason::Ok,
        '-' => Reason::Refused,
        _ => Reason::Local,
    }
}

fn letter(state: State) -> char {
    match state {
        State::Unknown => 'u',
        State::Up => 'U',
        State::Down => 'D',
    }
}

fn states(from: State, thresholds: &Thresholds, results: &str) -> String {
    let mut health = Health::starting(from);
    let after = |sign| {
        health.take(reason(sign), thresholds);
        letter(health.state())
    };
    results.chars().map(after).collect()
}

#[test]
fn states_follow_results() {
    use State::{Down, Unknown, Up};
    for (from, (rise, fall, forgive), results, expected, why) in [
        (
            Unknown,
            (3, 3, 1),
            "+",
            "U",
            "the first good result decides",
        ),
        (Unknown, (1, 3, 1), "---", "uuD", "one bad result does not"),
        (Unknown, (3, 3, 1), "-+", "uU", ""),
        (Unknown, (1, 1, 1), "-", "D", ""),
        (
            Unknown,
            (1, 1, 1),
            "??-",
            "uuD",
            "what could not be asked says nothing",
        ),
        (
            Up,
            (2, 3, 1),
            "--+--+---",
            "UUUUUUUUD",
            "only failures in a row count",
        ),
        (
            Up,
            (2, 3, 1),
            "--?-",
            "UUUD",
            "and no answer is no good one",
        ),
        (
            Down,
            (2, 3, 1),
            "+-++",
            "DDDU",
            "successes in a row bring it back",
        ),
        (Down, (2, 3, 1), "+?+", "DDU", ""),
        (
            Up,
            (2, 3, 2),
            "-+-+-",
            "UUUUD",
            "with a longer memory they need not be in a row",
        ),
        (
            Up,
            (2, 3, 2),
            "--++--+",
            "UUUUUUU",
            "until enough good ones wipe them out",
        ),
        (
            Up,
            (1, 2, 5),
            "--+-+-",
            "UDUUUD",
            "coming up forgives everything",
        ),
    ] {
        let thresholds = thresholds(rise, fall, forgive);
        assert_eq!(
            states(from, &thresholds, results),
            expected,
            "{results} {why}"
        );
    }
}

#[test]
fn a_server_that_begins_to_fail_is_suspect() {
    let thresholds = thresholds(1, 2, 1);
    let mut health = Health::starting(State::Up);
    let suspect = "-+--+".chars().map(|sign| {
        health.take(reason(sign), &thresholds);
        health.is_suspect()
    });
    assert_eq!(
        suspect.collect::<Vec<_>>(),
        [true, false, true, false, false]
    );
}

#[test]
fn the_last_results_are_remembered() {
    let thresholds = thresholds(1, 1, 1);
    let mut health = Health::default();
    assert!(health.history().is_empty());
    for sign in "+-?+".chars() {
        health.take(reason(sign), &thresholds);
    }
    assert_eq!(
        health.history().iter().collect::<Vec<_>>(),
        [true, false, true]
    );
    for _ in 0..100 {
        health.take(Reason::Status, &thresholds);
    }
    assert_eq!(
        (health.history().len(), health.last()),
        (64, Reason::Status)
    );
    assert!(health.history().iter().all(|good| !good));
}

#[test]
fn reasons_have_names_of_their_own() {
    let names: std::collections::BTreeSet<_> = Reason::ALL.map(Reason::label).into();
    assert_eq!(names.len(), Reason::ALL.len());
    for (number, reason) in Reason::ALL.into_iter().enumerate() {
        assert_eq!(reason as usize, number, "{}", reason.label());
    }
}

proptest! {
    #[test]
    fn fall_failures_in_a_row_take_it_down_and_rise_successes_bring_it_back(
        results in "[-+?]{0,40}", rise in 1u16..6, fall in 1u16..6, forgive in 1u16..6,
    ) {
        let thresholds = thresholds(rise, fall, forgive);
        let mut health = Health::default();
        for sign in results.chars() {
            health.take(reason(sign), &thresholds);
        }
        for _ in 0..fall {
            health.take(Reason::Reset, &thresholds);
        }
        prop_assert_eq!(health.state(), State::Down);
        for _ in 0..rise {
            health.take(Reason::Ok, &thresholds);
        }
        prop_assert_eq!(health.state(), State::Up);
    }

    #[test]
    fn it_goes_down_only_after_as_many_failures_as_it_takes(
        results in "[-+?]{0,60}", rise in 1u16..6, fall in 1u16..6, forgive in 1u16..6,
    ) {
        let thresholds = thresholds(rise, fall, forgive);
        let mut health = Health::starting(State::Up);
        let mut failures = 0;
        for sign in results.chars() {
            let before = health.state();
            failures += u16::from(sign == '-');
            let changed = health.take(reason(sign), &thresholds);
            prop_assert_eq!(changed.is_some(), before != health.state());
            if changed == Some(State::Down) {
                prop_assert!(failures >= fall && sign == '-');
            }
            if changed == Some(State::Up) {
                failures = 0;
            }
        }
    }
}
