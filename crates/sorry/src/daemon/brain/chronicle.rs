//! Where tellings go: into the journal of the history, and from there to whoever is told. Nobody waits for either.
//!
//! The history comes first, since what is in it and was not taken in by the queue of alerts is told after the next start, by the numbers
//! of tellings: so a crash between the two neither repeats an alert nor loses one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sorry_core::incident::{History, Telling};
use tokio::runtime::Handle;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::keeper::KeepError;
use crate::admin::standing::ReceiverStanding;
use crate::admin::{Fault, FaultKind, Moment};
use crate::alert::{self, Desk, KeptTelling, Setting, Unheard};
use crate::config::alert::Receiver;
use crate::daemon::programs::Programs;
use crate::journal::{Folder, Journal, Unwritten, Writer, Written};

/// The files in the state folder.
const HISTORY: &str = "history";
const ALERTS: &str = "alerts";

/// How long receivers may take at the end; what they have not got by then they get after the next start.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How many steps of the engine may have tellings that wait for the history. Those beyond go without.
const WAITING: usize = 1024;

/// How long an alert waits for the history. A disk that hangs makes nobody deaf.
const FOR_THE_HISTORY: Duration = Duration::from_millis(250);

/// See the file's header.
pub(super) struct Chronicle {
    history: Option<Past>,
    /// What waits for receivers, and where it is kept; until there is a desk.
    store: Arc<dyn alert::Store>,
    waiting: Vec<alert::Entry>,
    office: Option<Office>,
}

/// Who is told.
struct Office {
    desk: Arc<Desk>,
    /// Where it works.
    posts: Handle,
    /// What is to be told as soon as the history has it.
    outgoing: mpsc::Sender<Outgoing>,
    messenger: JoinHandle<()>,
}

/// Tellings on their way to the desk.
struct Outgoing {
    tellings: Vec<Telling>,
    /// The history has them, or cannot; none where there is no history.
    kept: Option<oneshot::Receiver<()>>,
    /// So long they wait for it.
    until: Instant,
}

/// What there is to tell, and to whom, at the beginning.
pub(super) struct Opening {
    pub(super) receivers: Vec<Receiver>,
    /// The incidents that go on.
    pub(super) open: BTreeSet<u64>,
    /// What is in the history and was not taken in by the queue of alerts.
    pub(super) missed: Vec<Telling>,
    /// The number of the last that was told before.
    pub(super) told: u64,
    /// Who runs the programs of alerts.
    pub(super) programs: Arc<Programs>,
}

/// The journal of the history.
struct Past {
    writer: Writer<KeptTelling>,
    /// It is long enough to be written anew, or is behind because it could not be written.
    anew: Arc<AtomicBool>,
}

impl Chronicle {
    /// Keeps nothing beyond the process.
    pub(super) fn forgetful() -> Chronicle {
        Chronicle {
            history: None,
            store: Arc::new(alert::Forgetful),
            waiting: Vec::new(),
            office: None,
        }
    }

    /// With what was told before.
    pub(super) fn open(folder: &Arc<Folder>) -> Result<(Chronicle, Vec<Telling>), KeepError> {
        let (journal, told, damage) = Journal::<KeptTelling>::open(folder, HISTORY)?;
        if damage.is_serious() {
            log::error!("the history was damaged: {damage}");
        }
        let past = Past {
            writer: Writer::start(journal, "sorry-history").map_err(KeepError::Thread)?,
            anew: Arc::default(),
        };
        let (journal, waiting, damage) = Journal::open(folder, ALERTS)?;
        if damage.is_serious() {
            log::error!("the queue of alerts was damaged: {damage}");
        }
        let writer = Writer::start(journal, "sorry-alerts").map_err(KeepError::Thread)?;
        let chronicle = Chronicle {
            history: Some(past),
            store: Arc::new(OnDisk(writer)),
            waiting,
            office: None,
        };
        let told = told.iter().filter_map(KeptTelling::telling);
        Ok((chronicle, told.collect()))
    }

    /// Up to which telling all were taken in by the queue of alerts, as it knows itself.
    pub(super) fn taken(&self) -> Option<u64> {
        alert::taken(&self.waiting)
    }

    /// What is in the history and was not taken in. A queue that does not say how far it has come has lost its memory, and tells
    /// nothing old.
    pub(super) fn missed(&self, told: &[Telling]) -> Vec<Telling> {
        let Some(taken) = self.taken() else {
            return Vec::new();
        };
        let missed = told.iter().filter(|telling| telling.number > taken);
        let mut missed: Vec<Telling> = missed.cloned().collect();
        // A history that was written anew has them by incident.
        missed.sort_by_key(|telling| telling.number);
        missed
    }

    /// Begins to tell. Receivers are told on the runtime `posts`, where a file that hangs may hold everybody up; what waits for the
    /// history does so on this one.
    pub(super) fn begin(&mut self, opening: Opening, posts: Handle) {
        let Opening {
            receivers,
            open,
            missed,
            told,
            programs,
        } = opening;
        let desk = Desk::start(
            receivers,
            Setting {
                runtime: posts.clone(),
                host: host(),
                store: Arc::clone(&self.store),
                entries: std::mem::take(&mut self.waiting),
                spawner: programs,
                roots: None,
            },
        );
        // What ended before a crash is told before what is still open is all that counts.
        desk.catch_up(&missed, told);
        desk.only_open(&open);
        let desk = Arc::new(desk);
        let (outgoing, inbox) = mpsc::channel(WAITING);
        let messenger = tokio::spawn(bring(inbox, Arc::clone(&desk)));
        self.office = Some(Office {
            desk,
            posts,
            outgoing,
            messenger,
        });
    }

    /// These are the receivers from now on.
    pub(super) fn receivers(&self, receivers: Vec<Receiver>) {
        if let Some(office) = &self.office {
            office.desk.reconfigure(receivers);
        }
    }

    /// How those who are told stand.
    pub(super) fn standing(&self) -> Vec<ReceiverStanding> {
        let office = self.office.as_ref();
        let all = office.map(|office| office.desk.status());
        let all = all.unwrap_or_default();
        all.into_iter().map(standing).collect()
    }

    /// Sends a test to a receiver; the answer goes to whoever waits for it.
    pub(super) fn test(&self, name: &str, reply: oneshot::Sender<Result<String, Fault>>) {
        let Some(office) = &self.office else {
            return;
        };
        let test = office.desk.test(name);
        let told = format!("{name} took a test alert");
        office.posts.spawn(async move {
            let outcome = match test.await {
                Ok(()) => Ok(told),
                Err(error @ Unheard::Unknown(_)) => {
                    Err(Fault::new(FaultKind::Unknown, error.to_string()))
                }
                Err(error) => Err(Fault::new(FaultKind::Failed, error.to_string())),
            };
            let _nobody_waits = reply.send(outcome);
        });
    }

    /// Takes what is told, which the history knows already.
    pub(super) fn tell(&mut self, tellings: Vec<Telling>, history: &History) {
        let past = self.history.as_ref();
        let kept = past.map(|past| past.take(&tellings, history));
        if let Some(office) = &self.office {
            let outgoing = Outgoing {
                tellings,
                kept,
                until: Instant::now() + FOR_THE_HISTORY,
            };
            if let Err(error) = office.outgoing.try_send(outgoing) {
                let (TrySendError::Full(outgoing) | TrySendError::Closed(outgoing)) = error;
                log::warn!("alerts do not wait for the history: {WAITING} wait already");
                office.tell(&outgoing.tellings);
            }
        }
    }

    /// Tells what can be told at once, and ends.
    pub(super) async fn end(self) {
        let Some(mut office) = self.office else {
            return;
        };
        drop(office.outgoing);
        // It waits for the history, and for that not long. What is left of it is told after the next start.
        let _ended = tokio::time::timeout(2 * FOR_THE_HISTORY, &mut office.messenger).await;
        office.desk.stop(LAST_WORDS).await;
    }
}

impl Office {
    fn tell(&self, tellings: &[Telling]) {
        for telling in tellings {
            self.desk.tell(telling);
        }
    }
}

/// Brings tellings to the desk in their order, each as soon as the history has it.
async fn bring(mut outgoing: mpsc::Receiver<Outgoing>, desk: Arc<Desk>) {
    while let Some(Outgoing {
        tellings,
        kept,
        until,
    }) = outgoing.recv().await
    {
        if let Some(kept) = kept {
            let _kept_or_not = tokio::time::timeout_at(until, kept).await;
        }
        for telling in &tellings {
            desk.tell(telling);
        }
    }
}

impl Past {
    /// Says when it is kept, or cannot be.
    fn take(&self, tellings: &[Telling], history: &History) -> oneshot::Receiver<()> {
        let anew = Arc::clone(&self.anew);
        let (kept, told) = oneshot::channel();
        let done = move |outcome: Result<Written, Unwritten<KeptTelling>>| {
            match outcome {
                Ok(written) if written.grown => anew.store(true, Ordering::Relaxed),
                Ok(_) => {}
                Err(unwritten) => {
                    log::error!("the history cannot be written: {unwritten}");
                    anew.store(true, Ordering::Relaxed);
                }
            }
            let _nobody_waits = kept.send(());
        };
        if self.anew.swap(false, Ordering::Relaxed) {
            let all = history
                .tellings()
                .map(|telling| KeptTelling::from(&telling));
            self.writer.compact(all.collect(), done);
        } else {
            let batch = tellings.iter().map(KeptTelling::from);
            self.writer.write(batch.collect(), done);
        }
        told
    }
}

fn standing(status: alert::ReceiverStatus) -> ReceiverStanding {
    let (failed_at, error) = status.last_error.unzip();
    ReceiverStanding {
        name: status.name,
        channel: status.channel.to_owned(),
        waiting: u64::try_from(status.waiting).unwrap_or(u64::MAX),
        delivered: status.delivered,
        failed: status.failed,
        lost: status.refused + status.given_up + status.pushed_out,
        last_success: status.last_success.map(Moment::from),
        last_failure: failed_at.map(Moment::from),
        last_error: error,
    }
}

/// What this machine is called in alerts.
fn host() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

/// Keeps the queue of alerts in the state folder.
struct OnDisk(Writer<alert::Entry>);

impl alert::Store for OnDisk {
    fn append(&self, batch: Vec<alert::Entry>, done: alert::Done) {
        self.0.write(batch, move |outcome| done(said(outcome)));
    }

    fn compact(&self, all: Vec<alert::Entry>, done: alert::Done) {
        self.0.compact(all, move |outcome| done(said(outcome)));
    }
}

fn said(outcome: Result<Written, Unwritten<alert::Entry>>) -> alert::Outcome {
    match outcome {
        Ok(written) if written.grown => Ok(alert::Grown::Yes),
        Ok(_) => Ok(alert::Grown::No),
        Err(unwritten) => Err(unwritten.to_string()),
    }
}

#[cfg(test)]
#[path = "chronicle_tests.rs"]
mod tests;
