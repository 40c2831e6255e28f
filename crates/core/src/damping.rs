//! How a site is kept from going back and forth: a least time in each mode, and a hold-down that doubles while it flaps.
//!
//! Going down is never held back for longer than the dwell of Live, since visitors of a dead site gain nothing from it.
//! Coming back is: after each return that did not last, the next one has to prove itself for twice as long.

use std::time::Duration;

use crate::moment::Tick;
use crate::site::Route;

/// What damps a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damping {
    /// The least time in Live before health may take it to Sorry.
    pub dwell_live: Duration,
    /// The least time in Sorry before health may bring it back.
    pub dwell_sorry: Duration,
    /// How long a return is held down after one that did not last; doubled with each.
    pub hold_down: Duration,
    /// The longest hold-down.
    pub hold_down_most: Duration,
    /// A return that lasts so long is a success, and the next hold-down is none.
    pub steady_after: Duration,
}

/// How much a site has flapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flaps {
    /// Returns in a row that did not last.
    count: u8,
}

impl Flaps {
    /// As many as a journal remembers.
    pub fn remembered(count: u8) -> Flaps {
        Flaps { count }
    }

    /// Returns in a row that did not last.
    pub fn count(self) -> u8 {
        self.count
    }

    /// The site goes down after having been Live for `lived`: if that is long enough, all is forgotten, whatever takes it down.
    pub fn lived(&mut self, lived: Duration, damping: &Damping) {
        if lived >= damping.steady_after {
            self.count = 0;
        }
    }

    /// It goes down by its health.
    pub fn fell(&mut self, lived: Duration, damping: &Damping) {
        self.lived(lived, damping);
        if lived < damping.steady_after {
            self.count = self.count.saturating_add(1);
        }
    }

    /// How long a return is held down now.
    pub fn hold_down(self, damping: &Damping) -> Duration {
        match self.count {
            0 => Duration::ZERO,
            count => {
                let doubled = 1u32.checked_shl(u32::from(count) - 1).unwrap_or(u32::MAX);
                damping
                    .hold_down
                    .saturating_mul(doubled)
                    .min(damping.hold_down_most)
            }
        }
    }
}

impl Damping {
    /// Before when health may not take a site away from `route`, where it has been since `since`. `regained` is since when
    /// it has had its quorum without a break.
    pub fn earliest(&self, route: Route, since: Tick, regained: Tick, flaps: Flaps) -> Tick {
        match route {
            Route::Live => since.after(self.dwell_live),
            Route::Sorry => since
                .after(self.dwell_sorry)
                .max(regained.after(flaps.hold_down(self))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAMPING: Damping = Damping {
        dwell_live: Duration::ZERO,
        dwell_sorry: Duration::from_secs(2),
        hold_down: Duration::from_secs(10),
        hold_down_most: Duration::from_secs(60),
        steady_after: Duration::from_secs(300),
    };

    #[test]
    fn the_hold_down_doubles_until_a_return_lasts() {
        let mut flaps = Flaps::default();
        let held: Vec<u64> = [1, 1, 1, 1, 299, 300, 5]
            .map(|lived| {
                flaps.fell(Duration::from_secs(lived), &DAMPING);
                flaps.hold_down(&DAMPING).as_secs()
            })
            .into();
        assert_eq!(held, [10, 20, 40, 60, 60, 0, 10]);
        for _ in 0..300 {
            flaps.fell(Duration::ZERO, &DAMPING);
        }
        assert_eq!(flaps.hold_down(&DAMPING).as_secs(), 60);
    }

    #[test]
    fn a_return_waits_for_the_later_of_dwell_and_hold_down() {
        let mut flaps = Flaps::default();
        let since = Tick(100_000);
        let earliest = |regained, flaps| DAMPING.earliest(Route::Sorry, since, regained, flaps);
        assert_eq!(earliest(Tick(100_500), flaps), Tick(102_000));
        flaps.fell(Duration::ZERO, &DAMPING);
        assert_eq!(earliest(Tick(100_500), flaps), Tick(110_500));
        assert_eq!(DAMPING.earliest(Route::Live, since, since, flaps), since);
    }
}
