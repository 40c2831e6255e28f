//! Finds what is missing (dpkg-query; a look for the folder of what is only unpacked) and installs it (apt-get, through `install.sh`). Called by `cargo xtask setup` in the foreground
//! and by `cargo xtask test --setup` and `cargo xtask ci` in the background.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::Instant;

use super::packages::{PACKAGES, Package, Place};
use crate::budget::Budget;
use crate::cargo;
use crate::steps::{self, Step};

const SCRIPT: &str = include_str!("install.sh");

/// Each package that is only unpacked has a folder of its name in here. Outside the target folder: root writes it, whoever tests
/// reads it, and it outlives `cargo clean` as installed packages do.
const FOLDERS: &str = "/var/cache/sorry-setup";

/// The packages that are not there.
pub(crate) fn missing() -> Result<Vec<&'static Package>, String> {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat=${Package} ${db:Status-Status}\\n"]);
    let installed = PACKAGES.iter().filter(|p| p.place == Place::System);
    query.args(installed.map(|p| p.name));
    // It exits with 1 and complains when it does not know one of the names, which is what we ask.
    let answer = query.stderr(Stdio::null()).output().map_err(|error| {
        format!("cannot start dpkg-query: {error}; the set-up knows Debian only: elsewhere install by hand what `packages.rs` names")
    })?;
    let answer = String::from_utf8_lossy(&answer.stdout);
    Ok(not_in(&answer, Path::new(FOLDERS)))
}

fn not_in(answer: &str, folders: &Path) -> Vec<&'static Package> {
    let installed = |name: &str| {
        answer
            .lines()
            .any(|line| line.split_once(' ') == Some((name, "installed")))
    };
    let there = |package: &Package| match package.place {
        Place::System => installed(package.name),
        // The script moves a folder to its place when it is whole.
        Place::Folder => folders.join(package.name).is_dir(),
    };
    PACKAGES.iter().filter(|p| !there(p)).collect()
}

/// Installs `packages`; what apt-get says goes to the terminal.
pub(crate) fn install(packages: &[&Package]) -> Result<(), String> {
    steps::succeed(&mut command(packages)?)
        .map_err(|why| format!("the packages could not be installed: {why}"))?;
    nothing_missing()
}

fn nothing_missing() -> Result<(), String> {
    let left = missing()?;
    if left.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = left.iter().map(|p| p.name).collect();
    Err(format!(
        "apt-get ended well, but these are still missing: {}",
        names.join(", ")
    ))
}

fn command(packages: &[&Package]) -> Result<Command, String> {
    let mut command = match powers()? {
        Powers::Root => Command::new("sh"),
        Powers::Sudo => {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "sh"]);
            sudo
        }
    };
    command.args(["-c", SCRIPT, "install.sh"]);
    command.args(packages.iter().map(|p| argument(p)));
    command.stdin(Stdio::null());
    Ok(command)
}

fn argument(package: &Package) -> String {
    match package.place {
        Place::System => package.name.to_owned(),
        Place::Folder => format!("unpack:{FOLDERS}/{}", package.name),
    }
}

enum Powers {
    Root,
    Sudo,
}

fn powers() -> Result<Powers, String> {
    let quiet = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).stderr(Stdio::null()).output()
    };
    let user = quiet("id", &["-u"]).map_err(|error| format!("cannot start id: {error}"))?;
    if user.stdout.trim_ascii() == b"0" {
        return Ok(Powers::Root);
    }
    if quiet("sudo", &["-n", "true"]).is_ok_and(|end| end.status.success()) {
        return Ok(Powers::Sudo);
    }
    Err("installing packages needs root, and sudo would ask for a password: run `cargo xtask setup` as root once".to_owned())
}

/// An installation that runs while something else is built.
pub(crate) struct Background {
    worker: JoinHandle<(f64, Result<(), String>)>,
}

impl Background {
    /// Starts to install what is missing. Its output goes to a file, which is shown if it fails.
    pub(crate) fn start() -> Result<Self, String> {
        let missing = missing()?;
        if !missing.is_empty() {
            let names: Vec<&str> = missing.iter().map(|p| p.name).collect();
            eprintln!(
                "-- setup: installing in the background: {}",
                names.join(" ")
            );
        }
        let worker = std::thread::spawn(move || {
            let start = Instant::now();
            let result = if missing.is_empty() {
                Ok(())
            } else {
                install_quietly(&missing, &cargo::logs())
            };
            (start.elapsed().as_secs_f64(), result)
        });
        Ok(Self { worker })
    }

    /// Waits for its end.
    pub(crate) fn wait(self, budget: &Budget) -> Step {
        let (seconds, result) = self
            .worker
            .join()
            .unwrap_or_else(|_| (0.0, Err("the installing thread panicked".to_owned())));
        let step = Step::ended("setup", seconds, result, budget);
        step.tell();
        step
    }
}

fn install_quietly(packages: &[&Package], logs: &Path) -> Result<(), String> {
    let path = logs.join("setup.log");
    let file = std::fs::create_dir_all(logs).and_then(|()| File::create(&path));
    let file = file.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    let errors = file
        .try_clone()
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    let mut command = command(packages)?;
    command.stdout(file).stderr(errors);
    steps::succeed(&mut command)
        .and_then(|()| nothing_missing())
        .map_err(|why| {
            let log = std::fs::read_to_string(&path).unwrap_or_default();
            format!("{why}; apt-get said:\n{log}")
        })
}

#[cfg(test)]
#[path = "script_tests.rs"]
mod script_tests;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{PACKAGES, Place, not_in};

    #[test]
    fn only_installed_counts() {
        let all: String = PACKAGES
            .iter()
            .map(|p| format!("{} installed\n", p.name))
            .collect();
        let removed = all.replace("wrk installed", "wrk config-files");
        let unknown = all.replace("haproxy installed\n", "");
        let names = |answer| {
            let missing = not_in(answer, Path::new("/nowhere"));
            let missing = missing.iter().filter(|p| p.place == Place::System);
            missing.map(|p| p.name).collect::<Vec<_>>()
        };
        assert!(names(&all).is_empty());
        assert_eq!(names(&removed), ["wrk"]);
        assert_eq!(names(&unknown), ["haproxy"]);
    }

    #[test]
    fn what_is_only_unpacked_counts_by_its_folder() {
        let folders =
            std::env::temp_dir().join(format!("sorry-xtask-{}-folders", std::process::id()));
        std::fs::create_dir_all(folders.join("busybox-static")).unwrap();
        let missing = not_in("linux-image-cloud-amd64 installed", &folders);
        std::fs::remove_dir_all(&folders).unwrap();
        let names: Vec<&str> = missing.iter().map(|p| p.name).collect();
        assert!(names.contains(&"linux-image-cloud-amd64"), "{names:?}");
        assert!(!names.contains(&"busybox-static"), "{names:?}");
    }
}
