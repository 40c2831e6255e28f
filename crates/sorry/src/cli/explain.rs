//! `sorry explain`: why a site is where it is.

use std::process::ExitCode;

use clap::Args;

use super::admin_socket::AdminSocket;
use super::asking::show;
use super::site_names;
use crate::admin::standing::Explanation;

/// Explain why a site is live or at the sorry server: the chain of reasons, and what led there.
#[derive(Debug, Args)]
#[command(
    after_help = "The conclusion stands first; each line is so because of those that are below it and further right. To learn about a key \
of the configuration: `sorry config explain KEY`.

Examples:
  sorry explain shop

Exit codes: 0 done; 1 the daemon could not be asked, or refused; 2 there is no such site, or what was typed is wrong."
)]
pub(super) struct Explain {
    /// The site
    #[arg(add = site_names::completer())]
    site: String,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: AdminSocket,
}

impl Explain {
    pub(super) fn run(self) -> ExitCode {
        show(
            &self.admin,
            self.json,
            |api| api.explain(&self.site),
            Explanation::render,
        )
    }
}
