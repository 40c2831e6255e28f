//! Starts the real binary, waits until it listens, and ends it when the test ends, however it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Nothing in a test may take longer than this.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The binary under test.
pub(crate) const SORRY: &str = env!("CARGO_BIN_EXE_sorry");

/// A running `sorry`.
pub(crate) struct Server {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    /// What it keeps, where nobody else has said; goes with it.
    _state: tempfile::TempDir,
    /// Where it listens, in the order it said so.
    pub(crate) addresses: Vec<String>,
}

impl Server {
    /// `sorry serve` with these flags; port 0 unless they say otherwise.
    pub(crate) fn serve(flags: &[&str]) -> Server {
        let mut command = Command::new(SORRY);
        command.arg("serve");
        if !flags.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        command.args(flags);
        Server::spawn(command)
    }

    /// `sorry run` with this configuration, written to `folder`.
    pub(crate) fn run(folder: &Path, configuration: &str) -> Server {
        let file = folder.join("sorry.toml");
        std::fs::write(&file, configuration).expect("write the configuration");
        let mut command = Command::new(SORRY);
        command.env("STATE_DIRECTORY", folder.join("state"));
        command.arg("run").arg("--config").arg(file);
        Server::spawn(command)
    }

    /// Any command line of ours that serves; returns when every listener is open.
    pub(crate) fn spawn(mut command: Command) -> Server {
        let state = tempfile::tempdir().expect("make a folder");
        if !command
            .get_envs()
            .any(|(name, _)| name == "STATE_DIRECTORY")
        {
            command.env("STATE_DIRECTORY", state.path());
        }
        let mut child = command
            .stderr(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()
            .expect("start sorry");
        let (sender, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().expect("stderr is piped"));
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _test_has_ended = sender.send(line);
            }
        });
        let mut server = Server {
            child,
            lines,
            seen: Vec::new(),
            _state: state,
            addresses: Vec::new(),
        };
        server.wait_for("ready");
        server.addresses = server
            .seen
            .iter()
            .filter_map(|line| line.split_once("listening on "))
            .map(|(_, address)| address.to_owned())
            .collect();
        server
    }

    /// The first TCP address.
    pub(crate) fn address(&self) -> SocketAddr {
        let parsed = self
            .addresses
            .iter()
            .find_map(|address| address.parse().ok());
        parsed.expect("a TCP listener")
    }

    /// `http://ADDRESS` and a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// Waits for a line of the log that contains `text`, and returns it.
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(_) => panic!(
                    "no line with {text:?}; the log was:\n{}",
                    self.seen.join("\n")
                ),
            }
        }
    }

    /// The line with `text` that was seen on the way to "ready" or since, as far as somebody has waited.
    pub(crate) fn said(&self, text: &str) -> Option<&str> {
        let line = self.seen.iter().find(|line| line.contains(text));
        line.map(String::as_str)
    }

    /// How many lines with `text` were seen.
    pub(crate) fn times_said(&self, text: &str) -> usize {
        self.seen.iter().filter(|line| line.contains(text)).count()
    }

    /// Its process number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal by name: `TERM`, `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.pid().to_string())
            .status();
        assert!(sent.expect("run kill").success());
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        until(
            deadline,
            || self.child.try_wait().expect("wait for sorry"),
            "sorry has ended",
        )
    }

    /// Sends raw bytes on a new connection and reads to its end.
    pub(crate) fn exchange(&self, bytes: &[u8]) -> Vec<u8> {
        exchange(self.address(), bytes)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _already_reaped = self.child.wait();
    }
}

/// Sends raw bytes on a new connection and reads to its end.
pub(crate) fn exchange(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(address);
    stream.write_all(bytes).expect("write");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("read to the end");
    answer
}

/// A connection with limits of time.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("connect");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("set a timeout");
    stream
        .set_write_timeout(Some(PATIENCE))
        .expect("set a timeout");
    stream
}

/// Awaits a condition that nobody tells us of, by looking again and again until the deadline.
pub(crate) fn until<T>(deadline: Instant, mut look: impl FnMut() -> Option<T>, what: &str) -> T {
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Runs a program to its end; the test fails if it cannot be started (never skipped: `cargo xtask setup` installs it).
pub(crate) fn run(program: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new("timeout");
    command
        .arg("60")
        .arg(program)
        .args(arguments)
        .stdin(Stdio::null());
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("cannot run {program}: {error}"));
    assert_ne!(
        output.status.code(),
        Some(127),
        "{program} is not installed; see cargo xtask setup"
    );
    output
}

/// What a program printed, as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// An HTTP/1 answer in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status_line: String,
    /// Names in lower case.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Reads one answer from the front of `bytes` by its Content-Length; returns what follows it. `head` says whether it
    /// answers HEAD.
    pub(crate) fn parse(bytes: &[u8], method: &str) -> Option<(Answer, Vec<u8>)> {
        let end = bytes.windows(4).position(|part| part == b"\r\n\r\n")?;
        let head = text(&bytes[..end]);
        let mut lines = head.split("\r\n");
        let status_line = lines.next()?.to_owned();
        let fields: Vec<_> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut answer = Answer {
            status_line,
            fields,
            body: Vec::new(),
        };
        let length = answer
            .field("content-length")
            .and_then(|length| length.parse().ok())
            .unwrap_or(0);
        let length = if method == "HEAD" { 0 } else { length };
        let body = bytes.get(end + 4..end + 4 + length)?;
        answer.body = body.to_vec();
        Some((answer, bytes[end + 4 + length..].to_vec()))
    }

    /// The status code.
    pub(crate) fn status(&self) -> u16 {
        self.status_line
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .unwrap_or(0)
    }

    /// The first field of that name, given in lower case.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        text(&self.body)
    }
}

/// The tests' own files.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it")
}
