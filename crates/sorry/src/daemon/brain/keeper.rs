//! The journal of orders and beliefs: opened at the start, written by a thread of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::mind::Grown;
use crate::journal::{Entry, Folder, FolderError, Journal, JournalError, Writer};

/// The file in the state folder.
const JOURNAL: &str = "journal";

/// What became of what was to be written.
pub(super) type Written = Result<Grown, String>;

/// Writes, where there is something to write to.
pub(super) struct Keeper {
    writer: Option<Writer<Entry>>,
    done: mpsc::UnboundedSender<Written>,
}

/// Why nothing can be kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The journal in it.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The thread that writes it.
    #[error("cannot start the thread that writes the journal")]
    Thread(#[source] std::io::Error),
}

/// Opens the state folder; waits so long for whoever has it to let it go.
pub(super) fn folder(path: &Path, wait: Duration) -> Result<Arc<Folder>, KeepError> {
    Ok(Arc::new(Folder::open(path, wait)?))
}

impl Keeper {
    /// Keeps nothing, and says that it did.
    pub(super) fn forgetful(done: mpsc::UnboundedSender<Written>) -> Keeper {
        Keeper { writer: None, done }
    }

    /// With what the journal says.
    pub(super) fn open(
        folder: &Arc<Folder>,
        done: mpsc::UnboundedSender<Written>,
    ) -> Result<(Keeper, Vec<Entry>), KeepError> {
        let (journal, entries, damage) = Journal::open(folder, JOURNAL)?;
        if damage.is_serious() {
            log::error!("the journal was damaged: {damage}");
        }
        let writer = Writer::start(journal, "sorry-journal").map_err(KeepError::Thread)?;
        let keeper = Keeper {
            writer: Some(writer),
            done,
        };
        Ok((keeper, entries))
    }

    pub(super) fn write(&self, entries: Vec<Entry>) {
        match &self.writer {
            None => self.kept_nothing(),
            Some(writer) => writer.write(entries, self.tell()),
        }
    }

    pub(super) fn rewrite(&self, entries: Vec<Entry>) {
        match &self.writer {
            None => self.kept_nothing(),
            Some(writer) => writer.compact(entries, self.tell()),
        }
    }

    fn kept_nothing(&self) {
        let _process_ends = self.done.send(Ok(Grown::No));
    }

    fn tell(
        &self,
    ) -> impl FnOnce(Result<crate::journal::Written, crate::journal::Unwritten<Entry>>) + Send + 'static
    {
        let done = self.done.clone();
        move |outcome| {
            let told = match outcome {
                Ok(written) if written.grown => Ok(Grown::Yes),
                Ok(_) => Ok(Grown::No),
                Err(unwritten) => Err(unwritten.to_string()),
            };
            let _process_ends = done.send(told);
        }
    }
}
