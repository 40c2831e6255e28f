//! `sorry approve`: a switch may do what it asked for.

use std::process::ExitCode;

use clap::Args;

use super::giving::Giving;
use super::site_names;
use crate::admin::order::Order;

/// Let a switch do what it asked for.
#[derive(Debug, Args)]
#[command(
    after_help = "No switch can be configured yet: they come with a later release. A switch with `act = \"ask\"` waits for this. `sorry status SITE` shows what waits, and its generation.

Examples:
  sorry approve shop
  sorry approve shop ipvs --generation 7

Exit codes: 0 done; 1 it could not be done (nothing waits, or something else by now), or the daemon could not be asked; 2 what was typed is \
wrong, or there is no such site or switch."
)]
pub(super) struct Approve {
    /// The site
    #[arg(add = site_names::completer())]
    site: String,
    /// The switch, where more than one asks
    switch: Option<String>,
    /// Only what it asked for with this number
    #[arg(long, value_name = "NUMBER")]
    generation: Option<u64>,
    #[command(flatten)]
    giving: Giving,
}

impl Approve {
    pub(super) fn run(self) -> ExitCode {
        let order = Order::Approve {
            switch: self.switch,
            generation: self.generation,
        };
        self.giving.to(&self.site, &order)
    }
}
