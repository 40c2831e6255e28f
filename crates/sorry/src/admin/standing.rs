//! How sites and their real servers stand, as the admin API says it: plain values, made by the daemon, sent as JSON, shown as
//! tables. Optional fields that are not there are left out. Words (`live`, `no-quorum`, `up`, ...) are the labels of the core.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::moment::Moment;

/// Everything that is watched and decided.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Standing {
    /// The sites, in the order of the configuration.
    pub sites: Vec<SiteStanding>,
    /// Why what is seen is not believed now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<DoubtStanding>,
    /// The addresses that must answer, in the order of the configuration.
    #[serde(default)]
    pub references: Vec<AskedStanding>,
    /// The peers that were asked what they see, in the order of their names.
    #[serde(default)]
    pub peers: Vec<AskedStanding>,
    /// How many incidents go on, by their kind: `outage`, `maintenance`, ...
    #[serde(default)]
    pub open_incidents: BTreeMap<String, u64>,
    /// Who is told, in the order of their names.
    #[serde(default)]
    pub receivers: Vec<ReceiverStanding>,
    /// How much later than they should have probes began, since the process started.
    #[serde(default)]
    pub late: LateStanding,
    /// The journal cannot be written, and why: a restart would forget what was ordered since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unkept: Option<String>,
}

/// How much later than they should have probes began: a machine that cannot keep up is late.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LateStanding {
    /// How many, by how late; each probe in one of them.
    pub buckets: Vec<LateBucket>,
    /// All that time together, in microseconds.
    pub sum_us: u64,
}

/// Probes that were about as late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LateBucket {
    /// At most so late, in milliseconds; later than all others where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to_ms: Option<u64>,
    /// How many.
    pub probes: u64,
}

/// Somebody who is asked for the sake of doubt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AskedStanding {
    /// A reference's address or a peer's name, as configured.
    pub name: String,
    /// Whether it answered when it was last asked; not asked yet where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<bool>,
}

/// Somebody who is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiverStanding {
    /// The name.
    pub name: String,
    /// `webhook`, `email`, ...
    pub channel: String,
    /// Alerts that wait for it.
    pub waiting: u64,
    /// Alerts that it took, since the process started.
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Alerts that it will never take, or that were tried for too long, or for which there was no room.
    pub lost: u64,
    /// When it last took one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success: Option<Moment>,
    /// When an attempt last failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<Moment>,
    /// Why it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// One's own eyes are not believed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DoubtStanding {
    /// `references` or `mass`.
    pub cause: String,
    /// In words.
    pub shown: String,
    /// Since when.
    pub since: Moment,
    /// When what is seen will be believed; not before a reference answers where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
}

/// One site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SiteStanding {
    /// Its name.
    pub name: String,
    /// Where its visitors are sent: `live` or `sorry`.
    pub route: String,
    /// Why: `quorum`, `no-quorum`, `ordered`, `overrun`, `held-down`, `dwelling`, `doubted`, `beginning`, or `unwatched` where
    /// it has no real servers.
    pub why: String,
    /// Since when it is sent there.
    pub since: Moment,
    /// The number of what is wanted.
    pub generation: u64,
    /// The sum of weights that is enough, and how far above or below it must be to change.
    pub quorum: QuorumStanding,
    /// The order that is in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderStanding>,
    /// Returns in a row that did not last.
    pub flaps: u8,
    /// How often it was sent to the real servers, and to the sorry server, since the process started.
    pub turned: TurnedStanding,
    /// Health may not turn it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steady_until: Option<Moment>,
    /// Seconds that are probably left of its outage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_seconds: Option<u64>,
    /// Its real servers.
    pub real_servers: Vec<RealStanding>,
    /// Its switches.
    pub switches: Vec<SwitchStanding>,
    /// Its windows: configured and scheduled, the next to open first.
    pub windows: Vec<WindowStanding>,
}

/// How often a site was turned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TurnedStanding {
    /// To its real servers.
    pub live: u64,
    /// To the sorry server.
    pub sorry: u64,
}

/// What a site needs and has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuorumStanding {
    /// The sum of weights that is enough.
    pub at_least: u32,
    /// How far the sum must be above it to gain the quorum, and below to lose it.
    pub hysteresis: u32,
    /// Whether it has it.
    pub held: bool,
    /// The weights of real servers that work.
    pub up: u32,
    /// Of those of which nothing is known.
    pub unknown: u32,
    /// Of those that do not work.
    pub down: u32,
}

/// An order that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderStanding {
    /// `maintenance`, or `live` in spite of health.
    pub what: String,
    /// When it was given.
    pub given: Moment,
    /// Until when; without an end where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// Its time is over, and it holds.
    pub overrun: bool,
    /// What becomes of it then: `hold` or `return`.
    pub on_overrun: String,
    /// What may be served from copies: `stale` or `nothing`.
    pub keep: String,
    /// Who gave it.
    pub by: String,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What visitors are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

/// One real server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RealStanding {
    /// Its address as configured.
    pub name: String,
    /// Its weight; as its check says where that sets it.
    pub weight: u32,
    /// `up`, `down` or `unknown`, as its checks say.
    pub state: String,
    /// The same as it is believed; another while there is doubt.
    pub believed: String,
    /// Gets no new visitors.
    pub drained: bool,
    /// Since when it is in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Moment>,
    /// Its checks.
    pub checks: Vec<CheckStanding>,
}

/// One check of a real server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckStanding {
    /// How it is called: its label, else its kind (`http`, `tcp`, ...), with a number where there are several.
    pub kind: String,
    /// `up`, `down` or `unknown`.
    pub state: String,
    /// The last results, the oldest first: `1` good, `0` bad; at most 64.
    pub history: String,
    /// Why the last one was as it was: `ok`, `refused`, ...
    pub reason: String,
    /// What was seen, in words; quoted where it comes from the server.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// How long the last one took, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_us: Option<u64>,
    /// When the last one ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
    /// Good results in a row.
    pub good: u16,
    /// Bad ones that are not forgiven.
    pub bad: u16,
    /// Good ones in a row that bring it up.
    pub rise: u16,
    /// Bad ones that take it down.
    pub fall: u16,
    /// Results since the process started.
    pub total: TotalStanding,
    /// Those that were not good, by their reason; only reasons that there were.
    #[serde(default)]
    pub failures: BTreeMap<String, u64>,
    /// When the certificate ends that the server showed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_until: Option<Moment>,
}

/// Results of a check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TotalStanding {
    /// Good ones.
    pub good: u64,
    /// Bad ones.
    pub bad: u64,
    /// Probes that this machine could not make, which say nothing.
    pub void: u64,
}

/// One switch of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SwitchStanding {
    /// Its name.
    pub name: String,
    /// `observe`, `ask` or `act`.
    pub act: String,
    /// Where it was told to send visitors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<String>,
    /// Whether it has confirmed that.
    pub confirmed: bool,
    /// Failures in a row.
    pub failures: u32,
    /// What waits for approval: where to, and the generation to approve it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<WaitingStanding>,
}

/// What a switch waits to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaitingStanding {
    /// Where to.
    pub to: String,
    /// The number to approve it by.
    pub generation: u64,
}

/// One window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WindowStanding {
    /// Its name.
    pub name: String,
    /// When it is open, in words.
    pub when: String,
    /// `configured`, or `scheduled` by an operator.
    pub origin: String,
    /// When it opens next; not any more where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opens: Option<Moment>,
    /// When it closes: the one that is open, else the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes: Option<Moment>,
    /// Whether it is open now.
    pub open: bool,
    /// Whether it would be, had an operator not ended it before its time.
    #[serde(default)]
    pub ended_early: bool,
    /// What visitors are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

/// Why a site is where it is: the whole chain, the conclusion first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Explanation {
    /// The site, as it stands.
    pub site: SiteStanding,
    /// The chain: each step is so because of the ones that are below it and deeper.
    pub steps: Vec<Step>,
    /// What the kernel does for it, a line each; nothing where it does nothing for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kernel: Vec<String>,
    /// What led there, the newest first.
    pub inputs: Vec<Seen>,
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// How deep it stands below the conclusion, 0 being that.
    pub depth: u8,
    /// What is so, in words.
    pub what: String,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Seen {
    /// When.
    pub at: Moment,
    /// What, in words.
    pub what: String,
}
