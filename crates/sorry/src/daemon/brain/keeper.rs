//! The journal of orders and beliefs: opened at the start, written by a thread of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::mind::Grown;
use crate::journal::{Entry, Folder, FolderError, Journal, JournalError, Writer};

/// The file in the state folder.
const JOURNAL: &str = "journal";

/// How long a disk may take. Then it goes on without: visitors do not wait for a disk that hangs.
const PATIENCE: Duration = Duration::from_secs(1);

/// What became of what was to be written.
pub(super) type Outcome = Result<Grown, String>;

/// The same, with the number of the write.
pub(super) type Written = (u64, Outcome);

/// Writes, where there is something to write to. One write at a time is waited for.
pub(super) struct Keeper {
    pen: Pen,
    done: mpsc::UnboundedSender<Written>,
    /// How many writes were asked for.
    asked: u64,
    /// The last, and until when it is waited for.
    awaited: Option<(u64, Instant)>,
    /// One that was given up, and has not come back yet.
    late: Option<u64>,
}

enum Pen {
    Writer(Writer<Entry>),
    /// Nothing is kept, and nobody expects it.
    Forgetful,
    /// Nothing can be kept, and why.
    Broken(String),
}

/// What the end of a write means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// It is the one that is waited for.
    Awaited(Outcome),
    /// The disk answers again, too late for what it was asked.
    Again,
    /// Nothing.
    Nothing,
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
        Keeper::with(Pen::Forgetful, done)
    }

    /// Says of everything that it is not kept, and why.
    pub(super) fn broken(why: String, done: mpsc::UnboundedSender<Written>) -> Keeper {
        Keeper::with(Pen::Broken(why), done)
    }

    /// Keeps what it is given there.
    pub(super) fn on(writer: Writer<Entry>, done: mpsc::UnboundedSender<Written>) -> Keeper {
        Keeper::with(Pen::Writer(writer), done)
    }

    fn with(pen: Pen, done: mpsc::UnboundedSender<Written>) -> Keeper {
        Keeper {
            pen,
            done,
            asked: 0,
            awaited: None,
            late: None,
        }
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
        Ok((Keeper::on(writer, done), entries))
    }

    pub(super) fn write(&mut self, entries: Vec<Entry>) {
        let number = self.ask();
        match &self.pen {
            Pen::Writer(writer) if self.late.is_none() => writer.write(entries, self.tell(number)),
            _ => self.answer_at_once(number),
        }
    }

    pub(super) fn rewrite(&mut self, entries: Vec<Entry>) {
        let number = self.ask();
        match &self.pen {
            Pen::Writer(writer) if self.late.is_none() => {
                writer.compact(entries, self.tell(number));
            }
            _ => self.answer_at_once(number),
        }
    }

    fn ask(&mut self) -> u64 {
        self.asked += 1;
        self.awaited = Some((self.asked, Instant::now() + PATIENCE));
        self.asked
    }

    /// When to call [`Keeper::give_up`].
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.awaited.map(|(_, deadline)| deadline)
    }

    /// What is waited for is waited for no more. Nothing else is given to a disk that hangs.
    pub(super) fn give_up(&mut self) -> Outcome {
        self.late = self.awaited.take().map(|(number, _)| number);
        Err(hangs())
    }

    /// A write has come to its end.
    pub(super) fn hear(&mut self, (number, outcome): Written) -> Heard {
        if self.awaited.is_some_and(|(awaited, _)| awaited == number) {
            self.awaited = None;
            return Heard::Awaited(outcome);
        }
        if self.late == Some(number) {
            self.late = None;
            return Heard::Again;
        }
        Heard::Nothing
    }

    fn answer_at_once(&self, number: u64) {
        let outcome = match &self.pen {
            Pen::Forgetful => Ok(Grown::No),
            Pen::Broken(why) => Err(why.clone()),
            Pen::Writer(_) => Err(hangs()),
        };
        let _process_ends = self.done.send((number, outcome));
    }

    fn tell(
        &self,
        number: u64,
    ) -> impl FnOnce(Result<crate::journal::Written, crate::journal::Unwritten<Entry>>) + Send + 'static
    {
        let done = self.done.clone();
        move |outcome| {
            let told = match outcome {
                Ok(written) if written.grown => Ok(Grown::Yes),
                Ok(_) => Ok(Grown::No),
                Err(unwritten) => Err(unwritten.to_string()),
            };
            let _process_ends = done.send((number, told));
        }
    }
}

fn hangs() -> String {
    format!("the disk has not answered for {} s", PATIENCE.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_hangs_is_given_up_and_heard_again() {
        let (done, mut written) = mpsc::unbounded_channel();
        let mut keeper = Keeper::forgetful(done);
        keeper.write(Vec::new());
        assert!(keeper.deadline().is_some());
        let hung = written.try_recv().unwrap();
        assert!(keeper.give_up().unwrap_err().contains("not answered"));
        assert_eq!(keeper.deadline(), None);
        keeper.write(Vec::new());
        let next = written.try_recv().unwrap();
        assert_eq!(keeper.hear(next), Heard::Awaited(Ok(Grown::No)));
        assert_eq!(keeper.hear(hung.clone()), Heard::Again);
        assert_eq!(keeper.hear(hung), Heard::Nothing);
    }

    #[test]
    fn what_could_not_be_opened_keeps_nothing_and_says_so() {
        let (done, mut written) = mpsc::unbounded_channel();
        let mut keeper = Keeper::broken("no space".to_owned(), done);
        keeper.rewrite(Vec::new());
        let told = written.try_recv().unwrap();
        assert_eq!(
            keeper.hear(told),
            Heard::Awaited(Err("no space".to_owned()))
        );
    }
}
