//! `cargo xtask fuzz TARGET`: gives a fuzz target to libFuzzer by way of cargo-fuzz. What it finds interesting goes to `fuzz/found`, which git
//! ignores; what deserves to be kept is moved to `fuzz/corpus` by hand, under a name that says what it is.
//!
//! The replay of the kept inputs on stable is an ordinary test, `crates/sorry/tests/corpora.rs`, and needs nothing from here.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::cargo;
use crate::options::{self, Takes};
use crate::steps;
use crate::suggest;
use crate::verb::{End, Verb};

pub(crate) const VERB: Verb = Verb {
    name: "fuzz",
    summary: "give a fuzz target to libFuzzer",
    usage: "\
cargo xtask fuzz [TARGET] [--seconds N] [--stable]

    TARGET        one of the files in fuzz/targets; without it they are listed
    --seconds N   how long; 60 if not given
    --stable      with the compiler at hand instead of a nightly one, and without sanitizers

Needs cargo-fuzz (`cargo install cargo-fuzz`) and, unless --stable is given, a nightly compiler
(`rustup toolchain install nightly`). Inputs that reach new code are written to fuzz/found/TARGET, those that fail to
fuzz/artifacts/TARGET. Kept inputs, in fuzz/corpus/TARGET, are read and never written.

Exit codes: 0 nothing found; 1 an input that fails; 2 something is missing.",
    run,
};

const SECONDS: u32 = 60;

/// As in the replay of the kept inputs.
const LONGEST_INPUT: &str = "-max_len=4096";

fn run(arguments: &[String]) -> Result<End, String> {
    let known = [("--seconds", Takes::Value), ("--stable", Takes::Nothing)];
    let options = options::split(arguments, &known)?;
    let fuzz = cargo::root().join("fuzz");
    let targets = targets(&fuzz)?;
    let target = match options.rest.as_slice() {
        [] => {
            println!("Fuzz targets: {}", targets.join(", "));
            return Ok(End::Good);
        }
        [target] => known_target(target, &targets)?,
        [_, word, ..] => return Err(format!("unexpected argument `{word}`")),
    };
    let seconds = seconds(options.value("--seconds"))?;
    let compiler = if options.has("--stable") {
        Compiler::Stable
    } else {
        Compiler::Nightly
    };
    let missing = missing(compiler);
    if !missing.is_empty() {
        return Err(format!("cannot fuzz: {}", missing.join("; ")));
    }
    fuzz_target(&fuzz, target, seconds, compiler)
}

/// Which compiler the targets are built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compiler {
    /// With the address sanitizer.
    Nightly,
    /// The one that builds everything else, told to accept the flags of libFuzzer's instrumentation.
    Stable,
}

impl Compiler {
    /// A call of cargo with this compiler. A cargo that was started by cargo takes no `+nightly`, so rustup is asked.
    fn cargo(self, arguments: &[&str]) -> Command {
        match self {
            Self::Nightly => {
                let mut command = Command::new("rustup");
                command.args(["run", "nightly", "cargo"]).args(arguments);
                cargo::forget_xtask(&mut command);
                command
            }
            Self::Stable => {
                let mut command = cargo::cargo(arguments);
                command.env("RUSTC_BOOTSTRAP", "1");
                command
            }
        }
    }
}

/// The targets by name, in order.
fn targets(fuzz: &Path) -> Result<Vec<String>, String> {
    let folder = fuzz.join("targets");
    let entries = fs::read_dir(&folder)
        .map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut targets: Vec<String> = names
        .filter_map(|name| name.strip_suffix(".rs").map(str::to_owned))
        .collect();
    targets.sort();
    Ok(targets)
}

fn known_target<'a>(name: &str, targets: &'a [String]) -> Result<&'a str, String> {
    if let Some(target) = targets.iter().find(|target| *target == name) {
        return Ok(target);
    }
    let names: Vec<&str> = targets.iter().map(String::as_str).collect();
    Err(match suggest::nearest(name, &names) {
        Some(near) => format!("there is no target `{name}`; did you mean `{near}`?"),
        None => format!(
            "there is no target `{name}`; there are {}",
            names.join(", ")
        ),
    })
}

fn seconds(value: Option<&str>) -> Result<u32, String> {
    let Some(text) = value else {
        return Ok(SECONDS);
    };
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("`--seconds {text}`: not a number of seconds above 0"))
}

/// What this machine lacks, and how it is had.
fn missing(compiler: Compiler) -> Vec<&'static str> {
    let mut missing = Vec::new();
    if !answers(&mut cargo::cargo(&["fuzz", "--version"])) {
        missing.push("there is no cargo-fuzz: `cargo install cargo-fuzz`");
    }
    if compiler == Compiler::Nightly && !answers(&mut compiler.cargo(&["--version"])) {
        missing.push("there is no nightly compiler: `rustup toolchain install nightly`, or `--stable` to go without sanitizers");
    }
    missing
}

fn answers(command: &mut Command) -> bool {
    let silent = command.stdout(Stdio::null()).stderr(Stdio::null());
    silent.status().is_ok_and(|status| status.success())
}

fn fuzz_target(fuzz: &Path, target: &str, seconds: u32, compiler: Compiler) -> Result<End, String> {
    let found = format!("found/{target}");
    fs::create_dir_all(fuzz.join(&found))
        .map_err(|error| format!("cannot make fuzz/{found}: {error}"))?;
    let (kept, limit) = (
        format!("corpus/{target}"),
        format!("-max_total_time={seconds}"),
    );
    let mut command = compiler.cargo(&["fuzz", "run"]);
    if compiler == Compiler::Stable {
        command.args(["--sanitizer", "none"]);
    }
    command.args([target, &found, &kept, "--", &limit, LONGEST_INPUT]);
    // cargo-fuzz looks for its manifest from here.
    match steps::succeed(command.current_dir(fuzz)) {
        Ok(()) => Ok(End::Good),
        Err(why) => {
            println!("fuzz: {target}: {why}; an input that failed is in fuzz/artifacts/{target}");
            Ok(End::Bad)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{known_target, seconds, targets};
    use crate::cargo;

    #[test]
    fn targets_are_the_files_and_mistyped_ones_are_guessed() {
        let targets = targets(&cargo::root().join("fuzz")).unwrap();
        assert!(targets.iter().any(|target| target == "head"), "{targets:?}");
        assert_eq!(known_target("head", &targets), Ok("head"));
        let near = known_target("haed", &targets).unwrap_err();
        assert!(near.contains("did you mean `head`"), "{near}");
        assert!(known_target("elephant", &targets).is_err());
    }

    #[test]
    fn each_target_has_a_wrapper_a_line_in_the_manifest_and_kept_inputs() {
        let fuzz = cargo::root().join("fuzz");
        let manifest = std::fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
        for target in targets(&fuzz).unwrap() {
            let wrapper = format!("fuzz_targets/{target}.rs");
            assert!(fuzz.join(&wrapper).is_file(), "{wrapper}");
            assert!(
                manifest.contains(&format!("path = \"{wrapper}\"")),
                "{target}"
            );
            assert!(fuzz.join("corpus").join(&target).is_dir(), "{target}");
        }
    }

    #[test]
    fn a_time_is_a_number_above_zero() {
        assert_eq!(seconds(None), Ok(60));
        assert_eq!(seconds(Some("5")), Ok(5));
        for wrong in ["0", "-1", "1m", ""] {
            assert!(seconds(Some(wrong)).is_err(), "{wrong}");
        }
    }
}
