//! `sorry say`: visitors are told something else.

use std::process::ExitCode;

use clap::Args;

use super::giving::Giving;
use super::site_names;
use crate::admin::order::Order;

/// Tell visitors something else from now on.
#[derive(Debug, Args)]
#[command(
    after_help = "The words stand on the page, and in what programs are answered. They stay until others are said, until \
                  --clear, until the order in force ends, or else until the site is back.

Examples:
  sorry say shop 'The new database is warming up.'
  sorry say shop --clear

Exit codes: 0 done; 1 it could not be done, or the daemon could not be asked; 2 what was typed is wrong, or there is no such site."
)]
pub(super) struct Say {
    /// The site
    #[arg(add = site_names::completer())]
    site: String,
    /// What
    #[arg(required_unless_present = "clear")]
    text: Option<String>,
    /// Nothing besides what the configuration says
    #[arg(long, conflicts_with = "text")]
    clear: bool,
    #[command(flatten)]
    giving: Giving,
}

impl Say {
    pub(super) fn run(self) -> ExitCode {
        self.giving.to(&self.site, &Order::Say { text: self.text })
    }
}
