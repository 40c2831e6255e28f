//! Makes listening sockets: TCP in groups of one per worker, unix sockets singly.
//!
//! Every option that accepted sockets inherit is set here once, so that accepting costs one system call. A group
//! shares its port by SO_REUSEPORT, which has a trap: a second process of the same user may join it unasked and take
//! half of the connections. The first socket of a group is therefore bound *without* sharing, which fails if anybody
//! at all listens there, and only then opened to its own siblings.
//!
//! Sockets that another process or the service manager hands over come by `handover` and `inherited`. Called by
//! whoever wires listeners, at start and on reload.

mod error;
mod holder;
mod socket_file;
mod unix;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, ipproto, sockopt};

use super::address::Address;
pub use error::{BindError, Refusal};
pub use holder::Holder;
pub use socket_file::{Claim, SocketFile};

/// How the sockets are made. `Settings::default()` is right for a public web server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Connections that may wait to be accepted, per socket; the kernel clamps it to `net.core.somaxconn`.
    pub backlog_connections: u32,
    /// What a `[::]` listener does about IPv4.
    pub ipv6: Ipv6,
    /// Whether an address that this machine does not hold (yet) may be bound.
    pub addresses: Addresses,
    /// See `Deferral`.
    pub deferral: Deferral,
    /// Probes on connections without traffic; `None` leaves them off, since HTTP has its own idle limit.
    pub keepalive: Option<Keepalive>,
    /// How long sent bytes may stay unacknowledged before the kernel gives the connection up (`TCP_USER_TIMEOUT`,
    /// tcp(7)); `None` leaves it to retransmission, about 15 minutes.
    pub unacknowledged: Option<Duration>,
    /// Permission bits of a unix socket's file.
    pub unix_mode: u32,
    /// Permission bits of a unix socket's folder, if it is missing and has to be made; `None` refuses instead.
    pub unix_folder_mode: Option<u32>,
    /// How long to wait for another process that is making a socket in the same folder.
    pub unix_folder_wait: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            backlog_connections: 65_535,
            ipv6: Ipv6::Only,
            addresses: Addresses::Present,
            deferral: Deferral::Off,
            keepalive: None,
            unacknowledged: Some(Duration::from_secs(30)),
            unix_mode: 0o666,
            unix_folder_mode: Some(0o755),
            unix_folder_wait: Duration::from_secs(1),
        }
    }
}

/// What a `[::]` listener does about IPv4 (`IPV6_V6ONLY`, ipv6(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ipv6 {
    /// IPv6 alone; `0.0.0.0` can be listened on beside it.
    Only,
    /// IPv4 clients too; their addresses are shown as IPv4.
    WithIpv4,
}

/// Which addresses may be bound (`IP_FREEBIND`, ip(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    /// Only what this machine holds now.
    Present,
    /// Any: a virtual address may arrive later, for example by VRRP.
    Any,
}

/// When the kernel tells us of a new connection (`TCP_DEFER_ACCEPT`, tcp(7)).
///
/// Deferring saves a wake-up per connection and keeps silent connections away from us altogether. It has its price:
/// a client that connects and says nothing is answered with retransmitted SYN+ACKs and reaches us only when the time
/// is over, so its time limits run late; protocols in which the server speaks first do not work; and health checks
/// that only connect see a listener that accepts and never closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deferral {
    /// When the handshake is complete.
    Off,
    /// When the first bytes have arrived, or after about this time.
    UntilBytes(Duration),
}

/// `SO_KEEPALIVE` and its times (tcp(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keepalive {
    /// Silence before the first probe.
    pub idle: Duration,
    /// Time between probes.
    pub interval: Duration,
    /// Unanswered probes before the connection is given up.
    pub probes: u32,
}

/// Listens on `address`. A TCP address gives `workers` sockets that share the port, a unix one gives a single socket
/// (unix sockets cannot share; `distribute` deals its connections to the workers). With port 0 all of them share the
/// port that the kernel chose.
pub fn bind(
    address: &Address,
    settings: &Settings,
    workers: NonZeroUsize,
) -> Result<Vec<OwnedFd>, BindError> {
    match address {
        Address::Tcp(tcp) => bind_tcp(*tcp, settings, workers),
        Address::Unix(path) => Ok(vec![unix::bind(path, settings)?]),
        Address::Systemd(name) => Err(BindError::NotPassed { name: name.clone() }),
    }
}

/// The address a listening socket really has, with the port that the kernel chose.
pub fn local_address(socket: impl AsFd) -> std::io::Result<Address> {
    let address = rustix::net::getsockname(socket)?;
    match SocketAddr::try_from(address.clone()) {
        Ok(tcp) => Ok(Address::Tcp(tcp)),
        Err(_) => {
            let unix = rustix::net::SocketAddrUnix::try_from(address)?;
            let path = unix.path_bytes().unwrap_or_default();
            let path: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(path);
            Ok(Address::Unix(Path::new(path).to_owned()))
        }
    }
}

fn bind_tcp(
    wanted: SocketAddr,
    settings: &Settings,
    workers: NonZeroUsize,
) -> Result<Vec<OwnedFd>, BindError> {
    let refused =
        |attempt: &'static str| move |error| error::refused(&wanted.into(), attempt, error);
    let first = tcp_socket(wanted, settings).map_err(refused("set up a socket for"))?;
    rustix::net::bind(&first, &wanted).map_err(refused("bind"))?;
    let actual = match local_address(&first) {
        Ok(Address::Tcp(actual)) => actual,
        _ => wanted,
    };
    sockopt::set_socket_reuseport(&first, true).map_err(refused("share"))?;
    let mut sockets = vec![first];
    for _ in 1..workers.get() {
        let sibling = tcp_socket(actual, settings).map_err(refused("set up a socket for"))?;
        sockopt::set_socket_reuseport(&sibling, true).map_err(refused("share"))?;
        rustix::net::bind(&sibling, &actual).map_err(refused("bind once more"))?;
        sockets.push(sibling);
    }
    // Nothing may be accepted by a group that is not complete: a connection would wait on a socket that goes away.
    for socket in &sockets {
        rustix::net::listen(socket, backlog(settings)).map_err(refused("listen on"))?;
    }
    Ok(sockets)
}

/// A socket with everything set that accepted connections inherit.
fn tcp_socket(address: SocketAddr, settings: &Settings) -> Result<OwnedFd, Errno> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, Some(ipproto::TCP))?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, settings.ipv6 == Ipv6::Only)?;
    }
    if settings.addresses == Addresses::Any {
        // One option for both families: Linux keeps it in the part of the socket that they share.
        sockopt::set_ip_freebind(&socket, true)?;
    }
    sockopt::set_socket_reuseaddr(&socket, true)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    if let Some(time) = settings.unacknowledged {
        let milliseconds = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        sockopt::set_tcp_user_timeout(&socket, milliseconds)?;
    }
    if let Some(keepalive) = settings.keepalive {
        sockopt::set_socket_keepalive(&socket, true)?;
        sockopt::set_tcp_keepidle(&socket, keepalive.idle)?;
        sockopt::set_tcp_keepintvl(&socket, keepalive.interval)?;
        sockopt::set_tcp_keepcnt(&socket, keepalive.probes)?;
    }
    if let Deferral::UntilBytes(time) = settings.deferral {
        let seconds = u32::try_from(time.as_secs()).unwrap_or(u32::MAX).max(1);
        sorry_sys::socket_option::set_tcp_defer_accept(socket.as_fd(), seconds)
            .map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::INVAL))?;
    }
    Ok(socket)
}

fn backlog(settings: &Settings) -> i32 {
    i32::try_from(settings.backlog_connections).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests;
