//! The audit log of this process: the last entries in memory, all of them in the state folder once the brain has opened it.
//!
//! Nothing is left out of the file to save space. When it is long it becomes `audit.1`, in the place of an older one, and a new one
//! begins: a log that ends because it is full could be silenced by whoever is refused often enough.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::brain::KeepError;
use crate::admin::audit::{AuditLog, Entry, Recent};
use crate::journal::{Folder, Journal, Writer};

/// The file in the state folder.
const AUDIT: &str = "audit";

/// How long it gets before it begins anew, in bytes: half of what a journal can be.
const ROTATED: u64 = 32 << 20;

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
    Open(Writer<Entry>),
    /// There is none, or it is a successor's.
    None,
}

impl Audit {
    /// From now on it is kept in this folder, behind what is there.
    pub(super) fn open(&self, folder: &Arc<Folder>) -> Result<(), KeepError> {
        let (journal, before, damage) = Journal::<Entry>::open(folder, AUDIT)?;
        if damage.is_serious() {
            log::error!("the audit log was damaged: {damage}");
        }
        let writer = Writer::start(journal.rotating_at(ROTATED), "sorry-audit")
            .map_err(KeepError::Thread)?;
        let mut file = self.file();
        let waiting = match std::mem::replace(&mut *file, File::None) {
            File::Waiting(waiting) => waiting,
            File::Closed | File::Open(_) | File::None => Vec::new(),
        };
        let earlier = Journal::earlier(folder, AUDIT).unwrap_or_else(|error| {
            log::warn!("what was in the audit log before is not shown: {error}");
            Vec::new()
        });
        self.recent.put_behind(earlier.into_iter().chain(before));
        for entry in waiting {
            write(&writer, &entry);
        }
        *file = File::Open(writer);
        Ok(())
    }

    /// It is kept nowhere from now on: there is no folder, or it is somebody else's.
    pub(super) fn close(&self) {
        *self.file() = File::None;
    }

    fn file(&self) -> MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write(writer: &Writer<Entry>, entry: &Entry) {
    writer.write(vec![entry.clone()], |outcome| {
        if let Err(unwritten) = outcome {
            log::error!("the audit log cannot be written: {unwritten}");
        }
    });
}

impl AuditLog for Audit {
    fn note(&self, entry: &Entry) {
        self.recent.note(entry);
        let mut file = self.file();
        match &mut *file {
            File::Open(writer) => write(writer, entry),
            File::Closed => *file = File::Waiting(vec![entry.clone()]),
            File::Waiting(waiting) => waiting.push(entry.clone()),
            File::None => {}
        }
    }

    fn last(&self, limit: usize) -> Vec<Entry> {
        self.recent.last(limit)
    }
}
