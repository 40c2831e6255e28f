//! Packets of a client as they stand on the wire, for trials.

use std::net::{IpAddr, SocketAddr};

use sorry_bpf::layout;

/// Flags of TCP (RFC 9293, section 3.1).
pub(crate) const FIN: u8 = 0x01;
pub(crate) const SYN: u8 = 0x02;
pub(crate) const PSH: u8 = 0x08;
pub(crate) const ACK: u8 = 0x10;

/// What Linux offers in a SYN: segment size, selective acknowledgements, timestamps, window scale.
const OFFER: [u8; 20] = [
    2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 3, 3, 7,
];

/// One packet.
pub(crate) struct Frame {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) flags: u8,
    pub(crate) data: Vec<u8>,
}

impl Frame {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        // For the loopback device, as which the kernel takes what it runs programs on.
        let mut bytes = vec![0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1];
        let tcp = self.tcp();
        let length = u16::try_from(tcp.len()).unwrap_or(u16::MAX);
        match (self.from.ip(), self.to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                bytes.extend([8, 0]);
                let at = bytes.len();
                bytes.extend([0x45, 0]);
                bytes.extend((length + 20).to_be_bytes());
                bytes.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
                bytes.extend(from.octets());
                bytes.extend(to.octets());
                let sum = !layout::sum(&bytes[at..]);
                bytes[at + 10..at + 12].copy_from_slice(&sum.to_ne_bytes());
            }
            (from, to) => {
                bytes.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
                bytes.extend(length.to_be_bytes());
                bytes.extend([6, 64]);
                bytes.extend(octets(from));
                bytes.extend(octets(to));
            }
        }
        bytes.extend(tcp);
        bytes
    }

    fn tcp(&self) -> Vec<u8> {
        let options: &[u8] = if self.flags & SYN != 0 { &OFFER } else { &[] };
        let words = if options.is_empty() { 5 } else { 10 };
        let mut tcp = Vec::new();
        tcp.extend(self.from.port().to_be_bytes());
        tcp.extend(self.to.port().to_be_bytes());
        tcp.extend(self.seq.to_be_bytes());
        tcp.extend(self.ack.to_be_bytes());
        tcp.extend([words << 4, self.flags, 0xfa, 0xf0, 0, 0, 0, 0]);
        tcp.extend(options);
        tcp.extend(&self.data);
        let mut checked = octets(self.from.ip());
        checked.extend(octets(self.to.ip()));
        checked.extend([0, 6]);
        checked.extend(u16::try_from(tcp.len()).unwrap_or(u16::MAX).to_be_bytes());
        checked.extend(&tcp);
        let sum = !layout::sum(&checked);
        tcp[16..18].copy_from_slice(&sum.to_ne_bytes());
        tcp
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(four) => four.octets().to_vec(),
        IpAddr::V6(six) => six.octets().to_vec(),
    }
}

/// The sequence number of a packet of TCP that came back.
pub(crate) fn seq_of(bytes: &[u8]) -> Option<u32> {
    let net = 14;
    let tcp = match bytes.get(12..14)? {
        [8, 0] => net + 20,
        _ => net + 40,
    };
    let seq = bytes.get(tcp + 4..tcp + 8)?;
    Some(u32::from_be_bytes(seq.try_into().ok()?))
}
