//! The daemon's side: starts the runner, asks it, and goes on without it where it must.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::channel::{self, Channel};
use super::message::{Answer, Ask, Kind, decode, encode};
use super::programs::Programs;
use super::serve::ASKED;
use crate::config::Config;
use crate::program::{BYTES_MAX, Finished};

/// How long after the time of a program its answer is waited for.
const LATE: Duration = Duration::from_secs(2);

/// How soon a runner that has ended is started again, at first and at most.
const AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How the runner stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It runs, under this process number.
    Runs(u32),
    /// It has ended, and will be started again.
    Restarts,
    /// It has ended, and only a restart of the daemon brings it back: a sandbox lets nobody start anything.
    Gone,
    /// There is none: nothing names a program.
    None,
}

/// The runner's process, with our end of the pair.
#[derive(Debug)]
pub struct Process {
    child: Child,
    socket: OwnedFd,
    file: PathBuf,
}

impl Process {
    /// Starts it: this very program, with another verb, for the same configuration file. Before there is a sandbox.
    pub fn start(file: &Path) -> io::Result<Process> {
        let (ours, its) = channel::pair()?;
        let child = Command::new("/proc/self/exe")
            .arg0("sorry")
            .arg("runner")
            .arg(file)
            .stdin(Stdio::from(its))
            .stdout(Stdio::null())
            // What a terminal sends to the daemon's group is the daemon's.
            .process_group(0)
            .spawn()?;
        Ok(Process {
            child,
            socket: ours,
            file: file.to_owned(),
        })
    }

    /// Gives it to a thread of its own: whatever else the daemon does, checks hear what became of their programs in time.
    pub fn attach(self, config: &Config) -> io::Result<Runner> {
        let (runner, calls, standing) = Runner::new(config);
        let hung = Arc::clone(&runner.hung);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::Builder::new()
            .name("sorry-programs".into())
            .spawn(move || {
                runtime.block_on(drive(self, calls, standing, hung));
                runtime.shutdown_background();
            })?;
        Ok(runner)
    }
}

/// Asks the runner, from any thread and any runtime.
#[derive(Debug, Clone)]
pub struct Runner {
    calls: mpsc::Sender<Call>,
    programs: Arc<ArcSwap<Programs>>,
    standing: watch::Receiver<Standing>,
    /// How many programs hang, by the last answer.
    hung: Arc<AtomicU32>,
}

/// A question, and who waits for its answer.
#[derive(Debug)]
struct Call {
    ask: Ask,
    input: Vec<u8>,
    reply: oneshot::Sender<Finished>,
}

impl Runner {
    /// One that runs nothing, where there is no configuration file to name a program.
    pub fn none(config: &Config) -> Runner {
        Runner::new(config).0
    }

    fn new(config: &Config) -> (Runner, mpsc::Receiver<Call>, watch::Sender<Standing>) {
        let (sender, calls) = mpsc::channel(ASKED);
        let (standing, seen) = watch::channel(Standing::None);
        let runner = Runner {
            calls: sender,
            programs: Arc::new(ArcSwap::from_pointee(Programs::of(config))),
            standing: seen,
            hung: Arc::default(),
        };
        (runner, calls, standing)
    }

    /// Another configuration is in force. The runner reads it itself, when it is next asked.
    pub fn configured(&self, config: &Config) {
        self.programs.store(Arc::new(Programs::of(config)));
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        *self.standing.borrow()
    }

    /// How many programs were killed and do not end, as the runner said it last; none where there is no runner.
    pub fn hung(&self) -> Option<u64> {
        match self.standing() {
            Standing::None => None,
            _ => Some(self.hung.load(Ordering::Relaxed).into()),
        }
    }

    /// Runs a program of the configuration, with this on its standard input (at most 64 KiB), for at most so long. Always
    /// answers: where nothing was started, why.
    pub async fn run(
        &self,
        kind: Kind,
        argv: &[Box<str>],
        input: Vec<u8>,
        timeout: Duration,
    ) -> Finished {
        let programs = self.programs.load_full();
        let Some(index) = programs.place(kind, argv) else {
            return Finished::not_started("it is not in the configuration that is in force");
        };
        if input.len() > BYTES_MAX {
            return Finished::not_started("its input is too long");
        }
        let (reply, answer) = oneshot::channel();
        let call = Call {
            ask: Ask {
                id: 0,
                table: programs.digest().into(),
                kind,
                index,
                timeout_ms: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
            },
            input,
            reply,
        };
        if self.calls.try_send(call).is_err() {
            return Finished::not_started(match self.standing() {
                Standing::None => "there is no runner",
                Standing::Gone => "the runner is gone: restart sorry",
                _ => "the runner has too much to do",
            });
        }
        match tokio::time::timeout(timeout + LATE, answer).await {
            Ok(Ok(finished)) => finished,
            Ok(Err(_)) => Finished::not_started("the runner is gone"),
            Err(_) => Finished::not_started("the runner does not answer"),
        }
    }
}

/// Serves all calls, from one runner to the next.
async fn drive(
    process: Process,
    mut calls: mpsc::Receiver<Call>,
    standing: watch::Sender<Standing>,
    hung: Arc<AtomicU32>,
) {
    let Process {
        mut child,
        mut socket,
        file,
    } = process;
    let mut pause = AGAIN.0;
    let _known = standing.send(Standing::Runs(child.id()));
    loop {
        let began = Instant::now();
        // Without its end of the pair it ends.
        if converse(socket, &mut calls, &hung).await == Told::AllThereWas {
            return;
        }
        let Some(status) = end_of(child, &mut calls).await else {
            return;
        };
        log::error!(
            "the runner has ended ({}): no program can be run",
            shown(&status)
        );
        if began.elapsed() > AGAIN.1 {
            pause = AGAIN.0;
        }
        match again(&file, &mut pause, &mut calls, &standing).await {
            Some(next) => {
                log::info!("the runner runs again");
                // It knows of none that its predecessor knew of.
                hung.store(0, Ordering::Relaxed);
                let _known = standing.send(Standing::Runs(next.child.id()));
                (child, socket) = (next.child, next.socket);
            }
            None => return,
        }
    }
}

/// Waits for the end of a runner that has hung up, for as long as the kernel keeps it. Who asks meanwhile hears that it is gone. None
/// where nobody will ask any more.
async fn end_of(
    mut child: Child,
    calls: &mut mpsc::Receiver<Call>,
) -> Option<io::Result<ExitStatus>> {
    let mut ended = tokio::task::spawn_blocking(move || child.wait());
    loop {
        tokio::select! {
            status = &mut ended => return Some(status.unwrap_or_else(|error| Err(error.into()))),
            call = calls.recv() => drop(call?),
        }
    }
}

fn shown(status: &io::Result<ExitStatus>) -> String {
    match status {
        Ok(status) => status.to_string(),
        Err(_) => "nobody knows how".to_owned(),
    }
}

/// Starts it again, sooner or later; none where that will never be possible. Whoever asks meanwhile hears so at once.
async fn again(
    file: &Path,
    pause: &mut Duration,
    calls: &mut mpsc::Receiver<Call>,
    standing: &watch::Sender<Standing>,
) -> Option<Process> {
    let _known = standing.send(Standing::Restarts);
    loop {
        let until = Instant::now() + *pause;
        *pause = (*pause * 2).min(AGAIN.1);
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(until) => break,
                // Who drops the call is told that the runner is gone.
                call = calls.recv() => drop(call?),
            }
        }
        match Process::start(file) {
            Ok(process) => return Some(process),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                log::error!(
                    "the runner cannot be started again from within the sandbox; checks and alerts by programs need a restart of \
                     sorry"
                );
                let _known = standing.send(Standing::Gone);
                return None;
            }
            Err(error) => log::error!("the runner cannot be started: {error}"),
        }
    }
}

/// Why a conversation has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Nobody will ask any more.
    AllThereWas,
    /// The runner is gone.
    NoMore,
}

/// Passes questions and answers between those who ask and a runner.
async fn converse(socket: OwnedFd, calls: &mut mpsc::Receiver<Call>, hung: &AtomicU32) -> Told {
    let Ok(channel) = Channel::new(socket) else {
        return Told::NoMore;
    };
    let mut waiting: HashMap<u64, oneshot::Sender<Finished>> = HashMap::new();
    let mut number = 0_u64;
    loop {
        tokio::select! {
            call = calls.recv() => {
                let Some(mut call) = call else {
                    return Told::AllThereWas;
                };
                number += 1;
                call.ask.id = number;
                // Those who no longer wait make room for others.
                waiting.retain(|_, reply| !reply.is_closed());
                let Some(packet) = encode(&call.ask, &call.input) else {
                    continue;
                };
                waiting.insert(number, call.reply);
                if channel.send(&packet).await.is_err() {
                    return Told::NoMore;
                }
            }
            packet = channel.receive() => {
                let Ok(Some(packet)) = packet else {
                    return Told::NoMore;
                };
                let Some((answer, output)) = decode::<Answer>(&packet) else {
                    continue;
                };
                hung.store(answer.hung, Ordering::Relaxed);
                if let Some(reply) = waiting.remove(&answer.id) {
                    let _nobody_waits = reply.send(Finished {
                        how: answer.how,
                        output: output.to_vec(),
                        took: Duration::from_millis(answer.took_ms),
                    });
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
