//! What is shown of the daemon: the status that `sorry status` prints, and the facts on the metrics page.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::UNIX_EPOCH;

use arc_swap::ArcSwap;

use super::audit::Audit;
use super::programs::Programs;
use super::runner;
use super::state::State;
use crate::admin::kernel::KernelStanding;
use crate::admin::standing::Standing;
use crate::admin::{
    Certificate, CertificateStatus, Doors, Facts, ListenerStatus, Mode, Moment, ReloadOutcome,
    Reread, SiteStatus, Snapshot, Source, Status, WorkerStatus,
};
use crate::answer::Security;
use crate::config;
use crate::count::{Kind, Limit, Protocol, SiteCounts, WorkerCounts, access};
use crate::listen::certificate;

/// What the metrics page reads, kept up to date by the control thread.
pub(super) struct Gauge {
    pub(super) workers: Vec<Arc<WorkerCounts>>,
    pub(super) counts: Arc<crate::count::Sites>,
    pub(super) doors: Arc<Doors>,
    pub(super) log: Option<access::Log>,
    pub(super) audit: Arc<Audit>,
    programs: Arc<Programs>,
    facts: ArcSwap<Facts>,
    /// How sites stand, once something decides.
    standing: OnceLock<Arc<ArcSwap<Standing>>>,
    /// How the in-kernel responder stands, where there is one.
    kernel: OnceLock<Arc<ArcSwap<KernelStanding>>>,
}

impl Gauge {
    pub(super) fn new(
        state: &State,
        workers: Vec<Arc<WorkerCounts>>,
        log: Option<access::Log>,
    ) -> Gauge {
        Gauge {
            workers,
            counts: Arc::clone(&state.counts),
            doors: Arc::default(),
            log,
            audit: Arc::default(),
            programs: Arc::clone(&state.programs),
            facts: ArcSwap::from_pointee(facts(state)),
            standing: OnceLock::new(),
            kernel: OnceLock::new(),
        }
    }

    /// How sites stand, as it was published last; nothing where nothing decides.
    fn standing(&self) -> Option<Arc<Standing>> {
        self.standing.get().map(|standing| standing.load_full())
    }

    /// From now on something decides, and publishes this.
    pub(super) fn watch(&self, standing: &Arc<ArcSwap<Standing>>) {
        let _there_is_one_brain = self.standing.set(Arc::clone(standing));
    }

    /// How the in-kernel responder stands, as it was published last.
    pub(super) fn kernel(&self) -> Arc<KernelStanding> {
        self.kernel
            .get()
            .map(|standing| standing.load_full())
            .unwrap_or_default()
    }

    /// From now on something answers in the kernel, and publishes this.
    pub(super) fn watch_kernel(&self, standing: &Arc<ArcSwap<KernelStanding>>) {
        let _there_is_one_kernel = self.kernel.set(Arc::clone(standing));
    }

    /// Takes note of a change.
    pub(super) fn note(&self, state: &State) {
        self.facts.store(Arc::new(facts(state)));
    }
}

impl Source for Gauge {
    fn snapshot(&self) -> Snapshot {
        let mut facts = Facts::clone(&self.facts.load());
        if let Some(standing) = self.standing() {
            facts.standing = standing;
        }
        facts.kernel = self.kernel();
        facts.log_lines_dropped = self.log.as_ref().map(access::Log::dropped);
        facts.programs_hung = self.programs.hung();
        Snapshot {
            sites: Arc::clone(&self.counts),
            workers: self.workers.clone(),
            doors: Arc::clone(&self.doors),
            facts,
        }
    }
}

fn facts(state: &State) -> Facts {
    let reload = state
        .last_reload
        .as_ref()
        .map(|report| match report.outcome {
            ReloadOutcome::Refused => Reread::Failed(report.at),
            ReloadOutcome::Applied | ReloadOutcome::Unchanged => Reread::Worked(report.at),
        });
    Facts {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: state.started,
        generation: state.generation,
        reload,
        certificates: served(state).iter().map(|one| fact(state, one)).collect(),
        limits_reached: state.reached.all().into(),
        standing: Arc::default(),
        kernel: Arc::default(),
        log_lines_dropped: None,
        programs_hung: None,
    }
}

fn served(state: &State) -> Vec<certificate::Certificate> {
    state
        .tls
        .as_ref()
        .map(super::secrets::served)
        .unwrap_or_default()
}

fn fact(state: &State, certificate: &certificate::Certificate) -> Certificate {
    let reread = state.rereads.of(certificate.files());
    Certificate {
        name: certificate.names().first().cloned().unwrap_or_default(),
        file: certificate.files().certificate.display().to_string(),
        not_after: not_after(certificate),
        reread: reread.unwrap_or(Reread::Worked(state.started)),
    }
}

fn certificate_status(state: &State, certificate: &certificate::Certificate) -> CertificateStatus {
    let mistake = state.rereads.mistake(certificate.files());
    CertificateStatus {
        names: certificate.names().to_vec(),
        file: certificate.files().certificate.display().to_string(),
        not_after: not_after(certificate),
        mistake: mistake.map(ToOwned::to_owned),
    }
}

fn not_after(certificate: &certificate::Certificate) -> Moment {
    let since = certificate.not_after().duration_since(UNIX_EPOCH);
    Moment(since.map_or(0, |since| since.as_secs()))
}

/// Everything that `sorry status` shows.
/// Why no program can be started, where that is so and somebody wants one.
fn no_programs(state: &State) -> Option<String> {
    let why = match state.programs.standing()? {
        runner::Standing::Runs(_) | runner::Standing::None => return None,
        runner::Standing::Restarts => "the runner has ended, and is started again",
        runner::Standing::Gone => "the runner is gone, and only a restart of sorry brings it back",
    };
    Some(why.to_owned())
}

pub(super) fn status(state: &State, gauge: &Gauge) -> Status {
    let workers = &gauge.workers;
    let now = Moment::now();
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        now,
        started: state.started,
        uptime_seconds: now.seconds_since(state.started),
        configuration: state.configuration.clone(),
        generation: state.generation,
        sites: (0..state.config.sites.len())
            .map(|index| site(state, index))
            .collect(),
        other_answers: others(state),
        standing: gauge
            .standing()
            .map_or_else(Standing::default, |standing| Standing::clone(&standing)),
        listeners: listeners(state),
        workers: workers
            .iter()
            .enumerate()
            .map(|(number, counts)| worker(state, number, counts))
            .collect(),
        limits_reached: limits(state, workers),
        certificates: served(state)
            .iter()
            .map(|one| certificate_status(state, one))
            .collect(),
        kernel: Some(KernelStanding::clone(&gauge.kernel()))
            .filter(|kernel| !kernel.interfaces.is_empty()),
        programs: no_programs(state),
        last_reload: state.last_reload.clone(),
    }
}

fn site(state: &State, index: usize) -> SiteStatus {
    let site = &state.config.sites[index];
    let sorry = &site.sorry;
    let until = sorry
        .until
        .and_then(|until| u64::try_from(until.as_second()).ok());
    let warnings = state
        .pages
        .get(index)
        .map(|loaded| loaded.page.warnings.iter());
    SiteStatus {
        name: site.name.to_string(),
        hosts: site.hosts.iter().map(ToString::to_string).collect(),
        mode: match sorry.mode {
            config::Mode::InPlace => Mode::InPlace,
            config::Mode::Redirect { .. } => Mode::Redirect,
        },
        status: sorry.status,
        until: until.map(Moment),
        said: sorry.say.as_ref().map(|said| said.as_str().to_owned()),
        retry_after_seconds: super::wire::promise(
            super::state::now(),
            site,
            state.outlook_of(&site.name),
        )
        .remaining(super::state::now()),
        page: sorry
            .page
            .as_ref()
            .map_or_else(|| "built-in".to_owned(), |path| path.display().to_string()),
        warnings: warnings
            .into_iter()
            .flatten()
            .map(ToString::to_string)
            .collect(),
        answers: state.counts.named(&site.name).iter().map(answers).sum(),
    }
}

/// Answers to names that are nobody's. Nothing is counted for them where every site is meant for all.
fn others(state: &State) -> u64 {
    let all = state.counts.all();
    let strangers = all.iter().filter(|(name, _)| **name == *config::STRANGERS);
    strangers
        .flat_map(|(_, counts)| counts.iter().map(answers))
        .sum()
}

fn answers(counts: &SiteCounts) -> u64 {
    let methods = sorry_core::answer::Method::ALL;
    Kind::all()
        .flat_map(|kind| Protocol::ALL.map(|protocol| (kind, protocol)))
        .flat_map(|(kind, protocol)| {
            methods.map(|method| counts.answers(kind, protocol, method).get())
        })
        .sum()
}

fn listeners(state: &State) -> Vec<ListenerStatus> {
    let tls = |id| {
        let index = state.numbers.iter().position(|number| *number == id);
        let options = index
            .and_then(|index| state.config.listeners.get(index))
            .map(|listener| &listener.options);
        options.map_or(Security::Plain, |options| {
            if options.tls {
                Security::Tls
            } else {
                Security::Plain
            }
        })
    };
    let status = |door: &super::doors::Door| ListenerStatus {
        address: door.address.to_string(),
        protocol: match tls(door.id) {
            Security::Plain => "http".to_owned(),
            Security::Tls => "https".to_owned(),
        },
    };
    state.doors.iter().map(status).collect()
}

fn worker(state: &State, number: usize, counts: &WorkerCounts) -> WorkerStatus {
    let cores = super::crew::cores();
    let pinned = state.config.pin_workers && !cores.is_empty();
    WorkerStatus {
        number,
        cpu: pinned.then(|| cores[number % cores.len()]),
        connections: counts.open.get(),
        accepted: counts.accepted.get(),
    }
}

fn limits(state: &State, workers: &[Arc<WorkerCounts>]) -> BTreeMap<String, u64> {
    let own = |limit| {
        let all = state.reached.all().into_iter();
        let of = all.filter(move |(of, _)| *of == limit);
        of.map(|(_, times)| times)
    };
    let reached = |limit: Limit| {
        let by_workers = workers.iter().map(|w| w.limit(limit).get());
        let times: u64 = by_workers.chain(own(limit)).sum();
        (limit.label().to_owned(), times)
    };
    Limit::ALL
        .into_iter()
        .map(reached)
        .filter(|(_, times)| *times > 0)
        .collect()
}
