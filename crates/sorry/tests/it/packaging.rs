//! The Debian package: built, installed into a root of its own, started as its own user with the configuration that it brings,
//! installed again over itself, stopped, removed and purged.
//!
//! The root is an overlay over this machine's, in a mount namespace, so nothing of it is seen outside. systemd does not run
//! there; its units are read by `systemd-analyze`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};

use tempfile::TempDir;

use crate::harness::{SORRY, Server, text};

/// Makes the root, says so, and waits until standard input ends.
const MAKE_ROOT: &str = r#"
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount --rbind /dev "$1/root/dev"
mount -t proc proc "$1/root/proc"
mount -t tmpfs tmpfs "$1/root/run"
mount -t tmpfs tmpfs "$1/root/tmp"
echo ready
read -r end || true
"#;

/// A copy of this machine to install into; gone when dropped.
struct Root {
    holder: Child,
    /// Its end ends the holder, and with it the namespace.
    end: Option<ChildStdin>,
    folder: TempDir,
}

impl Root {
    fn new() -> Root {
        let folder = tempfile::tempdir().expect("make a folder");
        let mut holder = Command::new("unshare")
            .args(["--mount", "sh", "-c", MAKE_ROOT, "sh"])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("run unshare");
        let end = holder.stdin.take();
        let mut said = String::new();
        let stdout = holder.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut said).expect("read");
        assert_eq!(
            said, "ready\n",
            "cannot make an overlay root; this test must run as root"
        );
        Root {
            holder,
            end,
            folder,
        }
    }

    /// A command inside, as this user.
    fn command(&self, user: &str, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--target={}", self.holder.id()))
            .args(["--mount", "chroot"])
            .arg(format!("--userspec={user}:{user}"))
            .arg(self.folder.path().join("root"))
            .arg(program)
            .env("LC_ALL", "C.UTF-8")
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null());
        command
    }

    fn output(&self, program: &str, arguments: &[&str]) -> Output {
        let mut command = self.command("root", program);
        command.args(arguments).output().expect("run nsenter")
    }

    /// Runs a program inside, which must succeed; what it printed.
    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.output(program, arguments);
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(
            output.status.success(),
            "{program} {arguments:?} failed:\n{said}"
        );
        said
    }

    fn shell(&self, script: &str) -> String {
        self.run("sh", &["-ec", script])
    }

    /// Copies a package into the root and installs it.
    fn install(&self, package: &Path) {
        let bytes = std::fs::read(package).expect("read the package");
        let mut command = self.command("root", "sh");
        let mut child = command
            .args(["-ec", "cat > /run/sorry.deb"])
            .stdin(Stdio::piped())
            .spawn()
            .expect("run nsenter");
        let mut stdin = child.stdin.take().expect("stdin is piped");
        std::io::Write::write_all(&mut stdin, &bytes).expect("copy the package");
        drop(stdin);
        assert!(child.wait().expect("wait for sh").success());
        self.run("dpkg", &["--no-triggers", "--install", "/run/sorry.deb"]);
    }

    /// What of the overlay's own layer speaks of sorry, apart from dpkg's log and the cache of man, whose pages
    /// `systemd-analyze verify` looks up.
    fn left(&self) -> String {
        let find = r#"find "$1" -path '*sorry*' ! -path '*/var/log/*' ! -path '*/var/cache/man/*'"#;
        let output = Command::new("nsenter")
            .arg(format!("--target={}", self.holder.id()))
            .args(["--mount", "sh", "-ec", find, "sh"])
            .arg(self.folder.path().join("upper"))
            .output()
            .expect("run nsenter");
        assert!(output.status.success());
        text(&output.stdout)
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        drop(self.end.take());
        let _already_gone = self.holder.wait();
    }
}

/// Builds the package of the program under test.
fn package(folder: &Path) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["xtask", "package", "--compression", "gzip"])
        .args(["--binary", SORRY, "--folder"])
        .arg(folder)
        .current_dir(root)
        .env("SOURCE_DATE_EPOCH", "1763640000")
        .output()
        .expect("run cargo");
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}{}", text(&output.stderr));
    PathBuf::from(said.lines().last().expect("the package's path"))
}

#[test]
fn the_package_installs_serves_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let package = package(&folder.path().join("one"));
    the_same_sources_give_the_same_bytes(&package, &folder.path().join("other"));
    let root = Root::new();
    root.install(&package);
    the_user_is_there(&root);
    the_units_are_good(&root);
    the_manual_can_be_read(&root);
    bash_completes(&root);
    let mut server = serve_as_shipped(&root);
    // Installing again is what an upgrade does: what the operator wrote stays.
    root.install(&package);
    let listens = root.shell("grep -c '127.0.0.1:0' /etc/sorry/sorry.toml");
    assert_eq!(listens.trim(), "1");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));

    root.run("dpkg", &["--no-triggers", "--remove", "sorry"]);
    root.shell("test ! -e /usr/bin/sorry; test -e /etc/sorry/sorry.toml; getent passwd sorry");
    root.run("dpkg", &["--no-triggers", "--purge", "sorry"]);
    assert_eq!(root.left(), "", "left after purge");
    for database in ["passwd", "group"] {
        let found = root.output("getent", &[database, "sorry"]);
        assert!(
            !found.status.success(),
            "{database}: {}",
            text(&found.stdout)
        );
    }
}

fn the_same_sources_give_the_same_bytes(first: &Path, folder: &Path) {
    let second = package(folder);
    let read = |path: &Path| std::fs::read(path).expect("read a package");
    let same = read(first) == read(&second);
    assert!(same, "two packages of one program differ");
}

fn the_user_is_there(root: &Root) {
    let user = root.shell("getent passwd sorry");
    assert!(user.contains(":/nonexistent:/usr/sbin/nologin"), "{user}");
    let owner = root.shell("stat -c '%U:%G %a' /usr/bin/sorry /etc/sorry/sorry.toml");
    assert_eq!(owner, "root:root 755\nroot:root 644\n");
    // dpkg's own check of what it installed.
    assert_eq!(root.run("dpkg", &["--verify", "sorry"]), "");
}

fn the_units_are_good(root: &Root) {
    const UNITS: &str = "/usr/lib/systemd/system";
    for unit in ["sorry.service", "sorry.socket"] {
        let said = root.run("systemd-analyze", &["verify", &format!("{UNITS}/{unit}")]);
        assert!(!said.contains("sorry."), "{unit}: {said}");
    }
    // In tenths: at most 2.0.
    let service = format!("{UNITS}/sorry.service");
    root.run(
        "systemd-analyze",
        &["security", "--offline=true", "--threshold=20", &service],
    );
}

fn the_manual_can_be_read(root: &Root) {
    for (page, word) in [("sorry", "check-config"), ("sorry-serve", "--retry-after")] {
        let shown = root.shell(&format!(
            "man --encoding=UTF-8 --local-file /usr/share/man/man1/{page}.1.gz | col -b"
        ));
        assert!(
            shown.contains("SYNOPSIS") && shown.contains(word),
            "{shown}"
        );
    }
    let documents = "cd /usr/share/doc/sorry; cat copyright manual/README.md examples/far-away.toml; zcat changelog.gz";
    assert!(root.shell(documents).contains("License: MIT"));
}

fn bash_completes(root: &Root) {
    let script = "source /usr/share/bash-completion/completions/sorry; COMP_WORDS=(sorry ser); COMP_CWORD=1; COMP_TYPE=9; \
                  _clap_complete_sorry sorry ser sorry; echo ${COMPREPLY[*]}";
    assert_eq!(root.run("bash", &["-c", script]), "serve\n");
    root.shell("grep -q '#compdef sorry' /usr/share/zsh/vendor-completions/_sorry");
    root.shell("grep -q 'SORRY_COMPLETE=fish' /usr/share/fish/vendor_completions.d/sorry.fish");
}

/// What the unit does: its user, its folder, its command line. Only the port is another.
fn serve_as_shipped(root: &Root) -> Server {
    root.shell("sed -i 's/127.0.0.1:8503/127.0.0.1:0/' /etc/sorry/sorry.toml");
    root.shell("install -d -m 0750 -o sorry -g sorry /run/sorry");
    let mut command = root.command("sorry", "/usr/bin/sorry");
    command.args(["run", "--config", "/etc/sorry/sorry.toml"]);
    let server = Server::spawn(command);
    let answer = server.exchange(b"GET / HTTP/1.0\r\nHost: shop.example.com\r\n\r\n");
    assert!(answer.starts_with(b"HTTP/1.1 503 "), "{}", text(&answer));
    // What ExecReload does.
    let reloaded = root
        .command("sorry", "/usr/bin/sorry")
        .arg("reload")
        .output()
        .expect("run nsenter");
    assert!(reloaded.status.success(), "{}", text(&reloaded.stderr));
    server
}
