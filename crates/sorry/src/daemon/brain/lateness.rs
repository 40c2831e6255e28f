//! How much later than they should have probes began, counted since the process started: whoever watches more than the machine can
//! do sees it here first.

use std::time::Duration;

use crate::admin::standing::{LateBucket, LateStanding};

/// Upper bounds, in milliseconds.
const BOUNDS: [u64; 10] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/// See the file's header.
#[derive(Debug, Default)]
pub(super) struct Lateness {
    /// For each bound what was at most so late and later than the one before; the last was later than all.
    counts: [u64; BOUNDS.len() + 1],
    sum: Duration,
}

impl Lateness {
    /// A probe began so late.
    pub(super) fn note(&mut self, late: Duration) {
        let place = BOUNDS.partition_point(|bound| Duration::from_millis(*bound) < late);
        self.counts[place] += 1;
        self.sum += late;
    }

    pub(super) fn standing(&self) -> LateStanding {
        let bounds = BOUNDS.into_iter().map(Some).chain([None]);
        let buckets = bounds.zip(self.counts);
        LateStanding {
            buckets: buckets
                .map(|(up_to_ms, probes)| LateBucket { up_to_ms, probes })
                .collect(),
            sum_us: u64::try_from(self.sum.as_micros()).unwrap_or(u64::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_probe_is_in_the_bucket_of_its_bound() {
        let mut lateness = Lateness::default();
        for micros in [0, 1_000, 1_001, 20_000, 1_000_001, 9_000_000] {
            lateness.note(Duration::from_micros(micros));
        }
        let standing = lateness.standing();
        let filled: Vec<(Option<u64>, u64)> = standing
            .buckets
            .iter()
            .filter(|bucket| bucket.probes > 0)
            .map(|bucket| (bucket.up_to_ms, bucket.probes))
            .collect();
        assert_eq!(
            filled,
            [(Some(1), 2), (Some(2), 1), (Some(20), 1), (None, 2)]
        );
        assert_eq!(standing.buckets.len(), 11);
        assert_eq!(standing.sum_us, 10_022_002);
    }
}
