//! `cargo xtask package`: a Debian package of the program, its units, manual, man pages and completions. The same sources give
//! the same bytes. What goes where is in `contents`, the files that dpkg itself reads are made in `control`.

mod contents;
mod control;
mod program;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo;
use crate::options::{self, Options, Takes};
use crate::verb::{End, Verb};

pub(crate) const VERB: Verb = Verb {
    name: "package",
    summary: "build a Debian package of sorry",
    usage: "\
cargo xtask package [--binary PATH] [--folder FOLDER] [--compression NAME]

Builds sorry with the profile `dist` and packs it as FOLDER/sorry_VERSION_ARCHITECTURE.deb; its path is the last line printed.
--binary PATH: pack this executable instead of building one
--folder FOLDER: where to put it; target/package if not given
--compression NAME: xz (if not given), gzip, zstd or none

The environment variable SOURCE_DATE_EPOCH dates the files; without it, the last commit does.

Exit codes: 0 it was built; 2 it could not be.",
    run,
};

/// What all files of one package have in common.
struct Plan {
    version: &'static str,
    architecture: String,
    /// Seconds since 1970 that every file is dated with.
    epoch: u64,
    /// The repository.
    root: PathBuf,
    /// The program as it was built; for questions to it (man pages, completions).
    built: PathBuf,
    /// The tree that is packed.
    tree: PathBuf,
}

fn run(arguments: &[String]) -> Result<End, String> {
    let known = ["--binary", "--folder", "--compression"].map(|name| (name, Takes::Value));
    let options = options::split(arguments, &known)?;
    options.nothing_else()?;
    let compression = compression(&options)?;
    let folder = folder(&options);
    make_folder(&folder)?;
    let plan = Plan {
        version: env!("CARGO_PKG_VERSION"),
        architecture: printed("dpkg", &["--print-architecture"])?,
        epoch: epoch()?,
        root: cargo::root(),
        built: program::built(&options)?,
        tree: folder.join("tree"),
    };
    // What an earlier run left would be packed along.
    remove(&plan.tree)?;
    contents::lay_out(&plan)?;
    control::write_all(&plan)?;
    let name = format!("sorry_{}_{}.deb", plan.version, plan.architecture);
    let package = folder.join(name);
    pack(&plan, compression, &package)?;
    println!("{}", package.display());
    Ok(End::Good)
}

fn folder(options: &Options) -> PathBuf {
    match options.value("--folder") {
        Some(folder) => PathBuf::from(folder),
        None => cargo::target().join("package"),
    }
}

/// dpkg-deb's names (dpkg-deb(1), `-Z`).
fn compression(options: &Options) -> Result<&str, String> {
    let name = options.value("--compression").unwrap_or("xz");
    if ["xz", "gzip", "zstd", "none"].contains(&name) {
        return Ok(name);
    }
    Err(format!(
        "there is no compression `{name}`; use xz, gzip, zstd or none"
    ))
}

/// When the sources were last changed, as reproducible-builds.org/specs/source-date-epoch has it.
fn epoch() -> Result<u64, String> {
    let seconds = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => seconds,
        Err(_) => {
            let root = cargo::root();
            let root = root.to_string_lossy();
            printed("git", &["-C", &root, "log", "-1", "--format=%ct"])
                .map_err(|why| format!("{why}; set SOURCE_DATE_EPOCH outside of a repository"))?
        }
    };
    let seconds = seconds.trim();
    seconds
        .parse()
        .map_err(|_| format!("SOURCE_DATE_EPOCH is `{seconds}`, not a number of seconds"))
}

/// dpkg-deb sorts the files and clamps their times to `SOURCE_DATE_EPOCH`.
fn pack(plan: &Plan, compression: &str, package: &Path) -> Result<(), String> {
    let mut command = Command::new("dpkg-deb");
    command
        .args(["--build", "--root-owner-group"])
        // More threads would cut the text into other pieces, and give other bytes.
        .arg("--threads-max=1")
        .arg(format!("-Z{compression}"))
        .arg(&plan.tree)
        .arg(package)
        .env("SOURCE_DATE_EPOCH", plan.epoch.to_string());
    call(&mut command).map(drop)
}

/// Runs a program; its standard output, or what it complained of.
fn call(command: &mut Command) -> Result<Vec<u8>, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|error| format!("cannot start {program}: {error}"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let ending = crate::steps::ending(output.status);
    Err(format!("{program}: {ending}: {}", complaint.trim()))
}

/// What a program prints, as one trimmed text.
fn printed(program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = call(Command::new(program).args(arguments))?;
    let text = String::from_utf8(output).map_err(|_| format!("{program} printed no text"))?;
    Ok(text.trim().to_owned())
}

fn make_folder(path: &Path) -> Result<(), String> {
    std::fs::create_dir_all(path)
        .map_err(|error| format!("cannot make {}: {error}", path.display()))
}

fn remove(path: &Path) -> Result<(), String> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("cannot remove {}: {error}", path.display()))
        }
        _ => Ok(()),
    }
}
