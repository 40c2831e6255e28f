//! `cargo xtask bench detection`: from the death of a real server to the decision, beside the worst case that `sorry check-config` prints for
//! the same configuration. A server dies in two ways: it refuses, or it falls silent with its port open.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::exchange;
use super::quiet;
use crate::cargo;
use crate::options::{self, Takes};
use crate::steps;
use crate::verb::End;

const OPTIONS: [(&str, Takes); 2] = [("--times", Takes::Value), ("--binary", Takes::Value)];

/// Every 1 s, fall 2, timeout 0.5 s: the worst case is 1.2 s and 1.7 s.
const CHECK: &str =
    "check.http = { path = \"/\", every = \"1s\", timeout = \"500ms\", fall = 2, rise = 1 }";

/// Nothing here takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a server dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Death {
    Refuses,
    Silent,
}

pub(super) fn run(arguments: &[String]) -> Result<End, String> {
    let options = options::split(arguments, &OPTIONS)?;
    options.nothing_else()?;
    let times = match options.value("--times").map(str::parse) {
        None => 20,
        Some(Ok(times @ 1..=1000)) => times,
        Some(_) => return Err("`--times` takes a number from 1 to 1000".to_owned()),
    };
    let sorry = match options.value("--binary") {
        Some(binary) => PathBuf::from(binary),
        None => {
            eprintln!("-- build: profile release");
            let build = ["build", "--package", "sorry-server", "--profile", "release"];
            steps::succeed(&mut cargo::cargo(&build))?;
            cargo::target().join("release").join("sorry")
        }
    };
    let folder = std::env::temp_dir().join(format!("sorry-detection-{}", std::process::id()));
    fs::create_dir(&folder)
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let measured = measure(&sorry, &folder, times);
    fs::remove_dir_all(&folder).ok();
    let held = measured?;
    Ok(if held { End::Good } else { End::Bad })
}

fn measure(sorry: &Path, folder: &Path, times: u64) -> Result<bool, String> {
    let address = Server::start(None)?.address;
    let file = folder.join("sorry.toml");
    let text = format!(
        "state = \"none\"\n[admin]\nsocket = \"none\"\n[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:0\"]\n\
         damping = {{ dwell-sorry = \"0s\", hold-down = \"0s\" }}\n{CHECK}\n[[site.real-server]]\naddress = \"{address}\"\n"
    );
    fs::write(&file, text).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    let worst = worst_case(sorry, &file)?;
    let mut server = Server::start(Some(address))?;
    let mut daemon = Daemon::start(sorry, &file)?;
    daemon.wait_for("is up")?;
    println!("from death to decision, {times} times each; {CHECK}");
    let mut held = true;
    for (death, name, worst) in [
        (Death::Refuses, "refused", worst.0),
        (Death::Silent, "silent", worst.1),
    ] {
        let mut took = Vec::new();
        for _ in 0..times {
            // Each death at another moment between two probes.
            quiet::pass(Duration::from_millis(1000 + 137 * took.len() as u64 % 1000));
            let died = server.die(death);
            daemon.wait_for("shop: sorry")?;
            took.push(died.elapsed());
            server = server.revived()?;
            daemon.wait_for("shop: live")?;
        }
        took.sort_unstable();
        let of = |index: usize| took.get(index).copied().unwrap_or_default().as_secs_f64();
        let most = of(took.len().saturating_sub(1));
        println!(
            "{name:<8} least {:.2} s, median {:.2} s, most {most:.2} s; worst case {:.2} s{}",
            of(0),
            of(took.len() / 2),
            worst.as_secs_f64(),
            if most > worst.as_secs_f64() {
                "  MISSED"
            } else {
                ""
            }
        );
        held &= most <= worst.as_secs_f64();
    }
    Ok(held)
}

/// What `sorry check-config --json` promises: for a server that refuses, and for one that is silent.
fn worst_case(sorry: &Path, file: &Path) -> Result<(Duration, Duration), String> {
    let output = Command::new(sorry)
        .args(["check-config", "--json"])
        .arg(file)
        .output()
        .map_err(|error| format!("cannot start {}: {error}", sorry.display()))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let number = |key: &str| {
        let after = said.split(&format!("\"{key}\"")).nth(1)?;
        let digits = after.trim_start_matches([':', ' ']);
        let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok().map(Duration::from_millis)
    };
    let both = number("refused_ms").zip(number("silent_ms"));
    both.ok_or_else(|| format!("check-config says no worst case: {said}"))
}

/// The program, with the lines of its log.
struct Daemon {
    child: Child,
    lines: Receiver<String>,
}

impl Daemon {
    fn start(sorry: &Path, file: &Path) -> Result<Daemon, String> {
        let mut child = Command::new(sorry)
            .arg("run")
            .arg(file)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", sorry.display()))?;
        let (sender, lines) = channel();
        let stderr = child.stderr.take().ok_or("it has no standard error")?;
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Daemon { child, lines })
    }

    fn wait_for(&mut self, words: &str) -> Result<(), String> {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(words) => return Ok(()),
                Ok(_) => {}
                Err(_) => return Err(format!("it did not say `{words}`")),
            }
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A real server: answers 200 while it lives.
struct Server {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    silent: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    fn start(address: Option<SocketAddr>) -> Result<Server, String> {
        let wanted = address.unwrap_or_else(|| exchange::address(0));
        let listener = TcpListener::bind(wanted)
            .map_err(|error| format!("cannot listen on {wanted}: {error}"))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let (over, silent) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicBool::new(false)),
        );
        let accepting = {
            let (over, silent) = (Arc::clone(&over), Arc::clone(&silent));
            thread::spawn(move || serve(&listener, &over, &silent))
        };
        Ok(Server {
            address,
            over,
            silent,
            accepting: Some(accepting),
        })
    }

    /// When it died.
    fn die(&mut self, death: Death) -> Instant {
        match death {
            Death::Silent => {
                self.silent.store(true, Ordering::SeqCst);
                Instant::now()
            }
            Death::Refuses => {
                self.stop();
                Instant::now()
            }
        }
    }

    fn stop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts; it drops the listener.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            accepting.join().ok();
        }
    }

    fn revived(mut self) -> Result<Server, String> {
        self.stop();
        Server::start(Some(self.address))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.accepting.is_some() {
            self.stop();
        }
    }
}

fn serve(listener: &TcpListener, over: &AtomicBool, silent: &AtomicBool) {
    let mut kept = Vec::new();
    for stream in listener.incoming().map_while(Result::ok) {
        if over.load(Ordering::SeqCst) {
            return;
        }
        if silent.load(Ordering::SeqCst) {
            kept.push(stream);
            continue;
        }
        let mut stream = stream;
        let mut head = [0; 1024];
        stream.set_read_timeout(Some(Duration::from_secs(1))).ok();
        if stream.read(&mut head).is_ok() {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                .ok();
        }
    }
}
