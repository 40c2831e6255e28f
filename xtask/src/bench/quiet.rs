//! Time that passes on purpose: idle seconds that are measured, the moments between two attempts to connect, and waiting until nobody
//! else is busy, since whoever shares a core or its caches with a server changes what its answers cost.

use std::time::{Duration, Instant};

use super::proc_fs;
use super::running::CORES;

/// Lets time pass.
pub(crate) fn pass(time: Duration) {
    std::thread::sleep(time);
}

/// Returns when both cores are idle, or after a while in any case.
pub(crate) fn wait() {
    const PATIENCE: Duration = Duration::from_secs(20);
    const LOOK: Duration = Duration::from_millis(250);
    const BUSY: f64 = 0.1;
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        let (began, before) = (Instant::now(), busy());
        pass(LOOK);
        if busy() - before <= BUSY * began.elapsed().as_secs_f64() {
            return;
        }
    }
}

fn busy() -> f64 {
    CORES
        .iter()
        .flat_map(|core| proc_fs::busy_seconds(*core))
        .sum()
}
