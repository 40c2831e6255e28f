//! Configurations for tests.

use std::num::NonZeroU16;
use std::time::Duration;

use crate::damping::Damping;
use crate::doubt::{Mass, Watch};
use crate::event::{Act, CheckSetup, RealSetup, Setup, SiteSetup, SwitchSetup, Unsure};
use crate::health::{State, Thresholds};
use crate::quorum::Quorum;

pub(super) fn thresholds(rise: u16, fall: u16) -> Thresholds {
    let count = |number| NonZeroU16::new(number).unwrap();
    Thresholds {
        rise: count(rise),
        fall: count(fall),
        forgive: count(1),
    }
}

pub(super) fn switch(name: &str, act: Act, unsure: Unsure) -> SwitchSetup {
    SwitchSetup {
        name: name.into(),
        act,
        unsure,
    }
}

pub(super) fn check(name: &str) -> CheckSetup {
    CheckSetup {
        name: name.into(),
        thresholds: thresholds(2, 2),
    }
}

/// A site with so many real servers of weight 1 and one switch that acts.
pub(super) fn site(name: &str, reals: u32) -> SiteSetup {
    let real = |number| RealSetup {
        name: format!("{name}-{number}").into(),
        weight: 1,
        checks: [check("http")].into(),
        first: State::Unknown,
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
            hold_down: Duration::from_secs(10),
            hold_down_most: Duration::from_secs(60),
            steady_after: Duration::from_secs(100),
        },
        reals: (0..reals).map(real).collect(),
        windows: Vec::new(),
        switches: vec![switch("act", Act::Act, Unsure::Follow)],
    }
}

pub(super) fn setup(sites: Vec<SiteSetup>) -> Setup {
    Setup {
        sites,
        watch: Watch {
            references: 0,
            mass: Mass {
                share_permille: 500,
                within: Duration::from_secs(10),
            },
            hold: Duration::from_secs(30),
        },
        votes: 0,
    }
}
