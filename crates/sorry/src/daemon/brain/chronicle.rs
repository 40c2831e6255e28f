//! Where tellings go: into the journal of the history, and to whoever is told. Nobody waits for either.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sorry_core::incident::{History, Telling};
use tokio::runtime::Handle;

use super::keeper::KeepError;
use crate::alert::{self, Desk, KeptTelling, Setting};
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
        })
    }

    /// What was told before this process.
    pub(super) fn told(&mut self) -> Vec<Telling> {
        let past = self.history.as_mut();
        past.map(|past| std::mem::take(&mut past.told))
            .unwrap_or_default()
    }

    /// Begins to tell these receivers, on this runtime. `open` are the incidents that go on.
    pub(super) fn begin(
        &mut self,
        receivers: Vec<Receiver>,
        open: &BTreeSet<u64>,
        programs: Arc<Programs>,
        runtime: Handle,
    ) {
        let desk = Desk::start(
            receivers,
            Setting {
                runtime,
                host: host(),
                store: Arc::clone(&self.store),
                entries: std::mem::take(&mut self.waiting),
                spawner: programs,
                roots: None,
            },
        );
        desk.only_open(open);
        self.desk = Some(desk);
    }

    /// These are the receivers from now on.
    pub(super) fn receivers(&self, receivers: Vec<Receiver>) {
        if let Some(desk) = &self.desk {
            desk.reconfigure(receivers);
        }
    }

    /// Who is told.
    pub(super) fn desk(&self) -> Option<&Desk> {
        self.desk.as_ref()
    }

    /// Takes what is told, which the history knows already.
    pub(super) fn tell(&mut self, tellings: &[Telling], history: &History) {
        if let Some(past) = &self.history {
            past.take(tellings, history);
        }
        if let Some(desk) = &self.desk {
            for telling in tellings {
                desk.tell(telling);
            }
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
            Ok(written) => anew.store(written.grown, Ordering::Relaxed),
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
