//! `sorry man`: man pages, from the one definition of the command line.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, CommandFactory};

use super::{Arguments, failed};

/// Write the man pages: sorry.1, sorry-serve.1, ...
#[derive(Debug, Args)]
pub(super) struct Man {
    /// The folder to write them to
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

impl Man {
    pub(super) fn run(self) -> ExitCode {
        let written = std::fs::create_dir_all(&self.folder)
            .and_then(|()| clap_mangen::generate_to(Arguments::command(), &self.folder))
            .with_context(|| format!("cannot write man pages to {}", self.folder.display()));
        match written {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error),
        }
    }
}
