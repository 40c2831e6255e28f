//! `sorry up`: whatever was ordered is over, and health decides; or the site is live in spite of health.

use std::process::ExitCode;

use clap::Args;

use super::giving::{Giving, Sites};
use super::typed::Time;
use crate::admin::order::Order;

/// End what was ordered of a site: health decides again.
#[derive(Debug, Args)]
#[command(
    after_help = "A site whose real servers are below their quorum stays at the sorry server: with --anyway it is live all the same, for a time.

Examples:
  sorry up shop
  sorry up --all
  sorry up shop --anyway --for 10m --reason 'the check is wrong, not the shop'

Exit codes: 0 done; 1 it could not be done, or the daemon could not be asked; 2 what was typed is wrong, or there is no such site."
)]
pub(super) struct Up {
    #[command(flatten)]
    sites: Sites,
    /// Live even below quorum
    #[arg(long)]
    anyway: bool,
    #[command(flatten)]
    time: Time,
    #[command(flatten)]
    giving: Giving,
}

impl Up {
    pub(super) fn run(self) -> ExitCode {
        if !self.anyway && !self.time.is_unsaid() {
            let why = "a time is for --anyway: without it health decides from now on";
            return self.giving.wrong(why);
        }
        let order = match self.anyway {
            true => Order::Live(self.time.lasting()),
            false => Order::Up {},
        };
        self.giving.to_all(&self.sites, &order)
    }
}
