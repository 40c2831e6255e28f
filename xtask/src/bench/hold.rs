//! Many connections that have asked once and stay: a process of its own, since one process may open only so many files, and the server
//! has the same limit. `idle` starts it; it ends when its standard input does.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::Duration;

use super::exchange;
use super::peer::Door;
use super::running::{self, Server};
use super::stage::Stage;
use crate::verb::End;

/// Its name behind `cargo xtask bench`.
pub(crate) const NAME: &str = "hold";

const HELD: &str = "held ";
const ALIVE: &str = "alive ";

/// The process: `hold PORT COUNT`.
pub(crate) fn run(arguments: &[String]) -> Result<End, String> {
    let numbers: Vec<usize> = arguments.iter().flat_map(|a| a.parse()).collect();
    let (port, count) = match numbers[..] {
        [port, count] => (
            u16::try_from(port).map_err(|_| format!("`{port}` is no port"))?,
            count,
        ),
        _ => return Err("usage: cargo xtask bench hold PORT COUNT".to_owned()),
    };
    let mut connections = Vec::with_capacity(count);
    for number in 1..=count {
        let mut stream = exchange::connect(port)
            .map_err(|error| format!("cannot open connection {number}: {error}"))?;
        exchange::ask(&mut stream, port).map_err(|why| format!("connection {number}: {why}"))?;
        connections.push(stream);
    }
    println!("{HELD}{}", connections.len());
    std::io::stdin()
        .read_to_end(&mut Vec::new())
        .map_err(|error| format!("cannot read standard input: {error}"))?;
    let alive = connections.iter().filter(|stream| is_open(stream)).count();
    println!("{ALIVE}{alive}");
    Ok(End::Good)
}

/// Whether the server has left it open.
fn is_open(stream: &TcpStream) -> bool {
    let nothing = stream
        .set_nonblocking(true)
        .and_then(|()| stream.peek(&mut [0]));
    nothing.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

/// The process as its parent sees it. Dropped, it ends.
pub(crate) struct Held {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Held {
    /// Opens that many connections to the server and waits until each has its answer.
    pub(crate) fn open(stage: &Stage, server: &Server, count: usize) -> Result<Self, String> {
        let own = std::env::current_exe().map_err(|error| format!("cannot find xtask: {error}"))?;
        let mut command = running::loader(stage, Duration::from_secs(120));
        command.arg(own).args(["bench", NAME]);
        command.args([server.port(Door::Plain).to_string(), count.to_string()]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start xtask: {error}"))?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or("no pipe from xtask")?;
        let mut held = Self {
            child,
            input,
            output: BufReader::new(output),
        };
        held.told(HELD, count)?;
        Ok(held)
    }

    /// Closes them; an error if the server had closed some before.
    pub(crate) fn close(mut self, count: usize) -> Result<(), String> {
        drop(self.input.take());
        self.told(ALIVE, count)
    }

    fn told(&mut self, what: &str, count: usize) -> Result<(), String> {
        let mut line = String::new();
        self.output
            .read_line(&mut line)
            .map_err(|error| format!("cannot read from xtask: {error}"))?;
        let told = line.trim_end().strip_prefix(what).map(str::parse::<usize>);
        match told {
            Some(Ok(told)) if told == count => Ok(()),
            Some(Ok(told)) => Err(format!("only {told} of {count} connections were {what}")),
            _ => Err(format!("the connections could not be {what}; see above")),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.input.take());
        self.child.wait().ok();
    }
}
