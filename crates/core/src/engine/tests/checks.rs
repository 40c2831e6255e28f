//! Real servers with several checks, with none, and with a weight that a check sets.

use super::setup::{check, setup, site};
use crate::engine::Engine;
use crate::event::{Command, Epoch, Input, Notice, Output, RealId, Record, Setup, SiteId, Why};
use crate::health::{Reason, State};
use crate::moment::{Moment, Tick, Wall};
use crate::order::{Keep, OnOverrun, Order, What};
use crate::quorum::Held;
use crate::said::Said;
use crate::site::Route;

struct Run {
    engine: Engine,
    now: Moment,
}

impl Run {
    fn new(setup: Setup) -> Run {
        let now = Moment {
            tick: Tick(0),
            wall: Wall(1_700_000_000_000),
        };
        let mut engine = Engine::new(setup, now);
        engine.handle(now, Input::Looked);
        Run { engine, now }
    }

    fn take(&mut self, input: Input) {
        self.now.tick.0 += 1000;
        self.engine.handle(self.now, input);
        while self.engine.poll_output().is_some() {}
    }

    fn probed(&mut self, real: u32, check: u8, reason: Reason) {
        self.take(Input::Probed {
            epoch: self.engine.epoch(),
            real: RealId(real),
            check,
            reason,
        });
    }

    fn state(&self, real: usize) -> State {
        let view = self.engine.view(self.now);
        let site = view.sites().next().unwrap();
        site.reals().nth(real).unwrap().state()
    }

    fn route(&self) -> Route {
        self.engine.view(self.now).sites().next().unwrap().route()
    }
}

fn two_checks() -> Setup {
    let mut site = site("shop", 1);
    site.reals[0].checks = [check("http"), check("tcp")].into();
    setup(vec![site])
}

#[test]
fn all_checks_must_be_good() {
    let mut run = Run::new(two_checks());
    for (check, reason, state) in [
        (0, Reason::Ok, State::Unknown),
        (1, Reason::Ok, State::Up),
        (1, Reason::Refused, State::Up),
        (0, Reason::Ok, State::Up),
        (1, Reason::Refused, State::Down),
        (0, Reason::Ok, State::Down),
        (0, Reason::Ok, State::Down),
        (1, Reason::Ok, State::Down),
        (1, Reason::Ok, State::Up),
        (7, Reason::Refused, State::Up),
    ] {
        run.probed(0, check, reason);
        assert_eq!(run.state(0), state, "{check} {reason:?}");
    }
}

#[test]
fn without_a_check_it_is_up_from_the_beginning_and_stays_so() {
    let mut site = site("shop", 1);
    site.reals[0].checks = Box::default();
    site.reals[0].first = State::Down;
    let mut run = Run::new(setup(vec![site]));
    assert_eq!((run.state(0), run.route()), (State::Up, Route::Live));
    for _ in 0..5 {
        let epoch = run.engine.epoch();
        run.take(Input::Passive {
            epoch,
            real: RealId(0),
            good: 0,
            bad: 1,
        });
    }
    assert_eq!((run.state(0), run.route()), (State::Up, Route::Live));
}

#[test]
fn a_check_that_goes_with_a_reload_takes_its_verdict_along() {
    let mut run = Run::new(two_checks());
    for (check, reason) in [
        (0, Reason::Ok),
        (1, Reason::Ok),
        (1, Reason::Refused),
        (1, Reason::Refused),
    ] {
        run.probed(0, check, reason);
    }
    assert_eq!((run.state(0), run.route()), (State::Down, Route::Sorry));
    // The other one is moved to its place, and what it knows goes with it.
    let mut fewer = two_checks();
    fewer.sites[0].reals[0].checks = [check("tcp")].into();
    run.take(Input::Reconfigured(fewer));
    assert_eq!(run.state(0), State::Down);
    let mut other = two_checks();
    other.sites[0].reals[0].checks = Box::default();
    run.take(Input::Reconfigured(other));
    assert_eq!(run.state(0), State::Up);
}

#[test]
fn a_check_may_set_the_weight() {
    let mut shop = site("shop", 2);
    shop.quorum.at_least = 2;
    let mut run = Run::new(setup(vec![shop.clone()]));
    for real in [0, 1] {
        run.probed(real, 0, Reason::Ok);
    }
    assert_eq!(run.route(), Route::Live);
    let epoch = run.engine.epoch();
    let weighed = |real, weight| Input::Weighed {
        epoch,
        real: RealId(real),
        weight,
    };
    run.take(weighed(0, 5));
    run.probed(1, 0, Reason::Refused);
    run.probed(1, 0, Reason::Refused);
    assert_eq!(run.route(), Route::Live, "five are enough");
    let mut outputs = Vec::new();
    run.engine.handle(run.now, weighed(0, 4));
    while let Some(output) = run.engine.poll_output() {
        outputs.push(output);
    }
    let told = |output: &Output| matches!(output, Output::Route { wanted, .. } if wanted.reals[0].weight == 4);
    assert!(outputs.iter().any(told), "{outputs:?}");
    // A reload that does not change the configured weight keeps the one that the check has set.
    run.take(Input::Reconfigured(setup(vec![shop.clone()])));
    let weight = |run: &Run| {
        let view = run.engine.view(run.now);
        let site = view.sites().next().unwrap();
        site.reals().next().unwrap().weight()
    };
    assert_eq!(weight(&run), 4);
    shop.reals[0].weight = 3;
    run.take(Input::Reconfigured(setup(vec![shop])));
    assert_eq!(weight(&run), 3);
}

#[test]
fn a_site_without_real_servers_is_turned_by_orders_alone() {
    let mut run = Run::new(setup(vec![site("shop", 0)]));
    let stands = |run: &Run| {
        let view = run.engine.view(run.now);
        let site = view.sites().next().unwrap();
        (site.route(), site.why())
    };
    assert_eq!(stands(&run), (Route::Live, Why::Unwatched));
    let ordered = |command| Input::Ordered {
        epoch: Epoch(0),
        site: SiteId(0),
        command,
    };
    run.take(ordered(Command::Give(Order {
        what: What::Maintenance(Keep::Stale),
        given: Wall(0),
        counted: Wall(0),
        until: None,
        on_overrun: OnOverrun::Hold,
        by: "root".into(),
        reason: None,
        said: None,
    })));
    assert_eq!(stands(&run), (Route::Sorry, Why::Ordered));
    run.take(ordered(Command::Lift));
    assert_eq!(stands(&run), (Route::Live, Why::Unwatched));
    // Its first real server is news, and what is seen of it decides.
    run.take(Input::Reconfigured(setup(vec![site("shop", 1)])));
    run.take(Input::Probed {
        epoch: run.engine.epoch(),
        real: RealId(0),
        check: 0,
        reason: Reason::Ok,
    });
    assert_eq!(stands(&run), (Route::Live, Why::Quorum));
}

#[test]
fn words_end_with_what_they_are_about() {
    let said = |text| Some(Said::parse(text).unwrap());
    let order = Order {
        what: What::Maintenance(Keep::Stale),
        given: Wall(0),
        counted: Wall(0),
        until: None,
        on_overrun: OnOverrun::Hold,
        by: "root".into(),
        reason: None,
        said: said("upgrade"),
    };
    let ordered = |command| Input::Ordered {
        epoch: Epoch(0),
        site: SiteId(0),
        command,
    };
    let mut run = Run::new(setup(vec![site("shop", 1)]));
    let mut step = |input: Input| {
        run.take(input);
        let view = run.engine.view(run.now);
        let site = view.sites().next().unwrap();
        site.said().map(|said| said.as_str().to_owned())
    };
    let probed = |reason| Input::Probed {
        epoch: Epoch(0),
        real: RealId(0),
        check: 0,
        reason,
    };
    for (input, expected) in [
        (probed(Reason::Refused), None),
        (probed(Reason::Refused), None),
        (ordered(Command::Say(said("we know"))), Some("we know")),
        (ordered(Command::Give(order)), Some("upgrade")),
        (ordered(Command::Say(said("longer"))), Some("longer")),
        (ordered(Command::Lift), Some("we know")),
        (probed(Reason::Ok), Some("we know")),
        (probed(Reason::Ok), None),
        (ordered(Command::Say(said("soon"))), Some("soon")),
        (ordered(Command::Say(None)), None),
    ] {
        let shown = format!("{input:?}");
        assert_eq!(step(input).as_deref(), expected, "{shown}");
    }
}

#[test]
fn the_end_of_an_order_is_told_once_and_not_by_the_next_process_again() {
    let setup = || setup(vec![site("shop", 1)]);
    let mut run = Run::new(setup());
    let mut journal = Vec::new();
    let mut take = |run: &mut Run, input: Input| {
        run.now.tick.0 += 1000;
        run.engine.handle(run.now, input);
        while let Some(output) = run.engine.poll_output() {
            if let Output::Record(record) = output {
                journal.push(record);
            }
        }
    };
    let ordered = |command| Input::Ordered {
        epoch: Epoch(0),
        site: SiteId(0),
        command,
    };
    let refused = Input::Probed {
        epoch: Epoch(0),
        real: RealId(0),
        check: 0,
        reason: Reason::Refused,
    };
    let order = Order {
        what: What::Maintenance(Keep::Stale),
        given: Wall(0),
        counted: Wall(0),
        until: None,
        on_overrun: OnOverrun::Hold,
        by: "root".into(),
        reason: None,
        said: None,
    };
    take(&mut run, refused.clone());
    take(&mut run, refused);
    take(&mut run, ordered(Command::Give(order)));
    // A process that is started while the order is in force writes down that it is.
    run.engine = Engine::new(setup(), run.now);
    let mut kept = journal;
    for record in kept.clone() {
        run.engine.handle(run.now, Input::Remembered(record));
    }
    let mut told = 0;
    for input in [Input::Looked, ordered(Command::Lift)] {
        run.engine.handle(run.now, input);
        while let Some(output) = run.engine.poll_output() {
            match output {
                Output::Record(record) => kept.push(record),
                Output::Notice(Notice::StaysDown(_)) => told += 1,
                _ => {}
            }
        }
    }
    assert_eq!(told, 1);
    let mut next = Engine::new(setup(), run.now);
    for record in kept {
        next.handle(run.now, Input::Remembered(record));
    }
    next.handle(run.now, Input::Looked);
    while let Some(output) = next.poll_output() {
        assert!(
            !matches!(output, Output::Notice(Notice::StaysDown(_))),
            "{output:?}"
        );
    }
}

#[test]
fn what_was_not_believed_is_not_believed_by_the_next_process_before_it_is_seen_again() {
    let names: [Box<str>; 2] = ["shop".into(), "shop-0".into()];
    let [site_name, real] = names;
    let record = |state| Record::Real {
        site: site_name.clone(),
        real: real.clone(),
        state,
        since: Some(Wall(5)),
    };
    // The journal of a process that saw its only real server down in doubt, and left the site live.
    let route = Record::Route {
        site: site_name.clone(),
        route: Route::Live,
        why: Why::Quorum,
        generation: 3,
        since: Wall(5),
        held: Held::Enough,
        flaps: 0,
    };
    let now = Moment {
        tick: Tick(0),
        wall: Wall(1_700_000_000_000),
    };
    let mut engine = Engine::new(setup(vec![site("shop", 1)]), now);
    for record in [route, record(State::Up), record(State::Down)] {
        engine.handle(now, Input::Remembered(record));
    }
    engine.handle(now, Input::Looked);
    let mut run = Run { engine, now };
    assert_eq!(run.route(), Route::Live);
    run.probed(0, 0, Reason::Refused);
    assert_eq!(run.route(), Route::Live, "once is no proof");
    run.probed(0, 0, Reason::Refused);
    assert_eq!(run.route(), Route::Sorry);
}

#[test]
fn a_reload_in_doubt_neither_ends_it_nor_makes_it_endless() {
    let with = |references| {
        let mut setup = setup(vec![site("shop", 1)]);
        setup.watch.references = references;
        setup
    };
    let mut run = Run::new(with(1));
    let reference = |answered| Input::Reference { index: 0, answered };
    run.probed(0, 0, Reason::Ok);
    run.take(reference(false));
    run.probed(0, 0, Reason::Refused);
    run.probed(0, 0, Reason::Refused);
    assert_eq!(run.route(), Route::Live);
    run.take(Input::Reconfigured(with(1)));
    run.take(reference(true));
    assert_eq!(
        run.route(),
        Route::Live,
        "it is not over with the first answer"
    );
    run.take(reference(false));
    run.take(Input::Reconfigured(with(0)));
    for _ in 0..40 {
        run.take(Input::Looked);
    }
    assert_eq!(
        run.route(),
        Route::Sorry,
        "no reference could end it any more"
    );
}

#[test]
fn whoever_wants_to_know_hears_that_nobody_watches_any_more() {
    let mut wants = site("wants", 1);
    wants.omega = true;
    let mut unwatched = site("unwatched", 0);
    unwatched.omega = true;
    let mut run = Run::new(setup(vec![site("silent", 1), wants, unwatched]));
    run.take(Input::Looked);
    run.engine.handle(run.now, Input::Stopping);
    let told = std::iter::from_fn(|| run.engine.poll_output());
    let told: Vec<Output> = told.collect();
    assert_eq!(told, [Output::Notice(Notice::Unwatched(SiteId(1)))]);
}
