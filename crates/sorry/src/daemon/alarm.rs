//! Waiting for a time, for the control thread. These are the only places where the daemon waits for nothing but time.

use std::future::pending;
use std::time::{Duration, Instant};

use super::state::now;

/// Resolves at a second since 1970; never, without one. The wall clock may be set meanwhile, so a long wait is looked at
/// again now and then.
pub(super) async fn until(second: Option<u64>) {
    const LOOK: Duration = Duration::from_secs(300);
    let Some(second) = second else {
        return pending().await;
    };
    loop {
        let left = second.saturating_sub(now());
        if left == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_secs(left).min(LOOK)).await;
    }
}

/// Resolves at an instant; never, without one.
pub(super) async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => pending().await,
    }
}
