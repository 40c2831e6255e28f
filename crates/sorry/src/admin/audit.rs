//! The audit log: every change that an operator made or tried to make, with who, what, why and what came of it.
//!
//! What an entry holds is here, and where entries go is the [`AuditLog`]'s business: the daemon keeps them in the state folder, and
//! where nothing is kept the last ones stay in memory ([`Recent`]). Noted by `desk` and by take-overs, read by `sorry audit`.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::moment::Moment;
use super::order::Order;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// When.
    pub at: Moment,
    /// Who: `uid 0, gid 0, pid 4711`, or `token deploy` with the address that it came from.
    pub by: String,
    /// What: the word of the order, `reload`, `take-over`, or the request where it went no further.
    pub what: String,
    /// The site that it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// The order as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// Why, in the words of whoever did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
    /// That in words.
    pub told: String,
}

impl Entry {
    /// Whether it is an attempt of somebody who may not.
    pub fn is_refusal(&self) -> bool {
        self.outcome == Outcome::Refused
    }
}

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// Whoever asked may not.
    Refused,
    /// It could not be done.
    Failed,
    /// It was asked for, and nobody has heard what came of it.
    Unknown,
}

impl Outcome {
    /// Its word.
    pub fn label(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
            Outcome::Unknown => "unknown",
        }
    }
}

/// Entries, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Audit {
    /// Them.
    pub entries: Vec<Entry>,
}

/// Where entries go, and where they are read. Both are called on the control thread, for a handful of entries a day.
pub trait AuditLog: fmt::Debug + Send + Sync {
    /// Keeps an entry. If it cannot, it says so in the log: what was done is done.
    fn note(&self, entry: &Entry);
    /// The last entries, at most `limit`, the newest first.
    fn last(&self, limit: usize) -> Vec<Entry>;
}

/// How many entries are remembered where no file keeps them.
const REMEMBERED: usize = 1000;

/// How many of them are attempts that were refused, at most: whoever tries again and again pushes no change out.
const REMEMBERED_REFUSALS: usize = REMEMBERED / 4;

/// The last entries, in memory; a restart forgets them.
#[derive(Debug, Default)]
pub struct Recent(Mutex<Entries>);

/// The newest first.
#[derive(Debug, Default)]
struct Entries {
    all: VecDeque<Entry>,
    refusals: usize,
}

impl Recent {
    /// Puts in what was noted before, the oldest first.
    pub fn put_behind(&self, before: impl DoubleEndedIterator<Item = Entry>) {
        let mut entries = self.entries();
        for entry in before.rev() {
            entries.put_behind(entry);
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    /// An older one than all, if there is room.
    fn put_behind(&mut self, entry: Entry) {
        let refused = usize::from(entry.is_refusal());
        let room = self.all.len() < REMEMBERED;
        if room && self.refusals + refused <= REMEMBERED_REFUSALS {
            self.refusals += refused;
            self.all.push_back(entry);
        }
    }

    /// A newer one than all. An old one makes room: a refusal, where there are enough of those.
    fn put_before(&mut self, entry: Entry) {
        let refused = usize::from(entry.is_refusal());
        let leaves = match self.refusals + refused > REMEMBERED_REFUSALS {
            true => self.all.iter().rposition(Entry::is_refusal),
            false => (self.all.len() == REMEMBERED).then_some(REMEMBERED - 1),
        };
        let left = leaves.and_then(|at| self.all.remove(at));
        self.refusals += refused;
        self.refusals -= usize::from(left.is_some_and(|entry| entry.is_refusal()));
        self.all.push_front(entry);
    }
}

impl AuditLog for Recent {
    fn note(&self, entry: &Entry) {
        self.entries().put_before(entry.clone());
    }

    fn last(&self, limit: usize) -> Vec<Entry> {
        self.entries().all.iter().take(limit).cloned().collect()
    }
}

/// An entry that lacks only its outcome. One that is dropped without it was lost on the way, and is noted as that.
#[derive(Debug)]
pub(super) struct Noting {
    log: Arc<dyn AuditLog>,
    entry: Option<Entry>,
}

impl Noting {
    /// Begun now.
    pub(super) fn begin(log: &Arc<dyn AuditLog>, by: String, what: impl Into<String>) -> Noting {
        Noting {
            log: Arc::clone(log),
            entry: Some(Entry {
                at: Moment::now(),
                by,
                what: what.into(),
                site: None,
                order: None,
                reason: None,
                outcome: Outcome::Unknown,
                told: String::new(),
            }),
        }
    }

    /// What it is about.
    pub(super) fn about(mut self, site: &str, order: &Order, reason: Option<&String>) -> Noting {
        if let Some(entry) = &mut self.entry {
            entry.site = Some(site.to_owned());
            entry.order = Some(order.clone());
            entry.reason = reason.cloned();
        }
        self
    }

    /// Says what came of it.
    pub(super) fn note(&mut self, outcome: Outcome, told: &str) {
        if let Some(mut entry) = self.entry.take() {
            entry.outcome = outcome;
            told.clone_into(&mut entry.told);
            self.log.note(&entry);
        }
    }
}

impl Drop for Noting {
    fn drop(&mut self) {
        self.note(Outcome::Unknown, "nobody has heard what came of it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_come_first_and_the_oldest_are_forgotten() {
        let log: Arc<dyn AuditLog> = Arc::new(Recent::default());
        for number in 0..REMEMBERED + 5 {
            Noting::begin(&log, format!("uid {number}"), "reload").note(Outcome::Done, "done");
        }
        let last = log.last(2);
        assert_eq!(last[0].by, format!("uid {}", REMEMBERED + 4));
        assert_eq!(last[1].by, format!("uid {}", REMEMBERED + 3));
        assert_eq!(log.last(usize::MAX).len(), REMEMBERED);
    }

    fn entry(number: u64, outcome: Outcome) -> Entry {
        Entry {
            at: Moment(number),
            by: "token look".to_owned(),
            what: "reload".to_owned(),
            site: None,
            order: None,
            reason: None,
            outcome,
            told: String::new(),
        }
    }

    #[test]
    fn refusals_push_no_change_out() {
        let changes = |log: &Recent| {
            let last = log.last(usize::MAX);
            assert!(last.len() <= REMEMBERED);
            assert!(last.is_sorted_by_key(|entry| std::cmp::Reverse(entry.at)));
            last.iter().filter(|entry| !entry.is_refusal()).count()
        };
        let many = 2 * REMEMBERED as u64;
        let log = Recent::default();
        (0..10).for_each(|at| log.note(&entry(at, Outcome::Done)));
        (10..many).for_each(|at| log.note(&entry(at, Outcome::Refused)));
        assert_eq!(changes(&log), 10);
        assert_eq!(log.last(usize::MAX).len(), 10 + REMEMBERED_REFUSALS);
        (many..2 * many).for_each(|at| log.note(&entry(at, Outcome::Done)));
        assert_eq!(changes(&log), REMEMBERED);
        log.note(&entry(2 * many, Outcome::Refused));
        assert_eq!(changes(&log), REMEMBERED - 1);
        // The same for those that were noted by a process before.
        let log = Recent::default();
        let noted = |at| entry(at, [Outcome::Refused, Outcome::Done][usize::from(at < 10)]);
        log.put_behind((0..many).map(noted));
        assert_eq!(changes(&log), 10);
    }

    #[test]
    fn what_nobody_answers_is_noted_all_the_same() {
        let log: Arc<dyn AuditLog> = Arc::new(Recent::default());
        drop(Noting::begin(&log, "uid 0".to_owned(), "reload"));
        assert_eq!(log.last(1)[0].outcome, Outcome::Unknown);
        let mut noting = Noting::begin(&log, "uid 0".to_owned(), "reload");
        noting.note(Outcome::Refused, "no");
        drop(noting);
        assert_eq!(log.last(9).len(), 2, "once is enough");
    }
}
