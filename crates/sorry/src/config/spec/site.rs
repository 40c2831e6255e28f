//! The keys of `[[site]]` that say what is watched, what the site needs, and when it is closed.

use super::kinds::Checks;
use crate::config::duration::Time;
use crate::config::reader::At;
use crate::config::table::table;
use crate::config::target::RealAddress;
use crate::config::until::ZoneName;
use crate::config::value::{Given, Name, Whole};
use crate::config::window::{DayWords, KeepWord, OverrunWord, TimeText};
use sorry_core::said::Said;

/// How long a site stays what it is.
pub(in crate::config) type Dwell = Time<0, 604_800_000>;

table! {
    /// A server that has the site's content. While enough of them work (see `quorum`) visitors belong there; `check` says how that
    /// is found out. A site without any is not watched.
    pub(in crate::config) struct RealServer as Header {
        /// Its address, where visitors are sent: a host and a port. A name is looked up again whenever it is used. Status,
        /// commands and metrics call the real server by what is written here.
        #[key = "address"]
        #[required]
        #[example = "\"10.0.0.11:8080\""]
        address: RealAddress,

        /// How much it counts for the quorum. One with 0 never counts and gets no visitors.
        #[key = "weight"]
        #[default = "1"]
        #[example = "2"]
        weight: Whole<0, 65_535>,

        /// As in the site, for this real server alone.
        #[key = "alpha"]
        #[optional]
        #[example = "true"]
        alpha: bool,

        /// How this real server is checked, where that is not how the site's others are.
        #[key = "check"]
        #[optional]
        #[example = "{ http = { path = \"/healthz\" } }"]
        check: Given<Checks>,
    }
}

table! {
    /// How many real servers the site needs, by the sum of their weights.
    pub(in crate::config) struct Quorum as Dotted {
        /// The sum that is enough. A larger one than all weights together is reduced to that.
        #[key = "at-least"]
        #[default = "1"]
        #[example = "2"]
        at_least: Whole<1, 1_000_000_000>,

        /// How far the sum must be above `at-least` to gain the quorum again, and below it to lose it.
        #[key = "hysteresis"]
        #[default = "0"]
        #[example = "1"]
        hysteresis: Whole<0, 1_000_000_000>,

        /// Whether somebody is told by an alert when sorry is stopped, so that nobody watches the site any more (`omega` of keepalived);
        /// the alert is over when it is watched again. A take-over stops nothing.
        #[key = "omega"]
        #[default = "false"]
        #[example = "true"]
        omega: bool,
    }
}

table! {
    /// What keeps the site from going back and forth. A site whose returns do not last comes back later each time: held down
    /// for `hold-down`, then for twice as long, up to `hold-down-most`.
    pub(in crate::config) struct Damping as Header {
        /// The least time that a site is live before its health may take it down.
        #[key = "dwell-live"]
        #[default = "\"0s\""]
        #[example = "\"5s\""]
        dwell_live: Dwell,

        /// The least time that visitors see the page before its health may bring the site back.
        #[key = "dwell-sorry"]
        #[default = "\"5s\""]
        #[example = "\"30s\""]
        dwell_sorry: Dwell,

        /// How long the site is held down after a return that did not last; twice as long after each further one.
        #[key = "hold-down"]
        #[default = "\"30s\""]
        #[example = "\"10s\""]
        hold_down: Dwell,

        /// The longest that it is held down.
        #[key = "hold-down-most"]
        #[default = "\"30m\""]
        #[example = "\"5m\""]
        hold_down_most: Dwell,

        /// A return that lasts so long is a success, and all is forgotten.
        #[key = "steady-after"]
        #[default = "\"10m\""]
        #[example = "\"1h\""]
        steady_after: Dwell,
    }
}

table! {
    /// A maintenance that is agreed on beforehand: once, from `start` on, or again and again, on `days` `at` a time of day.
    /// `sorry schedule` agrees on others.
    pub(in crate::config) struct Window as Header {
        /// What it is called in commands and messages; each name once in a site.
        #[key = "name"]
        #[required]
        #[example = "\"backup\""]
        name: Name,

        /// The days on which it opens, again and again: `"daily"`, or `"mon"` to `"sun"`.
        #[key = "days"]
        #[optional]
        #[example = "[\"mon\", \"thu\"]"]
        days: DayWords,

        /// At what time of day it opens. A time that clocks skip on one day is the moment at which they do; of one that they
        /// show twice the first counts.
        #[key = "at"]
        #[optional]
        #[example = "\"02:00\""]
        at: TimeText,

        /// When it opens once: a date and time as for `site.sorry.until`.
        #[key = "start"]
        #[instead = "days"]
        #[example = "\"2026-12-01 02:00 Europe/Berlin\""]
        start: TimeText,

        /// How long it is open.
        #[key = "for"]
        #[optional]
        #[example = "\"1h30m\""]
        lasts: Time<60_000, 31_536_000_000>,

        /// At what time of day it closes, the next such time after `at`.
        #[key = "until"]
        #[instead = "for"]
        #[example = "\"04:00\""]
        until: TimeText,

        /// When one that opens once closes: a date and time.
        #[key = "end"]
        #[instead = "for"]
        #[example = "\"2026-12-01 04:00 Europe/Berlin\""]
        end: TimeText,

        /// The time zone whose clocks are meant (IANA). Without it this machine's own.
        #[key = "zone"]
        #[optional]
        #[example = "\"Europe/Berlin\""]
        zone: ZoneName,

        /// What visitors are told meanwhile.
        #[key = "say"]
        #[optional]
        #[example = "\"We are looking after our database.\""]
        say: Said,

        /// What visitors may be served meanwhile from copies of the site.
        #[key = "keep"]
        #[default = "\"stale\""]
        #[example = "\"nothing\""]
        keep: KeepWord,

        /// What becomes of it when its time is over. Without it one that comes again returns, and one that comes once holds.
        #[key = "on-overrun"]
        #[optional]
        #[example = "\"hold\""]
        on_overrun: OverrunWord,

        /// How long before it opens somebody is told.
        #[key = "announce"]
        #[optional]
        #[example = "\"24h\""]
        announce: Time<60_000, 2_592_000_000>,
    }
}

/// The arrays of a site that are given as tables.
pub(in crate::config) type RealServers = Vec<At<RealServer>>;
/// See [`RealServers`].
pub(in crate::config) type Windows = Vec<At<Window>>;
