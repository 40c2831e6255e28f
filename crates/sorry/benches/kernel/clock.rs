//! Time that passes on purpose: load that lasts as long as it should, moments between two looks, and waiting until nobody else is busy, since
//! whoever shares a core or its caches with a server changes what its answers cost.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::bail;
use sorry_core::moment::{Moment, Tick, Wall};

use crate::cpu;
use crate::stage::{CLIENT_CORE, SERVER_CORE};

/// Lets time pass.
pub(crate) fn pass(time: Duration) {
    std::thread::sleep(time);
}

/// Asks until it is so, for a few seconds.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> anyhow::Result<T> {
    for _ in 0..500 {
        if let Some(found) = ask() {
            return Ok(found);
        }
        pass(Duration::from_millis(10));
    }
    bail!("not within five seconds: {what}")
}

/// Returns when both cores are idle, or after a while in any case; takes what that lasts from `patience`.
pub(crate) fn quiet(patience: &mut Duration) {
    const ONCE: Duration = Duration::from_secs(10);
    const LOOK: Duration = Duration::from_millis(250);
    const BUSY: f64 = 0.1;
    let busy = || {
        [CLIENT_CORE, SERVER_CORE]
            .into_iter()
            .filter_map(cpu::busy_seconds)
            .sum::<f64>()
    };
    let start = Instant::now();
    while start.elapsed() < ONCE.min(*patience) {
        let before = busy();
        pass(LOOK);
        if busy() - before <= BUSY * LOOK.as_secs_f64() {
            break;
        }
    }
    *patience = patience.saturating_sub(start.elapsed());
}

/// This moment by both clocks.
pub(crate) fn now() -> Moment {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let tick = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let tick = Duration::try_from(tick).unwrap_or_default();
    let wall = SystemTime::now().duration_since(UNIX_EPOCH);
    Moment {
        tick: Tick(millis(tick)),
        wall: Wall(millis(wall.unwrap_or_default())),
    }
}
