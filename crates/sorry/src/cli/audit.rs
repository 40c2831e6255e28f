//! `sorry audit`: who changed what.

use std::process::ExitCode;

use clap::Args;

use super::admin_socket::AdminSocket;
use super::asking::show;

/// Show who changed or tried to change what, when and why, the newest first.
#[derive(Debug, Args)]
#[command(
    after_help = "Orders, reloads and take-overs, and attempts that were refused. The reason is what --reason said.

Examples:
  sorry audit
  sorry audit --limit 1000 --json

Exit codes: 0 done; 1 the daemon could not be asked, or refused; 2 what was typed is wrong."
)]
pub(super) struct Audit {
    /// So many at most
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1000), default_value = "20")]
    limit: u16,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: AdminSocket,
}

impl Audit {
    pub(super) fn run(self) -> ExitCode {
        show(
            &self.admin,
            self.json,
            |api| api.audit(self.limit.into()),
            crate::admin::audit::Audit::render,
        )
    }
}
