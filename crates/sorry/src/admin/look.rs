//! How a report is to look where it is shown: how wide, in which colours and signs, and by which clock.
//!
//! Plain values; whoever shows something finds out what its terminal can do. Used by all that is shown to people.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::moment::Moment;

/// What a terminal shows.
#[derive(Debug, Clone)]
pub struct Look {
    /// The longest line, in characters.
    pub width: usize,
    /// Whether colours are understood.
    pub color: Color,
    /// The signs of good and bad results.
    pub signs: Signs,
    /// The clock that people there live by.
    pub zone: TimeZone,
    /// The present second.
    pub now: Moment,
}

/// Whether colours are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// They are.
    Coloured,
    /// They are not.
    Plain,
}

/// The signs of good and bad results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signs {
    /// A full and an empty block.
    Blocks,
    /// `+` and `-`.
    Ascii,
}

/// From this width on there is room for times beside ages, and for a longer history.
const ROOMY: usize = 100;

impl Look {
    /// Text for programs and tests: no colours, UTC.
    pub fn plain(width: usize, now: Moment) -> Look {
        Look {
            width,
            color: Color::Plain,
            signs: Signs::Ascii,
            zone: TimeZone::UTC,
            now,
        }
    }

    /// Whether there is room for more than what must be seen.
    pub(super) fn is_roomy(&self) -> bool {
        self.width >= ROOMY
    }

    /// A moment by the clock on the wall: without its date where that is today's.
    pub(super) fn time(&self, moment: Moment) -> String {
        let (Some(time), Some(now)) = (self.zoned(moment), self.zoned(self.now)) else {
            return moment.to_string();
        };
        let format = match time.date() == now.date() {
            true => "%H:%M",
            false => "%Y-%m-%d %H:%M",
        };
        time.strftime(format).to_string()
    }

    /// A moment to the second, with its date where that is not today's.
    pub(super) fn second(&self, moment: Moment) -> String {
        let (Some(time), Some(now)) = (self.zoned(moment), self.zoned(self.now)) else {
            return moment.to_string();
        };
        let format = match time.date() == now.date() {
            true => "%H:%M:%S",
            false => "%Y-%m-%d %H:%M:%S",
        };
        time.strftime(format).to_string()
    }

    /// How far away a moment is: `2h 3m ago`, `in 20m`.
    pub(super) fn age(&self, moment: Moment) -> String {
        match moment > self.now {
            true => format!("in {}", span(moment.seconds_since(self.now))),
            false => format!("{} ago", span(self.now.seconds_since(moment))),
        }
    }

    /// The end of something by that clock: without its date where that is the day on which it began.
    pub(super) fn end(&self, began: Moment, ended: Moment) -> String {
        let (Some(from), Some(to)) = (self.zoned(began), self.zoned(ended)) else {
            return ended.to_string();
        };
        let format = match from.date() == to.date() {
            true => "%H:%M",
            false => "%Y-%m-%d %H:%M",
        };
        to.strftime(format).to_string()
    }

    /// Both.
    pub(super) fn when(&self, moment: Moment) -> String {
        format!("{} ({})", self.time(moment), self.age(moment))
    }

    /// A row of results, the oldest first: at most the last `most`.
    pub(super) fn bits(&self, history: &str, most: usize) -> String {
        let skipped = history.chars().count().saturating_sub(most);
        let signs = history
            .chars()
            .skip(skipped)
            .map(|bit| match (self.signs, bit) {
                (Signs::Blocks, '1') => '▮',
                (Signs::Blocks, _) => '▯',
                (Signs::Ascii, '1') => '+',
                (Signs::Ascii, _) => '-',
            });
        signs.collect()
    }

    fn zoned(&self, moment: Moment) -> Option<Zoned> {
        let second = i64::try_from(moment.0).ok()?;
        let time = Timestamp::from_second(second).ok()?;
        Some(time.to_zoned(self.zone.clone()))
    }
}

/// A span of time in its two largest units: `2d 3h`, `12m`, `45s`.
pub(super) fn span(seconds: u64) -> String {
    let units = [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")];
    let largest = units.iter().position(|(length, _)| seconds >= *length);
    let Some(largest) = largest else {
        return "0s".to_owned();
    };
    let mut left = seconds;
    let mut parts = Vec::new();
    for (length, unit) in units.iter().skip(largest).take(2) {
        if left >= *length {
            parts.push(format!("{}{unit}", left / length));
        }
        left %= length;
    }
    parts.join(" ")
}

/// How something is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Ink {
    #[default]
    Plain,
    /// A heading.
    Strong,
    /// All is well.
    Good,
    /// Somebody should look.
    Notice,
    /// It does not work.
    Bad,
    /// Less important than the rest.
    Faint,
}

impl Ink {
    /// The text in its colour (ECMA-48, SGR), where colours are understood.
    pub(super) fn paint(self, text: &str, color: Color) -> String {
        let code = match self {
            Ink::Plain => return text.to_owned(),
            _ if color == Color::Plain || text.is_empty() => return text.to_owned(),
            Ink::Strong => "1",
            Ink::Good => "32",
            Ink::Notice => "33",
            Ink::Bad => "31",
            Ink::Faint => "2",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_clock_on_the_wall() {
        // 2026-01-01T00:00:00Z.
        let now = Moment(1_767_225_600);
        let mut look = Look::plain(80, now);
        assert_eq!(look.when(Moment(now.0 + 754)), "00:12 (in 12m 34s)");
        assert_eq!(look.when(Moment(now.0 - 60)), "2025-12-31 23:59 (1m ago)");
        look.zone = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(look.time(Moment(now.0 - 60)), "00:59");
        assert_eq!(look.second(Moment(now.0 + 5)), "01:00:05");
        assert_eq!(look.time(Moment(u64::MAX)), "9999-12-30T22:00:00Z");
        let end = |from: u64, to: u64| look.end(Moment(now.0 + from), Moment(now.0 + to));
        assert_eq!(end(0, 60), "01:01");
        assert_eq!(end(60 * 60 * 22, 60 * 60 * 23), "2026-01-02 00:00");
    }

    #[test]
    fn spans_have_two_units_at_most() {
        for (seconds, shown) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (3601, "1h"),
            (90_061, "1d 1h"),
            (86_400, "1d"),
        ] {
            assert_eq!(span(seconds), shown);
        }
    }

    #[test]
    fn results_are_shown_in_the_signs_of_the_terminal() {
        let mut look = Look::plain(80, Moment(0));
        assert_eq!(look.bits("0111", 3), "+++");
        assert_eq!(look.bits("10", 8), "+-");
        look.signs = Signs::Blocks;
        assert_eq!(look.bits("110", 8), "▮▮▯");
    }
}
