//! `cargo xtask check`: everything that is judged without running the program: formatting, lints, documentation and the law of the house.

use crate::budget::Budget;
use crate::cargo;
use crate::options;
use crate::steps::{self, Step};
use crate::tidy;
use crate::verb::{End, Verb};

pub(crate) const VERB: Verb = Verb {
    name: "check",
    summary: "formatting, lints, documentation, then tidy",
    usage: "\
cargo xtask check

Runs cargo fmt --check, cargo clippy (warnings are errors), cargo doc (the same) and cargo xtask tidy; all four, even if one fails.

Exit codes: 0 nothing found; 1 something found.",
    run,
};

fn run(arguments: &[String]) -> Result<End, String> {
    options::split(arguments, &[])?.nothing_else()?;
    let budget = Budget::read(&cargo::root())?;
    let steps = [fmt(&budget), tidy(&budget), clippy(&budget), doc(&budget)];
    let found: Vec<&str> = steps
        .iter()
        .filter(|s| s.complaint().is_some())
        .map(|s| s.name)
        .collect();
    if found.is_empty() {
        println!("check: nothing found");
        return Ok(End::Good);
    }
    println!("check: see above: {}", found.join(", "));
    Ok(End::Bad)
}

pub(crate) fn fmt(budget: &Budget) -> Step {
    let mut command = cargo::cargo(&["fmt", "--all", "--check"]);
    steps::timed("fmt", budget, || {
        steps::succeed(&mut command).map_err(|why| format!("{why}; `cargo fmt --all` mends it"))
    })
}

pub(crate) fn tidy(budget: &Budget) -> Step {
    steps::timed("tidy", budget, || tidy::check(&cargo::root()))
}

/// The one build beside that of the tests. It uses their profile, so that build scripts, which compile C, run once for both.
pub(crate) fn clippy(budget: &Budget) -> Step {
    let mut command = cargo::cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--release",
        "--",
        "-D",
        "warnings",
    ]);
    steps::timed("clippy", budget, || steps::succeed(&mut command))
}

/// Shares the metadata of dependencies with clippy.
pub(crate) fn doc(budget: &Budget) -> Step {
    let mut command = cargo::cargo(&["doc", "--workspace", "--no-deps", "--release"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    steps::timed("doc", budget, || steps::succeed(&mut command))
}
