//! Servers that tests start beside themselves: programs that say when they listen, and an echo of datagrams.

use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::harness::fixtures;

/// A program that ends with the test.
pub(super) struct Sidecar {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Sidecar {
    /// A Python script of this folder, which prints its port as soon as it listens. `-I`: nothing of the environment counts.
    pub(super) fn python(script: &str, arguments: &[&str]) -> Sidecar {
        let file = fixtures().join("check").join(script);
        let mut command = Command::new("/usr/bin/python3");
        command.arg("-I").arg(file).args(arguments);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start Python; see cargo xtask setup");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        stdout.read_line(&mut line).expect("read its port");
        let port: u16 = line
            .trim()
            .parse()
            .unwrap_or_else(|_| panic!("{script} says no port: {line:?}"));
        Sidecar {
            child,
            address: ([127, 0, 0, 1], port).into(),
        }
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _already_reaped = self.child.wait();
    }
}

/// Sends back what it gets, as long as it is kept.
pub(super) struct Echo {
    pub(super) address: SocketAddr,
    over: std::sync::Arc<std::sync::atomic::AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

pub(super) fn echo() -> Echo {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bind");
    let look_again = Some(Duration::from_millis(50));
    socket.set_read_timeout(look_again).expect("a timeout");
    let address = socket.local_addr().expect("its address");
    let over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = std::sync::Arc::clone(&over);
    let thread = std::thread::spawn(move || {
        let mut bytes = [0; 2048];
        while !seen.load(std::sync::atomic::Ordering::SeqCst) {
            if let Ok((length, from)) = socket.recv_from(&mut bytes) {
                let _gone = socket.send_to(&bytes[..length], from);
            }
        }
    });
    Echo {
        address,
        over,
        thread: Some(thread),
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.over.store(true, std::sync::atomic::Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}
