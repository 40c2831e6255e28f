//! The life of the process: open, start, listen to signals and orders, drain, end.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::crew::{Crew, Hiring, Pinning};
use super::descriptors;
use super::pages::Loaded;
use super::state::{Read, State, now};
use super::worker::Shared;
use crate::answer::Identities;
use crate::config::{self, AccessFormat, AccessTarget, Config, Report, Workers};
use crate::count::{WorkerCounts, access};
use crate::listen::passed::Passed;

/// How the process begins.
pub struct Start {
    /// What is in force first.
    pub config: Config,
    /// How it is read again.
    pub read: Read,
}

/// How the process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// In good order.
    Drained,
    /// A second signal came before everybody had finished.
    Cut,
}

/// Why it did not run, or not to a good end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration, or a file or address that it names.
    #[error("{0}")]
    Refused(Report),
    /// The machine.
    #[error("cannot {0}")]
    System(&'static str, #[source] io::Error),
    /// A worker ended that was not asked to.
    #[error("worker {0} has ended by itself; this is a mistake in sorry, please report it")]
    Lost(usize),
}

/// Reads and opens what a configuration names, as `run` would, and closes it again.
pub fn check(config: &Config) -> Result<Vec<String>, Report> {
    super::state::check(config)
}

/// Runs until told to end.
pub fn run(start: Start) -> Result<Ended, RunError> {
    descriptors::raise();
    let workers = workers(&start.config);
    let connections = descriptors::connections(
        start.config.limits.connections,
        start.config.listeners.len(),
        workers,
    );
    let mut passed = Passed::default();
    let (state, change) =
        State::new(start.config, workers, connections, &mut passed).map_err(RunError::Refused)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| RunError::System("start the control runtime", error))?;
    runtime.block_on(async {
        let control = Control::new(state, start.read)?;
        control.crew.open(change.shares);
        control.announce();
        control.compress();
        control.serve().await
    })
}

fn workers(config: &Config) -> NonZeroUsize {
    let count = match config.workers {
        Workers::OnePerCore => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
        Workers::Count(count) => count,
    };
    NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN)
}

/// The control thread.
struct Control {
    state: State,
    crew: Crew,
    shared: Arc<Shared>,
    read: Read,
    signals: Signals,
    compressed: (UnboundedSender<Compressed>, UnboundedReceiver<Compressed>),
}

/// Pages in all codings, for the generation they were made of.
struct Compressed {
    generation: u64,
    pages: Vec<Loaded>,
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
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

/// What the control thread is woken for.
enum Event {
    End,
    Reload,
    Refresh,
    Compressed(Compressed),
    Lost(usize),
}

impl Control {
    fn new(state: State, read: Read) -> Result<Control, RunError> {
        let log = open_log(&state.config)?;
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
        Ok(Control {
            state,
            crew,
            shared,
            read,
            signals: Signals::new()?,
            compressed: unbounded_channel(),
        })
    }

    fn announce(&self) {
        for door in self.state.doors.iter() {
            log::info!("listening on {}", door.address);
        }
        let warnings = self
            .state
            .pages
            .iter()
            .flat_map(|loaded| &loaded.page.warnings);
        for warning in warnings {
            log::warn!("{warning}");
        }
        log::info!("ready: {} workers", self.crew.len());
    }

    async fn serve(mut self) -> Result<Ended, RunError> {
        loop {
            match self.event().await {
                Event::End => return Ok(self.drain().await),
                Event::Reload => self.reload(),
                Event::Refresh => {
                    self.state.refresh(&self.shared);
                    self.compress();
                }
                Event::Compressed(made) => self.publish_compressed(made),
                Event::Lost(worker) => return Err(RunError::Lost(worker)),
            }
        }
    }

    async fn event(&mut self) -> Event {
        let Signals {
            terminate,
            interrupt,
            hang_up,
        } = &mut self.signals;
        tokio::select! {
            biased;
            _ = terminate.recv() => Event::End,
            _ = interrupt.recv() => Event::End,
            _ = hang_up.recv() => Event::Reload,
            Some(made) = self.compressed.1.recv() => Event::Compressed(made),
            worker = self.crew.lost() => Event::Lost(worker),
            () = until(self.state.next_until()) => Event::Refresh,
        }
    }

    fn reload(&mut self) {
        let report = self.state.reload(&self.read, &self.crew, &self.shared);
        for mistake in &report.mistakes {
            log::error!("the old configuration stays in force:\n{mistake}");
        }
        if report.mistakes.is_empty() {
            log::info!(
                "configuration {} is in force: {}",
                report.generation,
                report.changes.join("; ")
            );
            self.announce();
            self.compress();
        }
    }

    /// Compresses the pages on a thread of their own: the best compression is slow, and nobody waits for it.
    fn compress(&self) {
        let generation = self.state.generation;
        let pages = self.state.pages.clone();
        let done = self.compressed.0.clone();
        let work = move || {
            let pages = pages.into_iter().map(Loaded::compress).collect();
            let _process_has_ended = done.send(Compressed { generation, pages });
        };
        if let Err(error) = std::thread::Builder::new()
            .name("sorry-compress".into())
            .spawn(work)
        {
            log::warn!("pages stay uncompressed: {error}");
        }
    }

    fn publish_compressed(&mut self, made: Compressed) {
        if made.generation == self.state.generation {
            self.state.pages = made.pages;
            self.state.publish(&self.shared);
        }
    }

    /// Accepts no more, lets everybody finish, within the drain time; a second signal ends it at once.
    async fn drain(mut self) -> Ended {
        let time = self.state.config.limits.drain_time;
        log::info!("draining for at most {}", config::duration::format(time));
        self.state.doors.close();
        self.crew.leave(time);
        tokio::select! {
            biased;
            () = self.signals.end() => Ended::Cut,
            () = self.crew.left() => Ended::Drained,
        }
    }
}

/// Resolves at a second since 1970; never, without one. The wall clock may be set meanwhile, so a long wait is looked at
/// again now and then.
async fn until(second: Option<u64>) {
    const LOOK: Duration = Duration::from_secs(300);
    let Some(second) = second else {
        return std::future::pending().await;
    };
    loop {
        let left = second.saturating_sub(now());
        if left == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_secs(left).min(LOOK)).await;
    }
}

/// Opens the access log, where one is wanted, and starts the thread that writes it.
fn open_log(config: &Config) -> Result<Option<access::Log>, RunError> {
    let format = match config.log.access {
        AccessFormat::None => return Ok(None),
        AccessFormat::Json => access::Format::Json,
        AccessFormat::Combined => access::Format::Combined,
    };
    let sink: Box<dyn io::Write + Send> = match &config.log.access_target {
        AccessTarget::Stdout => Box::new(io::stdout()),
        AccessTarget::File(path) => {
            let file = std::fs::OpenOptions::new()
                .append(true)
                .create(true)
                .open(path);
            Box::new(file.map_err(|error| RunError::System("open the access log", error))?)
        }
    };
    let (log, writer) = access::log(format);
    let write = move || {
        writer.run(sink, |error| {
            log::warn!("the access log cannot be written: {error}")
        })
    };
    std::thread::Builder::new()
        .name("sorry-log".into())
        .spawn(write)
        .map_err(|error| RunError::System("start the access log", error))?;
    Ok(Some(log))
}
