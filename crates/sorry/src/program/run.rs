//! One program, from its start to its end: no shell, no environment but a path, what it prints up to a bound, and nothing left
//! of its process group when its time is over, or when nobody waits for it any more.

use std::convert::Infallible;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal};
use sorry_sys::registered::Registered;
use tokio::io::AsyncWriteExt as _;
use tokio::io::Interest;
use tokio::net::unix::pipe;
use tokio::time::Instant;

use super::{BYTES_MAX, Finished, How, trust};

/// Where programs find others.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How long before the end of its time a program is asked to end by itself (SIGTERM).
const GRACE: Duration = Duration::from_millis(200);

/// Runs a program with this on its standard input, for at most so long.
pub async fn run(argv: &[Box<str>], input: &[u8], timeout: Duration) -> Finished {
    let began = Instant::now();
    let mut output = Vec::new();
    let how = match start(argv) {
        Ok(running) => running.finish(input, &mut output, began + timeout).await,
        Err(why) => How::NotStarted(why.into()),
    };
    Finished {
        how,
        output,
        took: began.elapsed(),
    }
}

/// A program with its process group. Dropping it kills all of them.
struct Running {
    child: Child,
    /// Until it was killed.
    group: Option<Pid>,
    /// Readable when the program has ended; it is not reaped by that, so its number stays its own.
    ended: Registered,
    input: Option<pipe::Sender>,
    output: pipe::Receiver,
}

fn start(argv: &[Box<str>]) -> Result<Running, String> {
    let (program, arguments) = argv.split_first().ok_or("there is no program")?;
    let real = trust::trusted((**program).as_ref())?;
    spawn(&real, program, arguments).map_err(|error| format!("cannot run {program}: {error}"))
}

/// Runs what was looked at, not what its name leads to by now. It is told the name: some do one thing or another by it.
fn spawn(real: &Path, program: &str, arguments: &[Box<str>]) -> io::Result<Running> {
    let (its_input, input) = io::pipe()?;
    let (output, its_output) = io::pipe()?;
    let input = pipe::Sender::from_owned_fd(input.into())?;
    let output = pipe::Receiver::from_owned_fd(output.into())?;
    let its_errors = its_output.try_clone()?;
    let child = Command::new(real)
        .arg0(program)
        .args(arguments.iter().map(|argument| &**argument))
        .env_clear()
        .env("PATH", PATH)
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::from(its_input))
        .stdout(Stdio::from(its_output))
        .stderr(Stdio::from(its_errors))
        .spawn()?;
    watched(child, input, output)
}

fn watched(mut child: Child, input: pipe::Sender, output: pipe::Receiver) -> io::Result<Running> {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let watch = || {
        let pid = group.ok_or(io::ErrorKind::InvalidData)?;
        let ended = rustix::process::pidfd_open(pid, PidfdFlags::NONBLOCK)?;
        Registered::new(ended, Interest::READABLE)
    };
    match watch() {
        Ok(ended) => Ok(Running {
            child,
            group,
            ended,
            input: Some(input),
            output,
        }),
        Err(error) => {
            end(&mut child, group);
            Err(error)
        }
    }
}

impl Running {
    /// Until it has ended by itself, or its time is over.
    async fn finish(mut self, input: &[u8], output: &mut Vec<u8>, deadline: Instant) -> How {
        let talk = talk(self.input.take(), input, &self.output, output);
        let left = deadline.saturating_duration_since(Instant::now());
        let polite = deadline - GRACE.min(left / 4);
        let by_itself = tokio::select! {
            biased;
            by_itself = course(&self.ended, self.group, polite, deadline) => by_itself,
            never = talk => match never {},
        };
        let status = end(&mut self.child, self.group.take());
        // What it has printed last may not have been read yet; who still holds the pipe is not waited for.
        take(&self.output, output);
        match status {
            Some(status) if by_itself => how(status),
            _ => How::Timeout,
        }
    }
}

/// Waits for the end of a program; says whether it came before the program had to be asked.
async fn course(
    ended: &Registered,
    group: Option<Pid>,
    polite: Instant,
    deadline: Instant,
) -> bool {
    if tokio::time::timeout_at(polite, ended.readable())
        .await
        .is_ok()
    {
        return true;
    }
    kill(group, Signal::TERM);
    // Whether it obeys or not, its time is over.
    let _killed_soon = tokio::time::timeout_at(deadline, ended.readable()).await;
    false
}

/// Where nobody waited for its end.
impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = self.group.take() {
            end(&mut self.child, Some(group));
        }
    }
}

fn how(status: ExitStatus) -> How {
    match status.code().and_then(|code| u8::try_from(code).ok()) {
        Some(code) => How::Exit(code),
        None => How::Signal(status.signal().unwrap_or_default()),
    }
}

/// Kills what is left of a process group, and only then reaps its first process: until then nobody else has its number.
fn end(child: &mut Child, group: Option<Pid>) -> Option<ExitStatus> {
    kill(group, Signal::KILL);
    child.wait().ok()
}

fn kill(group: Option<Pid>, signal: Signal) {
    if let Some(group) = group {
        // There may be nobody left.
        let _gone = rustix::process::kill_process_group(group, signal);
    }
}

/// Gives a program its input and takes what it prints, for as long as it is let.
async fn talk(
    sender: Option<pipe::Sender>,
    input: &[u8],
    receiver: &pipe::Receiver,
    output: &mut Vec<u8>,
) -> Infallible {
    let give = async move {
        if let Some(mut sender) = sender {
            // Whoever does not want it need not read it. The end of it is seen when the sender goes.
            let _unread = sender.write_all(input).await;
        }
    };
    let hear = async {
        while receiver.readable().await.is_ok() {
            if take(receiver, output) == Heard::All {
                break;
            }
        }
    };
    tokio::join!(give, hear);
    std::future::pending().await
}

/// Whether more may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Some,
    All,
}

/// Takes what has been printed. Beyond the bound it is thrown away, so that the program can go on.
fn take(receiver: &pipe::Receiver, output: &mut Vec<u8>) -> Heard {
    let mut buffer = [0; 4096];
    // So often that a bound's worth fits; who prints without end is heard again at the next turn.
    for _ in 0..=BYTES_MAX / buffer.len() {
        match receiver.try_read(&mut buffer) {
            Ok(0) => return Heard::All,
            Ok(count) => {
                let room = BYTES_MAX - output.len();
                output.extend_from_slice(&buffer[..count.min(room)]);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Heard::Some,
            Err(_) => return Heard::All,
        }
    }
    Heard::Some
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
