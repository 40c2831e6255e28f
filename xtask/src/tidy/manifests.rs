//! Manifests: every dependency on somebody else's crate carries its reason, on its line or as a comment above; every crate takes the
//! workspace's lints; the core and xtask depend on nothing, sys on none of ours.

use super::Finding;
use super::tree::{Text, Tree};

const RULE: &str = "manifests";

/// Crates that depend on no crate at all outside of their tests.
const ALONE: [&str; 2] = ["crates/core/Cargo.toml", "xtask/Cargo.toml"];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.texts.iter().filter(|t| is_crate(&t.path));
    manifests.flat_map(of_manifest).collect()
}

fn is_crate(path: &str) -> bool {
    let folder = path.strip_suffix("/Cargo.toml");
    folder.is_some_and(|f| f == "xtask" || f == "fuzz" || f.starts_with("crates/"))
}

fn of_manifest(manifest: &Text) -> Vec<Finding> {
    let mut found = Vec::new();
    for dependency in dependencies(&manifest.text) {
        let complaint = refusal(&manifest.path, &dependency);
        found.extend(
            complaint.map(|(what, mend)| {
                Finding::new(RULE, &manifest.path, dependency.line, what, mend)
            }),
        );
    }
    if !takes_lints(&manifest.text) && !manifest.path.starts_with("fuzz/") {
        let mend = "add `[lints]` and below it `workspace = true`";
        found.push(Finding::new(
            RULE,
            &manifest.path,
            1,
            "does not take the workspace's lints",
            mend,
        ));
    }
    found
}

fn refusal(path: &str, dependency: &Dependency<'_>) -> Option<(String, &'static str)> {
    let name = dependency.name;
    let ours = name.starts_with("sorry-");
    let for_tests = dependency.section.starts_with("dev-");
    if ALONE.contains(&path) && !for_tests {
        let mend = "take what is needed as an argument, or write the few lines";
        return Some((format!("`{name}`: this crate depends on nothing"), mend));
    }
    if path == "crates/sys/Cargo.toml" && ours {
        return Some((
            format!("`{name}`: sys stands below our other crates"),
            "let the caller pass it in",
        ));
    }
    if ours || dependency.has_reason {
        return None;
    }
    Some((
        format!("`{name}` has no reason"),
        "say why behind it, or in a comment above: `name = \"1\"   # why`",
    ))
}

struct Dependency<'a> {
    name: &'a str,
    line: usize,
    section: &'a str,
    has_reason: bool,
}

/// Lines of the sections that hold dependencies, and headers such as `[dependencies.name]`.
fn dependencies(text: &str) -> Vec<Dependency<'_>> {
    let mut found = Vec::new();
    let mut section = "";
    let mut comment_above = false;
    for (index, line) in text.lines().enumerate() {
        let (code, comment) = line.split_once('#').unwrap_or((line, ""));
        let code = code.trim();
        let has_reason = comment_above || comment.trim().len() > 3;
        comment_above = code.is_empty() && comment.trim().len() > 3;
        let mut name = "";
        if let Some(header) = code.strip_prefix('[').and_then(|c| c.strip_suffix(']')) {
            // [target.'cfg(unix)'.dependencies] is a section of dependencies as well.
            section = header.rsplit("'.").next().unwrap_or(header);
            if let Some((kind, table)) = section.split_once("dependencies.") {
                (name, section) = (table, if kind == "dev-" { "dev-table" } else { "table" });
            }
        } else if section.ends_with("dependencies") {
            name = code.split(['=', '.']).next().unwrap_or_default().trim();
        }
        if !name.is_empty() {
            found.push(Dependency {
                name,
                line: index + 1,
                section,
                has_reason,
            });
        }
    }
    found
}

fn takes_lints(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim);
    lines.any(|l| l == "[lints]") && lines.next() == Some("workspace = true")
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tree::Tree;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        let text = format!("{text}\n[lints]\nworkspace = true\n");
        let found = check(&Tree::of(&[(path, &text)]));
        found
            .into_iter()
            .map(|f| format!("{}: {}", f.line, f.what))
            .collect()
    }

    #[test]
    fn every_dependency_has_a_reason() {
        let text = "\
[package]
name = \"x\"
[dependencies]
a = \"1\"   # what for
# what for
b = { version = \"1\" }
c = \"1\"
sorry-core.workspace = true
[dev-dependencies]
d.workspace = true
[target.'cfg(unix)'.dependencies]
e = \"1\"
# what for
[dependencies.f]
version = \"1\"
[build-dependencies.g]
version = \"1\"
";
        let expected =
            ["7: `c`", "10: `d`", "12: `e`", "16: `g`"].map(|e| format!("{e} has no reason"));
        assert_eq!(complaints("crates/sorry/Cargo.toml", text), expected);
    }

    #[test]
    fn the_core_stands_alone() {
        let text = "[dependencies]\nmemchr = \"1\" # fast\n[dev-dependencies]\nproptest = \"1\" # properties";
        assert_eq!(
            complaints("crates/core/Cargo.toml", text),
            ["2: `memchr`: this crate depends on nothing"]
        );
        assert_eq!(
            complaints(
                "crates/sys/Cargo.toml",
                "[dependencies]\nsorry-core.workspace = true"
            )
            .len(),
            1
        );
    }

    #[test]
    fn lints_are_the_workspaces() {
        let found = check(&Tree::of(&[("crates/new/Cargo.toml", "[package]\n")]));
        assert_eq!(found[0].what, "does not take the workspace's lints");
    }
}
