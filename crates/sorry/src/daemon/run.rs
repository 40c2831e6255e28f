//! The beginning of the process: sockets from whoever had them, configuration, workers; the rest is `control`'s.

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::brain::{Hands, Hold, KeepError};
use super::control::{Control, Ended};
use super::descriptors;
use super::kernel::{Bequest, Nodes, trial};
use super::own::Own;
use super::remote::RemoteError;
use super::runner::{Process, Runner};
use super::sandbox;
use super::state::{Origin, Read, State};
use super::supervisor::Supervisor;
use super::takeover::{self, Predecessor, TakeoverError};
use crate::config::{Config, Report, Workers};
use crate::listen::inherited::{self, InheritedError};
use crate::listen::notify::NotifyError;
use crate::listen::passed::Passed;

/// How the process begins.
pub struct Start {
    /// What is in force first.
    pub config: Config,
    /// How it is read again.
    pub read: Read,
    /// The configuration file, where there is one.
    pub file: Option<PathBuf>,
    /// From whom the sockets come.
    pub succession: Succession,
    /// Whether switches may do what they are configured to.
    pub hands: Hands,
}

/// From whom the listening sockets come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Succession {
    /// The service manager, where it has any; else they are made.
    First,
    /// The running process, where there is one: asked at this admin socket, or at the one in the configuration.
    Takeover(Option<PathBuf>),
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
    /// What the service manager passed in cannot be used.
    #[error("cannot use what the service manager passed")]
    Inherited(#[from] InheritedError),
    /// The service manager cannot be told anything.
    #[error("cannot talk to the service manager")]
    Manager(#[from] NotifyError),
    /// The running process kept its sockets.
    #[error("the take-over failed, and nothing was taken over")]
    Takeover(#[from] TakeoverError),
    /// What is to outlive the process cannot be kept.
    #[error("cannot keep what is ordered")]
    Keep(#[from] KeepError),
    /// The admin API over TCP cannot be served.
    #[error("cannot serve the admin API over TCP")]
    Remote(#[from] RemoteError),
    /// A worker ended that was not asked to.
    #[error("worker {0} has ended by itself; this is a mistake in sorry, please report it")]
    Lost(usize),
}

/// Reads what a configuration names, as `run` would: warnings, or everything that is wrong.
pub fn check(config: &Config) -> Result<Vec<String>, Report> {
    super::prepared::check(config)
}

/// Runs until told to end.
pub fn run(start: Start) -> Result<Ended, RunError> {
    descriptors::raise();
    let mut passed = inherited::take()?;
    // Children and later processes must not believe that the descriptors are theirs. No thread runs yet.
    inherited::forget().map_err(|error| RunError::System("clear the environment", error))?;
    let mut predecessor = None;
    if let Succession::Takeover(socket) = &start.succession {
        let admin = socket.as_ref().or(start.config.admin.as_ref());
        (passed, predecessor) = succeed(admin.map(PathBuf::as_path), passed)?;
    }
    let hold = match predecessor {
        Some(_) => Hold::handed_over(&start.config),
        None => take_hold(&start.config)?,
    };
    let process = runner(start.file.as_deref());
    let workers = workers(&start.config);
    let connections = descriptors::connections(
        start.config.limits.connections,
        start.config.listeners.len(),
        workers,
    );
    let origin = Origin {
        workers,
        connections,
        file: start.file.as_ref().map(|file| file.display().to_string()),
        programs: Arc::default(),
    };
    let supervisor = Supervisor::new(workers.get())?;
    let (mut state, change) =
        State::new(start.config, origin, &mut passed).map_err(RunError::Refused)?;
    if predecessor.is_some() {
        state.begin_with_what_was_typed();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| RunError::System("start the control runtime", error))?;
    Own::make(&state.config, &mut passed)?;
    let nodes = Nodes::attach(
        &state.config,
        &trial::all(&state),
        Bequest::claim(&mut passed),
    );
    let left = takeover::folders(&passed);
    let confined = sandbox::confine(&state.config, start.file.as_deref(), left);
    let read = sandbox::guarded(start.read, confined);
    runtime.block_on(async {
        let runner = match process {
            Some(process) => process.attach(&state.config).map_err(|error| {
                RunError::System("start the thread that asks the runner", error)
            })?,
            None => Runner::none(&state.config),
        };
        let mut control = Control::new(state, read, runner, supervisor)?;
        control.open(change, &mut passed)?;
        // Before the one that answers there until now may go.
        control.answer_in_kernel(nodes)?;
        if let Some(predecessor) = predecessor {
            predecessor.thank()?;
        }
        control.claim_files();
        control.think(start.hands, hold).await?;
        control.announce(passed);
        control.serve().await
    })
}

/// The state folder, before anything is opened or started: whoever has it already is not disturbed. Where it cannot be used for
/// another reason, the mistakes of the configuration are told first, all of them at their places.
fn take_hold(config: &Config) -> Result<Hold, RunError> {
    match Hold::now(config) {
        Err(error) if !error.is_busy() => match check(config) {
            Err(report) => Err(RunError::Refused(report)),
            Ok(_) => Err(error.into()),
        },
        held => Ok(held?),
    }
}

/// The process that runs programs, where there is a file that could name any.
fn runner(file: Option<&Path>) -> Option<Process> {
    match Process::start(file?) {
        Ok(process) => Some(process),
        Err(error) => {
            log::error!("the runner cannot be started, so no program can: {error}");
            None
        }
    }
}

/// Asks the running process for its sockets.
fn succeed(
    admin: Option<&Path>,
    inherited: Passed,
) -> Result<(Passed, Option<Predecessor>), RunError> {
    let Some(admin) = admin else {
        log::warn!(
            "there is no admin socket in the configuration, so nobody to take over from; \
             say --takeover=SOCKET where the running process has one"
        );
        return Ok((inherited, None));
    };
    match takeover::take(admin)? {
        Some((passed, predecessor)) => Ok((passed, Some(predecessor))),
        None => {
            log::info!(
                "nobody answers on {}: this is a first start",
                admin.display()
            );
            Ok((inherited, None))
        }
    }
}

fn workers(config: &Config) -> NonZeroUsize {
    let count = match config.workers {
        Workers::OnePerCore => std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
        Workers::Count(count) => count,
    };
    NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN)
}
