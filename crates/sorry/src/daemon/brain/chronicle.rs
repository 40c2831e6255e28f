//! Where tellings go: into the journal of the history, and to whoever is told. Nobody waits for either.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sorry_core::incident::{History, Telling};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

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

/// See the file's header.
pub(super) struct Chronicle {
    history: Option<Past>,
    /// What waits for receivers, and where it is kept; until there is a desk.
    store: Arc<dyn alert::Store>,
    waiting: Vec<alert::Entry>,
    desk: Option<Desk>,
    /// Where it works.
    posts: Option<Handle>,
}

/// The journal of the history.
struct Past {
    writer: Writer<KeptTelling>,
    /// What it said at the start, until it is taken.
    told: Vec<Telling>,
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
            desk: None,
            posts: None,
        }
    }

    /// With what was told before.
    pub(super) fn open(folder: &Arc<Folder>) -> Result<Chronicle, KeepError> {
        let (journal, told, damage) = Journal::<KeptTelling>::open(folder, HISTORY)?;
        if damage.is_serious() {
            log::error!("the history was damaged: {damage}");
        }
        let past = Past {
            writer: Writer::start(journal, "sorry-history").map_err(KeepError::Thread)?,
            told: told.iter().filter_map(KeptTelling::telling).collect(),
            anew: Arc::default(),
        };
        let (journal, waiting, damage) = Journal::open(folder, ALERTS)?;
        if damage.is_serious() {
            log::error!("the queue of alerts was damaged: {damage}");
        }
        let writer = Writer::start(journal, "sorry-alerts").map_err(KeepError::Thread)?;
        Ok(Chronicle {
            history: Some(past),
            store: Arc::new(OnDisk(writer)),
            waiting,
            desk: None,
            posts: None,
        })
    }

    /// What was told before this process.
    pub(super) fn told(&mut self) -> Vec<Telling> {
        let past = self.history.as_mut();
        past.map(|past| std::mem::take(&mut past.told))
            .unwrap_or_default()
    }

    /// Begins to tell these receivers, on the runtime `posts`. `open` are the incidents that go on.
    pub(super) fn begin(
        &mut self,
        receivers: Vec<Receiver>,
        open: &BTreeSet<u64>,
        programs: Arc<Programs>,
        posts: Handle,
    ) {
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
        desk.only_open(open);
        self.posts = Some(posts);
        self.desk = Some(desk);
    }

    /// These are the receivers from now on.
    pub(super) fn receivers(&self, receivers: Vec<Receiver>) {
        if let Some(desk) = &self.desk {
            desk.reconfigure(receivers);
        }
    }

    /// How those who are told stand.
    pub(super) fn standing(&self) -> Vec<ReceiverStanding> {
        let all = self.desk.as_ref().map(Desk::status).unwrap_or_default();
        all.into_iter().map(standing).collect()
    }

    /// Sends a test to a receiver; the answer goes to whoever waits for it.
    pub(super) fn test(&self, name: &str, reply: oneshot::Sender<Result<String, Fault>>) {
        let (Some(desk), Some(posts)) = (&self.desk, &self.posts) else {
            return;
        };
        let test = desk.test(name);
        let told = format!("{name} took a test alert");
        posts.spawn(async move {
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
    pub(super) fn tell(&mut self, tellings: &[Telling], history: &History) {
        // Alerts first: a crash between the two tells somebody twice, and not never.
        if let Some(desk) = &self.desk {
            for telling in tellings {
                desk.tell(telling);
            }
        }
        if let Some(past) = &self.history {
            past.take(tellings, history);
        }
    }

    /// Tells what can be told at once, and ends.
    pub(super) async fn end(mut self) {
        if let Some(desk) = self.desk.take() {
            desk.stop(LAST_WORDS).await;
        }
    }
}

impl Past {
    fn take(&self, tellings: &[Telling], history: &History) {
        let anew = Arc::clone(&self.anew);
        let done = move |outcome: Result<Written, Unwritten<KeptTelling>>| match outcome {
            Ok(written) if written.grown => anew.store(true, Ordering::Relaxed),
            Ok(_) => {}
            Err(unwritten) => {
                log::error!("the history cannot be written: {unwritten}");
                anew.store(true, Ordering::Relaxed);
            }
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
