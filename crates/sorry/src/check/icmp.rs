//! The checker of icmp: an echo request (RFC 792, RFC 4443) on a socket of the kernel's ping service (icmp(7)), which needs no privilege
//! where `net.ipv4.ping_group_range` has the process's group. Also asks references without a port.

use std::net::SocketAddr;

use rustix::net::ipproto;
use sorry_core::health::Reason;
use sorry_sys::socket_option::Family;
use tokio::net::UdpSocket;

use super::connect::{Way, family};
use super::failure::{Failure, Good, Phase, Progress, Verdict};
use super::remote::Remote;

/// Type, code, checksum, id, sequence; then what tells our own echo from an older one.
const LENGTH_BYTES: usize = 16;

/// A check that is ready.
#[derive(Debug)]
pub(super) struct Icmp {
    way: Way,
}

impl Icmp {
    pub(super) fn new(way: Way) -> Icmp {
        Icmp { way }
    }

    pub(super) async fn probe(&self, progress: &Progress) -> Verdict {
        let to = self.way.address(progress).await?;
        let socket = self.socket(to).map_err(|error| {
            let failure = Failure::system(&error, Phase::Connecting);
            match failure.reason {
                Reason::NotPermitted => Failure::new(
                    Reason::NotPermitted,
                    "not permitted; let net.ipv4.ping_group_range hold the group of this process",
                ),
                _ => failure,
            }
        })?;
        progress.enter(Phase::Answering);
        let failed = |error: std::io::Error| progress.system(&error);
        let request = request(family(to), fastrand::u16(..), fastrand::u64(..));
        socket.send(&request).await.map_err(failed)?;
        let mut bytes = [0; 64];
        loop {
            let length = socket.recv(&mut bytes).await.map_err(failed)?;
            if is_echo(&request, &bytes[..length]) {
                return Ok(Good::with(Remote::ours("echo")));
            }
        }
    }

    /// A socket of the ping service is a datagram socket like any other once it is there.
    fn socket(&self, to: SocketAddr) -> std::io::Result<UdpSocket> {
        let protocol = match family(to) {
            Family::V4 => ipproto::ICMP,
            Family::V6 => ipproto::ICMPV6,
        };
        self.way
            .datagram(SocketAddr::new(to.ip(), 0), Some(protocol))
    }
}

/// The kernel fills in the checksum and the id.
fn request(family: Family, sequence: u16, token: u64) -> [u8; LENGTH_BYTES] {
    let mut bytes = [0; LENGTH_BYTES];
    bytes[0] = match family {
        Family::V4 => 8,
        Family::V6 => 128,
    };
    bytes[6..8].copy_from_slice(&sequence.to_be_bytes());
    bytes[8..].copy_from_slice(&token.to_be_bytes());
    bytes
}

/// The same sequence and the same token come back, as a reply.
fn is_echo(request: &[u8; LENGTH_BYTES], reply: &[u8]) -> bool {
    let kind = match request[0] {
        8 => 0,
        _ => 129,
    };
    reply.first() == Some(&kind) && reply.get(6..) == Some(&request[6..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_echo_counts() {
        for (family, kind) in [(Family::V4, 0), (Family::V6, 129)] {
            let asked = request(family, 7, 0x0102_0304_0506_0708);
            let mut reply = asked;
            assert!(!is_echo(&asked, &reply), "a request is no reply");
            reply[0] = kind;
            reply[2..6].copy_from_slice(b"abcd");
            assert!(is_echo(&asked, &reply), "checksum and id are the kernel's");
            assert!(!is_echo(&asked, &reply[..15]));
            let other = request(family, 7, 9);
            assert!(!is_echo(&other, &reply), "an older token");
        }
    }
}
