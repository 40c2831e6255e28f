//! Reloads: what the site says changes, a listener comes and goes, and now and then the file is broken. After each, a new visitor is
//! told the new words if the file was good, and the old ones if it was not.

use std::fs;

use super::course::Course;
use super::visitors::Door;

/// What is no configuration, each in its own way.
const BROKEN: [&str; 4] = [
    "[[site]\n",
    "[[site]]\nname = \"shop\"\n",
    "[[site]]\nname = \"shop\"\n[site.sorry]\nlisten = [\"127.0.0.1:99999\"]\n",
    "[[site]]\nname = \"shop\"\n[site.sorry]\nlisten = [\"127.0.0.1:0\"]\npage = \"nowhere.html\"\n",
];

pub(crate) fn run(course: &mut Course) -> Result<(), String> {
    let mut words = "back soon".to_owned();
    while course.next()? {
        let kind = course.dice.below(100);
        match kind {
            0..20 => mistake(course, &words)?,
            _ => words = change(course, kind >= 80)?,
        }
    }
    Ok(())
}

/// A good file; `more`: with a listener that the next good file may not have.
fn change(course: &mut Course, more: bool) -> Result<String, String> {
    let words = format!("round {} of many", course.rounds);
    let extra = course.ground.folder.join("extra.sock");
    let listeners: &[_] = if more { &[extra.as_path()] } else { &[] };
    course.ground.configure(&words, listeners)?;
    if course.dice.percent(50) {
        course.daemon.signal("HUP");
        let said = |course: &mut Course| Ok(course.words()?.contains(&words));
        course.until("the new words", said)?;
    } else {
        match course.ground.ask("reload")? {
            0 => {}
            code => return Err(format!("sorry reload: exit code {code}, for a good file")),
        }
    }
    says(course, &words)?;
    if more {
        Door::Unix(extra)
            .visit()
            .map_err(|why| format!("the new listener: {why}"))?;
    } else {
        let gone = |_: &mut Course| Ok(fs::symlink_metadata(&extra).is_err());
        course.until("the file of the old listener to be gone", gone)?;
    }
    Ok(words)
}

/// A broken file changes nothing, and `sorry reload` says so.
fn mistake(course: &mut Course, words: &str) -> Result<(), String> {
    let which = course.dice.below(BROKEN.len() as u64);
    let text = BROKEN[usize::try_from(which).unwrap_or_default()];
    course.ground.write(text)?;
    match course.ground.ask("reload")? {
        2 => says(course, words),
        code => Err(format!(
            "sorry reload: exit code {code}, not 2, for a broken file: {text:?}"
        )),
    }
}

fn says(course: &Course, words: &str) -> Result<(), String> {
    let said = course.words()?;
    match said.contains(words) {
        true => Ok(()),
        false => Err(format!("the site does not say `{words}`: {said}")),
    }
}
