//! BIND, with a zone of the test's own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use sorry_core::health::Reason;
use sorry_server::config::check::{Dns, Kind};

use super::asked::{LONG, assert_ends, at};
use crate::harness::{PATIENCE, until};

struct Bind {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Bind {
    fn start() -> Bind {
        let folder = tempfile::tempdir().expect("a folder");
        let address = free();
        write(folder.path(), address);
        let mut command = Command::new("/usr/sbin/named");
        command.arg("-g").args(["-n", "1", "-c"]);
        command.arg(folder.path().join("named.conf"));
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("start named; see cargo xtask setup");
        let mut bind = Bind {
            child,
            address,
            _folder: folder,
        };
        let listens = || {
            let ended = bind.child.try_wait().expect("look after named");
            assert!(ended.is_none(), "named has ended: {ended:?}");
            TcpStream::connect(address).ok()
        };
        drop(until(Instant::now() + PATIENCE, listens, "named listens"));
        bind
    }
}

impl Drop for Bind {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _already_reaped = self.child.wait();
    }
}

/// named listens on addresses of interfaces alone, so only the port can be our own: one from which no connection is made.
fn free() -> SocketAddr {
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).expect("a number below 10 000");
    let mut ports = (first..32_000).map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let is_free = |at: &SocketAddr| TcpListener::bind(at).is_ok() && UdpSocket::bind(at).is_ok();
    ports.find(is_free).expect("a free port")
}

fn write(folder: &Path, address: SocketAddr) {
    let here = folder.display();
    let (ip, port) = (address.ip(), address.port());
    let configuration = format!(
        "options {{ directory \"{here}\"; pid-file none; session-keyfile none; recursion no; dnssec-validation no;\n\
         listen-on port {port} {{ {ip}; }}; listen-on-v6 {{ none; }}; allow-query {{ any; }}; max-udp-size 512; }};\n\
         controls {{ }};\n\
         zone \"shop.example\" {{ type primary; file \"zone\"; }};\n"
    );
    std::fs::write(folder.join("named.conf"), configuration).expect("write the configuration");
    let many: String = (0..60)
        .map(|number| format!("many TXT \"{number:064}\"\n"))
        .collect();
    let zone = format!(
        "$TTL 60\n@ SOA ns hostmaster 1 60 60 60 60\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.1\nwww A 192.0.2.2\n\
         www AAAA 2001:db8::1\nalias CNAME www\n@ MX 10 www\nmany TXT \"the last\"\n{many}"
    );
    std::fs::write(folder.join("zone"), zone).expect("write the zone");
}

#[test]
fn questions_are_answered_or_not_over_both_transports() {
    let bind = Bind::start();
    let good = (Reason::Ok, "response code NOERROR");
    let refused = (Reason::ResponseCode, "response code REFUSED");
    let lacking = (Reason::Body, "none of the answers");
    for (name, record, answer, codes, expected) in [
        ("shop.example", "SOA", None, vec![0], good),
        ("www.shop.example.", "A", Some("192.0.2.2"), vec![0], good),
        ("www.shop.example", "A", Some("192.0.2.3"), vec![0], lacking),
        (
            "WWW.shop.example",
            "AAAA",
            Some("2001:DB8::1"),
            vec![0],
            good,
        ),
        ("alias.shop.example", "A", Some("192.0.2.1"), vec![0], good),
        (
            "alias.shop.example",
            "A",
            Some("www.shop.example"),
            vec![0],
            good,
        ),
        (
            "shop.example",
            "MX",
            Some("10 www.shop.example"),
            vec![0],
            good,
        ),
        (
            "absent.shop.example",
            "A",
            None,
            vec![0],
            (Reason::ResponseCode, "response code NXDOMAIN"),
        ),
        (
            "absent.shop.example",
            "A",
            None,
            vec![3],
            (Reason::Ok, "response code NXDOMAIN"),
        ),
        ("other.example", "A", None, vec![0], refused),
        (".", "SOA", None, vec![0], refused),
        // Longer than a datagram: found over TCP.
        (
            "many.shop.example",
            "TXT",
            Some("\"the last\""),
            vec![0],
            good,
        ),
    ] {
        for tcp in [false, true] {
            let kind = Kind::Dns(Dns {
                name: name.into(),
                record: record.into(),
                tcp,
                codes: codes.clone(),
                answer: answer.map(Into::into),
            });
            let what = format!("{name} {record} {answer:?} tcp {tcp}");
            assert_ends(&what, &kind, at(bind.address), LONG, expected);
        }
    }
}
