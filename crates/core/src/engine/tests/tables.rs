//! Scripts of what happens, and everything that is wanted after each line.

use std::fmt::Write as _;
use std::time::Duration;

use expect_test::{Expect, expect};

use super::setup::{setup, site, switch};
use crate::engine::Engine;
use crate::event::{
    Act, Command, Drained, Input, Notice, Outcome, Output, RealId, Record, Setup, SiteId, SwitchId,
    Unsure, WindowSetup,
};
use crate::health::Reason;
use crate::moment::{Moment, Tick, Wall};
use crate::order::{Keep, OnOverrun, Order, What};
use crate::quorum::Held;
use crate::window::{Span, Window};

pub(super) struct Stage {
    engine: Engine,
    now: Moment,
}

pub(super) fn moment(seconds: u64) -> Moment {
    Moment {
        tick: Tick(seconds * 1000),
        wall: Wall(1_000_000_000 + seconds * 1000),
    }
}

fn order(what: What, until: Option<u64>, on_overrun: OnOverrun) -> Order {
    Order {
        what,
        given: moment(0).wall,
        counted: moment(0).wall,
        until: until.map(|seconds| moment(seconds).wall),
        on_overrun,
        by: "root".into(),
        reason: None,
        said: None,
    }
}

fn maintenance(until: Option<u64>, on_overrun: OnOverrun) -> Order {
    order(What::Maintenance(Keep::Stale), until, on_overrun)
}

impl Stage {
    fn new(setup: Setup) -> Stage {
        let now = moment(0);
        let mut engine = Engine::new(setup, now);
        engine.handle(now, Input::Looked);
        Stage { engine, now }
    }

    /// One line: the second it happens in, and what: `0+` or `3-` a probe of that real server, `ref+`, `look`, ...
    fn line(&mut self, line: &str) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.now = moment(words[0].parse().unwrap());
        for word in &words[1..] {
            for input in self.inputs(word) {
                self.engine.handle(self.now, input);
            }
        }
        self.drain()
    }

    fn inputs(&self, word: &str) -> Vec<Input> {
        let epoch = self.engine.epoch();
        let number = |text: &str| text.parse::<u32>().unwrap();
        let order = |site: u32, command| Input::Ordered {
            epoch,
            site: SiteId(site),
            command,
        };
        let applied = |text: &str, outcome| {
            let (generation, at) = text.split_once('/').map_or((text, "0"), |(a, b)| (a, b));
            Input::Applied {
                epoch,
                switch: SwitchId {
                    site: SiteId(0),
                    index: number(at),
                },
                generation: generation.parse().unwrap(),
                outcome,
            }
        };
        vec![match word.split_once('=').unwrap_or((word, "")) {
            ("look", _) => Input::Looked,
            ("down", "") => order(0, Command::Give(maintenance(None, OnOverrun::Hold))),
            ("down", text) => {
                let hold = match text.strip_suffix('!') {
                    Some(_) => OnOverrun::Hold,
                    None => OnOverrun::Return,
                };
                let until = text.trim_end_matches('!').parse().unwrap();
                order(0, Command::Give(maintenance(Some(until), hold)))
            }
            ("live", _) => order(
                0,
                Command::Give(self::order(What::Live, None, OnOverrun::Hold)),
            ),
            ("up", _) => order(0, Command::Lift),
            ("extend", text) => order(
                0,
                Command::Extend(Duration::from_secs(text.parse().unwrap())),
            ),
            ("drain", text) => order(0, Command::Drain(RealId(number(text)), Drained::Yes)),
            ("undrain", text) => order(0, Command::Drain(RealId(number(text)), Drained::No)),
            ("approve", text) => order(0, Command::Approve(0, text.parse().unwrap())),
            ("done", text) => applied(text, Outcome::Done),
            ("failed", text) => applied(text, Outcome::Failed),
            ("ref", sign) => Input::Reference {
                index: 0,
                answered: sign == "+",
            },
            ("served", text) => Input::Passive {
                epoch,
                real: RealId(number(text)),
                good: 1,
                bad: 0,
            },
            ("peer", text) => Input::PeerSaw {
                epoch,
                peer: number(text),
                site: SiteId(0),
                held: Held::TooFew,
            },
            (probe, _) => {
                let (real, sign) = probe.split_at(probe.len() - 1);
                let reason = if sign == "+" {
                    Reason::Ok
                } else {
                    Reason::Refused
                };
                Input::Probed {
                    epoch,
                    real: RealId(number(real)),
                    check: 0,
                    reason,
                }
            }
        }]
    }

    fn drain(&mut self) -> String {
        let mut said = Vec::new();
        while let Some(output) = self.engine.poll_output() {
            said.extend(short(&output));
        }
        said.join("; ")
    }
}

/// What a reader of a table wants to see. Journal lines are left out but for orders: the world checks them.
fn short(output: &Output) -> Option<String> {
    Some(match output {
        Output::Record(Record::Order { order, .. }) => {
            format!("order {}", if order.is_some() { "kept" } else { "gone" })
        }
        Output::Record(_) | Output::Notice(Notice::Real { .. }) => return None,
        Output::Route {
            switch,
            generation,
            wanted,
        } => {
            let weights: Vec<String> = wanted
                .reals
                .iter()
                .map(|real| real.weight.to_string())
                .collect();
            let at = switch.index;
            format!(
                "switch {at}: {generation} {} {}",
                wanted.route.label(),
                weights.join(":")
            )
        }
        Output::Pace(real, pace) => format!("{} {pace:?}", real.0),
        Output::AskPeers(site) => format!("ask peers about {}", site.0),
        Output::Notice(notice) => match notice {
            Notice::Turned {
                site,
                to,
                why,
                after,
                ..
            } => {
                format!(
                    "site {} {} ({}) after {} s",
                    site.0,
                    to.label(),
                    why.label(),
                    after.as_secs()
                )
            }
            other => format!("{other:?}"),
        },
    })
}

pub(super) fn check(setup: Setup, script: &[&str], expected: &Expect) {
    let mut stage = Stage::new(setup);
    let mut text = String::new();
    for line in script {
        let said = stage.line(line);
        writeln!(text, "{line} -> {said}").unwrap();
    }
    let view = stage.engine.view(stage.now);
    for site in view.sites() {
        writeln!(
            text,
            "{}: {} ({})",
            site.name(),
            site.route().label(),
            site.why().label()
        )
        .unwrap();
    }
    expected.assert_eq(&text);
}

pub(super) fn one() -> Setup {
    setup(vec![site("shop", 2)])
}

#[test]
fn a_site_goes_down_with_its_last_real_server_and_comes_back() {
    check(
        one(),
        &[
            "0 0+",
            "1 1+",
            "2 done=2",
            "3 0- 0-",
            "4 done=3",
            "5 1-",
            "6 1-",
            "7 done=4",
            "20 1+",
            "21 1+",
            "22 done=5",
        ],
        &expect![[r#"
            0 0+ -> switch 0: 1 live 1:1
            1 1+ -> switch 0: 2 live 1:1
            2 done=2 -> 
            3 0- 0- -> 0 Suspect; 0 Normal; switch 0: 3 live 0:1
            4 done=3 -> 
            5 1- -> 1 Suspect
            6 1- -> 1 Normal; site 0 sorry (no-quorum) after 6 s; switch 0: 4 sorry 0:0
            7 done=4 -> 
            20 1+ -> 
            21 1+ -> site 0 live (quorum) after 15 s; switch 0: 5 live 0:1
            22 done=5 -> 
            shop: live (quorum)
        "#]],
    );
}

#[test]
fn a_site_that_flaps_is_held_down() {
    check(
        setup(vec![site("shop", 1)]),
        &[
            "0 0+", "1 0- 0-", "2 0+ 0+", "3 0- 0-", "4 0+ 0+", "13 look", "14 look", "15 0- 0-",
            "16 0+ 0+", "35 look", "36 look",
        ],
        &expect![[r#"
            0 0+ -> switch 0: 1 live 1
            1 0- 0- -> 0 Suspect; 0 Normal; site 0 sorry (no-quorum) after 1 s; switch 0: 2 sorry 0
            2 0+ 0+ -> site 0 live (quorum) after 1 s; switch 0: 3 live 1
            3 0- 0- -> 0 Suspect; 0 Normal; site 0 sorry (no-quorum) after 1 s; switch 0: 4 sorry 0
            4 0+ 0+ -> switch 0: 4 sorry 0
            13 look -> switch 0: 4 sorry 0
            14 look -> site 0 live (quorum) after 11 s; switch 0: 5 live 1
            15 0- 0- -> 0 Suspect; 0 Normal; site 0 sorry (no-quorum) after 1 s; Flaps(SiteId(0), 2); switch 0: 6 sorry 0
            16 0+ 0+ -> switch 0: 6 sorry 0
            35 look -> switch 0: 6 sorry 0
            36 look -> site 0 live (quorum) after 21 s; switch 0: 7 live 1
            shop: live (quorum)
        "#]],
    );
}

#[test]
fn an_order_wins_over_health() {
    check(
        one(),
        &[
            "0 0+ 1+",
            "1 down=100",
            "80 look",
            "90 0- 0- 1- 1-",
            "100 look",
            "101 0+ 0+",
            "102 live",
            "103 0- 0-",
            "104 up",
        ],
        &expect![[r#"
            0 0+ 1+ -> switch 0: 1 live 1:1; switch 0: 2 live 1:1
            1 down=100 -> order kept; site 0 sorry (ordered) after 1 s; switch 0: 3 sorry 1:1
            80 look -> Milestone(SiteId(0), AlmostOver); switch 0: 3 sorry 1:1
            90 0- 0- 1- 1- -> 0 Suspect; 0 Normal; switch 0: 3 sorry 1:1; 1 Suspect; 1 Normal
            100 look -> order gone; OrderEnded(SiteId(0)); StaysDown(SiteId(0)); switch 0: 3 sorry 1:1
            101 0+ 0+ -> site 0 live (quorum) after 100 s; switch 0: 4 live 1:0
            102 live -> order kept; switch 0: 4 live 1:0
            103 0- 0- -> 0 Suspect; 0 Normal; switch 0: 5 live 0:0
            104 up -> order gone; site 0 sorry (no-quorum) after 3 s; switch 0: 6 sorry 0:0
            shop: sorry (no-quorum)
        "#]],
    );
}

#[test]
fn a_maintenance_holds_until_somebody_says_up() {
    check(
        one(),
        &[
            "0 0+ 1+",
            "1 down=100!",
            "99 look",
            "100 look",
            "1000 look",
            "1001 extend=100",
            "1100 look",
            "1101 look",
            "1102 up",
        ],
        &expect![[r#"
            0 0+ 1+ -> switch 0: 1 live 1:1; switch 0: 2 live 1:1
            1 down=100! -> order kept; site 0 sorry (ordered) after 1 s; switch 0: 3 sorry 1:1
            99 look -> Milestone(SiteId(0), AlmostOver); switch 0: 3 sorry 1:1
            100 look -> Milestone(SiteId(0), Due(0)); switch 0: 3 sorry 1:1
            1000 look -> Milestone(SiteId(0), Due(1)); switch 0: 3 sorry 1:1
            1001 extend=100 -> order kept; switch 0: 3 sorry 1:1
            1100 look -> Milestone(SiteId(0), AlmostOver); switch 0: 3 sorry 1:1
            1101 look -> Milestone(SiteId(0), Due(0)); switch 0: 3 sorry 1:1
            1102 up -> order gone; site 0 live (quorum) after 1101 s; switch 0: 4 live 1:1
            shop: live (quorum)
        "#]],
    );
}

#[test]
fn a_window_opens_and_closes_and_can_be_ended_early() {
    let windowed = |reals| {
        let mut site = site("shop", reals);
        site.windows = vec![WindowSetup {
            name: "tuesday".into(),
            window: Window::Once(Span {
                start: moment(100).wall,
                end: moment(200).wall,
            }),
            order: maintenance(None, OnOverrun::Return),
            announce: Some(Duration::from_secs(50)),
        }];
        setup(vec![site])
    };
    check(
        windowed(1),
        &[
            "0 0+", "49 look", "50 look", "99 look", "100 look", "180 look", "199 look",
            "200 look", "201 look",
        ],
        &expect![[r#"
            0 0+ -> switch 0: 1 live 1
            49 look -> switch 0: 1 live 1
            50 look -> Announced(SiteId(0), 0, Wall(1000100000)); switch 0: 1 live 1
            99 look -> switch 0: 1 live 1
            100 look -> order kept; site 0 sorry (ordered) after 100 s; switch 0: 2 sorry 1
            180 look -> Milestone(SiteId(0), AlmostOver); switch 0: 2 sorry 1
            199 look -> switch 0: 2 sorry 1
            200 look -> order gone; OrderEnded(SiteId(0)); site 0 live (quorum) after 100 s; switch 0: 3 live 1
            201 look -> switch 0: 3 live 1
            shop: live (quorum)
        "#]],
    );
    check(
        windowed(1),
        &["0 0+", "100 look", "150 up", "151 look", "200 look"],
        &expect![[r#"
            0 0+ -> switch 0: 1 live 1
            100 look -> order kept; site 0 sorry (ordered) after 100 s; switch 0: 2 sorry 1
            150 up -> order gone; site 0 live (quorum) after 50 s; switch 0: 3 live 1
            151 look -> switch 0: 3 live 1
            200 look -> switch 0: 3 live 1
            shop: live (quorum)
        "#]],
    );
    // A window that nobody noticed behind an order is over with the order's end by hand.
    check(
        windowed(1),
        &[
            "0 0+",
            "90 down=300",
            "100 look",
            "150 up",
            "151 look",
            "200 look",
        ],
        &expect![[r#"
            0 0+ -> switch 0: 1 live 1
            90 down=300 -> order kept; Announced(SiteId(0), 0, Wall(1000100000)); site 0 sorry (ordered) after 90 s; switch 0: 2 sorry 1
            100 look -> switch 0: 2 sorry 1
            150 up -> order gone; site 0 live (quorum) after 60 s; switch 0: 3 live 1
            151 look -> switch 0: 3 live 1
            200 look -> switch 0: 3 live 1
            shop: live (quorum)
        "#]],
    );
    check(
        windowed(1),
        &["0 0+", "90 down=150", "100 look", "150 look", "200 look"],
        &expect![[r#"
            0 0+ -> switch 0: 1 live 1
            90 down=150 -> order kept; Announced(SiteId(0), 0, Wall(1000100000)); site 0 sorry (ordered) after 90 s; switch 0: 2 sorry 1
            100 look -> switch 0: 2 sorry 1
            150 look -> order gone; OrderEnded(SiteId(0)); order kept; switch 0: 2 sorry 1
            200 look -> order gone; OrderEnded(SiteId(0)); site 0 live (quorum) after 110 s; switch 0: 3 live 1
            shop: live (quorum)
        "#]],
    );
}

#[test]
fn a_switch_that_fails_is_told_again_and_a_late_answer_is_no_answer() {
    check(
        setup(vec![site("shop", 1)]),
        &[
            "0 0+",
            "1 look",
            "2 failed=1",
            "3 look",
            "4 look",
            "5 done=1",
            "6 0- 0-",
            "6 done=1",
            "7 done=2",
            "100 look",
        ],
        &expect![[r#"
            0 0+ -> switch 0: 1 live 1
            1 look -> switch 0: 1 live 1
            2 failed=1 -> Failed(SwitchId { site: SiteId(0), index: 0 }, 1)
            3 look -> 
            4 look -> switch 0: 1 live 1
            5 done=1 -> Recovered(SwitchId { site: SiteId(0), index: 0 })
            6 0- 0- -> 0 Suspect; 0 Normal; site 0 sorry (no-quorum) after 6 s; switch 0: 2 sorry 0
            6 done=1 -> switch 0: 2 sorry 0
            7 done=2 -> 
            100 look -> 
            shop: sorry (no-quorum)
        "#]],
    );
}

#[test]
fn switches_that_observe_or_ask() {
    let mut shop = site("shop", 1);
    shop.switches = vec![
        switch("ask", Act::Ask, Unsure::Follow),
        switch("observe", Act::Observe, Unsure::Follow),
    ];
    check(
        setup(vec![shop]),
        &[
            "0 0+",
            "1 approve=1",
            "2 done=1",
            "3 0- 0-",
            "4 approve=1",
            "5 approve=2",
            "6 done=2",
            "7 0+ 0+",
            "8 down",
            "9 done=4",
        ],
        &expect![[r#"
            0 0+ -> Asks(SwitchId { site: SiteId(0), index: 0 }, Live, 1); WouldTurn(SwitchId { site: SiteId(0), index: 1 }, Live)
            1 approve=1 -> switch 0: 1 live 1
            2 done=1 -> 
            3 0- 0- -> 0 Suspect; 0 Normal; site 0 sorry (no-quorum) after 3 s; Asks(SwitchId { site: SiteId(0), index: 0 }, Sorry, 2); WouldTurn(SwitchId { site: SiteId(0), index: 1 }, Sorry)
            4 approve=1 -> 
            5 approve=2 -> switch 0: 2 sorry 0
            6 done=2 -> 
            7 0+ 0+ -> site 0 live (quorum) after 4 s; Asks(SwitchId { site: SiteId(0), index: 0 }, Live, 3); WouldTurn(SwitchId { site: SiteId(0), index: 1 }, Live)
            8 down -> order kept; site 0 sorry (ordered) after 1 s; switch 0: 4 sorry 1; WouldTurn(SwitchId { site: SiteId(0), index: 1 }, Sorry)
            9 done=4 -> 
            shop: sorry (ordered)
        "#]],
    );
}

#[test]
fn a_switch_that_waits_is_not_told_by_a_retry() {
    let mut shop = site("shop", 1);
    shop.switches = vec![switch("ask", Act::Ask, Unsure::Follow)];
    check(
        setup(vec![shop]),
        &[
            "0 0+",
            "1 approve=1",
            "2 0- 0-",
            "3 look",
            "10 look",
            "11 done=1",
            "12 look",
            "13 approve=2",
        ],
        &expect![[r#"
            0 0+ -> Asks(SwitchId { site: SiteId(0), index: 0 }, Live, 1)
            1 approve=1 -> switch 0: 1 live 1
            2 0- 0- -> 0 Suspect; 0 Normal; site 0 sorry (no-quorum) after 2 s; Asks(SwitchId { site: SiteId(0), index: 0 }, Sorry, 2); switch 0: 1 live 1
            3 look -> switch 0: 1 live 1
            10 look -> switch 0: 1 live 1
            11 done=1 -> 
            12 look -> 
            13 approve=2 -> switch 0: 2 sorry 0
            shop: sorry (no-quorum)
        "#]],
    );
}

/// The appointment is an hour away by both clocks; then somebody sets the one on the wall.
#[test]
fn a_clock_that_is_set_is_noticed() {
    let mut stage = Stage::new(one());
    stage.line("0 0+ 1+ down=3600");
    stage
        .engine
        .handle(stage.now, stage.inputs("done=3").remove(0));
    let due = stage.engine.poll_timeout().unwrap();
    assert!(due <= Tick(10_000), "{due:?}");
    let now = Moment {
        tick: due,
        wall: moment(3600).wall,
    };
    stage.engine.handle(now, Input::Looked);
    assert_eq!(
        stage.drain(),
        "order gone; OrderEnded(SiteId(0)); site 0 live (quorum) after 10 s; switch 0: 4 live 1:1"
    );
}

#[test]
fn what_was_meant_for_an_old_configuration_is_passed_over() {
    let mut stage = Stage::new(one());
    stage.line("0 0+ 1+");
    let old = stage.inputs("0-");
    let mut setup = one();
    setup.sites[0].reals.remove(0);
    stage.engine.handle(stage.now, Input::Reconfigured(setup));
    stage.drain();
    for input in [&old[0], &old[0]] {
        stage.engine.handle(stage.now, input.clone());
    }
    assert_eq!(stage.drain(), "");
    assert_eq!(
        stage.line("1 0- 0-"),
        "0 Suspect; 0 Normal; site 0 sorry (no-quorum) after 1 s; switch 0: 4 sorry 0"
    );
}

#[test]
fn a_new_process_believes_what_the_old_one_did() {
    let mut stage = Stage::new(setup(vec![site("a", 2), site("b", 1)]));
    let epoch = stage.engine.epoch();
    let mut journal = Vec::new();
    let down = Input::Ordered {
        epoch,
        site: SiteId(1),
        command: Command::Give(maintenance(None, OnOverrun::Hold)),
    };
    let seen = ["0+", "1+", "2+", "0-", "0-", "drain=1", "undrain=1"]
        .map(|word| stage.inputs(word).remove(0));
    for input in seen.into_iter().chain([down]) {
        stage.engine.handle(stage.now, input);
        while let Some(output) = stage.engine.poll_output() {
            if let Output::Record(record) = output {
                journal.push(record);
            }
        }
    }
    let mut heir = Stage {
        engine: Engine::new(setup(vec![site("a", 2), site("b", 1)]), moment(5)),
        now: moment(5),
    };
    for record in journal {
        heir.engine.handle(heir.now, Input::Remembered(record));
    }
    assert_eq!(
        heir.drain(),
        "",
        "nothing is wanted before everything is remembered"
    );
    assert_eq!(
        heir.line("5 look"),
        "switch 0: 8 live 0:1; switch 0: 9 sorry 1"
    );
    let states = |engine: &Engine| {
        let view = engine.view(moment(5));
        let state = |site: crate::engine::SiteView<'_>| {
            let reals: Vec<_> = site.reals().map(|real| real.state()).collect();
            (site.route(), site.why(), site.order().cloned(), reals)
        };
        view.sites().map(state).collect::<Vec<_>>()
    };
    assert_eq!(states(&heir.engine), states(&stage.engine));
}
