//! `sorry history`: what has happened.

use std::process::ExitCode;

use clap::Args;

use super::admin_socket::AdminSocket;
use super::asking::show;
use super::site_names;
use super::typed::past;
use crate::admin::api::Wanted;
use crate::admin::{Chapter, Moment};

/// All incidents that a daemon remembers, and the most that it answers with.
const MOST: usize = 1000;

/// Show what has happened: outages, maintenance, doubt, the newest first.
#[derive(Debug, Args)]
#[command(after_help = "An end without a date is on the day of the beginning.

With --compare only what a switch observed (`act = \"observe\"`): what it would have done beside what was done by others, \
with times. No switch can be configured yet: they come with a later release.

Examples:
  sorry history
  sorry history shop --since 7d --events
  sorry history --since '2026-11-01 00:00' --limit 1000 --json
  sorry history shop --compare

Exit codes: 0 done; 1 the daemon could not be asked, or refused; 2 what was typed is wrong, or there is no such site and there never was.")]
pub(super) struct History {
    /// Only this site
    #[arg(value_name = "SITE", add = site_names::completer())]
    site: Option<String>,
    /// Only what had not ended before: 7d, or a time
    #[arg(long, value_name = "WHEN", value_parser = past)]
    since: Option<Moment>,
    /// Only what began before: 1h, or a time
    #[arg(long, value_name = "WHEN", value_parser = past)]
    until: Option<Moment>,
    /// So many at most
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1000), default_value = "100")]
    limit: u16,
    /// With what happened in the course of each
    #[arg(long)]
    events: bool,
    /// What would have been done beside what happened
    #[arg(long, conflicts_with = "events")]
    compare: bool,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: AdminSocket,
}

impl History {
    pub(super) fn run(self) -> ExitCode {
        let compare = self.compare;
        let limit = usize::from(self.limit);
        let wanted = Wanted {
            site: self.site,
            since: self.since,
            until: self.until,
            // So many of what was observed, which the daemon does not tell apart.
            limit: Some(if compare { MOST } else { limit }),
        };
        let chapter = match self.events {
            true => Chapter::Events,
            false => Chapter::Incidents,
        };
        show(
            &self.admin,
            self.json,
            |api| {
                let mut history = api.history(&wanted)?;
                history.incidents.retain(|one| one.observed || !compare);
                history.incidents.truncate(limit);
                Ok(history)
            },
            |history, look| match compare {
                true => history.compare(look),
                false => history.render(look, chapter),
            },
        )
    }
}
