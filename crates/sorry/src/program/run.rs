//! One program, from its start to its end: no shell, no environment but a path, what it prints up to a bound, and nothing left
//! of its process group when its time is over, or when nobody waits for it any more.

use std::convert::Infallible;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal};
use sorry_sys::registered::Registered;
use tokio::io::AsyncWriteExt as _;
use tokio::io::Interest;
use tokio::net::unix::pipe;
use tokio::time::Instant;

use super::hung::{Hung, Run, reap_later};
use super::{BYTES_MAX, Finished, How, trust};

/// Where programs find others.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How long before the end of its time a program is asked to end by itself (SIGTERM).
const GRACE: Duration = Duration::from_millis(200);

/// How long a program that was killed is waited for here; then aside.
const SOON: Duration = Duration::from_millis(50);

/// Runs a program with this on its standard input, for at most so long. One that hangs, though it was killed, is left to `hung`, and so is
/// one that does not even start.
pub async fn run(argv: &[Box<str>], input: &[u8], timeout: Duration, hung: &Hung) -> Finished {
    let run = Arc::new(Run {
        argv: argv.to_owned(),
        input: input.to_owned(),
    });
    begin(run, timeout, hung, start).await
}

/// The same, with how it is started.
async fn begin(
    run: Arc<Run>,
    timeout: Duration,
    hung: &Hung,
    start: impl FnOnce(&Arc<Run>, &Hung) -> Result<Running, String> + Send + 'static,
) -> Finished {
    let began = Instant::now();
    if let Some(why) = hung.refuses(&run) {
        return Finished::not_started(why);
    }
    let deadline = began + timeout;
    let mut output = Vec::new();
    let how = match started(&run, deadline, hung, start).await {
        Ok(running) => running.finish(&run.input, &mut output, deadline).await,
        Err(why) => How::NotStarted(why.into()),
    };
    Finished {
        how,
        output,
        took: began.elapsed(),
    }
}

/// Starts it on a thread that may be held: where its file is may not answer.
async fn started(
    run: &Arc<Run>,
    deadline: Instant,
    hung: &Hung,
    start: impl FnOnce(&Arc<Run>, &Hung) -> Result<Running, String> + Send + 'static,
) -> Result<Running, String> {
    let (its_run, its_hung) = (Arc::clone(run), hung.clone());
    let mut starting = tokio::task::spawn_blocking(move || start(&its_run, &its_hung));
    match tokio::time::timeout_at(deadline, &mut starting).await {
        Ok(started) => started.unwrap_or_else(|_| Err("it could not be started".to_owned())),
        Err(_) => {
            let kept = hung.keep(run);
            tokio::spawn(async move {
                // What comes of it is killed, for nobody waits for it any more.
                drop(starting.await);
                drop(kept);
            });
            Err("it was not started in time: is its file on a server that does not answer?".into())
        }
    }
}

/// A program with its process group. Dropping it kills all of them, and leaves the first to be reaped later.
struct Running {
    /// Until it was reaped.
    process: Option<Process>,
    input: Option<pipe::Sender>,
    output: pipe::Receiver,
    run: Arc<Run>,
    hung: Hung,
}

struct Process {
    child: Child,
    /// Until it was killed.
    group: Option<Pid>,
    /// Readable when the program has ended; it is not reaped by that, so its number stays its own.
    ended: Registered,
}

fn start(run: &Arc<Run>, hung: &Hung) -> Result<Running, String> {
    let (program, arguments) = run.argv.split_first().ok_or("there is no program")?;
    let real = trust::trusted((**program).as_ref())?;
    let spawned = spawn(&real, program, arguments);
    let (process, input, output) =
        spawned.map_err(|error| format!("cannot run {program}: {error}"))?;
    Ok(Running {
        process: Some(process),
        input: Some(input),
        output,
        run: Arc::clone(run),
        hung: hung.clone(),
    })
}

/// Runs what was looked at, not what its name leads to by now. It is told the name: some do one thing or another by it.
fn spawn(
    real: &Path,
    program: &str,
    arguments: &[Box<str>],
) -> io::Result<(Process, pipe::Sender, pipe::Receiver)> {
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
    Ok((watched(child)?, input, output))
}

fn watched(mut child: Child) -> io::Result<Process> {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let watch = || {
        let pid = group.ok_or(io::ErrorKind::InvalidData)?;
        let ended = rustix::process::pidfd_open(pid, PidfdFlags::NONBLOCK)?;
        Registered::new(ended, Interest::READABLE)
    };
    match watch() {
        Ok(ended) => Ok(Process {
            child,
            group,
            ended,
        }),
        Err(error) => {
            kill(group, Signal::KILL);
            // It has hardly begun, and this thread may be held.
            let _reaped = child.wait();
            Err(error)
        }
    }
}

impl Running {
    /// Until it has ended by itself, or its time is over.
    async fn finish(mut self, input: &[u8], output: &mut Vec<u8>, deadline: Instant) -> How {
        let sender = self.input.take();
        let Some(process) = &mut self.process else {
            return How::Timeout;
        };
        let talk = talk(sender, input, &self.output, output);
        let left = deadline.saturating_duration_since(Instant::now());
        let polite = deadline - GRACE.min(left / 4);
        let by_itself = tokio::select! {
            biased;
            by_itself = course(process, polite, deadline) => by_itself,
            never = talk => match never {},
        };
        let status = process.end().await;
        if status.is_some() {
            self.process = None;
        }
        // What it has printed last may not have been read yet; who still holds the pipe is not waited for.
        take(&self.output, output);
        match status {
            Some(status) if by_itself => how(status),
            _ => How::Timeout,
        }
    }
}

/// Where nobody waited for its end, or it does not come.
impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
            reap_later(process.child, process.ended, self.hung.keep(&self.run));
        }
    }
}

impl Process {
    /// Kills what is left of the process group, and only then reaps its first process: until then nobody else has its number. None where
    /// it does not end for all that.
    async fn end(&mut self) -> Option<ExitStatus> {
        self.kill();
        let _or_later = tokio::time::timeout(SOON, self.ended.readable()).await;
        self.child.try_wait().ok().flatten()
    }

    fn kill(&mut self) {
        kill(self.group.take(), Signal::KILL);
    }
}

/// Waits for the end of a program; says whether it came before the program had to be asked.
async fn course(process: &Process, polite: Instant, deadline: Instant) -> bool {
    if tokio::time::timeout_at(polite, process.ended.readable())
        .await
        .is_ok()
    {
        return true;
    }
    kill(process.group, Signal::TERM);
    // Whether it obeys or not, its time is over.
    let _killed_soon = tokio::time::timeout_at(deadline, process.ended.readable()).await;
    false
}

fn how(status: ExitStatus) -> How {
    match status.code().and_then(|code| u8::try_from(code).ok()) {
        Some(code) => How::Exit(code),
        None => How::Signal(status.signal().unwrap_or_default()),
    }
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
