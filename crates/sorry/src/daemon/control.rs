//! The control thread: signals, orders from the admin socket, time, and what background threads have finished.
//!
//! One event at a time, each handled whole. Nothing here is on the way of a request.

use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::access_log;
use super::alarm;
use super::crew::{Crew, Hiring, Pinning};
use super::doors::Change;
use super::own::Own;
use super::pages::Loaded;
use super::report::{self, Gauge};
use super::run::RunError;
use super::secrets;
use super::state::{Read, State};
use super::supervisor::{Sockets, Supervisor};
use super::takeover;
use super::worker::Shared;
use crate::admin::message::Takeover;
use crate::admin::{self, Command, Reread};
use crate::answer::Identities;
use crate::config::{self, Report};
use crate::count::{WorkerCounts, access};
use crate::listen::passed::Passed;
use crate::listen::tls::reload::{self, Reload};

/// How the process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// In good order.
    Drained,
    /// A second signal came before everybody had finished.
    Cut,
}

/// How long the access log may take to write what waits at the end.
const LAST_LINES: std::time::Duration = std::time::Duration::from_secs(2);

/// Orders that wait for the control thread.
const ORDERS: usize = 16;

/// The control thread.
pub(super) struct Control {
    state: State,
    crew: Crew,
    shared: Arc<Shared>,
    read: Read,
    supervisor: Supervisor,
    gauge: Arc<Gauge>,
    signals: Signals,
    background: (
        mpsc::UnboundedSender<Background>,
        mpsc::UnboundedReceiver<Background>,
    ),
    orders: (mpsc::Sender<Command>, mpsc::Receiver<Command>),
    own: Own,
    certificates: Option<JoinHandle<()>>,
}

/// What was done elsewhere.
enum Background {
    /// Pages in all codings, for the generation they were made of.
    Compressed(u64, Vec<Loaded>),
    /// Certificates were read again, because their files had changed.
    Certificates(Reload),
    /// A successor has confirmed that it accepts: its process number.
    Succeeded(Option<u32>),
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

/// What the control thread is woken for.
enum Event {
    End,
    Reload,
    Refresh,
    Background(Background),
    Order(Command),
    Feed,
    Lost(usize),
}

impl Signals {
    fn new() -> Result<Signals, RunError> {
        let handle = |kind| signal(kind).map_err(|error| RunError::System("handle signals", error));
        Ok(Signals {
            terminate: handle(SignalKind::terminate())?,
            interrupt: handle(SignalKind::interrupt())?,
            hang_up: handle(SignalKind::hangup())?,
        })
    }

    /// Resolves when the process is asked to end.
    async fn end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

impl Control {
    /// Starts the workers; nothing is accepted yet.
    pub(super) fn new(
        state: State,
        read: Read,
        supervisor: Supervisor,
    ) -> Result<Control, RunError> {
        let log = access_log::open(&state.config)?;
        let shared = state
            .share()
            .ok_or_else(|| RunError::Refused(Report::default()))?;
        let counts = (0..state.workers.get())
            .map(|_| Arc::new(WorkerCounts::default()))
            .collect();
        let hiring = Hiring {
            shared: &shared,
            counts,
            log: log.as_ref(),
            pinning: if state.config.pin_workers {
                Pinning::Pinned
            } else {
                Pinning::Free
            },
            key: Identities::random_key(),
        };
        let crew =
            Crew::hire(hiring).map_err(|error| RunError::System("start the workers", error))?;
        let gauge = Arc::new(Gauge::new(&state, crew.counts().to_vec(), log));
        Ok(Control {
            state,
            crew,
            shared,
            read,
            supervisor,
            gauge,
            signals: Signals::new()?,
            background: mpsc::unbounded_channel(),
            orders: mpsc::channel(ORDERS),
            own: Own::default(),
            certificates: None,
        })
    }

    /// Opens every listener: the sites' and the operator's own.
    pub(super) fn open(&mut self, change: Change, passed: &mut Passed) -> Result<(), RunError> {
        self.own
            .open(&self.state.config, &self.gauge, &self.orders.0, passed)?;
        self.crew.open(change.shares);
        Ok(())
    }

    /// Tells everybody that all is open. What was passed and nobody wanted is closed.
    pub(super) fn announce(&mut self, passed: Passed) {
        for (name, _closed) in passed.left_over() {
            log::warn!("nobody listens on the socket that was passed as {name}; it is closed");
            self.supervisor.discard(&name);
        }
        self.list();
        log::info!(
            "ready: {} workers, process {}",
            self.crew.len(),
            std::process::id()
        );
        self.supervisor.ready(self.summary());
        self.compress();
        self.watch_certificates();
    }

    fn list(&self) {
        for door in self.state.doors.iter() {
            log::info!("listening on {}", door.address);
        }
        for line in self.state.expected_returns() {
            log::info!("{line}");
        }
        for warning in self.state.warnings() {
            log::warn!("{warning}");
        }
    }

    fn summary(&self) -> String {
        let sites = self.state.config.sites.len();
        format!(
            "refusing politely for {sites} site(s), configuration {}",
            self.state.generation
        )
    }

    /// Handles one event after the other until the end.
    pub(super) async fn serve(mut self) -> Result<Ended, RunError> {
        loop {
            match self.event().await {
                Event::End => {
                    let time = self.state.config.limits.drain_time;
                    let kept = self.supervisor.stopping(&self.state.doors.named(), time);
                    if kept == Sockets::Ours {
                        self.state.doors.remove_files();
                    }
                    if let Some(path) = &self.state.config.admin {
                        // Whoever asks now is told that nobody is there, instead of waiting.
                        let _already_gone = std::fs::remove_file(path);
                    }
                    return Ok(self.drain().await);
                }
                Event::Background(Background::Succeeded(successor)) => {
                    if let Some(process) = successor {
                        self.supervisor.succeeded_by(process);
                    }
                    log::info!("another process has taken over");
                    return Ok(self.drain().await);
                }
                Event::Lost(worker) => return Err(RunError::Lost(worker)),
                other => self.handle(other),
            }
        }
    }

    async fn event(&mut self) -> Event {
        let Signals {
            terminate,
            interrupt,
            hang_up,
        } = &mut self.signals;
        let feed = self.supervisor.next_feed();
        tokio::select! {
            biased;
            _ = terminate.recv() => Event::End,
            _ = interrupt.recv() => Event::End,
            _ = hang_up.recv() => Event::Reload,
            Some(done) = self.background.1.recv() => Event::Background(done),
            Some(order) = self.orders.1.recv() => Event::Order(order),
            worker = self.crew.lost() => Event::Lost(worker),
            () = alarm::until(self.state.next_until()) => Event::Refresh,
            () = alarm::at(feed) => Event::Feed,
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Reload => {
                self.reload();
            }
            Event::Refresh => {
                self.state.refresh(&self.shared);
                self.gauge.note(&self.state);
                self.compress();
            }
            Event::Background(Background::Compressed(generation, pages)) => {
                if generation == self.state.generation {
                    self.state.pages = pages;
                    self.state.publish(&self.shared);
                }
                // The best compression needs megabytes, once.
                sorry_sys::heap::give_back();
            }
            Event::Background(Background::Certificates(reload)) => self.note_certificates(&reload),
            Event::Order(order) => self.obey(order),
            Event::Feed => {
                self.crew.turn();
                self.supervisor.feed(self.crew.counts());
            }
            Event::End | Event::Lost(_) | Event::Background(Background::Succeeded(_)) => {}
        }
    }

    fn obey(&mut self, order: Command) {
        match order {
            Command::Status(reply) => {
                let _nobody_waits = reply.send(report::status(&self.state, self.crew.counts()));
            }
            Command::Reload { caller, reply } => {
                log::info!("uid {} asks for a reload", caller.uid);
                let _nobody_waits = reply.send(self.reload());
            }
            Command::Takeover(takeover) => self.hand_over(takeover),
        }
    }

    fn reload(&mut self) -> admin::ReloadReport {
        self.supervisor.reloading();
        if let Some(log) = &self.gauge.log {
            // It may have been rotated.
            log.reopen();
        }
        let report = self.state.reload(&self.read, &self.crew, &self.shared);
        for mistake in &report.mistakes {
            log::error!("the old configuration stays in force:\n{mistake}");
        }
        if report.mistakes.is_empty() {
            self.list();
            let changes = match report.changes.is_empty() {
                true => "nothing was changed in it".to_owned(),
                false => report.changes.join("; "),
            };
            log::info!(
                "reloaded: configuration {} is in force; {changes}",
                report.generation
            );
            self.compress();
            self.watch_certificates();
        }
        self.gauge.note(&self.state);
        self.supervisor.ready(self.summary());
        report
    }

    /// Compresses the pages on a thread of their own: the best compression is slow, and nobody waits for it.
    fn compress(&self) {
        if self
            .state
            .pages
            .iter()
            .all(|loaded| loaded.page.is_compressed())
        {
            return;
        }
        let generation = self.state.generation;
        let pages = self.state.pages.clone();
        let done = self.background.0.clone();
        let work = move || {
            let pages = pages.into_iter().map(Loaded::compress).collect();
            let _process_has_ended = done.send(Background::Compressed(generation, pages));
        };
        if let Err(error) = std::thread::Builder::new()
            .name("sorry-compress".into())
            .spawn(work)
        {
            log::warn!("pages stay uncompressed: {error}");
        }
    }

    /// Watches the certificates' files, whatever they are now.
    fn watch_certificates(&mut self) {
        if let Some(watching) = self.certificates.take() {
            watching.abort();
        }
        let (Some(tls), Some(changes)) = (&self.state.tls, self.state.watch.take()) else {
            return;
        };
        let pairs = secrets::files(&self.state.config);
        let done = self.background.0.clone();
        let tell = move |reload| {
            let _process_has_ended = done.send(Background::Certificates(reload));
        };
        let resolver = Arc::clone(tls.certificates());
        let watch = reload::watch(resolver, pairs, secrets::OUT_OF_TIME, changes, tell);
        self.certificates = Some(tokio::spawn(watch));
    }

    fn note_certificates(&mut self, reload: &Reload) {
        let now = admin::Moment::now();
        match reload {
            Reload::Done(certificates) => {
                log::info!(
                    "{} certificate(s) were read again and are in force",
                    certificates.iter().count()
                );
                for warning in secrets::expired(certificates) {
                    log::warn!("{warning}");
                }
                self.state.certificates_reread = Some(Reread::Worked(now));
                self.state.certificate_mistake = None;
            }
            Reload::Kept(errors) => {
                let mistakes: Vec<_> = errors.iter().map(ToString::to_string).collect();
                log::error!(
                    "certificates that cannot be read stay as they were: {}",
                    mistakes.join("; ")
                );
                self.state.certificates_reread = Some(Reread::Failed(now));
                self.state.certificate_mistake = Some(mistakes.join("; "));
            }
        }
        self.gauge.note(&self.state);
    }

    /// Gives copies of all sockets to a successor, on a thread of its own: it takes its time to start.
    fn hand_over(&self, takeover: Takeover) {
        let mut sockets = self.state.doors.named();
        sockets.extend(self.own.named());
        let copies = match takeover::copies(&sockets) {
            Ok(copies) => copies,
            Err(error) => {
                return takeover.refuse(format!("cannot copy the listening sockets: {error}"));
            }
        };
        log::info!(
            "process {} (version {}) takes over",
            takeover
                .caller
                .pid
                .map_or_else(|| "of another namespace".to_owned(), |pid| pid.to_string()),
            takeover.from_version
        );
        let successor = takeover.caller.pid.and_then(|pid| u32::try_from(pid).ok());
        let done = self.background.0.clone();
        let give = move || match takeover::give(takeover, &copies) {
            Ok(()) => {
                let _process_has_ended = done.send(Background::Succeeded(successor));
            }
            Err(error) => log::error!(
                "the take-over failed and this process goes on: {:#}",
                anyhow::Error::new(error)
            ),
        };
        if let Err(error) = std::thread::Builder::new()
            .name("sorry-give".into())
            .spawn(give)
        {
            log::error!("the take-over failed and this process goes on: {error}");
        }
    }

    /// Accepts no more, lets everybody finish, within the drain time; a second signal ends it at once.
    async fn drain(mut self) -> Ended {
        let time = self.state.config.limits.drain_time;
        log::info!("draining for at most {}", config::duration::format(time));
        self.own.end();
        self.state.doors.close();
        self.crew.leave(time);
        let ended = tokio::select! {
            biased;
            () = self.signals.end() => Ended::Cut,
            () = self.crew.left() => Ended::Drained,
        };
        if let Some(log) = &self.gauge.log
            && log.finish(LAST_LINES) == access::Finish::Cut
        {
            log::warn!("the access log takes its last lines too slowly; some are lost");
        }
        ended
    }
}
