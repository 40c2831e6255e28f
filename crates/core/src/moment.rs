//! A moment, as two clocks show it. Both are arguments wherever something is decided; nothing here reads a clock.
//!
//! What lasts is measured by the clock that never jumps ([`Tick`]); what people agreed on, or what must survive a restart,
//! by the one on the wall ([`Wall`]), which an operator or NTP may set at any time.

use std::time::Duration;

/// Milliseconds since some moment before the process began (`CLOCK_MONOTONIC` or `CLOCK_BOOTTIME`, clock_gettime(2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Tick(pub u64);

/// Milliseconds since 1970 in UTC (`CLOCK_REALTIME`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Wall(pub u64);

/// One moment by both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// For durations.
    pub tick: Tick,
    /// For appointments.
    pub wall: Wall,
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Tick {
    /// So much later; the end of time where there is no such moment.
    #[must_use]
    pub fn after(self, duration: Duration) -> Tick {
        Tick(self.0.saturating_add(millis(duration)))
    }

    /// How long ago `earlier` was; nothing if it is still to come.
    pub fn since(self, earlier: Tick) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Wall {
    /// So much later; the end of time where there is no such moment.
    #[must_use]
    pub fn after(self, duration: Duration) -> Wall {
        Wall(self.0.saturating_add(millis(duration)))
    }

    /// How long ago `earlier` was; nothing if it is still to come.
    pub fn since(self, earlier: Wall) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Moment {
    /// When the steady clock will show what the wall's is to show at `appointment`, if nobody sets it meanwhile.
    pub fn tick_at(&self, appointment: Wall) -> Tick {
        self.tick.after(appointment.since(self.wall))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_never_go_below_nothing_or_past_the_end() {
        let (early, late) = (Tick(5), Tick(2005));
        assert_eq!(late.since(early), Duration::from_secs(2));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(late.after(Duration::MAX), Tick(u64::MAX));
        let moment = Moment {
            tick: Tick(100),
            wall: Wall(10_000),
        };
        assert_eq!(moment.tick_at(Wall(10_050)), Tick(150));
        assert_eq!(moment.tick_at(Wall(9_000)), Tick(100), "it is over");
    }
}
