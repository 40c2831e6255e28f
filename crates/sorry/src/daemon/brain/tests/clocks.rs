//! Windows where clocks are changed: from the words of a configuration, through the engine, to the instants at which a site turns. Nobody
//! looks but when the mind has asked to be called.

use jiff::Timestamp;

use super::*;

/// A window in Berlin, in keys of the configuration.
fn mind(window: &str, now: Now) -> Mind {
    let text = format!(
        "[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:0\"]\n\
         [[site.window]]\nname = \"night\"\nzone = \"Europe/Berlin\"\n{window}\n"
    );
    let zone = jiff::tz::TimeZone::UTC;
    let config = config::parse(&text, "test", std::path::Path::new("/"), &zone).unwrap();
    let past = Past::default();
    Mind::new(
        Arc::new(config),
        Box::new(|_, _| Vec::new()),
        Hands::Free,
        past,
        now,
    )
}

fn wall(text: &str) -> Wall {
    let at: Timestamp = text.parse().unwrap();
    Wall(u64::try_from(at.as_millisecond()).unwrap())
}

/// The instants from `from` to `to` at which visitors are sent elsewhere, each with where to.
fn turns(window: &str, from: &str, to: &str) -> Vec<(String, String)> {
    let mut now = Now {
        tick: Tick(1),
        wall: wall(from),
    };
    let mut mind = mind(window, now);
    let end = wall(to);
    let mut route = String::new();
    let mut turns = Vec::new();
    loop {
        mind.look(now);
        for action in mind.actions() {
            if matches!(action, Action::Write(_) | Action::Rewrite(_)) {
                mind.written(Ok(Grown::No), now);
            }
        }
        let site = &mind.standing(now).sites[0];
        if site.route != route {
            route.clone_from(&site.route);
            let at = Timestamp::from_millisecond(now.wall.0.cast_signed()).unwrap();
            turns.push((at.to_string(), route.clone()));
        }
        // A look that changes nothing must not be asked for at once again.
        let next = mind
            .next_look(now)
            .unwrap_or(Tick(u64::MAX))
            .max(Tick(now.tick.0 + 1));
        let wall = now.wall.0.saturating_add(next.0 - now.tick.0);
        if wall >= end.0 {
            return turns;
        }
        now = Now {
            tick: next,
            wall: Wall(wall),
        };
    }
}

const SPRING: [&str; 2] = ["2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z"];
const AUTUMN: [&str; 2] = ["2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z"];

#[test]
fn a_window_is_in_force_and_over_where_clocks_are_changed() {
    let half_past_two = "days = \"daily\"\nat = \"02:30\"\nfor = \"1h\"";
    let on_sundays = "days = [\"sun\"]\nat = \"02:30\"\nfor = \"1h\"";
    let over_the_change = "days = \"daily\"\nat = \"01:30\"\nuntil = \"03:30\"";
    let within_the_gap = "days = \"daily\"\nat = \"02:10\"\nuntil = \"02:50\"";
    for (window, [from, to], expected) in [
        // On the 29th 02:30 is skipped: it opens at the change, for an hour by any clock.
        (
            half_past_two,
            SPRING,
            &[
                ("2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"),
                ("2026-03-30T00:30:00Z", "2026-03-30T01:30:00Z"),
            ][..],
        ),
        (
            on_sundays,
            SPRING,
            &[("2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z")],
        ),
        // Until the wall shows it: an hour then, two the day after.
        (
            over_the_change,
            SPRING,
            &[
                ("2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"),
                ("2026-03-29T23:30:00Z", "2026-03-30T01:30:00Z"),
            ],
        ),
        // All of it is skipped.
        (
            within_the_gap,
            SPRING,
            &[("2026-03-30T00:10:00Z", "2026-03-30T00:50:00Z")],
        ),
        // On the 25th there is 02:30 twice, and it opens once.
        (
            half_past_two,
            AUTUMN,
            &[
                ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"),
                ("2026-10-26T01:30:00Z", "2026-10-26T02:30:00Z"),
            ],
        ),
        (
            on_sundays,
            AUTUMN,
            &[("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z")],
        ),
        // Three hours then, two the day after.
        (
            over_the_change,
            AUTUMN,
            &[
                ("2026-10-24T23:30:00Z", "2026-10-25T02:30:00Z"),
                ("2026-10-26T00:30:00Z", "2026-10-26T02:30:00Z"),
            ],
        ),
        (
            within_the_gap,
            AUTUMN,
            &[
                ("2026-10-25T00:10:00Z", "2026-10-25T00:50:00Z"),
                ("2026-10-26T01:10:00Z", "2026-10-26T01:50:00Z"),
            ],
        ),
    ] {
        let both = |(opens, closes)| [(opens, "sorry"), (closes, "live")];
        let expected: Vec<(String, String)> = [(from, "live")]
            .into_iter()
            .chain(expected.iter().copied().flat_map(both))
            .map(|(at, route)| (at.to_owned(), route.to_owned()))
            .collect();
        assert_eq!(turns(window, from, to), expected, "{window}");
    }
}
