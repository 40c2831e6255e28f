//! The files that dpkg itself reads (deb-control(5), deb-conffiles(5), deb-md5sums(5), deb-postinst(5)).

use std::path::{Path, PathBuf};
use std::process::Command;

use super::contents::{entries, set_mode, write};
use super::{Plan, call, program};

pub(super) const MAINTAINER: &str = "The authors of Sorry <sorry@example.invalid>";

const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

/// Fills `DEBIAN/`; the rest of the tree is already there.
pub(super) fn write_all(plan: &Plan) -> Result<(), String> {
    let debian = plan.tree.join("DEBIAN");
    let files = files(&plan.tree)?;
    let sums = sums(plan, &files)?;
    let conffiles: String = files
        .iter()
        .filter(|path| path.starts_with("etc"))
        .map(|path| format!("/{}\n", path.display()))
        .collect();
    let control = control(plan, &files)?;
    write(&debian.join("control"), control.as_bytes())?;
    write(&debian.join("conffiles"), conffiles.as_bytes())?;
    write(&debian.join("md5sums"), &sums)?;
    set_mode(&debian, 0o755)?;
    for script in SCRIPTS {
        let from = plan.root.join("etc/debian").join(script);
        let text = std::fs::read(&from)
            .map_err(|error| format!("cannot read {}: {error}", from.display()))?;
        let to = debian.join(script);
        write(&to, &text)?;
        set_mode(&to, 0o755)?;
    }
    Ok(())
}

fn control(plan: &Plan, files: &[PathBuf]) -> Result<String, String> {
    let from = plan.root.join("etc/debian/description");
    let description = std::fs::read_to_string(&from)
        .map_err(|error| format!("cannot read {}: {error}", from.display()))?;
    Ok(format!(
        "Package: sorry\nVersion: {}\nArchitecture: {}\nMaintainer: {MAINTAINER}\nInstalled-Size: {}\nDepends: {}\n\
         Section: web\nPriority: optional\nDescription: {}\n",
        plan.version,
        plan.architecture,
        kibibytes(&plan.tree, files)?,
        program::depends(&plan.built)?,
        description.trim_end(),
    ))
}

/// As deb-substvars(5) counts them: each file rounded up.
fn kibibytes(tree: &Path, files: &[PathBuf]) -> Result<u64, String> {
    let mut sum = 0;
    for file in files {
        let path = tree.join(file);
        let metadata = std::fs::metadata(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        sum += metadata.len().div_ceil(1024);
    }
    Ok(sum)
}

fn sums(plan: &Plan, files: &[PathBuf]) -> Result<Vec<u8>, String> {
    let others = files.iter().filter(|path| !path.starts_with("etc"));
    call(
        Command::new("md5sum")
            .arg("--")
            .args(others)
            .current_dir(&plan.tree),
    )
}

/// All files below `tree`, relative to it, sorted.
fn files(tree: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    let mut folders = vec![tree.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in entries(&folder)? {
            if entry.is_dir() {
                folders.push(entry);
            } else if let Ok(relative) = entry.strip_prefix(tree) {
                found.push(relative.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}
