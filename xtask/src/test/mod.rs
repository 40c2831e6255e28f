//! `cargo xtask test`: builds every test once, deals the groups to two lanes of one core each, and prints what each took. Reads as the
//! story of one run; the files below this one hold its chapters: `build`, `groups`, `habits`, `lanes`, `run`, `tally`, `report`.

mod build;
mod groups;
mod habits;
mod lanes;
mod report;
mod run;
mod tally;

use crate::budget::Budget;
use crate::cargo;
use crate::mutants;
use crate::options::{self, Takes};
use crate::setup;
use crate::steps::{self, Step};
use crate::verb::{End, Verb};

use build::Executable;
pub(crate) use report::{Report, Style};

pub(crate) const VERB: Verb = Verb {
    name: "test",
    summary: "build and run every test; with --setup install what they need first",
    usage: "\
cargo xtask test [--setup] [--json] [--budget-factor N] [FILTER...]
cargo xtask test mutants [NAME...]

    (nothing)           fails at once, naming them, if packages are missing that the tests need
    --setup             installs what is missing, while the tests are built
    --json              the closing table as JSON on standard output; progress stays on standard error
    --budget-factor N   multiplies every budget of ci/budget.toml, for a machine slower than two cores
    FILTER              runs only tests whose full name (GROUP::TEST) contains one of the words

Tests run in groups, two groups at a time, each on a core of its own. The output of each group is kept below
target/xtask/test/. Three groups are verbs of xtask: `soak`, a slice of what is run before a release, `bench` and `bench-kernel`, a
moment of two benchmarks to see that they work. The last line is always `N passed, N failed`.

`mutants` breaks the program on purpose, in a copy: each patch in crates/*/mutants is applied, and the test that it names must fail.

Exit codes: 0 all passed, within their budgets; 1 not so, or no test ran; 2 nothing was tried: packages are missing.",
    run,
};

const KNOWN: [(&str, Takes); 3] = [
    ("--setup", Takes::Nothing),
    ("--json", Takes::Nothing),
    ("--budget-factor", Takes::Value),
];

fn run(arguments: &[String]) -> Result<End, String> {
    if let Some((word, names)) = arguments.split_first()
        && word == "mutants"
    {
        return mutants::run(names);
    }
    let options = options::split(arguments, &KNOWN)?;
    let mut budget = Budget::read(&cargo::root())?;
    if let Some(factor) = options.value("--budget-factor") {
        budget.factor *= positive(factor)?;
    }
    let background = if options.has("--setup") {
        Some(setup::Background::start()?)
    } else {
        nothing_missing()?;
        None
    };
    let style = if options.has("--json") {
        Style::Json
    } else {
        Style::Table
    };
    let mut report = Report::new(style);
    let executables = build(&budget, &mut report);
    if let Some(background) = background {
        report.steps.push(background.wait(&budget));
    }
    run_groups(&executables, &options.rest, &budget, &mut report);
    Ok(report.close(&budget))
}

/// Builds every test; the step goes into the report.
pub(crate) fn build(budget: &Budget, report: &mut Report) -> Vec<Executable> {
    let mut built = Vec::new();
    report.steps.push(steps::timed("build", budget, || {
        built = build::build()?;
        Ok(())
    }));
    built
}

/// Runs the groups that `filters` leave, unless a step has failed without which they cannot run.
pub(crate) fn run_groups(
    executables: &[Executable],
    filters: &[String],
    budget: &Budget,
    report: &mut Report,
) {
    const NEEDED: [&str; 2] = ["build", "setup"];
    let lacks = |step: &&Step| NEEDED.contains(&step.name) && step.result.is_err();
    if let Some(step) = report.steps.iter().find(lacks) {
        eprintln!("-- tests: not run, since {} failed", step.name);
        return;
    }
    match groups::all(executables, filters) {
        Ok(groups) => {
            if filters.is_empty() {
                report.note_strangers(&groups, budget);
            }
            report.rows = lanes::run(groups, budget);
        }
        Err(why) => report
            .steps
            .push(Step::ended("list", 0.0, Err(why), budget)),
    }
}

fn positive(number: &str) -> Result<f64, String> {
    match number.parse() {
        Ok(value) if f64::is_finite(value) && value > 0.0 => Ok(value),
        _ => Err(format!("`--budget-factor {number}` is no number above 0")),
    }
}

fn nothing_missing() -> Result<(), String> {
    let missing = setup::missing()?;
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{}\ninstall them with `cargo xtask setup`, or run `cargo xtask test --setup`",
        setup::told(&missing)
    ))
}
