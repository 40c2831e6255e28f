//! Take-over, socket activation and the service manager: the sockets outlive the process, and nobody is refused.

mod rivals;
mod second;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use crate::harness::{PATIENCE, SORRY, Server, connect, fixtures, run, text, until};

/// How many times the process is replaced.
const TAKEOVERS: usize = 200;

fn configuration(folder: &Path, listen: &str) -> String {
    format!(
        "[admin]\nsocket = \"{folder}/run/admin.sock\"\n[limits]\ndrain-time = \"5s\"\n[[site]]\nname = \"shop\"\n\
         [site.sorry]\nlisten = [\"{listen}\"]\n",
        folder = folder.display()
    )
}

fn successor(folder: &Path) -> Server {
    let mut command = Command::new(SORRY);
    command
        .args(["run", "--takeover", "--config"])
        .arg(folder.join("sorry.toml"));
    Server::spawn(command)
}

/// One request on a connection of its own, as a visitor makes it.
fn visit(address: SocketAddr) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

/// Visitors who come one after the other until they are told to stop.
struct Visitors {
    stop: Arc<AtomicBool>,
    served: Arc<AtomicU64>,
    threads: Vec<std::thread::JoinHandle<Vec<String>>>,
}

impl Visitors {
    fn start(address: SocketAddr, count: usize) -> Visitors {
        let (stop, served) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let threads = (0..count)
            .map(|_| {
                let (stop, served) = (Arc::clone(&stop), Arc::clone(&served));
                std::thread::spawn(move || {
                    let mut troubles = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        match visit(address) {
                            Ok(answer) if answer.starts_with(b"HTTP/1.1 503 ") => {
                                served.fetch_add(1, Ordering::Relaxed);
                            }
                            Ok(answer) => troubles.push(format!("{:?}", text(&answer))),
                            Err(error) => troubles.push(error.to_string()),
                        }
                    }
                    troubles
                })
            })
            .collect();
        Visitors {
            stop,
            served,
            threads,
        }
    }

    /// Everything that went wrong.
    fn end(self) -> (u64, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let troubles = self
            .threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("a visitor"))
            .collect();
        (self.served.load(Ordering::Relaxed), troubles)
    }
}

#[test]
fn two_hundred_takeovers_refuse_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut old = Server::run(folder.path(), &configuration(folder.path(), "127.0.0.1:0"));
    let address = old.address();
    let visitors = Visitors::start(address, 2);
    for _ in 0..TAKEOVERS {
        let new = successor(folder.path());
        assert_eq!(new.address(), address);
        assert_eq!(
            old.wait().code(),
            Some(0),
            "the old process ends in good order"
        );
        old = new;
    }
    let (served, troubles) = visitors.end();
    assert!(
        troubles.is_empty(),
        "{} of {served}: {troubles:?}",
        troubles.len()
    );
    assert!(served > TAKEOVERS as u64, "only {served} visits");
}

#[test]
fn a_kept_connection_is_finished_by_the_process_that_has_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut old = Server::run(folder.path(), &configuration(folder.path(), "127.0.0.1:0"));
    let mut stream = connect(old.address());
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
        .expect("write");
    let mut first = [0; 16];
    stream
        .read_exact(&mut first)
        .expect("the answer comes before the body has ended");
    let new = successor(folder.path());
    stream.write_all(b"world").expect("the rest of the body");
    let mut rest = Vec::new();
    stream
        .read_to_end(&mut rest)
        .expect("the old process finishes what it began");
    assert_eq!(old.wait().code(), Some(0));
    assert!(
        new.exchange(b"GET / HTTP/1.0\r\n\r\n")
            .starts_with(b"HTTP/1.1 503")
    );
}

#[test]
fn a_successor_with_a_mistake_leaves_the_old_process_in_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let old = Server::run(folder.path(), &configuration(folder.path(), "127.0.0.1:0"));
    let wrong = configuration(folder.path(), "127.0.0.1:0") + "page = \"nowhere.html\"\n";
    let file = folder.path().join("wrong.toml");
    std::fs::write(&file, wrong).expect("write");
    let output = run(
        SORRY,
        &[
            "run",
            "--takeover",
            "--config",
            file.to_str().expect("a path"),
        ],
    );
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(
        text(&output.stderr).contains("nowhere.html"),
        "{}",
        text(&output.stderr)
    );
    assert!(
        old.exchange(b"GET / HTTP/1.0\r\n\r\n")
            .starts_with(b"HTTP/1.1 503")
    );
}

#[test]
fn a_takeover_from_nobody_is_a_first_start() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("sorry.toml"),
        configuration(folder.path(), "127.0.0.1:0"),
    )
    .expect("write");
    let server = successor(folder.path());
    assert!(
        server
            .exchange(b"GET / HTTP/1.0\r\n\r\n")
            .starts_with(b"HTTP/1.1 503")
    );
}

#[test]
fn a_second_instance_neither_steals_the_address_nor_the_admin_socket() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Server::run(folder.path(), &configuration(folder.path(), "127.0.0.1:0"));
    let other = tempfile::tempdir().expect("a folder");
    let same_address = configuration(other.path(), &first.address().to_string());
    let same_admin = configuration(folder.path(), "127.0.0.1:0");
    for (configuration, what) in [(same_address, "in use"), (same_admin, "admin.sock")] {
        let file = other.path().join("second.toml");
        std::fs::write(&file, configuration).expect("write");
        let output = run(SORRY, &["run", "--config", file.to_str().expect("a path")]);
        assert!(!output.status.success());
        assert!(
            text(&output.stderr).contains(what),
            "{}",
            text(&output.stderr)
        );
    }
    assert!(
        first
            .exchange(b"GET / HTTP/1.0\r\n\r\n")
            .starts_with(b"HTTP/1.1 503")
    );
}

#[test]
fn sockets_of_the_service_manager_are_used_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("sorry.toml");
    let configuration = "[admin]\nsocket = \"none\"\n[[site]]\nname = \"shop\"\n[site.sorry]\nlisten = [\"systemd:web\"]\n";
    std::fs::write(&file, configuration).expect("write");
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port");
    let mut command = Command::new("systemd-socket-activate");
    command
        .args([
            "--fdname=web",
            "-l",
            &free.to_string(),
            SORRY,
            "run",
            "--config",
        ])
        .arg(&file);
    // The manager starts the server for the first visitor, who waits meanwhile.
    let visitor = std::thread::spawn(move || {
        let deadline = Instant::now() + PATIENCE;
        until(deadline, || visit(free).ok(), "somebody listens")
    });
    let mut server = Server::spawn(command);
    assert!(
        visitor
            .join()
            .expect("the visitor")
            .starts_with(b"HTTP/1.1 503")
    );
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn the_service_manager_hears_ready_and_gets_the_sockets_at_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notify.sock");
    let manager = UnixDatagram::bind(&path).expect("a socket");
    manager.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut command = Command::new(SORRY);
    command
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "300000");
    let mut server = Server::spawn(command);
    let mut heard = String::new();
    // Messages that carry descriptors are read like others; the kernel closes what nobody takes, which also answers the
    // barrier.
    let mut hear = |what: &str| {
        while !heard.contains(what) {
            let mut message = [0; 4096];
            match manager.recv(&mut message) {
                Ok(length) => heard.push_str(&(text(&message[..length]) + "\n")),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => panic!("{error} while waiting for {what}; heard:\n{heard}"),
            }
        }
    };
    hear("READY=1");
    hear("WATCHDOG=1");
    server.signal("HUP");
    hear("RELOADING=1");
    server.signal("TERM");
    hear("STOPPING=1");
    hear("FDSTORE=1");
    hear("FDNAME=listen=127.0.0.1%3A0");
    hear("BARRIER=1");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_restart_by_the_service_manager_refuses_nobody() {
    let script = fixtures().join("takeover/manager.py");
    let output = run(
        "/usr/bin/python3",
        &[script.to_str().expect("a path"), SORRY],
    );
    assert!(
        output.status.success(),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    assert_eq!(
        text(&output.stdout),
        "kept 1 name(s)\nanswered by the second process: HTTP/1.1 503 Service Unavailable\n"
    );
}
