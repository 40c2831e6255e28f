//! Where the repository is, and how cargo is called from inside a command that cargo itself started.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository: the folder above xtask's own.
pub(crate) fn root() -> PathBuf {
    // At run time cargo says where the manifest is; the folder may have moved since xtask was compiled.
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    manifest.parent().map_or(manifest.clone(), Path::to_owned)
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |t| root().join(t))
}

/// Where xtask keeps logs: below the target folder, so that `cargo clean` takes them along.
pub(crate) fn logs() -> PathBuf {
    target().join("xtask")
}

/// A call of cargo in the root of the repository.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    forget_xtask(&mut command);
    command
}

/// Takes away what cargo told xtask about xtask. Build scripts of dependencies watch these variables and would run again each
/// time that cargo is called once from here and once from a shell.
pub(crate) fn forget_xtask(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(speaks_of_a_package) {
            command.env_remove(&name);
        }
    }
}

fn speaks_of_a_package(name: &str) -> bool {
    const PREFIXES: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
    PREFIXES.iter().any(|p| name.starts_with(p))
        || name == "CARGO_CRATE_NAME"
        || name == "CARGO_PRIMARY_PACKAGE"
}

#[cfg(test)]
mod tests {
    use super::{root, speaks_of_a_package};

    #[test]
    fn the_root_holds_the_workspace() {
        let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"));
    }

    #[test]
    fn only_what_speaks_of_a_package_is_forgotten() {
        for (name, expected) in [
            ("CARGO_PKG_NAME", true),
            ("CARGO_MANIFEST_DIR", true),
            ("CARGO_HOME", false),
            ("CARGO_TARGET_DIR", false),
            ("PATH", false),
        ] {
            assert_eq!(speaks_of_a_package(name), expected, "{name}");
        }
    }
}
