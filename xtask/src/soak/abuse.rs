//! Abuse: attackers do what nobody should, all at once, while visitors are served. What they take of memory has a bound, and when they
//! have gone nothing of theirs is left.

use std::time::Duration;

use super::attackers::Attackers;
use super::course::Course;
use crate::bench::quiet;

const ATTACKERS: u64 = 4;

/// What attacks may add to the memory of the process: hundreds of connections in the middle of something, each with its buffers.
const MORE_MEMORY: u64 = 64 << 20;

/// The slowest visit among them. Two cores are shared with the attackers themselves, so this is about being served at all.
const SLOWEST: Duration = Duration::from_secs(5);

/// Descriptors that may be left: connections of visitors who are there at the moment.
pub(super) const VISITORS: u64 = 8;

pub(crate) fn run(course: &mut Course) -> Result<(), String> {
    course.await_answers(100)?;
    let (memory, descriptors) = (course.look()?, course.descriptors()?);
    let attackers = Attackers::start(course.ground.tcp(), ATTACKERS, &course.dice, Duration::ZERO);
    while course.next()? {
        quiet::pass(Duration::from_millis(100));
        let now = course.look()?;
        if now > memory + MORE_MEMORY {
            return Err(format!("memory grew from {memory} to {now} bytes"));
        }
    }
    let attacks = attackers.attacks();
    drop(attackers);
    let slowest = course.visitors.tally().slowest;
    eprintln!("   abuse: {attacks} attacks; the slowest visit took {slowest:?}");
    if slowest > SLOWEST {
        return Err(format!("a visit took {slowest:?}, longer than {SLOWEST:?}"));
    }
    if attacks == 0 {
        return Err("nobody attacked".to_owned());
    }
    let gone = |course: &mut Course| Ok(course.descriptors()? <= descriptors + VISITORS);
    course.until("the attackers' connections to be closed", gone)?;
    course.every_door_answers()
}
