//! What the journal of orders and beliefs says: the engine's records in words, and the windows that operators agreed on. The
//! core's types are mirrored here because the core knows no format; a name in the file stays when a name in the core changes.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sorry_core::event::{Beginning, Drained, Record};
use sorry_core::order::{Keep, Order, What};
use sorry_core::said::{Said, Unsayable};

use super::at::At;
use super::word::{
    HeldWord, KeepWord, OverrunWord, RouteWord, StateWord, ToldWord, WhatWord, WhyWord,
};

/// A record of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Entry {
    /// See [`Record::Order`].
    Order {
        /// The site's name.
        site: Box<str>,
        /// What is in force.
        order: Option<OrderEntry>,
        /// Windows by name that were ended before their time, and when what was ended of each had begun.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ended: Vec<(Box<str>, At)>,
    },
    /// See [`Record::Said`].
    Said {
        /// The site's name.
        site: Box<str>,
        /// What visitors are told.
        said: Option<Box<str>>,
    },
    /// See [`Record::Real`].
    Real {
        /// The site's name.
        site: Box<str>,
        /// The real server's name.
        real: Box<str>,
        /// What is believed of it.
        state: StateWord,
        /// Since when.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<At>,
    },
    /// See [`Record::Weight`].
    Weight {
        /// The site's name.
        site: Box<str>,
        /// The real server's name.
        real: Box<str>,
        /// What it weighs.
        weight: u32,
        /// What it weighed by configuration then.
        configured: u32,
    },
    /// See [`Record::Course`].
    Course {
        /// The site's name.
        site: Box<str>,
        /// What was told last of the order in force; none where it has only begun.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        told: Option<ToldWord>,
        /// Windows by name, and beginnings that were announced.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        announced: Vec<(Box<str>, At)>,
    },
    /// See [`Record::Drained`].
    Drained {
        /// The site's name.
        site: Box<str>,
        /// The real server's name.
        real: Box<str>,
        /// Whether it is.
        drained: bool,
    },
    /// See [`Record::Route`].
    Route {
        /// The site's name.
        site: Box<str>,
        /// Where its visitors are sent.
        route: RouteWord,
        /// Why.
        why: WhyWord,
        /// Its number.
        generation: u64,
        /// Since when.
        since: At,
        /// What is believed of the site.
        held: HeldWord,
        /// Returns in a row that did not last.
        flaps: u8,
    },
    /// See [`Record::Outage`].
    Outage {
        /// The site's name.
        site: Box<str>,
        /// How long it lasted, in milliseconds.
        lasted_ms: u64,
    },
    /// An operator has agreed on a window, in the words that were typed. One of the same site and name is replaced.
    Schedule(Schedule),
    /// It was given up.
    Unschedule(Unschedule),
}

/// A window that an operator has agreed on, as typed: the zone's rules may change before it comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// The site's name.
    pub site: Box<str>,
    /// What it is called; unique within its site.
    pub name: Box<str>,
    /// When it opens: a moment, or a time of day for one that comes again.
    pub at: Box<str>,
    /// The days that it comes again on; once where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Box<str>>,
    /// The IANA time zone of one that comes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Box<str>>,
    /// How long it is open, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_seconds: Option<u64>,
    /// When it closes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Box<str>>,
    /// What visitors are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub say: Option<Box<str>>,
    /// What may be served from copies.
    pub keep: KeepWord,
    /// What becomes of it when its time is over; none where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_overrun: Option<OverrunWord>,
    /// How long before it opens somebody is told, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announce_seconds: Option<u64>,
}

/// Which window was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unschedule {
    /// The site's name.
    pub site: Box<str>,
    /// The window's.
    pub name: Box<str>,
}

/// An order, as [`Order`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEntry {
    /// What is ordered.
    pub what: WhatWord,
    /// What may be served from copies meanwhile; says nothing of a site that is to be live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<KeepWord>,
    /// When it was given.
    pub given: At,
    /// From when its time is counted, where that is not since it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<At>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<At>,
    /// What becomes of it then.
    pub on_overrun: OverrunWord,
    /// By whom.
    pub by: Box<str>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<str>>,
    /// What visitors are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Box<str>>,
}

/// Why an entry is no record of the engine's.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unusable {
    /// It is about windows that operators agree on.
    #[error("it is about a scheduled window, which is not the engine's")]
    Window,
    /// Somebody has put words into it that cannot be said.
    #[error("what visitors are told cannot be said")]
    Said(#[source] Unsayable),
}

impl From<&Record> for Entry {
    fn from(record: &Record) -> Entry {
        match record.clone() {
            Record::Order { site, order, ended } => order_entry(site, order.as_ref(), ended),
            Record::Said { site, said } => Entry::Said {
                site,
                said: said.map(|said| said.as_str().into()),
            },
            Record::Real {
                site,
                real,
                state,
                since,
            } => Entry::Real {
                site,
                real,
                state: state.into(),
                since: since.map(At),
            },
            Record::Weight {
                site,
                real,
                weight,
                configured,
            } => Entry::Weight {
                site,
                real,
                weight,
                configured,
            },
            Record::Course {
                site,
                told,
                announced,
            } => Entry::Course {
                site,
                told: ToldWord::of(told),
                announced: kept(announced),
            },
            Record::Drained {
                site,
                real,
                drained,
            } => Entry::Drained {
                site,
                real,
                drained: drained == Drained::Yes,
            },
            Record::Route {
                site,
                route,
                why,
                generation,
                since,
                held,
                flaps,
            } => Entry::Route {
                site,
                route: route.into(),
                why: why.into(),
                generation,
                since: At(since),
                held: held.into(),
                flaps,
            },
            Record::Outage { site, lasted } => Entry::Outage {
                site,
                lasted_ms: u64::try_from(lasted.as_millis()).unwrap_or(u64::MAX),
            },
        }
    }
}

impl TryFrom<Entry> for Record {
    type Error = Unusable;

    fn try_from(entry: Entry) -> Result<Record, Unusable> {
        Ok(match entry {
            Entry::Order { site, order, ended } => order_record(site, order, ended)?,
            Entry::Said { site, said } => said_record(site, said.as_deref())?,
            Entry::Real {
                site,
                real,
                state,
                since,
            } => Record::Real {
                site,
                real,
                state: state.into(),
                since: since.map(|at| at.0),
            },
            Entry::Weight {
                site,
                real,
                weight,
                configured,
            } => Record::Weight {
                site,
                real,
                weight,
                configured,
            },
            Entry::Course {
                site,
                told,
                announced,
            } => Record::Course {
                site,
                told: ToldWord::milestone(told),
                announced: beginnings(announced),
            },
            Entry::Drained {
                site,
                real,
                drained,
            } => Record::Drained {
                site,
                real,
                drained: if drained { Drained::Yes } else { Drained::No },
            },
            Entry::Route {
                site,
                route,
                why,
                generation,
                since,
                held,
                flaps,
            } => Record::Route {
                site,
                route: route.into(),
                why: why.into(),
                generation,
                since: since.0,
                held: held.into(),
                flaps,
            },
            Entry::Outage { site, lasted_ms } => Record::Outage {
                site,
                lasted: Duration::from_millis(lasted_ms),
            },
            Entry::Schedule(_) | Entry::Unschedule(_) => return Err(Unusable::Window),
        })
    }
}

fn order_entry(site: Box<str>, order: Option<&Order>, ended: Box<[Beginning]>) -> Entry {
    Entry::Order {
        site,
        order: order.map(OrderEntry::from),
        ended: kept(ended),
    }
}

fn order_record(
    site: Box<str>,
    order: Option<OrderEntry>,
    ended: Vec<(Box<str>, At)>,
) -> Result<Record, Unusable> {
    Ok(Record::Order {
        site,
        order: order.map(Order::try_from).transpose()?,
        ended: beginnings(ended),
    })
}

fn said_record(site: Box<str>, said: Option<&str>) -> Result<Record, Unusable> {
    Ok(Record::Said {
        site,
        said: said.map(sayable).transpose()?,
    })
}

fn kept(beginnings: Box<[Beginning]>) -> Vec<(Box<str>, At)> {
    let kept = beginnings.into_iter().map(|(name, at)| (name, At(at)));
    kept.collect()
}

fn beginnings(kept: Vec<(Box<str>, At)>) -> Box<[Beginning]> {
    kept.into_iter().map(|(name, at)| (name, at.0)).collect()
}

fn sayable(text: &str) -> Result<Said, Unusable> {
    Said::parse(text).map_err(Unusable::Said)
}

impl From<&Order> for OrderEntry {
    fn from(order: &Order) -> OrderEntry {
        let (what, keep) = match order.what {
            What::Maintenance(keep) => (WhatWord::Maintenance, Some(keep.into())),
            What::Live => (WhatWord::Live, None),
        };
        OrderEntry {
            what,
            keep,
            given: At(order.given),
            counted: (order.counted != order.given).then_some(At(order.counted)),
            until: order.until.map(At),
            on_overrun: order.on_overrun.into(),
            by: order.by.clone(),
            reason: order.reason.clone(),
            said: order.said.as_ref().map(|said| said.as_str().into()),
        }
    }
}

impl TryFrom<OrderEntry> for Order {
    type Error = Unusable;

    fn try_from(entry: OrderEntry) -> Result<Order, Unusable> {
        let what = match entry.what {
            WhatWord::Maintenance => What::Maintenance(entry.keep.map_or(Keep::Stale, Keep::from)),
            WhatWord::Live => What::Live,
        };
        Ok(Order {
            what,
            given: entry.given.0,
            counted: entry.counted.unwrap_or(entry.given).0,
            until: entry.until.map(|until| until.0),
            on_overrun: entry.on_overrun.into(),
            by: entry.by,
            reason: entry.reason,
            said: entry.said.as_deref().map(sayable).transpose()?,
        })
    }
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
