//! What has happened, as the admin API says it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::moment::Moment;

/// Incidents, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct History {
    /// Them.
    pub incidents: Vec<Incident>,
}

impl History {
    /// Whether any incident is about this site.
    pub(super) fn is_about(&self, site: &str) -> bool {
        let mut sites = self.incidents.iter().filter_map(|one| one.site.as_deref());
        sites.any(|known| known == site)
    }
}

/// Something that began and, mostly, has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Incident {
    /// Its number; greater than all before.
    pub id: u64,
    /// The site; none where it is about all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// `outage`, `maintenance`, `forced-live`, `doubt`, `switch`.
    pub kind: String,
    /// Why it began, in words.
    pub cause: String,
    /// It was agreed on before: a window, or an operator's order.
    pub planned: bool,
    /// When it began.
    pub began: Moment,
    /// When it ended; it goes on where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Moment>,
    /// How long it lasted, or has lasted so far.
    pub seconds: u64,
    /// Who ordered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// It would have been so, had a switch that only observes been allowed to act.
    #[serde(default)]
    pub observed: bool,
    /// What happened meanwhile, the oldest first.
    pub events: Vec<Event>,
}

/// Something that happened in the course of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// When.
    pub at: Moment,
    /// What, in words.
    pub what: String,
    /// It did not happen: a switch that only observes would have done it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub would: bool,
}
