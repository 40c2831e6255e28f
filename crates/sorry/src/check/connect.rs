//! The way to a real server: its address, asked for anew each time where it is a name, and a socket that is connected to it, from the
//! source address that was configured. Called by all checkers that use the network.
//!
//! How a TCP connection ends is chosen here, see [`Closing`].

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _};
use std::os::fd::AsFd as _;
use std::time::Duration;

use rustix::net::sockopt;
use sorry_core::health::Reason;
use sorry_sys::socket_option::{self, Family};
use tokio::net::{TcpSocket, TcpStream, UdpSocket};

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
    source: Option<IpAddr>,
    lookup: Once<io::Result<Vec<SocketAddr>>>,
}

impl Way {
    pub(super) fn new(target: Target, source: Option<IpAddr>) -> Way {
        Way {
            target,
            source,
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
        let usable = |to: &&SocketAddr| self.source.is_none_or(|s| s.is_ipv4() == to.is_ipv4());
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
        if closing == Closing::Reset {
            sockopt::set_socket_linger(&socket, Some(Duration::ZERO))?;
        }
        if let Some(source) = self.source {
            // The port is chosen when the destination is known: else all checks would share 28 000 of them.
            socket_option::set_bind_address_no_port(socket.as_fd())?;
            socket.bind(SocketAddr::new(source, 0))?;
        }
        socket.connect(to).await
    }

    /// A datagram socket that talks to nobody else, so that ICMP errors reach it (udp(7)).
    pub(super) async fn udp(&self, progress: &Progress) -> Result<UdpSocket, Failure> {
        let to = self.address(progress).await?;
        let from = self.source_for(to);
        let connected = async {
            let socket = UdpSocket::bind(SocketAddr::new(from, 0)).await?;
            socket_option::set_receive_errors(socket.as_fd(), family(to))?;
            socket.connect(to).await?;
            Ok(socket)
        };
        let socket = connected.await;
        let socket = socket.map_err(|error| Failure::system(&error, Phase::Connecting))?;
        progress.enter(Phase::Answering);
        Ok(socket)
    }

    /// Our own address towards `to`; the kernel chooses where it is all zeros.
    pub(super) fn source_for(&self, to: SocketAddr) -> IpAddr {
        self.source.unwrap_or(match to {
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
        Way::new(Target { host, port }, source)
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
