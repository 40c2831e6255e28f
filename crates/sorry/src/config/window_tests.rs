//! Windows from their texts, by clocks of several zones.

use super::*;
use std::fmt::Write as _;

static UTC: TimeZone = TimeZone::UTC;

const NOW: &str = "2026-03-01T12:00:00Z";

fn asked<'t>(machine: &'t TimeZone, at: &'t str, days: &[&'t str], zone: &'t str) -> Asked<'t> {
    Asked {
        name: "backup",
        at,
        days: days.to_vec(),
        lasts: None,
        until: None,
        zone: Some(zone),
        machine,
        now: NOW.parse().unwrap(),
        typed: Typed::InFile,
        say: None,
        keep: Keep::Stale,
        on_overrun: None,
        announce: None,
    }
}

/// Either `for 1h` or `until 04:00`.
fn ended<'t>(asked: Asked<'t>, end: &'t str) -> Asked<'t> {
    match end.split_once(' ').unwrap() {
        ("for", lasts) => Asked {
            lasts: Some(duration::parse(lasts).unwrap()),
            ..asked
        },
        (_, until) => Asked {
            until: Some(until),
            ..asked
        },
    }
}

/// When it opens next and closes then, seen from a moment, in UTC.
fn next(window: &Window, from: &str) -> String {
    let from: Timestamp = from.parse().unwrap();
    let wall = |time: Timestamp| Wall(u64::try_from(time.as_millisecond()).unwrap());
    let shown = |wall: Wall| {
        let time = Timestamp::from_millisecond(i64::try_from(wall.0).unwrap()).unwrap();
        time.strftime("%m-%dT%H:%M").to_string()
    };
    match window.when.next(wall(from)) {
        Some(span) => format!("{} {}", shown(span.start), shown(span.end)),
        None => "never".to_owned(),
    }
}

/// Clocks go forward in Berlin on 2026-03-29 at 02:00, back on 2026-10-25 at 03:00; on Lord Howe, by half an hour, back on
/// 2026-04-05 at 02:00 and forward on 2026-10-04 at 02:00; in Santiago back on 2026-04-05 at 00:00 and forward on 2026-09-06 at
/// 00:00; in Kolkata never. Each of these is in the IANA database.
#[test]
fn windows_over_changes_of_clocks() {
    for (zone, at, end, from, expected, why) in [
        (
            "Europe/Berlin",
            "02:30",
            "for 1h",
            "2026-03-27T12:00:00Z",
            "03-28T01:30 03-28T02:30",
            "the day before",
        ),
        (
            "Europe/Berlin",
            "02:30",
            "for 1h",
            "2026-03-28T12:00:00Z",
            "03-29T01:00 03-29T02:00",
            "skipped: at the change, for an hour",
        ),
        (
            "Europe/Berlin",
            "01:00",
            "until 04:00",
            "2026-03-28T12:00:00Z",
            "03-29T00:00 03-29T02:00",
            "an hour short",
        ),
        (
            "Europe/Berlin",
            "01:00",
            "for 3h",
            "2026-03-28T12:00:00Z",
            "03-29T00:00 03-29T03:00",
            "by any clock",
        ),
        (
            "Europe/Berlin",
            "02:30",
            "for 1h",
            "2026-10-24T12:00:00Z",
            "10-25T00:30 10-25T01:30",
            "doubled: the first",
        ),
        (
            "Europe/Berlin",
            "02:00",
            "until 04:00",
            "2026-10-24T12:00:00Z",
            "10-25T00:00 10-25T03:00",
            "an hour longer",
        ),
        (
            "Europe/Berlin",
            "22:00",
            "until 24:00",
            "2026-06-01T00:00:00Z",
            "06-01T20:00 06-01T22:00",
            "to midnight",
        ),
        (
            "Australia/Lord_Howe",
            "02:15",
            "for 1h",
            "2026-10-03T00:00:00Z",
            "10-03T15:30 10-03T16:30",
            "half an hour is skipped",
        ),
        (
            "Australia/Lord_Howe",
            "01:45",
            "for 1h",
            "2026-04-04T00:00:00Z",
            "04-04T14:45 04-04T15:45",
            "half an hour comes twice",
        ),
        (
            "America/Santiago",
            "00:30",
            "for 1h",
            "2026-09-05T12:00:00Z",
            "09-06T04:00 09-06T05:00",
            "midnight is skipped in the south",
        ),
        (
            "America/Santiago",
            "23:30",
            "for 1h",
            "2026-04-04T12:00:00Z",
            "04-05T02:30 04-05T03:30",
            "and comes twice there",
        ),
        (
            "Asia/Kolkata",
            "02:00",
            "for 1h",
            "2026-03-28T12:00:00Z",
            "03-28T20:30 03-28T21:30",
            "never changes",
        ),
        (
            "UTC",
            "02:00",
            "until 04:00",
            "2026-03-28T12:00:00Z",
            "03-29T02:00 03-29T04:00",
            "",
        ),
        (
            "Europe/Berlin",
            "02:30",
            "for 1h",
            "2045-03-25T12:00:00Z",
            "03-26T01:00 03-26T02:00",
            "nineteen years on",
        ),
    ] {
        let asked = ended(asked(&UTC, at, &["daily"], zone), end);
        let window = Window::asked(&asked).unwrap();
        assert_eq!(next(&window, from), expected, "{zone} {at} {end}: {why}");
    }
}

#[test]
fn days_are_those_of_the_zone() {
    let utc = TimeZone::UTC;
    let window =
        |zone| Window::asked(&ended(asked(&utc, "02:00", &["sun"], zone), "for 1h")).unwrap();
    assert_eq!(next(&window("Asia/Tokyo"), NOW), "03-07T17:00 03-07T18:00");
    assert_eq!(
        next(&window("America/New_York"), NOW),
        "03-08T07:00 03-08T08:00"
    );
}

#[test]
fn windows_are_shown_in_the_words_of_their_zone() {
    let berlin = until::zone("Europe/Berlin").unwrap();
    for (at, days, end, expected) in [
        (
            "02:00",
            &["sun"][..],
            "for 1h",
            "sun 02:00 for 1h Europe/Berlin return",
        ),
        (
            "02:00",
            &["thu", "mon", "thu"],
            "until 04:00",
            "mon, thu 02:00-04:00 Europe/Berlin return",
        ),
        (
            "02:00",
            &["daily"],
            "for 1h30m",
            "daily 02:00 for 1h30m Europe/Berlin return",
        ),
        (
            "2026-12-01 02:00 Europe/Berlin",
            &[],
            "for 2h",
            "2026-12-01 02:00 for 2h Europe/Berlin hold",
        ),
        (
            "2026-12-01T02:00:00Z",
            &[],
            "until 2026-12-01 06:00",
            "2026-12-01 03:00 to 2026-12-01 06:00 Europe/Berlin hold",
        ),
    ] {
        let asked = Asked {
            zone: None,
            ..asked(&berlin, at, days, "")
        };
        let window = Window::asked(&ended(asked, end)).unwrap();
        let overrun = match window.on_overrun {
            OnOverrun::Hold => "hold",
            OnOverrun::Return => "return",
        };
        assert_eq!(format!("{} {overrun}", window.shown), expected);
    }
}

#[test]
fn what_is_typed_now_needs_no_date() {
    let berlin = until::zone("Europe/Berlin").unwrap();
    let asked = Asked {
        typed: Typed::Now,
        zone: None,
        until: Some("04:00"),
        ..asked(&berlin, "22:00", &[], "")
    };
    let window = Window::asked(&asked).unwrap();
    assert_eq!(
        &*window.shown,
        "2026-03-01 22:00 to 2026-03-02 04:00 Europe/Berlin"
    );
    let in_file = Asked {
        typed: Typed::InFile,
        ..asked
    };
    assert_eq!(Window::asked(&in_file).unwrap_err().field, Field::At);
}

#[test]
fn wrong_windows_are_blamed_on_the_text_that_is_wrong() {
    let mut told = String::new();
    for (name, at, days, end) in [
        ("no name", "02:00", &["daily"][..], "for 1h"),
        ("a", "25:00", &["daily"], "for 1h"),
        ("a", "02:00", &["sunday"], "for 1h"),
        ("a", "02:00", &["sun"], "for 8d"),
        ("a", "02:00", &["sun"], "for 0s"),
        ("a", "02:00", &["sun"], "until 02:00"),
        ("a", "02:00", &["sun"], "until noon"),
        ("a", "02:00", &[], "for 1h"),
        ("a", "2026-12-01 02:00", &[], "until 2026-12-01 01:00"),
        ("a", "2026-03-29 02:30", &[], "for 1h"),
        ("a", "1969-03-29 02:30", &[], "for 1h"),
    ] {
        let asked = Asked {
            name,
            ..asked(&UTC, at, days, "Europe/Berlin")
        };
        let wrong = Window::asked(&ended(asked, end)).unwrap_err();
        let _ = writeln!(told, "{wrong}");
    }
    let unknown = asked(&UTC, "02:00", &["sun"], "Europe/Berlim");
    let _ = writeln!(told, "{}", Window::asked(&unknown).unwrap_err());
    let endless = asked(&UTC, "02:00", &["sun"], "UTC");
    let _ = writeln!(told, "{}", Window::asked(&endless).unwrap_err());
    let both = Asked {
        until: Some("03:00"),
        ..ended(endless, "for 1h")
    };
    let _ = writeln!(told, "{}", Window::asked(&both).unwrap_err());
    expect_test::expect![[r#"
        name: ` ` cannot stand in a name (use letters, digits, `-`, `_` and `.`)
        at: `25:00` is not a time of day (for example "02:00")
        days: `sunday` is not one of the words allowed (did you mean "sun"? It may be "daily", "mon", "tue", "wed", "thu", "fri", "sat" or "sun")
        for: one that comes again is open for at most a week
        for: no time at all
        until: it closes at the time at which it opens (for a whole day say how long: 24h)
        until: `noon` is not a time of day (for example "02:00")
        at: `02:00` has no date (a file is read again at every reload, when the day may be another: write "2026-11-21 14:00")
        until: it closes before it opens
        at: clocks in Europe/Berlin skip 2026-03-29 02:30 (write "2026-03-29T02:30:00+01:00" or "2026-03-29T02:30:00+02:00")
        at: it is before 1970
        zone: `Europe/Berlim` is not a known time zone (did you mean "Europe/Berlin"?)
        for: nothing says when it is over (say for how long, or until when)
        until: how long it is open and when it closes are the same said twice (say one of them)
    "#]].assert_eq(&told);
}

#[test]
fn two_readings_of_one_text_give_the_same() {
    let zone = until::zone("Europe/Berlin").unwrap();
    let early = changes_of(&zone, "2026-01-01T00:00:00Z".parse().unwrap());
    let late = changes_of(&zone, "2026-12-31T23:59:59Z".parse().unwrap());
    assert_eq!(early, late);
}
