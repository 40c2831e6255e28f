//! Programs of the configuration, as checks and alerts ask for them: each is handed to the runner, which alone starts any.
//!
//! Checks are made ready before there is a runtime to reach the runner from, so the way to it is put in later.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::time::Instant;

use super::runner::{self, Kind, Runner};
use crate::program::{Finished, How};
use crate::{alert, check};

/// See the file's header.
#[derive(Debug, Default)]
pub(super) struct Programs {
    runner: OnceLock<Runner>,
}

impl Programs {
    /// This is the runner.
    pub(super) fn run_by(&self, runner: Runner) {
        let _there_is_one = self.runner.set(runner);
    }

    /// How the runner stands, once there is one.
    pub(super) fn standing(&self) -> Option<runner::Standing> {
        self.runner.get().map(Runner::standing)
    }

    /// How many programs were killed and do not end; none where there is no runner.
    pub(super) fn hung(&self) -> Option<u64> {
        self.runner.get().and_then(Runner::hung)
    }

    async fn run(
        &self,
        kind: Kind,
        argv: &[Box<str>],
        input: Vec<u8>,
        timeout: Duration,
    ) -> io::Result<Finished> {
        let Some(runner) = self.runner.get() else {
            return Err(io::Error::other("there is no runner yet"));
        };
        let finished = runner.run(kind, argv, input, timeout).await;
        match finished.how {
            How::NotStarted(why) => Err(io::Error::other(String::from(why))),
            _ => Ok(finished),
        }
    }
}

impl check::Spawner for Programs {
    fn run<'a>(&'a self, errand: check::Errand<'a>) -> check::Running<'a> {
        Box::pin(async move {
            let left = errand.deadline.saturating_duration_since(Instant::now());
            let timeout = left.saturating_sub(ON_THE_WAY.min(left / 10));
            let input = errand.input.to_vec();
            let finished = self.run(Kind::Check, errand.argv, input, timeout).await?;
            let mut output = finished.output;
            output.truncate(check::OUTPUT_MAX_BYTES);
            let how = match finished.how {
                How::Exit(code) => check::How::Code(code),
                How::Signal(signal) => check::How::Signal(signal),
                How::Timeout | How::NotStarted(_) => check::How::TimedOut,
            };
            Ok(check::Ended { how, output })
        })
    }
}

/// What the runner's answer may take to reach us, and a tenth of the time at most, so that a program that was killed is told of
/// before its check is over: else nobody knows whether it was the program that was late.
const ON_THE_WAY: Duration = Duration::from_millis(100);

impl alert::Spawner for Programs {
    fn run(
        &self,
        program: alert::Program,
    ) -> Pin<Box<dyn Future<Output = io::Result<alert::Ended>> + Send + '_>> {
        Box::pin(async move {
            let argv: Vec<Box<str>> = program.argv.into_iter().map(Into::into).collect();
            let timeout = program.timeout;
            let finished = self.run(Kind::Alert, &argv, program.stdin, timeout).await?;
            Ok(match finished.how {
                How::Exit(code) => alert::Ended::Exit(i32::from(code)),
                How::Signal(signal) => alert::Ended::Signal(signal),
                How::Timeout | How::NotStarted(_) => alert::Ended::TooLong,
            })
        })
    }
}
