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
        let stage = Self { folder };
        stage.pretend("apt-get", apt_get);
        stage
    }

    fn policy(&self) -> PathBuf {
        self.folder.join("policy-rc.d")
    }

    /// Another pretended program.
    fn pretend(&self, name: &str, script: &str) {
        let program = self.folder.join("bin").join(name);
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn run(&self) -> Output {
        self.run_with(&["one", "two"])
    }

    fn run_with(&self, packages: &[&str]) -> Output {
        let path = format!(
            "{}:/usr/sbin:/usr/bin:/sbin:/bin",
            self.folder.join("bin").display()
        );
        Command::new("sh")
            .args(["-c", super::SCRIPT, "install.sh"])
            .args(packages)
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
    first.pretend("apt-get", ASKS);
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

/// Downloads an empty file and calls it a package; what is installed is written down.
const DOWNLOADS: &str = r#"case "$*" in
    *download*) eval "name=\${$#}"; echo >"$name.deb"; echo "download $name" >>"$SEEN";;
    *install*) echo "$*" >>"$SEEN";;
esac"#;

#[test]
fn what_is_to_be_unpacked_is_not_installed() {
    let stage = Stage::new("unpacked", DOWNLOADS);
    stage.pretend(
        "apt-cache",
        r#"echo "Depends: linux-image-6.1.0-56-cloud-amd64 (= 6.1.192-2)""#,
    );
    stage.pretend("dpkg-deb", r#"mkdir -p "$3/lib/modules/6.1.0-56""#);
    stage.pretend("depmod", r#"echo "depmod $3" >>"$SEEN""#);
    let folder = stage.folder.join("folders/linux-image-cloud-amd64");
    let argument = format!("unpack:{}", folder.display());
    let output = stage.run_with(&["one", &argument, "two"]);
    assert!(output.status.success(), "{output:?}");
    let seen = stage.seen();
    assert!(seen.contains("install one two\n"), "{seen}");
    assert!(
        seen.ends_with("download linux-image-6.1.0-56-cloud-amd64\ndepmod 6.1.0-56\n"),
        "{seen}"
    );
    assert!(folder.join("lib/modules/6.1.0-56").is_dir());
    let left = fs::read_dir(stage.folder.join("folders")).unwrap();
    assert_eq!(left.count(), 1);
}

#[test]
fn a_package_that_is_half_unpacked_is_not_there() {
    let stage = Stage::new("half", DOWNLOADS);
    stage.pretend("apt-cache", "exit 0");
    stage.pretend("dpkg-deb", r#"mkdir -p "$3/bin"; exit 2"#);
    let folder = stage.folder.join("folders/busybox-static");
    let argument = format!("unpack:{}", folder.display());
    let output = stage.run_with(&[&argument]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stage.seen().ends_with("download busybox-static\n"));
    let left = fs::read_dir(stage.folder.join("folders")).unwrap();
    assert_eq!(left.count(), 0);
}
