//! `cargo xtask bench kernel`: what answering in the kernel costs, beside servers with sockets. The runs are made by the benchmark `kernel` of
//! `sorry-server`, which loads programs into the kernel; here they are asked for, read, and made into tables and verdicts.

mod gates;
mod plan;
mod runs;
mod tables;

use std::process::Stdio;

use super::document;
use super::machine::Machine;
use super::peer::{Peer, in_path};
use crate::budget::Budget;
use crate::cargo;
use crate::setup::Background;
use crate::steps;
use crate::verb::End;
use gates::Judged;
use plan::Plan;
use runs::Runs;

pub(super) fn run(arguments: &[String]) -> Result<End, String> {
    let plan = Plan::read(arguments)?;
    install()?;
    let machine = machine(&plan);
    let runs = measure(&plan)?;
    let tables = tables::markdown(&runs);
    let judged = gates::judge(&runs);
    if plan.json {
        println!("{}", document(&machine, &runs, &judged));
    } else {
        println!(
            "{tables}\n{}\n{}",
            gates::markdown(&judged),
            machine.markdown()
        );
    }
    if plan.writes {
        let results = format!(
            "{}\n{tables}\n{}",
            machine.markdown(),
            gates::markdown(&judged)
        );
        document::write("kernel", &results)?;
    }
    let missed = judged.iter().filter(|judged| judged.is_missed()).count();
    if plan.smoke {
        eprintln!("-- bench: everything works; a tenth of a second says nothing about speed");
        return Ok(if runs.are_right() {
            End::Good
        } else {
            End::Bad
        });
    }
    if missed > 0 {
        eprintln!("-- bench: {missed} gates missed");
    }
    Ok(if missed > 0 || !runs.are_right() {
        End::Bad
    } else {
        End::Good
    })
}

/// The packages that bring the programs, if one of those is missing.
fn install() -> Result<(), String> {
    let there = ["ip", "unshare", "nsenter", "setpriv", "taskset"]
        .iter()
        .all(|name| in_path(name).is_some());
    if there && Peer::Nginx.program("".as_ref()).is_file() {
        return Ok(());
    }
    let budget = Budget::read(&cargo::root())?;
    Background::start()?.wait(&budget).result
}

/// Builds and runs the benchmark; its progress goes to standard error by itself.
fn measure(plan: &Plan) -> Result<Runs, String> {
    eprintln!(
        "-- building the benchmark of sorry-server: profile {}",
        plan.profile
    );
    let mut command = cargo::cargo(&["bench", "--quiet", "--profile", &plan.profile]);
    command.args(["-p", "sorry-server", "--bench", "kernel", "--"]);
    let output = command
        .args(&plan.arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "the benchmark failed: {}",
            steps::ending(output.status)
        ));
    }
    Runs::read(&String::from_utf8_lossy(&output.stdout))
}

fn machine(plan: &Plan) -> Machine {
    let sorry = Machine::commit();
    let nginx = Machine::nginx();
    let time = if plan.smoke {
        "a tenth of a second".to_owned()
    } else {
        format!("{} s", plan.seconds)
    };
    Machine::new(vec![("sorry", sorry), ("nginx", nginx)], plan.runs, &time)
}

fn document(machine: &Machine, runs: &Runs, judged: &[Judged]) -> String {
    format!(
        "{{\"machine\":{},\n\"runs\":[{}],\n\"targets\":[{}]}}",
        machine.json(),
        runs.json().join(",\n"),
        judged
            .iter()
            .map(Judged::json)
            .collect::<Vec<_>>()
            .join(",\n")
    )
}
