//! Who is measured: ours, nginx and HAProxy. What differs between them is here and in the configurations of bench/peers; everything else
//! treats them alike.

use std::path::{Path, PathBuf};

/// A kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Sorry,
    Nginx,
    Haproxy,
}

/// What a client talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// HTTP/1.1 on plain TCP.
    Plain,
    /// HTTP/2 on plain TCP, with prior knowledge.
    H2c,
    /// TLS 1.3; ALPN chooses between HTTP/2 and HTTP/1.1.
    Tls,
}

/// The ports of one server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    pub(crate) plain: u16,
    /// nginx 1.22 cannot tell HTTP/2 from HTTP/1.1 on one plain port.
    pub(crate) h2c: u16,
    pub(crate) tls: u16,
}

impl Peer {
    pub(crate) const ALL: [Self; 3] = [Self::Sorry, Self::Nginx, Self::Haproxy];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sorry => "sorry",
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
        }
    }

    /// Its configuration, in bench/peers as a template, and on the stage as a file.
    pub(crate) fn configuration(self) -> &'static str {
        match self {
            Self::Sorry => "sorry.toml",
            Self::Nginx => "nginx.conf",
            Self::Haproxy => "haproxy.cfg",
        }
    }

    /// How it is started, in the folder of its configuration.
    pub(crate) fn command(self, sorry: &Path, folder: &Path) -> Vec<String> {
        let words: Vec<&str> = match self {
            Self::Sorry => vec!["run", "-c", self.configuration()],
            // `-e`: before it has read its configuration, nginx wants to write to the log of the system's own nginx.
            Self::Nginx => vec!["-c", self.configuration(), "-e", "stderr", "-p"],
            // `-db`: in the foreground.
            Self::Haproxy => vec!["-db", "-f", self.configuration()],
        };
        let mut command = vec![self.program(sorry).display().to_string()];
        command.extend(words.into_iter().map(str::to_owned));
        if self == Self::Nginx {
            command.push(folder.display().to_string());
        }
        command
    }

    /// The program's file.
    pub(crate) fn program(self, sorry: &Path) -> PathBuf {
        match self {
            Self::Sorry => sorry.to_owned(),
            // Debian has them in /usr/sbin, which is not in every user's path.
            Self::Nginx | Self::Haproxy => in_path(self.name())
                .unwrap_or_else(|| PathBuf::from(format!("/usr/sbin/{}", self.name()))),
        }
    }

    pub(crate) fn port(self, door: Door, ports: Ports) -> u16 {
        match (door, self) {
            (Door::Plain, _) | (Door::H2c, Self::Sorry | Self::Haproxy) => ports.plain,
            (Door::H2c, Self::Nginx) => ports.h2c,
            (Door::Tls, _) => ports.tls,
        }
    }
}

impl Door {
    pub(crate) fn scheme(self) -> &'static str {
        match self {
            Self::Plain | Self::H2c => "http",
            Self::Tls => "https",
        }
    }
}

/// The program of that name in one of the folders of PATH.
pub(crate) fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}
