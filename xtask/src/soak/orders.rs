//! Orders: somebody orders a site down and up, again and again, while its real servers come and go, and the process is killed at any instant.
//! After the next start what was acknowledged last is in force, or something that was ordered after it: no order is lost.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::churn::Churn;
use super::course::Course;
use super::daemon::Start;
use super::ground::Ground;
use crate::bench::quiet;

/// The longest that orders go on before the process is killed, in milliseconds.
const LONGEST_MS: u64 = 200;

/// So many real servers come and go.
const REAL_SERVERS: u64 = 2;

/// After so many rounds the site must have been down once: else its real servers did nothing, and nothing was tried.
const CERTAIN: u64 = 20;

pub(crate) fn run(course: &mut Course) -> Result<(), String> {
    let mut orders = Orders {
        acknowledged: None,
        given: 0,
    };
    let churn = Churn::start(REAL_SERVERS, course.dice.another(1))?;
    course.ground.watch(churn.addresses());
    course.ground.configure("back soon", &[])?;
    match course.ground.ask("reload")? {
        0 => {}
        code => return Err(format!("sorry reload: exit code {code}")),
    }
    let mut down = false;
    while course.next()? {
        let wait = Duration::from_millis(course.dice.below(LONGEST_MS));
        course.visitors.nobody_is_home();
        orders = order_until_killed(course, orders, wait)?;
        course.daemon = course
            .another(Start::First)
            .map_err(|why| format!("after a kill: {why}"))?;
        course.visitors.somebody_is_home();
        let in_force = in_force(&course.ground)?;
        if !orders.could_leave(in_force) {
            return Err(format!(
                "after {orders:?} and a kill {in_force:?} is in force"
            ));
        }
        // In each round, since later orders crowd it out of what is told of the history.
        down = down || was_down(&course.ground)?;
    }
    match course.rounds >= CERTAIN && !down {
        true => Err("no real server took the site down: nothing was tried".to_owned()),
        false => Ok(()),
    }
}

/// Whether the history knows of an outage.
fn was_down(ground: &Ground) -> Result<bool, String> {
    let said = asked(ground, &["history", "--json"])?;
    Ok(said.contains("\"outage\""))
}

/// What was ordered between two kills. Odd orders are `down` with their number as words, even ones `up`.
#[derive(Debug, Clone, Copy)]
struct Orders {
    /// The last one that was acknowledged, between these two kills or before.
    acknowledged: Option<u64>,
    /// The last one that was given.
    given: u64,
}

impl Orders {
    /// Whether that may be in force after a crash: the last one that was acknowledged, or one that was given behind it.
    fn could_leave(self, in_force: Option<u64>) -> bool {
        let Some(acknowledged) = self.acknowledged else {
            return true;
        };
        match in_force {
            Some(number) => (acknowledged..=self.given).contains(&number),
            None => (acknowledged..=self.given).any(|number| number.is_multiple_of(2)),
        }
    }
}

/// Orders behind those that were given, until the process is killed.
fn order_until_killed(
    course: &mut Course,
    mut orders: Orders,
    wait: Duration,
) -> Result<Orders, String> {
    let over = AtomicBool::new(false);
    let (ground, daemon) = (&course.ground, &mut course.daemon);
    thread::scope(|scope| {
        let ordering = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                orders.given += 1;
                match order(ground, orders.given) {
                    true => orders.acknowledged = Some(orders.given),
                    false => return,
                }
            }
        });
        quiet::pass(wait);
        let killed = daemon.kill();
        over.store(true, Ordering::Relaxed);
        // It panics for no reason of its own.
        let _joined = ordering.join();
        killed
    })?;
    Ok(orders)
}

/// Whether it was acknowledged.
fn order(ground: &Ground, number: u64) -> bool {
    let words = format!("order {number}");
    let mut command = Command::new(&ground.sorry);
    match number % 2 {
        1 => command.args(["down", "shop", "--endless", "--say", &words]),
        _ => command.args(["up", "shop"]),
    };
    command.arg("--admin").arg(ground.admin());
    let output = command.output();
    output.is_ok_and(|output| output.status.success())
}

/// What a verb prints that asks the daemon.
fn asked(ground: &Ground, words: &[&str]) -> Result<String, String> {
    let output = Command::new(&ground.sorry)
        .args(words)
        .arg("--admin")
        .arg(ground.admin())
        .output()
        .map_err(|error| format!("cannot start {}: {error}", ground.sorry.display()))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.success() {
        true => Ok(said),
        false => Err(format!("sorry {}: {said}", words.join(" "))),
    }
}

/// The number of the order that is in force; none where the site is up.
fn in_force(ground: &Ground) -> Result<Option<u64>, String> {
    let said = asked(ground, &["status", "shop", "--json"])?;
    let Some(after) = said.split("\"order ").nth(1) else {
        return Ok(None);
    };
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits
        .parse()
        .map(Some)
        .map_err(|_| format!("no number in {said}"))
}

#[cfg(test)]
mod tests {
    use super::Orders;

    #[test]
    fn what_was_acknowledged_or_what_came_behind_it_is_in_force() {
        for (acknowledged, given, in_force, possible) in [
            (3, 3, Some(3), true),
            (3, 5, Some(5), true),
            (3, 5, Some(1), false),
            (3, 3, None, false),
            (3, 4, None, true),
            (4, 4, None, true),
            (4, 4, Some(3), false),
            (4, 5, Some(5), true),
        ] {
            let orders = Orders {
                acknowledged: Some(acknowledged),
                given,
            };
            assert_eq!(
                orders.could_leave(in_force),
                possible,
                "{orders:?} {in_force:?}"
            );
        }
    }
}
