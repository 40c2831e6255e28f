//! A program of the operator's: our JSON on its standard input, its arguments from the configuration and from nowhere else. Who
//! starts it is behind [`Spawner`], since the daemon itself may not be allowed to.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use crate::alert::fault::Fault;
use crate::alert::message::Message;
use crate::program::{self, How, Hung};

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
        // A line, for whoever reads lines.
        stdin: [message.to_json(), vec![b'\n']].concat(),
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

/// Runs them as children of this process.
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

async fn run(program: Program) -> io::Result<Ended> {
    let argv: Vec<Box<str>> = program.argv.into_iter().map(Into::into).collect();
    let finished = program::run(&argv, &program.stdin, program.timeout, &Hung::default()).await;
    match finished.how {
        How::Exit(code) => Ok(Ended::Exit(i32::from(code))),
        How::Signal(signal) => Ok(Ended::Signal(signal)),
        How::Timeout => Ok(Ended::TooLong),
        How::NotStarted(why) => Err(io::Error::other(String::from(why))),
    }
}
