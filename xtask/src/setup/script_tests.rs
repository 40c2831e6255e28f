//! Tests of `install.sh`, with an apt-get of their own in front of the path: what it sees of the policy while it runs, and what is left
//! behind afterwards.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder with a pretended apt-get, a place for the policy and one for the lock.
struct Stage {
    folder: PathBuf,
}

impl Stage {
    fn new(name: &str, apt_get: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("sorry-xtask-{}-{name}", std::process::id()));
        fs::create_dir_all(folder.join("bin")).unwrap();
        let program = folder.join("bin/apt-get");
        fs::write(&program, format!("#!/bin/sh\n{apt_get}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    fn policy(&self) -> PathBuf {
        self.folder.join("policy-rc.d")
    }

    fn run(&self) -> Output {
        let path = format!(
            "{}:/usr/sbin:/usr/bin:/sbin:/bin",
            self.folder.join("bin").display()
        );
        Command::new("sh")
            .args(["-c", super::SCRIPT, "install.sh", "one", "two"])
            .env("PATH", path)
            .env("SORRY_POLICY", self.policy())
            .env("SORRY_LOCK", self.folder.join("lock"))
            .env("SEEN", self.folder.join("seen"))
            .output()
            .unwrap()
    }

    /// What the pretended apt-get wrote down.
    fn seen(&self) -> String {
        fs::read_to_string(self.folder.join("seen")).unwrap_or_default()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// Asks the policy, as invoke-rc.d would, when it comes to the installation.
const ASKS: &str = r#"case "$*" in *install*) sh "$SORRY_POLICY"; echo "policy $? $DEBIAN_FRONTEND $*" >"$SEEN";; esac"#;

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[test]
fn daemons_are_forbidden_meanwhile_and_nothing_is_left() {
    let stage = Stage::new("meanwhile", ASKS);
    assert!(stage.run().status.success());
    let seen = stage.seen();
    assert!(seen.starts_with("policy 101 noninteractive "), "{seen}");
    assert!(seen.contains("--no-install-recommends"), "{seen}");
    assert!(seen.trim_end().ends_with("install one two"), "{seen}");
    assert!(!exists(&stage.policy()));
}

#[test]
fn a_failed_installation_fails_and_cleans_up() {
    let stage = Stage::new("failure", r#"case "$*" in *install*) exit 100;; esac"#);
    assert_eq!(stage.run().status.code(), Some(100));
    assert!(!exists(&stage.policy()));
}

#[test]
fn an_interrupted_installation_cleans_up() {
    // The pretended apt-get ends the script that called it.
    let stage = Stage::new(
        "interrupted",
        r#"case "$*" in *install*) kill -TERM $PPID;; esac"#,
    );
    assert_eq!(stage.run().status.code(), Some(143));
    assert!(!exists(&stage.policy()));
}

#[test]
fn an_operators_policy_is_neither_changed_nor_removed() {
    let stage = Stage::new("operator", ASKS);
    fs::write(stage.policy(), "#!/bin/sh\nexit 104\n").unwrap();
    let output = stage.run();
    assert!(output.status.success());
    assert!(stage.seen().starts_with("policy 104 "));
    assert_eq!(
        fs::read_to_string(stage.policy()).unwrap(),
        "#!/bin/sh\nexit 104\n"
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("left alone"));
}

#[test]
fn a_link_that_leads_nowhere_is_an_operators_too() {
    let stage = Stage::new("link", "exit 0");
    let target = stage.folder.join("not-there");
    std::os::unix::fs::symlink(&target, stage.policy()).unwrap();
    assert!(stage.run().status.success());
    assert!(exists(&stage.policy()) && !exists(&target));
}

#[test]
fn what_a_killed_setup_left_is_used_and_removed() {
    let first = Stage::new("left", r#"case "$*" in *install*) kill -KILL $PPID;; esac"#);
    assert!(!first.run().status.success());
    assert!(exists(&first.policy()));
    fs::write(
        first.folder.join("bin/apt-get"),
        format!("#!/bin/sh\n{ASKS}\n"),
    )
    .unwrap();
    assert!(first.run().status.success());
    assert!(first.seen().starts_with("policy 101 "));
    assert!(!exists(&first.policy()));
}

#[test]
fn stale_lists_are_told_and_do_not_stop_it() {
    let stage = Stage::new(
        "stale",
        &format!("case \"$*\" in *update*) exit 100;; esac\n{ASKS}"),
    );
    let output = stage.run();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("apt-get update failed"));
}
