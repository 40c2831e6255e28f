//! What the package puts where (Filesystem Hierarchy Standard; Debian Policy, chapters 9, 10 and 12).

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Plan, call, make_folder, remove};

/// Shells, and where each looks for the completions that packages bring.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "usr/share/bash-completion/completions/sorry"),
    ("zsh", "usr/share/zsh/vendor-completions/_sorry"),
    ("fish", "usr/share/fish/vendor_completions.d/sorry.fish"),
];

/// Files of the repository that are packed as they are; folders whole.
const COPIES: [(&str, &str); 8] = [
    ("etc/sorry.toml", "etc/sorry/sorry.toml"),
    ("etc/sorry.service", "usr/lib/systemd/system/sorry.service"),
    ("etc/sorry.socket", "usr/lib/systemd/system/sorry.socket"),
    ("etc/debian/copyright", "usr/share/doc/sorry/copyright"),
    ("CHANGELOG.md", "usr/share/doc/sorry/CHANGELOG.md"),
    ("docs/manual", "usr/share/doc/sorry/manual"),
    ("docs/openapi.json", "usr/share/doc/sorry/openapi.json"),
    ("etc/examples", "usr/share/doc/sorry/examples"),
];

const MAN: &str = "usr/share/man/man1";

/// Fills the tree with everything but `DEBIAN/`.
pub(super) fn lay_out(plan: &Plan) -> Result<(), String> {
    program(plan)?;
    for (from, to) in COPIES {
        copy(&plan.root.join(from), &plan.tree.join(to))?;
    }
    man_pages(plan)?;
    for (shell, to) in COMPLETIONS {
        let script = call(Command::new(&plan.built).args(["complete", shell]))?;
        write(&plan.tree.join(to), &script)?;
    }
    changelog(plan)
}

/// Stripped; line tables are for whoever built it.
fn program(plan: &Plan) -> Result<(), String> {
    let to = plan.tree.join("usr/bin/sorry");
    make_parent(&to)?;
    let mut strip = Command::new("strip");
    strip
        .args(["--strip-all", "--remove-section=.comment", "-o"])
        .arg(&to)
        .arg(&plan.built);
    call(&mut strip)?;
    set_mode(&to, 0o755)
}

fn man_pages(plan: &Plan) -> Result<(), String> {
    let raw = plan.tree.join("man");
    call(Command::new(&plan.built).arg("man").arg(&raw))?;
    for page in entries(&raw)? {
        let name = page.file_name().unwrap_or_default().to_string_lossy();
        let to = plan.tree.join(MAN).join(format!("{name}.gz"));
        write(&to, &compressed(&page)?)?;
    }
    remove(&raw)
}

/// Debian wants a changelog in its own form; ours says where the real one is.
fn changelog(plan: &Plan) -> Result<(), String> {
    let date = call(
        Command::new("date")
            .args(["-u", "-R", "-d"])
            .arg(format!("@{}", plan.epoch)),
    )?;
    let text = format!(
        "sorry ({}) unstable; urgency=medium\n\n  * See the project's CHANGELOG.md.\n\n -- {}  {}\n",
        plan.version,
        super::control::MAINTAINER,
        String::from_utf8_lossy(&date).trim()
    );
    let raw = plan.tree.join("changelog");
    write(&raw, text.as_bytes())?;
    let small = compressed(&raw)?;
    std::fs::remove_file(&raw)
        .map_err(|error| format!("cannot remove {}: {error}", raw.display()))?;
    write(&plan.tree.join("usr/share/doc/sorry/changelog.gz"), &small)
}

/// Neither the name nor the time of the original is kept: the same text gives the same bytes.
fn compressed(path: &Path) -> Result<Vec<u8>, String> {
    call(Command::new("gzip").args(["-9", "-n", "-c"]).arg(path))
}

/// Copies a file, or a folder with all that is in it.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    if from.is_dir() {
        for entry in entries(from)? {
            let name = entry.file_name().unwrap_or_default();
            copy(&entry, &to.join(name))?;
        }
        return Ok(());
    }
    let bytes =
        std::fs::read(from).map_err(|error| format!("cannot read {}: {error}", from.display()))?;
    write(to, &bytes)
}

/// What is in a folder, sorted.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let complain = |error| format!("cannot read {}: {error}", folder.display());
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(complain)? {
        entries.push(entry.map_err(complain)?.path());
    }
    entries.sort();
    Ok(entries)
}

/// Writes a file that everybody may read.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    make_parent(path)?;
    std::fs::write(path, bytes)
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    set_mode(path, 0o644)
}

/// The umask of whoever builds does not show in the package.
pub(super) fn set_mode(path: &Path, mode: u32) -> Result<(), String> {
    std::fs::set_permissions(path, Permissions::from_mode(mode))
        .map_err(|error| format!("cannot set the mode of {}: {error}", path.display()))
}

fn make_parent(path: &Path) -> Result<(), String> {
    let Some(parent) = path.parent() else {
        return Ok(());
    };
    if parent.is_dir() {
        return Ok(());
    }
    make_parent(parent)?;
    make_folder(parent)?;
    set_mode(parent, 0o755)
}
