//! The folder in which one scenario takes place, and the configuration that lies in it. It is removed at the end, unless the scenario
//! failed: then what the program said stays to be read.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::visitors::Door;
use crate::bench::exchange;
use crate::steps;

pub(crate) struct Ground {
    pub(crate) folder: PathBuf,
    /// The program that is tried.
    pub(crate) sorry: PathBuf,
    address: SocketAddr,
    /// The site's real servers, which are checked often; none where nothing is watched.
    real_servers: Vec<SocketAddr>,
    /// Whether the folder stays.
    pub(crate) keep: bool,
}

impl Ground {
    /// A folder of its own in the system's place for such, since the name of a unix socket must be short.
    pub(crate) fn prepare(sorry: &Path, name: &str) -> Result<Self, String> {
        let folder = format!("sorry-soak-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        let cannot = |error| format!("cannot make {}: {error}", folder.display());
        fs::create_dir(&folder).map_err(cannot)?;
        let ground = Self {
            folder,
            sorry: sorry.to_owned(),
            address: free_address()?,
            real_servers: Vec::new(),
            keep: false,
        };
        ground.configure("back soon", &[])?;
        Ok(ground)
    }

    /// Writes the configuration: what the site says, and unix listeners beside the two that are always there.
    pub(crate) fn configure(&self, say: &str, more: &[&Path]) -> Result<(), String> {
        let folder = self.folder.display();
        let mut listen = format!("\"{}\", \"unix:{}\"", self.address, self.unix().display());
        for path in more {
            listen.push_str(&format!(", \"unix:{}\"", path.display()));
        }
        self.write(&format!(
            "workers = 2\nstate = \"{folder}/state\"\n[admin]\nsocket = \"{folder}/run/admin.sock\"\n\
             [limits]\ndrain-time = \"5s\"\nhead-time = \"2s\"\nbody-time = \"2s\"\nidle-time = \"1s\"\nlinger-time = \"1s\"\n\
             [[site]]\nname = \"shop\"\n{}[site.sorry]\nlisten = [{listen}]\nsay = \"{say}\"\n{}",
            self.watched(),
            self.real_servers()
        ))
    }

    /// From now on the site has these real servers, and needs all of them.
    pub(crate) fn watch(&mut self, real_servers: &[SocketAddr]) {
        self.real_servers = real_servers.to_vec();
    }

    /// How they are checked: so fast that whatever they do turns the site at once.
    fn watched(&self) -> String {
        match self.real_servers.len() {
            0 => String::new(),
            count => format!(
                "quorum.at-least = {count}\ndamping = {{ dwell-live = \"0s\", dwell-sorry = \"0s\", hold-down = \"0s\" }}\n\
                 check.http = {{ path = \"/\", every = \"100ms\", timeout = \"90ms\", suspect-every = \"100ms\", fall = 1, rise = 1 }}\n"
            ),
        }
    }

    fn real_servers(&self) -> String {
        let real = |address| format!("[[site.real-server]]\naddress = \"{address}\"\n");
        self.real_servers.iter().map(real).collect()
    }

    /// Writes whatever is to be read as the configuration.
    pub(crate) fn write(&self, text: &str) -> Result<(), String> {
        let file = self.file();
        fs::write(&file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join("sorry.toml")
    }

    pub(crate) fn admin(&self) -> PathBuf {
        self.folder.join("run/admin.sock")
    }

    pub(crate) fn unix(&self) -> PathBuf {
        self.folder.join("shop.sock")
    }

    pub(crate) fn tcp(&self) -> SocketAddr {
        self.address
    }

    /// Where visitors may enter.
    pub(crate) fn doors(&self) -> [Door; 2] {
        [Door::Tcp(self.address), Door::Unix(self.unix())]
    }

    /// Runs a verb of the program that asks the admin socket; its exit code.
    pub(crate) fn ask(&self, verb: &str) -> Result<i32, String> {
        let output = Command::new(&self.sorry)
            .args([verb, "--admin"])
            .arg(self.admin())
            .output()
            .map_err(|error| format!("cannot start {}: {error}", self.sorry.display()))?;
        let ended = || format!("sorry {verb}: {}", steps::ending(output.status));
        output.status.code().ok_or_else(ended)
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        if self.keep {
            eprintln!("-- soak: what it said is in {}", self.folder.display());
        } else {
            fs::remove_dir_all(&self.folder).ok();
        }
    }
}

/// An address on the loopback that nobody used a moment ago. It is written down, since a process that was killed must come back to it.
fn free_address() -> Result<SocketAddr, String> {
    TcpListener::bind(exchange::address(0))
        .and_then(|listener| listener.local_addr())
        .map_err(|error| format!("cannot find a free port: {error}"))
}
