//! Time that passes on purpose: idle seconds that are measured, the moments between two attempts to connect, and waiting until nobody
//! else is busy, since whoever shares a core or its caches with a server changes what its answers cost.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::proc_fs;
use super::running::CORES;

/// Lets time pass.
pub(crate) fn pass(time: Duration) {
    std::thread::sleep(time);
}

/// How much longer a benchmark may wait for others, in all.
pub(crate) struct Patience(Cell<Duration>);

impl Patience {
    pub(crate) fn of(time: Duration) -> Self {
        Self(Cell::new(time))
    }

    /// Returns when both cores are idle, or after a while in any case.
    pub(crate) fn wait(&self) {
        const ONCE: Duration = Duration::from_secs(20);
        const LOOK: Duration = Duration::from_millis(250);
        const BUSY: f64 = 0.1;
        let start = Instant::now();
        let most = self.0.get().min(ONCE);
        while start.elapsed() < most {
            let (began, before) = (Instant::now(), busy());
            pass(LOOK);
            if busy() - before <= BUSY * began.elapsed().as_secs_f64() {
                break;
            }
        }
        self.0.set(self.0.get().saturating_sub(start.elapsed()));
    }
}

fn busy() -> f64 {
    CORES
        .iter()
        .flat_map(|core| proc_fs::busy_seconds(*core))
        .sum()
}
