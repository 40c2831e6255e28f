//! The developer's commands: `cargo xtask VERB`. One file per verb; this one only finds the verb and turns its end into an exit code.
//! Depends on std alone, so that it builds in seconds on a machine that has nothing else yet.
#![forbid(unsafe_code)]

mod bench;
mod bpf;
mod budget;
mod cargo;
mod check;
mod ci;
mod fuzz;
mod help;
mod json;
mod mutants;
mod options;
mod package;
mod setup;
mod signal;
mod soak;
mod steps;
mod suggest;
mod test;
mod tidy;
mod verb;

use std::process::ExitCode;

use verb::{End, Verb};

/// Every verb, in the order in which help names them. A new verb is a file and a line here.
const VERBS: &[Verb] = &[
    setup::VERB,
    test::VERB,
    check::VERB,
    tidy::VERB,
    fuzz::VERB,
    bpf::VERB,
    ci::VERB,
    bench::VERB,
    soak::VERB,
    package::VERB,
    help::VERB,
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let end = run(&arguments).unwrap_or_else(|complaint| {
        eprintln!("xtask: {complaint}");
        End::Refused
    });
    end.into()
}

fn run(arguments: &[String]) -> Result<End, String> {
    let Some((name, rest)) = arguments.split_first() else {
        help::overview();
        return Ok(End::Refused);
    };
    let name = match name.as_str() {
        "-h" | "--help" => "help",
        other => other,
    };
    let verb = verb::find(VERBS, name)?;
    if rest.iter().any(|a| a == "-h" || a == "--help") {
        help::teach(verb);
        return Ok(End::Good);
    }
    (verb.run)(rest)
}
