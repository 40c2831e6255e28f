//! A copy of the repository to which mutants are applied, so that nobody's sources are ever broken. It is kept between runs with what
//! cargo built of it, and only files that differ are written again. It is built without optimisation, unlike everything else here: the
//! question is only whether a test notices, and each mutant is a build.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::patch::{Patch, Test};
use crate::cargo;
use crate::tidy;

/// No test that a mutant names takes this long; one that hangs has noticed as well.
const TEST_SECONDS: &str = "300";

/// The first build is that of all dependencies.
const BUILD_SECONDS: &str = "3600";

pub(crate) struct Copy {
    root: PathBuf,
    target: PathBuf,
}

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ran {
    Passed,
    Failed,
    Absent,
}

impl Copy {
    pub(crate) fn make() -> Result<Self, String> {
        let folder = cargo::logs().join("mutants");
        let copy = Self {
            root: folder.join("sources"),
            target: folder.join("target"),
        };
        let wanted: BTreeSet<String> = tidy::files(&cargo::root())?.into_iter().collect();
        remove_others(&copy.root, &copy.root, &wanted);
        for path in &wanted {
            let (from, to) = (cargo::root().join(path), copy.root.join(path));
            write_if_different(&from, &to)
                .map_err(|error| format!("cannot copy to {}: {error}", to.display()))?;
        }
        Ok(copy)
    }

    pub(crate) fn apply(&self, patch: &Patch) -> Result<(), String> {
        self.git_apply(patch, &[])
    }

    pub(crate) fn undo(&self, patch: &Patch) -> Result<(), String> {
        self.git_apply(patch, &["--reverse"])
    }

    fn git_apply(&self, patch: &Patch, arguments: &[&str]) -> Result<(), String> {
        let mut git = Command::new("git");
        git.arg("apply").args(arguments);
        git.arg(cargo::root().join(&patch.path));
        // Else git would take the paths for those of the repository that the copy lies in.
        let ceiling = self.root.parent().unwrap_or(&self.root);
        git.env("GIT_CEILING_DIRECTORIES", ceiling);
        let output = git
            .current_dir(&self.root)
            .output()
            .map_err(|error| format!("cannot start git: {error}"))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        }
    }

    /// Builds the executable of the test; an error is what the compiler says.
    pub(crate) fn build(&self, test: &Test) -> Result<(), String> {
        let mut command = self.cargo(BUILD_SECONDS, &["test", "--quiet", "--no-run"], test);
        let output = finish(&mut command)?;
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// Runs one test, which was built before.
    pub(crate) fn run(&self, test: &Test) -> Result<Ran, String> {
        let mut command = self.cargo(TEST_SECONDS, &["test", "--quiet"], test);
        command.args(["--", "--exact", &test.name]);
        let output = finish(&mut command)?;
        let said = String::from_utf8_lossy(&output.stdout);
        Ok(
            match (output.status.success(), said.contains("running 1 test")) {
                (_, false) => Ran::Absent,
                (true, true) => Ran::Passed,
                (false, true) => Ran::Failed,
            },
        )
    }

    fn cargo(&self, seconds: &str, words: &[&str], test: &Test) -> Command {
        let cargo = cargo::cargo(words);
        // In a group of its own, which ends as a whole.
        let mut command = Command::new("timeout");
        command.args(["--kill-after=5", seconds]);
        command.arg(cargo.get_program()).args(cargo.get_args());
        cargo::forget_xtask(&mut command);
        command.args(test.executable.arguments());
        command.env("CARGO_TARGET_DIR", &self.target);
        // Nobody debugs a mutant, and linking without is much quicker.
        command.env("CARGO_PROFILE_DEV_DEBUG", "0");
        command.current_dir(&self.root).stdin(Stdio::null());
        command
    }
}

fn finish(command: &mut Command) -> Result<Output, String> {
    let output = command.output();
    output.map_err(|error| format!("cannot start timeout: {error}"))
}

fn write_if_different(from: &Path, to: &Path) -> std::io::Result<()> {
    // A file that is deleted but not yet committed is still in git's list.
    let Ok(wanted) = fs::read(from) else {
        return Ok(());
    };
    if fs::read(to).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to).map(|_| ())
}

/// Removes files that are no longer in the repository.
fn remove_others(folder: &Path, root: &Path, wanted: &BTreeSet<String>) {
    for path in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = path.path();
        let relative = path.strip_prefix(root).unwrap_or(&path);
        if path.is_dir() {
            remove_others(&path, root, wanted);
        } else if !wanted.contains(&*relative.to_string_lossy())
            && !relative.ends_with("Cargo.lock")
        {
            fs::remove_file(&path).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{remove_others, write_if_different};
    use crate::cargo;

    #[test]
    fn only_what_differs_is_written_and_strangers_go() {
        let folder = cargo::logs().join(format!("copy-{}", std::process::id()));
        let (from, to) = (folder.join("from/a"), folder.join("to/deep/a"));
        fs::create_dir_all(folder.join("from")).unwrap();
        fs::write(&from, "one").unwrap();
        write_if_different(&from, &to).unwrap();
        let written = fs::metadata(&to).unwrap().modified().unwrap();
        write_if_different(&from, &to).unwrap();
        assert_eq!(fs::metadata(&to).unwrap().modified().unwrap(), written);
        fs::write(&from, "two").unwrap();
        write_if_different(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "two");
        fs::write(folder.join("to/deep/stranger"), "").unwrap();
        let root = folder.join("to");
        remove_others(&root, &root, &["deep/a".to_owned()].into());
        assert!(to.exists() && !folder.join("to/deep/stranger").exists());
        // Gone from the repository, though git still lists it.
        write_if_different(&folder.join("from/absent"), &to).unwrap();
        fs::remove_dir_all(&folder).unwrap();
    }
}
