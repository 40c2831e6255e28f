//! `sorry drain`: a real server gets no new visitors.

use std::process::ExitCode;

use clap::Args;

use super::giving::Giving;
use super::site_names;
use crate::admin::order::Order;

/// Give a real server no new visitors, or give it some again.
#[derive(Debug, Args)]
#[command(
    after_help = "A drained real server does not count for the quorum. Visitors whom it has are left to it.

Examples:
  sorry drain shop 10.0.0.1:80
  sorry drain shop 10.0.0.1:80 --undo

Exit codes: 0 done; 1 it could not be done, or the daemon could not be asked; 2 what was typed is wrong, or there is no such site or real \
server."
)]
pub(super) struct Drain {
    /// The site
    #[arg(add = site_names::completer())]
    site: String,
    /// The real server's address, as `sorry status` shows it
    #[arg(value_name = "REAL")]
    real_server: String,
    /// Give it visitors again
    #[arg(long)]
    undo: bool,
    #[command(flatten)]
    giving: Giving,
}

impl Drain {
    pub(super) fn run(self) -> ExitCode {
        let order = Order::Drain {
            real_server: self.real_server,
            drained: !self.undo,
        };
        self.giving.to(&self.site, &order)
    }
}
