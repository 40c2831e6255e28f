//! The pair of sockets between the daemon and its runner: packets that arrive whole (`SOCK_SEQPACKET`, unix(7)), and an end that
//! each side sees, however the other one went.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::OFlags;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use sorry_sys::registered::Registered;
use tokio::io::Interest;

use super::message::PACKET_MAX;

/// Two ends that know of each other.
pub(super) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::net::socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )?)
}

/// Whether this is such an end.
pub(super) fn is_end(socket: impl AsFd) -> bool {
    rustix::net::sockopt::socket_type(socket) == Ok(SocketType::SEQPACKET)
}

/// One end, known to the runtime it was made in.
#[derive(Debug)]
pub(super) struct Channel {
    socket: Registered,
}

impl Channel {
    pub(super) fn new(socket: OwnedFd) -> io::Result<Channel> {
        let flags = rustix::fs::fcntl_getfl(&socket)?;
        rustix::fs::fcntl_setfl(&socket, flags | OFlags::NONBLOCK)?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        Ok(Channel {
            socket: Registered::new(socket, interest)?,
        })
    }

    /// Sends one packet.
    pub(super) async fn send(&self, packet: &[u8]) -> io::Result<()> {
        let send = |socket: &OwnedFd| Ok(rustix::net::send(socket, packet, SendFlags::NOSIGNAL)?);
        let sent = self.socket.async_io(Interest::WRITABLE, send).await?;
        debug_assert_eq!(sent, packet.len(), "packets go whole");
        Ok(())
    }

    /// Receives one packet; none when the other side is gone.
    pub(super) async fn receive(&self) -> io::Result<Option<Vec<u8>>> {
        let mut packet = vec![0; PACKET_MAX];
        let receive = |socket: &OwnedFd| {
            Ok(rustix::net::recv(
                socket,
                &mut packet[..],
                RecvFlags::TRUNC,
            )?)
        };
        match self.socket.async_io(Interest::READABLE, receive).await {
            // Packets of ours are never empty.
            Ok((0, _)) => Ok(None),
            Ok((_, length)) if length > packet.len() => Err(io::ErrorKind::InvalidData.into()),
            Ok((_, length)) => {
                packet.truncate(length);
                Ok(Some(packet))
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn packets_arrive_whole_and_then_the_end() {
        let (one, other) = pair().unwrap();
        assert!(is_end(&one) && !is_end(io::stdin()));
        let (one, other) = (Channel::new(one).unwrap(), Channel::new(other).unwrap());
        let long = vec![b'a'; PACKET_MAX];
        for packet in [&b"a"[..], b"bc", &long] {
            one.send(packet).await.unwrap();
            assert_eq!(other.receive().await.unwrap().unwrap(), packet);
        }
        one.send(&vec![b'a'; PACKET_MAX + 1]).await.unwrap();
        assert!(other.receive().await.is_err(), "longer than ours are");
        one.send(b"last").await.unwrap();
        drop(one);
        assert_eq!(other.receive().await.unwrap().unwrap(), b"last");
        assert_eq!(other.receive().await.unwrap(), None);
        assert!(other.send(b"a").await.is_err());
    }
}
