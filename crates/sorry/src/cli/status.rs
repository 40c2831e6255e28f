//! `sorry status`: how the running daemon is.

use std::process::ExitCode;

use clap::Args;

use super::admin_socket::AdminSocket;
use super::output::{failed_as_json, print, print_json};
use super::{exit, failed};

/// Show sites, listeners, certificates and limits reached of the running daemon.
#[derive(Debug, Args)]
#[command(
    after_help = "Root, the daemon's user and members of its group may ask. `sorry serve` has no admin socket, and so no status.

Exit codes: 0 done; 1 the daemon could not be asked, or refused; 2 the file of --config has mistakes."
)]
pub(super) struct Status {
    #[command(flatten)]
    admin: AdminSocket,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(super) fn run(self) -> ExitCode {
        let api = match self.admin.api(self.json) {
            Ok(api) => api,
            Err(told) => return told,
        };
        let asked = api.status();
        match asked {
            Ok(status) if self.json => print_json(&status),
            Ok(status) => print(&status.to_string()),
            Err(error) if self.json => failed_as_json(&error, exit::FAILED),
            Err(error) => failed(&error.into()),
        }
    }
}
