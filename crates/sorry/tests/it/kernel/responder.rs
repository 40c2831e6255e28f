//! `sorry run` with the kernel answering, in the server's namespace of a world.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::world::{Family, World};
use crate::harness::{PATIENCE, SORRY, Server, fixtures, until};

/// Of the user that may do nothing.
pub(crate) const NOBODY: u32 = 65_534;

/// What begins a program as that user.
const AS_NOBODY: [&str; 4] = [
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
];

/// Ends with the test. Declared after the world, it ends before it.
pub(crate) struct Responder {
    pub(crate) server: Server,
    folder: TempDir,
}

/// Where the program is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hook {
    Xdp,
    Tc,
    /// Both, where the kernel can do that: long pages behind the driver.
    Auto,
}

impl Hook {
    pub(crate) const BOTH: [Hook; 2] = [Hook::Xdp, Hook::Tc];
    pub(crate) const ALL: [Hook; 3] = [Hook::Xdp, Hook::Tc, Hook::Auto];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Hook::Xdp => "xdp",
            Hook::Tc => "tc",
            Hook::Auto => "auto",
        }
    }
}

/// A folder with a configuration, and the page.
fn configured(world: &World, hook: &str, page: &str, sorry: &str, more: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path().display();
    let device = world.device();
    let configuration = format!(
        "workers = 1\n[admin]\nsocket = \"{here}/admin.sock\"\n\
         [kernel]\ninterfaces = [\"{device}\"]\nhook = \"{hook}\"\ndrain = \"1s\"\nrate = \"none\"\n\
         [[site]]\nname = \"shop\"\n[site.sorry]\npage = \"{here}/page.html\"\n{sorry}\n{more}",
    );
    std::fs::write(folder.path().join("page.html"), page).expect("write the page");
    std::fs::write(folder.path().join("sorry.toml"), configuration)
        .expect("write the configuration");
    folder
}

/// A folder whose configuration has `on-crash = "keep"`, the shortest lease and a key.
fn keeping(world: &World, hook: Hook, page: &str, sorry: &str) -> TempDir {
    let folder = configured(world, hook.word(), page, sorry, "");
    let file = folder.path().join("sorry.toml");
    let typed = std::fs::read_to_string(&file).expect("read it");
    let key = folder.path().join("key");
    std::fs::write(&key, [7; 32]).expect("write a key");
    std::fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("hide it");
    let terms = format!(
        "[kernel]\non-crash = \"keep\"\nlease = \"2s\"\nkey-file = \"{}\"\n",
        key.display()
    );
    let typed = typed.replace("[kernel]\n", &terms);
    std::fs::write(&file, typed).expect("write it");
    folder
}

/// `sorry run` in the server's namespace and this process's file systems.
fn entered(world: &World, folder: &Path) -> Command {
    entered_by(world, folder, &[])
}

/// The same by way of these words.
fn entered_by(world: &World, folder: &Path, by: &[&str]) -> Command {
    let mut command = Command::new("nsenter");
    command
        .arg(format!("--net=/run/netns/{}", world.server().name()))
        .args(by)
        .arg(SORRY);
    command.env("STATE_DIRECTORY", folder.join("state"));
    command
        .arg("run")
        .arg("--config")
        .arg(folder.join("sorry.toml"));
    command
}

/// `sorry run` in the server's namespace, by way of these words.
fn run(world: &World, folder: &Path, by: &[&str]) -> Command {
    let words = [by, &[SORRY]].concat();
    let mut command = world.server().command(words[0]);
    command.args(&words[1..]);
    command.env("STATE_DIRECTORY", folder.join("state"));
    command
        .arg("run")
        .arg("--config")
        .arg(folder.join("sorry.toml"));
    command
}

/// A page of so many bytes, without its head.
pub(crate) fn page(bytes: usize) -> String {
    let head = "<!doctype html><html lang=en><meta charset=utf-8><title>Back soon</title>\
                <style>body{background:linear-gradient(#036,#fc9);color:#fff}</style><h1>Back soon</h1><p>";
    let words: String = (0..)
        .map(|word| format!("word{word} "))
        .take(bytes / 5)
        .collect();
    format!("{head}{words}")[..bytes.max(head.len())].to_owned()
}

impl Responder {
    /// Answers on port 80 for a site without real servers, whose page this is: always.
    pub(crate) fn always(world: &World, hook: Hook, page: &str) -> Responder {
        Responder::always_at(world, hook.word(), page)
    }

    /// The same with this word for the hook.
    pub(crate) fn always_at(world: &World, hook: &str, page: &str) -> Responder {
        let folder = configured(world, hook, page, &listens_on(world, 80), "");
        let server = Server::spawn(run(world, folder.path(), &[]));
        Responder { server, folder }
    }

    /// The same as a user who may do nothing but listen.
    pub(crate) fn as_nobody(world: &World, page: &str) -> Responder {
        world.server().set("ipv4/ip_unprivileged_port_start", "0");
        let folder = configured(world, "auto", page, &listens_on(world, 80), "");
        std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).expect("give it away");
        let server = Server::spawn(run(world, folder.path(), &AS_NOBODY));
        Responder { server, folder }
    }

    /// With `on-crash = "keep"` and the shortest lease. `ip netns exec` would show it a /sys of its own, without what is mounted there.
    pub(crate) fn kept(world: &World, hook: Hook, page: &str, sorry: &str) -> Responder {
        let folder = keeping(world, hook, page, sorry);
        let server = Server::spawn(entered(world, folder.path()));
        Responder { server, folder }
    }

    /// The same as a user that has the capabilities for it, and is not root.
    pub(crate) fn kept_by_nobody(world: &World, page: &str, sorry: &str) -> Responder {
        let folder = keeping(world, Hook::Tc, page, sorry);
        let owner = Some(NOBODY);
        std::os::unix::fs::chown(folder.path(), owner, owner).expect("give it away");
        for file in std::fs::read_dir(folder.path()).expect("files") {
            let path = file.expect("a file").path();
            std::os::unix::fs::chown(path, owner, owner).expect("give it away");
        }
        let capabilities = "+bpf,+net_admin,+perfmon";
        let server = Server::spawn(entered_by(
            world,
            folder.path(),
            &[
                &AS_NOBODY[..],
                &["--inh-caps", capabilities, "--ambient-caps", capabilities],
            ]
            .concat(),
        ));
        Responder { server, folder }
    }

    /// At the driver, with these keys of `[site.sorry]` and these of `[kernel]`, and these tables behind them.
    pub(crate) fn with_terms(
        world: &World,
        page: &str,
        sorry: &str,
        terms: &str,
        more: &str,
    ) -> Responder {
        let folder = configured(world, "xdp", page, sorry, more);
        let file = folder.path().join("sorry.toml");
        let typed = std::fs::read_to_string(&file).expect("read it");
        let typed = typed.replace("[kernel]\n", &format!("[kernel]\n{terms}\n"));
        std::fs::write(&file, typed).expect("write it");
        let server = Server::spawn(run(world, folder.path(), &[]));
        Responder { server, folder }
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes these words in the place of those in its configuration, for whoever reads that next.
    pub(crate) fn reconfigure(&self, words: &str, others: &str) {
        let file = self.folder.path().join("sorry.toml");
        let typed = std::fs::read_to_string(&file).expect("read it");
        assert!(typed.contains(words), "{typed}");
        std::fs::write(&file, typed.replace(words, others)).expect("write it");
    }

    /// The child of a service manager, which is restarted by SIGHUP.
    pub(crate) fn managed(world: &World, hook: Hook, page: &str, sorry: &str) -> Responder {
        let folder = configured(world, hook.word(), page, sorry, "");
        let script = fixtures().join("kernel/via_manager.py");
        let script = script.to_str().expect("a path");
        let manager = ["/usr/bin/python3", "-I", script];
        let server = Server::spawn(run(world, folder.path(), &manager));
        Responder { server, folder }
    }

    /// As on a kernel without eBPF.
    pub(crate) fn without_bpf(world: &World, page: &str) -> Responder {
        let folder = configured(world, "auto", page, &listens_on(world, 80), "");
        let script = fixtures().join("kernel/without_bpf.py");
        let by = ["/usr/bin/python3", "-I", script.to_str().expect("a path")];
        let server = Server::spawn(run(world, folder.path(), &by));
        Responder { server, folder }
    }

    /// Starts it anew, once it has ended.
    pub(crate) fn again(&mut self, world: &World) {
        self.server = Server::spawn(entered(world, self.folder.path()));
    }

    /// With these keys of `[site.sorry]` and these behind it.
    pub(crate) fn start(
        world: &World,
        hook: Hook,
        page: &str,
        sorry: &str,
        more: &str,
    ) -> Responder {
        let folder = configured(world, hook.word(), page, sorry, more);
        let server = Server::spawn(run(world, folder.path(), &[]));
        Responder { server, folder }
    }

    /// Another process takes over.
    pub(crate) fn take_over(&mut self, world: &World) {
        let mut command = run(world, self.folder.path(), &[]);
        command.arg("--takeover");
        let successor = Server::spawn(command);
        let mut predecessor = std::mem::replace(&mut self.server, successor);
        predecessor.wait();
    }

    /// The same in this process's file systems.
    pub(crate) fn take_over_here(&mut self, world: &World) {
        let mut command = entered(world, self.folder.path());
        command.arg("--takeover");
        let successor = Server::spawn(command);
        let mut predecessor = std::mem::replace(&mut self.server, successor);
        predecessor.wait();
    }

    /// One of our verbs, asked of this daemon.
    pub(crate) fn verb(&self, words: &[&str]) -> Command {
        let mut command = Command::new(SORRY);
        command
            .args(words)
            .arg("--admin")
            .arg(self.folder.path().join("admin.sock"));
        command
    }

    pub(crate) fn order(&self, words: &[&str]) {
        let output = self.verb(words).output().expect("run sorry");
        assert!(
            output.status.success(),
            "{words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// What `sorry status --json` says.
    pub(crate) fn status(&self) -> Value {
        let output = self
            .verb(&["status", "--json"])
            .output()
            .expect("run sorry");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    /// What the kernel has counted.
    pub(crate) fn count(&self, name: &str) -> u64 {
        self.status()["kernel"]["sites"][0]["counts"][name]
            .as_u64()
            .unwrap_or(0)
    }

    /// Answers that user space has given.
    pub(crate) fn in_user_space(&self) -> u64 {
        self.status()["sites"][0]["answers"]
            .as_u64()
            .expect("a number")
    }

    /// Waits until the kernel says so of every address.
    pub(crate) fn wait_for_mode(&self, mode: &str) {
        let deadline = Instant::now() + PATIENCE;
        let is_so = || {
            let status = self.status();
            let vips = status["kernel"]["sites"][0]["vips"].as_array()?.clone();
            (!vips.is_empty() && vips.iter().all(|vip| vip["mode"] == mode)).then_some(())
        };
        until(deadline, is_so, &format!("the kernel is {mode}"));
    }

    /// Waits until the kernel has counted so far.
    pub(crate) fn wait_for_count(&self, name: &str, least: u64) {
        let deadline = Instant::now() + PATIENCE;
        until(
            deadline,
            || (self.count(name) >= least).then_some(()),
            &format!("{least} of {name}"),
        );
    }
}

/// Another listener of the site, and that the kernel answers on port 80 while the site is down.
pub(crate) fn answers_for(world: &World) -> String {
    let [four, six] =
        Family::BOTH.map(|family| std::net::SocketAddr::new(world.address(family), 80).to_string());
    format!(
        "listen = [\"[::]:8503\"]\nkernel = \"when down\"\nkernel-vips = [\"{four}\", \"{six}\"]"
    )
}

/// The key `listen`, and that the kernel answers there.
pub(crate) fn listens_on(world: &World, port: u16) -> String {
    let [four, six] = Family::BOTH
        .map(|family| std::net::SocketAddr::new(world.address(family), port).to_string());
    format!("listen = [\"{four}\", \"{six}\"]\nkernel = \"when down\"")
}

/// Longer than anything takes.
pub(crate) const LONG: Duration = Duration::from_secs(120);
