//! One real server as the engine keeps it.

use crate::event::{Drained, Pace, RealSetup};
use crate::health::{Health, State};

/// See the file's header.
#[derive(Debug)]
pub(super) struct Real {
    pub(super) setup: RealSetup,
    /// The place of its site.
    pub(super) site: u32,
    pub(super) health: Health,
    /// What decisions are made from: the state, but for what is doubted.
    pub(super) believed: State,
    pub(super) drained: Drained,
    pub(super) pace: Pace,
}

impl Real {
    pub(super) fn new(setup: RealSetup, site: u32) -> Real {
        Real {
            site,
            health: Health::starting(setup.first),
            believed: setup.first,
            drained: Drained::No,
            pace: Pace::Normal,
            setup,
        }
    }
}
