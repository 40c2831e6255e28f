//! How long to wait before the next attempt: exponentially longer, and anything up to that at random, so that those who failed
//! together do not come back together.

use std::time::Duration;

/// The longest wait before the second attempt.
const FIRST: Duration = Duration::from_secs(1);

/// The longest wait before any.
const LONGEST: Duration = Duration::from_secs(300);

/// The shortest.
const SHORTEST: Duration = Duration::from_millis(50);

/// The longest that a receiver may ask for.
const ASKED_MOST: Duration = Duration::from_secs(3600);

/// After so many failures in a row.
pub(super) fn after(failures: u32) -> Duration {
    let most = most(failures);
    most.mul_f64(fastrand::f64()).max(SHORTEST)
}

fn most(failures: u32) -> Duration {
    let doubled = 1u32
        .checked_shl(failures.saturating_sub(1))
        .unwrap_or(u32::MAX);
    FIRST.saturating_mul(doubled).min(LONGEST)
}

/// What a receiver has asked for, within reason.
pub(super) fn asked(asked: Option<Duration>) -> Duration {
    asked.unwrap_or_default().min(ASKED_MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_five_minutes_and_are_random_below() {
        for (failures, seconds) in [
            (0, 1),
            (1, 1),
            (2, 2),
            (3, 4),
            (9, 256),
            (10, 300),
            (33, 300),
            (u32::MAX, 300),
        ] {
            assert_eq!(most(failures).as_secs(), seconds, "{failures}");
        }
        let waits: std::collections::BTreeSet<Duration> = (0..100).map(|_| after(10)).collect();
        assert!(waits.len() > 90);
        assert!(waits.iter().all(|wait| (SHORTEST..=LONGEST).contains(wait)));
        assert!(waits.iter().any(|wait| *wait < LONGEST / 2));
        assert_eq!(asked(Some(Duration::from_secs(1_000_000))), ASKED_MOST);
    }
}
