//! Licences, bans and sources of every crate that is built on the platforms we ship for, read from `cargo metadata`.

use super::Finding;
use super::spdx;
use super::tree::Tree;
use crate::cargo;
use crate::json::{self, Json};

const RULE: &str = "licences";
const LOCK: &str = "Cargo.lock";

/// Licences that ask no more than to be named.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that are not to be built, and why.
const BANNED: &[(&str, &str)] = &[
    ("aws-lc-rs", "a second TLS crypto provider; ring is the one"),
    (
        "aws-lc-sys",
        "a second TLS crypto provider; ring is the one",
    ),
    (
        "aws-lc-fips-sys",
        "a second TLS crypto provider; ring is the one",
    ),
    ("boring", "a second TLS stack; rustls is the one"),
    ("openssl", "a second TLS stack; rustls is the one"),
    ("openssl-sys", "a second TLS stack; rustls is the one"),
    ("native-tls", "a second TLS stack; rustls is the one"),
    ("async-std", "a second async runtime; tokio is the one"),
    ("async-executor", "a second async runtime; tokio is the one"),
    ("smol", "a second async runtime; tokio is the one"),
    ("glommio", "a second async runtime; tokio is the one"),
    ("monoio", "a second async runtime; tokio is the one"),
];

/// How cargo names the one registry.
const SOURCES: [&str; 2] = [
    "registry+https://github.com/rust-lang/crates.io-index",
    "sparse+https://index.crates.io/",
];

/// What we ship for. Other platforms' crates are not even downloaded.
const PLATFORMS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/// Asks cargo for every crate and where it comes from.
pub(crate) fn metadata() -> Result<Json, String> {
    let mut command = cargo::cargo(&["metadata", "--format-version", "1", "--locked"]);
    for platform in PLATFORMS {
        command.args(["--filter-platform", platform]);
    }
    let output = command
        .output()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "cargo metadata failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    json::parse(&String::from_utf8_lossy(&output.stdout))
}

/// What is found when cargo cannot tell: licences, bans and sources are then held by nobody.
pub(crate) fn unread(why: &str) -> Finding {
    let mend = "run `cargo check`, which brings Cargo.lock in line with the manifests, and look at what it changes";
    Finding::new(RULE, LOCK, 1, why, mend)
}

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(metadata) = &tree.metadata else {
        return Vec::new();
    };
    let nodes = metadata.at("resolve").at("nodes").list();
    let built = |package: &&Json| nodes.iter().any(|node| node.at("id") == package.at("id"));
    let members = metadata.at("workspace_members").list();
    let foreign = |package: &&Json| !members.contains(package.at("id"));
    let packages = metadata.at("packages").list().iter();
    let lock = tree.text(LOCK).unwrap_or_default();
    packages
        .filter(built)
        .filter(foreign)
        .flat_map(|p| of_package(p, lock))
        .collect()
}

fn of_package(package: &Json, lock: &str) -> Vec<Finding> {
    let name = package.at("name").text().unwrap_or_default();
    let licence = package
        .at("license")
        .text()
        .unwrap_or("no licence expression");
    let source = package
        .at("source")
        .text()
        .unwrap_or("a folder outside of the workspace");
    let mut found = Vec::new();
    let mut add = |what: String, mend: &str| {
        found.push(Finding::new(RULE, LOCK, line_of(name, lock), what, mend));
    };
    if !spdx::can_be_met(licence, ALLOWED) {
        add(
            format!("`{name}` is under {licence}"),
            "use another crate; a licence that asks no more than to be named may join the list in xtask/src/tidy/licences.rs",
        );
    }
    if let Some((_, why)) = BANNED.iter().find(|(banned, _)| *banned == name) {
        add(
            format!("`{name}` is banned: {why}"),
            "turn off the feature that brings it: `cargo tree -i NAME` shows whose",
        );
    }
    if !SOURCES.contains(&source) {
        add(
            format!("`{name}` comes from {source}"),
            "take it from crates.io",
        );
    }
    found
}

/// The line of the lock file that names the package.
fn line_of(name: &str, lock: &str) -> usize {
    let wanted = format!("name = \"{name}\"");
    lock.lines()
        .position(|line| line == wanted)
        .map_or(1, |index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::json;
    use crate::tidy::tree::Tree;

    const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

    fn complaints(name: &str, licence: &str, source: &str) -> Vec<String> {
        let metadata = format!(
            r#"{{"packages":[{{"id":"a","name":"{name}","license":{licence},"source":{source}}},
                {{"id":"b","name":"ours","license":null,"source":null}},
                {{"id":"c","name":"not-built","license":"GPL-3.0-only","source":null}}],
                "resolve":{{"nodes":[{{"id":"a"}},{{"id":"b"}}]}},"workspace_members":["b"]}}"#
        );
        let mut tree = Tree::of(&[("Cargo.lock", &format!("[[package]]\nname = \"{name}\"\n"))]);
        tree.metadata = Some(json::parse(&metadata).unwrap());
        let found = check(&tree);
        found
            .into_iter()
            .map(|f| format!("{}: {}", f.line, f.what))
            .collect()
    }

    #[test]
    fn licences_bans_and_sources() {
        let crates_io = format!("\"{CRATES_IO}\"");
        assert!(complaints("memchr", "\"Unlicense OR MIT\"", &crates_io).is_empty());
        assert_eq!(
            complaints("ipvs", "\"GPL-3.0-only\"", &crates_io),
            ["2: `ipvs` is under GPL-3.0-only"]
        );
        assert_eq!(
            complaints("unknown", "null", &crates_io),
            ["2: `unknown` is under no licence expression"]
        );
        assert_eq!(
            complaints("openssl", "\"MIT\"", &crates_io),
            ["2: `openssl` is banned: a second TLS stack; rustls is the one"]
        );
        assert_eq!(
            complaints("fork", "\"MIT\"", "\"git+https://example.org/fork\""),
            ["2: `fork` comes from git+https://example.org/fork"]
        );
        assert_eq!(
            complaints("folder", "\"MIT\"", "null"),
            ["2: `folder` comes from a folder outside of the workspace"]
        );
    }
}
