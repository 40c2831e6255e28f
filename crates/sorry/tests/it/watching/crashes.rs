//! Killed at any instant while operators order and real servers come and go: no order is lost that somebody was told is in force.

use std::path::Path;
use std::time::{Duration, Instant};

use super::churn::Churn;
use super::world::{Plan, World, verb};
use crate::harness::{PATIENCE, until};

/// Crashes in CI; a thousand and more are `cargo xtask soak`.
const CRASHES: u64 = 6;

/// A stream of numbers from a seed (SplitMix64, Steele et al. 2014).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// What was ordered between two crashes. Odd orders are `down` with their number as words, even ones `up`.
#[derive(Clone, Copy, Debug)]
struct Orders {
    /// The last one that was acknowledged, between these two crashes or before.
    acknowledged: Option<u64>,
    /// The last one that was given.
    given: u64,
}

impl Orders {
    /// Gives orders behind those that were given until one is not acknowledged.
    fn give(file: &Path, mut orders: Orders) -> Orders {
        loop {
            orders.given += 1;
            let words = format!("order {}", orders.given);
            let (code, _) = match orders.given % 2 {
                1 => verb(file, &["down", "shop", "--endless", "--say", &words]),
                _ => verb(file, &["up", "shop"]),
            };
            if code != 0 {
                return orders;
            }
            orders.acknowledged = Some(orders.given);
        }
    }

    /// Whether that may be in force after a crash: the last one that was acknowledged, or one that was given behind it.
    fn could_leave(&self, in_force: Option<u64>) -> bool {
        let Some(acknowledged) = self.acknowledged else {
            return true;
        };
        match in_force {
            Some(number) => (acknowledged..=self.given).contains(&number),
            None => (acknowledged..=self.given).any(|number| number.is_multiple_of(2)),
        }
    }
}

#[test]
fn killed_at_any_instant_no_order_is_lost() {
    let seed = 3;
    let mut dice = Dice(seed);
    let mut churn = Churn::new(2);
    let plan = Plan {
        reals: 2,
        quorum: 2,
        more: "",
    };
    let mut world = World::near(&plan, &churn.addresses);
    churn.begin(Dice(seed + 1));
    let mut orders = Orders {
        acknowledged: None,
        given: 0,
    };
    for crash in 0..CRASHES {
        let wait = Duration::from_millis(dice.roll() % 400);
        orders = std::thread::scope(|scope| {
            let file = world.file();
            // Whoever orders does not know when the machine will fail.
            let ordering = scope.spawn(move || Orders::give(&file, orders));
            // The instant is the point of this test: nothing can be awaited instead.
            std::thread::park_timeout(wait);
            world.daemon().signal("KILL");
            ordering.join().expect("no panic")
        });
        world.bury();
        world.begin();
        let site = world.site();
        let words = site["order"]["said"].as_str();
        let in_force = words.and_then(|words| words.strip_prefix("order ")?.parse().ok());
        assert!(
            orders.could_leave(in_force),
            "seed {seed}, crash {crash} after {wait:?}: {orders:?}, and then {site}"
        );
        // Words and route are of one mind, whatever the real servers do meanwhile.
        assert!(in_force.is_none() || site["route"] == "sorry", "{site}");
    }
    assert!(orders.acknowledged.is_some(), "seed {seed}: {orders:?}");
    // Real servers still come and go: without orders the site follows them.
    assert_eq!(world.verb(&["up", "shop"]).0, 0);
    world.wait_site("sorry", "no-quorum");
    world.wait_site("live", "quorum");
}

#[test]
fn a_site_that_is_down_is_not_declared_up_by_forgetting() {
    let mut world = World::start(&Plan {
        reals: 1,
        quorum: 1,
        more: "",
    });
    world.kill(0);
    let before = world.wait_site("sorry", "no-quorum");
    let firing = world.alert();
    // Until both are on the disk, whoever was told may be told again.
    let kept = |file: &str, words: &str| {
        let read = std::fs::read_to_string(world.state().join(file));
        read.is_ok_and(|text| text.contains(words))
    };
    let both = || {
        let both = kept("alerts", "\"done\"") && kept("history", "\"outage\"");
        both.then_some(())
    };
    until(Instant::now() + PATIENCE, both, "what was told is kept");
    world.crash();
    world.begin();
    let site = world.site();
    assert_eq!(
        (&site["route"], &site["since"]),
        (&before["route"], &before["since"])
    );
    assert_eq!(site["real_servers"][0]["state"], "down");
    world.revive(0);
    world.wait_site("live", "quorum");
    let resolved = world.alert();
    assert_eq!(resolved["phase"], "resolved", "{resolved}");
    assert_eq!(resolved["key"], firing["key"], "of the same incident");
    assert_eq!(
        resolved["began"], firing["began"],
        "with its true beginning"
    );
}
