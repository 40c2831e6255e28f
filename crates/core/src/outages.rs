//! How long a site's outages lasted, and what that says about the one that is going on.
//!
//! With `auto` and no time of return, Retry-After is the median of what was left of those past outages that lasted longer than
//! this one has so far: `median { d - so_far : d in past, d > so_far }`. Where none lasted as long, nothing is known and
//! the default stands.

use std::time::Duration;

/// Outages that are remembered.
const KEPT: usize = 32;

/// How long the last outages lasted; the oldest is forgotten first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outages {
    lasted: Vec<Duration>,
}

impl Outages {
    /// One is over.
    pub fn ended(&mut self, lasted: Duration) {
        if self.lasted.len() == KEPT {
            self.lasted.remove(0);
        }
        self.lasted.push(lasted);
    }

    /// The last ones, the oldest first.
    pub fn lasted(&self) -> &[Duration] {
        &self.lasted
    }

    /// What is probably left of one that has lasted `so_far`; `None` where none lasted longer.
    pub fn remaining(&self, so_far: Duration) -> Option<Duration> {
        let longer = self.lasted.iter().filter(|lasted| **lasted > so_far);
        let mut left: Vec<Duration> = longer.map(|lasted| *lasted - so_far).collect();
        left.sort_unstable();
        // Of an even number the greater middle: whoever comes too early comes twice.
        left.get(left.len() / 2).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_what_was_left_is_expected() {
        let mut outages = Outages::default();
        assert_eq!(outages.remaining(Duration::ZERO), None);
        for minutes in [1, 5, 60, 3] {
            outages.ended(Duration::from_secs(60 * minutes));
        }
        for (so_far, expected) in [
            (0, Some(300)),
            (59, Some(241)),
            (60, Some(240)),
            (300, Some(3300)),
            (3600, None),
        ] {
            let remaining = outages.remaining(Duration::from_secs(so_far));
            assert_eq!(remaining, expected.map(Duration::from_secs), "{so_far}");
        }
    }

    #[test]
    fn old_ones_are_forgotten() {
        let mut outages = Outages::default();
        outages.ended(Duration::from_secs(1000));
        for _ in 0..KEPT {
            outages.ended(Duration::from_secs(1));
        }
        assert_eq!(outages.lasted().len(), KEPT);
        assert_eq!(outages.remaining(Duration::from_secs(1)), None);
    }
}
