//! `sorry status`: how the running daemon is.

use std::process::ExitCode;

use clap::Args;

use super::{AdminSocket, failed};
use crate::admin::client::{PATIENCE, connect};

/// Show sites, listeners, certificates and limits reached of the running daemon.
#[derive(Debug, Args)]
pub(super) struct Status {
    #[command(flatten)]
    admin: AdminSocket,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(super) fn run(self) -> ExitCode {
        let asked = connect(&self.admin.admin, PATIENCE).and_then(|mut client| client.status());
        match asked {
            Ok(status) if self.json => match serde_json::to_string_pretty(&status) {
                Ok(text) => println!("{text}"),
                Err(error) => return failed(&error.into()),
            },
            Ok(status) => print!("{status}"),
            Err(error) => return failed(&error.into()),
        }
        ExitCode::SUCCESS
    }
}
