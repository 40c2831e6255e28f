//! What both watchers watch: an nginx on the other core, at every loopback address, and the files that keepalived needs. Removed at the
//! end.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::super::quiet;
use super::super::running::CORES;
use crate::cargo;
use crate::signal;

/// Nothing here takes this long to start.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Scene {
    pub(super) folder: PathBuf,
    /// Our program.
    pub(super) ours: PathBuf,
    /// The port that real servers have.
    pub(super) port: u16,
    count_port: u16,
    nginx: Option<Child>,
}

impl Scene {
    pub(super) fn set(ours: PathBuf) -> Result<Scene, String> {
        let folder = cargo::logs().join(format!("bench-checks-{}", std::process::id()));
        fs::create_dir_all(&folder)
            .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        let mut scene = Scene {
            folder,
            ours,
            port: free_port()?,
            count_port: free_port()?,
            nginx: None,
        };
        scene.start_nginx()?;
        scene.build_shim()?;
        Ok(scene)
    }

    fn start_nginx(&mut self) -> Result<(), String> {
        let configuration = template("watched.conf")?
            .replace("@WATCHED@", &self.port.to_string())
            .replace("@COUNT@", &self.count_port.to_string());
        self.write("watched.conf", &configuration)?;
        let log = self.folder.join("watched.log");
        let log = File::create(&log)
            .map_err(|error| format!("cannot write {}: {error}", log.display()))?;
        let core = CORES[1].to_string();
        let nginx = Command::new("sh")
            .args([
                "-c",
                "ulimit -n 40000 2>/dev/null; exec setpriv --pdeathsig TERM \"$@\"",
                "sh",
            ])
            .args(["taskset", "--cpu-list", &core])
            .args([
                "/usr/sbin/nginx",
                "-e",
                "stderr",
                "-c",
                "watched.conf",
                "-p",
            ])
            .arg(&self.folder)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|error| format!("cannot start nginx: {error}"))?;
        self.nginx = Some(nginx);
        let start = Instant::now();
        while let Err(why) = self.requests() {
            if start.elapsed() > PATIENCE {
                let said = fs::read_to_string(self.folder.join("watched.log")).unwrap_or_default();
                return Err(format!("nginx does not answer: {why}; it said: {said}"));
            }
            quiet::pass(Duration::from_millis(5));
        }
        Ok(())
    }

    /// What keepalived takes for a kernel with IPVS.
    fn build_shim(&self) -> Result<(), String> {
        let source = peers().join("no_ipvs.c");
        let output = Command::new("gcc")
            .args(["-O2", "-shared", "-fPIC", "-o"])
            .arg(self.shim())
            .arg(source)
            .output()
            .map_err(|error| format!("cannot start gcc: {error}; see `cargo xtask setup`"))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    pub(super) fn shim(&self) -> PathBuf {
        self.folder.join("no_ipvs.so")
    }

    /// keepalived's configuration for so many real servers.
    pub(super) fn keepalived(&self, count: u32) -> Result<(), String> {
        let port = self.port;
        let each = |number: u32| {
            let (third, fourth) = (number / 250, number % 250 + 1);
            format!(
                "    real_server 127.10.{third}.{fourth} {port} {{ weight 1\n        HTTP_GET {{ url {{ path /\n            \
                 status_code 200 }}\n            connect_timeout 1\n            retry 1\n            delay_before_retry 1 }} }}\n"
            )
        };
        let servers: String = (0..count).map(each).collect();
        let configuration = template("keepalived.conf")?.replace("@REAL_SERVERS@", &servers);
        self.write("keepalived.conf", &configuration)
    }

    /// Ours, with the same real servers; how it listens is told in `metrics`.
    pub(super) fn sorry(&self, count: u32, metrics: u16) -> Result<(), String> {
        let port = self.port;
        let folder = self.folder.display();
        let each = |number: u32| {
            let (third, fourth) = (number / 250, number % 250 + 1);
            format!("[[site.real-server]]\naddress = \"127.10.{third}.{fourth}:{port}\"\n")
        };
        let servers: String = (0..count).map(each).collect();
        let configuration = template("watching.toml")?
            .replace("@FOLDER@", &folder.to_string())
            .replace("@METRICS@", &metrics.to_string())
            .replace("@REAL_SERVERS@", &servers);
        self.write("sorry.toml", &configuration)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), String> {
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
    }

    /// How many requests there were so far, with this one.
    pub(super) fn requests(&self) -> Result<u64, String> {
        let cannot = |error: std::io::Error| format!("cannot ask nginx: {error}");
        let mut stream = TcpStream::connect(("127.0.0.1", self.count_port)).map_err(cannot)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(cannot)?;
        stream
            .write_all(b"GET / HTTP/1.0\r\n\r\n")
            .map_err(cannot)?;
        let mut page = String::new();
        stream.read_to_string(&mut page).map_err(cannot)?;
        requests(&page).ok_or_else(|| format!("nginx said: {page}"))
    }
}

/// The third number of the line behind that which names them.
fn requests(page: &str) -> Option<u64> {
    let mut lines = page.lines().skip_while(|line| !line.contains("requests"));
    lines.nth(1)?.split_whitespace().nth(2)?.parse().ok()
}

impl Drop for Scene {
    fn drop(&mut self) {
        if let Some(nginx) = &mut self.nginx {
            // Its worker goes with it.
            signal::send("TERM", &[nginx.id()]);
            nginx.wait().ok();
        }
        fs::remove_dir_all(&self.folder).ok();
    }
}

fn peers() -> PathBuf {
    cargo::root().join(Path::new("bench/peers"))
}

fn template(name: &str) -> Result<String, String> {
    let path = peers().join(name);
    fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

pub(super) fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let address = listener.map_err(|error| format!("no free port: {error}"))?;
    Ok(address.port())
}

#[cfg(test)]
mod tests {
    use super::requests;

    #[test]
    fn requests_are_read() {
        let page = "HTTP/1.1 200 OK\r\n\r\nActive connections: 1 \nserver accepts handled requests\n 31 32 33 \nReading: 0\n";
        assert_eq!(requests(page), Some(33));
        assert_eq!(requests("HTTP/1.1 404"), None);
    }
}
