//! What checks make real servers weigh.

use super::desk::Desk;
use super::setup::{setup, site};
use super::tables::moment;
use crate::event::{Command, Drained, Input, RealId, Setup};
use crate::health::Reason;
use crate::site::Route;

/// Two real servers that weigh 100 each, of which one is enough.
fn heavy() -> Setup {
    let mut shop = site("shop", 2);
    shop.quorum.at_least = 100;
    for real in &mut shop.reals {
        real.weight = 100;
    }
    let mut setup = setup(vec![shop]);
    setup.watch.references = 1;
    setup
}

fn weighed(desk: &mut Desk, second: u64, weights: [u32; 2]) {
    let epoch = desk.engine.epoch();
    for (real, weight) in (0..).map(RealId).zip(weights) {
        desk.take(
            second,
            Input::Weighed {
                epoch,
                real,
                weight,
            },
        );
    }
}

fn started() -> Desk {
    let mut desk = Desk::new(heavy());
    let epoch = desk.engine.epoch();
    for real in [0, 1].map(RealId) {
        let (check, reason) = (0, Reason::Ok);
        desk.take(
            0,
            Input::Probed {
                epoch,
                real,
                check,
                reason,
            },
        );
    }
    desk
}

fn route(desk: &Desk, second: u64) -> Route {
    let view = desk.engine.view(moment(second));
    view.sites().next().unwrap().route()
}

#[test]
fn who_weighs_less_does_not_make_less_enough() {
    let mut desk = started();
    weighed(&mut desk, 1, [100, 10]);
    assert_eq!(route(&desk, 1), Route::Live);
    weighed(&mut desk, 2, [89, 10]);
    assert_eq!(route(&desk, 2), Route::Sorry);
    weighed(&mut desk, 3, [90, 10]);
    assert_eq!(route(&desk, 3), Route::Live);
}

#[test]
fn what_a_check_has_said_of_weights_is_not_forgotten_by_a_restart() {
    let mut desk = started();
    weighed(&mut desk, 1, [0, 0]);
    let mut next = desk.restarted(20, heavy());
    assert_eq!(route(&next, 20), Route::Sorry);
    next.take(21, Input::Looked);
    assert_eq!(route(&next, 21), Route::Sorry);
    let mut other = heavy();
    other.sites[0].reals[0].weight = 200;
    let mut other = desk.restarted(20, other);
    other.take(30, Input::Looked);
    assert_eq!(
        route(&other, 30),
        Route::Live,
        "an operator has said otherwise since"
    );
}

#[test]
fn weights_that_are_seen_in_doubt_are_doubted() {
    let mut desk = started();
    let answered = false;
    desk.take(1, Input::Reference { index: 0, answered });
    weighed(&mut desk, 2, [0, 0]);
    assert_eq!(route(&desk, 2), Route::Live);
    // Draining is no matter of doubt, and the other still weighs what it did.
    let drain = Command::Drain(RealId(1), Drained::Yes);
    desk.ordered(2, drain);
    assert_eq!(route(&desk, 2), Route::Live);
    let next = desk.restarted(3, heavy());
    assert_eq!(route(&next, 3), Route::Live, "nobody has seen it since");
    let answered = true;
    desk.take(4, Input::Reference { index: 0, answered });
    assert_eq!(route(&desk, 4), Route::Sorry);
}
