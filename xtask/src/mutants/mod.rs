//! `cargo xtask test mutants`: breaks the program on purpose, one behaviour at a time, and sees whether the test that is named for it
//! notices. Not a part of CI, since each mutant is a build; run when tests were changed, and before a release.

mod copy;
pub(crate) mod patch;

use std::collections::BTreeSet;
use std::fs;
use std::time::Instant;

use crate::cargo;
use crate::suggest;
use crate::tidy;
use crate::verb::End;
use copy::{Copy, Ran};
use patch::{Patch, Test};

/// What became of one mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    Caught,
    /// The test passes although the behaviour is broken.
    Survived,
    /// It could not be tried: the patch does not apply or does not compile, or there is no such test.
    Unfit(String),
}

pub(crate) fn run(names: &[String]) -> Result<End, String> {
    let patches = chosen(all()?, names)?;
    let copy = Copy::make()?;
    healthy(&copy, &patches)?;
    let mut bad = 0;
    for patch in &patches {
        let start = Instant::now();
        let fate = fate(&copy, patch)?;
        let (verdict, more) = match &fate {
            Fate::Caught => ("caught", ""),
            Fate::Survived => ("SURVIVED", ""),
            Fate::Unfit(why) => ("UNFIT", why.as_str()),
        };
        bad += usize::from(fate != Fate::Caught);
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{verdict:<9} {:<28} {seconds:>6.1} s  {}",
            patch.name, patch.breaks
        );
        if fate != Fate::Caught {
            println!("          {}: {}", patch.path, patch.test);
            println!("{more}");
        }
    }
    println!("{} caught, {bad} not", patches.len() - bad);
    Ok(if bad == 0 { End::Good } else { End::Bad })
}

/// Every mutant of the repository, in the order of their paths.
fn all() -> Result<Vec<Patch>, String> {
    let files = tidy::files(&cargo::root())?;
    let mutants = files.iter().filter(|path| patch::is_mutant(path));
    mutants
        .map(|path| {
            let text = fs::read_to_string(cargo::root().join(path));
            let text = text.map_err(|error| format!("cannot read {path}: {error}"))?;
            patch::read(path, &text).map_err(|(line, why)| format!("{path}:{line}: {why}"))
        })
        .collect()
}

/// Those that are named; all if none is.
fn chosen(all: Vec<Patch>, names: &[String]) -> Result<Vec<Patch>, String> {
    let known: Vec<&str> = all.iter().map(|patch| patch.name.as_str()).collect();
    for name in names {
        if !known.contains(&name.as_str()) {
            return Err(match suggest::nearest(name, &known) {
                Some(near) => format!("there is no mutant `{name}`; did you mean `{near}`?"),
                None => format!("there is no mutant `{name}`"),
            });
        }
    }
    let wanted = |patch: &Patch| names.is_empty() || names.contains(&patch.name);
    Ok(all.into_iter().filter(wanted).collect())
}

/// All tests must pass before anything is broken: one that fails anyway would notice everything.
fn healthy(copy: &Copy, patches: &[Patch]) -> Result<(), String> {
    let tests: BTreeSet<&Test> = patches.iter().map(|patch| &patch.test).collect();
    eprintln!("-- mutants: {} tests without any mutant", tests.len());
    for test in tests {
        copy.build(test)?;
        match copy.run(test)? {
            Ran::Passed => {}
            Ran::Failed => return Err(format!("{test} fails without any mutant")),
            Ran::Absent => return Err(format!("there is no test {test}")),
        }
    }
    Ok(())
}

fn fate(copy: &Copy, patch: &Patch) -> Result<Fate, String> {
    if let Err(why) = copy.apply(patch) {
        return Ok(Fate::Unfit(why));
    }
    let fate = match copy.build(&patch.test) {
        Err(why) => Fate::Unfit(why),
        Ok(()) => match copy.run(&patch.test)? {
            Ran::Failed => Fate::Caught,
            Ran::Passed => Fate::Survived,
            Ran::Absent => Fate::Unfit("there is no such test".to_owned()),
        },
    };
    copy.undo(patch)?;
    Ok(fate)
}

#[cfg(test)]
mod tests {
    use super::{Patch, all, chosen};

    #[test]
    fn every_mutant_has_a_name_of_its_own() {
        let all = all().unwrap();
        let names: Vec<String> = all.iter().map(|patch| patch.name.clone()).collect();
        for name in &names {
            let same = names.iter().filter(|other| *other == name).count();
            assert_eq!(same, 1, "{name}");
        }
    }

    #[test]
    fn a_mistyped_mutant_is_guessed() {
        let patch = |name: &str| Patch {
            name: name.to_owned(),
            ..all().unwrap().remove(0)
        };
        let some = || vec![patch("two-framings"), patch("no-store")];
        let words = |word: &str| vec![word.to_owned()];
        let found = chosen(some(), &words("no-store")).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(chosen(some(), &[]).unwrap().len(), 2);
        let why = chosen(some(), &words("two-framing")).unwrap_err();
        assert!(why.contains("did you mean `two-framings`"), "{why}");
    }
}
