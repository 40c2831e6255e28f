//! `sorry complete`: completions for shells, from the one definition of the command line.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Arguments;
use super::output::print;

/// Print completions for a shell.
#[derive(Debug, Args)]
#[command(after_help = "For example: sorry complete bash > /etc/bash_completion.d/sorry")]
pub(super) struct Complete {
    /// The shell
    shell: Shell,
}

impl Complete {
    pub(super) fn run(self) -> ExitCode {
        let mut out = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "sorry", &mut out);
        print(&String::from_utf8_lossy(&out))
    }
}
