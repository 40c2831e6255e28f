//! The thread that writes a journal, so that nobody else waits for a disk. What several tasks have to write meanwhile goes down in one
//! write and one sync; each is told, in the order in which they came, what became of its own.
//!
//! It decides nothing: neither what is written, nor when a journal has grown enough to be compacted, which it says and its owner
//! does.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::JournalError;
use super::file::Journal;

/// How many batches may wait. A disk that has not taken the first of so many will not take one more.
const WAITING: usize = 1024;

/// How long whoever lets a writer go waits for what it still writes. All writers of a process together take less than its successor
/// waits for their folder.
const LAST_WRITES: Duration = Duration::from_millis(1500);

/// What became of a batch that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The journal has grown: its owner should give [`Writer::compact`] what still matters.
    pub grown: bool,
}

/// What became of a batch that was not.
#[derive(Debug, thiserror::Error)]
#[error("{}", why_not(.why))]
pub struct Unwritten<T> {
    /// The batch; none of it is in the journal.
    pub batch: Vec<T>,
    /// Why not; none where the writer was too far behind, or has ended.
    pub why: Option<Arc<JournalError>>,
}

fn why_not(why: &Option<Arc<JournalError>>) -> String {
    match why {
        None => format!("the disk is {WAITING} writes behind"),
        Some(error) => match std::error::Error::source(&**error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}

/// Called on the writer's thread, or on the caller's where nothing could be asked of it.
type Done<T> = Box<dyn FnOnce(Result<Written, Unwritten<T>>) + Send>;

enum Job<T> {
    Write(Vec<T>, Done<T>),
    Compact(Vec<T>, Done<T>),
}

/// A journal with a thread of its own. Dropping it writes what waits, and then lets the journal go; a disk that hangs is left to
/// itself after a while, with what it was given.
#[derive(Debug)]
pub struct Writer<T> {
    jobs: Option<SyncSender<Job<T>>>,
    thread: Option<JoinHandle<()>>,
    /// Closed when the thread has ended.
    ended: Mutex<Receiver<()>>,
    /// How long its end is waited for.
    patience: Duration,
}

impl<T: Serialize + DeserializeOwned + Clone + Send + 'static> Writer<T> {
    /// Starts the thread, which gets this name.
    pub fn start(journal: Journal<T>, name: &str) -> io::Result<Writer<T>> {
        let (sender, receiver) = sync_channel(WAITING);
        let (ends, ended) = sync_channel(0);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                // Dropped with the thread, however it ends.
                let _ends = ends;
                work(journal, &receiver);
            })?;
        Ok(Writer {
            jobs: Some(sender),
            thread: Some(thread),
            ended: Mutex::new(ended),
            patience: LAST_WRITES,
        })
    }

    /// Writes a batch, all or nothing of it, and says when it is on the disk. Calls back in the order of the calls, but for
    /// a batch that could not even wait, which comes back at once.
    pub fn write(
        &self,
        batch: Vec<T>,
        done: impl FnOnce(Result<Written, Unwritten<T>>) + Send + 'static,
    ) {
        self.ask(Job::Write(batch, Box::new(done)));
    }

    /// The same for a task that can wait.
    pub async fn written(&self, batch: Vec<T>) -> Result<Written, Unwritten<T>> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        self.write(batch, move |outcome| {
            // Whoever asked may have gone; what was written stays written.
            let _gone = sender.send(outcome);
        });
        receiver.await.unwrap_or(Err(Unwritten {
            batch: Vec::new(),
            why: None,
        }))
    }

    /// Puts this in the place of all that was written before; what is written later stands behind it.
    pub fn compact(
        &self,
        state: Vec<T>,
        done: impl FnOnce(Result<Written, Unwritten<T>>) + Send + 'static,
    ) {
        self.ask(Job::Compact(state, Box::new(done)));
    }

    fn ask(&self, job: Job<T>) {
        let Some(jobs) = &self.jobs else {
            return;
        };
        if let Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) = jobs.try_send(job) {
            let (Job::Write(batch, done) | Job::Compact(batch, done)) = job;
            done(Err(Unwritten { batch, why: None }));
        }
    }
}

impl<T> Drop for Writer<T> {
    fn drop(&mut self) {
        self.jobs = None;
        let Some(thread) = self.thread.take() else {
            return;
        };
        let name = thread.thread().name().unwrap_or_default().to_owned();
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        if ended.recv_timeout(self.patience) == Err(RecvTimeoutError::Timeout) {
            return log::error!("{name}: the disk hangs, and what it has not written is lost");
        }
        if thread.join().is_err() {
            log::error!("{name}: the thread has ended by itself: please report it");
        }
    }
}

fn work<T>(mut journal: Journal<T>, jobs: &Receiver<Job<T>>)
where
    T: Serialize + DeserializeOwned + Clone,
{
    while let Ok(first) = jobs.recv() {
        let mut group = Vec::new();
        let mut job = Some(first);
        while let Some(next) = job.take() {
            match next {
                Job::Write(batch, done) => {
                    group.push((batch, done));
                    if group.len() < WAITING {
                        job = jobs.try_recv().ok();
                    }
                }
                Job::Compact(state, done) => {
                    write(&mut journal, std::mem::take(&mut group));
                    let outcome = journal.compact(&state);
                    done(told(&journal, outcome.map_err(Arc::new), state));
                }
            }
        }
        write(&mut journal, group);
    }
}

/// Writes a group at once. Where one of its records can be written by nobody, the others do not suffer for it.
fn write<T>(journal: &mut Journal<T>, group: Vec<(Vec<T>, Done<T>)>)
where
    T: Serialize + DeserializeOwned + Clone,
{
    let all: Vec<T> = group.iter().flat_map(|(batch, _)| batch.clone()).collect();
    let outcome = journal.append(&all).map_err(Arc::new);
    let alone = group.len() > 1
        && matches!(&outcome, Err(error) if matches!(**error, JournalError::Record { .. }));
    for (batch, done) in group {
        let outcome = if alone {
            journal.append(&batch).map_err(Arc::new)
        } else {
            outcome.clone()
        };
        done(told(journal, outcome, batch));
    }
}

fn told<T>(
    journal: &Journal<T>,
    outcome: Result<(), Arc<JournalError>>,
    batch: Vec<T>,
) -> Result<Written, Unwritten<T>>
where
    T: Serialize + DeserializeOwned,
{
    match outcome {
        Ok(()) => Ok(Written {
            grown: journal.has_grown(),
        }),
        Err(why) => Err(Unwritten {
            batch,
            why: Some(why),
        }),
    }
}

#[cfg(test)]
#[path = "thread_tests.rs"]
mod tests;
