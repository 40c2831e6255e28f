//! A real engine in an unkind world: real servers come and go, operators order and take back, switches fail, and the process is
//! killed between any two things that it keeps. After every step what is open is what is so, and what people hear makes sense.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::stage::Stage;
use crate::engine::Engine;
use crate::event::{Command, Input, Outcome, Output, RealId, Record, SiteId, SwitchId};
use crate::health::Reason;
use crate::incident::{Audience, Incidents, Kind, Phase, Step, Telling, What};
use crate::moment::{Moment, Tick, Wall};
use crate::order::{self, Keep, OnOverrun, Order};
use crate::site::Route;

const HISTORIES: u64 = 300;
const STEPS: usize = 300;

/// SplitMix64: a seed is a whole history.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

/// The stage is used for its setup and its clock.
struct World {
    dice: Dice,
    stage: Stage,
    engine: Engine,
    /// What is safe on disk: what the engine must remember, and what was told.
    records: Vec<Record>,
    told: Vec<Telling>,
    /// How much of both was safe before the last step.
    safe: (usize, usize),
    works: [bool; 6],
}

impl World {
    fn new(seed: u64) -> World {
        let mut stage = Stage::new();
        stage.now = Wall(1_700_000_000_000);
        for site in &mut stage.setup.sites {
            site.windows.clear();
            site.damping.steady_after = Duration::from_secs(30);
        }
        // Three sites are few: doubt comes easily.
        stage.setup.watch.mass.share_permille = 300;
        let engine = Engine::new(stage.setup.clone(), moment(stage.now));
        World {
            dice: Dice(seed),
            stage,
            engine,
            records: Vec::new(),
            told: Vec::new(),
            safe: (0, 0),
            works: [true; 6],
        }
    }

    fn handle(&mut self, input: Input) {
        self.safe = (self.records.len(), self.told.len());
        let now = moment(self.stage.now);
        self.engine.handle(now, input);
        while let Some(output) = self.engine.poll_output() {
            let (setup, now) = (&self.stage.setup, self.stage.now);
            self.stage.incidents.hear(&output, setup, now);
            if let Output::Record(record) = output {
                self.records.push(record);
            }
        }
        let (setup, now) = (&self.stage.setup, self.stage.now);
        self.stage.incidents.look(setup, now);
        self.keep();
    }

    fn keep(&mut self) {
        while let Some(telling) = self.stage.incidents.pop() {
            self.told.push(telling);
        }
    }

    fn step(&mut self) {
        self.stage.now = self
            .stage
            .now
            .after(Duration::from_millis(self.dice.below(3000)));
        match self.dice.below(12) {
            0 => {
                let real = usize::try_from(self.dice.below(6)).unwrap();
                self.works[real] = !self.works[real];
            }
            1 => self.order(),
            2 => self.answer(),
            3 if self.dice.below(4) == 0 => self.killed(),
            _ => self.probe(),
        }
        self.check();
    }

    fn probe(&mut self) {
        let real = u32::try_from(self.dice.below(6)).unwrap();
        let reason = match self.works[real as usize] {
            true => Reason::Ok,
            false => Reason::Refused,
        };
        let epoch = self.engine.epoch();
        self.handle(Input::Probed {
            epoch,
            real: RealId(real),
            check: 0,
            reason,
        });
    }

    fn order(&mut self) {
        let what = match self.dice.below(2) {
            0 => order::What::Live,
            _ => order::What::Maintenance(Keep::Stale),
        };
        let on_overrun = match self.dice.below(2) {
            0 => OnOverrun::Hold,
            _ => OnOverrun::Return,
        };
        let until = self
            .stage
            .now
            .after(Duration::from_secs(self.dice.below(40)));
        let order = Order {
            what,
            given: self.stage.now,
            counted: self.stage.now,
            until: (self.dice.below(3) > 0).then_some(until),
            on_overrun,
            by: "uid 0".into(),
            reason: None,
            said: None,
        };
        let command = match self.dice.below(4) {
            0 => Command::Give(order),
            1 => Command::Extend(Duration::from_secs(20)),
            _ => Command::Lift,
        };
        let site = SiteId(u32::try_from(self.dice.below(3)).unwrap());
        let epoch = self.engine.epoch();
        self.handle(Input::Ordered {
            epoch,
            site,
            command,
        });
    }

    /// The shop's switch, which acts.
    fn answer(&mut self) {
        let site = self.engine.view(moment(self.stage.now)).site(SiteId(0));
        let generation = site.map_or(0, |site| site.generation());
        let outcome = match self.dice.below(2) {
            0 => Outcome::Failed,
            _ => Outcome::Done,
        };
        let switch = SwitchId {
            site: SiteId(0),
            index: 0,
        };
        if outcome == Outcome::Done {
            let (setup, now) = (&self.stage.setup, self.stage.now);
            self.stage.incidents.works(switch, setup, now);
        }
        let epoch = self.engine.epoch();
        self.handle(Input::Applied {
            epoch,
            switch,
            generation,
            outcome,
        });
    }

    /// Of the last step anything from all to nothing was kept, of records and tellings each as far as it came.
    fn killed(&mut self) {
        let mut kept = |safe: usize, all: usize| {
            let more = self.dice.below(u64::try_from(all - safe).unwrap() + 1);
            safe + usize::try_from(more).unwrap()
        };
        let records = kept(self.safe.0, self.records.len());
        let told = kept(self.safe.1, self.told.len());
        self.records.truncate(records);
        self.told.truncate(told);
        let now = moment(self.stage.now);
        self.engine = Engine::new(self.stage.setup.clone(), now);
        for record in self.records.clone() {
            self.engine.handle(now, Input::Remembered(record));
        }
        self.stage.incidents = Incidents::new(1);
        for telling in &self.told {
            self.stage.incidents.remember(telling);
        }
        let view = self.engine.view(now);
        self.stage
            .incidents
            .reconcile(&view, &self.stage.setup, self.stage.now);
        self.keep();
        self.handle(Input::Looked);
    }

    fn check(&self) {
        let open = self.stage.incidents.open.keys();
        let open: BTreeSet<(Kind, &str)> = open
            .filter_map(|key| Some((key.kind, key.site.as_deref()?)))
            .collect();
        for site in self.engine.view(moment(self.stage.now)).sites() {
            let name = site.name();
            let order = site.order().map(|order| order.what);
            let maintenance = matches!(order, Some(order::What::Maintenance(_)));
            let forced = matches!(order, Some(order::What::Live));
            assert_eq!(
                open.contains(&(Kind::Maintenance, name)),
                maintenance,
                "{name}"
            );
            assert_eq!(open.contains(&(Kind::ForcedLive, name)), forced, "{name}");
            let down = site.route() == Route::Sorry && !site.why().is_order();
            let outage = open.contains(&(Kind::Outage, name));
            let flapping = self.flaps(name);
            // An outage from before an order goes on through it, and one that flaps until it has been steady.
            assert!(outage || !down, "{name} is down and nobody knows");
            assert!(
                !outage || down || maintenance || flapping,
                "{name} is up and nobody knows"
            );
        }
    }

    fn flaps(&self, site: &str) -> bool {
        let key = super::super::Key::of_site(Kind::Outage, site);
        let open = self.stage.incidents.open.get(&key);
        open.is_some_and(|open| open.flapping.is_some())
    }
}

fn moment(wall: Wall) -> Moment {
    Moment {
        tick: Tick(wall.0),
        wall,
    }
}

/// What people hear of one incident: something is wrong, perhaps more of it, and its end; each at most once in a row.
fn makes_sense(told: &[Telling]) {
    let mut firing: BTreeMap<u64, bool> = BTreeMap::new();
    let mut ended: BTreeSet<u64> = BTreeSet::new();
    for telling in told {
        assert!(
            !ended.contains(&telling.incident) || matches!(telling.what, What::WouldTurn(_)),
            "after its end: {telling:?}"
        );
        if telling.step == Step::Ends {
            ended.insert(telling.incident);
        }
        if telling.audience == Audience::Nobody {
            continue;
        }
        let before = firing.entry(telling.incident).or_default();
        match telling.phase {
            Phase::Firing => assert!(!std::mem::replace(before, true), "twice: {telling:?}"),
            Phase::Resolved => assert!(std::mem::replace(before, false), "of what? {telling:?}"),
            Phase::Update => assert!(*before, "of what? {telling:?}"),
            Phase::Note => {}
        }
    }
    let numbers: Vec<u64> = told
        .iter()
        .filter(|telling| telling.step == Step::Begins)
        .map(|telling| telling.incident)
        .collect();
    assert!(
        numbers.is_sorted_by(|before, after| before < after),
        "numbers grow"
    );
}

#[test]
fn what_is_open_is_what_is_so_and_what_is_told_makes_sense() {
    for seed in 0..HISTORIES {
        let mut world = World::new(seed);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..STEPS {
                world.step();
            }
            makes_sense(&world.told);
        }));
        assert!(outcome.is_ok(), "seed {seed}");
    }
}
