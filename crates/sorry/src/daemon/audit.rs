//! The audit log of this process: the last entries in memory, all of them in the state folder once the brain has opened it.
//!
//! Nothing is left out of the files to save space. One that is long becomes `audit.1`, in the place of an older one, and a new one
//! begins: a log that ends because it is full could be silenced. Attempts that were refused are in a file of their own, so that whoever
//! is refused again and again pushes no change out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::brain::KeepError;
use crate::admin::audit::{AuditLog, Entry, Recent};
use crate::journal::{Folder, Journal, Writer};

/// A file in the state folder.
struct Kind {
    name: &'static str,
    /// The thread that writes it.
    thread: &'static str,
    /// How long it gets before it begins anew, in bytes.
    rotated: u64,
}

/// What was done, or failed. Half of what a journal can be.
const CHANGES: Kind = Kind {
    name: "audit",
    thread: "sorry-audit",
    rotated: 32 << 20,
};

/// What was refused: at the most that is noted, some hours.
const REFUSALS: Kind = Kind {
    name: "refusals",
    thread: "sorry-refusals",
    rotated: 4 << 20,
};

/// See the file's header.
#[derive(Debug, Default)]
pub(super) struct Audit {
    recent: Recent,
    file: Mutex<File>,
}

#[derive(Debug, Default)]
enum File {
    /// It is not open yet, and nothing was noted.
    #[default]
    Closed,
    /// These wait for it.
    Waiting(Vec<Entry>),
    Open(Files),
    /// There is none, or it is a successor's.
    None,
}

/// Both files, open.
#[derive(Debug)]
struct Files {
    changes: Writer<Entry>,
    refusals: Writer<Entry>,
}

impl Audit {
    /// From now on it is kept in this folder, behind what is there.
    pub(super) fn open(&self, folder: &Arc<Folder>) -> Result<(), KeepError> {
        let (changes, mut before) = begin(folder, &CHANGES)?;
        let (refusals, refused) = begin(folder, &REFUSALS)?;
        before.extend(refused);
        // Each file is in its order, and stays so where seconds are the same.
        before.sort_by_key(|entry| entry.at);
        self.recent.put_behind(before.into_iter());
        let files = Files { changes, refusals };
        let mut file = self.file();
        if let File::Waiting(waiting) = std::mem::replace(&mut *file, File::None) {
            for entry in &waiting {
                files.write(entry);
            }
        }
        *file = File::Open(files);
        Ok(())
    }

    /// It is kept nowhere from now on: there is no folder, or it is somebody else's.
    pub(super) fn close(&self) {
        let before = std::mem::replace(&mut *self.file(), File::None);
        // It may wait for a disk, and holds nobody up who notes something meanwhile.
        drop(before);
    }

    fn file(&self) -> MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens one file: what writes it, and what is in it and in the one before it.
fn begin(folder: &Arc<Folder>, kind: &Kind) -> Result<(Writer<Entry>, Vec<Entry>), KeepError> {
    let (journal, before, damage) = Journal::<Entry>::open(folder, kind.name)?;
    if damage.is_serious() {
        log::error!(
            "the file {} of the audit log was damaged: {damage}",
            kind.name
        );
    }
    let journal = journal.rotating_at(kind.rotated);
    let writer = Writer::start(journal, kind.thread).map_err(KeepError::Thread)?;
    let mut all = Journal::earlier(folder, kind.name).unwrap_or_else(|error| {
        log::warn!("what was in the audit log before is not shown: {error}");
        Vec::new()
    });
    all.extend(before);
    Ok((writer, all))
}

impl Files {
    fn write(&self, entry: &Entry) {
        let writer = match entry.is_refusal() {
            true => &self.refusals,
            false => &self.changes,
        };
        writer.write(vec![entry.clone()], |outcome| {
            if let Err(unwritten) = outcome {
                log::error!("the audit log cannot be written: {unwritten}");
            }
        });
    }
}

impl AuditLog for Audit {
    fn note(&self, entry: &Entry) {
        self.recent.note(entry);
        let mut file = self.file();
        match &mut *file {
            File::Open(files) => files.write(entry),
            File::Closed => *file = File::Waiting(vec![entry.clone()]),
            File::Waiting(waiting) => waiting.push(entry.clone()),
            File::None => {}
        }
    }

    fn last(&self, limit: usize) -> Vec<Entry> {
        self.recent.last(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::Moment;
    use crate::admin::audit::Outcome;
    use std::time::Duration;

    fn entry(at: u64, outcome: Outcome) -> Entry {
        Entry {
            at: Moment(at),
            by: "uid 7".to_owned(),
            what: "down".to_owned(),
            site: None,
            order: None,
            reason: None,
            outcome,
            told: String::new(),
        }
    }

    /// What is refused is noted elsewhere than what was done, and both are shown together in their order, also by the next process.
    #[test]
    fn refusals_push_no_change_out_of_its_file() {
        let place = tempfile::tempdir().unwrap();
        let folder = || Arc::new(Folder::open(place.path(), Duration::ZERO).unwrap());
        let lines = |name: &str| {
            let text = std::fs::read_to_string(place.path().join(name)).unwrap();
            text.lines().count() - 1
        };
        let audit = Audit::default();
        audit.note(&entry(1, Outcome::Done));
        audit.note(&entry(2, Outcome::Refused));
        audit.open(&folder()).unwrap();
        for at in 3..50 {
            audit.note(&entry(at, Outcome::Refused));
        }
        audit.note(&entry(50, Outcome::Failed));
        // What waits is written before the files are let go.
        audit.close();
        assert_eq!((lines("audit"), lines("refusals")), (2, 48));
        let next = Audit::default();
        next.open(&folder()).unwrap();
        let shown: Vec<u64> = next.last(100).iter().map(|entry| entry.at.0).collect();
        assert_eq!(shown, (1..=50).rev().collect::<Vec<_>>());
    }
}
