//! `cargo xtask bpf`: makes the objects of `crates/bpf` from their C sources with Debian's clang. They are committed, so that nobody who
//! builds Sorry needs that compiler; `--check`, which `ci` runs, makes them again and compares.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::budget::Budget;
use crate::cargo;
use crate::options::{self, Takes};
use crate::steps::{self, Step};
use crate::verb::{End, Verb};

pub(crate) const VERB: Verb = Verb {
    name: "bpf",
    summary: "make the in-kernel responder's objects from their C sources",
    usage: "\
cargo xtask bpf [--check]

Compiles crates/bpf/c with clang-14 and writes the objects into crates/bpf/prebuilt, where they are committed. The same compiler makes the
same bytes everywhere: the sources include nothing from outside their folder.

    --check     writes nothing, and fails where a committed object is not what its sources make

Exit codes: 0 made, or nothing differs; 1 with --check: something differs; 2 it could not be made.",
    run,
};

/// The compiler: another version would make other bytes.
const CLANG: &str = "clang-14";
const STRIP: &str = "llvm-strip-14";

/// Sources in `crates/bpf/c`, and the objects in `crates/bpf/prebuilt` that are made of them.
const OBJECTS: [(&str, &str); 3] = [
    ("sorry.bpf.c", "sorry.bpfel.o"),
    ("load.bpf.c", "load.bpfel.o"),
    ("trial.bpf.c", "trial.bpfel.o"),
];

fn run(arguments: &[String]) -> Result<End, String> {
    let options = options::split(arguments, &[("--check", Takes::Nothing)])?;
    options.nothing_else()?;
    if options.has("--check") {
        return match compare() {
            Ok(()) => {
                println!("bpf: the committed objects are what their sources make");
                Ok(End::Good)
            }
            Err(Fault::Differs(name)) => {
                println!("{}", differs(&name));
                Ok(End::Bad)
            }
            Err(Fault::Broken(why)) => Err(why),
        };
    }
    for (source, object) in OBJECTS {
        let to = folder().join("prebuilt").join(object);
        make(source, &to)?;
        println!("bpf: {} is made", to.display());
    }
    Ok(End::Good)
}

/// The same as a step of `check` and `ci`.
pub(crate) fn check(budget: &Budget) -> Step {
    steps::timed("bpf", budget, || {
        compare().map_err(|fault| match fault {
            Fault::Differs(name) => differs(&name),
            Fault::Broken(why) => why,
        })
    })
}

enum Fault {
    Differs(String),
    Broken(String),
}

fn differs(name: &str) -> String {
    format!(
        "crates/bpf/prebuilt/{name} is not what its sources make: run `cargo xtask bpf`, and commit it"
    )
}

fn compare() -> Result<(), Fault> {
    let aside = cargo::logs().join("bpf");
    std::fs::create_dir_all(&aside)
        .map_err(|error| Fault::Broken(format!("cannot make {}: {error}", aside.display())))?;
    for (source, object) in OBJECTS {
        let made = aside.join(object);
        make(source, &made).map_err(Fault::Broken)?;
        let read = |path: &Path| {
            std::fs::read(path)
                .map_err(|error| Fault::Broken(format!("cannot read {}: {error}", path.display())))
        };
        if read(&made)? != read(&folder().join("prebuilt").join(object))? {
            return Err(Fault::Differs(object.to_owned()));
        }
    }
    Ok(())
}

fn folder() -> PathBuf {
    cargo::root().join("crates/bpf")
}

/// Compiles from inside the sources' folder, which is told to be `.`, so that no path of this machine gets into the object: the places in the
/// sources have one, which the verifier names. What only debuggers read is left out; the types stay, which the kernel wants.
fn make(source: &str, to: &Path) -> Result<(), String> {
    let mut clang = Command::new(CLANG);
    clang
        .current_dir(folder().join("c"))
        .args(["-O2", "-g", "-target", "bpf", "-mcpu=v3"])
        .arg("-fdebug-compilation-dir=.")
        .args(["-Wall", "-Wextra", "-Werror", "-c", source, "-o"])
        .arg(to);
    steps::succeed(&mut clang).map_err(|why| {
        format!("{CLANG}: {why}; `cargo xtask setup` installs it where it is missing")
    })?;
    let mut strip = Command::new(STRIP);
    strip.arg("-g").arg(to);
    steps::succeed(&mut strip).map_err(|why| format!("{STRIP}: {why}"))
}
