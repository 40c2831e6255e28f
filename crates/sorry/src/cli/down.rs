//! `sorry down`: maintenance, from now on.

use std::process::ExitCode;

use clap::Args;

use super::giving::{Giving, Sites};
use super::typed::{self, Time};
use crate::admin::order::{Down as Order, Keep, OnOverrun};

/// Send a site's visitors to the sorry server, whatever its real servers say.
#[derive(Debug, Args)]
#[command(
    after_help = "Without a time it lasts as long as `down-for` in the configuration says, one hour unless that was changed, and what is printed \
says until when. At the end the page stays and somebody is told every quarter of an hour (hold), or health decides again (return).

Examples:
  sorry down shop
  sorry down shop --for 30m --say 'We move to a larger house.' --reason CHG-1234
  sorry down shop blog --until 14:00 --on-overrun return
  sorry down --all --endless

Exit codes: 0 done; 1 it could not be done, or the daemon could not be asked; 2 what was typed is wrong (a time of more than a year, say), or there \
is no such site."
)]
pub(super) struct Down {
    #[command(flatten)]
    sites: Sites,
    #[command(flatten)]
    time: Time,
    /// What visitors are told
    #[arg(long, value_name = "TEXT")]
    say: Option<String>,
    /// What may be served from copies meanwhile
    #[arg(long, value_name = "WHAT", value_parser = typed::keep(), default_value = "stale")]
    keep: Keep,
    /// What becomes of it when its time is over
    #[arg(long, value_name = "WHAT", value_parser = typed::on_overrun(), default_value = "hold")]
    on_overrun: OnOverrun,
    #[command(flatten)]
    giving: Giving,
}

impl Down {
    pub(super) fn run(self) -> ExitCode {
        let order = crate::admin::order::Order::Down(Order {
            lasting: self.time.lasting(),
            say: self.say,
            keep: self.keep,
            on_overrun: self.on_overrun,
        });
        self.giving.to_all(&self.sites, &order)
    }
}
