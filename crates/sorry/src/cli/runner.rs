//! `sorry runner`: the process that runs programs for `sorry run`, which starts it; nobody else can.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{exit, failed, logging};
use crate::config::{self, LogLevel};
use crate::daemon::runner::{self, RunnerError};

/// Run the programs of a configuration for the daemon at the other end of standard input.
#[derive(Debug, Args)]
pub(super) struct Runner {
    /// The configuration file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Runner {
    pub(super) fn run(self) -> ExitCode {
        logging::start(LogLevel::Warn);
        match runner::serve(move || config::load(&self.file)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error @ RunnerError::NotAsked) => {
                eprintln!("sorry: {error}");
                ExitCode::from(exit::USAGE)
            }
            Err(error) => failed(&error.into()),
        }
    }
}
