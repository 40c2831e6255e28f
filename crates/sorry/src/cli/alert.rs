//! `sorry alert test`: whether a receiver of alerts can be reached.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::admin_socket::AdminSocket;
use super::asking::show;
use crate::admin::Tested;

/// Receivers of alerts
#[derive(Debug, Subcommand)]
#[command(
    after_help = "Exit codes: 0 it took the alert; 1 it did not, or the daemon could not be asked; 2 there is no such receiver, or what was typed is wrong."
)]
pub(super) enum AlertVerb {
    Test(Test),
}

impl AlertVerb {
    pub(super) fn run(self) -> ExitCode {
        match self {
            AlertVerb::Test(test) => test.run(),
        }
    }
}

/// Send a test alert to a receiver, once and at once, and say what came of it.
#[derive(Debug, Args)]
#[command(
    after_help = "`sorry status` shows how receivers stand: what waits for them, and why.

Examples:
  sorry alert test ops

Exit codes: 0 it took the alert; 1 it did not, or the daemon could not be asked; 2 there is no such receiver, or what was typed is wrong."
)]
pub(super) struct Test {
    /// The receiver, by its name in the configuration
    receiver: String,
    /// Print what came of it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: AdminSocket,
}

impl Test {
    fn run(self) -> ExitCode {
        show(
            &self.admin,
            self.json,
            |api| api.test_alert(&self.receiver).map(|told| Tested { told }),
            |tested, _| format!("{}\n", tested.told),
        )
    }
}
