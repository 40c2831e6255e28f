//! `cargo xtask bench kernel`: what answering in the kernel costs, beside servers with sockets. The runs are made by the benchmark `kernel` of
//! `sorry-server`, which loads programs into the kernel; here they are asked for, read, and made into tables and verdicts.

mod gates;
mod runs;
mod tables;

use std::process::Stdio;
use std::time::Duration;

use super::document;
use super::machine::Machine;
use super::peer::{Peer, in_path};
use crate::budget::Budget;
use crate::cargo;
use crate::options::{self, Takes};
use crate::setup::Background;
use crate::steps;
use crate::verb::End;
use gates::Judged;
use runs::Runs;

const OPTIONS: [(&str, Takes); 10] = [
    ("--only", Takes::Value),
    ("--servers", Takes::Value),
    ("--flights", Takes::Value),
    ("--runs", Takes::Value),
    ("--seconds", Takes::Value),
    ("--binary", Takes::Value),
    ("--profile", Takes::Value),
    ("--json", Takes::Nothing),
    ("--write", Takes::Nothing),
    ("--smoke", Takes::Nothing),
];

/// What one call is to measure.
struct Plan {
    /// What the benchmark is told.
    arguments: Vec<String>,
    profile: String,
    runs: u32,
    seconds: u32,
    /// Whether it only has to work.
    smoke: bool,
    json: bool,
    writes: bool,
}

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

impl Plan {
    fn read(arguments: &[String]) -> Result<Plan, String> {
        let options = options::split(arguments, &OPTIONS)?;
        options.nothing_else()?;
        let smoke = options.has("--smoke");
        let number = |name: &str, usual: u32, most: u32| match options.value(name).map(str::parse) {
            None => Ok(usual),
            Some(Ok(number @ 1..)) if number <= most => Ok(number),
            Some(_) => Err(format!("`{name}` takes a number from 1 to {most}")),
        };
        let runs = number("--runs", if smoke { 1 } else { 5 }, 25)?;
        let seconds = number("--seconds", 2, 60)?;
        let mut words = vec!["--runs".to_owned(), runs.to_string()];
        let mut say = |name: &str, value: String| words.extend([name.to_owned(), value]);
        if smoke {
            say("--milliseconds", "100".into());
            say("--repeat", "1000".into());
            say("--flights", "128".into());
            // Whoever runs it need not have nginx.
            say("--servers", "xdp,tc,sorry".into());
        } else {
            say("--milliseconds", (seconds * 1000).to_string());
            say("--patience", Duration::from_secs(300).as_secs().to_string());
        }
        for (name, known) in [
            ("--only", &["connection", "flood", "packet"][..]),
            ("--servers", &["xdp", "tc", "sorry", "nginx"][..]),
        ] {
            if let Some(list) = options.value(name) {
                say(name, chosen(name, list, known)?);
            }
        }
        if let Some(list) = options.value("--flights") {
            let right = |word: &str| {
                word.parse()
                    .is_ok_and(|number: u32| (1..=200).contains(&number))
            };
            if !list.split(',').all(right) {
                return Err(
                    "`--flights` takes numbers from 1 to 200: a cable holds 256 packets".to_owned(),
                );
            }
            say("--flights", list.to_owned());
        }
        if let Some(binary) = options.value("--binary") {
            say("--sorry", binary.to_owned());
        }
        let usual = if smoke { "release" } else { "dist" };
        Ok(Plan {
            arguments: words,
            profile: options.value("--profile").unwrap_or(usual).to_owned(),
            runs,
            seconds,
            smoke,
            json: options.has("--json"),
            writes: options.has("--write"),
        })
    }
}

fn chosen(name: &str, list: &str, known: &[&str]) -> Result<String, String> {
    match list.split(',').find(|word| !known.contains(word)) {
        Some(strange) => Err(format!(
            "`{name}`: there is no `{strange}`; there are {}",
            known.join(", ")
        )),
        None => Ok(list.to_owned()),
    }
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

#[cfg(test)]
mod tests {
    use super::Plan;

    fn plan(line: &str) -> Result<Plan, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Plan::read(&words)
    }

    #[test]
    fn options_become_what_the_benchmark_is_told() {
        let usual = plan("").unwrap();
        assert_eq!(
            usual.arguments.join(" "),
            "--runs 5 --milliseconds 2000 --patience 300"
        );
        assert_eq!(usual.profile, "dist");
        let few =
            plan("--only packet --servers xdp,nginx --runs 3 --seconds 1 --flights 200").unwrap();
        assert_eq!(
            few.arguments.join(" "),
            "--runs 3 --milliseconds 1000 --patience 300 --only packet --servers xdp,nginx --flights 200"
        );
        assert!(
            plan("--smoke")
                .unwrap()
                .arguments
                .contains(&"100".to_owned())
        );
    }

    #[test]
    fn mistakes_are_named() {
        for (line, expected) in [
            (
                "--only packets",
                "`--only`: there is no `packets`; there are connection, flood, packet",
            ),
            ("--runs 0", "`--runs` takes a number from 1 to 25"),
            (
                "--flights 16,512",
                "`--flights` takes numbers from 1 to 200: a cable holds 256 packets",
            ),
            ("more", "unexpected argument `more`"),
        ] {
            assert_eq!(plan(line).map(|_| ()), Err(expected.to_owned()), "{line}");
        }
    }
}
