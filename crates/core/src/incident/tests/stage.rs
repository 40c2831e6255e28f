//! A stage: three sites, a clock that is set by hand, and tellings as lines of text. Behind each step it looks whether a new process
//! that reads the tellings again would know the same.

use std::fmt::Write as _;
use std::time::Duration;

use crate::damping::Damping;
use crate::doubt::{Mass, Watch};
use crate::event::{
    Act, CheckSetup, Drained, Notice, Output, RealId, RealSetup, Record, Setup, SiteId, SiteSetup,
    SwitchId, SwitchSetup, Unsure, Wanted, Why, WindowSetup,
};
use crate::health::{Reason, State, Thresholds};
use crate::incident::{Audience, History, Incidents, Telling};
use crate::moment::Wall;
use crate::order::{self, Keep, OnOverrun, Order};
use crate::quorum::{Quorum, Weights};
use crate::site::Route;
use crate::window::{Span, Window};

/// Its one switch acts, and it has a window.
pub(super) const SHOP: SiteId = SiteId(0);
/// Its one switch observes.
pub(super) const BLOG: SiteId = SiteId(1);
/// Of its switches one asks and one observes.
pub(super) const NEWS: SiteId = SiteId(2);

pub(super) struct Stage {
    pub(super) setup: Setup,
    pub(super) incidents: Incidents,
    pub(super) now: Wall,
    pub(super) told: Vec<Telling>,
}

impl Stage {
    pub(super) fn new() -> Stage {
        Stage {
            setup: setup(),
            incidents: Incidents::new(1),
            now: Wall(0),
            told: Vec::new(),
        }
    }

    /// So many seconds later.
    pub(super) fn later(&mut self, seconds: u64) -> &mut Stage {
        self.now = self.now.after(Duration::from_secs(seconds));
        let (setup, now) = (&self.setup, self.now);
        self.incidents.look(setup, now);
        self.step()
    }

    /// One step of the engine, with everything that comes out of it.
    pub(super) fn hear(&mut self, outputs: &[Output]) -> &mut Stage {
        for output in outputs {
            self.incidents.hear(output, &self.setup, self.now);
        }
        self.step()
    }

    pub(super) fn notice(&mut self, notice: Notice) -> &mut Stage {
        self.hear(&[Output::Notice(notice)])
    }

    pub(super) fn step(&mut self) -> &mut Stage {
        while let Some(telling) = self.incidents.pop() {
            self.told.push(telling);
        }
        let again = self.remembered();
        assert_eq!(again.open, self.incidents.open, "after {:?}", self.told);
        assert_eq!(again.attached, self.incidents.attached);
        let mut history = History::default();
        self.told.iter().for_each(|telling| history.take(telling));
        if history.incidents().all(|incident| incident.left_out == 0) {
            let mut compacted = Incidents::new(1);
            history
                .tellings()
                .for_each(|telling| compacted.remember(&telling));
            assert_eq!(compacted.open, self.incidents.open);
        }
        self
    }

    /// What a new process knows.
    pub(super) fn remembered(&self) -> Incidents {
        let mut again = Incidents::new(1);
        for telling in &self.told {
            again.remember(telling);
        }
        again
    }

    /// What was told since the last call: `SECONDS PHASE KEY TO-WHOM WHAT`.
    pub(super) fn lines(&mut self) -> String {
        let mut lines = String::new();
        for telling in self.told.drain(..) {
            lines.push_str(&line(&telling));
        }
        lines
    }

    /// The same without what is for the history alone.
    pub(super) fn heard(&mut self) -> String {
        let heard = |telling: &&Telling| telling.audience != Audience::Nobody;
        let lines = self.told.iter().filter(heard).map(line).collect();
        self.told.clear();
        lines
    }
}

fn line(telling: &Telling) -> String {
    let mut line = format!(
        "{} {} {} {:?} {:?}",
        telling.at.0 / 1000,
        telling.phase.label(),
        telling.key(),
        telling.audience,
        telling.what
    );
    for (name, value) in [
        ("about", &telling.about),
        ("by", &telling.by),
        ("reason", &telling.reason),
        ("which", &telling.which),
    ] {
        if let Some(value) = value {
            let _infallible = write!(line, " {name}={value}");
        }
    }
    for (name, flag) in [("planned", telling.planned), ("observed", telling.observed)] {
        if flag {
            let _infallible = write!(line, " {name}");
        }
    }
    if let Some(awaits) = &telling.awaits {
        let _infallible = write!(line, " awaits={awaits:?}");
    }
    line + "\n"
}

/// The site's visitors are sent elsewhere.
pub(super) fn turned(site: SiteId, to: Route, why: Why) -> Output {
    let weights = Weights {
        up: u32::from(to == Route::Live) * 2,
        unknown: 0,
        down: u32::from(to == Route::Sorry) * 2,
    };
    Output::Notice(Notice::Turned {
        site,
        to,
        why,
        weights,
        after: Duration::ZERO,
    })
}

pub(super) fn down(site: SiteId) -> Output {
    turned(site, Route::Sorry, Why::NoQuorum)
}

pub(super) fn up(site: SiteId) -> Output {
    turned(site, Route::Live, Why::Quorum)
}

pub(super) fn real(real: u32, state: State, reason: Reason) -> Output {
    Output::Notice(Notice::Real {
        real: RealId(real),
        state,
        reason,
        drained: Drained::No,
    })
}

/// Another order for the shop, or none.
pub(super) fn ordered(order: Option<Order>) -> Output {
    Output::Record(Record::Order {
        site: "shop".into(),
        order,
        ended: Box::default(),
    })
}

/// A maintenance of the shop until then.
pub(super) fn maintenance(by: &str, until: u64, on_overrun: OnOverrun) -> Order {
    Order {
        what: order::What::Maintenance(Keep::Stale),
        given: Wall(0),
        counted: Wall(0),
        until: Some(Wall(until * 1000)),
        on_overrun,
        by: by.into(),
        reason: None,
        said: None,
    }
}

pub(super) fn switch(site: SiteId, index: u32) -> SwitchId {
    SwitchId { site, index }
}

/// A switch is told.
pub(super) fn told(switch: SwitchId, route: Route) -> Output {
    Output::Route {
        switch,
        generation: 1,
        wanted: Wanted {
            route,
            reals: [].into(),
        },
    }
}

fn setup() -> Setup {
    let mass = Mass {
        share_permille: 500,
        within: Duration::from_secs(10),
    };
    Setup {
        sites: vec![
            site("shop", &[("ipvs", Act::Act)]),
            site("blog", &[("nginx", Act::Observe)]),
            site("news", &[("dns", Act::Ask), ("haproxy", Act::Observe)]),
        ],
        watch: Watch {
            references: 0,
            mass,
            hold: Duration::from_secs(30),
        },
        votes: 0,
    }
}

fn site(name: &str, switches: &[(&str, Act)]) -> SiteSetup {
    let real = |number| RealSetup {
        name: format!("{name}-{number}").into(),
        weight: 1,
        checks: [CheckSetup {
            name: "http".into(),
            thresholds: Thresholds::ONE,
        }]
        .into(),
        first: State::Unknown,
    };
    let switch = |(name, act): &(&str, Act)| SwitchSetup {
        name: (*name).into(),
        act: *act,
        unsure: Unsure::Follow,
    };
    SiteSetup {
        name: name.into(),
        quorum: Quorum {
            at_least: 1,
            hysteresis: 0,
        },
        omega: false,
        damping: Damping {
            dwell_live: Duration::ZERO,
            dwell_sorry: Duration::ZERO,
            hold_down: Duration::ZERO,
            hold_down_most: Duration::ZERO,
            steady_after: Duration::from_secs(300),
        },
        reals: (1..=2).map(real).collect(),
        windows: vec![WindowSetup {
            name: "sunday".into(),
            window: Window::Once(Span {
                start: Wall(0),
                end: Wall(1000),
            }),
            order: maintenance("window sunday", 0, OnOverrun::Return),
            announce: None,
        }],
        switches: switches.iter().map(switch).collect(),
    }
}
