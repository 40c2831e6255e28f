//! The two clocks that whatever is decided in the core is told by.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sorry_core::moment::{Moment, Tick, Wall};

/// Counts from its own beginning, for the steady one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    start: Instant,
}

impl Clock {
    pub(super) fn start() -> Clock {
        Clock {
            start: Instant::now(),
        }
    }

    /// What both show now.
    pub(super) fn now(&self) -> Moment {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        Moment {
            tick: Tick(millis(self.start.elapsed())),
            wall: Wall(millis(wall.unwrap_or_default())),
        }
    }

    /// When the steady one will show that.
    pub(super) fn instant(&self, tick: Tick) -> Instant {
        let far = Duration::from_secs(86_400 * 365);
        self.start + Duration::from_millis(tick.0).min(self.start.elapsed() + far)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
