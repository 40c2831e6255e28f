//! What an operator orders of a site, as the admin API hears it, and what comes of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::moment::Moment;
use super::standing::SiteStanding;

/// An order for one site. Fields that nobody knows are refused, not skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Order {
    /// Maintenance from now on.
    Down(Down),
    /// Whatever was ordered is over; health decides.
    Up {},
    /// Live, even below quorum, until a time.
    Live(Lasting),
    /// What is in force stays so for so much longer.
    Extend {
        /// How much, in seconds.
        by_seconds: u64,
    },
    /// Visitors are told something else from now on.
    Say {
        /// What; nothing where there is none.
        #[serde(default)]
        text: Option<String>,
    },
    /// A real server gets no new visitors, or does again.
    Drain {
        /// Its address as configured.
        real_server: String,
        /// Whether it is drained.
        drained: bool,
    },
    /// A window is agreed on. One of the same name is replaced.
    Schedule(Schedule),
    /// A scheduled window is given up.
    Unschedule {
        /// Its name.
        name: String,
    },
    /// A switch may do what it asked for.
    Approve {
        /// Its name; the only one that asks where there is none.
        #[serde(default)]
        switch: Option<String>,
        /// The generation that it asked with; the latest where there is none.
        #[serde(default)]
        generation: Option<u64>,
    },
}

impl Order {
    /// Its word, as it stands in `do`.
    pub fn word(&self) -> &'static str {
        match self {
            Order::Down(_) => "down",
            Order::Up {} => "up",
            Order::Live(_) => "live",
            Order::Extend { .. } => "extend",
            Order::Say { .. } => "say",
            Order::Drain { .. } => "drain",
            Order::Schedule(_) => "schedule",
            Order::Unschedule { .. } => "unschedule",
            Order::Approve { .. } => "approve",
        }
    }
}

/// For how long; without either as long as the configuration says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lasting {
    /// For so many seconds from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_seconds: Option<u64>,
    /// Until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// Without an end.
    #[serde(default)]
    pub endless: bool,
}

/// A maintenance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Down {
    /// For how long.
    #[serde(default)]
    pub lasting: Lasting,
    /// What visitors are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say: Option<String>,
    /// What may be served from copies.
    #[serde(default)]
    pub keep: Keep,
    /// What becomes of it when its time is over.
    #[serde(default)]
    pub on_overrun: OnOverrun,
}

/// What may be served from copies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// Whatever there is.
    #[default]
    Stale,
    /// Nothing.
    Nothing,
}

/// What becomes of an order when its time is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnOverrun {
    /// It stays in force, and somebody is told every quarter of an hour.
    #[default]
    Hold,
    /// It ends, and health decides.
    Return,
}

/// A window that an operator agrees on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// What it is called; unique within its site, configured ones included.
    pub name: String,
    /// When it opens: for one that comes once, a moment as `sorry schedule --at` takes it (`2026-12-01 02:00 Europe/Berlin`); for
    /// one that comes again, a time of day (`02:00`).
    pub at: String,
    /// The days that it comes again on: `mon` to `sun`; once where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<String>,
    /// The IANA time zone whose clocks are meant, and in which it is shown; where there is none, the one that `at` names, else the
    /// machine's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// How long it is open, in seconds; else see `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_seconds: Option<u64>,
    /// When it closes: a moment or a time of day, as `at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// What visitors are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say: Option<String>,
    /// What may be served from copies.
    #[serde(default)]
    pub keep: Keep,
    /// What becomes of it when its time is over; `return` where nothing is said of one that comes again, else `hold`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_overrun: Option<OnOverrun>,
    /// How long before it opens somebody is told, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announce_seconds: Option<u64>,
}

/// What came of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Done {
    /// For people, a line each.
    pub told: Vec<String>,
    /// It is in force, and not on the disk: why not. A restart would forget it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unkept: Option<String>,
    /// The site, as it stands now.
    pub site: SiteStanding,
}
