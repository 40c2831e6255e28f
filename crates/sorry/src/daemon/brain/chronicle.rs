//! Where tellings go: into the journal of the history, and to whoever is told. Nobody waits for either.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sorry_core::incident::Telling;
use tokio::runtime::Handle;

use super::keeper::KeepError;
use crate::alert::{self, Desk, KeptTelling, Setting};
use crate::config::alert::Receiver;
use crate::journal::{Folder, Journal, Unwritten, Writer, Written};

/// The files in the state folder.
const HISTORY: &str = "history";
const ALERTS: &str = "alerts";

/// Tellings of one incident that are kept: its beginning and its latest.
const OF_ONE: usize = 64;

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
    /// What it says, as far as it still matters.
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
    pub(super) fn told(&self) -> Vec<Telling> {
        self.history
            .as_ref()
            .map(|past| past.told.clone())
            .unwrap_or_default()
    }

    /// Begins to tell these receivers, on this runtime. `open` are the incidents that go on.
    pub(super) fn begin(
        &mut self,
        receivers: Vec<Receiver>,
        open: &BTreeSet<u64>,
        runtime: Handle,
    ) {
        let desk = Desk::start(
            receivers,
            Setting {
                runtime,
                host: host(),
                store: Arc::clone(&self.store),
                entries: std::mem::take(&mut self.waiting),
                spawner: Arc::new(alert::Direct),
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

    /// Takes what is told. `kept` gives the incidents that the history keeps.
    pub(super) fn tell(&mut self, tellings: &[Telling], kept: impl Fn() -> HashSet<u64>) {
        if let Some(past) = &mut self.history {
            past.take(tellings, kept);
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
    fn take(&mut self, tellings: &[Telling], kept: impl Fn() -> HashSet<u64>) {
        self.told.extend_from_slice(tellings);
        let anew = Arc::clone(&self.anew);
        let done = move |outcome: Result<Written, Unwritten<KeptTelling>>| match outcome {
            Ok(written) => anew.store(written.grown, Ordering::Relaxed),
            Err(unwritten) => {
                log::error!("the history cannot be written: {unwritten}");
                anew.store(true, Ordering::Relaxed);
            }
        };
        if self.anew.swap(false, Ordering::Relaxed) {
            let told = std::mem::take(&mut self.told);
            self.told = what_matters(told, &kept());
            let all = self.told.iter().map(KeptTelling::from);
            self.writer.compact(all.collect(), done);
        } else {
            let batch = tellings.iter().map(KeptTelling::from);
            self.writer.write(batch.collect(), done);
        }
    }
}

/// Of incidents that are kept, the first telling and the last ones, in their order.
fn what_matters(mut told: Vec<Telling>, kept: &HashSet<u64>) -> Vec<Telling> {
    let mut left: HashMap<u64, usize> = HashMap::new();
    for telling in &told {
        *left.entry(telling.incident).or_default() += 1;
    }
    let mut seen = HashSet::new();
    told.retain(|telling| {
        let left = left.entry(telling.incident).or_default();
        let is_late = *left < OF_ONE;
        *left = left.saturating_sub(1);
        let is_first = seen.insert(telling.incident);
        kept.contains(&telling.incident) && (is_first || is_late)
    });
    told
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
mod tests {
    use super::*;
    use sorry_core::incident::{Audience, Kind, Phase, Step, What};
    use sorry_core::moment::Wall;

    fn telling(incident: u64, at: u64) -> Telling {
        Telling {
            incident,
            kind: Kind::Outage,
            site: Some("shop".into()),
            about: None,
            by: None,
            planned: false,
            observed: false,
            began: Wall(0),
            at: Wall(at),
            step: Step::Goes,
            phase: Phase::Update,
            audience: Audience::Everybody,
            what: What::Returned,
            which: None,
            awaits: None,
        }
    }

    #[test]
    fn of_a_long_incident_its_beginning_and_its_latest_are_kept() {
        let told = (0..200).map(|at| telling(7, at)).chain([telling(8, 0)]);
        let told = what_matters(told.collect(), &HashSet::from([7]));
        assert_eq!(told.len(), OF_ONE);
        let moments: Vec<u64> = told.iter().map(|telling| telling.at.0).collect();
        assert_eq!((moments[0], moments[1]), (0, 137));
        assert_eq!(
            moments.last(),
            Some(&199),
            "and nothing of one that is forgotten"
        );
    }
}
