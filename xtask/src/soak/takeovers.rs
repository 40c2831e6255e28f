//! Take-overs: each round another process takes the sockets over, and the old one must end in good order. The visitors do the rest.

use super::course::Course;
use super::daemon::Start;

pub(crate) fn run(course: &mut Course) -> Result<(), String> {
    while course.next()? {
        let new = course.another(Start::Takeover)?;
        let old = std::mem::replace(&mut course.daemon, new);
        old.ends_well()?;
        if course.dice.percent(50) {
            let few = course.dice.below(40);
            course.await_answers(few)?;
        }
    }
    Ok(())
}
