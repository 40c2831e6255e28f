//! A daemon, its real servers (nginx each), and a receiver of its alerts.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::Value;
use tempfile::TempDir;

use crate::balancers::balancer::{Balancer, own_address};
use crate::harness::{PATIENCE, SORRY, Server, run, text, until};

/// See the file's header.
pub(super) struct World {
    pub(super) daemon: Option<Server>,
    pub(super) folder: TempDir,
    reals: Vec<(SocketAddr, Option<Balancer>)>,
    alerts: Receiver<Value>,
    hook: SocketAddr,
    /// The network namespace that the daemon is in.
    network: Option<String>,
}

/// What of a configuration is not the same everywhere.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// How many real servers.
    pub(super) reals: usize,
    /// How many of them are needed.
    pub(super) quorum: usize,
    /// More keys of the site, and tables behind it.
    pub(super) more: &'static str,
}

impl World {
    /// All real servers live, and the daemon has seen them.
    pub(super) fn start(plan: &Plan) -> World {
        let reals = (0..plan.reals).map(|_| {
            let address = own_address();
            (address, Some(nginx(address)))
        });
        let (hook, alerts) = hook(None);
        let mut world = World {
            daemon: None,
            folder: tempfile::tempdir().expect("a folder"),
            reals: reals.collect(),
            alerts,
            hook,
            network: None,
        };
        world.configure(plan);
        world.begin();
        for number in 0..plan.reals {
            world.wait_real(number, "up");
        }
        world
    }

    /// Real servers at these addresses, which somebody else sees to.
    pub(super) fn near(plan: &Plan, reals: &[SocketAddr]) -> World {
        World::of_others(plan, None, reals)
    }

    /// The same, with the daemon in a network namespace.
    pub(super) fn far(plan: &Plan, network: &str, reals: &[SocketAddr]) -> World {
        World::of_others(plan, Some(network), reals)
    }

    fn of_others(plan: &Plan, network: Option<&str>, reals: &[SocketAddr]) -> World {
        let (hook, alerts) = hook(network);
        let mut world = World {
            daemon: None,
            folder: tempfile::tempdir().expect("a folder"),
            reals: reals.iter().map(|address| (*address, None)).collect(),
            alerts,
            hook,
            network: network.map(str::to_owned),
        };
        world.configure(plan);
        world.begin();
        for number in 0..reals.len() {
            world.wait_real(number, "up");
        }
        world
    }

    /// A program, where the daemon is.
    fn command(&self, program: &str) -> Command {
        match &self.network {
            None => Command::new(program),
            Some(network) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", network, program]);
                command
            }
        }
    }

    /// Writes the configuration.
    pub(super) fn configure(&self, plan: &Plan) {
        let mut file = format!(
            "[admin]\nsocket = \"{}\"\n[metrics]\nlisten = \"127.0.0.1:0\"\n\
             [[alert]]\nname = \"ops\"\nwebhook.url = \"http://{}/hook\"\n\
             [[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:0\"]\nquorum.at-least = {}\n\
             damping = {{ dwell-sorry = \"0s\", hold-down = \"0s\" }}\n\
             check.http = {{ path = \"/\", every = \"200ms\", timeout = \"500ms\", fall = 2, rise = 2, suspect-every = \"100ms\" }}\n",
            self.socket().display(),
            self.hook,
            plan.quorum,
        );
        let (of_site, behind) = plan.more.split_once("---").unwrap_or((plan.more, ""));
        file += of_site;
        for (address, _) in &self.reals {
            file += &format!("[[site.real-server]]\naddress = \"{address}\"\n");
        }
        file += behind;
        let first = self.address(0).to_string();
        std::fs::write(self.file(), file.replace("REAL", &first)).expect("write the configuration");
    }

    pub(super) fn file(&self) -> PathBuf {
        self.folder.path().join("sorry.toml")
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.folder.path().join("admin.sock")
    }

    pub(super) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Starts the daemon.
    pub(super) fn begin(&mut self) {
        let mut command = self.command(SORRY);
        command.env("STATE_DIRECTORY", self.state());
        command.arg("run").arg(self.file());
        self.daemon = Some(Server::spawn(command));
    }

    /// Ends the daemon as a crash does.
    pub(super) fn crash(&mut self) {
        self.daemon().signal("KILL");
        self.bury();
    }

    /// Waits for the end of a daemon that was killed.
    pub(super) fn bury(&mut self) {
        self.daemon.take().expect("it runs").wait();
    }

    pub(super) fn daemon(&self) -> &Server {
        self.daemon.as_ref().expect("it runs")
    }

    pub(super) fn address(&self, number: usize) -> SocketAddr {
        self.reals[number].0
    }

    /// A real server dies as a process that is killed.
    pub(super) fn kill(&mut self, number: usize) {
        self.reals[number].1 = None;
    }

    /// It comes back.
    pub(super) fn revive(&mut self, number: usize) {
        let (address, server) = &mut self.reals[number];
        *server = Some(nginx(*address));
    }

    /// Runs a verb against the daemon: its exit code, and what it printed.
    pub(super) fn verb(&self, arguments: &[&str]) -> (i32, String) {
        verb(&self.file(), arguments)
    }

    /// The same, which must work, as JSON.
    pub(super) fn json(&self, arguments: &[&str]) -> Value {
        let mut all = arguments.to_vec();
        all.push("--json");
        let (code, printed) = self.verb(&all);
        assert_eq!(code, 0, "{arguments:?}: {printed}");
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
    }

    /// How the site stands.
    pub(super) fn site(&self) -> Value {
        let status = self.json(&["status"]);
        status["standing"]["sites"][0].clone()
    }

    /// Waits until the site is sent there, for that reason.
    pub(super) fn wait_site(&self, route: &str, why: &str) -> Value {
        let stands = || {
            let site = self.site();
            (site["route"] == route && site["why"] == why).then_some(site)
        };
        let what = format!("shop is {route} because of {why}");
        until(Instant::now() + PATIENCE, stands, &what)
    }

    /// Waits until a real server is in that state.
    pub(super) fn wait_real(&self, number: usize, state: &str) {
        let stands = || {
            let site = self.site();
            (site["real_servers"][number]["state"] == state).then_some(())
        };
        until(
            Instant::now() + PATIENCE,
            stands,
            "a real server has turned",
        );
    }

    /// Waits until what is seen is not believed, for that reason.
    pub(super) fn wait_doubt(&self, cause: &str) {
        let doubted = || {
            let status = self.json(&["status"]);
            (status["standing"]["doubt"]["cause"] == cause).then_some(())
        };
        until(Instant::now() + PATIENCE, doubted, "there is doubt");
    }

    /// The next alert.
    pub(super) fn alert(&self) -> Value {
        let alert = self.alerts.recv_timeout(PATIENCE);
        alert.unwrap_or_else(|_| panic!("no alert came"))
    }

    /// Nobody was told anything that nobody has waited for. What is decided by now is on its way or delivered: once nothing is on its
    /// way, a test is the next that comes.
    pub(super) fn no_stray_alert(&self, why: &str) {
        let waiting = "sorry_alerts_waiting{receiver=\"ops\",channel=\"webhook\"}";
        let delivered = || (self.metric(waiting) == Some(0.0)).then_some(());
        until(Instant::now() + PATIENCE, delivered, "all is delivered");
        let (code, printed) = self.verb(&["alert", "test", "ops"]);
        assert_eq!(code, 0, "{printed}");
        let next = self.alert();
        assert_eq!(next["kind"], "test", "{why}: {next}");
    }

    /// The value of a metric, by its whole name with labels.
    pub(super) fn metric(&self, name: &str) -> Option<f64> {
        let said = self.daemon().said("metrics on ").expect("it says where");
        let url = said.split("metrics on ").nth(1).expect("an address");
        let page = self.command("curl").args(["-sS", url]).output();
        let page = text(&page.expect("run curl; see cargo xtask setup").stdout);
        let line = page.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().parse().ok()
    }
}

/// Runs a verb against the daemon of this configuration.
pub(super) fn verb(file: &Path, arguments: &[&str]) -> (i32, String) {
    let mut all = arguments.to_vec();
    all.extend(["--config", file.to_str().expect("a path")]);
    let output = run(SORRY, &all);
    let printed = text(&output.stdout) + &text(&output.stderr);
    (output.status.code().unwrap_or(-1), printed)
}

fn nginx(address: SocketAddr) -> Balancer {
    let block =
        format!("server {{ listen {address}; location / {{ return 200 \"the site\"; }} }}\n");
    Balancer::nginx(&block, address)
}

/// A port of the loopback, where the daemon is. A socket stays in the network that it was made in, and a thread that went there for it
/// ends there.
fn loopback(network: Option<&str>) -> TcpListener {
    let bind = || TcpListener::bind("127.0.0.1:0").expect("bind");
    let Some(network) = network else {
        return bind();
    };
    let namespace = File::open(format!("/run/netns/{network}")).expect("a network namespace");
    let bound = std::thread::spawn(move || {
        let kind = Some(LinkNameSpaceType::Network);
        move_into_link_name_space(namespace.as_fd(), kind).expect("enter the namespace");
        bind()
    });
    bound.join().expect("no panic")
}

/// A receiver of webhooks that takes everything, and hands it on; where the daemon is.
fn hook(network: Option<&str>) -> (SocketAddr, Receiver<Value>) {
    let listener = loopback(network);
    let address = listener.local_addr().expect("its address");
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut stream = stream;
            let mut bytes = Vec::new();
            let mut chunk = [0; 4096];
            let alert = loop {
                let count = stream.read(&mut chunk).unwrap_or(0);
                bytes.extend_from_slice(&chunk[..count]);
                let end = bytes.windows(4).position(|part| part == b"\r\n\r\n");
                let body = end.map(|end| &bytes[end + 4..]);
                if let Some(alert) = body.and_then(|body| serde_json::from_slice(body).ok()) {
                    break alert;
                }
                if count == 0 {
                    break Value::Null;
                }
            };
            let _gone = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
            if sender.send(alert).is_err() {
                return;
            }
        }
    });
    (address, receiver)
}
