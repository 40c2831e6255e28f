//! Windows across changes of the clock, in Berlin of 2026.

use super::*;
use proptest::prelude::*;

const HOUR: u64 = 3_600_000;

/// 2026-03-29 00:00 UTC, a Sunday; at 01:00 UTC the clock goes from 02:00 to 03:00.
const SPRING: u64 = 1_774_742_400_000;

/// 2026-10-25 00:00 UTC, a Sunday; at 01:00 UTC the clock goes from 03:00 to 02:00.
const AUTUMN: u64 = 1_792_886_400_000;

fn berlin() -> Zone {
    Zone::new(3600, [(1_774_746_000, 7200), (1_792_890_000, 3600)])
}

fn every(days: Days, start: u32, end: End) -> Window {
    Window::Every(Every {
        days,
        start,
        end,
        zone: berlin(),
    })
}

fn minutes(number: u64) -> Duration {
    Duration::from_secs(60 * number)
}

/// The window that begins next after `now`, in minutes after `from`.
fn next(window: &Window, now: u64, from: u64) -> (i64, i64) {
    let span = window.next(Wall(now)).unwrap();
    let after =
        |wall: Wall| (i64::try_from(wall.0).unwrap() - i64::try_from(from).unwrap()) / 60_000;
    (after(span.start), after(span.end))
}

#[test]
fn windows_begin_and_end_right_when_the_clock_changes() {
    let sunday = Days::of([6]);
    let half_past = |hour: u32| hour * 3600 + 1800;
    for (midnight, start, end, expected, why) in [
        // In March 01:30 is 00:30 UTC, and 03:30 is 01:30 UTC: one hour by any clock.
        (
            SPRING,
            half_past(1),
            End::At(half_past(3)),
            (30, 90),
            "an hour is skipped within",
        ),
        (
            SPRING,
            half_past(1),
            End::After(minutes(120)),
            (30, 150),
            "it lasts by any clock",
        ),
        (
            SPRING,
            half_past(2),
            End::After(minutes(60)),
            (60, 120),
            "it begins with the change",
        ),
        (
            SPRING,
            half_past(1),
            End::At(half_past(2)),
            (30, 60),
            "it ends with the change",
        ),
        // In October 01:30 is 23:30 UTC, 02:30 comes twice, 03:30 is 02:30 UTC.
        (
            AUTUMN,
            half_past(1),
            End::At(half_past(3)),
            (-30, 150),
            "an hour comes twice within",
        ),
        (
            AUTUMN,
            half_past(2),
            End::After(minutes(60)),
            (30, 90),
            "it begins the first time",
        ),
        (
            AUTUMN,
            half_past(1),
            End::At(half_past(2)),
            (-30, 30),
            "it ends the first time",
        ),
    ] {
        let window = every(sunday, start, end);
        assert_eq!(
            next(&window, midnight - 2 * HOUR, midnight),
            expected,
            "{why}"
        );
    }
}

#[test]
fn a_window_past_midnight_belongs_to_the_day_it_began() {
    // Saturday 23:00 to Sunday 01:00, in winter: 22:00 to 00:00 UTC.
    let window = every(Days::of([5]), 23 * 3600, End::At(3600));
    let span = window.open(Wall(SPRING - 1)).unwrap();
    assert_eq!(
        (span.start, span.end),
        (Wall(SPRING - 2 * HOUR), Wall(SPRING))
    );
    assert_eq!(window.open(Wall(SPRING)), None);
    assert_eq!(window.open(Wall(SPRING - 2 * HOUR - 1)), None);
}

#[test]
fn once_is_once() {
    let span = Span {
        start: Wall(1000),
        end: Wall(2000),
    };
    let window = Window::Once(span);
    for (now, open, next, change) in [
        (0, None, Some(span), Some(1000)),
        (1000, Some(span), None, Some(2000)),
        (1999, Some(span), None, Some(2000)),
        (2000, None, None, None),
    ] {
        let now = Wall(now);
        assert_eq!(
            (window.open(now), window.next(now)),
            (open, next),
            "{now:?}"
        );
        assert_eq!(window.next_change(now), change.map(Wall), "{now:?}");
    }
}

#[test]
fn days_without_one_have_none() {
    let never = every(Days::of([7, 200]), 0, End::After(minutes(1)));
    assert_eq!(
        (never.next(Wall(SPRING)), never.open(Wall(SPRING))),
        (None, None)
    );
    let nothing = every(Days::ALL, 0, End::After(Duration::ZERO));
    assert_eq!(nothing.next(Wall(SPRING)), None);
}

proptest! {
    #[test]
    fn from_change_to_change_it_is_open_and_closed_in_turn(
        now in SPRING - 40 * 24 * HOUR..AUTUMN + 40 * 24 * HOUR, start in 0u32..86_400, lasts in 1u64..1380, days in 1u8..127,
    ) {
        let window = every(Days::of((0..7).filter(|day| days >> day & 1 == 1)), start, End::After(minutes(lasts)));
        let mut now = Wall(now);
        for _ in 0..6 {
            let change = window.next_change(now).unwrap();
            prop_assert!(change > now);
            let open = window.open(now).is_some();
            prop_assert_eq!(window.open(Wall(change.0 - 1)).is_some(), open);
            // A day is at least 23 hours long, so windows shorter than that do not touch.
            prop_assert_eq!(window.open(change).is_some(), !open);
            now = change;
        }
    }
}
