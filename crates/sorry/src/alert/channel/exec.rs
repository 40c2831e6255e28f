//! A program of the operator's: our JSON on its standard input, its arguments from the configuration and from nowhere else. Who
//! starts it is behind [`Spawner`], since the daemon itself may not be allowed to.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

use crate::alert::fault::Fault;
use crate::alert::message::Message;

/// A program that is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// It by its full path, and its arguments.
    pub argv: Vec<String>,
    /// What it reads.
    pub stdin: Vec<u8>,
    /// How long it may take: then it is ended, with whatever it has started.
    pub timeout: Duration,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With this code.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// It took too long.
    TooLong,
}

/// Runs programs.
pub trait Spawner: Send + Sync {
    /// Runs one to its end. Whoever drops this ends it.
    fn run(&self, program: Program)
    -> Pin<Box<dyn Future<Output = io::Result<Ended>> + Send + '_>>;
}

pub(super) async fn send(
    argv: &[Box<str>],
    message: &Message,
    timeout: Duration,
    spawner: &dyn Spawner,
) -> Result<(), Fault> {
    let program = Program {
        argv: argv.iter().map(ToString::to_string).collect(),
        stdin: message.to_json(),
        timeout,
    };
    let name = argv.first().map_or("", |name| name);
    match spawner.run(program).await {
        Ok(Ended::Exit(0)) => Ok(()),
        Ok(Ended::Exit(code)) => Err(Fault::later(format!(
            "{name} ended with the exit code {code}"
        ))),
        Ok(Ended::Signal(signal)) => {
            Err(Fault::later(format!("{name} was ended by signal {signal}")))
        }
        Ok(Ended::TooLong) => Err(Fault::later(format!("{name} took longer than its timeout"))),
        Err(error) => Err(Fault::later(format!("cannot start {name}: {error}"))),
    }
}

/// Runs them as children of this process, each in a process group of its own.
#[derive(Debug, Default)]
pub struct Direct;

impl Spawner for Direct {
    fn run(
        &self,
        program: Program,
    ) -> Pin<Box<dyn Future<Output = io::Result<Ended>> + Send + '_>> {
        Box::pin(run(program))
    }
}

/// A child and all that it has started, ended with it.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        let id = self.0.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = id.and_then(Pid::from_raw) {
            let _gone_already = kill_process_group(group, Signal::KILL);
        }
    }
}

async fn run(program: Program) -> io::Result<Ended> {
    let mut words = program.argv.iter();
    let Some(name) = words.next() else {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    };
    let mut command = Command::new(name);
    command.args(words).process_group(0).kill_on_drop(true);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut group = Group(command.spawn()?);
    let stdin = group.0.stdin.take();
    let work = async {
        if let Some(mut stdin) = stdin {
            // A program that reads nothing is as good as one that does.
            let _it_does_not_read = stdin.write_all(&program.stdin).await;
        }
        group.0.wait().await
    };
    let Ok(status) = tokio::time::timeout(program.timeout, work).await else {
        return Ok(Ended::TooLong);
    };
    let status = status?;
    Ok(match status.code() {
        Some(code) => Ended::Exit(code),
        None => {
            use std::os::unix::process::ExitStatusExt as _;
            Ended::Signal(status.signal().unwrap_or(0))
        }
    })
}
