//! Uptime: visitors, a kept connection that asks again and again, an attacker now and then, a reload now and then; for hours. After a
//! time in which things find their size, neither memory nor descriptors grow.

use std::time::{Duration, Instant};

use super::abuse::VISITORS;
use super::attackers::Attackers;
use super::course::Course;
use crate::bench::exchange;
use crate::bench::quiet;

/// The share of the time in which memory finds its size.
const WARM: f64 = 0.25;

/// What memory may differ afterwards: what the allocator keeps depends on who came at the same time.
const TOLERATED: u64 = 4 << 20;

/// How often the settings are read again.
const RELOAD: Duration = Duration::from_secs(30);

pub(crate) fn run(course: &mut Course) -> Result<(), String> {
    course.await_answers(100)?;
    let descriptors = course.descriptors()?;
    let rest = Duration::from_millis(20);
    let attacker = Attackers::start(course.ground.tcp(), 1, &course.dice, rest);
    // The most that was seen while it found its size, and in the same share of the time at its end.
    let (mut early, mut late) = (course.look()?, 0);
    let mut reloaded = Instant::now();
    while course.next()? {
        stay(course)?;
        let now = course.look()?;
        match course.share() {
            share if share < WARM => early = early.max(now),
            share if share > 1.0 - WARM => late = late.max(now),
            _ => {}
        }
        if reloaded.elapsed() > RELOAD {
            reloaded = Instant::now();
            match course.ground.ask("reload")? {
                0 => {}
                code => return Err(format!("sorry reload: exit code {code}")),
            }
        }
    }
    drop(attacker);
    if late > early + TOLERATED {
        return Err(format!(
            "memory grew from {early} bytes at the beginning to {late} at the end"
        ));
    }
    let back = |course: &mut Course| Ok(course.descriptors()? <= descriptors + VISITORS);
    course.until("descriptors as at the beginning", back)
}

/// One visitor who keeps the connection for a while, as browsers do.
fn stay(course: &mut Course) -> Result<(), String> {
    let port = course.ground.tcp().port();
    let mut stream =
        exchange::connect(port).map_err(|error| format!("a kept connection: {error}"))?;
    for _ in 0..=course.dice.below(50) {
        match exchange::ask(&mut stream, port)? {
            503 => {}
            status => return Err(format!("a kept connection was answered {status}")),
        }
        quiet::pass(Duration::from_millis(course.dice.below(3)));
    }
    Ok(())
}
