//! Builds every test of the workspace with one call of cargo, and reads from cargo's messages where the executables are.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::cargo;
use crate::json::{self, Json};
use crate::steps;

/// A test executable as cargo built it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Executable {
    /// What its groups are called: the crate's folder, or the name of the integration test.
    pub(crate) label: String,
    pub(crate) path: PathBuf,
    /// The folder of its Cargo.toml: where cargo starts tests.
    pub(crate) folder: PathBuf,
    /// The same package's programs, by name.
    pub(crate) programs: Vec<(String, PathBuf)>,
}

/// Builds, and returns the executables in cargo's order.
pub(crate) fn build() -> Result<Vec<Executable>, String> {
    let mut command = cargo::cargo(&[
        "test",
        "--workspace",
        "--release",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ]);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    let mut artifacts = Vec::new();
    if let Some(messages) = child.stdout.take() {
        for line in BufReader::new(messages).lines() {
            let line = line.map_err(|error| format!("cannot read what cargo says: {error}"))?;
            artifacts.extend(artifact(&line)?);
        }
    }
    let status = child
        .wait()
        .map_err(|error| format!("cannot wait for cargo: {error}"))?;
    if !status.success() {
        return Err(format!("cargo test --no-run: {}", steps::ending(status)));
    }
    Ok(executables(&artifacts))
}

/// What cargo says of one executable file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Artifact {
    manifest: PathBuf,
    target: String,
    kind: Kind,
    path: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A program as users run it.
    Program,
    /// Unit tests of a library.
    Library,
    /// Unit tests of a program.
    Binary,
    /// A file below tests/.
    Integration,
}

/// Reads one message; None if it is not about an executable that concerns us.
fn artifact(line: &str) -> Result<Option<Artifact>, String> {
    if !line.starts_with('{') {
        return Ok(None);
    }
    let message = json::parse(line)?;
    let found = || {
        let path = message.at("executable").text()?;
        let target = message.at("target");
        Some(Artifact {
            manifest: message.at("manifest_path").text()?.into(),
            target: target.at("name").text()?.to_owned(),
            kind: kind(target, message.at("profile").at("test"))?,
            path: path.into(),
        })
    };
    Ok(found())
}

fn kind(target: &Json, tests: &Json) -> Option<Kind> {
    let kind = target.at("kind").list().first()?.text()?;
    match (kind, tests.is_true()) {
        ("bin", false) => Some(Kind::Program),
        ("bin", true) => Some(Kind::Binary),
        ("test", true) => Some(Kind::Integration),
        ("lib" | "rlib" | "proc-macro", true) => Some(Kind::Library),
        _ => None,
    }
}

fn executables(artifacts: &[Artifact]) -> Vec<Executable> {
    let tests = artifacts.iter().filter(|a| a.kind != Kind::Program);
    tests
        .map(|artifact| {
            let same_package = || artifacts.iter().filter(|a| a.manifest == artifact.manifest);
            let programs = same_package().filter(|a| a.kind == Kind::Program);
            let has_library = same_package().any(|a| a.kind == Kind::Library);
            let folder = artifact.manifest.parent().unwrap_or(Path::new("/"));
            Executable {
                label: label(artifact, folder, has_library.then_some(Kind::Library)),
                path: artifact.path.clone(),
                folder: folder.to_owned(),
                programs: programs
                    .map(|a| (a.target.clone(), a.path.clone()))
                    .collect(),
            }
        })
        .collect()
}

/// `core`, `xtask`, `it`; longer where the short name is another's.
fn label(artifact: &Artifact, folder: &Path, sibling: Option<Kind>) -> String {
    let krate = folder.file_name().unwrap_or_default().to_string_lossy();
    match (artifact.kind, sibling) {
        (Kind::Integration, _) if krate == "sorry" => artifact.target.clone(),
        (Kind::Integration, _) => format!("{krate}-{}", artifact.target),
        (Kind::Binary, Some(Kind::Library)) => format!("{krate}-bin-{}", artifact.target),
        _ => krate.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{artifact, executables};

    /// A message in cargo's form, with the fields that count.
    fn message(krate: &str, target: &str, kind: &str, test: &str) -> String {
        format!(
            r#"{{"reason":"compiler-artifact","manifest_path":"/r/{krate}/Cargo.toml","target":{{"kind":["{kind}"],"name":"{target}"}},"profile":{{"test":{test}}},"executable":"/t/{target}-{kind}-{test}","fresh":true}}"#
        )
    }

    #[test]
    fn labels_are_short_and_programs_are_found() {
        let messages = [
            message("crates/core", "sorry_core", "lib", "true"),
            message("crates/sorry", "sorry_server", "lib", "true"),
            message("crates/sorry", "sorry", "bin", "true"),
            message("crates/sorry", "sorry", "bin", "false"),
            message("crates/sorry", "it", "test", "true"),
            message("crates/core", "it", "test", "true"),
            message("xtask", "xtask", "bin", "true"),
            message("crates/sorry", "demo", "example", "false"),
            r#"{"reason":"compiler-artifact","executable":null}"#.to_owned(),
            "something that is no message".to_owned(),
        ];
        let artifacts: Vec<_> = messages
            .iter()
            .filter_map(|line| artifact(line).unwrap())
            .collect();
        let all = executables(&artifacts);
        let labels: Vec<&str> = all.iter().map(|e| e.label.as_str()).collect();
        assert_eq!(
            labels,
            ["core", "sorry", "sorry-bin-sorry", "it", "core-it", "xtask"]
        );
        assert_eq!(
            all[3].programs,
            [("sorry".into(), "/t/sorry-bin-false".into())]
        );
        assert!(all[0].programs.is_empty());
        assert_eq!(all[0].folder.to_str(), Some("/r/crates/core"));
    }

    #[test]
    fn a_broken_message_is_an_error() {
        assert!(artifact("{\"executable\":").is_err());
    }
}
