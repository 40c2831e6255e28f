//! What a result costs the engine, and what ten thousand real servers take. `cargo xtask bench engine` runs this and judges.
//!
//! Prints one line for each measure: its name, the value, the unit.

#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use std::num::NonZeroU16;
use std::time::{Duration, Instant};

use sorry_core::damping::Damping;
use sorry_core::doubt::{Mass, Watch};
use sorry_core::engine::Engine;
use sorry_core::event::{
    Act, CheckSetup, Input, RealId, RealSetup, Setup, SiteSetup, SwitchSetup, Unsure,
};
use sorry_core::health::{Reason, State, Thresholds};
use sorry_core::moment::{Moment, Tick, Wall};
use sorry_core::quorum::Quorum;

const SITES: u32 = 1000;
const REALS: u32 = 10;

fn setup() -> Setup {
    let count = |number| NonZeroU16::new(number).unwrap();
    let real = |number| RealSetup {
        name: format!("10.0.0.{number}:8080").into(),
        weight: 1,
        checks: [CheckSetup {
            name: "http".into(),
            thresholds: Thresholds {
                rise: count(2),
                fall: count(3),
                forgive: count(1),
            },
        }]
        .into(),
        first: State::Unknown,
    };
    let site = |number| SiteSetup {
        name: format!("site-{number}").into(),
        quorum: Quorum {
            at_least: 1,
            hysteresis: 0,
        },
        omega: false,
        damping: Damping {
            dwell_live: Duration::ZERO,
            dwell_sorry: Duration::from_secs(2),
            hold_down: Duration::from_secs(10),
            hold_down_most: Duration::from_secs(300),
            steady_after: Duration::from_secs(300),
        },
        reals: (0..REALS).map(real).collect(),
        windows: Vec::new(),
        switches: vec![SwitchSetup {
            name: "nftables".into(),
            act: Act::Observe,
            unsure: Unsure::Follow,
        }],
    };
    Setup {
        sites: (0..SITES).map(site).collect(),
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

/// Bytes of memory that this process has touched.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

struct Run {
    engine: Engine,
    now: Moment,
    outputs: u64,
}

impl Run {
    /// One result of each real server, with what follows from it.
    fn round(&mut self, reason: impl Fn(u32) -> Reason) {
        let epoch = self.engine.epoch();
        for number in 0..SITES * REALS {
            let input = Input::Probed {
                epoch,
                real: RealId(number),
                check: 0,
                reason: reason(number),
            };
            self.engine.handle(self.now, input);
            while self.engine.poll_output().is_some() {
                self.outputs += 1;
            }
            std::hint::black_box(self.engine.poll_timeout());
        }
        self.now.tick.0 += 1000;
        self.now.wall.0 += 1000;
    }

    /// Nanoseconds for one input: the least mean of `period` rounds in a row, of many.
    fn measure(&mut self, period: u32, reason: impl Fn(u32, u32) -> Reason) -> f64 {
        let mut least = f64::INFINITY;
        for _ in 0..40 {
            let start = Instant::now();
            for round in 0..period {
                self.round(|number| reason(number, round));
            }
            let inputs = f64::from(SITES * REALS * period);
            least = least.min(start.elapsed().as_nanos() as f64 / inputs);
        }
        least
    }
}

fn main() {
    let now = Moment {
        tick: Tick(0),
        wall: Wall(1_700_000_000_000),
    };
    let setup = setup();
    let before = resident();
    let mut engine = Engine::new(setup, now);
    engine.handle(now, Input::Looked);
    let mut run = Run {
        engine,
        now,
        outputs: 0,
    };
    run.round(|_| Reason::Ok);
    println!("memory-10000 {:.2} MB", (resident() - before) as f64 / 1e6);
    let steady = run.measure(4, |_, _| Reason::Ok);
    println!("steady {steady:.1} ns");
    // One in a hundred real servers fails every other time, and none goes down.
    let restless = run.measure(4, |number, round| match (number % 100, round % 2) {
        (0, 0) => Reason::ConnectTimeout,
        _ => Reason::Ok,
    });
    println!("restless {restless:.1} ns");
    // One in a hundred goes down and comes back: states change, sites are settled.
    let churn = run.measure(6, |number, round| match (number % 100, round) {
        (0, 0..3) => Reason::ConnectTimeout,
        _ => Reason::Ok,
    });
    println!("churn {churn:.1} ns");
    assert!(run.outputs > 0, "nothing ever followed");
}
