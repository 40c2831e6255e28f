//! Where tellings go: into the journal of the history, and to whoever is told. Nobody waits for either.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sorry_core::incident::Telling;

use super::keeper::KeepError;
use super::mind::Mind;
use crate::journal::{Folder, Journal, Told, Writer};

/// The file in the state folder.
const HISTORY: &str = "history";

/// Tellings of one incident that are kept: its beginning and its latest.
const OF_ONE: usize = 64;

/// See the file's header.
pub(super) struct Chronicle {
    writer: Option<Writer<Told>>,
    /// What the journal says, as far as it still matters.
    told: Vec<Told>,
    /// It is long enough to be written anew.
    grown: Arc<AtomicBool>,
    /// It could not be written, and is behind.
    behind: Arc<AtomicBool>,
}

impl Chronicle {
    /// Keeps nothing beyond the process.
    pub(super) fn forgetful() -> Chronicle {
        Chronicle {
            writer: None,
            told: Vec::new(),
            grown: Arc::default(),
            behind: Arc::default(),
        }
    }

    /// With what was told before.
    pub(super) fn open(folder: &Arc<Folder>) -> Result<(Chronicle, Vec<Telling>), KeepError> {
        let (journal, told, damage) = Journal::open(folder, HISTORY)?;
        if damage.is_serious() {
            log::error!("the history was damaged: {damage}");
        }
        let writer = Writer::start(journal, "sorry-history").map_err(KeepError::Thread)?;
        let tellings = told.iter().cloned().map(Telling::from).collect();
        let chronicle = Chronicle {
            writer: Some(writer),
            told,
            ..Chronicle::forgetful()
        };
        Ok((chronicle, tellings))
    }

    /// Takes what is told.
    pub(super) fn tell(&mut self, tellings: &[Telling], mind: &Mind) {
        let Some(writer) = &self.writer else { return };
        let batch: Vec<Told> = tellings.iter().map(Told::from).collect();
        self.told.extend(batch.iter().cloned());
        let anew = self.grown.swap(false, Ordering::Relaxed)
            | self.behind.swap(false, Ordering::Relaxed);
        let (grown, behind) = (Arc::clone(&self.grown), Arc::clone(&self.behind));
        let done = move |outcome: Result<crate::journal::Written, crate::journal::Unwritten<Told>>| {
            match outcome {
                Ok(written) => grown.store(written.grown, Ordering::Relaxed),
                Err(unwritten) => {
                    log::error!("the history cannot be written: {unwritten}");
                    behind.store(true, Ordering::Relaxed);
                }
            }
        };
        if anew {
            self.told = what_matters(std::mem::take(&mut self.told), &mind.incidents_kept());
            writer.compact(self.told.clone(), done);
        } else {
            writer.write(batch, done);
        }
    }
}

/// Of incidents that are kept, the first telling and the last ones, in their order.
fn what_matters(told: Vec<Told>, kept: &HashSet<u64>) -> Vec<Told> {
    let mut left: HashMap<u64, usize> = HashMap::new();
    for telling in &told {
        *left.entry(telling.incident).or_default() += 1;
    }
    let mut seen: HashSet<u64> = HashSet::new();
    let matters = |telling: &Told| {
        let left = left.entry(telling.incident).or_default();
        let is_first = seen.insert(telling.incident);
        let is_late = *left < OF_ONE;
        *left -= 1;
        kept.contains(&telling.incident) && (is_first || is_late)
    };
    let mut told = told;
    told.retain(matters);
    told
}
