//! `cargo xtask soak`: what takes thousands of times or hours: take-overs, reloads, kills, orders, abuse, uptime. Run before a release; a short
//! slice of it, always the same, is a group of the tests. This file is the story of one call; the files below hold its chapters.

mod abuse;
mod attack;
mod attackers;
mod churn;
mod course;
mod daemon;
mod dice;
mod ground;
mod kills;
mod orders;
mod plan;
mod reloads;
mod scenario;
mod sheet;
mod takeovers;
mod uptime;
mod visitors;

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::cargo;
use crate::steps;
use crate::verb::{End, Verb};
use course::Course;
use dice::Dice;
use ground::Ground;
use plan::{Extent, Plan, Style};
use scenario::Scenario;
use sheet::Line;

pub(crate) const VERB: Verb = Verb {
    name: "soak",
    summary: "hours and thousands: take-overs, reloads, kills, orders, abuse, uptime; before a release",
    usage: "\
cargo xtask soak [SCENARIO...] [--for DURATION] [--times N] [--seed N] [--json] [--binary PATH]
cargo xtask soak --slice

Runs the program on the loopback under load that ends by itself, and does to it what a test has no time for. Without a SCENARIO all
of them, one after the other: less than two hours.

    takeovers   another process takes over, a thousand times: no visitor is refused
    reloads     settings change, one file in five is broken: no visitor is refused, the new is in force whole or the old stays
    kills       SIGKILL under load, then a start: nothing stale blocks it, every listener and the admin socket answer again
    orders      SIGKILL at any instant while somebody orders: what was acknowledged outlives it
    abuse       garbage, slow heads, half-open connections, floods, for ten minutes: others are served, memory is bounded
    uptime      mixed load for an hour: neither memory nor descriptors grow

    --for DURATION   each scenario goes on for so long: 90s, 10m, 8h
    --times N        each scenario has so many rounds; with --for, whichever ends first
    --seed N         what chance decides, again: the seed of every run is printed
    --json           the closing table as JSON on standard output; progress stays on standard error
    --binary PATH    tries this program instead of building one with the profile of the tests
    --slice          the few seconds of each, with one seed, that are a part of `cargo xtask test`

A visit counts as lost if it failed while the process was killed on purpose; any other that fails is an error. When a promise breaks,
the logs of the processes stay, and the last lines say where.

Exit codes: 0 every promise held; 1 one was broken; 2 nothing was tried.",
    run,
};

fn run(arguments: &[String]) -> Result<End, String> {
    let plan = Plan::read(arguments)?;
    let sorry = program(&plan)?;
    eprintln!("-- soak: seed {}", plan.seed);
    let mut lines = Vec::new();
    for (number, (scenario, extent)) in (0..).zip(&plan.scenarios) {
        eprintln!("-- {}: {}", scenario.name, scenario.about);
        let dice = Dice::of(plan.seed).another(number);
        let line = play(scenario, *extent, dice, &sorry);
        if let Some(why) = &line.broken {
            eprintln!("-- {}: FAILED: {why}", scenario.name);
        }
        lines.push(line);
    }
    match plan.style {
        Style::Table => print!("{}", sheet::table(plan.seed, &lines)),
        Style::Json => println!("{}", sheet::json(plan.seed, &lines)),
    }
    Ok(match lines.iter().all(|line| line.broken.is_none()) {
        true => End::Good,
        false => End::Bad,
    })
}

/// Ours, in the profile that the tests use.
fn program(plan: &Plan) -> Result<PathBuf, String> {
    if let Some(binary) = &plan.binary {
        return binary
            .canonicalize()
            .map_err(|error| format!("cannot find {}: {error}", binary.display()));
    }
    eprintln!("-- build: profile release");
    let arguments = ["build", "--package", "sorry-server", "--profile", "release"];
    steps::succeed(&mut cargo::cargo(&arguments))?;
    Ok(cargo::target().join("release").join("sorry"))
}

/// One scenario from its folder to its line.
fn play(scenario: &'static Scenario, extent: Extent, dice: Dice, sorry: &Path) -> Line {
    let start = Instant::now();
    let mut line = Line {
        scenario: scenario.name,
        rounds: 0,
        requests: 0,
        lost: 0,
        errors: 0,
        peak: 0,
        seconds: 0.0,
        broken: None,
    };
    let begun = Ground::prepare(sorry, scenario.name)
        .and_then(|ground| Course::begin(scenario, extent, dice, ground));
    match begun {
        Ok(course) => follow(scenario, course, &mut line),
        Err(why) => line.broken = Some(why),
    }
    line.seconds = start.elapsed().as_secs_f64();
    line
}

/// Lets the scenario run, sends everybody home, and sees whether the program ends as it should.
fn follow(scenario: &Scenario, mut course: Course, line: &mut Line) {
    let ran = (scenario.run)(&mut course);
    course.visitors.end();
    let tally = course.visitors.tally();
    let visits = match course.visitors.first_error() {
        Some(first) => Err(format!("{} visits failed: {first}", tally.errors)),
        None if tally.answers == 0 => Err("nobody was served".to_owned()),
        None => Ok(()),
    };
    let Course {
        mut ground,
        mut daemon,
        rounds,
        peak,
        ..
    } = course;
    daemon.signal("TERM");
    let ended = daemon.ends_well();
    // An error of visitors tells more than what the scenario found because of it.
    line.broken = visits.and(ran).and(ended).err();
    ground.keep = line.broken.is_some();
    line.rounds = rounds;
    line.requests = tally.answers + tally.lost + tally.errors;
    line.lost = tally.lost;
    line.errors = tally.errors;
    line.peak = peak;
}
