//! What was seen last of each real server, for people: the engine counts results and forgets their words.

use std::time::Duration;

use sorry_core::event::RealId;
use sorry_core::health::Verdict;
use sorry_core::moment::Wall;

use crate::admin::standing::TotalStanding;
use crate::check::Remote;

/// By the engine's numbers.
#[derive(Debug, Default)]
pub(super) struct Latest {
    reals: Vec<Seen>,
}

/// What was seen of one real server.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// The last result of each of its checks.
    pub(super) checks: Vec<Option<Result>>,
    /// All results of each of its checks.
    pub(super) totals: Vec<TotalStanding>,
}

/// One result.
#[derive(Debug, Clone)]
pub(super) struct Result {
    pub(super) at: Wall,
    pub(super) took: Duration,
    /// In words; what the server said is quoted.
    pub(super) detail: Remote,
}

impl Latest {
    /// Nothing was seen of so many yet.
    pub(super) fn new(reals: usize) -> Latest {
        Latest {
            reals: vec![Seen::default(); reals],
        }
    }

    pub(super) fn real(&self, id: RealId) -> Option<&Seen> {
        self.reals.get(id.0 as usize)
    }

    pub(super) fn seen(&mut self, id: RealId, check: u8, verdict: Verdict, result: Result) {
        let Some(seen) = self.reals.get_mut(id.0 as usize) else {
            return;
        };
        let at = usize::from(check);
        if seen.checks.len() <= at {
            seen.checks.resize(at + 1, None);
            seen.totals.resize(at + 1, TotalStanding::default());
        }
        let total = &mut seen.totals[at];
        match verdict {
            Verdict::Good => total.good += 1,
            Verdict::Bad => total.bad += 1,
            Verdict::Nothing => total.void += 1,
        }
        seen.checks[at] = Some(result);
    }

    /// Puts in what is known of a real server that had another number before.
    pub(super) fn carry(&mut self, id: RealId, seen: Seen) {
        if let Some(place) = self.reals.get_mut(id.0 as usize) {
            *place = seen;
        }
    }
}
