//! The folder in which one benchmark takes place: configurations filled in from bench/peers, a certificate made on the spot, logs. It is
//! removed at the end.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::exchange;
use super::peer::{Peer, Ports};
use super::quiet::Patience;
use crate::cargo;

const PAGE: &str = "page.html";

/// How many connections are held open to see what each costs, where the limit of open files allows it.
const HELD: usize = 10_000;

pub(crate) struct Stage {
    pub(crate) folder: PathBuf,
    /// The program that is measured.
    pub(crate) sorry: PathBuf,
    /// Length of the page.
    pub(crate) page_bytes: usize,
    pub(crate) descriptors: Descriptors,
    pub(crate) patience: Patience,
}

impl Stage {
    pub(crate) fn set(sorry: PathBuf, patience: Patience) -> Result<Self, String> {
        let folder = cargo::logs().join(format!("bench-{}", std::process::id()));
        let cannot = |error| format!("cannot write {}: {error}", folder.display());
        fs::create_dir_all(&folder).map_err(cannot)?;
        let page = peers_folder().join(PAGE);
        let page_bytes = fs::copy(&page, folder.join(PAGE))
            .map_err(|error| format!("cannot copy {}: {error}", page.display()))?;
        let stage = Self {
            folder,
            sorry,
            page_bytes: usize::try_from(page_bytes).map_err(|error| error.to_string())?,
            descriptors: Descriptors::allowed()?,
            patience,
        };
        stage.certify()?;
        Ok(stage)
    }

    /// A certificate with a P-256 key, in the forms in which the servers want it.
    fn certify(&self) -> Result<(), String> {
        let script = "umask 077 && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
            -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout key.pem -out certificate.pem && cat certificate.pem key.pem >both.pem";
        let mut command = Command::new("sh");
        let output = command
            .args(["-c", script])
            .current_dir(&self.folder)
            .output()
            .map_err(|error| format!("cannot start sh: {error}"))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("openssl cannot make a certificate: {said}"))
    }

    /// Writes the configuration of a server for ports that nobody uses now.
    pub(crate) fn configure(&self, peer: Peer) -> Result<Ports, String> {
        let ports = free_ports()?;
        let template = peers_folder().join(peer.configuration());
        let text = fs::read_to_string(&template)
            .map_err(|error| format!("cannot read {}: {error}", template.display()))?;
        let page = fs::read_to_string(self.folder.join(PAGE)).unwrap_or_default();
        let filled = fill(
            &text,
            &[
                ("PLAIN", ports.plain.to_string()),
                ("H2C", ports.h2c.to_string()),
                ("TLS", ports.tls.to_string()),
                ("CONNECTIONS", self.descriptors.haproxy().to_string()),
                ("PAGE", page),
            ],
        );
        let path = self.folder.join(peer.configuration());
        fs::write(&path, filled)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(ports)
    }

    pub(crate) fn log(&self, peer: Peer) -> PathBuf {
        self.folder.join(format!("{}.log", peer.name()))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).ok();
    }
}

fn peers_folder() -> PathBuf {
    cargo::root().join(Path::new("bench/peers"))
}

/// Puts each value where its name stands between @ signs.
fn fill(template: &str, values: &[(&str, String)]) -> String {
    let mut text = template.to_owned();
    for (name, value) in values {
        text = text.replace(&format!("@{name}@"), value);
    }
    text
}

/// Three ports that were free a moment ago.
fn free_ports() -> Result<Ports, String> {
    let cannot = |error: std::io::Error| format!("cannot find a free port: {error}");
    let bind = || TcpListener::bind(exchange::address(0));
    // All three are held until all three are known: else they could be one and the same.
    let held = [bind(), bind(), bind()];
    let mut ports = [0; 3];
    for (port, listener) in ports.iter_mut().zip(held) {
        *port = listener
            .and_then(|l| l.local_addr())
            .map_err(cannot)?
            .port();
    }
    let [plain, h2c, tls] = ports;
    Ok(Ports { plain, h2c, tls })
}

/// How many files a process here may open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Descriptors(usize);

impl Descriptors {
    fn allowed() -> Result<Self, String> {
        let output = Command::new("sh")
            .args(["-c", "ulimit -Hn"])
            .output()
            .map_err(|error| format!("cannot start sh: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        // More than anybody needs here; `unlimited` would make servers allocate tables without end.
        const ENOUGH: usize = 25_000;
        Ok(Self(text.trim().parse().unwrap_or(ENOUGH).min(ENOUGH)))
    }

    /// What `ulimit -n` is told.
    pub(crate) fn limit(self) -> usize {
        self.0
    }

    /// HAProxy wants two for each connection, and some for itself, or it does not start.
    fn haproxy(self) -> usize {
        self.0.saturating_sub(20) / 2
    }

    /// As many connections as every server here can hold.
    pub(crate) fn connections(self) -> usize {
        HELD.min(self.haproxy().saturating_sub(10))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Descriptors, PAGE, fill, free_ports, peers_folder};
    use crate::bench::peer::Peer;

    #[test]
    fn every_place_in_every_template_is_filled() {
        let values = ["PLAIN", "H2C", "TLS", "CONNECTIONS", "PAGE"];
        let values = values.map(|name| (name, "1".to_owned()));
        for peer in Peer::ALL {
            let template = fs::read_to_string(peers_folder().join(peer.configuration())).unwrap();
            let filled = fill(&template, &values);
            assert!(template.contains("@PLAIN@") && template.contains("@TLS@"));
            let left = filled.split('@').filter(|part| names(part)).count();
            assert_eq!(left, 0, "{filled}");
        }
    }

    /// Whether it could be the name of a place: a comment may speak of @ signs.
    fn names(part: &str) -> bool {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
    }

    #[test]
    fn the_page_can_stand_in_nginx_configuration() {
        let page = fs::read_to_string(peers_folder().join(PAGE)).unwrap();
        assert_eq!(page.len(), 1536);
        assert!(!page.contains(['\'', '$', '\\']));
    }

    #[test]
    fn ports_differ() {
        let ports = free_ports().unwrap();
        assert!(ports.plain != ports.h2c && ports.h2c != ports.tls && ports.plain != ports.tls);
    }

    #[test]
    fn haproxy_decides_how_many_connections_all_can_hold() {
        assert_eq!(Descriptors(20_000).connections(), 9_980);
        assert_eq!(Descriptors(25_000).connections(), 10_000);
        assert_eq!(Descriptors(10).connections(), 0);
    }
}
