//! The runner's own side: hears questions, reads the configuration file when they are about a table that it does not know yet, and runs
//! so many programs at once.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::LocalSet;
use tokio::time::{Instant, timeout_at};

use super::channel::{self, Channel};
use super::message::{Answer, Ask, decode, encode};
use super::programs::{Argv, Programs};
use crate::config::{Config, Report};
use crate::program::{self, Finished, Hung};

/// How many programs run at the same time; others wait, within their own time.
const AT_ONCE: usize = 64;

/// How many questions may wait; the daemon asks no more.
pub(super) const ASKED: usize = 1024;

/// How many tables are remembered: those of a reload and of the one before it, whose checks may still be asked for.
const TABLES: usize = 4;

/// How soon after it was read the file is read again for a table that it did not have.
const AGAIN: Duration = Duration::from_millis(500);

/// The longest that any program may take.
const LONGEST: Duration = Duration::from_secs(3600);

/// Why the runner has not run.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// Somebody has called it by hand.
    #[error("`sorry runner` is started by `sorry run`, and by nobody else")]
    NotAsked,
    /// The system.
    #[error("the runner cannot {0}")]
    System(&'static str, #[source] io::Error),
}

/// Serves the daemon at the other end of standard input, until that is gone.
pub fn serve(read: impl Fn() -> Result<Config, Report> + 'static) -> Result<(), RunnerError> {
    let socket = io::stdin().as_fd().try_clone_to_owned();
    let socket = socket.map_err(|error| RunnerError::System("use standard input", error))?;
    if !channel::is_end(&socket) {
        return Err(RunnerError::NotAsked);
    }
    // What a service manager has given to the daemon is not for programs.
    let _none_given = rustix::thread::clear_ambient_capability_set();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| RunnerError::System("start its runtime", error))?;
    let serve = async {
        let _deaf = deaf()?;
        answer_all(socket, read).await
    };
    let served = LocalSet::new().block_on(&runtime, serve);
    // A program whose start hangs would hold the end.
    runtime.shutdown_background();
    served.map_err(|error| RunnerError::System("hear the daemon", error))
}

/// The end of the daemon is its own end; what a terminal or a service manager sends to all processes is not: the daemon needs
/// it while it leaves. Programs do not inherit this, for what is handled is reset when one is started (execve(2)).
fn deaf() -> io::Result<[Signal; 3]> {
    Ok([
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
        signal(SignalKind::hangup())?,
    ])
}

/// Answers questions until there is nobody to ask any. Programs that still run then are killed.
pub(super) async fn answer_all(
    socket: OwnedFd,
    read: impl Fn() -> Result<Config, Report> + 'static,
) -> io::Result<()> {
    let channel = Channel::new(socket)?;
    let desk = Rc::new(Desk {
        tables: RefCell::new(Tables::default()),
        read: Box::new(read),
        places: Semaphore::new(AT_ONCE),
        hung: Hung::default(),
    });
    let (answers, mut ready) = mpsc::channel::<Vec<u8>>(ASKED);
    let hear = async {
        let mut running = tokio::task::JoinSet::new();
        loop {
            tokio::select! {
                packet = channel.receive(), if running.len() < ASKED => {
                    let Some(packet) = packet? else {
                        // With it go all that run.
                        return Ok(());
                    };
                    let (desk, answers) = (Rc::clone(&desk), answers.clone());
                    running.spawn_local(async move {
                        if let Some(answer) = desk.answer(&packet).await {
                            let _nobody_waits = answers.send(answer).await;
                        }
                    });
                }
                Some(_ended) = running.join_next() => {}
            }
        }
    };
    let tell = async {
        while let Some(answer) = ready.recv().await {
            // Who cannot be told anything is gone.
            if channel.send(&answer).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        ended = hear => ended,
        () = tell => Ok(()),
    }
}

/// What is shared by all questions.
struct Desk {
    tables: RefCell<Tables>,
    read: Box<dyn Fn() -> Result<Config, Report>>,
    places: Semaphore,
    /// Programs that nobody can kill. They take nobody's place.
    hung: Hung,
}

/// Tables of programs, the newest last.
#[derive(Default)]
struct Tables {
    known: Vec<Programs>,
    read_at: Option<Instant>,
}

impl Desk {
    /// The answer as a packet; none to what is no question.
    async fn answer(&self, packet: &[u8]) -> Option<Vec<u8>> {
        let (ask, input): (Ask, &[u8]) = decode(packet)?;
        let timeout = Duration::from_millis(ask.timeout_ms).min(LONGEST);
        let deadline = Instant::now() + timeout;
        let finished = match self.look_up(&ask) {
            Ok(argv) => self.run(&argv, input, deadline).await,
            Err(why) => Finished::not_started(why),
        };
        let answer = Answer {
            id: ask.id,
            how: finished.how,
            took_ms: u64::try_from(finished.took.as_millis()).unwrap_or(u64::MAX),
            hung: u32::try_from(self.hung.number()).unwrap_or(u32::MAX),
        };
        encode(&answer, &finished.output).or_else(|| encode(&answer, b""))
    }

    async fn run(&self, argv: &Argv, input: &[u8], deadline: Instant) -> Finished {
        let Ok(Ok(_place)) = timeout_at(deadline, self.places.acquire()).await else {
            return Finished::not_started(format!("{AT_ONCE} other programs were running"));
        };
        let left = deadline.saturating_duration_since(Instant::now());
        program::run(argv, input, left, &self.hung).await
    }

    /// The program that is meant, by what the configuration file says.
    fn look_up(&self, ask: &Ask) -> Result<Argv, String> {
        let tables = &mut *self.tables.borrow_mut();
        if tables.find(&ask.table).is_none() {
            tables.read_again(&self.read)?;
        }
        let table = tables
            .find(&ask.table)
            .ok_or("the configuration file was changed and is not in force yet: sorry reload")?;
        let program = table.at(ask.kind, ask.index);
        program
            .cloned()
            .ok_or_else(|| "there is no such program".into())
    }
}

impl Tables {
    fn find(&self, digest: &str) -> Option<&Programs> {
        self.known.iter().find(|table| table.digest() == digest)
    }

    fn read_again(&mut self, read: &dyn Fn() -> Result<Config, Report>) -> Result<(), String> {
        if self.read_at.is_some_and(|at| at.elapsed() < AGAIN) {
            return Ok(());
        }
        self.read_at = Some(Instant::now());
        let config =
            read().map_err(|_| "the configuration file has mistakes: sorry check-config")?;
        let table = Programs::of(&config);
        self.known.retain(|known| known != &table);
        self.known.push(table);
        if self.known.len() > TABLES {
            self.known.remove(0);
        }
        Ok(())
    }
}
