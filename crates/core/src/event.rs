//! The only door into the engine and the only door out of it: everything that can happen, and everything it can want.
//!
//! Inputs name sites and real servers by their place in the [`Setup`] they were taken from, and carry its [`Epoch`], so that
//! what was on its way when the configuration changed is not taken for news of somebody else. Outputs are whole wanted
//! states: whoever carries one out twice does no harm.

use std::sync::Arc;
use std::time::Duration;

use crate::damping::Damping;
use crate::doubt::{Cause, Watch};
use crate::health::{Reason, State, Thresholds};
use crate::moment::Wall;
use crate::order::{Milestone, Order};
use crate::quorum::{Held, Quorum, Weights};
use crate::said::Said;
use crate::site::Route;
use crate::window::Window;

/// Which configuration is meant; raised by each [`Input::Reconfigured`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Epoch(pub u32);

/// A site, by its place in the setup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SiteId(pub u32);

/// A real server, by its place among all of the setup, site by site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RealId(pub u32);

/// A switch of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SwitchId {
    /// The site.
    pub site: SiteId,
    /// Its place among the site's switches.
    pub index: u32,
}

/// What is watched and decided about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// The sites; names are unique.
    pub sites: Vec<SiteSetup>,
    /// What is watched to doubt oneself.
    pub watch: Watch,
    /// Peers that must see the same before health is believed in spite of doubt; 0 asks none.
    pub votes: u32,
}

/// One site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteSetup {
    /// Its name, by which it is known across configurations and restarts.
    pub name: Box<str>,
    /// What it needs.
    pub quorum: Quorum,
    /// Somebody is told when it is watched no more (keepalived's `omega`).
    pub omega: bool,
    /// What keeps it steady.
    pub damping: Damping,
    /// Its real servers; names are unique within the site.
    pub reals: Vec<RealSetup>,
    /// Its windows.
    pub windows: Vec<WindowSetup>,
    /// Its switches.
    pub switches: Vec<SwitchSetup>,
}

/// One real server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealSetup {
    /// Its address as configured, by which it is known across configurations and restarts.
    pub name: Box<str>,
    /// Its weight.
    pub weight: u32,
    /// Its checks, all of which must be good; without any it is always taken to work.
    pub checks: Box<[CheckSetup]>,
    /// What is believed of it at first: `Down` for keepalived's `alpha`, else `Unknown`.
    pub first: State,
}

/// One check of a real server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckSetup {
    /// Its name, unique within the real server: what is known of it is kept under this name across configurations.
    pub name: Box<str>,
    /// How many results change what is believed.
    pub thresholds: Thresholds,
}

/// One window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowSetup {
    /// Its name, for people.
    pub name: Box<str>,
    /// When it is open.
    pub window: Window,
    /// The order that is in force then, without its times.
    pub order: Order,
    /// How long before it opens somebody is told.
    pub announce: Option<Duration>,
}

/// One switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchSetup {
    /// Its name, for people.
    pub name: Box<str>,
    /// What it may do by itself.
    pub act: Act,
    /// What it does once doubt has ended by time alone.
    pub unsure: Unsure,
}

/// What a switch may do by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Nothing: what it would do is told.
    Observe,
    /// What an operator has approved, or ordered.
    Ask,
    /// Everything.
    Act,
}

/// What a switch does when nobody is sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsure {
    /// What the site's route says.
    Follow,
    /// Nothing, until peers agree or an operator orders it (DNS: the way back takes long).
    Stay,
}

/// Something has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Time has passed; due at the latest when `poll_timeout` says.
    Looked,
    /// The process ends, and nobody follows at once.
    Stopping,
    /// There is another configuration. What has not changed keeps its state.
    Reconfigured(Setup),
    /// Read from the journal, in its order, behind the first configuration and before anything else.
    Remembered(Record),
    /// A probe has ended.
    Probed {
        /// The configuration it was made for.
        epoch: Epoch,
        /// Of which real server.
        real: RealId,
        /// By which of its checks.
        check: u8,
        /// How.
        reason: Reason,
    },
    /// A check has said what a real server weighs from now on (keepalived's `misc_dynamic`).
    Weighed {
        /// The configuration it was made for.
        epoch: Epoch,
        /// Which real server.
        real: RealId,
        /// Its weight.
        weight: u32,
    },
    /// Requests of clients went through a real server, or did not; one for at most each 50 ms, the first failure at once.
    Passive {
        /// The configuration it was seen under.
        epoch: Epoch,
        /// Which real server.
        real: RealId,
        /// Requests that were answered.
        good: u32,
        /// Requests for which there was no connection or no answer.
        bad: u32,
    },
    /// An address that must answer was asked.
    Reference {
        /// Its place in the configuration.
        index: u32,
        /// Whether it did.
        answered: bool,
    },
    /// An operator has ordered something.
    Ordered {
        /// For which configuration's site.
        epoch: Epoch,
        /// For which site.
        site: SiteId,
        /// What.
        command: Command,
    },
    /// A switch has done what was wanted of it, or failed.
    Applied {
        /// The configuration it belongs to.
        epoch: Epoch,
        /// Which.
        switch: SwitchId,
        /// The generation of what was wanted.
        generation: u64,
        /// Whether it worked.
        outcome: Outcome,
    },
    /// A peer has said what it sees.
    PeerSaw {
        /// The configuration it was asked under.
        epoch: Epoch,
        /// Which peer.
        peer: u32,
        /// Of which site.
        site: SiteId,
        /// What it believes.
        held: Held,
    },
}

/// What an operator can order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// This is in force from now on.
    Give(Order),
    /// Nothing is in force any more; the window that is open, if any, is over, too.
    Lift,
    /// What is in force stays so for so much longer.
    Extend(Duration),
    /// Visitors are told something else from now on: until the order in force ends, or else until the site is back.
    Say(Option<Said>),
    /// A real server gets no new visitors, or does again.
    Drain(RealId, Drained),
    /// A switch that asks may do what is wanted of that generation.
    Approve(u32, u64),
}

/// Whether a real server is drained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// It gets no new visitors.
    Yes,
    /// It does.
    No,
}

/// What came of a switch's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// What was wanted is so, as far as the switch can prove.
    Done,
    /// It is not. Why is the switch's to tell.
    Failed,
}

/// Something is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// To be kept safe before any later output is carried out.
    Record(Record),
    /// A switch shall make this so.
    Route {
        /// Which.
        switch: SwitchId,
        /// Its number: of two, the greater counts.
        generation: u64,
        /// What.
        wanted: Wanted,
    },
    /// A real server shall be probed at another pace.
    Pace(RealId, Pace),
    /// Peers shall be asked what they see of a site.
    AskPeers(SiteId),
    /// Somebody may want to know.
    Notice(Notice),
}

/// How often a real server is probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As configured.
    Normal,
    /// Soon again: the next results decide.
    Suspect,
}

/// Where a site's visitors shall go, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Where.
    pub route: Route,
    /// Which real servers may get visitors, when the route is to them.
    pub reals: Arc<[RealWanted]>,
}

/// What is wanted of one real server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RealWanted {
    /// Which.
    pub real: RealId,
    /// Its weight; 0 where it is down or drained.
    pub weight: u32,
}

/// Why visitors are sent where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Nothing was seen yet.
    Beginning,
    /// It has no real servers: nothing but an order turns it.
    Unwatched,
    /// Enough real servers work.
    Quorum,
    /// Too few do.
    NoQuorum,
    /// An order is in force.
    Ordered,
    /// An order is in force after its time.
    Overrun,
    /// Enough work again, but not for long enough.
    HeldDown,
    /// Too few work, but the site has not been live for long.
    Dwelling,
    /// What the probes say is not believed.
    Doubted,
}

impl Why {
    /// All of them.
    pub const ALL: [Why; 9] = [
        Why::Beginning,
        Why::Unwatched,
        Why::Quorum,
        Why::NoQuorum,
        Why::Ordered,
        Why::Overrun,
        Why::HeldDown,
        Why::Dwelling,
        Why::Doubted,
    ];

    /// Whether it is somebody's word.
    pub fn is_order(self) -> bool {
        matches!(self, Why::Ordered | Why::Overrun)
    }

    /// The word for JSON, metrics and the journal.
    pub fn label(self) -> &'static str {
        match self {
            Why::Beginning => "beginning",
            Why::Unwatched => "unwatched",
            Why::Quorum => "quorum",
            Why::NoQuorum => "no-quorum",
            Why::Ordered => "ordered",
            Why::Overrun => "overrun",
            Why::HeldDown => "held-down",
            Why::Dwelling => "dwelling",
            Why::Doubted => "doubted",
        }
    }
}

/// News, told once, when it is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A site's visitors are sent elsewhere from now on.
    Turned {
        /// The site.
        site: SiteId,
        /// Where to.
        to: Route,
        /// Why.
        why: Why,
        /// What its real servers come to.
        weights: Weights,
        /// How long they were sent where they were.
        after: Duration,
    },
    /// Something else is believed of a real server.
    Real {
        /// Which.
        real: RealId,
        /// What.
        state: State,
        /// The last result.
        reason: Reason,
        /// Whether it gets visitors at all.
        drained: Drained,
    },
    /// One's own eyes are not believed.
    Doubt(Cause),
    /// They are again.
    DoubtOver,
    /// An order has come to a point of its course.
    Milestone(SiteId, Milestone),
    /// An order has ended by itself.
    OrderEnded(SiteId),
    /// An order is over, and the site stays down: too few of its real servers work.
    StaysDown(SiteId),
    /// A site is watched no more, for the process ends.
    Unwatched(SiteId),
    /// A window opens at that time.
    Announced(SiteId, u32, Wall),
    /// A switch that only observes would have done this.
    WouldTurn(SwitchId, Route),
    /// A switch asks whether it may do this, by its generation.
    Asks(SwitchId, Route, u64),
    /// A switch does nothing, for nobody is sure.
    Stays(SwitchId, Route),
    /// A switch has failed, so many times in a row.
    Failed(SwitchId, u32),
    /// It works again.
    Recovered(SwitchId),
    /// A site has gone back and forth so many times.
    Flaps(SiteId, u8),
}

/// A window by its name, and one of its beginnings.
pub type Beginning = (Box<str>, Wall);

/// One line of the journal: what a new process must know to go on as if nothing had happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// The order of a site, and which of its windows an operator has ended before their time.
    Order {
        /// The site's name.
        site: Box<str>,
        /// What is in force.
        order: Option<Order>,
        /// Windows by name, and when what was ended of each had begun. What begins later is not ended.
        ended: Box<[Beginning]>,
    },
    /// What visitors are told of an outage that nobody has ordered.
    Said {
        /// The site's name.
        site: Box<str>,
        /// What; nothing any more where there is none.
        said: Option<Said>,
    },
    /// What is believed of a real server.
    Real {
        /// The site's name.
        site: Box<str>,
        /// The real server's name.
        real: Box<str>,
        /// What.
        state: State,
        /// Since when; none where nobody knows.
        since: Option<Wall>,
    },
    /// What a check says that a real server weighs.
    Weight {
        /// The site's name.
        site: Box<str>,
        /// The real server's name.
        real: Box<str>,
        /// What.
        weight: u32,
        /// What it weighed by configuration then: another configured weight counts for more than what was said before it.
        configured: u32,
    },
    /// What somebody was told of the order in force, and which windows were announced.
    Course {
        /// The site's name.
        site: Box<str>,
        /// The last point of its course.
        told: Milestone,
        /// Windows by name, and beginnings that were announced.
        announced: Box<[Beginning]>,
    },
    /// Whether a real server is drained.
    Drained {
        /// The site's name.
        site: Box<str>,
        /// The real server's name.
        real: Box<str>,
        /// Whether.
        drained: Drained,
    },
    /// Where a site's visitors are sent.
    Route {
        /// The site's name.
        site: Box<str>,
        /// Where.
        route: Route,
        /// Why.
        why: Why,
        /// Its number, greater than all before.
        generation: u64,
        /// Since when.
        since: Wall,
        /// What is believed of the site.
        held: Held,
        /// Returns in a row that did not last.
        flaps: u8,
    },
    /// An outage is over.
    Outage {
        /// The site's name.
        site: Box<str>,
        /// How long it lasted.
        lasted: Duration,
    },
}

impl Record {
    /// The site that it is about.
    pub fn site(&self) -> &str {
        match self {
            Record::Order { site, .. }
            | Record::Said { site, .. }
            | Record::Real { site, .. }
            | Record::Weight { site, .. }
            | Record::Course { site, .. }
            | Record::Drained { site, .. }
            | Record::Route { site, .. }
            | Record::Outage { site, .. } => site,
        }
    }
}
