//! A time zone as the list of its changes, which the caller takes from the system's data: here it is only arithmetic.

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// How local time differs from UTC, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Zone {
    /// Seconds east of UTC before the first change.
    first: i32,
    /// When the difference changes (seconds since 1970 in UTC), and to what; in order.
    changes: Box<[(i64, i32)]>,
}

impl Zone {
    /// UTC itself.
    pub fn utc() -> Zone {
        Zone::default()
    }

    /// `first` seconds east of UTC, until the first of the changes. They are put in order.
    pub fn new(first: i32, changes: impl IntoIterator<Item = (i64, i32)>) -> Zone {
        let mut changes: Vec<_> = changes.into_iter().collect();
        changes.sort_unstable();
        Zone {
            first,
            changes: changes.into(),
        }
    }

    /// Seconds east of UTC at a moment.
    pub fn offset(&self, utc: i64) -> i32 {
        let passed = self.changes.partition_point(|(at, _)| *at <= utc);
        match passed.checked_sub(1) {
            Some(last) => self.changes[last].1,
            None => self.first,
        }
    }

    /// What the clock on the wall shows at a moment, in seconds since 1970-01-01 00:00 of its own.
    pub fn local(&self, utc: i64) -> i64 {
        utc + i64::from(self.offset(utc))
    }

    /// The moment at which the clock on the wall shows `local`: the first where it does so twice, and the change itself
    /// where it skips it.
    pub fn instant(&self, local: i64) -> i64 {
        let mut offset = self.first;
        for (at, next) in &self.changes {
            let candidate = local - i64::from(offset);
            if candidate < *at {
                return candidate;
            }
            // Before the change it would have been later than the change; after it, is it earlier?
            if local - i64::from(*next) < *at {
                return *at;
            }
            offset = *next;
        }
        local - i64::from(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Berlin in 2026: summer time from 29 March 01:00 UTC to 25 October 01:00 UTC.
    fn berlin() -> Zone {
        Zone::new(3600, [(1_774_746_000, 7200), (1_792_890_000, 3600)])
    }

    #[test]
    fn skipped_and_doubled_times() {
        let zone = berlin();
        let midnight = 1_774_742_400 - 3600 + 3600; // 2026-03-29 00:00 by the calendar
        for (local, expected, why) in [
            (midnight + 3600, midnight, "01:00 is 00:00 UTC"),
            (
                midnight + 2 * 3600,
                1_774_746_000,
                "02:00 is skipped: the change",
            ),
            (midnight + 2 * 3600 + 1800, 1_774_746_000, "and so is 02:30"),
            (
                midnight + 3 * 3600,
                1_774_746_000,
                "03:00 is the change itself",
            ),
            (midnight + 4 * 3600, 1_774_746_000 + 3600, ""),
        ] {
            assert_eq!(zone.instant(local), expected, "{why}");
        }
        let change = 1_792_890_000;
        assert_eq!(zone.local(change - 1), change + 7199);
        assert_eq!(zone.local(change), change + 3600);
        // 02:30 happens twice; the first is half an hour before the change.
        assert_eq!(zone.instant(change + 3600 + 1800), change - 1800);
    }

    proptest! {
        #[test]
        fn what_the_wall_shows_leads_back_to_the_first_moment_it_did(utc in 1_770_000_000i64..1_800_000_000) {
            let zone = berlin();
            let back = zone.instant(zone.local(utc));
            prop_assert!(back == utc || (back < utc && zone.local(back) == zone.local(utc)));
        }

        #[test]
        fn moments_keep_the_order_of_local_times(
            local in 1_770_000_000i64..1_800_000_000, later in 0i64..100_000,
        ) {
            let zone = berlin();
            prop_assert!(zone.instant(local) <= zone.instant(local + later));
        }
    }
}
