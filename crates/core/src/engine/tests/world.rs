//! A world that is unkind on purpose: answers come late, twice, out of order or never, switches fail, clocks jump, the process
//! is killed between any two outputs and goes on from its journal. After every step the promises are asserted; at the end the
//! world becomes kind, and must come to be what it should.

use std::collections::BTreeMap;
use std::time::Duration;

use super::setup::{check, setup, site};
use crate::engine::{Engine, RealView, SiteView};
use crate::event::{
    Command, Drained, Epoch, Input, Outcome, Output, RealId, Record, Setup, SiteId, SiteSetup,
    SwitchId, Wanted, Why, WindowSetup,
};
use crate::health::{Reason, State};
use crate::moment::{Moment, Tick, Wall};
use crate::order::{Keep, OnOverrun, Order, Phase, What};
use crate::quorum::{Held, Quorum, Weights, judge};
use crate::site::Route;
use crate::window::{Days, End, Every, Window};
use crate::zone::Zone;

const HISTORIES: u64 = 400;
const STEPS: usize = 400;

/// SplitMix64: a seed is a whole history.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(end).unwrap()).unwrap()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// What stands behind a switch. It remembers the greatest number that it was ever told and refuses older ones.
#[derive(Debug, Default)]
struct Component {
    generation: u64,
    route: Option<Route>,
}

struct World {
    dice: Dice,
    setup: Setup,
    engine: Engine,
    now: Moment,
    /// Which real servers work in truth.
    works: Vec<bool>,
    reference_answers: bool,
    /// On its way to the engine.
    letters: Vec<Input>,
    /// On its way to a switch.
    commands: Vec<(Epoch, SwitchId, u64, Wanted)>,
    components: BTreeMap<SwitchId, Component>,
    /// What is safe on disk.
    journal: Vec<Record>,
    /// The last number that each switch was told.
    told: BTreeMap<SwitchId, u64>,
    /// Everything that came out, to compare histories.
    log: Vec<String>,
}

fn sites(hold_down: Duration) -> Setup {
    let mut sites = vec![
        site("a", 1),
        site("b", 2),
        site("c", 3),
        site("d", 4),
        site("e", 0),
    ];
    for site in &mut sites {
        site.damping.hold_down = hold_down;
        site.damping.dwell_sorry = Duration::from_secs(1);
        for real in &mut site.reals {
            real.checks = [check("http"), check("tcp")].into();
        }
    }
    // Two that overlap, soon after the world begins at 22:13:20.
    sites[1].windows = vec![
        window("early", 22 * 60 + 15, 4),
        window("late", 22 * 60 + 17, 5),
    ];
    sites[4].windows = vec![window("early", 22 * 60 + 16, 2)];
    sites[2].quorum.at_least = 2;
    sites[3].quorum.at_least = 3;
    sites[3].quorum.hysteresis = 1;
    let mut setup = setup(sites);
    setup.watch.references = 1;
    setup
}

/// Daily at that minute, for so many.
fn window(name: &str, minute: u32, lasts: u64) -> WindowSetup {
    WindowSetup {
        name: name.into(),
        window: Window::Every(Every {
            days: Days::ALL,
            start: minute * 60,
            end: End::After(Duration::from_secs(60 * lasts)),
            zone: Zone::utc(),
        }),
        order: Order {
            what: What::Maintenance(Keep::Stale),
            given: Wall(0),
            counted: Wall(0),
            until: None,
            on_overrun: OnOverrun::Return,
            by: format!("window {name}").into(),
            reason: None,
            said: None,
        },
        announce: Some(Duration::from_secs(60)),
    }
}

impl World {
    fn new(seed: u64) -> World {
        let mut dice = Dice(seed);
        let setup = sites(Duration::from_secs(dice.roll() % 5));
        let now = Moment {
            tick: Tick(1_000),
            wall: Wall(1_700_000_000_000),
        };
        let reals = setup.sites.iter().map(|site| site.reals.len()).sum();
        let mut engine = Engine::new(setup.clone(), now);
        engine.handle(now, Input::Looked);
        World {
            dice,
            setup,
            engine,
            now,
            works: vec![true; reals],
            reference_answers: true,
            letters: Vec::new(),
            commands: Vec::new(),
            components: BTreeMap::new(),
            journal: Vec::new(),
            told: BTreeMap::new(),
            log: Vec::new(),
        }
    }

    fn step(&mut self) {
        match self.dice.below(24) {
            0 => {
                let real = self.dice.below(self.works.len());
                self.works[real] = !self.works[real];
            }
            1 if self.dice.one_in(4) => self.works.fill_with(|| false),
            2 if self.dice.one_in(4) => self.works.fill_with(|| true),
            3 => self.reference_answers = !self.dice.one_in(3),
            4..9 => self.probe(),
            9..13 => self.deliver(),
            13..17 => self.execute(),
            17 => self.order(),
            18 if self.dice.one_in(3) => self.weigh(),
            18 => self.ask_reference(),
            19 if self.dice.one_in(3) => self.jump(),
            20 if self.dice.one_in(5) => return self.crash(),
            21 if self.dice.one_in(8) => self.reconfigure(),
            _ => self.wait(),
        }
        // Killed between two outputs, now and then: what was not taken out never happened.
        let most = if self.dice.one_in(40) {
            self.dice.below(3)
        } else {
            usize::MAX
        };
        if self.drain(most) == most {
            self.crash();
        }
        self.assert_promises();
    }

    fn probe(&mut self) {
        let real = self.dice.below(self.works.len());
        let check = u8::from(self.dice.one_in(2));
        let reason = match (self.passes(real, check), self.dice.one_in(20)) {
            (_, true) => Reason::Local,
            (true, _) => Reason::Ok,
            (false, _) => Reason::ConnectTimeout,
        };
        self.letters.push(Input::Probed {
            epoch: self.engine.epoch(),
            real: RealId(u32::try_from(real).unwrap()),
            check,
            reason,
        });
    }

    /// A check says what a real server weighs.
    fn weigh(&mut self) {
        let real = self.dice.below(self.works.len());
        self.letters.push(Input::Weighed {
            epoch: self.engine.epoch(),
            real: RealId(u32::try_from(real).unwrap()),
            weight: [0, 1, 1, 2][self.dice.below(4)],
        });
    }

    /// A server that does not work fails one of its checks and passes the other.
    fn passes(&self, real: usize, check: u8) -> bool {
        self.works[real] || usize::from(check) != real % 2
    }

    /// Any of what is on its way, sometimes twice, sometimes not at all.
    fn deliver(&mut self) {
        if self.letters.is_empty() {
            return;
        }
        let at = self.dice.below(self.letters.len());
        let letter = if self.dice.one_in(10) {
            self.letters[at].clone()
        } else {
            self.letters.swap_remove(at)
        };
        self.engine.handle(self.now, letter);
    }

    /// A switch gets to work on any of what it was told.
    fn execute(&mut self) {
        if self.commands.is_empty() {
            return;
        }
        let at = self.dice.below(self.commands.len());
        let (epoch, switch, generation, wanted) = self.commands.swap_remove(at);
        let component = self.components.entry(switch).or_default();
        let works = !self.dice.one_in(4) && generation >= component.generation;
        if works {
            component.generation = generation;
            component.route = Some(wanted.route);
        }
        let outcome = if works {
            Outcome::Done
        } else {
            Outcome::Failed
        };
        // The answer may be lost.
        if !self.dice.one_in(6) {
            self.letters.push(Input::Applied {
                epoch,
                switch,
                generation,
                outcome,
            });
        }
    }

    fn order(&mut self) {
        let minute = 60_000;
        let what = match self.dice.below(3) {
            0 => What::Live,
            _ => What::Maintenance(Keep::Stale),
        };
        let until = Wall(self.now.wall.0 + minute * (1 + self.dice.roll() % 5));
        let order = Order {
            what,
            given: self.now.wall,
            counted: self.now.wall,
            until: (!self.dice.one_in(4)).then_some(until),
            on_overrun: if self.dice.one_in(2) {
                OnOverrun::Hold
            } else {
                OnOverrun::Return
            },
            by: "root".into(),
            reason: None,
            said: None,
        };
        let command = match self.dice.below(6) {
            0 | 1 => Command::Lift,
            2 => Command::Extend(Duration::from_secs(90)),
            3 => {
                let real = u32::try_from(self.dice.below(self.works.len())).unwrap();
                let drained = [Drained::Yes, Drained::No, Drained::No][self.dice.below(3)];
                Command::Drain(RealId(real), drained)
            }
            _ => Command::Give(order),
        };
        let site = SiteId(u32::try_from(self.dice.below(self.setup.sites.len())).unwrap());
        let epoch = self.engine.epoch();
        self.engine.handle(
            self.now,
            Input::Ordered {
                epoch,
                site,
                command,
            },
        );
    }

    fn ask_reference(&mut self) {
        let answered = self.reference_answers;
        self.engine
            .handle(self.now, Input::Reference { index: 0, answered });
    }

    fn wait(&mut self) {
        let millis = self.dice.roll() % 3000;
        self.pass(millis);
    }

    fn pass(&mut self, millis: u64) {
        self.now.tick.0 += millis;
        self.now.wall.0 += millis;
        if self
            .engine
            .poll_timeout()
            .is_some_and(|due| due <= self.now.tick)
        {
            self.engine.handle(self.now, Input::Looked);
        }
    }

    /// Somebody sets the clock on the wall.
    fn jump(&mut self) {
        let by = self.dice.roll() % 600_000;
        self.now.wall.0 = match self.dice.one_in(2) {
            true => self.now.wall.0 + by,
            false => self.now.wall.0 - by,
        };
    }

    /// Killed, and started again: the steady clock may begin anew, what was on its way to the engine is lost, what a switch was
    /// told may still be done.
    fn crash(&mut self) {
        self.letters.clear();
        self.now.tick = Tick(self.dice.roll() % 10_000);
        self.now.wall.0 += self.dice.roll() % 5_000;
        self.engine = Engine::new(self.setup.clone(), self.now);
        for record in self.journal.clone() {
            self.engine.handle(self.now, Input::Remembered(record));
        }
        self.engine.handle(self.now, Input::Looked);
        self.drain(usize::MAX);
        self.assert_promises();
    }

    fn reconfigure(&mut self) {
        let mut setup = self.setup.clone();
        setup.sites[0].damping.hold_down = Duration::from_secs(self.dice.roll() % 5);
        self.setup = setup.clone();
        self.engine.handle(self.now, Input::Reconfigured(setup));
    }

    /// Takes out at most so many outputs; says how many there were.
    fn drain(&mut self, most: usize) -> usize {
        for taken in 0..most {
            let Some(output) = self.engine.poll_output() else {
                return taken;
            };
            self.log.push(format!("{output:?}"));
            match output {
                Output::Record(record) => self.journal.push(record),
                Output::Route {
                    switch,
                    generation,
                    wanted,
                } => {
                    assert!(
                        self.is_recorded(switch, generation),
                        "{generation} was told before it was safe"
                    );
                    let told = self.told.entry(switch).or_default();
                    assert!(generation >= *told, "numbers only grow");
                    *told = generation;
                    // It may be lost, or told twice.
                    for _ in 0..[1, 1, 1, 1, 0, 2][self.dice.below(6)] {
                        let epoch = self.engine.epoch();
                        self.commands
                            .push((epoch, switch, generation, wanted.clone()));
                    }
                }
                Output::Pace(..) | Output::AskPeers(_) | Output::Notice(_) => {}
            }
        }
        most
    }

    fn is_recorded(&self, switch: SwitchId, wanted: u64) -> bool {
        let name = &*self.setup.sites[switch.site.0 as usize].name;
        self.journal.iter().any(|record| {
            matches!(record, Record::Route { site, generation, .. } if **site == *name && *generation == wanted)
        })
    }

    fn assert_promises(&mut self) {
        let view = self.engine.view(self.now);
        for site in view.sites() {
            let name = site.name();
            let setup = &self.setup.sites[site.id.0 as usize];
            let mut weights = Weights::default();
            for real in site.reals().filter(counts) {
                weights.add(real.state(), real.weight());
            }
            for real in site.reals() {
                let kept = self.journal.iter().rev().find_map(|record| match record {
                    Record::Drained {
                        real: name,
                        drained,
                        ..
                    } if **name == *real.name() => Some(*drained),
                    _ => None,
                });
                assert_eq!(real.drained(), kept.unwrap_or(Drained::No), "{name}");
                let kept = self.journal.iter().rev().find_map(|record| match record {
                    Record::Weight {
                        real: name, weight, ..
                    } if **name == *real.name() => Some(*weight),
                    _ => None,
                });
                assert_eq!(real.weight(), kept.unwrap_or(1), "{name}");
            }
            let kept = self.journal.iter().rev().find_map(|record| match record {
                Record::Order { site, order, .. } if **site == *name => Some(order.clone()),
                _ => None,
            });
            assert_eq!(
                site.order(),
                kept.flatten().as_ref(),
                "{name}: the journal knows the order in force"
            );
            if let Some(order) = site.order() {
                let wanted = match order.what {
                    What::Live => Route::Live,
                    What::Maintenance(_) => Route::Sorry,
                };
                // Time may have come since it was looked at last.
                if order.phase(self.now.wall) != Phase::Ended {
                    assert_eq!(site.route(), wanted, "{name}: an order wins over health");
                }
            }
            match site.why() {
                Why::Beginning if view.doubt().is_some() => {}
                Why::Quorum | Why::Beginning => {
                    assert_eq!(site.route(), Route::Live, "{name}");
                    assert_eq!(
                        judge(Held::Enough, &weights, needs(setup, &site)),
                        Held::Enough,
                        "{name}: live below quorum"
                    );
                }
                Why::NoQuorum => {
                    assert_eq!(site.route(), Route::Sorry, "{name}");
                    assert_eq!(
                        judge(Held::TooFew, &weights, needs(setup, &site)),
                        Held::TooFew,
                        "{name}: kept down with quorum"
                    );
                }
                Why::HeldDown => assert_eq!(site.route(), Route::Sorry, "{name}"),
                Why::Doubted => assert!(view.doubt().is_some(), "{name}: doubted without a doubt"),
                Why::Unwatched => assert_eq!(site.reals().count(), 0, "{name}"),
                Why::Dwelling | Why::Ordered | Why::Overrun => {}
            }
        }
    }

    /// Everything works as it should for a while, and until no window has opened or closed for long enough that switches know.
    fn become_kind(&mut self) {
        self.letters.clear();
        self.reference_answers = true;
        let mut seconds = 0;
        while seconds < 400 || self.has_turned_lately() {
            self.be_kind();
            seconds += 1;
            assert!(seconds < 4000, "it never comes to rest");
        }
    }

    fn has_turned_lately(&self) -> bool {
        let view = self.engine.view(self.now);
        let mut sites = view.sites();
        sites.any(|site| self.now.wall.since(site.since()) < Duration::from_secs(120))
    }

    /// A second in which everything works.
    fn be_kind(&mut self) {
        self.pass(1000);
        self.ask_reference();
        for real in 0..self.works.len() {
            for check in [0, 1] {
                let input = Input::Probed {
                    epoch: self.engine.epoch(),
                    real: RealId(u32::try_from(real).unwrap()),
                    check,
                    reason: match self.passes(real, check) {
                        true => Reason::Ok,
                        false => Reason::Refused,
                    },
                };
                self.engine.handle(self.now, input);
            }
        }
        self.drain(usize::MAX);
        for (epoch, switch, generation, wanted) in std::mem::take(&mut self.commands) {
            let component = self.components.entry(switch).or_default();
            let outcome = if generation >= component.generation {
                component.generation = generation;
                component.route = Some(wanted.route);
                Outcome::Done
            } else {
                Outcome::Failed
            };
            self.engine.handle(
                self.now,
                Input::Applied {
                    epoch,
                    switch,
                    generation,
                    outcome,
                },
            );
        }
        self.drain(usize::MAX);
        self.assert_promises();
    }

    fn assert_all_is_well(&self) {
        let view = self.engine.view(self.now);
        assert_eq!(view.doubt(), None);
        for site in view.sites() {
            let setup = &self.setup.sites[site.id.0 as usize];
            let mut weights = Weights::default();
            for (window, open) in site.open_windows() {
                let in_force = site.order().is_some();
                assert!(open.ended || in_force, "{}: {window}", site.name());
            }
            for real in site.reals() {
                let state = if self.works[real.id.0 as usize] {
                    State::Up
                } else {
                    State::Down
                };
                if counts(&real) {
                    weights.add(state, real.weight());
                }
                assert_eq!(real.state(), state, "{}", real.name());
            }
            let wanted = match site.order().map(|order| order.what) {
                Some(What::Live) => Route::Live,
                Some(What::Maintenance(_)) => Route::Sorry,
                None if setup.reals.is_empty() => Route::Live,
                // Between the two bounds of its quorum a site stays what it was.
                None if judge(Held::TooFew, &weights, needs(setup, &site)) == Held::Enough => {
                    Route::Live
                }
                None if judge(Held::Enough, &weights, needs(setup, &site)) == Held::TooFew => {
                    Route::Sorry
                }
                None => site.route(),
            };
            assert_eq!(site.route(), wanted, "{}", site.name());
            for (index, switch) in site.switches().enumerate() {
                let id = SwitchId {
                    site: site.id,
                    index: u32::try_from(index).unwrap(),
                };
                let route = self
                    .components
                    .get(&id)
                    .and_then(|component| component.route);
                assert_eq!(
                    route,
                    Some(site.route()),
                    "{}: the world is as wanted",
                    site.name()
                );
                assert!(switch.has_confirmed(), "{}", site.name());
            }
        }
    }
}

/// What a site needs: as configured, as far as those that are not drained could reach it with their configured weights, which are 1.
fn needs(setup: &SiteSetup, site: &SiteView<'_>) -> Quorum {
    let reach = u32::try_from(site.reals().filter(counts).count()).unwrap();
    let at_least = setup.quorum.at_least.min(reach.max(1));
    let both_ways = (at_least - 1).min(reach.saturating_sub(at_least));
    Quorum {
        at_least,
        hysteresis: setup.quorum.hysteresis.min(both_ways),
    }
}

fn counts(real: &RealView<'_>) -> bool {
    real.drained() == Drained::No
}

fn history(seed: u64) -> World {
    let mut world = World::new(seed);
    for _ in 0..STEPS {
        world.step();
    }
    world.become_kind();
    world
}

#[test]
fn promises_hold_in_an_unkind_world() {
    for seed in 0..HISTORIES {
        let outcome = std::panic::catch_unwind(|| history(seed).assert_all_is_well());
        assert!(outcome.is_ok(), "history {seed} broke a promise");
    }
}

#[test]
fn equal_histories_give_equal_outputs() {
    for seed in [3, 1_000_003] {
        assert_eq!(history(seed).log, history(seed).log, "history {seed}");
    }
}
