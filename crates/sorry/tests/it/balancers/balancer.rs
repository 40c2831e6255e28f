//! Starts a real balancer with a configuration from the manual, and ends it with the test.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Instant;

use tempfile::TempDir;

use crate::harness::{PATIENCE, until};

/// The addresses that the manual uses.
pub(super) const VISITORS: &str = "203.0.113.10:80";
pub(super) const REAL_SERVER: &str = "10.0.0.11:8080";
pub(super) const SORRY: &str = "10.0.0.31:8503";

/// An address that nothing else on this machine listens on: of 127.0.0.0/8, a network of each test process's own, an
/// address of each call's own.
pub(crate) fn own_address() -> SocketAddr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    let host = Ipv4Addr::new(
        127,
        high.clamp(1, 254),
        low,
        NEXT.fetch_add(1, Ordering::Relaxed),
    );
    let listener = TcpListener::bind((host, 0)).expect("bind a loopback address");
    listener.local_addr().expect("its address")
}

/// The blocks of a manual page that are fenced with this word, in order.
pub(super) fn blocks(page: &str, word: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/manual")
        .join(page);
    let text = std::fs::read_to_string(&path).expect("read the manual");
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.strip_prefix("```") == Some(word) {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            found.push(block.join("\n") + "\n");
        }
    }
    assert!(!found.is_empty(), "{page} has no block ```{word}");
    found
}

/// Puts test addresses in the place of the manual's. Each must occur.
pub(super) fn placed(block: &str, addresses: &[(&str, SocketAddr)]) -> String {
    let mut text = block.to_owned();
    for (shown, real) in addresses {
        assert!(text.contains(shown), "the manual's block lacks {shown}");
        text = text.replace(shown, &real.to_string());
    }
    text
}

/// A running HAProxy or nginx.
pub(crate) struct Balancer {
    child: Child,
    pub(super) address: SocketAddr,
    /// Its files; deleted after it has ended.
    _folder: TempDir,
}

impl Balancer {
    /// HAProxy with this configuration, listening at `address`.
    pub(super) fn haproxy(configuration: &str, address: SocketAddr) -> Balancer {
        let folder = tempfile::tempdir().expect("make a folder");
        let file = folder.path().join("haproxy.cfg");
        std::fs::write(&file, configuration).expect("write the configuration");
        let mut command = Command::new("/usr/sbin/haproxy");
        command.arg("-db").arg("-f").arg(&file);
        Balancer::start(command, address, folder)
    }

    /// nginx with these blocks inside of `http`, listening at `address`.
    pub(crate) fn nginx(blocks: &str, address: SocketAddr) -> Balancer {
        let folder = tempfile::tempdir().expect("make a folder");
        let here = folder.path().display();
        let places: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {here}/{kind};\n"))
            .concat();
        let configuration = format!(
            "daemon off; pid {here}/pid; error_log {here}/error.log; worker_processes 1;\n\
             events {{ worker_connections 1000; }}\n\
             http {{\naccess_log off;\n{places}{blocks}}}\n"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, configuration).expect("write the configuration");
        // Workers of a master that is root leave root; they need its temporary folders nevertheless.
        let mut command = Command::new("/usr/sbin/nginx");
        command.arg("-p").arg(folder.path()).arg("-c").arg(&file);
        command.args(["-e", "stderr", "-g", "master_process off;"]);
        Balancer::start(command, address, folder)
    }

    fn start(mut command: Command, address: SocketAddr, folder: TempDir) -> Balancer {
        let program = command.get_program().to_owned();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("cannot start {program:?}: {error}; see cargo xtask setup")
            });
        let mut balancer = Balancer {
            child,
            address,
            _folder: folder,
        };
        let listens = || {
            let ended = balancer.child.try_wait().expect("look after the balancer");
            assert!(ended.is_none(), "{program:?} has ended: {ended:?}");
            TcpStream::connect(address).ok()
        };
        drop(until(
            Instant::now() + PATIENCE,
            listens,
            "the balancer listens",
        ));
        balancer
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _already_reaped = self.child.wait();
    }
}
