//! The table of scenarios: what each does with the program, what it promises, and for how long it goes on.

use std::time::Duration;

use super::course::Course;
use super::plan::{A_DAY, Extent, NO_END};
use super::{abuse, kills, orders, reloads, takeovers, uptime};

#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// What is done and what must hold, in one line.
    pub(crate) about: &'static str,
    /// Without options.
    pub(crate) usual: Extent,
    /// As a part of the tests.
    pub(crate) slice: Extent,
    /// How many visitors come one after the other meanwhile.
    pub(crate) visitors: u64,
    /// Until the course says that it is over; an error is a promise that was broken.
    pub(crate) run: fn(&mut Course) -> Result<(), String>,
}

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "takeovers",
        about: "one process takes over from another, again and again: no visitor is refused",
        usual: times(1000),
        slice: both(5, 2),
        visitors: 3,
        run: takeovers::run,
    },
    Scenario {
        name: "reloads",
        about: "settings change, sometimes by mistake: no visitor is refused, the new is in force whole or the old stays",
        usual: times(2000),
        slice: both(20, 2),
        visitors: 3,
        run: reloads::run,
    },
    Scenario {
        name: "kills",
        about: "the process is killed and started again: nothing stale blocks the start, and the answer comes back",
        usual: times(500),
        slice: both(5, 2),
        visitors: 3,
        run: kills::run,
    },
    Scenario {
        name: "orders",
        about: "the process is killed at any instant while somebody orders and real servers come and go: what was acknowledged is in force after the next start",
        usual: times(1000),
        slice: both(5, 2),
        visitors: 1,
        run: orders::run,
    },
    Scenario {
        name: "abuse",
        about: "garbage, slow heads, half-open connections, floods: visitors are served in time, memory stays bounded",
        usual: time(600),
        slice: time(2),
        visitors: 2,
        run: abuse::run,
    },
    Scenario {
        name: "uptime",
        about: "hours of mixed load: neither memory nor descriptors grow",
        usual: time(3600),
        slice: time(2),
        visitors: 2,
        run: uptime::run,
    },
];

const fn times(times: u64) -> Extent {
    Extent { times, time: A_DAY }
}

const fn time(seconds: u64) -> Extent {
    both(NO_END, seconds)
}

const fn both(times: u64, seconds: u64) -> Extent {
    Extent {
        times,
        time: Duration::from_secs(seconds),
    }
}
