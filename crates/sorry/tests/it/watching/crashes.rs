//! Killed at any instant while operators order and real servers come and go: no order is lost that somebody was told is in force.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::world::{Plan, World, verb};

/// Crashes in CI; a thousand and more are `cargo xtask soak`.
const CRASHES: u64 = 6;

/// A stream of numbers from a seed (SplitMix64, Steele et al. 2014).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[test]
fn killed_at_any_instant_no_order_is_lost() {
    let seed = 3;
    let mut dice = Dice(seed);
    let mut world = World::start(&Plan {
        reals: 2,
        quorum: 1,
        more: "",
    });
    for crash in 0..CRASHES {
        let before = world.site();
        let down = before["order"].is_null();
        let over = AtomicBool::new(false);
        let file = &world.file();
        // Whoever orders does not know when the machine will fail.
        let (acknowledged, killed) = std::thread::scope(|scope| {
            let ordering = scope.spawn(|| {
                let mut last = None;
                for number in 0.. {
                    if over.load(Ordering::Relaxed) {
                        return last;
                    }
                    let words = format!("crash {crash} order {number}");
                    let (code, _) = match down ^ (number % 2 == 1) {
                        true => verb(file, &["down", "shop", "--endless", "--say", &words]),
                        false => verb(file, &["up", "shop"]),
                    };
                    match code {
                        0 => last = Some((down ^ (number % 2 == 1), words)),
                        _ => return last,
                    }
                }
                None
            });
            let wait = Duration::from_millis(dice.roll() % 400);
            // The instant is the point of this test: nothing can be awaited instead.
            std::thread::park_timeout(wait);
            world.daemon().signal("KILL");
            over.store(true, Ordering::Relaxed);
            (ordering.join().expect("no panic"), wait)
        });
        world.bury();
        world.begin();
        let after = world.site();
        if let Some((is_down, words)) = acknowledged {
            let shown = format!("seed {seed}, crash {crash} after {killed:?}: {words}: {after}");
            // What came behind the last answer may have been in force already; nothing before it may be.
            let in_force = after["order"]["said"].as_str().unwrap_or("");
            let number = |words: &str| words.rsplit(' ').next().and_then(|n| n.parse::<u64>().ok());
            match is_down {
                true if after["order"].is_null() => {
                    panic!("an order that was acknowledged is not in force: {shown}");
                }
                true => assert!(number(in_force) >= number(&words), "{shown}"),
                false => assert!(
                    after["order"].is_null() || number(in_force) > number(&words),
                    "{shown}"
                ),
            }
        }
        match dice.roll() % 2 {
            0 => world.kill(1),
            _ => {}
        }
        if dice.roll() % 2 == 0 {
            world.kill(1);
            world.revive(1);
        }
    }
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
