//! `sorry schedule`: windows of maintenance, agreed on beforehand.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Zoned;
use jiff::tz::TimeZone;

use super::admin_socket::AdminSocket;
use super::asking::show;
use super::giving::Giving;
use super::site_names;
use super::typed::{self, seconds};
use crate::admin::order::{Keep, OnOverrun, Order, Schedule as Window};
use crate::admin::standing::Standing;
use crate::admin::{Look, window_table};
use crate::config::until;

/// Agree on a window of maintenance, once or again and again; list windows; give one up.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "A window that comes once is at a date and a time, one that comes again (--daily, --every) at a time of day in its zone. When clocks are \
set forward over its beginning it opens at once after the gap; when they are set back it opens once. One of the same name is replaced. \
Windows of the configuration are listed here and changed there.

Examples:
  sorry schedule shop database --at '2026-12-01 02:00' --zone Europe/Berlin --for 1h --say 'A new database.'
  sorry schedule shop nightly --at 02:00 --every mon,thu --for 30m
  sorry schedule shop backup --at 03:00 --daily --until 03:20 --announce 1h
  sorry schedule list
  sorry schedule remove shop nightly

Exit codes: 0 done; 1 it could not be done, or the daemon could not be asked; 2 what was typed is wrong, or there is no such site or window."
)]
pub(super) struct Schedule {
    #[command(subcommand)]
    other: Option<Other>,
    #[command(flatten)]
    new: New,
}

#[derive(Debug, Subcommand)]
enum Other {
    /// List windows, configured and scheduled
    #[command(
        after_help = "Exit codes: 0 done; 1 the daemon could not be asked, or refused; 2 there is no such site, or what was typed is wrong."
    )]
    List(List),
    /// Give a scheduled window up
    #[command(
        after_help = "Exit codes: 0 done; 1 it could not be done, or the daemon could not be asked; 2 there is no such site or window, or what was \
typed is wrong."
    )]
    Remove(Remove),
}

#[derive(Debug, Args)]
struct List {
    /// Only this site's
    #[arg(value_name = "SITE", add = site_names::completer())]
    site: Option<String>,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    admin: AdminSocket,
}

#[derive(Debug, Args)]
struct Remove {
    /// The site
    #[arg(add = site_names::completer())]
    site: String,
    /// The window
    name: String,
    #[command(flatten)]
    giving: Giving,
}

#[derive(Debug, Args)]
struct New {
    /// The site
    #[arg(required = true, add = site_names::completer())]
    site: Option<String>,
    /// What it is called
    #[arg(required = true)]
    name: Option<String>,
    /// When it opens: '2026-12-01 02:00', or with --daily or --every a time of day
    #[arg(long, value_name = "TIME", required = true)]
    at: Option<String>,
    /// The time zone that is meant [default: this machine's]
    #[arg(long, value_name = "ZONE", value_parser = zone)]
    zone: Option<String>,
    /// How long it is open: 1h
    #[arg(long = "for", value_name = "DURATION", value_parser = seconds, required_unless_present = "until")]
    length: Option<u64>,
    /// When it closes, as --at
    #[arg(long, value_name = "TIME", conflicts_with = "length")]
    until: Option<String>,
    /// The days that it comes again on: mon,thu
    #[arg(long, value_name = "DAYS", value_delimiter = ',', value_parser = DAYS, conflicts_with = "daily")]
    every: Vec<String>,
    /// It comes every day
    #[arg(long)]
    daily: bool,
    /// What visitors are told
    #[arg(long, value_name = "TEXT")]
    say: Option<String>,
    /// What may be served from copies meanwhile
    #[arg(long, value_name = "WHAT", value_parser = typed::keep(), default_value = "stale")]
    keep: Keep,
    /// What becomes of it when its time is over [default: hold; return where it comes again]
    #[arg(long, value_name = "WHAT", value_parser = typed::on_overrun())]
    on_overrun: Option<OnOverrun>,
    /// How long before it opens somebody is told: 1h
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    announce: Option<u64>,
    #[command(flatten)]
    giving: Giving,
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The name of a time zone that this machine knows.
fn zone(name: &str) -> Result<String, String> {
    match TimeZone::get(name) {
        Ok(_) => Ok(name.to_owned()),
        Err(_) => Err(format!(
            "`{name}` is not a known time zone: they are named like Europe/Berlin, America/New_York or UTC"
        )),
    }
}

impl Schedule {
    pub(super) fn run(self) -> ExitCode {
        match self.other {
            Some(Other::List(list)) => list.run(),
            Some(Other::Remove(remove)) => {
                let order = Order::Unschedule { name: remove.name };
                remove.giving.to(&remove.site, &order)
            }
            None => self.new.run(),
        }
    }
}

impl New {
    fn run(self) -> ExitCode {
        // clap has asked for all three.
        let (Some(site), Some(name), Some(at)) = (&self.site, &self.name, &self.at) else {
            return self
                .giving
                .wrong("a window has a site, a name and a beginning");
        };
        match self.window(name, at, &Zoned::now()) {
            Ok(window) => self.giving.to(site, &Order::Schedule(window)),
            Err(why) => self.giving.wrong(&why),
        }
    }

    /// The window as the daemon hears it: nothing in it depends on the clock or the zone of this machine any more. The zone that was
    /// meant goes with it, so that the window is shown by those clocks.
    fn window(&self, called: &str, typed: &str, now: &Zoned) -> Result<Window, String> {
        let days: Vec<String> = match self.daily {
            true => DAYS.map(str::to_owned).into(),
            false => self.every.clone(),
        };
        let comes_again = !days.is_empty();
        let (at, until) = match comes_again {
            true => (typed.to_owned(), self.until.clone()),
            false => {
                let at = self.moment(typed, now)?;
                let until = self.until.as_deref();
                (at, until.map(|until| self.moment(until, now)).transpose()?)
            }
        };
        let name = |zone: &TimeZone| zone.iana_name().map(str::to_owned);
        let named = until::zone_named(typed).and_then(|zone| name(&zone));
        let zone = named.or_else(|| self.zone.clone());
        Ok(Window {
            name: called.to_owned(),
            at,
            days,
            zone: zone.or_else(|| name(now.time_zone())),
            for_seconds: self.length,
            until,
            say: self.say.clone(),
            keep: self.keep,
            on_overrun: self.on_overrun,
            announce_seconds: self.announce,
        })
    }

    /// A moment that leaves nothing open: RFC 3339.
    fn moment(&self, text: &str, now: &Zoned) -> Result<String, String> {
        let time = match &self.zone {
            None => until::parse(text, now),
            Some(zone) => {
                let zone = TimeZone::get(zone).map_err(|error| error.to_string())?;
                until::parse(text, &now.with_time_zone(zone))
            }
        };
        let time = time.map_err(|fault| fault.to_string())?;
        match time > now.timestamp() {
            true => Ok(time.to_string()),
            false => Err(format!("`{text}` is over: a window lies ahead")),
        }
    }
}

impl List {
    fn run(self) -> ExitCode {
        show(
            &self.admin,
            self.json,
            |api| match &self.site {
                None => api.standing(),
                Some(site) => api.site(site).map(|site| Standing {
                    sites: vec![site],
                    ..Standing::default()
                }),
            },
            windows,
        )
    }
}

/// The windows of each site that has some.
fn windows(standing: &Standing, look: &Look) -> String {
    let tables = standing.sites.iter().filter_map(|site| {
        let table = window_table(&site.windows, look)?;
        Some(format!("{}\n{table}", site.name))
    });
    let tables: Vec<String> = tables.collect();
    match tables.is_empty() {
        true => "there are no windows\n".to_owned(),
        false => tables.join("\n"),
    }
}
