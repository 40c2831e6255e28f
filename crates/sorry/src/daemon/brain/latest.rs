//! What was seen last of each real server and reference, for people: the engine counts results and forgets their words.

use std::time::{Duration, SystemTime};

use sorry_core::event::RealId;
use sorry_core::health::{Reason, Verdict};
use sorry_core::moment::Wall;

use crate::admin::standing::TotalStanding;
use crate::check::Remote;

/// By the engine's numbers.
#[derive(Debug, Default)]
pub(super) struct Latest {
    reals: Vec<Seen>,
    /// Whether each reference answered last; those beyond the end were not asked yet.
    references: Vec<Option<bool>>,
}

/// What was seen of one real server.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// The last result of each of its checks.
    pub(super) checks: Vec<Option<Result>>,
    /// All results of each of its checks.
    pub(super) totals: Vec<Total>,
}

/// All results of one check, since the process started.
#[derive(Debug, Clone, Default)]
pub(super) struct Total {
    pub(super) counts: TotalStanding,
    /// Those that were not good, by their reason: the few that there were.
    pub(super) failures: Vec<(Reason, u64)>,
    /// When the certificate ends that was shown last.
    pub(super) expires: Option<SystemTime>,
}

impl Total {
    fn add(&mut self, reason: Reason) {
        match reason.verdict() {
            Verdict::Good => self.counts.good += 1,
            Verdict::Bad => self.counts.bad += 1,
            Verdict::Nothing => self.counts.void += 1,
        }
        if reason.verdict() == Verdict::Good {
            return;
        }
        match self.failures.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, times)) => *times += 1,
            None => self.failures.push((reason, 1)),
        }
    }
}

/// One result.
#[derive(Debug, Clone)]
pub(super) struct Result {
    pub(super) at: Wall,
    pub(super) took: Duration,
    /// In words; what the server said is quoted.
    pub(super) detail: Remote,
    /// When the server's certificate ends, where one was seen.
    pub(super) expires: Option<SystemTime>,
}

impl Latest {
    /// Nothing was seen of so many yet.
    pub(super) fn new(reals: usize) -> Latest {
        Latest {
            reals: vec![Seen::default(); reals],
            references: Vec::new(),
        }
    }

    pub(super) fn real(&self, id: RealId) -> Option<&Seen> {
        self.reals.get(id.0 as usize)
    }

    pub(super) fn seen(&mut self, id: RealId, check: u8, reason: Reason, result: Result) {
        let Some(seen) = self.reals.get_mut(id.0 as usize) else {
            return;
        };
        let at = usize::from(check);
        if seen.checks.len() <= at {
            seen.checks.resize(at + 1, None);
            seen.totals.resize(at + 1, Total::default());
        }
        let total = &mut seen.totals[at];
        total.add(reason);
        // A probe that saw no certificate says nothing of the one that was seen before.
        total.expires = result.expires.or(total.expires);
        seen.checks[at] = Some(result);
    }

    /// A reference was asked.
    pub(super) fn reference(&mut self, index: u32, answered: bool) {
        let at = index as usize;
        if self.references.len() <= at {
            self.references.resize(at + 1, None);
        }
        self.references[at] = Some(answered);
    }

    /// Whether it answered last.
    pub(super) fn has_answered(&self, index: usize) -> Option<bool> {
        self.references.get(index).copied().flatten()
    }

    /// Puts in what was known before of a real server, whose checks had these places then; those that are new have none.
    pub(super) fn carry(&mut self, id: RealId, seen: &Seen, before: &[Option<u8>]) {
        let Some(place) = self.reals.get_mut(id.0 as usize) else {
            return;
        };
        let at = |before: &Option<u8>| before.map(usize::from);
        let checks = before.iter().map(|one| seen.checks.get(at(one)?)?.clone());
        let totals = before.iter().map(|one| seen.totals.get(at(one)?).cloned());
        *place = Seen {
            checks: checks.collect(),
            totals: totals.map(Option::unwrap_or_default).collect(),
        };
    }
}
