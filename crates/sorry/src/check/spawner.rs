//! Who runs the programs of the exec checker. Behind a trait, since a sandboxed daemon may not start programs itself: it hands them to its
//! runner, which knows them by their place in the configuration. [`Direct`] starts them from this process.

use std::fmt;
use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncWriteExt as _;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout_at};

use super::subject::Subject;

/// The path that programs are found by which a program starts; our own environment is nobody's business.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How much of what a program prints is kept.
pub const OUTPUT_MAX_BYTES: usize = 4096;

/// The least time before the deadline at which a program is asked to end (SIGTERM) before it is made to (SIGKILL).
const GRACE_MAX: Duration = Duration::from_millis(100);

/// Between SIGKILL and the deadline: for the kernel to tell us of the end.
const RESERVE_MAX: Duration = Duration::from_millis(10);

/// A program that is to be run once.
#[derive(Clone, Copy, Debug)]
pub struct Errand<'a> {
    /// Whose check it is.
    pub subject: &'a Subject,
    /// The program by its full path, then its arguments.
    pub argv: &'a [Box<str>],
    /// What it gets on its standard input.
    pub input: &'a [u8],
    /// When it must be over, with everything that it has started.
    pub deadline: Instant,
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// In which way.
    pub how: How,
    /// The beginning of what it printed, on standard output and standard error; at most [`OUTPUT_MAX_BYTES`].
    pub output: Vec<u8>,
}

/// In which way a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By itself, with this exit code.
    Code(u8),
    /// By this signal, which we have not sent.
    Signal(i32),
    /// Not in time; its process group was killed.
    TimedOut,
}

/// What [`Spawner::run`] gives.
pub type Running<'a> = Pin<Box<dyn Future<Output = io::Result<Ended>> + Send + 'a>>;

/// Runs programs.
pub trait Spawner: fmt::Debug + Send + Sync {
    /// Runs one to its end, or kills its whole process group in time. Dropping the future kills it, too.
    ///
    /// # Errors
    /// It could not be started.
    fn run<'a>(&'a self, errand: Errand<'a>) -> Running<'a>;
}

/// Starts programs from this process.
#[derive(Clone, Copy, Debug)]
pub struct Direct;

impl Spawner for Direct {
    fn run<'a>(&'a self, errand: Errand<'a>) -> Running<'a> {
        Box::pin(run(errand))
    }
}

async fn run(errand: Errand<'_>) -> io::Result<Ended> {
    let (mut child, output) = start(errand.argv)?;
    let mut group = Group::of(&child);
    let mut kept = Kept {
        output,
        bytes: Vec::new(),
        open: true,
    };
    let stdin = child.stdin.take();
    let feed = async {
        // A program that does not read its input is none the worse for it.
        if let Some(mut stdin) = stdin {
            let _not_read = stdin.write_all(errand.input).await;
        }
    };
    let left = errand.deadline - Instant::now();
    let kill_at = errand.deadline - RESERVE_MAX.min(left / 10);
    let end_at = kill_at - GRACE_MAX.min(left / 5);
    let together = async { tokio::join!(feed, kept.follow(&mut child)).1 };
    if let Ok(status) = timeout_at(end_at, together).await {
        group.reaped();
        return Ok(Ended {
            how: how(status?),
            output: kept.bytes,
        });
    }
    group.signal(Signal::TERM);
    let ended_when_asked = timeout_at(kill_at, kept.follow(&mut child)).await.is_ok();
    // Also where the program itself has ended: what it has started may be there still.
    group.signal(Signal::KILL);
    if !ended_when_asked {
        let _reaped_later = timeout_at(errand.deadline, child.wait()).await;
    }
    group.reaped();
    Ok(Ended {
        how: How::TimedOut,
        output: kept.bytes,
    })
}

/// Starts it in a process group of its own, with both outputs in one pipe.
fn start(argv: &[Box<str>]) -> io::Result<(Child, pipe::Receiver)> {
    let (program, arguments) = argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
    let (reader, writer) = io::pipe()?;
    let mut command = Command::new(&**program);
    command
        .args(arguments.iter().map(|argument| &**argument))
        .env_clear()
        .env("PATH", PATH)
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    let child = command.spawn()?;
    let output = pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?;
    Ok((child, output))
}

fn how(status: ExitStatus) -> How {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => How::Code(u8::try_from(code).unwrap_or(u8::MAX)),
        (None, signal) => How::Signal(signal.unwrap_or(0)),
    }
}

/// What a program prints, of which the beginning is kept and the rest is read and forgotten.
struct Kept {
    output: pipe::Receiver,
    bytes: Vec<u8>,
    open: bool,
}

impl Kept {
    /// Reads until the program ends. What it has started may hold the pipe for longer; that is not waited for.
    async fn follow(&mut self, child: &mut Child) -> io::Result<ExitStatus> {
        loop {
            tokio::select! {
                status = child.wait() => {
                    while self.read() {}
                    return status;
                }
                ready = self.output.readable(), if self.open => {
                    self.open = ready.is_ok();
                    self.read();
                }
            }
        }
    }

    /// Whether there was something.
    fn read(&mut self) -> bool {
        let mut part = [0; 4096];
        match self.output.try_read(&mut part) {
            Ok(0) => {
                self.open = false;
                false
            }
            Ok(count) => {
                let room = OUTPUT_MAX_BYTES - self.bytes.len();
                self.bytes.extend_from_slice(&part[..count.min(room)]);
                true
            }
            Err(error) => {
                self.open &= error.kind() == io::ErrorKind::WouldBlock;
                false
            }
        }
    }
}

/// A process group that is not left behind: it is killed when nobody waits for it any more. Its number cannot have become somebody
/// else's before its first process was waited for.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Group {
        let number = child.id().and_then(|number| i32::try_from(number).ok());
        Group(number.and_then(Pid::from_raw))
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.0 {
            let _gone_already = kill_process_group(group, signal);
        }
    }

    fn reaped(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

#[cfg(test)]
#[path = "spawner_tests.rs"]
mod tests;
