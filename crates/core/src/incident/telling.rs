//! What is told of an incident: plain facts, no words. Words for people are made where it is sent; the history keeps the same.
//!
//! Nothing is decided here; [`Incidents`](super::Incidents) makes tellings, [`History`](super::History) and the alerts take them.

use std::time::Duration;

use crate::doubt::Cause;
use crate::health::Reason;
use crate::moment::Wall;
use crate::quorum::Weights;
use crate::site::Route;

/// The kinds of incident. Of each there is one open at a time for a site (and a real server or switch, where it is about one).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Visitors are sent to the sorry server, because too few real servers work.
    Outage,
    /// They are, because somebody ordered it.
    Maintenance,
    /// They are sent to the real servers, because somebody ordered it.
    ForcedLive,
    /// One's own eyes are not believed.
    Doubt,
    /// A switch does not do what it is told, or waits for somebody.
    Switch,
    /// One real server is down.
    Real,
    /// The certificate of a real server is about to end.
    Certificate,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 7] = [
        Kind::Outage,
        Kind::Maintenance,
        Kind::ForcedLive,
        Kind::Doubt,
        Kind::Switch,
        Kind::Real,
        Kind::Certificate,
    ];

    /// The word for JSON, labels and the journal.
    pub fn label(self) -> &'static str {
        match self {
            Kind::Outage => "outage",
            Kind::Maintenance => "maintenance",
            Kind::ForcedLive => "forced-live",
            Kind::Doubt => "doubt",
            Kind::Switch => "switch",
            Kind::Real => "real-server",
            Kind::Certificate => "certificate",
        }
    }

    /// Whether it is somebody's order.
    pub fn is_order(self) -> bool {
        matches!(self, Kind::Maintenance | Kind::ForcedLive)
    }
}

/// What a telling is in the course of its incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The incident begins.
    Begins,
    /// It goes on.
    Goes,
    /// It ends.
    Ends,
    /// No incident: something to know.
    Aside,
}

/// What a telling is for those who are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Something is wrong from now on.
    Firing,
    /// More of what was told already.
    Update,
    /// What was told is over.
    Resolved,
    /// Nothing is wrong; to be known.
    Note,
}

impl Phase {
    /// The word for JSON.
    pub fn label(self) -> &'static str {
        match self {
            Phase::Firing => "firing",
            Phase::Update => "update",
            Phase::Resolved => "resolved",
            Phase::Note => "note",
        }
    }
}

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Nobody; the history keeps it.
    Nobody,
    /// Those who want to hear of each real server.
    OfReals,
    /// Everybody who hears of the site.
    Everybody,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// To be known.
    Info,
    /// To be looked at.
    Warning,
    /// Visitors suffer.
    Critical,
}

impl Severity {
    /// The word for JSON and labels.
    pub fn label(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}

/// A real server that is down, and why.
pub type DownReal = (Box<str>, Reason);

/// How a maintenance went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// How long after its time it ended.
    pub overrun: Duration,
    /// How many real servers were down in its course.
    pub reals_down: u32,
}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Too few real servers work: what they come to, and the first few that do not.
    Down(Weights, Box<[DownReal]>),
    /// An order is over, and too few real servers work.
    StaysDown(Box<[DownReal]>),
    /// Enough work again.
    Up,
    /// Visitors are sent to the real servers in spite of it.
    UpByOrder,
    /// So many returns did not last, of a real server for this reason at last; it will be quiet until it is steady.
    Flaps(u32, Option<Reason>),
    /// Up again while it flaps.
    Returned,
    /// Down again while it flaps.
    FellAgain,
    /// It has been steady, after so many returns that did not last.
    Steady(u32),
    /// An order is in force.
    Ordered {
        /// Until when.
        until: Option<Wall>,
        /// It ends by itself then.
        returns: bool,
    },
    /// The order was changed.
    Changed {
        /// Until when it is in force now.
        until: Option<Wall>,
        /// It ends by itself then.
        returns: bool,
    },
    /// Four fifths of its time are gone; it ends then.
    AlmostOver(Option<Wall>),
    /// It should have ended so long ago.
    Overrun(Duration),
    /// Somebody ended it.
    Lifted(Summary),
    /// It ended by itself.
    TimeOver(Summary),
    /// A window opens then.
    Announced(Wall),
    /// One's own eyes are not believed.
    Doubted(Cause),
    /// They are again.
    Believed,
    /// A site is watched no more: the process has ended.
    Unwatched,
    /// It is again.
    Watched,
    /// A real server does not work.
    RealDown(Reason),
    /// It does.
    RealUp,
    /// A switch has failed so many times in a row.
    SwitchFailed(u32),
    /// It works.
    SwitchWorks,
    /// A switch waits for somebody.
    Awaits(Awaited),
    /// It does not any more.
    Moves,
    /// A switch that only observes would have done this.
    WouldTurn(Route),
    /// The certificate ends in so many days.
    Expires(u32),
    /// It does not any more.
    Renewed,
    /// It is no longer configured.
    Gone,
}

/// What a switch waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Awaited {
    /// Where it would send visitors.
    pub to: Route,
    /// The number to approve it by; without one it waits until somebody is sure.
    pub generation: Option<u64>,
}

/// One thing that is told, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// Its own number, greater than those of all tellings before; 0 until it is taken out.
    pub number: u64,
    /// The number of its incident, greater than those of all incidents before.
    pub incident: u64,
    /// What kind that is.
    pub kind: Kind,
    /// Its site; none where it is about all of them.
    pub site: Option<Box<str>>,
    /// The real server, switch or window that the incident is about.
    pub about: Option<Box<str>>,
    /// Who ordered it.
    pub by: Option<Box<str>>,
    /// Why, in the words of whoever ordered it.
    pub reason: Option<Box<str>>,
    /// It was agreed on: an order, or while one is in force. The same for all of an incident.
    pub planned: bool,
    /// Nothing acts on it: all switches of the site only observe. The same for all of an incident, but for what an observing switch
    /// among others would have done.
    pub observed: bool,
    /// When it began.
    pub began: Wall,
    /// When this happened.
    pub at: Wall,
    /// What this is in its course.
    pub step: Step,
    /// What this is for those who are told.
    pub phase: Phase,
    /// Who that is.
    pub audience: Audience,
    /// What happened.
    pub what: What,
    /// The real server or switch that did it, where the incident is not about that alone.
    pub which: Option<Box<str>>,
    /// A switch that waits for somebody because of it.
    pub awaits: Option<(Box<str>, Awaited)>,
}

impl Telling {
    /// How long it has lasted, by the clock on the wall: that is what a restart leaves of it.
    pub fn lasted(&self) -> Duration {
        self.at.since(self.began)
    }

    /// The same for all of an incident and for no other: `outage/shop/17`.
    pub fn key(&self) -> String {
        let site = self.site.as_deref().unwrap_or("all");
        format!("{}/{site}/{}", self.kind.label(), self.incident)
    }

    /// How bad the incident is; the same for all of its course, so that it can be a label. What is only to be known is not bad.
    pub fn severity(&self) -> Severity {
        match (self.phase, self.kind) {
            (Phase::Note, _) => Severity::Info,
            _ if self.observed => Severity::Warning,
            (_, Kind::Outage | Kind::Switch) => Severity::Critical,
            _ => Severity::Warning,
        }
    }
}
