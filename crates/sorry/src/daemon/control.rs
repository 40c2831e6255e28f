//! The control thread: signals, orders from the admin socket, time, and what background threads have finished.
//!
//! One event at a time, each handled whole. Nothing here is on the way of a request. How the process leaves, to a successor
//! or for good, is next door.

mod certificates;
mod leaving;
mod thinking;

use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::access_log;
use super::alarm;
use super::brain::{Brain, Hands, News};
use super::crew::{Crew, Hiring, Pinning};
use super::doors::Change;
use super::handing::{Files, Handing, Next};
use super::kernel::Kernel;
use super::own::Own;
use super::pages::Loaded;
use super::report::Gauge;
use super::run::RunError;
use super::runner::Runner;
use super::state::{Read, State};
use super::supervisor::Supervisor;
use super::takeover::{self, TakeoverError};
use super::worker::Shared;
use crate::admin::{self, Command};
use crate::answer::Identities;
use crate::config::Report;
use crate::count::WorkerCounts;
use crate::listen::passed::Passed;
use crate::listen::tls::reload::Attempt;

/// How the process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// In good order.
    Drained,
    /// A second signal came before everybody had finished.
    Cut,
}

/// Orders that wait for the control thread.
const ORDERS: usize = 16;

/// The control thread.
pub(super) struct Control {
    state: State,
    crew: Crew,
    shared: Arc<Shared>,
    read: Read,
    /// Runs the programs of checks and alerts.
    runner: Runner,
    supervisor: Supervisor,
    gauge: Arc<Gauge>,
    signals: Signals,
    background: (
        mpsc::UnboundedSender<Background>,
        mpsc::UnboundedReceiver<Background>,
    ),
    orders: (mpsc::Sender<Command>, mpsc::Receiver<Command>),
    own: Own,
    handing: Handing,
    certificates: Option<JoinHandle<()>>,
    /// A thread compresses pages.
    compressing: bool,
    hands: Hands,
    /// What answers in the kernel, where anything does.
    kernel: Option<Kernel>,
    /// What decides; none before it is started, and none any more once a successor has taken over.
    brain: Option<Brain>,
    news: (mpsc::UnboundedSender<News>, mpsc::UnboundedReceiver<News>),
}

/// What was done elsewhere.
enum Background {
    /// Pages in all codings, and which edition of them.
    Compressed(u64, Vec<Loaded>),
    /// Certificates of that generation were read again, because their files had changed.
    Certificates(u64, Vec<Attempt>),
    /// A take-over has ended.
    Handed(Handed),
}

/// What has become of a take-over.
struct Handed {
    /// The successor's process number.
    successor: Option<u32>,
    result: Result<(), TakeoverError>,
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
    Forget,
    Background(Background),
    Order(Box<Command>),
    News(News),
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
        runner: Runner,
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
        state.programs.run_by(runner.clone());
        Ok(Control {
            state,
            crew,
            shared,
            read,
            runner,
            supervisor,
            gauge,
            signals: Signals::new()?,
            background: mpsc::unbounded_channel(),
            orders: mpsc::channel(ORDERS),
            own: Own::default(),
            handing: Handing::default(),
            certificates: None,
            compressing: false,
            hands: Hands::Free,
            kernel: None,
            brain: None,
            news: mpsc::unbounded_channel(),
        })
    }

    /// Opens every listener: the sites' and the operator's own.
    pub(super) fn open(&mut self, change: Change, passed: &mut Passed) -> Result<(), RunError> {
        self.own
            .open(&self.state.config, &self.gauge, &self.orders.0, passed)?;
        self.crew.open(change.shares);
        Ok(())
    }

    /// Nobody but this process goes on with the sockets that it was passed: their files are its own from now on.
    pub(super) fn claim_files(&mut self) {
        self.state.doors.claim_files();
        self.own.claim_file();
    }

    /// Tells everybody that all is open. What was passed and nobody wanted is closed.
    pub(super) fn announce(&mut self, passed: Passed) {
        for (name, closed) in passed.left_over() {
            // Before the socket itself, as with all of them.
            drop(takeover::abandoned(&name, &closed));
            log::warn!("nobody listens on the socket that was passed as {name}; it is closed");
            self.supervisor.discard(&name);
        }
        for door in self.state.doors.iter() {
            log::info!("listening on {}", door.address);
        }
        self.remind();
        log::info!(
            "ready: {} workers, process {}",
            self.crew.len(),
            std::process::id()
        );
        self.supervisor.ready(self.summary());
        self.compress();
        self.watch_certificates();
    }

    /// What somebody should know of whatever is in force.
    fn remind(&self) {
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
                    self.end();
                    return Ok(self.drain().await);
                }
                Event::Background(Background::Handed(handed)) => {
                    if self.settle(handed) == Next::Leave {
                        return Ok(self.drain().await);
                    }
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
        let forget = self.state.next_to_forget();
        tokio::select! {
            biased;
            _ = terminate.recv() => Event::End,
            _ = interrupt.recv() => Event::End,
            _ = hang_up.recv() => Event::Reload,
            Some(done) = self.background.1.recv() => Event::Background(done),
            Some(news) = self.news.1.recv() => Event::News(news),
            Some(order) = self.orders.1.recv() => Event::Order(Box::new(order)),
            worker = self.crew.lost() => Event::Lost(worker),
            () = alarm::until(self.state.next_until()) => Event::Refresh,
            () = alarm::at(Some(feed)) => Event::Feed,
            () = alarm::at(forget) => Event::Forget,
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Reload => {
                self.reload();
            }
            Event::Refresh => {
                self.state.refresh(&self.shared);
                self.say_in_kernel();
                self.gauge.note(&self.state);
                self.compress();
            }
            Event::Forget => self.state.forget_earlier(&self.shared),
            Event::Background(Background::Compressed(edition, pages)) => {
                self.compressing = false;
                self.state.take_compressed(edition, pages, &self.shared);
                self.compress();
            }
            Event::Background(Background::Certificates(generation, attempts)) => {
                // A reload has read them all since, and knows better.
                if generation == self.state.generation {
                    self.note_certificates(&attempts);
                }
            }
            Event::Order(order) => self.obey(*order),
            Event::News(News::Outlooks(outlooks)) => {
                self.state.take_outlooks(outlooks, &self.shared);
                self.say_in_kernel();
                self.gauge.note(&self.state);
                self.compress();
            }
            Event::News(News::Route(routed)) => {
                if let Some(kernel) = &self.kernel {
                    kernel.route(routed);
                }
            }
            Event::News(News::Answer(answer)) => self.tell_outcome(*answer),
            Event::Feed => {
                self.crew.turn();
                self.supervisor.feed(self.crew.counts());
            }
            Event::End | Event::Lost(_) | Event::Background(Background::Handed(_)) => {}
        }
    }

    fn obey(&mut self, order: Command) {
        match order {
            Command::Status(reply) => {
                let _nobody_waits = reply.send(self.status());
            }
            Command::Reload { by, reply } => {
                log::info!("{by} asks for a reload");
                let _nobody_waits = reply.send(self.reload());
            }
            Command::Takeover(takeover) => self.hand_over(takeover),
            // Where nothing decides any more, whoever waits hears that the daemon is stopping.
            other => drop(self.brain.as_ref().and_then(|brain| brain.hear(other))),
        }
    }

    fn reload(&mut self) -> admin::ReloadReport {
        if self.handing.is_under_way() {
            // The successor has what is open now; it would miss what is opened, and lose what is closed.
            let why = "a take-over is under way; reload again when it has ended";
            log::error!("no reload: {why}");
            let report = self.state.refuse_reload(why);
            self.gauge.note(&self.state);
            return report;
        }
        self.supervisor.reloading();
        if let Some(log) = &self.gauge.log {
            // It may have been rotated.
            log.reopen();
        }
        let mut report = self.state.reload(&self.read, &self.crew, &self.shared);
        if !report.mistakes.is_empty() {
            log::error!("the old configuration stays in force:\n{}", report.shown);
        }
        if report.mistakes.is_empty() {
            self.runner.configured(&self.state.config);
            self.remind();
            let changes = match report.changes.is_empty() {
                true => "nothing has changed".to_owned(),
                false => report.changes.join("; "),
            };
            log::info!(
                "reloaded: configuration {} is in force; {changes}",
                report.generation
            );
            self.compress();
            self.watch_certificates();
            self.say_in_kernel();
            report.pending.extend(self.gauge.kernel().unattached());
            for pending in &report.pending {
                log::info!("{pending}");
            }
            self.configure_brain();
            self.own.renew(&self.state.config);
        }
        self.gauge.note(&self.state);
        self.supervisor.ready(self.summary());
        report
    }

    /// Compresses the pages on a thread of their own: the best compression is slow, and nobody waits for it.
    /// One at a time: what has changed meanwhile comes next.
    fn compress(&mut self) {
        if self.compressing {
            return;
        }
        let Some((edition, pages)) = self.state.to_compress() else {
            return self.give_back();
        };
        let done = self.background.0.clone();
        let work = move || {
            let pages = pages.into_iter().map(Loaded::compress).collect();
            let _process_has_ended = done.send(Background::Compressed(edition, pages));
        };
        if let Err(error) = std::thread::Builder::new()
            .name("sorry-compress".into())
            .spawn(work)
        {
            log::warn!("pages stay uncompressed: {error}");
            return;
        }
        self.compressing = true;
    }

    /// What the start, a reload or the best compression needed once is given back: what workers without work still hold,
    /// megabytes of heap, and most of the program's code.
    fn give_back(&self) {
        self.crew.turn();
        sorry_sys::heap::give_back();
        sorry_sys::program::give_back();
    }
}
