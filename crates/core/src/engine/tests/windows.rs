//! Windows as operators meet them: ended before their time, behind orders, agreed on while they are open, remembered.

use std::time::Duration;

use super::desk::Desk;
use super::setup::{setup, site};
use super::tables::moment;
use crate::engine::Fact;
use crate::event::{Command, Input, Notice, WindowSetup};
use crate::order::{Keep, Milestone, OnOverrun, Order, What};
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

/// What is asked of a site with windows.
trait Asked {
    fn is(&mut self, second: u64, down: bool, ended: &[&str]) -> &mut Self;
}

impl Asked for Desk {
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
    Desk::new(windowed(&both))
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
    Desk::new(windowed(std::slice::from_ref(&first)))
        .ordered(120, Command::Lift)
        .is(130, false, &["first"])
        .take(140, Input::Reconfigured(windowed(&[first, second])))
        .is(141, true, &["first"]);
}

#[test]
fn an_order_within_a_window_ends_and_the_window_goes_on() {
    Desk::new(windowed(&[window("w", 100, 200)]))
        .is(110, true, &[])
        .ordered(120, Command::Give(order(Some(150))))
        .is(150, true, &[])
        .is(199, true, &[])
        .is(200, false, &[]);
}

#[test]
fn what_was_ended_stays_ended_after_a_restart() {
    let windows = [window("w", 100, 200)];
    let mut desk = Desk::new(windowed(&windows));
    desk.is(110, true, &[]).ordered(120, Command::Lift);
    desk.restarted(130, windowed(&windows))
        .is(131, false, &["w"]);
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
    Desk::new(windowed(&[daily]))
        .is(open + 60, true, &[])
        .ordered(open + 120, Command::Lift)
        .is(open + 180, false, &["daily"])
        .is(open + day - 1, false, &[])
        .is(open + day, true, &[]);
}

/// Which windows were announced, by their places.
fn announced(desk: &mut Desk) -> Vec<u32> {
    desk.told(|notice| match notice {
        Notice::Announced(_, window, _) => Some(*window),
        _ => None,
    })
}

#[test]
fn each_window_is_announced_once_whatever_else_is_and_whoever_restarts() {
    let announcing = |name, start, before| WindowSetup {
        announce: Some(Duration::from_secs(before)),
        ..window(name, start, start + 50)
    };
    // The later one stands first, and is announced first.
    let windows = [announcing("late", 700, 650), announcing("soon", 600, 500)];
    let mut desk = Desk::new(windowed(&windows));
    desk.take(49, Input::Looked);
    assert_eq!(announced(&mut desk), [0_u32; 0]);
    desk.take(50, Input::Looked).take(99, Input::Looked);
    assert_eq!(announced(&mut desk), [0]);
    desk.take(100, Input::Looked).take(101, Input::Looked);
    assert_eq!(announced(&mut desk), [1]);
    let mut next = desk.restarted(300, windowed(&windows));
    assert_eq!(announced(&mut next), [0_u32; 0], "both are remembered");
    // Another beginning of the same window is news, the earlier as well as the later.
    let earlier = [announcing("late", 660, 650), announcing("soon", 600, 500)];
    next.take(305, Input::Reconfigured(windowed(&earlier)));
    assert_eq!(announced(&mut next), [0]);
    let moved = [announcing("late", 760, 650), announcing("soon", 600, 500)];
    next.take(310, Input::Reconfigured(windowed(&moved)));
    assert_eq!(announced(&mut next), [0]);
}

/// One in the file and one that was agreed on before may have one name: neither takes the other's announcement, nor brings it back.
#[test]
fn two_windows_of_one_name_are_announced_once_each() {
    let announcing = |start| WindowSetup {
        announce: Some(Duration::from_secs(500)),
        ..window("same", start, start + 50)
    };
    let mut desk = Desk::new(windowed(&[announcing(600), announcing(590)]));
    desk.take(100, Input::Looked);
    assert_eq!(announced(&mut desk), [0, 1]);
    desk.take(101, Input::Looked).take(102, Input::Looked);
    assert_eq!(announced(&mut desk), [0_u32; 0]);
}

fn milestones(desk: &mut Desk) -> Vec<Milestone> {
    desk.told(|notice| match notice {
        Notice::Milestone(_, milestone) => Some(*milestone),
        _ => None,
    })
}

/// The process may be down when an order's time comes.
#[test]
fn what_an_order_has_come_to_is_told_once_by_whoever_is_there() {
    let setup = || windowed(&[]);
    let hold = Order {
        on_overrun: OnOverrun::Hold,
        ..order(Some(100))
    };
    let mut desk = Desk::new(setup());
    desk.ordered(0, Command::Give(hold));
    assert_eq!(milestones(&mut desk), []);
    let mut late = desk.restarted(90, setup());
    assert_eq!(milestones(&mut late), [Milestone::AlmostOver]);
    let mut again = late.restarted(91, setup());
    assert_eq!(milestones(&mut again), []);
    let mut over = again.restarted(130, setup());
    assert_eq!(milestones(&mut over), [Milestone::Due(0)]);
    over.ordered(140, Command::Extend(Duration::from_secs(100)));
    let mut longer = over.restarted(230, setup());
    assert_eq!(milestones(&mut longer), [Milestone::AlmostOver]);
}
