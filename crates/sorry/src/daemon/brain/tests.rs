//! The mind in a world where the journal is slow, fails and loses what it had not confirmed, and the process is killed at any step.

mod clocks;
mod meanwhile;
mod seen;
mod whole;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use sorry_core::event::{Act, Outcome, SwitchId, SwitchSetup, Unsure, Wanted};
use sorry_core::health::Reason;
use sorry_core::moment::{Moment as Now, Tick, Wall};
use sorry_core::site::Route;
use tokio::sync::{mpsc, oneshot};

use super::chronicle::Chronicle;
use super::eyes::Eyes;
use super::incidents;
use super::keeper::Keeper;
use super::mind::{Action, Grown, Mind, Past, Switches};
use super::peers::Asking;
use super::setup::Hands;
use super::thread::{Hand, Message, News, Thread};
use crate::admin::kernel::KernelStanding;
use crate::admin::order::{Done, Down, Order};
use crate::admin::standing::Standing;
use crate::admin::{Fault, Ordered};
use crate::check::{Key, Outcome as Seen, Remote, Told};
use crate::config::{self, Config};
use crate::daemon::clock::Clock;
use crate::journal::{Entry, Kept};

fn configuration(reals: usize) -> Arc<Config> {
    let mut text = "[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:0\"]\n\
                    damping = { dwell-sorry = \"0s\", hold-down = \"0s\" }\n\
                    check.tcp = { fall = 1, rise = 1 }\n"
        .to_owned();
    for number in 1..=reals {
        text += &format!("[[site.real-server]]\naddress = \"127.0.0.{number}:80\"\n");
    }
    let zone = jiff::tz::TimeZone::UTC;
    Arc::new(config::parse(&text, "test", std::path::Path::new("/"), &zone).unwrap())
}

fn switch(act: Act) -> Switches {
    Box::new(move |_, _| {
        vec![SwitchSetup {
            name: "fake".into(),
            act,
            unsure: Unsure::Follow,
        }]
    })
}

fn key(number: usize) -> Key {
    Key::Check {
        site: "shop".into(),
        real_server: format!("127.0.0.{number}:80").into(),
        check: "tcp".into(),
    }
}

fn seen(reason: Reason) -> Seen {
    Seen {
        reason,
        detail: Remote::ours("seen"),
        took: std::time::Duration::from_millis(1),
        weight: None,
        expires: None,
    }
}

/// SplitMix64 (Steele et al. 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

type Reply = oneshot::Receiver<Result<Done, Fault>>;

/// A mind, its disk, its switch, and those who order.
struct World {
    dice: Dice,
    mind: Mind,
    now: Now,
    /// What is safe.
    disk: Vec<Entry>,
    /// What is being written, and whether it replaces all.
    pen: VecDeque<(Vec<Entry>, bool)>,
    /// Greatest generation that the switch was told.
    told: u64,
    /// Words of orders whose answer has not come, and of the last that was acknowledged; none is "up".
    waiting: VecDeque<(Option<String>, Reply)>,
    acknowledged: Option<Option<String>>,
    orders: u32,
}

impl World {
    fn new(seed: u64) -> World {
        let now = Now {
            tick: Tick(1),
            wall: Wall(1_795_000_000_000),
        };
        World {
            dice: Dice(seed),
            mind: World::mind(Vec::new(), now),
            now,
            disk: Vec::new(),
            pen: VecDeque::new(),
            told: 0,
            waiting: VecDeque::new(),
            acknowledged: None,
            orders: 0,
        }
    }

    fn mind(entries: Vec<Entry>, now: Now) -> Mind {
        Mind::new(
            configuration(3),
            switch(Act::Act),
            Hands::Free,
            Past {
                entries,
                ..Past::default()
            },
            now,
        )
    }

    fn step(&mut self) {
        self.now.tick.0 += 1 + self.dice.below(500);
        self.now.wall.0 += 1 + self.dice.below(500);
        match self.dice.below(10) {
            0..4 => {
                let number = usize::try_from(self.dice.below(3)).unwrap() + 1;
                let reason = match self.dice.below(2) {
                    0 => Reason::Ok,
                    _ => Reason::Refused,
                };
                self.mind.probed(&key(number), seen(reason), self.now);
            }
            4 => self.order(),
            5..8 => self.write(),
            8 if self.dice.below(6) == 0 => return self.crash(),
            _ => self.mind.look(self.now),
        }
        self.act();
    }

    fn order(&mut self) {
        self.orders += 1;
        let words = match self.dice.below(2) {
            0 => None,
            _ => Some(format!("order {}", self.orders)),
        };
        let order = match &words {
            None => Order::Up {},
            Some(words) => Order::Down(Down {
                say: Some(words.clone()),
                ..Down::default()
            }),
        };
        let (reply, answer) = oneshot::channel();
        let ordered = Ordered {
            site: "shop".to_owned(),
            order,
            by: "test".to_owned(),
            reason: None,
            reply,
        };
        self.mind.order(ordered, self.now);
        self.waiting.push_back((words, answer));
    }

    /// The disk finishes what it has begun, or fails.
    fn write(&mut self) {
        let Some((entries, anew)) = self.pen.pop_front() else {
            return;
        };
        if self.dice.below(8) == 0 {
            return self.mind.written(Err("no space".to_owned()), self.now);
        }
        if anew {
            self.disk.clear();
        }
        self.disk.extend(entries);
        let grown = match self.dice.below(5) {
            0 => Grown::Yes,
            _ => Grown::No,
        };
        self.mind.written(Ok(grown), self.now);
    }

    fn act(&mut self) {
        loop {
            let actions = self.mind.actions();
            if actions.is_empty() {
                return;
            }
            for action in actions {
                match action {
                    Action::Write(entries) => self.pen.push_back((entries, false)),
                    Action::Rewrite(entries) => self.pen.push_back((entries, true)),
                    Action::Route {
                        switch,
                        generation,
                        wanted,
                    } => self.route(switch, generation, &wanted),
                    Action::Answer(answer) => answer.give(&KernelStanding::default()),
                    Action::Pace(..)
                    | Action::AskPeers(_)
                    | Action::AskNobody
                    | Action::Tell(_) => {}
                }
            }
            self.hear_answers();
        }
    }

    /// What a switch is told is on the disk already, unless the disk has failed.
    fn route(&mut self, switch: SwitchId, generation: u64, wanted: &Wanted) {
        let kept = self.disk.iter().rev().find_map(|entry| match entry {
            Entry::Route { generation, .. } => Some(*generation),
            _ => None,
        });
        let unkept = self.mind.standing(self.now).unkept.is_some();
        assert!(
            kept.is_some_and(|kept| kept >= generation) || unkept,
            "told {generation} {:?}, and {kept:?} is kept",
            wanted.route
        );
        self.told = self.told.max(generation);
        let outcome = match self.dice.below(4) {
            0 => Outcome::Failed,
            _ => Outcome::Done,
        };
        self.mind.applied(switch, generation, outcome, self.now);
    }

    fn hear_answers(&mut self) {
        while let Some((words, reply)) = self.waiting.front_mut() {
            let Ok(answer) = reply.try_recv() else {
                return;
            };
            let done = answer.expect("nothing of it is impossible");
            let forgotten = done
                .told
                .iter()
                .any(|line| line.contains("not on the disk"));
            match forgotten {
                // Whoever was warned cannot complain.
                true => self.acknowledged = None,
                false => self.acknowledged = Some(words.clone()),
            }
            self.waiting.pop_front();
        }
    }

    /// Killed, and started again from what is on the disk: what was being written is there, or is not.
    fn crash(&mut self) {
        if self.dice.below(2) == 0
            && let Some((entries, anew)) = self.pen.pop_front()
        {
            if anew {
                self.disk.clear();
            }
            self.disk.extend(entries);
        }
        self.pen.clear();
        self.mind = World::mind(self.disk.clone(), self.now);
        let standing = self.mind.standing(self.now);
        // What a compaction leaves says the same as all that was ever written.
        let kept = Kept::of(self.disk.clone()).entries();
        assert_eq!(World::mind(kept, self.now).standing(self.now), standing);
        let site = &standing.sites[0];
        let in_force = site.order.as_ref().and_then(|order| order.said.clone());
        if let Some(acknowledged) = self.acknowledged.take() {
            // Orders whose answer was still to come may be in force as well.
            let possible = |words: &Option<String>| *words == in_force;
            let later = self.waiting.iter().any(|(words, _)| possible(words));
            assert!(
                possible(&acknowledged) || later,
                "{acknowledged:?} was acknowledged, and {in_force:?} is in force"
            );
        }
        self.waiting.clear();
        self.act();
    }
}

#[test]
fn what_was_acknowledged_outlives_a_crash_and_nothing_is_done_before_it_is_kept() {
    for seed in 0..300 {
        let mut world = World::new(seed);
        let history = std::panic::AssertUnwindSafe(|| {
            world.act();
            for _ in 0..300 {
                world.step();
            }
        });
        if std::panic::catch_unwind(history).is_err() {
            panic!("seed {seed} broke a promise");
        }
        assert!(world.told > 0, "seed {seed}: the switch was never told");
    }
}
