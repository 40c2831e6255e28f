//! Kills: the process is killed under load, sometimes in the middle of a reload, and started again. Its files are still there, the port
//! may be in any state, and the next start must not mind. While it is away visits are lost; before and after, none.

use super::course::Course;
use super::daemon::Start;

pub(crate) fn run(course: &mut Course) -> Result<(), String> {
    while course.next()? {
        let few = course.dice.below(100);
        course.await_answers(few)?;
        let start = match course.dice.percent(30) {
            // There is a socket to ask, and nobody behind it.
            true => Start::Takeover,
            false => Start::First,
        };
        course.visitors.nobody_is_home();
        if course.dice.percent(30) {
            course.daemon.signal("HUP");
        }
        restart(course, start)?;
        course.visitors.somebody_is_home();
        course.every_door_answers()?;
        match course.ground.ask("status")? {
            0 => {}
            code => return Err(format!("sorry status after a kill: exit code {code}")),
        }
    }
    Ok(())
}

/// Kills the process and starts the next. What the new one holds is named in its error.
fn restart(course: &mut Course, start: Start) -> Result<(), String> {
    course.daemon.kill()?;
    course.daemon = course
        .another(start)
        .map_err(|why| format!("{start:?} after a kill: {why}"))?;
    Ok(())
}
