//! Who runs the programs of the exec checker. Behind a trait, since a sandboxed daemon may not start programs itself: it hands them to its
//! runner, which knows them by their place in the configuration. [`Direct`] starts them from this process.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::Instant;

use super::subject::Subject;
use crate::program::{self, Finished, Hung};

/// How much of what a program prints is kept.
pub const OUTPUT_MAX_BYTES: usize = 4096;

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
    let left = errand.deadline.saturating_duration_since(Instant::now());
    // So that the end is told of before the time is over.
    let timeout = left - RESERVE_MAX.min(left / 10);
    let Finished {
        how, mut output, ..
    } = program::run(errand.argv, errand.input, timeout, &Hung::default()).await;
    output.truncate(OUTPUT_MAX_BYTES);
    let how = match how {
        program::How::Exit(code) => How::Code(code),
        program::How::Signal(signal) => How::Signal(signal),
        program::How::Timeout => How::TimedOut,
        program::How::NotStarted(why) => return Err(io::Error::other(String::from(why))),
    };
    Ok(Ended { how, output })
}
