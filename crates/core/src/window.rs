//! Maintenance that was agreed on beforehand: once, or again and again at a local time.
//!
//! A recurring window begins at a time of day where the site's people live, so its zone's changes of the clock matter. A
//! time that a change skips is taken for the moment of the change; one that happens twice, for its first. A window that
//! lasts a while does so by any clock; one that ends at a time of day ends when the wall shows it.

use std::time::Duration;

use crate::moment::Wall;
use crate::zone::{DAY, Zone};

/// When a window is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Window {
    /// Once.
    Once(Span),
    /// Again and again.
    Every(Every),
}

/// From a moment on, up to another that is not in it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first moment.
    pub start: Wall,
    /// The first moment after it.
    pub end: Wall,
}

/// A window that comes again on some days of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Every {
    /// On which days it begins, by the zone's calendar.
    pub days: Days,
    /// At which second of the day it begins.
    pub start: u32,
    /// When it ends.
    pub end: End,
    /// Whose clock is meant.
    pub zone: Zone,
}

/// When a recurring window ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// So long after its beginning.
    After(Duration),
    /// At the next time the clock shows this second of a day.
    At(u32),
}

/// Days of a week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days(u8);

impl Days {
    /// Every day.
    pub const ALL: Days = Days(0x7f);

    /// By their numbers: 0 is Monday. Others are left out.
    pub fn of(numbers: impl IntoIterator<Item = u8>) -> Days {
        let bits = numbers.into_iter().filter(|number| *number < 7);
        Days(bits.fold(0, |days, number| days | 1 << number))
    }

    /// Whether it has the day with that number since 1970-01-01, which was a Thursday.
    fn has(self, day: i64) -> bool {
        self.0 >> (day + 3).rem_euclid(7) & 1 == 1
    }
}

impl Span {
    /// Whether it is open.
    pub fn contains(&self, now: Wall) -> bool {
        self.start <= now && now < self.end
    }
}

/// The longest that a recurring window may last, in days.
const LONGEST: i64 = 7;

impl Window {
    /// The one that is open at `now`; of several that overlap, the one that ends last.
    pub fn open(&self, now: Wall) -> Option<Span> {
        match self {
            Window::Once(span) => span.contains(now).then_some(*span),
            Window::Every(every) => every
                .around(now)
                .filter(|span| span.contains(now))
                .max_by_key(|span| span.end),
        }
    }

    /// The next one that begins after `now`.
    pub fn next(&self, now: Wall) -> Option<Span> {
        match self {
            Window::Once(span) => (span.start > now).then_some(*span),
            Window::Every(every) => every.around(now).find(|span| span.start > now),
        }
    }

    /// The next moment at which it opens or closes.
    pub fn next_change(&self, now: Wall) -> Option<Wall> {
        let next = self.next(now).map(|span| span.start);
        match self.open(now) {
            Some(open) => Some(next.map_or(open.end, |start| start.min(open.end))),
            None => next,
        }
    }
}

impl Every {
    /// Those that begin some days before and after `now`, in order: the ones that can be open and the next.
    fn around(&self, now: Wall) -> impl Iterator<Item = Span> + '_ {
        let seconds = i64::try_from(now.0 / 1000).unwrap_or(i64::MAX / 2);
        let today = self.zone.local(seconds).div_euclid(DAY);
        (today - LONGEST - 1..=today + 8)
            .filter(|day| self.days.has(*day))
            .filter_map(|day| self.span(day))
    }

    fn span(&self, day: i64) -> Option<Span> {
        let local = day * DAY + i64::from(self.start);
        let start = wall(self.zone.instant(local))?;
        let end = match self.end {
            End::After(lasts) => start.after(lasts),
            End::At(second) => {
                let same_day = day * DAY + i64::from(second);
                let local = if same_day > local {
                    same_day
                } else {
                    same_day + DAY
                };
                wall(self.zone.instant(local))?
            }
        };
        (end > start).then_some(Span { start, end })
    }
}

/// `None` before 1970.
fn wall(seconds: i64) -> Option<Wall> {
    Some(Wall(u64::try_from(seconds).ok()?.saturating_mul(1000)))
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
