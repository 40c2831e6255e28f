//! Scripts of what is seen, and the doubt after each line.

use super::*;

const SECOND: u64 = 1000;

fn doubts(references: usize) -> Doubts {
    Doubts::new(Watch {
        references,
        mass: Mass {
            share_permille: 500,
            within: Duration::from_secs(10),
        },
        hold: Duration::from_secs(30),
    })
}

fn at(seconds: u64) -> Tick {
    Tick(seconds * SECOND)
}

/// `fell REAL SITE`, `rose REAL`, `silent REF`, `answers REF`, `served`, `look`; each after the second it happens in. There
/// are eight real servers.
fn run(doubts: &mut Doubts, script: &str) -> String {
    let mut said = Vec::new();
    for line in script.split("; ") {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |index: usize| words[index].parse::<u32>().unwrap();
        let now = at(u64::from(number(0)));
        let turn = match words[1] {
            "fell" => doubts.fell(number(2), number(3), 8, now),
            "rose" => doubts.rose(number(2)),
            "silent" => doubts.reference(number(2) as usize, false, now),
            "answers" => doubts.reference(number(2) as usize, true, now),
            "served" => doubts.served(),
            _ => doubts.look(now),
        };
        said.push(match turn {
            None => "-".to_owned(),
            Some(Turn::Ended(Ended::Disproved)) => "ended".to_owned(),
            Some(Turn::Ended(Ended::ByTime)) => "believed".to_owned(),
            Some(Turn::Began(doubt)) => match (doubt.cause, doubt.until) {
                (Cause::References, None) => "blind".to_owned(),
                (Cause::Mass { down, of }, Some(until)) => {
                    format!("{down} of {of} until {}", until.0 / SECOND)
                }
                other => format!("{other:?}"),
            },
        });
    }
    said.join("; ")
}

#[test]
fn many_that_go_down_together_are_doubted() {
    for (script, expected, why) in [
        (
            "0 fell 1 1; 1 fell 2 2; 2 fell 3 3; 3 fell 4 1; 4 fell 5 2",
            "-; -; -; -; 5 of 8 until 34",
            "",
        ),
        (
            "0 fell 1 1; 1 fell 2 2; 2 fell 3 2; 3 fell 4 1; 4 fell 5 2",
            "-; -; -; -; -",
            "two sites only",
        ),
        (
            "0 fell 1 1; 1 fell 2 2; 2 fell 3 3; 3 fell 4 1; 11 fell 5 2",
            "-; -; -; -; -",
            "not together",
        ),
        (
            "0 fell 1 1; 1 fell 2 2; 2 fell 3 3; 3 fell 4 1; 3 rose 4; 4 fell 5 2",
            "-; -; -; -; -; -",
            "one came back",
        ),
    ] {
        assert_eq!(run(&mut doubts(0), script), expected, "{why}");
    }
}

const MANY: &str = "0 fell 1 1; 0 fell 2 2; 0 fell 3 3; 0 fell 4 1; 0 fell 5 2; ";

#[test]
fn doubt_ends_by_time_by_recovery_or_by_a_client_that_was_served() {
    for (then, expected, why) in [
        ("29 look; 30 look; 31 look", "-; believed; -", "by time"),
        (
            "1 rose 1; 1 rose 2; 1 rose 3; 1 rose 4; 1 rose 5",
            "-; -; -; -; ended",
            "all are back",
        ),
        (
            "1 fell 6 3; 1 rose 1; 1 rose 2; 1 rose 3; 1 rose 4; 1 rose 5; 2 rose 6",
            "-; -; -; -; -; -; ended",
            "later ones count",
        ),
        ("1 served; 30 look", "ended; -", "a client was served"),
        ("1 rose 7", "-", "one that never went down says nothing"),
    ] {
        let mut doubts = doubts(0);
        run(&mut doubts, MANY.trim_end_matches("; "));
        assert!(doubts.doubt().is_some());
        assert_eq!(run(&mut doubts, then), expected, "{why}");
    }
}

#[test]
fn whoever_reaches_no_reference_is_blind_until_one_answers() {
    for (script, expected, why) in [
        ("0 silent 0; 1 answers 1", "-; -", "one is enough"),
        (
            "0 silent 0; 1 silent 1; 999 look",
            "-; blind; -",
            "without an end",
        ),
        (
            "0 silent 0; 1 silent 1; 2 answers 0",
            "-; blind; ended",
            "nothing went down meanwhile",
        ),
        (
            "0 silent 0; 1 silent 1; 2 fell 1 1; 50 answers 0; 79 look; 80 look",
            "-; blind; -; -; -; believed",
            "what is still down is believed after a while",
        ),
        (
            "0 silent 0; 1 silent 1; 2 fell 1 1; 50 answers 0; 60 silent 0; 99 look",
            "-; blind; -; -; -; -",
            "blind again",
        ),
        (
            "0 silent 0; 1 silent 1; 2 fell 1 1; 50 answers 0; 51 rose 1",
            "-; blind; -; -; ended",
            "",
        ),
        (
            "0 silent 0; 1 silent 1; 2 served; 3 silent 0; 4 answers 0; 5 silent 0",
            "-; blind; ended; -; -; blind",
            "one doubt for one silence",
        ),
        (
            "0 fell 1 1; 1 silent 0; 1 silent 1; 2 answers 1; 3 rose 1",
            "-; -; blind; -; ended",
            "what went down just before counts",
        ),
    ] {
        assert_eq!(run(&mut doubts(2), script), expected, "{why}");
    }
}

#[test]
fn nobody_is_asked_and_nobody_doubts() {
    assert_eq!(
        run(&mut doubts(0), "0 silent 0; 1 fell 1 1; 2 look; 3 served"),
        "-; -; -; -"
    );
}
