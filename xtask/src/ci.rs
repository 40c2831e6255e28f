//! `cargo xtask ci`: `check` and `test --setup` in one run, ordered so that nobody waits: packages install while cargo compiles, what
//! fails fastest comes first, and nothing compiles while tests that measure time are running. `.ci/run` calls it.

use crate::bpf;
use crate::budget::Budget;
use crate::cargo;
use crate::check;
use crate::options;
use crate::setup::Background;
use crate::test::{self, Report, Style};
use crate::verb::{End, Verb};

pub(crate) const VERB: Verb = Verb {
    name: "ci",
    summary: "check and test --setup in one run, as .ci/run does",
    usage: "\
cargo xtask ci

Installs packages in the background, meanwhile checks and builds, then runs every test. All of it runs, even if a part fails.
The last line is always `N passed, N failed`.

Exit codes: 0 all is well; 1 something failed or was found; 2 nothing was tried.",
    run,
};

fn run(arguments: &[String]) -> Result<End, String> {
    options::split(arguments, &[])?.nothing_else()?;
    let budget = Budget::read(&cargo::root())?;
    let mut report = Report::new(Style::Table);
    let background = Background::start()?;
    report.steps.push(check::fmt(&budget));
    report.steps.push(check::tidy(&budget));
    let executables = test::build(&budget, &mut report);
    report.steps.push(check::clippy(&budget));
    report.steps.push(check::doc(&budget));
    report.steps.push(background.wait(&budget));
    report.steps.push(bpf::check(&budget));
    test::run_groups(&executables, &[], &budget, &mut report);
    Ok(report.close(&budget))
}
