//! Packets of TCP as a client would send them, and what comes back, read with its checksums: for the self-test, which asks the kernel what it
//! would answer. Called by `selftest` and by the tests of the programs.

use std::net::{IpAddr, SocketAddr};

use sorry_bpf::layout;

/// Flags of TCP (RFC 9293, section 3.1).
pub(super) mod flag {
    /// No more data.
    pub(in crate::kernel) const FIN: u8 = 0x01;
    /// Begins a connection.
    pub(in crate::kernel) const SYN: u8 = 0x02;
    /// Ends it at once.
    #[cfg(test)]
    pub(in crate::kernel) const RST: u8 = 0x04;
    /// Hand it on now.
    pub(in crate::kernel) const PSH: u8 = 0x08;
    /// The acknowledgement counts.
    pub(in crate::kernel) const ACK: u8 = 0x10;
}

/// The options of a packet that tells of a gap: a block of selective acknowledgements, padded (RFC 2018).
pub(super) const GAP: [u8; 12] = [1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2];

/// What most systems offer in a SYN: a segment size of 1460, and selective acknowledgements.
pub(super) const OFFER: [u8; 8] = [2, 4, 5, 180, 4, 2, 1, 1];

const ETHERNET: usize = 14;
const TAG: usize = 4;
const IP4: usize = 20;
const IP6: usize = 40;
const TCP: usize = 20;

/// A packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packet {
    /// Who sends it.
    pub(super) from: SocketAddr,
    /// Who gets it.
    pub(super) to: SocketAddr,
    /// Of its first byte.
    pub(super) seq: u32,
    /// What its sender wants next.
    pub(super) ack: u32,
    /// See [`flag`].
    pub(super) flags: u8,
    /// What its sender has room for.
    pub(super) window: u16,
    /// Options of TCP, padded to whole words.
    pub(super) options: Vec<u8>,
    /// What it carries.
    pub(super) data: Vec<u8>,
    /// The VLAN's tag, if it has one.
    pub(super) tag: Option<u16>,
}

/// The station of the loopback device, for which the kernel takes what it runs programs on: a packet for another is left to that.
const TO: [u8; 6] = [0; 6];
/// Some other.
const FROM: [u8; 6] = [2, 0, 0, 0, 0, 1];

impl Packet {
    /// One without options and data.
    pub(super) fn new(from: SocketAddr, to: SocketAddr, flags: u8) -> Packet {
        Packet {
            from,
            to,
            seq: 1000,
            ack: 0,
            flags,
            window: 64_240,
            options: Vec::new(),
            data: Vec::new(),
            tag: None,
        }
    }

    /// As it stands on the wire.
    pub(super) fn to_frame(&self) -> Vec<u8> {
        let mut frame = [TO, FROM].concat();
        if let Some(tag) = self.tag {
            frame.extend_from_slice(&[0x81, 0]);
            frame.extend_from_slice(&tag.to_be_bytes());
        }
        let tcp = self.tcp();
        let length = u16::try_from(tcp.len()).unwrap_or(u16::MAX);
        match (self.from.ip(), self.to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                frame.extend_from_slice(&[8, 0]);
                let at = frame.len();
                frame.extend_from_slice(&[0x45, 0]);
                frame.extend_from_slice(&(length + 20).to_be_bytes());
                frame.extend_from_slice(&[0x12, 0x34, 0x40, 0, 64, 6, 0, 0]);
                frame.extend_from_slice(&from.octets());
                frame.extend_from_slice(&to.octets());
                let sum = !layout::sum(&frame[at..]);
                frame[at + 10..at + 12].copy_from_slice(&sum.to_ne_bytes());
            }
            (from, to) => {
                frame.extend_from_slice(&[0x86, 0xdd, 0x60, 0, 0, 0]);
                frame.extend_from_slice(&length.to_be_bytes());
                frame.extend_from_slice(&[6, 64]);
                frame.extend_from_slice(&six(from));
                frame.extend_from_slice(&six(to));
            }
        }
        frame.extend_from_slice(&tcp);
        frame
    }

    fn tcp(&self) -> Vec<u8> {
        let words = u8::try_from((TCP + self.options.len()) / 4).unwrap_or(15);
        let mut tcp = Vec::new();
        tcp.extend_from_slice(&self.from.port().to_be_bytes());
        tcp.extend_from_slice(&self.to.port().to_be_bytes());
        tcp.extend_from_slice(&self.seq.to_be_bytes());
        tcp.extend_from_slice(&self.ack.to_be_bytes());
        tcp.extend_from_slice(&[words << 4, self.flags]);
        tcp.extend_from_slice(&self.window.to_be_bytes());
        tcp.extend_from_slice(&[0; 4]);
        tcp.extend_from_slice(&self.options);
        tcp.extend_from_slice(&self.data);
        let sum = !layout::sum(&checked(self.from.ip(), self.to.ip(), &tcp));
        tcp[16..18].copy_from_slice(&sum.to_ne_bytes());
        tcp
    }

    /// Whether its checksum, which is right, is also what stands there where a sender leaves it to its device: the sum of the pseudo header alone.
    #[cfg(test)]
    pub(super) fn looks_unfinished(&self) -> bool {
        let tcp = self.tcp();
        let whole = checked(self.from.ip(), self.to.ip(), &tcp);
        let pseudo = &whole[..whole.len() - tcp.len()];
        tcp[16..18] == layout::sum(pseudo).to_ne_bytes()
    }

    /// Reads one. `Err` says what is wrong with it.
    pub(super) fn read(frame: &[u8]) -> Result<Packet, &'static str> {
        let mut at = ETHERNET;
        let mut kind = frame.get(12..14).ok_or("no Ethernet header")?;
        let mut tag = None;
        if kind == [0x81, 0] {
            tag = Some(u16_at(frame, at)?);
            kind = frame.get(at + 2..at + 4).ok_or("no VLAN tag")?;
            at += TAG;
        }
        let (from, to, rest) = match kind {
            [8, 0] => read_ip4(frame.get(at..).ok_or("no IP header")?)?,
            [0x86, 0xdd] => read_ip6(frame.get(at..).ok_or("no IP header")?)?,
            _ => return Err("neither IPv4 nor IPv6"),
        };
        if rest.len() < TCP {
            return Err("no TCP header");
        }
        if layout::sum(&checked(from, to, rest)) != 0xffff {
            return Err("a wrong TCP checksum");
        }
        let header = usize::from(rest[12] >> 4) * 4;
        Ok(Packet {
            from: SocketAddr::new(from, u16_at(rest, 0)?),
            to: SocketAddr::new(to, u16_at(rest, 2)?),
            seq: u32_at(rest, 4)?,
            ack: u32_at(rest, 8)?,
            flags: rest[13],
            window: u16_at(rest, 14)?,
            options: rest.get(TCP..header).ok_or("a wrong TCP header")?.to_vec(),
            data: rest.get(header..).ok_or("a wrong TCP header")?.to_vec(),
            tag,
        })
    }
}

type Read<'f> = (IpAddr, IpAddr, &'f [u8]);

fn read_ip4(ip: &[u8]) -> Result<Read<'_>, &'static str> {
    let header = ip.get(..IP4).ok_or("no IP header")?;
    if header[0] != 0x45 || header[9] != 6 {
        return Err("not TCP over plain IPv4");
    }
    if layout::sum(header) != 0xffff {
        return Err("a wrong IP checksum");
    }
    let total = usize::from(u16_at(ip, 2)?);
    if total != ip.len() {
        return Err("a length that is not the packet's");
    }
    let address =
        |at: usize| -> [u8; 4] { [header[at], header[at + 1], header[at + 2], header[at + 3]] };
    Ok((address(12).into(), address(16).into(), &ip[IP4..]))
}

fn read_ip6(ip: &[u8]) -> Result<Read<'_>, &'static str> {
    let header = ip.get(..IP6).ok_or("no IP header")?;
    if header[0] >> 4 != 6 || header[6] != 6 {
        return Err("not TCP over plain IPv6");
    }
    if usize::from(u16_at(ip, 4)?) != ip.len() - IP6 {
        return Err("a length that is not the packet's");
    }
    let address = |at: usize| {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&header[at..at + 16]);
        IpAddr::from(bytes)
    };
    Ok((address(8), address(24), &ip[IP6..]))
}

fn six(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(four) => four.to_ipv6_mapped().octets(),
        IpAddr::V6(six) => six.octets(),
    }
}

/// A segment behind its pseudo header: all that its checksum covers.
fn checked(from: IpAddr, to: IpAddr, tcp: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    for address in [from, to] {
        match address {
            IpAddr::V4(four) => all.extend_from_slice(&four.octets()),
            IpAddr::V6(six) => all.extend_from_slice(&six.octets()),
        }
    }
    let length = u32::try_from(tcp.len()).unwrap_or(u32::MAX);
    all.extend_from_slice(&length.to_be_bytes());
    all.extend_from_slice(&[0, 0, 0, 6]);
    all.extend_from_slice(tcp);
    all
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, &'static str> {
    let part = bytes.get(at..at + 2).ok_or("it is cut off")?;
    Ok(u16::from_be_bytes([part[0], part[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, &'static str> {
    Ok(u32::from(u16_at(bytes, at)?) << 16 | u32::from(u16_at(bytes, at + 2)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (from, to) in [
            ("192.0.2.1:1234", "198.51.100.1:80"),
            ("[2001:db8::1]:1234", "[2001:db8::2]:80"),
        ] {
            for tag in [None, Some(7)] {
                let packet = Packet {
                    ack: 77,
                    options: OFFER.to_vec(),
                    data: b"odd".to_vec(),
                    tag,
                    ..Packet::new(from.parse().unwrap(), to.parse().unwrap(), flag::ACK)
                };
                let frame = packet.to_frame();
                assert_eq!(Packet::read(&frame), Ok(packet));
                for at in 26 + usize::from(tag.is_some()) * 4..frame.len() {
                    let mut broken = frame.clone();
                    broken[at] ^= 0x10;
                    assert!(Packet::read(&broken).is_err(), "byte {at}");
                    assert!(Packet::read(&frame[..at]).is_err(), "cut at {at}");
                }
            }
        }
    }
}
