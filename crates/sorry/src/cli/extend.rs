//! `sorry extend`: what is in force stays so for longer.

use std::process::ExitCode;

use clap::Args;

use super::giving::Giving;
use super::site_names;
use super::typed::seconds;
use crate::admin::order::Order;

/// Give what is in force more time.
#[derive(Debug, Args)]
#[command(
    after_help = "From its end on, or from now on where its time is over already.

Examples:
  sorry extend shop 20m
  sorry extend shop 1h --reason 'the import takes longer'

Exit codes: 0 done; 1 it could not be done (nothing is in force, or it has no end), or the daemon could not be asked; 2 what was typed is \
wrong (it would end more than a year from now, say), or there is no such site."
)]
pub(super) struct Extend {
    /// The site
    #[arg(add = site_names::completer())]
    site: String,
    /// How much: 20m, 1h30m
    #[arg(value_name = "DURATION", value_parser = seconds)]
    by: u64,
    #[command(flatten)]
    giving: Giving,
}

impl Extend {
    pub(super) fn run(self) -> ExitCode {
        let order = Order::Extend {
            by_seconds: self.by,
        };
        self.giving.to(&self.site, &order)
    }
}
