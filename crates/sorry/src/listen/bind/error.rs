//! Why a listening socket could not be made, in words that say who is in the way. What an operator can do about it beyond that depends on
//! what the socket is for: `daemon::advice`.

use std::net::SocketAddr;
use std::path::PathBuf;

use rustix::io::Errno;

use super::super::address::Address;
use super::holder::{self, Holder};

/// Why there is no listening socket.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The kernel said no.
    #[error("cannot {attempt} {address}: {refusal}")]
    Refused {
        address: Address,
        attempt: &'static str,
        refusal: Refusal,
    },
    /// A process listens on the unix socket: it is left alone.
    #[error(
        "cannot listen on unix:{}: a living process listens there{}",
        path.display(),
        named(holder.as_slice(), ": ")
    )]
    Alive {
        path: PathBuf,
        /// Who it is, where that can be known.
        holder: Option<Holder>,
    },
    /// There is a file, and it is no socket: it is left alone.
    #[error("cannot listen on unix:{}: the file is not a socket; remove it or choose another path", .0.display())]
    NotASocket(PathBuf),
    /// The folder is missing and may not be made.
    #[error("cannot listen on unix:{}: its folder does not exist; make it, for example by RuntimeDirectory= of the systemd unit", .0.display())]
    NoFolder(PathBuf),
    /// Another process is starting on the same folder at this moment.
    #[error("cannot listen on unix:{}: another process is taking the same folder at this moment; try again", .0.display())]
    Contended(PathBuf),
    /// A unix socket's file or folder could not be worked on.
    #[error("cannot {attempt} {}: {error}", path.display())]
    File {
        attempt: &'static str,
        path: PathBuf,
        /// Not called a source: the message says it already.
        error: std::io::Error,
    },
    /// `systemd:NAME` can only be passed in.
    #[error(
        "no socket named `{name}` was passed by the service manager: set FileDescriptorName={name} in the .socket \
         unit, and start the service by that unit"
    )]
    NotPassed { name: String },
}

/// The kernel's reason, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("address in use{}", named(holders, " by "))]
    InUse { port: u16, holders: Vec<Holder> },
    #[error(
        "another address of this configuration has port {port} already, and the two overlap, as `[::]:{port}` with \
         IPv4 clients and `0.0.0.0:{port}` do; remove one of them"
    )]
    Overlap { port: u16 },
    #[error(
        "the running configuration listens on port {port}; restart (or take over) for this change"
    )]
    Running { port: u16 },
    #[error(
        "permission denied; ports below {limit} need the capability CAP_NET_BIND_SERVICE (AmbientCapabilities= of \
         the systemd unit), root, or a lower net.ipv4.ip_unprivileged_port_start"
    )]
    Privileged { limit: u16 },
    #[error(
        "this machine does not hold the address; see `ip address`, and correct it; for one that arrives later set the \
         sysctl net.ipv4.ip_nonlocal_bind (or that of ipv6), or FreeBind= of a .socket unit"
    )]
    NotHere,
    #[error("this machine has no IPv6; remove the address or enable IPv6")]
    NoIpv6,
    #[error("{}", std::io::Error::from(*.0))]
    Other(Errno),
}

impl BindError {
    /// The port on which the address overlaps one that this process has open itself.
    pub fn overlaps(&self) -> Option<u16> {
        match self {
            Self::Refused {
                refusal: Refusal::Overlap { port },
                ..
            } => Some(*port),
            _ => None,
        }
    }

    /// For an overlap with an address that only the configuration before had: the same error, in words that say so.
    #[must_use]
    pub fn with_the_running(self) -> Self {
        match self {
            Self::Refused {
                address,
                attempt,
                refusal: Refusal::Overlap { port },
            } => Self::Refused {
                address,
                attempt,
                refusal: Refusal::Running { port },
            },
            other => other,
        }
    }
}

pub(super) fn refused(address: &Address, attempt: &'static str, error: Errno) -> BindError {
    let refusal = match (error, address) {
        (Errno::ADDRINUSE, Address::Tcp(tcp)) => in_use(tcp.port(), holder::of_port(tcp.port())),
        (Errno::ACCESS, Address::Tcp(_)) => Refusal::Privileged {
            limit: unprivileged_port_start(),
        },
        (Errno::ADDRNOTAVAIL, _) => Refusal::NotHere,
        (Errno::AFNOSUPPORT, Address::Tcp(SocketAddr::V6(_))) => Refusal::NoIpv6,
        _ => Refusal::Other(error),
    };
    BindError::Refused {
        address: address.clone(),
        attempt,
        refusal,
    }
}

fn in_use(port: u16, holders: Vec<Holder>) -> Refusal {
    match holders.as_slice() {
        [only] if only.pid == std::process::id() => Refusal::Overlap { port },
        _ => Refusal::InUse { port, holders },
    }
}

/// Who is in the way, where anybody is known to be.
fn named(holders: &[Holder], before: &str) -> String {
    let each: Vec<String> = holders.iter().map(ToString::to_string).collect();
    match each.is_empty() {
        true => String::new(),
        false => format!("{before}{}", each.join(", ")),
    }
}

fn unprivileged_port_start() -> u16 {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    text.ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_holds_the_port_decides_what_to_do() {
        let holder = |pid| Holder {
            pid,
            name: "nginx".to_owned(),
        };
        let own = std::process::id();
        for (holders, expected) in [
            (vec![], "address in use"),
            (
                vec![holder(own)],
                "another address of this configuration has port 80",
            ),
            (vec![holder(own + 1)], "address in use by nginx (pid "),
            (
                vec![holder(7), holder(own)],
                "by nginx (pid 7), nginx (pid ",
            ),
        ] {
            let text = in_use(80, holders).to_string();
            assert!(text.contains(expected), "{text}");
        }
    }
}
