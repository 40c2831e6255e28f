//! The way to a real server: its address, asked for anew each time where it is a name, and a socket that is connected to it, from the
//! source, by the interface and with the mark that were configured. Called by all checkers that use the network.
//!
//! How a TCP connection ends is chosen here, see [`Closing`].

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::num::NonZeroU16;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Duration;

use rustix::net::{AddressFamily, Protocol, SocketFlags, SocketType, sockopt};
use sorry_core::health::Reason;
use sorry_sys::socket_option::{self, Family};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};

use crate::config::check::Egress;
use crate::config::real_server::{Target, TargetHost};

use super::failure::{Failure, Phase, Progress};
use super::once::Once;
use super::remote::{Quoted, Remote};

/// How we end a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// With a reset (`SO_LINGER` of 0, socket(7)). Where the answer is whole nobody reads it, and neither side keeps the
    /// connection for a minute (TIME-WAIT): 10 000 checks a second would keep 600 000. What has not gone out yet is lost.
    Reset,
    /// As usual. Where a server is told nothing, or little, a reset could be taken for a fault and end in its log.
    Gentle,
}

/// The way to a real server.
#[derive(Debug)]
pub(super) struct Way {
    target: Target,
    egress: Egress,
    lookup: Once<io::Result<Vec<SocketAddr>>>,
}

impl Way {
    pub(super) fn new(target: Target, egress: Egress) -> Way {
        Way {
            target,
            egress,
            lookup: Once::default(),
        }
    }

    /// The host as it was typed, for names in requests.
    pub(super) fn host(&self) -> &TargetHost {
        &self.target.host
    }

    /// The port as it was typed.
    pub(super) fn port(&self) -> u16 {
        self.target.port
    }

    /// Where to.
    pub(super) async fn address(&self, progress: &Progress) -> Result<SocketAddr, Failure> {
        let name = match &self.target.host {
            TargetHost::Ip(ip) => return Ok(SocketAddr::new(*ip, self.target.port)),
            TargetHost::Name(name) => name,
        };
        progress.enter(Phase::Resolving);
        let (asked, port) = (name.clone(), self.target.port);
        let lookup = move || Ok((&*asked, port).to_socket_addrs()?.collect());
        let found: io::Result<Vec<SocketAddr>> = self.lookup.run(lookup).await.and_then(|r| r);
        let unresolved = |words| Failure::told(Reason::Unresolved, Remote::told(words));
        let found =
            found.map_err(|error| unresolved(format!("{} {error}", Quoted(name.as_bytes()))))?;
        let source = self.egress.source;
        let usable = |to: &&SocketAddr| source.is_none_or(|s| s.is_ipv4() == to.is_ipv4());
        let address = found.iter().find(usable).copied();
        progress.enter(Phase::Connecting);
        address.ok_or_else(|| {
            unresolved(format!(
                "{} has no address of the family of `source`",
                Quoted(name.as_bytes())
            ))
        })
    }

    /// A connection.
    pub(super) async fn tcp(
        &self,
        closing: Closing,
        progress: &Progress,
    ) -> Result<TcpStream, Failure> {
        let to = self.address(progress).await?;
        progress.enter(Phase::Connecting);
        let stream = self.connect(to, closing).await;
        let stream = stream.map_err(|error| Failure::system(&error, Phase::Connecting))?;
        progress.enter(Phase::Answering);
        Ok(stream)
    }

    async fn connect(&self, to: SocketAddr, closing: Closing) -> io::Result<TcpStream> {
        let socket = match to {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        self.leave_by(socket.as_fd())?;
        // What a usual end leaves behind would keep the next probe from the same port.
        if closing == Closing::Reset || self.egress.port.is_some() {
            sockopt::set_socket_linger(&socket, Some(Duration::ZERO))?;
        }
        if let Some(port) = self.egress.port {
            // Checks of several servers may come from the same port.
            socket.set_reuseaddr(true)?;
            socket.bind(SocketAddr::new(self.source_for(to), port.get()))?;
        } else if let Some(source) = self.egress.source {
            // The port is chosen when the destination is known: else all checks would share 28 000 of them.
            socket_option::set_bind_address_no_port(socket.as_fd())?;
            socket.bind(SocketAddr::new(source, 0))?;
        }
        socket.connect(to).await
    }

    /// A datagram socket that talks to nobody else, so that ICMP errors reach it (udp(7)).
    pub(super) async fn udp(&self, progress: &Progress) -> Result<UdpSocket, Failure> {
        let to = self.address(progress).await?;
        let socket = self.datagram(to, None);
        let socket = socket.map_err(|error| Failure::system(&error, Phase::Connecting))?;
        progress.enter(Phase::Answering);
        Ok(socket)
    }

    /// The same to an address, and of the kernel's ping service where that is the protocol.
    pub(super) fn datagram(
        &self,
        to: SocketAddr,
        protocol: Option<Protocol>,
    ) -> io::Result<UdpSocket> {
        let domain = match family(to) {
            Family::V4 => AddressFamily::INET,
            Family::V6 => AddressFamily::INET6,
        };
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = rustix::net::socket_with(domain, SocketType::DGRAM, flags, protocol)?;
        self.leave_by(socket.as_fd())?;
        socket_option::set_receive_errors(socket.as_fd(), family(to))?;
        let port = self.egress.port.map_or(0, NonZeroU16::get);
        if port != 0 {
            sockopt::set_socket_reuseaddr(&socket, true)?;
        }
        rustix::net::bind(&socket, &SocketAddr::new(self.source_for(to), port))?;
        rustix::net::connect(&socket, &to)?;
        UdpSocket::from_std(socket.into())
    }

    /// What must be so before a socket has an address: one of a single link is no address without its interface.
    fn leave_by(&self, socket: BorrowedFd<'_>) -> io::Result<()> {
        if let Some(interface) = &self.egress.interface {
            socket_option::set_device(socket, interface)?;
        }
        if let Some(mark) = self.egress.mark {
            socket_option::set_mark(socket, mark.get())?;
        }
        Ok(())
    }

    /// Our own address towards `to`; the kernel chooses where it is all zeros.
    fn source_for(&self, to: SocketAddr) -> IpAddr {
        self.egress.source.unwrap_or(match to {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        })
    }
}

/// The family of an address.
pub(super) fn family(address: SocketAddr) -> Family {
    match address {
        SocketAddr::V4(_) => Family::V4,
        SocketAddr::V6(_) => Family::V6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn way(host: TargetHost, port: u16, source: Option<&str>) -> Way {
        let source = source.map(|source| source.parse().unwrap());
        let egress = Egress {
            source,
            ..Egress::default()
        };
        Way::new(Target { host, port }, egress)
    }

    #[tokio::test]
    async fn the_source_is_honoured() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let to = listener.local_addr().unwrap();
        let way = way(TargetHost::Ip(to.ip()), to.port(), Some("127.0.0.77"));
        let progress = Progress::until(tokio::time::Instant::now());
        let stream = way.tcp(Closing::Gentle, &progress).await.unwrap();
        let (_, peer) = listener.accept().unwrap();
        assert_eq!(peer.ip().to_string(), "127.0.0.77");
        assert_eq!(stream.local_addr().unwrap(), peer);
        let socket = way.udp(&progress).await.unwrap();
        assert_eq!(socket.local_addr().unwrap().ip(), peer.ip());
    }

    #[tokio::test]
    async fn a_source_that_is_not_ours_is_our_own_trouble() {
        let way = way(
            TargetHost::Ip([127, 0, 0, 1].into()),
            1,
            Some("203.0.113.9"),
        );
        let failure = way
            .tcp(
                Closing::Reset,
                &Progress::until(tokio::time::Instant::now()),
            )
            .await
            .unwrap_err();
        assert_eq!(failure.reason, Reason::Local, "{}", failure.detail);
        assert!(failure.detail.as_str().contains("source"));
    }

    fn by(to: SocketAddr, egress: Egress) -> Way {
        let target = Target {
            host: TargetHost::Ip(to.ip()),
            port: to.port(),
        };
        Way::new(target, egress)
    }

    #[tokio::test]
    async fn one_port_serves_one_probe_after_the_other() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        // A port that was free a moment ago; from an address of its own, so that nobody else takes it.
        let source = "127.0.0.78".parse().unwrap();
        let taken = TcpListener::bind((source, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        drop(taken);
        let way = |to: &TcpListener| {
            let egress = Egress {
                source: Some(source),
                port: NonZeroU16::new(port),
                ..Egress::default()
            };
            by(to.local_addr().unwrap(), egress)
        };
        let progress = Progress::until(tokio::time::Instant::now());
        for _ in 0..3 {
            let one = way(&listener)
                .tcp(Closing::Gentle, &progress)
                .await
                .unwrap();
            let two = way(&other).tcp(Closing::Gentle, &progress).await.unwrap();
            let (_, peer) = listener.accept().unwrap();
            assert_eq!(peer, SocketAddr::new(source, port));
            let udp = way(&listener).udp(&progress).await.unwrap();
            assert_eq!(udp.local_addr().unwrap(), peer);
            drop((one, two, udp));
        }
    }

    #[tokio::test]
    async fn an_interface_that_is_not_there_is_our_own_trouble() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let progress = Progress::until(tokio::time::Instant::now());
        for (name, reason) in [("lo", None), ("no-such-device", Some(Reason::Local))] {
            let egress = Egress {
                interface: Some(name.into()),
                ..Egress::default()
            };
            let way = by(listener.local_addr().unwrap(), egress);
            let failure = way.tcp(Closing::Reset, &progress).await.err();
            let failed = failure.as_ref().map(|failure| failure.reason);
            assert_eq!(failed, reason, "{name}");
            let datagram = way.udp(&progress).await.err();
            assert_eq!(datagram.map(|failure| failure.reason), reason, "{name}");
        }
    }

    #[tokio::test]
    async fn names_are_asked_for_and_may_be_unknown() {
        let progress = Progress::until(tokio::time::Instant::now());
        let near = way(TargetHost::Name("localhost".into()), 80, Some("127.0.0.1"));
        let address = near.address(&progress).await.unwrap();
        assert_eq!(address.to_string(), "127.0.0.1:80");
        let nowhere = way(TargetHost::Name("nowhere.invalid".into()), 80, None);
        let failure = nowhere.address(&progress).await.unwrap_err();
        assert_eq!(failure.reason, Reason::Unresolved);
        assert!(failure.detail.as_str().starts_with("\"nowhere.invalid\" "));
    }
}
