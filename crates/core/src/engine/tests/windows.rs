//! Windows as operators meet them: ended before their time, behind orders, agreed on while they are open, remembered.

use std::time::Duration;

use super::setup::{setup, site};
use super::tables::moment;
use crate::engine::{Engine, Fact};
use crate::event::{Command, Input, Output, Record, SiteId, WindowSetup};
use crate::order::{Keep, OnOverrun, Order, What};
use crate::site::Route;
use crate::window::{Span, Window};

fn order(until: Option<u64>) -> Order {
    Order {
        what: What::Maintenance(Keep::Stale),
        given: moment(0).wall,
        counted: moment(0).wall,
        until: until.map(|second| moment(second).wall),
        on_overrun: OnOverrun::Return,
        by: "root".into(),
        reason: None,
        said: None,
    }
}

fn window(name: &str, start: u64, end: u64) -> WindowSetup {
    WindowSetup {
        name: name.into(),
        window: Window::Once(Span {
            start: moment(start).wall,
            end: moment(end).wall,
        }),
        order: order(None),
        announce: None,
    }
}

struct Desk {
    engine: Engine,
    kept: Vec<Record>,
}

impl Desk {
    fn new(windows: &[WindowSetup]) -> Desk {
        let mut desk = Desk {
            engine: Engine::new(windowed(windows), moment(0)),
            kept: Vec::new(),
        };
        desk.take(0, Input::Looked);
        desk
    }

    fn take(&mut self, second: u64, input: Input) -> &mut Desk {
        self.engine.handle(moment(second), input);
        while let Some(output) = self.engine.poll_output() {
            if let Output::Record(record) = output {
                self.kept.push(record);
            }
        }
        self
    }

    fn ordered(&mut self, second: u64, command: Command) -> &mut Desk {
        let epoch = self.engine.epoch();
        let site = SiteId(0);
        self.take(
            second,
            Input::Ordered {
                epoch,
                site,
                command,
            },
        )
    }

    fn configured(&mut self, second: u64, windows: &[WindowSetup]) -> &mut Desk {
        self.take(second, Input::Reconfigured(windowed(windows)))
    }

    /// A process that knows nothing but the journal.
    fn restarted(&self, second: u64, windows: &[WindowSetup]) -> Desk {
        let mut next = Desk {
            engine: Engine::new(windowed(windows), moment(second)),
            kept: self.kept.clone(),
        };
        for record in &self.kept {
            next.take(second, Input::Remembered(record.clone()));
        }
        next.take(second, Input::Looked);
        next
    }

    /// Whether it is down then, and which windows that are open were ended.
    #[track_caller]
    fn is(&mut self, second: u64, down: bool, ended: &[&str]) -> &mut Desk {
        self.take(second, Input::Looked);
        let view = self.engine.view(moment(second));
        let site = view.sites().next().unwrap();
        assert_eq!(site.route() == Route::Sorry, down, "at {second}");
        let over = site.open_windows().filter(|(_, open)| open.ended);
        assert_eq!(over.map(|(name, _)| name).collect::<Vec<_>>(), ended);
        let told = site.chain().into_iter().filter_map(|link| match link.fact {
            Fact::WindowEnded(name, _) => Some(name),
            _ => None,
        });
        assert_eq!(told.collect::<Vec<_>>(), ended);
        self
    }
}

fn windowed(windows: &[WindowSetup]) -> crate::event::Setup {
    let mut site = site("shop", 0);
    site.windows = windows.to_vec();
    setup(vec![site])
}

#[test]
fn what_an_operator_has_ended_is_ended_and_nothing_else() {
    let (early, late) = (window("early", 100, 200), window("late", 150, 300));
    let both = [early.clone(), late.clone()];
    Desk::new(&both)
        .is(120, true, &[])
        .ordered(130, Command::Lift)
        .is(140, false, &["early"])
        // The other one opens all the same.
        .is(160, true, &["early"])
        .ordered(170, Command::Lift)
        .is(180, false, &["early", "late"])
        .is(250, false, &["late"])
        .is(300, false, &[]);
}

#[test]
fn a_window_that_is_agreed_on_while_it_is_open_is_in_force() {
    let (first, second) = (window("first", 100, 200), window("second", 90, 200));
    Desk::new(std::slice::from_ref(&first))
        .ordered(120, Command::Lift)
        .is(130, false, &["first"])
        .configured(140, &[first, second])
        .is(141, true, &["first"]);
}

#[test]
fn an_order_within_a_window_ends_and_the_window_goes_on() {
    Desk::new(&[window("w", 100, 200)])
        .is(110, true, &[])
        .ordered(120, Command::Give(order(Some(150))))
        .is(150, true, &[])
        .is(199, true, &[])
        .is(200, false, &[]);
}

#[test]
fn what_was_ended_stays_ended_after_a_restart() {
    let windows = [window("w", 100, 200)];
    let mut desk = Desk::new(&windows);
    desk.is(110, true, &[]).ordered(120, Command::Lift);
    desk.restarted(130, &windows).is(131, false, &["w"]);
}

#[test]
fn a_recurring_window_opens_again_after_one_of_it_was_ended() {
    use crate::window::{Days, End, Every};
    use crate::zone::Zone;
    let day = 86_400;
    let daily = WindowSetup {
        window: Window::Every(Every {
            days: Days::ALL,
            start: 3_600,
            end: End::After(Duration::from_secs(3_600)),
            zone: Zone::utc(),
        }),
        ..window("daily", 0, 0)
    };
    // The stage's second 0 is 1970-01-12 13:46:40: eleven hours and a quarter before 01:00.
    let open = day - (13 * 3_600 + 46 * 60 + 40) + 3_600;
    Desk::new(&[daily])
        .is(open + 60, true, &[])
        .ordered(open + 120, Command::Lift)
        .is(open + 180, false, &["daily"])
        .is(open + day - 1, false, &[])
        .is(open + day, true, &[]);
}
